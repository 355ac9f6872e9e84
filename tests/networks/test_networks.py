# SPDX-License-Identifier: MIT
"""Networks that forget connections, as they are: idle clients in several networks behind a router
that drops silently, answers with RST or with ICMP, and one that is good. All of it happens at
once, in seconds instead of minutes; the tests look at what became of each.

Both routers of support/forgetful.py are tried; where one cannot be had the test is skipped, and says so.
The last test needs no privileges.
"""

import contextlib
import json
import os
import re
import socket
import sqlite3
import struct
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from forgetful import ROUTERS, SERVER, connect_from, why_not  # noqa: E402
from roost_server import PASSWORD, Peer, Roost  # noqa: E402

# The interval that is tried first is a second longer than what networks remember, and those that are used
# later are a second shorter or more: a busy machine may be late by nearly that. Where SHORTEST is used,
# it takes 8 lines until 3 s are tried and 8 more until 4 s are, which is after the end (LASTS).
KEEPALIVE, SHORTEST, FORGETS = 5, 2, 4
LONGEST = 8
SUSPECT, DEAD = 1, 5
GOOD, SILENT, UNREACHABLE, RESET, WIFI, MOBILE = range(1, 7)
BEHAVIOUR = {SILENT: (FORGETS, "drop"), UNREACHABLE: (FORGETS, "unreachable"),
             RESET: (FORGETS, "reset"), WIFI: (FORGETS, "drop")}
LASTS = 60
GIVES_UP = KEEPALIVE * 2 + 1.5  # a client that hears nothing for so long
OPTIONS = [
    "auth.allow_plaintext=yes", "log.levels=APSF", f"idle.keepalive={KEEPALIVE}s",
    f"idle.keepalive_min={SHORTEST}s", f"idle.keepalive_max={LONGEST}s",
    f"idle.suspect_after={SUSPECT}s", f"idle.dead_after={DEAD}s",
]


class Client(threading.Thread):
    """Waits in IDLE, and connects again when it has heard nothing for longer than it should have;
    the connection it gives up is left alone, as a client does that believes it dead."""

    def __init__(self, world, account, networks):
        super().__init__(daemon=True)
        self.world, self.account, self.networks = world, account, list(networks)
        self.lines, self.connected, self.left, self.failure = [], [], [], None
        self.over = threading.Event()

    def connect(self):
        network = self.networks[min(len(self.connected), len(self.networks) - 1)]
        peer = Peer(self.world.port, sock=connect_from(self.world.router, network, self.world.port))
        peer.line()
        peer.command(f'LOGIN {self.account} "{PASSWORD}"')
        peer.command("SELECT INBOX")
        peer.send("i IDLE\r\n")
        assert peer.line().startswith("+")
        peer.socket.settimeout(GIVES_UP)
        self.connected.append(time.monotonic())
        return peer

    def run(self):
        try:
            peer = self.connect()
            while not self.over.is_set():
                try:
                    line = peer.line()
                    if not self.over.is_set():
                        self.lines.append((time.monotonic(), line))
                except (TimeoutError, ConnectionError, EOFError):
                    if self.over.is_set():
                        break
                    self.left.append(peer)
                    peer = self.connect()
            self.left.append(peer)
        except Exception as failure:  # noqa: BLE001 - told by the test
            self.failure = failure

    def close(self):
        for peer in self.left:
            peer.close()


class World:
    """A server, a router, six clients; and what `roost sessions` said meanwhile."""

    def __init__(self, kind):
        self.router = ROUTERS[kind](BEHAVIOUR, 6)
        self.suspects = {}
        self.clients = {}
        self.roost = None
        try:
            names = ["good", "silent", "unreachable", "reset", "mover"]
            self.roost = Roost(OPTIONS, names, start=False, host=SERVER,
                               prefix=["ip", "netns", "exec", self.router.spaces.names["server"]])
            self.roost.start()
            self.port = self.roost.ports["imap"]
            for name in names:  # keys are made at the first login, which takes a while
                peer = Peer(0, sock=connect_from(self.router, GOOD, self.port))
                peer.line()
                peer.command(f'LOGIN {name} "{PASSWORD}"')
                peer.command("LOGOUT")
                peer.close()
            for name, networks in (("good", [GOOD]), ("silent", [SILENT]), ("unreachable", [UNREACHABLE]),
                                   ("reset", [RESET]), ("mover", [WIFI, MOBILE])):
                self.clients[name] = Client(self, name, networks)
            for client in self.clients.values():
                client.start()
            self.began = time.monotonic()
        except BaseException:
            self.close()
            raise

    def watch(self):
        """Until the time is over: who is suspect, and since when the client said nothing."""
        while time.monotonic() < self.began + LASTS:
            for row in self.roost.sessions():
                if row["suspect"]:
                    self.suspects.setdefault(row["account"], set()).add(row["session"])
            time.sleep(0.3)
        for client in self.clients.values():
            client.over.set()
        self.networks = {row["network"]: row for row in self.rows()}
        self.records = self.journal()
        self.roost.stop()
        self.offline = {row["network"]: row for row in self.rows()}
        self.roost.start()
        self.restarted = {row["network"]: row for row in self.rows()}

    def rows(self):
        return [json.loads(line) for line in self.roost.run("networks", "--json").stdout.splitlines()]

    def journal(self):
        db = sqlite3.connect(f"file:{self.roost.home}/journal.db?mode=ro", uri=True)
        try:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute("SELECT * FROM session ORDER BY id")]
        finally:
            db.close()

    def of(self, account):
        return [row for row in self.records if row["account"] == account and row["reason"] != "logout"]

    def close(self):
        with contextlib.ExitStack() as stack:  # in the reverse order, each whatever becomes of the others
            stack.callback(self.router.close)
            if self.roost is not None:
                stack.callback(self.roost.close)
            for client in self.clients.values():
                stack.callback(client.close)
                client.over.set()


@pytest.fixture(scope="module")
def worlds():
    """Both, at the same time."""
    made = {}
    with contextlib.ExitStack() as stack:
        for kind in ROUTERS:
            if why_not(kind) is None:
                made[kind] = World(kind)
                stack.callback(made[kind].close)
        watching = [threading.Thread(target=world.watch) for world in made.values()]
        for thread in watching:
            thread.start()
        for thread in watching:
            thread.join()
        yield made


@pytest.fixture(params=sorted(ROUTERS))
def world(request, worlds):
    if request.param not in worlds:
        pytest.skip(f"NOT TESTED: networks that forget, with the {request.param} router: {why_not(request.param)}")
    for client in worlds[request.param].clients.values():
        assert client.failure is None, f"{client.account}: {client.failure!r}"
    return worlds[request.param]


def test_good_network_is_left_alone(world):
    good = world.clients["good"]
    assert len(good.connected) == 1 and not world.of("good")
    assert "good" not in world.suspects
    assert len(good.lines) >= LASTS / LONGEST - 1
    assert all(line.startswith("* OK") for _, line in good.lines)


def test_longer_silences_are_tried_where_they_survive(world):
    row = world.networks["10.77.1.0/24"]
    assert row["keepalive"] > KEEPALIVE or row["trial"] > KEEPALIVE, row
    assert row["limit"] == 0
    assert sum(silence["lost"] for silence in row["silences"]) == 0


def test_silent_death_is_suspected_then_ended_in_time(world):
    first = world.of("silent")[0]
    assert first["session"] in world.suspects["silent"]
    assert (first["reason"], first["how"], first["state"]) == ("dead-peer", "timeout", "idle")
    assert first["unacked_octets"] > 0 and first["retransmits"] > 0
    # The line that nobody acknowledged went so long before the end.
    assert DEAD * 1000 - 600 <= first["since_out_ms"] <= (DEAD + 2) * 1000


def test_keepalive_falls_below_what_the_network_forgets(world):
    row = world.networks["10.77.2.0/24"]
    # The first line may come early: all of an address share one grid of seconds. An interval between
    # SHORTEST and FORGETS may have been tried meanwhile.
    assert SHORTEST <= row["keepalive"] < FORGETS <= row["limit"] <= KEEPALIVE, row
    assert row["why"] == ("fell" if row["keepalive"] == SHORTEST else "lengthened"), row
    assert f"forgets connections that are silent for {row['limit']} seconds" in row["sentence"]
    client = world.clients["silent"]
    # A busy machine may lose one later, too.
    lives = list(zip(client.connected, [*client.connected[1:], world.began + LASTS]))
    begin, end = max(lives, key=lambda life: life[1] - life[0])
    assert end - begin > KEEPALIVE + GIVES_UP + 0.5, lives  # longer than any that is lost to its first long silence
    lines = [at for at, _ in client.lines if begin < at < end]
    assert len(lines) >= 5 and max(b - a for a, b in zip(lines, lines[1:])) < FORGETS + 1
    log = world.roost.log()
    assert re.search(rf" P 07027 0 10\.77\.2\.0/24: keepalive every {SHORTEST} s now: silences of [{FORGETS}{KEEPALIVE}] s are lost$", log, re.M)
    assert f"keepalive every {KEEPALIVE} s as configured: nothing speaks against it in 10.77.2.0/24" in log
    assert re.search(rf"keepalive every {SHORTEST} s: 10\.77\.2\.0/24 forgets after [{FORGETS}{KEEPALIVE}] s$", log, re.M)


def test_unreachable_host_is_told_and_teaches_nothing(world):
    first = world.of("unreachable")[0]
    assert (first["reason"], first["how"]) == ("unreachable", "unreachable")
    row = world.networks.get("10.77.3.0/24", {"keepalive": KEEPALIVE, "silences": []})
    assert row["keepalive"] == KEEPALIVE and all(silence["lost"] == 0 for silence in row["silences"])


def test_reset_is_told_and_teaches(world):
    first = world.of("reset")[0]
    assert (first["reason"], first["how"]) == ("reset", "rst")
    assert world.networks["10.77.4.0/24"]["keepalive"] < FORGETS


def test_coming_back_from_another_network_proves_little(world):
    client = world.clients["mover"]
    assert len(client.connected) == 2
    assert [row["reason"] for row in world.of("mover")] == ["dead-peer"]
    row = world.networks.get("10.77.5.0/24", {"keepalive": KEEPALIVE, "silences": []})
    assert row["keepalive"] == KEEPALIVE and all(silence["lost"] == 0 for silence in row["silences"])


def test_all_of_an_address_in_the_same_second(world):
    """Second 0 of each interval, shifted by the address: lines of one client are whole intervals apart."""
    times = [at for at, _ in world.clients["mover"].lines if at > world.clients["mover"].connected[-1]]
    gaps = [round(b - a) for a, b in zip(times, times[1:])]
    # The line before the first may have been late: IDLE had just begun.
    assert gaps[1:6] == [KEEPALIVE] * 5, gaps


def test_what_was_learnt_survives_a_restart_and_is_forgotten_when_told(world):
    for network in ("10.77.1.0/24", "10.77.2.0/24", "10.77.4.0/24"):
        running, stopped, again = (rows[network] for rows in (world.networks, world.offline, world.restarted))
        for field in ("keepalive", "limit", "why"):
            assert again[field] == stopped[field] == running[field]
        assert again["silences"] == stopped["silences"]
        counts = {silence["seconds"]: silence for silence in stopped["silences"]}
        for silence in running["silences"]:  # lines may have been acknowledged until the server stopped
            assert counts[silence["seconds"]]["kept"] >= silence["kept"]
            assert counts[silence["seconds"]]["lost"] >= silence["lost"]
    roost = world.roost
    assert "10.77.2.0/24" in roost.run("networks").stdout
    assert roost.run("networks", "--reset", "10.77.2.9").stdout == "1 networks forgotten\n"
    assert "10.77.2.0/24" not in roost.run("networks").stdout
    assert "nothing is known" in roost.run("networks", "--reset", "10.77.2.0/24", check=False).stderr
    roost.stop()
    assert "10.77.2.0/24" not in roost.run("networks").stdout
    assert "10.77.4.0/24" in roost.run("networks").stdout
    assert roost.run("networks", "--reset", "--all").returncode == 0
    assert roost.run("networks").stdout == ""
    roost.start()
    assert roost.run("networks").stdout == ""


class Forwarder:
    """A forwarder in user space, for everywhere. Its system acknowledges what it receives, so it
    cannot imitate silence; it shows the ends that need none."""

    def __init__(self, port):
        self.port = port
        self.listener = socket.create_server(("127.0.0.1", 0))

    def pair(self):
        client = socket.create_connection(self.listener.getsockname())
        inner, _ = self.listener.accept()
        outer = socket.create_connection(("127.0.0.1", self.port))
        threading.Thread(target=self._copy, args=(inner, outer), daemon=True).start()
        threading.Thread(target=self._copy, args=(outer, inner), daemon=True).start()
        return Peer(0, sock=client), outer

    @staticmethod
    def _copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass

    def close(self):
        self.listener.close()


def test_without_privileges():
    """Reset and closed by something in between, beside a connection that is left alone; a proxy's
    acknowledgements teach nothing."""
    with Roost(["idle.keepalive=1s", "idle.keepalive_max=5s"], ["a", "b", "c"]) as roost:
        forwarder = Forwarder(roost.ports["imap"])
        pairs = {}
        for name in "abc":
            peer, outer = forwarder.pair()
            peer.line()
            peer.command(f'LOGIN {name} "{PASSWORD}"')
            peer.command("SELECT INBOX")
            peer.send("i IDLE\r\n")
            assert peer.line().startswith("+")
            pairs[name] = peer, outer
        for peer, _ in pairs.values():
            assert peer.line().startswith("* OK Still here")
        reset = pairs["a"][1]
        reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.dup2(os.open(os.devnull, os.O_RDWR), reset.fileno())
        pairs["b"][1].shutdown(socket.SHUT_RDWR)
        assert roost.journal_wait("reset") == 1
        assert roost.journal_wait("closed-idle") == 1
        for _ in range(3):
            assert pairs["c"][0].line().startswith("* OK Still here")
        assert [row["account"] for row in roost.sessions()] == ["c"]
        assert roost.run("networks", "--json").stdout == ""
        for peer, _ in pairs.values():
            peer.close()
        forwarder.close()
