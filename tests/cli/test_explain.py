# SPDX-License-Identifier: MIT
"""`roost explain`, and what belongs to it: kicks with words, levels of one account."""

import json
import os
import re
import signal
import socket
import sqlite3
import struct
import sys
import time
import unicodedata
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import PASSWORD, ROOT, Roost  # noqa: E402

DAY_MS = 86400 * 1000


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def number_of(server, account):
    """The account's newest session."""
    return max(row["session"] for row in rows(server.run("sessions", "--json", "--account", account)))


def idle(peer, tag="i"):
    peer.send(f"{tag} IDLE\r\n")
    while not peer.line().startswith("+"):
        pass


def done(peer, tag="i"):
    peer.send("DONE\r\n")
    while not peer.line().startswith(tag + " "):
        pass


@pytest.fixture(scope="module")
def server():
    with Roost(accounts=["anna", "bert", "carl", "dora"], options=["idle.keepalive=1s"]) as roost:
        yield roost


def test_an_open_session_and_its_end(server):
    peer = server.login("anna")
    peer.command('ID ("name" "test\x1b[2Jclient" "version" "7")')
    peer.command("SELECT INBOX")
    idle(peer)
    server.deliver("anna", "Subject: x\n\nhi\n")
    number = number_of(server, "anna")
    deadline = time.monotonic() + 20
    while True:
        [row] = rows(server.run("explain", str(number), "--json"))
        kinds = [line["kind"] for line in row["timeline"]]
        if "push" in kinds and "keepalive" in kinds and row["evidence"]["since_acknowledged_ms"] is not None:
            break
        assert time.monotonic() < deadline, row
        time.sleep(0.2)
    assert row["state"] == "open" and row["open"] and row["verdict"]["rule"] == "open"
    assert row["end_ms"] is None and row["reason"] is None and row["evidence"]["how"] is None
    [listed] = [row for row in rows(server.run("explain", "--account", "anna", "--json")) if row.get("session") == number]
    assert (listed["state"], listed["end_ms"], listed["reason"]) == ("open", None, None)
    assert [kind for kind in kinds if kind not in ("keepalive", "push")] == [
        "connected", "login", "command", "client-id", "command", "command", "idle-begin"]
    assert row["evidence"]["state"] == "idle" and row["mailbox"] == "INBOX"
    text = server.run("explain", str(number)).stdout
    assert "The session is open and has been in IDLE for" in text and "notified of a change: now 1 message" in text
    assert re.search(r"keepalives? sent after \d+ s of silence", text) and "\x1b" not in text
    done(peer)
    peer.command("LOGOUT")
    ended(server, "anna")
    [row] = rows(server.run("explain", str(number), "--json"))
    assert row["state"] == "ended" and row["reason"] == "logout" and row["evidence"]["how"] in ("we-closed", "fin")
    assert row["verdict"]["who"] == "client" and row["verdict"]["sure"] == "certain"
    [listed] = [row for row in rows(server.run("explain", "--account", "anna", "--json")) if row.get("session") == number]
    assert (listed["state"], listed["reason"]) == ("ended", "logout")
    text = server.run("explain", str(number)).stdout
    assert re.search(r"DONE: IDLE ended after \d+ m?s", text) and "end: The client logged out." in text
    assert "test\\x1B[2Jclient 7" in text and "\x1b" not in text
    assert all(len(line) < 80 for line in text.splitlines() if "octets in" not in line and "Session" not in line)


def test_there_is_no_such_session(server):
    gone = server.run("explain", "999999", check=False)
    assert gone.returncode == 1 and "not open, and not in the journal" in gone.stderr
    gone = server.run("explain", "--account", "nobody", check=False)
    assert gone.returncode == 1 and "there is no account" in gone.stderr
    for wrong in ([], ["0"], ["x"], ["1", "2"], ["--account"], ["1", "--since", "1d"], ["1", "--account", "anna"],
                  ["--account", "anna", "--since", "yesterday"], ["--account", "anna", "--since", "2026-11-20x"]):
        assert server.run("explain", *wrong, check=False).returncode == 2, wrong


def test_a_number_is_no_file(server, tmp_path, monkeypatch):
    (tmp_path / "999999").write_text("not asked about")
    (tmp_path / "anna").write_text("neither")
    monkeypatch.chdir(tmp_path)
    assert "journal" in server.run("explain", "999999", check=False).stderr
    assert server.run("explain", "--account", "anna").stdout.startswith("Account anna since ")


def test_kicked_with_words(server):
    peer = server.login("bert")
    number = number_of(server, "bert")
    assert server.run("kick", str(number), "w" * 401, check=False).returncode == 1
    peer.command("NOOP")
    server.run("kick", str(number), "Tea\r\n* BYE time \x1b[2J\u009b at four \u00e9")
    line = peer.line()
    assert line.startswith("* BYE [UNAVAILABLE] Tea  * BYE time ") and "at four" in line, line
    assert not re.search(r"[\x00-\x1f\x7f-\xff]", line) and peer.at_end()
    ended(server, "bert")
    [row] = rows(server.run("explain", str(number), "--json"))
    assert row["verdict"]["rule"] == "kicked" and row["verdict"]["who"] == "administrator"
    assert "Tea" in row["verdict"]["text"]
    text = server.run("explain", str(number)).stdout
    assert "caused by: administrator; certain" in text and not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    other = server.login("bert")
    server.run("kick", "--account", "bert", "x" * 400)
    assert "x" * 400 in other.line()


def test_levels_of_one_account_at_run_time():
    with Roost(accounts=["anna", "bert"]) as server:
        anna, bert = server.login("anna"), server.login("bert")  # before the levels change
        server.run("log", "APSF", "--account", "bert")
        anna.command("CHECK", expect=None)
        anna.command("NOOP")
        bert.command("NOOP")
        server.log_wait(r"^IMAP .* A 06266 \d+ p2 OK")
        assert len(re.findall(r" A 06157 ", server.log())) == 1
        server.run("log", "default", "--account", "bert")
        bert.command("NOOP")
        anna.command("LOGOUT")
        bert.command("LOGOUT")
        server.log_wait(r"S 07001 \d+ end logout .*bert")
        assert len(re.findall(r" A 06157 ", server.log())) == 1


def ended(server, account, count=1):
    """Waits until so many sessions of the account have ended. (Asking flushes the journal.)"""
    deadline = time.monotonic() + 20
    while rows(server.run("explain", "--account", account, "--json"))[0]["ends"] < count:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def copy_record(server, changes):
    """A record like the newest in the journal, with changes; the server sees it at once."""
    db = sqlite3.connect(server.home / "journal.db", timeout=20)
    db.row_factory = sqlite3.Row
    with db:
        row = dict(db.execute("SELECT * FROM session ORDER BY id DESC LIMIT 1").fetchone(), **changes)
        row.pop("id")
        db.execute(f"INSERT INTO session({','.join(row)}) VALUES ({','.join('?' * len(row))})", list(row.values()))
    db.close()
    return row


def dead(number, peer, end_ms, silent_ms=300000):
    return {"session": number, "reason": "dead-peer", "how": "timeout", "peer": peer, "client_id": "Phone 1",
            "start_ms": end_ms - 3600000, "end_ms": end_ms, "since_in_ms": 1200000 + silent_ms, "since_out_ms": 1200000,
            "since_alive_ms": -1, "since_ack_ms": 0, "state": "idle", "event_count": 0, "events": b""}


def test_an_account(server):
    peer = server.login("carl")
    peer.command("LOGOUT")
    ended(server, "carl")
    now = int(time.time() * 1000)
    for i in range(14):
        copy_record(server, dead(1000 + i, "203.0.113.9", now - 7200000 - i * 10000000, 290000 + i % 3 * 5000))
    copy_record(server, {"session": 2000, "peer": "203.0.113.9", "client_id": "Phone 1", "start_ms": now - 8 * DAY_MS,
                         "reason": "logout", "how": "we-closed", "end_ms": now - 8 * DAY_MS})
    open_one = server.login("carl")
    idle(open_one)

    found = rows(server.run("explain", "--account", "carl", "--json", "--since", "30d"))
    assert [row["type"] for row in found[:2]] == ["account", "network"]
    assert found[0]["ends"] == 16 and found[0]["open"] == 1 and found[0]["left_out"] == 0
    network = found[1]
    assert network["network"] == "203.0.113.0/24" and network["ends"] == 15 and network["pattern"] == "forgets"
    assert network["reasons"] == {"logout": 1, "dead-peer": 14} and network["pattern_ends"] == 14
    assert network["text"].startswith("14 of 15 ends on 203.0.113.0/24 came after 290 to 300 s of silence: "
                                      "that network forgets idle connections")
    assert [(row["client"], row["address"]) for row in found if row["type"] == "device"] == [
        ("Phone 1", "203.0.113.9"), ("", "127.0.0.1")]
    sessions = [row for row in found if row["type"] == "session"]
    assert len(sessions) == 17 and sessions[-1]["end_ms"] is None
    assert [row["start_ms"] for row in sessions] == sorted(row["start_ms"] for row in sessions)

    assert rows(server.run("explain", "--account", "carl", "--json"))[0]["ends"] == 15  # 7 days
    assert rows(server.run("explain", "--account", "CARL", "--json", "--since", "1h"))[0]["ends"] == 1
    day = time.strftime("%Y-%m-%d", time.localtime(now / 1000))
    assert rows(server.run("explain", "--account", "carl", "--json", "--since", day))[0]["ends"] < 15

    for env, cells in (({"LC_ALL": "C"}, ". = x o #"), ({"LC_ALL": "C.UTF-8"}, "· ─ × ○ █")):
        text = server.run("explain", "--account", "carl", env=dict(env, COLUMNS="100")).stdout
        gone, in_idle, failed, left, _ = cells.split()
        lines = {line.split()[0]: line for line in text.splitlines() if re.match(r" +\d+ \S{40}", line)}
        assert all(len(line) <= 100 for line in text.splitlines()), text
        assert lines["1000"].count(failed) == 1 and lines["1000"].endswith(" Phone 1")
        last = max(lines, key=lambda key: int(key) if int(key) < 1000 else 0)
        assert lines[last].split()[1].endswith(in_idle) and lines[last].count(gone) > 50
        assert any(line.split()[1].endswith(left) for line in lines.values())
        assert text.isascii() == (env["LC_ALL"] == "C")
    done(open_one)


def test_a_format_that_nobody_knows(server, tmp_path):
    strange = tmp_path / "strange.log"
    strange.write_text("something\nelse PLANTED\n")
    done = server.run("explain", str(strange), check=False)
    assert done.returncode == 1 and "not in a known format" in done.stderr
    for known in ("Dovecot log", "Thunderbird MOZ_LOG", "transcript (C:, S:)", "To turn on the client's log",
                  "MOZ_LOG=timestamp,sync,IMAP:5", "To turn on the server's log", "rawlog_dir"):
        assert known in done.stderr, known
    assert "PLANTED" not in done.stderr and done.stdout == ""
    assert "These formats are known" not in server.run("explain", str(strange), "--json", check=False).stderr
    both = server.run("explain", str(strange), str(ROOT / "tests" / "fixtures" / "logs" / "mbsync.log")).stdout
    assert "strange.log: not in a known format" in both and "These formats are known" in both and "(logged-out)" in both
    (tmp_path / "empty.log").write_text("")
    assert "Formats" not in server.run("explain", str(tmp_path / "empty.log"), check=False).stderr


def test_short_sessions_of_one_client_share_a_line(server):
    """Web mail opens a session for each request; they must not push the others out of the picture."""
    peer = server.login("bert")
    peer.command("LOGOUT")
    ended(server, "bert")
    now = int(time.time() * 1000)
    for i in range(100):
        copy_record(server, {"session": 7000 + i, "peer": "203.0.113.50", "client_id": "Webmail 1.6", "reason": "logout",
                             "how": "we-closed", "start_ms": now - 3600000 + i * 30000, "end_ms": now - 3600000 + i * 30000 + 59999})
    for number, long_ms in ((7200, 60000), (7201, 5 * 3600000)):
        copy_record(server, {"session": number, "peer": "203.0.113.51", "client_id": "Desk 2", "reason": "logout",
                             "how": "we-closed", "start_ms": now - 6 * 3600000, "end_ms": now - 6 * 3600000 + long_ms})
    text = server.run("explain", "--account", "bert", env={"LC_ALL": "C.UTF-8", "COLUMNS": "100"}).stdout
    picture = text[text.index("The last day"):]
    [web] = [line for line in picture.splitlines() if line.endswith("Webmail 1.6")]
    assert web.split()[0] == "100x" and "\u25cb" in web and len(web) <= 100
    assert "7200 " in picture and "7201 " in picture and "shorter than a minute" in picture
    assert "earlier lines" not in picture


@pytest.mark.parametrize("resets", [False, True])
def test_a_client_that_waited_for_a_stalled_server(resets):
    """It closes, or resets; a close may become a reset, too, when the late greeting comes before it is noticed."""
    with Roost(accounts=["anna"]) as server:
        server.process.send_signal(signal.SIGSTOP)
        # One thread takes the signal; the others run on until it has come to it.
        os.waitid(os.P_PID, server.process.pid, os.WSTOPPED)
        try:
            peer = socket.create_connection(("127.0.0.1", server.ports["imap"]))
            time.sleep(2.5)  # what is measured is this wait itself
            if resets:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()
        finally:
            server.process.send_signal(signal.SIGCONT)
        server.journal_wait("reset" if resets else "closed-before-login", "reset")
        db = sqlite3.connect(f"file:{server.home}/journal.db?mode=ro", uri=True)
        [(number,)] = db.execute("SELECT max(session) FROM session")
        db.close()
        verdict = rows(server.run("explain", str(number), "--json"))[0]["verdict"]
        assert verdict["rule"] == "server-stalled" and verdict["who"] == "server", verdict
        text = server.run("explain", str(number)).stdout
        assert re.search(r"waited [2-9] s for this server", text) and "monitor" not in text, text


def test_sessions_are_aligned_by_columns_and_ordered_by_number():
    with Roost(accounts=["anna"]) as server:
        peers = []
        for name in ("&ZeVnLIqe-", "Gel&APY-scht", "plain"):  # modified UTF-7: wide, narrow, ASCII
            peer = server.login("anna")
            peer.command(f"CREATE {name}")
            peer.command(f"SELECT {name}")
            peers.append(peer)
        listed = rows(server.run("sessions", "--json"))
        assert [row["session"] for row in listed] == sorted(row["session"] for row in listed)
        lines = server.run("sessions", env={"LC_ALL": "C.UTF-8"}).stdout.splitlines()
        width = lambda text: sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
        assert len(lines) == 4 and "\u65e5\u672c\u8a9e" in "".join(lines)
        assert len({width(line[:line.index("127.0.0.1")]) for line in lines[1:]}) == 1, lines
        assert width(lines[1][:lines[1].index("127.0.0.1")]) == lines[0].index("PEER")
        assert [int(line.split()[0]) for line in lines[1:]] == [row["session"] for row in listed]


def test_the_verdict_changes_when_the_client_returns(server):
    peer = server.login("dora")
    peer.command("LOGOUT")
    ended(server, "dora")
    now = int(time.time() * 1000)
    copy_record(server, dead(3000, "203.0.113.9", now - 7200000))
    verdict = rows(server.run("explain", "3000", "--json"))[0]["verdict"]
    assert verdict["rule"] == "not-back" and verdict["sure"] == "open"
    copy_record(server, {"session": 3001, "peer": "203.0.113.80", "client_id": "Phone 1", "reason": "logout",
                         "how": "we-closed", "start_ms": now - 7200000 - 600000, "end_ms": now - 7200000})
    verdict = rows(server.run("explain", "3000", "--json"))[0]["verdict"]
    assert verdict["rule"] == "nat-forgot" and verdict["sure"] == "likely" and verdict["who"] == "network"


def test_without_a_server_and_after_a_crash():
    with Roost(accounts=["anna"]) as server:
        assert "0 ends" in server.run("explain", "--account", "anna").stdout  # a journal without records
        peer = server.login("anna")
        peer.command('ID ("name" "Crash" "version" "1")')
        idle(peer)
        number = number_of(server, "anna")
        server.kill()
        peer.close()
        assert server.run("explain", str(number), check=False).returncode == 1  # nobody has found it yet
        server.start()
        server.journal_wait("crash")
        server.stop()
        text = server.run("explain", str(number)).stdout
        assert "Why (crash; caused by: server; certain)" in text and "The client did not cause this" in text
        assert "Crash 1" in text and "In IDLE" in text and "connected from 127.0.0.1" in text
        assert "crash 1" in server.run("explain", "--account", "anna").stdout


def test_before_the_first_start():
    with Roost(accounts=["anna"], start=False) as home:
        assert home.run("explain", "1", check=False).returncode == 1
        assert rows(home.run("explain", "--account", "anna", "--json"))[0]["ends"] == 0


def test_peers_cannot_steer_the_terminal(server):
    peer = server.login("anna")
    peer.command("CREATE &ABsAWwAyAEo-")  # modified UTF-7 of ESC [ 2 J
    peer.command("SELECT &ABsAWwAyAEo-", expect=None)
    for args in (["explain", str(number_of(server, "anna"))], ["sessions"], ["top"], ["explain", "--account", "anna"],
                 ["sessions", "--json"], ["explain", str(number_of(server, "anna")), "--json"]):
        out = server.run(*args).stdout
        assert out and not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out), args


def test_retention_and_size_are_configured():
    """[journal] keep and max_size reach the journal: the oldest records go."""
    with Roost(accounts=["anna"]) as server:
        server.login("anna").command("LOGOUT")
        server.journal_wait("logout")
        server.stop()
        now = int(time.time() * 1000)
        old = copy_record(server, {"session": 5000, "start_ms": now - 3 * DAY_MS, "end_ms": now - 3 * DAY_MS})
        server.start(extra=["journal.keep=2d"])
        server.login("anna").command("LOGOUT")  # the first batch after a start cleans
        gone = server.run("explain", str(old["session"]), check=False)
        deadline = time.monotonic() + 10
        while gone.returncode == 0 and time.monotonic() < deadline:
            time.sleep(0.1)
            gone = server.run("explain", str(old["session"]), check=False)
        assert gone.returncode == 1
        server.stop()
        db = sqlite3.connect(server.home / "journal.db")
        columns = [row[1] for row in db.execute("PRAGMA table_info(session)") if row[1] != "id"]
        with db:
            taken = ",".join({"session": "session + 10000 + n", "end_ms": "end_ms + n"}.get(name, name) for name in columns)
            db.execute(f"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 9000) "
                       f"INSERT INTO session({','.join(columns)}) SELECT {taken} FROM session, c LIMIT 9000")
        db.close()
        before = os.path.getsize(server.home / "journal.db")
        assert before > 2 << 20
        server.start(extra=["journal.max_size=1M"])
        server.login("anna").command("LOGOUT")
        deadline = time.monotonic() + 20
        while not 0 < (left := rows(server.run("explain", "--account", "anna", "--json"))[0]["ends"]) < 8000:
            assert time.monotonic() < deadline, left
            time.sleep(0.1)
        server.stop()
        assert os.path.getsize(server.home / "journal.db") <= (1 << 20) + 65536 < before


def test_floods_are_summed_and_explained_by_the_log():
    """Sessions that never log in are recorded up to a limit, then counted."""
    with Roost(accounts=["anna"]) as server:
        for _ in range(700):
            peer = server.connect()
            peer.line()
            peer.close()
        server.stop()
        db = sqlite3.connect(f"file:{server.home}/journal.db?mode=ro", uri=True)
        [(recorded,)] = db.execute("SELECT count(*) FROM session")
        [(summed,)] = db.execute("SELECT coalesce(sum(count), 0) FROM summary")
        db.close()
        assert recorded + summed == 700
        assert recorded <= 1200 and (summed >= 100 or recorded > 600)  # the minute may have changed in between


def test_the_page_shows_real_output():
    page = (ROOT / "docs" / "why-disconnected.md").read_text()
    for rule in ("nat-forgot", "not-back", "reconnects", "never-done", "crash", "kicked"):
        assert f"`{rule}`" in page
    assert PASSWORD not in page
