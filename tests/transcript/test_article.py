# SPDX-License-Identifier: MIT
"""The session that Roost was built for: an Outlook Express that selects, idles, fetches and idles
again, on a mailbox of 7 messages with the highest UID 45. Then it never says DONE."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import PASSWORD, Roost  # noqa: E402

MESSAGE = "From: a@example.org\nSubject: message {n}\nReferences: <r{n}@x>\nX-Priority: 3\nMessage-ID: <m{n}@x>\n\nbody\n"
ITEMS = ("(BODY.PEEK[HEADER.FIELDS (References X-Ref X-Priority X-MSMail-Priority X-MSOESRec Newsgroups)] "
         "ENVELOPE RFC822.SIZE UID FLAGS INTERNALDATE)")


@pytest.fixture(scope="module")
def server():
    with Roost(options=["log.levels=APSF", "idle.policy=timeout", "idle.timeout=4s", "idle.keepalive=0"], accounts=["user"]) as roost:
        for n in range(1, 46):
            assert roost.deliver("user", MESSAGE.format(n=n)).startswith("250")
        peer = roost.login("user")
        peer.command("SELECT INBOX")
        peer.command(r"UID STORE 39:45 +FLAGS.SILENT (\Seen)")
        peer.command(r"STORE 1:38 +FLAGS.SILENT (\Deleted)")
        peer.command("EXPUNGE")
        peer.command("LOGOUT")
        peer.close()
        yield roost


def play(server):
    """Octet for octet as the client's log shows it; returns what the server said, by tag."""
    peer = server.connect()
    peer.line()
    peer.send(f'0002 LOGIN user "{PASSWORD}"\r\n')
    said = {"0002": until(peer, "0002")}
    peer.send('0003 SELECT "INBOX"\r\n')
    said["0003"] = until(peer, "0003")
    peer.send("0004 IDLE\r\n")
    assert peer.line() == "+ idling"
    peer.send("DONE\r\n")
    said["0004"] = until(peer, "0004")
    peer.send(f"0005 UID FETCH 46:* {ITEMS}\r\n")
    said["0005"] = until(peer, "0005")
    peer.send("0006 UID FETCH 1:45 (UID FLAGS)\r\n")
    said["0006"] = until(peer, "0006")
    peer.send("0007 IDLE\r\n")
    assert peer.line() == "+ idling"
    return peer, said


def until(peer, tag):
    lines = []
    while True:
        lines.append(peer.line())
        if lines[-1].startswith(tag + " "):
            return lines


def test_answers(server):
    peer, said = play(server)
    select = said["0003"]
    assert select[0] == "* 7 EXISTS"
    assert select[1] == "* 0 RECENT"
    assert re.fullmatch(r"\* OK \[UIDVALIDITY \d+\] UIDs valid", select[2])
    assert "* OK [UIDNEXT 46] predicted next UID" in select
    assert select[-1] == "0003 OK [READ-WRITE] SELECT completed"
    assert said["0004"] == ["0004 OK IDLE terminated"]
    # RFC 3501 section 6.4.8: `*` is 45, so 46:* is 45:46 and names UID 45. The seed's server said nothing.
    fetched = said["0005"]
    assert len(fetched) == 2 and fetched[1] == "0005 OK UID FETCH completed"
    assert fetched[0].startswith("* 7 FETCH (BODY[HEADER.FIELDS (References X-Ref X-Priority "
                                 "X-MSMail-Priority X-MSOESRec Newsgroups)] {")
    assert "References: <r45@x>\r\nX-Priority: 3\r\n\r\n" in fetched[0]
    assert '"message 45"' in fetched[0] and " UID 45 " in fetched[0]
    flags = [f"* {seq} FETCH (UID {seq + 38} FLAGS (\\Seen))" for seq in range(1, 8)]
    assert said["0006"] == [*flags, "0006 OK UID FETCH completed"]
    # As the seed's server did, when an administrator wants it so: the client is told, and the log says why.
    assert peer.line().startswith("* BYE [UNAVAILABLE] Autologout")
    assert peer.at_end()
    peer.close()


def test_log_reads_like_the_articles(server):
    peer, _ = play(server)
    assert peer.line().startswith("* BYE")
    peer.close()
    number = server.log_wait(r"^IMAP \S+ S 07001 (\d+) end idle-timeout").group(1)
    ends = re.findall(r"^IMAP \S+ S 07001 (\d+) end idle-timeout", server.log(), re.M)
    number = ends[-1]
    lines = [line for line in server.log().splitlines() if line.startswith("IMAP ") and f" {number} " in line]
    shape = re.compile(r"^IMAP \d\d:\d\d:\d\d\.\d{3} [APSF] \d{5} \d+ ")
    assert all(shape.match(line) for line in lines)
    text = "\n".join(re.sub(r"^IMAP \S+ ", "", line) for line in lines)

    def entry(level, code, what):
        return re.search(rf"^{level} {code} {number} {what}$", text, re.M)

    assert entry("A", "06157", '0003 SELECT "INBOX"')
    for line in (r"\* 7 EXISTS", r"\* 0 RECENT", r"\* OK \[UIDVALIDITY \d+\] UIDs valid",
                 r"0003 OK \[READ-WRITE\] SELECT completed", r"\+ idling", "0004 OK IDLE terminated",
                 "0005 OK UID FETCH completed", "0006 OK UID FETCH completed"):
        assert entry("A", "06266", line), line
    assert entry("A", "06157", "0004 IDLE") and entry("A", "06157", "DONE") and entry("A", "06157", "0007 IDLE")
    assert entry("P", "06483", r"work thread [0-9a-f]+ assigned to session")
    for seq in range(1, 8):
        assert entry("A", "06392", rf"\* {seq} FETCH \(UID {seq + 38} FLAGS \(\\Seen\)\)")
    assert entry("F", "06050", r"Removing session user - It has timed out")
    assert "message 45" not in text and PASSWORD not in text, "contents and passwords are never logged"


def test_by_default_time_alone_ends_no_idle(tmp_path):
    with Roost(options=["idle.keepalive=1s"], accounts=["user"]) as roost:
        peer = roost.login("user")
        peer.command("SELECT INBOX")
        peer.send("0007 IDLE\r\n")
        assert peer.line() == "+ idling"
        for _ in range(3):  # lines that keep the connection open on the way
            assert peer.line() == "* OK Still here"
        assert roost.deliver("user", MESSAGE.format(n=1)).startswith("250")
        line = peer.line()
        while line == "* OK Still here":
            line = peer.line()
        assert line == "* 1 EXISTS"
        peer.close()
