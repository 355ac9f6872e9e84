/* SPDX-License-Identifier: MIT */
/* Names of evidence, and records as lines of the log. Any thread. */
#include "journal/record.h"

#include "journal/redact.h"

static const char *const how_names[END_HOW_COUNT] = {
    [HOW_UNKNOWN] = "unknown",
    [HOW_WE_CLOSED] = "we-closed",
    [HOW_FIN] = "fin",
    [HOW_TLS_NOTIFY] = "tls-close",
    [HOW_TLS_WITHOUT_NOTIFY] = "tls-truncated",
    [HOW_RST] = "rst",
    [HOW_ACK_TIMEOUT] = "timeout",
    [HOW_UNREACHABLE] = "unreachable",
    [HOW_TLS_ALERT] = "tls-alert",
    [HOW_TLS_BROKEN] = "tls-error",
    [HOW_OS_ERROR] = "error",
    [HOW_CRASH] = "crash",
};

static const char *const state_names[END_STATE_COUNT] = {
    [STATE_BEFORE_LOGIN] = "before-login", [STATE_LOGGED_IN] = "logged-in",
    [STATE_SELECTED] = "selected",         [STATE_IDLE] = "idle",
    [STATE_LOGGING_OUT] = "logging-out",
};

const char *
end_how_name(enum end_how how)
{
    return how_names[how];
}

const char *
end_state_name(enum end_state state)
{
    return state_names[state];
}

static enum end_how
how_of_name(struct span name)
{
    for (unsigned i = 0; i < END_HOW_COUNT; i++)
        if (span_eq_str(name, how_names[i]))
            return (enum end_how)i;
    return HOW_UNKNOWN;
}

static enum end_state
state_of_name(struct span name)
{
    for (unsigned i = 0; i < END_STATE_COUNT; i++)
        if (span_eq_str(name, state_names[i]))
            return (enum end_state)i;
    return STATE_BEFORE_LOGIN;
}

void
end_names_read(struct span how, struct span state, struct end_evidence *out)
{
    out->how = how_of_name(how);
    out->state = state_of_name(state);
}

enum rc
end_record_copy(const struct end_record *record, struct arena *arena, struct end_record *out)
{
    struct end_record copy = *record;
    struct span *const texts[] = {&copy.account,   &copy.peer,    &copy.tls,
                                  &copy.client_id, &copy.mailbox, &copy.detail};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        *texts[i] = arena_span(arena, *texts[i]);
        if (texts[i]->ptr == NULL)
            return RC_LIMIT;
    }
    *out = copy;
    return RC_OK;
}

/* Appends " name=value", with quotation marks if the value has blanks, or nothing if it is
 * empty. */
static void
put_text(struct buf *buf, const char *name, struct span value)
{
    enum { SHOWN = 100 };
    bool quote = false;

    if (value.len == 0)
        return;
    for (size_t i = 0; i < value.len; i++)
        quote = quote || value.ptr[i] == ' ' || value.ptr[i] == '"' || value.ptr[i] == '=';
    buf_printf(buf, " %s=", name);
    if (!quote) {
        text_escape(buf, value, SHOWN);
        return;
    }
    char safe[SHOWN];
    const size_t len = value.len < SHOWN ? value.len : SHOWN;
    for (size_t i = 0; i < len; i++)
        safe[i] = value.ptr[i] == '"' ? '\'' : value.ptr[i];
    buf_put_char(buf, '"');
    text_escape(buf, span_of(safe, len), SHOWN);
    buf_put_char(buf, '"');
}

void
end_record_print(const struct end_record *record, struct buf *buf)
{
    const struct end_reason_info *info = end_reason_info(record->reason);
    const struct end_evidence *evidence = &record->evidence;
    const int64_t ms = record->end_ms - record->start_ms;

    buf_printf(buf, "end %s by=%s", info->code, end_who_name(info->who));
    put_text(buf, "account", record->account);
    put_text(buf, "peer", record->peer);
    if (record->peer_port != 0)
        buf_printf(buf, " port=%u", record->peer_port);
    put_text(buf, "tls", record->tls);
    put_text(buf, "client", record->client_id);
    buf_printf(buf, " state=%s", end_state_name(evidence->state));
    put_text(buf, "mailbox", record->mailbox);
    if (evidence->command != 0)
        buf_printf(buf, " command=\"%s\"", event_command_name(evidence->command));
    buf_printf(buf, " how=%s seconds=%lld.%03d commands=%u in=%llu out=%llu",
               end_how_name(evidence->how), (long long)(ms / 1000), (int)(ms % 1000),
               record->commands, (unsigned long long)record->in_octets,
               (unsigned long long)record->out_octets);
    if (record->in_compressed + record->out_compressed > 0)
        buf_printf(buf, " in_compressed=%llu out_compressed=%llu",
                   (unsigned long long)record->in_compressed,
                   (unsigned long long)record->out_compressed);
    if (record->messages != 0)
        buf_printf(buf, " messages=%u", record->messages);
    if (record->bad_commands != 0)
        buf_printf(buf, " bad=%u", record->bad_commands);
    if (record->login_failures != 0)
        buf_printf(buf, " login_failures=%u", record->login_failures);
    if (evidence->unacked_octets > 0)
        buf_printf(buf, " unacked=%lld", (long long)evidence->unacked_octets);
    put_text(buf, "detail", record->detail);
}

void
log_delivery(struct log_scope *scope, const struct delivery_record *delivery)
{
    if (!log_on(scope, LOG_S))
        return;
    AUTO_BUF buf = {0};
    buf_init(&buf, (size_t)LIMIT_LOG_LINE * 2);
    buf_put_lit(&buf, "delivered");
    put_text(&buf, "account", delivery->account);
    put_text(&buf, "mailbox", delivery->mailbox);
    buf_printf(&buf, " uid=%u size=%llu", delivery->uid, (unsigned long long)delivery->octets);
    put_text(&buf, "from", delivery->sender.len == 0 ? SPAN("<>") : delivery->sender);
    put_text(&buf, "msgid", delivery->message_id);
    buf_printf(&buf, " ms=%u.%03u", delivery->took_us / 1000, delivery->took_us % 1000);
    log_put_span(scope, LOG_E_MESSAGE_IN, buf_span(&buf));
}
