/* Configs and what they mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/config_text.h"

static void
config_has_defaults(void **state)
{
    (void)state;
    struct config_text r;
    config_text_parse(&r, SMALL_SERVER SMALL_PROVIDERS);
    assert_string_equal(r.text.p, "");
    const struct config_server *s = &r.config->server;
    assert_int_equal(s->n_listen, 1);
    CONFIG_TEXT_IS(s->listen[0].host, "127.0.0.1");
    assert_int_equal(s->listen[0].port, 1);
    assert_null(s->admin.text.p);
    assert_int_equal(s->workers, 0);
    assert_int_equal(s->max_connections, 16384);
    assert_int_equal(s->max_body, 32 << 20);
    assert_int_equal(s->drain_timeout, 30000);
    assert_int_equal(s->head_timeout, 10000);
    assert_int_equal(s->body_timeout, 30000);
    assert_int_equal(s->idle_timeout, 75000);
    assert_int_equal(s->keepalive_comment, 15000);
    assert_int_equal(s->overload_lag, 250);
    assert_null(s->tls_cert.p);
    assert_int_equal(s->log_level, LOG_LEVEL_INFO);
    assert_int_equal(s->log_format, LOG_FORMAT_JSON);
    const struct config_provider *p = &r.config->providers[0];
    assert_null(p->base_url.p);
    assert_null(p->api_key.p);
    assert_int_equal(p->timeouts.connect, 5000);
    assert_int_equal(p->timeouts.first_byte, 120000);
    assert_int_equal(p->timeouts.idle, 60000);
    assert_int_equal(p->timeouts.total, 600000);
    CONFIG_TEXT_IS(p->models[0].upstream, "m");
    assert_int_equal(p->models[0].weight, 0);
    assert_int_equal(p->models[0].tier, 1);
    assert_int_equal(r.config->routing.retries, 2);
    assert_int_equal(r.config->n_secrets, 0);
    config_text_fini(&r);
}

static void
config_holds_every_value(void **state)
{
    (void)state;
    struct config_text r;
    config_text_parse(
        &r, "server:\n"
            "  listen: [':${PORT}', '[::1]:0', unix:/run/llmux.sock]\n"
            "  admin_listen: localhost:8081\n"
            "  admin_key: ${KEY}\n"
            "  workers: 4\n"
            "  max_connections: 100\n"
            "  max_body: 1GiB\n"
            "  drain_timeout: 5m\n"
            "  head_timeout: 500ms\n"
            "  body_timeout: 1h\n"
            "  idle_timeout: 1s\n"
            "  keepalive_comment: 0\n"
            "  overload: { lag: 100ms }\n"
            "  tls: { cert: /tls/cert.pem, key: /tls/key.pem }\n"
            "  log: { level: error, format: text }\n"
            "providers:\n"
            "  - name: main\n"
            "    type: openai\n"
            "    base_url: https://api.openai.com/v1/\n"
            "    api_key: ${KEY}\n"
            "    headers: { X-Team: blue$$, X-Two: '${NO:a b}' }\n"
            "    models:\n"
            "      - gpt-4o\n"
            "      - { name: fast, upstream: gpt-4o-mini, weight: 3 }\n"
            "    timeouts: { connect: 1s, first_byte: 2s, idle: 0, total: 4s }\n"
            "    policies: { images: drop }\n"
            "    ca_file: /tls/cert.pem\n"
            "    proxy: http://me:secret-pass@proxy:3128\n"
            "    http_version: 2\n"
            "  - name: other\n"
            "    type: openai.chat\n"
            "    base_url: http://localhost:1234\n"
            "    api_key: file:key\n"
            "    auth: { scheme: sigv4, access_key_id: AKID, secret_access_key: file:key,\n"
            "            session_token: '${KEY}', profile: work, region: eu-1,\n"
            "            credentials_file: /tls/key.pem, tenant_id: t-1, client_id: c-1,\n"
            "            client_secret: cs, scope: 'https://s/.default',\n"
            "            token_url: https://login/token }\n"
            "    models: ['claude-*', { name: 'x-*', upstream: 'y/*' }]\n"
            "routing:\n"
            "  strategy: simple-shuffle\n"
            "  retries: 0\n"
            "  fallbacks: { gpt-4o: [fast, claude-3] }\n");
    assert_string_equal(r.text.p, "");
    const struct config_server *s = &r.config->server;
    assert_int_equal(s->n_listen, 3);
    assert_null(s->listen[0].host.p);
    assert_int_equal(s->listen[0].port, 9090);
    CONFIG_TEXT_IS(s->listen[1].host, "::1");
    CONFIG_TEXT_IS(s->listen[2].path, "/run/llmux.sock");
    CONFIG_TEXT_IS(s->admin.host, "localhost");
    assert_int_equal(s->admin.port, 8081);
    CONFIG_TEXT_IS(s->admin_key, "sk-from-the-environment");
    assert_int_equal(s->workers, 4);
    assert_int_equal(s->max_connections, 100);
    assert_int_equal(s->max_body, 1 << 30);
    assert_int_equal(s->drain_timeout, 300000);
    assert_int_equal(s->head_timeout, 500);
    assert_int_equal(s->body_timeout, 3600000);
    assert_int_equal(s->idle_timeout, 1000);
    assert_int_equal(s->keepalive_comment, 0);
    assert_int_equal(s->overload_lag, 100);
    CONFIG_TEXT_IS(s->tls_cert, "/tls/cert.pem");
    CONFIG_TEXT_IS(s->tls_key, "/tls/key.pem");
    assert_int_equal(s->log_level, LOG_LEVEL_ERROR);
    assert_int_equal(s->log_format, LOG_FORMAT_TEXT);
    const struct config_provider *p = &r.config->providers[0], *q = &r.config->providers[1];
    assert_int_equal(r.config->n_providers, 2);
    CONFIG_TEXT_IS(p->name, "main");
    CONFIG_TEXT_IS(p->type, "openai");
    CONFIG_TEXT_IS(p->base_url, "https://api.openai.com/v1");
    CONFIG_TEXT_IS(p->api_key, "sk-from-the-environment");
    assert_int_equal(p->n_headers, 2);
    CONFIG_TEXT_IS(p->headers[0].key, "X-Team");
    CONFIG_TEXT_IS(p->headers[0].value, "blue$");
    CONFIG_TEXT_IS(p->headers[1].value, "a b");
    assert_int_equal(p->n_models, 2);
    CONFIG_TEXT_IS(p->models[1].name, "fast");
    CONFIG_TEXT_IS(p->models[1].upstream, "gpt-4o-mini");
    assert_int_equal(p->models[1].weight, 3);
    assert_int_equal(p->timeouts.connect, 1000);
    assert_int_equal(p->timeouts.idle, 0);
    assert_int_equal(p->n_policies, 1);
    CONFIG_TEXT_IS(p->policies[0].value, "drop");
    CONFIG_TEXT_IS(p->ca_file, "/tls/cert.pem");
    CONFIG_TEXT_IS(p->proxy, "http://me:secret-pass@proxy:3128");
    assert_int_equal(p->http_version, CONFIG_HTTP_2);
    assert_int_equal(p->line, 17);
    CONFIG_TEXT_IS(q->api_key, "sk-from-a-file");
    const struct config_auth *auth = &q->auth;
    const struct {
        struct str got;
        const char *want;
    } told[] = {
        { auth->scheme, "sigv4" },
        { auth->access_key_id, "AKID" },
        { auth->secret_access_key, "sk-from-a-file" },
        { auth->session_token, "sk-from-the-environment" },
        { auth->profile, "work" },
        { auth->region, "eu-1" },
        { auth->credentials_file, "/tls/key.pem" },
        { auth->tenant_id, "t-1" },
        { auth->client_id, "c-1" },
        { auth->client_secret, "cs" },
        { auth->scope, "https://s/.default" },
        { auth->token_url, "https://login/token" },
    };
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        CONFIG_TEXT_IS(told[i].got, told[i].want);
    assert_true(q->models[0].wildcard);
    assert_null(q->models[0].upstream.p);
    CONFIG_TEXT_IS(q->models[1].upstream, "y/*");
    const struct config_routing *o = &r.config->routing;
    assert_int_equal(o->retries, 0);
    const struct config_fallbacks *any = &o->fallbacks[CONFIG_TROUBLE_ANY];
    assert_int_equal(any->n, 1);
    CONFIG_TEXT_IS(any->v[0].model, "gpt-4o");
    assert_int_equal(any->v[0].n_to, 2);
    CONFIG_TEXT_IS(any->v[0].to[1], "claude-3");
    static const char *const secrets[] = { "sk-from-the-environment",
                                           "sk-from-the-environment",
                                           "blue$",
                                           "a b",
                                           "http://me:secret-pass@proxy:3128",
                                           "secret-pass",
                                           "sk-from-a-file",
                                           "AKID",
                                           "sk-from-a-file",
                                           "sk-from-the-environment",
                                           "cs" };
    assert_int_equal(r.config->n_secrets, 11);
    for (size_t i = 0; i < 11; i++)
        CONFIG_TEXT_IS(r.config->secrets[i], secrets[i]);
    config_text_fini(&r);
}

static void
config_follows_aliases(void **state)
{
    (void)state;
    struct config_text r;
    config_text_parse(
        &r, SMALL_SERVER
        "providers:\n"
        "  - { name: a, type: openai, models: &m [x, y], timeouts: &t { connect: 1s } }\n"
        "  - { name: b, type: openai, models: *m, timeouts: *t }\n");
    assert_string_equal(r.text.p, "");
    assert_int_equal(r.config->providers[1].n_models, 2);
    assert_int_equal(r.config->providers[1].timeouts.connect, 1000);
    config_text_fini(&r);
}

static void
config_loads_from_a_file(void **state)
{
    (void)state;
    struct arena a;
    struct config_errors errors;
    char path[] = "/tmp/test_config_XXXXXX";
    int fd = mkstemp(path);
    static const char text[] = SMALL_SERVER SMALL_PROVIDERS;
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    arena_init(&a, 1 << 20);
    assert_non_null(config_load(path, &config_text_world, &a, &errors));
    unlink(path);
    assert_null(config_load(path, &config_text_world, &a, &errors));
    assert_int_equal(errors.n, 1);
    CONFIG_TEXT_IS(errors.v[0].text, "cannot read the config: No such file or directory");
    assert_null(config_load("/dev/zero", &config_text_world, &a, &errors));
    CONFIG_TEXT_IS(errors.v[0].text, "cannot read the config: not an ordinary file");
    arena_fini(&a);
}

/* What `llmux check --show` prints of a config. */
static char *
show(const struct config *c)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    config_show(c, &out);
    char *text = calloc(1, out.n + 1);
    memcpy(text, out.p, out.n);
    buf_fini(&out);
    return text;
}

static void
config_shows_what_holds_for_each_key_without_secrets(void **state)
{
    static const char *const lines[] = {
        "server.workers: auto  # default\n",
        "server.max_body: 1MiB\n",
        "server.idle_timeout: 75s  # default\n",
        "server.log.level: info  # default\n",
        "routing.strategy: p2c\n",
        "routing.retries: 2  # default\n",
        "routing.fallback_depth: 3  # default\n",
        "routing.groups[m].strategy: lowest-cost\n",
        "resilience.breaker.failures: 5  # default\n",
        "resilience.hedge.share: 5%\n",
        "resilience.health_check.interval: 1m\n",
        "resilience.webhook.url: (secret)\n",
        "resilience.webhook.queue: 100  # default\n",
        "providers[a].health_check.by: request\n",
        "providers[a].health_check.jitter: 10%  # default\n",
        "providers[a].models[m].health_check.interval: 0\n",
        "providers[a].models[n].health_check.by: request  # default\n",
        "providers[a].api_key: (secret)\n",
        "providers[a].headers: { X-Team }\n",
        "providers[a].timeouts.connect: 5s  # default\n",
        "providers[a].limits: none  # default\n",
        "limits.gateway.parallel: 3\n",
        "limits.gateway.queue: 100  # default\n",
        "server.tls: none  # default\n",
        "routing.fallbacks: { m: [n] }\n",
        "providers[a].models[m].price.output: 2\n",
        "providers[a].models[n].price: none  # default\n",
        "providers[a].models[m].tier: 1  # default\n",
        "providers[a].models[m].rpm: none  # default\n",
        "providers[a].models[m].tags: [x, y]\n",
        "providers[a].models[n].upstream: n  # default\n",
    };
    struct config_text r;
    (void)state;
    config_text_parse(&r, "server: { listen: 127.0.0.1:1, max_body: 1MiB }\n"
                          "providers:\n"
                          "- name: a\n"
                          "  type: openai\n"
                          "  api_key: ${KEY}\n"
                          "  headers: { X-Team: blue }\n"
                          "  models: [{ name: m, tags: [x, y], price: { input: 1, output: 2 }, "
                          "health_check: { interval: 0 } }, n]\n"
                          "  health_check: { by: request }\n"
                          "routing: { strategy: p2c, groups: { m: { strategy: lowest-cost } },\n"
                          "  fallbacks: { m: [n] } }\n"
                          "limits: { gateway: { parallel: 3 } }\n"
                          "resilience: { hedge: { share: 5% }, health_check: { interval: 1m }, "
                          "webhook: { url: \"https://hooks.example.com/blue\" } }\n");
    assert_string_equal(r.text.p, "");
    char *text = show(r.config);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (!strstr(text, lines[i]))
            fail_msg("no \"%s\" in\n%s", lines[i], text);
    assert_null(strstr(text, "sk-from"));
    assert_null(strstr(text, "blue"));
    free(text);
    config_text_fini(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_has_defaults),
        cmocka_unit_test(config_holds_every_value),
        cmocka_unit_test(config_follows_aliases),
        cmocka_unit_test(config_loads_from_a_file),
        cmocka_unit_test(config_shows_what_holds_for_each_key_without_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
