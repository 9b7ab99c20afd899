// The scalar kernels: the reference that every other instruction set must equal, bit for bit.
#pragma clang fp contract(off)
#include "lanes_scalar.h"
#include "scratch.h"
#include "steps.h"

static void int8_block(int32_t *sums, size_t stride, const uint8_t *input, int32_t rows,
                       const tsr_matrix *w, int32_t first_panel, int32_t panels) {
  for (int32_t r = 0; r < rows; r++)
    for (int32_t panel = 0; panel < panels; panel++) {
      const int8_t *weights = w->int8_weights + (size_t)(first_panel + panel) * 16 * w->padded_depth;
      const uint8_t *x = input + (size_t)r * w->padded_depth;
      int32_t *out = sums + r * stride + panel * 16;
      memset(out, 0, 16 * sizeof(int32_t));
      for (int32_t k = 0; k < w->depth; k += 4)
        for (int n = 0; n < 16; n++)
          for (int b = 0; b < 4; b++) out[n] += (x[k + b] - 128) * weights[k * 16 + n * 4 + b];
    }
}

// Nothing to set up around block products.
INLINE void blocks_begin(void) {}
INLINE void blocks_end(void) {}

#define HAS_WIDE_REGISTERS 0
#include "kernels.h"

TABLE_OF_KERNELS(scalar)
