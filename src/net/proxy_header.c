/* SPDX-License-Identifier: MIT */
/*
 * See the header. Version 2 is as HAProxy describes it: fixed head, addresses by family, then
 * type-length-value fields, of which three matter here: SSL, its sub-field VERSION, and CRC32C,
 * which must be right when it is there. A length is believed only within LIMIT_PROXY_HEADER.
 */
#include "net/proxy_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/limits.h"

static const char signature[] = "\r\n\r\n\0\r\nQUIT\n"; /* 12 octets and the terminator */

enum {
    SIGNATURE_OCTETS = 12,
    HEAD_OCTETS = 16,
    INET_OCTETS = 12, /* addresses and ports */
    INET6_OCTETS = 36,
    UNIX_OCTETS = 216,
    COMMAND_LOCAL = 0,
    COMMAND_PROXY = 1,
    TYPE_CRC32C = 0x03,
    TYPE_SSL = 0x20,
    TYPE_SSL_VERSION = 0x21,
    SSL_HEAD_OCTETS = 5, /* flags and verify */
    SSL_FLAG_TLS = 0x01,
};

static enum proxy_parse
bad(const char **why_out, const char *why)
{
    *why_out = why;
    return PROXY_BAD;
}

static unsigned
octet(struct span s, size_t at)
{
    return (unsigned char)s.ptr[at];
}

static unsigned
octets2(struct span s, size_t at)
{
    return octet(s, at) << 8 | octet(s, at + 1);
}

/* ---- version 1 ---- */

/* The next word; words are separated by exactly one blank. */
static struct span
word_take(struct span *rest)
{
    const ptrdiff_t blank = span_find_char(*rest, ' ');
    const struct span word = span_head(*rest, blank < 0 ? rest->len : (size_t)blank);

    *rest = span_tail(*rest, word.len + (blank >= 0));
    return word;
}

static bool
port_read(struct span word, uint16_t *port_out)
{
    uint64_t number;

    if (word.len == 0 || word.len > 5 || (word.len > 1 && word.ptr[0] == '0') ||
        !span_to_u64(word, UINT16_MAX, &number))
        return false;
    *port_out = (uint16_t)number;
    return true;
}

static bool
address_read(struct span word, int family, struct sockaddr_storage *sa)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)sa;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)sa;
    char text[INET6_ADDRSTRLEN];

    if (word.len == 0 || word.len >= sizeof text || memchr(word.ptr, '\0', word.len) != NULL)
        return false;
    memcpy(text, word.ptr, word.len);
    text[word.len] = '\0';
    *sa = (struct sockaddr_storage){.ss_family = (sa_family_t)family};
    return inet_pton(family, text,
                     family == AF_INET ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr) == 1;
}

static enum proxy_parse
line_parse(struct span line, struct proxy_header *header, const char **why_out)
{
    struct sockaddr_storage source;
    struct sockaddr_storage destination;
    uint16_t source_port;
    uint16_t destination_port;
    struct span rest = span_tail(line, 6); /* "PROXY " */

    const struct span kind = word_take(&rest);
    if (span_eq(kind, SPAN("UNKNOWN")))
        return PROXY_WHOLE; /* what follows is to be ignored */
    const bool v4 = span_eq(kind, SPAN("TCP4"));
    if (!v4 && !span_eq(kind, SPAN("TCP6")))
        return bad(why_out, "PROXY header: neither TCP4, TCP6 nor UNKNOWN");
    if (!address_read(word_take(&rest), v4 ? AF_INET : AF_INET6, &source) ||
        !address_read(word_take(&rest), v4 ? AF_INET : AF_INET6, &destination))
        return bad(why_out, "PROXY header: not an address");
    if (!port_read(word_take(&rest), &source_port) || !port_read(rest, &destination_port))
        return bad(why_out, "PROXY header: not a port");
    net_addr_of_sockaddr((const struct sockaddr *)&source,
                         v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6),
                         &header->client);
    header->client.port = source_port;
    return PROXY_WHOLE;
}

static enum proxy_parse
text_parse(struct span text, struct proxy_header *header, size_t *used_out,
           const char **why_out)
{
    const struct span head = span_head(text, PROXY_TEXT_MAX);
    const ptrdiff_t end = span_find_char(head, '\n');

    if (end < 0) {
        *used_out = text.len;
        return text.len < PROXY_TEXT_MAX ? PROXY_MORE
                                         : bad(why_out, "PROXY header: over 107 octets");
    }
    *used_out = (size_t)end + 1;
    if (end < 7 || head.ptr[end - 1] != '\r')
        return bad(why_out, "PROXY header: does not end in CR LF");
    return line_parse(span_head(head, (size_t)end - 1), header, why_out);
}

/* ---- version 2 ---- */

/* Castagnoli, reflected, as in RFC 3720; the field itself counts as zeros. */
static uint32_t
crc32c(struct span text, size_t field_at)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < text.len; i++) {
        crc ^= i >= field_at && i < field_at + 4 ? 0 : octet(text, i);
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? UINT32_C(0x82f63b78) : 0);
    }
    return ~crc;
}

struct field {
    unsigned type;
    struct span value;
};

/* The next field of rest. False: it does not fit. */
static bool
field_take(struct span *rest, struct field *field)
{
    if (rest->len < 3)
        return false;
    const size_t len = octets2(*rest, 1);
    if (rest->len - 3 < len)
        return false;
    field->type = octet(*rest, 0);
    field->value = span_head(span_tail(*rest, 3), len);
    *rest = span_tail(*rest, 3 + len);
    return true;
}

static bool
ssl_read(struct span value, struct proxy_header *header)
{
    struct field field;

    if (value.len < SSL_HEAD_OCTETS)
        return false;
    header->tls = (octet(value, 0) & SSL_FLAG_TLS) != 0;
    struct span rest = span_tail(value, SSL_HEAD_OCTETS);
    while (rest.len > 0) {
        if (!field_take(&rest, &field))
            return false;
        if (field.type != TYPE_SSL_VERSION)
            continue;
        const struct span version = span_head(field.value, PROXY_TLS_VERSION_MAX);
        for (size_t i = 0; i < version.len; i++)
            header->tls_version[i] =
                octet(version, i) > 0x20 && octet(version, i) < 0x7f ? version.ptr[i] : '?';
        header->tls_version[version.len] = '\0';
    }
    return true;
}

static enum proxy_parse
fields_parse(struct span whole, size_t at, struct proxy_header *header, const char **why_out)
{
    struct span rest = span_tail(whole, at);
    struct field field;

    while (rest.len > 0) {
        if (!field_take(&rest, &field))
            return bad(why_out, "PROXY header: a field is longer than the header");
        if (field.type == TYPE_SSL && !ssl_read(field.value, header))
            return bad(why_out, "PROXY header: the SSL field is damaged");
        if (field.type != TYPE_CRC32C)
            continue;
        if (field.value.len != 4)
            return bad(why_out, "PROXY header: a checksum has 4 octets");
        const uint32_t given =
            (uint32_t)octets2(field.value, 0) << 16 | octets2(field.value, 2);
        if (given != crc32c(whole, (size_t)(field.value.ptr - whole.ptr)))
            return bad(why_out, "PROXY header: the checksum is wrong");
    }
    return PROXY_WHOLE;
}

static void
client_set(struct span addresses, int family, struct proxy_header *header)
{
    if (family == AF_INET) {
        struct sockaddr_in sa = {.sin_family = AF_INET};
        memcpy(&sa.sin_addr, addresses.ptr, 4);
        memcpy(&sa.sin_port, addresses.ptr + 8, 2);
        net_addr_of_sockaddr((const struct sockaddr *)&sa, sizeof sa, &header->client);
    } else {
        struct sockaddr_in6 sa = {.sin6_family = AF_INET6};
        memcpy(&sa.sin6_addr, addresses.ptr, 16);
        memcpy(&sa.sin6_port, addresses.ptr + 32, 2);
        net_addr_of_sockaddr((const struct sockaddr *)&sa, sizeof sa, &header->client);
    }
}

/* How many octets of addresses each family has, and what it is here. */
static const struct {
    unsigned octets;
    int family; /* AF_UNSPEC: says nothing that we keep */
} families[] = {
    {0, AF_UNSPEC},
    {INET_OCTETS, AF_INET},
    {INET6_OCTETS, AF_INET6},
    {UNIX_OCTETS, AF_UNSPEC}, /* a client on the proxy's own machine */
};

static enum proxy_parse
body_parse(struct span whole, struct proxy_header *header, const char **why_out)
{
    const unsigned family = octet(whole, 13) >> 4;
    const unsigned transport = octet(whole, 13) & 0x0f;

    if (octet(whole, 12) >> 4 != 2)
        return bad(why_out, "PROXY header: of an unknown version");
    if ((octet(whole, 12) & 0x0f) == COMMAND_LOCAL)
        return PROXY_WHOLE; /* the proxy's own check; the rest is to be ignored */
    if ((octet(whole, 12) & 0x0f) != COMMAND_PROXY)
        return bad(why_out, "PROXY header: neither LOCAL nor PROXY");
    if (family >= ARRAY_LEN(families) || transport > 2)
        return bad(why_out, "PROXY header: of an unknown family");
    if (transport == 2)
        return bad(why_out, "PROXY header: this is not a datagram");
    const size_t addresses = families[family].octets;
    if (whole.len < HEAD_OCTETS + addresses)
        return bad(why_out, "PROXY header: too short for its addresses");
    if (families[family].family != AF_UNSPEC && transport == 1)
        client_set(span_tail(whole, HEAD_OCTETS), families[family].family, header);
    return fields_parse(whole, HEAD_OCTETS + addresses, header, why_out);
}

static enum proxy_parse
binary_parse(struct span text, struct proxy_header *header, size_t *used_out,
             const char **why_out)
{
    *used_out = text.len;
    if (text.len < HEAD_OCTETS)
        return PROXY_MORE;
    const size_t octets = HEAD_OCTETS + (size_t)octets2(text, 14);
    if (octets > LIMIT_PROXY_HEADER)
        return bad(why_out, "PROXY header: too long");
    if (text.len < octets)
        return PROXY_MORE;
    *used_out = octets;
    return body_parse(span_head(text, octets), header, why_out);
}

enum proxy_parse
proxy_header_parse(struct span text, struct proxy_header *header_out, size_t *used_out,
                   const char **why_out)
{
    const struct span binary = span_of(signature, SIGNATURE_OCTETS);
    const struct span line = SPAN("PROXY ");
    struct proxy_header header = {.client = {.family = NET_NONE}};
    enum proxy_parse parse;

    *used_out = text.len;
    if (text.len == 0)
        return PROXY_MORE;
    if (span_starts(text, binary) || span_starts(binary, text))
        parse = binary_parse(text, &header, used_out, why_out);
    else if (span_starts(text, line) || span_starts(line, text))
        parse = text_parse(text, &header, used_out, why_out);
    else
        return bad(why_out, "no PROXY header came, although the peer is in proxy_networks");
    if (parse == PROXY_WHOLE)
        *header_out = header;
    return parse;
}
