# SPDX-License-Identifier: MIT
"""How a server goes: its clients are told so over a time, each between two of its commands."""

import select
import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost  # noqa: E402

MESSAGE = "From: a@example.org\nTo: b@example.org\nSubject: x\n\ntext\n"


def idlers(server, count):
    peers = []
    for _ in range(count):
        peer = server.login("anna")
        peer.command("SELECT INBOX")
        peer.send("i IDLE\r\n")
        assert peer.line().startswith("+")
        peers.append(peer)
    return peers


def bye_times(peers, began):
    """When each of them was told, in seconds."""
    told = {}
    waiting = {peer.socket.fileno(): peer for peer in peers}
    while waiting:
        ready, _, _ = select.select(list(waiting), [], [], 60)
        assert ready, f"{len(waiting)} were never told"
        for fd in ready:
            peer = waiting.pop(fd)
            assert peer.line().startswith("* BYE [UNAVAILABLE] Server is shutting down")
            told[fd] = time.monotonic() - began
    return sorted(told.values())


def test_spread():
    with Roost(accounts=["anna"], options=["server.shutdown_spread=3s", "limits.max_connections_per_user=1000",
                                           "auth.scram=no"]) as server:
        peers = idlers(server, 450)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        times = bye_times(peers, began)
        assert 2.0 < times[-1] < 6.0
        for second in range(3):
            within = sum(second <= t < second + 1 for t in times)
            assert within <= 230, f"{within} of 450 in second {second}"
        assert server.process.wait(timeout=20) == 0
        server.process.stdout.close()
        server.process = None
        server.start()
        assert server.journal_wait("shutdown") == 450


def test_second_signal_hurries():
    with Roost(accounts=["anna"], options=["server.shutdown_spread=1h", "limits.max_connections_per_user=1000"]) as server:
        peers = idlers(server, 250)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        assert bye_times(peers, began)[-1] < 2
        assert server.stop() == 0


def test_command_under_way_is_finished():
    """An APPEND in the middle of its literal is stored and answered; then comes the BYE."""
    with Roost(accounts=["anna"]) as server:
        peer = server.login("anna")
        text = MESSAGE.replace("\n", "\r\n").encode()
        peer.send(b"a APPEND INBOX {%d}\r\n" % len(text))
        assert peer.line().startswith("+")
        peer.send(text[:10])
        other = server.login("anna")
        server.process.send_signal(signal.SIGTERM)
        assert "shutting down" in other.line()
        time.sleep(0.3)
        peer.send(text[10:] + b"\r\n")
        lines = [peer.line(), peer.line()]
        while not lines[-1].startswith("* BYE"):
            lines.append(peer.line())
        assert any(line.startswith("a OK [APPENDUID") for line in lines), lines
        assert server.process.wait(timeout=20) == 0
        server.process.stdout.close()
        server.process = None
        server.start()
        assert server.login("anna").command("SELECT INBOX")[0] == "* 1 EXISTS"


def test_pipelined_commands_do_not_hold_it_up():
    with Roost(accounts=["anna"]) as server:
        peer = server.login("anna")
        peer.command("SELECT INBOX")
        stop = threading.Event()

        def flood():
            try:
                while not stop.is_set():
                    peer.send(b"n NOOP\r\n" * 200)
            except OSError:
                pass

        thread = threading.Thread(target=flood)
        thread.start()
        time.sleep(0.2)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        try:
            # Who floods may lose the goodbye to its own octets, but ends like everybody.
            tail = b""
            while b"* BYE" not in tail:
                try:
                    more = peer.socket.recv(1 << 20)
                except ConnectionResetError:
                    break
                if not more:
                    break
                tail = (tail + more)[-2000000:]
        finally:
            stop.set()
            peer.close()
            thread.join()
        assert time.monotonic() - began < 5
        assert server.stop() == 0
        assert server.journal_wait("shutdown") == 1
