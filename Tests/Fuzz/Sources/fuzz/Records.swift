// What stands in the registry: records, manifests, keys, digests, blobs, recorded requests. What can be read is written
// again as the same value.
//
// Input: which of them, bytes.

import ModelGraph
@testable import ModelRegistry
import TesseraWire

func testRecords(_ bytes: [UInt8]) {
  var input = FuzzedInput(bytes)
  let choice = input.byte() % 10
  let rest = input.rest()
  switch choice {
  case 0: testManifest(rest)
  case 1: testRecord(VersionRecord.self, rest)
  case 2: testRecord(AliasRecord.self, rest)
  case 3: testRecord(AuditRecord.self, rest)
  case 4: testRecord(Removal.self, rest)
  case 5: testKeys(rest)
  case 6:
    if let digest = Digest(String(decoding: rest, as: UTF8.self)) {
      expect(Digest(digest.description) == digest, "the digest changed")
    }
  case 7: testBlob(rest)
  case 8: testRecorded(rest)
  // A warm-up of the format before; what comes out is one of today.
  default:
    guard let frames = try? Format1.warmup(rest, at: "warm-up") else { return }
    expect((try? RecordedRequests(decoding: frames)) != nil, "the new warm-up cannot be read")
  }
}

private func testRecord<Record: Codable>(_ type: Record.Type, _ bytes: [UInt8]) {
  // As it is read where one damaged record stops nobody else.
  guard let record = try? CanonicalJSON.decode(type, from: bytes, at: "") else { return }
  let once = CanonicalJSON.encode(record)
  guard let again = try? CanonicalJSON.decode(type, from: once, at: "") else {
    fatalError("a record was written that cannot be read")
  }
  expect(CanonicalJSON.encode(again) == once, "the record changed")
}

private func testManifest(_ bytes: [UInt8]) {
  testRecord(Manifest.self, bytes)
  guard
    let manifest = try? Manifest(
      verifying: bytes, digest: Digest(of: bytes), of: "fuzz", version: 1)
  else { return }
  expect(manifest.storedBytes >= 0, "more bytes than can be counted")
  for tensor in manifest.tensors {
    _ = TensorData.payloadBytes(shape: tensor.shape, dtype: tensor.dtype)
  }
}

private func testKeys(_ key: [UInt8]) {
  if let (object, version) = Key.version(of: key) {
    expect(Key.version(object, version) == key, "the key of another version")
  }
  if let (object, alias) = Key.alias(of: key), let name = try? Name(alias, of: "alias") {
    expect(Key.alias(object, name) == key, "the key of another alias")
  }
  _ = Key.audit(of: key)
}

private func testBlob(_ bytes: [UInt8]) {
  // As a manifest says it, up to what an input may take in memory.
  var input = FuzzedInput(bytes)
  let rawBytes = Int(input.integer(UInt32.self) % (1 << 22))
  guard let content = try? ZstdFrame.decompress(input.rest(), rawBytes: rawBytes) else { return }
  expect(content.count == rawBytes, "\(content.count) bytes instead of \(rawBytes)")
  let again = try? ZstdFrame.decompress(ZstdFrame.compress(content), rawBytes: rawBytes)
  expect(again == content, "the content changed")
}

private func testRecorded(_ bytes: [UInt8]) {
  guard let recorded = try? RecordedRequests(decoding: bytes) else { return }
  var end = 0
  for body in recorded.bodies {
    expect(body.lowerBound == end + FrameHeader.byteCount, "frames are lost")
    end = body.upperBound
  }
  expect(end == bytes.count, "the last frame is lost")
  var frames: [UInt8] = []
  for index in recorded.bodies.indices {
    guard
      (try? recorded.append(index, handle: 7, requestID: UInt64(index), to: &frames)) != nil
    else { return }
  }
  expect((try? RecordedRequests(decoding: frames)) != nil, "frames addressed anew cannot be read")
}
