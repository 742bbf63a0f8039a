/* Walking the recordings. */
#include "tests/corpus/wire.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define ITEM_BYTES_MAX (64u << 20)

static const char *
root(void)
{
    const char *dir = getenv("LLMUX_WIRE");
    return dir && *dir ? dir : "../shared/wire";
}

bool
wire_present(void)
{
    struct stat st;
    char path[4096];
    snprintf(path, sizeof path, "%s/recorded", root());
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return true;
    static bool told;
    if (!told)
        printf("# corpus absent: not run\n");
    told = true;
    return false;
}

const char *
wire_path(struct arena *a, const char *name)
{
    return arena_printf(a, "%s/%s", root(), name).p;
}

struct str
wire_file(struct arena *a, const char *path)
{
    struct str content = { NULL, 0 };
    struct stat st;
    FILE *in = fopen(path, "rb");
    if (!in || fstat(fileno(in), &st) != 0)
        return content;
    char *p = arena_bytes(a, (size_t)st.st_size + 1);
    if (p)
        content = str_make(p, fread(p, 1, (size_t)st.st_size, in));
    fclose(in);
    return content;
}

struct str
wire_field(struct str *line, char separator)
{
    const char *at = line->n ? memchr(line->p, separator, line->n) : NULL;
    struct str field = { line->p, at ? (size_t)(at - line->p) : line->n };
    *line = str_skip(*line, field.n + (at != NULL));
    return field;
}

const struct xd_dialect *
wire_provider(struct arena *a, struct str dir)
{
    static const struct {
        const char *dir, *name;
    } known[] = {
        { "anthropic-compat", "anthropic_compatible" },
        { "bedrock-chat", "bedrock_mantle" },
        { "local-localhost_11434", "ollama_v1" },
        { "local-localhost_8000", "vllm" },
        { "ollama-openai", "ollama_v1" },
    };
    struct str name = arena_str(a, dir);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_starts(dir, str_from(known[i].dir)))
            return xd_find(str_from(known[i].name));
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] == '-')
            name.n = i;
    return xd_find(name);
}

/* The path of an address, as far as it is the same for everyone: "/v1" of "https://api.acme.com/{account}/v1". */
static struct str
path_of(struct str url)
{
    const char *host = url.n ? memmem(url.p, url.n, "://", 3) : NULL;
    struct str rest = host ? str_skip(url, (size_t)(host + 3 - url.p)) : STR("");
    const char *place = rest.n ? memrchr(rest.p, '}', rest.n) : NULL;
    if (place)
        rest = str_skip(rest, (size_t)(place + 1 - rest.p));
    const char *slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;
    return slash ? str_skip(rest, (size_t)(slash - rest.p)) : STR("");
}

/* Has it a conversation at this address, behind a path? */
static bool
answers_at(struct arena *a, const struct xd_dialect *d, struct str base, struct str uri)
{
    for (unsigned i = 0; i < d->nops; i++)
        if (d->ops[i].kind == XD_OP_CHAT
            && str_ends(uri, arena_printf(a, "%.*s%.*s", STR_ARG(base), STR_ARG(d->ops[i].path))))
            return true;
    return false;
}

/* One word alone, as in "/chat", is the path of many. */
static bool
is_one_word(const struct xd_dialect *d)
{
    return d->nops && !memchr(d->ops[0].path.p + 1, '/', d->ops[0].path.n - 1);
}

/* What the address says of the dialect, NULL when it is none of ours.  Recordings of a provider
 * that is compiled in are read by its own rules. */
static const struct xd_dialect *
dialect_of(struct arena *a, struct str dir, struct str uri)
{
    for (size_t i = 0; i < uri.n; i++)
        if (uri.p[i] == '?' || uri.p[i] == '#')
            uri.n = i;
    const struct xd_dialect *own = wire_provider(a, dir);
    if (own && answers_at(a, own, path_of(own->base_url), uri))
        return own;
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        if (!(*d)->provider && (!own || strcmp(own->family, (*d)->family) != 0 || !is_one_word(*d))
            && answers_at(a, *d, is_one_word(*d) ? STR("/v1") : STR(""), uri))
            return *d;
    return NULL;
}

/* The operation that an address asks of a dialect, by what stands before the dialect's paths. */
static bool
asks_at_front(const struct xd_dialect *d, struct str path, struct str query, struct xd_asked *asked)
{
    for (; path.n; path = str_skip(path, 1))
        for (unsigned i = 0; *path.p == '/' && i < d->nfronts; i++)
            if (d->fronts[i].n && str_starts(path, d->fronts[i])
                && xd_path_read(d, str_skip(path, d->fronts[i].n), query, asked))
                return true;
    return false;
}

/* The version that an address has: "v2" of "/v2beta/chat"; absent when there is none. */
static struct str
version_in(struct str address)
{
    for (; address.n > 2; address = str_skip(address, 1)) {
        size_t n = 2;
        if (!str_starts(address, STR("/v")) || address.p[2] < '0' || address.p[2] > '9')
            continue;
        while (n < address.n && address.p[n] >= '0' && address.p[n] <= '9')
            n++;
        return str_make(address.p + 1, n - 1);
    }
    return (struct str){ NULL, 0 };
}

/* An older or newer version of an API is another one. */
static bool
is_version_of(const struct xd_dialect *provider, struct str path)
{
    struct str ours = version_in(provider->base_url), theirs = version_in(path);
    return !ours.n || !theirs.n || str_eq(ours, theirs);
}

static bool
needs_no_front(const struct xd_dialect *d)
{
    for (unsigned i = 0; i < d->nfronts; i++)
        if (d->fronts[i].n == 0)
            return true;
    return d->nfronts == 0;
}

static bool
serves(const struct xd_dialect *d, struct str model)
{
    for (unsigned i = 0; i < d->nmodels; i++)
        if (str_glob(d->models[i], model))
            return true;
    return false;
}

/* Another provider of the family, or at the same address, that has the path for just this model. */
static const struct xd_dialect *
sibling_at(const struct xd_dialect *of, struct str uri, struct str query, struct xd_asked *asked)
{
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        if ((*d)->provider
            && (strcmp((*d)->family, of->family) == 0 || str_eq((*d)->base_url, of->base_url))
            && xd_path_find(*d, uri, query, asked) && serves(*d, asked->model))
            return *d;
    return NULL;
}

/* As dialect_of, with the spec's own paths: first by the provider, then by fronts, then by paths. */
static const struct xd_dialect *
dialect_at(struct arena *a, struct str dir, struct str uri, struct xd_asked *asked)
{
    const char *note = uri.n ? memchr(uri.p, '#', uri.n) : NULL; /* of who recorded it */
    if (note)
        uri.n = (size_t)(note - uri.p);
    const char *mark = uri.n ? memchr(uri.p, '?', uri.n) : NULL;
    struct str query = mark ? str_skip(uri, (size_t)(mark - uri.p) + 1) : STR("");
    if (mark)
        uri.n = (size_t)(mark - uri.p);
    const struct xd_dialect *provider = wire_provider(a, dir);
    if (provider && is_version_of(provider, uri) && xd_path_find(provider, uri, query, asked))
        return provider;
    provider = provider ? sibling_at(provider, uri, query, asked) : NULL;
    if (provider)
        return provider;
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        if (!(*d)->provider && asks_at_front(*d, uri, query, asked))
            return *d;
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        if (!(*d)->provider && needs_no_front(*d) && xd_path_find(*d, uri, query, asked))
            return *d;
    return NULL;
}

static struct str
child(struct arena *a, const char *dir, const char *name)
{
    return wire_file(a, arena_printf(a, "%s/%s", dir, name).p);
}

enum known_by {
    KNOWN_BY_ENDING,
    KNOWN_BY_ADDRESS,
    KNOWN_BY_OPERATION, /* by its address, too, but what is no chat */
};

static bool
is_wanted(enum known_by by, const struct xd_asked *asked)
{
    if (by == KNOWN_BY_ENDING)
        return true;
    return (asked->op->kind == XD_OP_CHAT) == (by == KNOWN_BY_ADDRESS) && !asked->op->passes;
}

static void
read_reply(struct arena *a, const char *path, struct wire_item *item)
{
    static const char *const streams[] = { "response.sse", "response.ndjson",
                                           "response.eventstream" };
    item->stream = true;
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        if ((item->reply = child(a, path, streams[i])).p)
            return;
    item->stream = item->asked.stream == IR_TRUE && item->status < 400;
    item->reply = child(a, path, "response.json");
}

/* False when the directory is no such exchange. */
static bool
read_item(struct arena *a, const char *path, enum known_by by, struct wire_item *item)
{
    struct json_doc doc;
    struct fault fault;
    int64_t status = 0;
    struct str meta = child(a, path, "meta.json");
    json_doc_init(&doc);
    bool ok = meta.p && json_doc_parse(&doc, meta, &fault) == ERR_OK;
    uint32_t uri = ok ? json_member(&doc, JSON_ROOT, STR("uri")) : 0;
    uint32_t code = ok ? json_member(&doc, JSON_ROOT, STR("status")) : 0;
    if (uri && by == KNOWN_BY_ENDING)
        item->dialect = dialect_of(a, item->dir, json_text(&doc, uri, a));
    else if (uri)
        item->dialect = dialect_at(a, item->dir, json_text(&doc, uri, a), &item->asked);
    ok = item->dialect && code && json_int(&doc, code, &status) && is_wanted(by, &item->asked);
    item->status = (int)status;
    json_doc_fini(&doc);
    item->request = child(a, path, "request.json");
    read_reply(a, path, item);
    return ok;
}

static int
visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

/* The names in a directory, in order; the caller frees each and the list. */
static int
list(const char *path, struct dirent ***names)
{
    int n = scandir(path, names, visible, alphasort);
    return n < 0 ? 0 : n;
}

static size_t
walk_dir(const char *path, const char *dir, enum known_by by, wire_fn *fn, void *ctx)
{
    struct dirent **names;
    struct arena a;
    size_t count = 0;
    int n = list(path, &names);
    arena_init(&a, ITEM_BYTES_MAX);
    for (int i = 0; i < n; i++) {
        const char *sub = arena_printf(&a, "%s/%s", path, names[i]->d_name).p;
        struct wire_item item = { .dir = str_from(dir),
                                  .id = arena_printf(&a, "%s/%s", dir, names[i]->d_name) };
        if (read_item(&a, sub, by, &item)) {
            fn(ctx, &item);
            count++;
        }
        arena_reset(&a);
        free(names[i]);
    }
    if (n)
        free(names);
    arena_fini(&a);
    return count;
}

static size_t
walk(enum known_by by, wire_fn *fn, void *ctx)
{
    struct dirent **names;
    char top[4096], path[8192];
    size_t count = 0;
    snprintf(top, sizeof top, "%s/recorded", root());
    int n = list(top, &names);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", top, names[i]->d_name);
        count += walk_dir(path, names[i]->d_name, by, fn, ctx);
        free(names[i]);
    }
    if (n)
        free(names);
    return count;
}

size_t
wire_each(wire_fn *fn, void *ctx)
{
    return walk(KNOWN_BY_ENDING, fn, ctx);
}

size_t
wire_each_address(wire_fn *fn, void *ctx)
{
    return walk(KNOWN_BY_ADDRESS, fn, ctx);
}

size_t
wire_each_operation(wire_fn *fn, void *ctx)
{
    return walk(KNOWN_BY_OPERATION, fn, ctx);
}
