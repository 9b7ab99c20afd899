/// A request that has been or is about to be sent.
struct SentRequest: Sendable {
  /// When it was due (open loop) or written (closed loop), in nanoseconds.
  let intended: UInt64
  /// Which of the bodies.
  let body: Int
  /// Its binding did not hold any more, and it is sent again.
  var isRepeat = false
  /// What the reply must have.
  var users: UInt16 = 0
  var outputs: UInt8 = 0
  var coupons: UInt32 = 0
  var numbers: UInt32 = 0

  init(intended: UInt64, body: Int) {
    self.intended = intended
    self.body = body
  }
}
