/* SPDX-License-Identifier: MIT */
/*
 * Views: their life, waking (which version gives sequence numbers their meaning), and sets to
 * messages.
 *
 * INV-M5  The members of a view are the messages that were there at `modseq`: those still there
 * with a UID below uid_bound, and those expunged since. UIDs are never given again and no
 *         message comes back under its old one, so this is exact at any later time, as long as
 *         the rows of the expunged are kept (INV-M7).
 * INV-M7  Expunged rows that a living view still names are not purged: the account knows the
 *         lowest modseq that a view with pending expunges stands at (view_keep_modseq). A
 * view reads the state it begins with and is listed in one step, so no purge falls between.
 *
 * INV-M13 A number of a keyword is given to another name only when no view has its bit: each
 *         stands at a modseq from which on no message bears it, and its client was told FLAGS
 *         without it. What a view looks at is as new as that modseq (its members, and whatever
 * a command or sync loads later); the names that it translates bits with were read no earlier
 * than the serial that counts as told.
 *
 * Thread: the session that owns the view.
 */
#include "mailbox/view.h"

#include "base/check.h"
#include "base/limits.h"
#include "mailbox/account_private.h"
#include "mailbox/version_private.h"

enum {
    VIEW_ARENA = 512 << 20, /* expunged rows of one rebuild: some 3 million */
    RECENT_BATCH = 256,     /* entries read at once to count \Recent ones */
    RECENT_MAX = 2048,      /* above it the version is loaded: somebody will want it anyway */
};

void
view_init(struct view *view, struct mailbox *mailbox, enum view_mode mode)
{
    struct account *acct = mailbox->acct;
    const struct mailbox_state *state = &mailbox->state;

    *view = (struct view){.mailbox = mailbox, .mode = (uint8_t)mode, .tells = VIEW_TELLS_ALL};
    lock_enter(mailboxes_lock(acct));
    view->modseq = state->highest_modseq;
    view->flags_modseq = state->highest_modseq;
    view->exists = state->exists;
    view->uid_bound = state->uidnext;
    view->recent_from = state->recent_from;
    if (mode == VIEW_READ_WRITE)
        mailbox->state.recent_from = state->uidnext;
    atomic_init(&view->kept, view->modseq);
    atomic_init(&view->keywords, state->keyword_serial);
    list_push_back(&acct->views, &view->link);
    lock_leave(mailboxes_lock(acct));
}

/* The lock is held. What FLAGS says of the mailbox; serials mean nothing to another process. */
static uint64_t
keywords_digest(const struct mailbox *mailbox)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (uint32_t i = 0; i < mailbox->state.keyword_count; i++)
        for (const char *at = mailbox->keywords[i];; at++) {
            digest = (digest ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
            if (*at == '\0')
                break;
        }
    return digest == 0 ? 1 : digest;
}

bool
view_save(struct view *view, struct view_saved *saved_out)
{
    struct account *acct = view->mailbox->acct;

    lock_enter(mailboxes_lock(acct));
    const struct mailbox_state state = view->mailbox->state;
    const uint64_t keywords =
        state.keyword_serial == view_keywords(view) ? keywords_digest(view->mailbox) : 0;
    lock_leave(mailboxes_lock(acct));
    if (state.gone || view->gone || view->partial || view->broken || view->echo != NULL)
        return false;
    *saved_out = (struct view_saved){
        .mbox = state.mbox,
        .modseq = view->modseq,
        .flags_modseq = view->flags_modseq,
        .silent_modseq = view->silent_modseq,
        .uidvalidity = state.uidvalidity,
        .exists = view->exists,
        .recent = view->recent,
        .recent_told = view->recent_told,
        .uid_bound = view->uid_bound,
        .recent_from = view->recent_from,
        .keywords = keywords,
        .read_only = view->mode == VIEW_READ_ONLY,
    };
    return true;
}

enum rc
view_resume(struct view *view, struct mailbox *mailbox, const struct view_saved *saved,
            struct err *err)
{
    struct account *acct = mailbox->acct;
    struct mailbox_state *state = &mailbox->state;
    enum rc rc = RC_OK;

    *view = (struct view){
        .mailbox = mailbox,
        .mode = saved->read_only ? VIEW_READ_ONLY : VIEW_READ_WRITE,
        .tells = VIEW_TELLS_ALL,
        .modseq = saved->modseq,
        .flags_modseq = saved->flags_modseq,
        .silent_modseq = saved->silent_modseq,
        .exists = saved->exists,
        .recent = saved->recent,
        .recent_told = saved->recent_told,
        .uid_bound = saved->uid_bound,
        .recent_from = saved->recent_from,
    };
    atomic_init(&view->kept, view->modseq);
    atomic_init(&view->keywords, 0);
    lock_enter(mailboxes_lock(acct));
    if (state->uidvalidity != saved->uidvalidity || state->highest_modseq < saved->modseq ||
        state->uidnext < saved->uid_bound) {
        rc = RC_CORRUPT;
    } else {
        /* What happened between the view and now, before this mailbox was in memory, nobody
         * here has seen: it may have been anything, and the store knows. */
        if (state->last_expunge_modseq == 0 && state->highest_modseq > view->modseq)
            state->last_expunge_modseq = state->highest_modseq;
        if (state->last_flags_modseq == 0 && state->highest_modseq > view->flags_modseq)
            state->last_flags_modseq = state->highest_modseq;
        if (keywords_digest(mailbox) == saved->keywords)
            view_keywords_told(view, state->keyword_serial);
        list_push_back(&acct->views, &view->link);
    }
    lock_leave(mailboxes_lock(acct));
    if (rc == RC_OK)
        return RC_OK;
    *view = (struct view){.mailbox = NULL};
    return err_set(err, rc, 0, "mailbox %ju is not the one that was left",
                   (uintmax_t)saved->mbox);
}

void
view_done(struct view *view)
{
    if (view->mailbox == NULL)
        return;
    struct account *acct = view->mailbox->acct;

    lock_enter(mailboxes_lock(acct));
    list_remove(&view->link);
    lock_leave(mailboxes_lock(acct));
    version_unref(view->members);
    mailbox_put(view->mailbox);
    *view = (struct view){.mailbox = NULL};
}

uint64_t
view_keep_modseq(const struct turn_ctx *ctx)
{
    struct account *acct = ctx->acct;
    /* What this batch has expunged, views learn of after its commit. */
    uint64_t keep = change_log_first_expunge(ctx->changes) - 1;

    lock_enter(mailboxes_lock(acct));
    LIST_FOR_EACH (node, &acct->views) {
        const struct view *view = CONTAINER_OF(node, struct view, link);
        const uint64_t modseq = atomic_load_explicit(&view->kept, memory_order_relaxed);
        const struct mailbox_state *state = &view->mailbox->state;
        const bool gone = state->gone || change_log_has_gone(ctx->changes, state->mbox);
        /* A view that knows of all expunges names no expunged row, however old its modseq. */
        if ((gone || state->last_expunge_modseq > modseq) && modseq < keep)
            keep = modseq;
    }
    lock_leave(mailboxes_lock(acct));
    return keep;
}

bool
view_keywords_settled(const struct turn_ctx *ctx, uint64_t mbox)
{
    struct account *acct = ctx->acct;
    /* What this batch has retired, views learn of after its commit. */
    bool settled = !change_log_has_retired(ctx->changes, mbox);

    lock_enter(mailboxes_lock(acct));
    LIST_FOR_EACH (node, &acct->views) {
        const struct view *view = CONTAINER_OF(node, struct view, link);
        const struct mailbox *mailbox = view->mailbox;
        if (mailbox->state.mbox == mbox && !mailbox->state.gone &&
            (view_keywords(view) < mailbox->retired_serial ||
             atomic_load_explicit(&view->kept, memory_order_relaxed) < mailbox->retired_modseq))
            settled = false;
    }
    lock_leave(mailboxes_lock(acct));
    return settled;
}

/* --- Waking --- */

static struct entry *
entries_of_expunged(const struct expunged_row *rows, size_t count, struct arena *arena)
{
    struct entry *entries = arena_array(arena, struct entry, count + 1);

    for (size_t i = 0; entries != NULL && i < count; i++)
        entries[i] = (struct entry){
            .uid = rows[i].uid,
            .flags = rows[i].flags,
            .keywords = rows[i].keywords,
            .modseq = rows[i].modseq,
            .message = rows[i].message,
            .octets = rows[i].octets,
            .internaldate_s = rows[i].internaldate_s,
            .internaldate_zone_min = rows[i].internaldate_zone_min,
            .savedate_s = rows[i].savedate_s,
        };
    return entries;
}

/* A version not newer than the snapshot: what the snapshot calls expunged is not in it, or can
 * be told from it by its UID. The current one serves if it is old enough. */
static enum rc
base_version(struct view *view, struct store_tx *tx, uint64_t snapshot_modseq,
             struct version **out, struct err *err)
{
    struct version *version;
    const enum rc rc = mailbox_version(view->mailbox, tx, &version, err);

    if (rc != RC_OK)
        return rc;
    if (version->modseq >= view->modseq && version->modseq <= snapshot_modseq) {
        *out = version;
        return RC_OK;
    }
    version_unref(version); /* a commit since the snapshot began, or one not yet published */
    return mailbox_load(view->mailbox, tx, out, err);
}

/* The messages of the version that the view can have; the version itself if these are all.
 * NULL: no memory. */
static struct version *
below_bound(const struct view *view, struct version *version)
{
    if (version_last_uid(version) >= view->uid_bound)
        return version_prefix(version, view->uid_bound);
    version_ref(version);
    return version;
}

/* INV-M5: entries below the bound, and those expunged since. */
static enum rc
rebuild(struct view *view, struct store_tx *tx, struct version **out, struct err *err)
{
    const uint64_t mbox = view->mailbox->state.mbox;
    AUTO_ARENA arena = {0};
    struct mbox_row row;
    struct version *base;
    struct expunged_row *expunged;
    size_t count;

    arena_init(&arena, VIEW_ARENA);
    enum rc rc = store_mbox_get(tx, mbox, &arena, &row, err);
    if (rc != RC_OK)
        return rc == RC_NOT_FOUND ? RC_GONE : rc;
    if (row.highest_modseq < view->modseq)
        return err_set(err, RC_AGAIN, 0, "the snapshot is older than the view");
    rc = base_version(view, tx, row.highest_modseq, &base, err);
    if (rc != RC_OK)
        return rc;
    if (base->modseq == view->modseq) { /* and so the view can share it with others */
        *out = below_bound(view, base);
        version_unref(base);
        return *out == NULL ? err_set(err, RC_LIMIT, 0, "no memory for a view") : RC_OK;
    }
    rc = store_expunged_since(tx, &(struct expunged_req){mbox, view->modseq, view->uid_bound},
                              &arena, &expunged, &count, err);
    if (rc != RC_OK) {
        version_unref(base);
        return rc == RC_GONE
                   ? err_set(err, RC_CORRUPT, 0, "mailbox %ju: expunges since %ju purged",
                             (uintmax_t)mbox, (uintmax_t)view->modseq)
                   : rc;
    }
    struct version *present = version_prefix(base, view->uid_bound);
    const struct entry *entries = entries_of_expunged(expunged, count, &arena);
    version_unref(base);
    *out = present == NULL || entries == NULL
               ? NULL
               : version_insert(present, entries, count, view->modseq, view->uid_bound);
    version_unref(present);
    return *out == NULL ? err_set(err, RC_LIMIT, 0, "no memory for a view") : RC_OK;
}

/* From the version in memory, when it tells: nothing was expunged since. */
static struct version *
members_in_memory(const struct view *view, const struct mailbox_state *state,
                  struct version *current)
{
    if (current == NULL || current->modseq < view->modseq)
        return NULL;
    if (current->modseq != view->modseq &&
        (current->modseq != state->highest_modseq || state->last_expunge_modseq > view->modseq))
        return NULL;
    return below_bound(view, current);
}

enum rc
view_awake(struct view *view, struct store_tx *tx, struct err *err)
{
    struct mailbox_state state;
    struct version *current;
    enum rc rc = RC_OK;

    if (view->members != NULL)
        return RC_OK;
    if (view->broken)
        return err_set(err, RC_LIMIT, 0, "the view was lost for lack of memory");
    mailbox_look(view->mailbox, &state, &current);
    struct version *members = state.gone ? NULL : members_in_memory(view, &state, current);
    version_unref(current);
    if (state.gone || view->gone)
        return err_set(err, RC_GONE, 0, "mailbox %ju: deleted", (uintmax_t)state.mbox);
    if (members == NULL) {
        if (tx == NULL)
            return RC_AGAIN;
        rc = rebuild(view, tx, &members, err);
    }
    if (rc != RC_OK)
        return rc;
    if (members->count != view->exists) {
        rc = err_set(err, RC_CORRUPT, 0, "mailbox %ju: %u messages of a view are %u now",
                     (uintmax_t)state.mbox, view->exists, members->count);
        version_unref(members);
        return rc;
    }
    view->members = members;
    return RC_OK;
}

enum rc
view_awake_gone(struct view *view, struct store_tx *tx, struct err *err)
{
    const uint64_t mbox = view->mailbox->state.mbox; /* never changes */
    AUTO_ARENA arena = {0};
    struct builder builder;
    struct mbox_row row;
    struct expunged_row *expunged;
    size_t count;

    arena_init(&arena, VIEW_ARENA);
    enum rc rc = store_mbox_get(tx, mbox, &arena, &row, err);
    if (rc == RC_OK)
        return err_set(err, RC_AGAIN, 0, "the snapshot is older than the end of the mailbox");
    if (rc == RC_NOT_FOUND)
        rc = store_expunged_since(tx,
                                  &(struct expunged_req){mbox, view->modseq, view->uid_bound},
                                  &arena, &expunged, &count, err);
    if (rc != RC_OK)
        return rc;
    if (count != view->exists && !(view->partial && count > view->exists))
        return err_set(err, RC_CORRUPT, 0, "deleted mailbox %ju: %u messages of a view are %zu",
                       (uintmax_t)mbox, view->exists, count);
    count = view->exists; /* EXPUNGE of the last ones may have been told by number */
    const struct entry *entries = entries_of_expunged(expunged, count, &arena);
    builder_init(&builder, 0, view->exists);
    for (size_t i = 0; entries != NULL && i < count; i++)
        builder_entry(&builder, &entries[i]);
    struct version *members = builder_finish(&builder, view->modseq, view->uid_bound);
    if (entries == NULL || members == NULL) {
        version_unref(members);
        return err_set(err, RC_LIMIT, 0, "no memory for a view");
    }
    view->members = members;
    return RC_OK;
}

void
view_sleep(struct view *view)
{
    if (view->partial)
        return; /* no modseq says what its client knows */
    version_unref(view->members);
    view->members = NULL;
}

enum rc
view_count_recent(struct view *view, struct store_tx *tx, struct err *err)
{
    struct entry rows[RECENT_BATCH];
    uint32_t from = view->recent_from;
    uint32_t recent = 0;
    size_t count = RECENT_BATCH;
    enum rc rc = RC_OK;

    if (view->members == NULL && (from >= view->uid_bound || from <= 1)) {
        view->recent = view->recent_told = from <= 1 ? view->exists : 0;
        return RC_OK;
    }
    while (rc == RC_OK && view->members == NULL && count == RECENT_BATCH) {
        if (recent >= RECENT_MAX || tx == NULL)
            rc = view_awake(view, tx, err);
        else
            rc = store_entries_read(tx, view->mailbox->state.mbox, &from, rows, RECENT_BATCH,
                                    &count, err);
        for (size_t i = 0; rc == RC_OK && view->members == NULL && i < count; i++)
            recent += rows[i].uid < view->uid_bound;
    }
    if (rc != RC_OK)
        return rc;
    if (view->members != NULL)
        recent =
            view->members->count + 1 - version_lower_bound(view->members, view->recent_from);
    view->recent = view->recent_told = recent;
    return RC_OK;
}

/* --- Sets to messages --- */

/* A copy that may be normalised; its `*` counts as highest. */
static enum rc
copy_normal(const struct numset *set, uint32_t highest, struct arena *arena, struct numset *out)
{
    out->ranges = arena_array(arena, struct num_range, set->count + 1);
    if (out->ranges == NULL)
        return RC_LIMIT;
    if (set->count > 0)
        memcpy(out->ranges, set->ranges, set->count * sizeof *set->ranges);
    out->count = set->count;
    out->normal = set->normal;
    if (!out->normal)
        numset_normalise(out, highest);
    return RC_OK;
}

/* RFC 3501 section 9: a number beyond the mailbox is an error, but n:* always names the last
 * message when there is one. */
static bool
names_beyond(const struct numset *set, uint32_t exists)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct num_range *range = &set->ranges[i];
        const bool star = range->first == NUMSET_STAR || range->last == NUMSET_STAR;
        if (exists == 0 || (!star && (range->first > exists || range->last > exists)))
            return true;
    }
    return false;
}

enum rc
view_resolve_some_seqs(const struct view *view, const struct seq_set *set, struct arena *arena,
                       struct view_run **out, size_t *count_out)
{
    struct numset normal;

    if (copy_normal(&set->set, view->exists, arena, &normal) != RC_OK)
        return RC_LIMIT;
    numset_clamp(&normal, view->exists);
    struct view_run *runs = arena_array(arena, struct view_run, normal.count + 1);
    if (runs == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < normal.count; i++)
        runs[i] = (struct view_run){normal.ranges[i].first, normal.ranges[i].last};
    *out = runs;
    *count_out = normal.count;
    return RC_OK;
}

enum rc
view_resolve_seqs(const struct view *view, const struct seq_set *set, struct arena *arena,
                  struct view_run **out, size_t *count_out)
{
    return names_beyond(&set->set, view->exists)
               ? RC_INVALID
               : view_resolve_some_seqs(view, set, arena, out, count_out);
}

enum rc
view_resolve_uids(const struct view *view, const struct uid_set *set, struct arena *arena,
                  struct view_run **out, size_t *count_out)
{
    const struct version *members = view->members;
    const uint32_t highest = version_last_uid(members);
    struct numset normal;

    if (copy_normal(&set->set, highest, arena, &normal) != RC_OK)
        return RC_LIMIT;
    struct view_run *runs = arena_array(arena, struct view_run, normal.count + 1);
    if (runs == NULL)
        return RC_LIMIT;
    size_t count = 0;
    for (size_t i = 0; i < normal.count && normal.ranges[i].first <= highest; i++) {
        const uint32_t last_uid =
            normal.ranges[i].last < highest ? normal.ranges[i].last : highest;
        const uint32_t first = version_lower_bound(members, normal.ranges[i].first);
        const uint32_t beyond = version_lower_bound(members, last_uid + 1);
        if (first == beyond)
            continue;
        if (count > 0 && runs[count - 1].last + 1 == first)
            runs[count - 1].last = beyond - 1;
        else
            runs[count++] = (struct view_run){first, beyond - 1};
    }
    *out = runs;
    *count_out = count;
    return RC_OK;
}

enum rc
view_uid_runs(const struct view *view, const struct view_run *runs, size_t count,
              struct arena *arena, struct uid_run **out, size_t *count_out)
{
    struct uid_run *uids = arena_array(arena, struct uid_run, count + 1);
    struct cursor cursor = cursor_of(view->members);
    size_t made = 0;

    if (uids == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < count; i++) {
        const uint32_t first = cursor_uid(&cursor, runs[i].first);
        const uint32_t last = cursor_uid(&cursor, runs[i].last);
        if (made > 0 && uids[made - 1].last + 1 == first)
            uids[made - 1].last = last;
        else
            uids[made++] = (struct uid_run){first, last};
    }
    *out = uids;
    *count_out = made;
    return RC_OK;
}

enum rc
view_current(struct view *view, struct store_tx *tx, struct version **out, struct err *err)
{
    return mailbox_version(view->mailbox, tx, out, err);
}

uint32_t
view_count_expunged(const struct view *view, const struct version *current,
                    const struct view_run *runs, size_t count)
{
    struct cursor members = cursor_of(view->members);
    struct cursor other = cursor_of(current);
    uint32_t expunged = 0;

    if (current == view->members)
        return 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t at = version_lower_bound(current, cursor_uid(&members, runs[i].first));
        for (uint32_t seq = runs[i].first; seq <= runs[i].last; seq++) {
            const uint32_t uid = cursor_uid(&members, seq);
            while (at <= current->count && cursor_uid(&other, at) < uid)
                at++;
            if (at > current->count || cursor_uid(&other, at) != uid)
                expunged++;
        }
    }
    return expunged;
}
