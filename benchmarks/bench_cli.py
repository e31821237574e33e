"""What starting the command line costs, against what importing typer alone costs."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

REPEATS = 11
HELP = "CPU of --help, of python -c 'import typer'"
DIFF = "CPU of an offline diff, of python -c 'import typer'"
CODES = {"typer": (0,), HELP: (0,), DIFF: (2,)}
LIMITS = {HELP: 2.0, DIFF: 2.0}
WORKER = """version: v1alpha1
machine:
  type: worker
  kubelet: {}
  network:
    hostname: worker-1
"""


def cpu(command: list[str], environment: dict[str, str], codes: tuple[int, ...]) -> float:
    """Return user and system time of one run of a command, in seconds; one that fails is no measurement."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in codes:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode()}")
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def run() -> list[tuple[str, float, str]]:
    """Return the two ratios; runs alternate, so that a busy moment hits all of them."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "worker.yaml")
        file.write_text(WORKER)
        # What the installed script holds; -m would add what it costs itself.
        talospatch = [sys.executable, "-c", "import sys; from talospatch.cli import main; sys.argv[0] = 'talospatch'; main()"]
        commands = {
            "typer": [sys.executable, "-c", "import typer"],
            HELP: [*talospatch, "--help"],
            DIFF: [*talospatch, "diff", "-p", "bundled:containerd-metrics", "--talos", "1.13", str(file)],
        }
        # As installed: with byte code, in a place of its own, written by the first runs. Where we are told not to write any, every run
        # would compile our modules anew, and never typer's.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = directory
        for name, command in commands.items():
            cpu(command, environment, CODES[name])
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(REPEATS):
            for name, command in commands.items():
                times[name].append(cpu(command, environment, CODES[name]))
    medians = {name: statistics.median(values) for name, values in times.items()}
    typer = medians.pop("typer")
    return [(name, median / typer, f"{median * 1000:.0f} ms against {typer * 1000:.0f} ms") for name, median in medians.items()]
