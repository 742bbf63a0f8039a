/* What the first bytes of a stream show, however they are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/xd/overture.h"
#include "runtime/xd/registry.h"

static const struct {
    const char *dialect, *bytes;
    bool ended;
    enum overture is;
    const char *message;
} rows[] = {
    { "openai.chat", "", false, OVERTURE_OPEN, NULL },
    { "openai.chat", " \r\n\n", false, OVERTURE_OPEN, NULL },
    { "openai.chat", ": PROCESSING\n\n: PROCESSING\n\n", false, OVERTURE_OPEN, NULL },
    { "openai.chat", ": one\n\ndata: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"ro",
      false, OVERTURE_OPEN, NULL },
    /* Some say who will speak before they know whether anybody can. */
    { "openai.chat",
      ": one\n\ndata: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
      false, OVERTURE_OPEN, NULL },
    { "openai.chat",
      ": one\n\ndata: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"a\"}}]}\n\n",
      false, OVERTURE_BEGUN, NULL },
    { "openai.chat", "data: {\"error\":{\"message\":\"too busy\",\"type\":\"server_error\"}}\n\n",
      false, OVERTURE_FAILED, "too busy" },
    { "openai.chat", ": one\n\n", true, OVERTURE_FAILED, NULL },
    { "anthropic.messages", "event: ping\ndata: {\"type\":\"ping\"}\n\n", false, OVERTURE_OPEN,
      NULL },
    { "anthropic.messages",
      "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"too busy\"}}\n\n",
      false, OVERTURE_FAILED, "too busy" },
    { "anthropic.messages",
      "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":"
      "\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\n",
      false, OVERTURE_BEGUN, NULL },
    { "anthropic.messages",
      "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":"
      "\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\n"
      "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"too busy\"}}\n\n",
      false, OVERTURE_FAILED, "too busy" },
    { "google.generate",
      "data: {\"candidates\":[{\"index\":0,\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}\r\n\r\n",
      false, OVERTURE_BEGUN, NULL },
};

static enum overture
judge(size_t row, size_t n, bool ended, struct arena *a, struct ir_error *e)
{
    return overture_of(xd_find(str_from(rows[row].dialect)), XD_OP_CHAT,
                       str_make(rows[row].bytes, n), ended, a, e);
}

static void
first_bytes_show_what_they_show(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ir_error e = { .set = false };
        struct arena a;
        arena_init(&a, 1u << 20);
        enum overture is = judge(i, strlen(rows[i].bytes), rows[i].ended, &a, &e);
        if (is != rows[i].is)
            fail_msg("row %zu: %d", i, (int)is);
        assert_int_equal(e.set, is == OVERTURE_FAILED);
        if (rows[i].message && !str_is(e.message, rows[i].message))
            fail_msg("row %zu: %.*s", i, STR_ARG(e.message));
        arena_fini(&a);
    }
}

/* Nothing is said before the bytes that say it have come. */
static void
no_part_of_them_shows_something_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t n = 0; n <= strlen(rows[i].bytes); n++) {
            struct ir_error e = { .set = false };
            struct arena a;
            arena_init(&a, 1u << 20);
            enum overture is = judge(i, n, false, &a, &e);
            if (is != OVERTURE_OPEN && is != rows[i].is
                && !(is == OVERTURE_BEGUN && rows[i].is == OVERTURE_FAILED))
                fail_msg("row %zu at %zu: %d", i, n, (int)is);
            arena_fini(&a);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_bytes_show_what_they_show),
        cmocka_unit_test(no_part_of_them_shows_something_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
