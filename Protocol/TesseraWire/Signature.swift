/// What a column holds, and so which encodings it accepts.
public enum ColumnKind: UInt8, Hashable, Sendable, CaseIterable {
  /// One 64-bit integer per row, in any integer encoding.
  case integer = 0
  /// One string per row.
  case string = 1
  /// One float32 per row, in any integer or float encoding; NaN means missing, infinities are refused.
  case number = 2
  /// 0…255 integers per row.
  case integerBag = 3
  /// 0…255 strings per row.
  case stringBag = 4

  /// Whether a row holds several values.
  public var isBag: Bool { self == .integerBag || self == .stringBag }

  /// Whether values in this encoding are allowed. Cost: O(1).
  public func accepts(_ encoding: Encoding, bag: Bool) -> Bool {
    guard bag == isBag else { return false }
    return switch self {
    case .integer, .integerBag: encoding.isInteger
    case .string, .stringBag: encoding == .string
    case .number: encoding != .string
    }
  }
}

/// One named input of a model.
public struct Column: Hashable, Sendable {
  /// 1…64 bytes of UTF-8.
  public var name: String
  /// Where its rows lie.
  public var axis: Axis
  /// What its rows hold.
  public var kind: ColumnKind

  /// A column; the name is checked when it is encoded.
  public init(name: String, axis: Axis, kind: ColumnKind) {
    self.name = name
    self.axis = axis
    self.kind = kind
  }
}

/// What a client must send to a model, and what it gets back. The columns' order is their order on the wire.
public struct Signature: Hashable, Sendable {
  /// At most 64, in wire order.
  public var columns: [Column]
  /// The names of the outputs, 1…8, in wire order.
  public var outputs: [String]
  /// Events of one user that the model reads.
  public var eventsMax: Int
  /// Coupons of one user that the model scores.
  public var couponsMax: Int

  /// A signature; names and counts are checked when it is encoded.
  public init(columns: [Column], outputs: [String], eventsMax: Int, couponsMax: Int) {
    self.columns = columns
    self.outputs = outputs
    self.eventsMax = eventsMax
    self.couponsMax = couponsMax
  }

  /// FNV-1a 64 over the signature as BOUND carries it: equal exactly when the same bytes of a SCORE
  /// body mean the same. Cost: encodes the signature, so keep it rather than ask twice.
  public var hash: UInt64 {
    var bytes: [UInt8] = []
    appendUnchecked(to: &bytes)
    // Integers have no padding that `bytes` could expose.
    return unsafe FNV1a64.hash(bytes.span.bytes)
  }
}
