/* An open connection to a site that speaks HTTP/1.1, plain or TLS; one request at a time uses it. */
#ifndef LLMUX_UPSTREAM_LINK_H
#define LLMUX_UPSTREAM_LINK_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "server/upstream/site.h"
#include "server/wire/tls_conn.h"

struct upstream_call;

struct link {
    struct site *site;
    int fd;                /* owned */
    struct tls_conn *tls;  /* owned; NULL: plain */
    bool ready;            /* the handshake is over */
    bool used;             /* it has brought a whole reply */
    bool reading, writing; /* registered with the loop */
    struct event rd, wr;
    struct upstream_call *call; /* who uses it; NULL: idle */
    uint64_t idle_since;        /* us; 0: in use */
    unsigned *count;
    TAILQ_ENTRY(link) link; /* in site->idle */
};

enum link_result {
    LINK_OK,    /* some bytes were moved */
    LINK_AGAIN, /* the loop will call */
    LINK_EOF,
    LINK_ERROR, /* errno, or tls_conn_why, tells why */
};

/* Take over fd, a connected socket.  ready is called with the link whenever the loop has news of it,
 * and may close it.  *count, which outlives the link, counts the open ones.  NULL when memory is short or the site's authorities cannot be read; fd is
 * closed then. */
struct link *link_open(struct site *site, int fd, struct event_base *base, event_callback_fn ready,
                       unsigned *count);
/* Close it and forget it; if it is idle, its site forgets it too. */
void link_close(struct link *l);
/* Make sure of the handshake. */
enum link_result link_shake_hands(struct link *l);
/* Up to n bytes of input. */
enum link_result link_read(struct link *l, char *p, size_t n, size_t *moved);
/* As much as goes of up to two pieces, the first of which is not empty. */
enum link_result link_write(struct link *l, const struct iovec v[2], size_t *moved);
/* Shall input be waited for? */
void link_listen(struct link *l, bool yes);
/* No need to wait for room to write. */
void link_quiet(struct link *l);

#endif
