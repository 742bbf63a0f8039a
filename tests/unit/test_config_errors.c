/* Configs that are wrong, and what is said about them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/config_text.h"

#define S              SMALL_SERVER
#define P              SMALL_PROVIDERS
#define SERVER(line)   "server:\n  listen: 127.0.0.1:1\n  " line "\n" P
#define PROVIDER(line) S "providers:\n- name: a\n  type: openai\n  models: [m]\n  " line "\n"
#define HILLS(more)    S "providers:\n- { name: a, type: hills, models: [m]" more " }\n"
#define MODELS(value)  S "providers:\n- name: a\n  type: openai\n  models: " value "\n"
#define ROUTING(line)  S P "routing:\n  " line "\n"
#define CIRCLE(line) \
    S "providers: [{ name: p, type: openai, models: [a, b, c, d] }]\nrouting:\n  " line "\n"

static const struct {
    const char *text, *errors; /* without "conf/x.yaml:" */
} wrong[] = {
    /* the file */
    { "", " the file is empty\n" },
    { "# nothing\n", " the file is empty\n" },
    { "server: {}\n---\na: b\n", "2:1: a second document: put everything into one\n" },
    { "a: [1\n",
      "2:1: not YAML: did not find expected ',' or ']' while parsing a flow sequence\n" },
    { "a: b: c\n", "1:5: not YAML: mapping values are not allowed in this context\n" },
    { "a: \"\xff\"\n", "1:5: not YAML: invalid leading UTF-8 octet\n" },
    { "a:\n\t- b\n", "2:1: not YAML: a tab: indent with spaces\n" },
    { "[]\n", "1:1: the config must be a map of keys and values, not a list\n" },
    { "a: !!str b\n", "1:4: tags are not supported: remove it\n" },
    { "? [a]\n: b\n", "1:3: a key must be a single value, not a list\n" },
    { "a: *x\n", "1:4: this alias has no anchor before it\n" },
    { "a: &x [*x]\n", "1:8: this alias stands inside its own anchor\n" },
    { "a: [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]\n",
      "1:19: nested too deeply: the limit is 16\n" },
    /* the sections */
    { "sever: {}\n" P, "1:1: unknown key \"sever\" in the config, did you mean \"server\"?\n"
                       "1:1: \"server\" is missing in the config\n" },
    { S, "1:1: \"providers\" is missing in the config\n" },
    { S P "zebras: {}\n",
      "3:1: unknown key \"zebras\" in the config, which may hold plugins, server, "
      "providers, routing, resilience, limits, media, redaction, telemetry\n" },
    { S S P, "2:1: \"server\" is here twice: the first is in line 1\n" },
    { "server:\n" P, "1:8: \"listen\" is missing in server\n" },
    { "server: 8080\n" P, "1:9: server must be a map of keys and values, not a single value\n" },
    { SERVER("<<: {}"), "3:3: merge keys are not supported: repeat the values\n" },
    { SERVER("lissen: :1"), "3:3: unknown key \"lissen\" in server, did you mean \"listen\"?\n" },
    /* addresses */
    { "server: { listen: }\n" P, "1:19: \"listen\" has no value\n" },
    { "server: { listen: [] }\n" P, "1:19: \"listen\" is an empty list\n" },
    { "server: { listen: [':1', x] }\n" P,
      "1:26: \"listen\" must be an address such as "
      "127.0.0.1:8080, [::1]:8080, :8080 or unix:/path, not \"x\"\n" },
    { "server: { listen: '::1:80' }\n" P,
      "1:19: \"listen\" must be an address such as "
      "127.0.0.1:8080, [::1]:8080, :8080 or unix:/path, not \"::1:80\"\n" },
    { "server: { listen: ':65536' }\n" P,
      "1:19: \"listen\" must be an address such as "
      "127.0.0.1:8080, [::1]:8080, :8080 or unix:/path, not \":65536\"\n" },
    { SERVER("admin_listen: :8081"),
      "3:17: \"admin_listen\": others than this machine can reach \":8081\": say an \"admin_key\" "
      "too\n" },
    { SERVER("admin_listen: 192.0.2.1:8081"),
      "3:17: \"admin_listen\": others than this machine can reach \"192.0.2.1:8081\": say an "
      "\"admin_key\" too\n" },
    { SERVER("admin_listen: 'unix:'"),
      "3:17: \"admin_listen\" must be an address such as "
      "127.0.0.1:8080, [::1]:8080, :8080 or unix:/path, not \"unix:\"\n" },
    /* numbers, times, sizes, choices */
    { SERVER("workers: four"),
      "3:12: \"workers\" must be auto or a whole number from 1 to 1024, not \"four\"\n" },
    { SERVER("workers: 0"),
      "3:12: \"workers\" must be auto or a whole number from 1 to 1024, not \"0\"\n" },
    { SERVER("workers: [1]"), "3:12: \"workers\" must be a single value, not a list\n" },
    { SERVER("max_connections: -1"),
      "3:20: \"max_connections\" must be a whole number from 1 to 10000000, not \"-1\"\n" },
    { SERVER("max_connections: 99999999999999999999"),
      "3:20: \"max_connections\" must be a whole "
      "number from 1 to 10000000, not \"99999999999999999999\"\n" },
    { SERVER("max_body: 32MB"), "3:13: \"max_body\" must be a size with its unit, such as 512KiB, "
                                "32MiB or 1GiB, not \"32MB\"\n" },
    { SERVER("max_body: 2GiB"), "3:13: \"max_body\" must be from 1KiB to 1GiB, not \"2GiB\"\n" },
    { SERVER("max_body: 999999999999999999GiB"),
      "3:13: \"max_body\" must be a size with its unit, "
      "such as 512KiB, 32MiB or 1GiB, not \"999999999999999999GiB\"\n" },
    { SERVER("idle_timeout: 30"), "3:17: \"idle_timeout\" must be a time with its unit, such as "
                                  "500ms, 30s, 5m or 1h, not \"30\"\n" },
    { SERVER("idle_timeout: 0"), "3:17: \"idle_timeout\" must be from 1ms to 1h, not \"0\"\n" },
    { SERVER("idle_timeout: 1.5s"), "3:17: \"idle_timeout\" must be a time with its unit, such as "
                                    "500ms, 30s, 5m or 1h, not \"1.5s\"\n" },
    { SERVER("log: { level: loud }"),
      "3:17: \"level\" must be one of debug, info, warn, error, not \"loud\"\n" },
    { ROUTING("retries: 11"),
      "4:12: \"retries\" must be a whole number from 0 to 10, not \"11\"\n" },
    /* resilience, limits */
    { S P "resilience: { breaker: { open: 2m } }\n",
      "3:13: \"breaker.open\" must not be longer than \"breaker.open_most\"\n" },
    { S P "resilience: { backoff: { first: 6s } }\n",
      "3:13: \"backoff.first\" must not be longer than \"backoff.most\"\n" },
    { S P "resilience: { retry_budget: { share: 101% } }\n",
      "3:38: \"share\" must be a share from 0% to 100%, such as 5% or 0.5%, not \"101%\"\n" },
    { S P "resilience: { retry_budget: { share: 0.1 } }\n",
      "3:38: \"share\" must be a share from 0% to 100%, such as 5% or 0.5%, not \"0.1\"\n" },
    { S P "resilience: { hedge: { quantile: 20% } }\n",
      "3:34: \"quantile\" must be a share from 50% to 99.9%, such as 5% or 0.5%, not \"20%\"\n" },
    { S P "resilience: { webhook: { url: hooks.example.com } }\n",
      "3:31: \"url\" must be an address such as https://hooks.example.com/llmux\n" },
    { S P "resilience: { webhook: { tries: 3 } }\n",
      "3:24: \"url\" is missing in resilience.webhook\n" },
    { S P "resilience: { health_check: { interval: 1s } }\n",
      "2:1: provider \"a\": \"health_check.timeout\" must not be longer than "
      "\"health_check.interval\"\n" },
    { S P "resilience: { health_check: { interval: 1m, path: models } }\n",
      "3:51: \"path\" is a path behind the provider's address: /models\n" },
    { S P "resilience: { health_check: { interval: 1m, unhealthy: 0 } }\n",
      "3:56: \"unhealthy\" must be a whole number from 1 to 1000, not \"0\"\n" },
    { HILLS(", settings: { project: y }, health_check: { interval: 1m }"),
      "3:1: provider \"a\": type \"hills\" has no list of models to ask for: write health_check: "
      "{ path: ... } or { by: request }\n" },
    { S P "resilience: { breaker: { probes: 0 } }\n",
      "3:34: \"probes\" must be a whole number from 1 to 1000, not \"0\"\n" },
    { S P "limits: { gateway: { parallel: 4, adaptive: { most: 9 } } }\n",
      "3:20: \"parallel\" is fixed and \"adaptive\" is not: write one of them\n" },
    { S P "limits: { client: { adaptive: { least: 10, most: 9 } } }\n",
      "3:19: \"adaptive.least\" must not be more than \"adaptive.most\"\n" },
    { S P "limits: { client: { adaptive: { least: 10 } } }\n",
      "3:31: \"most\" is missing in limits.*.adaptive\n" },
    { S P "limits: { models: [a] }\n",
      "3:19: \"models\" must be a map of models and their limits, not a list\n" },
    { S P "limits: { models: { a: {}, a: {} } }\n", "3:28: \"a\" is here twice\n" },
    { S P "limits: { gateway: { paralel: 4 } }\n",
      "3:22: unknown key \"paralel\" in limits.*, did you mean \"parallel\"?\n" },
    /* variables, secrets, files */
    { PROVIDER("api_key: ${NO}"), "6:12: environment variable NO is not set: set it, or write "
                                  "${NO:default}\n" },
    { PROVIDER("api_key: ${9}"), "6:12: \"9\" is not the name of a variable: write ${NAME}, "
                                 "${NAME:default}, or $$ for a dollar sign\n" },
    { PROVIDER("api_key: '${KEY'"), "6:12: ${ without a closing }: write $$ for a dollar sign\n" },
    { PROVIDER("api_key: ${EMPTY}"), "6:12: \"api_key\" is empty: remove it if none is needed\n" },
    { PROVIDER("api_key: ${LINES}"),
      "6:12: \"api_key\" has a control character or more than one line\n" },
    { PROVIDER("api_key: \"a\\0b\""), "6:12: \"api_key\" has a NUL character\n" },
    { PROVIDER("api_key: file:/nowhere"),
      "6:12: \"api_key\": cannot read /nowhere: No such file or directory\n" },
    { PROVIDER("api_key: file:nowhere"),
      "6:12: \"api_key\": cannot read conf/nowhere: No such file or directory\n" },
    { PROVIDER("ca_file: /nowhere"),
      "6:12: \"ca_file\": cannot read /nowhere: No such file or directory\n" },
    { SERVER("tls: { cert: /tls/cert.pem }"), "3:8: \"key\" is missing in server.tls\n" },
    { "server: { listen: '${KEY}' }\n" P,
      "1:19: \"listen\" must be an address such as "
      "127.0.0.1:8080, [::1]:8080, :8080 or unix:/path, not \"${KEY}\"\n" },
    /* providers */
    { S "providers:\n", "2:11: \"providers\" is empty: list at least one\n" },
    { S "providers: { name: a }\n", "2:12: \"providers\" must be a list of providers, each "
                                    "beginning with `- name:`, not a map\n" },
    { S "providers: [a]\n",
      "2:13: providers[] must be a map of keys and values, not a single value\n" },
    { S "providers: [{}]\n",
      "2:13: \"name\" is missing in providers[]\n"
      "2:13: \"type\" is missing in providers[]\n2:13: \"models\" is missing in providers[]\n" },
    { S "providers: [{ name: a b, type: opnai, models: [m] }]\n",
      "2:21: \"name\" may hold letters, digits, '.', '_' and '-', not \"a b\"\n"
      "2:32: unknown type \"opnai\", did you mean \"openai\"?\n" },
    { S "providers: [{ name: a, type: bedrock, models: [m] }]\n",
      "2:30: unknown type \"bedrock\": write one of anthropic, deepseek, openai, openai.chat\n" },
    { S "providers: [{ name: a, type: openai.chat, models: [m] }]\n",
      "2:30: type \"openai.chat\" has no address of its own: add base_url\n" },
    { S "providers:\n- { name: a, type: openai, models: [m] }\n"
        "- { name: a, type: openai, models: [m] }\n",
      "4:11: provider \"a\" is here twice: the first is in line 3\n" },
    { PROVIDER("base_url: api.openai.com"),
      "6:13: \"base_url\" must be an address such as "
      "https://api.example.com/v1, not \"api.openai.com\"\n" },
    { PROVIDER("base_url: 'https://x/{region}/v1'"),
      "6:13: \"base_url\" must be an address such as "
      "https://api.example.com/v1, not \"https://x/{region}/v1\"\n" },
    { PROVIDER("base_url: 'https://x/{model/v1'"),
      "6:13: \"base_url\" must be an address such as "
      "https://api.example.com/v1, not \"https://x/{model/v1\"\n" },
    { PROVIDER("base_url: https://x/?key=1"),
      "6:13: \"base_url\" must be an address without ? and #, not \"https://x/?key=1\"\n" },
    { PROVIDER("base_url: https://me:pw@x/"), "6:13: \"base_url\" must not hold a user or "
                                              "password: use api_key or headers\n" },
    { PROVIDER("http_version: 3"), "6:17: \"http_version\" must be one of 1.1, 2, not \"3\"\n" },
    { PROVIDER("proxy: me:secret@proxy"),
      "6:10: \"proxy\" must be an address such as "
      "http://proxy:3128, with http, https, socks5 or socks5h\n" },
    { PROVIDER("headers: [a]"),
      "6:12: \"headers\" must be a map of names and values, not a list\n" },
    { PROVIDER("headers: { 'a b': c, Host: d, X: [e], Y: f, Y: g }"),
      "6:14: \"a b\" is not the name of a header\n"
      "6:24: header \"Host\" is set by llmux itself: remove it\n"
      "6:36: \"X\" must be a single value, not a list\n"
      "6:47: \"Y\" is here twice: the first is in line 6\n" },
    { PROVIDER("policies: { images: keep, tools: drop }"),
      "6:15: policy \"images\": must be drop, not \"keep\"\n"
      "6:29: policy \"tools\": unknown for openai: write images\n" },
    { PROVIDER("settings: { region: eu }"),
      "6:15: unknown setting \"region\": type \"openai\" takes none\n" },
    { PROVIDER("settings: [region]"),
      "6:13: \"settings\" must be a map of names and values, not a list\n" },
    { HILLS(""),
      "3:20: type \"hills\" must be told its project: add settings: { project: ... }\n" },
    { HILLS(", settings: { regoin: eu, project: a, project: b, zone: c }"),
      "3:52: unknown setting \"regoin\", did you mean \"region\"?\n"
      "3:76: \"project\" is here twice: the first is in line 3\n"
      "3:88: unknown setting \"zone\": type \"hills\" takes region, project\n" },
    { PROVIDER("timeouts: { conect: 5s, idle: 5 }"),
      "6:15: unknown key \"conect\" in providers[].timeouts, did you mean \"connect\"?\n"
      "6:33: \"idle\" must be a time with its unit, such as 500ms, 30s, 5m or 1h, not \"5\"\n" },
    /* models */
    { MODELS("gpt-4o"), "5:11: \"models\" must be a list such as [gpt-4o], not a single value\n" },
    { MODELS("[]"), "5:11: \"models\" is empty: list at least one, or '*' for all\n" },
    { MODELS("[m, m]"), "5:15: model \"m\" is here twice: write it once, with a weight\n" },
    { MODELS("[{ upstream: m }]"), "5:12: \"name\" is missing in providers[].models[]\n" },
    { MODELS("[{ name: m, weight: 0 }]"),
      "5:31: \"weight\" must be a whole number from 1 to 1000, not \"0\"\n" },
    { MODELS("[{ name: m, upstream: 'u-*' }]"),
      "5:12: model \"m\": the upstream has an asterisk, but the name has none\n" },
    { MODELS("[{ name: 'm-*-*', upstream: 'u-*' }]"),
      "5:12: model \"m-*-*\": with an asterisk in "
      "the upstream there may be only one in each\n" },
    /* fallbacks */
    { ROUTING("fallbacks: { m: [n] }"),
      "4:20: no provider serves model \"n\", did you mean \"m\"?\n" },
    { ROUTING("fallbacks: { unknown: [m] }"), "4:16: no provider serves model \"unknown\": add it "
                                              "to the models of one\n" },
    { ROUTING("fallbacks: { m: [m] }"), "4:20: model \"m\" is already tried before: remove it\n" },
    { ROUTING("fallbacks: { m: n }"),
      "4:19: the fallbacks of \"m\" must be a list such as [gpt-4o]\n" },
    { ROUTING("fallbacks: { m: ['*'] }"),
      "4:20: \"*\": a fallback names one model, without an asterisk\n" },
    { ROUTING("fallbacks: { m: [alias], alias: [g] }\n  aliases: { alias: n }\n"
              "  groups: { g: { models: [m] } }"),
      "5:21: no provider serves model \"n\", did you mean \"m\"?\n" },
    { CIRCLE("fallbacks: { a: [b], b: [c], c: [a, d] }"),
      "4:36: fallbacks go in a circle: c -> a -> b -> c: remove one of them, or set "
      "fallback_depth: 1\n" },
    { CIRCLE("fallback_depth: 2\n  content_policy_fallbacks: { a: [b], b: [a] }"),
      "5:43: fallbacks go in a circle: b -> a -> b: remove one of them, or set "
      "fallback_depth: 1\n" },
    { CIRCLE("fallback_depth: 0"),
      "4:19: \"fallback_depth\" must be a whole number from 1 to 10, not \"0\"\n" },
    /* strategies, groups, aliases */
    { ROUTING("strategy: fastest"),
      "4:13: \"strategy\" must be one of simple-shuffle, round-robin, least-busy, lowest-latency, "
      "lowest-cost, lowest-usage, priority, tag, cache-affinity, p2c, not \"fastest\"\n" },
    { ROUTING("groups: { m: { strategy: lowest-cost } }"),
      "4:28: \"lowest-cost\" needs prices: add price: { input: ..., output: ... } to model \"m\" "
      "of provider \"a\"\n" },
    { ROUTING("groups: { m: { strategy: priority } }"),
      "4:28: \"priority\" needs tiers: add tier: 2 to the models that come second\n" },
    { ROUTING("strategy: tag"),
      "4:13: \"tag\" needs tags: add tags: [...] to some of the models\n" },
    { ROUTING("groups: { m: { models: [m] } }"),
      "4:13: \"m\" is a model already: leave models out, or find another name\n" },
    { ROUTING("groups: { g: {} }"),
      "4:13: no provider serves \"g\": add it to the models of one, or say which models the group "
      "has: models: [...]\n" },
    { ROUTING("groups: { g: { models: [] } }"),
      "4:26: \"models\" is empty: list at least one, or leave it out\n" },
    { ROUTING("groups: { g: { model: [m] } }"),
      "4:18: unknown key \"model\" in routing.groups, did you mean \"models\"?\n" },
    { ROUTING("groups: [g]"), "4:11: \"groups\" must be a map such as { fast: { models: [a, b] } "
                              "}, not a list\n" },
    { ROUTING("aliases: { m: m }"), "4:14: \"m\" is a model already: find another name\n" },
    { ROUTING("aliases: { x: m, y: x }"), "4:23: \"x\" is an alias itself: write \"m\"\n" },
    { ROUTING("groups: { g: { models: [m] } }\n  aliases: { g: m }"),
      "5:14: \"g\" is a group already: find another name\n" },
    { MODELS("[{ name: m, price: { input: 1 } }]"),
      "5:30: \"output\" is missing in providers[].models[].price\n" },
    { MODELS("[{ name: m, price: { input: -1, output: 1.2.3 } }]"),
      "5:39: \"input\" must be a number such as 0.25 or 3, not \"-1\"\n"
      "5:51: \"output\" must be a number such as 0.25 or 3, not \"1.2.3\"\n" },
    { MODELS("[{ name: m, tier: 0, tags: [], rpm: 0 }]"),
      "5:29: \"tier\" must be a whole number from 1 to 100, not \"0\"\n"
      "5:38: \"tags\" is empty: list at least one, or leave it out\n"
      "5:47: \"rpm\" must be a whole number from 1 to 1000000000000, not \"0\"\n" },
    { ROUTING("fallbacks: [m]"),
      "4:14: \"fallbacks\" must be a map such as { gpt-4o: [claude-sonnet] }, not a list\n" },
};

/* The printed errors without the file's name. */
static char *
strip(const char *text)
{
    char *out = calloc(1, strlen(text) + 1);
    for (const char *p = text; *p;) {
        const char *end = strchr(p, '\n') + 1;
        assert_memory_equal(p, "conf/x.yaml:", 12);
        strncat(out, p + 12, (size_t)(end - p - 12));
        p = end;
    }
    return out;
}

static void
config_says_what_is_wrong_and_where(void **state)
{
    (void)state;
    unsigned bad = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct config_text r;
        config_text_parse(&r, wrong[i].text);
        char *got = strip(r.text.p);
        if (strcmp(got, wrong[i].errors)) {
            print_error("%s--- wanted\n%s--- got\n%s\n", wrong[i].text, wrong[i].errors, got);
            bad++;
        }
        free(got);
        config_text_fini(&r);
    }
    assert_int_equal(bad, 0);
}

static void
config_counts_the_errors_it_does_not_keep(void **state)
{
    (void)state;
    struct config_text r;
    struct buf text;
    buf_init(&text, 65536);
    for (int i = 0; i < 60; i++)
        buf_printf(&text, "x%d: 1\n", i);
    buf_puts(&text, STR(SMALL_SERVER SMALL_PROVIDERS));
    buf_putc(&text, '\0');
    config_text_parse(&r, text.p);
    assert_int_equal(r.errors.n, CONFIG_ERRORS_MAX);
    assert_int_equal(r.errors.more, 60 - CONFIG_ERRORS_MAX);
    assert_non_null(strstr(r.text.p, "conf/x.yaml: and 10 more errors\n"));
    buf_fini(&text);
    config_text_fini(&r);
}

static void
config_is_not_taken_in_by_aliases_that_multiply(void **state)
{
    (void)state;
    struct config_text r;
    config_text_parse(&r,
                      "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                      "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                      "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n");
    assert_string_equal(r.text.p, "conf/x.yaml:5:11: too many values, aliases followed: the limit "
                                  "is 20000\n");
    config_text_fini(&r);
}

static void
config_ends_in_an_error_when_memory_does(void **state)
{
    (void)state;
    for (size_t cap = 4096; cap < 40000; cap += 4096) {
        struct arena a;
        struct config_errors errors;
        arena_init(&a, cap);
        struct buf text;
        buf_init(&text, 1 << 20);
        buf_puts(&text, STR(SMALL_SERVER "providers:\n"));
        for (int i = 0; i < 300; i++)
            buf_printf(&text, "- { name: p%d, type: openai, models: [m%d] }\n", i, i);
        assert_null(config_parse(buf_str(&text), "x", &config_text_world, &a, &errors));
        assert_true(errors.n > 0);
        buf_fini(&text);
        arena_fini(&a);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_says_what_is_wrong_and_where),
        cmocka_unit_test(config_counts_the_errors_it_does_not_keep),
        cmocka_unit_test(config_is_not_taken_in_by_aliases_that_multiply),
        cmocka_unit_test(config_ends_in_an_error_when_memory_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
