/* SPDX-License-Identifier: MIT */
/*
 * Commands about the connection itself: CAPABILITY, NOOP, LOGOUT, STARTTLS (RFC 3501
 * section 6.1 and 6.2.1), COMPRESS (RFC 4978), ID (RFC 2971), ENABLE (RFC 5161), NAMESPACE (RFC
 * 2342).
 */
#include "imap/imap_session.h"

enum imap_step
cmd_capability_run(struct imap_session *im, struct imap_work *work)
{
    struct iw w = imap_line(im);
    AUTO_BUF words = {0};

    buf_init(&words, 1024);
    imap_put_capabilities(im, &words);
    if (!buf_ok(&words))
        return imap_fail(im, RC_LIMIT, NULL);
    iw_untagged(&w);
    iw_word(&w, "CAPABILITY");
    iw_token(&w, buf_span(&words));
    iw_end(&w);
    return imap_ok(work, NULL, "CAPABILITY completed");
}

enum imap_step
cmd_noop_run(struct imap_session *im, struct imap_work *work)
{
    (void)im; /* the sync after every command sends what is new */
    return imap_ok(work, NULL, "NOOP completed");
}

enum imap_step
cmd_logout_run(struct imap_session *im, struct imap_work *work)
{
    struct iw w = imap_line(im);

    iw_status_line(&w, SPAN(""), IW_BYE, NULL, SPAN("Logging out"));
    return imap_ok(work, NULL, "LOGOUT completed");
}

enum imap_step
cmd_starttls_run(struct imap_session *im, struct imap_work *work)
{
    if (session_is_private(&im->s))
        return imap_bad(work, "TLS is active already");
    if (im->s.env->tls == NULL)
        return imap_no(work, "UNAVAILABLE", "TLS is not configured");
    return imap_ok(work, NULL, "Begin TLS negotiation now");
}

enum imap_step
cmd_compress_run(struct imap_session *im, struct imap_work *work)
{
    if (conn_is_compressed(&im->s.conn))
        return imap_no(work, "COMPRESSIONACTIVE", "DEFLATE is active already");
    return imap_ok(work, NULL, "DEFLATE active");
}

/* "Thunderbird 115.0" for the log and `roost sessions`, from the client's name and version. */
static void
client_id_note(struct imap_session *im, const struct imap_id_req *req)
{
    struct span name = SPAN("");
    struct span version = SPAN("");
    AUTO_BUF text = {0};

    for (size_t i = 0; i < req->pair_count; i++) {
        const struct imap_id_pair *pair = &req->pairs[i];
        if (pair->is_nil)
            continue;
        if (span_ieq_str(pair->field, "name"))
            name = pair->value;
        else if (span_ieq_str(pair->field, "version"))
            version = pair->value;
    }
    if (name.len == 0)
        return;
    buf_init(&text, 512);
    text_escape(&text, span_head(name, 64), 128);
    if (version.len > 0) {
        buf_put_char(&text, ' ');
        text_escape(&text, span_head(version, 32), 64);
    }
    session_set_client_id(&im->s, buf_span(&text));
    session_identity_changed(&im->s);
    session_event(&im->s, EVENT_CLIENT_ID);
    log_put(&im->s.log, LOG_E_CLIENT_ID, "client ID %.*s", SPAN_FMT(buf_span(&text)));
}

enum imap_step
cmd_id_run(struct imap_session *im, struct imap_work *work)
{
    struct iw w = imap_line(im);

    client_id_note(im, &work->cmd.u.id);
    iw_untagged(&w);
    iw_word(&w, "ID");
    iw_open(&w);
    iw_string(&w, SPAN("name"));
    iw_string(&w, SPAN("Roost"));
    if (im->state != IMAP_NOT_AUTHENTICATED) { /* the version is not shown before login */
        iw_string(&w, SPAN("version"));
        iw_string(&w, span_of_str(im->s.env->version));
    }
    iw_close(&w);
    iw_end(&w);
    return imap_ok(work, NULL, "ID completed");
}

enum imap_step
cmd_enable_run(struct imap_session *im, struct imap_work *work)
{
    struct iw w = imap_line(im);

    /* The table allows it only while nothing is selected (RFC 9051 section 6.3.1). Words that
     * are not known, or need no enabling, are ignored. */
    iw_untagged(&w);
    iw_word(&w, "ENABLED");
    imap_enable(im, &work->cmd.u.enable, &w);
    iw_end(&w);
    return imap_ok(work, NULL, "ENABLE completed");
}

enum imap_step
cmd_namespace_run(struct imap_session *im, struct imap_work *work)
{
    struct iw w = imap_line(im);

    iw_untagged(&w);
    iw_word(&w, "NAMESPACE ((\"\" \"/\")) NIL NIL");
    iw_end(&w);
    return imap_ok(work, NULL, "NAMESPACE completed");
}
