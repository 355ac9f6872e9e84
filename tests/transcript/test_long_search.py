# SPDX-License-Identifier: MIT
"""Searches that take long, and long answers: millions of numbers, more keys than a server should have to look for, and
clients that have gone meanwhile."""

import re
import select
import sqlite3
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from limits import limit  # noqa: E402
from roost_server import Roost  # noqa: E402

MILLIONS = 2_600_000  # their numbers are more than the 16 MiB that a session's output may hold
KEYS = 9990
BIG_OCTETS = 20 << 20


def keys(count, word="BODY"):
    return "OR " * (count - 1) + " ".join(f"{word} w{n}" for n in range(count))


def big_message():
    line = "there are only words in this line that nobody looks for, and it is long\n"
    return "Subject: big\n\n" + line * (BIG_OCTETS // len(line))


@pytest.fixture(scope="module")
def server():
    # With an index, searches would not be long.
    with Roost(accounts=["user", "millions"], options=["search.index=no"]) as running:
        assert running.deliver("user", big_message()).startswith("250")
        assert running.deliver("millions", "Subject: x\n\ny\n").startswith("250")
        multiply(running)
        yield running


def multiply(server, count=MILLIONS):
    """Makes so many entries of the one, with odd UIDs: no two are neighbours. Every other one is old: 3, 5, 7 ..."""
    server.stop()
    for path in (server.home / "accounts").rglob("mail.db"):
        db = sqlite3.connect(path)
        (octets,) = db.execute("SELECT coalesce(max(octets), 0) FROM entry").fetchone()
        if not 0 < octets < 10000:
            continue
        (mbox,) = db.execute("SELECT id FROM mailbox WHERE name = 'INBOX'").fetchone()
        db.execute("WITH RECURSIVE n(i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
                   " INSERT INTO entry SELECT mbox, 2 * i - 1, flags, 0, 0, modseq, message, octets, internaldate_s,"
                   " internaldate_zone_min, savedate_s - i % 2 * 8640000 FROM n, entry WHERE mbox = ? AND uid = 1",
                   (count, mbox))
        db.execute("UPDATE mailbox SET messages = ?, unseen = ?, uidnext = ?, octets = octets * ? WHERE id = ?",
                   (count, count, 2 * count, count, mbox))
        db.commit()
        db.close()
    server.start()


def answer(peer, command, word):
    """The one untagged line that begins with word, as a list of words."""
    (line,) = [line for line in peer.command(command) if line.startswith("* " + word)]
    return line.split(" ")


def test_millions_of_numbers(server):
    peer = server.login("millions")
    peer.socket.settimeout(300)
    assert "* 2600000 EXISTS" in peer.command("SELECT INBOX")
    assert answer(peer, "UID SEARCH ALL", "SEARCH")[2:] == [str(n) for n in range(1, 2 * MILLIONS, 2)]
    found = answer(peer, "UID SEARCH RETURN (ALL COUNT) ALL", "ESEARCH")
    assert found[4:8] == ["UID", "COUNT", str(MILLIONS), "ALL"]
    assert found[8] == ",".join(str(n) for n in range(1, 2 * MILLIONS, 2))
    assert answer(peer, "SEARCH RETURN (ALL) ALL", "ESEARCH")[4:] == ["ALL", f"1:{MILLIONS}"]
    peer.close()


def test_millions_in_order(server):
    """Messages that are the same in everything stay in the order of the mailbox."""
    peer = server.login("millions")
    peer.socket.settimeout(300)
    peer.command("SELECT INBOX")
    uids = [str(n) for n in range(1, 2 * MILLIONS, 2)]
    assert answer(peer, "UID SORT (REVERSE SIZE) UTF-8 ALL", "SORT")[2:] == uids
    assert answer(peer, "UID SORT RETURN (MAX PARTIAL -1:-2) (SUBJECT) UTF-8 ALL", "ESEARCH")[4:] == [
        "UID", "MAX", uids[-1], "PARTIAL", "(-1:-2", f"{uids[-2]},{uids[-1]})"]
    assert len(answer(peer, "UID THREAD REFS UTF-8 UID 1:200000", "THREAD")[2].split(")(")) == 100000
    # Too large for the server in all: refused, and the session goes on.
    peer.command("SORT (SUBJECT FROM TO CC DATE SIZE) UTF-8 ALL", "NO")
    assert "[LIMIT]" in peer.last, peer.last
    peer.close()


def test_saved_result_at_its_limit(server):
    """LIMIT_SAVED_OCTETS: two octets for each run."""
    peer = server.login("millions")
    peer.socket.settimeout(300)
    peer.command("SELECT INBOX")
    runs = limit("LIMIT_SAVED_OCTETS") // 2
    some = ",".join(str(2 * n + 1) for n in range(runs))
    peer.command(f"SEARCH RETURN (SAVE) {some}")
    assert answer(peer, "SEARCH RETURN (COUNT MAX) $", "ESEARCH")[4:] == ["MAX", str(2 * runs - 1), "COUNT", str(runs)]
    peer.command(f"SEARCH RETURN (SAVE) {some},{2 * runs + 1}", "NO")
    assert "[NOTSAVED]" in peer.last, peer.last
    assert answer(peer, "SEARCH RETURN (COUNT) $", "ESEARCH")[4:] == ["COUNT", "0"]
    peer.close()


def test_a_result_that_is_not_saved_does_not_hide_the_message_limit(server):
    """RFC 9738 section 3.1: what was answered is about some of the messages only."""
    most = limit("LIMIT_SAVED_OCTETS") // 2 + 1  # runs: one too many to be saved
    named = ",".join(str(2 * n + 1) for n in range(most + 1))
    server.stop()
    server.start(extra=[f"limits.message_limit={most}"])
    try:
        peer = server.login("millions")
        peer.socket.settimeout(300)
        peer.command("EXAMINE INBOX")
        lines = peer.command(f"SEARCH RETURN (COUNT SAVE) {named}", "NO")
        assert lines == [f'* ESEARCH (TAG "p{peer.tags}") COUNT {most}',
                         f"* NO [MESSAGELIMIT {most} 5] Only the last messages were looked at"]
        assert "[NOTSAVED]" in peer.last, peer.last
        assert peer.command(f"SEARCH RETURN (SAVE) {named}", "NO") == []  # nothing was answered
        peer.close()
    finally:
        server.stop()
        server.start()


def noupdate(lines):
    return [line for line in lines if "NOUPDATE" in line]


def test_as_many_contexts_as_there_may_be(server):
    """LIMIT_CONTEXTS. What was asked for besides is answered."""
    peer = server.login("user")
    peer.command("SELECT INBOX")
    most = limit("LIMIT_CONTEXTS")
    tags = []
    for n in range(most):
        assert not noupdate(peer.command("SEARCH RETURN (UPDATE) FLAGGED"))
        tags.append(f"p{peer.tags}")
    for _ in range(10 * most):
        lines = peer.command("SEARCH RETURN (UPDATE COUNT) UNFLAGGED")
        assert lines == [f'* ESEARCH (TAG "p{peer.tags}") COUNT 1',
                         f'* NO [NOUPDATE "p{peer.tags}"] There are too many contexts, or too many results']
    updates = [line for line in peer.command("STORE 1 +FLAGS.SILENT (\\Flagged)") if "ESEARCH" in line]
    assert updates == [f'* ESEARCH (TAG "{tag}") ADDTO (0 1)' for tag in tags]
    peer.command(f'CANCELUPDATE "{tags[3]}"')
    assert not noupdate(peer.command("SEARCH RETURN (UPDATE COUNT) UNFLAGGED"))
    updates = [line for line in peer.command("STORE 1 -FLAGS.SILENT (\\Flagged)") if "ESEARCH" in line]
    del tags[3]
    assert updates[:-1] == [f'* ESEARCH (TAG "{tag}") REMOVEFROM (0 1)' for tag in tags]
    assert updates[-1].endswith(" ADDTO (0 1)")
    peer.close()


def test_what_waits_to_be_told_is_not_searched_again(server):
    """Each command between an expunge and its EXPUNGE made a search for all that had changed since."""
    assert server.deliver("user", "Subject: small\n\nx\n").startswith("250")
    peer, other = server.login("user"), server.login("user")
    peer.socket.settimeout(300)
    peer.command("SELECT INBOX")
    other.command("SELECT INBOX")
    assert not noupdate(peer.command("SEARCH RETURN (UPDATE) " + keys(100)))
    other.command("STORE 1 +FLAGS.SILENT (\\Answered)")
    other.command("STORE 2 +FLAGS.SILENT (\\Deleted)")
    other.command("EXPUNGE")

    def cost(times):
        before = busy_s(server)
        for _ in range(times):
            peer.command("FETCH 1 (UID)")
        return busy_s(server) - before

    first = cost(1)
    assert first > 0.05, "it was meant to take longer"
    assert cost(5) < first
    assert "* 2 EXPUNGE" in peer.command("NOOP")
    other.command("STORE 1 -FLAGS.SILENT (\\Answered)")
    peer.close()
    other.close()


def is_old():
    """The search key for every other message of multiply."""
    return time.strftime("SAVEDBEFORE %d-%b-%Y", time.gmtime(time.time() - 50 * 86400))


def test_the_first_context_is_always_possible(server):
    """RFC 5267 section 4.3.1, whatever the size of the mailbox; not a second one of that size."""
    peer, other = server.login("millions"), server.login("millions")
    peer.socket.settimeout(300)
    peer.command("SELECT INBOX")
    found = MILLIONS // 2 - 1
    for first in ("", "FLAGGED"):
        if first:
            assert not noupdate(peer.command(f"UID SEARCH RETURN (UPDATE) {first}"))
        lines = peer.command(f"UID SEARCH RETURN (UPDATE COUNT) {is_old()} UNFLAGGED")
        assert lines[0].endswith(f" UID COUNT {found}")
        assert bool(noupdate(lines)) == bool(first), lines
        if not first:
            tag = f"p{peer.tags}"
            other.command("SELECT INBOX")
            other.command(f"STORE 1:11,{MILLIONS - 7}:* +FLAGS (\\Flagged)")
            begin = time.monotonic()
            lines = [line for line in peer.command("NOOP") if "ESEARCH" in line]
            assert time.monotonic() - begin < 5
            assert lines == [f'* ESEARCH (TAG "{tag}") UID REMOVEFROM (0 5,9,13,17,21,'
                             + ",".join(str(2 * n - 1) for n in range(MILLIONS - 7, MILLIONS, 2)) + ")"]
            other.command(f"STORE 1:11,{MILLIONS - 7}:* -FLAGS.SILENT (\\Flagged)")
            assert len([line for line in peer.command("NOOP") if "ADDTO" in line]) == 1
            peer.command(f'CANCELUPDATE "{tag}"')
    # When the first is cancelled, the next one may have as much.
    peer.command(f'CANCELUPDATE "p{peer.tags - 1}"')
    assert not noupdate(peer.command(f"UID SEARCH RETURN (UPDATE) {is_old()}"))
    assert not noupdate(peer.command("UID SEARCH RETURN (UPDATE) FLAGGED"))
    peer.close()
    other.close()


def test_the_first_context_at_its_limit(server):
    """LIMIT_CONTEXT_FIRST_OCTETS: what each `$` stood for, with four octets for its length, and what was found."""
    peer = server.login("millions")
    peer.socket.settimeout(300)
    peer.command("SELECT INBOX")
    keys = 15
    at = (limit("LIMIT_CONTEXT_FIRST_OCTETS") - 4 * keys) // (2 * (keys + 1))
    for runs, allowed in ((at, True), (at + 1, False)):
        peer.command("SEARCH RETURN (SAVE) " + ",".join(str(2 * n + 1) for n in range(runs)))
        lines = peer.command("SEARCH RETURN (UPDATE COUNT) " + " ".join(["$"] * keys))
        assert lines[0].endswith(f"COUNT {runs}")
        assert bool(noupdate(lines)) != allowed, lines
        peer.command(f'CANCELUPDATE "p{peer.tags}"')
    lines = peer.command("SEARCH RETURN (UPDATE COUNT) " + " ".join(["$"] * 40))
    assert noupdate(lines)
    peer.close()


def test_results_of_contexts_at_their_limit(server):
    """LIMIT_CONTEXTS_OCTETS: what `$` stood for and what was found each take two octets for a run."""
    peer = server.login("millions")
    peer.socket.settimeout(300)
    peer.command("SELECT INBOX")
    peer.command("SEARCH RETURN (UPDATE) SEEN")  # the first one, of which only tag and keys count
    # The tags have two octets, the key of the first one four, the other one, and the length of what `$` stood for four.
    at = (limit("LIMIT_CONTEXTS_OCTETS") - 13) // 4
    for runs, allowed in ((at, True), (at + 1, False), (4 * at, False)):
        peer.command("SEARCH RETURN (SAVE) " + ",".join(str(2 * n + 1) for n in range(runs)))
        lines = peer.command("SEARCH RETURN (UPDATE COUNT) $")
        assert lines[0].endswith(f"COUNT {runs}")
        assert bool(noupdate(lines)) != allowed, lines
    # All together are counted.
    assert noupdate(peer.command("SEARCH RETURN (UPDATE) FLAGGED SUBJECT x"))
    peer.command(f'CANCELUPDATE "{"p5"}"')
    assert not noupdate(peer.command("SEARCH RETURN (UPDATE) FLAGGED SUBJECT x"))
    tag = f"p{peer.tags}"
    # Beyond it while it is kept: its client is told that no more will come.
    most = limit("LIMIT_CONTEXTS_OCTETS") // 2
    peer.command("STORE " + ",".join(str(2 * n + 1) for n in range(most - 40)) + " +FLAGS.SILENT (\\Flagged)")
    lines = peer.command("STORE " + ",".join(str(2 * n + 1) for n in range(most)) + " +FLAGS.SILENT (\\Flagged)")
    assert lines == [f'* NO [NOUPDATE "{tag}"] There are too many results']
    assert peer.command("STORE 1 -FLAGS.SILENT (\\Flagged)") == []
    peer.close()


def test_mailboxes_go_while_they_are_searched(server):
    """ESEARCH (RFC 7377) is in the first of them when the others are deleted and renamed."""
    other, peer = server.login("millions"), server.login("millions")
    peer.socket.settimeout(300)
    for name in ("Yields", "Zone"):
        other.command(f"CREATE {name}")
        other.command(f"APPEND {name} {{14+}}\r\nSubject: x\r\n\r\n")
    peer.send("t ESEARCH IN (personal) RETURN (COUNT) SUBJECT x\r\n")
    time.sleep(0.3)
    assert select.select([peer.socket], [], [], 0)[0] == [], "it was meant to take longer"
    other.command("DELETE Zone")
    other.command("RENAME Yields Yielded")
    lines = []
    while not lines or not lines[-1].startswith("t "):
        lines.append(peer.line())
    assert lines[-1] == "t OK ESEARCH completed"
    found = [re.sub(r" UIDVALIDITY \d+", "", line) for line in lines[:-1] if "INPROGRESS" not in line]
    assert found == [f'* ESEARCH (TAG "t" MAILBOX INBOX) UID COUNT {MILLIONS}',
                     '* ESEARCH (TAG "t" MAILBOX Yields) UID COUNT 1']
    # And while nobody reads the answer, or waits for it.
    number = server.number_of(peer)
    peer.send("t ESEARCH IN (personal) RETURN (COUNT) SUBJECT x\r\n")
    time.sleep(0.3)
    peer.close()
    server.record(number)
    other.command("DELETE Yielded")
    other.close()


def test_as_many_mailboxes_as_may_be_named(server):
    """LIMIT_SEARCH_SOURCES"""
    peer = server.login("user")
    most = limit("LIMIT_SEARCH_SOURCES")
    for names, allowed in ((most - 1, True), (most, False), (10 * most, False)):
        lines = peer.command(f"ESEARCH IN (mailboxes (INBOX{' x' * (names - 1)})) RETURN (COUNT) ALL",
                             "OK" if allowed else "NO")
        assert bool(lines) == allowed
        assert allowed or "[LIMIT] Too many mailboxes are named" in peer.last
    peer.command(f"ESEARCH IN ({' '.join(['personal'] * most)}) RETURN (COUNT) ALL")
    peer.command(f"ESEARCH IN ({' '.join(['personal'] * (most + 1))}) RETURN (COUNT) ALL", "NO")
    # What the keys cost is counted over all mailboxes.
    peer.socket.settimeout(300)
    peer.command("ESEARCH IN (personal) " + keys(KEYS), "NO")
    assert "[LIMIT] The search has too many keys for so much mail" in peer.last
    peer.close()


def test_nobody_waits_for_the_order(server):
    """The client hangs up while millions are put in order."""
    peer = server.login("millions")
    number = server.number_of(peer)
    peer.command("SELECT INBOX")
    peer.send("t THREAD REFERENCES UTF-8 ALL\r\n")
    time.sleep(0.5)
    assert select.select([peer.socket], [], [], 0)[0] == [], "it was meant to take longer"
    peer.close()
    server.record(number)


def test_too_many_keys_for_the_mail(server):
    peer = server.login("user")
    peer.socket.settimeout(300)
    peer.command("SELECT INBOX")
    peer.command("SEARCH " + keys(KEYS), "NO")
    assert "[LIMIT] The search has too many keys for so much mail" in peer.last
    # A few of them are nothing, and the session goes on.
    assert answer(peer, "SEARCH " + keys(16), "SEARCH") == ["*", "SEARCH"]
    peer.close()


def test_copyuid_at_its_limit(server):
    """LIMIT_COPYUID: one UID more, and the copy is answered without its UIDs."""
    peer = server.login("millions")
    peer.socket.settimeout(300)
    peer.command("SELECT INBOX")
    peer.command("COPY 1:2 Archive")
    validity = peer.last.split("COPYUID ")[1].split()[0]
    count, uids = 2, len("1,3")
    while len(f"COPYUID {validity} ") + uids + len(f" 3:{count + 3}") + len(f",{2 * count + 1}") <= 1 << 20:
        count += 1
        uids += len(f",{2 * count - 1}")
    peer.command(f"COPY 1:{count} Archive")
    assert "[" in peer.last, peer.last
    code = peer.last.split("[")[1].split("]")[0]
    assert code.endswith(f",{2 * count - 1} 3:{count + 2}") and (1 << 20) - 8 <= len(code) <= 1 << 20, len(code)
    peer.command(f"COPY 1:{count + 1} Trash")
    assert peer.last.endswith("OK COPY completed"), peer.last[:100]
    assert peer.command("STATUS Trash (MESSAGES)") == [f"* STATUS Trash (MESSAGES {count + 1})"]
    peer.close()


def test_far_more_than_may_be_copied_into_another_account(server):
    """LIMIT_COPY_ACROSS: refused before anything is written, and nobody waits for it."""
    assert MILLIONS > 100 * limit("LIMIT_COPY_ACROSS")
    other, peer = server.login("user"), server.login("millions")
    peer.socket.settimeout(300)
    other.command("CREATE Shared")
    other.command("SETACL Shared millions lri")
    peer.command("SELECT INBOX")
    peer.command('COPY 1:* "Other Users/user/Shared"', "NO")
    assert "NO [LIMIT]" in peer.last, peer.last
    assert other.command("STATUS Shared (MESSAGES)") == ["* STATUS Shared (MESSAGES 0)"]
    peer.command("UNSELECT")
    other.command("DELETE Shared")
    for one in (peer, other):
        one.close()


def test_modified_at_its_limit(server):
    """LIMIT_COPYUID is for MODIFIED too: one UID more, and it names all between the first and the last."""
    peer = server.login("millions")
    peer.socket.settimeout(300)
    peer.command("SELECT INBOX")
    count, octets = 1, len("MODIFIED 1")
    while octets + len(f",{2 * count + 1}") <= 1 << 20:
        count += 1
        octets += len(f",{2 * count - 1}")
    lines = peer.command(f"UID STORE 1:{2 * count - 1} (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Seen)")
    assert len(lines) == count + 1 and lines[0].startswith("* OK [HIGHESTMODSEQ ")
    code = peer.last.split("[")[1].split("]")[0]
    assert len(code) == octets and code.endswith(f",{2 * count - 1}"), (len(code), octets)
    peer.command(f"UID STORE 1:{2 * count + 1} (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Seen)")
    assert f"[MODIFIED 1:{2 * count + 1}]" in peer.last, peer.last[:100]
    peer.command(f"STORE 1:{count + 10} (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Seen)")
    assert f"[MODIFIED 1:{count + 10}]" in peer.last, peer.last[:100]
    peer.close()


def busy_s(server):
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


@pytest.mark.parametrize("tls", [False, True])
def test_nobody_waits_any_more(server, tls):
    """All of them hang up at once: the work ends, though none has come to its limit."""
    peers = [server.login("user", tls) for _ in range(4)]
    numbers = [server.number_of(peer) for peer in peers]
    for peer in peers:
        peer.command("SELECT INBOX")
        peer.send("t SEARCH " + keys(KEYS) + "\r\n")
    time.sleep(0.5)
    assert select.select([peer.socket for peer in peers], [], [], 0)[0] == [], "they were meant to take longer"
    before = busy_s(server)
    for peer in peers:
        peer.close()
    for number in numbers:
        assert server.record(number, timeout=120)["reason"] == "closed-in-reply"
    assert busy_s(server) - before < 2, "it went on for nobody; all of them would have taken some 25 s"


def test_half_closed_is_not_gone(server):
    peer = server.login("user")
    peer.socket.settimeout(300)
    peer.command("SELECT INBOX")
    peer.send("t SEARCH " + keys(60) + "\r\n")
    peer.socket.shutdown(1)
    lines = [peer.line()]
    while not lines[-1].startswith("t "):
        lines.append(peer.line())
    assert lines[-2:] == ["* SEARCH", "t OK SEARCH completed"], lines
    assert len(lines) <= 3 and all(line.startswith('* OK [INPROGRESS ("t" ') for line in lines[:-2]), lines
    peer.close()


def sorting_memory(server, octets, of="order"):
    """Leaves so many octets to SORT and THREAD; returns how many were left."""
    server.process.stdin.write(f"{of} {octets}\n")
    server.process.stdin.flush()
    return int(server.process.stdout.readline().split()[1])


@pytest.mark.parametrize("command", ["SORT (SUBJECT) UTF-8 ALL", "THREAD REFERENCES UTF-8 ALL"])
def test_memory_of_all_who_sort(command):
    """What is left is enough to the octet or the command is refused, and in both cases all of it is given back."""
    with Roost(accounts=["user"], clock=True) as server:
        for n in range(20):
            assert server.deliver("user", f"Subject: {n * 7 % 20}\n\nx\n").startswith("250")
        peer = server.login("user")
        peer.command("SELECT INBOX")
        whole = limit("LIMIT_ORDER_ALL_OCTETS")
        assert sorting_memory(server, whole) == whole

        def is_enough(octets):
            sorting_memory(server, octets)
            peer.command(command, expect=None)
            answer = peer.last
            peer.command("NOOP")  # by now the command has let go of everything
            assert re.match(r"p\d+ (OK|NO \[LIMIT\] Too much mail is being sorted)", answer), answer
            assert sorting_memory(server, whole) == octets
            return answer.split(" ")[1] == "OK"

        assert not is_enough(0) and is_enough(1 << 20)
        least, most = 0, 1 << 20
        while most - least > 1:
            middle = (least + most) // 2
            least, most = (least, middle) if is_enough(middle) else (middle, most)
        assert most > 100 and is_enough(most) and not is_enough(most - 1)
        peer.close()


def test_memory_of_all_large_contexts():
    """LIMIT_CONTEXTS_ALL_OCTETS: what the first contexts of all sessions take is given back, however they end."""
    with Roost(accounts=["user"], clock=True) as server:
        assert server.deliver("user", "Subject: x\n\ny\n").startswith("250")
        multiply(server, 100000)
        octets = 2 * (100000 // 2 - 1)
        peer, other = server.login("user"), server.login("user")
        peer.command("SELECT INBOX")
        other.command("SELECT INBOX")
        whole = limit("LIMIT_CONTEXTS_ALL_OCTETS")
        assert sorting_memory(server, octets - 1, "contexts") == whole
        assert noupdate(peer.command(f"SEARCH RETURN (UPDATE) {is_old()} UNFLAGGED"))
        assert not noupdate(peer.command("SEARCH RETURN (UPDATE) SEEN"))  # a small one takes nothing
        peer.command(f'CANCELUPDATE "p{peer.tags}"')
        assert sorting_memory(server, octets, "contexts") == octets - 1
        for end in ("CANCELUPDATE", "UNSELECT", "less", "close"):
            assert not noupdate(peer.command(f"SEARCH RETURN (UPDATE) {is_old()} UNFLAGGED"))
            assert noupdate(other.command(f"SEARCH RETURN (UPDATE) {is_old()} UNFLAGGED"))
            assert sorting_memory(server, 0, "contexts") == 0
            if end == "CANCELUPDATE":
                peer.command(f'CANCELUPDATE "p{peer.tags}"')
            elif end == "UNSELECT":
                peer.command("UNSELECT")
                peer.command("SELECT INBOX")
            elif end == "less":
                other.command("STORE 1:* +FLAGS.SILENT (\\Flagged)")
                peer.command("NOOP")
                other.command("STORE 1:* -FLAGS.SILENT (\\Flagged)")
                other.command("NOOP")
                peer.command(f'CANCELUPDATE "p{peer.tags - 1}"')
            else:
                number = server.number_of(peer)
                peer.close()
                server.record(number)
            assert sorting_memory(server, octets, "contexts") == octets, end
        other.close()
