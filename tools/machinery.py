"""Talos's published Go module, machinery, in the version of each minor, for the programs below ``tools/`` that are built against it.

python tools/machinery.py                  write the requirements of every minor again: tools/machinery/*.mod and *.sum
python tools/machinery.py 1.15=v1.15.0     write those of another minor

One Talos minor per build: its versions cannot live in one binary. Needs Go, and the Go module proxy or a module cache that has the modules.
"""

from __future__ import annotations

import sys
from pathlib import Path

from goprograms import TOOLS, go

PINS = TOOLS / "machinery"
MACHINERY = "github.com/siderolabs/talos/pkg/machinery"
OLDEST_GO = "go 1.24"  # that the programs can do with; the machinery raises it

# The newest published module of each minor. Talos 1.12 has later patch releases, but none of their modules can be had.
MINORS = {"1.11": "v1.11.6", "1.12": "v1.12.7", "1.13": "v1.13.9", "1.14": "v1.14.1"}

# Modules that this version of the machinery names and the proxy does not have, with versions that have the constants it needs of them.
REPLACED = {
    "v1.14.1": (
        "github.com/cosi-project/runtime => github.com/cosi-project/runtime v1.16.2",
        "github.com/jsimonetti/rtnetlink/v2 => github.com/jsimonetti/rtnetlink/v2 v2.2.1-0.20260317095713-310581b9c6ac",
    ),
}


def pin(minor: str, version: str, folder: Path = PINS) -> Path:
    """Write what the programs require for a version of the machinery, and return the file of it; its sums stand beside it."""
    path = folder / f"{minor}.mod"
    path.with_suffix(".sum").unlink(missing_ok=True)
    replaced = "".join(f"replace {replacement}\n\n" for replacement in REPLACED.get(version, ()))
    path.write_text(f"module talospatch/tools\n\n{OLDEST_GO}\n\n{replaced}", encoding="utf-8")
    go(path, "get", f"{MACHINERY}@{version}")
    go(path, "mod", "tidy")
    return path


def pinned(minor: str) -> Path:
    """Return the committed requirements of a minor."""
    return PINS / f"{minor}.mod"


def main(arguments: list[str]) -> None:
    """Write the requirements of the minors that are named, or of all."""
    for minor, version in (dict(argument.split("=", 1) for argument in arguments) or MINORS).items():
        pin(minor, version)
        print(f"{minor}: {version}")


if __name__ == "__main__":
    main(sys.argv[1:])
