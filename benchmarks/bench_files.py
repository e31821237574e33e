"""What patching many files costs: memory by their number, and several processes against one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.bench_offline import config

FEW, MANY = 400, 1_200
MEMORY = f"MiB that {MANY:,} files of 20 kB take more than {FEW}"
EFFORT = f"CPU of {MANY:,} files with -j 2, of -j 1"
TIME = f"wall time of {MANY:,} files with -j 2, of -j 1"
LIMITS = {MEMORY: 6.0, EFFORT: 1.6}
PATCH = "machine:\n  nodeLabels:\n    pool: a\n  certSANs: [a.example]\n"


class Cost(NamedTuple):
    """What one run took: seconds on the clock, seconds of processors, and MiB at most in one process."""

    wall: float
    cpu: float
    memory: float


def cost(*arguments: str) -> Cost:
    """Run the command line in a process of its own; one that fails is no measurement."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "talospatch", "machineconfig", "patch", *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 2:  # there are files to change
        sys.exit(f"talospatch machineconfig patch {' '.join(arguments)} ended with {process.returncode}")
    kibibytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Cost(time.monotonic() - begun, usage.ru_utime + usage.ru_stime, kibibytes / 1024)


def run() -> list[tuple[str, float, str]]:
    """Return the figures."""
    with tempfile.TemporaryDirectory() as directory:
        few, many = Path(directory, "few"), Path(directory, "many")
        for folder, number in ((few, FEW), (many, MANY)):
            folder.mkdir()
            for index in range(number):
                Path(folder, f"worker-{index}.yaml").write_text(config(20_000, index))
        how = ("-p", PATCH, "--talos", "1.13", "--check")
        cost(str(few), *how)  # byte code is written
        small, one, two = cost(str(few), *how), cost(str(many), *how), cost(str(many), *how, "-j", "2")
    each = one.cpu / MANY * 1000
    return [
        (MEMORY, one.memory - small.memory, f"{one.memory:.0f} MiB against {small.memory:.0f} MiB, all told"),
        (EFFORT, two.cpu / one.cpu, f"{two.cpu:.1f} s against {one.cpu:.1f} s, {each:.1f} ms a file"),
        (TIME, two.wall / one.wall, f"{two.wall:.1f} s against {one.wall:.1f} s on {os.cpu_count()} cores"),
    ]
