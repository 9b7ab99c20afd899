// Matrix products with a fused epilogue, on the lanes and the int8 block product of one instruction
// set: int8_block(accumulators, stride, input, rows, matrix, first panel, panels).

// Panels whose accumulators are in scratch together: 32 rows × 8 panels × 64 bytes = 16 KiB of L1.
#define PANEL_GROUP 8

// Each output sums its terms in the order of the depth, from +0, by fused multiply-adds.
static void float_block(float *sums, size_t stride, const float *input, size_t input_stride,
                        int32_t rows, const tsr_matrix *w, int32_t first_panel, int32_t panels) {
  const int32_t depth = w->depth;
  for (int32_t panel = 0; panel < panels; panel++) {
    const float *weights = w->float_weights + (size_t)(first_panel + panel) * depth * 16;
    float *out = sums + panel * 16;
    int32_t r = 0;
    for (; r + 4 <= rows; r += 4) {
      const float *x0 = input + (size_t)r * input_stride, *x1 = x0 + input_stride;
      const float *x2 = x1 + input_stride, *x3 = x2 + input_stride;
      f a0 = f_set(0), a1 = a0, a2 = a0, a3 = a0;
      for (int32_t k = 0; k < depth; k++) {
        f wk = f_load(weights + (size_t)k * 16);
        a0 = f_fma(f_set(x0[k]), wk, a0);
        a1 = f_fma(f_set(x1[k]), wk, a1);
        a2 = f_fma(f_set(x2[k]), wk, a2);
        a3 = f_fma(f_set(x3[k]), wk, a3);
      }
      f_store(out + r * stride, a0);
      f_store(out + (r + 1) * stride, a1);
      f_store(out + (r + 2) * stride, a2);
      f_store(out + (r + 3) * stride, a3);
    }
    for (; r < rows; r++) {
      const float *x = input + (size_t)r * input_stride;
      f a = f_set(0);
      for (int32_t k = 0; k < depth; k++)
        a = f_fma(f_set(x[k]), f_load(weights + (size_t)k * 16), a);
      f_store(out + r * stride, a);
    }
  }
}

// y = activation(sum · (row scale · output scale) + bias + addend) for one row of one panel group.
INLINE void epilogue_row(const tsr_product *a, int32_t row, int32_t first_panel, int32_t panels,
                         const void *sums, float *out, tsr_activation activation) {
  const tsr_matrix *w = a->matrix;
  const bool is_int8 = w->int8_weights != NULL;
  const f row_scale = f_set(is_int8 ? a->input_scales[row] : 0.0f);
  const float *addend = a->addend == NULL ? NULL
      : a->addend + (size_t)(a->addend_map == NULL ? row : a->addend_map[row]) * a->addend_stride;
  for (int32_t panel = 0; panel < panels; panel++) {
    const int32_t column = (first_panel + panel) * 16;
    const int32_t left = w->outputs - column;
    f y = is_int8 ? f_fma(f_from_i(i_load((const int32_t *)sums + panel * 16)),
                          f_mul(row_scale, f_load(w->scales + column)), f_load(w->bias + column))
                  : f_add(f_load((const float *)sums + panel * 16), f_load(w->bias + column));
    if (left >= 16) {
      if (addend != NULL) y = f_add(y, f_load(addend + column));
      f_store(out + column, f_activated(y, activation));
    } else {
      if (addend != NULL) y = f_add(y, f_load_part(addend + column, left));
      f_store_part(out + column, f_activated(y, activation), left);
    }
  }
}

static void product(const tsr_product *a) {
  const tsr_matrix *w = a->matrix;
  const int32_t panels_all = w->padded_outputs / 16;
  const size_t sums_stride = PANEL_GROUP * 16;
  int32_t *sums = a->scratch;                                        // [32, 128]
  float *float_rows = (float *)(sums + TSR_ROW_BLOCK * sums_stride);  // [32, padded outputs]
  for (int32_t first = 0; first < a->rows; first += TSR_ROW_BLOCK) {
    const int32_t rows = a->rows - first < TSR_ROW_BLOCK ? a->rows - first : TSR_ROW_BLOCK;
    float *out = a->output != NULL ? a->output + (size_t)first * a->output_stride : float_rows;
    const size_t out_stride = a->output != NULL ? a->output_stride : (size_t)w->padded_outputs;
    for (int32_t panel = 0; panel < panels_all; panel += PANEL_GROUP) {
      const int32_t panels = panels_all - panel < PANEL_GROUP ? panels_all - panel : PANEL_GROUP;
      if (w->int8_weights != NULL) {
        int8_block(sums, sums_stride, a->input_int8 + (size_t)first * w->padded_depth, rows, w, panel, panels);
      } else {
        float_block((float *)sums, sums_stride, a->input_float + (size_t)first * a->input_stride,
                    a->input_stride, rows, w, panel, panels);
      }
      for (int32_t r = 0; r < rows; r++) {
        const int32_t *row_sums = sums + r * sums_stride;
        float *row_out = out + r * out_stride;
        switch (a->activation) {
          case TSR_NONE: epilogue_row(a, first + r, panel, panels, row_sums, row_out, TSR_NONE); break;
          case TSR_RELU: epilogue_row(a, first + r, panel, panels, row_sums, row_out, TSR_RELU); break;
          case TSR_GELU: epilogue_row(a, first + r, panel, panels, row_sums, row_out, TSR_GELU); break;
          case TSR_TANH: epilogue_row(a, first + r, panel, panels, row_sums, row_out, TSR_TANH); break;
          case TSR_SIGMOID: epilogue_row(a, first + r, panel, panels, row_sums, row_out, TSR_SIGMOID); break;
        }
      }
    }
    if (a->output_int8 != NULL)
      for (int32_t r = 0; r < rows; r++)
        a->output_scales[first + r] =
            quantise_row(out + r * out_stride, w->outputs,
                         a->output_int8 + (size_t)(first + r) * tsr_padded(w->outputs));
  }
}

static void quantise(const tsr_quantise *a) {
  for (int32_t r = 0; r < a->rows; r++)
    a->output_scales[r] = quantise_row(a->input + (size_t)r * a->input_stride, a->columns,
                                       a->output + (size_t)r * tsr_padded(a->columns));
}
