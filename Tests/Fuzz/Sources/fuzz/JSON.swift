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
  // Bytes rather than values: 1.0 is written as 1.
  expect(CanonicalJSON.encode(again) == once, "the value changed")
}
