# SPDX-License-Identifier: MIT
"""Many accounts, most of which nobody ever uses: adding, finding, delivering to and logging in to more
of them than may be open at once. Nobody's files are made before somebody needs them, and housekeeping
goes round all accounts without opening what it need not. ROOST_LONG=1: a hundred thousand."""

import os
import re
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from roost_server import PASSWORD, Roost  # noqa: E402

LONG = bool(os.environ.get("ROOST_LONG"))
ACCOUNTS = 100_000 if LONG else 2_000
USED = 3_000 if LONG else 100
LOGINS = 500 if LONG else 60  # the first login makes SCRAM keys: a tenth of a second of a processor
FILES = 512  # open files of the server; a quarter is for databases
VISITS_A_SECOND = 250  # of housekeeping, at most
TEXT = "Subject: hello\r\n\r\nworld\r\n.\r\n"


def names():
    return [f"user{n:06}" for n in range(ACCOUNTS)]


def made(roost):
    """Accounts that have files."""
    return len(list((roost.home / "accounts").glob("*/*/*/mail.db")))


def open_databases(roost):
    folder = Path(f"/proc/{roost.process.pid}/fd")
    links = []
    for fd in folder.iterdir():
        try:
            links.append(os.readlink(fd))
        except FileNotFoundError:
            pass
    return sum("/mail.db" in link for link in links)


@pytest.fixture(scope="module")
def roost():
    with Roost(start=False, options=["limits.max_connections_per_address=100",
                                     f"store.purge_every={max(1, ACCOUNTS // VISITS_A_SECOND)}s"]) as server:
        began = time.monotonic()
        server.add_accounts(names())
        took = time.monotonic() - began
        print(f"\n{ACCOUNTS} accounts added in {took:.1f} s")
        began = time.monotonic()
        server.start(files=FILES)
        print(f"\nready after {time.monotonic() - began:.2f} s, {server.memory_kib()} KiB")
        server.listed = len(server.run("account", "list").stdout.splitlines())
        server.made_unused = made(server)
        yield server


@pytest.fixture(scope="module")
def used(roost):
    """The accounts that have mail. Each test asks for what it stands on, so that it can be run by itself."""
    used = names()[:: ACCOUNTS // USED]
    lmtp = roost.connect("lmtp")
    lmtp.line()
    lmtp.send("LHLO test\r\n")
    lmtp.reply()
    finding = 0.0
    for name in used:
        lmtp.send("MAIL FROM:<a@example.org>\r\n")
        assert lmtp.reply().startswith("2")
        began = time.monotonic()
        lmtp.send(f"RCPT TO:<{name}@localhost>\r\n")
        assert lmtp.reply().startswith("2"), name
        finding += time.monotonic() - began
        lmtp.send("DATA\r\n")
        assert lmtp.reply().startswith("3")
        lmtp.send(TEXT)
        assert lmtp.reply().startswith("250"), name
    print(f"\n{len(used)} used, found in {1e6 * finding / len(used):.0f} us each over the wire")
    return used


def test_nothing_is_made_before_it_is_used(roost):
    assert roost.listed >= ACCOUNTS
    assert roost.made_unused == 0


def test_more_accounts_are_used_than_may_be_open(roost, used):
    assert made(roost) == len(used)
    most = 0
    for name in used[:: len(used) // LOGINS]:
        peer = roost.login(name)
        assert peer.command("STATUS INBOX (MESSAGES)") == ["* STATUS INBOX (MESSAGES 1)"], name
        most = max(most, open_databases(roost))
        peer.close()
    print(f"\n{most} files of databases open at most, {roost.memory_kib()} KiB")
    assert most <= FILES // 4
    assert made(roost) == len(used)
    peer = roost.connect()
    peer.line()
    peer.command(f'LOGIN nobody "{PASSWORD}"', expect="NO")
    assert made(roost) == len(used)


def test_housekeeping_makes_and_opens_nothing_needlessly(roost, used):
    """Twice round: the second time all files are older than the (short) retention."""
    roost.stop()
    for path in (roost.home / "log").glob("*.log"):
        path.unlink()  # rounds that were made while accounts came into use
    roost.options.append("store.undelete=0s")
    roost.start(files=FILES)
    assert made(roost) == len(used)
    used = len(used)
    took = 2 * ACCOUNTS // VISITS_A_SECOND
    found = roost.log_wait(r"07214 .*round of (\d+) accounts .*: (\d+) never used, (\d+) unchanged, (\d+) purged",
                           timeout=60 + took)
    assert [int(n) for n in found.groups()] == [ACCOUNTS, ACCOUNTS - used, 0, 0]
    again = roost.log_wait(rf"07214 .*: (\d+) never used, {used} unchanged, 0 purged", timeout=60 + 3 * took)
    assert int(again.group(1)) == ACCOUNTS - used
    assert made(roost) == used
    print(f"\n{re.search('round of.*', again.group(0)).group(0)}, {roost.memory_kib()} KiB")
