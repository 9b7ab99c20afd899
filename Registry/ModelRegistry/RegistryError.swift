import Glibc
public import LMDBStore
import ModelGraph

/// Why a registry refused or could not do something. The message says what was wrong, where, and
/// what to do; programs branch on the code.
public struct RegistryError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of a refusal. New kinds may be added.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    /// The code in words, stable across versions.
    public let description: String
    private init(_ description: String) { self.description = description }

    /// The folder holds no registry (or there is no folder).
    public static let noRegistry = Code("no registry")
    /// The registry was written in a format that this code does not know.
    public static let unknownFormat = Code("unknown format")
    /// No such model.
    public static let unknownModel = Code("unknown model")
    /// The model has no such version.
    public static let unknownVersion = Code("unknown version")
    /// The model has no such alias.
    public static let unknownAlias = Code("unknown alias")
    /// A name that is empty, too long or of other characters than allowed.
    public static let badName = Code("bad name")
    /// A rollback with nothing left to go back to.
    public static let nothingToRollBackTo = Code("nothing to roll back to")
    /// A file of the folder to import is missing or cannot be read.
    public static let unreadableFile = Code("unreadable file")
    /// The model was refused: its description, its tensors, its warm-up or its metrics.
    public static let refusedModel = Code("refused model")
    /// Something is larger than its limit.
    public static let limit = Code("limit")
    /// A stored blob or record is not what its digest, size or schema says.
    public static let damaged = Code("damaged")
    /// Something that is to be removed is needed.
    public static let inUse = Code("in use")
    /// The registry was opened for reading only.
    public static let readOnly = Code("read only")
    /// The store failed: disk full, permissions, damaged file.
    public static let store = Code("store")
  }

  /// The kind.
  public var code: Code
  /// Where: a folder, a file, a version, a tensor with the digest of its blob.
  public var place: String
  /// What is wrong, and what to do.
  public var message: String
  /// The store's error, when it was the store that failed.
  public var storeError: StoreError?

  package init(_ code: Code, at place: String, _ message: String) {
    self.code = code
    self.place = place
    self.message = message
  }

  /// `place: message`, one line, as shown to people.
  public var description: String { "\(place): \(message)" }
}

extension RegistryError: StoreFailure {
  /// The store's failure in the registry's words.
  public init(store error: StoreError) {
    let (code, message): (Code, String) =
      switch error.code {
      case .readOnly:
        (.readOnly, "opened for reading only; nothing was changed")
      case .missing:
        (.noRegistry, "there is no registry here; `tessera-registry import` makes one")
      case .invalid:
        (
          .store,
          "data.mdb is none of LMDB: this is no registry, or a damaged one; restore the folder from a "
            + "backup"
        )
      // Whatever else the store says, the system's codes among it, is told in its own words.
      default:
        (.store, "\(error.operation): \(error.meaning)")
      }
    self.init(code, at: error.path, message)
    storeError = error
  }
}

extension RegistryError {
  /// A refusal by the model graph, with the file in front.
  init(_ error: ModelError, in file: String) {
    self.init(.refusedModel, at: file, error.description)
  }
}
