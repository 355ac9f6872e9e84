# SPDX-License-Identifier: MIT
"""The benchmark's rows with thousands of accounts are only worth something when each account gets its turn
once a round, when a round of the clock lasts as long as it says, and when a slow answer shows. Here with few
accounts, and with ROOST_LONG=1 the half hour of a hundred thousand."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.path.insert(0, str(ROOT / "bench"))
from many import Growth  # noqa: E402
from roost_server import PASSWORD, Roost, binary  # noqa: E402

ACCOUNTS = 20
TOOLS = Path(os.environ.get("ROOST_TOOLS", ROOT / "build" / "release" / "bench"))


@pytest.fixture()
def roost():
    with Roost(accounts=[f"user{n}" for n in range(1, ACCOUNTS + 1)]) as server:
        yield server


def command(roost, mode, **options):
    argv = [TOOLS / "roost-imapload", mode, "--port", roost.ports["imap"], "--lmtp-port", roost.ports["lmtp"],
            "--user", "user%", "--rcpt", "user%@localhost", "--password", PASSWORD, "--users", ACCOUNTS,
            "--connections", 4, "--max-octets", 5000, "--quiet"]
    for name, value in options.items():
        argv += [f"--{name.replace('_', '-')}", value]
    return [str(word) for word in argv]


def rounds(roost, mode, **options):
    done = subprocess.run(command(roost, mode, **options), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def messages(roost):
    counts = []
    for n in range(1, ACCOUNTS + 1):
        peer = roost.login(f"user{n}")
        counts.append(peer.command("STATUS INBOX (MESSAGES)")[0])
        peer.close()
    return counts


@pytest.mark.parametrize("mode", ["round-lmtp", "round-append"])
def test_each_account_gets_one_message_a_round(roost, mode):
    done = rounds(roost, mode, rounds=3)
    assert [one["round"] for one in done] == [1, 2, 3]
    assert [one["count"] for one in done] == [ACCOUNTS] * 3
    assert messages(roost) == ["* STATUS INBOX (MESSAGES 3)"] * ACCOUNTS


def test_logins_deliver_nothing(roost):
    done = rounds(roost, "round-login", rounds=2)
    assert [one["count"] for one in done] == [ACCOUNTS] * 2
    assert messages(roost) == ["* STATUS INBOX (MESSAGES 0)"] * ACCOUNTS


def test_rounds_go_on_until_input_ends_and_the_last_is_whole(roost):
    with subprocess.Popen(command(roost, "round-lmtp", rounds=1), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as client:
        for _ in range(3):
            assert client.stdout.readline()
        client.stdin.close()
        done = 3 + len(client.stdout.readlines())
    assert client.returncode == 0
    assert messages(roost) == [f"* STATUS INBOX (MESSAGES {done})"] * ACCOUNTS


def test_a_round_is_spread_over_its_seconds(roost):
    done = rounds(roost, "round-lmtp", rounds=2, round_seconds=2)
    assert sum(one["seconds"] for one in done) >= 2 * 2 * (ACCOUNTS - 1) / ACCOUNTS - 0.2


def test_waiting_counts_from_when_it_was_due(roost):
    """A server that stands still for a second has many late answers, not one a connection."""
    with subprocess.Popen(command(roost, "round-lmtp", rounds=2, round_seconds=2, connections=1),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as client:
        line = client.stdout.readline()
        assert json.loads(line)["round"] == 1
        roost.process.send_signal(19)
        time.sleep(1.5)
        roost.process.send_signal(18)
        late = json.loads(client.stdout.readline())
        client.communicate(timeout=60)
    assert late["p50_ms"] > 300


def test_growth_ends_when_neither_number_nor_size_grows():
    growth = Growth()
    for logs in ((0, 0), (10, 100), (20, 200), (20, 300), (20, 400)):
        growth.look(logs)
        assert not growth.settled()
    growth.look((20, 402))
    assert not growth.settled()  # one round is not enough
    growth.look((20, 403))
    assert growth.settled()
    growth.look((30, 403))
    assert not growth.settled()  # more of them


@pytest.mark.skipif(not os.environ.get("ROOST_LONG"), reason="half an hour: ./dev test --long")
def test_a_hundred_thousand_accounts_get_a_message_a_minute():
    done = subprocess.run([sys.executable, ROOT / "bench" / "long.py", "--roost", binary(), "--tools", TOOLS,
                           "--servers", "roost"], capture_output=True, text=True)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
