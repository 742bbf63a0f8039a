/* Which dialect a client speaks. */
#include "tests/unit/test_gateway_rig.h"

#include "runtime/xd/registry.h"
#include "server/gateway/front.h"

static const struct str usual[] = { STR_INIT("/v1"), STR_INIT("") };

/* The n-th front of a dialect, absent behind the last. */
static struct str
front_at(const struct xd_dialect *d, unsigned n)
{
    const struct str none = { NULL, 0 };
    if (d->nfronts)
        return n < d->nfronts ? d->fronts[n] : none;
    return n < 2 ? usual[n] : none;
}

/* A path of an operation as a client would write it, with what stands before it. */
static struct str
make_path(char (*to)[300], struct str before, struct str front, struct str path)
{
    struct buf b;
    buf_init(&b, sizeof *to);
    buf_puts(&b, before);
    buf_puts(&b, front);
    xd_address_fill(&b, path, xd_address_place(path), STR("a/b:c"));
    memcpy(*to, b.p, b.n);
    size_t n = b.n;
    buf_fini(&b);
    return str_make(*to, n);
}

/* The first dialect that has an operation with this path. */
static const struct xd_op *
first_with(struct str method, struct str path)
{
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        for (unsigned i = 0; i < (*d)->nops && !(*d)->provider; i++)
            for (unsigned n = 0; front_at(*d, n).p; n++) {
                char room[300];
                struct str own = make_path(&room, STR(""), front_at(*d, n), (*d)->ops[i].path);
                if (str_eq(own, path) && str_eq((*d)->ops[i].method, method))
                    return &(*d)->ops[i];
            }
    return NULL;
}

static void
every_operation_of_a_dialect_has_its_path_behind_each_front(void **state)
{
    (void)state;
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        for (unsigned i = 0; i < (*d)->nops && !(*d)->provider; i++)
            for (unsigned n = 0; front_at(*d, n).p; n++) {
                const struct xd_op *op = &(*d)->ops[i];
                char room[300];
                struct str path = make_path(&room, STR(""), front_at(*d, n), op->path);
                struct front f = front_of_request(op->method, path, STR(""));
                assert_ptr_equal(f.op, first_with(op->method, path));
                assert_int_equal(f.asked.model.n > 0, xd_address_has(op->path, STR("model")));
                assert_int_equal(f.asked.id.n > 0, xd_address_has(op->path, STR("id")));
            }
}

static void
paths_of_streams_say_that_a_stream_is_wanted(void **state)
{
    (void)state;
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        for (unsigned i = 0; i < (*d)->nops && !(*d)->provider; i++)
            for (unsigned k = 0; k < (*d)->ops[i].nstreamed; k++) {
                const struct xd_path *streamed = &(*d)->ops[i].streamed[k];
                char room[300];
                struct str path = make_path(&room, STR(""), front_at(*d, 0), streamed->path);
                struct front f = front_of_path(path, streamed->query);
                assert_ptr_equal(f.dialect, *d);
                assert_int_equal(f.asked.stream, IR_TRUE);
                assert_int_equal(f.asked.framing, streamed->framing);
            }
}

static void
a_vendor_before_the_path_tells_dialects_with_the_same_path_apart(void **state)
{
    (void)state;
    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        for (unsigned i = 0; i < (*d)->nops && !(*d)->provider; i++) {
            const char *name = (*d)->name;
            char room[300], vendor[100];
            snprintf(vendor, sizeof vendor, "/%.*s", (int)strcspn(name, "."), name);
            struct str path = make_path(&room, str_from(vendor), front_at(*d, 0),
                                        (*d)->ops[i].path);
            struct front f = front_of_request((*d)->ops[i].method, path, STR(""));
            assert_ptr_equal(f.dialect, *d);
            assert_ptr_equal(f.op, &(*d)->ops[i]);
            room[1] = '.';
            assert_null(front_of_path(path, STR("")).dialect);
        }
    }
}

static void
other_paths_have_no_front(void **state)
{
    static const char *const paths[] = {
        "",         "/",       "/v1", "/v1/", "/v2/messages", "/v1/messages/", "/v1/v1/messages",
        "/v1/chat", "messages"
    };
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        assert_null(front_of_path(str_from(paths[i]), STR("")).dialect);
}

static void
the_constant_headers_of_a_dialect_tell_it(void **state)
{
    (void)state;
    const struct xd_dialect *plain = front_of_headers(&(struct http_head){ .n_headers = 0 });
    assert_false(plain->provider);
    assert_string_equal(plain->name, "openai.chat");
    for (unsigned i = 0; i < plain->nops; i++)
        assert_int_equal(plain->ops[i].nheaders, 0);
    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        struct http_header h = { STR("x-other"), STR("1") };
        if ((*d)->provider || (*d)->nops == 0 || (*d)->ops[0].nheaders != 1)
            continue;
        const struct http_head head = { .headers = &h, .n_headers = 1 };
        assert_ptr_equal(front_of_headers(&head), plain);
        h.name = (*d)->ops[0].headers[0].name;
        assert_ptr_equal(front_of_headers(&head), *d);
    }
}

static void
the_header_of_a_key_tells_a_dialect_where_nothing_else_does(void **state)
{
    struct http_header h[] = { { STR("x-goog-api-key"), STR("k") },
                               { STR("anthropic-version"), STR("1") } };
    struct http_head head = { .path = STR("/v1/models"), .headers = h, .n_headers = 1 };
    struct str name = STR("?");
    (void)state;
    assert_string_equal(front_of_headers(&head)->name, "google.generate");
    assert_string_equal(front_of_list(&head, &name)->name, "google.generate");
    assert_null(name.p);
    head.n_headers = 2;
    assert_string_equal(front_of_headers(&head)->name, "anthropic.messages");
}

static void
lists_of_models_have_a_dialect_and_perhaps_a_name(void **state)
{
    static const struct {
        const char *path, *dialect, *name;
    } cases[] = {
        { "/v1/models", "openai.chat", NULL },
        { "/models", "openai.chat", NULL },
        { "/v1/models/a%2Fb", "openai.chat", "a%2Fb" },
        { "/v1/models/a/b", "openai.chat", "a/b" },
        { "/v1/models/", NULL, NULL },
        { "/v1/modelsa", NULL, NULL },
        { "/v1beta/models/a", "google.generate", "a" },
        { "/cohere/v1/models/a", "cohere.chat", "a" },
        { "/cohere/v2/models", NULL, NULL },
        { "/api/tags", "ollama.chat", NULL },
        { "/anthropic/v1/models", "anthropic.messages", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct http_head head = { .path = str_from(cases[i].path) };
        struct str name = { NULL, 0 };
        const struct xd_dialect *d = front_of_list(&head, &name);
        if (!cases[i].dialect) {
            assert_null(d);
            continue;
        }
        assert_non_null(d);
        assert_string_equal(d->name, cases[i].dialect);
        assert_true(cases[i].name ? str_is(name, cases[i].name) : !name.p);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_of_a_dialect_has_its_path_behind_each_front),
        cmocka_unit_test(paths_of_streams_say_that_a_stream_is_wanted),
        cmocka_unit_test(a_vendor_before_the_path_tells_dialects_with_the_same_path_apart),
        cmocka_unit_test(other_paths_have_no_front),
        cmocka_unit_test(the_constant_headers_of_a_dialect_tell_it),
        cmocka_unit_test(the_header_of_a_key_tells_a_dialect_where_nothing_else_does),
        cmocka_unit_test(lists_of_models_have_a_dialect_and_perhaps_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
