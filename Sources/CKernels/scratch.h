// How kernels divide their scratch; shared by the bodies and the *_scratch_bytes functions.
#ifndef TESSERA_SCRATCH_H
#define TESSERA_SCRATCH_H

#include "include/CKernels.h"

typedef struct {
  int32_t *order;        // [users] longest first
  int32_t *places;       // [tokens + 2] for the sort
  float *scales;         // [gates]: recurrent scale / 127, where gates = gates of the cell · units to 16
  float *carried;        // [32, units to 16] of one group, by place in the order
  float *hidden, *next;  // [32, units to 16]: the state that a step reads, and writes
  uint8_t *hidden_int8, *next_int8;  // [32, padded units]
  float *updates, *reset;            // [32, units to 16]; these only where a GRU's reset comes first
  uint8_t *reset_int8;   // [32, padded units]
  int32_t *sums;         // [32, 64], or [3, 128], or less: int32, or float32 for float32 weights
  int32_t *input_sums;   // [32, 64]; this and what follows only with an input matrix
  uint8_t *tokens;       // [32] input rows of one step
  int32_t *projection;   // [3, 16 steps, gates]
} recurrence_scratch;

static inline size_t scratch_take(size_t *used, size_t bytes) {
  const size_t at = *used;
  *used += tsr_rounded_up(bytes, TSR_ALIGNMENT);
  return at;
}

// Returns the bytes used; `memory` may be NULL where only they are wanted.
static inline size_t recurrence_scratch_carve(recurrence_scratch *s, char *memory, int32_t users,
                                              int32_t tokens, int32_t units, tsr_cell cell,
                                              const tsr_matrix *input) {
  // A tile may read all 32 rows of a group, whatever runs.
  const size_t group = TSR_ROW_BLOCK, units16 = tsr_rounded_up(units, TSR_LANES);
  const size_t gates = tsr_gates(cell) * units16, reset_group = cell == TSR_GRU_RESET_FIRST ? group : 0;
  const size_t token_bytes = input == NULL ? 0
      : input->int8_weights != NULL ? (size_t)input->padded_depth : (size_t)input->depth * 4;
  size_t used = 0;
  const size_t order = scratch_take(&used, (size_t)users * 4);
  const size_t places = scratch_take(&used, ((size_t)tokens + 2) * 4);
  const size_t scales = scratch_take(&used, gates * 4);
  const size_t carried = scratch_take(&used, group * units16 * 4);
  const size_t hidden = scratch_take(&used, group * units16 * 4);
  const size_t next = scratch_take(&used, group * units16 * 4);
  const size_t hidden_int8 = scratch_take(&used, group * tsr_padded(units));
  const size_t next_int8 = scratch_take(&used, group * tsr_padded(units));
  const size_t updates = scratch_take(&used, reset_group * units16 * 4);
  const size_t reset = scratch_take(&used, reset_group * units16 * 4);
  const size_t reset_int8 = scratch_take(&used, reset_group * tsr_padded(units));
  const size_t sums = scratch_take(&used, group * 64 * 4);
  const size_t input_sums = scratch_take(&used, input == NULL ? 0 : group * 64 * 4);
  const size_t token_rows = scratch_take(&used, group * token_bytes);
  const size_t projection = scratch_take(&used, input == NULL ? 0 : 3 * 16 * gates * 4);
  if (memory != NULL)
    *s = (recurrence_scratch){
        (int32_t *)(memory + order), (int32_t *)(memory + places), (float *)(memory + scales),
        (float *)(memory + carried), (float *)(memory + hidden), (float *)(memory + next),
        (uint8_t *)(memory + hidden_int8), (uint8_t *)(memory + next_int8), (float *)(memory + updates),
        (float *)(memory + reset), (uint8_t *)(memory + reset_int8), (int32_t *)(memory + sums),
        (int32_t *)(memory + input_sums), (uint8_t *)(memory + token_rows), (int32_t *)(memory + projection)};
  return used;
}

// Windows that are quantised together: they stay in the L1 cache until then.
enum { WINDOWS_TOGETHER = 8 };

typedef struct {
  uint8_t *rows;      // [rows and 32 more, padded depth] q, and k before it is packed
  int8_t *keys;       // panels of [rows to 16] outputs
  int8_t *values;     // panels of [depth to 16] outputs
  float *scales, *factors;  // [depth to 16]
  int32_t *key_offsets;     // [rows to 16]
  int32_t *value_offsets;   // [depth to 16]
  int32_t *sums;      // [32, rows to 16] of q·k
  int32_t *products;  // [2 · 32, depth to 16] of weights·v, the high bytes first
  uint8_t *weights;   // [2 · 32, padded rows], the high bytes first
} attention_scratch;

// For users of at most `rows` rows and heads of this depth. Returns the bytes used; `memory` may be NULL.
static inline size_t attention_scratch_carve(attention_scratch *s, char *memory, size_t rows, size_t depth) {
  const size_t rows16 = tsr_rounded_up(rows, 16), depth16 = tsr_rounded_up(depth, 16), block = TSR_ROW_BLOCK;
  size_t used = 0;
  const size_t bytes = scratch_take(&used, (rows16 + 2 * 16) * tsr_padded(depth));
  const size_t keys = scratch_take(&used, rows16 * tsr_padded(depth));
  const size_t values = scratch_take(&used, depth16 * tsr_padded(rows));
  const size_t scales = scratch_take(&used, depth16 * 4);
  const size_t factors = scratch_take(&used, depth16 * 4);
  const size_t key_offsets = scratch_take(&used, rows16 * 4);
  const size_t value_offsets = scratch_take(&used, depth16 * 4);
  const size_t sums = scratch_take(&used, block * rows16 * 4);
  const size_t products = scratch_take(&used, 2 * block * depth16 * 4);
  const size_t weights = scratch_take(&used, 2 * block * tsr_padded(rows));
  if (memory != NULL)
    *s = (attention_scratch){
        (uint8_t *)(memory + bytes), (int8_t *)(memory + keys), (int8_t *)(memory + values),
        (float *)(memory + scales), (float *)(memory + factors), (int32_t *)(memory + key_offsets),
        (int32_t *)(memory + value_offsets), (int32_t *)(memory + sums), (int32_t *)(memory + products),
        (uint8_t *)(memory + weights)};
  return used;
}

typedef struct {
  float *keys;      // panels of [rows to 16] outputs
  float *values;    // panels of [depth to 16] outputs
  float *weights;   // [32, rows to 16]
  float *products;  // [32, depth to 16] of weights·v
} float_attention_scratch;

static inline size_t float_attention_scratch_carve(float_attention_scratch *s, char *memory, size_t rows,
                                                   size_t depth) {
  const size_t rows16 = tsr_rounded_up(rows, 16), depth16 = tsr_rounded_up(depth, 16), block = TSR_ROW_BLOCK;
  size_t used = 0;
  const size_t keys = scratch_take(&used, rows16 * depth * 4);
  const size_t values = scratch_take(&used, depth16 * rows * 4);
  const size_t weights = scratch_take(&used, block * rows16 * 4);
  const size_t products = scratch_take(&used, block * depth16 * 4);
  if (memory != NULL)
    *s = (float_attention_scratch){(float *)(memory + keys), (float *)(memory + values),
                                   (float *)(memory + weights), (float *)(memory + products)};
  return used;
}

#endif
