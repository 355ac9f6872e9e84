# SPDX-License-Identifier: MIT
"""Rows in which every user has an account of their own: far more accounts than a server may
have open at once, and the next turn of each comes after all the others'. docs/benchmark.md says
how each is measured."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from holder import Holder
from servers import PASSWORD, BenchError, Roost, crypt_rate

CONNECTIONS = 16
FILES = 4096            # descriptors of each process of a server, in all these rows
WARM_ACCOUNTS = 100     # further accounts whose sessions come and go before memory is looked at
LOOKS = (0, 5, 10, 20, 30, 45)  # seconds after parking, for whoever watches
ROUNDS_MAX = 300
PUSH_SESSIONS, PUSHES = 1000, 500
KEYS_QUIET, KEYS_SECONDS = 2, 30  # without a further account that has SCRAM keys

used_up = []            # directories of servers that are gone, until the run is over


@contextmanager
def fleet(server, accounts, files=FILES, **more):
    """A server like this one with so many accounts that nobody has used, started; stopped at the end.
    Its files stay until the whole run is over: a file system without a journal does not give a
    freed inode out again for some minutes, and whoever makes files meanwhile passes over them all."""
    server.stop()  # the one of the other rows shall not be in the way
    directory = Path(tempfile.mkdtemp(prefix="many-", dir=server.dir.parent))
    directory.chmod(0o755)
    made = server.fleet(directory, accounts, files, **more)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        used_up.append(directory)


def clean():
    """Removes what the servers of these rows left."""
    while used_up:
        shutil.rmtree(used_up.pop(), ignore_errors=True)


class Growth:
    """Watches the logs from round to round: whether they still grow in number or size."""

    def __init__(self):
        self.seen = []

    def look(self, logs):
        self.seen.append(logs)

    def settled(self):
        """Two rounds in which neither grew; a hundredth is no growth."""
        if len(self.seen) < 3:
            return False
        before = self.seen[-3]
        return all(number <= before[0] * 1.01 and octets <= before[1] * 1.01
                   for number, octets in self.seen[-2:])


def load_argv(context, server, mode, **options):
    argv = [context.load_tool, mode, "--port", server.imap_port, "--lmtp-port", server.lmtp_port,
            "--user", server.user(), "--rcpt", server.rcpt(), "--password", PASSWORD, "--quiet",
            "--spread"]
    if context.mbox and mode != "round-login":
        argv += ["--mbox", context.mbox]
    for name, value in options.items():
        argv += [f"--{name.replace('_', '-')}", value]
    return [str(word) for word in argv]


def go_round(context, server, mode, users, rounds, *, endless=True, each=None,
             connections=CONNECTIONS, **options):
    """Rounds until there were enough of them and, when endless, the logs do not grow any more;
    the load does not pause while this looks. Gives a list of rounds, each with the logs and octets
    written at its end; each(round) is called when it is over."""
    argv = load_argv(context, server, mode, users=users, rounds=rounds,
                     connections=min(connections, users), **options)
    growth, done = Growth(), []
    begin = server.written_octets()
    source = subprocess.PIPE if endless and server.keeps_logs else subprocess.DEVNULL
    with subprocess.Popen(argv, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as client:
        for line in client.stdout:
            one = json.loads(line)
            one["written"] = server.written_octets() - begin
            one["logs"] = server.logs()
            done.append(one)
            growth.look(one["logs"])
            if each:
                each(one)
            elif sys.stderr.isatty():
                print(f"\r    round {one['round']}: {one['rate']:,.0f} /s, {one['logs'][0]} logs of "
                      f"{one['logs'][1] / 2**20:,.0f} MiB  ", end="\r", file=sys.stderr, flush=True)
            if client.stdin and not client.stdin.closed and len(done) >= rounds and growth.settled():
                client.stdin.close()
            if len(done) > ROUNDS_MAX:
                client.terminate()
                raise BenchError(f"{mode}: logs still grow after {ROUNDS_MAX} rounds")
        errors = client.stderr.read()
    if client.returncode != 0:
        raise BenchError(f"{mode}: {errors.strip() or f'exit {client.returncode}'}")
    return done


def figures(key, done, context):
    """first, later, and what a message cost the disk: over all rounds, because the load goes on
    while somebody looks, so no round's share is exact."""
    first, later = done[0], done[1:]
    result = {f"{key}-first": first["rate"]}
    if not later:
        return result
    count = sum(one["count"] for one in later)
    result[f"{key}-later"] = count / sum(one["seconds"] for one in later)
    result[f"{key}-p99"] = max(one["p99_ms"] for one in later)
    result[f"{key}-written"] = done[-1]["written"] / (first["count"] + count) / 1024
    number, octets = done[-1]["logs"]
    result[f"{key}-logs"] = octets / 2**20
    rates = " ".join(f"{one['rate']:,.0f}" for one in done)
    context.note(f"{len(done)} rounds: {rates} /s; {number} logs of {octets / 2**20:,.0f} MiB")
    return result


def measure_deliver(key, mode):
    def measure(context, server):
        with fleet(server, context.accounts) as many:
            done = go_round(context, many, mode, context.accounts, context.rounds,
                            endless=context.settle)
        return figures(key, done, context)

    return measure


def await_keys(context, server):
    """Roost makes SCRAM keys of passwords in the background, after logins; its queue is short, and
    an account that found it full is queued by its next login. How many have keys when the clock
    stops, and how long it takes, with a round of logins whenever the queue is empty, until all do."""
    start, count = time.monotonic(), context.accounts
    at_stop = made = server.accounts_with_keys()
    grown = start
    while made < count:
        if time.monotonic() - grown > KEYS_QUIET:
            go_round(context, server, "round-login", count, 1, endless=False)
        time.sleep(0.5)
        now = server.accounts_with_keys()
        if now > made:
            made, grown = now, time.monotonic()
        elif time.monotonic() - grown > KEYS_SECONDS:
            raise BenchError(f"login-many: {made} of {count} accounts have SCRAM keys, and no more come")
    return {"login-many-keys": at_stop, "login-many-keys-all": time.monotonic() - start}


def measure_login(context, server):
    """First and later logins. Only Roost hashes, so only Roost is compared with crypt(3)."""
    hashes = isinstance(server, Roost)
    with fleet(server, context.accounts, own_hashes=True) as many:
        alone = [crypt_rate()] if hashes else []
        done = go_round(context, many, "round-login", context.accounts, context.rounds,
                        endless=context.settle)
        keys = {}
        if hashes and not context.keys_seen:
            keys, context.keys_seen = await_keys(context, many), True
        alone += [crypt_rate()] if hashes else []
    result = figures("login-many", done, context) | keys
    for needless in ("written", "logs"):
        result.pop(f"login-many-{needless}", None)
    if hashes:
        result["login-many-share"] = done[0]["rate"] / max(alone)
        context.note(f"crypt(3) alone: {alone[0]:.0f} and {alone[1]:.0f} /s")
    return result


# ---- push ----

def measure_push(context, server):
    """Sessions idle on an account each; deliveries to all others close these accounts; a minute
    later each idler in turn gets a message, one at a time."""
    count = min(PUSH_SESSIONS, context.accounts // 2, server.park_sessions)
    with fleet(server, context.accounts) as many:
        go_round(context, many, "round-lmtp", context.accounts, 1, endless=False)
        holder = Holder(context.load_tool, many, users=count, rcpt=many.rcpt())
        try:
            holder.open(count)
            parked_at = time.monotonic()
            go_round(context, many, "round-lmtp", context.accounts - count, 1, endless=False,
                     first=count + 1)
            time.sleep(max(0, parked_at + context.rest_seconds - time.monotonic()))
            result = holder.ask("push", min(count, PUSHES))
        finally:
            holder.close()
    return {"push-own-p50": result["p50_ms"], "push-own-p99": result["p99_ms"]}


# ---- memory of parked sessions ----

@contextmanager
def parked(context, server, tls, count, users, first=1):
    """count sessions in IDLE, on the accounts from `first` on, while the block runs."""
    argv = [context.load_tool, "park", "--port", server.imaps_port if tls else server.imap_port,
            "--user", server.user(), "--users", users, "--first", first, "--password", PASSWORD, "--count", count, "--quiet",
            "--spread", *(["--tls"] if tls else [])]
    with subprocess.Popen([str(word) for word in argv], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as client:
        if not client.stdout.readline():
            raise BenchError(f"park: {client.stderr.read().strip()}")
        yield
        _, errors = client.communicate("")
        if client.returncode != 0:
            raise BenchError(f"park: {errors.strip()}")


@contextmanager
def rested(context, server, users, count):
    """A fleet in which each account has two messages, started anew, with what a server fills once
    filled by a hundred sessions on further accounts that come and go; and then as much at rest as
    the sessions will be, or what those hundred accounts have open would be taken off the figure.
    Roost keeps a part of all descriptors for uploads, so more sessions need more than one each."""
    with fleet(server, users + WARM_ACCOUNTS, files=count + count // 8 + FILES) as many:
        go_round(context, many, "round-lmtp", users + WARM_ACCOUNTS, 2, endless=False)
        many.stop()
        many.start()
        with parked(context, many, False, WARM_ACCOUNTS, WARM_ACCOUNTS, users + 1):
            time.sleep(2)
        time.sleep(context.rest_seconds)
        yield many


def rest(context, server, count, before):
    """KiB a session, as the seconds after parking go by; the last one counts."""
    start, seen = time.monotonic(), []
    for second in (*(look for look in LOOKS if look < context.rest_seconds), context.rest_seconds):
        time.sleep(max(0, start + second - time.monotonic()))
        seen.append((second, (server.memory_kib() - before) / count))
    context.note("after " + ", ".join(f"{second} s {each:.2f}" for second, each in seen) + " KiB")
    return seen[-1][1]


def measure_park(key, tls, own):
    """Sessions on few accounts, or on one each."""
    def measure(context, server):
        count = min(context.park or server.park_sessions, server.park_sessions)
        users = count if own else min(context.shared_accounts, count)
        with rested(context, server, users, count) as many:
            before = many.memory_kib()
            with parked(context, many, tls, count, users):
                return {key: rest(context, many, count, before)}

    return measure
