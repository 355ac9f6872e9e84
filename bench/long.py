#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`./dev bench long`: many accounts, one message a minute each, for half an hour, with few
descriptors. Whether a server keeps up, and what it costs. docs/benchmark.md has the figures."""

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import many  # noqa: E402
from command import run_command, say  # noqa: E402
from report import show  # noqa: E402
from rows import Context  # noqa: E402
from run import chosen, ensure_packages, more_inotify  # noqa: E402
from servers import BenchError, Cyrus, Dovecot, Roost  # noqa: E402

FILES = 4000
CONNECTIONS = 32
MINUTE = 60
KEPT = 0.99     # of what was due

LINES = [("due", "due, messages/s"), ("rate", "delivered, messages/s"),
         ("p50", "due to answered, median, ms"), ("p99", "  99 %, of the worst minute, ms"),
         ("last_p99", "  99 %, of the last minute, ms"),
         ("written", "written to disk for each, KiB"), ("octets", "  a message itself, KiB"),
         ("memory", "memory of the server at the end, MiB"), ("most", "  at most, MiB"),
         ("logs", "logs left behind, MiB"), ("log_count", "  their number")]


def arguments():
    parser = argparse.ArgumentParser(
        prog="./dev bench long",
        description="Delivers one message a minute to each of many accounts.")
    parser.add_argument("--accounts", type=int, default=100000, metavar="N",
                        help="(default %(default)s)")
    parser.add_argument("--minutes", type=int, default=30, metavar="N",
                        help="(default %(default)s)")
    parser.add_argument("--servers", metavar="A,B", default="dovecot,roost",
                        help="one after the other (default %(default)s); cyrus is known, too")
    parser.add_argument("--json", metavar="FILE", help="write every minute there")
    parser.add_argument("--install", action="store_true",
                        help="install the reference servers without asking")
    parser.add_argument("--roost-option", action="append", default=[], metavar="S.K=V",
                        help="further setting for Roost; may be repeated")
    parser.add_argument("--roost", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--tools", required=True, type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def run_minutes(args, server):
    """A list of minutes, each as the load client reports it, with what the server has written and
    holds at its end."""
    context = Context(load_tool=args.tools / "roost-imapload", mbox=None)

    def each(one):
        one["memory"] = many_server.memory_kib()
        say(f"  {one['round']:3}: {one['rate']:,.0f} /s, 99 % {one['p99_ms']:,.1f} ms, "
            f"{one['memory'] / 1024:,.1f} MiB, logs {one['logs'][1] / 2**20:,.0f} MiB")

    with many.fleet(server, args.accounts, files=FILES) as many_server:
        return many.go_round(context, many_server, "round-lmtp", args.accounts, args.minutes,
                             endless=False, each=each, connections=CONNECTIONS,
                             round_seconds=MINUTE)


def summary(args, minutes):
    count = sum(one["count"] for one in minutes)
    number, octets = minutes[-1]["logs"]
    return {
        "due": args.accounts / MINUTE,
        "rate": count / sum(one["seconds"] for one in minutes),
        "p50": statistics.median(one["p50_ms"] for one in minutes),
        "p99": max(one["p99_ms"] for one in minutes),
        "last_p99": minutes[-1]["p99_ms"],
        "written": minutes[-1]["written"] / count / 1024,
        "octets": sum(one["octets"] for one in minutes) / count / 1024,
        "memory": minutes[-1]["memory"] / 1024,
        "most": max(one["memory"] for one in minutes) / 1024,
        "logs": octets / 2**20,
        "log_count": number,
    }


def print_table(figures):
    table = [("", *figures)]
    table += [(title, *(show(of[key]) for of in figures.values())) for key, title in LINES]
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        cells = [f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:])]
        print("  ".join([f"{row[0]:<{widths[0]}}", *cells]))


def verdict(figures):
    """What Roost misses, as a list of sentences."""
    own = figures.get("roost")
    if own is None:
        return []
    misses = []
    if own["rate"] < KEPT * own["due"]:
        misses.append(f"Roost did not keep up: {own['rate']:,.0f} of {own['due']:,.0f} messages/s")
    for name, of in figures.items():
        if name != "roost" and own["rate"] < KEPT * of["rate"]:
            misses.append(f"{name} delivered more: {of['rate']:,.0f} messages/s")
    return misses


def main():
    args = arguments()
    names = chosen(args.servers, ["dovecot", "cyrus", "roost"], "server")
    if os.geteuid() != 0 and {"dovecot", "cyrus"} & set(names):
        raise BenchError("the reference servers must be started by root; --servers roost works "
                         "without")
    ensure_packages(args, names)
    directory = Path(tempfile.mkdtemp(prefix="roost-long-", dir="/var/tmp"))
    directory.chmod(0o755)
    figures, minutes, version = {}, {}, {}
    try:
        for name in names:
            say(name)
            if name == "roost":
                server = Roost(directory, 1, args.roost, args.roost_option)
            else:
                server = {"dovecot": Dovecot, "cyrus": Cyrus}[name](directory, 1)
            with more_inotify():
                minutes[name] = run_minutes(args, server)
            figures[name], version[name] = summary(args, minutes[name]), server.version()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{', '.join(f'{name} {text}' for name, text in version.items())}, {os.cpu_count()} "
          f"processors, Linux {platform.release().split('-')[0]}")
    print(f"{args.accounts:,} accounts, one message a minute each, {args.minutes} minutes, "
          f"{FILES:,} descriptors\n")
    print_table(figures)
    if args.json:
        Path(args.json).write_text(json.dumps({"figures": figures, "minutes": minutes},
                                              indent=2) + "\n")
    misses = verdict(figures)
    if misses:
        print("\nmissed: " + "; ".join(misses))
    return 1 if misses else 0


if __name__ == "__main__":
    run_command(main)
