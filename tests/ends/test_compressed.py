# SPDX-License-Identifier: MIT
"""Sessions with COMPRESS=DEFLATE: what is shown and recorded of them, a peer that vanishes, commands that are
huge when they are inflated, and what a parked one costs."""

import sys
import zlib
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost  # noqa: E402

PARTIAL = {"flush": zlib.Z_PARTIAL_FLUSH}


@pytest.fixture(scope="module")
def server():
    with Roost(options=["log.levels=APSF", "limits.max_connections_per_user=400"], accounts=["user", "other"]) as roost:
        yield roost


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_it_is_shown_where_tls_is(server, tls):
    peer = server.login("user", tls)
    number = server.number_of(peer)
    assert server.session_wait(number, lambda row: row["tls"] is tls)["compressed"] is False
    peer.compress()
    peer.command("SELECT INBOX")
    assert server.session_wait(number, lambda row: row["tls"] is tls)["compressed"] is True
    line = next(line for line in server.run("sessions").stdout.splitlines() if line.split()[0] == str(number))
    assert line.split()[6 if "INBOX" in line else 5] == ("yes+deflate" if tls else "no+deflate"), line
    server.log_wait(rf"P 07028 {number} compressed from here on")
    open_text = server.run("explain", str(number)).stdout
    assert "compressed to" in open_text
    peer.command("LOGOUT")
    row = server.record(number)
    assert row["in_compressed"] == peer.socket.sent and row["out_compressed"] == peer.socket.received
    assert row["in_octets"] > row["in_compressed"] > 0  # of the whole session, and some was said before
    ended = server.run("explain", str(number)).stdout
    assert f"compressed to {row['in_compressed']} and {row['out_compressed']}" in ended
    server.log_wait(rf"S 07001 {number} end logout .* out_compressed={row['out_compressed']}")
    peer.close()


def test_a_session_without_it_says_nothing_of_it(server):
    peer = server.login("user")
    number = server.number_of(peer)
    peer.command("LOGOUT")
    row = server.record(number)
    assert row["in_compressed"] == row["out_compressed"] == 0
    assert "compressed" not in server.run("explain", str(number)).stdout
    peer.close()


def test_a_peer_that_vanishes():
    with Roost(options=["log.levels=SF", "idle.keepalive=1s", "idle.suspect_after=1s", "idle.dead_after=5s"],
               accounts=["user"]) as server:
        peer = server.idling(compress=True)
        peer.vanish()
        server.session_wait(peer.number, lambda row: row["suspect"])
        assert server.record(peer.number, timeout=60)["reason"] == "dead-peer"
        peer.close()


def test_keepalives_and_pushes_while_parked(server):
    """Each is a stream of its own for the server, and one stream for the client."""
    peers = [server.idling("other", tls=tls, compress=True) for tls in (False, True) for _ in range(10)]
    for n in range(1, 6):
        assert server.deliver("other", f"Subject: {n}\n\ntext\n").startswith("250")
        for peer in peers:
            assert [peer.line(), peer.line()] == [f"* {n} EXISTS", f"* {n} RECENT"]
    for peer in peers:
        assert peer.done() == []
        peer.command("LOGOUT")
        peer.close()


@pytest.mark.parametrize("how", [{}, PARTIAL, {"flush": zlib.Z_FULL_FLUSH}, {"level": 0}, {"level": 1, **PARTIAL}],
                         ids=["sync", "partial", "full", "stored", "fast-partial"])
def test_a_long_dialogue(server, how):
    """More than a window goes by in each direction, with a park after each command."""
    peer = server.login("user")
    peer.compress(**how)
    peer.command("SELECT INBOX")
    body = "".join(f"line {n} of a text, {n * n}\r\n" for n in range(3000))
    peer.command(f"APPEND INBOX {{{len(body)}+}}\r\n{body}")
    for n in range(600):
        words = " ".join(str((n * k) % 977) for k in range(1, 40))
        assert peer.command(f'SEARCH SUBJECT "{words}"') == ["* SEARCH"]
    assert body in peer.command("FETCH * BODY.PEEK[]")[0]
    peer.command("LOGOUT")
    peer.close()


def test_a_bomb_is_a_long_line(server):
    """8 GiB, were it inflated as a whole: it ends where a line does."""
    peer = server.login("user")
    number = server.number_of(peer)
    peer.compress(level=9)
    out = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = out.compress(b"a NOOP ")
    zeros = b"x" * (1 << 20)
    before = server.memory_kib()
    try:
        peer.socket.inner.sendall(bomb)
        for _ in range(200):
            peer.socket.inner.sendall(out.compress(zeros))
        peer.socket.inner.sendall(out.compress(b"\r\n") + out.flush(zlib.Z_SYNC_FLUSH))
    except OSError:
        pass
    assert peer.line() == "a BAD Command line too long"
    assert server.memory_kib() - before < 64 << 10
    row = server.session_wait(number, lambda row: row["in"] > 200 << 20)
    assert row["compressed"]
    peer.close()
