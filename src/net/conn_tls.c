/* SPDX-License-Identifier: MIT */
/*
 * The TLS layer of a connection. OpenSSL reads and writes through our own BIO, so that errno is
 * kept, no SIGPIPE occurs, and a FIN without close_notify leaves our side open. The contexts
 * are in tls.c.
 *
 *   TLS_NONE --conn_tls_begin--> HANDSHAKE --conn_tls_shake_hands, recv, send--> READY
 *
 * Thread: the session's; no locks.
 */
#include "net/conn_private.h"

#include <stdatomic.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "net/tls_private.h"

/* --- OpenSSL's way to the raw octets --- */

static int
bio_read(BIO *bio, char *dst, int cap)
{
    struct conn *conn = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    const ssize_t n = conn_raw_recv(conn, dst, (size_t)cap);
    if (n < 0 && conn_is_again(errno))
        BIO_set_retry_read(bio);
    else if (n < 0)
        conn_failed_by_errno(conn, errno);
    else if (n == 0)
        conn->read_ended = true; /* ssl_failed decides which kind of end this is */
    return (int)n;
}

static int
bio_write(BIO *bio, const char *src, int len)
{
    struct conn *conn = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    const ssize_t n = conn_raw_send(conn, src, (size_t)len);
    if (n < 0 && conn_is_again(errno))
        BIO_set_retry_write(bio);
    else if (n < 0)
        conn_failed_by_errno(conn, errno);
    return (int)n;
}

static long
bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    (void)bio, (void)num, (void)ptr;
    /* BIO_CTRL_EOF stays 0, because otherwise OpenSSL would answer a FIN with a fatal alert and
     * give up. */
    return cmd == BIO_CTRL_FLUSH ? 1 : 0;
}

static _Atomic(BIO_METHOD *) bio_method;

/* The first connection that has the memory for it makes it. NULL: no memory. */
static BIO_METHOD *
bio_method_get(void)
{
    BIO_METHOD *method = atomic_load(&bio_method);

    if (method != NULL)
        return method;
    BIO_METHOD *made =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "roost connection");
    if (made == NULL || BIO_meth_set_read(made, bio_read) != 1 ||
        BIO_meth_set_write(made, bio_write) != 1 || BIO_meth_set_ctrl(made, bio_ctrl) != 1 ||
        !atomic_compare_exchange_strong(&bio_method, &method, made)) {
        BIO_meth_free(made);
        return method; /* that of another connection, or NULL */
    }
    return made;
}

enum rc
conn_tls_begin(struct conn *conn, struct tls_server *tls)
{
    BIO_METHOD *method = bio_method_get();
    BIO *bio = method == NULL ? NULL : BIO_new(method);
    if (bio == NULL)
        return RC_LIMIT;
    BIO_set_data(bio, conn);
    BIO_set_init(bio, 1);
    conn->ssl = tls_server_ssl_new(tls, conn, bio);
    if (conn->ssl == NULL)
        return RC_LIMIT;
    conn->tls_state = CONN_TLS_HANDSHAKE;
    return RC_OK;
}

/* To be called after each SSL_read or SSL_write, because either of them may have finished the
 * handshake. */
static void
ssl_progress(struct conn *conn)
{
    if (conn->tls_state != CONN_TLS_HANDSHAKE || !SSL_is_init_finished(conn->ssl))
        return;
    conn->tls_state = CONN_TLS_READY;
    conn->write_wants_read = conn->read_wants_write = false;
}

enum ssl_op {
    OP_READ,
    OP_WRITE,
};

/* During the handshake both wait for the same thing. Afterwards, a read may have to wait for
 * room and a write for input (key updates). The usual case needs no note. */
static void
note_want(struct conn *conn, enum ssl_op op, int error)
{
    if (op == OP_READ || conn->tls_state == CONN_TLS_HANDSHAKE)
        conn->read_wants_write = error == SSL_ERROR_WANT_WRITE;
    else
        conn->write_wants_read = error == SSL_ERROR_WANT_READ;
}

/* The error code of what went wrong, that of the protocol if there is one: inner failures (of
 * ciphers and encodings) come first in the queue. Empties the queue. */
static unsigned long
take_ssl_error(void)
{
    unsigned long kept = 0;

    for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error())
        if (kept == 0 || ERR_GET_LIB(code) == ERR_LIB_SSL)
            kept = code;
    return kept;
}

/* After SSL_read or SSL_write failed: RC_AGAIN or RC_CLOSED. */
static enum rc
ssl_failed(struct conn *conn, int result, enum ssl_op op)
{
    const int error = SSL_get_error(conn->ssl, result);
    unsigned long code;

    switch (error) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        note_want(conn, op, error);
        return RC_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        conn_note_end(conn, CONN_END_TLS_CLOSE, 0, 0);
        conn->read_ended = true;
        return RC_CLOSED;
    case SSL_ERROR_SYSCALL:
        /* The BIO has noted errors, so what is left is a FIN without close_notify. */
        conn_note_end(conn, CONN_END_TLS_TRUNCATED, 0, 0);
        conn->read_ended = true;
        if (conn->tls_state == CONN_TLS_HANDSHAKE)
            conn->write_ended = true; /* nothing can be sent before the handshake is done */
        return RC_CLOSED;
    default:
        code = take_ssl_error();
        if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
            conn_note_end(conn, CONN_END_MEMORY, 0, code);
        else if (conn->alert_in != 0)
            conn_note_end(conn, CONN_END_TLS_ALERT, 0, code);
        else
            conn_note_end(conn, CONN_END_TLS_ERROR, 0, code);
        conn_both_ended(conn);
        return RC_CLOSED;
    }
}

/* --- the layer --- */

static enum rc
layer_recv(struct conn *conn, void *dst, size_t cap, size_t *got_out)
{
    ERR_clear_error(); /* the queue belongs to the thread, and other sessions have used it */
    const int ok = SSL_read_ex(conn->ssl, dst, cap, got_out);
    ssl_progress(conn);
    if (ok != 1)
        return ssl_failed(conn, ok, OP_READ);
    conn->read_wants_write = false;
    return RC_OK;
}

static enum rc
layer_send(struct conn *conn, const void *src, size_t len, size_t *sent_out)
{
    ERR_clear_error();
    const int ok = SSL_write_ex(conn->ssl, src, len, sent_out);
    ssl_progress(conn);
    if (ok != 1)
        return ssl_failed(conn, ok, OP_WRITE);
    conn->write_wants_read = false;
    return RC_OK;
}

static bool
layer_has_unread(const struct conn *conn)
{
    return SSL_pending(conn->ssl) > 0;
}

static enum rc
layer_flush(struct conn *conn)
{
    (void)conn;
    return RC_OK; /* what was taken is in the kernel */
}

const struct conn_layer conn_tls = {
    .recv = layer_recv,
    .send = layer_send,
    .flush = layer_flush,
    .has_unread = layer_has_unread,
};

enum rc
conn_tls_shake_hands(struct conn *conn)
{
    if (conn->tls_state != CONN_TLS_HANDSHAKE)
        return RC_OK;
    ERR_clear_error();
    const int ok = SSL_do_handshake(conn->ssl);
    ssl_progress(conn);
    return ok == 1 ? RC_OK : ssl_failed(conn, ok, OP_READ);
}

void
conn_tls_end(struct conn *conn)
{
    if (conn->ssl == NULL)
        return;
    /* After a fatal error, or within an unfinished record, nothing can be added. */
    if (conn->tls_state == CONN_TLS_READY && !conn->write_ended && !conn->read_wants_write &&
        !conn_wants_write(conn)) {
        ERR_clear_error();
        SSL_shutdown(conn->ssl);
        ERR_clear_error();
    }
    SSL_free(conn->ssl);
    conn->ssl = NULL;
}
