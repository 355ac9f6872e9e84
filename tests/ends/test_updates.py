# SPDX-License-Identifier: MIT
"""Searches that are kept up to date (CONTEXT=SEARCH, RFC 5267) while their clients wait: with time, and at which price."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost  # noqa: E402

MINUTE = 60
MESSAGE = "Subject: x\n\ny\n"


def updates(lines):
    return [line for line in lines if line.startswith("* ESEARCH")]


def test_young_messages_grow_old():
    """YOUNGER and OLDER change with time alone: what has changed is told with the next command, or in IDLE with the next
    keepalive (RFC 5032 section 2)."""
    with Roost(accounts=["user"], clock=True) as server:
        assert server.deliver("user", MESSAGE).startswith("250")
        server.advance(20 * MINUTE)
        assert server.deliver("user", MESSAGE).startswith("250")
        peer = server.login("user")
        peer.command("SELECT INBOX")
        assert updates(peer.command(f"SEARCH RETURN (UPDATE ALL) YOUNGER {40 * MINUTE}"))[0].endswith(" ALL 1:2")
        assert updates(peer.command(f"UID SEARCH RETURN (UPDATE ALL) OLDER {30 * MINUTE} UNSEEN")) == [
            '* ESEARCH (TAG "p4") UID']
        assert peer.command("NOOP") == []
        server.advance(14 * MINUTE, [peer])
        assert peer.command("NOOP") == ['* ESEARCH (TAG "p4") UID ADDTO (0 1)']
        assert peer.command("NOOP") == []
        server.advance(7 * MINUTE, [peer])
        assert peer.command("NOOP") == ['* ESEARCH (TAG "p3") REMOVEFROM (0 1)']
        peer.send("i IDLE\r\n")
        assert peer.line() == "+ idling"
        server.advance(26 * MINUTE, [peer])
        told = updates(peer.lines())
        assert told == ['* ESEARCH (TAG "p4") UID ADDTO (0 2)', '* ESEARCH (TAG "p3") REMOVEFROM (0 2)'], told
        peer.done()
        peer.close()


def test_what_a_waiting_session_keeps():
    """Some hundred octets for each search beside its keys and results, and nothing else while it waits."""
    options = ["limits.max_connections_per_user=1000", "limits.max_connections_per_address=1000", "auth.scram=no"]
    count = 300
    with Roost(accounts=["user"], options=options) as server:
        for _ in range(20):
            assert server.deliver("user", MESSAGE).startswith("250")

        def wait_with(searches):
            """Memory of a session more than before."""
            before = server.memory_kib()
            for peer in peers:
                peer.done()
                for keys in searches:
                    peer.command(f"UID SEARCH RETURN (UPDATE) {keys}")
                peer.send("i IDLE\r\n")
                while peer.line() != "+ idling":
                    pass
            return (server.memory_kib() - before) * 1024 / count

        peers = [server.idling() for _ in range(count)]
        wait_with([])
        wait_with([])
        taken = wait_with(["UNSEEN UNDELETED", "FLAGGED"])
        assert taken < 1000, taken
        assert server.deliver("user", MESSAGE).startswith("250")
        for peer in peers:
            while not peer.line().endswith(" UID ADDTO (0 21)"):
                pass
        for peer in peers:
            peer.close()
