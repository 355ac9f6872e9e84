/* SPDX-License-Identifier: MIT */
/* Live sessions and the log of a running server: sessions, kick, log. */
#include "admin/verbs.h"

#include "base/limits.h"
#include "journal/log.h"
#include "session/table.h"
#include "store/registry.h"

enum { LIST_MAX = 1000000, LIST_ARENA = 1 << 30 };

static json_t *
session_row(const struct session_info *info)
{
    char peer[NET_ADDR_TEXT];

    net_addr_print(&info->peer, peer);
    json_t *acked = info->acked_us < 0 ? json_null() : json_real((double)info->acked_us / 1e6);

    return json_pack("{sI, ss, ss, ss, ss, ss, ss, ss, sb, sb, sI, sf, so, sb, sI, sI, si}",
                     "session", (json_int_t)info->number, "service", info->service, "account",
                     info->account, "state", session_state_name(info->state), "mailbox",
                     info->mailbox, "client", info->client_id, "rule", info->client_rule,
                     "peer", peer, "tls", info->tls, "compressed", info->compressed, "since",
                     (json_int_t)(info->opened_wall_us / 1000000), "idle",
                     (double)info->idle_us / 1e6, "acknowledged", acked, "suspect",
                     info->suspect, "in", (json_int_t)info->octets_in, "out",
                     (json_int_t)info->octets_out, "thread", (int)info->thread);
}

static int
by_number(const void *a, const void *b)
{
    const struct session_info *x = a;
    const struct session_info *y = b;

    return x->number < y->number ? -1 : x->number > y->number;
}

enum rc
verb_sessions(const struct verb_call *call, struct err *err)
{
    const char *only = verb_text(call, "account");
    struct session_info *infos = NULL;
    size_t count = 0;
    AUTO_ARENA arena = {0};

    arena_init(&arena, LIST_ARENA);
    enum rc rc =
        session_table_list(call->house->table, &arena, clock_mono_us(call->house->clock),
                           LIST_MAX, &infos, &count);
    if (rc != RC_OK)
        return err_set(err, rc, 0, "no memory for the list of sessions");
    if (count > 0)
        qsort(infos, count, sizeof *infos, by_number);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        if (only == NULL || strcmp(only, infos[i].account) == 0)
            rc = call->io->row(call->io->ctx, session_row(&infos[i]), SPAN(""), err);
    return rc;
}

enum rc
verb_kick(const struct verb_call *call, struct err *err)
{
    const json_int_t number = json_integer_value(json_object_get(call->args, "session"));
    const char *words = verb_text(call, "words");
    struct registry_account account;
    size_t count = 0;

    if (words != NULL && strlen(words) > LIMIT_KICK_WORDS)
        return err_set(err, RC_INVALID, 0, "the words are longer than %u octets",
                       LIMIT_KICK_WORDS);
    if (number > 0) {
        count = session_post(call->house->table, (uint64_t)number, POST_KICK, words);
        if (count == 0)
            return err_set(err, RC_NOT_FOUND, 0, "there is no session %jd", (intmax_t)number);
    } else {
        const enum rc rc = verb_account(call, &account, err);
        if (rc != RC_OK)
            return rc;
        count = session_post_all(call->house->table, account.id, POST_KICK, words, 0);
    }
    return call->io->row(call->io->ctx, json_pack("{sI}", "kicked", (json_int_t)count),
                         SPAN(""), err);
}

/* For all services, or for one account, whose name must be written as sessions write it. */
static enum rc
levels_set(struct log *log, const char *text, const char *account, struct err *err)
{
    const bool clear = account != NULL && strcmp(text, "default") == 0;
    struct log_levels levels;
    enum rc rc = clear ? RC_OK : log_levels_parse(span_of_str(text), &levels, err);

    if (rc != RC_OK)
        return rc;
    if (clear)
        log_account_clear(log, span_of_str(account));
    else if (account != NULL)
        rc = log_account_set(log, span_of_str(account), &levels);
    else
        log_levels_set(log, &levels);
    return rc == RC_OK ? RC_OK
                       : err_set(err, rc, 0, "too many accounts have levels of their own");
}

enum rc
verb_log(const struct verb_call *call, struct err *err)
{
    const char *text = verb_text(call, "levels");
    const char *name = verb_text(call, "account");
    struct log *log = call->house->log;
    struct registry_account account;
    struct log_levels levels;
    enum rc rc = RC_OK;
    bool own = false;
    AUTO_BUF words = {0};

    if (name != NULL)
        rc = verb_account(call, &account, err);
    if (rc == RC_OK && text != NULL)
        rc = levels_set(log, text, name == NULL ? NULL : account.name, err);
    if (rc != RC_OK)
        return rc;
    buf_init(&words, 4096);
    log_levels_get(log, &levels);
    if (name != NULL)
        own = log_account_get(log, span_of_str(account.name), &levels);
    log_levels_print(&levels, &words);
    if (!buf_ok(&words))
        return err_set(err, RC_LIMIT, 0, "no memory for a row");
    json_t *row = json_pack("{ss%}", "levels", buf_span(&words).ptr, buf_len(&words));
    if (name != NULL && row != NULL) {
        json_object_set_new(row, "account", json_string(account.name));
        json_object_set_new(row, "own", json_boolean(own));
    }
    return row == NULL ? err_set(err, RC_LIMIT, 0, "no memory for a row")
                       : call->io->row(call->io->ctx, row, SPAN(""), err);
}

/* With "state", only tells which process serves now. */
enum rc
verb_upgrade(const struct verb_call *call, struct err *err)
{
    const struct verb_server *server = &call->house->server;
    struct verb_upgrade upgrade = {.pid = 0};

    if (server->ctx == NULL)
        return err_set(err, RC_UNSUPPORTED, 0, "this server cannot be upgraded");
    if (json_is_true(json_object_get(call->args, "state"))) {
        server->state(server->ctx, &upgrade);
    } else {
        const enum rc rc = server->upgrade(server->ctx, &upgrade, err);
        if (rc != RC_OK)
            return rc;
    }
    return call->io->row(call->io->ctx,
                         json_pack("{sI, ss, sI, ss}", "process", (json_int_t)upgrade.pid,
                                   "version", upgrade.version, "kept", (json_int_t)upgrade.kept,
                                   "trouble", upgrade.trouble),
                         SPAN(""), err);
}
