"""The demo, from its first line to its last."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from talospatch.cli.demo import cluster, story

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.simulator, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], float, Path, Path]:
    """The demo told once, without a terminal: what it wrote, how long it took, its home and its place for temporary files."""
    home, temporary = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("tmp")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "TALOS"))},
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "COLUMNS": "100",
    }
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "talospatch", "demo"], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return done, time.monotonic() - began, home, temporary


def test_the_story_comes_to_its_end(told: tuple[subprocess.CompletedProcess[str], float, Path, Path]) -> None:
    """Every step, in order, each with the command that it is."""
    done, _, _, _ = told
    assert done.returncode == 0, done.stdout + done.stderr
    place = 0
    for step in story.STEPS:
        place = done.stdout.index(f"$ talospatch {' '.join(step.command)}", place + 1)
    for command in story.OWN_CLUSTER:
        place = done.stdout.index(f"\n  {command}\n", place + 1)


def test_it_shows_a_rollout_with_proof_and_then_no_difference(told: tuple[subprocess.CompletedProcess[str], float, Path, Path]) -> None:
    """Four nodes changed, the fifth only looked at; the empty cache files are found."""
    out = told[0].stdout
    assert "containerd-metrics on 5 nodes: 4 proven, 1 unchanged" in out.replace("1 unchanged, 4 proven", "4 proven, 1 unchanged")
    assert "containerd-metrics on 5 nodes: 5 as wanted already" in out
    assert out.count("(0 bytes)") == len(cluster.WITH_EMPTY_FILE)


def test_it_says_what_is_not_as_on_a_real_cluster(told: tuple[subprocess.CompletedProcess[str], float, Path, Path]) -> None:
    """Faster time, no drain, and that it confirms by itself."""
    out = " ".join(told[0].stdout.split())
    assert "5 times as fast as real time" in out
    assert "--no-drain knowingly" in out
    assert "confirms by itself" in out


def test_it_is_quick_and_leaves_nothing_behind(told: tuple[subprocess.CompletedProcess[str], float, Path, Path]) -> None:
    """No file in the user's home, none among the temporary ones. Twice the promised time is for machines that do other things too."""
    _, seconds, home, temporary = told
    assert seconds < 30
    assert list(home.rglob("*")) == []
    assert list(temporary.rglob("*")) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_however_it_is_ended_nothing_is_left_behind(number: signal.Signals, tmp_path: Path) -> None:
    """Told to go, its terminal closed, or Ctrl-C: the whole group of processes gets the signal, as from a terminal."""
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "talospatch", "demo"]
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as child:
        assert child.stdout is not None
        while "waiting for proof" not in child.stdout.readline():
            assert child.poll() is None
        assert list(tmp_path.iterdir()) != []
        os.killpg(child.pid, number)
        rest = child.stdout.read()
        assert child.wait(timeout=30) != 0
    assert "Traceback" not in rest
    assert list(tmp_path.rglob("*")) == []


def test_it_shows_no_secret_and_no_traceback(told: tuple[subprocess.CompletedProcess[str], float, Path, Path]) -> None:
    """On neither stream."""
    everything = told[0].stdout + told[0].stderr
    for word in ("simsim.0123456789abcdef", "PRIVATE KEY", "Traceback", "bug in talospatch"):
        assert word not in everything
