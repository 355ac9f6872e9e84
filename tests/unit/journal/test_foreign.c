/* SPDX-License-Identifier: MIT */
/*
 * The logs of other programs, from file to answer. Each row names fixtures, the verdict on each
 * session that is told, and what the answer must say. Fixtures were written by the programs
 * themselves where they run here (tests/fixtures/logs/README.md).
 */
#include "support/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/foreign/formats.h"
#include "journal/foreign/report.h"

struct row {
    const char *files; /* names, blank between them */
    const char *says[12];
    const char *never[4];
};

static const struct row rows[] = {
    /* The article: both files, then each alone. */
    {"gms-idle.log outlook-idle.log",
     {"never-sent-done", "user@gordano.com",
      "IDLE (tag 0007) at 12:24:18.046, and the server accepted", "never sent DONE",
      "30 min 53 s later", "It has timed out", "noticed 2 s after",
      "unexpectedly terminated the connection", "DONE for tag 0004", "5 commands agree",
      "left out UID 45 in reply to \"46:*\"", "29 minutes"},
     {"What is missing"}},
    {"outlook-idle.log gms-idle.log",
     {"never-sent-done", "user@gordano.com",
      "IDLE (tag 0007) at 12:24:18.046, and the server accepted", "30 min 53 s later",
      "noticed 2 s after"},
     {"What is missing"}},
    {"gms-idle.log",
     {"never-sent-done", "Certainty: certain", "30 min 53 s later", "gms-idle.log:31",
      "The client's log. It would show", "Outlook Express: in Tools", "left out UID 45"},
     {"The client told", "Thunderbird:"}},
    {"outlook-idle.log",
     {"never-sent-done", "Certainty: likely", "30 min 55 s later", "name is not in the log",
      "The server's log. It would show", "GMS: turn on", "left out UID 45"},
     {"certain"}},
    /* Damaged by mail and editors: UTF-16, CRLF. */
    {"outlook-utf16le.log gms-idle.log", {"5 commands agree", "noticed 2 s after"}, {0}},
    {"outlook-utf16be.log gms-idle.log", {"5 commands agree", "noticed 2 s after"}, {0}},
    {"gms-midnight.log", {"(never-sent-done)", "30 min 30 s later"}, {0}},

    /* Every rule of the table; a test below sees that none is left out. */
    {"dovecot.log",
     {"(server-stopped)", "(kicked)", "(too-many-connections)", "(login-refused)",
      "(tls-failed)", "(protocol-error)", "(server-failed)", "(logged-out)", "(reset)",
      "(no-login)", "(client-closed)", "26 sessions ended"},
     {"(untold)", "(still-open)"}},
    {"dovecot-reasons.log",
     {"(inactive)", "(slow-reader)", "(silent-death)", "(server-crashed)", "(kicked)",
      "(login-timeout)", "(still-open)", "Session ddddAAAA1111 of dan from 192.0.2.23"},
     {"(untold)"}},
    {"roost-2026-11-22.log",
     {"(server-impatient)", "2026-11-22 17:55:36.339 client: a6 IDLE", "client TestMail 1.2",
      "(logged-out)", "(client-closed)", "3 sessions ended"},
     {"GMS"}},
    {"outlook-cut.log",
     {"(closed-while-idle)", "10 min 0 s later", "(command-unanswered)", "(server-closed)",
      "Courier: mail.log"},
     {"Dovecot"}},
    {"gms-silent.log", {"(silent-death)", "Certainty: possible", "(logged-out)"}, {0}},
    {"gms-silent.log outlook-silent.log",
     {"(silent-death)", "Certainty: likely", "3 commands agree"},
     {"Certainty: possible"}},
    {"gms-silent.log transcript-silent.log",
     {"(silent-death)", "The clock of GMS is 1 h 0 min ahead"},
     {0}},
    {"thunderbird-reset.log",
     {"(done-unanswered)", "The client sent DONE at 2026-03-02 09:24:05.000010",
      "client Thunderbird", "Dovecot: its log"},
     {"Courier"}},
    {"telemetry.log",
     {"(never-sent-done)", "32 min 0 s later", "DONE for tag a3", "idle for too long"},
     {0}},
    {"cyrus.log",
     {"(inactive)", "(tls-failed)", "(login-refused)", "(reset)", "(server-crashed)",
      "client Outlook"},
     {"(still-open)", "(untold)"}},
    {"cyrus-3.6.log telemetry-bob.log",
     {"(logged-out)", "telemetry-bob.log:", "(too-many-connections)", "(server-stopped)",
      "(tls-failed)", "(reset)", "at the same time and have the same user", "(untold)"},
     {0}},
    {"dovecot-reasons.log rawlog-zone.in rawlog-zone.out",
     {"gil from 192.0.2.26, mailbox INBOX", "is 1 h 0 min ahead"},
     {0}},
    {"cyrus-cat.log",
     {"2 lines of cyrus-cat.log were not understood and left out (lines 1, 10)",
      "7623 of ann from 192.0.2.60, client Thunderbird The client was silent",
      "Session of bea from 192.0.2.61 The login was refused",
      "SASL(-13): authentication failure",
      "7630 of cid from 192.0.2.62 The log does not say why",
      "7631 of dan from 192.0.2.63 The connection was reset",
      "7632 of eve from 192.0.2.64 The server crashed"},
     {0}},
    {"cyrus-times.log",
     {"-06-03 11:10:00 The server's time-out is too short", "Session 801 of fay",
      "-06-03 11:55:00 The client was silent", "Session 802 of gus",
      "of hal@example.org from 192.0.2.72", "of ivo from 192.0.2.73",
      "not in the log from 192.0.2.74", "no secret in database"},
     {0}},
    {"courier.log",
     {"(inactive)", "(login-refused)", "(client-closed)", "(too-many-connections)",
      "(server-stopped)", "5 sessions ended"},
     {"(untold)"}},
    {"transcript-leave.log", {"(server-failed)", "Internal error occurred"}, {0}},
    {"transcript-secrets.log", {"(untold)", "***"}, {0}},
    {"mbsync-reset.log", {"(reset)", "Connection reset by peer"}, {"at (no time)"}},
    {"mbsync.log", {"(logged-out)", "7 LOGOUT"}, {"<user>"}},
    {"mbsync-refused.log", {"(login-refused)", "AUTHENTICATIONFAILED"}, {0}},
    {"fetchmail.log", {"(logged-out)", "Session of alice"}, {0}},
    {"offlineimap.log", {"(logged-out)", "client OfflineIMAP 8.0.0", "JPHP13 LOGOUT"}, {0}},
    {"curl-fetch.log", {"(client-closed)", "A004 UID FETCH 1 BODY[]"}, {0}},
    {"curl-refused.log", {"(login-refused)", "curl: (67) Login denied"}, {0}},
    {"curl-tls.log", {"(tls-failed)", "self-signed certificate"}, {"not understood"}},
    /* Over TLS, closed, reset and ended in order by the other end; then a certificate that is
     * not trusted. curl sends LOGOUT even when it knows that the connection is broken. */
    {"curl-ends.log",
     {"4 sessions ended", "3 A command got no answer", "1 TLS failed", "A003 SELECT",
      "(command-unanswered)", "(tls-failed)"},
     {"logged-out", "not understood"}},
    {"mbsync-tls.log",
     {"4 sessions ended", "3 A command got no answer", "1 TLS failed", "4 SELECT",
      "self-signed"},
     {"not understood"}},
    {"fetchmail-tls.log",
     {"4 sessions ended", "2 The connection was closed while the client was idle",
      "1 TLS failed", "1 The client logged out", "Missing trust anchor"},
     {0}},
    {"offlineimap-tls.log",
     {"(command-unanswered)", "EXAMINE", "Too many read 0",
      "7 lines of offlineimap-tls.log were"},
     {"logged-out", "other programs"}},

    /* Wrapped by containers, journals and people. */
    {"wrap-compose.log",
     {"Dovecot log", "(inactive)", "of ann@example.org from 198.51.100.7", "-11-20 21:10:00 to",
      "wrap-compose.log:3"},
     {0}},
    /* The container tells the year that the lines within leave out. */
    {"wrap-docker-time.log",
     {"2025-11-02 08:00:01 to 2025-11-02 08:05:06 The server crashed",
      "2025-12-31 23:59:59 to 2026-01-01 00:05:01 The client logged out", "(login-refused)",
      "(tls-failed)", "(login-timeout)", "(no-login)"},
     {"not understood"}},
    {"wrap-kubernetes.log",
     {"(reset)", "Connection reset by peer", "of bea@example.org",
      "2026-11-20 20:10:00.123456 to 2026-11-20 20:42:00.223456"},
     {0}},
    {"wrap-docker.json", {"(logged-out)", "of cid@example.org"}, {"sessions"}},
    {"wrap-pasted.txt", {"(slow-reader)", "of dan@example.org", "wrap-pasted.txt:4"}, {0}},
    {"journal-french.log", {"(silent-death)", "of eve@example.org", "-02-02 21:10:00 to"}, {0}},
    {"journal-cat.log", {"(client-closed)", "of flo@example.org"}, {"no time"}},

    /* Lines of further versions, and of what goes wrong in a server. */
    {"dovecot-2.4.log",
     {"(inactive)", "(login-refused)", "(no-login)", "(tls-failed)", "alert unknown ca",
      "(too-many-connections)", "(login-timeout)", "(server-failed)", "7 sessions ended"},
     {"(untold)", "not understood"}},
    {"dovecot-server.log",
     {"(too-many-connections)", "not named one by one: service(imap-login)",
      "client_limit (1000) reached", "dovecot-server.log:4", "dovecot-server.log:5",
      "service(stats)", "(server-crashed)", "signal 9", "vsz_limit", "(client-closed)",
      "unsupported protocol", "(line 10)"},
     {"(untold)", "(no-login)"}},
    {"cyrus-idents.log",
     {"(client-closed)", "unexpected end of file", "of bea from 192.0.2.51", "(server-failed)",
      "Input/output error", "(inactive)", "1 line of cyrus-idents.log is from other programs"},
     {"(untold)", "not understood"}},
    {"cyrus-services.log",
     {"Session 6001 of ann from 192.0.2.80", "(inactive)", "Session 6003 of bea from 127.0.0.1",
      "(reset)", "of cid from 192.0.2.83", "(login-refused)", "Session 6004 of dan",
      "(client-closed)", "1 line of cyrus-services.log is from other programs",
      "4 sessions ended"},
     {"pop-user", "not understood"}},
    {"courier-old.log",
     {"of ann from", "(client-closed)", "of bea from", "(inactive)", "(login-refused)",
      "3 sessions ended"},
     {"(untold)", "(still-open)"}},
    {"thunderbird-codes.log",
     {"of ann@example.org, client Thunderbird", "(closed-while-idle)", "BASE_STREAM_CLOSED",
      "of bea, client", "(tls-failed)", "SSL_ERROR_BAD_CERT_DOMAIN", "(unreachable)",
      "Certainty: likely"},
     {"(client-closed)", "(still-open)", "null"}},
    {"thunderbird-append.log",
     {"(logged-out)", "client's last command was \"5 LOGOUT\"", "it was answered OK"},
     {"9 LOGOUT", "not understood"}},
    {"roundcube.log",
     {"Session 7F00", "(server-failed)", "Session 7F01", "(login-refused)",
      "2026-03-05 10:00:03", "3 sessions ended", "(logged-out)", "A0003 LOGOUT"},
     {"not understood", "(still-open)"}},
    {"transcript-mailkit.log", {"Autologout", "transcript"}, {"not understood"}},
    {"transcript-smtp.log", {"(not-imap)"}, {"(protocol-error)"}},
    {"transcript-flags.log",
     {"(server-stopped)", "7 IDLE"},
     {"left out", "keep it alive", "Also found"}},
    /* What proves nothing accuses nobody: another mailbox, commands sent ahead, bad syntax. */
    {"transcript-switch.log", {"(logged-out)"}, {"left out", "Also found"}},
    {"transcript-pipelined.log", {"(still-open)"}, {"left out", "Also found"}},
    {"transcript-badly-formed.log", {"Invalid arguments"}, {"Also found", "Caused by: server"}},
    {"dovecot-mixed.log",
     {"7 sessions ended", "Session P4 of", "Auth process broken", "(server-failed)",
      "Session P9", "waited 30 secs", "(2 times)"},
     {"(no-login)", "pop3", "submission"}},
    {"transcript-vanished.log", {"(logged-out)"}, {"left out"}},
    /* At the same moment, and nothing says that they are one. */
    {"match-scanner.log match-glance.log",
     {"2 sessions ended", "(no-login)", "(client-closed)"},
     {"show the same session"}},
    {"fetchmail-timeout.log",
     {"(command-unanswered)", "Certainty: certain", "waited and gave up", "A0003 SELECT"},
     {"(silent-death)"}},
    {"mbsync-plain.log",
     {"(reset)", "does not contain the dialogue", "mbsync -Dn CHANNEL"},
     {"not understood"}},
    {"mbsync-logout.log", {"(logged-out)", "closed after LOGOUT without the BYE"}, {0}},
    {"offlineimap-screen.log",
     {"(protocol-error)", "ABCD1 NAMESPACE", "lists NAMESPACE", "Caused by: server"},
     {0}},
    {"rawlog-merged.log",
     {"(logged-out)", "mailbox INBOX", "4 LOGOUT"},
     {"(server-stopped)", "not understood"}},
    {"curl-unreachable.log", {"(unreachable)", "Connection refused"}, {"(silent-death)"}},

    /* Further programs. */
    {"stalwart.log",
     {"Stalwart log", "(never-sent-done)", "of ann@example.org from 192.0.2.90",
      "30 min 1 s later", "(login-refused)", "of bea from 192.0.2.91", "(client-closed)",
      "3 sessions ended"},
     {"(untold)", "not understood"}},
    {"stalwart-old.log", {"(logged-out)", "of ann from 192.0.2.93", "2 LOGOUT"}, {0}},
    {"hmailserver.log",
     {"hMailServer log", "(logged-out)", "of ann@example.org from 192.0.2.94", "mailbox INBOX",
      "(client-closed)", "of bea@example.org", "End of file", "2 sessions ended"},
     {"(untold)", "not understood"}},
    {"k9-logcat.log",
     {"client K-9 Mail", "(silent-death)", "mailbox INBOX", "3 IDLE",
      "Software caused connection abort", "Certainty: likely"},
     {"not understood"}},
    {"k9-old.log", {"(logged-out)", "Logging out"}, {"left out", "not understood"}},
    {"javamail.log",
     {"(reset)", "of ann@example.org", "2 IDLE", "SocketException: Connection reset",
      "1 line of javamail.log was not understood and left out (line 12)"},
     {"said goodbye"}},
    {"fairemail.log",
     {"of bea@example.org", "(silent-death)", "Software caused connection abort"},
     {"said goodbye", "not understood"}},
    /* Its own time-out: nobody else closed. */
    {"fetchmail-idle.log",
     {"(client-closed)", "the client waited and gave up: \"timeout after 300 seconds"},
     {"the other end closed"}},
    {"mbsync-timeout.log", {"(command-unanswered)", "Certainty: likely"}, {"untold"}},
    {"thunderbird-tls.log",
     {"of kim@x.org", "(tls-failed)", "rv = 805a1ff3"},
     {"not understood"}},
    {"thunderbird-long.log",
     {"2 lines of thunderbird-long.log were not understood and left out (lines 83, 84)",
      "(logged-out)", "thunderbird-long.log:24", "logged in"},
     {0}},
    {"rawlog-one.log", {"(never-sent-done)", "mailbox INBOX", "client: a2 IDLE"}, {0}},
    {"thunderbird-old.log",
     {"Session 9587f800 of xxx, client Thunderbird, mailbox INBOX A command got no answer"},
     {"not understood"}},
    {"k9-studio.log",
     {"-04-18 11:26:49.515 The connection died silently", "Session conn67342483",
      "Software caused connection abort", "Session conn11",
      "-05-08 22:47:34.113 The client logged out"},
     {"not understood"}},
    /* Before 2.3 only the user ties the lines: the login may be another session's. */
    {"dovecot-old.log", {"(inactive)"}, {"server-impatient"}},
    {"fairemail-exported.log",
     {"The server could not be reached (unreachable) At 14:10:08",
      "of ann@example.org, client FairEmail, 14:20:00 to 14:39:01 The connection died silently",
      "Software caused connection abort", "fairemail-exported.log:27 14:20:01 logged in",
      "of bob@example.org, client FairEmail, 14:20:01 to 14:50:01 The client closed",
      "not in the log, client FairEmail, 14:55:19 to 14:55:21 The login was refused",
      "At 14:55:20 the client noted: the login was refused",
      "FairEmail: at the bottom of Settings"},
     {"not understood", "said goodbye", "at the client noted: closed"}},
    {"imapsync.log",
     {"Host2 of ann@example.org", "(login-refused)", "EXIT_AUTHENTICATION_FAILURE_USER2",
      "Host1 of ann"},
     {0}},
    {"imapsync-debug.log",
     {"Session Host1 of ann, client imapsync, mailbox INBOX The client logged out",
      "last command was \"12 LOGOUT\"; it was answered OK",
      "Session Host2 of bob, client imapsync, mailbox INBOX A command got no answer",
      "last command was \"6 NOOP\"; no answer came",
      "the other end closed: \"ERROR: Write failed 'Broken pipe'\"."},
     {"IMAPClient.pm", "7 NOOP", "not understood", "left out UID"}},
    {"imapsync-pasted.log",
     {"Session Host1 of carl, client imapsync 2.279 The session does not end",
      "Session Host2 of carl@example.org, client imapsync 2.279, mailbox INBOX",
      "last command was \"6 APPEND\"; no answer came",
      "timeout waiting 120s for data from server"},
     {"IMAPClient.pm", "(2 times)."}},

    /* Dovecot's two logs of one session; a pair is one log; rotated files are one. */
    {"rawlog-done.in rawlog-done.out", {"(logged-out)", "rawlog-done.in:4"}, {"2 sessions"}},
    {"rawlog-closed.in rawlog-closed.out", {"(still-open)", "never sent DONE"}, {0}},
    {"rotated/mail.log rotated/mail.log.2.gz rotated/mail.log.1",
     {"26 sessions ended", "mail.log.2.gz:3", "mail.log.1:", "(kicked)"},
     {"(still-open)"}},
};

/* Folded lines become one again, so that sentences can be searched. */
static void
unfold(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        const char c = *from == '\n' ? ' ' : *from;
        if (c != ' ' || to == text || to[-1] != ' ')
            *to++ = c;
    }
    *to = '\0';
}

static char *
answer(const char *names, enum foreign_detail detail, bool json)
{
    static char paths[8][512];
    const char *list[8];
    size_t count = 0;
    char *text = NULL;
    size_t len = 0;
    struct foreign_story story;
    const struct foreign_options options = {0};
    struct err err = {.rc = RC_OK};
    struct span rest = span_of_str(names);

    while (rest.len > 0) {
        const ptrdiff_t blank = span_find_char(rest, ' ');
        const struct span name = span_head(rest, blank < 0 ? rest.len : (size_t)blank);
        rest = span_tail(rest, name.len + 1);
        snprintf(paths[count], sizeof paths[count], FIXTURES "/%.*s", SPAN_FMT(name));
        list[count] = paths[count];
        count++;
    }
    FILE *to = open_memstream(&text, &len);
    assert_non_null(to);
    assert_ok(foreign_story_read(&story, list, count, &options, &err));
    if (json)
        foreign_report_json(&story, detail, to);
    else
        foreign_report_text(&story, detail, to);
    foreign_story_done(&story);
    fclose(to);
    if (!json)
        unfold(text);
    return text;
}

static void
test_answers(void **state)
{
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = answer(rows[i].files, DETAIL_ALL, false);
        const unsigned before = wrong;
        for (size_t k = 0; k < 12 && rows[i].says[k] != NULL; k++)
            if (strstr(text, rows[i].says[k]) == NULL && ++wrong > 0)
                print_error("%s: \"%s\" is not in it\n", rows[i].files, rows[i].says[k]);
        for (size_t k = 0; k < 4 && rows[i].never[k] != NULL; k++)
            if (strstr(text, rows[i].never[k]) != NULL && ++wrong > 0)
                print_error("%s: \"%s\" is in it\n", rows[i].files, rows[i].never[k]);
        if (wrong > before)
            print_error("%s\n", text);
        free(text);
    }
    assert_int_equal(wrong, 0);
}

/* Every rule has a fixture whose answer names it. */
static void
test_no_rule_is_untested(void **state)
{
    (void)state;
    for (enum foreign_rule rule = 0; rule < RULE_COUNT; rule++) {
        char code[64];
        bool found = false;
        snprintf(code, sizeof code, "(%s)", foreign_rule_info(rule)->code);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0] && !found; i++)
            for (size_t k = 0; k < 12 && rows[i].says[k] != NULL; k++)
                found = found || strstr(rows[i].says[k], code) != NULL;
        if (!found)
            fail_msg("no row expects %s", code);
    }
}

/* No answer, in either form, repeats a password, SASL data or mail; nor does it hold anything
 * that a terminal obeys. The fixtures hold each of them with the word PLANTED. */
static void
test_secrets_and_controls(void **state)
{
    static const char *const secrets[] = {"PLANTED", "AGFs", "AGJv", "UExB"};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int json = 0; json < 2; json++) {
            char *text = answer(rows[i].files, DETAIL_ALL, json);
            for (size_t k = 0; k < sizeof secrets / sizeof secrets[0]; k++)
                if (strstr(text, secrets[k]) != NULL)
                    fail_msg("%s: %s is in the answer", rows[i].files, secrets[k]);
            for (const unsigned char *c = (const unsigned char *)text; *c != 0; c++)
                assert_true(*c == '\n' || (*c >= 0x20 && *c != 0x7f));
            assert_null(strstr(text, "\xe2\x80\xae")); /* right-to-left override */
            free(text);
        }
    }
}

/* The order of the files makes no difference. */
static void
test_order(void **state)
{
    static const char *const orders[][2] = {
        {"gms-idle.log outlook-idle.log", "outlook-idle.log gms-idle.log"},
        {"rawlog-done.in dovecot.log rawlog-done.out",
         "rawlog-done.out rawlog-done.in dovecot.log"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        char *one = answer(orders[i][0], DETAIL_ALL, false);
        char *other = answer(orders[i][1], DETAIL_ALL, false);
        assert_non_null(strstr(one, "Session"));
        assert_string_equal(strstr(one, "Session"), strstr(other, "Session"));
        free(one);
        free(other);
    }
}

/* The tables of docs/foreign-logs.md are those of the program. */
static void
test_document(void **state)
{
    static char doc[65536];
    char row[1024];
    FILE *file = fopen(DOCUMENT, "r");

    (void)state;
    assert_non_null(file);
    doc[fread(doc, 1, sizeof doc - 1, file)] = '\0';
    fclose(file);
    for (enum foreign_rule rule = 0; rule < RULE_COUNT; rule++) {
        const struct foreign_rule_info *info = foreign_rule_info(rule);
        snprintf(row, sizeof row, "\n| `%s` | %s | %s |\n", info->code,
                 foreign_who_name(info->who), info->title);
        if (strstr(doc, row) == NULL)
            fail_msg("docs/foreign-logs.md has no row%s", row);
    }
    for (size_t i = 0; i < foreign_program_count; i++) {
        const struct foreign_program *program = &foreign_programs[i];
        snprintf(row, sizeof row, "\n| %s | %s | %s |\n", program->name,
                 program->side == SIDE_CLIENT ? "client" : "server", program->how);
        if (strstr(doc, row) == NULL)
            fail_msg("docs/foreign-logs.md has no row%s", row);
    }
    for (size_t i = 0; i < foreign_format_count; i++) {
        snprintf(row, sizeof row, "\n| `%s` | ", foreign_formats[i].code);
        if (strstr(doc, row) == NULL)
            fail_msg("docs/foreign-logs.md has no format%s", row);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_no_rule_is_untested),
        cmocka_unit_test(test_secrets_and_controls),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
