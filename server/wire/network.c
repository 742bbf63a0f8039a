/* Addresses of networks. */
#include "server/wire/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define TEXT_MAX 64 /* of an address with its prefix */
#define V4_BITS  96 /* before an IPv4 address in the IPv6 address that maps it */

static void
map_v4(const void *v4, struct network_address *a)
{
    memset(a->b, 0, 10);
    a->b[10] = a->b[11] = 0xff;
    memcpy(a->b + 12, v4, 4);
}

/* "8", at most max; false when it is no such number. */
static bool
read_bits(const char *text, unsigned max, unsigned *bits)
{
    unsigned v = 0;
    if (!*text || strlen(text) > 3)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        v = v * 10 + (unsigned)(*text - '0');
    }
    *bits = v;
    return v <= max;
}

bool
network_read(struct str text, struct network *n)
{
    char copy[TEXT_MAX];
    unsigned char v4[4];
    if (text.n == 0 || text.n >= sizeof copy)
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    char *slash = strchr(copy, '/');
    if (slash)
        *slash = '\0';
    bool is_v4 = inet_pton(AF_INET, copy, v4) == 1;
    unsigned max = is_v4 ? 32 : 128, bits = max;
    if (is_v4)
        map_v4(v4, &n->first);
    else if (inet_pton(AF_INET6, copy, n->first.b) != 1)
        return false;
    if (slash && !read_bits(slash + 1, max, &bits))
        return false;
    n->bits = is_v4 ? V4_BITS + bits : bits;
    return true;
}

bool
network_has(const struct network *n, const struct network_address *a)
{
    unsigned whole = n->bits / 8, rest = n->bits % 8;
    if (memcmp(n->first.b, a->b, whole) != 0)
        return false;
    unsigned mask = 0xffu << (8 - rest) & 0xffu;
    return rest == 0 || ((n->first.b[whole] ^ a->b[whole]) & mask) == 0;
}

bool
network_address_of(const struct sockaddr *sa, struct network_address *a)
{
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        map_v4(&in.sin_addr, a);
        return true;
    }
    if (sa->sa_family != AF_INET6)
        return false;
    struct sockaddr_in6 in6;
    memcpy(&in6, sa, sizeof in6);
    memcpy(a->b, &in6.sin6_addr, sizeof a->b);
    return true;
}

/* --- what is nobody's or somebody's own ------------------------------------------------------ */

static bool
is_in(const struct network_address *a, const char *const *list)
{
    struct network n;
    for (; *list; list++)
        if (network_read(str_from(*list), &n) && network_has(&n, a))
            return true;
    return false;
}

/* The IPv4 address that stands in an IPv6 address, from this byte on. */
static bool
is_public_v4(const struct network_address *a, unsigned at)
{
    static const char *const special[] = {
        "0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8",
        "169.254.0.0/16", "172.16.0.0/12",  "192.0.0.0/24",  "192.0.2.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",   NULL,
    };
    struct network_address v4;
    map_v4(a->b + at, &v4);
    return !is_in(&v4, special);
}

bool
network_is_public(const struct network_address *a)
{
    static const char *const mapped[] = { "::ffff:0:0/96", "64:ff9b::/96", NULL };
    static const char *const tunnelled[] = { "2002::/16", NULL };
    static const char *const global[] = { "2000::/3", NULL };
    static const char *const special[] = { "2001::/23", "2001:db8::/32", "3fff::/20", NULL };
    if (is_in(a, mapped))
        return is_public_v4(a, 12);
    if (is_in(a, tunnelled))
        return is_public_v4(a, 2);
    return is_in(a, global) && !is_in(a, special);
}
