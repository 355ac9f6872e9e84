/* SPDX-License-Identifier: MIT */
/*
 * The table of live sessions: who is here, so that limits can be kept (by account; before login
 * by address, which has a share of all there is; some places are for deliveries only) and
 * `roost sessions` and `roost kick` have something to look at. It never gives out a pointer to
 * a session: others get copies, and reach a session by posting to it.
 *
 * Thread: any, all functions, under LOCK_LIVE_TABLE.
 */
#ifndef SESSION_TABLE_H
#define SESSION_TABLE_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"
#include "session/session.h"

struct session_table;

MUST_USE enum rc session_table_new(struct session_table **out);
void session_table_free(struct session_table *table); /* no session left */

/** Others can reach it from here on. */
void session_table_enter(struct session_table *table, struct session *session);
/** Counts it for the limits that are kept before login, also for its peer's once that is known
 *  (session->proxied): END_NONE, END_LIMIT_TOTAL, END_LIMIT_ADDRESS, END_LIMIT_MEMORY; it may
 * ask again. */
enum end_reason session_table_admit(struct session_table *table, struct session *session);
/** Counts in one that came from another process, with address and account, whatever the limits
 *  say: it was here before them. RC_LIMIT: no memory. */
MUST_USE enum rc session_table_adopt(struct session_table *table, struct session *session);
/**
 * Makes it a session of the account. RC_LIMIT when the account has max_connections_per_user
 * already: then *others_out (may be NULL), in arena, counts them by client and address for the
 * sentence the newcomer gets ("3 Thunderbird at 192.0.2.7, 1 unknown at 192.0.2.9"). name is
 * copied.
 */
MUST_USE enum rc session_table_login(struct session_table *table, struct session *session,
                                     uint64_t account_id, const char *name, struct arena *arena,
                                     char **others_out);
void session_table_leave(struct session_table *table, struct session *session);
/** For the record of one that was refused: which limit it was, and how much it is. */
void session_table_limit_text(struct session *session, enum end_reason limit, char *dst,
                              size_t cap);
/** So many newcomers wait at the limit of all connections that one more cannot even be told.
 *  Doors that deliver may have a few more. */
bool session_table_is_crowded(struct session_table *table, struct env *env,
                              const struct front_door *door);

/* ---- at a limit: place.c ---- */
/**
 * Asks the suspects among those who hold the places at this limit (END_LIMIT_ACCOUNT,
 * END_LIMIT_ADDRESS or END_LIMIT_TOTAL) to prove themselves. True: there are some; the session
 * is woken when one of them has left, and should park until session->place->until_us and ask
 * again. account_id: with END_LIMIT_ACCOUNT. False: all of them are well, or too many wait.
 */
bool session_place_wait(struct session *session, enum end_reason limit, uint64_t account_id);
/** Waits no longer. Harmless when it does not wait. */
void session_place_done(struct session *session);
/** Whether a newcomer waits for the place of this suspect, which has not answered: each
 * newcomer ends one of them, not all. */
bool session_place_is_needed(struct session *session);

/* What `roost sessions` shows; strings in the arena given. */
struct session_info {
    uint64_t number;
    const char *service;
    const char *account; /* "" before login */
    const char *client_id;
    const char *mailbox;
    struct net_addr peer;
    bool tls;
    enum session_state state;
    int64_t opened_wall_us;
    int64_t idle_us;  /* since the last octet from the client */
    int64_t acked_us; /* since it last acknowledged a line in a silence; -1: never yet */
    bool suspect;     /* a line is unacknowledged for [idle] suspect_after */
    uint64_t octets_in;
    uint64_t octets_out;
    unsigned thread;
};
/** Copies all sessions, oldest first, at most max. RC_LIMIT: the arena. */
MUST_USE enum rc session_table_list(struct session_table *table, struct arena *arena,
                                    int64_t now_us, size_t max, struct session_info **out,
                                    size_t *count_out);
size_t session_table_count(struct session_table *table);
/** One session more that is suspect, or one less. */
void session_table_suspect(struct session_table *table, int more);
size_t session_table_suspects(const struct session_table *table);
const char *session_state_name(enum session_state state);

/** Posts to the session of that number; words (may be NULL) go to the client of a kick. False:
 *  no such session. */
bool session_post(struct session_table *table, uint64_t number, enum session_post post,
                  const char *words);
/**
 * The record of an open session as it stands: its reason is END_NONE, its end is now. The
 * thread that runs the session writes it; this waits for it, at most wait_ms. RC_NOT_FOUND: no
 * such session; RC_BUSY: it did not come to it in time; RC_LIMIT: the arena. Thread: one that
 * may wait, never a work thread.
 */
MUST_USE enum rc session_ask(struct session_table *table, uint64_t number, int64_t wait_ms,
                             struct arena *arena, struct end_record *out);
/** Gives the record to who waits for it. Thread: the session's. */
void session_answer(struct session_table *table, const struct end_record *record);

/** Posts to all sessions of an account, or (account_id 0) to all; except: a number, or 0.
 *  Returns how many. */
size_t session_post_all(struct session_table *table, uint64_t account_id,
                        enum session_post post, const char *words, uint64_t except);
/** Posts to the oldest sessions that it has not posted to yet, at most max; returns how many.
 */
size_t session_post_next(struct session_table *table, enum session_post post, size_t max);

#endif
