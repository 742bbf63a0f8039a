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
#include "runtime/xd/translate.h"
#include "tests/corpus/carry.h"
#include "tests/corpus/meaning.h"
#include "tests/corpus/verdict.h"
#include "tests/corpus/wire.h"

#define ITEMS_MAX       4096u
#define ARENA_BYTES_MAX ((size_t)1 << 30)
#define OUT_BYTES_MAX   ((size_t)64 << 20)

struct sample {
    struct str id;
    struct str label; /* of the conversation, without the provider */
    const struct xd_dialect *dialect;
    struct str request;
    unsigned passes;
};

struct samples {
    struct arena arena;
    struct buf scratch;
    struct sample v[ITEMS_MAX];
    unsigned n;
};

/* "…/test_matrix[direct-url-image-somebody].yaml" -> "…/test_matrix[direct-url-image"; absent for
 * what is no conversation held with several providers. */
static struct str
label_of(struct arena *a, struct str id)
{
    const char *path = arena_printf(a, "recorded/%.*s/meta.json", STR_ARG(id)).p;
    struct str meta = wire_file(a, wire_path(a, path));
    struct json_doc d;
    json_doc_init(&d);
    struct str label = { NULL, 0 };
    if (meta.p && json_doc_parse(&d, meta, NULL) == ERR_OK) {
        uint32_t file = json_member(&d, JSON_ROOT, STR("file"));
        label = file ? arena_str(a, json_text(&d, file, a)) : label;
    }
    json_doc_fini(&d);
    bool bracket = false;
    for (size_t i = 0; i < label.n; i++)
        bracket = bracket || label.p[i] == '[';
    while (bracket && label.n && label.p[label.n - 1] != '-' && label.p[label.n - 1] != '[')
        label.n--;
    return bracket && label.n && label.p[label.n - 1] == '-' ? label : (struct str){ NULL, 0 };
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
    struct str label = label_of(&s->arena, arena_str(&s->arena, item->id));
    struct ir_request m;
    if (!label.p || is_uploaded(label) || !item->request.p || s->n == ITEMS_MAX)
        return;
    struct str body = arena_str(&s->arena, item->request);
    if (read_request(&s->arena, item->dialect, body, &m))
        return;
    s->v[s->n++] = (struct sample){ .id = arena_str(&s->arena, item->id),
                                    .label = label,
                                    .dialect = item->dialect,
                                    .request = body,
                                    .passes = meaning_write(&s->scratch, &m) };
    buf_clear(&s->scratch);
}

static void
meaning_of(struct arena *a, const struct xd_dialect *d, struct str body, struct buf *out)
{
    struct ir_request m;
    buf_clear(out);
    assert_int_equal(read_request(a, d, body, &m), ERR_OK);
    (void)meaning_write(out, &m);
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
    unsigned lost = 0;
    arena_init(&a, ARENA_BYTES_MAX);
    buf_init(&out, OUT_BYTES_MAX);
    buf_init(&is, OUT_BYTES_MAX);
    buf_init(&want, OUT_BYTES_MAX);
    if (carry_request(from->dialect, to->dialect, from->request, &out, &lost, &f)) {
        verdict_offence(v, from->id, "across", "to %s: %s %s", to->dialect->name, f.path, f.text);
    } else {
        meaning_of(&a, to->dialect, buf_str(&out), &is);
        meaning_of(&a, to->dialect, to->request, &want);
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
            bool pair = i != k && str_eq(from->label, to->label) && from->passes == to->passes
                        && strcmp(from->dialect->family, to->dialect->family) != 0;
            if (pair)
                compare(&v, from, to);
            pairs += pair;
        }
    printf("# across: %u recordings of shared conversations, %u pairs of dialects\n", s->n, pairs);
    assert_true(pairs > 0);
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
