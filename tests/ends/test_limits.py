# SPDX-License-Identifier: MIT
"""Limits of connections: the dead give way, the living stay, and the newcomer is told the truth.

A peer is made to vanish by a filter on its own socket (see Peer.vanish), so the server sees what it would
see of a phone without signal. Suspicion after one second, so that the kernel still repeats every second."""

import re
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import PASSWORD, Roost  # noqa: E402

SECONDS = ["log.levels=APSF", "idle.keepalive=2s", "idle.suspect_after=1s", "server.work_threads=2"]


def vanished(server):
    peer = server.idling()
    peer.vanish()
    return peer


def suspected(server, *peers):
    for peer in peers:
        server.session_wait(peer.number, lambda row: row["suspect"])


def is_well(peer):
    assert peer.done() == []
    peer.close()


def test_full_of_the_living():
    """The answer comes at once, blames no password, and counts who is there. It is no failed login."""
    with Roost(options=[*SECONDS, "limits.max_connections_per_user=3"], accounts=["user", "other"]) as server:
        peers = [server.idling(client="Thunderbird"), server.idling(client="Thunderbird"), server.idling()]
        newcomer = server.connect()
        newcomer.line()
        for _ in range(5):  # more often than wrong passwords are taken
            began = time.monotonic()
            newcomer.command(f'LOGIN user "{PASSWORD}"', "NO")
            assert time.monotonic() - began < 1.5
            assert newcomer.last.split(" ", 1)[1] == (
                "NO [LIMIT] Your account has as many connections as it may have (2 Thunderbird at 127.0.0.1, "
                "1 unknown at 127.0.0.1); close a program that is not needed")
        newcomer.command(f'LOGIN other "{PASSWORD}"')  # another account is not full
        newcomer.close()
        newcomer = server.connect()
        newcomer.line()
        newcomer.command(f'LOGIN user "{PASSWORD}"', "NO")
        newcomer.close()
        server.log_wait(r"S 07001 \d+ end limit-account .*account=user")
        is_well(peers.pop())
        server.login("user").close()
        for peer in peers:
            is_well(peer)


def test_the_dead_give_way():
    """One of two suspects goes, the other and the living stay; nobody else waits meanwhile."""
    with Roost(options=[*SECONDS, "limits.max_connections_per_user=3"], accounts=["user", "other"]) as server:
        well = server.idling()
        dead = [vanished(server), vanished(server)]
        suspected(server, *dead)
        newcomer = server.connect()
        newcomer.line()
        newcomer.send(f'n LOGIN user "{PASSWORD}"\r\n')
        other = server.login("other")  # while the newcomer waits; there are two work threads
        began = time.monotonic()
        for _ in range(20):
            other.command("NOOP")
        assert time.monotonic() - began < 1
        assert newcomer.line().startswith("n OK ")
        server.log_wait(r"S 07001 \d+ end reaped")
        reaped = int(re.search(r"S 07001 (\d+) end reaped", server.log()).group(1))
        assert reaped in [peer.number for peer in dead]
        assert f"F 06050 {reaped} Removing session user - Its place was needed and its peer is suspected dead" \
            in server.log()
        rows = {row["session"]: row for row in server.sessions("--account", "user")}
        left = next(peer.number for peer in dead if peer.number != reaped)
        assert set(rows) >= {well.number, left} and reaped not in rows and len(rows) == 3
        assert rows[left]["suspect"] and not rows[well.number]["suspect"]
        is_well(well)
        for peer in (newcomer, other, *dead):
            peer.close()


def test_a_suspect_that_comes_back_stays():
    with Roost(options=[*SECONDS, "limits.max_connections_per_user=1"], accounts=["user"]) as server:
        away = vanished(server)
        suspected(server, away)
        away.come_back()
        newcomer = server.connect()
        newcomer.line()
        newcomer.command(f'LOGIN user "{PASSWORD}"', "NO")
        assert "[LIMIT]" in newcomer.last
        server.log_wait(rf"P 07025 {away.number} answers again")
        is_well(away)
        newcomer.close()


@pytest.mark.parametrize("limit, bye", [
    ("max_connections_per_address", "* BYE [LIMIT] Too many connections from your address"),
    ("max_connections", "* BYE [UNAVAILABLE] Too many connections"),
])
def test_before_login(limit, bye):
    """At the limits of an address and of the server a newcomer waits for its greeting."""
    with Roost(options=[*SECONDS, f"limits.{limit}=2"], accounts=["user"]) as server:
        well = server.idling()
        dead = server.idling()
        refused = server.connect()
        assert refused.line() == bye
        assert refused.at_end()
        refused.close()
        dead.vanish()
        suspected(server, dead)
        newcomer = server.connect()
        assert newcomer.line().startswith("* OK ")
        newcomer.command(f'LOGIN user "{PASSWORD}"')
        server.log_wait(rf"S 07001 {dead.number} end reaped")
        refused = server.connect()
        assert refused.line() == bye
        is_well(well)
        for peer in (newcomer, dead, refused):
            peer.close()


def test_shutdown_while_somebody_waits():
    with Roost(options=[*SECONDS, "limits.max_connections_per_user=1", "limits.max_connections_per_address=2"],
               accounts=["user"]) as server:
        dead = vanished(server)
        suspected(server, dead)
        at_login = server.connect()
        at_login.line()
        at_login.send(f'n LOGIN user "{PASSWORD}"\r\n')
        before = server.connect()  # no greeting yet
        assert server.stop() == 0
        for peer in (at_login, before):  # the dead one's end may have made room at the last moment
            while not (line := peer.line()).startswith("* BYE"):
                pass
            assert line == "* BYE [UNAVAILABLE] Server is shutting down"
        for peer in (dead, at_login, before):
            peer.close()
