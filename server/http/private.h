/* What the files of this directory share; nobody else includes it.
 *
 *   listener.c ─► conn.c ─────► request.c ─────► the owner ─► reply.c
 *                 sockets,      bytes to          (conn.h)    bytes to
 *                 states        exchanges                     conn->out ─► conn.c
 *   server.c owns them all; exchange.c is what the owner holds; tls.c, output.c, deadline.c serve
 *
 * A connection is freed in one place, http_conn_settle, which runs last in every callback of the
 * loop.  All else only marks it lost.  That is why the reply functions may be called from
 * anywhere. */
#ifndef LLMUX_HTTP_PRIVATE_H
#define LLMUX_HTTP_PRIVATE_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>
#include <time.h>

#include "runtime/base/buf.h"
#include "server/wire/chunked.h"
#include "server/http/conn.h"
#include "server/http/deadline.h"
#include "server/http/output.h"
#include "server/http/server.h"
#include "server/http/tls.h"

#define HTTP_SCRATCH    (64 * 1024) /* bytes of one read */
#define HTTP_FIRST      (16 * 1024) /* of one that may hold a head, behind which a body is copied */
#define HTTP_AHEAD_MAX  (64 * 1024) /* bytes read ahead of a running reply */
#define HTTP_SPARES     64          /* output buffers kept for the next reply ... */
#define HTTP_SPARE_MAX  (64 * 1024) /* ... when they are no larger than this */
#define HTTP_BODY_SPARE ((size_t)4 << 20) /* of a request's body, the same */

/*           bytes               complete              end             written
 *   HEAD ─────────► (BODY) ──────────────► REPLY ───────────► FLUSH ───────────► HEAD
 *                                                              └ when closing ─► LINGER ─► freed
 * A bad head goes to REPLY directly, for as long as the owner's error() takes. */
enum http_conn_state {
    CONN_HEAD,   /* waits for a request, or has part of a head in `in` */
    CONN_BODY,   /* x is being read */
    CONN_REPLY,  /* x is with the owner; what comes in is kept in `in` */
    CONN_FLUSH,  /* x is over; its last bytes are on their way */
    CONN_LINGER, /* all is said and shut down; what the client still sends is thrown away */
};

enum http_conn_lost {
    LOST_NOT,
    LOST_CLOSE,
    LOST_RESET, /* let the client see an error, not an end */
};

enum http_deadline_kind {
    DEADLINE_NONE,
    DEADLINE_HEAD,
    DEADLINE_BODY,
    DEADLINE_IDLE,
    DEADLINE_WRITE,
    DEADLINE_LINGER,
    DEADLINE_LOOK, /* reading is paused: time to see whether the client is still there */
};

struct http_conn {
    struct http_server *server;
    struct http_exchange *x; /* owned; in BODY and REPLY */
    struct tls_conn *tls;    /* owned; NULL for plain text */
    TAILQ_ENTRY(http_conn) all;
    TAILQ_ENTRY(http_conn) dirty; /* while is_dirty */
    struct deadline deadline;
    struct event read_event, write_event;
    struct buf in; /* received and not yet understood */
    struct http_output out;
    size_t seen; /* http_head_parse's */
    int fd;      /* owned */
    enum http_conn_state state;
    enum http_conn_lost lost;
    bool is_dirty;         /* has output, or a state, for the end of this turn to look at; */
    unsigned turn;         /* the server's, when it became so */
    bool is_fresh;         /* no request yet */
    bool closing;          /* no request after this one */
    bool must_linger;      /* the client may be sending what nobody will read */
    bool aborted;          /* the reply was broken off */
    bool until_close;      /* the connection's end is the end of the reply's body */
    bool eof;              /* the client sends no more */
    bool reading;          /* read_event is added */
    bool writing;          /* write_event is added */
    bool blocked;          /* the socket took less than there was */
    bool read_needs_write; /* TLS */
    bool has_more;         /* TLS has read more from the socket than was taken from it */
    bool progress;         /* bytes were moved: the deadline starts anew */
    char peer[46];         /* the client's address, once somebody asked; else "" */
};

struct http_exchange {
    struct http_conn *conn;
    void *data;
    struct http_head head; /* points into this allocation */
    struct buf body;
    size_t body_left; /* with a Content-Length */
    struct http_chunked chunked;
    uint64_t time_us;
    bool running; /* between request() and the end */
    /* the reply */
    bool begun;
    bool raw; /* http_reply_raw was used */
    bool is_chunked;
    bool swallow; /* no body may be sent */
    bool waits;   /* HTTP_FLOW_WAIT was returned */
    size_t left;  /* body bytes to come, or HTTP_LENGTH_UNKNOWN */
};

TAILQ_HEAD(http_conns, http_conn);
struct http_listener;

struct http_server {
    struct event_base *base;
    struct http_limits limits;
    struct http_handler handler;
    struct http_stats stats;
    struct deadlines deadlines;
    struct http_conns all, dirty;
    struct http_conn *current; /* is being read or written: will be flushed anyway */
    struct event *turn_event;  /* owned; active when the dirty ones are to be looked at: */
    bool turn_due;
    unsigned turn;            /* how many of them there were */
    struct event *done_event; /* owned */
    void (*done)(void *arg);  /* the drain's */
    void *done_arg;
    struct http_listener *listeners; /* owned */
    char *scratch;                   /* owned; HTTP_SCRATCH bytes */
    struct buf spares[HTTP_SPARES];
    size_t n_spares;
    struct buf spare_body;
    size_t body_bytes; /* held by all exchanges */
    bool draining;
    bool is_patient; /* while draining: idle connections have linger_ms left */
    time_t date_at;
    char date[40]; /* "Date: ...\r\n" of the second date_at */
};

static inline struct http_conn *
http_conn_of(struct deadline *d)
{
    return (struct http_conn *)((char *)d - offsetof(struct http_conn, deadline));
}

/* conn.c */

/* NULL, with fd closed, when memory ran out. */
struct http_conn *http_conn_create(struct http_server *s, int fd, struct http_tls *tls);
/* Let the end of this turn look at c. */
void http_conn_touch(struct http_conn *c);
/* Write what can be written.  May mark c lost; frees nothing. */
void http_conn_flush(struct http_conn *c);
/* Flush and settle c, which is dirty; may free it. */
void http_conn_end_turn(struct http_conn *c);
/* Put c into order: free it if it is lost, go on with the next request, set what it waits for.  c
 * may be gone afterwards. */
void http_conn_settle(struct http_conn *c);
/* A deadline of c has come. */
void http_conn_expired(struct http_conn *c, enum http_deadline_kind kind);

/* request.c */

/* Understand bytes in the states HEAD and BODY; returns how many were used up.  Calls the
 * handler. */
size_t http_request_take(struct http_conn *c, struct str in);
/* Make room for n more bytes behind c->x->body, or refuse the request. */
bool http_request_body_room(struct http_conn *c, size_t n);
/* n bytes of a body with a length were put there. */
void http_request_took_body(struct http_conn *c, size_t n);
/* Answer c's exchange, or bytes that did not become one, through the handler's error(); then
 * close. */
void http_request_refuse(struct http_conn *c, int status, const char *reason);

/* exchange.c */

/* A new c->x with a copy of h, which points into the n bytes at p; false when memory ran out. */
bool http_exchange_create(struct http_conn *c, const struct http_head *h, const char *p, size_t n);
/* Free c->x. */
void http_exchange_free(struct http_conn *c);

/* server.c */

/* "Date: ...\r\n" */
struct str http_server_date(struct http_server *s);
/* A connection is no more. */
void http_server_forget(struct http_server *s, struct http_conn *c);
/* Look at the dirty ones in this turn of the loop. */
void http_server_call_turn(struct http_server *s);
/* An empty output buffer with some room, if there is one to spare; and back.  Under AddressSanitizer those to spare are
 * poisoned. */
void http_server_lend(struct http_server *s, struct buf *b);
void http_server_give_back(struct http_server *s, struct buf *b);

/* listener.c */

/* Close all listeners of s; before that, accept what the kernel has already accepted. */
void http_listeners_close(struct http_server *s);
/* There is room for a connection again. */
void http_listeners_resume(struct http_server *s);

#endif
