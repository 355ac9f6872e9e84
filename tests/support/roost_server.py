# SPDX-License-Identifier: MIT
"""A Roost of one's own for a test: a temporary DIR, accounts, a running server, its log."""

import ctypes
import json
import os
import re
import select
import resource
import shutil
import signal
import socket
import ssl
import sqlite3
import struct
import subprocess
import tempfile
import time
import zlib
from pathlib import Path

from limits import limit

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "secret word"
SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27  # asm-generic/socket.h
# SHA-512 crypt of it with few rounds: logging in must not be what takes the time.
CRYPT = (
    "{crypt}$6$rounds=1000$roosttest$"
    "pRyMJZbHTXLVS5qT/F3OoL8FcIlc4Wl3HwUZOZVWWzkuk.VAMRr8QnrrzppaUkCaAr2NeCndRbSBg7nb9f3y2/"
)


def binary():
    path = os.environ.get("ROOST") or str(ROOT / "build" / "release" / "src" / "cli" / "roost")
    assert Path(path).exists(), f"no binary at {path}: run ./dev build, or set ROOST"
    return path


# The first keepalive of a wait may come at any moment of it: all connections of an address are told at once, once in
# some minutes. Where it is not what a test is about, it would be a line that nobody expects.
NO_KEEPALIVES = "idle.keepalive=0"
LOG_PAUSE_S = 0.03  # the log's writer lets lines gather for 10 ms


def processor_seconds(process):
    """What it has used so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Roost:
    """Starts on loopback with ports the kernel chooses."""

    def __init__(self, options=(), accounts=(), start=True, clock=False, host="127.0.0.1", prefix=(), program=None,
                 env=None):
        """clock: its time stands still until advance() moves it. host: where IMAP listens. prefix:
        words before `roost serve`. program: serves instead of binary(). env: for the server only."""
        self.clock, self.host, self.prefix = clock, host, list(prefix)
        self.program, self.env = program, env
        self.dir = Path(tempfile.mkdtemp(prefix="roost-test-"))
        self.home = self.dir / "home"
        (self.dir / "stderr").touch()
        self.options = list(options)
        self.process = None
        self.ports = {}
        self.run("init", str(self.home), config=False)
        self.config = self.home / "roost.conf"
        if accounts:
            self.add_accounts(accounts)
        if start:
            self.start()

    def run(self, *args, config=True, check=True, stdin=None, env=None):
        command = [binary(), args[0], *(["-c", str(self.config)] if config else []), *args[1:]]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120,
                              env=dict(os.environ, **(env or {})))
        if check and done.returncode != 0:
            raise AssertionError(f"{args}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def add_accounts(self, names):
        lines = "".join(f"{name}:{CRYPT}\n" for name in names)
        self.run("account", "add", "--from", "-", stdin=lines)

    def start(self, wait=30, extra=(), files=None):
        """files: how many files the server may have open."""
        listen = ["-o", f"imap.listen={self.host}:0", "-o", "imaps.listen=127.0.0.1:0",
                  "-o", "lmtp.listen=127.0.0.1:0 " + str(self.dir / "lmtp.sock")]
        wanted = [*self.options, *extra]
        if not self.clock and not any(option.startswith("idle.") for option in wanted):
            wanted.append(NO_KEEPALIVES)
        options = [part for option in wanted for part in ("-o", option)]
        self.errors = open(self.dir / "stderr", "ab")
        command = [*self.prefix, self.program or binary(), "serve", "-c", str(self.config), *listen, *options]
        if self.clock:
            command = [str(Path(binary()).parents[2] / "tests" / "support" / "roost-test-clock"), str(self.config),
                       *(part for part in [*listen, *options] if part != "-o")]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE if self.clock else subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.errors, text=True, env=dict(os.environ, **(self.env or {})),
            preexec_fn=files and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))))
        deadline = time.monotonic() + wait
        self.ports = {}
        while time.monotonic() < deadline:
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError("did not start: " + (self.dir / "stderr").read_text())
            found = re.match(r"(\w+): listening on [0-9.]+:(\d+)", line)
            if found:
                self.ports[found.group(1)] = int(found.group(2))
            if line.strip() == "ready":
                return self
        raise AssertionError("not ready in time")

    def stop(self, signum=signal.SIGTERM):
        if self.process is None:
            return None
        self.process.send_signal(signum)
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        if self.process.stdin:
            self.process.stdin.close()
        self.errors.close()
        self.process = None
        return code

    def kill(self):
        return self.stop(signal.SIGKILL)

    def log(self):
        time.sleep(LOG_PAUSE_S)
        return "".join(p.read_text(errors="replace") for p in sorted((self.home / "log").glob("*.log")))

    def log_wait(self, pattern, timeout=10):
        """The first match in the log, which is written by a thread of its own."""
        deadline = time.monotonic() + timeout
        while True:
            found = re.search(pattern, self.log(), re.M)
            if found or time.monotonic() > deadline:
                assert found, f"never logged: {pattern}\n{self.log()[-4000:]}"
                return found
            time.sleep(0.02)

    def journal_wait(self, *reasons, timeout=15, count=1):
        """Waits for so many session records with one of these end reasons; returns how many there are."""
        deadline = time.monotonic() + timeout
        while True:
            db = sqlite3.connect(f"file:{self.home}/journal.db?mode=ro", uri=True)
            try:
                rows = dict(db.execute("SELECT reason, count(*) FROM session GROUP BY reason"))
            finally:
                db.close()
            found = sum(rows.get(reason, 0) for reason in reasons)
            if found >= count or time.monotonic() > deadline:
                assert found >= count, f"{found} sessions ended for {' or '.join(reasons)}: {rows}"
                return found
            time.sleep(0.05)

    def record(self, number, timeout=15):
        """The end record of a session, once it is there: a dict of its columns."""
        deadline = time.monotonic() + timeout
        while True:
            db = sqlite3.connect(f"file:{self.home}/journal.db?mode=ro", uri=True)
            db.row_factory = sqlite3.Row
            try:
                row = db.execute("SELECT * FROM session WHERE session = ?", (number,)).fetchone()
            finally:
                db.close()
            if row is not None:
                return dict(row)
            assert time.monotonic() < deadline, f"session {number} has no record"
            time.sleep(0.05)

    def sessions(self, *args):
        """What `roost sessions` shows, a dict each."""
        return [json.loads(line) for line in self.run("sessions", "--json", *args).stdout.splitlines()]

    def session_wait(self, number, wanted, timeout=15):
        """Waits until wanted(row) of that session is true; returns the row."""
        deadline = time.monotonic() + timeout
        while True:
            row = next((row for row in self.sessions() if row["session"] == number), None)
            if row is not None and wanted(row):
                return row
            assert time.monotonic() < deadline, f"session {number} is {row}"
            time.sleep(0.05)

    def advance(self, seconds, peers=()):
        """Moves the server's time. The peers take meanwhile what they are told: lines are there to read."""
        self.process.stdin.write(f"+{seconds}\n")
        self.process.stdin.flush()
        sockets = {peer.socket: peer for peer in peers}
        waiting = [self.process.stdout]
        while True:
            ready, _, _ = select.select([*waiting, *sockets], [], [], 120 if waiting else 0)
            assert ready or not waiting, "the server does not come to rest"
            if not ready:
                return
            for one in ready:
                if one is self.process.stdout:
                    assert one.readline().startswith("now ")
                    waiting = []
                    continue
                data = one.recv(65536)
                sockets[one].buffer += data
                if not data:
                    del sockets[one]

    def memory_kib(self):
        """Memory of its own that the server has now, without files mapped from disk."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+) kB", text).group(1))

    def stderr(self):
        return (self.dir / "stderr").read_text(errors="replace")

    def close(self):
        code = self.stop()
        stderr = self.stderr()
        shutil.rmtree(self.dir, ignore_errors=True)
        bad = re.search(r"(check failed|Sanitizer|runtime error).*", stderr)
        assert not bad, stderr[-8000:]
        assert code in (0, None), f"exit {code}: {stderr[-4000:]}"

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    # --- dialogues ---

    def connect(self, service="imap"):
        return Peer(self.ports[service])

    def connect_tls(self):
        peer = self.connect("imaps")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        peer.socket = context.wrap_socket(peer.socket)
        return peer

    def idling(self, account="user", tls=False, client="", mailbox="INBOX", compress=False):
        """A client in IDLE, with peer.number, its session's; the IDLE's tag is i."""
        peer = self.login(account, tls)
        if compress:
            peer.compress()
        if client:
            peer.command(f'ID ("name" "{client}" "version" "1")')
        peer.command(f"SELECT {mailbox}")
        peer.send("i IDLE\r\n")
        assert peer.line() == "+ idling"
        peer.number = self.number_of(peer)
        return peer

    def number_of(self, peer):
        """The number of a connection's session. The kernel connects before the server accepts, so it may take a moment."""
        port = peer.socket.getsockname()[1]
        deadline = time.monotonic() + 15
        while True:
            for row in self.sessions():
                if row["peer"].endswith(f":{port}"):
                    return row["session"]
            assert time.monotonic() < deadline, f"no session with port {port}"
            time.sleep(0.02)

    def login(self, account, tls=False):
        peer = self.connect_tls() if tls else self.connect()
        peer.line()
        peer.command(f'LOGIN {account} "{PASSWORD}"')
        return peer

    def deliver(self, account, text, mailbox=None):
        """One message by LMTP; returns the reply to its data."""
        peer = self.connect("lmtp")
        detail = f"+{mailbox}" if mailbox else ""
        peer.line()
        for command in ("LHLO test", "MAIL FROM:<sender@example.org>",
                        f"RCPT TO:<{account}{detail}@localhost>", "DATA"):
            peer.send(command + "\r\n")
            reply = peer.reply()
            assert reply[0] in "23", f"{command}: {reply}"
        body = text.replace("\r\n", "\n").replace("\n", "\r\n").replace("\r\n.", "\r\n..")
        if not body.endswith("\r\n"):
            body += "\r\n"
        peer.send(body + ".\r\n")
        reply = peer.reply()
        peer.send("QUIT\r\n")
        peer.close()
        return reply


class Deflated:
    """What a socket is after COMPRESS DEFLATE: octets each way are raw deflate."""

    def __init__(self, inner, flush=zlib.Z_SYNC_FLUSH, level=6):
        self.inner, self.flush = inner, flush
        self.out = zlib.compressobj(level, zlib.DEFLATED, -15)
        self.into = zlib.decompressobj(-15)
        self.received = self.sent = 0  # compressed octets

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def sendall(self, data):
        squeezed = self.out.compress(data) + self.out.flush(self.flush)
        self.sent += len(squeezed)
        self.inner.sendall(squeezed)

    def recv(self, count):
        text = b""
        while not text:
            data = self.inner.recv(count)
            if not data:
                return b""
            self.received += len(data)
            text = self.into.decompress(data)
        return text


class Peer:
    """One connection: lines in, lines out, literals followed."""

    def __init__(self, port, timeout=30, sock=None):
        """sock: a connection that is there already."""
        self.socket = sock or socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.tags = 0

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError("closed by the server")
        self.buffer += data

    def _take(self, count):
        while len(self.buffer) < count:
            self._more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def raw_line(self):
        while b"\r\n" not in self.buffer:
            self._more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def line(self):
        """A response with its literals in it, as text (latin-1, so that octets survive)."""
        whole = self.raw_line()
        while True:
            literal = re.search(rb"\{(\d+)\}$", whole)
            if not literal:
                return whole.decode("latin-1")
            whole += b"\r\n" + self._take(int(literal.group(1))) + self.raw_line()

    def reply(self):
        """A reply of LMTP, its last line."""
        while True:
            line = self.raw_line().decode("latin-1")
            if line[3:4] != "-":
                return line

    def command(self, text, expect="OK"):
        """Sends it with a tag of its own; returns the untagged lines, without those that it is still in progress."""
        self.tags += 1
        tag = f"p{self.tags}"
        began = time.monotonic()
        self.send(f"{tag} {text}\r\n")
        untagged = []
        while True:
            line = self.line()
            if line.startswith(f'* OK [INPROGRESS ("{tag}" '):  # only a command that takes long says so
                assert time.monotonic() - began >= limit("LIMIT_PROGRESS_US") / 1e6, line
                continue
            if line.startswith(tag + " "):
                if expect:
                    assert line.split(" ")[1] == expect, f"{text}: {line}"
                self.last = line
                return untagged
            untagged.append(line)

    def compress(self, **how):
        """COMPRESS DEFLATE, and from here on all is compressed."""
        self.command("COMPRESS DEFLATE")
        self.socket = Deflated(self.socket, **how)

    def at_end(self):
        """True when the server has closed."""
        try:
            while True:
                self._more()
        except (EOFError, ConnectionError):
            return True

    def lines(self):
        """The whole lines that have been read and not looked at."""
        *lines, self.buffer = self.buffer.split(b"\r\n")
        return [line.decode("latin-1") for line in lines]

    def done(self, tag="i"):
        """Ends the IDLE; returns what was said before its end, without keepalives."""
        self.send("DONE\r\n")
        lines = []
        while not (line := self.line()).startswith(f"{tag} "):
            if line != "* OK Still here":
                lines.append(line)
        assert line == f"{tag} OK IDLE terminated"
        return lines

    def vanish(self):
        """From here the kernel of this end drops all that comes in, unseen and unacknowledged, as when a
        router forgot the connection or a phone has no signal. Nothing is said to the server."""
        drop = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # BPF: return 0 octets
        self.socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                               struct.pack("HP", 1, ctypes.addressof(drop)))

    def come_back(self):
        self.socket.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, struct.pack("i", 0))

    def close(self):
        self.socket.close()
