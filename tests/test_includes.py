# SPDX-License-Identifier: MIT
"""Includes go downward only: the table of docs/architecture.md, held against every #include."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"

# What each folder may include besides itself.
BELOW = {
    "base": set(),
    "syntax": {"base"},
    "db": {"base"},
    "net": {"base"},
    "store": {"base", "db"},
    "mailbox": {"base", "syntax", "store"},
    "auth": {"base", "store"},
    "journal": {"base", "syntax", "db"},
    "session": {"base", "net", "auth", "journal"},
}
BELOW["door"] = set(BELOW)
ALL_BELOW = set(BELOW)
FRONT_DOORS = {"imap", "lmtp", "admin", "web"}
for door in FRONT_DOORS:
    BELOW[door] = set(ALL_BELOW)
BELOW["daemon"] = ALL_BELOW | FRONT_DOORS
BELOW["cli"] = BELOW["daemon"] | {"daemon"}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def includes():
    for path in sorted(SRC.rglob("*.[ch]")) + sorted(SRC.rglob("*.def")):
        folder = path.relative_to(SRC).parts[0]
        for target in INCLUDE.findall(path.read_text()):
            yield path, folder, target


def test_every_folder_has_its_row():
    folders = {p.name for p in SRC.iterdir() if p.is_dir()}
    assert folders <= set(BELOW), f"without a row: {folders - set(BELOW)}"


def test_includes_go_down():
    wrong = []
    for path, folder, target in includes():
        where = target.split("/")[0]
        allowed = BELOW[folder] | {folder}
        if folder == "web" and target == "admin/verbs.h":
            continue
        if "/" not in target or where not in allowed:
            wrong.append(f"{path.relative_to(ROOT)} includes {target}")
    assert not wrong, "\n".join(wrong)


def test_included_files_exist():
    missing = [f"{p}: {t}" for p, _, t in includes() if not (SRC / t).exists()]
    assert not missing, "\n".join(missing)


def test_private_headers_stay_private():
    """A private header is for the files of its folder and of the folders below it."""
    wrong = []
    for path, _, target in includes():
        where = path.relative_to(SRC).parts[:-1]
        home = tuple(target.split("/")[:-1])
        if target.endswith("_private.h") and where[: len(home)] != home:
            wrong.append(f"{path.relative_to(ROOT)} includes {target}")
    assert not wrong, "\n".join(wrong)


def test_engines_stay_behind_the_seam():
    """Only the engine's own files include its headers: all others use store/*.h."""
    wrong = [
        f"{path.relative_to(ROOT)} includes {target}"
        for path, _, target in includes()
        if re.match(r"store/\w+/", target)
        and path.relative_to(SRC).parts[:2] != tuple(target.split("/")[:2])
    ]
    assert not wrong, "\n".join(wrong)


def test_no_folder_is_crowded():
    crowded = [
        str(folder.relative_to(ROOT))
        for folder in sorted(p for p in SRC.rglob("*") if p.is_dir())
        if len(list(folder.glob("*.c"))) > 20
    ]
    assert not crowded, f"split by idea: {crowded}"


def test_what_cleans_up_itself_is_born_clean():
    """An early return before the init call would free whatever lay on the stack."""
    bare = [
        f"{p.relative_to(ROOT)}: {hit}"
        for top in ("src", "tests", "bench")
        for p in sorted((ROOT / top).rglob("*.c"))
        for hit in re.findall(r"^\s*AUTO_[A-Z]+ \w+;", p.read_text(errors="replace"), re.M)
    ]
    assert not bare, "\n".join(bare)


def test_errors_are_born_empty():
    """A function may fail with a bare result code: what its caller logs is then empty, not stack."""
    declared = re.compile(r"^(?:struct|union) \w+ \{.*?^\}|^\s+(struct err \w+;)", re.M | re.S)
    bare = [
        f"{p.relative_to(ROOT)}: {hit}"
        for top in ("src", "tests", "bench")
        for p in sorted((ROOT / top).rglob("*.c"))
        for hit in declared.findall(p.read_text(errors="replace"))
        if hit
    ]
    assert not bare, "\n".join(bare)


def test_every_source_says_its_licence():
    bare = [
        str(p.relative_to(ROOT))
        for top in ("src", "tests", "bench")
        for p in sorted((ROOT / top).rglob("*.[ch]"))
        if "SPDX-License-Identifier: MIT" not in p.read_text(errors="replace")[:200]
    ]
    assert not bare, "\n".join(bare)


def test_architecture_names_every_folder():
    text = (ROOT / "docs" / "architecture.md").read_text()
    missing = [f for f in BELOW if (SRC / f).is_dir() and f"`{f}/`" not in text]
    assert not missing, f"docs/architecture.md does not mention {missing}"
