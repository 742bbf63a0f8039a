/* Counting replies. */
#include "tests/bench/reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- the body ------------------------------------------------------------------------------ */

static void
keep_tail(struct reply *r, const char *p, size_t n)
{
    if (n >= REPLY_TAIL) {
        memcpy(r->tail, p + n - REPLY_TAIL, REPLY_TAIL);
        return;
    }
    memmove(r->tail, r->tail + n, REPLY_TAIL - n);
    memcpy(r->tail + REPLY_TAIL - n, p, n);
}

static void
end_line(struct reply *r)
{
    bool empty = r->line == 0 || (r->line == 1 && r->first == '\r');
    if (!empty) {
        r->has_data |= r->first == 'd';
    } else if (r->has_data) {
        r->events++;
        r->has_data = false;
    }
    r->line = 0;
}

static void
count_events(struct reply *r, const char *p, size_t n)
{
    const char *end = p + n;
    while (p < end) {
        if (r->line == 0)
            r->first = *p;
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        if (!lf) {
            r->line += (size_t)(end - p);
            return;
        }
        r->line += (size_t)(lf - p);
        end_line(r);
        p = lf + 1;
    }
}

static void
take_body(struct reply *r, const char *p, size_t n)
{
    r->bytes += n;
    keep_tail(r, p, n);
    if (r->is_stream)
        count_events(r, p, n);
}

/* --- the head ------------------------------------------------------------------------------ */

/* The value of a header of the NUL-terminated head, NULL without one. */
static const char *
find_header(const char *head, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = strstr(head, "\r\n"); p; p = strstr(p, "\r\n")) {
        p += 2;
        if (strncasecmp(p, name, n) == 0 && p[n] == ':')
            return p + n + 1 + strspn(p + n + 1, " \t");
    }
    return NULL;
}

static bool
value_is(const char *value, const char *word)
{
    return value && strncasecmp(value, word, strlen(word)) == 0;
}

static void
read_head(struct reply *r)
{
    const char *length = find_header(r->head, "content-length");
    r->status = strncmp(r->head, "HTTP/1.", 7) == 0 ? atoi(r->head + 9) : 0;
    r->is_stream = value_is(find_header(r->head, "content-type"), "text/event-stream");
    r->closes = value_is(find_header(r->head, "connection"), "close");
    if (value_is(find_header(r->head, "transfer-encoding"), "chunked")) {
        r->state = REPLY_CHUNK_SIZE;
    } else if (length) {
        r->left = strtoull(length, NULL, 10);
        r->state = r->left ? REPLY_LENGTH : REPLY_DONE;
    } else {
        r->state = REPLY_CLOSE;
    }
    if (!r->status)
        r->state = REPLY_BAD;
}

/* Byte by byte, as the end of a head is seldom where a read ends. */
static size_t
take_head(struct reply *r, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (r->head_n == REPLY_HEAD_MAX - 1) {
            r->state = REPLY_BAD;
            return i;
        }
        r->head[r->head_n++] = p[i];
        if (p[i] == '\n' && r->head_n >= 4 && memcmp(r->head + r->head_n - 4, "\r\n\r\n", 4) == 0) {
            r->head[r->head_n] = 0;
            read_head(r);
            return i + 1;
        }
    }
    return n;
}

/* --- chunks -------------------------------------------------------------------------------- */

static void
take_size(struct reply *r, char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *d = strchr(digits, c | 0x20);
    if (c == '\n') {
        r->state = r->left ? REPLY_CHUNK_DATA : REPLY_TRAILER;
    } else if (c != '\r') {
        if (!d || !*d)
            r->state = REPLY_BAD;
        else
            r->left = r->left * 16 + (uint64_t)(d - digits);
    }
}

static void
take_trailer(struct reply *r, char c)
{
    if (c == '\n' && r->trailer == 0)
        r->state = REPLY_DONE;
    else if (c == '\n')
        r->trailer = 0;
    else if (c != '\r')
        r->trailer++;
}

static size_t
take_data(struct reply *r, const char *p, size_t n)
{
    n = n < r->left ? n : (size_t)r->left;
    take_body(r, p, n);
    r->left -= n;
    if (r->left == 0)
        r->state = r->state == REPLY_LENGTH ? REPLY_DONE : REPLY_CHUNK_END;
    return n;
}

static size_t
take(struct reply *r, const char *p, size_t n)
{
    switch (r->state) {
    case REPLY_HEAD:
        return take_head(r, p, n);
    case REPLY_LENGTH:
    case REPLY_CHUNK_DATA:
        return take_data(r, p, n);
    case REPLY_CLOSE:
        take_body(r, p, n);
        return n;
    case REPLY_CHUNK_SIZE:
        take_size(r, *p);
        return 1;
    case REPLY_CHUNK_END:
        if (*p == '\n')
            r->state = REPLY_CHUNK_SIZE;
        return 1;
    case REPLY_TRAILER:
        take_trailer(r, *p);
        return 1;
    case REPLY_DONE:
    case REPLY_BAD:
        break;
    }
    return 0;
}

size_t
reply_feed(struct reply *r, const char *p, size_t n)
{
    size_t used = 0;
    while (used < n && r->state != REPLY_DONE && r->state != REPLY_BAD)
        used += take(r, p + used, n - used);
    return used;
}

bool
reply_closed(struct reply *r)
{
    if (r->state == REPLY_CLOSE)
        r->state = REPLY_DONE;
    return r->state == REPLY_DONE;
}

bool
reply_ends_with(const struct reply *r, const char *text)
{
    return memmem(r->tail, REPLY_TAIL, text, strlen(text)) != NULL;
}
