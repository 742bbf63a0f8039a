/* Commas, keys and lazy braces. */
#include "runtime/json/writer.h"

#include <assert.h>

#include "runtime/base/digits.h"
#include "runtime/json/text.h"

enum { OBJECT = 0, ARRAY = 1 };

void
jw_init(struct jw *w, struct buf *out)
{
    w->out = out;
    w->depth = w->lazy = 0;
    w->key = (struct str){ NULL, 0 };
    w->key_plain = 0;
    w->arrays = w->some = 0;
}

void
jw_key(struct jw *w, struct str key)
{
    w->key = key;
    w->key_plain = 0;
}

void
jw_key_escaped(struct jw *w, struct str key)
{
    w->key = key;
    w->key_plain = 1;
}

static uint64_t
bit(unsigned level)
{
    return UINT64_C(1) << level;
}

static void
put_name(struct buf *out, struct str key, bool comma)
{
    size_t n = key.n + 4;
    char *begin = !out->err && n <= out->room - out->n ? out->p + out->n : buf_room(out, n);
    char *to = begin;
    if (!to)
        return;
    if (comma)
        *to++ = ',';
    *to++ = '"';
    memcpy(to, key.p, key.n);
    to += key.n;
    *to++ = '"';
    *to++ = ':';
    out->n += (size_t)(to - begin);
}

/* What stands before a value on this level: a comma, the value's name. */
static void
write_lead(struct jw *w, unsigned level, struct str key, int key_plain)
{
    bool comma = w->some & bit(level);
    w->some |= bit(level);
    if (w->arrays & bit(level)) {
        if (comma)
            buf_putc(w->out, ',');
        return;
    }
    assert(key.p && "a member needs a name");
    if (!key_plain) {
        put_name(w->out, key, comma);
        return;
    }
    buf_puts(w->out, comma ? STR(",\"") : STR("\""));
    json_escape(w->out, key);
    buf_put(w->out, "\":", 2);
}

static void
write_brace(struct jw *w, unsigned level)
{
    buf_putc(w->out, w->arrays & bit(level) ? '[' : '{');
}

/* Write the open braces that were put off. */
static void
write_lazy(struct jw *w)
{
    unsigned outer = w->depth - w->lazy;
    for (unsigned i = 0; i < w->lazy; i++) {
        if (outer + i)
            write_lead(w, outer + i, w->put_off[i].key, w->put_off[i].key_plain);
        write_brace(w, outer + i + 1);
    }
    w->lazy = 0;
}

/* Everything that stands before the next value.  False when the nesting went too deep to write
 * anything. */
static int
begin_value(struct jw *w)
{
    if (w->depth >= JW_DEPTH)
        return 0;
    if (w->lazy)
        write_lazy(w);
    if (w->depth)
        write_lead(w, w->depth, w->key, w->key_plain);
    w->key.p = NULL;
    return 1;
}

/* One level deeper.  False when that is too deep, which is the output's error then. */
static bool
push(struct jw *w, unsigned array)
{
    if (++w->depth >= JW_DEPTH) {
        if (!w->out->err)
            w->out->err = ERR_LIMIT;
        return false;
    }
    w->some &= ~bit(w->depth);
    w->arrays = (w->arrays & ~bit(w->depth)) | (uint64_t)array << w->depth;
    return true;
}

static void
open_now(struct jw *w, unsigned array)
{
    if (begin_value(w))
        buf_putc(w->out, array ? '[' : '{');
    push(w, array);
}

static void
open_later(struct jw *w, unsigned array)
{
    struct str key = w->key;
    uint8_t key_plain = w->key_plain;
    w->key.p = NULL;
    if (w->lazy == JW_LAZY)
        write_lazy(w);
    if (!push(w, array))
        return;
    w->put_off[w->lazy].key = key;
    w->put_off[w->lazy++].key_plain = key_plain;
}

void
jw_object(struct jw *w)
{
    open_now(w, OBJECT);
}

void
jw_enter(struct jw *w)
{
    open_later(w, OBJECT);
}

void
jw_array(struct jw *w)
{
    open_now(w, ARRAY);
}

void
jw_enter_array(struct jw *w)
{
    open_later(w, ARRAY);
}

bool
jw_close(struct jw *w)
{
    assert(w->depth > 0 && "nothing is open");
    w->key.p = NULL;
    if (w->depth >= JW_DEPTH) {
        w->depth--;
        return true;
    }
    bool array = w->arrays & bit(w->depth--);
    if (w->lazy) {
        w->lazy--;
        return false;
    }
    buf_putc(w->out, array ? ']' : '}');
    return true;
}

void
jw_appended(struct jw *w)
{
    if (w->depth < JW_DEPTH)
        w->some |= bit(w->depth);
}

void
jw_string(struct jw *w, struct str s)
{
    jw_begin_string(w);
    json_escape(w->out, s);
    jw_end_string(w);
}

void
jw_int(struct jw *w, int64_t v)
{
    if (!begin_value(w))
        return;
    char digits[DIGITS_ROOM];
    if (v < 0)
        buf_putc(w->out, '-');
    buf_puts(w->out, digits_of(digits, v < 0 ? -(uint64_t)v : (uint64_t)v, 1));
}

void
jw_bool(struct jw *w, bool v)
{
    jw_raw(w, v ? STR("true") : STR("false"));
}

void
jw_null(struct jw *w)
{
    jw_raw(w, STR("null"));
}

void
jw_raw(struct jw *w, struct str json)
{
    if (begin_value(w))
        buf_puts(w->out, json);
}

void
jw_begin_string(struct jw *w)
{
    if (begin_value(w))
        buf_putc(w->out, '"');
}

void
jw_end_string(struct jw *w)
{
    buf_putc(w->out, '"');
}
