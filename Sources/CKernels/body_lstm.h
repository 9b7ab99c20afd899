// One LSTM direction over ragged sequences. Users are ordered by length, longest first, so that the
// ones still running at a step are a prefix, and taken in groups whose state fits the caches. A step
// goes through blocks of sixteen units; the matrices hold the four gates of a block side by side, so
// sums live only until the block's cells are done. A user's numbers depend on nobody else's.

enum {
  LSTM_GROUP = TSR_ROW_BLOCK,
  LSTM_CHUNK = 16,        // steps whose inputs are multiplied ahead where few users run
  LSTM_FEW = 4,           // fewer users than this: a step alone would read the input weights for too few rows
  LSTM_BLOCK_SUMS = 64    // four gates × sixteen units
};

// What a step reads and writes of one user.
typedef struct {
  const float *start;                    // gates before anything is added
  const void *lookups[TSR_LOOKUPS_MAX];  // rows of the tables
  float lookup_scales[TSR_LOOKUPS_MAX];
  const int32_t *input;                  // sums of the input product: of the block, or of all gates
  float input_scale;
  float *cells;
  uint8_t *next_int8;
  float *next;
  float *sequence, *state;               // where this step's state is wanted, or NULL
} lstm_row;

typedef struct {
  const tsr_lstm *args;
  const lstm_scratch *scratch;
  const int32_t *order;     // users of the group
  int32_t running;          // of them, those that still have rows
  int32_t t;                // step
  size_t gates;             // 4 · units to 16
  size_t units_stride;      // units to 16
  size_t hidden_bytes;      // of a quantised state
  bool is_projected;        // the inputs of this chunk are multiplied already
  int32_t together;         // blocks whose recurrent sums lie in scratch at a time
  lstm_row rows[LSTM_GROUP];
} lstm_group;

// Longest first; equal lengths keep their order.
static void order_by_length(const tsr_lstm *a, const lstm_scratch *s) {
  int32_t longest = 0;
  for (int32_t u = 0; u < a->users; u++) {
    const int32_t length = a->offsets[u + 1] - a->offsets[u];
    longest = length > longest ? length : longest;
  }
  int32_t *places = s->places;  // first place of each length, counted down from the longest
  memset(places, 0, (size_t)(longest + 2) * sizeof(int32_t));
  for (int32_t u = 0; u < a->users; u++) places[longest - (a->offsets[u + 1] - a->offsets[u]) + 1]++;
  for (int32_t n = 0; n < longest; n++) places[n + 1] += places[n];
  for (int32_t u = 0; u < a->users; u++)
    s->order[places[longest - (a->offsets[u + 1] - a->offsets[u])]++] = u;
}

INLINE int32_t lstm_length(const lstm_group *g, int32_t place) {
  const int32_t *offsets = g->args->offsets + g->order[place];
  return offsets[1] - offsets[0];
}
// The row that a user reads at this step.
INLINE int32_t lstm_token(const lstm_group *g, int32_t place) {
  const int32_t first = g->args->offsets[g->order[place]];
  return first + (g->args->backward ? lstm_length(g, place) - 1 - g->t : g->t);
}
// The first row in memory of the chunk that begins at this step, and how many it has.
INLINE int32_t lstm_chunk(const lstm_group *g, int32_t place, int32_t *rows) {
  const int32_t begin = g->t / LSTM_CHUNK * LSTM_CHUNK, left = lstm_length(g, place) - begin;
  *rows = left < LSTM_CHUNK ? left : LSTM_CHUNK;
  return g->args->offsets[g->order[place]] + (g->args->backward ? left - *rows : begin);
}

static void lstm_block(const tsr_matrix *w, int32_t *sums, size_t stride, const void *input,
                       size_t input_stride, int32_t rows, int32_t panel, int32_t panels) {
  if (w->int8_weights != NULL) int8_block(sums, stride, input, rows, w, panel, panels);
  else float_block((float *)sums, stride, input, input_stride, rows, w, panel, panels);
}

// projection[place, row of the chunk] = input row · input weights.
static void lstm_project(const lstm_group *g) {
  const tsr_lstm *a = g->args;
  const tsr_matrix *w = a->input_matrix;
  for (int32_t place = 0; place < g->running; place++) {
    int32_t rows;
    const size_t token = lstm_chunk(g, place, &rows);
    const void *input = w->int8_weights != NULL ? (const void *)(a->input_int8 + token * w->padded_depth)
                                                : (const void *)(a->input_float + token * a->input_stride);
    lstm_block(w, g->scratch->projection + place * LSTM_CHUNK * g->gates, g->gates, input,
               a->input_stride, rows, 0, w->padded_outputs / 16);
  }
}

// tokens[place] = the input row of this step, so that one product serves all users.
static void lstm_collect(const lstm_group *g) {
  const tsr_lstm *a = g->args;
  const tsr_matrix *w = a->input_matrix;
  for (int32_t place = 0; place < g->running; place++) {
    const size_t token = lstm_token(g, place);
    if (w->int8_weights != NULL)
      memcpy(g->scratch->tokens + (size_t)place * w->padded_depth, a->input_int8 + token * w->padded_depth,
             w->padded_depth);
    else
      memcpy(g->scratch->tokens + (size_t)place * w->depth * sizeof(float),
             a->input_float + token * a->input_stride, w->depth * sizeof(float));
  }
}

static void lstm_set_rows(lstm_group *g) {
  const tsr_lstm *a = g->args;
  const lstm_scratch *s = g->scratch;
  for (int32_t place = 0; place < g->running; place++) {
    const int32_t user = g->order[place], token = lstm_token(g, place);
    lstm_row *row = &g->rows[place];
    row->start = a->user_rows != NULL ? a->user_rows + (size_t)user * a->user_stride : a->recurrent->bias;
    row->cells = s->cells + place * g->units_stride;
    row->next_int8 = s->next_int8 + place * g->hidden_bytes;
    row->next = s->next + place * g->units_stride;
    row->sequence = a->sequence == NULL ? NULL : a->sequence + (size_t)token * a->sequence_stride;
    row->state = a->state == NULL || g->t < lstm_length(g, place) - 1 ? NULL
        : a->state + (size_t)user * a->state_stride;
    for (int32_t n = 0; n < a->lookup_count; n++) {
      const tsr_table *table = a->lookups[n].table;
      const size_t id = safe_id(table, a->lookups[n].ids[token]);
      row->lookups[n] = table->int8_values != NULL ? (const void *)(table->int8_values + id * g->gates)
                                                   : (const void *)(table->float_values + id * g->gates);
      row->lookup_scales[n] = table->int8_values != NULL ? table->scales[id] : 1.0f;
    }
    row->input = NULL;
    row->input_scale = 0.0f;
    if (a->input_matrix == NULL) continue;
    int32_t unused;
    row->input = g->is_projected
        ? s->projection + (place * LSTM_CHUNK + (token - lstm_chunk(g, place, &unused))) * g->gates
        : s->input_sums + place * LSTM_BLOCK_SUMS;
    row->input_scale = a->input_matrix->int8_weights != NULL ? a->input_scales[token] : 0.0f;
  }
}

// int8 tables may lie outside the nearest caches: their rows are asked for two steps ahead. float32 ones are
// small, and a row of them is four times as many lines.
static void lstm_prefetch(const lstm_group *g) {
  const tsr_lstm *a = g->args;
  for (int32_t place = 0; place < g->running; place++) {
    if (g->t + 2 >= lstm_length(g, place)) break;
    const int32_t token = lstm_token(g, place) + (a->backward ? -2 : 2);
    for (int32_t n = 0; n < a->lookup_count; n++)
      if (a->lookups[n].table->int8_values != NULL) prefetch_row(a->lookups[n].table, a->lookups[n].ids[token]);
  }
}

typedef enum { LSTM_NO_INPUT, LSTM_INT8_INPUT, LSTM_FLOAT_INPUT } lstm_input;

// z = recurrent sum + start + lookups + input sum, each dequantised first: the four gates of sixteen units.
INLINE void lstm_gates(const lstm_group *g, const lstm_row *row, int32_t block, const int32_t *recurrent,
                       lstm_input input, bool is_recurrent_int8, f z[4]) {
  const tsr_lstm *a = g->args;
  const size_t at = (size_t)block * LSTM_BLOCK_SUMS;
  for (int gate = 0; gate < 4; gate++) z[gate] = f_load(row->start + at + gate * 16);
  for (int32_t n = 0; n < a->lookup_count; n++) {
    if (a->lookups[n].table->int8_values != NULL) {
      const f scale = f_set(row->lookup_scales[n]);
      const int8_t *values = (const int8_t *)row->lookups[n] + at;
      for (int gate = 0; gate < 4; gate++) z[gate] = f_fma(f_load_int8(values + gate * 16), scale, z[gate]);
    } else {
      const float *values = (const float *)row->lookups[n] + at;
      for (int gate = 0; gate < 4; gate++) z[gate] = f_add(z[gate], f_load(values + gate * 16));
    }
  }
  const int32_t *sums = row->input + (g->is_projected ? at : 0);
  const f scale = f_set(row->input_scale);
  for (int gate = 0; gate < 4; gate++) {
    if (input == LSTM_INT8_INPUT)
      z[gate] = f_fma(f_from_i(i_load(sums + gate * 16)),
                      f_mul(scale, f_load(a->input_matrix->scales + at + gate * 16)), z[gate]);
    if (input == LSTM_FLOAT_INPUT) z[gate] = f_add(z[gate], f_load((const float *)sums + gate * 16));
    z[gate] = is_recurrent_int8
        ? f_fma(f_from_i(i_load(recurrent + gate * 16)), f_load(g->scratch->scales + at + gate * 16), z[gate])
        : f_add(z[gate], f_load((const float *)recurrent + gate * 16));
  }
}

// Cells and states of sixteen units of all running users; `sums` are the recurrent ones.
INLINE void lstm_cells(const lstm_group *g, int32_t block, const int32_t *sums, lstm_input input,
                       bool is_recurrent_int8) {
  const size_t first = (size_t)block * 16, left = g->args->units - first, count = left < 16 ? left : 16;
  for (int32_t place = 0; place < g->running; place++) {
    const lstm_row *row = &g->rows[place];
    f z[4];
    lstm_gates(g, row, block, sums + place * g->together * LSTM_BLOCK_SUMS, input, is_recurrent_int8, z);
    f c = f_load(row->cells + first), h;
    if (is_recurrent_int8) {
      c = f_quick_lstm_cell(z[0], z[1], z[2], c);
      h = f_quick_lstm_hidden(z[3], c);
      q_store(row->next_int8 + first, h, f_set(127.0f));
    } else {
      c = f_lstm_cell(z[0], z[1], z[2], c);
      h = f_lstm_hidden(z[3], c);
      f_store(row->next + first, h);
    }
    f_store(row->cells + first, c);
    if (row->sequence != NULL) store(row->sequence + first, h, count);
    if (row->state != NULL) store(row->state + first, h, count);
  }
}

static void lstm_cells_of(const lstm_group *g, int32_t block, const int32_t *sums) {
  const tsr_matrix *w = g->args->input_matrix;
  const bool is_input_int8 = w != NULL && w->int8_weights != NULL;
  if (g->args->recurrent->int8_weights != NULL) {
    if (w == NULL) lstm_cells(g, block, sums, LSTM_NO_INPUT, true);
    else if (is_input_int8) lstm_cells(g, block, sums, LSTM_INT8_INPUT, true);
    else lstm_cells(g, block, sums, LSTM_FLOAT_INPUT, true);
  } else {
    if (w == NULL) lstm_cells(g, block, sums, LSTM_NO_INPUT, false);
    else if (is_input_int8) lstm_cells(g, block, sums, LSTM_INT8_INPUT, false);
    else lstm_cells(g, block, sums, LSTM_FLOAT_INPUT, false);
  }
}

static void lstm_step(lstm_group *g) {
  const tsr_lstm *a = g->args;
  const lstm_scratch *s = g->scratch;
  const void *hidden = a->recurrent->int8_weights != NULL ? (const void *)s->hidden_int8 : (const void *)s->hidden;
  const bool multiplies_input = a->input_matrix != NULL && !g->is_projected;
  lstm_set_rows(g);
  lstm_prefetch(g);
  if (multiplies_input) lstm_collect(g);
  const int32_t blocks = (int32_t)g->units_stride / 16, stride = g->together * LSTM_BLOCK_SUMS;
  if (g->t == 0) memset(s->sums, 0, (size_t)g->running * stride * sizeof(int32_t));
  for (int32_t n = 0; n < blocks; n += g->together) {
    // Odd steps begin at the end: the weights that the last step left in the L1 cache come first.
    const int32_t count = blocks - n < g->together ? blocks - n : g->together;
    const int32_t first = g->t % 2 == 0 ? n : blocks - n - count;
    if (g->t > 0)
      lstm_block(a->recurrent, s->sums, stride, hidden, g->units_stride, g->running, first * 4, count * 4);
    for (int32_t block = first; block < first + count; block++) {
      if (multiplies_input)
        lstm_block(a->input_matrix, s->input_sums, LSTM_BLOCK_SUMS, s->tokens, a->input_matrix->depth, g->running,
                   block * 4, 4);
      lstm_cells_of(g, block, s->sums + (block - first) * LSTM_BLOCK_SUMS);
    }
  }
}

static void lstm(const tsr_lstm *a) {
  const size_t all_gates = 4 * tsr_rounded_up(a->units, TSR_LANES);
  REQUIRE(a->users >= 0 && a->units > 0 && a->offsets != NULL);
  REQUIRE(a->recurrent->depth == a->units && (size_t)a->recurrent->padded_outputs == all_gates);
  REQUIRE(a->lookup_count >= 0 && a->lookup_count <= TSR_LOOKUPS_MAX);
  for (int32_t n = 0; n < a->lookup_count; n++) REQUIRE((size_t)a->lookups[n].table->width == all_gates);
  if (a->user_rows != NULL) REQUIRE(a->user_stride >= all_gates);
  if (a->input_matrix != NULL) {
    REQUIRE((size_t)a->input_matrix->padded_outputs == all_gates);
    if (a->input_matrix->int8_weights != NULL) REQUIRE(a->input_int8 != NULL && a->input_scales != NULL);
    else REQUIRE_ROWS(a->input_float, a->input_stride, a->input_matrix->depth);
  }
  REQUIRE(a->sequence != NULL || a->state != NULL);
  if (a->sequence != NULL) REQUIRE(a->sequence_stride >= (size_t)a->units);
  if (a->state != NULL) REQUIRE(a->state_stride >= (size_t)a->units);
  REQUIRE_SCRATCH(a->scratch);
  lstm_scratch s;
  lstm_scratch_carve(&s, a->scratch, a->users, a->offsets[a->users] - a->offsets[0], a->units,
                     a->input_matrix);
  const tsr_matrix *w = a->recurrent;
  if (w->int8_weights != NULL)
    for (int32_t n = 0; n < w->padded_outputs; n += 16)
      f_store(s.scales + n, f_mul(f_load(w->scales + n), f_set(1.0f / 127.0f)));
  blocks_begin();
  order_by_length(a, &s);
  for (int32_t first = 0; first < a->users; first += LSTM_GROUP) {
    lstm_group g = {.args = a, .scratch = &s, .order = s.order + first,
                    .running = a->users - first < LSTM_GROUP ? a->users - first : LSTM_GROUP,
                    .gates = w->padded_outputs, .units_stride = tsr_rounded_up(a->units, 16),
                    .hidden_bytes = tsr_padded(a->units)};
    memset(s.cells, 0, g.running * g.units_stride * sizeof(float));
    // Padding beyond the units, which no cell writes, must be zero in both states.
    memset(s.hidden_int8, 128, g.running * g.hidden_bytes);
    memset(s.next_int8, 128, g.running * g.hidden_bytes);
    for (g.t = 0;; g.t++) {
      while (g.running > 0 && lstm_length(&g, g.running - 1) <= g.t) g.running--;
      if (g.running == 0) break;
      if (g.t % LSTM_CHUNK == 0) {
        const bool is_few = g.running < LSTM_FEW;
        g.together = is_few ? 2 : 1;
        g.is_projected = is_few && a->input_matrix != NULL;
        if (g.is_projected) lstm_project(&g);
      }
      lstm_step(&g);
      uint8_t *const bytes = s.hidden_int8;
      float *const floats = s.hidden;
      s.hidden_int8 = s.next_int8, s.next_int8 = bytes;
      s.hidden = s.next, s.next = floats;
    }
  }
  blocks_end();
  if (a->state != NULL)
    for (int32_t u = 0; u < a->users; u++)
      if (a->offsets[u] == a->offsets[u + 1])
        memset(a->state + (size_t)u * a->state_stride, 0, (size_t)a->units * sizeof(float));
}
