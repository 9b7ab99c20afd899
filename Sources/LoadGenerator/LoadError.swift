/// Why a run could not begin or go on, in one line for people. What happens to single requests is in the
/// report and is no error.
package struct LoadError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was wrong and what to do.
  package let description: String

  package init(_ description: String) { self.description = description }
}
