/* SPDX-License-Identifier: MIT */
/*
 * `roost account add --from`: accounts from the lines of a file, batch by batch.
 *
 *   asker   {"line": n, "account": NAME, "plain": PASSWORD} or {..., "hash": HASH}
 *           {"line": n, "trouble": text}   a line that the asker could not read
 *   rows    {"line": n, "account": NAME, "trouble": text}   each line that is not taken
 *           {"done": n}   lines so far, when the asker wants "progress"
 *           {"added", "skipped", "refused": n}   at the end
 *
 * A line that cannot be used never stops the others, and each is reported. After its bad lines
 * have been corrected, a file can be given again with "skip_existing": existing accounts are
 * skipped without hashing. Plain passwords are hashed on all processors.
 */
#include "admin/verbs.h"

#include <stdint.h>
#include <stdlib.h>

#include "auth/password_many.h"
#include "base/map.h"
#include "net/poller.h"
#include "store/registry.h"

enum {
    ADD_BATCH = 500,
    PLAIN_PER_CORE =
        16, /* plain passwords in a batch: progress is reported about every second */
    ARENA_OCTETS = 4 << 20,
};

static const struct password_policy policy; /* the defaults */

enum line_state { LINE_READ, LINE_REFUSED, LINE_SKIPPED, LINE_HAS_CRYPT };

struct line {
    enum line_state state;
    json_int_t number;
    struct span name;  /* "": the line could not be read */
    struct span plain; /* "": the line has a hash */
    const struct scram_keys *scram;
    char crypt[REGISTRY_CRYPT_OCTETS];
    struct err err; /* of a refused line */
};

struct many {
    const struct verb_call *call;
    bool skip_existing;
    bool tells_progress;
    unsigned cores;
    struct map names; /* lower-case names in this file to the numbers of their lines */
    struct arena arena;
    size_t count;
    size_t plain_count;
    struct line lines[ADD_BATCH];
    struct password_job jobs[ADD_BATCH];
    struct registry_new rows[ADD_BATCH];
    size_t row_lines[ADD_BATCH]; /* index in lines */
    json_int_t done;
    json_int_t added;
    json_int_t skipped;
    json_int_t refused;
};

static enum rc
row_give(const struct many *many, json_t *row, struct err *err)
{
    const struct verb_io *io = many->call->io;

    return row == NULL ? err_set(err, RC_LIMIT, 0, "no memory for a row")
                       : io->row(io->ctx, row, SPAN(""), err);
}

/* ---- one line ---- */

static void
refuse(struct line *line, enum rc rc, const char *why)
{
    err_set(&line->err, rc, 0, "%s", why);
    line->state = LINE_REFUSED;
}

/* Refuses a name that an earlier line of the file has. */
static enum rc
repeated_look(struct many *many, struct line *line, struct err *err)
{
    char folded[REGISTRY_NAME_OCTETS];
    char text[64];

    if (line->name.len > sizeof folded)
        return RC_OK; /* no name: the registry will say so */
    for (size_t i = 0; i < line->name.len; i++)
        folded[i] = ascii_lower(line->name.ptr[i]);
    const struct span key = span_of(folded, line->name.len);
    const void *before = map_get(&many->names, key);
    if (before != NULL) {
        snprintf(text, sizeof text, "line %ju has this name already",
                 (uintmax_t)(uintptr_t)before);
        refuse(line, RC_EXISTS, text);
        return RC_OK;
    }
    const enum rc rc = map_put(&many->names, key, (void *)(uintptr_t)line->number);
    return rc == RC_OK ? RC_OK : err_set(err, rc, 0, "no memory");
}

static enum rc
existing_look(struct many *many, struct line *line, struct err *err)
{
    struct registry_account account;
    const enum rc rc = registry_find(many->call->house->registry, line->name, &account, err);

    if (rc != RC_OK)
        return rc == RC_NOT_FOUND ? RC_OK : rc;
    if (many->skip_existing)
        line->state = LINE_SKIPPED;
    else
        refuse(line, RC_EXISTS, "this account exists already");
    return RC_OK;
}

static enum rc
line_take(struct many *many, const json_t *head, struct err *err)
{
    const char *name = json_string_value(json_object_get(head, "account"));
    const char *plain = json_string_value(json_object_get(head, "plain"));
    const char *hash = json_string_value(json_object_get(head, "hash"));
    const char *trouble = json_string_value(json_object_get(head, "trouble"));
    struct line *line = &many->lines[many->count++];
    enum rc rc = RC_OK;

    *line = (struct line){.number = json_integer_value(json_object_get(head, "line"))};
    if (trouble != NULL || name == NULL || (plain == NULL) == (hash == NULL)) {
        refuse(line, RC_INVALID, trouble != NULL ? trouble : "not name:password");
        return RC_OK;
    }
    line->name = arena_span(&many->arena, span_of_str(name));
    if (line->name.ptr == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    rc = repeated_look(many, line, err);
    if (rc == RC_OK && line->state == LINE_READ)
        rc = existing_look(many, line, err);
    if (rc != RC_OK || line->state != LINE_READ)
        return rc;
    if (plain != NULL) {
        line->plain = arena_span(&many->arena, span_of_str(plain));
        many->plain_count++;
        return line->plain.ptr == NULL ? err_set(err, RC_LIMIT, 0, "no memory") : RC_OK;
    }
    line->state = password_import(span_of_str(hash), line->crypt, &line->err) == RC_OK
                      ? LINE_HAS_CRYPT
                      : LINE_REFUSED;
    return RC_OK;
}

/* ---- a batch ---- */

static void
batch_hash(struct many *many)
{
    size_t count = 0;

    for (size_t i = 0; i < many->count; i++)
        if (many->lines[i].state == LINE_READ)
            many->jobs[count++].password = many->lines[i].plain;
    password_new_many(&policy, many->jobs, count, many->cores,
                      many->call->house->table != NULL ? HASHING_BEHIND_LOGINS : HASHING_ALONE);
    count = 0;
    for (size_t i = 0; i < many->count; i++) {
        struct line *line = &many->lines[i];
        if (line->state != LINE_READ)
            continue;
        const struct password_job *job = &many->jobs[count++];
        line->err = job->err;
        line->state = job->err.rc == RC_OK ? LINE_HAS_CRYPT : LINE_REFUSED;
        memcpy(line->crypt, job->crypt, sizeof line->crypt);
        line->scram = job->scram.iterations == 0 ? NULL : &job->scram;
    }
}

static enum rc
batch_add(struct many *many, struct err *err)
{
    size_t count = 0;

    for (size_t i = 0; i < many->count; i++) {
        const struct line *line = &many->lines[i];
        if (line->state != LINE_HAS_CRYPT)
            continue;
        many->row_lines[count] = i;
        many->rows[count++] = (struct registry_new){
            .name = line->name, .crypt = line->crypt, .scram = line->scram};
    }
    if (count == 0)
        return RC_OK;
    const enum rc rc = registry_add_many(many->call->house->registry, many->rows, count, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        if (many->rows[i].refused.rc != RC_OK)
            refuse(&many->lines[many->row_lines[i]], many->rows[i].refused.rc,
                   many->rows[i].refused.text);
    return rc;
}

/* Counts the results of the lines, and reports those that cannot be used. */
static enum rc
batch_tell(struct many *many, struct err *err)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; rc == RC_OK && i < many->count; i++) {
        const struct line *line = &many->lines[i];
        many->added += line->state == LINE_HAS_CRYPT;
        many->skipped += line->state == LINE_SKIPPED;
        many->refused += line->state == LINE_REFUSED;
        if (line->state == LINE_REFUSED)
            rc = row_give(many,
                          json_pack("{sI, ss%, ss}", "line", line->number, "account",
                                    line->name.len == 0 ? "" : line->name.ptr, line->name.len,
                                    "trouble", line->err.text),
                          err);
    }
    many->done += (json_int_t)many->count;
    if (rc == RC_OK && many->tells_progress)
        rc = row_give(many, json_pack("{sI}", "done", many->done), err);
    return rc;
}

static void
batch_forget(struct many *many)
{
    for (size_t i = 0; i < many->count; i++)
        if (many->lines[i].plain.len > 0)
            password_wipe((void *)(uintptr_t)many->lines[i].plain.ptr,
                          many->lines[i].plain.len);
    password_wipe(many->lines, sizeof many->lines);
    password_wipe(many->jobs, sizeof many->jobs);
    many->count = 0;
    many->plain_count = 0;
    arena_reset(&many->arena);
}

static enum rc
batch_run(struct many *many, struct err *err)
{
    batch_hash(many);
    enum rc rc = batch_add(many, err);
    if (rc == RC_OK)
        rc = batch_tell(many, err);
    batch_forget(many);
    return rc;
}

/* ---- the whole file ---- */

static bool
batch_is_full(const struct many *many)
{
    return many->count == ADD_BATCH ||
           many->plain_count >= (size_t)PLAIN_PER_CORE * many->cores;
}

static enum rc
many_run(struct many *many, struct err *err)
{
    const struct verb_io *io = many->call->io;
    json_t *head = NULL;
    struct span data;
    enum rc rc;

    while ((rc = io->next(io->ctx, &head, &data, err)) == RC_OK) {
        rc = line_take(many, head, err);
        json_decref(head);
        if (rc == RC_OK && batch_is_full(many))
            rc = batch_run(many, err);
        if (rc != RC_OK)
            return rc;
    }
    return rc == RC_NOT_FOUND ? batch_run(many, err) : rc;
}

enum rc
verb_account_add_many(const struct verb_call *call, struct err *err)
{
    struct many *many = calloc(1, sizeof *many);

    if (many == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    many->call = call;
    many->skip_existing = json_is_true(json_object_get(call->args, "skip_existing"));
    many->tells_progress = json_is_true(json_object_get(call->args, "progress"));
    many->cores = poller_cores();
    arena_init(&many->arena, ARENA_OCTETS);
    map_init(&many->names);
    enum rc rc = many_run(many, err);
    if (rc == RC_OK)
        rc = row_give(many,
                      json_pack("{sI, sI, sI}", "added", many->added, "skipped", many->skipped,
                                "refused", many->refused),
                      err);
    else
        err_prefix(err, rc, "after %jd accounts were added", (intmax_t)many->added);
    batch_forget(many);
    map_done(&many->names);
    arena_done(&many->arena);
    free(many);
    return rc;
}
