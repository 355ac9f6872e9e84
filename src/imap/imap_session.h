/* SPDX-License-Identifier: MIT */
/*
 * One IMAP dialogue. struct imap_session is small and stays while the session is parked; struct
 * imap_work exists only while a command is under way.
 *
 *   framer -> imap_cmd (parsed) -> row->run ... -> sync -> tagged answer -> work freed
 *
 * enum imap_phase says how far the command is.
 *
 * Private to imap/. Thread: the session's, for all functions.
 */
#ifndef IMAP_IMAP_SESSION_H
#define IMAP_IMAP_SESSION_H

#include "auth/sasl.h"
#include "base/arena.h"
#include "base/limits.h"
#include "door/read.h"
#include "door/write.h"
#include "imap/dialect.h"
#include "imap/imap.h"
#include "imap/names/target.h"
#include "mailbox/memory/account.h"
#include "mailbox/memory/hub.h"
#include "mailbox/sync.h"
#include "mailbox/view.h"
#include "syntax/imap/cmd.h"
#include "syntax/imap/framer.h"
#include "syntax/imap/write.h"

struct imap_context;
struct imap_found;
struct imap_held;
struct imap_metadata;
struct imap_notify;
struct imap_told_names;
struct names_entry;
struct status;
struct imap_work;
struct imap_session;

enum imap_state { /* RFC 3501 section 3; bits, so that a row can name several */
                  IMAP_NOT_AUTHENTICATED = 1,
                  IMAP_AUTHENTICATED = 2,
                  IMAP_SELECTED = 4,
                  IMAP_LOGGED_IN = IMAP_AUTHENTICATED | IMAP_SELECTED,
                  IMAP_ANY = IMAP_NOT_AUTHENTICATED | IMAP_LOGGED_IN,
};

/* A wait for anything that may happen, in IDLE or with NOTIFY: push.c. */
struct imap_waiting {
    int64_t since_us;
    int64_t keepalive_us; /* when the next untagged line is due */
};

struct imap_idle {
    struct imap_waiting waiting;
    char tag[]; /* of the IDLE command under way */
};

/* Whether the client has used NOTIFY (RFC 5465). */
enum imap_notify_state {
    NOTIFY_UNUSED, /* the client is told what every client is told */
    NOTIFY_NONE,   /* the client is told only what is part of an answer */
    NOTIFY_SET,    /* the client has said what it wants: imap_session.notify */
};

/* How the client logged in. */
enum imap_login {
    IMAP_LOGIN_NONE, /* not yet */
    /* not yet: the login was right, but the account has all the connections that it may have */
    IMAP_LOGIN_FULL,
    IMAP_LOGIN_SCRAM,    /* without sending its password */
    IMAP_LOGIN_PASSWORD, /* with its password, by LOGIN, PLAIN and the like */
    /* not logged in and not greeted: the greeting lists capabilities that depend on TLS, which
     * is not established yet */
    IMAP_LOGIN_UNGREETED,
    /* not yet: the last login could not be verified, for want of something that is not the
     * client's */
    IMAP_LOGIN_UNVERIFIED,
};

/* What ended the last IDLE. */
enum imap_idle_end {
    IMAP_IDLE_OPEN, /* nothing: it continues, or there was none */
    IMAP_IDLE_DONE,
    IMAP_IDLE_CUT, /* another command; a DONE may still come */
};

/* The saved search result; see saved.c for the format of the octets. */
struct imap_saved {
    uint32_t runs;
    uint32_t len;
    char octets[];
};

/* Present while the selected mailbox belongs to another user. */
struct imap_guest {
    struct account *acct; /* held; the owner's account */
    uint32_t rights;      /* enum mbox_right, to the selected mailbox */
    /* The values of account_acl_serial and registry_rights_epoch when the rights were read. If
     * either differs now, the rights may have changed. */
    uint32_t acl_serial;
    uint32_t epoch;
    bool sharing; /* whether [imap] sharing was on then */
};

/* Everything that belongs to the user is released at the end of the session and by
 * UNAUTHENTICATE (RFC 8437 section 4), in imap_unauthenticate. */
struct imap_session {
    struct session s;           /* must be first */
    struct imap_framer *framer; /* NULL while no part of a command has arrived */
    struct account *acct;       /* held from login on */
    uint64_t selected;          /* id of the mailbox while SELECTED, else 0 */
    /* owned; NULL: the selected mailbox is the user's own, or none is selected */
    struct imap_guest *guest;
    struct view view; /* while SELECTED */
    /* owned; the mailbox was selected in another process and is not opened here yet */
    struct view_saved *resume;
    struct watch watch;            /* while SELECTED */
    struct imap_saved *saved;      /* owned; the messages of `$`; NULL: none */
    struct imap_context *contexts; /* owned; searches that are kept up to date; NULL: none */
    struct imap_work *work;        /* NULL between commands */
    struct door_read read;
    int32_t input_budget;           /* octets taken from env->input_budget for a long command */
    struct imap_idle *idle;         /* NULL when not in IDLE */
    struct imap_notify *notify;     /* owned; NULL: NOTIFY SET is not in force */
    struct imap_metadata *metadata; /* owned; NULL: the client wants to hear of no metadata */
    uint8_t state;                  /* enum imap_state */
    uint8_t login;                  /* enum imap_login */
    uint8_t idle_end;               /* enum imap_idle_end */
    uint8_t bad_commands;
    /* enum end_state when the session ended; END_STATE_COUNT: not noted yet */
    uint8_t end_state;
    uint8_t end_command;  /* event_command that was under way then; 0: none */
    uint8_t enabled;      /* enum imap_enabled */
    uint8_t notify_state; /* enum imap_notify_state */
};

/* This is a size class of jemalloc: one more octet would cost each parked session 128. */
_Static_assert(sizeof(struct imap_session) <= 896, "a session is larger than its class");

/* The result of one step of a command. */
enum imap_step {
    STEP_DONE,   /* work->reply is set */
    STEP_MORE,   /* call again; yields when the time slice is spent */
    STEP_OUTPUT, /* the output is full: call again when it has drained */
    STEP_WAIT,   /* parked until woken: by the turn, a slot, a read handle or the throttle */
    STEP_INPUT,  /* needs a line from the client (AUTHENTICATE) */
};

/* What the work is for and, from PHASE_LOOK on, how far the command has come. */
enum imap_phase {
    PHASE_INPUT,  /* a command is arriving; work->row is NULL, also in PHASE_PUSH */
    PHASE_PUSH,   /* changes are told between commands */
    PHASE_LOOK,   /* checks whether others have written */
    PHASE_RUN,    /* runs row->run */
    PHASE_SYNC,   /* tells what has changed */
    PHASE_ANSWER, /* sends the tagged line */
    /* for a few commands: the OK is sent, then the layers of the connection change */
    PHASE_SWITCH,
};

/* How far telling what is new has come (imap_tell_step). */
enum imap_telling {
    TELLING_BEGIN,    /* the selected mailbox is compared */
    TELLING_LEAVING,  /* results of searches that are about to be expunged */
    TELLING_SELECTED, /* the selected mailbox */
    TELLING_CONTEXTS, /* results of searches that were added or removed */
    TELLING_NEW,      /* FETCH responses about new messages of the selected mailbox */
    TELLING_OTHERS,   /* other mailboxes */
    TELLING_METADATA, /* names of changed metadata, of all mailboxes and the server */
};

/* What the dialogue does after a stage: it continues, or it parks its task. */
enum go { GO_ON, GO_PARK };

struct imap_reply {
    enum iw_status status;
    const char *code; /* "TRYCREATE": legal syntax without brackets, or NULL; static or arena */
    const char *text; /* static or arena */
};

struct imap_command; /* a row of the table */

struct imap_work {
    struct arena arena; /* of the command: its request and its state */
    struct arena sync_arena;
    enum imap_phase phase;
    const struct imap_command *row; /* NULL: there is no command (yet) */
    struct imap_cmd cmd;
    struct imap_reply reply;
    int64_t began_us;    /* when the command was read; monotonic */
    uint64_t out_octets; /* count of octets sent on the connection at that time */
    void *run;           /* the command's own state, in arena; NULL at its first step */
    struct sync *sync;   /* the sync under way, in sync_arena */
    enum imap_telling telling;
    struct uid_run arrived; /* UIDs that EXISTS has just announced; first 0: none */
    struct uid_run own;     /* UIDs of messages that this command added */
    /* state of the telling stage, in arena; NULL: not begun */
    void *tell_run;
    struct imap_told_names *told_names; /* names that NOTIFY has told, in arena; NULL: none */
    uint64_t own_metadata;              /* modseq of what SETMETADATA has just set; 0: none */
    struct iw sync_line;
    struct keyword_names keywords; /* as of the sync or command, in its arena */
    struct spool *spools;          /* owned; literals of APPEND */
    size_t spool_count;
    uint64_t append_octets; /* octets of APPEND's messages so far: imap_append_charge */
    enum rc spool_rc;       /* the first failure to write to a spool */
    /* monotonic; STEP_WAIT ends then at the latest; 0: no deadline */
    int64_t wait_until_us;
    struct imap_target target; /* the mailbox that the command names */
    /* accounts of other users that it uses, in arena; released with it */
    struct imap_held *held;
    struct imap_found *found; /* names of other users' mailboxes, in arena: target.c */
    /* whether others have written to the target's account has been checked */
    bool looked;
    /* the rights that it needs to the selected mailbox have been checked */
    bool allowed;
    /* the account in whose turn `write` is; NULL: no turn was asked for */
    struct account *turn_of;
    struct door_write write;
    struct turn_req look; /* under way while its wake is set; see imap_catch_up */
    /* the client has closed its sending side, and something was written to it since */
    bool probed;
    /* part of an untagged response has been sent, so a BYE would not be understood */
    bool mid_line;
    /* a UID command that also names messages by number: no expunges are told */
    bool by_numbers;
    /* enum view_tells: what belongs to its answer, whatever NOTIFY says */
    uint8_t tells;
    bool told_vanished;   /* UIDs were told as VANISHED (modseq.c) */
    uint64_t told_modseq; /* highest MODSEQ in a FETCH response of this command or push; 0: none
                           */
    uint64_t safe_before; /* imap_safe_modseq when the command began */
    /* lowest UID among the messages that a limit left to the command; 0: not limited */
    uint32_t cut_at;
    uint32_t cut_limit; /* the value of that limit */
    /* Releases what the command holds outside its arena (an exchange, a place in a queue, a
     * fetch) and sets itself to NULL. Called when the command is done and when the session
     * ends.
     */
    bool (*abandon)(struct imap_session *im);
    /* Called when the session ends, before the request under way is cancelled: completes what
     * the command must not leave half done. False: call it again when the session was woken.
     * NULL: there is nothing to complete. */
    bool (*complete)(struct imap_session *im);
};

static inline struct imap_session *
imap_of(struct session *session)
{
    return CONTAINER_OF(session, struct imap_session, s);
}

/* ---- work.c ---- */
/** Returns the session's work; makes it if there is none. NULL: no memory. */
struct imap_work *imap_work_get(struct imap_session *im);
void imap_work_drop(struct imap_session *im);
/** Adds a spool to the command; it is freed with the command. NULL: no memory. Adding one moves
 * the others, so pointers to spools become invalid, but not texts read from them. */
struct spool *imap_spool_add(struct imap_session *im);
/** Opens the account of another user and holds it until the command is done. RC_NOT_FOUND: it
 * was removed. RC_LIMIT and others: as account_get. */
MUST_USE enum rc imap_hold(struct imap_session *im, uint64_t account_id,
                           struct account **acct_out);
/** Returns the next unit of the client's input, as imap_framer_next does. Without memory the
 * session ends. */
MUST_USE enum imap_frame imap_frame_next(struct imap_session *im);
/** Returns the framer; makes it if there is none. NULL: no memory, and the session ends. */
struct imap_framer *imap_framer_get(struct imap_session *im);
/** Called before parking: frees the framer unless it holds part of a command. */
void imap_framer_rest(struct imap_session *im);
/** Whether no part of another command has arrived. */
static inline bool
imap_between_commands(const struct imap_session *im)
{
    return im->framer == NULL || imap_framer_is_idle(im->framer);
}

/** The account that the selected mailbox is in. */
static inline struct account *
imap_selected_acct(const struct imap_session *im)
{
    return im->guest == NULL ? im->acct : im->guest->acct;
}
/** The user's rights to the selected mailbox when they were last checked (enum mbox_right). */
static inline uint32_t
imap_selected_rights(const struct imap_session *im)
{
    return im->guest == NULL ? RIGHTS_ALL : im->guest->rights;
}
/** Whether this mailbox is the selected one. */
static inline bool
imap_is_selected(const struct imap_session *im, const struct account *acct, uint64_t mbox)
{
    return mbox == im->selected && acct == imap_selected_acct(im);
}

/** A command has begun and its answer is not complete. */
static inline bool
imap_has_command(const struct imap_session *im)
{
    return im->work != NULL && im->work->phase >= PHASE_LOOK;
}

/** The dialect in force. */
static inline const struct imap_dialect *
imap_dialect(const struct imap_session *im)
{
    return imap_dialect_of(im->enabled);
}

/** IMAP_FLAG_RECENT if the client is to see that the message is recent, else 0. */
static inline unsigned
imap_recent_flag(const struct imap_session *im, uint32_t uid)
{
    return view_is_recent(&im->view, uid) && imap_dialect(im)->recent == TOLD
               ? (unsigned)IMAP_FLAG_RECENT
               : 0;
}

/* ---- answers: reply.c ---- */
/** A writer at the end of the output. */
struct iw imap_line(struct imap_session *im);
enum imap_step imap_ok(struct imap_work *work, const char *code, const char *text);
/** Copies a response code from a buffer to the command's arena. NULL if the buffer has failed
 * or there is no memory; the answer is then sent without it. */
const char *imap_code(struct imap_work *work, const struct buf *code);
enum imap_step imap_no(struct imap_work *work, const char *code, const char *text);
enum imap_step imap_bad(struct imap_work *work, const char *text);
enum imap_step imap_bad_code(struct imap_work *work, const char *code, const char *text);
/** NO (or BAD) with the text that the table gives for rc; err goes to the log. */
enum imap_step imap_fail(struct imap_session *im, enum rc rc, const struct err *err);
/** The NO for a command that lacks the rights that it needs. */
enum imap_step imap_not_permitted(struct imap_work *work, enum permit_answer answer);

/* ---- answer.c ---- */
/** Writes the tagged answer and ends the command. */
void imap_answer(struct imap_session *im);
/** Answers a command that is not carried out. */
void imap_refuse(struct imap_session *im, struct span tag, enum iw_status status,
                 const char *code, const char *text);

/* ---- literal.c ---- */
/** The framer has found a literal: accepts it, or refuses the command. */
void imap_literal_begin(struct imap_session *im);
/** Counts octets of messages that the command is about to append. False: they would exceed
 * settings_append_all; nothing is counted, and the command is refused by NO with the code LIMIT
 * and the text imap_append_too_much. */
MUST_USE bool imap_append_charge(struct imap_session *im, uint64_t octets);
extern const char imap_append_too_much[];
/* The text of the NO when too many large messages are being uploaded to open a file for another
 * one. */
extern const char imap_upload_crowded[];
/** Takes octets of a literal. A failure is remembered, and answered when the command is
 * complete. */
void imap_literal_data(struct imap_session *im);
/** Charges the text of a long command to a budget that all sessions share. If the budget is
 * spent, the session ends. */
void imap_input_charge(struct imap_session *im);

/* ---- names/target.c ---- */
/** Finds out in which account the named mailbox is. False: *step_out is the NO that the command
 * returns, because no mailbox can have such a name (or, with RIGHT_CREATE in needs, no new one
 * can), or because the session lacks one of the rights in needs. Whether the mailbox exists is
 * not checked.
 */
MUST_USE bool imap_target_find(struct imap_session *im, const struct mbox_arg *arg,
                               unsigned needs, struct imap_target *target_out,
                               enum imap_step *step_out);

/** The NO of a command whose target does not exist: TRYCREATE (RFC 3501 section 6.3.11), unless
 * the name is in the namespace of other users and none of them shares it, for then it cannot be
 * created either. */
enum imap_step imap_no_destination(struct imap_session *im);

/* ---- waiting: wait.c ---- */
/** Begins a read snapshot. False: *step_out is what the command returns. */
MUST_USE bool imap_read_begin(struct imap_session *im, struct account *acct,
                              struct store_tx **tx_out, enum imap_step *step_out);
/** For a read that begins its own snapshot: waits for what it needs. Results as above. */
MUST_USE bool imap_read_ready(struct imap_session *im, struct account *acct,
                              enum imap_step *step_out);
/** Makes sure that memory has everything of the account that any server acknowledged before the
 * command came. Results as above. */
MUST_USE bool imap_catch_up(struct imap_session *im, struct account *acct,
                            enum imap_step *step_out);
/** Runs a request of the user through slot and turn. In the account of another user it carries
 * the rights that the command needs there (permit.h): those of its row and of imap_target_find,
 * or what the command has said by imap_permit_*. True: it was executed; see req->result. False:
 * return *step_out, which is STEP_WAIT, or STEP_DONE with the NO because the rights are no
 * longer there. permit.answer is valid only with STEP_DONE. */
MUST_USE bool imap_turn(struct imap_session *im, struct account *acct, struct turn_req *req,
                        enum imap_step *step_out);
/** The same for what the server does on its own account, whatever the rights of the user. */
MUST_USE bool imap_turn_freely(struct imap_session *im, struct account *acct,
                               struct turn_req *req, enum imap_step *step_out);
/** States the rights that the request needs, if they are not those of the command's row. Does
 * nothing if the mailbox is the user's own. */
void imap_permit_named(struct imap_session *im, const struct imap_target *target,
                       struct turn_req *req);
void imap_permit_selected(struct imap_session *im, uint32_t needs, struct turn_req *req);
/** Returns the view with its members loaded. False: *step_out is what the command returns. */
MUST_USE bool imap_view_awake(struct imap_session *im, struct store_tx *tx,
                              enum imap_step *step_out);
/** Resolves a set from the client to runs of sequence numbers of the awake view, in the
 * command's arena. */
MUST_USE bool imap_resolve(struct imap_session *im, struct imap_msgs *msgs,
                           struct view_run **runs_out, size_t *count_out,
                           enum imap_step *step_out);
/** Whether so much output is waiting that the command should stop until the client has read
 * some. */
static inline bool
imap_output_full(const struct imap_session *im)
{
    return buf_len(&im->s.conn.out) >= LIMIT_OUTPUT_HIGH_WATER;
}

/* ---- modseq.c: mod-sequences and quick resynchronisation (RFC 7162) ---- */
static inline bool
imap_is_enabled(const struct imap_session *im, enum imap_enabled what)
{
    return (im->enabled & what) == what;
}
/** Called when the client uses a feature that shows that it knows mod-sequences. The first
 * time, if a mailbox is selected, HIGHESTMODSEQ is sent (RFC 7162 section 3.1). */
void imap_condstore_enable(struct imap_session *im);
/** The modseq up to which the client has been told everything, and from which it may
 * resynchronise. */
uint64_t imap_safe_modseq(const struct imap_session *im);
/** Notes that a FETCH response of this command or push carried MODSEQ. */
static inline void
imap_modseq_told(struct imap_work *work, uint64_t modseq)
{
    if (modseq > work->told_modseq)
        work->told_modseq = modseq;
}
/** Called before the tagged answer of a command that was synced: sends HIGHESTMODSEQ, in the
 * answer or on a line before it, if the client would otherwise assume another value. */
void imap_highest_tell(struct imap_session *im);
/** The same at the end of a push between commands. In IDLE, it is sent before the answer to
 * DONE. */
void imap_highest_push(struct imap_session *im);
/** "* OK [HIGHESTMODSEQ n]" */
void imap_highest_line(struct imap_session *im, uint64_t modseq);
/** The mode that tells everything, with expunges in the form that the client wants. */
static inline enum sync_mode
imap_sync_fully(const struct imap_session *im)
{
    return imap_is_enabled(im, ENABLES_QRESYNC) || imap_is_enabled(im, ENABLES_UIDONLY)
               ? SYNC_ALL_UIDS
               : SYNC_ALL;
}
/** "* VANISHED 1:3,7". count must not be 0. */
void imap_vanished_line(struct imap_session *im, const struct uid_run *runs, size_t count);
/** "* VANISHED (EARLIER) 1:3,7" with some of the runs, from *next on, which is advanced. */
void imap_vanished_earlier(struct imap_session *im, const struct uid_run *runs, size_t count,
                           size_t *next);

/* ---- push.c: what is told without being asked for ---- */
/** When the wait ends because of [idle] timeout; INT64_MAX: never. The session must be
 * waiting. */
int64_t imap_waiting_ends_us(struct imap_session *im);
/** Called when the interval of keepalives may have changed: the next one is sent in time. */
void imap_waiting_reconfigured(struct imap_session *im);
/** Tells what is due while the session waits. GO_PARK: park for *next_out. */
enum go imap_push_go(struct imap_session *im, enum task_next *next_out);
/** Tells what is new, as far as mode and output allow. STEP_DONE at the end. */
enum imap_step imap_tell_step(struct imap_session *im, enum sync_mode mode);

/* ---- notify.c, names/notify_tell.c, selected/notify_new.c: NOTIFY (RFC 5465) ---- */
/** The wait that the session is in. NULL: a command is under way or arriving, or the client
 * waits for nothing. */
struct imap_waiting *imap_waiting(struct imap_session *im);
/** What the client is to be told of the selected mailbox now: what it wants, and what is part
 * of the answer to its command. */
enum view_tells imap_tells(const struct imap_session *im);
/** The changes of the selected mailbox that the session is to be woken for: enum
 *  watch_event. */
unsigned imap_watch_events(const struct imap_session *im);
/** Adjusts the watch of the selected mailbox to what imap_watch_events says now. */
void imap_watch_selected(struct imap_session *im);
/** Sends the FETCH responses that NOTIFY asks for, about the messages in work->arrived. */
enum imap_step imap_notify_new_step(struct imap_session *im);
/** Tells what is new in other mailboxes. */
enum imap_step imap_notify_step(struct imap_session *im);
/** Notes that this command added messages to that mailbox, so that NOTIFY does not tell of them
 * (RFC 5465 section 5.2). */
static inline void
imap_note_own(struct imap_session *im, uint64_t mbox, uint32_t first_uid, size_t count)
{
    if (imap_is_selected(im, im->work->target.acct, mbox) && count > 0)
        im->work->own = (struct uid_run){first_uid, (uint32_t)(first_uid + count - 1)};
}

/* ---- names/cmd_acl.c ---- */
/** "* MYRIGHTS name lrs" */
void imap_myrights_line(struct imap_session *im, struct span name, uint32_t rights);

/* ---- names/cmd_list.c ---- */
/** "* LIST (...) "/" name" */
void imap_list_line(struct imap_session *im, const struct names_entry *entry);
/** "* STATUS name (...)"; items: enum imap_status_item. */
void imap_status_line(struct imap_session *im, struct span name, const struct status *status,
                      unsigned items);

/* ---- uidonly.c: messages are known by their UIDs alone (RFC 9586) ---- */
/** Begins the answer about a message: "* 12 FETCH (", or "* 4827 UIDFETCH (". */
void imap_fetch_open(struct imap_session *im, struct iw *w, uint32_t seq, uint32_t uid);
/** The BAD for a client that has enabled UIDONLY and uses sequence numbers. */
enum imap_step imap_uid_required(struct imap_work *work);

/* ---- message_limit.c: how many messages one command may be about (RFC 9738) ---- */
enum { NO_MESSAGE_LIMIT = UINT32_MAX };
/** [limits] message_limit. */
uint32_t imap_message_limit(const struct imap_session *im);
/** [limits] save_limit for COPY and APPEND, or the message limit if there is none. */
uint32_t imap_save_limit(const struct imap_session *im);
/** Cuts the runs to the last messages that the limit allows; imap_limit_tell tells the
 * client. */
void imap_limit_cut(struct imap_session *im, struct view_run **runs, size_t *count);
/** The same for messages that were found in another way: limit messages, of which this UID is
 * the lowest. */
void imap_limit_cut_at(struct imap_session *im, uint32_t limit, uint32_t seq);
/** The NO of a command that is carried out for all of its messages or for none. seq: the lowest
 * message within the limit; 0: not known. */
enum imap_step imap_limit_refuse(struct imap_session *im, uint32_t limit, uint32_t seq);
/** Called before the tagged answer: tells that the command was carried out for some of its
 * messages only. */
void imap_limit_tell(struct imap_session *im);
/** The same before a NO about messages within the limit: an untagged line tells that there are
 * others. */
void imap_limit_tell_now(struct imap_session *im);

/* ---- selected/guest.c: the selected mailbox is another user's ---- */
/** Makes what is kept of a guest in that account. NULL: no memory. The caller sets
 * im->guest. */
struct imap_guest *imap_guest_new(struct imap_session *im, uint64_t account_id,
                                  uint32_t rights);
void imap_guest_free(struct imap_guest *guest);
/** Whether the rights may have changed since they were read. Does not wait. */
bool imap_guest_is_due(struct imap_session *im);
/** Ends the session if the owner's account was removed. Does nothing if the session is not a
 * guest. */
void imap_guest_owner_look(struct imap_session *im);
/** Brings im->guest->rights up to date and tells the client the consequences (RFC 4314 section
 * 5.1.1). Does nothing if the session is not a guest. False: *step_out is what to wait for, or
 * STEP_DONE: they could not be read, and the reply is set. */
MUST_USE bool imap_guest_look(struct imap_session *im, enum imap_step *step_out);
/** Whether the session may be told more about the selected mailbox without a command; checks
 * between two responses. False: *step_out is what to wait for; STEP_DONE: it may not. The reply
 * of the command may be another one then. */
MUST_USE bool imap_guest_may_hear(struct imap_session *im, enum imap_step *step_out);
/** Whether the session has the rights to the selected mailbox that the command's row asks for.
 *  False: *step_out is what it returns. */
MUST_USE bool imap_guest_may(struct imap_session *im, enum imap_step *step_out);
/** The same for the given rights, in the middle of a command that was allowed: checks again if
 * they may have changed and the answer can be ended at this point. */
MUST_USE bool imap_guest_still_may(struct imap_session *im, uint32_t needs,
                                   enum imap_step *step_out);

/* ---- sync_write.c ---- */
/** Names of the keywords set in bits; for iw_flags. */
size_t imap_keyword_names(const struct keywords *bits, const struct keyword_names *names,
                          struct span out[LIMIT_KEYWORDS]);
/** "* 12 FETCH (...)" for a change of flags; the names of keywords come from work->keywords. */
void imap_flags_line(struct imap_session *im, uint32_t seq, const struct entry *entry,
                     enum sync_kind kind);
/** Begins work->sync if there is something to tell. STEP_DONE: it has begun, or nothing is to
 * be told. */
enum imap_step imap_sync_begin_step(struct imap_session *im, enum sync_mode mode);
/** Tells the client what has changed, as far as the output allows. STEP_DONE at the end. */
enum imap_step imap_sync_step(struct imap_session *im);
/** Untagged FLAGS and OK [PERMANENTFLAGS] of the selected mailbox. */
void imap_write_flags_lines(struct imap_session *im, const struct keyword_names *keywords);

/* ---- saved.c: `$` (RFC 5182) ---- */
void imap_saved_forget(struct imap_session *im);
/** The saved result in the form that is handed over to another process; empty: none. Borrowed
 * from the session. */
struct span imap_saved_span(const struct imap_session *im);
/** Takes over what imap_saved_span returned. False: no memory, more than LIMIT_SAVED_OCTETS, or
 * damaged; nothing is saved then. */
MUST_USE bool imap_saved_set(struct imap_session *im, struct span packed);
/** Its runs of UIDs, ascending, in arena. RC_LIMIT: arena. */
MUST_USE enum rc imap_saved_runs(const struct imap_session *im, struct arena *arena,
                                 struct uid_run **runs_out, size_t *count_out);

/* ---- cmd_select.c ---- */
/** Leaves the selected state without expunging. Does nothing if nothing is selected. */
void imap_unselect(struct imap_session *im);

/* ---- cmd_idle.c ---- */
/** Continues IDLE. GO_ON: it is over, or something other than DONE has come, which waits in the
 * framer (*frame_out). GO_PARK: park for *next_out. */
enum go imap_idle_go(struct imap_session *im, enum imap_frame *frame_out,
                     enum task_next *next_out);
void imap_idle_leave(struct imap_session *im);

/* ---- handover.c ---- */
/* As struct front_door says. */
bool imap_at_rest(const struct session *session);
bool imap_pack(struct session *session, struct buf *out);
bool imap_unpack(struct session *session, struct unpack *in);
/** Opens the mailbox that was selected in another process. True: the dialogue continues.
 * False: it waits for a wake, or is ending. */
MUST_USE bool imap_resume_go(struct imap_session *im);
/** Forgets the mailbox that was to be opened. Does nothing if there is none. */
void imap_resume_end(struct imap_session *im);

/* ---- peer.c ---- */
/** What the protocol is doing now; recorded if the client disconnects. */
enum end_moment imap_moment(struct imap_session *im);
/** Writes the greeting. */
void imap_greet(struct imap_session *im);
/** Sends the output; if the peer is gone, the session ends. */
void imap_flush(struct imap_session *im);
/** Reads more input; sends the greeting once TLS is established, if that is still to be done.
 * GO_PARK: nothing has arrived. */
enum go imap_read(struct imap_session *im);
/** Called before parking: acknowledges at once what has arrived of an incomplete command. */
void imap_ack_begun(struct imap_session *im);

/* ---- progress.c ---- */
/** How far a command is, in messages or a similar unit. */
struct imap_progress {
    uint32_t done;
    uint32_t goal; /* 0: unknown */
};
/** When the client is to be told next that its command is still running; monotonic; INT64_MAX:
 * never. */
int64_t imap_progress_due_us(const struct imap_session *im);
/** Tells it if that is due. */
void imap_progress_tell(struct imap_session *im);
/** Called between two steps of a command: checks whether the client has hung up. */
void imap_hangup_check(struct imap_session *im);

/* ---- cmd_login.c ---- */
/** Takes a line that AUTHENTICATE waits for. */
void imap_authenticate_line(struct imap_session *im, struct span line);

/* ---- capability.c ---- */
/** Writes the capabilities of the current state, without "CAPABILITY " and brackets. */
void imap_put_capabilities(struct imap_session *im, struct buf *out);
/** Whether the rule for this client (client_rule.def) lets it see the word. If not, unsolicited
 * data that the extension adds is not sent either. */
bool imap_shows(const struct imap_session *im, struct span word);
/** Whether one of these words enables that. */
bool imap_enables(const struct imap_enable_req *req, enum imap_enabled what);
/** Enables what these words name, and writes after "* ENABLED" those that can be enabled. */
void imap_enable(struct imap_session *im, const struct imap_enable_req *req, struct iw *w);

/** Whether LOGIN, PLAIN and the like may send a password on this connection. */
bool imap_plaintext_allowed(const struct imap_session *im);
/** Whether the mechanism may be used on this connection without showing a secret to others.
 * False for a password where that is not allowed, and for a token without TLS, also on loopback
 * (RFC 7628 section 3). */
bool imap_mech_is_safe(const struct imap_session *im, enum sasl_mech mech);
/** Whether AUTHENTICATE offers this mechanism on this connection, apart from that. */
bool imap_mech_offered(const struct imap_session *im, enum sasl_mech mech);

/* ---- command.c ---- */
struct imap_command {
    enum imap_step (*run)(struct imap_session *im, struct imap_work *work);
    uint8_t states; /* enum imap_state */
    enum command_sync { SYNC_NEVER, SYNC_WITHOUT_EXPUNGE, SYNC_FULLY } sync;
    enum command_form {
        FORM_PLAIN, /* names no messages */
        FORM_SEQ,   /* by sequence number */
        FORM_UID,   /* its FETCH responses carry the UID (RFC 3501 section 6.4.8) */
    } form;
    enum command_need {
        NEEDS_NOTHING,
        NEEDS_WRITE, /* the mailbox must not be open read-only (RFC 3501 section 6.3.2) */
    } need;
    /* What is told of the selected mailbox whatever NOTIFY says, because it is the answer
     * itself. */
    enum view_tells tells;
    /* NEWS_EXPECTED: also clients that tolerate unsolicited responses only now and then are
     * told of new and expunged messages. */
    enum command_news { NEWS_IN_PASSING, NEWS_EXPECTED } news;
    /* whether it must first check if others have written (wait.c) */
    enum command_look { LOOKS_NOT, LOOKS } look;
    /* All rights that it needs (RFC 4314 section 4): to the mailbox that it names
     * (RIGHT_CREATE: to the one above), and to the one that is selected. */
    uint16_t named;
    uint16_t selected;
    /* Says how far it is; called between two steps. NULL: it cannot say. */
    void (*progress)(const struct imap_session *im, struct imap_progress *progress_out);
    /* Called when its OK has been sent and the layers of the connection change. NULL: they do
     * not. */
    void (*after_ok)(struct imap_session *im);
};
const struct imap_command *imap_command_row(enum imap_cmd_id id);
void imap_start_tls(struct imap_session *im);
void imap_start_deflate(struct imap_session *im);
void imap_unauthenticate(struct imap_session *im);
void cmd_esearch_progress(const struct imap_session *im, struct imap_progress *progress_out);
void cmd_search_progress(const struct imap_session *im, struct imap_progress *progress_out);

/* The commands; see the table in command.c. */
typedef enum imap_step imap_run_fn(struct imap_session *im, struct imap_work *work);
imap_run_fn cmd_capability_run, cmd_noop_run, cmd_logout_run, cmd_starttls_run,
    cmd_compress_run, cmd_authenticate_run, cmd_login_run, cmd_unauthenticate_run, cmd_id_run,
    cmd_enable_run, cmd_namespace_run, cmd_select_run, cmd_create_run, cmd_delete_run,
    cmd_rename_run, cmd_subscribe_run, cmd_list_run, cmd_status_run, cmd_notify_run,
    cmd_append_run, cmd_getmetadata_run, cmd_setmetadata_run, cmd_idle_run, cmd_check_run,
    cmd_close_run, cmd_unselect_run, cmd_expunge_run, cmd_search_run, cmd_uidbatches_run,
    cmd_fetch_run, cmd_store_run, cmd_copy_run, cmd_replace_run, cmd_getquota_run,
    cmd_getquotaroot_run, cmd_setquota_run, cmd_cancel_update_run, cmd_esearch_run,
    cmd_setacl_run, cmd_getacl_run, cmd_listrights_run, cmd_myrights_run;

#endif
