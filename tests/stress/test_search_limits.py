# SPDX-License-Identifier: MIT
"""Searches for texts at the limits of what an index keeps, in mail that is at these limits, too: a server with an index
and one without are told the same and asked the same."""

import base64
import random
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from test_search_index import LONG, OPTIONS, Pair, Roost  # noqa: E402


def append(pair, mail):
    """Returns how many were taken."""
    taken = 0
    for octets in mail:
        answers = set()
        for peer in pair.peers:
            peer.send(f"a APPEND INBOX {{{len(octets)}+}}\r\n".encode() + octets + b"\r\n")
            while not (line := peer.line()).startswith("a "):
                pass
            answers.add(line.split()[1])
        assert len(answers) == 1
        taken += answers == {"OK"}
    return taken


def search(pair, key, needle):
    """The answer of both, or None if it was refused."""
    octets = needle.encode()
    command = f"UID SEARCH CHARSET UTF-8 {key} {{{len(octets)}+}}\r\n".encode() + octets + b"\r\n"
    answers = []
    for peer in pair.peers:
        peer.send(b"s " + command)
        lines = []
        while not (line := peer.line()).startswith("s "):
            lines.append(line)
        assert line.split()[1] in ("OK", "NO", "BAD"), line
        answers.append((line.split()[1], [text for text in lines if text.startswith("* SEARCH")]))
    assert answers[0] == answers[1], (key, needle)
    return answers[0][1][0].split()[2:] if answers[0][1] else None


def special_mail():
    """Mail at the limits of what an index knows."""
    wide = "ü" * 40 + "日本" * 50
    b64 = base64.b64encode(("x" * 32766 + "日本語" + "Straßenbahn " * 4000).encode())
    lines = b"\r\n".join(b64[i:i + 76] for i in range(0, len(b64), 76))
    head = b"From: Anna Bell <anna@example.org>\r\nSubject: special\r\nMIME-Version: 1.0\r\n"
    inner = b"From: inner@inside.example\r\nSubject: =?utf-8?q?W=C3=A4rme?= within\r\nX-Inside: deepvalue\r\n\r\nbody within\r\n"
    return [
        head + b"Subject: second subject\r\nFrom: other@two.example\r\nTo: t1@x.example\r\nTo: t2@y.example\r\n\r\ntwice\r\n",
        head + b"X-Long: " + b"\r\n ".join(b"fold%dx" % i for i in range(3000)) + b"\r\n\r\nmany lines\r\n",
        head + b"X-Huge: " + b" ".join(b"huge%d" % i for i in range(140000)) + b"\r\n\r\nhuge header\r\n",
        head + b"X-One: " + b"q" * 40000 + b"end\r\n\r\none long field\r\n",
        b"To: " + b",\r\n ".join(b"a%d@list.example" % i for i in range(1500)) + b"\r\n" + head + b"\r\nmany recipients\r\n",
        b"To: " + b",\r\n ".join(b"a%d@list.example" % i for i in range(5000)) + b"\r\n" + head + b"\r\nmore recipients\r\n",
        b'From: "Quoted, Name" (comment here) <"odd local"@host.example>\r\nTo: group: m1@g.example, m2@g.example;\r\n'
        b"Cc: =?utf-8?q?J=C3=BCrgen?= =?utf-8?q?_M=C3=BCller?= <jm@example.org>, undisclosed:;\r\n\r\naddresses\r\n",
        b"From: <@route.example:anna@real.example>\r\nTo: broken <<x@y>, (unclosed\r\nCc: a b c\r\n\r\nbad addresses\r\n",
        b"Subject: caf\xe9 \xff\xfe \xc3\r\nX-\xe9\xc3\xa4bc: name\r\nFrom: \xe4\xf6@x.example\r\n\r\nraw \xe9\xc3 octets \xe6\x97\xa5\xe6\x9c\r\n",
        head + b"Content-Type: text/plain; charset=utf-8\r\n\r\nbad \xc3utf \xf0\x9f\x98 here \xed\xa0\x80 surrogate \xe6\x97\xa5\xe6\x9c\xac\r\n",
        head + b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines + b"\r\n",
        head + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + ("w" * 255 + "ä" + "v" * 300 + "\r\n" + wide +
                                                                      "\r\n" + "1日2本3 のび太くんa日b カナ漢字ひらがな\r\n").encode(),
        head + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + ("a\u0301" * 200 + " \u0301\u0302 x\u200dy \u00adz\r\n").encode(),
        head + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + " ".join(f"p{i}" for i in range(300)).encode() + b"\r\n",
        head + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + " ".join(f"{i:x}q" for i in range(120000)).encode() + b"\r\n",
        head + b"Content-Type: message/rfc822\r\n\r\n" + inner,
        head + b"Content-Type: multipart/mixed; boundary=B\r\n\r\npreamble word\r\n--B\r\n\r\nfirst part\r\n--B\r\n"
        b"Content-Type: application/pdf; name*=utf-8''%e2%82%ac%20rates.pdf\r\nContent-Disposition: attachment;\r\n"
        b' filename="report\\"x.pdf"\r\n\r\nbinary words\r\n--B\r\nContent-Type: message/rfc822\r\n\r\n' + inner +
        b"--B\r\nContent-Type: text/html\r\n\r\n<p>sho<b>wn</b> te&shy;xt<style>hid{}</style>&uuml;ber</p>\r\n--B--\r\nepilogue word\r\n",
        b"\r\nno header at all\r\n", b"Subject: only a header\r\n", b"no colon here\r\nSubject: after it\r\n\r\nx\r\n",
        head + b"\r\n" + b"nul\0between \0\0 x\r\n",
        head + b"Content-Type: text/plain; charset=unknown-8bit\r\n\r\nstra\xdfe\r\n",
        head + b"Content-Type: text/plain; charset=utf-7\r\n\r\n+AOQ-rger\r\n",
        head + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$BF|K\\\x1b(B abc \x1b$B8l\r\n",
    ]


def special_needles(rng, mail):
    needles = ["", " ", ".", ",-;", "@", "\u0301", "\u0301\u0302", "日", "日本", "本語", "日本語", "1日", "日2", "本3 の", "太く", "漢字ひ",
               "a", "é", "e", "ß", "ss", "ü" * 62, "ü" * 63, "q" * 124, "q" * 125, "q" * 256, "q" * 1000, "v" * 124 + " ", " v", "wä", "äv",
               " ".join(f"p{i}" for i in range(64)), " ".join(f"p{i}" for i in range(65)), " ".join(f"p{i}" for i in range(200)),
               " ".join(f"p{i}" for i in range(70)) + " p99", "p" * 5000, "日本" * 60, "日本" * 61 + "語", "x日本語stra", "name <jm", "jürgen müller",
               "müller <jm@", "group: m1", "m1@g.example;", "comment here", "quoted, name <", "odd local", "<anna@real", "route.example",
               "\u200d", "x\u200dy", "\u00ad", "subject: second", "special", "x-inside: deep", "report\"x", "€ rates", "shown text", "te xt", "hid",
               "tisch\r\nx", "huge139999", "huge1 huge2", "fold2999x", "fold1x fold2x", "a4999@", "a1499@list.example", "1d4bfq", "nul", "l\0b",
               "between", "ärger", "strasse", "straße", "ß", "wärme within", "preamble", "epilogue", "\ufffd", "caf\ufffd"]
    for octets in mail:
        for codec in ("utf-8", "latin-1") if LONG else ("utf-8",):
            text = octets[:60000].decode(codec, errors="ignore")
            for length in (1, 2, 3, 8, 30, 124, 125, 260):
                first = rng.randrange(len(text))
                needles.append(text[first:first + length].replace("\0", ""))
    return needles


def test_searches_at_the_limits():
    """With and without an index, the same is found."""
    rng = random.Random("limits")
    mail = special_mail()
    filler = [b"Subject: filler %d\r\n\r\nfiller text %d\r\n" % (i, i) for i in range(60)]
    with Roost(accounts=["anna"], options=OPTIONS) as server, \
            Roost(accounts=["anna"], options=[*OPTIONS, "search.index=no"]) as plain:
        pair = Pair([server, plain])
        kept = append(pair, filler + mail)
        server.run("index", "anna")
        seen = 0
        for needle in special_needles(rng, mail):
            keys = ["BODY", "TEXT", "SUBJECT", "FROM", "TO", "CC", "HEADER X-Long", "HEADER Subject", "HEADER From", "HEADER X-None"]
            for key in keys if LONG else [rng.choice(["BODY", "TEXT"]), rng.choice(keys)]:
                seen += len(search(pair, key, needle) or [])
        assert kept > len(filler) and seen > 200
        assert len(re.findall(r"P 07032 .*index [\d.]+ ms", server.log())) > 200
