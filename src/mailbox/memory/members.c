/* SPDX-License-Identifier: MIT */
/*
 * A view's messages with their present flags (members.h). Both versions are sorted by
 * UID, so a run is merged in one walk.
 */
#include "mailbox/memory/members.h"

#include "mailbox/version_private.h"

enum rc
members_begin(struct members *members, struct view *view, struct store_tx *tx, struct err *err)
{
    struct version *current = NULL;

    const enum rc rc = view_current(view, tx, &current, err);
    if (rc == RC_GONE) { /* deleted: what the view knows is all there is */
        current = NULL;
    } else if (rc != RC_OK) {
        return rc;
    } else if (current == view->members) {
        version_unref(current);
        current = NULL;
    }
    members->version = view->members;
    members->current = current;
    return RC_OK;
}

void
members_end(struct members *members)
{
    version_unref(members->current);
    members->current = NULL;
    members->version = NULL;
}

/* A position in the current version that only moves on. */
struct walk {
    const struct version *version;
    struct version_run run;
    uint32_t seq; /* of the run's first */
    uint32_t at;  /* in the run */
};

static void
walk_begin(struct walk *walk, const struct version *version, uint32_t uid)
{
    *walk = (struct walk){.version = version, .seq = version_lower_bound(version, uid)};
    if (walk->seq <= version_count(version))
        version_run_at(version, walk->seq, &walk->run);
}

/* True when uid is there: walk->at is its place. */
static bool
walk_to(struct walk *walk, uint32_t uid)
{
    while (walk->run.count > 0) {
        while (walk->at < walk->run.count && walk->run.uids[walk->at] < uid)
            walk->at++;
        if (walk->at < walk->run.count)
            return walk->run.uids[walk->at] == uid;
        walk->seq += walk->run.count;
        walk->at = 0;
        if (walk->seq > version_count(walk->version))
            walk->run.count = 0;
        else
            version_run_at(walk->version, walk->seq, &walk->run);
    }
    return false;
}

void
members_run(struct members *members, uint32_t seq, uint32_t max, struct version_run *out)
{
    struct version_run run;
    struct walk walk;

    version_run_at(members->version, seq, &run);
    if (run.count > max)
        run.count = max;
    if (members->current == NULL) {
        *out = run;
        return;
    }

    if (run.count > MEMBERS_BATCH)
        run.count = MEMBERS_BATCH;
    walk_begin(&walk, members->current, run.uids[0]);
    for (uint32_t i = 0; i < run.count; i++) {
        const bool is_there = walk_to(&walk, run.uids[i]); /* else expunged: its last flags */
        const struct version_run *from = is_there ? &walk.run : &run;
        const uint32_t at = is_there ? walk.at : i;
        members->flags[i] = from->flags[at];
        members->modseqs[i] = from->modseqs[at];
        members->keywords[i] =
            from->keywords == NULL ? (struct keywords){{0, 0}} : from->keywords[at];
    }
    run.flags = members->flags;
    run.modseqs = members->modseqs;
    run.keywords = members->keywords;
    *out = run;
}

/* How many messages from seq on have no modseq above since, as far as the node at seq goes if
 * it has none, and otherwise its chunk. */
static uint32_t
quiet_from(struct cursor *at, uint32_t seq, uint64_t since)
{
    const uint32_t pos = cursor_at(at, seq);
    const struct node *node = cursor_node(at);

    if (node->max_modseq <= since)
        return at->node_first + node->count - seq;
    if (at->chunk->max_modseq <= since)
        return at->chunk->count - pos;
    return chunk_newer(at->chunk, pos, since) - pos;
}

uint32_t
members_quiet(const struct members *members, uint32_t seq, uint64_t since)
{
    struct cursor at = cursor_of(members->version);
    struct cursor now = cursor_of(members->current);
    const uint32_t quiet = quiet_from(&at, seq, since);

    if (quiet == 0 || members->current == NULL)
        return quiet;
    const uint32_t current = version_lower_bound(members->current, cursor_uid(&at, seq));
    if (current > version_count(members->current))
        return quiet;
    const uint32_t quiet_now = quiet_from(&now, current, since);
    if (quiet_now == 0)
        return 0;
    const uint32_t past =
        version_lower_bound(members->version, cursor_uid(&now, current + quiet_now - 1) + 1) -
        seq;
    return past < quiet ? past : quiet;
}
