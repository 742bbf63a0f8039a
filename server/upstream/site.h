/* Where requests go without curl: one struct site for each scheme, host, port and set of trusted
 * authorities, with the connections to it that wait for their next request. */
#ifndef LLMUX_UPSTREAM_SITE_H
#define LLMUX_UPSTREAM_SITE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "server/upstream/parsed_url.h"
#include "server/upstream/trust.h"

struct link;
TAILQ_HEAD(link_list, link);

struct site {
    struct site *next;
    char *origin; /* owned; "http://api.example.com:443", as it is dialled */
    char *host;   /* owned; whose certificate it must be */
    bool tls;
    struct trust *trust;
    unsigned users;        /* calls, dials and links */
    SSL_SESSION *session;  /* owned; the newest to resume, NULL when there is none */
    struct link_list idle; /* newest first */
    unsigned n_idle;
};

struct site_table {
    struct site *first; /* owned */
    unsigned n;
};

/* So many stay when nobody uses them; those whom clients name are without number. */
#define SITES_KEPT 128u

/* The site of a URL, made when it is new; NULL when memory is short.  It may go with the next call, unless somebody is
 * counted among its users. */
struct site *site_find(struct site_table *t, const struct parsed_url *u, struct trust *trust);
/* The idle connections must be gone. */
void site_table_fini(struct site_table *t);

#endif
