"""The Go programs below ``tools/``, each built against one version of a published module and kept until what it is made of changes.

The versions of that module cannot live in one binary, so each has requirements of its own: a .mod, and beside it the .sum.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

TOOLS = Path(__file__).parent
PROGRAMS = TOOLS.parent / ".nox" / "reference"


def go(requirements: Path, *arguments: str, module: Path = TOOLS) -> str:
    """Run the go command in the folder of a module, with the requirements named, and return what it prints.

    Its complaints go to the terminal.
    """
    flags = f"{os.environ.get('GOFLAGS', '')} -modfile={requirements.resolve()}".strip()
    environment = os.environ | {"GOFLAGS": flags}
    return subprocess.run(["go", *arguments], cwd=module, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


def built(source: Path, version: str, requirements: Path, *, module: Path = TOOLS) -> Path:
    """Return the program of a folder in its build for a version, made if need be; those that it replaces are removed.

    Programs are kept below .nox, under a name that tells what they were made of: what has not changed is not made again.
    """
    path = PROGRAMS / f"{source.name}-{version}-{_stamp(source, requirements, module)}"
    if not path.exists():
        PROGRAMS.mkdir(parents=True, exist_ok=True)
        begun = time.monotonic()
        made = path.with_suffix(".new")
        go(requirements, "build", "-trimpath", "-ldflags=-s -w", "-o", str(made), f"./{source.relative_to(module)}", module=module)
        for older in PROGRAMS.glob(f"{source.name}-{version}-*"):
            if older != made:
                older.unlink()
        made.rename(path)
        print(f"built {source.name} of {version} in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return path


def _stamp(source: Path, requirements: Path, module: Path) -> str:
    """Return a word for all that a program is made of: its sources, what it requires, and the Go that builds it."""
    digest = hashlib.sha256(go(requirements, "version", module=module).encode())
    for path in (*sorted(source.glob("*.go")), requirements, requirements.with_suffix(".sum")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]
