/* Words to a manner. */
#include "server/mock/manner.h"

#include <limits.h>

/* The number that s is, and nothing else. */
static bool
read_number(struct str s, unsigned max, unsigned *v)
{
    unsigned long n = 0;
    if (s.n == 0 || s.n > 9)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        n = n * 10 + (unsigned long)(s.p[i] - '0');
    }
    *v = (unsigned)n;
    return n <= max;
}

/* "300ms" or "5s". */
static bool
read_time(struct str s, unsigned *ms)
{
    if (str_ends(s, STR("ms")))
        return read_number(str_make(s.p, s.n - 2), 3600000, ms);
    if (!str_ends(s, STR("s")) || !read_number(str_make(s.p, s.n - 1), 3600, ms))
        return false;
    *ms *= 1000;
    return true;
}

/* The faults that have no number. */
static enum mock_fault
plain_fault(struct str word)
{
    static const struct {
        struct str word;
        enum mock_fault fault;
    } faults[] = {
        { STR_INIT("reset"), MOCK_FAULT_RESET },
        { STR_INIT("close"), MOCK_FAULT_CLOSE },
        { STR_INIT("truncate"), MOCK_FAULT_TRUNCATE },
        { STR_INIT("garbage"), MOCK_FAULT_GARBAGE },
        { STR_INIT("html"), MOCK_FAULT_HTML },
        { STR_INIT("wrong-type"), MOCK_FAULT_WRONG_TYPE },
        { STR_INIT("whole"), MOCK_FAULT_WHOLE },
        { STR_INIT("disorder"), MOCK_FAULT_DISORDER },
        { STR_INIT("error-event"), MOCK_FAULT_ERROR_EVENT },
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (str_eq(word, faults[i].word))
            return faults[i].fault;
    return MOCK_FAULT_NONE;
}

/* The faults behind so many events or bytes. */
static enum mock_fault
counted_fault(struct str key)
{
    if (str_is(key, "reset-after"))
        return MOCK_FAULT_RESET;
    if (str_is(key, "close-after"))
        return MOCK_FAULT_CLOSE;
    if (str_is(key, "truncate"))
        return MOCK_FAULT_TRUNCATE;
    return str_is(key, "error-event") ? MOCK_FAULT_ERROR_EVENT : MOCK_FAULT_NONE;
}

/* The place of a number that is not a fault's, NULL when key names none. */
static unsigned *
number_place(struct mock_manner *m, struct str key, unsigned *max)
{
    *max = INT_MAX;
    if (str_is(key, "after"))
        return &m->after;
    if (str_is(key, "split"))
        return &m->split;
    if (str_is(key, "times"))
        return &m->times;
    if (str_is(key, "retry-after"))
        return &m->retry_after;
    *max = MOCK_TOKENS_MAX;
    if (str_is(key, "tokens"))
        return &m->tokens;
    *max = MOCK_RATE_MAX;
    return str_is(key, "rate") ? &m->rate : NULL;
}

static bool
read_pair(struct mock_manner *m, struct str key, struct str value)
{
    unsigned max, *place = number_place(m, key, &max);
    enum mock_fault fault = counted_fault(key);
    if (place)
        return read_number(value, max, place);
    if (str_is(key, "delay"))
        return read_time(value, &m->delay_ms);
    if (str_is(key, "spent"))
        return read_time(value, &m->spent_ms);
    if (str_is(key, "stall")) {
        m->fault = MOCK_FAULT_STALL;
        return read_time(value, &m->stall_ms);
    }
    m->fault = fault;
    return fault != MOCK_FAULT_NONE && read_number(value, INT_MAX, &m->after);
}

bool
mock_manner_word(struct mock_manner *m, struct str word)
{
    struct mock_manner new = *m;
    const char *equals = word.n ? memchr(word.p, '=', word.n) : NULL;
    if (equals) {
        size_t n = (size_t)(equals - word.p);
        if (!read_pair(&new, str_make(word.p, n), str_skip(word, n + 1)))
            return false;
    } else if (read_number(word, 599, &new.status)) {
        new.fault = MOCK_FAULT_STATUS;
        if (new.status < 400)
            return false;
    } else {
        new.fault = plain_fault(word);
        if (new.fault == MOCK_FAULT_NONE)
            return false;
    }
    *m = new;
    return true;
}

bool
mock_manner_words(struct mock_manner *m, struct str words, struct str *bad)
{
    while (words.n) {
        const char *mark = memchr(words.p, '!', words.n);
        size_t n = mark ? (size_t)(mark - words.p) : words.n;
        *bad = str_trim(str_make(words.p, n));
        if (!mock_manner_word(m, *bad))
            return false;
        words = str_skip(words, n + 1);
    }
    return true;
}

bool
mock_manner_is_plain(const struct mock_manner *m)
{
    return m->fault == MOCK_FAULT_NONE && !m->delay_ms && !m->rate && !m->split;
}

struct str
mock_manner_model(struct str model, struct str *words)
{
    const char *mark = model.n ? memchr(model.p, '!', model.n) : NULL;
    *words = (struct str){ NULL, 0 };
    if (!mark)
        return model;
    size_t n = (size_t)(mark - model.p);
    *words = str_skip(model, n + 1);
    return str_make(model.p, n);
}
