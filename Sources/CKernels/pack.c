// Weights are packed once at load into the layout that all instruction sets share.
#include <string.h>

#include "scratch.h"

typedef struct {
  size_t weights, scales, bias, offset_sums, total;
} layout;

static layout layout_of(int32_t outputs, int32_t depth, bool is_int8) {
  const size_t wide = tsr_rounded_up(outputs, TSR_LANES);
  layout l;
  l.weights = 0;
  l.scales = tsr_rounded_up(is_int8 ? wide * tsr_padded(depth) : wide * depth * 4, TSR_ALIGNMENT);
  // A vector more than needed: an LSTM reads its gates sixteen at a time from any unit on.
  l.bias = l.scales + (wide + TSR_LANES) * 4;
  l.offset_sums = l.bias + (wide + TSR_LANES) * 4;
  l.total = l.offset_sums + wide * 4;
  return l;
}

size_t tsr_matrix_bytes(int32_t outputs, int32_t depth, bool is_int8) {
  return layout_of(outputs, depth, is_int8).total;
}

static tsr_matrix prepared(const float *bias, int32_t outputs, int32_t depth, bool is_int8,
                           char *memory, layout l) {
  memset(memory, 0, l.total);
  if (bias != NULL) memcpy(memory + l.bias, bias, (size_t)outputs * 4);
  return (tsr_matrix){
      .outputs = outputs,
      .depth = depth,
      .padded_outputs = (int32_t)tsr_rounded_up(outputs, TSR_LANES),
      .padded_depth = is_int8 ? (int32_t)tsr_padded(depth) : depth,
      .bias = (const float *)(memory + l.bias)};
}

tsr_matrix tsr_pack_int8(const int8_t *weights, const float *scales, const float *bias,
                         int32_t outputs, int32_t depth, void *memory) {
  const layout l = layout_of(outputs, depth, true);
  char *base = memory;
  tsr_matrix m = prepared(bias, outputs, depth, true, base, l);
  int8_t *packed = (int8_t *)base;
  int32_t *offset_sums = (int32_t *)(base + l.offset_sums);
  for (int32_t n = 0; n < outputs; n++) {
    int8_t *panel = packed + (size_t)(n / 16) * 16 * m.padded_depth + n % 16 * 4;
    int32_t sum = 0;
    for (int32_t k = 0; k < depth; k++) {
      const int8_t value = weights[(size_t)n * depth + k];
      panel[(size_t)(k / 4) * 64 + k % 4] = value;
      sum += value;
    }
    offset_sums[n] = -128 * sum;
  }
  memcpy(base + l.scales, scales, (size_t)outputs * 4);
  m.int8_weights = packed;
  m.scales = (const float *)(base + l.scales);
  m.offset_sums = offset_sums;
  return m;
}

tsr_matrix tsr_pack_float(const float *weights, const float *bias, int32_t outputs, int32_t depth,
                          void *memory) {
  const layout l = layout_of(outputs, depth, false);
  tsr_matrix m = prepared(bias, outputs, depth, false, memory, l);
  float *packed = memory;
  for (int32_t n = 0; n < outputs; n++)
    for (int32_t k = 0; k < depth; k++)
      packed[((size_t)(n / 16) * depth + k) * 16 + n % 16] = weights[(size_t)n * depth + k];
  m.float_weights = packed;
  return m;
}

size_t tsr_product_scratch_bytes(const tsr_matrix *matrix) {
  // [32, 128] accumulators, then [32, outputs] rows that wait for their requantisation.
  return (size_t)TSR_ROW_BLOCK * 128 * 4 + (size_t)TSR_ROW_BLOCK * matrix->padded_outputs * 4;
}

size_t tsr_lstm_scratch_bytes(int32_t users, int32_t tokens, int32_t units) {
  lstm_scratch unused;
  return lstm_scratch_carve(&unused, NULL, users, tokens, units);
}

size_t tsr_attention_scratch_bytes(int32_t rows_of_a_user_max, int32_t width, int32_t heads) {
  attention_scratch unused;
  const size_t depth = width / heads, rows = tsr_rounded_up(rows_of_a_user_max, TSR_LANES);
  const size_t int8_bytes = attention_scratch_carve(&unused, NULL, rows_of_a_user_max, depth);
  const size_t float_bytes = rows * 4 * (1 + depth);
  return int8_bytes > float_bytes ? int8_bytes : float_bytes;
}
