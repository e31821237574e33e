"""The command that removes a file, run for real: GNU find on real files, and each way in which a file may not be what was seen."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from talospatch.cni.directories import TASKS
from talospatch.cni.eligibility import EARLIER_BOOT, NO_TASK
from talospatch.cnicheck.repair.command import FIND, TEST, Order, command

SANDBOX = "b2" * 32
NAME = f"cbr0-{SANDBOX}-eth0"
OLD = int(time.time()) - 3600


def _is_gnu() -> bool:
    if not (Path(FIND).exists() and Path(TEST).exists()):
        return False
    return "GNU" in subprocess.run([FIND, "--version"], capture_output=True, text=True, check=False).stdout


pytestmark = pytest.mark.skipif(not _is_gnu(), reason=f"{FIND} is not GNU's, or there is no {TEST}: the command cannot be run here")

ORDER = Order(name=NAME, sandbox=SANDBOX, size=0, modified=OLD, shown_dead=(NO_TASK,))


def put(directory: Path, content: bytes = b"", *, at: float = OLD + 0.5) -> Path:
    """Make the file as it was seen: List tells whole seconds, the file system has fractions."""
    path = directory / NAME
    path.write_bytes(content)
    os.utime(path, (at, at))
    return path


def run(order: Order, directory: Path, *, host: str | None = None) -> tuple[int, str, str]:
    done = subprocess.run(command(order, str(directory), host=host), capture_output=True, text=True, check=False, env={"LC_ALL": "C"})
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("fraction", [0.0, 0.000000001, 0.5, 0.999])
def test_a_file_as_it_was_seen_is_removed_and_its_path_printed(tmp_path: Path, fraction: float) -> None:
    """Whatever the fraction of its second."""
    path = put(tmp_path, at=OLD + fraction)
    assert run(ORDER, tmp_path) == (0, f"{path}\n", "")
    assert not path.exists()


@pytest.mark.parametrize(
    ("content", "at"),
    [(b"x", OLD + 0.5), (b"", OLD - 0.000001), (b"", OLD + 1), (b"", OLD + 1000), (b"", OLD - 1000)],
    ids=["grown", "older", "next second", "newer", "much older"],
)
def test_a_file_that_is_not_what_was_seen_stays_without_a_word(tmp_path: Path, content: bytes, at: float) -> None:
    """And the exit code is 0 all the same: only what is printed tells."""
    path = put(tmp_path, content, at=at)
    assert run(ORDER, tmp_path) == (0, "", "")
    assert path.exists()


def test_a_size_is_meant_to_the_byte(tmp_path: Path) -> None:
    """Not in blocks."""
    put(tmp_path, b"x" * 511)
    assert run(replace(ORDER, size=512), tmp_path)[1] == ""
    assert run(replace(ORDER, size=511), tmp_path)[1] != ""


def test_a_link_is_not_followed_and_not_removed(tmp_path: Path) -> None:
    """Neither is what it leads to, however much that looks like the file."""
    target = put(tmp_path)
    real = tmp_path / "real"
    target.rename(real)
    target.symlink_to(real)
    os.utime(target, (OLD + 0.5, OLD + 0.5), follow_symlinks=False)
    assert run(ORDER, tmp_path) == (0, "", "")
    assert target.is_symlink()
    assert real.exists()


def test_a_directory_stays(tmp_path: Path) -> None:
    """Even an empty one."""
    (tmp_path / NAME).mkdir()
    assert run(ORDER, tmp_path) == (0, "", "")
    assert (tmp_path / NAME).is_dir()


def test_a_missing_file_is_a_failure(tmp_path: Path) -> None:
    """The one case that the exit code tells."""
    code, out, err = run(ORDER, tmp_path)
    assert (code, out) == (1, "")
    assert "No such file or directory" in err


def test_a_young_file_stays_unless_it_was_shown_to_be_from_before_the_boot(tmp_path: Path) -> None:
    """By the clock of the node, which need not be ours."""
    now = int(time.time()) - 60
    young = replace(ORDER, modified=now)
    path = put(tmp_path, at=now + 0.25)
    assert run(young, tmp_path) == (0, "", "")
    assert run(replace(young, shown_dead=(EARLIER_BOOT,)), tmp_path) == (0, f"{path}\n", "")


def test_a_sandbox_with_a_running_task_keeps_its_file(tmp_path: Path) -> None:
    """Looked for below the node's root in that very call."""
    host = tmp_path / "host"
    task = host / TASKS.lstrip("/") / SANDBOX
    task.mkdir(parents=True)
    path = put(tmp_path)
    assert run(ORDER, tmp_path, host=str(host)) == (0, "", "")
    task.rmdir()
    assert run(ORDER, tmp_path, host=str(host)) == (0, f"{path}\n", "")


def test_where_the_task_cannot_be_looked_for_nothing_is_removed(tmp_path: Path) -> None:
    """An image without test."""
    path = put(tmp_path)
    words = ["/no/such/test" if word == TEST else word for word in command(ORDER, str(tmp_path), host="/")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={"LC_ALL": "C"})
    assert done.stdout == ""
    assert "No such file or directory" in done.stderr
    assert path.exists()


def test_what_cannot_be_removed_is_not_printed(tmp_path: Path) -> None:
    """-print stands behind -delete, so the path means that it is gone."""
    put(tmp_path)
    busy = shutil.which("chattr")
    if busy is None or os.geteuid() != 0 or subprocess.run([busy, "+i", str(tmp_path / NAME)], check=False, capture_output=True).returncode:
        pytest.skip("no file can be made undeletable here (chattr, root)")
    try:
        code, out, err = run(ORDER, tmp_path)
    finally:
        subprocess.run([busy, "-i", str(tmp_path / NAME)], check=True)
    assert (code, out) == (1, "")
    assert "cannot delete" in err


def test_no_word_of_the_command_is_for_a_shell() -> None:
    """And nothing in it comes from the node but the name, the size and the time."""
    words = command(ORDER, "/results")
    assert words[:2] == (FIND, f"/results/{NAME}")
    assert not any(word.rpartition("/")[2] == "sh" or " " in word or "$" in word for word in words)
