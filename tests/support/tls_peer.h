/* SPDX-License-Identifier: MIT */
/* Certificates made on the spot, and an OpenSSL client on a non-blocking descriptor. */
#ifndef SUPPORT_TLS_PEER_H
#define SUPPORT_TLS_PEER_H

#include <stdbool.h>
#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/check.h"

struct tls_cert_spec {
    const char *cn;
    long not_before_s; /* seconds from now */
    long not_after_s;
};

static inline EVP_PKEY *
tls_make_key(const char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = fopen(key_path, "w");

    CHECK(key != NULL && file != NULL);
    CHECK(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);
    fclose(file);
    return key;
}

/* A self-signed certificate for spec->cn, key and certificate as PEM files. */
static inline void
tls_make_cert(const char *cert_path, const char *key_path, const struct tls_cert_spec *spec)
{
    static long serial = 1;
    EVP_PKEY *key = tls_make_key(key_path);
    X509 *cert = X509_new();
    char alt[128];

    CHECK(cert != NULL);
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(cert), spec->not_before_s);
    X509_gmtime_adj(X509_getm_notAfter(cert), spec->not_after_s);
    X509_set_pubkey(cert, key);
    X509_NAME *name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)spec->cn, -1,
                               -1, 0);
    X509_set_issuer_name(cert, name);
    snprintf(alt, sizeof alt, "DNS:%s,DNS:imap.%s", spec->cn, spec->cn);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alt);
    X509_add_ext(cert, ext, -1);
    X509_EXTENSION_free(ext);
    CHECK(X509_sign(cert, key, EVP_sha256()) > 0);
    FILE *file = fopen(cert_path, "w");
    CHECK(file != NULL && PEM_write_X509(file, cert) == 1);
    fclose(file);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static inline SSL_CTX *
tls_client_ctx(int min_version, int max_version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    CHECK(ctx != NULL);
    SSL_CTX_set_security_level(ctx, 0); /* so that it can offer what servers must refuse */
    CHECK(SSL_CTX_set_min_proto_version(ctx, min_version) == 1);
    CHECK(SSL_CTX_set_max_proto_version(ctx, max_version) == 1);
    return ctx;
}

/* The caller keeps owning fd. */
static inline SSL *
tls_client(SSL_CTX *ctx, int fd)
{
    SSL *ssl = SSL_new(ctx);

    CHECK(ssl != NULL && SSL_set_fd(ssl, fd) == 1);
    SSL_set_connect_state(ssl);
    SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return ssl;
}

#endif
