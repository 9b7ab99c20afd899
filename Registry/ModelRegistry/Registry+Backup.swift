// Whole copies: made while the registry is in use, put back in one step.

import LMDBStore

extension Registry {
  /// Copies the registry, without its free pages, into a folder that must not hold one. Servers go on
  /// reading, changes wait until it is done.
  public func backup(to folder: String) throws(RegistryError) {
    let copy = Environment(path: folder, access: .readWrite)
    do throws(StoreError) {
      try environment.copy(to: copy, replacing: false)
    } catch {
      throw RegistryError(store: error)
    }
  }

  /// Gives the space of what was removed back to the file system.
  public func compact() throws(RegistryError) {
    do throws(StoreError) { try environment.compact() } catch { throw RegistryError(store: error) }
  }

  /// Puts a verified copy of this registry in the place of the one in a folder, whatever it holds, in one
  /// step: servers that follow it find either.
  ///
  /// - Throws: `damaged` with the first thing that is wrong with the copy. Nothing has changed then.
  public func restore(to folder: String) throws(RegistryError) {
    if let problem = try verify().problems.first { throw problem }
    let place = Environment(path: folder, access: .readWrite)
    do throws(StoreError) {
      try environment.copy(to: place, replacing: true)
    } catch {
      throw RegistryError(store: error)
    }
  }
}
