/* SPDX-License-Identifier: MIT */
/*
 * roost: finds the verb, takes the options that all verbs share, and runs it. --help prints the
 * table of verbs below. Tests compare the man page and the completion with it.
 */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_verb cli_verbs[] = {
    {"init", cmd_init, "roost init DIR",
     "make a mail folder with a configuration and a certificate",
     "DIR must be empty or not exist yet."},
    {"serve", cmd_serve, "roost serve [-c FILE]", "serve IMAP and LMTP in the foreground",
     "Prints a line for each listener, and then `ready`. SIGTERM stops the server cleanly.\n"
     "SIGHUP reads the configuration and the certificate again; sessions continue."},
    {"upgrade", cmd_upgrade, "roost upgrade [-c FILE]",
     "let the binary on disk take over from the running server",
     "The new process takes over the listeners and all sessions whose TLS is not Roost's own.\n"
     "The other sessions are told to connect again, spread over [server] shutdown_spread. If\n"
     "the new process does not start, the running one continues. SIGUSR2 does the same."},
    {"check", cmd_check, "roost check [-c FILE]", "say what is wrong and how to fix it",
     "Checks the configuration, folders, free space, limits, listening addresses, the\n"
     "certificate and its names, and whether Postfix delivers here. Reports all problems at\n"
     "once."},
    {"account", cmd_account,
     "roost account add NAME [--password-stdin] | add --from FILE [--skip-existing]\n"
     "                     | passwd NAME [--password-stdin] | list [--removed]\n"
     "                     | disable NAME | enable NAME | alias NAME ADDRESS [--remove]\n"
     "                     | app-password add NAME DEVICE [--days NUMBER] [--only imap]\n"
     "                     | app-password list NAME | app-password remove NAME DEVICE\n"
     "                     | remove NAME [--yes] [--for-good]\n"
     "                     | restore NAME [--as NAME] [--id NUMBER]\n"
     "                     | quota [NAME [--storage SIZE] [--messages NUMBER]\n"
     "                                   [--mailboxes NUMBER]]\n"
     "                     | shares NAME | shares --rebuild",
     "manage accounts",
     "NAME is `name` or `name@domain`. An address is `name`, `name@domain` or `@domain`.\n"
     "FILE has one line for each account: name:password or name:{crypt}HASH, with a hash of\n"
     "crypt(3), as in a password file of Dovecot. Lines that cannot be used are reported, all\n"
     "others are added, and the exit status is 1. --skip-existing skips accounts that exist.\n"
     "app-password add makes a password for one device and shows it once; remove takes it "
     "back\n"
     "and ends the sessions that it has opened. The account's own password works as before.\n"
     "passwd, disable and remove end the account's sessions. remove asks for confirmation\n"
     "unless --yes is given. For the time of [store] undelete, restore brings an account back\n"
     "with its mail, under a new name if --as is given; list --removed lists such accounts.\n"
     "remove --for-good deletes the mail immediately.\n"
     "quota shows what accounts hold and may hold, and sets limits of one account: a size "
     "such\n"
     "as 500M or 2G, a number, `none`, or `default` for that of [quota] in the configuration.\n"
     "shares shows which mailboxes of an account are shared with whom; with --rebuild, the "
     "list\n"
     "of accounts that share something is made again from the accounts themselves."},
    {"group", cmd_group,
     "roost group add GROUP [ACCOUNT...] | remove GROUP [ACCOUNT...] | list | members GROUP",
     "manage groups of accounts",
     "Users can share mailboxes with a group: its identifier is group:GROUP. add makes the\n"
     "group if it does not exist, and adds accounts to it. remove takes accounts out of it "
     "or,\n"
     "without any, removes the group. Both take effect immediately."},
    {"import", cmd_import, "roost import ACCOUNT [--mailbox MAILBOX] [--dry-run] PATH...",
     "import mail from mbox, Maildir and .eml files",
     "If PATH is a folder, it is searched: each Maildir in it (with its subfolders, Maildir++\n"
     "or nested), each mbox and each folder of messages becomes a mailbox of that name. If\n"
     "PATH is a file, its messages go to INBOX, or to the mailbox given. Flags, keywords,\n"
     "dates and subscriptions are imported too, and compressed files can be read. Whatever\n"
     "cannot be imported is reported with the reason, the rest is imported, and the exit\n"
     "status is 1. Mail that was imported before is skipped, so the same import can be run\n"
     "again. --dry-run imports nothing and reports what would be done."},
    {"export", cmd_export,
     "roost export ACCOUNT [--mailbox MAILBOX] [--format maildir|mbox|eml] DIR",
     "write an account's mail as Maildir, mbox or .eml files",
     "Makes the folder DIR. With maildir, DIR itself is INBOX, and the other mailboxes are "
     "its\n"
     "subfolders (Maildir++), as Dovecot and Courier read them. With mbox, there is a file "
     "for\n"
     "each mailbox. With eml, there is a folder for each mailbox and a file for each message.\n"
     "`roost import` reads all three back without loss."},
    {"index", cmd_index, "roost index ACCOUNT [--anew | --show] | --show",
     "complete the search index of an account now",
     "The server makes indexes of texts in the background when somebody searches in a large\n"
     "account. This makes or completes one now, waits until that is done, and compares\n"
     "samples of it with the messages. --anew makes it from the start, without what is gone\n"
     "from the mailboxes for good. --show only shows what it has or, without an account, what "
     "a\n"
     "running server did with all indexes. Searches are right with any index and with none; a\n"
     "deleted or damaged one is made again."},
    {"search", cmd_search, "roost search ACCOUNT [--mailbox MAILBOX] [--limit NUMBER] WORD...",
     "find messages of an account by their text",
     "Shows how many messages of each mailbox have all WORDs, anywhere in their headers and\n"
     "texts, and of the newest ones (50, or as --limit says) the date, mailbox, UID, sender "
     "and\n"
     "subject, and the text around a WORD. A WORD may be a part of a word or several words, "
     "and\n"
     "case does not matter. The exit status is 0 if something was found, and otherwise 1. If "
     "a\n"
     "WORD begins with -, put -- before the first one."},
    {"sessions", cmd_sessions, "roost sessions [--account NAME]", "list who is connected now",
     "One line for each session: account, state, mailbox, address, seconds since the client\n"
     "last sent something, octets in each direction, and what the client calls itself."},
    {"top", cmd_top,
     "roost top [--sort WORD] [--reverse] [--every SECONDS] [--account NAME] [--once]",
     "watch who is connected",
     "WORD is session, account, doing, idle, acked, peer, out or suspect; the default is "
     "idle.\n"
     "Keys: s a d i k p o u sort by these in turn, r reverses the order, space and b page,\n"
     "and q quits. --once prints the table once; --json does so as JSON."},
    {"explain", cmd_explain, "roost explain SESSION | --account NAME [--since TIME] | FILE...",
     "say why a session ended",
     "SESSION is a number from the log or from `roost sessions`; the session may still be "
     "open.\n"
     "--account shows all sessions that ended since TIME (such as 12h, 7d or 2026-11-20; the\n"
     "default is 7d) by device and network, with a picture of the last day. FILEs are logs of\n"
     "other programs: --all shows every session in them, and --account those of one user."},
    {"networks", cmd_networks, "roost networks [--reset NETWORK | --reset --all]",
     "show how long silence survives in the clients' networks",
     "One line for each network (IPv4 /24, IPv6 /48): the interval at which idle clients "
     "there\n"
     "get a line, a longer interval that is being tried, the silence after which the network\n"
     "forgets connections, and how many silences connections have survived and not survived.\n"
     "--reset forgets what was learnt."},
    {"kick", cmd_kick, "roost kick SESSION [WORDS] | --account NAME [WORDS]", "end sessions",
     "The client is sent WORDS, or else that the administrator ended the session."},
    {"log", cmd_log, "roost log [LEVELS] [--account NAME]", "show or change what is logged",
     "LEVELS are letters for all services (A protocol lines, P progress, S statistics,\n"
     "F failures), or services with letters of their own: \"SF imap:APSF\". With --account "
     "they\n"
     "apply to that account alone, until `default` removes them. Without LEVELS, the current\n"
     "ones are printed. A change takes effect immediately."},
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
    fprintf(to, "\nroost VERB --help says more. The variable ROOST_CONF can name FILE instead "
                "of -c.\n");
}

static void
help_verb(const struct cli_verb *verb)
{
    printf("usage: %s\n\n%s.\n\n%s\n", verb->synopsis, verb->summary, verb->help);
}

/* Takes the shared options out of the arguments; the others stay in order. False: wrong
 * usage. */
static bool
options_take(struct cli *cli, bool *help_out)
{
    int left = 0;

    for (int i = 0; i < cli->argc; i++) {
        char *arg = cli->argv[i];
        const bool has_value = i + 1 < cli->argc;
        if (strcmp(arg, "--") == 0) {
            for (i++; i < cli->argc; i++, cli->words++)
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
