/* What passes says what it cost, whole and in events, in the names of each maker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/xd/registry.h"
#include "server/gateway/bill.h"

static void
costs(enum xd_op_kind kind, const char *type, const char *body, int64_t input, int64_t output,
      int64_t audio)
{
    const struct xd_dialect *d = xd_find(STR("openai.chat"));
    struct str s = str_from(body);
    for (size_t split = 0; split <= s.n; split += 7) {
        struct arena a;
        arena_init(&a, 1 << 20);
        struct bill *b = bill_open(d, xd_op(d, kind), str_from(type), &a);
        assert_non_null(b);
        bill_feed(b, str_make(s.p, split));
        bill_feed(b, str_skip(s, split));
        struct ir_usage u = bill_read(b, &a);
        assert_int_equal(u.set, input >= 0);
        if (u.set) {
            assert_int_equal(u.input.v, input);
            assert_int_equal(u.output.v, output);
            assert_int_equal(u.audio_in.v, audio);
        }
        arena_fini(&a);
    }
}

static void
usage_is_read_whatever_its_names(void **state)
{
    static const char json[] = "application/json; charset=utf-8", events[] = "text/event-stream";
    (void)state;
    costs(XD_OP_IMAGES, json,
          "{\"data\":[{\"b64_json\":\"AAAA\"}],\"usage\":{\"input_tokens\":9,\"output_tokens\":100,"
          "\"input_tokens_details\":{\"text_tokens\":9,\"image_tokens\":0}}}",
          9, 100, 0);
    costs(XD_OP_TRANSCRIPTIONS, json,
          "{\"text\":\"a\",\"usage\":{\"type\":\"tokens\",\"input_tokens\":14,\"output_tokens\":4,"
          "\"input_token_details\":{\"audio_tokens\":13,\"text_tokens\":1}}}",
          14, 4, 13);
    costs(XD_OP_MODERATIONS, json, "{\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":0}}", 3,
          0, 0);
    costs(
        XD_OP_SPEECH, events,
        "data: {\"type\":\"speech.audio.delta\",\"audio\":\"AAAA\"}\n\n"
        "data: {\"type\":\"speech.audio.done\",\"usage\":{\"input_tokens\":5,\"output_tokens\":6}}\n\n",
        5, 6, 0);
    costs(XD_OP_TRANSCRIPTIONS, json, "{\"usage\":{\"type\":\"duration\",\"seconds\":9}}", -1, 0,
          0);
    costs(XD_OP_IMAGES, json, "{\"data\":[]}", -1, 0, 0);
    costs(XD_OP_IMAGES, json, "{\"usage\":7}", -1, 0, 0);
    costs(XD_OP_IMAGES, json, "<html>", -1, 0, 0);
}

static void
sounds_and_silent_operations_have_no_bill(void **state)
{
    const struct xd_dialect *d = xd_find(STR("openai.chat"));
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    assert_null(bill_open(d, xd_op(d, XD_OP_SPEECH), STR("audio/mpeg"), &a));
    assert_null(bill_open(d, xd_op(d, XD_OP_CHAT), STR("application/json"), &a));
    arena_fini(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usage_is_read_whatever_its_names),
        cmocka_unit_test(sounds_and_silent_operations_have_no_bill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
