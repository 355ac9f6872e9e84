/* SPDX-License-Identifier: MIT */
/* Addresses: parse and print round trips, endpoints, prefixes, loopback. */
#include "net/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct net_addr
addr_of(const char *text)
{
    struct net_addr addr;

    assert_int_equal(net_addr_parse(span_of_str(text), &addr), RC_OK);
    return addr;
}

static void
test_addr_round_trip(void **state)
{
    static const struct {
        const char *in, *out, *host;
    } table[] = {
        {"192.0.2.1", "192.0.2.1", "192.0.2.1"},
        {"192.0.2.1:143", "192.0.2.1:143", "192.0.2.1"},
        {"2001:db8::1", "2001:db8::1", "2001:db8::1"},
        {"[2001:DB8::1]:993", "[2001:db8::1]:993", "2001:db8::1"},
        {"[::1]", "::1", "::1"},
        {"::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7"},
        {"[::ffff:192.0.2.7]:25", "192.0.2.7:25", "192.0.2.7"},
        {"fe80::1%1", "fe80::1%1", "fe80::1%1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        char text[NET_ADDR_TEXT];
        const struct net_addr addr = addr_of(table[i].in);
        net_addr_print(&addr, text);
        assert_string_equal(text, table[i].out);
        net_addr_print_host(&addr, text);
        assert_string_equal(text, table[i].host);
    }
}

static void
test_addr_malformed(void **state)
{
    static const char *const table[] = {
        "",          "localhost",      "1.2.3",       "1.2.3.4:", "1.2.3.4:65536",
        "1.2.3.4:x", "[::1",           "[::1]143",    "[::1]:",   "[1.2.3.4]:5x",
        ":::",       "1.2.3.4:123456", "[::1]:99999", "fe80::1%", "fe80::1%nosuchif",
        "1.2.3.4 ",  "01.2.3.4.5",     "[]:1",        "[::1]:-1",
    };
    struct net_addr addr;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        assert_int_equal(net_addr_parse(span_of_str(table[i]), &addr), RC_INVALID);
}

static void
test_endpoint(void **state)
{
    static const struct {
        const char *in, *out;
        enum net_family family;
    } table[] = {
        {"127.0.0.1:143", "127.0.0.1:143", NET_IPV4},
        {"[::]:993", "[::]:993", NET_IPV6},
        {"*:143", "*:143", NET_NONE},
        {":143", "*:143", NET_NONE},
        {"mail.example.org:24", "mail.example.org:24", NET_NONE},
        {"/run/roost/lmtp.sock", "/run/roost/lmtp.sock", NET_UNIX},
    };
    static const char *const bad[] = {"",      "143",    "localhost",  "host:",   "host:70000",
                                      "[::1]", "[zz]:1", "[1.2.3.4:1", "::1:143x"};
    struct net_endpoint endpoint;
    struct err err = {.rc = RC_OK};
    char text[280];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        assert_int_equal(net_endpoint_parse(span_of_str(table[i].in), &endpoint, &err), RC_OK);
        assert_int_equal(endpoint.family, table[i].family);
        net_endpoint_print(&endpoint, text, sizeof text);
        assert_string_equal(text, table[i].out);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(net_endpoint_parse(span_of_str(bad[i]), &endpoint, &err), RC_INVALID);
        assert_true(err.text[0] != '\0');
    }
}

static void
test_endpoint_limits(void **state)
{
    char path[NET_UNIX_PATH_MAX + 2];
    char host[NET_HOST_MAX + 8];
    struct net_endpoint endpoint;

    (void)state;
    memset(path, 'p', sizeof path);
    path[0] = '/';
    assert_int_equal(net_endpoint_parse(span_of(path, NET_UNIX_PATH_MAX), &endpoint, NULL),
                     RC_OK);
    assert_int_equal(net_endpoint_parse(span_of(path, NET_UNIX_PATH_MAX + 1), &endpoint, NULL),
                     RC_INVALID);
    memset(host, 'h', sizeof host);
    host[NET_HOST_MAX] = ':';
    host[NET_HOST_MAX + 1] = '1';
    assert_int_equal(net_endpoint_parse(span_of(host, NET_HOST_MAX + 2), &endpoint, NULL),
                     RC_OK);
    host[NET_HOST_MAX] = 'h';
    host[NET_HOST_MAX + 1] = ':';
    host[NET_HOST_MAX + 2] = '1';
    assert_int_equal(net_endpoint_parse(span_of(host, NET_HOST_MAX + 3), &endpoint, NULL),
                     RC_INVALID);
}

static void
test_endpoint_resolve(void **state)
{
    struct net_endpoint endpoint;
    struct net_addr addrs[NET_ENDPOINT_ADDRS];
    size_t count;

    (void)state;
    assert_int_equal(net_endpoint_parse(SPAN("*:1143"), &endpoint, NULL), RC_OK);
    assert_int_equal(net_endpoint_resolve(&endpoint, addrs, &count, NULL), RC_OK);
    assert_int_equal(count, 2);
    assert_int_equal(addrs[0].family, NET_IPV4);
    assert_int_equal(addrs[1].family, NET_IPV6);
    assert_int_equal(addrs[1].port, 1143);
    assert_int_equal(net_endpoint_parse(SPAN("localhost:24"), &endpoint, NULL), RC_OK);
    assert_int_equal(net_endpoint_resolve(&endpoint, addrs, &count, NULL), RC_OK);
    assert_true(count >= 1 && net_addr_is_loopback(&addrs[0]) && addrs[0].port == 24);
    assert_int_equal(net_endpoint_parse(SPAN("[::1]:24"), &endpoint, NULL), RC_OK);
    assert_int_equal(net_endpoint_resolve(&endpoint, addrs, &count, NULL), RC_OK);
    assert_int_equal(count, 1);
}

static void
test_loopback(void **state)
{
    static const struct {
        const char *text;
        bool loopback;
    } table[] = {{"127.0.0.1", true},        {"127.255.0.9", true}, {"::1", true},
                 {"::ffff:127.0.0.1", true}, {"128.0.0.1", false},  {"::2", false},
                 {"::ffff:10.0.0.1", false}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct net_addr addr = addr_of(table[i].text);
        assert_int_equal(net_addr_is_loopback(&addr), table[i].loopback);
    }
    const struct net_addr unix_addr = {.family = NET_UNIX};
    const struct net_addr none = {0};
    assert_true(net_addr_is_loopback(&unix_addr));
    assert_false(net_addr_is_loopback(&none));
}

static void
test_networks(void **state)
{
    char text[NET_ADDR_TEXT];

    (void)state;
    struct net_addr addr = addr_of("203.0.113.77:5555");
    struct net_addr net = net_addr_network(&addr);
    net_addr_print(&net, text);
    assert_string_equal(text, "203.0.113.0");
    addr = addr_of("[2001:db8:1:2:3:4:5:6]:1");
    net = net_addr_network(&addr);
    net_addr_print(&net, text);
    assert_string_equal(text, "2001:db8:1::");
    const struct net_addr a = addr_of("192.0.2.1:1");
    const struct net_addr b = addr_of("192.0.2.1:2");
    const struct net_addr c = addr_of("192.0.2.2:1");
    assert_true(net_addr_same_host(&a, &b));
    assert_false(net_addr_same_host(&a, &c));
    assert_true(net_addr_hash(&a) == net_addr_hash(&b));
    assert_true(net_addr_hash(&a) != net_addr_hash(&c));
}

static void
test_prefix(void **state)
{
    static const struct {
        const char *prefix, *addr;
        bool holds;
    } table[] = {
        {"10.0.0.0/8", "10.255.1.2", true},
        {"10.0.0.0/8", "11.0.0.1", false},
        {"192.0.2.129/25", "192.0.2.200", true},
        {"192.0.2.129/25", "192.0.2.127", false},
        {"0.0.0.0/0", "1.2.3.4", true},
        {"0.0.0.0/0", "::1", false},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
    };
    static const char *const bad[] = {"", "10.0.0.0/33", "::/129", "10.0.0.0/", "x/8", "10/8"};
    struct net_prefix prefix;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct net_addr addr = addr_of(table[i].addr);
        assert_int_equal(net_prefix_parse(span_of_str(table[i].prefix), &prefix, NULL), RC_OK);
        assert_int_equal(net_prefix_holds(&prefix, &addr), table[i].holds);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(net_prefix_parse(span_of_str(bad[i]), &prefix, NULL), RC_INVALID);
}

static void
test_sockaddr_round_trip(void **state)
{
    static const char *const table[] = {"192.0.2.1:143", "[2001:db8::5]:993"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct sockaddr_storage sa;
        struct net_addr back;
        char text[NET_ADDR_TEXT];
        const struct net_addr addr = addr_of(table[i]);
        const socklen_t len = net_addr_to_sockaddr(&addr, &sa);
        net_addr_of_sockaddr((const struct sockaddr *)&sa, len, &back);
        net_addr_print(&back, text);
        assert_string_equal(text, table[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addr_round_trip),
        cmocka_unit_test(test_addr_malformed),
        cmocka_unit_test(test_endpoint),
        cmocka_unit_test(test_endpoint_limits),
        cmocka_unit_test(test_endpoint_resolve),
        cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_sockaddr_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
