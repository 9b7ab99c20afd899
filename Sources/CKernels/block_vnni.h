// int8 block product on AVX-512 VNNI. The instruction multiplies unsigned by signed bytes, so inputs
// are taken as x + 128 and the sums begin at −128·Σ weights: exact, nothing saturates.

// [R rows] · [P panels], all sums in registers.
#define VNNI_TILE(R, P)                                                                             \
  static void vnni_tile_##R##x##P(int32_t *sums, size_t stride, const int8_t *input,                \
                                  const tsr_matrix *w, int32_t first_panel) {                       \
    const size_t row_bytes = w->padded_depth, panel_bytes = row_bytes * 16;                         \
    const int8_t *weights = w->int8_weights + first_panel * panel_bytes;                            \
    const __m512i flip = _mm512_set1_epi8((char)-128);                                              \
    __m512i sum[R][P];                                                                              \
    _Pragma("clang loop unroll(full)") for (int p = 0; p < P; p++) {                                \
      const __m512i start = _mm512_loadu_si512(w->offset_sums + (first_panel + p) * 16);            \
      _Pragma("clang loop unroll(full)") for (int r = 0; r < R; r++) sum[r][p] = start;             \
    }                                                                                               \
    for (int32_t k = 0; k < w->depth; k += 4) {                                                     \
      __m512i x[R];                                                                                 \
      _Pragma("clang loop unroll(full)") for (int r = 0; r < R; r++) {                              \
        int32_t four;                                                                               \
        memcpy(&four, input + r * row_bytes + k, 4);                                                \
        x[r] = _mm512_xor_si512(_mm512_set1_epi32(four), flip);                                     \
      }                                                                                             \
      _Pragma("clang loop unroll(full)") for (int p = 0; p < P; p++) {                              \
        const __m512i wk = _mm512_load_si512(weights + p * panel_bytes + (size_t)k * 16);           \
        _Pragma("clang loop unroll(full)") for (int r = 0; r < R; r++)                              \
            sum[r][p] = _mm512_dpbusd_epi32(sum[r][p], x[r], wk);                                   \
      }                                                                                             \
    }                                                                                               \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < R; r++)                                  \
        _Pragma("clang loop unroll(full)") for (int p = 0; p < P; p++)                              \
            _mm512_storeu_si512(sums + r * stride + p * 16, sum[r][p]);                             \
  }

VNNI_TILE(6, 4)
VNNI_TILE(6, 1)
VNNI_TILE(2, 8)
VNNI_TILE(2, 1)
VNNI_TILE(1, 16)
VNNI_TILE(1, 4)
VNNI_TILE(1, 1)

static void vnni_block(int32_t *sums, size_t stride, const int8_t *input, int32_t rows,
                       const tsr_matrix *w, int32_t first_panel, int32_t panels) {
  const size_t row_bytes = w->padded_depth;
  int32_t r = 0;
#define VNNI_ROWS(R, WIDE)                                                                       \
  for (int32_t p = 0; p < panels;) {                                                             \
    const bool is_wide = panels - p >= WIDE;                                                     \
    for (int32_t at = r; at + R <= rows; at += R)                                                \
      (is_wide ? vnni_tile_##R##x##WIDE : vnni_tile_##R##x1)(                                    \
          sums + at * stride + p * 16, stride, input + at * row_bytes, w, first_panel + p);      \
    p += is_wide ? WIDE : 1;                                                                     \
  }                                                                                              \
  r += (rows - r) / R * R;
  VNNI_ROWS(6, 4)
  VNNI_ROWS(2, 8)
  if (r < rows) {
    const int8_t *x = input + r * row_bytes;
    int32_t *out = sums + r * stride;
    int32_t p = 0;
    for (; p + 16 <= panels; p += 16) vnni_tile_1x16(out + p * 16, stride, x, w, first_panel + p);
    for (; p + 4 <= panels; p += 4) vnni_tile_1x4(out + p * 16, stride, x, w, first_panel + p);
    for (; p < panels; p++) vnni_tile_1x1(out + p * 16, stride, x, w, first_panel + p);
  }
#undef VNNI_ROWS
}
