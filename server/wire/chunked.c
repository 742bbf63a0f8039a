/* A state for every byte of the framing:
 *
 *   SIZE ──► SIZE_LF ──► DATA ──► DATA_CR ──► DATA_LF ──► SIZE
 *     │       ▲   │
 *     ├► BLANK┤   │ size 0
 *     └► EXT ─┘   └► TRAILER ──► NAME ──► VALUE ──► VALUE_LF ──► TRAILER
 *                      └► END_LF ──► DONE */
#include "server/wire/chunked.h"

#include <stdbool.h>

#include "runtime/base/digits.h"

/* Sizes above are of no use and near overflow. */
#define DIGITS_MAX 16

enum state {
    SIZE,  /* in the digits */
    BLANK, /* in white space behind them: an extension must follow */
    EXT,   /* in an extension, up to CR */
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER, /* at the beginning of a trailer line */
    NAME,    /* in a trailer's name */
    VALUE,   /* in a trailer's value, up to CR */
    VALUE_LF,
    END_LF,
    DONE,
    BAD,
};

static bool
is_text(unsigned char c)
{
    return c == '\t' || (c >= 0x20 && c != 0x7f);
}

/* Letters, digits and the marks of RFC 9110 5.6.2. */
static bool
is_token(unsigned char c)
{
    if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
        return true;
    return c && strchr("!#$%&'*+-.^_`|~", c);
}

static enum state
in_size(struct http_chunked *c, unsigned char byte)
{
    int digit = digits_hex_value((char)byte);
    if (digit >= 0) {
        if (c->digits++ == DIGITS_MAX || c->left >> 58)
            return BAD;
        c->left = c->left << 4 | (unsigned)digit;
        return SIZE;
    }
    if (c->digits == 0)
        return BAD;
    if (byte == '\r')
        return SIZE_LF;
    if (byte == ';')
        return EXT;
    return byte == ' ' || byte == '\t' ? BLANK : BAD;
}

static enum state
in_extension(struct http_chunked *c, enum state s, unsigned char byte)
{
    if (++c->extensions > HTTP_CHUNKED_EXTENSIONS)
        return BAD;
    if (s == BLANK && byte != ' ' && byte != '\t')
        return byte == ';' ? EXT : BAD;
    if (s == EXT && byte == '\r')
        return SIZE_LF;
    return is_text(byte) ? s : BAD;
}

static enum state
in_trailer(struct http_chunked *c, enum state s, unsigned char byte)
{
    if (++c->trailers > HTTP_CHUNKED_TRAILERS)
        return BAD;
    if (s == TRAILER && byte == '\r')
        return END_LF;
    if (s == VALUE)
        return byte == '\r' ? VALUE_LF : is_text(byte) ? VALUE : BAD;
    if (s == NAME && byte == ':')
        return VALUE;
    return is_token(byte) ? NAME : BAD;
}

/* The state after one byte of framing. */
static enum state
next_state(struct http_chunked *c, enum state s, unsigned char byte)
{
    switch (s) {
    case SIZE:
        return in_size(c, byte);
    case BLANK:
    case EXT:
        return in_extension(c, s, byte);
    case SIZE_LF:
        if (byte != '\n')
            return BAD;
        c->digits = 0;
        return c->left ? DATA : TRAILER;
    case DATA_CR:
        return byte == '\r' ? DATA_LF : BAD;
    case DATA_LF:
        return byte == '\n' ? SIZE : BAD;
    case TRAILER:
    case NAME:
    case VALUE:
        return in_trailer(c, s, byte);
    case VALUE_LF:
        return byte == '\n' ? TRAILER : BAD;
    case END_LF:
        return byte == '\n' ? DONE : BAD;
    case DATA:
    case DONE:
    case BAD:
        break;
    }
    return BAD;
}

static enum http_chunked_result
take_data(struct http_chunked *c, struct str *in, struct str *data)
{
    size_t n = in->n < c->left ? in->n : (size_t)c->left;
    *data = str_make(in->p, n);
    *in = str_skip(*in, n);
    c->left -= n;
    if (c->left == 0)
        c->state = DATA_CR;
    return HTTP_CHUNKED_DATA;
}

enum http_chunked_result
http_chunked_next(struct http_chunked *c, struct str *in, struct str *data)
{
    for (;;) {
        if (c->state == DONE)
            return HTTP_CHUNKED_DONE;
        if (c->state == BAD)
            return HTTP_CHUNKED_BAD;
        if (in->n == 0)
            return HTTP_CHUNKED_MORE;
        if (c->state == DATA)
            return take_data(c, in, data);
        c->state = next_state(c, (enum state)c->state, (unsigned char)in->p[0]);
        *in = str_skip(*in, 1);
    }
}

size_t
http_chunked_size_line(char *out, size_t n)
{
    char digits[16];
    size_t k = 0, used = 0;
    do {
        digits[k++] = "0123456789abcdef"[n & 15];
        n >>= 4;
    } while (n);
    while (k)
        out[used++] = digits[--k];
    out[used++] = '\r';
    out[used++] = '\n';
    return used;
}
