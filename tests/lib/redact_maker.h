/* Drawing samples for the labelled set (redact_set.h). */
#ifndef LLMUX_TESTS_REDACT_MAKER_H
#define LLMUX_TESTS_REDACT_MAKER_H

#include <stdbool.h>

#include "runtime/base/buf.h"
#include "tests/lib/dice.h"

#define DIGITS   "0123456789"
#define UPPER    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER    "abcdefghijklmnopqrstuvwxyz"
#define ALNUM    DIGITS UPPER LOWER
#define HEX      DIGITS "abcdef"
#define KEY      ALNUM "-_"
#define BASE64   ALNUM "+/"
#define COUNT(v) (sizeof(v) / sizeof *(v))

/* Where chance is, and where samples go. */
struct maker {
    struct dice dice;
    struct buf *out;
};

static inline unsigned
below(struct maker *m, unsigned n)
{
    return (unsigned)dice_roll(&m->dice, n);
}

static inline void
put(struct maker *m, const char *s)
{
    buf_puts(m->out, str_from(s));
}

static inline void
draw(struct maker *m, const char *alphabet, unsigned n)
{
    unsigned size = (unsigned)strlen(alphabet);
    while (n--)
        buf_putc(m->out, alphabet[below(m, size)]);
}

#define PICK(m, v) ((v)[below((m), (unsigned)COUNT(v))])

/* # a digit, N one from 2 on, @ a small letter, ^ a big one, ~ a hexadecimal digit; all else stands for itself. */
static inline void
fill(struct maker *m, const char *form)
{
    for (; *form; form++)
        switch (*form) {
        case '#':
            draw(m, DIGITS, 1);
            break;
        case 'N':
            draw(m, "23456789", 1);
            break;
        case '@':
            draw(m, LOWER, 1);
            break;
        case '^':
            draw(m, UPPER, 1);
            break;
        case '~':
            draw(m, HEX, 1);
            break;
        default:
            buf_putc(m->out, *form);
        }
}

/* A payment card's number; `wrong` (below 10) is added to its check digit. */
void make_card(struct maker *m, unsigned wrong);
/* An account's number; `wrong` (below 97) is added to its check digits. */
void make_iban(struct maker *m, unsigned wrong);

#endif
