// The program of the fuzzers: libFuzzer's main calls what stands here, FUZZ_TARGET says which one is meant.

import Glibc

/// What is fuzzed. Each says in its own file what must hold beside "no trap, no bad access".
enum Target: String, CaseIterable {
  case frames, stream, server, client, json, numbers, model, safetensors, records, migration

  func test(_ bytes: [UInt8]) {
    switch self {
    case .frames: testFrames(bytes)
    case .stream: testStream(bytes)
    case .server: testServer(bytes)
    case .client: testClient(bytes)
    case .json: testJSON(bytes)
    case .numbers: testNumbers(bytes)
    case .model: testModel(bytes)
    case .safetensors: testSafetensors(bytes)
    case .records: testRecords(bytes)
    case .migration: testMigration(bytes)
    }
  }

  static let chosen: Target = {
    // The environment does not change in this process.
    let name = unsafe getenv("FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""
    guard let target = Target(rawValue: name) else {
      let names = allCases.map(\.rawValue).joined(separator: " ")
      print("FUZZ_TARGET is \"\(name)\", not one of: \(names)")
      exit(2)
    }
    return target
  }()
}

/// Called by libFuzzer with one input after another.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // libFuzzer's bytes are there during the call.
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  Target.chosen.test(bytes)
  return 0
}

/// What must hold. A fault ends the process; libFuzzer then keeps the input.
func expect(_ holds: Bool, _ message: @autoclosure () -> String) {
  if !holds { fatalError(message()) }
}
