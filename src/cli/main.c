/* SPDX-License-Identifier: MIT */
/*
 * roost: finds the verb, takes the options that all verbs share, and lets it run. The table of
 * verbs below is also what --help prints, and what man page and completion are made from.
 */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_verb cli_verbs[] = {
    {"init", cmd_init, "roost init DIR",
     "make a new mail folder with configuration and certificate",
     "DIR must be empty or not there yet."},
    {"serve", cmd_serve, "roost serve [-c FILE]", "serve IMAP and LMTP in the foreground",
     "Prints a line per listener and `ready`. SIGTERM ends it in order; SIGHUP reads\n"
     "configuration and certificate again without touching live sessions."},
    {"upgrade", cmd_upgrade, "roost upgrade [-c FILE]",
     "let the binary on disk take over from the running server",
     "Listeners and sessions without TLS of our own go on in the new process; the others are\n"
     "told to connect again, spread over [server] shutdown_spread. When the new one does not\n"
     "start, the running one goes on. SIGUSR2 does the same."},
    {"check", cmd_check, "roost check [-c FILE]", "say what is wrong and how to mend it",
     "Checks configuration, folders, free space, limits, the addresses to listen on, the\n"
     "certificate and its names, and whether Postfix delivers here. All that is wrong is told\n"
     "at once."},
    {"account", cmd_account,
     "roost account add NAME [--password-stdin] | add --from FILE [--skip-existing]\n"
     "                     | passwd NAME [--password-stdin] | list [--removed]\n"
     "                     | disable NAME | enable NAME | alias NAME ADDRESS [--remove]\n"
     "                     | remove NAME [--yes] [--for-good]\n"
     "                     | restore NAME [--as NAME] [--id NUMBER]",
     "who has mail here",
     "A name is `name` or `name@domain`. FILE has a line for each account, name:password or\n"
     "name:{crypt}HASH with a hash of crypt(3), as in a password file of Dovecot. Lines that\n"
     "cannot be taken are named, all others are added, and the exit status is 1; with\n"
     "--skip-existing accounts that are there are passed over. passwd, disable and remove\n"
     "end the account's sessions. remove asks first, unless --yes says so. For the time of\n"
     "[store] undelete, restore brings an account back with its mail, also under a new name;\n"
     "list --removed shows which. With --for-good its mail is removed at once. An address is\n"
     "`name`, `name@domain` or `@domain`."},
    {"import", cmd_import, "roost import ACCOUNT [--mailbox MAILBOX] [--dry-run] PATH...",
     "bring mail from mbox, Maildir and .eml files",
     "A folder is searched: each Maildir in it (with its subfolders, Maildir++ or nested), "
     "each\n"
     "mbox and each folder of messages is a mailbox of that name. A file goes to INBOX, or to\n"
     "the mailbox given. Flags, keywords, dates and subscriptions come along; compressed "
     "files\n"
     "are read as they are. What cannot be taken is named with the reason, the rest is\n"
     "imported, and the exit status is 1. What was imported before is passed over, so it can "
     "be\n"
     "run again. --dry-run tells what would be done and names what would be left out."},
    {"export", cmd_export,
     "roost export ACCOUNT [--mailbox MAILBOX] [--format maildir|mbox|eml] DIR",
     "write an account's mail as Maildir, mbox or .eml files",
     "DIR is made. maildir: INBOX is DIR itself, other mailboxes are its subfolders\n"
     "(Maildir++); Dovecot and Courier read it. mbox: a file for each mailbox. eml: a folder\n"
     "for each mailbox, a file for each message. `roost import` brings back all of it from "
     "each."},
    {"sessions", cmd_sessions, "roost sessions [--account NAME]", "who is connected now",
     "One line per session: account, state, mailbox, address, seconds since the client last "
     "said\n"
     "something, octets each way, and what the client calls itself."},
    {"top", cmd_top,
     "roost top [--sort WORD] [--reverse] [--every SECONDS] [--account NAME] [--once]",
     "watch who is connected",
     "WORD: session, account, doing, idle, acked, peer, out or suspect; idle when not given.\n"
     "Keys: s a d i k p o u sort by these in turn, r reverses, space and b turn pages,\n"
     "q quits. --once prints the table once; so does --json, as JSON."},
    {"explain", cmd_explain, "roost explain SESSION | --account NAME [--since TIME] | FILE...",
     "why a session ended",
     "SESSION is the number in the log and in `roost sessions`; it may still be open. With\n"
     "--account all that ended since TIME (such as 12h, 7d or 2026-11-20; default 7d) by "
     "device\n"
     "and network, and a picture of the last day. FILEs are logs of other programs, told with\n"
     "--all session by session, with --account for one user."},
    {"networks", cmd_networks, "roost networks [--reset NETWORK | --reset --all]",
     "how long silence survives in the clients' networks",
     "One line per network (IPv4 /24, IPv6 /48): how often idle clients there get a line, a "
     "longer\n"
     "interval that is being tried, the silence after which the network forgets connections,\n"
     "and how many silences were kept and lost. --reset forgets what was learnt."},
    {"kick", cmd_kick, "roost kick SESSION [WORDS] | --account NAME [WORDS]", "end sessions",
     "The client is told WORDS, or that the administrator ended the session."},
    {"log", cmd_log, "roost log [LEVELS] [--account NAME]", "change what is logged, at once",
     "LEVELS are letters for all services (A protocol lines, P progress, S statistics, F "
     "failures),\n"
     "or services with their own: \"SF imap:APSF\". With --account for that account alone;\n"
     "`default` takes it back. Without LEVELS it tells the present ones, of that account with\n"
     "--account."},
};

static const struct cli_verb *
verb_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(cli_verbs); i++)
        if (strcmp(cli_verbs[i].name, name) == 0)
            return &cli_verbs[i];
    return NULL;
}

static void
help_all(FILE *to)
{
    fprintf(to,
            "usage: roost VERB [-c FILE] [-o section.key=value ...] [--json] [--help] ...\n\n");
    for (size_t i = 0; i < ARRAY_LEN(cli_verbs); i++)
        fprintf(to, "  %-10s %s\n", cli_verbs[i].name, cli_verbs[i].summary);
    fprintf(
        to,
        "\nroost VERB --help tells more. FILE can also come from the variable ROOST_CONF.\n");
}

static void
help_verb(const struct cli_verb *verb)
{
    printf("usage: %s\n\n%s.\n\n%s\n", verb->synopsis, verb->summary, verb->help);
}

/* Takes the shared options out of the arguments; what is left stays in order. False: usage. */
static bool
options_take(struct cli *cli, bool *help_out)
{
    int left = 0;

    for (int i = 0; i < cli->argc; i++) {
        char *arg = cli->argv[i];
        const bool has_value = i + 1 < cli->argc;
        if (strcmp(arg, "--") == 0) {
            for (i++; i < cli->argc; i++)
                cli->argv[left++] = cli->argv[i];
        } else if (strcmp(arg, "-c") == 0 && has_value) {
            cli->config_path = cli->argv[++i];
        } else if (strcmp(arg, "-o") == 0 && has_value &&
                   cli->override_count < CLI_OVERRIDES_MAX) {
            cli->overrides[cli->override_count++] = cli->argv[++i];
        } else if (strcmp(arg, "-c") == 0 || strcmp(arg, "-o") == 0) {
            return false;
        } else if (strcmp(arg, "--json") == 0) {
            cli->json = true;
        } else if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
            *help_out = true;
        } else {
            cli->argv[left++] = arg;
        }
    }
    cli->argc = left;
    return true;
}

int
main(int argc, char **argv)
{
    struct cli cli = {.config_path = getenv("ROOST_CONF")};
    bool help = false;

    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        help_all(argc < 2 ? stderr : stdout);
        return argc < 2 ? CLI_USAGE : CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("roost %s\n", ROOST_VERSION);
        return CLI_OK;
    }
    const struct cli_verb *verb = verb_find(argv[1]);
    if (verb == NULL) {
        fprintf(stderr, "roost: there is no verb \"%s\"\n", argv[1]);
        help_all(stderr);
        return CLI_USAGE;
    }
    cli.program = argv[0];
    cli.verb = verb->name;
    cli.synopsis = verb->synopsis;
    cli.argc = argc - 2;
    cli.argv = argv + 2;
    if (!options_take(&cli, &help))
        return cli_usage(&cli, "-c and -o need a value");
    if (help) {
        help_verb(verb);
        return CLI_OK;
    }
    return verb->run(&cli);
}
