# SPDX-License-Identifier: MIT
"""The PROXY protocol: written by hand, cut anywhere, wrong, and by Debian's haproxy."""

import json
import shutil
import socket
import ssl
import struct
import subprocess
import time

import pytest

from conftest import message
from roost_server import PASSWORD, Peer, Roost

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V4 = socket.inet_aton("192.0.2.7") + socket.inet_aton("198.51.100.1") + struct.pack(">HH", 50123, 143)
SSL = b"\x20\x00\x0f\x01\0\0\0\0\x21\x00\x07TLSv1.3"


def v2(body=V4, fields=b"", head=b"\x21\x11"):
    return SIGNATURE + head + struct.pack(">H", len(body) + len(fields)) + body + fields


def v1(address="192.0.2.7"):
    return f"PROXY TCP4 {address} 198.51.100.1 50123 143\r\n".encode()


@pytest.fixture(scope="module")
def proxied():
    networks = [f"{service}.proxy_networks=127.0.0.1/32 10.0.0.0/8" for service in ("imap", "imaps", "lmtp")]
    with Roost(accounts=["anna", "bert"], options=[*networks, "limits.max_connections_per_address=3"]) as roost:
        roost.silent = socket.create_connection(("127.0.0.1", roost.ports["imap"]))
        roost.silent_since = time.monotonic()
        yield roost


def connect(server, first, service="imap"):
    peer = Peer(server.ports[service])
    peer.send(first)
    return peer


def sessions(server):
    rows = server.run("sessions", "--json").stdout.splitlines()
    return [json.loads(row) for row in rows]


def find(server, account):
    return next(row for row in sessions(server) if row["account"] == account)


def over_tls(server, sock):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(sock)


@pytest.mark.parametrize("fields", [b"", SSL])
def test_no_channel_to_bind_to(fields):
    """The proxy may have ended the client's TLS and begun its own: the client would bind to another one."""
    with Roost(options=["imaps.proxy_networks=127.0.0.1/32", "auth.scram=yes"]) as server:
        server.run("account", "add", "anna", "--password-stdin", stdin="pencil\n")
        peer = connect(server, v2(fields=fields), "imaps")
        peer.socket = over_tls(server, peer.socket)
        greeting = peer.line()
        assert "AUTH=SCRAM-SHA-256]" in greeting and "SCRAM-SHA-256-PLUS" not in greeting
        peer.close()



@pytest.mark.parametrize("header", [v1(), v2(), v2(fields=SSL), b"PROXY UNKNOWN whatever\r\n",
                                    v2(b"", head=b"\x20\x00")])
def test_octet_by_octet(proxied, header):
    with socket.create_connection(("127.0.0.1", proxied.ports["imap"])) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in header + b"a NOOP\r\n":
            sock.sendall(bytes([octet]))
            time.sleep(0.002)
        stream = sock.makefile("rb")
        assert stream.readline().startswith(b"* OK [CAPABILITY")
        assert stream.readline() == b"a OK NOOP completed\r\n"


def test_header_and_first_command_in_one_packet(proxied):
    peer = connect(proxied, v2(fields=SSL) + f'a LOGIN anna "{PASSWORD}"\r\nb SELECT INBOX\r\n'.encode())
    greeting = peer.line()
    assert "STARTTLS" not in greeting and "AUTH=PLAIN" in greeting
    while not peer.line().startswith("b OK"):
        pass
    row = find(proxied, "anna")
    assert row["peer"] == "192.0.2.7:50123" and row["tls"]
    peer.command("LOGOUT")
    record = proxied.log_wait(r"end logout by=client account=anna .*")
    assert "peer=192.0.2.7" in record.group(0), record.group(0)


def test_password_needs_tls_although_the_proxy_is_local(proxied):
    for header in (v1(), v2(), v2(fields=b"\x20\x00\x05\x00\0\0\0\0")):
        peer = connect(proxied, header)
        assert "LOGINDISABLED" in peer.line()
        peer.command(f'LOGIN anna "{PASSWORD}"', expect="NO")
        assert "PRIVACYREQUIRED" in peer.last
        peer.command("LOGOUT")


def test_proxys_own_connection_is_its_own(proxied):
    peer = connect(proxied, v2(b"", head=b"\x20\x00"))
    peer.line()
    peer.command(f'LOGIN bert "{PASSWORD}"')
    assert find(proxied, "bert")["peer"].startswith("127.0.0.1:")
    peer.command("LOGOUT")


def test_imaps_header_comes_before_tls(proxied):
    for wait in (0, 0.1):
        sock = socket.create_connection(("127.0.0.1", proxied.ports["imaps"]))
        sock.sendall(v1("198.51.100.77"))
        time.sleep(wait)
        with over_tls(proxied, sock) as tls:
            stream = tls.makefile("rb")
            assert b"* OK" in stream.readline()
            tls.sendall(f'a LOGIN anna "{PASSWORD}"\r\n'.encode())
            assert stream.readline().startswith(b"a OK")
            row = find(proxied, "anna")
            assert row["peer"] == "198.51.100.77:50123" and row["tls"]


def test_imaps_header_and_handshake_in_one_packet(proxied):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(came, goes)
    with socket.create_connection(("127.0.0.1", proxied.ports["imaps"])) as sock:
        first = v2()
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                sock.sendall(first + goes.read())
                first = b""
                came.write(sock.recv(65536))
        sock.sendall(goes.read())
        while True:
            try:
                assert tls.read().startswith(b"* OK")
                break
            except ssl.SSLWantReadError:
                came.write(sock.recv(65536))


def test_lmtp(proxied):
    text = message(1).replace("\n", "\r\n")
    peer = connect(proxied, v1() + b"LHLO test\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<bert@localhost>\r\n"
                   b"DATA\r\n", "lmtp")
    for want in ("220", "250", "250", "250", "354"):
        assert peer.reply().startswith(want)
    peer.send(text.replace("\r\n.", "\r\n..") + ".\r\nQUIT\r\n")
    assert peer.reply().startswith("250")
    proxied.log_wait(r"LMTP .* end quit .*peer=192\.0\.2\.7")


@pytest.mark.parametrize("first", [b"a NOOP\r\n", b"\r\n\r\n\0\r\nQUIT\r", v2(head=b"\x31\x11"),
                                   b"PROXY TCP4 here there 1 2\r\n", b"\x16\x03\x01\x00\xa5\x01"])
def test_wrong_header(proxied, first):
    before = proxied.log().count("end bad-proxy-header")
    peer = connect(proxied, first)
    assert peer.at_end() and peer.buffer == b""
    deadline = time.monotonic() + 10
    while proxied.log().count("end bad-proxy-header") == before:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    proxied.log_wait("It has no valid PROXY header")
    proxied.journal_wait("bad-proxy-header")


def test_closed_inside_the_header(proxied):
    for first in (b"", b"PROXY TC", SIGNATURE[:7]):
        connect(proxied, first).close()
    proxied.log_wait("end closed-before-login")


def test_others_are_never_believed(proxied):
    """127.0.0.2 is no proxy: its header is a bad command, and it need not send any."""
    with socket.create_connection(("127.0.0.1", proxied.ports["imap"]), source_address=("127.0.0.2", 0)) as sock:
        stream = sock.makefile("rb")
        assert stream.readline().startswith(b"* OK")
        sock.sendall(v1())
        assert b" BAD " in stream.readline()
        sock.sendall(f'a LOGIN anna "{PASSWORD}"\r\n'.encode())
        assert stream.readline().startswith(b"a OK")
        assert find(proxied, "anna")["peer"].startswith("127.0.0.2:")


def test_limit_counts_clients_and_not_the_proxy(proxied):
    held = [connect(proxied, v1("203.0.113.5")) for _ in range(3)]
    assert all(peer.line().startswith("* OK") for peer in held)
    assert "[LIMIT]" in connect(proxied, v1("203.0.113.5")).line()
    others = [connect(proxied, v1(f"203.0.113.{n}")) for n in range(10, 20)]
    assert all(peer.line().startswith("* OK") for peer in others)
    for peer in held + others:
        peer.close()


def test_shutdown_does_not_wait_for_a_header():
    with Roost(options=["imap.proxy_networks=127.0.0.0/8"]) as roost:
        peers = [connect(roost, first) for first in (b"", b"PROXY", SIGNATURE)]
        began = time.monotonic()
        assert roost.stop() == 0
        assert time.monotonic() - began < 5
        assert all(peer.at_end() and peer.buffer == b"" for peer in peers)


# ---- haproxy ----

HAPROXY = """
global
    maxconn 200
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
{sections}
"""

SECTION = """
listen {name}
    bind 127.0.0.1:{port} {tls}
    server roost 127.0.0.1:{to} {send} check inter 200ms
"""


def free_ports(count):
    """Different ones: haproxy would share a port that is there twice."""
    socks = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [sock.getsockname()[1] for sock in socks]
    for sock in socks:
        sock.close()
    return ports


@pytest.fixture(scope="module")
def haproxy(proxied, tmp_path_factory):
    if shutil.which("haproxy") is None:
        pytest.skip("haproxy is not installed (./dev test installs it)")
    folder = tmp_path_factory.mktemp("haproxy")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days",
                    "2", "-keyout", folder / "pem", "-out", folder / "cert"], check=True, capture_output=True)
    with open(folder / "pem", "a") as pem:
        pem.write((folder / "cert").read_text())
    kinds = (("v1", "send-proxy", ""), ("v1-tls", "send-proxy", "ssl"), ("v2", "send-proxy-v2", ""),
             ("v2-tls", "send-proxy-v2", "ssl"), ("v2-ssl", "send-proxy-v2-ssl", "ssl"),
             ("v2-ssl-cn", "send-proxy-v2-ssl-cn proxy-v2-options crc32c,unique-id", "ssl"))
    ports = dict(zip((name for name, _, _ in kinds), free_ports(len(kinds))))
    sections = ""
    for name, send, tls in kinds:
        sections += SECTION.format(name=name, port=ports[name], to=proxied.ports["imap"], send=send,
                                   tls=f"ssl crt {folder}/pem" if tls else "")
    (folder / "cfg").write_text(HAPROXY.format(sections=sections))
    process = subprocess.Popen(["haproxy", "-f", folder / "cfg", "-db"], stdout=subprocess.DEVNULL,
                               stderr=open(folder / "log", "w"))
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", ports["v2-ssl-cn"])).close()
            break
        except ConnectionError:
            assert time.monotonic() < deadline and process.poll() is None, (folder / "log").read_text()
            time.sleep(0.05)
    yield ports
    process.terminate()
    process.wait(timeout=10)


@pytest.mark.parametrize("name", ["v1", "v1-tls", "v2", "v2-tls", "v2-ssl", "v2-ssl-cn"])
def test_haproxy(proxied, haproxy, name):
    """The client is 127.0.0.9, which is this machine: it may log in without TLS, so that what is
    known of TLS is seen in the capabilities and in `roost sessions`."""
    known = "ssl" in name  # only this field says that TLS ends at the proxy
    sock = socket.create_connection(("127.0.0.1", haproxy[name]), source_address=("127.0.0.9", 0), timeout=30)
    mine = sock.getsockname()[1]
    peer = Peer.__new__(Peer)
    peer.socket = over_tls(proxied, sock) if "tls" in name or known else sock
    peer.buffer, peer.tags = b"", 0
    assert ("STARTTLS" in peer.line()) is not known
    peer.command(f'LOGIN bert "{PASSWORD}"')
    peer.command("SELECT INBOX")
    row = find(proxied, "bert")
    assert row["peer"] == f"127.0.0.9:{mine}" and row["tls"] is known
    peer.send("i IDLE\r\n")
    assert peer.line().startswith("+")
    assert connect(proxied, v1() + b"LHLO x\r\n", "lmtp").reply().startswith("220")
    peer.send("DONE\r\n")
    assert peer.line().startswith("i OK")
    peer.command("LOGOUT")
    peer.close()


def test_silence_has_an_end(proxied):
    """A peer in a proxy's network that says nothing: no greeting, and gone after ten seconds."""
    proxied.silent.settimeout(30)
    assert proxied.silent.recv(10) == b""
    assert time.monotonic() - proxied.silent_since > 9.5
    proxied.log_wait("not here after 10 s")
