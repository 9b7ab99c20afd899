enum BenchLimits {
  /// The largest batch: 64 times that of a server, and every sum of rows fits an Int by far.
  static let batchMax = 4_096
}
