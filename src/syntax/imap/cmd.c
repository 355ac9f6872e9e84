/* SPDX-License-Identifier: MIT */
/* Tag, command word, and the way from a word to the function that parses its arguments. */
#include "syntax/imap/cmd.h"

#include "base/limits.h"
#include "syntax/imap/args.h"

static const struct {
    struct span word;
    bool (*parse)(struct imap_lexer *lx, struct imap_cmd *cmd);
} commands[IMAP_CMD_COUNT] = {
#define IMAP_CMD(id, word, parse) [IMAP_CMD_##id] = {SPAN_INIT(word), parse},
#include "syntax/imap/cmd.def"
#undef IMAP_CMD
};

struct span
imap_cmd_word(enum imap_cmd_id id)
{
    return commands[id].word;
}

/** tag = 1*<any ASTRING-CHAR except "+"> (RFC 3501 section 9). */
static bool
is_tag_char(char c)
{
    return imap_char_is(c, CHAR_ATOM | CHAR_CLOSE_BRACKET) && c != '+';
}

struct span
imap_text_tag(struct span text)
{
    size_t len = 0;

    while (len < text.len && len <= LIMIT_TAG && is_tag_char(text.ptr[len]))
        len++;
    const bool ends = len == text.len || text.ptr[len] == ' ';
    return span_head(text, ends && len <= LIMIT_TAG ? len : 0);
}

/** The command whose word text begins with; IMAP_CMD_COUNT when there is none. */
static enum imap_cmd_id
find_command(struct span text)
{
    for (int id = 0; id < IMAP_CMD_COUNT; id++) {
        const struct span word = commands[id].word;
        if (span_istarts(text, word) &&
            (text.len == word.len || !imap_char_is(text.ptr[word.len], CHAR_ATOM)))
            return (enum imap_cmd_id)id;
    }
    return IMAP_CMD_COUNT;
}

enum rc
imap_head_parse(struct span text, struct imap_head *head_out, const char **bad_out)
{
    const struct span tag = imap_text_tag(text);

    if (tag.len == 0) {
        *bad_out = text.len == 0 ? "Empty command line" : "A command begins with a tag";
        return RC_INVALID;
    }
    const struct span rest = span_tail(text, tag.len + 1);
    if (rest.len == 0) {
        *bad_out = "A command word is missing after the tag";
        return RC_INVALID;
    }
    const enum imap_cmd_id id = find_command(rest);
    if (id == IMAP_CMD_COUNT) {
        *bad_out = span_istarts(rest, SPAN("UID ")) ? "Unknown UID command" : "Unknown command";
        return RC_INVALID;
    }
    *head_out = (struct imap_head){
        .tag = tag,
        .id = id,
        .args = span_tail(rest, commands[id].word.len),
    };
    return RC_OK;
}

enum rc
imap_args_parse(const struct imap_head *head, enum mbox_wire wire, struct arena *arena,
                struct imap_cmd *cmd_out, const char **bad_out)
{
    struct imap_cmd cmd = {.tag = head->tag, .id = head->id};
    struct imap_lexer lx = {
        .at = head->args.ptr,
        .end = head->args.ptr + head->args.len,
        .arena = arena,
        .wire = wire,
    };

    if (commands[head->id].parse(&lx, &cmd)) {
        while (lex_take(&lx, ' '))
            continue;
        if (lx.at == lx.end) {
            *cmd_out = cmd;
            return RC_OK;
        }
        (void)lex_bad(&lx, "There is more after the end of the command");
    }
    *bad_out = lx.bad;
    return lx.rc;
}

enum rc
imap_fetch_list_parse(struct span text, struct arena *arena, struct imap_fetch_req *req_out)
{
    struct imap_lexer lx = {.at = text.ptr, .end = text.ptr + text.len, .arena = arena};

    *req_out = (struct imap_fetch_req){.item_count = 0};
    if (!imap_args_fetch_list(&lx, req_out))
        return lx.rc;
    return lx.at == lx.end ? RC_OK : RC_INVALID;
}

enum rc
imap_criteria_parse(struct span text, enum mbox_wire wire, struct arena *arena,
                    struct imap_search_req *req_out)
{
    struct imap_lexer lx = {
        .at = text.ptr, .end = text.ptr + text.len, .arena = arena, .wire = wire};

    *req_out = (struct imap_search_req){.find = IMAP_FIND_SEARCH};
    if (!imap_args_criteria(&lx, req_out))
        return lx.rc;
    return lx.at == lx.end ? RC_OK : RC_INVALID;
}

bool
imap_line_is_done(struct span line)
{
    return span_ieq(span_trim(line), SPAN("DONE")) && line.len > 0 &&
           ascii_lower(line.ptr[0]) == 'd';
}
