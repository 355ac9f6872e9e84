/* SPDX-License-Identifier: MIT */
/*
 * The table of live sessions. It enforces the limits: each account has one, the strangers of
 * each address may have a share of all connections, and some places are reserved for
 * deliveries. `roost sessions` and `roost kick` use the table too. It never gives out a
 * pointer to a session; other code gets copies, and reaches a session by posting to it.
 *
 * Thread: any, for all functions, under LOCK_LIVE_TABLE.
 */
#ifndef SESSION_TABLE_H
#define SESSION_TABLE_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"
#include "session/session.h"

struct session_table;

MUST_USE enum rc session_table_new(struct session_table **out);
void session_table_free(struct session_table *table); /* no session may be left */

/** From here on, other threads can reach the session. */
void session_table_enter(struct session_table *table, struct session *session);
/** Counts the session for the limits that apply before login, including the share of its peer
 * once the peer is known (session->proxied). Returns END_NONE, or the limit that was reached:
 * END_LIMIT_TOTAL, END_LIMIT_ADDRESS or END_LIMIT_MEMORY. A refused session may ask again. */
enum end_reason session_table_admit(struct session_table *table, struct session *session);
/** Counts a session that came from another process, for its address and account, even if that
 * is above a limit: the session was admitted before. RC_LIMIT: no memory. */
MUST_USE enum rc session_table_adopt(struct session_table *table, struct session *session);
/**
 * Makes it a session of the account, whose name is copied. RC_LIMIT if the account already has
 * max_connections_per_user sessions; *others_out (others_out may be NULL), in arena, then
 * counts them by client and address for the answer to the newcomer ("3 Thunderbird at
 * 192.0.2.7, 1 unknown at 192.0.2.9").
 */
MUST_USE enum rc session_table_login(struct session_table *table, struct session *session,
                                     uint64_t account_id, const char *name, struct arena *arena,
                                     char **others_out);
/** The session no longer belongs to an account and becomes a new stranger with this number.
 * What was posted to it about the account is forgotten. Thread: the session's. */
void session_table_logout(struct session_table *table, struct session *session,
                          uint64_t number);
/** The session has named a recipient of this server, so it is no longer a stranger, just as
 * after a login. For doors that deliver. Thread: the session's. */
void session_table_delivers(struct session_table *table, struct session *session);
void session_table_leave(struct session_table *table, struct session *session);
/** The text for the record of a refused session: which limit it was, and its value. */
void session_table_limit_text(struct session *session, enum end_reason limit, char *dst,
                              size_t cap);
/** Whether so many new sessions wait at the limit on all connections that another one cannot
 * even be sent an answer. Doors that deliver may have a few more. */
bool session_table_is_crowded(struct session_table *table, struct env *env,
                              const struct front_door *door);

/* ---- at a limit: place.c ---- */
/**
 * Asks the suspects among the sessions that count for this limit (END_LIMIT_ACCOUNT, with
 * account_id; END_LIMIT_ADDRESS; END_LIMIT_TOTAL) to show that they are alive. True: there are
 * some. The session should park until session->place->until_us; it is woken when one of them
 * has left, and then asks for its place again. False: none is suspect, or too many are waiting.
 */
bool session_place_wait(struct session *session, enum end_reason limit, uint64_t account_id);
/** The session no longer waits. Does nothing if it did not wait. */
void session_place_done(struct session *session);
/** Whether a new session needs the place of this suspect, which has not answered. Each new
 * session ends only one suspect. */
bool session_place_is_needed(struct session *session);

/* What `roost sessions` shows. The strings are in the given arena. */
struct session_info {
    uint64_t number;
    const char *service;
    const char *account; /* "" before login */
    const char *client_id;
    const char *client_rule; /* label of its rule (client_rule.def); "": none */
    const char *mailbox;
    struct net_addr peer;
    bool tls;
    bool compressed;
    enum session_state state;
    int64_t opened_wall_us;
    int64_t idle_us;  /* since the last octet from the client */
    int64_t acked_us; /* since it last acknowledged a line after a silence; -1: never */
    bool suspect;     /* a line has been unacknowledged for [idle] suspect_after */
    uint64_t octets_in;
    uint64_t octets_out;
    unsigned thread;
};
/** Copies all sessions, oldest first, at most max. RC_LIMIT: the arena. */
MUST_USE enum rc session_table_list(struct session_table *table, struct arena *arena,
                                    int64_t now_us, size_t max, struct session_info **out,
                                    size_t *count_out);
size_t session_table_count(struct session_table *table);
/** Adds to the number of suspect sessions: 1 or -1. */
void session_table_suspect(struct session_table *table, int more);
size_t session_table_suspects(const struct session_table *table);
const char *session_state_name(enum session_state state);

/** Posts to the session with this number. words, which may be NULL, are told to the client with
 *  POST_KICK. False: there is no such session. */
bool session_post(struct session_table *table, uint64_t number, enum session_post post,
                  const char *words);
/**
 * The record of an open session as it is now: its reason is END_NONE and its end is this
 * moment. The thread that runs the session writes the record, and this function waits for it,
 * at most wait_ms. RC_NOT_FOUND: there is no such session. RC_BUSY: it was not written in time.
 * RC_LIMIT: the arena is full. Thread: one that may wait, so never a work thread.
 */
MUST_USE enum rc session_ask(struct session_table *table, uint64_t number, int64_t wait_ms,
                             struct arena *arena, struct end_record *out);
/** Gives the record to whoever waits for it. Thread: the session's. */
void session_answer(struct session_table *table, const struct end_record *record);

/** Posts to all sessions of an account, or with account_id 0 to all sessions, except the one
 * with the number `except`. Returns to how many. */
size_t session_post_all(struct session_table *table, uint64_t account_id,
                        enum session_post post, const char *words, uint64_t except);
/** Posts to all sessions of an account that logged in with this application password. Returns
 * to how many. */
size_t session_post_app_password(struct session_table *table, uint64_t account_id,
                                 uint32_t app_password, enum session_post post,
                                 const char *words);
/** Posts to all sessions whose clients are in that network (net_addr_network). Returns to how
 *  many. */
size_t session_post_network(struct session_table *table, const struct net_addr *network,
                            enum session_post post);
/** Posts to the oldest sessions that this function has not posted to yet, at most max. Returns
 * to how many. */
size_t session_post_next(struct session_table *table, enum session_post post, size_t max);

#endif
