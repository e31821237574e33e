"""Make the tables of types of each Talos minor again, from its published Go module.

python tools/typetables.py            write talospatch/machineconfig/tables/*.txt, showing what changes
python tools/typetables.py --check    change nothing, and exit 1 when something would
python tools/typetables.py 1.15=v1.15.0   also make the table of another minor, from that version of the machinery

Needs Go, and the Go module proxy or a module cache that has the modules. To add a minor for good, add its row to MINORS here, its name to
tables/find.py and its dialect to typed/dialect.py.
"""

from __future__ import annotations

import difflib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE, TABLES = ROOT / "tools" / "typetables", ROOT / "talospatch" / "machineconfig" / "tables"
MACHINERY = "github.com/siderolabs/talos/pkg/machinery"

# The newest published module of each minor. Talos 1.12 has later patch releases, but none of their modules can be had.
MINORS = {"1.11": "v1.11.6", "1.12": "v1.12.7", "1.13": "v1.13.9", "1.14": "v1.14.1"}

# Fields of later patch releases: the type, the field before which it stands, and the field. Source: the reference's answers for 1.12.11.
LATER = {"1.12": (("runtime.OOMV1Alpha1", "sampleInterval:", "strictCgroupClassOrdering:*bool:o"),)}

# Modules that this version of the machinery names and the proxy does not have, with versions that have the constants it needs of them.
REPLACED = {
    "v1.14.1": (
        "github.com/cosi-project/runtime=github.com/cosi-project/runtime@v1.16.2",
        "github.com/jsimonetti/rtnetlink/v2=github.com/jsimonetti/rtnetlink/v2@v2.2.1-0.20260317095713-310581b9c6ac",
    ),
}


def make(minor: str, version: str) -> str:
    """Build and run the program against one version of the machinery, and return what it prints."""
    with tempfile.TemporaryDirectory(prefix="typetables-") as name:
        folder = Path(name)
        shutil.copy(SOURCE / "main.go", folder)
        if version == committed_version():
            shutil.copy(SOURCE / "go.mod", folder)
            shutil.copy(SOURCE / "go.sum", folder)
        else:
            go(folder, "mod", "init", "talospatch/tools/typetables")
            for replacement in REPLACED.get(version, ()):
                go(folder, "mod", "edit", f"-replace={replacement}")
            go(folder, "get", f"{MACHINERY}@{version}")
            go(folder, "mod", "tidy")
        return with_later(minor, go(folder, "run", "."))


def committed_version() -> str:
    """Return the version that the program's own go.mod names."""
    line = next(line for line in (SOURCE / "go.mod").read_text(encoding="utf-8").splitlines() if f"{MACHINERY} v" in line)
    return line.split()[-1]


def go(folder: Path, *arguments: str) -> str:
    """Run the go command in a folder and return what it prints; its complaints go to the terminal."""
    return subprocess.run(["go", *arguments], cwd=folder, stdout=subprocess.PIPE, text=True, check=True).stdout


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
