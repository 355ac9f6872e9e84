# SPDX-License-Identifier: MIT
"""`roost export`: what it writes is what was there, as other programs read it (Debian's Dovecot, Python's mailbox)
and as `roost import` takes it back."""

import base64
import imaplib
import json
import mailbox
import os
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

import dovecot_server  # noqa: E402
from mail_state import State  # noqa: E402
from roost_server import PASSWORD, Roost  # noqa: E402

needs_dovecot = pytest.mark.skipif(dovecot_server.missing() is not None, reason=str(dovecot_server.missing()))
OWN = {"INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"}
FORMATS = ["maildir", "mbox", "eml"]

# Texts that formats may get wrong.
TEXTS = [
    b"Subject: plain\r\n\r\nbody\r\n",
    b"Subject: from\r\n\r\nFrom me\r\n>From you\r\n>>From them\r\nFrom x@y Thu Oct 28 17:00:38 2004\r\nSubject: no message\r\n\r\nFrom \r\n",
    b"Subject: status\r\nStatus: RO\r\nX-Status: D\r\nX-Keywords: own\r\nContent-Length: 3\r\nX-Mozilla-Status: 0009\r\n\r\nits own fields\r\n",
    b"Subject: 8bit\r\n\r\n\xc3\xbc \xff\xfe bin\r\n\r\n\r\n",
    b"Subject: no body\r\n\r\n",
    b"\r\nno header\r\n",
    b"Subject: dots\r\n\r\n.\r\n..\r\nlone \r in a line\r\n",
    b"From x@y Thu Oct 28 17:00:38 2004\r\nSubject: a From line came along\r\n\r\nbody\r\n",
    b" folded first line\r\nSubject: odd\r\n\r\nbody\r\n",
    b"Subject: long\r\n\r\n" + b"".join(b"line %d\r\n" % n for n in range(50000)),
    b"Subject: twin\r\n\r\nbody\r\n", b"Subject: twin\r\n\r\nbody\r\n",
]
NO_END = b"Subject: no end\r\n\r\nthe last line has no end"  # an mbox cannot tell
FLAGS = ["", "\\Seen", "\\Seen \\Answered", "\\Flagged \\Draft", "\\Deleted", "$Forwarded \\Seen", "$label1 $label2", "NonJunk",
         "\\Seen \\Answered \\Flagged \\Deleted \\Draft $Forwarded $MDNSent urgent"]
NAMES = ["Work", "Work/2024", "Work/2024/Q1", "Entwürfe", "Вложения/Ablage", "R&D", "a b/c", "empty", "empty/too"]
ODD = ["v1.2", "v1_2", "_v1_2", "R&-D", "cur", "new/tmp", "Work.mbox", "Work.mbox/sub", "x.sbd", "x.gz", "dots..and.more/..", "~home",
       "日本" * 100, "&ZeVnLIqe-", "roost-export"]


def quote(name):
    wire = ""
    run = ""
    for c in name + "\0":
        if c != "\0" and not 0x20 <= ord(c) < 0x7f:
            run += c
            continue
        if run:
            wire += "&" + base64.b64encode(run.encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
            run = ""
        wire += "&-" if c == "&" else "" if c == "\0" else c
    return '"' + wire.replace("\\", "\\\\").replace('"', '\\"') + '"'


def fill(port, user, password, names, texts, keywords=26):
    """Each text in INBOX, a few in each mailbox; flags, keywords and dates differ; half is not subscribed."""
    peer = imaplib.IMAP4("127.0.0.1", port)
    peer.login(user, password)

    def append(name, n, text):
        date = imaplib.Time2Internaldate(1_000_000_000 + n * 86_461)
        kind, data = peer.append(quote(name), f"({FLAGS[n % len(FLAGS)]})", date, text)
        assert kind == "OK", (name, data)
    for n, text in enumerate(texts):
        append("INBOX", n, text)
    for i, name in enumerate(names):
        kind, data = peer.create(quote(name))
        assert kind == "OK", (name, data)
        for n in range(0 if name.startswith("empty") else i % 3 + 1):
            append(name, 3 * i + n, texts[n])
        (peer.subscribe if i % 2 == 0 else peer.unsubscribe)(quote(name))
    if keywords > 10:
        peer.create("Many")
        for n in range(keywords):
            peer.append("Many", f"(\\Seen kw{n} kw{(n * 7) % keywords})", imaplib.Time2Internaldate(1_100_000_000 + n), texts[0])
    peer.subscribe('"Not/there"')
    peer.logout()


def state(server, name):
    return State(server.ports["imap"], name, PASSWORD)


@pytest.fixture(scope="module")
def full():
    """An account with everything, and the state it is in."""
    with Roost(accounts=["anna"]) as server:
        fill(server.ports["imap"], "anna", PASSWORD, NAMES + ODD, TEXTS, keywords=40)
        server.expected = state(server, "anna")
        assert {"v1.2", "Work.mbox/sub", "日本" * 100} <= set(server.expected.mailboxes)
        yield server


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("running", [False, True], ids=["alone", "with-server"])
def test_there_and_back(full, tmp_path, form, running):
    """Mail, flags, keywords, dates, names and subscriptions, octet by octet; twice it changes nothing."""
    done = full.run("export", "anna", "--format", form, str(tmp_path / "out"))
    assert f"{sum(map(len, full.expected.mailboxes.values()))} messages exported" in done.stdout
    with Roost(accounts=["bert"], start=running) as other:
        first = other.run("import", "bert", str(tmp_path / "out"))
        again = other.run("import", "bert", str(tmp_path / "out"))
        assert first.stderr == again.stderr == ""
        assert again.stdout.splitlines()[-1].startswith("0 messages imported")
        if not running:
            other.start()
        got = state(other, "bert")
        assert set(got.mailboxes) == set(full.expected.mailboxes)
        for name, rows in full.expected.mailboxes.items():
            assert got.mailboxes[name] == rows, name
        assert got.subscribed == full.expected.subscribed
        # Written once more, it is the same again, file by file.
        other.run("export", "bert", "--format", form, str(tmp_path / "again"))
        if form != "maildir":  # names of its files have serial numbers
            files = [{p.relative_to(tmp_path / out): p.read_bytes() for p in (tmp_path / out).rglob("*") if p.is_file()}
                     for out in ("out", "again")]
            assert len(files[0]) == len(files[1]) > 10


def test_offline_and_running_write_the_same(full, tmp_path):
    full.run("export", "anna", str(tmp_path / "running"))
    full.stop()
    try:
        full.run("export", "anna", str(tmp_path / "offline"))
    finally:
        full.start()
    trees = [{p.relative_to(tmp_path / out): (p.read_bytes() if p.is_file() else None, p.parent.name == "cur" and p.stat().st_mtime)
              for p in (tmp_path / out).rglob("*")} for out in ("running", "offline")]
    assert trees[0] == trees[1] and len(trees[0]) > 100


def test_a_message_without_a_last_line_end(tmp_path):
    with Roost(accounts=["anna", "maildir", "mbox", "eml"]) as server:
        fill(server.ports["imap"], "anna", PASSWORD, [], [NO_END], keywords=0)
        for form in FORMATS:
            server.run("export", "anna", "--format", form, str(tmp_path / form))
            server.run("import", form, str(tmp_path / form))
            text = state(server, form).mailboxes["INBOX"][0][0]
            assert text == (NO_END if form != "mbox" else NO_END + b"\r\n")


def test_one_mailbox(full, tmp_path):
    done = full.run("export", "anna", "--mailbox", "Work/2024", "--format", "mbox", str(tmp_path / "out"))
    count = len(full.expected.mailboxes["Work/2024"])
    assert done.stdout == f"Work/2024: {count} messages\n{count} messages exported\n"
    assert sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*") if p.name[0] != "." and p.is_file()) == [
        "Work/2024.mbox"]
    none = full.run("export", "anna", "--mailbox", "No such", str(tmp_path / "none"), check=False)
    assert none.returncode == 1 and 'there is no mailbox "No such"' in none.stderr


@pytest.mark.parametrize("args", [["--format", "pst", "x"], ["--frob", "x", "y"], ["--mailbox", "x"], []], ids=" ".join)
def test_usage(full, args):
    done = full.run("export", "anna", *args, check=False)
    assert done.returncode == 2 and "usage: roost export" in done.stderr


def test_nothing_is_overwritten(full, tmp_path):
    (tmp_path / "out").mkdir()
    done = full.run("export", "anna", str(tmp_path / "out"), check=False)
    assert done.returncode == 1 and "File exists" in done.stderr and not list((tmp_path / "out").iterdir())


def test_nothing_is_written_outside(full, tmp_path):
    """Names are others' words: "..", "/", "~" must not lead anywhere."""
    for form in FORMATS:
        out = tmp_path / form / "in" / "out"
        out.parent.mkdir(parents=True)
        full.run("export", "anna", "--format", form, str(out))
        assert list(out.parent.iterdir()) == [out] and list((tmp_path / form).iterdir()) == [out.parent]


def test_a_broken_message_stops_nothing(tmp_path):
    """One text whose octets on disk are broken: it is named, the others are written, the status is 1."""
    import sqlite3
    with Roost(accounts=["anna"], start=False) as server:
        (tmp_path / "box").mkdir()
        for n in range(3):
            (tmp_path / "box" / f"{n}.eml").write_bytes(b"Subject: %d\n\n" % n + b"text\n" * 20000)
        server.run("import", "anna", str(tmp_path / "box"))
        [path] = (server.home).rglob("mail.db")
        db = sqlite3.connect(path)
        message = sorted({row[0] >> 16 for row in db.execute("SELECT id FROM content")})[1]
        assert db.execute("UPDATE content SET data = x'00' WHERE id >> 16 = ?", (message,)).rowcount > 0
        db.commit()
        db.close()
        done = server.run("export", "anna", str(tmp_path / "out"), check=False)
        assert done.returncode == 1 and done.stderr.startswith("roost export: INBOX, UID 2: "), done.stderr
        assert "2 messages exported" in done.stdout
        assert len(list((tmp_path / "out" / "cur").iterdir())) == 2


# ---- other programs ----

def comparable(found):
    """Mailboxes without those that are empty and everywhere."""
    return {name: rows for name, rows in found.mailboxes.items() if rows or name not in OWN}


@needs_dovecot
def test_dovecot_opens_the_maildir(tmp_path):
    with Roost(accounts=["anna"]) as server:
        fill(server.ports["imap"], "anna", PASSWORD, NAMES, TEXTS)
        server.run("export", "anna", str(tmp_path / "out"))
        with dovecot_server.Dovecot(tmp_path / "out") as dovecot:
            theirs = State(dovecot.port, "anna", dovecot_server.PASSWORD)
            log = dovecot.log()
        ours = state(server, "anna")
        assert set(theirs.mailboxes) == set(ours.mailboxes)
        for name, rows in ours.mailboxes.items():
            assert theirs.mailboxes[name] == rows, name
        assert theirs.subscribed == ours.subscribed
        assert "Error" not in log and "Warning" not in log, log


@needs_dovecot
def test_dovecot_opens_the_mboxes(tmp_path):
    """Their names end with .mbox there. Dovecot shows no message's own Status fields, and no From line of its own."""
    texts = [text for text in TEXTS if b"Status" not in text and not text.startswith((b"From ", b" "))]
    with Roost(accounts=["anna"]) as server:
        fill(server.ports["imap"], "anna", PASSWORD, NAMES, texts)
        server.run("export", "anna", "--format", "mbox", str(tmp_path / "out"))
        with dovecot_server.Dovecot(tmp_path / "out", "mbox:{mail}:UTF-8:INBOX={mail}/INBOX.mbox",
                                    "mbox_write_locks = fcntl\n") as dovecot:
            theirs = State(dovecot.port, "anna", dovecot_server.PASSWORD, skip=[".roost-export"])
        ours = state(server, "anna")
        for name, rows in ours.mailboxes.items():
            got = theirs.mailboxes["INBOX" if name == "INBOX" else name + ".mbox"]
            # Dovecot leaves the quoting as it is.
            want = [(re.sub(rb"(?m)^(>*From )", rb">\1", text), flags, when) for text, flags, when in rows]
            # A set has no order of its own: repr() of equal ones may differ.
            order = lambda row: (row[0], sorted(row[1]), row[2])
            assert sorted(got, key=order) == sorted(want, key=order), name


@needs_dovecot
@pytest.mark.parametrize("location, settings", [
    ("maildir:{mail}", ""), ("maildir:{mail}:LAYOUT=fs", ""),
    *(("maildir:{mail}", f"mail_plugins = zlib\nplugin {{\n  zlib_save = {form}\n}}\n") for form in ("gz", "bz2", "zstd")),
    ("mbox:{mail}:INBOX={mail}/INBOX", "mbox_write_locks = fcntl\n")],
    ids=["maildir++", "fs", "gz", "bz2", "zstd", "mbox"])
def test_what_dovecot_has_written(tmp_path, location, settings):
    """The other way: an account of Dovecot's, filled over IMAP, comes as it was."""
    is_mbox = location.startswith("mbox")
    names = ["Entwürfe", "Вложения/Ablage", "R&D", "a b/c", "Work/2024"] + (["v1.2"] if "fs" in location else [])
    texts = [text for text in TEXTS if not is_mbox or (b"Status" not in text and not text.startswith((b"From ", b" ", b"\r")))]
    with dovecot_server.Dovecot(None, location, settings) as dovecot, Roost(accounts=["anna"]) as server:
        fill(dovecot.port, "anna", dovecot_server.PASSWORD, names, texts, keywords=0)
        theirs = State(dovecot.port, "anna", dovecot_server.PASSWORD)
        done = server.run("import", "anna", str(dovecot.mail))
        assert done.stderr == "", done.stderr
        ours = state(server, "anna")
    assert comparable(ours).keys() >= comparable(theirs).keys()
    for name, rows in comparable(theirs).items():
        assert ours.mailboxes[name] == rows, name
    assert theirs.subscribed <= ours.subscribed and ours.subscribed == OWN | theirs.subscribed | set(ours.mailboxes)


def test_python_reads_them(full, tmp_path):
    for form in FORMATS:
        full.run("export", "anna", "--format", form, str(tmp_path / form))
    want = [row[0] for row in full.expected.mailboxes["Entwürfe"]]
    box = mailbox.Maildir(tmp_path / "maildir").get_folder("Entw&APw-rfe")
    assert sorted(box.get_bytes(key) for key in box.keys()) == sorted(text.replace(b"\r\n", b"\n") for text in want)
    box = mailbox.mbox(tmp_path / "mbox" / "Entwürfe.mbox")
    assert [message["Subject"] for message in box] == [text.split(b": ")[1].split(b"\r")[0].decode() for text in want]
    assert sorted(p.read_bytes() for p in (tmp_path / "eml" / "Entwürfe").glob("*.eml")) == sorted(want)


def test_rows_for_programs(full, tmp_path):
    lines = [json.loads(line) for line in full.run("export", "anna", "--json", str(tmp_path / "out")).stdout.splitlines()]
    assert lines[-1] == {"exported": sum(map(len, full.expected.mailboxes.values())), "refused": 0}
    assert {line["mailbox"]: line["messages"] for line in lines[:-1]} == {
        name: len(rows) for name, rows in full.expected.mailboxes.items()}
