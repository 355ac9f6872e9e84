# SPDX-License-Identifier: MIT
"""All that an IMAP server has of an account, for comparing two of them: by Python's imaplib, which shares no code
with Roost."""

import calendar
import imaplib
import re
import time

imaplib._MAXLINE = 1 << 24

ROW = re.compile(rb'UID (\d+)')
FLAGS = re.compile(rb'FLAGS \(([^)]*)\)')
DATE = re.compile(rb'INTERNALDATE "([^"]*)"')


def decode_name(wire):
    """Modified UTF-7 (RFC 3501 section 5.1.3)."""
    def shift(found):
        if found.group(1) == "":
            return "&"
        text = found.group(1).replace(",", "/")
        import base64
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode("utf-16-be")
    return re.sub(r"&([^-]*)-", shift, wire)


def seconds(text):
    """Of an INTERNALDATE, the instant."""
    stamp = calendar.timegm(time.strptime(text[:20].strip(), "%d-%b-%Y %H:%M:%S"))
    zone = text.split()[-1]
    return stamp - (1 if zone[0] == "+" else -1) * (int(zone[1:3]) * 3600 + int(zone[3:5]) * 60)


def names(lines):
    found = {}
    for line in lines:
        if line is None:
            continue
        if isinstance(line, tuple):
            attributes, name = line[0], line[1].decode()
        else:
            attributes, name = re.fullmatch(rb'(\([^)]*\) (?:"."|NIL)) "?(.*?)"?', line).groups()
            name = name.decode().replace('\\"', '"').replace("\\\\", "\\")
        found[decode_name(name)] = attributes
    return found


class State:
    """mailboxes: name -> sorted list of (text, flags, seconds); subscribed: set of names."""

    def __init__(self, port, user, password, texts=True, skip=()):
        self.mailboxes, self.subscribed = {}, set()
        peer = imaplib.IMAP4("127.0.0.1", port)
        try:
            peer.login(user, password)
            self.subscribed = set(names(peer.lsub('""', '"*"')[1]))
            for name, attributes in names(peer.list('""', '"*"')[1]).items():
                if name not in skip and b"\\Noselect" not in attributes and b"\\NonExistent" not in attributes:
                    self.mailboxes[name] = self.read(peer, name, texts)
        finally:
            peer.logout()

    @staticmethod
    def read(peer, name, texts):
        wire = "".join(c if 0x20 <= ord(c) < 0x7f and c != "&" else "&-" if c == "&" else c for c in name)
        if any(ord(c) >= 0x80 for c in wire):
            import base64
            wire = re.sub(r"[^\x20-\x7e]+", lambda run: "&" + base64.b64encode(
                run.group(0).encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-", wire)
        quoted = '"' + wire.replace("\\", "\\\\").replace('"', '\\"') + '"'
        kind, data = peer.select(quoted, readonly=True)
        assert kind == "OK", (name, data)
        if data == [b"0"]:
            return []
        found = []
        for row in peer.fetch("1:*", "(UID FLAGS INTERNALDATE BODY.PEEK[])" if texts else "(UID FLAGS INTERNALDATE)")[1]:
            head, text = row if isinstance(row, tuple) else (row, b"")
            if not ROW.search(head):
                continue
            flags = frozenset(FLAGS.search(head).group(1).decode().split()) - {"\\Recent"}
            found.append((text, flags, seconds(DATE.search(head).group(1).decode())))
        return sorted(found, key=lambda row: (row[0], row[2], sorted(row[1])))
