// Attention in int8: q, k and v of one user and head are quantised with scales from that user's rows (one
// for q, one for k, one for each column of v), then the block product does q·kᵀ and weights·v.
//
//   x_ij = (q_i·k_j − max_j q_i·k_j) · (q scale · k scale · log₂e / √depth)      ≤ 0
//   w_ij = rint(127·128 · 2^x_ij), split into two bytes of seven bits: w = 128·high + low
//   out_i = Σ_j w_ij·v_j / Σ_j w_ij
//
// Fourteen bits keep a long tail of small weights. Everything but 2^x is integer, so exact.
//
// Panels are zero past the depth, so the bytes of a row that meet them need not be set; what keys past the
// last row give is never read.

enum { ATTENTION_ROWS = TSR_ROW_BLOCK };

// out[r] = the total of the sixteen lanes x[r], or the largest of them. Many rows are transposed, so that
// their folds are not one chain each.
static void fold_rows(const i *x, int32_t rows, bool is_total, int32_t *out) {
  int32_t r = 0;
  for (; r + 16 <= rows; r += 16) {
    i folded[4];
    i_transposed(x + r, sizeof(i), folded);
    for (int quarter = 1; quarter < 4; quarter++) {
      i part[4];
      i_transposed((const char *)(x + r) + quarter * 16, sizeof(i), part);
      for (int n = 0; n < 4; n++) folded[n] = is_total ? i_add(folded[n], part[n]) : i_max(folded[n], part[n]);
    }
    i_store(out + r, is_total ? i_add(i_add(folded[0], folded[1]), i_add(folded[2], folded[3]))
                              : i_max(i_max(folded[0], folded[1]), i_max(folded[2], folded[3])));
  }
  for (; r < rows; r++) out[r] = is_total ? i_total(x[r]) : i_largest(x[r]);
}

// Quantises [rows, depth] with one scale, which is returned; bytes past the depth to 16 are not written.
static float quantise_head(const float *x, size_t stride, int32_t rows, int32_t depth, uint8_t *out) {
  const size_t bytes = tsr_padded(depth);
  i most = i_set(0);
  FOR_COLUMNS(depth)
    for (int32_t r = 0; r < rows; r++)
      most = i_max(most, i_and(i_from_bits(load(x + r * stride + column, count)), i_set(BITS_ABS)));
  float scale;
  const f factor = f_set(quantisation_factor(i_largest(most), &scale));
  FOR_COLUMNS(depth)
    for (int32_t r = 0; r < rows; r++)
      q_store(out + r * bytes + column, load(x + r * stride + column, count), factor);
  return scale;
}

// [rows, padded depth] bytes → panels [rows/16][depth/4][16][4], with −128·Σ of each row.
static void pack_keys(const uint8_t *bytes, int32_t rows, int32_t depth, int8_t *panels, int32_t *offsets) {
  const size_t padded = tsr_padded(depth);
  for (int32_t first = 0; first < rows; first += 16) {
    int32_t *panel = (int32_t *)(panels + first * padded);
    i sum = i_set(0);
    for (size_t column = 0; column < padded; column += 16) {
      i four[4] = {i_set(0), i_set(0), i_set(0), i_set(0)};
      if (column < (size_t)depth) {
        i_transposed(bytes + first * padded + column, padded, four);
        for (int g = 0; g < 4; g++) {
          four[g] = i_xor(four[g], i_set((int32_t)0x80808080u));
          sum = i_add_bytes(sum, four[g]);
        }
      }
      for (int g = 0; g < 4; g++) i_store(panel + column * 4 + g * 16, four[g]);
    }
    i_store(offsets + first, i_sub(i_set(0), I_SHIFT_LEFT(sum, 7)));
  }
}

// The scale and the factor of each column of v [rows, depth]: as quantisation_factor, on lanes.
static void value_factors(const float *v, size_t stride, int32_t rows, int32_t depth, float *scales,
                          float *factors) {
  FOR_COLUMNS(depth) {
    i most = i_set(0);
    for (int32_t r = 0; r < rows; r++)
      most = i_max(most, i_and(i_from_bits(load(v + r * stride + column, count)), i_set(BITS_ABS)));
    const f largest = f_from_bits(most), tiny = f_set(QUANTISED_MIN), none = f_set(0);
    const f infinite = f_from_bits(i_set(BITS_INFINITY));
    const f factor = f_if_greater(tiny, largest, none, f_div(f_set(127.0f), largest));
    const f scale = f_if_greater(tiny, largest, none, f_div(largest, f_set(127.0f)));
    f_store(factors + column, f_if_greater(infinite, largest, factor, none));
    f_store(scales + column, f_if_greater(infinite, largest, scale, f_set(__builtin_nanf(""))));
  }
}

// The bytes of up to four rows of v side by side in each lane.
INLINE i value_group(const float *v, size_t stride, int32_t rows, size_t count, f factor) {
  const f shift = f_set(ROUNDING);
  i row[4];
  for (int32_t r = 0; r < 4; r++)
    row[r] = r < rows ? i_from_bits(f_fma(load(v + r * stride, count), factor, shift)) : i_set(0);
  const i first = i_set(0xff), second = i_set(0xff00);
  const i low = i_or(i_and(row[0], first), i_and(I_SHIFT_LEFT(row[1], 8), second));
  const i high = i_or(i_and(row[2], first), i_and(I_SHIFT_LEFT(row[3], 8), second));
  return i_or(low, I_SHIFT_LEFT(high, 16));
}

// Adds the rows from ..< to of v to the panels [depth/16][rows/4][16][4] and −128 times them to the offsets.
// `from` is a multiple of four.
static void pack_values(const float *v, size_t stride, int32_t from, int32_t to, int32_t depth, size_t padded_rows,
                        const float *factors, int8_t *panels, int32_t *offsets) {
  FOR_COLUMNS(depth) {
    const f factor = f_load(factors + column);
    int32_t *panel = (int32_t *)(panels + column * padded_rows);
    i sum = i_set(0);
    int32_t r = from;
    for (; r + 4 <= to; r += 4) {
      const i four = value_group(v + r * stride + column, stride, 4, count, factor);
      sum = i_add_bytes(sum, four);
      i_store(panel + r * 4, four);
    }
    if (r < to) {
      const i four = value_group(v + r * stride + column, stride, to - r, count, factor);
      sum = i_add_bytes(sum, four);
      i_store(panel + r * 4, four);
    }
    const i before = from == 0 ? i_set(0) : i_load(offsets + column);
    i_store(offsets + column, i_sub(before, I_SHIFT_LEFT(sum, 7)));
  }
}

// The largest of the first `limit` sums, in lanes.
INLINE i largest_sums(const int32_t *sums, int32_t limit) {
  const i least = i_set(-(1 << 30));
  i most = least;
  int32_t j = 0;
  for (; j + 16 <= limit; j += 16) most = i_max(most, i_load(sums + j));
  if (j < limit) most = i_max(most, i_add(i_first(i_sub(i_load(sums + j), least), limit - j), least));
  return most;
}

// w[n] = 0x4b404000 + rint(127·128 · 2^(scale·difference)) of sixteen sums each: 2^r on ±½ by a cubic with
// relative error ≤ 1.1e-4, times 127/128. Differences count as `least` where they are below. Each step is
// taken for all parts, whose long chains so overlap.
#define WEIGHT_ZERO 0x4b404000
INLINE void weights_of(const int32_t *sums, int32_t parts, i largest, i least, f scale, i *w) {
  const f shift = f_set(ROUNDING + 127.0f + 14.0f);
  f x[4], shifted[4], p[4];
  for (int32_t n = 0; n < parts; n++) w[n] = i_max(least, i_sub(i_load(sums + n * 16), largest));
  for (int32_t n = 0; n < parts; n++) x[n] = f_from_i(w[n]);
  for (int32_t n = 0; n < parts; n++) shifted[n] = f_fma(x[n], scale, shift);
  for (int32_t n = 0; n < parts; n++) x[n] = f_fma(x[n], scale, f_sub(shift, shifted[n]));
  for (int32_t n = 0; n < parts; n++) p[n] = f_fma(f_set(0.05540204636f), x[n], f_set(0.2407438576f));
  for (int32_t n = 0; n < parts; n++) p[n] = f_fma(p[n], x[n], f_set(0.6877216032f));
  for (int32_t n = 0; n < parts; n++) p[n] = f_fma(p[n], x[n], f_set(0.9921126463f));
  for (int32_t n = 0; n < parts; n++) x[n] = f_from_bits(I_SHIFT_LEFT(i_from_bits(shifted[n]), 23));
  for (int32_t n = 0; n < parts; n++)
    w[n] = i_from_bits(f_fma(p[n], x[n], f_set(ROUNDING + 16384.0f)));
}

// Weights of one query from its sums, as bytes; returns Σ w in lanes. `limit` keys are seen, the bytes up
// to `end` are set.
static i int8_weights(const int32_t *sums, int32_t limit, int32_t end, int32_t most, i least, f scale,
                            uint8_t *high, uint8_t *low) {
  const i largest = i_set(most), zero = i_set(WEIGHT_ZERO);
  i total = i_set(0);
  int32_t j = 0;
  for (; j + 64 <= limit; j += 64) {
    i w[4];
    weights_of(sums + j, 4, largest, least, scale, w);
    b_store_split(high + j, low + j, w);
    // Sums wrap around: four zeros are 0x2d010000.
    total = i_add(total, i_sub(i_add(i_add(w[0], w[1]), i_add(w[2], w[3])), i_set((int32_t)(4u * WEIGHT_ZERO))));
  }
  for (; j < limit; j += 16) {
    i w;
    weights_of(sums + j, 1, largest, least, scale, &w);
    w = i_sub(w, zero);
    if (limit - j < 16) w = i_first(w, limit - j);
    total = i_add(total, w);
    b_store(high + j, i_or(I_SHIFT_RIGHT(w, 7), i_set(128)));
    b_store(low + j, i_or(w, i_set(128)));
  }
  for (; j < end; j += 16) {
    b_store(high + j, i_set(128));
    b_store(low + j, i_set(128));
  }
  return total;
}

static void attention_head_int8(const tsr_attention *a, const attention_scratch *p, int32_t first, int32_t rows,
                                int32_t head) {
  const int32_t depth = a->width / a->heads;
  const size_t rows16 = tsr_rounded_up(rows, 16), depth16 = tsr_rounded_up(depth, 16);
  const size_t depth_bytes = tsr_padded(depth), row_bytes = tsr_padded(rows);
  const float *q = a->qkv + (size_t)first * a->qkv_stride + head * depth;
  const float *k = q + a->width, *v = k + a->width;
  const float key_scale = quantise_head(k, a->qkv_stride, rows, depth, p->rows);
  pack_keys(p->rows, rows, depth, p->keys, p->key_offsets);
  const float query_scale = quantise_head(q, a->qkv_stride, rows, depth, p->rows);
  value_factors(v, a->qkv_stride, rows, depth, p->scales, p->factors);
  const tsr_matrix keys = {.outputs = rows, .depth = depth, .padded_outputs = (int32_t)rows16,
                           .padded_depth = (int32_t)depth_bytes, .int8_weights = p->keys,
                           .offset_sums = p->key_offsets};
  tsr_matrix values = {.outputs = depth, .padded_outputs = (int32_t)depth16, .padded_depth = (int32_t)row_bytes,
                       .int8_weights = p->values, .offset_sums = p->value_offsets};
  memset(p->values, 0, depth16 * row_bytes);
  const float scale = query_scale * key_scale * (1.44269504f / __builtin_sqrtf((float)depth));
  // What is no number shows in the shares alone; the weights are then those of equal keys.
  const bool is_number = scale < __builtin_inff();
  const f share_of_one = f_set(is_number ? 1.0f : __builtin_nanf(""));
  // From 64 on, the least difference is no weight already; a larger scale would leave the exponent's range.
  const f scales = f_set(!is_number ? 0.0f : scale < 64.0f ? scale : 64.0f);
  // 2⁻³⁰ is no weight. A small scale has no such difference.
  const i least = i_set(is_number && scale > 60.0f / (1 << 30) ? (int32_t)(-30.0f / scale) - 1 : -(1 << 29));
  for (int32_t begin = 0; begin < rows; begin += ATTENTION_ROWS) {
    const int32_t count_rows = rows - begin < ATTENTION_ROWS ? rows - begin : ATTENTION_ROWS;
    const int32_t seen = a->causal ? begin + count_rows : rows;
    int8_block(p->sums, rows16, p->rows + (size_t)begin * depth_bytes, count_rows, &keys, 0, (seen + 15) / 16);
    // Values are packed when the first query sees them: the product then ends there.
    if (values.depth < seen)
      pack_values(v, a->qkv_stride, values.depth, seen, depth, row_bytes, p->factors, p->values, p->value_offsets);
    values.depth = seen;
    i lanes[ATTENTION_ROWS];
    int32_t largest[ATTENTION_ROWS], totals[ATTENTION_ROWS];
    for (int32_t r = 0; r < count_rows; r++)
      lanes[r] = largest_sums(p->sums + r * rows16, a->causal ? begin + r + 1 : rows);
    fold_rows(lanes, count_rows, false, largest);
    uint8_t *high = p->weights, *low = high + count_rows * row_bytes;
    for (int32_t r = 0; r < count_rows; r++)
      lanes[r] = int8_weights(p->sums + r * rows16, a->causal ? begin + r + 1 : rows, seen, largest[r], least,
                              scales, high + r * row_bytes, low + r * row_bytes);
    fold_rows(lanes, count_rows, true, totals);
    int8_block(p->products, depth16, p->weights, 2 * count_rows, &values, 0, (int32_t)depth16 / 16);
    float shares[ATTENTION_ROWS];
    for (int32_t r = 0; r < count_rows; r += 16)
      f_store(shares + r, f_div(share_of_one, f_from_i(i_load(totals + r))));
    float *out = a->output + (size_t)(first + begin) * a->output_stride + head * depth;
    FOR_COLUMNS(depth) {
      const int32_t *highs = p->products + column, *lows = highs + count_rows * depth16;
      const f value_scale = f_load(p->scales + column);
      for (int32_t r = 0; r < count_rows; r++) {
        f sum = f_fma(f_from_i(i_load(highs + r * depth16)), f_set(128.0f), f_from_i(i_load(lows + r * depth16)));
        store(out + r * a->output_stride + column, f_mul(sum, f_mul(value_scale, f_set(shares[r]))), count);
      }
    }
  }
}
