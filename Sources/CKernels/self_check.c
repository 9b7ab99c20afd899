// Every kernel of a table on a small ragged case, beside the scalar table: the bits must be equal.
#include <stdlib.h>
#include <string.h>

#include "include/CKernels.h"

extern const tsr_kernels tsr_kernels__scalar;

// Odd on purpose: a part of a vector, of a panel, of a tile and of a row block are all met.
enum {
  USERS = 4, ROWS = 39, WIDTH = 70, UNITS = 20, GATES = 4 * UNITS, HEADS = 2, ATTENDED = 64, TABLE_ROWS = 32,
  STRIDE = 256, VALUES = 64 * STRIDE, BLOCK = VALUES * 4
};
static const int32_t offsets[USERS + 1] = {0, 19, 19, 20, ROWS};

typedef struct {
  float *x, *out;           // [64, STRIDE]
  uint8_t *q, *out_int8;    // [64, STRIDE]
  float *scales, *out_scales;
  void *weights, *recurrent, *scratch;
  float *bias;
  int8_t *raw;
  int32_t *ids;
} memory;

static uint32_t next_random(uint32_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

// Inputs of the matrix kernels come from the reference, so that each kernel is judged alone.
static void quantise_input(const memory *m) {
  tsr_kernels__scalar.quantise(&(tsr_quantise){
      .rows = ROWS, .columns = WIDTH, .input = m->x, .input_stride = STRIDE, .output = m->q,
      .output_scales = m->scales});
}

// One small case of each kernel: the functions that TSR_KERNELS lists.

static void check_quantise(const tsr_kernels *t, const memory *m) {
  t->quantise(&(tsr_quantise){.rows = ROWS, .columns = WIDTH, .input = m->x, .input_stride = STRIDE,
                              .output = m->out_int8, .output_scales = m->out_scales});
}

static void check_product(const tsr_kernels *t, const memory *m) {
  const tsr_matrix w = tsr_pack_int8(m->raw, m->bias, m->bias, GATES, WIDTH, 0, m->weights);
  quantise_input(m);
  // One activation with an epilogue of its own, one of those that share one; the results lie side by side.
  for (int end = 0; end < 2; end++)
    t->product(&(tsr_product){.matrix = &w, .rows = ROWS, .input_int8 = m->q, .input_scales = m->scales,
                              .addend = m->x, .addend_stride = STRIDE, .activation = end == 0 ? TSR_GELU : TSR_ELU,
                              .slope = 0.3f, .output = m->out + end * GATES, .output_stride = STRIDE,
                              .output_int8 = m->out_int8 + end * BLOCK / 2, .output_scales = m->out_scales + end * ROWS,
                              .scratch = m->scratch});
}

static void check_gather(const tsr_kernels *t, const memory *m) {
  const tsr_table table = {.rows = TABLE_ROWS, .width = WIDTH, .int8_values = m->raw, .scales = m->bias};
  t->gather(&(tsr_gather){.table = &table, .rows = ROWS, .ids = m->ids, .output = m->out, .output_stride = STRIDE});
}

// The states of all cells lie side by side, and so do their sequences.
static void check_recurrence(const tsr_kernels *t, const memory *m) {
  quantise_input(m);
  for (int n = TSR_LSTM; n <= TSR_RNN_RELU; n++) {
    const tsr_cell cell = (tsr_cell)n;
    const int32_t gates = tsr_gates(cell), outputs = gates * UNITS;
    const tsr_matrix w = tsr_pack_int8(m->raw, m->bias, m->bias, outputs, WIDTH, gates, m->weights);
    const tsr_matrix r = cell == TSR_RNN_RELU
        ? tsr_pack_float(m->bias, m->bias, outputs, UNITS, gates, m->recurrent)
        : tsr_pack_int8(m->raw, m->bias, m->bias, outputs, UNITS, gates, m->recurrent);
    const tsr_table bytes = {.rows = TABLE_ROWS, .width = r.padded_outputs, .int8_values = m->raw, .scales = m->bias};
    const tsr_table floats = {.rows = TABLE_ROWS, .width = r.padded_outputs, .float_values = m->x};
    const tsr_lookup lookups[] = {{&bytes, m->ids}, {&floats, m->ids + 1}};
    float *out = m->out + n * UNITS;
    t->recurrence(&(tsr_recurrence){
        .cell = cell, .users = USERS, .units = UNITS, .offsets = offsets, .user_rows = m->x, .user_stride = STRIDE,
        .lookups = lookups, .lookup_count = sizeof lookups / sizeof *lookups, .input_matrix = &w,
        .input_int8 = m->q, .input_scales = m->scales, .recurrent = &r,
        .candidate_bias = cell == TSR_GRU ? m->bias : NULL, .sequence = out, .sequence_stride = STRIDE,
        .state = out + ROWS * STRIDE, .state_stride = STRIDE, .scratch = m->scratch});
  }
}

// The users' windows are as many as their rows, but for the user without any.
static void check_windows(const tsr_kernels *t, const memory *m) {
  tsr_windows a = {.padding = TSR_SAME, .users = USERS, .width = WIDTH, .size = 3, .stride = 1, .dilation = 2,
                   .offsets = offsets, .window_offsets = offsets, .input = m->x, .input_stride = STRIDE,
                   .output_int8 = m->out_int8, .output_scales = m->out_scales, .scratch = m->scratch};
  t->windows(&a);
  a.dilation = 1, a.output_int8 = NULL, a.output_scales = NULL, a.output_stride = STRIDE;
  a.mode = TSR_WINDOW_MAX, a.output = m->out;
  t->windows(&a);
  a.mode = TSR_WINDOW_MEAN, a.output = m->out + WIDTH;
  t->windows(&a);
}

static void check_attention(const tsr_kernels *t, const memory *m) {
  t->attention(&(tsr_attention){.users = USERS, .width = ATTENDED, .heads = HEADS, .offsets = offsets,
                                .int8 = true, .qkv = m->x, .qkv_stride = STRIDE, .output = m->out,
                                .output_stride = STRIDE, .scratch = m->scratch});
}

static void check_layer_norm(const tsr_kernels *t, const memory *m) {
  t->layer_norm(&(tsr_layer_norm){.rows = ROWS, .width = WIDTH, .input = m->x, .input_stride = STRIDE,
                                  .gain = m->bias, .bias = m->bias, .epsilon = 1e-5f, .output = m->out,
                                  .output_stride = STRIDE});
}

static void check_pool(const tsr_kernels *t, const memory *m) {
  const int32_t width = 50;  // the results of all modes lie side by side
  for (int mode = TSR_LAST; mode <= TSR_SUM; mode++)
    t->pool(&(tsr_pool){.users = USERS, .width = width, .offsets = offsets, .mode = (tsr_pooling)mode, .input = m->x,
                        .input_stride = STRIDE, .output = m->out + width * mode, .output_stride = STRIDE});
}

static void check_combine(const tsr_kernels *t, const memory *m) {
  const int32_t width = 50;  // the results of all combinations lie side by side
  for (int combination = TSR_ADD; combination <= TSR_MINIMUM; combination++)
    t->combine(&(tsr_combine){.rows = ROWS, .width = width, .combination = (tsr_combination)combination, .a = m->x,
                              .a_stride = STRIDE, .b = m->x, .b_stride = STRIDE, .b_map = m->ids,
                              .output = m->out + width * combination, .output_stride = STRIDE});
}

static void check_activate(const tsr_kernels *t, const memory *m) {
  const int32_t width = 25;  // the results of all activations lie side by side
  for (int activation = TSR_RELU; activation <= TSR_ELU; activation++)
    t->activate(&(tsr_activate){.rows = ROWS, .width = width, .activation = (tsr_activation)activation,
                                .slope = 0.3f, .input = m->x, .input_stride = STRIDE,
                                .output = m->out + width * (activation - TSR_RELU), .output_stride = STRIDE});
}

static void check_number(const tsr_kernels *t, const memory *m) {
  t->number(&(tsr_number){.count = 1000, .input = m->x, .log1p = true, .low = -1, .high = 1, .mean = 0.25f,
                          .deviation = 0.75f, .output = m->out, .output_stride = 1});
}

static void check_scale(const tsr_kernels *t, const memory *m) {
  t->scale(&(tsr_scale){.rows = ROWS, .width = WIDTH, .input = m->x, .input_stride = STRIDE, .gain = m->bias,
                        .bias = m->bias + 1, .output = m->out, .output_stride = STRIDE});
}

static void check_dot(const tsr_kernels *t, const memory *m) {
  t->dot(&(tsr_dot){.rows = ROWS, .width = WIDTH, .a = m->x, .a_stride = STRIDE, .b = m->x + WIDTH, .b_stride = STRIDE,
                    .b_map = m->ids, .output = m->out, .output_stride = STRIDE});
}

static void check_l2_norm(const tsr_kernels *t, const memory *m) {
  t->l2_norm(&(tsr_l2_norm){.rows = ROWS, .width = WIDTH, .input = m->x, .input_stride = STRIDE, .epsilon = 1e-6f,
                            .output = m->out, .output_stride = STRIDE});
}

static void check_softmax(const tsr_kernels *t, const memory *m) {
  t->softmax(&(tsr_softmax){.rows = ROWS, .width = WIDTH, .input = m->x, .input_stride = STRIDE, .output = m->out,
                            .output_stride = STRIDE});
}

static const struct {
  const char *kernel;
  void (*run)(const tsr_kernels *, const memory *);
} checks[] = {
#define CHECK(kernel) {#kernel, check_##kernel},
    TSR_KERNELS(CHECK)
#undef CHECK
};

const char *tsr_self_check(const tsr_kernels *kernels) {
  size_t scratch_bytes = tsr_attention_scratch_bytes(ROWS, ATTENDED, HEADS);
  const tsr_matrix input = {.int8_weights = (const int8_t *)"", .padded_depth = (int32_t)tsr_padded(WIDTH)};
  const size_t windows_bytes = tsr_windows_scratch_bytes(3, WIDTH);
  scratch_bytes = windows_bytes > scratch_bytes ? windows_bytes : scratch_bytes;
  for (int cell = TSR_LSTM; cell <= TSR_RNN_RELU; cell++) {
    const size_t bytes = tsr_recurrence_scratch_bytes(USERS, ROWS, UNITS, (tsr_cell)cell, &input);
    scratch_bytes = bytes > scratch_bytes ? bytes : scratch_bytes;
  }
  // Two outputs (floats, int8, scales): [0] of the reference, [1] of the table.
  char *block = aligned_alloc(TSR_ALIGNMENT, tsr_rounded_up(12 * BLOCK + scratch_bytes, TSR_ALIGNMENT));
  if (block == NULL) return "memory";
  memset(block, 0, 12 * BLOCK);
  char *outputs[2] = {block + 5 * BLOCK, block + 8 * BLOCK};
  memory m = {.x = (float *)block, .q = (uint8_t *)(block + BLOCK), .scales = (float *)(block + 2 * BLOCK),
              .ids = (int32_t *)(block + 2 * BLOCK + BLOCK / 4), .bias = (float *)(block + 2 * BLOCK + BLOCK / 2),
              .raw = (int8_t *)(block + 3 * BLOCK), .weights = block + 4 * BLOCK,
              .recurrent = block + 4 * BLOCK + BLOCK / 2, .scratch = block + 12 * BLOCK};
  uint32_t state = 20231;
  for (int n = 0; n < VALUES; n++) {
    m.x[n] = (float)(int32_t)next_random(&state) * 1e-9f;
    m.raw[n] = (int8_t)(next_random(&state) % 255 - 127);
  }
  for (int n = 0; n < 128; n++) {
    m.ids[n] = (int32_t)(next_random(&state) % TABLE_ROWS);
    m.bias[n] = (float)(next_random(&state) % 1000) * 1e-5f;
  }
  const char *mismatch = NULL;
  for (size_t n = 0; n < sizeof checks / sizeof *checks && mismatch == NULL; n++) {
    for (int side = 0; side < 2; side++) {
      memset(outputs[side], 0, 3 * BLOCK);
      m.out = (float *)outputs[side];
      m.out_int8 = (uint8_t *)(outputs[side] + BLOCK);
      m.out_scales = (float *)(outputs[side] + 2 * BLOCK);
      checks[n].run(side == 0 ? &tsr_kernels__scalar : kernels, &m);
    }
    if (memcmp(outputs[0], outputs[1], 3 * BLOCK) != 0) mismatch = checks[n].kernel;
  }
  free(block);
  return mismatch;
}
