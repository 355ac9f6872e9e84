# SPDX-License-Identifier: MIT
"""SCRAM-SHA-256-PLUS: a login is bound to its TLS connection (RFC 5802 section 6, RFC 9266)."""

import re
import ssl
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost  # noqa: E402
from sasl import exporter, scram  # noqa: E402

PLUS = "SCRAM-SHA-256-PLUS"
BOUND = "p=tls-exporter,,"


@pytest.fixture(scope="module")
def server():
    with Roost(options=["log.levels=APSF", "auth.scram=yes"]) as roost:
        roost.run("account", "add", "user", "--password-stdin", stdin="pencil\n")
        yield roost


def connect(server, tmp_path, options=0, newest=ssl.TLSVersion.TLSv1_3):
    """A connection in TLS, what its exporter gives, and the mechanisms that are offered on it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = newest
    context.options |= options
    keylog = tmp_path / f"keys{len(list(tmp_path.iterdir()))}"
    context.keylog_filename = str(keylog)
    peer = server.connect("imaps")
    peer.socket = context.wrap_socket(peer.socket)
    mechs = re.findall(r"AUTH=(\S+?)[ \]]", peer.line())
    binding = exporter(keylog, peer.socket.cipher()[0]) if newest == ssl.TLSVersion.TLSv1_3 else b""
    return peer, binding, mechs


def test_a_bound_login(server, tmp_path):
    peer, binding, mechs = connect(server, tmp_path)
    assert mechs[-2:] == ["SCRAM-SHA-256", PLUS]
    assert scram(peer, "user", "pencil", header=BOUND, binding=binding, mech=PLUS).startswith("s OK ")
    peer.close()
    server.log_wait("logged in as user by SCRAM-SHA-256-PLUS")


def test_on_another_connection(server, tmp_path):
    """Somebody in between has two TLS connections, and passes on what the client says."""
    peer, binding, _ = connect(server, tmp_path)
    other, theirs, _ = connect(server, tmp_path)
    assert binding != theirs
    assert scram(peer, "user", "pencil", header=BOUND, binding=theirs, mech=PLUS) == \
        "s NO [AUTHENTICATIONFAILED] Wrong name or password"
    server.log_wait('reason=channel-binding-differs address=127.0.0.1 login="user"')
    # the same connection may try again
    assert scram(peer, "user", "pencil", header=BOUND, binding=binding, mech=PLUS).startswith("s OK ")
    peer.close()
    other.close()


def test_again_after_unauthenticate(server, tmp_path):
    """RFC 8437 section 4.2: TLS stays, and so does what its ends know."""
    peer, binding, _ = connect(server, tmp_path)
    other, theirs, _ = connect(server, tmp_path)
    for _ in range(2):
        assert scram(peer, "user", "pencil", header=BOUND, binding=binding, mech=PLUS).startswith("s OK ")
        peer.command("UNAUTHENTICATE")
    assert scram(peer, "user", "pencil", header=BOUND, binding=theirs, mech=PLUS).startswith("s NO ")
    peer.close()
    other.close()


def test_downgrade(server, tmp_path):
    """Who could bind the channel says "y" because somebody took PLUS off the list: that fails."""
    peer, _, _ = connect(server, tmp_path)
    assert scram(peer, "user", "pencil", header="y,,").startswith("s NO [AUTHENTICATIONFAILED]")
    server.log_wait("reason=channel-binding-hidden")
    assert scram(peer, "user", "pencil", header="n,,").startswith("s OK ")
    peer.close()


@pytest.mark.parametrize("header, mech, answer", [
    ("p=tls-unique,,", PLUS, "s NO [AUTHENTICATIONFAILED]"),
    ("n,,", PLUS, "s BAD "),
    ("y,,", PLUS, "s BAD "),
    (BOUND, "SCRAM-SHA-256", "s BAD "),
])
def test_flags(server, tmp_path, header, mech, answer):
    peer, binding, _ = connect(server, tmp_path)
    assert scram(peer, "user", "pencil", header=header, binding=binding, mech=mech).startswith(answer)
    peer.close()


def test_without_tls(server):
    """There is nothing to bind to, and a client that could says "y" rightly."""
    peer = server.connect()
    greeting = peer.line()
    assert "AUTH=SCRAM-SHA-256" in greeting and PLUS not in greeting
    assert scram(peer, "user", "pencil", header=BOUND, mech=PLUS) == "s NO [CANNOT] That mechanism is not offered"
    assert scram(peer, "user", "pencil", header="y,,").startswith("s OK ")
    peer.close()


def test_tls_1_2(server, tmp_path):
    """RFC 9266 section 4.2: only with an extended master secret (RFC 7627)."""
    peer, _, mechs = connect(server, tmp_path, newest=ssl.TLSVersion.TLSv1_2)
    assert mechs[-1] == PLUS
    peer.close()
    no_extended_master_secret = 1  # SSL_OP_NO_EXTENDED_MASTER_SECRET of OpenSSL 3
    peer, _, mechs = connect(server, tmp_path, options=no_extended_master_secret, newest=ssl.TLSVersion.TLSv1_2)
    assert mechs[-1] == "SCRAM-SHA-256"
    assert scram(peer, "user", "pencil", header="y,,").startswith("s OK ")
    peer.close()


def test_after_starttls(server, tmp_path):
    peer = server.connect()
    assert PLUS not in peer.line()
    peer.command("STARTTLS")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.keylog_filename = str(tmp_path / "keys")
    peer.socket = context.wrap_socket(peer.socket)
    assert any(PLUS in line for line in peer.command("CAPABILITY"))
    binding = exporter(tmp_path / "keys", peer.socket.cipher()[0])
    assert scram(peer, "user", "pencil", header=BOUND, binding=binding, mech=PLUS).startswith("s OK ")
    peer.close()
