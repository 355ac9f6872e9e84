/* SPDX-License-Identifier: MIT */
/*
 * `roost account app-password`: application passwords of an account.
 *
 *   asker   {"account": NAME, "what": "add", "name": NAME, "protocols": [NAME, ...] or null,
 *            "days": n or null}
 *           {"account": NAME, "what": "remove", "name": NAME}
 *           {"account": NAME, "what": "list"}
 *   row     {"id": n, "name", "protocols": [NAME, ...] or null: every one,
 *            "created": s, "expires": s or null, "used": s or null}
 *           and, for one that was added, "password", which is shown only once
 *
 * Removing a password ends the sessions that logged in with it.
 */
#include "admin/verbs.h"

#include <stdio.h>
#include <string.h>

#include "auth/app_password.h"
#include "session/table.h"

static const struct {
    const char *name;
    enum app_protocol protocol;
} protocols[] = {
    {"imap", APP_IMAP},
};

static const struct password_policy policy; /* the defaults */

/* ---- rows ---- */

/* 0 becomes null. */
static json_t *
time_json(int64_t seconds)
{
    return seconds == 0 ? json_null() : json_integer((json_int_t)seconds);
}

static json_t *
protocols_json(uint32_t bits)
{
    if (bits == APP_EVERY)
        return json_null();
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
        if ((bits & protocols[i].protocol) != 0)
            json_array_append_new(list, json_string(protocols[i].name));
    return list;
}

/* password: NULL: it is not shown. */
static enum rc
row_give(const struct verb_call *call, const struct app_password *app, const char *password,
         struct err *err)
{
    json_t *row = json_pack("{sI, ss, so, sI, so, so, ss*}", "id", (json_int_t)app->id, "name",
                            app->name, "protocols", protocols_json(app->protocols), "created",
                            (json_int_t)app->created_s, "expires", time_json(app->expires_s),
                            "used", time_json(app->used_s), "password", password);

    if (row == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for a row");
    return call->io->row(call->io->ctx, row, SPAN(""), err);
}

static enum rc
list(const struct verb_call *call, const struct registry_account *account, struct err *err)
{
    struct app_password rows[LIMIT_APP_PASSWORDS];
    size_t count = 0;
    enum rc rc = registry_app_list(call->house->registry, account->id, rows, &count, err);

    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = row_give(call, &rows[i], NULL, err);
    return rc;
}

/* ---- adding ---- */

static enum rc
protocols_take(const json_t *names, uint32_t *bits_out, struct err *err)
{
    uint32_t bits = 0;
    size_t at;
    const json_t *name;

    if (names == NULL || json_is_null(names)) {
        *bits_out = APP_EVERY;
        return RC_OK;
    }
    json_array_foreach(names, at, name)
    {
        const uint32_t before = bits;
        for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
            if (json_is_string(name) && strcmp(json_string_value(name), protocols[i].name) == 0)
                bits |= protocols[i].protocol;
        if (bits == before)
            return err_set(err, RC_INVALID, 0,
                           "\"%.40s\" is not a protocol that somebody can log in to here",
                           json_is_string(name) ? json_string_value(name) : "?");
    }
    if (bits == 0)
        return err_set(err, RC_INVALID, 0, "a password for no protocol");
    *bits_out = bits;
    return RC_OK;
}

static enum rc
request_take(const struct verb_call *call, struct app_password *out, struct err *err)
{
    const char *name = verb_text(call, "name");
    const json_t *days = json_object_get(call->args, "days");
    const json_int_t count = json_integer_value(days);

    *out = (struct app_password){.created_s = clock_wall_s(call->house->clock)};
    if (name == NULL || strlen(name) > LIMIT_APP_PASSWORD_NAME)
        return err_set(err, RC_INVALID, 0,
                       "the name of an application password has 1 to %u octets",
                       LIMIT_APP_PASSWORD_NAME);
    memcpy(out->name, name, strlen(name) + 1);
    if (days != NULL && !json_is_null(days)) {
        if (!json_is_integer(days) || count < 1 || count > LIMIT_APP_PASSWORD_DAYS)
            return err_set(err, RC_INVALID, 0,
                           "an application password expires after 1 to %u days",
                           LIMIT_APP_PASSWORD_DAYS);
        out->expires_s = out->created_s + (int64_t)count * 86400;
    }
    return protocols_take(json_object_get(call->args, "protocols"), &out->protocols, err);
}

/* RC_AGAIN: the account's salt has changed since it was read. */
static enum rc
add_once(const struct verb_call *call, const char *text, struct app_password *app,
         struct err *err)
{
    struct registry_account account;
    struct scram_keys salt;

    enum rc rc = verb_account(call, &account, err);
    if (rc == RC_OK)
        rc = app_password_keys(&policy, &account, span_of_str(text), app, &salt, err);
    return rc == RC_OK
               ? registry_app_add(call->house->registry, account.id, app, &salt, &app->id, err)
               : rc;
}

static enum rc
add(const struct verb_call *call, struct err *err)
{
    char text[APP_PASSWORD_TEXT_OCTETS];
    struct app_password app;
    enum rc rc = request_take(call, &app, err);

    if (rc != RC_OK)
        return rc;
    app_password_draw(&rng_system, text);
    rc = RC_AGAIN;
    for (int tries = 0; rc == RC_AGAIN && tries < 3; tries++)
        rc = add_once(call, text, &app, err);
    if (rc == RC_OK)
        rc = row_give(call, &app, text, err);
    password_wipe(text, sizeof text);
    password_wipe(&app, sizeof app);
    return rc;
}

/* ---- removing ---- */

static enum rc
revoke(const struct verb_call *call, const struct registry_account *account, struct err *err)
{
    const char *name = verb_text(call, "name");
    char words[LIMIT_APP_PASSWORD_NAME + 32];
    uint64_t id = 0;

    if (name == NULL)
        return err_set(err, RC_INVALID, 0, "the name of an application password is needed");
    const enum rc rc =
        registry_app_remove(call->house->registry, account->id, span_of_str(name), &id, err);
    if (rc != RC_OK)
        return rc;
    snprintf(words, sizeof words, "application password \"%s\"", name);
    if (call->house->table != NULL)
        session_post_app_password(call->house->table, account->id, (uint32_t)id,
                                  POST_APP_PASSWORD_REVOKED, words);
    return RC_OK;
}

enum rc
verb_account_app_password(const struct verb_call *call, struct err *err)
{
    const char *what = verb_text(call, "what");
    struct registry_account account;
    const enum rc rc = verb_account(call, &account, err);

    if (rc != RC_OK)
        return rc;
    if (what != NULL && strcmp(what, "add") == 0)
        return add(call, err);
    if (what != NULL && strcmp(what, "remove") == 0)
        return revoke(call, &account, err);
    if (what != NULL && strcmp(what, "list") == 0)
        return list(call, &account, err);
    return err_set(err, RC_INVALID, 0,
                   "say what to do with application passwords: add, list or remove");
}
