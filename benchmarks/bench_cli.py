"""What starting the command line costs, against importing typer alone; and patching a file, against talosctl where there is one."""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.bench_patching import PATCH, configs

ROW = tuple[str, float | None, str]
REPEATS = 11
HELP = "CPU of --help, of python -c 'import typer'"
DIFF = "CPU of an offline diff, of python -c 'import typer'"
PATCHED = "CPU of machineconfig patch, of talosctl's"
CODES = {"typer": (0,), HELP: (0,), DIFF: (2,), PATCHED: (0,), "talosctl": (0,)}
LIMITS = {HELP: 2.0, DIFF: 2.0, PATCHED: 2.5}
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


def run() -> list[ROW]:
    """Return the ratios; runs alternate, so that a busy moment hits all of them."""
    talosctl = os.environ.get("TALOSPATCH_TALOSCTL", "").partition(":")[0] or shutil.which("talosctl")
    with tempfile.TemporaryDirectory() as directory:
        file, worker, patch = Path(directory, "worker.yaml"), Path(directory, "generated.yaml"), Path(directory, "patch.yaml")
        file.write_text(WORKER)
        worker.write_text(configs("1.13")["worker, 3 kB"])
        patch.write_text(PATCH)
        # What the installed script holds; -m would add what it costs itself.
        talospatch = [sys.executable, "-c", "import sys; from talospatch.cli import main; sys.argv[0] = 'talospatch'; main()"]
        patching = ["machineconfig", "patch", str(worker), "--patch", f"@{patch}"]
        commands = {
            "typer": [sys.executable, "-c", "import typer"],
            HELP: [*talospatch, "--help"],
            DIFF: [*talospatch, "diff", "-p", "bundled:containerd-metrics", "--talos", "1.13", str(file)],
        }
        if talosctl is not None:
            commands |= {PATCHED: [*talospatch, *patching, "--talos", "1.13"], "talosctl": [talosctl, *patching]}
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
    rows: list[ROW] = [_row(name, medians[name], medians["typer"]) for name in (HELP, DIFF)]
    if talosctl is None:
        return [*rows, (PATCHED, None, "there is no talosctl on the PATH, and TALOSPATCH_TALOSCTL names none")]
    return [*rows, _row(PATCHED, medians[PATCHED], medians["talosctl"])]


def _row(name: str, ours: float, yardstick: float) -> ROW:
    return name, ours / yardstick, f"{ours * 1000:.0f} ms against {yardstick * 1000:.0f} ms"
