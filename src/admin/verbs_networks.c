/* SPDX-License-Identifier: MIT */
/*
 * Shows and forgets what was learnt about client networks, in a running server or, if none is
 * running, in the journal's database.
 */
#include "admin/verbs.h"

#include "journal/journal.h"
#include "journal/network.h"
#include "net/addr.h"
#include "session/networks.h"

enum { LIST_ARENA = 64 << 20, SENTENCE_OCTETS = 400 };

static json_t *
silences_json(const struct network_record *record)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < record->silence_count; i++) {
        const struct network_silence *silence = &record->silences[i];
        json_array_append_new(
            list, json_pack("{sI, sI, sI}", "seconds", (json_int_t)silence->silence_s, "kept",
                            (json_int_t)silence->kept, "lost", (json_int_t)silence->lost));
    }
    return list;
}

static enum rc
put_row(const struct verb_call *call, const struct network_record *record, struct err *err)
{
    AUTO_BUF sentence = {0};

    buf_init(&sentence, SENTENCE_OCTETS);
    network_sentence(record, &sentence);
    const struct span text = buf_span(&sentence);
    json_t *row = json_pack(
        "{ss, sI, sI, sI, ss, sI, sI, sI, ss%, so}", "network", record->network, "keepalive",
        (json_int_t)record->interval_s, "trial", (json_int_t)record->trial_s, "limit",
        (json_int_t)record->limit_s, "why", network_why_name(record->why), "retry",
        (json_int_t)(record->retry_ms / 1000), "changed",
        (json_int_t)(record->changed_ms / 1000), "seen", (json_int_t)(record->seen_ms / 1000),
        "sentence", text.ptr, text.len, "silences", silences_json(record));
    return call->io->row(call->io->ctx, row, SPAN(""), err);
}

struct walk {
    const struct verb_call *call;
    struct err *err;
    enum rc rc;
    struct span only; /* the network to be counted; empty: all */
    size_t count;
};

static bool
put_one(void *ctx, const struct network_record *record)
{
    struct walk *walk = ctx;

    walk->rc = put_row(walk->call, record, walk->err);
    return walk->rc == RC_OK;
}

static bool
count_one(void *ctx, const struct network_record *record)
{
    struct walk *walk = ctx;

    walk->count += walk->only.len == 0 || span_eq_str(walk->only, record->network);
    return true;
}

/* Walks the journal's rows; there may be no journal yet. */
static enum rc
walk_journal(struct walk *walk, journal_visit_network *visit, struct err *err)
{
    struct journal_reader *reader = NULL;

    enum rc rc = journal_reader_open(&reader, walk->call->house->journal_path, err);
    if (rc == RC_NOT_FOUND)
        return RC_OK;
    if (rc != RC_OK)
        return rc;
    rc = journal_walk_networks(reader, visit, walk, err);
    journal_reader_close(reader);
    return rc == RC_OK ? walk->rc : rc;
}

static enum rc
list_live(const struct verb_call *call, struct err *err)
{
    struct network_record *records = NULL;
    size_t count = 0;
    AUTO_ARENA arena = {0};

    arena_init(&arena, LIST_ARENA);
    enum rc rc = networks_list(call->house->networks, &arena, &records, &count);
    if (rc != RC_OK)
        return err_set(err, rc, 0, "no memory for the list of networks");
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = put_row(call, &records[i], err);
    return rc;
}

/* The network's name in the form of the table. An address in the network may be given
 * instead. */
static enum rc
name_of(const char *text, char name[NETWORK_TEXT], struct err *err)
{
    struct net_prefix prefix;

    const enum rc rc = net_prefix_parse(span_of_str(text), &prefix, err);
    if (rc == RC_OK)
        networks_name(&prefix.addr, name);
    return rc;
}

/* Without a server, this process has the directory's lock, so it may open the journal. Rows
 * that are too old are left to the server, which knows the settings of [journal]. */
static enum rc
reset_journal(const struct verb_call *call, struct span name, size_t *count_out,
              struct err *err)
{
    const struct journal_options options = {.path = call->house->journal_path};
    struct walk walk = {.call = call, .only = name};
    struct network_record forget = {0};
    struct journal *journal = NULL;

    enum rc rc = walk_journal(&walk, count_one, err);
    if (rc == RC_OK)
        rc = journal_open(&journal, &options, err);
    if (rc != RC_OK)
        return rc;
    snprintf(forget.network, sizeof forget.network, "%.*s", SPAN_FMT(name));
    const bool put = journal_put_networks(journal, &forget, 1);
    journal_close(journal);
    *count_out = walk.count;
    return put ? RC_OK : err_set(err, RC_LIMIT, 0, "no memory");
}

static enum rc
reset(const struct verb_call *call, const char *network, struct err *err)
{
    char name[NETWORK_TEXT] = "";
    size_t count = 0;

    enum rc rc = network[0] == '\0' ? RC_OK : name_of(network, name, err);
    if (rc != RC_OK)
        return rc;
    if (call->house->networks != NULL)
        count = networks_reset(call->house->networks, span_of_str(name));
    else
        rc = reset_journal(call, span_of_str(name), &count, err);
    if (rc == RC_OK && count == 0 && name[0] != '\0')
        return err_set(err, RC_NOT_FOUND, 0, "nothing is known of the network %s", name);
    if (rc != RC_OK)
        return rc;
    return call->io->row(call->io->ctx, json_pack("{sI}", "forgotten", (json_int_t)count),
                         SPAN(""), err);
}

enum rc
verb_networks(const struct verb_call *call, struct err *err)
{
    const char *network = verb_text(call, "reset"); /* "": all */
    struct walk walk = {.call = call, .err = err};

    if (network != NULL)
        return reset(call, network, err);
    return call->house->networks != NULL ? list_live(call, err)
                                         : walk_journal(&walk, put_one, err);
}
