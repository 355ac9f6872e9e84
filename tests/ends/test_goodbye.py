# SPDX-License-Identifier: MIT
"""The server's last words reach a client that goes on sending, however late it reads them.

A socket that is closed with unread octets, or gets more of them afterwards, answers with RST. That fails the
client's next write, and throws away what the client's kernel has not taken yet: the goodbye, when much lies
before it."""

import contextlib
import os
import socket
import ssl
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from limits import limit  # noqa: E402
from roost_server import PASSWORD, Peer, Roost  # noqa: E402

TIMES = 30


@pytest.fixture(scope="module")
def server():
    with Roost(accounts=["user"]) as one:
        yield one


def narrow(port):
    """A connection whose kernel takes little at a time."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(30)
    sock.connect(("127.0.0.1", port))
    return Peer(port, sock=sock)


def read_all(peer):
    with contextlib.suppress(EOFError):
        while True:
            peer._more()
    return peer.buffer


def secured(peer):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    peer.socket = context.wrap_socket(peer.socket)
    return peer


# What ends the connection, what is sent after it, and the last line of the server.
ENDS = [
    ("lmtp", b"BDAT x\r\n", b"NOOP\r\n", b"421 5.5.1 Too many invalid commands\r\n"),
    ("imap", b"a\r\n" * 3, b"a NOOP\r\n", b"* BYE [CLIENTBUG] Too many invalid commands\r\n"),
    ("imaps", b"a\r\n" * 3, b"a NOOP\r\n", b"* BYE [CLIENTBUG] Too many invalid commands\r\n"),
]


@pytest.mark.parametrize("service,end,more,last", ENDS, ids=[row[0] for row in ENDS])
def test_one_that_goes_on_sending(server, service, end, more, last):
    """Each write succeeds, as it does for a client that has not looked yet, and then it finds the whole goodbye."""
    peers = [server.connect_tls() if service == "imaps" else server.connect(service) for _ in range(TIMES)]
    for peer in peers:
        peer.send(end)
    for _ in range(10):
        for peer in peers:
            peer.send(more)
        time.sleep(0.01)
    for peer in peers:
        assert read_all(peer).endswith(last)
        peer.close()


def test_one_that_reads_late(server):
    """Replies that the client's kernel could not take lie before the goodbye, and commands come after it."""
    for _ in range(TIMES):
        peer = narrow(server.ports["lmtp"])
        peer.send(b"LHLO a\r\n" * 1000 + b"BDAT x\r\n")
        for _ in range(5):
            peer.send(b"NOOP\r\n")
            time.sleep(0.005)
        got = read_all(peer)
        assert got.count(b"250 SIZE") + got.count(b"250-SIZE") == 1000
        assert got.endswith(b"421 5.5.1 Too many invalid commands\r\n")
        peer.close()


def test_one_that_never_stops(server):
    """It sends as fast as it can, far beyond what is read from it, and looks now and then."""
    peer = server.connect("lmtp")
    peer.send(b"BDAT x\r\n")
    peer.socket.setblocking(False)
    sent, got, noise = 0, b"", b"NOOP\r\n" * 10000
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        with contextlib.suppress(BlockingIOError):
            sent += peer.socket.send(noise)
    with contextlib.suppress(BlockingIOError):
        while data := peer.socket.recv(65536):
            got += data
    assert sent > limit("LIMIT_PARTING_OCTETS")
    assert got.endswith(b"421 5.5.1 Too many invalid commands\r\n")
    peer.close()


def files_open(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def test_what_it_costs_others():
    """One that does not close has a descriptor for two seconds, but only while nobody needs it. The record is
    written at once, and a stop does not wait."""
    with Roost(options=["limits.max_connections=16"], accounts=["user"]) as server:
        server.connect("lmtp").close()
        most = 16 + 2 * limit("LIMIT_NEWCOMERS")
        before = files_open(server)
        peers = []
        for _ in range(most + 50):
            peer = server.connect()
            assert peer.line().startswith("* OK ")  # there is always room for the next
            peer.number = server.number_of(peer) if not peers else None
            peer.send(b"a\r\n" * 3)
            assert peer.line().startswith("a BAD")
            peers.append(peer)
            assert files_open(server) <= before + most
        record = server.record(peers[0].number)
        assert record["reason"] == "bad-commands"
        assert record["how"] == "we-closed"
        assert files_open(server) > before + 16  # they are still here
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < limit("LIMIT_PARTING_US") / 1e6
        for peer in peers:
            assert read_all(peer).endswith(b"* BYE [CLIENTBUG] Too many invalid commands\r\n")
            peer.close()


def test_it_is_not_kept_longer(server):
    """Whoever writes afterwards is told that nobody listens."""
    peer = server.connect("lmtp")
    began = time.monotonic()
    peer.send(b"BDAT x\r\n")
    assert read_all(peer).endswith(b"421 5.5.1 Too many invalid commands\r\n")
    with pytest.raises(OSError):
        while time.monotonic() - began < 10:
            peer.send(b"NOOP\r\n")
            time.sleep(0.02)
    assert time.monotonic() - began > limit("LIMIT_PARTING_US") / 1e6 - 0.1
    peer.close()
