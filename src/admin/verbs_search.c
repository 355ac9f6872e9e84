/* SPDX-License-Identifier: MIT */
/*
 * `roost search`: looks for words in the mailboxes of an account, as SEARCH TEXT does.
 *
 *   asker   {"account": NAME, "words": [...], "mailbox": NAME or absent, "limit": n}
 *   rows    {"done": n, "of": n}                   some times a second, messages
 *           {"mailbox": NAME, "found": n, "messages": n}   each with a message that was found
 *           {"mailbox", "uid", "date", "zone", "from", "subject", "before", "match", "after"}
 *                                                  for `limit` messages, the newest first
 *           {"found": n, "shown": n}               at the end
 *
 * The words and what is found go to the asker, and nowhere else. No snapshot is held while a
 * row is sent, and none for longer than a slice of a search, or one message.
 */
#include "admin/verbs.h"

#include <stdlib.h>

#include "base/limits.h"
#include "mailbox/memory/account.h"
#include "mailbox/search/search.h"
#include "mailbox/search/snippet.h"
#include "mailbox/write/turn_wait.h"
#include "store/registry.h"

enum {
    ROW_EVERY_US = 200000,
    NAMES_ARENA = 256 << 20,
};

_Static_assert(LIMIT_FIND_WORDS <= LIMIT_SEARCH_FREE_KEYS, "a search is never too costly");

/* A message that was found. */
struct sight {
    int64_t date_s; /* internaldate */
    uint64_t message;
    uint32_t mailbox; /* index in rows */
    uint32_t uid;
    int16_t zone_min;
};

struct finding {
    const struct verb_call *call;
    struct account *acct;
    struct turn_waiter waiter; /* used only to be woken for a read handle */
    struct arena arena;        /* names of mailboxes, the keys, the answers of the index */
    struct arena one;          /* the search in one mailbox */
    struct mbox_row *rows;
    size_t row_count;
    uint32_t *found; /* in each of them */

    struct imap_search_key *root;
    struct search_answers *answers;
    struct span words[LIMIT_FIND_WORDS];
    size_t word_count;

    /* The newest messages: room for twice the limit, of which the older half goes when it is
     * full. */
    struct sight *sights;
    size_t sight_count;
    size_t limit;

    uint64_t done; /* messages of the mailboxes before */
    uint64_t of;
    int64_t next_us; /* no progress is told before */
};

static enum rc
row_give(const struct finding *finding, json_t *row, struct err *err)
{
    const struct verb_io *io = finding->call->io;

    return row == NULL ? err_set(err, RC_LIMIT, 0, "no memory for a row")
                       : io->row(io->ctx, row, SPAN(""), err);
}

static enum rc
read_begin(struct finding *finding, struct store_tx **out, struct err *err)
{
    struct store_account *store = account_store(finding->acct);
    enum rc rc;

    while ((rc = store_read_begin(store, turn_waiter_wake(&finding->waiter), out, err)) ==
           RC_AGAIN)
        turn_waiter_sleep(&finding->waiter);
    return rc;
}

/* ---- what is looked for ---- */

static enum rc
words_read(struct finding *finding, struct err *err)
{
    const json_t *words = json_object_get(finding->call->args, "words");
    const json_int_t limit = json_integer_value(json_object_get(finding->call->args, "limit"));
    size_t index;
    const json_t *word;

    if (limit < 1 || limit > (json_int_t)LIMIT_FIND_SHOWN)
        return err_set(err, RC_INVALID, 0, "the limit is a number up to %u", LIMIT_FIND_SHOWN);
    if (json_array_size(words) == 0 || json_array_size(words) > LIMIT_FIND_WORDS)
        return err_set(err, RC_INVALID, 0, "at most %u words can be looked for",
                       LIMIT_FIND_WORDS);
    json_array_foreach(words, index, word)
    {
        const size_t octets = json_string_length(word);
        if (octets == 0 || octets > LIMIT_FIND_WORD_OCTETS)
            return err_set(err, RC_INVALID, 0, "a word has at most %u octets, and at least one",
                           LIMIT_FIND_WORD_OCTETS);
        finding->words[finding->word_count++] = span_of(json_string_value(word), octets);
    }
    finding->limit = (size_t)limit;
    return RC_OK;
}

/* TEXT word TEXT word ... */
static enum rc
keys_make(struct finding *finding, struct err *err)
{
    struct imap_search_key *root = arena_new(&finding->arena, struct imap_search_key);
    struct imap_search_key *keys =
        arena_array(&finding->arena, struct imap_search_key, finding->word_count);

    finding->answers = search_answers_new(&finding->arena);
    if (root == NULL || keys == NULL || finding->answers == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for the words");
    for (size_t i = 0; i < finding->word_count; i++)
        keys[i] = (struct imap_search_key){
            .kind = SEARCH_TEXT,
            .text = finding->words[i],
            .next = i + 1 < finding->word_count ? &keys[i + 1] : NULL,
        };
    *root = (struct imap_search_key){.kind = SEARCH_AND, .children = keys};
    finding->root = root;
    return RC_OK;
}

/* The mailboxes: all of them, or the one that was named. */
static enum rc
rows_read(struct finding *finding, struct err *err)
{
    const char *only = verb_text(finding->call, "mailbox");
    AUTO_TX tx = NULL;

    enum rc rc = read_begin(finding, &tx, err);
    if (rc == RC_OK)
        rc = store_mbox_list(tx, &finding->arena, &finding->rows, &finding->row_count, err);
    if (rc != RC_OK)
        return rc;
    for (size_t i = 0; only != NULL && i < finding->row_count; i++)
        if (span_eq_str(finding->rows[i].name, only)) {
            finding->rows += i;
            finding->row_count = 1;
            only = NULL;
        }
    if (only != NULL)
        return err_set(err, RC_NOT_FOUND, 0, "there is no mailbox \"%.200s\"", only);
    for (size_t i = 0; i < finding->row_count; i++)
        finding->of += finding->rows[i].exists;
    finding->found = arena_array(&finding->arena, uint32_t, finding->row_count);
    finding->sights = calloc(2 * finding->limit, sizeof *finding->sights);
    return finding->found == NULL || finding->sights == NULL
               ? err_set(err, RC_LIMIT, 0, "no memory for results")
               : RC_OK;
}

/* ---- results ---- */

static int
newest_first(const void *a, const void *b)
{
    const struct sight *left = a;
    const struct sight *right = b;

    if (left->date_s != right->date_s)
        return left->date_s > right->date_s ? -1 : 1;
    if (left->message != right->message)
        return left->message > right->message ? -1 : 1;
    return left->mailbox < right->mailbox ? -1 : left->mailbox > right->mailbox;
}

static void
sights_cut(struct finding *finding)
{
    qsort(finding->sights, finding->sight_count, sizeof *finding->sights, newest_first);
    if (finding->sight_count > finding->limit)
        finding->sight_count = finding->limit;
}

static void
sight_add(struct finding *finding, const struct sight *sight)
{
    if (finding->sight_count == 2 * finding->limit)
        sights_cut(finding);
    finding->sights[finding->sight_count++] = *sight;
}

static void
sights_add(struct finding *finding, const struct search *search, const struct view *view,
           uint32_t mailbox)
{
    struct version_run members;
    struct view_run run;
    uint32_t pos = 0;

    while (search_next_run(search, &pos, &run))
        for (uint32_t seq = run.first; seq <= run.last; seq += members.count) {
            version_run_at(view->members, seq, &members);
            if (members.count > run.last - seq + 1)
                members.count = run.last - seq + 1;
            for (uint32_t i = 0; i < members.count; i++)
                sight_add(finding, &(struct sight){
                                       .date_s = members.internaldates_s[i],
                                       .zone_min = members.internaldate_zones_min[i],
                                       .message = members.messages[i],
                                       .uid = members.uids[i],
                                       .mailbox = mailbox,
                                   });
        }
    finding->found[mailbox] = search_count(search);
}

/* ---- one mailbox ---- */

/* Tells how far it is, which also tells whether the asker is still there. */
static enum rc
progress_give(struct finding *finding, const struct search *search, struct err *err)
{
    const int64_t now_us = clock_mono_us(&clock_system);
    uint32_t done = 0;
    uint32_t of = 0;

    if (now_us < finding->next_us)
        return RC_OK;
    finding->next_us = now_us + ROW_EVERY_US;
    search_progress(search, &done, &of);
    const uint64_t all_done = finding->done + done;
    return row_give(
        finding,
        json_pack("{sI, sI}", "done", (json_int_t)all_done, "of", (json_int_t)finding->of),
        err);
}

static enum rc
search_begin(struct finding *finding, struct view *view, struct search **out, struct err *err)
{
    const struct search_req req = {
        .root = finding->root,
        .has_charset = true,
        .charset = SPAN("UTF-8"),
        .now_s = clock_wall_s(&clock_system),
        .answers = finding->answers,
    };
    enum rc rc = RC_AGAIN;

    while (rc == RC_AGAIN) { /* the snapshot is older than the view: another one */
        AUTO_TX tx = NULL;
        rc = read_begin(finding, &tx, err);
        if (rc == RC_OK)
            rc = view_awake(view, tx, err);
        if (rc == RC_OK)
            rc = search_new(&finding->one, view, &req, out, err);
    }
    return rc;
}

static enum rc
search_run(struct finding *finding, struct search *search, struct err *err)
{
    enum rc rc = RC_AGAIN;

    while (rc == RC_AGAIN) {
        AUTO_TX tx = NULL;
        rc = progress_give(finding, search, err);
        if (rc == RC_OK && search_needs_store(search))
            rc = read_begin(finding, &tx, err);
        if (rc == RC_OK)
            rc = search_slice(search, tx, &clock_system,
                              clock_mono_us(&clock_system) + LIMIT_SLICE_US, err);
    }
    return rc;
}

static enum rc
open_one(struct finding *finding, uint32_t at, struct mailbox **out, struct err *err)
{
    enum rc rc;

    while ((rc = mailbox_open_id(finding->acct, turn_waiter_wake(&finding->waiter),
                                 finding->rows[at].id, out, err)) == RC_AGAIN)
        turn_waiter_sleep(&finding->waiter);
    return rc;
}

/* A mailbox that is deleted meanwhile has nothing. */
static enum rc
mailbox_search(struct finding *finding, uint32_t at, struct err *err)
{
    struct mailbox *mailbox = NULL;
    struct search *search = NULL;
    struct view view = {0};

    enum rc rc = open_one(finding, at, &mailbox, err);
    if (rc == RC_OK) {
        view_init(&view, mailbox, VIEW_READ_ONLY);
        rc = search_begin(finding, &view, &search, err);
    }
    if (rc == RC_OK)
        rc = search_run(finding, search, err);
    if (rc == RC_OK)
        sights_add(finding, search, &view, at);
    search_done(search);
    view_done(&view);
    arena_reset(&finding->one);
    finding->done += finding->rows[at].exists;
    return rc == RC_NOT_FOUND || rc == RC_GONE ? RC_OK : rc;
}

/* ---- rows ---- */

static enum rc
mailbox_rows_give(const struct finding *finding, struct err *err)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; rc == RC_OK && i < finding->row_count; i++) {
        const struct mbox_row *row = &finding->rows[i];
        if (finding->found[i] > 0)
            rc = row_give(finding,
                          json_pack("{ss%, sI, sI}", "mailbox", row->name.ptr, row->name.len,
                                    "found", (json_int_t)finding->found[i], "messages",
                                    (json_int_t)row->exists),
                          err);
    }
    return rc;
}

static json_t *
message_row(const struct finding *finding, const struct sight *sight,
            const struct snippet *snippet)
{
    const struct span name = finding->rows[sight->mailbox].name;
    const struct span from = buf_span(&snippet->from);
    const struct span subject = buf_span(&snippet->subject);
    const struct span line = buf_span(&snippet->line);
    const struct span behind = span_tail(line, snippet->match_at);
    const struct span after = span_tail(behind, snippet->match_octets);

    return json_pack("{ss%, sI, sI, si, ss%, ss%, ss%, ss%, ss%}", "mailbox", name.ptr,
                     name.len, "uid", (json_int_t)sight->uid, "date", (json_int_t)sight->date_s,
                     "zone", (int)sight->zone_min, "from", from.ptr, from.len, "subject",
                     subject.ptr, subject.len, "before", line.ptr, snippet->match_at, "match",
                     behind.ptr, snippet->match_octets, "after", after.ptr, after.len);
}

static enum rc
message_read(struct finding *finding, const struct sight *sight, struct snippet *snippet,
             struct err *err)
{
    AUTO_TX tx = NULL;

    const enum rc rc = read_begin(finding, &tx, err);
    return rc == RC_OK ? snippet_read(snippet, tx, sight->message, err) : rc;
}

/* Each message is read when it is its turn. One that was purged meanwhile is left out. */
static enum rc
message_rows_give(struct finding *finding, size_t *shown_out, struct err *err)
{
    struct snippet *snippet = calloc(1, sizeof *snippet);
    enum rc rc =
        snippet == NULL ? RC_LIMIT : snippet_init(snippet, finding->words, finding->word_count);

    *shown_out = 0;
    if (rc != RC_OK)
        err_set(err, rc, 0, "no memory for results");
    for (size_t i = 0; rc == RC_OK && i < finding->sight_count; i++) {
        rc = message_read(finding, &finding->sights[i], snippet, err);
        *shown_out += rc == RC_OK;
        if (rc == RC_OK)
            rc = row_give(finding, message_row(finding, &finding->sights[i], snippet), err);
        else if (rc == RC_NOT_FOUND)
            rc = RC_OK;
    }
    if (snippet != NULL)
        snippet_done(snippet);
    free(snippet);
    return rc;
}

static enum rc
end_row_give(const struct finding *finding, size_t shown, struct err *err)
{
    json_int_t found = 0;

    for (size_t i = 0; i < finding->row_count; i++)
        found += finding->found[i];
    return row_give(finding, json_pack("{sI, sI}", "found", found, "shown", (json_int_t)shown),
                    err);
}

static enum rc
find(struct finding *finding, struct err *err)
{
    size_t shown = 0;

    enum rc rc = rows_read(finding, err);
    if (rc == RC_OK)
        rc = keys_make(finding, err);
    for (uint32_t i = 0; rc == RC_OK && i < finding->row_count; i++)
        if (finding->rows[i].exists > 0)
            rc = mailbox_search(finding, i, err);
    if (rc == RC_OK)
        rc = mailbox_rows_give(finding, err);
    if (rc != RC_OK)
        return rc;
    sights_cut(finding);
    rc = message_rows_give(finding, &shown, err);
    return rc == RC_OK ? end_row_give(finding, shown, err) : rc;
}

enum rc
verb_search(const struct verb_call *call, struct err *err)
{
    struct finding finding = {.call = call};
    struct registry_account account;
    int64_t changed_s;

    enum rc rc = words_read(&finding, err);
    if (rc == RC_OK)
        rc = verb_account(call, &account, err);
    if (rc != RC_OK)
        return rc;
    if (!store_account_is_made(call->house->store, account.id, &changed_s))
        return end_row_give(&finding, 0, err); /* it has no files, and gets none */
    rc = account_get(call->house->accounts, account.id, &finding.acct);
    if (rc != RC_OK)
        return err_set(err, rc, 0, "account %s cannot be opened", account.name);
    arena_init(&finding.arena, NAMES_ARENA);
    arena_init(&finding.one, LIMIT_CMD_ARENA);
    turn_waiter_init(&finding.waiter);
    rc = find(&finding, err);
    turn_waiter_done(&finding.waiter);
    search_answers_done(finding.answers);
    free(finding.sights);
    arena_done(&finding.one);
    arena_done(&finding.arena);
    account_put(finding.acct);
    return rc;
}
