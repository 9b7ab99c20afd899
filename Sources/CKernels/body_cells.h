// The cells of recurrent layers: sixteen units of every running user at a time, from the sums of their
// products. A cell, the kind of its input and its precision are constants of each copy, so that a copy
// holds no branch on them.

// What a step reads and writes of one user.
typedef struct {
  const float *start;                    // gates before anything is added
  const void *lookups[TSR_LOOKUPS_MAX];  // rows of the tables
  float lookup_scales[TSR_LOOKUPS_MAX];
  const int32_t *input;                  // sums of the input product: of the block, or of all gates
  float input_scale;
  float *carried;                        // float32 from step to step: an LSTM's cells, a GRU's state
  float *updates;                        // z of a GRU whose reset comes first, between its two parts
  uint8_t *reset_int8;                   // its r·h
  float *reset;
  uint8_t *next_int8;
  float *next;
  float *sequence, *state;               // where this step's state is wanted, or NULL
} recurrence_row;

typedef struct {
  const tsr_recurrence *args;
  const recurrence_scratch *scratch;
  const int32_t *order;     // users of the group
  int32_t running;          // of them, those that still have rows
  int32_t t;                // step
  size_t gates;             // gates of the cell · units to 16
  size_t block_sums;        // gates of the cell · 16
  size_t units_stride;      // units to 16
  size_t hidden_bytes;      // of a quantised state
  bool is_projected;        // the inputs of this chunk are multiplied already
  int32_t together;         // blocks whose recurrent sums lie in scratch at a time
  recurrence_row rows[TSR_ROW_BLOCK];
} recurrence_group;

typedef enum { NO_INPUT, INT8_INPUT, FLOAT_INPUT } recurrence_input;

// A GRU whose reset comes first multiplies twice a step: its candidate reads r·h of all units.
typedef enum { WHOLE_CELL, RESET_PART, CANDIDATE_PART } recurrence_part;

INLINE int32_t first_gate(recurrence_part part) { return part == CANDIDATE_PART ? 2 : 0; }
INLINE int32_t gates_of(tsr_cell cell, recurrence_part part) {
  return part == WHOLE_CELL ? tsr_gates(cell) : part == RESET_PART ? 2 : 1;
}

// z = start + lookups + input sum, each dequantised first: the part's gates of sixteen units.
INLINE void gate_inputs(const recurrence_group *g, const recurrence_row *row, int32_t block, tsr_cell cell,
                        recurrence_part part, recurrence_input input, f z[4]) {
  const tsr_recurrence *a = g->args;
  const size_t at = (size_t)block * tsr_gates(cell) * 16;
  const int first = first_gate(part), end = first + gates_of(cell, part);
  for (int gate = first; gate < end; gate++) z[gate] = f_load(row->start + at + gate * 16);
  for (int32_t n = 0; n < a->lookup_count; n++) {
    if (a->lookups[n].table->int8_values != NULL) {
      const f scale = f_set(row->lookup_scales[n]);
      const int8_t *values = (const int8_t *)row->lookups[n] + at;
      for (int gate = first; gate < end; gate++)
        z[gate] = f_fma(f_load_int8(values + gate * 16), scale, z[gate]);
    } else {
      const float *values = (const float *)row->lookups[n] + at;
      for (int gate = first; gate < end; gate++) z[gate] = f_add(z[gate], f_load(values + gate * 16));
    }
  }
  const int32_t *sums = row->input + (g->is_projected ? at : 0);
  const f scale = f_set(row->input_scale);
  for (int gate = first; gate < end; gate++) {
    if (input == INT8_INPUT)
      z[gate] = f_fma(f_from_i(i_load(sums + gate * 16)),
                      f_mul(scale, f_load(a->input_matrix->scales + at + gate * 16)), z[gate]);
    if (input == FLOAT_INPUT) z[gate] = f_add(z[gate], f_load((const float *)sums + gate * 16));
  }
}

// z + the recurrent sum of a gate; `sums` are those of the block.
INLINE f add_recurrent(const recurrence_group *g, int32_t block, tsr_cell cell, int gate, const int32_t *sums,
                       bool is_int8, f z) {
  const size_t at = ((size_t)block * tsr_gates(cell) + gate) * 16;
  return is_int8 ? f_fma(f_from_i(i_load(sums + gate * 16)), f_load(g->scratch->scales + at), z)
                 : f_add(z, f_load((const float *)sums + gate * 16));
}

INLINE f lstm_state(float *cells, const f z[4], bool is_int8) {
  const f before = f_load(cells);
  const f c = is_int8 ? f_quick_lstm_cell(z[0], z[1], z[2], before) : f_lstm_cell(z[0], z[1], z[2], before);
  f_store(cells, c);
  return is_int8 ? f_quick_lstm_hidden(z[3], c) : f_lstm_hidden(z[3], c);
}

INLINE f gru_state(float *carried, f update, f candidate, bool is_int8) {
  const f before = f_load(carried);
  const f h = is_int8 ? f_quick_gru_state(update, candidate, before) : f_gru_state(update, candidate, before);
  f_store(carried, h);
  return h;
}

INLINE f reset_gate(f z, bool is_int8) { return is_int8 ? f_quick_sigmoid(z) : f_fraction_sigmoid(z); }

// What the next product reads. |h| ≤ 1 where it is quantised: states of LSTMs, and of GRUs and tanh layers,
// are products and means of numbers within ±1, and the quick σ and tanh stay within 0…1 and ±1.
INLINE void keep(uint8_t *bytes, float *floats, f h, bool is_int8) {
  if (is_int8) q_store(bytes, h, f_set(127.0f));
  else f_store(floats, h);
}

// Sixteen units of all running users; `sums` are the recurrent ones.
INLINE void cells(const recurrence_group *g, int32_t block, const int32_t *sums, tsr_cell cell,
                  recurrence_part part, recurrence_input input, bool is_int8) {
  const size_t first = (size_t)block * 16, left = g->args->units - first, count = left < 16 ? left : 16;
  for (int32_t place = 0; place < g->running; place++) {
    const recurrence_row *row = &g->rows[place];
    const int32_t *own = sums + place * g->together * (size_t)tsr_gates(cell) * 16;
    f z[4], h = f_set(0);
    gate_inputs(g, row, block, cell, part, input, z);
    for (int gate = first_gate(part); gate < first_gate(part) + gates_of(cell, part); gate++)
      // A reset that comes after the product takes the candidate's sum by itself.
      if (cell != TSR_GRU || gate != 2) z[gate] = add_recurrent(g, block, cell, gate, own, is_int8, z[gate]);
    if (part == RESET_PART) {
      f_store(row->updates + first, z[0]);
      const f r = reset_gate(z[1], is_int8);
      keep(row->reset_int8 + first, row->reset + first, f_mul(r, f_load(row->carried + first)), is_int8);
      continue;
    }
    switch (cell) {
      case TSR_LSTM: h = lstm_state(row->carried + first, z, is_int8); break;
      case TSR_GRU: {
        const f bias = f_load(g->args->candidate_bias + first);
        const f sum = add_recurrent(g, block, cell, 2, own, is_int8, bias);
        h = gru_state(row->carried + first, z[0], f_fma(reset_gate(z[1], is_int8), sum, z[2]), is_int8);
        break;
      }
      case TSR_GRU_RESET_FIRST:
        h = gru_state(row->carried + first, f_load(row->updates + first), z[2], is_int8);
        break;
      case TSR_RNN_TANH: h = is_int8 ? f_quick_tanh(z[0]) : f_tanh(z[0]); break;
      case TSR_RNN_RELU: h = f_activated(z[0], TSR_RELU, 0.0f); break;
    }
    keep(row->next_int8 + first, row->next + first, h, is_int8);
    if (row->sequence != NULL) store(row->sequence + first, h, count);
    if (row->state != NULL) store(row->state + first, h, count);
  }
}

INLINE void cells_of_input(const recurrence_group *g, int32_t block, const int32_t *sums, tsr_cell cell,
                           recurrence_part part, bool is_int8) {
  const tsr_matrix *w = g->args->input_matrix;
  if (w == NULL) cells(g, block, sums, cell, part, NO_INPUT, is_int8);
  else if (w->int8_weights != NULL) cells(g, block, sums, cell, part, INT8_INPUT, is_int8);
  else cells(g, block, sums, cell, part, FLOAT_INPUT, is_int8);
}

INLINE void cells_of_kind(const recurrence_group *g, int32_t block, const int32_t *sums, tsr_cell cell,
                          recurrence_part part) {
  if (g->args->recurrent->int8_weights != NULL) cells_of_input(g, block, sums, cell, part, true);
  else cells_of_input(g, block, sums, cell, part, false);
}

static void cells_of(const recurrence_group *g, int32_t block, const int32_t *sums, recurrence_part part) {
  switch (g->args->cell) {
    case TSR_LSTM: cells_of_kind(g, block, sums, TSR_LSTM, WHOLE_CELL); break;
    case TSR_GRU: cells_of_kind(g, block, sums, TSR_GRU, WHOLE_CELL); break;
    case TSR_GRU_RESET_FIRST:
      if (part == RESET_PART) cells_of_kind(g, block, sums, TSR_GRU_RESET_FIRST, RESET_PART);
      else cells_of_kind(g, block, sums, TSR_GRU_RESET_FIRST, CANDIDATE_PART);
      break;
    case TSR_RNN_TANH: cells_of_kind(g, block, sums, TSR_RNN_TANH, WHOLE_CELL); break;
    // Its state has no bound, so it is never quantised.
    case TSR_RNN_RELU: cells_of_input(g, block, sums, TSR_RNN_RELU, WHOLE_CELL, false); break;
  }
}
