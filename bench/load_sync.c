/* SPDX-License-Identifier: MIT */
/*
 * Modes of clients that bring a copy of their mail up to date: what there is in all mailboxes,
 * what has changed in one, and what is gone. One connection waits for each answer, and the
 * first round is not counted, as in load_single.c.
 */
#include "bench/load_conn.h"

#include <stdio.h>

enum { CHANGES = 100 }; /* before each round of resync; of resync-mark, as many expunges */

static void
report(const char *mode, struct load_samples *rounds, uint64_t count)
{
    load_report(&(struct load_result){
        .mode = mode,
        .count = count,
        .seconds = load_percentile_ms(rounds, 50) / 1000,
        .runs = rounds->count,
        .latency = rounds,
    });
    load_samples_done(rounds);
}

static void
must_be(const char *what, uint64_t count, uint64_t expected)
{
    if (count != expected)
        load_die("%llu %s instead of %llu", (unsigned long long)count, what,
                 (unsigned long long)expected);
}

/* ---- all mailboxes ---- */

static uint64_t
list_once(struct load_conn *conn, struct load_samples *rounds)
{
    const uint64_t before = conn->statuses;
    const int64_t start_ns = load_now_ns();

    load_command(conn, "LIST \"\" \"list*\" RETURN (STATUS (MESSAGES UNSEEN UIDNEXT "
                       "HIGHESTMODSEQ))");
    if (rounds != NULL)
        load_sample_add(rounds, load_now_ns() - start_ns);
    return conn->statuses - before;
}

void
load_list_status(const struct load_options *opt)
{
    struct load_samples rounds = {0};
    struct load_conn conn;

    load_session(&conn, opt, 0);
    if (list_once(&conn, NULL) != opt->count)
        for (unsigned i = 0; i < opt->count; i++)
            load_try(&conn, "CREATE \"list%u\"", i); /* NO: an unfinished run has created it */
    must_be("mailboxes listed", list_once(&conn, NULL), opt->count);
    for (unsigned i = 0; i < opt->repeat; i++)
        must_be("mailboxes listed", list_once(&conn, &rounds), opt->count);
    load_command(&conn, "LOGOUT");
    load_conn_close(&conn);
    report("list-status", &rounds, opt->count);
}

/* ---- one mailbox ---- */

/* Sets a flag of some messages, or clears it in every second round, with one command for
 * each. */
static void
change_some(struct load_conn *conn, unsigned round)
{
    const uint32_t step = conn->exists / CHANGES;

    if (step == 0)
        load_die("fewer than %d messages", (int)CHANGES);
    for (unsigned i = 0; i < CHANGES; i++)
        load_command(conn, "STORE %u %cFLAGS.SILENT (\\Draft)", 1 + i * step,
                     round % 2 ? '-' : '+');
}

void
load_resync(const struct load_options *opt)
{
    struct load_samples selects = {0};
    struct load_samples fetches = {0};
    struct load_conn writer;
    struct load_conn conn;

    load_session(&writer, opt, 0);
    load_command(&writer, "SELECT \"%s\"", opt->mailbox);
    load_command(&writer, "STORE 1:* -FLAGS.SILENT (\\Draft)");
    load_session(&conn, opt, 0);
    load_command(&conn, "ENABLE QRESYNC");
    load_command(&conn, "SELECT \"%s\"", opt->mailbox);
    for (unsigned i = 0; i <= opt->repeat; i++) {
        load_command(&conn, "SELECT INBOX");
        load_command(&conn, "SELECT \"%s\"", opt->mailbox);
        const uint64_t uidvalidity = conn.uidvalidity;
        const uint64_t modseq = conn.highest_modseq;
        load_command(&conn, "SELECT INBOX");
        change_some(&writer, i);
        uint64_t before = conn.fetches;
        int64_t start_ns = load_now_ns();
        load_command(&conn, "SELECT \"%s\" (QRESYNC (%llu %llu))", opt->mailbox,
                     (unsigned long long)uidvalidity, (unsigned long long)modseq);
        if (i > 0)
            load_sample_add(&selects, load_now_ns() - start_ns);
        must_be("changes told by SELECT", conn.fetches - before, CHANGES);
        before = conn.fetches;
        start_ns = load_now_ns();
        load_command(&conn, "UID FETCH 1:* (FLAGS) (CHANGEDSINCE %llu)",
                     (unsigned long long)modseq);
        if (i > 0)
            load_sample_add(&fetches, load_now_ns() - start_ns);
        must_be("changes told by FETCH", conn.fetches - before, CHANGES);
    }
    load_command(&conn, "LOGOUT");
    load_conn_close(&conn);
    load_command(&writer, "LOGOUT");
    load_conn_close(&writer);
    report("qresync", &selects, CHANGES);
    report("changedsince", &fetches, CHANGES);
}

/* Expunges some messages that are far from each other, `from` the first of them. */
static void
expunge_some(struct load_conn *conn, unsigned from)
{
    const uint32_t step = conn->exists / CHANGES;

    if (step <= from)
        load_die("fewer than %u messages", CHANGES * (from + 1));
    for (unsigned i = 0; i < CHANGES; i++)
        load_command(conn, "STORE %u +FLAGS.SILENT (\\Deleted)", 1 + from + i * step);
    const uint64_t before = conn->expunges;
    load_command(conn, "EXPUNGE");
    must_be("messages expunged", conn->expunges - before, CHANGES);
}

/* Prepares what a client knows, and then what it misses: as many changes of flags as expunges.
 * As many other messages were expunged before, which the client knows. */
void
load_resync_mark(const struct load_options *opt)
{
    struct load_conn conn;

    load_session(&conn, opt, 0);
    load_command(&conn, "ENABLE CONDSTORE");
    load_command(&conn, "SELECT \"%s\"", opt->mailbox);
    load_command(&conn, "STORE 1:* -FLAGS.SILENT (\\Draft)");
    expunge_some(&conn, 1);
    load_command(&conn, "SELECT INBOX");
    load_command(&conn, "SELECT \"%s\"", opt->mailbox);
    const uint64_t modseq = conn.highest_modseq;
    change_some(&conn, 0);
    expunge_some(&conn, 2);
    load_command(&conn, "LOGOUT");
    load_conn_close(&conn);
    printf("{\"mode\": \"resync-mark\", \"uidvalidity\": %llu, \"modseq\": %llu}\n",
           (unsigned long long)conn.uidvalidity, (unsigned long long)modseq);
}

/* That client comes back: the first SELECT of a connection. */
void
load_resync_back(const struct load_options *opt)
{
    struct load_samples rounds = {0};
    struct load_conn conn;

    load_session(&conn, opt, 0);
    load_command(&conn, "ENABLE QRESYNC");
    const int64_t start_ns = load_now_ns();
    load_command(&conn, "SELECT \"%s\" (QRESYNC (%llu %llu))", opt->mailbox,
                 (unsigned long long)opt->uidvalidity, (unsigned long long)opt->modseq);
    load_sample_add(&rounds, load_now_ns() - start_ns);
    must_be("changes told by SELECT", conn.fetches, CHANGES);
    if (conn.vanished < CHANGES)
        load_die("%llu messages vanished instead of at least %d",
                 (unsigned long long)conn.vanished, (int)CHANGES);
    const uint64_t vanished = conn.vanished;
    load_command(&conn, "LOGOUT");
    load_conn_close(&conn);
    report("resync-back", &rounds, vanished);
}

void
load_expunge(const struct load_options *opt)
{
    struct load_samples rounds = {0};
    struct load_conn conn;
    uint64_t count = 0;

    load_session(&conn, opt, 0);
    load_try(&conn, "DELETE \"%s\"", opt->target);
    load_command(&conn, "CREATE \"%s\"", opt->target);
    for (unsigned i = 0; i < opt->repeat; i++) {
        load_command(&conn, "SELECT \"%s\"", opt->mailbox);
        load_command(&conn, "COPY %s \"%s\"", opt->set, opt->target);
        load_command(&conn, "SELECT \"%s\"", opt->target);
        count = conn.exists;
        load_command(&conn, "STORE 1:* +FLAGS.SILENT (\\Deleted)");
        const uint64_t before = conn.expunges;
        const int64_t start_ns = load_now_ns();
        load_command(&conn, "EXPUNGE");
        load_sample_add(&rounds, load_now_ns() - start_ns);
        must_be("messages expunged", conn.expunges - before, count);
    }
    load_command(&conn, "SELECT INBOX");
    load_command(&conn, "DELETE \"%s\"", opt->target);
    load_command(&conn, "LOGOUT");
    load_conn_close(&conn);
    report("expunge", &rounds, count);
}
