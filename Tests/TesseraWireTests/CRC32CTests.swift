import TesseraWire
import Testing
import SeededRandom

@Suite("CRC-32C")
struct CRC32CTests {
  @Test(
    "It gives the checksums of RFC 3720, appendix B.4",
    arguments: [
      (Array(repeating: 0, count: 32), 0x8A91_36AA),
      (Array(repeating: 0xFF, count: 32), 0x62A8_AB43),
      (Array(0..<32), 0x46DD_794E), (Array((0..<32).reversed()), 0x113F_DB5C),
      (Array("123456789".utf8), 0xE306_9283), ([], 0),
    ] as [([UInt8], UInt32)])
  func published(bytes: [UInt8], crc: UInt32) {
    // Integers have no padding that `bytes` could expose.
    #expect(unsafe CRC32C.checksum(bytes.span.bytes) == crc)
  }

  @Test("Tables, instructions and the bit-by-bit definition agree at every length and alignment")
  func threeWays() {
    var generator = SeededGenerator(seed: 1)
    let bytes = (0..<400).map { _ in UInt8.random(in: 0...255, using: &generator) }
    for start in 0..<9 {
      for end in start...bytes.count {
        // Integers have no padding that `bytes` could expose.
        let part = unsafe bytes.span.bytes.extracting(start..<end)
        let expected = bitByBit(bytes[start..<end])
        guard CRC32C.checksum(part) == expected, CRC32C.scalar(part) == expected,
          CRC32C.hardware(part) ?? expected == expected
        else {
          Issue.record("bytes \(start)..<\(end) differ")
          return
        }
      }
    }
  }

  @Test("Parts fed in order give the checksum of the whole")
  func continued() {
    let bytes = Array("the quick brown fox jumps over the lazy dog".utf8)
    // Integers have no padding that `bytes` could expose.
    let span = unsafe bytes.span.bytes
    for cut in 0...bytes.count {
      let first = CRC32C.checksum(span.extracting(0..<cut))
      let rest = span.extracting(cut..<bytes.count)
      #expect(CRC32C.checksum(rest, continuing: first) == CRC32C.checksum(span))
      #expect(CRC32C.scalar(rest, continuing: first) == CRC32C.checksum(span))
    }
  }

  private func bitByBit(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
    }
    return ~crc
  }
}
