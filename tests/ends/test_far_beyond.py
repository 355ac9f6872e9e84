# SPDX-License-Identifier: MIT
"""Commands at a limit of their grammar, one above it, and far beyond: what is answered, that nothing has happened, and that
the session goes on. Far beyond is a hundred times as much, or as much as a command carries."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from limits import limit  # noqa: E402
from roost_server import Roost  # noqa: E402

ROOM = limit("LIMIT_LINE") - 200  # octets of what is repeated, at most
TOO_MUCH = r"NO \[LIMIT\] "

# The command with n of them; the octets of one of them; how many the limit counts besides them; what is answered above it.
ROWS = {
    "LIMIT_NESTING": (lambda n: "SEARCH " + "(" * n + "ALL" + ")" * n, 2, 1, TOO_MUCH),
    "LIMIT_SEARCH_KEYS": (lambda n: "SEARCH" + " 1" * n, 2, 1, TOO_MUCH),
    "LIMIT_SET_RANGES": (lambda n: "UID SEARCH UID 1" + ",1" * (n - 1), 2, 0, TOO_MUCH),
    "LIMIT_OBJECT_ID": (lambda n: "SEARCH EMAILID " + "x" * n, 1, 0, "BAD "),
    "LIMIT_KEYWORD_OCTETS": (lambda n: "STORE 1 +FLAGS.SILENT (" + "k" * n + ")", 1, 0, TOO_MUCH),
    "LIMIT_FETCH_ITEMS": (lambda n: "FETCH 1 (BODY.PEEK[]<0.1>" + " BODY.PEEK[]<0.1>" * (n - 1) + ")", 17, 0, TOO_MUCH),
    "LIMIT_SECTION_DEPTH": (lambda n: "FETCH 1 BODY.PEEK[1" + ".1" * (n - 1) + "]", 2, 0, TOO_MUCH),
    "LIMIT_HEADER_FIELDS": (lambda n: "FETCH 1 BODY.PEEK[HEADER.FIELDS (A" + " A" * (n - 1) + ")]", 2, 0, TOO_MUCH),
    "LIMIT_LIST_PATTERNS": (lambda n: 'LIST "" (x' + " x" * (n - 1) + ")", 2, 0, TOO_MUCH),
    "LIMIT_METADATA_NAME": (lambda n: "GETMETADATA INBOX /shared/" + "x" * (n - len("/shared/")), 1, 0, "BAD "),
    "LIMIT_METADATA_NAMES": (lambda n: "GETMETADATA INBOX (/shared/a" + " /shared/a" * (n - 1) + ")", 10, 0, TOO_MUCH),
    "LIMIT_MBOX_NAME": (lambda n: "STATUS " + "x" * n + " (UIDNEXT)", 1, 0, r"NO \[CANNOT\] "),
    "LIMIT_MBOX_DEPTH": (lambda n: "STATUS x" + "/x" * (n - 1) + " (UIDNEXT)", 2, 0, r"NO \[CANNOT\] "),
    "LIMIT_URL": (lambda n: "APPEND Sent CATENATE (URL /" + "x" * (n - 1) + ")", 1, 0, r"NO \[BADURL /x+\] "),
    "LIMIT_CATENATE_PARTS": (lambda n: "APPEND Sent CATENATE (URL /INBOX/;UID=1" + " URL /INBOX/;UID=1" * (n - 1) + ")",
                             18, 0, TOO_MUCH),
    "LIMIT_APPEND_MESSAGES": (lambda n: "APPEND Sent" + " {1+}\r\nm" * n, 8, 0, TOO_MUCH),
    "LIMIT_ID_PAIRS": (lambda n: "ID (" + " ".join(['"f" NIL'] * n) + ")", 8, 0, "BAD "),
    "LIMIT_ID_FIELD": (lambda n: 'ID ("' + "f" * n + '" NIL)', 1, 0, "BAD "),
    "LIMIT_ID_VALUE": (lambda n: 'ID ("f" "' + "v" * n + '")', 1, 0, "BAD "),
}
REFUSED = r"t (BAD|NO \[(LIMIT|CANNOT)\]) "  # as something is that is within


@pytest.fixture(scope="module")
def server():
    with Roost(accounts=["user"]) as running:
        assert running.deliver("user", "Subject: x\n\ny\n").startswith("250")
        yield running


def seen(server):
    peer = server.login("user")
    lines = peer.command('LIST "" * RETURN (STATUS (MESSAGES UIDNEXT SIZE))') + peer.command("SELECT INBOX")
    lines += peer.command("FETCH 1:* (FLAGS UID)")
    peer.close()
    return [line for line in lines if "HIGHESTMODSEQ" not in line]


@pytest.mark.parametrize("name", ROWS)
def test_beyond(server, name):
    build, octets, besides, refused = ROWS[name]
    at = limit(name) - besides
    peer = server.login("user")
    peer.socket.settimeout(120)
    peer.command("SELECT INBOX")
    peer.send("t " + build(at) + "\r\n")
    while not (answer := peer.line()).startswith("t "):
        assert answer.startswith("* ") and not answer.startswith("* BYE"), answer
    assert not re.match(REFUSED, answer), answer
    before = seen(server)
    for count in (at + 1, min(100 * limit(name), ROOM // octets)):
        peer.send("t " + build(count) + "\r\n")
        answer = peer.line()
        assert re.match("t " + refused, answer), answer[:200]
        peer.command("NOOP")
    assert seen(server) == before
    peer.close()


def test_what_is_only_too_much_is_no_bad_command(server):
    """However often: nothing counts towards the end of the session."""
    peer = server.login("user")
    for _ in range(3 * limit("LIMIT_BAD_COMMANDS")):
        peer.command('LIST "" (x' + " x" * limit("LIMIT_LIST_PATTERNS") + ")", "NO")
        assert "[LIMIT] Too many patterns in LIST" in peer.last
    peer.command("NOOP")
    peer.close()
