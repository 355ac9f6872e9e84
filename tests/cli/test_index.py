# SPDX-License-Identifier: MIT
"""`roost index`, `[search]`, and the background thread that indexes accounts in which somebody searches."""

import json
import os
import random
import re
import sqlite3
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from roost_server import Roost  # noqa: E402

WORDS = [f"{a}{b}{c}" for a in "bdfklm" for b in "aeiou" for c in "nrst"]


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def mbox(path, count, seed=1):
    rng = random.Random(seed)
    with open(path, "w", encoding="ascii") as out:
        for number in range(count):
            words = " ".join(rng.choice(WORDS) for _ in range(20))
            out.write(f"From a@b.c Thu Jan  1 00:00:00 2026\nFrom: a{number % 7}@example.org\nSubject: mail {number}\n"
                      f"\nonly{number}x {words}\n\n")
    return path


def fill(server, tmp_path, count, account="anna", seed=1):
    server.run("import", account, str(mbox(tmp_path / f"mail{seed}", count, seed)))


def index_db(server):
    return next((server.home / "accounts").rglob("search.db"), None)


def search(server, *keys, account="anna"):
    peer = server.login(account)
    peer.command("EXAMINE INBOX")
    found = [re.findall(r"\d+", next(line for line in peer.command(f"SEARCH {key}") if line.startswith("* SEARCH")))
             for key in keys]
    peer.command("LOGOUT")
    return found


@pytest.fixture(params=[False, True], ids=["no-server", "server"])
def home(request):
    with Roost(accounts=["anna", "bob"], start=request.param) as roost:
        yield roost


def test_index_is_made_shown_and_made_anew(home, tmp_path):
    row, = rows(home.run("index", "anna", "--show", "--json"))
    assert row["exists"] is False and row["messages"] == 0
    assert not [path for path in (home.home / "accounts").rglob("mail.db") if "spare" not in path.parts]  # nothing was made
    assert "no index" in home.run("index", "anna", "--show").stdout
    fill(home, tmp_path, 300)
    row = rows(home.run("index", "anna", "--json"))[-1]
    assert (row["messages"], row["added"], row["unsure"], row["behind"], row["dead"]) == (300, 300, 0, 0, 0)
    assert row["octets"] > 0 and row["text_octets"] > 300 * 80
    fill(home, tmp_path, 50, seed=2)
    row, = rows(home.run("index", "anna", "--show", "--json"))
    assert row["exists"] is True and (row["messages"], row["behind"]) == (300, 50)
    assert rows(home.run("index", "anna", "--json"))[-1]["added"] == 50
    lines = home.run("index", "anna", "--anew").stdout.splitlines()
    assert lines[0] == "made anew: somebody asked for it" and lines[1] == "350 messages added"
    assert re.fullmatch(r"anna: 350 messages; [\d.]+ [KM]iB, \d+ % of the text", lines[2])


def test_options_stand_anywhere(home, tmp_path):
    fill(home, tmp_path, 20)
    assert rows(home.run("index", "--anew", "anna", "--json"))[-1]["messages"] == 20
    assert rows(home.run("index", "--show", "--json", "anna"))[0]["messages"] == 20
    assert 'no account "--anew"' in home.run("index", "--", "--anew", check=False).stderr


def test_what_happened_is_counted_and_logged(tmp_path):
    with Roost(accounts=["anna"], options=["search.index_from=1000", "log.levels=APSF"]) as server:
        fill(server, tmp_path, 1200)
        row, = rows(server.run("index", "--show", "--json"))
        assert row == {"checks": 0, "failed": 0, "anew": 0, "removed": 0, "added": 0, "attached": 0, "unread": 0, "accounts_waiting": 0, "messages_waiting": 0}
        server.run("index", "anna")
        row, = rows(server.run("index", "--show", "--json"))
        assert (row["added"], row["failed"], row["anew"], row["messages_waiting"]) == (1200, 0, 0, 0) and row["checks"] >= 9
        server.run("index", "anna", "--anew")
        anew = server.log_wait(r"S 07111 .*").group()
        assert f"made anew: somebody asked for it; `roost index` by user {os.geteuid()}" in anew
        assert server.log_wait(rf"P 07210 0 index by {os.geteuid()}\n")
        row, = rows(server.run("index", "--show", "--json"))
        assert (row["added"], row["anew"]) == (2400, 1)
        assert "messages indexed: 2400" in server.run("index", "--show").stdout


def test_a_search_that_removes_an_index_says_so(tmp_path):
    with Roost(accounts=["anna"], options=["search.index_from=1"]) as server:
        fill(server, tmp_path, 300)
        server.run("index", "anna")
        server.stop()
        path = index_db(server)
        path.write_bytes(path.read_bytes()[:8192] + b"x" * (path.stat().st_size - 8192))
        server.start()
        assert search(server, "BODY only7x") == [["8"]]
        said = server.log_wait(r"^.* 07114 .*").group()
        assert re.search(r" S 07114 0 index of account \d+ was removed by a search: \S", said), said
        assert rows(server.run("index", "--show", "--json"))[0]["removed"] == 1


def test_all_indexes_without_a_server(tmp_path):
    with Roost(accounts=["anna"], start=False) as home:
        done = home.run("index", "--show", check=False)
        assert done.returncode == 1 and "no server is running" in done.stderr


def test_what_is_wrong(home):
    assert home.run("index", "anna", "bob", check=False).returncode == 2
    assert home.run("index", "--anew", check=False).returncode == 2
    assert home.run("index", "anna", "--anew", "--show", check=False).returncode == 2
    done = home.run("index", "nobody", check=False)
    assert done.returncode == 1 and 'no account "nobody"' in done.stderr


def test_a_deleted_or_damaged_file_is_made_again(home, tmp_path):
    fill(home, tmp_path, 300)
    home.run("index", "anna")
    for damage in ("delete", "zero", "text", "cut"):
        path = index_db(home)
        if damage == "delete":
            for file in path.parent.glob("search.db*"):
                file.unlink()
        elif damage == "zero":
            path.write_bytes(bytes(path.stat().st_size))
        elif damage == "text":
            path.write_bytes(b"this is no database\n" * 500)
        else:
            path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
        assert rows(home.run("index", "anna", "--json"))[-1]["messages"] == 300, damage


def test_it_is_shown_while_it_is_being_made(home, tmp_path):
    fill(home, tmp_path, 10)
    place = next(path for path in (home.home / "accounts").rglob("mail.db") if "spare" not in path.parts).parent
    maker = sqlite3.connect(place / "search.db", isolation_level=None)
    maker.execute("CREATE TABLE begun (n)")
    maker.execute("BEGIN EXCLUSIVE")
    done = []
    asker = threading.Thread(target=lambda: done.append(home.run("index", "anna", "--show", "--json")))
    asker.start()
    asker.join(0.4)
    maker.execute("ROLLBACK")
    maker.close()
    asker.join()
    assert rows(done[0])[0]["exists"] is False


def test_a_server_without_indexes(tmp_path):
    with Roost(accounts=["anna"], options=["search.index=no", "search.index_from=0"]) as server:
        fill(server, tmp_path, 50)
        done = server.run("index", "anna", check=False)
        assert done.returncode == 1 and "[search] index" in done.stderr
        assert search(server, "BODY only7x") == [["8"]]
        assert index_db(server) is None


def test_many_at_once(tmp_path):
    """Verbs that want the same index wait for one another."""
    with Roost(accounts=["anna"]) as server:
        fill(server, tmp_path, 1500)
        done = []
        threads = [threading.Thread(target=lambda: done.append(server.run("index", "anna", "--anew", "--json"))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(done) == 4 and all(rows(d)[-1]["messages"] == 1500 for d in done)


def test_it_is_made_when_somebody_searches(tmp_path):
    options = ["search.index_from=1000", "log.levels=APSF"]
    with Roost(accounts=["anna", "bob"], options=options) as server:
        fill(server, tmp_path, 1500)
        fill(server, tmp_path, 900, account="bob", seed=2)
        assert index_db(server) is None
        assert search(server, "BODY only7x", "BODY nly149x", account="anna")[0] == ["8"]
        server.log_wait("07110")
        row, = rows(server.run("index", "anna", "--show", "--json"))
        assert (row["messages"], row["behind"]) == (1500, 0)
        assert search(server, "BODY only7x", account="bob") == [["8"]]
        assert rows(server.run("index", "bob", "--show", "--json"))[0]["exists"] is False




def settled(server):
    """Nobody waits for the background thread any more."""
    deadline = time.monotonic() + 10
    while rows(server.run("index", "--show", "--json"))[0]["accounts_waiting"] > 0:
        assert time.monotonic() < deadline


def test_small_accounts_need_no_index(tmp_path):
    """Below [search] index_from, an index that an administrator has made is used. If it goes, the messages are read, and it
    is not made again."""
    with Roost(accounts=["anna"], options=["search.index_from=1000", "log.levels=APSF"]) as server:
        fill(server, tmp_path, 700)
        server.run("index", "anna")
        assert search(server, "BODY only7x") == [["8"]]
        assert re.search(r"P 07032 .*\(text \(index\)\)", server.log())
        for damage in (False, True):
            path = index_db(server)
            server.stop()
            if damage:
                path.write_bytes(path.read_bytes()[:8192] + b"x" * (path.stat().st_size - 8192))
            else:
                for file in path.parent.glob("search.db*"):
                    file.unlink()
            server.start()
            assert search(server, "BODY only7x", "BODY only699x") == [["8"], ["700"]]
            settled(server)
            assert index_db(server) is None
            assert len(re.findall(r" 07114 ", server.log())) == damage
            assert rows(server.run("index", "--show", "--json"))[0]["added"] == 0
            server.run("index", "anna")
        fill(server, tmp_path, 20, seed=2)  # behind, and not completed: so few are read
        assert search(server, "SUBJECT mail", "FROM a3@example.org NOT BODY only3x")[0] == [str(n) for n in range(1, 721)]
        settled(server)
        assert rows(server.run("index", "anna", "--show", "--json"))[0]["behind"] == 20


def test_the_mail_of_another_account(tmp_path):
    """Each account has an index of its own, which is asked whoever searches in its mail."""
    with Roost(accounts=["anna", "bob"], options=["search.index_from=1", "log.levels=APSF"]) as server:
        texts = {}
        for seed, account in enumerate(["anna", "bob"], start=1):
            fill(server, tmp_path, 300, account=account, seed=seed)
            server.run("index", account)
            texts[account] = (tmp_path / f"mail{seed}").read_text(encoding="ascii").split("\nFrom a@b.c ")
        peer = server.login("anna")
        peer.command("SETACL INBOX bob lr")
        peer.command("LOGOUT")
        peer = server.login("bob")
        for word in WORDS[:20]:
            for box, account in (('"Other Users/anna/INBOX"', "anna"), ("INBOX", "bob")):
                peer.command(f"EXAMINE {box}")
                expected = [str(n) for n, text in enumerate(texts[account], start=1) if word in text]
                found = next(line for line in peer.command(f"SEARCH BODY {word}") if line.startswith("* SEARCH"))
                assert found.split()[2:] == expected and expected, (word, box)
            both = peer.command(f'ESEARCH IN (MAILBOXES ("Other Users/anna/INBOX" INBOX)) RETURN (COUNT) BODY {word}')
            counts = sorted(int(line.split()[-1]) for line in both if line.startswith("* ESEARCH"))
            assert counts == sorted(sum(word in text for text in texts[account]) for account in texts), both
        assert len(re.findall(r"P 07032 .*\(text \(index\)\)", server.log())) >= 40
