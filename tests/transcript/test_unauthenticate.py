# SPDX-License-Identifier: MIT
"""UNAUTHENTICATE (RFC 8437): what the server counts, records and compresses after it."""

import json
import sqlite3
import sys
import time
import zlib
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import PASSWORD, Peer, Roost  # noqa: E402


@pytest.fixture
def server():
    with Roost(accounts=["anna", "bob"], options=["limits.max_connections_per_user=1"]) as running:
        yield running


def rows(server):
    return [json.loads(line) for line in server.run("sessions", "--json").stdout.splitlines()]


def login(peer, name, expect="OK"):
    peer.command(f'LOGIN {name} "{PASSWORD}"', expect=expect)


def records(server):
    db = sqlite3.connect(f"file:{server.home}/journal.db?mode=ro", uri=True)
    try:
        return db.execute("SELECT session, account, reason, detail, commands, mailbox FROM session ORDER BY session"
                          ).fetchall()
    finally:
        db.close()


def test_each_login_is_a_session_of_its_own(server):
    peer = Peer(server.ports["imap"])
    peer.raw_line()
    peer.command('ID ("name" "Gateway" "version" "1")')
    login(peer, "anna")
    peer.command("SELECT Sent")
    (before,) = rows(server)
    assert (before["account"], before["mailbox"]) == ("anna", "Sent")
    peer.command("UNAUTHENTICATE")
    (between,) = rows(server)
    assert (between["account"], between["mailbox"], between["state"]) == ("", "", "connected")
    assert between["session"] > before["session"] and between["client"] == "Gateway 1"

    other = server.login("anna")  # anna's only place is free again
    login(peer, "anna", expect="NO")
    assert "[LIMIT]" in peer.last
    login(peer, "bob")
    assert [row["account"] for row in rows(server)] == ["bob", "anna"]
    server.run("account", "disable", "anna")  # ends hers, and not the one that was
    assert other.raw_line().startswith(b"* BYE")
    peer.command("NOOP")
    peer.command("LOGOUT")
    server.journal_wait("unauthenticated")
    server.journal_wait("logout")
    server.journal_wait("account-disabled")
    (first, second, third) = records(server)
    assert first[:4] == (before["session"], "anna", "unauthenticated", f"it went on as session {between['session']}")
    assert first[4:] == (4, None) or first[4:] == (4, "")
    assert second[:3] == (between["session"], "bob", "logout") and second[4] == 4
    assert third[1:3] == ("anna", "account-disabled")
    said = server.run("explain", str(before["session"])).stdout
    assert "not known" not in said, said
    assert "gave up its login" in said


def test_what_was_asked_about_the_account_is_forgotten(server):
    peer = server.login("anna")
    peer.command("UNAUTHENTICATE")
    server.run("account", "disable", "anna")
    login(peer, "anna", expect="NO")
    login(peer, "bob")


def test_the_login_timeout_begins_anew():
    with Roost(accounts=["anna"], options=["limits.login_timeout=60s"], clock=True) as server:
        peer = server.login("anna")
        server.advance(600)
        peer.command("UNAUTHENTICATE")
        server.advance(50)
        login(peer, "anna")
        server.advance(600)
        peer.command("UNAUTHENTICATE")
        server.advance(61)
        assert peer.raw_line().startswith(b"* BYE")
        server.journal_wait("login-timeout")


def compressed_answer(plain, into, end):
    """Reads what is compressed up to the flush behind a line that ends so, and what is there behind it."""
    text, wire, rest = b"", b"", b""
    while not (text.endswith(end) and wire.endswith(b"\0\0\xff\xff")):
        data = plain.recv(65536)
        assert data, text
        for at, octet in enumerate(data):
            wire += bytes([octet])
            text += into.decompress(bytes([octet]))
            if text.endswith(end) and wire.endswith(b"\0\0\xff\xff"):
                rest = data[at + 1:]
                break
    return text, rest


@pytest.mark.parametrize("flush", [zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_FINISH])
def test_compression_ends(server, flush):
    """Section 4.1, with the next command in the same packet or in the next one; and it may begin again."""
    peer = server.login("anna")
    for filler in range(16):
        peer.compress()
        plain, out, into = peer.socket.inner, peer.socket.out, peer.socket.into
        peer.command("NOOP")
        assert rows(server)[0]["compressed"]
        # The block before the flush ends at another bit each time.
        last = out.compress(b"x NOOP" + b" " * filler + b"\r\ny UNAUTHENTICATE\r\n") + out.flush(flush)
        after = f'z LOGIN anna "{PASSWORD}"\r\n'.encode()
        plain.sendall(last + after if filler % 2 == 0 else last)
        text, rest = compressed_answer(plain, into, b"y OK UNAUTHENTICATE completed\r\n")
        assert text.startswith(b"x OK NOOP completed\r\n")
        if filler % 2 != 0:
            assert rest == b""
            plain.sendall(after)
        peer.socket, peer.buffer = plain, rest
        assert peer.raw_line().startswith(b"z OK")
        assert not rows(server)[0]["compressed"]
    peer.command("LOGOUT")


def test_the_end_of_the_compression_comes_later(server):
    """A client that flushes the command and ends its stream with the next one, and segments that are cut anywhere."""
    peer = server.login("anna")
    for early, flush in (0, zlib.Z_FINISH), (0, zlib.Z_SYNC_FLUSH), (4, zlib.Z_FINISH), (4, zlib.Z_SYNC_FLUSH):
        for cut in range(8):
            peer.compress()
            plain, out, into = peer.socket.inner, peer.socket.out, peer.socket.into
            peer.command("NOOP")
            command = out.compress(b"y UNAUTHENTICATE\r\n") + out.flush(zlib.Z_SYNC_FLUSH)
            end = out.flush(flush) or b"\0\0\0\xff\xff"
            plain.sendall(command[:len(command) - early])
            text, peer.buffer = compressed_answer(plain, into, b"y OK UNAUTHENTICATE completed\r\n")
            after = command[len(command) - early:] + end + f'z LOGIN anna "{PASSWORD}"\r\n'.encode()
            plain.sendall(after[:cut])
            peer.socket = plain
            if cut > 0:
                time.sleep(0.02)  # a segment of its own
            plain.sendall(after[cut:])
            assert peer.raw_line().startswith(b"z OK"), (early, flush, cut)
    peer.command("LOGOUT")
