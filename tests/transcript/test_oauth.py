# SPDX-License-Identifier: MIT
"""AUTH=OAUTHBEARER and XOAUTH2: logging in with signed access tokens (RFC 7628, RFC 7519)."""

import base64
import hashlib
import hmac
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from limits import limit  # noqa: E402
from roost_server import Roost  # noqa: E402

ISSUER, AUDIENCE = "https://id.example.org/", "mail"


def b64url(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else data.encode()).decode().rstrip("=")


class Key:
    """A key pair of openssl(1), with its JWK."""

    def __init__(self, folder, kind, name):
        self.kind, self.name, self.path = kind, name, folder / f"{kind}-{name}.pem"
        options = ["-algorithm", "RSA"] if kind == "RSA" else ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        self.openssl("genpkey", *options, "-out", str(self.path))
        self.public = self.openssl("pkey", "-in", str(self.path), "-pubout")
        der = self.openssl("pkey", "-in", str(self.path), "-pubout", "-outform", "DER")
        if kind == "RSA":
            modulus = self.openssl("rsa", "-in", str(self.path), "-noout", "-modulus").decode().split("=")[1].strip()
            self.jwk = {"kty": "RSA", "n": b64url(bytes.fromhex(modulus)), "e": "AQAB"}
        else:
            self.jwk = {"kty": "EC", "crv": "P-256", "x": b64url(der[-64:-32]), "y": b64url(der[-32:])}
        self.jwk.update(kid=name, use="sig")

    @staticmethod
    def openssl(*args, text=None):
        return subprocess.run(["openssl", *args], check=True, capture_output=True, input=text).stdout

    def sign(self, text, alg):
        pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"] if alg.startswith("PS") else []
        made = self.openssl("dgst", "-sha" + alg[2:], *pss, "-sign", str(self.path), text=text.encode())
        if not alg.startswith("ES"):
            return made
        numbers = re.findall(r"INTEGER +:([0-9A-F]+)", self.openssl("asn1parse", "-inform", "DER", text=made).decode())
        return b"".join(int(number, 16).to_bytes(32, "big") for number in numbers)


def claims(**more):
    """more: None takes a claim away, and a function gets the time."""
    now = int(time.time())
    made = {"iss": ISSUER, "aud": AUDIENCE, "sub": "4711", "email": "anna@localhost", "email_verified": True, "iat": now, "exp": now + 300, **more}
    made = {name: value(now) if callable(value) else value for name, value in made.items()}
    return {name: value for name, value in made.items() if value is not None}


def token(key, alg="RS256", header=None, sign=None, **more):
    """header: more of its fields; sign: makes the signature of the text instead."""
    fields = {"alg": alg, "typ": "JWT", **({"kid": key.name} if key else {}), **(header or {})}
    fields = {name: value for name, value in fields.items() if value is not None}
    text = f"{b64url(json.dumps(fields))}.{b64url(json.dumps(claims(**more)))}"
    return f"{text}.{b64url(sign(text.encode()) if sign else key.sign(text, alg))}"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    return {name: Key(folder, kind, name) for name, kind in (("one", "RSA"), ("two", "EC"), ("stranger", "RSA"))}


@pytest.fixture(scope="module")
def server(keys, tmp_path_factory):
    path = tmp_path_factory.mktemp("set") / "jwks.json"
    others = [{"kty": "oct", "k": "c2VjcmV0", "kid": "shared"}, {"kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB"},
              {"kty": "OKP", "crv": "Ed25519", "x": "AQAB"}, "nonsense"]
    path.write_text(json.dumps({"keys": [keys["one"].jwk, keys["two"].jwk, *others]}))
    options = ["log.levels=APSF", f"auth.oauth_keys={path}", f"auth.oauth_issuer={ISSUER}", f"auth.oauth_audience={AUDIENCE}"]
    with Roost(options=options, accounts=["anna", "bob"]) as roost:
        roost.jwks = path
        yield roost


def bearer(peer, text, mech="OAUTHBEARER", name="", initial=True, message=None):
    """Returns the tagged line, and the error in JSON, or None."""
    if message is None:
        message = f"n,{'a=' + name if name else ''},\1host=localhost\1port=143\1auth=Bearer {text}\1\1" \
            if mech == "OAUTHBEARER" else f"user={name}\1auth=Bearer {text}\1\1"
    line = base64.b64encode(message.encode()).decode()
    if initial:
        peer.send(f"o AUTHENTICATE {mech} {line}\r\n")
    else:
        peer.send(f"o AUTHENTICATE {mech}\r\n")
        assert peer.line() == "+ "
        peer.send(line + "\r\n")
    line = peer.line()
    if not line.startswith("+"):
        return line, None
    error = json.loads(base64.b64decode(line[2:]))
    peer.send("AQ==\r\n" if mech == "OAUTHBEARER" else "\r\n")
    return peer.line(), error


def attempt(server, text, **how):
    peer = server.connect_tls()
    assert "AUTH=OAUTHBEARER AUTH=XOAUTH2" in peer.line()
    line, error = bearer(peer, text, **how)
    if line.startswith("o OK"):
        peer.command("SELECT INBOX")
    peer.close()
    return line, error


@pytest.mark.parametrize("initial", [True, False])
@pytest.mark.parametrize("mech, name", [("OAUTHBEARER", ""), ("OAUTHBEARER", "anna"), ("OAUTHBEARER", "anna@localhost"),
                                        ("XOAUTH2", "anna"), ("XOAUTH2", "anna@localhost"), ("XOAUTH2", "")])
def test_each_form(server, keys, mech, name, initial):
    line, _ = attempt(server, token(keys["one"]), mech=mech, name=name, initial=initial)
    assert line.startswith("o OK [CAPABILITY ")
    server.log_wait(f'logged in as anna by {mech} with a token of "4711"')


@pytest.mark.parametrize("name, alg", [("one", "RS256"), ("one", "RS384"), ("one", "RS512"), ("one", "PS256"), ("two", "ES256")])
def test_each_algorithm(server, keys, name, alg):
    for header in {}, {"kid": None}, {"typ": "at+jwt"}, {"typ": "application/at+JWT"}, {"typ": "jwt"}, {"typ": None}:
        assert attempt(server, token(keys[name], alg, header))[0].startswith("o OK ")


@pytest.mark.parametrize("more", [
    {"aud": ["other", AUDIENCE]}, {"nbf": lambda now: now - 5}, {"exp": lambda now: now + 3600.5}, {"sub": None},
    {"exp": lambda now: now - limit("LIMIT_OAUTH_SKEW_S") + 40},
    {"nbf": lambda now: now + limit("LIMIT_OAUTH_SKEW_S") - 5}])
def test_claims_that_are_good(server, keys, more):
    assert attempt(server, token(keys["one"], **more))[0].startswith("o OK ")


SKEW = 2 * limit("LIMIT_OAUTH_SKEW_S")


@pytest.mark.parametrize("more, reason", [
    ({"exp": lambda now: now - SKEW}, "token-expired"), ({"exp": None}, "token-expired"),
    ({"exp": "tomorrow"}, "token-expired"), ({"nbf": lambda now: now + 3600}, "token-expired"),
    ({"nbf": "x"}, "token-expired"), ({"aud": "other"}, "token-for-other"), ({"aud": None}, "token-for-other"),
    ({"aud": [1, AUDIENCE + "s"]}, "token-for-other"), ({"iss": "https://id.example.net/"}, "token-for-other"),
    ({"iss": None}, "token-for-other"), ({"email": None}, "token-of-nobody"), ({"email": 7}, "token-of-nobody"),
    ({"email": "nobody@localhost"}, "token-of-nobody"), ({"email_verified": False}, "token-of-nobody"),
    ({"email_verified": "false"}, "token-of-nobody"),
    ({"email_verified": None}, "token-of-nobody"), ({"email_verified": "true"}, "token-of-nobody"),
    ({"cnf": {"jkt": "x"}}, "token-for-other"), ({"header": {"typ": "logout+jwt"}}, "token-for-other"),
    ({"header": {"typ": "dpop+jwt"}}, "token-for-other"), ({"header": {"typ": 7}}, "token-for-other")])
@pytest.mark.parametrize("mech", ["OAUTHBEARER", "XOAUTH2"])
def test_claims_that_are_not(server, keys, more, reason, mech):
    before = len(re.findall(f"reason={reason} ", server.log()))
    line, error = attempt(server, token(keys["one"], **more), mech=mech)
    assert line == "o NO [AUTHENTICATIONFAILED] Wrong name or password"
    assert error == ({"status": "invalid_token"} if mech == "OAUTHBEARER" else {"status": "401", "schemes": "bearer"})
    server.log_wait(f"reason={reason} address=127.0.0.1 ")
    assert len(re.findall(f"reason={reason} ", server.log())) == before + 1


def mac(secret):
    return lambda text: hmac.digest(secret, text, hashlib.sha256)


def flipped(key):
    return lambda text: bytes([key.sign(text.decode(), "RS256")[0] ^ 1]) + key.sign(text.decode(), "RS256")[1:]


@pytest.mark.parametrize("make, reason", [
    (lambda k: token(None, "none", sign=lambda text: b""), "token-algorithm"),
    (lambda k: token(k["one"], "none", sign=lambda text: b""), "token-algorithm"),
    (lambda k: token(k["one"], "NONE", sign=lambda text: b"x"), "token-algorithm"),
    (lambda k: token(k["one"], "HS256", sign=mac(k["one"].public)), "token-algorithm"),
    (lambda k: token(None, "HS256", {"kid": "shared"}, sign=mac(b"secret")), "token-algorithm"),
    (lambda k: token(k["one"], "RS256", {"alg": None}), "token-algorithm"),
    (lambda k: token(k["one"], "RS256", {"alg": 256}), "token-algorithm"),
    (lambda k: token(k["one"], "RS256", {"crit": ["exp"]}), "token-algorithm"),
    (lambda k: token(k["stranger"]), "token-key-unknown"),
    (lambda k: token(k["one"], "RS256", {"kid": "two"}), "token-key-unknown"),
    (lambda k: token(k["stranger"], "RS256", {"kid": "one"}), "token-signature"),
    (lambda k: token(k["stranger"], "RS256", {"kid": None}), "token-signature"),
    (lambda k: token(k["stranger"], "RS256", {"kid": None, "jwk": k["stranger"].jwk}), "token-signature"),
    (lambda k: token(k["one"], sign=flipped(k["one"])), "token-signature"),
    (lambda k: token(k["one"], sign=lambda text: b""), "token-signature"),
    (lambda k: token(k["two"], "ES256", sign=lambda text: bytes(64)), "token-signature"),
])
def test_what_is_not_signed_by_us(server, keys, make, reason):
    before = len(re.findall(f"reason={reason} ", server.log()))
    line, error = attempt(server, make(keys))
    assert line == "o NO [AUTHENTICATIONFAILED] Wrong name or password" and error == {"status": "invalid_token"}
    server.log_wait(f"reason={reason} ")
    assert len(re.findall(f"reason={reason} ", server.log())) == before + 1


@pytest.mark.parametrize("text", ["x", "", "a.b", "a.b.c", "..", "a.b.c.d", "e30.e30", "W10.W10.x", "e30.bnVsbA.x", "\xff.\xff.\xff",
                                  "e30.eyJhIjoxLCJhIjoxfQ.x", "e3.e30.x", "." * 3000])
def test_what_is_no_token(server, text):
    line, error = attempt(server, text)
    assert line.startswith("o NO ") and error == {"status": "invalid_request"}
    server.log_wait("reason=token-malformed")


@pytest.mark.parametrize("message", [
    "\1", "n,,", "n,,\1", "n,,\1auth=Bearer x", "n,,\1auth=Bearer x\1", "n,,auth=Bearer x\1\1", "p=tls-exporter,,\1auth=Bearer x\1\1",
    "n,b=anna,\1auth=Bearer x\1\1", "n,,\1=x\1\1", "n,,\1auth\1\1", "", "user=anna\1auth=Bearer x\1\1"])
def test_what_is_no_message(server, message):
    peer = server.connect_tls()
    peer.line()
    if message:
        assert bearer(peer, "", message=message) == ("o BAD That is not what the mechanism expects", None)
    else:
        peer.send("o AUTHENTICATE OAUTHBEARER =\r\n")
        assert peer.line().startswith("o BAD ")
    peer.close()


def test_somebody_elses(server, keys):
    for mech in "OAUTHBEARER", "XOAUTH2":
        line, error = attempt(server, token(keys["one"]), mech=mech, name="bob")
        assert line.startswith("o NO [AUTHENTICATIONFAILED]") and error
        server.log_wait('reason=not-your-account address=127.0.0.1 login="bob"')
    server.run("account", "disable", "anna")
    line, error = attempt(server, token(keys["one"]))
    assert line == "o NO [CONTACTADMIN] The account is disabled" and error
    server.run("account", "enable", "anna")


def test_how_long_one_may_be(server, keys):
    """As long as a line before login carries; a megabyte is the end of the session."""
    most = limit("LIMIT_SASL_MESSAGE")
    frame = len("n,,\1auth=Bearer \1\1")

    text = token(keys["one"])
    room = most - frame - len(text) - len("x=\1")
    peer = server.connect_tls()
    peer.line()
    whole = f"n,,\1x={'z' * room}\1auth=Bearer {text}\1\1"
    assert len(whole) == most
    assert bearer(peer, "", message=whole)[0].startswith("o OK ")
    peer.close()
    peer = server.connect_tls()
    peer.line()
    assert bearer(peer, "", message=whole.replace("x=", "x=z"))[0].startswith("o BAD ")
    peer.close()
    peer = server.connect_tls()
    peer.line()
    peer.send("o AUTHENTICATE OAUTHBEARER\r\n")
    assert peer.line() == "+ "
    try:
        peer.send(base64.b64encode(b"n,,\1auth=Bearer " + b"x" * (1 << 20) + b"\1\1") + b"\r\n")
        assert peer.line() == "* BYE [LIMIT] Command line too long"
    except ConnectionError:
        pass  # it is gone already
    assert peer.at_end()


@pytest.mark.parametrize("mech", ["OAUTHBEARER", "XOAUTH2"])
def test_wrong_ones_do_not_keep_out_a_right_one(server, keys, mech):
    """Nor do clients hear that their token is invalid when they are only too many."""
    with Roost(options=server.options, accounts=["anna"]) as own:
        wrong = token(None, "none", sign=lambda text: b"")
        for _ in range(limit("LIMIT_GUESSES")):
            line, error = attempt(own, wrong, mech=mech)
            assert line.startswith("o NO [AUTHENTICATIONFAILED]") and error
        line, error = attempt(own, wrong, mech=mech)
        assert line.startswith("o NO [LIMIT]") and error is None
        own.log_wait("reason=too-many-guesses ")
        assert attempt(own, token(keys["one"]), mech=mech)[0].startswith("o OK ")
        assert len(re.findall("too-many-guesses", own.log())) == 1


def test_a_name_is_decoded(server, keys):
    assert attempt(server, token(keys["one"]), name="anna=40localhost") == ("o BAD That is not what the mechanism expects", None)
    assert attempt(server, token(keys["one"]), name="a=2Cb")[0].startswith("o NO [AUTHENTICATIONFAILED]")
    server.log_wait('reason=not-your-account address=127.0.0.1 login="a,b"')


def test_who_hangs_up_is_refused_all_the_same(server, keys):
    before = len(re.findall("reason=token-signature", server.log()))
    peer = server.connect_tls()
    peer.line()
    message = f"n,,\1auth=Bearer {token(keys['stranger'], 'RS256', {'kid': 'one'})}\1\1"
    peer.send(f"o AUTHENTICATE OAUTHBEARER {base64.b64encode(message.encode()).decode()}\r\n")
    assert peer.line().startswith("+ ")
    peer.close()
    deadline = time.monotonic() + 10
    while len(re.findall("reason=token-signature", server.log())) == before:
        assert time.monotonic() < deadline
    # "*" instead of an acknowledgement does not cancel what was refused
    peer = server.connect_tls()
    peer.line()
    peer.send(f"o AUTHENTICATE OAUTHBEARER {base64.b64encode(message.encode()).decode()}\r\n")
    assert peer.line().startswith("+ ")
    peer.send("*\r\n")
    assert peer.line().startswith("o NO [AUTHENTICATIONFAILED]")
    peer.close()


def test_nothing_of_it_is_logged(server, keys):
    text = token(keys["one"])
    for mech in "OAUTHBEARER", "XOAUTH2":
        attempt(server, text, mech=mech)
        attempt(server, text, mech=mech, initial=False)
    log = server.log()
    assert text not in log and base64.b64encode(text.encode()).decode()[:40] not in log


def test_other_keys_after_a_reload(server, keys):
    before = server.jwks.read_text()
    peer = server.connect_tls()
    peer.line()
    assert bearer(peer, token(keys["one"]))[0].startswith("o OK ")
    count = len(re.findall("configuration reloaded", server.log()))
    server.jwks.write_text(json.dumps({"keys": [keys["stranger"].jwk]}))
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while len(re.findall("configuration reloaded", server.log())) == count:
        assert time.monotonic() < deadline
    assert attempt(server, token(keys["stranger"]))[0].startswith("o OK ")
    assert attempt(server, token(keys["one"]))[0].startswith("o NO ")
    peer.command("NOOP")
    server.jwks.write_text("not JSON")
    server.process.send_signal(signal.SIGHUP)
    server.log_wait("oauth_keys .*not JSON")
    assert attempt(server, token(keys["stranger"]))[0].startswith("o OK ")
    server.jwks.write_text(before)
    server.process.send_signal(signal.SIGHUP)
    while len(re.findall("configuration reloaded", server.log())) < count + 2:
        assert time.monotonic() < deadline + 10
    assert attempt(server, token(keys["one"]))[0].startswith("o OK ")
    server.run("account", "passwd", "anna", "--password-stdin", stdin="another\n")
    peer.command("NOOP")
    peer.close()


def test_a_reload_that_fails_changes_nothing(keys, server, tmp_path):
    """Not the certificate either."""
    pair, jwks = tmp_path / "pair.pem", tmp_path / "jwks.json"

    def renew():
        made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9",
                               "-subj", "/CN=localhost", "-keyout", "-"], check=True, capture_output=True)
        pair.write_bytes(made.stdout)

    def shown():
        peer = own.connect_tls()
        peer.line()
        made = peer.socket.getpeercert(binary_form=True)
        peer.close()
        return made

    renew()
    jwks.write_text(server.jwks.read_text())
    options = [*server.options, f"auth.oauth_keys={jwks}", f"tls.certificate={pair}", f"tls.key={pair}"]
    with Roost(options=options, accounts=["anna"]) as own:
        before = shown()
        renew()
        jwks.write_text("<html>")
        assert own.run("check", *(part for option in own.options for part in ("-o", option)), check=False).stdout.count("not JSON") == 1
        own.process.send_signal(signal.SIGHUP)
        own.log_wait("reload: .*not JSON.*nothing was changed")
        assert shown() == before
        assert attempt(own, token(keys["one"]))[0].startswith("o OK ")
        jwks.write_text(server.jwks.read_text())
        own.process.send_signal(signal.SIGHUP)
        own.log_wait("configuration reloaded")
        assert shown() != before


def test_only_where_nobody_reads_along(keys, server):
    """RFC 7628 section 3: TLS MUST be used, whatever is allowed for passwords."""
    oauth = [option for option in server.options if "oauth" in option]
    for allowed in "no", "loopback", "yes":
        with Roost(options=[*oauth, f"auth.allow_plaintext={allowed}"], accounts=["anna"]) as other:
            peer = other.connect()
            assert "OAUTH" not in peer.line()
            for mech in "OAUTHBEARER", "XOAUTH2":
                line, _ = bearer(peer, token(keys["one"]), mech=mech)
                assert line.startswith(f"o NO [PRIVACYREQUIRED] Use TLS: {'passwords' if allowed == 'no' else 'tokens'} are not")
            other.log_wait("reason=needs-tls ")
            peer.close()
            peer = other.connect_tls()
            assert "AUTH=OAUTHBEARER AUTH=XOAUTH2" in peer.line()
            assert bearer(peer, token(keys["one"]))[0].startswith("o OK ")
            peer.close()


def test_a_proxy_that_has_ended_tls(keys, server):
    """It counts if its header says so, and not if it says nothing of TLS."""
    address = bytes([192, 0, 2, 7, 192, 0, 2, 1]) + (40000).to_bytes(2, "big") + (993).to_bytes(2, "big")
    tls = b"\x20\x00\x05\x01\x00\x00\x00\x00"  # PP2_TYPE_SSL: PP2_CLIENT_SSL, nothing verified
    oauth = [option for option in server.options if "oauth" in option]
    with Roost(options=[*oauth, "imap.proxy_networks=127.0.0.0/8"], accounts=["anna"]) as other:
        for more, offered in (tls, True), (b"", False):
            peer = other.connect()
            peer.send(b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + len(address + more).to_bytes(2, "big") + address + more)
            assert ("AUTH=OAUTHBEARER" in peer.line()) == offered
            line, _ = bearer(peer, token(keys["one"]))
            assert line.startswith("o OK " if offered else "o NO [PRIVACYREQUIRED]")
            peer.close()


def test_the_host_must_be_ours(keys, server):
    """RFC 7628 section 3.2: what is configured is compared; a client need not say it."""
    with Roost(options=[*server.options, "auth.oauth_hosts=mail.example.org imap.example.org"], accounts=["anna"]) as own:
        for host, good in (("mail.example.org", True), ("IMAP.example.org", True), (None, True), ("", True), ("example.org", False),
                           ("mail.example.org imap.example.org", False), ("mail.example.org.", False)):
            said = "" if host is None else f"host={host}\1port=993\1"
            message = f"n,,\1{said}auth=Bearer {token(keys['one'])}\1\1"
            line, error = attempt(own, "", message=message)
            assert line.startswith("o OK " if good else "o NO [AUTHENTICATIONFAILED]"), host
            assert error == (None if good else {"status": "invalid_token"})
            assert attempt(server, "", message=message)[0].startswith("o OK ")  # where nothing is configured
        own.log_wait("reason=token-for-other ")


def test_not_configured(keys):
    with Roost(accounts=["anna"]) as server:
        peer = server.connect_tls()
        assert "OAUTH" not in peer.line()
        assert bearer(peer, token(keys["one"]))[0] == "o NO [CANNOT] That mechanism is not offered"
        peer.close()


MOST = limit("LIMIT_OAUTH_KEYS")


@pytest.mark.parametrize("text, options, words", [
    (None, [], "jwks.json"), ("x", [], "not JSON"), ("[]", [], "not a JWK Set"), ('{"keys": []}', [], "no RSA or EC key"),
    ('{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}', [], "no RSA or EC key"), (MOST + 1, [], f"more than {MOST} keys"),
    (100 * MOST, [], f"more than {MOST} keys"), (MOST, [], None),
    (1, ["auth.oauth_issuer="], "needs oauth_issuer"), (1, ["auth.oauth_audience="], "needs oauth_issuer"),
    (1, ["auth.oauth_claim="], "needs oauth_issuer")])
def test_settings(keys, tmp_path, text, options, words):
    path = tmp_path / "jwks.json"
    if text is not None:
        path.write_text(json.dumps({"keys": text * [keys["one"].jwk]}) if isinstance(text, int) else text)
    base = [f"auth.oauth_keys={path}", "auth.oauth_issuer=i", "auth.oauth_audience=a"]
    with Roost(start=False) as server:
        server.options = base + options
        said = server.run("check", *(part for option in server.options for part in ("-o", option)), check=False)
        assert f"{words or 'has keys that can be used'}" in said.stdout + said.stderr
        if words is None:
            server.start()
            return
        with pytest.raises(AssertionError, match=re.escape(words)):
            server.start()
        server.process.wait()
        server.process = None
