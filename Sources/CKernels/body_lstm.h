// One LSTM direction over ragged sequences. Users are ordered by length, longest first, so that the
// ones still running at a step are a prefix, and taken in groups whose state fits the caches. For
// each group, sixteen steps at a time: first the inputs of those steps are multiplied (a tile of
// rows per user), then the steps run. A user's numbers depend on nobody else's.

enum { LSTM_GROUP = TSR_ROW_BLOCK, LSTM_STEPS = 16, LSTM_PANELS = 8 };

typedef struct {
  const tsr_lstm *args;
  const lstm_scratch *scratch;
  const int32_t *order;  // users of the group
  size_t gates_stride;   // 4·units padded to a panel
  size_t hidden_stride;  // bytes of a quantised state
} lstm_group;

// Longest first; equal lengths keep their order. Returns the largest length.
static int32_t order_by_length(const tsr_lstm *a, const lstm_scratch *s) {
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
  return longest;
}

// Rows that a user's chunk of steps [first, first + 16) reads: `count` rows from `token` on.
INLINE int32_t chunk_rows(const tsr_lstm *a, int32_t user, int32_t first, int32_t *token) {
  const int32_t left = a->offsets[user + 1] - a->offsets[user] - first;
  const int32_t count = left < LSTM_STEPS ? left : LSTM_STEPS;
  *token = a->backward ? a->offsets[user] + left - count : a->offsets[user] + first;
  return count;
}

// projection[place, row] = input row · input weights, raw sums, for the rows of one chunk of steps.
static void lstm_project(const lstm_group *g, int32_t running, int32_t first) {
  const tsr_lstm *a = g->args;
  const tsr_matrix *w = a->input_matrix;
  for (int32_t panel = 0; panel < w->padded_outputs / 16; panel += LSTM_PANELS) {
    const int32_t left = w->padded_outputs / 16 - panel;
    const int32_t panels = left < LSTM_PANELS ? left : LSTM_PANELS;
    for (int32_t place = 0; place < running; place++) {
      int32_t token;
      const int32_t rows = chunk_rows(a, g->order[place], first, &token);
      int32_t *sums = g->scratch->projection + (size_t)place * LSTM_STEPS * g->gates_stride + panel * 16;
      if (w->int8_weights != NULL)
        int8_block(sums, g->gates_stride, a->input_int8 + (size_t)token * w->padded_depth, rows, w,
                   panel, panels);
      else
        float_block((float *)sums, g->gates_stride, a->input_float + (size_t)token * a->input_stride,
                    a->input_stride, rows, w, panel, panels);
    }
  }
}

// Gates and state of one user: z = recurrent sum + (input sum + bias), each sum dequantised first.
INLINE void lstm_cells(const lstm_group *g, int32_t place, int32_t token, const int32_t *inputs,
                       bool is_last, bool is_input_int8, bool is_recurrent_int8) {
  const tsr_lstm *a = g->args;
  const lstm_scratch *s = g->scratch;
  const size_t units = a->units;
  const f input_scale = f_set(is_input_int8 ? a->input_scales[token] : 0.0f);
  const int32_t *sums = s->sums + place * g->gates_stride;
  float *cells = s->cells + place * units;
  float *sequence = a->sequence == NULL ? NULL : a->sequence + (size_t)token * a->sequence_stride;
  float *state = a->state == NULL || !is_last ? NULL
      : a->state + (size_t)g->order[place] * a->state_stride;
  FOR_COLUMNS(units) {
    f z[4];
    for (int gate = 0; gate < 4; gate++) {
      const size_t at = gate * units + column;
      const f bias = f_load(a->input_matrix->bias + at);
      f x = is_input_int8 ? f_fma(f_from_i(i_load(inputs + at)),
                                  f_mul(input_scale, f_load(a->input_matrix->scales + at)), bias)
                          : f_add(f_load((const float *)inputs + at), bias);
      z[gate] = is_recurrent_int8 ? f_fma(f_from_i(i_load(sums + at)), f_load(s->scales + at), x)
                                  : f_add(f_load((const float *)sums + at), x);
    }
    f c = load(cells + column, count);
    f h = f_lstm_cell(z[0], z[1], z[2], z[3], &c);
    store(cells + column, c, count);
    if (!is_recurrent_int8)
      store(s->hidden + place * units + column, h, count);
    else if (count == 16)
      q_store(s->hidden_int8 + place * g->hidden_stride + column, h, f_set(127.0f));
    else
      q_store_part(s->hidden_int8 + place * g->hidden_stride + column, h, f_set(127.0f), count);
    if (sequence != NULL) store(sequence + column, h, count);
    if (state != NULL) store(state + column, h, count);
  }
}

static void lstm_step(const lstm_group *g, int32_t running, int32_t t) {
  const tsr_lstm *a = g->args;
  const lstm_scratch *s = g->scratch;
  const tsr_matrix *w = a->recurrent;
  const bool is_input_int8 = a->input_matrix->int8_weights != NULL;
  const bool is_recurrent_int8 = w->int8_weights != NULL;
  const int32_t panels_all = w->padded_outputs / 16;
  const int32_t parts = (panels_all + LSTM_PANELS - 1) / LSTM_PANELS;
  if (t == 0) memset(s->sums, 0, (size_t)running * g->gates_stride * sizeof(int32_t));
  // Odd steps go through the weights from the end: what the last step left in the L1 cache comes first.
  for (int32_t n = 0; n < parts && t > 0; n++) {
    const int32_t panel = (t % 2 == 0 ? n : parts - 1 - n) * LSTM_PANELS;
    const int32_t panels = panels_all - panel < LSTM_PANELS ? panels_all - panel : LSTM_PANELS;
    if (is_recurrent_int8)
      int8_block(s->sums + panel * 16, g->gates_stride, s->hidden_int8, running, w, panel, panels);
    else
      float_block((float *)s->sums + panel * 16, g->gates_stride, s->hidden, a->units, running, w, panel, panels);
  }
  for (int32_t place = 0; place < running; place++) {
    const int32_t user = g->order[place], first = t / LSTM_STEPS * LSTM_STEPS;
    const int32_t length = a->offsets[user + 1] - a->offsets[user];
    const int32_t token = a->offsets[user] + (a->backward ? length - 1 - t : t);
    int32_t chunk_token;
    chunk_rows(a, user, first, &chunk_token);
    const int32_t *inputs =
        s->projection + ((size_t)place * LSTM_STEPS + (token - chunk_token)) * g->gates_stride;
    const bool is_last = t == length - 1;
    if (is_input_int8 && is_recurrent_int8) lstm_cells(g, place, token, inputs, is_last, true, true);
    else if (is_input_int8) lstm_cells(g, place, token, inputs, is_last, true, false);
    else if (is_recurrent_int8) lstm_cells(g, place, token, inputs, is_last, false, true);
    else lstm_cells(g, place, token, inputs, is_last, false, false);
  }
}

static void lstm(const tsr_lstm *a) {
  lstm_scratch s;
  lstm_scratch_carve(&s, a->scratch, a->users, a->offsets[a->users] - a->offsets[0], a->units);
  const tsr_matrix *w = a->recurrent;
  if (w->int8_weights != NULL)
    for (int32_t n = 0; n < w->padded_outputs; n += 16)
      f_store(s.scales + n, f_mul(f_load(w->scales + n), f_set(1.0f / 127.0f)));
  order_by_length(a, &s);
  for (int32_t first = 0; first < a->users; first += LSTM_GROUP) {
    const lstm_group g = {.args = a, .scratch = &s, .order = s.order + first,
                          .gates_stride = w->padded_outputs, .hidden_stride = tsr_padded(a->units)};
    int32_t running = a->users - first < LSTM_GROUP ? a->users - first : LSTM_GROUP;
    memset(s.cells, 0, (size_t)running * a->units * sizeof(float));
    memset(s.hidden_int8, 128, running * g.hidden_stride);
    for (int32_t t = 0;; t++) {
      while (running > 0 && a->offsets[g.order[running - 1] + 1] - a->offsets[g.order[running - 1]] <= t)
        running--;
      if (running == 0) break;
      if (t % LSTM_STEPS == 0) lstm_project(&g, running, t);
      lstm_step(&g, running, t);
    }
  }
  if (a->state != NULL)
    for (int32_t u = 0; u < a->users; u++)
      if (a->offsets[u] == a->offsets[u + 1])
        memset(a->state + (size_t)u * a->state_stride, 0, (size_t)a->units * sizeof(float));
}
