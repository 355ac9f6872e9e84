/* SPDX-License-Identifier: MIT */
/*
 * Commands about the connection itself: CAPABILITY, NOOP, LOGOUT, STARTTLS (RFC 3501
 * section 6.1 and 6.2.1), COMPRESS (RFC 4978), ID (RFC 2971), ENABLE (RFC 5161), NAMESPACE (RFC
 * 2342).
 */
#include "imap/metadata.h"

#include "net/conn_deflate.h"

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
    (void)im; /* the sync that follows every command tells what is new */
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

void
imap_start_tls(struct imap_session *im)
{
    size_t discarded = 0;

    if (conn_start_tls(&im->s.conn, im->s.env->tls, &discarded) != RC_OK) {
        session_end(&im->s, END_LIMIT_MEMORY, "TLS");
        return;
    }
    session_tls_set(&im->s, SESSION_TLS_BEGUN);
    session_identity_changed(&im->s);
    if (discarded > 0)
        log_put(&im->s.log, LOG_E_BAD_COMMAND, "%zu octets after STARTTLS were discarded",
                discarded);
}

enum imap_step
cmd_compress_run(struct imap_session *im, struct imap_work *work)
{
    if (conn_is_compressed(&im->s.conn))
        return imap_no(work, "COMPRESSIONACTIVE", "DEFLATE is active already");
    return imap_ok(work, NULL, "DEFLATE active");
}

void
imap_start_deflate(struct imap_session *im)
{
    if (conn_deflate_begin(&im->s.conn) != RC_OK)
        session_end(&im->s, END_LIMIT_MEMORY, "COMPRESS");
    else
        session_compressed(&im->s);
}

static struct span
id_value(const struct imap_id_req *req, const char *field)
{
    struct span value = SPAN("");

    for (size_t i = 0; i < req->pair_count; i++)
        if (!req->pairs[i].is_nil && span_ieq_str(req->pairs[i].field, field))
            value = req->pairs[i].value;
    return value;
}

static void
capabilities_tell(struct imap_session *im)
{
    struct iw w = imap_line(im);
    AUTO_BUF words = {0};

    buf_init(&words, 1024);
    imap_put_capabilities(im, &words);
    if (!buf_ok(&words))
        return;
    iw_untagged(&w);
    iw_word(&w, "CAPABILITY");
    iw_token(&w, buf_span(&words));
    iw_end(&w);
}

/* Applies the rule for this client (client_rule.h). It may already have been told more than the
 * rule allows, because it has only now said who it is. */
static void
client_rule_note(struct imap_session *im, struct span name, struct span version, struct span os)
{
    const struct client_rule *before = session_client_rule(&im->s);

    session_set_client_rule(&im->s, client_rule_find(name, version, os));
    const struct client_rule *now = session_client_rule(&im->s);
    if (now != before && now->label.len > 0)
        log_put(&im->s.log, LOG_E_CLIENT_ID, "client rule %s", now->label.ptr);
    if (!span_eq(now->masks, before->masks))
        capabilities_tell(im);
}

/* Makes a text such as "Thunderbird 115.0", for the log and `roost sessions`, from the client's
 * name and version. */
static void
client_id_note(struct imap_session *im, const struct imap_id_req *req)
{
    const struct span name = id_value(req, "name");
    const struct span version = id_value(req, "version");
    AUTO_BUF text = {0};

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
    client_rule_note(im, name, version, id_value(req, "os"));
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
    enum imap_step step = STEP_DONE;

    if (imap_enables(&work->cmd.u.enable, ENABLES_METADATA) && !imap_metadata_begin(im, &step))
        return step;
    struct iw w = imap_line(im);
    /* The command table allows ENABLE only while nothing is selected (RFC 9051 section 6.3.1).
     * Unknown words, and words that need no enabling, are ignored. */
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
    /* There is no namespace of shared mailboxes (docs/protocol.md H-2). */
    if (env_settings(im->s.env)->sharing)
        iw_word(&w, "NAMESPACE ((\"\" \"/\")) ((\"" OTHER_USERS "/\" \"/\")) NIL");
    else
        iw_word(&w, "NAMESPACE ((\"\" \"/\")) NIL NIL");
    iw_end(&w);
    return imap_ok(work, NULL, "NAMESPACE completed");
}
