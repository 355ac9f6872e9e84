# SPDX-License-Identifier: MIT
"""`roost account quota`, `[quota]` with a reload, LMTP's two ways of refusing, and an import that is too large."""

import json
import re
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from roost_server import Roost  # noqa: E402

MAIL = b"From: a@example.org\r\nSubject: x\r\n\r\n"


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def quota(server, name="anna", *args):
    row, = rows(server.run("account", "quota", name, *args, "--json"))
    return [row["account"]] + [(row[r]["used"], row[r]["limit"], row[r]["own"]) for r in ("storage", "messages", "mailboxes")]


@pytest.fixture(params=[False, True], ids=["no-server", "server"])
def home(request):
    with Roost(accounts=["anna", "bob"], start=request.param) as roost:
        yield roost


def test_limits_are_set_and_shown(home):
    assert quota(home) == ["anna", (0, None, False), (0, None, False), (0, None, False)]  # and nothing was made for it
    assert quota(home, "anna", "--storage", "2G", "--messages", "500") == [
        "anna", (0, 2 << 30, True), (0, 500, True), (0, None, False)]
    assert quota(home, "anna", "--messages", "none", "--mailboxes", "none") == [
        "anna", (0, 2 << 30, True), (0, None, True), (0, None, True)]
    assert quota(home, "anna", "--storage", "default")[1] == (0, None, False)
    home.run("account", "quota", "bob", "--storage", "1536K")
    lines = home.run("account", "quota").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["anna", "bob"]
    assert "storage 0 of 1.5M, 0 % (own limit)  messages 0, no limit" in lines[1]
    assert "messages 0, no limit (own limit)" in lines[0]


@pytest.mark.parametrize("args", [("anna", "--storage", "x"), ("anna", "--storage", "5T"), ("anna", "--messages", "2K"),
                                  ("anna", "--storage", "-1"), ("--storage", "5"), ("anna", "--storage", "0"),
                                  ("anna", "--messages", "0"), ("anna", "--storage", "0G"), ("anna", "bob"), ("anna", "--storage"),
                                  ("anna", "--storage", str((1 << 62) + 1)), ("anna", "--storage", "4294967297G")])
def test_what_is_no_limit_is_refused(home, args):
    assert home.run("account", "quota", *args, check=False).returncode == 2
    assert quota(home)[1] == (0, None, False)
    done = home.run("account", "quota", "nobody", check=False)
    assert done.returncode == 1 and 'no account "nobody"' in done.stderr


def test_an_account_that_cannot_be_read_does_not_hide_the_others():
    with Roost(accounts=["anna"]) as server:
        assert server.deliver("anna", "Subject: x\n\nx").startswith("250")
        server.stop()
        path, = [p for p in (server.home / "accounts").rglob("mail.db") if "spare" not in p.parts]
        path.write_bytes(b"no database" * 1000)
        server.add_accounts(["bob"])
        anna, bob = rows(server.run("account", "quota", "--json"))
        assert anna["account"] == "anna" and anna["trouble"] and bob["messages"]["used"] == 0
        lines = server.run("account", "quota").stdout.splitlines()
        assert anna["trouble"] in lines[0] and "messages 0, no limit" in lines[1]


def deliver(server, name):
    peer = server.connect("lmtp")
    peer.line()
    peer.send(f"LHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<{name}@localhost>\r\nDATA\r\n".encode() + MAIL + b".\r\nQUIT\r\n")
    assert peer.at_end()
    answers = peer.lines()
    peer.close()
    return answers[-2].split(" <")[0]


def test_a_reload_changes_what_holds():
    """Sessions and deliveries that come after it are measured by it; an account's own limit stays."""
    with Roost(accounts=["anna", "bob"], options=["log.levels=PSF"]) as server:
        peer = server.login("anna")
        server.run("account", "quota", "bob", "--messages", "1")
        assert deliver(server, "anna") == "250 2.0.0" and deliver(server, "bob") == "250 2.0.0"
        for times, (full, answer) in enumerate((("temporary", "452 4.2.2"), ("permanent", "552 5.2.2")), 1):
            with open(server.config, "a") as config:
                config.write(f"[quota]\nmessages = 2\nwarn = no\nfull = {full}\n")
            server.process.send_signal(signal.SIGHUP)
            server.log_wait(r"(?s)(configuration reloaded.*){%d}" % times)
            assert deliver(server, "anna") == ("250 2.0.0" if full == "temporary" else answer)
            assert deliver(server, "bob") == answer
            (server.config).write_text(server.config.read_text().split("[quota]\nmessages = 2\n")[0])
        assert "MESSAGE 2 2" in "".join(peer.command('GETQUOTA ""'))
        peer.close()
        server.stop()
        server.start()
        assert deliver(server, "anna") == "250 2.0.0" and deliver(server, "bob") == "452 4.2.2"


def test_an_import_takes_what_there_is_room_for(home, tmp_path):
    """Each message that is too much is named, the smaller ones behind it are taken, and with more room a second run
    takes the rest."""
    box = tmp_path / "box"
    box.mkdir()
    for n in range(6):
        (box / f"{n}.eml").write_bytes(b"Subject: %d\n\n" % n + b"x" * (1000 if n % 2 else 100))
    home.run("account", "quota", "anna", "--storage", "2000")
    done = home.run("import", "anna", str(box), "--json", check=False)
    assert done.returncode == 1
    told = rows(done)
    assert told[-1]["imported"] == 4 and told[-1]["refused"] == 2
    assert all("over quota" in row["trouble"] for row in told if "trouble" in row)
    home.run("account", "quota", "anna", "--storage", "none", "--mailboxes", "6")
    told = rows(home.run("import", "anna", str(box), "--json"))
    assert told[-1]["imported"] == 2 and told[-1]["skipped"] == 4
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "1.eml").write_bytes(b"Subject: more\n\nx\n")
    done = home.run("import", "anna", "--mailbox", "new", str(tmp_path / "more"), "--json", check=False)
    assert done.returncode == 1 and "over quota: 6 of 6 mailboxes" in done.stdout


def test_a_mailbox_too_many_is_logged():
    with Roost(accounts=["anna"], options=["log.levels=PSF"]) as server:
        server.run("account", "quota", "anna", "--mailboxes", "6")
        peer = server.login("anna")
        for command in ("CREATE one", "RENAME Archive a/b"):
            peer.command(command, expect="NO")
        assert len(re.findall(r" F 07107 \d+ over quota: 6 of 6 mailboxes are used, 1 more wanted", server.log())) == 2
        peer.close()


# ---- the owner is told ----

LIMIT, AT_80, AT_95 = 20480, 16384, 19456


class Owner:
    """One who stores messages of exact sizes, and looks at what the server has put into INBOX."""

    def __init__(self, server):
        self.peer = server.login("anna")
        self.peer.command("SELECT INBOX")

    def append(self, octets, expect="OK"):
        self.peer.command("APPEND INBOX {%d+}\r\n" % octets + "x" * octets, expect=expect)
        return self

    def used(self):
        return int(self.peer.command("STATUS INBOX (SIZE)")[0].split("SIZE ")[1].rstrip(")"))

    def told(self):
        """The percents of all notices, in their order."""
        self.peer.command("NOOP")
        lines = "".join(self.peer.command("FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]"))
        return [int(percent) for percent in re.findall(r"Your mailbox is (\d+) % full", lines)]


@pytest.fixture
def limited():
    with Roost(accounts=["anna"], options=[f"quota.storage={LIMIT}"]) as server:
        yield server


def test_a_notice_comes_once_for_each_threshold(limited):
    anna = Owner(limited)
    assert anna.append(AT_80 - 1).told() == []
    assert anna.append(1).told() == [80]
    assert anna.append(AT_95 - 1 - anna.used()).told() == [80]
    assert anna.append(1).told() == [80, 95]
    assert anna.append(10).told() == [80, 95]
    anna.append(LIMIT, expect="NO")
    text = "".join(anna.peer.command("FETCH 3 BODY.PEEK[]"))
    for line in ("From: Mail server <postmaster@", "To: <anna@", "Auto-Submitted: auto-generated", "Message-ID: <quota.",
                 "Your mailbox holds 16.0 KB of the 20.0 KB that it may hold."):
        assert line in text
    # Below and above again: once more.
    anna.peer.command(r"STORE 1:* +FLAGS.SILENT (\Deleted)")
    anna.peer.command("EXPUNGE")
    assert anna.append(AT_80).told() == [80]


def test_a_notice_is_never_too_much(limited):
    """It may pass the next threshold itself, and then speaks of that one; it may even pass the limit."""
    anna = Owner(limited)
    assert anna.append(AT_95 - 10).told() == [95]
    assert anna.append(10).told() == [95]
    anna.peer.command(r"STORE 1:* +FLAGS.SILENT (\Deleted)")
    anna.peer.command("EXPUNGE")
    assert anna.append(LIMIT).told() == [95] and anna.used() > LIMIT
    anna.append(1, expect="NO")
    anna.peer.command("MOVE 1 Trash")
    limited.log_wait("07108 .*account anna has reached 95 % of its quota")  # as the notice says


def test_copies_and_deliveries_are_told_of_too(limited):
    anna = Owner(limited)
    anna.append(AT_80 // 2)
    anna.peer.command("COPY 1 Trash")
    assert anna.told() == [80]
    limited.run("account", "quota", "anna", "--storage", "none", "--messages", "20")
    for n in range(12):
        assert anna.append(1).told() == [80]
    assert limited.deliver("anna", "Subject: x\n\nx", mailbox="Trash").startswith("250")
    assert anna.told() == [80, 80]
    assert "holds 16 messages of the 20 messages" in "".join(anna.peer.command("FETCH * BODY.PEEK[]"))


def test_a_command_is_told_too(tmp_path):
    """It gets what has happened as arguments; one that fails is logged, and one that hangs does not outlive the server."""
    tell, out = tmp_path / "tell", tmp_path / "out"
    tell.write_text(f'#!/bin/sh\n[ $2 = 80 ] || sleep 1000 & echo $! >{tmp_path}/child\necho "$@" >>{out}\n'
                    '[ $2 = 80 ] && exit 3\nwait\n')
    tell.chmod(0o755)
    with Roost(accounts=["anna"], options=["quota.messages=20", "quota.warn=no", f"quota.warn_command={tell}"]) as server:
        for _ in range(19):
            assert server.deliver("anna", "Subject: x\n\nx").startswith("250")
        server.log_wait("07108 .*account anna has reached 80 % of its quota: 16 of 20 messages")
        server.log_wait("07109 .*ended with status 3", timeout=30)
        deadline = time.monotonic() + 30
        while out.read_text().count("\n") < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert out.read_text() == "anna 80 messages 16 20\nanna 95 messages 19 20\n"
        assert server.stop() == 0
        stat = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")  # what it has started ends with it
        while time.monotonic() < deadline and stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z":
            time.sleep(0.05)
        assert time.monotonic() < deadline


def replace(peer, uid, text):
    peer.command(f"UID REPLACE {uid} Drafts {{{len(text)}+}}\r\n{text}", expect=None)
    return peer.last


def test_a_draft_that_is_replaced_counts_by_the_difference():
    """RFC 8508 section 3.4: near a threshold nothing is told again, above a limit what does not grow is stored."""
    with Roost(accounts=["anna"]) as server:
        server.run("account", "quota", "anna", "--messages", "5", "--storage", "1000")
        peer = server.login("anna")
        for _ in range(3):
            peer.command("APPEND Drafts {10+}\r\nA: b\r\n\r\nxy")
        peer.command("APPEND Drafts {10+}\r\nA: b\r\n\r\nxy")  # 80 % of the messages: a notice, the fifth
        assert "MESSAGES 1" in "".join(peer.command("STATUS INBOX (MESSAGES)"))
        peer.command("SELECT INBOX")
        peer.command("STORE 1 +FLAGS (\\Deleted)")
        peer.command("EXPUNGE")
        peer.command("SELECT Drafts")
        for uid in range(4, 7):
            assert " OK " in replace(peer, uid, "A: b\r\n\r\nxz")
        assert "MESSAGES 0" in "".join(peer.command("STATUS INBOX (MESSAGES)"))

        server.run("account", "quota", "anna", "--messages", "2", "--storage", "20")
        assert " OK " in replace(peer, 7, "A: b\r\n\r\nx")
        assert " OK " in replace(peer, 8, "A: b\r\n\r\ny")
        assert "[OVERQUOTA]" in replace(peer, 9, "A: b\r\n\r\nxy")
        assert "MESSAGES 4" in "".join(peer.command("STATUS Drafts (MESSAGES)"))
        peer.close()
