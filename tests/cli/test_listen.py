# SPDX-License-Identifier: MIT
"""Where the server listens on a machine whose IPv6 is switched off."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost, binary  # noqa: E402

SWITCH_OFF = 'ip link set lo up && echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 && exec "$@"'
WITHOUT_IPV6 = ["unshare", "--net", "sh", "-c", SWITCH_OFF, "sh"]


def why_not():
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return "unshare or ip is not installed"
    done = subprocess.run([*WITHOUT_IPV6, "true"], capture_output=True, text=True)
    return f"no network namespace without IPv6: {done.stderr.strip()}" if done.returncode != 0 else None


pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


@pytest.mark.parametrize("listen", ["*:0", "127.0.0.1:0 [::1]:0", "localhost:0"])
def test_ipv4_alone(listen):
    with Roost(options=[f"imap.listen={listen}"], prefix=WITHOUT_IPV6) as server:
        assert "imap" in server.ports and "lmtp" in server.ports
        if "::1" in listen:
            server.log_wait(r"S 07217 0 ::1 is left out for imap: this machine has no IPv6")
        assert server.run("sessions").returncode == 0


def test_an_address_that_is_not_here():
    with Roost(start=False) as server:
        done = subprocess.run(
            [*WITHOUT_IPV6, binary(), "serve", "-c", str(server.config), "-o", "imap.listen=127.0.0.1:0 [2001:db8::5]:0"],
            capture_output=True, text=True, timeout=60)
        assert done.returncode == 1
        assert "[imap] listen: listen on 2001:db8::5: Cannot assign requested address" in done.stderr, done.stderr


def test_check_says_so():
    with Roost(start=False) as server:
        done = subprocess.run(
            [*WITHOUT_IPV6, binary(), "check", "-c", str(server.config), "-o", "imap.listen=127.0.0.1:0 [::1]:0"],
            capture_output=True, text=True, timeout=60)
        assert "[imap] listen: ::1 is left out, because this machine has no IPv6" in done.stdout, done.stdout
