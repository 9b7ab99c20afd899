import ModelGraph
import Testing

@Suite("A safetensors file is read whole or refused")
struct SafetensorsTests {
  private func file(_ header: String, dataBytes: Int = 0, claim: Int? = nil) -> [UInt8] {
    var bytes: [UInt8] = []
    let length = claim ?? header.utf8.count
    for shift in stride(from: 0, to: 64, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: length >> shift))
    }
    return bytes + Array(header.utf8) + Array(repeating: 0, count: dataBytes)
  }

  private func expectRefusal(
    _ bytes: [UInt8], _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) {
    do {
      _ = try SafetensorsFile(bytes: bytes)
      Issue.record("was not refused", sourceLocation: sourceLocation)
    } catch {
      expect(error, .file, words, sourceLocation)
    }
  }

  @Test("what is written is read back, in the order of the bytes")
  func roundTrip() throws {
    let tensors = [
      TensorData(name: "b", shape: [2, 3], storage: .float32([1, -2, 0.5, .pi, 1e-30, -0])),
      TensorData(name: "a", shape: [1], storage: .float32([7])),
    ]
    let bytes = SafetensorsFile.encode(tensors)
    #expect(try SafetensorsFile(bytes: bytes).tensors == tensors)
    #expect(SafetensorsFile.encode(tensors) == bytes)
  }

  @Test("float16 becomes float32 and metadata is ignored")
  func half() throws {
    let header =
      "{\"__metadata__\":{\"by\":\"x\"},\"h\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}"
    var bytes = file(header)
    bytes += [0x00, 0x3C, 0x00, 0xC1]
    let tensors = try SafetensorsFile(bytes: bytes).tensors
    #expect(tensors == [TensorData(name: "h", shape: [2], storage: .float32([1, -2.5]))])
  }

  @Test("every cut of a file is refused")
  func cuts() throws {
    let bytes = SafetensorsFile.encode([
      TensorData(name: "w", shape: [2, 2], storage: .float32([1, 2, 3, 4]))
    ])
    for count in 0..<bytes.count { expectRefusal(Array(bytes[0..<count])) }
    expectRefusal(bytes + [0], "end at", "\(bytes.count + 1)")
  }

  @Test("a header length beyond the file or the limit is refused before anything is read")
  func headerLength() {
    expectRefusal(file("{}", claim: 3), "claims 3", "only 2")
    expectRefusal(file("{}", claim: .max), "claims")
    expectRefusal(Array(repeating: 0xFF, count: 64), "claims")
  }

  @Test("a header that is not JSON of the right structure is refused")
  func headerStructure() {
    expectRefusal(file("{"), "header")
    expectRefusal(file("[]"), "header")
    expectRefusal(file("{\"w\":1}", dataBytes: 4), "header")
    expectRefusal(file("{\"w\":{\"dtype\":\"F32\",\"shape\":[1]}}", dataBytes: 4), "data_offsets")
    expectRefusal(
      file("{\"w\":{\"dtype\":\"F32\",\"shape\":[0.5],\"data_offsets\":[0,4]}}", dataBytes: 4), "w")
  }

  @Test("a dtype that is not F32 or F16 is refused")
  func dtype() {
    expectRefusal(
      file("{\"w\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", dataBytes: 8), "I64",
      "F32 or F16")
  }

  @Test("shapes that are empty, have too many dimensions, or overflow are refused")
  func shapes() {
    for shape in [
      "[]", "[1,1,1]", "[0]", "[-1]", "[9223372036854775807,2]", "[536870912,536870912]",
    ] {
      expectRefusal(
        file("{\"w\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[0,4]}}", dataBytes: 4),
        "\"w\"")
    }
  }

  @Test("offsets outside the data, backwards or of another size than the shape are refused")
  func offsets() {
    for offsets in [
      "[0,8]", "[4,0]", "[-4,0]", "[0]", "[0,4,8]", "[0,3]", "[0,9223372036854775807]",
    ] {
      expectRefusal(
        file("{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":\(offsets)}}", dataBytes: 4),
        "\"w\"", "data_offsets")
    }
  }

  @Test("all tensors with a fault are named at once, and a key that stands twice with its place")
  func allFaults() {
    expectRefusal(
      file(
        "{\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
          + "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,12]}}", dataBytes: 12),
      "2 faults", "(1) tensor \"a\": dtype \"I64\"",
      "(2) tensor \"b\": shape [2] of F32 needs 8 bytes")
    let tensor = "\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}"
    expectRefusal(
      file("{\(tensor),\n\(tensor)}", dataBytes: 4),
      "the key \"w\" stands twice in one object (line 2, column 1)")
  }

  @Test("a header that asks for more than its bytes can hold is refused before it is held")
  func headerBounds() {
    expectRefusal(
      file("{\"__metadata__\":" + String(repeating: "[", count: 1 << 20)), "nested more than")
    let many = String(repeating: "{},", count: ModelLimits.jsonContainersMax)
    expectRefusal(file("{\"__metadata__\":[\(many){}]}"), "arrays and objects stand in one file")
  }

  @Test("tensors that overlap or leave a hole are refused")
  func tiling() {
    let first = "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}"
    expectRefusal(
      file(
        "{\(first),\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", dataBytes: 4),
      "begins at byte 0")
    expectRefusal(
      file(
        "{\(first),\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}", dataBytes: 12),
      "begins at byte 8")
  }
}
