/* The listening sockets of the process, by configured address.
 *
 *   inherited (LISTEN_FDS) ─┬─► port ─ one socket or more for each worker ─► worker_listen
 *   opened here ────────────┘
 *
 * Sockets are inherited from a supervisor, as systemd hands them over (sd_listen_fds(3)), or from
 * the process that this one replaces.  They are told apart by LISTEN_FDNAMES: there the replaced
 * process writes the names of the ports. */
#ifndef LLMUX_GATEWAY_PORTS_H
#define LLMUX_GATEWAY_PORTS_H

#include "server/config/config.h"
#include "server/http/listener.h"

struct port {
    struct config_listen listen; /* as configured */
    struct str name;             /* "127.0.0.1|8080", "admin|127.0.0.1|8081": for LISTEN_FDNAMES */
    char real[HTTP_ADDRESS_TEXT];
    int *fds; /* their workers' when those have them; n of them */
    unsigned n;
    bool inherited;
    bool leaves_file; /* of a unix socket, to be removed at the end */
};

struct ports {
    struct arena arena;
    struct port
        *v; /* by config->server.listen; the last one is the admin port's, if there is one */
    unsigned n;
    bool has_admin;
};

/* Open a socket for each of so many workers at each address, and one for the admin port; or take those
 * that are inherited.  What is inherited and not wanted is closed.  False, with the reason in f, when one cannot be
 * had; then too ports_fini is to be called. */
MUST_CHECK bool ports_open(struct ports *p, const struct config_server *config, unsigned n_workers,
                           struct fault *f);

/* The real address of a port, or the path of its file. */
struct str port_address(const struct port *p);

/* Remove the files of unix sockets; not when another process has the sockets now. */
void ports_remove_files(const struct ports *p);
/* Closes nothing. */
void ports_fini(struct ports *p);

#endif
