// Every kernel of a table on a small ragged case, beside the scalar table: the bits must be equal.
#include <stdlib.h>
#include <string.h>

#include "include/CKernels.h"

extern const tsr_kernels tsr_kernels__scalar;

// Odd on purpose: a part of a vector, of a panel, of a tile and of a row block are all met.
enum {
  USERS = 4, ROWS = 39, WIDTH = 70, UNITS = 20, GATES = 4 * UNITS, HEADS = 2, VALUES = 64 * 256, BLOCK = VALUES * 4
};
static const int32_t offsets[USERS + 1] = {0, 19, 19, 20, ROWS};

typedef struct {
  float *x, *out;           // [64, 256]
  uint8_t *q, *out_int8;    // [64, 256]
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

static void run(const tsr_kernels *t, int kernel, const memory *m) {
  const tsr_matrix w = tsr_pack_int8(m->raw, m->bias, m->bias, GATES, WIDTH, kernel == 3, m->weights);
  const tsr_matrix r = tsr_pack_int8(m->raw, m->bias, m->bias, GATES, UNITS, true, m->recurrent);
  const tsr_table table = {.rows = 32, .width = WIDTH, .int8_values = m->raw, .scales = m->bias};
  const tsr_table bytes = {.rows = 32, .width = r.padded_outputs, .int8_values = m->raw, .scales = m->bias};
  const tsr_table floats = {.rows = 32, .width = r.padded_outputs, .float_values = m->x};
  const tsr_lookup lookups[2] = {{&bytes, m->ids}, {&floats, m->ids + 1}};
  // Inputs of the matrix kernels come from the reference, so that each kernel is judged alone.
  tsr_kernels__scalar.quantise(&(tsr_quantise){
      .rows = ROWS, .columns = WIDTH, .input = m->x, .input_stride = 256, .output = m->q, .output_scales = m->scales});
  switch (kernel) {
    case 0:
      t->quantise(&(tsr_quantise){.rows = ROWS, .columns = WIDTH, .input = m->x, .input_stride = 256,
                                  .output = m->out_int8, .output_scales = m->out_scales});
      break;
    case 1:
      t->product(&(tsr_product){.matrix = &w, .rows = ROWS, .input_int8 = m->q, .input_scales = m->scales,
                                .addend = m->x, .addend_stride = 256, .activation = TSR_GELU, .output = m->out,
                                .output_stride = 256, .output_int8 = m->out_int8,
                                .output_scales = m->out_scales, .scratch = m->scratch});
      break;
    case 2:
      t->gather(&(tsr_gather){.table = &table, .rows = ROWS, .ids = m->ids, .output = m->out, .output_stride = 256});
      break;
    case 3:
      t->lstm(&(tsr_lstm){.users = USERS, .units = UNITS, .offsets = offsets, .user_rows = m->x, .user_stride = 256,
                          .lookups = lookups, .lookup_count = 2, .input_matrix = &w,
                          .input_int8 = m->q, .input_scales = m->scales, .recurrent = &r,
                          .sequence = m->out, .sequence_stride = 256, .state = m->out + ROWS * 256,
                          .state_stride = 256, .scratch = m->scratch});
      break;
    case 4:
      t->attention(&(tsr_attention){.users = USERS, .width = 64, .heads = HEADS, .offsets = offsets,
                                    .int8 = true, .qkv = m->x, .qkv_stride = 256, .output = m->out,
                                    .output_stride = 256, .scratch = m->scratch});
      break;
    case 5:
      t->layer_norm(&(tsr_layer_norm){.rows = ROWS, .width = WIDTH, .input = m->x, .input_stride = 256,
                                      .gain = m->bias, .bias = m->bias, .epsilon = 1e-5f, .output = m->out,
                                      .output_stride = 256});
      break;
    case 6:
      t->pool(&(tsr_pool){.users = USERS, .width = WIDTH, .offsets = offsets, .mode = TSR_MEAN, .input = m->x,
                          .input_stride = 256, .output = m->out, .output_stride = 256});
      break;
    case 7:
      t->combine(&(tsr_combine){.rows = ROWS, .width = WIDTH, .combination = TSR_MULTIPLY, .a = m->x, .a_stride = 256,
                                .b = m->x, .b_stride = 256, .b_map = m->ids, .output = m->out, .output_stride = 256});
      break;
    case 8:
      for (int activation = TSR_RELU; activation <= TSR_SIGMOID; activation++)
        t->activate(&(tsr_activate){.rows = ROWS, .width = 50, .activation = (tsr_activation)activation,
                                    .input = m->x, .input_stride = 256,
                                    .output = m->out + 50 * (activation - 1), .output_stride = 256});
      break;
    default:
      t->number(&(tsr_number){.count = 1000, .input = m->x, .log1p = true, .low = -1, .high = 1, .mean = 0.25f,
                              .deviation = 0.75f, .output = m->out, .output_stride = 1});
  }
}

static const char *const names[] = {"quantise", "product", "gather", "lstm", "attention",
                                    "layer_norm", "pool", "combine", "activate", "number"};

const char *tsr_self_check(const tsr_kernels *kernels) {
  const size_t lstm_bytes = tsr_lstm_scratch_bytes(
      USERS, ROWS, UNITS, &(tsr_matrix){.int8_weights = (const int8_t *)"", .padded_depth = (int32_t)tsr_padded(WIDTH)});
  const size_t attention_bytes = tsr_attention_scratch_bytes(ROWS, 64, HEADS);
  const size_t scratch_bytes = lstm_bytes > attention_bytes ? lstm_bytes : attention_bytes;
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
    m.ids[n] = (int32_t)(next_random(&state) % 32);
    m.bias[n] = (float)(next_random(&state) % 1000) * 1e-5f;
  }
  const char *mismatch = NULL;
  for (int kernel = 0; kernel < 10 && mismatch == NULL; kernel++) {
    for (int side = 0; side < 2; side++) {
      memset(outputs[side], 0, 3 * BLOCK);
      m.out = (float *)outputs[side];
      m.out_int8 = (uint8_t *)(outputs[side] + BLOCK);
      m.out_scales = (float *)(outputs[side] + 2 * BLOCK);
      run(side == 0 ? &tsr_kernels__scalar : kernels, kernel, &m);
    }
    if (memcmp(outputs[0], outputs[1], 3 * BLOCK) != 0) mismatch = names[kernel];
  }
  free(block);
  return mismatch;
}
