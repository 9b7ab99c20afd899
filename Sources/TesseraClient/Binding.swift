package import TesseraWire

/// What BOUND told: how one model is addressed on one connection.
package struct Binding: Equatable, Sendable {
  /// Stands for the model in SCORE frames of this connection.
  package let handle: UInt16
  /// The version that was live when the server answered.
  package let version: UInt32
  /// The columns that the model wants and the outputs that it gives.
  package let signature: Signature

  package init(_ body: BoundBody) {
    handle = body.handle
    version = body.version
    signature = body.signature
  }
}

extension ModelReference {
  /// The question that BIND asks for this model.
  package var bindBody: BindBody {
    BindBody(.model, name, target: version == 0 ? .alias(alias) : .version(version))
  }
}
