/// Every limit of this module, with its reason.
public enum StoreLimits {
  /// Address space reserved for a new environment. It costs no memory and no disk (the file grows with
  /// what is written), so it is large enough that a year of daily 2 MB models never grows it, and
  /// small enough for a container with a limited address space.
  public static let mapBytesInitial = 1 << 30
  /// A full map doubles up to here. 1 TiB is far above any registry and below the 47-bit address
  /// space of x86-64, so a runaway writer gets `mapFull` and not an unexplained `ENOMEM`.
  public static let mapBytesMax = 1 << 40
  /// Named databases that one transaction can open. LMDB allocates a table of this size per transaction.
  public static let databasesMax: UInt32 = 16
  /// Longest value: LMDB stores the size in 32 bits.
  public static let valueBytesMax = Int(UInt32.max)
  /// How often one transaction is begun again after the map was grown, its size adopted, or the folder
  /// replaced, by us or by another process. Doubling from 1 MiB to `mapBytesMax` takes 20.
  static let attemptsMax = 32
}
