"""The containerds that tests run on: this machine's own, and those that ``tools/servers.py`` builds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from talospatch.cni.runtimes import libcni_of

TOOL = Path(__file__).parents[2] / "tools/servers.py"
PLUGINS = next((path for path in map(Path, ("/usr/lib/cni", "/usr/libexec/cni")) if (path / "bridge").exists()), Path("/usr/lib/cni"))
NEEDED = ("unshare", "nsenter", "setpriv", "pivot_root", "mount", "ip", "iptables", "ldd", "find", "runc")
# Names as in SERVERS, with commas between them: which of them to run on.
CHOICE = "TALOSPATCH_CONTAINERD"
# Set where the tests are to fail, and not to be skipped, when something that they need is missing.
REQUIRED = "TALOSPATCH_REQUIRE_CONTAINERD"


# Name of a containerd → its directory below tools/servers; empty for the one that the machine's distribution has.
SERVERS = {"distribution": "", "1.7": "containerd-1.7", "2.1": "containerd-2.1", "2.3": "containerd-2.3"}
# The others take minutes to build and differ little: nox -s servers runs them all.
USUAL = ("distribution", "2.3")


@dataclass(frozen=True, slots=True)
class Containerd:
    """One that can be run.

    Attributes:
        name: key of :data:`SERVERS`.
        programs: directory of its programs; None where they are in the PATH.
        version: as it says of itself, without a leading ``v``.
        go: (major, minor) of the Go it was built with, which words some errors.
    """

    name: str
    programs: Path | None
    version: str
    go: tuple[int, int]

    @property
    def libcni(self) -> str:
        """The libcni in it."""
        found = libcni_of(self.version)
        assert found, f"containerd {self.version} is not in the table"
        return found

    @property
    def heals(self) -> bool:
        """Whether its libcni goes on without a file that it cannot read."""
        major, minor, _ = self.libcni.split(".")
        return (int(major), int(minor)) >= (1, 2)

    @property
    def talos(self) -> str:
        """A Talos version whose containerd treats damage alike."""
        return "v1.14.0-rc.1" if self.heals else "v1.7.6"


def chosen() -> tuple[str, ...]:
    """Names of the containerds to run on."""
    names = tuple(name.strip() for name in os.environ.get(CHOICE, ",".join(USUAL)).split(","))
    unknown = [name for name in names if name not in SERVERS]
    assert not unknown, f"{CHOICE}: there is no {unknown[0]!r}, only {', '.join(SERVERS)}"
    return names


@cache
def missing() -> str:
    """Why no node can be made on this machine; empty when one can."""
    if sys.platform != "linux":
        return "a real containerd needs Linux"
    if os.geteuid() != 0:
        return "a real containerd needs root"
    absent = [name for name in NEEDED if shutil.which(name) is None]
    absent += [] if (PLUGINS / "bridge").exists() else [f"{PLUGINS}/bridge"]
    if absent:
        return f"not installed: {', '.join(absent)} (Debian: apt-get install runc containernetworking-plugins)"
    tried = subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "mount", "-t", "tmpfs", "none", "/tmp"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"no namespaces may be made here: {tried.stderr.strip()}" if tried.returncode else ""


@cache
def find(name: str) -> Containerd | str:
    """The containerd of that name, or why there is none."""
    if reason := missing():
        return reason
    server, programs = SERVERS[name], None
    if server:
        found = subprocess.run([sys.executable, TOOL, "where", server], capture_output=True, text=True, check=False)
        if found.returncode:
            return f"{server} is not built: python tools/servers.py build {server} (needs Go)"
        programs = Path(found.stdout.strip())
    program = str(programs / "containerd") if programs else shutil.which("containerd")
    if program is None:
        return "not installed: containerd (Debian: apt-get install containerd)"
    words = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()
    return Containerd(name, programs, words[2].removeprefix("v"), _go(program))


def _go(program: str) -> tuple[int, int]:
    """Which Go built a program: it stands in the binary's build information, as ``go1.26.8``."""
    match = re.search(rb"\xff Go buildinf:.{16,64}?go(\d)\.(\d+)", Path(program).read_bytes(), re.DOTALL)
    assert match, f"{program} was not built by Go"
    return int(match[1]), int(match[2])
