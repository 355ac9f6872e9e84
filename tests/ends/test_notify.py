# SPDX-License-Identifier: MIT
"""NOTIFY (RFC 5465) as a way to wait: for how long, at which price, and what becomes of those that do not read."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "transcript"))

from limits import limit  # noqa: E402
from roost_server import PASSWORD, Roost  # noqa: E402
from test_long_search import multiply, sorting_memory  # noqa: E402

MINUTE, HOUR, DAY = 60, 3600, 86400
STILL_HERE = "* OK Still here"
MESSAGES = "(MessageNew MessageExpunge)"
EVERYTHING = f"NOTIFY SET (selected {MESSAGES}) (personal (MessageNew MessageExpunge MailboxName SubscriptionChange))"
MESSAGE = "Subject: x\n\ny\n"
OVERFLOW = "* OK [NOTIFICATIONOVERFLOW] Too much has changed; NOTIFY NONE is in force"


def notified(server, command=EVERYTHING, mailbox="INBOX", account="user", tls=False, compress=False):
    peer = server.login(account, tls)
    if compress:
        peer.compress()
    if mailbox:
        peer.command(f"SELECT {mailbox}")
    peer.command(command)
    peer.number = server.number_of(peer)
    return peer


@pytest.fixture(scope="module")
def server():
    options = ["limits.max_connections_per_user=1000", "limits.max_connections_per_address=1000"]
    with Roost(options=options, accounts=["user", "other"]) as roost:
        yield roost


def test_it_waits_for_days():
    """As in IDLE: a line in four minutes, and no end for time, whether a mailbox is selected or not."""
    with Roost(accounts=["user"], clock=True) as server:
        peers = [notified(server), notified(server, mailbox=None), server.idling()]
        told = [0, 0, 0]
        for hour in range(30):
            server.advance(HOUR, peers)
            for i, peer in enumerate(peers):
                lines = peer.lines()
                assert set(lines) <= {STILL_HERE}
                told[i] += len(lines)
            if hour % 24 == 23:
                assert server.deliver("user", MESSAGE, "Archive").startswith("250")
                assert all(peer.line().startswith("* STATUS Archive (MESSAGES ") for peer in peers[:2])
        assert all(row["state"] == "idle" and not row["suspect"] for row in server.sessions())
        assert all(30 * 15 - 6 <= count <= 30 * 15 + 1 for count in told), told
        number = peers[0].number
        peers[0].close()
        assert server.record(number)["reason"] == "closed-idle"


def test_a_command_begins_another_wait():
    """And after NOTIFY NONE the client is one like all others."""
    with Roost(accounts=["user"], clock=True) as server:
        peer = notified(server)
        for _ in range(20):  # more often than keepalives are due
            server.advance(3 * MINUTE, [peer])
            assert peer.lines() in ([], [STILL_HERE])
            peer.command("NOOP")
        server.advance(HOUR, [peer])
        assert peer.lines() == [STILL_HERE] * 15
        peer.command("NOTIFY NONE")
        assert server.session_wait(peer.number, lambda row: row["state"] == "selected")
        server.advance(35 * MINUTE + 1, [peer])
        assert peer.line() == "* BYE [UNAVAILABLE] Autologout; no command for too long"
        assert server.record(peer.number)["reason"] == "inactivity"
        peer.close()


def test_policy_timeout():
    with Roost(options=["idle.policy=timeout", "idle.keepalive=0"], accounts=["user"], clock=True) as server:
        peer = notified(server)
        server.advance(20 * MINUTE, [peer])
        peer.command("NOOP")
        server.advance(30 * MINUTE - 1, [peer])
        assert peer.lines() == []
        server.advance(2, [peer])
        assert peer.line() == "* BYE [UNAVAILABLE] Autologout; idle for too long"
        assert server.record(peer.number)["reason"] == "idle-timeout"
        peer.close()


@pytest.mark.parametrize("wait", ["IDLE", "NOTIFY", "DELAYED"])
def test_what_comes_in_the_middle_of_a_push(wait):
    """A push that its client reads slowly tells of the time when it began. What has come since is told after it, although
    the session was woken for it before."""
    many = 20000
    with Roost(accounts=["user"]) as server:
        assert server.deliver("user", MESSAGE).startswith("250")
        multiply(server, many)
        selected = "selected-delayed" if wait == "DELAYED" else "selected"
        peer = server.idling() if wait == "IDLE" else notified(
            server, f"NOTIFY SET ({selected} (MessageNew MessageExpunge FlagChange))")
        other = server.login("user")
        other.command("SELECT INBOX")
        keywords = " ".join(letter * 60 for letter in "abcdefghij")  # in each line: more than kernels take
        other.command(f"STORE 1:* +FLAGS.SILENT ({keywords})")
        while not re.match(r"\* 1 FETCH", peer.line()):
            pass
        other.command("STORE 1 +FLAGS.SILENT (\\Seen)")
        assert server.deliver("user", MESSAGE).startswith("250")
        if wait == "DELAYED":  # it must not be told, and is no reason to go on looking
            other.command("STORE 2 +FLAGS.SILENT (\\Deleted)")
            other.command("EXPUNGE")
        while not re.match(rf"\* {many} FETCH", peer.line()):
            pass
        if wait != "DELAYED":
            assert peer.line() == f"* {many + 1} EXISTS"
        while not (line := peer.line()).startswith("* 1 FETCH"):
            assert wait != "DELAYED" and line.endswith(" RECENT"), line
        assert "\\Seen" in line
        if wait == "DELAYED":
            assert peer.command("NOOP")[:2] == ["* 2 EXPUNGE", f"* {many} EXISTS"]
        for one in (peer, other):
            one.close()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_compressed(server, tls):
    peer = notified(server, tls=tls, compress=True)
    for n in range(3):
        assert server.deliver("user", MESSAGE, "Drafts").startswith("250")
        assert peer.line().startswith("* STATUS Drafts (MESSAGES ")
    other = server.login("user")
    other.command("CREATE told")
    assert peer.line() == '* LIST (\\HasNoChildren) "/" told'
    other.command("DELETE told")
    assert peer.line() == '* LIST (\\NonExistent) "/" told'
    for one in (peer, other):
        one.close()


def tree(peer, top, levels=50):
    """Mailboxes below each other, made by one command; their names."""
    names = [top]
    while len(names) < levels:
        names.append(f"{names[-1]}/{len(names)}")
    peer.command(f"CREATE {names[-1]}")
    return names


def test_a_thousand_mailboxes(server):
    """Every second of two thousand, so that no two are neighbours. One delivery is one line."""
    maker = server.login("user")
    names = [name for n in range(40) for name in tree(maker, f"t{n}")]
    command = f"NOTIFY SET (mailboxes ({' '.join(names[::2])}) {MESSAGES})"
    peers = [notified(server, command, mailbox=None) for _ in range(10)]
    assert server.deliver("user", MESSAGE, names[1]).startswith("250")
    assert server.deliver("user", MESSAGE, names[0]).startswith("250")
    for peer in peers:
        assert peer.line().startswith(f"* STATUS {names[0]} (MESSAGES 1 ")
        peer.close()
    maker.close()


def test_limits(server):
    """LIMIT_NOTIFY_GROUPS, LIMIT_NOTIFY_MAILBOXES, LIMIT_NOTIFY_OCTETS: what was in force stays so."""
    peer = notified(server, f"NOTIFY SET (personal {MESSAGES})", mailbox=None)

    def tried(command, allowed):
        peer.command(command, "OK" if allowed else "NO")
        if not allowed:  # the second of these is said of what no command has memory for
            assert re.search(r"NO \[(NOTIFICATIONOVERFLOW\] That is too much to be watched|LIMIT\] The command needs too much memory)",
                             peer.last), peer.last

    groups, mailboxes, octets = limit("LIMIT_NOTIFY_GROUPS"), limit("LIMIT_NOTIFY_MAILBOXES"), limit("LIMIT_NOTIFY_OCTETS")
    beyond = 100 * groups, 100 * mailboxes, 100 * octets  # some megabytes of each, which is what a command carries
    for (groups, mailboxes, octets), allowed in (((groups, mailboxes, octets), True),
                                                 ((groups + 1, mailboxes + 1, octets + 1), False), (beyond, False)):
        tried("NOTIFY SET" + " (personal NONE)" * groups, allowed)
        names = "x " * (mailboxes - 1)
        tried(f"NOTIFY SET (mailboxes (INBOX {names.strip()}) NONE)", allowed)
        field = "f" * (octets - len("(BODY[HEADER.FIELDS ()])"))
        tried(f"NOTIFY SET (selected (MessageNew (BODY[HEADER.FIELDS ({field})]) MessageExpunge))", allowed)
        # Of each subtree, an octet of events, four of length and the name are kept.
        count = octets // 1000
        last = octets - (count - 1) * 1000 - 5
        subtrees = " ".join(["n" * 995] * (count - 1) + ["n" * last])
        if last <= limit("LIMIT_MBOX_NAME"):
            tried(f"NOTIFY SET (subtree ({subtrees}) {MESSAGES})", allowed)
    tried(f"NOTIFY SET (personal {MESSAGES})", True)
    peer.command("NOTIFY SET" + " (inboxes NONE)" * 65, "NO")
    server.deliver("user", MESSAGE, "Sent")
    assert peer.line().startswith("* STATUS Sent (")
    peer.close()


@pytest.mark.parametrize("more", [0, 1])
def test_overflow(server, more):
    """LIMIT_NEWS: who does not read for too long must ask again (section 5.8)."""
    server.deliver("other", "Subject: big\n\n" + "a line that fills buffers, and is not read\n" * 300000)
    peer = notified(server, account="other")
    other = server.login("other")
    peer.send("f FETCH * BODY.PEEK[]\r\n")
    assert b"FETCH (BODY[] {" in peer.raw_line()
    count = limit("LIMIT_NEWS") + more
    for start in range(0, count, 64):
        some = range(start, min(start + 64, count))
        other.send("".join(f"s{n} SUBSCRIBE n{n}\r\n" for n in some))
        for n in some:
            assert other.line() == f"s{n} OK SUBSCRIBE completed"
    told = []
    while not (line := peer.line()).startswith("f OK"):
        told.append(line)
    lists = [line for line in told if line.startswith("* LIST")]
    if more == 0:
        assert lists == [f'* LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" n{n}' for n in range(count)]
    else:
        assert lists == [] and "* OK [NOTIFICATIONOVERFLOW] Too much has changed; NOTIFY NONE is in force" in told
    other.command("CREATE after")
    other.command("DELETE after")
    if more == 0:
        assert peer.line() == '* LIST (\\HasNoChildren) "/" after'
    else:
        peer.command("NOOP")  # nothing is told but the answer
        peer.command(EVERYTHING)
    for one in (peer, other):
        one.close()


def test_what_comes_in_the_middle_of_a_line_that_is_no_command(server):
    """The DONE of an IDLE that was over: whatever came before its end is told without another reason."""
    peer = notified(server, f"NOTIFY SET (personal {MESSAGES})", mailbox=None)
    peer.send("i IDLE\r\n")
    assert peer.line() == "+ idling"
    peer.send("x NOOP\r\n")
    assert peer.line() == "i OK IDLE terminated"
    assert peer.line() == "x OK NOOP completed"
    octets = server.session_wait(peer.number, lambda row: row["in"])["in"]
    peer.send("DO")
    server.session_wait(peer.number, lambda row: row["in"] == octets + 2)
    assert server.deliver("user", MESSAGE, "Junk").startswith("250")
    peer.send("NE\r\n")
    assert peer.line().startswith("* STATUS Junk (MESSAGES ")
    peer.close()


def test_memory_of_all_who_watch_mailboxes_of_others():
    """LIMIT_NOTIFY_GUESTS_ALL_OCTETS: what is left is enough to the octet or the command is refused, and all of it is
    given back, however the watching ends. Whoever outgrows it later is told so."""
    whole = limit("LIMIT_NOTIFY_GUESTS_ALL_OCTETS")
    watch = 'NOTIFY SET (subtree "Other Users" (MessageNew MessageExpunge MailboxName))'
    with Roost(accounts=["anna", "bert", "carl"], clock=True) as server:
        owners = [server.login(name) for name in ("anna", "carl")]
        for owner in owners:
            owner.command("SETACL INBOX bert lr")
        bert = server.login("bert")
        assert sorting_memory(server, whole, "notify") == whole

        def is_enough(octets):
            sorting_memory(server, octets, "notify")
            bert.command(watch, expect=None)
            answer = bert.last
            bert.command("NOTIFY NONE")
            assert re.match(r"p\d+ (OK|NO \[NOTIFICATIONOVERFLOW\] )", answer), answer
            assert sorting_memory(server, whole, "notify") == octets
            return answer.split(" ")[1] == "OK"

        assert not is_enough(0) and is_enough(1 << 20)
        least, most = 0, 1 << 20
        while most - least > 1:
            middle = (least + most) // 2
            least, most = (least, middle) if is_enough(middle) else (middle, most)
        assert 500 < most < 2000 and is_enough(most) and not is_enough(most - 1)
        for end in ("NOTIFY NONE", "UNAUTHENTICATE", "close", "outgrown"):
            sorting_memory(server, most, "notify")
            bert.command(watch)
            assert sorting_memory(server, 0, "notify") == 0
            if end == "outgrown":
                for number in range(10):
                    owners[0].command(f"CREATE {number}{'x' * 100}")
                    owners[0].command(f"SETACL {number}{'x' * 100} bert lr")
                while (line := bert.line()) != OVERFLOW:
                    assert line.startswith(("* LIST (", "* STATUS ")) and '"Other Users/anna' in line, line
            elif end == "close":
                number = server.number_of(bert)
                bert.close()
                server.record(number)
                bert = server.login("bert")
            else:
                bert.command(end)
                if end == "UNAUTHENTICATE":
                    bert.command(f'LOGIN bert "{PASSWORD}"')
            assert sorting_memory(server, whole, "notify") == most, end
        for peer in (bert, *owners):
            peer.close()
