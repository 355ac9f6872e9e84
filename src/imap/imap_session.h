/* SPDX-License-Identifier: MIT */
/*
 * One IMAP dialogue: what stays while it is parked (struct imap_session, small), and what
 * exists only while a command is under way (struct imap_work).
 *
 *   framer -> imap_cmd (parsed) -> row->run ... -> sync -> tagged answer -> work freed
 *
 * enum imap_phase says where the work is on this way.
 *
 * Private to imap/. Thread: the session's, everything.
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

/* A wait for whatever may happen, in IDLE or with NOTIFY: push.c. */
struct imap_waiting {
    int64_t since_us;
    int64_t keepalive_us; /* when the next untagged line is due */
};

struct imap_idle {
    struct imap_waiting waiting;
    char tag[]; /* of the IDLE under way */
};

/* Whether the client has used NOTIFY (RFC 5465). */
enum imap_notify_state {
    NOTIFY_UNUSED, /* it is told what every client is told */
    NOTIFY_NONE,   /* it is told what is part of an answer */
    NOTIFY_SET,    /* it has said what: imap_session.notify */
};

/* How the client came to its account. */
enum imap_login {
    IMAP_LOGIN_NONE,     /* not yet */
    IMAP_LOGIN_FULL,     /* not yet: it has shown who it is, to an account without room */
    IMAP_LOGIN_SCRAM,    /* without showing its password */
    IMAP_LOGIN_PASSWORD, /* by LOGIN, PLAIN and such */
    IMAP_LOGIN_UNGREETED, /* not logged in and not greeted: the greeting lists capabilities, which
                             depend on TLS, and that is not established yet */
};

/* What ended the last IDLE. */
enum imap_idle_end {
    IMAP_IDLE_OPEN, /* nothing: it goes on, or there was none */
    IMAP_IDLE_DONE,
    IMAP_IDLE_CUT, /* another command; the DONE may still come */
};

/* The saved search result: saved.c says what the octets mean. */
struct imap_saved {
    uint32_t runs;
    uint32_t len;
    char octets[];
};

/* The mailbox that is selected is another user's. */
struct imap_guest {
    struct account *acct; /* held: the owner's */
    uint32_t rights;      /* enum mbox_right, to the mailbox */
    /* When these are others than what account_acl_serial and registry_epoch say, the rights may
     * be others too. */
    uint32_t acl_serial;
    uint32_t epoch;
    bool sharing; /* [imap] sharing was on then */
};

/* What belongs to the user is let go of at the end and by UNAUTHENTICATE (RFC 8437 section 4):
 * imap_unauthenticate. */
struct imap_session {
    struct session s;           /* first */
    struct imap_framer *framer; /* NULL while nothing of a command is here */
    struct account *acct;       /* held from login on */
    uint64_t selected;          /* id of the mailbox while SELECTED, else 0 */
    struct imap_guest *guest; /* owned; NULL: the mailbox selected is the user's own, or none */
    struct view view;         /* while SELECTED */
    struct view_saved *resume;     /* owned; SELECTED in another process, not opened here yet */
    struct watch watch;            /* while SELECTED */
    struct imap_saved *saved;      /* owned; what `$` stands for; NULL: nothing */
    struct imap_context *contexts; /* owned; searches that are kept up to date; NULL: none */
    struct imap_work *work;        /* NULL between commands */
    struct door_read read;
    int32_t input_budget;           /* octets taken from env->input_budget for a long command */
    struct imap_idle *idle;         /* NULL when not in IDLE */
    struct imap_notify *notify;     /* owned; NULL: NOTIFY SET is not in force */
    struct imap_metadata *metadata; /* owned; NULL: it wants to hear of no metadata */
    uint8_t state;                  /* enum imap_state */
    uint8_t login;                  /* enum imap_login */
    uint8_t idle_end;               /* enum imap_idle_end */
    uint8_t bad_commands;
    uint8_t end_state;    /* enum end_state, as of the end; END_STATE_COUNT: not noted yet */
    uint8_t end_command;  /* event_command under way then; 0: none */
    uint8_t enabled;      /* enum imap_enabled */
    uint8_t notify_state; /* enum imap_notify_state */
};

/* A class of jemalloc: one octet more costs each parked session 128. */
_Static_assert(sizeof(struct imap_session) <= 896, "a session is larger than its class");

/* What one step of a command came to. */
enum imap_step {
    STEP_DONE,   /* work->reply is set */
    STEP_MORE,   /* goes on; yields when the slice is spent */
    STEP_OUTPUT, /* the output is full: go on when it has drained */
    STEP_WAIT,   /* parked until woken: turn, slot, read handle, throttle */
    STEP_INPUT,  /* wants a line from the client: AUTHENTICATE */
};

/* What the work is, and from PHASE_LOOK on, how far the command has come. */
enum imap_phase {
    PHASE_INPUT,  /* a command on its way in; work->row is NULL, as in the next one */
    PHASE_PUSH,   /* what is new is told, for no command */
    PHASE_LOOK,   /* whether others have written */
    PHASE_RUN,    /* row->run */
    PHASE_SYNC,   /* what changed is told */
    PHASE_ANSWER, /* the tagged line */
    PHASE_SWITCH, /* of some: the OK goes out, then what is read and written changes */
};

/* How far what is new has been told (imap_tell_step). */
enum imap_telling {
    TELLING_BEGIN,    /* the selected mailbox is compared */
    TELLING_LEAVING,  /* results of searches that are about to be told as expunged */
    TELLING_SELECTED, /* the selected mailbox */
    TELLING_CONTEXTS, /* results of searches that have come and gone */
    TELLING_NEW,      /* FETCH responses about its new messages */
    TELLING_OTHERS,   /* other mailboxes */
    TELLING_METADATA, /* names of metadata, of all mailboxes and the server */
};

/* What the dialogue does after a stage: goes on, or parks its task. */
enum go { GO_ON, GO_PARK };

struct imap_reply {
    enum iw_status status;
    const char *code; /* "TRYCREATE": legal syntax without brackets, or NULL; static or arena */
    const char *text; /* static or arena */
};

struct imap_command; /* a row of the table */

struct imap_work {
    struct arena arena; /* the command's: its request and its state */
    struct arena sync_arena;
    enum imap_phase phase;
    const struct imap_command *row; /* NULL: there is no command (yet) */
    struct imap_cmd cmd;
    struct imap_reply reply;
    int64_t began_us;    /* the command was read; monotonic */
    uint64_t out_octets; /* of the connection then */
    void *run;           /* the command's own state, in arena; NULL at its first step */
    struct sync *sync;   /* under way, in sync_arena */
    enum imap_telling telling;
    struct uid_run arrived;             /* UIDs that EXISTS has just announced; first 0: none */
    struct uid_run own;                 /* those of messages that this command has put there */
    void *tell_run;                     /* of the stage of telling, in arena; NULL: not begun */
    struct imap_told_names *told_names; /* by NOTIFY, in arena; NULL: none */
    uint64_t own_metadata; /* modseq of what SETMETADATA has just set; 0: nothing */
    struct iw sync_line;
    struct keyword_names keywords; /* as of the sync or command; in its arena */
    struct spool *spools;          /* diverted literals of APPEND; owned */
    size_t spool_count;
    uint64_t append_octets;    /* of APPEND's messages so far, see imap_append_charge */
    enum rc spool_rc;          /* the first failure to keep one */
    int64_t wait_until_us;     /* STEP_WAIT ends then at the latest; 0: no such time */
    struct imap_target target; /* of the mailbox that the command names */
    struct imap_held *held;    /* accounts of others that it works on, in arena; given back with
                                  it */
    struct imap_found *found;  /* names of other users' mailboxes, in arena: target.c */
    bool looked;               /* whether others have written to the target's account */
    bool allowed;              /* the rights that it needs to the selected mailbox are there */
    struct account *turn_of;   /* whose turn `write` is for; NULL: none was asked for */
    struct door_write write;
    struct turn_req look; /* under way when its wake is set; see imap_catch_up */
    bool probed;          /* its client has closed its side and was written to since */
    bool mid_line;        /* part of an untagged response is out: no BYE would be understood */
    bool by_numbers;      /* a UID command that names messages by number too: no expunges */
    uint8_t tells;        /* enum view_tells: what its answer is whatever NOTIFY says */
    bool told_vanished;   /* UIDs were told as VANISHED (modseq.c) */
    uint64_t told_modseq; /* highest MODSEQ in a FETCH response of this command or push; 0: none
                           */
    uint64_t safe_before; /* imap_safe_modseq when it began */
    uint32_t cut_at;    /* UID of the lowest message that a limit left to the command; 0: all */
    uint32_t cut_limit; /* that limit, as it was then */
    /* Lets go of what the command holds outside its arena (an exchange, a place in a queue, a
     * fetch); sets itself to NULL. Called when the command is done and when the session ends.
     */
    bool (*abandon)(struct imap_session *im);
};

static inline struct imap_session *
imap_of(struct session *session)
{
    return CONTAINER_OF(session, struct imap_session, s);
}

/* ---- work.c ---- */
/** The session's work, which is made if there is none. NULL: no memory. */
struct imap_work *imap_work_get(struct imap_session *im);
void imap_work_drop(struct imap_session *im);
/** One more spool of the command, freed with it. NULL: no memory. Spools move when one is
 * added; what was read from them stays. */
struct spool *imap_spool_add(struct imap_session *im);
/** The account of another user, held until the command is done. RC_NOT_FOUND: it was removed;
 *  RC_LIMIT and others of account_get. */
MUST_USE enum rc imap_hold(struct imap_session *im, uint64_t account_id,
                           struct account **acct_out);
/** The next thing that the client has sent, as imap_framer_next. Without memory the session
 * ends. */
MUST_USE enum imap_frame imap_frame_next(struct imap_session *im);
/** The framer, which is made if there is none. NULL: no memory, and the session ends. */
struct imap_framer *imap_framer_get(struct imap_session *im);
/** Called before parking: frees the framer unless it holds part of a command. */
void imap_framer_rest(struct imap_session *im);
/** Whether nothing of a command has arrived since the last one. */
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
/** What the session may do with the selected mailbox, as of the last look (enum mbox_right). */
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

/** What is spoken now. */
static inline const struct imap_dialect *
imap_dialect(const struct imap_session *im)
{
    return imap_dialect_of(im->enabled);
}

/** IMAP_FLAG_RECENT if the client is to see that the message has it, else 0. */
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
/** A response code out of a buffer, in the command's arena; NULL when the buffer has failed or
 *  there is no memory: the answer then goes without. */
const char *imap_code(struct imap_work *work, const struct buf *code);
enum imap_step imap_no(struct imap_work *work, const char *code, const char *text);
enum imap_step imap_bad(struct imap_work *work, const char *text);
enum imap_step imap_bad_code(struct imap_work *work, const char *code, const char *text);
/** NO (or BAD) with the text that the table has for rc; err goes to the log. */
enum imap_step imap_fail(struct imap_session *im, enum rc rc, const struct err *err);
/** The NO of a command without the rights that it needs. */
enum imap_step imap_not_permitted(struct imap_work *work, enum permit_answer answer);

/* ---- answer.c ---- */
/** The tagged answer; the end of a command. */
void imap_answer(struct imap_session *im);
/** Answers a command that is not run. */
void imap_refuse(struct imap_session *im, struct span tag, enum iw_status status,
                 const char *code, const char *text);

/* ---- literal.c ---- */
/** The framer has found one: takes it, or refuses the command. */
void imap_literal_begin(struct imap_session *im);
/** Counts what the command is about to keep of the messages that it appends. False: nothing is
 * counted, because they would have more octets than settings_append_all allows; the command is
 * refused by NO with the code LIMIT and this text. */
MUST_USE bool imap_append_charge(struct imap_session *im, uint64_t octets);
extern const char imap_append_too_much[];
/* What a client is told whose large message finds no file to be kept in. */
extern const char imap_upload_crowded[];
/** Octets of APPEND's message. A failure is remembered and answered when the command is
 * complete. */
void imap_literal_data(struct imap_session *im);
/** Counts the text of a long command in a budget of all sessions, or ends the session. */
void imap_input_charge(struct imap_session *im);

/* ---- names/target.c ---- */
/** False: *step_out is the NO that the command returns, because nobody can have such a name (or
 * give it to a new mailbox, with RIGHT_CREATE in needs), or because the session lacks one of
 * the rights in needs. That a mailbox exists is not checked.
 */
MUST_USE bool imap_target_find(struct imap_session *im, const struct mbox_arg *arg,
                               unsigned needs, struct imap_target *target_out,
                               enum imap_step *step_out);

/* ---- waiting: wait.c ---- */
/** A read snapshot; anything but RC_OK: *step_out is what the command returns. */
MUST_USE bool imap_read_begin(struct imap_session *im, struct account *acct,
                              struct store_tx **tx_out, enum imap_step *step_out);
/** Called before a read that begins its snapshot itself. The same results. */
MUST_USE bool imap_read_ready(struct imap_session *im, struct account *acct,
                              enum imap_step *step_out);
/** Makes sure that memory has everything of the account that was acknowledged anywhere before
 * the command came. The same results. */
MUST_USE bool imap_catch_up(struct imap_session *im, struct account *acct,
                            enum imap_step *step_out);
/** Runs a request of the user through slot and turn. In the account of somebody else it carries
 * the rights that the command needs there (permit.h): those of its row and of imap_target_find,
 * or what the command has said by imap_permit_*. True: it was executed, see req->result. False:
 * return *step_out: STEP_WAIT, or STEP_DONE with the NO, because those rights are not there any
 * more; then, and not while it waits, permit.answer says so. */
MUST_USE bool imap_turn(struct imap_session *im, struct account *acct, struct turn_req *req,
                        enum imap_step *step_out);
/** The same for what the server does by itself, whatever the rights of the user. */
MUST_USE bool imap_turn_freely(struct imap_session *im, struct account *acct,
                               struct turn_req *req, enum imap_step *step_out);
/** What the request needs, where it is not just what the command's row says. Harmless if the
 *  mailbox is the user's own. */
void imap_permit_named(struct imap_session *im, const struct imap_target *target,
                       struct turn_req *req);
void imap_permit_selected(struct imap_session *im, uint32_t needs, struct turn_req *req);
/** The view with members. Otherwise *step_out. */
MUST_USE bool imap_view_awake(struct imap_session *im, struct store_tx *tx,
                              enum imap_step *step_out);
/** A set of the client as runs of sequence numbers of the awake view, in the command's
 *  arena. */
MUST_USE bool imap_resolve(struct imap_session *im, struct imap_msgs *msgs,
                           struct view_run **runs_out, size_t *count_out,
                           enum imap_step *step_out);
/** Whether the output holds so much that the command should wait for the client to read. */
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
/** Called if the client asks for something that only a client that knows mod-sequences asks
 * for. The first time, with a mailbox selected, it is sent HIGHESTMODSEQ (RFC 7162 section
 * 3.1). */
void imap_condstore_enable(struct imap_session *im);
/** The modseq up to which the client has been told everything, and with which it may begin
 * next time. */
uint64_t imap_safe_modseq(const struct imap_session *im);
/** Notes that a FETCH response of this command or push had MODSEQ. */
static inline void
imap_modseq_told(struct imap_work *work, uint64_t modseq)
{
    if (modseq > work->told_modseq)
        work->told_modseq = modseq;
}
/** Before the tagged answer of a command that was synced: HIGHESTMODSEQ, in it or on a line
 *  before it, where the client would take another value for it. */
void imap_highest_tell(struct imap_session *im);
/** The same at the end of a push between commands. In IDLE it is DONE that is answered so. */
void imap_highest_push(struct imap_session *im);
/** "* OK [HIGHESTMODSEQ n]" */
void imap_highest_line(struct imap_session *im, uint64_t modseq);
/** Telling everything, expunges in the form that the client wants. */
static inline enum sync_mode
imap_sync_fully(const struct imap_session *im)
{
    return imap_is_enabled(im, ENABLES_QRESYNC) || imap_is_enabled(im, ENABLES_UIDONLY)
               ? SYNC_ALL_UIDS
               : SYNC_ALL;
}
/** "* VANISHED 1:3,7"; count is not 0. */
void imap_vanished_line(struct imap_session *im, const struct uid_run *runs, size_t count);
/** "* VANISHED (EARLIER) 1:3,7" with some runs, the first of which is *next, which moves on. */
void imap_vanished_earlier(struct imap_session *im, const struct uid_run *runs, size_t count,
                           size_t *next);

/* ---- push.c: what is told without being asked for ---- */
/** When it ends by [idle] timeout; INT64_MAX: never. There is one. */
int64_t imap_waiting_ends_us(struct imap_session *im);
/** The interval of keepalives may be another one now: the next is sent in time for that. */
void imap_waiting_reconfigured(struct imap_session *im);
/** Tells what is due while the session waits. GO_PARK: park for *next_out. */
enum go imap_push_go(struct imap_session *im, enum task_next *next_out);
/** Tells what is new, as far as mode and output allow. STEP_DONE at the end. */
enum imap_step imap_tell_step(struct imap_session *im, enum sync_mode mode);

/* ---- notify.c, names/notify_tell.c, selected/notify_new.c: NOTIFY (RFC 5465) ---- */
/** The wait that the session is in; NULL: a command is under way or coming in, or the client is
 * not waiting for anything. */
struct imap_waiting *imap_waiting(struct imap_session *im);
/** What the client is to be told of the selected mailbox now: what it wants, and what is part
 * of the answer to its command. */
enum view_tells imap_tells(const struct imap_session *im);
/** The changes of the selected mailbox that the session is to be woken for: enum
 *  watch_event. */
unsigned imap_watch_events(const struct imap_session *im);
/** Makes the watch of the selected mailbox what it should be now. */
void imap_watch_selected(struct imap_session *im);
/** Sends what NOTIFY has asked to be told of the messages in work->arrived. */
enum imap_step imap_notify_new_step(struct imap_session *im);
/** Tells what is new in other mailboxes. */
enum imap_step imap_notify_step(struct imap_session *im);
/** Notes that this command has put messages into that mailbox, so that its client need not be
 * told of them (RFC 5465 section 5.2). */
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
/** The client has enabled UIDONLY and has used sequence numbers. */
enum imap_step imap_uid_required(struct imap_work *work);

/* ---- message_limit.c: how many messages one command may be about (RFC 9738) ---- */
enum { NO_MESSAGE_LIMIT = UINT32_MAX };
/** [limits] message_limit. */
uint32_t imap_message_limit(const struct imap_session *im);
/** Of COPY and APPEND: that one, or else [limits] save_limit. */
uint32_t imap_save_limit(const struct imap_session *im);
/** Leaves the last of these messages to the command; imap_limit_tell says so. */
void imap_limit_cut(struct imap_session *im, struct view_run **runs, size_t *count);
/** The same, of messages that were found otherwise: limit of them, from this one on. */
void imap_limit_cut_at(struct imap_session *im, uint32_t limit, uint32_t seq);
/** The NO of a command that is run for all of its messages or for none. seq: the lowest one
 * that the limit has room for; 0: it is not known. */
enum imap_step imap_limit_refuse(struct imap_session *im, uint32_t limit, uint32_t seq);
/** Before the tagged answer: that the command was run for some of its messages only. */
void imap_limit_tell(struct imap_session *im);
/** The same, before a NO that is about messages for which the command was run: an untagged
 * line says that there are others. */
void imap_limit_tell_now(struct imap_session *im);

/* ---- selected/guest.c: the selected mailbox is another user's ---- */
/** Makes the session a guest there; NULL: no memory. The caller sets im->guest. */
struct imap_guest *imap_guest_new(struct imap_session *im, uint64_t account_id,
                                  uint32_t rights);
void imap_guest_free(struct imap_guest *guest);
/** Whether the rights may be others than those that are known. Does not wait. */
bool imap_guest_is_due(struct imap_session *im);
/** Makes im->guest->rights what they are now, and tells the client what follows for it (RFC
 * 4314 section 5.1.1). Harmless when it is no guest. False: *step_out is what to wait for, or
 *  STEP_DONE: they could not be read, and the reply is set. */
MUST_USE bool imap_guest_look(struct imap_session *im, enum imap_step *step_out);
/** Whether the session has the rights to the selected mailbox that the command's row says.
 *  False: *step_out is what it returns. */
MUST_USE bool imap_guest_may(struct imap_session *im, enum imap_step *step_out);
/** The same for these rights, in the middle of a command that was allowed: looks again if they
 *  may be others, where the answer can be ended. */
MUST_USE bool imap_guest_still_may(struct imap_session *im, uint32_t needs,
                                   enum imap_step *step_out);

/* ---- sync_write.c ---- */
/** Names of the keywords set in bits; for iw_flags. */
size_t imap_keyword_names(const struct keywords *bits, const struct keyword_names *names,
                          struct span out[LIMIT_KEYWORDS]);
/** "* 12 FETCH (...)" with what a change of flags is told with; the names of keywords are
 *  work->keywords. */
void imap_flags_line(struct imap_session *im, uint32_t seq, const struct entry *entry,
                     enum sync_kind kind);
/** Begins work->sync, if there is something to tell. STEP_DONE: it has begun, or there is
 *  not. */
enum imap_step imap_sync_begin_step(struct imap_session *im, enum sync_mode mode);
/** Tells the client what has changed, as far as the output allows. STEP_DONE at the end. */
enum imap_step imap_sync_step(struct imap_session *im);
/** Untagged FLAGS and OK [PERMANENTFLAGS] of the selected mailbox. */
void imap_write_flags_lines(struct imap_session *im, const struct keyword_names *keywords);

/* ---- saved.c: `$` (RFC 5182) ---- */
void imap_saved_forget(struct imap_session *im);
/** As it is handed over to another process; empty: nothing is saved. */
struct span imap_saved_span(const struct imap_session *im);
/** Takes over what imap_saved_span gave. False, and nothing is saved: no memory, more than
 * LIMIT_SAVED_OCTETS, or it is damaged. */
MUST_USE bool imap_saved_set(struct imap_session *im, struct span packed);
/** Its runs of UIDs, ascending, in arena. RC_LIMIT: arena. */
MUST_USE enum rc imap_saved_runs(const struct imap_session *im, struct arena *arena,
                                 struct uid_run **runs_out, size_t *count_out);

/* ---- cmd_select.c ---- */
/** Leaves the selected state without expunging. Harmless if nothing is selected. */
void imap_unselect(struct imap_session *im);

/* ---- cmd_idle.c ---- */
/** Continues IDLE. GO_ON: it is over, or something other than DONE came and waits in the
 * framer (*frame_out); GO_PARK: park for *next_out. */
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
/** Forgets what was to be opened. Harmless when there is nothing. */
void imap_resume_end(struct imap_session *im);

/* ---- peer.c ---- */
/** What the protocol is doing now, for the case that the client disconnects. */
enum end_moment imap_moment(struct imap_session *im);
/** Writes the greeting. */
void imap_greet(struct imap_session *im);
/** Sends the output; if the peer is gone, the session ends. */
void imap_flush(struct imap_session *im);
/** Reads more, and greets when TLS is there, if that is still to be done. GO_PARK: nothing
 * there now. */
enum go imap_read(struct imap_session *im);
/** Called before parking: acknowledges at once what has arrived of an incomplete command. */
void imap_ack_begun(struct imap_session *im);

/* ---- progress.c ---- */
/** How far a command is, in messages or the like. */
struct imap_progress {
    uint32_t done;
    uint32_t goal; /* 0: it cannot say */
};
/** When the client is to be told next that its command is under way; INT64_MAX: never. */
int64_t imap_progress_due_us(const struct imap_session *im);
/** Tells it, if it is time to. */
void imap_progress_tell(struct imap_session *im);
/** Between two slices of a command: has the client hung up? */
void imap_hangup_check(struct imap_session *im);

/* ---- cmd_login.c ---- */
/** A line while AUTHENTICATE waits for one. */
void imap_authenticate_line(struct imap_session *im, struct span line);

/* ---- capability.c ---- */
/** Writes the capabilities of the current state, without "CAPABILITY " and brackets. */
void imap_put_capabilities(struct imap_session *im, struct buf *out);
/** Whether this client is shown the word, as far as its rule says (client_rule.def); if not, it
 *  is not told unasked what the extension adds either. */
bool imap_shows(const struct imap_session *im, struct span word);
/** Whether these words turn that on. */
bool imap_enables(const struct imap_enable_req *req, enum imap_enabled what);
/** Turns on what these words name, and writes those that can be turned on after "* ENABLED". */
void imap_enable(struct imap_session *im, const struct imap_enable_req *req, struct iw *w);

/** Whether LOGIN, PLAIN and the like may show a password on this connection. */
bool imap_plaintext_allowed(const struct imap_session *im);
/** Whether the mechanism shows no secret on this connection that others could read: a password
 *  where that is not allowed, or a token without TLS (RFC 7628 section 3), also on loopback. */
bool imap_mech_is_safe(const struct imap_session *im, enum sasl_mech mech);
/** Whether AUTHENTICATE takes this mechanism on this connection, apart from that. */
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
        NEEDS_WRITE, /* the mailbox is not open read-only (RFC 3501 section 6.3.2) */
    } need;
    /* What is told of the selected mailbox whatever NOTIFY says: it is the answer itself. */
    enum view_tells tells;
    /* Also clients that bear it only now and then are told of new and expunged messages. */
    enum command_news { NEWS_IN_PASSING, NEWS_EXPECTED } news;
    enum command_look { LOOKS_NOT, LOOKS } look; /* whether others have written (wait.c) */
    /* Rights that it needs, all of them (RFC 4314 section 4): to the mailbox that it names (of
     * RIGHT_CREATE, to the one above), and to the one that is selected. */
    uint16_t named;
    uint16_t selected;
    /* How far it is; called between two steps. NULL: it cannot say. */
    void (*progress)(const struct imap_session *im, struct imap_progress *progress_out);
    /* Called when its OK is out, and what is read and written changes. NULL: it does not. */
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
