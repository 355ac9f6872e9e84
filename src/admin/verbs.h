/* SPDX-License-Identifier: MIT */
/*
 * The table of administrative verbs. A verb works on a house (what is open of DIR) and
 * communicates through frames. It does not matter to the verb who asks: the command line
 * through the control socket of a running server, the command line by itself if no server is
 * running, or the console.
 *
 * Verbs block: on disk, on the account's turn, on their asker. They run on threads of their
 * own, never on work threads. Thread: any that may wait.
 */
#ifndef ADMIN_VERBS_H
#define ADMIN_VERBS_H

#include <jansson.h>
#include <stdatomic.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/span.h"
#include "session/session.h"
#include "session/settings.h"

struct accounts;
struct extract;
struct index_counts;
struct index_wishes;
struct journal;
struct log;
struct networks;
struct registry;
struct session_table;
struct store;
struct store_indexes;

/* The state of an upgrade. */
struct verb_upgrade {
    uint32_t pid;      /* process that answers (0: it does not serve yet), or that takes over */
    char version[64];  /* version of that process */
    uint64_t kept;     /* sessions that were handed over */
    char trouble[256]; /* why the last upgrade failed; "": it did not */
};

/* What only a running server can do. */
struct verb_server {
    void *ctx; /* NULL: no server runs */
    /* Starts the new process and waits until it is ready to take over. */
    enum rc (*upgrade)(void *ctx, struct verb_upgrade *out, struct err *err);
    void (*state)(void *ctx, struct verb_upgrade *out);
};

/* What verbs work on. Borrowed. */
struct verb_house {
    const struct clock *clock;
    struct registry *registry;
    struct store *store;
    struct store_indexes *indexes; /* NULL: a server runs that uses none */
    struct index_counts *index_counts;
    struct index_wishes *index_wishes; /* NULL: no server runs that uses indexes */
    const struct extract *extract;     /* makes text of attachments; NULL: nobody */
    struct accounts *accounts;
    struct session_table *table; /* NULL: no server runs */
    struct log *log;             /* NULL: no server runs */
    struct journal *journal;     /* NULL: no server runs */
    struct networks *networks;   /* NULL: no server runs */
    const char *journal_path;    /* its database, which may not exist yet */
    /* The present settings, which a reload replaces. */
    const _Atomic(const struct settings *) *settings;
    int64_t undelete_s; /* [store] undelete */
    struct verb_server server;
};

/* How a verb communicates. */
struct verb_io {
    void *ctx;
    /* Sends one row, which it takes over (decref'd), followed by data. */
    enum rc (*row)(void *ctx, json_t *row, struct span data, struct err *err);
    /* Reads the asker's next frame. The data are valid until the next call. RC_NOT_FOUND: the
     * end. */
    enum rc (*next)(void *ctx, json_t **head_out, struct span *data_out, struct err *err);
};

struct verb_call {
    const struct verb_house *house;
    const struct verb_io *io;
    const json_t *args; /* an object */
    unsigned uid;       /* the user who asks */
};

struct verb {
    const char *name;
    /* for example sessions, kick, log, which make no sense without a server */
    bool needs_server;
    enum rc (*run)(const struct verb_call *call, struct err *err);
};

/** Runs a verb. RC_UNSUPPORTED: there is no such verb, or it needs a server. Others: from the
 * verb. */
MUST_USE enum rc verb_run(const char *name, const struct verb_call *call, struct err *err);

/* --- for verbs --- */
/** A string argument, or NULL. Borrowed from args. */
const char *verb_text(const struct verb_call *call, const char *name);
/** Finds the account that the argument "account" names. RC_INVALID: there is no such
 * argument. */
struct registry_account;
MUST_USE enum rc verb_account(const struct verb_call *call, struct registry_account *out,
                              struct err *err);
/** Calls fn for each account, in the order of their names, until it fails. */
typedef enum rc verb_account_fn(const struct verb_call *call,
                                const struct registry_account *account, struct err *err);
MUST_USE enum rc verb_each_account(const struct verb_call *call, verb_account_fn *fn,
                                   struct err *err);

/** The present value of [limits] append, in octets. */
static inline uint64_t
verb_append_octets(const struct verb_call *call)
{
    return atomic_load(call->house->settings)->append_octets;
}
/** Posts to all sessions of an account, if a server runs. */
void verb_tell_sessions(const struct verb_call *call, uint64_t account_id,
                        enum session_post post);

enum rc verb_account_add(const struct verb_call *call, struct err *err);
enum rc verb_account_add_many(const struct verb_call *call, struct err *err);
enum rc verb_account_passwd(const struct verb_call *call, struct err *err);
enum rc verb_account_list(const struct verb_call *call, struct err *err);
enum rc verb_account_disable(const struct verb_call *call, struct err *err);
enum rc verb_account_enable(const struct verb_call *call, struct err *err);
enum rc verb_account_remove(const struct verb_call *call, struct err *err);
enum rc verb_account_restore(const struct verb_call *call, struct err *err);
enum rc verb_account_removed(const struct verb_call *call, struct err *err);
enum rc verb_account_alias(const struct verb_call *call, struct err *err);
enum rc verb_account_app_password(const struct verb_call *call, struct err *err);
enum rc verb_account_quota(const struct verb_call *call, struct err *err);
enum rc verb_account_shares(const struct verb_call *call, struct err *err);
enum rc verb_group_add(const struct verb_call *call, struct err *err);
enum rc verb_group_remove(const struct verb_call *call, struct err *err);
enum rc verb_group_list(const struct verb_call *call, struct err *err);
enum rc verb_group_members(const struct verb_call *call, struct err *err);
enum rc verb_import(const struct verb_call *call, struct err *err);
enum rc verb_export(const struct verb_call *call, struct err *err);
enum rc verb_index(const struct verb_call *call, struct err *err);
enum rc verb_search(const struct verb_call *call, struct err *err);
enum rc verb_sessions(const struct verb_call *call, struct err *err);
enum rc verb_explain(const struct verb_call *call, struct err *err);
enum rc verb_kick(const struct verb_call *call, struct err *err);
enum rc verb_networks(const struct verb_call *call, struct err *err);
enum rc verb_log(const struct verb_call *call, struct err *err);
enum rc verb_upgrade(const struct verb_call *call, struct err *err);

#endif
