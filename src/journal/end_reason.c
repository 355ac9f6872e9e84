/* SPDX-License-Identifier: MIT */
/* The table of end reasons as data. Pure; any thread. */
#include "journal/end_reason.h"

#include "base/check.h"

/* Names in the table, spelled as its rows spell them. */
enum {
    CLIENT = END_BY_CLIENT,
    SERVER = END_BY_SERVER,
    NETWORK = END_BY_NETWORK,
    ADMIN = END_BY_ADMIN,
    ORDINARY = END_ORDINARY,
    TROUBLE = END_TROUBLE,
};

static const struct end_reason_info table[END_REASON_COUNT] = {
    [END_NONE] = {"none", END_BY_SERVER, END_TROUBLE, "", "", "", "", "It has not ended.", ""},
#define END_REASON(name, code, who, kind, removal, bye, resp_code, status, sentence, remedy)   \
    [END_##name] = {(code),                                                                    \
                    (enum end_who)(who),                                                       \
                    (enum end_kind)(kind),                                                     \
                    (removal),                                                                 \
                    (bye),                                                                     \
                    (resp_code),                                                               \
                    (status),                                                                  \
                    (sentence),                                                                \
                    (remedy)},
#include "journal/end_reason.def"
#undef END_REASON
};

const struct end_reason_info *
end_reason_info(enum end_reason reason)
{
    CHECK((unsigned)reason < END_REASON_COUNT);
    return &table[reason];
}

enum end_reason
end_reason_of_code(struct span code)
{
    for (unsigned i = END_NONE + 1; i < END_REASON_COUNT; i++)
        if (span_eq_str(code, table[i].code))
            return (enum end_reason)i;
    return END_NONE;
}

const char *
end_who_name(enum end_who who)
{
    static const char *const names[] = {"client", "server", "network", "administrator"};

    return names[who];
}

void
end_reason_manual(struct buf *buf)
{
    buf_put_lit(buf, "| reason | ended by | what happened | what to do |\n|---|---|---|---|\n");
    for (unsigned i = END_NONE + 1; i < END_REASON_COUNT; i++) {
        const struct end_reason_info *info = end_reason_info((enum end_reason)i);
        buf_printf(buf, "| `%s` | %s | %s | %s |\n", info->code, end_who_name(info->who),
                   info->sentence, info->remedy[0] == '\0' ? "Nothing." : info->remedy);
    }
}
