/* SPDX-License-Identifier: MIT */
/*
 * roost-imapload: a load client for any IMAP and LMTP server. A run has one mode, and each
 * result is one JSON line. docs/benchmark.md says what each mode measures.
 */
#include "bench/load.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static const struct {
    const char *name;
    void (*run)(const struct load_options *opt);
    const char *items; /* default of --items */
} modes[] = {
    {"fetch", load_fetch, "(FLAGS)"},
    {"fetch-flags", load_fetch, "(FLAGS)"},
    {"fetch-article", load_fetch,
     "(BODY.PEEK[HEADER.FIELDS (References X-Ref X-Priority X-MSMail-Priority X-MSOESRec "
     "Newsgroups)] ENVELOPE RFC822.SIZE UID FLAGS INTERNALDATE)"},
    {"fetch-bodystructure", load_fetch, "(BODYSTRUCTURE)"},
    {"fetch-bodies", load_fetch, "(BODY.PEEK[])"},
    {"select", load_select, ""},
    {"store", load_store, ""},
    {"copy", load_copy, ""},
    {"move", load_move, ""},
    {"list-status", load_list_status, ""},
    {"resync", load_resync, ""},
    {"resync-mark", load_resync_mark, ""},
    {"resync-back", load_resync_back, ""},
    {"expunge", load_expunge, ""},
    {"apart", load_apart, ""},
    {"fill", load_fill, ""},
    {"append", load_append, ""},
    {"lmtp", load_lmtp, ""},
    {"login", load_login, ""},
    {"push", load_push, ""},
    {"park", load_park, ""},
    {"park-notify", load_park_notify, ""},
    {"park-sync", load_park_sync, ""},
    {"hold", load_hold, ""},
    {"round-lmtp", load_round_lmtp, ""},
    {"round-append", load_round_append, ""},
    {"round-login", load_round_login, ""},
};

static const char help[] =
    "Usage: roost-imapload MODE [options]\n"
    "\n"
    "Modes with one connection (figures of the median of --repeat rounds, after one more):\n"
    "  fetch-flags fetch-article fetch-bodystructure fetch-bodies\n"
    "  fetch           with --items\n"
    "  select          first of a connection (cold), then again and again (warm)\n"
    "  store           --set at once and single messages\n"
    "  copy, move      --set of --mailbox to --target\n"
    "  list-status     LIST RETURN (STATUS (...)) of --count mailboxes, made if they are not "
    "there\n"
    "  resync          after 100 changes: SELECT with QRESYNC, and FETCH CHANGEDSINCE\n"
    "  resync-mark     tells what a client knows, then changes and expunges 100 messages each\n"
    "  resync-back     SELECT with QRESYNC of that client: --uidvalidity, --modseq\n"
    "  expunge         EXPUNGE of all of --target, a copy of --mailbox\n"
    "  apart           APPEND and SEARCH, command and literal in writes of their own\n"
    "  fill            --count messages into --mailbox, --batch an APPEND\n"
    "Modes with --connections at once, for --count operations or --seconds:\n"
    "  append lmtp login\n"
    "Modes that go round --users accounts, a JSON line a round, for --rounds of them and then\n"
    "until standard input ends:\n"
    "  round-lmtp round-append round-login   with --round-seconds: spread over so long\n"
    "Modes that idle:\n"
    "  push            LMTP delivery to EXISTS, from the reply of LMTP\n"
    "  park            opens --count sessions, holds them until standard input ends\n"
    "  park-notify     the same without IDLE: NOTIFY for --batch of the mailboxes of "
    "list-status\n"
    "  park-sync       the same after ENABLE QRESYNC, --chatter octets of commands and a "
    "NOTIFY\n"
    "  hold            does what lines of standard input say: open, resume, fan, storm\n"
    "\n"
    "  --host ADDRESS (127.0.0.1)  --port N (143)   --lmtp-port N (24)  --tls\n"
    "  --compress       COMPRESS=DEFLATE, in modes with one connection and park-sync\n"
    "  --partial-flush  with Z_PARTIAL_FLUSH instead of Z_SYNC_FLUSH\n"
    "  --notify         hold: NOTIFY for --mailbox instead of SELECT and IDLE\n"
    "  --user NAME      \"%\" becomes --first (1), the next, ... --users of them\n"
    "  --password P\n"
    "  --rcpt ADDRESS   LMTP recipient, \"%\" too\n"
    "  --mailbox M (INBOX)   --target M             --set SET (1:*)     --items LIST\n"
    "  --connections N (1)   --count N (1000000)    --seconds S (5)     --repeat N (5)\n"
    "  --rounds N (5)        --round-seconds S (as fast as it goes)\n"
    "  --batch N (100)       --fresh                --keep (copy: the target)  --quiet\n"
    "  --nagle         no TCP_NODELAY, acknowledgements when the kernel likes\n"
    "  --spread        connections come from many addresses of 127.0.0.0/8\n"
    "  --mbox FILE | --seed N (1) --max-octets N    the messages that are sent\n"
    "  --rare PERCENT    share of words out of a million that are rare (0)\n";

enum {
    OPT_HOST = 256,
    OPT_PORT,
    OPT_LMTP_PORT,
    OPT_TLS,
    OPT_COMPRESS,
    OPT_PARTIAL,
    OPT_NOTIFY,
    OPT_USER,
    OPT_USERS,
    OPT_FIRST,
    OPT_PASSWORD,
    OPT_RCPT,
    OPT_MAILBOX,
    OPT_TARGET,
    OPT_SET,
    OPT_ITEMS,
    OPT_CONNECTIONS,
    OPT_COUNT,
    OPT_SECONDS,
    OPT_REPEAT,
    OPT_ROUNDS,
    OPT_ROUND_SECONDS,
    OPT_BATCH,
    OPT_FRESH,
    OPT_KEEP,
    OPT_SPREAD,
    OPT_NAGLE,
    OPT_QUIET,
    OPT_MBOX,
    OPT_SEED,
    OPT_UIDVALIDITY,
    OPT_MODSEQ,
    OPT_CHATTER,
    OPT_MAX_OCTETS,
    OPT_RARE,
    OPT_HELP,
};

static const struct option options[] = {
    {"host", required_argument, NULL, OPT_HOST},
    {"port", required_argument, NULL, OPT_PORT},
    {"lmtp-port", required_argument, NULL, OPT_LMTP_PORT},
    {"tls", no_argument, NULL, OPT_TLS},
    {"compress", no_argument, NULL, OPT_COMPRESS},
    {"partial-flush", no_argument, NULL, OPT_PARTIAL},
    {"notify", no_argument, NULL, OPT_NOTIFY},
    {"user", required_argument, NULL, OPT_USER},
    {"users", required_argument, NULL, OPT_USERS},
    {"first", required_argument, NULL, OPT_FIRST},
    {"password", required_argument, NULL, OPT_PASSWORD},
    {"rcpt", required_argument, NULL, OPT_RCPT},
    {"mailbox", required_argument, NULL, OPT_MAILBOX},
    {"target", required_argument, NULL, OPT_TARGET},
    {"set", required_argument, NULL, OPT_SET},
    {"items", required_argument, NULL, OPT_ITEMS},
    {"connections", required_argument, NULL, OPT_CONNECTIONS},
    {"count", required_argument, NULL, OPT_COUNT},
    {"seconds", required_argument, NULL, OPT_SECONDS},
    {"repeat", required_argument, NULL, OPT_REPEAT},
    {"rounds", required_argument, NULL, OPT_ROUNDS},
    {"round-seconds", required_argument, NULL, OPT_ROUND_SECONDS},
    {"batch", required_argument, NULL, OPT_BATCH},
    {"fresh", no_argument, NULL, OPT_FRESH},
    {"keep", no_argument, NULL, OPT_KEEP},
    {"spread", no_argument, NULL, OPT_SPREAD},
    {"nagle", no_argument, NULL, OPT_NAGLE},
    {"quiet", no_argument, NULL, OPT_QUIET},
    {"mbox", required_argument, NULL, OPT_MBOX},
    {"seed", required_argument, NULL, OPT_SEED},
    {"uidvalidity", required_argument, NULL, OPT_UIDVALIDITY},
    {"modseq", required_argument, NULL, OPT_MODSEQ},
    {"chatter", required_argument, NULL, OPT_CHATTER},
    {"max-octets", required_argument, NULL, OPT_MAX_OCTETS},
    {"rare", required_argument, NULL, OPT_RARE},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

NORETURN static void
usage(const char *what, const char *value)
{
    fprintf(stderr, "roost-imapload: %s %s\nTry roost-imapload --help.\n", what, value);
    exit(2);
}

static uint64_t
number(const char *arg, uint64_t min, uint64_t max)
{
    uint64_t value = 0;

    if (!span_to_u64(span_of_str(arg), max, &value) || value < min)
        usage("not a number in range:", arg);
    return value;
}

/* Each takes options of one kind. False: the option is not one of them. */
static bool
take_flag(struct load_options *opt, int c)
{
    switch (c) {
    case OPT_TLS:
        opt->tls = true;
        return true;
    case OPT_COMPRESS:
        opt->compress = true;
        return true;
    case OPT_PARTIAL:
        opt->partial = true;
        return true;
    case OPT_NOTIFY:
        opt->notify = true;
        return true;
    case OPT_FRESH:
        opt->fresh = true;
        return true;
    case OPT_KEEP:
        opt->keep = true;
        return true;
    case OPT_SPREAD:
        opt->spread = true;
        return true;
    case OPT_NAGLE:
        opt->nagle = true;
        return true;
    case OPT_QUIET:
        opt->quiet = true;
        return true;
    default:
        return false;
    }
}

static bool
take_text(struct load_options *opt, int c, char *arg)
{
    switch (c) {
    case OPT_HOST:
        opt->host = arg;
        return true;
    case OPT_USER:
        opt->user = arg;
        return true;
    case OPT_PASSWORD:
        opt->password = arg;
        return true;
    case OPT_RCPT:
        opt->rcpt = arg;
        return true;
    case OPT_MAILBOX:
        opt->mailbox = arg;
        return true;
    case OPT_TARGET:
        opt->target = arg;
        return true;
    case OPT_SET:
        opt->set = arg;
        return true;
    case OPT_ITEMS:
        opt->items = arg;
        return true;
    case OPT_MBOX:
        opt->mbox = arg;
        return true;
    default:
        return false;
    }
}

static bool
take_number(struct load_options *opt, int c, const char *arg)
{
    switch (c) {
    case OPT_PORT:
        opt->port = (unsigned)number(arg, 1, 65535);
        return true;
    case OPT_LMTP_PORT:
        opt->lmtp_port = (unsigned)number(arg, 1, 65535);
        return true;
    case OPT_USERS:
        opt->users = (unsigned)number(arg, 1, 10000000);
        return true;
    case OPT_FIRST:
        opt->first = (unsigned)number(arg, 1, 10000000);
        return true;
    case OPT_CONNECTIONS:
        opt->connections = (unsigned)number(arg, 1, 100000);
        return true;
    case OPT_COUNT:
        opt->count = number(arg, 1, 1000000000);
        return true;
    case OPT_SECONDS:
        opt->seconds = (double)number(arg, 1, 100000);
        return true;
    case OPT_REPEAT:
        opt->repeat = (unsigned)number(arg, 1, 100000);
        return true;
    case OPT_ROUNDS:
        opt->rounds = (unsigned)number(arg, 1, 1000);
        return true;
    case OPT_ROUND_SECONDS:
        opt->round_seconds = (double)number(arg, 1, 100000);
        return true;
    case OPT_BATCH:
        opt->batch = (unsigned)number(arg, 1, 100000);
        return true;
    case OPT_SEED:
        opt->seed = number(arg, 0, UINT64_MAX);
        return true;
    case OPT_UIDVALIDITY:
        opt->uidvalidity = number(arg, 1, UINT32_MAX);
        return true;
    case OPT_MODSEQ:
        opt->modseq = number(arg, 1, UINT64_MAX);
        return true;
    case OPT_CHATTER:
        opt->chatter = (size_t)number(arg, 0, 1 << 24);
        return true;
    case OPT_MAX_OCTETS:
        opt->max_octets = (size_t)number(arg, 1, 30000000);
        return true;
    case OPT_RARE:
        opt->rare_percent = (int)number(arg, 0, 100);
        return true;
    default:
        return false;
    }
}

static void
take_option(struct load_options *opt, int c, char *arg)
{
    if (c == OPT_HELP) {
        fputs(help, stdout);
        exit(0);
    }
    if (!take_flag(opt, c) && !take_text(opt, c, arg) && !take_number(opt, c, arg))
        usage("see", "--help");
}

/* Ten thousand parked sessions need as many descriptors. */
static void
raise_limits(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* connecting will say so if it is too low */
    }
}

int
main(int argc, char **argv)
{
    struct load_options opt = {
        .host = "127.0.0.1",
        .port = 143,
        .lmtp_port = 24,
        .user = "bench",
        .first = 1,
        .password = "bench",
        .rcpt = "bench",
        .mailbox = "INBOX",
        .target = "bench-target",
        .set = "1:*",
        .connections = 1,
        .count = 1000000,
        .repeat = 5,
        .rounds = 5,
        .seconds = 5,
        .batch = 100,
        .seed = 1,
    };
    int c;

    if (argc < 2)
        usage("no mode;", "see --help");
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
        take_option(&opt, c, optarg);
    if (optind + 1 != argc)
        usage("need exactly one mode;", "see --help");
    raise_limits();
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        if (strcmp(modes[i].name, argv[optind]) != 0)
            continue;
        if (opt.items == NULL)
            opt.items = modes[i].items;
        modes[i].run(&opt);
        return 0;
    }
    usage("no such mode:", argv[optind]);
}
