# SPDX-License-Identifier: MIT
"""Guessing, and those who must not suffer from it: addresses are told apart by 127.0.0.x."""

import re
import socket
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


def peer_from(server, address):
    sock = socket.create_connection(("127.0.0.1", server.ports["imap"]), 60, source_address=(address, 0))
    peer = Peer(None, sock=sock)
    peer.line()
    return peer


def try_login(server, address, account, password=PASSWORD, expect="OK"):
    """Seconds until the answer."""
    peer = peer_from(server, address)
    began = time.monotonic()
    peer.command(f'LOGIN {account} "{password}"', expect)
    took = time.monotonic() - began
    peer.close()
    return took


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
    with Roost(accounts=ACCOUNTS) as server:
        yield server


def stop(guessers):
    for guesser in guessers:
        guesser.over = True


def test_an_office_is_not_locked_out(server):
    """Six neighbours with wrong passwords: whoever is known waits for nothing."""
    try_login(server, "127.0.0.2", "anna")
    guessers = [Guesser(server, "127.0.0.2", "bert") for _ in range(6)]
    time.sleep(1)
    for _ in range(5):
        assert try_login(server, "127.0.0.2", "anna") < 1
        time.sleep(0.2)
    stop(guessers)


def test_a_stale_password_costs_nothing(server):
    """It is tried far more often than guesses are allowed, on six connections at once."""
    def stale():
        for _ in range(20):
            peer = peer_from(server, "127.0.0.3")
            for _ in range(3):
                peer.command('LOGIN bert "of last year"', "NO")
                assert "AUTHENTICATIONFAILED" in peer.last
            peer.close()
    threads = [threading.Thread(target=stale) for _ in range(6)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began < 20  # 360 answers
    assert try_login(server, "127.0.0.3", "carl") < 1  # a pair nobody has seen before
    assert "reason=wrong-password-again address=127.0.0.3" in server.log()


def test_a_budget_is_spent(server):
    for i in range(60):
        if i % 3 == 0:
            peer = peer_from(server, "127.0.0.4")
        peer.command(f'LOGIN dora "wrong {i}"', "NO")
        assert "AUTHENTICATIONFAILED" in peer.last
    for i in range(60, 62):  # these are paid for, and nobody waits for the answer
        peer = peer_from(server, "127.0.0.4")
        peer.send(f'x LOGIN dora "wrong {i}"\r\n')
        time.sleep(0.5)
        peer.close()
    assert try_login(server, "127.0.0.4", "dora", expect="NO") < 1
    assert "reason=too-many-guesses address=127.0.0.4" in server.log()
    assert try_login(server, "127.0.0.5", "carl") < 1  # another address


def test_a_flood_on_one_account(server):
    """Its owner comes from a known address, and from a new one; also right after a restart."""
    try_login(server, "127.0.0.6", "user")
    server.stop()
    server.start()
    guessers = [Guesser(server, f"127.0.1.{i}", "user") for i in range(1, 21)]
    deadline = time.monotonic() + 60
    while sum(guesser.answers for guesser in guessers) < 60 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert try_login(server, "127.0.0.6", "user") < 2
    assert try_login(server, "127.0.0.7", "bert") < 2
    assert try_login(server, "127.0.0.8", "anna") < 2
    stop(guessers)


def test_a_guesser_at_the_owners_address(server):
    """He looks like the owner, and waits for his answers when he has spent what the pair has."""
    try_login(server, "127.0.0.12", "erik")
    guesser = Guesser(server, "127.0.0.12", "erik")
    spent = limit("LIMIT_GUESSES") - limit("LIMIT_GUESSES_KEPT") + limit("LIMIT_GUESSES") - limit("LIMIT_GUESSES_LEFT")
    deadline = time.monotonic() + 60
    while guesser.answers < spent and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)
    for _ in range(2 * limit("LIMIT_GUESSES_KEPT")):
        assert try_login(server, "127.0.0.12", "erik") < 2
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


def test_a_trusted_address():
    """Behind a webmail each login has its own budget."""
    with Roost(options=["auth.trusted_networks=127.0.0.2"], accounts=ACCOUNTS) as server:
        for account in ("anna", "bert"):
            for i in range(45):
                try_login(server, "127.0.0.2", account, f"wrong {i}", "NO")
        assert try_login(server, "127.0.0.2", "carl") < 1
        assert "too-many-guesses" not in server.log()
