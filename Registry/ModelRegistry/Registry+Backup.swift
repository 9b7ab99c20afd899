// Whole copies: made while the registry is in use, put back in one step.

import Glibc
import LMDBStore

extension Registry {
  /// Copies the registry, without its free pages, into a folder that must not hold one. Servers go on
  /// reading, changes wait until it is done.
  public func backup(to folder: String) throws(RegistryError) {
    let copy = Environment(path: folder, access: .readWrite)
    do throws(StoreError) {
      try environment.copy(to: copy, replacing: false)
    } catch {
      guard error.code == .system(EEXIST) else { throw RegistryError(store: error) }
      throw RegistryError(
        .store, at: folder, "holds a registry already; name a new folder")
    }
  }

  /// Gives the space of what was removed back to the file system.
  public func compact() throws(RegistryError) {
    do throws(StoreError) { try environment.compact() } catch { throw RegistryError(store: error) }
  }

  /// Puts a backup in the place of the registry in a folder, whatever that holds, in one step: servers that
  /// follow it find either. The backup is verified first.
  ///
  /// - Throws: `noRegistry`; `damaged` with the first thing that is wrong with the backup; `store`. Nothing has
  ///   changed then.
  public static func restore(_ backup: String, to folder: String) throws(RegistryError) {
    let copy: Registry
    let problem: RegistryError?
    do throws(RegistryError) {
      copy = try Registry(path: backup, access: .readOnly)
      problem = try copy.verify().problems.first
    } catch {
      guard error.code != .noRegistry else {
        throw RegistryError(
          .noRegistry, at: backup, "there is no backup here; nothing was changed")
      }
      let words = error.code == .unknownFormat ? "nothing was changed" : unusable
      throw RegistryError(error.code, at: backup, "\(words): \(error)")
    }
    if let problem { throw RegistryError(.damaged, at: backup, "\(unusable): \(problem)") }
    let place = Environment(path: folder, access: .readWrite)
    do throws(StoreError) {
      try copy.environment.copy(to: place, replacing: true)
    } catch {
      guard error.code == .system(EEXIST) else { throw RegistryError(store: error) }
      throw RegistryError(.store, at: folder, "is the backup itself; nothing was changed")
    }
  }

  private static let unusable = "the backup is damaged, and nothing was changed"
}
