/* SPDX-License-Identifier: MIT */
/*
 * The table of commands: which function runs them, in which states (RFC 3501 section 6), and
 * what the client may be told before the tagged answer. While FETCH, STORE and SEARCH by
 * sequence number are answered, there is no EXPUNGE (RFC 3501 section 7.4.1); their UID forms
 * have no such restriction. The rows also say how a command names messages, what it needs of
 * the selected mailbox, and what is told even if NOTIFY asks for less: a client that wants to
 * hear of no expunges is still told of those of its own EXPUNGE. Commands with LOOKS answer
 * from memory although the client may rely on what another server has acknowledged, so they
 * first check whether memory is up to date. Finally, a row says which rights the command needs
 * to mailboxes of other users (RFC 4314 section 4): to the one that it names and to the one
 * that is selected.
 */
#include "imap/imap_session.h"

/* Needed to remove a message from the selected mailbox: RFC 6851 section 3.3, RFC 8508 section
 * 3. */
enum { RIGHTS_TO_REMOVE = RIGHT_READ | RIGHT_DELETE_MESSAGES | RIGHT_EXPUNGE };

/* The remaining members of a row are set by name. */
#define ROW(function, when, told, ...)                                                         \
    {                                                                                          \
        .run = (function), .states = (when), .sync = (told), __VA_ARGS__                       \
    }

static const struct imap_command rows[IMAP_CMD_COUNT] = {
    [IMAP_CMD_CAPABILITY] = ROW(cmd_capability_run, IMAP_ANY, SYNC_FULLY),
    [IMAP_CMD_NOOP] =
        ROW(cmd_noop_run, IMAP_ANY, SYNC_FULLY, .look = LOOKS, .news = NEWS_EXPECTED),
    [IMAP_CMD_LOGOUT] = ROW(cmd_logout_run, IMAP_ANY, SYNC_NEVER),
    [IMAP_CMD_STARTTLS] =
        ROW(cmd_starttls_run, IMAP_NOT_AUTHENTICATED, SYNC_NEVER, .after_ok = imap_start_tls),
    [IMAP_CMD_AUTHENTICATE] = ROW(cmd_authenticate_run, IMAP_NOT_AUTHENTICATED, SYNC_NEVER),
    [IMAP_CMD_LOGIN] = ROW(cmd_login_run, IMAP_NOT_AUTHENTICATED, SYNC_NEVER),
    [IMAP_CMD_ID] = ROW(cmd_id_run, IMAP_ANY, SYNC_FULLY),
    [IMAP_CMD_COMPRESS] =
        ROW(cmd_compress_run, IMAP_LOGGED_IN, SYNC_FULLY, .after_ok = imap_start_deflate),
    [IMAP_CMD_UNAUTHENTICATE] = ROW(cmd_unauthenticate_run, IMAP_LOGGED_IN, SYNC_NEVER,
                                    .after_ok = imap_unauthenticate),
    [IMAP_CMD_ENABLE] = ROW(cmd_enable_run, IMAP_AUTHENTICATED, SYNC_NEVER),
    [IMAP_CMD_NAMESPACE] = ROW(cmd_namespace_run, IMAP_LOGGED_IN, SYNC_FULLY),
    [IMAP_CMD_SELECT] =
        ROW(cmd_select_run, IMAP_LOGGED_IN, SYNC_NEVER, .look = LOOKS, .named = RIGHT_READ),
    [IMAP_CMD_EXAMINE] =
        ROW(cmd_select_run, IMAP_LOGGED_IN, SYNC_NEVER, .look = LOOKS, .named = RIGHT_READ),
    [IMAP_CMD_CREATE] = ROW(cmd_create_run, IMAP_LOGGED_IN, SYNC_FULLY, .named = RIGHT_CREATE),
    [IMAP_CMD_DELETE] =
        ROW(cmd_delete_run, IMAP_LOGGED_IN, SYNC_FULLY, .named = RIGHT_DELETE_MAILBOX),
    [IMAP_CMD_RENAME] =
        ROW(cmd_rename_run, IMAP_LOGGED_IN, SYNC_FULLY, .named = RIGHT_DELETE_MAILBOX),
    [IMAP_CMD_SUBSCRIBE] =
        ROW(cmd_subscribe_run, IMAP_LOGGED_IN, SYNC_FULLY, .named = RIGHT_LOOKUP),
    [IMAP_CMD_UNSUBSCRIBE] = ROW(cmd_subscribe_run, IMAP_LOGGED_IN, SYNC_FULLY),
    [IMAP_CMD_LIST] = ROW(cmd_list_run, IMAP_LOGGED_IN, SYNC_FULLY, .look = LOOKS),
    [IMAP_CMD_LSUB] = ROW(cmd_list_run, IMAP_LOGGED_IN, SYNC_FULLY),
    [IMAP_CMD_XLIST] = ROW(cmd_list_run, IMAP_LOGGED_IN, SYNC_FULLY, .look = LOOKS),
    [IMAP_CMD_STATUS] =
        ROW(cmd_status_run, IMAP_LOGGED_IN, SYNC_FULLY, .look = LOOKS, .named = RIGHT_READ),
    [IMAP_CMD_GETQUOTA] = ROW(cmd_getquota_run, IMAP_LOGGED_IN, SYNC_FULLY),
    [IMAP_CMD_GETQUOTAROOT] =
        ROW(cmd_getquotaroot_run, IMAP_LOGGED_IN, SYNC_FULLY, .named = RIGHT_READ),
    [IMAP_CMD_SETQUOTA] = ROW(cmd_setquota_run, IMAP_LOGGED_IN, SYNC_FULLY),
    [IMAP_CMD_GETMETADATA] = ROW(cmd_getmetadata_run, IMAP_LOGGED_IN, SYNC_FULLY),
    [IMAP_CMD_SETMETADATA] = ROW(cmd_setmetadata_run, IMAP_LOGGED_IN, SYNC_FULLY),
    [IMAP_CMD_SETACL] =
        ROW(cmd_setacl_run, IMAP_LOGGED_IN, SYNC_FULLY, .named = RIGHT_ADMINISTER),
    [IMAP_CMD_DELETEACL] =
        ROW(cmd_setacl_run, IMAP_LOGGED_IN, SYNC_FULLY, .named = RIGHT_ADMINISTER),
    [IMAP_CMD_GETACL] =
        ROW(cmd_getacl_run, IMAP_LOGGED_IN, SYNC_FULLY, .named = RIGHT_ADMINISTER),
    [IMAP_CMD_LISTRIGHTS] =
        ROW(cmd_listrights_run, IMAP_LOGGED_IN, SYNC_FULLY, .named = RIGHT_ADMINISTER),
    [IMAP_CMD_MYRIGHTS] = ROW(cmd_myrights_run, IMAP_LOGGED_IN, SYNC_FULLY),
    [IMAP_CMD_NOTIFY] =
        ROW(cmd_notify_run, IMAP_LOGGED_IN, SYNC_FULLY, .look = LOOKS, .news = NEWS_EXPECTED),
    [IMAP_CMD_APPEND] = ROW(cmd_append_run, IMAP_LOGGED_IN, SYNC_FULLY,
                            .tells = VIEW_TELLS_COUNTS, .named = RIGHT_INSERT),
    [IMAP_CMD_IDLE] =
        ROW(cmd_idle_run, IMAP_LOGGED_IN, SYNC_FULLY, .look = LOOKS, .news = NEWS_EXPECTED),
    [IMAP_CMD_CHECK] =
        ROW(cmd_check_run, IMAP_SELECTED, SYNC_FULLY, .look = LOOKS, .news = NEWS_EXPECTED),
    [IMAP_CMD_CLOSE] = ROW(cmd_close_run, IMAP_SELECTED, SYNC_NEVER),
    [IMAP_CMD_UNSELECT] = ROW(cmd_unselect_run, IMAP_SELECTED, SYNC_NEVER),
    [IMAP_CMD_EXPUNGE] = ROW(cmd_expunge_run, IMAP_SELECTED, SYNC_FULLY, .need = NEEDS_WRITE,
                             .tells = VIEW_TELLS_COUNTS, .news = NEWS_EXPECTED,
                             .selected = RIGHT_READ | RIGHT_EXPUNGE),
    [IMAP_CMD_UID_EXPUNGE] = ROW(cmd_expunge_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_UID,
                                 .need = NEEDS_WRITE, .tells = VIEW_TELLS_COUNTS,
                                 .news = NEWS_EXPECTED, .selected = RIGHT_READ | RIGHT_EXPUNGE),
    [IMAP_CMD_SEARCH] =
        ROW(cmd_search_run, IMAP_SELECTED, SYNC_WITHOUT_EXPUNGE, .form = FORM_SEQ,
            .progress = cmd_search_progress, .selected = RIGHT_READ),
    [IMAP_CMD_UID_SEARCH] = ROW(cmd_search_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_UID,
                                .progress = cmd_search_progress, .selected = RIGHT_READ),
    [IMAP_CMD_ESEARCH] = ROW(cmd_esearch_run, IMAP_LOGGED_IN, SYNC_FULLY, .form = FORM_UID,
                             .look = LOOKS, .progress = cmd_esearch_progress),
    [IMAP_CMD_CANCELUPDATE] = ROW(cmd_cancel_update_run, IMAP_SELECTED, SYNC_FULLY),
    [IMAP_CMD_SORT] = ROW(cmd_search_run, IMAP_SELECTED, SYNC_WITHOUT_EXPUNGE, .form = FORM_SEQ,
                          .progress = cmd_search_progress, .selected = RIGHT_READ),
    [IMAP_CMD_UID_SORT] = ROW(cmd_search_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_UID,
                              .progress = cmd_search_progress, .selected = RIGHT_READ),
    [IMAP_CMD_THREAD] =
        ROW(cmd_search_run, IMAP_SELECTED, SYNC_WITHOUT_EXPUNGE, .form = FORM_SEQ,
            .progress = cmd_search_progress, .selected = RIGHT_READ),
    [IMAP_CMD_UID_THREAD] = ROW(cmd_search_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_UID,
                                .progress = cmd_search_progress, .selected = RIGHT_READ),
    [IMAP_CMD_UIDBATCHES] =
        ROW(cmd_uidbatches_run, IMAP_SELECTED, SYNC_FULLY, .selected = RIGHT_READ),
    [IMAP_CMD_FETCH] = ROW(cmd_fetch_run, IMAP_SELECTED, SYNC_WITHOUT_EXPUNGE, .form = FORM_SEQ,
                           .selected = RIGHT_READ),
    [IMAP_CMD_UID_FETCH] =
        ROW(cmd_fetch_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_UID, .selected = RIGHT_READ),
    [IMAP_CMD_STORE] = ROW(cmd_store_run, IMAP_SELECTED, SYNC_WITHOUT_EXPUNGE, .form = FORM_SEQ,
                           .need = NEEDS_WRITE, .selected = RIGHT_READ),
    [IMAP_CMD_UID_STORE] = ROW(cmd_store_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_UID,
                               .need = NEEDS_WRITE, .selected = RIGHT_READ),
    [IMAP_CMD_COPY] = ROW(cmd_copy_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_SEQ,
                          .named = RIGHT_INSERT, .selected = RIGHT_READ),
    [IMAP_CMD_UID_COPY] = ROW(cmd_copy_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_UID,
                              .named = RIGHT_INSERT, .selected = RIGHT_READ),
    [IMAP_CMD_MOVE] =
        ROW(cmd_copy_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_SEQ, .need = NEEDS_WRITE,
            .tells = VIEW_TELLS_COUNTS, .news = NEWS_EXPECTED, .named = RIGHT_INSERT,
            .selected = RIGHTS_TO_REMOVE),
    [IMAP_CMD_UID_MOVE] =
        ROW(cmd_copy_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_UID, .need = NEEDS_WRITE,
            .tells = VIEW_TELLS_COUNTS, .news = NEWS_EXPECTED, .named = RIGHT_INSERT,
            .selected = RIGHTS_TO_REMOVE),
    [IMAP_CMD_REPLACE] =
        ROW(cmd_replace_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_SEQ, .need = NEEDS_WRITE,
            .tells = VIEW_TELLS_COUNTS, .news = NEWS_EXPECTED, .named = RIGHT_INSERT,
            .selected = RIGHTS_TO_REMOVE),
    [IMAP_CMD_UID_REPLACE] =
        ROW(cmd_replace_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_UID, .need = NEEDS_WRITE,
            .tells = VIEW_TELLS_COUNTS, .news = NEWS_EXPECTED, .named = RIGHT_INSERT,
            .selected = RIGHTS_TO_REMOVE),
};

const struct imap_command *
imap_command_row(enum imap_cmd_id id)
{
    return &rows[id];
}
