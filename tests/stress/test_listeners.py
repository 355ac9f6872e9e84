# SPDX-License-Identifier: MIT
"""A client that has set NOTIFY (RFC 5465) and only listened must know what one knows that asks by LIST, STATUS, FETCH and
GETMETADATA. Random histories on the user's own mailboxes and on those that another user shares: messages come, change and
go, mailboxes are made, renamed, deleted and subscribed, metadata and access rights change, and the server is replaced. A
listener takes what NOTIFY tells, and asks by STATUS only for a mailbox that LIST has named. ROOST_ROUNDS=n plays that many
histories of each kind (ROOST_LONG=1: hundreds); ROOST_SEED=n begins with another one."""

import os
import random
import re
import socket
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fault"))
from roost_server import Roost, binary  # noqa: E402
from test_upgrade import Server  # noqa: E402

ROUNDS = int(os.environ.get("ROOST_ROUNDS", "200" if os.environ.get("ROOST_LONG") else "4"))
SEED = int(os.environ.get("ROOST_SEED", "1"))
STEPS = 160
CHECK_EVERY = 8
OWN = ["a", "a/b", "c"]  # besides INBOX; made and deleted
SHARED = ["s", "s/t", "u"]  # of the other user
PREFIX = "Other Users/anna/"
FLAGS = ["\\Seen", "\\Seen", "\\Flagged", "\\Deleted", "Red"]
ENTRIES = ["/shared/comment", "/private/comment"]
RIGHTS = ["lr", "lr", "lrswite", "lrswitek", "l", "r", ""]
ITEMS = "MESSAGES UIDNEXT UIDVALIDITY UNSEEN"
EVENTS = "(MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange)"
TEXT = "A: b\r\n\r\nx"
WAIT_S = 20


def unquote(text):
    return text[1:-1] if text.startswith('"') else text


NAME = r'("[^"]*"|[^ ()"]+)'
LIST = re.compile(r'\* LIST \(([^)]*)\) "/" ' + NAME + r'(?: \("OLDNAME" \(' + NAME + r"\)\))?$")
STATUS = re.compile(r"\* STATUS " + NAME + r" \((.*)\)$")
METADATA = re.compile(r"\* METADATA " + NAME + r" (.*)$")
FETCH = re.compile(r"\* (\d+) FETCH \((.*)\)$")


def counters(text):
    words = text.split()
    return dict(zip(words[::2], map(int, words[1::2])))


class Asker:
    """Knows what it asks for."""

    def __init__(self, roost):
        self.peer = roost.login("bert")

    def names(self):
        """Each name with whether it exists and whether it is subscribed."""
        found = {}
        for line in self.peer.command('LIST (SUBSCRIBED) "" "*"') + self.peer.command('LIST "" "*" RETURN (SUBSCRIBED)'):
            attributes, name, _ = LIST.match(line).groups()
            words = attributes.split()
            exists = "\\NonExistent" not in words and "\\Noselect" not in words
            was = found.get(unquote(name), (False, False))
            found[unquote(name)] = (exists or was[0], "\\Subscribed" in words or was[1])
        return found

    def status(self, name):
        """None: there is no such mailbox, or it may not be read."""
        lines = self.peer.command(f'STATUS "{name}" ({ITEMS})', expect=None)
        return counters(STATUS.match(lines[-1]).group(2)) if self.peer.last.split(" ")[1] == "OK" else None

    def metadata(self, name):
        lines = self.peer.command(f'GETMETADATA "{name}" ({" ".join(ENTRIES)})', expect=None)
        if self.peer.last.split(" ")[1] != "OK":
            return None
        values = re.findall(r'(/\S+) ("[^"]*"|NIL)', " ".join(lines))
        return {entry: value for entry, value in values}

    def messages(self):
        self.peer.command("EXAMINE INBOX")
        found = []
        for line in self.peer.command("FETCH 1:* (UID FLAGS)", expect=None):
            if match := FETCH.match(line):
                found.append(match.group(2))
        self.peer.command("UNSELECT")
        return [message_of(items) for items in found]


def message_of(items):
    uid = int(re.search(r"UID (\d+)", items).group(1))
    flags = re.search(r"FLAGS \(([^)]*)\)", items)
    return (uid, frozenset(flags.group(1).split()) - {"\\Recent"}) if flags else (uid, None)


class Listener:
    """Knows what it is told."""

    def __init__(self, world):
        self.world, self.asker = world, world.asker
        self.peer = world.roost.login("bert")
        self.peer.command("SELECT INBOX")
        self.inbox = [list(message) for message in self.asker.messages()]
        self.names = self.asker.names()
        self.counters = {}
        self.metadata = {name: self.asker.metadata(name) for name, (exists, _) in self.names.items() if exists}
        self.changed = {}  # names of entries that it was told to have changed
        for line in self.peer.command(f"NOTIFY SET STATUS (SELECTED (MessageNew (UID FLAGS) MessageExpunge FlagChange)) "
                                      f'(PERSONAL {EVENTS}) (SUBTREE "Other Users" {EVENTS})'):
            self.take(line)

    def take(self, line):
        self.world.note(f"listener {line}")
        words = line.split(" ")
        if match := LIST.match(line):
            self.listed(*match.groups())
        elif match := STATUS.match(line):
            self.counters.setdefault(unquote(match.group(1)), {}).update(counters(match.group(2)))
        elif match := METADATA.match(line):
            self.changed.setdefault(unquote(match.group(1)), set()).update(match.group(2).split())
        elif match := FETCH.match(line):
            self.fetched(int(match.group(1)), match.group(2))
        elif words[-1] == "EXISTS":
            self.inbox += [[None, None] for _ in range(int(words[1]) - len(self.inbox))]
        elif words[-1] == "EXPUNGE":
            del self.inbox[int(words[1]) - 1]
        else:
            assert words[-1] == "RECENT" or words[1] in ("FLAGS", "OK"), line
            assert "NOTIFICATIONOVERFLOW" not in line

    def fetched(self, number, items):
        uid, flags = message_of(items)
        assert self.inbox[number - 1][0] in (None, uid), items
        self.inbox[number - 1] = [uid, flags]

    def listed(self, attributes, name, old):
        words, name = attributes.split(), unquote(name)
        exists = "\\NonExistent" not in words
        if old:
            self.renamed(unquote(old), name)
        self.names[name] = (exists, "\\Subscribed" in words)
        if not exists:
            for known in (self.counters, self.metadata, self.changed):
                known.pop(name, None)
        elif not old:  # it may be another one than before
            self.counters[name] = self.asker.status(name) or {}
            self.metadata[name] = self.asker.metadata(name)

    def renamed(self, old, new):
        """A subscription is of a name, and stays where it was; that it has followed the mailbox is told."""
        for known in (self.names, self.counters, self.metadata, self.changed):
            for name in [n for n in known if n == old or n.startswith(old + "/")]:
                if known is not self.names:
                    known[new + name[len(old):]] = known.pop(name)
                elif known[name][0]:
                    moved = new + name[len(old):]
                    known[moved] = (True, known.get(moved, (False, False))[1])
                    known[name] = (False, known[name][1])

    # ---- what it should know ----

    def ignorance(self):
        """What is not as the asker finds it; empty: nothing."""
        truth = self.asker.names()
        wrong = []
        for name in sorted(set(truth) | set(self.names)):
            exists, subscribed = truth.get(name, (False, False))
            told_exists, told_subscribed = self.names.get(name, (False, False))
            of_other = name.startswith("Other Users")
            if of_other and (not exists or self.asker.status(name) is None):
                continue  # what may not be read is not told; that it is gone, below
            if (exists, subscribed) != (told_exists, told_subscribed):
                wrong.append(f"{name}: {(exists, subscribed)}, not {(told_exists, told_subscribed)}")
            if exists:
                wrong += self.mailbox_ignorance(name)
        for name, (told_exists, _) in self.names.items():
            if name.startswith(PREFIX) and told_exists and not truth.get(name, (False,))[0]:
                wrong.append(f"{name}: is not there any more")
        if [tuple(message) for message in self.inbox] != self.asker.messages():
            wrong.append(f"INBOX: {self.asker.messages()}, not {self.inbox}")
        return wrong

    def mailbox_ignorance(self, name):
        wrong = []
        status, metadata = self.asker.status(name), self.asker.metadata(name)
        told = self.counters.get(name, {})
        if name != "INBOX" and any(told.get(key) != value for key, value in status.items()):
            wrong.append(f"{name}: {status}, not {told}")
        before = self.metadata.get(name) or {}
        for entry, value in (metadata or {}).items():
            if before.get(entry, "NIL") != value and entry not in self.changed.get(name, ()):
                wrong.append(f"{name}: {entry} is {value}, was {before.get(entry)}, and it was not told")
        return wrong

    def check(self, asks):
        """What it is told makes it know everything, without a command or (asks) with the next one."""
        if asks:
            for line in self.peer.command("NOOP"):
                self.take(line)
        self.peer.socket.settimeout(WAIT_S)
        while wrong := self.ignorance():
            assert not asks, wrong
            try:
                self.take(self.peer.line())
            except socket.timeout:
                raise AssertionError(wrong) from None
        for name in self.changed:
            self.metadata[name] = self.asker.metadata(name)
        self.changed = {}


class Writer:
    """Changes its own mailboxes, or (bert) those that others share with him too."""

    def __init__(self, world, account):
        self.world, self.random, self.account = world, world.random, account
        self.peer = world.roost.login(account)
        self.mine = OWN if account == "bert" else SHARED

    def command(self, text):
        self.world.note(f"{self.account} {text}")
        self.peer.command(text, expect=None)
        self.world.note(f"{self.account} {self.peer.last}")
        return self.peer.last.split(" ")[1] == "OK"

    def any_name(self):
        names = self.mine + ["INBOX"]
        if self.account == "bert" and self.random.random() < 0.4:
            names = [PREFIX + name for name in SHARED]
        return self.random.choice(names)

    def step(self):
        what = self.random.random()
        name = self.any_name()
        if what < 0.25:
            self.command(f'APPEND "{name}" {{{len(TEXT)}+}}\r\n{TEXT}')
        elif what < 0.50:
            self.messages(name)
        elif what < 0.62:
            self.command(f'SETMETADATA "{name}" ({self.random.choice(ENTRIES)} '
                         f'{self.random.choice(["NIL", chr(34) + str(self.random.random()) + chr(34)])})')
        elif what < 0.72 and self.account == "bert":
            self.command(f'{self.random.choice(["SUBSCRIBE", "UNSUBSCRIBE"])} "{name}"')
        elif what < 0.82:
            self.make_or_delete()
        elif what < 0.90:
            self.rename()
        elif self.account == "anna":
            self.share(self.random.choice(SHARED))

    def messages(self, name):
        if not self.command(f'SELECT "{name}"'):
            return
        kind = self.random.random()
        if kind < 0.6:
            self.command(f"STORE {self.random.randint(1, 4)}:* {self.random.choice('+-')}FLAGS "
                         f"({self.random.choice(FLAGS)})")
        elif kind < 0.8:
            self.command("EXPUNGE")
        else:
            self.command(f'{self.random.choice(["COPY", "MOVE"])} {self.random.randint(1, 3)} "{self.any_name()}"')
        self.command("UNSELECT")

    def make_or_delete(self):
        name = self.random.choice(self.mine)
        if self.random.random() < 0.6:
            if self.command(f"CREATE {name}") and self.account == "anna":
                self.share(name)
        else:
            self.command(f"DELETE {name}")

    def rename(self):
        old, new = self.random.sample(self.mine, 2)
        self.command(f"RENAME {old} {new}")

    def share(self, name):
        self.command(f'SETACL {name} bert "{self.random.choice(RIGHTS)}"')


class World:
    def __init__(self, roost, seed, how):
        self.roost, self.how = roost, how
        self.random = random.Random(seed)
        self.story = []
        anna, bert = Writer(self, "anna"), Writer(self, "bert")
        anna.command("CREATE always")  # of which bert always knows, so that he is told of anna at once
        anna.command("SETACL always bert lr")
        for writer in (anna, bert):
            for name in reversed(writer.mine):
                writer.command(f"DELETE {name}")
            writer.command("SELECT INBOX")
            writer.command("STORE 1:* +FLAGS (\\Deleted)")
            writer.command("CLOSE")
        self.writers = [anna, anna, bert]
        self.asker = Asker(roost)
        self.listener = Listener(self)

    def note(self, text):
        self.story.append(text)

    def play(self):
        for step in range(1, STEPS + 1):
            if self.how == "upgrade" and step % 40 == 0:
                self.note("== upgrade")
                self.roost.upgrade()
            self.random.choice(self.writers).step()
            if step % CHECK_EVERY == 0:
                self.note("== check")
                self.listener.check(asks=self.random.random() < 0.3)
        for peer in (self.listener.peer, self.asker.peer, *{writer.peer for writer in self.writers}):
            peer.close()


def play(roost, how):
    for n in range(ROUNDS):
        seed = SEED * 1000 + n
        world = None
        try:
            world = World(roost, seed, how)
            world.play()
        except BaseException:
            print(f"history {seed} of '{how}':")
            print("\n".join(world.story[-200:] if world else []))
            raise


OPTIONS = ["auth.scram=no", "log.levels=PSF", "imap.sharing=yes"]


def test_who_listens_knows_what_others_ask_for():
    with Roost(accounts=["anna", "bert"], options=OPTIONS) as roost:
        play(roost, "stay")


def test_also_over_an_engine_that_waits():
    seam = Path(binary()).resolve().parents[2] / "tests" / "support" / "roost-seam"
    with Roost(accounts=["anna", "bert"], options=OPTIONS, program=str(seam)) as roost:
        play(roost, "stay")


def test_also_when_the_server_is_replaced():
    with Server(accounts=["anna", "bert"], options=OPTIONS) as roost:
        play(roost, "upgrade")


if __name__ == "__main__":
    sys.exit(pytest.main([__file__]))
