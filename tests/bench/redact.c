/* How fast redaction reads what is mostly harmless, beside PCRE2's JIT with an alternation of the same patterns (without
 * the check digits, which it cannot know; its matches are not looked at).  In the last column redaction looks behind
 * escapes, too, as the gateway has it: the JSON here has many, prose none.
 *
 *   redact [LEAST]         print GB/s of all by text, median of rounds that alternate; exit code 1 when redaction of
 *                          prose or of JSON is below LEAST GB/s (1), escapes not counted
 *
 * Prose and JSON have a match in some ten kilobytes, as there would be in requests. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/base/buf.h"
#include "runtime/redact/search.h"
#include "tests/lib/dice.h"

#define TEXT_BYTES ((size_t)4 << 20)
#define ROUNDS     11
#define COUNT(v)   (sizeof(v) / sizeof *(v))

/* What runtime/redact looks for, as one pattern. */
static const char alternation[] =
    "(?<![A-Za-z0-9])(?:sk-(?:proj-|svcacct-|admin-|None-|ant-|or-v1-)?[\\w-]{16,}|AIza[\\w-]{30,}|ya29\\.[\\w-]{16,}"
    "|1//0[\\w-]{30,}|GOCSPX-[\\w-]{20,}|AQ\\.A[\\w-]{30,}|A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}"
    "|ABSK[A-Za-z0-9+/=]{60,}|gsk_[A-Za-z0-9]{20,}|xai-[A-Za-z0-9]{20,}|hf_[A-Za-z0-9]{20,}"
    "|pplx-[A-Za-z0-9]{20,}|r8_[A-Za-z0-9]{20,}|fw_[A-Za-z0-9]{20,}|nvapi-[\\w-]{20,}"
    "|csk-[A-Za-z0-9]{20,}|dapi[0-9a-f]{32}|tvly-[\\w-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}"
    "|github_pat_\\w{22,}|glpat-[\\w-]{20,}|npm_[A-Za-z0-9]{30,}|xox[abcdeoprs]-[\\w-]{10,}"
    "|xapp-[\\w-]{10,}|[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9]{20,}|SG\\.[\\w-]{16,}"
    "|eyJ[\\w-]{14,}\\.[\\w-]{4,}\\.[\\w-]*|(?i:bearer|basic) {1,3}[A-Za-z0-9._~+/=-]{16,}"
    "|(?i:api[_ -]?(?:key|token|secret)|secret(?:[_ -]?access)?(?:[_ -]?key)?|access[_ -]?(?:token|key)"
    "|client[_ -]?secret|token|password)[\"']?\\s*[:=]\\s*[\"']?[\\w./+=~-]{16,}"
    "|[A-Z]{2}\\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?))"
    "|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----"
    "|://[^\\s:/@]+:[^\\s/@]+(?=@)"
    "|[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]+\\.)+[A-Za-z]{2,24}"
    "|(?<![\\w.+-])(?:(?:\\d[ -]?){12,18}\\d|\\d{3}[ -]\\d{2}[ -]\\d{4}|(?:\\d{1,3}\\.){3}\\d{1,3}"
    "|(?:1[ .-]?)?(?:\\([2-9]\\d{2}\\) ?|[2-9]\\d{2}[ .-])\\d{3}[ .-]\\d{4}"
    "|0[1-9]\\d{0,4}(?:[ ./-]\\d{2,8}){1,4})(?!\\w)"
    "|\\+[1-9](?:[ ().-]{0,2}\\d){8,14}|(?<![\\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{1,4}(?![\\w:])";

static const char *const sentences[] = {
    "The committee met on Thursday to discuss whether the bridge should be repaired or replaced. ",
    "In 1987 about 4,200 people lived there; today it is fewer than 900. ",
    "Please summarise the following article in three sentences, and keep the names of all places. ",
    "\"I never said that,\" she replied, \"and if I had, you would not have listened anyway.\" ",
    "Most of the energy is lost as heat before it reaches the wheels, which is why size matters. ",
    "You are a helpful assistant that answers questions about the history of navigation at sea. ",
    "A function that takes no arguments and returns nothing is useful only for what it does. ",
    "Because the token bucket is refilled every second, bursts of up to 50 requests are accepted. ",
    "Add two cups of flour, 250 g of butter and a pinch of salt; bake it for 35 minutes at 180 C. ",
    "The key to a good argument is to know what the other side is going to say next. ",
    "She passed the secret to her brother, who kept it safely in a box beneath the stairs. ",
    "See chapter 12, pages 301-318, for a derivation that does not assume symmetry.\n\n",
    "Basically the authors access the same data three times, because caching is hard. ",
    "Getting there takes 2.5 hours by train (every 30 minutes) or 55 minutes by plane. ",
};

static const char *const secrets[] = { "Write to jane.doe@example.com. ",
                                       "It is 4111 1111 1111 1111. ", "Call +1 415 555 2671. ",
                                       "From 192.0.2.17 on. " };

static void
make_prose(struct buf *b, struct dice *d)
{
    while (b->n < TEXT_BYTES)
        buf_puts(b, str_from(dice_roll(d, 150) ? sentences[dice_roll(d, COUNT(sentences))]
                                               : secrets[dice_roll(d, COUNT(secrets))]));
}

/* Requests, usage records and tool calls, one behind the other. */
static void
make_json(struct buf *b, struct dice *d)
{
    while (b->n < TEXT_BYTES) {
        buf_printf(
            b,
            "{\"id\":\"chatcmpl-%08x%08x\",\"created\":17%08u,\"model\":\"some-model-2024-08-06\",\"messages\":[",
            dice_roll(d, ~0u), dice_roll(d, ~0u), dice_roll(d, 99999999));
        for (unsigned i = 0; i < 4; i++) {
            buf_printf(b, "%s{\"role\":\"%s\",\"content\":\"", i ? "," : "",
                       i % 2 ? "assistant" : "user");
            for (unsigned k = dice_roll(d, 6); k; k--)
                for (const char *p = sentences[dice_roll(d, COUNT(sentences))]; *p; p++)
                    if (*p == '"' || *p == '\n')
                        buf_puts(b, *p == '"' ? STR("\\\"") : STR("\\n"));
                    else
                        buf_putc(b, *p);
            if (!dice_roll(d, 40))
                buf_puts(b, str_from(secrets[dice_roll(d, COUNT(secrets))]));
            buf_puts(b, STR("\"}"));
        }
        buf_printf(
            b,
            "],\"temperature\":0.%u,\"max_tokens\":%u,\"stream\":true,\"usage\":{\"prompt_tokens\":%u,"
            "\"completion_tokens\":%u}}\n",
            dice_roll(d, 10), dice_roll(d, 9999), dice_roll(d, 99999), dice_roll(d, 999));
    }
}

static void
make_base64(struct buf *b, struct dice *d)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    while (b->n < TEXT_BYTES)
        buf_putc(b, alphabet[dice_roll(d, 64)]);
}

static void
make_numbers(struct buf *b, struct dice *d)
{
    while (b->n < TEXT_BYTES)
        buf_printf(b, "%u,%u.%02u,%u-%02u-%02u,%08x\n", dice_roll(d, 100000), dice_roll(d, 1000),
                   dice_roll(d, 100), 1990 + dice_roll(d, 40), 1 + dice_roll(d, 12),
                   1 + dice_roll(d, 28), dice_roll(d, ~0u));
}

static const struct {
    const char *name;
    void (*make)(struct buf *b, struct dice *d);
    bool counts; /* for the exit code */
} texts[] = { { "prose", make_prose, true },
              { "JSON", make_json, true },
              { "base64", make_base64, false },
              { "numbers (CSV)", make_numbers, false } };

/* --- measuring ----------------------------------------------------------------------------- */

static unsigned found; /* so that nothing is optimised away */

static void
run_redact(struct str text)
{
    struct redact_match m;
    for (size_t from = 0; redact_next(text, REDACT_ALL, from, &m); from = m.at + m.n)
        found++;
}

static void
run_unfolding(struct str text)
{
    static const struct redact_rules rules = { .which = REDACT_ALL, .unfold = true };
    struct redact_search s;
    struct redact_match m;
    redact_search_begin(&s, &rules, redact_script_bare(text));
    for (size_t from = 0; redact_search_next(&s, from, &m); from = m.at + m.n)
        found++;
    redact_search_end(&s);
}

static pcre2_code *code;
static pcre2_match_data *data;

static void
run_pcre2(struct str text)
{
    size_t from = 0;
    while (pcre2_jit_match(code, (PCRE2_SPTR)text.p, text.n, from, PCRE2_NO_UTF_CHECK, data, NULL)
           >= 0) {
        from = pcre2_get_ovector_pointer(data)[1];
        found++;
    }
}

static double
seconds(void (*run)(struct str), struct str text)
{
    struct timespec a, b;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    run(text);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double
speed(double *took, size_t n)
{
    qsort(took, ROUNDS, sizeof *took, compare);
    return (double)n / took[ROUNDS / 2] / 1e9;
}

int
main(int argc, char **argv)
{
    double least = argc > 1 ? atof(argv[1]) : 1;
    bool slow = false;
    int error;
    PCRE2_SIZE offset;
    code = pcre2_compile((PCRE2_SPTR)alternation, PCRE2_ZERO_TERMINATED, 0, &error, &offset, NULL);
    if (!code || pcre2_jit_compile(code, PCRE2_JIT_COMPLETE)) {
        fprintf(stderr, "redact: the alternation does not compile (%d at %zu)\n", error,
                (size_t)offset);
        return 2;
    }
    data = pcre2_match_data_create(1, NULL);
    printf("%-16s %14s %14s %8s %14s\n", "GB/s", "redaction", "PCRE2's JIT", "times",
           "with escapes");
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct dice d = { 1 };
        struct buf b;
        double own[ROUNDS], other[ROUNDS], all[ROUNDS];
        buf_init(&b, 2 * TEXT_BYTES);
        texts[i].make(&b, &d);
        for (int round = 0; round < ROUNDS; round++) {
            own[round] = seconds(run_redact, buf_str(&b));
            other[round] = seconds(run_pcre2, buf_str(&b));
            all[round] = seconds(run_unfolding, buf_str(&b));
        }
        double o = speed(own, b.n), r = speed(other, b.n);
        printf("%-16s %14.2f %14.3f %8.1f %14.2f\n", texts[i].name, o, r, o / r, speed(all, b.n));
        slow |= texts[i].counts && o < least;
        buf_fini(&b);
    }
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return slow || found == 0;
}
