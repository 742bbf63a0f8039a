/* AWS Signature Version 4: a request is signed with a secret that never travels.
 *
 *   canonical request ─ SHA-256 ─► string to sign ─ HMAC, with a key for day, region, service ─►
 *   authorization: AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...
 *
 * Sources: AWS's documentation ("Create a signed AWS API request") and its published test suite
 * (aws-sig-v4-test-suite).  The path is encoded once more than it is on the wire, and normalised,
 * as every service but S3 wants it: the `:` of a model's name is %3A on the wire and %253A in what
 * is signed. */
#ifndef LLMUX_AUTH_SIGV4_H
#define LLMUX_AUTH_SIGV4_H

#include "runtime/base/arena.h"
#include "server/upstream/upstream.h"

struct sigv4_key {
    struct str id;
    struct str secret;
    struct str token; /* of a session; absent: none */
};

/* The key of one day, kept because it costs most of a signature.  Zeroed, it is empty; one for each
 * key, region and service. */
struct sigv4_day {
    char day[8];
    unsigned char key[32];
};

/* What is signed, and for whom.  The headers are those that will be sent; the ones that a proxy may
 * change, or that are about the connection, are left out of the signature. */
struct sigv4_request {
    struct str method;
    struct str url; /* absolute, as it is sent */
    const struct upstream_header *headers;
    unsigned n_headers;
    struct str body;
    struct str region, service;
    uint64_t now;           /* seconds since 1970 */
    struct sigv4_day *kept; /* NULL: none */
};

#define SIGV4_HEADERS 3 /* x-amz-date, x-amz-security-token, authorization */

/* Sign, and put the headers to be added into `out`, in the arena.  Returns how many there are; 0 when
 * the arena is full or the url is not one. */
unsigned sigv4_sign(const struct sigv4_key *key, const struct sigv4_request *req, struct arena *a,
                    struct upstream_header out[SIGV4_HEADERS]);

#endif
