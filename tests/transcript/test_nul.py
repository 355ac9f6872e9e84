# SPDX-License-Identifier: MIT
"""NUL in mail: refused from clients, tolerated from the outside, never sent in a literal."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost  # noqa: E402


def test_nul():
    with Roost(accounts=["anna"]) as roost:
        assert roost.deliver("anna", "Subject: a\0b\n\nx\0y\n").startswith("250")
        peer = roost.login("anna")
        peer.command("SELECT INBOX")
        size = int(peer.command("FETCH 1 RFC822.SIZE")[0].split("RFC822.SIZE ")[1].rstrip(")"))
        whole = peer.command("FETCH 1 BODY.PEEK[]")[0]
        assert f"{{{size}}}" in whole and "\0" not in whole
        assert "Subject: a\x80b\r\n" in whole and whole.endswith("x\x80y\r\n)")
        assert "\0" not in "".join(peer.command("FETCH 1 (BODY.PEEK[HEADER] BODY.PEEK[HEADER.FIELDS (SUBJECT)] ENVELOPE)"))
        peer.send(b"n1 APPEND INBOX {3+}\r\na\0b\r\n")
        assert peer.line().startswith("n1 NO [")
        peer.command("NOOP")
        peer.close()
