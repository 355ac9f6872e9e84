# SPDX-License-Identifier: MIT
"""The index of texts and the worst times: kill -9 while it is made, a full disk, files that go, an upgrade. Searches are
right all the time, and in the end it knows every message again."""

import json
import random
import re
import shutil
import sqlite3
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from roost_server import Roost  # noqa: E402
from test_disk import fill, small_disk  # noqa: E402
from test_upgrade import Server  # noqa: E402

COUNT = 3000
OPTIONS = ["search.index_from=100", "log.levels=APSF"]


def write_mbox(path, count=COUNT, filler=30):
    rng = random.Random(4)
    with open(path, "w", encoding="ascii") as out:
        for number in range(count):
            words = " ".join(f"w{rng.randrange(20000)}" for _ in range(filler))
            out.write(f"From a@b.c Thu Jan  1 00:00:00 2026\nFrom: a@example.org\nSubject: mail\n\nonly{number}x {words}\n\n")
    return path


def found(server, key):
    peer = server.login("anna")
    peer.command("EXAMINE INBOX")
    line = next(line for line in peer.command(f"SEARCH {key}") if line.startswith("* SEARCH"))
    peer.command("LOGOUT")
    return [int(n) for n in line.split()[2:]]


def append_numbered(server, word, count):
    for number in range(count):
        assert server.deliver("anna", f"Subject: {word}\n\n{word}{number}x\n")[0] == "2"


def indexed_and_restored(server, tmp_path, count):
    """Further mail comes and is indexed, and then the mail of before comes back, without the index. Returns
    where the mail is."""
    server.stop()
    mail = next(p for p in (server.home / "accounts").rglob("mail.db") if "spare" not in p.parts)
    backup = tmp_path / "backup"
    shutil.copytree(mail.parent, backup)
    server.start()
    append_numbered(server, "late", count)
    server.run("index", "anna")
    assert found(server, "BODY late7x") == [1008]
    server.stop()
    for file in mail.parent.glob("mail.db*"):
        file.unlink()
    for file in backup.glob("mail.db*"):
        shutil.copy(file, mail.parent / file.name)
    server.start()
    return mail


def shown(server):
    return json.loads(server.run("index", "anna", "--show", "--json").stdout.splitlines()[-1])


def completed(server):
    return json.loads(server.run("index", "anna", "--json").stdout.splitlines()[-1])


def test_killed_while_it_is_made(tmp_path):
    rng = random.Random(9)
    mbox = write_mbox(tmp_path / "mail")
    with Roost(accounts=["anna"], options=OPTIONS) as server:
        server.run("import", "anna", str(mbox))
        marks = []
        for _ in range(6):
            number = rng.randrange(COUNT)
            assert found(server, f"BODY nly{number}x")[-1:] == [number + 1]  # which also asks for an index
            deadline = time.monotonic() + 30
            before = shown(server)
            while before["behind"] > 0 and shown(server)["messages"] == before["messages"]:
                assert time.monotonic() < deadline
            server.kill()
            server.start()
            state = shown(server)
            assert state["messages"] + state["behind"] == (COUNT if state["exists"] else state["messages"] + state["behind"])
            assert not marks or state["messages"] >= marks[-1], "what was added is still there"
            marks.append(state["messages"])
            assert found(server, f"BODY only{number}x") == [number + 1]
        assert completed(server)["messages"] == COUNT
        assert not re.search(r"07112", server.log())
        assert found(server, "BODY only77x") == [78]


def test_a_full_disk(tmp_path):
    mbox = write_mbox(tmp_path / "mail", filler=60)
    with small_disk(96) as place, Roost(accounts=["anna"], options=OPTIONS) as server:
        server.run("import", "anna", str(mbox))
        fill(place, 0)
        assert found(server, "BODY only77x") == [78]
        server.log_wait("07113.*full")
        assert found(server, "BODY only78x") == [79]
        done = server.run("index", "anna", check=False)
        assert done.returncode == 1 and done.stderr
        (place / "ballast").unlink()
        assert completed(server)["messages"] == COUNT
        assert found(server, "BODY only79x") == [80]


def test_files_go_while_it_serves(tmp_path):
    mbox = write_mbox(tmp_path / "mail")
    with Roost(accounts=["anna"], options=OPTIONS) as server:
        server.run("import", "anna", str(mbox))
        server.run("index", "anna")
        path = next((server.home / "accounts").rglob("search.db"))
        for file in path.parent.glob("search.db*"):
            file.unlink()
        for number in range(20):
            assert found(server, f"BODY only{number}x") == [number + 1]
        assert completed(server)["messages"] == COUNT


def test_an_older_mail_comes_back(tmp_path):
    """The mail is restored from a backup; its index is the later one."""
    mbox = write_mbox(tmp_path / "mail", count=1000)
    with Roost(accounts=["anna"], options=OPTIONS) as server:
        server.run("import", "anna", str(mbox))
        indexed_and_restored(server, tmp_path, 30)
        append_numbered(server, "other", 30)
        assert found(server, "BODY late7x") == []
        assert found(server, "BODY other7x") == [1008]
        assert "; index corrupt, " in server.log()  # 07032: the first search has removed it
        assert completed(server)["messages"] == 1030
        assert found(server, "BODY late7x") == [] and found(server, "BODY other8x") == [1009]


def test_an_upgrade(tmp_path):
    """The old process stops before the new one begins: two never write."""
    mbox = write_mbox(tmp_path / "mail")
    with Server(accounts=["anna"], options=OPTIONS) as server:
        server.run("import", "anna", str(mbox))
        peer = server.login("anna")
        peer.command("EXAMINE INBOX")
        peer.command("SEARCH BODY only9x")
        server.upgrade()
        assert "* SEARCH 11" in peer.command("SEARCH BODY only10x")
        assert completed(server)["messages"] == COUNT
        assert not re.search(r"0711[23]", server.log())
        peer.close()
        server.finish()


def test_an_older_mail_comes_back_and_messages_go(tmp_path):
    """Of the messages that tell one mail from the other, the newest are purged after the restore."""
    mbox = write_mbox(tmp_path / "mail", count=1000)
    options = [*OPTIONS, "store.undelete=0", "store.purge_every=1s"]
    with Roost(accounts=["anna"], options=options) as server:
        server.run("import", "anna", str(mbox))
        server.run("index", "anna")
        mail = indexed_and_restored(server, tmp_path, 60)
        append_numbered(server, "other", 60)
        peer = server.login("anna")
        peer.command("SELECT INBOX")
        peer.command("STORE 1060 +FLAGS.SILENT (\\Deleted)")
        peer.command("EXPUNGE")
        peer.command("LOGOUT")
        deadline = time.monotonic() + 30
        while rows_of_messages(mail) > 1059:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for _ in range(2):
            assert found(server, "BODY late7x") == []
            assert found(server, "BODY other7x") == [1008]
            assert found(server, "NOT BODY only") == list(range(1001, 1060))
            server.run("index", "anna")


def rows_of_messages(mail):
    with sqlite3.connect(f"file:{mail}?mode=ro", uri=True) as db:
        return db.execute("SELECT count(*) FROM message").fetchone()[0]
