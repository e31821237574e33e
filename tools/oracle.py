"""Build the program that answers with Talos's own configuration code, for one Talos minor or all of them.

python tools/oracle.py                 build it for every minor, and print for each the variable that names the program
python tools/oracle.py 1.13 1.14       for these

Programs are kept below .nox, under a name that tells what they were made of: what has not changed is not made again. Needs Go.
"""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path

from machinery import MINORS, TOOLS, go, pinned

PROGRAMS = TOOLS.parent / ".nox" / "reference"


def program(minor: str) -> Path:
    """Return the program of a minor, built if need be; those that it replaces are removed."""
    path = PROGRAMS / f"oracle-{minor}-{stamp(minor)}"
    if not path.exists():
        PROGRAMS.mkdir(parents=True, exist_ok=True)
        begun = time.monotonic()
        made = path.with_suffix(".new")
        go(pinned(minor), "build", "-trimpath", "-ldflags=-s -w", "-o", str(made), "./oracle")
        for older in PROGRAMS.glob(f"oracle-{minor}-*"):
            if older != made:
                older.unlink()
        made.rename(path)
        print(f"built the reference of Talos {minor} in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return path


def stamp(minor: str) -> str:
    """Return a word for all that a program is made of: its sources, what it requires, and the Go that builds it."""
    requirements = pinned(minor)
    digest = hashlib.sha256(go(requirements, "version").encode())
    for path in (*sorted((TOOLS / "oracle").glob("*.go")), requirements, requirements.with_suffix(".sum")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def main(minors: list[str]) -> int:
    """Print a line VARIABLE=PROGRAM for each minor."""
    if unknown := [minor for minor in minors if minor not in MINORS]:
        print(f"no module is known for Talos {', '.join(unknown)}; there are {', '.join(MINORS)}", file=sys.stderr)
        return 1
    for minor in minors or MINORS:
        print(f"TALOSPATCH_ORACLE_{minor.replace('.', '_')}={program(minor)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
