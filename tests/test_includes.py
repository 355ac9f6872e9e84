# SPDX-License-Identifier: MIT
"""What holds for the tree as a whole: includes and calls go downward, and the documents name what exists."""

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
FRONT_DOORS = {"imap", "lmtp", "policy", "admin", "web"}
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


NO_CODE = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\])*"', re.S)
FUNCTION = re.compile(r"^([^\n]*)\n(\w+)\([^;{]*?\)\n\{", re.M)
TABLE = re.compile(r"^const struct \w+ (\w+)(?:\[[^\]]*\])? =", re.M)
WORD = re.compile(r"(?<![\w.>])(?<!struct )(?<!enum )[a-z]\w+")


def calls():
    """For each .c file, the files of its folder (with the folders below it) whose functions it names."""
    code = {p: NO_CODE.sub(" ", p.read_text()) for p in sorted(SRC.rglob("*.c"))}
    home = {}
    for path, text in code.items():
        names = [name for before, name in FUNCTION.findall(text) if "static" not in before.split()]
        home.update(dict.fromkeys(names + TABLE.findall(text), path))
    top = {path: path.relative_to(SRC).parts[0] for path in code}
    return {
        path: {home[w] for w in set(WORD.findall(text)) & set(home) if home[w] != path and top[home[w]] == top[path]}
        for path, text in code.items()
    }


def circles(graph):
    """Its strongly connected components of more than one file (Tarjan)."""
    order, low, stack, found = {}, {}, [], []

    def visit(node):
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in order:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == order[node]:
            part = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(part) > 1:
                found.append(" ".join(sorted(str(p.relative_to(SRC)) for p in part)))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return found


def test_calls_go_down():
    """No files call each other in a circle: lower ones take callbacks or return results, and what they tell flows up."""
    found = circles(calls())
    assert not found, f"circles of files that call each other: {found}"


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


# Names in the documents: what stands in code font and looks like a name of this project must exist.
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
PLACEHOLDERS = {"cmd_x_parse", "cmd_x_run", "module_verb_object", "foo.c", "foo.h", "foo_private.h", "x_private.h"}
OF_OTHERS = {  # Names in other programs' configuration and code.
    "mail_fsync", "reject_unverified_recipient", "check_policy_service", "service_count", "smtpd_recipient_restrictions", "guarded_by",
    "requires_capability", "warn_unused_result", "log.txt",
}
IN_CODE_FONT = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"[\w./-]*\w\.(?:c|h|def|py|md|t|dict|service)")


def sources():
    return [p for top in ("src", "tests", "bench", "docs", "packaging") for p in sorted((ROOT / top).rglob("*")) if p.is_file()]


def known_names():
    paths = [p for p in sources() if "corpus" not in p.parts and "fixtures" not in p.parts]
    code = [p for p in paths if p.suffix in {".c", ".h", ".def", ".py", ".build", ".t"} and p != Path(__file__)]
    code += [ROOT / "dev", ROOT / "meson.build"]
    places = {p.relative_to(ROOT) for p in paths} | {Path(n) for n in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")}
    folders = {parent for p in places for parent in p.parents} | {p.relative_to(ROOT).parent for p in sources()}
    keys = re.findall(r"^CONFIG_KEY\((\w+), (\w+),", (SRC / "daemon/config_key.def").read_text(), re.M)
    return {
        "words": {w for p in code for w in re.findall(r"\w+", p.read_text(errors="replace"))},
        "limits": set(re.findall(r"\bLIMIT_\w+", (SRC / "base/limits.h").read_text())),
        "paths": {str(p) for p in places | folders},
        "names": {p.name for p in places | folders},
        "roost": set(re.findall(r'^    \{"(\w+)", cmd_', (SRC / "cli/main.c").read_text(), re.M)),
        "./dev": set(re.findall(r"^verb_(\w+)\(\)", (ROOT / "dev").read_text(), re.M)),
        "keys": {f"[{section}] {key}" for section, key in keys} | {f"[{section}]" for section, _ in keys},
    }


def is_known(text, known):
    """Whether what stands in code font exists, if it looks like something of this project; True if it does not."""
    path = text.rstrip("/")
    if text in PLACEHOLDERS | OF_OTHERS or re.search(r"[<>*~]|^/|DIR/|FOLDER|NAME|\.\.\.|^mail\.", text):
        verb = re.match(r"(roost|\./dev) ([a-z]+)", text)
        return verb is None or verb[2] in known[verb[1]]
    if match := re.match(r"(roost|\./dev) ([a-z]+)", text):
        return match[2] in known[match[1]]
    if match := re.match(r"\[\w+\]( \w+)?(?= = |$)", text):
        return match[0] in known["keys"]
    if re.fullmatch(r"[A-Z]+(_[A-Z0-9]+)+", text):
        return text in known["limits" if text.startswith("LIMIT_") else "words"]
    if FILE.fullmatch(text) or re.fullmatch(r"[a-z_]+(/[a-z_]+)*/", text):
        if "/" not in path:
            return path in known["names"]
        return any(f"{top}{path}" in known["paths"] for top in ("", "src/", "docs/", "tests/", "src/cli/", "src/journal/"))
    if match := re.fullmatch(r"(?:struct |enum )?([a-z]\w*)(\(\))?", text):
        return match[1] in known["words"] if match[2] or "_" in text or " " in text else True
    return True


def test_documents_name_what_exists():
    known = known_names()
    unknown = []
    for page in DOCUMENTS:
        text = page.read_text()
        text = re.sub(r"^## \d+\. See it done well.*", "", text, flags=re.M | re.S)  # other projects' files
        text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
        plain = FILE.findall(IN_CODE_FONT.sub("", text)) if page.name in {"invariants.md", "threads.md"} else []
        for name in IN_CODE_FONT.findall(text) + plain:
            if not is_known(name, known):
                unknown.append(f"{page.relative_to(ROOT)}: {name}")
    assert not unknown, "\n".join(sorted(set(unknown)))


def test_labels_are_given_once():
    """Rows of protocol.md and invariants.md are cited by their labels."""
    for page in ("protocol.md", "invariants.md"):
        labels = re.findall(r"^\| ((?:INV-)?[A-Z]+-?\d+) \|", (ROOT / "docs" / page).read_text(), re.M)
        twice = sorted({label for label in labels if labels.count(label) > 1})
        assert len(labels) > 30 and not twice, f"{page}: {twice}"


def test_invented_names_are_found():
    known = known_names()
    for name in ("src/net/nothing.c", "nothing.h", "net/nothing/", "LIMIT_NOTHING", "roost nothing", "roost nothing NAME",
                 "./dev nothing", "[idle] nothing", "[nothing]", "task_nothing", "nothing_at_all()", "struct nothings", "TASK_NOTHING"):
        assert not is_known(name, known), name
    for name in ("src/net/conn.c", "net/conn.c", "conn.h", "imap/names/", "LIMIT_EVENT_RING", "roost account add", "./dev test --long",
                 "[idle] policy", "[idle] policy = liveness", "task_wake()", "struct span", "DIR/reserve", "a free sentence"):
        assert is_known(name, known), name
