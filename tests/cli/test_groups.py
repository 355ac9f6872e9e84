# SPDX-License-Identifier: MIT
"""Groups of accounts, what they may do with shared mailboxes, and the index of who shares what."""

import sqlite3
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from limits import limit  # noqa: E402
from roost_server import Roost  # noqa: E402

WORK = '"Other Users/anna/Work"'

CUT = "* NO [LIMIT] Not all mailboxes of other users are listed"


def ok(peer, command):
    return peer.command(command)


def refused(peer, command, code):
    peer.command(command, expect="NO")
    assert f" NO [{code}]" in peer.last, (command, peer.last)


def shares_inbox(file):
    db = sqlite3.connect(file)
    try:
        return db.execute("SELECT count(*) FROM acl").fetchone()[0] > 0
    except sqlite3.DatabaseError:
        return False
    finally:
        db.close()


def listed(peer):
    return ok(peer, 'LIST "" "Other Users/*"')


def registry(server):
    return sqlite3.connect(f"file:{server.home}/registry.db?mode=ro", uri=True, timeout=5)


def shares(server):
    db = registry(server)
    rows = db.execute("SELECT a.name, kind, who FROM share JOIN account AS a ON a.id = owner ORDER BY 1, 2, 3").fetchall()
    db.close()
    return rows


def test_groups_are_kept_and_grant_rights_at_once():
    with Roost(accounts=["anna", "bert", "carl"]) as server:
        assert server.run("group", "list").stdout == ""
        server.run("group", "add", "Staff", "bert")
        assert server.run("group", "add", "staff", check=False).returncode == 1
        assert server.run("group", "add", "staff", "nobody", check=False).returncode == 1
        assert server.run("group", "remove", "others", check=False).returncode == 1
        assert server.run("group", "add", "two words", check=False).returncode == 1
        assert server.run("group", check=False).returncode == 2
        assert server.run("group", "list").stdout.split() == ["staff", "1", "member"]
        anna, bert, carl = (server.login(name) for name in ("anna", "bert", "carl"))
        ok(anna, "CREATE Work")
        ok(anna, "SETACL Work group:STAFF lrs")
        assert ok(anna, "GETACL Work") == ["* ACL Work anna lrswipkxtecda group:staff lrs"]
        assert len(listed(bert)) == 1 and listed(carl) == []
        server.run("group", "add", "staff", "carl")
        assert server.run("group", "members", "staff").stdout.split() == ["bert", "carl"]
        assert len(listed(carl)) == 1
        # A member who leaves while it is selected may not read it any more.
        ok(carl, f"SELECT {WORK}")
        ok(anna, "SETACL Work -bert r")
        refused(bert, f"SELECT {WORK}", "NOPERM")
        server.run("group", "remove", "staff", "carl")
        assert any("NO [NOPERM]" in line for line in ok(carl, "NOOP"))
        refused(carl, "FETCH 1:* FLAGS", "NOPERM")
        # Rights of a group that is gone are nobody's, also of another one with its name.
        server.run("group", "remove", "staff")
        server.run("group", "add", "staff", "bert", "carl")
        assert listed(bert) == [] and listed(carl) == []
        assert ok(anna, "GETACL Work") == ["* ACL Work anna lrswipkxtecda -bert r"]
        ok(anna, "SETACL Work anyone l")
        assert len(listed(bert)) == 1 and len(listed(carl)) == 1
        out = server.run("account", "shares", "anna").stdout.split()
        assert out[:3] == ["Work", "anyone", "l"] and "-bert" in out


def test_the_index_follows_and_can_be_rebuilt():
    with Roost(accounts=["anna", "bert", "carl"]) as server:
        anna, bert = server.login("anna"), server.login("bert")
        for command in ("CREATE Work", "CREATE Play", "SETACL Work bert lr", "SETACL Play bert lr", "SETACL Play -carl r"):
            ok(anna, command)
        assert shares(server) == [("anna", 1, 2)]
        ok(anna, "DELETEACL Work bert")
        assert shares(server) == [("anna", 1, 2)]  # there is another mailbox
        ok(anna, "DELETE Play")
        assert shares(server) == []
        ok(anna, "SETACL Work bert lr")
        ok(bert, "SETACL Archive anyone l")
        right = shares(server)
        server.stop()
        db = sqlite3.connect(server.home / "registry.db")
        db.execute("DELETE FROM share")
        db.execute("INSERT INTO share VALUES (1, 3, 1)")
        db.commit()
        db.close()
        server.start()
        bert = server.login("bert")
        assert listed(bert) == []
        server.run("account", "shares", "--rebuild")
        assert shares(server) == right
        assert len(listed(bert)) == 1
        assert server.run("account", "shares", check=False).returncode == 2


def test_accounts_that_go_and_come_back():
    with Roost(accounts=["anna", "bert"]) as server:
        anna, bert = server.login("anna"), server.login("bert")
        ok(anna, "CREATE Work")
        ok(anna, "SETACL Work bert lr")
        ok(bert, f"SUBSCRIBE {WORK}")
        ok(bert, f"SELECT {WORK}")
        server.run("account", "remove", "--yes", "anna")
        assert bert.line() == "* BYE Account of the selected mailbox was removed"
        bert = server.login("bert")
        refused(bert, f"STATUS {WORK} (MESSAGES)", "NONEXISTENT")
        assert listed(bert) == []
        # Nobody inherits the rights of somebody else by his name.
        server.run("account", "restore", "anna", "--as", "anne")
        assert listed(bert) == ['* LIST (\\HasNoChildren) "/" "Other Users/anne/Work"']
        refused(bert, f"SELECT {WORK}", "NONEXISTENT")
        ok(bert, 'SELECT "Other Users/anne/Work"')
        bert.command("LOGOUT")
        server.run("account", "remove", "--yes", "bert")
        server.run("account", "add", "bert", "--password-stdin", stdin="secret word\n")
        assert listed(server.login("bert")) == []
        anne = server.login("anne")
        assert ok(anne, "GETACL Work") == ["* ACL Work anne lrswipkxtecda"]
        # A disabled owner's mailboxes stay shared: mail still arrives there.
        ok(anne, "SETACL Work bert lr")
        server.run("account", "disable", "anne")
        assert len(listed(server.login("bert"))) == 1


def test_quota_is_the_owners():
    with Roost(accounts=["anna", "bert"], options=["quota.warn=no"]) as server:
        server.run("account", "quota", "anna", "--messages", "2")
        server.run("account", "quota", "bert", "--messages", "1")
        anna, bert = server.login("anna"), server.login("bert")
        ok(anna, "SETACL INBOX bert lrswite")
        inbox = '"Other Users/anna/INBOX"'
        message = "A: b\r\n\r\nx"
        for _ in range(2):
            ok(bert, f"APPEND {inbox} {{{len(message)}+}}\r\n{message}")
        refused(bert, f"APPEND {inbox} {{{len(message)}+}}\r\n{message}", "OVERQUOTA")
        assert ok(bert, f"GETQUOTAROOT {inbox}") == [f"* QUOTAROOT {inbox}"]
        assert ok(bert, 'GETQUOTA ""') == ['* QUOTA "" (MESSAGE 0 1)']
        ok(bert, f"SELECT {inbox}")
        refused(bert, "COPY 1:2 Archive", "OVERQUOTA")
        refused(bert, "MOVE 1:2 Archive", "OVERQUOTA")
        assert ok(anna, "STATUS INBOX (MESSAGES)") == ["* STATUS INBOX (MESSAGES 2)"]
        ok(bert, "MOVE 1 Archive")
        assert ok(anna, "STATUS INBOX (MESSAGES)") == ["* STATUS INBOX (MESSAGES 1)"]


def test_no_more_than_so_many_messages_into_another_account():
    most = limit("LIMIT_COPY_ACROSS")
    with Roost(accounts=["anna", "bert"]) as server:
        anna, bert = server.login("anna"), server.login("bert")
        one = "{5+}\r\nA: b\r"
        for _ in range(most // 1000):
            ok(bert, "APPEND Archive" + f" {one}" * 1000)
        ok(anna, "SETACL INBOX bert lri")
        ok(bert, "SELECT Archive")
        ok(bert, 'COPY 1:* "Other Users/anna/INBOX"')
        assert ok(anna, "STATUS INBOX (MESSAGES)") == [f"* STATUS INBOX (MESSAGES {most})"]
        ok(bert, f"APPEND Archive {one}")
        refused(bert, 'COPY 1:* "Other Users/anna/INBOX"', "LIMIT")
        assert ok(anna, "STATUS INBOX (MESSAGES)") == [f"* STATUS INBOX (MESSAGES {most})"]


def test_no_more_than_so_many_octets_into_another_account():
    most, each = limit("LIMIT_COPY_ACROSS_OCTETS"), 16 << 20
    with Roost(accounts=["anna", "bert"]) as server:
        anna, bert = server.login("anna"), server.login("bert")
        text = "A: b\r\n\r\n" + ("x" * 998 + "\r\n") * (each // 1000)
        text += "x" * (each - len(text))
        for _ in range(most // each):
            ok(bert, f"APPEND Archive {{{each}+}}\r\n{text}")
        ok(anna, "SETACL INBOX bert lri")
        ok(bert, "SELECT Archive")
        ok(bert, 'COPY 1:* "Other Users/anna/INBOX"')
        ok(bert, "APPEND Archive {5+}\r\nA: b\r")
        refused(bert, 'COPY 1:* "Other Users/anna/INBOX"', "LIMIT")
        assert ok(anna, "STATUS INBOX (MESSAGES SIZE)") == [f"* STATUS INBOX (MESSAGES {most // each} SIZE {most})"]


def test_one_message_may_be_larger_than_so_many_into_another_account():
    octets = limit("LIMIT_COPY_ACROSS_OCTETS") + 1
    with Roost(accounts=["anna", "bert"], options=["limits.append=80M"]) as server:
        anna, bert = server.login("anna"), server.login("bert")
        text = "A: b\r\n\r\n" + ("x" * 998 + "\r\n") * (octets // 1000)
        text += "x" * (octets - len(text))
        ok(bert, f"APPEND Archive {{{octets}+}}\r\n{text}")
        ok(bert, "APPEND Archive {5+}\r\nA: b\r")
        ok(anna, "SETACL INBOX bert lri")
        ok(bert, "SELECT Archive")
        refused(bert, 'COPY 1:2 "Other Users/anna/INBOX"', "LIMIT")
        ok(bert, 'COPY 1 "Other Users/anna/INBOX"')
        assert ok(anna, "STATUS INBOX (MESSAGES SIZE)") == [f"* STATUS INBOX (MESSAGES 1 SIZE {octets})"]


def test_so_many_who_share_are_listed():
    most = limit("LIMIT_SHARERS")
    with Roost(accounts=["anna", "bert", "zoe"]) as server:
        zoe = server.login("zoe")
        ok(zoe, "SETACL INBOX bert lr")

        def more(letter, count):
            """They share nothing: an index with too much in it costs a look."""
            server.stop()
            db = sqlite3.connect(server.home / "registry.db")
            columns = ", ".join(row[1] for row in db.execute("PRAGMA table_info(account)") if row[1] not in ("id", "name"))
            db.executemany(f"INSERT INTO account (name, {columns}) SELECT ?, {columns} FROM account WHERE name = 'zoe'",
                           ((f"{letter}{number:05}",) for number in range(count)))
            db.execute("INSERT INTO share SELECT 0, 0, id FROM account WHERE name LIKE ? || '0%' OR name LIKE ? || '1%'",
                       (letter, letter))
            db.commit()
            db.close()
            server.start()
            return server.login("bert")

        bert = more("u", most - 1)
        assert listed(bert) == ['* LIST (\\HasNoChildren) "/" "Other Users/zoe/INBOX"']
        anna = server.login("anna")  # one more, and by its name before the others
        ok(anna, "SETACL INBOX bert l")
        assert listed(bert) == ['* LIST (\\HasNoChildren) "/" "Other Users/anna/INBOX"', CUT]
        server.log_wait("others share more mailboxes than can be listed")
        ok(bert, 'SELECT "Other Users/zoe/INBOX"')  # one that is not among them can be used all the same
        bert = more("a", 20 * most)  # by their names they are before all others
        began = time.monotonic()
        assert listed(bert) == [CUT]
        assert time.monotonic() - began < 10  # it has not looked at all of them
        ok(bert, 'SELECT "Other Users/zoe/INBOX"')


def test_so_many_mailboxes_of_one_who_shares_are_listed():
    most = limit("LIMIT_SHARER_MAILBOXES")
    with Roost(accounts=["anna", "bert", "zoe"]) as server:
        anna, bert, zoe = (server.login(name) for name in ("anna", "bert", "zoe"))
        ok(zoe, "SETACL INBOX bert lr")
        ok(anna, "CREATE Work")
        ok(anna, "SETACL Work bert lr")
        for number in range(most - 1):
            ok(anna, f"CREATE Work/{number:05}")
        assert len(listed(bert)) == most + 1
        ok(anna, "CREATE Work/last")
        *names, cut = listed(bert)
        assert len(names) == most + 1 and cut == CUT
        assert names[-1].endswith('"Other Users/zoe/INBOX"')
        assert CUT not in ok(bert, 'LIST "" "INBOX"')
        assert not any("/last" in line for line in names)
        ok(bert, 'SELECT "Other Users/anna/Work/last"')


def test_a_damaged_account_is_left_out_of_lists():
    with Roost(accounts=["anna", "bert", "zoe"]) as server:
        for name in ("anna", "zoe"):
            ok(server.login(name), "SETACL INBOX bert lr")
        server.stop()
        path = next(file for file in server.home.rglob("*.db") if file.name != "registry.db" and shares_inbox(file))
        path.write_bytes(b"no database at all" * 1000)
        server.start()
        bert = server.login("bert")
        assert len(listed(bert)) == 1
        ok(bert, 'LIST "" *')
        server.log_wait("are left out of a list")
        refused(bert, 'ESEARCH IN (subtree "Other Users") ALL', "UNAVAILABLE")


def test_what_cannot_be_read_for_a_while_is_not_told_as_deleted():
    with Roost(accounts=["anna", "bert", "zoe"]) as server:
        anna, bert, zoe = (server.login(name) for name in ("anna", "bert", "zoe"))
        ok(anna, "SETACL INBOX bert lr")
        ok(bert, 'NOTIFY SET (SUBTREE "Other Users" (MailboxName))')
        path = next(file for file in server.home.rglob("*.db") if file.name != "registry.db" and shares_inbox(file))
        whole = path.read_bytes()
        path.write_bytes(b"no database at all" * 1000)
        ok(zoe, "SETACL INBOX bert lr")
        told = ok(bert, "NOOP")
        assert '* LIST (\\HasNoChildren) "/" "Other Users/zoe/INBOX"' in told
        assert not any("anna/INBOX" in line for line in told)
        server.log_wait("are left out of a list")
        with path.open("r+b") as file:
            file.write(whole)
        ok(anna, "DELETEACL INBOX bert")
        deadline = time.monotonic() + 20
        while not any('(\\NonExistent) "/" "Other Users/anna/INBOX"' in line for line in told):
            assert time.monotonic() < deadline
            time.sleep(0.2)
            told = ok(bert, "NOOP")


def test_who_reads_slowly_reads_no_more_once_the_right_is_gone():
    text = "A: b\r\n\r\n" + "x" * 1_000_000
    with Roost(accounts=["anna", "bert"]) as server:
        anna, bert = server.login("anna"), server.login("bert")
        for _ in range(40):
            ok(anna, f"APPEND INBOX {{{len(text)}+}}\r\n{text}")
        ok(anna, "SETACL INBOX bert lrs")
        ok(bert, 'SELECT "Other Users/anna/INBOX"')
        for items in ("BODY.PEEK[]", "BODY[]"):
            bert.send(f"slow FETCH 1:* ({items})\r\n")
            told = [bert.line()]
            ok(anna, "SETACL INBOX bert l")
            while not told[-1].startswith("slow "):
                told.append(bert.line())
            assert told[-1].startswith("slow NO [NOPERM]"), told[-1]
            assert "* NO [NOPERM] You may not read the selected mailbox any more" in told
            assert sum("FETCH" in line[:20] for line in told) < 40
            ok(anna, "SETACL INBOX bert lrs")
        ok(bert, "FETCH 1:* FLAGS")


@pytest.mark.parametrize("by", ["notify", "update"])
def test_who_reads_slowly_what_is_told_unasked_is_told_no_more_once_the_right_is_gone(by):
    text = "A: b\r\n\r\n" + "x" * 1_000_000
    items = "(UID BODY.PEEK[])"
    with Roost(accounts=["anna", "bert"]) as server:
        anna, bert = server.login("anna"), server.login("bert")
        ok(anna, "SETACL INBOX bert lr")
        ok(bert, 'SELECT "Other Users/anna/INBOX"')
        ok(bert, f"NOTIFY SET (SELECTED (MessageNew {items if by == 'notify' else ''} MessageExpunge))".replace("  ", " "))
        if by == "update":
            ok(bert, f"SEARCH RETURN (UPDATE {items}) ALL")
            tag = f"p{bert.tags}"
        ok(anna, "APPEND INBOX" + f" {{{len(text)}+}}\r\n{text}" * 40)
        told = [bert.line()]
        ok(anna, "SETACL INBOX bert l")
        while told[-1] != "* NO [NOPERM] You may not read the selected mailbox any more":
            told.append(bert.line())
        assert sum("FETCH" in line[:20] for line in told) < 40
        assert not any("ESEARCH" in line[:20] for line in told)
        ended = [f'* NO [NOUPDATE "{tag}"] The mailbox may not be read any more'] if by == "update" else []
        assert ok(bert, "NOOP") == ended


def test_who_reads_a_list_slowly_is_told_no_metadata_once_the_right_is_gone():
    value, most = "x" * 60_000, 200
    with Roost(accounts=["anna", "bert"]) as server:
        anna, bert = server.login("anna"), server.login("bert")
        ok(anna, "CREATE Work")
        ok(anna, "SETACL Work bert lr")
        for number in range(most):
            ok(anna, f"CREATE Work/{number}")
            ok(anna, f"SETMETADATA Work/{number} (/shared/comment {{{len(value)}+}}\r\n{value})")
        asks = 'LIST "" "Other Users/*" RETURN (METADATA (/shared/comment))'
        bert.send(f"l {asks}\r\n")
        told = [bert.line()]
        for number in range(most):
            ok(anna, f"DELETEACL Work/{number} bert")
        while not told[-1].startswith("l OK "):
            told.append(bert.line())
        assert sum("* METADATA" in line[:12] and value in line for line in told) < most
        ok(anna, "SETACL Work/7 bert lr")
        assert sum(value in line for line in ok(bert, asks)) == 1


def count(peer, mailbox):
    return int(ok(peer, f"STATUS {mailbox} (MESSAGES)")[0].rsplit(" ", 1)[1].rstrip(")"))


def answer(peer, tag):
    """The tagged line."""
    while not (line := peer.line()).startswith(f"{tag} "):
        pass
    return line


def late_refusals(anna, mover, command, other):
    """Runs a command while the right to take messages away from INBOX goes, later each time, until it was too late,
    however long the command takes on this machine. It gives for each of them what it answered, and how many messages
    are in the other mailbox."""
    said = []
    pause = 0.0
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        ok(anna, "SETACL INBOX bert lrte")
        ok(mover, 'SELECT "Other Users/anna/INBOX"')
        mover.send(f"m {command}\r\n")
        time.sleep(pause)
        pause += max(0.005, pause / 20)
        ok(anna, "SETACL INBOX bert lr")
        line = answer(mover, "m")
        ok(mover, "UNSELECT")
        said.append((line, count(mover, other)))
        if " NO " not in line or sum(line == LATE for line, _ in said) == 3:
            break
    return said


LATE = "m NO [NOPERM] You may not remove messages from the selected mailbox"


def test_a_move_between_accounts_leaves_no_message_in_both():
    """The right to expunge is taken away when the messages are in the other account already: they are taken back."""
    most = 10000
    with Roost(accounts=["anna", "bert"]) as server:
        anna, mover = server.login("anna"), server.login("bert")
        for _ in range(most // 100):
            ok(anna, "APPEND INBOX" + " {5+}\r\nA: b\r" * 100)
        said = late_refusals(anna, mover, "MOVE 1:* Archive", "Archive")
        assert any(line == LATE for line, _ in said), said
        assert {there for line, there in said if " NO " in line} == {0}, said
        moved = " OK " in said[-1][0]
        assert (count(anna, "INBOX"), said[-1][1]) == ((0, most) if moved else (most, 0))


def test_a_replacement_in_another_account_goes_again_if_the_message_stays():
    text = "A: b\r\n\r\n" + "x\r\n" * 2_000_000
    with Roost(accounts=["anna", "bert"]) as server:
        anna, mover = server.login("anna"), server.login("bert")
        ok(anna, "APPEND INBOX {5+}\r\nA: b\r")
        said = late_refusals(anna, mover, f"REPLACE 1 Drafts {{{len(text)}+}}\r\n{text}", "Drafts")
        assert any(line == LATE for line, _ in said), said
        assert {there for line, there in said if " NO " in line} == {0}, said


def test_a_search_finds_nothing_once_the_right_is_gone():
    """The right is taken away while ESEARCH looks at a lot of mail: what it has found is not answered. It may have been
    looked up for the last time just before that, so one answer of several must be without results."""
    text = "A: b\r\n\r\n" + "x" * 1_000_000
    keys = " ".join(f"NOT BODY yxz{number}" for number in range(8))
    with Roost(accounts=["anna", "bert"]) as server:
        anna, bert = server.login("anna"), server.login("bert")
        for _ in range(40):
            ok(anna, f"APPEND INBOX {{{len(text)}+}}\r\n{text}")
        answers = []
        for _ in range(5):
            ok(anna, "SETACL INBOX bert lr")
            bert.send(f'e ESEARCH IN (mailboxes "Other Users/anna/INBOX") {keys}\r\n')
            ok(anna, "SETACL INBOX bert l")
            answers.append([bert.line()])
            while not answers[-1][-1].startswith("e OK "):
                answers[-1].append(bert.line())
        assert ["e OK ESEARCH completed"] in answers, answers
        ok(anna, "SETACL INBOX bert lr")
        assert len(ok(bert, f'ESEARCH IN (mailboxes "Other Users/anna/INBOX") {keys}')) == 1


def test_notify_watches_so_many_mailboxes_of_others():
    most = limit("LIMIT_NOTIFY_GUESTS")
    with Roost(accounts=["anna", "bert"]) as server:
        anna, bert = server.login("anna"), server.login("bert")
        ok(anna, "CREATE Work")
        ok(anna, "SETACL Work bert lr")
        for number in range(most - 1):
            ok(anna, f"CREATE Work/{number}")
        notify = 'NOTIFY SET (SUBTREE "Other Users" (MessageNew MessageExpunge))'
        ok(bert, notify)
        ok(anna, f"APPEND Work/{most - 2} {{5+}}\r\nA: b\r")
        assert bert.line().startswith(f'* STATUS "Other Users/anna/Work/{most - 2}" (MESSAGES 1')
        ok(anna, "CREATE Work/more")
        assert bert.line().startswith("* OK [NOTIFICATIONOVERFLOW] ")
        refused(bert, notify, "NOTIFICATIONOVERFLOW")
