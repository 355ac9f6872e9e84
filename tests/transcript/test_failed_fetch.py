# SPDX-License-Identifier: MIT
"""A FETCH that marks messages as seen and cannot send all of them: what was marked is told all the same, or a client
that keeps mod-sequences would never learn of it."""

import re
import sqlite3
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost  # noqa: E402


def damage(server, statement):
    """Changes the database of the only account that has mail."""
    for path in server.home.glob("accounts/**/mail.db"):
        db = sqlite3.connect(path)
        if db.execute("SELECT count(*) FROM entry").fetchone()[0] > 0:
            db.execute(statement)
            db.commit()
        db.close()


@pytest.mark.parametrize("enabled", ["QRESYNC", "CONDSTORE", ""])
@pytest.mark.parametrize("statement, status", [
    ("DELETE FROM message WHERE id = (SELECT message FROM entry WHERE uid = 2)", "NO"),
    ("UPDATE message SET envelope = x'', bodystructure = x'ff' WHERE id = (SELECT message FROM entry WHERE uid = 2)",
     None),
    ("UPDATE content SET data = x'00', form = 77 WHERE id >> 16 = (SELECT message FROM entry WHERE uid = 2)", None),
])
def test_what_was_marked_is_told(enabled, statement, status):
    with Roost(accounts=["anna"], options=["auth.scram=no"]) as server:
        for number in range(3):
            assert server.deliver("anna", f"Subject: {number}\n\nbody\n").startswith("250")
        server.stop()
        damage(server, statement)
        server.start()
        peer = server.login("anna")
        if enabled:
            peer.command(f"ENABLE {enabled}")
        peer.command("SELECT INBOX")
        seen, ended = {}, False
        try:
            lines = peer.command("UID FETCH 1:3 (BODYSTRUCTURE BODY[])", expect=status)
            lines += peer.command("NOOP")
        except EOFError:  # in the middle of a response: nothing was acknowledged
            ended = True
            lines = []
        for line in lines:
            uid = re.search(r"\bUID (\d+)", line) or re.match(r"\* (\d+) FETCH", line)
            flags = re.search(r"FLAGS \((.*?)\)", line)
            if uid and flags and " FETCH " in line:
                seen[int(uid.group(1))] = "\\Seen" in flags.group(1)
        peer.close()
        peer = server.login("anna")
        peer.command("EXAMINE INBOX")
        found = peer.command("UID SEARCH SEEN")[0].split()[2:]
        assert ended or sorted(uid for uid in seen if seen[uid]) == [int(uid) for uid in found], (seen, found)
        peer.close()


def test_a_damaged_text_has_no_identifiers():
    """That message is left out, and the session goes on."""
    with Roost(accounts=["anna"], options=["auth.scram=no"]) as server:
        for number in range(3):
            assert server.deliver("anna", f"Subject: {number}\n\nbody\n").startswith("250")
        server.stop()
        second = "(SELECT message FROM entry WHERE uid = 2)"
        damage(server, f"UPDATE content SET data = x'00', form = 77 WHERE id >> 16 = {second}")
        damage(server, f"UPDATE message SET digest = NULL WHERE id = {second}")
        server.start()
        peer = server.login("anna")
        peer.command("SELECT INBOX")
        lines = peer.command("FETCH 1:3 (UID EMAILID)", expect="NO")
        assert [line.split()[1] for line in lines if " FETCH " in line] == ["1", "3"]
        assert "[CORRUPTION]" in peer.last
        peer.command("FETCH 1:3 (UID FLAGS)")
        peer.close()
