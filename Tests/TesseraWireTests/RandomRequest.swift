// Random signatures and requests that follow them, from a seed, so that a failure can be repeated.
import TesseraWire
import SeededRandom

extension Signature {
  static func random(_ generator: inout SeededGenerator) -> Signature {
    let columns = (0..<Int.random(in: 0...12, using: &generator)).map { index in
      Column(
        name: "column \(index)", axis: Axis.allCases.randomElement(using: &generator) ?? .user,
        kind: ColumnKind.allCases.randomElement(using: &generator) ?? .number)
    }
    .map { column in
      guard column.kind == .vector else { return column }
      var vector = column
      vector.width = Int.random(in: 1...9, using: &generator)
      return vector
    }
    let outputs = [
      Output(name: "taste", axis: .user, meaning: .vector, width: 3),
      Output(name: "redeem", meaning: .probability),
    ]
    return Signature(columns: columns, outputs: outputs, eventsMax: 20, couponsMax: 10)
  }
}

extension ScoreBody {
  static func random(_ signature: Signature, _ generator: inout SeededGenerator) -> ScoreBody {
    let users = (0..<Int.random(in: 1...6, using: &generator)).map { _ in
      User(
        key: generator.next(), events: Int.random(in: 0...signature.eventsMax, using: &generator),
        coupons: Int.random(in: 1...signature.couponsMax, using: &generator))
    }
    var rows = PerAxis(repeating: users.count)
    rows[.event] = users.reduce(0) { $0 + $1.events }
    rows[.coupon] = users.reduce(0) { $0 + $1.coupons }
    let columns = signature.columns.map { column in
      ColumnValues.random(column, rows: rows[column.axis], &generator)
    }
    return ScoreBody(
      handle: UInt16.random(in: 0...(.max), using: &generator),
      deadlineMicroseconds: UInt32.random(in: 0...(.max), using: &generator),
      trace: Bool.random(using: &generator)
        ? TraceContext(
          traceIDHigh: generator.next(), traceIDLow: 1, parentID: generator.next() | 1, flags: 1)
        : nil,
      users: users, columns: columns)
  }
}

extension ColumnValues {
  static func random(
    _ column: Column, rows: Int, _ generator: inout SeededGenerator
  ) -> ColumnValues {
    // One width for the column, so that every encoding is chosen often.
    let bits = Int.random(in: 0...63, using: &generator)
    let isFine = Bool.random(using: &generator)
    func integer() -> Int64 { Int64(bitPattern: generator.next()) >> (63 - bits) }
    func number() -> Float {
      isFine ? Float.random(in: -1000...1000, using: &generator) : Float(integer() % 100_000) / 4
    }
    func string() -> String {
      let scalars = Array("abcdefgh éß乳製品🥛")
      return String(
        (0..<Int.random(in: 0...20, using: &generator)).map { _ in
          scalars[Int.random(in: 0..<scalars.count, using: &generator)]
        })
    }
    func bag<Value>(_ member: () -> Value) -> [Value] {
      (0..<Int.random(in: 0...5, using: &generator)).map { _ in member() }
    }
    return switch column.kind {
    case .integer: .integers((0..<rows).map { _ in integer() })
    case .number: .numbers((0..<rows).map { _ in number() })
    case .string: .strings((0..<rows).map { _ in string() })
    case .integerBag: .integerBags((0..<rows).map { _ in bag(integer) })
    case .stringBag: .stringBags((0..<rows).map { _ in bag(string) })
    case .text: .texts((0..<rows).map { _ in string() + string() })
    case .vector where isFine:
      .scaledVectors(
        width: column.width, scales: (0..<rows).map { _ in number() },
        values: (0..<rows * column.width).map { _ in Int8(truncatingIfNeeded: generator.next()) })
    case .vector:
      .vectors(width: column.width, (0..<rows * column.width).map { _ in number() })
    }
  }
}
