#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The benchmark: Roost beside Debian's Dovecot and Cyrus, in the same run, on loopback.
docs/benchmark.md says what the rows mean and why the comparison is fair."""

import argparse
import contextlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import many  # noqa: E402
from command import run_command, say  # noqa: E402
from report import Report  # noqa: E402
from rows import ACCOUNTS, ROWS, Context, applies  # noqa: E402
from servers import (Beside, BenchError, Cyrus, Dovecot, Hibernating, Roost,  # noqa: E402
                     install_packages, packages_missing)

ROOT = Path(__file__).resolve().parent.parent


def arguments():
    parser = argparse.ArgumentParser(
        prog="./dev bench", description="Measures Roost beside Dovecot and Cyrus.",
        epilog="rows: " + " ".join(row.key for row in ROWS))
    parser.add_argument("--rows", metavar="A,B", help="only these rows")
    parser.add_argument("--servers", metavar="A,B", default="dovecot,cyrus,roost",
                        help="only these servers (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="rounds, interleaved (default 3)")
    parser.add_argument("--quick", action="store_true",
                        help="5,000 messages, one round: to see that all works, not to compare")
    parser.add_argument("--mbox", type=Path, help="real messages instead of generated ones")
    parser.add_argument("--messages", type=int, default=50000, metavar="N",
                        help="messages in the large mailbox (default 50000)")
    parser.add_argument("--accounts", type=int, default=5000, metavar="N",
                        help="accounts in the rows with many (default 5000)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N",
                        help="deliveries to each of them, at least (default 5)")
    parser.add_argument("--exact-rounds", action="store_true",
                        help="no more than --rounds, even if logs still grow: not to compare")
    parser.add_argument("--park", type=int, metavar="N",
                        help="sessions that are parked (default: what each server can bear)")
    parser.add_argument("--dir", type=Path,
                        help="keep the servers' directories here and use them again")
    parser.add_argument("--roost", metavar="PATH", help="binary (default: ./dev build makes it)")
    parser.add_argument("--beside", metavar="PATH",
                        help="another binary of Roost that is measured, too, but is no peer")
    parser.add_argument("--roost-option", action="append", default=[], metavar="S.K=V",
                        help="further setting for Roost; may be repeated")
    parser.add_argument("--tools", type=Path, metavar="DIR",
                        help="where roost-imapload is (default: beside the binary's build)")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--install", action="store_true",
                        help="install the reference servers without asking")
    return parser.parse_args()


def chosen(text, known, what):
    names = text.split(",")
    for name in names:
        if name not in known:
            raise BenchError(f"no such {what}: {name}; known: {' '.join(known)}")
    return names


def build():
    """The binary, from the build script's last line."""
    say("building")
    done = subprocess.run([ROOT / "dev", "build"], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise BenchError("./dev build failed")
    return done.stdout.strip().splitlines()[-1]


def find_tools(binary):
    """The load client lies in the same build tree as the binary."""
    starts = [Path(binary).resolve().parent] if binary else []
    for start in starts + [ROOT / "build"]:
        for directory in (start, *start.parents):
            if (directory / "bench" / "roost-imapload").exists():
                return directory / "bench"
    raise BenchError("roost-imapload is not built; see --tools")


def ensure_packages(args, names):
    """Says what is missing and installs it when told to, or when somebody is there to agree."""
    if not {"dovecot", "cyrus"} & set(names):
        return
    missing = packages_missing(names)
    if not missing:
        return
    say("The reference servers are needed. This will be done (none of them is started by "
        "Debian, none is left running):")
    for line in missing:
        say("  " + line)
    if not args.install:
        if not sys.stdin.isatty():
            raise BenchError("run again with --install")
        if input("Install? [y/N] ").strip().lower() not in ("y", "yes"):
            raise BenchError("nothing installed; --servers roost measures without them")
    install_packages()


def make_servers(args, names, directory, binary):
    made = []
    if "dovecot" in names:
        made += [Dovecot(directory, ACCOUNTS), Hibernating(directory, ACCOUNTS)]
    if "cyrus" in names:
        made.append(Cyrus(directory, ACCOUNTS))
    if "roost" in names:
        made.append(Roost(directory, ACCOUNTS, binary, args.roost_option))
    if args.beside:
        made.append(Beside(directory, ACCOUNTS, args.beside, args.roost_option))
    return made


def raise_limits():
    """Parked sessions need descriptors, in the servers too."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for limit in (65536, hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, max(limit, hard)))
            return
        except ValueError:  # not allowed to raise the hard limit
            continue


@contextlib.contextmanager
def more_inotify():
    """Dovecot watches each mailbox with an inotify instance; Debian allows 128 a user. Without
    more it would poll and never hibernate."""
    path = Path("/proc/sys/fs/inotify/max_user_instances")
    before = int(path.read_text())
    try:
        path.write_text(str(max(before, 65536)))
    except OSError:
        say(f"cannot raise {path}: Dovecot's idle sessions beyond {before} will poll")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.write_text(str(before))


def measure(context, row, server, report):
    """One server, one row, once. A server that fails a row stays out of it."""
    if (row.key, server.name) in report.failures:
        return
    try:
        if server.process is None:
            server.start()
        if row.prepare:
            row.prepare(context, server)
        figures = row.measure(context, server)
    except BenchError as error:
        text = str(error)
        if server.process is not None and server.process.poll() is not None:
            text += f" (the server has ended: {server.process.returncode})"
        report.fail(row, server, text)
        say(f"  {row.key:20} {server.name:12} FAILED: {text}")
        server.stop()
        return
    report.add(server, figures)
    text = "  ".join(f"{key} {value:,.3f}" for key, value in figures.items())
    say(f"  {row.key:20} {server.name:12} {text}")


def run_all(context, rows, servers, runs, report):
    """Interleaved: each row goes round all servers before it is repeated, so that a slow minute of
    the machine hits all of them."""
    for row in rows:
        for _ in range(1 if row.once else runs):
            for server in servers:
                if applies(row, server):
                    measure(context, row, server, report)
                    if row.once:
                        server.stop()


def main():
    args = arguments()
    known_rows = {row.key: row for row in ROWS}
    names = chosen(args.servers, ["dovecot", "cyrus", "roost"], "server")
    wanted = chosen(args.rows, list(known_rows), "row") if args.rows else list(known_rows)
    rows = [row for row in ROWS if row.key in wanted]
    binary = (args.roost or build()) if "roost" in names else None
    tools = args.tools or find_tools(binary)
    if os.geteuid() != 0 and {"dovecot", "cyrus"} & set(names):
        raise BenchError("the reference servers must be started by root; --servers roost works "
                         "without")
    ensure_packages(args, names)
    raise_limits()

    context = Context(load_tool=tools / "roost-imapload", mbox=args.mbox, big=args.messages,
                      park=args.park, accounts=args.accounts, rounds=args.rounds,
                      settle=not args.exact_rounds)
    if args.quick:
        context.big, context.pull, context.million = 5000, 1000, 20000
        context.repeat, context.seconds, context.park = 3, 2, 500
        context.accounts, context.rounds, context.rest_seconds = 500, 2, 5
        context.watchers, context.deliveries = 10, 20
        context.settle = False
        args.runs = 1
    directory = args.dir or Path(tempfile.mkdtemp(prefix="roost-bench-", dir="/var/tmp"))
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)  # the servers' own users must get in
    servers = make_servers(args, names, directory, binary)
    report = Report(servers)
    try:
        with more_inotify():
            run_all(context, rows, servers, args.runs, report)
        versions = {server.name: server.version() for server in servers}
    finally:
        for server in servers:
            server.stop()
        many.clean()
        if args.dir is None:
            shutil.rmtree(directory, ignore_errors=True)
    print(", ".join(f"{name} {version}" for name, version in versions.items() if version))
    print(f"{context.big:,} messages, {args.runs} rounds, medians\n")
    report.print_table(rows, sys.stdout)
    if args.json:
        settings = {"messages": context.big, "runs": args.runs, "seconds": context.seconds,
                    "mbox": str(args.mbox) if args.mbox else None}
        report.write_json(args.json, rows, versions, settings)
    misses = report.misses(rows)
    if misses:
        print(f"\nmissed: {', '.join(misses)}")
    return 1 if report.failures else 0


if __name__ == "__main__":
    run_command(main)
