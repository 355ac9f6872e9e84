# SPDX-License-Identifier: MIT
"""Names that access control lists cannot have, how many mailboxes of others LIST tells of, and the switch."""

import re
import signal
import sqlite3
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

import pytest  # noqa: E402

from limits import limit  # noqa: E402
from roost_server import PASSWORD, Roost  # noqa: E402

CUT = "* NO [LIMIT] Not all mailboxes of other users are listed"


def test_no_account_gets_a_name_that_lists_would_take_for_somebody_else():
    with Roost(accounts=["anna", "bert"]) as server:
        for name in ("anyone", "AnyOne", "anyone@example.org", "-anna", "-"):
            done = server.run("account", "add", "--", name, check=False, stdin=PASSWORD + "\n")
            assert done.returncode != 0, name
        assert server.run("account", "list").stdout.split()[0] == "anna"
        # An address may still be one of them.
        server.run("account", "alias", "anna", "anyone@shop.net")
        # Nor do lists say whose an address is: they know names of accounts only.
        server.run("account", "alias", "bert", "sales@shop.net")
        server.run("account", "alias", "bert", "sales")
        anna = server.login("anna")
        anna.command("SETACL INBOX Bert lr")
        for alias in ("sales@shop.net", "sales", "sales@example.org"):
            anna.command(f"SETACL INBOX {alias} lr", expect="NO")
            assert "NO [NONEXISTENT]" in anna.last, anna.last


def test_such_an_account_from_before_is_nobody_in_lists():
    with Roost(accounts=["anna", "bert", "carl", "dora"]) as server:
        anna = server.login("anna")
        for name in ("bert", "carl", "dora"):
            anna.command(f"SETACL INBOX {name} lr")
        server.stop()
        assert "anyone" not in server.run("check", check=False).stdout
        db = sqlite3.connect(f"{server.home}/registry.db")
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for old, new in (("bert", "anyone"), ("carl", "-anna"), ("dora", "-x")):
            for table in tables:
                for column in [row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[1] in ("name", "address")]:
                    db.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (new, old))
        db.commit()
        db.close()
        told = [line for line in server.run("check", check=False).stdout.splitlines() if "accounts:" in line]
        assert len(told) == 3 and "-anna:" in told[0] and "-x:" in told[1] and "anyone:" in told[2], told
        server.start()
        anna, anyone, dashed = server.login("anna"), server.login("anyone"), server.login("-x")
        # What they were granted counts, and can be taken away.
        for peer, identifier in ((anyone, "Anyone"), (dashed, "-x")):
            assert peer.command('MYRIGHTS "Other Users/anna/INBOX"') == ['* MYRIGHTS "Other Users/anna/INBOX" lr']
            anna.command(f"DELETEACL INBOX {identifier}")
            peer.command('MYRIGHTS "Other Users/anna/INBOX"', expect="NO")
        # The owner has all rights, and no line says that anybody else has.
        assert anyone.command("GETACL INBOX") == ["* ACL INBOX"]
        assert anyone.command("MYRIGHTS INBOX") == ["* MYRIGHTS INBOX lrswipkxtecda"]
        for peer, identifier in ((anna, "Anyone"), (anna, "ANYONE"), (anyone, "Anyone")):
            peer.command(f"SETACL INBOX {identifier} lr", expect="NO")
            assert "NO [CANNOT]" in peer.last, peer.last
        # What is meant for all, and what is taken from anna, is that.
        anna.command("SETACL INBOX anyone lr")
        anyone.command("SETACL INBOX anyone lrs")
        anyone.command("SETACL INBOX -anna r")
        assert anna.command("GETACL INBOX") == ["* ACL INBOX anna lrswipkxtecda anyone lr"]
        assert anyone.command("GETACL INBOX") == ["* ACL INBOX anyone lrs -anna r"]
        assert anna.command('MYRIGHTS "Other Users/anyone/INBOX"') == ['* MYRIGHTS "Other Users/anyone/INBOX" ls']
        assert anyone.command('SELECT "Other Users/anna/INBOX"')


def fill(server, count, octets):
    """Gives each account, whose mailbox Mine bert may see, so many more like it, with names of so many octets."""
    for path in server.home.glob("accounts/**/mail.db"):
        db = sqlite3.connect(path)
        columns = ", ".join(row[1] for row in db.execute("PRAGMA table_info(mailbox)")
                            if row[1] not in ("id", "name", "object_id", "uidvalidity"))
        mine = db.execute("SELECT id, uidvalidity FROM mailbox WHERE name = 'Mine'").fetchone()
        for number in range(count if mine else 0):
            name = f"Mine/{number:05}".ljust(octets, "x")
            made = db.execute(f"INSERT INTO mailbox (name, object_id, uidvalidity, {columns}) SELECT ?, randomblob(16), ?, {columns}"
                              " FROM mailbox WHERE id = ?", (name, mine[1] + 1000 + number, mine[0])).lastrowid
            db.execute("INSERT INTO acl SELECT ?, kind, who, negative, rights FROM acl WHERE mbox = ?", (made, mine[0]))
        db.commit()
        db.close()


def looks_that_follow_each_other(server, names):
    """Names change all the time in the accounts of several who share much, so NOTIFY has to list everything again and
    again before it comes to rest. All of it together takes no more memory than once."""
    bert = server.login("bert")
    watched = " ".join(f'"Other Users/{name}/Mine"' for name in names)
    bert.command(f"NOTIFY SET (mailboxes ({watched}) (MessageNew MessageExpunge MailboxName))")

    def change(owner):
        for number in range(300):
            owner.command(f"CREATE x{number}")
        owner.close()

    threads = [threading.Thread(target=change, args=(server.login(name),)) for name in names[:5]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    owner = server.login(names[0])
    owner.command("RENAME Mine Yours")
    assert bert.line().startswith('* LIST (\\HasChildren) "/" "Other Users/o00/Yours" ("OLDNAME" ')
    owner.command("RENAME Yours Mine")
    for peer in (owner, bert):
        peer.close()


@pytest.mark.parametrize("owners, octets", [(19, 24), (8, 512)], ids=["mailboxes", "octets"])
def test_list_tells_of_so_many_mailboxes_of_all(owners, octets):
    """Of each as many as fit: it is the sum that counts."""
    names = [f"o{n:02}" for n in range(owners)]
    with Roost(accounts=["bert", *names, "zoe"]) as server:
        for name in names:
            owner = server.login(name)
            owner.command("CREATE Mine")
            owner.command("SETACL Mine bert lr")
            owner.command("LOGOUT")
        server.stop()
        fill(server, 1020, octets - len("Other Users/o00/"))
        server.start()
        bert, zoe = server.login("bert"), server.login("zoe")
        zoe.command("CREATE M")
        zoe.command("SETACL M bert lr")

        def listed():
            lines = bert.command('LIST "" "Other Users/*"')
            cut = lines[-1] == CUT
            names = [line.partition(' "/" ')[2].strip('"') for line in lines[: -1 if cut else None]]
            return len(names), sum(map(len, names)), cut

        count, told, cut = listed()
        assert count == owners * 1021 + 1 and not cut
        looks_that_follow_each_other(server, names)
        most, most_octets = limit("LIMIT_GUEST_MAILBOXES"), limit("LIMIT_GUEST_MAILBOX_OCTETS")
        room = min(most - count, (most_octets - told) // octets)
        assert 0 < room < limit("LIMIT_SHARER_MAILBOXES")
        for number in range(room + 1):
            if number == room:
                assert listed() == (count + room, told + room * octets, False)
            zoe.command("CREATE " + f"M/{number:04}".ljust(octets - len("Other Users/zoe/"), "x"))
        assert listed() == (count + room, told + room * octets, True)
        assert bert.command('LIST "" "Other Users/zoe/*"')[-1] != CUT  # of one, all fit


def test_far_more_mailboxes_than_are_listed_and_watched():
    most = limit("LIMIT_SHARER_MAILBOXES")
    count = 20 * most
    with Roost(accounts=["anna", "bert", "zoe"]) as server:
        for name in ("anna", "zoe"):
            owner = server.login(name)
            owner.command("CREATE Mine")
            owner.command("SETACL Mine bert lr")
            owner.command("LOGOUT")
        server.stop()
        fill(server, count, 24)
        server.start()
        bert = server.login("bert")
        *names, cut = bert.command('LIST "" "Other Users/*"')
        assert cut == CUT and len(names) == 2 * most
        bert.command(f'SELECT "Other Users/zoe/{f"Mine/{count - 1:05}".ljust(24, "x")}"')
        assert not any(f"Mine/{count - 1:05}" in name for name in names)
        # Who cannot list them all cannot watch them either, with LIMIT_NOTIFY_GUESTS or without; his own he can.
        bert.command('NOTIFY SET (SUBTREE "Other Users" (MessageNew MessageExpunge))', "NO")
        assert "[NOTIFICATIONOVERFLOW]" in bert.last, bert.last
        bert.command("NOTIFY SET (PERSONAL (MessageNew MessageExpunge))")


def test_names_that_cannot_be_told_take_no_memory():
    """So many that their names together are larger than the memory of a command: they are too long below "Other Users"."""
    names, longest = ["o00", "o01"], limit("LIMIT_MBOX_NAME")
    with Roost(accounts=["bert", *names]) as server:
        for name in names:
            owner = server.login(name)
            owner.command("CREATE Mine")
            owner.command("SETACL Mine bert lr")
        server.stop()
        fill(server, limit("LIMIT_CMD_ARENA") * 5 // 8 // longest, longest)
        server.start()
        bert = server.login("bert")
        lines = bert.command('LIST "" *')
        listed = [line.partition(' "/" ')[2].strip('"') for line in lines]
        assert "INBOX" in listed and lines[-1] != CUT
        assert [name for name in listed if "Other" in name] == [f"Other Users/{name}/Mine" for name in names]


def acl(server, sql, *values):
    """Runs a statement on the database of the account that has lists; the server is not running."""
    for path in server.home.glob("accounts/**/mail.db"):
        db = sqlite3.connect(path)
        if db.execute("SELECT count(*) FROM acl").fetchone()[0] > 0:
            rows = db.execute(sql, values).fetchall()
            db.commit()
            return rows
    raise AssertionError("no account has lists")


NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "


@pytest.mark.parametrize("kind", [1, 2], ids=["accounts", "groups"])
def test_who_is_gone_for_good_does_not_fill_lists(kind):
    most = limit("LIMIT_ACL")
    with Roost(accounts=["anna", "bert", "carl", "dora"]) as server:
        anna = server.login("anna")
        anna.command("CREATE Work")
        anna.command("SETACL Work carl lr")
        anna.command("SETACL INBOX carl l")
        anna.command("SETACL Work dora lr")
        server.run("account", "remove", "carl", "--yes")
        server.run("account", "remove", "dora", "--yes", "--for-good")
        server.stop()
        fill = NUMBERS + ("INSERT INTO acl SELECT m.id, ?, 5000 + i, i % 2, 1 FROM n, mailbox AS m"
                          " WHERE m.name IN ('Work', 'INBOX') AND i + 1 <= ?")
        acl(server, fill, most, kind, most)
        server.start()
        anna = server.login("anna")
        assert anna.command("GETACL Work") == ["* ACL Work anna lrswipkxtecda"]
        anna.command("SETACL Work bert lr")
        assert anna.command("GETACL Work") == ["* ACL Work anna lrswipkxtecda bert lr"]
        bert = server.login("bert")
        assert bert.command('MYRIGHTS "Other Users/anna/Work"') == ['* MYRIGHTS "Other Users/anna/Work" lr']
        server.stop()
        assert acl(server, "SELECT count(*) FROM acl") == [(3,)]  # of bert, and two of carl
        # An account that can be brought back has its rights again.
        server.run("account", "restore", "carl")
        server.start()
        carl = server.login("carl")
        assert carl.command('MYRIGHTS "Other Users/anna/Work"') == ['* MYRIGHTS "Other Users/anna/Work" lr']
        assert carl.command('LIST "" "Other Users/*"') == ['* LIST (\\HasNoChildren) "/" "Other Users/anna/INBOX"',
                                                           '* LIST (\\HasNoChildren) "/" "Other Users/anna/Work"']


def test_lists_of_those_who_are_there_are_full():
    most, all_most = limit("LIMIT_ACL"), limit("LIMIT_ACL_ALL")
    with Roost(accounts=["anna", "bert"]) as server:
        anna = server.login("anna")
        for number in range(all_most // most):
            anna.command(f"CREATE M{number}")
        anna.command("SETACL M0 bert lr")
        server.stop()
        # Everybody in a list is there: rows of a kind that needs no account.
        acl(server, NUMBERS + "INSERT INTO acl SELECT id, 0, 5000 + i, 0, 1 FROM n, mailbox WHERE name = 'M1'", most)
        server.start()
        anna = server.login("anna")
        anna.command("SETACL M1 bert lr", expect="NO")
        assert "NO [LIMIT]" in anna.last, anna.last
        server.stop()
        # Below a mailbox that has a list, there is room for another list only if those of the others go.
        acl(server, NUMBERS + "INSERT INTO acl SELECT id, 1, 5000 + i, 0, 1 FROM n, mailbox WHERE name GLOB 'M*' AND name <> 'M1' AND"
            " (i < ? OR name <> 'M0')", most, most)
        assert acl(server, "SELECT count(*) FROM acl") == [(all_most,)]
        server.start()
        anna = server.login("anna")
        anna.command("CREATE M0/below")
        assert anna.command("GETACL M0/below") == ["* ACL M0/below anna lrswipkxtecda bert lr"]
        server.stop()
        assert acl(server, "SELECT count(*) FROM acl") == [(most + 2,)]


def switch(server, key, word):
    text = server.config.read_text()
    server.config.write_text(re.sub(rf"(?m)^;?{key} = \w+", f"{key} = {word}", text))
    if server.process is not None:
        server.process.send_signal(signal.SIGHUP)


def test_what_is_granted_to_anyone_ends_at_once_and_comes_back():
    """The configuration decides about the positive rights of anyone; others, and the lists themselves, stay as they are."""
    inbox, work, other = '"Other Users/anna/INBOX"', '"Other Users/anna/Work"', '"Other Users/carl/INBOX"'
    with Roost(accounts=["anna", "bert", "carl"]) as server:
        anna, bert, carl, watcher = (server.login(name) for name in ("anna", "bert", "carl", "bert"))
        anna.command("CREATE Work")
        anna.command("SETACL INBOX anyone lrsi")
        anna.command("SETACL Work anyone lrswi")
        anna.command("SETACL Work bert lr")
        anna.command("SETACL Work -anyone s")
        carl.command("SETACL INBOX anyone lr")
        bert.command(f"SELECT {inbox}")
        watcher.command('NOTIFY SET (SUBTREE "Other Users" (MailboxName))')

        def listed():
            lines = bert.command('LIST "" "Other Users/*"')  # and what is told about the selected mailbox
            return sorted(line.partition(' "/" ')[2] for line in lines if line.startswith("* LIST"))

        def rights(mailbox):
            return bert.command(f"MYRIGHTS {mailbox}")[0].split()[-1]

        def wait(on):
            """Until the change of the configuration has been applied."""
            while (len(anna.command("LISTRIGHTS INBOX anyone")[0].split()) > 5) != on:
                pass

        assert listed() == [inbox, work, other] and rights(work) == "lrwi"
        switch(server, "share_with_anyone", "no")
        wait(False)
        bert.command("UID FETCH 1:* FLAGS", expect="NO")
        assert "NO [NOPERM]" in bert.last, bert.last
        assert listed() == [work] and rights(work) == "lr"
        for mailbox in (inbox, other):
            bert.command(f"MYRIGHTS {mailbox}", expect="NO")
            assert "NO [NONEXISTENT]" in bert.last, bert.last
        gone = watcher.command("NOOP")
        assert sorted(line for line in gone if "NoAccess" in line or "NonExistent" in line), gone
        anna.command("SETACL INBOX anyone lr", expect="NO")
        assert "NO [NOPERM]" in anna.last, anna.last
        assert anna.command("GETACL INBOX") == ["* ACL INBOX anna lrswipkxtecda anyone lrsi"]
        carl.command("DELETEACL INBOX anyone")

        switch(server, "share_with_anyone", "yes")
        wait(True)
        assert listed() == [inbox, work] and rights(work) == "lrwi"
        bert.command("UID FETCH 1:* FLAGS")
        server.stop()
        switch(server, "share_with_anyone", "no")
        server.start()
        bert = server.login("bert")
        assert listed() == [work] and rights(work) == "lr"


def test_sharing_ends_at_once_and_comes_back():
    with Roost(accounts=["anna", "bert"], start=False) as server:
        text = server.config.read_text()
        server.config.write_text(re.sub(r"(?m)^;sharing = \w+", "sharing = yes", text))
        server.start()
        anna, bert = server.login("anna"), server.login("bert")
        anna.command("SETACL INBOX bert lrsi")
        bert.command('SELECT "Other Users/anna/INBOX"')
        for word in ("no", "yes"):
            server.config.write_text(re.sub(r"(?m)^;sharing = \w+", f"sharing = {word}", text))
            server.process.send_signal(signal.SIGHUP)
            said = []
            while not said or ("ACL" in said[0].split()) != (word == "yes"):
                said = anna.command("CAPABILITY")
            bert.command("UID FETCH 1:* FLAGS", expect="NO" if word == "no" else "OK")
            assert word == "yes" or "NO [NOPERM]" in bert.last, bert.last


def test_a_name_does_not_become_ones_own_in_the_middle_of_a_command():
    """CATENATE looks up the mailbox of a URL again for each piece of the message. Meanwhile, later each time, the user
    leaves the group with which it is shared, and has an old mailbox with the same name."""
    theirs = "A: b\r\n\r\n" + "x" * 1_000_000
    mailbox = '"Other Users/anna/INBOX"'
    with Roost(accounts=["anna", "bert"], options=["imap.sharing=no"]) as server:
        bert = server.login("bert")
        bert.command(f"CREATE {mailbox}")
        bert.command(f"APPEND {mailbox} {{7+}}\r\nA: b\r\n\r")
        server.stop()
        server.options = []
        server.start()
        server.run("group", "add", "staff", "bert")
        anna, bert = server.login("anna"), server.login("bert")
        anna.command(f"APPEND INBOX {{{len(theirs)}+}}\r\n{theirs}")
        anna.command("SETACL INBOX group:staff lr")
        url = 'URL "/Other%20Users/anna/INBOX/;UID=1/;SECTION=TEXT"'
        said = []
        for urls in range(50, 1000, 50):  # which takes longer than to start the program
            server.run("group", "add", "staff", "bert")
            bert.send(f"c APPEND Archive CATENATE (TEXT {{6+}}\r\nA: b\r\n {' '.join([url] * min(urls, 60))})\r\n" * (urls // 50))
            server.run("group", "remove", "staff", "bert")
            said = [answer(bert, "c") for _ in range(urls // 50)]
            if any(" NO [BADURL " in line for line in said):
                break
        assert any(" NO [BADURL " in line for line in said), said


def answer(peer, tag):
    while not (line := peer.line()).startswith(f"{tag} "):
        pass
    return line
