# SPDX-License-Identifier: MIT
"""[limits] message_limit (RFC 9738) where messages are many, and when it changes while a command runs."""

import re
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from limits import limit  # noqa: E402
from roost_server import Roost  # noqa: E402

LIMIT = limit("LIMIT_UIDBATCH_MIN") + 100
MESSAGES = LIMIT + 50
TOLD = f"[MESSAGELIMIT {LIMIT} {MESSAGES - LIMIT + 1}] Only the last messages were looked at"


def configure(server, peer, number):
    """Sets the limit of a running server. CAPABILITY shows when it applies."""
    text = re.sub(r"\[limits\]\nmessage_limit = \d+\n", "", server.config.read_text())
    server.config.write_text(text + f"[limits]\nmessage_limit = {number}\n")
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 15
    while (f" MESSAGELIMIT={number} " in peer.command("CAPABILITY")[0] + " ") != (number > 0):
        assert time.monotonic() < deadline, "the limit does not change"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def server():
    with Roost(accounts=["user"]) as running:
        peer = running.login("user")
        count = MESSAGES
        while count > 0:
            some = min(count, limit("LIMIT_APPEND_MESSAGES"))
            peer.command("APPEND INBOX" + (" {8000+}\r\n" + "x" * 8000) * some)
            count -= some
        yield running


@pytest.fixture
def peer(server):
    peer = server.login("user")
    configure(server, peer, LIMIT)
    peer.command("EXAMINE INBOX")
    return peer


def test_batches_are_not_larger_than_a_command_may_be(peer):
    peer.command(f"UIDBATCHES {LIMIT + 1}", "NO")
    assert peer.last.endswith(f"NO [MESSAGELIMIT {LIMIT}] Too many messages; try fewer at once")
    (line,) = [line for line in peer.command(f"UIDBATCHES {LIMIT}") if line.startswith("* UIDBATCHES")]
    batches = line.split(") ")[1].split(",")
    assert batches == [f"{MESSAGES}:{MESSAGES - LIMIT + 1}", f"{MESSAGES - LIMIT}:1"]
    for batch in batches:
        peer.command(f"UID FETCH {batch} (UID)")
        assert peer.last.endswith("OK UID FETCH completed")


@pytest.mark.parametrize("number", (0, LIMIT - 1))
def test_the_limit_changes_during_a_command(server, peer, number):
    """What the command is cut at is what it began with."""
    other = server.login("user")
    items = " ".join(f"BODY.PEEK[]<{n}.8000>" for n in range(4))  # more than sockets hold
    peer.send(f"x UID FETCH 1:* ({items})\r\n")
    assert peer.line().startswith("* ")
    configure(server, other, number)
    answers = 1
    while (line := peer.line()).startswith("* "):
        answers += 1
    assert (answers, line) == (LIMIT, f"x OK {TOLD}")
    peer.command("UID FETCH 1:* (UID)")
    assert (f"[MESSAGELIMIT {number} " in peer.last) == (number > 0)
