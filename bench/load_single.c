/* SPDX-License-Identifier: MIT */
/*
 * Modes with one connection that waits for each answer: fetch, select, store, copy, move, and
 * the filling of mailboxes. The first round is not counted: it fills the server's caches, so
 * that all servers are measured warm. Each figure is of the median round.
 */
#include "bench/load_conn.h"

#include <stdio.h>

#include "bench/mailgen.h"

/* Ends a series of rounds: the median's duration becomes the result's. */
static void
report_rounds(const char *mode, struct load_samples *rounds, uint64_t count, uint64_t octets,
              uint64_t wire)
{
    load_report(&(struct load_result){
        .mode = mode,
        .count = count,
        .octets = octets,
        .wire = wire,
        .seconds = load_percentile_ms(rounds, 50) / 1000,
        .runs = rounds->count,
        .latency = rounds,
    });
    load_samples_done(rounds);
}

void
load_fetch(const struct load_options *opt)
{
    struct load_samples rounds = {0};
    struct load_conn conn;
    uint64_t octets = 0;
    uint64_t wire = 0;
    uint64_t fetches = 0;

    for (unsigned i = 0; i <= opt->repeat; i++) {
        if (i == 0 || opt->fresh) {
            load_session(&conn, opt, 0);
            load_command(&conn, "SELECT \"%s\"", opt->mailbox);
        }
        const uint64_t wire_before = conn.wire_in;
        const uint64_t octets_before = conn.octets_in;
        const uint64_t fetches_before = conn.fetches;
        const int64_t start_ns = load_now_ns();
        load_command(&conn, "UID FETCH %s %s", opt->set, opt->items);
        if (i > 0)
            load_sample_add(&rounds, load_now_ns() - start_ns);
        octets = conn.octets_in - octets_before;
        wire = conn.wire_in - wire_before;
        fetches = conn.fetches - fetches_before;
        if (strcmp(opt->set, "1:*") == 0 && fetches < conn.exists)
            load_die("%llu of %u messages fetched", (unsigned long long)fetches, conn.exists);
        if (opt->fresh || i == opt->repeat) {
            load_command(&conn, "LOGOUT");
            load_conn_close(&conn);
        }
    }
    report_rounds("fetch", &rounds, fetches, octets, opt->compress ? wire : 0);
}

/* Cold: the first SELECT of a new connection. Warm: repeatedly in one session, with another
 * mailbox in between, so that the server has to release the first. */
void
load_select(const struct load_options *opt)
{
    struct load_samples cold = {0};
    struct load_samples warm = {0};
    struct load_conn conn;

    for (unsigned i = 0; i < opt->repeat; i++) {
        load_session(&conn, opt, 0);
        const int64_t start_ns = load_now_ns();
        load_command(&conn, "SELECT \"%s\"", opt->mailbox);
        load_sample_add(&cold, load_now_ns() - start_ns);
        load_command(&conn, "LOGOUT");
        load_conn_close(&conn);
    }
    report_rounds("select-cold", &cold, 1, 0, 0);

    load_session(&conn, opt, 0);
    load_command(&conn, "SELECT \"%s\"", opt->mailbox);
    for (unsigned i = 0; i < opt->repeat * 20; i++) {
        load_command(&conn, "SELECT INBOX");
        const int64_t start_ns = load_now_ns();
        load_command(&conn, "SELECT \"%s\"", opt->mailbox);
        load_sample_add(&warm, load_now_ns() - start_ns);
    }
    load_command(&conn, "LOGOUT");
    load_conn_close(&conn);
    report_rounds("select-warm", &warm, 1, 0, 0);
}

/* A separate write, so that the kernel has sent the first part when the second comes. */
static void
write_now(struct load_conn *conn, struct span octets)
{
    buf_put_span(&conn->out, octets);
    load_conn_flush(conn);
}

static void
tagged_ok(struct load_conn *conn, const char *what)
{
    load_expect(conn, LOAD_TAGGED);
    if (!conn->status_ok)
        load_die("%s: %s", what, conn->text);
}

/* APPEND in the way of imaplib: waits for "+", writes the literal, then the end of the line. */
static void
append_apart(struct load_conn *conn, const struct load_options *opt, struct span message)
{
    char command[200];
    const int len = snprintf(command, sizeof command, "a APPEND \"%s\" {%zu}\r\n", opt->mailbox,
                             message.len);

    write_now(conn, span_of(command, (size_t)len));
    load_expect(conn, LOAD_CONTINUATION);
    write_now(conn, message);
    write_now(conn, SPAN("\r\n"));
    tagged_ok(conn, "APPEND");
}

/* SEARCH in the way of webmail, for a word that is not ASCII, without waiting for "+". */
static void
search_apart(struct load_conn *conn)
{
    write_now(conn, SPAN("a SEARCH CHARSET UTF-8 SUBJECT {7+}\r\n"));
    write_now(conn, SPAN("Gr\xc3\xbc\xc3\x9f"
                         "e"));
    write_now(conn, SPAN("\r\n"));
    tagged_ok(conn, "SEARCH");
}

/* What a client sees that leaves Nagle's algorithm on and writes command and literal apart:
 * its second write waits for the acknowledgement of the first. */
void
load_apart(const struct load_options *opt)
{
    struct load_options plain = *opt;
    struct load_samples append = {0};
    struct load_samples search = {0};
    struct load_conn conn;
    const unsigned count = opt->repeat * 20;

    plain.nagle = true;
    struct load_mail mail = load_mail_new(opt, count);
    load_session(&conn, &plain, 0);
    load_command(&conn, "SELECT \"%s\"", opt->mailbox);
    for (unsigned i = 0; i < count; i++) {
        int64_t start_ns = load_now_ns();
        append_apart(&conn, opt, mail.message[i]);
        load_sample_add(&append, load_now_ns() - start_ns);
        start_ns = load_now_ns();
        search_apart(&conn);
        load_sample_add(&search, load_now_ns() - start_ns);
    }
    load_command(&conn, "LOGOUT");
    load_conn_close(&conn);
    load_mail_done(&mail);
    report_rounds("append-apart", &append, 1, 0, 0);
    report_rounds("search-apart", &search, 1, 0, 0);
}

void
load_store(const struct load_options *opt)
{
    struct load_samples all = {0};
    struct load_samples single = {0};
    struct load_conn conn;

    load_session(&conn, opt, 0);
    load_command(&conn, "SELECT \"%s\"", opt->mailbox);
    for (unsigned i = 0; i <= opt->repeat; i++) {
        const int64_t start_ns = load_now_ns();
        load_command(&conn, "STORE %s %cFLAGS.SILENT (\\Flagged)", opt->set, i % 2 ? '-' : '+');
        if (i > 0)
            load_sample_add(&all, load_now_ns() - start_ns);
    }
    report_rounds("store-all", &all, 1, 0, 0);

    const uint32_t exists = conn.exists > 0 ? conn.exists : 1;
    for (unsigned i = 0; i < opt->repeat * 50; i++) {
        const uint32_t seq = 1 + i / 2 * 7919u % exists;
        const int64_t start_ns = load_now_ns();
        /* A flag that no message has, set and cleared, so that each command changes one. */
        load_command(&conn, "STORE %u %cFLAGS (\\Draft)", seq, i % 2 ? '-' : '+');
        load_sample_add(&single, load_now_ns() - start_ns);
    }
    load_command(&conn, "LOGOUT");
    load_conn_close(&conn);
    report_rounds("store-one", &single, 1, 0, 0);
}

/* Checks that a server that answered OK has done it. */
static void
must_hold(struct load_conn *conn, const char *mailbox, uint64_t count)
{
    load_command(conn, "EXAMINE \"%s\"", mailbox);
    if (conn->exists != count)
        load_die("%s holds %u messages instead of %llu", mailbox, conn->exists,
                 (unsigned long long)count);
}

/* With opt->keep the rounds add up in the target, which stays. */
void
load_copy(const struct load_options *opt)
{
    struct load_samples rounds = {0};
    struct load_conn conn;

    load_session(&conn, opt, 0);
    load_try(&conn, "DELETE \"%s\"", opt->target);
    load_command(&conn, "SELECT \"%s\"", opt->mailbox);
    const uint64_t count = conn.exists;
    for (unsigned i = 0; i < opt->repeat; i++) {
        if (i == 0 || !opt->keep)
            load_command(&conn, "CREATE \"%s\"", opt->target);
        const int64_t start_ns = load_now_ns();
        load_command(&conn, "COPY %s \"%s\"", opt->set, opt->target);
        load_sample_add(&rounds, load_now_ns() - start_ns);
        if (opt->keep)
            continue;
        must_hold(&conn, opt->target, count);
        load_command(&conn, "SELECT \"%s\"", opt->mailbox);
        load_command(&conn, "DELETE \"%s\"", opt->target);
    }
    load_command(&conn, "LOGOUT");
    load_conn_close(&conn);
    report_rounds("copy", &rounds, count, 0, 0);
}

/* Moves a copy of the mailbox back and forth, so that the mailbox itself stays for other
 * rows. */
void
load_move(const struct load_options *opt)
{
    struct load_samples rounds = {0};
    struct load_conn conn;
    char names[2][128];

    for (unsigned i = 0; i < 2; i++)
        snprintf(names[i], sizeof names[i], "%s-%u", opt->target, i);
    load_session(&conn, opt, 0);
    for (unsigned i = 0; i < 2; i++) {
        load_try(&conn, "DELETE \"%s\"", names[i]);
        load_command(&conn, "CREATE \"%s\"", names[i]);
    }
    load_command(&conn, "SELECT \"%s\"", opt->mailbox);
    const uint64_t count = conn.exists;
    load_command(&conn, "COPY %s \"%s\"", opt->set, names[0]);
    for (unsigned i = 0; i < opt->repeat; i++) {
        must_hold(&conn, names[i % 2], count);
        load_command(&conn, "SELECT \"%s\"", names[i % 2]);
        const int64_t start_ns = load_now_ns();
        load_command(&conn, "MOVE 1:* \"%s\"", names[(i + 1) % 2]);
        load_sample_add(&rounds, load_now_ns() - start_ns);
    }
    must_hold(&conn, names[opt->repeat % 2], count);
    load_command(&conn, "SELECT INBOX");
    for (unsigned i = 0; i < 2; i++)
        load_command(&conn, "DELETE \"%s\"", names[i]);
    load_command(&conn, "LOGOUT");
    load_conn_close(&conn);
    report_rounds("move", &rounds, count, 0, 0);
}

static const char *
flag_list(unsigned flags)
{
    static const char *const lists[] = {
        "()",
        "(\\Seen)",
        "(\\Answered)",
        "(\\Seen \\Answered)",
        "(\\Flagged)",
        "(\\Seen \\Flagged)",
        "(\\Answered \\Flagged)",
        "(\\Seen \\Answered \\Flagged)",
    };

    return lists[flags & 7];
}

/* MULTIAPPEND (RFC 3502) with non-synchronising literals, opt->batch messages in each command:
 * the fastest way that works in the same way with all servers. */
void
load_fill(const struct load_options *opt)
{
    struct load_mail mail = load_mail_new(opt, opt->count);
    struct load_conn conn;
    uint64_t octets = 0;
    size_t at = 0;

    load_session(&conn, opt, 0);
    load_try(&conn, "DELETE \"%s\"", opt->mailbox); /* left over from an unfinished run */
    load_try(&conn, "CREATE \"%s\"", opt->mailbox);
    const int64_t start_ns = load_now_ns();
    while (at < mail.count) {
        buf_printf(&conn.out, "a APPEND \"%s\"", opt->mailbox);
        for (unsigned n = 0; n < opt->batch && at < mail.count; n++, at++) {
            const struct span message = mail.message[at];
            buf_printf(&conn.out, " %s {%zu+}\r\n", flag_list(mail.flags[at]), message.len);
            buf_put_span(&conn.out, message);
            octets += message.len;
        }
        buf_put_lit(&conn.out, "\r\n");
        if (!buf_ok(&conn.out))
            load_die("batch too large");
        load_conn_flush(&conn);
        load_expect(&conn, LOAD_TAGGED);
        if (!conn.status_ok)
            load_die("APPEND refused: %s", conn.text);
        if (!opt->quiet)
            fprintf(stderr, "\r%s: %zu of %zu ", opt->mailbox, at, mail.count);
    }
    const int64_t end_ns = load_now_ns();
    if (!opt->quiet)
        fputc('\n', stderr);
    load_command(&conn, "LOGOUT");
    load_conn_close(&conn);
    load_report(&(struct load_result){
        .mode = "fill",
        .count = mail.count,
        .octets = octets,
        .seconds = (double)(end_ns - start_ns) / 1e9,
    });
    load_mail_done(&mail);
}
