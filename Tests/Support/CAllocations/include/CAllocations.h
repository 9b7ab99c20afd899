// Counts the heap allocations of the calling thread, so that tests can hold promises about them.
// Linked into a test executable it stands in front of the C library's malloc.
#ifndef TESSERA_CALLOCATIONS_H
#define TESSERA_CALLOCATIONS_H

#include <stdbool.h>
#include <stdint.h>

/// Allocations that this thread has made so far (malloc, calloc, realloc and the aligned ones).
uint64_t tsr_allocations_of_this_thread(void);

/// Whether allocations are counted: not under a sanitizer, which has a malloc of its own, and not
/// without glibc.
bool tsr_allocations_are_counted(void);

#endif
