// Safetensors: tensors as large as they say and no larger than the file, or an error; written and read again they are
// the same numbers.

import ModelGraph

func testSafetensors(_ bytes: [UInt8]) {
  guard let file = try? SafetensorsFile(bytes: bytes) else { return }
  var elements = 0
  for tensor in file.tensors {
    guard case .float32(let values) = tensor.storage else { fatalError("no float32") }
    expect(values.count == tensor.shape.reduce(1, *), "\(tensor.name): \(values.count)")
    elements += values.count
  }
  expect(2 * elements <= bytes.count, "more numbers than the file has bytes for")
  let once = SafetensorsFile.encode(file.tensors)
  guard let again = try? SafetensorsFile(bytes: once) else {
    fatalError("tensors were written that cannot be read")
  }
  // Bytes rather than values: NaN is not equal to itself.
  expect(SafetensorsFile.encode(again.tensors) == once, "the tensors changed")
}
