#pragma once

#include <stddef.h>
#include <stdint.h>

/// One input of libFuzzer; `Sources/fuzz/Target.swift` has it.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);
