/* SPDX-License-Identifier: MIT */
/* What the files of session/ share of the life of a session. Thread: the session's. */
#ifndef SESSION_SESSION_PRIVATE_H
#define SESSION_SESSION_PRIVATE_H

#include "session/session.h"

/** A session that nobody runs yet, without connection; NULL: no memory. */
struct session *session_new(struct env *env, const struct front_door *door,
                            const struct net_addr *peer, uint64_t number);
/** Frees it and its texts; connection and task are gone. */
void session_free(struct session *session);
/** The run function of its task. */
enum task_next session_run(struct task *task, uint32_t why);
/** Lets go of what shows output to the log. */
void session_tap_drop(struct session *session);
static inline enum session_tls
session_tls_get(const struct session *session)
{
    return (enum session_tls)atomic_load_explicit(&session->tls, memory_order_relaxed);
}
/** Notes the TLS handshake when it is new that it is done. */
void session_tls_note(struct session *session);
/** Copies what the live table shows. */
void session_publish(struct session *session);
/** Its row in the crash table. */
void session_live_row(struct session *session);
/** It will not touch the store any more. Twice is harmless. */
void session_let_go(struct session *session);

#endif
