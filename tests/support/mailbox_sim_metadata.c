/* SPDX-License-Identifier: MIT */
/*
 * Metadata in the sessions of mailbox_sim.h: each fetches all entries once, and from then on
 * only what it is told has changed, as the code that tells such changes does
 * (imap/names/metadata_tell.c).
 */
#include <stdio.h>
#include <string.h>

#include "mailbox/names/metadata.h"
#include "support/mailbox_sim_private.h"

enum { NAMES = 2, PAIRS = 2 };

static const struct span names[NAMES] = {SPAN_INIT("/shared/comment"),
                                         SPAN_INIT("/private/comment")};

void
sim_metadata_forget(struct sim_client *client)
{
    client->metadata.knows = false;
    client->metadata.count = 0;
}

/* ---- setting ---- */

void
sim_metadata_set(struct sim_client *client)
{
    struct metadata_set_op op;
    struct imap_metadata_pair pairs[PAIRS];
    char value[SIM_VALUE];

    metadata_set_op_init(&op, &client->arena, sim_wake(client));
    op.mailbox = rng_below(&client->rng, 4) == 0 ? SPAN("") : sim_any_mailbox(client);
    op.pairs = pairs;
    op.pair_count = 1 + rng_below(&client->rng, PAIRS);
    snprintf(value, sizeof value, "set %ju", (uintmax_t)rng_below(&client->rng, 1000));
    for (size_t i = 0; i < op.pair_count; i++)
        pairs[i] = (struct imap_metadata_pair){
            .name = names[rng_below(&client->rng, NAMES)],
            .value = span_of_str(value),
            .is_nil = rng_below(&client->rng, 3) == 0,
        };
    (void)sim_run(client, &op.turn);
}

/* ---- believing ---- */

static struct sim_entry *
believed(struct sim_metadata *metadata, uint64_t mbox, unsigned name)
{
    for (size_t i = 0; i < metadata->count; i++)
        if (metadata->entries[i].mbox == mbox && metadata->entries[i].name == name)
            return &metadata->entries[i];
    return NULL;
}

static void
believe(struct sim_client *client, uint64_t mbox, unsigned name, struct span value)
{
    struct sim_metadata *metadata = &client->metadata;
    struct sim_entry *entry = believed(metadata, mbox, name);

    if (value.ptr == NULL) {
        if (entry != NULL)
            *entry = metadata->entries[--metadata->count];
        return;
    }
    if (entry == NULL) {
        SIM_CHECK(client, metadata->count < SIM_ENTRIES);
        entry = &metadata->entries[metadata->count++];
    }
    *entry = (struct sim_entry){.mbox = mbox, .name = name};
    SIM_CHECK(client, value.len < SIM_VALUE);
    memcpy(entry->value, value.ptr, value.len);
}

/* The value in the store, in buf. .ptr NULL: there is none. */
static struct span
value_now(struct sim_client *client, struct store_tx *tx, uint64_t mbox, unsigned name,
          struct buf *buf)
{
    const struct metadata_of of = {.mbox = mbox};

    buf_clear(buf);
    const enum rc rc = store_metadata_read(tx, &of, names[name], buf, &client->err);
    SIM_CHECK(client, rc == RC_OK || rc == RC_NOT_FOUND);
    return rc == RC_OK ? buf_span(buf) : (struct span){NULL, 0};
}

static void
ask(struct sim_client *client, struct store_tx *tx, uint64_t mbox, unsigned name)
{
    AUTO_BUF buf = {0};

    buf_init(&buf, 1 << 10);
    believe(client, mbox, name, value_now(client, tx, mbox, name, &buf));
}

static unsigned
number_of(struct sim_client *client, struct span name)
{
    for (unsigned i = 0; i < NAMES; i++)
        if (span_ieq(names[i], name))
            return i;
    SIM_CHECK(client, name.len == 0);
    return 0;
}

/* ---- being told ---- */

/* Fetches everything, once. */
static void
ask_for_all(struct sim_client *client)
{
    struct store_tx *tx = sim_read(client);
    struct mbox_row *rows;
    size_t count;

    SIM_CHECK(client, store_modseq(tx, &client->metadata.told_modseq, &client->err) == RC_OK);
    SIM_CHECK(client,
              store_mbox_list(tx, &client->arena, &rows, &count, &client->err) == RC_OK);
    for (unsigned name = 0; name < NAMES; name++) {
        ask(client, tx, 0, name);
        for (size_t i = 0; i < count; i++)
            ask(client, tx, rows[i].id, name);
    }
    store_end(tx);
    client->metadata.knows = true;
}

/* Reads rows up to upto. Returns how many there are. */
static size_t
told(struct sim_client *client, struct store_tx *tx, const struct metadata_of *of,
     uint64_t upto)
{
    const struct metadata_since since = {of, client->metadata.told_modseq};
    struct metadata_row *rows;
    size_t count;

    SIM_CHECK(client, store_metadata_since(tx, &since, &client->arena, &rows, &count,
                                           &client->err) == RC_OK);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].modseq > upto)
            continue;
        ask(client, tx, rows[i].of.mbox, number_of(client, rows[i].name));
        client->metadata.told++;
    }
    return count;
}

static bool
is_gone(struct sim_client *client, struct store_tx *tx, uint64_t mbox)
{
    struct mbox_row row;

    return mbox != 0 && store_mbox_get(tx, mbox, &client->arena, &row, NULL) == RC_NOT_FOUND;
}

void
sim_metadata_look(struct sim_client *client)
{
    struct sim_metadata *metadata = &client->metadata;
    struct metadata_changes changes;

    if (!metadata->knows) {
        ask_for_all(client);
        return;
    }
    if (!account_metadata_changed(client->acct, metadata->told_modseq))
        return;
    account_metadata_changes(client->acct, metadata->told_modseq, &changes);
    SIM_CHECK(client, changes.everywhere || changes.count > 0);
    struct store_tx *tx = sim_read(client);
    uint64_t modseq = 0;
    /* Nobody is told of a modseq that the rows do not have (INV-S24). */
    SIM_CHECK(client, store_modseq(tx, &modseq, &client->err) == RC_OK);
    SIM_CHECK(client, changes.upto <= modseq);
    if (changes.everywhere)
        (void)told(client, tx, NULL, changes.upto);
    for (size_t i = 0; !changes.everywhere && i < changes.count; i++) {
        const struct metadata_of of = {.mbox = changes.mboxes[i]};
        /* Memory names a place only if something has changed there. */
        SIM_CHECK(client, told(client, tx, &of, changes.upto) > 0 ||
                              is_gone(client, tx, changes.mboxes[i]));
    }
    store_end(tx);
    metadata->told_modseq = changes.upto;
}

/* ---- the truth ---- */

/* Deleted mailboxes are forgotten. */
static void
keep_those_of(struct sim_metadata *metadata, const struct mbox_row *rows, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < metadata->count; i++) {
        bool is_there = metadata->entries[i].mbox == 0;
        for (size_t r = 0; r < count; r++)
            is_there |= rows[r].id == metadata->entries[i].mbox;
        if (is_there)
            metadata->entries[kept++] = metadata->entries[i];
    }
    metadata->count = kept;
}

static void
compare_one(struct sim_client *client, struct store_tx *tx, uint64_t mbox)
{
    AUTO_BUF buf = {0};

    buf_init(&buf, 1 << 10);
    for (unsigned name = 0; name < NAMES; name++) {
        const struct sim_entry *entry = believed(&client->metadata, mbox, name);
        const struct span value = value_now(client, tx, mbox, name, &buf);
        SIM_CHECK(client, (entry != NULL) == (value.ptr != NULL));
        SIM_CHECK(client, entry == NULL || span_eq_str(value, entry->value));
    }
}

void
sim_metadata_compare(struct sim_client *client)
{
    struct sim_metadata *metadata = &client->metadata;
    const bool comparing = client->comparing;
    struct mbox_row *rows;
    size_t count;

    if (!metadata->knows || account_metadata_changed(client->acct, metadata->told_modseq))
        return;
    client->comparing = true;
    struct store_tx *tx = sim_read(client);
    SIM_CHECK(client,
              store_mbox_list(tx, &client->arena, &rows, &count, &client->err) == RC_OK);
    compare_one(client, tx, 0);
    for (size_t i = 0; i < count; i++)
        compare_one(client, tx, rows[i].id);
    keep_those_of(metadata, rows, count);
    store_end(tx);
    client->comparing = comparing;
}
