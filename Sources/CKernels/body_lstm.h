// One LSTM direction over ragged sequences. Users are ordered by length, longest first, so the ones
// still running at step t are a prefix; a user's numbers do not depend on the others.

// c ← σ(zf)·c + σ(zi)·tanh(zg); h = σ(zo)·tanh(c)
INLINE f lstm_cell(f zi, f zf, f zg, f zo, f *c) {
  *c = f_fma(f_sigmoid(zf), *c, f_mul(f_sigmoid(zi), f_tanh(zg)));
  return f_mul(f_sigmoid(zo), f_tanh(*c));
}

typedef struct {
  int32_t *order;       // [users] user at each place, longest first
  int32_t *counts;      // [tokens + 2] for the sort
  float *cells;         // [users, units] by place
  float *hidden;        // [users, units] by place
  int8_t *hidden_int8;  // [users to 16, padded units] by place
  float *scales;        // [padded 4·units]: recurrent scale / 127
  int32_t *sums;        // [32, padded 4·units]
  float *projection;    // [tokens, 4·units]
  void *product;
} lstm_scratch;

// Longest first; equal lengths keep their order. Returns the largest length.
static int32_t order_by_length(const tsr_lstm *a, lstm_scratch *s) {
  int32_t longest = 0;
  for (int32_t u = 0; u < a->users; u++) {
    const int32_t length = a->offsets[u + 1] - a->offsets[u];
    longest = length > longest ? length : longest;
  }
  memset(s->counts, 0, (size_t)(longest + 2) * sizeof(int32_t));
  for (int32_t u = 0; u < a->users; u++) s->counts[longest - (a->offsets[u + 1] - a->offsets[u]) + 1]++;
  for (int32_t n = 0; n < longest; n++) s->counts[n + 1] += s->counts[n];
  for (int32_t u = 0; u < a->users; u++)
    s->order[s->counts[longest - (a->offsets[u + 1] - a->offsets[u])]++] = u;
  return longest;
}

static void lstm_step(const tsr_lstm *a, const lstm_scratch *s, const float *projection,
                      size_t projection_stride, int32_t t, int32_t running) {
  const int32_t units = a->units;
  const size_t stride = a->recurrent->padded_outputs;
  const size_t hidden_stride = tsr_padded(units);
  const int32_t panels = a->recurrent->padded_outputs / 16;
  const bool is_int8 = a->recurrent->int8_weights != NULL;
  for (int32_t first = 0; first < running; first += TSR_ROW_BLOCK) {
    const int32_t rows = running - first < TSR_ROW_BLOCK ? running - first : TSR_ROW_BLOCK;
    if (t == 0)
      memset(s->sums, 0, (size_t)rows * stride * sizeof(int32_t));
    else if (is_int8)
      int8_block(s->sums, stride, s->hidden_int8 + first * hidden_stride, rows, a->recurrent, 0, panels);
    else
      float_block((float *)s->sums, stride, s->hidden + (size_t)first * units, units, rows,
                  a->recurrent, 0, panels);
    for (int32_t r = 0; r < rows; r++) {
      const int32_t place = first + r, user = s->order[place];
      const int32_t begin = a->offsets[user], length = a->offsets[user + 1] - begin;
      const int32_t token = begin + (a->backward ? length - 1 - t : t);
      const float *x = projection + (size_t)token * projection_stride;
      const int32_t *sums = s->sums + r * stride;
      float *cells = s->cells + (size_t)place * units;
      float *hidden = s->hidden + (size_t)place * units;
      FOR_COLUMNS(units) {
        f z[4];
        for (int gate = 0; gate < 4; gate++) {
          const size_t at = (size_t)gate * units + column;
          f xz = load(x + at, count);
          if (is_int8) {
            z[gate] = f_fma(f_from_i(i_load(sums + at)), f_load(s->scales + at), xz);
          } else {
            z[gate] = f_add(f_load((const float *)sums + at), xz);
          }
        }
        f c = load(cells + column, count);
        f h = lstm_cell(z[0], z[1], z[2], z[3], &c);
        store(cells + column, c, count);
        if (!is_int8) {
          store(hidden + column, h, count);
        } else if (count == 16) {
          q_store(s->hidden_int8 + place * hidden_stride + column, f_mul(h, f_set(127.0f)));
        } else {
          q_store_part(s->hidden_int8 + place * hidden_stride + column, f_mul(h, f_set(127.0f)), count);
        }
        if (a->sequence != NULL)
          store(a->sequence + (size_t)token * a->sequence_stride + column, h, count);
        if (a->state != NULL && t == length - 1)
          store(a->state + (size_t)user * a->state_stride + column, h, count);
      }
    }
  }
}

static void lstm(const tsr_lstm *a) {
  const int32_t units = a->units, tokens = a->offsets[a->users] - a->offsets[0];
  lstm_scratch s;
  lstm_scratch_carve(a->scratch, a->users, tokens, units, &s.order, &s.counts, &s.cells, &s.hidden,
                     &s.hidden_int8, &s.scales, &s.sums, &s.projection, &s.product);
  const float *projection = a->projection;
  size_t projection_stride = a->projection_stride;
  if (projection == NULL) {
    projection = s.projection - (size_t)a->offsets[0] * 4 * units;
    projection_stride = 4 * (size_t)units;
    const size_t from = a->offsets[0];
    product(&(tsr_product){
        .matrix = a->input_matrix, .rows = tokens,
        .input_int8 = a->input_int8 == NULL ? NULL : a->input_int8 + from * a->input_matrix->padded_depth,
        .input_scales = a->input_scales == NULL ? NULL : a->input_scales + from,
        .input_float = a->input_float == NULL ? NULL : a->input_float + from * a->input_stride,
        .input_stride = a->input_stride, .output = s.projection, .output_stride = projection_stride,
        .scratch = s.product});
  }
  if (a->recurrent->int8_weights != NULL)
    for (int32_t n = 0; n < a->recurrent->padded_outputs; n += 16)
      f_store(s.scales + n, f_mul(f_load(a->recurrent->scales + n), f_set(1.0f / 127.0f)));
  memset(s.cells, 0, (size_t)a->users * units * sizeof(float));
  memset(s.hidden_int8, 0, tsr_rounded_up(a->users, TSR_ROW_STEP) * tsr_padded(units));
  const int32_t longest = order_by_length(a, &s);
  int32_t running = a->users;
  for (int32_t t = 0; t < longest; t++) {
    while (running > 0) {
      const int32_t user = s.order[running - 1];
      if (a->offsets[user + 1] - a->offsets[user] > t) break;
      running--;
    }
    lstm_step(a, &s, projection, projection_stride, t, running);
  }
  if (a->state != NULL)
    for (int32_t u = 0; u < a->users; u++)
      if (a->offsets[u] == a->offsets[u + 1])
        memset(a->state + (size_t)u * a->state_stride, 0, (size_t)units * sizeof(float));
}
