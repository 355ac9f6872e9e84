# SPDX-License-Identifier: MIT
"""A client that comes back and asks what has changed must know exactly what one knows that fetches everything.
Random histories on several sessions, of clients with QRESYNC, with CONDSTORE alone and with neither, some of them
with NOTIFY, on two mailboxes: they store, expunge, copy, move, replace, append, idle, are cut off in the middle of an answer and come back,
while the server is killed, stopped or replaced, and some read an answer when the others have gone on. Each client keeps what RFC 7162 section 6 tells it to keep, and
nothing else. ROOST_ROUNDS=n plays that many histories of each kind (ROOST_LONG=1: hundreds); ROOST_SEED=n begins
with another one."""

import os
import random
import re
import socket
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fault"))
from roost_server import PASSWORD, Peer, Roost  # noqa: E402
from test_upgrade import Server  # noqa: E402

ROUNDS = int(os.environ.get("ROOST_ROUNDS", "400" if os.environ.get("ROOST_LONG") else "4"))
SEED = int(os.environ.get("ROOST_SEED", "1"))
STEPS = 180
BOXES = ["INBOX", "Other"]
FLAGS = ["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Deleted", "\\Deleted", "\\Draft", "Red", "Blue"]
KINDS = ["QRESYNC", "QRESYNC", "CONDSTORE", ""]
NOTIFIED = ["QRESYNC", "CONDSTORE"]  # and these use NOTIFY
FETCH = re.compile(r"\* (\d+) FETCH \((.*)\)$", re.S)
TEXT = "A: b\r\n\r\nx"
BIG = "A: b\r\n\r\n" + "x" * 50000  # a dozen are more than a narrow connection holds


def numbers(text):
    for part in text.split(","):
        first, _, last = part.partition(":")
        yield from range(int(first), int(last or first) + 1)


def narrow(roost):
    """A login whose side of the connection holds little: an answer that nobody reads stays in the server."""
    sock = socket.socket()
    sock.settimeout(30)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)  # the buffer of the server's side grows with it
    sock.connect(("127.0.0.1", roost.ports["imap"]))
    peer = Peer(0, sock=sock)
    peer.line()
    peer.command(f'LOGIN anna "{PASSWORD}"')
    return peer


def compact(uids):
    """1,2,3,7 as 1:3,7"""
    runs = []
    for uid in sorted(uids):
        if runs and runs[-1][1] == uid - 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(f"{a}:{b}" if a != b else f"{a}" for a, b in runs)


class Cache:
    """What a client keeps of a mailbox between connections."""

    def __init__(self):
        self.valid = None
        self.modseq = 0  # 0: it has never been synchronised
        self.messages = {}  # UID: (flags, modseq)
        self.complete = 0  # UIDs up to here were asked for


class Client:
    """One client program with its caches, connected or not."""

    def __init__(self, world, kind, number, notifies):
        self.world, self.kind, self.number, self.notifies = world, kind, number, notifies
        self.caches = {box: Cache() for box in BOXES}
        self.peer = None
        self.box = None
        self.opening = None  # the mailbox that SELECT names, until the one before is closed
        self.idle = False
        self.notify = None  # what it has asked for: "selected", "selected-delayed", "NONE"
        self.hears_flags = True
        self.late = None  # tag of a command whose answer it has not read
        self.tags = 0
        self.shown, self.code, self.asked = 0, None, False  # since the last tagged answer

    # ---- what comes ----

    def fetch(self, number, items):
        uid = re.search(r"\bUID (\d+)", items)
        flags = re.search(r"\bFLAGS \(([^)]*)\)", items)
        modseq = re.search(r"\bMODSEQ \((\d+)\)", items)
        assert 1 <= number <= len(self.seqs), (number, self.seqs)
        if self.kind and (flags or self.notify) and not self.asked:
            assert uid and modseq, f"a change without UID and MODSEQ: {items}"
        if uid:
            uid = int(uid.group(1))
            assert self.seqs[number - 1] in (None, uid), (number, uid, self.seqs)
            self.seqs[number - 1] = uid
        else:
            uid = self.seqs[number - 1]
        if modseq:
            modseq = int(modseq.group(1))
            self.shown = max(self.shown, modseq)
        if uid is None:
            return
        old = self.cache.messages.get(uid, (None, 0))
        known = frozenset(flags.group(1).split()) - {"\\Recent"} if flags else self.changed(uid, old[0])
        if known is None:
            return  # a modseq of a message that it knows nothing else of
        if modseq is None and self.kind:
            modseq = old[1]
        if self.asked and self.kind and modseq < old[1]:
            return  # expunged by another, so only the view has it, as it was then
        assert modseq is None or modseq >= old[1], (uid, old, items)
        self.cache.messages[uid] = (known, modseq or 0)

    def changed(self, uid, flags):
        """What its own silent STORE has made of the flags, as it knows them when it is told so: what NOTIFY told
        before may still have been unread when it sent the command."""
        if uid not in self.mine or flags is None:
            return flags
        sign, named = self.mine[uid]
        return flags | named if sign == "+" else flags - named if sign == "-" else named

    def vanished(self, uids, earlier):
        assert self.kind == "QRESYNC"
        for uid in uids:
            if earlier:
                assert uid not in self.seqs, f"{uid} vanished earlier, and is here"
            elif uid in self.seqs:
                self.seqs.remove(uid)
            else:
                # One whose number it has not been told yet: it stands behind those with lower UIDs.
                behind = [n for n, known in enumerate(self.seqs) if known and known < uid]
                del self.seqs[self.seqs.index(None, max(behind, default=-1) + 1)]
            self.cache.messages.pop(uid, None)

    def highest(self, line):
        found = re.search(r"\[HIGHESTMODSEQ (\d+)\]", line)
        if found:
            self.code = int(found.group(1))
        assert "NOMODSEQ" not in line

    def untagged(self, line):
        word = line.split(" ")
        fetched = FETCH.match(line)
        if fetched:
            self.fetch(int(fetched.group(1)), fetched.group(2))
        elif word[1] == "VANISHED":
            self.vanished(numbers(word[-1]), word[2] == "(EARLIER)")
        elif word[1] == "SEARCH":
            self.found = [int(n) for n in re.sub(r"\(.*", "", " ".join(word[2:])).split()]
        elif word[-1] == "EXISTS":
            assert int(word[1]) >= len(self.seqs)
            self.seqs += [None] * (int(word[1]) - len(self.seqs))
        elif word[-1] == "EXPUNGE":
            assert self.kind != "QRESYNC"
            self.cache.messages.pop(self.seqs.pop(int(word[1]) - 1), None)
        elif line.startswith("* OK [UIDVALIDITY"):
            valid = int(re.search(r"\d+", line).group())
            if self.cache.valid != valid:
                assert self.cache.valid is None
                self.cache.valid = valid
        elif line.startswith("* OK [CLOSED]"):
            self.closed = True
            self.opened()
        if line.startswith("* OK"):
            self.highest(line)

    def tagged(self, line):
        """RFC 7162 section 6: what it may begin with next time."""
        self.highest(line)
        self.told = self.code
        if self.box is not None and self.kind and self.synchronised:
            if self.code is not None:
                self.cache.modseq = self.code
            elif self.shown > self.cache.modseq:
                self.cache.modseq = self.shown
        self.shown, self.code = 0, None

    def command(self, text, expect="OK", asked=False, cut=None):
        """asked: FETCH responses are what was asked for. cut: lines of the answer that it still gets.
        mine is what its own silent STORE makes of the flags."""
        return self.answer(self.begin(text, asked), expect, cut)

    def begin(self, text, asked):
        self.tags += 1
        tag = f"t{self.tags}"
        self.note(f"> {text}")
        self.peer.send(f"{tag} {text}\r\n")
        self.asked, self.closed, self.found = asked, False, []
        return tag

    def answer(self, tag, expect="OK", cut=None):
        while cut is None or cut > 0:
            line = self.peer.line()
            self.note(line)
            if line.startswith(tag + " "):
                assert not expect or line.split(" ")[1] in expect, line
                self.tagged(line)
                return line
            self.untagged(line)
            if cut is not None:
                cut -= 1
        self.drop()
        return None

    def note(self, text):
        text = re.sub("x{9,}", "x", text)
        self.world.story.append(f"{self.number}{self.kind[:1]} {text}")

    # ---- coming and going ----

    @property
    def cache(self):
        return self.caches[self.box]

    def drop(self):
        if self.peer is not None:
            self.note("-- cut")
            self.peer.close()
            self.world.cut = True
        self.peer = self.box = self.opening = self.late = self.notify = None
        self.idle = False
        self.hears_flags = True
        self.shown, self.code = 0, None

    def connect(self):
        self.peer = narrow(self.world.roost) if self.world.how == "late" else self.world.roost.login("anna")
        if self.kind and (self.kind == "QRESYNC" or self.world.random.random() < 0.5):
            line = self.peer.command(f"ENABLE {self.kind}")
            assert line == [f"* ENABLED {self.kind}"], line

    def select(self, box, cut=None):
        rng = self.world.random
        had = self.box
        self.opening = box
        read_only = rng.random() < 0.15
        cache = self.caches[box]
        self.returning = returning = bool(self.kind == "QRESYNC" and cache.modseq and cache.valid)
        if had is None:
            self.opened()
        how = " (CONDSTORE)" if self.kind == "CONDSTORE" else ""
        before = cache.modseq
        if returning:
            known = match = ""
            if rng.random() < 0.6 and cache.messages:
                known = " " + (compact(cache.messages) if rng.random() < 0.5 else f"1:{max(cache.messages)}")
            if rng.random() < 0.5 and cache.messages and max(cache.messages) <= cache.complete:
                order = sorted(cache.messages)
                some = sorted(rng.sample(range(len(order)), rng.randint(1, len(order))))
                match = (f" ({compact(n + 1 for n in some)} {compact(order[n] for n in some)})")
            how = f" (QRESYNC ({cache.valid} {cache.modseq}{known}{match}))"
        word = "EXAMINE" if read_only else "SELECT"
        if self.command(f"{word} {box}{how}", cut=cut) is None:
            if returning:
                cache.modseq = before
            return
        assert self.closed == (had is not None)
        self.read_only = read_only
        self.catch_up(first=True)

    def opened(self):
        """What comes from here on is about this mailbox; what NOTIFY told before was about the other one."""
        self.box, self.seqs, self.mine, self.opening = self.opening, [], {}, None
        self.synchronised = self.returning
        self.shown, self.code = 0, None

    def catch_up(self, first=False):
        """What a client does after SELECT, and again when messages have come."""
        cache = self.cache
        if first and self.kind != "QRESYNC" or first and not self.synchronised:
            since = cache.modseq if self.kind else 0
            code = self.told
            last = max(cache.messages, default=0)
            if last:
                more = f" (CHANGEDSINCE {since})" if since else ""
                self.command(f"UID FETCH 1:{last} (FLAGS)" + more, asked=True)
                self.command(f"UID SEARCH UID 1:{last}")
                for uid in set(cache.messages) - set(self.found):
                    del cache.messages[uid]
            if self.kind:
                cache.modseq = max(code, since)
                self.synchronised = True
        modseq = " MODSEQ" if self.kind else ""
        self.command(f"UID FETCH {cache.complete + 1}:* (FLAGS{modseq})", asked=True)
        cache.complete = max([cache.complete, *cache.messages])
        order = sorted(cache.messages)
        assert len(order) == len(self.seqs), (order, self.seqs)
        assert all(a in (None, b) for a, b in zip(self.seqs, order)), (order, self.seqs)
        self.seqs = order

    # ---- what it does ----

    def named(self):
        """Some of its messages, by number or UID, as a command and a set."""
        rng = self.world.random
        if not self.seqs:
            return None
        some = rng.sample(range(len(self.seqs)), rng.randint(1, min(4, len(self.seqs))))
        uids = [self.seqs[n] for n in some]
        if self.notify == "selected":
            uids = [u for u in uids if u is not None]
            return ("UID ", compact(uids), uids) if uids else None
        if rng.random() < 0.5 or None in uids:
            return "", compact(n + 1 for n in some), [u for u in uids if u is not None]
        return "UID ", compact(uids), uids

    def store(self):
        rng = self.world.random
        named = self.named()
        if named is None:
            return
        uid, what, uids = named
        sign = rng.choice(["+", "-", ""])
        flags = sorted(set(rng.sample(FLAGS, rng.randint(1, 2))))
        silent = rng.random() < 0.5
        since = ""
        if self.kind and rng.random() < 0.4:
            known = [self.cache.messages[u][1] for u in uids if u in self.cache.messages]
            since = f" (UNCHANGEDSINCE {rng.choice([*known, self.cache.modseq, 0])})"
        if silent and self.kind:
            self.mine = {u: (sign, frozenset(flags)) for u in uids if u in self.cache.messages}
        line = self.command(f"{uid}STORE {what}{since} {sign}FLAGS{'.SILENT' if silent else ''} ({' '.join(flags)})",
                            expect=("OK", "NO"))
        if silent and not self.kind and line.split(" ")[1] == "OK":
            self.command("UID FETCH 1:* (FLAGS)", asked=True)
        self.mine = {}

    def fetch_some(self):
        named = self.named()
        if named:
            items = self.world.random.choice(["BODY[TEXT]", "(FLAGS)", "(FLAGS MODSEQ)" if self.kind else "FLAGS"])
            self.command(f"{named[0]}FETCH {named[1]} {items}", asked=items != "BODY[TEXT]" or self.read_only)

    def fetch_late(self):
        """Asks for everything, or some messages, and reads none of it now."""
        rng = self.world.random
        named = self.named() or ("UID ", "1:*")
        by_number = ("", f"1:{len(self.seqs)}") if self.notify != "selected" else named[:2]
        uid, what = rng.choice([("UID ", "1:*"), by_number, named[:2]])
        how = ""
        if self.kind and rng.random() < 0.4:
            since = rng.choice([1, self.cache.modseq or 1])
            how = f" (CHANGEDSINCE {since}{' VANISHED' if uid and self.kind == 'QRESYNC' else ''})"
        self.late = self.begin(f"{uid}FETCH {what} ({rng.choice(['BODY[]', 'BODY.PEEK[]'])} FLAGS){how}", asked=True)

    def read_late(self):
        tag, self.late = self.late, None
        self.note("-- reads")
        self.answer(tag)

    def move(self):
        named = self.named()
        word = self.world.random.choice(["COPY"] if self.read_only else ["COPY", "MOVE", "MOVE", "MOVE"])
        if named:
            self.command(f"{named[0]}{word} {named[1]} {self.world.random.choice(BOXES)}", expect=("OK", "NO"))

    def literals(self, count):
        text = self.world.text
        return " ".join(f"({self.world.random.choice(FLAGS)}) {{{len(text)}+}}\r\n{text}" for _ in range(count))

    def append(self):
        """One message or several at once."""
        rng = self.world.random
        self.command(f"APPEND {rng.choice(BOXES)} {self.literals(rng.choice([1, 1, 2, 3]))}")

    def replace(self):
        """A new message in the place of an old one, here or in the other mailbox."""
        rng = self.world.random
        if not self.seqs:
            return
        number = rng.randrange(len(self.seqs))
        uid = self.seqs[number]
        by_uid = rng.random() < 0.5 or self.notify == "selected"  # numbers can change at any time then
        if uid is None and self.notify == "selected":
            return
        named = f"UID REPLACE {uid}" if uid and by_uid else f"REPLACE {number + 1}"
        self.command(f"{named} {rng.choice(BOXES)} {self.literals(1)}", expect=("OK", "NO"))

    def expunge(self):
        named = self.named()
        if named and named[0]:
            self.command(f"UID EXPUNGE {named[1]}")
        else:
            self.command("EXPUNGE")

    def toggle_idle(self):
        if self.idle:
            self.idle = False
            self.peer.send("DONE\r\n")
            self.answer(f"t{self.tags}")
            return
        self.tags += 1
        self.note("> IDLE")
        self.asked = False
        self.peer.send(f"t{self.tags} IDLE\r\n")
        while True:
            line = self.peer.line()
            self.note(line)
            if line.startswith("+"):
                break
            self.untagged(line)
        self.idle = True

    def notify_set(self, flags=None):
        """NOTIFY, or with flags=True one after which it knows everything. Numbers can change at any time then, but for
        SELECTED-DELAYED."""
        rng = self.world.random
        if flags is None and rng.random() < 0.1:
            self.notify, self.hears_flags = "NONE", False
            self.command("NOTIFY NONE")
            return
        self.notify = rng.choice(["selected", "selected-delayed"])
        self.hears_flags = flags or rng.random() < 0.5
        new = rng.choice(["", " (UID)", " (FLAGS)", " (UID FLAGS MODSEQ)", " (RFC822.SIZE)"])
        self.command(f"NOTIFY SET ({self.notify} (MessageNew{new} MessageExpunge"
                     f"{' FlagChange' if self.hears_flags else ''}))")

    def leave(self):
        """CLOSE expunges without a word: the client learns of it when it comes back."""
        self.command(self.world.random.choice(["CLOSE", "UNSELECT"]))
        self.box = None

    def step(self):
        rng = self.world.random
        if self.peer is None:
            self.connect()
        if self.late:
            if rng.random() < 0.05:
                self.drop()
            elif rng.random() < 0.4:
                self.read_late()
            return
        if self.idle:
            if rng.random() < 0.1:
                self.drop()
            elif rng.random() < 0.4:
                self.toggle_idle()
            return
        if self.box is None:
            self.select(rng.choice(BOXES), cut=rng.randint(0, 12) if rng.random() < 0.1 else None)
            return
        if self.world.how == "late" and self.seqs and rng.random() < 0.3:
            self.fetch_late()
            return
        if self.notifies and rng.random() < 0.08:
            self.notify_set()
            return
        if self.notify and rng.random() < 0.05:
            self.drop()  # with what it was told between commands, which it has not read
            return
        what = rng.random()
        if what < 0.05:
            named = self.named() or ("", "1", [])
            text = rng.choice(["NOOP", "EXPUNGE" if not self.read_only else "NOOP", "UID FETCH 1:* (FLAGS)",
                               f"STORE {named[1]} +FLAGS (\\Deleted)", "UID SEARCH ALL"])
            self.command(text, expect=None, asked=True, cut=rng.randint(0, 3))
        elif what < 0.09:
            self.leave()
        elif what < 0.22:
            self.select(rng.choice(BOXES), cut=rng.randint(0, 12) if rng.random() < 0.1 else None)
        elif what < 0.27:
            self.toggle_idle()
        elif what < 0.34:
            self.command("NOOP")
            self.catch_up()
        elif what < 0.40:
            self.move()
        elif what < 0.48:
            self.fetch_some()
        elif what < 0.52:
            self.command(rng.choice(["SEARCH ALL", "UID SEARCH ALL", "UID SEARCH 1:*" if self.seqs and not self.notify else "NOOP"]))
        elif what < 0.56 and self.kind == "QRESYNC" and self.cache.modseq:
            self.command(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {self.cache.modseq} VANISHED)", asked=True)
        elif what < 0.60:
            self.append()
        elif self.read_only:
            self.command("NOOP")
        elif what < 0.65:
            self.replace()
        elif what < 0.72:
            self.expunge()
        else:
            self.store()

    # ---- and what it must know then ----

    def settle(self, truth):
        """Comes back to both mailboxes, or goes on where it is."""
        if self.idle:
            self.toggle_idle()
        if self.peer is None:
            self.connect()
        if not self.hears_flags:
            self.notify_set(flags=True)
        order = sorted(BOXES, key=lambda box: box != self.box)
        for box in order:
            if box != self.box:
                self.select(box)
            else:
                self.command("NOOP")
                self.catch_up()
            expected = truth[box]
            if self.kind:
                assert self.cache.messages == expected, self.differ(expected)
            else:
                flags = {uid: known[0] for uid, known in self.cache.messages.items()}
                assert flags == {uid: known[0] for uid, known in expected.items()}, self.differ(expected)
            assert [u for u in self.seqs if u is not None] == [u for u in sorted(expected) if u in self.seqs]
            assert len(self.seqs) == len(expected)

    def differ(self, expected):
        found = self.cache.messages
        return {uid: (found.get(uid), expected.get(uid)) for uid in set(found) | set(expected)
                if found.get(uid) != expected.get(uid)}


class World:
    def __init__(self, roost, seed, how):
        self.roost, self.how = roost, how
        self.text = BIG if how == "late" else TEXT
        self.random = random.Random(seed)
        self.story = []
        self.cut = False  # a session may still be at the last command of a client that is gone
        self.clients = [Client(self, kind, n + 1, n >= len(KINDS)) for n, kind in enumerate([*KINDS, *NOTIFIED])]

    def await_the_cut(self):
        deadline = time.monotonic() + 30
        while self.cut:
            self.cut = len(self.roost.sessions()) > sum(client.peer is not None for client in self.clients)
            assert time.monotonic() < deadline, "a session goes on without its client"

    def truth(self):
        """What one knows that fetches everything."""
        for client in self.clients:
            if client.late:
                client.read_late()
        self.await_the_cut()
        peer = self.roost.login("anna")
        found = {}
        for box in BOXES:
            peer.command(f"EXAMINE {box}")
            found[box] = {}
            for line in peer.command("UID FETCH 1:* (FLAGS MODSEQ)"):
                match = FETCH.match(line)
                if match:
                    items = match.group(2)
                    flags = frozenset(re.search(r"FLAGS \(([^)]*)\)", items).group(1).split()) - {"\\Recent"}
                    found[box][int(re.search(r"UID (\d+)", items).group(1))] = (
                        flags, int(re.search(r"MODSEQ \((\d+)\)", items).group(1)))
        peer.close()
        return found

    def shake(self):
        """The server goes, and comes back."""
        self.story.append(f"== {self.how}")
        if self.how == "upgrade":
            self.roost.upgrade()  # whoever is connected stays so
            return
        if self.random.random() < 0.5:  # with nothing unseen in them mailboxes are not loaded by SELECT
            peer = self.roost.login("anna")
            for box in BOXES:
                peer.command(f"SELECT {box}")
                peer.command("UID STORE 1:* +FLAGS.SILENT (\\Seen)")
            peer.close()
        for client in self.clients:
            client.drop()
        self.roost.kill() if self.random.random() < 0.5 else self.roost.stop()
        self.roost.start()
        for client in self.clients[:2]:  # which find nothing in memory
            client.step()

    def play(self):
        peer = self.roost.login("anna")
        peer.command("CREATE Other", expect=None)
        for box in BOXES:
            peer.command(f"APPEND {box}" + f" {{{len(self.text)}+}}\r\n{self.text}" * 15)
        peer.close()
        for step in range(STEPS):
            if step % 40 == 39:
                if self.how == "purge":
                    time.sleep(1.2)
                elif self.how not in ("stay", "late"):
                    self.shake()
            what = self.random.random()
            if what < 0.04:
                assert self.roost.deliver("anna", "Subject: a\n\nb\n").startswith("250")
            self.random.choice(self.clients).step()
            if step % 60 == 59:
                truth = self.truth()
                for client in self.clients:
                    client.settle(truth)
        for client in self.clients:
            client.drop()


def play(roost, how, count):
    for n in range(count):
        seed = SEED * 1000 + n
        world = World(roost, seed, how)
        try:
            world.play()
        except BaseException:
            print(f"history {seed} of '{how}':")
            print("\n".join(world.story[-300:]))
            raise


QUIET = ["auth.scram=no", "log.levels=PSF"]


@pytest.mark.parametrize("how", ["stay", "late", "restart"])
def test_who_comes_back_knows_it_all(how):
    with Roost(accounts=["anna"], options=QUIET) as roost:
        play(roost, how, ROUNDS)


def test_when_expunges_are_forgotten():
    with Roost(accounts=["anna"], options=[*QUIET, "store.undelete=0", "store.purge_every=1s"]) as roost:
        play(roost, "purge", ROUNDS)


def test_when_the_server_is_replaced():
    with Server(accounts=["anna"], options=QUIET) as roost:
        play(roost, "upgrade", ROUNDS)
