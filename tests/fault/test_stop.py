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


def byes(waiting, count):
    """So many of them are told, and all others are not; those that were are taken out."""
    for _ in range(count):
        ready, _, _ = select.select(list(waiting), [], [], 60)
        assert ready, f"{len(waiting)} were never told"
        assert waiting.pop(ready[0]).line().startswith("* BYE [UNAVAILABLE] Server is shutting down")
    assert select.select(list(waiting), [], [], 0)[0] == []


def by_socket(peers):
    return {peer.socket: peer for peer in peers}


def ended(server):
    assert server.process.wait(timeout=60) == 0
    server.process.stdout.close()
    if server.process.stdin:
        server.process.stdin.close()
    server.process = None


def test_spread():
    """The server's time stands still: in each second it tells as many as are due."""
    with Roost(accounts=["anna"], options=["server.shutdown_spread=3s", "limits.max_connections_per_user=1000",
                                           "auth.scram=no"], clock=True) as server:
        waiting = by_socket(idlers(server, 450))
        server.process.send_signal(signal.SIGTERM)
        byes(waiting, 3)  # a step of 20 ms
        for _ in range(2):
            server.advance(1)
            byes(waiting, 150)
        server.advance(1)
        byes(waiting, 147)
        ended(server)
        server.start()
        assert server.journal_wait("shutdown") == 450


def test_second_signal_hurries():
    with Roost(accounts=["anna"], options=["server.shutdown_spread=1h", "limits.max_connections_per_user=1000"],
               clock=True) as server:
        waiting = by_socket(idlers(server, 250))
        server.process.send_signal(signal.SIGTERM)
        byes(waiting, 2)
        server.process.send_signal(signal.SIGTERM)
        byes(waiting, 248)
        ended(server)


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
    """The server's time stands still, so nobody is hurried."""
    with Roost(accounts=["anna"], clock=True) as server:
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
        ended(server)
        assert server.journal_wait("shutdown") == 1


def transaction(server, recipients, megabytes):
    """An LMTP connection that has sent a message for so many recipients, up to the dot."""
    peer = server.connect("lmtp")
    peer.line()
    lines = ["LHLO test", "MAIL FROM:<sender@example.org>"]
    lines += [f"RCPT TO:<{name}@localhost>" for name in recipients] + ["DATA"]
    peer.send("".join(line + "\r\n" for line in lines))
    for _ in lines:
        reply = peer.reply()
        assert reply[0] in "23", reply
    peer.send(b"Subject: large\r\n\r\n" + (b"x" * 998 + b"\r\n") * (1000 * megabytes) + b".\r\n")
    return peer


def test_large_transaction_hears_a_stop():
    """A message of 20 MB for 300 recipients: each reply comes when its delivery is done, and a server that stops
    answers those that are delivered with 250 and the rest with 451. Its time stands still, so nobody is hurried."""
    names = [f"user{n}" for n in range(300)]
    with Roost(accounts=names, options=["limits.max_connections_per_user=1000"], clock=True) as server:
        peer = transaction(server, names, 20)
        assert peer.reply() == "250 2.0.0 <user0@localhost> Delivered"
        server.process.send_signal(signal.SIGTERM)
        codes = ["250"]
        for name in names[1:]:
            reply = peer.reply()
            assert f"<{name}@localhost>" in reply, reply
            codes.append(reply[:9] if reply[0] == "4" else reply[:3])
        assert peer.reply().startswith("421 4.3.2")
        ended(server)
        delivered = codes.index("451 4.3.2")
        assert codes == ["250"] * delivered + ["451 4.3.2"] * (300 - delivered)
        assert 1 <= delivered < 200, f"{delivered} delivered"
        server.start()
        for n in {0, delivered - 1, delivered, 299}:
            inbox = server.login(names[n]).command("STATUS INBOX (MESSAGES)")
            assert inbox == [f"* STATUS INBOX (MESSAGES {int(n < delivered)})"], f"{n} of {delivered}"


def test_one_recipient_is_finished():
    """The stop comes while the message does: it is taken, and delivered, before the 421."""
    with Roost(accounts=["anna"]) as server:
        peer = server.connect("lmtp")
        peer.line()
        peer.send("LHLO test\r\nMAIL FROM:<>\r\nRCPT TO:<anna@localhost>\r\nDATA\r\n")
        for _ in range(4):
            assert peer.reply()[0] in "23"
        peer.send("Subject: half")
        other = server.login("anna")
        server.process.send_signal(signal.SIGTERM)
        assert "shutting down" in other.line()
        peer.send("\r\n\r\nx\r\n.\r\n")
        assert peer.reply() == "250 2.0.0 <anna@localhost> Delivered"
        assert peer.reply().startswith("421 4.3.2")
        assert server.process.wait(timeout=20) == 0
        server.process.stdout.close()
        server.process = None


def test_deliveries_end_with_their_client():
    """Nobody hears of further deliveries, and the client's queue makes them all again."""
    names = [f"user{n}" for n in range(100)]
    with Roost(accounts=names) as server:
        peer = transaction(server, names, 20)
        assert peer.reply().startswith("250")
        peer.close()
        server.journal_wait("closed-in-reply")
        inboxes = [server.login(name).command("STATUS INBOX (MESSAGES)")[0] for name in (names[0], names[99])]
        assert inboxes == ["* STATUS INBOX (MESSAGES 1)", "* STATUS INBOX (MESSAGES 0)"]


def test_reload_does_not_erase_a_shutdown():
    """New settings and the end are posted to the same sessions at the same moment. The server's time stands still, so
    nobody is hurried."""
    with Roost(accounts=["anna"], options=["server.shutdown_spread=0", "limits.max_connections_per_user=1000"],
               clock=True) as server:
        conf = server.config
        before = conf.read_text()
        peers = idlers(server, 300)
        for round_number in range(5):
            conf.write_text(before + f"\n[idle]\ndead_after = {20 + round_number}m\n")
            server.process.send_signal(signal.SIGHUP)
        server.process.send_signal(signal.SIGTERM)
        byes(by_socket(peers), 300)
        ended(server)
