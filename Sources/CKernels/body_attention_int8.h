// Attention in int8: q, k and v of one user and head are quantised with scales from that user's rows (one
// for q, one for k, one for each column of v), then the block product does q·kᵀ and weights·v.
//
//   x_ij = (q_i·k_j − max_j q_i·k_j) · (q scale · k scale · log₂e / √depth)      ≤ 0
//   w_ij = rint(127·128 · 2^x_ij), split into two bytes of seven bits: w = 128·high + low
//   out_i = Σ_j w_ij·v_j / Σ_j w_ij
//
// Fourteen bits keep a long tail of small weights. Everything but 2^x is integer, so exact.

enum { ATTENTION_ROWS = TSR_ROW_BLOCK };

// Quantises [rows, depth] with one scale, which is returned; padding is zero.
static float quantise_head(const float *x, size_t stride, int32_t rows, int32_t depth, uint8_t *out) {
  const size_t bytes = tsr_padded(depth);
  i most = i_set(0);
  for (int32_t r = 0; r < rows; r++)
    FOR_COLUMNS(depth)
      most = i_max(most, i_and(i_from_bits(load(x + r * stride + column, count)), i_set(BITS_ABS)));
  float scale;
  const f factor = f_set(quantisation_factor(i_largest(most), &scale));
  for (int32_t r = 0; r < rows; r++) {
    FOR_COLUMNS(depth) q_store(out + r * bytes + column, load(x + r * stride + column, count), factor);
    // The last part of a vector left zeros in its other lanes; whole vectors are still missing.
    const size_t written = tsr_rounded_up(depth, 16);
    memset(out + r * bytes + written, 128, bytes - written);
  }
  return scale;
}

// [rows, padded depth] bytes → panels [rows/16][depth/4][16][4], with −128·Σ of each row.
static void pack_keys(const uint8_t *rows_of_bytes, int32_t rows, int32_t depth, int8_t *panels,
                      int32_t *offsets) {
  const size_t bytes = tsr_padded(depth), groups = bytes / 4;
  for (int32_t first = 0; first < rows; first += 16) {
    int32_t *panel = (int32_t *)(panels + first * bytes);
    const int32_t count = rows - first < 16 ? rows - first : 16;
    if (count < 16) memset(panel, 0, 16 * bytes);
    for (int32_t r = 0; r < count; r++)
      for (size_t g = 0; g < groups; g++) {
        uint32_t four;
        memcpy(&four, rows_of_bytes + (first + r) * bytes + g * 4, 4);
        panel[g * 16 + r] = (int32_t)(four ^ 0x80808080u);
      }
    i sum = i_set(0);
    for (size_t g = 0; g < (size_t)(depth + 3) / 4; g++) {
      i four = i_load(panel + g * 16);
      sum = i_add(sum, I_SHIFT_RIGHT(four, 24));
      sum = i_add(sum, I_SHIFT_RIGHT(I_SHIFT_LEFT(four, 8), 24));
      sum = i_add(sum, I_SHIFT_RIGHT(I_SHIFT_LEFT(four, 16), 24));
      sum = i_add(sum, I_SHIFT_RIGHT(I_SHIFT_LEFT(four, 24), 24));
    }
    i_store(offsets + first, i_sub(i_set(0), I_SHIFT_LEFT(sum, 7)));
  }
}

// v [rows, depth] → panels [depth/16][rows/4][16][4] with a scale and −128·Σ for each column.
static void pack_values(const float *v, size_t stride, int32_t rows, int32_t depth, int8_t *panels,
                        float *scales, int32_t *offsets) {
  const size_t bytes = tsr_padded(rows);
  FOR_COLUMNS(depth) {
    i most = i_set(0);
    for (int32_t r = 0; r < rows; r++)
      most = i_max(most, i_and(i_from_bits(load(v + r * stride + column, count)), i_set(BITS_ABS)));
    const f largest = f_from_bits(most), tiny = f_set(QUANTISED_MIN), none = f_set(0);
    const f factor = f_if_greater(tiny, largest, none, f_div(f_set(127.0f), largest));
    f_store(scales + column, f_if_greater(tiny, largest, none, f_div(largest, f_set(127.0f))));
    int32_t *panel = (int32_t *)(panels + column * bytes);
    i sum = i_set(0);
    for (size_t g = 0; g < bytes / 4; g++) {
      i four = i_set(0);
      for (int b = 0; b < 4 && g * 4 + b < (size_t)rows; b++) {
        f x = load(v + (g * 4 + b) * stride + column, count);
        i q = i_sub(i_from_bits(f_fma(x, factor, f_set(12582912.0f))), i_set(0x4b400000));
        sum = i_add(sum, q);
        q = i_and(q, i_set(255));
        four = b == 0 ? q : b == 1 ? i_or(four, I_SHIFT_LEFT(q, 8))
             : b == 2 ? i_or(four, I_SHIFT_LEFT(q, 16)) : i_or(four, I_SHIFT_LEFT(q, 24));
      }
      i_store(panel + g * 16, four);
    }
    i_store(offsets + column, i_sub(i_set(0), I_SHIFT_LEFT(sum, 7)));
  }
}

// Weights of one query from its sums, as bytes; returns Σ w. `limit` keys are seen; the bytes up to
// `padded` are set. 2^r on ±½ by a cubic with relative error ≤ 1.1e-4, times 127/128.
static int32_t int8_weights(int32_t *sums, int32_t limit, int32_t padded, f scale, uint8_t *high,
                            uint8_t *low) {
  const int32_t end = (int32_t)tsr_rounded_up(limit, 16);
  for (int32_t j = limit; j < end; j++) sums[j] = -(1 << 30);
  i most = i_load(sums);
  for (int32_t j = 16; j < end; j += 16) most = i_max(most, i_load(sums + j));
  const i largest = i_set(i_largest(most));
  const f shift = f_set(12582912.0f + 127.0f + 14.0f);
  i total = i_set(0);
  for (int32_t j = 0; j < end; j += 16) {
    f x = f_mul(f_from_i(i_sub(i_load(sums + j), largest)), scale);
    x = f_max(f_set(-30.0f), x);
    f shifted = f_add(x, shift);
    f r = f_sub(x, f_sub(shifted, shift));
    f p = f_fma(f_fma(f_fma(f_set(0.05540204636f), r, f_set(0.2407438576f)), r, f_set(0.6877216032f)), r, f_set(0.9921126463f));
    f power = f_from_bits(I_SHIFT_LEFT(i_from_bits(shifted), 23));
    i w = i_and(i_from_bits(f_fma(p, power, f_set(12582912.0f))), i_set(0x7fff));
    total = i_add(total, w);
    b_store(high + j, i_or(I_SHIFT_RIGHT(w, 7), i_set(128)));
    b_store(low + j, i_or(w, i_set(128)));
  }
  memset(high + end, 128, padded - end);
  memset(low + end, 128, padded - end);
  return i_total(total);
}

static void attention_head_int8(const tsr_attention *a, int32_t first, int32_t rows, int32_t head) {
  const int32_t depth = a->width / a->heads;
  const size_t rows16 = tsr_rounded_up(rows, 16), depth16 = tsr_rounded_up(depth, 16);
  attention_scratch p;
  attention_scratch_carve(&p, a->scratch, rows, depth);
  const float *q = a->qkv + (size_t)first * a->qkv_stride + head * depth;
  const float *k = q + a->width, *v = k + a->width;
  const float key_scale = quantise_head(k, a->qkv_stride, rows, depth, p.rows);
  pack_keys(p.rows, rows, depth, p.keys, p.key_offsets);
  pack_values(v, a->qkv_stride, rows, depth, p.values, p.scales, p.value_offsets);
  const float query_scale = quantise_head(q, a->qkv_stride, rows, depth, p.rows);
  const tsr_matrix keys = {.outputs = rows, .depth = depth, .padded_outputs = (int32_t)rows16,
                           .padded_depth = (int32_t)tsr_padded(depth), .int8_weights = p.keys,
                           .offset_sums = p.key_offsets};
  const tsr_matrix values = {.outputs = depth, .depth = rows, .padded_outputs = (int32_t)depth16,
                             .padded_depth = (int32_t)tsr_padded(rows), .int8_weights = p.values,
                             .offset_sums = p.value_offsets};
  const f scale = f_set(query_scale * key_scale * (1.44269504f / __builtin_sqrtf((float)depth)));
  for (int32_t begin = 0; begin < rows; begin += ATTENTION_ROWS) {
    const int32_t count_rows = rows - begin < ATTENTION_ROWS ? rows - begin : ATTENTION_ROWS;
    const int32_t seen = a->causal ? begin + count_rows : rows;
    int8_block(p.sums, rows16, p.rows + (size_t)begin * tsr_padded(depth), count_rows, &keys, 0, (seen + 15) / 16);
    float shares[ATTENTION_ROWS];
    for (int32_t r = 0; r < count_rows; r++)
      shares[r] = 1.0f / (float)int8_weights(p.sums + r * rows16, a->causal ? begin + r + 1 : rows,
                                             values.padded_depth, scale, p.high + (size_t)r * values.padded_depth,
                                             p.low + (size_t)r * values.padded_depth);
    int8_block(p.highs, depth16, p.high, count_rows, &values, 0, (int32_t)depth16 / 16);
    int8_block(p.lows, depth16, p.low, count_rows, &values, 0, (int32_t)depth16 / 16);
    for (int32_t r = 0; r < count_rows; r++) {
      float *out = a->output + (size_t)(first + begin + r) * a->output_stride + head * depth;
      FOR_COLUMNS(depth) {
        f sum = f_fma(f_from_i(i_load(p.highs + r * depth16 + column)), f_set(128.0f),
                      f_from_i(i_load(p.lows + r * depth16 + column)));
        store(out + column, f_mul(sum, f_mul(f_load(p.scales + column), f_set(shares[r]))), count);
      }
    }
  }
}
