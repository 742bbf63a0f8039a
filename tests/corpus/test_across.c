/* The same conversation recorded with several providers: what we make of one recording in another's
 * dialect means what the other's own recording means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/json/doc.h"
#include "runtime/xd/policy.h"
#include "runtime/xd/translate.h"
#include "tests/corpus/meaning.h"
#include "tests/corpus/verdict.h"
#include "tests/corpus/wire.h"

#define ITEMS_MAX       4096u
#define WAYS_MAX        100u
#define NAME_MIN        5u /* of a model */
#define ARENA_BYTES_MAX ((size_t)1 << 30)
#define OUT_BYTES_MAX   ((size_t)64 << 20)

struct sample {
    struct str id;
    struct str label; /* of the conversation, without the provider */
    const struct xd_dialect *dialect;
    struct str request, model; /* the model may stand in the address */
    unsigned told;
};

/* How many were carried from one dialect to another. */
struct way {
    const char *from, *to;
    unsigned n;
};

struct samples {
    struct arena arena;
    struct buf scratch;
    struct sample v[ITEMS_MAX];
    unsigned n;
    struct way ways[WAYS_MAX];
    unsigned nways;
};

static void
tally(struct samples *s, const char *from, const char *to)
{
    unsigned i = 0;
    while (i < s->nways && (strcmp(s->ways[i].from, from) != 0 || strcmp(s->ways[i].to, to) != 0))
        i++;
    assert_true(i < WAYS_MAX);
    s->nways += i == s->nways;
    s->ways[i] = (struct way){ from, to, s->ways[i].n + 1 };
}

/* "…/test_matrix[direct-url-image-somebody].yaml" -> "…/test_matrix[direct-url-image" */
static struct str
label_of_matrix(struct str file)
{
    if (!memchr(file.p, '[', file.n))
        return (struct str){ NULL, 0 };
    while (file.n && file.p[file.n - 1] != '-' && file.p[file.n - 1] != '[')
        file.n--;
    return file.n && file.p[file.n - 1] == '-' ? file : (struct str){ NULL, 0 };
}

/* A model's name as file names have it: "a.b-1:0" -> "a_b-1_0". */
static struct str
slug(struct arena *a, struct str model)
{
    char *p = arena_bytes(a, model.n);
    for (size_t i = 0; i < model.n; i++) {
        char c = model.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        p[i] = plain || c == '-' ? c : '_';
    }
    return str_make(p, model.n);
}

/* Where a model is named in a file's name, if need be without its date ("-20251001...") and what stands before it
 * ("us_maker_"); *name becomes what was found. */
static const char *
find_name(struct str file, struct str *name)
{
    const char *date = name->n ? memmem(name->p, name->n, "-20", 3) : NULL;
    struct str whole = *name, dateless = str_make(name->p, date ? (size_t)(date - name->p) : 0);
    for (unsigned i = 0; i < 2; i++) {
        struct str rest = i ? dateless : whole;
        while (rest.n >= NAME_MIN) {
            const char *at = memmem(file.p, file.n, rest.p, rest.n);
            const char *next = memchr(rest.p, '_', rest.n);
            *name = rest;
            if (at)
                return at;
            rest = next ? str_skip(rest, (size_t)(next + 1 - rest.p)) : STR("");
        }
    }
    return NULL;
}

/* "…/chat_calls_somebody_a-model_can_call.yml" -> "chat_calls__can_call.yml": without whom it was held with. */
static struct str
label_of_model(struct arena *a, struct str file, struct str model)
{
    struct str name = slug(a, model);
    const char *slash = file.n ? memrchr(file.p, '/', file.n) : NULL;
    if (slash)
        file = str_skip(file, (size_t)(slash + 1 - file.p));
    const char *at = find_name(file, &name);
    size_t n = at ? (size_t)(at - file.p) : 0, rest = n + name.n;
    if (n < 2 || file.p[n - 1] != '_')
        return (struct str){ NULL, 0 };
    n--;
    while (n && file.p[n - 1] != '_')
        n--;
    return n ? arena_printf(a, "%.*s%.*s", (int)n, file.p, STR_ARG(str_skip(file, rest)))
             : (struct str){ NULL, 0 };
}

/* What the conversation is called, whoever it is held with; absent when it was held with one alone. */
static struct str
label_of(struct arena *a, struct str id, struct str model)
{
    const char *path = arena_printf(a, "recorded/%.*s/meta.json", STR_ARG(id)).p;
    struct str meta = wire_file(a, wire_path(a, path)), file = { NULL, 0 };
    struct json_doc d;
    json_doc_init(&d);
    if (meta.p && json_doc_parse(&d, meta, NULL) == ERR_OK) {
        uint32_t at = json_member(&d, JSON_ROOT, STR("file"));
        file = at ? arena_str(a, json_text(&d, at, a)) : file;
    }
    json_doc_fini(&d);
    struct str label = file.n ? label_of_matrix(file) : file;
    return file.n && !label.n ? label_of_model(a, file, model) : label;
}

/* What was uploaded to one provider is known to that one alone: each recording has something else in
 * its place. */
static bool
is_uploaded(struct str label)
{
    static const struct str word = STR_INIT("uploaded_file");
    for (; label.n >= word.n; label = str_skip(label, 1))
        if (str_starts(label, word))
            return true;
    return false;
}

static enum err
read_request(struct arena *a, const struct xd_dialect *d, struct str body, struct ir_request *m)
{
    struct xd x;
    xd_init(&x, d, XD_OP_CHAT, a, NULL);
    enum err err = xd_request_read(&x, arena_str(a, body), m);
    xd_fini(&x);
    return err;
}

static void
gather(void *ctx, const struct wire_item *item)
{
    struct samples *s = ctx;
    struct xd_ask ask = { .kind = XD_OP_CHAT };
    if (!item->request.p || item->status / 100 != 2 || s->n == ITEMS_MAX)
        return;
    struct str body = arena_str(&s->arena, item->request);
    if (read_request(&s->arena, item->dialect, body, &ask.chat))
        return;
    xd_asked_tell(&item->asked, &s->arena, &ask);
    struct str label = label_of(&s->arena, arena_str(&s->arena, item->id), ask.chat.model);
    if (!label.p || is_uploaded(label))
        return;
    s->v[s->n++] = (struct sample){ .id = arena_str(&s->arena, item->id),
                                    .label = label,
                                    .dialect = item->dialect,
                                    .request = body,
                                    .model = arena_str(&s->arena, ask.chat.model),
                                    .told = meaning_write(&s->scratch, &ask.chat) };
    buf_clear(&s->scratch);
}

/* What cannot be read means nothing. */
static void
meaning_of(struct arena *a, const struct xd_dialect *d, struct str body, unsigned told,
           struct buf *out)
{
    struct ir_request m;
    buf_clear(out);
    if (read_request(a, d, body, &m)) {
        buf_printf(out, "unreadable: %.*s\n", STR_ARG(body));
        return;
    }
    meaning_cut(&m, told);
    (void)meaning_write(out, &m);
}

/* The conversation so far, in the dialect of another. */
static enum err
carry_cut(struct arena *a, const struct sample *from, const struct xd_dialect *to, unsigned told,
          struct buf *out, struct fault *f)
{
    struct ir_request m, ready;
    struct xd w;
    assert_int_equal(read_request(a, from->dialect, from->request, &m), ERR_OK);
    m.model = from->model;
    meaning_cut(&m, told);
    xd_init(&w, to, XD_OP_CHAT, a, out);
    enum err err = xd_prepare(&w, &m, NULL, &ready);
    if (!err)
        err = xd_request_write(&w, &ready);
    *f = w.fault;
    xd_fini(&w);
    return err;
}

/* The first line in which two texts differ. */
static struct str
line_at(const struct buf *b, size_t at)
{
    size_t from = at, to = at;
    while (from > 0 && b->p[from - 1] != '\n')
        from--;
    while (to < b->n && b->p[to] != '\n' && to - from < 160)
        to++;
    return str_make(b->p + from, to - from);
}

static void
compare(struct verdict *v, const struct sample *from, const struct sample *to)
{
    struct arena a;
    struct buf out, is, want;
    struct fault f = { 0 };
    unsigned told = from->told < to->told ? from->told : to->told;
    arena_init(&a, ARENA_BYTES_MAX);
    buf_init(&out, OUT_BYTES_MAX);
    buf_init(&is, OUT_BYTES_MAX);
    buf_init(&want, OUT_BYTES_MAX);
    if (carry_cut(&a, from, to->dialect, told, &out, &f)) {
        verdict_offence(v, from->id, "across", "to %s: %s %s", to->dialect->name, f.path, f.text);
    } else {
        meaning_of(&a, to->dialect, buf_str(&out), told, &is);
        meaning_of(&a, to->dialect, to->request, told, &want);
        size_t n = 0;
        while (n < is.n && n < want.n && is.p[n] == want.p[n])
            n++;
        if (n < is.n || n < want.n)
            verdict_offence(v, from->id, "across", "as %.*s: \"%.*s\", not \"%.*s\"",
                            STR_ARG(to->id), STR_ARG(line_at(&is, n)), STR_ARG(line_at(&want, n)));
    }
    buf_fini(&out);
    buf_fini(&is);
    buf_fini(&want);
    arena_fini(&a);
}

static void
one_recording_means_what_another_providers_means(void **state)
{
    (void)state;
    WIRE_REQUIRE();
    static const char *const checks[] = { "across", NULL };
    struct samples *s = calloc(1, sizeof *s);
    struct verdict v;
    unsigned pairs = 0;
    verdict_init(&v, checks);
    arena_init(&s->arena, ARENA_BYTES_MAX);
    buf_init(&s->scratch, OUT_BYTES_MAX);
    wire_each_address(gather, s);
    for (unsigned i = 0; i < s->n; i++)
        for (unsigned k = 0; k < s->n; k++) {
            const struct sample *from = &s->v[i], *to = &s->v[k];
            bool pair = i != k && str_eq(from->label, to->label)
                        && strcmp(from->dialect->family, to->dialect->family) != 0;
            if (!pair)
                continue;
            compare(&v, from, to);
            tally(s, from->dialect->family, to->dialect->family);
            pairs++;
        }
    for (unsigned i = 0; i < s->nways; i++)
        printf("# %-18s as %-18s %3u\n", s->ways[i].from, s->ways[i].to, s->ways[i].n);
    printf("# across: %u recordings of shared conversations, %u pairs in %u pairs of dialects\n",
           s->n, pairs, s->nways);
    assert_true(pairs >= 200);
    arena_fini(&s->arena);
    buf_fini(&s->scratch);
    free(s);
    assert_int_equal(verdict_close(&v, "across"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_recording_means_what_another_providers_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
