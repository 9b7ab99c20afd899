import NIOCore
import Serving
import TesseraServer
import TesseraWire
import Testing

/// A frame of six users whose answers come in parts is told by what one whole SCORES says.
@Suite("Replies in parts")
struct ReplyAssemblyTests {
  /// Coupons of each user; one has none.
  private static let coupons = [2, 1, 0, 3, 1, 4]
  private static let shape = ScoresFrame(
    signature: Signature(
      columns: [],
      outputs: [
        Output(name: "redeem", meaning: .probability),
        Output(name: "churn", axis: .user, meaning: .probability),
      ], eventsMax: 1, couponsMax: 4),
    users: coupons.count, coupons: coupons.reduce(0, +))

  /// Users, the version that answers them, and the queue, the batch and the load it says.
  private struct Part {
    var users: [Int]
    var version: UInt32
    var load: UInt8
    var queue: UInt32
    var compute: UInt32
  }

  private static let first = Part(users: [0, 3, 4], version: 3, load: 200, queue: 90, compute: 30)
  private static let second = Part(users: [2, 5], version: 7, load: 17, queue: 800, compute: 20)
  /// Its lane refuses it.
  private static let refused = [1]

  /// The users of some parts, each written as its worker does.
  private static func frame(
    _ parts: [Part], refused: [Int] = [], load: UInt8, queue: UInt32, compute: UInt32
  ) -> ByteBuffer {
    var bytes = [UInt8](repeating: 0, count: shape.byteCount)
    // The array is the frame that `shape` describes.
    unsafe bytes.withUnsafeMutableBytes { frame in
      unsafe shape.begin(frame)
      for part in parts {
        for user in part.users {
          unsafe shape.setUser(user, version: part.version, status: nil, in: frame)
          let start = coupons[..<user].reduce(0, +)
          let rows = [start..<start + coupons[user], user..<user + 1]
          for output in rows.indices {
            for row in rows[output] {
              let score = Float(1 + row) / Float(part.version) - Float(output)
              let offset = shape.valuesRange(output: output).lowerBound + 4 * row
              unsafe frame.storeBytes(
                of: score.bitPattern.littleEndian, toByteOffset: offset, as: UInt32.self)
            }
          }
        }
      }
      for user in refused {
        unsafe shape.setUser(user, version: 0, status: .overloaded, in: frame)
      }
      unsafe shape.finish(
        frame, requestID: 9, load: load, queueMicroseconds: queue, computeMicroseconds: compute)
    }
    return ByteBuffer(bytes: bytes)
  }

  private static func frame(_ part: Part) -> ByteBuffer {
    frame([part], load: part.load, queue: part.queue, compute: part.compute)
  }

  private static func mask(_ users: [Int]) -> UserMask {
    var mask = UserMask()
    for user in users { mask.insert(user) }
    return mask
  }

  @Test(
    "parts in any order, one of them refused, become the bytes of one whole SCORES",
    arguments: [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])
  func anyOrder(order: [Int]) {
    var assembly = ReplyAssembly(Self.shape)
    for part in order {
      switch part {
      case 0: assembly.add(Self.frame(Self.first))
      case 1: assembly.add(Self.frame(Self.second))
      default: assembly.refuse(Self.mask(Self.refused), .overloaded)
      }
    }
    // Of the fullest queue and the latest batch.
    let whole = Self.frame(
      [Self.first, Self.second], refused: Self.refused, load: 200, queue: 800, compute: 30)
    #expect(assembly.finish(requestID: 9) == whole)
  }

  @Test("a part may lie anywhere in the buffer of its batch")
  func slice() {
    var buffer = ByteBuffer(bytes: [0xFF, 0xFF, 0xFF])
    buffer.writeImmutableBuffer(Self.frame(Self.first))
    buffer.writeBytes([0xFF])
    var assembly = ReplyAssembly(Self.shape)
    let slice = buffer.getSlice(at: 3, length: Self.shape.byteCount)
    assembly.add(slice ?? ByteBuffer())
    #expect(assembly.finish(requestID: 9) == Self.frame(Self.first))
  }
}
