enum ToolLimits {
  /// A household is read by people: this is thousands of times the longest sensible one.
  static let householdBytesMax = 16 << 20
}
