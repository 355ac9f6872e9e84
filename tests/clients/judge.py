# SPDX-License-Identifier: MIT
"""What Roost has of a client's sessions, and whether it is true: its log (with levels APSF), its journal, and
what `roost explain` says of each."""

import json
import re
import sqlite3
import time

ENDS = {"logout", "closed", "closed-idle"}  # a client that goes when it wants to
LEVELS = "log.levels=APSF"
# Of a client's line: tag, command and the UID before it.
COMMAND = re.compile(r"(\S+) ((?:uid )?[a-z]+)", re.I)


def records(server, account, count=1, timeout=20):
    """The records of an account's sessions, once there are that many and none is open."""
    deadline = time.monotonic() + timeout
    while True:
        with sqlite3.connect(f"file:{server.home}/journal.db?mode=ro", uri=True) as db:
            db.row_factory = sqlite3.Row
            rows = [dict(row) for row in db.execute(
                "SELECT * FROM session WHERE service = 'IMAP' AND account = ? ORDER BY session", (account,))]
        still = [row for row in server.sessions() if row["account"] == account]
        if len(rows) >= count and not still:
            return rows
        assert time.monotonic() < deadline, f"{len(rows)} sessions ended, open: {still}"
        time.sleep(0.1)


def lines(log, number):
    """What the log has of a session: (level, entry, text)."""
    return re.findall(rf"^IMAP \S+ ([APSF]) (\d+) {number}(?: (.*))?$", log, re.M)


def commands(said):
    """Those that a client sent: (tag, name), in their order. Whatever has no known tag in the answers is DONE, part of
    AUTHENTICATE or what stands behind a literal."""
    answered = {text.split(" ")[0] for _, entry, text in said if entry == "06266"}
    found = [COMMAND.match(text) for _, entry, text in said if entry == "06157"]
    return [(match.group(1), match.group(2).upper()) for match in found if match and match.group(1) in answered]


def judge_dialogue(said, allowed=()):
    """No command was refused, nothing failed, and the server did not end it. allowed: patterns of answers that may be
    a NO."""
    text = "\n".join(" ".join(line) for line in said)
    for level, entry, line in said:
        assert level != "F", f"{line}\n{text}"
        if entry != "06266":
            continue
        refused = re.match(r"\S+ (NO|BAD|BYE)\b", line)
        assert not refused or line == "* BYE Logging out" or any(re.search(p, line) for p in allowed), f"{line}\n{text}"


def judge_explanation(server, row, said, client):
    """`roost explain` of one session against its record and its log."""
    told = json.loads(server.run("explain", str(row["session"]), "--json").stdout)
    sent = commands(said)
    assert told["account"] == row["account"] and not told["open"]
    assert told["client"].startswith(client), told
    assert told["reason"] == row["reason"] and row["reason"] in ENDS, told
    assert told["verdict"]["who"] == "client" and told["verdict"]["sure"] == "certain", told
    assert told["commands"] == len(sent), (told, sent)
    # The first events may be forgotten; what is told is what was sent, in that order, up to the end.
    names = [event["text"].split(":")[0].upper() if event["kind"] == "command" else "IDLE"
             for event in told["timeline"] if event["kind"] in ("command", "idle-begin")]
    there = [name for _, name in sent]
    if row["reason"] == "closed-idle":
        there.append("IDLE")  # never answered
    assert names and names[-8:] == there[-len(names):][-8:], (names, there)
    rest = iter(there)
    assert all(name in rest for name in names), (names, there)
    assert f"account {row['account']}" in server.run("explain", str(row["session"])).stdout
    return told


def judge(server, account, client, count=1, allowed=()):
    """All sessions of the account in which a client of that name was; returns what explain says of them."""
    rows = [row for row in records(server, account, count) if row["client_id"].startswith(client)]
    assert len(rows) >= count, f"{len(rows)} sessions of {client}"
    server.log_wait(rf"^IMAP \S+ S 07001 {rows[-1]['session']} ")
    log = server.log()
    told = []
    for row in rows:
        said = lines(log, row["session"])
        judge_dialogue(said, allowed)
        told.append(judge_explanation(server, row, said, client))
    assert client in server.run("explain", "--account", account).stdout
    return told
