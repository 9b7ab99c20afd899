// The sixteen lanes in two AVX2 registers, with FMA. What the names mean: lanes_scalar.h.
#include <immintrin.h>
#include <string.h>

#include "bits.h"
#include "include/CKernels.h"

typedef struct { __m256 a, b; } f;
typedef struct { __m256i a, b; } i;

#define INLINE static inline __attribute__((always_inline, unused))
#define STEP INLINE

// −1 in the first `count` lanes, 0 in the others.
INLINE i i_mask(size_t count) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), n = _mm256_set1_epi32((int)count);
  return (i){_mm256_cmpgt_epi32(n, lanes), _mm256_cmpgt_epi32(n, _mm256_add_epi32(lanes, _mm256_set1_epi32(8)))};
}

INLINE f f_set(float x) { return (f){_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
INLINE f f_load(const float *p) { return (f){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
INLINE void f_store(float *p, f x) {
  _mm256_storeu_ps(p, x.a);
  _mm256_storeu_ps(p + 8, x.b);
}
INLINE f f_load_part(const float *p, size_t count) {
  const i m = i_mask(count);
  return (f){_mm256_maskload_ps(p, m.a), _mm256_maskload_ps(p + 8, m.b)};
}
// Fewer than sixteen. In pieces: a masked store takes twelve cycles on Zen 4.
INLINE void f_store_part(float *p, f x, size_t count) {
  __m256 eight = x.a;
  if (count & 8) {
    _mm256_storeu_ps(p, eight);
    eight = x.b, p += 8;
  }
  __m128 four = _mm256_castps256_ps128(eight);
  if (count & 4) {
    _mm_storeu_ps(p, four);
    four = _mm256_extractf128_ps(eight, 1), p += 4;
  }
  if (count & 2) {
    _mm_storel_pi((__m64 *)p, four);
    four = _mm_movehl_ps(four, four), p += 2;
  }
  if (count & 1) _mm_store_ss(p, four);
}

#define F_EACH(name, op) \
  INLINE f name(f x, f y) { return (f){op(x.a, y.a), op(x.b, y.b)}; }
F_EACH(f_add, _mm256_add_ps)
F_EACH(f_sub, _mm256_sub_ps)
F_EACH(f_mul, _mm256_mul_ps)
F_EACH(f_div, _mm256_div_ps)
// The instructions give the second operand where either is NaN or both are zeros.
F_EACH(f_max, _mm256_max_ps)
F_EACH(f_min, _mm256_min_ps)
INLINE f f_fma(f x, f y, f z) { return (f){_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)}; }
INLINE f f_fnma(f x, f y, f z) { return (f){_mm256_fnmadd_ps(x.a, y.a, z.a), _mm256_fnmadd_ps(x.b, y.b, z.b)}; }
INLINE f f_if_greater(f x, f y, f yes, f no) {
  return (f){_mm256_blendv_ps(no.a, yes.a, _mm256_cmp_ps(x.a, y.a, _CMP_GT_OQ)),
             _mm256_blendv_ps(no.b, yes.b, _mm256_cmp_ps(x.b, y.b, _CMP_GT_OQ))};
}
INLINE f f_if_nan(f x, f y) {
  return (f){_mm256_blendv_ps(x.a, y.a, _mm256_cmp_ps(x.a, x.a, _CMP_UNORD_Q)),
             _mm256_blendv_ps(x.b, y.b, _mm256_cmp_ps(x.b, x.b, _CMP_UNORD_Q))};
}

INLINE i i_set(int32_t x) { return (i){_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
INLINE i i_load(const int32_t *p) {
  return (i){_mm256_loadu_si256((const __m256i *)p), _mm256_loadu_si256((const __m256i *)(p + 8))};
}
INLINE void i_store(int32_t *p, i x) {
  _mm256_storeu_si256((__m256i *)p, x.a);
  _mm256_storeu_si256((__m256i *)(p + 8), x.b);
}
#define I_EACH(name, op) \
  INLINE i name(i x, i y) { return (i){op(x.a, y.a), op(x.b, y.b)}; }
I_EACH(i_add, _mm256_add_epi32)
I_EACH(i_sub, _mm256_sub_epi32)
I_EACH(i_and, _mm256_and_si256)
I_EACH(i_or, _mm256_or_si256)
I_EACH(i_xor, _mm256_xor_si256)
I_EACH(i_max, _mm256_max_epi32)
INLINE i i_first(i x, size_t count) { return i_and(x, i_mask(count)); }
#define I_SHIFT_LEFT(x, by) i_shift_left_(x, by)
INLINE i i_shift_left_(i x, int by) { return (i){_mm256_slli_epi32(x.a, by), _mm256_slli_epi32(x.b, by)}; }
#define I_SHIFT_RIGHT(x, by) i_shift_right_(x, by)
INLINE i i_shift_right_(i x, int by) { return (i){_mm256_srai_epi32(x.a, by), _mm256_srai_epi32(x.b, by)}; }

INLINE f f_from_bits(i x) { return (f){_mm256_castsi256_ps(x.a), _mm256_castsi256_ps(x.b)}; }
INLINE i i_from_bits(f x) { return (i){_mm256_castps_si256(x.a), _mm256_castps_si256(x.b)}; }
INLINE f f_from_i(i x) { return (f){_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)}; }
INLINE f f_first(f x, size_t count) { return f_from_bits(i_first(i_from_bits(x), count)); }

// The low byte of each lane, in order.
INLINE __m128i b_low(i x) {
  const __m256i low = _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                       0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  // Fours of bytes: of a, of b, none, none; the next of a, the next of b, none, none.
  const __m256i fours = _mm256_unpacklo_epi32(_mm256_shuffle_epi8(x.a, low), _mm256_shuffle_epi8(x.b, low));
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 0, 4, 1, 5);
  return _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(fours, order));
}
INLINE void b_store(uint8_t *p, i x) { _mm_storeu_si128((__m128i *)p, b_low(x)); }
INLINE __m128i q_rounded(f x, f factor) {
  return b_low(i_from_bits(f_fma(x, factor, f_set(ROUNDING + 128.0f))));
}
INLINE void q_store(uint8_t *p, f x, f factor) { _mm_storeu_si128((__m128i *)p, q_rounded(x, factor)); }
// Fewer than sixteen.
INLINE void q_store_part(uint8_t *p, f x, f factor, size_t count) {
  const __m128i bytes = q_rounded(x, factor);
  uint64_t left = (uint64_t)_mm_cvtsi128_si64(bytes);
  if (count & 8) {
    memcpy(p, &left, 8);
    left = (uint64_t)_mm_extract_epi64(bytes, 1), p += 8;
  }
  if (count & 4) {
    memcpy(p, &left, 4);
    left >>= 32, p += 4;
  }
  if (count & 2) {
    memcpy(p, &left, 2);
    left >>= 16, p += 2;
  }
  if (count & 1) *p = (uint8_t)left;
}
INLINE f f_from_int8(__m128i low, __m128i high) {
  return f_from_i((i){_mm256_cvtepi8_epi32(low), _mm256_cvtepi8_epi32(high)});
}
INLINE f f_load_int8(const int8_t *p) {
  return f_from_int8(_mm_loadl_epi64((const __m128i *)p), _mm_loadl_epi64((const __m128i *)(p + 8)));
}
// Nothing past the end is read: two loads overlap, and the second is shifted to where its new bytes belong.
INLINE f f_load_int8_part(const int8_t *p, size_t count) {
  const uint8_t *bytes = (const uint8_t *)p;
  uint64_t low, high = 0;
  if (count > 8) {
    memcpy(&low, p, 8);
    memcpy(&high, p + count - 8, 8);
    high >>= 8 * (16 - count);
  } else if (count >= 4) {
    uint32_t first, last;
    memcpy(&first, p, 4);
    memcpy(&last, p + count - 4, 4);
    low = first | (uint64_t)last << 8 * (count - 4);
  } else {
    const size_t middle = count / 2, last = count - 1;
    low = bytes[0] | (uint64_t)bytes[middle] << 8 * middle | (uint64_t)bytes[last] << 8 * last;
  }
  return f_from_int8(_mm_cvtsi64_si128((int64_t)low), _mm_cvtsi64_si128((int64_t)high));
}

INLINE float f_sum(f x) {
  const __m256 eight = _mm256_add_ps(x.a, x.b);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
INLINE float f_largest(f x) {
  const __m256 eight = _mm256_max_ps(x.a, x.b);
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}
INLINE int32_t i_largest(i x) {
  const __m256i eight = _mm256_max_epi32(x.a, x.b);
  __m128i four = _mm_max_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  return _mm_cvtsi128_si32(_mm_max_epi32(four, _mm_shuffle_epi32(four, 0xb1)));
}
INLINE int32_t i_total(i x) {
  const __m256i eight = _mm256_add_epi32(x.a, x.b);
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1)));
}
// A permutation reaches eight entries; bit 3 chooses between two of them.
INLINE __m256 f_pick_(const float *table, __m256i at) {
  const __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), at);
  const __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), at);
  return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(at, 28)));
}
INLINE f f_pick(const float *table, i at) { return (f){f_pick_(table, at.a), f_pick_(table, at.b)}; }
INLINE i i_add_bytes(i sum, i four) {
  const __m256i one = _mm256_set1_epi8(1), one16 = _mm256_set1_epi16(1);
  return i_add(sum, (i){_mm256_madd_epi16(_mm256_maddubs_epi16(one, four.a), one16),
                        _mm256_madd_epi16(_mm256_maddubs_epi16(one, four.b), one16)});
}
INLINE void i_transposed_half(const char *rows, size_t stride, __m256i out[4]) {
  __m256i four[4];
  for (int n = 0; n < 4; n++)
    four[n] = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(rows + n * stride))),
        _mm_loadu_si128((const __m128i *)(rows + (n + 4) * stride)), 1);
  const __m256i low = _mm256_unpacklo_epi32(four[0], four[1]), high = _mm256_unpackhi_epi32(four[0], four[1]);
  const __m256i low2 = _mm256_unpacklo_epi32(four[2], four[3]), high2 = _mm256_unpackhi_epi32(four[2], four[3]);
  out[0] = _mm256_unpacklo_epi64(low, low2);
  out[1] = _mm256_unpackhi_epi64(low, low2);
  out[2] = _mm256_unpacklo_epi64(high, high2);
  out[3] = _mm256_unpackhi_epi64(high, high2);
}
INLINE void i_transposed(const void *rows, size_t stride, i out[4]) {
  __m256i a[4], b[4];
  i_transposed_half(rows, stride, a);
  i_transposed_half((const char *)rows + 8 * stride, stride, b);
  for (int g = 0; g < 4; g++) out[g] = (i){a[g], b[g]};
}
// Thirty-two lanes of w, in the order that b_store_split mends.
INLINE void b_split(const i w[2], __m256i *high, __m256i *low) {
  const __m256i word = _mm256_set1_epi32(0xffff), seven = _mm256_set1_epi16(127);
  const __m256i a = _mm256_packus_epi32(_mm256_and_si256(w[0].a, word), _mm256_and_si256(w[0].b, word));
  const __m256i b = _mm256_packus_epi32(_mm256_and_si256(w[1].a, word), _mm256_and_si256(w[1].b, word));
  *high = _mm256_packus_epi16(_mm256_srli_epi16(a, 7), _mm256_srli_epi16(b, 7));
  *low = _mm256_packus_epi16(_mm256_and_si256(a, seven), _mm256_and_si256(b, seven));
}
INLINE void b_store_split(uint8_t *high, uint8_t *low, const i w[4]) {
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7), top = _mm256_set1_epi8(-128);
  for (int half = 0; half < 2; half++) {
    __m256i highs, lows;
    b_split(w + 2 * half, &highs, &lows);
    _mm256_storeu_si256((__m256i *)(high + 32 * half), _mm256_permutevar8x32_epi32(highs, order));
    _mm256_storeu_si256((__m256i *)(low + 32 * half),
                        _mm256_or_si256(top, _mm256_permutevar8x32_epi32(lows, order)));
  }
}
