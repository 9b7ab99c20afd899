// All kernels, written over the lanes and the block product that the including file has chosen, and their
// table: TABLE_OF_KERNELS(name) defines tsr_kernels__name.
#include "require.h"

#include "body_product.h"
#include "body_rows.h"
#include "body_vectors.h"
#include "body_cells.h"
#include "body_recurrence.h"
#include "body_windows.h"
#include "body_attention.h"

#define OWN(kernel) .kernel = kernel,
#define TABLE_OF_KERNELS(set) const tsr_kernels tsr_kernels__##set = {.name = #set, TSR_KERNELS(OWN)};
