# SPDX-License-Identifier: MIT
"""Guessing, and those who must not suffer from it: addresses are told apart by 127.0.0.x."""

import re
import socket
import sqlite3
import sys
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

from limits import limit  # noqa: E402
from roost_server import PASSWORD, Peer, Roost  # noqa: E402

ACCOUNTS = ["anna", "bert", "carl", "dora", "erik", "user"]
OPTIONS = ["log.levels=PSF"]
AT_ONCE_S = 10  # for what waits for no guess, however busy the machine is; those that do wait 15 seconds or more


def peer_from(server, address):
    sock = socket.create_connection(("127.0.0.1", server.ports["imap"]), 60, source_address=(address, 0))
    peer = Peer(None, sock=sock)
    peer.line()
    return peer


def try_login(server, address, account, password=PASSWORD, expect="OK"):
    """Whether it was not made to wait: of one that is right, the log would tell that."""
    peer = peer_from(server, address)
    number = server.number_of(peer) if expect == "OK" else None
    began = time.monotonic()
    peer.command(f'LOGIN {account} "{password}"', expect)
    took = time.monotonic() - began
    peer.close()
    return delayed(number) not in server.log() and took < AT_ONCE_S


def delayed(number):
    return f"P 07023 {number} login delayed"


class Guesser(threading.Thread):
    """Different wrong passwords, one after the other, until it is stopped."""

    count = 0

    def __init__(self, server, address, account):
        super().__init__(daemon=True)
        self.server, self.address, self.account, self.over = server, address, account, False
        self.answers = 0
        self.start()

    def run(self):
        while not self.over:
            try:
                peer = peer_from(self.server, self.address)
                for _ in range(3):
                    Guesser.count += 1
                    peer.send(f'g LOGIN {self.account} "guess {Guesser.count}"\r\n')
                    peer.line()
                    self.answers += 1
                peer.close()
            except (OSError, EOFError):
                pass


@pytest.fixture(scope="module")
def server():
    with Roost(options=OPTIONS, accounts=ACCOUNTS) as server:
        yield server


def answers_wait(guessers, count):
    deadline = time.monotonic() + 60
    while sum(guesser.answers for guesser in guessers) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def stop(guessers):
    for guesser in guessers:
        guesser.over = True


def test_an_office_is_not_locked_out(server):
    """Six neighbours with wrong passwords: whoever is known waits for nothing."""
    try_login(server, "127.0.0.2", "anna")
    guessers = [Guesser(server, "127.0.0.2", "bert") for _ in range(6)]
    for answers in range(12, 60, 10):
        answers_wait(guessers, answers)
        assert try_login(server, "127.0.0.2", "anna")
    stop(guessers)


def test_a_stale_password_costs_nothing(server):
    """It is tried far more often than guesses are allowed, on six connections at once: each of them verifies it once
    at most."""
    def stale():
        for _ in range(20):
            peer = peer_from(server, "127.0.0.3")
            for _ in range(3):
                peer.command('LOGIN bert "of last year"', "NO")
                assert "AUTHENTICATIONFAILED" in peer.last
            peer.close()
    threads = [threading.Thread(target=stale) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert try_login(server, "127.0.0.3", "carl")  # a pair nobody has seen before
    assert server.log().count("reason=wrong-password-again address=127.0.0.3") >= 360 - 6


def test_a_budget_is_spent(server):
    for i in range(60):
        if i % 3 == 0:
            peer = peer_from(server, "127.0.0.4")
        peer.command(f'LOGIN dora "wrong {i}"', "NO")
        assert "AUTHENTICATIONFAILED" in peer.last
    for i in range(60, 62):  # these are paid for, and nobody waits for the answer
        peer = peer_from(server, "127.0.0.4")
        number = server.number_of(peer)
        peer.send(f'x LOGIN dora "wrong {i}"\r\n')
        server.log_wait(delayed(number))
        peer.close()
    assert try_login(server, "127.0.0.4", "dora", expect="NO")
    assert "reason=too-many-guesses address=127.0.0.4" in server.log()
    assert try_login(server, "127.0.0.5", "carl")  # another address


def test_a_flood_on_one_account(server):
    """Its owner comes from a known address, and from a new one; also right after a restart."""
    try_login(server, "127.0.0.6", "user")
    server.stop()
    server.start()
    guessers = [Guesser(server, f"127.0.1.{i}", "user") for i in range(1, 21)]
    answers_wait(guessers, 60)
    assert try_login(server, "127.0.0.6", "user")
    assert try_login(server, "127.0.0.7", "bert")
    assert try_login(server, "127.0.0.8", "anna")
    stop(guessers)


def test_a_guesser_at_the_owners_address(server):
    """He looks like the owner, and waits for his answers when he has spent what the pair has."""
    try_login(server, "127.0.0.12", "erik")
    guesser = Guesser(server, "127.0.0.12", "erik")
    spent = limit("LIMIT_GUESSES") - limit("LIMIT_GUESSES_KEPT") + limit("LIMIT_GUESSES") - limit("LIMIT_GUESSES_LEFT")
    answers_wait([guesser], spent)
    for _ in range(2 * limit("LIMIT_GUESSES_KEPT")):
        assert try_login(server, "127.0.0.12", "erik")
    assert spent <= guesser.answers < spent + 10
    stop([guesser])


def test_the_line_of_a_refused_login(server):
    peer = peer_from(server, "127.0.0.9")
    peer.command('ID ("name" "Mail" "version" "1.2")')
    peer.command('LOGIN carl "secret that must not be shown"', "NO")
    peer.command('LOGIN "no \\"address=10.0.0.1" x', "NO")
    peer.close()
    for _ in range(3):  # one password, which is refused once and then remembered
        try_login(server, "127.0.0.10", "dora", "stale", "NO")
    server.log_wait(r"reason=no-such-account address=127\.0\.0\.9")
    server.log_wait(r"reason=wrong-password-again address=127\.0\.0\.10")
    log = server.log()
    assert 'login failed: reason=wrong-password address=127.0.0.9 login="carl" client="Mail 1.2"' in log
    assert 'login failed: reason=no-such-account address=127.0.0.9 login="no ?address=10.0.0.1" client="Mail 1.2"' in log
    assert "must not be shown" not in log
    # The filter that the manual prints finds both, and no stale password.
    text = (ROOT / "docs" / "fail2ban.md").read_text()
    pattern = re.search(r"failregex = (.*)", text).group(1).replace("<ADDR>", r"(?P<address>[0-9a-f.:]+)")
    found = [m.group("address") for line in log.splitlines() if (m := re.match(pattern, line))]
    assert found.count("127.0.0.9") == 2 and "10.0.0.1" not in found
    assert found.count("127.0.0.10") == 1
    # The manual lists every reason that the program has.
    names = set(re.findall(r'"([a-z-]+)",$', (ROOT / "src/auth/login_name.c").read_text(), re.M)) - {"none"}
    names |= set(re.findall(r'refuse\(login,[^"]*"([a-z-]+)"', (ROOT / "src/door/login.c").read_text()))
    assert len(names) > 20 and names == set(re.findall(r"^\| `([a-z-]+)` \|", text, re.M))


def test_no_tls_no_password():
    """What is refused because others could read along is in the log too, and is no guess."""
    with Roost(options=["auth.allow_plaintext=no"], accounts=["carl"]) as server:
        peer = peer_from(server, "127.0.0.11")
        peer.command('ID ("name" "Old")')
        for _ in range(limit("LIMIT_LOGIN_FAILURES") - 2):
            peer.command(f'LOGIN carl "{PASSWORD}"', "NO")
            assert "[PRIVACYREQUIRED]" in peer.last
        peer.command("AUTHENTICATE PLAIN AGNhcmwAcHc=", "NO")
        assert "[PRIVACYREQUIRED]" in peer.last
        peer.command("NOOP")
        peer.close()
        line = 'login failed: reason=needs-tls address=127.0.0.11 login="{}" client="Old"'
        server.log_wait(re.escape(line.format("")))
        assert server.log().count(line.format("carl")) == limit("LIMIT_LOGIN_FAILURES") - 2
        text = (ROOT / "docs" / "fail2ban.md").read_text()
        pattern = re.search(r"failregex = (.*)", text).group(1).replace("<ADDR>", r"[0-9a-f.:]+")
        assert not re.findall(pattern, server.log(), re.M)


def test_no_tls_fills_no_log():
    """However many logins a stranger sends without TLS, a connection has few lines in the log, and
    its address's budget of wrong passwords is not touched."""
    most = limit("LIMIT_LOGIN_FAILURES")
    with Roost(options=["auth.allow_plaintext=no"], accounts=["carl"]) as server:
        for sent, command in ((most, "LOGIN x y"), (most + 1, "AUTHENTICATE PLAIN AHgAeQ=="), (2000, "LOGIN x y")):
            before = server.log().count("reason=needs-tls")
            peer = peer_from(server, "127.0.0.12")
            peer.send("".join(f"p{i} {command}\r\n" for i in range(sent)))
            for i in range(most):
                assert peer.line().startswith(f"p{i} NO [PRIVACYREQUIRED]")
            assert peer.line().startswith("* BYE [AUTHENTICATIONFAILED]")
            assert peer.at_end()
            peer.close()
            server.log_wait("end login-failures ")
            assert server.log().count("reason=needs-tls") == before + most
        assert "too-many-guesses" not in server.log()


def test_logins_that_cannot_be_verified_fill_no_log():
    """The registry cannot be read. That is no fault of the client's, and it is not told that its password is wrong."""
    most = limit("LIMIT_LOGIN_FAILURES")
    with Roost(accounts=["carl"]) as server:
        registry = sqlite3.connect(server.home / "registry.db", isolation_level=None, timeout=10)
        registry.execute("ALTER TABLE account RENAME TO elsewhere")
        for command in ("LOGIN x y", "AUTHENTICATE PLAIN AHgAeQ=="):
            before = server.log().count("reason=server-failed")
            peer = peer_from(server, "127.0.0.13")
            peer.send("".join(f"p{i} {command}\r\n" for i in range(200)))
            for i in range(most):
                assert peer.line().startswith(f"p{i} NO [UNAVAILABLE]")
            assert peer.line().startswith("* BYE [UNAVAILABLE]")
            assert peer.at_end()
            peer.close()
            server.log_wait("end store-failed ")
            assert server.log().count("reason=server-failed") == before + most
        registry.execute("ALTER TABLE elsewhere RENAME TO account")
        registry.close()
        server.login("carl").close()


def test_a_trusted_address():
    """Behind a webmail each login has its own budget."""
    with Roost(options=[*OPTIONS, "auth.trusted_networks=127.0.0.2"], accounts=ACCOUNTS) as server:
        for account in ("anna", "bert"):
            for i in range(45):
                try_login(server, "127.0.0.2", account, f"wrong {i}", "NO")
        assert try_login(server, "127.0.0.2", "carl")
        assert "too-many-guesses" not in server.log()
