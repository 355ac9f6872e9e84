# SPDX-License-Identifier: MIT
"""`[search] extract`: what is in attachments is found as soon as an index knows it; a program that fails keeps nothing else from being
found."""

import base64
import json
import re
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from roost_server import Roost  # noqa: E402

PDFTOTEXT = "search.extract=application/pdf /usr/bin/pdftotext -q -enc UTF-8 - -"


def pdf(*lines):
    """A document of one page. Its text is compressed nowhere, but cut as printers cut it, so that no word stands in the file."""
    shown = []
    for line in lines:
        parts = "".join(f"({letter})" for letter in line)
        shown.append(f"[{parts}] TJ T*")
    stream = "BT /F1 12 Tf 14 TL 72 700 Td " + " ".join(shown) + " ET"
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
               "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
               "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
               f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream"]
    out, offsets = "%PDF-1.4\n", []
    for number, text in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    return (out + f"xref\n0 5\n0000000000 65535 f \n{table}trailer\n<< /Size 5 /Root 1 0 R >>\n"
            f"startxref\n{len(out)}\n%%EOF\n").encode()


def mail(subject, octets, kind="application/pdf", name="a.pdf"):
    return (f"From: a@example.org\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
            f"Content-Type: text/plain\r\n\r\nSee {subject}.\r\n--b\r\nContent-Type: {kind}; name={name}\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n").encode() + base64.encodebytes(octets) + b"\r\n--b--\r\n"


def deliver(server, *messages):
    for message in messages:
        server.deliver("anna", message.decode())


def found(server, *keys):
    peer = server.login("anna")
    peer.command("EXAMINE INBOX")
    numbers = [next(line for line in peer.command(f"SEARCH {key}") if line.startswith("* SEARCH")).split()[2:] for key in keys]
    peer.command("LOGOUT")
    return numbers if len(keys) > 1 else numbers[0]


def made(server):
    return json.loads(server.run("index", "anna", "--json").stdout.splitlines()[-1])


def test_a_pdf_is_found(tmp_path):
    document = pdf("The quarterly Report", "of the harbour office")
    assert b"harbour" not in document and b"office" not in document
    with Roost(accounts=["anna"], options=[PDFTOTEXT, "log.levels=APSF"]) as server:
        deliver(server, mail("first", document), mail("second", b"harbour", kind="application/zip", name="x.zip"))
        assert found(server, "BODY harbour") == []
        server.log_wait("07110")  # that search has asked for the index, although there are few messages
        keys = {"BODY harbour": ["1"], "TEXT HARB": ["1"], 'BODY "report of the"': ["1"], "SUBJECT harbour": [],
                'BODY "office harbour"': [], "NOT BODY harbour": ["2"], "BODY See": ["1", "2"], "BODY harbour SUBJECT first": ["1"],
                "FUZZY BODY quarterly": ["1"]}
        assert dict(zip(keys, found(server, *keys))) == keys
        shown = server.run("search", "anna", "harbour").stdout
        assert "first" in shown and "1 message found" in shown
        assert "07115" not in server.log()


def test_off_by_default():
    with Roost(accounts=["anna"]) as server:
        deliver(server, mail("first", pdf("harbour")))
        made(server)
        assert found(server, "BODY harbour", "BODY See") == [[], ["1"]]


def test_another_command_makes_another_index():
    tr = "search.extract=application/pdf /usr/bin/tr {} xyz"
    with Roost(accounts=["anna"], options=[tr.format("abc")]) as server:
        deliver(server, mail("first", b"aabbcc"))
        made(server)
        assert found(server, "BODY xxyyzz", "BODY zzyyxx") == [["1"], []]
        server.stop()
        server.options = [tr.format("cba")]
        server.start()
        assert found(server, "BODY xxyyzz") == []  # nobody knows it now
        made(server)
        assert found(server, "BODY xxyyzz", "BODY zzyyxx") == [[], ["1"]]


@pytest.mark.parametrize("command, reason", [("/bin/false", "ended with status 1"), ("/nonexistent/totext", "No such file")])
def test_one_that_fails(command, reason):
    with Roost(accounts=["anna"], options=[f"search.extract=application/pdf {command}", "search.extract=image/png /bin/cat"]) as server:
        deliver(server, mail("first", b"one"), mail("second", b"two", kind="image/png"), mail("third", b"three"))
        row = made(server)
        assert (row["messages"], row["unsure"]) == (3, 0)
        assert found(server, "BODY one", "BODY two", "BODY first") == [[], ["2"], ["1"]]
        assert re.search(rf"F 07115 .*{reason}", server.log())
        shown = json.loads(server.run("index", "--show", "--json").stdout)
        assert (shown["attached"], shown["unread"]) == (1, 2)
        assert "messages indexed with text of theirs: 1; attachments of which none was made: 2" in server.run("index", "--show").stdout


def test_one_that_fails_below_a_parent_that_ignores_its_children():
    with Roost(accounts=["anna"], options=["search.extract=application/pdf /bin/false"], start=False) as server:
        server.prefix = [sys.executable, "-c", "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); "
                         "os.execv(sys.argv[1], sys.argv[1:])"]
        server.start()
        deliver(server, mail("first", b"one"))
        made(server)
        assert "ended with status 1" in server.log()


def test_a_server_that_stops_does_not_wait():
    with Roost(accounts=["anna"], options=["search.extract=application/pdf /bin/sleep 1000"]) as server:
        deliver(server, mail("first", b"one"))
        assert found(server, "BODY one") == []
        children = Path(f"/proc/{server.process.pid}/task")
        deadline = time.monotonic() + 20
        while not any((task / "children").read_text() for task in children.iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 10


def test_check_names_the_line(tmp_path):
    with Roost(accounts=["anna"], start=False) as home:
        conf = home.home / "roost.conf"
        text = conf.read_text() + "\n[search]\nextract = application/pdf /nonexistent/totext - -\n"
        conf.write_text(text)
        done = home.run("check", "-o", "imap.listen=127.0.0.1:0", "-o", "imaps.listen=127.0.0.1:0", check=False)
        assert done.returncode == 1
        assert f"roost.conf:{len(text.splitlines())}: [search] extract: /nonexistent/totext: No such file" in done.stdout
        conf.write_text(text.replace("/nonexistent/totext - -", "totext"))
        done = home.run("index", "anna", check=False)
        assert done.returncode != 0 and "the program needs its whole path" in done.stderr
