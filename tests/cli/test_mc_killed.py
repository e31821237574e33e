"""``machineconfig patch -i`` is killed in the middle of many files: each is what it was or what it was to be, and a second run ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from mc_samples import PATCH, patched, worker

from talospatch.cli.run import run

FILES = 80
FILLER = "".join(f"  # remark {number}, as generated files have many\n" for number in range(400))
NAMES = [f"worker-{number:03}" for number in range(FILES)]


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    """Many files of some size."""
    for name in NAMES:
        Path(tmp_path, f"{name}.yaml").write_text(worker(name, FILLER))
    return tmp_path


def old_or_new(directory: Path) -> int:
    """Return how many of the files are new; every one must be that or old, and whole."""
    texts = {name: Path(directory, f"{name}.yaml").read_text() for name in NAMES}
    new = [name for name in NAMES if texts[name] == patched(name, FILLER)]
    assert {name for name in NAMES if texts[name] != worker(name, FILLER)} == set(new)
    return len(new)


@pytest.mark.parametrize(
    ("number", "jobs"), [(signal.SIGKILL, "1"), (signal.SIGKILL, "2"), (signal.SIGINT, "1"), (signal.SIGINT, "2"), (signal.SIGTERM, "2")]
)
def test_each_file_is_old_or_new(configs: Path, number: int, jobs: str) -> None:
    """Killed as soon as the first file has changed; whether all have by then is up to the machine."""
    first = Path(configs, f"{NAMES[0]}.yaml")
    before = first.stat().st_ino
    command = [sys.executable, "-m", "talospatch", "mc", "patch", str(configs), "-p", PATCH, "--talos", "1.13", "-i", "-j", jobs]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0) as client:
        while first.stat().st_ino == before and client.poll() is None:
            time.sleep(0.001)
        helpers = psutil.Process(client.pid).children() if client.poll() is None else []
        if number == signal.SIGKILL:
            client.kill()
        else:
            os.killpg(client.pid, number)
        _, said = client.communicate(timeout=60)
    psutil.wait_procs(helpers, timeout=60)
    assert old_or_new(configs) >= 1
    if number != signal.SIGKILL and client.returncode != 0:
        assert (client.returncode, said.splitlines()[-1]) == (130, "interrupted")
        assert "Traceback" not in said
        assert sorted(path.name for path in configs.iterdir()) == [f"{name}.yaml" for name in NAMES]  # no draft is left
    assert run(["mc", "patch", str(configs), "-p", PATCH, "--talos", "1.13", "-i"]) == 0
    assert old_or_new(configs) == FILES
