# SPDX-License-Identifier: MIT
"""Every reason that a client or a network can give, produced for real: what the record says of it, and
what the client was told. Reasons in time: test_time.py; suspects, limits: test_liveness.py, test_limits.py;
by administrators: tests/transcript/test_ends.py; crashes: tests/fault."""

import signal
import socket
import ssl
import struct
import sys
import zlib
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import PASSWORD, Roost  # noqa: E402

MANY = "x" * 3999998 + "\r\n"


@pytest.fixture(scope="module")
def server():
    """Its time stands still but where a test moves it."""
    with Roost(options=["log.levels=SF", "server.memory=1M"], accounts=["user"], clock=True) as roost:
        peer = roost.login("user")
        for _ in range(4):
            peer.command("APPEND INBOX {4000000+}\r\n" + MANY)
        peer.command("LOGOUT")
        peer.close()
        yield roost


def fresh(server, tls=False):
    peer = server.connect_tls() if tls else server.connect()
    peer.line()
    peer.number = server.number_of(peer)
    return peer


def known(server, tls=False):
    peer = fresh(server, tls)
    peer.command(f'LOGIN user "{PASSWORD}"')
    peer.command("SELECT INBOX")
    return peer


def reset(peer):
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def fin_idle(server):
    peer = server.idling()
    peer.close()
    return peer, None


def fin_between(server):
    peer = known(server)
    peer.close()
    return peer, None


def fin_before_login(server):
    peer = fresh(server)
    peer.close()
    return peer, None


def fin_in_command(server):
    peer = known(server)
    peer.send("a UID FET")
    peer.close()
    return peer, None


def fin_in_literal(server):
    peer = known(server)
    peer.send("a APPEND INBOX {100}\r\n")
    assert peer.line().startswith("+")
    peer.send("Subject: no")
    peer.close()
    return peer, None


def fin_in_reply(server):
    """First FIN, then it is gone although half of the answer has not been read."""
    peer = known(server)
    peer.send("a FETCH 1:* BODY.PEEK[]\r\n")
    peer._more()
    peer.socket.shutdown(socket.SHUT_WR)
    peer.close()
    return peer, None


def rst_idle(server):
    peer = server.idling()
    reset(peer)
    return peer, None


def tls_with_notify(server):
    peer = server.idling(tls=True)
    try:
        peer.socket.unwrap()
    except ssl.SSLError:  # an answer to the IDLE came in between
        pass
    peer.close()
    return peer, None


def tls_without_notify(server):
    peer = server.idling(tls=True)
    peer.close()
    return peer, None


def tls_broken(server):
    peer = known(server, tls=True)
    raw = socket.socket(fileno=peer.socket.detach())
    raw.sendall(b"this is no TLS record at all\r\n" * 3)
    peer.socket = raw
    return peer, None


def tls_never_begun(server):
    peer = server.connect("imaps")
    peer.number = server.number_of(peer)
    peer.send("a CAPABILITY\r\n")
    return peer, None


def tls_refused_certificate(server):
    peer = server.connect("imaps")
    peer.number = server.number_of(peer)
    context = ssl.create_default_context()
    context.check_hostname = False
    with pytest.raises(ssl.SSLCertVerificationError):
        context.wrap_socket(peer.socket)
    return peer, None


def tls_too_slow(server):
    peer = server.connect("imaps")
    peer.number = server.number_of(peer)
    server.advance(190)  # and the linger, in which it may still read the goodbye
    return peer, None


def not_compressed(server):
    """It did not wait for the answer to COMPRESS."""
    peer = known(server)
    peer.compress()
    peer.socket.inner.sendall(b"g NOOP\r\n")  # a kind of block that does not exist
    return peer, "* BYE [CLIENTBUG] This is not compressed, or damaged"


def compressed_cut(server):
    peer = known(server)
    peer.compress(flush=zlib.Z_FINISH)
    squeezed = peer.socket.out.compress(b"b NOOP " + b"one two three " * 9) + peer.socket.out.flush()
    peer.socket.inner.sendall(squeezed[:-4])
    peer.close()
    return peer, None


def compressed_closed(server):
    peer = known(server)
    peer.compress(flush=zlib.Z_PARTIAL_FLUSH)
    peer.command("NOOP")
    peer.close()
    return peer, None


def compressed_in_literal(server):
    """Each piece was flushed, so nothing is wrong with the stream."""
    peer = known(server)
    peer.compress()
    peer.send("a APPEND INBOX {100}\r\n")
    assert peer.line().startswith("+")
    peer.send("Subject: no")
    peer.close()
    return peer, None


def bad_before_login(server):
    peer = fresh(server)
    for _ in range(3):
        peer.send("a NONSENSE\r\n")
        assert peer.line().startswith("a BAD")
    return peer, "* BYE [CLIENTBUG] Too many invalid commands"


def bad_after_login(server):
    peer = known(server)
    for n in range(20):
        peer.send("a NONSENSE\r\n")
        assert peer.line().startswith("a BAD"), n
    return peer, "* BYE [CLIENTBUG] Too many invalid commands"


def other_protocol(server):
    peer = fresh(server)
    peer.send("GET / HTTP/1.1\r\n")
    return peer, "* BYE [CLIENTBUG] This is not the protocol spoken here"


def long_line(server):
    peer = fresh(server)
    peer.send("a LOGIN " + "x" * 8192)
    return peer, "* BYE [LIMIT] Command line too long"


def long_literal(server):
    peer = fresh(server)
    peer.send("a LOGIN user {4097+}\r\n")
    return peer, "* BYE [LIMIT] Literal too long"


def wrong_passwords(server):
    peer = fresh(server)
    for _ in range(3):
        peer.send('a LOGIN user "wrong"\r\n')
        while not peer.buffer:  # it waits longer from time to time
            server.advance(1, [peer])
        assert peer.line().startswith("a NO [AUTHENTICATIONFAILED]")
    server.advance(60)
    return peer, "* BYE [AUTHENTICATIONFAILED] Too many failed logins"


def much_memory(server):
    peer = known(server)
    peer.send("a NOOP " + "x" * (1 << 20))
    return peer, "* BYE [UNAVAILABLE] Out of memory for this connection"


def logs_out(server):
    peer = known(server)
    peer.command("LOGOUT")
    return peer, None


def kicked(server):
    peer = server.idling()
    server.run("kick", str(peer.number), "Tea time")
    return peer, "* BYE [UNAVAILABLE] Tea time"


@pytest.mark.parametrize("produce, reason, how, state", [
    (logs_out, "logout", "we-closed", "logging-out"),
    (fin_idle, "closed-idle", "fin", "idle"),
    (fin_between, "closed", "fin", "selected"),
    (fin_before_login, "closed-before-login", "fin", "before-login"),
    (fin_in_command, "closed-in-command", "fin", "selected"),
    (fin_in_literal, "closed-in-literal", "fin", "selected"),
    (fin_in_reply, "closed-in-reply", "fin", "selected"),
    (rst_idle, "reset", "rst", "idle"),
    (tls_with_notify, "closed-idle", "tls-close", "idle"),
    (tls_without_notify, "closed-idle", "tls-truncated", "idle"),
    (tls_broken, "tls-error", "tls-error", "selected"),
    (not_compressed, "compression-error", "we-closed", "selected"),
    (compressed_cut, "compression-cut", "fin", "selected"),
    (compressed_closed, "closed", "fin", "selected"),
    (compressed_in_literal, "closed-in-literal", "fin", "selected"),
    (tls_never_begun, "tls-handshake", "tls-error", "before-login"),
    (tls_refused_certificate, "tls-handshake", "tls-alert", "before-login"),
    (tls_too_slow, "tls-timeout", "we-closed", "before-login"),
    (bad_before_login, "bad-commands", "we-closed", "before-login"),
    (bad_after_login, "bad-commands", "we-closed", "selected"),
    (other_protocol, "not-our-protocol", "we-closed", "before-login"),
    (long_line, "line-too-long", "we-closed", "before-login"),
    (long_literal, "literal-too-long", "we-closed", "before-login"),
    (wrong_passwords, "login-failures", "we-closed", "before-login"),
    (much_memory, "limit-memory", "we-closed", "selected"),
    (kicked, "kicked", "we-closed", "idle"),
], ids=lambda value: value.__name__ if callable(value) else None)
def test_reason(server, produce, reason, how, state):
    peer, bye = produce(server)
    if bye is not None:
        assert peer.line() == bye
        assert peer.at_end()
    row = server.record(peer.number)
    peer.close()
    assert (row["reason"], row["how"], row["state"]) == (reason, how, state)
    assert row["unacked_octets"] >= 0
    assert row["rtt_us"] > 0, "TCP_INFO at the end"


def test_evidence_of_an_idle_end(server):
    peer = server.idling()
    server.advance(600, [peer])
    reset(peer)
    row = server.record(peer.number)
    assert row["idle_done"] == 0 and row["keepalives"] in (2, 3)
    assert 595000 <= row["since_in_ms"] <= 602000
    assert 0 <= row["since_alive_ms"] <= 245000
    assert row["account"] == "user" and row["mailbox"] == "INBOX" and row["out_octets"] > 0


def test_configuration_that_a_session_cannot_keep():
    """Passwords without TLS are not wanted any more: who showed one in the clear has to come again."""
    with Roost(options=["log.levels=SF"], accounts=["user"]) as server:
        clear, covered = server.idling(), server.idling(tls=True)
        with open(server.config, "a") as file:
            file.write("[auth]\nallow_plaintext = no\n")
        server.process.send_signal(signal.SIGHUP)
        assert clear.line() == "* BYE [UNAVAILABLE] Configuration was changed; connect again"
        row = server.record(clear.number)
        assert row["reason"] == "configuration" and "[auth] allow_plaintext" in row["detail"]
        assert covered.done() == []
        for peer in (clear, covered):
            peer.close()


def test_reload_changes_the_policy_of_those_who_idle():
    with Roost(options=["log.levels=SF"], accounts=["user"], clock=True) as server:
        peer = server.idling()
        server.advance(3600, [peer])
        assert set(peer.lines()) == {"* OK Still here"}
        with open(server.config, "a") as file:
            file.write("[idle]\npolicy = timeout\n")
        server.process.send_signal(signal.SIGHUP)
        while (line := peer.line()) == "* OK Still here":
            pass
        assert line == "* BYE [UNAVAILABLE] Autologout; idle for too long"
        peer.close()
