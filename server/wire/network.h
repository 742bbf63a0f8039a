/* Addresses, and which of them belong to everybody. */
#ifndef LLMUX_WIRE_NETWORK_H
#define LLMUX_WIRE_NETWORK_H

#include <stdbool.h>

#include "runtime/base/str.h"

struct sockaddr;

#define NETWORK_BYTES 16

/* An IPv6 address; of IPv4 the one that maps it (::ffff:a.b.c.d). */
struct network_address {
    unsigned char b[NETWORK_BYTES];
};
/* The addresses whose first bits are these. */
struct network {
    struct network_address first;
    unsigned bits;
};

/* Read "10.0.0.0/8", "fd00::/8", or one address.  False when it is none. */
bool network_read(struct str text, struct network *n);
bool network_has(const struct network *n, const struct network_address *a);

/* Take the address out of a socket's; false for families other than IPv4 and IPv6. */
bool network_address_of(const struct sockaddr *sa, struct network_address *a);
/* May a stranger make us call it?  Not: private, shared, loopback, link-local (where clouds keep their credentials),
 * unique local, multicast, reserved and documentation addresses, and IPv6 that stands for such IPv4.  Source: the
 * registries of special-purpose addresses (RFC 6890 and what came later). */
bool network_is_public(const struct network_address *a);

#endif
