# SPDX-License-Identifier: MIT
"""kill -9 of the server, again and again, while clients write. Each client keeps a ledger of what
the server acknowledged. After each restart the mail must agree with it: nothing acknowledged is
missing, nothing acknowledged as gone is back, no UID means two messages, and the journal has a
`crash` record for each session that was open. A command that was under way when the server died
may have happened or not, but never by half.

Six rounds; ROOST_LONG=1: 200."""

import os
import random
import re
import sqlite3
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost  # noqa: E402

ROUNDS = 200 if os.environ.get("ROOST_LONG") else 6
ACCOUNTS = ["anna", "bert", "carl"]
FLAGS = ["\\Seen", "\\Flagged", "\\Answered", "\\Draft", "$Label1", "Project"]
GONE = (ConnectionError, EOFError, OSError)


def message(mid, filler):
    return (f"From: a@example.org\r\nTo: b@example.org\r\nSubject: {mid}\r\nMessage-ID: <{mid}@crash>\r\n"
            f"\r\n" + f"line of text {filler}\r\n" * filler).encode()


class Ledger:
    """What one account must hold. `boxes`: mailbox -> uid -> (message, flags)."""

    def __init__(self):
        self.boxes = {"INBOX": {}, "Source": {}, "Target": {}}
        self.delivered = set()  # acknowledged by LMTP: their UIDs are not told
        self.uids = {}  # (mailbox, uid) -> message, for ever
        self.gone = set()  # (mailbox, uid) acknowledged as expunged or moved
        self.uidvalidity = {}

    def name(self, box, uid, mid):
        known = self.uids.setdefault((box, uid), mid)
        assert known == mid, f"UID {uid} of {box} was {known} and is now {mid}"


class Actor(threading.Thread):
    """A client that does one thing after the other until the server is gone. `under_way` is the
    step that was sent and not answered."""

    def __init__(self, server, account, ledger, serial):
        super().__init__(daemon=True)
        self.server, self.account, self.ledger = server, account, ledger
        self.random = random.Random(f"{account} {serial} {type(self).__name__}")
        self.prefix = f"{account}.{serial}.{type(self).__name__}"
        self.count = self.done = 0
        self.under_way = None
        self.failure = None
        self.opened = False

    def run(self):
        try:
            self.open()
            self.opened = True
            while True:
                self.step()
                self.done += 1
        except GONE:
            pass
        except Exception as failure:  # noqa: BLE001 - told by the test
            self.failure = failure

    def next_mid(self):
        self.count += 1
        return f"{self.prefix}.{self.count}"

    def open(self):
        self.peer = self.server.login(self.account)

    def append(self, box, flags=()):
        mid = self.next_mid()
        text = message(mid, self.random.choice([1, 1, 5, 40, 400, 20000]))
        self.under_way = ("append", box, mid, frozenset(flags))
        self.peer.command(f"APPEND {box} ({' '.join(flags)}) {{{len(text)}+}}\r\n{text.decode()}")
        uid = int(re.search(r"\[APPENDUID \d+ (\d+)\]", self.peer.last).group(1))
        self.ledger.name(box, uid, mid)
        self.ledger.boxes[box][uid] = (mid, frozenset(flags))
        self.under_way = None


class Appender(Actor):
    def step(self):
        self.append("INBOX", self.random.sample(FLAGS, self.random.randint(0, 3)))


class Deliverer(Actor):
    def open(self):
        pass

    def step(self):
        mid = self.next_mid()
        self.under_way = ("deliver", "INBOX", mid, frozenset())
        reply = self.server.deliver(self.account, message(mid, self.random.choice([1, 10, 3000])).decode())
        assert reply.startswith("250"), reply
        self.ledger.delivered.add(mid)
        self.under_way = None


class Filer(Actor):
    """Works in Source and fills Target; nobody else touches them."""

    def open(self):
        super().open()
        self.peer.command("SELECT Source")

    def step(self):
        source = self.ledger.boxes["Source"]
        verb = self.random.choice(["append", "store", "store", "move", "copy", "expunge"])
        if verb == "append" or len(source) < 4:
            self.append("Source", self.random.sample(FLAGS, 1))
            return
        uids = sorted(self.random.sample(sorted(source), self.random.randint(1, 3)))
        self.under_way = None
        getattr(self, verb)(source, uids)
        self.under_way = None

    def store(self, source, uids):
        flag = self.random.choice(FLAGS)
        add = self.random.random() < 0.7
        after = {uid: (source[uid][0], source[uid][1] | {flag} if add else source[uid][1] - {flag}) for uid in uids}
        self.under_way = ("store", "Source", after, None)
        self.peer.command(f"UID STORE {join(uids)} {'+' if add else '-'}FLAGS.SILENT ({flag})")
        source.update(after)

    def move(self, source, uids):
        self.under_way = ("move", "Target", {uid: source[uid] for uid in uids}, None)
        told = self.peer.command(f"UID MOVE {join(uids)} Target")
        self.arrived(" ".join(told) + self.peer.last, source, uids)
        for uid in uids:
            del source[uid]
            self.ledger.gone.add(("Source", uid))

    def copy(self, source, uids):
        self.under_way = ("copy", "Target", {uid: source[uid] for uid in uids}, None)
        told = self.peer.command(f"UID COPY {join(uids)} Target")
        self.arrived(" ".join(told) + self.peer.last, source, uids)

    def arrived(self, text, source, uids):
        old, new = re.search(r"\[COPYUID \d+ ([\d:,]+) ([\d:,]+)\]", text).groups()
        assert split(old) == uids
        for uid, to in zip(uids, split(new)):
            self.ledger.name("Target", to, source[uid][0])
            self.ledger.boxes["Target"][to] = source[uid]

    def expunge(self, source, uids):
        after = {uid: (source[uid][0], source[uid][1] | {"\\Deleted"}) for uid in uids}
        self.under_way = ("store", "Source", after, None)
        self.peer.command(f"UID STORE {join(uids)} +FLAGS.SILENT (\\Deleted)")
        source.update(after)
        self.under_way = ("expunge", "Source", dict(after), None)
        self.peer.command(f"UID EXPUNGE {join(uids)}")
        for uid in uids:
            del source[uid]
            self.ledger.gone.add(("Source", uid))


class Idler(Actor):
    def open(self):
        super().open()
        self.peer.command("SELECT INBOX")
        self.peer.send("i IDLE\r\n")

    def step(self):
        self.peer.line()


def join(uids):
    return ",".join(str(uid) for uid in uids)


def split(text):
    out = []
    for part in text.split(","):
        first, _, last = part.partition(":")
        out += range(int(first), int(last or first) + 1)
    return out


def contents(peer, box, ledger):
    """uid -> (message, flags), as the server tells it now."""
    lines = peer.command(f"SELECT {box}")
    validity = next(re.search(r"UIDVALIDITY (\d+)", line).group(1) for line in lines if "UIDVALIDITY" in line)
    uidnext = int(next(re.search(r"UIDNEXT (\d+)", line).group(1) for line in lines if "UIDNEXT" in line))
    assert ledger.uidvalidity.setdefault(box, validity) == validity, f"{box}: UIDVALIDITY changed"
    found = {}
    for line in peer.command("UID FETCH 1:* (UID FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"):
        if " FETCH (" not in line:
            continue
        uid = int(re.search(r"UID (\d+)", line).group(1))
        flags = frozenset(re.search(r"FLAGS \(([^)]*)\)", line).group(1).split()) - {"\\Recent"}
        mid = re.search(r"<([^@>]+)@crash>", line).group(1)
        assert uid not in found and uid < uidnext
        assert (box, uid) not in ledger.gone, f"{box} {uid} ({mid}) is back"
        ledger.name(box, uid, mid)
        found[uid] = (mid, flags)
    return found


def settle(account, server, ledger, actors):
    """Holds the mail against the ledger; what was under way is entered as it turned out."""
    peer = server.login(account)
    now = {box: contents(peer, box, ledger) for box in ledger.boxes}
    peer.command("LOGOUT")
    peer.close()
    steps = [actor.under_way for actor in actors if actor.under_way]
    loose = {mid for verb, _, mid, _ in steps if verb in ("append", "deliver")}

    # The filer's step: all of it or none of it.
    changed = {}
    for verb, _, rows, _ in steps:
        if verb in ("append", "deliver"):
            continue
        source = now["Source"]
        if verb == "store":
            after = [source[uid] == row for uid, row in rows.items()]
            before = [source[uid] == ledger.boxes["Source"][uid] for uid in rows]
            assert all(after) or all(before), f"{account}: half a STORE"
            changed = {uid: source[uid] for uid in rows}
            continue
        left = [uid for uid in rows if uid in source]
        fresh = sorted(mid for uid, (mid, _) in now["Target"].items() if uid not in ledger.boxes["Target"])
        wanted = sorted(mid for mid, _ in rows.values())
        if verb in ("move", "copy"):
            assert fresh in ([], wanted), f"{account}: half a {verb}: {fresh} of {wanted}"
            ledger.boxes["Target"].update({u: r for u, r in now["Target"].items() if u not in ledger.boxes["Target"]})
        if verb == "move":
            assert left == ([] if fresh else list(rows)), f"{account}: MOVE made {fresh} and left {left}"
        if verb == "copy":
            assert left == list(rows)
        if verb == "expunge":
            assert left in ([], list(rows)), f"{account}: half an EXPUNGE"
        if not left:
            for uid in rows:
                del ledger.boxes["Source"][uid]
                ledger.gone.add(("Source", uid))
    ledger.boxes["Source"].update(changed)

    for box, found in now.items():
        wanted = ledger.boxes[box]
        for uid, row in wanted.items():
            assert uid in found, f"{account}: lost {box} {uid} {row}"
            assert found[uid] == row, f"{account}: {box} {uid} is {found[uid]}, acknowledged was {row}"
        mids = [mid for mid, _ in found.values()]
        if box == "INBOX":
            missing = ledger.delivered - set(mids)
            assert not missing, f"{account}: lost deliveries {sorted(missing)[:5]}"
        for uid, (mid, flags) in found.items():
            if uid not in wanted and mid not in ledger.delivered:
                assert mid in loose, f"{account}: {box} {uid} {mid} was never sent here"
                assert mids.count(mid) == 1, f"{account}: {mid} is there twice"
                loose.discard(mid)
            if uid not in wanted:
                wanted[uid] = (mid, flags)


def crash_records(server):
    db = sqlite3.connect(f"file:{server.home}/journal.db?mode=ro", uri=True)
    try:
        return db.execute("SELECT account, count(*) FROM session WHERE reason = 'crash' GROUP BY account").fetchall()
    finally:
        db.close()


def crash_wait(server, account, wanted, timeout=10):
    deadline = time.monotonic() + timeout
    while True:
        have = dict(crash_records(server)).get(account, 0)
        if have >= wanted or time.monotonic() > deadline:
            return have
        time.sleep(0.05)


def test_nothing_acknowledged_is_lost():
    with Roost(accounts=ACCOUNTS, options=["limits.max_connections_per_address=100000"]) as server:
        ledgers = {account: Ledger() for account in ACCOUNTS}
        for account in ACCOUNTS:
            peer = server.login(account)
            for box in ("Source", "Target"):
                peer.command(f"CREATE {box}")
            peer.command("LOGOUT")
        crashes = dict.fromkeys(ACCOUNTS, 0)
        chance = random.Random(4711)
        for serial in range(ROUNDS):
            actors = {account: [kind(server, account, ledgers[account], serial)
                                for kind in (Appender, Deliverer, Filer, Idler)] for account in ACCOUNTS}
            everybody = [actor for group in actors.values() for actor in group]
            for actor in everybody:
                actor.start()
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline and not all(
                    actor.opened and (actor.done or isinstance(actor, Idler)) for actor in everybody):
                time.sleep(0.005)
            time.sleep(chance.uniform(0.05, 1.0))
            ended = [actor.prefix for actor in everybody if not actor.is_alive()]
            server.kill()
            for actor in everybody:
                actor.join(30)
                assert not actor.is_alive()
                if actor.failure:
                    raise actor.failure
            assert not ended, f"the server left {ended} before it was killed"
            server.start()
            for account in ACCOUNTS:
                settle(account, server, ledgers[account], actors[account])
                crashes[account] += 3  # appender, filer, idler; a delivery is open only at times
                assert crash_wait(server, account, crashes[account]) >= crashes[account]
        assert server.stop() == 0
        for account in ACCOUNTS:
            assert ledgers[account].delivered and ledgers[account].gone and ledgers[account].boxes["Target"]
        for path in server.home.glob("accounts/*/*/*/mail.db"):
            db = sqlite3.connect(path)
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            db.close()
