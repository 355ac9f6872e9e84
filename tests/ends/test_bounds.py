# SPDX-License-Identifier: MIT
"""What one peer may ask of a server, each limit at its number, one above, and far beyond."""

import socket
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from limits import limit  # noqa: E402
from roost_server import PASSWORD, Roost  # noqa: E402


@pytest.fixture(scope="module")
def server():
    with Roost(accounts=["anna", "bert"]) as roost:
        yield roost


def around(name, far):
    """(octets or times, whether that is allowed)."""
    at = limit(name)
    return (at, True), (at + 1, False), (far, False)


def greeted(server):
    peer = server.connect()
    peer.line()
    return peer


def test_tag(server):
    for octets, allowed in around("LIMIT_TAG", 100_000):
        peer = server.login("anna")
        tag = "t" * octets
        peer.send(f"{tag} NOOP\r\n")
        answer = peer.line()
        assert answer.startswith(f"{tag} OK" if allowed else "* BAD"), answer[:100]
        peer.command("NOOP")
        peer.close()


def test_literal_before_login(server):
    for octets, allowed in around("LIMIT_LITERAL_BEFORE_LOGIN", 4_000_000_000):
        peer = greeted(server)
        peer.send(f"a LOGIN {{{octets}}}\r\n")
        answer = peer.line()
        assert answer.startswith("+") == allowed, answer
        if allowed:
            peer.send("x" * octets + " y\r\n")
            assert peer.line().startswith("a NO ")
        peer.close()


def all_at_once(peer, commands):
    """Who is sent away may not have read all of them, so the end of the session may be heard as a reset: it waits for the answers."""
    peer.send("".join(f"{command}\r\n" for command in commands))


def test_bad_commands(server):
    for logged_in, name in ((False, "LIMIT_BAD_COMMANDS_BEFORE_LOGIN"), (True, "LIMIT_BAD_COMMANDS")):
        peer = server.login("anna") if logged_in else greeted(server)
        for i in range(limit(name)):
            peer.send(f"b{i} NONSENSE\r\n")
            assert peer.line().startswith(f"b{i} BAD ")
        assert peer.line().startswith("* BYE "), name
        assert peer.at_end()
        # A hundred times as many at once: as many are answered, and nothing behind them is carried out.
        peer = server.login("anna") if logged_in else greeted(server)
        all_at_once(peer, [f"b{i} NONSENSE" for i in range(100 * limit(name))] + ["c CREATE never"])
        for i in range(limit(name)):
            assert peer.line().startswith(f"b{i} BAD "), (name, i)
        assert peer.line().startswith("* BYE "), name
        assert peer.at_end() and b"c " not in peer.buffer
        # One fewer, and a good one between, and it goes on.
        peer = server.login("anna") if logged_in else greeted(server)
        for i in range(limit(name) - 1):
            peer.send(f"b{i} NONSENSE\r\n")
            assert peer.line().startswith(f"b{i} BAD ")
        peer.command("NOOP")
        peer.close()


def test_login_failures(server):
    peer = greeted(server)
    for i in range(limit("LIMIT_LOGIN_FAILURES")):
        peer.send(f"f{i} LOGIN anna wrong\r\n")
        assert peer.line().startswith(f"f{i} NO ")
    assert peer.line().startswith("* BYE ")
    assert peer.at_end()
    peer = greeted(server)  # all at once, with the right one behind them
    most = limit("LIMIT_LOGIN_FAILURES")
    all_at_once(peer, [f"f{i} LOGIN anna wrong" for i in range(100 * most)] + [f'g LOGIN anna "{PASSWORD}"'])
    for i in range(most):
        assert peer.line().startswith(f"f{i} NO ")
    assert peer.line().startswith("* BYE ")
    assert peer.at_end() and b"g OK" not in peer.buffer
    peer = greeted(server)
    for i in range(limit("LIMIT_LOGIN_FAILURES") - 1):
        peer.send(f"f{i} LOGIN anna wrong\r\n")
        assert peer.line().startswith(f"f{i} NO ")
    peer.command(f'LOGIN anna "{PASSWORD}"')
    peer.close()


def test_lmtp_recipients(server):
    at = limit("LIMIT_LMTP_RECIPIENTS")
    peer = server.connect("lmtp")
    peer.line()
    peer.send("LHLO test\r\n")
    peer.reply()
    peer.send("MAIL FROM:<>\r\n")
    assert peer.reply().startswith("250")
    for first in range(0, 100 * at, at // 2):
        peer.send("RCPT TO:<bert@localhost>\r\n" * (at // 2))
        for i in range(first, first + at // 2):
            assert peer.reply().startswith("250 2.1.5" if i < at else "452 4.5.3"), i
    peer.send("DATA\r\n")
    assert peer.reply().startswith("354")
    peer.send("Subject: all\r\n\r\nx\r\n.\r\n")
    for _ in range(at):
        assert peer.reply().startswith("250")
    peer.send("NOOP\r\n")
    assert peer.reply().startswith("250")
    peer.close()


def test_words_of_a_kick(server):
    for octets, allowed in around("LIMIT_KICK_WORDS", 20_000):
        peer = server.login("anna")
        number = server.number_of(peer)
        done = server.run("kick", str(number), "w" * octets, check=False)
        assert (done.returncode == 0) == allowed, done
        if allowed:
            assert "w" * octets in peer.line()
            assert peer.at_end()
        else:
            peer.command("NOOP")
        peer.close()


def test_askers(server):
    """Askers who say nothing hold their places; one more is told so, and places come back."""
    path = str(server.home / "run" / "control.sock")
    askers = []
    most = limit("LIMIT_CONTROL_ASKERS")
    for _ in range(most):
        asker = socket.socket(socket.AF_UNIX)
        asker.connect(path)
        askers.append(asker)
    for _ in range(10 * most):
        asker = socket.socket(socket.AF_UNIX)
        asker.connect(path)
        asker.settimeout(20)
        assert b"too many administrators" in asker.recv(4096)
        asker.close()
    done = server.run("sessions", check=False)
    assert done.returncode == 1 and "too many administrators" in done.stdout + done.stderr
    for asker in askers:
        asker.close()
    for _ in range(100):
        if server.run("sessions", check=False).returncode == 0:
            break
    else:
        raise AssertionError("the places did not come back")


def test_texts_of_a_record(server):
    """An administrator's words are the longest text that a peer's end is told with; what a client says
    of itself is cut for the record, and the rest of the record is there."""
    at = limit("LIMIT_RECORD_TEXT")
    peer = server.login("anna")
    number = server.number_of(peer)
    peer.command('ID ("name" "' + "n" * 1000 + '" "version" "' + "v" * 1000 + '")')
    peer.command("LOGOUT")
    record = server.record(number)
    texts = [text for text in record.values() if isinstance(text, str)]
    assert max(len(text) for text in texts) <= at
    assert any(text.startswith("nnnn") for text in texts), record
