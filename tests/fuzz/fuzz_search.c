/* SPDX-License-Identifier: MIT */
/*
 * The search program in a world of one message: the first line of the input is a SEARCH
 * command, the rest is the message. Store and view are faked here, so that an input costs
 * microseconds. However the search is cut into slices, it finds the same, with the same score,
 * and whether scores are asked for does not change what is found.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "mailbox/content/fields.h"
#include "mailbox/memory/members.h"
#include "mailbox/search/search.h"
#include "store/index.h"
#include "syntax/imap/cmd.h"
#include "syntax/mail/mime_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- the world ---- */

static struct {
    struct span text;
    uint64_t header_octets;
    struct span parts;
    struct span fields;
} world;

static const uint32_t uid = 7;
static const uint16_t flags = MSG_SEEN | MSG_FLAGGED;
static const uint64_t number = 3;
static const int64_t date_s = 1000000000;
static const int16_t zone_min = 90;
static const struct keywords keywords = {{1, 0}};
static uint32_t octets;

uint32_t
version_count(const struct version *version)
{
    (void)version;
    return 1;
}

uint32_t
version_lower_bound(const struct version *version, uint32_t wanted)
{
    (void)version;
    return wanted <= uid ? 1 : 2;
}

enum rc
members_begin(struct members *members, struct view *view, struct store_tx *tx, struct err *err)
{
    (void)members;
    (void)view;
    (void)tx;
    (void)err;
    return RC_OK;
}

void
members_end(struct members *members)
{
    (void)members;
}

void
members_run(struct members *members, uint32_t seq, uint32_t max, struct version_run *out)
{
    (void)members;
    (void)seq;
    (void)max;
    *out = (struct version_run){
        .count = 1,
        .uids = &uid,
        .flags = &flags,
        .modseqs = &number,
        .messages = &number,
        .octets = &octets,
        .internaldates_s = &date_s,
        .internaldate_zones_min = &zone_min,
        .savedates_s = &date_s,
        .keywords = &keywords,
    };
}

enum rc
mailbox_keywords(struct mailbox *mailbox, struct arena *arena, struct keyword_names *out)
{
    static struct span name = SPAN_INIT("$Word");

    (void)mailbox;
    (void)arena;
    *out = (struct keyword_names){&name, 1, 1};
    return RC_OK;
}

static enum rc
resolve(bool is_there, struct arena *arena, struct view_run **out, size_t *count_out)
{
    *out = arena_new(arena, struct view_run);
    if (*out == NULL)
        return RC_LIMIT;
    **out = (struct view_run){1, 1};
    *count_out = is_there;
    return RC_OK;
}

enum rc
view_resolve_some_seqs(const struct view *view, const struct seq_set *set, struct arena *arena,
                       struct view_run **out, size_t *count_out)
{
    (void)view;
    return resolve(set->set.ranges[0].first <= 1, arena, out, count_out);
}

enum rc
view_resolve_uids(const struct view *view, const struct uid_set *set, struct arena *arena,
                  struct view_run **out, size_t *count_out)
{
    (void)view;
    return resolve(set->set.ranges[0].first == uid, arena, out, count_out);
}

enum rc
store_message_read(struct store_tx *tx, uint64_t message, unsigned want,
                   struct message_row *out, struct err *err)
{
    (void)tx;
    (void)message;
    (void)want;
    (void)err;
    *out = (struct message_row){
        .octets = world.text.len,
        .header_octets = world.header_octets,
        .parts = world.parts,
        .fields = world.fields,
    };
    return RC_OK;
}

enum rc
store_content_peek(struct store_tx *tx, uint64_t message, uint64_t offset, uint64_t wanted,
                   struct span *out, struct err *err)
{
    (void)tx;
    (void)message;
    (void)err;
    *out = span_head(span_tail(world.text, offset), wanted < 7 ? wanted : 7); /* small pieces */
    return RC_OK;
}

enum rc
store_content_read(struct store_tx *tx, uint64_t message, uint64_t offset, uint64_t wanted,
                   struct buf *out, struct err *err)
{
    (void)tx;
    (void)message;
    (void)err;
    buf_put_span(out, span_head(span_tail(world.text, offset), wanted));
    return RC_OK;
}

/* ---- there is no index ---- */

struct account *
mailbox_account(const struct mailbox *mailbox)
{
    (void)mailbox;
    return NULL;
}

uint64_t
account_id(const struct account *acct)
{
    (void)acct;
    return 1;
}

struct store_account *
account_store(struct account *acct)
{
    (void)acct;
    return NULL;
}

bool
account_is_purged_elsewhere(const struct account *acct)
{
    (void)acct;
    return true; /* an index, which there is not, would be asked about messages that are gone */
}

const struct account_search *
account_search(const struct account *acct)
{
    static const struct account_search none = {.indexes = NULL};

    (void)acct;
    return &none;
}

/* What is never called. */
struct budget *
account_hits_budget(const struct account *acct)
{
    (void)acct;
    abort();
}

enum rc
store_message_next(struct store_tx *tx, uint64_t from, uint64_t *message_out, struct err *err)
{
    (void)tx;
    (void)from;
    (void)message_out;
    (void)err;
    abort();
}

enum rc
store_message_highest(struct store_tx *tx, uint64_t *message_out, struct err *err)
{
    (void)tx;
    (void)message_out;
    (void)err;
    abort();
}

enum rc
store_index_open(struct store_indexes *indexes, struct store_account *acct, enum index_use use,
                 struct store_index **out, struct err *err)
{
    (void)indexes;
    (void)acct;
    (void)use;
    (void)out;
    (void)err;
    abort();
}

void
store_index_close(struct store_index *index)
{
    (void)index;
    abort();
}

enum rc
store_index_remove(struct store_indexes *indexes, struct store_account *acct, struct err *err)
{
    (void)indexes;
    (void)acct;
    (void)err;
    abort();
}

enum rc
store_index_begin(struct store_index *index, struct index_state *state_out, struct err *err)
{
    (void)index;
    (void)state_out;
    (void)err;
    abort();
}

void
store_index_end(struct store_index *index)
{
    (void)index;
    abort();
}

enum rc
store_index_terms(struct store_index *index, enum index_space space, uint64_t *at,
                  struct span *out, struct err *err)
{
    (void)index;
    (void)space;
    (void)at;
    (void)out;
    (void)err;
    abort();
}

enum rc
store_index_found(struct store_index *index, size_t offset, const struct index_set *set,
                  struct err *err)
{
    (void)index;
    (void)offset;
    (void)set;
    (void)err;
    abort();
}

enum rc
store_index_attached(struct store_index *index, uint64_t message, struct span *out,
                     struct err *err)
{
    (void)index;
    (void)message;
    (void)out;
    (void)err;
    abort();
}

enum rc
store_index_unsure(struct store_index *index, const struct index_set *set, struct err *err)
{
    (void)index;
    (void)set;
    (void)err;
    abort();
}

enum rc
store_index_proofs(struct store_index *index, struct index_proof *out, size_t max,
                   size_t *count_out, struct err *err)
{
    (void)index;
    (void)out;
    (void)max;
    (void)count_out;
    (void)err;
    abort();
}

/* ---- one search ---- */

static int64_t
no_time(const struct clock *clock)
{
    (void)clock;
    return 1;
}

static const struct clock stopped = {.mono_us = no_time, .wall_us = no_time};

/* 0: not found; else the score. -1: not a search. */
static int
run_search(struct arena *arena, struct span line, bool rates, int64_t deadline_us)
{
    struct imap_head head = {.id = IMAP_CMD_SEARCH, .args = line};
    struct imap_cmd cmd;
    const char *bad;
    struct search *search;
    struct view view = {.exists = 1};
    struct err err = {.rc = RC_OK};
    enum rc rc;

    if (imap_args_parse(&head, MBOX_WIRE_UTF8, arena, &cmd, &bad) != RC_OK)
        return -1;
    const struct search_req req = {
        .root = cmd.u.search.root,
        .has_charset = cmd.u.search.has_charset,
        .charset = cmd.u.search.charset,
        .now_s = 1000000100,
        .rates = rates,
    };
    if (search_new(arena, &view, &req, &search, &err) != RC_OK)
        return -1;
    struct store_tx *const tx = (struct store_tx *)(void *)&world; /* never looked into */
    do {
        rc = search_slice(search, tx, &stopped, deadline_us, &err);
    } while (rc == RC_AGAIN);
    if (rc != RC_OK)
        abort();
    const int found = search_count(search) == 0 ? 0 : rates ? (int)search_score(search, 0) : 1;
    search_done(search);
    return found;
}

static void
search_message(struct span line, struct span text)
{
    AUTO_ARENA arena = {0};
    AUTO_BUF parts = {0};
    AUTO_BUF stored = {0};
    struct mime_part *root;

    arena_init(&arena, 64 << 20);
    buf_init(&parts, 1 << 20);
    buf_init(&stored, 1 << 20);
    world.text = text;
    octets = (uint32_t)text.len;
    if (mime_scan(text, &arena, &root) != RC_OK)
        abort();
    world.header_octets = root->header_size;
    mime_parts_encode(&parts, root);
    fields_put(&stored, span_head(text, root->header_size));
    world.parts = buf_span(&parts);
    world.fields = buf_span(&stored);

    const int whole = run_search(&arena, line, true, INT64_MAX);
    if (run_search(&arena, line, true, 0) != whole || whole > 100)
        abort();
    const int found = run_search(&arena, line, false, INT64_MAX);
    if (run_search(&arena, line, false, 0) != found || (whole > 0) != (found > 0))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span input = span_of(data, size);
    const ptrdiff_t line_end = span_find_char(input, '\n');

    if (line_end >= 0)
        search_message(span_head(input, (size_t)line_end),
                       span_tail(input, (size_t)line_end + 1));
    return 0;
}
