# SPDX-License-Identifier: MIT
"""What must not wait for the disk does not. While a purge waits for another program that has locked an
account, the time in the crash table goes on, by which `roost explain` says when a server died."""

import re
import sqlite3
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from limits import limit  # noqa: E402
from roost_server import Roost  # noqa: E402

TICK = 16  # src/journal/live.c: where struct live_header has tick_ms


def tick_ms(server):
    with open(server.home / "run" / "live", "rb") as live:
        head = live.read(TICK + 8)
    assert head.startswith(b"RSTLIVE1")
    return struct.unpack_from("=q", head, TICK)[0]


def test_a_purge_that_waits_does_not_stop_the_heart():
    wait_s = limit("LIMIT_DB_WAIT_MS") / 1000
    with Roost(accounts=["user"], options=["store.undelete=0s", "log.levels=PSF"]) as server:
        server.deliver("user", "Subject: a\n\nb\n")
        peer = server.login("user")
        peer.command("SELECT INBOX")
        peer.command("STORE 1 +FLAGS (\\Deleted)")
        peer.command("EXPUNGE")
        peer.close()
        server.stop()
        path, = (server.home / "accounts").glob("*/*/*/mail.db")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        server.start(extra=["store.purge_every=1s"])
        longest, last, beats = 0, tick_ms(server), 0
        changed = time.monotonic()
        until = changed + 3 * wait_s
        while time.monotonic() < until:
            time.sleep(0.05)
            now = tick_ms(server)
            if now != last:
                longest = max(longest, time.monotonic() - changed)
                changed, last, beats = time.monotonic(), now, beats + 1
        rounds = [int(seconds) for seconds in re.findall(r"round of 1 accounts in (\d+) s", server.log())]
        assert rounds and max(rounds) >= wait_s - 1, "no purge had to wait"
        assert longest < wait_s - 2 and beats > wait_s, (longest, beats)
        other.execute("ROLLBACK")
        other.close()
        server.log_wait(r"round of 1 accounts in [01] s")  # and then it is done
