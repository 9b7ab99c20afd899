// zstd frames: what a blob is. Decompression trusts nothing: the claimed size is compared with the
// expected one before anything is allocated, and one frame must fill the blob exactly.

import CZstd

/// Why a frame was refused; the caller knows where it stands.
struct FrameError: Error { var message: String }

/// One zstd frame, the content of a blob.
enum ZstdFrame {
  static func compress(_ content: [UInt8]) -> [UInt8] {
    let capacity = ZSTD_compressBound(content.count)
    // zstd reads the content and writes at most `capacity` bytes.
    return unsafe [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
      let written = unsafe content.withUnsafeBytes { input in
        unsafe ZSTD_compress(
          output.baseAddress, capacity, input.baseAddress, input.count,
          RegistryLimits.compressionLevel)
      }
      // Only a too small output buffer can make this fail, and this one is the bound.
      precondition(ZSTD_isError(written) == 0, "ZSTD_compress failed")
      count = written
    }
  }

  /// The content of a frame that holds exactly `rawBytes` bytes.
  static func decompress(_ frame: [UInt8], rawBytes: Int) throws(FrameError) -> [UInt8] {
    // zstd reads within the frame's bytes.
    let (claimed, length) = unsafe frame.withUnsafeBytes { bytes in
      unsafe (
        ZSTD_getFrameContentSize(bytes.baseAddress, bytes.count),
        ZSTD_findFrameCompressedSize(bytes.baseAddress, bytes.count)
      )
    }
    // The last two values say "not stated" and "not a frame".
    guard claimed < UInt64.max - 1 else {
      throw FrameError(message: "is not a zstd frame that states its content size")
    }
    guard claimed == UInt64(rawBytes) else {
      throw FrameError(
        message: "the frame claims \(claimed) bytes of content where \(rawBytes) are expected")
    }
    guard ZSTD_isError(length) == 0 else {
      throw FrameError(message: "the frame is cut short or damaged")
    }
    guard length == frame.count else {
      throw FrameError(message: "\(frame.count - length) bytes follow the frame")
    }
    var result = 0
    // zstd reads within the frame and writes at most `rawBytes` bytes, of which it tells the count.
    let content = unsafe [UInt8](unsafeUninitializedCapacity: rawBytes) { output, count in
      result = unsafe frame.withUnsafeBytes { input in
        unsafe ZSTD_decompress(output.baseAddress, rawBytes, input.baseAddress, input.count)
      }
      count = ZSTD_isError(result) == 0 ? result : 0
    }
    guard ZSTD_isError(result) == 0 else {
      // A constant text of zstd's.
      throw FrameError(
        message: "does not decompress: " + (unsafe String(cString: ZSTD_getErrorName(result))))
    }
    guard content.count == rawBytes else {
      throw FrameError(message: "holds \(content.count) bytes where \(rawBytes) are expected")
    }
    return content
  }
}
