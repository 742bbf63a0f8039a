/* Trace context. */
#include "server/trace/context.h"

#include <endian.h>

#include "runtime/base/digits.h"

#define STATE_MEMBERS_MAX 32
#define FLAG_SAMPLED      1u

/* n digits, lower case only (2.2.2). */
static bool
read_hex(const char *p, unsigned n, uint64_t *v)
{
    *v = 0;
    for (unsigned i = 0; i < n; i++) {
        char c = p[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                                                : 16;
        if (digit == 16)
            return false;
        *v = *v << 4 | digit;
    }
    return true;
}

/* Later versions may be longer, behind another dash (4.3). */
bool
trace_context_read(struct str header, struct trace_context *c)
{
    uint64_t version, flags;
    struct str s = str_trim(header);
    if (s.n < TRACE_PARENT_TEXT || s.p[2] != '-' || s.p[35] != '-' || s.p[52] != '-')
        return false;
    if (!read_hex(s.p, 2, &version) || version == 0xff || (version == 0 && s.n != TRACE_PARENT_TEXT)
        || (s.n > TRACE_PARENT_TEXT && s.p[TRACE_PARENT_TEXT] != '-'))
        return false;
    if (!read_hex(s.p + 3, 16, &c->trace.high) || !read_hex(s.p + 19, 16, &c->trace.low)
        || !read_hex(s.p + 36, 16, &c->span) || !read_hex(s.p + 53, 2, &flags))
        return false;
    c->sampled = flags & FLAG_SAMPLED;
    return trace_id_is_set(c->trace) && c->span;
}

void
trace_context_write(const struct trace_context *c, char to[TRACE_PARENT_TEXT])
{
    memcpy(to, "00-", 3);
    trace_id_text(c->trace, to + 3);
    to[35] = '-';
    trace_span_text(c->span, to + 36);
    to[52] = '-';
    to[53] = '0';
    to[54] = c->sampled ? '1' : '0';
}

/* One member, without the blanks around it. */
static bool
is_member(struct str s)
{
    const char *eq = s.n ? memchr(s.p, '=', s.n) : NULL;
    return s.n == 0 || (eq && eq > s.p && eq + 1 < s.p + s.n);
}

bool
trace_state_is_sane(struct str header)
{
    unsigned n = 0;
    if (header.n == 0 || header.n > TRACE_STATE_MAX)
        return false;
    for (size_t i = 0; i < header.n; i++)
        if ((header.p[i] < ' ' && header.p[i] != '\t') || header.p[i] > '~')
            return false;
    while (header.n) {
        const char *comma = memchr(header.p, ',', header.n);
        size_t length = comma ? (size_t)(comma - header.p) : header.n;
        if (++n > STATE_MEMBERS_MAX || !is_member(str_trim(str_make(header.p, length))))
            return false;
        header = str_skip(header, length + 1);
    }
    return true;
}

void
trace_id_bytes(struct trace_id id, unsigned char to[16])
{
    trace_span_bytes(id.high, to);
    trace_span_bytes(id.low, to + 8);
}

void
trace_span_bytes(uint64_t span, unsigned char to[8])
{
    span = htobe64(span);
    memcpy(to, &span, sizeof span);
}

void
trace_id_text(struct trace_id id, char to[32])
{
    digits_hex(to, id.high);
    digits_hex(to + 16, id.low);
}

void
trace_span_text(uint64_t span, char to[16])
{
    digits_hex(to, span);
}
