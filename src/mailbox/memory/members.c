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

/* The last UID of the node at seq, or of the chunk, if none of it in a version has a modseq
 * above since. False: some have, or it is not known without looking. */
static bool
quiet_to(const struct version *version, uint32_t seq, uint64_t since, uint32_t *last_uid_out)
{
    struct cursor at = cursor_of(version);

    (void)cursor_at(&at, seq);
    const struct node *node = cursor_node(&at);
    *last_uid_out = node->max_modseq <= since ? version->slots[at.node].last_uid
                                              : node->slots[at.slot].last_uid;
    return at.chunk->max_modseq <= since;
}

uint32_t
members_quiet(const struct members *members, uint32_t seq, uint64_t since)
{
    struct cursor at = cursor_of(members->version);
    uint32_t last_uid;
    uint32_t current_uid;

    if (!quiet_to(members->version, seq, since, &last_uid))
        return 0;
    if (members->current != NULL) {
        const uint32_t current = version_lower_bound(members->current, cursor_uid(&at, seq));
        if (current <= version_count(members->current)) {
            if (!quiet_to(members->current, current, since, &current_uid))
                return 0;
            if (current_uid < last_uid)
                last_uid = current_uid;
        }
    }
    return version_lower_bound(members->version, last_uid + 1) - seq;
}
