# SPDX-License-Identifier: MIT
"""What the commands of the benchmark share: how they speak to the terminal, and how they end."""

import signal
import sys

from servers import BenchError


def say(text):
    print(text, file=sys.stderr, flush=True)


def run_command(main):
    """Exits with what main returns. SIGTERM ends it in the same way as Ctrl-C: the servers are stopped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sys.exit(main())
    except BenchError as problem:
        say(f"bench: {problem}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
