/* SPDX-License-Identifier: MIT */
/*
 * METADATA (RFC 5464), LIST-METADATA (RFC 9590) and the events of NOTIFY about metadata (RFC
 * 5465 sections 5.6, 5.7).
 *
 *   names/cmd_metadata.c      GETMETADATA and SETMETADATA
 *   names/metadata_answer.c   METADATA responses with values, for LIST too
 *   names/metadata_tell.c     unsolicited METADATA responses, which name what changed
 *   names/metadata_settings.c the administrator's entries, as told and as they are now
 *
 * What has changed is read from the rows with a modseq above the one up to which the client has
 * been told. So a session keeps only that number, and nothing can be missed, whatever it waits
 * for.
 *
 * Private to imap/. Thread: the session's.
 */
#ifndef IMAP_METADATA_H
#define IMAP_METADATA_H

#include "imap/imap_session.h"
#include "mailbox/names/metadata.h"

struct settings;

/* Kept while the client wants to be told. */
struct imap_metadata {
    struct watch watch;   /* of all mailboxes of the account; not begun yet after a handover */
    uint64_t told_modseq; /* modseq of the account up to which it has been told */
    /* The server's entries that the client knows: those of these settings or, after a handover,
     * what imap_metadata_pack wrote. */
    const struct settings *told_settings;
    struct buf told_entries;
    bool unsure; /* it is not known what was published before this process took over */
};

/* ---- names/metadata_tell.c ---- */
/** Begins to tell of what changes from now on, if it has not begun yet. False: return
 * *step_out. */
MUST_USE bool imap_metadata_begin(struct imap_session *im, enum imap_step *step_out);
/** Ends it unless the client has asked for it by ENABLE or by the NOTIFY in force. */
void imap_metadata_settle(struct imap_session *im);
void imap_metadata_free(struct imap_session *im);
/** Whether there may be something to tell. Does not wait. */
bool imap_metadata_is_due(const struct imap_session *im);
/** Adjusts for which changes the session is woken: only while it waits for them. */
void imap_metadata_rewatch(struct imap_session *im);
/** Tells what has changed. */
enum imap_step imap_metadata_step(struct imap_session *im);
/** Whether the SETMETADATA under way made the change with this modseq in that account. */
bool imap_metadata_is_own(const struct imap_session *im, const struct account *acct,
                          uint64_t modseq);
enum { METADATA_NAMES_A_LINE = 32 };
/** "* METADATA mailbox name ..."; an empty mailbox means the server. */
void imap_metadata_line(struct imap_session *im, struct span mailbox, const struct span *names,
                        size_t count);
/** Packs the state for another process; unpacks it there. */
void imap_metadata_pack(const struct imap_session *im, struct buf *out);
/** False: no memory. */
MUST_USE bool imap_metadata_unpack(struct imap_session *im, struct unpack *in);
void imap_metadata_resume(struct imap_session *im);

/* ---- names/metadata_settings.c ---- */
enum { METADATA_SETTINGS_OCTETS = 1 << 20 }; /* of the administrator's entries, packed */
/** Appends them, packed, to out. */
void metadata_settings_pack(const struct settings *settings, struct buf *out);
/** Names of those that were added, changed or removed between two such texts, in arena.
 * RC_LIMIT: arena. */
MUST_USE enum rc metadata_settings_differ(struct span told, struct span now,
                                          struct arena *arena, struct span **names_out,
                                          size_t *count_out);

/* ---- names/cmd_metadata.c ---- */
/** The response code that goes with a value of more than LIMIT_METADATA_VALUE octets (RFC 5464
 *  section 4.3). */
const char *imap_metadata_maxsize(struct imap_work *work);

/* ---- names/metadata_answer.c ---- */
/* What is to be shown of the metadata of one mailbox. */
struct metadata_ask {
    struct span mailbox; /* the name by which this client knows it; empty: the server */
    const struct imap_entries *entries;
    enum imap_depth depth;
    uint64_t max_octets; /* largest value to be shown; UINT64_MAX: any */
    uint64_t user;       /* imap_metadata_user */
    struct arena *arena; /* receives everything that the answer needs */
};

struct metadata_answer {
    struct span mailbox; /* its name; empty: the server */
    uint64_t mbox;       /* 0: the server */
    struct metadata_shown *shown;
    size_t count;
    size_t next;
    uint64_t longest; /* size of the largest value that exceeds max_octets; 0: none */
};

/* Besides RIGHT_LOOKUP, one of these is needed to see or set metadata of a mailbox (RFC 5464
 * section 3.3). */
enum { METADATA_RIGHTS = RIGHT_READ | RIGHT_SEEN | RIGHT_WRITE | RIGHT_INSERT | RIGHT_POST };
/** Whether these rights to a mailbox allow that. */
bool imap_metadata_permitted(uint32_t rights);
/** The user whose private entries the session sees in that account. */
uint64_t imap_metadata_user(const struct imap_session *im, const struct account *acct);
/** Finds out what to answer. row NULL: of the server. RC_LIMIT: arena. */
MUST_USE enum rc imap_metadata_find(struct imap_session *im, struct store_tx *tx,
                                    const struct mbox_row *row, const struct metadata_ask *ask,
                                    struct metadata_answer *out, struct err *err);
/** Writes it as METADATA responses, as far as the output allows. STEP_DONE: everything is
 * written, or *rc_out says why it cannot be. */
enum imap_step imap_metadata_write(struct imap_session *im, struct store_tx *tx,
                                   struct metadata_answer *answer, enum rc *rc_out,
                                   struct err *err);

#endif
