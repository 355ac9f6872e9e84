# SPDX-License-Identifier: MIT
"""Accounts from a file: what is taken, what is named, in which order, and what a second run does."""

import json
import os
import pty
import re
import select
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from roost_server import CRYPT, PASSWORD, Roost, binary  # noqa: E402


@pytest.fixture
def home():
    with Roost(accounts=["anna"], start=False) as roost:
        yield roost


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def names_of(server):
    return sorted(row["account"] for row in rows(server.run("account", "list", "--json")))


@pytest.mark.parametrize("running", [False, True], ids=["no-server", "server"])
def test_many_accounts_from_a_file(tmp_path, running):
    names = tmp_path / "names"
    names.write_text(f"# comment\n\nmany1:{CRYPT}\nmany2:plain words\r\nmany3@example.org:{CRYPT}")
    with Roost(accounts=["anna"], start=running) as server:
        done = server.run("account", "add", "--from", str(names), "--json")
        assert rows(done) == [{"added": 3, "skipped": 0, "refused": 0}] and done.stderr == ""
        assert names_of(server) == ["anna", "many1", "many2", "many3@example.org"]


BAD = [("no colon", "not name:password"), ("x:{crypt}nonsense", "unsafe or unknown, or is cut"), ("anna:{CRYPT}", "this account exists already"),
       ("info:{CRYPT}", "account anna has this alias already"), ("y:" + "y" * 5000, "line too long"), ("z:a\0b", "a NUL octet"),
       ("Good1:{CRYPT}", "line 1 has this name already"), ("empty:", "1 to 511 octets"), ("long:" + "p" * 512, "1 to 511 octets"),
       ("a b:{CRYPT}", "no name may contain"), ("a@b@c:{CRYPT}", "not a name"), ("n" * 256 + ":{CRYPT}", "1 to 255 octets"),
       (":{CRYPT}", "1 to 255 octets"), ("pf:secret:1000:1000::/home/x::", "needs a scheme"), ("utf:\udcff", "not UTF-8"),
       ("md5:{PLAIN-MD5}abc:::::", "{PLAIN-MD5} is not known"), ("no:{CRYPT}::::::nologin=y", "nologin has no effect"),
       ("no2:{CRYPT}:1:1::/home/no:/bin/sh:userdb_mail=x nologin", "nologin has no effect"),
       ("net:{CRYPT}::::::allow_nets=10.0.0.0/8", "allow_nets has no effect"), ("cut:{CRYPT}\b", "forbidden character")]


@pytest.mark.parametrize("running", [False, True], ids=["no-server", "server"])
def test_bad_lines_are_named_and_stop_nothing(tmp_path, running):
    """Each bad line between good ones: all are named at once, in order; the good ones are taken."""
    names = tmp_path / "names"
    lines = []
    for n, (text, _) in enumerate(BAD):
        lines += [f"good{n + 1}:" + (f"word {n}" if n % 5 == 0 else CRYPT), text.replace("{CRYPT}", CRYPT)]
    lines += [f"last:{CRYPT}"]
    names.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape") + b"\n")
    with Roost(accounts=["anna"], start=running) as server:
        server.run("account", "alias", "anna", "info")
        done = server.run("account", "add", "--from", str(names), check=False)
        assert done.returncode == 1 and done.stdout == f"{len(BAD) + 1} accounts added, {len(BAD)} lines not usable\n"
        told = done.stderr.splitlines()
        assert len(told) == len(BAD)
        for n, (line, (text, reason)) in enumerate(zip(told, BAD)):
            assert line.startswith(f"{names}:{2 * n + 2}: ") and reason in line, line
        good = ["anna", "last", *(f"good{n + 1}" for n in range(len(BAD)))]
        assert names_of(server) == sorted(good)

        # Mended and given again: what is there is passed over, what was missing comes.
        lines[1] = f"mended:{CRYPT}"
        names.write_bytes("\n".join(lines[:6]).encode() + b"\n")
        done = server.run("account", "add", "--skip-existing", "--from", str(names), "--json", check=False)
        assert done.returncode == 1
        told = rows(done)
        assert told[-1] == {"added": 1, "skipped": 4, "refused": 1} and told[0]["line"] == 4 and len(told) == 2
        names.write_text(f"anna:{CRYPT}\nmended:other\n")
        done = server.run("account", "add", "--from", str(names), "--skip-existing")
        assert done.stdout == "0 accounts added, 2 already there\n"
        # An alias is no account: nobody has this mailbox, so it is not passed over.
        names.write_text("info:word\n")
        done = server.run("account", "add", "--from", str(names), "--skip-existing", check=False)
        assert done.returncode == 1 and "alias" in done.stderr
        assert server.run("account", "add", "x", "--skip-existing", check=False).returncode == 2


def test_lines_of_a_password_file_as_they_are(tmp_path):
    """Only extra fields say who may log in: a shell may be called nologin, and so may a home folder or a password."""
    names = tmp_path / "names"
    names.write_text(f"u1:{CRYPT}:1000:1000::/home/u1:/usr/sbin/nologin\n"
                     f"u2:{CRYPT}:1000:1000:nologin allow_nets=x:/home/nologin:/usr/sbin/nologin:userdb_mail=/srv/nologin\n"
                     f"u3:{{PLAIN}}nologin:::::/bin/false:userdb_nologin=1 my_allow_nets=2\n"
                     "u4:nologin:allow_nets=1\n"
                     f"u5:{CRYPT}:::\n")
    with Roost(accounts=[]) as server:
        done = server.run("account", "add", "--from", str(names), "--json")
        assert rows(done) == [{"added": 5, "skipped": 0, "refused": 0}] and done.stderr == ""


def test_more_lines_than_a_batch(home, tmp_path):
    """Troubles keep their lines over the borders of batches (500)."""
    names = tmp_path / "names"
    names.write_text("".join(f"u{n}:{CRYPT}\n" if n % 400 else "bad\n" for n in range(2001)))
    done = home.run("account", "add", "--from", str(names), check=False)
    assert done.stdout == "1995 accounts added, 6 lines not usable\n"
    assert [int(line.split(":")[1]) for line in done.stderr.splitlines()] == [1, 401, 801, 1201, 1601, 2001]
    names.write_text("".join(f"u{n}:plain\n" for n in range(2001)))  # would take minutes if they were hashed
    begin = time.monotonic()
    done = home.run("account", "add", "--from", str(names), "--skip-existing")
    assert done.stdout == "6 accounts added, 1995 already there\n" and time.monotonic() - begin < 30


def test_plain_passwords_are_those_of_their_names(tmp_path):
    """Hashed on many threads: each account has the password of its own line."""
    names = tmp_path / "names"
    names.write_text("".join(f"p{n}:word of {n}\n" for n in range(18)))
    with Roost(options=["auth.trusted_networks=127.0.0.0/8"]) as server:
        server.run("account", "add", "--from", str(names))
        for n in range(0, 18, 3):
            peer = server.connect()
            peer.line()
            peer.command(f'LOGIN p{n} "word of {n + 1}"', expect="NO")
            peer.command(f'LOGIN p{n} "word of {n}"')
            peer.close()


def test_progress_on_a_terminal(home, tmp_path):
    names = tmp_path / "names"
    names.write_text("# many\n" + "".join(f"p{n}:word of {n}\n" for n in range(36)) + "bad\n")
    main, side = pty.openpty()
    process = subprocess.Popen([binary(), "account", "add", "--from", str(names), "-c", str(home.config)],
                               stdout=subprocess.PIPE, stderr=side,
                               preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}))  # 16 a batch
    os.close(side)
    seen = b""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        ready, _, _ = select.select([main], [], [], 1)
        try:
            part = os.read(main, 4096) if ready else b""
        except OSError:  # EIO: the other side is closed
            break
        seen += part
    os.close(main)
    assert process.wait(timeout=10) == 1
    assert process.stdout.read() == b"36 accounts added, 1 line not usable\n"
    process.stdout.close()
    steps = [int(found) for found in re.findall(rb"\] +(\d+) %", seen)]
    assert len(steps) >= 2 and steps == sorted(steps) and 0 < steps[0] < 100, seen
    # The bar is taken off the screen before a line of text.
    assert re.search(rb"\r +\r[^\r\n]*names:38: not name:password", seen), seen


def test_lines_of_a_password_file(tmp_path):
    """Dovecot's passwd-file as it is: fields behind the hash, hashes with and without a scheme."""
    names = tmp_path / "users"
    bare = CRYPT.removeprefix("{crypt}")
    assert bare.startswith("$")
    names.write_text(
        f"bare:{bare}\nfields:{{SHA512-CRYPT}}{bare}:1000:1000::/home/x::userdb_quota=1\nupper:{{CRYPT}}{bare}:::::\n"
        f"plain:{{PLAIN}}{PASSWORD}:1000:1000::/home/x::\ncolons:a:b:c\n")
    with Roost() as server:
        assert server.run("sessions").stdout == "nobody is connected\n"
        server.run("account", "add", "--from", str(names))
        for name, password in [("bare", PASSWORD), ("fields", PASSWORD), ("upper", PASSWORD), ("plain", PASSWORD),
                               ("colons", "a:b:c")]:
            peer = server.connect()
            peer.line()
            peer.command(f'LOGIN {name} "{password}"')
            peer.close()
        names.write_text(f"x:{bare[:-1]}\n")
        done = server.run("account", "add", "--from", str(names), check=False)
        assert done.returncode == 1 and "is cut" in done.stderr, done.stderr


# ---- remove and restore ----

def subjects(server, account, password=PASSWORD):
    peer = server.connect()
    peer.line()
    peer.command(f'LOGIN {account} "{password}"')
    peer.command("SELECT INBOX")
    found = re.findall(r"Subject: (\S+)", "\n".join(
        str(line) for line in peer.command("FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]")))
    peer.close()
    return found


def refused(server, account):
    peer = server.connect()
    peer.line()
    peer.command(f'LOGIN {account} "{PASSWORD}"', expect="NO")
    peer.close()
    return undeliverable(server, account)


def undeliverable(server, address):
    with pytest.raises(AssertionError, match="550 5.1.1 No such account"):
        server.deliver(address, "Subject: no\n\nx\n")
    return True


def removed(server):
    return [(row["account"], row["id"]) for row in rows(server.run("account", "list", "--removed", "--json"))]


def folders(server):
    return sorted(int(path.parent.name.split(".")[0]) for path in (server.home / "accounts").rglob("mail.db")
                  if path.parent.parent.name != "spare")


def test_a_removed_account_comes_back():
    with Roost(accounts=["anna", "bert"]) as server:
        server.run("account", "alias", "anna", "sales")
        server.run("account", "alias", "anna", "info")
        assert server.deliver("sales", "Subject: first\n\nx\n").startswith("250")
        peer = server.login("anna")
        peer.command("SELECT INBOX")
        assert server.run("account", "list", "--removed").stdout == ""
        done = server.run("account", "remove", "anna", "--yes")
        assert peer.line().startswith("* BYE")
        assert refused(server, "anna") and undeliverable(server, "info")
        assert names_of(server) == ["bert"] and removed(server) == [("anna", 1)]
        today, until = (time.strftime("%Y-%m-%d", time.gmtime(time.time() + n * 86400)) for n in (0, 14))
        assert f"kept until {until}; until then, `roost account restore anna`" in done.stdout
        assert re.match(rf"anna +removed {today}, can be restored until {until}, --id 1\n",
                        server.run("account", "list", "--removed").stdout)

        server.run("account", "restore", "Anna")
        assert subjects(server, "anna") == ["first"] and removed(server) == []
        assert server.deliver("info", "Subject: second\n\nx\n").startswith("250")
        assert subjects(server, "anna") == ["first", "second"]
        nobody = server.run("account", "restore", "anna", check=False)
        assert nobody.returncode == 1 and 'no removed account "anna"' in nobody.stderr

        # Somebody else gets the name and an alias. Both accounts live side by side.
        server.run("account", "remove", "anna", "--yes")
        server.add_accounts(["anna"])
        server.run("account", "alias", "bert", "sales")
        assert server.deliver("anna", "Subject: of-the-new-one\n\nx\n").startswith("250")
        clash = server.run("account", "restore", "anna", check=False)
        assert clash.returncode == 1 and "--as" in clash.stderr and "already" in clash.stderr
        done = server.run("account", "restore", "anna", "--as", "anna.old")
        assert "sales now belongs to another account" in done.stderr
        assert subjects(server, "anna.old") == ["first", "second"] and subjects(server, "anna") == ["of-the-new-one"]
        assert server.deliver("info", "Subject: third\n\nx\n").startswith("250")
        assert server.deliver("sales", "Subject: for-bert\n\nx\n").startswith("250")
        assert subjects(server, "anna.old")[-1] == "third" and subjects(server, "bert") == ["for-bert"]


@pytest.mark.parametrize("running", [False, True], ids=["no-server", "server"])
def test_which_of_several_is_restored(running):
    with Roost(accounts=["anna"], start=running) as server:
        server.run("account", "remove", "anna", "--yes")
        server.add_accounts(["anna"])
        server.run("account", "remove", "anna", "--yes")
        assert removed(server) == [("anna", 1), ("anna", 2)]
        several = server.run("account", "restore", "anna", check=False)
        assert several.returncode == 1 and "2 removed accounts" in several.stderr and "--id" in several.stderr
        for wrong in (["--id", "0"], ["--id", "x"], ["--id"], ["x"]):
            assert server.run("account", "restore", "anna", *wrong, check=False).returncode == 2, wrong
        assert server.run("account", "restore", "anna", "--id", "3", check=False).returncode == 1
        server.run("account", "restore", "anna", "--id", "1")
        assert removed(server) == [("anna", 2)] and names_of(server) == ["anna"]


def remove_on_terminal(home, *args, answer):
    """Exit status and all that is shown, asked and answered on a terminal."""
    main, side = pty.openpty()
    process = subprocess.Popen([binary(), "account", "remove", *args, "-c", str(home.config)], stdin=side, stderr=side,
                               stdout=subprocess.PIPE)
    os.close(side)
    shown = b""
    while not shown.endswith(b"remove the account: "):
        assert select.select([main], [], [], 60)[0], shown
        shown += os.read(main, 4096)
    os.write(main, answer + b"\n")
    stdout = process.communicate(timeout=60)[0]
    os.close(main)
    return process.returncode, shown.decode().replace("\r\n", "\n"), stdout.decode()


def test_removing_asks_first_and_says_what_becomes_of_the_mail(home):
    until = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 14 * 86400))
    home.run("account", "add", "bert", "--password-stdin", stdin="secret word\n")
    code, shown, stdout = remove_on_terminal(home, "bert", answer=b"anna")
    assert code == 1 and f"kept until {until}" in shown and "restore bert" in shown and stdout == ""
    code, shown, stdout = remove_on_terminal(home, "bert", answer=b"bert")
    assert code == 0 and f"kept until {until}" in stdout and "restore bert" in stdout
    home.run("account", "restore", "bert")
    for for_good in (["--for-good"], ["-o", "store.undelete=0"]):
        code, shown, stdout = remove_on_terminal(home, "bert", *for_good, answer=b"bert")
        assert code == 0 and "deletes all of its mail" in shown and stdout == "bert was removed, and its mail was deleted.\n"
        assert "restore" not in shown
        home.run("account", "add", "bert", "--password-stdin", stdin="secret word\n")
    refused = home.run("account", "remove", "bert", check=False, stdin="")
    assert refused.returncode == 2 and "--yes" in refused.stderr
    assert rows(home.run("account", "remove", "bert", "--yes", "--json"))[0]["removed"] == "bert"


def test_removed_for_good():
    """At once with --for-good and with undelete = 0, without touching others; with a session that hangs on."""
    with Roost(accounts=["anna", "bert", "carl"], options=["store.undelete=1d"]) as server:
        for name in ("anna", "bert", "carl"):
            assert server.deliver(name, "Subject: x\n\nx\n").startswith("250")
        peer = server.login("anna")
        peer.command("SELECT INBOX")
        server.run("account", "remove", "bert", "--yes")
        server.run("account", "remove", "anna", "--yes", "--for-good")
        assert removed(server) == [("bert", 2)] and folders(server) == [2, 3]
        server.run("account", "restore", "bert")
        assert subjects(server, "bert") == ["x"]
        server.stop()
        server.run("account", "remove", "bert", "--yes", "-o", "store.undelete=0")
        assert removed(server) == [] and folders(server) == [3]
        server.run("account", "remove", "carl", "--yes", "--for-good")
        assert removed(server) == [] and folders(server) == []


def test_housekeeping_removes_what_is_over():
    """Accounts whose time is over, and one whose purging was cut off by kill -9, also with no account left in use."""
    with Roost(accounts=["anna", "bert", "carl"], options=["store.undelete=1h"]) as server:
        for name in ("anna", "bert", "carl"):
            assert server.deliver(name, "Subject: x\n\nx\n").startswith("250")
            server.run("account", "remove", name, "--yes")
        server.kill()
        db = sqlite3.connect(server.home / "registry.db")
        db.execute("UPDATE removed_account SET removed_s = removed_s - 3601 WHERE name = 'anna'")
        db.execute("UPDATE removed_account SET purging = 1 WHERE name = 'bert'")
        db.commit()
        db.close()
        assert removed(server) == [("anna", 1), ("carl", 3)]
        server.start()
        server.log_wait(r"07215 .*account anna \(1\), removed 3\d\d\d s ago, was deleted for good", timeout=30)
        server.log_wait(r"07215 .*account bert \(2\)", timeout=30)
        assert removed(server) == [("carl", 3)] and folders(server) == [3]
        server.run("account", "restore", "carl")
        assert subjects(server, "carl") == ["x"]
