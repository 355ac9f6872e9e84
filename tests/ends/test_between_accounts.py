# SPDX-License-Identifier: MIT
"""A session that is ended between the two halves of a MOVE or a REPLACE into another account: what was begun is
completed first, so that no message is in both accounts.

The second half has to wait meanwhile. Its account's turn is held by a change of the owner's, and that waits for another
program, which has locked the database."""

import contextlib
import sqlite3
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost  # noqa: E402

MESSAGE = "A: b\r\n\r\n"
MOST = 3


def database(server, account):
    """The file of an account's mail."""
    db = sqlite3.connect(f"file:{server.home}/registry.db?mode=ro", uri=True, timeout=5)
    number = db.execute("SELECT id FROM account WHERE name = ?", (account,)).fetchone()[0]
    db.close()
    return next(path for path in (server.home / "accounts").glob("*/*/*/mail.db") if int(path.parent.name) == number)


@contextlib.contextmanager
def turn_held(server, peer, account):
    """No change of this account is made meanwhile; peer is its owner, who has INBOX selected."""
    other = sqlite3.connect(database(server, account), timeout=10, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    peer.send("held STORE 1 +FLAGS (Held)\r\n")
    number = server.number_of(peer)
    server.session_wait(number, lambda row: row["state"] == "command")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()
    while not peer.line().startswith("held "):
        pass


def count(peer, mailbox):
    return int(peer.command(f"STATUS {mailbox} (MESSAGES)")[0].rsplit(" ", 1)[1].rstrip(")"))


def wait_until(true):
    deadline = time.monotonic() + 15
    while not true():
        assert time.monotonic() < deadline


@pytest.mark.parametrize("command, target, taken", [
    ("MOVE 1:* Archive", "Archive", MOST),
    (f"REPLACE 1 Drafts {{{len(MESSAGE)}+}}\r\n{MESSAGE}", "Drafts", 1),
], ids=["move", "replace"])
@pytest.mark.parametrize("rights", ["lrte", "lr"], ids=["allowed", "refused"])
def test_no_message_is_left_in_both(command, target, taken, rights):
    """If it may not be completed because a right was taken away in between, it is taken back."""
    with Roost(accounts=["anna", "bert"]) as server:
        anna, mover, bert = server.login("anna"), server.login("bert"), server.login("bert")
        anna.command("APPEND INBOX" + f" {{{len(MESSAGE)}+}}\r\n{MESSAGE}" * MOST)
        anna.command("SETACL INBOX bert lrte")
        anna.command("SELECT INBOX")
        mover.command('SELECT "Other Users/anna/INBOX"')
        number = server.number_of(mover)
        changer = server.login("anna")
        with turn_held(server, anna, "anna"):
            if rights != "lrte":
                changer.send(f"r SETACL INBOX bert {rights}\r\n")
                server.session_wait(server.number_of(changer), lambda row: row["state"] == "command")
            mover.send(f"m {command}\r\n")
            wait_until(lambda: count(bert, target) == taken)  # the first half is done
            server.run("kick", str(number))
            wait_until(lambda: not [row for row in server.sessions()
                                    if row["session"] == number and row["state"] != "ending"])
        assert mover.line().startswith("* BYE ")
        assert mover.at_end()
        assert server.record(number)["reason"] == "kicked"
        if rights != "lrte":
            assert changer.line() == "r OK SETACL completed"
            taken = 0
        assert (count(changer, "INBOX"), count(bert, target)) == (MOST - taken, taken)
        for peer in (anna, mover, bert, changer):
            peer.close()
