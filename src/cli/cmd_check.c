/* SPDX-License-Identifier: MIT */
/*
 * `roost check`: configuration, permissions, limits and certificate, before a server is started
 * or after it would not. Every finding says how it is mended.
 */
#include "cli/cli.h"

#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/limits_process.h"
#include "net/tls.h"

enum {
    FREE_OCTETS_MIN = 256 << 20,
    AUTOLOGOUT_MIN_S = 30 * 60, /* RFC 3501 section 5.4 */
    IDLE_RENEWAL_S = 29 * 60,   /* RFC 2177: clients are advised to renew IDLE that often */
};

struct check {
    bool json;
    unsigned failures;
};

static void
tell(struct check *check, const char *what, bool ok, const char *text)
{
    check->failures += !ok;
    if (!check->json) {
        printf("%-7s %s: %s\n", ok ? "ok" : "PROBLEM", what, text);
        return;
    }
    json_t *row = json_pack("{ss, sb, ss}", "check", what, "ok", (int)ok, "text", text);
    json_dumpf(row, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(row);
}

/* Nothing to mend, and good to know. */
static void
note(const struct check *check, const char *what, const char *text)
{
    if (!check->json) {
        printf("%-7s %s: %s\n", "note", what, text);
        return;
    }
    json_t *row =
        json_pack("{ss, sb, sb, ss}", "check", what, "ok", 1, "note", 1, "text", text);
    json_dumpf(row, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(row);
}

static void
check_folders(struct check *check, struct config *config)
{
    static const char *const folders[] = {"", "accounts", "log", "run", "tmp"};
    char text[1400];

    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        const char *path = config_path(config, folders[i]);
        struct stat st;
        if (stat(path, &st) != 0)
            snprintf(text, sizeof text, "%s is missing; `roost serve` makes it", path);
        else if (access(path, R_OK | W_OK | X_OK) != 0)
            snprintf(text, sizeof text, "%s is not writable for this user; chown or chmod it",
                     path);
        else if ((st.st_mode & 077) != 0)
            snprintf(text, sizeof text, "%s is open to others; chmod 700 %s", path, path);
        else
            continue;
        tell(check, "folder", i > 0 && stat(path, &st) != 0, text);
    }
    struct statvfs vfs;
    if (statvfs(config->dir, &vfs) == 0) {
        const uint64_t free_octets = (uint64_t)vfs.f_bavail * vfs.f_frsize;
        snprintf(text, sizeof text, "%ju MiB free", (uintmax_t)(free_octets >> 20));
        tell(check, "disk", free_octets >= FREE_OCTETS_MIN, text);
    }
}

static void
check_certificate(struct check *check, const struct config *config)
{
    const struct tls_config tls = {.cert_path = config->certificate, .key_path = config->key};
    struct tls_server *server = NULL;
    struct tls_cert_info info;
    struct err err = {.rc = RC_OK};
    char text[900];

    if (config->certificate[0] == '\0') {
        tell(check, "certificate", true,
             "none: clients cannot use TLS; set [tls] certificate and key");
        return;
    }
    if (tls_server_new(&tls, &clock_system, &server, &err) != RC_OK) {
        tell(check, "certificate", false, err.text);
        return;
    }
    tls_server_cert_info(server, &info);
    if (tls_server_cert_warning(server, text, sizeof text))
        tell(check, "certificate", false, text);
    snprintf(text, sizeof text, "for %s%s", info.names,
             info.self_signed ? "; self-signed: clients will warn; get one from a certificate "
                                "authority"
                              : "");
    tell(check, "certificate", true, text);
    tls_server_free(server);
}

/* What is allowed and yet will be noticed by clients. */
static void
check_times(struct check *check, const struct settings *settings)
{
    char text[300];

    if (settings->inactivity_timeout_s > 0 &&
        settings->inactivity_timeout_s < AUTOLOGOUT_MIN_S) {
        snprintf(text, sizeof text,
                 "[limits] inactivity_timeout is %u s; RFC 3501 section 5.4 asks for 30m at "
                 "least: clients will find themselves logged out",
                 settings->inactivity_timeout_s);
        note(check, "times", text);
    }
    if (settings->idle_policy != IDLE_TIMEOUT)
        return;
    snprintf(
        text, sizeof text,
        "[idle] policy = timeout ends each IDLE after %u s, whether the client is there or "
        "not; liveness ends it only when the client is gone%s",
        settings->idle_timeout_s,
        settings->idle_timeout_s < IDLE_RENEWAL_S
            ? "; RFC 2177 lets clients renew IDLE every 29m only"
            : "");
    note(check, "times", text);
}

static void
limits_tell(struct check *check, const struct settings *settings)
{
    char text[120];

    snprintf(text, sizeof text, "%ju open files are enough for %u connections",
             (uintmax_t)process_fds(), settings->max_connections);
    tell(check, "limits", true, text);
}

int
cmd_check(struct cli *cli)
{
    struct check check = {.json = cli->json};
    struct config *config = NULL;
    struct err err = {.rc = RC_OK};

    if (cli->argc != 0)
        return cli_usage(cli, "no arguments are taken");
    if (cli_config_path(cli) == NULL)
        return CLI_USAGE;
    if (config_read(cli->config_path, cli->overrides, cli->override_count, &config, &err) !=
        RC_OK) {
        tell(&check, "configuration", false, err.text);
        return CLI_FAILED;
    }
    tell(&check, "configuration", true, config->path);
    check_folders(&check, config);
    if (process_limits_raise(&config->settings, &err) != RC_OK)
        tell(&check, "limits", false, err.text);
    else
        limits_tell(&check, &config->settings);
    if (process_limits_check(config->work_threads, config->memory_octets, &err) != RC_OK)
        tell(&check, "limits", false, err.text);
    check_times(&check, &config->settings);
    check_certificate(&check, config);
    config_free(config);
    return check.failures == 0 ? CLI_OK : CLI_FAILED;
}
