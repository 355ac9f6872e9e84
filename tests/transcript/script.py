# SPDX-License-Identifier: MIT
"""Reads and plays transcripts: files of lines between several clients and the server.

    # text                 a comment
    account NAME           a fresh account; $NAME stands for its login name from here on
    option section.key=value   the server is started with it (before anything else)
    mail NAME [MAILBOX]    delivers the lines up to a lone "." to NAME by LMTP
    [2] C: text            client 2 sends text CR LF (client 1 when no number stands there)
    [2] C< text            the same without CR LF; \\r \\n \\t \\0 \\xNN \\\\ are understood, and no others
    [2] C= text            like C<, but in one packet even where others are cut (ROOST_REPLAY)
    [2] S: pattern         the server's next line must match
    [2] S* pattern         lines are passed over until one matches
    [2] S! pattern         must not occur among the lines passed over by the next S*
    [2] LOGIN NAME [WORD]  the client reads the greeting and logs in to the account NAME; and it enables WORD (ENABLE)
    [2] END                the server closes the connection
    [2] CLOSE              the client closes it
    [2] TLS                the client begins TLS (after STARTTLS)
    [2] DEFLATE            the client compresses from here on (after COMPRESS)
    [2] LMTP               client 2 is an LMTP connection (IMAPS: likewise)
    LOG regex              the log has a line that matches
    SLEEP seconds          for time-outs only: never to wait for an event
    RUN words              `roost words` is run and must succeed

In a pattern `...` stands for anything, `$name` for the value bound to name; a name that has none yet is
bound to what stands there (no blanks or brackets). UTF-8 matches itself; \\r, \\n and \\xNN (two lower-case digits) are understood.
Literals belong to their line: {5}\\r\\nhello.
A client connects when it first appears and reads the greeting when its script says so.
"""

import os
import random
import re
import ssl
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Deflated  # noqa: E402

LINE = re.compile(r"^(?:\[(\d+)\] )?(C:|C<|C=|S:|S\*|S!|LOGIN|END|CLOSE|TLS|DEFLATE|LMTP|IMAPS)(?: ?(.*))?$")


ESCAPE = re.compile(rb"\\(?:x([0-9a-f]{2})|(.?))", re.S)
ESCAPED = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}


def unescape(text):
    """The octets that a text stands for. KeyError: a backslash with something else behind it."""
    return ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()) if found[1] else ESCAPED[found[2]], text.encode())


class Script:
    def __init__(self, path):
        self.path = path
        self.steps = []
        self.options = []
        lines = path.read_text().splitlines()
        number = 0
        while number < len(lines):
            line = lines[number]
            number += 1
            if not line.strip() or line.startswith("#"):
                continue
            word, _, rest = line.partition(" ")
            if word == "option":
                self.options.append(rest)
            elif word in ("account", "LOG", "SLEEP", "RUN"):
                self.steps.append((number, word, None, rest))
            elif word == "mail":
                text = []
                while lines[number] != ".":
                    text.append(lines[number])
                    number += 1
                number += 1
                self.steps.append((number, "mail", None, (rest, "\n".join(text) + "\n")))
            else:
                found = LINE.match(line)
                assert found, f"{path.name}:{number}: not understood: {line}"
                client, what, text = found.groups()
                try:
                    if what in ("C<", "C="):
                        unescape(text or "")
                except KeyError as error:
                    raise AssertionError(f"{path.name}:{number}: not understood: \\{error.args[0].decode()}") from error
                self.steps.append((number, what, int(client or 1), text or ""))


class Player:
    def __init__(self, server, script, next_account, seed=0):
        self.server = server
        self.script = script
        self.next_account = next_account
        self.peers = {}
        self.kinds = {}
        self.bound = {"password": '"secret word"'}
        self.forbidden = []
        self.replay = os.environ.get("ROOST_REPLAY", "")
        self.random = random.Random(f"{script.path.name} {seed}")

    def peer(self, number):
        if number not in self.peers:
            self.peers[number] = self.server.connect(self.kinds.get(number, "imap"))
        return self.peers[number]

    def substitute(self, text):
        return re.sub(r"\$(\w+)", lambda m: self.bound.get(m.group(1), m.group(0)), text)

    def send(self, peer, data):
        """Whole, an octet at a time, or cut at random: the result must be the same."""
        if self.replay == "octets":
            pieces = [data[i:i + 1] for i in range(len(data))] if len(data) < 4000 else [data]
        elif self.replay.startswith("random"):
            cuts = sorted(self.random.randrange(len(data) + 1) for _ in range(4))
            pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)]) if a < b]
        else:
            pieces = [data]
        for piece in pieces:
            peer.send(piece)

    def pattern(self, text):
        """A regular expression in which unbound names are groups."""
        out = []
        for part in re.split(r"(\.\.\.|\$\w+)", text):
            if part == "...":
                out.append(".*?")
            elif re.fullmatch(r"\$\w+", part) and part[1:] not in self.bound:
                out.append(rf"(?P<{part[1:]}>[^ \]\[()]+)")
            elif re.fullmatch(r"\$\w+", part):
                out.append(re.escape(self.bound[part[1:]]))
            else:
                part = part.encode().decode("latin-1").replace("\\r", "\r").replace("\\n", "\n")
                out.append(re.escape(re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m.group(1), 16)), part)))
        return re.compile("".join(out), re.S)

    def match(self, pattern, line):
        found = self.pattern(pattern).fullmatch(line)
        if found:
            self.bound.update(found.groupdict())
        return found

    def step(self, number, what, client, rest):
        where = f"{self.script.path.name}:{number}"
        if what == "account":
            self.bound[rest] = self.next_account()
        elif what == "mail":
            words, text = rest
            name, _, mailbox = words.partition(" ")
            reply = self.server.deliver(self.bound[name], self.substitute(text), mailbox or None)
            assert reply.startswith("250"), f"{where}: {reply}"
        elif what == "LOG":
            self.server.log_wait(self.substitute(rest))
        elif what == "SLEEP":
            time.sleep(float(rest))
        elif what == "RUN":
            self.server.run(*[self.substitute(w) for w in rest.split(" ")])
        elif what in ("LMTP", "IMAPS"):
            self.kinds[client] = what.lower()
        else:
            self.talk(where, what, self.peer(client), rest)

    def talk(self, where, what, peer, rest):
        if what == "C:":
            self.send(peer, self.substitute(rest).encode() + b"\r\n")
        elif what == "C=":
            peer.send(unescape(self.substitute(rest)))
        elif what == "C<":
            self.send(peer, unescape(self.substitute(rest)))
        elif what == "S!":
            self.forbidden.append(rest)
        elif what == "S:":
            line = peer.line()
            assert self.match(rest, line), f"{where}: expected {self.substitute(rest)!r}, got {line!r}"
        elif what == "S*":
            seen = []
            while True:
                try:
                    line = peer.line()
                except (EOFError, OSError) as error:
                    raise AssertionError(f"{where}: {error!r} before {rest!r}; saw {seen}") from error
                if self.match(rest, line):
                    break
                seen.append(line)
                for never in self.forbidden:
                    assert not self.match(never, line), f"{where}: {line!r} must not be said"
            self.forbidden = []
        elif what == "LOGIN":
            name, *enabled = rest.split(" ")
            for command in [f"LOGIN ${name} $password", *(f"ENABLE {word}" for word in enabled)]:
                self.talk(where, "C:", peer, f"begin {command}")
                self.talk(where, "S*", peer, "begin OK ...")
        elif what == "END":
            assert peer.at_end(), f"{where}: still open"
        elif what == "CLOSE":
            peer.close()
        elif what == "TLS":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            peer.socket = context.wrap_socket(peer.socket)
        elif what == "DEFLATE":
            peer.socket = Deflated(peer.socket)

    def play(self):
        try:
            for step in self.script.steps:
                self.step(*step)
        finally:
            for peer in self.peers.values():
                peer.close()
