# SPDX-License-Identifier: MIT
"""Debian's Thunderbird as people have it: new mail shows up, mail is read, marked, moved and deleted at either side,
folders show. Its sessions are judged afterwards, also by what `roost explain` makes of Thunderbird's own log."""

import json
import os
import re
import shutil
import time

import pytest

import thunderbird
from conftest import message
from judge import LEVELS, judge
from roost_server import PASSWORD, Roost
from thunderbird import Thunderbird

pytestmark = [
    pytest.mark.skipif(not os.environ.get("ROOST_LONG"), reason="a mail program with windows: ./dev test --long"),
    pytest.mark.skipif(not (shutil.which("thunderbird") and shutil.which("Xvfb")),
                       reason="thunderbird or Xvfb is not installed (./dev test --long installs them)"),
    pytest.mark.usefixtures("bounded"),
]

# A message of INBOX by its UID, as the list of messages shows it.
ROW = """
    const row = uid => {
        const h = [...folderOf("INBOX").messages].find(one => one.messageKey == uid);
        return h && [h.isRead, h.isFlagged, !!(h.flags & Ci.nsMsgMessageFlags.Replied), h.getStringProperty("keywords")];
    };"""
TREE = """
    const names = f => f.hasSubFolders ? Object.fromEntries(f.subFolders.map(s => [s.name, names(s)])) : {};
    return names(root);"""
# Select by UID, in the list of messages.
SELECT = """
    const p = pane();
    for (let i = 0; i < p.gDBView.rowCount; i++)
        if (p.gDBView.getMsgHdrAt(i).messageKey == args[0]) {
            p.threadTree.selectedIndex = i;
            return true;
        }
    return false;"""
QUOTA = """
    const told = folderOf("INBOX").QueryInterface(Ci.nsIMsgImapMailFolder).getQuota();
    return told.map(one => [one.name, Number(one.usage), Number(one.limit)]);"""
SHOWN = """
    const about = window3.document.getElementById("tabmail").currentAboutMessage;
    return about?.document.getElementById("messagepane").contentDocument?.body?.textContent.includes(args[0]);"""
MOVE = """
    const from = folderOf("INBOX"), hdrs = [...from.messages].filter(h => args[0].includes(h.messageKey));
    return await new Promise(resolve => MailServices.copy.copyMessages(from, hdrs, folderOf(args[1]), args[2], {
        onStartCopy() {}, onProgress() {}, setMessageKey() {}, getMessageId() { return null; },
        onStopCopy: status => resolve(status),
    }, null, true));"""


@pytest.fixture(scope="module")
def server():
    with Roost(accounts=["plain", "starttls", "tls"], options=[LEVELS]) as roost:
        yield roost


def flags_wait(server, account, uid, *wanted, mailbox="INBOX", timeout=20):
    """Until a message has these flags at the server."""
    peer = server.login(account)
    peer.command(f"EXAMINE {mailbox}")
    deadline = time.monotonic() + timeout
    while True:
        told = peer.command(f"UID FETCH {uid} (FLAGS)")
        if told and all(flag in told[-1] for flag in wanted):
            peer.command("LOGOUT")
            peer.close()
            return
        assert time.monotonic() < deadline, f"UID {uid}: {told}, not {wanted}"
        time.sleep(0.1)


def idling_wait(server, account):
    deadline = time.monotonic() + 30
    while not any(row["account"] == account and row["state"] == "idle" for row in server.sessions()):
        assert time.monotonic() < deadline, server.sessions()
        time.sleep(0.05)


def story(server, account, program):
    program.remember_password()
    program.open("INBOX")
    program.wait("ten messages", "return folderOf('INBOX').getTotalMessages(false) == 10 && pane().gDBView.rowCount == 10")

    # New mail shows up by itself.
    idling_wait(server, account)
    assert server.deliver(account, message(20)).startswith("250")
    program.wait("the new message", "return pane().gDBView.rowCount == 11", seconds=15)
    assert program.do("return [...folderOf('INBOX').messages].find(h => h.messageKey == 11).mime2DecodedSubject") == "Grüße 20"

    # It is read, and that is kept; so is a star, and a tag.
    assert program.do(SELECT, 11)
    program.wait("the text", SHOWN, "message 20: äöü")
    flags_wait(server, account, 11, "\\Seen")
    program.do("window3.goDoCommand('cmd_markAsFlagged')")
    flags_wait(server, account, 11, "\\Flagged")
    program.do("window3.goDoCommand('cmd_tag1')")
    flags_wait(server, account, 11, "$label1")

    # What is changed elsewhere comes in.
    idling_wait(server, account)
    peer = server.login(account)
    for command in ("SELECT INBOX", r"UID STORE 3 +FLAGS (\Seen \Flagged \Answered $Label2)",
                    r"UID STORE 1 +FLAGS (\Deleted)", "UID EXPUNGE 1", 'CREATE "Work/Ideas/Deep"',
                    'SUBSCRIBE "Work/Ideas/Deep"', 'CREATE "B&APw-cher"', 'SUBSCRIBE "B&APw-cher"', 'CREATE "Unseen"'):
        peer.command(command)
    peer.command("LOGOUT")
    program.wait("flags of UID 3", ROW + "return row(3)?.join() == 'true,true,true,$label2'")
    program.wait("UID 1 goes", ROW + "return !row(1)")
    assert program.do("return [...folderOf('INBOX').messages].map(h => h.messageKey)") == [*range(2, 12)]

    # The tree is that of the subscriptions.
    program.do("server.performExpand(null);")
    program.wait("the tree", "return folderOf('Bücher') && folderOf('Work/Ideas/Deep')")
    tree = program.do(TREE)
    assert tree["Work"] == {"Ideas": {"Deep": {}}} and "Unseen" not in tree, tree
    assert {"INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"} <= set(tree), tree

    # Deleted with the key: into Trash. Moved and copied by hand.
    assert program.do(SELECT, 5)
    program.do("window3.goDoCommand('cmd_delete')")
    program.wait("UID 5 goes", ROW + "return !row(5)")
    flags_wait(server, account, 1, "UID 1 ", mailbox="Trash")
    assert program.do(MOVE, [6, 7], "Work/Ideas/Deep", True) == 0
    assert program.do(MOVE, [8], "Bücher", False) == 0
    # Thunderbird calls it done before the server is asked, and then shows a folder as it was when it looked last.
    flags_wait(server, account, 2, "UID 2 ", mailbox="Work/Ideas/Deep")
    program.open("Work/Ideas/Deep")
    program.wait("what was moved", "return pane().gDBView.rowCount == 2")
    program.open("INBOX")
    program.wait("what is left", "return pane().gDBView.rowCount == 7")

    # A folder is made, renamed and thrown away.
    program.do("root.createSubfolder('Später', null);")
    program.wait("the new folder", "return folderOf('Später')")
    program.do("folderOf('Später').rename('Früher', null);")
    program.wait("the new name", "return folderOf('Früher') && !folderOf('Später')")
    program.accept("folderOf('Früher').deleteSelf(null);")
    program.wait("it goes", "return !folderOf('Früher')")
    idling_wait(server, account)
    program.rest()


def counts(server, account):
    peer = server.login(account)
    told = {name: peer.command(f"STATUS {name} (MESSAGES)")[0] for name in
            ("INBOX", "Trash", "Work/Ideas/Deep", "B&APw-cher")}
    peer.command("LOGOUT")
    peer.close()
    return {name: int(re.search(r"MESSAGES (\d+)", line).group(1)) for name, line in told.items()}


@pytest.mark.parametrize("security", ["plain", "starttls", "tls"])
def test_thunderbird(server, tmp_path, security):
    account = security
    condstore = security == "starttls"  # not its default
    prefs = 'user_pref("mail.server.server1.use_condstore", true);\n' if condstore else ""
    if security == "tls":
        server.run("account", "quota", account, "--storage", "10M", "--messages", "500")
    for n in range(10):
        assert server.deliver(account, message(n)).startswith("250")
    port = server.ports["imaps" if security == "tls" else "imap"]
    with Thunderbird(tmp_path, account, PASSWORD, port, getattr(thunderbird, security.upper()),
                     None if security == "plain" else server.home / "cert.pem", prefs) as program:
        story(server, account, program)
        quota = program.do(QUOTA)
        program.quit()
        assert program.gone(), "processes of Thunderbird are left"
        log = program.log_file()
    assert ("CHANGEDSINCE" in log.read_text(errors="replace")) == condstore
    # What it shows of limits; where there are none, that there are none.
    if security == "tls":
        assert quota == [["STORAGE", quota[0][1], 10240], ["MESSAGE", 11, 500]] and 1 < quota[0][1] < 20, quota
    else:
        assert quota == []
    assert counts(server, account) == {"INBOX": 7, "Trash": 1, "Work/Ideas/Deep": 2, "B&APw-cher": 1}

    told = judge(server, account, "Thunderbird 1", count=2)
    assert all(bool(one["tls"]) == (security != "plain") for one in told)
    # Thunderbird's side, read by itself and beside Roost's.
    ours = sorted((server.home / "log").glob("*.log"))
    for files in ([log], [log, *ours]):
        read = json.loads(server.run("explain", *map(str, files), "--all", "--json", config=False).stdout)
        assert read["files"][0]["format"] == "thunderbird" and read["files"][0]["not_understood"] == 0, read["files"]
        # Thunderbird's log also has a connection object that it makes while it quits, and never uses.
        here = [one for one in read["sessions"] if one["account"] and
                any(view["file"] == str(log) for view in one["views"])]
        assert len(here) >= 2 and all(one["who"] == "client" and one["sure"] == "certain" for one in here), read
        if len(files) > 1:  # each was found in both
            assert all(len(one["views"]) == 2 for one in here), here
