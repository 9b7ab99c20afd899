import Glibc

/// Why nothing more can be said over a socket.
enum SocketError: Error {
  /// The other end is gone.
  case closed
  /// The other end was silent for too long.
  case silent
  /// A message that is longer than it may be, or of a kind that is none.
  case nonsense
}

/// One end of a socket pair, for messages. Closed with the value.
struct MessageSocket: ~Copyable {
  private static let headerBytes = 5
  private let descriptor: CInt
  private let isWaitOver: (_ silentMilliseconds: Int) -> Bool

  /// - Parameter isWaitOver: asked every `readerLookMilliseconds` while the other end is silent; then the
  ///   wait ends when this says so.
  init(_ descriptor: CInt, isWaitOver: @escaping (_ silentMilliseconds: Int) -> Bool) {
    self.descriptor = descriptor
    self.isWaitOver = isWaitOver
  }

  deinit { close(descriptor) }

  func send(_ kind: UInt8, _ body: [UInt8]) throws(SocketError) {
    var header = UInt32(body.count)
    // The number has no padding; in the order of this machine, which is at both ends.
    let length = unsafe withUnsafeBytes(of: &header) { unsafe [UInt8]($0) }
    try send(length + [kind])
    try send(body)
  }

  /// - Parameter bytesMax: the longest body that is taken; nothing is allocated for a longer one.
  func receive(bytesMax: Int) throws(SocketError) -> (kind: UInt8, body: [UInt8]) {
    let header = try receive(bytes: Self.headerBytes)
    let length = header[0..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= bytesMax else { throw .nonsense }
    return (header[4], try receive(bytes: length))
  }

  private func send(_ bytes: [UInt8]) throws(SocketError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      try wait(for: POLLOUT)
      // The buffer outlives the call. No SIGPIPE: the server must not die of its reader's death.
      let sent = unsafe rest.withUnsafeBytes {
        unsafe Glibc.send(
          descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
      }
      if sent > 0 {
        rest = rest.dropFirst(sent)
      } else if errno != EINTR && errno != EAGAIN {
        throw .closed
      }
    }
  }

  private func receive(bytes count: Int) throws(SocketError) -> [UInt8] {
    var failure: SocketError?
    // At most `count` bytes are written to the buffer, and as many are said to be there.
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(SocketError) {
        while filled < count {
          try wait(for: POLLIN)
          let received = unsafe recv(
            descriptor, buffer.baseAddress?.advanced(by: filled), count - filled,
            CInt(MSG_DONTWAIT))
          if received > 0 {
            filled += received
          } else if received == 0 || (errno != EINTR && errno != EAGAIN) {
            throw .closed
          }
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  private func wait(for event: CInt) throws(SocketError) {
    var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
    var silentMilliseconds = 0
    while true {
      // One entry, which outlives the call.
      let ready = unsafe poll(&entry, 1, CInt(ServerLimits.readerLookMilliseconds))
      if ready > 0 { return }
      if ready == 0 {
        silentMilliseconds += ServerLimits.readerLookMilliseconds
        if isWaitOver(silentMilliseconds) { throw .silent }
      } else if errno != EINTR {
        throw .closed
      }
    }
  }
}
