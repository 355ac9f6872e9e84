# SPDX-License-Identifier: MIT
"""The two hard cases: a huge FETCH to a slow reader while others work on the same mailbox, and
expunges under the feet of a session that fetches and stores by sequence number."""

import random
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost, binary  # noqa: E402

MESSAGES = 50000
SMALL = "Subject: number {n}\n\nbody {n}\n"


def mailgen():
    """Beside the server in the build directory."""
    path = Path(binary()).resolve().parent.parent.parent / "bench" / "roost-mailgen"
    if not path.exists():
        pytest.skip(f"no mail generator at {path}")
    return path


def resident_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1))


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    """A server whose one account holds MESSAGES small messages."""
    mbox = tmp_path_factory.mktemp("hard") / "mbox"
    with open(mbox, "wb") as out:
        subprocess.run([mailgen(), "--count", str(MESSAGES), "--max-octets", "1500"], stdout=out, check=True)
    with Roost(accounts=["user"], start=False) as server:
        server.run("import", "user", str(mbox))
        mbox.unlink()
        server.start()
        yield server


class SlowFetch(threading.Thread):
    """Takes a FETCH in small sips and keeps what it said of each message."""

    def __init__(self, peer, pause):
        super().__init__()
        self.peer = peer
        self.pause = pause
        self.seen = []  # (sequence number, UID)
        self.early = []  # untagged lines that are no FETCH
        self.last = None
        self.failed = None

    def run(self):
        try:
            self.peer.send("slow FETCH 1:* (UID BODY.PEEK[])\r\n")
            while self.last is None:
                line = self.peer.line()
                found = re.match(r"\* (\d+) FETCH \(UID (\d+) BODY\[\] \{", line)
                if found:
                    self.seen.append((int(found.group(1)), int(found.group(2))))
                    if len(self.seen) % 50 == 0:
                        time.sleep(self.pause)
                elif line.startswith("slow "):
                    self.last = line
                else:
                    self.early.append(line)
        except Exception as error:  # told in the test's own thread
            self.failed = error


def test_slow_reader_holds_up_nobody(big):
    slow = big.login("user")
    slow.command("SELECT INBOX")
    uids = [int(u) for line in slow.command("UID SEARCH ALL") for u in line.split()[2:]]
    assert len(uids) == MESSAGES
    before_kib = resident_kib(big.process.pid)
    reader = SlowFetch(slow, 0.03)
    reader.start()
    idler, worker = big.login("user"), big.login("user")
    idler.command("SELECT INBOX")
    worker.command("SELECT INBOX")
    idler.send("i IDLE\r\n")
    assert idler.line() == "+ idling"
    exists, worst, most_kib, gone = MESSAGES, 0.0, 0, set()
    victims = random.Random(7).sample(uids, 60)
    for n in range(30):
        began = time.monotonic()
        assert big.deliver("user", SMALL.format(n=n)).startswith("250")
        exists += 1
        while (line := idler.line()) != f"* {exists} EXISTS":
            assert re.match(r"\* \d+ (RECENT|EXPUNGE|FETCH)", line), line
        chosen = ",".join(str(u) for u in victims[2 * n:2 * n + 2])
        worker.command(f"UID STORE {chosen} +FLAGS.SILENT (\\Deleted)")
        told = worker.command(f"UID EXPUNGE {chosen}")
        assert sum(line.endswith(" EXPUNGE") for line in told) == 2
        gone.update(victims[2 * n:2 * n + 2])
        for _ in range(2):
            while not (line := idler.line()).endswith(" EXPUNGE"):
                assert re.match(r"\* \d+ (RECENT|EXISTS|FETCH)", line), line
        exists -= 2
        worst = max(worst, time.monotonic() - began)
        most_kib = max(most_kib, resident_kib(big.process.pid))
    assert reader.is_alive(), "the reader was meant to be slower than all of that"
    assert worst < 2.0, f"a round took {worst:.2f} s"
    assert most_kib - before_kib < 128 * 1024, f"{before_kib} -> {most_kib} KiB"
    reader.pause = 0
    reader.join(timeout=120)
    assert reader.failed is None and reader.last is not None, reader.failed
    # Every number still means the message it meant at the beginning, those expunged meanwhile too.
    assert reader.seen == [(seq + 1, uid) for seq, uid in enumerate(uids)]
    assert not any(line.endswith(" EXPUNGE") for line in reader.early), reader.early[:5]
    told = slow.command("NOOP")
    model = list(uids)
    for line in told:
        found = re.match(r"\* (\d+) EXPUNGE", line)
        if found:
            del model[int(found.group(1)) - 1]
    assert model == [u for u in uids if u not in gone]
    left = [int(u) for line in slow.command("UID SEARCH ALL") for u in line.split()[2:]]
    assert len(left) == exists and left[:len(model)] == model
    idler.send("DONE\r\n")
    for peer in (slow, idler, worker):
        peer.close()


class Model:
    """What a client believes: UIDs by sequence number, and their flags as told."""

    def __init__(self, peer):
        self.peer = peer
        peer.command("SELECT INBOX")
        self.uids = []
        # Others work meanwhile: FETCH and EXPUNGE lines of their doing may follow the answer.
        for line in peer.command("UID SEARCH ALL"):
            if line.startswith("* SEARCH"):
                self.uids = [int(uid) for uid in line.split()[2:]]
            elif line.endswith(" EXPUNGE"):
                del self.uids[int(line.split()[1]) - 1]

    def command(self, text, expect=None, may_expunge=True):
        """Sends it; applies what is told; returns FETCH lines as {seq: line}."""
        fetched = {}
        for line in self.peer.command(text, expect):
            number, word = re.match(r"\* (\S+) ?(\w*)", line).groups()
            if word == "EXPUNGE":
                assert may_expunge, f"{text}: {line}"
                assert 1 <= int(number) <= len(self.uids), line
                del self.uids[int(number) - 1]
            elif word == "EXISTS":
                assert int(number) >= len(self.uids), f"{line} after {len(self.uids)}"
                missing = int(number) - len(self.uids)
                self.uids += [None] * missing
            elif word == "FETCH":
                assert 1 <= int(number) <= len(self.uids), f"{line}: only {len(self.uids)}"
                uid = re.search(r"UID (\d+)", line)
                if uid:
                    at = int(number) - 1
                    assert self.uids[at] in (None, int(uid.group(1))), f"{text}: {line}: was {self.uids[at]}"
                    self.uids[at] = int(uid.group(1))
                fetched[int(number)] = line
        return fetched


def test_expunges_while_fetching_by_number():
    with Roost(accounts=["user"]) as server:
        peer = server.login("user")
        for _ in range(10):
            batch = " ".join("{14+}\r\nSubject: x\r\n\r\n" for _ in range(100))
            peer.command(f"APPEND INBOX {batch}")
        reader, stop, trouble = Model(server.login("user")), threading.Event(), []
        expected = list(reader.uids)
        assert len(expected) == 1000
        stored = set()

        def expunge():
            try:
                mine, rng = Model(server.login("user")), random.Random(3)
                while len(mine.uids) > 200 and not stop.is_set():
                    chosen = sorted(rng.sample(range(1, len(mine.uids) + 1), 8))
                    mine.command(f"STORE {','.join(map(str, chosen))} +FLAGS.SILENT (\\Deleted)")
                    mine.command("EXPUNGE", "OK")
                mine.peer.close()
            except Exception as error:
                trouble.append(error)

        other = threading.Thread(target=expunge)
        other.start()
        rng = random.Random(5)
        while other.is_alive():
            low = rng.randrange(1, len(reader.uids) + 1)
            high = min(len(reader.uids), low + 20)
            named = {reader.uids[at - 1] for at in range(low, high + 1)}
            fetched = reader.command(f"FETCH {low}:{high} (UID RFC822.SIZE BODY.PEEK[])", None, may_expunge=False)
            assert all(seq in fetched for seq in range(low, high + 1)), "a message of the view was not answered"
            reader.command(f"STORE {low}:{high} +FLAGS.SILENT (\\Flagged)", None, may_expunge=False)
            word = reader.peer.last.split(" ")[1]
            assert word == "OK" or "[EXPUNGEISSUED]" in reader.peer.last, reader.peer.last
            stored |= named
            if rng.randrange(3) == 0:
                reader.command("NOOP", "OK")
        stop.set()
        other.join(timeout=30)
        assert not trouble, trouble[0]
        reader.command("NOOP", "OK")
        fresh = Model(server.login("user"))
        assert reader.uids == fresh.uids
        flagged = {int(u) for line in fresh.peer.command("UID SEARCH FLAGGED") for u in line.split()[2:]}
        assert flagged == {u for u in stored if u in set(fresh.uids)}, "STORE reached others than those named"
