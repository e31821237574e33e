"""Build the program that answers with Talos's own configuration code, for one Talos minor or all of them.

python tools/oracle.py                 build it for every minor, and print for each the variable that names the program
python tools/oracle.py 1.13 1.14       for these

What has not changed is not built again. Needs Go.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from goprograms import TOOLS, built
from machinery import MINORS, pinned

if TYPE_CHECKING:
    from pathlib import Path


def program(minor: str) -> Path:
    """Return the program of a minor, built if need be."""
    return built(TOOLS / "oracle", minor, pinned(minor))


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
