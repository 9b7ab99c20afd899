// Attention of each user's rows over the same user's rows, one head and one query at a time.
#include "body_attention_int8.h"

// weights[j] = exp(scale·q·k_j − largest) for j < limit; returns their sum.
static float attention_weights(const float *query, const float *keys_by_column, size_t padded_rows,
                               int32_t limit, int32_t depth, float scale, float *weights) {
  f largest = f_set(-__builtin_inff());
  const int32_t padded = (int32_t)tsr_rounded_up(limit, 16);
  for (int32_t j = 0; j < padded; j += 16) {
    f sum = f_set(0);
    for (int32_t k = 0; k < depth; k++)
      sum = f_fma(f_set(query[k]), f_load(keys_by_column + k * padded_rows + j), sum);
    f_store(weights + j, f_mul(sum, f_set(scale)));
  }
  for (int32_t j = limit; j < padded; j++) weights[j] = -__builtin_inff();
  for (int32_t j = 0; j < padded; j += 16) largest = f_max(largest, f_load(weights + j));
  const f top = f_set(f_largest(largest));
  for (int32_t j = 0; j < padded; j += 16) f_store(weights + j, f_exp(f_sub(f_load(weights + j), top)));
  for (int32_t j = limit; j < padded; j++) weights[j] = 0.0f;
  f sum = f_set(0);
  for (int32_t j = 0; j < padded; j += 16) sum = f_add(sum, f_load(weights + j));
  return f_sum(sum);
}

static void attention(const tsr_attention *a) {
  if (a->int8) {
    blocks_begin();
    for (int32_t u = 0; u < a->users; u++) {
      const int32_t first = a->offsets[u], rows = a->offsets[u + 1] - first;
      attention_scratch p;
      attention_scratch_carve(&p, a->scratch, rows, a->width / a->heads);
      for (int32_t head = 0; head < a->heads && rows > 0; head++) attention_head_int8(a, &p, first, rows, head);
    }
    blocks_end();
    return;
  }
  const int32_t width = a->width, depth = width / a->heads;
  const float scale = 1.0f / __builtin_sqrtf((float)depth);
  for (int32_t u = 0; u < a->users; u++) {
    const int32_t first = a->offsets[u], rows = a->offsets[u + 1] - first;
    const size_t padded_rows = tsr_rounded_up(rows, 16);
    float *weights = a->scratch;                       // [rows to 16]
    float *keys_by_column = weights + padded_rows;     // [depth, rows to 16]
    for (int32_t head = 0; head < a->heads; head++) {
      const float *q = a->qkv + (size_t)first * a->qkv_stride + head * depth;
      const float *k = q + width, *v = k + width;
      memset(keys_by_column, 0, padded_rows * depth * sizeof(float));
      for (int32_t j = 0; j < rows; j++)
        for (int32_t d = 0; d < depth; d++) keys_by_column[d * padded_rows + j] = k[j * a->qkv_stride + d];
      for (int32_t row = 0; row < rows; row++) {
        const int32_t limit = a->causal ? row + 1 : rows;
        const float sum = attention_weights(q + row * a->qkv_stride, keys_by_column, padded_rows, limit,
                                            depth, scale, weights);
        const f share = f_set(1.0f / sum);
        float *out = a->output + (size_t)(first + row) * a->output_stride + head * depth;
        FOR_COLUMNS(depth) {
          f y = f_set(0);
          for (int32_t j = 0; j < limit; j++)
            y = f_fma(f_set(weights[j]), load(v + j * a->qkv_stride + column, count), y);
          store(out + column, f_mul(y, share), count);
        }
      }
    }
  }
}
