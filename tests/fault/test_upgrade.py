# SPDX-License-Identifier: MIT
"""A server replaced by another process under idle sessions, under load, and when the other one does
not start; and kill -9 under idle sessions."""

import base64
import contextlib
import fcntl
import json
import os
import random
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "transcript"))

from roost_server import PASSWORD, Roost, binary, processor_seconds  # noqa: E402
from test_long_search import is_old, multiply  # noqa: E402

MESSAGE = "From: a@example.org\nTo: b@example.org\nSubject: {n}\n\ntext {n}\n"
MANY = ["limits.max_connections_per_user=5000", "limits.max_connections_per_address=5000", "auth.scram=no",
        "log.levels=PSF"]


class Server(Roost):
    """Follows the process that serves: the first one is ours, its successors are not."""

    def owner(self):
        return int((self.home / "run" / "lock").read_text())

    def upgrade(self):
        before = self.owner()
        done = json.loads(self.run("upgrade", "--json").stdout)
        assert done["process"] == self.owner() != before
        return done["kept"]

    def end_owner(self, signum):
        """Ends whoever serves, and waits until that process is dead. Before that its descriptors are closed, one
        after the other: clients can see their end long before the lock is free."""
        process = os.pidfd_open(self.owner())
        try:
            signal.pidfd_send_signal(process, signum)
            assert select.select([process], [], [], 60)[0], "does not end"
        finally:
            os.close(process)

    def finish(self, code=0):
        """Ends whoever serves, as close() does for a process of ours, which ends or ended with code."""
        if self.owner() != self.process.pid:
            self.end_owner(signal.SIGTERM)
            assert self.process.wait(timeout=60) == code
            self.process.stdout.close()
            self.errors.close()
            self.process = None

    def lock_is_free(self):
        with open(self.home / "run" / "lock") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def __exit__(self, *exc):
        if self.process is not None:
            self.finish()
        super().__exit__(*exc)


def idler(server, account="anna", tag="i"):
    peer = server.login(account)
    peer.command("SELECT INBOX")
    peer.send(f"{tag} IDLE\r\n")
    assert peer.line().startswith("+")
    return peer


def skip_to(peer, start):
    while True:
        line = peer.line()
        if line.startswith(start):
            return line
        assert line.startswith("* "), line


def skip_to_end(peer, end):
    while True:
        line = peer.line()
        assert line.startswith("* "), line
        if line.endswith(end):
            return line


def deliver(server, n, account="anna"):
    assert server.deliver(account, MESSAGE.format(n=n)).startswith("250")


def test_a_session_in_another_users_mailbox():
    """It is handed over with the mailbox, and its rights are looked at as before."""
    with Server(accounts=["anna", "bert"], options=MANY) as server:
        anna = server.login("anna")
        anna.command("SETACL INBOX bert lrs")
        bert = server.login("bert")
        bert.command('SELECT "Other Users/anna/INBOX"')
        bert.send("b IDLE\r\n")
        assert bert.line().startswith("+")
        server.upgrade()
        deliver(server, 1)
        assert bert.line() == "* 1 EXISTS"
        assert bert.line().endswith(" RECENT")
        anna.command("SETACL INBOX bert lr")
        assert skip_to(bert, "* OK [PERMANENTFLAGS") == "* OK [PERMANENTFLAGS ()] Limited"
        server.upgrade()
        anna.command("DELETEACL INBOX bert")
        assert skip_to(bert, "* NO").startswith("* NO [NOPERM]")
        deliver(server, 2)
        bert.send("DONE\r\n")
        skip_to(bert, "b OK")
        bert.command("FETCH 1 FLAGS", expect="NO")
        server.upgrade()
        bert.command("FETCH 1 FLAGS", expect="NO")
        anna.command("SETACL INBOX bert lr")
        assert "* 2 EXISTS" in bert.command("NOOP")
        assert len(bert.command("FETCH 1:2 UID")) == 2


def test_notify_for_another_users_mailbox():
    with Server(accounts=["anna", "bert"], options=MANY) as server:
        anna = server.login("anna")
        anna.command("SETACL INBOX bert lrs")
        bert = server.login("bert")
        bert.command('NOTIFY SET (MAILBOXES "Other Users/anna/INBOX" (MessageNew MessageExpunge))')
        deliver(server, 1)
        assert bert.line().startswith('* STATUS "Other Users/anna/INBOX" (MESSAGES 1')
        server.upgrade()
        deliver(server, 2)
        assert bert.line().startswith('* STATUS "Other Users/anna/INBOX" (MESSAGES 2')
        bert.command("NOOP")


def test_notify_for_another_user_of_whom_nothing_is_meant_yet():
    with Server(accounts=["anna", "bert"], options=MANY) as server:
        anna = server.login("anna")
        anna.command("SETACL INBOX bert lr")
        bert = server.login("bert")
        bert.command('NOTIFY SET (SUBTREE "Other Users/anna/Projects" (MailboxName))')
        server.upgrade()
        bert.command("NOOP")
        for name in ("X", "Y"):
            anna.command(f"CREATE Projects/{name}")
            anna.command(f"SETACL Projects/{name} bert lr")
            assert bert.line() == f'* LIST (\\HasNoChildren) "/" "Other Users/anna/Projects/{name}"'
            assert bert.line().endswith('"Other Users/anna/Projects"')
            server.upgrade()


def test_notify_for_many_other_users_who_change_at_once():
    names = [f"u{i}" for i in range(8)]
    with Server(accounts=["bert", *names], options=MANY) as server:
        peers = [server.login(name) for name in names]
        bert = server.login("bert")
        for peer in peers:
            peer.command("SETACL INBOX bert lr")
        bert.command('NOTIFY SET (SUBTREE "Other Users" (MailboxName))')
        for new in ("a", "b"):
            server.upgrade()
            for peer in peers:
                peer.send(f"x CREATE {new}\r\ny SETACL {new} bert lr\r\n")
            told = {skip_to_end(bert, f'/{new}"') for _ in names}
            assert told == {f'* LIST (\\HasNoChildren) "/" "Other Users/{name}/{new}"' for name in names}
            for peer in peers:
                assert peer.line().startswith("x OK")
                assert peer.line().startswith("y OK")


def test_thousand_idle_sessions_five_times():
    with Server(accounts=["anna", "bert"], options=MANY) as server:
        deliver(server, 0)
        peers = [idler(server, tag=f"tag{i}") for i in range(1000)]
        waiting = server.login("bert")
        waiting.command("SELECT INBOX")
        count = 1
        for _ in range(5):
            assert server.upgrade() >= 1001
            deliver(server, count)
            count += 1
            for peer in peers:
                assert peer.line() == f"* {count} EXISTS"
                assert peer.line().endswith(" RECENT")
            waiting.command("NOOP")
        for i, peer in enumerate(peers):
            peer.send("DONE\r\n")
            skip_to(peer, f"tag{i} OK")
        assert waiting.command("STATUS Drafts (MESSAGES)") == ['* STATUS Drafts (MESSAGES 0)']


def test_metadata_are_told():
    """What changed before, during and after it, to those who have asked for it and to nobody else."""
    with Server(accounts=["anna"], options=MANY) as server:
        conf = server.config.read_text()
        asked = server.login("anna")
        asked.command("ENABLE METADATA")
        idle = server.login("anna")
        idle.command("ENABLE METADATA")
        idle.send("i IDLE\r\n")
        assert idle.line() == "+ idling"
        notified = server.login("anna")
        notified.command("NOTIFY SET (mailboxes Sent (MailboxMetadataChange)) (personal (ServerMetadataChange))")
        plain = server.login("anna")
        plain.command('SETMETADATA INBOX (/private/a "1" /private/b "2")')
        assert idle.line() == "* METADATA INBOX /private/a /private/b"
        plain.command("SETMETADATA INBOX (/private/b NIL)")
        assert idle.line() == "* METADATA INBOX /private/b"
        server.config.write_text(conf + "\n[metadata]\nentry = /shared/comment Upgraded\n")
        assert server.upgrade() == 4
        # Of the configuration, too, which the new process has read.
        assert idle.line() == notified.line() == '* METADATA "" /shared/comment'
        assert sorted(asked.command("NOOP")) == ['* METADATA "" /shared/comment', "* METADATA INBOX /private/a /private/b"]
        assert asked.command("NOOP") == []
        plain.command('SETMETADATA Sent (/shared/comment "3")')
        assert idle.line() == notified.line() == "* METADATA Sent /shared/comment"
        plain.command('SETMETADATA Trash (/shared/comment "4")')
        assert idle.line() == "* METADATA Trash /shared/comment"
        assert asked.command("NOOP") == ["* METADATA Sent /shared/comment", "* METADATA Trash /shared/comment"]
        server.config.write_text(conf)
        assert server.upgrade() == 4
        assert idle.line() == notified.line() == '* METADATA "" /shared/comment'
        assert plain.command("NOOP") == notified.command("NOOP") == []
        for peer in (asked, idle, notified, plain):
            peer.close()


def test_state_is_kept():
    with Server(accounts=["anna"], options=MANY) as server:
        for n in range(5):
            deliver(server, n)
        peer = server.login("anna")
        peer.command('ID ("name" "Probe" "version" "7")')
        peer.command("EXAMINE INBOX")
        peer.command("SEARCH RETURN (SAVE) 1,2,4")
        other = server.login("anna")
        other.command("SELECT INBOX")
        by_uid = server.login("anna")
        by_uid.command("ENABLE UIDONLY")
        by_uid.command("SELECT INBOX")
        by_uid.send("u IDLE\r\n")
        assert by_uid.line().startswith("+ ")
        nobodys = server.login("anna")
        nobodys.command('ID ("name" "iPad Mail" "version" "1")')
        nobodys.command("UNAUTHENTICATE")
        before = {row["session"]: row for row in map(json.loads, server.run("sessions", "--json").stdout.splitlines())}
        other.command("STORE 2 +FLAGS (\\Deleted)")
        other.command("EXPUNGE")
        skip_to(by_uid, "* VANISHED 2")
        deliver(server, 5)
        peer.send("half NO")  # half a command is here already
        time.sleep(0.2)
        assert server.upgrade() == 4
        other.command("UID STORE 3 +FLAGS (\\Flagged)")
        skip_to(by_uid, "* 3 UIDFETCH (FLAGS (\\Flagged))")
        by_uid.send("DONE\r\n")
        skip_to(by_uid, "u OK")
        by_uid.command("FETCH 1 FLAGS", expect="BAD")
        assert "[UIDREQUIRED]" in by_uid.last
        peer.send("OP\r\n")
        lines = [peer.line()]
        while not lines[-1].startswith("half "):
            lines.append(peer.line())
        assert "* 2 EXPUNGE" in lines and "* 5 EXISTS" in lines, lines
        assert lines[-1].startswith("half OK")
        peer.command("STORE 1 +FLAGS (\\Seen)", expect="NO")
        assert len(peer.command("FETCH 1:* (UID)")) == 5
        assert peer.command("UID SEARCH $") == ["* SEARCH 1 4"]  # 2 is gone, what came is not in it
        after = {row["session"]: row for row in map(json.loads, server.run("sessions", "--json").stdout.splitlines())}
        for number, row in before.items():
            for key in ("account", "client", "rule", "peer", "mailbox", "since", "service"):
                assert after[number][key] == row[key], key
        assert sorted(row["rule"] for row in after.values()) == ["", "", "", "apple-mail-ios"]
        nobodys.command(f'LOGIN anna "{PASSWORD}"')
        nobodys.command("LOGOUT")
        by_uid.command("LOGOUT")
        new = server.login("anna")
        numbers = [json.loads(row)["session"] for row in server.run("sessions", "--json").stdout.splitlines()]
        assert len(numbers) == len(set(numbers)) == 3
        new.command("LOGOUT")


def test_what_was_enabled_is_kept():
    with Server(accounts=["anna"], options=MANY) as server:
        words = ["", "UTF8=ACCEPT", "IMAP4rev2", "UTF8=ACCEPT QRESYNC IMAP4rev2"]
        peers = {word: server.login("anna") for word in words}
        for word, peer in peers.items():
            if word:
                assert peer.command(f"ENABLE {word}")[0].startswith("* ENABLED ")
        peers[""].command('CREATE "Gr&APw-n"')
        assert server.upgrade() == 4
        for word, peer in peers.items():
            name = '"Gr\xc3\xbcn"' if word else "Gr&APw-n"
            assert peer.command('LIST "" Gr*') == [f'* LIST (\\HasNoChildren) "/" {name}']
            listed = [line for line in peer.command(f"EXAMINE {name}".encode("latin-1").decode())
                      if line.startswith("* LIST ")]
            assert bool(listed) == ("IMAP4rev2" in word), word


def test_pipelined_commands_and_lmtp_go_along():
    with Server(accounts=["anna"], options=MANY) as server:
        lmtp = server.connect("lmtp")
        lmtp.reply()
        lmtp.send("LHLO test\r\n")
        lmtp.reply()
        peer = server.login("anna")
        stop = threading.Event()
        answers = []

        def talk():
            n = 0
            while not stop.is_set():
                n += 1
                peer.send(f"a{n} NOOP\r\nb{n} NOOP\r\nc{n} NOOP\r\n")
                for letter in "abc":
                    line = peer.line()
                    assert line.startswith(f"{letter}{n} OK"), line
                answers.append(n)

        thread = threading.Thread(target=talk)
        thread.start()
        for _ in range(3):
            server.upgrade()
            time.sleep(0.2)
        seen = len(answers)
        deadline = time.monotonic() + 10
        while len(answers) == seen and time.monotonic() < deadline:
            time.sleep(0.01)
        stop.set()
        thread.join()
        assert len(answers) > seen
        lmtp.send("MAIL FROM:<a@example.org>\r\nRCPT TO:<anna@localhost>\r\n")
        assert lmtp.reply().startswith("250") and lmtp.reply().startswith("250")


def test_nobody_is_refused_and_nothing_is_lost_under_load():
    with Server(accounts=["anna"], options=MANY) as server:
        stop = threading.Event()
        acknowledged, trouble = [], []

        def deliveries(worker):
            n = 0
            while not stop.is_set():
                n += 1
                try:
                    if server.deliver("anna", MESSAGE.format(n=f"{worker}.{n}")).startswith("250"):
                        acknowledged.append(n)
                except (EOFError, ConnectionResetError):
                    pass  # told to come back
                except AssertionError as error:
                    if "421" not in str(error):
                        trouble.append(repr(error))
                except OSError as error:
                    trouble.append(repr(error))  # refused

        threads = [threading.Thread(target=deliveries, args=(i,)) for i in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            time.sleep(0.5)
            server.upgrade()
        time.sleep(0.5)
        stop.set()
        for thread in threads:
            thread.join()
        assert not trouble, trouble[:3]
        exists = server.login("anna").command("SELECT INBOX")[0]
        assert int(exists.split(" ")[1]) >= len(acknowledged) > 20


def test_compressed_sessions_go_along():
    """Those that have said little or much, whatever way they flush; twice, with pushes and commands between."""
    with Server(accounts=["anna"], options=MANY) as server:
        deliver(server, 0)
        peers = []
        for how in ({}, {"flush": zlib.Z_PARTIAL_FLUSH}, {"flush": zlib.Z_FULL_FLUSH}, {"level": 0}):
            for commands in (0, 20, 900):
                peer = server.login("anna")
                peer.number = server.number_of(peer)
                peer.compress(**how)
                peer.command("SELECT INBOX")
                for n in range(commands):
                    peer.command(f'SEARCH SUBJECT "{n * n} times {n} is not {n + 1}"')
                peer.send("i IDLE\r\n")
                assert peer.line().startswith("+")
                peers.append(peer)
        for n in range(2, 4):
            assert server.upgrade() == len(peers)
            deliver(server, n)
            for peer in peers:
                assert peer.line() == f"* {n} EXISTS"
                assert peer.line().endswith(" RECENT")
                assert peer.done() == []
                peer.command('SEARCH SUBJECT "4 times 2 is not 3"')
                peer.send("i IDLE\r\n")
                assert peer.line().startswith("+")
        for peer in peers:
            peer.done()
            peer.command("LOGOUT")
            row = server.record(peer.number)
            assert row["reason"] == "logout"
            assert row["in_compressed"] == peer.socket.sent and row["out_compressed"] == peer.socket.received


def begin_and_wait(peer, tags):
    """Sends commands in one packet, each flushed, of which the first one waits for its client to read."""
    peer.socket.inner.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    out = peer.socket.out
    peer.socket.inner.sendall(b"".join(out.compress(line.encode()) + out.flush(zlib.Z_SYNC_FLUSH) for line in (
        f"{tags[0]} FETCH 1 BODY.PEEK[]\r\n", *[f"{tag} FETCH 2 FLAGS\r\n" for tag in tags[1:]])))
    peer.buffer += peer.socket.recv(64)


def two_messages(server):
    """The first one is longer than all that waits on the way to a client."""
    deliver(server, base64.encodebytes(random.Random(1).randbytes(4 << 20)).decode())
    deliver(server, 1)


def test_compressed_sessions_go_along_in_the_middle_of_commands():
    """What came with a command waits compressed while it runs: the end of its flush, and the next commands."""
    with Server(accounts=["anna"], options=MANY) as server:
        two_messages(server)
        for level in 0, 6:
            for tags in "a", "a" + "b" * 300:
                peer = server.login("anna")
                peer.compress(level=level)
                peer.command("SELECT INBOX")
                begin_and_wait(peer, tags)
                done = []
                thread = threading.Thread(target=lambda: done.append(server.upgrade()))
                thread.start()
                time.sleep(0.5)  # it is asked while the command runs
                for tag in tags:
                    skip_to(peer, f"{tag} OK FETCH")
                thread.join()
                assert done == [1], (level, len(tags))
                peer.command("NOOP")
                peer.command("LOGOUT")


def test_connections_of_postfix_are_kept():
    """Between two questions to the policy service, with a part of the next one on its way."""
    question = b"request=smtpd_access_policy\nrecipient=anna@localhost\nsize=2\n\n"
    answer = ["action=452 4.2.2 The mailbox is full", ""]
    with Server(accounts=["anna"], options=[*MANY, "policy.listen=127.0.0.1:0"]) as server:
        server.run("account", "quota", "anna", "--storage", "1")
        peer = server.connect("policy")
        for part in b"", question[:5]:
            peer.send(question + part)
            while b"\n\n" not in peer.buffer:
                peer._more()
            assert peer.buffer.decode().split("\n")[:2] == answer
            peer.buffer = b""
            assert server.upgrade() == 1
        peer.send(question[5:])
        while b"\n\n" not in peer.buffer:
            peer._more()
        assert peer.buffer.decode().split("\n")[:2] == answer
        peer.close()
        server.finish()


def test_compressed_sessions_go_along_in_the_middle_of_a_block():
    """With half of a command; within one block with commands that were answered; within a literal, twice."""
    with Server(accounts=["anna"], options=MANY) as server:
        peers = [server.login("anna") for _ in range(3)]
        said = "NOOP\r\n", "a NOOP\r\n" * 4000, "a APPEND INBOX {60000+}\r\n" + MESSAGE + "x" * (60000 - len(MESSAGE)) + "\r\n"
        rests = []
        for peer, text in zip(peers, said):
            peer.compress()
            peer.command("NOOP")
            whole = peer.socket.out.compress(text.encode()) + peer.socket.out.flush(zlib.Z_SYNC_FLUSH)
            cut = len(whole) - 5 if text[0] == "a" else 3
            peer.socket.inner.sendall(whole[:cut])
            rests.append(whole[cut:])
        answered = 0
        for _ in range(2):
            answered += 1000
            for _ in range(1000):
                assert peers[1].line() == "a OK NOOP completed"
            assert server.upgrade() == len(peers)
        for peer, rest in zip(peers, rests):
            peer.socket.inner.sendall(rest)
        assert peers[0].line().startswith("NOOP BAD")
        for _ in range(4000 - answered):
            assert peers[1].line() == "a OK NOOP completed"
        assert peers[2].line().startswith("a OK [APPENDUID ")
        for peer in peers:
            peer.command("NOOP")
            peer.command("LOGOUT")
        server.finish()


def fixed_block(text):
    """One block with fixed codes (RFC 1951 section 3.2.6), which may be as long as it likes; text is ASCII."""
    bits = "010" + "".join(f"{0x30 + octet:08b}" for octet in text)
    bits += "0000000" + "000" + "0" * 8
    bits = bits[:len(bits) // 8 * 8]
    return bytes(int(bits[at:at + 8][::-1], 2) for at in range(0, len(bits), 8))


def test_a_stream_in_the_middle_of_a_very_long_block_is_told_to_come_back():
    with Server(accounts=["anna"], options=MANY) as server:
        peer = server.login("anna")
        peer.compress()
        peer.socket.inner.sendall(fixed_block(b"a APPEND INBOX {200000+}\r\n" + b"x" * 100000))
        time.sleep(0.5)
        assert server.upgrade() == 0
        assert peer.line() == "* BYE [UNAVAILABLE] Server is being upgraded; connect again"
        peer.close()


def test_tls_sessions_are_told_to_come_back():
    import ssl
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with Server(accounts=["anna"], options=[*MANY, "server.shutdown_spread=2s"]) as server:
        streams = []
        for i in range(2):
            tls = context.wrap_socket(socket.create_connection(("127.0.0.1", server.ports["imaps"])))
            stream = tls.makefile("rwb", buffering=0)
            stream.readline()
            stream.write(f'a LOGIN anna "{PASSWORD}"\r\n'.encode())
            assert stream.readline().startswith(b"a OK")
            streams.append(stream)
        plain = idler(server)
        assert server.upgrade() == 1
        for stream in streams:
            assert b"* BYE [UNAVAILABLE] Server is being upgraded" in stream.readline()
        deliver(server, 1)
        assert plain.line() == "* 1 EXISTS"
        assert server.journal_wait("upgrade", count=2) == 2


def test_a_session_with_a_very_large_context_is_told_to_come_back():
    """One of HANDOVER_SESSION_MAX and more is not packed; others with contexts are kept."""
    with Server(accounts=["anna"], options=MANY) as server:
        deliver(server, 1)
        multiply(server, 400000)
        large, small = server.login("anna"), server.login("anna")
        for peer, keys in ((large, is_old()), (small, "FLAGGED")):
            peer.command("SELECT INBOX")
            assert not [line for line in peer.command(f"SEARCH RETURN (UPDATE COUNT) {keys}") if "NOUPDATE" in line]
        assert server.upgrade() == 1
        assert large.line() == "* BYE [UNAVAILABLE] Server is being upgraded; connect again"
        assert '* ESEARCH (TAG "p3") ADDTO (0 1)' in small.command("STORE 1 +FLAGS.SILENT (\\Flagged)")


def test_compressed_tls_sessions_wait_quietly():
    """One that cannot be handed over takes no time while it waits, though the end of its last flush is unread."""
    with Server(accounts=["anna"], options=MANY) as server:
        two_messages(server)
        peers = []
        for tls in True, False:
            peer = server.login("anna", tls=tls)
            peer.compress(level=0)
            peer.command("SELECT INBOX")
            begin_and_wait(peer, "a")
            peers.append(peer)
        waiting, slow = peers
        process = server.owner()
        thread = threading.Thread(target=server.upgrade)
        thread.start()
        time.sleep(0.5)  # they are asked while the command runs
        skip_to(waiting, "a OK FETCH")
        before = processor_seconds(process)
        time.sleep(2)
        assert server.owner() == process and processor_seconds(process) - before < 0.5
        skip_to(slow, "a OK FETCH")
        thread.join()
        assert waiting.line() == "* BYE [UNAVAILABLE] Server is being upgraded; connect again"
        slow.command("NOOP")


def test_behind_a_proxy_that_ends_tls_everything_is_kept():
    header = (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x1e" + socket.inet_aton("192.0.2.7") + socket.inet_aton("192.0.2.1")
              + b"\xc3\xcb\x00\x8f" + b"\x20\x00\x0f\x01\0\0\0\0\x21\x00\x07TLSv1.3")
    with Server(accounts=["anna"], options=[*MANY, "imap.proxy_networks=127.0.0.1/32"]) as server:
        peer = server.connect()
        peer.send(header)
        peer.line()
        peer.command(f'LOGIN anna "{PASSWORD}"')
        peer.command("SELECT INBOX")
        peer.send("i IDLE\r\n")
        assert peer.line().startswith("+")
        assert server.upgrade() == 1
        row = json.loads(server.run("sessions", "--json").stdout)
        assert row["peer"] == "192.0.2.7:50123" and row["tls"] and row["state"] == "idle"
        deliver(server, 1)
        assert peer.line() == "* 1 EXISTS"
        peer.line()
        peer.send("DONE\r\n")
        skip_to(peer, "i OK")


# Of RFC 7517 appendix A.1.
JWKS = """{"keys": [{"kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
                    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"""


def tokens(folder, server):
    """Makes the server take tokens from now on. Returns the path of its keys."""
    path = folder / "jwks.json"
    path.write_text(JWKS)
    with open(server.config, "a") as config:
        config.write(f"[auth]\noauth_keys = {path}\noauth_issuer = i\noauth_audience = a\n")
    os.kill(server.owner(), signal.SIGHUP)
    server.log_wait("configuration reloaded")
    return path


@pytest.mark.parametrize("broken", ["binary", "configuration", "keys", "exit", "hang-up"])
def test_new_one_does_not_start(broken, tmp_path):
    link = tmp_path / "roost"
    link.symlink_to(binary())
    real = os.environ.get("ROOST")
    os.environ["ROOST"] = str(link)
    try:
        with Server(accounts=["anna"], options=MANY) as server:
            os.environ["ROOST"] = binary() if real is None else real
            peer = idler(server)
            first = server.owner()
            config = server.config.read_text()
            if broken == "keys":
                keys = tokens(tmp_path, server)
                keys.write_text("<html>")
                assert "not JSON" in server.run("upgrade", check=False).stderr
                server.log_wait("upgrade: the new process: .*oauth_keys.*goes on as before")
                keys.write_text(JWKS)
            elif broken == "configuration":
                server.config.write_text(config + "\n[server]\nno_such_key = 1\n")
                os.kill(first, signal.SIGUSR2)
                server.log_wait("upgrade: the new process: .*no_such_key.*goes on as before")
                server.config.write_text(config)
            else:
                link.unlink()
                link.write_text({"binary": "not a program", "exit": "#!/bin/sh\nexit 1\n",
                                 "hang-up": "#!/bin/sh\nexec 3>&-\nsleep 0.2\n"}[broken])
                link.chmod(0o755)
                done = server.run("upgrade", check=False)
                assert done.returncode == 1, done.stdout
                server.log_wait("07213 0 upgrade: .*goes on as before")
                link.unlink()
                link.symlink_to(binary())
            assert server.owner() == first
            deliver(server, 1)
            assert peer.line() == "* 1 EXISTS"
            peer.line()
            assert server.upgrade() == 1
            peer.send("DONE\r\n")
            skip_to(peer, "i OK")
    finally:
        if real is None:
            os.environ.pop("ROOST", None)
        else:
            os.environ["ROOST"] = real


def test_many_ask_at_once():
    """Whoever asks while the server is being replaced, or stops, is answered and holds up nobody."""
    with Server(accounts=["anna"], options=MANY) as server:

        def ask_at_once(count):
            for _ in range(count):
                yield subprocess.Popen([binary(), "upgrade", "-c", str(server.config)], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True)

        for _ in range(2):
            peer, before = idler(server), server.owner()
            answers = [(asker.communicate(timeout=60)[1], asker.returncode) for asker in list(ask_at_once(16))]
            assert server.owner() != before
            assert any(code == 0 for _, code in answers)
            assert all(code == 0 or (code == 1 and text) for text, code in answers), answers
            deliver(server, 1)
            skip_to(peer, "* ")
            peer.send("DONE\r\n")
            skip_to(peer, "i OK")
        askers = list(ask_at_once(16))
        deadline = time.monotonic() + 60
        while not server.lock_is_free():  # an upgrade that was asked for first leaves another one to stop
            assert time.monotonic() < deadline, "it does not stop: somebody asked after the signal"
            try:
                os.kill(server.owner(), signal.SIGTERM)
            except (ProcessLookupError, ValueError):
                pass
            time.sleep(0.1)
        for asker in askers:
            asker.kill()
            asker.communicate()
        assert server.process.wait(timeout=60) == 0
        server.process.stdout.close()
        server.errors.close()
        server.process = None


def test_kill_of_the_new_one_while_it_takes_over(tmp_path):
    """A stand-in for the new binary takes the sessions and dies: the old one takes them back."""
    link = tmp_path / "roost"
    link.symlink_to(binary())
    real = os.environ.get("ROOST")
    os.environ["ROOST"] = str(link)
    try:
        with Server(accounts=["anna"], options=MANY) as server:
            if real is None:
                os.environ.pop("ROOST", None)
            else:
                os.environ["ROOST"] = real
            peers = [idler(server, tag=f"t{i}") for i in range(50)]
            link.unlink()
            link.write_text("#!/usr/bin/python3\n" + STAND_IN)
            link.chmod(0o755)
            with open(server.config, "a") as config:
                config.write("[quota]\nmailboxes = 9\n")
            keys = tokens(tmp_path, server)
            keys.write_text("<html>")  # and what could be read then need not be so now
            first = server.owner()
            assert server.run("upgrade", check=False).returncode == 1
            assert server.owner() == first
            server.log_wait("07213 0 upgrade: .*goes on as before")
            other = server.connect_tls()
            assert "AUTH=OAUTHBEARER" in other.line()
            other.close()
            other = server.login("anna")  # what was configured since the start still holds
            assert "MAILBOX 6 9" in "".join(other.command('GETQUOTA ""'))
            other.close()
            deliver(server, 1)
            for i, peer in enumerate(peers):
                assert peer.line() == "* 1 EXISTS"
                peer.send("DONE\r\n")
                skip_to(peer, f"t{i} OK")
    finally:
        if real is not None:
            os.environ["ROOST"] = real


STAND_IN = '''
import os, socket, struct
s = socket.socket(fileno=3)
hello = s.recv(100000)
protocol, form = struct.unpack_from("<II", hello, 5)
while True:
    data, fds, flags, peer = socket.recv_fds(s, 200000, 4)
    if data[4] == 3:
        break
text = b"0"
s.send(b"RSTH\\x04" + struct.pack("<IIII", protocol, form, os.getpid(), len(text)) + text)
while s.recv(200000)[4] != 7:
    pass
os.kill(os.getpid(), 9)
'''


# Stands between the old process and a real new one, passes on what they say, and kills the old one
# once the message of this kind has been passed on (or, of those that the old one waits for, before).
RELAY = '''
import os, signal, socket, subprocess, sys
old = socket.socket(fileno=3)
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
new = subprocess.Popen([REAL, *sys.argv[1:]], pass_fds=[3], preexec_fn=lambda: os.dup2(theirs.fileno(), 3))
theirs.close()
WAITED_FOR = 4, 8
def kill_old():
    os.kill(OLD, signal.SIGKILL)
def passed_on(source, to):
    data, fds, flags, peer = socket.recv_fds(source, 200000, 4)
    if not data:
        sys.exit()
    kind = data[4]
    if kind == POINT and kind in WAITED_FOR:
        kill_old()
        sys.exit()
    socket.send_fds(to, [data], fds)
    for fd in fds:
        os.close(fd)
    if kind == POINT:
        kill_old()
        sys.exit()
    return kind
while True:
    while passed_on(old, ours) not in (3, 7):
        pass
    passed_on(ours, old)
'''


@pytest.mark.parametrize("point", ["hello", "prepared", "begin", "session", "end", "taken"])
def test_kill_of_the_old_one_while_it_hands_over(point, tmp_path, monkeypatch):
    """What was acknowledged stays, one process at most has the lock, and each session that ended with
    the old process has one record, under a number that is not given again."""
    numbers = {"hello": 1, "prepared": 4, "begin": 5, "session": 6, "end": 7, "taken": 8}
    taken_over = point in ("end", "taken")
    real, link = binary(), tmp_path / "roost"
    link.symlink_to(real)
    monkeypatch.setenv("ROOST", str(link))
    with Server(accounts=["anna"], options=MANY) as server:
        monkeypatch.setenv("ROOST", real)
        link.unlink()
        link.write_text(f"#!/usr/bin/python3\nREAL, POINT, OLD = {real!r}, {numbers[point]}, {server.owner()}\n{RELAY}")
        link.chmod(0o755)
        for n in range(3):
            deliver(server, n)
        peers = [idler(server, tag=f"t{i}") for i in range(20)]
        held = [server.login("anna", tls=True) for _ in range(2)]
        before = {row["session"] for row in server.sessions()}
        assert len(before) == 22
        first = server.owner()
        os.kill(first, signal.SIGUSR2)
        assert server.process.wait(timeout=30) == -signal.SIGKILL
        assert all(peer.at_end() for peer in held)
        if taken_over:
            deliver(server, 3)
            for i, peer in enumerate(peers):
                assert peer.line() == "* 4 EXISTS"
                peer.send("DONE\r\n")
                skip_to(peer, f"t{i} OK")
            assert server.owner() != first and not server.lock_is_free()
            server.finish(-signal.SIGKILL)
        else:
            assert all(peer.at_end() for peer in peers)
            server.kill()
        deadline = time.monotonic() + 20
        while not server.lock_is_free() and time.monotonic() < deadline:
            time.sleep(0.02)  # the new one is on its way out
        server.start()
        peer = server.login("anna")
        assert peer.command("SELECT INBOX")[0] == f"* {4 if taken_over else 3} EXISTS"
        assert server.number_of(peer) > max(before)
        server.journal_wait("crash")
        db = sqlite3.connect(f"file:{server.home}/journal.db?mode=ro", uri=True)
        ended = db.execute("SELECT session, reason FROM session WHERE account = 'anna'").fetchall()
        db.close()
        assert sorted(number for number, _ in ended) == sorted(before)
        assert len([reason for _, reason in ended if reason == "crash"]) == (len(held) if taken_over else len(before))
        assert not list((server.home / "run").glob("live.*"))


def test_another_format_of_sessions(tmp_path):
    """The new one reads other session records: they are not handed to it, but told to come back."""
    link = tmp_path / "roost"
    link.symlink_to(binary())
    real = os.environ.get("ROOST")
    os.environ["ROOST"] = str(link)
    try:
        with Server(accounts=["anna"], options=[*MANY, "server.shutdown_spread=1s"]) as server:
            if real is None:
                os.environ.pop("ROOST", None)
            else:
                os.environ["ROOST"] = real
            peers = [idler(server, tag=f"t{i}") for i in range(20)]
            link.unlink()
            link.write_text("#!/usr/bin/python3\n" + STAND_IN.replace("protocol, form,", "protocol, 999,"))
            link.chmod(0o755)
            assert server.run("upgrade", check=False).returncode == 1
            for peer in peers:
                assert "upgraded" in peer.line()
            link.unlink()
            link.symlink_to(binary())
            peer = idler(server)
            deliver(server, 1)
            assert peer.line() == "* 1 EXISTS"
    finally:
        if real is not None:
            os.environ["ROOST"] = real


def test_crash_under_thousand_idle_sessions():
    with Server(accounts=["anna"], options=MANY) as server:
        peers = [idler(server) for _ in range(1000)]
        assert server.upgrade() == 1000
        assert server.process.wait(timeout=30) == 0
        server.process.stdout.close()
        server.end_owner(signal.SIGKILL)
        assert server.lock_is_free()
        assert all(peer.at_end() for peer in peers)
        server.start()
        assert server.journal_wait("crash", count=1000) == 1000
        db = sqlite3.connect(f"file:{server.home}/journal.db?mode=ro", uri=True)
        assert db.execute("SELECT count(DISTINCT session) FROM session WHERE reason = 'crash'").fetchone()[0] == 1000
        db.close()


def taking_over(server):
    """The process that is to take over from ours, once it is there."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if b"--takeover" in words and str(server.config).encode() in words:
                    return int(entry.name)
        time.sleep(0.02)
    raise AssertionError("no process takes over")


@pytest.mark.parametrize("victims", ["both", "old"])
def test_nobody_is_left(victims):
    """The command says so at once. A command under way keeps the two at their hand-over meanwhile; the new
    process ends by itself when the old one has gone before everything was handed over."""
    with Server(accounts=["anna"], options=MANY) as server:
        peer = server.login("anna")
        peer.send("a APPEND INBOX {100}\r\n")
        assert peer.line().startswith("+")
        command = subprocess.Popen([binary(), "upgrade", "-c", str(server.config)], stderr=subprocess.PIPE, text=True)
        new = taking_over(server)
        time.sleep(0.5)  # either way it must be told
        began = time.monotonic()
        if victims == "both":
            os.kill(new, signal.SIGSTOP)  # it is not to see the other one's end before its own
        server.process.kill()
        if victims == "both":
            os.kill(new, signal.SIGKILL)
        _, said = command.communicate(timeout=60)
        assert time.monotonic() - began < 5
        assert command.returncode == 1
        assert f"process {server.process.pid}" in said and "no server is running" in said, said
        peer.close()
        server.process.wait()
        server.process.stdout.close()
        server.errors.close()
        server.process = None
        server.start()  # what was left is no hindrance


def test_a_refused_login_goes_along():
    """Its session is nobody's, but has the name for its record."""
    with Server(accounts=["anna"], options=["limits.max_connections_per_user=1"]) as server:
        anna, other = server.login("anna"), server.connect()
        other.line()
        other.command(f'LOGIN anna "{PASSWORD}"', expect=None)
        assert " NO [LIMIT] " in other.last
        assert server.upgrade() == 2
        anna.command("NOOP")
        other.command("NOOP")
        anna.command("LOGOUT")
        server.journal_wait("logout")
        other.command(f'LOGIN anna "{PASSWORD}"')


def test_notify_goes_along():
    """NOTIFY (RFC 5465), with and without a mailbox: what is watched, what is told of new messages, and what was not
    told before the other process took over."""
    command = "(MessageNew {}MessageExpunge FlagChange)) ({} (MessageNew MessageExpunge MailboxName))"
    with Server(accounts=["anna"], options=MANY) as server:
        other = server.login("anna")
        other.command("CREATE Lists/one")
        other.command("CREATE Lists/two")
        selected = server.login("anna")
        selected.command("SELECT INBOX")
        selected.command("NOTIFY SET (selected " + command.format("(UID FLAGS) ", "subtree Lists"))
        delayed = server.login("anna")
        delayed.command("SELECT INBOX")
        delayed.command("NOTIFY SET (selected-delayed " + command.format("", "mailboxes (Lists/one Lists/two)"))
        none = server.login("anna")
        none.command("SELECT INBOX")
        none.command("NOTIFY NONE")
        bare = server.login("anna")
        bare.command("NOTIFY SET (selected " + command.format("", "personal"))
        peers = [selected, delayed, none, bare]
        for n in range(1, 3):
            assert server.upgrade() >= len(peers)
            deliver(server, n)
            assert selected.line() == f"* {n} EXISTS"
            assert selected.line() in (f"* {n} RECENT", "* 0 RECENT")
            assert selected.line().startswith(f"* {n} FETCH (UID {n} FLAGS (")
            assert delayed.line() == f"* {n} EXISTS"
            assert bare.line().startswith(f"* STATUS INBOX (MESSAGES {n} UIDNEXT {n + 1} ")
            assert server.deliver("anna", MESSAGE.format(n=n), "Lists/two").startswith("250")
            for peer in (selected, delayed, bare):
                line = skip_to(peer, "* STATUS ")
                assert line.startswith(f"* STATUS Lists/two (MESSAGES {n} "), line
            other.command(f"CREATE Lists/new{n}")
            assert selected.line() == f'* LIST (\\HasNoChildren) "/" Lists/new{n}'
            assert bare.line() == f'* LIST (\\HasNoChildren) "/" Lists/new{n}'
            assert bare.line() == '* LIST (\\HasChildren) "/" Lists'
            assert selected.line() == '* LIST (\\HasChildren) "/" Lists'
            other.command(f"RENAME Lists/new{n} Lists/old{n}")
            for peer in (selected, bare):
                assert peer.line().endswith(f'("OLDNAME" (Lists/new{n}))')
            assert none.command("NOOP") == []
        for peer in [*peers, other]:
            peer.close()


def test_what_somebody_has_logged_in_with_is_kept():
    """A new password of the account ends other sessions than an application password that is revoked."""
    with Server(accounts=["anna"], options=MANY) as server:
        phone = server.run("account", "app-password", "add", "anna", "phone").stdout.strip()
        by_phone = server.connect()
        by_phone.line()
        by_phone.command(f"LOGIN anna {phone}")
        own = server.login("anna")
        assert server.upgrade() == 2
        server.run("account", "passwd", "anna", "--password-stdin", stdin="another\n")
        assert own.line() == "* BYE [UNAVAILABLE] Password was changed; log in again"
        by_phone.command("NOOP")
        server.run("account", "app-password", "remove", "anna", "phone")
        assert by_phone.line() == "* BYE [CONTACTADMIN] Application password was revoked"
