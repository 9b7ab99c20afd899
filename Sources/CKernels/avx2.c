// The kernels on AVX2 with FMA.
#if defined(__x86_64__)
#pragma clang fp contract(off)
#include <immintrin.h>

#include "scratch.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "lanes_avx2.h"
#include "steps.h"
#include "block_avx2.h"

// Nothing to set up around block products.
INLINE void blocks_begin(void) {}
INLINE void blocks_end(void) {}

#define int8_block avx2_block
#define HAS_WIDE_REGISTERS 0
#include "kernels.h"
#pragma clang attribute pop

TABLE_OF_KERNELS(avx2)
#endif
