/* Attributes of spans. */
#include "server/gateway/teller.h"

#include <math.h>
#include <stdlib.h>

#include "runtime/base/utf8.h"
#include "server/gateway/worker.h"
#include "server/log/log.h"
#include "server/trace/otlp_span.h"

#define TEXT_SHOWN 4096u /* of any text but what was said */
#define NUMBER_MAX 40u

struct str
teller_masked(struct teller *t, struct str s)
{
    const struct log *log = t->x->worker->service->log;
    s = log && s.n ? log_masked(log, s, &t->masked) : s;
    return utf8_cut(s, TEXT_SHOWN);
}

void
teller_text(struct teller *t, struct brief key, struct str value)
{
    otlp_span_str(t->out, key, teller_masked(t, value));
}

void
teller_word(struct teller *t, struct brief key, struct str value)
{
    otlp_span_word(t->out, key, value);
}

void
teller_text_if_any(struct teller *t, struct brief key, struct str value)
{
    if (value.n)
        teller_text(t, key, value);
}

void
teller_texts(struct teller *t, struct brief key, const struct str *v, unsigned n)
{
    struct str all[TRAIL_STOPS];
    n = n < TRAIL_STOPS ? n : TRAIL_STOPS;
    for (unsigned i = 0; i < n; i++)
        all[i] = teller_masked(t, v[i]);
    otlp_strs(t->out, OTLP_SPAN_ATTRIBUTE, key.p, all, n);
}

void
teller_int(struct teller *t, struct brief key, struct ir_int v)
{
    if (v.set)
        otlp_span_int(t->out, key, v.v);
}

/* Few digits, perhaps with a point: both numbers below are exact then, and their quotient is rounded as it should be. */
static bool
read_short(struct str s, double *v)
{
    enum { DIGITS = 15, TEN = 10 };
    uint64_t digits = 0, unit = 1;
    bool point = false;
    if (s.n == 0 || s.n > DIGITS)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '.' && !point && i > 0 && i + 1 < s.n) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9')
            return false;
        digits = digits * TEN + (uint64_t)(c - '0');
        unit *= point ? TEN : 1;
    }
    *v = (double)digits / (double)unit;
    return true;
}

/* A number as the client has written it. */
static bool
read_number(struct str s, double *v)
{
    char copy[NUMBER_MAX], *end;
    if (read_short(s, v))
        return true;
    if (s.n == 0 || s.n >= sizeof copy)
        return false;
    memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    *v = strtod(copy, &end);
    return *end == '\0' && isfinite(*v);
}

void
teller_number(struct teller *t, struct brief key, struct str s)
{
    double v;
    if (read_number(s, &v))
        otlp_span_double(t->out, key, v);
}

void
teller_number_int(struct teller *t, struct brief key, struct str s)
{
    double v;
    if (read_number(s, &v) && fabs(v) < 9e15)
        otlp_span_int(t->out, key, (int64_t)v);
}

void
teller_seconds(struct teller *t, struct brief key, uint64_t us)
{
    otlp_span_double(t->out, key, (double)us / 1e6);
}

void
teller_error_type(struct teller *t, enum ir_fault fault)
{
    teller_word(t, BRIEF("error.type"), str_from(ir_fault_name(fault)));
}

void
teller_failed(struct teller *t, enum ir_fault fault, struct str message)
{
    teller_error_type(t, fault);
    otlp_span_failed(t->out, teller_masked(t, message));
}
