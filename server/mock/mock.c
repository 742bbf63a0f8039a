/* The threads of an emulator. */
#include "server/mock/mock.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/http/listener.h"
#include "server/http/tls.h"
#include "server/mock/worker.h"

#define URL_MAX 96

struct mock {
    struct mock_options options; /* a copy; its texts are borrowed */
    struct mock_witness witness;
    struct mock_setting setting;
    char url[URL_MAX];
    unsigned n;       /* workers that were set up ... */
    unsigned running; /* ... and whose thread was started */
    struct mock_worker workers[MOCK_WORKERS_MAX];
    pthread_t threads[MOCK_WORKERS_MAX];
};

static void *
serve(void *arg)
{
    mock_worker_run(arg);
    return NULL;
}

static bool
open_workers(struct mock *m, unsigned n, struct fault *f)
{
    char real[HTTP_ADDRESS_TEXT] = "127.0.0.1:0";
    struct str address = m->options.listen.p ? m->options.listen : str_from(real);
    for (; m->n < n; m->n++) {
        enum http_listen_mode mode = m->n ? HTTP_LISTEN_SHARED : HTTP_LISTEN_ALONE;
        int fd = http_listen(address, mode, real, f);
        if (fd < 0 || !mock_worker_init(&m->workers[m->n], &m->setting, fd, f))
            return false;
        address = str_from(real);
    }
    snprintf(m->url, sizeof m->url, "http%s://%s/v1", m->setting.tls ? "s" : "", real);
    return true;
}

/* Threads inherit the mask: no signal goes to them. */
static bool
start_threads(struct mock *m, struct fault *f)
{
    sigset_t all, old;
    int e = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    while (m->running < m->n && e == 0) {
        e = pthread_create(&m->threads[m->running], NULL, serve, &m->workers[m->running]);
        m->running += e == 0;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (e)
        fault_set(f, ERR_MEMORY, 0, "cannot start a thread: %s", strerror(e));
    return e == 0;
}

static bool
prepare(struct mock *m, struct fault *f)
{
    const struct mock_options *o = &m->options;
    m->setting = (struct mock_setting){ .options = o, .witness = &m->witness };
    if (o->tls_cert.p) {
        m->setting.tls = http_tls_create(o->tls_cert.p, o->tls_key.p, f);
        if (!m->setting.tls)
            return false;
    }
    if (o->replay.p) {
        m->setting.replay = mock_replay_load(o->replay, f);
        if (!m->setting.replay)
            return false;
    }
    return true;
}

struct mock *
mock_start(const struct mock_options *opts, struct fault *f)
{
    struct mock *m = calloc(1, sizeof *m);
    if (!m) {
        fault_set(f, ERR_MEMORY, 0, "out of memory");
        return NULL;
    }
    if (opts)
        m->options = *opts;
    mock_witness_init(&m->witness);
    unsigned n = m->options.workers ? m->options.workers : 1;
    if (n > MOCK_WORKERS_MAX)
        n = MOCK_WORKERS_MAX;
    if (prepare(m, f) && open_workers(m, n, f) && start_threads(m, f))
        return m;
    mock_stop(m);
    return NULL;
}

const char *
mock_base_url(const struct mock *m)
{
    return m->url;
}

void
mock_stop(struct mock *m)
{
    if (!m)
        return;
    for (unsigned i = 0; i < m->running; i++)
        mock_worker_stop(&m->workers[i]);
    for (unsigned i = 0; i < m->running; i++)
        pthread_join(m->threads[i], NULL);
    for (unsigned i = 0; i < m->n; i++)
        mock_worker_fini(&m->workers[i]);
    if (m->setting.tls)
        http_tls_destroy(m->setting.tls);
    mock_replay_destroy(m->setting.replay);
    mock_witness_fini(&m->witness);
    free(m);
}
