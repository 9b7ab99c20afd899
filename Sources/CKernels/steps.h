// Float functions on sixteen lanes, as fixed sequences of IEEE operations. NaN in gives NaN out.
// The error bounds are the largest found on a fine grid over the range; KernelsTests hold them.

INLINE f f_abs(f x) { return f_from_bits(i_and(i_from_bits(x), i_set(BITS_ABS))); }
INLINE f f_sign_of(f sign, f magnitude) {
  return f_from_bits(i_or(i_and(i_from_bits(sign), i_set((int32_t)0x80000000u)), i_from_bits(magnitude)));
}

// eˣ for x ≤ 88; below −87 it stays e⁻⁸⁷ (1.6e-38). Relative error ≤ 2e-7.
// x = n·ln 2 + r, eʳ = 1 + r + r²·p(r); adding ROUNDING + 127 leaves n + 127 in the low bits.
STEP f f_exp(f x) {
  x = f_max(f_set(-87.0f), f_min(f_set(88.0f), x));
  f shifted = f_fma(x, f_set(1.44269504f), f_set(ROUNDING + 127.0f));
  f n = f_sub(shifted, f_set(ROUNDING + 127.0f));
  f r = f_fnma(n, f_set(0.693145751953125f), x);
  r = f_fnma(n, f_set(1.42860677e-6f), r);
  f p = f_fma(f_set(1.39262508e-3f), r, f_set(8.36323288e-3f));
  p = f_fma(p, r, f_set(4.16665542e-2f));
  p = f_fma(p, r, f_set(1.66665767e-1f));
  p = f_fma(p, r, f_set(0.5f));
  p = f_fma(p, f_mul(r, r), r);
  p = f_add(p, f_set(1.0f));
  return f_mul(p, f_from_bits(I_SHIFT_LEFT(i_from_bits(shifted), 23)));
}

// 1 / (1 + e⁻ˣ); absolute error ≤ 2e-7.
INLINE f f_sigmoid(f x) {
  return f_div(f_set(1.0f), f_add(f_set(1.0f), f_exp(f_sub(f_set(0.0f), x))));
}

// (1 − e⁻²ˣ) / (1 + e⁻²ˣ) of |x|, with the sign of x; absolute error ≤ 2e-7.
STEP f f_tanh(f x) {
  f e = f_exp(f_mul(f_abs(x), f_set(-2.0f)));
  return f_sign_of(x, f_div(f_sub(f_set(1.0f), e), f_add(f_set(1.0f), e)));
}

// Abramowitz and Stegun 7.1.26: erf x = 1 − (a₁t + … + a₅t⁵)·e^(−x²), t = 1/(1 + p·x);
// absolute error ≤ 5e-7.
STEP f f_erf(f x) {
  f a = f_abs(x);
  f t = f_div(f_set(1.0f), f_fma(f_set(0.3275911f), a, f_set(1.0f)));
  f p = f_fma(f_set(1.061405429f), t, f_set(-1.453152027f));
  p = f_fma(p, t, f_set(1.421413741f));
  p = f_fma(p, t, f_set(-0.284496736f));
  p = f_fma(p, t, f_set(0.254829592f));
  f e = f_exp(f_mul(f_mul(a, a), f_set(-1.0f)));
  return f_sign_of(x, f_fnma(f_mul(p, t), e, f_set(1.0f)));
}

STEP f f_gelu(f x) {
  f half = f_mul(x, f_set(0.5f));
  return f_fma(half, f_erf(f_mul(x, f_set(0.707106781f))), half);
}

// ln(1 + x) for x ≥ 0; relative error ≤ 4e-7. u = 1 + x = 2ᵏ·m with m in [√½, √2); what the addition
// lost, (x − (u − 1)), comes back divided by u.
STEP f f_log1p(f x) {
  f u = f_add(x, f_set(1.0f));
  f lost = f_if_greater(x, f_set(1.0f), f_sub(f_set(1.0f), f_sub(u, x)), f_sub(x, f_sub(u, f_set(1.0f))));
  i bits = i_sub(i_from_bits(u), i_set(0x3f3504f3));
  f k = f_from_i(I_SHIFT_RIGHT(bits, 23));
  f m = f_from_bits(i_add(i_and(bits, i_set(0x007fffff)), i_set(0x3f3504f3)));
  f r = f_sub(m, f_set(1.0f));
  f p = f_fma(f_set(0.0697161147f), r, f_set(-0.114797338f));
  p = f_fma(p, r, f_set(0.116854199f));
  p = f_fma(p, r, f_set(-0.124256873f));
  p = f_fma(p, r, f_set(0.142490576f));
  p = f_fma(p, r, f_set(-0.166678023f));
  p = f_fma(p, r, f_set(0.200007157f));
  p = f_fma(p, r, f_set(-0.24999997f));
  p = f_fma(p, r, f_set(0.333333312f));
  f r2 = f_mul(r, r);
  p = f_mul(p, f_mul(r2, r));
  p = f_fma(f_set(-0.5f), r2, p);
  p = f_fma(k, f_set(1.42860677e-6f), p);
  p = f_add(p, f_div(lost, u));
  p = f_add(p, r);
  return f_fma(k, f_set(0.693145751953125f), p);
}

// x·σ(x); error ≤ 2e-6 up to 30, where half a last bit is 1e-6. Below −87, where f_exp ends, x counts as −87,
// of which nothing is left.
STEP f f_silu(f x) {
  x = f_max(f_set(-87.0f), x);
  return f_div(x, f_add(f_set(1.0f), f_exp(f_sub(f_set(0.0f), x))));
}

// x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³))); absolute error ≤ 1e-6.
STEP f f_gelu_tanh(f x) {
  f inner = f_mul(x, f_fma(f_mul(x, x), f_set(0.0356774081f), f_set(0.797884561f)));
  f half = f_mul(x, f_set(0.5f));
  return f_fma(half, f_tanh(inner), half);
}

// ln(1 + eˣ) = max(0, x) + ln(1 + e^−|x|), which cannot overflow; absolute error ≤ 1e-6.
STEP f f_softplus(f x) {
  return f_add(f_max(f_set(0.0f), x), f_log1p(f_exp(f_sub(f_set(0.0f), f_abs(x)))));
}

INLINE f f_hard_sigmoid(f x) {
  return f_max(f_set(0.0f), f_min(f_set(1.0f), f_fma(x, f_set(1 / 6.0f), f_set(0.5f))));
}

INLINE f f_leaky_relu(f x, f slope) { return f_if_greater(x, f_set(0.0f), x, f_mul(slope, x)); }

// Absolute error ≤ 2e-7 of the slope.
STEP f f_elu(f x, f slope) {
  return f_if_greater(x, f_set(0.0f), x, f_mul(slope, f_sub(f_exp(x), f_set(1.0f))));
}

// tanh(x) ≈ numerator / denominator with x clamped to ±7: a minimax fraction x·P₃(x²) / Q₃(x²), absolute
// error ≤ 1.3e-6. With the coefficients of tanh(x/2) and x clamped to ±14, σ(x) ≈ (denominator +
// numerator) / (2·denominator), error ≤ 7e-7. Kept apart so that an LSTM cell divides only twice.
typedef struct { f numerator, denominator; } fraction;

INLINE fraction f_fraction(f x, f bound, const float p[4], const float q[4]) {
  x = f_max(f_sub(f_set(0.0f), bound), f_min(bound, x));
  f y = f_mul(x, x);
  f n = f_fma(f_fma(f_fma(f_set(p[3]), y, f_set(p[2])), y, f_set(p[1])), y, f_set(p[0]));
  f d = f_fma(f_fma(f_fma(f_set(q[3]), y, f_set(q[2])), y, f_set(q[1])), y, f_set(q[0]));
  return (fraction){f_mul(n, x), d};
}
INLINE fraction f_tanh_fraction(f x) {
  static const float p[4] = {0.9999957f, 0.12302183f, 0.002276989f, 3.930011e-06f};
  static const float q[4] = {1.0f, 0.4563403f, 0.02107218f, 0.00014235082f};
  return f_fraction(x, f_set(7.0f), p, q);
}
INLINE fraction f_half_tanh_fraction(f x) {
  static const float p[4] = {0.49999785f, 0.015377729f, 7.1155904e-05f, 3.0703212e-08f};
  static const float q[4] = {1.0f, 0.11408508f, 0.0013170112f, 2.2242316e-06f};
  return f_fraction(x, f_set(14.0f), p, q);
}

// σ(zf)·c + σ(zi)·tanh(zg), over one denominator.
STEP f f_lstm_cell(f zi, f zf, f zg, f c) {
  fraction in = f_half_tanh_fraction(zi), forget = f_half_tanh_fraction(zf);
  fraction candidate = f_tanh_fraction(zg);
  f kept = f_mul(f_add(forget.denominator, forget.numerator), c);
  f added = f_mul(f_add(in.denominator, in.numerator), candidate.numerator);
  f shared = f_mul(in.denominator, candidate.denominator);
  f sum = f_fma(kept, shared, f_mul(added, forget.denominator));
  return f_div(sum, f_mul(f_add(forget.denominator, forget.denominator), shared));
}
// σ(zo)·tanh(c), over one denominator.
STEP f f_lstm_hidden(f zo, f c) {
  fraction out = f_half_tanh_fraction(zo), state = f_tanh_fraction(c);
  return f_div(f_mul(f_add(out.denominator, out.numerator), state.numerator),
               f_mul(f_add(out.denominator, out.denominator), state.denominator));
}

// σ(x), error ≤ 7e-7.
INLINE f f_fraction_sigmoid(f x) {
  fraction half = f_half_tanh_fraction(x);
  return f_div(f_add(half.denominator, half.numerator), f_add(half.denominator, half.denominator));
}
// σ(zz)·h + (1 − σ(zz))·tanh(zh), over one denominator.
INLINE f f_gru_state(f zz, f zh, f h) {
  fraction update = f_half_tanh_fraction(zz), candidate = f_tanh_fraction(zh);
  f kept = f_mul(f_mul(f_add(update.denominator, update.numerator), h), candidate.denominator);
  f sum = f_fma(f_sub(update.denominator, update.numerator), candidate.numerator, kept);
  return f_div(sum, f_mul(f_add(update.denominator, update.denominator), candidate.denominator));
}

// tanh in sixteen pieces, each a quadratic in |x|: piece k holds the numbers nearest to k·0.28, so that
// rounding finds it and three permutations fetch its coefficients. Minimax fits; absolute error ≤ 1.8e-4, of
// which the last piece, flat beyond 4.34, has the most. The error of a state in int8 is up to 4e-3.
static const float tanh_pieces[3][16] __attribute__((aligned(64))) = {
  {
    0.0f, -0.00479182554f, -0.0240969639f, -0.0150740966f, 0.0639576092f, 0.204584047f, 0.369757086f,
    0.526722074f, 0.658438087f, 0.76064992f, 0.835965931f, 0.889507771f, 0.9265939f, 0.951782346f,
    0.968628407f, 1.01548135f},
  {
    1.00277054f, 1.06142986f, 1.15907872f, 1.13803816f, 0.978422403f, 0.754946351f, 0.539571226f,
    0.366264611f, 0.240225896f, 0.153946728f, 0.0970805138f, 0.0605158694f, 0.0373980403f,
    0.0229565352f, 0.0140155293f, -0.00908069219f},
  {
    -0.0643348098f, -0.248948872f, -0.373163283f, -0.361501873f, -0.280789405f, -0.191915914f,
    -0.121659867f, -0.0737997368f, -0.0436375365f, -0.0254250374f, -0.0146886986f, -0.00844493136f,
    -0.00484174443f, -0.00277151586f, -0.00158503314f, 0.00126136304f}};
INLINE f f_quick_tanh(f x) {
  // The bound lies just inside the last piece.
  const f a = f_min(f_set(4.3399f), f_abs(x));
  const i piece = i_from_bits(f_fma(a, f_set(1 / 0.28f), f_set(ROUNDING_POSITIVE)));
  const f slope = f_fma(f_pick(tanh_pieces[2], piece), a, f_pick(tanh_pieces[1], piece));
  return f_sign_of(x, f_fma(slope, a, f_pick(tanh_pieces[0], piece)));
}
// ½ + ½·tanh(x/2); absolute error ≤ 9e-5.
INLINE f f_quick_sigmoid(f x) {
  return f_fma(f_quick_tanh(f_mul(x, f_set(0.5f))), f_set(0.5f), f_set(0.5f));
}

// Where the state is kept in int8: σ(zf)·c + σ(zi)·tanh(zg), and σ(zo)·tanh(c).
STEP f f_quick_lstm_cell(f zi, f zf, f zg, f c) {
  return f_fma(f_quick_sigmoid(zf), c, f_mul(f_quick_sigmoid(zi), f_quick_tanh(zg)));
}
STEP f f_quick_lstm_hidden(f zo, f c) { return f_mul(f_quick_sigmoid(zo), f_quick_tanh(c)); }
// σ(zz)·h + (1 − σ(zz))·tanh(zh).
STEP f f_quick_gru_state(f zz, f zh, f h) {
  const f candidate = f_quick_tanh(zh);
  return f_fma(f_quick_sigmoid(zz), f_sub(h, candidate), candidate);
}

// The larger and the smaller number, NaN where either is NaN: f_max and f_min forget a NaN in the first, so
// zero times it is taken away.
INLINE f f_if_number(f x, f y) { return f_fnma(f_min(f_set(1.0f), f_abs(x)), f_set(0.0f), y); }
INLINE f f_maximum(f x, f y) { return f_if_number(x, f_max(x, y)); }
INLINE f f_minimum(f x, f y) { return f_if_number(x, f_min(x, y)); }

STEP f f_combined(f x, f y, tsr_combination combination) {
  switch (combination) {
    case TSR_ADD: return f_add(x, y);
    case TSR_MULTIPLY: return f_mul(x, y);
    case TSR_SUBTRACT: return f_sub(x, y);
    case TSR_MAXIMUM: return f_maximum(x, y);
    case TSR_MINIMUM: return f_minimum(x, y);
  }
  return x;
}

STEP f f_activated(f x, tsr_activation activation, float slope) {
  switch (activation) {
    case TSR_NONE: return x;
    case TSR_RELU: return f_max(f_set(0.0f), x);
    case TSR_GELU: return f_gelu(x);
    case TSR_TANH: return f_tanh(x);
    case TSR_SIGMOID: return f_sigmoid(x);
    case TSR_SILU: return f_silu(x);
    case TSR_GELU_TANH: return f_gelu_tanh(x);
    case TSR_SOFTPLUS: return f_softplus(x);
    case TSR_HARD_SIGMOID: return f_hard_sigmoid(x);
    case TSR_LEAKY_RELU: return f_leaky_relu(x, f_set(slope));
    case TSR_ELU: return f_elu(x, f_set(slope));
  }
  return x;
}

// The scale (in *scale) and the factor that quantise numbers whose largest magnitude has these bits. The
// largest is found as an integer, so its order does not matter even for NaN. Below 1e-30 the factor
// would leave the range of float32: such numbers count as zeros.
#define QUANTISED_MIN 1e-30f
INLINE float quantisation_factor(int32_t largest_bits, float *scale) {
  float largest;
  memcpy(&largest, &largest_bits, sizeof largest);
  if (largest_bits >= BITS_INFINITY) {
    *scale = __builtin_nanf("");
    return 0.0f;
  }
  *scale = largest < QUANTISED_MIN ? 0.0f : largest / 127.0f;
  return largest < QUANTISED_MIN ? 0.0f : 127.0f / largest;
}

// Calls its body for every sixteen columns: `column` is the first, `count` how many (16, or fewer at the end).
#define FOR_COLUMNS(width)                                                                         \
  for (size_t column = 0, count;                                                                   \
       column < (size_t)(width) &&                                                                 \
       (count = (size_t)(width) - column < 16 ? (size_t)(width) - column : 16, true);              \
       column += 16)
INLINE f load(const float *p, size_t count) { return count == 16 ? f_load(p) : f_load_part(p, count); }
INLINE void store(float *p, f a, size_t count) {
  if (count == 16) f_store(p, a); else f_store_part(p, a, count);
}

INLINE int32_t largest_bits(const float *x, size_t columns) {
  i most = i_set(0);
  FOR_COLUMNS(columns) most = i_max(most, i_and(i_from_bits(load(x + column, count)), i_set(BITS_ABS)));
  return i_largest(most);
}

// Rows whose steps are taken together: the folds at the end of each are long chains, which overlap.
enum { ROWS_TOGETHER = 8 };

// At most TSR_ROW_BLOCK rows, whose largest magnitudes have these bits, to bytes: value + 128.
// scale = max|x| / 127 of the row, values rint(x · 127/max), padding zero.
INLINE void quantise_block(const float *x, size_t stride, int32_t rows, size_t columns,
                           const int32_t *bits, uint8_t *out, float *scales) {
  const size_t bytes = tsr_padded(columns);
  float factors[TSR_ROW_BLOCK];
  for (int32_t r = 0; r < rows; r++) factors[r] = quantisation_factor(bits[r], &scales[r]);
  for (int32_t r = 0; r < rows; r++) {
    const float *from = x + r * stride;
    uint8_t *to = out + r * bytes;
    const f factor = f_set(factors[r]);
    FOR_COLUMNS(columns) {
      if (count == 16) q_store(to + column, f_load(from + column), factor);
      else q_store_part(to + column, f_load_part(from + column, count), factor, count);
    }
    if (bytes > columns) memset(to + columns, 128, bytes - columns);
  }
}

INLINE void quantise_rows(const float *x, size_t stride, int32_t rows, size_t columns, uint8_t *out,
                          float *scales) {
  int32_t bits[ROWS_TOGETHER];
  for (int32_t first = 0; first < rows; first += ROWS_TOGETHER) {
    const int32_t together = rows - first < ROWS_TOGETHER ? rows - first : ROWS_TOGETHER;
    const float *from = x + first * stride;
    for (int32_t r = 0; r < together; r++) bits[r] = largest_bits(from + r * stride, columns);
    quantise_block(from, stride, together, columns, bits, out + first * tsr_padded(columns), scales + first);
  }
}
