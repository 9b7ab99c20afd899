import TesseraWire
import Testing

@Suite("Transcripts")
struct TranscriptTests {
  @Test("The folder holds transcripts in which every frame kind and every fact is met")
  func coverage() throws {
    var kinds: Set<FrameKind> = []
    var facts: Set<String> = []
    for event in Transcript.all.flatMap(\.events) {
      switch event {
      case .client(_, let bytes), .server(_, let bytes):
        if let kind = FrameKind(rawValue: bytes[4]) { kinds.insert(kind) }
      case .fact(let words): facts.insert(words[0])
      }
    }
    #expect(kinds == Set(FrameKind.allCases))
    #expect(
      facts == ["serves", "wants", "limits", "holds", "computes", "is", "drains", "closes"])
  }

  @Test(
    "What headers and checksums refuse is refused as the transcript says, all else is taken",
    arguments: Transcript.all)
  func headers(transcript: Transcript) throws {
    var accepted = AcceptedFrames.fromStranger
    var refusal: ErrorCode?
    for event in transcript.events {
      switch event {
      case .client(let name, let bytes):
        #expect(refusal == nil, "a frame behind one that closes")
        do throws(WireError) {
          // Integers have no padding that `bytes` could expose.
          let header = try unsafe FrameScanner.next(in: bytes.span.bytes, accepting: accepted)
          #expect(header?.frameByteCount == bytes.count)
          #expect(header?.kind.name == name)
          // Without WELCOME nobody looks at what is behind HELLO.
          accepted = .fromClient(transcript.granted ?? [])
        } catch {
          refusal = error.code
        }
      case .server(let name, let bytes):
        try withBody(bytes) { (header, body) throws(WireError) in
          #expect(name.hasPrefix(header.kind.name))
          #expect(header.frameByteCount == bytes.count)
          guard header.kind == .error else { return }
          let error = try ErrorBody(decoding: body)
          #expect(name == "ERROR \(error.code.name)")
          #expect(error.retry == error.code.retry)
          #expect((header.requestID == 0) == (refusal != nil))
          if let expected = refusal { #expect(error.code == expected) }
        }
      case .fact: break
      }
    }
    #expect(refusal == nil || transcript.events.last == .fact(["closes"]))
  }

  @Test(
    "Every answer has the id of a request that is open, and every request is answered once",
    arguments: Transcript.all)
  func answers(transcript: Transcript) throws {
    var open: Set<UInt64> = []
    for event in transcript.events {
      switch event {
      case .client(let name, let bytes) where name != "CANCEL":
        open.insert(id(bytes))
      case .client, .fact: break
      case .server(_, let bytes):
        #expect(id(bytes) == 0 || open.remove(id(bytes)) != nil)
      }
    }
    #expect(open.isEmpty || transcript.events.last == .fact(["closes"]))
  }

  @Test("Every SCORE follows the signature that its handle was bound with, or is refused for it")
  func bodies() throws {
    var scored = 0
    for transcript in Transcript.all {
      var signatures: [Int: Signature] = [:]
      for event in transcript.events {
        switch event {
        case .server("BOUND", let bytes):
          let bound = try withBody(bytes) { (_, body) throws(WireError) in
            try BoundBody(decoding: body)
          }
          signatures[Int(bound.handle)] = bound.signature
        case .client("SCORE", let bytes):
          let code = answer(to: id(bytes), in: transcript)
          do throws(WireError) {
            try withBody(bytes) { (_, body) throws(WireError) in
              guard let signature = signatures[try ScoreLayout.peekHandle(body)] else {
                throw WireError(.unknownHandle, "not bound")
              }
              var layout = ScoreLayout()
              try layout.decode(
                body, signature: signature,
                capabilities: transcript.granted ?? [])
            }
            let bodyCodes: [ErrorCode] = [.malformed, .limit, .badValue]
            #expect(!bodyCodes.contains { $0 == code }, "\(transcript.name)")
            scored += 1
          } catch {
            #expect(error.code == code, "\(transcript.name): \(error)")
          }
        case .client, .server, .fact: break
        }
      }
    }
    #expect(scored >= 20)
  }

  /// The request id of a frame.
  private func id(_ bytes: [UInt8]) -> UInt64 {
    bytes[8..<16].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The code of the first ERROR with this id; nil when the answer is another frame.
  private func answer(to id: UInt64, in transcript: Transcript) -> ErrorCode? {
    for case .server(_, let bytes) in transcript.events where self.id(bytes) == id {
      return try? withBody(bytes) { (header, body) throws(WireError) in
        header.kind == .error ? try ErrorBody(decoding: body).code : nil
      }
    }
    return nil
  }
}
