// Prints the self-check of every kernel table that this processor has. For architectures that the Swift
// tests are not run on: see the script `check`.
#include <stdio.h>

#include "CKernels.h"

int main(void) {
  int failures = 0;
  for (size_t n = 0; tsr_known_kernels(n) != NULL; n++) {
    const tsr_kernels *kernels = tsr_known_kernels(n);
    if (!tsr_is_supported(kernels)) {
      printf("%s: not supported here\n", kernels->name);
      continue;
    }
    const char *mismatch = tsr_self_check(kernels);
    printf("%s: %s\n", kernels->name, mismatch == NULL ? "same bits as scalar" : mismatch);
    failures += mismatch != NULL;
  }
  return failures;
}
