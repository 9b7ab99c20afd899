/// Where the users of a frame go.
package struct Route: Hashable, Sendable {
  /// A lane and its part of the users.
  package struct Share: Hashable, Sendable {
    /// Index of the lane.
    package let lane: Int
    /// Its part of the sum of the weights of all shares; at least 1.
    package let weight: UInt32

    package init(lane: Int, weight: UInt32) {
      self.lane = lane
      self.weight = weight
    }
  }

  /// The users of a frame that go to one lane.
  package struct Part: Hashable, Sendable {
    /// Index of the lane.
    package let lane: Int
    /// Which of the frame's users: bit u stands for user u.
    package let users: UserMask
  }

  /// In the order of the target; never empty.
  package let shares: [Share]
  /// Keys the choice, so that two splits do not choose the same users.
  package let salt: UInt64

  /// The sum of the weights.
  private let totalWeight: UInt64

  /// Everyone to one lane.
  package init(lane: Int) { self.init(shares: [Share(lane: lane, weight: 1)], salt: 0) }

  /// Each user to one of several lanes, always the same as long as shares and salt stay.
  ///
  /// - Parameter shares: at least one.
  package init(shares: [Share], salt: UInt64) {
    precondition(!shares.isEmpty && shares.allSatisfy { $0.weight > 0 }, "a share of nobody")
    self.shares = shares
    self.salt = salt
    totalWeight = shares.reduce(0) { $0 + UInt64($1.weight) }
  }

  /// Who goes where: for each lane that gets any user the mask of its users.
  ///
  /// - Parameter userKeys: at most ``UserMask/usersMax``.
  /// - Complexity: O(1) with one share, O(users × shares) otherwise.
  package func parts(userKeys: [UInt64]) -> [Part] {
    guard shares.count > 1 else {
      return [Part(lane: shares[0].lane, users: UserMask(first: userKeys.count))]
    }
    var masks = [UserMask](repeating: UserMask(), count: shares.count)
    for (user, key) in userKeys.enumerated() { masks[share(of: key)].insert(user) }
    return shares.indices.compactMap {
      masks[$0].isEmpty ? nil : Part(lane: shares[$0].lane, users: masks[$0])
    }
  }

  /// Index of the share that a user belongs to.
  private func share(of userKey: UInt64) -> Int {
    // The upper half of the product is below the total: every share gets its part of the 2⁶⁴ values
    // within one of them.
    let point = scattered(userKey, salt: salt).multipliedFullWidth(by: totalWeight).high
    var end: UInt64 = 0
    for index in shares.indices {
      end += UInt64(shares[index].weight)
      if point < end { return index }
    }
    preconditionFailure("the weights add up to the total")
  }
}

/// A number that looks random and depends on every bit of key and salt: the finalising steps of
/// SplitMix64 (Steele, Lea and Flood, *Fast Splittable Pseudorandom Number Generators*, 2014), taken twice
/// so that keys in a row and salts in a row are scattered alike.
private func scattered(_ key: UInt64, salt: UInt64) -> UInt64 {
  mixed(mixed(key &+ 0x9E37_79B9_7F4A_7C15) ^ salt)
}

private func mixed(_ value: UInt64) -> UInt64 {
  var bits = value
  bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
  bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
  return bits ^ bits >> 31
}
