/* SPDX-License-Identifier: MIT */
/* The part of a session's life that the files of session/ share. Thread: the session's. */
#ifndef SESSION_SESSION_PRIVATE_H
#define SESSION_SESSION_PRIVATE_H

#include "session/session.h"

/** Makes a session without connection that is not run yet. NULL: no memory. */
struct session *session_new(struct env *env, const struct front_door *door,
                            const struct net_addr *peer, uint64_t number);
/** Frees it and its texts. Connection and task must be gone. */
void session_free(struct session *session);
/** The run function of its task. */
enum task_next session_run(struct task *task, uint32_t why);
/** Stops showing output to the log. */
void session_tap_drop(struct session *session);
static inline enum session_tls
session_tls_get(const struct session *session)
{
    return (enum session_tls)atomic_load_explicit(&session->tls, memory_order_relaxed);
}
/** Notes the TLS handshake once it is done. */
void session_tls_note(struct session *session);
/** Updates what the live table shows. */
void session_publish(struct session *session);
/** Writes its row in the crash table. */
void session_live_row(struct session *session);
/** Notes that the session will not use the store any more. May be called twice. */
void session_let_go(struct session *session);

#endif
