"""Build the real servers that tests run, from their published Go modules: one folder below tools/servers for each.

python tools/servers.py build [NAME...]   build those, or all; what is built already takes no time
python tools/servers.py where NAME        print the directory of its programs; exit 1 when it is not built
python tools/servers.py list              their names

A folder holds a go.mod whose tool lines name the programs, its go.sum, and Go sources where a program has no package of its own. What
comes of it is kept in the user's cache, in a directory that is named after a digest of all that, so that another checkout finds it too.
Building needs Go, and the Go module proxy or a module cache that has the modules.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SERVERS = Path(__file__).parent / "servers"
# -trimpath: what Go's own cache holds serves every checkout.
FLAGS = ("-trimpath", "-buildvcs=false", "-ldflags=-s -w")


def names() -> list[str]:
    """Return what can be built."""
    return sorted(path.parent.name for path in SERVERS.glob("*/go.mod"))


def cache() -> Path:
    """Return the directory that holds what was built."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "talospatch" / "servers"


def place(name: str) -> Path:
    """Return the directory for a server as its folder is now."""
    digest = hashlib.sha256("\0".join(FLAGS).encode())
    for path in sorted((SERVERS / name).iterdir()):
        if path.name in {"go.mod", "go.sum"} or path.suffix == ".go":
            digest.update(b"\0" + path.name.encode() + b"\0" + path.read_bytes())
    return cache() / f"{name}-{digest.hexdigest()[:16]}"


def build(name: str) -> Path:
    """Build a server, unless it is there, and return the directory of its programs. What older folders of that name gave is removed.

    Raises:
        subprocess.CalledProcessError: Go refused; what it said is on standard error.
    """
    done = place(name)
    done.parent.mkdir(parents=True, exist_ok=True)
    with (done.parent / f"{name}.lock").open("w") as lock:
        # Another checkout may be at it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.is_dir():
            return done
        with tempfile.TemporaryDirectory(dir=done.parent, prefix=f"{name}.making-") as directory:
            programs = Path(directory) / "programs"
            programs.mkdir()
            # -mod=readonly is Go's way already: a go.sum that lacks something is an error, never changed.
            subprocess.run(["go", "build", *FLAGS, "-o", f"{programs}/", "tool"], cwd=SERVERS / name, check=True)
            programs.rename(done)
        for old in done.parent.glob(f"{name}-*"):
            if old != done:
                shutil.rmtree(old, ignore_errors=True)
    return done


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build servers").add_argument("names", nargs="*", metavar="NAME")
    commands.add_parser("where", help="print where a server's programs are").add_argument("name", choices=names())
    commands.add_parser("list", help="print the names of all")
    options = parser.parse_args()
    if options.command == "list":
        print("\n".join(names()))
        return 0
    if options.command == "where":
        built = place(options.name)
        if built.is_dir():
            print(built)
        return int(not built.is_dir())
    if unknown := set(options.names) - set(names()):
        parser.error(f"no such server: {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    if shutil.which("go") is None:
        print("go is not installed: servers are built with it", file=sys.stderr)
        return 1
    for name in options.names or names():
        start = time.monotonic()
        try:
            built = build(name)
        except subprocess.CalledProcessError as error:
            print(f"{name} was not built: go exited with status {error.returncode}", file=sys.stderr)
            return 1
        print(f"{name}: {built} ({time.monotonic() - start:.1f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
