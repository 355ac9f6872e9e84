/* SPDX-License-Identifier: MIT */
/*
 * `roost check`: if Postfix is installed, does it deliver to this Roost? postconf(1) lists its
 * transports. One that uses LMTP must lead to an address on which Roost listens, and Postfix's
 * user must be able to reach the socket. If no transport uses LMTP, that is only a note,
 * because Postfix may be used for something else.
 */
#include "cli/check/check.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/addr.h"

enum { VALUE_MAX = 1024, GROUPS_MAX = 64 };

struct postfix {
    char queue_directory[VALUE_MAX];
    char mail_owner[VALUE_MAX];
    char virtual_transport[VALUE_MAX];
    char mailbox_transport[VALUE_MAX];
    char local_transport[VALUE_MAX];
    char chroot[VALUE_MAX]; /* chroot field of its LMTP client: "y", "n", "-" */
};

struct transport {
    const char *name; /* "virtual_transport" */
    const char *value;
};

/* ---- asking Postfix ---- */

static void
line_take(struct postfix *postfix, char *line)
{
    const struct {
        const char *name;
        char *value;
    } known[] = {
        {"queue_directory", postfix->queue_directory},
        {"mail_owner", postfix->mail_owner},
        {"virtual_transport", postfix->virtual_transport},
        {"mailbox_transport", postfix->mailbox_transport},
        {"local_transport", postfix->local_transport},
        {"lmtp/unix/chroot", postfix->chroot},
    };
    char *equals = strstr(line, " =");

    line[strcspn(line, "\n")] = '\0';
    if (equals == NULL)
        return;
    *equals = '\0';
    const char *value = equals + 2 + (equals[2] == ' ');
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(line, known[i].name) == 0)
            snprintf(known[i].value, VALUE_MAX, "%s", value);
}

/* Starts postconf with its output going to a pipe and its errors discarded. 0: it could not be
 * started. */
static pid_t
postconf_start(const char *const *argv, int *answer_fd_out)
{
    static const char *const places[] = {"/usr/sbin/postconf", "/usr/local/sbin/postconf"};
    posix_spawn_file_actions_t actions;
    char *args[16] = {NULL};
    int fds[2];
    pid_t pid = 0;

    for (size_t i = 0; argv[i] != NULL && i + 1 < ARRAY_LEN(args); i++)
        args[i] = (char *)(uintptr_t)argv[i]; /* posix_spawn does not write to them */
    if (pipe2(fds, O_CLOEXEC) != 0)
        return 0;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    for (size_t i = 0; pid == 0 && i < ARRAY_LEN(places); i++)
        if (posix_spawn(&pid, places[i], &actions, NULL, args, environ) != 0)
            pid = 0;
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    if (pid == 0)
        close(fds[0]);
    else
        *answer_fd_out = fds[0];
    return pid;
}

static bool
postconf_ask(struct postfix *postfix, const char *const *argv)
{
    char line[VALUE_MAX + 64];
    int status = -1;
    int fd = -1;
    const pid_t pid = postconf_start(argv, &fd);

    if (pid == 0)
        return false;
    FILE *answer = fdopen(fd, "r");
    while (answer != NULL && fgets(line, sizeof line, answer) != NULL)
        line_take(postfix, line);
    if (answer != NULL)
        fclose(answer);
    else
        close(fd);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* False: Postfix is not installed, or does not answer. */
static bool
postfix_ask(struct postfix *postfix)
{
    static const char *const keys[] = {"postconf",          "-x",
                                       "queue_directory",   "mail_owner",
                                       "virtual_transport", "mailbox_transport",
                                       "local_transport",   NULL};
    static const char *const service[] = {"postconf", "-F", "lmtp/unix/chroot", NULL};

    *postfix = (struct postfix){.chroot = "-"};
    return postconf_ask(postfix, keys) && postconf_ask(postfix, service) &&
           postfix->queue_directory[0] != '\0';
}

/* ---- may it use the socket? ---- */

struct account_of_postfix {
    uid_t uid;
    gid_t groups[GROUPS_MAX];
    int group_count;
};

static bool
postfix_user(const char *name, struct account_of_postfix *out)
{
    const struct passwd *pw = getpwnam(name);

    if (pw == NULL)
        return false;
    out->uid = pw->pw_uid;
    out->group_count = GROUPS_MAX;
    if (getgrouplist(name, pw->pw_gid, out->groups, &out->group_count) < 0)
        out->group_count = GROUPS_MAX;
    return true;
}

/* Whether the user has all of the rights (bits 4, 2, 1) on a file. */
static bool
has_rights(const struct account_of_postfix *user, const struct stat *st, unsigned rights)
{
    unsigned shift = 0;

    if (st->st_uid == user->uid)
        shift = 6;
    for (int i = 0; shift == 0 && i < user->group_count; i++)
        if (st->st_gid == user->groups[i])
            shift = 3;
    return ((st->st_mode >> shift) & rights) == rights;
}

/* The first directory on the path to the socket that Postfix may not enter, or the socket
 * itself if Postfix may not write to it. NULL: everything is allowed. What cannot be seen from
 * here is assumed to be allowed. */
static const char *
in_the_way(const struct account_of_postfix *user, const char *path, char place[PATH_MAX])
{
    struct stat st;

    for (const char *slash = path; slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(place, PATH_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
        if (stat(place, &st) != 0 || !has_rights(user, &st, 1))
            return place;
    }
    snprintf(place, PATH_MAX, "%s", path);
    return stat(path, &st) == 0 && !has_rights(user, &st, 2) ? place : NULL;
}

static void
rights_check(struct check *check, const struct postfix *postfix, const char *path)
{
    struct account_of_postfix user;
    char place[PATH_MAX];

    if (!postfix_user(postfix->mail_owner, &user)) {
        check_tell(check, CHECK_PROBLEM, "postfix",
                   "Postfix is to run as user %s, who does not exist", postfix->mail_owner);
        return;
    }
    if (in_the_way(&user, path, place) == NULL)
        return;
    check_tell(
        check, CHECK_PROBLEM, "postfix",
        "user %s cannot reach %s; let group %s own the folder of the socket (install -d -o "
        "roost -g %s -m 2750)",
        postfix->mail_owner, place, postfix->mail_owner, postfix->mail_owner);
}

/* ---- does it lead here? ---- */

/* The path as the rest of the system sees it. Relative paths start at the queue directory, and
 * inside a chroot all paths do. */
static void
socket_path(const struct postfix *postfix, const char *path, char dst[PATH_MAX])
{
    if (path[0] == '/' && strcmp(postfix->chroot, "y") != 0)
        snprintf(dst, PATH_MAX, "%s", path);
    else
        snprintf(dst, PATH_MAX, "%s/%s", postfix->queue_directory,
                 path[0] == '/' ? path + 1 : path);
}

static bool
same_file(const char *a, const char *b)
{
    char real_a[PATH_MAX];
    char real_b[PATH_MAX];

    if (strcmp(a, b) == 0)
        return true;
    return realpath(a, real_a) != NULL && realpath(b, real_b) != NULL &&
           strcmp(real_a, real_b) == 0;
}

static bool
listens_at_path(const struct config *config, const char *path)
{
    for (size_t i = 0; i < config->lmtp_listen.count; i++)
        if (same_file(config->lmtp_listen.items[i], path))
            return true;
    return false;
}

/* host:port, [host]:port; port 24 when there is none (lmtp(8)). */
static bool
listens_at_address(const struct config *config, const char *text)
{
    char asked[300];
    struct net_endpoint to;
    const char *close = strchr(text, ']');
    const bool has_port = strchr(close == NULL ? text : close, ':') != NULL;
    const bool bare = text[0] == '[' && close != NULL &&
                      /* [host], but not IPv6 */
                      memchr(text, ':', (size_t)(close - text)) == NULL;

    if (bare)
        snprintf(asked, sizeof asked, "%.*s%s%s", (int)(close - text - 1), text + 1, close + 1,
                 has_port ? "" : ":24");
    else
        snprintf(asked, sizeof asked, "%s%s", text, has_port ? "" : ":24");
    if (net_endpoint_parse(span_of_str(asked), &to, NULL) != RC_OK)
        return false;
    for (size_t i = 0; i < config->lmtp_listen.count; i++) {
        struct net_endpoint at;
        if (net_endpoint_parse(span_of_str(config->lmtp_listen.items[i]), &at, NULL) != RC_OK ||
            at.family == NET_UNIX || at.port != to.port)
            continue;
        if (at.host[0] == '\0' || strcmp(at.host, "*") == 0 || strcmp(at.host, to.host) == 0 ||
            strcmp(to.host, "localhost") == 0)
            return true;
    }
    return false;
}

static void
listeners_print(const struct config *config, char *dst, size_t cap)
{
    size_t len = 0;

    snprintf(dst, cap, "nowhere");
    for (size_t i = 0; i < config->lmtp_listen.count && len < cap; i++)
        len += (size_t)snprintf(dst + len, cap - len, "%s%s", i == 0 ? "" : " ",
                                config->lmtp_listen.items[i]);
}

/* Whether the transport speaks LMTP. */
static bool
transport_check(struct check *check, const struct config *config, const struct postfix *postfix,
                const struct transport *transport)
{
    const char *to = transport->value;
    char path[PATH_MAX];
    char listeners[600];
    bool leads_here = false;

    if (strncmp(to, "lmtp:", 5) != 0)
        return false;
    to += 5;
    const bool is_path = strncmp(to, "unix:", 5) == 0;
    if (is_path) {
        socket_path(postfix, to + 5, path);
        leads_here = listens_at_path(config, path);
    } else {
        leads_here = listens_at_address(config, strncmp(to, "inet:", 5) == 0 ? to + 5 : to);
    }
    if (!leads_here) {
        listeners_print(config, listeners, sizeof listeners);
        check_tell(check, CHECK_PROBLEM, "postfix",
                   "%s = %s delivers to %s, but [lmtp] listen is %s", transport->name,
                   transport->value, is_path ? path : to, listeners);
        return true;
    }
    const unsigned before = check->problems;
    if (is_path)
        rights_check(check, postfix, path);
    if (check->problems == before)
        check_tell(check, CHECK_OK, "postfix", "%s = %s delivers here", transport->name,
                   transport->value);
    return true;
}

void
check_postfix(struct check *check, const struct config *config)
{
    struct postfix postfix;
    bool speaks_lmtp = false;

    if (!postfix_ask(&postfix))
        return;
    const struct transport transports[] = {{"virtual_transport", postfix.virtual_transport},
                                           {"mailbox_transport", postfix.mailbox_transport},
                                           {"local_transport", postfix.local_transport}};
    for (size_t i = 0; i < ARRAY_LEN(transports); i++)
        speaks_lmtp |= transport_check(check, config, &postfix, &transports[i]);
    if (!speaks_lmtp)
        check_tell(check, CHECK_NOTE, "postfix",
                   "Postfix is installed, but neither virtual_transport nor mailbox_transport "
                   "delivers by LMTP; set postconf -e virtual_transport=lmtp:unix:...");
}
