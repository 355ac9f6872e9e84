#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`./dev bench ingest`: what SORT, THREAD, object identifiers and quota cost a message that arrives.
A copy of the source in which arriving messages get none of these is built, and both builds take the
same messages in turn. docs/benchmark.md says what is left out and has the figures."""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import many  # noqa: E402
from command import run_command, say  # noqa: E402
from rows import ACCOUNTS, Context  # noqa: E402
from run import chosen  # noqa: E402
from servers import Beside, BenchError, Roost, run  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
QUOTA = ["quota.storage=1000G", "quota.messages=1000000000"]  # set, and never reached
MOST = 1.05  # of what a message costs without

# What is left out of the copy: (file, text, what stands there instead).
LEFT_OUT = [
    # The keys of SORT and THREAD, of which THREADID is made.
    ("src/mailbox/content/ingest.c", "    put_keys(&rendered, &summary);\n", ""),
    # EMAILID is made of a digest.
    ("src/mailbox/content/ingest.c", " ||\n        digest_make(text, digest) != RC_OK)", ")"),
    ("src/mailbox/content/ingest.c", "                .digest = digest_span(digest),\n", ""),
    # What the account holds, and whether there is room.
    ("src/mailbox/write/quota.c",
     "    struct quota_amounts more = growth->more;\n    struct quota_crossing crossed = {.percent = 0};\n",
     "    if (crossed_out != NULL)\n        *crossed_out = (struct quota_crossing){.percent = 0};\n"
     "    if (growth != NULL)\n        return RC_OK;\n"
     "    struct quota_amounts more = growth->more;\n    struct quota_crossing crossed = {.percent = 0};\n"),
    ("src/store/sqlite/rows/mbox.c",
     "    usage->of[QUOTA_STORAGE] += mbox->octets - mbox->row_octets;\n"
     "    usage->of[QUOTA_MESSAGE] += (uint64_t)mbox->exists - mbox->row_exists;\n", "    (void)usage;\n"),
]

# (row, title, mode, connections); None: over many accounts.
WORK = [("lmtp-1", "LMTP, 1 connection", "lmtp", 1),
        ("lmtp-16", "LMTP, 16 connections", "lmtp", 16),
        ("append-1", "APPEND, 1 connection", "append", 1),
        ("append-16", "APPEND, 16 connections", "append", 16),
        ("lmtp-many", "LMTP, many accounts", "round-lmtp", None),
        ("append-many", "APPEND, many accounts", "round-append", None)]


def arguments():
    parser = argparse.ArgumentParser(
        prog="./dev bench ingest",
        description="Measures what SORT, THREAD, object identifiers and quota cost arriving messages.",
        epilog="rows: " + " ".join(row[0] for row in WORK))
    parser.add_argument("--rows", metavar="A,B", help="only these rows")
    parser.add_argument("--runs", type=int, default=5, help="(default %(default)s)")
    parser.add_argument("--seconds", type=int, default=5, help="of each (default %(default)s)")
    parser.add_argument("--accounts", type=int, default=5000, metavar="N",
                        help="accounts in the rows with many (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N",
                        help="deliveries to each of them (default %(default)s)")
    parser.add_argument("--mbox", type=Path, help="real messages instead of generated ones")
    parser.add_argument("--without", metavar="PATH", help="the other binary, built before")
    parser.add_argument("--roost", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--tools", required=True, type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def leave_out(source):
    for name, old, new in LEFT_OUT:
        path = source / name
        text = path.read_text()
        if text.count(old) != 1:
            raise BenchError(f"{name} has changed: it does not have, once, the text\n{old}")
        path.write_text(text.replace(old, new))


def build_without():
    """The binary of a copy of this source."""
    source, build = ROOT / "build" / "ingest" / "source", ROOT / "build" / "ingest" / "build"
    say("building without keys, digests and quota")
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(ROOT, source, ignore=lambda folder, names: (
        {"build", ".git"} & set(names) if Path(folder) == ROOT else ()))
    leave_out(source)
    if not (build / "build.ninja").exists():
        run(["meson", "setup", build, source, "-Dbuildtype=release"])
    run(["ninja", "-C", build, "src/cli/roost"])
    return build / "src" / "cli" / "roost"


def processor_seconds(server):
    """Of all threads, in the scheduler's own nanoseconds."""
    tasks = Path(f"/proc/{server.process.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def once(context, server, mode, connections):
    """(messages a second, processor time of the server for one, in microseconds)"""
    if connections is None:
        with many.fleet(server, context.accounts) as fleet:
            before = processor_seconds(fleet)
            done = many.go_round(context, fleet, mode, context.accounts, context.rounds, endless=False)
            used = processor_seconds(fleet) - before
        count = sum(one["count"] for one in done)
        return count / sum(one["seconds"] for one in done), used / count * 1e6
    if server.process is None:
        server.start()
    more = {"mbox": context.mbox} if context.mbox else {}
    before = processor_seconds(server)
    done = context.load(server, mode, user="%", connections=connections, seconds=context.seconds,
                        **more)[0]
    return done["rate"], (processor_seconds(server) - before) / done["count"] * 1e6


def measure(context, servers, runs, work):
    """In turn, each the first as often as the other: two lists of (rate, processor time)."""
    _, title, mode, connections = work
    figures = {server.name: [] for server in servers}
    for number in range(runs):
        for server in servers[::1 if number % 2 == 0 else -1]:
            figures[server.name].append(once(context, server, mode, connections))
    for server in servers:
        server.stop()
        say(f"  {title}, {server.name}: " +
            " ".join(f"{rate:,.0f}/s {cost:.0f} us" for rate, cost in figures[server.name]))
    return [figures[server.name] for server in servers]


def main():
    args = arguments()
    known = {row[0]: row for row in WORK}
    rows = [known[name] for name in chosen(args.rows, known, "row")] if args.rows else WORK
    without = args.without or build_without()
    directory = Path(tempfile.mkdtemp(prefix="roost-ingest-", dir="/var/tmp"))
    context = Context(load_tool=args.tools / "roost-imapload", mbox=args.mbox, seconds=args.seconds,
                      accounts=args.accounts, rounds=args.rounds, settle=False)
    servers = [Roost(directory, ACCOUNTS, args.roost, QUOTA),
               Beside(directory, ACCOUNTS, without, QUOTA)]
    table, missed = [], []
    try:
        for work in rows:
            with_all, bare = measure(context, servers, args.runs, work)
            rates = [statistics.median(rate for rate, _ in each) for each in (with_all, bare)]
            costs = [statistics.median(cost for _, cost in each) for each in (with_all, bare)]
            met = rates[1] <= MOST * rates[0]
            missed += [] if met else [work[0]]
            table.append((work[1], f"{rates[0]:,.0f}", f"{rates[1]:,.0f}",
                          f"{(rates[1] / rates[0] - 1) * 100:+.1f} %", f"{costs[0]:.0f}", f"{costs[1]:.0f}",
                          f"{(costs[0] / costs[1] - 1) * 100:+.1f} %", "pass" if met else "MISS"))
    finally:
        for server in servers:
            server.stop()
        many.clean()
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{os.cpu_count()} processors, {args.runs} runs, medians; target: at most "
          f"{(MOST - 1) * 100:.0f} % of the rate\n")
    table.insert(0, ("", "messages/s", "without", "cost", "server's us each", "without", "cost", ""))
    widths = [max(len(row[i]) for row in table) for i in range(8)]
    for row in table:
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip())
    return 1 if missed else 0


if __name__ == "__main__":
    run_command(main)
