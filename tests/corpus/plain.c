/* The oracle's common part: frames, members, the comparison. */
#include "tests/corpus/plain.h"

#include <stdio.h>

#include "runtime/sse/sse.h"

#define FRAME_MAX (64u << 20)

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

typedef void plain_frame_fn(struct plain *p, struct str event, uint32_t at);
struct framing {
    struct plain *p;
    plain_frame_fn *frame;
};

static void
read_document(struct framing *f, struct str event, struct str bytes)
{
    struct plain *p = f->p;
    struct fault fault;
    /* The document must outlive its frame: texts may point into it. */
    if (json_doc_parse(&p->doc, arena_str(p->arena, bytes), &fault))
        p->unreadable = true;
    else
        f->frame(p, event, JSON_ROOT);
}

static enum err
on_event(void *ctx, const struct sse_event *e)
{
    struct framing *f = ctx;
    struct str data = str_trim(e->data);
    if (e->comment || data.n == 0 || f->p->done)
        return ERR_OK;
    f->p->frames++;
    if (str_is(data, "[DONE]"))
        f->p->done = true;
    else
        read_document(f, e->name, data);
    return ERR_OK;
}

static void
read_stream(struct framing *f, struct str bytes)
{
    struct sse s;
    sse_init(&s, FRAME_MAX, on_event, f);
    if (sse_feed(&s, bytes.p, bytes.n) || sse_end(&s))
        f->p->unreadable = true;
    sse_fini(&s);
}

static void
settle(struct plain *p)
{
    for (unsigned i = 0; i < p->ncalls; i++) {
        struct str a = str_trim(p->call[i].arguments);
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
    struct framing f = { p, strcmp(family, "openai.chat") == 0 ? plain_openai : plain_anthropic };
    json_doc_init(&p->doc);
    if (form == PLAIN_STREAM)
        read_stream(&f, bytes);
    else
        read_document(&f, (struct str){ NULL, 0 }, bytes);
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
differ_calls(const struct plain *was, const struct plain *is)
{
    const char *d = differ_count(is, "number of calls", was->ncalls, is->ncalls);
    for (unsigned i = 0; !d && i < was->ncalls; i++) {
        const struct plain_call *a = &was->call[i], *b = &is->call[i];
        d = a->id.n ? differ(is, "call id", a->id, b->id) : NULL;
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
differ_usage(const struct plain *was, const struct plain *is)
{
    struct plain_usage a = cut(was->usage), b = is->usage;
    const char *d = differ_count(is, "prompt", a.prompt, b.prompt);
    if (!d)
        d = differ_count(is, "completion", a.completion, b.completion);
    if (!d)
        d = differ_count(is, "cached", a.cached, b.cached);
    if (!d)
        d = differ_count(is, "cache writes", a.written, b.written);
    return d ? d : differ_count(is, "thinking", a.thinking, b.thinking);
}

const char *
plain_difference(const struct plain *was, const struct plain *is)
{
    static const char *const stops[] = { "none", "end", "length", "call", "refusal" };
    const char *d = is->unreadable ? "what was written is not JSON" : NULL;
    if (!d)
        d = differ(is, "text", was->text, is->text);
    if (!d)
        d = differ(is, "thinking", was->thinking, is->thinking);
    if (!d)
        d = differ_calls(was, is);
    if (!d && !was->error.p)
        d = differ(is, "stop", str_from(stops[was->stop]), str_from(stops[is->stop]));
    if (!d && was->counted && !was->error.p)
        d = differ_usage(was, is);
    return d ? d : differ(is, "error", was->error, is->error);
}
