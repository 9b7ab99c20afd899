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
  l.bias = l.scales + wide * 4;
  l.offset_sums = l.bias + wide * 4;
  l.total = l.offset_sums + wide * 4;
  return l;
}

// Where output n lies: as given, or, for a recurrent layer, the gates of each sixteen units side by side.
static size_t place_of(int32_t n, int32_t outputs, int32_t gates) {
  if (gates == 0) return (size_t)n;
  const int32_t units = outputs / gates, gate = n / units, unit = n % units;
  return (size_t)(unit / 16 * gates + gate) * 16 + unit % 16;
}
static int32_t places(int32_t outputs, int32_t gates) {
  return (int32_t)(gates > 0 ? gates * tsr_rounded_up(outputs / gates, TSR_LANES)
                             : tsr_rounded_up(outputs, TSR_LANES));
}

size_t tsr_matrix_bytes(int32_t outputs, int32_t depth, bool is_int8, int32_t gates) {
  return layout_of(places(outputs, gates), depth, is_int8).total;
}

// Zeroes the memory and places the bias.
static tsr_matrix prepared(const float *bias, int32_t outputs, int32_t depth, bool is_int8, int32_t gates,
                           char *memory, layout l) {
  memset(memory, 0, l.total);
  float *placed = (float *)(memory + l.bias);
  for (int32_t n = 0; n < outputs && bias != NULL; n++) placed[place_of(n, outputs, gates)] = bias[n];
  return (tsr_matrix){
      .outputs = gates > 0 ? places(outputs, gates) : outputs,
      .depth = depth,
      .padded_outputs = places(outputs, gates),
      .padded_depth = is_int8 ? (int32_t)tsr_padded(depth) : depth,
      .bias = placed};
}

tsr_matrix tsr_pack_int8(const int8_t *weights, const float *scales, const float *bias,
                         int32_t outputs, int32_t depth, int32_t gates, void *memory) {
  const layout l = layout_of(places(outputs, gates), depth, true);
  char *base = memory;
  tsr_matrix m = prepared(bias, outputs, depth, true, gates, base, l);
  int8_t *packed = (int8_t *)base;
  float *placed_scales = (float *)(base + l.scales);
  int32_t *offset_sums = (int32_t *)(base + l.offset_sums);
  for (int32_t n = 0; n < outputs; n++) {
    const size_t place = place_of(n, outputs, gates);
    int8_t *panel = packed + place / 16 * 16 * m.padded_depth + place % 16 * 4;
    int32_t sum = 0;
    for (int32_t k = 0; k < depth; k++) {
      const int8_t value = weights[(size_t)n * depth + k];
      panel[(size_t)(k / 4) * 64 + k % 4] = value;
      sum += value;
    }
    offset_sums[place] = -128 * sum;
    placed_scales[place] = scales[n];
  }
  m.int8_weights = packed;
  m.scales = placed_scales;
  m.offset_sums = offset_sums;
  return m;
}

tsr_matrix tsr_pack_float(const float *weights, const float *bias, int32_t outputs, int32_t depth,
                          int32_t gates, void *memory) {
  const layout l = layout_of(places(outputs, gates), depth, false);
  tsr_matrix m = prepared(bias, outputs, depth, false, gates, memory, l);
  float *packed = memory;
  for (int32_t n = 0; n < outputs; n++) {
    const size_t place = place_of(n, outputs, gates);
    for (int32_t k = 0; k < depth; k++)
      packed[(place / 16 * depth + k) * 16 + place % 16] = weights[(size_t)n * depth + k];
  }
  m.float_weights = packed;
  return m;
}

size_t tsr_product_scratch_bytes(const tsr_matrix *matrix) {
  // [32, 128] accumulators, then [32, outputs] rows that wait for their requantisation.
  return (size_t)TSR_ROW_BLOCK * 128 * 4 + (size_t)TSR_ROW_BLOCK * matrix->padded_outputs * 4;
}

size_t tsr_recurrence_scratch_bytes(int32_t users, int32_t tokens, int32_t units, tsr_cell cell,
                                    const tsr_matrix *input_matrix) {
  recurrence_scratch unused;
  return recurrence_scratch_carve(&unused, NULL, users, tokens, units, cell, input_matrix);
}

size_t tsr_windows_scratch_bytes(int32_t size, int32_t width) {
  return (size_t)WINDOWS_TOGETHER * size * width * sizeof(float);
}

size_t tsr_attention_scratch_bytes(int32_t rows_of_a_user_max, int32_t width, int32_t heads) {
  attention_scratch unused;
  float_attention_scratch float_unused;
  const size_t int8_bytes = attention_scratch_carve(&unused, NULL, rows_of_a_user_max, width / heads);
  const size_t float_bytes =
      float_attention_scratch_carve(&float_unused, NULL, rows_of_a_user_max, width / heads);
  return int8_bytes > float_bytes ? int8_bytes : float_bytes;
}
