// The sixteen lanes in one AVX-512 register. What the names mean: lanes_scalar.h.
#include <immintrin.h>
#include <string.h>

#include "bits.h"
#include "include/CKernels.h"

typedef __m512 f;
typedef __m512i i;

#define INLINE static inline __attribute__((always_inline, unused))
#define STEP INLINE
#define FIRST(count) ((__mmask16)((1u << (count)) - 1))

INLINE f f_set(float x) { return _mm512_set1_ps(x); }
INLINE f f_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void f_store(float *p, f a) { _mm512_storeu_ps(p, a); }
INLINE f f_load_part(const float *p, size_t count) { return _mm512_maskz_loadu_ps(FIRST(count), p); }
INLINE void f_store_part(float *p, f a, size_t count) { _mm512_mask_storeu_ps(p, FIRST(count), a); }

INLINE f f_add(f a, f b) { return _mm512_add_ps(a, b); }
INLINE f f_sub(f a, f b) { return _mm512_sub_ps(a, b); }
INLINE f f_mul(f a, f b) { return _mm512_mul_ps(a, b); }
INLINE f f_div(f a, f b) { return _mm512_div_ps(a, b); }
INLINE f f_fma(f a, f b, f c) { return _mm512_fmadd_ps(a, b, c); }
INLINE f f_fnma(f a, f b, f c) { return _mm512_fnmadd_ps(a, b, c); }
// The instructions give the second operand where either is NaN or both are zeros.
INLINE f f_max(f a, f b) { return _mm512_max_ps(a, b); }
INLINE f f_min(f a, f b) { return _mm512_min_ps(a, b); }
INLINE f f_if_greater(f a, f b, f x, f y) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), y, x);
}
INLINE f f_if_nan(f a, f x) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a, x);
}

INLINE f f_first(f a, size_t count) { return _mm512_maskz_mov_ps(FIRST(count), a); }

INLINE i i_set(int32_t x) { return _mm512_set1_epi32(x); }
INLINE i i_load(const int32_t *p) { return _mm512_loadu_si512(p); }
INLINE void i_store(int32_t *p, i a) { _mm512_storeu_si512(p, a); }
INLINE i i_add(i a, i b) { return _mm512_add_epi32(a, b); }
INLINE i i_sub(i a, i b) { return _mm512_sub_epi32(a, b); }
INLINE i i_and(i a, i b) { return _mm512_and_si512(a, b); }
INLINE i i_or(i a, i b) { return _mm512_or_si512(a, b); }
INLINE i i_xor(i a, i b) { return _mm512_xor_si512(a, b); }
INLINE i i_max(i a, i b) { return _mm512_max_epi32(a, b); }
INLINE i i_first(i a, size_t count) { return _mm512_maskz_mov_epi32(FIRST(count), a); }
#define I_SHIFT_LEFT(a, by) _mm512_slli_epi32(a, by)
#define I_SHIFT_RIGHT(a, by) _mm512_srai_epi32(a, by)

INLINE f f_from_bits(i a) { return _mm512_castsi512_ps(a); }
INLINE i i_from_bits(f a) { return _mm512_castps_si512(a); }
INLINE f f_from_i(i a) { return _mm512_cvtepi32_ps(a); }

INLINE __m128i q_rounded(f a, f factor) {
  return _mm512_cvtepi32_epi8(i_from_bits(f_fma(a, factor, f_set(ROUNDING + 128.0f))));
}
INLINE void q_store(uint8_t *p, f a, f factor) {
  _mm_storeu_si128((__m128i *)p, q_rounded(a, factor));
}
INLINE void q_store_part(uint8_t *p, f a, f factor, size_t count) {
  _mm_mask_storeu_epi8(p, FIRST(count), q_rounded(a, factor));
}
INLINE f f_load_int8(const int8_t *p) {
  return f_from_i(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
INLINE f f_load_int8_part(const int8_t *p, size_t count) {
  return f_from_i(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(FIRST(count), p)));
}

INLINE float f_sum(f a) {
  __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
INLINE float f_largest(f a) {
  __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}
INLINE int32_t i_largest(i a) { return _mm512_reduce_max_epi32(a); }
INLINE int32_t i_total(i a) { return _mm512_reduce_add_epi32(a); }
INLINE void b_store(uint8_t *p, i a) { _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(a)); }
INLINE f f_pick(const float *table, i at) { return _mm512_permutexvar_ps(at, f_load(table)); }
INLINE i i_add_bytes(i sum, i four) { return _mm512_dpbusd_epi32(sum, _mm512_set1_epi8(1), four); }
INLINE void i_transposed(const void *rows, size_t stride, i out[4]) {
  i four[4];
  for (int n = 0; n < 4; n++) {
    const char *row = (const char *)rows + n * stride;
    four[n] = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)row));
    four[n] = _mm512_inserti32x4(four[n], _mm_loadu_si128((const __m128i *)(row + 4 * stride)), 1);
    four[n] = _mm512_inserti32x4(four[n], _mm_loadu_si128((const __m128i *)(row + 8 * stride)), 2);
    four[n] = _mm512_inserti32x4(four[n], _mm_loadu_si128((const __m128i *)(row + 12 * stride)), 3);
  }
  const i low = _mm512_unpacklo_epi32(four[0], four[1]), high = _mm512_unpackhi_epi32(four[0], four[1]);
  const i low2 = _mm512_unpacklo_epi32(four[2], four[3]), high2 = _mm512_unpackhi_epi32(four[2], four[3]);
  out[0] = _mm512_unpacklo_epi64(low, low2);
  out[1] = _mm512_unpackhi_epi64(low, low2);
  out[2] = _mm512_unpacklo_epi64(high, high2);
  out[3] = _mm512_unpackhi_epi64(high, high2);
}
INLINE void b_store_split(uint8_t *high, uint8_t *low, const i w[4]) {
  // The even words of two registers, and the order that packing within 128 bits leaves to mend.
  const i even = _mm512_set_epi16(62, 60, 58, 56, 54, 52, 50, 48, 46, 44, 42, 40, 38, 36, 34, 32,
                                  30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
  const i order = _mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0);
  const i a = _mm512_permutex2var_epi16(w[0], even, w[1]), b = _mm512_permutex2var_epi16(w[2], even, w[3]);
  const i seven = _mm512_set1_epi16(127), top = _mm512_set1_epi16(128);
  const i highs = _mm512_packus_epi16(_mm512_srli_epi16(a, 7), _mm512_srli_epi16(b, 7));
  const i lows = _mm512_packus_epi16(i_or(i_and(a, seven), top), i_or(i_and(b, seven), top));
  _mm512_storeu_si512(high, _mm512_permutexvar_epi64(order, highs));
  _mm512_storeu_si512(low, _mm512_permutexvar_epi64(order, lows));
}
