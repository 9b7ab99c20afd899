// int8 block product on AVX2. The instruction multiplies unsigned by signed bytes and adds pairs to int16,
// which whole bytes overflow: two products reach 2·255·128. So each stored byte, x + 128, is taken as two
// digits of four bits, 16·high + low; two products of a digit stay within 2·15·128, and eight such steps
// within int16. Sums begin at −128·Σ weights: exact, nothing saturates.

#define UNROLLED _Pragma("clang loop unroll(full)")

enum {
  AVX2_STEPS = 8,     // of four depths, whose digit sums fit int16
  AVX2_DEPTH = 128    // depths whose digits lie on the stack together: 8 KiB for a block of rows
};

typedef struct {
  uint8_t low[AVX2_DEPTH], high[AVX2_DEPTH];
} avx2_digits;

INLINE void avx2_split(avx2_digits *digits, const uint8_t *input, int32_t depth) {
  const __m256i digit = _mm256_set1_epi8(15);
  for (int32_t k = 0; k < depth; k += 32) {
    const __m256i x = _mm256_loadu_si256((const __m256i *)(input + k));
    _mm256_store_si256((__m256i *)(digits->low + k), _mm256_and_si256(x, digit));
    _mm256_store_si256((__m256i *)(digits->high + k), _mm256_and_si256(_mm256_srli_epi16(x, 4), digit));
  }
}

// Four depths of R rows · V vectors of eight outputs, added to the int16 sums of the digits.
#define AVX2_STEP(R, V)                                                                            \
  {                                                                                                \
    __m256i wk[V];                                                                                 \
    UNROLLED for (int v = 0; v < V; v++)                                                           \
        wk[v] = _mm256_load_si256((const __m256i *)(weights + v / 2 * panel_bytes + k * 16 + v % 2 * 32)); \
    UNROLLED for (int r = 0; r < R; r++) {                                                         \
      int32_t four[2];                                                                             \
      memcpy(&four[0], x[r].low + k, 4);                                                           \
      memcpy(&four[1], x[r].high + k, 4);                                                          \
      UNROLLED for (int d = 0; d < 2; d++) {                                                       \
        UNROLLED for (int v = 0; v < V; v++)                                                       \
            part[r][v][d] = _mm256_add_epi16(part[r][v][d],                                        \
                                             _mm256_maddubs_epi16(_mm256_set1_epi32(four[d]), wk[v])); \
      }                                                                                            \
    }                                                                                              \
    k += 4;                                                                                        \
  }

// sums = from + [R rows] · [V vectors of eight outputs], the int16 sums in registers. A stride of 0 gives
// every row the same `from`.
#define AVX2_TILE(R, V)                                                                            \
  static void avx2_tile_##R##x##V(int32_t *sums, size_t stride, const int32_t *from, size_t from_stride, \
                                  const avx2_digits *x, const int8_t *weights, size_t panel_bytes, \
                                  size_t depth) {                                                  \
    const __m256i one = _mm256_set1_epi16(1), sixteen = _mm256_set1_epi16(16);                     \
    for (size_t k = 0; k < depth;) {                                                               \
      __m256i part[R][V][2];                                                                       \
      UNROLLED for (int r = 0; r < R; r++) {                                                       \
        UNROLLED for (int v = 0; v < V; v++) part[r][v][0] = part[r][v][1] = _mm256_setzero_si256(); \
      }                                                                                            \
      if (depth - k > 4 * (AVX2_STEPS - 1)) {                                                      \
        UNROLLED for (int s = 0; s < AVX2_STEPS; s++) AVX2_STEP(R, V)                              \
      } else {                                                                                     \
        while (k < depth) AVX2_STEP(R, V)                                                          \
      }                                                                                            \
      UNROLLED for (int r = 0; r < R; r++) {                                                       \
        UNROLLED for (int v = 0; v < V; v++) {                                                     \
          const __m256i sum = _mm256_add_epi32(_mm256_madd_epi16(part[r][v][0], one),              \
                                               _mm256_madd_epi16(part[r][v][1], sixteen));         \
          const __m256i before = _mm256_loadu_si256((const __m256i *)(from + r * from_stride + v * 8)); \
          _mm256_storeu_si256((__m256i *)(sums + r * stride + v * 8), _mm256_add_epi32(before, sum)); \
        }                                                                                          \
      }                                                                                            \
      from = sums, from_stride = stride;                                                           \
    }                                                                                              \
  }

// Eight int16 sums each: with the inputs and weights beside them they fill the sixteen registers.
AVX2_TILE(2, 2)
AVX2_TILE(1, 4)
AVX2_TILE(1, 2)

static void avx2_block(int32_t *sums, size_t stride, const uint8_t *input, int32_t rows,
                       const tsr_matrix *w, int32_t first_panel, int32_t panels) {
  const size_t row_bytes = w->padded_depth, panel_bytes = row_bytes * 16;
  avx2_digits digits[TSR_ROW_BLOCK] __attribute__((aligned(32)));
  for (int32_t first = 0; first < rows; first += TSR_ROW_BLOCK) {
    const int32_t count = rows - first < TSR_ROW_BLOCK ? rows - first : TSR_ROW_BLOCK;
    for (int32_t k = 0; k < w->depth; k += AVX2_DEPTH) {
      const int32_t depth = w->depth - k < AVX2_DEPTH ? w->depth - k : AVX2_DEPTH;
      for (int32_t r = 0; r < count; r++) avx2_split(&digits[r], input + (first + r) * row_bytes + k, depth);
      int32_t *out = sums + first * stride;
      const int32_t *from = k == 0 ? w->offset_sums + first_panel * 16 : out;
      const size_t from_stride = k == 0 ? 0 : stride;
      const int8_t *weights = w->int8_weights + first_panel * panel_bytes + (size_t)k * 16;
#define AVX2_AT(r, p)                                                                              \
  out + (r) * stride + (p) * 16, stride, from + (r) * from_stride + (p) * 16, from_stride, &digits[r], \
      weights + (p) * panel_bytes, panel_bytes, depth
      // Panels outside, rows inside: the weights of a tile stay in the L1 cache.
      for (int32_t p = 0; p < panels; p++)
        for (int32_t r = 0; r + 2 <= count; r += 2) avx2_tile_2x2(AVX2_AT(r, p));
      if (count % 2 != 0) {
        for (int32_t p = 0; p + 2 <= panels; p += 2) avx2_tile_1x4(AVX2_AT(count - 1, p));
        if (panels % 2 != 0) avx2_tile_1x2(AVX2_AT(count - 1, panels - 1));
      }
#undef AVX2_AT
    }
  }
}
