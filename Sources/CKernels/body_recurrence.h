// One direction of one recurrent layer over ragged sequences. Users are ordered by length, longest first, so
// that the ones still running at a step are a prefix, and taken in groups whose state fits the caches. A step
// goes through blocks of sixteen units; the matrices hold the gates of a block side by side, so sums live only
// until the block's cells (body_cells.h) are done. A user's numbers depend on nobody else's.

enum {
  RECURRENCE_GROUP = TSR_ROW_BLOCK,
  RECURRENCE_CHUNK = 16,  // steps whose inputs are multiplied ahead where few users run
  RECURRENCE_FEW = 4      // fewer users than this: a step alone would read the input weights for too few rows
};

// Longest first; equal lengths keep their order.
static void order_by_length(const tsr_recurrence *a, const recurrence_scratch *s) {
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

INLINE int32_t recurrence_length(const recurrence_group *g, int32_t place) {
  const int32_t *offsets = g->args->offsets + g->order[place];
  return offsets[1] - offsets[0];
}
// The row that a user reads at this step.
INLINE int32_t recurrence_token(const recurrence_group *g, int32_t place) {
  const int32_t first = g->args->offsets[g->order[place]];
  return first + (g->args->backward ? recurrence_length(g, place) - 1 - g->t : g->t);
}
// The first row in memory of the chunk that begins at this step, and how many it has.
INLINE int32_t recurrence_chunk(const recurrence_group *g, int32_t place, int32_t *rows) {
  const int32_t begin = g->t / RECURRENCE_CHUNK * RECURRENCE_CHUNK, left = recurrence_length(g, place) - begin;
  *rows = left < RECURRENCE_CHUNK ? left : RECURRENCE_CHUNK;
  return g->args->offsets[g->order[place]] + (g->args->backward ? left - *rows : begin);
}

static void recurrence_block(const tsr_matrix *w, int32_t *sums, size_t stride, const void *input,
                             size_t input_stride, int32_t rows, int32_t panel, int32_t panels) {
  if (w->int8_weights != NULL) int8_block(sums, stride, input, rows, w, panel, panels);
  else float_block((float *)sums, stride, input, input_stride, rows, w, panel, panels);
}

// projection[place, row of the chunk] = input row · input weights.
static void recurrence_project(const recurrence_group *g) {
  const tsr_recurrence *a = g->args;
  const tsr_matrix *w = a->input_matrix;
  for (int32_t place = 0; place < g->running; place++) {
    int32_t rows;
    const size_t token = recurrence_chunk(g, place, &rows);
    const void *input = w->int8_weights != NULL ? (const void *)(a->input_int8 + token * w->padded_depth)
                                                : (const void *)(a->input_float + token * a->input_stride);
    recurrence_block(w, g->scratch->projection + place * RECURRENCE_CHUNK * g->gates, g->gates, input,
                     a->input_stride, rows, 0, w->padded_outputs / 16);
  }
}

// tokens[place] = the input row of this step, so that one product serves all users.
static void recurrence_collect(const recurrence_group *g) {
  const tsr_recurrence *a = g->args;
  const tsr_matrix *w = a->input_matrix;
  for (int32_t place = 0; place < g->running; place++) {
    const size_t token = recurrence_token(g, place);
    if (w->int8_weights != NULL)
      memcpy(g->scratch->tokens + (size_t)place * w->padded_depth, a->input_int8 + token * w->padded_depth,
             w->padded_depth);
    else
      memcpy(g->scratch->tokens + (size_t)place * w->depth * sizeof(float),
             a->input_float + token * a->input_stride, w->depth * sizeof(float));
  }
}

static void recurrence_set_rows(recurrence_group *g) {
  const tsr_recurrence *a = g->args;
  const recurrence_scratch *s = g->scratch;
  for (int32_t place = 0; place < g->running; place++) {
    const int32_t user = g->order[place], token = recurrence_token(g, place);
    recurrence_row *row = &g->rows[place];
    row->start = a->user_rows != NULL ? a->user_rows + (size_t)user * a->user_stride : a->recurrent->bias;
    row->carried = s->carried + place * g->units_stride;
    row->updates = s->updates + place * g->units_stride;
    row->reset_int8 = s->reset_int8 + place * g->hidden_bytes;
    row->reset = s->reset + place * g->units_stride;
    row->next_int8 = s->next_int8 + place * g->hidden_bytes;
    row->next = s->next + place * g->units_stride;
    row->sequence = a->sequence == NULL ? NULL : a->sequence + (size_t)token * a->sequence_stride;
    row->state = a->state == NULL || g->t < recurrence_length(g, place) - 1 ? NULL
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
        ? s->projection + (place * RECURRENCE_CHUNK + (token - recurrence_chunk(g, place, &unused))) * g->gates
        : s->input_sums + place * g->block_sums;
    row->input_scale = a->input_matrix->int8_weights != NULL ? a->input_scales[token] : 0.0f;
  }
}

// int8 tables may lie outside the nearest caches: their rows are asked for two steps ahead. float32 ones are
// small, and a row of them is four times as many lines.
static void recurrence_prefetch(const recurrence_group *g) {
  const tsr_recurrence *a = g->args;
  for (int32_t place = 0; place < g->running; place++) {
    if (g->t + 2 >= recurrence_length(g, place)) break;
    const int32_t token = recurrence_token(g, place) + (a->backward ? -2 : 2);
    for (int32_t n = 0; n < a->lookup_count; n++)
      if (a->lookups[n].table->int8_values != NULL) prefetch_row(a->lookups[n].table, a->lookups[n].ids[token]);
  }
}

// The part's gates of all blocks: their products with the rows of `hidden`, then their cells.
static void recurrence_part_step(const recurrence_group *g, recurrence_part part, const void *hidden) {
  const tsr_recurrence *a = g->args;
  const recurrence_scratch *s = g->scratch;
  const bool multiplies_input = a->input_matrix != NULL && !g->is_projected;
  const int32_t all = tsr_gates(a->cell), gate = first_gate(part), gates = gates_of(a->cell, part);
  const int32_t blocks = (int32_t)g->units_stride / 16, stride = g->together * (int32_t)g->block_sums;
  for (int32_t n = 0; n < blocks; n += g->together) {
    // Odd steps begin at the end: the weights that the last step left in the L1 cache come first.
    const int32_t count = blocks - n < g->together ? blocks - n : g->together;
    const int32_t first = g->t % 2 == 0 ? n : blocks - n - count;
    if (g->t > 0)
      recurrence_block(a->recurrent, s->sums + gate * 16, stride, hidden, g->units_stride, g->running,
                       first * all + gate, count * gates);
    for (int32_t block = first; block < first + count; block++) {
      if (multiplies_input)
        recurrence_block(a->input_matrix, s->input_sums + gate * 16, g->block_sums, s->tokens,
                         a->input_matrix->depth, g->running, block * all + gate, gates);
      cells_of(g, block, s->sums + (block - first) * g->block_sums, part);
    }
  }
}

static void recurrence_step(recurrence_group *g) {
  const tsr_recurrence *a = g->args;
  const recurrence_scratch *s = g->scratch;
  const bool is_int8 = a->recurrent->int8_weights != NULL;
  const int32_t stride = g->together * (int32_t)g->block_sums;
  recurrence_set_rows(g);
  recurrence_prefetch(g);
  if (a->input_matrix != NULL && !g->is_projected) recurrence_collect(g);
  if (g->t == 0) memset(s->sums, 0, (size_t)g->running * stride * sizeof(int32_t));
  const void *hidden = is_int8 ? (const void *)s->hidden_int8 : (const void *)s->hidden;
  if (a->cell == TSR_GRU_RESET_FIRST) {
    recurrence_part_step(g, RESET_PART, hidden);
    recurrence_part_step(g, CANDIDATE_PART, is_int8 ? (const void *)s->reset_int8 : (const void *)s->reset);
  } else {
    recurrence_part_step(g, WHOLE_CELL, hidden);
  }
}

static void recurrence(const tsr_recurrence *a) {
  const size_t all_gates = tsr_gates(a->cell) * tsr_rounded_up(a->units, TSR_LANES);
  REQUIRE(a->users >= 0 && a->units > 0 && a->offsets != NULL);
  REQUIRE((a->cell == TSR_GRU) == (a->candidate_bias != NULL));
  REQUIRE(a->cell != TSR_RNN_RELU || a->recurrent->float_weights != NULL);
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
  recurrence_scratch s;
  recurrence_scratch_carve(&s, a->scratch, a->users, a->offsets[a->users] - a->offsets[0], a->units,
                           a->cell, a->input_matrix);
  const tsr_matrix *w = a->recurrent;
  if (w->int8_weights != NULL)
    for (int32_t n = 0; n < w->padded_outputs; n += 16)
      f_store(s.scales + n, f_mul(f_load(w->scales + n), f_set(1.0f / 127.0f)));
  blocks_begin();
  order_by_length(a, &s);
  for (int32_t first = 0; first < a->users; first += RECURRENCE_GROUP) {
    recurrence_group g = {.args = a, .scratch = &s, .order = s.order + first,
                          .running = a->users - first < RECURRENCE_GROUP ? a->users - first : RECURRENCE_GROUP,
                          .gates = w->padded_outputs, .block_sums = tsr_gates(a->cell) * 16,
                          .units_stride = tsr_rounded_up(a->units, 16), .hidden_bytes = tsr_padded(a->units)};
    memset(s.carried, 0, g.running * g.units_stride * sizeof(float));
    // Padding beyond the units, which no cell writes, must be zero in all states.
    memset(s.hidden_int8, 128, g.running * g.hidden_bytes);
    memset(s.next_int8, 128, g.running * g.hidden_bytes);
    if (a->cell == TSR_GRU_RESET_FIRST) memset(s.reset_int8, 128, g.running * g.hidden_bytes);
    for (g.t = 0;; g.t++) {
      while (g.running > 0 && recurrence_length(&g, g.running - 1) <= g.t) g.running--;
      if (g.running == 0) break;
      if (g.t % RECURRENCE_CHUNK == 0) {
        const bool is_few = g.running < RECURRENCE_FEW;
        // The parts of a cell do not lie side by side in two blocks.
        g.together = is_few && a->cell != TSR_GRU_RESET_FIRST ? 2 : 1;
        g.is_projected = is_few && a->input_matrix != NULL;
        if (g.is_projected) recurrence_project(&g);
      }
      recurrence_step(&g);
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
