// The sixteen lanes in four NEON registers. What the names mean: lanes_scalar.h.
#include <arm_neon.h>
#include <string.h>

#include "bits.h"
#include "include/CKernels.h"

typedef struct { float32x4_t at[4]; } f;
typedef struct { int32x4_t at[4]; } i;

#define INLINE static inline __attribute__((always_inline, unused))
#define STEP INLINE
#define QUARTERS for (int q = 0; q < 4; q++)

INLINE f f_set(float x) { f r; QUARTERS r.at[q] = vdupq_n_f32(x); return r; }
INLINE f f_load(const float *p) { f r; QUARTERS r.at[q] = vld1q_f32(p + q * 4); return r; }
INLINE void f_store(float *p, f x) { QUARTERS vst1q_f32(p + q * 4, x.at[q]); }
INLINE f f_load_part(const float *p, size_t count) {
  float part[16] = {0};
  memcpy(part, p, count * sizeof(float));
  return f_load(part);
}
INLINE void f_store_part(float *p, f x, size_t count) {
  float part[16];
  f_store(part, x);
  memcpy(p, part, count * sizeof(float));
}

INLINE f f_add(f x, f y) { f r; QUARTERS r.at[q] = vaddq_f32(x.at[q], y.at[q]); return r; }
INLINE f f_sub(f x, f y) { f r; QUARTERS r.at[q] = vsubq_f32(x.at[q], y.at[q]); return r; }
INLINE f f_mul(f x, f y) { f r; QUARTERS r.at[q] = vmulq_f32(x.at[q], y.at[q]); return r; }
INLINE f f_div(f x, f y) { f r; QUARTERS r.at[q] = vdivq_f32(x.at[q], y.at[q]); return r; }
INLINE f f_fma(f x, f y, f z) { f r; QUARTERS r.at[q] = vfmaq_f32(z.at[q], x.at[q], y.at[q]); return r; }
INLINE f f_fnma(f x, f y, f z) { f r; QUARTERS r.at[q] = vfmsq_f32(z.at[q], x.at[q], y.at[q]); return r; }
INLINE f f_if_greater(f x, f y, f yes, f no) {
  f r;
  QUARTERS r.at[q] = vbslq_f32(vcgtq_f32(x.at[q], y.at[q]), yes.at[q], no.at[q]);
  return r;
}
// Not vmaxq and vminq, which give NaN where either is NaN.
INLINE f f_max(f x, f y) { return f_if_greater(x, y, x, y); }
INLINE f f_min(f x, f y) { return f_if_greater(y, x, x, y); }
INLINE f f_if_nan(f x, f y) {
  f r;
  QUARTERS r.at[q] = vbslq_f32(vceqq_f32(x.at[q], x.at[q]), x.at[q], y.at[q]);
  return r;
}

INLINE i i_set(int32_t x) { i r; QUARTERS r.at[q] = vdupq_n_s32(x); return r; }
INLINE i i_load(const int32_t *p) { i r; QUARTERS r.at[q] = vld1q_s32(p + q * 4); return r; }
INLINE void i_store(int32_t *p, i x) { QUARTERS vst1q_s32(p + q * 4, x.at[q]); }
INLINE i i_add(i x, i y) { i r; QUARTERS r.at[q] = vaddq_s32(x.at[q], y.at[q]); return r; }
INLINE i i_sub(i x, i y) { i r; QUARTERS r.at[q] = vsubq_s32(x.at[q], y.at[q]); return r; }
INLINE i i_and(i x, i y) { i r; QUARTERS r.at[q] = vandq_s32(x.at[q], y.at[q]); return r; }
INLINE i i_or(i x, i y) { i r; QUARTERS r.at[q] = vorrq_s32(x.at[q], y.at[q]); return r; }
INLINE i i_xor(i x, i y) { i r; QUARTERS r.at[q] = veorq_s32(x.at[q], y.at[q]); return r; }
INLINE i i_max(i x, i y) { i r; QUARTERS r.at[q] = vmaxq_s32(x.at[q], y.at[q]); return r; }
INLINE i i_first(i x, size_t count) {
  const int32x4_t lanes = {0, 1, 2, 3};
  QUARTERS {
    const uint32x4_t inside = vcltq_s32(vaddq_s32(lanes, vdupq_n_s32(q * 4)), vdupq_n_s32((int32_t)count));
    x.at[q] = vandq_s32(x.at[q], vreinterpretq_s32_u32(inside));
  }
  return x;
}
#define I_SHIFT_LEFT(x, by) i_shifted(x, by)
#define I_SHIFT_RIGHT(x, by) i_shifted(x, -(by))
INLINE i i_shifted(i x, int by) { i r; QUARTERS r.at[q] = vshlq_s32(x.at[q], vdupq_n_s32(by)); return r; }

INLINE f f_from_bits(i x) { f r; QUARTERS r.at[q] = vreinterpretq_f32_s32(x.at[q]); return r; }
INLINE i i_from_bits(f x) { i r; QUARTERS r.at[q] = vreinterpretq_s32_f32(x.at[q]); return r; }
INLINE f f_from_i(i x) { f r; QUARTERS r.at[q] = vcvtq_f32_s32(x.at[q]); return r; }
INLINE f f_first(f x, size_t count) { return f_from_bits(i_first(i_from_bits(x), count)); }

INLINE void b_store(uint8_t *p, i x) {
  const uint16x8_t low = vcombine_u16(vmovn_u32(vreinterpretq_u32_s32(x.at[0])), vmovn_u32(vreinterpretq_u32_s32(x.at[1])));
  const uint16x8_t high = vcombine_u16(vmovn_u32(vreinterpretq_u32_s32(x.at[2])), vmovn_u32(vreinterpretq_u32_s32(x.at[3])));
  vst1q_u8(p, vcombine_u8(vmovn_u16(low), vmovn_u16(high)));
}
INLINE void q_store(uint8_t *p, f x, f factor) {
  b_store(p, i_from_bits(f_fma(x, factor, f_set(ROUNDING + 128.0f))));
}
INLINE void q_store_part(uint8_t *p, f x, f factor, size_t count) {
  uint8_t bytes[16];
  q_store(bytes, x, factor);
  memcpy(p, bytes, count);
}
INLINE f f_load_int8(const int8_t *p) {
  const int8x16_t bytes = vld1q_s8(p);
  const int16x8_t low = vmovl_s8(vget_low_s8(bytes)), high = vmovl_s8(vget_high_s8(bytes));
  return f_from_i((i){{vmovl_s16(vget_low_s16(low)), vmovl_s16(vget_high_s16(low)),
                       vmovl_s16(vget_low_s16(high)), vmovl_s16(vget_high_s16(high))}});
}
INLINE f f_load_int8_part(const int8_t *p, size_t count) {
  int8_t bytes[16] = {0};
  memcpy(bytes, p, count);
  return f_load_int8(bytes);
}

INLINE float f_sum(f x) {
  const float32x4_t four = vaddq_f32(vaddq_f32(x.at[0], x.at[2]), vaddq_f32(x.at[1], x.at[3]));
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}
INLINE float f_largest(f x) {
  float at[16];
  f_store(at, x);
  for (int half = 8; half > 0; half /= 2)
    for (int n = 0; n < half; n++) at[n] = at[n] > at[n + half] ? at[n] : at[n + half];
  return at[0];
}
INLINE int32_t i_largest(i x) {
  return vmaxvq_s32(vmaxq_s32(vmaxq_s32(x.at[0], x.at[1]), vmaxq_s32(x.at[2], x.at[3])));
}
INLINE int32_t i_total(i x) {
  return vaddvq_s32(vaddq_s32(vaddq_s32(x.at[0], x.at[1]), vaddq_s32(x.at[2], x.at[3])));
}
// Four bytes of the table for each lane.
INLINE float32x4_t f_pick_(uint8x16x4_t table, int32x4_t at) {
  const uint32x4_t first = vandq_u32(vreinterpretq_u32_s32(at), vdupq_n_u32(15));
  const uint32x4_t bytes = vmlaq_u32(vdupq_n_u32(0x03020100), first, vdupq_n_u32(0x04040404));
  return vreinterpretq_f32_u8(vqtbl4q_u8(table, vreinterpretq_u8_u32(bytes)));
}
INLINE f f_pick(const float *table, i at) {
  const uint8_t *p = (const uint8_t *)table;
  const uint8x16x4_t t = {{vld1q_u8(p), vld1q_u8(p + 16), vld1q_u8(p + 32), vld1q_u8(p + 48)}};
  return (f){{f_pick_(t, at.at[0]), f_pick_(t, at.at[1]), f_pick_(t, at.at[2]), f_pick_(t, at.at[3])}};
}
INLINE i i_add_bytes(i sum, i four) {
  QUARTERS sum.at[q] = vpadalq_s16(sum.at[q], vpaddlq_s8(vreinterpretq_s8_s32(four.at[q])));
  return sum;
}
INLINE void i_transposed(const void *rows, size_t stride, i out[4]) {
  QUARTERS {
    int32x4_t four[4];
    for (int n = 0; n < 4; n++)
      four[n] = vreinterpretq_s32_u8(vld1q_u8((const uint8_t *)rows + (size_t)(q * 4 + n) * stride));
    const int64x2_t low = vreinterpretq_s64_s32(vzip1q_s32(four[0], four[1]));
    const int64x2_t high = vreinterpretq_s64_s32(vzip2q_s32(four[0], four[1]));
    const int64x2_t low2 = vreinterpretq_s64_s32(vzip1q_s32(four[2], four[3]));
    const int64x2_t high2 = vreinterpretq_s64_s32(vzip2q_s32(four[2], four[3]));
    out[0].at[q] = vreinterpretq_s32_s64(vzip1q_s64(low, low2));
    out[1].at[q] = vreinterpretq_s32_s64(vzip2q_s64(low, low2));
    out[2].at[q] = vreinterpretq_s32_s64(vzip1q_s64(high, high2));
    out[3].at[q] = vreinterpretq_s32_s64(vzip2q_s64(high, high2));
  }
}
INLINE void b_store_split(uint8_t *high, uint8_t *low, const i w[4]) {
  for (int part = 0; part < 4; part++) {
    const uint16x8_t a = vuzp1q_u16(vreinterpretq_u16_s32(w[part].at[0]), vreinterpretq_u16_s32(w[part].at[1]));
    const uint16x8_t b = vuzp1q_u16(vreinterpretq_u16_s32(w[part].at[2]), vreinterpretq_u16_s32(w[part].at[3]));
    vst1q_u8(high + part * 16, vcombine_u8(vshrn_n_u16(a, 7), vshrn_n_u16(b, 7)));
    vst1q_u8(low + part * 16, vorrq_u8(vcombine_u8(vmovn_u16(a), vmovn_u16(b)), vdupq_n_u8(128)));
  }
}
