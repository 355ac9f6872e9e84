# SPDX-License-Identifier: MIT
"""Clients that come back and ask what has changed: after a restart of the server, below the oldest
expunge that it still knows, and in a small and a large mailbox. docs/benchmark.md says more."""

import statistics
import time

from servers import BenchError, Roost

USER = 1
EXPUNGED = 100      # by each of the two batches of resync-mark
FORGET_SECONDS = 60
SIZES_REPEAT = 40   # the figures are small, and it is their ratio that counts


def copied(context, server, name, times, numbers="1:*"):
    """Copies of messages of the large mailbox, made anew."""
    context.fill(server, USER, "big", context.big)
    context.load(server, "copy", user=USER, mailbox="big", target=name, set=numbers, repeat=times,
                 keep=True)


def mark(context, server, mailbox):
    """What a client knows of a mailbox that has changed since: the options of resync-back."""
    known = context.load(server, "resync-mark", user=USER, mailbox=mailbox)[0]
    return {"mailbox": mailbox, "uidvalidity": known["uidvalidity"], "modseq": known["modseq"]}


def restarted(context, server, known):
    """The first SELECT of a server that has just been started, nothing in its memory."""
    server.stop()
    server.start()
    return context.load(server, "resync-back", user=USER, **known)[0]


def measure_start(context, server):
    copied(context, server, "return", 2)
    known = mark(context, server, "return")
    times = [restarted(context, server, known)["p50_ms"] for _ in range(context.repeat)]
    figures = {"resync-start": statistics.median(times)}
    if isinstance(server, Roost):
        forget(context, server, known)
        back = [restarted(context, server, known) for _ in range(context.repeat)]
        if any(one["count"] != 2 * EXPUNGED for one in back):
            raise BenchError("resync-floor: VANISHED does not name all that is missing")
        figures["resync-floor"] = statistics.median(one["p50_ms"] for one in back)
    return figures


def forget(context, server, known):
    """Until the server has forgotten the expunges: VANISHED then names all that is missing, also what
    was expunged before the client last looked."""
    options = server.options
    server.options = (*options, "store.undelete=0", "store.undelete_max=0", "store.purge_every=1s")
    try:
        until = time.monotonic() + FORGET_SECONDS
        while restarted(context, server, known)["count"] < 2 * EXPUNGED:
            if time.monotonic() > until:
                raise BenchError("resync-floor: the expunges are not forgotten")
            time.sleep(3)
    finally:
        server.options = options


def measure_sizes(context, server):
    """The same changes in a mailbox and in one of ten times the size."""
    figures = {"qresync-size": [], "changedsince-size": []}
    copied(context, server, "return-10", 2)
    copied(context, server, "return-1", 1, f"1:{context.big // 5}")
    for _ in range(3):
        small, large = (context.load(server, "resync", user=USER, mailbox=name, repeat=SIZES_REPEAT)
                        for name in ("return-1", "return-10"))
        for index, key in enumerate(figures):
            figures[key].append(large[index]["p50_ms"] / small[index]["p50_ms"])
    return {key: statistics.median(values) for key, values in figures.items()}
