"""The cluster's verbs against a simulated cluster over real TLS, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from talospatch import AsyncCluster, Change, Cluster, all_nodes, nodes, workers
from talospatch.errors import DialError, InputError, RefusedError, TalosconfigError
from talospatch.planning.outcomes import Outcome
from talospatch.planning.plan import Options
from talospatch.simulator.launch import process
from talospatch.simulator.spec import ClusterSpec, NodeSpec

pytestmark = pytest.mark.simulator

CP, W1, W2, W3 = "10.5.0.2", "10.5.0.3", "10.5.0.4", "10.5.0.5"
SPEC = ClusterSpec(
    nodes=(
        NodeSpec("cp-1", CP, "controlplane"),
        NodeSpec("worker-1", W1),
        NodeSpec("worker-2", W2),
        NodeSpec("worker-3", W3, down=True),
    ),
    name="live",
)
QUICK = Options(try_window=12.0, proof_timeout=8.0, margin=2.0, poll=0.1)


@pytest.fixture
def simulated() -> Iterator[dict[str, Any]]:
    with process(SPEC) as description:
        yield description


@pytest.fixture
def cluster(simulated: dict[str, Any]) -> Iterator[Cluster]:
    with Cluster.from_talosconfig(simulated["talosconfigs"]["admin"]) as connected:
        yield connected


def test_the_whole_story_plan_apply_again_and_back(cluster: Cluster) -> None:
    """Seen first, changed, proven; the second time there is nothing to do; and back to the very bytes."""
    metrics = Change.bundled("containerd-metrics")
    up = nodes("worker-1")
    before = {row.hostname: row.dropin for row in cluster.inventory(up).rows}
    plan = cluster.plan([metrics], nodes=up, options=QUICK)
    assert plan.counts == {"to do": 1, "unchanged": 0, "refused": 0, "failed": 0}
    assert "11234" in plan.diff()
    seen: list[str] = []
    report = cluster.apply(plan, max_unavailable=1, watch=lambda progress: seen.append(progress.kind))
    report.raise_on_failure()
    assert {node.outcome for node in report.nodes} == {Outcome.PROVEN}
    assert seen[0] == "began"
    assert seen[-1] == "finished"
    assert not cluster.plan(metrics, nodes=up).has_differences
    assert all(row.dropin is not None and row.dropin.metrics_address for row in cluster.inventory(up).rows)
    back = cluster.undo("last", options=QUICK)
    back.raise_on_failure()
    assert {row.hostname: row.dropin for row in cluster.inventory(up).rows} == before
    assert [(summary.kind, summary.state, summary.of) for summary in cluster.history()] == [
        ("undo", "ended", report.rollout),
        ("apply", "ended", ""),
    ]
    assert cluster.show(report.rollout).report.rollout == report.rollout


def test_a_dead_worker_is_a_failed_node_of_the_plan_and_blocks_no_other(cluster: Cluster) -> None:
    plan = cluster.diff(Change.bundled("containerd-metrics"), nodes=workers())
    assert plan.counts == {"to do": 2, "unchanged": 0, "refused": 0, "failed": 1}
    assert plan.node(W3).error


def test_the_cni_check_sees_every_node(cluster: Cluster) -> None:
    report = cluster.check_cni_cache(nodes=all_nodes())
    assert [(node.address, bool(node.error)) for node in report.nodes] == [(CP, False), (W1, False), (W2, False), (W3, True)]


def test_the_contexts_nodes_are_not_named(simulated: dict[str, Any]) -> None:
    """The talosconfig lists every node; a verb without nodes is refused all the same."""
    with Cluster.from_talosconfig(simulated["talosconfigs"]["reader"]) as cluster, pytest.raises(RefusedError) as caught:
        cluster.inventory()
    assert caught.value.code == "no-target"


def test_nodes_given_once_serve_every_verb(simulated: dict[str, Any]) -> None:
    with Cluster.from_talosconfig(simulated["talosconfigs"]["reader"], nodes=["worker-1"]) as cluster:
        (row,) = cluster.inventory().rows
    assert (row.hostname, row.stage, row.unread["pending"]) == ("worker-1", "running", "needs os:admin")


def test_os_reader_cannot_plan_and_is_told_which_role_it_takes(simulated: dict[str, Any]) -> None:
    with Cluster.from_talosconfig(simulated["talosconfigs"]["reader"]) as cluster:
        plan = cluster.plan(Change.bundled("containerd-metrics"), nodes="worker-1")
    (node,) = plan.nodes
    assert not node.may_go_ahead
    assert "os:admin" in node.error + "".join(refusal.sentence + refusal.hint for refusal in node.refusals)


def test_no_change_is_an_error(cluster: Cluster) -> None:
    with pytest.raises(InputError):
        cluster.plan([], nodes="worker-1")


def test_ctrl_c_during_a_rollout_is_journalled_and_leaves_the_cluster_usable(cluster: Cluster) -> None:
    plan = cluster.plan(Change.bundled("containerd-metrics"), nodes=nodes("worker-1", "worker-2"), options=QUICK)
    began = threading.Event()

    def press() -> None:
        began.wait(20)
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    presser.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            cluster.apply(plan, watch=lambda progress: began.set() if progress.kind == "doing" else None)
    finally:
        began.set()
        presser.join()
    (rollout,) = cluster.history()
    assert rollout.state == "open"
    assert cluster.inventory("worker-2").rows[0].pending is False


def test_nothing_is_left_when_a_cluster_is_closed(simulated: dict[str, Any]) -> None:
    with Cluster.from_talosconfig(simulated["talosconfigs"]["admin"]) as cluster:
        cluster.inventory(workers())
    names = [thread.name for thread in threading.enumerate() if thread.name.startswith("talospatch")]
    assert names == []


def test_the_async_face_does_the_same_in_the_callers_loop(simulated: dict[str, Any]) -> None:
    async def run() -> list[str]:
        async with AsyncCluster.from_talosconfig(simulated["talosconfigs"]["admin"]) as cluster:
            assert cluster.endpoint == next(iter(simulated["endpoints"].values()))
            found = await asyncio.gather(cluster.inventory("worker-1"), cluster.inventory("worker-2"))
            return [row.hostname for inventory in found for row in inventory.rows]

    assert asyncio.run(run()) == ["worker-1", "worker-2"]


def test_an_endpoint_where_nothing_listens_is_an_error_on_entry_and_leaves_no_thread(simulated: dict[str, Any]) -> None:
    with pytest.raises(DialError), Cluster.from_talosconfig(simulated["talosconfigs"]["admin"], endpoints=["127.0.0.1:1"]):
        pass
    assert [thread for thread in threading.enumerate() if thread.name.startswith("talospatch")] == []


def test_an_unknown_context_is_an_error_before_anything_is_dialled(simulated: dict[str, Any]) -> None:
    with pytest.raises(TalosconfigError):
        Cluster.from_talosconfig(Path(simulated["talosconfigs"]["admin"]), context="no-such")
