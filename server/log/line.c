/* Building a line: fields, escapes, masking. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "runtime/base/digits.h"
#include "runtime/base/utf8.h"
#include "server/log/private.h"
#include "server/log/veil.h"

#define VALUE_MAX   1024 /* bytes of a string value, escaped */
#define MESSAGE_MAX 2048 /* bytes of log_msg's text */
#define CUT_JSON    ",\"cut\":true}\n"
#define CUT_TEXT    " cut=true\n"
#define LIMIT       (LOG_LINE_MAX - sizeof CUT_JSON) /* of everything but the end of the line */

static const char *const levels[] = { "debug", "info", "warn", "error" };
#define LEVELS (sizeof levels / sizeof *levels)

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

static void
put(struct log_line *l, const char *p, size_t n)
{
    memcpy(l->text + l->n, p, n);
    l->n += n;
}

static void
put_uint(struct log_line *l, uint64_t v, unsigned width)
{
    char room[DIGITS_ROOM];
    struct str digits = digits_of(room, v, width);
    put(l, digits.p, digits.n);
}

/* Days since 1970 to year, month, day (Howard Hinnant's civil_from_days). */
static void
put_date(struct log_line *l, uint64_t days)
{
    uint64_t z = days + 719468, era = z / 146097, doe = z % 146097;
    uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint64_t mp = (5 * doy + 2) / 153, month = mp < 10 ? mp + 3 : mp - 9;
    put_uint(l, yoe + era * 400 + (month <= 2), 4);
    put(l, "-", 1);
    put_uint(l, month, 2);
    put(l, "-", 1);
    put_uint(l, doy - (153 * mp + 2) / 5 + 1, 2);
}

#define TIME_BYTES 19 /* "2006-01-02T15:04:05" */
static void
put_time(struct log_line *l, uint64_t s)
{
    put_date(l, s / 86400);
    put(l, "T", 1);
    put_uint(l, s / 3600 % 24, 2);
    put(l, ":", 1);
    put_uint(l, s / 60 % 60, 2);
    put(l, ":", 1);
    put_uint(l, s % 60, 2);
}

static uint64_t
system_now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Most lines are of the same second as the one before on their thread. */
static void
put_now(struct log_line *l, uint64_t us)
{
    static _Thread_local struct {
        uint64_t second;
        char text[TIME_BYTES];
    } last = { .second = UINT64_MAX };
    if (us / 1000000 != last.second) {
        last.second = us / 1000000;
        put_time(l, last.second);
        memcpy(last.text, l->text + l->n - sizeof last.text, sizeof last.text);
    } else
        put(l, last.text, sizeof last.text);
    put(l, ".", 1);
    put_uint(l, us / 1000 % 1000, 3);
    put(l, "Z", 1);
}

static void
begin(struct log *log, struct log_line *l, enum log_level level, const char *event)
{
    l->log = log;
    l->format = log->format;
    l->full = false;
    l->clean_n = 0;
    l->n = 0;
    uint64_t now = log->now_us ? log->now_us() : system_now_us();
    bool json = l->format == LOG_FORMAT_JSON;
    if (json)
        put(l, "{\"ts\":\"", 7);
    put_now(l, now);
    put(l, json ? "\",\"level\":\"" : " ", json ? 11 : 1);
    put(l, levels[level], strlen(levels[level]));
    put(l, json ? "\",\"event\":\"" : " ", json ? 11 : 1);
    put(l, event, strnlen(event, VALUE_MAX));
    if (json)
        put(l, "\"", 1);
}

bool
log_begin(struct log *log, struct log_line *l, enum log_level level, const char *event)
{
    if (!log_enabled(log, level))
        return false;
    begin(log, l, level, event);
    return true;
}

/* The key with what goes around it; false when it and `value` more bytes do not fit. */
static bool
put_key(struct log_line *l, const char *key, size_t value)
{
    size_t n = strlen(key);
    if (n > VALUE_MAX || l->n + n + 4 + value > LIMIT) {
        l->full = true;
        return false;
    }
    if (l->format != LOG_FORMAT_JSON) {
        put(l, " ", 1);
        put(l, key, n);
        put(l, "=", 1);
        return true;
    }
    put(l, ",\"", 2);
    put(l, key, n);
    put(l, "\":", 2);
    return true;
}

/* The escape of an ASCII character that cannot stand for itself in a string; its length. */
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

/* How many bytes at the start of s stand for themselves. */
static size_t
plain_run(struct str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= 0x20 && s.p[n] < 0x7f && s.p[n] != '"' && s.p[n] != '\\')
        n++;
    return n;
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
    return str_make(s.p, n);
}

/* s with escapes, not beyond position `end` of the line.  False when it was cut. */
static bool
put_escaped(struct log_line *l, struct str s, size_t end)
{
    while (s.n) {
        char code[8];
        size_t run = plain_run(s), taken = run;
        struct str piece = run ? str_make(s.p, run) : encode(s, code, &taken);
        if (l->n + piece.n > end) {
            put(l, s.p, run ? end - l->n : 0);
            return false;
        }
        put(l, piece.p, piece.n);
        s = str_skip(s, taken);
    }
    return true;
}

void
log_word(struct log_line *l, const char *key, struct str word)
{
    if (!put_key(l, key, word.n + 2))
        return;
    size_t quote = l->format == LOG_FORMAT_JSON;
    put(l, "\"", quote);
    put(l, word.p, word.n);
    put(l, "\"", quote);
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

static void
put_veiled(struct log_line *l, const char *key, struct str value, redact_kinds which)
{
    if (!value.p || !put_key(l, key, 2 + 3))
        return;
    const struct masker *known = atomic_load_explicit(&l->log->mask, memory_order_acquire);
    size_t start = l->n, end = l->n + VALUE_MAX < LIMIT - 1 ? l->n + VALUE_MAX : LIMIT - 1;
    bool whole = true, clean = false;
    struct veil_piece piece = { .shown = value };
    put(l, "\"", 1);
    if (l->clean_n && str_eq(str_make(l->text + l->clean_at, l->clean_n), value)) {
        whole = put_escaped(l, value, end);
    } else {
        for (struct veil v = veil_over(known, value, which); whole && veil_next(&v, &piece);)
            whole = put_escaped(l, piece.shown, end) && put_escaped(l, piece.instead, end);
        clean = piece.shown.n == value.n && which == REDACT_ALL;
    }
    l->full |= !whole;
    struct str inside = { l->text + start + 1, l->n - start - 1 };
    bool bare = l->format == LOG_FORMAT_TEXT && is_bare(inside);
    if (bare) {
        memmove(l->text + start, inside.p, inside.n);
        l->n--;
    } else {
        put(l, "\"", 1);
    }
    /* Models are often called the same by all three sides. */
    if (clean && whole && inside.n == value.n) {
        l->clean_at = start + !bare;
        l->clean_n = value.n;
    }
}

void
log_str(struct log_line *l, const char *key, struct str value)
{
    put_veiled(l, key, value, REDACT_ALL);
}

void
log_own(struct log_line *l, const char *key, struct str value)
{
    put_veiled(l, key, value, REDACT_ALL & ~REDACT_BIT(REDACT_IP));
}

void
log_int(struct log_line *l, const char *key, int64_t value)
{
    if (!put_key(l, key, 20))
        return;
    if (value < 0)
        put(l, "-", 1);
    put_uint(l, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 1);
}

void
log_bool(struct log_line *l, const char *key, bool value)
{
    if (put_key(l, key, 5))
        put(l, value ? "true" : "false", value ? 4 : 5);
}

void
log_seconds(struct log_line *l, const char *key, uint64_t us)
{
    if (!put_key(l, key, 22))
        return;
    put_uint(l, us / 1000000, 1);
    put(l, ".", 1);
    put_uint(l, us % 1000000, 6);
}

void
log_billionths(struct log_line *l, const char *key, uint64_t value)
{
    if (!put_key(l, key, 22))
        return;
    put_uint(l, value / 1000000000, 1);
    put(l, ".", 1);
    put_uint(l, value % 1000000000, 9);
}

static void
finish(struct log_line *l)
{
    bool json = l->format == LOG_FORMAT_JSON;
    struct str end = json ? STR("}\n") : STR("\n");
    if (l->full)
        end = json ? STR(CUT_JSON) : STR(CUT_TEXT);
    put(l, end.p, end.n);
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

void
log_msg(struct log *log, enum log_level level, const char *event, const char *fmt, ...)
{
    struct log_line l;
    char text[MESSAGE_MAX];
    va_list args;
    if (!log_begin(log, &l, level, event))
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    log_own(&l, "msg", str_from(text));
    log_end(&l);
}
