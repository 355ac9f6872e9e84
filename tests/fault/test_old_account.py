# SPDX-License-Identifier: MIT
"""An account of an older version: SORT, THREAD and the identifiers of its messages are the same before these
have keys and digests, while they get them in the background, and afterwards."""

import random
import sqlite3
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import test_upgrade  # noqa: E402
from roost_server import Roost  # noqa: E402

MESSAGES = 300
KEYS = ("ARRIVAL", "CC", "DATE", "FROM", "SIZE", "SUBJECT", "TO", "DISPLAYFROM", "DISPLAYTO")
ASKED = [f"SORT ({key}) UTF-8 ALL" for key in KEYS] + ["SORT (REVERSE SUBJECT REVERSE FROM DATE) UTF-8 ALL"] + [
    f"THREAD {algorithm} UTF-8 ALL" for algorithm in ("ORDEREDSUBJECT", "REFERENCES", "REFS")] + ["FETCH 1:* (EMAILID THREADID)"]


def message(rng, number):
    subject = rng.choice(["Plans", "Re: plans", "=?utf-8?q?=C3=84pfel?=", "[list] Fwd: other (fwd)", ""])
    sender = rng.choice(["Zoe <a@example.org>", "b@example.org", "=?utf-8?q?=C3=84nne?= <c@example.org>"])
    header = [f"From: {sender}", f"Subject: {subject}", f"Message-ID: <m{number}@x>",
              f"To: {rng.choice(['Bob <bob@example.org>', 'Team: x@y;', ''])}",
              f"Date: {rng.randrange(1, 28)} Jan 2023 10:00:00 {rng.choice(['+0000', '-0800'])}"]
    if rng.random() < 0.2:
        header.pop()
    if number > 0 and rng.random() < 0.6:
        header.append(f"{rng.choice(['References', 'In-Reply-To'])}: <m{rng.randrange(number + 3)}@x>")
    if number % 50 == 7:  # more than is stored of fields: the header itself is asked
        header += [f"X-Label: {'x' * 900}"] * 40
    return "\n".join(header) + "\n\n" + "text\n" * rng.randrange(20)


def answers(server):
    peer = server.login("user")
    peer.command("EXAMINE INBOX")
    said = [peer.command(command) for command in ASKED]
    peer.command("LOGOUT")
    return said


def rows(server, sql):
    db = sqlite3.connect(f"file:{server.mail_db()}?mode=ro", uri=True, timeout=5)
    found = db.execute(sql).fetchall()
    db.close()
    return found


def downgrade(path):
    """To version 1, which had neither keys nor identifiers, nor metadata, nor a sum of what is deleted."""
    db = sqlite3.connect(path)
    db.executescript("""ALTER TABLE message DROP COLUMN keys;
        ALTER TABLE message DROP COLUMN digest; ALTER TABLE mailbox DROP COLUMN object_id;
        ALTER TABLE account DROP COLUMN keys_next; ALTER TABLE account DROP COLUMN keys_before;
        ALTER TABLE mailbox DROP COLUMN deleted_octets; DROP TABLE metadata; DROP TABLE acl;
        DROP TABLE sort_block; PRAGMA user_version = 1;""")
    db.close()


class Server(Roost):
    def mail_db(self):
        return next(p for p in (self.home / "accounts").rglob("mail.db") if "spare" not in p.parts)


def test_answers_stay_the_same():
    rng = random.Random(2023)
    with Server(accounts=["user"], options=["store.purge_every=1h"]) as server:
        for number in range(MESSAGES):
            server.deliver("user", message(rng, number))
        right = answers(server)
        assert all(len("".join(said)) > MESSAGES for said in right)
        server.stop()
        made = rows(server, "SELECT id, keys, digest FROM message ORDER BY id")
        assert len(made) == MESSAGES and all(keys and digest for _, keys, digest in made)
        downgrade(server.mail_db())

        server.start()  # nobody has come to the account in the background yet
        assert answers(server) == right
        assert rows(server, "SELECT count(*) FROM message WHERE length(keys) > 0 OR length(digest) > 0") == [(0,)]
        server.stop()

        server.start(extra=["store.purge_every=1s"])
        deadline = time.monotonic() + 60
        while True:
            assert answers(server) == right
            if rows(server, "SELECT keys_next >= keys_before FROM account") == [(1,)]:
                break
            assert time.monotonic() < deadline
        assert rows(server, "SELECT id, keys, digest FROM message ORDER BY id") == made
        assert answers(server) == right
        server.stop()
        db = sqlite3.connect(server.mail_db())
        db.execute("UPDATE message SET keys = x'0f' || substr(keys, 2) WHERE id % 3 = 0")  # of another form
        db.execute("UPDATE message SET keys = substr(keys, 1, length(keys) - 1) WHERE id % 3 = 1")  # damaged
        db.commit()
        db.close()
        server.start()
        assert answers(server) == right


def test_deleted_messages_that_were_not_counted():
    """What they take is added up as long as there are some; then a counter says it."""
    with Server(accounts=["user"], options=["store.purge_every=1h"]) as server:
        peer = server.login("user")
        for text in ("one", "three", "seventh"):
            peer.command(f"APPEND Trash (\\Deleted) {{{len(text)}+}}\r\n{text}")
        server.stop()
        downgrade(server.mail_db())
        server.start()
        peer = server.login("user")
        asked = 'LIST "" (Trash Junk) RETURN (STATUS (DELETED DELETED-STORAGE))'
        assert "* STATUS Trash (DELETED 3 DELETED-STORAGE 15)" in peer.command(asked)
        peer.command("SELECT Trash")
        peer.command("STORE 2 -FLAGS (\\Deleted)")
        assert rows(server, "SELECT deleted_octets FROM mailbox WHERE name IN ('Junk', 'Trash')") == [(0,), (None,)]
        assert "* STATUS Trash (DELETED 2 DELETED-STORAGE 10)" in peer.command(asked)
        peer.command("EXPUNGE")
        peer.command("STORE 1 +FLAGS (\\Deleted)")
        assert rows(server, "SELECT deleted_octets FROM mailbox WHERE name = 'Trash'") == [(5,)]
        assert "* STATUS Trash (DELETED 1 DELETED-STORAGE 5)" in peer.command(asked)


def test_an_upgrade_finds_an_older_account():
    """The process that comes opens it only when the old one is gone, and then brings it up to date."""
    with test_upgrade.Server(accounts=["anna", "old"], options=test_upgrade.MANY) as server:
        for number in range(3):
            test_upgrade.deliver(server, number, "old")
        before = {path for path in (server.home / "accounts").rglob("mail.db") if "spare" not in path.parts}
        server.stop()
        (path,) = before
        downgrade(path)
        server.start()
        idle = test_upgrade.idler(server)
        assert server.upgrade() == 1
        peer = server.login("old")
        peer.command("SELECT INBOX")
        assert peer.command("SORT (REVERSE ARRIVAL REVERSE DATE) UTF-8 ALL")[0].startswith("* SORT ")
        test_upgrade.deliver(server, 3, "old")
        assert "* 4 EXISTS" in peer.command("NOOP")
        peer.command("LOGOUT")
        idle.send("DONE\r\n")
        test_upgrade.skip_to(idle, "i OK")


def test_an_upgrade_leaves_an_older_registry_alone():
    """The process that comes cannot bring it up to date as long as the old one, which could not read it then, may
    come back: it says so, and the old one goes on. (Here that is the same program: it does so itself.)"""
    with test_upgrade.Server(accounts=["anna"], options=test_upgrade.MANY) as server:
        idle = test_upgrade.idler(server)
        db = sqlite3.connect(server.home / "registry.db", timeout=5)
        for table in ("account", "removed_account"):
            for column in ("octets", "messages", "mailboxes"):
                db.execute(f"ALTER TABLE {table} DROP COLUMN quota_{column}")
        for table in ("app_password", "account_group", "group_member", "share"):
            db.execute(f"DROP TABLE {table}")
        db.execute("PRAGMA user_version = 2")
        db.commit()
        db.close()
        before = server.owner()
        done = server.run("upgrade", check=False)
        assert done.returncode == 1 and server.owner() == before
        server.log_wait("upgrade: .*the registry must be brought up to date: restart.*goes on as before")
        test_upgrade.deliver(server, 1)
        assert idle.line() == "* 1 EXISTS"
        assert server.upgrade() == 1
