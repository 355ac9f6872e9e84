# SPDX-License-Identifier: MIT
"""What no honest client sends: each gets an answer or an end with its reason, costs bounded memory,
and others do not notice."""

import os
import random
import socket
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from limits import limit  # noqa: E402
from roost_server import Roost  # noqa: E402

MIB = 1 << 20


@pytest.fixture(scope="module")
def server():
    with Roost(accounts=["anna", "bert"], options=["limits.login_timeout=3s", "limits.output_timeout=3s"]) as roost:
        yield roost
        assert roost.process.poll() is None


@pytest.fixture(autouse=True)
def others_do_not_notice(server):
    yield
    peer = server.login("bert")
    peer.command("SELECT INBOX")
    assert server.deliver("bert", "Subject: still here\n\nx\n").startswith("250")
    peer.command("LOGOUT")
    peer.close()


def pour(port, chunks):
    """Sends until it is through or the server has had enough; octets sent, and all it answered."""
    sent, answer = 0, b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        try:
            for chunk in chunks:
                peer.sendall(chunk)
                sent += len(chunk)
            peer.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        try:
            while True:
                data = peer.recv(65536)
                if not data:
                    break
                answer += data
        except OSError:
            pass
    return sent, answer


@pytest.mark.parametrize("service", ["imap", "imaps", "lmtp"])
def test_random_octets(server, service):
    chance = random.Random(service)
    before = server.memory_kib()
    for _ in range(60):
        pour(server.ports[service], [chance.randbytes(chance.choice([1, 10, 300, 5000, 70000]))])
    assert server.memory_kib() - before < 16 * 1024


def test_truncated_client_hello(server):
    hello = bytes.fromhex("160301020001000200") + bytes(503)
    for length in (1, 4, 5, 6, 9, 100, 511):
        pour(server.ports["imaps"], [hello[:length]])
    waiting = socket.create_connection(("127.0.0.1", server.ports["imaps"]), timeout=20)
    waiting.sendall(hello[:100])  # and then nothing: the server ends it by itself
    assert waiting.recv(100) == b""
    waiting.close()
    server.journal_wait("tls-timeout")
    server.journal_wait("tls-handshake")


def test_plain_text_on_the_tls_port(server):
    pour(server.ports["imaps"], [b"a LOGIN anna secret\r\n"])
    pour(server.ports["imap"], [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
    server.journal_wait("not-our-protocol")


@pytest.mark.parametrize("begin", [b"", b"a LOGIN anna ", b'a LOGIN "', b"a LOGIN {100000000+}\r\n", b"a AUTHENTICATE PLAIN\r\n"],
                         ids=["line", "argument", "quoted", "literal", "sasl"])
def test_100_megabytes_before_login(server, begin):
    before = server.memory_kib()
    sent, answer = pour(server.ports["imap"], [begin] + [b"x" * 65536] * 1600)
    assert sent < 16 * MIB, f"the server took {sent} octets"  # socket buffers count as sent
    assert server.memory_kib() - before < 4 * 1024
    if answer:  # a reset may overtake the words
        assert b"* BYE" in answer or b" BAD " in answer or b" NO " in answer, answer
    server.journal_wait("literal-too-long" if b"{" in begin else "line-too-long")


def test_endless_line_in_lmtp(server):
    before = server.memory_kib()
    sent, answer = pour(server.ports["lmtp"], [b"x" * 65536] * (400 * limit("LIMIT_LMTP_LINE_PASSED") // 65536))
    assert sent < 16 * MIB, f"the server took {sent} octets"
    assert not answer or b"\r\n500 5.5.6 " in answer, answer  # a reset may overtake the words
    assert server.memory_kib() - before < 4 * 1024
    server.journal_wait("line-too-long")


def test_long_line_in_lmtp_within_the_bound(server):
    """Longer lines are refused, and the connection goes on, up to a second limit."""
    line, passed = limit("LIMIT_LMTP_LINE"), limit("LIMIT_LMTP_LINE_PASSED")
    peer = server.connect("lmtp")
    peer.line()
    for octets, expect in ((line, "250"), (line + 1, "500 5.5.6"), (100 * line, "500 5.5.6"), (passed, "500 5.5.6"), (line, "250")):
        peer.send("NOOP " + "x" * (octets - len("NOOP ") - len("\r")) + "\r\n")
        assert peer.reply().startswith(expect), octets
    peer.send("x" * (passed + 1))
    assert peer.reply().startswith("500 5.5.6")
    assert peer.reply().startswith("421 5.5.6")
    assert peer.at_end()


def test_line_above_the_limit_after_login(server):
    peer = server.login("anna")
    before = server.memory_kib()
    peer.send("big UID SEARCH UID " + "1," * (5 * MIB) + "1\r\n")
    assert peer.line().startswith("big BAD ")
    peer.command("LOGOUT")
    peer.close()
    assert server.memory_kib() - before < 64 * 1024


def test_long_uid_set_is_served(server):
    peer = server.login("anna")
    peer.command("SELECT INBOX")
    peer.command("UID SEARCH UID " + ",".join(str(n) for n in range(1, 800_000, 2)))
    peer.command("LOGOUT")


def test_unfinished_literals(server):
    peer = server.login("anna")
    peer.command("STATUS INBOX (MESSAGES UIDNEXT)")
    peer.send("x APPEND INBOX {100000+}\r\nSubject: half of it\r\n\r\n")
    peer.close()
    server.journal_wait("closed-in-literal")
    waiting = server.connect()
    waiting.line()
    waiting.send("a LOGIN {4+}\r\nan")
    assert waiting.at_end()
    server.journal_wait("login-timeout")
    peer = server.login("anna")
    peer.command("SELECT INBOX")
    assert peer.command("UID SEARCH SUBJECT half") == ["* SEARCH"]
    peer.command("LOGOUT")


def newest(peer, items):
    """The answer for the last message of INBOX."""
    lines = peer.command("SELECT INBOX")
    count = int(next(line.split()[1] for line in lines if line.endswith(" EXISTS")))
    return "".join(peer.command(f"FETCH {count} {items}"))


def test_million_header_fields(server):
    fields = "".join(f"X-{n}: y\r\n" for n in range(1_000_000))
    started = time.monotonic()
    reply = server.deliver("anna", fields + "Subject: at the end\r\n\r\nbody\r\n")
    assert reply.startswith("250 "), reply
    before = server.memory_kib()
    peer = server.login("anna")
    header = newest(peer, "BODY.PEEK[HEADER]")
    assert header.count("\r\nX-") >= 999_998 and "\r\nX-999999: y\r\n" in header
    assert "NIL" in newest(peer, "(ENVELOPE BODYSTRUCTURE)")
    assert "X-5: y" in newest(peer, "BODY.PEEK[HEADER.FIELDS (X-5)]")
    peer.command("SEARCH HEADER X-7 y")
    peer.command("LOGOUT")
    assert server.memory_kib() - before < 96 * 1024
    assert time.monotonic() - started < 60


def test_two_thousand_levels_of_mime(server):
    head = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(2000))
    tail = "".join(f"\r\n--b{n}--\r\n" for n in reversed(range(2000)))
    text = "Subject: deep\r\n" + head + "Content-Type: text/plain\r\n\r\nleaf\r\n" + tail
    assert server.deliver("anna", text).startswith("250 ")
    peer = server.login("anna")
    structure = newest(peer, "(BODYSTRUCTURE)")
    assert structure.count("(") == structure.count(")") and '"mixed"' in structure.lower()
    assert newest(peer, "BODY.PEEK[]").count("--b1999") == 2
    assert "BODY[" in newest(peer, "BODY.PEEK[" + ".".join(["1"] * 100) + "]")
    peer.command("SEARCH BODY leaf")
    nested = "Subject: letters\r\n" + "Content-Type: message/rfc822\r\n\r\n" * 2000 + "Subject: innermost\r\n\r\nx\r\n"
    assert server.deliver("anna", nested).startswith("250 ")
    assert "letters" in newest(peer, "(ENVELOPE BODYSTRUCTURE)")
    peer.command("LOGOUT")


def test_slow_reader_of_a_huge_fetch(server):
    """It asks for 120 MB and reads nothing: its memory is bounded, and it is ended for what it is."""
    text = "Subject: large\r\n\r\n" + (os.urandom(30_000).hex() + "\r\n") * 100
    for _ in range(10):
        assert server.deliver("anna", text).startswith("250 ")
    before = server.memory_kib()
    peer = server.login("anna")
    peer.command("SELECT INBOX")
    for n in range(2):
        peer.send(f"slow{n} FETCH 1:* BODY.PEEK[]\r\n")
    highest = 0
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        highest = max(highest, server.memory_kib() - before)
        time.sleep(0.02)
    assert highest < 32 * 1024, f"{highest} KiB"
    server.journal_wait("slow-reader")
    peer.close()


def test_mbox_with_broken_separators(server):
    """Only an empty line, "From " and a date divide; all text comes through somewhere."""
    mbox = server.dir / "broken.mbox"
    mbox.write_text(
        "From a@b Tue Jan  2 03:04:05 2024\nSubject: one\n\ntext\n"
        "From here on it is still text: no empty line before\n\n"
        "From me to you, no date: text too\n\n"
        ">From quoted\n\n"
        "From c@d Tue Jan 99 03:04:05 2024\nnot a date either\n\n"
        "From x@y Wed Jan  3 03:04:05 2024\nSubject: two\n\nlast line without its end")
    done = server.run("import", "anna", "--mailbox", "Broken", str(mbox))
    assert "2 messages imported" in done.stdout, done.stdout
    peer = server.login("anna")
    peer.command("SELECT Broken")
    first = "".join(peer.command("FETCH 1 BODY.PEEK[]"))
    for words in ("From here on", "From me to you", "\r\nFrom quoted", "From c@d"):
        assert words in first
    assert "last line without its end" in "".join(peer.command("FETCH 2 BODY.PEEK[]"))
    peer.command("LOGOUT")

    garbage = server.dir / "garbage.mbox"
    garbage.write_bytes(random.Random(1).randbytes(5000).replace(b":", b"."))
    done = server.run("import", "anna", "--mailbox", "Broken", str(garbage), check=False)
    assert done.returncode == 1 and f"{garbage}:1: neither an mbox nor a message" in done.stderr, done.stderr
