# SPDX-License-Identifier: MIT
"""What is measured: a row a line of the table. A row knows how to prepare a server, how to
measure it once, and what Roost has to reach."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import many
import resync
import sharing
from servers import PASSWORD, BenchError, Roost, run

BIG_USER, PULL_USER, ONE_USER, PUSH_USER, MILLION_USER, LIST_USER, NOTIFY_USER = 1, 17, 18, 19, 20, 21, 22
ACCOUNTS = 100
LIST_MAILBOXES = 1000
NOTIFY_SESSIONS = 1000
SYNC_SESSIONS, SYNC_WARM = 4000, 400


@dataclass
class Context:
    """What the rows share: tools, sizes, the time a row may take."""

    load_tool: Path
    mbox: Path | None
    big: int = 50000
    pull: int = 10000
    million: int = 1000000
    repeat: int = 5
    seconds: int = 5
    park: int | None = None  # None: what each server can bear
    accounts: int = 5000     # of the rows with many
    rounds: int = 5          # round all of them, at least
    settle: bool = True      # go on until logs do not grow any more
    shared_accounts: int = ACCOUNTS
    rest_seconds: int = 60   # from parking to the look at memory
    watchers: int = sharing.WATCHERS
    deliveries: int = sharing.DELIVERIES
    keys_seen: bool = False  # of login-many: it takes minutes, so once is enough

    @staticmethod
    def note(text):
        """More about the row that is being measured, for whoever watches."""
        print(f"    {text}", file=sys.stderr, flush=True)

    def load(self, server, mode, *, user, **options):
        """Runs the load client once; its JSON lines as a list."""
        argv = [self.load_tool, mode, "--port", server.imap_port, "--lmtp-port",
                server.lmtp_port, "--user", server.user(user), "--rcpt", server.rcpt(user),
                "--password", PASSWORD, "--quiet"]
        for name, value in options.items():
            argv += [f"--{name.replace('_', '-')}"] + ([] if value is True else [value])
        done = subprocess.run([str(word) for word in argv], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            text = done.stderr.strip() or f"exit {done.returncode}"
            raise BenchError(f"{mode}: {text}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def fill(self, server, user, mailbox, count):
        """Fills a mailbox unless an earlier run with the same directory has done so."""
        stamp = server.dir / "filled.json"
        filled = json.loads(stamp.read_text()) if stamp.exists() else {}
        key = f"{user}/{mailbox}"
        if filled.get(key) == count:
            return
        options = {"mbox": self.mbox} if self.mbox else {"seed": 1}
        self.load(server, "fill", user=user, mailbox=mailbox, count=count, **options)
        filled[key] = count
        stamp.write_text(json.dumps(filled))


@dataclass
class Target:
    """at_least / at_most: Roost against the better peer, times factor. below, above: a limit."""

    kind: str
    factor: float

    def text(self):
        if self.kind in ("below", "above"):
            return f"{'<' if self.kind == 'below' else '≥'} {self.factor:g}"
        return f"{'≥' if self.kind == 'at_least' else '≤'} {self.factor:g} x"

    def met(self, value, best):
        """True, False, or None when it cannot be said."""
        if value is None or (self.kind in ("at_least", "at_most") and not best):
            return None
        if self.kind == "below":
            return value < self.factor
        if self.kind == "above":
            return value >= self.factor
        if self.kind == "at_least":
            return value >= self.factor * best
        return value <= self.factor * best


@dataclass
class Row:
    """measure(context, server) gives {key: value}, one for each line it fills."""

    key: str
    lines: list  # of Line
    measure: Callable
    prepare: Callable | None = None
    once: bool = False        # memory does not get better by repetition
    roost_only: bool = False
    without: tuple = ()       # servers that are left out
    servers: tuple = field(default=())  # extra ones that take part in this row only


@dataclass
class Line:
    key: str
    title: str
    unit: str
    better: str  # "high" or "low"
    target: Target | None


def at_least(factor):
    return Target("at_least", factor)


def at_most(factor):
    return Target("at_most", factor)


def above(limit):
    return Target("above", limit)


def below(limit):
    return Target("below", limit)


def prepare_big(context, server):
    context.fill(server, BIG_USER, "big", context.big)


def fetch_row(name, title, unit, factor, *, megabytes=False):
    def measure(context, server):
        result = context.load(server, name, user=BIG_USER, mailbox="big", repeat=context.repeat)
        return {name: result[0]["mb_per_s" if megabytes else "rate"]}

    return Row(name, [Line(name, title, unit, "high", at_least(factor))], measure, prepare_big)


def measure_compressed(context, server):
    result = context.load(server, "fetch-bodies", user=BIG_USER, mailbox="big",
                          repeat=context.repeat, compress=True)[0]
    return {"fetch-compressed": result["mb_per_s"],
            "fetch-compressed-wire": result["wire"] / result["octets"]}


def rate_row(key, title, mode, factor, **options):
    """A mode that does as much as it can for some seconds."""
    def measure(context, server):
        more = {} if context.mbox is None or mode == "login" else {"mbox": context.mbox}
        result = context.load(server, mode, seconds=context.seconds, **more, **options)
        return {key: result[0]["rate"]}

    unit = "logins/s" if mode == "login" else "messages/s"
    return Row(key, [Line(key, title, unit, "high", at_least(factor))], measure)


def bulk_row(mode, title):
    def measure(context, server):
        result = context.load(server, mode, user=BIG_USER, mailbox="big", target=f"{mode}-target",
                              repeat=1)
        return {mode: result[0]["rate"]}

    return Row(mode, [Line(mode, title, "messages/s", "high", at_least(5))], measure, prepare_big)


def measure_select(context, server):
    cold, warm = context.load(server, "select", user=BIG_USER, mailbox="big",
                              repeat=context.repeat)
    return {"select-cold": cold["p50_ms"], "select-warm": warm["p50_ms"]}


def measure_select_start(context, server):
    """The first SELECT of a server that has just been started, nothing in its memory."""
    server.stop()
    server.start()
    cold = context.load(server, "select", user=BIG_USER, mailbox="big", repeat=1)[0]
    return {"select-start": cold["p50_ms"]}


def prepare_million(context, server):
    """A million entries by copying: bodies are shared, the mailbox is as long as any."""
    stamp = server.dir / "million"
    if stamp.exists() and int(stamp.read_text()) == context.million:
        return
    context.fill(server, MILLION_USER, "source", min(context.big, context.million))
    context.load(server, "copy", user=MILLION_USER, mailbox="source", target="million",
                 repeat=-(-context.million // context.big), keep=True)
    stamp.write_text(str(context.million))


def measure_million(context, server):
    warm = context.load(server, "select", user=MILLION_USER, mailbox="million", repeat=3)[1]
    return {"select-million": warm["p50_ms"]}


def measure_store(context, server):
    every, one = context.load(server, "store", user=BIG_USER, mailbox="big",
                              repeat=context.repeat)
    return {"store-all": every["p50_ms"], "store-one": one["p50_ms"]}


def measure_apart(context, server):
    append, search = context.load(server, "apart", user=ONE_USER, mailbox="INBOX",
                                  repeat=context.repeat)
    return {"append-apart": append["p50_ms"], "search-apart": search["p50_ms"]}


def measure_push(context, server):
    result = context.load(server, "push", user=PUSH_USER, count=300, seconds=8)[0]
    return {"push-p50": result["p50_ms"], "push-p99": result["p99_ms"]}


def prepare_list(context, server):
    """Mailboxes with names beside each other at the top, which all servers list alike."""
    context.load(server, "list-status", user=LIST_USER, count=LIST_MAILBOXES, repeat=1)


def measure_list(context, server):
    listed = context.load(server, "list-status", user=LIST_USER, count=LIST_MAILBOXES,
                          repeat=context.repeat)[0]
    return {"list-status": listed["p50_ms"]}


def prepare_twice(context, server):
    """Two copies of the large mailbox in one."""
    prepare_big(context, server)
    stamp = server.dir / "twice"
    if stamp.exists() and int(stamp.read_text()) == context.big:
        return
    context.load(server, "copy", user=BIG_USER, mailbox="big", target="twice", repeat=2, keep=True)
    stamp.write_text(str(context.big))


def measure_resync(context, server):
    select, fetch = context.load(server, "resync", user=BIG_USER, mailbox="twice",
                                 repeat=context.repeat)
    return {"qresync": select["p50_ms"], "changedsince": fetch["p50_ms"]}


def measure_expunge(context, server):
    gone = context.load(server, "expunge", user=BIG_USER, mailbox="big", target="expunge-target",
                        repeat=1)[0]
    return {"expunge": gone["rate"]}


def settled_memory(server):
    """Hibernation and trimming take a moment: memory once it has stopped changing."""
    last = server.memory_kib()
    for _ in range(20):
        time.sleep(3)
        now = server.memory_kib()
        if abs(now - last) <= last // 100:
            return now
        last = now
    return last


@contextlib.contextmanager
def parked(context, server, count, *more, mode="park", tls=False):
    """count sessions of the load client while the block runs."""
    users = ["--user", server.user(NOTIFY_USER)] if mode == "park-notify" else \
        ["--user", server.user(), "--users", ACCOUNTS]
    argv = [context.load_tool, mode, "--port", server.imaps_port if tls else server.imap_port,
            *users, "--password", PASSWORD, "--count", count, "--quiet", *more,
            *(["--tls"] if tls else [])]
    with subprocess.Popen([str(word) for word in argv], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as client:
        if not client.stdout.readline():
            raise BenchError(f"{mode}: {client.stderr.read().strip()}")
        yield
        _, errors = client.communicate("")
        if client.returncode != 0:
            raise BenchError(f"{mode}: {errors.strip()}")


def parked_memory(context, server, most, *more, before=ACCOUNTS, **kind):
    """KiB a session: growth from a few, come and gone, to all of them parked. What a server fills
    once (password cache, pools, open accounts) is not a session's own."""
    count = min(context.park or most, most)
    with parked(context, server, before, *more, **kind):
        settled_memory(server)
    empty = settled_memory(server)
    with parked(context, server, count, *more, **kind):
        full = settled_memory(server)
    return (full - empty) / count


def measure_park(tls):
    def measure(context, server):
        each = parked_memory(context, server, server.park_sessions, tls=tls)
        return {"park-tls" if tls else "park": each}

    return measure


def prepare_notify(context, server):
    context.load(server, "list-status", user=NOTIFY_USER, count=2 * LIST_MAILBOXES, repeat=1)


def measure_notify(context, server):
    each = parked_memory(context, server, NOTIFY_SESSIONS, "--batch", LIST_MAILBOXES, before=1,
                         mode="park-notify")
    return {"park-notify": each}


def measure_park_sync(context, server):
    """Sessions that know QRESYNC and have NOTIFY set; and what COMPRESS adds for a client that has
    sent so much, however it flushes. The server is started anew for each figure, and some sessions
    stay from before memory is first looked at, because sessions get memory that others have left."""
    def measure(chatter, most, *more):
        count = min(context.park or most, most)
        kind = {"mode": "park-sync"}
        server.stop()
        server.start()
        with parked(context, server, SYNC_WARM, "--chatter", chatter, *more, **kind):
            empty = settled_memory(server)
            with parked(context, server, count, "--chatter", chatter, *more, **kind):
                return (settled_memory(server) - empty) / count

    few, much = 2 << 10, 100 << 10
    plain = measure(few, SYNC_SESSIONS)
    figures = {"park-sync": plain}
    for key, flush in (("", ()), ("-partial", ("--partial-flush",))):
        few_added = measure(few, SYNC_SESSIONS, "--compress", *flush) - plain
        much_added = measure(much, SYNC_SESSIONS // 4, "--compress", *flush) - plain
        figures |= {f"park-compress-few{key}": few_added, f"park-compress-much{key}": much_added}
    return figures


def many_row(key, mode, title, latency, per):
    """A row over thousands of accounts: the first round and the ones after it."""
    lines = [Line(f"{key}-first", f"{title}, first", f"{per}/s", "high", at_least(2)),
             Line(f"{key}-later", f"{title}, later", f"{per}/s", "high", at_least(2)),
             Line(f"{key}-p99", f"  {latency}, slowest round's 99 %", "ms", "low", None),
             Line(f"{key}-written", "  written to disk for each", "KiB", "low", None),
             Line(f"{key}-logs", "  logs left behind", "MiB", "low", None)]
    return Row(key, lines, many.measure_deliver(key, mode))


def park_row(key, title, limit, *, tls, own):
    return Row(key, [Line(key, title, "KiB", "low", below(limit))],
               many.measure_park(key, tls, own), once=True, servers=("dovecot-hib",))


def prepare_pull(context, server):
    context.fill(server, PULL_USER, "pull", context.pull)


def measure_mbsync(context, server):
    """A first pull into an empty Maildir, kept in memory so that only the server's disk counts."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    target = Path(tempfile.mkdtemp(prefix="roost-bench-mbsync-", dir=base))
    try:
        (target / "mail").mkdir()
        (target / "rc").write_text(f"""\
FSync no
IMAPAccount a
Host 127.0.0.1
Port {server.imap_port}
User {server.user(PULL_USER)}
Pass {PASSWORD}
SSLType None
AuthMechs LOGIN

IMAPStore far
Account a

MaildirStore near
Path {target}/mail/
Inbox {target}/mail/inbox
SubFolders Verbatim

Channel c
Far :far:
Near :near:
Patterns pull
Sync Pull
Create Near
SyncState *
""")
        start = time.monotonic()
        run(["mbsync", "-q", "-c", target / "rc", "c"])
        seconds = time.monotonic() - start
        got = sum(1 for part in ("cur", "new")
                  for _ in (target / "mail" / "pull" / part).iterdir())
        if got != context.pull:
            raise BenchError(f"mbsync: {got} messages instead of {context.pull}")
        return {"mbsync": seconds}
    finally:
        shutil.rmtree(target)


ROWS = [
    fetch_row("fetch-flags", "UID FETCH 1:* (FLAGS)", "messages/s", 1.5),
    fetch_row("fetch-article", "the article's UID FETCH 1:*", "messages/s", 2),
    fetch_row("fetch-bodystructure", "UID FETCH 1:* (BODYSTRUCTURE)", "messages/s", 1.5),
    fetch_row("fetch-bodies", "UID FETCH 1:* (BODY.PEEK[])", "MB/s", 1.5, megabytes=True),
    Row("fetch-compressed", [
        Line("fetch-compressed", "the same with COMPRESS=DEFLATE", "MB/s", "high", at_least(1)),
        Line("fetch-compressed-wire", "  octets on the wire for each octet", "x", "low",
             at_most(1.1))], measure_compressed, prepare_big),
    rate_row("append-1", "APPEND, 1 connection", "append", 2, user="%", connections=1),
    rate_row("append-16", "APPEND, 16 connections, 16 accounts", "append", 2, user="%",
             connections=16),
    rate_row("append-16-one", "APPEND, 16 connections, 1 account", "append", 2, user=ONE_USER,
             connections=16),
    rate_row("lmtp-1", "LMTP, 1 connection", "lmtp", 3, user="%", connections=1),
    rate_row("lmtp-16", "LMTP, 16 connections", "lmtp", 3, user="%", connections=16),
    Row("apart", [Line("append-apart", "APPEND, literal in its own write", "ms", "low",
                       at_most(1)),
                  Line("search-apart", "SEARCH, literal in its own write", "ms", "low",
                       at_most(1))], measure_apart),
    bulk_row("copy", "COPY 1:*"),
    bulk_row("move", "MOVE 1:*"),
    Row("select", [Line("select-cold", "SELECT, first of a connection", "ms", "low", at_most(1)),
                   Line("select-warm", "SELECT, again", "ms", "low", at_most(1))],
        measure_select, prepare_big),
    Row("select-start", [Line("select-start", "SELECT, first of a server", "ms", "low",
                              at_most(1))], measure_select_start, prepare_big),
    Row("select-million", [Line("select-million", "SELECT of 1,000,000, again", "ms", "low",
                                below(2))], measure_million, prepare_million, roost_only=True),
    Row("list-status", [Line("list-status", "LIST of 1,000 RETURN (STATUS (...))", "ms", "low",
                             below(8))], measure_list, prepare_list),
    Row("resync", [Line("qresync", "SELECT (QRESYNC ...), 100 changes in 100,000", "ms", "low",
                        below(2)),
                   Line("changedsince", "UID FETCH 1:* (FLAGS) (CHANGEDSINCE ...), the same",
                        "ms", "low", at_most(1))],
        measure_resync, prepare_twice),
    Row("resync-start", [
        Line("resync-start", "the same SELECT, first of a server, and 100 expunges", "ms", "low",
             at_most(1)),
        Line("resync-floor", "  of expunges that are forgotten", "ms", "low", None)],
        resync.measure_start),
    Row("resync-size", [
        Line("qresync-size", "SELECT (QRESYNC ...): 100 changes in 100,000 against 10,000", "x",
             "low", below(1.5)),
        Line("changedsince-size", "UID FETCH (CHANGEDSINCE ...), the same", "x", "low", below(1.5))],
        resync.measure_sizes),
    Row("expunge", [Line("expunge", "EXPUNGE of all of the large mailbox", "messages/s", "high",
                         above(200000))], measure_expunge, prepare_big),
    Row("store", [Line("store-all", "STORE 1:*", "ms", "low", at_most(3)),
                  Line("store-one", "STORE of one message", "ms", "low", at_most(3))],
        measure_store, prepare_big),
    rate_row("login", "LOGIN + LOGOUT, 8 connections", "login", 2, user="%", users=16,
             connections=8),
    Row("push", [Line("push-p50", "delivery to EXISTS, median", "ms", "low", below(0.25)),
                 Line("push-p99", "delivery to EXISTS, 99 %", "ms", "low", below(2))],
        measure_push),
    Row("share", [
        Line("share-idle-p50", "end of DATA to the last of 100 users told, IDLE, median", "ms", "low",
             below(5)),
        Line("share-idle-p99", "  the same, 99 %", "ms", "low", None),
        Line("share-idle-reply", "  from LMTP's 250, median", "ms", "low", None),
        Line("share-notify-p50", "the same, NOTIFY without SELECT, median", "ms", "low", below(5)),
        Line("share-notify-p99", "  the same, 99 %", "ms", "low", None),
        Line("share-notify-reply", "  from LMTP's 250, median", "ms", "low", None)],
        # Cyrus's idled forgets some of the watchers, who are told a minute later.
        sharing.measure, without=("cyrus",)),
    Row("park", [Line("park", "memory of a parked session", "KiB", "low", below(4))],
        measure_park(False), once=True, servers=("dovecot-hib",)),
    Row("park-tls", [Line("park-tls", "memory of a parked TLS session", "KiB", "low", below(20))],
        measure_park(True), once=True, servers=("dovecot-hib",)),
    Row("park-notify", [Line("park-notify", "the same with NOTIFY on 1,000 mailboxes", "KiB", "low",
                             below(4 + 4))], measure_notify, prepare_notify, once=True,
        roost_only=True),
    Row("park-sync", [
        Line("park-sync", "the same with QRESYNC and NOTIFY on all mailboxes", "KiB", "low", below(4)),
        Line("park-compress-few", "  COMPRESS after 2 KiB of commands adds", "KiB", "low", below(2)),
        Line("park-compress-few-partial", "  the same, flushed with Z_PARTIAL_FLUSH", "KiB", "low",
             below(2)),
        Line("park-compress-much", "  after 100 KiB", "KiB", "low", None),
        Line("park-compress-much-partial", "  the same, flushed with Z_PARTIAL_FLUSH", "KiB", "low",
             None)], measure_park_sync, once=True, roost_only=True),
    many_row("lmtp-many", "round-lmtp", "LMTP, many accounts", "answer", "messages"),
    many_row("append-many", "round-append", "APPEND, many accounts", "answer", "messages"),
    Row("login-many", [
        Line("login-many-first", "LOGIN + SELECT, many accounts, first", "logins/s", "high", None),
        Line("login-many-share", "  first, against crypt(3) alone on those cores", "x", "high",
             above(0.8)),
        Line("login-many-later", "LOGIN + SELECT, many accounts, later", "logins/s", "high",
             at_least(2)),
        Line("login-many-p99", "  connect to SELECT, slowest round's 99 %", "ms", "low", None),
        Line("login-many-keys", "  accounts with SCRAM keys when the clock stops", "accounts",
             "high", None),
        Line("login-many-keys-all", "  until all have them", "s", "low", None)],
        many.measure_login),
    Row("push-own", [
        Line("push-own-p50", "end of DATA to EXISTS, own closed accounts, median", "ms", "low",
             below(3)),
        Line("push-own-p99", "the same, 99 %", "ms", "low", None)],
        many.measure_push, servers=("dovecot-hib",)),
    park_row("park-shared", "at rest, shared accounts", 3, tls=False, own=False),
    park_row("park-shared-tls", "at rest, shared accounts, TLS", 17, tls=True, own=False),
    park_row("park-own", "at rest, own accounts", 3, tls=False, own=True),
    park_row("park-own-tls", "at rest, own accounts, TLS", 17, tls=True, own=True),
    Row("mbsync", [Line("mbsync", "mbsync pull of 10,000 messages", "s", "low", at_most(1))],
        # Cyrus leaves Nagle's algorithm on and mbsync asks message by message: over a minute.
        measure_mbsync, prepare_pull, without=("cyrus",)),
]


def applies(row, server):
    """Whether a server takes part in a row."""
    if server.name == "dovecot-hib":
        return server.name in row.servers
    return server.name not in row.without and (not row.roost_only or isinstance(server, Roost))
