// Kernels that take each row as one vector. Sums run in the sixteen lanes and are folded once.

static void scale(const tsr_scale *a) {
  REQUIRE(a->rows >= 0 && a->width > 0 && a->gain != NULL && a->bias != NULL);
  REQUIRE_ROWS(a->input, a->input_stride, a->width);
  REQUIRE_ROWS(a->output, a->output_stride, a->width);
  for (int32_t r = 0; r < a->rows; r++) {
    const float *in = a->input + (size_t)r * a->input_stride;
    float *out = a->output + (size_t)r * a->output_stride;
    FOR_COLUMNS(a->width)
      store(out + column,
            f_fma(load(in + column, count), load(a->gain + column, count), load(a->bias + column, count)), count);
  }
}

static void dot(const tsr_dot *a) {
  REQUIRE(a->rows >= 0 && a->width > 0);
  REQUIRE_ROWS(a->a, a->a_stride, a->width);
  REQUIRE_ROWS(a->b, a->b_stride, a->width);
  REQUIRE_ROWS(a->output, a->output_stride, 1);
  for (int32_t r = 0; r < a->rows; r++) {
    const float *left = a->a + (size_t)(a->a_map == NULL ? r : a->a_map[r]) * a->a_stride;
    const float *right = a->b + (size_t)(a->b_map == NULL ? r : a->b_map[r]) * a->b_stride;
    f sum = f_set(0);
    FOR_COLUMNS(a->width) sum = f_fma(load(left + column, count), load(right + column, count), sum);
    a->output[(size_t)r * a->output_stride] = f_sum(sum);
  }
}

static void l2_norm(const tsr_l2_norm *a) {
  REQUIRE(a->rows >= 0 && a->width > 0 && a->epsilon > 0);
  REQUIRE_ROWS(a->input, a->input_stride, a->width);
  REQUIRE_ROWS(a->output, a->output_stride, a->width);
  for (int32_t r = 0; r < a->rows; r++) {
    const float *in = a->input + (size_t)r * a->input_stride;
    float *out = a->output + (size_t)r * a->output_stride;
    f squares = f_set(0);
    FOR_COLUMNS(a->width) {
      const f x = load(in + column, count);
      squares = f_fma(x, x, squares);
    }
    const float norm = __builtin_sqrtf(f_sum(squares));
    // Written so that a norm that is no number stays.
    const f factor = f_set(1.0f / (norm < a->epsilon ? a->epsilon : norm));
    FOR_COLUMNS(a->width) store(out + column, f_mul(load(in + column, count), factor), count);
  }
}

// The columns from p on; lanes past the end are minus infinity, which is no maximum.
INLINE f load_or_least(const float *p, size_t count) {
  if (count == 16) return f_load(p);
  float part[16];
  for (size_t n = 0; n < 16; n++) part[n] = n < count ? p[n] : -__builtin_inff();
  return f_load(part);
}

static void softmax(const tsr_softmax *a) {
  REQUIRE(a->rows >= 0 && a->width > 0);
  REQUIRE_ROWS(a->input, a->input_stride, a->width);
  REQUIRE_ROWS(a->output, a->output_stride, a->width);
  for (int32_t r = 0; r < a->rows; r++) {
    const float *in = a->input + (size_t)r * a->input_stride;
    float *out = a->output + (size_t)r * a->output_stride;
    f largest = f_set(-__builtin_inff());
    FOR_COLUMNS(a->width) largest = f_max(largest, load_or_least(in + column, count));
    const f top = f_set(f_largest(largest));
    f sum = f_set(0);
    FOR_COLUMNS(a->width) {
      f x = f_exp(f_sub(load(in + column, count), top));
      if (count < 16) x = f_first(x, count);
      store(out + column, x, count);
      sum = f_add(sum, x);
    }
    const f share = f_set(1.0f / f_sum(sum));
    FOR_COLUMNS(a->width) store(out + column, f_mul(load(out + column, count), share), count);
  }
}
