// What goes to standard output: a write that fails is an error of the command, and what others have typed
// (notes, reasons, names) cannot move the cursor of whoever reads it.

import ArgumentParser
import Foundation

/// Standard output did not take what was written.
package struct OutputError: Error, CustomStringConvertible {
  package let reason: String
  package var description: String { "standard output: \(reason)" }
}

/// Writes lines for people, control characters other than the ends of lines escaped.
package func emit(_ text: String) throws {
  try write(Array(visible(text, keepingNewlines: true).utf8) + [UInt8(ascii: "\n")])
}

/// Writes bytes for programs.
///
/// - Throws: `OutputError`; a reader that has gone ends the command without a word, and with the status that
///   shells give for its signal.
package func write(_ bytes: [UInt8]) throws {
  let error = write(bytes, to: STDOUT_FILENO)
  if error == EPIPE { throw ExitCode(128 + SIGPIPE) }
  // The text is copied before the call's buffer can be used again.
  guard error == 0 else { throw OutputError(reason: unsafe String(cString: strerror(error))) }
}

/// A line on standard error; where nobody reads it, nobody can be told.
package func complain(_ text: String, keepingNewlines: Bool = false) {
  let line = visible(text, keepingNewlines: keepingNewlines) + "\n"
  _ = write(Array(line.utf8), to: STDERR_FILENO)
}

/// The system's error; 0 when everything was written.
private func write(_ bytes: [UInt8], to descriptor: CInt) -> CInt {
  var rest = bytes[...]
  while !rest.isEmpty {
    // The buffer outlives the call, which reads it.
    let written = unsafe rest.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
    }
    if written < 0 && errno != EINTR { return errno }
    rest = rest.dropFirst(max(written, 0))
  }
  return 0
}

/// The text with control characters in a written form: `\u{1b}`. So are those that turn the direction of
/// what is written, and those that some take for the end of a line.
package func visible(_ text: String, keepingNewlines: Bool = false) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    if movesCursor(scalar) && !(keepingNewlines && scalar == "\n") {
      result += "\\u{\(String(scalar.value, radix: 16))}"
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}

private func movesCursor(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.properties.generalCategory {
  case .control, .lineSeparator, .paragraphSeparator: true
  // Categories are an open set; of the others only these move what stands beside them.
  default: scalar.properties.isBidiControl
  }
}
