import Foundation
import TesseraWire
import Testing

import Credential

@Suite("Credentials")
struct CredentialTests {
  private func withFile<Result>(
    _ bytes: [UInt8], _ body: (String) throws -> Result
  ) throws -> Result {
    let path = FileManager.default.temporaryDirectory.path + "/credential-\(UUID().uuidString)"
    try Data(bytes).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }

  @Test("Without a variable and a file there is none")
  func none() throws {
    #expect(try Credential.choose(variable: nil, file: nil) == [])
  }

  @Test("Bytes that are no text are a credential like any other, from a variable and from a file")
  func bytes() throws {
    let bytes: [UInt8] = [0xFF, 0xFE, 0x80, 0x0D]
    #expect(try Credential.choose(variable: bytes, file: nil) == bytes)
    #expect(try withFile(bytes) { try Credential.choose(variable: nil, file: $0) } == bytes)
  }

  @Test("One line break at the end of a file is not part of it")
  func lineBreak() throws {
    let read = try withFile(Array("secret\n\n".utf8)) {
      try Credential.choose(variable: nil, file: $0)
    }
    #expect(read == Array("secret\n".utf8))
  }

  @Test("An empty one is an error, not none")
  func empty() {
    for bytes in [[], Array("\n".utf8)] as [[UInt8]] {
      #expect(throws: CredentialError.self) {
        try withFile(bytes) { try Credential.choose(variable: nil, file: $0) }
      }
    }
    #expect(throws: CredentialError.self) { try Credential.choose(variable: [], file: nil) }
  }

  @Test("The longest that HELLO can carry is taken, a longer one is an error")
  func length() throws {
    let longest = [UInt8](repeating: 7, count: Limits.credentialBytesMax)
    #expect(try Credential.choose(variable: longest, file: nil) == longest)
    let lines = longest + Array("\n".utf8)
    #expect(try withFile(lines) { try Credential.choose(variable: nil, file: $0) } == longest)
    #expect(throws: CredentialError.self) {
      try Credential.choose(variable: longest + [7], file: nil)
    }
    for more in [[7], [7, 0x0A], [UInt8](repeating: 7, count: 9_000)] {
      #expect(throws: CredentialError.self) {
        try withFile(longest + more) { try Credential.choose(variable: nil, file: $0) }
      }
    }
  }

  @Test("A file that cannot be read, and two sources at once, are errors")
  func sources() throws {
    #expect(throws: CredentialError.self) {
      try Credential.choose(variable: nil, file: "/nowhere/token")
    }
    #expect(throws: CredentialError.self) { try Credential.choose(variable: nil, file: "/") }
    #expect(throws: CredentialError.self) {
      try withFile([7]) { try Credential.choose(variable: [7], file: $0) }
    }
  }
}
