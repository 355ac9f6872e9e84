/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "imap/names/catenate.h"

enum { PIECE_OCTETS = 256 << 10, CODE_OCTETS = 64 + 3 * LIMIT_URL };

static struct spool *
whole(struct imap_session *im, const struct catenate *cat)
{
    return &im->work->spools[cat->spool];
}

/* NO [BADURL ...], which names the first URL that cannot be used (RFC 4469 section 4.1). */
static enum imap_step
bad_url(struct imap_session *im, struct span url)
{
    AUTO_BUF code = {0};

    buf_init(&code, CODE_OCTETS);
    buf_put_lit(&code, "BADURL ");
    imap_url_put(&code, url);
    return imap_no(im->work, url.len == 0 ? NULL : imap_code(im->work, &code),
                   "That URL names no message here");
}

/* Whether the message may grow by so many octets (RFC 4469 section 4.2). False: *step_out is
 * what the command returns. */
static bool
has_room(struct imap_session *im, const struct catenate *cat, uint64_t octets,
         enum imap_step *step_out)
{
    const uint64_t most = env_settings(im->s.env)->append_octets;
    const uint64_t have = whole(im, cat)->octets;

    if (have <= most && octets <= most - have)
        return true;
    *step_out = imap_no(im->work, "TOOBIG", "The message is larger than APPENDLIMIT");
    return false;
}

/* False: *step_out is what the command returns. */
static bool
append(struct imap_session *im, const struct catenate *cat, struct span piece,
       enum imap_step *step_out)
{
    struct err err = {.rc = RC_OK};

    if (!has_room(im, cat, piece.len, step_out))
        return false;
    const enum rc rc = spool_append(whole(im, cat), piece, &err);
    if (rc != RC_OK)
        *step_out = imap_fail(im, rc, &err);
    return rc == RC_OK;
}

bool
catenate_allows(struct imap_work *work, bool literal8, struct span text,
                enum imap_step *step_out)
{
    if (!literal8 || span_find_char(text, '\0') < 0)
        return true;
    *step_out = imap_no(work, "UNKNOWN-CTE", "Messages with NUL in a literal8 are not stored");
    return false;
}

/* Copies one piece of a text. */
static enum imap_step
add_text(struct imap_session *im, struct catenate *cat, const struct imap_cat_part *part)
{
    struct imap_work *work = im->work;
    enum imap_step step = STEP_DONE;
    struct span text = part->inline_octets;
    struct err err = {.rc = RC_OK};

    if (part->is_spooled) {
        const enum rc rc = spool_read(&work->spools[part->spool], &text, &err);
        if (rc != RC_OK)
            return imap_fail(im, rc, &err);
    }
    const struct span piece = span_head(span_tail(text, cat->text_at), PIECE_OCTETS);
    if (piece.len > 0 && (!catenate_allows(work, part->literal8, piece, &step) ||
                          !append(im, cat, piece, &step)))
        return step;
    cat->text_at += piece.len;
    if (cat->text_at < text.len)
        return STEP_MORE;
    if (part->is_spooled)
        spool_done(&work->spools[part->spool]); /* its octets are in the whole message now */
    cat->text_at = 0;
    cat->part++;
    return STEP_MORE;
}

/* Finds the mailbox of a URL and checks that the session may read it. False: *step_out is what
 * the command returns. */
static bool
find_mailbox(struct imap_session *im, const struct imap_url *url, struct span text,
             struct imap_target *target_out, enum imap_step *step_out)
{
    bool found = true;

    if (!url->is_selected) {
        found = imap_target_find(im, &url->mailbox, RIGHT_READ, target_out, step_out);
    } else {
        *target_out = (struct imap_target){.acct = imap_selected_acct(im)};
        if (!imap_guest_look(im, step_out))
            return false;
        found = (imap_selected_rights(im) & RIGHT_READ) != 0;
        *step_out = STEP_DONE;
    }
    if (!found && *step_out == STEP_DONE)
        *step_out = bad_url(im, text);
    return found;
}

static enum imap_step
find_url(struct imap_session *im, struct catenate *cat, struct span text)
{
    struct arena *arena = &im->work->arena;
    enum imap_step step = STEP_DONE;
    struct imap_target target;
    struct imap_url url;
    struct mbox_row row;
    struct err err = {.rc = RC_OK};
    AUTO_TX tx = NULL;

    enum rc rc = imap_url_parse(text, arena, &url);
    if (rc == RC_INVALID || (rc == RC_OK && url.is_selected && im->state != IMAP_SELECTED))
        return bad_url(im, text);
    if (rc != RC_OK)
        return imap_fail(im, rc, NULL);
    cat->url = url;
    if (!find_mailbox(im, &url, text, &target, &step) ||
        !imap_read_begin(im, target.acct, &tx, &step))
        return step;
    const struct excerpt_req req = {
        .mbox = url.is_selected ? im->selected : 0,
        .name = target.name,
        .uidvalidity = url.uidvalidity,
        .uid = url.uid,
        .section = &url.section,
    };
    if (!url.is_selected)
        rc = imap_target_row(&target, tx, arena, &row, &err);
    if (rc == RC_OK)
        rc = excerpt_find(tx, &req, arena, &cat->excerpt, &err);
    if (rc == RC_NOT_FOUND)
        return bad_url(im, text);
    if (rc != RC_OK)
        return imap_fail(im, rc, &err);
    /* A short URL can name much: what it names is counted before anything is copied. */
    if (!has_room(im, cat, cat->excerpt.left, &step))
        return step;
    if (!imap_append_charge(im, cat->excerpt.left))
        return imap_no(im->work, "LIMIT", imap_append_too_much);
    cat->acct = target.acct;
    return STEP_MORE;
}

/* Copies one piece of what a URL names. */
static enum imap_step
add_excerpt(struct imap_session *im, struct catenate *cat, struct span url)
{
    enum imap_step step = STEP_MORE;
    struct imap_target target;
    struct span piece = {0};
    struct err err = {.rc = RC_OK};
    AUTO_TX tx = NULL;

    if (cat->excerpt.left == 0) {
        cat->acct = NULL;
        cat->part++;
        return STEP_MORE;
    }
    /* The right to read may have been taken away since the last piece. */
    if (!find_mailbox(im, &cat->url, url, &target, &step) ||
        !imap_read_begin(im, cat->acct, &tx, &step))
        return step;
    const enum rc rc = excerpt_read(tx, &cat->excerpt, PIECE_OCTETS, &piece, &err);
    if (rc == RC_NOT_FOUND)
        return bad_url(im, url);
    if (rc != RC_OK)
        return imap_fail(im, rc, &err);
    return append(im, cat, piece, &step) ? STEP_MORE : step;
}

static enum imap_step
add_more(struct imap_session *im, struct catenate *cat, const struct imap_cat_part *part)
{
    if (!part->is_url)
        return add_text(im, cat, part);
    return cat->acct != NULL ? add_excerpt(im, cat, part->url) : find_url(im, cat, part->url);
}

bool
catenate_step(struct imap_session *im, struct catenate *cat,
              const struct imap_append_message *message, struct span *text_out,
              enum imap_step *step_out)
{
    struct err err = {.rc = RC_OK};

    if (!cat->begun) {
        if (imap_spool_add(im) == NULL) {
            *step_out = imap_fail(im, RC_LIMIT, NULL);
            return false;
        }
        cat->spool = (unsigned)im->work->spool_count - 1;
        cat->begun = true;
    }
    if (cat->part < message->part_count) {
        *step_out = add_more(im, cat, &message->parts[cat->part]);
        return false;
    }
    const enum rc rc = spool_read(whole(im, cat), text_out, &err);
    if (rc != RC_OK)
        *step_out = imap_fail(im, rc, &err);
    return rc == RC_OK;
}
