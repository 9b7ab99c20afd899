// Strings: copied at once where nothing is escaped, checked to be UTF-8 as a whole.

extension JSONParser {
  mutating func string() throws(Fault) -> String {
    let start = index
    index += 1
    let first = index
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""):
        index += 1
        return try Self.text(bytes[first..<index - 1], at: start)
      case UInt8(ascii: "\\"): return try escapedString(from: first, start: start)
      case 0..<0x20: throw fault("a control character stands in a string; write it as an escape")
      // Whatever else stands in a string; its UTF-8 is checked as a whole.
      default: index += 1
      }
    }
    throw Fault(offset: start, message: "the string that begins here does not end")
  }

  /// The rest of a string that has escapes, which need the bytes to be copied.
  private mutating func escapedString(from first: Int, start: Int) throws(Fault) -> String {
    var text = Array(bytes[first..<index])
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""):
        index += 1
        return try Self.text(text[...], at: start)
      case UInt8(ascii: "\\"): text += try escape()
      case 0..<0x20: throw fault("a control character stands in a string; write it as an escape")
      // Whatever else stands in a string; its UTF-8 is checked as a whole.
      default:
        text.append(byte)
        index += 1
      }
    }
    throw Fault(offset: start, message: "the string that begins here does not end")
  }

  private static func text(_ bytes: ArraySlice<UInt8>, at start: Int) throws(Fault) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Fault(offset: start, message: "the string that begins here is not UTF-8")
    }
    return text
  }

  /// The UTF-8 of an escape sequence.
  private mutating func escape() throws(Fault) -> [UInt8] {
    let start = index
    index += 1
    guard let byte = peek else { throw expected("an escape") }
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"): break
    // Every other byte.
    default: throw Fault(offset: start, message: "the string has an escape that JSON does not know")
    }
    var code = try codeUnit()
    if 0xD800...0xDBFF ~= code, peek == UInt8(ascii: "\\"), index + 1 < bytes.count,
      bytes[index + 1] == UInt8(ascii: "u")
    {
      index += 2
      let low = try codeUnit()
      guard 0xDC00...0xDFFF ~= low else {
        throw Fault(offset: start, message: "the escape is one half of a pair alone")
      }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else {
      throw Fault(offset: start, message: "the escape is one half of a pair alone")
    }
    return Array(String(Character(scalar)).utf8)
  }

  /// Four hexadecimal digits.
  private mutating func codeUnit() throws(Fault) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw expected("a hexadecimal digit")
      }
      code = code << 4 | UInt32(digit)
      index += 1
    }
    return code
  }
}
