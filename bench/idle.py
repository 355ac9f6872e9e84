#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`./dev bench idle`: what idling sessions cost Roost, and how fast it wakes them; beside it, the
peers in the lines that can be compared. One table, about 20 minutes. docs/benchmark.md says what
each line means."""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import many  # noqa: E402
from command import run_command, say  # noqa: E402
from holder import Holder  # noqa: E402
from rows import Context  # noqa: E402
from run import chosen, ensure_packages, more_inotify  # noqa: E402
from servers import PASSWORD, BenchError, Cyrus, Dovecot, Roost  # noqa: E402

ACCOUNTS = 20           # few: what an open account costs is not what is measured
FAN_USER = 19
PUSH_USER = ACCOUNTS + 1   # nobody else idles there: many on one mailbox are the fan's
WARM = 400              # sessions that are parked before memory is first looked at
STEPS = (1000, 5000, 10000, 19000)
IDLE = 10000           # sessions while other things are measured
FAN = (500, 5000)
PEER_SESSIONS = {"dovecot": 1000, "cyrus": 500}  # held by them: each is a process of megabytes
PEER_PARTS = ("plain", "tls", "fan")
PARTS = (*PEER_PARTS, "rest", "100000")
REST = 60              # seconds without a word, in the part "rest"
HUNDRED_THOUSAND = 100000


class Table:
    """Lines in the order they were measured: what, figures, unit, target, verdict. Roost's come first
    and make the lines; those of a peer stand beside."""

    def __init__(self):
        self.lines = []
        self.peers = []

    def add(self, what, figure, unit, target=None):
        met = None if target is None else figure <= target
        self.lines.append({"what": what, "figure": figure, "unit": unit, "target": target,
                           "met": met, "peers": {}})
        say(f"  {what}: {self.number(figure)} {unit}")

    def fail(self, text):
        self.lines.append({"what": f"FAILED: {text}", "figure": 0, "unit": "", "target": None,
                           "met": False, "peers": {}})
        say(f"  FAILED: {text}")

    @staticmethod
    def number(value):
        if isinstance(value, int) or value >= 1000:
            return f"{value:,.0f}"
        return f"{value:.2f}" if value >= 10 else f"{value:.3f}"

    def cells(self):
        for line in self.lines:
            target = "" if line["target"] is None else f"<= {line['target']:g}"
            beside = [self.number(line["peers"][peer]) if peer in line["peers"] else ""
                      for peer in self.peers]
            yield (line["what"], *beside, self.number(line["figure"]), line["unit"], target,
                   {True: "pass", False: "MISS", None: ""}[line["met"]])

    def print(self):
        table = [("", *self.peers, "roost", "", "target", ""), *self.cells()]
        widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
        unit = len(self.peers) + 2
        for row in table:
            cells = [f"{cell:<{width}}" if i in (0, unit) else f"{cell:>{width}}"
                     for i, (cell, width) in enumerate(zip(row, widths))]
            print("  ".join(cells).rstrip())

    def misses(self):
        return [line["what"] for line in self.lines if line["met"] is False]


class Beside:
    """A peer's column. A line is found by what it says of Roost."""

    def __init__(self, table, name):
        self.table, self.name = table, name
        table.peers.append(name)

    def add(self, what, figure, unit, target=None):
        del target  # it is Roost's
        for line in self.table.lines:
            if line["what"] == what:
                line["peers"][self.name] = figure
        say(f"  {what}: {self.table.number(figure)} {unit}")

    def fail(self, text):
        self.table.fail(f"{self.name}: {text}")


def cpu_seconds(pid):
    """Processor time of all threads, in the scheduler's own nanoseconds."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def settled_memory(server):
    last = server.memory_kib()
    for _ in range(15):
        time.sleep(0.5)
        now = server.memory_kib()
        if abs(now - last) <= 64:
            return now
        last = now
    return last


class Bench:
    def __init__(self, args, server, table):
        self.args, self.server, self.table = args, server, table
        self.tool = args.tools / "roost-imapload"
        self.holders = []
        self.most = args.fan[-1]

    def holder(self, users=ACCOUNTS, **more):
        self.holders.append(Holder(self.tool, self.server, users, **more))
        return self.holders[-1]

    def release(self, *holders):
        for holder in holders:
            holder.close()
            self.holders.remove(holder)

    def fresh_server(self, tls):
        """Started anew, with a few sessions on each account that stay: what a server fills once
        is not a session's, and no session gets memory that another has left."""
        self.server.stop()
        self.server.start()
        self.holder(tls=tls).open(WARM)
        time.sleep(1)
        return settled_memory(self.server)

    def memory(self, tls):
        """Opens the steps and leaves args.idle sessions open: one client process holds those, another the
        rest."""
        kind, target = ("TLS 1.3", 16) if tls else ("plain", 1.5)
        before = self.fresh_server(tls)
        first, rest = self.holder(tls=tls), None
        for step in self.args.steps:
            first.open(min(step, self.args.idle) - first.count)
            if step > self.args.idle:
                rest = rest or self.holder(tls=tls)
                rest.open(step - self.args.idle - rest.count)
            each = (settled_memory(self.server) - before) / step
            self.table.add(f"memory of a parked session, {kind}, {step:,} parked", each, "KiB",
                           target)
        if rest is not None:
            rest.ask("check")
            self.release(rest)
        return first, before

    def idle_cost(self, seconds):
        pid = self.server.process.pid
        before, start = cpu_seconds(pid), time.monotonic()
        time.sleep(seconds)
        used = (cpu_seconds(pid) - before) / (time.monotonic() - start) * 100
        self.table.add(f"processor while {self.args.idle:,} idle, keepalives at the default",
                       used, "% of a core", 3)

    def latencies(self, holder, kind):
        n = self.args.samples
        for word, what, target in (("resume", "resume: DONE to its OK", 1),
                                   ("fetch", "resume and FETCH of the flags", None),
                                   ("park", "park: IDLE to its +", None)):
            result = holder.ask(word, n)
            self.table.add(f"{what}, {kind}, median", result["p50_ms"], "ms", target)
            self.table.add(f"{what}, {kind}, 99 %", result["p99_ms"], "ms")

    def push(self):
        argv = [self.tool, "push", "--port", self.server.imap_port, "--lmtp-port",
                self.server.lmtp_port, "--user", self.server.user(PUSH_USER), "--rcpt",
                self.server.rcpt(PUSH_USER), "--password", PASSWORD, "--count", self.args.samples,
                "--seconds", 10, "--quiet"]
        done = subprocess.run([str(word) for word in argv], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise BenchError(f"push: {done.stderr.strip()}")
        result = json.loads(done.stdout)
        others = f"{self.args.idle:,} others idle"
        self.table.add(f"push: delivered to told, {others}, median", result["p50_ms"], "ms", 0.25)
        self.table.add(f"push: delivered to told, {others}, 99 %", result["p99_ms"], "ms", 2)

    def fan(self):
        holder = self.holder(user=FAN_USER)
        for count, target in zip(self.args.fan, (10, 60)):
            if count > self.most:
                break
            holder.open(count - holder.count)
            result = holder.ask("fan", self.args.rounds)
            what = f"one message to {count:,} idlers of a mailbox: the last told"
            self.table.add(f"{what}, median", result["p50_ms"], "ms", target)
            self.table.add(f"{what}, slowest of {self.args.rounds}", result["max_ms"], "ms")
        self.release(holder)

    def storm(self, holder, kind, before):
        result = holder.ask("storm", may_fail=True)
        what = f"storm of {holder.count:,} reconnects, {kind}"
        self.table.add(f"{what}: all idle again after", result["seconds"], "s")
        self.table.add(f"{what}: failures", result["failed"], "", 0)
        each = (settled_memory(self.server) - before) / holder.count
        self.table.add(f"memory of a parked session, {kind}, after the storm", each, "KiB")

    def hundred_thousand(self):
        argv = [self.args.tools / "roost-parked", "--sessions", self.args.sessions, "--seconds",
                self.args.seconds]
        done = subprocess.run([str(word) for word in argv], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise BenchError(f"roost-parked: {done.stderr.strip()}")
        for line in done.stdout.splitlines():
            if not line.startswith("{"):
                continue  # what the server itself says
            row = json.loads(line)
            self.table.add(row["what"], row["figure"], row["unit"], row.get("target"))

    def at_rest(self):
        """Sessions that nobody has woken for a minute, on few accounts and on one each."""
        context = Context(load_tool=self.tool, mbox=None, rest_seconds=self.args.rest)
        count = self.args.idle
        for tls, kind, target in ((False, "plain", 3), (True, "TLS 1.3", 17)):
            for own, accounts in ((False, f"{ACCOUNTS} accounts"), (True, f"{count:,} accounts")):
                users = count if own else ACCOUNTS
                with many.rested(context, self.server, users, count) as server:
                    before = server.memory_kib()
                    holder = Holder(self.tool, server, users, tls=tls, rcpt=server.rcpt(),
                                    seconds=self.args.rest)
                    self.holders.append(holder)
                    holder.open(count)
                    each = many.rest(context, server, count, before)
                    self.table.add(f"at rest, {kind}, {count:,} on {accounts}", each, "KiB", target)
                    if own:
                        self.waking(holder, kind)
                    self.release(holder)

    def waking(self, holder, kind):
        """Each of these is the first that its account hears of since it came to rest."""
        for word, what, target in (("fetch", "DONE and FETCH of the flags", 3),
                                   ("resume", "DONE to its OK", 1),
                                   ("noop", "NOOP to its OK", 1)):
            time.sleep(self.args.rest)
            result = holder.ask(word, self.args.samples)
            what = f"  from rest, own account, {kind}: {what}"
            self.table.add(f"{what}, median", result["p50_ms"], "ms", target)
            self.table.add(f"{what}, 99 %", result["p99_ms"], "ms")

    def part(self, name, work):
        """A part that fails stays out of the table; the others are measured all the same."""
        say(f"{self.server.name}: {name}")
        try:
            work()
        except BenchError as error:
            self.table.fail(f"{name}: {error}")
        finally:
            self.release(*list(self.holders))

    def plain(self):
        holder, before = self.memory(False)
        self.idle_cost(self.args.seconds)
        self.latencies(holder, "plain")
        self.push()
        holder.ask("check")
        self.storm(holder, "plain", before)

    def tls(self):
        holder, before = self.memory(True)
        self.latencies(holder, "TLS")
        self.storm(holder, "TLS", before)

    def run(self, names):
        parts = {"plain": self.plain, "tls": self.tls, "fan": self.fan, "rest": self.at_rest,
                 "100000": self.hundred_thousand}
        for name in names:
            if name == "fan" and self.server.process is None:
                self.server.start()
            if name in ("rest", "100000"):
                self.server.stop()
            self.part(name, parts[name])


class PeerBench(Bench):
    """The lines in which a peer with fewer sessions can be compared: a session's memory, and how long
    one of them, or a mailbox that many watch, takes. A line is found by what it says of Roost."""

    def __init__(self, args, server, table):
        super().__init__(args, server, Beside(table, server.name))
        self.most = PEER_SESSIONS[server.name]

    def memory(self, tls):
        before = self.fresh_server(tls)
        holder = self.holder(tls=tls)
        holder.open(min(self.args.idle, self.most))
        each = (settled_memory(self.server) - before) / holder.count
        kind = "TLS 1.3" if tls else "plain"
        self.table.add(f"memory of a parked session, {kind}, {self.args.steps[0]:,} parked", each,
                       "KiB")
        return holder, before

    def idle_cost(self, seconds):
        """What many idle sessions cost the processor is no figure of few."""

    def storm(self, holder, kind, before):
        """As many as return."""


def arguments():
    parser = argparse.ArgumentParser(
        prog="./dev bench idle", description="Measures what idling sessions cost Roost.")
    parser.add_argument("--parts", default=",".join(PARTS), help="only these (default: %(default)s)")
    parser.add_argument("--servers", metavar="A,B", default="dovecot,cyrus,roost",
                        help="only these (default: %(default)s); Roost always takes part")
    parser.add_argument("--install", action="store_true",
                        help="install the reference servers without asking")
    parser.add_argument("--quick", action="store_true",
                        help="a tenth of everything: to see that all works")
    parser.add_argument("--seconds", type=int, default=40,
                        help="how long idling is watched (default: %(default)s)")
    parser.add_argument("--roost", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--tools", required=True, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    args = parser.parse_args()
    args.steps, args.idle, args.fan, args.samples, args.rounds = STEPS, IDLE, FAN, 1000, 25
    args.sessions, args.rest = HUNDRED_THOUSAND, REST
    if args.quick:
        args.steps = tuple(step // 10 for step in STEPS)
        args.idle, args.sessions = IDLE // 10, HUNDRED_THOUSAND // 10
        args.fan = tuple(count // 10 for count in FAN)
        args.samples, args.rounds, args.seconds = 200, 5, min(args.seconds, 5)
        args.rest = 5
    return args


def descriptors(args):
    """As many as we may have; steps that do not fit are cut to what does."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    most = hard - 1000
    if args.steps[-1] > most:
        say(f"{hard:,} open files are allowed: at most {most:,} sessions with a socket are held")
        args.steps = tuple(step for step in args.steps if step < most) + (most,)
        args.idle = min(args.idle, most)
    return most


def measure(bench, names):
    try:
        bench.run(names)
    finally:
        bench.release(*list(bench.holders))
        bench.server.stop()


def main():
    args = arguments()
    parts = chosen(args.parts, PARTS, "part")
    peers = [kind for kind in (Dovecot, Cyrus)
             if kind.name in chosen(args.servers, ("dovecot", "cyrus", "roost"), "server")]
    if peers and os.geteuid() != 0:
        raise BenchError("the reference servers must be started by root; --servers roost works "
                         "without")
    ensure_packages(args, [kind.name for kind in peers])
    most = descriptors(args)
    directory = Path(tempfile.mkdtemp(prefix="roost-idle-", dir="/var/tmp"))
    directory.chmod(0o755)  # the servers' own users must get in
    server = Roost(directory, ACCOUNTS + 1, args.roost,
                   [f"limits.max_connections={most + WARM + 100}"])
    table, versions = Table(), [server.version()]
    start = time.monotonic()
    try:
        measure(Bench(args, server, table), parts)
        with more_inotify():
            for kind in peers:
                peer = kind(directory, ACCOUNTS + 1)
                measure(PeerBench(args, peer, table), [part for part in parts if part in PEER_PARTS])
                versions.append(f"{peer.name} {peer.version()}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{', '.join(versions)}, {os.cpu_count()} processors, "
          f"Linux {platform.release().split('-')[0]}, {time.monotonic() - start:.0f} s\n")
    table.print()
    for kind in peers:
        most = min(args.idle, PEER_SESSIONS[kind.name])
        print(f"\n{kind.name} holds {most:,} sessions, whatever a line says")
    if args.json:
        Path(args.json).write_text(json.dumps(table.lines, indent=2) + "\n")
    if table.misses():
        print(f"\nmissed: {len(table.misses())}")
    return 1 if table.misses() else 0


if __name__ == "__main__":
    run_command(main)
