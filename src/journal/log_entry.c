/* SPDX-License-Identifier: MIT */
/* The table of log entries as data, and the manual page made from it. Pure; any thread. */
#include "journal/log_entry.h"

#include "base/check.h"
#include "journal/end_reason.h"

static const struct log_entry_info table[LOG_ENTRY_COUNT] = {
#define LOG_ENTRY(name, number, level, text, meaning)                                          \
    [LOG_E_##name] = {number, LOG_##level, text, meaning},
#include "journal/log_entry.def"
#undef LOG_ENTRY
};

const struct log_entry_info *
log_entry_info(enum log_entry entry)
{
    CHECK((unsigned)entry < LOG_ENTRY_COUNT);
    return &table[entry];
}

static const char preface[] =
    "<!-- Generated from src/journal/log_entry.def and end_reason.def; do not edit. -->\n"
    "# Log entries and end reasons\n"
    "\n"
    "## The transaction log\n"
    "\n"
    "One line an entry, in `DIR/log/roost-YYYY-MM-DD.log`:\n"
    "\n"
    "    IMAP 12:24:17.921 A 06157 1 0003 SELECT \"INBOX\"\n"
    "\n"
    "service (`ROOST`: the server itself), local time, level, entry number, session number (0: "
    "no\n"
    "session), text. Levels: `A` protocol lines, `P` progress, `S` statistics, `F` failures; "
    "the\n"
    "default is `SF`. They can be set for each service and for each account while the server "
    "runs\n"
    "(`roost log`).\n"
    "\n"
    "Lines are never folded. Control octets and octets that are not UTF-8 are shown as "
    "`\\xNN`,\n"
    "texts are cut at 2000 octets and then end in ` ...(+N)`. Flags are shown as on the wire, "
    "with their\n"
    "backslash. Passwords, SASL data, literals and the text of mail are never shown; `***` "
    "stands where they\n"
    "were. Numbers are never reused. 06050, 06157, 06266, 06392 and 06483 mean the same as in "
    "the\n"
    "log of the GMS mail server, whose format this is.\n"
    "\n"
    "| number | level | text | meaning |\n"
    "|---|---|---|---|\n";

static const char interlude[] =
    "\n"
    "## End reasons\n"
    "\n"
    "Every session ends for one of these. The code is in log entry 07001 and in the journal; "
    "where\n"
    "the peer can be told, it is told the words in quotation marks (`* BYE` in IMAP, 221 or "
    "421 in\n"
    "LMTP), or the administrator's own.\n"
    "\n"
    "| code | ended by | sentence | told to the peer | what to do |\n"
    "|---|---|---|---|---|\n";

void
log_entry_manual(struct buf *buf)
{
    buf_put(buf, preface, sizeof preface - 1);
    for (unsigned i = 0; i < LOG_ENTRY_COUNT; i++)
        buf_printf(buf, "| %05u | %c | `%s` | %s |\n", table[i].number,
                   log_level_letter(table[i].level), table[i].text, table[i].meaning);
    buf_put(buf, interlude, sizeof interlude - 1);
    for (unsigned i = END_NONE + 1; i < END_REASON_COUNT; i++) {
        const struct end_reason_info *info = end_reason_info((enum end_reason)i);
        buf_printf(buf, "| `%s` | %s | %s | ", info->code, end_who_name(info->who),
                   info->sentence);
        if (info->resp_code[0] != '\0')
            buf_printf(buf, "[%s] ", info->resp_code);
        if (info->bye[0] != '\0')
            buf_printf(buf, "\"%s\"", info->bye);
        buf_printf(buf, " | %s |\n", info->remedy);
    }
}
