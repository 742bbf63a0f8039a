/* Which addresses are everybody's. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "server/wire/network.h"

/* As a socket has it. */
static struct network_address
address(const char *text)
{
    struct sockaddr_storage s = { 0 };
    struct sockaddr_in *in = (struct sockaddr_in *)&s;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&s;
    struct network_address a;
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1)
        s.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1)
        s.ss_family = AF_INET6;
    assert_true(network_address_of((struct sockaddr *)&s, &a));
    return a;
}

static void
only_public_addresses_are_public(void **state)
{
    static const struct {
        const char *text;
        bool is_public;
    } table[] = {
        { "8.8.8.8", true },
        { "1.1.1.1", true },
        { "172.15.255.255", true },
        { "172.32.0.0", true },
        { "100.63.255.255", true },
        { "100.128.0.0", true },
        { "192.169.0.1", true },
        { "223.255.255.255", true },
        { "0.0.0.0", false },
        { "0.1.2.3", false },
        { "10.0.0.1", false },
        { "100.64.0.1", false },
        { "127.0.0.1", false },
        { "127.255.255.254", false },
        { "169.254.169.254", false },
        { "172.16.0.1", false },
        { "172.31.255.255", false },
        { "192.0.0.170", false },
        { "192.0.2.1", false },
        { "192.168.1.1", false },
        { "198.18.0.1", false },
        { "198.19.255.255", false },
        { "198.51.100.7", false },
        { "203.0.113.7", false },
        { "224.0.0.1", false },
        { "239.255.255.255", false },
        { "240.0.0.1", false },
        { "255.255.255.255", false },
        { "2606:4700::1111", true },
        { "2a00:1450::1", true },
        { "::", false },
        { "::1", false },
        { "::127.0.0.1", false },
        { "::ffff:8.8.8.8", true },
        { "::ffff:127.0.0.1", false },
        { "::ffff:169.254.169.254", false },
        { "64:ff9b::8.8.8.8", true },
        { "64:ff9b::10.0.0.1", false },
        { "64:ff9b:1::1", false },
        { "2002:808:808::1", true },
        { "2002:7f00:1::1", false },
        { "2002:a9fe:a9fe::1", false },
        { "2001::1", false },
        { "2001:db8::1", false },
        { "3fff::1", false },
        { "fc00::1", false },
        { "fd00:ec2::254", false },
        { "fe80::1", false },
        { "ff02::1", false },
        { "5f00::1", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct network_address a = address(table[i].text);
        if (network_is_public(&a) != table[i].is_public)
            fail_msg("%s", table[i].text);
    }
}

static void
networks_have_the_addresses_that_begin_so(void **state)
{
    static const struct {
        const char *network, *address;
        bool has;
    } table[] = {
        { "10.1.0.0/16", "10.1.255.255", true },
        { "10.1.0.0/16", "10.2.0.0", false },
        { "10.1.2.3", "10.1.2.3", true },
        { "10.1.2.3", "10.1.2.4", false },
        { "10.128.0.0/9", "10.255.0.1", true },
        { "10.128.0.0/9", "10.127.0.1", false },
        { "0.0.0.0/0", "8.8.8.8", true },
        { "0.0.0.0/0", "::1", false },
        { "fd00::/8", "fdab::1", true },
        { "fd00::/8", "fc00::1", false },
        { "::1", "::1", true },
        { "10.0.0.0/8", "::ffff:10.1.1.1", true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct network n;
        struct network_address a = address(table[i].address);
        assert_true(network_read(str_from(table[i].network), &n));
        if (network_has(&n, &a) != table[i].has)
            fail_msg("%s in %s", table[i].address, table[i].network);
    }
}

static void
what_is_no_network_is_refused(void **state)
{
    static const char *const table[] = {
        "",
        "x",
        "10.0.0",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/8x",
        "fd00::/129",
        "256.0.0.0/8",
        "example.org",
        "10.0.0.0/8/8",
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
    };
    struct network n;
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (network_read(str_from(table[i]), &n))
            fail_msg("%s", table[i]);
    struct sockaddr other = { .sa_family = AF_UNIX };
    struct network_address a;
    assert_false(network_address_of(&other, &a));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_public_addresses_are_public),
        cmocka_unit_test(networks_have_the_addresses_that_begin_so),
        cmocka_unit_test(what_is_no_network_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
