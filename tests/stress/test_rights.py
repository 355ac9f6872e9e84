# SPDX-License-Identifier: MIT
"""Sessions read and write in a mailbox of somebody who grants rights and takes them away meanwhile, and
deletes the mailbox at times. A guest that was told nothing but answers knows from the owner's counter whether
there were rights: with none from before its command until after the answer it must be refused, and with all
of them it must not be. Run it with ROOST=build/tsan/src/cli/roost, too. ROOST_LONG=1: ten minutes."""

import os
import random
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

import pytest  # noqa: E402

from roost_server import Roost, binary  # noqa: E402

SECONDS = 600 if os.environ.get("ROOST_LONG") else 6
BOX = '"Other Users/anna/Work"'
TEXT = "Subject: x\r\n\r\nbody of a message\r\n"
APPEND = f"{{{len(TEXT)}+}}\r\n{TEXT}"
NEUTRAL = {"NONEXISTENT", "TRYCREATE", "EXPUNGEISSUED", "ALREADYEXISTS", "HASCHILDREN"}

# What they do, and whether it changes something; None: also the lists of other mailboxes count. %n: a number.
NAMED = [
    (f"APPEND {BOX} (\\Seen Label) {APPEND}", True),
    (f"STATUS {BOX} (MESSAGES UNSEEN)", False),
    (f"SETMETADATA {BOX} (/private/comment {{3+}}\r\nabc)", True),
    (f"GETMETADATA {BOX} (/private/comment /shared/comment)", False),
    ('CREATE "Other Users/anna/Work/%n"', True),
    ('DELETE "Other Users/anna/Work/%n"', None),
    ('RENAME "Other Users/anna/Work/%n" "Other Users/anna/Work/x%n"', None),
    (f"SETACL {BOX} -anna r", True),
    (f"GETACL {BOX}", False),
]
SELECTED = ["UID FETCH 1:* (FLAGS BODY.PEEK[])", "UID FETCH 1:* BODY[TEXT]", "UID STORE 1:* +FLAGS (\\Flagged \\Deleted)",
            "UID STORE 1:* FLAGS (Label)", "UID SEARCH TEXT body", "UID SORT (SUBJECT) UTF-8 ALL", "EXPUNGE",
            f"UID COPY 1:* {BOX}", "UID COPY 1:* INBOX", "UID MOVE 1:3 INBOX", f"UID REPLACE 1 {BOX} {APPEND}", "NOOP",
            "CLOSE", "UNSELECT"]


class Rights:
    """Twice the number of changes: odd while one is under way; with 2 of 4 there are rights."""

    def __init__(self):
        self.count = 0
        self.over = False

    def granted(self, count):
        return count // 2 % 2 == 1


class Person(threading.Thread):
    def __init__(self, server, rights, name, serial):
        super().__init__(daemon=True)
        self.peer = server.login(name)
        self.rights, self.random = rights, random.Random(serial)
        self.failure, self.refused, self.done = None, 0, 0

    def run(self):
        try:
            while not self.rights.over:
                self.step()
        except Exception as failure:  # noqa: BLE001 - told by the test
            self.failure = failure
            self.rights.over = True

    def say(self, command):
        """OK, or the code of a NO."""
        self.peer.command(command, expect=None)
        words = self.peer.last.split(" ", 2)
        assert words[1] in ("OK", "NO"), (command, self.peer.last)
        if words[1] == "OK":
            return "OK"
        return words[2][1:].split("]")[0].split(" ")[0] if words[2].startswith("[") else "NO"


class Owner(Person):
    def change(self, *commands):
        self.rights.count += 1
        for command in commands:
            assert self.say(command) == "OK", (command, self.peer.last)
        self.rights.count += 1

    def step(self):
        if self.random.random() < 0.1: # with its list it is gone; what is made anew has none
            assert not self.rights.granted(self.rights.count)
            for line in self.peer.command('LIST "" "Work/*"'):
                self.say("DELETE " + line.rsplit(" ", 1)[1])
            self.change("DELETE Work", "CREATE Work", f"APPEND Work {APPEND}", "SETACL Work bert lrswipkxtea",
                        "SETACL Work carl lrswipkxtea")
        else:
            self.change("SETACL Work bert lrswipkxtea", "SETACL Work carl lrswipkxtea")
        time.sleep(self.random.uniform(0, 0.02))
        self.change("SETACL Work bert l", "DELETEACL Work carl")
        time.sleep(self.random.uniform(0, 0.02))


class Guest(Person):
    selected = False

    def judge(self, command, before, code, changes):
        after = self.rights.count
        self.refused += code == "NOPERM"
        self.done += code == "OK"
        if before != after or before % 2 == 1 or changes is None:
            return
        if self.rights.granted(before):
            assert code == "OK" or code in NEUTRAL, (command, self.peer.last)
        elif changes:
            assert code != "OK", (command, self.peer.last)

    def step(self):
        if self.random.random() < 0.4:
            command, changes = self.random.choice(NAMED)
            command = command.replace("%n", str(self.random.randint(1, 5)))
            before = self.rights.count
            self.judge(command, before, self.say(command), changes)
        elif self.selected:
            command = self.random.choice(SELECTED)
            self.say(command)
            self.selected = command not in ("CLOSE", "UNSELECT") or "OK" not in self.peer.last
        else:
            before = self.rights.count
            code = self.say(f"SELECT {BOX}")
            self.judge("SELECT", before, code, True)
            self.selected = code == "OK"


class Lister(Person):
    def step(self):
        assert self.say('LIST "" "*" RETURN (MYRIGHTS STATUS (MESSAGES))') == "OK"


@pytest.mark.parametrize("engine", ["sqlite", "seam"])
def test_rights_that_come_and_go_under_sessions(engine):
    """The seam is an engine whose reads and leases make sessions wait in the middle of their commands."""
    program = None if engine == "sqlite" else str(Path(binary()).resolve().parents[2] / "tests" / "support" / "roost-seam")
    with Roost(accounts=["anna", "bert", "carl"], program=program) as server:
        rights = Rights()
        owner = Owner(server, rights, "anna", 1)
        owner.peer.command("CREATE Work")
        owner.peer.command("SETACL Work bert l")
        people = [owner, Lister(server, rights, "bert", 2),
                  *(Guest(server, rights, name, 3 + n) for n, name in enumerate(("bert", "bert", "carl")))]
        for person in people:
            person.start()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and not rights.over:
            time.sleep(0.05)
        rights.over = True
        for person in people:
            person.join(30)
            if person.failure:
                raise person.failure
            assert not person.is_alive()
        for guest in people[2:]:
            assert guest.done and guest.refused
        assert server.login("anna").command("STATUS Work (MESSAGES)")
        assert server.stop() == 0, server.stderr()
        assert "ThreadSanitizer" not in server.stderr()


def test_close_while_the_mailbox_is_deleted():
    """The EXPUNGE of a CLOSE waits for its turn behind the DELETE of the same mailbox."""
    with Roost(accounts=["anna"]) as server:
        one, other = server.login("anna"), server.login("anna")
        for n in range(60):
            one.command(f"CREATE b{n}")
            one.command(f"APPEND b{n} (\\Deleted) {APPEND}")
            other.command(f"SELECT b{n}")
            one.send(f"a{n} DELETE b{n}\r\n")
            other.command("CLOSE", expect=None)
            assert other.last.split(" ")[1] == "OK", other.last
            assert one.line().startswith(f"a{n} OK")
        assert server.stop() == 0, server.stderr()


def test_a_name_that_changes_its_mailbox():
    """Rights are looked up first, and then what is told is read: of the mailbox with these rights, not of one that got its name meanwhile."""
    asks = [f"GETACL {BOX}", f"STATUS {BOX} (MESSAGES)", f"GETMETADATA {BOX} /shared/comment"]
    with Roost(accounts=["anna", "bert"]) as server:
        anna, bert = server.login("anna"), server.login("bert")
        for name in ("Shown", "Hidden"):
            anna.command(f"CREATE {name}")
        anna.command("SETACL Shown bert lra")
        anna.command("SETACL Hidden anyone i")
        anna.command(f"APPEND Hidden {APPEND}")
        anna.command('SETMETADATA Hidden (/shared/comment "secret")')
        over = time.monotonic() + SECONDS
        renames = [("Shown", "Work"), ("Work", "Shown"), ("Hidden", "Work"), ("Work", "Hidden")] * 10

        def rename():
            while time.monotonic() < over:
                anna.send(b"".join(b"r RENAME %s %s\r\n" % (old.encode(), new.encode()) for old, new in renames))
                told = [anna.line() for _ in renames]
                assert all(line.startswith("r OK") for line in told), told

        owner = threading.Thread(target=rename, daemon=True)
        owner.start()
        told = dict.fromkeys(asks, 0)
        while owner.is_alive():
            for ask in asks:
                bert.send(f"g {ask}\r\n".encode() * 20)
                answered = 0
                while answered < 20:
                    line = bert.line()
                    assert not ("anyone" in line or "secret" in line or "MESSAGES 1" in line), line
                    answered += line.startswith("g ")
                    told[ask] += line.startswith("g OK")
        owner.join()
        assert time.monotonic() >= over and all(told.values()), told
