/* SPDX-License-Identifier: MIT */
/* The sessions of mailbox_sim.h: connecting, being told, and what they believe. What they do is
 * in mailbox_sim_ops.c. */
#include "support/mailbox_sim.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "store/engine_sqlite.h"
#include "support/mailbox_sim_private.h"
#include "support/seam_engine.h"

/* --- The house --- */

static void
remember_nothing(void *ctx, uint64_t account_id, const char *report)
{
    (void)ctx;
    (void)account_id;
    (void)report;
}

void
sim_open(struct sim *sim, const char *where)
{
    struct err err = {.rc = RC_OK};

    tmpdir_make_in(&sim->dir, where);
    const struct sqlite_options options = {
        .dir = sim->dir.path,
        .store.clock = &clock_system,
        .max_open_fds = 60,
        .store.undelete_retention_s = INT64_C(14) * 86400,
        .store.undelete_max_octets = 300, /* so that purging has something to do */
        .store.keywords_crowded = 1,      /* the same for keywords */
        .store.report = remember_nothing,
    };
    const struct seam_options seam = {
        .sqlite = options,
        .wakes = sim->threads ? SEAM_WAKE_LATER : SEAM_WAKE_AT_ONCE,
        .elsewhere_percent = 15,
        .seed = sim->seed,
    };
    CHECK((sim->engine == SIM_SEAM ? store_open_seam(&seam, &sim->store, &err)
                                   : store_open_sqlite(&options, &sim->store, &err)) == RC_OK);
    CHECK(accounts_new(sim->store, &clock_system, &sim->accounts) == RC_OK);
    if (sim->threads)
        store_listen(sim->store, accounts_changed_elsewhere, sim->accounts);
}

void
sim_quiet(struct sim *sim, bool quiet)
{
    if (sim->engine == SIM_SEAM)
        seam_quiet(sim->store, quiet);
}

void
sim_close(struct sim *sim)
{
    store_listen(sim->store, NULL, NULL);
    accounts_free(sim->accounts);
    store_close(sim->store);
    tmpdir_remove(&sim->dir);
}

void
sim_failed(const struct sim_client *client, const char *what, int line)
{
    fprintf(stderr, "sim: seed %ju step %ju line %d: %s (%s)\n", (uintmax_t)client->seed,
            (uintmax_t)client->step, line, what, client->err.text);
    abort();
}

/* --- Waiting --- */

static void
on_wake(void *ctx, uint64_t id)
{
    struct sim_client *client = ctx;
    (void)id;

    pthread_mutex_lock(&client->mutex);
    client->wakes++;
    pthread_cond_signal(&client->cond);
    pthread_mutex_unlock(&client->mutex);
}

static void
on_news(void *ctx, uint64_t id)
{
    struct sim_client *client = ctx;
    (void)id;

    atomic_store(&client->woken, true);
}

struct wake
sim_wake(struct sim_client *client)
{
    return (struct wake){on_wake, client, 0};
}

void
sim_wait(struct sim_client *client)
{
    pthread_mutex_lock(&client->mutex);
    /* If we are alone, nobody will wake us later, so the engine must have done so already. */
    SIM_CHECK(client, client->sim->threads || client->wakes > 0);
    while (client->wakes == 0)
        pthread_cond_wait(&client->cond, &client->mutex);
    client->wakes--;
    pthread_mutex_unlock(&client->mutex);
}

void
sim_turn(struct sim_client *client, struct turn_req *req)
{
    while (turn_run(client->acct, req) == RC_AGAIN)
        sim_wait(client);
}

void
sim_catch_up(struct sim_client *client)
{
    struct turn_req look;
    bool behind = false;
    enum rc rc;

    while ((rc = turn_is_behind(client->acct, sim_wake(client), &behind, &client->err)) ==
           RC_AGAIN)
        sim_wait(client);
    SIM_CHECK(client, rc == RC_OK);
    if (!behind)
        return;
    turn_look_init(&look, sim_wake(client));
    sim_turn(client, &look);
    SIM_CHECK(client, look.result == RC_OK);
}

struct store_tx *
sim_read(struct sim_client *client)
{
    struct store_tx *tx = NULL;
    enum rc rc;

    while ((rc = store_read_begin(account_store(client->acct), sim_wake(client), &tx,
                                  &client->err)) == RC_AGAIN)
        sim_wait(client);
    SIM_CHECK(client, rc == RC_OK);
    uint32_t from = 1; /* the first statement fixes the snapshot */
    struct entry row;
    size_t count;
    SIM_CHECK(client, store_entries_read(tx, 1, &from, &row, 1, &count, &client->err) == RC_OK);
    if (client->view.mailbox != NULL)
        sim_meddle(client);
    return tx;
}

/* --- Believing --- */

static void
forget(struct sim_client *client, uint32_t seq)
{
    SIM_CHECK(client, seq >= 1 && seq <= client->count);
    client->count--;
    memmove(&client->known[seq - 1], &client->known[seq],
            (client->count - (seq - 1)) * sizeof client->known[0]);
}

/* A message about which nothing was asked may have any UID between those of its neighbours. */
static uint32_t
seq_of(const struct sim_client *client, uint32_t uid)
{
    uint32_t unknown = 0;

    for (uint32_t i = 0; i < client->count && client->known[i].uid <= uid; i++) {
        if (client->known[i].uid == uid)
            return i + 1;
        unknown = client->known[i].uid == 0 ? i + 1 : 0;
    }
    return unknown;
}

static void
believe_vanished(struct sim_client *client, const struct sync_event *event)
{
    uint32_t last = 0;

    for (size_t i = 0; i < event->run_count; i++) {
        const struct uid_run run = event->runs[i];
        SIM_CHECK(client, run.first <= run.last && (i == 0 || run.first > last + 1));
        last = run.last;
        if (event->run_count == 1 && run.first == 1 && client->count > 0 &&
            client->view.members ==
                /* the mailbox was deleted while the view slept: everything that may have been
                 * there */
                NULL) {
            client->count = 0;
            return;
        }
        for (uint32_t uid = run.first; uid <= run.last; uid++) {
            forget(client, seq_of(client, uid));
        }
    }
}

const struct span sim_keywords[SIM_KEYWORDS] = {
    SPAN_INIT("$Forwarded"), SPAN_INIT("$Junk"),   SPAN_INIT("red"),
    SPAN_INIT("Blue"),       SPAN_INIT("green"),   SPAN_INIT("elsewhere"),
    SPAN_INIT("$Label1"),    SPAN_INIT("NonJunk"), SPAN_INIT("yellow"),
};

static uint64_t
mask_of(struct sim_client *client, struct span name)
{
    for (unsigned i = 0; i < SIM_KEYWORDS; i++)
        if (span_ieq(sim_keywords[i], name))
            return UINT64_C(1) << i;
    SIM_CHECK(client, name.len == 0);
    return 0;
}

uint64_t
sim_keyword_mask(struct sim_client *client, const struct keywords *bits,
                 const struct keyword_names *names)
{
    uint64_t mask = 0;

    for (size_t i = 0; i < names->count; i++)
        if ((bits->bits[i / 64] >> i % 64 & 1) != 0)
            mask |= mask_of(client, names->names[i]);
    return mask;
}

/* FLAGS was sent with these names. */
static void
believe_keywords(struct sim_client *client, const struct keyword_names *names)
{
    const uint64_t before = client->announced;

    client->announced = 0;
    for (size_t i = 0; i < names->count; i++) {
        const uint64_t name = mask_of(client, names->names[i]);
        SIM_CHECK(client, (client->announced & name) == 0);
        client->announced |= name;
        client->renumbered +=
            name != 0 && client->numbers[i] != 0 && client->numbers[i] != name;
        if (name != 0)
            client->numbers[i] = name;
    }
    client->retired += (before & ~client->announced) != 0;
}

/* Present names of keywords in a mailbox, in the arena of the command. */
static struct keyword_names
names_now(struct sim_client *client, struct arena *arena)
{
    struct keyword_names names;

    SIM_CHECK(client, mailbox_keywords(client->view.mailbox, arena, &names) == RC_OK);
    return names;
}

/* The message that an event tells of, with its modseq. */
static struct sim_message *
believe_told(struct sim_client *client, const struct sync_event *event)
{
    SIM_CHECK(client, event->seq >= 1 && event->seq <= client->count);
    struct sim_message *message = &client->known[event->seq - 1];
    SIM_CHECK(client, message->uid == 0 || message->uid == event->entry.uid);
    SIM_CHECK(client, event->entry.modseq >= message->modseq);
    message->modseq = message->seen_modseq = event->entry.modseq;
    message->told = true;
    return message;
}

static void
believe_flags(struct sim_client *client, const struct sync_event *event)
{
    struct sim_message *message = believe_told(client, event);

    message->uid = event->entry.uid;
    message->flags = event->entry.flags;
    message->keywords = sim_keyword_mask(client, &event->entry.keywords, &client->names);
    SIM_CHECK(client, (message->keywords & ~client->announced) == 0);
}

/* The modseq alone: the client keeps its flags, so they must be those of the entry. Keywords
 * have the names of before the sync, when its own STORE had been made: as soon as the sync has
 * begun, others can take them away, and what the client is told of that comes later. */
static void
believe_modseq(struct sim_client *client, const struct sync_event *event)
{
    const struct keywords *bits = &event->entry.keywords;

    if (event->seq <= client->count && client->known[event->seq - 1].uid == 0) {
        believe_flags(client, event);
        return;
    }
    const struct sim_message *message = believe_told(client, event);
    SIM_CHECK(client, message->flags == event->entry.flags);
    SIM_CHECK(client,
              message->keywords == sim_keyword_mask(client, bits, &client->names_before));
}

static void
believe(struct sim_client *client, const struct sync_event *event)
{
    client->events++;
    switch (event->kind) {
    case SYNC_DONE:
        break;
    case SYNC_EXPUNGE:
        forget(client, event->seq);
        break;
    case SYNC_VANISHED:
        believe_vanished(client, event);
        break;
    case SYNC_EXISTS:
        SIM_CHECK(client, event->count > client->count && event->count <= SIM_MESSAGES);
        for (uint32_t i = client->count; i < event->count; i++)
            client->known[i] = (struct sim_message){.uid = 0};
        client->count = event->count;
        break;
    case SYNC_RECENT:
        SIM_CHECK(client, event->count != client->recent && event->count <= client->count);
        client->recent = event->count;
        break;
    case SYNC_KEYWORDS:
        believe_keywords(client, &client->names);
        break;
    case SYNC_FLAGS:
        believe_flags(client, event);
        break;
    case SYNC_MODSEQ:
        believe_modseq(client, event);
        break;
    case SYNC_GONE:
        SIM_CHECK(client, client->count == 0 && !client->gone);
        client->gone = true;
        break;
    }
}

bool
sim_awake(struct sim_client *client)
{
    enum rc rc = view_awake(&client->view, NULL, &client->err);

    if (rc == RC_AGAIN) {
        struct store_tx *tx = sim_read(client);
        rc = view_awake(&client->view, tx, &client->err);
        store_end(tx);
        client->rebuilt++;
    }
    SIM_CHECK(client, rc == RC_OK || rc == RC_GONE);
    return rc == RC_OK;
}

/* Fetches what the client does not know, as a client does after EXISTS, and compares numbers
 * with UIDs. */
void
sim_fetch(struct sim_client *client)
{
    if (!sim_awake(client))
        return;
    const struct version *members = client->view.members;
    SIM_CHECK(client, version_count(members) == client->count);
    SIM_CHECK(client, client->view.exists == client->count);
    const struct keyword_names names = names_now(client, &client->arena);
    if (names.serial != view_keywords(&client->view)) {
        believe_keywords(client, &names);
        view_keywords_told(&client->view, names.serial);
    }
    uint32_t last = 0;
    for (uint32_t i = 0; i < client->count; i++) {
        struct entry entry;
        struct sim_message *message = &client->known[i];
        version_entry(members, i + 1, &entry);
        SIM_CHECK(client, entry.uid > last && entry.uid < client->view.uid_bound);
        last = entry.uid;
        if (message->uid ==
            0) /* newest flags: a sync tells later changes, perhaps this one too */
            *message = (struct sim_message){
                .uid = entry.uid,
                .flags = entry.flags,
                .keywords = sim_keyword_mask(client, &entry.keywords, &names),
                .modseq = 0,
                .seen_modseq = entry.modseq};
        SIM_CHECK(client, message->uid == entry.uid);
        /* The same as seen before: no bit has another name now. */
        SIM_CHECK(client, message->seen_modseq != entry.modseq ||
                              (sim_keyword_mask(client, &entry.keywords, &names) &
                               ~message->keywords) == 0);
    }
}

/* --- Syncing --- */

void
sim_sync_begin(struct sim_client *client, enum sync_mode mode)
{
    arena_reset(&client->sync_arena);
    client->parked = false;
    client->mode = mode;
    client->finishes = client->view.partial;
    client->echoes = client->view.echo != NULL;
    client->names_before = names_now(client, &client->sync_arena);
    enum rc rc =
        sync_begin(&client->view, NULL, mode, &client->sync_arena, &client->sync, &client->err);
    if (rc == RC_AGAIN) {
        struct store_tx *tx = sim_read(client);
        rc = sync_begin(&client->view, tx, mode, &client->sync_arena, &client->sync,
                        &client->err);
        store_end(tx);
        client->rebuilt++;
    }
    SIM_CHECK(client, rc == RC_OK);
    sim_meddle_names(client);
    client->names = names_now(client, &client->sync_arena);
    client->syncs++;
    for (uint32_t i = 0; i < client->count; i++)
        client->known[i].told = false;
}

static bool
is_echoed(const struct sim_client *client, uint32_t uid)
{
    for (size_t i = 0; client->echoes && i < client->echo.count; i++)
        if (uid >= client->echo.runs[i].first && uid <= client->echo.runs[i].last)
            return true;
    return false;
}

/* Whether the client's own STORE has just made this change. */
static bool
is_own(const struct sim_client *client, const struct entry *entry)
{
    const struct view_echo *echo = client->view.echo;

    return echo != NULL && echo->own_modseq != 0 && entry->modseq == echo->own_modseq;
}

/* Whether the mode and view.tells allow this to be told. */
static bool
may_be_told(const struct sim_client *client, const struct sync_event *event)
{
    switch (event->kind) {
    case SYNC_EXPUNGE:
    case SYNC_VANISHED:
    case SYNC_GONE:
        return client->mode >= SYNC_ALL &&
               (client->view.tells >= VIEW_TELLS_COUNTS || client->finishes);
    case SYNC_EXISTS:
    case SYNC_RECENT:
        return client->mode != SYNC_NO_NEWS &&
               (client->view.tells >= VIEW_TELLS_COUNTS || client->finishes);
    case SYNC_FLAGS:
    case SYNC_MODSEQ:
        return client->view.tells >= VIEW_TELLS_ALL || is_echoed(client, event->entry.uid) ||
               is_own(client, &event->entry);
    case SYNC_KEYWORDS:
    case SYNC_DONE:
        break;
    }
    return true;
}

static void
over(struct sim_client *client)
{
    client->sync = NULL;
    client->view.tells = VIEW_TELLS_ALL;
    SIM_CHECK(client, client->view.exists == client->count);
    SIM_CHECK(client, client->gone || client->view.recent_told == client->recent);
}

/* Handles at most max events. True: the sync is over. */
bool
sim_sync_run(struct sim_client *client, uint64_t max)
{
    struct sync_event event;

    for (uint64_t i = 0; i < max; i++) {
        sync_next(client->sync, &event);
        SIM_CHECK(client, may_be_told(client, &event));
        believe(client, &event);
        if (event.kind == SYNC_DONE) {
            over(client);
            return true;
        }
    }
    return false;
}

void
sim_sync(struct sim_client *client, enum sync_mode mode)
{
    sim_sync_begin(client, mode);
    sim_sync_run(client, UINT64_MAX);
}

/* Finishes the sync under way or breaks it off. */
void
sim_sync_over(struct sim_client *client, bool break_off)
{
    if (client->sync == NULL)
        return;
    if (break_off) {
        sync_end(client->sync);
        over(client);
    } else {
        sim_sync_run(client, UINT64_MAX);
    }
}

/* --- Beginning and end --- */

void
sim_unselect(struct sim_client *client)
{
    if (client->view.mailbox == NULL)
        return;
    sim_sync_over(client, rng_below(&client->rng, 2) == 0);
    hub_unwatch(&client->watch);
    view_done(&client->view);
    client->count = client->recent = 0;
    client->gone = false;
}

void
sim_select(struct sim_client *client, struct span name)
{
    struct mailbox *mailbox;
    enum rc rc;

    sim_unselect(client);
    while ((rc = mailbox_open(client->acct, sim_wake(client), name, &mailbox, &client->err)) ==
           RC_AGAIN)
        sim_wait(client);
    if (rc == RC_NOT_FOUND)
        return;
    SIM_CHECK(client, rc == RC_OK);
    struct mailbox_state state;
    mailbox_state(mailbox, &state);
    atomic_store(&client->woken, false);
    const struct watch_filter filter = {
        .events = WATCH_ALL, .mboxes = &state.mbox, .mbox_count = 1};
    hub_watch(client->acct, &client->watch, &filter, (struct wake){on_news, client, 0});
    view_init(&client->view, mailbox,
              rng_below(&client->rng, 3) == 0 ? VIEW_READ_ONLY : VIEW_READ_WRITE);
    client->vanished = rng_below(&client->rng, 3) == 0;
    client->count = client->view.exists;
    SIM_CHECK(client, client->count <= SIM_MESSAGES);
    for (uint32_t i = 0; i < client->count; i++)
        client->known[i] = (struct sim_message){.uid = 0};
    client->announced = 0;
    memset(client->numbers, 0, sizeof client->numbers);
    const struct keyword_names names = names_now(client, &client->arena);
    believe_keywords(client, &names);

    rc = view_count_recent(&client->view, NULL, &client->err);
    if (rc == RC_AGAIN) {
        struct store_tx *tx = sim_read(client);
        rc = view_count_recent(&client->view, tx, &client->err);
        store_end(tx);
    }
    SIM_CHECK(client, rc == RC_OK || rc == RC_GONE);
    client->recent = client->view.recent_told;
}

void
sim_client_init(struct sim_client *client, struct sim *sim, uint64_t seed)
{
    memset(client, 0, sizeof *client);
    client->sim = sim;
    client->seed = seed;
    rng_seed(&client->rng, seed);
    arena_init(&client->arena, 64 << 20);
    arena_init(&client->sync_arena, 1 << 20);
    pthread_mutex_init(&client->mutex, NULL);
    pthread_cond_init(&client->cond, NULL);
}

void
sim_disconnect(struct sim_client *client)
{
    sim_unselect(client);
    sim_metadata_forget(client);
    account_put(client->acct);
    client->acct = NULL;
}

void
sim_client_done(struct sim_client *client)
{
    sim_disconnect(client);
    arena_done(&client->arena);
    arena_done(&client->sync_arena);
    pthread_mutex_destroy(&client->mutex);
    pthread_cond_destroy(&client->cond);
}

/* --- Comparing --- */

/* Compares what the client believes with the store. Nobody else may act. */
void
sim_compare(struct sim_client *client)
{
    struct entry rows[64];
    uint32_t from = 1;
    uint32_t seq = 0;
    size_t count = 64;
    struct mailbox_state state;

    mailbox_state(client->view.mailbox, &state);
    if (client->gone || state.gone) {
        SIM_CHECK(client, client->gone && client->count == 0);
        return;
    }
    client->comparing = true;
    sim_fetch(client);
    struct store_tx *tx = sim_read(client);
    struct keyword_names names = {.serial = 0};
    SIM_CHECK(client, store_keywords(tx, state.mbox, &client->arena, &names.names, &names.count,
                                     &client->err) == RC_OK);
    while (count == 64) {
        const enum rc rc =
            store_entries_read(tx, state.mbox, &from, rows, 64, &count, &client->err);
        SIM_CHECK(client, rc == RC_OK);
        for (size_t i = 0; i < count; i++) {
            SIM_CHECK(client, seq < client->count);
            const struct sim_message *message = &client->known[seq++];
            SIM_CHECK(client, message->uid == rows[i].uid);
            SIM_CHECK(client, message->flags == rows[i].flags);
            SIM_CHECK(client,
                      message->keywords == sim_keyword_mask(client, &rows[i].keywords, &names));
        }
    }
    store_end(tx);
    client->comparing = false;
    SIM_CHECK(client, seq == client->count);
}

void
sim_client_settle(struct sim_client *client)
{
    if (client->acct == NULL || client->view.mailbox == NULL)
        return;
    sim_sync_over(client, false);
    client->comparing = true;
    sim_catch_up(client);
    sim_metadata_look(client);
    sim_metadata_compare(client);
    if (sync_is_due(&client->view))
        sim_sync(client, client->vanished ? SYNC_ALL_UIDS : SYNC_ALL);
    SIM_CHECK(client, !sync_is_due(&client->view));
    sim_compare(client);
    client->comparing = false;
}

static void
verify_mailbox(struct sim_client *client, const struct mbox_row *row)
{
    struct mailbox *mailbox;
    struct mailbox_state state;
    struct version *version;
    struct entry have;
    struct entry want;
    uint32_t from = 1;
    size_t got;

    enum rc rc;
    while ((rc = mailbox_open_id(client->acct, sim_wake(client), row->id, &mailbox,
                                 &client->err)) == RC_AGAIN)
        sim_wait(client);
    SIM_CHECK(client, rc == RC_OK);
    mailbox_state(mailbox, &state);
    SIM_CHECK(client, state.exists == row->exists && state.unseen == row->unseen);
    SIM_CHECK(client, state.deleted == row->deleted && state.octets == row->octets);
    SIM_CHECK(client, state.uidnext == row->uidnext && state.uidvalidity == row->uidvalidity);
    SIM_CHECK(client, state.highest_modseq == row->highest_modseq && !state.gone);
    SIM_CHECK(client, state.recent_from >= row->recent_from);
    struct store_tx *tx = sim_read(client);
    rc = mailbox_version(mailbox, tx, &version, &client->err);
    SIM_CHECK(client, rc == RC_OK);
    SIM_CHECK(client, version_count(version) == row->exists);
    SIM_CHECK(client, version_modseq(version) == row->highest_modseq);
    SIM_CHECK(client, version_uidnext(version) == row->uidnext);
    for (uint32_t seq = 1; seq <= row->exists; seq++) {
        rc = store_entries_read(tx, row->id, &from, &want, 1, &got, &client->err);
        SIM_CHECK(client, rc == RC_OK && got == 1);
        version_entry(version, seq, &have);
        SIM_CHECK(client, have.uid == want.uid && have.flags == want.flags);
        SIM_CHECK(client, have.modseq == want.modseq && have.message == want.message);
        SIM_CHECK(client, memcmp(&have.keywords, &want.keywords, sizeof have.keywords) == 0);
    }
    store_end(tx);
    version_unref(version);
    mailbox_put(mailbox);
}

void
sim_verify(struct sim *sim, struct account *acct)
{
    static struct sim_client client; /* only for its names */
    struct mbox_row *rows;
    size_t count;

    sim_client_init(&client, sim, 0);
    client.acct = acct;
    client.comparing = true;
    sim_catch_up(&client);
    struct store_tx *tx = sim_read(&client);
    SIM_CHECK(&client, store_mbox_list(tx, &client.arena, &rows, &count, &client.err) == RC_OK);
    AUTO_BUF findings = {0};
    buf_init(&findings, 1 << 16);
    if (store_verify(tx, &findings, &client.err) != RC_OK) {
        fprintf(stderr, "%.*s\n", SPAN_FMT(buf_span(&findings)));
        sim_failed(&client, "store_verify", __LINE__);
    }
    store_end(tx);
    for (size_t i = 0; i < count; i++)
        verify_mailbox(&client, &rows[i]);
    client.acct = NULL;
    sim_client_done(&client);
}
