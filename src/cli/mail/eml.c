/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "cli/mail/eml.h"

#include "syntax/mail/header.h"
#include "syntax/mail/rfc5322_date.h"

enum { LINES_LOOKED_AT = 200, HEAD_OCTETS = 64 << 10 };

/* Received ends with "; date-time" (RFC 5322 section 3.6.7). */
static bool
received_date(struct span value, int64_t *date_out)
{
    struct rfc5322_date date;

    for (size_t at = value.len; at > 0; at--) {
        if (value.ptr[at - 1] != ';')
            continue;
        if (!rfc5322_date_parse(span_tail(value, at), &date))
            return false;
        *date_out = date.epoch_s;
        return true;
    }
    return false;
}

bool
eml_date(struct span text, int64_t *date_out)
{
    struct header_iter iter;
    struct header_field field;
    struct rfc5322_date date;
    bool has_date = false;

    header_iter_init(&iter, span_head(text, header_size(text)));
    while (header_next(&iter, &field)) {
        if (span_ieq(field.name, SPAN("Received")) && received_date(field.value, date_out))
            return true;
        if (!has_date && span_ieq(field.name, SPAN("Date")))
            has_date = rfc5322_date_parse(field.value, &date);
    }
    if (has_date)
        *date_out = date.epoch_s;
    return has_date;
}

static bool
is_known_field(struct span name)
{
    static const char *const names[] = {"From",
                                        "To",
                                        "Cc",
                                        "Bcc",
                                        "Subject",
                                        "Date",
                                        "Sender",
                                        "Reply-To",
                                        "Message-ID",
                                        "Received",
                                        "Return-Path",
                                        "References",
                                        "MIME-Version",
                                        "X-UID",
                                        "Delivered-To",
                                        "Envelope-To",
                                        "X-Mailer",
                                        "In-Reply-To",
                                        "List-Id",
                                        "DKIM-Signature",
                                        "X-Mozilla-Status"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (span_ieq_str(name, names[i]))
            return true;
    return false;
}

bool
eml_is_message(struct span text, enum eml_proof proof)
{
    struct span head = span_head(text, HEAD_OCTETS);

    /* Junk before the first field is tolerated (RFC 7103 section 7). */
    for (int i = 0; head.len > 0 && i < LINES_LOOKED_AT; i++) {
        const ptrdiff_t eol = span_find_char(head, '\n');
        const struct span line = span_head(head, eol < 0 ? head.len : (size_t)eol + 1);
        struct span name = SPAN("");
        if (header_line_kind(line.ptr, line.ptr + line.len, &name) == HEADER_LINE_FIELD &&
            (proof == EML_ANY_FIELD || is_known_field(name)))
            return true;
        head = span_tail(head, line.len);
    }
    return false;
}
