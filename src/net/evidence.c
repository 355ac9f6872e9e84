/* SPDX-License-Identifier: MIT */
/*
 * The words for how a connection ended. Tables, except where the handshake makes the same
 * fact mean something else. Any thread.
 */
#include "net/evidence.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

static const struct {
    const char *name;
    const char *text;
    const char *in_handshake; /* NULL: the same */
} ends[] = {
    [CONN_OPEN] = {"open", "the connection is open", "the TLS handshake is not finished"},
    [CONN_END_FIN] = {"fin", "the client closed the connection", NULL},
    [CONN_END_RST] = {"rst", "the connection was reset by the client or on the way to it",
                      "the connection was reset during the TLS handshake"},
    [CONN_END_PIPE] = {"pipe", "the client had closed the connection before we wrote", NULL},
    [CONN_END_TIMEOUT] = {"timeout", "what we sent was not acknowledged in time", NULL},
    [CONN_END_UNREACHABLE] = {"unreachable", "the network cannot reach the client", NULL},
    [CONN_END_ERROR] = {"error", "the connection failed", NULL},
    [CONN_END_TLS_CLOSE] = {"tls-close", "the client closed TLS",
                            "the client gave up during the TLS handshake"},
    [CONN_END_TLS_TRUNCATED] = {"tls-truncated",
                                "the client closed the connection without closing TLS",
                                "the client hung up during the TLS handshake"},
    [CONN_END_TLS_ALERT] = {"tls-alert", "the client ended TLS with an alert",
                            "the client broke off the TLS handshake"},
    [CONN_END_TLS_ERROR] = {"tls-error", "the client broke the TLS protocol",
                            "the TLS handshake failed"},
    [CONN_END_MEMORY] = {"memory", "no memory was left for the connection", NULL},
    [CONN_END_DEFLATE_ERROR] = {"deflate-error",
                                "what the client sent is not compressed, or damaged", NULL},
    [CONN_END_DEFLATE_CUT] = {"deflate-cut",
                              "the client closed the connection in the middle of compressed "
                              "data",
                              NULL},
};

/* RFC 8446 section 6 and the TLS alert registry. */
static const struct {
    uint8_t alert;
    const char *name;
} alerts[] = {
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {22, "record_overflow"},
    {40, "handshake_failure"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {112, "unrecognized_name"},
    {116, "certificate_required"},
    {120, "no_application_protocol"},
};

/* What OpenSSL calls it, and what it means to somebody who runs a mail server. */
static const struct {
    int reason;
    const char *text;
} reasons[] = {
    {SSL_R_HTTP_REQUEST, "the client spoke HTTP where TLS is expected"},
    {SSL_R_HTTPS_PROXY_REQUEST, "the client asked for an HTTP proxy where TLS is expected"},
    {SSL_R_WRONG_VERSION_NUMBER, "what the client sent is not TLS"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "the client offers only TLS versions older than 1.2"},
    {SSL_R_VERSION_TOO_LOW, "the client offers only TLS versions older than 1.2"},
    {SSL_R_NO_SHARED_CIPHER, "client and server have no TLS cipher in common"},
    {SSL_R_NO_SUITABLE_KEY_SHARE, "client and server have no TLS key exchange in common"},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
     "the client accepts no signature our certificate can make"},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, "a TLS record arrived damaged"},
    {SSL_R_BAD_RECORD_TYPE, "the client broke the TLS protocol"},
    {SSL_R_NO_RENEGOTIATION, "the client asked for TLS renegotiation, which is refused"},
    {SSL_R_INAPPROPRIATE_FALLBACK, "the client fell back to an older TLS version needlessly"},
};

const char *
conn_end_name(enum conn_end end)
{
    return (size_t)end < ARRAY_LEN(ends) ? ends[end].name : "unknown";
}

static const char *
alert_name(uint8_t alert)
{
    for (size_t i = 0; i < ARRAY_LEN(alerts); i++)
        if (alerts[i].alert == alert)
            return alerts[i].name;
    return "unknown";
}

static void
print_alert(const struct conn_evidence *evidence, const char *text, char *dst, size_t cap)
{
    const uint8_t alert = evidence->alert_in;

    if ((alert >= 42 && alert <= 46) || alert == 48)
        text = "the client rejected our certificate";
    else if (alert == 70)
        text = "the client accepts none of our TLS versions";
    snprintf(dst, cap, "%s (TLS alert %u, %s)", text, alert, alert_name(alert));
}

static void
print_tls_error(const struct conn_evidence *evidence, const char *text, char *dst, size_t cap)
{
    const int reason = ERR_GET_REASON(evidence->tls_error);
    const char *openssl_text = ERR_reason_error_string(evidence->tls_error);

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (reasons[i].reason == reason) {
            snprintf(dst, cap, "%s", reasons[i].text);
            return;
        }
    }
    snprintf(dst, cap, "%s (%s)", text, openssl_text == NULL ? "unknown reason" : openssl_text);
}

void
conn_evidence_text(const struct conn_evidence *evidence, char *dst, size_t cap)
{
    const size_t end = (size_t)evidence->end < ARRAY_LEN(ends) ? evidence->end : CONN_END_ERROR;
    const bool handshake =
        evidence->tls == CONN_TLS_HANDSHAKE && ends[end].in_handshake != NULL;
    const char *text = handshake ? ends[end].in_handshake : ends[end].text;
    char os_text[128];

    switch (evidence->end) {
    case CONN_END_TLS_ALERT:
        print_alert(evidence, text, dst, cap);
        break;
    case CONN_END_TLS_ERROR:
        print_tls_error(evidence, text, dst, cap);
        break;
    case CONN_END_UNREACHABLE:
    case CONN_END_ERROR:
        snprintf(dst, cap, "%s (%s)", text,
                 strerror_r(evidence->os_errno, os_text, sizeof os_text));
        break;
    default:
        snprintf(dst, cap, "%s", text);
        break;
    }
}
