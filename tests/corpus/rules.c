/* What both automata need: frames, members, the first offence. */
#include "tests/corpus/rules.h"

#include "tests/corpus/family.h"

void
rules_object(struct rules *r, const char *what)
{
    if (!r->offence)
        r->offence = arena_printf(r->arena, "frame %u: %s", r->frame, what).p;
}

uint32_t
rules_member(const struct rules *r, uint32_t at, const char *name)
{
    if (!at || json_kind(&r->doc, at) != JSON_OBJECT)
        return 0;
    uint32_t m = json_member(&r->doc, at, str_from(name));
    return m && json_kind(&r->doc, m) != JSON_NULL ? m : 0;
}

bool
rules_has(const struct rules *r, uint32_t at, const char *name, enum json_kind kind)
{
    uint32_t m = rules_member(r, at, name);
    return m && json_kind(&r->doc, m) == kind;
}

bool
rules_is_null(const struct rules *r, uint32_t at, const char *name)
{
    uint32_t m = at && json_kind(&r->doc, at) == JSON_OBJECT
                     ? json_member(&r->doc, at, str_from(name))
                     : 0;
    return m && json_kind(&r->doc, m) == JSON_NULL;
}

struct str
rules_text(struct rules *r, uint32_t at, const char *name)
{
    uint32_t m = rules_member(r, at, name);
    if (!m || json_kind(&r->doc, m) != JSON_STRING)
        return STR("");
    return arena_str(r->arena, json_text(&r->doc, m, r->arena));
}

int64_t
rules_int(const struct rules *r, uint32_t at, const char *name)
{
    int64_t v;
    uint32_t m = rules_member(r, at, name);
    return m && json_kind(&r->doc, m) == JSON_NUMBER && json_int(&r->doc, m, &v) ? v : -1;
}

struct rulebook {
    struct rules r;
    const struct family *family;
};

static void
on_frame(void *ctx, struct str event, struct str data)
{
    struct rulebook *b = ctx;
    struct rules *r = &b->r;
    struct fault f;
    r->frame++;
    rules_want(r, r->state != RULES_OVER && r->state != RULES_FAILED, "a frame behind the last");
    if (b->family->until && str_is(data, b->family->until)) {
        rules_want(r,
                   r->state == RULES_COUNTED || r->state == RULES_OPEN || r->state == RULES_STOPPED,
                   "the last word of a stream that never began");
        rules_want(r, !r->unfinished, "the last word before every choice has finished");
        r->state = RULES_OVER;
    } else if (json_doc_parse(&r->doc, data, &f)) {
        rules_object(r, "not JSON");
    } else {
        b->family->rules(r, event, JSON_ROOT);
    }
}

const char *
rules_offence(const char *family, struct str stream, struct arena *a)
{
    struct rulebook b = { .family = family_find(family) };
    b.r.arena = a;
    json_doc_init(&b.r.doc);
    if (!frames_each(b.family->frames, stream, on_frame, &b))
        rules_object(&b.r, "not a stream");
    rules_want(&b.r, b.r.state == RULES_OVER || b.r.state == RULES_FAILED,
               "the last word is missing");
    json_doc_fini(&b.r.doc);
    return b.r.offence;
}
