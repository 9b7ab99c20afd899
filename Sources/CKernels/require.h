// What a caller owes a kernel, checked where the kernel begins. Only in debug builds and in those that define
// TSR_CHECKED (Tests/Support/kernels/check): a server has checked its plan when it loaded the model.
#ifndef TESSERA_REQUIRE_H
#define TESSERA_REQUIRE_H

#include "include/CKernels.h"

#if defined(TSR_CHECKED) || defined(DEBUG)
#undef NDEBUG
#include <assert.h>
#define REQUIRE(condition) assert(condition)
#else
#define REQUIRE(condition) ((void)0)
#endif

// Rows of `width` numbers that lie `stride` apart.
#define REQUIRE_ROWS(base, stride, width) REQUIRE((base) != NULL && (stride) >= (size_t)(width))
#define REQUIRE_SCRATCH(memory) REQUIRE((memory) != NULL && (uintptr_t)(memory) % TSR_ALIGNMENT == 0)
// One of two ways to store the same thing.
#define REQUIRE_EITHER(a, b) REQUIRE(((a) != NULL) != ((b) != NULL))

#endif
