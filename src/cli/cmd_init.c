/* SPDX-License-Identifier: MIT */
/*
 * `roost init DIR`: makes a DIR with roost.conf, the registry, and a self-signed certificate
 * for this machine, so that the first `roost serve` works and says what to replace.
 */
#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk.h"
#include "base/fd.h"
#include "daemon/config.h"
#include "daemon/config_key.h"
#include "daemon/directory.h"
#include "store/engine_sqlite.h"
#include "store/registry.h"

enum { CERT_DAYS = 3650, TEXT_MAX = 65536, PATH_OCTETS_MAX = 1024 };

static bool
dir_is_empty(const char *dir)
{
    DIR *d = opendir(dir);
    bool empty = true;

    if (d == NULL)
        return true;
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            empty = false;
    closedir(d);
    return empty;
}

static enum rc
path_below(const char *dir, const char *name, char path[PATH_OCTETS_MAX], struct err *err)
{
    if (snprintf(path, PATH_OCTETS_MAX, "%s/%s", dir, name) >= PATH_OCTETS_MAX)
        return err_set(err, RC_INVALID, 0, "the path is too long");
    return RC_OK;
}

/* Its name is not on disk yet. */
static enum rc
file_write(const char *dir, const char *name, mode_t mode, struct span text, struct err *err)
{
    char path[PATH_OCTETS_MAX];
    AUTO_FD fd = -1;

    const enum rc rc = path_below(dir, name, path, err);
    if (rc != RC_OK)
        return rc;
    if (disk_create(path, mode, &fd) != 0 || disk_write(fd, path, text, 0) != 0 ||
        disk_sync(fd, path) != 0)
        return err_set(err, rc_of_errno(errno), errno, "%s", path);
    return RC_OK;
}

/* Every key with its meaning and default, commented out, so that the file explains itself. */
static void
config_text(struct buf *out)
{
    const char *section = "";

    buf_put_lit(out, "; Configuration of Roost, see roost.conf(5). Keys that are commented out "
                     "with ';' have\n"
                     "; the default shown. Times take s, m, h or d; sizes take K, M or G.\n");
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        const struct config_key *key = &config_keys[i];
        if (strcmp(section, key->section) != 0) {
            section = key->section;
            buf_printf(out, "\n[%s]\n", section);
        }
        buf_printf(out, "; %s\n", key->meaning);
        if (strcmp(key->section, "tls") == 0 && strcmp(key->name, "key") == 0)
            buf_put_lit(out, "key = key.pem\n");
        else if (strcmp(key->section, "tls") == 0 && strcmp(key->name, "certificate") == 0)
            buf_put_lit(out, "certificate = cert.pem\n");
        else if (strcmp(key->section, "imaps") == 0 && strcmp(key->name, "listen") == 0)
            buf_put_lit(out, "listen = 127.0.0.1:993 [::1]:993\n");
        else
            buf_printf(out, ";%s = %s\n", key->name, key->value);
    }
}

static bool
cert_fill(X509 *cert, EVP_PKEY *key, const char *host)
{
    X509_NAME *name = X509_get_subject_name(cert);
    unsigned char serial[8];
    char names[600];
    X509V3_CTX ctx;

    if (RAND_bytes(serial, sizeof serial) != 1)
        return false;
    serial[0] &= 0x7f;
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    const bool numbered =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    if (!numbered || X509_set_version(cert, 2) != 1 ||
        X509_gmtime_adj(X509_getm_notBefore(cert), -3600) == NULL ||
        X509_gmtime_adj(X509_getm_notAfter(cert), 86400L * CERT_DAYS) == NULL ||
        X509_set_pubkey(cert, key) != 1 ||
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)host, -1,
                                   -1, 0) != 1 ||
        X509_set_issuer_name(cert, name) != 1)
        return false;
    snprintf(names, sizeof names, "DNS:%s,DNS:localhost,IP:127.0.0.1,IP:::1", host);
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *alt = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_alt_name, names);
    const bool added = alt != NULL && X509_add_ext(cert, alt, -1) == 1;
    X509_EXTENSION_free(alt);
    return added && X509_sign(cert, key, EVP_sha256()) > 0;
}

static enum rc
pem_write(const char *dir, const char *name, mode_t mode, X509 *cert, EVP_PKEY *key,
          struct err *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    enum rc rc = RC_LIMIT;

    if (bio != NULL &&
        (cert != NULL ? PEM_write_bio_X509(bio, cert)
                      : PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)) == 1) {
        const long len = BIO_get_mem_data(bio, &text);
        rc = file_write(dir, name, mode, span_of(text, (size_t)len), err);
    } else {
        err_set(err, rc, 0, "%s: OpenSSL: %s", name, ERR_reason_error_string(ERR_get_error()));
    }
    BIO_free(bio);
    return rc;
}

static enum rc
certificate_make(const char *dir, struct err *err)
{
    char host[256] = "localhost";
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    enum rc rc = RC_LIMIT;

    gethostname(host, sizeof host - 1);
    if (strlen(host) > 64) /* the longest CN allowed */
        host[64] = '\0';
    if (key == NULL || cert == NULL || !cert_fill(cert, key, host))
        err_set(err, rc, 0, "certificate: OpenSSL: %s",
                ERR_reason_error_string(ERR_get_error()));
    else
        rc = pem_write(dir, "key.pem", 0600, NULL, key, err);
    if (rc == RC_OK)
        rc = pem_write(dir, "cert.pem", 0644, cert, NULL, err);
    X509_free(cert);
    EVP_PKEY_free(key);
    return rc;
}

static enum rc
registry_make(const char *dir, struct err *err)
{
    char path[PATH_OCTETS_MAX];
    struct registry *registry = NULL;

    enum rc rc = path_below(dir, "registry.db", path, err);
    if (rc != RC_OK)
        return rc;
    const struct sqlite_registry_options options = {
        .path = path, .registry.clock = &clock_system, .create = true};
    rc = registry_open_sqlite(&options, &registry, err);
    if (rc == RC_OK)
        registry_close(registry);
    return rc;
}

static enum rc
init(const char *dir, struct err *err)
{
    AUTO_BUF text = {0};

    buf_init(&text, TEXT_MAX);
    if (disk_mkdir(dir, 0700) != 0 && errno != EEXIST)
        return err_set(err, rc_of_errno(errno), errno, "%s", dir);
    if (!dir_is_empty(dir))
        return err_set(err, RC_EXISTS, 0, "%s is not empty; nothing was changed", dir);
    config_text(&text);
    if (!buf_ok(&text))
        return err_set(err, RC_LIMIT, 0, "no memory for a configuration");
    enum rc rc = directory_make(dir, err);
    if (rc == RC_OK)
        rc = certificate_make(dir, err);
    if (rc == RC_OK)
        rc = registry_make(dir, err);
    if (rc == RC_OK)
        rc = file_write(dir, "roost.conf", 0640, buf_span(&text), err);
    return rc == RC_OK ? disk_sync_dir(dir, err) : rc;
}

int
cmd_init(struct cli *cli)
{
    struct err err = {.rc = RC_OK};

    if (cli_option_left(cli) != NULL)
        return cli_usage_option(cli);
    if (cli->argc != 1)
        return cli_usage(cli, "give one folder");
    if (init(cli->argv[0], &err) != RC_OK)
        return cli_fail(cli, CLI_FAILED, &err);
    if (cli->json)
        printf("{\"dir\": \"ready\"}\n");
    else
        printf(
            "%s is ready. Next:\n"
            "  roost account add NAME -c %s/roost.conf\n"
            "  roost serve -c %s/roost.conf\n"
            "The certificate is self-signed. Replace cert.pem and key.pem before other people "
            "connect.\n",
            cli->argv[0], cli->argv[0], cli->argv[0]);
    return CLI_OK;
}
