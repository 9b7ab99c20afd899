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
  /// As many finite numbers per row as the column is wide: float16, float32, or int8 with a scale per row.
  case vector = 5
  /// One UTF-8 text per row, longer than a string may be.
  case text = 6

  /// Whether a row holds several values.
  public var isBag: Bool { self == .integerBag || self == .stringBag }

  /// Whether values in this encoding are allowed. Cost: O(1).
  public func accepts(_ encoding: Encoding, bag: Bool) -> Bool {
    guard bag == isBag else { return false }
    return switch self {
    case .integer, .integerBag: encoding.isInteger
    case .string, .stringBag: encoding == .string
    case .number: encoding.isInteger || encoding.isFloat
    case .vector: encoding.isFloat || encoding == .scaledInt8
    case .text: encoding == .text
    }
  }
}

/// One named input of a model.
public struct Column: Hashable, Sendable {
  /// 1…``Limits/nameBytesMax`` bytes of UTF-8.
  public var name: String
  /// Where its rows lie.
  public var axis: Axis
  /// What its rows hold.
  public var kind: ColumnKind
  /// Numbers of a row of a vector; 1 for every other kind.
  public var width: Int

  /// A column; it is checked when it is encoded.
  public init(name: String, axis: Axis, kind: ColumnKind, width: Int = 1) {
    self.name = name
    self.axis = axis
    self.kind = kind
    self.width = width
  }
}

/// One named result of a model.
public struct Output: Hashable, Sendable {
  /// What its numbers mean.
  public enum Meaning: UInt8, Hashable, Sendable, CaseIterable {
    /// A finite number.
    case value = 0
    /// A number from 0 to 1.
    case probability = 1
    /// As many finite numbers as the output is wide.
    case vector = 2
  }

  /// 1…``Limits/nameBytesMax`` bytes of UTF-8.
  public var name: String
  /// Where its rows lie: user or coupon.
  public var axis: Axis
  /// What its numbers mean.
  public var meaning: Meaning
  /// Numbers of a row of a vector; 1 for every other meaning.
  public var width: Int

  /// An output; it is checked when it is encoded.
  public init(name: String, axis: Axis = .coupon, meaning: Meaning, width: Int = 1) {
    self.name = name
    self.axis = axis
    self.meaning = meaning
    self.width = width
  }
}

/// What a client must send to a model, and what it gets back. The columns' order is their order on the wire.
public struct Signature: Hashable, Sendable {
  /// At most ``Limits/columnsMax``, in wire order.
  public var columns: [Column]
  /// 1…``Limits/outputsMax``, in wire order.
  public var outputs: [Output]
  /// Events of one user that the model reads.
  public var eventsMax: Int
  /// Coupons of one user; 0 exactly where nothing of the model lies on the coupon axis.
  public var couponsMax: Int

  /// A signature; names and counts are checked when it is encoded.
  public init(columns: [Column], outputs: [Output], eventsMax: Int, couponsMax: Int) {
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

  /// Whether anything lies on the axis.
  public func uses(_ axis: Axis) -> Bool {
    columns.contains { $0.axis == axis } || outputs.contains { $0.axis == axis }
  }

  /// The coupons that one user may have: 0…0 where nothing lies on the coupon axis, else 1…`couponsMax`.
  public func couponCounts(limits: FrameLimits = .standard) -> ClosedRange<Int> {
    couponsMax == 0 ? 0...0 : 1...min(couponsMax, limits.couponsMax)
  }

  /// Numbers of an answer with so many rows. Cost: O(outputs).
  public func numbers(users: Int, coupons: Int) -> Int {
    var numbers = 0
    for index in outputs.indices {
      numbers += outputs[index].width * (outputs[index].axis == .user ? users : coupons)
    }
    return numbers
  }
}
