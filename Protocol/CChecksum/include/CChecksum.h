// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), the checksum of a Tessera frame.
//
// In C because the checksum instructions need per-function target attributes, so that one build runs on every CPU and
// no package that depends on the client needs unsafe compiler flags.
#ifndef TESSERA_CCHECKSUM_H
#define TESSERA_CCHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Each function continues a checksum: start with 0, feed the parts in order, the last result is the checksum.

// The fastest of the two below that this CPU grants, chosen at the first call.
uint32_t tessera_crc32c(uint32_t crc, const void *bytes, size_t count);

// Slicing-by-8 tables: eight bytes a step, any CPU.
uint32_t tessera_crc32c_scalar(uint32_t crc, const void *bytes, size_t count);

// SSE4.2 on x86-64, the CRC extension on AArch64. Call only when the next function says true.
uint32_t tessera_crc32c_hardware(uint32_t crc, const void *bytes, size_t count);
bool tessera_crc32c_hardware_available(void);

#endif
