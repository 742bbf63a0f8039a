/* The sockets of one struct upstream, by file descriptor, and what the loop watches on them.
 *
 * curl stops watching a connection whenever it becomes idle (CURL_POLL_REMOVE) and starts again
 * with the next request on it.  Doing that in epoll costs a fifth of a short request, so a socket
 * stays registered for reading until it is closed.  That is only safe for sockets whose end we
 * hear of: those that sock_open made.  curl's others (the pipe of its resolver) are dropped at
 * once, since a closed descriptor leaves epoll without libevent's knowing. */
#ifndef LLMUX_UPSTREAM_SOCK_H
#define LLMUX_UPSTREAM_SOCK_H

#include <curl/curl.h>
#include <event2/event.h>
#include <stddef.h>

struct sock;

struct sock_table {
    struct event_base *base;
    struct sock **v; /* owned; v[fd] or NULL */
    size_t n;
    unsigned open; /* made by sock_open and not closed yet */
    /* fd became ready; events is a set of CURL_CSELECT_IN and CURL_CSELECT_OUT */
    void (*ready)(void *owner, curl_socket_t fd, int events);
};

void sock_table_init(struct sock_table *t, struct event_base *base,
                     void (*ready)(void *owner, curl_socket_t fd, int events));
/* All sockets must be closed before. */
void sock_table_fini(struct sock_table *t);

/* A new non-blocking socket, or CURL_SOCKET_BAD.  owner is passed to ready. */
curl_socket_t sock_open(struct sock_table *t, void *owner, int family, int type, int protocol);
/* Close a socket made by sock_open. */
void sock_close(struct sock_table *t, curl_socket_t fd);
/* On fd the peer only answers: when it speaks while nobody has asked, the connection is not used again. */
void sock_answers(struct sock_table *t, curl_socket_t fd);
/* What curl wants to hear of fd: CURL_POLL_IN, OUT, INOUT, NONE or REMOVE.  0, or -1 when memory is
 * short, or the loop cannot watch it. */
int sock_want(struct sock_table *t, void *owner, curl_socket_t fd, int what);

#endif
