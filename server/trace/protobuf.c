/* Fields of protocol buffers. */
#include "server/trace/protobuf.h"

#include <endian.h>

enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

#define VARINT_MAX 10
#define TAG_MAX    5

/* Where n bytes go; NULL when there is no room. */
static char *
room(struct buf *b, size_t n)
{
    return !b->err && n <= b->room - b->n ? b->p + b->n : buf_room(b, n);
}

/* All up to here is written. */
static void
wrote(struct buf *b, const char *to)
{
    b->n = (size_t)(to - b->p);
}

/* Seven bits a byte, the lowest first. */
static inline char *
write_varint(char *to, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *to++ = (char)(v | 0x80);
    *to++ = (char)v;
    return to;
}

static char *
write_tag(char *to, unsigned field, enum wire_type type)
{
    return write_varint(to, (uint64_t)field << 3 | type);
}

static char *
write_64(char *to, uint64_t v)
{
    v = htole64(v);
    memcpy(to, &v, sizeof v);
    return to + sizeof v;
}

static char *
write_32(char *to, uint32_t v)
{
    v = htole32(v);
    memcpy(to, &v, sizeof v);
    return to + sizeof v;
}

static size_t
varint_size(uint64_t v)
{
    size_t n = 1;
    for (; v >= 0x80; v >>= 7)
        n++;
    return n;
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
    char *to = room(b, TAG_MAX + VARINT_MAX);
    if (to)
        wrote(b, write_varint(write_tag(to, field, WIRE_VARINT), (uint64_t)v));
}

void
pb_fixed32(struct buf *b, unsigned field, uint32_t v)
{
    char *to = room(b, TAG_MAX + 4);
    if (to)
        wrote(b, write_32(write_tag(to, field, WIRE_32), v));
}

void
pb_fixed64(struct buf *b, unsigned field, uint64_t v)
{
    char *to = room(b, TAG_MAX + 8);
    if (to)
        wrote(b, write_64(write_tag(to, field, WIRE_64), v));
}

void
pb_double(struct buf *b, unsigned field, double v)
{
    pb_fixed64(b, field, bits_of(v));
}

void
pb_open(struct buf *b, unsigned field, size_t n)
{
    char *to = room(b, TAG_MAX + VARINT_MAX);
    if (to)
        wrote(b, write_varint(write_tag(to, field, WIRE_BYTES), n));
}

void
pb_bytes(struct buf *b, unsigned field, const void *p, size_t n)
{
    char *to = room(b, TAG_MAX + VARINT_MAX + n);
    if (!to)
        return;
    to = write_varint(write_tag(to, field, WIRE_BYTES), n);
    if (n)
        memcpy(to, p, n);
    wrote(b, to + n);
}

void
pb_str(struct buf *b, unsigned field, struct str s)
{
    pb_bytes(b, field, s.p, s.n);
}

size_t
pb_bytes_size(unsigned field, size_t n)
{
    return varint_size((uint64_t)field << 3) + varint_size(n) + n;
}

size_t
pb_int_size(unsigned field, int64_t v)
{
    return varint_size((uint64_t)field << 3) + varint_size((uint64_t)v);
}

size_t
pb_double_size(unsigned field)
{
    return varint_size((uint64_t)field << 3) + sizeof(double);
}

void
pb_packed(struct buf *b, unsigned field, size_t n)
{
    pb_open(b, field, 8 * n);
}

void
pb_packed_fixed64(struct buf *b, uint64_t v)
{
    char *to = room(b, 8);
    if (to)
        wrote(b, write_64(to, v));
}

void
pb_packed_double(struct buf *b, double v)
{
    pb_packed_fixed64(b, bits_of(v));
}

/* Most messages are shorter than 128 bytes: their length takes one. */
size_t
pb_begin(struct buf *b, unsigned field)
{
    char *to = room(b, TAG_MAX + 1);
    if (to)
        wrote(b, write_tag(to, field, WIRE_BYTES) + 1);
    return b->n;
}

void
pb_end(struct buf *b, size_t at)
{
    if (b->err)
        return;
    size_t length = b->n - at, more = varint_size(length) - 1;
    if (more) {
        if (!room(b, more))
            return;
        memmove(b->p + at + more, b->p + at, length);
        b->n += more;
    }
    write_varint(b->p + at - 1, length);
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
