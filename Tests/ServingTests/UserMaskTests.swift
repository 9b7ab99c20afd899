import Serving
import Testing

@Suite("Users of a frame")
struct UserMaskTests {
  private func mask(_ users: some Sequence<Int>) -> UserMask {
    var mask = UserMask()
    for user in users { mask.insert(user) }
    return mask
  }

  private func runs(_ mask: UserMask) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    mask.forEachRun { runs.append($0) }
    return runs
  }

  /// User by user.
  private func naiveRuns(_ users: [Int]) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    for user in users {
      if let last = runs.last, last.upperBound == user {
        runs[runs.count - 1] = last.lowerBound..<user + 1
      } else {
        runs.append(user..<user + 1)
      }
    }
    return runs
  }

  @Test(
    "the runs of every mask of eight users are those that a plain loop finds, wherever they lie")
  func everyMask() {
    for bits in 0..<256 {
      for shift in [0, 1, 28, UserMask.usersMax - 8] {
        let users = (0..<8).filter { bits >> $0 & 1 == 1 }.map { $0 + shift }
        #expect(runs(mask(users)) == naiveRuns(users))
      }
    }
  }

  @Test("everybody is one run, nobody none")
  func ends() {
    #expect(runs(UserMask(first: UserMask.usersMax)) == [0..<UserMask.usersMax])
    #expect(runs(UserMask()) == [])
    #expect(UserMask(first: 0) == UserMask())
    #expect(UserMask().first == UserMask.usersMax)
  }

  @Test("the first users are those that were put in one by one")
  func first() {
    for count in 0...UserMask.usersMax {
      #expect(UserMask(first: count) == mask(0..<count))
      #expect(UserMask(first: count).count == count)
    }
  }
}
