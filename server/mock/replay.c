/* Recordings in memory. */
#include "server/mock/replay.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/xd/translate.h"
#include "server/config/config.h"
#include "server/mock/seal.h"

#define DEPTH_MAX      6
#define FILE_MAX_BYTES ((size_t)64 << 20)
#define PATH_BYTES     4096

struct mock_replay {
    struct arena arena;
    struct mock_recording *v;
    unsigned n, room;
    _Atomic unsigned next; /* where the search in order goes on */
};

/* What one folder holds while it is read. */
struct loader {
    struct mock_replay *replay;
    struct json_doc doc;
    char path[PATH_BYTES]; /* of the folder or file at hand */
    size_t n;
};

/* --- files --- */

/* The file `name` of the folder, in the arena; absent when it is not there or too large. */
static struct str
read_file(struct loader *l, const char *name)
{
    struct buf content, why;
    struct str s = { NULL, 0 };
    buf_init(&content, FILE_MAX_BYTES);
    buf_init(&why, FAULT_TEXT);
    int n = snprintf(l->path + l->n, sizeof l->path - l->n, "/%s", name);
    if (l->n + (size_t)n < sizeof l->path && config_world_file(NULL, l->path, &content, &why))
        s = arena_str(&l->replay->arena, buf_str(&content));
    l->path[l->n] = '\0';
    buf_fini(&content);
    buf_fini(&why);
    return s;
}

static struct str
text_of(struct loader *l, const char *key)
{
    uint32_t m = json_member(&l->doc, JSON_ROOT, str_from(key));
    if (!m || json_kind(&l->doc, m) != JSON_STRING)
        return (struct str){ NULL, 0 };
    return json_text(&l->doc, m, &l->replay->arena);
}

static void
read_headers(struct loader *l, struct mock_recording *r)
{
    uint32_t list = json_member(&l->doc, JSON_ROOT, STR("response_headers"));
    if (!list || json_kind(&l->doc, list) != JSON_OBJECT)
        return;
    for (uint32_t key = list + 1; key < l->doc.nodes[list].next;) {
        uint32_t value = l->doc.nodes[key].next;
        struct http_header *h = &r->headers[r->n_headers];
        key = l->doc.nodes[value].next;
        if (json_kind(&l->doc, value) != JSON_STRING || r->n_headers == MOCK_HEADERS_MAX)
            continue;
        h->name = json_text(&l->doc, value - 1, &l->replay->arena);
        h->value = json_text(&l->doc, value, &l->replay->arena);
        r->n_headers += !str_eq_nocase(h->name, STR("content-encoding"));
    }
}

/* The first operation whose path ends the URI's. */
static bool
find_op(struct str uri, struct mock_route *route)
{
    const char *mark = uri.n ? memchr(uri.p, '?', uri.n) : NULL;
    struct str query = mark ? str_skip(uri, (size_t)(mark - uri.p) + 1) : STR("");
    if (mark)
        uri.n = (size_t)(mark - uri.p);
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        if (!(*d)->provider && xd_path_find(*d, uri, query, &route->asked)) {
            route->dialect = *d;
            route->op = route->asked.op;
            return true;
        }
    return false;
}

/* --- keys --- */

static uint64_t
key_of(const struct ir_request *m)
{
    uint64_t h = mock_seal_hash(m->model);
    const struct ir_turn *t = m->turns.n ? &m->turns.v[m->turns.n - 1] : NULL;
    for (unsigned i = 0; t && i < t->blocks.n; i++)
        if (t->blocks.v[i].kind == IR_BLOCK_TEXT)
            h = h * 31 + mock_seal_hash(str_trim(t->blocks.v[i].text.text));
    return h ? h : 1;
}

static uint64_t
key_of_body(const struct mock_route *route, struct str body)
{
    struct arena a;
    struct xd_ask ask;
    struct xd x;
    arena_init(&a, 64 << 20);
    xd_init_op(&x, route->dialect, route->op, &a, NULL);
    uint64_t key = 0;
    if (route->op->kind == XD_OP_CHAT && xd_ask_read(&x, body, &ask) == ERR_OK) {
        xd_asked_tell(&route->asked, &a, &ask);
        key = key_of(&ask.chat);
    }
    xd_fini(&x);
    arena_fini(&a);
    return key;
}

/* --- folders --- */

static void
read_body(struct loader *l, const struct mock_route *route, struct mock_recording *r)
{
    static const char *const streams[] = { "response.sse", "response.ndjson",
                                           "response.eventstream" };
    const struct xd_dialect *d = route->dialect;
    r->form = MOCK_FORM_STREAM;
    for (size_t i = 0; !r->body.p && i < sizeof streams / sizeof *streams; i++)
        r->body = read_file(l, streams[i]);
    if (!r->body.p) {
        r->body = read_file(l, "response.json");
        if (route->asked.stream != IR_TRUE || r->status >= 400)
            r->form = MOCK_FORM_WHOLE;
    }
    struct str head = str_trim(r->body);
    r->framing = head.n ? framing_of(d->framings, d->framing, head) : d->framing;
}

static void
load_recording(struct loader *l, struct str meta)
{
    struct mock_replay *r = l->replay;
    struct mock_recording new = { .status = 200 };
    struct mock_route route;
    int64_t status;
    if (json_doc_parse(&l->doc, meta, NULL) != ERR_OK
        || json_kind(&l->doc, JSON_ROOT) != JSON_OBJECT || !find_op(text_of(l, "uri"), &route))
        return;
    uint32_t m = json_member(&l->doc, JSON_ROOT, STR("status"));
    if (m && json_kind(&l->doc, m) == JSON_NUMBER && json_int(&l->doc, m, &status))
        new.status = (int)status;
    read_headers(l, &new);
    new.op = route.op;
    new.key = key_of_body(&route, read_file(l, "request.json"));
    read_body(l, &route, &new);
    struct mock_recording *to =
        new.body.p ? arena_push(&r->arena, (void **)&r->v, &r->n, &r->room, sizeof *to) : NULL;
    if (to)
        *to = new;
}

static int
is_visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

/* The folder at l->path and those below. */
static void
load_folder(struct loader *l, unsigned depth)
{
    struct dirent **list;
    struct str meta = read_file(l, "meta.json");
    if (meta.p) {
        load_recording(l, meta);
        return;
    }
    int n = depth < DEPTH_MAX ? scandir(l->path, &list, is_visible, alphasort) : 0;
    for (int i = 0; i < n; i++) {
        size_t before = l->n;
        int more = snprintf(l->path + l->n, sizeof l->path - l->n, "/%s", list[i]->d_name);
        bool folder = list[i]->d_type == DT_DIR || list[i]->d_type == DT_UNKNOWN;
        if (folder && l->n + (size_t)more < sizeof l->path) {
            l->n += (size_t)more;
            load_folder(l, depth + 1);
        }
        l->n = before;
        l->path[l->n] = '\0';
        free(list[i]);
    }
    if (n > 0)
        free(list);
}

struct mock_replay *
mock_replay_load(struct str folder, struct fault *f)
{
    struct loader *l = calloc(1, sizeof *l);
    struct mock_replay *r = calloc(1, sizeof *r);
    if (!l || !r || folder.n >= sizeof l->path) {
        free(l);
        free(r);
        fault_set(f, ERR_LIMIT, 0, "the folder's name is too long, or memory ran out");
        return NULL;
    }
    l->replay = r;
    l->n = folder.n;
    memcpy(l->path, folder.p, folder.n);
    arena_init(&r->arena, MOCK_REPLAY_MAX);
    json_doc_init(&l->doc);
    load_folder(l, 0);
    json_doc_fini(&l->doc);
    free(l);
    if (r->n && !r->arena.full)
        return r;
    fault_set(f, r->n ? ERR_LIMIT : ERR_TYPE, 0,
              r->n ? "%.*s holds more than 1 GiB"
                   : "%.*s holds no recording of a path that is known",
              STR_ARG(folder));
    mock_replay_destroy(r);
    return NULL;
}

void
mock_replay_destroy(struct mock_replay *r)
{
    if (!r)
        return;
    arena_fini(&r->arena);
    free(r);
}

unsigned
mock_replay_count(const struct mock_replay *r)
{
    return r->n;
}

const struct mock_recording *
mock_replay_find(struct mock_replay *r, const struct mock_route *route, const struct ir_request *m)
{
    uint64_t key = key_of(m);
    enum mock_form form = m->stream == IR_TRUE ? MOCK_FORM_STREAM : MOCK_FORM_WHOLE;
    unsigned start = atomic_load(&r->next);
    const struct mock_recording *in_order = NULL;
    for (unsigned i = 0; i < r->n; i++) {
        unsigned at = (start + i) % r->n;
        const struct mock_recording *k = &r->v[at];
        /* An error is recorded whole, whatever was asked for. */
        bool fits = form == MOCK_FORM_STREAM
                        ? k->status >= 400
                              || (k->form == form && k->framing == route->asked.framing)
                        : k->form == form;
        if (!str_eq(k->op->path, route->op->path) || !fits)
            continue;
        if (k->key == key)
            return k;
        if (!in_order)
            in_order = k;
    }
    if (in_order)
        atomic_store(&r->next, ((unsigned)(in_order - r->v) + 1) % r->n);
    return in_order;
}
