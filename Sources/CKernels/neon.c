// The kernels on NEON with the dot product of bytes (ARMv8.2 and later).
#if defined(__aarch64__)
#pragma clang fp contract(off)
#include <arm_neon.h>

#include "scratch.h"

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#include "lanes_neon.h"
#include "steps.h"

// Signed times signed: the sign bit of the stored bytes is flipped back, sums begin at 0. Sixteen depths
// of input a register, four outputs × four depths of weights.
#define NEON_TILE(R)                                                                               \
  static void neon_tile_##R(int32_t *sums, size_t stride, const uint8_t *input,                    \
                            const tsr_matrix *w, int32_t panel) {                                  \
    const size_t row_bytes = w->padded_depth;                                                      \
    const int8_t *weights = w->int8_weights + panel * row_bytes * 16;                              \
    int32x4_t sum[R][4];                                                                           \
    for (int r = 0; r < R; r++)                                                                    \
      for (int q = 0; q < 4; q++) sum[r][q] = vdupq_n_s32(0);                                      \
    for (int32_t k = 0; k < w->depth; k += 16) {                                                   \
      int8x16_t x[R];                                                                              \
      for (int r = 0; r < R; r++)                                                                  \
        x[r] = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(input + r * row_bytes + k), vdupq_n_u8(128)));\
      const int8_t *wk = weights + (size_t)k * 16;                                                 \
      for (int q = 0; q < 4; q++)                                                                  \
        for (int r = 0; r < R; r++) {                                                              \
          sum[r][q] = vdotq_laneq_s32(sum[r][q], vld1q_s8(wk + q * 16), x[r], 0);                  \
          sum[r][q] = vdotq_laneq_s32(sum[r][q], vld1q_s8(wk + 64 + q * 16), x[r], 1);             \
          sum[r][q] = vdotq_laneq_s32(sum[r][q], vld1q_s8(wk + 128 + q * 16), x[r], 2);            \
          sum[r][q] = vdotq_laneq_s32(sum[r][q], vld1q_s8(wk + 192 + q * 16), x[r], 3);            \
        }                                                                                          \
    }                                                                                              \
    for (int r = 0; r < R; r++)                                                                    \
      for (int q = 0; q < 4; q++) vst1q_s32(sums + r * stride + q * 4, sum[r][q]);                 \
  }
NEON_TILE(4)
NEON_TILE(1)

static void int8_block(int32_t *sums, size_t stride, const uint8_t *input, int32_t rows,
                       const tsr_matrix *w, int32_t first_panel, int32_t panels) {
  for (int32_t p = 0; p < panels; p++) {
    int32_t r = 0;
    for (; r + 4 <= rows; r += 4)
      neon_tile_4(sums + r * stride + p * 16, stride, input + (size_t)r * w->padded_depth, w, first_panel + p);
    for (; r < rows; r++)
      neon_tile_1(sums + r * stride + p * 16, stride, input + (size_t)r * w->padded_depth, w, first_panel + p);
  }
}

// Nothing to set up around block products.
INLINE void blocks_begin(void) {}
INLINE void blocks_end(void) {}

#define HAS_WIDE_REGISTERS 0
#include "kernels.h"
#pragma clang attribute pop

TABLE_OF_KERNELS(neon)
#endif
