/* Classes of characters, by the letters that specs/redact/secrets.tab and match.re have for them. */
#ifndef LLMUX_REDACT_CLASS_H
#define LLMUX_REDACT_CLASS_H

#include <stdbool.h>
#include <stdint.h>

enum redact_class {
    CLASS_NONE,
    CLASS_A = 1 << 0, /* letters and digits */
    CLASS_K = 1 << 1, /* keys: A _ - */
    CLASS_B = 1 << 2, /* base64 */
    CLASS_U = 1 << 3, /* upper case and digits */
    CLASS_H = 1 << 4, /* hexadecimal */
    CLASS_D = 1 << 5, /* digits */
    CLASS_V = 1 << 6, /* values behind names */
    CLASS_P = 1 << 7, /* passwords */
    CLASS_L = 1 << 8, /* what is before the @ of an address */
    CLASS_N = 1 << 9, /* names of hosts */
};

extern const uint16_t redact_classes[256];

static inline bool
redact_is(char c, enum redact_class class)
{
    return redact_classes[(unsigned char)c] & class;
}

#endif
