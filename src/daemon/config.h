/* SPDX-License-Identifier: MIT */
/*
 * roost.conf: an INI file in which every key has a default. Unknown sections and keys, bad
 * values and lines too long for inih are errors that name file and line. DIR is the directory
 * of the file; relative paths in it start there.
 *
 * The keys are one table, config_key.def. Thread: start-up, and the reloading thread.
 */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include "auth/oauth.h"
#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"
#include "journal/log.h"
#include "mailbox/memory/account.h"
#include "net/tls.h"
#include "session/settings.h"

struct text_list {
    const char **items;
    size_t count;
};

/* [search] extract */
struct extract_command {
    const char *type;        /* "application/pdf" */
    const char *const *args; /* the path first; NULL at the end */
};

struct config {
    struct arena arena; /* owns all texts */
    const char *path;   /* of the file */
    const char *dir;    /* its directory, absolute */
    /* the configuration that it replaced at a reload, which sessions may still read */
    struct config *older;

    /* what sessions use; texts are in the arena, as everything else */
    struct settings settings;

    /* [quota] in the form that accounts use; only a reload replaces it */
    struct quota_rules quota;
    bool quota_warns;

    uint32_t work_threads;  /* 0: according to the number of processors */
    uint64_t memory_octets; /* for long commands and spools, in all sessions */
    struct text_list domains;
    struct text_list metadata; /* alternating names and values */
    /* [server] hostname was set; otherwise it is the system's name */
    bool hostname_is_set;

    struct text_list imap_listen; /* endpoints: host:port or a path */
    struct text_list imaps_listen;
    struct text_list lmtp_listen;
    struct text_list policy_listen;
    struct text_list web_listen;

    const char *certificate; /* "": no TLS */
    const char *client_ca;   /* "": no client certificates */
    struct oauth_config oauth;
    const char *key;

    struct log_levels log_levels;
    bool log_stderr;
    uint32_t log_keep_days;

    uint32_t journal_keep_days;
    uint64_t journal_octets;

    uint32_t undelete_s;
    uint32_t purge_every_s;
    uint64_t undelete_octets;

    bool search_index;
    uint32_t search_index_from; /* messages */
    struct text_list extract;   /* alternating media types, in lower case, and commands */
    struct extract_command *extract_commands; /* the same */
    size_t extract_count;
};

/**
 * Reads path (NULL: defaults only, with dir as DIR) and then overrides ("section.key=value").
 * RC_INVALID with the text "FILE:LINE: ..." or "-o ...: ..."; RC_NOT_FOUND, RC_DENIED,
 * RC_LIMIT. On success the caller owns *out and frees it with config_free once nobody reads its
 * settings any more.
 */
MUST_USE enum rc config_read(const char *path, const char *const *overrides,
                             size_t override_count, struct config **out, struct err *err);
/* Called for each problem, with "FILE:LINE: ..." or "-o ...: ...". */
struct config_teller {
    void *ctx;
    void (*tell)(void *ctx, const char *text);
};
/** The same, but continues after a problem with the default value, so that all problems are
 * reported. *out is NULL only if nothing can be read at all (no such file). */
void config_examine(const char *path, const char *const *overrides, size_t override_count,
                    const struct config_teller *teller, struct config **out);
/** Also frees the configurations that it replaced. NULL is allowed. */
void config_free(struct config *config);

/** [tls] in the form that net/tls.h uses. */
static inline struct tls_config
config_tls(const struct config *config)
{
    return (struct tls_config){.cert_path = config->certificate,
                               .key_path = config->key,
                               .client_ca = config->client_ca};
}

/** DIR/name, or name if it is absolute, in the config's arena. NULL: no memory. */
static inline const char *
config_path(struct config *config, const char *name)
{
    return name[0] == '/' ? arena_str(&config->arena, span_of_str(name))
                          : arena_printf(&config->arena, "%s/%s", config->dir, name);
}

#endif
