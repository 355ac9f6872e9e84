# SPDX-License-Identifier: MIT
"""A full disk and one that cannot be written: a clear answer, nothing lost, and service again as
soon as there is room."""

import errno
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from limits import limit  # noqa: E402
from roost_server import Roost, binary  # noqa: E402

TEXT = "From: a@example.org\r\nSubject: s\r\nMessage-ID: <{n}@disk>\r\n\r\n"


@contextmanager
def small_disk(megabytes):
    """A file system of so many megabytes, in which the servers of this test live."""
    place = tempfile.mkdtemp(prefix="roost-disk-")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", place],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        os.rmdir(place)
        pytest.skip(f"NOT TESTED: a full disk; mounting a tmpfs needs root: {done.stderr.strip()}")
    before, tempfile.tempdir = tempfile.tempdir, place
    try:
        yield Path(place)
    finally:
        tempfile.tempdir = before
        subprocess.run(["umount", "-l", place], check=True)
        os.rmdir(place)


def fill(place, leave):
    """Takes all room but `leave` octets."""
    free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
    with open(place / "ballast", "ab") as ballast:
        try:
            ballast.write(bytes(max(0, free - leave)))
        except OSError as failure:  # the server was faster
            assert failure.errno == errno.ENOSPC


def append(peer, n, octets, expect):
    text = TEXT.format(n=n) + os.urandom(octets // 2).hex() + "\r\n"
    peer.command(f"APPEND INBOX {{{len(text)}+}}\r\n{text}", expect=expect)
    return peer.last


def ids(peer):
    peer.command("NOOP")
    lines = peer.command("UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
    return [line.split("<")[1].split("@")[0] for line in lines if "@disk>" in line]


@pytest.mark.parametrize("octets", [2000, 200_000, 3_000_000], ids=["small", "large", "spooled"])
def test_full_disk(octets):
    with small_disk(64) as place, Roost(accounts=["anna"]) as server:
        peer = server.login("anna")
        append(peer, "before", octets, "OK")
        peer.command("SELECT INBOX")
        fill(place, 0)

        kept, refused = ["before"], 0
        for n in range(200):
            answer = append(peer, f"full{n}", octets, expect=None)
            if " OK " in answer:
                kept.append(f"full{n}")
                continue
            assert " NO [UNAVAILABLE] " in answer, answer
            refused += 1
            if refused == 3:
                break
        assert refused == 3
        reply = server.deliver("anna", TEXT.format(n="lmtp") + os.urandom(max(octets, 300_000) // 2).hex())
        assert reply.startswith("452 "), reply

        # What is there can be read, by old sessions and new ones, and it says why it refuses.
        assert ids(peer) == kept
        other = server.login("anna")
        other.command("SELECT INBOX")
        assert ids(other) == kept
        (place / "ballast").unlink()
        append(peer, "after", octets, "OK")
        assert server.deliver("anna", TEXT.format(n="lmtp2") + "x").startswith("250 ")
        assert ids(other) == kept + ["after", "lmtp2"]
        server.log_wait("S 07002 .* msgid=lmtp2@disk")  # its log is on that disk too, and goes on

        # A crash on a full disk loses nothing either.
        fill(place, 0)
        for n in range(200):
            answer = append(peer, f"again{n}", octets, expect=None)
            if " OK " not in answer:
                break
            kept.append(f"again{n}")
        server.kill()
        (place / "ballast").unlink()
        server.start()
        peer = server.login("anna")
        peer.command("SELECT INBOX")
        assert sorted(ids(peer)) == sorted(kept + ["after", "lmtp2"])


def test_flags_and_moves_on_a_full_disk():
    with small_disk(64) as place, Roost(accounts=["anna"]) as server:
        peer = server.login("anna")
        for n in range(20):
            append(peer, n, 1000, "OK")
        peer.command("SELECT INBOX")
        fill(place, 0)
        flagged = set()
        for turn in range(3000):
            uid = turn % 20 + 1
            peer.command(f"UID STORE {uid} {'+' if turn // 20 % 2 == 0 else '-'}FLAGS.SILENT (\\Flagged)", expect=None)
            if " OK " not in peer.last:
                assert " NO [UNAVAILABLE] " in peer.last, peer.last
                break
            flagged ^= {uid}
        peer.command("UID SEARCH FLAGGED")
        (place / "ballast").unlink()
        found = {int(n) for n in peer.command("UID SEARCH FLAGGED")[0].split()[2:]}
        assert found == flagged
        peer.command("MOVE 1:20 Archive")
        assert peer.command("STATUS Archive (MESSAGES)") == ["* STATUS Archive (MESSAGES 20)"]


def test_a_move_into_another_account_does_not_take_the_reserve():
    """It writes the messages once more; a move to the trash of the same account goes on."""
    with small_disk(64) as place, Roost(accounts=["anna", "bert"]) as server:
        anna = server.login("anna")
        for n in range(4):
            append(anna, n, 100_000, "OK")
        anna.command("SETACL INBOX bert lrste")
        peer = server.login("bert")
        peer.command('SELECT "Other Users/anna/INBOX"')
        fill(place, 0)
        for n in range(200):
            if " OK " not in append(anna, f"full{n}", 2000, expect=None):
                break
        peer.command("MOVE 1:4 Archive", expect=None)
        assert " NO [UNAVAILABLE] " in peer.last, peer.last
        anna.command("SELECT INBOX")
        anna.command("MOVE 1:4 Trash")
        (place / "ballast").unlink()
        assert "* STATUS Archive (MESSAGES 0)" in peer.command("STATUS Archive (MESSAGES)")


def read_by_another_program(server, name):
    """As a backup does it, without waiting for a lock."""
    db = sqlite3.connect(f"file:{server.home / name}?mode=ro", uri=True, timeout=0)
    try:
        return db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    finally:
        db.close()


def test_log_on_a_full_disk():
    """It goes on for as long as it has room of its own, ends with a whole line, and says later what it lost."""
    with small_disk(64) as place, Roost(accounts=["anna"], options=["log.levels=APSF"]) as server:
        peer = server.login("anna")
        fill(place, 0)
        before = len(server.log())
        for _ in range(4 * limit("LIMIT_LOG_ROOM") // 1000):
            peer.send("a NOOP\r\n" * 10)
            for _ in range(10):
                peer.line()
        text = server.log()
        assert limit("LIMIT_LOG_ROOM") // 4 < len(text) - before < 2 * limit("LIMIT_LOG_ROOM")
        assert text.endswith("\n")
        assert all(re.match(r"(IMAP|LMTP|ROOST) [0-9:.]{12} [A-Z] [0-9]{5} ", line) for line in text.splitlines())
        (place / "ballast").unlink()
        peer.command("NOOP")
        server.log_wait(r"07301 0 \d+ log entries were lost")


@pytest.mark.parametrize("lost", ["nothing", "log", "reserve", "reserve and log"])
def test_start_on_a_full_disk(lost):
    """It serves: what is there can be read, and deleted if there is what was kept for that. New mail is refused,
    and the log says why, until there is room."""
    with small_disk(64) as place, Roost(accounts=["anna"], options=["log.levels=PSF"]) as server:
        peer = server.login("anna")
        for n in range(40):
            append(peer, n, 20_000, "OK")
        peer.close()
        for _ in range(3):
            assert server.stop() == 0
            if "reserve" in lost:
                (server.home / "reserve").unlink()
            if "log" in lost:
                for path in (server.home / "log").glob("*"):
                    path.unlink()
            fill(place, 0)
            server.start()
            peer = server.login("anna")
            peer.command("SELECT INBOX")
            assert ids(peer) == [str(n) for n in range(40)]
            assert len(peer.command("UID FETCH 1:* (BODY.PEEK[])")) == 40
            assert " NO [UNAVAILABLE] " in append(peer, "refused", 500, expect=None)
            assert server.deliver("anna", TEXT.format(n="refused") + "x").startswith("452 ")
            server.run("account", "list")
            server.run("explain", "--account", "anna")
            peer.close()
        if lost == "nothing":
            server.log_wait("F 07102 0 store: the disk is full, and there is not even the room that is kept")
            peer = server.login("anna")
            peer.command("SELECT INBOX")
            peer.command("UID STORE 1:5 +FLAGS.SILENT (\\Deleted)")
            peer.command("EXPUNGE")
            peer.close()
        (place / "ballast").unlink()
        deadline = time.monotonic() + 30  # it is looked at every few seconds
        while not (server.home / "reserve").exists() or \
                (server.home / "reserve").stat().st_blocks * 512 < limit("LIMIT_DISK_RESERVE"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        if lost == "nothing":
            server.log_wait("S 07106 0 store: the disk has room again")
        peer = server.login("anna")
        append(peer, "taken", 500, "OK")
        assert server.deliver("anna", TEXT.format(n="taken") + "x").startswith("250 ")
        assert server.journal_wait("quit", count=1)
        assert read_by_another_program(server, "registry.db") > 0
        assert read_by_another_program(server, "journal.db") > 0
        peer.close()


def test_a_start_needs_little():
    """With as much as LIMIT_START_OCTETS nothing of what is kept is touched."""
    with small_disk(64) as place, Roost(accounts=["anna"]) as server:
        assert server.stop() == 0
        fill(place, limit("LIMIT_START_OCTETS") + (64 << 10))
        server.start()
        assert (server.home / "reserve").stat().st_size == limit("LIMIT_DISK_RESERVE")
        server.login("anna").close()


def test_first_start_on_a_full_disk():
    """It may refuse with the reason or run; in neither case may it die."""
    with small_disk(64) as place, Roost(accounts=["anna"], start=False) as server:
        fill(place, 0)
        process = subprocess.Popen([binary(), "serve", "-c", str(server.config), "-o", "imap.listen=127.0.0.1:0",
                                    "-o", "imaps.listen="], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        first = process.stdout.readline()
        if first:
            while first.strip() != "ready":
                first = process.stdout.readline()
                assert first
            process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
        assert process.returncode in (0, 1), err
        if process.returncode == 1:
            assert "roost serve: " in err and ("full" in err or "space" in err), err


def test_directory_that_cannot_be_written():
    with Roost(accounts=["anna"], start=False) as server:
        user = {}
        command = [binary(), "serve", "-c", str(server.config), "-o", "imap.listen=127.0.0.1:0", "-o", "imaps.listen="]
        if os.getuid() == 0:  # whom no mode stops: run as nobody
            user = {"user": 65534, "group": 65534, "extra_groups": []}
            copy = Path(tempfile.mkdtemp(prefix="roost-binary-"))
            shutil.copy(binary(), copy / "roost")
            command[0] = str(copy / "roost")
            for path in [copy, server.dir, server.home, *server.home.rglob("*")]:
                os.chown(path, 65534, 65534)
        folders = [server.home, *[path for path in server.home.rglob("*") if path.is_dir()]]
        for folder in folders:
            folder.chmod(0o500)
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, **user)
        check = subprocess.run([command[0], "check", "-c", str(server.config)], capture_output=True, text=True,
                               timeout=30, check=False, **user)
        for folder in folders:
            folder.chmod(0o700)
        if user:
            shutil.rmtree(copy)
        assert done.returncode == 1
        assert "Permission denied" in done.stderr and str(server.home) in done.stderr, done.stderr
        assert check.returncode == 1 and "this user cannot write to" in check.stdout, check.stdout


def fill_with_mail(place, peer):
    """Until nothing more is taken, not even the smallest message."""
    fill(place, 0)
    kept = 0
    for octets in (100_000, 10_000, 500):
        for n in range(400):
            if " OK " not in append(peer, f"{octets}-{n}", octets, expect=None):
                break
            kept += 1
        else:
            raise AssertionError("the disk is never full")
    return kept


def test_what_was_deleted_makes_room():
    """Nothing is kept for undeleting while the disk is full, and nobody has to wait for the next round."""
    with small_disk(64) as place, Roost(accounts=["anna", "bert"]) as server:
        peer = server.login("anna")
        peer.socket.settimeout(120)
        peer.command("SELECT INBOX")
        for n in range(3000):
            if " OK " not in append(peer, n, 60_000, expect=None):
                break
        else:
            raise AssertionError("the disk is never full")
        peer.command("UID STORE 1:* +FLAGS.SILENT (\\Deleted)")
        peer.command("EXPUNGE")
        deadline = time.monotonic() + 100
        while " OK " not in append(peer, "new", 30_000, expect=None):
            assert time.monotonic() < deadline, "there is no room again"
            time.sleep(1)
        assert server.deliver("bert", TEXT.format(n="taken") + "x").startswith("250 ")


def test_deleting_on_a_full_disk():
    with small_disk(64) as place, Roost(accounts=["anna"]) as server:
        peer = server.login("anna")
        peer.socket.settimeout(120)
        for n in range(300):
            append(peer, n, 2000, "OK")
        peer.command("CREATE spare")
        peer.command("SELECT INBOX")
        fill_with_mail(place, peer)
        before = len(ids(peer))
        assert server.deliver("anna", TEXT.format(n="refused") + "x" * 5000).startswith("452 ")

        # Every way of deleting, many times, and through a restart.
        for n in range(1, 41):
            peer.command(f"UID STORE {n} +FLAGS.SILENT (\\Deleted)")
            peer.command(f"UID EXPUNGE {n}")
        peer.command("UID MOVE 41:60 Trash")
        peer.command("DELETE spare")
        server.kill()
        server.start()
        peer = server.login("anna")
        peer.command("SELECT INBOX")
        peer.command("UID STORE 61:200 +FLAGS.SILENT (\\Deleted)")
        peer.command("EXPUNGE")
        assert len(ids(peer)) == before - 200

        # What is kept for that is not for new mail; what was deleted may have made room for some.
        fill(place, 0)
        answers = [append(peer, f"new{n}", 20_000, expect=None).split()[1] for n in range(300)]
        answers += [server.deliver("anna", TEXT.format(n=f"and{n}") + "x" * 20_000)[:4] for n in range(300)]
        assert set(answers[:300]) == {"OK", "NO"} and "452 " in answers[300:]
        (place / "ballast").unlink()
        append(peer, "new", 500, "OK")
        assert server.deliver("anna", TEXT.format(n="taken") + "x").startswith("250 ")
        assert (server.home / "reserve").stat().st_blocks * 512 >= 8 << 20, "it is kept for the next time"
