/* SPDX-License-Identifier: MIT */
/*
 * roost.conf: an INI file in which every key has a default. Unknown sections and keys, bad
 * values and lines too long for inih are errors that name file and line. DIR is the folder of
 * the file; relative paths in it start there.
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

struct config {
    struct arena arena;   /* owns all texts */
    const char *path;     /* of the file */
    const char *dir;      /* its folder, absolute */
    struct config *older; /* that it replaced at a reload: sessions may still read it */

    struct settings settings; /* what sessions look at; texts as everything else in the arena */

    struct quota_rules
        quota; /* [quota], as accounts take it; only a reload's successor changes it */
    bool quota_warns;

    uint32_t work_threads;  /* 0: by the number of processors */
    uint64_t memory_octets; /* for long commands and spools of all sessions */
    struct text_list domains;
    struct text_list metadata; /* names and values in turn */
    bool hostname_is_set;      /* [server] hostname; else it is the system's */

    struct text_list imap_listen; /* endpoints: host:port or a path */
    struct text_list imaps_listen;
    struct text_list lmtp_listen;
    struct text_list policy_listen;
    struct text_list web_listen;

    const char *certificate; /* "": no TLS */
    const char *client_ca;   /* "": no certificates of clients */
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
};

/**
 * Reads path (NULL: defaults only, with dir as DIR) and then overrides ("section.key=value").
 * RC_INVALID with "FILE:LINE: ..." or "-o ...: ..."; RC_NOT_FOUND, RC_DENIED, RC_LIMIT.
 * On success *out is owned: config_free, once nobody reads its settings any more.
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

/** [tls] as net/tls.h takes it. */
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
