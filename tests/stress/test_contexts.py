# SPDX-License-Identifier: MIT
"""A client that applies ADDTO and REMOVEFROM must always hold what a new search would answer (CONTEXT=SEARCH, RFC
5267). Random histories on several sessions with searches of many kinds, by number and by UID: messages arrive, change,
are expunged and moved; clients idle, use NOTIFY or QRESYNC, and the server is replaced under them. ROOST_ROUNDS=n plays
that many histories of each kind (ROOST_LONG=1: hundreds); ROOST_SEED=n begins with another one."""

import os
import random
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fault"))
from roost_server import Roost  # noqa: E402
from test_upgrade import Server  # noqa: E402

ROUNDS = int(os.environ.get("ROOST_ROUNDS", "300" if os.environ.get("ROOST_LONG") else "4"))
SEED = int(os.environ.get("ROOST_SEED", "1"))
STEPS = 150
FLAGS = ["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Deleted", "Red", "Blue"]
WORDS = ["apple", "birch", "cedar"]
# What a search asks for. {n} is replaced by a message that there is.
KEYS = ["ALL", "UNSEEN", "UNDELETED UNKEYWORD Red", "OR KEYWORD Red FLAGGED", "NOT (SEEN ANSWERED)", "SUBJECT apple",
        "BODY birch UNSEEN", "OR TEXT cedar DELETED", "LARGER 150", "UID {u}:*", "UID *", "UID 1:{u} UNSEEN", "UID 999999:*",
        "NOT UID *", "OR UID {u},* FLAGGED", "KEYWORD Never", "CHARSET UTF-8 SUBJECT {{5+}}\r\nbirch"]
# And those that mean the messages of that moment, with what has the same meaning later.
OF_A_MOMENT = [("1:{n}", "UID {below}"), ("NOT {n}", "NOT UID {u}"), ("{n}:* UNSEEN", "UID {above} UNSEEN"),
               ("$ UNDELETED", "{saved} UNDELETED"), ("OR $ {n}", "OR {saved} UID {u}")]
CONTEXT = re.compile(r'\* ESEARCH \(TAG "(\w+)"\)( UID)?(.*)$')
CHANGE = re.compile(r" (ADDTO|REMOVEFROM) \(((?:\d+ [\d,:]+ ?)+)\)")


def numbers(text):
    for part in text.split(","):
        first, _, last = part.partition(":")
        yield from range(min(int(first), int(last or first)), max(int(first), int(last or first)) + 1)


class Context:
    def __init__(self, keys, by_uid):
        self.keys, self.by_uid = keys, by_uid
        self.lost = False  # it does not know which number has gone
        self.found = set()  # numbers of messages, as its client counts now, or UIDs

    def change(self, text, exists):
        assert CHANGE.sub("", text) == "", text
        if self.lost:
            return
        for what, pairs in CHANGE.findall(text):
            words = pairs.split()
            for position, numbered in zip(words[::2], words[1::2]):
                assert position == "0", text
                named = set(numbers(numbered))
                assert self.by_uid or max(named) <= exists, (text, exists)
                if what == "ADDTO":
                    assert not named & self.found, f"{named & self.found} are there already: {text}"
                    self.found |= named
                else:
                    assert named <= self.found, f"{named - self.found} are not there: {text}"
                    self.found -= named


class Client:
    """One that looks at its mailbox in one of several ways."""

    def __init__(self, world, number):
        self.world, self.number = world, number
        self.random = world.random
        self.peer = world.roost.login("anna")
        self.tags = 0
        self.contexts = {}
        self.idle = None
        self.exists = 0
        self.qresync = self.random.random() < 0.4
        if self.qresync:
            self.peer.command("ENABLE QRESYNC")
        self.notify = self.random.choice([None, "selected", "selected-delayed"])
        if self.notify:
            self.peer.command(f"NOTIFY SET ({self.notify} (MessageNew MessageExpunge FlagChange))")
        self.select()

    def note(self, text):
        self.world.story.append(f"{self.number} {text}")

    # ---- what comes ----

    def untagged(self, line):
        context = CONTEXT.match(line)
        words = line.split(" ")
        if context and CHANGE.search(line):
            tag, uid, rest = context.groups()
            assert tag in self.contexts, f"nobody asked for this: {line}"
            assert self.contexts[tag].by_uid == bool(uid), line
            self.contexts[tag].change(rest, self.exists)
        elif context:
            self.answer = context.groups()
        elif words[-1] == "EXISTS":
            assert int(words[1]) >= self.exists
            self.exists = int(words[1])
        elif words[-1] == "EXPUNGE":
            self.expunged(int(words[1]))
        elif words[1] == "VANISHED" and "(EARLIER)" not in line:
            gone = set(numbers(words[-1]))
            unknown = gone - set(self.uids)  # it has counted them, and not asked which they are
            for number in sorted((n for n, uid in enumerate(self.uids, 1) if uid in gone), reverse=True):
                self.expunged(number)
            self.exists -= len(unknown)
            for context in self.contexts.values():
                assert context.lost or not context.by_uid or not unknown & context.found
                context.lost |= bool(unknown) and not context.by_uid
        elif "NOUPDATE" in line:
            raise AssertionError(line)

    def expunged(self, number):
        """Whoever counts must have been told before that it is not among the results."""
        uid = self.uids.pop(number - 1) if number <= len(self.uids) else None
        for tag, context in self.contexts.items():
            if context.by_uid:
                assert context.lost or uid not in context.found, f"{uid} is expunged and still among those of {tag}"
            else:
                assert context.lost or number not in context.found, f"{number} is expunged and still among those of {tag}"
                context.found = {n - (n > number) for n in context.found}
        self.exists -= 1

    def until(self, end):
        while True:
            line = self.peer.line()
            self.note(line)
            if line.startswith(end):
                return line
            self.untagged(line)

    def command(self, text, expect=("OK",)):
        self.stop_idling()
        self.tags += 1
        tag = f"t{self.tags}"
        self.note(f"> {tag} {text}")
        self.answer = None
        self.peer.send(f"{tag} {text}\r\n")
        line = self.until(tag + " ")
        assert line.split(" ")[1] in expect, line
        return tag

    def stop_idling(self):
        if self.idle:
            self.note("> DONE")
            self.peer.send("DONE\r\n")
            self.until(self.idle + " OK")
            self.idle = None

    # ---- what it does ----

    def select(self):
        self.contexts = {}
        self.uids = []
        self.exists = 0
        self.command(self.random.choice(["SELECT INBOX", "SELECT INBOX", "EXAMINE INBOX"]))
        self.know()

    def results(self, rest):
        found = re.search(r" ALL ([\d,:]+)", rest)
        return set(numbers(found.group(1))) if found else set()

    def know(self):
        """The UIDs of all messages that it counts: QRESYNC tells expunges by UID."""
        if self.exists == len(self.uids):
            return
        self.answer = None
        self.command("UID SEARCH RETURN (ALL) ALL")
        # An answer is about what was counted then.
        if self.answer:
            found = sorted(self.results(self.answer[2]))
            if len(found) == self.exists:
                self.uids = found
            else:  # more has come since
                self.uids = found
                self.know()

    def make(self):
        self.command("NOOP")  # what NOTIFY has told has been read, and numbers are those that the server means
        self.know()
        if not self.exists:
            return
        now, later = self.random.choice([(keys, keys) for keys in KEYS] + OF_A_MOMENT * 2)
        saved = "NOT ALL"
        if "$" in now:
            self.command("SEARCH RETURN (SAVE) " + self.random.choice(["SEEN", "FLAGGED", "ALL", "SUBJECT cedar"]))
            self.command("UID SEARCH RETURN (ALL) $")
            found = sorted(self.results(self.answer[2]))
            saved = f"UID {','.join(map(str, found))}" if found else saved
            self.know()
            if not self.exists:
                return
        number = self.random.randint(1, self.exists)
        names = {"n": number, "u": self.uids[number - 1], "below": ",".join(map(str, self.uids[:number])),
                 "above": ",".join(map(str, self.uids[number - 1:])), "saved": saved}
        keys, later = now.format(**names), later.format(**names)
        by_uid = self.random.random() < 0.5
        returns = self.random.choice(["ALL UPDATE", "UPDATE ALL COUNT", "CONTEXT UPDATE ALL MIN"])
        # It counts from the answer on, which comes before anything is told of it.
        self.tags += 1
        tag = f"t{self.tags}"
        text = f"{'UID ' if by_uid else ''}SEARCH RETURN ({returns}) {keys}"
        self.stop_idling()
        self.note(f"> {tag} {text}")
        self.peer.send(f"{tag} {text}\r\n")
        while True:
            line = self.peer.line()
            self.note(line)
            match = CONTEXT.match(line)
            if match and match.group(1) == tag and not CHANGE.search(line):
                context = Context(later, by_uid)
                context.found = self.results(match.group(3))
                self.contexts[tag] = context
            elif line.startswith(tag + " "):
                break
            else:
                self.untagged(line)
        assert line.split(" ")[1] == "OK" and tag in self.contexts, line
        self.know()

    def store(self):
        sign = self.random.choice(["+", "-", ""])
        silent = self.random.choice(["", ".SILENT"])
        flags = " ".join(sorted(set(self.random.sample(FLAGS, 2))))
        if not self.uids:
            return
        some = ",".join(map(str, self.random.sample(self.uids, min(len(self.uids), self.random.choice([1, 1, 2, 8])))))
        self.command(f"UID STORE {some} {sign}FLAGS{silent} ({flags})", ("OK", "NO"))

    def step(self):
        what = self.random.random()
        if what < 0.12 and len(self.contexts) < 12:
            self.make()
        elif what < 0.16 and self.contexts:
            tag = self.random.choice(list(self.contexts))
            self.contexts[tag].lost = True  # it may still be told of it, or not
            self.command(f'CANCELUPDATE "{tag}"')
            del self.contexts[tag]
        elif what < 0.30:
            self.check()
        elif what < 0.50:
            self.store()
        elif what < 0.58:
            self.command(self.random.choice(["EXPUNGE", f"UID EXPUNGE {self.random.choice(self.uids or [1])}:*"]), ("OK", "NO"))
        elif what < 0.63 and self.uids:
            self.command(f"UID MOVE {self.random.choice(self.uids)} Other", ("OK", "NO"))
        elif what < 0.68 and self.uids:
            self.command(f"UID COPY {self.random.choice(self.uids)} INBOX")
        elif what < 0.80 and not self.idle:
            self.tags += 1
            self.idle = f"t{self.tags}"
            self.note(f"> {self.idle} IDLE")
            self.peer.send(f"{self.idle} IDLE\r\n")
            self.until("+")
        elif what < 0.84 and self.uids:
            self.command(f"FETCH 1:{self.exists} (FLAGS)", ("OK", "NO", "BAD"))  # with NOTIFY it may be fewer by now
        elif what < 0.86:
            self.command("NOOP")  # what was still to be told of the contexts
            self.select()
        self.know()

    # ---- and what it must know then ----

    def check(self):
        """What it holds is what is answered now."""
        self.command("NOOP")
        self.know()
        for tag, context in self.contexts.items():
            if context.lost:
                continue
            self.command(f"{'UID ' if context.by_uid else ''}SEARCH RETURN (ALL) {context.keys}")
            answer = self.results(self.answer[2])
            assert context.found == answer, (tag, context.keys, sorted(context.found), sorted(answer))


class World:
    def __init__(self, roost, seed, how):
        self.roost, self.how = roost, how
        self.random = random.Random(seed)
        self.story = []
        maker = roost.login("anna")
        maker.command("CREATE Other", expect=None)
        maker.command("SELECT INBOX")
        maker.command("STORE 1:* +FLAGS.SILENT (\\Deleted)", expect=None)
        maker.command("EXPUNGE")
        maker.close()
        for _ in range(12):
            self.deliver()
        self.clients = [Client(self, n + 1) for n in range(3)]

    def deliver(self):
        word = self.random.choice(WORDS)
        text = f"Subject: {word}\n\n{self.random.choice(WORDS)} {'x' * self.random.choice([1, 200])}\n"
        assert self.roost.deliver("anna", text).startswith("250")
        self.story.append(f"-- {word} is delivered")

    def play(self):
        for step in range(STEPS):
            if self.how == "upgrade" and step % 50 == 49:
                self.story.append("== upgrade")
                self.roost.upgrade()
            if self.random.random() < 0.15:
                self.deliver()
            self.random.choice(self.clients).step()
        for client in self.clients:
            client.check()
            client.peer.close()


def play(roost, how):
    for n in range(ROUNDS):
        seed = SEED * 1000 + n
        world = World(roost, seed, how)
        try:
            world.play()
        except BaseException:
            print(f"history {seed} of '{how}':")
            print("\n".join(world.story[-300:]))
            raise


QUIET = ["auth.scram=no", "log.levels=PSF"]


def test_results_are_kept_up_to_date():
    with Roost(accounts=["anna"], options=QUIET) as roost:
        play(roost, "stay")


def test_also_when_the_server_is_replaced():
    with Server(accounts=["anna"], options=QUIET) as roost:
        play(roost, "upgrade")


if __name__ == "__main__":
    sys.exit(pytest.main([__file__]))
