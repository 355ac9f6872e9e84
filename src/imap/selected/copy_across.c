/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "imap/selected/copy_across.h"

#include "mailbox/content/ingest.h"
#include "mailbox/write/quota.h"

enum { READ_BATCH = 256, PIECE_OCTETS = 256 << 10, RENDERED_MAX = 32 << 20 };

enum across_stage { ACROSS_LIST, ACROSS_ROOM, ACROSS_READ, ACROSS_SCAN, ACROSS_READY };

struct across_message {
    struct entry source;
    struct ingest ingest;
    uint64_t text_at;  /* octets written to the spool of texts */
    uint64_t piece_at; /* octets written to the spool of computed data */
};

struct copy_across {
    struct append_op op; /* its messages are in the order of the next member */
    enum across_stage stage;
    const struct imap_named *named;
    size_t expected;
    struct across_message *messages;
    size_t count;
    uint64_t octets;
    struct span *keywords; /* keyword names of the source mailbox, by number */
    size_t keyword_count;
    size_t next;     /* the next message in this stage */
    uint64_t offset; /* offset in its text */
    size_t texts;    /* index of the first spool of texts */
    size_t pieces;
    struct uid_run *sources; /* room for the result: nothing may fail once messages are added */
};

/* RC_LIMIT: no memory, or too many spools. */
static enum rc
begin(struct imap_session *im, const struct imap_named *named, size_t expected,
      struct copy_across *across, struct err *err)
{
    struct arena *arena = &im->work->arena;
    const size_t most = imap_named_count(named);

    if (most > LIMIT_COPY_ACROSS)
        return err_set(err, RC_LIMIT, 0, "more than %u messages into another account",
                       LIMIT_COPY_ACROSS);
    *across = (struct copy_across){
        .named = named,
        .expected = expected,
        .messages = arena_array(arena, struct across_message, most + 1),
        .texts = im->work->spool_count,
        .pieces = im->work->spool_count + 1,
    };
    append_op_init(&across->op, arena, session_waker(&im->s));
    across->op.name = im->work->target.name;
    across->op.msgs = arena_array(arena, struct append_msg, most + 1);
    return across->messages == NULL || across->op.msgs == NULL || imap_spool_add(im) == NULL ||
                   imap_spool_add(im) == NULL
               ? err_set(err, RC_LIMIT, 0, "copy: out of memory")
               : RC_OK;
}

struct copy_across *
copy_across_new(struct imap_session *im, const struct imap_named *named, size_t expected,
                enum imap_step *step_out)
{
    struct copy_across *across = arena_new(&im->work->arena, struct copy_across);
    struct err err = {.rc = RC_OK};

    const enum rc rc = across == NULL ? RC_LIMIT : begin(im, named, expected, across, &err);
    if (rc == RC_OK)
        return across;
    *step_out = imap_fail(im, rc, &err);
    return NULL;
}

/* ---- finding the messages ---- */

static enum rc
too_large(struct err *err)
{
    return err_set(err, RC_LIMIT, 0, "more than %u octets into another account",
                   LIMIT_COPY_ACROSS_OCTETS);
}

/* Reads the entries of one run. All of them are in the view, so there is room for them. */
static enum rc
list_run(struct copy_across *across, struct store_tx *tx, uint64_t mbox,
         const struct uid_run *run, size_t most, struct err *err)
{
    const uint64_t length = (uint64_t)run->last - run->first + 1;
    const size_t want = length < READ_BATCH ? (size_t)length : READ_BATCH;
    struct entry rows[READ_BATCH];
    uint32_t from = run->first;
    size_t count = want;

    while (count == want && from != 0) {
        const enum rc rc = store_entries_read(tx, mbox, &from, rows, want, &count, err);
        if (rc != RC_OK)
            return rc;
        for (size_t i = 0; i < count; i++) {
            if (rows[i].uid > run->last)
                return RC_OK;
            across->octets += rows[i].octets;
            if (across->count == most ||
                (across->count > 0 && across->octets > LIMIT_COPY_ACROSS_OCTETS))
                return too_large(err);
            across->messages[across->count++].source = rows[i];
        }
    }
    return RC_OK;
}

static enum rc
list(struct imap_session *im, struct copy_across *across, struct store_tx *tx, struct err *err)
{
    const struct imap_named *named = across->named;
    struct arena *arena = &im->work->arena;
    const size_t most = imap_named_count(named);
    struct mbox_row row;

    enum rc rc = store_mbox_get(tx, im->selected, arena, &row, err);
    if (rc == RC_NOT_FOUND)
        return err_set(err, RC_GONE, 0, "the mailbox was deleted");
    if (rc == RC_OK)
        rc = store_keywords(tx, im->selected, arena, &across->keywords, &across->keyword_count,
                            err);
    for (size_t i = 0; rc == RC_OK && i < named->uid_count; i++)
        rc = list_run(across, tx, im->selected, &named->uids[i], most, err);
    if (rc == RC_OK && across->count < across->expected)
        return err_set(err, RC_EXPUNGED, 0, "%zu of %zu messages are left", across->count,
                       across->expected);
    return rc == RC_OK && !imap_append_charge(im, across->octets) ? too_large(err) : rc;
}

/* Checks that the destination exists and has room, before anything is read for it. */
static enum rc
ask_for_room(struct imap_session *im, const struct copy_across *across, struct store_tx *tx,
             struct err *err)
{
    const struct quota_amounts more = {
        .of = {[QUOTA_STORAGE] = across->octets, [QUOTA_MESSAGE] = across->count}};

    struct mbox_row row;

    const enum rc rc = store_mbox_find(tx, im->work->target.name, &im->work->arena, &row, err);
    return rc == RC_OK ? quota_fits(im->work->target.acct, tx, &more, err) : rc;
}

/* ---- reading them ---- */

/* The message was expunged, and its text is gone too. */
static enum rc
leave_out(struct copy_across *across, struct err *err)
{
    if (across->expected > 0)
        return err_set(err, RC_EXPUNGED, 0, "a message was expunged");
    across->count--;
    for (size_t i = across->next; i < across->count; i++)
        across->messages[i] = across->messages[i + 1];
    across->offset = 0;
    return RC_OK;
}

/* Copies one piece of a text. */
static enum rc
read_piece(struct imap_session *im, struct copy_across *across, struct store_tx *tx,
           struct err *err)
{
    struct across_message *message = &across->messages[across->next];
    struct spool *spool = &im->work->spools[across->texts];
    struct span piece = SPAN("");
    enum rc rc = RC_OK;

    if (across->offset == 0)
        message->text_at = spool->octets;
    if (across->offset < message->source.octets)
        rc = store_content_peek(tx, message->source.message, across->offset, PIECE_OCTETS,
                                &piece, err);
    if (rc == RC_NOT_FOUND || rc == RC_GONE)
        return leave_out(across, err);
    if (rc == RC_OK)
        rc = spool_append(spool, piece, err);
    across->offset += piece.len;
    if (rc == RC_OK && (piece.len == 0 || across->offset >= message->source.octets)) {
        message->ingest.msg.text.len = (size_t)across->offset;
        across->offset = 0;
        across->next++;
    }
    return rc;
}

/* Reads as many messages as a slice has time for. */
static enum rc
read_some(struct imap_session *im, struct copy_across *across, struct store_tx *tx,
          struct err *err)
{
    enum rc rc = RC_OK;

    do {
        if (across->next == across->count) {
            across->next = 0;
            across->stage = ACROSS_SCAN;
            return RC_OK;
        }
        rc = read_piece(im, across, tx, err);
    } while (rc == RC_OK && !slice_spent());
    return rc;
}

/* ---- scanning them ---- */

static enum rc
scan_one(struct imap_session *im, struct copy_across *across, const char *texts,
         struct err *err)
{
    struct across_message *message = &across->messages[across->next];
    struct spool *spool = &im->work->spools[across->pieces];
    const struct span text = span_of(texts + message->text_at, message->ingest.msg.text.len);
    AUTO_ARENA scratch = {0};
    AUTO_BUF piece = {0};

    arena_init(&scratch, INGEST_ARENA);
    buf_init(&piece, RENDERED_MAX);
    message->piece_at = spool->octets;
    enum rc rc = ingest_prepare(&scratch, text, &message->ingest, err);
    if (rc != RC_OK)
        return rc;
    ingest_pack(&message->ingest, &piece);
    if (!buf_ok(&piece))
        return err_set(err, RC_LIMIT, 0, "copy: out of memory");
    /* Computed data are charged too; this is the most that one message may have. */
    if (across->next > 0 && spool->octets + buf_len(&piece) > LIMIT_COPY_ACROSS_OCTETS)
        return too_large(err);
    across->next++;
    return spool_append(spool, buf_span(&piece), err);
}

/* The names of the keywords that the copy of a message gets. Adjacent messages mostly have the
 * same ones. */
static enum rc
keywords_name(struct imap_session *im, struct copy_across *across, size_t i)
{
    const struct keywords *bits = &across->messages[i].source.keywords;
    struct append_msg *msg = &across->op.msgs[i];
    struct span names[LIMIT_KEYWORDS];
    size_t count = 0;

    if (i > 0 && memcmp(bits, &across->messages[i - 1].source.keywords, sizeof *bits) == 0) {
        msg->keywords = msg[-1].keywords;
        msg->keyword_count = msg[-1].keyword_count;
        return RC_OK;
    }
    for (size_t k = 0; k < across->keyword_count && k < LIMIT_KEYWORDS; k++)
        if ((bits->bits[k / 64] >> k % 64 & 1) != 0 && across->keywords[k].len > 0)
            names[count++] = across->keywords[k];
    struct span *kept = arena_array(&im->work->arena, struct span, count + 1);
    if (kept == NULL)
        return RC_LIMIT;
    for (size_t k = 0; k < count; k++)
        kept[k] = names[k];
    msg->keywords = kept;
    msg->keyword_count = count;
    return RC_OK;
}

/* Makes what the turn is to add. None of it is moved afterwards. */
static enum rc
compose(struct imap_session *im, struct copy_across *across, const char *texts, struct err *err)
{
    struct append_op *op = &across->op;
    struct span pieces = SPAN("");
    enum rc rc = spool_read(&im->work->spools[across->pieces], &pieces, err);

    across->sources = arena_array(&im->work->arena, struct uid_run, across->count + 1);
    if (rc == RC_OK && across->sources == NULL)
        rc = err_set(err, RC_LIMIT, 0, "copy: out of memory");
    for (size_t i = 0; rc == RC_OK && i < across->count; i++) {
        struct across_message *message = &across->messages[i];
        ingest_repoint(&message->ingest, pieces.ptr + message->piece_at,
                       texts + message->text_at);
        op->msgs[i] = (struct append_msg){
            .ingest = &message->ingest,
            .flags = message->source.flags & MSG_SYSTEM_FLAGS,
            .internaldate_s = message->source.internaldate_s,
            .internaldate_zone_min = message->source.internaldate_zone_min,
        };
        rc = keywords_name(im, across, i);
    }
    op->msg_count = across->count;
    op->turn.octets += across->octets;
    across->stage = ACROSS_READY;
    return rc;
}

static enum rc
scan_some(struct imap_session *im, struct copy_across *across, struct err *err)
{
    struct span texts = SPAN("");
    enum rc rc = spool_read(&im->work->spools[across->texts], &texts, err);

    while (rc == RC_OK && across->next < across->count) {
        rc = scan_one(im, across, texts.ptr, err);
        if (slice_spent())
            return rc;
    }
    return rc == RC_OK ? compose(im, across, texts.ptr, err) : rc;
}

/* ---- one after the other ---- */

static enum rc
go(struct imap_session *im, struct copy_across *across, struct store_tx *tx, struct err *err)
{
    enum rc rc = RC_OK;

    switch (across->stage) {
    case ACROSS_LIST:
        rc = list(im, across, tx, err);
        across->stage = ACROSS_ROOM;
        return rc;
    case ACROSS_ROOM:
        across->stage = ACROSS_READ;
        return ask_for_room(im, across, tx, err);
    case ACROSS_READ:
        return read_some(im, across, tx, err);
    case ACROSS_SCAN:
        return scan_some(im, across, err);
    case ACROSS_READY:
        break;
    }
    return RC_OK;
}

bool
copy_across_ready(struct imap_session *im, struct copy_across *across, enum imap_step *step_out)
{
    struct account *const at =
        across->stage == ACROSS_ROOM ? im->work->target.acct : imap_selected_acct(im);
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (across->stage == ACROSS_READY)
        return true;
    /* The right is checked in the account of the snapshot, before the turn is asked for. */
    if (!imap_guest_still_may(im, im->work->row->selected, step_out) ||
        /* A mailbox that another server has just created must not be reported as missing. */
        (across->stage == ACROSS_ROOM && !imap_catch_up(im, at, step_out)) ||
        (across->stage != ACROSS_SCAN && !imap_read_begin(im, at, &tx, step_out)))
        return false;
    const bool at_room = across->stage == ACROSS_ROOM;
    const enum rc rc = go(im, across, tx, &err);
    *step_out = rc == RC_OK                     ? STEP_MORE
                : rc == RC_NOT_FOUND && at_room ? imap_no_destination(im)
                                                : imap_fail(im, rc, &err);
    return false;
}

struct append_op *
copy_across_op(struct copy_across *across)
{
    return &across->op;
}

void
copy_across_result(const struct copy_across *across, struct copy_op *out)
{
    const struct append_op *op = &across->op;
    struct uid_run *sources = across->sources;
    size_t count = 0;

    for (size_t i = 0; i < across->count; i++) {
        const uint32_t uid = across->messages[i].source.uid;
        if (count == 0 || sources[count - 1].last + 1 != uid)
            sources[count++].first = uid;
        sources[count - 1].last = uid;
    }
    out->to_mbox = op->mbox;
    out->to_uidvalidity = op->uidvalidity;
    out->count = across->count;
    out->first_uid = across->count == 0 ? 0 : op->msgs[0].added.uid;
    out->sources = sources;
    out->source_count = count;
}
