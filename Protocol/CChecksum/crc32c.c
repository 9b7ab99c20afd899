// Chooses between the two implementations once. The choice is a relaxed atomic: two threads that race at the first call
// compute the same answer.
#include <stdatomic.h>

#include "CChecksum.h"

typedef uint32_t (*crc32c_function)(uint32_t, const void *, size_t);

static _Atomic(crc32c_function) chosen = NULL;

uint32_t tessera_crc32c(uint32_t crc, const void *bytes, size_t count) {
  crc32c_function function = atomic_load_explicit(&chosen, memory_order_relaxed);
  if (function == NULL) {
    function = tessera_crc32c_hardware_available() ? tessera_crc32c_hardware : tessera_crc32c_scalar;
    atomic_store_explicit(&chosen, function, memory_order_relaxed);
  }
  return function(crc, bytes, count);
}
