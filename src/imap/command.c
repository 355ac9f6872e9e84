/* SPDX-License-Identifier: MIT */
/*
 * The table of commands: who runs them, in which states (RFC 3501 section 6), and what the
 * client may be told before the tagged answer: no EXPUNGE while FETCH, STORE and SEARCH by
 * sequence number are answered (RFC 3501 section 7.4.1); their UID forms are free of that.
 * Then, how it names messages, and what it needs of the selected mailbox. Those with LOOKS
 * answer from what is in memory although the client may count on what another server has
 * acknowledged, so they look first whether memory is behind.
 */
#include "imap/imap_session.h"

static const struct imap_command rows[IMAP_CMD_COUNT] = {
    [IMAP_CMD_CAPABILITY] = {cmd_capability_run, IMAP_ANY, SYNC_FULLY},
    [IMAP_CMD_NOOP] = {cmd_noop_run, IMAP_ANY, SYNC_FULLY, .look = LOOKS},
    [IMAP_CMD_LOGOUT] = {cmd_logout_run, IMAP_ANY, SYNC_NEVER},
    [IMAP_CMD_STARTTLS] = {cmd_starttls_run, IMAP_NOT_AUTHENTICATED, SYNC_NEVER},
    [IMAP_CMD_AUTHENTICATE] = {cmd_authenticate_run, IMAP_NOT_AUTHENTICATED, SYNC_NEVER},
    [IMAP_CMD_LOGIN] = {cmd_login_run, IMAP_NOT_AUTHENTICATED, SYNC_NEVER},
    [IMAP_CMD_ID] = {cmd_id_run, IMAP_ANY, SYNC_FULLY},
    [IMAP_CMD_ENABLE] = {cmd_enable_run, IMAP_AUTHENTICATED, SYNC_NEVER},
    [IMAP_CMD_NAMESPACE] = {cmd_namespace_run, IMAP_LOGGED_IN, SYNC_FULLY},
    [IMAP_CMD_SELECT] = {cmd_select_run, IMAP_LOGGED_IN, SYNC_NEVER, .look = LOOKS},
    [IMAP_CMD_EXAMINE] = {cmd_select_run, IMAP_LOGGED_IN, SYNC_NEVER, .look = LOOKS},
    [IMAP_CMD_CREATE] = {cmd_create_run, IMAP_LOGGED_IN, SYNC_FULLY},
    [IMAP_CMD_DELETE] = {cmd_delete_run, IMAP_LOGGED_IN, SYNC_FULLY},
    [IMAP_CMD_RENAME] = {cmd_rename_run, IMAP_LOGGED_IN, SYNC_FULLY},
    [IMAP_CMD_SUBSCRIBE] = {cmd_subscribe_run, IMAP_LOGGED_IN, SYNC_FULLY},
    [IMAP_CMD_UNSUBSCRIBE] = {cmd_subscribe_run, IMAP_LOGGED_IN, SYNC_FULLY},
    [IMAP_CMD_LIST] = {cmd_list_run, IMAP_LOGGED_IN, SYNC_FULLY, .look = LOOKS},
    [IMAP_CMD_LSUB] = {cmd_lsub_run, IMAP_LOGGED_IN, SYNC_FULLY},
    [IMAP_CMD_STATUS] = {cmd_status_run, IMAP_LOGGED_IN, SYNC_FULLY, .look = LOOKS},
    [IMAP_CMD_APPEND] = {cmd_append_run, IMAP_LOGGED_IN, SYNC_FULLY},
    [IMAP_CMD_IDLE] = {cmd_idle_run, IMAP_LOGGED_IN, SYNC_FULLY, .look = LOOKS},
    [IMAP_CMD_CHECK] = {cmd_check_run, IMAP_SELECTED, SYNC_FULLY, .look = LOOKS},
    [IMAP_CMD_CLOSE] = {cmd_close_run, IMAP_SELECTED, SYNC_NEVER},
    [IMAP_CMD_UNSELECT] = {cmd_unselect_run, IMAP_SELECTED, SYNC_NEVER},
    [IMAP_CMD_EXPUNGE] = {cmd_expunge_run, IMAP_SELECTED, SYNC_FULLY, .need = NEEDS_WRITE},
    [IMAP_CMD_UID_EXPUNGE] = {cmd_expunge_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_UID,
                              .need = NEEDS_WRITE},
    [IMAP_CMD_SEARCH] = {cmd_search_run, IMAP_SELECTED, SYNC_WITHOUT_EXPUNGE, .form = FORM_SEQ},
    [IMAP_CMD_UID_SEARCH] = {cmd_search_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_UID},
    [IMAP_CMD_FETCH] = {cmd_fetch_run, IMAP_SELECTED, SYNC_WITHOUT_EXPUNGE, .form = FORM_SEQ},
    [IMAP_CMD_UID_FETCH] = {cmd_fetch_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_UID},
    [IMAP_CMD_STORE] = {cmd_store_run, IMAP_SELECTED, SYNC_WITHOUT_EXPUNGE, .form = FORM_SEQ,
                        .need = NEEDS_WRITE},
    [IMAP_CMD_UID_STORE] = {cmd_store_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_UID,
                            .need = NEEDS_WRITE},
    [IMAP_CMD_COPY] = {cmd_copy_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_SEQ},
    [IMAP_CMD_UID_COPY] = {cmd_copy_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_UID},
    [IMAP_CMD_MOVE] = {cmd_copy_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_SEQ,
                       .need = NEEDS_WRITE},
    [IMAP_CMD_UID_MOVE] = {cmd_copy_run, IMAP_SELECTED, SYNC_FULLY, .form = FORM_UID,
                           .need = NEEDS_WRITE},
};

const struct imap_command *
imap_command_row(enum imap_cmd_id id)
{
    return &rows[id];
}
