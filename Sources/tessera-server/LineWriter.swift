import Dispatch
import Glibc
import Synchronization

/// Text for a descriptor that may block or be closed: a paused terminal, a full pipe, a reader that has gone.
/// Nobody who writes waits; what the descriptor does not take in time is lost, and counted.
final class LineWriter: TextOutputStream, Sendable {
  private struct State {
    var waiting: [UInt8] = []
    var lostLines = 0
    var isWriting = false
  }

  private let descriptor: CInt
  private let queue: DispatchQueue
  private let state = Mutex(State())

  init(descriptor: CInt) {
    self.descriptor = descriptor
    queue = DispatchQueue(label: "lines of descriptor \(descriptor)")
  }

  /// Takes a line with its line break.
  func write(_ line: String) {
    let isIdle = state.withLock { state in
      guard state.waiting.count + line.utf8.count <= ProgramLimits.waitingTextBytesMax else {
        state.lostLines += 1
        return false
      }
      if state.lostLines > 0 {
        state.waiting += "\(state.lostLines) lines were lost: nobody took them in time\n".utf8
        state.lostLines = 0
      }
      state.waiting += line.utf8
      defer { state.isWriting = true }
      return !state.isWriting
    }
    if isIdle { queue.async { self.drain() } }
  }

  /// Waits until everything is written, but no longer than so.
  func finish(within time: DispatchTimeInterval) {
    let done = DispatchSemaphore(value: 0)
    queue.async { done.signal() }
    _ = done.wait(timeout: .now() + time)
  }

  private func drain() {
    while true {
      let bytes = state.withLock { state -> [UInt8] in
        defer { state.waiting = [] }
        state.isWriting = !state.waiting.isEmpty
        return state.waiting
      }
      if bytes.isEmpty { return }
      writeAll(bytes)
    }
  }

  /// May block for as long as the other end likes.
  private func writeAll(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      // The bytes outlive the call.
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        // Somebody has made it non-blocking; one entry, which outlives the call.
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&entry, 1, -1)
      } else if errno != EINTR {
        // Nobody reads it any more, and there is nobody to tell.
        return
      }
    }
  }
}
