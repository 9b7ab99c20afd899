// How kernels divide their scratch; shared by the bodies and the *_scratch_bytes functions.
#include "include/CKernels.h"

static inline void *scratch_take(char **at, size_t bytes) {
  void *taken = *at;
  *at += tsr_rounded_up(bytes, TSR_ALIGNMENT);
  return taken;
}

static inline size_t lstm_scratch_carve(void *memory, int32_t users, int32_t tokens, int32_t units,
                                        int32_t **order, int32_t **counts, float **cells,
                                        float **hidden, int8_t **hidden_int8, float **scales,
                                        int32_t **sums, float **projection, void **product) {
  char *at = memory;
  const size_t gates = tsr_rounded_up(4 * (size_t)units, TSR_LANES);
  *order = scratch_take(&at, (size_t)users * 4);
  *counts = scratch_take(&at, ((size_t)tokens + 2) * 4);
  *cells = scratch_take(&at, (size_t)users * units * 4);
  *hidden = scratch_take(&at, (size_t)users * units * 4);
  *hidden_int8 = scratch_take(&at, tsr_rounded_up(users, TSR_ROW_STEP) * tsr_padded(units));
  // Gates are read sixteen at a time from any unit: a full vector may pass the last gate.
  *scales = scratch_take(&at, (gates + TSR_LANES) * 4);
  *sums = scratch_take(&at, (TSR_ROW_BLOCK * gates + TSR_LANES) * 4);
  *projection = scratch_take(&at, ((size_t)tokens * 4 * units) * 4);
  *product = at;
  return (size_t)(at - (char *)memory);
}
