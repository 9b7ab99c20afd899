// The kernels of the engine: one table of function pointers per instruction set, all with the same
// bits as the scalar table. Nothing here allocates or keeps state while a plan runs: every argument
// structure points to memory of the caller, scratch included (64-byte aligned, as large as the
// matching *_scratch_bytes function says).
//
// Conventions
//   float rows      float32 [rows, columns], row stride counted in floats
//   quantised rows  bytes [rows, tsr_padded(columns)] that hold an int8 value + 128, padding as zero
//                   (128), and one float32 scale a row;
//                   the memory holds rows rounded up to 16 and 16 more (the surplus may be read and
//                   is never used)
//   offsets         int32 [users + 1]: user u owns the rows offsets[u] ..< offsets[u + 1]
//   row map         int32 [rows]: the row of another axis that belongs to this row; NULL = same row
//
// Exactness: integer products are exact; float steps run in sixteen virtual lanes (element i belongs
// to lane i mod 16), lanes are folded by the fixed tree 8, 4, 2, 1, and every fused multiply-add is
// explicit. No result depends on rows beside its own.
#ifndef TESSERA_CKERNELS_H
#define TESSERA_CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  TSR_LANES = 16,        // outputs in a weight panel, virtual lanes of a sum
  TSR_DEPTH_STEP = 64,   // bytes in a tile row: int8 depth is padded to this
  TSR_ROW_STEP = 16,     // rows in a tile
  TSR_ALIGNMENT = 64,    // bytes: of packed weights and scratch
  TSR_ROW_BLOCK = 32,    // rows whose accumulators lie in scratch together
  TSR_LOOKUPS_MAX = 8    // lookups of a layer: their addresses for a row block are kept on the stack
};

static inline size_t tsr_rounded_up(size_t value, size_t step) {
  return (value + step - 1) / step * step;
}

/// Columns of a quantised row including its padding.
static inline size_t tsr_padded(size_t columns) { return tsr_rounded_up(columns, TSR_DEPTH_STEP); }

typedef enum {
  TSR_NONE = 0,
  TSR_RELU = 1,
  TSR_GELU = 2,   // exact: x/2 · (1 + erf(x/√2))
  TSR_TANH = 3,
  TSR_SIGMOID = 4,
  TSR_SILU = 5,          // x · sigmoid(x)
  TSR_GELU_TANH = 6,     // x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³)))
  TSR_SOFTPLUS = 7,      // ln(1 + eˣ)
  TSR_HARD_SIGMOID = 8,  // x/6 + ½ within 0 … 1
  TSR_LEAKY_RELU = 9,    // x above 0, else slope·x
  TSR_ELU = 10           // x above 0, else slope·(eˣ − 1)
} tsr_activation;

typedef enum { TSR_LAST = 0, TSR_FIRST = 1, TSR_MEAN = 2, TSR_MAX = 3, TSR_SUM = 4 } tsr_pooling;
typedef enum {
  TSR_ADD = 0,
  TSR_MULTIPLY = 1,
  TSR_SUBTRACT = 2,
  TSR_MAXIMUM = 3,  // NaN where either is NaN, as is TSR_MINIMUM
  TSR_MINIMUM = 4
} tsr_combination;
typedef enum { TSR_BAG_SUM = 0, TSR_BAG_MEAN = 1 } tsr_bag;

/// Weights [outputs, depth], packed once when a model is loaded. All instruction sets share the
/// layout: panels of sixteen outputs; int8 [panel][depth/4][16][4], float32 [panel][depth][16].
/// Exactly one of int8_weights and float_weights is set.
typedef struct {
  int32_t outputs;
  int32_t depth;
  int32_t padded_outputs;         // to 16; panels = padded_outputs / 16
  int32_t padded_depth;           // int8: to 64; float32: depth
  const int8_t *int8_weights;
  const float *float_weights;
  const float *scales;            // int8: [padded_outputs]
  const float *bias;              // [padded_outputs], zeros if the layer has none
  const int32_t *offset_sums;     // int8: [padded_outputs], −128·Σ weights of the output
} tsr_matrix;

/// Bytes that a packed matrix needs.
size_t tsr_matrix_bytes(int32_t outputs, int32_t depth, bool is_int8, int32_t gates);

/// Packs weights (row-major [outputs, depth]) into `memory`, which the matrix points to afterwards.
/// `bias` may be NULL. `gates` is 0, or, for the matrices of a recurrent layer, how many its cell has
/// (tsr_gates): their outputs are the gates of all units one after another, and the gates of each sixteen units
/// come to lie side by side (units padded to 16).
tsr_matrix tsr_pack_int8(const int8_t *weights, const float *scales, const float *bias,
                         int32_t outputs, int32_t depth, int32_t gates, void *memory);
tsr_matrix tsr_pack_float(const float *weights, const float *bias, int32_t outputs, int32_t depth,
                          int32_t gates, void *memory);

/// float32 [rows, columns] → quantised rows: scale = max|x| / 127, value = round-half-even(x·127/max).
/// A row of zeros gets scale 0; a row that holds a NaN or an infinity gets scale NaN.
typedef struct {
  int32_t rows, columns;
  const float *input;
  size_t input_stride;
  uint8_t *output;
  float *output_scales;
} tsr_quantise;

/// out = activation(input · weightsᵀ + bias + addend[map[row]]), for [rows, depth] · [outputs, depth]ᵀ.
/// int8 matrix: `input_int8` (quantised rows) with `input_scales`; float32 matrix: `input_float`.
/// Written as float rows (`output`), as quantised rows (`output_int8`, `output_scales`), or both.
typedef struct {
  const tsr_matrix *matrix;
  int32_t rows;
  const uint8_t *input_int8;
  const float *input_scales;
  const float *input_float;
  size_t input_stride;            // floats; of input_float only
  const float *addend;            // [addend rows, outputs] or NULL
  size_t addend_stride;
  const int32_t *addend_map;      // [rows] or NULL
  tsr_activation activation;
  float slope;                    // of TSR_LEAKY_RELU and TSR_ELU
  float *output;                  // [rows, outputs] or NULL
  size_t output_stride;
  uint8_t *output_int8;           // or NULL
  float *output_scales;
  void *scratch;
} tsr_product;
size_t tsr_product_scratch_bytes(const tsr_matrix *matrix);

/// Embedding table [rows, width]: int8 with a scale per row, or float32. An id outside the table
/// reads row 0.
typedef struct {
  int32_t rows, width;
  const int8_t *int8_values;
  const float *scales;
  const float *float_values;
} tsr_table;

/// out[row] = table[ids[row]]; with bag_offsets ([rows + 1]) the sum or mean of a row's members,
/// zeros for an empty bag.
typedef struct {
  const tsr_table *table;
  int32_t rows;
  const int32_t *ids;
  const int32_t *bag_offsets;     // or NULL
  tsr_bag bag;
  float *output;
  size_t output_stride;
} tsr_gather;

/// Part of a product that was taken when the model was loaded: row ids[row] of the table [ids, outputs] is
/// what an embedding row contributes, its columns in the order of the packed matrix.
typedef struct {
  const tsr_table *table;
  const int32_t *ids;             // [rows]
} tsr_lookup;

/// The cells of recurrent layers, with the order of their gates.
typedef enum {
  TSR_LSTM = 0,             // i f g o
  TSR_GRU = 1,              // z r h: h is tanh(input + r·(recurrent sum + candidate bias))
  TSR_GRU_RESET_FIRST = 2,  // z r h: h is tanh(input + recurrent weights · (r·state))
  TSR_RNN_TANH = 3,
  TSR_RNN_RELU = 4          // its recurrent matrix is float32: the state has no bound
} tsr_cell;

/// How many gates a cell has.
static inline int32_t tsr_gates(tsr_cell cell) {
  return cell == TSR_LSTM ? 4 : cell == TSR_GRU || cell == TSR_GRU_RESET_FIRST ? 3 : 1;
}

/// One direction of one recurrent layer over ragged sequences; `gates` stands for tsr_gates(cell).
/// Both matrices are packed with these gates. The gates of a row begin with the layer's bias (that of
/// `recurrent`), or with the user's row where `user_rows` are given (the bias is then part of them); the
/// lookups are added in their order, then the product with the input.
/// The hidden state is quantised with the fixed scale 1/127 where `recurrent` is int8, and σ and tanh are
/// then taken by pieces (steps.h).
typedef struct {
  tsr_cell cell;
  int32_t users, units;
  const int32_t *offsets;
  const float *user_rows;         // [users, gates·units to 16], gates as packed; or NULL
  size_t user_stride;
  const tsr_lookup *lookups;      // [lookup_count], outputs gates·units to 16
  int32_t lookup_count;           // at most TSR_LOOKUPS_MAX
  const tsr_matrix *input_matrix; // [gates·units, in] or NULL; its bias is unused
  const uint8_t *input_int8;
  const float *input_scales;
  const float *input_float;
  size_t input_stride;
  const tsr_matrix *recurrent;    // [gates·units, units]
  const float *candidate_bias;    // [units to 16] of TSR_GRU, else NULL
  bool backward;
  float *sequence;                // [tokens, units] or NULL
  size_t sequence_stride;
  float *state;                   // [users, units] or NULL: after the last step; T = 0 gives zeros
  size_t state_stride;
  void *scratch;
} tsr_recurrence;
/// `input_matrix` may be NULL.
size_t tsr_recurrence_scratch_bytes(int32_t users, int32_t tokens, int32_t units, tsr_cell cell,
                                    const tsr_matrix *input_matrix);

/// What becomes of the rows of a window, and which rows a user's windows reach over.
typedef enum { TSR_WINDOW_ROWS = 0, TSR_WINDOW_MAX = 1, TSR_WINDOW_MEAN = 2 } tsr_window;
typedef enum { TSR_VALID = 0, TSR_SAME = 1, TSR_CAUSAL = 2 } tsr_padding;

/// Windows of `size` rows, `dilation` apart, that begin every `stride` rows over each user's own rows. The first
/// begins at the oldest row (valid), so far before it that the windows lie in the middle (same), or so far that it
/// ends there (causal). How many a user has, the caller says: at least one of a window's rows must be there.
/// TSR_WINDOW_ROWS: the rows side by side, zeros for those that are not there; written as float rows or as
/// quantised rows. The others: the largest or the mean of each column over the rows that are there (dilation 1).
typedef struct {
  tsr_window mode;
  tsr_padding padding;
  int32_t users, width, size, stride, dilation;
  const int32_t *offsets;
  const int32_t *window_offsets;  // [users + 1]: user u owns the windows window_offsets[u] ..< window_offsets[u + 1]
  const float *input;             // [rows, width]
  size_t input_stride;
  float *output;                  // [windows, size·width or width], or NULL
  size_t output_stride;
  uint8_t *output_int8;           // [windows, size·width] where output is NULL
  float *output_scales;
  void *scratch;                  // where output is NULL
} tsr_windows;
size_t tsr_windows_scratch_bytes(int32_t size, int32_t width);

/// softmax(q·kᵀ / √(width/heads)) · v for each user over its own rows. `qkv` holds q, k and v side by
/// side: [tokens, 3·width]; head h owns the columns h·width/heads ….
typedef struct {
  int32_t users, width, heads;
  const int32_t *offsets;
  bool causal;                    // event i sees events 0 … i
  bool int8;                      // products in int8 (scales from the user's own rows)
  const float *qkv;
  size_t qkv_stride;
  float *output;                  // [tokens, width]
  size_t output_stride;
  void *scratch;
} tsr_attention;
size_t tsr_attention_scratch_bytes(int32_t rows_of_a_user_max, int32_t width, int32_t heads);

/// out = (x − mean) / √(variance + epsilon) · gain + bias with x = input.
/// Written as float rows, quantised rows or both.
typedef struct {
  int32_t rows, width;
  const float *input;
  size_t input_stride;
  const float *gain, *bias;       // [width]
  float epsilon;
  float *output;                  // may be the input; needed also where only int8 is wanted
  size_t output_stride;
  uint8_t *output_int8;           // or NULL
  float *output_scales;
} tsr_layer_norm;

/// [rows of the events, width] → [users, width]; a user without rows gets zeros.
typedef struct {
  int32_t users, width;
  const int32_t *offsets;
  tsr_pooling mode;
  const float *input;
  size_t input_stride;
  float *output;
  size_t output_stride;
} tsr_pool;

/// out[row] = combination(a[a_map[row]], b[b_map[row]]); with b NULL a copy (broadcast for concat).
typedef struct {
  int32_t rows, width;
  tsr_combination combination;
  const float *a;
  size_t a_stride;
  const int32_t *a_map;           // or NULL
  const float *b;                 // or NULL
  size_t b_stride;
  const int32_t *b_map;           // or NULL
  float *output;
  size_t output_stride;
} tsr_combine;

/// out = activation(input), elementwise; output may be the input.
typedef struct {
  int32_t rows, width;
  tsr_activation activation;
  float slope;                    // of TSR_LEAKY_RELU and TSR_ELU
  const float *input;
  size_t input_stride;
  float *output;
  size_t output_stride;
} tsr_activate;

/// out = x · gain + bias of each column, rounded once; output may be the input.
typedef struct {
  int32_t rows, width;
  const float *input;
  size_t input_stride;
  const float *gain, *bias;       // [width]
  float *output;
  size_t output_stride;
} tsr_scale;

/// out[row] = Σ a[a_map[row]] · b[b_map[row]] over the width: one number a row.
typedef struct {
  int32_t rows, width;
  const float *a;
  size_t a_stride;
  const int32_t *a_map;           // or NULL
  const float *b;
  size_t b_stride;
  const int32_t *b_map;           // or NULL
  float *output;
  size_t output_stride;
} tsr_dot;

/// out = x / max(√Σx², epsilon) over the width; output may be the input.
typedef struct {
  int32_t rows, width;
  const float *input;
  size_t input_stride;
  float epsilon;
  float *output;
  size_t output_stride;
} tsr_l2_norm;

/// out = exp(x − max x) / Σ exp(x − max x) over the width; output may be the input.
typedef struct {
  int32_t rows, width;
  const float *input;
  size_t input_stride;
  float *output;
  size_t output_stride;
} tsr_softmax;

/// NaN → missing; sign(x)·log1p|x|; clip; (x − mean) / deviation: float32 [count] → one column.
typedef struct {
  int32_t count;
  const float *input;
  float missing;
  bool log1p;
  float low, high;                // −∞ and +∞ where nothing is clipped
  float mean, deviation;          // 0 and 1 where nothing is standardised
  float *output;
  size_t output_stride;
} tsr_number;

/// All kernels: the only list of them. Calls X(name) for each; kernel `name` takes a `tsr_name`. Tables of
/// kernels and of self-checks are made from it, so that one which is missing does not compile.
#define TSR_KERNELS(X) \
  X(quantise)          \
  X(product)           \
  X(gather)            \
  X(recurrence)        \
  X(windows)           \
  X(attention)         \
  X(layer_norm)        \
  X(pool)              \
  X(combine)           \
  X(activate)          \
  X(number)            \
  X(scale)             \
  X(dot)               \
  X(l2_norm)           \
  X(softmax)

/// The kernels of one instruction set.
typedef struct {
  const char *name;
#define TSR_POINTER(kernel) void (*kernel)(const tsr_##kernel *);
  TSR_KERNELS(TSR_POINTER)
#undef TSR_POINTER
} tsr_kernels;

/// Instruction sets known on this architecture, best first; NULL past the end. A set is listed even
/// where this processor lacks it.
const tsr_kernels *tsr_known_kernels(size_t index);

/// Whether this processor and kernel grant the instruction set (asks for the AMX tile permission of
/// the process the first time).
bool tsr_is_supported(const tsr_kernels *kernels);

/// Runs every kernel of the table on a small case beside the scalar one. Returns the name of the
/// first kernel whose bits differ, or NULL. Allocates; not for the hot path.
const char *tsr_self_check(const tsr_kernels *kernels);

#endif
