/* SPDX-License-Identifier: MIT */
/*
 * Sharing, as far as the registry has it: groups of accounts, and an index of who shares
 * mailboxes with whom. The access control lists themselves are in the owners' accounts
 * (store_acl). The index says which accounts have any row for an identifier, so that LIST opens
 * no account that shares nothing with its user.
 *
 * INV-S23  The index names at least what the accounts' rows grant. What is granted is noted
 *          before it is committed, and what is taken away is forgotten afterwards; a crash in
 *          between leaves a row too many, which costs a look, and which the next change of the
 *          account's lists, or rebuilding the index from them, takes away.
 *
 * The registry also knows whether what is granted to anyone has an effect, which the server's
 * configuration decides ([imap] share_with_anyone).
 *
 * Thread: any, all functions; they may wait for the engine.
 */
#ifndef STORE_SHARING_H
#define STORE_SHARING_H

#include "store/acl.h"
#include "store/registry.h"

/* ---- groups ---- */

struct registry_group {
    uint64_t id;                     /* never reused, at least 1 */
    char name[REGISTRY_NAME_OCTETS]; /* as names of accounts are; folded to lower case */
};

/** RC_EXISTS, RC_INVALID (as registry_add), RC_LIMIT (LIMIT_GROUPS). */
MUST_USE enum rc registry_group_add(struct registry *registry, struct span name,
                                    uint64_t *id_out, struct err *err);
/** What was granted to it is granted to nobody from now on. RC_NOT_FOUND. */
MUST_USE enum rc registry_group_remove(struct registry *registry, uint64_t id, struct err *err);
/** By name in any case, or by number. RC_NOT_FOUND. */
MUST_USE enum rc registry_group_find(struct registry *registry, struct span name,
                                     struct registry_group *out, struct err *err);
MUST_USE enum rc registry_group_get(struct registry *registry, uint64_t id,
                                    struct registry_group *out, struct err *err);
/** Walks groups in order of name: call with after "" first. */
MUST_USE enum rc registry_group_list(struct registry *registry, struct span after, size_t max,
                                     struct registry_group *rows, size_t *count_out,
                                     struct err *err);
/** Puts an account in or takes it out; nothing happens when it is so already. */
MUST_USE enum rc registry_group_set_member(struct registry *registry, uint64_t group,
                                           uint64_t account, bool member, struct err *err);
/** Names of its accounts, sorted, in arena. Accounts that were removed are left out, and are
 *  members again when they are restored. */
MUST_USE enum rc registry_group_members(struct registry *registry, uint64_t group,
                                        struct arena *arena, struct span **out,
                                        size_t *count_out, struct err *err);
/** Groups that an account is in, in arena, ascending. */
MUST_USE enum rc registry_groups_of(struct registry *registry, uint64_t account,
                                    struct arena *arena, uint64_t **out, size_t *count_out,
                                    struct err *err);

/* ---- the index ---- */

struct registry_share {
    enum acl_kind kind;
    uint64_t who;
};
struct registry_sharer {
    uint64_t account;
    struct span name;
};

/** The account shares something with this identifier. */
MUST_USE enum rc registry_share_note(struct registry *registry, uint64_t owner,
                                     const struct registry_share *share, struct err *err);
/** The account shares something with these, and with nobody else. */
MUST_USE enum rc registry_share_settle(struct registry *registry, uint64_t owner,
                                       const struct registry_share *shares, size_t count,
                                       struct err *err);
/** Whether rights that are granted to anyone have an effect; they do until this says otherwise.
 * The index keeps them in any case. A change also changes registry_rights_epoch and
 * registry_shares_serial, so sessions learn of it as of a change of groups. */
void registry_set_with_anyone(struct registry *registry, bool with_anyone);
bool registry_with_anyone(struct registry *registry);
/** Who shares something with this account (itself not counted), with its groups or with
 *  anyone: at most max, in order of their names, in arena. */
MUST_USE enum rc registry_sharers(struct registry *registry, uint64_t account, size_t max,
                                  struct arena *arena, struct registry_sharer **out,
                                  size_t *count_out, struct err *err);
/** Grows with every change of the index, whoever it concerns; with a change by another process,
 * at most a second later. */
uint64_t registry_shares_serial(struct registry *registry);
/** Whether owner is one of them. */
MUST_USE enum rc registry_shares_with(struct registry *registry, uint64_t owner,
                                      uint64_t account, bool *out, struct err *err);
/** Whether anybody shares anything with others; answered from memory. */
MUST_USE enum rc registry_shares(struct registry *registry, bool *out, struct err *err);

#endif
