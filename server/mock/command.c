/* `llmux mock`. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "server/cli/cli.h"
#include "server/cli/options.h"
#include "server/cli/world.h"
#include "server/mock/mock.h"
#include "server/mock/options.h"

#define CONFIG_ARENA ((size_t)16 << 20)

static const char about[] =
    "Emulates every compiled dialect for tests and load, until SIGINT or SIGTERM.  The first line\n"
    "says where: POST to /v1/<operation> or /<dialect or provider>/v1/<operation>, and GET\n"
    "/mock/stats and /mock/last.  A model such as any!429, any!delay=300ms or any!reset-after=3\n"
    "fails as it says.";

static bool
load(const char *config, const char *listen, struct arena *a, struct mock_options *o)
{
    struct config_errors errors;
    bool ok = !config || mock_options_load(config, a, o, &errors);
    if (!ok)
        world_print_errors(&errors);
    if (listen)
        o->listen = str_from(listen);
    return ok;
}

/* Thousands of slow streams are thousands of descriptors. */
static void
raise_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
}

static bool
serve(const struct mock_options *o)
{
    struct fault f;
    sigset_t stop;
    int signal;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    raise_limit();
    struct mock *m = mock_start(o, &f);
    if (!m) {
        fprintf(stderr, "llmux mock: %s\n", f.text);
        return false;
    }
    printf("llmux mock: listening on %s\n", mock_base_url(m));
    fflush(stdout);
    sigwait(&stop, &signal);
    mock_stop(m);
    return true;
}

int
cmd_mock(int argc, char **argv)
{
    struct option v[] = {
        { .name = "config",
          .letter = 'c',
          .takes = "FILE",
          .help = "listen, workers, tls, api_key, reply, fixed, replay, faults" },
        { .name = "listen",
          .letter = 'l',
          .takes = "ADDRESS",
          .help = "overrides the file; 127.0.0.1:0, a free port, when neither says it" },
    };
    struct options args = { .synopsis = "mock [-c FILE]", .about = about, .v = v, .n = 2 };
    struct mock_options o = { 0 };
    struct arena a;
    enum options_result got = options_read(&args, argc, argv);
    if (got != OPTIONS_GO)
        return got == OPTIONS_HELPED ? CLI_YES : CLI_USAGE;
    arena_init(&a, CONFIG_ARENA);
    bool ok = load(v[0].value, v[1].value, &a, &o) && serve(&o);
    arena_fini(&a);
    return ok ? CLI_YES : CLI_NO;
}
