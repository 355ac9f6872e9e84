# SPDX-License-Identifier: MIT
"""`roost search`: what it finds is what SEARCH finds, with and without an index and a server, and what it shows of mail cannot do
anything to the terminal."""

import base64
import json
import os
import pty
import re
import socket
import subprocess
import sys
import time
from email.message import EmailMessage
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from limits import limit  # noqa: E402
from roost_server import Roost, binary  # noqa: E402

NOVEMBER_2026 = 1793491200
EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202etxt.exe"


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def received(day):
    return NOVEMBER_2026 + (day - 1) * 86400 + 43200


def eml(day, subject, body, sender="Anna Beispiel <anna@example.org>", kind="plain", charset="utf-8", cte="base64"):
    """A message with a body of any octets."""
    text = body if isinstance(body, bytes) else body.encode(charset)
    if cte == "base64":
        text = base64.encodebytes(text).replace(b"\n", b"\r\n")
    words = subject if isinstance(subject, bytes) else b"=?utf-8?B?" + base64.b64encode(subject.encode()) + b"?="
    return (f"From: {sender}\r\nDate: {day:02} Nov 2026 12:00:00 +0000\r\n".encode() + b"Subject: " + words +
            f"\r\nMIME-Version: 1.0\r\nContent-Type: text/{kind}; charset={charset}\r\n"
            f"Content-Transfer-Encoding: {cte}\r\n\r\n".encode() + text)


def fill(home, mails, mailbox="INBOX", account="anna"):
    """Imports messages as they are, received on their date."""
    folder = home.dir / f"mail-{time.monotonic_ns()}"
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    for number, mail in enumerate(mails):
        path = folder / "cur" / f"{number:05}.x.y:2,"
        path.write_bytes(mail)
        os.utime(path, (received(int(re.search(rb"Date: (\d+)", mail)[1])),) * 2)
    home.run("import", account, "--mailbox", mailbox, str(folder))


def find(home, *args, code=0, account="anna"):
    """(rows of mailboxes, rows of messages, the last row)"""
    done = home.run("search", "--json", account, *args, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    all_rows = rows(done)
    messages = [row for row in all_rows if "uid" in row]
    return {row["mailbox"]: row["found"] for row in all_rows if "messages" in row}, messages, all_rows[-1]


@pytest.fixture(params=[False, True], ids=["no-server", "server"])
def home(request):
    with Roost(accounts=["anna", "bob"], start=request.param) as roost:
        yield roost


MAILS = [
    eml(1, "Kaffee", "Treffen wir uns im Café Größenwahn?\r\n\tUm acht.\r\n"),
    eml(2, "Протокол собрания", "Обсудили переезд в Санкт-Петербург.", sender="=?koi8-r?B?" + base64.b64encode("Иван".encode("koi8-r")).decode() +
        "?= <ivan@example.org>", charset="koi8-r"),
    eml(3, "会議のお知らせ", "来週の会議は東京で行います。", charset="iso-2022-jp"),
    eml(4, "Rechnung", "<html><head><title>x</title><style>.hidden{}</style></head><body><p>Bitte &uuml;berweisen<br>Sie den <b>Bet</b>rag."
        "</p></body></html>", kind="html"),
    eml(5, b"=?iso-8859-1?Q?Gr=FC=DFe_aus?=\r\n =?iso-8859-1?Q?_M=FCnchen?=", "Viele Gr=C3=BC=C3=9Fe".encode(), cte="quoted-printable"),
]


def test_scripts_and_forms(home):
    fill(home, MAILS)
    for words, uid, before, match, after in [
            (["CAFÉ"], "1", "Treffen wir uns im ", "Café", " Größenwahn? Um acht."),
            (["grössenwahn"], "1", "Treffen wir uns im Café ", "Größenwahn", "? Um acht."),
            (["переезд"], "2", "Обсудили ", "переезд", " в Санкт-Петербург."),
            (["東京"], "3", "来週の会議は", "東京", "で行います。"),
            (["den betrag"], "4", "Bitte überweisen Sie ", "den Betrag", "."),
            (["münchen"], "5", "Subject: Grüße aus ", "München", ""),
            (["viele", "münchen"], "5", "", "Viele", " Grüße"),  # the text of the body is preferred
            (["иван"], "2", "From: ", "Иван", " <ivan@example.org>"),
    ]:
        mailboxes, messages, end = find(home, *words)
        assert mailboxes == {"INBOX": 1} and end == {"found": 1, "shown": 1}, words
        row, = messages
        assert (str(row["uid"]), row["before"], row["match"], row["after"]) == (uid, before, match, after)
    row, = find(home, "переезд")[1]
    assert (row["mailbox"], row["from"], row["subject"]) == ("INBOX", "Иван <ivan@example.org>", "Протокол собрания")
    assert row["date"] == received(2)
    for words in (["café", "betrag"], ["hidden"], ["cafe\u0301x"]):
        assert find(home, *words, code=1) == ({}, [], {"found": 0, "shown": 0})


def test_words_that_look_like_options(home):
    fill(home, [eml(1, "a", "the option --limit and -c"), eml(2, "b", "limit")])
    assert find(home, "--", "--limit")[1][0]["uid"] == 1
    assert find(home, "--limit", "1", "--", "-c")[1][0]["uid"] == 1
    assert find(home, "limit", "--", "--json", code=1)[2]["found"] == 0
    done = home.run("search", "anna", "--nothing", check=False)
    assert done.returncode == 2 and "put -- before it" in done.stderr


def test_mailboxes_and_the_newest(home):
    fill(home, [eml(day, f"old {day}", "needle") for day in range(1, 8)], "Archive/2025")
    fill(home, [eml(day, f"new {day}", "needle") for day in range(5, 11)] + [eml(1, "other", "hay")])
    fill(home, [eml(20, "of bob", "needle")], account="bob")
    mailboxes, messages, end = find(home, "needle", "--limit", "4")
    assert mailboxes == {"Archive/2025": 7, "INBOX": 6} and end == {"found": 13, "shown": 4}
    assert [row["subject"] for row in messages] == ["new 10", "new 9", "new 8", "new 7"]  # "old 7" came before it
    assert [row["date"] for row in messages] == [received(day) for day in (10, 9, 8, 7)]
    mailboxes, messages, end = find(home, "--mailbox", "Archive/2025", "needle")
    assert mailboxes == {"Archive/2025": 7} and [row["subject"] for row in messages] == [f"old {day}" for day in range(7, 0, -1)]
    assert len(find(home, "needle")[1]) == 13
    assert len(find(home, "needle", "--limit", "1")[1]) == 1


def test_output_for_people(home):
    fill(home, [eml(day, f"mail {day}", "a needle in the hay " * 30) for day in range(1, 9)])
    fill(home, [eml(9, "last", "hay\r\nneedle")], "Ablage")
    done = home.run("search", "anna", "NEEDLE", "--limit", "2", env={"COLUMNS": "60", "LC_ALL": "C.UTF-8", "TZ": "UTC"})
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"Ablage  1  █+", lines[0]) and re.fullmatch(r"INBOX   8  █+", lines[1])
    assert lines[0].count("█") == lines[1].count("█") // 8 and len(lines[1]) == 59
    assert lines[2:6] == ["", "2026-11-09 12:00  Ablage  1  Anna Beispiel <anna@example.or", "    last", "    hay *needle*"]
    assert lines[6:9] == ["", "2026-11-08 12:00  INBOX  8  Anna Beispiel <anna@example.org", "    mail 8"]
    assert lines[9].startswith("    a *needle* in the hay a needle") and len(lines[9]) == 59
    assert lines[-1] == "9 messages found; these are the newest 2"
    assert all(len(line) < 60 for line in lines)
    assert home.run("search", "anna", "last").stdout.splitlines()[-1] == "1 message found"
    lines = home.run("search", "anna", "needle", env={"LC_ALL": "C"}).stdout.splitlines()
    assert re.fullmatch(r"INBOX   8  #+", lines[1]) and lines[-1] == "9 messages found"


def in_terminal(home, *args, **env):
    """What it prints in a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen([binary(), *args, "-c", str(home.config)], stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.PIPE,
                               env=dict({key: value for key, value in os.environ.items() if key != "NO_COLOR"}, **env))
    os.close(slave)
    text = b""
    try:
        while piece := os.read(master, 65536):
            text += piece
    except OSError:  # the other side is closed
        pass
    os.close(master)
    process.communicate()
    assert process.returncode == 0
    return text


def test_the_match_is_bold_in_a_terminal(home):
    fill(home, [eml(1, "x", "some needle here")])
    env = {"TERM": "xterm", "LC_ALL": "C.UTF-8"}
    assert b"some \x1b[1mneedle\x1b[0m here" in in_terminal(home, "search", "anna", "needle", **env)
    assert b"some *needle* here" in in_terminal(home, "search", "anna", "needle", NO_COLOR="1", **env)
    assert b"some *needle* here" in in_terminal(home, "search", "anna", "needle", **dict(env, TERM="dumb"))


def test_mail_cannot_control_the_terminal(home):
    fill(home, [eml(1, EVIL, f"{EVIL} needle {EVIL}\x00\x08\x0c\x1b[A", sender=f"=?utf-8?B?{base64.b64encode(EVIL.encode()).decode()}?= <e@example.org>"),
                eml(2, f"raw {EVIL}".encode() + b" \xff\xfe\xc2", b"needle \xff\x1b[31m\xc2", cte="8bit", charset="us-ascii",
                    sender="\x1b[5m <x@\x1b[7mexample.org>"),
                eml(3, "in the match", "nee\x1b\x07dle")])
    for words in (["needle"], ["owned"], [EVIL], ["\x1b[31m"], ["nee\x1b\x07dle"], ["2J"]):
        done = home.run("search", "anna", *words)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", done.stdout), words
        done = home.run("search", "anna", *words, "--json")
        assert all(0x20 <= ord(c) < 0x7f or c == "\n" for c in done.stdout), words
        assert rows(done)[-1]["found"] > 0
    shown = in_terminal(home, "search", "anna", "needle", TERM="xterm", LC_ALL="C.UTF-8")
    assert re.findall(rb"\x1b\[\dm", shown) == [b"\x1b[1m", b"\x1b[0m"] * 2 and shown.count(b"\x1b") == 4


def test_the_same_with_an_index_and_without(home):
    """100 messages: without an index all are read, and with one it is asked."""
    fill(home, [eml(1 + n % 28, f"mail {n}", f"only{n:03}x common{n % 10}y text ") for n in range(100)])
    fill(home, [eml(1 + n % 28, f"other {n}", f"only{n:03}x common{n % 10}y text ") for n in range(100)], "Work")
    asked = [["only042x"], ["common3y"], ["nly04"], ["common3y text"], ["MAIL 7"], ["common3y", "only013x"], ["other", "common5y"]]
    expected = [find(home, *words, "--limit", "1000") for words in asked]
    assert [end["found"] for _, _, end in expected] == [2, 20, 20, 20, 11, 2, 10]
    home.run("index", "anna")
    assert [find(home, *words, "--limit", "1000") for words in asked] == expected
    index = next((home.home / "accounts").rglob("search.db"))
    for file in index.parent.glob("search.db*"):
        file.unlink()
    assert [find(home, *words, "--limit", "1000") for words in asked] == expected
    index.write_bytes(b"this is no database\n" * 500)
    assert [find(home, *words, "--limit", "1000") for words in asked] == expected


def test_what_is_wrong(home):
    for args in ([], ["anna"], ["--limit", "5", "anna"], ["anna", "x", "--limit", "0"], ["anna", "x", "--limit", "many"],
                 ["anna", "x", "--limit", str(limit("LIMIT_FIND_SHOWN") + 1)], ["anna", "x", "--limit", str(10 * limit("LIMIT_FIND_SHOWN"))],
                 ["anna", "x", "--limt", "5"], ["anna", "x", "--mailbox"]):
        done = home.run("search", *args, check=False)
        assert done.returncode == 2 and "usage: roost search" in done.stderr, args
    done = home.run("search", "nobody", "x", check=False)
    assert done.returncode == 1 and 'no account "nobody"' in done.stderr
    fill(home, MAILS[:1])
    done = home.run("search", "anna", "x", "--mailbox", "Nowhere", check=False)
    assert done.returncode == 1 and 'no mailbox "Nowhere"' in done.stderr
    done = home.run("search", "anna", "nowhere at all", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "0 messages found\n", "")
    done = subprocess.run([binary().encode(), b"search", b"anna", b"\xff", b"-c", os.fsencode(home.config)], capture_output=True, check=False)
    assert done.returncode == 2 and b"UTF-8" in done.stderr


def test_an_account_that_was_never_used(home):
    assert find(home, "x", code=1) == ({}, [], {"found": 0, "shown": 0})
    assert not [path for path in (home.home / "accounts").rglob("mail.db") if "spare" not in path.parts]


def test_limits_of_words(home):
    most, octets = limit("LIMIT_FIND_WORDS"), limit("LIMIT_FIND_WORD_OCTETS")
    long = "ab" * (octets // 2)
    fill(home, [eml(1, "words", " ".join(f"word{n:02}." for n in range(most)) + "\r\n" + long[:-1])])
    words = [f"word{n:02}." for n in range(most)]
    assert find(home, *words)[2]["found"] == 1
    assert find(home, *words[1:], "absent", code=1)[2]["found"] == 0
    row = find(home, long[:-1])[1][0]
    assert row["match"] == long[:limit("LIMIT_SNIPPET_CHARS") - len(row["before"])]
    assert find(home, long, code=1)[2]["found"] == 0
    for wrong in ([*words, "x"], ["x"] * (10 * most), [long + "a"], ["a" * (10 * octets)], [""]):
        done = home.run("search", "anna", *wrong, check=False)
        assert done.returncode == 1 and ("at most" in done.stderr), wrong


def test_most_messages_that_are_shown(home):
    most = limit("LIMIT_FIND_SHOWN")
    assert find(home, "x", "--limit", str(most), code=1)[2]["found"] == 0


def test_where_the_words_of_long_texts_are_shown(home):
    """A word far behind the beginning is found, but not shown."""
    octets, chars = limit("LIMIT_SNIPPET_OCTETS"), limit("LIMIT_SNIPPET_CHARS")
    line = b"lorem ipsum dolor\r\n"

    def long(before, word):
        head = eml(1, word, b"", cte="8bit")
        return head + line * ((before - len(head)) // len(line)) + word.encode() + b" " + line * 100

    fill(home, [long(octets - 4000, "inside"), long(octets + 200, "outside"), long(10 * octets, "farther")])
    row, = find(home, "inside")[1]
    assert row["match"] == "inside" and row["before"].endswith("lorem ipsum dolor ")
    assert len(row["before"] + row["match"] + row["after"]) == chars
    for word in ("outside", "farther"):
        row, = find(home, word, "lorem")[1]
        assert row["match"] == "lorem" and row["before"] == ""
        row, = find(home, word)[1]
        assert (row["before"], row["match"], row["after"]) == ("Subject: ", word, "")


def test_lines_far_longer_than_what_is_shown(home):
    chars = limit("LIMIT_SNIPPET_CHARS")
    fill(home, [eml(1, "s" * chars, "x" * chars * 10 + "needle" + "y" * chars * 10, sender="f" * 10 * chars + " <f@example.org>"),
                eml(2, "t" * chars * 10, "ж" * 70000 + "needle" + "ж" * 70000)])
    later, first = find(home, "needle")[1]
    assert first["subject"] == "s" * chars and later["subject"] == "t" * chars and first["from"] == "f" * chars
    for row, c, d in ((first, "x", "y"), (later, "ж", "ж")):
        assert row["match"] == "needle" and len(row["before"] + row["match"] + row["after"]) == chars
        assert set(row["before"]) == {c} and set(row["after"]) == {d}


def test_nothing_of_it_is_in_the_log():
    with Roost(accounts=["anna"], options=["log.levels=APSF"]) as server:
        fill(server, [eml(1, "mysubject", "a secretword inside")])
        assert find(server, "secretword")[2]["found"] == 1
        assert find(server, "secretword", "absentword", code=1)[2]["found"] == 0
        server.stop()
        logs = b"".join(path.read_bytes() for path in server.home.rglob("*") if path.is_file() and ("log" in path.parts or "journal" in path.name))
        assert logs and not re.search(rb"secretword|absentword|mysubject", logs)


def test_an_asker_that_hangs_up():
    """The verb ends although there is much left to be looked at, and the server goes on."""
    with Roost(accounts=["anna"]) as server:
        fill(server, [eml(1 + n % 28, f"mail {n}", "needle " * 20) for n in range(300)])
        for _ in range(2 * limit("LIMIT_CONTROL_ASKERS")):  # each must end
            with socket.socket(socket.AF_UNIX) as peer:
                peer.connect(str(server.home / "run" / "control.sock"))
                peer.sendall(json.dumps({"verb": "search", "args": {"account": "anna", "words": ["needle"], "limit": 300}}).encode() + b"\n")
                assert b'"row"' in peer.recv(100)
        assert find(server, "needle")[2]["found"] == 300


@pytest.mark.parametrize("args", [
    {"words": ["x"], "limit": 5}, {"account": "anna", "limit": 5}, {"account": "anna", "words": [], "limit": 5},
    {"account": "anna", "words": "x", "limit": 5}, {"account": "anna", "words": [1], "limit": 5}, {"account": "anna", "words": ["x"]},
    {"account": "anna", "words": ["x"], "limit": -1}, {"account": "anna", "words": ["x"], "limit": 2 ** 40},
], ids=str)
def test_requests_that_are_wrong(args):
    with Roost(accounts=["anna"]) as server, socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(server.home / "run" / "control.sock"))
        peer.sendall(json.dumps({"verb": "search", "args": args}).encode() + b"\n")
        answer = json.loads(peer.makefile().readline())
        assert answer["rc"] == "invalid", answer
