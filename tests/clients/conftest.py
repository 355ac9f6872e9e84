# SPDX-License-Identifier: MIT
"""A server with mail, and a place for a client's files."""

import itertools
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost  # noqa: E402

MESSAGE = """From: Anna <anna@example.org>
To: bob@example.org
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= {n}
Date: Sun, 22 Nov 2026 10:{n:02}:00 +0100
Message-ID: <client-{n}@example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

message {n}: {filler}
.a line that begins with a dot
"""


def message(n):
    return MESSAGE.format(n=n, filler="äöü " * (n * 10 % 70))


@pytest.fixture(scope="session")
def server():
    with Roost(accounts=[f"user{i}" for i in range(40)], options=["policy.listen=127.0.0.1:0"]) as roost:
        yield roost


_users = itertools.count()


@pytest.fixture
def user(server):
    """A fresh account with ten messages in INBOX."""
    name = f"user{next(_users)}"
    for n in range(10):
        assert server.deliver(name, message(n)).startswith("250")
    return name


@pytest.fixture
def open_path():
    """A folder for programs that run as another user. pytest's own folders will not do: each pytest that
    starts makes the one above them private again."""
    path = Path(tempfile.mkdtemp(prefix="roost-clients-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


BOUND_S = 400  # a test that drives a program with windows


@pytest.fixture
def bounded():
    """A bound for the whole test, beside those of what it waits for."""
    def over(*_):
        raise TimeoutError(f"not done within {BOUND_S} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(BOUND_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
