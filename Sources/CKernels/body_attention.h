// Attention of each user's rows over the same user's rows, one head at a time.
#include "body_attention_int8.h"

// k [rows, depth] → panels [rows/16][depth][16], zero past the last row.
static void pack_float_keys(const float *k, size_t stride, int32_t rows, int32_t depth, float *panels) {
  f sixteen[16];
  for (int32_t first = 0; first < rows; first += 16) {
    const int32_t count_rows = rows - first < 16 ? rows - first : 16;
    for (int32_t r = count_rows; r < 16; r++) sixteen[r] = f_set(0);
    FOR_COLUMNS(depth) {
      float *panel = panels + ((size_t)first / 16 * depth + column) * 16;
      for (int32_t r = 0; r < count_rows; r++) sixteen[r] = load(k + (first + r) * stride + column, count);
      for (size_t d = 0; d < count; d += 4) {
        i four[4];
        i_transposed((const float *)sixteen + d, sizeof(f), four);
        for (size_t g = 0; g < 4 && d + g < count; g++) f_store(panel + (d + g) * 16, f_from_bits(four[g]));
      }
    }
  }
}

// v [rows, depth] → panels [depth/16][rows][16].
static void pack_float_values(const float *v, size_t stride, int32_t rows, int32_t depth, float *panels) {
  FOR_COLUMNS(depth)
    for (int32_t r = 0; r < rows; r++)
      f_store(panels + column * rows + r * 16, load(v + r * stride + column, count));
}

// weights[j] = exp(scale·weights[j] − largest) for j < limit; returns their sum.
static float float_weights(float *weights, int32_t limit, float scale) {
  for (size_t j = limit; j < tsr_rounded_up(limit, 16); j++) weights[j] = -__builtin_inff();
  f largest = f_set(-__builtin_inff());
  for (int32_t j = 0; j < limit; j += 16) {
    const f x = f_mul(f_load(weights + j), f_set(scale));
    f_store(weights + j, x);
    largest = f_max(largest, x);
  }
  const f top = f_set(f_largest(largest));
  f sum = f_set(0);
  FOR_COLUMNS(limit) {
    f x = f_exp(f_sub(f_load(weights + column), top));
    if (count < 16) x = f_first(x, count);
    f_store(weights + column, x);
    sum = f_add(sum, x);
  }
  return f_sum(sum);
}

static void attention_head_float(const tsr_attention *a, const float_attention_scratch *p, int32_t first,
                                 int32_t rows, int32_t head) {
  const int32_t depth = a->width / a->heads;
  const size_t rows16 = tsr_rounded_up(rows, 16), depth16 = tsr_rounded_up(depth, 16), stride = a->qkv_stride;
  const float scale = 1.0f / __builtin_sqrtf((float)depth);
  const float *q = a->qkv + (size_t)first * stride + head * depth;
  const float *k = q + a->width, *v = k + a->width;
  pack_float_keys(k, stride, rows, depth, p->keys);
  pack_float_values(v, stride, rows, depth, p->values);
  const tsr_matrix keys = {.depth = depth, .float_weights = p->keys};
  for (int32_t begin = 0; begin < rows; begin += ATTENTION_ROWS) {
    const int32_t count_rows = rows - begin < ATTENTION_ROWS ? rows - begin : ATTENTION_ROWS;
    const int32_t seen = a->causal ? begin + count_rows : rows;
    float_block(p->weights, rows16, q + begin * stride, stride, count_rows, &keys, 0, (seen + 15) / 16);
    float shares[ATTENTION_ROWS];
    for (int32_t r = 0; r < count_rows; r++)
      shares[r] = 1.0f / float_weights(p->weights + r * rows16, a->causal ? begin + r + 1 : rows, scale);
    // Rows together share what all of them see; the keys that only the later ones see come after.
    const int32_t together = a->causal ? 4 : count_rows;
    for (int32_t r = 0; r < count_rows; r += together) {
      const int32_t common = a->causal ? begin + r + 1 : rows;
      const int32_t rows_together = count_rows - r < together ? count_rows - r : together;
      for (size_t column = 0; column < depth16; column += 16) {
        const tsr_matrix values = {.depth = common, .float_weights = p->values + column * rows};
        float_block(p->products + r * depth16 + column, depth16, p->weights + r * rows16, rows16, rows_together,
                    &values, 0, 1);
      }
    }
    for (int32_t r = 0; r < count_rows; r++) {
      float *out = a->output + (size_t)(first + begin + r) * a->output_stride + head * depth;
      FOR_COLUMNS(depth) {
        f y = f_load(p->products + r * depth16 + column);
        for (int32_t j = begin + r / together * together + 1; a->causal && j <= begin + r; j++)
          y = f_fma(f_set(p->weights[r * rows16 + j]), f_load(p->values + column * rows + (size_t)j * 16), y);
        store(out + column, f_mul(y, f_set(shares[r])), count);
      }
    }
  }
}

// An event that is alone sees itself only: its output is its v.
static void attention_alone(const tsr_attention *a, int32_t row) {
  const float *v = a->qkv + (size_t)row * a->qkv_stride + 2 * a->width;
  FOR_COLUMNS(a->width) store(a->output + (size_t)row * a->output_stride + column, load(v + column, count), count);
}

static void attention(const tsr_attention *a) {
  REQUIRE(a->users >= 0 && a->heads > 0 && a->width % a->heads == 0 && a->offsets != NULL);
  REQUIRE_ROWS(a->qkv, a->qkv_stride, 3 * a->width);
  REQUIRE_ROWS(a->output, a->output_stride, a->width);
  REQUIRE_SCRATCH(a->scratch);
  const int32_t depth = a->width / a->heads;
  blocks_begin();
  for (int32_t u = 0; u < a->users; u++) {
    const int32_t first = a->offsets[u], rows = a->offsets[u + 1] - first;
    if (rows == 1) attention_alone(a, first);
    if (rows <= 1) continue;
    if (a->int8) {
      attention_scratch p;
      attention_scratch_carve(&p, a->scratch, rows, depth);
      for (int32_t head = 0; head < a->heads; head++) attention_head_int8(a, &p, first, rows, head);
    } else {
      float_attention_scratch p;
      float_attention_scratch_carve(&p, a->scratch, rows, depth);
      for (int32_t head = 0; head < a->heads; head++) attention_head_float(a, &p, first, rows, head);
    }
  }
  blocks_end();
}
