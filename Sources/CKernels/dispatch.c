// Which instruction sets exist here, best first, and whether the processor and the kernel grant them.
#include <string.h>

#include "include/CKernels.h"

extern const tsr_kernels tsr_kernels__scalar;

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

extern const tsr_kernels tsr_kernels__amx, tsr_kernels__avx512vnni, tsr_kernels__avx2;

static const tsr_kernels *const known[] = {
    &tsr_kernels__amx, &tsr_kernels__avx512vnni, &tsr_kernels__avx2, &tsr_kernels__scalar};

// Register sets that the operating system saves (XCR0).
enum { SAVES_AVX = 0x6, SAVES_AVX512 = 0xe6, SAVES_TILES = 0x60000 };

static uint32_t saved_registers(void) {
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_OSXSAVE) == 0) return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

static bool saves(uint32_t registers) { return (saved_registers() & registers) == registers; }

static bool has_avx2(void) {
  uint32_t a, b, c, d, leaf7b;
  if (!saves(SAVES_AVX) || !__get_cpuid_count(7, 0, &a, &leaf7b, &c, &d)) return false;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_FMA) != 0 && (leaf7b & bit_AVX2) != 0;
}

static bool has_avx512vnni(void) {
  uint32_t a, b, c, d;
  const uint32_t wanted = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
  return has_avx2() && saves(SAVES_AVX512) && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
         (b & wanted) == wanted && (c & bit_AVX512VNNI) != 0;
}

// Linux gives the tile registers to a process only when asked: arch_prctl(ARCH_REQ_XCOMP_PERM, XTILEDATA).
// Threads that start later inherit the grant; asking again is harmless.
static bool has_amx(void) {
  uint32_t a, b, c, d;
  const uint32_t wanted = bit_AMXTILE | bit_AMXINT8;
  if (!has_avx512vnni() || !saves(SAVES_TILES) || !__get_cpuid_count(7, 0, &a, &b, &c, &d) ||
      (d & wanted) != wanted)
    return false;
#if defined(__linux__)
  return syscall(SYS_arch_prctl, 0x1023, 18) == 0;
#else
  return false;
#endif
}

bool tsr_is_supported(const tsr_kernels *kernels) {
  if (kernels == &tsr_kernels__amx) return has_amx();
  if (kernels == &tsr_kernels__avx512vnni) return has_avx512vnni();
  if (kernels == &tsr_kernels__avx2) return has_avx2();
  return kernels == &tsr_kernels__scalar;
}

#elif defined(__aarch64__)
#if defined(__linux__)
#include <sys/auxv.h>
#endif

extern const tsr_kernels tsr_kernels__neon;

static const tsr_kernels *const known[] = {&tsr_kernels__neon, &tsr_kernels__scalar};

bool tsr_is_supported(const tsr_kernels *kernels) {
#if defined(__linux__)
  // HWCAP_ASIMDDP: the dot product of bytes.
  if (kernels == &tsr_kernels__neon) return (getauxval(AT_HWCAP) & (1ul << 20)) != 0;
#elif defined(__APPLE__)
  if (kernels == &tsr_kernels__neon) return true;
#endif
  return kernels == &tsr_kernels__scalar;
}

#else

static const tsr_kernels *const known[] = {&tsr_kernels__scalar};

bool tsr_is_supported(const tsr_kernels *kernels) { return kernels == &tsr_kernels__scalar; }

#endif

const tsr_kernels *tsr_known_kernels(size_t index) {
  return index < sizeof known / sizeof known[0] ? known[index] : NULL;
}
