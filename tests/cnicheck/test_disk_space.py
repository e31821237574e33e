"""How full a node's /var is: asked once where files are damaged and somebody wants to know more, and never believed blindly."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cni_scripted import ScriptedClient, ScriptedNode
from repair_world import ADDRESS, RESULTS, STUCK, World, eth0, worker

from talospatch.cli.paint import PLAIN
from talospatch.cli.views import cni_stories
from talospatch.cli.views import repair as views
from talospatch.cni.selector import selector
from talospatch.cni.space import Space
from talospatch.cnicheck.check import check
from talospatch.cnicheck.options import CheckOptions, NodeToCheck
from talospatch.errors import NodeError, NodeTimeout
from talospatch.simulator.network_faults import Call, Fault, FaultKind, Moment, NetworkFaults
from talospatch.simulator.spec import ClusterSpec, FileSpec, NodeFaults, NodeSpec
from talospatch.talos.node import Mount

if TYPE_CHECKING:
    from talospatch.cnicheck.report import CniReport

GIB = 1 << 30
SANDBOX = "b2" * 32
DAMAGED = ScriptedNode(files={f"cbr0-{SANDBOX}-eth0": b""}, known=[SANDBOX])
ASKED = (ADDRESS, "Mounts")


def checked(node: ScriptedNode, about: str = "", *, admin: bool = True) -> tuple[CniReport, ScriptedClient]:
    client = ScriptedClient({ADDRESS: node}, admin=admin)
    options = CheckOptions(about=selector(about) if about else None)
    return asyncio.run(check(client, [NodeToCheck(ADDRESS)], options)), client


def told(report: CniReport) -> str:
    return "\n".join(line for node, story in report.told if node is not None for line in node.tell(story))


def counting(world: World) -> list[str]:
    """Count the calls to nodes by the name of the method, as they are made from now on."""
    made: list[str] = []

    def hook(moment: Moment, call: Call) -> None:
        if moment is Moment.BEFORE:
            made.append(call.method.rpartition("/")[2])

    world.faults.hook = hook
    return made


def test_a_check_does_not_ask() -> None:
    """It is about verdicts, for which this decides nothing, and a call to each damaged node would be felt."""
    report, client = checked(DAMAGED)
    assert client.calls[ASKED] == 0
    assert "free now" not in told(report)


@pytest.mark.parametrize("admin", [True, False])
def test_an_explanation_of_damage_asks_once(*, admin: bool) -> None:
    """With os:reader as well."""
    report, client = checked(DAMAGED, SANDBOX[:8], admin=admin)
    assert client.calls[ASKED] == 1
    assert "/var has 31 GiB of 40 GiB free now." in told(report).split("\n")
    assert cni_stories.data(report, "x")["stories"][0]["node"]["space"] == {"mountedOn": "/var", "size": 40 * GIB, "available": 31 * GIB}


def test_an_explanation_of_what_is_in_order_does_not_ask() -> None:
    """Nor one of a sandbox whose neighbour's file is damaged."""
    other = "c3" * 32
    report, client = checked(replace(DAMAGED, known=[SANDBOX, other]), other[:8])
    assert report.told
    assert client.calls[ASKED] == 0


@pytest.mark.parametrize(
    ("mounts", "problem"),
    [
        ((Mount("x", "/var", 40 * GIB, 41 * GIB),), "cannot be"),
        ((Mount("x", "/var", GIB, -1),), "cannot be"),
        ((Mount("x", "/var", (1 << 64) - 1, (1 << 64) - 1),), "cannot be"),
        ((Mount("x", "/var\n\x1b[2J/lib", GIB, GIB), Mount("\n", "/var\\012", GIB, GIB)), "no mount that the node names holds"),
        ((), "no mount that the node names holds"),
    ],
)
def test_a_node_that_lies_is_not_believed(mounts: tuple[Mount, ...], problem: str) -> None:
    """It is said not to have been seen, on one line, and the story is told all the same."""
    report, _ = checked(replace(DAMAGED, mounts=mounts), SANDBOX[:8])
    (line,) = (line for line in told(report).split("\n") if "was not seen" in line)
    assert line.startswith(f"How full the file system of {RESULTS} is was not seen: ")
    assert problem in line
    assert all(line.isprintable() for line in told(report).split("\n"))
    assert "What will happen next" in told(report)


@pytest.mark.parametrize(
    "failure",
    [
        NodeError(ADDRESS, "Mounts", "UNKNOWN", "1 error occurred:\n\t* stale NFS file handle \x1b[31m"),
        NodeTimeout(ADDRESS, "Mounts", "DEADLINE_EXCEEDED", "it did not answer within 10 s"),
    ],
)
def test_a_node_that_cannot_tell_is_explained_all_the_same(failure: NodeError) -> None:
    """A mount that cannot be asked fails the whole call."""
    report, _ = checked(replace(DAMAGED, failures={"Mounts": failure}), SANDBOX[:8])
    (line,) = (line for line in told(report).split("\n") if "was not seen" in line)
    assert line.isprintable()
    assert report.nodes[0].error == ""


# On the simulated cluster

OF_THIS_BOOT = {f"{RESULTS}/{eth0(STUCK)}": FileSpec(modified=1_767_300_000)}


@pytest.mark.parametrize(
    ("spec", "code", "said"),
    [
        (worker("v1.7.4"), "disk", "/var has room again now"),
        (worker("v1.7.4", var_available=GIB), "disk", "/var is nearly full now: free some"),
        (worker("v1.7.4", faults=NodeFaults(full_disk=True)), "disk", "/var is nearly full now: free some"),
        (worker("v1.7.4", var_available=41 * GIB), "disk", "Watch the free space of /var"),
    ],
)
def test_a_plan_asks_once_and_says_what_was_found(spec: NodeSpec, code: str, said: str, tmp_path: Path) -> None:
    """After a minute's wait, with the figures on the node and the advice without them."""
    world = World.of(replace(spec, files=OF_THIS_BOOT), tmp_path)
    calls = counting(world)
    plan = world.plan()
    assert calls.count("Mounts") == 1
    (node,) = plan.nodes
    (text,) = (item.text for item in node.prevention if item.code == code)
    assert said in text
    assert node.space is not None
    line = "cannot be" if node.space.problem else f"free now{', less' if node.space.is_low else ''}"
    for form in (views.plan_text(plan, 200, PLAIN), views.plan(plan).markdown()):
        assert line in form
    assert plan.to_dict()["nodes"][0]["space"] == node.space.to_dict()


def test_a_disk_that_is_full_now_is_said_of_older_damage_too(tmp_path: Path) -> None:
    """What a power cut has done does not show that the disk is well."""
    old = {f"{RESULTS}/{eth0(STUCK)}": FileSpec(modified=1_767_000_000)}
    for spec, codes in ((worker("v1.7.4", files=old, var_available=GIB), ["power", "disk-now"]), (worker("v1.7.4", files=old), ["power"])):
        directory = tmp_path / str(len(codes))
        directory.mkdir()
        (node,) = World.of(spec, directory).plan().nodes
        assert [item.code for item in node.prevention if item.code in {"power", "disk", "disk-now"}] == codes


def test_a_plan_for_nodes_in_order_does_not_ask(tmp_path: Path) -> None:
    """There is nothing that it could tell."""
    world = World.of(worker(files={}), tmp_path)
    calls = counting(world)
    plan = world.plan()
    assert "Mounts" not in calls
    assert plan.nodes[0].space is None


def test_a_node_that_does_not_tell_is_repaired_all_the_same(tmp_path: Path) -> None:
    """What decides nothing keeps nothing."""
    world = World.of(worker(), tmp_path, faults=NetworkFaults(faults=[Fault(FaultKind.RESET_BEFORE, method="Mounts")]))
    plan = world.plan()
    assert plan.nodes[0].space is not None
    assert plan.nodes[0].space.problem
    assert world.repair(plan).ok


def test_the_space_of_two_nodes_does_not_part_their_advice(tmp_path: Path) -> None:
    """Nodes that are alike get one line, whatever their figures."""
    second = replace(worker("v1.7.4"), name="w2", address="10.5.0.4", var_available=30 * GIB)
    control_plane = NodeSpec("cp-1", "10.5.0.2", "controlplane", "v1.7.4")
    plan = World(ClusterSpec((control_plane, worker("v1.7.4"), second)), tmp_path).plan()
    assert [node.space for node in plan.nodes] == [Space("/var", 40 * GIB, 31 * GIB), Space("/var", 40 * GIB, 30 * GIB)]
    assert views.plan_text(plan, 200, PLAIN).count("w1, w2:") >= 1
