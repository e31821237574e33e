"""Nothing of a node outlives whoever made it, however that ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from containerd_node.machine import CGROUP_PREFIX, CGROUPS, until

if TYPE_CHECKING:
    from containerd_node.containerds import Containerd

pytestmark = pytest.mark.containerd

# A node with a pod, in a process of its own: says what there is of it, and then waits, or fails.
PROGRAM = """
import json, os, sys
from pathlib import Path
import psutil
from containerd_node.containerds import Containerd
from containerd_node.node import ContainerdNode

programs, image = sys.argv[1:]
with ContainerdNode(Containerd("", Path(programs) if programs else None, "", (1, 0)), Path(image)) as node:
    node.run_pod()
    def spaces(process):
        return {os.readlink(f"/proc/{process}/ns/{kind}") for kind in ("mnt", "net", "pid")}

    children = psutil.Process().children(recursive=True)
    print(json.dumps({
        "processes": [(child.pid, child.create_time(), child.name()) for child in children],
        "namespaces": sorted(set().union(*(spaces(child.pid) for child in children)) - spaces("self")),
        "directory": str(node.machine._directory),
    }), flush=True)
    sys.stdin.readline()
    raise SystemExit("the test fails")
"""


@pytest.fixture
def made(affected: Containerd, image: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A process with a node, and what it says of that."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, affected.programs or "", image],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield process, json.loads(line)
        process.kill()


def _alive(processes: list[tuple[int, float, str]]) -> list[str]:
    found = []
    for number, created, name in processes:
        try:
            process = psutil.Process(number)
            if process.create_time() == created and process.status() != psutil.STATUS_ZOMBIE:
                found.append(name)
        except psutil.NoSuchProcess:
            continue
    return found


def _left(facts: dict[str, Any], owner: int) -> dict[str, list[str]]:
    """What there still is: processes, processes in one of its namespaces, mounts, files, control groups."""
    inside, mounts = [], []
    newest = max(created for _, created, _ in facts["processes"])
    for process in psutil.process_iter():
        try:
            spaces = {str(Path(f"/proc/{process.pid}/ns/{kind}").readlink()) for kind in ("mnt", "net", "pid")}
            table = Path(f"/proc/{process.pid}/mountinfo").read_text()
            # The kernel gives a namespace's number to the next one: what is younger is somebody else's.
            ours = process.create_time() <= newest and spaces & set(facts["namespaces"])
            name = process.name()
        except (OSError, psutil.NoSuchProcess):
            continue
        inside += [name] if ours else []
        mounts += [str(process.pid)] if facts["directory"] in table else []
    directory = Path(facts["directory"])
    groups = [*CGROUPS.glob(f"{CGROUP_PREFIX}{owner}-*"), *CGROUPS.glob(f"*/{CGROUP_PREFIX}{owner}-*")]
    left = {
        "processes": _alive(facts["processes"]),
        "namespaces": inside,
        "mounts": mounts,
        "files": [str(directory)] if directory.exists() else [],
        "control groups": [str(path) for path in groups],
    }
    return {kind: found for kind, found in left.items() if found}


def test_there_is_something_to_leave(made: tuple[subprocess.Popen[str], dict[str, Any]]) -> None:
    """Or the other tests here would prove nothing."""
    process, facts = made
    left = _left(facts, process.pid)
    assert {"containerd", "containerd-shim", "sleep", "unshare"} <= {name[:15] for name in left["processes"]}
    assert set(left) == {"processes", "namespaces", "mounts", "files", "control groups"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_test_leaves_nothing(made: tuple[subprocess.Popen[str], dict[str, Any]], number: signal.Signals) -> None:
    """No process, mount, network namespace, file or control group."""
    process, facts = made
    process.send_signal(number)
    process.wait(60)
    until(lambda: not _left(facts, process.pid), "everything to be gone")


def test_a_failing_test_leaves_nothing(made: tuple[subprocess.Popen[str], dict[str, Any]]) -> None:
    """Whatever it raises."""
    process, facts = made
    _, errors = process.communicate("\n", timeout=60)
    assert "the test fails" in errors
    assert _left(facts, process.pid) == {}


def test_when_everybody_is_killed_only_empty_control_groups_stay_and_the_next_machine_removes_them(
    made: tuple[subprocess.Popen[str], dict[str, Any]],
) -> None:
    """The test and its keeper at once, as when a session's processes are all killed."""
    from containerd_node.machine import sweep_cgroups

    process, facts = made
    keeper = next(number for number, _, name in facts["processes"] if name == "sh")
    process.send_signal(signal.SIGSTOP)  # so that it does nothing between the two
    os.kill(keeper, signal.SIGKILL)
    process.kill()
    process.wait(60)
    until(lambda: set(_left(facts, process.pid)) <= {"control groups", "files"}, "processes and mounts to be gone")
    assert list(Path(facts["directory"]).iterdir()) == []
    Path(facts["directory"]).rmdir()

    def swept() -> bool:
        sweep_cgroups()
        return not _left(facts, process.pid)

    until(swept, "the control groups to be gone")
