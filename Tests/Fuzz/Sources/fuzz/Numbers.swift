// Numbers in JSON: exactly the texts of RFC 8259's grammar are taken, whole numbers of 64 bits exactly, others as
// the C library reads them.

import Glibc
import ModelGraph

func testNumbers(_ bytes: [UInt8]) {
  // Longer ones only repeat digits; text between brackets is not white space's business.
  guard bytes.count <= 400, !bytes.contains(where: { "\t\n\r ".utf8.contains($0) }) else { return }
  let value = try? StrictJSON.decode(JSONValue.self, from: bytes)
  let text = String(decoding: bytes, as: UTF8.self)
  guard isNumber(bytes) else {
    switch value {
    case .integer, .unsigned, .number: fatalError("no number was taken for one: \(text)")
    case .null, .bool, .string, .array, .object, nil: return
    }
  }
  // A whole text of digits, with a zero at its end.
  let nearest = unsafe strtod(text, nil)
  switch value {
  case .integer(let whole): expect(Double(whole) == nearest, "\(text) became \(whole)")
  case .unsigned(let whole): expect(Double(whole) == nearest, "\(text) became \(whole)")
  case .number(let number): expect(number == nearest, "\(text) became \(number)")
  case nil: expect(!nearest.isFinite, "\(text) was refused")
  case .null, .bool, .string, .array, .object: fatalError("\(text) was taken for something else")
  }
}

/// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
private func isNumber(_ bytes: [UInt8]) -> Bool {
  var rest = bytes[...]
  func skip(_ set: String) -> Bool {
    guard let first = rest.first, set.utf8.contains(first) else { return false }
    rest.removeFirst()
    return true
  }
  func digits() -> Bool {
    guard skip("0123456789") else { return false }
    while skip("0123456789") {}
    return true
  }
  _ = skip("-")
  guard skip("0") || digits() else { return false }
  if skip("."), !digits() { return false }
  if skip("eE") {
    _ = skip("+-")
    guard digits() else { return false }
  }
  return rest.isEmpty
}
