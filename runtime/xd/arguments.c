/* Brackets and blanks of a call's arguments. */
#include "runtime/xd/arguments.h"

static const struct str null_word = STR_INIT("null");

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
step(struct xd_arguments *g, char c)
{
    if (g->string) {
        if (g->escaped)
            g->escaped = false;
        else if (c == '\\')
            g->escaped = true;
        else if (c == '"')
            g->string = false;
        return;
    }
    switch (c) {
    case '"':
        g->string = true;
        break;
    case '{':
    case '[':
        g->depth++;
        g->complete = false;
        break;
    case '}':
    case ']':
        if (g->depth && --g->depth == 0)
            g->complete = true;
        break;
    }
}

static struct str
say(struct xd_arguments *g, struct str s)
{
    g->begun = true;
    g->nulls = 0;
    for (size_t i = 0; i < s.n; i++)
        step(g, s.p[i]);
    return s;
}

struct str
xd_arguments_take(struct xd_arguments *g, struct arena *a, struct str fragment)
{
    if (g->begun)
        return say(g, fragment);
    struct str s = fragment;
    while (s.n && is_space(*s.p))
        s = str_skip(s, 1);
    if (s.n == 0)
        return g->nulls ? STR("") : fragment;
    unsigned held = g->nulls;
    while (s.n && g->nulls < null_word.n && *s.p == null_word.p[g->nulls]) {
        g->nulls++;
        s = str_skip(s, 1);
    }
    if (str_trim(s).n == 0)
        return STR("");
    if (held == 0)
        return say(g, fragment);
    return say(g, arena_printf(a, "%.*s%.*s", (int)g->nulls, null_word.p, STR_ARG(s)));
}

struct str
xd_arguments_end(struct xd_arguments *g)
{
    if (g->begun)
        return (struct str){ NULL, 0 };
    bool cut = g->nulls && g->nulls < null_word.n;
    return cut ? str_make(null_word.p, g->nulls) : STR("{}");
}

bool
xd_arguments_blank(struct str s)
{
    struct str t = str_trim(s);
    return t.n == 0 || str_is(t, "null") || str_is(t, "{}");
}
