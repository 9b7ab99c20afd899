// Windows over each user's rows: side by side, as the input of a convolution's product, or pooled.

// Rows of zeros that the first window of a user reaches back over.
INLINE int32_t windows_left(const tsr_windows *a, int32_t rows, int32_t windows) {
  const int32_t span = (a->size - 1) * a->dilation + 1;
  switch (a->padding) {
    case TSR_VALID: return 0;
    case TSR_CAUSAL: return span - 1;
    case TSR_SAME: {
      // The zeros that are missing in all; an odd one comes after the newest row.
      const int32_t missing = (windows - 1) * a->stride + span - rows;
      return missing > 0 ? missing / 2 : 0;
    }
  }
  return 0;
}

// The rows that begin at `begin`, which may lie before the first: [size · width], zeros for rows that are not there.
INLINE void window_rows(const tsr_windows *a, const float *in, int32_t rows, int32_t begin, float *out) {
  for (int32_t n = 0; n < a->size; n++, out += a->width) {
    const int32_t row = begin + n * a->dilation;
    if (row >= 0 && row < rows) memcpy(out, in + (size_t)row * a->input_stride, a->width * sizeof(float));
    else memset(out, 0, a->width * sizeof(float));
  }
}

// The largest, or the mean, of each column over the rows that are there.
INLINE void window_pooled(const tsr_windows *a, const float *in, int32_t rows, int32_t begin, float *out) {
  const int32_t first = begin > 0 ? begin : 0, end = begin + a->size < rows ? begin + a->size : rows;
  const f share = f_set(1.0f / (float)(end - first));
  FOR_COLUMNS(a->width) {
    const float *x = in + (size_t)first * a->input_stride + column;
    f y = load(x, count);
    for (int32_t row = first + 1; row < end; row++) {
      x += a->input_stride;
      y = a->mode == TSR_WINDOW_MAX ? f_max(y, load(x, count)) : f_add(y, load(x, count));
    }
    store(out + column, a->mode == TSR_WINDOW_MAX ? y : f_mul(y, share), count);
  }
}

static void windows(const tsr_windows *a) {
  REQUIRE(a->users >= 0 && a->width > 0 && a->size > 0 && a->stride > 0 && a->dilation > 0);
  REQUIRE(a->offsets != NULL && a->window_offsets != NULL && a->mode <= TSR_WINDOW_MEAN);
  REQUIRE(a->mode == TSR_WINDOW_ROWS || (a->dilation == 1 && a->output_int8 == NULL));
  REQUIRE_ROWS(a->input, a->input_stride, a->width);
  REQUIRE_EITHER(a->output, a->output_int8);
  REQUIRE((a->output_int8 == NULL) == (a->output_scales == NULL));
  const size_t width = (size_t)(a->mode == TSR_WINDOW_ROWS ? a->size : 1) * a->width;
  if (a->output != NULL) REQUIRE(a->output_stride >= width);
  else REQUIRE_SCRATCH(a->scratch);
  float *const waiting = a->scratch;  // [WINDOWS_TOGETHER, size · width], for their quantisation
  int32_t waits = 0, first_waiting = 0;
  for (int32_t u = 0; u < a->users; u++) {
    const float *in = a->input + (size_t)a->offsets[u] * a->input_stride;
    const int32_t rows = a->offsets[u + 1] - a->offsets[u], end = a->window_offsets[u + 1];
    const int32_t count = end - a->window_offsets[u], left = windows_left(a, rows, count);
    for (int32_t n = 0; n < count; n++) {
      const int32_t window = a->window_offsets[u] + n, begin = n * a->stride - left;
      if (a->mode != TSR_WINDOW_ROWS) {
        window_pooled(a, in, rows, begin, a->output + (size_t)window * a->output_stride);
      } else if (a->output != NULL) {
        window_rows(a, in, rows, begin, a->output + (size_t)window * a->output_stride);
      } else {
        if (waits == 0) first_waiting = window;
        window_rows(a, in, rows, begin, waiting + waits++ * width);
        if (waits < WINDOWS_TOGETHER && window + 1 < a->window_offsets[a->users]) continue;
        quantise_rows(waiting, width, waits, width, a->output_int8 + (size_t)first_waiting * tsr_padded(width),
                      a->output_scales + first_waiting);
        waits = 0;
      }
    }
  }
}
