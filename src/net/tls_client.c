/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "net/tls_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "net/tls_private.h"

enum { CA_STEP = 4096, CONTEXT_OCTETS = 32 };

/* ---- asking ---- */

/* Whatever it says, the handshake goes on; OpenSSL remembers the failure, also in the ticket:
 * SSL_get_verify_result. */
static int
go_on(int ok, X509_STORE_CTX *store)
{
    (void)ok, (void)store;
    return 1;
}

/* A ticket says who the client was by the CA of then. So it is good only where the CA is the
 * same: the context of sessions is a digest of the file. */
static enum rc
context_make(const char *path, unsigned char out[CONTEXT_OCTETS], struct err *err)
{
    char part[CA_STEP];
    unsigned len = 0;
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return err_set(err, rc_of_errno(errno), errno, "[tls] client_ca %s", path);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool ok = digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1;
    for (size_t got; ok && (got = fread(part, 1, sizeof part, file)) > 0;)
        ok = EVP_DigestUpdate(digest, part, got) == 1;
    ok = ok && ferror(file) == 0 && EVP_DigestFinal_ex(digest, out, &len) == 1;
    EVP_MD_CTX_free(digest);
    fclose(file);
    return ok ? RC_OK : err_set(err, RC_IO, 0, "[tls] client_ca %s cannot be read", path);
}

enum rc
tls_client_ask(SSL_CTX *ctx, const char *ca_path, struct err *err)
{
    unsigned char context[CONTEXT_OCTETS];

    if (ca_path == NULL || ca_path[0] == '\0')
        return RC_OK;
    const enum rc rc = context_make(ca_path, context, err);
    if (rc != RC_OK)
        return rc;
    ERR_clear_error();
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(ca_path);
    if (names == NULL || SSL_CTX_load_verify_file(ctx, ca_path) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        ERR_clear_error();
        return err_set(err, RC_INVALID, 0, "[tls] client_ca %s has no certificate in PEM",
                       ca_path);
    }
    SSL_CTX_set_client_CA_list(ctx, names); /* its own from here on */
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, go_on);
    return SSL_CTX_set_session_id_context(ctx, context, sizeof context) == 1
               ? RC_OK
               : err_set(err, RC_LIMIT, 0, "no memory for TLS");
}

/* ---- answers ---- */

static void
name_add(struct tls_client *out, const ASN1_STRING *text)
{
    unsigned char *utf8 = NULL;
    const int len = ASN1_STRING_to_UTF8(&utf8, text);
    bool good = len > 0 && len < TLS_CLIENT_NAME_OCTETS && out->count < TLS_CLIENT_NAMES;

    for (int i = 0; good && i < len; i++) /* a NUL would hide the rest of the name */
        good = utf8[i] >= ' ' && utf8[i] != 0x7f;
    if (good) {
        memcpy(out->names[out->count], utf8, (size_t)len);
        out->names[out->count++][len] = '\0';
    }
    OPENSSL_free(utf8);
}

static void
subject_names_add(X509 *cert, int nid, struct tls_client *out)
{
    const X509_NAME *subject = X509_get_subject_name(cert);

    for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, nid, at)) >= 0;)
        name_add(out, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

/* False: there is no rfc822Name, so the subject counts. */
static bool
alternative_names_add(X509 *cert, struct tls_client *out)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    bool any = false;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_EMAIL)
            continue;
        any = true;
        name_add(out, name->d.rfc822Name);
    }
    GENERAL_NAMES_free(names);
    return any;
}

static void
serial_put(X509 *cert, char dst[TLS_CLIENT_SERIAL_OCTETS])
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *hex = number == NULL ? NULL : BN_bn2hex(number);

    snprintf(dst, TLS_CLIENT_SERIAL_OCTETS, "%s", hex == NULL ? "?" : hex);
    OPENSSL_free(hex);
    BN_free(number);
}

/* A ticket may be older than the certificate's last day. */
static bool
is_in_time(X509 *cert, const struct clock *clock)
{
    time_t now = (time_t)clock_wall_s(clock);

    return X509_cmp_time(X509_get0_notBefore(cert), &now) < 0 &&
           X509_cmp_time(X509_get0_notAfter(cert), &now) > 0;
}

bool
tls_conn_client(const struct conn *conn, enum tls_client_name which, const struct clock *clock,
                struct tls_client *out)
{
    out->count = 0;
    if (!conn_tls_ready(conn))
        return false;
    X509 *cert = SSL_get0_peer_certificate(conn->ssl);
    if (cert == NULL || SSL_get_verify_result(conn->ssl) != X509_V_OK ||
        !is_in_time(cert, clock))
        return false;
    ERR_clear_error();
    if (which == TLS_CLIENT_CN)
        subject_names_add(cert, NID_commonName, out);
    else if (!alternative_names_add(cert, out))
        subject_names_add(cert, NID_pkcs9_emailAddress, out);
    serial_put(cert, out->serial);
    ERR_clear_error();
    return out->count > 0;
}
