/// How far the parts of one frame are, each computed by the version that its users go to. The frame is
/// answered when the last is done.
package struct FrameParts: Sendable {
  /// What became of a part.
  package enum Ending: Hashable, Sendable {
    case scored
    case refused(Refusal)
    /// The client had gone.
    case dropped
  }

  /// What the client is told.
  package enum Answer: Hashable, Sendable {
    /// The scores of these users; the others have none.
    case scores(UserMask)
    /// No user was scored: why the first was not.
    case refusal(Refusal)
    /// Nothing; there is nobody.
    case nothing
  }

  private var open: Int
  private var scored = UserMask()
  private var isDropped = false
  /// The refusal of the part with the first of all refused users.
  private var refusal: (user: Int, Refusal)?

  /// A frame that was accepted in so many parts.
  package init(open: Int = 1) { self.open = open }

  /// Notes the end of a part; returns the answer once it was the last.
  package mutating func end(_ users: UserMask, _ ending: Ending) -> Answer? {
    precondition(open > 0, "a part ended twice")
    open -= 1
    switch ending {
    case .scored: scored.formUnion(users)
    case .dropped: isDropped = true
    case .refused(let why):
      if refusal.map({ users.first < $0.user }) ?? true { refusal = (users.first, why) }
    }
    guard open == 0 else { return nil }
    if isDropped { return .nothing }
    guard let refusal, scored.isEmpty else { return .scores(scored) }
    return .refusal(refusal.1)
  }
}
