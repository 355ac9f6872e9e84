/* SPDX-License-Identifier: MIT */
/*
 * Server contexts. A struct tls_server holds the SSL_CTX for new connections under a lock;
 * each SSL holds a reference to the context it was made from, which is all that a reload
 * needs: swap, drop ours, and the old one goes with its last session.
 *
 * The context is set up for many idle connections: no session cache (tickets hold the state),
 * SSL_MODE_RELEASE_BUFFERS, no read-ahead, so that octets wait in the kernel where epoll sees
 * them, except inside one record (conn_has_unread).
 */
#include "net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "base/fd.h"
#include "base/lock.h"
#include "net/tls_private.h"
#include "net/tls_ticket.h"

enum { WARN_BEFORE_END_S = 14 * 24 * 3600, ALPN_MAX = 63 };

/* Lives as long as its SSL_CTX. */
struct ctx_data {
    struct ticket_ring *ring;         /* a reference */
    unsigned char alpn[ALPN_MAX + 1]; /* one length-prefixed name; [0] == 0: none */
};

struct tls_server {
    const struct clock *clock;
    struct ticket_ring *ring;
    struct lock lock; /* LOCK_LEAF: ctx and info */
    SSL_CTX *ctx;
    struct tls_cert_info info;
};

static int ctx_data_index = -1;
static pthread_once_t ctx_data_once = PTHREAD_ONCE_INIT;

static void
ctx_data_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
    struct ctx_data *data = ptr;

    (void)parent, (void)ad, (void)index, (void)argl, (void)argp;
    if (data == NULL)
        return;
    ticket_ring_unref(data->ring);
    free(data);
}

static void
ctx_data_make_index(void)
{
    ctx_data_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, ctx_data_free);
    CHECK(ctx_data_index >= 0);
}

static struct ctx_data *
ctx_data_of(const SSL *ssl)
{
    return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ctx_data_index);
}

/* --- callbacks of OpenSSL --- */

static int
ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
           EVP_MAC_CTX *mac, int encrypt)
{
    return ticket_ring_crypt(ctx_data_of(ssl)->ring, name, iv, cipher, mac, encrypt);
}

/* RFC 7301: chooses our protocol when the client names it. A client that names others only
 * continues without ALPN: IMAP clients send all sorts of things. */
static int
choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
            const unsigned char *in, unsigned in_len, void *arg)
{
    const struct ctx_data *data = ctx_data_of(ssl);

    (void)arg;
    for (unsigned at = 0; at < in_len; at += in[at] + 1u) {
        if (in[at] != data->alpn[0] || at + 1u + in[at] > in_len ||
            memcmp(in + at + 1, data->alpn + 1, in[at]) != 0)
            continue;
        *out = in + at + 1;
        *out_len = in[at];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

static void
note_alert(const SSL *ssl, int where, int value)
{
    enum { WARNING = 1, CLOSE_NOTIFY = 0, USER_CANCELED = 90 };
    struct conn *conn = SSL_get_app_data(ssl);
    const int alert = value & 0xff;

    if ((where & SSL_CB_ALERT) == 0 || conn == NULL || alert == CLOSE_NOTIFY ||
        alert == USER_CANCELED)
        return;
    /* RFC 8446 section 6: in TLS 1.3 the level means nothing, all others are fatal. */
    if (value >> 8 == WARNING && SSL_version(ssl) < TLS1_3_VERSION)
        return;
    if ((where & SSL_CB_READ) != 0)
        conn->alert_in = (uint8_t)alert;
    else
        conn->alert_out = (uint8_t)alert;
}

static int
refuse_passphrase(char *dst, int cap, int writing, void *asked)
{
    (void)dst, (void)cap, (void)writing;
    *(bool *)asked = true;
    return -1;
}

/* --- certificate and key --- */

static const char *
openssl_reason(void)
{
    const unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);

    if (reason != NULL)
        return reason;
    return code == 0 ? "unknown reason" : "OpenSSL error";
}

/* A file that cannot be opened is told by errno, before OpenSSL makes its own words. */
static enum rc
check_readable(const char *what, const char *path, struct err *err)
{
    if (path == NULL || path[0] == '\0')
        return err_set(err, RC_INVALID, 0, "no TLS %s file is named", what);
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, rc_of_errno(errno), errno, "TLS %s %s", what, path);
    return RC_OK;
}

static enum rc
load_pair(SSL_CTX *ctx, const struct tls_config *config, struct err *err)
{
    bool asked = false;

    enum rc rc = check_readable("certificate", config->cert_path, err);
    if (rc == RC_OK)
        rc = check_readable("key", config->key_path, err);
    if (rc != RC_OK)
        return rc;
    SSL_CTX_set_default_passwd_cb(ctx, refuse_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, &asked);
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(ctx, config->cert_path) != 1)
        rc = err_set(err, RC_INVALID, 0, "TLS certificate %s: not a PEM certificate (%s)",
                     config->cert_path, openssl_reason());
    else if (SSL_CTX_use_PrivateKey_file(ctx, config->key_path, SSL_FILETYPE_PEM) == 1)
        rc = RC_OK;
    else if (asked)
        rc = err_set(err, RC_INVALID, 0, "TLS key %s: has a passphrase; Roost needs it without",
                     config->key_path);
    else if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH ||
             ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_TYPE_MISMATCH)
        rc = err_set(err, RC_INVALID, 0, "TLS key %s does not belong to certificate %s",
                     config->key_path, config->cert_path);
    else
        rc = err_set(err, RC_INVALID, 0, "TLS key %s: not a PEM private key (%s)",
                     config->key_path, openssl_reason());
    if (rc == RC_OK && SSL_CTX_check_private_key(ctx) != 1)
        rc = err_set(err, RC_INVALID, 0, "TLS key %s does not belong to certificate %s",
                     config->key_path, config->cert_path);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, NULL);
    ERR_clear_error();
    return rc;
}

static int64_t
asn1_seconds(const ASN1_TIME *time)
{
    struct tm tm = {0};

    if (ASN1_TIME_to_tm(time, &tm) != 1)
        return 0;
    return (int64_t)timegm(&tm);
}

static void
read_names(X509 *cert, struct tls_cert_info *info)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    size_t used = 0;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS)
            continue;
        const int len = ASN1_STRING_length(name->d.dNSName);
        if (len <= 0 || used + (size_t)len + 2 > sizeof info->names)
            continue;
        if (used > 0)
            info->names[used++] = ' ';
        memcpy(info->names + used, ASN1_STRING_get0_data(name->d.dNSName), (size_t)len);
        used += (size_t)len;
        info->names[used] = '\0';
    }
    GENERAL_NAMES_free(names);
}

static void
read_info(const SSL_CTX *ctx, struct tls_cert_info *info)
{
    X509 *cert = SSL_CTX_get0_certificate(ctx);

    *info = (struct tls_cert_info){
        .not_before_s = asn1_seconds(X509_get0_notBefore(cert)),
        .not_after_s = asn1_seconds(X509_get0_notAfter(cert)),
        .self_signed = X509_self_signed(cert, 0) == 1,
    };
    X509_NAME_oneline(X509_get_subject_name(cert), info->subject, sizeof info->subject);
    read_names(cert, info);
}

/* --- contexts --- */

static enum rc
set_data(SSL_CTX *ctx, const struct tls_config *config, struct ticket_ring *ring,
         struct err *err)
{
    const size_t alpn_len = config->alpn == NULL ? 0 : strlen(config->alpn);

    if (alpn_len > ALPN_MAX)
        return err_set(err, RC_INVALID, 0, "ALPN name of %zu octets: at most %d", alpn_len,
                       ALPN_MAX);
    struct ctx_data *data = calloc(1, sizeof *data);
    if (data == NULL || SSL_CTX_set_ex_data(ctx, ctx_data_index, data) != 1) {
        free(data);
        return err_set(err, RC_LIMIT, 0, "no memory for TLS");
    }
    data->ring = ticket_ring_ref(ring);
    data->alpn[0] = (unsigned char)alpn_len;
    if (alpn_len > 0) {
        memcpy(data->alpn + 1, config->alpn, alpn_len);
        SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
    }
    return RC_OK;
}

static enum rc
set_up(SSL_CTX *ctx, const struct tls_config *config, struct err *err)
{
    static const unsigned char session_context[] = "roost";
    const char *ciphers =
        config->ciphers_12 == NULL ? "ECDHE+AESGCM:ECDHE+CHACHA20" : config->ciphers_12;

    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(ctx, TICKET_LIFE_S);
    SSL_CTX_set_info_callback(ctx, note_alert);
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, ticket_key) != 1 ||
        SSL_CTX_set_session_id_context(ctx, session_context, sizeof session_context - 1) != 1)
        return err_set(err, RC_LIMIT, 0, "TLS: %s", openssl_reason());
    if (SSL_CTX_set_cipher_list(ctx, ciphers) != 1)
        return err_set(err, RC_INVALID, 0, "TLS ciphers \"%s\": %s", ciphers, openssl_reason());
    return RC_OK;
}

static enum rc
make_ctx(struct tls_server *server, const struct tls_config *config, SSL_CTX **ctx_out,
         struct tls_cert_info *info_out, struct err *err)
{
    pthread_once(&ctx_data_once, ctx_data_make_index);
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL)
        return err_set(err, RC_LIMIT, 0, "TLS: %s", openssl_reason());
    enum rc rc = set_data(ctx, config, server->ring, err);
    if (rc == RC_OK)
        rc = set_up(ctx, config, err);
    if (rc == RC_OK)
        rc = tls_client_ask(ctx, config->client_ca, err);
    if (rc == RC_OK)
        rc = load_pair(ctx, config, err);
    if (rc != RC_OK) {
        SSL_CTX_free(ctx);
        return rc;
    }
    read_info(ctx, info_out);
    *ctx_out = ctx;
    return RC_OK;
}

enum rc
tls_server_new(const struct tls_config *config, const struct clock *clock,
               struct tls_server **server_out, struct err *err)
{
    struct tls_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for TLS");
    lock_init(&server->lock, LOCK_LEAF);
    server->clock = clock;
    server->ring = ticket_ring_new(clock);
    enum rc rc = server->ring == NULL
                     ? err_set(err, RC_LIMIT, 0, "no memory for TLS")
                     : make_ctx(server, config, &server->ctx, &server->info, err);
    if (rc != RC_OK) {
        tls_server_free(server);
        return rc;
    }
    *server_out = server;
    return RC_OK;
}

enum rc
tls_server_reload(struct tls_server *server, const struct tls_config *config, struct err *err)
{
    SSL_CTX *ctx = NULL;
    struct tls_cert_info info;

    enum rc rc = make_ctx(server, config, &ctx, &info, err);
    if (rc != RC_OK)
        return rc;
    lock_enter(&server->lock);
    SSL_CTX *old = server->ctx;
    server->ctx = ctx;
    server->info = info;
    lock_leave(&server->lock);
    SSL_CTX_free(old);
    return RC_OK;
}

void
tls_server_free(struct tls_server *server)
{
    if (server == NULL)
        return;
    SSL_CTX_free(server->ctx);
    ticket_ring_unref(server->ring);
    lock_done(&server->lock);
    free(server);
}

void
tls_server_cert_info(struct tls_server *server, struct tls_cert_info *info_out)
{
    lock_enter(&server->lock);
    *info_out = server->info;
    lock_leave(&server->lock);
}

bool
tls_server_cert_warning(struct tls_server *server, char *dst, size_t cap)
{
    struct tls_cert_info info;
    const int64_t now_s = clock_wall_s(server->clock);

    tls_server_cert_info(server, &info);
    const int64_t left_s = info.not_after_s - now_s;
    if (now_s < info.not_before_s)
        snprintf(dst, cap, "the TLS certificate of %s is not valid yet; the clock may be wrong",
                 info.subject);
    else if (left_s <= 0)
        snprintf(dst, cap, "the TLS certificate of %s expired %lld days ago", info.subject,
                 (long long)(-left_s / 86400));
    else if (left_s < WARN_BEFORE_END_S)
        snprintf(dst, cap, "the TLS certificate of %s expires in %lld days", info.subject,
                 (long long)(left_s / 86400));
    else
        return false;
    return true;
}

bool
tls_server_cert_is_for(struct tls_server *server, const char *host)
{
    struct net_addr addr;

    lock_enter(&server->lock);
    X509 *cert = SSL_CTX_get0_certificate(server->ctx);
    const bool holds = net_addr_parse(span_of_str(host), &addr) == RC_OK
                           ? X509_check_ip_asc(cert, host, 0) == 1
                           : X509_check_host(cert, host, 0, 0, NULL) == 1;
    lock_leave(&server->lock);
    return holds;
}

/* --- connections --- */

SSL *
tls_server_ssl_new(struct tls_server *server, struct conn *conn, BIO *bio)
{
    lock_enter(&server->lock);
    SSL_CTX *ctx = server->ctx;
    SSL_CTX_up_ref(ctx); /* a reload may drop it before SSL_new has its own reference */
    lock_leave(&server->lock);
    SSL *ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    if (ssl == NULL) {
        BIO_free(bio);
        return NULL;
    }
    SSL_set_app_data(ssl, conn);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_accept_state(ssl);
    return ssl;
}

const char *
tls_conn_version(const struct conn *conn)
{
    return conn_tls_ready(conn) ? SSL_get_version(conn->ssl) : NULL;
}

const char *
tls_conn_cipher(const struct conn *conn)
{
    return conn_tls_ready(conn) ? SSL_get_cipher_name(conn->ssl) : NULL;
}

bool
tls_conn_resumed(const struct conn *conn)
{
    return conn_tls_ready(conn) && SSL_session_reused(conn->ssl) == 1;
}

const char *
tls_conn_sni(const struct conn *conn)
{
    return conn_tls_ready(conn) ? SSL_get_servername(conn->ssl, TLSEXT_NAMETYPE_host_name)
                                : NULL;
}

struct span
tls_conn_alpn(const struct conn *conn)
{
    const unsigned char *name = NULL;
    unsigned len = 0;

    if (conn_tls_ready(conn))
        SSL_get0_alpn_selected(conn->ssl, &name, &len);
    return span_of(name, len);
}

enum rc
tls_conn_exporter(const struct conn *conn, uint8_t out[TLS_EXPORTER_OCTETS])
{
    static const char label[] = "EXPORTER-Channel-Binding";
    static const unsigned char no_context[1];

    if (!conn_tls_ready(conn))
        return RC_UNSUPPORTED;
    /* RFC 9266 section 4.2: with TLS 1.2 only when the extended master secret is used. */
    if (SSL_version(conn->ssl) < TLS1_3_VERSION && SSL_get_extms_support(conn->ssl) != 1)
        return RC_UNSUPPORTED;
    ERR_clear_error();
    /* Section 2: the context is there and empty, which differs from none in TLS 1.2. */
    if (SSL_export_keying_material(conn->ssl, out, TLS_EXPORTER_OCTETS, label, sizeof label - 1,
                                   no_context, 0, 1) != 1)
        return RC_UNSUPPORTED;
    return RC_OK;
}
