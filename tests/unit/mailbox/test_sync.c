/* SPDX-License-Identifier: MIT */
/*
 * What a session is told, as lines: "1X" an EXPUNGE, "5E" EXISTS, "2R" RECENT, "K" keywords,
 * "3F" flags, "V2,4:6" VANISHED, "G" gone. And sets to messages.
 */
#include "content.h"

#include <stdio.h>

#include "mailbox/account_private.h"
#include "mailbox/names/names.h"
#include "mailbox/sync.h"

static const char text[] = "Subject: hello\r\n\r\nworld\r\n";

static void
append(struct content *fx, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        content_append(fx, &(struct content_mail){.text = SPAN(text)});
}

static void
expunge_in(struct content *fx, uint64_t mbox, uint32_t first, uint32_t last)
{
    const struct uid_run run = {first, last};
    struct expunge_op op;

    expunge_op_init(&op, &fx->arena, (struct wake){.fn = NULL});
    op.mbox = mbox;
    op.runs = &run;
    op.run_count = 1;
    assert_ok(content_run(fx, &op.turn));
}

static void
expunge(struct content *fx, uint32_t first, uint32_t last)
{
    expunge_in(fx, 1, first, last);
}

enum loudness { LOUD, SILENT };

/* A STORE of another session (view NULL), or of view's. */
static void
store(struct content *fx, struct view *view, enum loudness loudness, uint32_t first,
      uint32_t last, uint32_t flags, const char *keyword)
{
    static struct uid_run echoed;
    static struct view_echo echo;
    const struct uid_run run = {first, last};
    const struct span name = span_of_str(keyword);
    struct flags_op op;

    flags_op_init(&op, &fx->arena, (struct wake){.fn = NULL});
    op.mbox = 1;
    op.runs = &run;
    op.run_count = 1;
    op.mode = FLAGS_ADD;
    op.flags = flags;
    op.keywords = &name;
    op.keyword_count = keyword != NULL;
    op.known_modseq = view == NULL ? 0 : view_known_modseq(view);
    assert_ok(content_run(fx, &op.turn));
    if (view != NULL && loudness == SILENT) {
        view_silence(view, op.silent_modseq);
    } else if (view != NULL) {
        echoed = run;
        echo =
            (struct view_echo){.runs = &echoed, .count = 1, .known_modseq = op.silent_modseq};
        view->echo = &echo;
    }
}

static void
write_event(char *line, const struct sync_event *event)
{
    char *end = line + strlen(line);

    switch (event->kind) {
    case SYNC_DONE:
        break;
    case SYNC_EXPUNGE:
        snprintf(end, 32, "%uX ", event->seq);
        break;
    case SYNC_VANISHED:
        for (size_t i = 0; i < event->run_count; i++) {
            const struct uid_run run = event->runs[i];
            end += snprintf(end, 32, run.first == run.last ? "%s%u" : "%s%u:%u",
                            i == 0 ? "V" : ",", run.first, run.last);
        }
        snprintf(end, 32, " ");
        break;
    case SYNC_EXISTS:
        snprintf(end, 32, "%uE ", event->count);
        break;
    case SYNC_RECENT:
        snprintf(end, 32, "%uR ", event->count);
        break;
    case SYNC_KEYWORDS:
        snprintf(end, 32, "K ");
        break;
    case SYNC_FLAGS:
        snprintf(end, 32, "%uF%x ", event->seq, event->entry.flags);
        break;
    case SYNC_MODSEQ:
        snprintf(end, 32, "%uM ", event->seq);
        break;
    case SYNC_GONE:
        snprintf(end, 32, "G ");
        break;
    }
}

/* What is told, at most max events; the sync is ended after them. */
static const char *
told_some(struct content *fx, struct view *view, enum sync_mode mode, unsigned max)
{
    static char line[4000];
    struct sync *sync;
    struct sync_event event = {.kind = SYNC_GONE};

    line[0] = '\0';
    enum rc rc = sync_begin(view, NULL, mode, &fx->arena, &sync, &fx->err);
    if (rc == RC_AGAIN) {
        struct store_tx *tx = content_read(fx);
        rc = sync_begin(view, tx, mode, &fx->arena, &sync, &fx->err);
        store_end(tx);
    }
    assert_ok(rc);
    for (unsigned i = 0; i < max && event.kind != SYNC_DONE; i++) {
        sync_next(sync, &event);
        write_event(line, &event);
    }
    sync_end(sync);
    sync_next(sync, &event);
    assert_int_equal(event.kind, SYNC_DONE);
    return line;
}

static const char *
told(struct content *fx, struct view *view, enum sync_mode mode)
{
    const bool can_tell = sync_can_tell(view, mode);
    const char *events = told_some(fx, view, mode, UINT32_MAX);

    assert_true(can_tell || events[0] == '\0');
    assert_false(sync_can_tell(view, mode)); /* or a session would look for ever */
    return events;
}

static void
new_mail_needs_counters_only(void **state)
{
    struct content *fx = *state;
    struct view *view = content_view(fx, "INBOX");

    view_sleep(view);
    assert_false(sync_is_due(view));
    assert_string_equal(told(fx, view, SYNC_ALL), "");
    append(fx, 3);
    assert_true(sync_is_due(view));
    assert_string_equal(told(fx, view, SYNC_ALL), "3E 3R ");
    assert_null(view->members);
    assert_false(sync_is_due(view));
    append(fx, 1);
    assert_string_equal(told(fx, view, SYNC_NO_EXPUNGE), "4E 4R ");
    assert_null(view->members);
    content_view_done(view);
}

/* For clients that bear EXISTS and EXPUNGE only now and then: flags are told all the same. */
static void
news_wait_flags_do_not(void **state)
{
    struct content *fx = *state;
    append(fx, 4);
    struct view *view = content_view(fx, "INBOX");

    assert_ok(view_count_recent(view, NULL, &fx->err));
    append(fx, 1);
    assert_string_equal(told(fx, view, SYNC_NO_NEWS), "");
    view_sleep(view);
    assert_string_equal(told(fx, view, SYNC_NO_NEWS), "");
    store(fx, NULL, LOUD, 3, 5, MSG_FLAGGED, NULL);
    assert_string_equal(told(fx, view, SYNC_NO_NEWS), "3F4 4F4 ");
    assert_int_equal(view->exists, 4);
    expunge(fx, 2, 2);
    assert_string_equal(told(fx, view, SYNC_NO_NEWS), "");
    store(fx, NULL, LOUD, 3, 3, MSG_SEEN, NULL);
    assert_string_equal(told(fx, view, SYNC_NO_NEWS), "3F5 ");
    assert_string_equal(told(fx, view, SYNC_ALL), "2X 4E ");
    assert_string_equal(told(fx, view, SYNC_NO_NEWS), "");
    assert_false(sync_is_due(view));
    content_view_done(view);
}

/* RECENT that was not told because its sync was broken off is news, too. */
static void
recent_waits_with_the_news(void **state)
{
    struct content *fx = *state;
    struct view *view = content_view(fx, "INBOX");

    append(fx, 2);
    assert_string_equal(told_some(fx, view, SYNC_ALL, 1), "2E ");
    store(fx, NULL, LOUD, 1, 1, MSG_FLAGGED, NULL);
    assert_string_equal(told(fx, view, SYNC_NO_NEWS), "1F4 2F0 ");
    assert_int_equal(view->recent_told, 0);
    store(fx, NULL, LOUD, 1, 1, MSG_SEEN, NULL);
    assert_string_equal(told(fx, view, SYNC_ALL), "2R 1F5 ");
    assert_string_equal(told(fx, view, SYNC_NO_NEWS), "");
    content_view_done(view);
}

/* So does a client that wants to be told of less, or of nothing (NOTIFY). */
static void
news_wait_whatever_is_told(void **state)
{
    static const enum view_tells tells[] = {VIEW_TELLS_ANSWERS, VIEW_TELLS_COUNTS};
    struct content *fx = *state;
    struct view *view = content_view(fx, "INBOX");

    append(fx, 3);
    assert_string_equal(told(fx, view, SYNC_ALL), "3E 3R ");
    for (size_t i = 0; i < ARRAY_LEN(tells); i++) {
        view->tells = (uint8_t)tells[i];
        append(fx, 1);
        expunge(fx, (uint32_t)i + 1, (uint32_t)i + 1);
        store(fx, view, LOUD, 3, 3, i == 0 ? MSG_FLAGGED : MSG_SEEN, NULL);
        assert_string_equal(told(fx, view, SYNC_NO_NEWS), i == 0 ? "3F4 " : "2F5 ");
        assert_int_equal(view->exists, 3);
        view->tells = VIEW_TELLS_ALL; /* that it was told is remembered */
        assert_string_equal(told(fx, view, SYNC_NO_NEWS), "");
        assert_true(sync_is_due(view));
        assert_string_equal(told_some(fx, view, SYNC_ALL, 1), "1X ");
        assert_string_equal(told(fx, view, SYNC_NO_NEWS), ""); /* in the middle of it */
        assert_true(sync_is_due(view));
        append(fx, 1);
        assert_string_equal(told(fx, view, SYNC_ALL), "4E 4R ");
        assert_false(sync_is_due(view));
        expunge(fx, 4 + 2 * (uint32_t)i, 5 + 2 * (uint32_t)i);
        assert_string_equal(told(fx, view, SYNC_ALL_UIDS), i == 0 ? "V4:5 2R " : "V6:7 2R ");
        append(fx, 1);
        assert_string_equal(told(fx, view, SYNC_ALL), "3E 3R ");
    }
    content_view_done(view);
}

static void
expunges_come_from_the_top(void **state)
{
    struct content *fx = *state;
    append(fx, 6);
    struct view *view = content_view(fx, "INBOX");
    struct view *other = content_view(fx, "INBOX");

    assert_ok(view_count_recent(view, NULL, &fx->err));
    assert_int_equal(view->recent, 6);
    assert_ok(view_count_recent(other, NULL, &fx->err));
    assert_int_equal(other->recent, 0); /* the first one has taken them */
    expunge(fx, 2, 3);
    expunge(fx, 5, 5);
    append(fx, 1);
    assert_string_equal(told(fx, view, SYNC_ALL), "5X 3X 2X 4E 4R ");
    assert_string_equal(told(fx, other, SYNC_ALL_UIDS), "V2:3,5 4E 1R ");
    expunge(fx, 7, 7);
    assert_string_equal(told(fx, view, SYNC_ALL), "4X 3R "); /* no EXISTS: the client counts */
    expunge(fx, 1, 1);
    append(fx, 1);
    assert_string_equal(told(fx, view, SYNC_ALL), "1X 3E ");
    content_view_done(view);
    content_view_done(other);
}

/* RFC 3501 section 7.4.1. Numbers stay until the expunges may be told; flags do not wait. */
static void
expunges_wait_flags_do_not(void **state)
{
    struct content *fx = *state;
    append(fx, 5);
    struct view *view = content_view(fx, "INBOX");

    assert_ok(view_count_recent(view, NULL, &fx->err));
    expunge(fx, 2, 2);
    append(fx, 1);
    assert_string_equal(told(fx, view, SYNC_NO_EXPUNGE), "");
    store(fx, NULL, LOUD, 4, 6, MSG_FLAGGED, NULL);
    assert_string_equal(told(fx, view, SYNC_NO_EXPUNGE), "4F4 5F4 ");
    assert_string_equal(told(fx, view, SYNC_NO_EXPUNGE), "");
    assert_int_equal(view->exists, 5);
    assert_true(sync_is_due(view));
    view_sleep(view); /* what is pending is pending asleep, too */
    struct store_tx *tx = content_read(fx);
    assert_ok(view_awake(view, tx, &fx->err));
    store_end(tx);
    assert_int_equal(version_count(view->members), 5);
    assert_int_equal(version_find_uid(view->members, 2), 2);
    assert_string_equal(told(fx, view, SYNC_ALL), "2X 5E ");
    assert_false(sync_is_due(view));
    content_view_done(view);
}

/* A commit can fall between the begin of a snapshot and what a session tells its client. */
static void
an_old_snapshot_wakes_nothing(void **state)
{
    struct content *fx = *state;
    append(fx, 3);
    struct view *view = content_view(fx, "INBOX");

    struct store_tx *old = content_read(fx);
    struct mbox_row row;
    assert_ok(store_mbox_get(old, 1, &fx->arena, &row, &fx->err)); /* begins with a look */
    append(fx, 1);
    expunge(fx, 2, 2);

    assert_string_equal(told(fx, view, SYNC_ALL), "2X 3E 3R ");
    view_sleep(view);
    content_forget_versions(fx);
    assert_int_equal(view_awake(view, old, &fx->err), RC_AGAIN);
    store_end(old);
    struct store_tx *tx = content_read(fx);
    assert_ok(view_awake(view, tx, &fx->err));
    store_end(tx);
    assert_int_equal(version_count(view->members), 3);
    assert_int_equal(version_find_uid(view->members, 4), 3);
    content_view_done(view);
}

/* RFC 7162 section 3.1.3: a client that knows of mod-sequences is told those of its own silent
 * changes; of what it named and did not change because it is newer, everything. */
static void
silent_stores_tell_modseqs(void **state)
{
    struct content *fx = *state;
    append(fx, 6);
    struct view *view = content_view(fx, "INBOX");
    const struct uid_run all = {1, 5};
    struct view_echo echo = {.silent = true};

    assert_ok(view_count_recent(view, NULL, &fx->err));
    store(fx, view, SILENT, 2, 4, MSG_FLAGGED, NULL);
    view->echo = &echo;
    assert_string_equal(told(fx, view, SYNC_NO_EXPUNGE), "2M 3M 4M ");
    store(fx, view, SILENT, 2, 4, MSG_FLAGGED, NULL); /* nothing changes */
    view->echo = &echo;
    assert_string_equal(told(fx, view, SYNC_NO_EXPUNGE), "");

    store(fx, view, SILENT, 5, 5, MSG_FLAGGED, NULL);
    echo = (struct view_echo){.runs = &all,
                              .count = 1,
                              .silent = true,
                              .unchanged_since = view->flags_modseq - 1,
                              .own_modseq = view->silent_modseq};
    view->echo = &echo;
    assert_string_equal(told(fx, view, SYNC_NO_EXPUNGE), "1M 2F4 3F4 4F4 5M ");
    assert_string_equal(told(fx, view, SYNC_NO_EXPUNGE), "");

    /* Also if it wants to be told of no flags; those that others change go on waiting. */
    view->tells = VIEW_TELLS_COUNTS;
    store(fx, view, SILENT, 2, 3, MSG_DRAFT, NULL);
    echo = (struct view_echo){.silent = true, .own_modseq = view->silent_modseq};
    view->echo = &echo;
    assert_string_equal(told(fx, view, SYNC_NO_EXPUNGE), "2M 3M ");
    const uint64_t known = view->flags_modseq;
    assert_int_equal(known, echo.own_modseq);
    store(fx, NULL, LOUD, 6, 6, MSG_FLAGGED, NULL);
    assert_string_equal(told(fx, view, SYNC_NO_EXPUNGE), "");
    assert_int_equal(view->flags_modseq, known);
    view->tells = VIEW_TELLS_ALL;
    assert_string_equal(told(fx, view, SYNC_NO_EXPUNGE), "6F4 ");
    content_view_done(view);
}

static void
stores_echo_or_not(void **state)
{
    struct content *fx = *state;
    append(fx, 3);
    struct view *view = content_view(fx, "INBOX");
    struct view *other = content_view(fx, "INBOX");

    assert_ok(view_count_recent(view, NULL, &fx->err));
    store(fx, view, LOUD, 1, 2, MSG_SEEN, NULL);
    assert_string_equal(told(fx, view, SYNC_NO_EXPUNGE), "1F1 2F1 ");
    store(fx, view, LOUD, 1, 2, MSG_SEEN, NULL); /* nothing changes: told all the same */
    assert_string_equal(told(fx, view, SYNC_NO_EXPUNGE), "1F1 2F1 ");
    store(fx, view, SILENT, 2, 3, MSG_FLAGGED, NULL);
    assert_string_equal(told(fx, view, SYNC_NO_EXPUNGE), "");
    assert_string_equal(told(fx, other, SYNC_ALL), "1F1 2F5 3F4 ");
    /* Somebody else's change is not known here: the sum of both is news. */
    store(fx, NULL, LOUD, 1, 1, MSG_ANSWERED, NULL);
    store(fx, view, SILENT, 1, 1, MSG_DRAFT, NULL);
    assert_string_equal(told(fx, view, SYNC_NO_EXPUNGE), "1F13 ");
    store(fx, view, SILENT, 1, 1, MSG_DELETED, NULL); /* as FETCH does window by window */
    append(fx, 1);
    store(fx, view, SILENT, 2, 2, MSG_DELETED, NULL);
    store(fx, view, SILENT, 3, 3, MSG_DELETED, NULL);
    assert_string_equal(told(fx, view, SYNC_ALL), "4E 4R ");
    store(fx, view, SILENT, 2, 2, MSG_DRAFT, NULL);
    store(fx, NULL, LOUD, 3, 3, MSG_DRAFT, NULL);
    store(fx, view, SILENT, 1, 1, MSG_SEEN, NULL); /* nothing changes */
    store(fx, view, SILENT, 4, 4, MSG_SEEN, NULL); /* raced: told as well */
    assert_string_equal(told(fx, view, SYNC_ALL), "3F1c 4F1 ");
    content_view_done(view);
    content_view_done(other);
}

static void
keywords_come_before_flags(void **state)
{
    struct content *fx = *state;
    struct keyword_names names;
    append(fx, 2);
    struct view *view = content_view(fx, "INBOX");

    assert_ok(view_count_recent(view, NULL, &fx->err));
    store(fx, NULL, LOUD, 2, 2, 0, "$Label1");
    assert_string_equal(told(fx, view, SYNC_ALL), "K 2F0 ");
    store(fx, NULL, LOUD, 1, 1, 0, "$lAbEl1");
    assert_string_equal(told(fx, view, SYNC_ALL), "1F0 ");
    assert_ok(mailbox_keywords(view->mailbox, &fx->arena, &names));
    assert_int_equal(names.count, 1);
    assert_true(span_eq_str(names.names[0], "$Label1"));
    content_view_done(view);
}

/* A STORE of another session that takes a keyword away. */
static void
unstore(struct content *fx, uint32_t uid, const char *keyword)
{
    const struct uid_run run = {uid, uid};
    const struct span name = span_of_str(keyword);
    struct flags_op op;

    flags_op_init(&op, &fx->arena, (struct wake){.fn = NULL});
    op.mbox = 1;
    op.runs = &run;
    op.run_count = 1;
    op.mode = FLAGS_REMOVE;
    op.keywords = &name;
    op.keyword_count = 1;
    assert_ok(content_run(fx, &op.turn));
}

static void
purge(struct content *fx)
{
    struct purge_op op;

    do {
        purge_op_init(&op, (struct wake){.fn = NULL});
        assert_ok(content_run(fx, &op.turn));
    } while (op.more);
}

/* Names of INBOX by number, "-" for none. */
static const char *
numbers(struct content *fx, const struct view *view)
{
    static char line[200];
    struct keyword_names names;

    line[0] = '\0';
    assert_ok(mailbox_keywords(view->mailbox, &fx->arena, &names));
    for (size_t i = 0; i < names.count; i++)
        snprintf(line + strlen(line), 32, "%s%.*s", i == 0 ? "" : " ",
                 SPAN_FMT(names.names[i].len == 0 ? SPAN("-") : names.names[i]));
    return line;
}

/* One view for each way to lag behind; a number is given again when the last has moved on, and
 * each is told FLAGS twice: without the old name and with the new one. */
static void
numbers_wait_for_all_views(void **state)
{
    struct content *fx = *state;
    append(fx, 4);
    store(fx, NULL, LOUD, 1, 1, 0, "$a");
    store(fx, NULL, LOUD, 2, 2, 0, "$b");
    store(fx, NULL, LOUD, 3, 3, 0, "$a");
    struct view *idle = content_view(fx, "INBOX"); /* asleep, told at once */
    struct view *parked = content_view(fx, "INBOX");
    struct view *busy = content_view(fx, "INBOX"); /* may not be told of expunges */
    assert_ok(view_count_recent(idle, NULL, &fx->err));
    assert_ok(view_count_recent(parked, NULL, &fx->err));
    assert_string_equal(told(fx, busy, SYNC_ALL), "");
    struct store_tx *tx = content_read(fx);
    assert_ok(view_awake(busy, tx, &fx->err));
    store_end(tx);
    view_sleep(parked);

    unstore(fx, 1, "$a");
    purge(fx); /* message 3 bears it */
    assert_string_equal(numbers(fx, idle), "$a $b");
    unstore(fx, 3, "$a");
    expunge(fx, 3, 3);
    assert_string_equal(told(fx, idle, SYNC_ALL), "3X 3R 1F0 ");
    assert_string_equal(told(fx, busy, SYNC_NO_EXPUNGE), "1F0 ");
    purge(fx);
    assert_true(sync_is_due(idle) && sync_is_due(parked) && sync_is_due(busy));
    assert_string_equal(told(fx, idle, SYNC_ALL), "K ");
    assert_false(sync_is_due(idle));
    purge(fx);
    store(fx, NULL, LOUD, 1, 1, 0, "$c");
    assert_string_equal(numbers(fx, idle), "- $b $c");
    assert_string_equal(told(fx, idle, SYNC_ALL), "K 1F0 ");

    /* Told of the names, but with a member that bore $a: the number is not free. */
    assert_string_equal(told(fx, busy, SYNC_NO_EXPUNGE), "K 1F0 ");
    assert_string_equal(told_some(fx, parked, SYNC_ALL, 1), "3X ");
    purge(fx);
    store(fx, NULL, LOUD, 1, 1, 0, "$d");
    assert_string_equal(numbers(fx, idle), "- $b $c $d");
    assert_string_equal(told(fx, parked, SYNC_ALL), "K 1F0 ");
    purge(fx);
    store(fx, NULL, LOUD, 1, 1, 0, "$e");
    assert_string_equal(numbers(fx, idle), "- $b $c $d $e");
    assert_string_equal(told(fx, busy, SYNC_ALL), "3X K 1F0 ");
    purge(fx);
    store(fx, NULL, LOUD, 1, 1, 0, "$f");
    assert_string_equal(numbers(fx, idle), "$f $b $c $d $e");
    assert_string_equal(told(fx, idle, SYNC_ALL), "K 1F0 ");
    assert_string_equal(told(fx, parked, SYNC_ALL), "K 1F0 ");
    content_view_done(idle);
    content_view_done(parked);
    content_view_done(busy);
}

/* The names of numbers are read after the sync has begun. A name may be gone by then, because
 * no message bears the keyword any more. A client whose own silent STORE has set it is told the
 * modseq alone, of the version with the bit. That the keyword is gone comes next, and until it
 * was told the number is given to nobody else. */
static void
names_go_while_a_sync_is_told(void **state)
{
    struct content *fx = *state;
    append(fx, 2);
    struct view *view = content_view(fx, "INBOX");
    const struct view_echo echo = {.silent = true, .own_modseq = UINT64_MAX};
    struct sync *sync;
    struct sync_event event;
    struct mailbox_state now;

    assert_ok(view_count_recent(view, NULL, &fx->err));
    store(fx, view, SILENT, 1, 1, 0, "$a");
    view->echo = &echo;
    mailbox_state(view->mailbox, &now);
    const uint64_t stored = now.highest_modseq;
    struct store_tx *tx = content_read(fx);
    assert_ok(sync_begin(view, tx, SYNC_ALL, &fx->arena, &sync, &fx->err));
    store_end(tx);
    assert_string_equal(numbers(fx, view), "$a");

    unstore(fx, 1, "$a");
    purge(fx);
    assert_string_equal(numbers(fx, view), "-");
    sync_next(sync, &event);
    assert_int_equal(event.kind, SYNC_KEYWORDS);
    sync_next(sync, &event);
    assert_int_equal(event.kind, SYNC_MODSEQ);
    assert_int_equal(event.entry.modseq, stored);
    assert_int_equal(event.entry.keywords.bits[0], 1);
    store(fx, NULL, LOUD, 2, 2, 0, "$b");
    assert_string_equal(numbers(fx, view), "- $b");
    sync_next(sync, &event);
    assert_int_equal(event.kind, SYNC_DONE);

    purge(fx);
    store(fx, NULL, LOUD, 2, 2, 0, "$c");
    assert_string_equal(numbers(fx, view), "- $b $c");
    assert_string_equal(told(fx, view, SYNC_ALL), "K 1F0 2F0 ");
    purge(fx);
    store(fx, NULL, LOUD, 2, 2, 0, "$d");
    assert_string_equal(numbers(fx, view), "$d $b $c");
    content_view_done(view);
}

/* What a view knows of keywords when it goes over to another process: nothing is told again
 * while they are the same, and all when they are not. */
static void
keywords_of_a_resumed_view(void **state)
{
    struct content *fx = *state;
    struct view_saved saved;
    append(fx, 1);
    store(fx, NULL, LOUD, 1, 1, 0, "$a");
    struct view *view = content_view(fx, "INBOX");

    assert_ok(view_count_recent(view, NULL, &fx->err));
    for (unsigned changed = 0; changed < 2; changed++) {
        struct mailbox *mailbox;
        assert_true(view_save(view, &saved));
        content_view_done(view);
        if (changed != 0) {
            unstore(fx, 1, "$a");
            purge(fx);
        }
        assert_ok(mailbox_open(fx->acct, (struct wake){.fn = NULL}, SPAN("INBOX"), &mailbox,
                               &fx->err));
        view = calloc(1, sizeof *view);
        assert_non_null(view);
        assert_ok(view_resume(view, mailbox, &saved, &fx->err));
        assert_string_equal(told(fx, view, SYNC_ALL), changed ? "K 1F0 " : "");
    }
    content_view_done(view);
}

/* Left off after each possible event and begun again: nothing is lost, no number told twice. */
static void
can_be_left_off_anywhere(void **state)
{
    struct content *fx = *state;
    append(fx, 7);
    store(fx, NULL, LOUD, 1, 7, MSG_SEEN, NULL);
    struct view *views[12];

    for (unsigned i = 0; i < ARRAY_LEN(views); i++) {
        views[i] = content_view(fx, "INBOX");
        views[i]->recent_from = 1;
        assert_ok(view_count_recent(views[i], NULL, &fx->err));
    }
    expunge(fx, 2, 2);
    expunge(fx, 4, 5);
    store(fx, NULL, LOUD, 6, 7, MSG_FLAGGED, "blue");
    append(fx, 2);
    for (unsigned i = 0; i < ARRAY_LEN(views); i++) {
        char line[4000];
        snprintf(line, sizeof line, "%s", told_some(fx, views[i], SYNC_ALL, i));
        if (i >= 1 && i <= 3) {
            view_sleep(views[i]); /* not among expunges */
            assert_non_null(views[i]->members);
        }
        snprintf(line + strlen(line), sizeof line - strlen(line), "%s",
                 told(fx, views[i], SYNC_ALL));
        /* Flags that were told may come again, and those of the new messages. */
        if (i < 4 || i > 8)
            assert_string_equal(line, "5X 4X 2X 6E 6R K 3F5 4F5 ");
        else if (i < 7)
            assert_string_equal(line, "5X 4X 2X 6E 6R K 3F5 4F5 5F0 6F0 ");
        else
            assert_string_equal(line, i == 7 ? "5X 4X 2X 6E 6R K 3F5 3F5 4F5 5F0 6F0 "
                                             : "5X 4X 2X 6E 6R K 3F5 4F5 3F5 4F5 5F0 6F0 ");
        assert_false(sync_is_due(views[i]));
        content_view_done(views[i]);
    }
}

static void
many_runs_vanish_in_windows(void **state)
{
    struct content *fx = *state;
    struct copy_op op;
    const struct uid_run all = {1, UINT32_MAX};

    append(fx, 1);
    for (unsigned i = 0; i < 11; i++) { /* doubling by copying */
        copy_op_init(&op, &fx->arena, (struct wake){.fn = NULL});
        op.from_mbox = 1;
        op.to_name = SPAN("INBOX");
        op.runs = &all;
        op.run_count = 1;
        assert_ok(content_run(fx, &op.turn));
    }
    struct view *view = content_view(fx, "INBOX");
    assert_int_equal(view->exists, 2048);
    struct expunge_op expunge_op;
    expunge_op_init(&expunge_op, &fx->arena, (struct wake){.fn = NULL});
    struct uid_run *odd = arena_array(&fx->arena, struct uid_run, 1024);
    for (uint32_t i = 0; i < 1024; i++)
        odd[i] = (struct uid_run){2 * i + 1, 2 * i + 1};
    expunge_op.mbox = 1;
    expunge_op.runs = odd;
    expunge_op.run_count = 1024;
    assert_ok(content_run(fx, &expunge_op.turn));

    struct sync *sync;
    struct sync_event event;
    uint32_t below = UINT32_MAX;
    uint32_t vanished = 0;
    assert_ok(sync_begin(view, NULL, SYNC_ALL_UIDS, &fx->arena, &sync, &fx->err));
    for (sync_next(sync, &event); event.kind == SYNC_VANISHED; sync_next(sync, &event)) {
        assert_true(event.runs[event.run_count - 1].last < below);
        below = event.runs[0].first;
        for (size_t i = 0; i < event.run_count; i++)
            vanished += event.runs[i].last - event.runs[i].first + 1;
    }
    sync_end(sync);
    assert_int_equal(vanished, 1024);
    assert_int_equal(below, 1);
    content_view_done(view);
}

static void
deleted_mailboxes_end_empty(void **state)
{
    struct content *fx = *state;
    struct names_delete_op op;
    struct view *views[4];

    for (unsigned i = 0; i < 4; i++)
        content_append(fx, &(struct content_mail){.mbox = "Trash", .text = SPAN(text)});
    struct store_tx *tx = content_read(fx);
    struct mbox_row row;
    assert_ok(store_mbox_find(tx, SPAN("Trash"), &fx->arena, &row, &fx->err));
    store_end(tx);
    expunge_in(fx, row.id, 2, 2); /* before all that follows */
    for (unsigned i = 0; i < ARRAY_LEN(views); i++)
        views[i] = content_view(fx, "Trash"); /* the first has them all as \Recent */
    assert_ok(view_count_recent(views[0], NULL, &fx->err));
    view_sleep(views[1]);
    view_sleep(views[3]);
    names_delete_op_init(&op, &fx->arena, (struct wake){.fn = NULL});
    op.name = SPAN("Trash");
    assert_ok(content_run(fx, &op.turn));
    const enum sync_mode modes[] = {SYNC_ALL, SYNC_ALL, SYNC_ALL_UIDS, SYNC_ALL_UIDS};
    const char *const lines[] = {"1X 0R G ", "3X 2X 1X G ", "V1,3:4 G ", "V1,3:4 G "};
    for (unsigned i = 0; i < ARRAY_LEN(views); i++) {
        assert_true(sync_is_due(views[i]));
        assert_string_equal(told(fx, views[i], SYNC_NO_EXPUNGE), "");
        if (i == 0)
            assert_string_equal(told_some(fx, views[i], modes[i], 2), "3X 2X ");
        assert_string_equal(told(fx, views[i], modes[i]), lines[i]);
        assert_string_equal(told(fx, views[i], modes[i]), "");
        assert_false(sync_is_due(views[i]));
        assert_int_equal(view_awake(views[i], NULL, &fx->err), RC_GONE);
        content_view_done(views[i]);
    }
    struct mailbox *mailbox;
    assert_int_equal(
        mailbox_open(fx->acct, (struct wake){.fn = NULL}, SPAN("Trash"), &mailbox, &fx->err),
        RC_NOT_FOUND);
}

/* NOTIFY (RFC 5465): what a client does not want to be told stays pending, for later. */
static void
what_is_not_wanted_stays_pending(void **state)
{
    struct content *fx = *state;

    append(fx, 4);
    struct view *view = content_view(fx, "INBOX");
    view->tells = VIEW_TELLS_COUNTS;
    store(fx, NULL, LOUD, 2, 3, MSG_FLAGGED, NULL);
    assert_false(sync_is_due(view));
    assert_string_equal(told(fx, view, SYNC_ALL), "");
    expunge(fx, 1, 1);
    append(fx, 1);
    assert_true(sync_is_due(view));
    assert_string_equal(told(fx, view, SYNC_ALL), "1X 4E 4R ");
    /* The answer to its own STORE is told, and nothing else of flags. */
    store(fx, view, LOUD, 4, 4, MSG_SEEN, NULL);
    assert_string_equal(told(fx, view, SYNC_ALL), "3F1 ");
    view->tells = VIEW_TELLS_ANSWERS;
    expunge(fx, 2, 2);
    append(fx, 1);
    assert_false(sync_is_due(view));
    assert_string_equal(told(fx, view, SYNC_ALL), "");
    store(fx, view, LOUD, 5, 5, MSG_SEEN, NULL);
    assert_string_equal(told(fx, view, SYNC_ALL), "4F1 ");
    view_sleep(view);
    assert_string_equal(told(fx, view, SYNC_ALL_UIDS), "");
    view->tells = VIEW_TELLS_ALL;
    assert_true(sync_is_due(view));
    assert_string_equal(told(fx, view, SYNC_ALL), "1X 4E 1F4 2F1 3F1 ");
    assert_false(sync_is_due(view));
    content_view_done(view);
}

/* A client that is told of no changes of flags knows its own from their answers: while there
 * are no others, what it knows moves on. */
static void
own_changes_are_known(void **state)
{
    static const enum view_tells tells[] = {VIEW_TELLS_COUNTS, VIEW_TELLS_ANSWERS};
    struct content *fx = *state;

    struct view *view = content_view(fx, "INBOX");
    append(fx, 3);
    assert_string_equal(told(fx, view, SYNC_ALL), "3E 3R ");
    for (size_t i = 0; i < ARRAY_LEN(tells); i++) {
        struct mailbox_state now;
        view->tells = (uint8_t)tells[i];
        store(fx, view, LOUD, 1, 1, i == 0 ? MSG_SEEN : MSG_DRAFT, NULL);
        assert_string_equal(told(fx, view, SYNC_NO_EXPUNGE), i == 0 ? "1F1 " : "1F15 ");
        mailbox_state(view->mailbox, &now);
        assert_int_equal(view->flags_modseq, now.highest_modseq);

        /* Not when its answer was broken off, */
        const uint64_t before = view->flags_modseq;
        store(fx, view, LOUD, 1, 2, i == 0 ? MSG_FLAGGED : MSG_DELETED, NULL);
        assert_string_equal(told_some(fx, view, SYNC_NO_EXPUNGE, 1), i == 0 ? "1F5 " : "1F1d ");
        assert_int_equal(view->flags_modseq, before);
        view->tells = VIEW_TELLS_ALL;
        assert_string_equal(told(fx, view, SYNC_ALL), i == 0 ? "1F5 2F4 " : "1F1d 2Ff ");

        /* nor when another one's change came first; nor does it hide one that came later. */
        view->tells = (uint8_t)tells[i];
        store(fx, NULL, LOUD, 2, 2, i == 0 ? MSG_SEEN : MSG_DRAFT, NULL);
        store(fx, view, LOUD, 3, 3, i == 0 ? MSG_SEEN : MSG_DRAFT, NULL);
        assert_string_equal(told(fx, view, SYNC_NO_EXPUNGE), i == 0 ? "3F1 " : "3F15 ");
        view->tells = VIEW_TELLS_ALL;
        assert_string_equal(told(fx, view, SYNC_ALL), i == 0 ? "2F5 3F1 " : "2F1f 3F15 ");
        view->tells = (uint8_t)tells[i];
        store(fx, view, LOUD, 3, 3, i == 0 ? MSG_FLAGGED : MSG_DELETED, NULL);
        store(fx, NULL, LOUD, 2 - (uint32_t)i, 2 - (uint32_t)i, MSG_ANSWERED, NULL);
        assert_string_equal(told(fx, view, SYNC_NO_EXPUNGE), i == 0 ? "3F5 " : "3F1d ");
        view->tells = VIEW_TELLS_ALL;
        assert_string_equal(told(fx, view, SYNC_ALL), i == 0 ? "2F7 " : "1F1f ");
        assert_false(sync_is_due(view));
    }
    content_view_done(view);
}

/* A request that queues others behind it and says what a purge in its place would have to
 * keep. */
struct keeper {
    struct turn_req turn;
    struct turn_req *others[2];
    uint64_t keep;
};

static enum rc
keeper_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct keeper *keeper = CONTAINER_OF(req, struct keeper, turn);

    (void)err;
    keeper->keep = view_keep_modseq(ctx);
    for (size_t i = 0; i < ARRAY_LEN(keeper->others) && keeper->others[i] != NULL; i++)
        assert_int_equal(turn_run(ctx->acct, keeper->others[i]), RC_AGAIN);
    return RC_OK;
}

/* A parked view of a mailbox that is deleted needs its rows to tell UIDs, also when a purge is
 * in the same batch. */
static void
rows_outlive_a_deletion_in_the_batch(void **state)
{
    struct content *fx = *state;
    struct names_delete_op op;
    struct keeper after = {.keep = 0};

    content_append(fx, &(struct content_mail){.mbox = "Trash", .text = SPAN(text)});
    struct view *view = content_view(fx, "Trash");
    view_sleep(view);
    names_delete_op_init(&op, &fx->arena, (struct wake){.fn = NULL});
    op.name = SPAN("Trash");
    struct keeper before = {.others = {&op.turn, &after.turn}};
    turn_req_init(&before.turn, keeper_apply, 1, (struct wake){.fn = NULL});
    turn_req_init(&after.turn, keeper_apply, 1, (struct wake){.fn = NULL});
    assert_ok(content_run(fx, &before.turn));
    assert_int_equal(turn_run(fx->acct, &op.turn), RC_OK);
    assert_int_equal(turn_run(fx->acct, &after.turn), RC_OK);
    assert_ok(op.turn.result);
    assert_true(before.keep == UINT64_MAX);
    assert_true(after.keep == view->modseq);
    assert_string_equal(told(fx, view, SYNC_ALL_UIDS), "V1 G ");
    content_view_done(view);
}

/* Some of its messages were told by number without looking at its rows; the rest go by UID. */
static void
the_end_of_a_mailbox_can_be_left_off(void **state)
{
    struct content *fx = *state;
    struct names_delete_op op;

    for (unsigned i = 0; i < 4; i++)
        content_append(fx, &(struct content_mail){.mbox = "Trash", .text = SPAN(text)});
    struct view *view = content_view(fx, "Trash");
    view_sleep(view);
    names_delete_op_init(&op, &fx->arena, (struct wake){.fn = NULL});
    op.name = SPAN("Trash");
    assert_ok(content_run(fx, &op.turn));
    assert_string_equal(told_some(fx, view, SYNC_ALL, 1), "4X ");
    assert_int_equal(view->exists, 3);
    assert_string_equal(told(fx, view, SYNC_NO_NEWS), "");
    assert_string_equal(told_some(fx, view, SYNC_ALL, 1), "3X ");
    assert_string_equal(told(fx, view, SYNC_ALL_UIDS), "V1:2 G ");
    assert_false(sync_is_due(view));
    content_view_done(view);
}

/* What a COPY of thousands needs of its command's memory are runs, not rows; where those are
 * too many, nothing is copied. */
static void
copies_are_told_in_runs(void **state)
{
    struct content *fx = *state;
    const struct uid_run all = {1, UINT32_MAX};
    struct uid_run odd[300];
    struct arena small;
    struct copy_op op;

    append(fx, 600);
    expunge(fx, 100, 100);
    for (uint32_t i = 0; i < ARRAY_LEN(odd); i++)
        odd[i] = (struct uid_run){2 * i + 1, 2 * i + 1};
    struct view *view = content_view(fx, "Archive");
    arena_init(&small, 2000);
    copy_op_init(&op, &small, (struct wake){.fn = NULL});
    op.from_mbox = 1;
    op.to_name = SPAN("Archive");
    op.runs = &all;
    op.run_count = 1;
    assert_ok(content_run(fx, &op.turn));
    assert_int_equal(op.count, 599);
    assert_int_equal(op.source_count, 2);
    assert_int_equal(op.sources[0].last, 99);
    assert_int_equal(op.sources[1].first, 101);
    assert_int_equal(op.first_uid, 1);
    assert_string_equal(told(fx, view, SYNC_ALL), "599E 599R ");

    op.runs = odd;
    op.run_count = ARRAY_LEN(odd);
    assert_int_equal(content_run(fx, &op.turn), RC_LIMIT);
    assert_string_equal(told(fx, view, SYNC_ALL), "");
    arena_done(&small);
    content_view_done(view);
}

/* --- Sets --- */

struct set_case {
    const char *set;
    const char *seqs; /* of messages, or "bad" */
};

static const char *
runs_text(const struct view_run *runs, size_t count)
{
    static char line[200];
    char *end = line;

    line[0] = '\0';
    for (size_t i = 0; i < count; i++)
        end += snprintf(end, 32, runs[i].first == runs[i].last ? "%s%u" : "%s%u:%u",
                        i == 0 ? "" : ",", runs[i].first, runs[i].last);
    return line;
}

static void
sets_name_messages(void **state)
{
    struct content *fx = *state;
    const struct set_case by_seq[] = {
        {"1", "1"},       {"4", "4"},     {"5", "bad"},     {"*", "4"},     {"5:*", "4"},
        {"*:7", "4"},     {"2:*", "2:4"}, {"3:5", "bad"},   {"4,1", "1,4"}, {"3,1:2", "1:3"},
        {"3:2,1", "1:3"}, {"99:*", "4"},  {"1,7:9", "bad"},
    };
    /* UIDs 2 4 5 8: those of the article's trap included (46:* with highest UID 45). */
    const struct set_case by_uid[] = {
        {"1", ""},        {"2", "1"},
        {"9:*", "4"},     {"*", "4"},
        {"1:3", "1"},     {"3:7", "2:3"},
        {"6:7", ""},      {"2,5", "1,3"},
        {"1:2,4", "1:2"}, {"1:4294967295", "1:4"},
        {"100", ""},      {"8,4", "2,4"},
        {"*:3", "2:4"},
    };

    struct view *view = content_view(fx, "INBOX");
    struct view_run *runs;
    size_t count;
    struct seq_set star;
    assert_ok(numset_parse(SPAN("1:*"), &fx->arena, &star.set));
    assert_int_equal(view_resolve_seqs(view, &star, &fx->arena, &runs, &count), RC_INVALID);
    struct uid_set uid_star = {star.set};
    assert_ok(view_resolve_uids(view, &uid_star, &fx->arena, &runs, &count));
    assert_int_equal(count, 0);
    content_view_done(view);

    append(fx, 8);
    expunge(fx, 1, 1);
    expunge(fx, 3, 3);
    expunge(fx, 6, 7);
    view = content_view(fx, "INBOX");
    for (size_t i = 0; i < ARRAY_LEN(by_seq); i++) {
        struct seq_set set;
        assert_ok(numset_parse(span_of_str(by_seq[i].set), &fx->arena, &set.set));
        const enum rc rc = view_resolve_seqs(view, &set, &fx->arena, &runs, &count);
        assert_string_equal(rc == RC_INVALID ? "bad" : runs_text(runs, count), by_seq[i].seqs);
    }
    for (size_t i = 0; i < ARRAY_LEN(by_uid); i++) {
        struct uid_set set;
        assert_ok(numset_parse(span_of_str(by_uid[i].set), &fx->arena, &set.set));
        assert_ok(view_resolve_uids(view, &set, &fx->arena, &runs, &count));
        assert_string_equal(runs_text(runs, count), by_uid[i].seqs);
    }
    /* Between the ends of a run lie only UIDs that are gone for good. */
    struct uid_run *uids;
    const struct view_run named[] = {{1, 2}, {4, 4}};
    assert_ok(view_uid_runs(view, named, 2, &fx->arena, &uids, &count));
    assert_int_equal(count, 2);
    assert_int_equal(uids[0].first, 2);
    assert_int_equal(uids[0].last, 4);
    assert_int_equal(uids[1].first, 8);
    struct version *current;
    expunge(fx, 4, 4);
    assert_ok(view_current(view, NULL, &current, &fx->err));
    assert_int_equal(view_count_expunged(view, current, named, 2), 1);
    version_unref(current);
    content_view_done(view);
}

/* A snapshot shows a commit that was not published yet, here or elsewhere. The names of the
 * bits in it are learned with it: a FETCH would leave them out, and nothing would tell them
 * later. */
static void
names_come_with_a_snapshot(void **state)
{
    static const struct uid_run first = {1, 1};
    struct content *fx = *state;
    struct flags_req req = {.mbox = 1,
                            .runs = &first,
                            .run_count = 1,
                            .mode = FLAGS_ADD,
                            .unchanged_since = MODSEQ_ANY};
    struct keyword_names names;
    struct flags_result result;
    struct entry entry;
    uint32_t number;

    append(fx, 2);
    struct view *view = content_view(fx, "INBOX");
    view_sleep(view);
    content_forget_versions(fx);

    struct store_tx *tx = content_write(fx);
    assert_ok(store_keyword_add(tx, 1, SPAN("later"), &number, &fx->err));
    req.keywords.bits[number / 64] = UINT64_C(1) << number % 64;
    assert_ok(store_flags_update(tx, &req, &fx->arena, &result, &fx->err));
    content_commit(fx, tx);

    tx = content_read(fx);
    assert_ok(view_awake(view, tx, &fx->err));
    store_end(tx);
    version_entry(view->members, 1, &entry);
    assert_int_equal(entry.keywords.bits[number / 64], req.keywords.bits[number / 64]);
    assert_ok(mailbox_keywords(view->mailbox, &fx->arena, &names));
    assert_true(number < names.count && span_eq_str(names.names[number], "later"));
    assert_true(names.serial != view_keywords(view)); /* FLAGS is told before */
    content_view_done(view);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, content_setup, content_teardown)
    const struct CMUnitTest tests[] = {
        T(new_mail_needs_counters_only),
        T(news_wait_flags_do_not),
        T(recent_waits_with_the_news),
        T(news_wait_whatever_is_told),
        T(expunges_come_from_the_top),
        T(expunges_wait_flags_do_not),
        T(an_old_snapshot_wakes_nothing),
        T(silent_stores_tell_modseqs),
        T(stores_echo_or_not),
        T(keywords_come_before_flags),
        T(can_be_left_off_anywhere),
        T(copies_are_told_in_runs),
        T(many_runs_vanish_in_windows),
        T(deleted_mailboxes_end_empty),
        T(the_end_of_a_mailbox_can_be_left_off),
        T(what_is_not_wanted_stays_pending),
        T(own_changes_are_known),
        T(rows_outlive_a_deletion_in_the_batch),
        T(sets_name_messages),
        T(numbers_wait_for_all_views),
        T(names_go_while_a_sync_is_told),
        T(keywords_of_a_resumed_view),
        T(names_come_with_a_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
