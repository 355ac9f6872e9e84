# SPDX-License-Identifier: MIT
"""CATENATE and BINARY with messages that are larger than what one slice reads, and at the limit."""

import base64
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from limits import limit  # noqa: E402
from roost_server import Roost  # noqa: E402


def answer_to(peer, command):
    """All lines, the tagged one too, whatever it says."""
    peer.send(f"z1 {command}\r\n")
    lines = []
    while not lines or not lines[-1].startswith("z1 "):
        lines.append(peer.line())
    return lines


def test_large_parts_and_the_limit():
    body = "".join(f"line {number}\r\n" for number in range(60_000))
    with Roost(accounts=["anna"], options=["limits.append=2M"]) as roost:
        roost.deliver("anna", "Subject: large\r\n\r\n" + body)
        peer = roost.login("anna")
        peer.command("SELECT INBOX")
        stored = peer.command("FETCH 1 BODY.PEEK[TEXT]")[0].split("\r\n", 1)[1][:-1]
        assert len(stored) > 600_000
        parts = "TEXT {14+}\r\nSubject: x\r\n\r\n " + " ".join(["URL /INBOX/;UID=1/;SECTION=TEXT"] * 2)
        assert "[APPENDUID " in answer_to(peer, f"APPEND Sent CATENATE ({parts})")[-1]
        peer.command("SELECT Sent")
        whole = peer.command("FETCH 1 BODY.PEEK[]")[0].split("\r\n", 1)[1][:-1]
        assert whole == "Subject: x\r\n\r\n" + stored + stored
        many = " ".join(["URL /INBOX/;UID=1/;SECTION=TEXT"] * 4)
        assert "[TOOBIG]" in "".join(answer_to(peer, f"APPEND Sent CATENATE ({many})"))
        assert "MESSAGES 1" in "".join(peer.command("STATUS Sent (MESSAGES)"))
        peer.close()


def test_many_parts():
    with Roost(accounts=["anna"]) as roost:
        peer = roost.login("anna")
        for count, answer in ((1000, "OK [APPENDUID"), (1001, "NO [LIMIT]")):
            parts = " ".join(["TEXT {1+}\r\nx"] * count)
            assert answer in answer_to(peer, f"APPEND INBOX CATENATE ({parts})")[-1]
        peer.command("SELECT INBOX")
        assert peer.command("FETCH 1 RFC822.SIZE")[0] == "* 1 FETCH (RFC822.SIZE 1000)"
        peer.close()


def test_large_attachment():
    octets = random.Random(5).randbytes(3_000_000)
    text = base64.encodebytes(octets).decode().replace("\n", "\r\n")
    with Roost(accounts=["anna"]) as roost:
        roost.deliver("anna", "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n" + text)
        peer = roost.login("anna")
        peer.command("SELECT INBOX")
        assert peer.command("FETCH 1 BINARY.SIZE[1]")[0] == "* 1 FETCH (BINARY.SIZE[1] 3000000)"
        answer = peer.command("FETCH 1 BINARY.PEEK[1]")[0]
        head, sent = answer.split("\r\n", 1)
        assert head == "* 1 FETCH (BINARY[1] ~{3000000}" and sent[:-1].encode("latin-1") == octets
        answer = peer.command("FETCH 1 BINARY.PEEK[1]<2000000.1000>")[0]
        assert answer.split("\r\n", 1)[1][:-1].encode("latin-1") == octets[2_000_000:2_001_000]
        peer.close()


def test_large_text():
    """A text of several pieces, which goes through a spool of its own, between short ones."""
    text = "".join(f"line {number}\r\n" for number in range(60_000))
    with Roost(accounts=["anna"]) as roost:
        peer = roost.login("anna")
        parts = f"TEXT {{3+}}\r\na\r\n TEXT {{{len(text)}+}}\r\n{text} TEXT {{1+}}\r\nz"
        assert "[APPENDUID " in answer_to(peer, f"APPEND INBOX CATENATE ({parts})")[-1]
        peer.command("SELECT INBOX")
        assert peer.command("FETCH 1 BODY.PEEK[]")[0].split("\r\n", 1)[1][:-1] == "a\r\n" + text + "z"
        peer.close()


def text_of(octets):
    """A message with so many octets."""
    head = "Subject: large\r\n\r\n"
    line = "x" * 76 + "\r\n"
    body = line * ((octets - len(head)) // len(line))
    return head + body + "x" * (octets - len(head) - len(body))


def count_of(peer, mailbox):
    return int(peer.command(f"STATUS {mailbox} (MESSAGES)")[0].split("MESSAGES ")[1].rstrip(")"))


def test_the_messages_of_one_command_together():
    """At the limit of their octets all of them are stored, one octet above it none is."""
    most = limit("LIMIT_APPEND_ALL_MIN")
    times = limit("LIMIT_APPEND_TIMES")
    size = most // times  # both limits are the same then
    with Roost(accounts=["anna"], options=[f"limits.append={size}"]) as roost:
        peer = roost.login("anna")
        message = f"{{{size}+}}\r\n" + text_of(size)
        peer.command("APPEND INBOX " + message)
        # As literals. What is too much is refused before it is sent.
        assert "z1 NO [LIMIT]" in answer_to(peer, "APPEND Sent" + f" {message}" * times + " {1+}\r\nx")[-1]
        assert count_of(peer, "Sent") == 0
        peer.send("z2 APPEND Sent" + f" {message}" * times + " {1}\r\n")
        assert peer.line().startswith("z2 NO [LIMIT] ")
        assert "z1 OK [APPENDUID" in answer_to(peer, "APPEND Sent" + f" {message}" * times)[-1]
        assert count_of(peer, "Sent") == times
        # As URLs, which are short, and as both.
        url = " CATENATE (URL /INBOX/;UID=1)"
        for more in (url, " CATENATE (TEXT {1+}\r\nx)", " {1+}\r\nx", " CATENATE (URL /INBOX/;UID=1/;SECTION=HEADER)"):
            assert "z1 NO [LIMIT]" in answer_to(peer, "APPEND Trash" + url * times + more)[-1]
            assert "z1 NO [LIMIT]" in answer_to(peer, "APPEND Trash" + more + url * times)[-1]
        assert count_of(peer, "Trash") == 0
        both = "APPEND Trash" + url * (times - 1) + f" CATENATE (URL /INBOX/;UID=1/;SECTION=HEADER TEXT {{{size - 18}+}}\r\n"
        assert "z1 NO [LIMIT]" in answer_to(peer, both + text_of(size - 18) + ") {1+}\r\nx")[-1]
        assert "z1 OK [APPENDUID" in answer_to(peer, both + text_of(size - 18) + ")")[-1]
        assert count_of(peer, "Trash") == times
        # One message alone is too large, and the next command counts from nothing.
        assert "z1 NO [TOOBIG]" in answer_to(peer, "APPEND Trash CATENATE (URL /INBOX/;UID=1 TEXT {1+}\r\nx)")[-1]
        assert "z1 NO [TOOBIG]" in answer_to(peer, "APPEND Trash CATENATE (TEXT {1+}\r\nx URL /INBOX/;UID=1)")[-1]
        peer.command("SELECT Trash")
        assert "z1 OK" in answer_to(peer, "UID REPLACE 1 Trash CATENATE (URL /INBOX/;UID=1)")[-1]
        peer.close()


def test_small_messages_of_one_command_together():
    """However small a message must be, one command may bring many."""
    most = limit("LIMIT_APPEND_ALL_MIN")
    with Roost(accounts=["anna"], options=["limits.append=1M"]) as roost:
        peer = roost.login("anna")
        peer.command(f"APPEND INBOX {{{1 << 20}+}}\r\n" + text_of(1 << 20))
        url = " CATENATE (URL /INBOX/;UID=1)"
        for count in ((most >> 20) + 1, 10 * most >> 20):
            assert "z1 NO [LIMIT]" in answer_to(peer, "APPEND Sent" + url * count)[-1]
        assert count_of(peer, "Sent") == 0
        assert "z1 OK [APPENDUID" in answer_to(peer, "APPEND Sent" + url * (most >> 20))[-1]
        assert count_of(peer, "Sent") == most >> 20
        peer.close()
