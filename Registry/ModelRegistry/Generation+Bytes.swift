package import LMDBStore

// As one process tells it to another: three numbers of 64 bits, little-endian.

extension Generation {
  /// Bytes of a generation.
  package static var byteCount: Int { 24 }

  /// The three numbers.
  package var bytes: [UInt8] {
    [device, inode, transaction].flatMap { number in
      (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
    }
  }

  /// Reads what ``bytes`` has written; `nil` for another number of bytes.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    let numbers = (0..<3).map { index in
      bytes[8 * index..<8 * index + 8].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    }
    self.init(device: numbers[0], inode: numbers[1], transaction: numbers[2])
  }
}
