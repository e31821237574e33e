"""Finding nodes in a simulated cluster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

from talospatch.errors import DialError, RefusedError
from talospatch.fleet.finder import Detail, find
from talospatch.fleet.targets import Targets, all_nodes, control_planes, nodes, workers
from talospatch.simulator.clock import VirtualClock
from talospatch.simulator.cluster import SimulatedCluster
from talospatch.simulator.memory import MemoryTransport
from talospatch.simulator.spec import ClusterSpec, NodeFaults, NodeSpec
from talospatch.talos.apply import ApplyMode
from talospatch.talos.machine_type import MachineType
from talospatch.talosapi.client import Client
from talospatch.wire.methods import COSI_LIST, METHODS, Method
from talospatch.wire.proto import cosi_pb2
from talospatch.wire.transport import RpcFailure

if TYPE_CHECKING:
    from talospatch.fleet.inventory import Inventory

CP, W1, W2, W3 = "10.5.0.2", "10.5.0.3", "10.5.0.4", "10.5.0.5"


def spec(*changes: NodeSpec) -> ClusterSpec:
    """One control-plane node and three workers; a node given replaces the one of its name."""
    plain = [
        NodeSpec("cp-1", CP, "controlplane"),
        NodeSpec("worker-1", W1, talos="v1.13.9"),
        NodeSpec("worker-2", W2),
        NodeSpec("worker-10", W3),
    ]
    given = {node.name: node for node in changes}
    return ClusterSpec(nodes=tuple(given.pop(node.name, node) for node in plain) + tuple(given.values()))


class Spy:
    """Passes calls on, counts them, and answers discovery as it is told to."""

    def __init__(self, inner: MemoryTransport, members: list[Any] | RpcFailure | None = None) -> None:
        self.inner, self.members = inner, members
        self.calls: list[tuple[str, str]] = []
        self.under_way = self.most = 0

    async def unary(self, method: Method, node: str, request: Any, timeout: float) -> Any:
        self.calls.append((method.name, node))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(0)
            return await self.inner.unary(method, node, request, timeout)
        finally:
            self.under_way -= 1

    async def stream(self, method: Method, node: str, requests: Any, timeout: float) -> AsyncIterator[Any]:
        self.calls.append((method.name, node))
        if method is COSI_LIST and self.members is not None:
            if isinstance(self.members, RpcFailure):
                raise self.members
            for message in self.members:
                yield message
            return
        async for message in self.inner.stream(method, node, requests, timeout):
            yield message

    async def client_stream(self, method: Method, node: str, requests: AsyncIterable[Any], timeout: float) -> Any:
        raise AssertionError("nothing is uploaded")

    async def close(self) -> None:
        await self.inner.close()


def listed(hostname: str, *addresses: str, kind: str = "worker") -> Any:
    lines = "".join(f"    - {address}\n" for address in addresses)
    text = f"nodeId: x\naddresses:\n{lines}hostname: {hostname}\nmachineType: {kind}\noperatingSystem: Talos (v1.14.0)\n"
    return cosi_pb2.ListResponse(resource=cosi_pb2.Resource(metadata=cosi_pb2.Metadata(id=hostname), spec=cosi_pb2.Spec(yaml_spec=text)))


def look(
    cluster: ClusterSpec,
    targets: Targets,
    *,
    role: str = "os:admin",
    members: list[Any] | RpcFailure | None = None,
    context_nodes: tuple[str, ...] = (),
    detail: Detail = Detail.FULL,
) -> tuple[Inventory, Spy]:
    clock = VirtualClock()
    spy = Spy(MemoryTransport(SimulatedCluster(cluster, clock.now()), clock, roles=(role,)), members)
    client = Client(spy, sleep=clock.sleep, clock=clock.now)
    return asyncio.run(find(client, targets, context_nodes=context_nodes, detail=detail)), spy


def codes(inventory: Inventory) -> list[str]:
    return [finding.code for finding in inventory.findings]


def test_workers_are_found_without_being_told_and_described() -> None:
    inventory, _ = look(spec(), workers())
    assert [(row.hostname, row.address, row.talos, row.stage, row.ready) for row in inventory.rows] == [
        ("worker-1", W1, "v1.13.9", "running", True),
        ("worker-2", W2, "v1.14.0-rc.1", "running", True),
        ("worker-10", W3, "v1.14.0-rc.1", "running", True),
    ]
    first = inventory.rows[0]
    assert (first.machine_type, first.pending, first.containerd, first.error) == (MachineType.WORKER, False, "2.2.7", "")
    assert first.dropin is not None
    assert first.dropin.metrics_address is None
    assert len({row.uuid for row in inventory.rows}) == 3
    assert inventory.findings == ()
    assert inventory.fleet == ("v1.14.0-rc.1",)


def test_os_reader_sees_all_but_what_the_configuration_tells() -> None:
    inventory, _ = look(spec(), workers(), role="os:reader")
    row = inventory.rows[0]
    assert (row.stage, row.error, row.pending, row.dropin) == ("running", "", None, None)
    assert row.unread == {"pending": "needs os:admin", "dropin": "needs os:admin"}


def test_a_plan_needs_no_call_to_a_node_to_know_where_it_is() -> None:
    inventory, spy = look(spec(), workers(), detail=Detail.NAMES)
    assert [row.address for row in inventory.rows] == [W1, W2, W3]
    assert spy.calls == [("List", "")]


def test_half_the_fleet_down_is_rows_with_a_reason() -> None:
    inventory, _ = look(spec(NodeSpec("worker-1", W1, down=True), NodeSpec("worker-10", W3, down=True)), workers())
    assert [bool(row.error) for row in inventory.rows] == [True, False, True]
    assert inventory.rows[0].error.startswith(f"{W1}: Version: ")
    assert (inventory.rows[0].hostname, inventory.rows[0].machine_type) == ("worker-1", MachineType.WORKER)
    assert inventory.rows[1].stage == "running"
    assert len(inventory.failed) == 2


def test_a_node_that_answers_for_another_is_an_error_row() -> None:
    inventory, _ = look(spec(NodeSpec("worker-2", W2, faults=NodeFaults(answers_for="worker-1"))), workers())
    row = next(row for row in inventory.rows if row.address == W2)
    assert "known as worker-2, but worker-1 answers" in row.error
    assert not next(row for row in inventory.rows if row.address == W1).error


def test_the_first_address_that_answers_is_taken() -> None:
    members = [listed("worker-2", "10.9.9.9", "fd00::9", W2)]
    for detail in Detail:
        inventory, _ = look(spec(), workers(), members=members, detail=detail)
        (row,) = inventory.rows
        assert (row.address, row.error) == (W2, "")


def test_no_address_that_answers_is_the_error_of_the_first() -> None:
    inventory, _ = look(spec(), workers(), members=[listed("gone", "10.9.9.8", "10.9.9.9")])
    assert inventory.rows[0].error.startswith("10.9.9.8: ")


def test_zero_workers_are_refused_with_what_is_there() -> None:
    with pytest.raises(RefusedError) as caught:
        look(ClusterSpec(nodes=(NodeSpec("cp-1", CP, "controlplane"),)), workers())
    assert caught.value.code == "no-workers"
    assert "cp-1 (controlplane)" in str(caught.value)


def test_a_filter_that_matches_nothing_is_refused() -> None:
    with pytest.raises(RefusedError) as caught:
        look(spec(), workers().filter("nope"))
    assert caught.value.code == "no-match"


def test_control_planes_are_found_when_asked_for() -> None:
    inventory, _ = look(spec(), control_planes())
    assert [row.hostname for row in inventory.rows] == ["cp-1"]
    assert set(inventory.fleet) == {"v1.13.9", "v1.14.0-rc.1"}
    assert len(look(spec(), all_nodes())[0].rows) == 4


EMPTY: list[Any] = []
DENIED = RpcFailure("PERMISSION_DENIED", "not authorized")


@pytest.mark.parametrize(("members", "code"), [(EMPTY, "discovery-empty"), (DENIED, "discovery-unreadable")])
def test_without_discovery_the_contexts_nodes_are_asked_what_they_are(members: Any, code: str) -> None:
    inventory, _ = look(spec(), workers(), members=members, context_nodes=(CP, W1, W2))
    assert [(row.hostname, row.address) for row in inventory.rows] == [("worker-1", W1), ("worker-2", W2)]
    assert codes(inventory) == [code]


def test_without_discovery_and_context_the_refusal_says_why() -> None:
    with pytest.raises(RefusedError) as caught:
        look(spec(), workers(), members=EMPTY)
    assert caught.value.code == "no-workers"
    assert "discovery knows no nodes" in str(caught.value)
    assert "-n" in str(caught.value)


def test_without_discovery_a_dead_node_stays_as_a_row_because_it_may_be_a_worker() -> None:
    inventory, _ = look(spec(NodeSpec("worker-1", W1, down=True)), workers(), members=EMPTY, context_nodes=(CP, W1, W2))
    assert [(row.address, bool(row.error)) for row in inventory.rows] == [(W1, True), (W2, False)]


def test_without_discovery_a_filter_is_applied_to_what_the_nodes_say() -> None:
    inventory, _ = look(spec(), workers().filter("worker-2"), members=EMPTY, context_nodes=(W1, W2))
    assert [row.hostname for row in inventory.rows] == ["worker-2"]


def test_one_machine_under_two_addresses_counts_once() -> None:
    """Named by address and by host name, and no discovery that could tell."""
    inventory, _ = look(spec(), nodes(W1, "worker-1", W2), members=EMPTY)
    assert [row.address for row in inventory.rows] == [W1, W2]
    assert codes(inventory) == ["discovery-empty", "duplicate-node"]


def test_a_machine_without_firmware_has_no_uuid_and_lacks_nothing() -> None:
    """As a container; two of them under two addresses are two."""
    inventory, _ = look(spec(NodeSpec("worker-1", W1, platform="container"), NodeSpec("worker-2", W2, platform="container")), workers())
    assert [(row.uuid, dict(row.unread)) for row in inventory.rows[:2]] == [("", {}), ("", {})]


def test_two_machines_with_one_uuid_are_two() -> None:
    """Clones, and firmware that gives every board the same."""
    same = "03000200-0400-0500-0006-000700080009"
    inventory, _ = look(spec(NodeSpec("worker-1", W1, uuid=same), NodeSpec("worker-2", W2, uuid=same)), workers())
    assert len(inventory.rows) == 3


def test_a_named_node_is_taken_whatever_its_type() -> None:
    inventory, _ = look(spec(), nodes("cp-1", W1))
    assert [(row.address, row.machine_type) for row in inventory.rows] == [("cp-1", MachineType.CONTROL_PLANE), (W1, MachineType.WORKER)]


def test_a_worker_as_endpoint_still_gives_the_list_and_says_why_the_rest_cannot_be_seen() -> None:
    clock = VirtualClock()
    transport = MemoryTransport(SimulatedCluster(spec(), clock.now()), clock, endpoint="worker-1")
    client = Client(transport, sleep=clock.sleep, clock=clock.now)
    inventory = asyncio.run(find(client, workers()))
    by_name = {row.hostname: row for row in inventory.rows}
    assert by_name["worker-1"].error == ""
    assert "the endpoint is a worker" in by_name["worker-2"].error


def test_calls_under_way_are_bounded() -> None:
    many = tuple(NodeSpec(f"w-{number}", f"10.6.{number // 250}.{number % 250 + 1}") for number in range(150))
    inventory, spy = look(ClusterSpec(nodes=(NodeSpec("cp-1", CP, "controlplane"), *many)), workers())
    assert len(inventory.rows) == 150
    assert spy.most <= 64


def test_an_endpoint_that_cannot_be_reached_ends_the_search() -> None:
    class Dead(Spy):
        async def stream(self, method: Method, node: str, requests: Any, timeout: float) -> AsyncIterator[Any]:
            if method is COSI_LIST:
                raise DialError("10.5.0.2:50000", "refused", "nothing listens there")
            yield

    clock = VirtualClock()
    client = Client(Dead(MemoryTransport(SimulatedCluster(spec(), clock.now()), clock)))
    with pytest.raises(DialError):
        asyncio.run(find(client, workers()))


def test_looking_changes_nothing() -> None:
    """Only calls that are safe to make twice."""
    _, spy = look(spec(), all_nodes())
    safe = {method.name for method in METHODS.values() if method.retry_safe}
    assert {name for name, _node in spy.calls} <= safe


def test_an_inventory_can_be_written_as_plain_values() -> None:
    import json

    inventory, _ = look(spec(), workers())
    data = json.loads(json.dumps(inventory.to_dict()))
    assert data["schema"] == 1
    assert data["nodes"][0]["machineType"] == "worker"
    assert "token" not in json.dumps(data)


def test_a_trial_under_way_is_pending() -> None:
    clock = VirtualClock()
    client = Client(MemoryTransport(SimulatedCluster(spec(), clock.now()), clock), sleep=clock.sleep, clock=clock.now)

    async def run() -> Inventory:
        config = (await client.machine_config(W2)).data
        await client.apply_configuration(W2, config + b"# tried\n", mode=ApplyMode.TRY, try_timeout=60)
        return await find(client, workers())

    assert [row.pending for row in asyncio.run(run()).rows] == [False, True, False]


def test_a_node_too_old_to_tell_what_is_pending_says_so() -> None:
    inventory, _ = look(spec(NodeSpec("worker-1", W1, talos="v1.7.7")), nodes(W1))
    (row,) = inventory.rows
    assert (row.pending, row.unread["pending"]) == (None, "Talos before 1.10 cannot tell")
    assert row.containerd == "1.7.22"


def test_a_member_of_unknown_type_is_asked_what_it_is() -> None:
    inventory, _ = look(spec(), all_nodes(), members=[listed("worker-2", W2, kind="strange")])
    assert [row.machine_type for row in inventory.rows] == [MachineType.WORKER]


def test_a_node_whose_type_cannot_be_learned_is_an_error_row_unless_it_was_named() -> None:
    class Mute(Spy):
        async def unary(self, method: Method, node: str, request: Any, timeout: float) -> Any:
            if getattr(request, "type", "").startswith("MachineTypes"):
                raise RpcFailure("PERMISSION_DENIED", "not authorized")
            return await super().unary(method, node, request, timeout)

    clock = VirtualClock()
    client = Client(Mute(MemoryTransport(SimulatedCluster(spec(), clock.now()), clock), EMPTY), sleep=clock.sleep, clock=clock.now)
    (row,) = asyncio.run(find(client, workers(), context_nodes=(W1,))).rows
    assert row.error == "whether it is a worker or a control-plane node is not known: needs os:admin"
    (row,) = asyncio.run(find(client, nodes(W1))).rows
    assert (row.error, row.unread["machine_type"]) == ("", "needs os:admin")
