/* SPDX-License-Identifier: MIT */
/*
 * What TLS libraries and sockets say when a connection breaks. The words mean the same in all
 * programs. Most of them do not report a failure of TLS: the TLS library is also the one that
 * reports that an encrypted connection was closed, reset or lost. So the rows about the
 * connection precede those about TLS itself, and no row matches words that only mention TLS.
 * Pure except for what is emitted.
 */
#include "journal/foreign/read/read.h"

static const struct read_word words[] = {
    {"onnection reset", FACT_RESET},
    {"ECONNRESET", FACT_RESET},
    {"errno 104", FACT_RESET},
    {"Software caused connection abort", FACT_NO_ANSWER},
    {"onnection timed out", FACT_NO_ANSWER},
    {"peration timed out", FACT_NO_ANSWER},
    {"ETIMEDOUT", FACT_NO_ANSWER},
    {"onnection refused", FACT_UNREACHABLE},
    {"ECONNREFUSED", FACT_UNREACHABLE},
    {"o route to host", FACT_UNREACHABLE},
    {"etwork is unreachable", FACT_UNREACHABLE},
    {"ENETUNREACH", FACT_UNREACHABLE},
    /* The handshake did not complete, for whatever reason. */
    {"SSLHandshakeException", FACT_TLS_FAILED},
    {"SSL_connect", FACT_TLS_FAILED},
    /* The other end closed the connection without close_notify, or before this end was done. */
    {"unexpected eof", FACT_PEER_CLOSED}, /* OpenSSL 3 */
    {"unexpected EOF", FACT_PEER_CLOSED},
    {"UNEXPECTED_EOF", FACT_PEER_CLOSED}, /* Python */
    {"EOF occurred", FACT_PEER_CLOSED},
    {"closed (EOF)", FACT_PEER_CLOSED},
    {"rotocol is shutdown", FACT_PEER_CLOSED},
    {"PROTOCOL_IS_SHUTDOWN", FACT_PEER_CLOSED},
    {"SSL_ERROR_SYSCALL", FACT_PEER_CLOSED}, /* with errno 0: curl */
    {"SSL_ERROR_ZERO_RETURN", FACT_PEER_CLOSED},
    {"shut down incorrectly", FACT_PEER_CLOSED}, /* Java */
    {"before receiving peer's close_notify", FACT_PEER_CLOSED},
    {"onnection closed by peer", FACT_PEER_CLOSED}, /* Android */
    {"roken pipe", FACT_PEER_CLOSED},
    {"EPIPE", FACT_PEER_CLOSED},
    {"end of stream", FACT_PEER_CLOSED},
    {"End of stream", FACT_PEER_CLOSED},
    {"EOFException", FACT_PEER_CLOSED},
    /* TLS itself. */
    {"SSL routines:", FACT_TLS_FAILED}, /* OpenSSL */
    {"[SSL: ", FACT_TLS_FAILED},        /* Python */
    {"ertificate verif", FACT_TLS_FAILED},
    {"SSLProtocolException", FACT_TLS_FAILED}, /* Java */
    {"SSLPeerUnverified", FACT_TLS_FAILED},
    {"CertPath", FACT_TLS_FAILED},
    {"CertificateException", FACT_TLS_FAILED},
    {"CertificateExpired", FACT_TLS_FAILED},
    {"UntrustedException", FACT_TLS_FAILED},
    {"PKIX", FACT_TLS_FAILED},
    {"fatal alert", FACT_TLS_FAILED},
    {"nrecognized SSL message", FACT_TLS_FAILED},
    {"SSL handshake", FACT_TLS_FAILED},
};

enum foreign_fact
read_tls_fact(struct span text)
{
    return read_word_find(words, sizeof words / sizeof words[0], text, FACT_NONE);
}

bool
read_emit_trouble(struct foreign_reader *reader, const struct foreign_event *like,
                  const struct read_troubles *troubles, struct span text)
{
    enum foreign_fact fact =
        read_word_find(troubles->own, troubles->own_count, text, FACT_NONE);

    if (fact == FACT_NONE)
        fact = read_tls_fact(text);
    if (fact == FACT_NONE)
        fact = read_word_find(troubles->ends, troubles->end_count, text, FACT_NONE);
    if (fact != FACT_NONE)
        read_emit_fact(reader, like, fact, text);
    return fact != FACT_NONE;
}
