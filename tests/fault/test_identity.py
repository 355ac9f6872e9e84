# SPDX-License-Identifier: MIT
"""A mailbox stays what it is, whatever is done to it or to the server: UIDVALIDITY, MAILBOXID and the UIDs of its
messages never change, and UIDNEXT never falls. Clients throw away all they have of a mailbox whose UIDVALIDITY is
another one (RFC 3501 section 2.3.1.1)."""

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from roost_server import Roost  # noqa: E402
from test_upgrade import Server  # noqa: E402

TEXT = "Subject: x\r\n\r\ny"
LITERAL = f"{{{len(TEXT)}+}}\r\n{TEXT}"
BOXES = ["INBOX", "Work", "Work/deep", "Sent"]


class Identity:
    """What may not change of an account's mailboxes. names: what they are called now."""

    def __init__(self, server):
        self.server = server
        self.names = {box: box for box in BOXES}
        peer = server.login("anna")
        for box in BOXES:
            peer.command(f"CREATE {box}", expect=None)
            peer.command(f"APPEND {box} {LITERAL} {LITERAL} {LITERAL}")
        peer.close()
        self.before = self.look()

    def look(self):
        peer = self.server.login("anna")
        found = {}
        for box, name in self.names.items():
            line = peer.command(f"STATUS {name} (UIDVALIDITY UIDNEXT MAILBOXID)")[0]
            uidnext = int(re.search(r"UIDNEXT (\d+)", line).group(1))
            selected = "".join(peer.command(f"EXAMINE {name}"))
            assert re.search(r"\[UIDVALIDITY (\d+)\]", selected).group(1) == re.search(r"UIDVALIDITY (\d+)", line).group(1)
            rows = peer.command("UID FETCH 1:* (EMAILID)")
            mail = dict(re.search(r"UID (\d+) EMAILID \((\w+)\)", row).groups() for row in rows)
            found[box] = (re.search(r"UIDVALIDITY (\d+)", line).group(1), re.search(r"MAILBOXID \((\w+)\)", line).group(1), uidnext, mail)
        peer.close()
        return found

    def check(self, what):
        now = self.look()
        for box in BOXES:
            valid, number, uidnext, mail = self.before[box]
            assert now[box][:2] == (valid, number), f"{what}: {box}"
            assert now[box][2] >= uidnext, f"{what}: {box}"
            for uid, emailid in now[box][3].items():
                if int(uid) < uidnext:
                    assert mail[uid] == emailid, f"{what}: {box}, UID {uid}"
        self.before = now

    def commands(self, *lines):
        peer = self.server.login("anna")
        for line in lines:
            peer.command(line)
        peer.close()


def rename(same):
    same.commands("RENAME Work Play")
    same.names.update({"Work": "Play", "Work/deep": "Play/deep"})
    same.check("renamed")
    same.commands("CREATE Work", "RENAME Work Elsewhere", "RENAME Play Work")
    same.names.update({"Work": "Work", "Work/deep": "Work/deep"})


def rename_inbox(same):
    same.commands("RENAME INBOX Was")
    assert same.look()["INBOX"][3] == {}
    same.commands(f"APPEND INBOX {LITERAL}")


def rename_selected(same):
    peer = same.server.login("anna")
    peer.command("SELECT Work")
    same.commands("RENAME Work Play")
    same.names.update({"Work": "Play", "Work/deep": "Play/deep"})
    peer.command(f"APPEND Play {LITERAL}")
    assert "* OK [UIDVALIDITY" in "\n".join(peer.command("SELECT Play"))
    peer.command("RENAME Play Work")
    same.names.update({"Work": "Work", "Work/deep": "Work/deep"})
    peer.close()


def replace(same):
    same.commands("SELECT Work", f"REPLACE 1 Work {LITERAL}", f"UID REPLACE * Sent {LITERAL}")


def move_and_expunge(same):
    same.commands("SELECT Work", f"APPEND Work {LITERAL} {LITERAL}", "MOVE * Sent", "STORE 1 +FLAGS (\\Deleted)", "EXPUNGE",
                  "STORE 1:* +FLAGS (\\Deleted)", "CLOSE")


def access(same):
    same.commands("SETACL Work bert lrswite", "SETACL INBOX anyone lr", "DELETEACL INBOX anyone")
    bert = same.server.login("bert")
    line = bert.command('STATUS "Other Users/anna/Work" (UIDVALIDITY)')[0]
    assert re.search(r"UIDVALIDITY (\d+)", line).group(1) == same.before["Work"][0]
    bert.command('SELECT "Other Users/anna/Work"')
    bert.command(f'APPEND "Other Users/anna/Work" {LITERAL} {LITERAL}')
    bert.command("STORE * +FLAGS (\\Deleted)")
    bert.command("EXPUNGE")
    bert.close()


def metadata(same):
    same.commands("DELETE Archive", 'SETMETADATA Work (/private/comment "x" /shared/comment "y" /private/specialuse "\\\\Archive")',
                  'SETMETADATA Work (/private/comment NIL /private/specialuse NIL)', 'SETMETADATA "" (/private/comment "x")')


def quota(same):
    same.server.run("account", "quota", "anna", "--messages", "100", "--storage", "10M")
    same.check("with a quota")
    same.server.run("account", "quota", "anna", "--messages", "1")
    peer = same.server.login("anna")
    peer.command(f"APPEND Work {LITERAL}", expect="NO")
    peer.close()
    same.check("over quota")
    same.server.run("account", "quota", "anna", "--messages", "default", "--storage", "default")


def compress(same):
    peer = same.server.login("anna")
    peer.compress()
    peer.command("SELECT Work")
    peer.command(f"APPEND Work {LITERAL}")
    peer.command("UNAUTHENTICATE")
    peer.close()


def versions(same):
    same.commands("ENABLE IMAP4rev2 UTF8=ACCEPT QRESYNC UIDONLY", "SELECT Work", f"APPEND Work {LITERAL}")


def sharing(same):
    for switch in "no", "yes":
        same.server.share(switch)
        same.check(f"sharing = {switch}")


def upgrade(same):
    same.server.upgrade()


def kill(same):
    same.server.kill()
    same.server.start()


def restart(same):
    same.server.stop()
    same.server.start()


class Sharing(Server):
    def share(self, switch):
        """[imap] sharing, by SIGHUP. CAPABILITY shows when it applies."""
        text = re.sub(r"\n\[imap\]\nsharing = \w+\n", "", self.config.read_text())
        self.config.write_text(f"{text}\n[imap]\nsharing = {switch}\n")
        os.kill(self.owner(), signal.SIGHUP)
        peer = self.login("anna")
        deadline = time.monotonic() + 15
        while (" ACL " in peer.command("CAPABILITY")[0]) != (switch == "yes"):
            assert time.monotonic() < deadline, "it is not read again"
            time.sleep(0.02)
        peer.close()


@pytest.fixture(scope="module")
def same():
    with Sharing(accounts=["anna", "bert"], options=["auth.scram=no", "log.levels=PSF"]) as server:
        server.share("yes")
        yield Identity(server)


@pytest.mark.parametrize("change", [rename, rename_inbox, rename_selected, replace, move_and_expunge, access, metadata, quota, compress,
                                    versions, sharing, kill, restart, upgrade])
def test_the_mailbox_is_the_same(same, change):
    change(same)
    same.check(change.__name__)


def test_a_mailbox_that_is_made_anew_is_another_one():
    with Roost(accounts=["anna"]) as server:
        peer = server.login("anna")
        seen = set()
        for _ in range(3):
            peer.command("CREATE Again")
            peer.command(f"APPEND Again {LITERAL}")
            line = peer.command("STATUS Again (UIDVALIDITY MAILBOXID)")[0]
            valid = int(re.search(r"UIDVALIDITY (\d+)", line).group(1))
            assert all(valid > other for other in seen)
            seen.add(valid)
            peer.command("DELETE Again")
        peer.close()
