/// Why a server could not start.
public struct ServerError: Error, Sendable, CustomStringConvertible {
  /// What was attempted, and on what.
  public var place: String
  /// What went wrong, and what to do.
  public var message: String

  init(at place: String, _ message: String) {
    self.place = place
    self.message = message
  }

  /// `place: message`, one line, as shown to people.
  public var description: String { "\(place): \(message)" }
}

/// Why a version is not served. The previous one keeps serving.
struct LoadError: Error, CustomStringConvertible {
  /// The step that failed: `read`, `plan`, `warm-up`, `open`.
  var step: String
  /// What went wrong there.
  var message: String

  var description: String { "\(step): \(message)" }
}
