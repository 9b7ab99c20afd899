import Dispatch

/// Every limit of the program around the server, each with its reason.
enum ProgramLimits {
  /// Text that waits for whoever reads log or output, in bytes: some thousand lines, more than starting, loading
  /// and draining write together.
  static let waitingTextBytesMax = 256 << 10
  /// How long the end waits for whoever reads the log: who is there takes it in less, nobody takes it ever.
  static let lastLinesTime = DispatchTimeInterval.milliseconds(500)
}
