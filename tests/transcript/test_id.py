# SPDX-License-Identifier: MIT
"""ID before login takes all that RFC 2971 section 3.3 allows, and not more."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost  # noqa: E402

PAIRS, FIELD, VALUE = 30, 30, 1024


@pytest.fixture(scope="module")
def server():
    with Roost(accounts=["user"]) as running:
        yield running


def identity(pairs, field, value, form):
    return "(" + " ".join(f'"{n:0{field}d}" ' + form(value) for n in range(pairs)) + ")"


def quoted(octets):
    return '"' + "v" * octets + '"'


def escaped(octets):
    return '"' + '\\"' * octets + '"'


def literal(octets):
    return f"{{{octets}+}}\r\n" + "v" * octets


@pytest.mark.parametrize("form", [quoted, escaped, literal])
def test_largest(server, form):
    peer = server.connect()
    peer.line()
    assert peer.command("ID " + identity(PAIRS, FIELD, VALUE, form)) == ['* ID ("name" "Roost")']
    peer.command('LOGIN user "secret word"')
    assert peer.command("ID " + identity(PAIRS, FIELD, VALUE, form))[0].startswith('* ID ("name" "Roost" "version" ')
    peer.close()


@pytest.mark.parametrize("pairs, field, value", [(PAIRS + 1, 2, 1), (1, FIELD + 1, 1), (1, 2, VALUE + 1)])
def test_more(server, pairs, field, value):
    peer = server.connect()
    peer.line()
    peer.command("ID " + identity(pairs, field, value, quoted), "BAD")
    peer.command("NOOP")
    peer.close()


def test_far_beyond(server):
    peer = server.connect()
    peer.line()
    peer.send("a ID (" + '"f" NIL ' * 100000)
    assert peer.at_end()
