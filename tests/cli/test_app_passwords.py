# SPDX-License-Identifier: MIT
"""`roost account app-password`, and what somebody who logs in with one of them gets."""

import base64
import json
import re
import sqlite3
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from limits import limit  # noqa: E402
from roost_server import Roost  # noqa: E402
from sasl import scram  # noqa: E402

FORM = re.compile(r"([a-z2-7]{5}-){4}[a-z2-7]{6}")


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def app(server, *args, **how):
    return server.run("account", "app-password", *args, **how)


def add(server, account, device, *args):
    """Returns the password."""
    row, = rows(app(server, "add", account, device, *args, "--json"))
    assert FORM.fullmatch(row["password"])
    return row["password"]


@pytest.fixture(params=[False, True], ids=["no-server", "server"])
def home(request):
    with Roost(accounts=["anna", "bob"], start=request.param) as roost:
        yield roost


@pytest.fixture
def server():
    with Roost(options=["log.levels=APSF", "auth.scram=yes"]) as roost:
        for name in "anna", "bob":
            roost.run("account", "add", name, "--password-stdin", stdin="pencil\n")
        yield roost


def plain(peer, account, password):
    peer.send("p AUTHENTICATE PLAIN " + base64.b64encode(f"\0{account}\0{password}".encode()).decode() + "\r\n")
    return peer.line()


def try_plain(server, account, password):
    peer = server.connect()
    peer.line()
    line = plain(peer, account, password)
    peer.close()
    return line.split(" ")[1]


def try_scram(server, account, password):
    peer = server.connect()
    peer.line()
    line = scram(peer, account, password)
    peer.close()
    return line.split(" ")[1]


def test_added_listed_removed(home):
    done = app(home, "add", "anna", "Anna's phone")
    assert FORM.fullmatch(done.stdout.strip()) and "only once" in done.stderr
    add(home, "anna", "tablet", "--days", "90", "--only", "imap")
    add(home, "bob", "tablet")
    phone, tablet = rows(app(home, "list", "anna", "--json"))
    assert phone["name"] == "Anna's phone" and phone["protocols"] is None and phone["expires"] is None
    assert tablet["protocols"] == ["imap"] and tablet["expires"] == tablet["created"] + 90 * 86400
    assert phone["used"] is None and "password" not in phone and "digest" not in phone
    lines = app(home, "list", "anna").stdout.splitlines()
    assert re.search(r"Anna's phone +made \d{4}-\d\d-\d\d, not used yet$", lines[0])
    assert re.search(r"tablet +made \S+, not used yet, expires \d{4}-\d\d-\d\d, only for imap$", lines[1])
    done = app(home, "add", "anna", "tablet", check=False)
    assert done.returncode == 1 and 'there is an application password "tablet" already' in done.stderr
    app(home, "remove", "anna", "tablet")
    assert [row["name"] for row in rows(app(home, "list", "anna", "--json"))] == ["Anna's phone"]
    done = app(home, "remove", "anna", "tablet", check=False)
    assert done.returncode == 1 and 'there is no application password "tablet"' in done.stderr


DAYS = limit("LIMIT_APP_PASSWORD_DAYS")
NAME = limit("LIMIT_APP_PASSWORD_NAME")


@pytest.mark.parametrize("args, code", [
    (("anna", "x", "--days", "0"), 2), (("anna", "x", "--days", str(DAYS + 1)), 2), (("anna", "x", "--days", "x"), 2),
    (("anna",), 2), (("anna", "x", "y"), 2), (("anna", "--days"), 2), (("anna", "x" * (NAME + 1)), 1), (("anna", ""), 1),
    (("anna", "a\nb"), 1), (("anna", 'a"b'), 1), (("nobody", "x"), 1), (("anna", "x", "--only", "lmtp"), 1),
    (("anna", "x", "--only", "imap,gopher"), 1), (("anna", "x", "--only", ""), 1)])
def test_what_is_refused(home, args, code):
    done = app(home, "add", *args, check=False)
    assert done.returncode == code, done.stderr
    assert rows(app(home, "list", "anna", "--json")) == []


def test_what_is_just_allowed(home):
    add(home, "anna", "x" * NAME, "--days", str(DAYS))
    add(home, "anna", "ü" * (NAME // 2))
    for number in range(2, limit("LIMIT_APP_PASSWORDS")):
        add(home, "anna", f"n{number}")
    done = app(home, "add", "anna", "one more", check=False)
    assert done.returncode == 1 and "50 application passwords" in done.stderr


def test_each_way_to_log_in(server):
    phone, tablet = add(server, "anna", "phone"), add(server, "anna", "tablet")
    for password, name in (phone, "phone"), (tablet, "tablet"):
        peer = server.connect()
        peer.line()
        peer.command(f'LOGIN anna "{password}"')
        peer.close()
        server.log_wait(f'logged in as anna by LOGIN command with application password "{name}"')
        assert try_plain(server, "anna", password) == "OK"
        server.log_wait(f'logged in as anna by PLAIN with application password "{name}"')
        assert try_scram(server, "anna", password) == "OK"
        server.log_wait(f'logged in as anna by SCRAM-SHA-256 with application password "{name}"')
        assert try_plain(server, "bob", password) == "NO"
        assert try_scram(server, "bob", password) == "NO"
    assert try_scram(server, "anna", "pencil") == try_plain(server, "anna", "pencil") == "OK"
    assert try_scram(server, "anna", "eraser") == try_plain(server, "anna", "eraser") == "NO"
    assert phone not in server.log() and tablet not in server.log()


def test_one_is_revoked(server):
    phone, tablet = add(server, "anna", "phone"), add(server, "anna", "tablet")
    peers = []
    for password in phone, tablet, "pencil":
        peer = server.connect()
        peer.line()
        assert " OK " in plain(peer, "anna", password)
        peer.command("SELECT INBOX")
        peer.send("i IDLE\r\n")
        assert peer.line() == "+ idling"
        peers.append(peer)
    number = server.number_of(peers[0])
    app(server, "remove", "anna", "phone")
    assert peers[0].line() == "* BYE [CONTACTADMIN] Application password was revoked"
    assert peers[0].at_end()
    for peer in peers[1:]:
        assert peer.done() == []
    record = server.record(number)
    assert record["reason"] == "app-password-revoked" and record["detail"] == 'application password "phone"'
    told = server.run("explain", str(number)).stdout
    assert "by PLAIN with application password number 1" in told and "was revoked" in told
    assert try_plain(server, "anna", phone) == try_scram(server, "anna", phone) == "NO"
    assert try_plain(server, "anna", tablet) == try_scram(server, "anna", tablet) == "OK"


def test_the_account_gets_another_password(server):
    """Application passwords go on, also with SCRAM, and so do the sessions that they have opened."""
    phone = add(server, "anna", "phone")
    kept, ended = server.connect(), server.connect()
    for peer, password in (kept, phone), (ended, "pencil"):
        peer.line()
        assert " OK " in plain(peer, "anna", password)
    server.run("account", "passwd", "anna", "--password-stdin", stdin="eraser\n")
    assert ended.line() == "* BYE [UNAVAILABLE] Password was changed; log in again"
    kept.command("NOOP")
    assert try_scram(server, "anna", phone) == try_scram(server, "anna", "eraser") == "OK"
    assert try_scram(server, "anna", "pencil") == try_plain(server, "anna", "pencil") == "NO"
    server.run("account", "disable", "anna")
    assert kept.line() == "* BYE [CONTACTADMIN] Account is disabled"
    assert try_plain(server, "anna", phone) == try_scram(server, "anna", phone) == "NO"


def test_an_account_with_a_hash_only():
    """SCRAM works with the application password at once, and after its first login with the own one too."""
    with Roost(options=["log.levels=APSF", "auth.scram=yes"], accounts=["user"]) as server:
        phone = add(server, "user", "phone")
        assert try_scram(server, "user", phone) == "OK"
        assert try_scram(server, "user", "secret word") == "NO"
        assert try_plain(server, "user", "secret word") == "OK"
        deadline = time.monotonic() + 30
        while try_scram(server, "user", "secret word") != "OK":
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert try_scram(server, "user", phone) == "OK"


def test_an_expired_one(server):
    phone = add(server, "anna", "phone", "--days", "1")
    assert try_plain(server, "anna", phone) == "OK"
    with sqlite3.connect(server.home / "registry.db") as db:  # the day is over
        db.execute("UPDATE app_password SET expires_s = 1, protocols = 1")
    db.close()
    assert try_plain(server, "anna", phone) == "NO"
    server.log_wait(r'reason=application-password-expired address=127.0.0.1 login="anna" client="" '
                    r'\(application password "phone"\)')
    for _ in range(limit("LIMIT_GUESSES") + 1):  # it is the right one, so no guess
        assert try_scram(server, "anna", phone) == "NO"
    assert len(re.findall("reason=application-password-expired", server.log())) == limit("LIMIT_GUESSES") + 2
    assert "login delayed" not in server.log()
    with sqlite3.connect(server.home / "registry.db") as db:  # it is for something else
        db.execute("UPDATE app_password SET expires_s = NULL, protocols = 1 << 30")
    db.close()
    assert try_scram(server, "anna", phone) == "NO"
    server.log_wait("reason=application-password-for-other-protocol")


def test_when_it_was_used(server):
    phone = add(server, "anna", "phone")
    before = int(time.time())
    assert try_scram(server, "anna", phone) == "OK"
    server.stop()  # which writes what is not written yet
    row, = rows(app(server, "list", "anna", "--json"))
    assert before <= row["used"] <= time.time()
    assert re.search(r", last used \d{4}-\d\d-\d\d$", app(server, "list", "anna").stdout.strip())


def test_after_unauthenticate(server):
    """The connection is somebody else's, whom the application password does not concern."""
    phone = add(server, "anna", "phone")
    peer = server.connect()
    peer.line()
    assert " OK " in plain(peer, "anna", phone)
    peer.command("UNAUTHENTICATE")
    assert " OK " in plain(peer, "anna", "pencil")
    app(server, "remove", "anna", "phone")
    peer.command("NOOP")
    server.run("account", "passwd", "anna", "--password-stdin", stdin="eraser\n")
    assert peer.line() == "* BYE [UNAVAILABLE] Password was changed; log in again"
