/* Fields of protocol buffers. */
#include "server/trace/protobuf.h"

enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

#define VARINT_MAX 10

/* Seven bits a byte, the lowest first. */
static size_t
encode_varint(uint64_t v, unsigned char to[VARINT_MAX])
{
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        to[n++] = (unsigned char)(v | 0x80);
    to[n++] = (unsigned char)v;
    return n;
}

static void
put_varint(struct buf *b, uint64_t v)
{
    unsigned char bytes[VARINT_MAX];
    buf_put(b, (const char *)bytes, encode_varint(v, bytes));
}

static void
put_tag(struct buf *b, unsigned field, enum wire_type type)
{
    put_varint(b, (uint64_t)field << 3 | type);
}

static void
put_little(struct buf *b, uint64_t v, unsigned bytes)
{
    char little[8];
    for (unsigned i = 0; i < bytes; i++)
        little[i] = (char)(v >> 8 * i);
    buf_put(b, little, bytes);
}

static uint64_t
bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

void
pb_int(struct buf *b, unsigned field, int64_t v)
{
    put_tag(b, field, WIRE_VARINT);
    put_varint(b, (uint64_t)v);
}

void
pb_fixed32(struct buf *b, unsigned field, uint32_t v)
{
    put_tag(b, field, WIRE_32);
    put_little(b, v, 4);
}

void
pb_fixed64(struct buf *b, unsigned field, uint64_t v)
{
    put_tag(b, field, WIRE_64);
    put_little(b, v, 8);
}

void
pb_double(struct buf *b, unsigned field, double v)
{
    pb_fixed64(b, field, bits_of(v));
}

void
pb_bytes(struct buf *b, unsigned field, const void *p, size_t n)
{
    put_tag(b, field, WIRE_BYTES);
    put_varint(b, n);
    buf_put(b, p, n);
}

void
pb_str(struct buf *b, unsigned field, struct str s)
{
    pb_bytes(b, field, s.p, s.n);
}

void
pb_packed(struct buf *b, unsigned field, size_t n)
{
    put_tag(b, field, WIRE_BYTES);
    put_varint(b, 8 * n);
}

void
pb_packed_fixed64(struct buf *b, uint64_t v)
{
    put_little(b, v, 8);
}

void
pb_packed_double(struct buf *b, double v)
{
    put_little(b, bits_of(v), 8);
}

/* Most messages are shorter than 128 bytes: their length takes one. */
size_t
pb_begin(struct buf *b, unsigned field)
{
    put_tag(b, field, WIRE_BYTES);
    buf_putc(b, 0);
    return b->n;
}

void
pb_end(struct buf *b, size_t at)
{
    unsigned char bytes[VARINT_MAX];
    if (b->err)
        return;
    size_t length = b->n - at, n = encode_varint(length, bytes), more = n - 1;
    if (more) {
        if (!buf_room(b, more))
            return;
        memmove(b->p + at + more, b->p + at, length);
        b->n += more;
    }
    memcpy(b->p + at - 1, bytes, n);
}

/* --- reading ------------------------------------------------------------------------------- */

static bool
take_varint(struct str *s, uint64_t *v)
{
    *v = 0;
    for (unsigned i = 0; i < VARINT_MAX && i < s->n; i++) {
        unsigned char c = (unsigned char)s->p[i];
        *v |= (uint64_t)(c & 0x7f) << 7 * i;
        if (!(c & 0x80)) {
            *s = str_skip(*s, i + 1);
            return true;
        }
    }
    return false;
}

static bool
take_little(struct str *s, unsigned bytes, uint64_t *v)
{
    *v = 0;
    if (s->n < bytes)
        return false;
    for (unsigned i = 0; i < bytes; i++)
        *v |= (uint64_t)(unsigned char)s->p[i] << 8 * i;
    *s = str_skip(*s, bytes);
    return true;
}

static bool
take_bytes(struct str *s, struct str *bytes)
{
    uint64_t n;
    if (!take_varint(s, &n) || n > s->n)
        return false;
    *bytes = str_make(s->p, (size_t)n);
    *s = str_skip(*s, (size_t)n);
    return true;
}

bool
pb_next(struct str *rest, struct pb_field *f)
{
    uint64_t tag;
    *f = (struct pb_field){ 0 };
    if (!take_varint(rest, &tag) || tag >> 3 == 0 || tag >> 32)
        return false;
    f->number = (unsigned)(tag >> 3);
    switch (tag & 7) {
    case WIRE_VARINT:
        return take_varint(rest, &f->v);
    case WIRE_64:
        return take_little(rest, 8, &f->v);
    case WIRE_32:
        return take_little(rest, 4, &f->v);
    case WIRE_BYTES:
        return take_bytes(rest, &f->bytes);
    default:
        return false;
    }
}
