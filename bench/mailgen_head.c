/* SPDX-License-Identifier: MIT */
/*
 * Header fields: trace, people, subjects, threads, lists, and the many small fields that
 * servers and mail programs add. Folded as mail programs fold.
 */
#include "bench/mailgen_private.h"

#include <stdio.h>

static const char *const day_names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static const char *const mailers[] = {
    "X-Mailer: Microsoft Outlook 16.0",
    "X-Mailer: Apple Mail (2.3445.104.11)",
    "User-Agent: Mozilla Thunderbird",
    "User-Agent: Mutt/1.14.6 (2020-07-11)",
    "X-Mailer: Microsoft Outlook Express 6.00.2900.2180",
    "X-Mailer: QUALCOMM Windows Eudora Version 6.2.4.0",
    "User-Agent: Alpine 2.21 (LNX 202 2017-01-01)",
    "X-Mailer: iPhone Mail (16G77)",
    "X-Mailer: git-send-email 2.30.2",
    "User-Agent: Gnus/5.13 (Gnus v5.13)",
};

/* Civil date of a day since 1970-01-01, proleptic Gregorian. */
static void
civil_of_days(int64_t days, int *year_out, unsigned *month_out, unsigned *day_out)
{
    const int64_t z = days + 719468; /* since 0000-03-01 */
    const int64_t era = z / 146097;
    const unsigned doe = (unsigned)(z - era * 146097);
    const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const unsigned mp = (5 * doy + 2) / 153;

    *day_out = doy - (153 * mp + 2) / 5 + 1;
    *month_out = mp < 10 ? mp + 3 : mp - 9;
    *year_out = (int)(yoe + (unsigned)(era * 400)) + (*month_out <= 2);
}

void
mg_fmt_ctime(char dst[static 32], int64_t date_s)
{
    int year;
    unsigned month;
    unsigned day;
    const unsigned s = (unsigned)(date_s % 86400);

    civil_of_days(date_s / 86400, &year, &month, &day);
    snprintf(dst, 32, "%s %s %2u %02u:%02u:%02u %d", day_names[(date_s / 86400 + 4) % 7],
             month_names[month - 1], day, s / 3600, s / 60 % 60, s % 60, year);
}

static void
put_good_date(struct mailgen *gen, int64_t date_s)
{
    static const int zones[] = {0, 0, 60, 60, 120, -300, -420, -480, 330, 540, 480, 180};
    const int zone_min = zones[mg_pick(gen, ARRAY_LEN(zones))];
    const int64_t local_s = date_s + INT64_C(60) * zone_min;
    const unsigned s = (unsigned)(local_s % 86400);
    const int off = zone_min < 0 ? -zone_min : zone_min;
    int year;
    unsigned month;
    unsigned day;

    civil_of_days(local_s / 86400, &year, &month, &day);
    if (mg_pick(gen, 8) != 0)
        buf_printf(&gen->out, "%s, ", day_names[(local_s / 86400 + 4) % 7]);
    buf_printf(&gen->out, "%u %s %d %02u:%02u:%02u %c%02d%02d", day, month_names[month - 1],
               year, s / 3600, s / 60 % 60, s % 60, zone_min < 0 ? '-' : '+', off / 60,
               off % 60);
    if (zone_min == 0 && mg_pick(gen, 2) == 0)
        buf_put_lit(&gen->out, " (UTC)");
}

void
mg_put_date(struct mailgen *gen, int64_t date_s)
{
    static const char *const bad[] = {
        "",
        "yesterday",
        "Tue, 31 Feb 2015 25:61:61 +0000",
        "Mon, 5 Jan 99 10:00 EDT",
        "2016-03-04T10:11:12Z",
        "Thu, 01 Jan 1970 00:00:00",
        "Wed, 32 Dec 2012 10:11:12 +9999",
        "Son, 12 M\xe4rz 2006 10:11:12 MEZ",
        "Fri, 13 Oct 20117 11:22:33 -0500",
        "10/02/2003 4:05 PM",
    };

    if (gen->fault == MAILGEN_BAD_DATE)
        buf_put_str(&gen->out, bad[mg_pick(gen, ARRAY_LEN(bad))]);
    else
        put_good_date(gen, date_s);
}

static bool
is_ascii(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] > 126 || (unsigned char)text.ptr[i] == 27)
            return false;
    return true;
}

static void
put_base64_plain(struct buf *dst, struct span data)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < data.len; i += 3) {
        const size_t left = data.len - i;
        const unsigned a = (unsigned char)data.ptr[i];
        const unsigned b = left > 1 ? (unsigned char)data.ptr[i + 1] : 0;
        const unsigned c = left > 2 ? (unsigned char)data.ptr[i + 2] : 0;
        const char quad[4] = {alphabet[a >> 2], alphabet[(a & 3) << 4 | b >> 4],
                              left > 1 ? alphabet[(b & 15) << 2 | c >> 6] : '=',
                              left > 2 ? alphabet[c & 63] : '='};
        buf_put(dst, quad, sizeof quad);
    }
}

/* One encoded word (RFC 2047) of text, which is short enough. */
static void
put_encoded_word(struct mailgen *gen, const struct mg_voice *voice, struct span text)
{
    const enum mg_charset charset = voice->charset;
    struct buf *const out = &gen->out;
    const bool latin = charset == MG_UTF8 ? voice->lang < MG_RUSSIAN : charset < MG_CP1251;
    const bool base64 = !latin || mg_pick(gen, 3) == 0;

    buf_printf(out, "=?%s?%c?", mg_charset_names[charset], base64 ? 'B' : 'Q');
    if (base64) {
        put_base64_plain(out, text);
    } else {
        for (size_t i = 0; i < text.len; i++) {
            const unsigned char c = (unsigned char)text.ptr[i];
            if (c == ' ')
                buf_put_char(out, '_');
            else if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
                buf_put_char(out, (char)c);
            else
                buf_printf(out, "=%02X", c);
        }
    }
    if (gen->fault == MAILGEN_BAD_ENCODED_WORD) {
        static const char *const ends[] = {"", "?", "=!*?=", " ?=", "?=x"};
        buf_put_str(out, ends[mg_pick(gen, ARRAY_LEN(ends))]);
    } else {
        buf_put_lit(out, "?=");
    }
}

void
mg_put_unstructured(struct mailgen *gen, const struct mg_voice *voice, struct span text)
{
    if (is_ascii(text) || gen->fault == MAILGEN_RAW_8BIT_HEADER)
        buf_put_span(&gen->out, text);
    else
        put_encoded_word(gen, voice, text);
}

/* The subject of a thread: drawn again from its seed, so that all replies have the same. Each
 * encoded word is at most 75 octets long, folded between them. */
static void
put_subject(struct mailgen *gen, const struct mg_head *head)
{
    const struct mg_thread *const thread = head->thread;
    const struct mg_words *const words = &gen->words[thread->lang][thread->charset];
    const struct mg_voice voice = {thread->lang, thread->charset, MG_7BIT, words};
    struct rng rng;

    rng_seed(&rng, thread->subject_seed);
    buf_put_lit(&gen->out, "Subject: ");
    if (head->reply)
        buf_put_str(&gen->out, thread->lang == MG_GERMAN && mg_pick(gen, 2) ? "AW: " : "Re: ");
    if (thread->list >= 0 && thread->list % 3 == 0)
        buf_printf(&gen->out, "[%s] ", mg_list_names[thread->list]);
    const unsigned groups = 1 + (unsigned)rng_below(&rng, 3);
    for (unsigned i = 0; i < groups; i++) {
        buf_clear(&gen->raw);
        const unsigned count = 1 + (unsigned)rng_below(&rng, 3);
        for (unsigned w = 0; w < count && buf_len(&gen->raw) < 14; w++) {
            if (w > 0 && words->spaced)
                buf_put_char(&gen->raw, ' ');
            buf_put_span(&gen->raw, words->word[rng_below(&rng, words->count)]);
        }
        if (i > 0)
            buf_put_str(&gen->out,
                        words->spaced && is_ascii(buf_span(&gen->raw)) ? " " : "\r\n ");
        mg_put_unstructured(gen, &voice, buf_span(&gen->raw));
    }
    buf_put_lit(&gen->out, "\r\n");
}

/* A person's display name and address. Names are UTF-8 in the tables. */
static void
put_person(struct mailgen *gen, const struct mg_person *person)
{
    const struct mg_voice voice = {person->lang, MG_UTF8, MG_7BIT, NULL};
    char name[80];

    if (gen->fault == MAILGEN_BAD_ADDRESS) {
        static const char *const bad[] = {
            "undisclosed recipients",        "<>",
            "\"unclosed <a@example.org>",    "a@b@c.example",
            "Name (comment <x@example.org>", "<@relay.example,@two.example:u@example.org>",
            "user at example dot org",       "=?utf-8?Q?x?= <u@[300.1.2.3]>, ,; <",
            "Group: a@example.org",
        };
        buf_put_str(&gen->out, bad[mg_pick(gen, ARRAY_LEN(bad))]);
        return;
    }
    const unsigned style = mg_pick(gen, 8);
    if (style == 0) {
        buf_put_str(&gen->out, person->address);
        return;
    }
    const int len = snprintf(name, sizeof name, "%.*s %.*s", SPAN_FMT(person->name),
                             SPAN_FMT(person->family));
    const struct span text = span_of(name, (size_t)len);
    if (is_ascii(text) && style < 4)
        buf_printf(&gen->out, "\"%s\"", name);
    else
        mg_put_unstructured(gen, &voice, text);
    buf_printf(&gen->out, " <%s>", person->address);
    if (style == 7 && gen->fault == MAILGEN_SOUND)
        buf_put_lit(&gen->out, " (office)");
}

/* Trace fields as relays write them, newest first. */
static void
put_trace(struct mailgen *gen, const struct mg_head *head)
{
    struct buf *const out = &gen->out;
    const size_t room = head->budget / 700;
    const unsigned hops = 1 + mg_pick(gen, room < 5 ? (unsigned)room + 1 : 6);

    buf_printf(out, "Return-Path: <%s>\r\n", gen->sender);
    for (unsigned i = 0; i < hops; i++) {
        const char *const from = mg_domains[mg_pick(gen, (unsigned)mg_domain_count)];
        const char *const by = mg_domains[mg_pick(gen, (unsigned)mg_domain_count)];
        buf_printf(out, "Received: from %s (%s [192.0.2.%u])\r\n\tby %s (Postfix) with ESMTP%s",
                   from, from, mg_pick(gen, 256), by, mg_pick(gen, 2) ? "S" : "");
        buf_printf(out, " id %010llX\r\n\tfor <%s>; ",
                   (unsigned long long)rng_u64(&gen->rng) & 0xffffffffffULL,
                   gen->people[head->to].address);
        put_good_date(gen, head->date_s - (int64_t)i * 2);
        buf_put_lit(out, "\r\n");
    }
    if (head->budget > 2200 && mg_pick(gen, 5) < 2) {
        buf_printf(out,
                   "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=%s; s=s%u;\r\n"
                   "\th=from:to:subject:date:message-id; bh=",
                   mg_domains[head->from % mg_domain_count], mg_pick(gen, 900));
        for (unsigned row = 0; row < 4; row++) {
            unsigned char noise[48];
            rng_fill(&gen->rng, noise, sizeof noise);
            put_base64_plain(out, span_of(noise, row == 0 ? 24 : sizeof noise));
            buf_put_str(out, row == 0 ? ";\r\n\tb=" : row < 3 ? "\r\n\t " : "\r\n");
        }
    }
}

static void
put_thread_ids(struct mailgen *gen, const struct mg_thread *thread)
{
    struct buf *const out = &gen->out;

    buf_printf(out, "In-Reply-To: <%s>\r\n", thread->ids[thread->id_count - 1]);
    buf_put_lit(out, "References: ");
    for (unsigned i = 0; i < thread->id_count; i++)
        buf_printf(out, "%s<%s>", i > 0 ? "\r\n " : "", thread->ids[i]);
    buf_put_lit(out, "\r\n");
}

static void
put_list_fields(struct mailgen *gen, const char *name)
{
    struct buf *const out = &gen->out;

    buf_printf(out, "Sender: %s-bounces@lists.example.org\r\n", name);
    buf_printf(out, "Precedence: list\r\nList-Id: <%s.lists.example.org>\r\n", name);
    buf_printf(out,
               "List-Unsubscribe: <https://lists.example.org/options/%s>,\r\n"
               "\t<mailto:%s-request@lists.example.org?subject=unsubscribe>\r\n",
               name, name);
    if (mg_pick(gen, 2) == 0)
        buf_printf(out,
                   "List-Post: <mailto:%s@lists.example.org>\r\n"
                   "List-Archive: <https://lists.example.org/archive/%s>\r\n",
                   name, name);
}

static void
put_recipients(struct mailgen *gen, const struct mg_head *head)
{
    struct buf *const out = &gen->out;

    buf_put_lit(out, "To: ");
    if (head->thread->list >= 0)
        buf_printf(out, "%s@lists.example.org", mg_list_names[head->thread->list]);
    else if (mg_pick(gen, 64) == 0)
        buf_put_lit(out, "undisclosed-recipients:;");
    else
        put_person(gen, &gen->people[head->to]);
    buf_put_lit(out, "\r\n");
    if (head->to_count > 1) {
        buf_put_lit(out, "Cc: ");
        for (unsigned i = 1; i < head->to_count; i++) {
            buf_put_str(out, i > 1 ? ",\r\n\t" : "");
            put_person(gen, &gen->people[(head->to + i * 7) % MG_PEOPLE]);
        }
        buf_put_lit(out, "\r\n");
    }
}

/* Fields that some mail programs and filters add. */
static void
put_extras(struct mailgen *gen, const struct mg_head *head)
{
    struct buf *const out = &gen->out;
    const unsigned mailer = mg_pick(gen, 2 * ARRAY_LEN(mailers));

    if (mailer < ARRAY_LEN(mailers))
        buf_printf(out, "%s\r\n", mailers[mailer]);
    if (mailer == 0 || mailer == 4)
        buf_put_lit(out, "X-Priority: 3\r\nX-MSMail-Priority: Normal\r\n");
    if (mg_pick(gen, 10) == 0)
        buf_printf(out, "Reply-To: <%s>\r\n", gen->people[head->from].address);
    if (head->budget > 2500 && mg_pick(gen, 2) == 0)
        buf_printf(out,
                   "X-Spam-Status: No, score=-%u.%u required=5.0 tests=BAYES_00,\r\n"
                   "\tHTML_MESSAGE,RCVD_IN_DNSWL_NONE autolearn=ham version=3.4.2\r\n",
                   mg_pick(gen, 5), mg_pick(gen, 10));
    if (head->budget > 4000 && mg_pick(gen, 4) == 0)
        buf_printf(out,
                   "Authentication-Results: mx.example.com; dkim=pass header.d=%s;\r\n"
                   "\tspf=pass smtp.mailfrom=%s\r\n",
                   mg_domains[head->from % mg_domain_count], gen->sender);
}

/* Lines that are not fields, as gateways and broken programs leave them. */
static void
put_junk(struct mailgen *gen)
{
    static const char *const junk[] = {
        "From someone@example.org Tue Jan  2 03:04:05 2007\r\n",
        ">From someone@example.org Tue Jan  2 03:04:05 2007\r\n",
        "this line has no colon\r\n",
        "Subject: a second subject\r\n",
        "From: second@example.org\r\n",
        ": no name\r\n",
        "X-Space : before the colon\r\n",
        "X-Folded:\r\n \r\n\t\r\n continued\r\n",
        "Content-Type: text/plain\r\n",
        "X-Empty:\r\n",
    };

    for (unsigned i = 1 + mg_pick(gen, 3); i > 0; i--)
        buf_put_str(&gen->out, junk[mg_pick(gen, ARRAY_LEN(junk))]);
}

void
mg_put_head(struct mailgen *gen, const struct mg_head *head)
{
    struct buf *const out = &gen->out;
    const struct mg_thread *const thread = head->thread;
    /* A message without ordinary fields keeps one in two of them. */
    const unsigned keep = gen->fault == MAILGEN_MISSING_HEADERS ? mg_pick(gen, 16) : 15;

    if (gen->depth == 0)
        put_trace(gen, head);
    if (gen->fault == MAILGEN_JUNK_HEADER)
        put_junk(gen);
    if (keep & 1) {
        buf_put_lit(out, "Date: ");
        mg_put_date(gen, head->date_s);
        buf_put_lit(out, "\r\n");
    }
    if (keep & 2) {
        buf_put_lit(out, "From: ");
        if (head->bounce)
            buf_put_lit(out, "Mail Delivery System <mailer-daemon@example.com>");
        else
            put_person(gen, &gen->people[head->from]);
        buf_put_lit(out, "\r\n");
    }
    if (keep & 4)
        put_recipients(gen, head);
    if (keep & 8) {
        buf_printf(out, "Message-ID: <%s>\r\n", head->id);
        put_subject(gen, head);
    }
    if (head->reply && thread->id_count > 0)
        put_thread_ids(gen, thread);
    if (thread->list >= 0)
        put_list_fields(gen, mg_list_names[thread->list]);
    if (head->bounce)
        buf_put_lit(out, "Auto-Submitted: auto-replied\r\n");
    put_extras(gen, head);
}
