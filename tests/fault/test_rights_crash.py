# SPDX-License-Identifier: MIT
"""kill -9 while rights change and others use them. After each restart the lists are what was acknowledged (but
for the change that was under way, which is there or not); the registry's index names everybody who is granted
anything (INV-S23); and what guests have put into the mailbox, or moved there, is somewhere.

Five rounds; ROOST_LONG=1: 100."""

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

ROUNDS = 100 if os.environ.get("ROOST_LONG") else 5
GONE = (ConnectionError, EOFError, OSError)
BOXES = ["Work", "Play", "Rest"]
WHO = ["anyone", "carl", "group:team", "-carl"]
NEGATIVE = 1


def message(mid):
    text = f"Subject: {mid}\r\nMessage-ID: <{mid}@rights>\r\n\r\n{'body' * 200}\r\n"
    return f"{{{len(text)}+}}\r\n{text}"


class Actor(threading.Thread):
    def __init__(self, server, account, serial):
        super().__init__(daemon=True)
        self.peer = server.login(account)
        self.random = random.Random(f"{account} {serial}")
        self.serial, self.done, self.failure = serial, 0, None
        self.under_way = None

    def run(self):
        try:
            while True:
                self.step()
                self.done += 1
        except GONE:
            pass
        except Exception as failure:  # noqa: BLE001 - told by the test
            self.failure = failure


class Owner(Actor):
    """lists: mailbox -> identifier -> rights, as acknowledged."""

    lists = {}

    def step(self):
        box, who = self.random.choice(BOXES), self.random.choice(WHO)
        rights = self.random.choice(["", "lr", "lrs", "lrswite"])
        if who == "-carl":
            rights = rights and "x"
        self.under_way = (box, who, rights)
        if rights or self.random.random() < 0.5:
            self.peer.command(f'SETACL {box} {who} "{rights}"')
        else:
            self.peer.command(f"DELETEACL {box} {who}")
        self.enter()

    def enter(self):
        box, who, rights = self.under_way
        self.lists.setdefault(box, {}).pop(who, None)
        if rights:
            self.lists[box][who] = rights
        self.under_way = None


class Guest(Actor):
    """bert, who always may: what was acknowledged is kept in `sent`."""

    sent = set()

    def step(self):
        mid = f"{self.serial}.{self.done}"
        self.peer.command("APPEND INBOX " + message(mid))
        uid = int(re.search(r"\[APPENDUID \d+ (\d+)\]", self.peer.last).group(1))
        self.sent.add(mid)
        if self.done % 2 == 0:
            self.peer.command("SELECT INBOX")
            self.peer.command(f'UID MOVE {uid} "Other Users/anna/Work"')
        else:
            self.peer.command('SETMETADATA "Other Users/anna/Work" (/private/comment "x")')


def letters(rights):
    return set(rights) - set("cd")


def lists_of(peer):
    found = {}
    for box in BOXES:
        words = peer.command(f"GETACL {box}")[0].split(" ")[3:]
        found[box] = {who: rights for who, rights in zip(words[::2], words[1::2]) if who not in ("anna", "bert")}
    return found


def agrees(found, wanted):
    return all({w: letters(r) for w, r in found[box].items()} == {w: letters(r) for w, r in wanted.get(box, {}).items()}
               for box in BOXES)


def settle(server, owner):
    found = lists_of(server.login("anna"))
    before = {box: dict(rows) for box, rows in owner.lists.items()}
    if owner.under_way:
        owner.enter()
    assert agrees(found, before) or agrees(found, owner.lists), (found, before, owner.lists)
    Owner.lists = {box: dict(rows) for box, rows in found.items()}


def mids_of(server, account, box):
    peer = server.login(account)
    peer.command(f"SELECT {box}")
    lines = peer.command("FETCH 1:* BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]")
    return set(re.findall(r"<([^@>]+)@rights>", "".join(lines)))


def index_check(server):
    registry = sqlite3.connect(f"file:{server.home}/registry.db?mode=ro", uri=True)
    shares = set(registry.execute("SELECT owner, kind, who FROM share"))
    registry.close()
    granted = 0
    for path in server.home.glob("accounts/**/mail.db"):
        db = sqlite3.connect(path)
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = db.execute("SELECT kind, who FROM acl WHERE negative = 0").fetchall()
        assert db.execute("SELECT count(*) FROM acl WHERE mbox NOT IN (SELECT id FROM mailbox WHERE retired_s IS NULL)"
                          ).fetchone() == (0,)
        db.close()
        for kind, who in rows:
            granted += 1
            assert any(share[1:] == (kind, who) for share in shares), (path, kind, who, shares)
    return granted


def test_rights_after_kill():
    with Roost(accounts=["anna", "bert", "carl"],
               options=["limits.max_connections_per_address=100000"]) as server:
        server.run("group", "add", "team", "carl")
        anna = server.login("anna")
        for box in BOXES:
            anna.command(f"CREATE {box}")
        anna.command("SETACL Work bert lrswite")
        chance = random.Random(4712)
        for serial in range(ROUNDS):
            actors = [Owner(server, "anna", serial), Guest(server, "bert", serial)]
            for actor in actors:
                actor.start()
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline and not all(actor.done for actor in actors):
                time.sleep(0.005)
            time.sleep(chance.uniform(0.05, 0.6))
            server.kill()
            for actor in actors:
                actor.join(30)
                if actor.failure:
                    raise actor.failure
            server.start()
            settle(server, actors[0])
            there = mids_of(server, "bert", "INBOX") | mids_of(server, "anna", "Work")
            assert Guest.sent <= there, sorted(Guest.sent - there)[:5]
        assert server.stop() == 0
        assert index_check(server) > 0 and len(Guest.sent) > ROUNDS
