# SPDX-License-Identifier: MIT
"""Names that access control lists cannot have."""

import sqlite3
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import PASSWORD, Roost  # noqa: E402

SHARING = ["imap.sharing=yes"]


def test_no_account_gets_a_name_that_lists_would_take_for_somebody_else():
    with Roost(accounts=["anna"], options=SHARING) as server:
        for name in ("anyone", "AnyOne", "anyone@example.org", "-anna", "-"):
            done = server.run("account", "add", "--", name, check=False, stdin=PASSWORD + "\n")
            assert done.returncode != 0, name
        assert server.run("account", "list").stdout.split()[0] == "anna"
        # An address may still be one of them.
        server.run("account", "alias", "anna", "anyone@shop.net")


def test_such_an_account_from_before_is_nobody_in_lists():
    with Roost(accounts=["anna", "bert", "carl"], options=SHARING, start=False) as server:
        assert "anyone" not in server.run("check", check=False).stdout
        db = sqlite3.connect(f"{server.home}/registry.db")
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for old, new in (("bert", "anyone"), ("carl", "-anna")):
            for table in tables:
                for column in [row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[1] in ("name", "address")]:
                    db.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (new, old))
        db.commit()
        db.close()
        told = [line for line in server.run("check", check=False).stdout.splitlines() if "accounts:" in line]
        assert len(told) == 2 and "-anna:" in told[0] and "anyone:" in told[1], told
        server.start()
        anna, anyone = server.login("anna"), server.login("anyone")
        # The owner has all rights, and no line says that anybody else has.
        assert anyone.command("GETACL INBOX") == ["* ACL INBOX"]
        assert anyone.command("MYRIGHTS INBOX") == ["* MYRIGHTS INBOX lrswipkxtecda"]
        for peer, identifier in ((anna, "Anyone"), (anna, "ANYONE"), (anyone, "Anyone")):
            peer.command(f"SETACL INBOX {identifier} lr", expect="NO")
            assert "NO [CANNOT]" in peer.last, peer.last
        # What is meant for all, and what is taken from anna, is that.
        anna.command("SETACL INBOX anyone lr")
        anyone.command("SETACL INBOX anyone lrs")
        anyone.command("SETACL INBOX -anna r")
        assert anna.command("GETACL INBOX") == ["* ACL INBOX anna lrswipkxtecda anyone lr"]
        assert anyone.command("GETACL INBOX") == ["* ACL INBOX anyone lrs -anna r"]
        assert anna.command('MYRIGHTS "Other Users/anyone/INBOX"') == ['* MYRIGHTS "Other Users/anyone/INBOX" ls']
        assert anyone.command('SELECT "Other Users/anna/INBOX"')
