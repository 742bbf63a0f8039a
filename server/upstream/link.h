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
    struct upstream_call *call; /* who uses it; NULL: idle */
    struct tls_conn *tls;       /* owned; NULL: plain */
    int fd;                     /* owned */
    bool ready;                 /* the handshake is over */
    bool used;                  /* it has brought a whole reply */
    bool reading, writing;      /* registered with the loop */
    bool has_news;              /* in all->news */
    struct link **place;        /* in a group that is being served; NULL: in none */
    TAILQ_ENTRY(link) news;
    struct event rd, wr;
    uint64_t idle_since; /* us; 0: in use */
    struct links *all;
    TAILQ_ENTRY(link) link; /* in site->idle */
};

TAILQ_HEAD(link_news, link);

/* The links of a client.  Those that the loop has news of are served in groups, behind whatever else
 * the loop has found in this turn.  What a group brings for others goes to them before the next group
 * is served, as they hear of it by an event that is then active, too. */
struct links {
    struct event_base *base;
    unsigned open;
    struct link_news news;
    struct event serve; /* active while there are news */
};

/* As many are read, one behind the other, before what they brought is written: the same code runs for all of them. */
#define LINKS_GROUP 16u

enum link_result {
    LINK_OK,    /* some bytes were moved */
    LINK_AGAIN, /* the loop will call */
    LINK_EOF,
    LINK_ERROR, /* errno, or tls_conn_why, tells why */
};

/* serve is called with ctx, from the loop, while there are news. */
void links_init(struct links *all, struct event_base *base, event_callback_fn serve, void *ctx);
void links_fini(struct links *all);
/* Those whose news are oldest, which thereby have none; returns how many.  A place becomes NULL when its
 * link is closed, until links_served. */
unsigned links_with_news(struct links *all, struct link *group[LINKS_GROUP]);
void links_served(struct links *all, struct link *const group[LINKS_GROUP], unsigned n);

/* Take over fd, a connected socket.  *all outlives the link.  NULL when memory is short, the loop cannot watch it or the
 * site's authorities cannot be read; fd is closed then. */
struct link *link_open(struct site *site, int fd, struct links *all);
/* Close it and forget it; if it is idle, its site forgets it too. */
void link_close(struct link *l);
/* Make sure of the handshake. */
enum link_result link_shake_hands(struct link *l);
/* Up to n bytes of input. */
enum link_result link_read(struct link *l, char *p, size_t n, size_t *moved);
/* As much as goes of up to two pieces, the first of which is not empty. */
enum link_result link_write(struct link *l, const struct iovec v[2], size_t *moved);
/* There is more input than the socket will announce. */
void link_tell(struct link *l);
/* Shall input be waited for?  False when the loop cannot watch it. */
bool link_listen(struct link *l, bool yes);
/* No need to wait for room to write. */
void link_quiet(struct link *l);

#endif
