/* SPDX-License-Identifier: MIT */
/* Services and levels: names, parsing, printing. Pure; any thread. */
#include "journal/log_levels.h"

#include <stdbool.h>
#include <string.h>

static const char *const service_names[LOG_SERVICE_COUNT] = {
    [LOG_SERVER] = "ROOST", [LOG_IMAP] = "IMAP", [LOG_LMTP] = "LMTP",
    [LOG_ADMIN] = "ADMIN",  [LOG_WEB] = "WEB",   [LOG_POLICY] = "POLICY",
};

static const char letters[] = "APSF"; /* in the order of the bits */

const char *
log_service_name(enum log_service service)
{
    return service_names[service];
}

enum log_service
log_service_of_name(struct span name)
{
    unsigned i = 0;

    while (i < LOG_SERVICE_COUNT && !span_ieq_str(name, service_names[i]))
        i++;
    return (enum log_service)i;
}

char
log_level_letter(enum log_level level)
{
    return letters[__builtin_ctz((unsigned)level)];
}

void
log_levels_default(struct log_levels *out)
{
    memset(out->of, LOG_LEVELS_DEFAULT, sizeof out->of);
}

/* Parses "APSF" or "none" into bits. */
static enum rc
parse_letters(struct span word, uint8_t *bits_out, struct err *err)
{
    unsigned bits = 0;

    if (!span_ieq_str(word, "none")) {
        for (size_t i = 0; i < word.len; i++) {
            const char *at = memchr(letters, ascii_upper(word.ptr[i]), sizeof letters - 1);
            if (at == NULL)
                return err_set(
                    err, RC_INVALID, 0,
                    "\"%.*s\" is not a set of log levels; the letters are A "
                    "(protocol lines), P (progress), S (statistics), F (failures), or "
                    "\"none\"",
                    SPAN_FMT(span_head(word, 40)));
            bits |= 1u << (at - letters);
        }
    }
    *bits_out = (uint8_t)bits;
    return RC_OK;
}

static enum rc
parse_word(struct span word, struct log_levels *levels, struct err *err)
{
    const ptrdiff_t colon = span_find_char(word, ':');
    uint8_t bits = 0;

    if (colon < 0) {
        const enum rc rc = parse_letters(word, &bits, err);
        for (unsigned i = 0; i < LOG_SERVICE_COUNT; i++)
            levels->of[i] |= bits;
        return rc;
    }
    const struct span name = span_head(word, (size_t)colon);
    const enum log_service service = log_service_of_name(name);
    if (service == LOG_SERVICE_COUNT)
        return err_set(
            err, RC_INVALID, 0,
            "\"%.*s\" is not a service of the log; these are roost, imap, lmtp, admin, web, "
            "policy",
            SPAN_FMT(span_head(name, 40)));
    const enum rc rc = parse_letters(span_tail(word, (size_t)colon + 1), &bits, err);
    levels->of[service] = bits;
    return rc;
}

static bool
is_separator(char c)
{
    return c == ' ' || c == ',' || c == '\t';
}

/* Takes the next word. False: the end. */
static bool
next_word(struct span *text, struct span *word_out)
{
    size_t at = 0;

    while (at < text->len && is_separator(text->ptr[at]))
        at++;
    *text = span_tail(*text, at);
    for (at = 0; at < text->len && !is_separator(text->ptr[at]);)
        at++;
    *word_out = span_head(*text, at);
    *text = span_tail(*text, at);
    return at > 0;
}

enum rc
log_levels_parse(struct span text, struct log_levels *out, struct err *err)
{
    struct log_levels levels = {0};
    struct span word;

    /* Words for all services are applied first, wherever they stand, and those for single
     * services override them. */
    for (int own = 0; own < 2; own++) {
        struct span rest = text;
        while (next_word(&rest, &word)) {
            if ((span_find_char(word, ':') >= 0) != (own == 1))
                continue;
            const enum rc rc = parse_word(word, &levels, err);
            if (rc != RC_OK)
                return rc;
        }
    }
    *out = levels;
    return RC_OK;
}

static void
print_bits(uint8_t bits, struct buf *buf)
{
    if (bits == 0)
        buf_put_lit(buf, "none");
    for (unsigned i = 0; i < sizeof letters - 1; i++)
        if (bits & (1u << i))
            buf_put_char(buf, letters[i]);
}

void
log_levels_print(const struct log_levels *levels, struct buf *buf)
{
    uint8_t common = levels->of[0];
    unsigned best = 0;

    for (unsigned i = 0; i < LOG_SERVICE_COUNT; i++) {
        unsigned same = 0;
        for (unsigned j = 0; j < LOG_SERVICE_COUNT; j++)
            same += levels->of[j] == levels->of[i];
        if (same > best) {
            best = same;
            common = levels->of[i];
        }
    }
    print_bits(common, buf);
    for (unsigned i = 0; i < LOG_SERVICE_COUNT; i++) {
        if (levels->of[i] == common)
            continue;
        buf_put_char(buf, ' ');
        for (const char *c = service_names[i]; *c != '\0'; c++)
            buf_put_char(buf, ascii_lower(*c));
        buf_put_char(buf, ':');
        print_bits(levels->of[i], buf);
    }
}
