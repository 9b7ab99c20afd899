// The AMX kernels with tile instructions emulated in plain C, for processors without tiles: shows that
// the tiles are addressed rightly. What it cannot show is how the real unit behaves; the self-check at
// start does that, on a processor that has one.
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t tiles[8][16][64];
static int is_configured;

static void emulated_loadconfig(const void *config) {
  const uint8_t *bytes = config;
  for (int n = 1; n < 16; n++)
    if (bytes[n] != 0) abort();
  for (int t = 0; t < 8; t++)
    if (bytes[0] != 1 || bytes[16 + 2 * t] != 64 || bytes[48 + t] != 16) abort();
  memset(tiles, 0x77, sizeof tiles);
  is_configured = 1;
}
static void emulated_release(void) { is_configured = 0; }
static void emulated_loadd(int tile, const void *from, size_t stride) {
  if (!is_configured) abort();
  for (int r = 0; r < 16; r++) memcpy(tiles[tile][r], (const char *)from + r * stride, 64);
}
static void emulated_stored(int tile, void *to, size_t stride) {
  if (!is_configured) abort();
  for (int r = 0; r < 16; r++) memcpy((char *)to + r * stride, tiles[tile][r], 64);
}
// sum[m][n] += Σ unsigned a[m][k] · signed b[k/4][n][k mod 4]
static void emulated_dpbusd(int sum, int a, int b) {
  if (!is_configured) abort();
  for (int m = 0; m < 16; m++)
    for (int n = 0; n < 16; n++) {
      int32_t s;
      memcpy(&s, &tiles[sum][m][n * 4], 4);
      for (int k = 0; k < 64; k++) s += tiles[a][m][k] * (int8_t)tiles[b][k / 4][n * 4 + k % 4];
      memcpy(&tiles[sum][m][n * 4], &s, 4);
    }
}

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbusd
#define _tile_loadconfig emulated_loadconfig
#define _tile_release emulated_release
#define _tile_loadd emulated_loadd
#define _tile_stored emulated_stored
#define _tile_dpbusd emulated_dpbusd
#define tsr_kernels__amx emulated_kernels
#include "amx.c"

// The last of the known tables: scalar.
static const tsr_kernels *reference;

// Products of all the ways in which rows and panels are shared out among tiles.
static const char *products_differ(void) {
  enum { ROWS = 70, OUTPUTS = 150, DEPTH = 130, PADDED = 192 };
  static int8_t weights[OUTPUTS * DEPTH];
  static float ones[OUTPUTS], scales[ROWS + 32], found[ROWS * OUTPUTS], expected[ROWS * OUTPUTS];
  static uint8_t input[(ROWS + 32) * PADDED] __attribute__((aligned(64)));
  static const int32_t rows[] = {1, 4, 7, 16, 17, 32, 33, 50, 70}, outputs[] = {1, 16, 17, 33, 64, 70, 113, 150};
  static const int32_t depths[] = {3, 64, 65, 130};
  for (size_t n = 0; n < sizeof weights; n++) weights[n] = (int8_t)(n * 37 % 255 - 127);
  for (int n = 0; n < OUTPUTS; n++) ones[n] = 1;
  for (int n = 0; n < ROWS + 32; n++) scales[n] = 1;
  for (size_t d = 0; d < 4; d++)
    for (size_t o = 0; o < 8; o++)
      for (size_t r = 0; r < 9; r++) {
        void *memory = aligned_alloc(64, tsr_rounded_up(tsr_matrix_bytes(outputs[o], depths[d], true, false), 64));
        const tsr_matrix w = tsr_pack_int8(weights, ones, NULL, outputs[o], depths[d], false, memory);
        void *scratch = aligned_alloc(64, tsr_rounded_up(tsr_product_scratch_bytes(&w), 64));
        const int32_t padded = (int32_t)tsr_padded(depths[d]);
        for (int32_t row = 0; row < rows[r]; row++)
          for (int32_t k = 0; k < padded; k++)
            input[row * padded + k] = k < depths[d] ? (uint8_t)(1 + (row * 91 + k * 17) % 255) : 128;
        tsr_product product = {.matrix = &w, .rows = rows[r], .input_int8 = input, .input_scales = scales,
                               .output = found, .output_stride = OUTPUTS, .scratch = scratch};
        memset(found, 0, sizeof found);
        memset(expected, 0, sizeof expected);
        emulated_kernels.product(&product);
        product.output = expected;
        reference->product(&product);
        free(scratch);
        free(memory);
        if (memcmp(found, expected, sizeof found) != 0) return "product";
      }
  return NULL;
}

int main(void) {
  for (size_t n = 0; tsr_known_kernels(n) != NULL; n++) reference = tsr_known_kernels(n);
  const char *mismatch = tsr_self_check(&emulated_kernels);
  if (mismatch == NULL) mismatch = products_differ();
  printf("amx, tiles emulated: %s\n", mismatch == NULL ? "same bits as scalar" : mismatch);
  return mismatch != NULL;
}
