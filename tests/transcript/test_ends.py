# SPDX-License-Identifier: MIT
"""How sessions end by others' doing: what the client is told, and what the log says of it."""

import re
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import PASSWORD, Peer, Roost  # noqa: E402
from sasl import scram  # noqa: E402


@pytest.fixture()
def server():
    with Roost(options=["log.levels=APSF"], accounts=["user", "other"]) as roost:
        yield roost


def idling(server, account="user"):
    peer = server.login(account)
    peer.command("SELECT INBOX")
    peer.send("i IDLE\r\n")
    assert peer.line() == "+ idling"
    return peer


def test_kick_with_words(server):
    peer, plain = idling(server), server.login("user")
    number = re.search(r"(\d+)", server.log_wait(r"^IMAP \S+ A 06157 (\d+) i IDLE").group(1)).group(1)
    server.run("kick", number, "Tea time")
    assert peer.line() == "* BYE [UNAVAILABLE] Tea time"
    assert peer.at_end()
    plain.command("NOOP")
    plain.close()
    server.log_wait(rf"S 07001 {number} end kicked")


@pytest.mark.parametrize("verb, stdin, bye", [
    (("account", "disable", "user"), None, "* BYE [CONTACTADMIN] Account is disabled"),
    (("account", "remove", "user", "--yes"), None, "* BYE [CONTACTADMIN] Account was removed"),
    (("account", "passwd", "user", "--password-stdin"), "another one\n",
     "* BYE [UNAVAILABLE] Password was changed; log in again"),
])
def test_account_changes_under_a_session(server, verb, stdin, bye):
    peer, other = idling(server), idling(server, "other")
    server.run(*verb, stdin=stdin)
    assert peer.line() == bye
    assert peer.at_end()
    other.send("DONE\r\n")
    assert other.line() == "i OK IDLE terminated"
    again = server.connect()
    again.line()
    again.command(f'LOGIN user "{PASSWORD}"', "NO")
    for left in (other, again):
        left.close()


def test_shutdown_says_bye(server):
    peers = [idling(server), server.login("user"), server.connect()]
    peers[2].line()
    assert server.stop(signal.SIGTERM) == 0
    for peer in peers:
        assert peer.line() == "* BYE [UNAVAILABLE] Server is shutting down"
        assert peer.at_end()


def test_slow_reader_is_told_from_a_dead_one():
    with Roost(options=["log.levels=SF", "limits.output_timeout=2s"], accounts=["user"]) as server:
        peer = server.login("user")
        for _ in range(8):
            peer.command("APPEND INBOX {4000000+}\r\n" + "x" * 3999998 + "\r\n")
        peer.command("SELECT INBOX")
        peer.send("f FETCH 1:* BODY.PEEK[]\r\n")
        server.log_wait(r"S 07001 \d+ end slow-reader", timeout=20)
        peer.close()


def test_window_that_stays_closed_is_a_slow_reader():
    """TCP_USER_TIMEOUT before output_timeout: the peer's kernel answers, so nobody is dead."""
    with Roost(options=["log.levels=SF", "idle.dead_after=3s"], accounts=["user"]) as server:
        peer = server.login("user")
        for _ in range(8):
            peer.command("APPEND INBOX {4000000+}\r\n" + "x" * 3999998 + "\r\n")
        peer.command("SELECT INBOX")
        peer.send("f FETCH 1:* BODY.PEEK[]\r\n")
        server.log_wait(r"S 07001 \d+ end slow-reader", timeout=40)
        peer.close()


def test_lines_that_are_too_long():
    with Roost(options=["log.levels=SF"], accounts=["user"]) as server:
        peer = server.connect()
        peer.line()
        peer.send("a LOGIN " + "x" * 9000)
        assert peer.line() == "* BYE [LIMIT] Command line too long"
        assert peer.at_end()
        peer = server.connect()
        peer.line()
        peer.send("a AUTHENTICATE PLAIN\r\n")
        assert peer.line().startswith("+")
        peer.send("x" * 9000)
        assert peer.line() == "* BYE [LIMIT] Command line too long"
        assert peer.at_end()
        peer = server.login("user")
        peer.command("SELECT INBOX")
        peer.command("UID FETCH " + ",".join(str(n) for n in range(1, 2000000, 2))[:7 << 20].rstrip(",") + " FLAGS")
        peer.send("long NOOP " + "x" * (9 << 20) + "\r\n")
        assert peer.line() == "long BAD Command line too long"
        peer.command("NOOP")
        peer.close()


def test_scram():
    with Roost(options=["log.levels=APSF", "auth.scram=yes"]) as server:
        server.run("account", "add", "user", "--password-stdin", stdin="pencil\n")
        for name, password, spoil, word in (("user", "pencil", False, "OK"), ("user", "pencil", True, "NO"),
                                            ("user", "eraser", False, "NO"), ("nobody", "pencil", False, "NO")):
            peer = server.connect()
            assert "AUTH=SCRAM-SHA-256" in peer.line()
            line = scram(peer, name, password, spoil)
            assert line.startswith(f"s {word} "), line
            if word == "OK":
                peer.command("SELECT INBOX")
            peer.close()
        assert "pencil" not in server.log()
