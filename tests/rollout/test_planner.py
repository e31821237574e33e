"""In what order a plan asks its nodes, and what it makes of their answers about their age."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rollout_bench import METRICS, OPTIONS, Bench, spec_of

from talospatch.errors import DialError
from talospatch.rollout.planner import make_plan
from talospatch.simulator.memory import MemoryTransport
from talospatch.simulator.spec import NodeSpec
from talospatch.talosapi.client import Client

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from talospatch.planning.plan import Plan
    from talospatch.wire.methods import Method

NEW = tuple(NodeSpec(f"w-{number}", f"10.5.0.{number}", talos="v1.14.0") for number in range(3, 6))
OLD = NodeSpec("w-old", "10.5.0.9", talos="v1.13.9")
QUICK = replace(OPTIONS, server_check=False)


def made(bench: Bench, said: dict[str, str], fleet: tuple[str, ...] = ()) -> Plan:
    """A plan, with an inventory that says these versions."""
    rows = [replace(row, talos=said.get(row.hostname, "")) for row in bench.rows()]
    return bench.plan(QUICK, rows=rows, thorough=False, fleet=fleet)


def carriers(plan: Plan) -> dict[str, str]:
    return {node.name: node.carrier for node in plan.nodes}


@pytest.mark.parametrize("workers", [NEW, (*NEW, OLD)], ids=["none is old", "one is old"])
@pytest.mark.parametrize("said", ["", "v1.13.9", "v1.14.0"])
def test_what_the_nodes_say_of_their_age_counts_and_not_the_inventory(tmp_path: Path, workers: tuple[NodeSpec, ...], said: str) -> None:
    truth = made(Bench(spec_of(*workers), tmp_path), {node.name: node.talos for node in workers})
    plan = made(Bench(spec_of(*workers), tmp_path), {node.name: said for node in workers})
    assert carriers(plan) == carriers(truth)
    assert {node.name: node.after for node in plan.nodes} == {node.name: node.after for node in truth.nodes}


def test_an_old_node_anywhere_in_the_fleet_changes_what_the_new_ones_get(tmp_path: Path) -> None:
    bench = Bench(spec_of(*NEW), tmp_path)
    alone, mixed = carriers(made(bench, {})), carriers(made(bench, {}, ("v1.13.9",)))
    assert set(alone.values()).isdisjoint(mixed.values())
    assert carriers(made(bench, {}, ("v1.14.0", ""))) == alone


@pytest.mark.parametrize("said", ["v1.13.9", "", "v1.14.0", "no version"])
def test_of_a_node_that_does_not_answer_the_inventorys_version_counts(tmp_path: Path, said: str) -> None:
    dead = replace(OLD, down=True)
    plan = made(Bench(spec_of(*NEW, dead), tmp_path), {dead.name: said})
    alone = carriers(made(Bench(spec_of(*NEW), tmp_path), {}))
    assert plan.node(dead.address).error
    assert (carriers(plan) == {**alone, dead.name: ""}) == (said in {"", "v1.14.0"})


def test_a_node_that_does_not_answer_is_asked_for_nothing_but_its_version(tmp_path: Path) -> None:
    bench = Bench(spec_of(*NEW, replace(OLD, down=True)), tmp_path)
    bench.plan()
    assert {sent.method for sent in bench.sent if sent.node == OLD.address} == {"Version"}


@pytest.mark.parametrize("nodes", [1, 3])
def test_a_plan_for_looking_asks_each_node_three_times(tmp_path: Path, nodes: int) -> None:
    bench = Bench(spec_of(*NEW[:nodes]), tmp_path)
    made(bench, {})
    assert sorted(sent.method for sent in bench.sent) == ["Get"] * 2 * nodes + ["Version"] * nodes


class EndpointLost(MemoryTransport):
    """There is no endpoint any more for what is asked of one node, and all other calls wait for their answer."""

    async def unary(self, method: Method, node: str, request: Message, timeout: float) -> Any:
        if node == NEW[0].address:
            raise DialError("127.0.0.1:1", "refused", "nobody listens there")
        await asyncio.Event().wait()


def test_losing_every_endpoint_ends_the_plan_and_leaves_nothing_running(tmp_path: Path) -> None:
    bench = Bench(spec_of(*NEW), tmp_path)

    async def left() -> int:
        client = Client(EndpointLost(bench.cluster, bench.time))
        with pytest.raises(DialError):
            await make_plan(client, bench.rows(), [METRICS], QUICK, now=0)
        return len(asyncio.all_tasks() - {asyncio.current_task()})

    assert asyncio.run(left()) == 0
