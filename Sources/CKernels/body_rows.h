// Row kernels on sixteen lanes: gather, layer norm, pooling, combination, activation, numbers.

// Rows ahead of the one that is read: about a memory latency of work.
#define PREFETCH_ROWS 8

INLINE size_t safe_id(const tsr_table *t, int32_t id) {
  return (uint32_t)id < (uint32_t)t->rows ? (size_t)id : 0;
}
INLINE void prefetch_row(const tsr_table *t, int32_t id) {
  const size_t bytes = (size_t)t->width * (t->int8_values != NULL ? 1 : 4);
  const char *row = (t->int8_values != NULL ? (const char *)t->int8_values : (const char *)t->float_values)
      + safe_id(t, id) * bytes;
  for (size_t at = 0; at < bytes; at += 64) __builtin_prefetch(row + at);
  if (t->scales != NULL) __builtin_prefetch(t->scales + safe_id(t, id));
}
// out = (is_first ? 0 : out) + scale · row
INLINE void read_row(const tsr_table *t, int32_t wanted, float *out, bool is_first) {
  const size_t id = safe_id(t, wanted);
  const f scale = f_set(t->int8_values != NULL ? t->scales[id] : 1.0f);
  FOR_COLUMNS(t->width) {
    const size_t at = id * (size_t)t->width + column;
    f row = t->int8_values == NULL ? load(t->float_values + at, count)
        : count == 16 ? f_load_int8(t->int8_values + at) : f_load_int8_part(t->int8_values + at, count);
    f before = is_first ? f_set(0) : load(out + column, count);
    store(out + column, f_fma(row, scale, before), count);
  }
}
static void gather(const tsr_gather *a) {
  const tsr_table *t = a->table;
  REQUIRE(a->rows >= 0 && t->rows > 0 && t->width > 0 && a->ids != NULL);
  REQUIRE_EITHER(t->int8_values, t->float_values);
  REQUIRE((t->int8_values == NULL) == (t->scales == NULL));
  REQUIRE_ROWS(a->output, a->output_stride, t->width);
  const int32_t members = a->bag_offsets == NULL ? a->rows : a->bag_offsets[a->rows];
  for (int32_t m = 0; m < members && m < PREFETCH_ROWS; m++) prefetch_row(t, a->ids[m]);
  for (int32_t r = 0; r < a->rows; r++) {
    float *out = a->output + (size_t)r * a->output_stride;
    const int32_t first = a->bag_offsets == NULL ? r : a->bag_offsets[r];
    const int32_t end = a->bag_offsets == NULL ? r + 1 : a->bag_offsets[r + 1];
    if (first == end) memset(out, 0, (size_t)t->width * sizeof(float));
    for (int32_t m = first; m < end; m++) {
      if (m + PREFETCH_ROWS < members) prefetch_row(t, a->ids[m + PREFETCH_ROWS]);
      read_row(t, a->ids[m], out, m == first);
    }
    if (a->bag == TSR_BAG_MEAN && end - first > 1) {
      const f share = f_set(1.0f / (float)(end - first));
      FOR_COLUMNS(t->width) store(out + column, f_mul(load(out + column, count), share), count);
    }
  }
}

// The row stays in the output between the steps. Steps are taken for a few rows at a time.
static void layer_norm(const tsr_layer_norm *a) {
  REQUIRE(a->rows >= 0 && a->width > 0 && a->epsilon > 0 && a->gain != NULL && a->bias != NULL);
  REQUIRE_ROWS(a->input, a->input_stride, a->width);
  REQUIRE_ROWS(a->output, a->output_stride, a->width);
  REQUIRE((a->output_int8 == NULL) == (a->output_scales == NULL));
  const float width = (float)a->width;
  float means[ROWS_TOGETHER], factors[ROWS_TOGETHER];
  for (int32_t first = 0; first < a->rows; first += ROWS_TOGETHER) {
    const int32_t together = a->rows - first < ROWS_TOGETHER ? a->rows - first : ROWS_TOGETHER;
    float *rows = a->output + (size_t)first * a->output_stride;
    for (int32_t r = 0; r < together; r++) {
      const float *in = a->input + (size_t)(first + r) * a->input_stride;
      float *out = rows + r * a->output_stride;
      f sum = f_set(0);
      FOR_COLUMNS(a->width) {
        f x = load(in + column, count);
        store(out + column, x, count);
        sum = f_add(sum, x);
      }
      means[r] = f_sum(sum) / width;
    }
    for (int32_t r = 0; r < together; r++) {
      const float *x = rows + r * a->output_stride;
      const f mean = f_set(means[r]);
      f squares = f_set(0);
      FOR_COLUMNS(a->width) {
        // Lanes past the end count as the mean.
        f difference = count == 16 ? f_sub(f_load(x + column), mean)
            : f_first(f_sub(f_load_part(x + column, count), mean), count);
        squares = f_fma(difference, difference, squares);
      }
      factors[r] = 1.0f / __builtin_sqrtf(f_sum(squares) / width + a->epsilon);
    }
    for (int32_t r = 0; r < together; r++) {
      float *x = rows + r * a->output_stride;
      const f mean = f_set(means[r]), factor = f_set(factors[r]);
      FOR_COLUMNS(a->width)
        store(x + column,
              f_fma(f_mul(f_sub(load(x + column, count), mean), factor), load(a->gain + column, count),
                    load(a->bias + column, count)), count);
    }
    if (a->output_int8 != NULL)
      quantise_rows(rows, a->output_stride, together, a->width,
                    a->output_int8 + (size_t)first * tsr_padded(a->width), a->output_scales + first);
  }
}

static void pool(const tsr_pool *a) {
  REQUIRE(a->users >= 0 && a->width > 0 && a->offsets != NULL && a->mode <= TSR_SUM);
  REQUIRE_ROWS(a->input, a->input_stride, a->width);
  REQUIRE_ROWS(a->output, a->output_stride, a->width);
  for (int32_t u = 0; u < a->users; u++) {
    const int32_t first = a->offsets[u], end = a->offsets[u + 1];
    float *out = a->output + (size_t)u * a->output_stride;
    if (first == end) {
      memset(out, 0, (size_t)a->width * sizeof(float));
      continue;
    }
    const float *in = a->input + (size_t)first * a->input_stride;
    const float *newest = in + (size_t)(end - first - 1) * a->input_stride;
    const f share = f_set(1.0f / (float)(end - first));
    FOR_COLUMNS(a->width) {
      f y = load((a->mode == TSR_LAST ? newest : in) + column, count);
      if (a->mode == TSR_MEAN || a->mode == TSR_MAX || a->mode == TSR_SUM)
        for (int32_t t = 1; t < end - first; t++) {
          f x = load(in + (size_t)t * a->input_stride + column, count);
          y = a->mode == TSR_MAX ? f_max(y, x) : f_add(y, x);
        }
      if (a->mode == TSR_MEAN) y = f_mul(y, share);
      store(out + column, y, count);
    }
  }
}

static void combine(const tsr_combine *a) {
  REQUIRE(a->rows >= 0 && a->width > 0 && a->combination <= TSR_MINIMUM);
  REQUIRE_ROWS(a->a, a->a_stride, a->width);
  REQUIRE(a->b == NULL || a->b_stride >= (size_t)a->width);
  REQUIRE_ROWS(a->output, a->output_stride, a->width);
  for (int32_t r = 0; r < a->rows; r++) {
    const float *left = a->a + (size_t)(a->a_map == NULL ? r : a->a_map[r]) * a->a_stride;
    const float *right = a->b == NULL ? NULL
        : a->b + (size_t)(a->b_map == NULL ? r : a->b_map[r]) * a->b_stride;
    float *out = a->output + (size_t)r * a->output_stride;
    FOR_COLUMNS(a->width) {
      f x = load(left + column, count);
      if (right != NULL) x = f_combined(x, load(right + column, count), a->combination);
      store(out + column, x, count);
    }
  }
}

static void activate(const tsr_activate *a) {
  REQUIRE(a->rows >= 0 && a->width > 0 && a->activation <= TSR_ELU);
  REQUIRE_ROWS(a->input, a->input_stride, a->width);
  REQUIRE_ROWS(a->output, a->output_stride, a->width);
  for (int32_t r = 0; r < a->rows; r++) {
    const float *in = a->input + (size_t)r * a->input_stride;
    float *out = a->output + (size_t)r * a->output_stride;
    FOR_COLUMNS(a->width)
      store(out + column, f_activated(load(in + column, count), a->activation, a->slope), count);
  }
}

static void number(const tsr_number *a) {
  REQUIRE(a->count >= 0 && a->input != NULL && a->low <= a->high && a->deviation > 0);
  REQUIRE_ROWS(a->output, a->output_stride, 1);
  float column_values[16];
  FOR_COLUMNS(a->count) {
    f x = f_if_nan(load(a->input + column, count), f_set(a->missing));
    if (a->log1p) x = f_sign_of(x, f_log1p(f_abs(x)));
    x = f_max(f_set(a->low), f_min(f_set(a->high), x));
    x = f_div(f_sub(x, f_set(a->mean)), f_set(a->deviation));
    f_store(column_values, x);
    for (size_t n = 0; n < count; n++) a->output[(column + n) * a->output_stride] = column_values[n];
  }
}
