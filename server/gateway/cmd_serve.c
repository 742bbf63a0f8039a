/* llmux serve: from the command line and a file to a running gateway. */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/cli/cli.h"
#include "server/cli/options.h"
#include "server/cli/world.h"
#include "runtime/route/memory.h"
#include "server/gateway/clock.h"
#include "server/gateway/crew.h"
#include "server/gateway/default_config.h"
#include "server/gateway/guards_log.h"
#include "server/gateway/handover.h"
#include "server/gateway/measure_state.h"
#include "server/gateway/reload.h"
#include "server/gateway/serve.h"
#include "server/gateway/telemetry.h"
#include "server/gateway/upgrade.h"
#include "server/gateway/webhook.h"
#include "server/log/log.h"
#include "server/metrics/metrics.h"
#include "server/mock/mock.h"
#include "server/upstream/curl_library.h"

#define ARENA_MAX         (4u << 20)
#define DEFAULT_BYTES_MAX (64u << 10)
#define HEAP_KEPT         (16 << 20) /* of each thread's, when it is free again */
#define HEAP_STEP         (1 << 20)
#define MMAP_LEAST        (4 << 20)

static const char about[] =
    "Runs the gateway until SIGINT or SIGTERM; running requests may then end, and a second\n"
    "signal cuts them off.  SIGHUP reads the configuration anew, SIGUSR2 hands over\n"
    "to a new process of this program (docs/operations.md).  The log goes to stdout.\n"
    "\n"
    "Without a config it listens on 127.0.0.1:8080, or where LLMUX_LISTEN says, and its\n"
    "providers are emulators of everything that is compiled in: a first look without keys.";

/* Everything that lives as long as the command. */
struct serve {
    struct measure_breakers *breakers; /* owned */
    struct arena arena;                /* the default config, and errors in one's own */
    struct mock *mock;                 /* owned; NULL with a config of one's own */
    struct reloader *reloader;         /* owned */
    struct service service;            /* with parts that are owned */
};

/* --- the config ---------------------------------------------------------------------------- */

/* Every compiled type, each spoken by an emulator. */
static bool
make_default(struct serve *s, struct gateway_source *source)
{
    struct buf text;
    struct fault f;
    s->mock = mock_start(NULL, &f);
    if (!s->mock) {
        fprintf(stderr, "llmux serve: emulator: %s\n", f.text);
        return false;
    }
    buf_init(&text, DEFAULT_BYTES_MAX);
    default_config_write(str_from(mock_base_url(s->mock)), &text);
    source->text = arena_str(&s->arena, buf_str(&text));
    buf_fini(&text);
    return true;
}

static bool
load(struct serve *s, const char *path)
{
    struct gateway_source source = { .path = path };
    struct config_errors errors = { .n = 0 };
    if (!path && !make_default(s, &source))
        return false;
    s->reloader = reloader_create(&source, &s->service, &s->arena, &errors);
    if (!s->reloader)
        world_print_errors(&errors);
    return s->reloader;
}

/* --- the parts ----------------------------------------------------------------------------- */

static bool
open_log(struct serve *s, const struct gateway *g, struct fault *f)
{
    const struct config_server *c = &g->config->server;
    const struct log_options options = {
        .fd = STDOUT_FILENO, .path = c->log_file, .level = c->log_level, .format = c->log_format
    };
    s->service.log = log_create(&options);
    if (!s->service.log && c->log_file.p)
        return !fault_set(f, ERR_UNSUPPORTED, 0, "log: %.*s: %s", STR_ARG(c->log_file),
                          strerror(errno));
    return (s->service.log && gateway_hide_secrets(g, s->service.log))
           || !fault_set(f, ERR_MEMORY, 0, "log: out of memory");
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
 * costs an eighth of a stream.  Not before the tables of the process are made: those are large, and
 * hardly ever full; malloc maps them, and their pages cost nothing until they are needed. */
static void
keep_heap(void)
{
    mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
    mallopt(M_TOP_PAD, HEAP_STEP);
    mallopt(M_MMAP_THRESHOLD, MMAP_LEAST);
}

static void
publish(void *ctx, struct gateway *g)
{
    crew_adopt(ctx, g);
}

/* Go on with what the process before has learnt. */
static void
take_state(struct serve *s, const struct buf *state)
{
    const struct handover all = { s->service.guards, s->service.limits, s->service.memory };
    struct handover_count count;
    struct fault f;
    if (!state->n)
        return;
    if (handover_read(buf_str(state), &all, clock_ns(), &count, &f))
        log_msg(s->service.log, LOG_LEVEL_WARN, "state_ignored", "%s", f.text);
    else
        log_msg(s->service.log, LOG_LEVEL_INFO, "state",
                "%u deployments, %u limits and the homes of %u conversations are as the process "
                "before knew them",
                count.guards, count.limits, count.homes);
}

/* Before there is a thread that may change one. */
static void
watch_breakers(struct serve *s)
{
    guards_log(s->service.guards, s->service.log);
    if (s->service.webhook)
        webhook_watch(s->service.webhook, s->service.guards);
}

/* The hold on g, the first snapshot, is given up as soon as the workers have theirs. */
static bool
run(struct serve *s, struct gateway *g, const struct buf *state, struct fault *f)
{
    s->service.n_workers = crew_size(g->config);
    bool open = open_log(s, g, f) && telemetry_open(&s->service, g, f);
    if (open)
        take_state(s, state);
    s->service.webhook = open ? webhook_create(&s->service) : NULL;
    if (open)
        watch_breakers(s);
    keep_heap();
    struct crew *crew = open ? crew_create(g, f) : NULL;
    gateway_drop(g);
    if (!crew)
        return false;
    reloader_publish(s->reloader, publish, crew);
    bool ok = crew_run(crew, f);
    reloader_publish(s->reloader, NULL, NULL);
    crew_destroy(crew);
    return ok;
}

static enum cli_exit
serve(const char *path)
{
    struct serve s = { .service = { .started = clock_wall_ms() / 1000 } };
    struct fault f = { .err = ERR_OK };
    bool ok = false;
    struct buf state; /* of the process before */
    if (getrandom(s.service.redaction_key, sizeof s.service.redaction_key, 0) < 0)
        return CLI_NO;
    arena_init(&s.arena, ARENA_MAX);
    buf_init(&state, HANDOVER_BYTES_MAX);
    upgrade_take_state(&state);
    crew_block_signals();
    raise_descriptors();
    s.service.metrics = metrics_create();
    s.service.guards = guards_create();
    s.service.limits = limits_create();
    if (s.service.metrics && s.service.guards)
        s.breakers = measure_breakers_create(s.service.metrics, s.service.guards);
    s.service.memory = calloc(1, sizeof *s.service.memory);
    if (!s.breakers || !s.service.limits || !s.service.memory)
        fault_set(&f, ERR_MEMORY, 0, "out of memory");
    else if (!curl_library_find(&f) && load(&s, path))
        ok = run(&s, reloader_newest(s.reloader), &state, &f);
    if (f.err)
        fprintf(stderr, "llmux serve: %s\n", f.text);
    buf_fini(&state);
    webhook_destroy(s.service.webhook);
    reloader_destroy(s.reloader);
    telemetry_close(&s.service);
    guards_destroy(s.service.guards);
    measure_breakers_destroy(s.breakers);
    free(s.service.memory);
    limits_destroy(s.service.limits);
    metrics_destroy(s.service.metrics);
    log_destroy(s.service.log);
    mock_stop(s.mock);
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
