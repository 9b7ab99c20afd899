// Safetensors: u64 length of a JSON header (little-endian), the header, then the tensors' bytes.
// The header says for each tensor its dtype, shape and byte range. The file comes from elsewhere,
// so every number in it is checked before it is used, and the ranges must tile the data exactly:
// no overlap, no hole, nothing after the last.

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// The tensors of one safetensors file.
public struct SafetensorsFile: Hashable, Sendable {
  /// In the order of their bytes in the file; float16 has become float32.
  public let tensors: [TensorData]

  /// Reads the whole file; any damage refuses it with an error of code ``ModelError/Code/file``.
  ///
  /// Takes dtypes F32 and F16, one or two dimensions.
  /// - Complexity: linear in the bytes; holds the numbers once more as float32.
  public init(bytes: [UInt8]) throws(ModelError) {
    let header = try Header(bytes: bytes)
    var tensors: [TensorData] = []
    tensors.reserveCapacity(header.entries.count)
    var end = 0
    for entry in header.entries {
      guard entry.begin == end else {
        throw Self.damaged(
          "tensor \"\(entry.name)\" begins at byte \(entry.begin) of the data, but the one before it "
            + "ends at \(end)")
      }
      end = entry.end
      let values = Self.floats(
        bytes, at: header.dataOffset + entry.begin, count: entry.elementCount, dtype: entry.dtype)
      tensors.append(
        TensorData(name: entry.name, shape: entry.shape, storage: .float32(values)))
    }
    guard header.dataOffset + end == bytes.count else {
      throw Self.damaged(
        "the tensors end at byte \(header.dataOffset + end), but the file has \(bytes.count)")
    }
    self.tensors = tensors
  }

  /// The bytes of a file with these tensors as F32, int8 ones dequantised.
  ///
  /// The same tensors give the same bytes.
  public static func encode(_ tensors: [TensorData]) -> [UInt8] {
    var entries: [String: Entry] = [:]
    var end = 0
    for tensor in tensors {
      let begin = end
      end += 4 * tensor.elementCount
      let entry = Entry(dtype: DType.f32.rawValue, shape: tensor.shape, data_offsets: [begin, end])
      precondition(entries.updateValue(entry, forKey: tensor.name) == nil, "a name is used twice")
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard var header = try? [UInt8](encoder.encode(entries)) else {
      preconditionFailure("strings and whole numbers can always be encoded")
    }
    // Padded so that the data begins at a multiple of eight bytes, as other readers like it.
    while !header.count.isMultiple(of: 8) { header.append(UInt8(ascii: " ")) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.count + end)
    for shift in stride(from: 0, to: 64, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: header.count >> shift))
    }
    bytes += header
    for tensor in tensors {
      for value in tensor.dequantised() {
        let pattern = value.bitPattern
        bytes.append(UInt8(truncatingIfNeeded: pattern))
        bytes.append(UInt8(truncatingIfNeeded: pattern >> 8))
        bytes.append(UInt8(truncatingIfNeeded: pattern >> 16))
        bytes.append(UInt8(truncatingIfNeeded: pattern >> 24))
      }
    }
    return bytes
  }

  private static func floats(_ bytes: [UInt8], at offset: Int, count: Int, dtype: DType) -> [Float]
  {
    let span = bytes.span
    var values: [Float] = []
    values.reserveCapacity(count)
    for index in 0..<count {
      switch dtype {
      case .f32:
        let at = offset + 4 * index
        values.append(
          Float(
            bitPattern: UInt32(span[at]) | UInt32(span[at + 1]) << 8 | UInt32(span[at + 2]) << 16
              | UInt32(span[at + 3]) << 24))
      case .f16:
        let at = offset + 2 * index
        values.append(Float(Float16(bitPattern: UInt16(span[at]) | UInt16(span[at + 1]) << 8)))
      }
    }
    return values
  }

  fileprivate static func damaged(_ message: String) -> ModelError {
    ModelError(.file, at: "safetensors file", message + "; write the file again")
  }
}

/// What a header says about one tensor.
private struct Entry: Codable {
  var dtype: String
  var shape: [Int]
  var data_offsets: [Int]  // swift-format-ignore: AlwaysUseLowerCamelCase
}

private enum DType: String {
  case f32 = "F32"
  case f16 = "F16"
  var byteCount: Int { self == .f32 ? 4 : 2 }
}

private struct Header {
  struct Tensor {
    let name: String
    let dtype: DType
    let shape: [Int]
    let begin: Int
    let end: Int
    var elementCount: Int { shape.reduce(1, *) }
  }

  let entries: [Tensor]
  let dataOffset: Int

  init(bytes: [UInt8]) throws(ModelError) {
    guard bytes.count >= 8 else {
      throw SafetensorsFile.damaged("\(bytes.count) bytes are too few for the header's length")
    }
    var length: UInt64 = 0
    for index in 0..<8 { length |= UInt64(bytes[index]) << (8 * index) }
    guard length <= ModelLimits.safetensorsHeaderBytesMax else {
      throw SafetensorsFile.damaged(
        "the header claims \(length) bytes; at most \(ModelLimits.safetensorsHeaderBytesMax) are read"
      )
    }
    guard Int(length) <= bytes.count - 8 else {
      throw SafetensorsFile.damaged(
        "the header claims \(length) bytes, but only \(bytes.count - 8) follow")
    }
    dataOffset = 8 + Int(length)
    let raw: RawEntries
    do {
      raw = try StrictJSON.decode(RawEntries.self, from: Array(bytes[8..<dataOffset]))
    } catch let error as ModelError {
      throw ModelError(.file, at: error.place, error.message)
    } catch {
      throw SafetensorsFile.damaged("the header is not as it should be: \(error)")
    }
    guard raw.entries.count <= ModelLimits.tensorsMax else {
      throw SafetensorsFile.damaged(
        "\(raw.entries.count) tensors are more than \(ModelLimits.tensorsMax)")
    }
    var entries: [Tensor] = []
    var faults: [ModelError] = []
    for (name, entry) in raw.entries.sorted(by: { $0.0 < $1.0 }) {
      do throws(ModelError) {
        entries.append(try Self.check(entry, name: name, dataBytes: bytes.count - dataOffset))
      } catch {
        faults.append(error)
      }
    }
    if let all = ModelError(joining: faults) { throw all }
    self.entries = entries.sorted { ($0.begin, $0.end, $0.name) < ($1.begin, $1.end, $1.name) }
  }

  private static func check(
    _ entry: Entry, name: String, dataBytes: Int
  ) throws(ModelError) -> Tensor {
    let place = "tensor \"\(name.prefix(200))\""
    guard let dtype = DType(rawValue: entry.dtype) else {
      throw ModelError(
        .file, at: place, "dtype \"\(entry.dtype.prefix(20))\" is not read; store it as F32 or F16")
    }
    guard 1...ModelLimits.dimensionsMax ~= entry.shape.count else {
      throw ModelError(
        .file, at: place, "has \(entry.shape.count) dimensions; tensors are vectors or matrices")
    }
    var count = 1
    for dimension in entry.shape {
      // Each factor and the product so far are below 2³⁰, so the product cannot overflow.
      guard 1...ModelLimits.tensorElementsMax ~= dimension else {
        throw ModelError(
          .file, at: place,
          "has a dimension of \(dimension); it must be from 1 to \(ModelLimits.tensorElementsMax)")
      }
      count *= dimension
      guard count <= ModelLimits.tensorElementsMax else {
        throw ModelError(
          .file, at: place, "holds more than \(ModelLimits.tensorElementsMax) numbers")
      }
    }
    guard entry.data_offsets.count == 2, let begin = entry.data_offsets.first,
      let end = entry.data_offsets.last, 0 <= begin, begin <= end, end <= dataBytes
    else {
      throw ModelError(
        .file, at: place,
        "data_offsets \(entry.data_offsets.prefix(4)) do not lie inside the \(dataBytes) bytes of data"
      )
    }
    guard end - begin == count * dtype.byteCount else {
      throw ModelError(
        .file, at: place,
        "shape \(entry.shape) of \(entry.dtype) needs \(count * dtype.byteCount) bytes, but "
          + "data_offsets give it \(end - begin)")
    }
    return Tensor(name: name, dtype: dtype, shape: entry.shape, begin: begin, end: end)
  }
}

/// The header's object: tensors by name, and `__metadata__`, which is ignored.
private struct RawEntries: Decodable {
  var entries: [(String, Entry)] = []

  init(from decoder: any Decoder) throws {
    let object = try StrictObject(decoder)
    for key in object.fields.allKeys where key.stringValue != "__metadata__" {
      let decoder = try object.fields.superDecoder(forKey: key)
      try StrictObject(decoder).allowOnly(["dtype", "shape", "data_offsets"], for: "a tensor")
      entries.append((key.stringValue, try Entry(from: decoder)))
    }
  }
}
