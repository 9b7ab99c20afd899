// LMDB may change its map only while no transaction of the process is open. Transactions pass the gate
// shared, whoever moves the map passes it alone.

import Glibc

/// A readers-writer lock that prefers the writer, so that a map can be grown under steady reading.
@safe final class Gate: @unchecked Sendable {
  // At a fixed address for its whole life, as pthread demands; that is why it is not stored inline.
  private let lock: UnsafeMutablePointer<pthread_rwlock_t>

  init() {
    var attributes = pthread_rwlockattr_t()
    unsafe pthread_rwlockattr_init(&attributes)
    let preference = CInt(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP)
    unsafe pthread_rwlockattr_setkind_np(&attributes, preference)
    unsafe lock = .allocate(capacity: 1)
    let result = unsafe pthread_rwlock_init(lock, &attributes)
    precondition(result == 0, "pthread_rwlock_init failed with \(result)")
    unsafe pthread_rwlockattr_destroy(&attributes)
  }

  deinit {
    unsafe pthread_rwlock_destroy(lock)
    unsafe lock.deallocate()
  }

  func shared<R: ~Copyable, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    unsafe pthread_rwlock_rdlock(lock)
    defer { unsafe pthread_rwlock_unlock(lock) }
    return try body()
  }

  func alone<R: ~Copyable, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    unsafe pthread_rwlock_wrlock(lock)
    defer { unsafe pthread_rwlock_unlock(lock) }
    return try body()
  }
}
