/* SPDX-License-Identifier: MIT */
/*
 * The difference between a view and its mailbox, told event by event (sync.h says which and in
 * which order).
 *
 *   EXPUNGE ──> EXISTS ──> RECENT ──> KEYWORDS ──> FLAGS ──> OVER
 *                                        ^
 *   expunges may not be told now ────────┘          deleted mailbox: GONE ──> OVER
 *
 * The phase is moved on before an event is returned, so it always says what was told: settle()
 * brings the view exactly there, whether the end was reached or not (INV-M6).
 *
 * Expunges: `from` is what the client knows, `to` the present. Messages of `to` below the
 * view's uid_bound are a subset of `from`. Both are walked from the end; chunks and nodes that
 * both share are stepped over; as soon as as many are left in one as in the other, the rest is
 * equal. Flags: messages of `to` with a modseq above what was told; pieces with none are
 * stepped over.
 *
 * Thread: the session.
 */
#include "mailbox/sync.h"

#include "base/check.h"
#include "mailbox/account_private.h"
#include "mailbox/version_private.h"

enum { SYNC_RUNS = 512 }; /* of one SYNC_VANISHED */

enum phase {
    PHASE_EXPUNGE,
    PHASE_EXISTS,
    PHASE_RECENT,
    PHASE_KEYWORDS,
    PHASE_FLAGS,
    PHASE_GONE,
    PHASE_OVER,
};

struct sync {
    struct view *view;
    enum phase phase;
    bool as_uids;
    bool gone;
    bool pending;         /* flags and keywords are all that may be told now */
    bool flags_known;     /* the client knows all changes of flags, whether told or not */
    struct version *from; /* held; NULL: counters tell all, or a deleted mailbox, view asleep */
    struct version *to;   /* held; NULL: counters tell all, or the mailbox is deleted */
    struct cursor from_at;
    struct cursor to_at;
    uint32_t from_left; /* messages of `from` and of `to` still to be compared, from the end */
    uint32_t to_left;
    uint32_t known; /* messages of the present that the client knew: those below the bound */
    uint32_t flags_seq; /* next message of `to` to look at */
    size_t echo_next;   /* run of view->echo not passed yet */

    /* Where the view will be. */
    uint32_t exists;
    uint32_t recent;
    uint32_t uidnext;
    uint64_t keywords; /* serial */
    uint64_t modseq;
    uint64_t flags_modseq;

    struct uid_run *runs; /* SYNC_RUNS; NULL: nothing is told as vanished */
};

/* What counters say about a view. */
struct due {
    bool expunges;
    bool flags;
    bool arrivals;
    bool keywords;
};

static struct due
due_of(const struct view *view, const struct mailbox_state *state)
{
    const bool counts = view->tells >= VIEW_TELLS_COUNTS;
    const bool flags = view->tells >= VIEW_TELLS_ALL;

    return (struct due){
        .expunges = (counts && state->last_expunge_modseq > view->modseq) || view->partial,
        .flags = (flags && state->last_flags_modseq > view->flags_modseq) || view->echo != NULL,
        .arrivals =
            counts && state->highest_modseq > view->modseq && state->uidnext > view->uid_bound,
        .keywords = state->keyword_serial != view_keywords(view),
    };
}

bool
sync_is_due(struct view *view)
{
    struct mailbox_state state;

    if (view->gone)
        return false;
    mailbox_state(view->mailbox, &state);
    const struct due due = due_of(view, &state);
    return (state.gone && view->tells >= VIEW_TELLS_COUNTS) || due.expunges || due.flags ||
           due.arrivals || due.keywords;
}

bool
sync_can_tell(struct view *view, enum sync_mode mode)
{
    struct mailbox_state state;

    if (view->gone)
        return false;
    mailbox_state(view->mailbox, &state);
    const struct due due = due_of(view, &state);
    const bool counts_may =
        mode == SYNC_ALL || mode == SYNC_ALL_UIDS || (mode == SYNC_NO_EXPUNGE && !due.expunges);
    if (state.gone)
        return view->tells >= VIEW_TELLS_COUNTS && mode != SYNC_NO_EXPUNGE &&
               mode != SYNC_NO_NEWS;
    return due.flags || due.keywords || ((due.expunges || due.arrivals) && counts_may);
}

/* --- Beginning --- */

static uint32_t
recent_in(const struct view *view, const struct version *version)
{
    return version->count + 1 - version_lower_bound(version, view->recent_from);
}

static void
begin_nothing(struct sync *sync)
{
    sync->phase = PHASE_OVER;
    sync->pending = true;
    sync->keywords = view_keywords(sync->view);
}

/* To tell UIDs (only what the client knows of: RFC 7162 section 3.2.10.2), or which results of
 * a search have gone, a deleted mailbox needs its members. */
static enum rc
begin_gone(struct sync *sync, struct store_tx *tx, enum sync_mode mode, struct err *err)
{
    struct view *view = sync->view;

    if (mode == SYNC_NO_EXPUNGE || mode == SYNC_NO_NEWS || view->gone ||
        view->tells < VIEW_TELLS_COUNTS) {
        begin_nothing(sync);
        return RC_OK;
    }
    if ((sync->as_uids || view->names) && view->members == NULL && view->exists > 0) {
        if (tx == NULL)
            return RC_AGAIN;
        const enum rc rc = view_awake_gone(view, tx, err);
        if (rc != RC_OK)
            return rc;
    }
    sync->gone = true;
    sync->phase = PHASE_GONE;
    sync->from = view->members;
    if (sync->from != NULL)
        version_ref(sync->from);
    sync->from_at = cursor_of(sync->from);
    sync->from_left = view->exists;
    sync->recent = view->recent_told;
    return RC_OK;
}

static void
begin_counters(struct sync *sync, const struct mailbox_state *state)
{
    const struct view *view = sync->view;
    const bool newer = state->highest_modseq > view->modseq;

    sync->phase = PHASE_EXISTS;
    sync->known = view->exists;
    sync->exists = newer ? state->exists : view->exists;
    sync->recent = view->recent + (sync->exists - view->exists);
    sync->uidnext = newer ? state->uidnext : view->uid_bound;
    sync->modseq = sync->flags_modseq = newer ? state->highest_modseq : view->modseq;
    sync->flags_known = state->last_flags_modseq <= view_known_modseq(view);
    sync->keywords = state->keyword_serial;
}

/* The modseq up to which the client will know changes of flags when the sync is over. */
static uint64_t
will_know(const struct view *view)
{
    const uint64_t known = view_known_modseq(view);

    return view->echo != NULL && view->echo->known_modseq > known ? view->echo->known_modseq
                                                                  : known;
}

/* Whether what would be told besides flags and keywords has to wait. */
static bool
counts_wait(const struct sync *sync, enum sync_mode mode)
{
    const struct view *view = sync->view;
    const bool expunges = sync->known != sync->from->count;
    const bool arrivals = sync->exists != sync->known;

    if (view->tells < VIEW_TELLS_COUNTS && !view->partial)
        return true;
    switch (mode) {
    case SYNC_NO_EXPUNGE:
        return expunges;
    case SYNC_NO_NEWS: /* RECENT may be left over from a sync that was broken off */
        return expunges || arrivals || sync->recent != view->recent_told;
    case SYNC_ALL:
    case SYNC_ALL_UIDS:
        break;
    }
    return false;
}

static void
begin_versions(struct sync *sync, enum sync_mode mode)
{
    const struct view *view = sync->view;
    const struct version *to = sync->to;
    struct mailbox_state state;

    /* Later than `to`: its keywords all have names, but for those of a commit that is about to
     * be published. Such flags are told again then. */
    mailbox_state(view->mailbox, &state);
    sync->keywords = state.keyword_serial;
    sync->flags_known = state.last_flags_modseq <= will_know(view);
    sync->flags_modseq = to->modseq < state.highest_modseq ? to->modseq : state.highest_modseq;
    sync->from = view->members;
    version_ref(sync->from);
    sync->from_at = cursor_of(sync->from);
    sync->to_at = cursor_of(to);
    sync->known = version_lower_bound(to, view->uid_bound) - 1;
    sync->from_left = sync->from->count;
    sync->to_left = sync->known;
    sync->flags_seq = 1;
    sync->exists = to->count;
    sync->recent = recent_in(view, to);
    sync->uidnext = to->uidnext;
    sync->modseq = to->modseq;
    sync->pending = counts_wait(sync, mode);
    sync->phase = sync->pending ? PHASE_KEYWORDS : PHASE_EXPUNGE;
}

static bool
is_behind(const struct version *version, const struct view *view)
{
    return version->modseq < view->modseq || version->modseq < view->flags_modseq;
}

/* The present version, or *to_out NULL when it is older than what was told (a session has seen
 * a commit in a snapshot that is about to be published). What must be told now is told of what
 * the rows are. */
static enum rc
find_present(struct view *view, struct version *current, struct store_tx *tx,
             struct version **to_out, struct err *err)
{
    struct version *to = current;

    if (to == NULL) {
        const enum rc rc = mailbox_version(view->mailbox, tx, &to, err);
        if (rc != RC_OK)
            return rc;
    } else {
        version_ref(to);
    }
    if (is_behind(to, view)) {
        version_unref(to);
        to = NULL;
        if (view->echo != NULL) {
            const enum rc rc =
                tx == NULL ? RC_AGAIN : mailbox_load(view->mailbox, tx, &to, err);
            if (rc != RC_OK)
                return rc;
            if (is_behind(to, view)) {
                version_unref(to);
                return err_set(err, RC_AGAIN, 0, "the snapshot is older than the view");
            }
        }
    }
    *to_out = to;
    return RC_OK;
}

static enum rc
begin(struct sync *sync, const struct mailbox_state *state, struct version *current,
      struct store_tx *tx, enum sync_mode mode, struct err *err)
{
    struct view *view = sync->view;
    const struct due due = due_of(view, state);
    const bool arrived = due.expunges || due.arrivals;

    if (state->gone || view->gone)
        return begin_gone(sync, tx, mode, err);
    const bool answers = view->tells < VIEW_TELLS_COUNTS && !view->partial;
    if (view->members == NULL && !due.expunges && !due.flags && mode != SYNC_NO_NEWS &&
        !answers) {
        begin_counters(sync, state);
        return RC_OK;
    }
    /* Keywords alone: where the view can move on it does, so that numbers become free. */
    const bool stays = (mode == SYNC_NO_EXPUNGE && due.expunges) ||
                       (mode == SYNC_NO_NEWS && arrived) || answers;
    const bool behind = due.keywords && state->highest_modseq > view->modseq;
    if (!due.flags && (stays || !(arrived || behind))) {
        sync->pending = true;
        sync->keywords = state->keyword_serial;
        sync->phase = PHASE_KEYWORDS;
        return RC_OK;
    }
    enum rc rc = find_present(view, current, tx, &sync->to, err);
    if (rc == RC_OK && sync->to == NULL) {
        begin_nothing(sync);
        return RC_OK;
    }
    if (rc == RC_OK)
        rc = view_awake(view, tx, err);
    if (rc == RC_GONE) { /* deleted since the look; or about to be published */
        version_unref(sync->to);
        sync->to = NULL;
        return begin_gone(sync, tx, mode, err);
    }
    if (rc == RC_OK)
        begin_versions(sync, mode);
    return rc;
}

enum rc
sync_begin(struct view *view, struct store_tx *tx, enum sync_mode mode, struct arena *arena,
           struct sync **out, struct err *err)
{
    struct mailbox_state state;
    struct version *current;
    struct sync *sync = arena_new(arena, struct sync);

    if (sync == NULL)
        return RC_LIMIT;
    if (view->broken)
        return err_set(err, RC_LIMIT, 0, "the view was lost for lack of memory");
    sync->view = view;
    sync->as_uids = mode == SYNC_ALL_UIDS;
    mailbox_look(view->mailbox, &state, &current);
    enum rc rc = begin(sync, &state, current, tx, mode, err);
    version_unref(current);
    if (rc == RC_OK && sync->as_uids && sync->from != NULL) {
        sync->runs = arena_array(arena, struct uid_run, SYNC_RUNS);
        rc = sync->runs == NULL ? RC_LIMIT : RC_OK;
    }
    if (rc != RC_OK) {
        version_unref(sync->from);
        version_unref(sync->to);
        return rc;
    }
    *out = sync;
    return RC_OK;
}

bool
sync_tells_expunges(const struct sync *sync, const struct version **from_out,
                    const struct version **to_out)
{
    if (sync->view == NULL || (sync->phase != PHASE_EXPUNGE && sync->phase != PHASE_GONE))
        return false;
    *from_out = sync->from;
    *to_out = sync->to;
    return true;
}

/* --- Ending --- */

static void
move_members(struct view *view, struct version *members)
{
    version_unref(view->members);
    view->members = members;
}

/* Some expunges were told: the view is between two moments of the mailbox. */
static void
settle_among_expunges(struct sync *sync)
{
    struct view *view = sync->view;
    const struct version *from = sync->from;

    if (from == NULL) { /* deleted mailbox, view asleep */
        view->partial |= sync->from_left != view->exists;
        view->exists = sync->from_left;
        return;
    }
    if (sync->from_left == from->count)
        return; /* none was told */
    const uint32_t told_from = cursor_uid(&sync->from_at, sync->from_left + 1);
    struct version *members = version_hybrid(from, sync->to, told_from);
    move_members(view, members);
    view->partial = true;
    view->broken = members == NULL;
    view->exists = members == NULL ? 0 : members->count;
    view->recent = members == NULL ? 0 : recent_in(view, members);
}

static void
settle_counts(struct sync *sync)
{
    struct view *view = sync->view;

    if (sync->to != NULL) {
        version_ref(sync->to);
        move_members(view, sync->to);
    }
    if (sync->uidnext > view->uid_bound)
        view->uid_bound = sync->uidnext;
    if (sync->exists > sync->known && view->mode == VIEW_READ_WRITE)
        (void)mailbox_take_recent(view->mailbox, true);
    view->exists = sync->exists;
    view->recent = sync->recent;
    view->modseq = sync->modseq;
    view->partial = false;
    atomic_store_explicit(&view->kept, view->modseq, memory_order_relaxed);
}

static void
settle_gone(struct sync *sync)
{
    struct view *view = sync->view;

    if (sync->phase == PHASE_GONE) {
        settle_among_expunges(sync);
        view->recent_told = sync->recent;
        return;
    }
    move_members(view, NULL);
    view->exists = view->recent = view->recent_told = 0;
    view->partial = false;
    view->gone = true;
    atomic_store_explicit(&view->kept, UINT64_MAX, memory_order_relaxed);
}

/* Brings the view to what was told, and lets the versions go. */
static void
settle(struct sync *sync)
{
    struct view *view = sync->view;
    const enum phase phase = sync->phase;

    if (sync->gone) {
        settle_gone(sync);
    } else if (phase <= PHASE_EXISTS) {
        if (sync->from != NULL)
            settle_among_expunges(sync);
    } else {
        if (!sync->pending)
            settle_counts(sync);
        if (!sync->pending && phase > PHASE_RECENT)
            view->recent_told = sync->recent;
        if (phase > PHASE_KEYWORDS)
            view_keywords_told(view, sync->keywords);
        if (phase == PHASE_OVER && view->echo != NULL)
            view_silence(view, view->echo->known_modseq);
        if (phase == PHASE_OVER && (view->tells == VIEW_TELLS_ALL || sync->flags_known) &&
            sync->flags_modseq > view->flags_modseq)
            view->flags_modseq = sync->flags_modseq;
    }
    if (view->silent_modseq <= view->flags_modseq)
        view->silent_modseq = 0;
    view->echo = NULL;
    version_unref(sync->from);
    version_unref(sync->to);
    sync->from = sync->to = NULL;
    sync->view = NULL;
}

void
sync_end(struct sync *sync)
{
    if (sync != NULL && sync->view != NULL)
        settle(sync);
}

/* --- Telling --- */

/* Sequence number of the next message of `from` that is not in `to`, going down; 0: none. */
static uint32_t
next_expunged(struct sync *sync)
{
    while (sync->from_left > sync->to_left) {
        if (sync->to_left == 0)
            return sync->from_left--;
        const uint32_t from_pos = cursor_at(&sync->from_at, sync->from_left);
        const uint32_t to_pos = cursor_at(&sync->to_at, sync->to_left);
        const struct chunk *from = sync->from_at.chunk;
        const struct chunk *to = sync->to_at.chunk;
        if (from == to && from_pos == to_pos) { /* what stands before it is the same too */
            sync->from_left -= from_pos + 1;
            sync->to_left -= to_pos + 1;
            continue;
        }
        const struct node *node = cursor_node(&sync->from_at);
        const uint32_t in_node = sync->from_left - sync->from_at.node_first + 1;
        if (node == cursor_node(&sync->to_at) &&
            in_node == sync->to_left - sync->to_at.node_first + 1) {
            sync->from_left -= in_node;
            sync->to_left -= in_node;
            continue;
        }
        if (from->uids[from_pos] > to->uids[to_pos])
            return sync->from_left--;
        sync->from_left -= from->uids[from_pos] == to->uids[to_pos];
        sync->to_left--;
    }
    return 0;
}

/* The next window of vanished UIDs, going down; within it the runs ascend. */
static bool
tell_vanished(struct sync *sync, struct sync_event *event)
{
    size_t first = SYNC_RUNS;
    uint32_t seq;

    while ((seq = next_expunged(sync)) != 0) {
        const uint32_t uid = cursor_uid(&sync->from_at, seq);
        if (first < SYNC_RUNS && sync->runs[first].first == uid + 1) {
            sync->runs[first].first = uid;
        } else if (first > 0) {
            sync->runs[--first] = (struct uid_run){uid, uid};
        } else {
            sync->from_left = seq; /* next time */
            break;
        }
    }
    event->kind = SYNC_VANISHED;
    event->runs = sync->runs + first;
    event->run_count = SYNC_RUNS - first;
    return first < SYNC_RUNS;
}

static bool
tell_expunged(struct sync *sync, struct sync_event *event)
{
    if (sync->as_uids)
        return tell_vanished(sync, event);
    event->kind = SYNC_EXPUNGE;
    event->seq = next_expunged(sync);
    return event->seq != 0;
}

/* An asleep view of a deleted mailbox knows its numbers, which suffice for EXPUNGE. The number
 * of \Recent messages falls with that of all: RFC 3501 section 7.3.2. */
static bool
tell_gone(struct sync *sync, struct sync_event *event)
{
    if (sync->from_left == 0 && sync->recent != 0) {
        sync->recent = 0;
        event->kind = SYNC_RECENT;
        event->count = 0;
        return true;
    }
    if (sync->from_left == 0) {
        sync->phase = PHASE_OVER;
        event->kind = SYNC_GONE;
        return true;
    }
    if (sync->from != NULL)
        return tell_expunged(sync, event);
    event->kind = SYNC_EXPUNGE;
    event->seq = sync->from_left--;
    return true;
}

/* Whether the set that is told even when unchanged has UIDs in first .. last; skips runs
 * below. */
static bool
is_echoed(struct sync *sync, uint32_t first, uint32_t last)
{
    const struct view_echo *echo = sync->view->echo;

    while (echo != NULL && sync->echo_next < echo->count &&
           echo->runs[sync->echo_next].last < first)
        sync->echo_next++;
    return echo != NULL && sync->echo_next < echo->count &&
           echo->runs[sync->echo_next].first <= last;
}

/* Messages up to this modseq are skipped, but for those that are echoed. */
static uint64_t
untold_from(const struct view *view)
{
    if (view->tells < VIEW_TELLS_ALL) /* only what the session itself has just changed */
        return view->echo == NULL || view->echo->own_modseq == 0 ? UINT64_MAX
                                                                 : view->echo->own_modseq - 1;
    return view->echo != NULL && view->echo->silent ? view->flags_modseq
                                                    : view_known_modseq(view);
}

/* How a message is told; SYNC_DONE: not at all. */
static enum sync_kind
kind_of_flags(struct sync *sync, uint32_t uid, uint64_t modseq)
{
    const struct view *view = sync->view;
    const struct view_echo *echo = view->echo;
    const bool echoed = is_echoed(sync, uid, uid);
    const bool own = echo != NULL && modseq == echo->own_modseq;

    if (!echoed && !own && view->tells < VIEW_TELLS_ALL)
        return SYNC_DONE;
    if (modseq > view_known_modseq(view))
        return SYNC_FLAGS;
    if (echo == NULL)
        return SYNC_DONE;
    if (!echo->silent)
        return echoed ? SYNC_FLAGS : SYNC_DONE;
    if (echoed && modseq > echo->unchanged_since && modseq != echo->own_modseq)
        return SYNC_FLAGS;
    return echoed || modseq > view->flags_modseq ? SYNC_MODSEQ : SYNC_DONE;
}

/* Messages that can be stepped over at flags_seq, which is at pos in its chunk: as far as the
 * next one that has changed or, where a chunk begins, a node's or a chunk's worth. */
static uint32_t
unchanged_from(struct sync *sync, uint32_t pos)
{
    const uint64_t told = untold_from(sync->view);
    const struct cursor *at = &sync->to_at;
    const struct node *node = cursor_node(at);
    const struct chunk *chunk = at->chunk;
    const uint32_t last_uid = at->version->slots[at->node].last_uid;

    if (sync->view->echo == NULL && chunk->max_modseq > told)
        return chunk_newer(chunk, pos, told) - pos;
    if (pos != 0)
        return 0;
    if (sync->flags_seq == at->node_first && node->max_modseq <= told &&
        !is_echoed(sync, chunk->uids[0], last_uid))
        return node->count;
    if (chunk->max_modseq <= told &&
        !is_echoed(sync, chunk->uids[0], chunk->uids[chunk->count - 1]))
        return chunk->count;
    return 0;
}

static bool
tell_flags(struct sync *sync, struct sync_event *event)
{
    if (sync->to == NULL)
        return false;
    while (sync->flags_seq <= sync->known) {
        const uint32_t pos = cursor_at(&sync->to_at, sync->flags_seq);
        const struct chunk *chunk = sync->to_at.chunk;
        const uint32_t skip = unchanged_from(sync, pos);
        if (skip > 0) {
            sync->flags_seq += skip;
            continue;
        }
        uint32_t seq = sync->flags_seq++;
        const uint32_t uid = chunk->uids[pos];
        const enum sync_kind kind = kind_of_flags(sync, uid, chunk->modseqs[pos]);
        if (kind == SYNC_DONE)
            continue;
        if (sync->pending) /* the client still counts the expunged ones */
            seq = version_find_uid(sync->from, uid);
        if (seq == 0)
            continue;
        event->kind = kind;
        event->seq = seq;
        chunk_entry(chunk, pos, &event->entry);
        return true;
    }
    return false;
}

/* One step: true when it made an event; otherwise the phase has moved on. */
static bool
step(struct sync *sync, struct sync_event *event)
{
    const struct view *view = sync->view;

    switch (sync->phase) {
    case PHASE_EXPUNGE:
        if (tell_expunged(sync, event))
            return true;
        sync->phase = PHASE_EXISTS;
        return false;
    case PHASE_EXISTS:
        sync->phase = PHASE_RECENT;
        event->kind = SYNC_EXISTS;
        event->count = sync->exists;
        return sync->exists > sync->known;
    case PHASE_RECENT:
        sync->phase = PHASE_KEYWORDS;
        event->kind = SYNC_RECENT;
        event->count = sync->recent;
        return sync->recent != view->recent_told;
    case PHASE_KEYWORDS:
        sync->phase = PHASE_FLAGS;
        event->kind = SYNC_KEYWORDS;
        return sync->keywords != view_keywords(view);
    case PHASE_FLAGS:
        if (tell_flags(sync, event))
            return true;
        sync->phase = PHASE_OVER;
        return false;
    case PHASE_GONE:
        return tell_gone(sync, event);
    case PHASE_OVER:
        break;
    }
    settle(sync);
    event->kind = SYNC_DONE;
    return true;
}

void
sync_next(struct sync *sync, struct sync_event *event_out)
{
    *event_out = (struct sync_event){.kind = SYNC_DONE};
    if (sync->view == NULL)
        return; /* it is over */
    while (!step(sync, event_out))
        ;
    if (event_out->kind == SYNC_DONE)
        *event_out = (struct sync_event){.kind = SYNC_DONE};
}
