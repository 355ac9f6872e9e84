# SPDX-License-Identifier: MIT
"""`roost top` in a terminal of its own: what it shows, and that the terminal comes back as it was."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost, binary  # noqa: E402

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


@pytest.fixture(scope="module")
def server():
    with Roost(accounts=["anna", "bert", "carl"]) as roost:
        roost.peers = [roost.login(account) for account in ("carl", "anna", "bert")]
        roost.peers[0].send("x IDLE\r\n")
        roost.peers[0].line()
        # Nothing of this may reach the terminal; the mailbox is named with a bell (modified UTF-7).
        roost.peers[1].command('ID ("name" "an\x1b[2Jna" "version" "1")')
        yield roost


class Terminal:
    """roost top on a pseudo-terminal."""

    def __init__(self, server, *args, lines=24, columns=80, env=None):
        self.out = ""
        self.seen = 0
        pid, self.fd = pty.fork()
        if pid == 0:
            os.environ.update({"TERM": "xterm", "LC_ALL": "C.UTF-8", **(env or {})})
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            time.sleep(0.05)
            os.execv(binary(), [binary(), "top", "-c", str(server.config), *args])
        self.pid = pid
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.before = termios.tcgetattr(self.fd)

    def wait(self, pattern, timeout=20):
        """Until new output matches."""
        deadline = time.monotonic() + timeout
        while True:
            found = re.search(pattern, self.out[self.seen:], re.S)
            if found:
                self.seen += found.end()
                return found
            left = deadline - time.monotonic()
            assert left > 0, f"never shown: {pattern}\n{self.out!r}"
            if select.select([self.fd], [], [], left)[0]:
                try:
                    self.out += os.read(self.fd, 65536).decode()
                except OSError:
                    assert re.search(pattern, self.out[self.seen:], re.S), f"ended before {pattern}\n{self.out!r}"

    def key(self, key):
        os.write(self.fd, key.encode())

    def end(self):
        """Its wait status, with the terminal as it was before."""
        self.wait(re.escape(LEAVE))
        while select.select([self.fd], [], [], 20)[0]:
            try:
                self.out += os.read(self.fd, 65536).decode()
            except OSError:
                break
        status = os.waitpid(self.pid, 0)[1]
        assert termios.tcgetattr(self.fd) == self.before
        assert self.out.count(ENTER) == self.out.count(LEAVE)
        assert self.out.rindex("\x1b[?25h") > self.out.rindex("\x1b[?25l")
        os.close(self.fd)
        return status


def frames(text):
    """The frames shown, each a list of lines without control codes."""
    for frame in re.findall(r"\x1b\[\?7l\x1b\[H(.*?)\x1b\[J", text, re.S):
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", frame)
        assert not re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]", plain), repr(plain)
        yield plain.split("\r\n")


def accounts(frame):
    return [line.split()[1] for line in frame[2:] if re.match(r" *\d+ ", line)]


def test_in_a_terminal(server):
    terminal = Terminal(server)
    terminal.wait("q quit")
    terminal.key("a")
    terminal.wait("by account.*q quit")
    terminal.key("r")
    terminal.wait("by account, reversed.*q quit")
    terminal.key("\x1b[A")  # arrows are nothing
    terminal.key("?")
    terminal.wait("q quit")
    terminal.key("q")
    assert terminal.end() == 0
    shown = list(frames(terminal.out))
    for frame in shown:
        assert len(frame) == 24 and all(len(line) <= 80 for line in frame), frame
        assert "3 sessions: 1 in IDLE, 0 suspect" in frame[0]
        assert re.match(r" SESSION ACCOUNT +DOING +IDLE +ACKED PEER +CLIENT", frame[1])
    assert accounts(shown[0]) == ["bert", "carl", "anna"] and "idle" in shown[0][3]  # silent for longest first
    assert accounts(next(f for f in shown if f[0].endswith("by account"))) == ["anna", "bert", "carl"]
    assert accounts(next(f for f in shown if f[0].endswith("reversed"))) == ["carl", "bert", "anna"]
    assert "an\\x1B[2J" in "".join(shown[-1])


def test_size_and_refresh(server):
    terminal = Terminal(server, "--every", "1", lines=6, columns=100)
    terminal.wait("q quit")
    fcntl.ioctl(terminal.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 5, 40, 0, 0))
    os.kill(terminal.pid, signal.SIGWINCH)
    terminal.wait("q quit")
    terminal.key(" ")
    terminal.wait("q quit")
    terminal.key("b")
    terminal.wait("q quit.*q quit")  # by itself
    terminal.key("q")
    assert terminal.end() == 0
    # A frame more between two keys, when a second has passed, is as it should be.
    shown = [len(accounts(frame)) for frame in frames(terminal.out)]
    assert len(next(frames(terminal.out))) == 6 and shown[0] == 3
    assert 2 in shown[1:] and 1 in shown[shown.index(2):] and shown[-1] == 2, shown


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGABRT, "\x03"], ids=str)
def test_every_end_gives_the_terminal_back(server, how):
    terminal = Terminal(server)
    terminal.wait("q quit")
    if isinstance(how, str):
        terminal.key(how)
    else:
        os.kill(terminal.pid, how)
    status = terminal.end()
    if how == signal.SIGABRT:
        assert os.WTERMSIG(status) == how
    else:
        assert status == 0


def test_stopped_and_brought_back(server):
    terminal = Terminal(server)
    terminal.wait("q quit")
    terminal.key("\x1a")
    terminal.wait(re.escape(LEAVE))
    assert os.WIFSTOPPED(os.waitpid(terminal.pid, os.WUNTRACED)[1])
    assert termios.tcgetattr(terminal.fd) == terminal.before
    os.kill(terminal.pid, signal.SIGCONT)
    terminal.wait(re.escape(ENTER) + ".*q quit")
    terminal.key("q")
    assert terminal.end() == 0


def test_server_gone():
    with Roost(accounts=["anna"]) as server:
        terminal = Terminal(server, "--every", "1")
        terminal.wait("0 sessions.*q quit")
        server.stop()
        status = terminal.end()
        assert os.waitstatus_to_exitcode(status) == 1
        assert "roost top: no server is running here" in terminal.out


def test_once_and_json(server):
    table = server.run("top", "--once", "--sort", "account").stdout.splitlines()
    assert accounts(["", *table]) == ["anna", "bert", "carl"] and "\x1b" not in "".join(table)
    assert server.run("top").stdout.count("\n") == 4  # no terminal: once
    found = [json.loads(line) for line in server.run("top", "--json", "--sort", "session", "--reverse").stdout.splitlines()]
    assert [row["account"] for row in found] == ["bert", "anna", "carl"]
    assert [row["account"] for row in map(json.loads, server.run("top", "--json", "--account", "anna").stdout.splitlines())
            ] == ["anna"]
    for wrong in (["--sort", "beauty"], ["--every", "0"], ["--every", "x"], ["x"], ["--sort"]):
        assert server.run("top", *wrong, check=False).returncode == 2
