import TesseraWire

/// Some of the users of one frame, by position.
package struct UserMask: Hashable, Sendable {
  /// Bit u stands for user u.
  package private(set) var bits: UInt64

  /// As many users as the mask has bits; the wire allows no more in a frame.
  package static let usersMax = UInt64.bitWidth

  /// Nobody.
  package init() {
    precondition(Limits.usersMax <= UserMask.usersMax, "a bit for every user of a frame")
    bits = 0
  }

  /// The first `count` users.
  package init(first count: Int) {
    self.init()
    precondition((0...UserMask.usersMax).contains(count))
    // A shift by the whole width gives 0, so nobody needs no case of their own.
    bits = UInt64.max >> UInt64(UserMask.usersMax - count)
  }

  /// How many.
  package var count: Int { bits.nonzeroBitCount }
  /// Whether nobody is in it.
  package var isEmpty: Bool { bits == 0 }
  /// Whether this user is in it.
  package func contains(_ user: Int) -> Bool { bits >> UInt64(user) & 1 == 1 }
  /// The first of them; ``usersMax`` when there is nobody.
  package var first: Int { bits.trailingZeroBitCount }
  /// The users in runs of neighbours, in order.
  package func forEachRun(_ body: (Range<Int>) -> Void) {
    var rest = bits
    while rest != 0 {
      let first = rest.trailingZeroBitCount
      let count = (~(rest >> UInt64(first))).trailingZeroBitCount
      body(first..<first + count)
      let end = first + count
      rest = end < UserMask.usersMax ? bits & (UInt64.max << UInt64(end)) : 0
    }
  }
  /// Adds all of `others`.
  package mutating func formUnion(_ others: UserMask) { bits |= others.bits }
  /// Takes a user out.
  package mutating func remove(_ user: Int) { bits &= ~(1 << UInt64(user)) }

  /// Adds a user.
  package mutating func insert(_ user: Int) { bits |= 1 << UInt64(user) }
}
