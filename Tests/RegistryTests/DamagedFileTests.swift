import Foundation
import LMDBStore
import ModelRegistry
import SeededRandom
import Testing

@Suite("A data file that is damaged anywhere", .serialized)
struct DamagedFileTests {
  let folder = TemporaryFolder()

  @Test("Damage below the checks of the store, and a file cut short, are said and exit with 1")
  func damagedFile() throws {
    let path = try Registry.sample(in: folder, versions: 1).path
    let digest = try Registry(path: path, access: .readOnly)
      .manifest(model: "coupon", version: 1).digest
    let file = URL(filePath: "\(path)/data.mdb")
    let sound = try Data(contentsOf: file)
    // The manifest's node: its size stands in the first four bytes of eight before the key. Bit 20 makes
    // it reach beyond the file.
    var (damaged, rest) = (sound, 0..<sound.count)
    // In pages that are in use and in old ones.
    while let key = sound.range(of: Data(digest.bytes), in: rest) {
      damaged[key.lowerBound - 6] ^= 1 << 4
      rest = key.upperBound..<sound.count
    }
    try #require(damaged != sound)
    try damaged.write(to: file)
    for verb in [["list"], ["verify"], ["show", "coupon"], ["promote", "coupon", "1"]] {
      let run = try Command(["--registry", path] + verb).finish()
      #expect(run.status == 1)
      #expect(run.errors.hasPrefix("Error: the registry is damaged below what can be checked"))
      #expect(run.errors.contains("restore"))
      #expect(run.errors.filter { $0 == "\n" }.count == 1)
    }
    try sound.prefix(3 << 12).write(to: file)
    for verb in [["list"], ["verify"]] {
      let run = try Command(["--registry", path] + verb).finish()
      #expect(run.status == 1)
      #expect(run.errors.contains("cut short"))
    }
  }

  @Test("Keys that are out of order are damage: a walk over a damaged tree comes to an end")
  func order() throws {
    let path = folder / "store"
    for key in ["first", "middle", "third"] {
      try createDatabase("a", at: path)
      try replace(Array(key.utf8), in: "a", with: [1], at: path)
    }
    let file = URL(filePath: "\(path)/data.mdb")
    var bytes = try Data(contentsOf: file)
    var rest = 0..<bytes.count
    while let key = bytes.range(of: Data("middle".utf8), in: rest) {
      bytes.replaceSubrange(key, with: Data("xiddle".utf8))
      rest = key.upperBound..<bytes.count
    }
    try bytes.write(to: file)
    let error = #expect(throws: StoreError.self) {
      try Environment(path: path, access: .readOnly).read { transaction throws(StoreError) in
        try transaction.forEach(in: "a") { _, _ in true }
      }
    }
    #expect(error?.code == .corrupted)
  }

  /// What a command says: nobody sees a signal, and a refusal has its reason.
  @discardableResult
  private func run(
    _ words: [String], _ damage: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> (status: Int32, output: String) {
    let command = try Command(["--registry", folder / "registry"] + words)
    let (status, output, errors) = try command.finish()
    #expect(
      command.process.terminationReason == .exit && (status == 0 || status == 1),
      "\(words) after \(damage): \(status) \(errors)", sourceLocation: sourceLocation)
    #expect(status == 0 || !(output + errors).isEmpty, sourceLocation: sourceLocation)
    return (status, output)
  }

  private struct Row: Decodable, Equatable {
    var model: String
    var version: UInt32
    var aliases: [String]
    var manifest: String
  }

  private func rows(_ damage: String) throws -> [Row] {
    let list = try run(["list", "--json"], damage)
    return list.status == 0
      ? try JSONDecoder().decode([Row].self, from: Data(list.output.utf8)) : []
  }

  /// Damages some bytes, and says how. Pages that took each other's place are left out: a consistent older
  /// state may come back, which nothing in the file tells from the present one.
  private func damage(_ file: inout Data, _ numbers: inout SeededGenerator) -> String {
    let pageBytes = 4_096
    let page = Int.random(in: 0..<file.count / pageBytes, using: &numbers) * pageBytes
    switch Int.random(in: 0..<6, using: &numbers) {
    case 0:
      file.removeLast(Int.random(in: 1..<file.count, using: &numbers))
      return "a cut at \(file.count)"
    case 1:
      for byte in page..<page + pageBytes {
        file[byte] = UInt8.random(in: 0...255, using: &numbers)
      }
      return "random bytes in the page at \(page)"
    case 2:
      for byte in page..<page + pageBytes { file[byte] = 0 }
      return "zeros in the page at \(page)"
    case 3:
      // Page header and the first offsets of nodes.
      for _ in 0..<4 {
        file[page + Int.random(in: 0..<48, using: &numbers)] = UInt8.random(
          in: 0...255, using: &numbers)
      }
      return "four bytes in the header of the page at \(page)"
    // Flips are likeliest.
    default:
      let flips = (0..<Int.random(in: 1...8, using: &numbers)).map { _ in
        Int.random(in: 0..<file.count * 8, using: &numbers)
      }
      for bit in flips { file[bit / 8] ^= 1 << UInt8(bit % 8) }
      return "flips of bits \(flips)"
    }
  }

  @Test(
    "Damage of every kind at any place ends no command by a signal, and no content that has changed is called well"
  )
  func anywhere() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    try registry.promote(model: "coupon", version: 1, change: .test())
    try registry.promote(model: "coupon", version: 2, change: .test())
    // The last transaction changes nothing that is listed: where the newest meta page is damaged, the state
    // before it is the registry's state.
    try replace([1], in: "unused", with: Array(#"{"since": "2099"}"#.utf8), at: registry.path)
    let third = try SampleModel(seed: 3).write(to: folder / "source-3")
    let sound = try rows("nothing")
    #expect(sound.count == 2)
    let file = URL(filePath: "\(registry.path)/data.mdb")
    let bytes = try Data(contentsOf: file)
    let changes = [
      ["promote", "coupon", "1"], ["rollback", "coupon"], ["import", third],
      ["gc", "--grace-hours", "0"], ["backup", folder / "backup"], ["remove", "coupon@production"],
      ["gc", "--shrink"],
    ]
    var (found, unnoticed) = (0, 0)
    // As many as the time allows, at least some.
    let end = ContinuousClock.now + .seconds(12)
    for seed in 0..<500 where seed < 20 || ContinuousClock.now < end {
      var numbers = SeededGenerator(seed: UInt64(seed))
      var damaged = bytes
      let what = "\(damage(&damaged, &numbers)) (seed \(seed))"
      try damaged.write(to: file)
      try run(["show", "coupon"], what)
      if try run(["verify"], what).status == 0 {
        unnoticed += 1
        #expect(try rows(what) == sound, "\(what)")
      } else {
        found += 1
      }
      let change = changes[seed % changes.count]
      let changed = try run(change, what).status == 0
      let isWell = try run(["verify"], what).status == 0
      if changed && isWell && change[0] == "promote" {
        #expect(try rows(what).first?.aliases == ["production"], "\(what)")
      }
      try? FileManager.default.removeItem(atPath: folder / "backup")
    }
    // Pages that are free, and bytes that no record uses, may be damaged without harm.
    #expect(found > 5 && unnoticed > 0, "\(found) found, \(unnoticed) without harm")
  }
}
