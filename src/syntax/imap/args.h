/* SPDX-License-Identifier: MIT */
/*
 * One function for each kind of argument list in cmd.def. Each takes what follows the
 * command word, with its leading space, and fills the member of cmd->u that belongs to the
 * command; trailing octets are the caller's business. False: lx->bad says why. Private to
 * cmd.c and args/.
 *
 * Pure; any thread.
 */
#ifndef SYNTAX_IMAP_ARGS_H
#define SYNTAX_IMAP_ARGS_H

#include "syntax/imap/cmd.h"
#include "syntax/imap/lexer.h"

/* args_session.c */
MUST_USE bool imap_args_none(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_authenticate(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_login(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_id(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_compress(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_enable(struct imap_lexer *lx, struct imap_cmd *cmd);

/* args_mailbox.c */
MUST_USE bool imap_args_select(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_create(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_mailbox(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_acl(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_set_acl(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_rename(struct imap_lexer *lx, struct imap_cmd *cmd);

/* args_list.c */
MUST_USE bool imap_args_list(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_lsub(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_status(struct imap_lexer *lx, struct imap_cmd *cmd);

/* args_notify.c */
MUST_USE bool imap_args_notify(struct imap_lexer *lx, struct imap_cmd *cmd);
/** filter-mailboxes (RFC 5465 section 8, RFC 7377 section 4), all that any command knows. */
MUST_USE bool imap_args_scope(struct imap_lexer *lx, struct imap_notify_group *group);

/* args_quota.c */
MUST_USE bool imap_args_quota_root(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_set_quota(struct imap_lexer *lx, struct imap_cmd *cmd);

/* args_metadata.c */
MUST_USE bool imap_args_getmetadata(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_setmetadata(struct imap_lexer *lx, struct imap_cmd *cmd);
/** SP "(" entry *(SP entry) ")": the return option of LIST (RFC 9590). */
MUST_USE bool imap_args_entries(struct imap_lexer *lx, struct imap_entries *entries_out);

/* args_append.c */
MUST_USE bool imap_args_append(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_replace(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_uid_replace(struct imap_lexer *lx, struct imap_cmd *cmd);

/* args_search.c */
MUST_USE bool imap_args_search(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_esearch(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_sort(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_thread(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_uidbatches(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_cancel_update(struct imap_lexer *lx, struct imap_cmd *cmd);
/** [CHARSET ...] and the keys of a SEARCH. */
MUST_USE bool imap_args_criteria(struct imap_lexer *lx, struct imap_search_req *req);
/** A range of results (RFC 9394), for the FETCH modifier too. */
MUST_USE bool imap_args_partial(struct imap_lexer *lx, struct imap_partial *partial_out);

/* args_fetch.c */
MUST_USE bool imap_args_fetch(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_uid_fetch(struct imap_lexer *lx, struct imap_cmd *cmd);
/** What stands between the brackets of BODY[...], not empty, for URLs too. */
MUST_USE bool imap_args_section(struct imap_lexer *lx, struct imap_section *section_out);
/** "(" fetch-att *(SP fetch-att) ")": the items of what is told of new messages. */
MUST_USE bool imap_args_fetch_list(struct imap_lexer *lx, struct imap_fetch_req *req);

/* args_store.c */
MUST_USE bool imap_args_store(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_uid_store(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_copy(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_uid_copy(struct imap_lexer *lx, struct imap_cmd *cmd);
MUST_USE bool imap_args_uid_expunge(struct imap_lexer *lx, struct imap_cmd *cmd);

#endif
