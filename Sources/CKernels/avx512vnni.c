// The kernels on AVX-512 with VNNI.
#if defined(__x86_64__)
#pragma clang fp contract(off)
#include <immintrin.h>

#include "scratch.h"

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma"))), apply_to = function)
#include "lanes_avx512.h"
#include "steps.h"
#include "block_vnni.h"

// Nothing to set up around block products.
INLINE void blocks_begin(void) {}
INLINE void blocks_end(void) {}

#define int8_block vnni_block
#define HAS_WIDE_REGISTERS 1
#include "kernels.h"
#pragma clang attribute pop

TABLE_OF_KERNELS(avx512vnni)
#endif
