/* Which dialect a client speaks. */
#include "tests/unit/test_gateway_rig.h"

#include "runtime/xd/registry.h"
#include "server/gateway/front.h"

/* The first dialect that has an operation with this path. */
static const struct xd_dialect *
first_with(struct str path)
{
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        for (unsigned i = 0; i < (*d)->nops && !(*d)->provider; i++)
            if (str_eq((*d)->ops[i].path, path))
                return *d;
    return NULL;
}

static void
every_operation_of_a_dialect_has_its_path_with_and_without_the_version(void **state)
{
    (void)state;
    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        for (unsigned i = 0; i < (*d)->nops && !(*d)->provider; i++) {
            char path[200];
            snprintf(path, sizeof path, "/v1%.*s", STR_ARG((*d)->ops[i].path));
            struct front with = front_of_path(str_from(path)),
                         without = front_of_path((*d)->ops[i].path);
            assert_ptr_equal(with.dialect, first_with((*d)->ops[i].path));
            assert_true(str_eq(with.op->path, (*d)->ops[i].path));
            assert_ptr_equal(without.op, with.op);
        }
    }
}

static void
a_vendor_before_the_path_tells_dialects_with_the_same_path_apart(void **state)
{
    (void)state;
    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        for (unsigned i = 0; i < (*d)->nops && !(*d)->provider; i++) {
            const char *name = (*d)->name;
            char path[200];
            snprintf(path, sizeof path, "/%.*s/v1%.*s", (int)strcspn(name, "."), name,
                     STR_ARG((*d)->ops[i].path));
            assert_ptr_equal(front_of_path(str_from(path)).dialect, *d);
            assert_ptr_equal(front_of_path(str_from(path)).op, &(*d)->ops[i]);
            path[1]++;
            assert_null(front_of_path(str_from(path)).dialect);
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
        assert_null(front_of_path(str_from(paths[i])).dialect);
}

static void
the_constant_headers_of_a_dialect_tell_it(void **state)
{
    (void)state;
    const struct xd_dialect *plain = front_of_headers(&(struct http_head){ .n_headers = 0 });
    assert_false(plain->provider);
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_of_a_dialect_has_its_path_with_and_without_the_version),
        cmocka_unit_test(a_vendor_before_the_path_tells_dialects_with_the_same_path_apart),
        cmocka_unit_test(other_paths_have_no_front),
        cmocka_unit_test(the_constant_headers_of_a_dialect_tell_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
