# SPDX-License-Identifier: MIT
"""Multiparts whose boundaries begin with one another: each part is what was put into it (RFC 2046 section 5.1.1,
docs/protocol.md M-8)."""

import itertools
import random
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost  # noqa: E402

# Numbered ones, as mailers make them, and such as end like a last delimiter.
BOUNDARIES = ["abc", "abcd", "ab", "=_Part_1", "=_Part_10", "=_Part_1_2", "abc-", "abc--", "abc d", "-", "--"]


class Part:
    """A leaf with its text, or a multipart; mime and body are octets as they must be fetched."""

    def __init__(self, depth, taken, rng, count):
        names = [name for name in BOUNDARIES if name not in taken]
        if depth == 0 or not names or rng.random() < 0.3 and taken:
            others = rng.sample(BOUNDARIES, 2)  # no delimiters here, but they look like some
            text = "".join(f"--{name}{tail}\r\n" for name in others for tail in ("x", "--x", "-x"))
            self.children = []
            self.mime = f"Content-Type: text/x-{next(count)}\r\n\r\n"
            self.body = text + rng.choice(["", "end", "--", "\r\n", "line\r\n"])
            self.shape = self.mime.split("/")[1].strip() + " "
            return
        boundary = rng.choice(names)
        self.children = [Part(depth - 1, {*taken, boundary}, rng, count) for _ in range(rng.randrange(1, 4))]
        self.mime = f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'
        self.body = rng.choice(["", "preamble\r\n"])
        self.body += "".join(f"--{boundary}{blanks}\r\n{part.mime}{part.body}\r\n"
                             for part in self.children for blanks in [rng.choice(["", " ", "\t "])])
        self.body += f"--{boundary}--" + rng.choice(["", "\r\n", " \r\n", "\r\nepilogue"])
        self.shape = "(" + "".join(part.shape for part in self.children) + ")"

    def sections(self, at=""):
        for number, part in enumerate(self.children, 1):
            section = f"{at}{number}"
            yield section, part
            yield from part.sections(section + ".")


def literals(line):
    """Name and value of each BODY[...] in a FETCH response."""
    found = {}
    at = 0
    while match := re.compile(r'BODY\[([^]]+)\] (?:\{(\d+)\}\r\n|"((?:[^"\\]|\\.)*)")').search(line, at):
        name, size, quoted = match.groups()
        at = match.end() + int(size or 0)
        found[name] = line[match.end():at] if size else re.sub(r"\\(.)", r"\1", quoted)
    return found


def shape(line):
    """The subtypes in BODYSTRUCTURE: leaves as their names, multiparts as brackets."""
    text = line.partition("BODYSTRUCTURE ")[2][:-1]
    text = re.sub(r'\("text" "([^"]+)" \("charset" "us-ascii"\)[^()]*\)', r"\1 ", text)
    return re.sub(r' "mixed" \("boundary" "[^"]*"\) NIL NIL NIL\)', ")", text)


def test_boundaries_that_begin_with_one_another():
    rng = random.Random(2046)
    roots = [Part(3, set(), rng, (f"{n}" for n in itertools.count())) for _ in range(150)]
    with Roost(accounts=["anna"]) as roost:
        peer = roost.login("anna")
        for root in roots:
            text = ("Subject: x\r\n" + root.mime + root.body).encode()
            peer.send(b"a APPEND INBOX {%d+}\r\n" % len(text) + text + b"\r\n")
            assert peer.line().startswith("a OK")
        peer.command("SELECT INBOX")
        for number, root in enumerate(roots, 1):
            told = root.mime + root.body
            line, = peer.command(f"FETCH {number} BODYSTRUCTURE")
            assert shape(line) == root.shape, told
            wanted = {}
            for section, part in root.sections():
                wanted |= {section: part.body, f"{section}.MIME": part.mime}
            items = " ".join(f"BODY.PEEK[{name}]" for name in wanted)
            line, = peer.command(f"FETCH {number} ({items})")
            assert literals(line) == wanted, told
        peer.close()
