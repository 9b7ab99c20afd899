/// A state of an environment: another value means another content, whether a transaction was committed
/// or the file was replaced.
public struct Generation: Hashable, Sendable, Codable {
  /// The file system that the data file is on.
  public var device: UInt64
  /// The data file's number there.
  public var inode: UInt64
  /// The last transaction that was committed to it.
  public var transaction: UInt64

  /// A generation, as it was told.
  public init(device: UInt64, inode: UInt64, transaction: UInt64) {
    self.device = device
    self.inode = inode
    self.transaction = transaction
  }

  init(_ id: FileID, _ transaction: UInt64) {
    self.init(device: id.device, inode: id.inode, transaction: transaction)
  }
}
