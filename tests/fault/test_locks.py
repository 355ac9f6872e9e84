# SPDX-License-Identifier: MIT
"""INV-S13: nobody but SQLite closes a file that SQLite has open, because that drops its locks. The
program is linked with tests/support/lock_guard.c, which looks at each close of our own code, and goes
through everything that opens, moves, empties, makes and removes the files of accounts."""

import os
import signal
import sqlite3
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost, binary  # noqa: E402

MESSAGE = "From: a@example.org\nSubject: {n}\n\n" + "text {n}\n" * 300
ACCOUNTS = [f"user{n}" for n in range(40)]


def program():
    path = Path(binary()).resolve().parents[2] / "tests" / "support" / "roost-lock-guard"
    assert path.exists(), f"no {path}: build it"
    return str(path)


@pytest.fixture
def report(tmp_path):
    path = tmp_path / "report"
    yield path
    lines = path.read_text().splitlines()
    assert not [line for line in lines if line.startswith("broken")]
    # Spare accounts are synced before they have an owner, and indices are closed before SQLite opens them.
    assert sum(line.startswith("fine") and "mail.db" in line for line in lines) > 10, lines


def mailbox_work(server, account):
    peer = server.login(account)
    peer.command("SELECT INBOX")
    peer.command("UID SEARCH TEXT text")
    peer.command("FETCH 1:* (FLAGS ENVELOPE BODY[])")
    peer.command("CREATE box")
    peer.command("COPY 1:* box")
    peer.command("STORE 1 +FLAGS (\\Deleted)")
    peer.command("EXPUNGE")
    peer.command("DELETE box")
    peer.close()


def test_nobody_drops_the_locks_of_sqlite(report):
    env = {"ROOST_LOCK_GUARD": str(report)}
    with Roost(start=False, accounts=ACCOUNTS, program=program(), env=env,
               options=["store.undelete=0s", "store.purge_every=1s"]) as server:
        server.start(files=256)  # 21 databases may be open
        for round_ in range(3):
            for account in ACCOUNTS:
                assert server.deliver(account, MESSAGE.format(n=round_)).startswith("250")
        for account in ACCOUNTS[:25]:
            mailbox_work(server, account)
        # Another program reads a database, so its index becomes a file that SQLite opens.
        for path in sorted((server.home / "accounts").glob("*/*/*/mail.db"))[:3]:
            other = sqlite3.connect(path, timeout=10)
            other.execute("SELECT count(*) FROM entry").fetchone()
            for account in ACCOUNTS:
                server.deliver(account, MESSAGE.format(n="other"))
                mailbox_work(server, account)
            other.close()
        for account in ACCOUNTS[:5]:
            mailbox_work(server, account)
        server.run("account", "remove", ACCOUNTS[-1], "--yes")
        server.run("account", "app-password", "add", ACCOUNTS[0], "phone")
        os.kill(server.process.pid, signal.SIGHUP)
        time.sleep(12)  # idle accounts are closed, removed ones are purged, logs are emptied
        assert server.stop() == 0
        server.start(files=256)
        for account in ACCOUNTS[:5]:
            server.deliver(account, MESSAGE.format(n="again"))
            mailbox_work(server, account)
        server.kill()
        server.start(files=256)
        mailbox_work(server, ACCOUNTS[0])
        assert server.stop() == 0
