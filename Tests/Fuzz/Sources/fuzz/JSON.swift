// JSON: what is read is JSON for another reader too, and written and read again it is the same.

import Foundation
import ModelGraph
import ModelRegistry

func testJSON(_ bytes: [UInt8]) {
  guard let value = try? StrictJSON.decode(JSONValue.self, from: bytes) else { return }
  let read = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
  expect(read != nil, "another reader takes this for no JSON")
  let once = CanonicalJSON.encode(value)
  guard let again = try? StrictJSON.decode(JSONValue.self, from: once) else {
    fatalError("what was written cannot be read")
  }
  expect(isSame(value, again), "the value changed")
}

/// Numbers are the same whatever they are written as: 1.0 becomes 1, and -0.0 becomes 0.
private func isSame(_ left: JSONValue, _ right: JSONValue) -> Bool {
  switch (left, right) {
  case (.array(let left), .array(let right)):
    left.count == right.count && zip(left, right).allSatisfy(isSame)
  case (.object(let left), .object(let right)):
    left.count == right.count
      && left.allSatisfy { key, value in right[key].map { isSame(value, $0) } ?? false }
  case (.number(let left), .integer(let right)): left == Double(right)
  case (.number(let left), .unsigned(let right)): left == Double(right)
  // Everything else is written as what it is.
  default: left == right
  }
}
