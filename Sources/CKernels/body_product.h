// Matrix products with a fused epilogue, on the lanes and the int8 block product of one instruction
// set: int8_block(sums, stride, input, rows, matrix, first panel, panels), between blocks_begin() and
// blocks_end(). HAS_WIDE_REGISTERS says whether sixteen sums of sixteen lanes fit its registers.

// Panels whose accumulators are in scratch together: 32 rows × 8 panels × 64 bytes = 16 KiB of L1.
#define PANEL_GROUP 8

// Rows of an epilogue that stay in registers together: their scales, largest magnitudes and outputs.
#define EPILOGUE_ROWS (HAS_WIDE_REGISTERS ? 4 : 2)

// [R rows] · [P panels] with the R·P sums in registers. Each output sums its terms in the order of the
// depth, from +0, by fused multiply-adds.
#define FLOAT_TILE(R, P)                                                                           \
  static void float_tile_##R##x##P(float *sums, size_t stride, const float *input,                 \
                                   size_t input_stride, const tsr_matrix *w, int32_t panel) {      \
    const size_t depth = w->depth;                                                                 \
    const float *weights = w->float_weights + panel * depth * 16;                                  \
    f sum[R][P];                                                                                   \
    for (int r = 0; r < R; r++)                                                                    \
      for (int p = 0; p < P; p++) sum[r][p] = f_set(0);                                            \
    for (size_t k = 0; k < depth; k++) {                                                           \
      f wk[P];                                                                                     \
      for (int p = 0; p < P; p++) wk[p] = f_load(weights + (p * depth + k) * 16);                  \
      for (int r = 0; r < R; r++) {                                                                \
        const f x = f_set(input[r * input_stride + k]);                                            \
        for (int p = 0; p < P; p++) sum[r][p] = f_fma(x, wk[p], sum[r][p]);                        \
      }                                                                                            \
    }                                                                                              \
    for (int r = 0; r < R; r++)                                                                    \
      for (int p = 0; p < P; p++) f_store(sums + r * stride + p * 16, sum[r][p]);                  \
  }
FLOAT_TILE(4, 4)
FLOAT_TILE(4, 1)
FLOAT_TILE(1, 4)
FLOAT_TILE(1, 1)

static void float_block(float *sums, size_t stride, const float *input, size_t input_stride,
                        int32_t rows, const tsr_matrix *w, int32_t first_panel, int32_t panels) {
  const int32_t tiled = rows / 4 * 4;
  for (int32_t p = 0, wide; p < panels; p += wide) {
    // Sixteen sums and more need the 32 registers of AVX-512; the others would spill.
    wide = HAS_WIDE_REGISTERS && panels - p >= 4 ? 4 : 1;
    for (int32_t r = 0; r < tiled; r += 4)
      (wide > 1 ? float_tile_4x4 : float_tile_4x1)(sums + r * stride + p * 16, stride, input + r * input_stride,
                                             input_stride, w, first_panel + p);
  }
  for (int32_t p = 0, wide; p < panels; p += wide) {
    wide = panels - p >= 4 ? 4 : 1;
    for (int32_t r = tiled; r < rows; r++)
      (wide > 1 ? float_tile_1x4 : float_tile_1x1)(sums + r * stride + p * 16, stride, input + r * input_stride,
                                                   input_stride, w, first_panel + p);
  }
}

typedef struct {
  const tsr_product *args;
  int32_t first_row, rows;      // rows of this block
  int32_t first_panel, panels;
  const int32_t *sums;          // [32, 128]: int32, or float32 for float32 weights
  float *output;                // first row of the block
  size_t output_stride;
  i *most;                      // [rows]: largest magnitudes so far, for the requantisation
} epilogue_block;

// y = activation(sum · (row scale · output scale) + bias + addend) for `rows` rows of the block from row r,
// at most EPILOGUE_ROWS. `count` outputs of the panel exist.
INLINE void epilogue_panel(const epilogue_block *b, int32_t r, int32_t rows, int32_t panel, size_t count,
                           const f *row_scales, const float *const *addends, i *most, tsr_activation activation,
                           bool is_int8, bool has_addend) {
  const tsr_matrix *w = b->args->matrix;
  const size_t column = (size_t)(b->first_panel + panel) * 16;
  const int32_t *sums = b->sums + (size_t)r * PANEL_GROUP * 16 + panel * 16;
  float *out = b->output + r * b->output_stride + column;
  const f bias = f_load(w->bias + column), scale = is_int8 ? f_load(w->scales + column) : f_set(0);
  for (int32_t n = 0; n < rows; n++) {
    f y = is_int8 ? f_fma(f_from_i(i_load(sums + n * PANEL_GROUP * 16)), f_mul(row_scales[n], scale), bias)
                  : f_add(f_load((const float *)sums + n * PANEL_GROUP * 16), bias);
    if (has_addend) y = f_add(y, load(addends[n] + column, count));
    y = f_activated(y, activation, b->args->slope);
    store(out + n * b->output_stride, y, count);
    const i magnitude = i_and(i_from_bits(y), i_set(BITS_ABS));
    most[n] = i_max(most[n], count == 16 ? magnitude : i_first(magnitude, count));
  }
}

INLINE void epilogue_rows(const epilogue_block *b, int32_t r, int32_t rows, tsr_activation activation,
                          bool is_int8, bool has_addend) {
  const tsr_product *a = b->args;
  f row_scales[EPILOGUE_ROWS];
  const float *addends[EPILOGUE_ROWS];
  i most[EPILOGUE_ROWS];
  for (int32_t n = 0; n < rows; n++) {
    const int32_t row = b->first_row + r + n;
    row_scales[n] = f_set(is_int8 ? a->input_scales[row] : 0.0f);
    addends[n] = has_addend
        ? a->addend + (size_t)(a->addend_map == NULL ? row : a->addend_map[row]) * a->addend_stride : NULL;
    most[n] = b->most[r + n];
  }
  const int32_t left = a->matrix->outputs - b->first_panel * 16;
  const int32_t whole = left / 16 < b->panels ? left / 16 : b->panels;
  for (int32_t panel = 0; panel < whole; panel++)
    epilogue_panel(b, r, rows, panel, 16, row_scales, addends, most, activation, is_int8, has_addend);
  if (whole < b->panels)
    epilogue_panel(b, r, rows, whole, left % 16, row_scales, addends, most, activation, is_int8, has_addend);
  for (int32_t n = 0; n < rows; n++) b->most[r + n] = most[n];
}

// Rows together share the loads of bias and scales; a costly activation fills the units with one row.
INLINE void epilogue(const epilogue_block *b, tsr_activation activation, bool is_int8, bool has_addend) {
  int32_t r = 0;
  if (activation == TSR_NONE || activation == TSR_RELU)
    for (; r + EPILOGUE_ROWS <= b->rows; r += EPILOGUE_ROWS)
      epilogue_rows(b, r, EPILOGUE_ROWS, activation, is_int8, has_addend);
  for (; r < b->rows; r++) epilogue_rows(b, r, 1, activation, is_int8, has_addend);
}

INLINE void epilogue_of(const epilogue_block *b, tsr_activation activation) {
  const bool is_int8 = b->args->matrix->int8_weights != NULL, has_addend = b->args->addend != NULL;
  if (is_int8 && has_addend) epilogue(b, activation, true, true);
  else if (is_int8) epilogue(b, activation, true, false);
  else if (has_addend) epilogue(b, activation, false, true);
  else epilogue(b, activation, false, false);
}

// One epilogue for the rarer activations, chosen at each panel: one for each would double the code of all
// instruction sets, and a branch that always goes one way costs little beside their exponentials.
static __attribute__((noinline)) void epilogue_of_any(const epilogue_block *b) {
  const tsr_product *a = b->args;
  for (int32_t r = 0; r < b->rows; r++)
    epilogue_rows(b, r, 1, a->activation, a->matrix->int8_weights != NULL, a->addend != NULL);
}

static void product(const tsr_product *a) {
  const tsr_matrix *w = a->matrix;
  REQUIRE(a->rows >= 0 && a->activation <= TSR_ELU);
  REQUIRE_EITHER(w->int8_weights, w->float_weights);
  if (w->int8_weights != NULL) REQUIRE(a->input_int8 != NULL && a->input_scales != NULL);
  else REQUIRE_ROWS(a->input_float, a->input_stride, w->depth);
  if (a->addend != NULL) REQUIRE(a->addend_stride >= (size_t)w->outputs);
  // The output may be the addend, row for row.
  REQUIRE(a->addend == NULL || a->addend != a->output || a->addend_map == NULL);
  REQUIRE(a->output != NULL || a->output_int8 != NULL);
  if (a->output != NULL) REQUIRE(a->output_stride >= (size_t)w->outputs && a->output != a->input_float);
  REQUIRE((a->output_int8 == NULL) == (a->output_scales == NULL));
  REQUIRE_SCRATCH(a->scratch);
  const int32_t panels_all = w->padded_outputs / 16;
  const size_t sums_stride = PANEL_GROUP * 16;
  int32_t *sums = a->scratch;                                         // [32, 128]
  float *float_rows = (float *)(sums + TSR_ROW_BLOCK * sums_stride);  // [32, padded outputs]
  blocks_begin();
  for (int32_t first = 0; first < a->rows; first += TSR_ROW_BLOCK) {
    i most[TSR_ROW_BLOCK];
    epilogue_block b = {.args = a, .first_row = first, .sums = sums, .most = most};
    b.rows = a->rows - first < TSR_ROW_BLOCK ? a->rows - first : TSR_ROW_BLOCK;
    b.output = a->output != NULL ? a->output + (size_t)first * a->output_stride : float_rows;
    b.output_stride = a->output != NULL ? a->output_stride : (size_t)w->padded_outputs;
    for (int32_t r = 0; r < b.rows; r++) most[r] = i_set(0);
    for (int32_t panel = 0; panel < panels_all; panel += PANEL_GROUP) {
      b.first_panel = panel;
      b.panels = panels_all - panel < PANEL_GROUP ? panels_all - panel : PANEL_GROUP;
      if (w->int8_weights != NULL)
        int8_block(sums, sums_stride, a->input_int8 + (size_t)first * w->padded_depth, b.rows, w, panel,
                   b.panels);
      else
        float_block((float *)sums, sums_stride, a->input_float + (size_t)first * a->input_stride,
                    a->input_stride, b.rows, w, panel, b.panels);
      switch (a->activation) {
        case TSR_NONE: epilogue_of(&b, TSR_NONE); break;
        case TSR_RELU: epilogue_of(&b, TSR_RELU); break;
        case TSR_GELU: epilogue_of(&b, TSR_GELU); break;
        case TSR_TANH: epilogue_of(&b, TSR_TANH); break;
        case TSR_SIGMOID: epilogue_of(&b, TSR_SIGMOID); break;
        case TSR_SILU:
        case TSR_GELU_TANH:
        case TSR_SOFTPLUS:
        case TSR_HARD_SIGMOID:
        case TSR_LEAKY_RELU:
        case TSR_ELU: epilogue_of_any(&b); break;
      }
    }
    if (a->output_int8 != NULL) {
      int32_t bits[TSR_ROW_BLOCK];
      for (int32_t r = 0; r < b.rows; r++) bits[r] = i_largest(most[r]);
      quantise_block(b.output, b.output_stride, b.rows, w->outputs, bits,
                     a->output_int8 + (size_t)first * tsr_padded(w->outputs), a->output_scales + first);
    }
  }
  blocks_end();
}

static void quantise(const tsr_quantise *a) {
  REQUIRE(a->rows >= 0 && a->columns > 0);
  REQUIRE_ROWS(a->input, a->input_stride, a->columns);
  REQUIRE(a->output != NULL && a->output_scales != NULL);
  quantise_rows(a->input, a->input_stride, a->rows, a->columns, a->output, a->output_scales);
}
