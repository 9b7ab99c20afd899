// Kernels that take each row as one vector.

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
