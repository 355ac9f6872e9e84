# SPDX-License-Identifier: MIT
"""Idle connections whose peer is there, is not there, and comes back: suspicion and its end.

Real sockets and real seconds, all settings of seconds. A peer vanishes by a filter on its own socket that
drops everything before its kernel sees it: nothing is acknowledged, no FIN, no RST."""

import re
import ssl
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost  # noqa: E402

SECONDS = ["log.levels=APSF", "idle.keepalive=2s", "idle.suspect_after=2s"]


def idling(server, tls=False, account="user"):
    """An idling client; returns it and its session's number."""
    peer = server.connect("imaps" if tls else "imap")
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        peer.socket = context.wrap_socket(peer.socket)
    before = {row["session"] for row in server.sessions()}
    peer.line()
    peer.command(f'LOGIN {account} "secret word"')
    peer.command("SELECT INBOX")
    peer.send("i IDLE\r\n")
    assert peer.line() == "+ idling"
    port = peer.socket.getsockname()[1]
    row = next(row for row in server.sessions() if row["peer"].endswith(f":{port}"))
    assert row["session"] in before
    return peer, row["session"]


def no_tcp_keepalive(port):
    """No socket of that server has a timer but one that retransmits."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    timers = [row[5][:2] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01"]
    return timers != [] and set(timers) <= {"00", "01"}


def test_an_acknowledged_keepalive_is_seen():
    with Roost(options=SECONDS, accounts=["user"]) as server:
        peer, number = idling(server)
        assert no_tcp_keepalive(server.ports["imap"])
        for _ in range(3):
            assert peer.line() == "* OK Still here"
        row = server.session_wait(number, lambda row: row["acknowledged"] is not None)
        assert row["acknowledged"] < 6 and not row["suspect"]
        assert "suspect" not in server.run("sessions").stdout
        peer.send("DONE\r\n")
        while not peer.line().startswith("i OK"):
            pass
        peer.command("LOGOUT")
        peer.close()
        server.journal_wait("logout")


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_suspect_comes_back(tls):
    with Roost(options=SECONDS, accounts=["user"]) as server:
        peer, number = idling(server, tls)
        peer.vanish()
        row = server.session_wait(number, lambda row: row["suspect"])
        assert row["state"] == "idle"
        server.log_wait(rf"P 07019 {number} suspect: \d+ octets unacknowledged for [2-5] s")
        assert re.search(rf"^{number} +\S+ +user +suspect ", server.run("sessions").stdout, re.M)
        server.deliver("user", "Subject: while away\n\nx\n")
        peer.come_back()
        server.session_wait(number, lambda row: not row["suspect"])
        server.log_wait(rf"P 07025 {number} answers again: acknowledged after \d+ s")
        lines = [peer.line(), peer.line()]
        while "* 1 RECENT" not in lines:
            lines.append(peer.line())
        assert lines.count("* 1 EXISTS") == 1
        peer.send("DONE\r\n")
        while not peer.line().startswith("i OK"):
            pass
        peer.close()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_dead_peer(tls):
    with Roost(options=[*SECONDS, "idle.dead_after=6s"], accounts=["user"]) as server:
        peer, number = idling(server, tls)
        well, _ = idling(server)
        peer.vanish()
        server.log_wait(rf"S 07001 {number} end dead-peer", timeout=30)
        text = server.log()
        assert f"P 07019 {number} suspect" in text
        assert f"F 06050 {number} Removing session user - Its peer is gone" in text
        well.send("DONE\r\n")
        while not well.line().startswith("i OK"):
            pass
        peer.close()
        well.close()
