# SPDX-License-Identifier: MIT
"""An account that changes between the moment when a client has proved who it is and the moment when others can
reach its session: the client is told all the same, and what was removed for good does not come back.

A login waits at that very point while the only place of its account belongs to a peer that has vanished. The server's
time stands still then, so that however long the change takes, the place is not given to the login before."""

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import PASSWORD, Roost  # noqa: E402

OPTIONS = ["log.levels=APSF", "idle.keepalive=1s", "idle.suspect_after=1s", "limits.max_connections_per_user=1"]


def folders(server):
    """Accounts that have a folder, by number."""
    return sorted(int(path.name) for path in (server.home / "accounts").glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"))


def waiting_login(server):
    """A login that was verified and waits for its place."""
    dead = server.idling()
    dead.vanish()
    deadline = time.monotonic() + 30
    while not server.sessions()[0]["suspect"]:  # the kernel counts real time since the last acknowledgement
        assert time.monotonic() < deadline
        server.advance(1)
    peer = server.connect()
    peer.line()
    peer.number = server.number_of(peer)
    peer.send(f'w LOGIN user "{PASSWORD}"\r\n')
    server.log_wait(rf"A 06157 {peer.number} .*LOGIN")
    return dead, peer


CHANGES = [
    (("account", "passwd", "user", "--password-stdin"), "another word\n", "password-changed",
     "* BYE [UNAVAILABLE] Password was changed; log in again"),
    (("account", "disable", "user"), None, "account-disabled", "* BYE [CONTACTADMIN] Account is disabled"),
    (("account", "remove", "user", "--yes"), None, "account-removed", "* BYE [CONTACTADMIN] Account was removed"),
    (("account", "remove", "user", "--yes", "--for-good"), None, "account-removed",
     "* BYE [CONTACTADMIN] Account was removed"),
]


@pytest.mark.parametrize("verb, stdin, reason, bye", CHANGES, ids=lambda part: part if isinstance(part, str) else None)
def test_a_login_under_way_is_told(verb, stdin, reason, bye):
    with Roost(options=OPTIONS, accounts=["user", "other"], clock=True) as server:
        dead, peer = waiting_login(server)
        server.run(*verb, stdin=stdin)
        assert peer.line() == bye
        assert peer.at_end()
        assert server.record(peer.number)["reason"] == reason
        assert f"07012 {peer.number} logged in" not in server.log()
        if "--for-good" in verb:
            assert folders(server) == []
        server.login("other").close()
        for one in (dead, peer):
            one.close()


def in_transaction(server):
    peer = server.connect("lmtp")
    peer.reply()
    for command in ("LHLO test", "MAIL FROM:<a@example.org>", "RCPT TO:<user@localhost>",
                    "RCPT TO:<other@localhost>", "DATA"):
        peer.send(command + "\r\n")
        assert peer.reply()[0] in "23", command
    return peer


@pytest.mark.parametrize("for_good", [False, True])
@pytest.mark.parametrize("used", [False, True])
def test_a_delivery_under_way_does_not_bring_it_back(used, for_good):
    """The recipient was accepted before. used: the account has mail, and is in memory."""
    with Roost(accounts=["user", "other"]) as server:
        if used:
            assert server.deliver("user", "Subject: a\r\n\r\nb\r\n").startswith("250")
        peer = in_transaction(server)
        server.run("account", "remove", "user", "--yes", *(["--for-good"] if for_good else []))
        left = folders(server)
        peer.send("Subject: c\r\n\r\nd\r\n.\r\n")
        assert peer.reply() == "550 5.1.1 <user@localhost> No such account"
        assert peer.reply().startswith("250 2.0.0 <other@localhost>")
        assert folders(server) == [*left, 2]
        assert left == ([1] if used and not for_good else [])
        peer.close()


@pytest.mark.parametrize("how", ["selected", "idle", "notify", "unshared"])
def test_guests_let_go_of_an_account_that_is_removed(how):
    """Its mail is deleted at once, although another user has its INBOX selected or watches it."""
    with Roost(accounts=["user", "other"]) as server:
        owner, guest = server.login("user"), server.login("other")
        owner.command("SETACL INBOX other lr")
        if how in ("selected", "idle"):
            guest.command('SELECT "Other Users/user/INBOX"')
            guest.number = server.number_of(guest)
        else:
            guest.command('NOTIFY SET (SUBTREE "Other Users" (MessageNew MessageExpunge MailboxName))')
        if how == "idle":
            guest.send("i IDLE\r\n")
            assert guest.line() == "+ idling"
        if how == "unshared": # it is watched all the same: it may share something again
            owner.command("DELETEACL INBOX other")
            assert guest.line() == '* LIST (\\NonExistent) "/" "Other Users/user/INBOX"'
            guest.command("NOOP")
        server.run("account", "remove", "user", "--yes", "--for-good")
        assert 1 not in folders(server)
        if how in ("selected", "idle"):
            assert guest.line() == "* BYE Account of the selected mailbox was removed"
            assert guest.at_end()
            assert server.record(guest.number)["reason"] == "owner-removed"
        else:
            if how == "notify":
                assert guest.line() == '* LIST (\\NonExistent) "/" "Other Users/user/INBOX"'
            guest.command("NOOP")
        owner.close()
        guest.close()


def test_many_that_come_while_it_goes():
    """Logins and deliveries without pause while accounts are removed for good: none is left over."""
    with Roost(accounts=[f"u{i}" for i in range(8)], options=["auth.allow_plaintext=yes"]) as server:
        for i in range(8):
            peers = [server.login(f"u{i}") for _ in range(3)]
            sender = server.connect("lmtp")
            sender.reply()
            sender.send("".join(f"{line}\r\n" for line in ("LHLO t", "MAIL FROM:<>", f"RCPT TO:<u{i}@localhost>", "DATA")))
            for peer in peers:
                peer.send("a CREATE x\r\nb SELECT INBOX\r\nc APPEND x {3+}\r\nabc\r\n")
            sender.send("Subject: x\r\n\r\nx\r\n.\r\n")
            server.run("account", "remove", f"u{i}", "--yes", "--for-good", check=False)
            for peer in (*peers, sender):
                peer.close()
        deadline = time.monotonic() + 30
        while folders(server) and time.monotonic() < deadline:
            time.sleep(0.1)  # housekeeping removes what a session still had
        assert folders(server) == []
