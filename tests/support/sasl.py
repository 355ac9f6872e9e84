# SPDX-License-Identifier: MIT
"""SASL as a client of IMAP: SCRAM-SHA-256 with and without channel binding (RFC 5802, RFC 7677, RFC 9266)."""

import base64
import hashlib
import hmac
import os


def b64(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def expand_label(secret, label, context, length, digest):
    """HKDF-Expand-Label of RFC 8446 section 7.1, for one block."""
    name = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes([len(name)]) + name + bytes([len(context)]) + context
    assert length <= hashlib.new(digest).digest_size
    return hmac.digest(secret, info + b"\x01", digest)[:length]


def exporter(keylog, cipher):
    """tls-exporter of the connection whose secrets stand last in this file (TLS 1.3)."""
    lines = [line.split() for line in keylog.read_text().splitlines() if line.startswith("EXPORTER_SECRET ")]
    digest = "sha384" if cipher.endswith("SHA384") else "sha256"
    nothing = hashlib.new(digest).digest()
    derived = expand_label(bytes.fromhex(lines[-1][2]), b"EXPORTER-Channel-Binding", nothing,
                           hashlib.new(digest).digest_size, digest)
    return expand_label(derived, b"exporter", nothing, 32, digest)


def scram(peer, user, password, spoil=False, header="n,,", binding=b"", mech="SCRAM-SHA-256"):
    """header: gs2-header; binding: channel binding data. Returns the tagged line."""
    nonce = b64(os.urandom(18))
    bare = f"n={user},r={nonce}"
    peer.send(f"s AUTHENTICATE {mech} {b64(header + bare)}\r\n")
    line = peer.line()
    if not line.startswith("+"):
        return line
    first = base64.b64decode(line[2:]).decode()
    fields = dict(part.split("=", 1) for part in first.split(","))
    assert fields["r"].startswith(nonce) and int(fields["i"]) >= 4096
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
    key = hmac.digest(salted, b"Client Key", "sha256")
    last = f"c={b64(header.encode() + binding)},r={fields['r']}"
    text = f"{bare},{first},{last}".encode()
    signature = hmac.digest(hashlib.sha256(key).digest(), text, "sha256")
    proof = bytes(32) if spoil else bytes(a ^ b for a, b in zip(key, signature))
    peer.send(b64(f"{last},p={b64(proof)}") + "\r\n")
    line = peer.line()
    if line.startswith("+"):
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        assert base64.b64decode(line[2:]).decode() == f"v={b64(hmac.digest(server_key, text, 'sha256'))}"
        peer.send("\r\n")
        line = peer.line()
    return line
