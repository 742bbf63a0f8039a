/* The program as its users meet it: run as a process, judged by its exit code, its answer and its
 * complaints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TEXT_MAX 65536
#define ARGS_MAX 16

/* How a run of the program ended. */
struct outcome {
    int code;
    char out[TEXT_MAX], err[TEXT_MAX];
};

/* "build/llmux", of the build that this test belongs to. */
static void
program(char path[4096])
{
    ssize_t n = readlink("/proc/self/exe", path, 4096 - 16);
    assert_true(n > 0);
    path[n] = '\0';
    for (int i = 0; i < 3; i++)
        *strrchr(path, '/') = '\0';
    strcat(path, "/llmux");
}

static FILE *
temporary(const char *content)
{
    FILE *f = tmpfile();
    assert_non_null(f);
    fputs(content, f);
    rewind(f);
    return f;
}

static void
collect(FILE *f, char text[TEXT_MAX])
{
    rewind(f);
    text[fread(text, 1, TEXT_MAX - 1, f)] = '\0';
    fclose(f);
}

/* Run `llmux ARGS` with this on its stdin.  args are words separated by single spaces. */
static struct outcome *
run(const char *args, const char *input)
{
    static struct outcome o;
    char path[4096], words[4096], *argv[ARGS_MAX + 2] = { path };
    FILE *in = temporary(input), *out = temporary(""), *err = temporary("");
    int status, n = 1;
    program(path);
    snprintf(words, sizeof words, "%s", args);
    for (char *w = strtok(words, " "); w && n < ARGS_MAX; w = strtok(NULL, " "))
        argv[n++] = w;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(fileno(in), 0);
        dup2(fileno(out), 1);
        dup2(fileno(err), 2);
        execv(path, argv);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    o.code = WEXITSTATUS(status);
    fclose(in);
    collect(out, o.out);
    collect(err, o.err);
    return &o;
}

/* A file with this content; its name until the next call. */
static const char *
file(const char *content)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/llmux-cli-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
    return path;
}

static void
assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in \"%s\"", part, text);
}

/* --- the command line ------------------------------------------------------------------------- */

static const struct {
    const char *args;
    int code;
    const char *out, *err; /* parts; NULL: nothing may be there */
} lines[] = {
    { "", 2, NULL, "usage: llmux COMMAND" },
    { "--help", 0, "usage: llmux COMMAND", NULL },
    { "--version", 0, "llmux ", NULL },
    { "transalte", 2, NULL, "llmux: no such command: transalte\nhelp: did you mean translate?\n" },
    { "frobnicate", 2, NULL, "help: llmux --help lists the commands\n" },
    { "serve --help", 0, "usage: llmux serve", NULL },
    { "mock --help", 0, "usage: llmux mock", NULL },
    { "check --help", 0, "usage: llmux check -c FILE", NULL },
    { "check", 2, NULL,
      "llmux check: --config FILE is missing\nhelp: llmux check -c FILE [--show]\n" },
    { "check -c", 2, NULL, "llmux check: -c wants a value: -c FILE\n" },
    { "check -c /nowhere.yaml", 1, NULL, "/nowhere.yaml" },
    { "explain --help", 0, "usage: llmux explain -c FILE | --admin URL", NULL },
    { "explain", 2, NULL, "write one of: --config FILE, --admin URL" },
    { "explain -c x --admin http://127.0.0.1:1", 2, NULL, "write one of" },
    { "explain --admin http://127.0.0.1:1 README.md", 1, NULL, "no answer: refused" },
    { "explain -c x --front qqqqqqqqqqqq", 2, NULL, "no such dialect or provider" },
    { "explain -c x --header nothing", 2, NULL, "write \"name: value\": nothing" },
    { "explain -c /nowhere.yaml", 1, NULL, "/nowhere.yaml" },
    { "translate --help", 0, "--kind K    request, reply, stream or error", NULL },
    { "translate --form openai.chat", 2, NULL,
      "no such option: --form\nhelp: did you mean --from?\n" },
    { "translate --from openai.chat --to openai.chat", 2, NULL, "--kind K is missing" },
    { "translate --from openai.chart --to openai.chat --kind reply", 2, NULL,
      "no such dialect or provider: openai.chart\nhelp: did you mean openai.chat?\n" },
    { "translate --from openai.chat --to qqqqqqqqqqqq --kind reply", 2, NULL,
      "help: llmux dialects and llmux providers list them\n" },
    { "translate --from openai.chat --to openai.chat --kind replies", 2, NULL,
      "no such kind: replies\nhelp: did you mean reply?\n" },
    { "translate --from=openai.chat --to=openai.chat --kind=error --status=4o4", 2, NULL,
      "no such HTTP status: 4o4" },
    { "translate --from openai.chat --to openai.chat --kind reply a b", 2, NULL,
      "one operand too many: b" },
    { "translate --from openai.chat --to openai.chat --kind reply /nowhere", 1, NULL,
      "cannot read /nowhere: " },
    { "conform --dialect openai.chat --kind reply", 2, NULL, "an operand is missing" },
    { "conform --dialect openai.chat --kind reply /nowhere", 1, NULL, "cannot read /nowhere: " },
    { "dialects", 0, "anthropic.messages  2023-06-01  sse", NULL },
    { "dialects --jason", 2, NULL, "did you mean --json?" },
    { "providers", 0, "https://api.deepseek.com", NULL },
    { "providers --json", 0, "\"base_url\":\"https://api.deepseek.com\"", NULL },
};

static void
every_command_line_gets_its_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const struct outcome *o = run(lines[i].args, "");
        if (o->code != lines[i].code)
            fail_msg("llmux %s: exit code %d: %s", lines[i].args, o->code, o->err);
        assert_has(o->out, lines[i].out ? lines[i].out : "");
        assert_has(o->err, lines[i].err ? lines[i].err : "");
        if (!lines[i].out)
            assert_string_equal(o->out, "");
        if (!lines[i].err)
            assert_string_equal(o->err, "");
    }
}

static void
an_answer_that_cannot_be_written_is_a_failure(void **state)
{
    char path[4096], command[4200];
    (void)state;
    program(path);
    snprintf(command, sizeof command, "%s providers --json >/dev/full 2>/dev/null", path);
    int status = system(command);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
}

/* --- explain ---------------------------------------------------------------------------------- */

static void
an_explanation_is_a_table_or_json(void **state)
{
    static const char request[] =
        "{\"model\":\"m\",\"seed\":7,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    char args[256];
    const char *path = file("server: { listen: \"127.0.0.1:0\" }\nproviders:\n"
                            "  - { name: far, type: anthropic, api_key: k, models: [m] }\n"
                            "routing: { retries: 0 }\n");
    (void)state;
    snprintf(args, sizeof args, "explain -c %s", path);
    const struct outcome *o = run(args, request);
    assert_int_equal(o->code, 0);
    assert_has(o->out, "1    far       m      m     anthropic  100 %  seed   translated\n");
    snprintf(args, sizeof args, "explain -c %s --json --front openai.chat", path);
    o = run(args, request);
    assert_int_equal(o->code, 0);
    assert_has(o->out, "\"provider\":\"far\"");
    snprintf(args, sizeof args, "explain -c %s --path /v1/embeddings", path);
    o = run(args, "{\"model\":\"m\",\"input\":\"x\"}");
    assert_int_equal(o->code, 1);
    assert_has(o->out, "provider far does not have embeddings");
    unlink(path);
}

/* --- translate -------------------------------------------------------------------------------- */

#define TO_MESSAGES "translate --from openai.chat --to anthropic.messages --kind "
#define TO_CHAT     "translate --from anthropic.messages --to openai.chat --kind "

static void
a_request_is_translated_and_its_losses_are_listed(void **state)
{
    (void)state;
    const struct outcome *o = run(
        TO_MESSAGES "request",
        "{\"model\":\"m\",\"seed\":7,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
    assert_int_equal(o->code, 0);
    assert_has(o->out, "\"model\":\"m\"");
    assert_has(o->out, "\"max_tokens\":4096");
    assert_has(o->err, "{\"dropped\":\"seed\",\"path\":\"sampling.seed\",\"from\":\"openai.chat\","
                       "\"to\":\"anthropic.messages\"}\n");
}

static void
the_model_decides_and_replaces(void **state)
{
    (void)state;
    const struct outcome *o = run(
        TO_MESSAGES "request --model claude-x",
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
    assert_int_equal(o->code, 0);
    assert_has(o->out, "\"model\":\"claude-x\"");
}

static void
the_path_is_told_and_the_address_printed(void **state)
{
    static const char hi[] =
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    (void)state;
    const struct outcome *o = run(TO_MESSAGES "request --path /v1/chat/completions --address", hi);
    assert_int_equal(o->code, 0);
    assert_has(o->err, "{\"address\":\"/messages\"}\n");
    o = run(TO_MESSAGES "request --path /v1/chat", hi);
    assert_int_equal(o->code, 1);
    assert_has(o->err, "not a path of this dialect: /v1/chat\n");
}

static void
other_operations_are_translated_by_their_names(void **state)
{
    static const char google[] = "{\"content\":{\"parts\":[{\"text\":\"a\"}]}}";
    (void)state;
    const struct outcome *o = run(
        "translate --from openai.chat --to voyage --kind request --op embeddings --address",
        "{\"model\":\"m\",\"input\":\"a\",\"dimensions\":8,\"user\":\"u\"}");
    assert_int_equal(o->code, 0);
    assert_has(o->out, "{\"model\":\"m\",\"input\":[\"a\"],\"output_dimension\":8}\n");
    assert_has(o->err, "{\"address\":\"/embeddings\"}\n");
    assert_has(o->err, "user");
    o = run("translate --from cohere.chat --to openai.chat --kind reply --op rerank",
            "{\"id\":\"r\",\"results\":[{\"index\":0,\"relevance_score\":0.5}]}");
    assert_int_equal(o->code, 0);
    assert_has(o->out, "\"results\":[{\"index\":0,\"relevance_score\":0.5}]");
    o = run("translate --from google.generate --to openai.chat --kind request --op embeddings "
            "--path /models/g:embedContent",
            google);
    assert_int_equal(o->code, 0);
    assert_has(o->out, "{\"model\":\"g\",\"input\":[\"a\"]}");
    o = run("translate --from google.generate --to openai.chat --kind request --op embeddings "
            "--path /models/g:countTokens",
            google);
    assert_int_equal(o->code, 1);
    assert_has(o->err, "the path of another operation: count_tokens\n");
    assert_int_equal(
        run("translate --from openai.chat --to anthropic.messages --kind request --op embeddings",
            "{}")
            ->code,
        2);
    o = run("translate --from openai.chat --to cohere.chat --kind stream --op rerank", "");
    assert_int_equal(o->code, 2);
    assert_has(o->err, "an operation without streams: rerank\n");
    o = run("translate --from openai.chat --to openai.chat --kind request --op images", "{}");
    assert_int_equal(o->code, 2);
    assert_has(o->err, "nothing is known of images of openai.chat\n");
    o = run("translate --from openai.chat --to openai.chat --kind request --op embedings", "{}");
    assert_int_equal(o->code, 2);
    assert_has(o->err, "embeddings");
}

static void
faulty_input_is_named_with_its_place(void **state)
{
    static const struct {
        const char *kind, *input, *err;
    } faults[] = {
        { "request", "{\"model\":\"m\",\"messages\":3}",
          "offset 24: messages: expected array, found number\n" },
        { "request", "{\"model\":\"m\"}", "messages: a required member is missing\n" },
        { "request", "{\"model\":", "offset 9: " },
        { "reply", "<html>", "offset 0: " },
        { "reply", "{}", "not a reply" },
        { "stream",
          "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n",
          "the stream was cut off before its end\n" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        char args[200];
        snprintf(args, sizeof args, TO_MESSAGES "%s", faults[i].kind);
        const struct outcome *o = run(args, faults[i].input);
        assert_int_equal(o->code, 1);
        assert_has(o->err, faults[i].err);
        assert_has(o->err, "offset ");
    }
}

static void
a_stream_is_translated_and_carries_usage(void **state)
{
    (void)state;
    const struct outcome *o = run(
        TO_CHAT "stream - ",
        "event: message_start\n"
        "data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\","
        "\"model\":\"m\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\n\n"
        "event: content_block_start\n"
        "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
        "event: content_block_delta\n"
        "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n"
        "event: content_block_stop\n"
        "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
        "event: message_delta\n"
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n"
        "event: message_stop\n"
        "data: {\"type\":\"message_stop\"}\n\n");
    assert_int_equal(o->code, 0);
    assert_has(o->out, "\"delta\":{\"content\":\"Hi\"}");
    assert_has(o->out, "\"prompt_tokens\":5,\"completion_tokens\":2,\"total_tokens\":7");
    assert_has(o->out, "data: [DONE]\n");
    assert_string_equal(o->err, "");
}

static void
a_peers_error_is_translated_and_the_answer_is_no(void **state)
{
    (void)state;
    const struct outcome *o = run(
        TO_CHAT "stream", "event: error\ndata: {\"type\":\"error\",\"error\":"
                          "{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n");
    assert_int_equal(o->code, 1);
    assert_has(o->out, "data: {\"error\":{\"message\":\"Overloaded\"");
    assert_null(strstr(o->out, "[DONE]"));
    assert_has(o->err, "Overloaded\n");
}

static void
an_error_is_translated_with_the_help_of_its_status(void **state)
{
    (void)state;
    const struct outcome *o = run(
        "translate --from openai.chat --to anthropic.messages --kind error --status 429",
        "{\"detail\":\"slow down\"}");
    assert_int_equal(o->code, 0);
    assert_has(o->out, "\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow down\"}");
}

/* --- conform, check --------------------------------------------------------------------------- */

static void
conform_judges_each_file(void **state)
{
    char good[64], args[300], line[300];
    (void)state;
    snprintf(good, sizeof good, "%s",
             file("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"));
    const char *bad = file(
        "{\"model\":\"m\",\"messages\":[{\"role\":\"ghost\",\"content\":\"hi\"}]}");
    snprintf(args, sizeof args, "conform --dialect openai.chat --kind request %s %s", good, bad);
    const struct outcome *o = run(args, "");
    assert_int_equal(o->code, 1);
    snprintf(line, sizeof line, "ok %s\n", good);
    assert_has(o->out, line);
    snprintf(line, sizeof line, "%s:34: messages[0].role: ", bad);
    assert_has(o->out, line);
    unlink(bad);
    snprintf(args, sizeof args, "conform --kind request --dialect openai.chat -- %s", good);
    assert_int_equal(run(args, "")->code, 0);
    snprintf(args, sizeof args, "conform --kind request --dialect openai.chat --op rerank %s",
             good);
    o = run(args, "");
    assert_int_equal(o->code, 1);
    assert_has(o->out, "query: a required member is missing");
    unlink(good);
}

static void
conform_wants_the_end_of_a_stream(void **state)
{
    char args[300];
    (void)state;
    const char *path = file(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\","
        "\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":1,"
        "\"output_tokens\":1}}}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":"
        "{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n");
    snprintf(args, sizeof args, "conform --dialect anthropic.messages --kind stream %s", path);
    const struct outcome *o = run(args, "");
    assert_int_equal(o->code, 1);
    assert_has(o->out, "cut off");
    unlink(path);
}

static void
check_names_every_mistake(void **state)
{
    char args[300], line[300];
    (void)state;
    const char *path = file("server: { listen: 127.0.0.1:0, wrokers: 2 }\n"
                            "providers:\n  - { name: a, type: opnai, models: [m] }\n");
    snprintf(args, sizeof args, "check -c %s", path);
    const struct outcome *o = run(args, "");
    assert_int_equal(o->code, 1);
    snprintf(line, sizeof line, "%s:1:32: ", path);
    assert_has(o->err, line);
    assert_has(o->err, "workers");
    snprintf(line, sizeof line, "%s:3:22: ", path);
    assert_has(o->err, line);
    assert_has(o->err, "openai");
    unlink(path);
}

static void
check_accepts_a_good_config(void **state)
{
    char args[300];
    (void)state;
    const char *path = file(
        "server: { listen: 127.0.0.1:0 }\n"
        "providers:\n  - { name: a, type: openai, api_key: k-123456789, models: [m] }\n");
    snprintf(args, sizeof args, "check --config=%s", path);
    const struct outcome *o = run(args, "");
    assert_string_equal(o->err, "");
    assert_int_equal(o->code, 0);
    assert_has(o->out, "ok /tmp/");
    unlink(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_line_gets_its_answer),
        cmocka_unit_test(an_answer_that_cannot_be_written_is_a_failure),
        cmocka_unit_test(an_explanation_is_a_table_or_json),
        cmocka_unit_test(a_request_is_translated_and_its_losses_are_listed),
        cmocka_unit_test(the_model_decides_and_replaces),
        cmocka_unit_test(the_path_is_told_and_the_address_printed),
        cmocka_unit_test(other_operations_are_translated_by_their_names),
        cmocka_unit_test(faulty_input_is_named_with_its_place),
        cmocka_unit_test(a_stream_is_translated_and_carries_usage),
        cmocka_unit_test(a_peers_error_is_translated_and_the_answer_is_no),
        cmocka_unit_test(an_error_is_translated_with_the_help_of_its_status),
        cmocka_unit_test(conform_judges_each_file),
        cmocka_unit_test(conform_wants_the_end_of_a_stream),
        cmocka_unit_test(check_names_every_mistake),
        cmocka_unit_test(check_accepts_a_good_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
