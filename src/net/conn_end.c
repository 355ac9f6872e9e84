/* SPDX-License-Identifier: MIT */
/*
 * How a connection ended, as its layers note it. Thread: the session's; no locks.
 */
#include "net/conn_private.h"

static enum conn_end
end_of_errno(int os_errno)
{
    switch (os_errno) {
    case ECONNRESET:
        return CONN_END_RST;
    case EPIPE:
        return CONN_END_PIPE;
    case ETIMEDOUT:
        return CONN_END_TIMEOUT;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
        return CONN_END_UNREACHABLE;
    case ENOMEM:
    case ENOBUFS:
        return CONN_END_MEMORY;
    default:
        return CONN_END_ERROR;
    }
}

void
conn_note_end(struct conn *conn, enum conn_end end, int os_errno, unsigned long tls_error)
{
    if (conn->end != CONN_OPEN)
        return;
    conn->end = (uint8_t)end;
    conn->os_errno = (uint16_t)os_errno;
    conn->tls_error = (uint32_t)tls_error;
}

void
conn_both_ended(struct conn *conn)
{
    conn->read_ended = conn->write_ended = true;
}

void
conn_failed_by_errno(struct conn *conn, int os_errno)
{
    conn_note_end(conn, end_of_errno(os_errno), os_errno, 0);
    conn_both_ended(conn);
}
