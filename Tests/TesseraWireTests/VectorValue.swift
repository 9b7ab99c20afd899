// Turns a decoded frame into the JSON value that a vector's header holds, so that Swift, Python and the
// vectors can be compared.
import Foundation
import TesseraWire

/// A JSON value. Whole numbers are equal however they were written.
enum VectorValue: Equatable, Decodable {
  case null
  case integer(Int64)
  case unsigned(UInt64)
  case double(Double)
  case string(String)
  case array([VectorValue])
  case object([String: VectorValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(UInt64.self) {
      self = .unsigned(value)
    } else if let value = try? container.decode(Double.self) {
      self.init(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([VectorValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: VectorValue].self))
    }
  }

  init(_ value: Double) {
    if value.isNaN {
      self = .null
    } else if let whole = Int64(exactly: value) {
      self = .integer(whole)
    } else {
      self = .double(value)
    }
  }

  init(_ value: some BinaryInteger) {
    if let integer = Int64(exactly: value) {
      self = .integer(integer)
    } else {
      self = .unsigned(UInt64(value))
    }
  }

  init(hex bytes: [UInt8]) {
    self = .string(bytes.map { String(format: "%02x", $0) }.joined())
  }
}

extension VectorValue {
  /// The value of a frame's body.
  init(_ kind: FrameKind, _ body: RawSpan, signature: Signature?) throws(WireError) {
    switch kind {
    case .hello: self.init(try HelloBody(decoding: body))
    case .bind: self.init(try BindBody(decoding: body))
    case .score:
      guard let signature else { throw WireError(.internalError, "no signature in the header") }
      self.init(try ScoreBody(decoding: body, signature: signature))
    case .ping, .pong, .cancel, .unbound:
      let bytes = body.byteOffsets.map { body.littleEndian(at: $0, as: UInt8.self) }
      self = .object(["bytes": VectorValue(hex: bytes)])
    case .welcome: self.init(try WelcomeBody(decoding: body))
    case .bound: self.init(try BoundBody(decoding: body))
    case .scores: self.init(try ScoresBody(decoding: body))
    case .error: self.init(try ErrorBody(decoding: body))
    case .goAway:
      let goAway = try GoAwayBody(decoding: body)
      self = .object([
        "code": VectorValue(goAway.code.rawValue), "retry": VectorValue(goAway.retry.rawValue),
        "retry_after_us": VectorValue(goAway.retryAfterMicroseconds),
        "text": .string(goAway.text),
      ])
    case .unbind: self = .object(["handle": VectorValue(try UnbindBody(decoding: body).handle)])
    case .list:
      let list = try ListBody(decoding: body)
      self = .object([
        "object_kind": VectorValue(list.objectKind?.rawValue ?? 0),
        "first": VectorValue(list.first),
      ])
    case .listed: self.init(try ListedBody(decoding: body))
    }
  }

  private init(_ hello: HelloBody) {
    self = .object([
      "version_min": VectorValue(hello.versionMin), "version_max": VectorValue(hello.versionMax),
      "capabilities": VectorValue(hello.capabilities.rawValue),
      "credential": VectorValue(hex: hello.credential), "client_name": .string(hello.clientName),
    ])
  }

  private init(_ bind: BindBody) {
    let version: UInt32 = if case .version(let number) = bind.target { number } else { 0 }
    let alias: String = if case .alias(let name) = bind.target { name } else { "" }
    self = .object([
      "object_kind": VectorValue(bind.objectKind.rawValue), "version": VectorValue(version),
      "name": .string(bind.name), "alias": .string(alias),
    ])
  }

  private init(_ listed: ListedBody) {
    self = .object([
      "total": VectorValue(listed.total), "first": VectorValue(listed.first),
      "entries": .array(
        listed.entries.map { entry in
          .array([
            VectorValue(entry.objectKind.rawValue), VectorValue(entry.state.rawValue),
            VectorValue(entry.version), VectorValue(entry.wantedVersion), .string(entry.name),
            .string(entry.alias), .string(entry.reason),
          ])
        }),
    ])
  }

  private init(_ welcome: WelcomeBody) {
    self = .object([
      "version": VectorValue(welcome.version),
      "capabilities": VectorValue(welcome.capabilities.rawValue),
      "users_max": VectorValue(welcome.limits.usersMax),
      "events_max": VectorValue(welcome.limits.eventsMax),
      "coupons_max": VectorValue(welcome.limits.couponsMax),
      "columns_max": VectorValue(welcome.limits.columnsMax),
      "in_flight_max": VectorValue(welcome.limits.inFlightMax),
      "handles_max": VectorValue(welcome.limits.handlesMax),
      "rows_max": VectorValue(welcome.limits.rowsMax),
      "numbers_max": VectorValue(welcome.limits.numbersMax),
      "body_bytes_max": VectorValue(welcome.limits.bodyBytesMax),
      "frame_timeout_ms": VectorValue(welcome.times.frameTimeoutMilliseconds),
      "default_deadline_us": VectorValue(welcome.times.defaultDeadlineMicroseconds),
      "drain_ms": VectorValue(welcome.times.drainMilliseconds),
      "server_name": .string(welcome.serverName), "release": .string(welcome.release),
    ])
  }

  private init(_ bound: BoundBody) {
    let columns = bound.signature.columns.map { column in
      VectorValue.array([
        .string(column.name), .string(column.axis.name), .string("\(column.kind)"),
        VectorValue(column.width),
      ])
    }
    self = .object([
      "handle": VectorValue(bound.handle), "version": VectorValue(bound.version),
      "events_max": VectorValue(bound.signature.eventsMax),
      "coupons_max": VectorValue(bound.signature.couponsMax), "columns": .array(columns),
      "outputs": .array(
        bound.signature.outputs.map { output in
          .array([
            .string(output.name), .string(output.axis.name), .string("\(output.meaning)"),
            VectorValue(output.width),
          ])
        }),
    ])
  }

  private init(_ error: ErrorBody) {
    self = .object([
      "code": VectorValue(error.code.rawValue), "retry": VectorValue(error.retry.rawValue),
      "column": error.column.map { VectorValue($0) } ?? .null,
      "offset": error.offset.map { VectorValue($0) } ?? .null,
      "retry_after_us": VectorValue(error.retryAfterMicroseconds), "text": .string(error.text),
    ])
  }

  private init(_ scores: ScoresBody) {
    self = .object([
      "users": .array(
        scores.users.map {
          .array([VectorValue($0.version), VectorValue($0.status?.rawValue ?? 0)])
        }),
      "outputs": VectorValue(scores.outputs), "load": VectorValue(scores.load),
      "queue_us": VectorValue(scores.queueMicroseconds),
      "compute_us": VectorValue(scores.computeMicroseconds),
      "coupon_rows": VectorValue(scores.coupons),
      "values": .array(scores.values.map { VectorValue(Double($0)) }),
    ])
  }

  private init(_ score: ScoreBody) {
    self = .object([
      "handle": VectorValue(score.handle), "deadline_us": VectorValue(score.deadlineMicroseconds),
      "trace": score.trace.map { .string($0.description) } ?? .null,
      "users": .array(
        score.users.map {
          .array([VectorValue($0.key), VectorValue($0.events), VectorValue($0.coupons)])
        }),
      "columns": .array(
        score.columns.map { column in
          switch column {
          case .integers(let values): .array(values.map { VectorValue($0) })
          case .numbers(let values): .array(values.map { VectorValue(Double($0)) })
          case .strings(let values): .array(values.map { .string($0) })
          case .integerBags(let bags): .array(bags.map { .array($0.map { VectorValue($0) }) })
          case .stringBags(let bags): .array(bags.map { .array($0.map { .string($0) }) })
          case .texts(let values): .array(values.map { .string($0) })
          case .vectors(_, let values): .array(values.map { VectorValue(Double($0)) })
          case .scaledVectors(_, let scales, let values):
            .array([
              .array(scales.map { VectorValue(Double($0)) }),
              .array(values.map { VectorValue($0) }),
            ])
          }
        }),
    ])
  }
}
