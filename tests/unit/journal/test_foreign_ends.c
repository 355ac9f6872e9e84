/* SPDX-License-Identifier: MIT */
/*
 * How sessions end, as the logs of clients over TLS tell it: to the same dialogue of each
 * client different last lines are appended. Most ends of an encrypted connection are told by
 * the TLS library, and few of them are a failure of TLS. The same for what servers say in their
 * BYE.
 */
#include "support/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/foreign/formats.h"
#include "journal/foreign/story.h"
#include "support/tmpdir_each.h"

/* Up to an IDLE that was accepted; behind it the rows' own lines. */
static const char fetchmail[] =
    "fetchmail: 6.4.37 querying mail.example.org (protocol IMAP) at Mon Mar  2 10:00:00 2026: "
    "poll started\n"
    "fetchmail: Trying to connect to 192.0.2.1/993...connected.\n"
    "fetchmail: Certificate chain, from root to peer, starting at depth 1:\n"
    "fetchmail: Issuer Organization: Example\n"
    "fetchmail: Issuer CommonName: Example Root\n"
    "fetchmail: Subject CommonName: Example Root\n"
    "fetchmail: Certificate at depth 0:\n"
    "fetchmail: Server certificate:\n"
    "fetchmail: Issuer Organization: Example\n"
    "fetchmail: Issuer CommonName: Example Root\n"
    "fetchmail: Subject CommonName: mail.example.org\n"
    "fetchmail: Subject Alternative Name: mail.example.org\n"
    "fetchmail: mail.example.org key fingerprint: 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD\n"
    "fetchmail: SSL/TLS: using protocol TLSv1.3, cipher TLS_AES_256_GCM_SHA384, 256/256 "
    "secret/processed bits\n"
    "fetchmail: IMAP< * OK ready\n"
    "fetchmail: IMAP> A0001 CAPABILITY\n"
    "fetchmail: IMAP< * CAPABILITY IMAP4rev1 IDLE\n"
    "fetchmail: IMAP< A0001 OK done\n"
    "fetchmail: IMAP> A0002 LOGIN \"ann\" *\n"
    "fetchmail: IMAP< A0002 OK in\n"
    "fetchmail: IMAP> A0003 SELECT \"INBOX\"\n"
    "fetchmail: IMAP< * 0 EXISTS\n"
    "fetchmail: IMAP< A0003 OK done\n"
    "fetchmail: IMAP> A0004 IDLE\n"
    "fetchmail: IMAP< + idling\n";

static const char mbsync[] = "Connecting to mail.example.org (192.0.2.1:993)... \n"
                             "Connection is now encrypted\n"
                             "* OK ready\n"
                             "Logging in...\n"
                             ">>> 1 LOGIN <user> <pass>\n"
                             "1 OK in\n"
                             ">>> 2 SELECT \"INBOX\"\n"
                             "* 0 EXISTS\n"
                             "2 OK done\n"
                             ">>> 3 IDLE\n"
                             "+ idling\n";

static const char curl[] =
    "*   Trying 192.0.2.1:993...\n"
    "* Connected to mail.example.org (192.0.2.1) port 993 (#0)\n"
    "* TLSv1.3 (OUT), TLS handshake, Client hello (1):\n"
    "*  CAfile: /etc/ssl/certs/ca-certificates.crt\n"
    "*  CApath: /etc/ssl/certs\n"
    "* TLSv1.3 (IN), TLS handshake, Server hello (2):\n"
    "* TLSv1.3 (IN), TLS handshake, Certificate (11):\n"
    "* TLSv1.3 (IN), TLS handshake, CERT verify (15):\n"
    "* TLSv1.3 (OUT), TLS change cipher, Change cipher spec (1):\n"
    "* SSL connection using TLSv1.3 / TLS_AES_256_GCM_SHA384\n"
    "* Server certificate:\n"
    "*  subject: CN=mail.example.org\n"
    "*  start date: Mar  2 00:00:00 2026 GMT\n"
    "*  expire date: May 31 00:00:00 2026 GMT\n"
    "*  subjectAltName: host \"mail.example.org\" matched cert's \"mail.example.org\"\n"
    "*  issuer: CN=Example Root\n"
    "*  SSL certificate verify ok.\n"
    "* TLSv1.3 (IN), TLS handshake, Newsession Ticket (4):\n"
    "* old SSL session ID is stale, removing\n"
    "< * OK ready\n"
    "> A001 CAPABILITY\n"
    "< * CAPABILITY IMAP4rev1 IDLE\n"
    "< A001 OK done\n"
    "> A002 IDLE\n"
    "< + idling\n";

static const char offlineimap[] =
    "2026-03-02 10:00:00 DEBUG: [imap]:   00:00.10 Account sync t connected to m.example.org "
    "on "
    "port 993\n"
    "2026-03-02 10:00:00 DEBUG: [imap]:   00:00.20 m.example.org reader < b'* OK ready\\r\\n'\n"
    "2026-03-02 10:00:00 DEBUG: [imap]:   00:00.20 m.example.org handler starting\n"
    "2026-03-02 10:00:00 DEBUG: [imap]:   00:00.30 m.example.org writer > b'AB1 SELECT "
    "INBOX\\r\\n'\n"
    "2026-03-02 10:00:00 DEBUG: [imap]:   00:00.40 m.example.org reader < b'AB1 OK "
    "done\\r\\n'\n"
    "2026-03-02 10:00:00 DEBUG: [imap]:   00:00.50 m.example.org writer > b'AB2 IDLE\\r\\n'\n"
    "2026-03-02 10:00:00 DEBUG: [imap]:   00:00.60 m.example.org reader < b'+ idling\\r\\n'\n";

#define OFFLINEIMAP_END "2026-03-02 10:10:00 DEBUG: [imap]:   10:00.60 m.example.org handler "

static const char k9[] =
    "03-02 10:00:00.100  3731  7953 V RealImapConnection: conn7<<<#null# [OK, ready]\n"
    "03-02 10:00:00.200  3731  7953 V RealImapConnection: conn7>>> 2 SELECT \"INBOX\"\n"
    "03-02 10:00:00.300  3731  7953 V ImapResponseParser: conn7<<<#2# [OK, done]\n"
    "03-02 10:00:00.400  3731  7953 V RealImapConnection: conn7>>> 3 IDLE\n"
    "03-02 10:00:00.500  3731  7953 V ImapResponseParser: conn7<<<#+# [idling]\n";

#define K9_END "03-02 10:10:00.100  3731  7953 V ImapBackendPusher: "

static const char javamail[] =
    "DEBUG IMAPS: trying to connect to host \"mail.example.org\", port 993, isSSL true\n"
    "* OK [CAPABILITY IMAP4rev1 IDLE AUTH=PLAIN] ready\n"
    "DEBUG IMAPS: LOGIN command result: A0 OK in\n"
    "A1 SELECT INBOX\n"
    "* 3 EXISTS\n"
    "A1 OK done\n"
    "A2 IDLE\n"
    "+ idling\n";

#define THUNDERBIRD(time, rest)                                                                \
    "2026-03-02 " time " UTC - [Parent 1: IMAP]: I/IMAP 7fabcdef0600:mail.example.org:" rest   \
    "\n"

static const char thunderbird[] =
    THUNDERBIRD("10:00:00.100000", "NA:CreateNewLineFromSocket: * OK ready")
        THUNDERBIRD("10:00:00.200000", "A:SendData: 2 select \"INBOX\"")
            THUNDERBIRD("10:00:00.300000", "S-INBOX:CreateNewLineFromSocket: 2 OK done")
                THUNDERBIRD("10:00:00.400000", "S-INBOX:SendData: 3 IDLE")
                    THUNDERBIRD("10:00:00.500000", "S-INBOX:CreateNewLineFromSocket: + idling");

#define BROKEN(code)                                                                           \
    THUNDERBIRD(                                                                               \
        "10:10:00.100000",                                                                     \
        "S-INBOX:CreateNewLineFromSocket: clearing IMAP_CONNECTION_IS_OPEN - rv = " code)

static const char imapsync[] =
    "Host1: IMAP server [mail.example.org] port [993] user [ann]\n"
    "Host1: connecting and login on host1 [mail.example.org] port [993] with user [ann]\n"
    "Host1 banner: * OK ready.\n"
    "Host1: success login on [mail.example.org] with user [ann] auth [LOGIN]\n";

static const char outlook[] = "IMAP: 12:24:17 [rx] * OK ready\n"
                              "IMAP: 12:24:18 [tx] 0001 NOOP\n"
                              "IMAP: 12:24:18 [rx] 0001 OK done\n";

#define STALWART(level, event)                                                                 \
    "2026-03-02T10:00:01Z " level " " event                                                    \
    " listenerId = \"imaptls\", localPort = 993, remoteIp = 192.0.2.90, remotePort = 4001\n"

static const char stalwart[] =
    STALWART("DEBUG", "IMAP connection started (imap.connection-start)")
        STALWART("INFO", "Authentication successful (auth.success)");

static const char hmail[] = "\"IMAPD\"\t1\t23\t\"2026-03-02 10:00:00.000\"\t\"192.0.2.94\"\t"
                            "\"SENT: * OK IMAPrev1\"\n";

static const struct {
    const char *before;
    const char *lines;
    const char *rule;
    enum foreign_sure sure;
    unsigned strange; /* lines that are to be counted as not understood */
} ends[] = {
    /* Its own certificate's lines are no failure, nor is a session that goes on. */
    {fetchmail, "", "still-open", SURE_LIKELY, 0},
    {fetchmail, "fetchmail: IMAP> A0005 LOGOUT\n", "logged-out", SURE_CERTAIN, 0},
    {fetchmail,
     "fetchmail: OpenSSL reported: error:0A000126:SSL routines::unexpected eof while reading\n"
     "fetchmail: socket error while fetching from ann@mail.example.org\n",
     "closed-while-idle", SURE_LIKELY, 0},
    {fetchmail, "fetchmail: socket error while fetching from ann@mail.example.org\n",
     "closed-while-idle", SURE_LIKELY, 0},
    {fetchmail,
     "fetchmail: timeout after 300 seconds waiting for server mail.example.org.\n"
     "fetchmail: socket error while fetching from ann@mail.example.org\n",
     "client-closed", SURE_CERTAIN, 0},
    {fetchmail, "fetchmail: OpenSSL reported: error:0A000119:SSL routines::bad record mac\n",
     "tls-failed", SURE_CERTAIN, 0},
    {fetchmail, "fetchmail: nobody ever heard of this\n", "still-open", SURE_LIKELY, 1},
    {"fetchmail: 6.4.37 querying m.example.org (protocol IMAP) at Mon Mar  2 10:00:00 2026: "
     "poll "
     "started\n",
     "fetchmail: Server certificate:\n"
     "fetchmail: Subject CommonName: other.example.org\n"
     "fetchmail: Server certificate verification error: self-signed certificate\n"
     "fetchmail: OpenSSL reported: error:0A000086:SSL routines::certificate verify failed\n"
     "fetchmail: m.example.org: SSL connection failed.\n"
     "fetchmail: socket error while fetching from ann@m.example.org\n",
     "tls-failed", SURE_CERTAIN, 0},
    /* Not checked strictly, it goes on: that was not the end. */
    {"fetchmail: 6.4.37 querying m.example.org (protocol IMAP) at Mon Mar  2 10:00:00 2026: "
     "poll "
     "started\n",
     "fetchmail: Server certificate verification error: self-signed certificate\n"
     "fetchmail: Warning: the connection is insecure, continuing anyways. (Better use "
     "--sslcertck!)\n"
     "fetchmail: IMAP< * OK ready\n"
     "fetchmail: IMAP> A0001 NOOP\n"
     "fetchmail: socket error while fetching from ann@m.example.org\n",
     "command-unanswered", SURE_LIKELY, 0},

    {mbsync, "", "still-open", SURE_LIKELY, 0},
    {mbsync,
     "Socket error: secure read from mail.example.org (192.0.2.1:993): error:0A000126:SSL "
     "routines::unexpected eof while reading\n",
     "closed-while-idle", SURE_LIKELY, 0},
    {mbsync,
     "Socket error: secure read from mail.example.org (192.0.2.1:993): unexpected EOF\n",
     "closed-while-idle", SURE_LIKELY, 0},
    {mbsync,
     "Socket error: secure write to mail.example.org (192.0.2.1:993): Connection reset by "
     "peer\n",
     "reset", SURE_CERTAIN, 0},
    {mbsync,
     "Socket error: secure read from mail.example.org (192.0.2.1:993): error:0A00045C:SSL "
     "routines::tlsv13 alert certificate required\n",
     "tls-failed", SURE_CERTAIN, 0},
    {mbsync, "Something new\n", "still-open", SURE_LIKELY, 1},
    {"Connecting to mail.example.org (192.0.2.1:993)... \n"
     "Opening far side store far...\n",
     "SSL error connecting mail.example.org (192.0.2.1:993): self-signed certificate\n",
     "tls-failed", SURE_CERTAIN, 0},
    {"Connecting to mail.example.org (192.0.2.1:993)... \n"
     "Opening far side store far...\n",
     "Socket error: secure connect to mail.example.org (192.0.2.1:993): error:0A00010B:SSL "
     "routines::wrong version number\n",
     "tls-failed", SURE_CERTAIN, 0},

    {curl, "", "still-open", SURE_LIKELY, 0},
    {curl,
     "* OpenSSL SSL_read: error:0A000126:SSL routines::unexpected eof while reading, errno 0\n"
     "* response reading failed (errno: 0)\n"
     "* Closing connection 0\n"
     "* TLSv1.3 (OUT), TLS alert, close notify (256):\n"
     "curl: (56) OpenSSL SSL_read: error:0A000126:SSL routines::unexpected eof while reading, "
     "errno 0\n",
     "closed-while-idle", SURE_LIKELY, 0},
    {curl,
     "* OpenSSL SSL_read: Connection reset by peer, errno 104\n"
     "curl: (56) OpenSSL SSL_read: Connection reset by peer, errno 104\n",
     "reset", SURE_CERTAIN, 0},
    {curl,
     "* TLSv1.3 (IN), TLS alert, close notify (256):\n"
     "* Closing connection 0\n"
     "* TLSv1.2 (OUT), TLS alert, Client hello (1):\n",
     "client-closed", SURE_CERTAIN, 0},
    {curl,
     "* Operation timed out after 30001 milliseconds with 0 bytes received\n"
     "curl: (28) Operation timed out after 30001 milliseconds with 0 bytes received\n",
     "silent-death", SURE_LIKELY, 0},
    {curl, "* What is this\nAnd this\n", "still-open", SURE_LIKELY, 2},
    {"*   Trying 192.0.2.1:993...\n"
     "* Connected to mail.example.org (192.0.2.1) port 993 (#0)\n",
     "* TLSv1.3 (IN), TLS alert, handshake failure (552):\n"
     "* Closing connection 0\n"
     "curl: (35) error:0A000410:SSL routines::sslv3 alert handshake failure\n",
     "tls-failed", SURE_CERTAIN, 0},
    {"*   Trying 192.0.2.1:993...\n"
     "* Connected to mail.example.org (192.0.2.1) port 993 (#0)\n",
     "* Closing connection 0\n"
     "curl: (35) OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to mail.example.org:993 "
     "\n",
     "tls-failed", SURE_CERTAIN, 0},

    {offlineimap, "", "still-open", SURE_LIKELY, 0},
    {offlineimap,
     OFFLINEIMAP_END "terminating: \"socket error: <class 'ssl.SSLError'> - [SSL: "
                     "UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol\"\n",
     "closed-while-idle", SURE_LIKELY, 0},
    {offlineimap,
     OFFLINEIMAP_END "terminating: \"socket error: <class 'ssl.SSLEOFError'> - EOF occurred in "
                     "violation of protocol (_ssl.c:2396)\"\n",
     "closed-while-idle", SURE_LIKELY, 0},
    {offlineimap,
     OFFLINEIMAP_END
     "terminating: \"socket error: <class 'ConnectionResetError'> - [Errno 104] "
     "Connection reset by peer\"\n",
     "reset", SURE_CERTAIN, 0},
    {offlineimap,
     OFFLINEIMAP_END "terminating: \"socket error: <class 'OSError'> - Too many read 0\"\n",
     "closed-while-idle", SURE_LIKELY, 0},
    {offlineimap,
     OFFLINEIMAP_END "terminating: \"socket error: <class 'ssl.SSLError'> - [SSL: "
                     "DECRYPTION_FAILED_OR_BAD_RECORD_MAC] decryption failed (_ssl.c:2576)\"\n",
     "tls-failed", SURE_CERTAIN, 0},
    {offlineimap, OFFLINEIMAP_END "dances\n", "still-open", SURE_LIKELY, 1},
    /* A level is no other program. */
    {offlineimap, "2026-03-02 10:00:00 INFO: *** Processing account t\n", "still-open",
     SURE_LIKELY, 1},

    {k9, "", "still-open", SURE_LIKELY, 0},
    {k9,
     K9_END "I/O error while trying to use IDLE\n" K9_END
            "javax.net.ssl.SSLException: Write error: ssl=0x7a1: I/O error during system call, "
            "Broken pipe\n" K9_END "\tat com.android.org.conscrypt.NativeCrypto.SSL_write\n",
     "closed-while-idle", SURE_LIKELY, 0},
    {k9, K9_END "javax.net.ssl.SSLException: Connection closed by peer\n", "closed-while-idle",
     SURE_LIKELY, 0},
    {k9,
     K9_END "javax.net.ssl.SSLException: Read error: ssl=0x7a1: I/O error during system call, "
            "Connection reset by peer\n",
     "reset", SURE_CERTAIN, 0},
    {k9,
     K9_END "javax.net.ssl.SSLException: Read error: ssl=0x7a1: I/O error during system call, "
            "Software caused connection abort\n",
     "silent-death", SURE_LIKELY, 0},
    {k9, K9_END "javax.net.ssl.SSLException: Something new\n", "still-open", SURE_LIKELY, 1},
    {k9,
     K9_END
     "javax.net.ssl.SSLProtocolException: Read error: ssl=0x7a1: Failure in SSL library, "
     "usually a protocol error\n",
     "tls-failed", SURE_CERTAIN, 0},
    {"03-02 10:00:00.100  3731  7953 D RealImapConnection: Connecting to m.example.org as "
     "m.example.org/192.0.2.1\n",
     "03-02 10:00:00.300  3731  7953 E RealImapConnection: "
     "javax.net.ssl.SSLHandshakeException: "
     "java.security.cert.CertPathValidatorException: Trust anchor for certification path not "
     "found.\n",
     "tls-failed", SURE_CERTAIN, 0},

    {javamail, "", "still-open", SURE_LIKELY, 0},
    {javamail,
     "* BYE JavaMail Exception: javax.net.ssl.SSLException: closing inbound before receiving "
     "peer's close_notify\n",
     "closed-while-idle", SURE_LIKELY, 0},
    {javamail, "* BYE JavaMail Exception: javax.net.ssl.SSLException: Connection reset\n",
     "reset", SURE_CERTAIN, 0},
    {javamail,
     "* BYE JavaMail Exception: javax.net.ssl.SSLException: java.net.SocketException: Broken "
     "pipe (Write failed)\n",
     "closed-while-idle", SURE_LIKELY, 0},
    {javamail, "* BYE JavaMail Exception: javax.net.ssl.SSLException: Read timed out\n",
     "silent-death", SURE_LIKELY, 0},
    {javamail,
     "* BYE JavaMail Exception: javax.net.ssl.SSLException: Received fatal alert: "
     "internal_error\n",
     "tls-failed", SURE_CERTAIN, 0},
    {"DEBUG IMAPS: trying to connect to host \"mail.example.org\", port 993, isSSL true\n",
     "javax.net.ssl.SSLHandshakeException: PKIX path building failed\n", "tls-failed",
     SURE_CERTAIN, 0},

    {thunderbird, "", "still-open", SURE_LIKELY, 0},
    {thunderbird, BROKEN("804b0014"), "reset", SURE_CERTAIN, 0},
    {thunderbird, BROKEN("804b000e"), "silent-death", SURE_LIKELY, 0},
    {thunderbird, BROKEN("80470002"), "closed-while-idle", SURE_LIKELY, 0},
    {thunderbird, BROKEN("805a2fc6"), "closed-while-idle", SURE_LIKELY, 0},
    {thunderbird, BROKEN("805a2ff4"), "tls-failed", SURE_CERTAIN, 0},
    {thunderbird, THUNDERBIRD("10:10:00.200000", "S-INBOX:Dance: it dances"), "still-open",
     SURE_LIKELY, 1},
    {thunderbird,
     "2026-03-02 10:10:00.100000 UTC - [Parent 1: IMAP]: D/IMAP it dances\n"
     "2026-03-02 10:10:00.100000 UTC - [Parent 1: IMAP]: D/IMAP ReadNextLine [rv=0x0 stream=1 "
     "nb=20 needmore=0]\n",
     "still-open", SURE_LIKELY, 1},

    /* Trouble that nobody knows is counted, even where most of a log is not about sessions. */
    {imapsync, "msg INBOX/1 {216} copied to INBOX/1 0.10 msgs/s\n", "still-open", SURE_LIKELY,
     0},
    {imapsync, "Host1: some failure that is new\n", "still-open", SURE_LIKELY, 1},
    {javamail, "DEBUG IMAPS: a NewException\n", "still-open", SURE_LIKELY, 1},
    {outlook, "IMAP: 12:24:19 [db] OnNotify: asOld = 5, asNew = 5, ae = 3\n", "still-open",
     SURE_LIKELY, 0},
    {outlook, "IMAP: 12:24:19 [db] Something new\n", "still-open", SURE_LIKELY, 1},
    {stalwart, STALWART("INFO", "Mail fetched (imap.fetch)"), "still-open", SURE_LIKELY, 0},
    {stalwart, STALWART("ERROR", "Something new (imap.new)"), "still-open", SURE_LIKELY, 1},
    {hmail, "\"DEBUG\"\t1\t\"2026-03-02 10:00:01.000\"\t\"Message delivered\"\n", "still-open",
     SURE_LIKELY, 0},
    {hmail, "\"DEBUG\"\t1\t\"2026-03-02 10:00:01.000\"\t\"Something failed\"\n", "still-open",
     SURE_LIKELY, 1},
};

/* The only session that the text shows, judged. */
static void
judge(const char *before, const char *lines, struct foreign_verdict *verdict,
      uint64_t *strange_out)
{
    const struct foreign_options options = {0};
    const char *path = tmpdir_file(&dir, "log");
    struct foreign_story story;
    struct err err = {.rc = RC_OK};
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(before, file) >= 0 && fputs(lines, file) >= 0);
    fclose(file);
    assert_ok(foreign_story_read(&story, &path, 1, &options, &err));
    if (story.case_count != 1)
        fail_msg("%u sessions in\n%s%s", story.case_count, before, lines);
    foreign_judge(&story.cases[0], verdict);
    *strange_out = story.files[0].strange;
    foreign_story_done(&story);
}

static void
test_ends_over_tls(void **state)
{
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        struct foreign_verdict verdict;
        uint64_t strange;
        judge(ends[i].before, ends[i].lines, &verdict, &strange);
        const char *code = foreign_rule_info(verdict.rule)->code;
        if (strcmp(code, ends[i].rule) == 0 && verdict.sure == ends[i].sure &&
            strange == ends[i].strange)
            continue;
        print_error("%s, %s, %ju strange instead of %s, %s, %u for ...%s\n", code,
                    foreign_sure_name(verdict.sure), (uintmax_t)strange, ends[i].rule,
                    foreign_sure_name(ends[i].sure), ends[i].strange, ends[i].lines);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void
test_goodbyes(void **state)
{
    static const struct {
        const char *words;
        const char *rule;
    } rows[] = {
        {"Internal error, contact your administrator", "server-failed"},
        {"Internal server error. Please restart your mail program.", "server-failed"},
        {"Internal error: the database timed out", "server-failed"},
        {"Fatal error during shutdown of the index", "server-failed"},
        {"[SERVERBUG] Ask the administrator", "server-failed"},
        {"[CORRUPTION] The mailbox needs a repair by the administrator", "server-failed"},
        {"Session ended by administrator", "kicked"},
        {"Connection closed by an administrator", "kicked"},
        {"An administrator ended this session", "kicked"},
        {"Server is restarting", "server-stopped"},
        {"Server shutting down.", "server-stopped"},
        {"Autologout; idle for too long", "server-impatient"},
        {"Disconnected for inactivity.", "server-impatient"},
        {"Too many invalid IMAP commands. Ask your administrator.", "protocol-error"},
        {"Too many connections; the administrator can raise the limit", "too-many-connections"},
        /* What they name is no reason. */
        {"Please restart your mail program", "untold"},
        {"Ask your administrator", "untold"},
    };
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char lines[256];
        struct foreign_verdict verdict;
        uint64_t strange;
        snprintf(lines, sizeof lines, "[10:00:03] S: * BYE %s\n", rows[i].words);
        judge("[10:00:00] S: * OK ready\n"
              "[10:00:01] C: 1 LOGIN ann secret\n"
              "[10:00:01] S: 1 OK in\n"
              "[10:00:02] C: 2 NOOP\n"
              "[10:00:02] S: 2 OK done\n",
              lines, &verdict, &strange);
        const char *code = foreign_rule_info(verdict.rule)->code;
        if (strcmp(code, rows[i].rule) != 0 && ++wrong > 0)
            print_error("%s instead of %s for %s\n", code, rows[i].rule, rows[i].words);
    }
    assert_int_equal(wrong, 0);
}

/* What was told before the session went on is not why it ended. */
static void
test_only_the_end_counts(void **state)
{
    static const struct {
        const char *lines;
        const char *rule;
    } rows[] = {
        {"S: 1 NO [LIMIT] Too many connections\n"
         "C: 2 LOGIN ann secret\n"
         "S: 2 OK in\n"
         "C: 3 LOGOUT\n"
         "S: * BYE bye\n",
         "logged-out"},
        {"S: 1 NO [LIMIT] Too many connections\n"
         "C: 2 LOGOUT\n",
         "too-many-connections"},
        {"S: 1 OK in\n"
         "C: 2 LOGOUT\n"
         "S: * BYE bye\n"
         "S: 2 OK bye\n"
         "S: * OK ready\n"
         "C: 1 LOGIN ann secret\n"
         "S: 1 OK in\n"
         "C: 2 NOOP\n"
         "S: * BYE Internal error\n",
         "server-failed"},
        {"S: 1 OK in\n"
         "C: 2 NOPE\n"
         "S: 2 BAD unknown\n"
         "C: 3 NOOP\n"
         "S: 3 OK done\n",
         "still-open"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct foreign_verdict verdict;
        uint64_t strange;
        judge("S: * OK ready\nC: 1 LOGIN ann secret\n", rows[i].lines, &verdict, &strange);
        assert_string_equal(foreign_rule_info(verdict.rule)->code, rows[i].rule);
    }
}

/* The last answer to a login tells whose fault it was that nobody got in. */
static void
test_logins(void **state)
{
    static const struct {
        const char *lines;
        const char *rule;
    } rows[] = {
        {"S: 1 NO [AUTHENTICATIONFAILED] Wrong name or password\n", "login-refused"},
        {"S: 1 NO [AUTHENTICATIONFAILED] Wrong name or password\n"
         "C: 2 LOGOUT\n",
         "login-refused"},
        {"S: 1 NO [LIMIT] Too many wrong passwords came from your address; try again in a "
         "minute\n",
         "login-refused"},
        {"S: 1 NO [LIMIT] Too many auth failures\n", "login-refused"},
        {"S: 1 NO [LIMIT] Your account has as many connections as it may have\n",
         "too-many-connections"},
        {"S: 1 NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded\n",
         "too-many-connections"},
        {"S: 1 NO [UNAVAILABLE] Temporary authentication failure. [mx:2026-03-02]\n",
         "server-failed"},
        {"S: 1 NO Temporary authentication failure\n", "server-failed"},
        {"S: 1 NO [UNAVAILABLE] Logins cannot be checked now; try again later\n"
         "C: 2 LOGOUT\n"
         "S: * BYE bye\n"
         "S: 2 OK bye\n",
         "server-failed"},
        {"S: 1 NO [SERVERBUG] Out of memory\n", "server-failed"},
        {"S: 1 NO [SERVERBUG] Out of memory\n"
         "C: 2 LOGIN ann wrong\n"
         "S: 2 NO wrong\n"
         "C: 3 LOGOUT\n",
         "login-refused"},
        {"S: 1 NO wrong\n"
         "C: 2 LOGIN ann secret\n"
         "S: 2 NO [UNAVAILABLE] later\n"
         "C: 3 LOGOUT\n",
         "server-failed"},
        {"S: 1 NO [LIMIT] Too many connections\n"
         "C: 2 LOGIN ann wrong\n"
         "S: 2 NO wrong\n"
         "C: 3 LOGOUT\n",
         "login-refused"},
        {"S: 1 NO [UNAVAILABLE] later\n"
         "C: 2 LOGIN ann secret\n"
         "S: 2 OK in\n"
         "C: 3 LOGOUT\n"
         "S: * BYE bye\n",
         "logged-out"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct foreign_verdict verdict;
        uint64_t strange;
        judge("S: * OK ready\nC: 1 LOGIN ann secret\n", rows[i].lines, &verdict, &strange);
        if (strcmp(foreign_rule_info(verdict.rule)->code, rows[i].rule) != 0)
            fail_msg("%s instead of %s for %s", foreign_rule_info(verdict.rule)->code,
                     rows[i].rule, rows[i].lines);
    }
}

/* A login that was refused because TLS was missing is not why the session ended, if TLS then
 * began. */
static void
test_refused_without_tls(void **state)
{
    static const struct {
        const char *lines;
        const char *rule;
    } rows[] = {
        {"", "login-refused"},
        {"[10:00:02] C: 2 LOGOUT\n", "login-refused"},
        {"[10:00:02] C: 2 STARTTLS\n"
         "[10:00:02] S: 2 OK begin\n"
         "[10:00:03] -- TLS handshake failed: certificate verify failed\n",
         NULL},
        {"[10:00:02] C: 2 STARTTLS\n"
         "[10:00:02] S: 2 OK begin\n",
         NULL},
        {"[10:00:02] C: 2 STARTTLS\n"
         "[10:00:02] S: 2 OK begin\n"
         "[10:00:03] C: 3 LOGIN ann wrong\n"
         "[10:00:03] S: 3 NO wrong\n",
         "login-refused"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct foreign_verdict verdict;
        uint64_t strange;
        judge("[10:00:00] S: * OK ready\n"
              "[10:00:01] C: 1 LOGIN ann secret\n"
              "[10:00:01] S: 1 NO [PRIVACYREQUIRED] Use TLS\n",
              rows[i].lines, &verdict, &strange);
        const char *code = foreign_rule_info(verdict.rule)->code;
        if (rows[i].rule == NULL ? strcmp(code, "login-refused") == 0
                                 : strcmp(code, rows[i].rule) != 0)
            fail_msg("%s for %s", code, rows[i].lines);
    }
}

/* The same, as Roost's log tells it without the dialogue. */
static void
test_own_refusals(void **state)
{
    static const struct {
        const char *reason;
        const char *rule;
    } rows[] = {
        {"wrong-password", "login-refused"},
        {"too-many-guesses", "login-refused"},
        {"too-many-connections", "too-many-connections"},
        {"too-many-logins", "server-failed"},
        {"server-failed", "server-failed"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char lines[256];
        struct foreign_verdict verdict;
        uint64_t strange;
        snprintf(lines, sizeof lines,
                 "IMAP 17:55:34.500 F 07013 1 login failed: reason=%s address=127.0.0.1 "
                 "login=\"ann\" client=\"\"\n"
                 "IMAP 17:55:35.000 S 07001 1 end closed by=client peer=127.0.0.1 port=40172\n",
                 rows[i].reason);
        judge("IMAP 17:55:34.304 S 07000 1 connected from 127.0.0.1\n", lines, &verdict,
              &strange);
        assert_string_equal(foreign_rule_info(verdict.rule)->code, rows[i].rule);
    }
}

/* A process of Cyrus serves one client after the other, and says nothing when one just closes:
 * what goes wrong in the next handshake is not about the session before. */
static void
test_processes_that_are_used_again(void **state)
{
    static const char log[] =
        "Mar  2 10:00:00 mx cyrus/imaps[77]: login: a.example.org [192.0.2.1] ann "
        "plaintext+TLS "
        "User logged in SESSIONID=<mx-77-1772445600-1-11>\n"
        "Mar  2 10:40:00 mx cyrus/imaps[77]: imaps TLS negotiation failed: [198.51.100.9]\n";
    const struct foreign_options options = {0};
    const char *path = tmpdir_file(&dir, "cyrus");
    struct foreign_story story;
    struct err err = {.rc = RC_OK};
    FILE *file = fopen(path, "w");

    (void)state;
    assert_non_null(file);
    assert_true(fputs(log, file) >= 0);
    fclose(file);
    assert_ok(foreign_story_read(&story, &path, 1, &options, &err));
    assert_int_equal(story.case_count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        const bool is_ann = strcmp(story.cases[i].views[0]->account, "ann") == 0;
        struct foreign_verdict verdict;
        foreign_judge(&story.cases[i], &verdict);
        assert_string_equal(foreign_rule_info(verdict.rule)->code,
                            is_ann ? "untold" : "tls-failed");
    }
    foreign_story_done(&story);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends_over_tls),
        cmocka_unit_test(test_goodbyes),
        cmocka_unit_test(test_only_the_end_counts),
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_refused_without_tls),
        cmocka_unit_test(test_own_refusals),
        cmocka_unit_test(test_processes_that_are_used_again),
    };
    return cmocka_run_group_tests(tests, tmpdir_setup, tmpdir_teardown);
}
