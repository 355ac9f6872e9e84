/* SPDX-License-Identifier: MIT */
/*
 * `roost check`: checks the configuration, directories, names of accounts, limits, addresses,
 * the certificate, keys for tokens, and Postfix, before a server is started or after it failed
 * to start. All problems are reported at once, each with a way to fix it; a problem in one part
 * does not keep the others from being checked.
 */
#include "cli/check/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cli/cli.h"
#include "daemon/limits_process.h"
#include "net/addr.h"
#include "net/tls.h"

enum {
    FREE_OCTETS_MIN = 256 << 20,
    AUTOLOGOUT_MIN_S = 30 * 60, /* RFC 3501 section 5.4 */
    IDLE_RENEWAL_S = 29 * 60,   /* RFC 2177: clients are advised to renew IDLE that often */
};

static void
check_folders(struct check *check, struct config *config)
{
    static const char *const folders[] = {"", "accounts", "log", "run", "tmp"};
    struct statvfs vfs;

    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        const char *path = config_path(config, folders[i]);
        struct stat st;
        if (stat(path, &st) != 0) {
            check_tell(check, i > 0 ? CHECK_OK : CHECK_PROBLEM, "folder",
                       "%s is missing; `roost serve` will make it", path);
            continue;
        }
        if (access(path, R_OK | W_OK | X_OK) != 0)
            check_tell(check, CHECK_PROBLEM, "folder",
                       "this user cannot write to %s; use chown or chmod", path);
        if ((st.st_mode & 077) != 0)
            check_tell(check, CHECK_PROBLEM, "folder", "%s is open to others; chmod 700 %s",
                       path, path);
    }
    if (statvfs(config->dir, &vfs) == 0) {
        const uint64_t free_octets = (uint64_t)vfs.f_bavail * vfs.f_frsize;
        check_tell(check, free_octets >= FREE_OCTETS_MIN ? CHECK_OK : CHECK_PROBLEM, "disk",
                   "%ju MiB free", (uintmax_t)(free_octets >> 20));
    }
}

/* ---- the certificate ---- */

/* A name under which clients reach the server must be in the certificate. */
static void
name_check(struct check *check, struct tls_server *server, const char *name, const char *from,
           enum check_finding finding)
{
    struct tls_cert_info info;

    if (tls_server_cert_is_for(server, name))
        return;
    tls_server_cert_info(server, &info);
    check_tell(check, finding, "certificate",
               "it is not valid for %s (%s), only for %s; clients that connect to that name "
               "reject it",
               name, from, info.names[0] == '\0' ? info.subject : info.names);
}

static void
names_check(struct check *check, struct tls_server *server, const struct config *config)
{
    const struct text_list *lists[] = {&config->imap_listen, &config->imaps_listen};

    if (config->hostname_is_set)
        name_check(check, server, config->settings.hostname, "[server] hostname",
                   CHECK_PROBLEM);
    else
        name_check(check, server, config->settings.hostname,
                   "the name of this machine; [server] hostname is not set", CHECK_NOTE);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        for (size_t k = 0; k < lists[i]->count; k++) {
            struct net_endpoint endpoint;
            if (net_endpoint_parse(span_of_str(lists[i]->items[k]), &endpoint, NULL) == RC_OK &&
                endpoint.family == NET_NONE && endpoint.host[0] != '\0' &&
                strcmp(endpoint.host, "*") != 0 &&
                strcmp(endpoint.host, config->settings.hostname) != 0)
                name_check(check, server, endpoint.host, "listen", CHECK_PROBLEM);
        }
}

static bool
files_check(struct check *check, const struct config *config)
{
    const char *paths[] = {config->certificate, config->key};
    const unsigned before = check->problems;

    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        if ((i == 0 || strcmp(paths[0], paths[1]) != 0) && access(paths[i], R_OK) != 0)
            check_tell(check, CHECK_PROBLEM, "certificate", "%s: %s", paths[i],
                       strerror(errno));
    return check->problems == before;
}

static void
check_certificate(struct check *check, const struct config *config)
{
    const struct tls_config tls = config_tls(config);
    struct tls_server *server = NULL;
    struct tls_cert_info info;
    struct err err = {.rc = RC_OK};
    char text[CHECK_TEXT_MAX];

    if (config->certificate[0] == '\0') {
        check_tell(check, CHECK_OK, "certificate",
                   "there is none, so clients cannot use TLS; set [tls] certificate and key");
        return;
    }
    if (!files_check(check, config))
        return;
    if (tls_server_new(&tls, &clock_system, &server, &err) != RC_OK) {
        check_tell(check, CHECK_PROBLEM, "certificate", "%s", err.text);
        return;
    }
    if (tls_server_cert_warning(server, text, sizeof text))
        check_tell(check, CHECK_PROBLEM, "certificate", "%s", text);
    names_check(check, server, config);
    tls_server_cert_info(server, &info);
    check_tell(check, CHECK_OK, "certificate", "valid for %s%s", info.names,
               info.self_signed ? ", but self-signed, so mail programs will warn; get one from "
                                  "a certificate authority"
                                : "");
    tls_server_free(server);
}

static void
check_tokens(struct check *check, const struct config *config)
{
    struct oauth *oauth = NULL;
    struct err err = {.rc = RC_OK};

    if (oauth_new(&oauth, &config->oauth, &err) != RC_OK)
        check_tell(check, CHECK_PROBLEM, "tokens", "%s", err.text);
    else if (oauth != NULL)
        check_tell(check, CHECK_OK, "tokens", "%s has keys that can be used",
                   config->oauth.keys_path);
    oauth_unref(oauth);
}

/* Settings that are allowed, but that clients will notice. */
static void
check_times(struct check *check, const struct settings *settings)
{
    if (settings->inactivity_timeout_s > 0 && settings->inactivity_timeout_s < AUTOLOGOUT_MIN_S)
        check_tell(check, CHECK_NOTE, "times",
                   "[limits] inactivity_timeout is %u s, but RFC 3501 section 5.4 requires at "
                   "least 30m; clients will be logged out too early",
                   settings->inactivity_timeout_s);
    if (settings->idle_policy == IDLE_TIMEOUT)
        check_tell(check, CHECK_NOTE, "times",
                   "[idle] policy = timeout ends each IDLE after %u s, even if the client is "
                   "still there; liveness ends it only when the client is gone%s",
                   settings->idle_timeout_s,
                   settings->idle_timeout_s < IDLE_RENEWAL_S
                       ? "; RFC 2177 lets clients wait 29m before they renew IDLE"
                       : "");
}

static void
check_limits(struct check *check, struct config *config)
{
    struct err err = {.rc = RC_OK};

    if (process_limits_raise(&config->settings, &err) != RC_OK)
        check_tell(check, CHECK_PROBLEM, "limits", "%s", err.text);
    else
        check_tell(check, CHECK_OK, "limits", "%ju open files are enough for %u connections",
                   (uintmax_t)process_fds(), config->settings.max_connections);
    if (process_limits_check(config->work_threads, config->memory_octets, &err) != RC_OK)
        check_tell(check, CHECK_PROBLEM, "limits", "%s", err.text);
}

static void
on_problem(void *ctx, const char *text)
{
    check_tell(ctx, CHECK_PROBLEM, "configuration", "%s", text);
}

int
cmd_check(struct cli *cli)
{
    struct check check = {.json = cli->json};
    const struct config_teller teller = {.ctx = &check, .tell = on_problem};
    struct config *config = NULL;

    if (cli->argc != 0)
        return cli_usage(cli, "this verb takes no arguments");
    if (cli_config_path(cli) == NULL)
        return CLI_USAGE;
    config_examine(cli->config_path, cli->overrides, cli->override_count, &teller, &config);
    if (config == NULL)
        return CLI_FAILED;
    if (check.problems == 0)
        check_tell(&check, CHECK_OK, "configuration", "%s", config->path);
    check_folders(&check, config);
    check_names(&check, config);
    check_limits(&check, config);
    check_times(&check, &config->settings);
    check_ports(&check, config);
    check_certificate(&check, config);
    check_tokens(&check, config);
    check_postfix(&check, config);
    config_free(config);
    return check.problems == 0 ? CLI_OK : CLI_FAILED;
}
