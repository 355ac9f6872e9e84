/* SPDX-License-Identifier: MIT */
/* Takes apart one protocol line of a foreign log. Pure; has a fuzz target of its own. */
#include "journal/foreign/imap_line.h"

#include "base/limits.h"

/* Commands whose arguments contain no secrets, no mail and no search terms. */
static const struct {
    const char *name;
    enum imap_shows shows;
} commands[] = {
    {"APPEND", SHOW_NAME},      {"AUTHENTICATE", SHOW_LOGIN}, {"CAPABILITY", SHOW_NAME},
    {"CHECK", SHOW_NAME},       {"CLOSE", SHOW_NAME},         {"COMPRESS", SHOW_ARGS},
    {"COPY", SHOW_ARGS},        {"CREATE", SHOW_ARGS},        {"DELETE", SHOW_ARGS},
    {"DELETEACL", SHOW_NAME},   {"ENABLE", SHOW_ARGS},        {"EXAMINE", SHOW_ARGS},
    {"EXPUNGE", SHOW_NAME},     {"FETCH", SHOW_ARGS},         {"GETACL", SHOW_NAME},
    {"GETMETADATA", SHOW_NAME}, {"GETQUOTA", SHOW_NAME},      {"GETQUOTAROOT", SHOW_NAME},
    {"ID", SHOW_NAME},          {"IDLE", SHOW_NAME},          {"LIST", SHOW_ARGS},
    {"LISTRIGHTS", SHOW_NAME},  {"LOGIN", SHOW_LOGIN},        {"LOGOUT", SHOW_NAME},
    {"LSUB", SHOW_ARGS},        {"MOVE", SHOW_ARGS},          {"MYRIGHTS", SHOW_NAME},
    {"NAMESPACE", SHOW_NAME},   {"NOOP", SHOW_NAME},          {"NOTIFY", SHOW_NAME},
    {"RENAME", SHOW_ARGS},      {"SEARCH", SHOW_NAME},        {"SELECT", SHOW_ARGS},
    {"SETACL", SHOW_NAME},      {"SETMETADATA", SHOW_NAME},   {"SETQUOTA", SHOW_NAME},
    {"SORT", SHOW_NAME},        {"STARTTLS", SHOW_NAME},      {"STATUS", SHOW_ARGS},
    {"STORE", SHOW_ARGS},       {"SUBSCRIBE", SHOW_ARGS},     {"THREAD", SHOW_NAME},
    {"UID COPY", SHOW_ARGS},    {"UID EXPUNGE", SHOW_ARGS},   {"UID FETCH", SHOW_ARGS},
    {"UID MOVE", SHOW_ARGS},    {"UID SEARCH", SHOW_NAME},    {"UID SORT", SHOW_NAME},
    {"UID STORE", SHOW_ARGS},   {"UID THREAD", SHOW_NAME},    {"UNSELECT", SHOW_NAME},
    {"UNSUBSCRIBE", SHOW_ARGS}, {"XLIST", SHOW_ARGS},
};

struct span
imap_take_word(struct span *rest)
{
    size_t from = 0;

    while (from < rest->len && (rest->ptr[from] == ' ' || rest->ptr[from] == '\t'))
        from++;
    size_t to = from;
    while (to < rest->len && rest->ptr[to] != ' ' && rest->ptr[to] != '\t')
        to++;
    const struct span word = span_of(rest->ptr + from, to - from);
    *rest = span_tail(*rest, to);
    return word;
}

struct span
imap_take_astring(struct span *rest)
{
    struct span look = *rest;

    while (look.len > 0 && look.ptr[0] == ' ')
        look = span_tail(look, 1);
    if (look.len == 0 || look.ptr[0] != '"')
        return imap_take_word(rest);
    size_t end = 1;
    while (end < look.len && look.ptr[end] != '"')
        end += look.ptr[end] == '\\' && end + 1 < look.len ? 2 : 1;
    *rest = span_tail(look, end + 1);
    return span_head(span_tail(look, 1), (end < look.len ? end : look.len) - 1);
}

/* Tags are short and consist of plain characters. A line of mail rarely begins like that. */
static bool
is_tag(struct span word)
{
    if (word.len == 0 || word.len > LIMIT_TAG)
        return false;
    for (size_t i = 0; i < word.len; i++) {
        const char c = word.ptr[i];
        if (c <= ' ' || c >= 0x7f || c == '(' || c == ')' || c == '{' || c == '%' || c == '*' ||
            c == '"' || c == '\\' || c == '+')
            return false;
    }
    return true;
}

/* "{12}", "{12+}", "{12-}" or "~{12}" at the end. */
static void
literal_find(struct span line, struct imap_line *out)
{
    size_t at = line.len;

    if (at < 3 || line.ptr[at - 1] != '}')
        return;
    size_t end = at - 1;
    if (line.ptr[end - 1] == '+' || line.ptr[end - 1] == '-')
        end--;
    at = end;
    while (at > 0 && line.ptr[at - 1] >= '0' && line.ptr[at - 1] <= '9')
        at--;
    if (at == 0 || line.ptr[at - 1] != '{')
        return;
    out->literal =
        span_to_u64(span_of(line.ptr + at, end - at), UINT32_MAX, &out->literal_octets);
}

void
imap_client_line(struct span line, struct imap_line *out)
{
    *out = (struct imap_line){0};
    struct span rest = line;
    const struct span first = imap_take_word(&rest);

    literal_find(line, out);
    if (span_ieq_str(first, "DONE") && span_trim(rest).len == 0) {
        out->sort = IMAP_DONE;
        return;
    }
    struct span look = rest;
    const struct span word = imap_take_word(&look);
    if (!is_tag(first) || word.len == 0)
        return;
    struct span after = look;
    const struct span second = imap_take_word(&after);
    const bool uid = span_ieq_str(word, "UID");
    out->tag = first;
    out->sort = IMAP_UNKNOWN;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const char *name = commands[i].name;
        const bool two = strncmp(name, "UID ", 4) == 0;
        if (two != uid || !span_ieq_str(two ? second : word, two ? name + 4 : name))
            continue;
        out->sort = IMAP_COMMAND;
        out->command = name;
        out->shows = commands[i].shows;
        out->args = span_trim(two ? after : look);
        return;
    }
}

static enum imap_status
status_of(struct span word)
{
    static const char *const names[] = {"OK", "NO", "BAD", "BYE", "PREAUTH"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (span_ieq_str(word, names[i]))
            return (enum imap_status)(STATUS_OK + i);
    return STATUS_NONE;
}

/* "[CODE args] text". */
static void
status_text(struct span rest, struct imap_line *out)
{
    rest = span_trim(rest);
    if (rest.len > 0 && rest.ptr[0] == '[') {
        const ptrdiff_t end = span_find_char(rest, ']');
        if (end > 0) {
            out->code = span_of(rest.ptr + 1, (size_t)end - 1);
            rest = span_trim(span_tail(rest, (size_t)end + 1));
        }
    }
    out->text = rest;
}

void
imap_server_line(struct span line, struct imap_line *out)
{
    *out = (struct imap_line){0};
    struct span rest = line;
    const struct span first = imap_take_word(&rest);
    uint64_t number;

    literal_find(line, out);
    if (span_eq(first, SPAN("+"))) {
        out->sort = IMAP_CONTINUE;
        return;
    }
    struct span look = rest;
    const struct span word = imap_take_word(&look);
    if (span_eq(first, SPAN("*"))) {
        out->sort = IMAP_UNTAGGED;
        if (span_to_u64(word, UINT32_MAX, &number)) {
            out->number = (uint32_t)number;
            out->word = imap_take_word(&look);
        } else {
            out->word = word;
            out->status = status_of(word);
        }
        if (out->status != STATUS_NONE)
            status_text(look, out);
        else
            out->args = span_trim(look);
        return;
    }
    out->status = status_of(word);
    if (!is_tag(first) || out->status == STATUS_NONE || out->status >= STATUS_BYE)
        return;
    out->sort = IMAP_TAGGED;
    out->tag = first;
    status_text(look, out);
}

uint32_t
imap_fetch_uid(struct span items)
{
    uint64_t uid;

    for (struct span rest = items; rest.len > 4;) {
        const struct span word = imap_take_word(&rest);
        const struct span name = word.len > 0 && word.ptr[0] == '(' ? span_tail(word, 1) : word;
        if (!span_ieq_str(name, "UID"))
            continue;
        struct span value = imap_take_word(&rest);
        while (value.len > 0 && value.ptr[value.len - 1] == ')')
            value.len--;
        return span_to_u64(value, UINT32_MAX, &uid) ? (uint32_t)uid : 0;
    }
    return 0;
}

uint32_t
imap_open_set(struct span args)
{
    struct span rest = args;
    struct span set = imap_take_word(&rest);
    uint64_t number;

    if (set.len < 3 || memcmp(set.ptr + set.len - 2, ":*", 2) != 0)
        return 0;
    return span_to_u64(span_head(set, set.len - 2), UINT32_MAX, &number) ? (uint32_t)number : 0;
}

uint64_t
imap_set_count(struct span set)
{
    uint64_t count = 0;

    while (set.len > 0 && count <= UINT32_MAX) {
        const ptrdiff_t comma = span_find_char(set, ',');
        const struct span range = span_head(set, comma < 0 ? set.len : (size_t)comma);
        const ptrdiff_t colon = span_find_char(range, ':');
        uint64_t from;
        uint64_t to;
        set = span_tail(set, range.len + 1);
        if (!span_to_u64(span_head(range, colon < 0 ? range.len : (size_t)colon), UINT32_MAX,
                         &from) ||
            !span_to_u64(colon < 0 ? range : span_tail(range, (size_t)colon + 1), UINT32_MAX,
                         &to))
            return 0;
        count += (from < to ? to - from : from - to) + 1;
    }
    return count;
}

bool
imap_is_other_protocol(struct span greeting)
{
    static const struct span begins[] = {SPAN_INIT("220 "), SPAN_INIT("220-"), SPAN_INIT("+OK"),
                                         SPAN_INIT("HTTP/"), SPAN_INIT("\"IMPLEMENTATION\"")};

    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
        if (span_starts(greeting, begins[i]))
            return true;
    return false;
}

/* Commands of extensions, with the capability that announces each. */
static const struct {
    const char *capability;
    const char *command;
} offers[] = {
    {"ID", "ID"},
    {"IDLE", "IDLE"},
    {"ENABLE", "ENABLE"},
    {"NAMESPACE", "NAMESPACE"},
    {"UNSELECT", "UNSELECT"},
    {"MOVE", "MOVE"},
    {"MOVE", "UID MOVE"},
    {"UIDPLUS", "UID EXPUNGE"},
    {"SORT", "SORT"},
    {"SORT", "UID SORT"},
    {"QUOTA", "GETQUOTA"},
    {"QUOTA", "GETQUOTAROOT"},
    {"ACL", "MYRIGHTS"},
    {"METADATA", "GETMETADATA"},
    {"NOTIFY", "NOTIFY"},
    {"STARTTLS", "STARTTLS"},
    {"COMPRESS=DEFLATE", "COMPRESS"},
    {"XLIST", "XLIST"},
};
_Static_assert(sizeof offers / sizeof offers[0] <= 32, "bits");

uint32_t
imap_offers(struct span capabilities)
{
    uint32_t bits = 0;

    while (capabilities.len > 0) {
        const struct span word = imap_take_word(&capabilities);
        for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++)
            if (span_ieq_str(word, offers[i].capability))
                bits |= UINT32_C(1) << i;
    }
    return bits;
}

uint32_t
imap_offer_of(const char *command)
{
    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++)
        if (strcmp(offers[i].command, command) == 0)
            return UINT32_C(1) << i;
    return 0;
}
