# SPDX-License-Identifier: MIT
"""A screen that nobody sees, of Xvfb, for a program with windows."""

import os
import subprocess


class Screen:
    """.env is what a program needs to be shown there, and at home in a folder of its own."""

    def __init__(self, home):
        ready, told = os.pipe()
        self.process = subprocess.Popen(["Xvfb", "-displayfd", str(told), "-screen", "0", "1280x900x24",
                                         "-nolisten", "tcp"], pass_fds=[told], stderr=subprocess.DEVNULL)
        os.close(told)
        with os.fdopen(ready) as pipe:
            display = pipe.readline().strip()
        assert display, "Xvfb did not start"
        self.env = {name: value for name, value in os.environ.items()
                    if name not in ("WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS")}
        self.env.update(HOME=str(home), DISPLAY=f":{display}", LC_ALL="C.UTF-8")

    def close(self):
        self.process.terminate()
        self.process.wait()
