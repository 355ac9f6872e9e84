/* SPDX-License-Identifier: MIT */
/*
 * roost-mailgen: writes generated mail as an mbox (mboxrd), into a Maildir, or to standard
 * output. One thread; exit codes 0, 1 (failed), 2 (usage).
 */
#include "bench/mailgen.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

enum { FLUSH_OCTETS = 1 << 20, BUF_OCTETS_MAX = 128 * 1024 * 1024 };

struct target {
    const char *mbox; /* "-" is standard output */
    const char *maildir;
    enum mailgen_newline newline;
};

static const char help[] =
    "Usage: roost-mailgen [options]\n"
    "Writes generated mail, always the same for the same options.\n"
    "\n"
    "  --count N           messages to make (default 100)\n"
    "  --seed S            number that decides everything (default 1)\n"
    "  --mbox FILE         write an mbox with mboxrd quoting\n"
    "  --maildir DIR       write a Maildir (made when missing)\n"
    "  --stdout            write an mbox to standard output (the default)\n"
    "  --newline lf|crlf   line ends of the mbox (default lf)\n"
    "  --broken PERCENT    share of broken messages (default 0)\n"
    "  --mean OCTETS       mean size (default 5400)\n"
    "  --rare PERCENT      share of words out of a million that are rare (default 0)\n"
    "  --max-octets N      no message is larger (default 30000000)\n"
    "  --help              this text\n";

static int
complain(const char *what)
{
    fprintf(stderr, "roost-mailgen: %s: %s\n", what, strerror(errno));
    return 1;
}

static int
write_mbox(struct mailgen *gen, const struct target *target, uint64_t count)
{
    AUTO_BUF out = {0};
    AUTO_FD fd = strcmp(target->mbox, "-") == 0
                     ? dup(STDOUT_FILENO)
                     : open(target->mbox, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    buf_init(&out, BUF_OCTETS_MAX);
    if (fd < 0)
        return complain(target->mbox);
    for (uint64_t i = 0; i < count; i++) {
        struct mailgen_message message;
        mailgen_next(gen, &message);
        mailgen_put_mboxrd(&out, &message, target->newline);
        if (!buf_ok(&out)) {
            errno = ENOMEM;
            return complain(target->mbox);
        }
        if (buf_len(&out) < FLUSH_OCTETS && i + 1 < count)
            continue;
        if (fd_write_all(fd, buf_span(&out), NULL) != RC_OK)
            return complain(target->mbox);
        buf_clear(&out);
    }
    return 0;
}

static int
write_maildir(struct mailgen *gen, const struct target *target, uint64_t count)
{
    static const char *const parts[] = {"", "/cur", "/new", "/tmp"};
    char path[4096];

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        snprintf(path, sizeof path, "%s%s", target->maildir, parts[i]);
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            return complain(path);
    }
    for (uint64_t i = 0; i < count; i++) {
        struct mailgen_message message;
        mailgen_next(gen, &message);
        snprintf(path, sizeof path, "%s/cur/%lld.M%06lluP1.mailgen:2,%s%s%s", target->maildir,
                 (long long)message.internaldate_s, (unsigned long long)i,
                 message.flags & MAILGEN_FLAGGED ? "F" : "",
                 message.flags & MAILGEN_ANSWERED ? "R" : "",
                 message.flags & MAILGEN_SEEN ? "S" : "");
        AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        const struct timespec times[2] = {{.tv_sec = message.internaldate_s},
                                          {.tv_sec = message.internaldate_s}};
        if (fd < 0 || fd_write_all(fd, message.octets, NULL) != RC_OK ||
            futimens(fd, times) != 0)
            return complain(path);
    }
    return 0;
}

static int
usage(const char *what, const char *value)
{
    fprintf(stderr, "roost-mailgen: %s %s\nTry roost-mailgen --help.\n", what, value);
    return 2;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {
        {"count", required_argument, NULL, 'n'},
        {"seed", required_argument, NULL, 's'},
        {"mbox", required_argument, NULL, 'm'},
        {"maildir", required_argument, NULL, 'd'},
        {"stdout", no_argument, NULL, 'o'},
        {"newline", required_argument, NULL, 'l'},
        {"broken", required_argument, NULL, 'b'},
        {"mean", required_argument, NULL, 'a'},
        {"max-octets", required_argument, NULL, 'x'},
        {"rare", required_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct mailgen_options opt = {.seed = 1};
    struct target target = {.mbox = "-", .newline = MAILGEN_LF};
    uint64_t count = 100;
    struct err err = {.rc = RC_OK};
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        const struct span arg = span_of_str(optarg);
        uint64_t number = 0;
        const bool numeric = span_to_u64(arg, UINT64_MAX, &number);
        if (strchr("nsbaxr", c) != NULL && !numeric)
            return usage("not a number:", optarg);
        switch (c) {
        case 'n':
            count = number;
            break;
        case 's':
            opt.seed = number;
            break;
        case 'b':
            opt.broken_percent = number > 100 ? 101 : (unsigned)number;
            break;
        case 'a':
            opt.mean_octets = number;
            break;
        case 'x':
            opt.max_octets = number;
            break;
        case 'r':
            opt.rare_percent = number > 100 ? 101 : (unsigned)number;
            break;
        case 'm':
            target.mbox = optarg;
            break;
        case 'o':
            target.mbox = "-";
            break;
        case 'd':
            target.maildir = optarg;
            break;
        case 'l':
            if (!span_eq_str(arg, "lf") && !span_eq_str(arg, "crlf"))
                return usage("not lf or crlf:", optarg);
            target.newline = span_eq_str(arg, "crlf") ? MAILGEN_CRLF : MAILGEN_LF;
            break;
        case 'h':
            fputs(help, stdout);
            return 0;
        default:
            return usage("see", "--help");
        }
    }
    if (optind < argc)
        return usage("surplus argument:", argv[optind]);

    struct mailgen *gen = NULL;
    if (mailgen_new(&opt, &gen, &err) != RC_OK)
        return usage("options:", err.text);
    const int result = target.maildir != NULL ? write_maildir(gen, &target, count)
                                              : write_mbox(gen, &target, count);
    mailgen_free(gen);
    return result;
}
