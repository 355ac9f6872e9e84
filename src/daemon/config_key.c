/* SPDX-License-Identifier: MIT */
/*
 * The table of keys, and their values: how they are read, stored where the table says, and
 * compared. See the headers. Thread: any; a struct config is one thread's while it is filled.
 */
#include "daemon/config_key.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "daemon/config.h"
#include "syntax/imap/metadata_name.h"
#include "net/addr.h"

static const struct key_choice plaintext_choices[] = {
    {"no", PLAINTEXT_NO}, {"loopback", PLAINTEXT_LOOPBACK}, {"yes", PLAINTEXT_YES}, {NULL, 0}};
static const struct key_choice client_name_choices[] = {
    {"email", TLS_CLIENT_EMAIL}, {"cn", TLS_CLIENT_CN}, {NULL, 0}};
static const struct key_choice scram_choices[] = {
    {"auto", SCRAM_AUTO}, {"yes", SCRAM_ALWAYS}, {"no", SCRAM_NEVER}, {NULL, 0}};
static const struct key_choice literals_choices[] = {
    {"plus", LITERALS_PLUS}, {"minus", LITERALS_MINUS}, {NULL, 0}};
static const struct key_choice full_choices[] = {
    {"temporary", QUOTA_FULL_TEMPORARY}, {"permanent", QUOTA_FULL_PERMANENT}, {NULL, 0}};
static const struct key_choice policy_choices[] = {
    {"liveness", IDLE_LIVENESS}, {"timeout", IDLE_TIMEOUT}, {NULL, 0}};

const struct config_key config_keys[CONFIG_KEY_COUNT] = {
#define CONFIG_KEY(section, key, type, unit, min, max, value, choices, field, reload, meaning) \
    {#section,        #key,    KEY_##type,                                                     \
     UNIT_##unit,     min,     max,                                                            \
     value,           choices, offsetof(struct config, field),                                 \
     RELOAD_##reload, meaning},
#include "daemon/config_key.def"
#undef CONFIG_KEY
};

const struct config_key *
config_key_find(const char *section, const char *name, bool *section_known_out)
{
    *section_known_out = false;
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        if (strcmp(config_keys[i].section, section) != 0)
            continue;
        *section_known_out = true;
        if (strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    }
    return NULL;
}

/* ---- values ---- */

/* A number and one optional unit letter of units, whose factors are given. */
static bool
scaled(const char *text, const char *units, const uint64_t *factors, uint64_t *value_out)
{
    struct span s = span_of_str(text);
    uint64_t factor = 1;

    if (s.len > 1) {
        const char *unit = strchr(units, s.ptr[s.len - 1]);
        if (unit != NULL && *unit != '\0') {
            factor = factors[unit - units];
            s.len--;
        }
    }
    uint64_t value;
    if (!span_to_u64(s, UINT64_MAX / factor, &value))
        return false;
    *value_out = value * factor;
    return true;
}

static const char *
number_words(enum key_unit unit)
{
    switch (unit) {
    case UNIT_SECONDS:
    case UNIT_DAYS:
        return "a time such as 90s, 4m, 2h or 14d";
    case UNIT_OCTETS:
        return "a size such as 500K, 64M or 1G";
    case UNIT_NONE:
    case UNIT_COUNT:
        break;
    }
    return "a number";
}

static bool
number_read(enum key_unit unit, const char *value, uint64_t *number_out)
{
    static const uint64_t time_factors[] = {1, 60, 3600, 86400};
    static const uint64_t size_factors[] = {1u << 10, 1u << 20, 1u << 30};

    if (unit == UNIT_SECONDS || unit == UNIT_DAYS)
        return scaled(value, "smhd", time_factors, number_out);
    if (unit == UNIT_OCTETS)
        return scaled(value, "KMG", size_factors, number_out);
    return span_to_u64(span_of_str(value), UINT64_MAX, number_out);
}

static enum rc
set_number(const struct config_key *key, void *field, const char *value, struct err *err)
{
    uint64_t number = 0;

    if (!number_read(key->unit, value, &number))
        return err_set(err, RC_INVALID, 0, "\"%s\" is not %s", value, number_words(key->unit));
    if (number < key->min || number > key->max)
        return err_set(err, RC_INVALID, 0, "%s is out of bounds: %ju to %ju", value,
                       (uintmax_t)key->min, (uintmax_t)key->max);
    if (key->unit == UNIT_OCTETS)
        *(uint64_t *)field = number;
    else if (key->unit == UNIT_DAYS)
        *(uint32_t *)field = (uint32_t)((number + 86399) / 86400);
    else
        *(uint32_t *)field = (uint32_t)number;
    return RC_OK;
}

static enum rc
set_choice(const struct config_key *key, void *field, const char *value, struct err *err)
{
    char words[128] = "";

    for (const struct key_choice *c = key->choices; c->word != NULL; c++) {
        if (strcmp(c->word, value) == 0) {
            *(int *)field = c->value; /* all of them are enums, which are ints here */
            return RC_OK;
        }
        const size_t len = strlen(words);
        snprintf(words + len, sizeof words - len, "%s%s", len == 0 ? "" : ", ", c->word);
    }
    return err_set(err, RC_INVALID, 0, "\"%s\" is none of %s", value, words);
}

/* When its length reaches a power of two, a list moves to twice the space, so that a list of
 * thousands takes only a few times its size from the arena. */
static bool
is_full(size_t count)
{
    return (count & (count - 1)) == 0;
}

static size_t
room_after(size_t count)
{
    return count == 0 ? 1 : count * 2;
}

enum rc
config_list_add(struct config *config, struct text_list *list, struct span item)
{
    const char *copy = arena_str(&config->arena, item);

    if (copy == NULL)
        return RC_LIMIT;
    if (is_full(list->count)) {
        const char **items = arena_array(&config->arena, const char *, room_after(list->count));
        if (items == NULL)
            return RC_LIMIT;
        for (size_t i = 0; i < list->count; i++)
            items[i] = list->items[i];
        list->items = items;
    }
    list->items[list->count++] = copy;
    return RC_OK;
}

/* Adds words separated by blanks to the existing ones. */
static enum rc
add_words(struct config *config, const struct config_key *key, struct text_list *list,
          const char *value, struct err *err)
{
    struct span rest = span_trim(span_of_str(value));

    while (rest.len > 0) {
        size_t len = 0;
        while (len < rest.len && rest.ptr[len] != ' ' && rest.ptr[len] != '\t')
            len++;
        struct span word = span_head(rest, len);
        if (key->type == KEY_ENDPOINTS) {
            struct net_endpoint endpoint;
            /* A word with a slash and no colon before it is a path, relative to DIR. */
            const ptrdiff_t slash = span_find_char(word, '/');
            const ptrdiff_t colon = span_find_char(word, ':');
            if (slash > 0 && (colon < 0 || slash < colon)) {
                char *path =
                    arena_printf(&config->arena, "%s/%.*s", config->dir, SPAN_FMT(word));
                if (path == NULL)
                    return err_set(err, RC_LIMIT, 0, "no memory");
                word = span_of_str(path);
            }
            const enum rc rc = net_endpoint_parse(word, &endpoint, err);
            if (rc != RC_OK)
                return rc;
        }
        if (config_list_add(config, list, word) != RC_OK)
            return err_set(err, RC_LIMIT, 0, "no memory");
        rest = span_trim(span_tail(rest, len));
    }
    return RC_OK;
}

static enum rc
network_add(struct config *config, struct net_prefixes *networks,
            const struct net_prefix *prefix)
{
    if (is_full(networks->count)) {
        struct net_prefix *items =
            arena_array(&config->arena, struct net_prefix, room_after(networks->count));
        if (items == NULL)
            return RC_LIMIT;
        for (size_t i = 0; i < networks->count; i++)
            items[i] = networks->items[i];
        networks->items = items;
    }
    networks->items[networks->count++] = *prefix;
    return RC_OK;
}

static enum rc
add_networks(struct config *config, struct net_prefixes *networks, const char *value,
             struct err *err)
{
    struct span rest = span_trim(span_of_str(value));

    while (rest.len > 0) {
        size_t len = 0;
        while (len < rest.len && rest.ptr[len] != ' ' && rest.ptr[len] != '\t')
            len++;
        struct net_prefix prefix;
        enum rc rc = net_prefix_parse(span_head(rest, len), &prefix, err);
        if (rc == RC_OK && network_add(config, networks, &prefix) != RC_OK)
            rc = err_set(err, RC_LIMIT, 0, "no memory");
        if (rc != RC_OK)
            return rc;
        rest = span_trim(span_tail(rest, len));
    }
    return RC_OK;
}

/* The index of the value of an entry in the list; the length of the list if there is none. */
static size_t
entry_find(const struct text_list *list, struct span name)
{
    size_t at = 1;

    while (at < list->count && !span_ieq(name, span_of_str(list->items[at - 1])))
        at += 2;
    return at < list->count ? at : list->count;
}

/* RFC 5464 section 3.2.1.1: the value of /shared/admin is a URI. */
static bool
is_uri(struct span value)
{
    const ptrdiff_t colon = span_find_char(value, ':');

    for (ptrdiff_t i = 0; i < colon; i++) {
        const char c = ascii_lower(value.ptr[i]);
        if ((c < 'a' || c > 'z') &&
            (i == 0 || ((c < '0' || c > '9') && c != '+' && c != '-' && c != '.')))
            return false;
    }
    return colon > 0;
}

static enum rc
entry_check(struct span name, struct span value, struct err *err)
{
    const char *const bad = metadata_name_check(name);

    if (bad != NULL)
        return err_set(err, RC_INVALID, 0, "\"%.*s\": %s", SPAN_FMT(name), bad);
    if (metadata_name_is_private(name))
        return err_set(err, RC_INVALID, 0, "%.*s: the server's entries begin with /shared",
                       SPAN_FMT(name));
    if (span_ieq_str(name, "/shared/admin") && !is_uri(value))
        return err_set(err, RC_INVALID, 0,
                       "the value of %.*s is a URL, such as mailto:postmaster@example.org",
                       SPAN_FMT(name));
    return RC_OK;
}

/* "/shared/comment Words that follow". A later entry with the same name replaces the first. */
static enum rc
add_entry(struct config *config, struct text_list *list, const char *value, struct err *err)
{
    const struct span line = span_trim(span_of_str(value));
    size_t len = 0;

    if (line.len == 0)
        return RC_OK;
    while (len < line.len && line.ptr[len] != ' ' && line.ptr[len] != '\t')
        len++;
    const struct span name = span_head(line, len);
    const struct span text = span_trim(span_tail(line, len));
    const enum rc rc = entry_check(name, text, err);
    if (rc != RC_OK)
        return rc;
    const size_t at = entry_find(list, name);
    if (at < list->count) {
        list->items[at] = arena_str(&config->arena, text);
        return list->items[at] == NULL ? err_set(err, RC_LIMIT, 0, "no memory") : RC_OK;
    }
    if (list->count / 2 == LIMIT_METADATA_ENTRIES)
        return err_set(err, RC_INVALID, 0, "there are more than %u entries",
                       LIMIT_METADATA_ENTRIES);
    if (config_list_add(config, list, name) != RC_OK ||
        config_list_add(config, list, text) != RC_OK)
        return err_set(err, RC_LIMIT, 0, "no memory");
    return RC_OK;
}

/* ---- commands ---- */

/* The part of the line before the next blank. */
static struct span
word_of(struct span line)
{
    size_t len = 0;

    while (len < line.len && line.ptr[len] != ' ' && line.ptr[len] != '\t')
        len++;
    return span_head(line, len);
}

/* RFC 2045 section 5.1, without the characters that nobody registers. */
static bool
is_token(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = ascii_lower(text.ptr[i]);
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && strchr("!#$&-^_.+", c) == NULL)
            return false;
    }
    return text.len > 0;
}

static enum rc
media_type_check(struct span type, struct err *err)
{
    static const char *const indexed[] = {"text", "multipart", "message"};
    const ptrdiff_t slash = span_find_char(type, '/');

    if (slash < 0 || !is_token(span_head(type, (size_t)slash)) ||
        !is_token(span_tail(type, (size_t)slash + 1)))
        return err_set(err, RC_INVALID, 0,
                       "\"%.*s\" is not a media type such as application/pdf", SPAN_FMT(type));
    for (size_t i = 0; i < ARRAY_LEN(indexed); i++)
        if (span_ieq_str(span_head(type, (size_t)slash), indexed[i]))
            return err_set(err, RC_INVALID, 0, "%s/... is searched without a program",
                           indexed[i]);
    return RC_OK;
}

static enum rc
command_check(struct span type, struct span command, struct err *err)
{
    size_t words = 0;

    if (command.len == 0)
        return err_set(err, RC_INVALID, 0, "%.*s: there is no program", SPAN_FMT(type));
    if (command.ptr[0] != '/')
        return err_set(err, RC_INVALID, 0, "%.*s: the program needs its whole path",
                       SPAN_FMT(type));
    for (struct span rest = command; rest.len > 0; words++)
        rest = span_trim(span_tail(rest, word_of(rest).len));
    if (words > LIMIT_EXTRACT_ARGUMENTS)
        return err_set(err, RC_INVALID, 0, "%.*s: more than %u words", SPAN_FMT(type),
                       LIMIT_EXTRACT_ARGUMENTS);
    return RC_OK;
}

/* "application/pdf /usr/bin/pdftotext - -". A later command for the same type replaces the
 * first. */
static enum rc
add_command(struct config *config, struct text_list *list, const char *value, struct err *err)
{
    const struct span line = span_trim(span_of_str(value));
    const struct span type = word_of(line);
    const struct span command = span_trim(span_tail(line, type.len));

    if (line.len == 0)
        return RC_OK;
    enum rc rc = media_type_check(type, err);
    if (rc == RC_OK)
        rc = command_check(type, command, err);
    if (rc != RC_OK)
        return rc;
    const size_t at = entry_find(list, type);
    if (at < list->count) {
        list->items[at] = arena_str(&config->arena, command);
        return list->items[at] == NULL ? err_set(err, RC_LIMIT, 0, "no memory") : RC_OK;
    }
    if (list->count / 2 == LIMIT_EXTRACT_COMMANDS)
        return err_set(err, RC_INVALID, 0, "there are more than %u media types",
                       LIMIT_EXTRACT_COMMANDS);
    char *lower = arena_str(&config->arena, type);
    if (lower == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    for (char *c = lower; *c != '\0'; c++)
        *c = ascii_lower(*c);
    if (config_list_add(config, list, span_of_str(lower)) != RC_OK ||
        config_list_add(config, list, command) != RC_OK)
        return err_set(err, RC_LIMIT, 0, "no memory");
    return RC_OK;
}

enum rc
config_key_set(struct config *config, const struct config_key *key, const char *value,
               struct err *err)
{
    void *field = (char *)config + key->offset;

    switch (key->type) {
    case KEY_TEXT:
        *(const char **)field = arena_str(&config->arena, span_of_str(value));
        return *(const char **)field == NULL ? err_set(err, RC_LIMIT, 0, "no memory") : RC_OK;
    case KEY_PATH:
        *(const char **)field = value[0] == '\0' ? "" : config_path(config, value);
        return *(const char **)field == NULL ? err_set(err, RC_LIMIT, 0, "no memory") : RC_OK;
    case KEY_LIST:
    case KEY_ENDPOINTS:
        return add_words(config, key, field, value, err);
    case KEY_NETWORKS:
        return add_networks(config, field, value, err);
    case KEY_ENTRIES:
        return add_entry(config, field, value, err);
    case KEY_COMMANDS:
        return add_command(config, field, value, err);
    case KEY_NUMBER:
        return set_number(key, field, value, err);
    case KEY_SWITCH:
        if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
            return err_set(err, RC_INVALID, 0, "\"%s\" is neither yes nor no", value);
        *(bool *)field = value[0] == 'y';
        return RC_OK;
    case KEY_CHOICE:
        return set_choice(key, field, value, err);
    case KEY_LEVELS:
        return log_levels_parse(span_of_str(value), field, err);
    }
    return RC_INVALID;
}

void
config_key_clear(struct config *config, const struct config_key *key)
{
    void *field = (char *)config + key->offset;

    if (key->type == KEY_LIST || key->type == KEY_ENDPOINTS || key->type == KEY_ENTRIES ||
        key->type == KEY_COMMANDS)
        *(struct text_list *)field = (struct text_list){0};
    else if (key->type == KEY_NETWORKS)
        *(struct net_prefixes *)field = (struct net_prefixes){0};
}

/* ---- comparing ---- */

static bool
same_list(const struct text_list *a, const struct text_list *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->items[i], b->items[i]) == 0;
    return same;
}

static bool
same_networks(const struct net_prefixes *a, const struct net_prefixes *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; same && i < a->count; i++)
        same = a->items[i].bits == b->items[i].bits &&
               net_prefix_holds(&a->items[i], &b->items[i].addr);
    return same;
}

bool
config_key_same(const struct config *a, const struct config *b, const struct config_key *key)
{
    const void *of_a = (const char *)a + key->offset;
    const void *of_b = (const char *)b + key->offset;

    switch (key->type) {
    case KEY_TEXT:
    case KEY_PATH:
        return strcmp(*(const char *const *)of_a, *(const char *const *)of_b) == 0;
    case KEY_LIST:
    case KEY_ENDPOINTS:
    case KEY_ENTRIES:
    case KEY_COMMANDS:
        return same_list(of_a, of_b);
    case KEY_NETWORKS:
        return same_networks(of_a, of_b);
    case KEY_NUMBER:
        return key->unit == UNIT_OCTETS ? *(const uint64_t *)of_a == *(const uint64_t *)of_b
                                        : *(const uint32_t *)of_a == *(const uint32_t *)of_b;
    case KEY_SWITCH:
        return *(const bool *)of_a == *(const bool *)of_b;
    case KEY_CHOICE:
        return *(const int *)of_a == *(const int *)of_b;
    case KEY_LEVELS:
        return memcmp(of_a, of_b, sizeof(struct log_levels)) == 0;
    }
    return true;
}
