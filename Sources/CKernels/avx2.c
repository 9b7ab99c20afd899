// The kernels on AVX2 with FMA.
#if defined(__x86_64__)
#pragma clang fp contract(off)
#include <immintrin.h>

#include "scratch.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "lanes_avx2.h"
#include "steps.h"

// Bytes are widened to 16 bits, so that no product or sum of two saturates: four outputs × four depths
// a register, multiplied and added in pairs to 2 × int32 an output, which are joined at the end.
#define AVX2_TILE(R)                                                                               \
  static void avx2_tile_##R(int32_t *sums, size_t stride, const uint8_t *input,                    \
                            const tsr_matrix *w, int32_t panel) {                                  \
    const size_t row_bytes = w->padded_depth;                                                      \
    const int8_t *weights = w->int8_weights + panel * row_bytes * 16;                              \
    __m256i sum[R][4];                                                                             \
    for (int r = 0; r < R; r++)                                                                    \
      for (int q = 0; q < 4; q++) sum[r][q] = _mm256_setzero_si256();                              \
    for (int32_t k = 0; k < w->depth; k += 4) {                                                    \
      __m256i x[R];                                                                                \
      for (int r = 0; r < R; r++) {                                                                \
        int32_t four;                                                                              \
        memcpy(&four, input + r * row_bytes + k, 4);                                               \
        x[r] = _mm256_cvtepu8_epi16(_mm_set1_epi32(four));                                         \
      }                                                                                            \
      for (int q = 0; q < 4; q++) {                                                                \
        const __m256i wk = _mm256_cvtepi8_epi16(                                                   \
            _mm_load_si128((const __m128i *)(weights + (size_t)k * 16 + q * 16)));                 \
        for (int r = 0; r < R; r++)                                                                \
          sum[r][q] = _mm256_add_epi32(sum[r][q], _mm256_madd_epi16(x[r], wk));                    \
      }                                                                                            \
    }                                                                                              \
    const i start = i_load(w->offset_sums + panel * 16);                                           \
    for (int r = 0; r < R; r++) {                                                                  \
      const i joined = {                                                                           \
          _mm256_permute4x64_epi64(_mm256_hadd_epi32(sum[r][0], sum[r][1]), 0xd8),                 \
          _mm256_permute4x64_epi64(_mm256_hadd_epi32(sum[r][2], sum[r][3]), 0xd8)};                \
      i_store(sums + r * stride, i_add(start, joined));                                            \
    }                                                                                              \
  }
AVX2_TILE(3)
AVX2_TILE(1)

static void int8_block(int32_t *sums, size_t stride, const uint8_t *input, int32_t rows,
                       const tsr_matrix *w, int32_t first_panel, int32_t panels) {
  for (int32_t p = 0; p < panels; p++) {
    int32_t r = 0;
    for (; r + 3 <= rows; r += 3)
      avx2_tile_3(sums + r * stride + p * 16, stride, input + (size_t)r * w->padded_depth, w, first_panel + p);
    for (; r < rows; r++)
      avx2_tile_1(sums + r * stride + p * 16, stride, input + (size_t)r * w->padded_depth, w, first_panel + p);
  }
}

// Nothing to set up around block products.
INLINE void blocks_begin(void) {}
INLINE void blocks_end(void) {}

#define HAS_WIDE_REGISTERS 0
#include "body_product.h"
#include "body_rows.h"
#include "body_lstm.h"
#include "body_attention.h"
#pragma clang attribute pop

const tsr_kernels tsr_kernels__avx2 = {
    "avx2", quantise, product, gather, lstm, attention, layer_norm, pool, combine, activate, number};
#endif
