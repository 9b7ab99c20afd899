// SwiftPM has the linker take MODULE_main for main; libFuzzer's own main is not asked for then, and its driver is called from
// here.

#include "CFuzzer.h"

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *, size_t));

int fuzz_main(int argc, char **argv) {
  return LLVMFuzzerRunDriver(&argc, &argv, LLVMFuzzerTestOneInput);
}
