"""A client that dies at any numbered effect of a rollout: what the nodes have then, and that the rollout can be gone on with.

Every effect that changes something is tried, before and after; of those that only read, a sample. ``TALOSPATCH_FUZZ=3600`` tries every one.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rollout_bench import Bench, Killed, Ticks, count_disk, spec_of

from talospatch.errors import JournalError
from talospatch.rollout.stored import touched
from talospatch.simulator.spec import NodeFaults, NodeSpec

if TYPE_CHECKING:
    from talospatch.planning.plan import Plan

LIVE = NodeSpec("w-1", "10.5.0.3")
OLD = NodeSpec("w-2", "10.5.0.4", talos="v1.13.9")
OLDER = NodeSpec("w-3", "10.5.0.5", talos="v1.12.11")
FAILING = NodeSpec("w-4", "10.5.0.6", faults=NodeFaults(failing_cri=True))
STUCK = NodeSpec("w-5", "10.5.0.7", talos="v1.13.9", faults=NodeFaults(stuck_boot=True))
MIXES = {"live and old": (LIVE, OLD), "older": (OLDER,), "containerd fails": (FAILING, LIVE), "stuck in its boot": (STUCK,)}


def _bench(home: Path, workers: tuple[NodeSpec, ...]) -> Bench:
    return Bench(spec_of(*workers), home)


def _chosen(kinds: list[str]) -> list[int]:
    """Every effect that changes something, and each sixtieth that does not; numbers count from 1."""
    every = max(1, 3600 // int(os.environ.get("TALOSPATCH_FUZZ", "60")))
    telling = {"write", "fsync", "before ApplyConfiguration", "after ApplyConfiguration"}
    return [number for number, kind in enumerate(kinds, 1) if kind in telling or number % every == 0]


def _effects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: tuple[NodeSpec, ...]) -> list[str]:
    """A whole run, to number its effects."""
    bench = _bench(tmp_path / "whole", workers)
    plan = bench.plan()
    ticks = Ticks()
    bench.ticks = ticks
    with monkeypatch.context() as patched:
        count_disk(patched, ticks)
        bench.apply(plan)
    return ticks.kinds


def _check(bench: Bench, plan: Plan) -> None:
    """Each node is unchanged, or changed and journalled, or on trial with an entry that says so."""
    bench.ticks = Ticks()
    known, commits = {}, set()
    with contextlib.suppress(JournalError):
        record = bench.store.read("last")
        known = touched(bench.store, record)
        commits = {entry.node for entry in record.entries if entry.event == "commit"}
    bench.time.advance(20)  # a node that reboots is back
    for node in plan.to_do:
        active, persistent = bench.has(node.node)
        assert {active, persistent} <= {node.before, node.after}
        if (active, persistent) == (node.before, node.before):
            continue
        assert node.node in known, f"{node.name} was changed and the journal does not know"
        assert (known[node.node].before, known[node.node].after) == (node.before, node.after)
        if known[node.node].intent.fields["mode"] == "try" and persistent == node.after:
            assert node.node in commits, f"{node.name} was committed and the journal does not know"
    bench.time.advance(plan.options.try_window + 30)
    for node in plan.to_do:
        active, persistent = bench.has(node.node)
        assert active == persistent, f"{node.name} is on a trial that never ends"


@pytest.mark.parametrize("for_good", [True, False], ids=["killed", "interrupted"])
@pytest.mark.parametrize("mix", MIXES)
def test_a_rollout_that_ends_anywhere_can_be_gone_on_with(
    mix: str, for_good: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule by rule after the crash; then the rollout is resumed and ends as it would have."""
    workers = MIXES[mix]
    kinds = _effects(tmp_path, monkeypatch, workers)
    healthy = all(worker.faults == NodeFaults() for worker in workers)
    assert kinds.count("before ApplyConfiguration") >= len([one for one in workers if one.faults == NodeFaults()])
    for number in _chosen(kinds):
        bench = _bench(tmp_path / str(number), workers)
        plan = bench.plan()
        ticks = Ticks(kill_at=number, for_good=for_good)
        bench.ticks = ticks
        with monkeypatch.context() as patched:
            count_disk(patched, ticks)
            with pytest.raises(Killed):
                bench.apply(plan)
        before_window = bench.time.now()
        _check(bench, plan)
        bench.sent.clear()
        try:
            report = bench.resume()
        except JournalError:
            assert all(bench.has(node.node) == (node.before, node.before) for node in plan.to_do), f"effect {number}: {kinds[number - 1]}"
            continue
        assert bench.time.now() >= before_window
        where = f"effect {number} ({kinds[number - 1]}): {[(node.name, node.outcome.value, node.reason) for node in report.nodes]}"
        if healthy:
            assert report.ok, where
            assert all(bench.has(node.node) == (node.after, node.after) for node in plan.to_do), where
        for node, ended in zip(plan.nodes, report.nodes, strict=True):
            assert bench.has(node.node) in {(node.before, node.before), (node.after, node.after)}, where
            if ended.ok:
                assert bench.has(node.node) == (node.after, node.after), where
            if ended.outcome.value == "taken-back":
                assert bench.has(node.node) == (node.before, node.before), where
        again = bench.resume() if healthy else report
        assert not healthy or again.ok


def test_a_resume_while_a_trial_is_pending_waits_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed right after the TRY: nothing is sent to the node until the trial has surely ended."""
    kinds = _effects(tmp_path, monkeypatch, (LIVE,))
    bench = _bench(tmp_path, (LIVE,))
    plan = bench.plan()
    bench.ticks = Ticks(kill_at=kinds.index("after ApplyConfiguration") + 1)
    with monkeypatch.context() as patched:
        count_disk(patched, bench.ticks)
        with pytest.raises(Killed):
            bench.apply(plan)
    assert bench.has("10.5.0.3") == (plan.nodes[0].after, plan.nodes[0].before)
    bench.ticks = Ticks()
    bench.sent.clear()
    killed_at = bench.time.now()
    report = bench.resume()
    assert report.ok, report
    assert bench.time.now() - killed_at >= plan.options.try_window
    assert bench.applies() == ["TRY", "NO_REBOOT"]


def test_the_history_tells_how_far_an_interrupted_rollout_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted, with what that means; not attempted for those whose turn had not come."""
    from talospatch.rollout.history import history, show

    other = NodeSpec("w-9", "10.5.0.9")
    kinds = _effects(tmp_path, monkeypatch, (LIVE,))
    bench = _bench(tmp_path, (LIVE, other))
    plan = bench.plan()
    bench.ticks = Ticks(kill_at=kinds.index("after ApplyConfiguration") + 1)
    with monkeypatch.context() as patched:
        count_disk(patched, bench.ticks)
        with pytest.raises(Killed):
            bench.apply(plan)
    (summary,) = history(bench.store)
    assert (summary.state, summary.scope, summary.kind) == ("open", "sim", "apply")
    shown = show(bench.store, "last")
    assert [(node.name, node.outcome.value) for node in shown.report.nodes] == [("w-1", "interrupted"), ("w-9", "not-attempted")]
    assert "reverts by itself" in shown.report.nodes[0].reason
    assert shown.report.exit_code() == 130
