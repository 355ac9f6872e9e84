# SPDX-License-Identifier: MIT
"""Limits of connections: the dead give way, the living stay, and the newcomer is told the truth.

A peer is made to vanish by a filter on its own socket (see Peer.vanish), so the server sees what it would
see of a phone without signal. Suspicion after one second, so that the kernel still repeats every second."""

import os
import re
import resource
import select
import socket
import ssl
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from limits import limit  # noqa: E402
from roost_server import PASSWORD, Peer, Roost, binary, processor_seconds  # noqa: E402

SECONDS = ["log.levels=APSF", "idle.keepalive=2s", "idle.suspect_after=1s", "server.work_threads=2"]


def vanished(server):
    peer = server.idling()
    peer.vanish()
    return peer


def suspected(server, *peers):
    for peer in peers:
        server.session_wait(peer.number, lambda row: row["suspect"])


def is_well(peer):
    assert peer.done() == []
    peer.close()


def test_full_of_the_living():
    """The answer waits for nothing (the server's time stands still), blames no password, and counts who is there. It is
    no failed login."""
    with Roost(options=[*SECONDS, "limits.max_connections_per_user=3"], accounts=["user", "other"], clock=True) as server:
        peers = [server.idling(client="Thunderbird"), server.idling(client="Thunderbird"), server.idling()]
        newcomer = server.connect()
        newcomer.line()
        for _ in range(5):  # more often than wrong passwords are taken
            newcomer.command(f'LOGIN user "{PASSWORD}"', "NO")
            assert newcomer.last.split(" ", 1)[1] == (
                "NO [LIMIT] Your account has as many connections as it may have (2 Thunderbird at 127.0.0.1, "
                "1 unknown at 127.0.0.1); close a program that is not needed")
        newcomer.command(f'LOGIN other "{PASSWORD}"')  # another account is not full
        newcomer.close()
        newcomer = server.connect()
        newcomer.line()
        newcomer.command(f'LOGIN user "{PASSWORD}"', "NO")
        newcomer.close()
        server.log_wait(r"S 07001 \d+ end limit-account .*account=user")
        is_well(peers.pop())
        server.login("user").close()
        for peer in peers:
            is_well(peer)


def test_the_dead_give_way():
    """One of two suspects goes, the other and the living stay; nobody else waits meanwhile: the server's time stands
    still until they have been answered."""
    with Roost(options=[*SECONDS, "limits.max_connections_per_user=3"], accounts=["user", "other"], clock=True) as server:
        well = server.idling()
        dead = [vanished(server), vanished(server)]
        deadline = time.monotonic() + 60
        while sum(row["suspect"] for row in server.sessions()) < 2:  # the kernel counts real time
            assert time.monotonic() < deadline
            server.advance(1, [well])
        newcomer = server.connect()
        newcomer.line()
        newcomer.send(f'n LOGIN user "{PASSWORD}"\r\n')
        other = server.login("other")  # while the newcomer waits; there are two work threads
        for _ in range(20):
            other.command("NOOP")
        assert not select.select([newcomer.socket], [], [], 0)[0]
        while not select.select([newcomer.socket], [], [], 1)[0]:  # the kernel needs real time to repeat what it sends
            server.advance(1, [well])
        assert newcomer.line().startswith("n OK ")
        server.log_wait(r"S 07001 \d+ end reaped")
        reaped = int(re.search(r"S 07001 (\d+) end reaped", server.log()).group(1))
        assert reaped in [peer.number for peer in dead]
        assert f"F 06050 {reaped} Removing session user - Its place was needed, and its peer is probably dead" \
            in server.log()
        rows = {row["session"]: row for row in server.sessions("--account", "user")}
        left = next(peer.number for peer in dead if peer.number != reaped)
        assert set(rows) >= {well.number, left} and reaped not in rows and len(rows) == 3
        assert rows[left]["suspect"] and not rows[well.number]["suspect"]
        is_well(well)
        for peer in (newcomer, other, *dead):
            peer.close()


def test_a_suspect_that_comes_back_stays():
    with Roost(options=[*SECONDS, "limits.max_connections_per_user=1"], accounts=["user"]) as server:
        away = vanished(server)
        suspected(server, away)
        newcomer = server.connect()
        newcomer.line()
        began = time.monotonic()
        away.come_back()  # its kernel acknowledges what is repeated next: what it is sent to find out whether it is there
        newcomer.command(f'LOGIN user "{PASSWORD}"', "NO")
        assert "[LIMIT]" in newcomer.last
        assert time.monotonic() - began >= limit("LIMIT_PLACE_WAIT_US") / 1e6  # somebody else might have left
        server.log_wait(rf"P 07025 {away.number} answers again")
        is_well(away)
        newcomer.close()


def test_before_login():
    """At the limit of the server a newcomer waits for its greeting."""
    bye = "* BYE [UNAVAILABLE] Too many connections"
    with Roost(options=[*SECONDS, "limits.max_connections=2"], accounts=["user"]) as server:
        well = server.idling()
        dead = server.idling()
        refused = server.connect()
        assert refused.line() == bye
        assert refused.at_end()
        refused.close()
        dead.vanish()
        suspected(server, dead)
        newcomer = server.connect()
        assert newcomer.line().startswith("* OK ")
        newcomer.command(f'LOGIN user "{PASSWORD}"')
        server.log_wait(rf"S 07001 {dead.number} end reaped")
        refused = server.connect()
        assert refused.line() == bye
        is_well(well)
        for peer in (newcomer, dead, refused):
            peer.close()


def test_shutdown_while_somebody_waits():
    with Roost(options=[*SECONDS, "limits.max_connections_per_user=1", "limits.max_connections=2"],
               accounts=["user"]) as server:
        dead = vanished(server)
        suspected(server, dead)
        at_login = server.connect()
        at_login.line()
        at_login.send(f'n LOGIN user "{PASSWORD}"\r\n')
        before = server.connect()  # no greeting yet
        assert server.stop() == 0
        for peer in (at_login, before):  # the dead one's end may have made room at the last moment
            while not (line := peer.line()).startswith("* BYE"):
                pass
            assert line == "* BYE [UNAVAILABLE] Server is shutting down"
        for peer in (dead, at_login, before):
            peer.close()


def insecure_tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def from_address(server, address):
    """A connection from there, as a proxy tells it."""
    peer = Peer(server.ports["imap"])
    peer.send(f"PROXY TCP4 {address} 198.51.100.1 50123 143\r\n")
    return peer


def test_share_of_an_address():
    """Before login only; the record and explain say which limit it was."""
    with Roost(options=["imap.proxy_networks=127.0.0.1/32", "limits.max_connections=16",
                        "auth.allow_plaintext=yes"],
               accounts=["user"]) as server:
        peers = [from_address(server, "192.0.2.7") for _ in range(4)]
        for peer in peers:
            assert peer.line().startswith("* OK ")
        refused = from_address(server, "192.0.2.7")
        assert refused.line() == "* BYE [LIMIT] Too many connections from your address"
        assert refused.at_end()
        line = server.log_wait(r"S 07001 (\d+) end limit-address .*").group(0)
        number = re.search(r"07001 (\d+)", line).group(1)
        told = " ".join(server.run("explain", number).stdout.split())
        assert "4 connections from 192.0.2.7 have not logged in" in told, told
        assert "a quarter of [limits] max_connections" in told
        other = from_address(server, "192.0.2.8")
        assert other.line().startswith("* OK ")
        peers[0].command(f'LOGIN user "{PASSWORD}"')  # it counts for its account now
        again = from_address(server, "192.0.2.7")
        assert again.line().startswith("* OK ")
        for peer in (*peers, refused, other, again):
            peer.close()


SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def header_v2(address):
    return SIGNATURE + b"\x21\x11" + struct.pack("!H", 12) + socket.inet_aton(address) + \
        socket.inet_aton("198.51.100.1") + struct.pack("!HH", 50123, 143)


def header_v1(address):
    return f"PROXY TCP4 {address} 198.51.100.1 50123 143\r\n".encode()


@pytest.mark.parametrize("header", [header_v1, header_v2])
@pytest.mark.parametrize("service, words", [("imap", "* BYE [UNAVAILABLE] Too many connections"),
                                            ("imaps", "* BYE [UNAVAILABLE] Too many connections"),
                                            ("lmtp", "421 4.3.2 Too many connections")])
def test_refused_behind_a_proxy(service, words, header):
    """It is told, and the record names the client and the limit; also when the header comes late."""
    networks = [f"{name}.proxy_networks=127.0.0.1/32" for name in ("imap", "imaps", "lmtp")]
    with Roost(options=[*networks, "limits.max_connections=2", "auth.allow_plaintext=yes"],
               accounts=["user"]) as server:
        holders = []
        for _ in range(2):
            holders.append(from_address(server, "192.0.2.1"))
            assert holders[-1].line().startswith("* OK ")
            holders[-1].command(f'LOGIN user "{PASSWORD}"')
        late, whole = server.connect(service), server.connect(service)
        first, rest = header("192.0.2.77")[:11], header("192.0.2.77")[11:]
        late.send(first)
        whole.send(first)
        for peer in (whole, late):
            peer.send(rest)
            if service == "imaps":
                peer.socket = insecure_tls().wrap_socket(peer.socket)
            assert peer.line() == words
            assert peer.at_end()
            peer.close()
        line = server.log_wait(r"S 07001 (\d+) end limit-total .*").group(0)
        record = server.record(int(re.search(r"07001 (\d+)", line).group(1)))
        assert record["peer"] == "192.0.2.77"
        assert record["detail"].startswith("[limits] max_connections is 2")
        for peer in holders:
            peer.close()


def test_silent_connections_shut_nobody_out():
    """Twice as many as there are places, from this machine, which has no share."""
    with Roost(start=False, accounts=["user"]) as server:
        server.start(files=400)
        silent = [server.connect() for _ in range(150)]
        time.sleep(1.2)  # then they could have logged in
        began = time.monotonic()
        server.deliver("user", "Subject: a\r\n\r\nb\r\n")
        for _ in range(5):
            peer = server.login("user")
            peer.command("SELECT INBOX")
            peer.close()
        assert server.sessions("--account", "user") is not None  # the control socket answers
        assert time.monotonic() - began < 10
        line = server.log_wait(r"S 07001 (\d+) end gave-way .*").group(0)
        told = " ".join(server.run("explain", re.search(r"07001 (\d+)", line).group(1)).stdout.split())
        assert "was closed to make room for a new one" in told, told
        for peer in silent:
            peer.close()


def recipient(server, peer):
    """Through LHLO to an accepted recipient."""
    for command in ("LHLO test", "MAIL FROM:<>", "RCPT TO:<user@localhost>"):
        peer.send(command + "\r\n")
        assert peer.reply().startswith("250"), command


def test_silent_deliveries_shut_nobody_out():
    """1,000 of them, with 1,024 files. One that has named a recipient stays."""
    with Roost(start=False, accounts=["user"]) as server:
        server.start(files=1024)
        working = server.connect("lmtp")
        assert working.reply().startswith("220")
        recipient(server, working)
        silent = [server.connect("lmtp") for _ in range(1000)]
        time.sleep(1.2)  # then they could have said what they want
        began = time.monotonic()
        for _ in range(5):
            assert server.deliver("user", "Subject: a\r\n\r\nb\r\n").startswith("250")
            server.login("user").close()
        assert time.monotonic() - began < 10
        line = server.log_wait(r"S 07001 (\d+) end gave-way .*").group(0)
        told = " ".join(server.run("explain", re.search(r"07001 (\d+)", line).group(1)).stdout.split())
        assert "not named a recipient), was closed to make room" in told, told
        first = silent[0]
        assert first.reply().startswith("220")
        assert first.reply() == "421 4.3.2 Closed to make room for another connection"
        assert first.at_end()
        working.send("DATA\r\n")
        assert working.reply().startswith("354")
        working.send("Subject: c\r\n\r\nd\r\n.\r\n")
        assert working.reply().startswith("250 2.0.0")
        for peer in (*silent, working):
            peer.close()


def spool_files(server):
    """Files of spools that the server has open."""
    count = 0
    for path in Path(f"/proc/{server.process.pid}/fd").iterdir():
        try:
            count += os.readlink(path).startswith(f"{server.home}/tmp/")
        except FileNotFoundError:  # it was closed meanwhile
            pass
    return count


def spool_files_wait(server, count):
    deadline = time.monotonic() + 10
    while spool_files(server) != count:
        assert time.monotonic() < deadline, (spool_files(server), count)
        time.sleep(0.02)


def test_large_uploads_leave_files_to_others():
    """With 1,024 files there are 64 for messages on their way, of which 16 are for deliveries alone. Whoever
    gets none is told so, and everybody else goes on. One account gets a quarter of the others."""
    files = 1024 // limit("LIMIT_SPOOL_PART")
    octets = limit("LIMIT_SPOOL_MEMORY") + 40000
    part, rest = "x" * (octets - 2000), "x" * 1998 + "\r\n"
    share = (files - files // 4) // limit("LIMIT_SPOOL_SHARE")
    accounts = [f"u{i}" for i in range(limit("LIMIT_SPOOL_SHARE"))]
    refused = "NO [UNAVAILABLE] Too many large messages are being uploaded now; try again"
    with Roost(start=False, accounts=["user", *accounts]) as server:
        server.start(files=1024)
        uploads = []
        for account in accounts:
            for _ in range(share):
                peer = server.login(account)
                peer.send(f"a APPEND INBOX {{{octets}}}\r\n")
                assert peer.line().startswith("+ ")
                peer.send(part)
                uploads.append(peer)
            peer = server.login(account)
            peer.send(f"b APPEND INBOX {{{octets}}}\r\n")
            assert peer.line() == f"b {refused}"
            peer.close()
        assert len(uploads) == files - files // 4
        spool_files_wait(server, len(uploads))
        late = server.login("user")
        late.send(f"b APPEND INBOX {{{octets}}}\r\n")
        assert late.line() == f"b {refused}"
        late.send(f"c APPEND INBOX {{{octets}+}}\r\n{part}{rest}\r\n")
        assert late.line() == f"c {refused}"
        late.send("d APPEND INBOX {12+}\r\nSubject: s\r\n\r\n")
        assert late.line().startswith("d OK")

        deliveries = [server.connect("lmtp") for _ in range(files // 4 + 1)]
        for number, peer in enumerate(deliveries):
            assert peer.reply().startswith("220")
            recipient(server, peer)
            peer.send("DATA\r\n")
            assert peer.reply().startswith("354")
            peer.send(part[:50000] + "\r\n")
            peer.send("\r\n".join([part[:50000]] * 6) + "\r\n")
            spool_files_wait(server, len(uploads) + min(number + 1, files // 4))
        deliveries[-1].send(".\r\n")
        assert deliveries[-1].reply() == \
            "452 4.3.1 <user@localhost> Too many large messages arrive at once; try again later"
        assert server.deliver("user", "Subject: a\r\n\r\nb\r\n").startswith("250")
        deliveries[0].send(".\r\n")
        assert deliveries[0].reply().startswith("250 2.0.0")
        assert server.deliver("user", "Subject: a\r\n\r\n" + (part[:900] + "\r\n") * 400).startswith("250")

        # What is complete needs no file, though its command has not ended.
        uploads[0].send(rest + f" {{{octets}}}\r\n")
        assert uploads[0].line().startswith("+ ")
        spool_files_wait(server, len(uploads) - 1 + files // 4 - 1)
        late.send(f"e APPEND INBOX {{{octets}}}\r\n")
        assert late.line() == f"e {refused}"  # it is kept for the one that was asked for
        uploads[1].send(rest + "\r\n")
        assert uploads[1].line().startswith("a OK")
        late.send(f"f APPEND INBOX {{{octets}}}\r\n")
        assert late.line().startswith("+ ")
        late.send(part + rest + "\r\n")
        assert late.line().startswith("f OK")
        uploads[0].send(part + rest + "\r\n")
        assert uploads[0].line().startswith("a OK")
        for peer in (*uploads, *deliveries, late):
            peer.close()


def test_without_descriptors_nobody_spins():
    """Peers and askers wait in the backlog, it is told once, and they are served afterwards."""
    with Roost(accounts=["user"]) as server:
        before = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        used = {int(fd) for fd in os.listdir(f"/proc/{server.process.pid}/fd")}
        free = next(fd for fd in range(max(used) + 2) if fd not in used)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (free, before[1]))
        peer = server.connect()
        asker = socket.socket(socket.AF_UNIX)
        asker.connect(str(server.home / "run" / "control.sock"))
        server.log_wait(r"F 07206 0 listener 127.0.0.1:\d+: pausing: accept: Too many open files")
        server.log_wait(r"F 07206 0 control socket: pausing: accept: Too many open files")
        began = processor_seconds(server.process.pid)
        time.sleep(3)
        assert processor_seconds(server.process.pid) - began < 0.5
        # A listener may have had its first run only now, and found no descriptor either.
        told = re.findall(r"F 07206 0 (listener \S+|control socket): pausing: accept", server.log())
        assert len(told) == len(set(told)), told
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, before)
        assert peer.line().startswith("* OK ")
        assert server.run("sessions").returncode == 0
        peer.close()
        asker.close()


@pytest.mark.parametrize("files, connections, enough", [(256, 8, False), (1023, 433, False), (1024, 432, True)])
def test_few_files_are_told(files, connections, enough):
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    words = f"open files: {files} allow about {connections} connections, which is too few"
    with Roost(start=False, accounts=["user"]) as server:
        check = subprocess.run([binary(), "check", "-c", str(server.config)], preexec_fn=few, capture_output=True,
                               text=True, timeout=60).stdout
        assert (words in check) != enough, check
        assert (f"{files} open files are enough for {connections} connections" in check) == enough
        server.start(files=files)
        assert (words in server.stderr()) != enough
        server.login("user").close()
    with Roost(start=False, accounts=["user"]) as server:
        asked = subprocess.run([binary(), "check", "-c", str(server.config), "-o", "limits.max_connections=5000"],
                               preexec_fn=few, capture_output=True, text=True, timeout=60).stdout
        assert f"{files} allow about {connections} connections, [limits] max_connections is 5000" in asked, asked
        needed = int(re.search(r"ulimit -n\) to (\d+)", asked).group(1))
        assert 5000 < needed * 3 // 4 < 6000
