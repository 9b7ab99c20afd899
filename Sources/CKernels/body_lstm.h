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

typedef struct {
  const tsr_lstm *args;
  const lstm_scratch *scratch;
  const int32_t *order;     // users of the group
  int32_t running;          // of them, those that still have rows
  int32_t t;                // step
  size_t gates_stride;      // sums of all blocks
  size_t units_stride;      // units to 16
  size_t hidden_bytes;      // of a quantised state
  bool is_projected;        // the inputs of this chunk are multiplied already
  size_t block_step;        // from one block's sums to the next: 64 where all are kept, else 0
  size_t sums_stride;       // from one user's recurrent sums to the next
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
    lstm_block(w, g->scratch->projection + place * LSTM_CHUNK * g->gates_stride, g->gates_stride, input,
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

typedef struct {
  f bias, input_scale, recurrent_scale;
} gate_constants;

INLINE gate_constants lstm_constants(const lstm_group *g, int32_t block, int gate) {
  const tsr_matrix *input = g->args->input_matrix;
  const size_t at = (size_t)block * LSTM_BLOCK_SUMS + gate * 16;
  return (gate_constants){
      .bias = f_load(input->bias + at),
      .input_scale = input->int8_weights != NULL ? f_load(input->scales + at) : f_set(0),
      .recurrent_scale = g->args->recurrent->int8_weights != NULL ? f_load(g->scratch->scales + at) : f_set(0)};
}

// z = recurrent sum + (input sum + bias), each sum dequantised first, of sixteen gates.
INLINE f lstm_gate(const gate_constants *k, const int32_t *input, f token_scale, const int32_t *recurrent,
                   bool is_input_int8, bool is_recurrent_int8) {
  f x = is_input_int8 ? f_fma(f_from_i(i_load(input)), f_mul(token_scale, k->input_scale), k->bias)
                      : f_add(f_load((const float *)input), k->bias);
  return is_recurrent_int8 ? f_fma(f_from_i(i_load(recurrent)), k->recurrent_scale, x)
                           : f_add(f_load((const float *)recurrent), x);
}

// Blocks of sixteen units of all running users. First all cells, then all states: both are long chains of
// operations, and more of the shorter ones overlap.
INLINE void lstm_cells(const lstm_group *g, int32_t first_block, int32_t blocks, const int32_t *inputs[],
                       const float *token_scales, bool is_input_int8, bool is_recurrent_int8) {
  const tsr_lstm *a = g->args;
  const lstm_scratch *s = g->scratch;
  for (int32_t block = first_block; block < first_block + blocks; block++) {
    const gate_constants in = lstm_constants(g, block, 0), forget = lstm_constants(g, block, 1);
    const gate_constants candidate = lstm_constants(g, block, 2);
    for (int32_t place = 0; place < g->running; place++) {
      const f token_scale = f_set(is_input_int8 ? token_scales[place] : 0.0f);
      const int32_t *x = inputs[place] + block * g->block_step;
      const int32_t *sums = s->sums + place * g->sums_stride + block * g->block_step;
      float *cell = s->cells + place * g->units_stride + block * 16;
      f_store(cell, f_lstm_cell(lstm_gate(&in, x, token_scale, sums, is_input_int8, is_recurrent_int8),
                                lstm_gate(&forget, x + 16, token_scale, sums + 16, is_input_int8, is_recurrent_int8),
                                lstm_gate(&candidate, x + 32, token_scale, sums + 32, is_input_int8, is_recurrent_int8),
                                f_load(cell)));
    }
  }
  for (int32_t block = first_block; block < first_block + blocks; block++) {
    const size_t first = (size_t)block * 16, left = a->units - first, count = left < 16 ? left : 16;
    const gate_constants out = lstm_constants(g, block, 3);
    for (int32_t place = 0; place < g->running; place++) {
      const f token_scale = f_set(is_input_int8 ? token_scales[place] : 0.0f);
      const f z = lstm_gate(&out, inputs[place] + block * g->block_step + 48, token_scale,
                            s->sums + place * g->sums_stride + block * g->block_step + 48, is_input_int8,
                            is_recurrent_int8);
      const f h = f_lstm_hidden(z, f_load(s->cells + place * g->units_stride + first));
      if (is_recurrent_int8) q_store(s->next_int8 + place * g->hidden_bytes + first, h, f_set(127.0f));
      else f_store(s->next + place * g->units_stride + first, h);
      if (a->sequence != NULL)
        store(a->sequence + (size_t)lstm_token(g, place) * a->sequence_stride + first, h, count);
      if (a->state != NULL && g->t == lstm_length(g, place) - 1)
        store(a->state + (size_t)g->order[place] * a->state_stride + first, h, count);
    }
  }
}

static void lstm_cells_of(const lstm_group *g, int32_t first_block, int32_t blocks, const int32_t *inputs[],
                          const float *token_scales) {
  const bool is_input_int8 = g->args->input_matrix->int8_weights != NULL;
  const bool is_recurrent_int8 = g->args->recurrent->int8_weights != NULL;
  if (is_input_int8 && is_recurrent_int8) lstm_cells(g, first_block, blocks, inputs, token_scales, true, true);
  else if (is_input_int8) lstm_cells(g, first_block, blocks, inputs, token_scales, true, false);
  else if (is_recurrent_int8) lstm_cells(g, first_block, blocks, inputs, token_scales, false, true);
  else lstm_cells(g, first_block, blocks, inputs, token_scales, false, false);
}

static void lstm_step(const lstm_group *g) {
  const tsr_lstm *a = g->args;
  const lstm_scratch *s = g->scratch;
  const void *hidden = a->recurrent->int8_weights != NULL ? (const void *)s->hidden_int8 : (const void *)s->hidden;
  const int32_t *inputs[LSTM_GROUP];
  float token_scales[LSTM_GROUP];
  for (int32_t place = 0; place < g->running; place++) {
    const int32_t token = lstm_token(g, place);
    int32_t unused;
    token_scales[place] = a->input_matrix->int8_weights != NULL ? a->input_scales[token] : 0.0f;
    inputs[place] = g->is_projected
        ? s->projection + (place * LSTM_CHUNK + (token - lstm_chunk(g, place, &unused))) * g->gates_stride
        : s->input_sums + place * LSTM_BLOCK_SUMS;
  }
  if (!g->is_projected) lstm_collect(g);
  if (g->t == 0) memset(s->sums, 0, g->running * g->sums_stride * sizeof(int32_t));
  // Few users: everything is multiplied, then all blocks' cells are done. Many: a block after the other.
  const int32_t blocks = (int32_t)g->units_stride / 16, together = g->is_projected ? 2 : 1;
  for (int32_t n = 0; n < blocks; n += together) {
    // Odd steps begin at the end: the weights that the last step left in the L1 cache come first.
    const int32_t count = blocks - n < together ? blocks - n : together;
    const int32_t block = g->t % 2 == 0 ? n : blocks - n - count;
    if (g->t > 0)
      lstm_block(a->recurrent, s->sums + block * g->block_step, g->sums_stride, hidden, g->units_stride,
                 g->running, block * 4, count * 4);
    if (g->is_projected) continue;
    lstm_block(a->input_matrix, s->input_sums, LSTM_BLOCK_SUMS, s->tokens, a->input_matrix->depth, g->running,
               block * 4, 4);
    lstm_cells_of(g, block, 1, inputs, token_scales);
  }
  if (g->is_projected) lstm_cells_of(g, 0, blocks, inputs, token_scales);
}

static void lstm(const tsr_lstm *a) {
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
                    .gates_stride = w->padded_outputs, .units_stride = tsr_rounded_up(a->units, 16),
                    .hidden_bytes = tsr_padded(a->units)};
    memset(s.cells, 0, g.running * g.units_stride * sizeof(float));
    // Padding beyond the units, which no cell writes, must be zero in both states.
    memset(s.hidden_int8, 128, g.running * g.hidden_bytes);
    memset(s.next_int8, 128, g.running * g.hidden_bytes);
    for (g.t = 0;; g.t++) {
      while (g.running > 0 && lstm_length(&g, g.running - 1) <= g.t) g.running--;
      if (g.running == 0) break;
      if (g.t % LSTM_CHUNK == 0) {
        g.is_projected = g.running < LSTM_FEW;
        g.block_step = g.is_projected ? LSTM_BLOCK_SUMS : 0;
        g.sums_stride = g.is_projected ? g.gates_stride : LSTM_BLOCK_SUMS;
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
