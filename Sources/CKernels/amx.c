// The kernels on AMX int8 tiles; everything but the block product is AVX-512.
#if defined(__x86_64__)
#pragma clang fp contract(off)
#include <immintrin.h>

#include "scratch.h"

#pragma clang attribute push( \
    __attribute__((target( \
        "amx-tile,amx-int8,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma"))), apply_to = function)
#include "lanes_avx512.h"
#include "steps.h"
#include "block_vnni.h"
#include "block_amx.h"

#define int8_block amx_block
#define HAS_WIDE_REGISTERS 1
#include "kernels.h"
#pragma clang attribute pop

TABLE_OF_KERNELS(amx)
#endif
