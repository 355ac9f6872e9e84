# SPDX-License-Identifier: MIT
"""`roost import`: mail as other programs leave it, with and without a running server, and what happens when some of
it cannot be taken."""

import bz2
import gzip
import json
import lzma
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from limits import limit  # noqa: E402
from mail_state import State  # noqa: E402
from roost_server import PASSWORD, Roost  # noqa: E402

OWN = {"INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"}  # what every account begins with


@pytest.fixture(params=[False, True], ids=["alone", "with-server"])
def server(request):
    with Roost(accounts=["anna"], start=request.param) as roost:
        yield roost


@pytest.fixture(scope="module")
def home():
    """No server; tests take an account each."""
    with Roost(accounts=[f"a{n}" for n in range(80)], start=False) as roost:
        roost.free = iter(range(80))
        yield roost


def account(home):
    return f"a{next(home.free)}"


def state(server, name="anna"):
    if server.process is None:
        server.start()
        try:
            return State(server.ports["imap"], name, PASSWORD)
        finally:
            server.stop()
    return State(server.ports["imap"], name, PASSWORD)


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def text(subject):
    return f"From: a@example.org\nSubject: {subject}\n\nbody of {subject}\n".encode()


def crlf(octets):
    return octets.replace(b"\n", b"\r\n")


def maildir(folder, *messages, keywords=()):
    """messages: (file name, octets, seconds)."""
    for sub in ("cur", "new", "tmp"):
        (folder / sub).mkdir(parents=True)
    for name, octets, when in messages:
        path = folder / "cur" / name
        path.write_bytes(octets)
        os.utime(path, (when, when))
    if keywords:
        (folder / "dovecot-keywords").write_text("".join(f"{n} {name}\n" for n, name in enumerate(keywords)))
    return folder


def subjects(mailboxes):
    """Mailboxes with mail in them, or that are new: name -> subjects."""
    return {name: [row[0].split(b"Subject: ")[1].split(b"\r")[0].decode() for row in rows]
            for name, rows in mailboxes.items() if rows or name not in OWN}


# ---- Maildir ----

def test_maildir_with_all_that_dovecot_keeps(server, tmp_path):
    top = maildir(tmp_path / "Maildir", ("1600000001.M1P1.mx,S=20,W=21:2,FSab", text("one"), 1_600_000_000),
                  ("1600000002.M1P1.mx:2,", text("two"), 1_600_000_001), keywords=["$label1", "urgent"])
    maildir(top / ".Entw&APw-rfe", ("1.x:2,DPRSTa", text("three"), 1_500_000_000), keywords=["other"])
    maildir(top / ".Lists.R&-D", ("1.x;2,S", text("four"), 1))
    maildir(top / ".Leer")
    maildir(top / ".Straße & Co", ("1.x!2,S", text("five"), 2))  # UTF-8, and no modified UTF-7
    (top / "subscriptions").write_text("V\t2\n\nEntw&APw-rfe\nLists\tR&-D\nGone\tlong ago\n")
    for noise in ("dovecot-uidlist", "dovecot.index.log", "maildirsize", "courierimapuiddb", ".mbsyncstate"):
        (top / noise).write_text("3 V1 N1\nFrom: no mail\n")
    done = server.run("import", "anna", str(top))
    assert done.stderr == "" and "5 messages imported, 0 already there, 0 failed" in done.stdout
    assert "Leer (new): 0 imported" in done.stdout and "Entwürfe (new): 1 imported" in done.stdout
    got = state(server)
    assert subjects(got.mailboxes) == {"INBOX": ["one", "two"], "Entwürfe": ["three"], "Lists/R&D": ["four"],
                                       "Lists": [], "Leer": [], "Straße & Co": ["five"]}
    assert got.mailboxes["INBOX"] == [(crlf(text("one")), {"\\Flagged", "\\Seen", "$label1", "urgent"}, 1_600_000_000),
                                      (crlf(text("two")), set(), 1_600_000_001)]
    assert got.mailboxes["Entwürfe"][0][1:] == (
        {"\\Draft", "$Forwarded", "\\Answered", "\\Seen", "\\Deleted", "other"}, 1_500_000_000)
    assert got.mailboxes["Lists/R&D"][0][1:] == ({"\\Seen"}, 1) and got.mailboxes["Straße & Co"][0][1:] == ({"\\Seen"}, 2)
    # All that is new is subscribed, and what was subscribed before, whether it is there or not.
    assert got.subscribed == set(got.mailboxes) | {"Gone/long ago"}


@pytest.mark.parametrize("lines", ["Work.Old\nSent\n", "INBOX.Work.Old\nINBOX.Sent\n", "Work/Old\nSent\n"],
                         ids=["dots", "prefix", "slashes"])
def test_subscriptions_of_version_1(home, tmp_path, lines):
    top = maildir(tmp_path / "Maildir")
    maildir(top / ".Work.Old")
    (top / "subscriptions").write_text(lines)
    name = account(home)
    home.run("import", name, str(top))
    assert state(home, name).subscribed == OWN | {"Work", "Work/Old"}


def test_nested_maildirs(server, tmp_path):
    for folder in ("sync/INBOX", "sync/Sent", "sync/Work", "sync/Work/2020", "fs", "fs/v1.2", "fs/v1.2/Ünï", "fs/a/b"):
        maildir(tmp_path / folder, ("1.x:2,S", text(folder), 5))
    server.run("import", "anna", str(tmp_path / "sync"))
    assert subjects(state(server).mailboxes) == {"INBOX": ["sync/INBOX"], "Sent": ["sync/Sent"], "Work": ["sync/Work"],
                                                 "Work/2020": ["sync/Work/2020"]}
    server.run("import", "anna", "--mailbox", "Old", str(tmp_path / "fs") + "/")
    got = state(server)
    assert {name: found for name, found in subjects(got.mailboxes).items() if name.startswith("Old")} == {
        "Old": ["fs"], "Old/v1.2": ["fs/v1.2"], "Old/v1.2/Ünï": ["fs/v1.2/Ünï"], "Old/a": [], "Old/a/b": ["fs/a/b"]}
    assert got.subscribed == set(got.mailboxes)


def test_folders_of_kmail(home, tmp_path):
    """What is below NAME is in .NAME.directory, which is no folder of mail itself; in a Maildir++ the same name is one."""
    for folder in ("inbox", ".inbox.directory/sub", ".inbox.directory/.sub.directory/deep", "plus", "plus/.a.directory"):
        maildir(tmp_path / folder, ("1.x:2,S", text(folder), 5))
    name = account(home)
    home.run("import", name, str(tmp_path))
    assert subjects(state(home, name).mailboxes) == {
        "INBOX": ["inbox"], "INBOX/sub": [".inbox.directory/sub"],
        "INBOX/sub/deep": [".inbox.directory/.sub.directory/deep"],
        "plus": ["plus"], "plus/a": [], "plus/a/directory": ["plus/.a.directory"]}


def test_what_evolution_and_mh_keep_beside_the_mail(home, tmp_path):
    (tmp_path / "Inbox").write_bytes(b"From a@example.org Thu Oct 28 17:00:38 2004\n" + text("mbox"))
    for index in ("Inbox.cmeta", "Inbox.ev-summary", "Inbox.ev-summary-meta", "Inbox.ibex.index", "Inbox.ibex.index.data"):
        (tmp_path / index).write_bytes(b"\0\1\2")
    (tmp_path / "mh").mkdir()
    (tmp_path / "mh" / "1").write_bytes(text("kept"))
    (tmp_path / "mh" / ",2").write_bytes(text("deleted"))
    name = account(home)
    done = home.run("import", name, str(tmp_path))
    assert done.stderr == "" and "deleted" in done.stdout and "Evolution" in done.stdout
    assert subjects(state(home, name).mailboxes) == {"INBOX": ["mbox"], "mh": ["kept"]}


def test_copies_that_lost_their_empty_folders(home, tmp_path):
    """Archives and git keep no empty folders: cur/ alone is a Maildir, and so is new/ beside tmp/."""
    (tmp_path / "a" / "cur").mkdir(parents=True)
    (tmp_path / "a" / "cur" / "1.x:2,S").write_bytes(text("a"))
    (tmp_path / "b" / "new").mkdir(parents=True)
    (tmp_path / "b" / "tmp").mkdir()
    (tmp_path / "b" / "new" / "1.x").write_bytes(text("b"))
    name = account(home)
    home.run("import", name, str(tmp_path))
    assert subjects(state(home, name).mailboxes) == {"a": ["a"], "b": ["b"]}


def test_empty_folders_are_mailboxes(home, tmp_path):
    """A folder with nothing but what file managers leave is empty; one with files of mail programs holds none."""
    for folder in ("empty", "finder", "explorer", "index", "above/below"):
        (tmp_path / "mail" / folder).mkdir(parents=True)
    (tmp_path / "mail" / "finder" / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (tmp_path / "mail" / "explorer" / "Thumbs.db").write_bytes(b"\xd0\xcf")
    (tmp_path / "mail" / "explorer" / "desktop.ini").write_bytes(b"[.ShellClassInfo]")
    (tmp_path / "mail" / "index" / "msgFilterRules.dat").write_bytes(b"version=9")
    name = account(home)
    home.run("import", name, str(tmp_path / "mail"))
    assert set(state(home, name).mailboxes) - OWN == {"empty", "finder", "explorer", "above", "above/below"}


def test_maildir_folders_that_lost_their_empty_folders(home, tmp_path):
    """In a Maildir++ a folder .Name is a mailbox, even if a copy has left out its empty cur, new and tmp."""
    top = maildir(tmp_path / "Maildir", ("1.x:2,S", text("one"), 7))
    for folder in (".Bare", ".Marked", ".Deep.Er", ".Half/tmp", ".hidden/sub", ".New/new"):
        (top / folder).mkdir(parents=True)
    (top / ".Marked" / "maildirfolder").touch()
    (top / ".Marked" / "dovecot-uidlist").write_bytes(b"3 V1 N1\n")
    (top / ".New" / "new" / "1.x").write_bytes(text("new"))
    (top / ".hidden" / "notes.txt").write_bytes(b"no mail")
    name = account(home)
    home.run("import", name, str(top))
    boxes = state(home, name).mailboxes
    assert set(boxes) - OWN == {"Bare", "Marked", "Deep", "Deep/Er", "Half", "New"}
    assert {key: value for key, value in subjects(boxes).items() if value} == {"INBOX": ["one"], "New": ["new"]}


@pytest.mark.parametrize("pack, word", [(gzip.compress, "gzip"), (bz2.compress, "bzip2"), (lzma.compress, "xz")],
                         ids=["gzip", "bzip2", "xz"])
def test_compressed_files(home, tmp_path, pack, word):
    long = text("long") + b"".join(b"line %d of a message\n" % n for n in range(60000))
    top = maildir(tmp_path / "Maildir", ("1.x,S=1:2,S", pack(text("one")), 7), ("2.x:2,", pack(long), 8),
                  ("3.x:2,", pack(text("two")[:20]) + pack(text("two")[20:]), 9),  # streams one behind the other
                  ("4.x:2,", pack(long)[:-20], 9), ("5.x:2,", pack(text("five"))[:12] + b"junk", 9))
    (tmp_path / "Maildir" / "tmp" / "6.x").write_bytes(text("not yet delivered"))
    name = account(home)
    done = home.run("import", name, str(top), check=False)
    assert done.returncode == 1 and sorted(done.stderr.splitlines()) == [
        f"roost import: {top}/cur/{n}.x:2,: the {word} data is damaged or incomplete" for n in (4, 5)]
    assert [row[0] for row in state(home, name).mailboxes["INBOX"]] == sorted(map(crlf, (text("one"), long, text("two"))))


def test_zstd_and_a_damaged_frame_of_lz4(home, tmp_path):
    zstd = pytest.importorskip("shutil").which("zstd")
    top = maildir(tmp_path / "Maildir", ("2.x:2,", b"\x04\x22\x4d\x18\x64\x40\xa7\0\0\0", 7))
    if zstd:
        packed = subprocess.run([zstd, "-c"], input=text("one"), capture_output=True, check=True).stdout
        (top / "cur" / "1.x:2,S").write_bytes(packed + packed[:0])
    name = account(home)
    done = home.run("import", name, str(top), check=False)
    assert done.returncode == 1 and "the lz4 data is damaged" in done.stderr
    assert len(state(home, name).mailboxes["INBOX"]) == (1 if zstd else 0)


def lz4(data):
    """As Dovecot's plugin writes it, in chunks of 60,000 octets, each without matches."""
    out = b"Dovecot-LZ4\r*\x9b\xc5\0\1\0\0"
    for at in range(0, len(data), 60000):
        part = data[at:at + 60000]
        more = len(part) - 15
        head = bytes([len(part) << 4]) if more < 0 else b"\xf0" + b"\xff" * (more // 255) + bytes([more % 255])
        out += len(head + part).to_bytes(4, "big") + head + part
    return out


LZ4_OF_DOVECOT = bytes.fromhex(  # doveadm save, with zlib_save = lz4, of Dovecot 2.3.19
    "446f7665636f742d4c5a340d2a9bc50001000000000083f24846726f6d3a2061406578616d706c652e6f72670a5375626a6563743a2070"
    "61636b656420627920446f7665636f740a0a6c696e652030206f662061206d657373616765207468617420726570656174732069747365"
    "6c6628001f312800141f322800141f332800141f342800141f352800141f362800140f1801ab5073656c660a")


def test_lz4_of_dovecot(home, tmp_path):
    long = text("long") + b"".join(b"line %d of a message\n" % n for n in range(60000))
    packed = b"From: a@example.org\nSubject: packed by Dovecot\n\n"
    packed += b"".join(b"line %d of a message that repeats itself\n" % (n % 7) for n in range(12))
    top = maildir(tmp_path / "Maildir", ("1.x,S=1:2,S", lz4(text("one")), 7), ("2.x:2,", lz4(long), 8),
                  ("3.x:2,", lz4(long)[:-20], 9), ("4.x:2,", LZ4_OF_DOVECOT, 9))
    name = account(home)
    done = home.run("import", name, str(top), check=False)
    assert done.stderr == f"roost import: {top}/cur/3.x:2,: the lz4 data is damaged or incomplete\n"
    assert [row[0] for row in state(home, name).mailboxes["INBOX"]] == sorted(map(crlf, (text("one"), long, packed)))


def test_renamed_while_it_was_read(home, tmp_path):
    """A Maildir in use: flags change between listing and reading, so files have other names by then."""
    count = 3000
    top = maildir(tmp_path / "Maildir", *((f"{n}.M1P1.mx:2,", text(f"m{n}"), 5) for n in range(count)))
    stop = threading.Event()

    def rename():
        flip = 0
        while not stop.is_set():
            for n in range(0, count, 7):
                try:
                    os.rename(top / "cur" / f"{n}.M1P1.mx:2,{'S' if flip else ''}",
                              top / "cur" / f"{n}.M1P1.mx:2,{'' if flip else 'S'}")
                except OSError:
                    pass
            flip = not flip

    thread = threading.Thread(target=rename)
    thread.start()
    try:
        name = account(home)
        done = home.run("import", name, str(top), check=False)
    finally:
        stop.set()
        thread.join()
    again = home.run("import", name, str(top))
    first, second = (int(d.stdout.splitlines()[-1].split()[0]) for d in (done, again))
    assert first + second == count and first > count * 0.9, done.stderr
    assert again.stdout.splitlines()[-1].endswith(f"{first} already there, 0 failed")


def test_equal_messages_stay_two(server, tmp_path):
    """Two files with the same text are two messages; the same Maildir again, or a copy of it, adds none."""
    for top in ("one", "copy"):
        maildir(tmp_path / top, *((f"{n}.x:2,", text("twin"), n) for n in range(3)))
    both = [str(tmp_path / "one"), str(tmp_path / "copy")]
    dry = server.run("import", "anna", "--dry-run", *both)
    assert "3 messages would be imported, 3 already there" in dry.stdout
    assert state(server).mailboxes["INBOX"] == []
    assert "3 messages imported, 3 already there" in server.run("import", "anna", *both).stdout
    assert "0 messages imported, 6 already there" in server.run("import", "anna", *both).stdout
    assert len(state(server).mailboxes["INBOX"]) == 3


# ---- mbox ----

DATES = [
    ("Tue Mar 11 01:31:25 +0000 2025", 1741656685), ("Thu Oct 28 17:00:38 CEST 2004", 1098975638),
    ("Thu, 28 Oct 2004 17:00:38 -0400", 1098997238), ("2004-10-28 17:00:38", 1098982838),
    ("Thu Oct 28 17:00:38 2004 remote from host", 1098982838), ("Thu Oct 28 17:00:38 2004", 1098982838),
    ("Thu Oct 28 17:00 2004", 1098982800), ("Thu Oct  8 17:00:38 2004 +0200", 1097247638),
    ("28 Oct 2004 17:00:38 GMT", 1098982838), ("2004-10-28T17:00:38Z", 1098982838),
]


def test_dates_of_from_lines(server, tmp_path):
    path = tmp_path / "dates"
    path.write_bytes(b"".join(b"From a b@c " + date.encode() + b"\n" + text(f"m{n}") + b"\n"
                              for n, (date, _) in enumerate(DATES)))
    server.run("import", "anna", str(path))
    got = state(server).mailboxes["INBOX"]
    assert [(row[0], row[2]) for row in got] == [(crlf(text(f"m{n}")), when) for n, (_, when) in enumerate(DATES)]


@pytest.mark.parametrize("date, when", [("Received: by mx; Thu, 28 Oct 2004 17:00:38 -0400\nDate: Fri, 1 Jan 1999 00:00:00 +0000\n",
                                         1098997238), ("Date: Fri, 1 Jan 1999 00:00:00 +0000\n", 915148800), ("", 1234567890)],
                         ids=["received", "date", "file"])
def test_dates_of_messages(home, tmp_path, date, when):
    """Where the file itself says nothing (an .eml), or something else (Thunderbird's From line)."""
    eml, mbox = tmp_path / "old.eml", tmp_path / "Old"
    eml.write_bytes(date.encode() + text("one"))
    mbox.write_bytes(b"From - nobody knows when\n" + date.encode() + text("two"))
    for path in (eml, mbox):
        os.utime(path, (1234567890, 1234567890))
    name = account(home)
    home.run("import", name, str(eml), str(mbox))
    assert [row[2] for row in state(home, name).mailboxes["INBOX"]] == [when, when]


@pytest.mark.parametrize("before, passed", [(b"\xef\xbb\xbf", 0), (b"\n\n\r\n", 0), (b"\xef\xbb\xbf\n", 0), (b"junk of an editor\n\n", 1)],
                         ids=["mark", "empty", "both", "junk"])
def test_before_the_first_message(home, tmp_path, before, passed):
    (tmp_path / "box").write_bytes(before + b"From a@b Thu Oct 28 17:00:38 2004\n" + text("one") +
                                   b"\nFrom a@b Thu Oct 28 17:00:38 2004\n" + text("two"))
    name = account(home)
    done = home.run("import", name, "--json", str(tmp_path / "box"))
    last = rows(done)[-1]
    assert (last["imported"], last["refused"], last["passed"]) == (2, 0, passed)
    assert [row[0] for row in state(home, name).mailboxes["INBOX"]] == [crlf(text("one")), crlf(text("two"))]


def test_from_lines_in_bodies(home, tmp_path):
    tricky = (b"From me to you\n\nFrom now on, 28 Oct 2004 is a day.\n\n>From quoted\n>>From twice\n\n"
              b"From x@y Thu Oct 28 17:00:38 2004\nno field follows, so this is text\n")
    plain = b"inner:\n\nFrom x@y Thu Oct 28 17:00:38 2004\nSubject: an mbox in a body\n\nits text\n"
    length = b"Content-Length: %d\n" % len(plain)
    (tmp_path / "box").write_bytes(
        b"From a@b Thu Oct 28 17:00:38 2004\nSubject: 1\n\n" + tricky +
        b"From a@b Thu Oct 28 17:00:38 2004\nSubject: 2\n" + length + b"\n" + plain +  # no empty line before it
        b"\nFrom a@b Thu Oct 28 17:00:38 2004\nSubject: 3\nContent-Length: 99999\n\nits length is a lie\n\n"
        b"From a@b Thu Oct 28 17:00:38 2004\r\nSubject: 4\r\n\r\nline ends\r\n\r\n"
        b"From a@b Thu Oct 28 17:00:38 2004\nSubject: 5\n\nno end")
    name = account(home)
    home.run("import", name, str(tmp_path / "box"))
    want = [b"Subject: 1\n\n" + tricky.replace(b">From", b"From", 1).replace(b">>From", b">From"), b"Subject: 2\n\n" + plain,
            b"Subject: 3\n\nits length is a lie\n", b"Subject: 4\n\nline ends\n", b"Subject: 5\n\nno end"]
    assert [row[0] for row in state(home, name).mailboxes["INBOX"]] == [crlf(one) for one in want]


def test_marks_in_fields(server, tmp_path):
    """They belong to the mbox: flags come along, the fields do not, and so a mark set since is no new message."""
    def box(status, more=""):
        return ("From - Sat Apr 12 15:59:28 2025\n" + status + "From: a@b\nSubject: one\nDate: Thu, 28 Oct 2004 17:00:38 +0000\n" +
                more + "\nb\n\n").encode()
    path = tmp_path / "Inbox"
    cases = [("X-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\nX-Mozilla-Keys: $label1 work        \n", "", {"\\Seen", "$label1", "work"}),
             ("X-Mozilla-Status: 1007\n", "", {"\\Seen", "\\Answered", "\\Flagged", "$Forwarded"}),
             ("", "Status: RO\nX-Status: ADFT\nX-Keywords: NonJunk $MDNSent\nX-UID: 17\n",
              {"\\Seen", "\\Answered", "\\Deleted", "\\Flagged", "\\Draft", "NonJunk", "$MDNSent"}),
             ("Status: O\n", "", set()), ("X-Mozilla-Status: zzzz\n", "", set())]
    for status, more, flags in cases:
        path.write_bytes(box(status, more))
        server.run("account", "add", "other", "--password-stdin", stdin=PASSWORD + "\n")
        server.run("import", "other", str(path))
        assert state(server, "other").mailboxes["INBOX"] == [(crlf(box("").split(b"\n", 1)[1][:-1]), flags, 1098982838)]
        server.run("import", "anna", str(path))
        server.run("account", "remove", "other", "--yes")
    assert len(state(server).mailboxes["INBOX"]) == 1


def test_what_thunderbird_has_deleted(home, tmp_path):
    """Until it compacts the file, mail that was deleted or moved is still in it."""
    (tmp_path / "Inbox").write_bytes(b"".join(
        b"From - Sat Apr 12 15:59:28 2025\nX-Mozilla-Status: %04x\n" % bits + text(f"m{bits}") + b"\n" for bits in (1, 9, 8, 0)))
    name = account(home)
    done = home.run("import", name, str(tmp_path / "Inbox"))
    assert "INBOX: 2 imported, 0 already there, 2 left out\n2 left out: marked as deleted" in done.stdout
    assert subjects(state(home, name).mailboxes) == {"INBOX": ["m0", "m1"]}
    dry = home.run("import", name, "--dry-run", str(tmp_path / "Inbox"))
    assert f"left out: {tmp_path}/Inbox:8: marked as deleted" in dry.stdout


def test_a_profile_of_thunderbird(server, tmp_path):
    top = tmp_path / "Local Folders"
    (top / "Inbox.sbd" / "Work.sbd").mkdir(parents=True)
    for name in ("Inbox", "Sent", "Inbox.sbd/Ablage Süd", "Inbox.sbd/Work.sbd/2024"):
        (top / name).write_bytes(b"From - Sat Apr 12 15:59:28 2025\n" + text(name))
        (top / (name + ".msf")).write_text("// <!-- <mdb:mork:z v=\"1.4\"/> -->\n")
    (top / "Templates").touch()
    (top / "Unsent Messages").touch()
    (top / "Unsent Messages.msf").touch()
    (top / "msgFilterRules.dat").write_text('version="9"\nlogging="no"\n')
    (top / "Inbox.mozmsgs").mkdir()
    (top / "Inbox.mozmsgs" / "1.wdseml").write_text("From: a@b\n\nx\n")
    done = server.run("import", "anna", str(top))
    assert done.stderr == "" and "left out: settings of Thunderbird" in done.stdout
    assert subjects(state(server).mailboxes) == {
        "INBOX": ["Inbox"], "Sent": ["Sent"], "INBOX/Ablage Süd": ["Inbox.sbd/Ablage Süd"], "INBOX/Work": [],
        "INBOX/Work/2024": ["Inbox.sbd/Work.sbd/2024"], "Templates": [], "Unsent Messages": []}


def test_data_of_the_folder_is_no_message(home, tmp_path):
    """UW IMAP and its heirs keep UIDs in a first pseudo-message."""
    (tmp_path / "mail").write_bytes(
        b"From MAILER-DAEMON Thu Oct 28 17:00:38 2004\nFrom: Mail System Internal Data\nSubject: DON'T DELETE THIS MESSAGE\n"
        b"X-IMAP: 1098982838 0000000002\nStatus: RO\n\nThis text is part of the internal format of your mail folder.\n\n"
        b"From a@b Thu Oct 28 17:00:38 2004\n" + text("one"))
    name = account(home)
    assert "1 left out: data of the folder" in home.run("import", name, str(tmp_path / "mail")).stdout
    assert subjects(state(home, name).mailboxes) == {"INBOX": ["one"]}


# ---- what cannot be taken ----

def broken_maildir(top):
    maildir(top, ("1.x:2,S", text("good one"), 1), ("9.x:2,", text("good two"), 2))
    cur = top / "cur"
    (cur / "2.gone:2,S").symlink_to("/nonexistent")
    (cur / "3.empty:2,S").touch()
    (cur / "4.dir:2,").mkdir()
    os.mkfifo(cur / "5.fifo:2,")
    with open(os.fsencode(cur) + b"/6.h\xf6st:2,S", "wb") as file:
        file.write(text("name"))
    (cur / "7.big:2,").write_bytes(text("big") + b"x" * 3_000_000)
    (cur / "8.noread:2,").symlink_to("8.noread:2,")
    return {"2.gone:2,S": "gone", "3.empty:2,S": "empty", "4.dir:2,": "not a file", "5.fifo:2,": "not a file",
            "6.h\\xf6st:2,S": "its name is not UTF-8", "7.big:2,": "[limits] append", "8.noread:2,": "Too many levels"}


@pytest.mark.parametrize("running", [False, True], ids=["alone", "with-server"])
def test_one_bad_file_stops_nothing(running, tmp_path):
    with Roost(accounts=["anna"], start=running, options=["limits.append=2M"]) as server:
        if not running:
            server.config.write_text(server.config.read_text() + "\n[limits]\nappend = 2M\n")
        want = broken_maildir(tmp_path / "Maildir")
        for imported, already in ((2, 0), (0, 2)):
            done = server.run("import", "anna", str(tmp_path / "Maildir"), check=False)
            assert done.returncode == 1
            told = dict(line.split("/cur/")[1].split(": ", 1) for line in done.stderr.splitlines())
            assert told.keys() == want.keys() and all(why in told[name] for name, why in want.items()), told
            assert f"{imported} messages imported, {already} already there, 7 failed" in done.stdout
        # What has been mended comes with the next run.
        (tmp_path / "Maildir" / "cur" / "3.empty:2,S").write_bytes(text("good three"))
        done = server.run("import", "anna", str(tmp_path / "Maildir"), check=False)
        assert "1 messages imported, 2 already there, 6 failed" in done.stdout
        assert subjects(state(server).mailboxes) == {"INBOX": ["good one", "good three", "good two"]}


def test_bad_folders_stop_nothing(server, tmp_path):
    top = maildir(tmp_path / "Maildir", ("1.x:2,S", text("one"), 1))
    with_bad_name = os.fsencode(top) + b"/.f\xfcr"
    os.makedirs(with_bad_name + b"/cur")
    maildir(top / ".Good", ("1.x:2,S", text("two"), 1))
    (top / "loop").symlink_to(top)
    (top / "away").symlink_to("/nonexistent/folder")
    (top / "dbox-Mails").mkdir()
    (top / "notes").mkdir()
    (top / "notes" / "plan.txt").write_text("TODO: buy milk\n")
    done = server.run("import", "anna", str(top), check=False)
    assert done.returncode == 1
    for words in ("/.f\\xfcr: its name is neither UTF-8", "/loop: a link back", "/away: No such file",
                  "/dbox-Mails: mail in Dovecot's dbox format", "/notes/plan.txt:1: neither an mbox nor a message"):
        assert words in done.stderr, done.stderr
    got = subjects(state(server).mailboxes)
    assert got["INBOX"] == ["one"] and got["Good"] == ["two"]


def test_paths_that_are_no_mail(server, tmp_path):
    """Of several paths, those that can be read are."""
    (tmp_path / "one.eml").write_bytes(text("one"))
    done = server.run("import", "anna", "/nowhere", "/dev/null", str(tmp_path / "one.eml"), check=False)
    assert done.returncode == 1 and done.stderr.splitlines() == [
        "roost import: /nowhere: No such file or directory", "roost import: /dev/null: neither a file nor a folder"]
    assert "1 messages imported, 0 already there, 2 failed" in done.stdout


@pytest.mark.parametrize("depth", [49, 50, 51, 63, 64, 65, 10 * limit("LIMIT_IMPORT_DEPTH")])
def test_folders_within_each_other(home, tmp_path, depth):
    """Mailboxes have LIMIT_MBOX_DEPTH (50) levels, folders LIMIT_IMPORT_DEPTH (64); beyond it is told."""
    path = tmp_path / "top"
    for _ in range(depth):
        path /= "d"
    path.mkdir(parents=True)
    (path / "m.eml").write_bytes(text("deep"))
    name = account(home)
    done = home.run("import", name, str(tmp_path / "top"), check=False)
    assert done.returncode == (0 if depth <= 50 else 1), done.stderr
    assert len(done.stderr.splitlines()) == (0 if depth <= 50 else 1)


def test_many_troubles_over_the_socket(tmp_path):
    """Rows come back while frames are still sent: more of both than the socket's buffers hold."""
    with Roost(accounts=["anna"]) as server:
        top = maildir(tmp_path / ("Maildir" + "x" * 200))
        for n in range(20000):
            (top / "cur" / f"{n:06}.{'y' * 100}:2,").symlink_to("/nonexistent")
        (top / "cur" / "999999.good:2,S").write_bytes(text("good"))
        done = server.run("import", "anna", str(top), check=False)
        assert done.returncode == 1 and len(done.stderr.splitlines()) == 20000
        assert "1 messages imported, 0 already there, 20000 failed" in done.stdout


def test_keywords_that_imap_cannot_tell(home, tmp_path):
    top = maildir(tmp_path / "Maildir", ("1.x:2,Sabcd", text("one"), 1), keywords=["a(b", "ok", "x" * 256, "%s\\"])
    name = account(home)
    done = home.run("import", name, str(top))
    assert 'left out: IMAP cannot express the keyword "a(b"' in done.stdout
    assert state(home, name).mailboxes["INBOX"][0][1] == {"\\Seen", "ok"}


def test_dry_run_changes_nothing(server, tmp_path):
    top = maildir(tmp_path / "Maildir", ("1.x:2,S", text("one"), 1), ("2.x:2,S", b"", 1))
    maildir(top / ".New.Box", ("1.x:2,S", text("two"), 1))
    (top / "subscriptions").write_text("Elsewhere\n")
    before = state(server)
    dry = server.run("import", "anna", "--dry-run", str(top), check=False)
    assert dry.returncode == 1 and "2.x:2,S: empty" in dry.stderr
    assert "New/Box (new): 1 would be imported" in dry.stdout
    assert "2 messages would be imported, 0 already there, 1 failed" in dry.stdout
    after = state(server)
    assert (before.mailboxes, before.subscribed) == (after.mailboxes, after.subscribed)
    server.run("import", "anna", str(top), check=False)
    dry = server.run("import", "anna", "--dry-run", "--json", str(top), check=False)
    assert rows(dry)[-1] == {"imported": 0, "skipped": 2, "refused": 1, "passed": 0, "dry_run": True}


def test_rows_for_programs(home, tmp_path):
    top = maildir(tmp_path / "Maildir", ("1.x:2,S", text("one"), 1), ("2.x:2,S", b"", 1))
    done = home.run("import", account(home), "--json", str(top), check=False)
    assert rows(done) == [
        {"trouble": "empty", "mailbox": "INBOX", "source": f"{top}/cur/2.x:2,S"},
        {"mailbox": "INBOX", "made": False, "imported": 1, "skipped": 0, "refused": 1, "passed": 0},
        {"imported": 1, "skipped": 0, "refused": 1, "passed": 0, "dry_run": False}]


@pytest.mark.parametrize("args", [["--mailbox"], ["--mailbox", "a//b", "x"], ["--frobnicate", "x"], ["--dry-run"]], ids=" ".join)
def test_usage(home, args):
    done = home.run("import", "a0", *args, check=False)
    assert done.returncode == 2 and "usage: roost import" in done.stderr


def test_a_mailbox_that_cannot_be(home, tmp_path):
    """Too many mailboxes, names that are too long: refused each, the rest goes on."""
    top = maildir(tmp_path / "top", ("1.x:2,S", text("one"), 1))
    long = top
    for _ in range(5):
        long /= "n" * 220
    maildir(long, ("1.x:2,S", text("two"), 1))
    maildir(top / "z", ("1.x:2,S", text("three"), 1))
    name = account(home)
    done = home.run("import", name, str(top), check=False)
    assert done.returncode == 1 and "The mailbox name is too long" in done.stderr
    assert {"INBOX": ["one"], "z": ["three"]}.items() <= subjects(state(home, name).mailboxes).items()


def test_a_reload_changes_what_is_taken(tmp_path):
    """[limits] append takes effect at once, for import too."""
    large = tmp_path / "large.eml"
    large.write_text("Subject: large\n\n" + "x" * 70 * 1024 + "\n")
    with Roost(accounts=["anna"]) as server:
        config = server.config.read_text().replace(";levels = SF", "levels = PSF")
        server.config.write_text(config.replace(";append = 64M", "append = 64K"))
        server.process.send_signal(signal.SIGHUP)
        server.log_wait("configuration reloaded")
        done = server.run("import", "anna", str(large), check=False)
        assert done.returncode == 1 and "[limits] append takes 65536" in done.stderr, done.stdout + done.stderr
        server.config.write_text(config)
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while server.log().count("configuration reloaded") < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert "1 messages imported" in server.run("import", "anna", str(large)).stdout
