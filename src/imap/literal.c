/* SPDX-License-Identifier: MIT */
/*
 * Literals: which ones are accepted (RFC 3501 section 4.3, RFC 7888), where their octets go,
 * and how much memory the text of long commands may use.
 */
#include "imap/metadata.h"

#include "base/limits.h"

enum { BUDGET_FREE = 65536 };

static void
literal_refuse(struct imap_session *im, enum iw_status status, const char *code,
               const char *text)
{
    const struct span tag = imap_text_tag(imap_framer_text(im->framer));

    imap_framer_refuse(im->framer);
    imap_refuse(im, tag, status, code, text);
}

/* Whether it has more octets than LITERAL- allows. */
static bool
is_unasked_and_large(const struct imap_session *im, const struct imap_literal *literal)
{
    return env_settings(im->s.env)->literals == LITERALS_MINUS && !literal->sync &&
           literal->octets > IMAP_LITERAL_MINUS_MAX;
}

/* The value of an entry, or something in its place (RFC 5464 section 4.3). */
static bool
is_large_metadata(const struct imap_session *im, const struct imap_literal *literal)
{
    const char *bad;
    struct imap_head head;

    return literal->octets > LIMIT_METADATA_VALUE &&
           imap_head_parse(imap_framer_text(im->framer), &head, &bad) == RC_OK &&
           head.id == IMAP_CMD_SETMETADATA;
}

const char imap_append_too_much[] = "The messages of one command are too large together";

bool
imap_append_charge(struct imap_session *im, uint64_t octets)
{
    const uint64_t most = settings_append_all(env_settings(im->s.env));
    const uint64_t have = im->work->append_octets;

    if (have > most || octets > most - have)
        return false;
    im->work->append_octets += octets;
    return true;
}

void
imap_literal_begin(struct imap_session *im)
{
    const struct imap_literal *literal = imap_framer_literal(im->framer);
    struct err err = {.rc = RC_OK};
    const bool logged_in = im->state != IMAP_NOT_AUTHENTICATED;

    if (logged_in && is_unasked_and_large(im, literal)) { /* RFC 7888 section 5 */
        literal_refuse(im, IW_BAD, literal->is_message ? "TOOBIG" : NULL,
                       "Literals of more than 4096 octets must be asked for: {n}, not {n+}");
        return;
    }
    if (logged_in && literal->is_message) {
        if (literal->octets > env_settings(im->s.env)->append_octets) {
            literal_refuse(im, IW_NO, "TOOBIG",
                           "The message is larger than APPENDLIMIT"); /* RFC 7889 */
            return;
        }
        if (im->work->spool_count >= LIMIT_APPEND_MESSAGES) {
            literal_refuse(im, IW_NO, "LIMIT", "Too many messages in one APPEND");
            return;
        }
        if (!imap_append_charge(im, literal->octets)) {
            literal_refuse(im, IW_NO, "LIMIT", imap_append_too_much);
            return;
        }
        struct spool *spool = imap_spool_add(im);
        if (spool != NULL && spool_expect(spool, literal->octets, &err) != RC_OK) {
            log_put(&im->s.log, LOG_E_COMMAND_FAILED, "%s", err.text);
            literal_refuse(im, IW_NO, "UNAVAILABLE", imap_upload_crowded);
            return;
        }
        if (spool == NULL || imap_framer_divert(im->framer) != RC_OK) {
            literal_refuse(im, IW_BAD, NULL, "This literal cannot be accepted");
            return;
        }
    } else if (logged_in && is_large_metadata(im, literal)) {
        literal_refuse(im, IW_NO, imap_metadata_maxsize(im->work), "The value is too large");
        return;
    } else if ((!logged_in && literal->octets > LIMIT_LITERAL_BEFORE_LOGIN) ||
               imap_framer_keep(im->framer) != RC_OK) {
        /* a non-synchronising literal is sent in any case, and before login its octets are not
         * read and discarded */
        if (!logged_in && !literal->sync)
            session_end(&im->s, END_LITERAL_TOO_LONG, "%ju octets before login",
                        (uintmax_t)literal->octets);
        else
            literal_refuse(im, IW_BAD, NULL, "Literal too long");
        return;
    }
    if (literal->sync) {
        struct iw w = imap_line(im);
        iw_continuation(&w, SPAN("go ahead"));
    }
}

void
imap_literal_data(struct imap_session *im)
{
    struct imap_work *work = im->work;
    struct spool *spool = &work->spools[work->spool_count - 1];
    struct err err = {.rc = RC_OK};

    if (work->spool_rc != RC_OK)
        return;
    work->spool_rc = spool_append(spool, imap_framer_data(im->framer), &err);
    if (work->spool_rc != RC_OK) {
        log_put(&im->s.log, work->spool_rc == RC_FULL ? LOG_E_STORE_FULL : LOG_E_STORE_FAILED,
                "%s", err.text);
        spool_done(spool);
    } else if (spool->octets == imap_framer_literal(im->framer)->octets) {
        spool_seal(spool);
    }
}

void
imap_input_charge(struct imap_session *im)
{
    const int64_t have = im->framer == NULL ? 0 : (int64_t)im->framer->text.cap;
    const int64_t unpaid =
        im->state == IMAP_NOT_AUTHENTICATED ? LIMIT_LINE_BEFORE_LOGIN : BUDGET_FREE;
    const int64_t owed = have > unpaid ? have : 0;

    if (owed > im->input_budget) {
        if (!budget_take(&im->s.env->input_budget, owed - im->input_budget)) {
            session_end(&im->s, END_LIMIT_MEMORY, "a command of over %jd octets",
                        (intmax_t)have);
            return;
        }
        im->input_budget = (int32_t)owed;
    } else if (owed < im->input_budget) {
        budget_give(&im->s.env->input_budget, im->input_budget - owed);
        im->input_budget = (int32_t)owed;
    }
}
