# SPDX-License-Identifier: MIT
"""NUL in mail: one rule for every way in, and never sent in a literal."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost  # noqa: E402


TEXT = "Subject: a\0b\n\nx\0y\n"


def by_lmtp(roost):
    assert roost.deliver("anna", TEXT).startswith("250")


def by_import(roost):
    path = roost.dir / "nul.eml"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode())
    roost.run("import", "anna", str(path))


def by_append(roost):
    text = TEXT.replace("\n", "\r\n").encode()
    peer = roost.login("anna")
    peer.send(b"n1 APPEND INBOX {%d+}\r\n" % len(text) + text + b"\r\n")
    assert peer.line().startswith("n1 OK [APPENDUID")
    peer.close()


@pytest.mark.parametrize("way_in", [by_lmtp, by_import, by_append])
def test_nul(way_in):
    with Roost(accounts=["anna"]) as roost:
        way_in(roost)
        peer = roost.login("anna")
        peer.command("SELECT INBOX")
        size = int(peer.command("FETCH 1 RFC822.SIZE")[0].split("RFC822.SIZE ")[1].rstrip(")"))
        whole = peer.command("FETCH 1 BODY.PEEK[]")[0]
        assert f"{{{size}}}" in whole and "\0" not in whole
        assert "Subject: a\x80b\r\n" in whole and whole.endswith("x\x80y\r\n)")
        assert "\0" not in "".join(peer.command("FETCH 1 (BODY.PEEK[HEADER] BODY.PEEK[HEADER.FIELDS (SUBJECT)] ENVELOPE)"))
        assert '"ab"' in peer.command("FETCH 1 ENVELOPE")[0]
        peer.close()


def test_nul_at_the_end_of_a_large_message():
    """Beyond what is kept in memory, and in a MULTIAPPEND."""
    with Roost(accounts=["anna"]) as roost:
        text = b"Subject: x\r\n\r\n" + b"y" * (1 << 20) + b"\0"
        peer = roost.login("anna")
        peer.send(b"n1 APPEND INBOX {1+}\r\n\0 {%d+}\r\n" % len(text) + text + b"\r\n")
        assert "1:2] " in peer.line()
        peer.command("SELECT INBOX")
        assert peer.command("FETCH 2 BODY.PEEK[]")[0].endswith("yyy\x80)")
        assert peer.command("FETCH 1 BODY.PEEK[]")[0].endswith("{1}\r\n\x80)")
        for form in (b"~{%d+}\r\n%b", b"CATENATE (TEXT ~{%d+}\r\n%b)"):  # a literal8 is not stored
            peer.send(b"n2 APPEND INBOX " + form % (len(text), text) + b"\r\n")
            assert peer.line().startswith("n2 NO [UNKNOWN-CTE]")
        assert "MESSAGES 2" in "".join(peer.command("STATUS INBOX (MESSAGES)"))
        peer.close()
