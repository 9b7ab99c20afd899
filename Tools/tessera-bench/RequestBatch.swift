internal import Foundation
internal import Inference
internal import PrecisionChoice
internal import TesseraWire

/// Requests that another program recorded, scored together.
struct RequestBatch {
  private let requests: [PreparedRequest]

  init(frames path: String, signature: Signature) throws {
    let recorded = try RecordedRequests(
      decoding: [UInt8](try Data(contentsOf: URL(filePath: path))))
    requests = try recorded.bodies.map {
      try PreparedRequest(body: Array(recorded.bytes[$0]), signature: signature)
    }
  }

  init(_ requests: [PreparedRequest]) { self.requests = requests }

  /// Decoded columns in, scores computed: what a worker of the server does with a batch.
  func score(_ workspace: Workspace) {
    workspace.reset()
    for request in requests { request.append(to: workspace) }
    workspace.run()
  }

  func scores(_ workspace: Workspace) -> [Float] {
    score(workspace)
    let rows = workspace.rows[workspace.plan.outputAxes[0]]
    // Written in full before the count is set.
    return unsafe [Float](unsafeUninitializedCapacity: rows) { buffer, count in
      // The buffer holds a score for each row of the output.
      unsafe workspace.copyScores(
        output: 0, rows: 0..<rows, into: UnsafeMutableRawBufferPointer(buffer))
      count = rows
    }
  }
}
