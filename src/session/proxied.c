/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "session/proxied.h"

#include <stdlib.h>

#include "base/limits.h"
#include "session/table.h"

struct proxied {
    struct buf text; /* of the header that has arrived */
    struct tls_server *tls;
    int64_t deadline_us;
};

struct proxied *
proxied_new(struct session *session, struct tls_server *tls)
{
    struct proxied *proxied = calloc(1, sizeof *proxied);

    if (proxied == NULL)
        return NULL;
    buf_init(&proxied->text, 2 * (size_t)LIMIT_PROXY_HEADER);
    proxied->tls = tls;
    proxied->deadline_us = session_now_us(session) + LIMIT_PROXY_US;
    return proxied;
}

void
proxied_free(struct proxied *proxied)
{
    if (proxied == NULL)
        return;
    buf_done(&proxied->text);
    free(proxied);
}

int64_t
proxied_deadline_us(const struct proxied *proxied)
{
    return proxied->deadline_us;
}

/* The proxy has named the client, so from here on it is the client's session. */
static void
introduce(struct session *session, const struct proxy_header *header)
{
    char proxy[NET_ADDR_TEXT];
    char client[NET_ADDR_TEXT];

    if (header->client.family != NET_NONE) {
        net_addr_print(&session->peer, proxy);
        net_addr_print(&header->client, client);
        log_put(&session->log, LOG_E_PROXIED, "%s connected through the proxy %s%s%s", client,
                proxy, header->tls ? ", TLS ends there " : "", header->tls_version);
        session_set_peer(session, &header->client);
    }
    session_tls_set(session, header->tls ? SESSION_TLS_PROXY : SESSION_TLS_NONE);
}

bool
proxied_step(struct session *session)
{
    struct proxied *proxied = session->proxied;
    struct proxy_header header;
    const char *why = "";
    size_t discarded = 0;

    switch (conn_read_proxy(&session->conn, &proxied->text, &header, &why)) {
    case RC_OK:
        break;
    case RC_AGAIN:
        if (session_now_us(session) >= proxied->deadline_us)
            session_end(session, END_BAD_PROXY_HEADER, "PROXY header: not here after %d s",
                        LIMIT_PROXY_US / 1000000);
        return false;
    case RC_CLOSED:
        session_end_by_peer(session, MOMENT_BEFORE_LOGIN);
        return false;
    default:
        session_end(session, END_BAD_PROXY_HEADER, "%s", why);
        return false;
    }
    introduce(session, &header);
    struct tls_server *tls = proxied->tls;
    proxied_free(proxied);
    session->proxied = NULL;
    if (tls != NULL) {
        session_tls_set(session, SESSION_TLS_BEGUN);
        if (conn_start_tls(&session->conn, tls, &discarded) != RC_OK)
            session_end(session, END_LIMIT_MEMORY, "TLS");
    }
    session_identity_changed(session);
    return true;
}
