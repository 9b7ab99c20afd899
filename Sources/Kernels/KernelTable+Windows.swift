internal import CKernels

/// Windows over each user's rows, oldest first.
public struct WindowShape: Hashable, Sendable {
  /// Rows of a window.
  public let size: Int
  /// Rows from the beginning of one window to that of the next.
  public let stride: Int
  /// Rows from one row of a window to the next.
  public let dilation: Int
  /// Where the first window begins.
  public let padding: WindowPadding

  /// All of them positive.
  public init(size: Int, stride: Int, dilation: Int, padding: WindowPadding) {
    self.size = size
    self.stride = stride
    self.dilation = dilation
    self.padding = padding
  }
}

/// Where a user's first window begins.
public enum WindowPadding: Int, Sendable {
  /// At the oldest row.
  case valid = 0
  /// So far before the oldest row that as much is missing on both sides, or one row less there.
  case same = 1
  /// So far before the oldest row that the window ends with it.
  case causal = 2
}

/// How the rows of a window are pooled.
public enum WindowPooling: Int, Sendable {
  case max = 1
  case mean = 2
}

// Every method hands its pointers to one C call, which ends before the method returns.
extension KernelTable {
  /// The rows of each window side by side, `[windows, size · width]`, zeros for rows that are not there: float
  /// rows where `output` is given, else quantised rows.
  ///
  /// - Parameters:
  ///   - offsets: `[users + 1]`; user u owns the rows offsets[u] ..< offsets[u + 1] of `input`.
  ///   - windowOffsets: `[users + 1]`, likewise for the windows; each has one row at least.
  ///   - scratch: ``scratchBytes(windows:width:)`` bytes.
  /// - Complexity: O(windows · size · width).
  public func windows(
    _ input: FloatRows, _ shape: WindowShape, offsets: UnsafePointer<Int32>,
    windowOffsets: UnsafePointer<Int32>, users: Int, width: Int, into output: FloatRows?,
    quantised: QuantisedRows?, scratch: UnsafeMutableRawPointer
  ) {
    precondition(unsafe (output == nil) != (quantised == nil))
    // The caller's pointers, used until the call ends.
    var a = unsafe tsr_windows(
      input, shape, offsets: offsets, windowOffsets: windowOffsets, users: users, width: width)
    unsafe a.mode = TSR_WINDOW_ROWS
    if let output = unsafe output {
      unsafe a.output = output.base
      unsafe a.output_stride = output.stride
    }
    // The form that is wanted, and room to make it.
    if let quantised = unsafe quantised {
      unsafe a.output_int8 = quantised.values
      unsafe a.output_scales = quantised.scales
      unsafe a.scratch = scratch
    }
    unsafe c.pointee.windows(&a)
  }

  /// One row a window, `[windows, width]`, of the rows that are there.
  ///
  /// - Parameters: as above; the dilation is 1.
  public func pool(
    _ input: FloatRows, _ shape: WindowShape, _ pooling: WindowPooling,
    offsets: UnsafePointer<Int32>, windowOffsets: UnsafePointer<Int32>, users: Int, width: Int,
    into output: FloatRows
  ) {
    precondition(shape.dilation == 1)
    // The caller's pointers, used until the call ends.
    var a = unsafe tsr_windows(
      input, shape, offsets: offsets, windowOffsets: windowOffsets, users: users, width: width)
    unsafe a.mode = tsr_window(rawValue: UInt32(pooling.rawValue))
    unsafe a.output = output.base
    unsafe a.output_stride = output.stride
    unsafe c.pointee.windows(&a)
  }

  /// Bytes of scratch for quantised windows of so many rows of this width.
  public static func scratchBytes(windows size: Int, width: Int) -> Int {
    tsr_windows_scratch_bytes(Int32(size), Int32(width))
  }
}

extension tsr_windows {
  fileprivate init(
    _ input: FloatRows, _ shape: WindowShape, offsets: UnsafePointer<Int32>,
    windowOffsets: UnsafePointer<Int32>, users: Int, width: Int
  ) {
    // The caller's pointers, kept under the same warning.
    unsafe self.init()
    unsafe self.padding = tsr_padding(rawValue: UInt32(shape.padding.rawValue))
    unsafe self.users = Int32(users)
    unsafe self.width = Int32(width)
    unsafe self.size = Int32(shape.size)
    unsafe self.stride = Int32(shape.stride)
    unsafe self.dilation = Int32(shape.dilation)
    // As above.
    unsafe self.offsets = offsets
    unsafe self.window_offsets = windowOffsets
    unsafe self.input = UnsafePointer(input.base)
    unsafe self.input_stride = input.stride
  }
}
