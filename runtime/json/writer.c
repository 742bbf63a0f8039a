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
    w->depth = 0;
    w->key = (struct str){ NULL, 0 };
    w->key_plain = 0;
    w->level[0] = (struct jw_level){ 0 };
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

/* What stands before a value on this level: a comma, the value's name. */
static void
write_lead(struct buf *out, struct jw_level *l, struct str key, int key_plain)
{
    if (l->some)
        buf_putc(out, ',');
    l->some = 1;
    if (l->array)
        return;
    assert(key.p && "a member needs a name");
    buf_putc(out, '"');
    if (key_plain)
        json_escape(out, key);
    else
        buf_puts(out, key);
    buf_put(out, "\":", 2);
}

/* The level that a value written now belongs to. */
static struct jw_level *
top(struct jw *w)
{
    return &w->level[w->depth];
}

/* Write the open braces that were put off.  Pending levels are always the innermost ones. */
static void
write_pending(struct jw *w)
{
    unsigned i = w->depth;
    while (w->level[i - 1].pending)
        i--;
    for (; i <= w->depth; i++) {
        struct jw_level *l = &w->level[i];
        if (i > 1)
            write_lead(w->out, l - 1, l->key, l->key_plain);
        buf_putc(w->out, l->array ? '[' : '{');
        l->pending = 0;
    }
}

/* Everything that stands before the next value.  False when the nesting went too deep to write
 * anything. */
static int
begin_value(struct jw *w)
{
    if (w->depth >= JW_DEPTH)
        return 0;
    struct jw_level *l = top(w);
    if (l->pending)
        write_pending(w);
    if (w->depth)
        write_lead(w->out, l, w->key, w->key_plain);
    w->key.p = NULL;
    return 1;
}

/* One level deeper.  NULL when that is too deep, which is the output's error then. */
static struct jw_level *
push(struct jw *w, uint8_t array)
{
    if (++w->depth >= JW_DEPTH) {
        if (!w->out->err)
            w->out->err = ERR_LIMIT;
        return NULL;
    }
    struct jw_level *l = top(w);
    *l = (struct jw_level){ .array = array };
    return l;
}

static void
open_now(struct jw *w, uint8_t array)
{
    if (begin_value(w))
        buf_putc(w->out, array ? '[' : '{');
    push(w, array);
}

static void
open_later(struct jw *w, uint8_t array)
{
    struct str key = w->key;
    uint8_t key_plain = w->key_plain;
    w->key.p = NULL;
    struct jw_level *l = push(w, array);
    if (!l)
        return;
    l->key = key;
    l->key_plain = key_plain;
    l->pending = 1;
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
    struct jw_level *l = top(w);
    w->depth--;
    if (l->pending)
        return false;
    buf_putc(w->out, l->array ? ']' : '}');
    return true;
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
