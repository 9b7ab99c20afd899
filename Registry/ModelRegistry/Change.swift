#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

/// Who changes the registry, and when. Passed in, so that nothing here reads a clock.
public struct Change: Hashable, Sendable {
  /// A person or a program, with its machine: `deploy@trainer-3`.
  public var who: String
  /// When.
  public var now: Date
  /// Why; a sentence.
  public var why: String?

  /// A change by `who` at a time, for a reason.
  public init(who: String, now: Date, why: String? = nil) {
    self.who = who
    self.now = now
    self.why = why
  }

  func check() throws(RegistryError) {
    guard (1...RegistryLimits.whoBytesMax).contains(who.utf8.count) else {
      throw RegistryError(
        .limit, at: "who", "must be given, in at most \(RegistryLimits.whoBytesMax) bytes")
    }
    guard why != "" else {
      throw RegistryError(.limit, at: "note", "is empty; say why in a sentence, or leave it out")
    }
    guard (why ?? "").utf8.count <= RegistryLimits.noteBytesMax else {
      throw RegistryError(
        .limit, at: "note",
        "is longer than \(RegistryLimits.noteBytesMax) bytes; a sentence will do")
    }
  }
}
