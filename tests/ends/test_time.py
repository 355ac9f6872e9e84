# SPDX-License-Identifier: MIT
"""Days of idle life in seconds: the server's time is moved by the test (Roost.advance), all settings are the
defaults, and nothing waits for a guess."""

import re
import signal
import socket
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from limits import limit  # noqa: E402
from roost_server import PASSWORD, Roost  # noqa: E402

MINUTE, HOUR, DAY = 60, 3600, 86400
STILL_HERE = "* OK Still here"


def outlook_express(server):
    """The article's client: it says DONE once, so it knows how, and then never again."""
    peer = server.connect()
    peer.line()
    for line, tag in ((f'0002 LOGIN user "{PASSWORD}"', "0002"), ('0003 SELECT "INBOX"', "0003")):
        peer.send(line + "\r\n")
        while not peer.line().startswith(tag + " OK"):
            pass
    peer.send("0004 IDLE\r\n")
    assert peer.line() == "+ idling"
    peer.send("DONE\r\n")
    assert peer.line() == "0004 OK IDLE terminated"
    peer.send("0007 IDLE\r\n")
    assert peer.line() == "+ idling"
    peer.number = server.number_of(peer)
    return peer


def ms_of(clock):
    hours, minutes, seconds, ms = re.split("[:.]", clock)
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(ms)


def test_outlook_express_stays_for_three_days():
    with Roost(options=["log.levels=SF"], accounts=["user"], clock=True) as server:
        peer = outlook_express(server)
        told = Counter()
        for hour in range(72):
            if hour % 6 == 5:
                assert server.deliver("user", f"Subject: {hour}\n\nx\n").startswith("250")
                line = peer.line()  # a keepalive that came as the hour ended counts too
                assert line in (STILL_HERE, f"* {hour // 6 + 1} EXISTS")
                told[line] += 1
            server.advance(HOUR, [peer])
            told.update(peer.lines())
        row = server.sessions()[0]
        assert row["session"] == peer.number and row["state"] == "idle" and not row["suspect"]
        assert row["idle"] >= 3 * DAY and row["acknowledged"] <= 5 * MINUTE
        assert 72 * 15 - 1 <= told.pop(STILL_HERE) <= 72 * 15 + 1  # one in four minutes
        assert set(told) <= {f"* {n} EXISTS" for n in range(1, 13)} | {f"* {n} RECENT" for n in range(1, 13)}
        assert told["* 12 RECENT"] == 1
        assert "06050" not in server.log()
        peer.close()
        assert server.journal_wait("closed-idle") == 1


def test_policy_timeout_ends_it_and_says_why():
    options = ["log.levels=APSF", "idle.policy=timeout", "idle.keepalive=0"]
    with Roost(options=options, accounts=["user"], clock=True) as server:
        peer = outlook_express(server)
        server.advance(30 * MINUTE - 1, [peer])
        assert server.sessions()[0]["state"] == "idle" and peer.lines() == []
        server.advance(2, [peer])
        assert peer.line() == "* BYE [UNAVAILABLE] Autologout; idle for too long"
        assert peer.at_end()
        number = peer.number
        server.log_wait(rf"^IMAP \S+ F 06050 {number} Removing session user - It has timed out$")
        began = re.search(rf"^IMAP (\S+) A 06157 {number} 0007 IDLE$", server.log(), re.M).group(1)
        ended = re.search(rf"^IMAP (\S+) F 06050 {number} ", server.log(), re.M).group(1)
        assert 30 * MINUTE * 1000 <= (ms_of(ended) - ms_of(began)) % (DAY * 1000) <= (30 * MINUTE + 1) * 1000
        row = server.record(number)
        assert row["reason"] == "idle-timeout" and row["account"] == "user"
        assert row["state"] == "idle" and row["idle_done"] == 0
        text = server.run("explain", str(number)).stdout
        assert "[idle] policy" in text and "RFC 2177" in text
        peer.send("DONE\r\n")  # to nobody: as the programs do that notice late
        peer.close()


def test_inactivity_and_login_time():
    with Roost(options=["log.levels=SF"], accounts=["user"], clock=True) as server:
        unknown = server.connect()
        unknown.line()
        server.advance(3 * MINUTE - 1, [unknown])
        unknown.command("NOOP")  # does not help
        server.advance(2, [unknown])
        assert unknown.line() == "* BYE [UNAVAILABLE] Too long without logging in"
        peer = server.login("user")
        number = server.number_of(peer)
        server.advance(34 * MINUTE, [peer])
        peer.command("NOOP")  # RFC 3501 section 5.4: any command resets the timer
        server.advance(35 * MINUTE - 1, [peer])
        assert len(server.sessions()) == 1
        server.advance(2, [peer])
        assert peer.line() == "* BYE [UNAVAILABLE] Autologout; no command for too long"
        server.log_wait(rf"^IMAP \S+ F 06050 {number} Removing session user - It has timed out$")
        assert server.record(number)["reason"] == "inactivity"
        for one in (unknown, peer):
            one.close()


def test_a_proxy_has_so_long_to_name_its_client():
    seconds = limit("LIMIT_PROXY_US") // 1000000
    with Roost(options=["imap.proxy_networks=127.0.0.1/32"], clock=True) as server:
        silent, slow = server.connect(), server.connect()
        slow.send(b"PROXY TCP4 192.0.2.1 ")
        numbers = [server.number_of(silent), server.number_of(slow)]
        server.advance(seconds - 1)
        assert len(server.sessions()) == 2
        server.advance(2)
        for number in numbers:
            row = server.record(number)
            assert (row["reason"], row["detail"]) == ("bad-proxy-header", f"PROXY header: not here after {seconds} s")
        late = server.connect()
        server.advance(0)
        server.advance(20 * seconds)
        assert server.journal_wait("bad-proxy-header", count=3) == 3
        for peer in (silent, slow, late):
            assert peer.at_end()
            peer.close()


def test_acknowledged_keepalives_are_looked_at_soon():
    """A client that is well is shown as such a few seconds after each keepalive, not at the next one."""
    seconds = limit("LIMIT_ACK_LOOK_US") // 1000000
    with Roost(accounts=["user"], clock=True) as server:
        peer = server.idling()
        for _ in range(300):
            server.advance(1, [peer])
            if STILL_HERE in peer.lines():
                break
        before = server.sessions()[0]["acknowledged"]
        server.advance(seconds - 1, [peer])
        assert round(server.sessions()[0]["acknowledged"] - before, 2) >= seconds - 1
        server.advance(2, [peer])
        assert server.sessions()[0]["acknowledged"] <= seconds
        server.advance(60, [peer])
        assert not server.sessions()[0]["suspect"]
        peer.close()


def test_who_does_not_read_the_goodbye():
    """It waits for a while in the server, until the client reads or the time is over. On a Unix socket, whose
    buffer does not grow: there is always more to be sent than it takes."""
    seconds = limit("LIMIT_LINGER_US") // 1000000
    with Roost(clock=True) as server:
        deaf = socket.socket(socket.AF_UNIX)
        deaf.connect(str(server.dir / "lmtp.sock"))
        deaf.sendall(b"LHLO deaf\r\n" * 6000)
        server.advance(0)
        [number] = [row["session"] for row in server.sessions()]
        server.run("kick", str(number))
        server.advance(seconds - 1)
        assert [row["session"] for row in server.sessions()] == [number]
        server.advance(2)
        assert server.record(number)["reason"] == "kicked"
        deaf.close()


def test_a_week_of_many():
    """Who idles without a mailbox, who renews every 29 minutes, who never does: all are told in the same
    second, by one line in four minutes, and nobody is lost."""
    with Roost(options=["log.levels=PSF"], accounts=["user"], clock=True) as server:
        never = [server.idling() for _ in range(4)]
        bare = server.login("user")
        bare.send("i IDLE\r\n")
        assert bare.line() == "+ idling"
        renews = server.idling()
        peers = [*never, bare, renews]
        told = [Counter() for _ in peers]
        for _ in range(7 * DAY // (29 * MINUTE)):
            server.advance(29 * MINUTE, peers)
            for peer, lines in zip(peers, told):
                lines.update(peer.lines())
            assert renews.done() == []
            renews.send("i IDLE\r\n")
            assert renews.line() == "+ idling"
        wanted = 7 * DAY // (29 * MINUTE) * 29 / 4
        for lines in told:
            assert set(lines) == {STILL_HERE} and wanted - 1 <= lines[STILL_HERE] <= wanted + 1
        assert len(server.sessions()) == len(peers)
        assert not any(row["suspect"] for row in server.sessions())
        seconds = Counter(ms_of(f"{time}.0") // 1000
                          for time in re.findall(r"^IMAP (\d\d:\d\d:\d\d)\.\d+ P 07016", server.log(), re.M))
        for second in sorted(seconds):  # an IDLE that began in their second is told one before it
            if second + 1 in seconds:
                seconds[second + 1] += seconds.pop(second)
        assert len(seconds) == DAY // (4 * MINUTE)  # the same ones every day
        assert all(count % len(peers) == 0 for count in seconds.values()), "a radio wakes once for all connections of its address"
        for peer in peers:
            peer.close()


def test_a_shorter_interval_reaches_those_that_wait():
    """Keepalives come in time for the new interval, from the silence that there is already."""
    with Roost(options=["log.levels=PSF"], accounts=["user"], clock=True) as server:
        peer = server.idling()
        server.advance(45, [peer])
        peer.lines()
        server.config.write_text(server.config.read_text() + "\n[idle]\nkeepalive = 30s\nkeepalive_min = 30s\n")
        server.process.send_signal(signal.SIGHUP)
        server.log_wait("P 07203")
        server.advance(1, [peer])  # it comes to rest
        before = len(re.findall("P 07016", server.log()))
        server.advance(300, [peer])
        assert peer.lines().count(STILL_HERE) >= 10
        silences = [int(s) for s in re.findall(r"P 07016 \d+ keepalive sent after (\d+) s", server.log())]
        assert len(silences) >= before + 9 and max(silences[1:], default=0) <= 46 and silences[-1] == 30, silences
        peer.close()
