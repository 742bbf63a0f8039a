/* What an emulator is told: from its YAML file, or from a program that starts one.
 *
 *   listen: 127.0.0.1:9000            # port 0: a free one, which is printed
 *   workers: 2                        # threads
 *   tls: { cert: cert.pem, key: key.pem }
 *   api_key: ${KEY}                   # wanted from every client; without: none is checked
 *   reply:                            # how all replies are given; manner.h explains the words
 *     manner: "delay=10ms!rate=50"
 *     token_bytes: 4                  # the size of a token
 *     calls: always                   # call a tool whenever there is one; else: asked
 *   fixed:                            # the same bytes for every request, which is not even read
 *     bytes: 1KiB                     # of the text in a whole reply
 *     events: 100                     # tokens in a stream
 *     event_bytes: 20B                # of a token
 *   replay: recordings/               # replies that were recorded; replay.h says how
 *   faults:                           # by chance
 *     - { manner: "429", one_in: 100 }
 */
#ifndef LLMUX_MOCK_OPTIONS_H
#define LLMUX_MOCK_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "server/config/config.h"
#include "server/mock/manner.h"

enum mock_calls { MOCK_CALLS_ASKED, MOCK_CALLS_ALWAYS };

/* One request in so many is treated so. */
struct mock_chance {
    struct mock_manner manner;
    unsigned one_in; /* >= 1 */
};

struct mock_fixed_options {
    bool set;
    uint64_t bytes, event_bytes;
    unsigned events;
};

struct mock_options {
    struct str listen;            /* absent: 127.0.0.1:0 */
    struct str tls_cert, tls_key; /* PEM files; both or none */
    struct str api_key;           /* absent: any, or none */
    unsigned workers;             /* 0: 1 */
    unsigned token_bytes;         /* 0: MOCK_TOKEN_BYTES */
    enum mock_calls calls;
    struct mock_manner manner;
    struct mock_fixed_options fixed;
    struct str replay; /* absent: none */
    struct mock_chance *chances;
    unsigned n_chances;
};

#define MOCK_TOKEN_BYTES 4u
#define MOCK_WORKERS_MAX 64u

/* Read a file.  Everything lies in the arena.  False, with at least one error in errors. */
bool mock_options_load(const char *path, struct arena *a, struct mock_options *o,
                       struct config_errors *errors);

/* The same for bytes already read; name stands for the file in messages. */
bool mock_options_parse(struct str bytes, const char *name, struct arena *a, struct mock_options *o,
                        struct config_errors *errors);

#endif
