/* The oracle's common part: frames, members, the comparison. */
#include "tests/corpus/plain.h"

#include "tests/corpus/family.h"

uint32_t
plain_member(const struct plain *p, uint32_t at, const char *name)
{
    if (!at || json_kind(&p->doc, at) != JSON_OBJECT)
        return 0;
    uint32_t m = json_member(&p->doc, at, str_from(name));
    return m && json_kind(&p->doc, m) != JSON_NULL ? m : 0;
}

void
plain_append(struct plain *p, struct str *to, uint32_t at, const char *name)
{
    uint32_t m = plain_member(p, at, name);
    if (m && json_kind(&p->doc, m) == JSON_STRING)
        arena_append(p->arena, to, json_text(&p->doc, m, p->arena));
}

struct str
plain_text(struct plain *p, uint32_t at, const char *name)
{
    struct str s = { NULL, 0 };
    plain_append(p, &s, at, name);
    return s.p ? s : STR("");
}

void
plain_count(const struct plain *p, uint32_t at, const char *name, int64_t *v)
{
    int64_t n;
    uint32_t m = plain_member(p, at, name);
    if (m && json_kind(&p->doc, m) == JSON_NUMBER && json_int(&p->doc, m, &n))
        *v = n;
}

struct plain_call *
plain_add_call(struct plain *p, int64_t key)
{
    static struct plain_call spare;
    struct plain_call *c = p->ncalls < PLAIN_CALLS_MAX ? &p->call[p->ncalls++] : &spare;
    *c = (struct plain_call){ .id = STR(""), .name = STR(""), .key = key };
    return c;
}

struct reading {
    struct plain *p;
    const struct family *family;
};

static void
read_document(const struct reading *r, struct str event, struct str bytes)
{
    struct plain *p = r->p;
    struct fault fault;
    /* The document must outlive its frame: texts may point into it. */
    if (json_doc_parse(&p->doc, arena_str(p->arena, bytes), &fault))
        p->unreadable = true;
    else
        r->family->plain(p, event, JSON_ROOT);
}

static void
on_frame(void *ctx, struct str event, struct str data)
{
    const struct reading *r = ctx;
    if (r->p->done)
        return;
    r->p->frames++;
    if (r->family->until && str_is(data, r->family->until))
        r->p->done = true;
    else
        read_document(r, event, data);
}

/* JSON without its line ends, which cannot stand in a frame. */
static struct str
on_one_line(struct arena *a, struct str s)
{
    struct str line = arena_str(a, s);
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] == '\n' || line.p[i] == '\r')
            ((char *)line.p)[i] = ' ';
    return line;
}

static void
settle(struct plain *p)
{
    for (unsigned i = 0; i < p->ncalls; i++) {
        struct str a = str_trim(on_one_line(p->arena, p->call[i].arguments));
        p->call[i].arguments = a;
        if (a.n == 0 || str_is(a, "null"))
            p->call[i].arguments = STR("{}");
    }
    if (p->stop == PLAIN_STOP_NONE && !p->error.p)
        p->stop = PLAIN_STOP_END;
    if (p->ncalls && p->stop == PLAIN_STOP_END)
        p->stop = PLAIN_STOP_CALL;
    if (p->refused && p->stop == PLAIN_STOP_END)
        p->stop = PLAIN_STOP_REFUSAL;
}

void
plain_read_choice(struct plain *p, int64_t choice, const char *family, enum plain_form form,
                  struct str bytes, struct arena *a)
{
    *p = (struct plain){ .arena = a, .form = form, .choice = choice };
    struct reading r = { p, family_find(family) };
    json_doc_init(&p->doc);
    if (form == PLAIN_DOCUMENT)
        read_document(&r, (struct str){ NULL, 0 }, bytes);
    else if (!frames_each(r.family->frames, bytes, on_frame, &r))
        p->unreadable = true;
    settle(p);
    json_doc_fini(&p->doc);
}

void
plain_read(struct plain *p, const char *family, enum plain_form form, struct str bytes,
           struct arena *a)
{
    plain_read_choice(p, 0, family, form, bytes, a);
}

static const char *
differ(const struct plain *p, const char *what, struct str was, struct str is)
{
    size_t n = 0;
    while (n < was.n && n < is.n && was.p[n] == is.p[n])
        n++;
    if (n == was.n && n == is.n)
        return NULL;
    struct str a = str_skip(was, n), b = str_skip(is, n);
    return arena_printf(p->arena, "%s at byte %zu: was \"%.*s\", is \"%.*s\"", what, n,
                        a.n < 60 ? (int)a.n : 60, a.p ? a.p : "", b.n < 60 ? (int)b.n : 60,
                        b.p ? b.p : "")
        .p;
}

static const char *
differ_count(const struct plain *p, const char *what, int64_t was, int64_t is)
{
    return was == is
               ? NULL
               : arena_printf(p->arena, "%s was %lld, is %lld", what, (long long)was, (long long)is)
                     .p;
}

static const char *
differ_calls(const struct plain *was, const struct plain *is, unsigned lacks)
{
    const char *d = differ_count(is, "number of calls", was->ncalls, is->ncalls);
    for (unsigned i = 0; !d && i < was->ncalls; i++) {
        const struct plain_call *a = &was->call[i], *b = &is->call[i];
        d = a->id.n && !(lacks & LACKS_CALL_IDS) ? differ(is, "call id", a->id, b->id) : NULL;
        if (!d)
            d = differ(is, "call name", a->name, b->name);
        if (!d)
            d = differ(is, "call arguments", a->arguments, b->arguments);
    }
    return d;
}

/* Parts cannot be more than the whole, so what a peer said in error was cut. */
static struct plain_usage
cut(struct plain_usage u)
{
    if (u.cached > u.prompt)
        u.cached = u.prompt;
    if (u.written > u.prompt - u.cached)
        u.written = u.prompt - u.cached;
    if (u.thinking > u.completion)
        u.thinking = u.completion;
    return u;
}

static const char *
differ_usage(const struct plain *was, const struct plain *is, unsigned lacks)
{
    struct plain_usage a = cut(was->usage), b = is->usage;
    const char *d = differ_count(is, "prompt", a.prompt, b.prompt);
    if (!d)
        d = differ_count(is, "completion", a.completion, b.completion);
    if (!d && !(lacks & LACKS_CACHE_COUNTS))
        d = differ_count(is, "cached", a.cached, b.cached);
    if (!d && !(lacks & (LACKS_CACHE_COUNTS | LACKS_CACHE_WRITES)))
        d = differ_count(is, "cache writes", a.written, b.written);
    if (d || lacks & LACKS_THINKING_COUNT)
        return d;
    return differ_count(is, "thinking", a.thinking, b.thinking);
}

/* Why a reply stopped, in a family that has no word for it or no calls. */
static enum plain_stop
stop_in(enum plain_stop stop, unsigned lacks)
{
    bool lost = (stop == PLAIN_STOP_REFUSAL && lacks & LACKS_REFUSALS)
                || (stop == PLAIN_STOP_CALL && lacks & LACKS_CALLS);
    return lost ? PLAIN_STOP_END : stop;
}

const char *
plain_difference(const struct plain *was, const struct plain *is, unsigned lacks)
{
    static const char *const stops[] = { "none", "end", "length", "call", "refusal" };
    enum plain_stop a = stop_in(was->stop, lacks), b = stop_in(is->stop, lacks);
    const char *d = is->unreadable ? "what was written is not JSON" : NULL;
    if (!d && !(lacks & LACKS_REFUSAL_TEXT && was->refused))
        d = differ(is, "text", was->text, is->text);
    if (!d && !(lacks & LACKS_THINKING))
        d = differ(is, "thinking", was->thinking, is->thinking);
    if (!d && !(lacks & LACKS_CALLS))
        d = differ_calls(was, is, lacks);
    if (!d && !was->error.p)
        d = differ(is, "stop", str_from(stops[a]), str_from(stops[b]));
    if (!d && was->counted && !was->error.p)
        d = differ_usage(was, is, lacks);
    return d ? d : differ(is, "error", was->error, is->error);
}
