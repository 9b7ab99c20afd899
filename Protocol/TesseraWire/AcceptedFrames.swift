/// Which frames one side takes from the other at the moment. Given to whoever reads headers, so that
/// what may not come is refused before its body is buffered.
public struct AcceptedFrames: Hashable, Sendable {
  /// What may come from a client.
  private enum Phase: Hashable, Sendable {
    /// HELLO and nothing else.
    case greeting
    /// Everything but HELLO.
    case greeted
    /// Everything.
    case any
  }

  /// Nil = both.
  private var sender: FrameKind.Sender?
  private var phase: Phase
  private var capabilities: Capabilities
  /// The longest body that is buffered, in bytes; each kind also has its own limit.
  private var bodyBytesMax: Int

  /// What a server takes from a connection that has not said HELLO.
  public static let fromStranger = AcceptedFrames(
    sender: .client, phase: .greeting, capabilities: [], bodyBytesMax: Limits.bodyBytesMax)

  /// What a server takes after its WELCOME granted these.
  public static func fromClient(
    _ capabilities: Capabilities, bodyBytesMax: Int = Limits.bodyBytesMax
  ) -> AcceptedFrames {
    AcceptedFrames(
      sender: .client, phase: .greeted, capabilities: capabilities, bodyBytesMax: bodyBytesMax)
  }

  /// What a client takes from a server. Before WELCOME nothing is granted.
  public static func fromServer(_ capabilities: Capabilities) -> AcceptedFrames {
    AcceptedFrames(
      sender: .server, phase: .any, capabilities: capabilities,
      bodyBytesMax: ScoresFrame.bodyBytesMax)
  }

  /// Every frame of version 1: for recorded frames, tools and tests.
  public static let every = AcceptedFrames(
    sender: nil, phase: .any, capabilities: .all, bodyBytesMax: ScoresFrame.bodyBytesMax)

  /// Checks a kind and the length of its body.
  ///
  /// - Throws: `BAD_FRAME`, or `EXPECTED_HELLO` for a client's frame before HELLO and a second HELLO.
  ///   Cost: O(1).
  func check(_ kind: FrameKind) throws(WireError) {
    let traits = kind.traits
    if let sender, traits.sender != sender {
      throw WireError(.badFrame, "a \(sender) does not send \(traits.name)")
    }
    switch phase {
    case .any: break
    case .greeting where kind != .hello:
      throw WireError(.expectedHello, "the first frame is \(traits.name), HELLO was expected")
    case .greeted where kind == .hello:
      throw WireError(.expectedHello, "HELLO is sent once, first")
    case .greeting, .greeted: break
    }
    guard capabilities.isSuperset(of: traits.capability) else {
      throw WireError(
        .badFrame, "\(traits.name) needs a capability that was not granted on this connection")
    }
  }

  /// The longest body of this kind that is buffered, in bytes.
  func bodyBytesMax(of kind: FrameKind) -> Int { min(kind.bodyBytesMax, bodyBytesMax) }
}
