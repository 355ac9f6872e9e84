# SPDX-License-Identifier: MIT
"""A client that leaves Nagle's algorithm on and writes a command in two pieces waits for the acknowledgement of
the first. The kernel delays that by 40 ms unless the server asks for it at once."""

import socket
import statistics
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost  # noqa: E402

ROUNDS = 25
DELAYED_S = 0.038  # what one delayed acknowledgement costs at least; the kernel waits 40 ms or more
MESSAGE = b"Subject: apart\r\n\r\n" + b"x" * 200 + b"\r\n"


@pytest.fixture(scope="module")
def server():
    with Roost(accounts=["user"]) as running:
        yield running


def apart(peer, first, second):
    """Seconds until the tagged answer; lets the first piece arrive alone, as a second write does."""
    began = time.perf_counter()
    peer.send(first)
    peer.send(second)
    while not peer.line().startswith("t "):
        pass
    return time.perf_counter() - began


@pytest.mark.parametrize("first, second", [
    (b"t APPEND INBOX {%d+}\r\n" % len(MESSAGE), MESSAGE + b"\r\n"),
    (b"t SEARCH CHARSET UTF-8 SUBJECT {3+}\r\n", "äx\r\n".encode()),
    (b"t NO", b"OP\r\n"),
], ids=["append", "search", "line"])
def test_second_write_is_not_waited_for(server, first, second):
    peer = server.login("user")
    peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
    peer.command("SELECT INBOX")
    # The kernel acknowledges the first segments of a connection at once; it delays when it takes it for a dialogue.
    took = [apart(peer, first, second) for _ in range(ROUNDS)][ROUNDS // 3:]
    assert statistics.median(took) < DELAYED_S, f"{statistics.median(took) * 1000:.1f} ms"
    peer.close()


def test_done_in_two_writes(server):
    peer = server.login("user")
    peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
    took = []
    for _ in range(ROUNDS):
        peer.send(b"t IDLE\r\n")
        assert peer.line() == "+ idling"
        took.append(apart(peer, b"DO", b"NE\r\n"))
    assert statistics.median(took) < DELAYED_S, f"{statistics.median(took) * 1000:.1f} ms"
    peer.close()
