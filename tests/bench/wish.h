/* What the load generator is asked for: its command line. */
#ifndef LLMUX_BENCH_WISH_H
#define LLMUX_BENCH_WISH_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct wish {
    struct sockaddr_in address;
    char *request; /* head and body, the same every time */
    size_t request_n;
    unsigned connections;
    double rate; /* requests a second; 0: closed loop */
    double seconds,
        warmup;        /* measured; before that, from the moment all connections have replies */
    uint64_t requests; /* end after so many; 0: by time */
    double ramp;       /* new connections a second; 0: all at once */
    double pace;       /* events a second that each stream should bring; 0: not known */
    uint64_t paced;    /* events of each stream that come at its pace; 0: all */
    const char *end;   /* what a good body ends with, about; NULL: anything */
    pid_t pid;         /* the server under test; 0: none */
    bool cut;          /* leave without waiting for the last replies */
    bool announce;     /* say on stderr when measuring begins */
};

/* Returns -1 to go on, else the exit status. */
int wish_read(struct wish *w, int argc, char **argv);

#endif
