"""Make the tables of types of each Talos minor again, from its published Go module.

python tools/typetables.py            write talospatch/machineconfig/tables/*.txt, showing what changes
python tools/typetables.py --check    change nothing, and exit 1 when something would
python tools/typetables.py 1.15=v1.15.0   also make the table of another minor, from that version of the machinery

Needs Go, and the Go module proxy or a module cache that has the modules. To add a minor for good, add its row to MINORS in machinery.py,
write its requirements (python tools/machinery.py 1.15=v1.15.0), and add its name to tables/find.py and its dialect to typed/dialect.py.
"""

from __future__ import annotations

import difflib
import sys
import tempfile
from pathlib import Path

from goprograms import go
from machinery import MINORS, pin, pinned

TABLES = Path(__file__).parent.parent / "talospatch" / "machineconfig" / "tables"

# Fields of later patch releases: the type, the field before which it stands, and the field. Source: the reference's answers for 1.12.11.
LATER = {"1.12": (("runtime.OOMV1Alpha1", "sampleInterval:", "strictCgroupClassOrdering:*bool:o"),)}


def make(minor: str, version: str) -> str:
    """Build and run the program against one version of the machinery, and return what it prints."""
    if MINORS.get(minor) == version:
        return with_later(minor, go(pinned(minor), "run", "./typetables"))
    with tempfile.TemporaryDirectory(prefix="typetables-") as name:
        return with_later(minor, go(pin(minor, version, Path(name)), "run", "./typetables"))


def with_later(minor: str, table: str) -> str:
    """Return a table with the fields of later patch releases."""
    for type_, before, field in LATER.get(minor, ()):
        lines = table.split("\n")
        index = next(index for index, line in enumerate(lines) if line.startswith(f"T\t{type_}\t"))
        if f"\t{field}" not in lines[index]:
            lines[index] = lines[index].replace(f"\t{before}", f"\t{field}\t{before}")
        table = "\n".join(lines)
    return table


def difference(minor: str, old: str, new: str) -> str:
    """Return what changes in a table, a column a line, each with its type."""
    return "\n".join(difflib.unified_diff(_columns(old), _columns(new), f"{minor} committed", f"{minor} now", n=0, lineterm=""))


def _columns(table: str) -> list[str]:
    return [f"{name}: {column}" for line in table.splitlines() for name, *columns in [line.split("\t")[1:]] for column in columns]


def main(arguments: list[str]) -> int:
    """Make all tables, and say what differs."""
    check = "--check" in arguments
    minors = MINORS | dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    changed = False
    for minor, version in sorted(minors.items()):
        path = TABLES / f"{minor}.txt"
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        new = make(minor, version)
        if old == new:
            print(f"{minor}: as committed ({version})")
            continue
        changed = True
        print(difference(minor, old, new) or f"{minor}: only the order of lines differs")
        if not check:
            path.write_text(new, encoding="utf-8")
    return int(check and changed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
