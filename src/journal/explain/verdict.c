/* SPDX-License-Identifier: MIT */
/*
 * The rules, in one table. The first rule that applies gives the verdict. The last one always
 * applies and tells what the table of end reasons says. Each rule has a test of its own. Pure,
 * any thread.
 */
#include "journal/explain/verdict.h"

#include "journal/explain/facts.h"
#include "journal/explain/words.h"

enum {
    FORGOT_SILENCE_MS = 60 * 1000, /* no router forgets sooner than this */
    SOON_MS = 10 * 1000,           /* an answer to something just sent comes within this time */
    AGAIN_MS = 60 * 1000,          /* a client that comes back this soon wanted to continue */
    WORDS_SHOWN = 300,             /* octets of an administrator's words that are shown */
};

struct rule {
    const char *code;
    enum end_who who;
    enum verdict_sure sure;
    bool (*applies)(const struct facts *f);
    void (*tell)(const struct facts *f, struct buf *text);     /* NULL: the reason's sentence */
    void (*advise)(const struct facts *f, struct buf *advice); /* NULL: the reason's remedy */
    const char *when; /* when it applies, for the documentation */
};

const char *
verdict_sure_name(enum verdict_sure sure)
{
    return sure == SURE_CERTAIN ? "certain" : sure == SURE_LIKELY ? "likely" : "open";
}

static void
put_after(struct buf *text, const char *before, int64_t ms, const char *after)
{
    buf_put_str(text, before);
    words_duration(text, ms);
    buf_put_str(text, after);
}

/* ---- sessions that are open ---- */

static bool
is_open_suspect(const struct facts *f)
{
    return f->r->reason == END_NONE && f->suspect;
}

static void
tell_open_suspect(const struct facts *f, struct buf *text)
{
    put_after(text, "The session is open, but nothing has been heard from the client for ",
              f->r->end_ms - f->silent_from_ms,
              ", and a line sent to it has not been acknowledged.");
    buf_put_lit(text, " The client may be out of reach for a while, or gone.");
}

static void
advise_wait(const struct facts *f, struct buf *advice)
{
    (void)f;
    buf_put_lit(advice, "Wait. The session continues if the client answers, and ends after "
                        "[idle] dead_after if it does not. When a limit on connections is "
                        "reached, it is the first to be closed.");
}

static bool
is_open(const struct facts *f)
{
    return f->r->reason == END_NONE;
}

static void
tell_open(const struct facts *f, struct buf *text)
{
    if (f->r->evidence.state == STATE_IDLE && f->idle_ms >= 0)
        put_after(text, "The session is open and has been in IDLE for ", f->idle_ms, ".");
    else
        put_after(text, "The session is open, and the client last sent something ",
                  f->r->evidence.since_in_ms < 0 ? 0 : f->r->evidence.since_in_ms, " ago.");
    if (f->r->evidence.keepalives > 0 && f->r->evidence.since_alive_ms >= 0)
        put_after(text, " It acknowledged a line ", f->r->evidence.since_alive_ms, " ago.");
}

static void
advise_nothing(const struct facts *f, struct buf *advice)
{
    (void)f;
    buf_put_lit(advice, "Nothing.");
}

/* ---- the way to the client failed ---- */

static bool
is_dead(const struct facts *f)
{
    return f->r->reason == END_DEAD_PEER || f->r->reason == END_REAPED ||
           (f->r->reason != END_SLOW_READER && f->r->evidence.how == HOW_ACK_TIMEOUT);
}

static void
tell_silence(const struct facts *f, struct buf *text)
{
    if (f->silence_ms >= 0)
        put_after(text, "After ", f->silence_ms,
                  " of silence, a line was sent and never acknowledged. ");
    else
        buf_put_lit(text, "What was sent was no longer acknowledged. ");
}

static void
advise_keepalive(const struct facts *f, struct buf *advice)
{
    char network[WORDS_NETWORK];

    words_network(f->r->peer, network);
    buf_put_lit(advice, "More frequent keepalives prevent this");
    if (f->silence_ms > 0)
        put_after(advice, ": they must be less than ", f->silence_ms, " apart");
    buf_put_lit(advice, ".");
    if (f->c->keepalive_s > 0) {
        buf_put_lit(advice, " Roost adjusts this by itself: clients in ");
        words_peer(advice, span_of_str(network), sizeof network);
        buf_put_lit(advice, " now get a keepalive every ");
        words_seconds(advice, f->c->keepalive_s);
        buf_put_lit(advice, ".");
    } else {
        buf_put_lit(advice, " See [idle] keepalive.");
    }
}

static bool
is_other_worked(const struct facts *f)
{
    return is_dead(f) && f->worked != NULL;
}

static void
tell_other_worked(const struct facts *f, struct buf *text)
{
    tell_silence(f, text);
    buf_printf(text,
               "The device was there all the time, because session %llu from the same address "
               "kept working. A router or firewall in between forgot this connection.",
               (unsigned long long)f->worked->session);
}

static bool
is_nat_forgot(const struct facts *f)
{
    return is_dead(f) && f->back != NULL && f->back_same_network && f->back_before_end;
}

static void
tell_nat_forgot(const struct facts *f, struct buf *text)
{
    tell_silence(f, text);
    put_after(text, "The same client connected again ", f->back->start_ms - f->silent_from_ms,
              " after it was last heard here, from the same ");
    buf_put_str(text, f->back_same_address ? "address" : "network");
    buf_put_lit(text, ", while this connection stayed dead. So its network was working, and a "
                      "router or firewall in between had forgotten this connection.");
}

static bool
is_moved(const struct facts *f)
{
    return is_dead(f) && f->back != NULL && !f->back_same_network;
}

static void
tell_moved(const struct facts *f, struct buf *text)
{
    put_after(text, "The device moved to another network and left this connection behind: ",
              f->back->start_ms - f->silent_from_ms,
              " after it was last heard here, the same client connected from ");
    words_peer(text, f->back->peer, 64);
    buf_put_lit(text, ".");
}

static bool
is_back_later(const struct facts *f)
{
    return is_dead(f) && f->back != NULL;
}

static void
tell_back_later(const struct facts *f, struct buf *text)
{
    tell_silence(f, text);
    put_after(text, "The same client came back from the same network ",
              f->back->start_ms - f->r->end_ms, " after this connection was given up. ");
    buf_put_lit(text, "Either the device slept or had no signal, or a router forgot the "
                      "connection while the client was waiting for mail on it.");
}

static void
advise_pattern(const struct facts *f, struct buf *advice)
{
    advise_keepalive(f, advice);
    buf_put_lit(advice, " If this account's sessions often end after silences of the same "
                        "length, it is the router; `roost explain --account` shows whether "
                        "they do.");
}

static void
tell_not_back(const struct facts *f, struct buf *text)
{
    tell_silence(f, text);
    buf_put_lit(text, "From here, a router that forgot the connection looks just like a device "
                      "without a network, and this client has not come back yet. When it does, "
                      "this verdict will say more.");
}

static bool
is_reset_forgot(const struct facts *f)
{
    return f->r->reason == END_RESET && f->silence_ms >= FORGOT_SILENCE_MS &&
           f->r->evidence.since_out_ms < SOON_MS;
}

static bool
is_reset_forgot_back(const struct facts *f)
{
    return is_reset_forgot(f) && f->back != NULL && f->back_same_network;
}

static void
tell_reset_forgot(const struct facts *f, struct buf *text)
{
    put_after(text, "After ", f->silence_ms,
              " of silence, a line was sent and a reset came back: whatever answered no longer "
              "knew the connection. ");
    if (is_reset_forgot_back(f))
        buf_put_lit(text, "The same client connected again from the same network, so a router "
                          "or firewall had forgotten the connection, or the client's system "
                          "had while it slept.");
    else
        buf_put_lit(text, "Either a router or firewall had forgotten it, or the device was "
                          "restarted. The client has not come back from that network yet.");
}

static bool
is_reset(const struct facts *f)
{
    return f->r->reason == END_RESET;
}

static void
tell_reset(const struct facts *f, struct buf *text)
{
    put_after(text, "The connection was reset ",
              f->r->evidence.since_in_ms < 0 ? 0 : f->r->evidence.since_in_ms,
              " after the client last sent something. Programs that crash or are killed reset "
              "their connections, and so do many virus scanners.");
}

static void
advise_reset(const struct facts *f, struct buf *advice)
{
    (void)f;
    buf_put_lit(advice, "Nothing, if it is rare. If it keeps happening, see whether the mail "
                        "program on the device crashes, and whether a virus scanner or "
                        "firewall there inspects connections.");
}

/* ---- TLS ---- */

static bool
is_certificate(const struct facts *f)
{
    return f->r->evidence.tls_alert != 0 &&
           words_tls_alert_is_certificate(f->r->evidence.tls_alert);
}

static void
tell_alert(const struct facts *f, struct buf *text)
{
    const uint8_t alert = f->r->evidence.tls_alert;

    buf_printf(text, "The client ended TLS with alert %u, %s", alert, words_tls_alert(alert));
    buf_put_str(text,
                is_certificate(f) ? ": it does not accept this server's certificate." : ".");
}

static void
advise_certificate(const struct facts *f, struct buf *advice)
{
    (void)f;
    buf_put_lit(advice, "Install a certificate that the clients trust, with its intermediate "
                        "certificates, for the name that the client connects to. `roost "
                        "check` checks the certificate.");
}

static bool
is_alert(const struct facts *f)
{
    return f->r->evidence.tls_alert != 0 && (f->r->evidence.how == HOW_TLS_ALERT);
}

/* ---- the client closed ---- */

static bool
is_closed_by_client(const struct facts *f)
{
    switch (f->r->reason) {
    case END_CLOSED:
    case END_CLOSED_IDLE:
    case END_CLOSED_BEFORE_LOGIN:
        return true;
    default:
        return false;
    }
}

static bool
has_word(struct span text, const char *word)
{
    const size_t len = strlen(word);

    for (size_t i = 0; i + len <= text.len; i++)
        if (span_ieq_str(span_of(text.ptr + i, len), word))
            return true;
    return false;
}

/* Programs that are known to disconnect like this (offlineimap, mbsync of isync). */
static bool
is_known_short(const struct facts *f)
{
    return is_closed_by_client(f) && f->r->evidence.how == HOW_TLS_WITHOUT_NOTIFY &&
           (has_word(f->r->client_id, "mbsync") || has_word(f->r->client_id, "isync") ||
            has_word(f->r->client_id, "offlineimap"));
}

static void
tell_known_short(const struct facts *f, struct buf *text)
{
    (void)f;
    buf_put_lit(text, "The client was done and closed the connection without LOGOUT and "
                      "without a TLS close_notify. This program always disconnects this way; "
                      "it is not an error.");
}

static bool
is_again(const struct facts *f)
{
    return f->r->reason == END_CLOSED_IDLE && f->back != NULL &&
           f->back->start_ms - f->r->end_ms < AGAIN_MS &&
           f->back->start_ms >= f->r->end_ms - AGAIN_MS;
}

static void
tell_again(const struct facts *f, struct buf *text)
{
    if (f->idle_ms >= 0)
        put_after(text, "The client closed the connection after ", f->idle_ms, " of IDLE");
    else
        buf_put_lit(text, "The client closed the connection in IDLE");
    if (f->back->start_ms > f->r->end_ms)
        put_after(text, " and connected again ", f->back->start_ms - f->r->end_ms, " later");
    else
        buf_put_lit(text, ", just after it had connected again");
    buf_put_str(text, f->back_same_address ? " from the same address."
                                           : " from another address: its network changed.");
    buf_put_lit(text, " It still wants its mail pushed; no mail is lost or delayed.");
}

static void
advise_again(const struct facts *f, struct buf *advice)
{
    (void)f;
    buf_put_lit(advice, "Nothing, if it is rare. If it keeps happening after the same time, "
                        "look for a time limit in the mail program's settings.");
}

static bool
is_without_notify(const struct facts *f)
{
    return is_closed_by_client(f) && f->r->evidence.how == HOW_TLS_WITHOUT_NOTIFY;
}

static void
tell_without_notify(const struct facts *f, struct buf *text)
{
    buf_put_str(text, end_reason_info(f->r->reason)->sentence);
    buf_put_lit(text, " It left out the TLS close_notify, as many programs do when they are "
                      "closed. That alone is not an error.");
}

static bool
is_stalled(const struct facts *f)
{
    return verdict_stalled_ms(f->r) >= 0;
}

static void
tell_stalled(const struct facts *f, struct buf *text)
{
    buf_put_lit(text, "The client waited ");
    words_duration(text, verdict_stalled_ms(f->r));
    buf_put_str(text, f->r->evidence.command != 0
                          ? " for the answer to a command and then disconnected."
                          : " for this server to accept its connection, and was gone by then.");
    buf_put_lit(text, " The server was busy, stopped or short of memory at that time.");
}

static void
advise_stalled(const struct facts *f, struct buf *advice)
{
    (void)f;
    buf_put_lit(advice, "Find out what the machine was doing at that time: look at its load, "
                        "memory and disks, and see whether it was suspended.");
}

static bool
is_certificate_doubt(const struct facts *f)
{
    return f->r->reason == END_CLOSED_BEFORE_LOGIN && f->r->tls.len > 0 && f->r->commands == 0;
}

static void
tell_certificate_doubt(const struct facts *f, struct buf *text)
{
    (void)f;
    buf_put_lit(text, "The client set up TLS and closed the connection before its first "
                      "command. Monitors do that, and so do mail programs while they ask "
                      "their user about the certificate.");
}

/* ---- the server or an administrator ended it ---- */

static bool
is_never_done(const struct facts *f)
{
    return f->r->reason == END_IDLE_TIMEOUT && !f->idle_done;
}

static void
tell_never_done(const struct facts *f, struct buf *text)
{
    buf_put_lit(text, "The client went into IDLE and never sent DONE");
    if (f->idle_ms >= 0)
        put_after(text, "; ", f->idle_ms, " later");
    buf_put_lit(text,
                " the server ended the session, because [idle] policy = timeout says so.");
    if (f->done_before)
        buf_put_lit(text, " The client ended an earlier IDLE with DONE, so it knows how to.");
}

static bool
is_kicked_with_words(const struct facts *f)
{
    return f->r->reason == END_KICKED && f->r->detail.len > 0;
}

static void
tell_kicked(const struct facts *f, struct buf *text)
{
    buf_put_lit(text, "An administrator ended the session and gave this reason: ");
    words_peer(text, f->r->detail, WORDS_SHOWN);
}

static bool
is_crash(const struct facts *f)
{
    return f->r->reason == END_CRASH;
}

static void
tell_crash(const struct facts *f, struct buf *text)
{
    (void)f;
    buf_put_lit(text, "The server process ended without closing its sessions: it crashed, it "
                      "was killed, or the machine failed. The client did not cause this. The "
                      "time of the end is known to a second or two; what the session did is "
                      "not known.");
}

static bool
is_any(const struct facts *f)
{
    (void)f;
    return true;
}

static const struct rule rules[] = {
    {"open-suspect", END_BY_NETWORK, SURE_OPEN, is_open_suspect, tell_open_suspect, advise_wait,
     "The session is open, but a line sent to it should have been acknowledged long ago."},
    {"open", END_BY_CLIENT, SURE_CERTAIN, is_open, tell_open, advise_nothing,
     "The session is open and well."},
    {"crash", END_BY_SERVER, SURE_CERTAIN, is_crash, tell_crash, NULL,
     "The server process had died, and the next start found the session open."},
    {"other-connection-worked", END_BY_NETWORK, SURE_LIKELY, is_other_worked, tell_other_worked,
     advise_keepalive,
     "Nothing was acknowledged, while another connection from the same address kept working."},
    {"nat-forgot", END_BY_NETWORK, SURE_LIKELY, is_nat_forgot, tell_nat_forgot,
     advise_keepalive,
     "Nothing was acknowledged, and meanwhile the client came back from the same network."},
    {"moved", END_BY_CLIENT, SURE_LIKELY, is_moved, tell_moved, advise_nothing,
     "Nothing was acknowledged, and the client came back from another network."},
    {"back-later", END_BY_NETWORK, SURE_OPEN, is_back_later, tell_back_later, advise_pattern,
     "Nothing was acknowledged, and the client came back after the connection was given up."},
    {"not-back", END_BY_NETWORK, SURE_OPEN, is_dead, tell_not_back, advise_pattern,
     "Nothing was acknowledged, and the client has not come back yet."},
    {"server-stalled", END_BY_SERVER, SURE_LIKELY, is_stalled, tell_stalled, advise_stalled,
     "The client had to wait for the server and disconnected before login."},
    {"reset-forgot", END_BY_NETWORK, SURE_LIKELY, is_reset_forgot_back, tell_reset_forgot,
     advise_keepalive,
     "A reset answered a line after a silence, and the client came back from the same "
     "network."},
    {"reset-after-silence", END_BY_NETWORK, SURE_OPEN, is_reset_forgot, tell_reset_forgot,
     advise_pattern,
     "A reset answered a line after a silence, and the client has not come back yet."},
    {"reset", END_BY_CLIENT, SURE_LIKELY, is_reset, tell_reset, advise_reset,
     "The connection was reset while it was in use."},
    {"certificate", END_BY_CLIENT, SURE_CERTAIN, is_certificate, tell_alert, advise_certificate,
     "A TLS alert from the client says that it rejects the certificate."},
    {"tls-alert", END_BY_CLIENT, SURE_CERTAIN, is_alert, tell_alert, NULL,
     "The client ended TLS with another alert, which the verdict names."},
    {"closes-without-notify", END_BY_CLIENT, SURE_CERTAIN, is_known_short, tell_known_short,
     advise_nothing,
     "The client disconnected without a TLS close_notify, as this program always does."},
    {"reconnects", END_BY_CLIENT, SURE_CERTAIN, is_again, tell_again, advise_again,
     "The client closed the connection in IDLE and connected again within a minute."},
    {"certificate-doubt", END_BY_CLIENT, SURE_OPEN, is_certificate_doubt,
     tell_certificate_doubt, NULL,
     "The client set up TLS and disconnected before its first command."},
    {"no-close-notify", END_BY_CLIENT, SURE_LIKELY, is_without_notify, tell_without_notify,
     NULL, "The client disconnected without a TLS close_notify."},
    {"never-done", END_BY_SERVER, SURE_CERTAIN, is_never_done, tell_never_done, NULL,
     "[idle] policy = timeout ended an IDLE that the client never ended with DONE."},
    {"kicked", END_BY_ADMIN, SURE_CERTAIN, is_kicked_with_words, tell_kicked, NULL,
     "An administrator ended the session and gave a reason."},
    {"by-reason", END_BY_CLIENT, SURE_CERTAIN, is_any, NULL, NULL, /* who: from the reason */
     "The end reason explains it."},
};

void
verdict_manual(struct buf *buf)
{
    buf_put_lit(buf, "| rule | ended by | certainty | when |\n|---|---|---|---|\n");
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        buf_printf(buf, "| `%s` | %s | %s | %s |\n", rules[i].code,
                   rules[i].tell == NULL ? "as the reason says" : end_who_name(rules[i].who),
                   verdict_sure_name(rules[i].sure), rules[i].when);
}

void
verdict_make(const struct verdict_case *c, struct verdict *out)
{
    const struct end_reason_info *info = end_reason_info(c->record->reason);
    const struct rule *rule = rules;
    struct facts f;

    facts_find(c, &f);
    while (!rule->applies(&f))
        rule++;
    out->rule = rule->code;
    out->sure = rule->sure;
    out->who = rule->tell == NULL ? info->who : rule->who;
    buf_init(&out->text, VERDICT_TEXT);
    buf_init(&out->evidence, VERDICT_TEXT);
    buf_init(&out->advice, VERDICT_TEXT);
    if (rule->tell == NULL)
        buf_put_str(&out->text, info->sentence);
    else
        rule->tell(&f, &out->text);
    facts_tell(&f, &out->evidence);
    if (rule->advise == NULL)
        buf_put_str(&out->advice, info->remedy[0] == '\0' ? "Nothing." : info->remedy);
    else
        rule->advise(&f, &out->advice);
}

void
verdict_done(struct verdict *verdict)
{
    buf_done(&verdict->text);
    buf_done(&verdict->evidence);
    buf_done(&verdict->advice);
}
