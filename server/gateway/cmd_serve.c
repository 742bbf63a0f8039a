/* llmux serve: from the command line and a file to a running gateway. */
#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/cli/cli.h"
#include "server/cli/options.h"
#include "server/cli/world.h"
#include "server/gateway/crew.h"
#include "server/gateway/default_config.h"
#include "server/gateway/serve.h"
#include "server/http/tls.h"
#include "server/log/log.h"
#include "server/metrics/metrics.h"
#include "server/mock/mock.h"

#define CONFIG_ARENA_MAX  (16u << 20)
#define DEFAULT_BYTES_MAX (64u << 10)
#define HEAP_KEPT         (16 << 20) /* of each thread's, when it is free again */
#define HEAP_STEP         (1 << 20)
#define MMAP_LEAST        (4 << 20)

static const char about[] =
    "Runs the gateway until SIGINT or SIGTERM; running requests may then end, and a second\n"
    "signal cuts them off.  The log goes to stdout.\n"
    "\n"
    "Without a config it listens on 127.0.0.1:8080, or where LLMUX_LISTEN says, and its\n"
    "providers are emulators of everything that is compiled in: a first look without keys.";

/* Everything that lives as long as the command. */
struct serve {
    struct arena arena; /* the config */
    const struct config *config;
    struct plugins *plugins; /* owned */
    struct mock *mock;       /* owned; NULL with a config of one's own */
    struct log *log;         /* owned */
    struct metrics *metrics; /* owned */
    struct http_tls *tls;    /* owned */
    struct guards *guards;   /* owned */
    struct gateway gateway;
    bool has_gateway;
};

/* --- the config ---------------------------------------------------------------------------- */

static const struct config *
load(struct serve *s, const char *path)
{
    const struct config_world world = world_of_process(&s->arena, s->plugins);
    struct config_errors errors = { .n = 0 };
    const struct config *config = config_load(path, &world, &s->arena, &errors);
    if (!config)
        world_print_errors(&errors);
    return config;
}

static const struct config *
load_default(struct serve *s)
{
    const struct config_world world = world_of_process(&s->arena, s->plugins);
    struct config_errors errors = { .n = 0 };
    struct buf text;
    struct fault f;
    s->mock = mock_start(NULL, &f);
    if (!s->mock) {
        fprintf(stderr, "llmux serve: emulator: %s\n", f.text);
        return NULL;
    }
    buf_init(&text, DEFAULT_BYTES_MAX);
    default_config_write(str_from(mock_base_url(s->mock)), &text);
    const struct config *config = config_parse(arena_str(&s->arena, buf_str(&text)), "default",
                                               &world, &s->arena, &errors);
    buf_fini(&text);
    if (!config)
        world_print_errors(&errors);
    return config;
}

/* --- the parts ----------------------------------------------------------------------------- */

static bool
open_log(struct serve *s, struct fault *f)
{
    const struct config_server *c = &s->config->server;
    const struct log_options options = { .fd = STDOUT_FILENO,
                                         .level = c->log_level,
                                         .format = c->log_format };
    s->log = log_create(&options);
    if (s->log && log_add_secrets(s->log, s->config->secrets, s->config->n_secrets))
        return true;
    fault_set(f, ERR_MEMORY, 0, "log: out of memory");
    return false;
}

static bool
open_tls(struct serve *s, struct fault *f)
{
    const struct config_server *c = &s->config->server;
    if (!c->tls_cert.p)
        return true;
    struct str cert = arena_printf(&s->arena, "%.*s", STR_ARG(c->tls_cert));
    struct str key = arena_printf(&s->arena, "%.*s", STR_ARG(c->tls_key));
    if (cert.p && key.p)
        s->tls = http_tls_create(cert.p, key.p, f);
    else
        fault_set(f, ERR_LIMIT, 0, "tls: out of memory");
    return s->tls;
}

/* Two descriptors a client, and some more. */
static void
raise_descriptors(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
}

/* The heap of a worker breathes with every request: to give pages back and to ask for them again
 * costs an eighth of a stream. */
static void
keep_heap(void)
{
    mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
    mallopt(M_TOP_PAD, HEAP_STEP);
    mallopt(M_MMAP_THRESHOLD, MMAP_LEAST);
}

static bool
run(struct serve *s, struct fault *f)
{
    if (!open_log(s, f) || !open_tls(s, f))
        return false;
    s->has_gateway = true;
    if (gateway_init(&s->gateway, s->config, s->plugins, s->log, f))
        return false;
    s->gateway.tls = s->tls;
    s->gateway.guards = s->guards = guards_create();
    if (!s->guards)
        return !fault_set(f, ERR_MEMORY, 0, "out of memory");
    s->gateway.metrics = s->metrics;
    struct crew *crew = crew_create(&s->gateway, f);
    if (!crew)
        return false;
    bool ok = crew_run(crew, f);
    crew_destroy(crew);
    return ok;
}

static enum cli_exit
serve(const char *path)
{
    struct serve s = { .config = NULL };
    struct fault f = { .err = ERR_OK };
    arena_init(&s.arena, CONFIG_ARENA_MAX);
    raise_descriptors();
    keep_heap();
    s.plugins = plugins_create();
    s.metrics = metrics_create();
    if (!s.plugins || !s.metrics)
        fault_set(&f, ERR_MEMORY, 0, "out of memory");
    else
        s.config = path ? load(&s, path) : load_default(&s);
    bool ok = s.config && run(&s, &f);
    if (f.err)
        fprintf(stderr, "llmux serve: %s\n", f.text);
    if (s.has_gateway)
        gateway_fini(&s.gateway);
    guards_destroy(s.guards);
    http_tls_destroy(s.tls);
    metrics_destroy(s.metrics);
    log_destroy(s.log);
    mock_stop(s.mock);
    plugins_destroy(s.plugins);
    arena_fini(&s.arena);
    return ok ? CLI_YES : CLI_NO;
}

int
cmd_serve(int argc, char **argv)
{
    struct option config = {
        .name = "config", .letter = 'c', .takes = "FILE", .help = "the configuration"
    };
    struct options o = { .synopsis = "serve [-c FILE]", .about = about, .v = &config, .n = 1 };
    enum options_result got = options_read(&o, argc, argv);
    if (got != OPTIONS_GO)
        return got == OPTIONS_HELPED ? CLI_YES : CLI_USAGE;
    return serve(config.value);
}
