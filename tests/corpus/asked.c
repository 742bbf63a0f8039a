/* Texts, calls, results and tools of requests. */
#include "tests/corpus/family.h"

#include "runtime/base/utf8.h"

static void
add_piece(struct asked *q, struct str text)
{
    text = str_trim(text);
    if (text.n && q->npieces < ASKED_MAX)
        q->piece[q->npieces++] = arena_str(q->p.arena, text);
}

static void
add_call(struct asked *q, struct str id, struct str name, struct str arguments)
{
    arguments = str_trim(arguments);
    if (arguments.n == 0 || str_is(arguments, "null"))
        arguments = STR("{}");
    if (q->ncalls < ASKED_MAX)
        q->call[q->ncalls++] = (struct plain_call){ id, name, arguments, -1 };
}

static void
add_tool(struct asked *q, struct str name)
{
    if (name.n && q->ntools < ASKED_MAX)
        q->tool[q->ntools++] = name;
}

/* The texts of a string or a list of blocks, joined. */
static struct str
texts(struct asked *q, uint32_t at)
{
    struct str s = STR("");
    const struct json_doc *d = &q->p.doc;
    if (at && json_kind(d, at) == JSON_STRING)
        return json_text(d, at, q->p.arena);
    for (uint32_t i = at + 1; at && json_kind(d, at) == JSON_ARRAY && i < d->nodes[at].next;
         i = d->nodes[i].next)
        plain_append(&q->p, &s, i, "text");
    return s;
}

static bool
is_text(struct str type)
{
    return str_is(type, "text") || str_is(type, "input_text") || str_is(type, "output_text");
}

static void read_block(struct asked *q, uint32_t at);

/* Its texts, and what else stands beside them. */
static void
add_result(struct asked *q, uint32_t at, const char *id, const char *what)
{
    uint32_t content = plain_member(&q->p, at, what);
    const struct json_doc *d = &q->p.doc;
    bool list = content && json_kind(d, content) == JSON_ARRAY;
    for (uint32_t i = content + 1; list && i < d->nodes[content].next; i = d->nodes[i].next)
        if (!is_text(plain_text(&q->p, i, "type")))
            read_block(q, i);
    if (q->nresults < ASKED_MAX)
        q->result[q->nresults++] = (struct asked_result){ plain_text(&q->p, at, id),
                                                          texts(q, content) };
}

/* A block of any family: their types do not overlap. */
static void
read_block(struct asked *q, uint32_t at)
{
    struct str type = plain_text(&q->p, at, "type");
    uint32_t input = plain_member(&q->p, at, "input");
    if (is_text(type))
        add_piece(q, plain_text(&q->p, at, "text"));
    else if (str_is(type, "refusal"))
        add_piece(q, plain_text(&q->p, at, "refusal"));
    else if (str_is(type, "image_url") || str_is(type, "image") || str_is(type, "input_image"))
        q->images++;
    else if (str_is(type, "file") || str_is(type, "document") || str_is(type, "document_url")
             || str_is(type, "input_file"))
        q->documents++;
    else if (str_is(type, "tool_use"))
        add_call(q, plain_text(&q->p, at, "id"), plain_text(&q->p, at, "name"),
                 input ? json_raw(&q->p.doc, input) : STR(""));
    else if (str_is(type, "tool_result"))
        add_result(q, at, "tool_use_id", "content");
}

static void
read_content(struct asked *q, uint32_t at)
{
    const struct json_doc *d = &q->p.doc;
    if (at && json_kind(d, at) == JSON_STRING)
        add_piece(q, json_text(d, at, q->p.arena));
    for (uint32_t i = at + 1; at && json_kind(d, at) == JSON_ARRAY && i < d->nodes[at].next;
         i = d->nodes[i].next)
        read_block(q, i);
}

static void
read_message(struct asked *q, uint32_t at)
{
    uint32_t calls = plain_member(&q->p, at, "tool_calls");
    const struct json_doc *d = &q->p.doc;
    if (str_is(plain_text(&q->p, at, "role"), "tool"))
        add_result(q, at, "tool_call_id", "content");
    else
        read_content(q, plain_member(&q->p, at, "content"));
    uint32_t images = plain_member(&q->p, at, "images");
    for (uint32_t i = images + 1; images && i < d->nodes[images].next; i = d->nodes[i].next)
        q->images++;
    for (uint32_t i = calls + 1; calls && i < d->nodes[calls].next; i = d->nodes[i].next) {
        uint32_t f = plain_member(&q->p, i, "function");
        uint32_t arguments = plain_member(&q->p, f, "arguments");
        bool object = arguments && json_kind(d, arguments) == JSON_OBJECT;
        add_call(q, plain_text(&q->p, i, "id"), plain_text(&q->p, f, "name"),
                 object ? json_raw(d, arguments) : plain_text(&q->p, f, "arguments"));
    }
}

/* The elements of a member that is a list. */
static void
each(struct asked *q, uint32_t at, const char *name, void (*fn)(struct asked *, uint32_t))
{
    uint32_t list = plain_member(&q->p, at, name);
    const struct json_doc *d = &q->p.doc;
    for (uint32_t i = list + 1; list && i < d->nodes[list].next; i = d->nodes[i].next)
        fn(q, i);
}

static void
read_function(struct asked *q, uint32_t at)
{
    add_tool(q, plain_text(&q->p, plain_member(&q->p, at, "function"), "name"));
}

static void
read_tool(struct asked *q, uint32_t at)
{
    struct str type = plain_text(&q->p, at, "type");
    if (type.n == 0 || str_is(type, "custom"))
        add_tool(q, plain_text(&q->p, at, "name"));
}

void
asked_chat(struct asked *q)
{
    each(q, JSON_ROOT, "messages", read_message);
    each(q, JSON_ROOT, "tools", read_function);
}

/* A prompt, or a list with one. */
void
asked_completions(struct asked *q)
{
    uint32_t prompt = plain_member(&q->p, JSON_ROOT, "prompt");
    const struct json_doc *d = &q->p.doc;
    if (prompt && json_kind(d, prompt) == JSON_ARRAY && d->nodes[prompt].next > prompt + 1
        && d->nodes[prompt + 1].next == d->nodes[prompt].next)
        prompt++;
    if (prompt && json_kind(d, prompt) == JSON_STRING)
        add_piece(q, json_text(d, prompt, q->p.arena));
}

void
asked_messages(struct asked *q)
{
    read_content(q, plain_member(&q->p, JSON_ROOT, "system"));
    each(q, JSON_ROOT, "messages", read_message);
    each(q, JSON_ROOT, "tools", read_tool);
}

static void
read_item(struct asked *q, uint32_t at)
{
    struct str type = plain_text(&q->p, at, "type");
    if (str_is(type, "function_call"))
        add_call(q, plain_text(&q->p, at, "call_id"), plain_text(&q->p, at, "name"),
                 plain_text(&q->p, at, "arguments"));
    else if (str_is(type, "function_call_output"))
        add_result(q, at, "call_id", "output");
    else if (plain_text(&q->p, at, "role").n)
        read_content(q, plain_member(&q->p, at, "content"));
}

static void
read_own_function(struct asked *q, uint32_t at)
{
    if (str_is(plain_text(&q->p, at, "type"), "function"))
        add_tool(q, plain_text(&q->p, at, "name"));
}

void
asked_responses(struct asked *q)
{
    uint32_t input = plain_member(&q->p, JSON_ROOT, "input");
    add_piece(q, plain_text(&q->p, JSON_ROOT, "instructions"));
    if (input && json_kind(&q->p.doc, input) == JSON_STRING)
        read_content(q, input);
    else
        each(q, JSON_ROOT, "input", read_item);
    each(q, JSON_ROOT, "tools", read_own_function);
}

void
asked_read(struct asked *q, const char *family, struct str body, struct arena *a)
{
    struct fault f;
    memset(q, 0, sizeof *q);
    q->p.arena = a;
    json_doc_init(&q->p.doc);
    if (json_doc_parse(&q->p.doc, body, &f))
        q->unreadable = true;
    else
        family_find(family)->asked(q);
    json_doc_fini(&q->p.doc);
}

static bool
contains(struct str s, struct str part)
{
    return s.n >= part.n && memmem(s.p, s.n, part.p, part.n);
}

static bool
has_piece(const struct asked *q, struct str text)
{
    for (unsigned i = 0; i < q->npieces; i++)
        if (contains(q->piece[i], text))
            return true;
    return false;
}

static const char *
say(const struct asked *q, const char *what, struct str s)
{
    s = utf8_cut(s, 80);
    return arena_printf(q->p.arena, "%s: %.*s", what, STR_ARG(s)).p;
}

static const char *
differ_calls(const struct asked *was, const struct asked *is)
{
    if (was->ncalls != is->ncalls)
        return arena_printf(is->p.arena, "%u calls became %u", was->ncalls, is->ncalls).p;
    for (unsigned i = 0; i < was->ncalls; i++) {
        if (!str_eq(was->call[i].name, is->call[i].name))
            return say(is, "call name", is->call[i].name);
        if (!str_eq(was->call[i].arguments, is->call[i].arguments))
            return say(is, "call arguments", is->call[i].arguments);
    }
    return NULL;
}

/* The newest call of this id, or -1. */
static int
call_of(const struct asked *q, struct str id)
{
    for (unsigned i = q->ncalls; i-- > 0;)
        if (str_eq(q->call[i].id, id))
            return (int)i;
    return -1;
}

static const char *
differ_results(const struct asked *was, const struct asked *is)
{
    if (was->nresults != is->nresults)
        return arena_printf(is->p.arena, "%u results became %u", was->nresults, is->nresults).p;
    for (unsigned i = 0; i < was->nresults; i++) {
        bool paired = was->result[i].call.n && call_of(was, was->result[i].call) >= 0;
        if (paired && call_of(was, was->result[i].call) != call_of(is, is->result[i].call))
            return say(is, "a result of another call", is->result[i].call);
        if (!contains(is->result[i].text, str_trim(was->result[i].text)))
            return say(is, "result", is->result[i].text);
    }
    return NULL;
}

static const char *
differ_tools(const struct asked *was, const struct asked *is)
{
    if (was->ntools != is->ntools)
        return arena_printf(is->p.arena, "%u tools became %u", was->ntools, is->ntools).p;
    for (unsigned i = 0; i < was->ntools; i++)
        if (!str_eq(was->tool[i], is->tool[i]))
            return say(is, "tool", is->tool[i]);
    return NULL;
}

static const char *
differ_media(const struct asked *was, const struct asked *is, unsigned lacks)
{
    bool images = lacks & LACKS_IMAGES || was->images == is->images,
         documents = lacks & LACKS_DOCUMENTS || was->documents == is->documents;
    return images && documents
               ? NULL
               : arena_printf(is->p.arena, "%u images, %u documents became %u, %u", was->images,
                              was->documents, is->images, is->documents)
                     .p;
}

const char *
asked_difference(const struct asked *was, const struct asked *is, unsigned lacks)
{
    if (is->unreadable)
        return "what was written is not JSON";
    for (unsigned i = 0; i < was->npieces; i++)
        if (!has_piece(is, was->piece[i]))
            return say(is, "missing text", was->piece[i]);
    const char *d = differ_media(was, is, lacks);
    if (d || lacks & LACKS_TOOLS)
        return d;
    d = differ_calls(was, is);
    if (!d)
        d = differ_results(was, is);
    return d ? d : differ_tools(was, is);
}
