/* SPDX-License-Identifier: MIT */
/*
 * The tagged answer: the text of a command, and the table that translates result codes into NO
 * with a response code of RFC 5530. The client gets the public sentence; the details of a
 * failure go to the log.
 */
#include "imap/imap_session.h"

struct iw
imap_line(struct imap_session *im)
{
    struct iw w;

    iw_init(&w, &im->s.conn.out, imap_dialect(im)->wire);
    return w;
}

const char *
imap_code(struct imap_work *work, const struct buf *code)
{
    return buf_ok(code) ? arena_str(&work->arena, buf_span(code)) : NULL;
}

enum imap_step
imap_ok(struct imap_work *work, const char *code, const char *text)
{
    work->reply = (struct imap_reply){IW_OK, code, text};
    return STEP_DONE;
}

enum imap_step
imap_no(struct imap_work *work, const char *code, const char *text)
{
    work->reply = (struct imap_reply){IW_NO, code, text};
    return STEP_DONE;
}

enum imap_step
imap_bad(struct imap_work *work, const char *text)
{
    work->reply = (struct imap_reply){IW_BAD, NULL, text};
    return STEP_DONE;
}

enum imap_step
imap_bad_code(struct imap_work *work, const char *code, const char *text)
{
    work->reply = (struct imap_reply){IW_BAD, code, text};
    return STEP_DONE;
}

const char imap_upload_crowded[] = "Too many large messages are being uploaded now; try again";

static const struct {
    enum rc rc;
    enum log_entry entry; /* no entry if `log` is false: nobody is at fault */
    bool log;
    const char *code;
    const char *text;
} failures[] = {
    {RC_NOT_FOUND, 0, false, "NONEXISTENT", "No such mailbox"},
    {RC_EXISTS, 0, false, "ALREADYEXISTS", "It exists already"},
    {RC_GONE, 0, false, "NONEXISTENT", "The mailbox was deleted"},
    {RC_LIMIT, LOG_E_COMMAND_FAILED, true, "LIMIT", "That is more than the server allows"},
    {RC_QUOTA, LOG_E_OVER_QUOTA, true, "OVERQUOTA", "The account's quota is used up"},
    {RC_FULL, LOG_E_STORE_FULL, true, "UNAVAILABLE", "The server's disk is full"},
    {RC_BUSY, LOG_E_STORE_FAILED, true, "INUSE", "The mail store is busy; try again"},
    {RC_CROWDED, LOG_E_COMMAND_FAILED, true, "UNAVAILABLE", imap_upload_crowded},
    {RC_DENIED, LOG_E_STORE_FAILED, true, "NOPERM", "Not permitted"},
    {RC_IO, LOG_E_STORE_FAILED, true, "UNAVAILABLE", "The mail store failed; try again later"},
    {RC_CORRUPT, LOG_E_STORE_CORRUPT, true, "CORRUPTION", "The mail store is damaged"},
    {RC_UNSUPPORTED, 0, false, "CANNOT", "That is not possible here"},
    {RC_INVALID, 0, false, "CANNOT", "That is not possible"},
    {RC_BAD_CHARSET, 0, false, "BADCHARSET (UTF-8)", "That charset is not known"},
    {RC_EXPUNGED, 0, false, "EXPUNGEISSUED", "Some of the messages no longer exist"},
};

enum imap_step
imap_fail(struct imap_session *im, enum rc rc, const struct err *err)
{
    const char *text = err == NULL || err->text[0] == '\0' ? rc_name(rc) : err->text;

    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        if (failures[i].rc != rc)
            continue;
        if (failures[i].log)
            log_put(&im->s.log, failures[i].entry, "%s", text);
        return imap_no(im->work, failures[i].code, failures[i].text);
    }
    log_put(&im->s.log, LOG_E_COMMAND_FAILED, "%s", text);
    return imap_no(im->work, "SERVERBUG", "The server failed");
}

enum imap_step
imap_not_permitted(struct imap_work *work, enum permit_answer answer)
{
    /* Users who may not even look up the mailbox do not learn that it exists (RFC 4314 section
     * 6). */
    return answer == PERMIT_HIDDEN ? imap_no(work, "NONEXISTENT", "No such mailbox")
                                   : imap_no(work, "NOPERM", "Not permitted");
}
