# SPDX-License-Identifier: MIT
"""METADATA (RFC 5464) beyond one dialogue: values and answers as large as they may be, the administrator's entries,
restarts and kill -9, removed accounts, quotas, memory that is given back, and an upgrade."""

import os
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from limits import limit  # noqa: E402
from roost_server import Roost  # noqa: E402

VALUE = limit("LIMIT_METADATA_VALUE")
ENTRIES = limit("LIMIT_METADATA_ENTRIES")
EVERYTHING = "(DEPTH infinity) {} (/private /shared)"


@pytest.fixture(scope="module")
def server():
    with Roost(accounts=["user", "other", "third"]) as roost:
        yield roost


def literal(peer, before, value, after=")\r\n"):
    peer.send(f"m SETMETADATA {before} {{{len(value)}+}}\r\n{value}{after}")
    return peer.line()


def test_a_value_may_be_so_large(server):
    peer = server.login("user")
    assert literal(peer, "INBOX (/private/comment", "x" * VALUE).startswith("m OK")
    said = peer.command("GETMETADATA INBOX /private/comment")
    assert said == [f"* METADATA INBOX (/private/comment {{{VALUE}}}\r\n{'x' * VALUE})"]
    assert peer.command(f"GETMETADATA (MAXSIZE {VALUE - 1}) INBOX /private/comment") == []
    assert literal(peer, "INBOX (/private/a {1+}\r\na /private/comment", "x" * (VALUE + 1)) == \
        f"m NO [METADATA MAXSIZE {VALUE}] The value is too large"
    # One that is asked for is refused before it is sent, however large it is.
    for octets in (VALUE + 1, 100 << 20):
        peer.send(f"s SETMETADATA INBOX (/private/comment {{{octets}}}\r\n")
        assert peer.line() == f"s NO [METADATA MAXSIZE {VALUE}] The value is too large"
    peer.send(f"s SETMETADATA INBOX (/private/comment {{{VALUE}}}\r\n")
    assert peer.line().startswith("+ ")
    peer.send("y" * VALUE + ")\r\n")
    assert peer.line().startswith("s OK")
    peer.send(f"s SETMETADATA INBOX (/private/comment \"{'z' * (VALUE + 1)}\")\r\n")
    assert peer.line() == f"s NO [METADATA MAXSIZE {VALUE}] The value is too large"
    assert peer.command("GETMETADATA INBOX (/private/a)") == ["* METADATA INBOX (/private/a NIL)"]
    peer.close()


def test_so_many_and_all_at_once(server):
    """As many as there may be, as large as they may be: more than an output holds, in pieces that are whole."""
    peer = server.login("other")
    peer.command("CREATE Many")
    for i in range(ENTRIES):
        assert literal(peer, f"Many (/private/n{i:03}", f"{i:03}" + "x" * (VALUE - 3)).startswith("m OK")
    peer.send('t SETMETADATA Many (/private/one "x")\r\n')
    assert peer.line() == "t NO [METADATA TOOMANY] There are too many entries"
    assert peer.command('SETMETADATA Many (/private/n000 NIL /private/one "x")') == []
    said = peer.command("GETMETADATA " + EVERYTHING.format("Many"))
    assert len(said) > 1 and all(line.startswith("* METADATA Many (/private/") for line in said)
    names = [name for line in said for name in line.split() if name.strip("(").startswith("/private/")]
    assert len(names) == ENTRIES
    assert sum(len(line) for line in said) > (ENTRIES - 1) * VALUE
    listed = peer.command('LIST "" Many RETURN (METADATA (' + " ".join(f"/private/n{i:03}" for i in range(ENTRIES)) + "))")
    assert listed[0].startswith("* LIST") and sum(len(line) for line in listed) > (ENTRIES - 1) * VALUE
    # NOOP after it: nothing is lost between the pieces.
    assert peer.command("NOOP") == []
    peer.close()


def test_a_reader_that_does_not_read(server):
    """Sessions that are told of many changes and answers that nobody reads."""
    peer = server.login("other")
    slow = server.login("other")
    slow.command("ENABLE METADATA")
    slow.send("i IDLE\r\n")
    assert slow.line() == "+ idling"
    for i in range(300):
        peer.command(f'SETMETADATA INBOX (/private/vendor/x/{"n" * 200}{i % 50} "{i}")')
    peer.command("NOOP")
    heard = set()
    while f'/private/vendor/x/{"n" * 200}{299 % 50}' not in heard or len(heard) < 50:
        heard |= set(slow.line().split()[3:])
    slow.done()
    slow.close()
    peer.close()


def test_the_administrators_entries():
    """[metadata] entry: read again by SIGHUP, and told to those who wait for it."""
    with Roost(accounts=["user"], start=False) as server:
        text = server.config.read_text()

        def configure(*entries):
            server.config.write_text(text + "\n[metadata]\n" + "".join(f"entry = {entry}\n" for entry in entries))

        configure("/shared/comment Hello", "/shared/admin mailto:a@example.org")
        server.start()
        idle = server.login("user")
        idle.command("ENABLE METADATA")
        idle.send("i IDLE\r\n")
        assert idle.line() == "+ idling"
        notified = server.login("user")
        notified.command("NOTIFY SET (personal (ServerMetadataChange))")
        other = server.login("user")
        other.command("NOTIFY SET (personal (MailboxMetadataChange))")
        configure("/shared/comment Changed", "/shared/vendor/x/new 1")
        server.process.send_signal(signal.SIGHUP)
        told = '* METADATA "" /shared/comment /shared/vendor/x/new /shared/admin'
        assert idle.line() == told
        assert notified.line() == told
        assert other.command("GETMETADATA (DEPTH infinity) \"\" /shared") == [
            '* METADATA "" (/shared/comment "Changed" /shared/vendor/x/new "1")']
        server.process.send_signal(signal.SIGHUP)  # nothing has changed
        configure("/shared/comment Changed", "/shared/vendor/x/new 2")
        server.process.send_signal(signal.SIGHUP)
        assert idle.line() == notified.line() == '* METADATA "" /shared/vendor/x/new'
        for peer in (idle, notified, other):
            peer.close()


@pytest.mark.parametrize("entry,words", [
    ("comment Hello", "begins with /private or /shared"), ("/private/x 1", "begin with /shared"),
    ("/shared/admin nobody", "is a URL"), ("/shared/vendor/x 1", "at least four components"),
])
def test_entries_that_cannot_be(entry, words):
    with Roost(start=False) as server:
        server.config.write_text(server.config.read_text() + f"\n[metadata]\nentry = {entry}\n")
        done = server.run("serve", check=False)
        assert done.returncode != 0 and words in done.stdout + done.stderr, done.stdout + done.stderr


def test_restart_and_kill():
    """What was acknowledged is there; a removed account that is restored has it too, and no quota counts it."""
    with Roost(accounts=["user"], options=["quota.storage=10K", "quota.warn=no", "store.undelete=1d"]) as server:
        peer = server.login("user")
        before = peer.command('GETQUOTA ""')
        assert literal(peer, "INBOX (/private/comment", "x" * VALUE).startswith("m OK")
        peer.command('SETMETADATA "" (/private/vendor/x/y "server")')
        peer.command('SETMETADATA Sent (/shared/comment "first")')
        assert peer.command('GETQUOTA ""') == before
        server.kill()
        server.start()
        peer = server.login("user")
        assert peer.command('GETMETADATA "" /private/vendor/x/y') == ['* METADATA "" (/private/vendor/x/y "server")']
        assert len(peer.command("GETMETADATA INBOX /private/comment")[0]) > VALUE
        for i in range(40):
            peer.command(f'SETMETADATA Sent (/shared/comment "{i}" /shared/vendor/x/y "{i}")')
        peer.send('k SETMETADATA Sent (/shared/comment "last" /shared/vendor/x/y "last")\r\n')
        server.kill()
        server.start()
        peer = server.login("user")
        said, = peer.command("GETMETADATA Sent (/shared/comment /shared/vendor/x/y)")
        assert said in [f'* METADATA Sent (/shared/comment "{v}" /shared/vendor/x/y "{v}")' for v in ("39", "last")]
        peer.close()
        server.run("account", "remove", "user", "--yes")
        server.run("account", "restore", "user")
        peer = server.login("user")
        assert peer.command("GETMETADATA Sent (/shared/comment /shared/vendor/x/y)") == [said]
        peer.close()


def test_many_accounts_take_turns():
    """Accounts and their databases leave memory and come back."""
    names = [f"u{i}" for i in range(60)]
    with Roost(accounts=names) as server:
        server.stop()
        server.start(files=160)  # a few databases at a time
        for _ in range(2):
            for name in names:
                peer = server.login(name)
                peer.command(f'SETMETADATA INBOX (/private/comment "{name}")')
                peer.command("LOGOUT")
        for name in names:
            peer = server.login(name)
            assert peer.command("GETMETADATA INBOX /private/comment") == [f'* METADATA INBOX (/private/comment "{name}")']
            peer.command("LOGOUT")


if "seam" in os.environ.get("ROOST", ""):
    del test_many_accounts_take_turns
