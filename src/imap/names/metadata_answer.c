/* SPDX-License-Identifier: MIT */
/*
 * METADATA responses with values (RFC 5464 section 4.4.1): finds out which entries of a mailbox
 * or of the server are asked for, and reads their values when they are written.
 */
#include "imap/metadata.h"
#include "syntax/imap/metadata_name.h"

enum {
    RESPONSE_ENTRIES = 32, /* in one response, which also has about so many octets of values */
    RESPONSE_OCTETS = 64 << 10,
};

struct metadata_shown {
    struct span name; /* as the client wrote it, if it did */
    uint64_t user;
    uint64_t octets;
    struct span value;                                 /* with FROM_HERE */
    enum { FROM_NOWHERE, FROM_HERE, FROM_STORE } from; /* FROM_NOWHERE: NIL */
};

bool
imap_metadata_permitted(uint32_t rights)
{
    return (rights & METADATA_RIGHTS) != 0;
}

uint64_t
imap_metadata_user(const struct imap_session *im, const struct account *acct)
{
    return acct == im->acct ? 0 : account_id(im->acct);
}

/* ---- what is asked for ---- */

/* The entries that exist and may be shown. */
struct supply {
    struct metadata_entry *entries;
    bool *taken; /* for each entry: it has been shown */
    size_t count;
};

/* The account's own entries, and for the server those of the configuration. */
static enum rc
supply_get(struct imap_session *im, struct store_tx *tx, const struct mbox_row *row,
           const struct metadata_ask *ask, struct supply *out, struct err *err)
{
    const struct settings *settings = env_settings(im->s.env);
    const size_t more = row == NULL ? settings->metadata_count : 0;
    struct arena *arena = ask->arena;
    struct metadata_entry *own;

    const enum rc rc = metadata_entries(tx, arena, row, ask->user, &own, &out->count, err);
    if (rc != RC_OK)
        return rc;
    out->entries = arena_array(arena, struct metadata_entry, out->count + more + 1);
    out->taken = arena_array(arena, bool, out->count + more + 1);
    if (out->entries == NULL || out->taken == NULL)
        return err_set(err, RC_LIMIT, 0, "metadata: out of memory");
    if (out->count > 0)
        memcpy(out->entries, own, out->count * sizeof *own);
    for (size_t i = 0; i < more; i++) {
        const struct settings_metadata *of = &settings->metadata[i];
        const struct span value = span_of_str(of->value);
        out->entries[out->count++] =
            (struct metadata_entry){span_of_str(of->name), value, value.len, 0};
    }
    return RC_OK;
}

/* Shows one entry. */
static void
show(struct metadata_answer *answer, const struct metadata_ask *ask, struct span name,
     const struct metadata_entry *entry)
{
    if (entry->octets > ask->max_octets) { /* section 4.2.1 */
        if (entry->octets > answer->longest)
            answer->longest = entry->octets;
        return;
    }
    answer->shown[answer->count++] = (struct metadata_shown){
        .name = name,
        .user = entry->user,
        .octets = entry->octets,
        .value = entry->value,
        .from = entry->value.ptr == NULL ? FROM_STORE : FROM_HERE,
    };
}

/* Each entry is shown once. One that is asked for by its name and does not exist is NIL; with
 * DEPTH, only existing entries are shown (section 4.2.2). */
static void
choose(struct metadata_answer *answer, const struct metadata_ask *ask, struct supply *supply)
{
    for (size_t i = 0; i < ask->entries->count; i++) {
        const struct span asked = ask->entries->names[i];
        bool any = false;
        for (size_t k = 0; k < supply->count; k++) {
            const struct metadata_entry *entry = &supply->entries[k];
            if (!metadata_name_matches(entry->name, asked, ask->depth))
                continue;
            any = true;
            if (!supply->taken[k])
                show(answer, ask, entry->name.len == asked.len ? asked : entry->name, entry);
            supply->taken[k] = true;
        }
        if (!any && ask->depth == IMAP_DEPTH_0)
            answer->shown[answer->count++] = (struct metadata_shown){.name = asked};
    }
}

enum rc
imap_metadata_find(struct imap_session *im, struct store_tx *tx, const struct mbox_row *row,
                   const struct metadata_ask *ask, struct metadata_answer *out, struct err *err)
{
    struct supply supply;

    const enum rc rc = supply_get(im, tx, row, ask, &supply, err);
    if (rc != RC_OK)
        return rc;
    *out = (struct metadata_answer){
        .mailbox = ask->mailbox,
        .mbox = row == NULL ? 0 : row->id,
        .shown = arena_array(ask->arena, struct metadata_shown,
                             ask->entries->count + supply.count + 1),
    };
    if (out->shown == NULL)
        return err_set(err, RC_LIMIT, 0, "metadata: out of memory");
    choose(out, ask, &supply);
    return RC_OK;
}

/* ---- writing ---- */

/* The values of one response. They are read before any part of it is written. */
struct values {
    struct buf octets;
    struct {
        size_t at;
        size_t len;
        bool is_nil;
    } of[RESPONSE_ENTRIES];
    size_t count;
};

static enum rc
value_get(struct store_tx *tx, const struct metadata_answer *answer,
          const struct metadata_shown *shown, struct values *values, struct err *err)
{
    const struct metadata_of of = {.mbox = answer->mbox, .user = shown->user};
    const size_t at = buf_len(&values->octets);
    enum rc rc = shown->from == FROM_NOWHERE ? RC_NOT_FOUND : RC_OK;

    if (shown->from == FROM_HERE)
        buf_put_span(&values->octets, shown->value);
    else if (shown->from == FROM_STORE)
        rc = store_metadata_read(tx, &of, shown->name, &values->octets, err);
    if (rc != RC_OK && rc != RC_NOT_FOUND)
        return rc;
    values->of[values->count].at = at;
    values->of[values->count].len = buf_len(&values->octets) - at;
    values->of[values->count].is_nil = rc == RC_NOT_FOUND; /* it may have been removed since */
    values->count++;
    return buf_ok(&values->octets) ? RC_OK : RC_LIMIT;
}

static void
value_write(struct iw *w, struct span value)
{
    if (span_find_char(value, '\0') < 0) {
        iw_string(w, value);
        return;
    }
    iw_literal_begin(w, value.len, IW_LITERAL8);
    iw_literal_data(w, value);
}

static void
response_write(struct imap_session *im, const struct metadata_answer *answer,
               const struct values *values)
{
    const struct span octets = buf_span(&values->octets);
    struct iw w = imap_line(im);

    iw_untagged(&w);
    iw_word(&w, "METADATA");
    if (answer->mailbox.len == 0)
        iw_string(&w, SPAN(""));
    else
        iw_mailbox(&w, answer->mailbox);
    iw_open(&w);
    for (size_t i = 0; i < values->count; i++) {
        iw_astring(&w, answer->shown[answer->next + i].name);
        if (values->of[i].is_nil)
            iw_nil(&w);
        else
            value_write(&w, span_head(span_tail(octets, values->of[i].at), values->of[i].len));
    }
    iw_close(&w);
    iw_end(&w);
}

enum imap_step
imap_metadata_write(struct imap_session *im, struct store_tx *tx,
                    struct metadata_answer *answer, enum rc *rc_out, struct err *err)
{
    *rc_out = RC_OK;
    while (answer->next < answer->count) {
        struct values values = {.count = 0};
        enum rc rc = RC_OK;

        if (imap_output_full(im))
            return STEP_OUTPUT;
        buf_init(&values.octets, RESPONSE_OCTETS + (size_t)LIMIT_METADATA_VALUE);
        while (rc == RC_OK && values.count < RESPONSE_ENTRIES &&
               answer->next + values.count < answer->count &&
               buf_len(&values.octets) < RESPONSE_OCTETS)
            rc = value_get(tx, answer, &answer->shown[answer->next + values.count], &values,
                           err);
        if (rc == RC_OK)
            response_write(im, answer, &values);
        answer->next += values.count;
        buf_done(&values.octets);
        if (rc != RC_OK) {
            *rc_out = rc;
            return STEP_DONE;
        }
    }
    return STEP_DONE;
}
