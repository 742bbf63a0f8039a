/* Spans; the numbers of the fields are those of opentelemetry-proto.
 *
 *   09.. pair { 0a.. key  12.. value { 0a.. string | 10 bool | 18 int | 21 double } }
 *
 * Nearly all pairs are shorter than 128 bytes, so that each length takes one byte. */
#include "server/trace/otlp_span.h"

#include <endian.h>

#include "runtime/base/utf8.h"
#include "server/trace/otlp_any.h"

enum {
    SPAN_TRACE = 1,
    SPAN_ID = 2,
    SPAN_STATE = 3,
    SPAN_PARENT = 4,
    SPAN_NAME = 5,
    SPAN_KIND = 6,
    SPAN_START = 7,
    SPAN_END = 8,
    SPAN_EVENT = 11,
    SPAN_STATUS = 15,
    SPAN_FLAGS = 16,
};
enum { EVENT_TIME = 1, EVENT_NAME = 2 };
enum { STATUS_MESSAGE = 2, STATUS_CODE = 3, STATUS_CODE_ERROR = 2 };
enum { FLAG_SAMPLED = 1, FLAG_HAS_REMOTE = 0x100, FLAG_REMOTE = 0x200 };
enum { ANY_STRING = 1, ANY_BOOL = 2, ANY_INT = 3, ANY_DOUBLE = 4, ANY_ARRAY = 5 };
enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2 };

#define TAG(field, type) ((char)((field) << 3 | (type)))

/* A number of one byte: what is shorter than that. */
enum { SHORT = 128 };
enum { IDS = 30, PARENT = 10, TIMES = 20 }; /* bytes that these take */

/* Where n bytes go; NULL when there is no room. */
static inline char *
room(struct buf *b, size_t n)
{
    return !b->err && n <= b->room - b->n ? b->p + b->n : buf_room(b, n);
}

static inline void
wrote(struct buf *b, const char *to)
{
    b->n = (size_t)(to - b->p);
}

/* --- attributes ---------------------------------------------------------------------------- */

/* Begin a pair whose value takes n bytes, which the caller writes where this points to.  NULL: it is a long one, or there
 * is no room. */
static inline char *
open_pair(struct buf *b, struct brief key, size_t n)
{
    enum { HEAD = 4, MIDDLE = 2 };
    size_t pair = key.n + 2 * (size_t)MIDDLE + n;
    char *to = pair < SHORT ? room(b, HEAD + pair + BRIEF_SPARE) : NULL;
    if (!to)
        return NULL;
    const char head[HEAD] = { TAG(OTLP_SPAN_ATTRIBUTE, WIRE_BYTES), (char)pair, TAG(1, WIRE_BYTES),
                              (char)key.n };
    memcpy(to, head, HEAD);
    to = brief_put(to + HEAD, key);
    *to++ = TAG(OTLP_ENTRY_VALUE, WIRE_BYTES);
    *to++ = (char)n;
    return to;
}

static inline char *
put_text(char *to, unsigned field, struct str s)
{
    *to++ = TAG(field, WIRE_BYTES);
    *to++ = (char)s.n;
    return brief_copy(to, s);
}

void
otlp_span_word(struct buf *b, struct brief key, struct str value)
{
    char *to = value.p ? open_pair(b, key, 2 + value.n) : NULL;
    if (to)
        wrote(b, put_text(to, ANY_STRING, value));
    else
        otlp_str(b, OTLP_SPAN_ATTRIBUTE, key.p, value);
}

void
otlp_span_list(struct buf *b, struct brief key, struct str word)
{
    enum { STRING = 2, ELEMENT = 4, LIST = 6 }; /* what each adds */
    char *to = open_pair(b, key, LIST + word.n);
    if (!to) {
        otlp_strs(b, OTLP_SPAN_ATTRIBUTE, key.p, &word, 1);
        return;
    }
    *to++ = TAG(ANY_ARRAY, WIRE_BYTES);
    *to++ = (char)(ELEMENT + word.n);
    *to++ = TAG(OTLP_ELEMENT, WIRE_BYTES);
    *to++ = (char)(STRING + word.n);
    wrote(b, put_text(to, ANY_STRING, word));
}

void
otlp_span_str(struct buf *b, struct brief key, struct str value)
{
    if (utf8_valid(value.p, value.n) == value.n)
        otlp_span_word(b, key, value);
    else
        otlp_str(b, OTLP_SPAN_ATTRIBUTE, key.p, value);
}

/* Seven bits a byte, the lowest first. */
static char *
put_varint(char *to, uint64_t v)
{
    for (; v >= SHORT; v >>= 7)
        *to++ = (char)(v | SHORT);
    *to++ = (char)v;
    return to;
}

void
otlp_span_int(struct buf *b, struct brief key, int64_t value)
{
    char *to = open_pair(b, key, pb_int_size(ANY_INT, value));
    if (!to) {
        otlp_int(b, OTLP_SPAN_ATTRIBUTE, key.p, value);
        return;
    }
    *to++ = TAG(ANY_INT, WIRE_VARINT);
    wrote(b, put_varint(to, (uint64_t)value));
}

void
otlp_span_bool(struct buf *b, struct brief key, bool value)
{
    char *to = open_pair(b, key, 2);
    if (!to) {
        otlp_bool(b, OTLP_SPAN_ATTRIBUTE, key.p, value);
        return;
    }
    *to++ = TAG(ANY_BOOL, WIRE_VARINT);
    *to++ = (char)value;
    wrote(b, to);
}

static char *
put_64(char *to, unsigned field, uint64_t v)
{
    *to++ = TAG(field, WIRE_64);
    v = htole64(v);
    memcpy(to, &v, sizeof v);
    return to + sizeof v;
}

void
otlp_span_double(struct buf *b, struct brief key, double value)
{
    uint64_t bits;
    char *to = open_pair(b, key, 1 + sizeof bits);
    if (!to) {
        otlp_double(b, OTLP_SPAN_ATTRIBUTE, key.p, value);
        return;
    }
    memcpy(&bits, &value, sizeof bits);
    wrote(b, put_64(to, ANY_DOUBLE, bits));
}

/* --- spans --------------------------------------------------------------------------------- */

static char *
put_id(char *to, unsigned field, uint64_t id)
{
    *to++ = TAG(field, WIRE_BYTES);
    *to++ = sizeof id;
    trace_span_bytes(id, (unsigned char *)to);
    return to + sizeof id;
}

static void
put_ids(struct buf *b, const struct otlp_span *s)
{
    char *to = room(b, IDS);
    if (!to)
        return;
    *to++ = TAG(SPAN_TRACE, WIRE_BYTES);
    *to++ = 2 * sizeof(uint64_t);
    trace_id_bytes(s->trace, (unsigned char *)to);
    wrote(b, put_id(to + 2 * sizeof(uint64_t), SPAN_ID, s->span));
}

static void
put_times(struct buf *b, const struct otlp_span *s)
{
    char *to = room(b, TIMES);
    if (!to)
        return;
    *to++ = TAG(SPAN_KIND, WIRE_VARINT);
    *to++ = (char)s->kind;
    wrote(b, put_64(put_64(to, SPAN_START, s->start_ns), SPAN_END, s->end_ns));
}

size_t
otlp_span_begin(struct buf *b, const struct otlp_span *s)
{
    size_t at = pb_begin(b, OTLP_ITEM);
    put_ids(b, s);
    if (s->state.n)
        pb_str(b, SPAN_STATE, s->state);
    char *to = s->parent ? room(b, PARENT) : NULL;
    if (to)
        wrote(b, put_id(to, SPAN_PARENT, s->parent));
    otlp_text(b, SPAN_NAME, s->name);
    put_times(b, s);
    pb_fixed32(b, SPAN_FLAGS, FLAG_SAMPLED | FLAG_HAS_REMOTE | (s->remote ? FLAG_REMOTE : 0));
    return at;
}

void
otlp_span_event(struct buf *b, struct brief name, uint64_t at_ns)
{
    size_t at = pb_begin(b, SPAN_EVENT);
    pb_fixed64(b, EVENT_TIME, at_ns);
    pb_str(b, EVENT_NAME, str_make(name.p, name.n));
    pb_end(b, at);
}

void
otlp_span_failed(struct buf *b, struct str message)
{
    size_t at = pb_begin(b, SPAN_STATUS);
    if (message.n)
        otlp_text(b, STATUS_MESSAGE, message);
    pb_int(b, STATUS_CODE, STATUS_CODE_ERROR);
    pb_end(b, at);
}

void
otlp_span_end(struct buf *b, size_t at)
{
    pb_end(b, at);
}
