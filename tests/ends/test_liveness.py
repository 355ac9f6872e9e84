# SPDX-License-Identifier: MIT
"""Idle connections whose peer is there, is not there, and comes back: suspicion and its end.

Real sockets and real seconds, all settings of seconds. A peer vanishes by a filter on its own socket that
drops everything before its kernel sees it: nothing is acknowledged, no FIN, no RST."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost  # noqa: E402

SECONDS = ["log.levels=APSF", "idle.keepalive=2s", "idle.suspect_after=2s"]


def no_tcp_keepalive(port):
    """No socket of that server has a timer but one that retransmits."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    timers = [row[5][:2] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01"]
    return timers != [] and set(timers) <= {"00", "01"}


def test_an_acknowledged_keepalive_is_seen():
    with Roost(options=SECONDS, accounts=["user"]) as server:
        peer = server.idling()
        assert no_tcp_keepalive(server.ports["imap"])
        for _ in range(3):
            assert peer.line() == "* OK Still here"
        row = server.session_wait(peer.number, lambda row: row["acknowledged"] is not None)
        assert row["acknowledged"] < 6 and not row["suspect"]
        assert "suspect" not in server.run("sessions").stdout
        assert peer.done() == []
        peer.close()


def test_suspects_come_back():
    """Plain and TLS alike: what is unacknowledged is the socket's."""
    with Roost(options=SECONDS, accounts=["user"]) as server:
        peers = [server.idling(), server.idling(tls=True)]
        for peer in peers:
            peer.vanish()
        for peer in peers:
            row = server.session_wait(peer.number, lambda row: row["suspect"])
            assert row["state"] == "idle"
            server.log_wait(rf"P 07019 {peer.number} suspect: \d+ octets unacknowledged for [2-5] s")
            assert re.search(rf"^{peer.number} +\S+ +user +suspect ", server.run("sessions").stdout, re.M)
        server.deliver("user", "Subject: while away\n\nx\n")
        for peer in peers:
            peer.come_back()
        for peer in peers:
            server.session_wait(peer.number, lambda row: not row["suspect"])
            server.log_wait(rf"P 07025 {peer.number} answers again: acknowledged after \d+ s")
            assert "* 1 EXISTS" in peer.done()
            peer.close()


def test_dead_peers():
    with Roost(options=[*SECONDS, "idle.dead_after=6s"], accounts=["user"]) as server:
        peers = [server.idling(), server.idling(tls=True)]
        well = server.idling()
        for peer in peers:
            peer.vanish()
        for peer in peers:
            server.log_wait(rf"S 07001 {peer.number} end dead-peer", timeout=30)
            text = server.log()
            assert f"P 07019 {peer.number} suspect" in text
            assert f"F 06050 {peer.number} Removing session user - Its peer is gone" in text
            peer.close()
        assert well.done() == []
        well.close()
