/* Digits, units and calendars. */
#include "runtime/xd/moment.h"

#include <stdio.h>
#include <string.h>

#define MS     ((uint64_t)1000 * 1000)
#define SECOND (1000 * MS)
#define DAY    (86400 * SECOND)

/* --- numbers --------------------------------------------------------------------------------- */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "12.5" at the front of a text. */
struct decimal {
    struct str whole, fraction;
};

static struct str
take_digits(struct str *s)
{
    size_t n = 0;
    while (n < s->n && is_digit(s->p[n]))
        n++;
    struct str digits = str_make(s->p, n);
    *s = str_skip(*s, n);
    return digits;
}

static bool
take_decimal(struct str *s, struct decimal *d)
{
    d->whole = take_digits(s);
    d->fraction = str_make(s->p, 0);
    if (d->whole.n && s->n > 1 && s->p[0] == '.' && is_digit(s->p[1])) {
        *s = str_skip(*s, 1);
        d->fraction = take_digits(s);
    }
    return d->whole.n > 0;
}

/* In nanoseconds, when one is so many; at most `most`. */
static uint64_t
scaled(const struct decimal *d, uint64_t unit, uint64_t most)
{
    uint64_t n = 0, part = unit;
    for (size_t i = 0; i < d->whole.n; i++) {
        n = n * 10 + (uint64_t)(d->whole.p[i] - '0');
        if (n > most / unit)
            return most;
    }
    n *= unit;
    for (size_t i = 0; i < d->fraction.n && part; i++) {
        part /= 10;
        n += part * (uint64_t)(d->fraction.p[i] - '0');
    }
    return n < most ? n : most;
}

static bool
read_number(struct str s, uint64_t unit, uint64_t most, uint64_t *ns)
{
    struct decimal d;
    if (!take_decimal(&s, &d) || s.n)
        return false;
    *ns = scaled(&d, unit, most);
    return true;
}

/* --- durations ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint64_t ns;
} units[] = {
    { "ms", MS },           { "us", 1000 },       { "ns", 1 },     { "d", DAY },
    { "h", 3600 * SECOND }, { "m", 60 * SECOND }, { "s", SECOND },
};

static uint64_t
take_unit(struct str *s)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (str_starts(*s, str_from(units[i].name))) {
            *s = str_skip(*s, strlen(units[i].name));
            return units[i].ns;
        }
    return 0;
}

static bool
read_duration(struct str s, uint64_t *ns)
{
    uint64_t sum = 0, unit;
    struct decimal d;
    if (read_number(s, SECOND, XD_MOMENT_MOST, ns))
        return true;
    if (s.n == 0)
        return false;
    while (s.n) {
        if (!take_decimal(&s, &d) || !(unit = take_unit(&s)))
            return false;
        sum += scaled(&d, unit, XD_MOMENT_MOST);
        if (sum > XD_MOMENT_MOST)
            sum = XD_MOMENT_MOST;
    }
    *ns = sum;
    return true;
}

/* --- calendars ------------------------------------------------------------------------------- */

/* A text that is read from front to back, and whether it was what it should be so far. */
struct reading {
    struct str s;
    bool bad;
};

static unsigned
number(struct reading *r, size_t digits, unsigned least, unsigned most)
{
    unsigned n = 0;
    for (size_t i = 0; i < digits; i++) {
        if (i >= r->s.n || !is_digit(r->s.p[i])) {
            r->bad = true;
            return least;
        }
        n = n * 10 + (unsigned)(r->s.p[i] - '0');
    }
    r->s = str_skip(r->s, digits);
    r->bad |= n < least || n > most;
    return n;
}

static void
expect(struct reading *r, const char *text)
{
    r->bad |= !str_starts(r->s, str_from(text));
    r->s = str_skip(r->s, strlen(text));
}

/* Days from 1970 to a date of the Gregorian calendar, from 1970 on: years that begin in March have
 * the odd day at their end. */
static uint64_t
days_to(unsigned year, unsigned month, unsigned day)
{
    unsigned y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
    uint64_t since_0 = (uint64_t)y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1;
    return since_0 - 719468; /* those to 1970-01-01 */
}

struct date {
    unsigned year, month, day;
};

static struct date
date_of(uint64_t days)
{
    struct date d = { 1970, 1, 1 };
    while (days_to(d.year + 1, 1, 1) <= days)
        d.year++;
    while (d.month < 12 && days_to(d.year, d.month + 1, 1) <= days)
        d.month++;
    d.day = 1 + (unsigned)(days - days_to(d.year, d.month, 1));
    return d;
}

/* hh:mm:ss; 60 is a leap second. */
static uint64_t
clock_time(struct reading *r)
{
    uint64_t s = number(r, 2, 0, 23) * (uint64_t)3600;
    expect(r, ":");
    s += number(r, 2, 0, 59) * (uint64_t)60;
    expect(r, ":");
    return s + number(r, 2, 0, 60);
}

/* A time zone, in seconds east of Greenwich. */
static int64_t
zone(struct reading *r)
{
    if (r->s.n && (*r->s.p == 'Z' || *r->s.p == 'z')) {
        r->s = str_skip(r->s, 1);
        return 0;
    }
    int64_t sign = r->s.n && *r->s.p == '-' ? -1 : 1;
    expect(r, sign < 0 ? "-" : "+");
    int64_t s = number(r, 2, 0, 23) * (int64_t)3600;
    expect(r, ":");
    return sign * (s + number(r, 2, 0, 59) * (int64_t)60);
}

static bool
read_time(struct str s, uint64_t *at)
{
    struct reading r = { .s = s };
    struct decimal fraction = { .whole = { NULL, 0 } };
    unsigned year = number(&r, 4, 1970, 2200);
    expect(&r, "-");
    unsigned month = number(&r, 2, 1, 12);
    expect(&r, "-");
    unsigned day = number(&r, 2, 1, 31);
    if (r.s.n && (*r.s.p == 'T' || *r.s.p == 't' || *r.s.p == ' '))
        r.s = str_skip(r.s, 1);
    else
        r.bad = true;
    uint64_t seconds = clock_time(&r);
    if (r.s.n && *r.s.p == '.') {
        r.s = str_skip(r.s, 1);
        fraction.fraction = take_digits(&r.s);
        r.bad |= fraction.fraction.n == 0;
    }
    int64_t east = zone(&r);
    if (r.bad || r.s.n)
        return false;
    int64_t all = (int64_t)(days_to(year, month, day) * 86400 + seconds) - east;
    *at = (all > 0 ? (uint64_t)all : 0) * SECOND + scaled(&fraction, SECOND, SECOND);
    return true;
}

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char weekdays[] = "ThuFriSatSunMonTueWed"; /* 1970 began on a Thursday */

static unsigned
month_named(struct reading *r)
{
    for (unsigned i = 0; r->s.n >= 3 && i < 12; i++)
        if (memcmp(r->s.p, months + 3 * (size_t)i, 3) == 0) {
            r->s = str_skip(r->s, 3);
            return i + 1;
        }
    r->bad = true;
    return 1;
}

static bool
read_date(struct str s, uint64_t *at)
{
    const char *blank = s.n ? memchr(s.p, ' ', s.n) : NULL; /* behind the weekday */
    struct reading r = { .s = blank ? str_skip(s, (size_t)(blank - s.p)) : s };
    expect(&r, " ");
    unsigned day = number(&r, 2, 1, 31);
    expect(&r, " ");
    unsigned month = month_named(&r);
    expect(&r, " ");
    unsigned year = number(&r, 4, 1970, 2200);
    expect(&r, " ");
    uint64_t seconds = clock_time(&r);
    expect(&r, " GMT");
    if (r.bad || r.s.n)
        return false;
    *at = (days_to(year, month, day) * 86400 + seconds) * SECOND;
    return true;
}

/* --- all of them ------------------------------------------------------------------------------ */

bool
xd_moment_read(struct str text, enum xd_moment form, uint64_t wall_ns, uint64_t *ns)
{
    uint64_t at = 0;
    bool ok = false;
    text = str_trim(text);
    if (!text.n)
        return false;
    switch (form) {
    case XD_MOMENT_SECONDS:
        return read_number(text, SECOND, XD_MOMENT_MOST, ns);
    case XD_MOMENT_MILLISECONDS:
        return read_number(text, MS, XD_MOMENT_MOST, ns);
    case XD_MOMENT_DURATION:
        return read_duration(text, ns);
    case XD_MOMENT_TIME:
        ok = read_time(text, &at);
        break;
    case XD_MOMENT_DATE:
        ok = read_date(text, &at);
        break;
    case XD_MOMENT_EPOCH:
        ok = read_number(text, SECOND, INT64_MAX, &at);
        break;
    case XD_MOMENT_EPOCH_MS:
        ok = read_number(text, MS, INT64_MAX, &at);
        break;
    }
    if (!ok)
        return false;
    *ns = at > wall_ns ? at - wall_ns : 0;
    if (*ns > XD_MOMENT_MOST)
        *ns = XD_MOMENT_MOST;
    return true;
}

static size_t
write_duration(char *out, uint64_t ms)
{
    uint64_t m = ms / 60000;
    unsigned s = (unsigned)(ms % 60000 / 1000), rest = (unsigned)(ms % 1000);
    if (ms < 1000)
        return (size_t)snprintf(out, XD_MOMENT_TEXT, "%ums", rest);
    size_t n = m ? (size_t)snprintf(out, XD_MOMENT_TEXT, "%llum", (unsigned long long)m) : 0;
    if (rest)
        return n + (size_t)snprintf(out + n, XD_MOMENT_TEXT - n, "%u.%03us", s, rest);
    return n + (size_t)snprintf(out + n, XD_MOMENT_TEXT - n, "%us", s);
}

static size_t
write_time(char *out, enum xd_moment form, uint64_t seconds)
{
    uint64_t days = seconds / 86400;
    unsigned in_day = (unsigned)(seconds % 86400);
    struct date d = date_of(days);
    unsigned h = in_day / 3600, m = in_day / 60 % 60, s = in_day % 60;
    if (form == XD_MOMENT_TIME)
        return (size_t)snprintf(out, XD_MOMENT_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ",
                                d.year % 10000, d.month % 100, d.day % 100, h, m, s);
    return (size_t)snprintf(out, XD_MOMENT_TEXT, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
                            weekdays + 3 * (days % 7), d.day % 100,
                            months + 3 * (size_t)(d.month - 1), d.year % 10000, h, m, s);
}

size_t
xd_moment_write(char out[XD_MOMENT_TEXT], enum xd_moment form, uint64_t wall_ns, uint64_t ns)
{
    uint64_t ms = (ns + MS - 1) / MS, at = (wall_ns + ns + SECOND - 1) / SECOND;
    switch (form) {
    case XD_MOMENT_SECONDS:
        if (ms % 1000)
            return (size_t)snprintf(out, XD_MOMENT_TEXT, "%llu.%03u", (unsigned long long)ms / 1000,
                                    (unsigned)(ms % 1000));
        return (size_t)snprintf(out, XD_MOMENT_TEXT, "%llu", (unsigned long long)ms / 1000);
    case XD_MOMENT_MILLISECONDS:
        return (size_t)snprintf(out, XD_MOMENT_TEXT, "%llu", (unsigned long long)ms);
    case XD_MOMENT_DURATION:
        return write_duration(out, ms);
    case XD_MOMENT_TIME:
    case XD_MOMENT_DATE:
        return write_time(out, form, at);
    case XD_MOMENT_EPOCH:
        return (size_t)snprintf(out, XD_MOMENT_TEXT, "%llu", (unsigned long long)at);
    case XD_MOMENT_EPOCH_MS:
        at = (wall_ns + ns + MS - 1) / MS;
        return (size_t)snprintf(out, XD_MOMENT_TEXT, "%llu", (unsigned long long)at);
    }
    return 0;
}
