// What goes to standard output: a write that fails is an error of the command, and what others have typed
// (notes, reasons, names) cannot move the cursor of whoever reads it.

import Foundation

/// Standard output did not take what was written.
struct OutputError: Error, CustomStringConvertible {
  var reason: String
  var description: String { "standard output: \(reason)" }
}

/// Writes lines for people, control characters other than the ends of lines escaped.
func emit(_ text: String) throws {
  try write(Array(visible(text, keepingNewlines: true).utf8) + [UInt8(ascii: "\n")])
}

/// Writes bytes for programs.
func write(_ bytes: [UInt8]) throws {
  var rest = bytes[...]
  while !rest.isEmpty {
    // The buffer outlives the call, which reads it.
    let written = unsafe rest.withUnsafeBytes {
      unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count)
    }
    if written < 0 && errno == EINTR { continue }
    // The text is copied before the call's buffer can be used again.
    guard written > 0 else { throw OutputError(reason: unsafe String(cString: strerror(errno))) }
    rest = rest.dropFirst(written)
  }
}

/// A line on standard error that is not the command's last word.
func complain(_ text: String) {
  FileHandle.standardError.write(Data((visible(text) + "\n").utf8))
}

/// The text with control characters in a written form: `\u{1b}`.
func visible(_ text: String, keepingNewlines: Bool = false) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    if scalar.properties.generalCategory == .control && !(keepingNewlines && scalar == "\n") {
      result += "\\u{\(String(scalar.value, radix: 16))}"
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}
