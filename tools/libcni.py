"""Build the program that answers with libcni's own DEL, for one version of libcni or all of them.

python tools/libcni.py                 build it for every version, and print for each the variable that names the program
python tools/libcni.py 1.1.2 1.3.0     for these
python tools/libcni.py --pin           write the requirements of every version again: tools/libcni/*.mod and *.sum

What has not changed is not built again. Needs Go, and the Go module proxy or a module cache that has the modules.
"""

from __future__ import annotations

import sys
from pathlib import Path

from goprograms import TOOLS, built, go

SOURCE = TOOLS / "libcni"
MODULE = "github.com/containernetworking/cni"

# Those that tests/vectors/cni has answers of: every one of which DEL differs from the one before, and the newest of its series.
VERSIONS = ("0.8.1", "1.0.1", "1.1.2", "1.2.0", "1.2.3", "1.3.0")


def pin(version: str) -> None:
    """Write what the program requires of a version, and its sums: nothing that only libcni's own tests need."""
    path = pinned(version)
    path.with_suffix(".sum").unlink(missing_ok=True)
    path.write_text(f"module talospatch/tools/libcni\n\ngo 1.24\n\nrequire {MODULE} v{version}\n", encoding="utf-8")
    go(path, "get", f"{MODULE}/libcni@v{version}", module=SOURCE)


def pinned(version: str) -> Path:
    """Return the committed requirements of a version."""
    return SOURCE / f"{version}.mod"


def program(version: str) -> Path:
    """Return the program of a version, built if need be."""
    return built(SOURCE, version, pinned(version), module=SOURCE)


def main(arguments: list[str]) -> int:
    """Print a line VARIABLE=PROGRAM for each version, or write the requirements of all."""
    if arguments == ["--pin"]:
        for version in VERSIONS:
            pin(version)
        return 0
    if unknown := [version for version in arguments if version not in VERSIONS]:
        print(f"nothing is pinned for libcni {', '.join(unknown)}; there are {', '.join(VERSIONS)}", file=sys.stderr)
        return 1
    for version in arguments or VERSIONS:
        print(f"TALOSPATCH_LIBCNI_{version.replace('.', '_')}={program(version)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
