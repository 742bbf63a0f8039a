/* The model's scalars to values of the wire.  An absent value writes nothing and takes its key
 * along. */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/json/text.h"
#include "runtime/xd/fault.h"

/* The writer, with the name of the next value set. */
static struct jw *
named(struct xd *x, struct str key)
{
    if (key.p)
        jw_key(&x->w, key);
    return &x->w;
}

static bool
is_blank(struct str json)
{
    struct str s = str_trim(json);
    return s.n == 0 || str_is(s, "null");
}

void
xd_put_raw(struct xd *x, struct str key, struct str json)
{
    bool line_end = x->stream && (memchr(json.p, '\n', json.n) || memchr(json.p, '\r', json.n));
    if (!line_end) {
        jw_raw(named(x, key), json);
        return;
    }
    /* A line end would end the frame's data.  In JSON it can only be white space between tokens. */
    jw_raw(named(x, key), STR(""));
    char *to = buf_room(x->out, json.n);
    for (size_t i = 0; to && i < json.n; i++)
        to[i] = json.p[i] == '\n' || json.p[i] == '\r' ? ' ' : json.p[i];
    x->out->n += to ? json.n : 0;
}

void
xd_put_str(struct xd *x, struct str key, struct str v)
{
    if (!v.p) {
        xd_no_key(x);
        return;
    }
    jw_begin_string(named(x, key));
    xd_escape(x, v);
    jw_end_string(&x->w);
}

void
xd_put_json(struct xd *x, struct str key, struct str v)
{
    if (v.p && v.n)
        xd_put_raw(x, key, v);
    else
        xd_no_key(x);
}

/* Is v one valid JSON object? */
static bool
is_object(struct xd *x, struct str v)
{
    struct str s = str_trim(v);
    return s.n >= 2 && s.p[0] == '{' && json_doc_parse(&x->doc, v, NULL) == ERR_OK;
}

void
xd_put_json_object(struct xd *x, struct str key, struct str v)
{
    if (is_blank(v)) {
        jw_raw(named(x, key), STR("{}"));
        return;
    }
    bool fine = is_object(x, v);
    xd_put_raw(x, key, fine ? v : STR("{}"));
    if (!fine)
        xd_lose_name(x, key.p ? key : STR("arguments"));
}

void
xd_put_json_in_string(struct xd *x, struct str key, struct str v)
{
    if (!x->stream && is_blank(v))
        v = STR("{}");
    xd_put_str(x, key, v);
}

void
xd_put_int(struct xd *x, struct str key, struct ir_int v)
{
    if (v.set)
        jw_int(named(x, key), v.v);
    else
        xd_no_key(x);
}

void
xd_put_seconds(struct xd *x, struct str key, struct ir_int v)
{
    xd_put_int(x, key, v);
}

void
xd_put_index(struct xd *x, struct str key, unsigned v)
{
    jw_int(named(x, key), v);
}

void
xd_put_real(struct xd *x, struct str key, struct str v)
{
    xd_put_json(x, key, v);
}

/* Only to compare: what is written is always a number's own text. */
static double
number_of(struct str text)
{
    char digits[64];
    struct str s = text.n < sizeof digits ? text : str_make(text.p, sizeof digits - 1);
    memcpy(digits, s.p, s.n);
    digits[s.n] = '\0';
    return strtod(digits, NULL);
}

/* "0", "0.7", as most are: less than any limit that begins with another digit. */
static bool
is_below_one(struct str text)
{
    return (text.n == 1 || (text.n > 1 && text.p[1] == '.')) && text.p[0] == '0'
           && !memchr(text.p, 'e', text.n) && !memchr(text.p, 'E', text.n);
}

void
xd_put_real_max(struct xd *x, struct str key, struct str v, const char *max)
{
    bool over = v.p && !(*max >= '1' && is_below_one(v)) && number_of(v) > number_of(str_from(max));
    xd_put_json(x, key, over ? str_from(max) : v);
    if (over)
        xd_lose_name(x, key.p ? key : STR("number"));
}

void
xd_put_int_min(struct xd *x, struct str key, struct ir_int v, int64_t min)
{
    bool under = v.set && v.v < min;
    xd_put_int(x, key, under ? (struct ir_int){ min, true } : v);
    if (under)
        xd_lose_name(x, key.p ? key : STR("number"));
}

void
xd_put_bool(struct xd *x, struct str key, enum ir_bool v)
{
    if (v != IR_UNSET)
        jw_bool(named(x, key), v == IR_TRUE);
    else
        xd_no_key(x);
}

void
xd_put_not(struct xd *x, struct str key, enum ir_bool v)
{
    if (v != IR_UNSET)
        jw_bool(named(x, key), v == IR_FALSE);
    else
        xd_no_key(x);
}

void
xd_put_behind(struct xd *x, struct str key, struct str prefix, struct str v)
{
    if (!v.p) {
        xd_no_key(x);
        return;
    }
    jw_key(&x->w, key);
    jw_begin_string(&x->w);
    json_escape(x->out, prefix);
    xd_escape(x, v);
    jw_end_string(&x->w);
}

void
xd_put_strs(struct xd *x, struct str key, const struct ir_strs *v)
{
    if (v->n == 0) {
        xd_no_key(x);
        return;
    }
    jw_array(named(x, key));
    for (unsigned i = 0; i < v->n; i++)
        jw_string(&x->w, v->v[i]);
    jw_close(&x->w);
}

void
xd_put_jsons(struct xd *x, struct str key, const struct ir_strs *v)
{
    if (v->n == 0) {
        xd_no_key(x);
        return;
    }
    jw_array(named(x, key));
    for (unsigned i = 0; i < v->n; i++)
        xd_put_raw(x, (struct str){ NULL, 0 }, v->v[i]);
    jw_close(&x->w);
}

void
xd_put_growing(struct xd *x, struct str key, struct str v)
{
    xd_put_str(x, key, x->skeleton ? STR("") : v);
}

void
xd_put_growing_object(struct xd *x, struct str key, struct str v)
{
    if (x->skeleton)
        jw_raw(named(x, key), STR("{}"));
    else
        xd_put_json_object(x, key, v);
}

unsigned
xd_ordinal(const struct xd *x, uint32_t mask)
{
    unsigned n = 0;
    for (unsigned kind = 0; kind < sizeof x->opened / sizeof *x->opened; kind++)
        if ((mask >> kind) & 1)
            n += x->opened[kind];
    return n ? n - 1 : 0;
}

/* Days since 1970 to a date of the Gregorian calendar (H. Hinnant, "chrono-compatible low-level
 * date algorithms"). */
static void
civil(int64_t days, int *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned doe = (unsigned)(days - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400) + (*month <= 2);
}

void
xd_put_date(struct xd *x, struct str key)
{
    char text[64];
    int year, month, day, seconds = (int)(x->now % 86400);
    civil(x->now / 86400, &year, &month, &day);
    int n = snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month, day,
                     seconds / 3600, seconds / 60 % 60, seconds % 60);
    xd_put_str(x, key, str_make(text, (size_t)n));
}
