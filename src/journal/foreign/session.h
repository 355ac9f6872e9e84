/* SPDX-License-Identifier: MIT */
/*
 * A session as one log shows it: who, when, its last commands, and every fact with its place in
 * the log. Texts are copies without secrets, and must still be escaped when printed.
 */
#ifndef JOURNAL_FOREIGN_SESSION_H
#define JOURNAL_FOREIGN_SESSION_H

#include "base/limits.h"
#include "base/list.h"
#include "journal/foreign/imap_line.h"
#include "journal/foreign/model.h"

struct foreign_log;

enum {
    FOREIGN_TAG_OCTETS = 24,
    FOREIGN_ARGS_OCTETS = 96,
    FOREIGN_NAME_OCTETS = 128,
};

struct foreign_cmd {
    struct foreign_ref sent;
    struct foreign_ref accepted; /* the server's "+" */
    struct foreign_ref stopped;  /* DONE */
    struct foreign_ref answered; /* the tagged answer */
    const char *name;            /* canonical; "?": unknown */
    enum imap_status status;     /* of the answer */
    uint32_t fetched;            /* FETCH responses while it ran */
    bool bare;                   /* without arguments */
    uint32_t exists;             /* messages in the mailbox when the command was sent */
    char tag[FOREIGN_TAG_OCTETS];
    char args[FOREIGN_ARGS_OCTETS];
};

/* How often a fact was reported, where first and last, and the words of the last report. */
struct foreign_seen {
    uint32_t count;
    struct foreign_ref first;
    struct foreign_ref last;
    uint32_t sent; /* protocol lines of the client before the last report */
    uint32_t told; /* and of the server */
    char *text;    /* owned, or NULL */
};

/* A separate finding: the server left out the highest message of "n:*". */
struct foreign_missed {
    struct foreign_ref sent;
    struct foreign_ref answered;
    struct foreign_ref shown; /* where the UID was shown; line 0: nowhere */
    uint32_t from;            /* n */
    uint32_t uid;             /* 0: the log does not show it, so nothing is proved */
    uint32_t exists;
    char tag[FOREIGN_TAG_OCTETS];
};

struct foreign_session {
    struct list link;
    struct foreign_log *log; /* borrowed */
    uint32_t number;         /* its number in the log, from 1 */
    bool over;               /* the log says that it ended, or its key was used again */
    bool displaced;          /* ended because too many were open */
    /* not a session, but something about the server and many sessions */
    bool general;
    bool other; /* of a protocol other than IMAP */
    struct foreign_ref begin;
    struct foreign_ref end;
    struct foreign_ref last_in;  /* the client's last line */
    struct foreign_ref last_out; /* the server's last line */
    uint32_t sent;               /* protocol lines of the client, */
    uint32_t told;               /* and of the server */
    char *key;                   /* owned */
    char account[FOREIGN_NAME_OCTETS];
    char peer[64];
    char client[FOREIGN_NAME_OCTETS]; /* what the client says it is, or what its habits show */
    char server[FOREIGN_NAME_OCTETS]; /* the same for the server */
    char mailbox[FOREIGN_NAME_OCTETS];
    struct foreign_seen facts[FACT_COUNT];

    struct foreign_cmd *cmds; /* owned; a ring of LIMIT_FOREIGN_COMMANDS, or fewer */
    uint32_t cmd_cap;
    uint32_t cmd_count;  /* number of all commands */
    uint32_t exists;     /* messages in the mailbox, corrected for EXPUNGE */
    uint32_t idles;      /* IDLE commands seen */
    uint32_t idles_done; /* those that were ended with DONE */
    /* the last one that was ended with DONE and answered; tag "": none */
    struct foreign_cmd good_idle;
    struct foreign_missed missed; /* tag "": none */
    uint32_t bad_answers;
    uint32_t offered; /* bits of imap_offers: what the server announced */
    /* a command that it announced and then refused as unknown; NULL: none */
    const char *refused_offer;

    /* Used only while the log is read. */
    bool literals;                        /* the log holds the octets of literals */
    uint64_t literal_left[3];             /* by enum foreign_dir */
    bool more[3];                         /* the next line continues after a literal */
    bool is_secret;                       /* the continued command is a login */
    bool sasl;                            /* within AUTHENTICATE */
    char *secrets[LIMIT_FOREIGN_SECRETS]; /* owned */
    uint32_t secret_count;
    bool secrets_lost; /* there were too many: no text is repeated at all */
};

struct foreign_session *foreign_session_new(struct foreign_log *log, struct span key);
void foreign_session_free(struct foreign_session *session); /* NULL is allowed */

/** Makes a place for a new command. NULL: no memory. */
struct foreign_cmd *foreign_session_cmd_add(struct foreign_session *session);
/** The kept command with this index, from the oldest (0) on. NULL: there are no more. */
struct foreign_cmd *foreign_session_cmd(const struct foreign_session *session, uint32_t index);
uint32_t foreign_session_cmd_kept(const struct foreign_session *session);
/** The last command, or NULL. */
struct foreign_cmd *foreign_session_last(const struct foreign_session *session);
/** The latest kept command with this tag, or NULL. */
struct foreign_cmd *foreign_session_find(const struct foreign_session *session,
                                         struct span tag);

/** Notes a fact. text is copied without what is known to be secret. It may be empty. */
void foreign_session_fact(struct foreign_session *session, enum foreign_fact fact,
                          const struct foreign_ref *ref, struct span text);
/** From now on, text is not repeated in this session. Texts shorter than 3 octets are
 * ignored. */
void foreign_session_secret(struct foreign_session *session, struct span text);
/** Copies text into dst, cut, with secrets replaced by "***". */
void foreign_session_copy(const struct foreign_session *session, char *dst, size_t cap,
                          struct span text);
/** Frees what is needed only while reading. */
void foreign_session_finish(struct foreign_session *session);

static inline bool
foreign_session_has(const struct foreign_session *session, enum foreign_fact fact)
{
    return session->facts[fact].count > 0;
}

#endif
