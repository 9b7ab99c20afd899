package import TesseraWire

/// What one BIND gave a connection: where its frames go, and how they are encoded. Never changes, so
/// a frame that refers to it needs one reference and no copy.
package final class BoundModel: Sendable {
  /// The BIND that made it.
  package let body: BindBody
  /// Where frames are submitted: a slot of the routes.
  package let slot: Int
  /// What frames are decoded with.
  package let signature: Signature
  /// Hash of `signature`.
  package let signatureHash: UInt64

  package init(body: BindBody, slot: Int, signature: Signature, signatureHash: UInt64) {
    self.body = body
    self.slot = slot
    self.signature = signature
    self.signatureHash = signatureHash
  }
}

/// The handles of one connection.
///
/// A BIND that means the same and finds the same signature gets the handle it got before. After a
/// change of signature it gets another number: frames that are still under way with the old one
/// are encoded the old way and must not be read the new way.
package struct Handles: Sendable {
  private var models: [BoundModel] = []

  package init() {}

  /// The model of a handle.
  package subscript(handle: Int) -> BoundModel? {
    models.indices.contains(handle) ? models[handle] : nil
  }

  /// The handle for a bound model; nil when all `handlesMax` are taken.
  package mutating func add(_ model: BoundModel, handlesMax: Int) -> Int? {
    if let same = models.firstIndex(where: {
      $0.body == model.body && $0.signatureHash == model.signatureHash
    }) {
      return same
    }
    guard models.count < handlesMax else { return nil }
    models.append(model)
    return models.count - 1
  }
}
