# SPDX-License-Identifier: MIT
"""UIDBATCHES (RFC 10022): ranges of UIDs with as many messages as were asked for, from the latest to the oldest."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from limits import limit  # noqa: E402
from roost_server import Roost  # noqa: E402

MESSAGES = 2300
GONE = 300  # of them, the first ones
LEAST = limit("LIMIT_UIDBATCH_MIN")


def fill(peer, mailbox, count):
    while count > 0:
        some = min(count, limit("LIMIT_APPEND_MESSAGES"))
        peer.command(f"APPEND {mailbox}" + " {1+}\r\nx" * some)
        count -= some


@pytest.fixture(scope="module")
def server():
    with Roost(accounts=["user"]) as running:
        peer = running.login("user")
        fill(peer, "INBOX", MESSAGES)
        peer.command("SELECT INBOX")
        peer.command(f"UID STORE 1:{GONE} +FLAGS.SILENT (\\Deleted)")
        peer.command("EXPUNGE")
        yield running


@pytest.fixture
def peer(server):
    peer = server.login("user")
    peer.command("EXAMINE INBOX")
    return peer


def batches(peer, arguments):
    """What is answered as pairs of UIDs, and the tagged line without its tag."""
    lines = peer.command(f"UIDBATCHES {arguments}", expect=None)
    tag, said = peer.last.split(" ", 1)
    found = [line for line in lines if line.startswith("* UIDBATCHES")]
    if not found:
        return None, said
    head = f'* UIDBATCHES (TAG "{tag}")'
    assert found[0].startswith(head)
    rest = found[0][len(head):]
    assert rest == "" or rest[0] == " "
    return [tuple(map(int, pair.split(":"))) for pair in rest[1:].split(",") if pair], said


def numbers(peer, pair):
    (found,) = [line for line in peer.command(f"UID SEARCH RETURN (COUNT) UID {pair[0]}:{pair[1]}") if "COUNT" in line]
    return int(found.split("COUNT ")[1])


def test_batches_have_the_size_that_was_asked_for(peer):
    all_of_them, said = batches(peer, LEAST)
    assert said == "OK UIDBATCHES completed"
    assert all_of_them == [(2300, 1801), (1800, 1301), (1300, 801), (800, 1)]
    assert [numbers(peer, pair) for pair in all_of_them] == [LEAST] * 4
    uneven, _ = batches(peer, 600)
    assert uneven == [(2300, 1701), (1700, 1101), (1100, 501), (500, 1)]
    assert [numbers(peer, pair) for pair in uneven] == [600, 600, 600, 200]


def test_one_batch_holds_all(peer):
    """Section 3.1.3.3.1."""
    for size in (MESSAGES - GONE, MESSAGES, 4294967295):
        assert batches(peer, size)[0] == [(MESSAGES, 1)]
    assert batches(peer, MESSAGES - GONE - 1)[0] == [(MESSAGES, 302), (301, 1)]


def test_ranges_of_batches(peer):
    """Sections 3.1.5 and 3.1.6."""
    all_of_them, _ = batches(peer, LEAST)
    assert batches(peer, f"{LEAST} 1:1")[0] == all_of_them[:1]
    assert batches(peer, f"{LEAST} 2:3")[0] == all_of_them[1:3]
    assert batches(peer, f"{LEAST} 4:4294967295")[0] == all_of_them[3:]
    assert batches(peer, f"{LEAST} 5:6")[0] == []
    assert batches(peer, f"{LEAST} 2:1")[1].startswith("BAD [CLIENTBUG]")
    for wrong in ("0", "x", "", f"{LEAST} 1", f"{LEAST} 1:", f"{LEAST} 0:1", f"{LEAST} 1:*", f"{LEAST} 1:2,4:5"):
        assert batches(peer, wrong)[1].startswith("BAD ")


def test_batches_are_not_too_small(peer):
    """Section 3.1.3.2."""
    for size in (LEAST - 1, 1):
        assert batches(peer, size)[1].startswith("NO [TOOFEW]")
    assert batches(peer, LEAST)[0]


def test_an_empty_mailbox_has_none(peer):
    peer.command("SELECT Trash")
    assert batches(peer, LEAST)[0] == []
    assert batches(peer, f"{LEAST} 1:3")[0] == []


def test_with_uidonly_and_a_saved_result(server):
    """Sections 3.3 and 3.4."""
    peer = server.login("user")
    peer.command("ENABLE UIDONLY")
    peer.command("EXAMINE INBOX")
    peer.command("UID SEARCH RETURN (SAVE) UID 2299")
    assert batches(peer, 1000)[0] == [(2300, 1301), (1300, 1)]
    assert "* SEARCH 2299" in peer.command("UID SEARCH $")


def test_what_was_expunged_counts_until_it_is_told(server):
    """The batches are those of the messages that the client knows."""
    ours, theirs = server.login("user"), server.login("user")
    fill(ours, "Junk", LEAST + 1)
    ours.command("SELECT Junk")
    theirs.command("SELECT Junk")
    theirs.command("UID STORE 3 +FLAGS.SILENT (\\Deleted)")
    theirs.command("EXPUNGE")
    assert batches(ours, LEAST)[0] == [(LEAST + 1, 2), (1, 1)]
    assert batches(ours, LEAST)[0] == [(LEAST + 1, 1)]


def test_a_mailbox_must_be_selected(server):
    peer = server.login("user")
    assert batches(peer, LEAST)[1].startswith("BAD ")
