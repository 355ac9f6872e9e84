/* SPDX-License-Identifier: MIT */
/*
 * MIME shapes: each writes its Content fields, the empty line and a body of about the given
 * size. Text gets what the structure leaves; in large messages the attachment gets nearly
 * everything.
 */
#include "bench/mailgen_private.h"

#include <stdio.h>

enum { TEXT_OCTETS_MAX = 24000 }; /* people rarely write more; the rest is attached */

static const struct {
    const char *type;
    const char *extension;
} attachment_types[] = {
    {"application/pdf", "pdf"},
    {"image/jpeg", "jpg"},
    {"image/png", "png"},
    {"application/zip", "zip"},
    {"application/msword", "doc"},
    {"application/octet-stream", "bin"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"},
    {"audio/x-wav", "wav"},
};

enum mg_lang
mg_lang_draw(struct mailgen *gen)
{
    static const unsigned char percent[MG_LANGS] = {60, 11, 8, 8, 4, 4, 2, 3};
    unsigned r = mg_pick(gen, 100);

    for (unsigned lang = 0; lang < MG_LANGS; lang++) {
        if (r < percent[lang])
            return (enum mg_lang)lang;
        r -= percent[lang];
    }
    return MG_ENGLISH;
}

static enum mg_charset
charset_draw(struct mailgen *gen, enum mg_lang lang)
{
    for (;;) {
        const enum mg_charset charset = (enum mg_charset)mg_pick(gen, MG_CHARSETS);
        /* Half of all text is UTF-8 if another charset is also common for the language. */
        if (mg_pick(gen, 3) == 0)
            return lang == MG_ENGLISH && mg_pick(gen, 2) ? MG_ASCII : MG_UTF8;
        if (gen->words[lang][charset].count > 0)
            return charset;
    }
}

struct mg_voice
mg_voice_draw(struct mailgen *gen, enum mg_lang lang)
{
    const enum mg_charset charset = charset_draw(gen, lang);
    const unsigned r = mg_pick(gen, 10);
    enum mg_cte cte;

    if (charset == MG_ISO2022JP)
        cte = MG_7BIT;
    else if (lang == MG_ENGLISH)
        cte = r < 7 ? MG_7BIT : MG_QP;
    else if (charset <= MG_CP1252)
        cte = r < 4 ? MG_8BIT : r < 8 ? MG_QP : MG_BASE64;
    else
        cte = r < 5 ? MG_8BIT : r < 6 ? MG_QP : MG_BASE64;
    return (struct mg_voice){lang, charset, cte, &gen->words[lang][charset]};
}

static const char *
cte_name(enum mg_cte cte)
{
    static const char *const names[] = {"7bit", "8bit", "quoted-printable", "base64"};

    return names[cte];
}

static const char *
label_of(struct mailgen *gen, const struct mg_voice *voice)
{
    static const char *const lies[] = {"us-ascii",     "utf-8",  "iso-8859-1", "x-unknown",
                                       "unknown-8bit", "gb2312", "utf-16",     "",
                                       "iso-2022-kr"};

    if (gen->fault == MAILGEN_LYING_CHARSET)
        return lies[mg_pick(gen, ARRAY_LEN(lies))];
    return mg_charset_names[voice->charset];
}

static void
put_text_fields(struct mailgen *gen, const char *type, const struct mg_voice *voice)
{
    struct buf *const out = &gen->out;

    if (gen->fault == MAILGEN_BAD_CONTENT_TYPE) {
        static const char *const bad[] = {
            "text",
            "text/",
            "/plain",
            "text/plain; charset",
            "text/plain; =utf-8; ;",
            "text/plain; charset=\"utf-8",
            "text plain",
            "",
        };
        buf_printf(out, "Content-Type: %s\r\nContent-Transfer-Encoding: %s\r\n",
                   bad[mg_pick(gen, ARRAY_LEN(bad))],
                   mg_pick(gen, 2) ? "16bit" : "uuencode; x=y");
        return;
    }
    const char *const label = label_of(gen, voice);
    switch (mg_pick(gen, 4)) {
    case 0:
        buf_printf(out, "Content-Type: %s; charset=\"%s\"", type, label);
        break;
    case 1:
        buf_printf(out, "Content-Type: %s;\r\n\tcharset=%s;\r\n\tformat=flowed", type, label);
        break;
    default:
        buf_printf(out, "Content-Type: %s; charset=%s", type, label);
    }
    buf_put_lit(out, "\r\n");
    if (voice->cte != MG_7BIT || mg_pick(gen, 2))
        buf_printf(out, "Content-Transfer-Encoding: %s\r\n", cte_name(voice->cte));
}

static void
put_text_part(struct mailgen *gen, const char *type, const struct mg_voice *voice,
              enum mg_text_kind kind, size_t octets)
{
    put_text_fields(gen, type, voice);
    buf_put_lit(&gen->out, "\r\n");
    mg_put_text(gen, voice, kind, octets);
}

static struct mg_boundary
boundary_draw(struct mailgen *gen)
{
    const unsigned long long a = rng_u64(&gen->rng);
    struct mg_boundary b;

    switch (mg_pick(gen, 5)) {
    case 0:
        snprintf(b.text, sizeof b.text, "----=_Part_%llu_%llu.%llu", a % 100000, a >> 44,
                 a % 9999991);
        break;
    case 1:
        snprintf(b.text, sizeof b.text, "----=_NextPart_000_%04llX_%016llX", a % 65536, a);
        break;
    case 2:
        snprintf(b.text, sizeof b.text, "Apple-Mail=_%08llX-%016llX", a >> 32, a);
        break;
    case 3:
        snprintf(b.text, sizeof b.text, "===============%019llu==", a);
        break;
    default:
        snprintf(b.text, sizeof b.text, "%028llx", a);
    }
    return b;
}

/* Content-Type of a multipart, and the empty line when it is the message's own. */
static void
open_multipart(struct mailgen *gen, const char *subtype, const char *params,
               const struct mg_boundary *boundary)
{
    if (gen->fault == MAILGEN_NO_BOUNDARY_PARAM)
        buf_printf(&gen->out, "Content-Type: multipart/%s%s\r\n\r\n", subtype, params);
    else
        buf_printf(&gen->out, "Content-Type: multipart/%s%s;\r\n\tboundary=\"%s\"\r\n\r\n",
                   subtype, params, boundary->text);
}

static void
next_part(struct mailgen *gen, const struct mg_boundary *boundary)
{
    buf_printf(&gen->out, "\r\n--%s\r\n", boundary->text);
}

static void
close_multipart(struct mailgen *gen, const struct mg_boundary *boundary)
{
    if (gen->fault != MAILGEN_NO_FINAL_BOUNDARY)
        buf_printf(&gen->out, "\r\n--%s--\r\n", boundary->text);
}

static size_t
minus(size_t octets, size_t overhead)
{
    return octets > overhead + 80 ? octets - overhead : 80;
}

static void
put_attachment(struct mailgen *gen, const char *disposition, const char *content_id,
               size_t octets)
{
    struct buf *const out = &gen->out;
    const unsigned which = mg_pick(gen, ARRAY_LEN(attachment_types));
    const char *const extension = attachment_types[which].extension;
    const unsigned number = mg_pick(gen, 10000);

    buf_printf(out, "Content-Type: %s;\r\n\tname=\"file%u.%s\"\r\n",
               attachment_types[which].type, number, extension);
    buf_put_lit(out, "Content-Transfer-Encoding: base64\r\n");
    if (content_id != NULL)
        buf_printf(out, "Content-ID: <%s>\r\n", content_id);
    if (mg_pick(gen, 5) == 0) /* RFC 2231 */
        buf_printf(out,
                   "Content-Disposition: %s;\r\n\tfilename*=utf-8''%%C3%%9Cbersicht%u.%s\r\n",
                   disposition, number, extension);
    else
        buf_printf(out, "Content-Disposition: %s;\r\n\tfilename=\"file%u.%s\"\r\n", disposition,
                   number, extension);
    buf_put_lit(out, "\r\n");
    mg_put_base64_noise(gen, minus(octets, 210));
}

static void
shape_alternative(struct mailgen *gen, const struct mg_head *head, size_t octets)
{
    const struct mg_boundary boundary = boundary_draw(gen);
    const size_t text = minus(octets, 420) * 3 / 10;

    open_multipart(gen, "alternative", "", &boundary);
    if (mg_pick(gen, 4) == 0)
        buf_put_lit(&gen->out, "This is a multi-part message in MIME format.\r\n");
    next_part(gen, &boundary);
    put_text_part(gen, "text/plain", &head->voice, MG_TEXT_PLAIN, text);
    next_part(gen, &boundary);
    put_text_part(gen, "text/html", &head->voice, MG_TEXT_HTML, minus(octets, 420) - text);
    close_multipart(gen, &boundary);
}

static void
shape_mixed(struct mailgen *gen, const struct mg_head *head, size_t octets)
{
    const struct mg_boundary boundary = boundary_draw(gen);
    const size_t room = minus(octets, 300);
    size_t text = room / 5;

    if (text > TEXT_OCTETS_MAX)
        text = 200 + mg_pick(gen, TEXT_OCTETS_MAX);
    open_multipart(gen, "mixed", "", &boundary);
    next_part(gen, &boundary);
    if (text > 1500 && mg_pick(gen, 2))
        shape_alternative(gen, head, text);
    else
        put_text_part(gen, "text/plain", &head->voice, MG_TEXT_PLAIN, text);
    const unsigned files = room > 20000 && mg_pick(gen, 3) == 0 ? 2 + mg_pick(gen, 3) : 1;
    for (unsigned i = 0; i < files; i++) {
        next_part(gen, &boundary);
        put_attachment(gen, "attachment", NULL, (room - text) / files);
    }
    close_multipart(gen, &boundary);
}

static void
shape_related(struct mailgen *gen, const struct mg_head *head, size_t octets)
{
    const struct mg_boundary boundary = boundary_draw(gen);
    const size_t room = minus(octets, 420);
    size_t text = room / 3;
    char content_id[64];

    if (text > TEXT_OCTETS_MAX)
        text = TEXT_OCTETS_MAX;
    open_multipart(gen, "related", "; type=\"text/html\"", &boundary);
    next_part(gen, &boundary);
    put_text_part(gen, "text/html", &head->voice, MG_TEXT_HTML, text);
    next_part(gen, &boundary);
    snprintf(content_id, sizeof content_id, "image%u.%u@example.com", mg_pick(gen, 99),
             mg_pick(gen, 60000));
    put_attachment(gen, "inline", content_id, room - text);
    close_multipart(gen, &boundary);
}

static void
shape_signed(struct mailgen *gen, const struct mg_head *head, size_t octets)
{
    const struct mg_boundary boundary = boundary_draw(gen);
    const bool smime = mg_pick(gen, 2) == 0;
    const size_t signature = smime ? 2200 : 560;
    struct buf *const out = &gen->out;

    open_multipart(gen, "signed",
                   smime ? "; protocol=\"application/pkcs7-signature\"; micalg=\"sha-256\""
                         : "; micalg=pgp-sha256;\r\n\tprotocol=\"application/pgp-signature\"",
                   &boundary);
    next_part(gen, &boundary);
    put_text_part(gen, "text/plain", &head->voice, MG_TEXT_PLAIN,
                  minus(octets, signature + 560));
    next_part(gen, &boundary);
    if (smime) {
        buf_put_lit(out, "Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n"
                         "Content-Transfer-Encoding: base64\r\n"
                         "Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n");
        mg_put_base64_noise(gen, signature);
    } else {
        buf_put_lit(out, "Content-Type: application/pgp-signature; name=\"signature.asc\"\r\n"
                         "Content-Description: OpenPGP digital signature\r\n\r\n"
                         "-----BEGIN PGP SIGNATURE-----\r\n\r\n");
        mg_put_base64_noise(gen, signature);
        buf_put_lit(out, "-----END PGP SIGNATURE-----\r\n");
    }
    close_multipart(gen, &boundary);
}

/* The head of a message inside: another person, same conversation. */
static struct mg_head
inner_head(struct mailgen *gen, const struct mg_head *head, size_t octets)
{
    struct mg_head inner = *head;

    inner.from = mg_pick(gen, MG_PEOPLE);
    inner.to = head->from;
    inner.to_count = 1;
    inner.reply = false;
    inner.bounce = false;
    inner.date_s = head->date_s - 60 - mg_pick(gen, 60000);
    inner.budget = octets < 1500 ? octets : 1500;
    inner.voice = mg_voice_draw(gen, head->voice.lang);
    return inner;
}

/* Head and body of a whole message inside another. */
static void
put_inner_message(struct mailgen *gen, const struct mg_head *head, size_t octets)
{
    const struct mg_head inner = inner_head(gen, head, octets);
    const size_t start = buf_len(&gen->out);
    enum mailgen_shape shape = MAILGEN_PLAIN;

    if (octets > 40000)
        shape = MAILGEN_MIXED;
    else if (octets > 2500 && gen->depth < 3)
        shape = (enum mailgen_shape)mg_pick(gen, MAILGEN_FORWARD + 1);
    gen->depth++;
    mg_put_head(gen, &inner);
    buf_put_lit(&gen->out, "MIME-Version: 1.0\r\n");
    mg_put_shape(gen, shape, &inner, minus(octets, buf_len(&gen->out) - start));
    gen->depth--;
}

static void
shape_forward(struct mailgen *gen, const struct mg_head *head, size_t octets)
{
    const struct mg_boundary boundary = boundary_draw(gen);
    const size_t room = minus(octets, 300);

    open_multipart(gen, "mixed", "", &boundary);
    next_part(gen, &boundary);
    put_text_part(gen, "text/plain", &head->voice, MG_TEXT_PLAIN, room / 8);
    next_part(gen, &boundary);
    buf_put_lit(&gen->out,
                "Content-Type: message/rfc822\r\nContent-Disposition: inline\r\n\r\n");
    put_inner_message(gen, head, room - room / 8);
    close_multipart(gen, &boundary);
}

static void
shape_report(struct mailgen *gen, const struct mg_head *head, size_t octets)
{
    const struct mg_boundary boundary = boundary_draw(gen);
    const char *const address = gen->people[head->from].address;
    struct buf *const out = &gen->out;
    const struct mg_voice voice = {MG_ENGLISH, MG_ASCII, MG_7BIT,
                                   &gen->words[MG_ENGLISH][MG_ASCII]};

    open_multipart(gen, "report", "; report-type=delivery-status", &boundary);
    next_part(gen, &boundary);
    put_text_part(gen, "text/plain", &voice, MG_TEXT_PLAIN, 300);
    next_part(gen, &boundary);
    buf_put_lit(out, "Content-Description: Delivery report\r\n"
                     "Content-Type: message/delivery-status\r\n\r\n"
                     "Reporting-MTA: dns; mail.example.com\r\n"
                     "X-Postfix-Queue-ID: 4F2C1A0B9D\r\nArrival-Date: ");
    mg_put_date(gen, head->date_s - 30);
    buf_printf(out,
               "\r\n\r\nFinal-Recipient: rfc822; %s\r\nOriginal-Recipient: rfc822;%s\r\n"
               "Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.example.net\r\n"
               "Diagnostic-Code: smtp; 550 5.1.1 <%s>: unknown user\r\n",
               address, address, address);
    next_part(gen, &boundary);
    if (octets < 2200) {
        const struct mg_head inner = inner_head(gen, head, 400);
        buf_put_lit(out, "Content-Type: text/rfc822-headers\r\n\r\n");
        gen->depth++;
        mg_put_head(gen, &inner);
        gen->depth--;
    } else {
        buf_put_lit(out, "Content-Description: Undelivered message\r\n"
                         "Content-Type: message/rfc822\r\n\r\n");
        put_inner_message(gen, head, minus(octets, 1250));
    }
    close_multipart(gen, &boundary);
}

static void
shape_calendar(struct mailgen *gen, const struct mg_head *head, size_t octets)
{
    const struct mg_boundary boundary = boundary_draw(gen);
    struct buf *const out = &gen->out;

    open_multipart(gen, "alternative", "", &boundary);
    next_part(gen, &boundary);
    put_text_part(gen, "text/plain", &head->voice, MG_TEXT_PLAIN, minus(octets, 1000));
    next_part(gen, &boundary);
    buf_put_lit(out, "Content-Type: text/calendar; charset=utf-8; method=REQUEST\r\n"
                     "Content-Transfer-Encoding: 7bit\r\n\r\n"
                     "BEGIN:VCALENDAR\r\nPRODID:-//Example//Calendar//EN\r\nVERSION:2.0\r\n"
                     "METHOD:REQUEST\r\nBEGIN:VEVENT\r\n");
    buf_printf(out, "UID:%016llx@example.com\r\nDTSTART:2019%02u%02uT%02u0000Z\r\nSUMMARY:",
               (unsigned long long)rng_u64(&gen->rng), 1 + mg_pick(gen, 12),
               1 + mg_pick(gen, 28), 7 + mg_pick(gen, 12));
    mg_put_words(gen, out, &gen->words[MG_ENGLISH][MG_ASCII], 4);
    buf_printf(out, "\r\nDURATION:PT1H\r\nORGANIZER:mailto:%s\r\n",
               gen->people[head->from].address);
    for (unsigned i = mg_pick(gen, 5); i > 0; i--)
        buf_printf(out, "ATTENDEE;RSVP=TRUE;PARTSTAT=NEEDS-ACTION:\r\n mailto:%s\r\n",
                   gen->people[mg_pick(gen, MG_PEOPLE)].address);
    buf_put_lit(out, "SEQUENCE:0\r\nSTATUS:CONFIRMED\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    close_multipart(gen, &boundary);
}

/* RFC 2046 section 5.1.5: parts default to message/rfc822. */
static void
shape_digest(struct mailgen *gen, const struct mg_head *head, size_t octets)
{
    const struct mg_boundary outer = boundary_draw(gen);
    const struct mg_boundary inner = boundary_draw(gen);
    const size_t room = minus(octets, 700);
    const size_t count = 2 + room / 3000 < 30 ? 2 + room / 3000 : 30;

    open_multipart(gen, "mixed", "", &outer);
    next_part(gen, &outer);
    put_text_part(gen, "text/plain", &head->voice, MG_TEXT_PLAIN, 300);
    next_part(gen, &outer);
    open_multipart(gen, "digest", "", &inner);
    for (size_t i = 0; i < count; i++) {
        next_part(gen, &inner);
        buf_put_str(&gen->out, i % 2 ? "\r\n" : "Content-Type: message/rfc822\r\n\r\n");
        put_inner_message(gen, head, room / count);
    }
    close_multipart(gen, &inner);
    close_multipart(gen, &outer);
}

void
mg_put_shape(struct mailgen *gen, enum mailgen_shape shape, const struct mg_head *head,
             size_t octets)
{
    switch (shape) {
    case MAILGEN_PLAIN:
        put_text_part(gen, "text/plain", &head->voice,
                      head->reply ? MG_TEXT_QUOTING : MG_TEXT_PLAIN, minus(octets, 90));
        break;
    case MAILGEN_HTML:
        put_text_part(gen, "text/html", &head->voice, MG_TEXT_HTML, minus(octets, 90));
        break;
    case MAILGEN_ALTERNATIVE:
        shape_alternative(gen, head, octets);
        break;
    case MAILGEN_MIXED:
        shape_mixed(gen, head, octets);
        break;
    case MAILGEN_RELATED:
        shape_related(gen, head, octets);
        break;
    case MAILGEN_SIGNED:
        shape_signed(gen, head, octets);
        break;
    case MAILGEN_FORWARD:
        shape_forward(gen, head, octets);
        break;
    case MAILGEN_REPORT:
        shape_report(gen, head, octets);
        break;
    case MAILGEN_CALENDAR:
        shape_calendar(gen, head, octets);
        break;
    case MAILGEN_DIGEST:
    case MAILGEN_SHAPES:
        shape_digest(gen, head, octets);
        break;
    }
}
