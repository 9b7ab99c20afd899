internal import CKernels

/// Why no kernel table could be chosen.
public struct KernelError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was wrong, and what to set instead.
  public let description: String
}

/// The chosen table and what the operator should know about the choice.
public struct KernelChoice: Sendable {
  /// What plans should run on.
  public let table: KernelTable
  /// One sentence for each instruction set that was passed over because its self-check failed.
  public let warnings: [String]
}

extension KernelTable {
  /// The scalar reference. Runs anywhere.
  public static let scalar = named("scalar") ?? available[available.count - 1]

  /// Tables that this processor and its kernel grant, best first; the scalar one is always last.
  public static let available: [KernelTable] = known.filter {
    // The table is a constant of the C module.
    unsafe tsr_is_supported($0.c)
  }

  /// Names of the instruction sets known on this architecture, supported here or not, best first.
  public static var knownNames: [String] { known.map(\.name) }

  /// The best table that passed its self-check; `TESSERA_ISA` has no part in it.
  public static let best: KernelTable = automatic.table

  /// The available table of this name.
  public static func named(_ name: String) -> KernelTable? { available.first { $0.name == name } }

  /// The table that plans should run on: the one that `isa` (the value of `TESSERA_ISA`) names, or the
  /// best one where it is nil or empty. Runs self-checks; call it once, at start.
  ///
  /// - Throws: ``KernelError`` where the name is unknown, not supported here, or fails its self-check.
  public static func choose(isa: String?) throws(KernelError) -> KernelChoice {
    guard let isa, !isa.isEmpty else { return automatic }
    let names = available.map(\.name).joined(separator: ", ")
    guard let table = named(isa) else {
      let why = knownNames.contains(isa) ? "is not supported by this processor" : "is unknown"
      throw KernelError(description: "TESSERA_ISA=\(isa) \(why); set one of \(names), or nothing")
    }
    if let kernel = table.firstMismatch {
      throw KernelError(
        description:
          "TESSERA_ISA=\(isa): kernel \(kernel) differs from the scalar reference on this "
          + "processor; set another of \(names), or nothing")
    }
    return KernelChoice(table: table, warnings: [])
  }

  /// The first kernel whose bits differ from the scalar one on a small case, or nil.
  var firstMismatch: String? {
    // The answer is a C string constant.
    unsafe tsr_self_check(c).map { unsafe String(cString: $0) }
  }

  private static let known: [KernelTable] = {
    var tables: [KernelTable] = []
    // The C side returns pointers to constants, then NULL.
    while let c = unsafe tsr_known_kernels(tables.count) { unsafe tables.append(KernelTable(c: c)) }
    return tables
  }()

  private static let automatic = firstSound(of: available)

  /// The first of these tables that passes its self-check; the scalar one where none does.
  package static func firstSound(of tables: [KernelTable]) -> KernelChoice {
    var warnings: [String] = []
    for table in tables {
      guard let kernel = table.firstMismatch else {
        return KernelChoice(table: table, warnings: warnings)
      }
      warnings.append(
        "kernel \(kernel) of \(table.name) differs from the scalar reference on this processor; "
          + "\(table.name) is not used")
    }
    return KernelChoice(table: scalar, warnings: warnings)
  }
}
