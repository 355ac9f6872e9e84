/* SPDX-License-Identifier: MIT */
/* Versions against a plain array, over random histories; sharing between successive ones. */
#include "support/cm.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "mailbox/memory/members.h"
#include "mailbox/version_private.h"
#include "store/flags_rule.h"

enum { PLAIN_MAX = 6000 };

struct plain {
    struct entry rows[PLAIN_MAX];
    uint32_t count;
    uint32_t uidnext;
    uint64_t modseq;
};

static struct plain plain;
static struct rng rng;

static struct entry
entry_new(uint32_t uid, uint64_t modseq)
{
    return (struct entry){
        .uid = uid,
        .flags = (uint32_t)rng_below(&rng, 32),
        .modseq = modseq,
        .message = uid * UINT64_C(7),
        .octets = uid + 100,
        .internaldate_s = -5 + (int64_t)uid,
        .internaldate_zone_min = -60,
        .savedate_s = 1000000 + (int64_t)uid,
        .keywords = {{rng_below(&rng, 40) == 0 ? 1u << rng_below(&rng, 8) : 0, 0}},
    };
}

static struct version *
version_empty(void)
{
    struct builder builder;

    builder_init(&builder, 0, 0);
    struct version *version = builder_finish(&builder, 1, 1);
    assert_non_null(version);
    return version;
}

static void
assert_same_entry(const struct entry *a, const struct entry *b)
{
    assert_int_equal(a->uid, b->uid);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->modseq, b->modseq);
    assert_int_equal(a->message, b->message);
    assert_int_equal(a->octets, b->octets);
    assert_int_equal(a->internaldate_s, b->internaldate_s);
    assert_int_equal(a->internaldate_zone_min, b->internaldate_zone_min);
    assert_int_equal(a->savedate_s, b->savedate_s);
    assert_int_equal(a->keywords.bits[0], b->keywords.bits[0]);
    assert_int_equal(a->keywords.bits[1], b->keywords.bits[1]);
}

/* The next message with a newer modseq is found from anywhere. */
static void
assert_newer(const struct chunk *chunk, uint64_t max_modseq)
{
    const uint64_t since = max_modseq - rng_below(&rng, max_modseq + 1);
    uint32_t newer = chunk->count;

    assert_int_equal(chunk_newer(chunk, newer, since), newer);
    for (uint32_t pos = chunk->count; pos-- > 0;) {
        newer = chunk->modseqs[pos] > since ? pos : newer;
        if (pos == 0 || rng_below(&rng, 8) == 0)
            assert_int_equal(chunk_newer(chunk, pos, since), newer);
    }
}

/* What the pieces say about themselves. */
static void
assert_sound(const struct version *version)
{
    uint32_t count = 0;
    uint32_t last_uid = 0;

    for (uint32_t n = 0; n < version->node_count; n++) {
        const struct node *node = version->slots[n].node;
        uint32_t in_node = 0;
        uint32_t unseen = 0;
        uint64_t max_modseq = 0;
        assert_in_range(node->chunk_count, 1, VERSION_FAN);
        for (uint32_t c = 0; c < node->chunk_count; c++) {
            const struct chunk *chunk = node->slots[c].chunk;
            assert_in_range(chunk->count, 1, VERSION_CHUNK);
            uint32_t chunk_unseen = 0;
            uint64_t chunk_modseq = 0;
            for (uint32_t i = 0; i < chunk->count; i++) {
                assert_true(chunk->uids[i] > last_uid);
                last_uid = chunk->uids[i];
                chunk_unseen += (chunk->flags[i] & MSG_SEEN) == 0;
                if (chunk->modseqs[i] > chunk_modseq)
                    chunk_modseq = chunk->modseqs[i];
            }
            in_node += chunk->count;
            assert_int_equal(chunk->unseen, chunk_unseen);
            assert_int_equal(chunk->max_modseq, chunk_modseq);
            assert_newer(chunk, chunk_modseq);
            assert_int_equal(node->slots[c].end, in_node);
            assert_int_equal(node->slots[c].last_uid, last_uid);
            unseen += chunk_unseen;
            max_modseq = chunk_modseq > max_modseq ? chunk_modseq : max_modseq;
        }
        count += in_node;
        assert_int_equal(node->count, in_node);
        assert_int_equal(node->unseen, unseen);
        assert_int_equal(node->max_modseq, max_modseq);
        assert_int_equal(version->slots[n].end, count);
        assert_int_equal(version->slots[n].last_uid, last_uid);
    }
    assert_int_equal(version->count, count);
}

static void
assert_equals(const struct version *version, const struct plain *want)
{
    assert_sound(version);
    assert_int_equal(version_count(version), want->count);
    assert_int_equal(version_last_uid(version),
                     want->count == 0 ? 0 : want->rows[want->count - 1].uid);
    uint32_t first_unseen = 0;
    for (uint32_t i = 0; i < want->count; i++) {
        struct entry have;
        version_entry(version, i + 1, &have);
        assert_same_entry(&have, &want->rows[i]);
        assert_int_equal(version_find_uid(version, want->rows[i].uid), i + 1);
        assert_int_equal(version_lower_bound(version, want->rows[i].uid), i + 1);
        const bool follows =
            i + 1 < want->count && want->rows[i + 1].uid == want->rows[i].uid + 1;
        assert_int_equal(version_find_uid(version, want->rows[i].uid + 1), follows ? i + 2 : 0);
        assert_int_equal(version_lower_bound(version, want->rows[i].uid + 1), i + 2);
        if (first_unseen == 0 && (want->rows[i].flags & MSG_SEEN) == 0)
            first_unseen = i + 1;
    }
    assert_int_equal(version_first_unseen(version), first_unseen);
    for (uint32_t seq = 1; seq <= want->count;) {
        struct version_run run;
        version_run_at(version, seq, &run);
        assert_true(run.count >= 1 && seq + run.count - 1 <= want->count);
        assert_int_equal(run.uids[run.count - 1], want->rows[seq + run.count - 2].uid);
        assert_int_equal(run.savedates_s[0], want->rows[seq - 1].savedate_s);
        seq += run.count;
    }
}

/* --- One change on both --- */

static struct version *
grow(struct version *old)
{
    static struct entry added[600];
    uint32_t count = (uint32_t)rng_below(&rng, rng_below(&rng, 10) == 0 ? 600 : 6);

    if (count > PLAIN_MAX - plain.count)
        count = PLAIN_MAX - plain.count;
    plain.modseq++;
    for (uint32_t i = 0; i < count; i++) {
        plain.uidnext += (uint32_t)rng_below(&rng, 3);
        added[i] = plain.rows[plain.count++] = entry_new(plain.uidnext++, plain.modseq);
    }
    return version_add(old, added, count, plain.modseq, plain.uidnext);
}

static struct flags_rule
random_rule(uint64_t modseq)
{
    const struct flags_req req = {
        .mode = (enum flags_mode)rng_below(&rng, 3),
        .flags = (uint32_t)rng_below(&rng, 32),
        .keywords = {{0, rng_below(&rng, 9) == 0 ? 5 : 0}},
        .unchanged_since = rng_below(&rng, 4) == 0 ? rng_below(&rng, modseq) : MODSEQ_ANY,
    };

    return flags_rule_of(&req, modseq);
}

static struct version *
flag(struct version *old)
{
    static struct uid_run runs[PLAIN_MAX];
    const uint32_t stretch = rng_below(&rng, 2) == 0 ? 4 : 2000;
    size_t count = 0;
    uint32_t uid = 1 + (uint32_t)rng_below(&rng, stretch);

    plain.modseq++;
    const struct flags_rule rule = random_rule(plain.modseq);
    for (; count < PLAIN_MAX && uid < plain.uidnext; count++) {
        runs[count] = (struct uid_run){uid, uid + (uint32_t)rng_below(&rng, stretch)};
        uid = runs[count].last + 2 + (uint32_t)rng_below(&rng, stretch);
    }
    for (uint32_t i = 0, run = 0; i < plain.count; i++) {
        struct entry *row = &plain.rows[i];
        while (run < count && runs[run].last < row->uid)
            run++;
        if (run == count || row->uid < runs[run].first || row->modseq > rule.unchanged_since)
            continue;
        const struct entry before = *row;
        row->flags = (uint32_t)((row->flags & rule.keep[0]) | rule.set[0]);
        row->keywords.bits[0] = (row->keywords.bits[0] & rule.keep[1]) | rule.set[1];
        row->keywords.bits[1] = (row->keywords.bits[1] & rule.keep[2]) | rule.set[2];
        if (row->flags != before.flags || row->keywords.bits[0] != before.keywords.bits[0] ||
            row->keywords.bits[1] != before.keywords.bits[1])
            row->modseq = plain.modseq;
    }
    return version_set_flags(old, runs, count, &rule, plain.modseq);
}

static struct version *
expunge(struct version *old)
{
    static uint32_t uids[PLAIN_MAX];
    const uint64_t every = 1 + rng_below(&rng, rng_below(&rng, 8) == 0 ? 2 : 500);
    size_t count = 0;
    uint32_t kept = 0;

    plain.modseq++;
    for (uint32_t i = 0; i < plain.count; i++) {
        if (rng_below(&rng, every) == 0)
            uids[count++] = plain.rows[i].uid;
        else
            plain.rows[kept++] = plain.rows[i];
    }
    plain.count = kept;
    return version_remove(old, uids, count, plain.modseq);
}

static void
follows_random_histories(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        rng_seed(&rng, seed);
        plain = (struct plain){.uidnext = 1, .modseq = 1};
        struct version *version = version_empty();
        for (int step = 0; step < 150; step++) {
            struct version *(*const moves[])(struct version *) = {grow, grow, flag, expunge};
            struct version *next = moves[rng_below(&rng, 4)](version);
            assert_non_null(next);
            version_unref(version);
            version = next;
            assert_int_equal(version_modseq(version), plain.modseq);
            assert_int_equal(version_uidnext(version), plain.uidnext);
            if (step % 10 == 9)
                assert_equals(version, &plain);
            else
                assert_sound(version);
        }
        version_unref(version);
    }
}

/* What a view may pass over has no change, also what is changed in the current version only.
 * All messages up to the next change in a chunk are passed over, and whole chunks without
 * any. */
static void
assert_quiet_is_quiet(struct version *view, struct version *current, uint64_t since)
{
    static struct members members;
    struct version_run run;

    members = (struct members){.version = view, .current = current == view ? NULL : current};
    for (uint32_t seq = 1; seq <= view->count; seq++) {
        const uint32_t quiet = members_quiet(&members, seq, since);
        assert_true(seq + quiet - 1 <= view->count);
        for (uint32_t at = seq; at < seq + quiet; at++) {
            members_run(&members, at, 1, &run);
            assert_true(run.modseqs[0] <= since);
        }
        if (current->modseq <= since)
            assert_true(quiet > 0);
        if (current == view) {
            struct cursor cursor = cursor_of(view);
            const uint32_t pos = cursor_at(&cursor, seq);
            const uint32_t newer = chunk_newer(cursor.chunk, pos, since);
            const bool all = cursor.chunk->max_modseq <= since;
            assert_true(all ? quiet >= newer - pos : quiet == newer - pos);
        }
        seq += (uint32_t)rng_below(&rng, 1 + quiet);
    }
}

static void
passes_over_what_is_quiet(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        rng_seed(&rng, seed);
        plain = (struct plain){.uidnext = 1, .modseq = 1};
        struct version *empty = version_empty();
        struct version *view = grow(empty);
        for (int step = 0; step < 12; step++) {
            struct version *(*const moves[])(struct version *) = {grow, flag, flag, expunge};
            struct version *next = moves[rng_below(&rng, 4)](view);
            struct version *later = moves[rng_below(&rng, 4)](next);
            const uint64_t since = rng_below(&rng, plain.modseq + 2);
            assert_quiet_is_quiet(view, view, since);
            assert_quiet_is_quiet(view, later, since);
            assert_quiet_is_quiet(view, later, version_modseq(view));
            assert_quiet_is_quiet(view, later, plain.modseq);
            version_unref(view);
            version_unref(next);
            view = later;
        }
        version_unref(view);
        version_unref(empty);
    }
}

/* Expunged rows put back give the old members; and the other derived forms. */
static void
derives_prefix_insert_and_hybrid(void **state)
{
    static struct entry gone[PLAIN_MAX];
    static struct plain before;
    static struct plain part;
    (void)state;

    for (uint64_t seed = 1; seed <= 40; seed++) {
        rng_seed(&rng, seed);
        plain = (struct plain){.uidnext = 1, .modseq = 1};
        struct version *empty = version_empty();
        struct version *old = grow(empty);
        before = plain;
        struct version *less = expunge(old);
        struct version *now = grow(less);

        size_t gone_count = 0;
        for (uint32_t i = 0; i < before.count; i++)
            if (version_find_uid(less, before.rows[i].uid) == 0 || rng_below(&rng, 9) == 0)
                gone[gone_count++] = before.rows[i];
        struct version *prefix = version_prefix(now, before.uidnext);
        struct version *again = version_insert(prefix, gone, gone_count, 3, before.uidnext);
        assert_equals(again, &before);

        const uint32_t below = (uint32_t)rng_below(&rng, before.uidnext + 2);
        part.count = 0;
        for (uint32_t i = 0; i < before.count; i++)
            if (before.rows[i].uid < below || version_find_uid(now, before.rows[i].uid) != 0)
                part.rows[part.count++] = before.rows[i];
        struct version *hybrid = version_hybrid(old, now, below);
        assert_equals(hybrid, &part);
        part.count = version_lower_bound(old, below) - 1;
        struct version *half = version_hybrid(old, NULL, below);
        for (uint32_t i = 0; i < part.count; i++)
            part.rows[i] = before.rows[i];
        assert_equals(half, &part);

        struct version *all[] = {empty, old, less, now, prefix, again, hybrid, half};
        for (size_t i = 0; i < ARRAY_LEN(all); i++)
            version_unref(all[i]);
    }
}

/* Expunging most of a large mailbox leaves no crumbs. */
static void
merges_what_became_small(void **state)
{
    const uint32_t count = VERSION_CHUNK * VERSION_FAN * 3;
    struct entry *entries = calloc(count, sizeof *entries);
    uint32_t *uids = calloc(count, sizeof *uids);
    (void)state;

    for (uint32_t i = 0; i < count; i++)
        entries[i] = entry_new(i + 1, 1);
    struct version *empty = version_empty();
    struct version *version = version_add(empty, entries, count, 2, count + 1);
    assert_int_equal(version->node_count, 3);
    /* One at a time, chunk by chunk: all but the first of each chunk. */
    for (uint32_t c = 0; c < count / VERSION_CHUNK; c++) {
        uint32_t n = 0;
        for (uint32_t i = 1; i < VERSION_CHUNK; i++)
            uids[n++] = c * VERSION_CHUNK + i + 1;
        struct version *next = version_remove(version, uids, n, 3);
        version_unref(version);
        version = next;
        assert_sound(version);
    }
    assert_int_equal(version->count, count / VERSION_CHUNK);
    uint32_t chunks = 0;
    for (uint32_t n = 0; n < version->node_count; n++)
        chunks += version->slots[n].node->chunk_count;
    assert_true(chunks <= 4 * version->count / VERSION_CHUNK + 2);
    version_unref(version);
    version_unref(empty);
    free(entries);
    free(uids);
}

/* A change of one message leaves all other chunks as they were. */
static void
shares_what_did_not_change(void **state)
{
    const uint32_t count = VERSION_CHUNK * VERSION_FAN * 2;
    struct entry *entries = calloc(count, sizeof *entries);
    (void)state;

    for (uint32_t i = 0; i < count; i++)
        entries[i] = entry_new(i + 1, 1);
    struct version *empty = version_empty();
    struct version *old = version_add(empty, entries, count, 2, count + 1);
    const struct flags_req req = {.flags = entries[1].flags ^ 1, .unchanged_since = MODSEQ_ANY};
    const struct flags_rule rule = flags_rule_of(&req, 3);
    struct version *flagged = version_set_flags(old, &(struct uid_run){2, 2}, 1, &rule, 3);
    assert_ptr_equal(old->slots[1].node, flagged->slots[1].node);
    assert_ptr_not_equal(old->slots[0].node, flagged->slots[0].node);
    const struct node *a = old->slots[0].node;
    const struct node *b = flagged->slots[0].node;
    assert_ptr_not_equal(a->slots[0].chunk, b->slots[0].chunk);
    for (uint32_t c = 1; c < VERSION_FAN; c++)
        assert_ptr_equal(a->slots[c].chunk, b->slots[c].chunk);
    assert_true(version_is_sole(old));
    version_ref(old);
    assert_false(version_is_sole(old));
    version_unref(old);
    version_unref(old);
    version_unref(flagged);
    version_unref(empty);
    free(entries);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_random_histories),
        cmocka_unit_test(passes_over_what_is_quiet),
        cmocka_unit_test(derives_prefix_insert_and_hybrid),
        cmocka_unit_test(merges_what_became_small),
        cmocka_unit_test(shares_what_did_not_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
