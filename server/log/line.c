/* Building a line: fields, escapes, masking. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/base/digits.h"
#include "runtime/base/utf8.h"
#include "server/log/clean.h"
#include "server/log/private.h"
#include "server/log/veil.h"

#define VALUE_MAX   1024 /* bytes of a string value, escaped */
#define MESSAGE_MAX 2048 /* bytes of log_msg's text that need no memory */
#define CUT_JSON    ",\"cut\":true}\n"
#define CUT_TEXT    " cut=true\n"
#define PARTS_ROOM  22 /* bytes of a whole part, a point, and what is behind it */
#define LIMIT       (LOG_LINE_MAX - sizeof CUT_JSON) /* of everything but the end of the line */

/* What is called seldom, and would have its callers keep registers for it. */
#define APART __attribute__((noinline))

static const char *const levels[] = { "debug", "info", "warn", "error" };
#define LEVELS (sizeof levels / sizeof *levels)

/* What stands between the time and the event, by level. */
static const struct brief json_levels[LEVELS] = {
    BRIEF_INIT("Z\",\"level\":\"debug\",\"event\":\""),
    BRIEF_INIT("Z\",\"level\":\"info\",\"event\":\""),
    BRIEF_INIT("Z\",\"level\":\"warn\",\"event\":\""),
    BRIEF_INIT("Z\",\"level\":\"error\",\"event\":\""),
};
static const struct brief text_levels[LEVELS] = {
    BRIEF_INIT("Z debug "),
    BRIEF_INIT("Z info "),
    BRIEF_INIT("Z warn "),
    BRIEF_INIT("Z error "),
};

const char *
log_level_name(enum log_level level)
{
    return levels[level];
}

bool
log_level_read(struct str name, enum log_level *level)
{
    for (size_t i = 0; i < LEVELS; i++)
        if (str_is(name, levels[i])) {
            *level = (enum log_level)i;
            return true;
        }
    return false;
}

static char *
end_of(struct log_line *l)
{
    return l->text + l->n;
}

/* All up to here is written. */
static void
wrote(struct log_line *l, const char *to)
{
    l->n = (size_t)(to - l->text);
}

static void
put(struct log_line *l, struct str s)
{
    wrote(l, brief_copy(end_of(l), s));
}

/* Days since 1970 to year, month, day (Howard Hinnant's civil_from_days). */
static char *
put_date(char *to, uint64_t days)
{
    uint64_t z = days + 719468, era = z / 146097, doe = z % 146097;
    uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint64_t mp = (5 * doy + 2) / 153, month = mp < 10 ? mp + 3 : mp - 9;
    to = digits_put_wide(to, yoe + era * 400 + (month <= 2), 4);
    *to++ = '-';
    to = digits_put_two(to, (uint32_t)month);
    *to++ = '-';
    return digits_put_two(to, (uint32_t)(doy - (153 * mp + 2) / 5 + 1));
}

#define TIME_BYTES 20 /* "2006-01-02T15:04:05." */
static void
put_time(char to[TIME_BYTES], uint64_t s)
{
    to = put_date(to, s / 86400);
    *to++ = 'T';
    to = digits_put_two(to, s / 3600 % 24);
    *to++ = ':';
    to = digits_put_two(to, s / 60 % 60);
    *to++ = ':';
    to = digits_put_two(to, s % 60);
    *to = '.';
}

static uint64_t
system_now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Most lines are of the same second as the one before on their thread. */
static char *
put_now(char *to, uint64_t us)
{
    static _Thread_local struct {
        uint64_t second;
        char text[TIME_BYTES];
    } last = { .second = UINT64_MAX };
    uint64_t second = us / 1000000;
    uint32_t ms = (uint32_t)(us - second * 1000000) / 1000;
    if (second != last.second) {
        last.second = second;
        put_time(last.text, second);
    }
    memcpy(to, last.text, sizeof last.text);
    to += sizeof last.text;
    *to = (char)('0' + ms / 100);
    return digits_put_two(to + 1, ms % 100);
}

static void
begin(struct log *log, struct log_line *l, enum log_level level, const char *event)
{
    l->log = log;
    l->format = log->format;
    l->full = false;
    uint64_t now = log->now_us ? log->now_us() : system_now_us();
    bool json = l->format == LOG_FORMAT_JSON;
    char *to = l->text;
    if (json)
        to = brief_put(to, BRIEF("{\"ts\":\""));
    to = put_now(to, now);
    to = brief_put(to, json ? json_levels[level] : text_levels[level]);
    to = brief_copy(to, str_make(event, strnlen(event, VALUE_MAX)));
    if (json)
        *to++ = '"';
    wrote(l, to);
}

bool
log_begin(struct log *log, struct log_line *l, enum log_level level, const char *event)
{
    if (!log_enabled(log, level))
        return false;
    begin(log, l, level, event);
    return true;
}

/* Write the key with what goes around it, `,"key":` or ` key=`; NULL when that and `value` more bytes do not fit. */
static inline char *
put_key(struct log_line *l, struct brief key, size_t value)
{
    char *to = end_of(l);
    if (l->n + key.n + value > LIMIT) {
        l->full = true;
        return NULL;
    }
    if (l->format == LOG_FORMAT_JSON) {
        memcpy(to, key.p, BRIEF_SPARE);
        return to + key.n;
    }
    /* Without the comma, and with other signs in the place of the quotes. */
    memcpy(to, key.p + 1, BRIEF_SPARE);
    to[0] = ' ';
    to[key.n - 3] = '=';
    return to + key.n - 2;
}

/* The escape of a character below U+0100 that cannot stand for itself in a string; its length. */
static size_t
escape(unsigned char c, char out[8])
{
    static const char hex[] = "0123456789abcdef";
    out[0] = '\\';
    out[1] = (char)c;
    if (c == '"' || c == '\\')
        return 2;
    if (c == '\n' || c == '\t' || c == '\r') {
        out[1] = c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
        return 2;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = hex[c >> 4];
    out[5] = hex[c & 15];
    return 6;
}

/* What stands for the first character of s in a string: an escape, itself, or a replacement if it
 * is not UTF-8.  *taken is its length in s. */
static struct str
encode(struct str s, char code[8], size_t *taken)
{
    unsigned char c = (unsigned char)s.p[0];
    *taken = 1;
    if (c < 0x80)
        return str_make(code, escape(c, code));
    size_t n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (n > s.n || utf8_valid(s.p, n) < n)
        return STR(UTF8_REPLACEMENT);
    *taken = n;
    if (c == 0xc2 && (unsigned char)s.p[1] < 0xa0) /* C1: a terminal may take it for a command */
        return str_make(code, escape((unsigned char)s.p[1], code));
    return str_make(s.p, n);
}

/* s with escapes, not beyond position `end` of the line.  False when it was cut. */
static bool
put_escaped(struct log_line *l, struct str s, size_t end)
{
    while (s.n) {
        char code[8];
        size_t run = clean_run(s), taken = run;
        struct str piece = run ? str_make(s.p, run) : encode(s, code, &taken);
        if (l->n + piece.n > end) {
            put(l, str_make(s.p, run ? end - l->n : 0));
            return false;
        }
        put(l, piece);
        s = str_skip(s, taken);
    }
    return true;
}

static const struct masker *
mask_of(const struct log_line *l)
{
    return atomic_load_explicit(&l->log->mask, memory_order_acquire);
}

static bool
is_bare(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alnum && (c == '\0' || !strchr("-._/:@+*,", c)))
            return false;
    }
    return s.n > 0;
}

/* One that is long, or in a line of text, where it may stand without quotes. */
static APART void
put_other(struct log_line *l, char *to, struct str s)
{
    bool quote = l->format == LOG_FORMAT_JSON || !is_bare(s);
    *to = '"';
    to = brief_copy(to + quote, s);
    *to = '"';
    wrote(l, to + quote);
}

/* What needs no escapes. */
static inline void
put_plain(struct log_line *l, struct brief key, struct str s)
{
    char *to = put_key(l, key, s.n + 2);
    if (!to)
        return;
    if (s.n > BRIEF_MOST || l->format != LOG_FORMAT_JSON) {
        put_other(l, to, s);
        return;
    }
    *to = '"';
    to = brief_copy(to + 1, s);
    *to = '"';
    wrote(l, to + 1);
}

void
log_put_word(struct log_line *l, struct brief key, struct str word)
{
    put_plain(l, key, word);
}

/* What may have to be hidden, or escaped. */
static APART void
put_veiled(struct log_line *l, struct brief key, struct str value, redact_kinds which)
{
    char *to = put_key(l, key, 2 + 3);
    if (!to)
        return;
    *to++ = '"';
    wrote(l, to);
    size_t start = l->n,
           end = start - 1 + VALUE_MAX < LIMIT - 1 ? start - 1 + VALUE_MAX : LIMIT - 1;
    bool whole = true;
    struct veil v = veil_over(mask_of(l), value, which);
    for (struct veil_piece piece; whole && veil_next(&v, &piece);)
        whole = put_escaped(l, piece.shown, end) && put_escaped(l, piece.instead, end);
    veil_end(&v);
    l->full |= !whole;
    struct str inside = { l->text + start, l->n - start };
    if (l->format == LOG_FORMAT_TEXT && is_bare(inside)) {
        memmove(l->text + start - 1, inside.p, inside.n);
        l->n--;
    } else {
        put(l, STR("\""));
    }
}

static inline void
put_text(struct log_line *l, struct brief key, struct str value, redact_kinds which)
{
    if (!value.p)
        return;
    if (clean_knows(mask_of(l), value) && l->n + key.n + value.n + 2 <= LIMIT)
        put_plain(l, key, value);
    else
        put_veiled(l, key, value, which);
}

void
log_put_str(struct log_line *l, struct brief key, struct str value)
{
    put_text(l, key, value, REDACT_ALL);
}

void
log_put_own(struct log_line *l, struct brief key, struct str value)
{
    put_text(l, key, value, REDACT_ALL & ~REDACT_BIT(REDACT_IP));
}

static APART void
put_long_int(struct log_line *l, char *to, int64_t value)
{
    *to = '-';
    wrote(l, digits_put(to + (value < 0), value < 0 ? 0 - (uint64_t)value : (uint64_t)value));
}

void
log_put_int(struct log_line *l, struct brief key, int64_t value)
{
    char *to = put_key(l, key, DIGITS_ROOM);
    if (!to)
        return;
    if ((uint64_t)value < DIGITS_SMALL)
        wrote(l, digits_put_small(to, (uint32_t)value));
    else
        put_long_int(l, to, value);
}

void
log_put_bool(struct log_line *l, struct brief key, bool value)
{
    char *to = put_key(l, key, 5);
    if (to)
        wrote(l, brief_put(to, value ? BRIEF("true") : BRIEF("false")));
}

static APART void
put_hours(struct log_line *l, char *to, uint64_t us)
{
    to = digits_put(to, us / 1000000);
    *to = '.';
    wrote(l, digits_put_six(to + 1, (uint32_t)(us % 1000000)));
}

/* Almost all are below ten. */
void
log_put_seconds(struct log_line *l, struct brief key, uint64_t us)
{
    char *to = put_key(l, key, PARTS_ROOM);
    if (!to)
        return;
    if (us >= 10000000) {
        put_hours(l, to, us);
        return;
    }
    uint32_t small = (uint32_t)us;
    to[0] = (char)('0' + small / 1000000);
    to[1] = '.';
    wrote(l, digits_put_six(to + 2, small % 1000000));
}

void
log_put_billionths(struct log_line *l, struct brief key, uint64_t value)
{
    char *to = put_key(l, key, PARTS_ROOM);
    if (!to)
        return;
    to = digits_put(to, value / 1000000000);
    *to = '.';
    wrote(l, digits_put_wide(to + 1, value % 1000000000, 9));
}

static void
finish(struct log_line *l)
{
    bool json = l->format == LOG_FORMAT_JSON;
    struct str end = json ? STR("}\n") : STR("\n");
    if (l->full)
        end = json ? STR(CUT_JSON) : STR(CUT_TEXT);
    put(l, end);
}

void
log_end(struct log_line *l)
{
    finish(l);
    log_put(l->log, l->text, l->n);
}

size_t
log_compose_dropped(struct log *log, struct log_line *l, uint64_t lines)
{
    begin(log, l, LOG_LEVEL_WARN, "log_dropped");
    log_int(l, "lines", (int64_t)lines);
    finish(l);
    return l->n;
}

/* All of a text that did not fit: a secret that was cut would not be known. */
static void
put_long(struct log_line *l, size_t n, const char *fmt, va_list args)
{
    char *text = malloc(n + 1);
    l->full |= !text;
    if (!text)
        return;
    vsnprintf(text, n + 1, fmt, args);
    log_own(l, "msg", str_make(text, n));
    free(text);
}

void
log_msg(struct log *log, enum log_level level, const char *event, const char *fmt, ...)
{
    struct log_line l;
    char text[MESSAGE_MAX];
    va_list args, again;
    if (!log_begin(log, &l, level, event))
        return;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(text, sizeof text, fmt, args);
    if (n >= (int)sizeof text)
        put_long(&l, (size_t)n, fmt, again);
    else
        log_own(&l, "msg", str_from(text));
    va_end(again);
    va_end(args);
    log_end(&l);
}
