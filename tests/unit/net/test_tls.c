/* SPDX-License-Identifier: MIT */
/* Server contexts: reload beside a live session, errors that say why, warnings, tickets. */
#include "net/tls.h"

#include <signal.h>

#include "tls_link.h"

static void
subject_of_peer(SSL *client, char dst[256])
{
    X509 *cert = SSL_get1_peer_certificate(client);

    X509_NAME_oneline(X509_get_subject_name(cert), dst, 256);
    X509_free(cert);
}

static void
test_reload_beside_a_live_session(void **state)
{
    struct tls_server *server = make_server();
    struct link old;
    struct link fresh;
    struct tls_cert_info info;
    char subject[256];
    char got[8];

    (void)state;
    link_up(&old, server, TLS1_3_VERSION);
    write_pair("new.example.org", 90 * 86400L);
    const struct tls_config config = config_now();
    assert_int_equal(tls_server_reload(server, &config, NULL), RC_OK);
    link_up(&fresh, server, TLS1_3_VERSION);
    subject_of_peer(fresh.client, subject);
    assert_string_equal(subject, "/CN=new.example.org");
    subject_of_peer(old.client, subject);
    assert_string_equal(subject, "/CN=example.org");
    tls_server_cert_info(server, &info);
    assert_string_equal(info.subject, "/CN=new.example.org");
    assert_string_equal(info.names, "new.example.org imap.new.example.org");
    assert_true(info.self_signed);
    tls_server_free(server); /* sessions may outlive it */
    assert_int_equal(SSL_write(old.client, "ping", 4), 4);
    assert_int_equal(conn_read(&old.conn), RC_OK);
    buf_put_str(&old.conn.out, "pong");
    assert_int_equal(conn_flush(&old.conn), RC_OK);
    assert_int_equal(SSL_read(old.client, got, sizeof got), 4);
    link_close(&old);
    link_close(&fresh);
}

static void
assert_reload_fails(struct tls_server *server, const char *cert, const char *key,
                    const char *words)
{
    const struct tls_config config = {.cert_path = cert, .key_path = key};
    struct err err = {.rc = RC_OK};

    assert_true(tls_server_reload(server, &config, &err) != RC_OK);
    if (strstr(err.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

static void
test_bad_certificates(void **state)
{
    struct tls_server *server = make_server();
    char other_key[256];
    char text[256];
    char locked[256];
    struct link link;

    (void)state;
    snprintf(other_key, sizeof other_key, "%s", tmpdir_file(&dir, "other.pem"));
    EVP_PKEY *key = tls_make_key(other_key);
    snprintf(locked, sizeof locked, "%s", tmpdir_file(&dir, "locked.pem"));
    FILE *file = fopen(locked, "w");
    assert_int_equal(PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(),
                                          (const unsigned char *)"secret", 6, NULL, NULL),
                     1);
    fclose(file);
    EVP_PKEY_free(key);
    snprintf(text, sizeof text, "%s", tmpdir_file(&dir, "text.pem"));
    file = fopen(text, "w");
    fputs("this is no certificate\n", file);
    fclose(file);

    assert_reload_fails(server, "/nowhere/cert.pem", key_path, "/nowhere/cert.pem");
    assert_reload_fails(server, "/nowhere/cert.pem", key_path, "No such file");
    assert_reload_fails(server, cert_path, "/nowhere/key.pem", "TLS key /nowhere/key.pem");
    assert_reload_fails(server, cert_path, other_key, "does not belong to certificate");
    assert_reload_fails(server, cert_path, locked, "passphrase");
    assert_reload_fails(server, text, key_path, "not a PEM certificate");
    assert_reload_fails(server, cert_path, text, "not a PEM private key");
    assert_reload_fails(server, NULL, key_path, "no TLS certificate file");
    struct tls_config config = config_now();
    config.ciphers_12 = "NOSUCH";
    assert_int_equal(tls_server_reload(server, &config, NULL), RC_INVALID);
    link_up(&link, server, TLS1_3_VERSION); /* and all of that changed nothing */
    link_close(&link);
    tls_server_free(server);
}

static void
test_certificate_warnings(void **state)
{
    struct tls_server *server = make_server(); /* 90 days */
    char text[400];

    (void)state;
    assert_false(tls_server_cert_warning(server, text, sizeof text));
    wall_us += (INT64_C(80) * 86400 + 3600) * 1000000;
    assert_true(tls_server_cert_warning(server, text, sizeof text));
    assert_non_null(strstr(text, "expires in 9 days"));
    wall_us += INT64_C(20) * 86400 * 1000000;
    assert_true(tls_server_cert_warning(server, text, sizeof text));
    assert_non_null(strstr(text, "expired 10 days ago"));
    wall_us -= INT64_C(200) * 86400 * 1000000;
    assert_true(tls_server_cert_warning(server, text, sizeof text));
    assert_non_null(strstr(text, "not valid yet"));
    tls_server_free(server);
}

/* Connects, optionally with a session, and returns the ticket got (the caller's). */
static SSL_SESSION *
connect_for_ticket(struct tls_server *server, int version, SSL_SESSION *session, bool *resumed)
{
    struct link link;
    char got[8];

    link_open(&link, server, tls_client_ctx(version, version));
    if (session != NULL)
        SSL_set_session(link.client, session);
    assert_true(handshake(&link));
    buf_put_str(&link.conn.out, "* OK");
    assert_int_equal(conn_flush(&link.conn), RC_OK);
    assert_int_equal(SSL_read(link.client, got, sizeof got), 4); /* and the tickets before it */
    *resumed = tls_conn_resumed(&link.conn);
    assert_int_equal(SSL_session_reused(link.client), *resumed);
    SSL_SESSION *ticket = SSL_get1_session(link.client);
    SSL_shutdown(link.client);
    link_close(&link);
    return ticket;
}

static void
test_tickets(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        struct tls_server *server = make_server();
        const struct tls_config config = config_now();
        bool resumed;
        SSL_SESSION *ticket = connect_for_ticket(server, versions[i], NULL, &resumed);
        assert_false(resumed);
        assert_int_equal(tls_server_reload(server, &config, NULL), RC_OK);
        SSL_SESSION_free(connect_for_ticket(server, versions[i], ticket, &resumed));
        assert_true(resumed); /* the keys outlive the reload */
        wall_us += INT64_C(13) * 3600 * 1000000;
        SSL_SESSION_free(connect_for_ticket(server, versions[i], NULL, &resumed)); /* new key */
        SSL_SESSION_free(connect_for_ticket(server, versions[i], ticket, &resumed));
        assert_true(resumed); /* an older key still opens its tickets */
        for (int turn = 0; turn < 3; turn++) {
            wall_us += INT64_C(13) * 3600 * 1000000;
            SSL_SESSION_free(connect_for_ticket(server, versions[i], NULL, &resumed));
        }
        SSL_SESSION_free(connect_for_ticket(server, versions[i], ticket, &resumed));
        assert_false(resumed); /* its key is gone */
        SSL_SESSION_free(ticket);
        tls_server_free(server);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_reload_beside_a_live_session, restore),
        cmocka_unit_test_teardown(test_bad_certificates, restore),
        cmocka_unit_test_teardown(test_certificate_warnings, restore),
        cmocka_unit_test(test_tickets),
    };

    if (!tls_memory_init())
        return 1;
    signal(SIGPIPE, SIG_IGN); /* the client's, who writes with plain write(2) */
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
