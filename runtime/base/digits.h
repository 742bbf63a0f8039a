/* Numbers as decimal and hexadecimal digits. */
#ifndef LLMUX_BASE_DIGITS_H
#define LLMUX_BASE_DIGITS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/str.h"

#define DIGITS_ROOM 20 /* of any number of 64 bits */

/* The digits of v, with zeros in front where they are fewer than `least` (up to DIGITS_ROOM).  They lie at the end of
 * room.  May be called between fork and exec. */
struct str digits_of(char room[DIGITS_ROOM], uint64_t v, unsigned least);

/* The number that a text of nothing but decimal digits is; false for any other, and when it has more than 64 bits. */
bool digits_read(struct str text, uint64_t *v);

/* The same of hexadecimal digits in lower case. */
bool digits_read_hex(struct str text, uint64_t *v);

/* "00" to "99", one behind the other. */
extern const char digits_pairs[201];
/* Write v as two digits; v < 100. */
static inline char *
digits_put_two(char *to, uint32_t v)
{
    memcpy(to, digits_pairs + 2 * (size_t)v, 2);
    return to + 2;
}
/* Write v as six digits; v < 1,000,000. */
static inline char *
digits_put_six(char *to, uint32_t v)
{
    to = digits_put_two(to, v / 10000);
    to = digits_put_two(to, v / 100 % 100);
    return digits_put_two(to, v % 100);
}

#define DIGITS_SMALL 10000u
/* Write the digits of v, which is below DIGITS_SMALL; returns their end. */
static inline char *
digits_put_small(char *to, uint32_t v)
{
    if (v >= 1000)
        return digits_put_two(digits_put_two(to, v / 100), v % 100);
    if (v >= 100) {
        *to = (char)('0' + v / 100);
        return digits_put_two(to + 1, v % 100);
    }
    if (v >= 10)
        return digits_put_two(to, v);
    *to = (char)('0' + v);
    return to + 1;
}
/* The longer part of digits_put. */
char *digits_put_long(char *to, uint64_t v);
/* Write the digits of v, up to DIGITS_ROOM; returns their end. */
static inline char *
digits_put(char *to, uint64_t v)
{
    return v < DIGITS_SMALL ? digits_put_small(to, (uint32_t)v) : digits_put_long(to, v);
}
/* The same with as many digits as `width`, zeros in front; v has no more of them. */
char *digits_put_wide(char *to, uint64_t v, unsigned width);

/* All sixteen hexadecimal digits of v, in lower case, without a NUL. */
void digits_hex(char to[16], uint64_t v);

/* The value of a hexadecimal digit, in either case; -1: it is none. */
static inline int
digits_hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
