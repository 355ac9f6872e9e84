# SPDX-License-Identifier: MIT
"""`./dev` where the packages it needs are missing: on other systems it says what is needed, and a failed
installation leaves nothing behind."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def program(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def machine(tmp_path):
    """A PATH with what ./dev needs before it has installed anything, on a machine without packages."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "env", "dirname", "sh"):
        (folder / name).symlink_to(shutil.which(name))
    return folder


def dev(folder, verb):
    env = {name: value for name, value in os.environ.items() if name != "ROOST_PACKAGES_ARE_HERE"}
    return subprocess.run([ROOT / "dev", verb], env=dict(env, PATH=str(folder)), capture_output=True, text=True,
                          timeout=60)


def test_another_system_is_told_what_is_needed(tmp_path):
    done = dev(machine(tmp_path), "build")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert "no apt-get" in lines[0]
    assert {"gcc", "meson", "libsqlite3-dev"} <= set(lines[1].split())
    assert lines[2].endswith("ROOST_PACKAGES_ARE_HERE=1 ./dev build") and len(lines) == 3


def test_a_failed_update_leaves_no_policy_behind(tmp_path):
    folder, log = machine(tmp_path), tmp_path / "log"
    program(folder, "dpkg-query", "exit 1")
    program(folder, "id", "echo 1000")
    program(folder, "apt-get", "exit 100")
    program(folder, "sudo", f'echo "$@" >> {log}\ncase "$1" in\nenv) exit 100 ;;\nesac\nexit 0')
    done = dev(folder, "build")
    assert done.returncode == 100
    calls = log.read_text().splitlines()
    assert [call for call in calls if "apt-get install" in call] == []
    if not Path("/usr/sbin/policy-rc.d").exists():
        assert calls[0] == "tee /usr/sbin/policy-rc.d"
        assert calls[-1] == "rm -f /usr/sbin/policy-rc.d"
