/* New connections.  curl resolves the name, tries the addresses and connects (CONNECT_ONLY); then
 * the socket is ours.  A dial whose call has gone goes on: its connection serves another. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "server/upstream/client.h"

#define DIAL_MS 30000L /* when the call has no deadline of its own */

struct dial {
    struct transfer transfer; /* first */
    struct upstream *u;
    struct site *site;
    struct upstream_call *call; /* NULL: it has gone */
    uint64_t start;             /* us */
    char error[CURL_ERROR_SIZE];
    TAILQ_ENTRY(dial) link;
};

static void
dial_end(struct dial *d)
{
    multi_remove(d->u, &d->transfer);
    curl_easy_cleanup(d->transfer.easy);
    TAILQ_REMOVE(&d->u->dials, d, link);
    d->site->users--;
    free(d);
}

/* curl closes its own descriptor. */
static int
take_socket(struct dial *d)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    curl_easy_getinfo(d->transfer.easy, CURLINFO_ACTIVESOCKET, &fd);
    return fd == CURL_SOCKET_BAD ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static void
on_over(struct transfer *t, CURLcode code)
{
    struct dial *d = (struct dial *)t;
    struct upstream *u = d->u;
    struct site *site = d->site;
    struct upstream_call *c = d->call;
    int fd = code == CURLE_OK ? take_socket(d) : -1;
    if (c && code != CURLE_OK)
        memcpy(upstream_words(c)->error, d->error, sizeof d->error);
    dial_end(d);
    wire_dialled(u, site, c, fd, code);
}

static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    (void)purpose;
    struct dial *d = arg;
    if (!upstream_vets(d->u, a))
        return CURL_SOCKET_BAD;
    return sock_open(&d->u->socks, d->transfer.m, a->family, a->socktype, a->protocol);
}

static bool
set_options(struct dial *d, unsigned connect_ms)
{
    CURL *e = d->transfer.easy;
    int bad = upstream_set_basics(e, d->u, &d->transfer);
    bad |= curl_easy_setopt(e, CURLOPT_URL, d->site->origin);
    bad |= curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L);
    bad |= curl_easy_setopt(e, CURLOPT_SHARE, d->site->trust->share);
    bad |= curl_easy_setopt(e, CURLOPT_ERRORBUFFER, d->error);
    bad |= curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open);
    bad |= curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, d);
    bad |= curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, connect_ms ? (long)connect_ms : DIAL_MS);
    return bad == 0;
}

struct dial *
dial_start(struct upstream *u, struct site *site, struct upstream_call *call, unsigned connect_ms)
{
    struct dial *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    *d = (struct dial){ .u = u, .site = site, .call = call };
    d->transfer = (struct transfer){ .easy = curl_easy_init(), .over = on_over };
    TAILQ_INSERT_TAIL(&u->dials, d, link);
    site->users++;
    struct multi *m = multi_pick(u, site->trust);
    if (d->transfer.easy && m && set_options(d, connect_ms)
        && multi_add(m, &d->transfer) == CURLM_OK)
        return d;
    dial_end(d);
    return NULL;
}

void
dial_abandon(struct dial *d)
{
    d->call = NULL;
}

void
dial_destroy_all(struct upstream *u)
{
    while (!TAILQ_EMPTY(&u->dials))
        dial_end(TAILQ_FIRST(&u->dials));
}
