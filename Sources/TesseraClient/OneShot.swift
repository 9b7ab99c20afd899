import Synchronization

/// One answer that one task waits for and anybody may give. The first answer counts; later ones, and those
/// after the waiting task was cancelled, are refused, so that the giver can take back what it gave.
final class OneShot<Value: Sendable>: Sendable {
  private enum State {
    case empty
    case waiting(CheckedContinuation<Value, Never>)
    case answered(Value)
    case taken
  }

  private let state = Mutex(State.empty)

  /// Whether an answer would come too late.
  var isAnswered: Bool {
    state.withLock {
      switch $0 {
      case .empty, .waiting: false
      case .answered, .taken: true
      }
    }
  }

  /// Gives the answer. Returns false if there was one already.
  @discardableResult
  func answer(_ value: Value) -> Bool {
    let (isFirst, continuation) = state.withLock { state in
      switch state {
      case .empty:
        state = .answered(value)
        return (true, CheckedContinuation<Value, Never>?.none)
      case .waiting(let continuation):
        state = .taken
        return (true, continuation)
      case .answered, .taken:
        return (false, nil)
      }
    }
    continuation?.resume(returning: value)
    return isFirst
  }

  /// Waits for the answer. `start` is called once somebody can be answered. When the task is cancelled
  /// before there is an answer, the answer is `ifCancelled`, and `onCancel` is called.
  func wait(
    ifCancelled: Value, start: () -> Void, onCancel: @escaping @Sendable () -> Void
  ) async -> Value {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let early: Value? = state.withLock { state in
          guard case .answered(let value) = state else {
            state = .waiting(continuation)
            return nil
          }
          state = .taken
          return value
        }
        if let early { continuation.resume(returning: early) } else { start() }
      }
    } onCancel: {
      if answer(ifCancelled) { onCancel() }
    }
  }
}
