/* Log lines: their form, and what is masked in them.  Their way to the file: test_log_queue.c. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/base/utf8.h"
#include "runtime/json/doc.h"
#include "server/log/log.h"
#include "server/log/veil.h"

static uint64_t
fixed_now(void)
{
    return 1767225599123456; /* 2025-12-31T23:59:59.123456Z */
}

/* A log into a pipe. */
struct world {
    struct log *log;
    int pipe[2];
};

static void
world_init(struct world *w, enum log_format format)
{
    assert_return_code(pipe(w->pipe), 0);
    fcntl(w->pipe[1], F_SETPIPE_SZ, 1 << 20);
    w->log = log_create(&(struct log_options){
        .fd = w->pipe[1], .level = LOG_LEVEL_INFO, .format = format, .now_us = fixed_now });
    assert_non_null(w->log);
}

/* End the log and return all it wrote. */
static char *
world_fini(struct world *w)
{
    static char text[1 << 20];
    size_t n = 0;
    ssize_t got;
    log_destroy(w->log);
    close(w->pipe[1]);
    while ((got = read(w->pipe[0], text + n, sizeof text - 1 - n)) > 0)
        n += (size_t)got;
    text[n] = '\0';
    close(w->pipe[0]);
    return text;
}

static void
write_sample(struct log *log)
{
    struct log_line l;
    assert_true(log_begin(log, &l, LOG_LEVEL_WARN, "request"));
    log_str(&l, "model", STR("gpt-4o"));
    log_str(&l, "absent", (struct str){ 0 });
    log_str(&l, "empty", STR(""));
    log_str(&l, "odd", STR("a \"b\"\\\n\t\x01\x7f\xc2\x9b\xc3\xa9\xff="));
    log_int(&l, "status", 200);
    log_int(&l, "least", INT64_MIN);
    log_bool(&l, "stream", true);
    log_seconds(&l, "dur", 1234567);
    log_seconds(&l, "first", 42);
    log_end(&l);
}

static void
log_writes_json(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, LOG_FORMAT_JSON);
    write_sample(w.log);
    assert_string_equal(
        world_fini(&w),
        "{\"ts\":\"2025-12-31T23:59:59.123Z\",\"level\":\"warn\","
        "\"event\":\"request\","
        "\"model\":\"gpt-4o\",\"empty\":\"\","
        "\"odd\":\"a \\\"b\\\"\\\\\\n\\t\\u0001\\u007f\\u009b\xc3\xa9\xef\xbf\xbd=\","
        "\"status\":200,\"least\":-9223372036854775808,\"stream\":true,"
        "\"dur\":1.234567,\"first\":0.000042}\n");
}

static void
log_writes_text(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, LOG_FORMAT_TEXT);
    write_sample(w.log);
    assert_string_equal(world_fini(&w),
                        "2025-12-31T23:59:59.123Z warn request model=gpt-4o empty=\"\" "
                        "odd=\"a \\\"b\\\"\\\\\\n\\t\\u0001\\u007f\\u009b\xc3\xa9\xef\xbf\xbd=\" "
                        "status=200 least=-9223372036854775808 stream=true "
                        "dur=1.234567 first=0.000042\n");
}

/* Numbers of all lengths, as printf writes them. */
static void
log_writes_numbers(void **state)
{
    (void)state;
    for (int format = LOG_FORMAT_JSON; format <= LOG_FORMAT_TEXT; format++) {
        const char *shape = format == LOG_FORMAT_JSON
                                ? "\"a\":%lld,\"b\":-%lld,\"c\":%llu.%06llu,\"d\":%llu.%09llu}\n"
                                : "a=%lld b=-%lld c=%llu.%06llu d=%llu.%09llu\n";
        unsigned long long edge = 1;
        for (int digits = 1; digits < 19; digits++, edge *= 10)
            for (int off = -1; off < 2; off++) {
                struct world w;
                struct log_line l;
                unsigned long long v = edge + (unsigned long long)off;
                char want[200];
                if (v == 0)
                    continue;
                world_init(&w, (enum log_format)format);
                assert_true(log_begin(w.log, &l, LOG_LEVEL_INFO, "x"));
                log_int(&l, "a", (int64_t)v);
                log_int(&l, "b", -(int64_t)v);
                log_seconds(&l, "c", v);
                log_billionths(&l, "d", v);
                log_end(&l);
                snprintf(want, sizeof want, shape, (long long)v, (long long)v, v / 1000000,
                         v % 1000000, v / 1000000000, v % 1000000000);
                assert_non_null(strstr(world_fini(&w), want));
            }
    }
}

static uint64_t now;

static uint64_t
given_now(void)
{
    return now;
}

static void
log_knows_the_calendar(void **state)
{
    (void)state;
    static const struct {
        uint64_t s;
        const char *text;
    } rows[] = {
        { 0, "1970-01-01T00:00:00.000Z" },          { 951782400, "2000-02-29T00:00:00.000Z" },
        { 1709251199, "2024-02-29T23:59:59.000Z" }, { 1709251200, "2024-03-01T00:00:00.000Z" },
        { 4107542400, "2100-03-01T00:00:00.000Z" }, { 1735689599, "2024-12-31T23:59:59.000Z" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w;
        assert_return_code(pipe(w.pipe), 0);
        w.log = log_create(&(struct log_options){
            .fd = w.pipe[1], .format = LOG_FORMAT_TEXT, .now_us = given_now });
        now = rows[i].s * 1000000;
        log_msg(w.log, LOG_LEVEL_INFO, "x", "%d", 1);
        char *text = world_fini(&w);
        assert_memory_equal(text, rows[i].text, 24);
    }
}

static void
log_leaves_out_lower_levels(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, LOG_FORMAT_TEXT);
    log_msg(w.log, LOG_LEVEL_DEBUG, "a", "no");
    log_msg(w.log, LOG_LEVEL_INFO, "b", "yes");
    log_set_level(w.log, LOG_LEVEL_DEBUG);
    log_msg(w.log, LOG_LEVEL_DEBUG, "c", "yes");
    log_set_level(w.log, LOG_LEVEL_ERROR);
    log_msg(w.log, LOG_LEVEL_WARN, "d", "no");
    assert_string_equal(world_fini(&w), "2025-12-31T23:59:59.123Z info b msg=yes\n"
                                        "2025-12-31T23:59:59.123Z debug c msg=yes\n");
}

#define KEY20 "abcdefghij0123456789"

static const struct {
    const char *text, *masked;
} mask_rows[] = {
    { "", "" },
    { "nothing to hide", "nothing to hide" },
    { "key is my-secret-key here", "key is *** here" },
    { "my-secret-keymy-secret-key", "******" },
    { "my-secret-ke", "my-secret-ke" },
    { "xmy-secret-keyx", "x***x" },
    { "my-secret-key-longer", "***" },
    { "my-secret-key-long", "***-long" },
    { "my-secret-keys", "***s" },
    { "short", "short" },
    { "sk-" KEY20, "[REDACTED:api_key]" },
    { "(sk-proj-" KEY20 ")", "([REDACTED:api_key])" },
    { "sk-short", "sk-short" },
    { "task-management-for-everyone", "task-management-for-everyone" },
    { "Authorization: Bearer " KEY20 "== and", "Authorization: Bearer [REDACTED:bearer] and" },
    { "Bearer token missing", "Bearer token missing" },
    { "Basic " KEY20, "Basic [REDACTED:bearer]" },
    { "?key=AIzaSyA" KEY20 KEY20, "?key=[REDACTED:api_key]" },
    { "a@b.example, +49 151 12345678", "[REDACTED:email], [REDACTED:phone]" },
    { "Bearer my-secret-key-0123456789", "Bearer ***" },
    { "postgres://u:my-secret-key@h/", "postgres://u:***@h/" },
    { "bob@my.example/../token.", "***." },
    { "x bob@my.example/../token bob@my.example", "x *** ***" },
    { "\"x-api-key\":\"gsk_" KEY20 "\"", "\"x-api-key\":\"[REDACTED:api_key]\"" },
    { "/?to=ann%40a.example&x=%20", "/?to=[REDACTED:email]&x=%20" },
    { "sk-\\u0070roj-" KEY20 " %41", "[REDACTED:api_key] %41" },
    { "my%2dsecret-key, my-secret-key, my-secret\\u002dkey", "***, ***, ***" },
    { "ann@a.example%2Csk-proj-" KEY20, "[REDACTED:email]%2C[REDACTED:api_key]" },
};

static void
log_masks_secrets(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, LOG_FORMAT_JSON);
    const struct str secrets[] = {
        STR("my-secret-key-longer"), STR("my-secret-key"), STR("short"),
        STR("my-secret-key"),        STR("bob@my.e"),      STR("xample/../token")
    };
    assert_true(log_add_secrets(w.log, secrets, sizeof secrets / sizeof *secrets));
    struct buf out;
    buf_init(&out, 4096);
    for (size_t i = 0; i < sizeof mask_rows / sizeof mask_rows[0]; i++) {
        buf_clear(&out);
        log_mask(w.log, str_from(mask_rows[i].text), &out);
        buf_putc(&out, '\0');
        assert_string_equal(out.p, mask_rows[i].masked);
    }
    log_msg(w.log, LOG_LEVEL_INFO, "x", "%s", "the key my-secret-key was refused");
    const struct str more[] = { STR("another-secret") };
    assert_true(log_add_secrets(w.log, more, 1));
    log_msg(w.log, LOG_LEVEL_INFO, "x", "my-secret-key another-secret");
    char *text = world_fini(&w);
    assert_null(strstr(text, "secret"));
    assert_non_null(strstr(text, "the key *** was refused"));
    assert_non_null(strstr(text, "*** ***"));
    buf_fini(&out);
}

/* Against a search that tries everything. */
static void
log_masks_like_a_naive_search(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, LOG_FORMAT_JSON);
    static const char *const secrets[] = { "aaaaaaaa", "aaaaaaaab", "aaaaaaaabbbb", "abababab",
                                           "babababa", "bbbbbbbbb", "abbbbbbbb" };
    struct str v[7];
    for (int i = 0; i < 7; i++)
        v[i] = str_from(secrets[i]);
    assert_true(log_add_secrets(w.log, v, 7));
    struct buf got, want;
    buf_init(&got, 4096);
    buf_init(&want, 4096);
    uint32_t dice = 1;
    for (int round = 0; round < 5000; round++) {
        char text[41];
        for (int i = 0; i < 40; i++) {
            dice = dice * 1664525 + 1013904223;
            text[i] = "aaabbbbc"[dice >> 29];
        }
        text[40] = '\0';
        buf_clear(&got);
        buf_clear(&want);
        log_mask(w.log, str_from(text), &got);
        for (size_t i = 0; text[i];) {
            size_t end = i; /* of the longest that begins there, and all that begin in it */
            for (size_t at = i; at == i || at < end; at++)
                for (int k = 0; k < 7; k++)
                    if (str_starts(str_from(text + at), v[k]) && at + v[k].n > end)
                        end = at + v[k].n;
            buf_puts(&want, end > i ? STR("***") : str_make(text + i, 1));
            i = end > i ? end : i + 1;
        }
        assert_true(str_eq(buf_str(&got), buf_str(&want)));
    }
    buf_fini(&got);
    buf_fini(&want);
    world_fini(&w);
}

/* The caller's memory may be another text, or gone, when the next field comes. */
static void
a_value_is_masked_whatever_became_of_the_one_before(void **state)
{
    static const char secret[] = "my-secret-key";
    (void)state;
    for (int format = LOG_FORMAT_JSON; format <= LOG_FORMAT_TEXT; format++) {
        struct world w;
        struct log_line l;
        char room[sizeof secret] = "my-harmless-m";
        world_init(&w, (enum log_format)format);
        assert_true(log_add_secrets(w.log, &(struct str){ secret, sizeof secret - 1 }, 1));
        assert_true(log_begin(w.log, &l, LOG_LEVEL_INFO, "x"));
        log_str(&l, "a", str_from(room));
        log_str(&l, "b", STR("my-harmless-m"));
        memcpy(room, secret, sizeof secret);
        log_str(&l, "c", str_from(secret));
        log_str(&l, "d", STR("my \"harmless"));
        log_str(&l, "e", STR("my \\\"harml"));
        log_end(&l);
        const char *text = world_fini(&w);
        assert_null(strstr(text, "secret"));
        assert_non_null(
            strstr(text, format == LOG_FORMAT_JSON
                             ? "\"a\":\"my-harmless-m\",\"b\":\"my-harmless-m\",\"c\":\"***\","
                               "\"d\":\"my \\\"harmless\",\"e\":\"my \\\\\\\"harml\""
                             : "a=my-harmless-m b=my-harmless-m c=*** "
                               "d=\"my \\\"harmless\" e=\"my \\\\\\\"harml\""));
    }
}

/* The same text before and after it is a secret, in one log and in another. */
static void
what_was_clean_is_masked_once_it_is_secret(void **state)
{
    const struct str text = STR("harmless-until-now");
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct world w;
        struct log_line l;
        world_init(&w, LOG_FORMAT_JSON);
        assert_true(log_begin(w.log, &l, LOG_LEVEL_INFO, "x"));
        log_str(&l, "a", text);
        log_str(&l, "b", text);
        assert_true(log_add_secrets(w.log, &text, 1));
        log_str(&l, "c", text);
        log_end(&l);
        assert_non_null(strstr(world_fini(&w), "\"a\":\"harmless-until-now\","
                                               "\"b\":\"harmless-until-now\",\"c\":\"***\"}"));
    }
}

/* More texts than are remembered, each several times, some of them to be hidden: as if none was remembered. */
static void
remembered_texts_are_told_apart(void **state)
{
    static const char *const secrets[] = { "Ab3-secret-key-of-ours", "user@example.org" };
    struct buf got, want;
    struct arena a;
    (void)state;
    for (int round = 0; round < 3; round++) {
        struct world w;
        world_init(&w, LOG_FORMAT_JSON);
        assert_true(log_add_secrets(w.log, &(struct str){ secrets[0], strlen(secrets[0]) }, 1));
        arena_init(&a, 1 << 20);
        buf_init(&got, 1 << 20);
        buf_init(&want, 1 << 20);
        for (unsigned i = 0; i < 500; i++) {
            char text[100];
            const char *inside = i % 7 < 2 ? secrets[i % 7] : "";
            size_t n = (size_t)snprintf(text, sizeof text, "%.*s %s", (int)(i % 71),
                                        "model model model model model model model model model "
                                        "model model model",
                                        inside);
            buf_clear(&got);
            log_mask(w.log, str_make(text, n), &got);
            buf_clear(&want);
            buf_put(&want, text, n - strlen(inside));
            buf_puts(&want, i % 7 == 0   ? STR("***")
                            : i % 7 == 1 ? STR("[REDACTED:email]")
                                         : STR(""));
            assert_true(str_eq(buf_str(&got), buf_str(&want)));
        }
        buf_fini(&got);
        buf_fini(&want);
        arena_fini(&a);
        world_fini(&w);
    }
}

/* A value that is remembered is cut where one is that is not. */
static void
a_remembered_value_is_cut_as_any_other(void **state)
{
    static char filler[1024];
    (void)state;
    memset(filler, '.', sizeof filler);
    for (int format = LOG_FORMAT_JSON; format <= LOG_FORMAT_TEXT; format++) {
        struct world w;
        world_init(&w, (enum log_format)format);
        for (unsigned n = 880; n < 1000; n++)
            for (unsigned twice = 0; twice < 2; twice++) {
                struct log_line l;
                char text[40];
                snprintf(text, sizeof text, "a-value-never-seen-%u", n);
                assert_true(log_begin(w.log, &l, LOG_LEVEL_INFO, "x"));
                for (unsigned i = 0; i < 3; i++)
                    log_str(&l, "filler", str_make(filler, 1000));
                log_str(&l, "filler", str_make(filler, n));
                log_str(&l, "value", str_from(text));
                log_str(&l, "more", STR("x"));
                log_end(&l);
            }
        unsigned cut = 0;
        for (char *p = world_fini(&w), *second, *end; *p; p = end + 1) {
            second = strchr(p, '\n') + 1;
            end = strchr(second, '\n');
            assert_int_equal(second - p, end + 1 - second);
            assert_memory_equal(p, second, (size_t)(second - p));
            cut += memmem(p, (size_t)(second - p), "cut", 3) != NULL;
        }
        assert_in_range(cut, 20, 100);
    }
}

/* All of a veil's pieces, while the text behind the first one becomes another: what was not there at
 * the begin is not looked for again, or long texts would take time by the square. */
static void
what_is_not_there_is_looked_for_once(void **state)
{
    static const char *const rows[] = {
        "a@b.example a@b.example a@b.example another-secret-key",
        "a-secret-key-- a-secret-key-- a-secret-key-- c@d.example"
    };
    (void)state;
    const struct str secrets[] = { STR("a-secret-key--"), STR("another-secret-key") };
    struct masker *known = masker_create(NULL, secrets, 2, LOG_SECRET_MIN);
    for (size_t i = 0; i < 2; i++) {
        char text[80];
        size_t n = strlen(rows[i]), late = (size_t)(strrchr(rows[i], ' ') - rows[i]);
        memset(text, '.', sizeof text);
        memcpy(text, rows[i], late);
        struct veil v = veil_over(known, str_make(text, n), REDACT_ALL);
        memcpy(text, rows[i], n);
        struct veil_piece p = { .shown.n = 0 };
        unsigned found = 0;
        while (veil_next(&v, &p))
            found += p.instead.p != NULL;
        assert_int_equal(found, 3);
    }
    masker_destroy(known);
}

/* Secrets of a long text are replaced by short words, so that what is far behind is shown, too. */
static void
a_long_message_is_not_cut_within_a_secret(void **state)
{
    static const char secret[] = "my-secret-key";
    (void)state;
    char many[2040] = "";
    for (size_t n = 1990; n < sizeof many; n++) {
        struct world w;
        world_init(&w, LOG_FORMAT_JSON);
        assert_true(log_add_secrets(w.log, &(struct str){ secret, sizeof secret - 1 }, 1));
        for (size_t i = 0; i < n; i++)
            many[i] = secret[i % (sizeof secret - 1)];
        size_t whole = n / (sizeof secret - 1) * (sizeof secret - 1);
        log_msg(w.log, LOG_LEVEL_INFO, "x", "%.*s %s.", (int)whole, many, secret);
        log_msg(w.log, LOG_LEVEL_INFO, "x", "%.*s %s, and on, %s.", (int)whole, many,
                "for so long that it counts", secret);
        const char *text = world_fini(&w);
        assert_null(strstr(text, "my-s"));
        assert_non_null(strstr(text, "counts, and on, ***."));
    }
}

static void
log_cuts_what_does_not_fit(void **state)
{
    (void)state;
    struct world w;
    char long_value[5000], key[16 + BRIEF_SPARE] = { 0 };
    for (size_t i = 0; i < sizeof long_value; i++)
        long_value[i] = "\xe2\x82\xac"[i % 3]; /* a sign of three bytes */
    world_init(&w, LOG_FORMAT_JSON);
    for (size_t n = 0; n < 40; n++) {
        struct log_line l;
        log_begin(w.log, &l, LOG_LEVEL_INFO, "x");
        log_str(&l, "long", str_make(long_value, sizeof long_value - n));
        for (int i = 0; i < 60; i++) {
            struct brief k = { key, (size_t)snprintf(key, 16, ",\"k%d\":", i) };
            log_put_str(&l, k, str_make(long_value, 3 * n));
            log_put_int(&l, k, 123456789);
        }
        log_end(&l);
    }
    char *text = world_fini(&w);
    unsigned lines = 0;
    for (char *p = text, *end; *p; p = end + 1) {
        end = strchr(p, '\n');
        size_t n = (size_t)(end - p);
        assert_true(n + 1 <= LOG_LINE_MAX);
        assert_memory_equal(end - 12, ",\"cut\":true}", 12);
        assert_int_equal(utf8_valid(p, n), n);
        lines++;
    }
    assert_int_equal(lines, 40);
}

/* --- any bytes ----------------------------------------------------------------------------- */

static void
assert_json(const char *line, size_t n)
{
    struct json_doc doc;
    struct fault f;
    json_doc_init(&doc);
    if (json_doc_parse(&doc, str_make(line, n), &f))
        fail_msg("%s: %.*s", f.text, (int)n, line);
    json_doc_fini(&doc);
}

static void
lines_are_json_whatever_the_bytes(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (unsigned round = 0; round < 20; round++) {
        struct world w;
        world_init(&w, LOG_FORMAT_JSON);
        for (unsigned i = 0; i < 300; i++) {
            char bytes[600];
            struct log_line l;
            size_t n = i < 256 ? 2 : i * 2;
            for (size_t k = 0; k < n; k++) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                bytes[k] = (char)(seed >> 56);
            }
            bytes[0] = (char)i;
            assert_true(log_begin(w.log, &l, LOG_LEVEL_INFO, "any"));
            log_str(&l, "a", str_make(bytes, n));
            log_str(&l, "b", str_make(bytes + 1, n - 1));
            log_end(&l);
        }
        char *text = world_fini(&w);
        unsigned lines = 0;
        for (char *end; (end = strchr(text, '\n')); text = end + 1, lines++)
            assert_json(text, (size_t)(end - text));
        assert_int_equal(lines, 300);
        assert_int_equal(*text, '\0');
    }
}

/* --- files --------------------------------------------------------------------------------- */

static size_t
count_lines(const char *path)
{
    FILE *f = fopen(path, "r");
    size_t n = 0;
    for (int c; f && (c = getc(f)) != EOF;)
        n += c == '\n';
    if (f)
        fclose(f);
    return n;
}

static void
await_lines(const struct log *log, uint64_t n)
{
    while (log_stats(log).lines < n)
        usleep(1000);
}

static void
a_file_that_was_moved_away_is_opened_anew(void **state)
{
    (void)state;
    char folder[] = "/tmp/llmux-log-XXXXXX", path[64], moved[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/log", folder);
    snprintf(moved, sizeof moved, "%s/log.1", folder);
    struct log *log = log_create(&(struct log_options){ .fd = -1, .path = str_from(path) });
    assert_non_null(log);
    log_msg(log, LOG_LEVEL_INFO, "x", "one");
    await_lines(log, 1);
    assert_return_code(rename(path, moved), 0);
    log_msg(log, LOG_LEVEL_INFO, "x", "two");
    await_lines(log, 2);
    log_reopen(log);
    while (access(path, F_OK) != 0)
        usleep(1000);
    log_msg(log, LOG_LEVEL_INFO, "x", "three");
    log_destroy(log);
    assert_int_equal(count_lines(moved), 2);
    assert_int_equal(count_lines(path), 1);
    assert_null(log_create(&(struct log_options){ .fd = -1, .path = STR("/nowhere/at/all") }));
    unlink(path);
    unlink(moved);
    rmdir(folder);
}

static void
count_line(void *ctx, struct str line)
{
    assert_json(line.p, line.n);
    ++*(unsigned *)ctx;
}

static void
a_tee_sees_every_line_until_it_is_taken_off(void **state)
{
    (void)state;
    struct world w;
    unsigned n = 0;
    world_init(&w, LOG_FORMAT_JSON);
    log_set_tee(w.log, count_line, &n);
    for (unsigned i = 0; i < 100; i++)
        log_msg(w.log, LOG_LEVEL_INFO, "x", "%u", i);
    await_lines(w.log, 100);
    log_set_tee(w.log, NULL, NULL);
    assert_int_equal(n, 100);
    log_msg(w.log, LOG_LEVEL_INFO, "x", "not shown");
    world_fini(&w);
    assert_int_equal(n, 100);
}

static void
levels_have_names(void **state)
{
    (void)state;
    enum log_level level = LOG_LEVEL_DEBUG;
    assert_true(log_level_read(STR("warn"), &level));
    assert_string_equal(log_level_name(level), "warn");
    assert_false(log_level_read(STR("loud"), &level));
    assert_int_equal(level, LOG_LEVEL_WARN);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_writes_json),
        cmocka_unit_test(log_writes_text),
        cmocka_unit_test(log_writes_numbers),
        cmocka_unit_test(log_knows_the_calendar),
        cmocka_unit_test(log_leaves_out_lower_levels),
        cmocka_unit_test(log_masks_secrets),
        cmocka_unit_test(log_masks_like_a_naive_search),
        cmocka_unit_test(a_value_is_masked_whatever_became_of_the_one_before),
        cmocka_unit_test(what_is_not_there_is_looked_for_once),
        cmocka_unit_test(what_was_clean_is_masked_once_it_is_secret),
        cmocka_unit_test(remembered_texts_are_told_apart),
        cmocka_unit_test(a_remembered_value_is_cut_as_any_other),
        cmocka_unit_test(a_long_message_is_not_cut_within_a_secret),
        cmocka_unit_test(log_cuts_what_does_not_fit),
        cmocka_unit_test(lines_are_json_whatever_the_bytes),
        cmocka_unit_test(a_file_that_was_moved_away_is_opened_anew),
        cmocka_unit_test(a_tee_sees_every_line_until_it_is_taken_off),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
