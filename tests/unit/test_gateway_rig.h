/* A gateway from a config's text, without sockets.  For the test_gateway_*.c. */
#ifndef LLMUX_TEST_GATEWAY_RIG_H
#define LLMUX_TEST_GATEWAY_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/cli/world.h"
#include "server/gateway/gateway.h"

#define RIG_ARENA (16u << 20)

struct rig {
    struct arena arena;
    const struct config *config;
    struct service service;
    struct gateway gateway;
};

/* Fails the test when the config is wrong. */
static inline void
rig_open(struct rig *r, const char *yaml)
{
    struct config_errors errors = { .n = 0 };
    struct fault f = { .err = ERR_OK };
    *r = (struct rig){ .config = NULL, .service = { .n_workers = 1 } };
    arena_init(&r->arena, RIG_ARENA);
    struct config_world world = world_of_process(&r->arena, NULL);
    r->config = config_parse(str_from(yaml), "test", &world, &r->arena, &errors);
    if (!r->config)
        fail_msg("config line %u: %.*s", errors.v[0].line, STR_ARG(errors.v[0].text));
    if (gateway_init(&r->gateway, r->config, NULL, &r->service, &f))
        fail_msg("gateway: %s", f.text);
}

static inline void
rig_close(struct rig *r)
{
    gateway_fini(&r->gateway);
    arena_fini(&r->arena);
}

#define assert_str(s, lit) \
    do { \
        struct str s_ = (s); \
        if (!str_is(s_, lit)) \
            fail_msg("%s is \"%.*s\", not \"%s\"", #s, STR_ARG(s_), lit); \
    } while (0)

#endif
