/* SPDX-License-Identifier: MIT */
/* PROXY headers: both versions, every cut, what must be refused, and the bounds. */
#include "net/proxy_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

/* The result of the whole text, which must be the same at its own length and never come
 * early. */
static enum proxy_parse
parse(struct span text, struct proxy_header *header, size_t *used, const char **why)
{
    for (size_t len = 0; len < text.len; len++) {
        struct proxy_header part;
        const enum proxy_parse early =
            proxy_header_parse(span_head(text, len), &part, used, why);
        if (early != PROXY_MORE)
            return early == PROXY_WHOLE ? proxy_header_parse(text, header, used, why) : early;
        assert_int_equal(*used, len);
    }
    return proxy_header_parse(text, header, used, why);
}

static void
test_lines(void **state)
{
    static const struct {
        const char *line;
        const char *client; /* NULL: bad */
    } table[] = {
        {"PROXY TCP4 192.0.2.7 198.51.100.1 50123 143\r\n", "192.0.2.7:50123"},
        {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535"},
        {"PROXY TCP6 2001:db8::7 2001:db8::1 50123 993\r\n", "[2001:db8::7]:50123"},
        {"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", "192.0.2.7:1"},
        {"PROXY UNKNOWN\r\n", "unknown"},
        {"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", "unknown"},
        {"PROXY TCP4 192.0.2.7 198.51.100.1 0 143\r\n", "192.0.2.7"},
        {"PROXY \r\n", NULL},
        {"PROXY TCP5 192.0.2.7 198.51.100.1 1 2\r\n", NULL},
        {"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n", NULL},
        {"PROXY TCP4 192.0.2.7 198.51.100.1 1 2 \r\n", NULL},
        {"PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n", NULL},
        {"PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n", NULL},
        {"PROXY TCP4 192.0.2.7 198.51.100.1 65536 2\r\n", NULL},
        {"PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n", NULL},
        {"PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n", NULL},
        {"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n", NULL},
        {"PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n", NULL},
        {"proxy TCP4 192.0.2.7 198.51.100.1 1 2\r\n", NULL},
        {"PROXYTCP4 192.0.2.7 198.51.100.1 1 2\r\n", NULL},
        {"a LOGIN anna secret\r\n", NULL},
        {"\r\na\r\n", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const char *why = NULL;
        struct proxy_header header;
        char text[NET_ADDR_TEXT];
        size_t used = 0;
        const enum proxy_parse got = parse(span_of_str(table[i].line), &header, &used, &why);
        if (table[i].client == NULL) {
            assert_int_equal(got, PROXY_BAD);
            assert_non_null(why);
            continue;
        }
        assert_int_equal(got, PROXY_WHOLE);
        assert_int_equal(used, strlen(table[i].line));
        net_addr_print(&header.client, text);
        assert_string_equal(text, table[i].client);
        assert_false(header.tls);
    }
}

/* A line may have 107 octets and not one more. */
static void
test_line_bound(void **state)
{
    char line[PROXY_TEXT_MAX + 2];
    const char *why = NULL;
    struct proxy_header header;
    size_t used = 0;

    (void)state;
    memset(line, 'x', sizeof line);
    memcpy(line, "PROXY UNKNOWN ", 14);
    memcpy(line + PROXY_TEXT_MAX - 2, "\r\n", 2);
    assert_int_equal(parse(span_of(line, PROXY_TEXT_MAX), &header, &used, &why), PROXY_WHOLE);
    memcpy(line + PROXY_TEXT_MAX - 2, "x\r\n", 3);
    assert_int_equal(
        proxy_header_parse(span_of(line, PROXY_TEXT_MAX - 1), &header, &used, &why),
        PROXY_MORE);
    assert_int_equal(proxy_header_parse(span_of(line, PROXY_TEXT_MAX), &header, &used, &why),
                     PROXY_BAD);
    assert_int_equal(
        proxy_header_parse(span_of(line, PROXY_TEXT_MAX + 1), &header, &used, &why), PROXY_BAD);
}

#define V4 "\xc0\x00\x02\x07\xc6\x33\x64\x01\xc3\xcb\x00\x8f"
#define SSL_TLS13 "\x20\x00\x0f\x01\0\0\0\0\x21\x00\x07TLSv1.3"

static void
test_binary(void **state)
{
    static const struct {
        struct span head; /* behind the signature */
        const char *client;
        const char *tls; /* NULL: not TLS */
    } table[] = {
        {SPAN("\x21\x11\x00\x0c" V4), "192.0.2.7:50123", NULL},
        {SPAN("\x21\x21\x00\x24"
              "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"
              "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\xc3\xcb\x03\xe1"),
         "[2001:db8::7]:50123", NULL},
        {SPAN("\x20\x11\x00\x0c" V4), "unknown", NULL}, /* LOCAL: addresses do not count */
        {SPAN("\x20\x00\x00\x00"), "unknown", NULL},
        {SPAN("\x21\x00\x00\x00"), "unknown", NULL},
        {SPAN("\x21\x11\x00\x1e" V4 SSL_TLS13), "192.0.2.7:50123", "TLSv1.3"},
        /* SSL, but the client's flag says that it is not. */
        {SPAN("\x21\x11\x00\x14" V4 "\x20\x00\x05\x00\0\0\0\0"), "192.0.2.7:50123", NULL},
        /* ALPN, authority and padding are skipped. */
        {SPAN("\x21\x11\x00\x17" V4 "\x01\x00\x02h2\x04\x00\x00\x02\x00\x00"),
         "192.0.2.7:50123", NULL},
        /* A version that would play with a terminal. */
        {SPAN("\x21\x11\x00\x19" V4 "\x20\x00\x0a\x01\0\0\0\0\x21\x00\x02\x1b["),
         "192.0.2.7:50123", "?["},
        {SPAN("\x31\x11\x00\x0c" V4), NULL, NULL}, /* version 3 */
        {SPAN("\x22\x11\x00\x0c" V4), NULL, NULL}, /* a command of its own */
        {SPAN("\x21\x12\x00\x0c" V4), NULL, NULL}, /* UDP */
        {SPAN("\x21\x13\x00\x0c" V4), NULL, NULL},
        {SPAN("\x21\x41\x00\x0c" V4), NULL, NULL}, /* family 4 */
        {SPAN("\x21\x11\x00\x0b\xc0\x00\x02\x07\xc6\x33\x64\x01\xc3\xcb\x00"), NULL, NULL},
        {SPAN("\x21\x21\x00\x0c" V4), NULL, NULL}, /* IPv6 in 12 octets */
        {SPAN("\x21\x11\x00\x0e" V4 "\x04\x00"), NULL, NULL},
        {SPAN("\x21\x11\x00\x10" V4 "\x04\x00\x02x"), NULL, NULL},
        {SPAN("\x21\x11\x00\x13" V4 "\x20\x00\x04\x01\0\0\0"), NULL, NULL},
        {SPAN("\x21\x11\x00\x17" V4 "\x20\x00\x08\x01\0\0\0\0\x21\x00\x01"), NULL, NULL},
        {SPAN("\x21\x11\x00\x11" V4 "\x03\x00\x02xy"), NULL, NULL},       /* checksum of two */
        {SPAN("\x21\x11\x00\x13" V4 "\x03\x00\x04\0\0\0\0"), NULL, NULL}, /* a wrong one */
        {SPAN("\x21\x11\xff\xff" V4), NULL, NULL},                        /* too long */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const char *why = NULL;
        struct proxy_header header;
        char whole[128];
        char text[NET_ADDR_TEXT];
        size_t used = 0;
        memcpy(whole, SIGNATURE, 12);
        memcpy(whole + 12, table[i].head.ptr, table[i].head.len);
        const size_t len = 12 + table[i].head.len;
        const enum proxy_parse got = parse(span_of(whole, len), &header, &used, &why);
        if (table[i].client == NULL) {
            assert_int_equal(got, PROXY_BAD);
            assert_non_null(why);
            continue;
        }
        assert_int_equal(got, PROXY_WHOLE);
        assert_int_equal(used, len);
        net_addr_print(&header.client, text);
        assert_string_equal(text, table[i].client);
        assert_int_equal(header.tls, table[i].tls != NULL);
        if (table[i].tls != NULL)
            assert_string_equal(header.tls_version, table[i].tls);
        /* What follows belongs to the dialogue. */
        memcpy(whole + len, "more", 4);
        assert_int_equal(proxy_header_parse(span_of(whole, len + 4), &header, &used, &why),
                         PROXY_WHOLE);
        assert_int_equal(used, len);
    }
}

/* A right checksum, computed for this very header by another implementation's table. */
static void
test_checksum(void **state)
{
    char whole[] = SIGNATURE "\x21\x11\x00\x13" V4 "\x03\x00\x04\x00\x00\x00\x00";
    const char *why = NULL;
    struct proxy_header header;
    const size_t len = sizeof whole - 1;
    uint32_t crc = UINT32_MAX;
    size_t used = 0;

    (void)state;
    for (size_t i = 0; i < len; i++) {
        uint32_t row = (crc ^ (unsigned char)whole[i]) & 0xff;
        for (int bit = 0; bit < 8; bit++)
            row = (row & 1) != 0 ? (row >> 1) ^ 0x82f63b78u : row >> 1;
        crc = crc >> 8 ^ row;
    }
    crc = ~crc;
    for (int i = 0; i < 4; i++)
        whole[len - 4 + (size_t)i] = (char)(crc >> (24 - 8 * i));
    assert_int_equal(parse(span_of(whole, len), &header, &used, &why), PROXY_WHOLE);
    whole[17]++;
    assert_int_equal(parse(span_of(whole, len), &header, &used, &why), PROXY_BAD);
    assert_string_equal(why, "PROXY header: the checksum is wrong");
}

/* As long as it may be, and one octet more. */
static void
test_length_bound(void **state)
{
    static char whole[LIMIT_PROXY_HEADER + 1];
    const char *why = NULL;
    struct proxy_header header;
    const size_t padding = LIMIT_PROXY_HEADER - 16 - 12 - 3;
    size_t used = 0;

    (void)state;
    memcpy(whole, SIGNATURE "\x21\x11\x0f\xf0" V4 "\x04", 29);
    whole[29] = (char)(padding >> 8);
    whole[30] = (char)padding;
    assert_int_equal(
        proxy_header_parse(span_of(whole, LIMIT_PROXY_HEADER - 1), &header, &used, &why),
        PROXY_MORE);
    assert_int_equal(
        proxy_header_parse(span_of(whole, LIMIT_PROXY_HEADER), &header, &used, &why),
        PROXY_WHOLE);
    whole[15]++;
    assert_int_equal(proxy_header_parse(span_of(whole, 16), &header, &used, &why), PROXY_BAD);
    assert_string_equal(why, "PROXY header: too long");
    whole[14] = whole[15] = '\xff'; /* the most that there is a number for */
    assert_int_equal(proxy_header_parse(span_of(whole, 16), &header, &used, &why), PROXY_BAD);
    static char far[100 * LIMIT_PROXY_HEADER];
    memset(far, 'x', sizeof far);
    memcpy(far, "PROXY TCP4 ", 11);
    assert_int_equal(proxy_header_parse(span_of(far, sizeof far), &header, &used, &why),
                     PROXY_BAD);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),        cmocka_unit_test(test_line_bound),
        cmocka_unit_test(test_binary),       cmocka_unit_test(test_checksum),
        cmocka_unit_test(test_length_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
