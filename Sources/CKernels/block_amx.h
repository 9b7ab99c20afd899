// int8 block product on AMX: a tile of 16 rows × 64 bytes of input times a tile of 64 bytes × 16
// outputs of weights (the packed layout is that tile) adds to a tile of 16 × 16 sums. Tiles 0 … 3 are
// sums, the others input and weights.

// Rows from which tiles should be faster than one row at a time over VNNI: a tile costs the same however
// few of its rows are used. An estimate; `tessera-bench kernels` on a processor with tiles is to confirm it.
#define AMX_ROWS_MIN 4

typedef struct {
  uint8_t palette, start_row, reserved[14];
  uint16_t bytes_a_row[16];
  uint8_t rows[16];
} __attribute__((packed, aligned(64))) tile_config;

static const tile_config all_tiles_full = {
    .palette = 1,
    .bytes_a_row = {64, 64, 64, 64, 64, 64, 64, 64},
    .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

// Around block products: tiles are set up once a kernel, and given back so that the kernel of the system
// need not save them when it switches threads.
INLINE void blocks_begin(void) { _tile_loadconfig(&all_tiles_full); }
INLINE void blocks_end(void) { _tile_release(); }

// 32 rows (17 at least exist) · `panels` panels, two at a time: four independent sums.
static void amx_rows32(int32_t *sums, size_t stride, const uint8_t *input, const tsr_matrix *w,
                       int32_t first_panel, int32_t panels) {
  const size_t row_bytes = w->padded_depth, panel_bytes = row_bytes * 16, sum_bytes = stride * 4;
  const uint8_t *x0 = input, *x1 = input + 16 * row_bytes;
  for (int32_t p = 0; p < panels; p += 2) {
    const int8_t *w0 = w->int8_weights + (first_panel + p) * panel_bytes, *w1 = w0 + panel_bytes;
    int32_t *out = sums + p * 16;
    const bool is_wide = panels - p > 1;
    // Stride 0: every row of the tile begins at −128·Σ weights.
    const int32_t *start = w->offset_sums + (first_panel + p) * 16;
    _tile_loadd(0, start, 0);
    _tile_loadd(2, start, 0);
    if (is_wide) {
      _tile_loadd(1, start + 16, 0);
      _tile_loadd(3, start + 16, 0);
    }
    for (int32_t k = 0; k < w->padded_depth / 64; k++) {
      _tile_loadd(4, x0 + k * 64, row_bytes);
      _tile_loadd(6, w0 + k * 1024, 64);
      _tile_dpbusd(0, 4, 6);
      _tile_loadd(5, x1 + k * 64, row_bytes);
      _tile_dpbusd(2, 5, 6);
      if (is_wide) {
        _tile_loadd(7, w1 + k * 1024, 64);
        _tile_dpbusd(1, 4, 7);
        _tile_dpbusd(3, 5, 7);
      }
    }
    _tile_stored(0, out, sum_bytes);
    _tile_stored(2, out + 16 * stride, sum_bytes);
    if (is_wide) {
      _tile_stored(1, out + 16, sum_bytes);
      _tile_stored(3, out + 16 * stride + 16, sum_bytes);
    }
  }
}

// 16 rows · `panels` panels, four at a time, which is a block of an LSTM: again four independent sums, since
// one takes 52 cycles to add to and a new one can begin every 16.
static void amx_rows16(int32_t *sums, size_t stride, const uint8_t *input, const tsr_matrix *w,
                       int32_t first_panel, int32_t panels) {
  const size_t row_bytes = w->padded_depth, panel_bytes = row_bytes * 16, sum_bytes = stride * 4;
  for (int32_t p = 0; p < panels; p += 4) {
    const int8_t *weights = w->int8_weights + (first_panel + p) * panel_bytes;
    int32_t *out = sums + p * 16;
    const int32_t count = panels - p, *start = w->offset_sums + (first_panel + p) * 16;
    _tile_loadd(0, start, 0);
    if (count > 1) _tile_loadd(1, start + 16, 0);
    if (count > 2) _tile_loadd(2, start + 32, 0);
    if (count > 3) _tile_loadd(3, start + 48, 0);
    for (int32_t k = 0; k < w->padded_depth / 64; k++) {
      const int8_t *wk = weights + k * 1024;
      _tile_loadd(4, input + k * 64, row_bytes);
      _tile_loadd(5, wk, 64);
      _tile_dpbusd(0, 4, 5);
      if (count > 1) {
        _tile_loadd(6, wk + panel_bytes, 64);
        _tile_dpbusd(1, 4, 6);
      }
      if (count > 2) {
        _tile_loadd(7, wk + 2 * panel_bytes, 64);
        _tile_dpbusd(2, 4, 7);
      }
      if (count > 3) {
        _tile_loadd(5, wk + 3 * panel_bytes, 64);
        _tile_dpbusd(3, 4, 5);
      }
    }
    _tile_stored(0, out, sum_bytes);
    if (count > 1) _tile_stored(1, out + 16, sum_bytes);
    if (count > 2) _tile_stored(2, out + 32, sum_bytes);
    if (count > 3) _tile_stored(3, out + 48, sum_bytes);
  }
}

static void amx_block(int32_t *sums, size_t stride, const uint8_t *input, int32_t rows,
                      const tsr_matrix *w, int32_t first_panel, int32_t panels) {
  if (rows < AMX_ROWS_MIN) {
    vnni_block(sums, stride, input, rows, w, first_panel, panels);
    return;
  }
  for (int32_t r = 0; r < rows; r += 32)
    (rows - r > 16 ? amx_rows32 : amx_rows16)(sums + r * stride, stride, input + (size_t)r * w->padded_depth, w,
                                              first_panel, panels);
}
