// int8 block product on AVX-512 VNNI. The instruction multiplies unsigned by signed bytes, so inputs
// are taken as they are stored, x + 128, and the sums begin at −128·Σ weights: exact, nothing
// saturates.

#define UNROLLED _Pragma("clang loop unroll(full)")

// [R rows] · [P panels], all sums in registers; the depth is taken in S interleaved parts, because an
// instruction takes five cycles and two begin in each: ten sums or more keep both units busy.
#define VNNI_TILE(R, P, S)                                                                         \
  static void vnni_tile_##R##x##P(int32_t *sums, size_t stride, const uint8_t *input,              \
                                  const tsr_matrix *w, int32_t first_panel) {                      \
    const size_t row_bytes = w->padded_depth, panel_bytes = row_bytes * 16;                        \
    const int8_t *weights = w->int8_weights + first_panel * panel_bytes;                           \
    __m512i sum[S][R][P];                                                                          \
    UNROLLED for (int p = 0; p < P; p++) {                                                         \
      UNROLLED for (int r = 0; r < R; r++) {                                                       \
        sum[0][r][p] = _mm512_loadu_si512(w->offset_sums + (first_panel + p) * 16);                \
        UNROLLED for (int s = 1; s < S; s++) sum[s][r][p] = _mm512_setzero_si512();                \
      }                                                                                            \
    }                                                                                              \
    for (int32_t k = 0; k < w->depth; k += 4 * S) {                                                \
      UNROLLED for (int s = 0; s < S; s++) {                                                       \
        __m512i wk[P];                                                                             \
        UNROLLED for (int p = 0; p < P; p++)                                                       \
            wk[p] = _mm512_load_si512(weights + p * panel_bytes + (size_t)(k + 4 * s) * 16);       \
        UNROLLED for (int r = 0; r < R; r++) {                                                     \
          int32_t four;                                                                            \
          memcpy(&four, input + r * row_bytes + k + 4 * s, 4);                                     \
          const __m512i x = _mm512_set1_epi32(four);                                               \
          UNROLLED for (int p = 0; p < P; p++)                                                     \
              sum[s][r][p] = _mm512_dpbusd_epi32(sum[s][r][p], x, wk[p]);                          \
        }                                                                                          \
      }                                                                                            \
    }                                                                                              \
    UNROLLED for (int r = 0; r < R; r++) {                                                         \
      UNROLLED for (int p = 0; p < P; p++) {                                                       \
        UNROLLED for (int s = 1; s < S; s++)                                                       \
            sum[0][r][p] = _mm512_add_epi32(sum[0][r][p], sum[s][r][p]);                           \
        _mm512_storeu_si512(sums + r * stride + p * 16, sum[0][r][p]);                             \
      }                                                                                            \
    }                                                                                              \
  }

VNNI_TILE(8, 1, 2)
VNNI_TILE(4, 2, 2)
VNNI_TILE(4, 1, 4)
VNNI_TILE(2, 8, 1)
VNNI_TILE(2, 4, 2)
VNNI_TILE(2, 2, 4)
VNNI_TILE(2, 1, 4)
VNNI_TILE(1, 8, 2)
VNNI_TILE(1, 4, 4)
VNNI_TILE(1, 1, 8)

static void vnni_block(int32_t *sums, size_t stride, const uint8_t *input, int32_t rows,
                       const tsr_matrix *w, int32_t first_panel, int32_t panels) {
  const size_t row_bytes = w->padded_depth;
  // Panels outside, rows inside: the weights of a tile stay in the L1 cache.
#define VNNI_TILES(R, P, first, end)                                                               \
  for (; p + P <= panels; p += P)                                                                  \
    for (int32_t r = first; r + R <= end; r += R)                                                  \
      vnni_tile_##R##x##P(sums + r * stride + p * 16, stride, input + r * row_bytes, w, first_panel + p);
  const int32_t eights = rows / 8 * 8, fours = rows / 4 * 4, twos = rows / 2 * 2;
  int32_t p = 0;
  // Two panels, not four, although that reads more inputs: shorter tiles overlap better at their ends.
  VNNI_TILES(4, 2, 0, fours)
  if (p < panels) {
    VNNI_TILES(8, 1, 0, eights)
    p = panels - 1;
    VNNI_TILES(4, 1, eights, fours)
  }
  if (fours < twos) {
    p = 0;
    VNNI_TILES(2, 8, fours, twos)
    VNNI_TILES(2, 4, fours, twos)
    VNNI_TILES(2, 2, fours, twos)
    VNNI_TILES(2, 1, fours, twos)
  }
  if (twos < rows) {
    p = 0;
    VNNI_TILES(1, 8, twos, rows)
    VNNI_TILES(1, 4, twos, rows)
    VNNI_TILES(1, 1, twos, rows)
  }
#undef VNNI_TILES
}
