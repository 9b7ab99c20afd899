public import ModelGraph
internal import TesseraWire

/// Requests with the scores that the model's own framework gave them: `golden.frames` and `golden.safetensors` of a
/// model folder.
public struct GoldenScores: Sendable {
  let requests: [PreparedRequest]
  /// For each output, in the signature's order, the numbers of all rows of all requests, one after another.
  let scores: [[Float]]

  /// Reads the two files.
  ///
  /// - Throws: `ModelError` at the file's name, with what is wrong in it.
  /// - Complexity: linear in the bytes.
  public init(frames: [UInt8], scores file: [UInt8], graph: TypedGraph) throws(ModelError) {
    requests = try PreparedRequest.all(
      in: frames, signature: graph.signature, file: Self.framesName)
    let tensors = try SafetensorsFile(bytes: file).tensors
    var scores: [[Float]] = []
    for output in graph.signature.outputs {
      let place = "\(Self.scoresName), tensor \"\(output.name)\""
      guard let tensor = tensors.first(where: { $0.name == output.name }) else {
        throw ModelError(.tensor, at: place, "is missing: there is one for each output")
      }
      let rows = requests.reduce(0) { $0 + $1.layout.counts[output.axis] }
      guard tensor.shape == [rows, output.width] else {
        throw ModelError(
          .tensor, at: place,
          "has shape \(tensor.shape), but the requests of \(Self.framesName) are answered with "
            + "\([rows, output.width])")
      }
      let numbers = tensor.dequantised()
      guard numbers.allSatisfy(\.isFinite) else {
        throw ModelError(.tensor, at: place, "holds numbers that are not finite")
      }
      scores.append(numbers)
    }
    if tensors.count > scores.count {
      throw ModelError(.tensor, at: Self.scoresName, "holds tensors that are no outputs")
    }
    self.scores = scores
  }

  /// The names of the files in a model folder.
  public static let framesName = "golden.frames"
  /// As above.
  public static let scoresName = "golden.safetensors"
}

extension PreparedRequest {
  /// The requests of a file of SCORE frames.
  static func all(
    in frames: [UInt8], signature: Signature, file: String
  ) throws(ModelError) -> [PreparedRequest] {
    do throws(WireError) {
      let recorded = try RecordedRequests(decoding: frames)
      var requests: [PreparedRequest] = []
      for body in recorded.bodies {
        requests.append(try PreparedRequest(body: Array(frames[body]), signature: signature))
      }
      return requests
    } catch {
      throw ModelError(.malformed, at: file, error.message)
    }
  }
}
