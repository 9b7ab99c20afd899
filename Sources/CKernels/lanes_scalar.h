// Sixteen virtual lanes in plain C: the specification of every float step. The vector headers
// (lanes_avx2.h, lanes_avx512.h, lanes_neon.h) offer the same names with the same results, and the
// kernels (body_*.h) are written once on top. `f` is sixteen float32, `i` sixteen int32.
#include <math.h>
#include <string.h>

#include "bits.h"
#include "include/CKernels.h"

typedef struct { float at[16]; } f;
typedef struct { int32_t at[16]; } i;

#define LANES for (int n = 0; n < 16; n++)
#define INLINE static inline __attribute__((always_inline, unused))
// The longer steps. Written out wherever they are used they would be sixteen times as long here as elsewhere, and take a
// compiler minutes.
#define STEP static __attribute__((noinline, unused))

INLINE f f_set(float x) { f r; LANES r.at[n] = x; return r; }
INLINE f f_load(const float *p) { f r; memcpy(r.at, p, sizeof r.at); return r; }
INLINE void f_store(float *p, f a) { memcpy(p, a.at, sizeof a.at); }

// The first `count` lanes (1 … 16); the others read as +0 and are not written.
INLINE f f_load_part(const float *p, size_t count) {
  f r = f_set(0);
  memcpy(r.at, p, count * sizeof(float));
  return r;
}
INLINE void f_store_part(float *p, f a, size_t count) { memcpy(p, a.at, count * sizeof(float)); }

INLINE f f_add(f a, f b) { f r; LANES r.at[n] = a.at[n] + b.at[n]; return r; }
INLINE f f_sub(f a, f b) { f r; LANES r.at[n] = a.at[n] - b.at[n]; return r; }
INLINE f f_mul(f a, f b) { f r; LANES r.at[n] = a.at[n] * b.at[n]; return r; }
INLINE f f_div(f a, f b) { f r; LANES r.at[n] = a.at[n] / b.at[n]; return r; }
// a·b + c and c − a·b, rounded once.
INLINE f f_fma(f a, f b, f c) {
  f r;
  LANES r.at[n] = __builtin_fmaf(a.at[n], b.at[n], c.at[n]);
  return r;
}
INLINE f f_fnma(f a, f b, f c) {
  f r;
  LANES r.at[n] = __builtin_fmaf(-a.at[n], b.at[n], c.at[n]);
  return r;
}
// a where it is larger (smaller), else b: a NaN in either gives b.
INLINE f f_max(f a, f b) { f r; LANES r.at[n] = a.at[n] > b.at[n] ? a.at[n] : b.at[n]; return r; }
INLINE f f_min(f a, f b) { f r; LANES r.at[n] = a.at[n] < b.at[n] ? a.at[n] : b.at[n]; return r; }
// a > b ? x : y
INLINE f f_if_greater(f a, f b, f x, f y) {
  f r;
  LANES r.at[n] = a.at[n] > b.at[n] ? x.at[n] : y.at[n];
  return r;
}
// a is NaN ? x : a
INLINE f f_if_nan(f a, f x) { f r; LANES r.at[n] = a.at[n] != a.at[n] ? x.at[n] : a.at[n]; return r; }

// The first `count` lanes; +0 in the others.
INLINE f f_first(f a, size_t count) { f r; LANES r.at[n] = (size_t)n < count ? a.at[n] : 0.0f; return r; }

INLINE i i_set(int32_t x) { i r; LANES r.at[n] = x; return r; }
INLINE i i_load(const int32_t *p) { i r; memcpy(r.at, p, sizeof r.at); return r; }
INLINE void i_store(int32_t *p, i a) { memcpy(p, a.at, sizeof a.at); }
INLINE i i_add(i a, i b) {
  i r;
  LANES r.at[n] = (int32_t)((uint32_t)a.at[n] + (uint32_t)b.at[n]);
  return r;
}
INLINE i i_sub(i a, i b) {
  i r;
  LANES r.at[n] = (int32_t)((uint32_t)a.at[n] - (uint32_t)b.at[n]);
  return r;
}
INLINE i i_and(i a, i b) { i r; LANES r.at[n] = a.at[n] & b.at[n]; return r; }
INLINE i i_or(i a, i b) { i r; LANES r.at[n] = a.at[n] | b.at[n]; return r; }
INLINE i i_xor(i a, i b) { i r; LANES r.at[n] = a.at[n] ^ b.at[n]; return r; }
INLINE i i_max(i a, i b) { i r; LANES r.at[n] = a.at[n] > b.at[n] ? a.at[n] : b.at[n]; return r; }
// The first `count` lanes; 0 in the others.
INLINE i i_first(i a, size_t count) { i r; LANES r.at[n] = (size_t)n < count ? a.at[n] : 0; return r; }
#define I_SHIFT_LEFT(a, by) i_shift_left_(a, by)
INLINE i i_shift_left_(i a, int by) {
  i r;
  LANES r.at[n] = (int32_t)((uint32_t)a.at[n] << by);
  return r;
}
#define I_SHIFT_RIGHT(a, by) i_shift_right_(a, by)  // arithmetic
INLINE i i_shift_right_(i a, int by) { i r; LANES r.at[n] = a.at[n] >> by; return r; }

INLINE f f_from_bits(i a) { f r; memcpy(&r, &a, sizeof r); return r; }
INLINE i i_from_bits(f a) { i r; memcpy(&r, &a, sizeof r); return r; }
INLINE f f_from_i(i a) { f r; LANES r.at[n] = (float)a.at[n]; return r; }

// a·factor + 128 → a byte, for |a·factor| ≤ 127, rounded once, half to even: 1.5·2²³ is added too and the
// low byte of the sum kept.
INLINE void q_store_part(uint8_t *p, f a, f factor, size_t count) {
  i bits = i_from_bits(f_fma(a, factor, f_set(ROUNDING + 128.0f)));
  for (size_t n = 0; n < count; n++) p[n] = (uint8_t)(bits.at[n] & 255);
}
INLINE void q_store(uint8_t *p, f a, f factor) { q_store_part(p, a, factor, 16); }
INLINE f f_load_int8_part(const int8_t *p, size_t count) {
  f r = f_set(0);
  for (size_t n = 0; n < count; n++) r.at[n] = (float)p[n];
  return r;
}
INLINE f f_load_int8(const int8_t *p) { return f_load_int8_part(p, 16); }

// Folds: 8, 4, 2, 1 lanes apart.
INLINE float f_sum(f a) {
  for (int half = 8; half > 0; half /= 2)
    for (int n = 0; n < half; n++) a.at[n] = a.at[n] + a.at[n + half];
  return a.at[0];
}
INLINE float f_largest(f a) {
  for (int half = 8; half > 0; half /= 2)
    for (int n = 0; n < half; n++) a.at[n] = a.at[n] > a.at[n + half] ? a.at[n] : a.at[n + half];
  return a.at[0];
}
INLINE int32_t i_largest(i a) {
  int32_t m = a.at[0];
  LANES m = a.at[n] > m ? a.at[n] : m;
  return m;
}
INLINE int32_t i_total(i a) {
  int32_t sum = 0;
  LANES sum += a.at[n];
  return sum;
}
// The low byte of each lane.
INLINE void b_store(uint8_t *p, i a) { LANES p[n] = (uint8_t)(a.at[n] & 255); }
// table[low four bits of each lane], for a table of sixteen.
INLINE f f_pick(const float *table, i at) { f r; LANES r.at[n] = table[at.at[n] & 15]; return r; }
// sum + the four signed bytes of each lane.
INLINE i i_add_bytes(i sum, i four) {
  LANES for (int by = 0; by < 32; by += 8) sum.at[n] += (int8_t)(uint32_t)(four.at[n] >> by);
  return sum;
}
// Lane n of out[g] is the g-th four bytes of row n, for sixteen rows of sixteen bytes.
INLINE void i_transposed(const void *rows, size_t stride, i out[4]) {
  for (int g = 0; g < 4; g++) LANES memcpy(&out[g].at[n], (const char *)rows + n * stride + g * 4, 4);
}
// Splits the fourteen low bits of 64 lanes into two bytes of seven, each stored plus 128. The lanes come
// with bit 14 set and bit 15 clear; what is above does not matter.
INLINE void b_store_split(uint8_t *high, uint8_t *low, const i w[4]) {
  for (int part = 0; part < 4; part++)
    LANES {
      high[part * 16 + n] = (uint8_t)(w[part].at[n] >> 7 & 255);
      low[part * 16 + n] = (uint8_t)((w[part].at[n] & 127) | 128);
    }
}
