"""Nodes of Talos's container mode, as ``talosctl cluster create docker`` makes them and as the recordings were made with: one kernel for
all, no firmware, and perhaps no containerd behind the services that prove a change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rollout_bench import OPTIONS, Bench, Watched, run, spec_of

from talospatch.planning.outcomes import ExitCode
from talospatch.rollout.observe import Reading, observe
from talospatch.simulator.spec import NodeFaults, NodeSpec
from talospatch.talos.machine_type import MachineType
from talospatch.talosapi.client import Client
from talospatch.wire.transport import RpcFailure

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from talospatch.wire.methods import Method

BARE = NodeSpec("w-1", "10.5.0.3", platform="container", containerd=False)
BARE_OLD = NodeSpec("w-1", "10.5.0.3", talos="v1.13.9", platform="container", containerd=False)
WHOLE = NodeSpec("w-1", "10.5.0.3", platform="container")


class Lacking(Watched):
    """A transport on which some resources do not exist."""

    lacks: frozenset[str] = frozenset()

    async def unary(self, method: Method, node: str, request: Message, timeout: float) -> Any:
        kind = getattr(request, "type", "")
        if kind in self.lacks:
            raise RpcFailure("NOT_FOUND", f"failed to get resource: resource {kind}(…) doesn't exist")
        return await super().unary(method, node, request, timeout)


@dataclass
class LackingBench(Bench):
    """A bench whose nodes lack these resource types."""

    lacks: frozenset[str] = frozenset()

    @property
    def client(self) -> Client:
        transport = Lacking(self.cluster, self.time, self.ticks, self.sent, roles=self.roles, faults=self.faults)
        transport.lacks = self.lacks
        return Client(transport, sleep=self.time.sleep, clock=self.time.now, spread=lambda: 0.5)


def bench(tmp_path: Path, *workers: NodeSpec, lacks: frozenset[str] = frozenset()) -> LackingBench:
    return LackingBench(spec_of(*workers), tmp_path, lacks=lacks)


def test_two_containers_of_one_host_are_two_machines(tmp_path: Path) -> None:
    """They share the host's boot id and have no firmware that could tell them apart."""
    at = bench(tmp_path, WHOLE, NodeSpec("w-2", "10.5.0.4", platform="container"))
    plan = at.plan()
    assert [node.refusals for node in plan.nodes] == [(), ()]
    assert at.outcomes(at.apply(plan)) == {"w-1": "proven", "w-2": "proven"}


def test_a_restarted_container_counts_as_rebooted(tmp_path: Path) -> None:
    """The host's boot id stays; when machined began does not."""
    old = NodeSpec("w-1", "10.5.0.3", talos="v1.13.9", platform="container")
    at = bench(tmp_path, old)
    assert at.outcomes(at.apply(at.plan())) == {"w-1": "proven"}
    before = run(observe(at.client, old.address, Reading.PLAN, machine_type=MachineType.WORKER)).boot_id
    plan = at.plan_undo()
    next(node for node in at.cluster.nodes if node.name == "w-1").reboot(at.time.now())
    at.time.advance(30)
    assert run(observe(at.client, old.address, Reading.PLAN, machine_type=MachineType.WORKER)).boot_id != before
    (node,) = at.apply(plan).nodes
    assert "rebooted" in node.reason


def test_a_container_that_stands_still_in_its_boot_is_given_its_old_bytes(tmp_path: Path) -> None:
    """Early, although the kernel's boot id says nothing."""
    at = bench(tmp_path, NodeSpec("w-1", "10.5.0.3", talos="v1.13.9", platform="container", faults=NodeFaults(bad_drop_in=True)))
    before = at.has("10.5.0.3")
    start = at.time.now()
    report = at.apply(at.plan())
    assert at.outcomes(report) == {"w-1": "taken-back"}
    assert at.time.now() - start < OPTIONS.reboot_timeout
    assert at.has("10.5.0.3") == before
    assert "does not come right" in report.nodes[0].reason


@pytest.mark.parametrize("lacks", [frozenset[str](), frozenset({"EtcFileSpecs.files.talos.dev"})])
def test_without_the_services_a_trial_is_taken_back_and_says_what_was_not_seen(tmp_path: Path, lacks: frozenset[str]) -> None:
    """Nothing proves the change, so it is not kept; the node, no worse than before, is not waited for any longer."""
    at = bench(tmp_path, BARE, lacks=lacks)
    before = at.has(BARE.address)
    plan = at.plan()
    assert plan.has_differences
    start = at.time.now()
    report = at.apply(plan)
    assert at.outcomes(report) == {"w-1": "taken-back"}
    assert report.exit_code() is ExitCode.TAKEN_BACK
    assert at.has(BARE.address) == before
    assert "service cri: expected running and healthy, saw not listed" in report.nodes[0].reason
    assert at.time.now() - start < OPTIONS.try_window
    at.time.advance(600)
    assert at.has(BARE.address) == before


def test_without_the_services_a_reboot_ends_as_not_proven(tmp_path: Path) -> None:
    """It is back and no worse than before: neither called a success, nor rebooted once more."""
    at = bench(tmp_path, BARE_OLD)
    report = at.apply(at.plan())
    assert at.outcomes(report) == {"w-1": "applied-not-proven"}
    assert report.exit_code() is ExitCode.FAILED
    assert "service cri: expected running and healthy, saw not listed" in report.nodes[0].reason
    assert at.has("10.5.0.3")[1] == at.has("10.5.0.3")[0] != b""


def test_where_nothing_is_to_be_done_services_that_do_not_exist_are_not_waited_for(tmp_path: Path) -> None:
    """It has what is wanted; that its effect cannot be seen is said at once."""
    at = bench(tmp_path, BARE_OLD)
    at.apply(at.plan())
    start = at.time.now()
    assert at.outcomes(at.apply(at.plan())) == {"w-1": "applied-not-proven"}
    assert at.time.now() - start < OPTIONS.poll


@pytest.mark.parametrize(("missing", "code"), [("MachineStatuses.runtime.talos.dev", "not-running"), ("MachineTypes.config.talos.dev", "")])
def test_a_resource_that_is_not_there_is_a_refusal_or_no_matter_and_never_a_crash(tmp_path: Path, missing: str, code: str) -> None:
    """A stage that is not known refuses a change; the machine type is in the configuration too. The difference shows either way."""
    at = bench(tmp_path, WHOLE, lacks=frozenset({missing}))
    rows = [type(row)(row.address, row.hostname, MachineType.UNKNOWN) for row in at.rows()]
    plan = at.plan(rows=rows)
    assert [refusal.code for refusal in plan.nodes[0].refusals] == ([code] if code else [])
    assert plan.has_differences
    assert at.plan(rows=rows, thorough=False).has_differences
    assert at.outcomes(at.apply(plan)) == {"w-1": "refused" if code else "proven"}
