// Which instruction sets exist here, best first, and what the processor and the kernel grant.
#include <string.h>

#include "include/CKernels.h"

extern const tsr_kernels tsr_kernels__scalar;

static const tsr_kernels *const known[] = {&tsr_kernels__scalar};

const tsr_kernels *tsr_known_kernels(size_t index) {
  return index < sizeof known / sizeof known[0] ? known[index] : NULL;
}

bool tsr_is_supported(const tsr_kernels *kernels) { return kernels != NULL; }

const char *tsr_self_check(const tsr_kernels *kernels) {
  (void)kernels;
  return NULL;
}
