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

int main(void) {
  const char *mismatch = tsr_self_check(&emulated_kernels);
  printf("amx, tiles emulated: %s\n", mismatch == NULL ? "same bits as scalar" : mismatch);
  return mismatch != NULL;
}
