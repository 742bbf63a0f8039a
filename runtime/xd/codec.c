/* Forms of single values that some dialects share: see the codecs of the spec language. */
#include <stdio.h>

#include "runtime/base/base64.h"
#include "runtime/xd/fault.h"

/* --- base64 --- */

static bool
is_standard(struct str s)
{
    return s.n % 4 == 0 && !memchr(s.p, '-', s.n) && !memchr(s.p, '_', s.n);
}

void
xd_read_base64(struct xd *x, uint32_t at, struct str *v)
{
    struct buf bytes, text;
    xd_read_str(x, at, v);
    if (!v->p || is_standard(*v))
        return;
    buf_init(&bytes, v->n + 4);
    buf_init(&text, 2 * v->n + 8);
    if (base64_decode(&bytes, *v)) {
        base64_encode(&text, buf_str(&bytes));
        struct str standard = text.err ? *v : arena_str(x->arena, buf_str(&text));
        if (standard.p)
            *v = standard;
        else
            xd_full(x);
    }
    buf_fini(&bytes);
    buf_fini(&text);
}

void
xd_put_base64(struct xd *x, struct str key, struct str v)
{
    xd_put_str(x, key, v);
}

/* --- durations --- */

void
xd_read_duration(struct xd *x, uint32_t at, struct ir_int *v)
{
    struct ir_int whole = { 0, false };
    struct str s = { NULL, 0 };
    xd_read_str(x, at, &s);
    if (s.n < 2 || s.p[s.n - 1] != 's')
        return;
    s.n--;
    const char *dot = memchr(s.p, '.', s.n);
    size_t n = dot ? (size_t)(dot - s.p) : s.n;
    xd_seconds(str_make(s.p, n), &whole);
    bool more = false;
    for (size_t i = n + 1; i < s.n; i++)
        more |= s.p[i] != '0';
    whole.v += whole.set && more;
    if (whole.set)
        *v = whole;
}

void
xd_put_duration(struct xd *x, struct str key, struct ir_int v)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%llds", (long long)v.v);
    xd_put_str(x, key, v.set ? str_make(text, (size_t)n) : (struct str){ NULL, 0 });
}

/* --- a list of one --- */

void
xd_read_alone(struct xd *x, uint32_t at, struct str *v)
{
    struct ir_strs l = { 0 };
    xd_read_strs(x, at, &l);
    if (l.n == 1)
        *v = l.v[0];
    else if (l.n > 1)
        xd_lose_path(x, at);
}

void
xd_put_alone(struct xd *x, struct str key, struct str v)
{
    struct ir_strs l = { &v, v.p != NULL, 1 };
    xd_put_strs(x, key, &l);
}

/* --- budgets --- */

void
xd_read_budget(struct xd *x, uint32_t at, struct ir_reasoning *v)
{
    struct ir_int n = { 0, false };
    xd_read_int(x, at, &n);
    if (!n.set)
        return;
    v->set = true;
    v->mode = n.v == 0 ? IR_THINKING_OFF : n.v < 0 ? IR_THINKING_AUTO : IR_THINKING_BUDGET;
    if (n.v > 0)
        v->budget = n;
}

bool
xd_put_budget(struct xd *x, struct str key, const struct ir_reasoning *v)
{
    switch (v->mode) {
    case IR_THINKING_OFF:
        xd_put_int(x, key, (struct ir_int){ 0, true });
        return true;
    case IR_THINKING_AUTO:
        xd_put_int(x, key, (struct ir_int){ -1, true });
        return true;
    case IR_THINKING_BUDGET:
        xd_put_int(x, key, v->budget);
        return v->budget.set;
    case IR_THINKING_UNSET:
        break;
    }
    xd_no_key(x);
    return false;
}
