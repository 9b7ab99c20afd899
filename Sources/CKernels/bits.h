// Numbers that steps are made of: patterns of bits, and constants that move a float's fraction.
#ifndef TESSERA_BITS_H
#define TESSERA_BITS_H

#define BITS_ABS 0x7fffffff
#define BITS_INFINITY 0x7f800000

// 1.5·2²³: a float32 of this size has no fraction bits left, so adding it rounds to the nearest even integer,
// positive or negative, which then stands in the low bits.
#define ROUNDING 12582912.0f
// 2²³: the same for integers that are not negative.
#define ROUNDING_POSITIVE 8388608.0f

#endif
