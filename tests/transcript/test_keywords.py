# SPDX-License-Identifier: MIT
"""Numbers of keywords that are given to other names, as clients see it: one in IDLE, one that has the
mailbox selected and is silent. The engine of tests/support/seam_engine.c never gives a number again,
for nobody knows what others who write to the account have in memory."""

import os
import re
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost  # noqa: E402

pytestmark = pytest.mark.skipif("seam" in os.environ.get("ROOST", ""), reason="the engine gives no number again")

ALL = 128
TEXT = "Subject: x\n\nx\n"


def names(first, end):
    return " ".join(f"$k{i}" for i in range(first, end))


def flags_of(line):
    return re.search(r"FLAGS \((.*?)\)", line)[1].split()


def told(peer, want):
    """Waits for FLAGS and PERMANENTFLAGS with exactly these keywords."""
    while True:
        line = peer.line()
        if line.startswith("* FLAGS"):
            listed = [name for name in flags_of(line) if not name.startswith("\\")]
            line = peer.line()
            assert line.startswith("* OK [PERMANENTFLAGS (")
            if sorted(listed) == sorted(want):
                return line
        else:
            assert line.startswith("* OK Still here") or "FETCH" in line or "RECENT" in line, line


@pytest.fixture()
def roost():
    with Roost(options=["store.purge_every=1s"], accounts=["anna"]) as server:
        for _ in range(3):
            assert server.deliver("anna", TEXT).startswith("250")
        yield server


def fill(peer):
    peer.command(f"STORE 1 FLAGS.SILENT ({names(0, ALL)})")


def store_new(peer, name, want, deadline=20):
    """STORE of a new keyword until it is taken (want) or seen to be lost all the time."""
    end = time.monotonic() + (deadline if want else 4)
    while time.monotonic() < end:
        peer.command("STORE 2 FLAGS ()")
        peer.command(f"STORE 2 +FLAGS.SILENT ({name})")
        answer = peer.command("FETCH 2 FLAGS")
        if (name in " ".join(answer[-1:])) == want and want:
            return
        assert want or name not in answer[-1], answer
        time.sleep(0.3)
    assert not want, f"{name} was never taken"


def test_numbers_are_given_again_when_all_sessions_know(roost):
    one, idle, silent = (roost.login("anna") for _ in range(3))
    one.command("SELECT INBOX")
    fill(one)
    for peer in idle, silent:
        peer.command("SELECT INBOX")
    idle.send("i1 IDLE\r\n")
    assert idle.line().startswith("+")

    # Nothing is free while a message bears it, not even a restorable one.
    store_new(one, "$new", False)
    one.command(f"STORE 1 -FLAGS.SILENT ({names(0, 10)})")
    rest = names(10, ALL).split()
    line = told(idle, rest)
    assert "\\*" in line
    assert any(line.startswith("* FLAGS") for line in one.command("NOOP"))

    # The silent session has not heard of it, so the numbers stay where they are.
    store_new(one, "$new", False)
    answer = silent.command("NOOP")
    assert any(line.startswith("* FLAGS") and "$k3 " not in line for line in answer), answer
    store_new(one, "$new", True)
    told(idle, rest + ["$new"])

    # And everybody calls the message what it is.
    answer = silent.command("FETCH 1:3 FLAGS")
    flags = [i for i, line in enumerate(answer) if line.startswith("* FLAGS")]
    fetched = [i for i, line in enumerate(answer) if line.startswith("* 2 FETCH")]
    assert flags and flags[0] < fetched[0], answer
    assert "$new" in flags_of(answer[fetched[0]])
    assert not set(names(0, 10).split()) & set(" ".join(answer).replace(")", " ").split())
    assert silent.command("SEARCH KEYWORD $new")[0].split()[2:] == ["2"]
    assert silent.command("SEARCH KEYWORD $k3")[0].split()[2:] == []
    for peer in one, idle, silent:
        peer.close()


def test_an_expunged_message_keeps_its_keywords(roost):
    """It can be restored, with its keywords: their numbers are not free."""
    one = roost.login("anna")
    one.command("SELECT INBOX")
    fill(one)
    one.command("STORE 1 +FLAGS.SILENT (\\Deleted)")
    one.command("EXPUNGE")
    store_new(one, "$new", False)
    one.close()


def test_numbers_are_free_after_a_restart(roost):
    """What was retired before is freed by whoever comes after: there are no sessions left."""
    one, silent = roost.login("anna"), roost.login("anna")
    one.command("SELECT INBOX")
    fill(one)
    silent.command("SELECT INBOX")
    one.command(f"STORE 1 -FLAGS ({names(0, 10)})")
    while not any(line.startswith("* FLAGS") for line in one.command("NOOP")):
        time.sleep(0.2)
    store_new(one, "$new", False)
    roost.kill()
    roost.start()
    one = roost.login("anna")
    one.command("SELECT INBOX")
    store_new(one, "$new", True)
    one.close()


def test_more_keywords_than_fit_in_one_command(roost):
    """Taken as far as it fits, in STORE and in APPEND; the client is told."""
    one = roost.login("anna")
    one.command("SELECT INBOX")
    answer = one.command(f"STORE 1 +FLAGS.SILENT ({names(0, 1000)})")
    fetched = next(line for line in answer if "FETCH" in line)
    assert [name for name in flags_of(fetched) if name[0] == "$"] == names(0, ALL).split()
    one.send(f"a1 APPEND INBOX ({names(500, 1500)} $k7) {{3+}}\r\nabc\r\n")
    while not (line := one.line()).startswith("a1 "):
        pass
    assert line.startswith("a1 OK")
    answer = one.command("FETCH 4 FLAGS")
    assert [name for name in flags_of(answer[0]) if name[0] == "$"] == ["$k7"]
    # Removing finds the one that is there behind many that are not.
    one.command(f"STORE 4 -FLAGS.SILENT ({names(500, 1500)} $K7)")
    assert "$k7" not in one.command("FETCH 4 FLAGS")[0]
    one.close()


def test_as_many_keywords_as_a_command_can_name(roost):
    """8 MB of them: answered, and soon."""
    one = roost.login("anna")
    one.command("SELECT INBOX")
    began = time.monotonic()
    one.send("a1 STORE 1 +FLAGS.SILENT (" + " ".join(f"k{i}" for i in range(900_000)) + ")\r\n")
    while not (line := one.line()).startswith("a1 "):
        pass
    assert line.startswith("a1 OK"), line
    assert time.monotonic() - began < 10
    one.close()
