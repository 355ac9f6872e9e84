# SPDX-License-Identifier: MIT
"""The table: medians of all servers, Roost against the better peer, target, verdict."""

import json
import os
import platform
import statistics
from pathlib import Path

OURS = ("roost", "roost-beside")


def median(values):
    return statistics.median(values) if values else None


def show(value):
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.3f}"


class Report:
    """values[line key][server name]: a list, one a run; failures[(row key, server name)]: text."""

    def __init__(self, servers):
        self.names = [server.name for server in servers]
        self.values = {}
        self.failures = {}

    def add(self, server, figures):
        for key, value in figures.items():
            self.values.setdefault(key, {}).setdefault(server.name, []).append(value)

    def fail(self, row, server, text):
        self.failures[(row.key, server.name)] = text

    def best_peer(self, line):
        peers = [median(values) for name, values in self.values.get(line.key, {}).items()
                 if name not in OURS]
        if not peers:
            return None
        return max(peers) if line.better == "high" else min(peers)

    def ratio(self, line):
        """To the better peer; without peers, to the build that stands beside."""
        of = self.values.get(line.key, {})
        own, best = median(of.get("roost", [])), self.best_peer(line)
        if best is None:
            best = median(of.get("roost-beside", []))
        return f"{own / best:.2f}" if own is not None and best else "-"

    def columns(self):
        """Servers that have figures: an extra one may have had no row."""
        return [name for name in self.names
                if any(name in of for of in self.values.values())
                or any(name == failed for _, failed in self.failures)]

    def line_cells(self, row, line):
        """(cells, verdict) of one line; verdict is True, False or None."""
        of = self.values.get(line.key, {})
        cells = [f"{line.title}, {line.unit}"]
        for name in self.columns():
            if (row.key, name) in self.failures:
                cells.append("failed")
            else:
                cells.append(show(median(of.get(name, []))))
        own, best = median(of.get("roost", [])), self.best_peer(line)
        cells.append(self.ratio(line))
        cells.append(line.target.text() if line.target else "")
        verdict = line.target.met(own, best) if line.target else None
        cells.append({True: "pass", False: "MISS", None: ""}[verdict])
        return cells, verdict

    def print_table(self, rows, out):
        head = ["work", *self.columns(), "ratio", "target", ""]
        table = [self.line_cells(row, line)[0] for row in rows for line in row.lines]
        widths = [max(len(cells[i]) for cells in [head, *table]) for i in range(len(head))]

        def put(cells):
            text = [cells[0].ljust(widths[0])]
            text += [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:])]
            print("  ".join(text).rstrip(), file=out)

        put(head)
        put(["-" * width for width in widths])
        for cells in table:
            put(cells)
        for (key, name), text in self.failures.items():
            print(f"failed: {key} on {name}: {text}", file=out)

    def misses(self, rows):
        return [line.key for row in rows for line in row.lines
                if self.line_cells(row, line)[1] is False]

    def write_json(self, path, rows, versions, settings):
        lines = {}
        for row in rows:
            for line in row.lines:
                lines[line.key] = {
                    "title": line.title,
                    "unit": line.unit,
                    "runs": self.values.get(line.key, {}),
                    "median": {name: median(values)
                               for name, values in self.values.get(line.key, {}).items()},
                    "target": line.target.text() if line.target else None,
                    "met": self.line_cells(row, line)[1],
                }
        Path(path).write_text(json.dumps({
            "machine": {"system": platform.platform(), "cpus": os.cpu_count()},
            "versions": versions,
            "settings": settings,
            "lines": lines,
            "failures": [{"row": key, "server": name, "text": text}
                         for (key, name), text in self.failures.items()],
        }, indent=2) + "\n")
