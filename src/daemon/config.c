/* SPDX-License-Identifier: MIT */
/*
 * Reading roost.conf. One table says for each key where its value goes, of which type it is and
 * within which bounds; the defaults are parsed by the same code as the file, so a default
 * cannot be illegal. See the header for the contract.
 */
#include "daemon/config.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/limits.h"
#include "net/addr.h"

#include <fcntl.h>

enum {
    FILE_MAX = 1 << 20,
    LINE_MAX_OCTETS = 199, /* Debian's inih cuts lines at 200 in silence */
    CONFIG_ARENA = 4 << 20,
    VALUE_MAX = 1000,
};

enum key_type {
    KEY_TEXT,
    KEY_PATH,
    KEY_LIST,
    KEY_ENDPOINTS,
    KEY_NETWORKS,
    KEY_TIME,
    KEY_SIZE,
    KEY_COUNT,
    KEY_BOOL,
    KEY_CHOICE,
    KEY_LEVELS
};

struct choice {
    const char *word;
    int value;
};

static const struct choice plaintext_choices[] = {
    {"no", PLAINTEXT_NO}, {"loopback", PLAINTEXT_LOOPBACK}, {"yes", PLAINTEXT_YES}, {NULL, 0}};
static const struct choice scram_choices[] = {
    {"auto", SCRAM_AUTO}, {"yes", SCRAM_ALWAYS}, {"no", SCRAM_NEVER}, {NULL, 0}};
static const struct choice policy_choices[] = {
    {"liveness", IDLE_LIVENESS}, {"timeout", IDLE_TIMEOUT}, {NULL, 0}};

struct key {
    struct config_key_info info;
    enum key_type type;
    size_t offset;
    uint64_t min; /* TIME in seconds, SIZE in octets, COUNT */
    uint64_t max;
    const struct choice *choices;
};

#define AT(field) offsetof(struct config, field)

static const struct key keys[] = {
    {{"server", "hostname", "",
      "Name of this machine in greetings and headers; empty: the host's own."},
     KEY_TEXT,
     AT(settings.hostname),
     0,
     0,
     NULL},
    {{"server", "domains", "",
      "Own domains: mail for name@domain goes to account `name`. Empty: localhost and the "
      "host's name."},
     KEY_LIST,
     AT(domains),
     0,
     0,
     NULL},
    {{"server", "work_threads", "0", "Work threads; 0: eight for each processor, at least 16."},
     KEY_COUNT,
     AT(work_threads),
     0,
     1024,
     NULL},
    {{"server", "memory", "256M",
      "Memory for long commands and incoming mail of all sessions together; beyond it mail is "
      "spooled to disk."},
     KEY_SIZE,
     AT(memory_octets),
     1 << 20,
     UINT64_C(1) << 40,
     NULL},
    {{"server", "shutdown_spread", "20s",
      "When the server goes, its clients are told so over this time, so that they do not all "
      "come back in one second; at least 100 a second."},
     KEY_TIME,
     AT(settings.shutdown_spread_s),
     0,
     3600,
     NULL},
    {{"imap", "listen", "127.0.0.1:143 [::1]:143",
      "Where IMAP is served, with STARTTLS: host:port or a socket path, several separated by "
      "blanks; empty: nowhere."},
     KEY_ENDPOINTS,
     AT(imap_listen),
     0,
     0,
     NULL},
    {{"imap", "proxy_networks", "",
      "Networks of proxies, such as 10.0.0.0/8: a connection from there must begin with a "
      "PROXY "
      "header, which says who the client is; one from elsewhere cannot."},
     KEY_NETWORKS,
     AT(settings.imap_proxies),
     0,
     0,
     NULL},
    {{"imaps", "listen", "", "Where IMAP inside TLS is served."},
     KEY_ENDPOINTS,
     AT(imaps_listen),
     0,
     0,
     NULL},
    {{"imaps", "proxy_networks", "",
      "The same for IMAP inside TLS: the header comes before the TLS handshake."},
     KEY_NETWORKS,
     AT(settings.imaps_proxies),
     0,
     0,
     NULL},
    {{"lmtp", "listen", "run/lmtp.sock", "Where mail is delivered by LMTP."},
     KEY_ENDPOINTS,
     AT(lmtp_listen),
     0,
     0,
     NULL},
    {{"lmtp", "proxy_networks", "", "The same for LMTP."},
     KEY_NETWORKS,
     AT(settings.lmtp_proxies),
     0,
     0,
     NULL},
    {{"tls", "certificate", "", "PEM file with the certificate and its chain; empty: no TLS."},
     KEY_PATH,
     AT(certificate),
     0,
     0,
     NULL},
    {{"tls", "key", "",
      "PEM file with the private key; empty: it is in the certificate's file."},
     KEY_PATH,
     AT(key),
     0,
     0,
     NULL},
    {{"idle", "policy", "liveness",
      "liveness: IDLE ends only when the peer is gone. timeout: also after [idle] timeout."},
     KEY_CHOICE,
     AT(settings.idle_policy),
     0,
     0,
     policy_choices},
    {{"idle", "keepalive", "4m",
      "How often an idle client gets a line, which keeps its connection open on the way; 0: "
      "never. It is where each client network starts from; Roost learns what it needs."},
     KEY_TIME,
     AT(settings.idle_keepalive_s),
     0,
     86400,
     NULL},
    {{"idle", "keepalive_min", "2m",
      "Keepalives come no more often than this, however soon a network forgets."},
     KEY_TIME,
     AT(settings.idle_keepalive_min_s),
     1,
     86400,
     NULL},
    {{"idle", "keepalive_max", "10m",
      "Keepalives come no less often than this, however long silence survives. Equal to "
      "keepalive and keepalive_min: nothing is learnt."},
     KEY_TIME,
     AT(settings.idle_keepalive_max_s),
     1,
     86400,
     NULL},
    {{"idle", "suspect_after", "1m",
      "A connection whose peer acknowledges nothing for so long is suspect: shown as such, and "
      "the first to go when a limit of connections is reached."},
     KEY_TIME,
     AT(settings.idle_suspect_after_s),
     1,
     86400,
     NULL},
    {{"idle", "dead_after", "15m",
      "A connection whose peer acknowledges nothing for so long is ended; 0: the system's "
      "default."},
     KEY_TIME,
     AT(settings.idle_dead_after_s),
     0,
     86400,
     NULL},
    {{"idle", "timeout", "30m", "With policy = timeout: how long an IDLE may last."},
     KEY_TIME,
     AT(settings.idle_timeout_s),
     1,
     UINT64_C(86400) * 30,
     NULL},
    {{"limits", "login_timeout", "3m", "Time to log in."},
     KEY_TIME,
     AT(settings.login_timeout_s),
     1,
     86400,
     NULL},
    {{"limits", "inactivity_timeout", "35m",
      "After login and outside IDLE, a client silent for so long is logged out (RFC 3501 "
      "section 5.4 asks for 30m at least); 0: never."},
     KEY_TIME,
     AT(settings.inactivity_timeout_s),
     0,
     UINT64_C(86400) * 30,
     NULL},
    {{"limits", "lmtp_timeout", "10m",
      "An LMTP client silent for so long is sent away (RFC 5321 section 4.5.3.2.7 asks for 5m "
      "at least)."},
     KEY_TIME,
     AT(settings.lmtp_timeout_s),
     1,
     86400,
     NULL},
    {{"limits", "output_timeout", "5m",
      "A client that reads nothing of its answers for so long is ended; 0: never."},
     KEY_TIME,
     AT(settings.output_timeout_s),
     0,
     86400,
     NULL},
    {{"limits", "max_connections", "0",
      "Connections altogether; 0: as many as the limit of open files allows, at most "
      "130,000."},
     KEY_COUNT,
     AT(settings.max_connections),
     0,
     10000000,
     NULL},
    {{"limits", "max_connections_per_user", "50", "Connections of one account."},
     KEY_COUNT,
     AT(settings.max_connections_per_user),
     1,
     1000000,
     NULL},
    {{"limits", "max_connections_per_address", "1000",
      "Connections from one address that have not logged in, at most a quarter of "
      "max_connections; this machine and [auth] trusted_networks have no such limit."},
     KEY_COUNT,
     AT(settings.max_connections_per_address),
     1,
     10000000,
     NULL},
    {{"limits", "append", "64M", "Size of the largest message taken, by APPEND or LMTP."},
     KEY_SIZE,
     AT(settings.append_octets),
     1024,
     LIMIT_APPEND_MAX,
     NULL},
    {{"auth", "allow_plaintext", "loopback",
      "Whether passwords are taken without TLS: yes, no, or from this machine only "
      "(loopback)."},
     KEY_CHOICE,
     AT(settings.allow_plaintext),
     0,
     0,
     plaintext_choices},
    {{"auth", "scram", "auto",
      "Whether SCRAM-SHA-256 is offered; auto: while every enabled account has keys for it."},
     KEY_CHOICE,
     AT(settings.scram),
     0,
     0,
     scram_choices},
    {{"auth", "trusted_networks", "",
      "Networks of webmail servers and proxies: many people log in from one address there, so "
      "each login has its own budget of wrong passwords, and the address no limit of "
      "connections."},
     KEY_NETWORKS,
     AT(settings.trusted),
     0,
     0,
     NULL},
    {{"log", "levels", "SF",
      "Levels of the transaction log: letters of APSF for all services, or `SF imap:APSF`."},
     KEY_LEVELS,
     AT(log_levels),
     0,
     0,
     NULL},
    {{"log", "stderr", "no", "Whether the log goes to standard error too."},
     KEY_BOOL,
     AT(log_stderr),
     0,
     0,
     NULL},
    {{"log", "keep", "30d", "How long log files are kept; 0: for ever."},
     KEY_TIME,
     AT(log_keep_days),
     0,
     UINT64_C(86400) * 3650,
     NULL},
    {{"journal", "keep", "30d", "How long session records are kept."},
     KEY_TIME,
     AT(journal_keep_days),
     86400,
     UINT64_C(86400) * 3650,
     NULL},
    {{"journal", "max_size", "1G", "Size of the journal; the oldest records go first."},
     KEY_SIZE,
     AT(journal_octets),
     1 << 20,
     UINT64_C(1) << 44,
     NULL},
    {{"store", "undelete", "14d",
      "How long expunged mail and removed accounts can be restored."},
     KEY_TIME,
     AT(undelete_s),
     0,
     UINT64_C(86400) * 3650,
     NULL},
    {{"store", "purge_every", "12h",
      "How often each account is looked at for expunged mail whose time is over."},
     KEY_TIME,
     AT(purge_every_s),
     1,
     86400,
     NULL},
    {{"store", "undelete_max", "1G",
      "How much expunged mail is kept per account; the oldest goes first."},
     KEY_SIZE,
     AT(undelete_octets),
     0,
     UINT64_C(1) << 44,
     NULL},
};

const struct config_key_info *
config_key(size_t index)
{
    return index < ARRAY_LEN(keys) ? &keys[index].info : NULL;
}

const char *
config_path(struct config *config, const char *name)
{
    if (name[0] == '/')
        return arena_str(&config->arena, span_of_str(name));
    return arena_printf(&config->arena, "%s/%s", config->dir, name);
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

static enum rc
set_number(const struct key *key, void *field, const char *value, struct err *err)
{
    static const uint64_t time_factors[] = {1, 60, 3600, 86400};
    static const uint64_t size_factors[] = {1u << 10, 1u << 20, 1u << 30};
    uint64_t number = 0;
    bool ok;

    if (key->type == KEY_TIME)
        ok = scaled(value, "smhd", time_factors, &number);
    else if (key->type == KEY_SIZE)
        ok = scaled(value, "KMG", size_factors, &number);
    else
        ok = span_to_u64(span_of_str(value), UINT64_MAX, &number);
    if (!ok)
        return err_set(err, RC_INVALID, 0, "\"%s\" is not %s", value,
                       key->type == KEY_TIME   ? "a time such as 90s, 4m, 2h or 14d"
                       : key->type == KEY_SIZE ? "a size such as 500K, 64M or 1G"
                                               : "a number");
    if (number < key->min || number > key->max)
        return err_set(err, RC_INVALID, 0, "%s is out of bounds: %ju to %ju", value,
                       (uintmax_t)key->min, (uintmax_t)key->max);
    if (key->type == KEY_SIZE) {
        *(uint64_t *)field = number;
        return RC_OK;
    }
    const bool days = field != NULL && strcmp(key->info.key, "keep") == 0;
    *(uint32_t *)field = (uint32_t)(days ? (number + 86399) / 86400 : number);
    return RC_OK;
}

static enum rc
set_choice(const struct key *key, void *field, const char *value, struct err *err)
{
    char words[128] = "";

    for (const struct choice *c = key->choices; c->word != NULL; c++) {
        if (strcmp(c->word, value) == 0) {
            *(int *)field = c->value; /* all of them are enums, which are ints here */
            return RC_OK;
        }
        const size_t len = strlen(words);
        snprintf(words + len, sizeof words - len, "%s%s", len == 0 ? "" : ", ", c->word);
    }
    return err_set(err, RC_INVALID, 0, "\"%s\" is none of %s", value, words);
}

/* A list that is full, at each power of two, moves to twice the room: so a list of thousands
 * costs the arena no more than a few times its size. */
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

static enum rc
list_add(struct config *config, struct text_list *list, struct span item)
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

/* Words separated by blanks are added to what is there already. */
static enum rc
add_words(struct config *config, const struct key *key, struct text_list *list,
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
            /* A word with a slash and no colon before it is a path, from DIR when relative. */
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
        if (list_add(config, list, word) != RC_OK)
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

static enum rc
set_value(struct config *config, const struct key *key, const char *value, struct err *err)
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
    case KEY_TIME:
    case KEY_SIZE:
    case KEY_COUNT:
        return set_number(key, field, value, err);
    case KEY_BOOL:
        if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
            return err_set(err, RC_INVALID, 0, "\"%s\" is neither yes nor no", value);
        *(bool *)field = value[0] == 'y';
        return RC_OK;
    case KEY_CHOICE:
        return set_choice(key, field, value, err);
    case KEY_LEVELS:
        config->log_levels_text = arena_str(&config->arena, span_of_str(value));
        return log_levels_parse(span_of_str(value), field, err);
    }
    return RC_INVALID;
}

/* ---- the file ---- */

struct reading {
    struct config *config;
    struct err *err;
    enum rc rc;                /* of the first error */
    bool set[ARRAY_LEN(keys)]; /* given in this source: a list is then begun anew */
};

static const struct key *
key_find(const char *section, const char *name, bool *section_known_out)
{
    *section_known_out = false;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (strcmp(keys[i].info.section, section) != 0)
            continue;
        *section_known_out = true;
        if (strcmp(keys[i].info.key, name) == 0)
            return &keys[i];
    }
    return NULL;
}

static enum rc
assign(struct reading *reading, const char *section, const char *name, const char *value)
{
    bool section_known;
    const struct key *key = key_find(section, name, &section_known);
    struct err *err = reading->err;

    if (key == NULL)
        return section_known
                   ? err_set(err, RC_INVALID, 0, "[%.40s] has no key \"%.60s\"", section, name)
                   : err_set(err, RC_INVALID, 0, "there is no section [%.60s]", section);
    const size_t i = (size_t)(key - keys);
    if (!reading->set[i] && (key->type == KEY_LIST || key->type == KEY_ENDPOINTS))
        *(struct text_list *)(void *)((char *)reading->config + key->offset) =
            (struct text_list){0}; /* what is given replaces the default */
    if (!reading->set[i] && key->type == KEY_NETWORKS)
        *(struct net_prefixes *)(void *)((char *)reading->config + key->offset) =
            (struct net_prefixes){0};
    reading->set[i] = true;
    const enum rc rc = set_value(reading->config, key, value, err);
    return rc == RC_OK ? RC_OK : err_prefix(err, rc, "[%s] %s", section, name);
}

static int
on_pair(void *user, const char *section, const char *name, const char *value)
{
    struct reading *reading = user;

    if (reading->rc != RC_OK)
        return 1; /* only the first error is told, with its line */
    reading->rc = assign(reading, section, name, value == NULL ? "" : value);
    return reading->rc == RC_OK;
}

static enum rc
lines_check(const char *path, struct span text, struct err *err)
{
    size_t line = 1;

    if (memchr(text.ptr, '\0', text.len) != NULL)
        return err_set(err, RC_INVALID, 0, "%s: not a text file", path);
    while (text.len > 0) {
        const ptrdiff_t end = span_find_char(text, '\n');
        const size_t len = end < 0 ? text.len : (size_t)end;
        if (len >= LINE_MAX_OCTETS)
            return err_set(
                err, RC_INVALID, 0,
                "%s:%zu: line of %zu octets; the most is %d (list keys may be repeated)", path,
                line, len, LINE_MAX_OCTETS - 1);
        text = span_tail(text, len + 1);
        line++;
    }
    return RC_OK;
}

static enum rc
file_read(struct reading *reading, const char *path)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    AUTO_BUF text = {0};

    buf_init(&text, FILE_MAX);
    if (fd < 0)
        return err_set(reading->err, rc_of_errno(errno), errno, "%s", path);
    enum rc rc = fd_read_all(fd, &text, reading->err);
    if (rc != RC_OK)
        return err_prefix(reading->err, rc, "%s", path);
    rc = lines_check(path, buf_span(&text), reading->err);
    if (rc != RC_OK)
        return rc;
    buf_put_char(&text, '\0');
    const int line = ini_parse_string(buf_span(&text).ptr, on_pair, reading);
    if (line == 0)
        return RC_OK;
    if (line < 0)
        return err_set(reading->err, RC_LIMIT, 0, "%s: no memory", path);
    if (reading->rc == RC_OK)
        return err_set(reading->err, RC_INVALID, 0, "%s:%d: neither [section] nor key = value",
                       path, line);
    return err_prefix(reading->err, reading->rc, "%s:%d", path, line);
}

static enum rc
override_read(struct reading *reading, const char *text)
{
    char copy[VALUE_MAX];

    if (strlen(text) >= sizeof copy)
        return err_set(reading->err, RC_INVALID, 0, "-o: longer than %d octets", VALUE_MAX);
    snprintf(copy, sizeof copy, "%s", text);
    char *equals = strchr(copy, '=');
    char *dot = strchr(copy, '.');
    if (equals == NULL || dot == NULL || dot > equals)
        return err_set(reading->err, RC_INVALID, 0, "-o %.100s: not section.key=value", text);
    *equals = *dot = '\0';
    const enum rc rc = assign(reading, copy, dot + 1, equals + 1);
    return rc == RC_OK ? RC_OK : err_prefix(reading->err, rc, "-o %.100s", text);
}

static enum rc
defaults_set(struct reading *reading)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const enum rc rc =
            assign(reading, keys[i].info.section, keys[i].info.key, keys[i].info.value);
        if (rc != RC_OK)
            return rc;
    }
    memset(reading->set, 0, sizeof reading->set);
    return RC_OK;
}

/* What depends on the machine or on other keys. */
static enum rc
complete(struct config *config, struct err *err)
{
    char host[256] = "localhost";

    gethostname(host, sizeof host - 1);
    if (config->settings.hostname[0] == '\0')
        config->settings.hostname = arena_str(&config->arena, span_of_str(host));
    if (config->domains.count == 0 &&
        (list_add(config, &config->domains, SPAN("localhost")) != RC_OK ||
         (strcmp(host, "localhost") != 0 &&
          list_add(config, &config->domains, span_of_str(host)) != RC_OK)))
        return err_set(err, RC_LIMIT, 0, "no memory");
    for (size_t i = 0; i < config->domains.count; i++) {
        char *domain = arena_str(&config->arena, span_of_str(config->domains.items[i]));
        if (domain == NULL)
            return err_set(err, RC_LIMIT, 0, "no memory");
        for (char *c = domain; *c != '\0'; c++)
            *c = ascii_lower(*c);
        config->domains.items[i] = domain;
    }
    config->settings.domains = config->domains.items;
    config->settings.domain_count = config->domains.count;
    if (config->key[0] == '\0')
        config->key = config->certificate;
    if (config->imaps_listen.count > 0 && config->certificate[0] == '\0')
        return err_set(err, RC_INVALID, 0, "[imaps] listen needs [tls] certificate");
    return config->settings.hostname == NULL ? err_set(err, RC_LIMIT, 0, "no memory") : RC_OK;
}

static const char *
folder_of(struct arena *arena, const char *path)
{
    char real[PATH_MAX];
    char *copy = realpath(path, real) == NULL ? NULL : arena_str(arena, span_of_str(real));
    char *slash = copy == NULL ? NULL : strrchr(copy, '/');

    if (slash != NULL)
        *slash = '\0';
    return copy;
}

static enum rc
read_all(struct config *config, const char *path, const char *const *overrides,
         size_t override_count, struct err *err)
{
    struct reading reading = {.config = config, .err = err};

    config->path = arena_str(&config->arena, span_of_str(path));
    config->dir = folder_of(&config->arena, path);
    if (config->path == NULL || config->dir == NULL)
        return err_set(err, errno == ENOENT ? RC_NOT_FOUND : rc_of_errno(errno), errno, "%s",
                       path);
    enum rc rc = defaults_set(&reading);
    if (rc == RC_OK)
        rc = file_read(&reading, path);
    memset(reading.set, 0, sizeof reading.set);
    for (size_t i = 0; rc == RC_OK && i < override_count; i++)
        rc = override_read(&reading, overrides[i]);
    return rc == RC_OK ? complete(config, err) : rc;
}

enum rc
config_read(const char *path, const char *const *overrides, size_t override_count,
            struct config **out, struct err *err)
{
    struct config *config = calloc(1, sizeof *config);

    if (config == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    arena_init(&config->arena, CONFIG_ARENA);
    const enum rc rc = read_all(config, path, overrides, override_count, err);
    if (rc != RC_OK) {
        config_free(config);
        return rc;
    }
    *out = config;
    return RC_OK;
}

void
config_free(struct config *config)
{
    while (config != NULL) {
        struct config *older = config->older;
        arena_done(&config->arena);
        free(config);
        config = older;
    }
}
