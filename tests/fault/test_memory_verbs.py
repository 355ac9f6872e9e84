# SPDX-License-Identifier: MIT
"""Memory runs out under the verbs of the command line and under the control socket that they ask: a verb
succeeds, and then has done all of it, or it fails with a sentence; the server goes on; and the same import, run
again, brings what was missing, once."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from no_memory import ALL_FROM, LONG, NEVER, ONE, Plan, program, tries  # noqa: E402
from roost_server import CRYPT, Roost, binary  # noqa: E402

SAMPLE_S = 3
MESSAGES = 4
OWN = {"INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"}
ACCOUNTS = 30000 if LONG else 1500


class House:
    """A server and a verb of the command line, one of which is short of memory."""

    def __init__(self, who):
        """who: "server" or "verb"."""
        self.plan = Plan()
        self.who = who
        self.server = Roost(start=False, program=program(), env=self.plan.env if who == "server" else {},
                            options=["auth.scram=no", "limits.max_connections_per_user=100"])
        self.server.add_accounts(["witness", *(f"u{n}" for n in range(ACCOUNTS))])
        self.server.start()
        self.witness = self.server.login("witness")
        self.dir = self.server.dir
        self.numbers = iter(range(ACCOUNTS))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.plan.disarm()
        if kind is not None:
            print(self.server.stderr()[-4000:])
        self.server.close()

    def fresh(self):
        return f"u{next(self.numbers)}"

    def run(self, *args, stdin="", plain=False):
        """plain: with memory."""
        poor = self.who == "verb" and not plain
        env = dict(os.environ, **(self.plan.env if poor else {}))
        done = subprocess.run([program() if poor else binary(), *args, "-c", str(self.server.config)], input=stdin,
                              capture_output=True, text=True, timeout=60, env=env)
        assert done.returncode in (0, 1), f"{args}: {done}"
        assert done.returncode == 0 or done.stderr.strip() or done.stdout.strip(), f"{args}: failed without a word"
        return done

    def each(self, act, after):
        """Runs act() with each allocation failing, then after() with memory."""
        for _ in range(2):  # the first of a server allocates more
            self.plan.arm(ONE, NEVER)
            act()
            total = self.plan.count()
            self.plan.disarm()
            after()
        tried = missed = 0
        for kind, nth in tries(total, SAMPLE_S):
            self.plan.arm(kind, nth)
            try:
                act()
                missed += self.plan.disarm() == 0
                assert self.server.process.poll() is None, f"it died: {self.server.stderr()[-4000:]}"
                self.witness.command("NOOP")
                after()
            except Exception as failure:
                raise AssertionError(f"allocation {nth} of kind {kind}: {failure}") from failure
            finally:
                self.plan.disarm()
            tried += 1
        print(f"{total} allocations, {tried} tried, {missed} not reached")
        assert tried > 4 and missed <= tried // 2


@pytest.fixture(params=["server", "verb"])
def house(request):
    with House(request.param) as house:
        yield house


def test_what_is_asked(house):
    def act():
        done = house.run("sessions", "--json")
        assert done.returncode != 0 or '"account":"witness"' in done.stdout.replace(" ", ""), done
        done = house.run("account", "list")
        assert done.returncode != 0 or len(done.stdout.splitlines()) >= ACCOUNTS + 1, done
        for verb in (["networks"], ["log"], ["log", "imap:APSF"], ["explain", "--account", "witness"], ["sessions"]):
            house.run(*verb)

    house.each(act, lambda: None)


def test_a_session_that_is_only_asked_needs_no_memory():
    with House("server") as house:
        server = house.server
        selected, compressed, tls = server.login("u0"), server.login("u1"), server.login("u2", tls=True)
        selected.command("SELECT INBOX")
        compressed.compress()
        stranger = server.connect()
        stranger.line()
        idlers = [server.idling("u3"), server.idling("u4", tls=True), server.idling("u5", compress=True)]
        for verb in ["sessions"], ["explain", "--account", "u0"]:
            house.run(*verb)
            house.plan.arm(ONE, NEVER)
            house.run(*verb)
            total = house.plan.count()
            for nth in range(1, total + 1, 1 if LONG else max(1, total // 100)):
                house.plan.arm(ALL_FROM, nth)
                house.run(*verb)
                house.plan.disarm()
        stranger.command("NOOP")
        for peer in (selected, compressed, tls):
            peer.command("NOOP")
        for peer in idlers:
            peer.done()


def test_accounts(house):
    made = iter(range(1000000))

    def act():
        name = f"new{next(made)}"
        house.now = name, house.run("account", "add", "--from", "-", stdin=f"{name}:{CRYPT}\n{name}x:{CRYPT}\n")

    def after():
        name, done = house.now
        lines = house.run("account", "list", plain=True).stdout
        there = [bool(re.search(rf"^{one}\b", lines, re.M)) for one in (name, name + "x")]
        assert there[0] == there[1], done
        assert there[0] or done.returncode != 0, done

    house.each(act, after)


def held(house, account):
    """Each mailbox with the messages in it."""
    peer = house.server.login(account)
    found = {}
    for line in peer.command('LIST "" *'):
        name = re.search(r' "?([^" ]+)"?$', line).group(1)
        peer.command(f"EXAMINE {name}")
        lines = peer.command("FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])", expect=None)
        found[name] = sorted(mid for line in lines for mid in re.findall(r"<(\w+)@memory>", line) if "\\Seen" in line)
    peer.command("LOGOUT")
    peer.close()
    return {name: mids for name, mids in found.items() if mids or name not in OWN}


def test_import(house):
    folder = house.dir / "Maildir"
    for name in ("cur", "new", "tmp", ".Sub", ".Sub/cur", ".Sub/new", ".Sub/tmp"):
        (folder / name).mkdir(parents=True)
    for n in range(MESSAGES):
        for place in ("cur", ".Sub/cur"):
            (folder / place / f"1.{n}.x:2,S").write_text(f"Subject: m{n}\nMessage-ID: <m{n}@memory>\n\nbody {n}\n")
    right = dict.fromkeys(["INBOX", "Sub"], [f"m{n}" for n in range(MESSAGES)])

    def act():
        house.account = house.fresh()
        house.done = house.run("import", house.account, str(folder))

    def after():
        if house.done.returncode == 0:
            assert held(house, house.account) == right, house.done
        again = house.run("import", house.account, str(folder), plain=True)
        assert again.returncode == 0, again
        assert held(house, house.account) == right, f"after {house.done} and {again}"

    house.each(act, after)


def tree(folder):
    """Each file's octets by folder; names of files may differ."""
    return sorted((str(path.parent.relative_to(folder)), hashlib.sha256(path.read_bytes()).hexdigest())
                  for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("form", ["maildir", "mbox"])
def test_export(house, form):
    for n in range(MESSAGES):
        assert house.server.deliver("witness", f"Subject: m{n}\n\nbody {n}\n").startswith("250")
    whole = house.dir / "whole"
    house.run("export", "witness", "--format", form, str(whole), plain=True)
    right = tree(whole)
    assert len(right) > 0

    def act():
        out = house.dir / "out"
        shutil.rmtree(out, ignore_errors=True)
        done = house.run("export", "witness", "--format", form, str(out))
        if done.returncode == 0:
            assert tree(out) == right, done

    house.each(act, lambda: None)
