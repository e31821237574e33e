"""A machine made of namespaces: a disk that outlives boots, the power to boot it and to cut it off, and nothing left behind."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import psutil

HERE = Path(__file__).parent
CGROUPS = Path("/sys/fs/cgroup")
CGROUP_PREFIX = "talospatch-test-"
# Seconds. Generous: a busy machine is no failure.
LIMIT = 90.0
PATH = "/opt/programs:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_numbers = itertools.count(1)


def until(condition: Callable[[], object], what: str, limit: float = LIMIT) -> None:
    """Wait until a condition holds.

    Raises:
        AssertionError: it did not within ``limit`` seconds; says ``what`` was waited for.
    """
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, f"waited {limit:g} s for {what}"
        time.sleep(0.02)


class Machine:
    """One machine; a context manager.

    Its disk is memory that nobody outside sees, mounted on an empty directory. Files are reached through ``/proc``: :attr:`disk` for what
    stays, :attr:`root` for what a running node sees at ``/``.

    Attributes:
        cgroup: control group, as ``/name``, for everything that runs in there.
    """

    def __init__(self) -> None:
        self.cgroup = f"/{CGROUP_PREFIX}{os.getpid()}-{next(_numbers)}"
        self._directory = tempfile.mkdtemp(prefix="talospatch-machine-")
        self._holder = 0
        self._init = 0
        self._boot: subprocess.Popen[str] | None = None
        self._keeper: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        sweep_cgroups()
        # A session of its own, so that Ctrl-C in a terminal lets pytest finish first.
        self._keeper = subprocess.Popen(
            ["sh", HERE / "keeper.sh", self._directory, self.cgroup.lstrip("/")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            assert _line(self._keeper) == "ready", "the machine did not start"
            (unshare,) = (child for child in psutil.Process(self._keeper.pid).children() if child.children())
            self._holder = unshare.children()[0].pid
            for name in ("root", "etc/alternatives", "opt/cni/bin", "var/lib/cni", "var/lib/containerd", "var/log"):
                (self.disk / name).mkdir(parents=True)
            (self.disk / "var/run").symlink_to("../run")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def disk(self) -> Path:
        """What stays from boot to boot: ``etc``, ``opt/cni`` and ``var`` of the node."""
        return Path(f"/proc/{self._holder}/root{self._directory}")

    @property
    def root(self) -> Path:
        """The running node's ``/``."""
        assert self._init, "the machine is off"
        return Path(f"/proc/{self._init}/root")

    @property
    def is_on(self) -> bool:
        """Whether it was booted."""
        return bool(self._init)

    def boot(self, programs: Path | None = None) -> None:
        """Switch it on.

        Args:
            programs: a directory that the node has first in its PATH, as ``/opt/programs``.
        """
        assert not self._init, "the machine is on already"
        unshare = ["unshare", "--mount", "--net", "--ipc", "--uts", "--pid", "--fork", "--kill-child=KILL", "--propagation", "private"]
        self._boot = subprocess.Popen(
            [*self._enter(self._holder, "-m", "-p"), *unshare, "sh", HERE / "boot.sh", self._directory, programs or ""],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            env={"PATH": PATH},
        )
        if _line(self._boot) != "booted":
            raise AssertionError(f"the machine did not boot: {self._boot.communicate()[1]}")
        self._init = psutil.Process(self._boot.pid).children()[0].children()[0].pid

    def cut_power(self) -> None:
        """Switch it off without warning: every process ends, /run and the network are gone, and the disk stays as it is."""
        assert self._boot is not None
        os.kill(self._init, signal.SIGKILL)
        self._boot.communicate(timeout=LIMIT)
        self._init, self._boot = 0, None

    def command(self, argv: Sequence[str | Path]) -> list[str | Path]:
        """How to run a command in all of the running node's namespaces, from outside."""
        return [*self._enter(self._init, "-m", "-n", "-i", "-u", "-p"), *argv]

    def in_network(self, argv: Sequence[str | Path]) -> list[str | Path]:
        """How to run a program of this machine in the running node's network alone."""
        return [*self._enter(self._init, "-n"), *argv]

    def run_in_node(self, argv: Sequence[str | Path], *, check: bool = True, timeout: float = LIMIT) -> subprocess.CompletedProcess[str]:
        """Run a command on the running node, as root there, and wait for it.

        Raises:
            AssertionError: it failed; says what it wrote. Not with ``check`` False.
        """
        done = subprocess.run(
            self.command(argv),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
            timeout=timeout,
            cwd="/",
            env={"PATH": PATH},
        )
        assert not check or done.returncode == 0, f"{' '.join(map(str, argv))}: {done.returncode}: {done.stdout}{done.stderr}"
        return done

    def close(self) -> None:
        """End everything. Safe to call twice."""
        if self._keeper is not None:
            assert self._keeper.stdin is not None
            self._keeper.stdin.close()
            self._keeper.wait(LIMIT)
            assert self._keeper.stdout is not None
            self._keeper.stdout.close()
            self._keeper = None
        if self._boot is not None:
            self._boot.communicate(timeout=LIMIT)
            self._init, self._boot = 0, None
        with contextlib.suppress(FileNotFoundError):
            Path(self._directory).rmdir()

    @staticmethod
    def _enter(process: int, *namespaces: str) -> list[str | Path]:
        return ["nsenter", "--target", str(process), *namespaces, "--"]


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def sweep_cgroups() -> None:
    """Remove control groups of machines whose keeper could not: of test runs that are over. Nothing else outlives a run."""
    for path in (*CGROUPS.glob(f"{CGROUP_PREFIX}*"), *CGROUPS.glob(f"*/{CGROUP_PREFIX}*")):
        owner = path.name.removeprefix(CGROUP_PREFIX).partition("-")[0]
        if psutil.pid_exists(int(owner)):
            continue
        # The keeper of a test that was killed just now may be at it as well: what it removes vanishes under us.
        with contextlib.suppress(OSError):
            for directory in sorted((path, *(found for found in path.rglob("*") if found.is_dir())), reverse=True):
                directory.rmdir()
