# SPDX-License-Identifier: MIT
"""The policy service: what Postfix is answered, however the question comes, and how a connection ends."""

import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from limits import limit  # noqa: E402
from roost_server import Roost  # noqa: E402

QUESTION = """request=smtpd_access_policy
protocol_state=RCPT
protocol_name=ESMTP
helo_name=mx.example.com
queue_id=
sender=a@example.com
recipient={recipient}
recipient_count=0
client_address=192.0.2.1
size={size}
ccert_subject=Grüße=x
stress=

"""
FULL = "action=452 4.2.2 The mailbox is full"
DUNNO = "action=DUNNO"


def question(recipient, size=0):
    return QUESTION.format(recipient=recipient, size=size).encode()


def answers(peer, count=1):
    """Lines end with LF alone."""
    while peer.buffer.count(b"\n\n") < count:
        peer._more()
    *found, peer.buffer = peer.buffer.split(b"\n\n")
    return [text.decode() for text in found]


def ask(peer, recipient, size=0):
    peer.send(question(recipient, size))
    answer, = answers(peer)
    return answer


@pytest.fixture(scope="module")
def server():
    with Roost(accounts=["anna", "bob", "carl"], options=["policy.listen=127.0.0.1:0", "quota.warn=no"]) as roost:
        roost.run("account", "alias", "anna", "info@example.org")
        roost.run("account", "quota", "anna", "--messages", "2")
        roost.run("account", "quota", "bob", "--storage", "1000")
        roost.run("account", "quota", "carl", "--mailboxes", "6")
        for _ in range(2):
            assert roost.deliver("anna", "Subject: x\n\nx").startswith("250")
        yield roost


def test_answers(server):
    peer = server.connect("policy")
    for recipient in "anna@localhost", "ANNA+detail@localhost", '"anna"@localhost', "info@example.org", "info+a=b@example.org":
        assert ask(peer, recipient) == FULL, recipient
    for recipient in "nobody@localhost", "a@elsewhere.example", "carl@localhost", "", "@localhost", "no address", "x" * 2000:
        assert ask(peer, recipient) == DUNNO, recipient
    assert [ask(peer, "bob@localhost", size) for size in (0, 1, 1000, 1001, 10**30)] == [DUNNO, DUNNO, DUNNO, FULL, FULL]
    peer.send(question("anna@localhost").replace(b"smtpd_access_policy", b"something_new"))
    assert answers(peer) == [DUNNO]
    # What an account may hold changes: the next answer is another one.
    server.run("account", "quota", "anna", "--messages", "3")
    assert ask(peer, "anna@localhost") == DUNNO
    server.run("account", "quota", "anna", "--messages", "2")
    assert ask(peer, "anna@localhost") == FULL
    peer.close()


def test_however_it_comes(server):
    """One octet at a time, with CR before the LF, and several at once: answers come in their order."""
    peer = server.connect("policy")
    for octet in question("anna@localhost"):
        peer.send(bytes([octet]))
    assert answers(peer) == [FULL]
    peer.send(question("anna@localhost").replace(b"\n", b"\r\n"))
    assert answers(peer) == [FULL]
    peer.send((question("anna@localhost") + question("nobody@localhost")) * 50)
    assert answers(peer, 100) == [FULL, DUNNO] * 50
    peer.close()


def closed(server, text, reason):
    before = server.journal_wait(reason, count=0)
    peer = server.connect("policy")
    peer.send(text)
    assert peer.at_end() and peer.buffer == b""
    assert server.journal_wait(reason, count=before + 1) == before + 1


def test_what_is_no_question(server):
    line, lines = limit("LIMIT_POLICY_LINE"), limit("LIMIT_POLICY_LINES")
    closed(server, b"GET / HTTP/1.1\r\n\r\n", "bad-commands")
    closed(server, b"a=\n" * (lines + 1), "bad-commands")
    closed(server, b"a=\n" * (100 * lines), "bad-commands")
    closed(server, b"a=" + b"x" * (line - 1) + b"\n\n", "line-too-long")
    closed(server, b"a=" + b"x" * (100 * line), "line-too-long")
    closed(server, b"a=" + b"x" * (line - 1), "line-too-long")
    peer = server.connect("policy")
    peer.send(b"a=" + b"x" * (line - 2) + b"\n" + b"a=\n" * (lines - 1 - 12) + question("anna@localhost"))
    assert answers(peer) == [FULL]
    peer.close()


def test_a_reload_changes_how_mail_is_refused():
    with Roost(accounts=["anna"], options=["policy.listen=127.0.0.1:0", "log.levels=PSF"]) as own:
        own.run("account", "quota", "anna", "--storage", "1")
        peer = own.connect("policy")
        assert ask(peer, "anna@localhost", 2) == FULL and ask(peer, "anna@localhost", 1) == DUNNO
        assert not [p for p in (own.home / "accounts").rglob("mail.db") if "spare" not in p.parts]  # none is made for it
        with open(own.config, "a") as config:
            config.write("[quota]\nfull = permanent\n")
        own.process.send_signal(signal.SIGHUP)
        own.log_wait("configuration reloaded")
        assert ask(peer, "anna@localhost", 2) == "action=552 5.2.2 The mailbox is full"
        own.log_wait("POLICY .*07003 .*refused recipient=anna@localhost: reply=552 5.2.2")
        peer.close()


def test_a_stop_closes_it():
    with Roost(accounts=["anna"], options=["policy.listen=127.0.0.1:0"]) as own:
        peer = own.connect("policy")
        assert ask(peer, "anna@localhost") == DUNNO
        assert own.stop() == 0
        assert peer.at_end()
