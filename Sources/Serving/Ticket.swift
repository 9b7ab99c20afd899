import TesseraWire

/// What the decisions need to know of the users of one frame that go to one version. The frame itself
/// stays where it was received; `request` finds it again.
///
/// Plain values only: queues of tickets are copied without touching a reference count. All times
/// are nanoseconds of one monotonic clock.
package struct Ticket: Hashable, Sendable {
  /// Where the server keeps the frame.
  package var request: RequestIndex
  /// Key of the frame's first user.
  package var userKey: UInt64
  /// Which users of the frame are meant.
  package internal(set) var users: UserMask
  /// When the last byte of the frame was read, in nanoseconds.
  package var arrival: Int64
  /// After this moment nobody waits for the scores, in nanoseconds.
  package var deadline: Int64
  /// What it brings.
  package var size: WorkSize
  /// Whether it is one of several parts of a long frame.
  package internal(set) var isSlice = false
  /// Estimated compute in nanoseconds; set on admission.
  package internal(set) var cost: Int64 = 0
  /// Estimated compute that was ahead of it, in nanoseconds of a worker; set on admission.
  package internal(set) var workAhead: Int64 = 0

  /// A whole frame.
  package init(
    request: RequestIndex, userKey: UInt64, arrival: Int64, deadline: Int64, size: WorkSize
  ) {
    self.request = request
    self.userKey = userKey
    users = UserMask(first: size.rows[.user])
    self.arrival = arrival
    self.deadline = deadline
    self.size = size
  }
}

/// What routes and costs need to know of one user of a frame.
package struct FrameUser: Hashable, Sendable {
  package let key: UInt64
  package let size: WorkSize

  package init(key: UInt64, size: WorkSize) {
    self.key = key
    self.size = size
  }
}

extension Ticket {
  /// Tickets of neighbouring users, each with as many as fit, at least one.
  ///
  /// - Complexity: O(users); allocates, as only long frames do.
  func sliced(user: (Int) -> FrameUser, fits: (WorkSize) -> Bool) -> [Ticket] {
    var slices: [Ticket] = []
    users.forEachRun { run in
      for index in run {
        let user = user(index)
        if let last = slices.indices.last {
          var size = slices[last].size + user.size
          size.rows.bagValues = self.size.rows.bagValues
          if fits(size) {
            slices[last].users.insert(index)
            slices[last].size = size
            continue
          }
        }
        var slice = self
        slice.users = UserMask()
        slice.users.insert(index)
        slice.userKey = user.key
        slice.size = user.size
        // Members are not counted by user: what bounds the frame bounds each of its slices.
        slice.size.rows.bagValues = self.size.rows.bagValues
        slices.append(slice)
      }
    }
    if slices.count > 1 { for index in slices.indices { slices[index].isSlice = true } }
    return slices
  }

  /// A ticket for each lane that some of the frame's users go to.
  ///
  /// - Complexity: O(users × shares); allocates, as only frames on a split route do.
  func split(over route: Route, user: (Int) -> FrameUser) -> [(lane: Int, ticket: Ticket)] {
    let users = (0..<users.count).map(user)
    // Who has no key goes anywhere, another time elsewhere; all such users together as the shares say.
    let keys = users.enumerated().map { index, user in
      user.key == 0 ? UInt64(bitPattern: arrival) &* 64 &+ UInt64(index) : user.key
    }
    return route.parts(userKeys: keys).map { part in
      var ticket = self
      ticket.users = part.users
      ticket.userKey = users[part.users.first].key
      ticket.size = WorkSize()
      for user in users.indices where part.users.contains(user) {
        ticket.size = ticket.size + users[user].size
      }
      // Members are not counted by user: what bounds the frame bounds each of its parts.
      ticket.size.rows.bagValues = size.rows.bagValues
      return (part.lane, ticket)
    }
  }
}
