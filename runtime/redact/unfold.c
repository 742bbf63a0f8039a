/* Escape by escape. */
#include "runtime/redact/unfold.h"

#include "runtime/redact/class.h"

#define BLOCK 16

/* Behind this byte of the plain text so many more bytes were left out of the other, from its beginning on. */
struct place {
    size_t at, less;
};

/* One character, and the length of what stands for it; n 0: no escape. */
struct escape {
    char c;
    size_t n;
};

static unsigned
digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : ((unsigned)c | 0x20) - 'a' + 10;
}

/* What two hexadecimal digits say, if that is printable ASCII; else 0. */
static char
pair(struct str s, size_t i)
{
    if (i + 2 > s.n || !redact_is(s.p[i], CLASS_H) || !redact_is(s.p[i + 1], CLASS_H))
        return 0;
    unsigned c = digit(s.p[i]) << 4 | digit(s.p[i + 1]);
    return c >= ' ' && c < 0x7f ? (char)c : 0;
}

/* At a percent sign. */
static struct escape
percent(struct str s)
{
    size_t i = 1;
    char c = pair(s, i), next;
    while (c == '%' && (next = pair(s, i + 2)) != 0) { /* it is encoded itself */
        c = next;
        i += 2;
    }
    return (struct escape){ c, c ? i + 2 : 0 };
}

/* At a backslash, or some. */
static struct escape
backslash(struct str s)
{
    size_t i = 1;
    while (i < s.n && s.p[i] == '\\')
        i++;
    char kind = i < s.n ? s.p[i] : 0;
    if (kind == '/' || (kind == '"' && i > 1))
        return (struct escape){ kind, i + 1 };
    bool code = kind == 'u' && i + 5 <= s.n && s.p[i + 1] == '0' && s.p[i + 2] == '0';
    char c = code ? pair(s, i + 3) : 0;
    return (struct escape){ c, c ? i + 5 : 0 };
}

/* The first place from `at` on where an escape may be; the end. */
static size_t
next_sign(struct str s, size_t at)
{
    for (; at + BLOCK <= s.n; at += BLOCK) {
        unsigned char seen = 0;
        for (unsigned i = 0; i < BLOCK; i++)
            seen |= (unsigned char)((s.p[at + i] == '%') | (s.p[at + i] == '\\'));
        if (seen)
            break;
    }
    while (at < s.n && s.p[at] != '%' && s.p[at] != '\\')
        at++;
    return at;
}

/* The first escape from `at` on, and where. */
static struct escape
next_escape(struct str s, size_t *at)
{
    struct escape e = { 0, 0 };
    for (size_t i = next_sign(s, *at); i < s.n; i = next_sign(s, i)) {
        *at = i;
        e = s.p[i] == '%' ? percent(str_skip(s, i)) : backslash(str_skip(s, i));
        if (e.n)
            return e;
        /* A run of backslashes is looked at once; behind a percent sign there may be another that means something. */
        bool run = s.p[i++] == '\\';
        while (run && i < s.n && s.p[i] == '\\')
            i++;
    }
    return e;
}

bool
redact_unfold_begin(struct redact_unfold *u, struct str text)
{
    size_t at = 0, done = 0;
    struct escape e = next_escape(text, &at);
    if (!e.n)
        return false;
    buf_init(&u->plain, text.n);
    (void)buf_room(&u->plain, text.n); /* to grow would leave copies behind, which nobody wipes */
    buf_init(&u->places, text.n * sizeof(struct place));
    for (; e.n; e = next_escape(text, &at)) {
        buf_put(&u->plain, text.p + done, at - done);
        at = done = at + e.n;
        buf_putc(&u->plain, e.c);
        const struct place p = { u->plain.n, done - u->plain.n };
        buf_put(&u->places, (const char *)&p, sizeof p);
    }
    buf_puts(&u->plain, str_skip(text, done));
    u->plain.err = u->plain.err ? u->plain.err : u->places.err;
    return true;
}

size_t
redact_unfold_place(const struct redact_unfold *u, size_t at)
{
    size_t low = 0,
           high = u->places.n / sizeof(struct place); /* those below low are at or before it */
    struct place p = { 0, 0 };
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        memcpy(&p, u->places.p + mid * sizeof p, sizeof p);
        if (p.at <= at)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == 0)
        return at;
    memcpy(&p, u->places.p + (low - 1) * sizeof p, sizeof p);
    return at + p.less;
}

void
redact_unfold_end(struct redact_unfold *u)
{
    if (u->plain.p)
        explicit_bzero(u->plain.p, u->plain.n);
    buf_fini(&u->plain);
    buf_fini(&u->places);
}

size_t
redact_unfold_whole(struct str text)
{
    enum { CODE = 5 }; /* 'u' and four digits, behind the backslashes */
    for (size_t back = 1; back <= CODE && back <= text.n; back++) {
        size_t at = text.n - back;
        if (text.p[at] == '%')
            return back < 3 ? at : text.n;
        if (text.p[at] != '\\')
            continue;
        bool begun = back == 1 || text.p[at + 1] == 'u';
        while (at && text.p[at - 1] == '\\')
            at--;
        return begun ? at : text.n;
    }
    return text.n;
}
