/* SPDX-License-Identifier: MIT */
/*
 * The lowest layer of a connection: octets as a socket, or whatever takes its place, takes and
 * gives them. Thread: the session's; no locks.
 */
#include "net/conn_private.h"

#include <sys/socket.h>

ssize_t
conn_raw_recv(struct conn *conn, void *dst, size_t cap)
{
    ssize_t n;

    if (conn->io != NULL)
        return conn->io->recv(conn, dst, cap);
    do
        n = recv(conn->fd, dst, cap, 0);
    while (n < 0 && errno == EINTR);
    return n;
}

ssize_t
conn_raw_send(struct conn *conn, const void *src, size_t len)
{
    ssize_t n;

    if (conn->io != NULL)
        return conn->io->send(conn, src, len);
    do
        n = send(conn->fd, src, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n;
}

/* After a call that moved nothing: RC_AGAIN or RC_CLOSED. */
static enum rc
failed(struct conn *conn, int os_errno)
{
    if (conn_is_again(os_errno))
        return RC_AGAIN;
    conn_failed_by_errno(conn, os_errno);
    return RC_CLOSED;
}

static enum rc
layer_recv(struct conn *conn, void *dst, size_t cap, size_t *got_out)
{
    const ssize_t n = conn_raw_recv(conn, dst, cap);

    if (n < 0)
        return failed(conn, errno);
    if (n == 0) {
        conn_note_end(conn, CONN_END_FIN, 0, 0);
        conn->read_ended = true;
        return RC_CLOSED;
    }
    *got_out = (size_t)n;
    return RC_OK;
}

static enum rc
layer_send(struct conn *conn, const void *src, size_t len, size_t *sent_out)
{
    const ssize_t n = conn_raw_send(conn, src, len);

    if (n < 0)
        return failed(conn, errno);
    *sent_out = (size_t)n;
    return RC_OK;
}

static bool
layer_has_unread(const struct conn *conn)
{
    (void)conn;
    return false; /* epoll sees them */
}

static enum rc
layer_flush(struct conn *conn)
{
    (void)conn;
    return RC_OK; /* what was taken is in the kernel */
}

const struct conn_layer conn_raw = {
    .recv = layer_recv,
    .send = layer_send,
    .flush = layer_flush,
    .has_unread = layer_has_unread,
};
