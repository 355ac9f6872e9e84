/* SPDX-License-Identifier: MIT */
/*
 * A command's text to typed structs, in two steps, so that the front door can look at the state
 * of its session in between: imap_head_parse finds tag and command word, imap_args_parse the
 * rest.
 *
 * The text is what imap_framer hands out: without its last line end, literals inside or marked.
 * When parsing fails, *bad_out is a sentence for the client; it never holds octets of the
 * client.
 *
 * Pure; any thread.
 */
#ifndef SYNTAX_IMAP_CMD_H
#define SYNTAX_IMAP_CMD_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/rc.h"
#include "base/span.h"
#include "syntax/imap/fetch.h"
#include "syntax/imap/req.h"
#include "syntax/imap/search.h"

enum imap_cmd_id {
#define IMAP_CMD(id, word, parse) IMAP_CMD_##id,
#include "syntax/imap/cmd.def"
#undef IMAP_CMD
    IMAP_CMD_COUNT,
};

struct imap_head {
    struct span tag; /* borrowed from the text; legal, 1..LIMIT_TAG octets */
    enum imap_cmd_id id;
    struct span args; /* what follows the command word, with its leading space */
};

struct imap_cmd {
    struct span tag;
    enum imap_cmd_id id;
    union {
        struct imap_authenticate_req authenticate;
        struct imap_login_req login;
        struct imap_id_req id;
        struct imap_enable_req enable;
        struct imap_select_req select;
        struct imap_create_req create;
        struct imap_mailbox_req mailbox;
        struct imap_acl_req acl;
        struct imap_quota_req quota;
        struct imap_rename_req rename;
        struct imap_list_req list;
        struct imap_status_req status;
        struct imap_getmetadata_req getmetadata;
        struct imap_setmetadata_req setmetadata;
        struct imap_notify_req notify;
        struct imap_append_req append;
        struct imap_uid_expunge_req uid_expunge;
        struct imap_search_req search;
        struct imap_uidbatches_req uidbatches;
        struct imap_fetch_req fetch;
        struct imap_store_req store;
        struct imap_copy_req copy;
        struct imap_cancel_update_req cancel_update;
    } u;
};

/** The word of a command, "UID FETCH" and the like included. */
struct span imap_cmd_word(enum imap_cmd_id id);

/** The tag that a text begins with, empty when there is no legal one: answer "* BAD" then. Also
 * for the text of a command that the framer gave up. */
struct span imap_text_tag(struct span text);

/** RC_INVALID (*bad_out set) without a legal tag or a known command word. */
MUST_USE enum rc imap_head_parse(struct span text, struct imap_head *head_out,
                                 const char **bad_out);

/**
 * The arguments of head's command.
 *
 * wire    How mailbox names are written on this connection now.
 * arena   Receives what *cmd_out points to and does not share with the text.
 * bad_out Set when the result is not RC_OK.
 *
 * RC_OK; RC_INVALID (BAD: not the grammar of RFC 3501, RFC 9051 or a supported extension);
 * RC_LIMIT (too many of something, or the arena is spent).
 */
MUST_USE enum rc imap_args_parse(const struct imap_head *head, enum mbox_wire wire,
                                 struct arena *arena, struct imap_cmd *cmd_out,
                                 const char **bad_out);

/** FETCH items in parentheses, as they stand in NOTIFY; none of them marks messages as seen.
 * text and arena live as long as *req_out. RC_INVALID, RC_LIMIT. */
MUST_USE enum rc imap_fetch_list_parse(struct span text, struct arena *arena,
                                       struct imap_fetch_req *req_out);

/** What imap_search_req.criteria says: root and what goes with it. wire: of the connection that
 * it came on. text and arena live as long as *req_out. RC_INVALID, RC_LIMIT. */
MUST_USE enum rc imap_criteria_parse(struct span text, enum mbox_wire wire, struct arena *arena,
                                     struct imap_search_req *req_out);

/** Whether a line is the DONE that ends IDLE: any case, trailing blanks tolerated. */
bool imap_line_is_done(struct span line);

#endif
