"""The client is killed for good, as by a power cut, in the middle of a rollout; a new process finds everything in the journal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any

import pytest

from talospatch import Change, Cluster, workers
from talospatch.cli.run import run
from talospatch.simulator.launch import process
from talospatch.simulator.spec import ClusterSpec, NodeSpec, Timings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.planning.plan import NodePlan

pytestmark = pytest.mark.simulator

REBOOTED = "10.5.0.4"
SPEC = ClusterSpec(
    (
        NodeSpec("cp-1", "10.5.0.2", "controlplane"),
        NodeSpec("worker-1", "10.5.0.3"),
        NodeSpec("worker-2", REBOOTED, talos="v1.13.9"),
    ),
    timings=Timings(settle=6),
)
PATCH = ("-p", "bundled:containerd-metrics")
QUICK = ("--pace", "0.1")
SPEED = "20"  # a trial of three minutes is over in nine seconds


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    with process(SPEC, ["--scale", SPEED]) as running:
        monkeypatch.setenv("TALOSCONFIG", running["talosconfigs"]["admin"])
        yield running


def looked_at(running: dict[str, Any]) -> dict[str, NodePlan]:
    """Return the plan of each worker, as somebody else makes it, when all of them answer: what they have, and what they would get."""
    with Cluster.from_talosconfig(running["talosconfigs"]["admin"]) as cluster:
        while True:
            plan = cluster.diff(Change.bundled("containerd-metrics"), nodes=workers())
            if not plan.failed and all(node.facts and node.facts.active and node.facts.persistent for node in plan.nodes):
                return {node.node: node for node in plan.nodes}


def texts(node: NodePlan) -> tuple[bytes, bytes]:
    """Return the active and the persistent configuration."""
    assert node.facts is not None
    assert node.facts.active is not None
    assert node.facts.persistent is not None
    return node.facts.active.data, node.facts.persistent.data


def kill_at(words: str) -> None:
    """Start a rollout in a process of its own and kill it as soon as it says these words."""
    command = [sys.executable, "-m", "talospatch", "apply", *PATCH, "--workers", "--no-drain", "--yes", *QUICK]
    # What is killed cannot clean up: its socket's directory goes with ours, whose short name leaves room for a socket's path.
    with (
        tempfile.TemporaryDirectory(prefix="killed-") as temporary,
        subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": temporary}
        ) as client,
    ):
        assert client.stderr is not None
        lines = []
        for line in client.stderr:
            lines.append(line)
            if words in line:
                client.kill()
                break
        client.wait(60)
    assert client.returncode == -signal.SIGKILL, "".join(lines)


def journalled(capsys: pytest.CaptureFixture[str]) -> tuple[str, dict[str, list[str]]]:
    """Return the newest rollout's state, and what it journalled about each node."""
    capsys.readouterr()
    assert run(["rollout", "show", "last", "-o", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    events: dict[str, list[str]] = {}
    for step in shown["steps"]:
        events.setdefault(step["node"], []).append(step["event"])
    return shown["rollout"]["state"], events


@pytest.mark.parametrize(
    "words", ["[1/2] worker-1: on trial", "[1/2] worker-1: waiting for proof", "[1/2] worker-1: proven", "[2/2] worker-2: applying"]
)
def test_a_client_that_is_killed_leaves_nothing_that_is_not_journalled(
    words: str, simulated: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """What a node has is what it had, or what the journal announced; a resume ends it, and an undo gives the exact bytes back."""
    before = looked_at(simulated)
    kill_at(words)
    after = looked_at(simulated)
    state, events = journalled(capsys)
    assert state == "open"
    for address, node in before.items():
        had, has = texts(node), texts(after[address])
        assert set(has) <= {*had, node.after}
        assert has == had or "intend" in events[address]
        assert has[1] == had[1] or address == REBOOTED or "commit" in events[address]

    assert run(["rollout", "resume", "last", "--yes"]) == 0
    capsys.readouterr()
    assert run(["diff", *PATCH, "--workers"]) == 0
    assert journalled(capsys)[0] == "ended"
    assert run(["rollout", "undo", "last", *QUICK, "--no-drain", "--yes"]) == 0
    assert {address: texts(node) for address, node in looked_at(simulated).items()} == {
        address: texts(node) for address, node in before.items()
    }
