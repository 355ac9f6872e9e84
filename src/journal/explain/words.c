/* SPDX-License-Identifier: MIT */
/* Numbers in words; see the header. Pure, any thread. */
#include "journal/explain/words.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "journal/redact.h"

void
words_duration(struct buf *buf, int64_t ms)
{
    const long long s = ms / 1000;

    if (ms < 1000)
        buf_printf(buf, "%lld ms", (long long)(ms < 0 ? 0 : ms));
    else if (s < 60)
        buf_printf(buf, "%lld s", s);
    else if (s < 3600 && s % 60 != 0)
        buf_printf(buf, "%lld min %lld s", s / 60, s % 60);
    else if (s < 3600)
        buf_printf(buf, "%lld min", s / 60);
    else if (s < 86400)
        buf_printf(buf, "%lld h %lld min", s / 3600, s % 3600 / 60);
    else
        buf_printf(buf, "%lld d %lld h", s / 86400, s % 86400 / 3600);
}

void
words_seconds(struct buf *buf, int64_t seconds)
{
    if (seconds >= 60 && seconds % 60 == 0)
        buf_printf(buf, "%lld minute%s", (long long)seconds / 60, seconds == 60 ? "" : "s");
    else
        buf_printf(buf, "%lld s", (long long)seconds);
}

void
words_network(struct span peer, char dst[WORDS_NETWORK])
{
    char text[INET6_ADDRSTRLEN];
    char host[INET6_ADDRSTRLEN];
    unsigned char octets[16];

    snprintf(dst, WORDS_NETWORK, "%.*s", SPAN_FMT(span_head(peer, WORDS_NETWORK - 1)));
    if (peer.len >= sizeof text)
        return;
    snprintf(text, sizeof text, "%.*s", SPAN_FMT(peer));
    if (inet_pton(AF_INET, text, octets) == 1) {
        snprintf(dst, WORDS_NETWORK, "%u.%u.%u.0/24", octets[0], octets[1], octets[2]);
    } else if (inet_pton(AF_INET6, text, octets) == 1) {
        memset(octets + 6, 0, 10);
        if (inet_ntop(AF_INET6, octets, host, sizeof host) != NULL)
            snprintf(dst, WORDS_NETWORK, "%s/48", host);
    }
}

/* RFC 8446 section 6, RFC 5246 section 7.2. */
static const struct {
    uint8_t alert;
    bool certificate; /* what the client says about our certificate */
    const char *name;
} alerts[] = {
    {10, false, "unexpected_message"},
    {20, false, "bad_record_mac"},
    {22, false, "record_overflow"},
    {40, false, "handshake_failure"},
    {42, true, "bad_certificate"},
    {43, true, "unsupported_certificate"},
    {44, true, "certificate_revoked"},
    {45, true, "certificate_expired"},
    {46, true, "certificate_unknown"},
    {47, false, "illegal_parameter"},
    {48, true, "unknown_ca"},
    {49, true, "access_denied"},
    {50, false, "decode_error"},
    {51, false, "decrypt_error"},
    {70, false, "protocol_version"},
    {71, false, "insufficient_security"},
    {80, false, "internal_error"},
    {86, false, "inappropriate_fallback"},
    {90, false, "user_canceled"},
    {109, false, "missing_extension"},
    {110, false, "unsupported_extension"},
    {112, false, "unrecognized_name"},
    {113, true, "bad_certificate_status_response"},
    {116, false, "certificate_required"},
    {120, false, "no_application_protocol"},
};

const char *
words_tls_alert(uint8_t alert)
{
    for (size_t i = 0; i < ARRAY_LEN(alerts); i++)
        if (alerts[i].alert == alert)
            return alerts[i].name;
    return "alert";
}

bool
words_tls_alert_is_certificate(uint8_t alert)
{
    for (size_t i = 0; i < ARRAY_LEN(alerts); i++)
        if (alerts[i].alert == alert)
            return alerts[i].certificate;
    return false;
}

const char *
words_how(enum end_how how)
{
    static const char *const names[END_HOW_COUNT] = {
        [HOW_UNKNOWN] = "how the connection ended is not known",
        [HOW_WE_CLOSED] = "Roost closed the connection",
        [HOW_FIN] = "the client's side closed the connection (FIN)",
        [HOW_TLS_NOTIFY] = "the client closed TLS with close_notify",
        [HOW_TLS_WITHOUT_NOTIFY] =
            "the client's side closed the connection (FIN) without a TLS close_notify",
        [HOW_RST] = "the connection was reset (RST)",
        [HOW_ACK_TIMEOUT] = "what was sent was no longer acknowledged",
        [HOW_UNREACHABLE] = "the network said that the client cannot be reached (ICMP)",
        [HOW_TLS_ALERT] = "the client sent a fatal TLS alert",
        [HOW_TLS_BROKEN] = "the TLS stream could not be read",
        [HOW_OS_ERROR] = "the operating system reported an error on the connection",
        [HOW_CRASH] = "the server process had died",
    };

    return (unsigned)how < END_HOW_COUNT ? names[how] : names[HOW_UNKNOWN];
}

void
words_tcp(struct buf *buf, const struct end_evidence *e, bool is_open)
{
    if (e->rtt_us == 0)
        return;
    buf_put_lit(buf, "TCP: round trip ");
    if (e->rtt_us < 100)
        buf_put_lit(buf, "below 0.1 ms");
    else if (e->rtt_us < 10000)
        buf_printf(buf, "%u.%u ms", e->rtt_us / 1000, e->rtt_us % 1000 / 100);
    else
        buf_printf(buf, "%u ms", e->rtt_us / 1000);
    if (e->total_retransmits == 0)
        buf_put_lit(buf, ", nothing had to be sent again");
    else
        buf_printf(buf, ", %u packet%s sent again", e->total_retransmits,
                   e->total_retransmits == 1 ? "" : "s");
    if (e->retransmits > 0)
        buf_printf(buf, ", the last one %u time%s without an answer", e->retransmits,
                   e->retransmits == 1 ? "" : "s");
    if (e->since_ack_ms >= 1000) {
        buf_put_lit(buf, ", last acknowledgement ");
        words_duration(buf, e->since_ack_ms);
        buf_put_str(buf, is_open ? " ago" : " before the end");
    }
}

void
words_peer(struct buf *buf, struct span text, size_t max)
{
    text_escape(buf, text, max);
}
