# SPDX-License-Identifier: MIT
"""Debian's Claws Mail: it finds the account's folders, new mail comes in, mail is read, marked and deleted at either
side, and when it starts again it finds what has happened meanwhile. Its sessions are judged afterwards."""

import os
import re
import shutil
import time

import pytest

import claws
from claws import Claws
from conftest import message
from judge import LEVELS, judge, lines, records
from roost_server import Roost

pytestmark = [
    pytest.mark.skipif(not os.environ.get("ROOST_LONG"), reason="a mail program with windows: ./dev test --long"),
    pytest.mark.skipif(not all(map(shutil.which, ("claws-mail", "xdotool", "Xvfb"))),
                       reason="claws-mail, xdotool or Xvfb is not installed (./dev test --long installs them)"),
    pytest.mark.usefixtures("bounded"),
]


@pytest.fixture(scope="module")
def server():
    with Roost(accounts=["plain", "starttls", "tls"], options=[LEVELS]) as roost:
        yield roost


def elsewhere(server, account, *commands):
    """What another program does meanwhile; returns the untagged answers of the last command."""
    peer = server.login(account)
    for command in commands:
        told = peer.command(command)
    peer.command("LOGOUT")
    peer.close()
    return told


def flags(server, account, mailbox="INBOX"):
    """Of each UID."""
    told = elsewhere(server, account, f"EXAMINE {mailbox}", "UID FETCH 1:* (FLAGS)")
    return {int(re.search(r"UID (\d+)", line).group(1)): set(re.search(r"FLAGS \((.*?)\)", line).group(1).split()) - {"\\Recent"}
            for line in told if "FETCH" in line}


def flags_wait(server, account, uid, wanted, timeout=20):
    deadline = time.monotonic() + timeout
    while (now := flags(server, account)).get(uid) != wanted:
        assert time.monotonic() < deadline, f"UID {uid}: {now}, not {wanted}"
        time.sleep(0.1)


def story(server, account, program):
    # The tree is that of the subscriptions, with a folder for what is to be sent, which it has made.
    program.receive("ten messages", lambda now: now["INBOX"] == (10, 10, 10))
    tree = program.counts()
    assert {"INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash", "Queue", "Work", "Work/Ideas", "Bücher"} == set(tree), tree
    assert tree["Work/Ideas"] == tree["Trash"] == (0, 0, 0)

    # New mail comes in when it looks; it is read, and marked.
    assert server.deliver(account, message(20)).startswith("250")
    program.receive("the new message", lambda now: now["INBOX"] == (11, 11, 11))
    program.remote("--select", "#imap/Roost/INBOX/11")
    flags_wait(server, account, 11, {"\\Seen"})
    program.press("asterisk")
    flags_wait(server, account, 11, {"\\Seen", "\\Flagged"})
    program.press("u")
    flags_wait(server, account, 11, {"\\Seen"})
    program.press("exclam")
    flags_wait(server, account, 11, set())
    assert program.counts()["INBOX"][1:] == (11, 11)

    # What is changed elsewhere comes in: one is read, one goes.
    elsewhere(server, account, "SELECT INBOX", r"UID STORE 3 +FLAGS (\Seen \Answered)", r"UID STORE 1 +FLAGS (\Deleted)",
              "UID EXPUNGE 1")
    program.receive("UID 1 goes, UID 3 is read", lambda now: now["INBOX"][1:] == (9, 10))

    # Deleted with the key: into Trash.
    program.remote("--select", "#imap/Roost/INBOX/5")
    flags_wait(server, account, 5, {"\\Seen"})
    program.press("ctrl+d")
    program.wait("UID 5 goes", lambda: program.counts()["INBOX"][1:] == (8, 9) and program.counts()["Trash"][2] == 1)
    assert sorted(flags(server, account)) == [2, 3, 4, *range(6, 12)]
    assert flags(server, account, "Trash") == {1: {"\\Seen"}}

    # Searched by the server, and in folders.
    found = program.remote("--search", "#imap/Roost/INBOX", "e", 'B "message 7"')
    assert re.findall(r"/INBOX/(\d+)$", found, re.M) == ["8"], found


@pytest.mark.parametrize("security", ["plain", "starttls", "tls"])
def test_claws(server, tmp_path, security):
    account = security
    for n in range(10):
        assert server.deliver(account, message(n)).startswith("250")
    elsewhere(server, account, 'CREATE "Work/Ideas"', 'SUBSCRIBE "Work/Ideas"', 'CREATE "B&APw-cher"', 'SUBSCRIBE "B&APw-cher"',
              'CREATE "Unseen"')
    password = server.run("account", "app-password", "add", account, "claws", "--only", "imap").stdout.split()[-1]
    port = server.ports["imaps" if security == "tls" else "imap"]
    with Claws(tmp_path, account, password, port, getattr(claws, security.upper())) as program:
        story(server, account, program)
        program.quit()
        # It was away: one has come, one has gone, one is read.
        assert server.deliver(account, message(21)).startswith("250")
        elsewhere(server, account, "SELECT INBOX", r"UID STORE 6 +FLAGS (\Seen)", r"UID STORE 2 +FLAGS (\Deleted)", "EXPUNGE")
        program.kill()
        program.start()
        program.receive("what happened meanwhile", lambda now: now["INBOX"][1:] == (7, 9))
        program.quit()

    # It gives no name, so all sessions are judged. Its own are those with the application password.
    told = judge(server, account, "", count=2)
    mine = [row["session"] for row in records(server, account)
            if any("application password \"claws\"" in text for _, _, text in lines(server.log(), row["session"]))]
    assert len(mine) == 2, mine
    assert all(bool(one["tls"]) == (security != "plain") and one["reason"] == "logout" for one in told if one["session"] in mine), told
    sent = [text for number in mine for _, entry, text in lines(server.log(), number) if entry == "06157"]
    for command in ('LSUB "" "%"', "UID SEARCH", "UID COPY 5 Trash", "CREATE Queue"):
        assert any(command in line for line in sent), (command, sent)
