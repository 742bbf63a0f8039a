/* `llmux mock`. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "server/mock/mock.h"
#include "server/mock/options.h"

#define CONFIG_ARENA ((size_t)16 << 20)

static const char help[] =
    "llmux mock: an emulator of every compiled dialect, for tests and load\n"
    "\n"
    "  llmux mock [-c FILE] [--listen ADDRESS]\n"
    "\n"
    "  -c, --config FILE      YAML: listen, workers, tls, api_key, reply, fixed, replay, faults\n"
    "  -l, --listen ADDRESS   such as 127.0.0.1:9000; overrides the file; default 127.0.0.1:0\n"
    "  -h, --help\n"
    "\n"
    "Prints its address as the first line and serves until SIGINT or SIGTERM.  POST to\n"
    "/v1/<operation> or /<dialect or provider>/v1/<operation>; GET /mock/stats, /mock/last.\n"
    "A model such as any!429, any!delay=300ms or any!reset-after=3 fails as it says.\n";

enum { EXIT_NO = 1, EXIT_USAGE = 2 };

struct arguments {
    const char *config, *listen;
};

/* Returns -1 to go on, else the exit status. */
static int
read_arguments(int argc, char **argv, struct arguments *a)
{
    static const struct option options[] = { { "config", required_argument, NULL, 'c' },
                                             { "listen", required_argument, NULL, 'l' },
                                             { "help", no_argument, NULL, 'h' },
                                             { 0 } };
    int c;
    optind = 0; /* getopt may have been used before, for the program's own options */
    while ((c = getopt_long(argc, argv, "c:l:h", options, NULL)) != -1) {
        if (c == 'c') {
            a->config = optarg;
        } else if (c == 'l') {
            a->listen = optarg;
        } else if (c == 'h') {
            fputs(help, stdout);
            return 0;
        } else {
            return EXIT_USAGE;
        }
    }
    if (optind == argc)
        return -1;
    fprintf(stderr, "llmux mock: unexpected argument \"%s\", see llmux mock --help\n",
            argv[optind]);
    return EXIT_USAGE;
}

static bool
load(const struct arguments *args, struct arena *a, struct mock_options *o)
{
    struct config_errors errors;
    bool ok = true;
    if (args->config && !mock_options_load(args->config, a, o, &errors)) {
        struct buf out;
        buf_init(&out, 1 << 20);
        config_errors_print(&errors, &out);
        fwrite(out.p, 1, out.n, stderr);
        buf_fini(&out);
        ok = false;
    }
    if (args->listen)
        o->listen = str_from(args->listen);
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

static int
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
        return EXIT_NO;
    }
    printf("llmux mock: listening on %s\n", mock_base_url(m));
    fflush(stdout);
    sigwait(&stop, &signal);
    mock_stop(m);
    return 0;
}

int
cmd_mock(int argc, char **argv)
{
    struct arguments args = { 0 };
    struct mock_options o = { 0 };
    struct arena a;
    int status = read_arguments(argc, argv, &args);
    if (status >= 0)
        return status;
    arena_init(&a, CONFIG_ARENA);
    status = load(&args, &a, &o) ? serve(&o) : EXIT_NO;
    arena_fini(&a);
    return status;
}
