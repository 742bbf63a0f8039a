/* Documents to nodes: by the scanner, or by yajl's events where that gives up.
 *
 * Each callback finds its token in the source:
 *
 *   { "key" : 12.5 }
 *         ^ ^      the gap (white space, ':' and ',') between two tokens
 *         end      of the token before; yajl tells where a token ends, or its text's address
 *
 * While a container is open, its `next` holds the index of its parent, so no stack is needed. */
#include "runtime/json/doc.h"

#include <stdlib.h>
#include <yajl/yajl_parse.h>

#include "runtime/base/utf8.h"
#include "runtime/json/doc_error.h"
#include "runtime/json/doc_scan.h"

/* What yajl's callbacks get.  Apart from struct json_doc, which may move between documents. */
struct parser {
    yajl_handle yajl;     /* owned; NULL when a new one is needed */
    struct json_doc *doc; /* borrowed, during a parse */
    size_t end;           /* offset behind the last token */
    uint32_t parent;      /* the innermost open container, or 0 */
    size_t depth;
    enum err err; /* why a callback cancelled */
};

enum { CANCEL = 0, GO_ON = 1 }; /* results of yajl's callbacks */

void
json_doc_init(struct json_doc *d)
{
    *d = (struct json_doc){ .depth_max = JSON_DEPTH_MAX };
}

void
json_doc_fini(struct json_doc *d)
{
    struct parser *ps = d->yajl;
    if (ps && ps->yajl)
        yajl_free(ps->yajl);
    free(ps);
    free(d->nodes);
    json_doc_init(d);
}

enum err
json_doc_grow(struct json_doc *d)
{
    if (d->count >= JSON_NODES_MAX)
        return ERR_LIMIT;
    uint32_t room = d->room ? d->room * 2 : 64;
    if (room > JSON_NODES_MAX)
        room = JSON_NODES_MAX;
    struct json_node *nodes = realloc(d->nodes, room * sizeof *nodes);
    if (!nodes)
        return ERR_MEMORY;
    d->nodes = nodes;
    d->room = room;
    return ERR_OK;
}

/* A node of n bytes at `at` whose token ends at `end`. */
static int
add(struct parser *ps, enum json_kind kind, size_t at, size_t n, size_t end)
{
    struct json_doc *d = ps->doc;
    if (!ps->parent && d->count > JSON_ROOT) {
        ps->err = ERR_SYNTAX;
        return CANCEL;
    }
    if (d->count == d->room && (ps->err = json_doc_grow(d)) != ERR_OK)
        return CANCEL;
    uint32_t i = d->count++;
    d->nodes[i] = (struct json_node){
        .at = (uint32_t)at,
        .n = (uint32_t)n,
        .next = i + 1,
        .kind = (uint8_t)kind,
    };
    ps->end = end;
    return GO_ON;
}

/* The offset behind the token that a callback is for. */
static size_t
consumed(const struct parser *ps)
{
    return yajl_get_bytes_consumed(ps->yajl);
}

/* The offset of the first byte of the token behind the gap.  For callbacks only: there is such a
 * token. */
static size_t
skip_gap(const struct parser *ps)
{
    const char *p = ps->doc->src;
    size_t at = ps->end;
    while (p[at] == ',' || p[at] == ':' || p[at] == ' ' || (p[at] >= '\t' && p[at] <= '\r'))
        at++;
    return at;
}

static int
add_literal(struct parser *ps, enum json_kind kind, size_t n)
{
    /* At the very end of the source yajl may see the token only with the closing blank, which is
     * another chunk. */
    size_t at = skip_gap(ps);
    return add(ps, kind, at, n, at + n);
}

static int
on_null(void *ctx)
{
    return add_literal(ctx, JSON_NULL, 4);
}

static int
on_boolean(void *ctx, int value)
{
    return value ? add_literal(ctx, JSON_TRUE, 4) : add_literal(ctx, JSON_FALSE, 5);
}

static int
on_number(void *ctx, const char *text, size_t n)
{
    (void)text;
    return add_literal(ctx, JSON_NUMBER, n);
}

static int
on_string(void *ctx, const unsigned char *text, size_t n)
{
    struct parser *ps = ctx;
    struct json_doc *d = ps->doc;
    /* A string without escapes is handed over where it stands (unless it is the first token of a
     * used handle). */
    uintptr_t at = (uintptr_t)text - (uintptr_t)d->src;
    if (at < d->n)
        return add(ps, JSON_STRING, at, n, at + n + 1);
    at = skip_gap(ps) + 1;
    size_t end = consumed(ps);
    if (!add(ps, JSON_STRING, at, end - 1 - at, end))
        return CANCEL;
    struct json_node *node = &d->nodes[d->count - 1];
    node->escaped = memchr(d->src + node->at, '\\', node->n) ? JSON_HALVES : JSON_PLAIN;
    return GO_ON;
}

static int
open_container(struct parser *ps, enum json_kind kind)
{
    size_t end = consumed(ps);
    if (ps->depth >= ps->doc->depth_max) {
        ps->err = ERR_LIMIT;
        return CANCEL;
    }
    if (!add(ps, kind, end - 1, 0, end))
        return CANCEL;
    uint32_t i = ps->doc->count - 1;
    ps->doc->nodes[i].next = ps->parent;
    ps->parent = i;
    ps->depth++;
    return GO_ON;
}

static int
close_container(void *ctx)
{
    struct parser *ps = ctx;
    struct json_node *node = &ps->doc->nodes[ps->parent];
    ps->parent = node->next;
    ps->depth--;
    ps->end = consumed(ps);
    node->n = (uint32_t)ps->end - node->at;
    node->next = ps->doc->count;
    return GO_ON;
}

static int
on_start_map(void *ctx)
{
    return open_container(ctx, JSON_OBJECT);
}

static int
on_start_array(void *ctx)
{
    return open_container(ctx, JSON_ARRAY);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number, /* takes all numbers as text, so none is too big */
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_string,
    .yajl_end_map = close_container,
    .yajl_start_array = on_start_array,
    .yajl_end_array = close_container,
};

/* The parser with a usable handle, NULL when there is no memory. */
static struct parser *
get_parser(struct json_doc *d)
{
    if (!d->yajl)
        d->yajl = calloc(1, sizeof(struct parser));
    struct parser *ps = d->yajl;
    if (!ps)
        return NULL;
    if (!ps->yajl) {
        ps->yajl = yajl_alloc(&callbacks, NULL, ps);
        if (!ps->yajl)
            return NULL;
        yajl_config(ps->yajl, yajl_dont_validate_strings, 1); /* ours is faster and stricter */
        yajl_config(ps->yajl, yajl_allow_multiple_values, 1); /* lets the handle be used again */
    }
    return ps;
}

/* After an error the handle is dead. */
static void
drop_handle(struct parser *ps)
{
    yajl_free(ps->yajl);
    ps->yajl = NULL;
}

static enum err
explain(struct parser *ps, struct fault *f)
{
    struct json_doc *d = ps->doc;
    switch (ps->err) {
    case ERR_OK:
    case ERR_SYNTAX:
        return json_doc_explain(d, ps->end, ps->parent, f);
    case ERR_LIMIT: {
        size_t at = skip_gap(ps);
        if (json_doc_odd_space(str_make(d->src, at)))
            return json_doc_explain(d, at, ps->parent, f);
        if (d->count >= JSON_NODES_MAX)
            return fault_set(f, ERR_LIMIT, at, "json: more than %u values at byte %zu",
                             JSON_NODES_MAX - 1, at);
        return fault_set(f, ERR_LIMIT, at, "json: deeper than %zu levels at byte %zu", d->depth_max,
                         at);
    }
    default:
        return fault_set(f, ps->err, ps->end, "json: out of memory at byte %zu", ps->end);
    }
}

static bool
only_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p == end;
}

/* Has the root been closed? */
static bool
is_whole(const struct parser *ps)
{
    return !ps->parent && ps->doc->count > JSON_ROOT;
}

/* The whole of it by yajl: what is wrong, and where. */
static enum err
parse_by_yajl(struct json_doc *d, struct fault *f)
{
    struct parser *ps = get_parser(d);
    if (!ps)
        return fault_set(f, ERR_MEMORY, 0, "json: out of memory");
    *ps = (struct parser){ .yajl = ps->yajl, .doc = d };
    d->count = JSON_ROOT;
    bool ok = yajl_parse(ps->yajl, (const unsigned char *)d->src, d->n) == yajl_status_ok;
    /* Only a number may still need to hear that this was the end. */
    if (ok && !is_whole(ps))
        ok = yajl_complete_parse(ps->yajl) == yajl_status_ok;
    ok = ok && is_whole(ps) && only_space(d->src + ps->end, d->src + d->n)
         && !json_doc_odd_space(str_make(d->src, ps->end));
    if (ok)
        return ERR_OK;
    drop_handle(ps);
    return explain(ps, f);
}

enum err
json_doc_parse(struct json_doc *d, struct str src, struct fault *f)
{
    d->src = src.p ? src.p : "";
    d->n = src.n;
    d->count = JSON_ROOT;
    if (src.n > UINT32_MAX)
        return fault_set(f, ERR_LIMIT, UINT32_MAX, "json: longer than 4 GiB");
    enum err err = d->room ? ERR_OK : json_doc_grow(d);
    if (err)
        return fault_set(f, err, 0, "json: out of memory");
    if (json_doc_scan(d))
        return ERR_OK;
    size_t valid = utf8_valid(d->src, d->n);
    if (valid < d->n)
        return fault_set(f, ERR_SYNTAX, valid, "json: invalid UTF-8 at byte %zu", valid);
    return parse_by_yajl(d, f);
}
