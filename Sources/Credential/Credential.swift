import Glibc
import TesseraWire

/// What a client presents in HELLO and a server asks for: bytes, which need not be text.
///
/// A credential that was meant and cannot be used is an error, never "none": a server would let anyone in.
public enum Credential {
  /// The variable that holds one.
  public static let variable = "TESSERA_TOKEN"
  /// The option that names a file with one.
  public static let option = "--token-file"

  /// The credential of this process: from a file, from `$TESSERA_TOKEN`, or none at all.
  ///
  /// - Parameter file: its content is the credential, without a line break at its end.
  /// - Returns: 1…``Limits/credentialBytesMax`` bytes; empty where neither is given.
  public static func read(file: String?) throws(CredentialError) -> [UInt8] {
    // Nothing in this process changes the environment while it starts.
    let variable = unsafe getenv(Self.variable).map { value in
      unsafe [UInt8](UnsafeRawBufferPointer(start: value, count: strlen(value)))
    }
    return try choose(variable: variable, file: file)
  }

  /// - Parameter variable: bytes of the variable; nil when it is not set.
  package static func choose(variable: [UInt8]?, file: String?) throws(CredentialError) -> [UInt8] {
    guard let file else {
      guard let variable else { return [] }
      return try check(
        variable, from: "$\(Self.variable)", else: "unset it where no credential is meant")
    }
    guard variable == nil else {
      throw CredentialError("both \(option) and $\(Self.variable) are given; give one")
    }
    var bytes = try content(of: file)
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    return try check(bytes, from: file, else: "leave out \(option) where none is meant")
  }

  private static func check(
    _ bytes: [UInt8], from source: String, else remedy: String
  ) throws(CredentialError) -> [UInt8] {
    guard !bytes.isEmpty else { throw CredentialError("\(source) is empty; \(remedy)") }
    guard bytes.count <= Limits.credentialBytesMax else {
      throw CredentialError(
        "\(source) has more than \(Limits.credentialBytesMax) bytes, which no client could present")
    }
    return bytes
  }

  /// As much of a file as tells whether it is too long.
  private static func content(of path: String) throws(CredentialError) -> [UInt8] {
    // The path is a string that outlives the call.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CredentialError("\(path) cannot be opened: \(reason())") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    // One byte more than the longest with its line break.
    let bytesMax = Limits.credentialBytesMax + 2
    while bytes.count < bytesMax {
      var part = [UInt8](repeating: 0, count: bytesMax - bytes.count)
      // At most the array's bytes are written to it.
      let count = unsafe part.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      if count == 0 { break }
      guard count > 0 else { throw CredentialError("\(path) cannot be read: \(reason())") }
      bytes += part[..<count]
    }
    return bytes
  }

  private static func reason() -> String {
    // The text is copied before the call's buffer can be used again.
    unsafe String(cString: strerror(errno))
  }
}

/// Why a credential cannot be used, and what to do.
public struct CredentialError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One sentence.
  public let description: String

  init(_ description: String) { self.description = description }
}
