#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`./dev bench indexing`: what arriving messages lose while a large mailbox is indexed in the
background. docs/benchmark.md has the figures."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import many  # noqa: E402
from command import run_command, say  # noqa: E402
from rows import ACCOUNTS, Context  # noqa: E402
from run import chosen, raise_limits  # noqa: E402
from search import MAILBOX, RARE_PERCENT, Client  # noqa: E402
from servers import BenchError, Roost, run  # noqa: E402

LEAST = 0.9      # of the rate without
LOOK_S = 0.5     # between looks at how far the index is
ASKED_OF = 1000  # messages that the search looks through which asks for an index

# (row, title, mode, connections); None: over many accounts.
WORK = [("lmtp-16", "LMTP, 16 accounts", "lmtp", 16),
        ("append-16", "APPEND, 16 accounts", "append", 16),
        ("lmtp-many", "LMTP, many accounts", "round-lmtp", None)]


def arguments():
    parser = argparse.ArgumentParser(
        prog="./dev bench indexing",
        description="Measures how fast messages arrive with and without indexing in the background.",
        epilog="rows: " + " ".join(row[0] for row in WORK))
    parser.add_argument("--rows", metavar="A,B", help="only these rows")
    parser.add_argument("--runs", type=int, default=5, help="pairs (default %(default)s)")
    parser.add_argument("--seconds", type=int, default=5, help="of each (default %(default)s)")
    parser.add_argument("--messages", type=int, default=50000, metavar="N",
                        help="in the mailbox that is indexed again and again (default %(default)s)")
    parser.add_argument("--accounts", type=int, default=5000, metavar="N",
                        help="accounts in the row with many (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N",
                        help="deliveries to each of them (default %(default)s)")
    parser.add_argument("--roost", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--tools", required=True, type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


class Indexing:
    """Has one account indexed in the background, again and again, until it is told to stop: as soon
    as the index is complete it is removed, and a search of some messages asks for it anew."""

    def __init__(self, server, user):
        self.server, self.user = server, user
        self.show = [server.binary, "index", "-c", str(server.data / "roost.conf"), "--json",
                     server.user(user), "--show"]
        self.over = threading.Event()
        self.indexed = 0
        self.behind = 0
        self.failed = None
        self.thread = threading.Thread(target=self.watch)

    def remove_and_ask(self):
        for path in self.server.data.rglob("search.db*"):
            path.unlink()
        client = Client(self.server, self.user)
        client.ask(f"SELECT {MAILBOX}")
        client.ask(f'SEARCH 1:{ASKED_OF} BODY "nowhere-to-be-found"')
        client.close()

    def known(self):
        """(messages that the index knows, those that it does not)"""
        row = json.loads(run(self.show).splitlines()[-1])
        return row["messages"], row["behind"]

    def watch(self):
        try:
            self.remove_and_ask()
            while not self.over.wait(LOOK_S):
                messages, self.behind = self.known()
                if self.behind == 0:
                    self.indexed += messages
                    self.remove_and_ask()
            messages, self.behind = self.known()
            self.indexed += messages
        except (BenchError, OSError, subprocess.SubprocessError, KeyError, ValueError) as error:
            self.failed = error


@contextmanager
def background(server, user):
    """Indexing goes on; user None: it does not."""
    if user is None:
        yield
        return
    indexing = Indexing(server, user)
    began = time.monotonic()
    indexing.thread.start()
    try:
        yield
    finally:
        indexing.over.set()
        indexing.thread.join()
    if indexing.failed is not None or indexing.indexed + indexing.behind == 0:
        raise BenchError(f"nothing was to be indexed: {indexing.failed}")
    say(f"    {indexing.indexed / (time.monotonic() - began):,.0f} messages a second were indexed")


def fill(context, server, user):
    context.load(server, "fill", user=user, mailbox=MAILBOX, count=context.big, seed=1, rare=RARE_PERCENT)


def once(context, server, work, indexed):
    """Messages a second. The account that is indexed gets none of them."""
    _, _, mode, connections = work
    if connections is not None:
        user = server.accounts
        stamp = server.dir / "filled-indexing"
        if server.process is None:
            server.start()
        if not stamp.exists():
            fill(context, server, user)
            stamp.touch()
        with background(server, user if indexed else None):
            return context.load(server, mode, user="%", connections=connections,
                                seconds=context.seconds)[0]["rate"]
    with many.fleet(server, context.accounts + 1) as fleet:
        fill(context, fleet, context.accounts + 1)
        with background(fleet, context.accounts + 1 if indexed else None):
            done = many.go_round(context, fleet, mode, context.accounts, context.rounds, endless=False)
    return sum(one["count"] for one in done) / sum(one["seconds"] for one in done)


def measure(context, server, runs, work):
    """In pairs, each kind the first as often as the other: [rates without, rates with indexing]."""
    rates = [[], []]
    for number in range(runs):
        for indexed in (False, True) if number % 2 == 0 else (True, False):
            rates[indexed].append(once(context, server, work, indexed))
    server.stop()
    for name, each in zip(("without", "indexing"), rates):
        say(f"  {work[1]}, {name}: " + " ".join(f"{rate:,.0f}" for rate in each) + " /s")
    return rates


def main():
    args = arguments()
    known = {row[0]: row for row in WORK}
    rows = [known[name] for name in chosen(args.rows, known, "row")] if args.rows else WORK
    raise_limits()
    directory = Path(tempfile.mkdtemp(prefix="roost-indexing-", dir="/var/tmp"))
    context = Context(load_tool=args.tools / "roost-imapload", mbox=None, seconds=args.seconds,
                      big=args.messages, accounts=args.accounts, rounds=args.rounds, settle=False)
    server = Roost(directory, ACCOUNTS + 1, args.roost)
    table, missed = [], []
    try:
        for work in rows:
            without, indexing = measure(context, server, args.runs, work)
            ratio = statistics.median(one / other for one, other in zip(indexing, without))
            missed += [] if ratio >= LEAST else [work[0]]
            table.append((work[1], f"{statistics.median(without):,.0f}",
                          f"{statistics.median(indexing):,.0f}", f"{ratio:.2f}",
                          "pass" if ratio >= LEAST else "MISS"))
    finally:
        server.stop()
        many.clean()
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{os.cpu_count()} processors, {args.runs} pairs, medians; target: at least {LEAST}\n")
    table.insert(0, ("", "messages/s", "indexing", "ratio", ""))
    widths = [max(len(row[i]) for row in table) for i in range(5)]
    for row in table:
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip())
    return 1 if missed else 0


if __name__ == "__main__":
    run_command(main)
