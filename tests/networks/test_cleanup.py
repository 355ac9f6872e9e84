# SPDX-License-Identifier: MIT
"""The tests of networks leave nothing behind, wherever they fail, and say why they were skipped."""

import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

import forgetful  # noqa: E402
import test_networks  # noqa: E402
from roost_server import Roost  # noqa: E402


def left():
    """Namespaces, threads, descriptors and child processes of this process."""
    names = [line.split()[0] for line in forgetful.sh("ip", "netns", "list").stdout.splitlines()
             if line.startswith(f"roost-{os.getpid()}-")]
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text()
    return names, threading.active_count(), len(os.listdir("/proc/self/fd")), children


@pytest.fixture(params=sorted(forgetful.ROUTERS))
def kind(request):
    why = forgetful.why_not(request.param)
    if why is not None:
        pytest.skip(f"NOT TESTED: what is left of a failed {request.param} router: {why}")
    return request.param


def test_a_router_that_fails_at_any_step(kind, monkeypatch):
    """The Nth command fails, for N = 1, 2, 3 until it succeeds."""
    real, calls = forgetful.sh, []
    before = left()

    def sh(*args, check=True, **more):
        calls.append(args)
        if check and len(calls) == failing:
            raise AssertionError(f"{args}: made to fail")
        return real(*args, check=check, **more)

    for failing in range(1, 100):
        calls.clear()
        with monkeypatch.context() as patch:
            patch.setattr(forgetful, "sh", sh)
            try:
                router = forgetful.ROUTERS[kind]({1: (1, "drop")}, 2)
            except AssertionError as failure:
                assert "made to fail" in str(failure)
                router = None
        if router is not None:
            router.close()
        assert left() == before, f"after command {failing}: {calls[failing - 1] if router is None else 'none failed'}"
        if router is not None:
            break
    assert failing > 8


def test_a_world_that_fails(kind, monkeypatch):
    """The server does not start, or a client cannot log in: no namespace, process or thread stays."""
    before = left()
    with monkeypatch.context() as patch:
        patch.setattr(Roost, "start", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            test_networks.World(kind)
    assert left() == before
    with monkeypatch.context() as patch:
        patch.setattr(test_networks, "PASSWORD", "wrong")
        with pytest.raises(AssertionError):
            test_networks.World(kind)
    assert left() == before


def test_namespaces_of_a_run_that_was_killed(kind):
    gone = subprocess.Popen(["true"])
    gone.wait()
    name = f"roost-{gone.pid}-0-server"
    forgetful.sh("ip", "netns", "add", name)
    forgetful.sweep()
    assert name not in forgetful.sh("ip", "netns", "list").stdout


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv (util-linux)")
def test_skipped_where_namespaces_cannot_be_made():
    """Root in a container without CAP_SYS_ADMIN."""
    done = subprocess.run(
        ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", sys.executable, "-m", "pytest", "-q", "-rs", "-p",
         "no:cacheprovider", str(Path(test_networks.__file__)), "-k", "test_good_network"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and re.search(r"\b2 skipped", done.stdout), done.stdout + done.stderr
    assert "NOT TESTED: networks that forget" in done.stdout and "network namespaces cannot be made here" in done.stdout, done.stdout
