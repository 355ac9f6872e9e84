# SPDX-License-Identifier: MIT
"""Random searches, of which the answers are known in two other ways. What was written in a message of one part is
compared here, character by character, with what is asked for; and a second server, which makes no indexes, is told
everything that the first one is told, and asked the same, also about mail that is broken or shows HTML. In between,
messages come and go, the server is killed, and its index is deleted, overwritten, or made anew.

ROOST_CORPUS: real mail besides. ROOST_LONG=1: more of everything."""

import base64
import lzma
import os
import quopri
import random
import re
import subprocess
import sys
import unicodedata
from datetime import datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost, binary  # noqa: E402

LONG = bool(os.environ.get("ROOST_LONG"))
ROUNDS, SEARCHES = (40, 200) if LONG else (7, 40)
OPTIONS = ["search.index_from=1", "store.undelete=0", "store.purge_every=1s", "log.levels=APSF"]

# Letters, so that all libraries agree about what they are, and the charsets in which each can be written.
SCRIPTS = [
    ("abcdefghijklmnopqrstuvwxyz", ["us-ascii", "iso-8859-15", "utf-8", "utf-16"]),
    ("abeinorstuäöüßéèçñÄÖÉ", ["iso-8859-1", "windows-1252", "utf-8"]),
    ("abczłśżęąńŁŚ", ["iso-8859-2", "utf-8"]),
    ("авгдежийклмнопрстуюяАБ", ["koi8-r", "windows-1251", "iso-8859-5", "utf-8"]),
    ("αβγδεζηθικλμνοάέςΣΩ", ["iso-8859-7", "utf-8"]),
    ("אבגדהוזחטי", ["iso-8859-8", "utf-8"]),
    ("ابتثجحخدذر", ["windows-1256", "utf-8"]),
    ("日本語東京大学人山川中文", ["shift_jis", "euc-jp", "iso-2022-jp", "gb18030", "big5", "utf-8"]),
    ("日本のことばカタカナ京", ["euc-jp", "shift_jis", "utf-8"]),
    ("한국어문장이다", ["euc-kr", "utf-8"]),
    ("ﬁ①Ⅳ²x½℃", ["utf-8"]),  # more characters when folded
    ("e\u0301o\u0308a\u030a\u0301n", ["utf-8"]),  # marks
    ("𝒜𝒷😀𠀀𠮷字z", ["utf-8"]),
    ("ภาษาไทย", ["utf-8"]),
]
BETWEEN = [" ", " ", " ", " ", ", ", ". ", "-", "_", "@", "/", "1", "7", "\r\n", "\r\n", "", "!? "]


def fold(text):
    """Each character by itself (src/syntax/fold.h)."""
    nfkd = unicodedata.normalize
    return "".join(nfkd("NFKD", nfkd("NFKD", c).casefold()) for c in text)


def encoded_words(text, charset):
    if text.isascii():
        return text
    return "\r\n ".join(f"=?{charset}?B?{base64.b64encode(text[i:i + 8].encode(charset)).decode()}?="
                        for i in range(0, len(text), 8))


class Message:
    """What was written, and as which octets."""

    def __init__(self, rng, number):
        letters, charsets = rng.choice(SCRIPTS)
        charset = rng.choice(charsets)
        letters = [c for c in letters if self.can_be(c, charset)]

        def words(count, between):
            return "".join("".join(rng.choice(letters) for _ in range(1 + int(rng.expovariate(0.25)))) +
                           rng.choice(between) for _ in range(count)).strip()

        header_charset = "utf-8" if charset in ("utf-16", "us-ascii") else charset
        self.body = words(rng.randrange(3, 60), BETWEEN) + f" only{number}x\r\n"
        if rng.randrange(12) == 0:
            self.body = "".join(rng.choice(letters) for _ in range(300)) + "\r\n" + self.body  # longer than a term
        self.body = "\r\n".join(self.body.splitlines()) + "\r\n"
        subject = words(rng.randrange(1, 6), [" "])
        host = f"h{rng.randrange(9)}.example"
        self.fields = [
            ("Subject", subject, encoded_words(subject, header_charset)),
            ("Message-ID", f"<m{number}.x@{host}>", None),
            ("X-Tag", f"tag{number % 17} of {number}", None),
        ]
        self.shown = {}
        for name in ("From", "To", "Cc"):
            who = words(2, [" "])
            box = f"box{rng.randrange(40)}@{host}"
            self.fields.append((name, f"{who} <{box}>", f"{encoded_words(who, header_charset)}\r\n <{box}>"))
        if rng.randrange(6) == 0:
            self.fields.append(("Subject", f"second{number}", None))
        encoding = rng.choice(["base64", "quoted-printable"] + (["8bit"] if charset != "utf-16" else []))
        self.fields += [("MIME-Version", "1.0", None), ("Content-Type", f"text/plain; charset={charset}", None),
                        ("Content-Transfer-Encoding", encoding, None)]
        rng.shuffle(self.fields)
        octets = self.body.encode(charset)
        if encoding == "base64":
            octets = base64.encodebytes(octets).replace(b"\n", b"\r\n")
        elif encoding == "quoted-printable":
            octets = re.sub(rb"(?<!\r)\n", b"\r\n", quopri.encodestring(octets.replace(b"\r\n", b"\n")
                                                                        if charset != "utf-16" else octets))
            if charset == "utf-16":
                octets = b"".join(b"=%02X" % c + (b"=\r\n" if i % 20 == 19 else b"")
                                  for i, c in enumerate(self.body.encode(charset)))
        header = "".join(f"{name}: {written or value}\r\n" for name, value, written in self.fields)
        self.octets = header.encode("ascii") + b"\r\n" + octets
        self.folded_body = fold(self.body)
        self.folded = [(name, fold(value)) for name, value, _ in self.fields]
        self.day = datetime(2026, 1, 1) + timedelta(days=rng.randrange(300))
        self.deleted = False

    @staticmethod
    def can_be(character, charset):
        try:
            return character.encode(charset).decode(charset) == character
        except UnicodeError:
            return False

    def has(self, key, needle, field=None):
        if key == "BODY":
            return needle in self.folded_body
        if key == "TEXT":
            return needle in self.folded_body or any(needle in fold(name) + ": " + value for name, value in self.folded)
        return any(needle in value for name, value in self.folded if name.lower() == field.lower())


class Pair:
    """The server with indexes, and the one without: told the same, asked the same."""

    def __init__(self, servers):
        self.servers, self.peers = servers, [None, None]
        self.reselect()

    def reselect(self):
        for i, server in enumerate(self.servers):
            if self.peers[i] is not None:
                self.peers[i].close()
            self.peers[i] = server.login("anna")
            self.peers[i].command("SELECT INBOX")

    def tell(self, command):
        answers = [peer.command(command) for peer in self.peers]
        return answers[0]

    def append(self, messages):
        for message in messages:
            size = len(message.octets)
            for peer in self.peers:
                peer.send(f'a APPEND INBOX "{message.day:%d-%b-%Y} 12:00:00 +0000" {{{size}+}}\r\n'.encode() +
                          message.octets + b"\r\n")
                while not (line := peer.line()).startswith("a "):
                    pass
                uid = re.match(r"a OK \[APPENDUID \d+ (\d+)\]", line)
                assert uid, line
                message.uid = int(uid.group(1))

    def search(self, program):
        answers = []
        for peer in self.peers:
            lines = peer.command(f"UID SEARCH CHARSET UTF-8 {program}")
            answers.append([int(n) for line in lines if line.startswith("* SEARCH") for n in line.split()[2:]])
        assert answers[0] == answers[1], program
        return set(answers[0])


def literal(text):
    return f"{{{len(text.encode())}+}}\r\n{text}"


class Questions:
    def __init__(self, rng, messages, foreign):
        self.rng, self.messages, self.foreign = rng, messages, foreign

    def needle(self, text):
        """A word of the text, a part of one, two of them, or a few characters that stand anywhere."""
        rng = self.rng
        kind = rng.randrange(6)
        if kind < 3:
            words = re.findall(r"\w+", text) or [text]
            word = rng.choice(words)
            if kind == 0:
                return rng.choice([word, word.upper(), word.lower(), word[::-1]])
            first = rng.randrange(len(word))
            return word[first:first + rng.randrange(1, 9)]
        first = rng.randrange(max(1, len(text)))
        length = [1, 2, rng.randrange(3, 40)][kind - 3]
        if rng.randrange(40) == 0:
            length = 200
        return text[first:first + length]

    def key(self):
        """A key as it is asked, and what says whether a message matches."""
        rng = self.rng
        message = rng.choice(self.messages)
        what = rng.choice(["BODY", "BODY", "TEXT", "SUBJECT", "FROM", "TO", "CC", "HEADER"])
        if rng.randrange(6) == 0 and self.foreign:
            text = rng.choice(self.foreign)
        elif what in ("BODY", "TEXT"):
            text = rng.choice([message.body, message.fields[rng.randrange(len(message.fields))][1]])
        else:
            text = dict((name.upper(), value) for name, value, _ in message.fields).get(
                what, f"{message.fields[0][1]}")
        needle = self.needle(text).replace("\0", "")
        if what != "BODY" and what != "TEXT":
            needle = needle.replace("\r", "").replace("\n", "")
        field = what
        folded = fold(needle)
        if what == "HEADER":
            field = rng.choice(["X-Tag", "Message-ID", "Subject", "from", "Content-Type", "X-None"])
            return f"HEADER {field} {literal(needle)}", lambda m: m.has(what, folded, field)
        return f"{what} {literal(needle)}", lambda m: m.has(what, folded, field)

    def program(self, depth=2):
        rng = self.rng
        kind = rng.randrange(9) if depth > 0 else 0
        asked, says = self.key()
        if depth == 2 and rng.randrange(12) == 0:
            return f"FUZZY {asked}", None  # what matches is a matter of taste, but the same with and without
        if kind < 3:
            return asked, says
        if kind == 3:
            return f"NOT {asked}", lambda m: not says(m)
        if kind == 4:
            return f"UNDELETED {asked}", lambda m: not m.deleted and says(m)
        if kind == 5:
            day = datetime(2026, 1, 1) + timedelta(days=rng.randrange(300))
            return f"{asked} SINCE {day:%d-%b-%Y}", lambda m: m.day >= day and says(m)
        other, says_too = self.program(depth - 1)
        if kind == 6:
            return f"{asked} {other}", lambda m: says(m) and says_too(m)
        if kind == 7:
            return f"OR {asked} ({other})", lambda m: says(m) or says_too(m)
        return f"NOT ({asked} {other})", lambda m: not (says(m) and says_too(m))


def index_files(server):
    return [path for path in (server.home / "accounts").rglob("search.db*")]


def trouble(rng, server):
    """Something happens to the index. Returns whether the server was started again."""
    what = rng.randrange(6)
    if what == 0:
        server.kill()
        server.start()
    elif what == 1:
        for path in index_files(server):
            path.unlink()
    elif what == 2:
        for path in index_files(server):
            if path.name == "search.db" and path.stat().st_size > 0:
                with open(path, "r+b") as file:
                    for _ in range(20):
                        file.seek(rng.randrange(path.stat().st_size))
                        file.write(rng.randbytes(rng.randrange(1, 9)))
    elif what == 3:
        server.run("index", "anna", "--anew")
    elif what == 4:
        server.run("index", "anna")
    return what == 0


def generated(folder, seed, count):
    """Mail of all kinds, of which what it says is not known here."""
    path = folder / f"generated{seed}"
    subprocess.run([str(Path(binary()).parents[2] / "bench" / "roost-mailgen"), "--count", str(count), "--mbox", str(path),
                    "--seed", str(seed), "--rare", "20", "--broken", str(seed % 2 * 10)], check=True)
    return path


def real(folder):
    path = folder / "real"
    with open(path, "wb") as out:
        for file in sorted(Path(os.environ["ROOST_CORPUS"]).glob("*.xz")):
            with lzma.open(file) as mbox:
                out.write(mbox.read() if LONG else mbox.read(3 << 20))
                out.write(b"\n\n")
    return path


@pytest.mark.parametrize("seed", range(6 if LONG else 2))
def test_random_searches(tmp_path, seed):
    rng = random.Random(f"searches {seed}")
    mboxes = [generated(tmp_path, seed, 600 if LONG else 120)]
    if os.environ.get("ROOST_CORPUS"):
        mboxes.append(real(tmp_path))
    with Roost(accounts=["anna"], options=OPTIONS) as server, \
            Roost(accounts=["anna"], options=[*OPTIONS, "search.index=no"]) as plain:
        for mbox in mboxes:
            server.run("import", "anna", str(mbox))
            plain.run("import", "anna", str(mbox))
        foreign = re.split(r"\n{2,}", mboxes[-1].read_text(encoding="utf-8", errors="ignore"))[:4000]
        pair = Pair([server, plain])
        others = pair.search("ALL")
        messages = [Message(rng, number) for number in range(120)]
        pair.append(messages)
        server.run("index", "anna")
        for round_ in range(ROUNDS):
            questions = Questions(rng, messages, [text for text in foreign if text])
            for _ in range(SEARCHES):
                asked, says = questions.program()
                found = pair.search(asked)
                if says is None:
                    continue
                expected = {m.uid for m in messages if says(m)}
                assert found - others == expected, asked
            more = [Message(rng, 1000 + round_ * 100 + i) for i in range(rng.randrange(40))]
            pair.append(more)
            messages += more
            for message in rng.sample(messages, 12):
                pair.tell(f"UID STORE {message.uid} +FLAGS.SILENT (\\Deleted)")
                message.deleted = True
            some = rng.sample(sorted(others), 3)
            pair.tell(f"UID COPY {','.join(map(str, some))} INBOX")
            pair.tell(f"UID MOVE {some[0]} INBOX")
            if rng.randrange(2) == 0:
                pair.tell("EXPUNGE")
                messages = [message for message in messages if not message.deleted]
            if trouble(rng, server):
                pair.reselect()
            if rng.randrange(2) == 0:
                server.run("index", "anna")
            others = pair.search("ALL") - {message.uid for message in messages}
        server.run("index", "anna")
        for message in rng.sample(messages, 20):
            assert message.uid in pair.search(f"TEXT {literal(message.fields[0][1])}")
        asked_index = len(re.findall(r"P 07032 .*index [\d.]+ ms", server.log()))
        assert asked_index > 3 * ROUNDS, "the index was hardly ever asked"
