"""A repair from plan to proof, on the simulated cluster in memory: what is removed, and everything that must keep it from being."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from repair_world import (
    ADDRESS,
    NETWORKS,
    OTHER,
    RESULTS,
    RUNNING,
    SANDBOXES,
    STUCK,
    TASKS,
    World,
    eth0,
    heals,
    worker,
)

from talospatch.cni.eligibility import APART, Include
from talospatch.cnicheck.repair.journal import read_repair, repairs
from talospatch.cnicheck.repair.plan import Method, RepairOptions
from talospatch.errors import InputError, JournalError, NodeTimeout, RolloutError
from talospatch.planning.outcomes import ExitCode, Outcome
from talospatch.simulator.network_faults import Call, Fault, FaultKind, Moment
from talospatch.simulator.spec import ClusterSpec, FileSpec, NodeFaults, NodeSpec, SandboxSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from talospatch.cnicheck.repair.plan import RepairPlan

PATH = f"{RESULTS}/{eth0(STUCK)}"
HALF = b'{"kind":"cniCacheV1","containerId":"b2'


def removed_paths(world: World) -> list[str]:
    """Commands that ran on nodes, by the file they were about."""
    return [said for said in world.said if "removing" in said]


def outcome(world: World, **changes: Any) -> tuple[Outcome, str]:
    report = world.repair(world.plan(heals(**changes)))
    (only,) = report.files
    return only.outcome, only.reason


def before_run(world: World, action: Any) -> None:
    """Do something on the node between the last look and the command: when ContainerRun is about to be called."""

    def hook(moment: Moment, call: Call) -> None:
        if moment is Moment.BEFORE and call.method.endswith("/ContainerRun"):
            action()

    world.faults.hook = hook


# What goes well


def test_a_file_is_removed_and_the_node_recovers(tmp_path: Path) -> None:
    """File, sandbox, complaint and address are gone; another pod's are not; two looks lie a minute apart."""
    world = World.of(worker(), tmp_path)
    plan = world.plan()
    assert world.exists(PATH), "a plan changes nothing"
    assert (plan.count, plan.exit_code()) == (1, ExitCode.DIFFERENCES)
    assert world.said == ["one node with damaged files; looking again in 60 s, since what changes meanwhile is in use"]
    report = world.repair(plan)
    (file,) = report.files
    assert (file.outcome, [(item.what, item.seen, item.ok) for item in file.proof]) == (
        Outcome.PROVEN,
        [("file", "gone", True), ("sandbox", "removed", True), ("kubelet log", "none", True), ("lease", f"{STUCK.ip} is free", True)],
    )
    assert report.exit_code() is ExitCode.DONE
    report.raise_on_failure()
    for gone in (PATH, f"{SANDBOXES}/{STUCK.id}", f"{NETWORKS}/{STUCK.ip}", f"/run/netns/cni-{STUCK.id[:8]}"):
        assert not world.exists(gone)
    for kept in (f"{RESULTS}/{eth0(RUNNING)}", f"{SANDBOXES}/{RUNNING.id}", f"{NETWORKS}/{RUNNING.ip}"):
        assert world.exists(kept)


def test_the_cluster_of_the_demo_is_repaired(tmp_path: Path) -> None:
    """Two of its workers have an empty file; each is proven before the next."""
    world = World.demo(tmp_path)
    report = world.repair(world.plan())
    assert [(file.hostname, file.outcome) for file in report.files] == [("worker-1", Outcome.PROVEN), ("worker-5", Outcome.PROVEN)]
    assert report.image.startswith("docker.io/library/debian:12-slim@sha256:")
    after = world.plan()
    assert (after.count, after.exit_code(), sum(len(node.left) for node in after.nodes)) == (0, ExitCode.DONE, 0)


def test_a_damaged_content_is_removed_by_exactly_its_size_and_second(tmp_path: Path) -> None:
    """Not only empty files; what was there can be had back from the journal, byte for byte."""
    spec = FileSpec(HALF, modified=1_767_200_000, uid=0, mode=0o600)
    world = World.of(worker(files={PATH: spec}), tmp_path)
    plan = world.plan()
    (file,) = plan.to_do[0].files
    assert file.command[4:] == (
        *("-type", "f", "-size", f"{len(HALF)}c"),
        *("-newermt", "@1767199999.999999999", "!", "-newermt", "@1767200000.999999999"),
        *("-exec", "/usr/bin/test", "!", "-e", f"/host{TASKS}/{STUCK.id}", ";", "-delete", "-print"),
    )
    assert world.repair(plan).ok
    (kept,) = read_repair(world.store, "last").files
    assert (kept.content, kept.path, kept.mode, kept.modified, kept.uid) == (HALF, PATH, 0o600, 1_767_200_000, 0)
    raw = next((tmp_path / "journal" / "cni-repairs").glob("*.jsonl")).read_bytes()
    assert HALF not in raw, "the journal holds it in clear"


def test_a_printed_plan_and_report_are_a_few_lines(tmp_path: Path) -> None:
    """As `print(cluster.cni_repair_plan())` shows them; what a node said is escaped."""
    files = {PATH: FileSpec(), f"{RESULTS}/{eth0(OTHER)}": FileSpec(kind="fifo"), f"{RESULTS}/a\x1b[31m\u202eb": FileSpec()}
    world = World.of(worker(sandboxes=(RUNNING, STUCK, OTHER), files=files), tmp_path)
    plan = world.plan()
    first, *lines = str(plan).splitlines()
    assert first == "w1: remove 1 file, leave 2"
    assert lines[0].startswith(f"  remove, heals: {eth0(STUCK)}: the file is damaged, but")
    assert lines[0].endswith("; its sandbox is dead: it is not among the READY sandboxes; containerd runs no task for it")
    assert any(line.startswith(f"  leave, fatal: {eth0(OTHER)}: ") and "it is no regular file" in line for line in lines)
    assert any(line.startswith(r"  leave, unknown: a\x1b[31m\u202eb: ") for line in lines)
    report = world.repair(plan)
    proven, left = str(report).splitlines()
    assert proven == f"w1: proven: {eth0(STUCK)}: file gone, sandbox removed, kubelet log none, lease 10.244.1.3 is free"
    assert left.startswith(f"w1: left alone: {eth0(OTHER)}: it is no regular file")
    assert (str(plan) + str(report)).replace("\n", "").isprintable()
    unseen = World.of(worker(), tmp_path / "reader", roles=("os:reader",)).plan()
    assert str(unseen).startswith("w1: not looked at: ")
    over = World.of(
        worker(sandboxes=(RUNNING, STUCK, OTHER), files={PATH: FileSpec(), f"{RESULTS}/{eth0(OTHER)}": FileSpec()}), tmp_path / "over"
    )
    assert str(over.plan(limit=1)).splitlines()[-1] == "1 more file can be removed in another run (limit 1)"


def test_a_node_without_damage_is_looked_at_once(tmp_path: Path) -> None:
    """No minute is waited, nothing is run."""
    world = World.of(worker(files={}), tmp_path)
    start = world.time.now()
    plan = world.plan()
    assert (world.time.now(), plan.count, plan.exit_code(), world.said) == (start, 0, ExitCode.DONE, [])
    report = world.repair(plan)
    assert (report.repair, report.files, report.exit_code()) == ("", (), ExitCode.DONE)
    assert repairs(world.store) == ()


@pytest.mark.parametrize(
    "files",
    [
        {f"{RESULTS}/foreign": FileSpec()},
        {f"{RESULTS}/{eth0(STUCK)}": FileSpec(kind="symlink", link="/etc/hosts")},
        {f"{RESULTS}/{eth0(STUCK)}": FileSpec(kind="fifo")},
    ],
)
def test_what_no_second_look_makes_removable_is_not_waited_for(files: dict[str, FileSpec], tmp_path: Path) -> None:
    """Its name, or what it is, is reason enough, and the only one; another node is not counted for it either."""
    world = World.of(worker(files=files), tmp_path / "one")
    start = world.time.now()
    (left,) = world.plan().nodes[0].left
    assert left.eligibility.reasons in (("unplain-name",), ("not-a-file",))
    assert (world.said, world.time.now() - start < APART) == ([], True)
    both = World(ClusterSpec((*world.spec.nodes, replace(worker(), name="w2", address="10.5.0.4"))), tmp_path / "two")
    assert [len(each.files) for each in both.plan().nodes] == [0, 1]
    assert both.said == ["one node with damaged files; looking again in 60 s, since what changes meanwhile is in use"]


def test_no_more_is_removed_than_the_limit(tmp_path: Path) -> None:
    """The rest is counted, and left for another run."""
    files = {f"{RESULTS}/{eth0(sandbox)}": FileSpec() for sandbox in (STUCK, OTHER)}
    world = World.of(worker(sandboxes=(RUNNING, STUCK, OTHER), files=files), tmp_path)
    plan = world.plan(heals(limit=1))
    assert (plan.count, plan.over_limit) == (1, 1)
    assert [file.name for file in world.repair(plan).files] == [eth0(STUCK)]
    assert world.exists(f"{RESULTS}/{eth0(OTHER)}")


def test_what_heals_by_itself_is_left_unless_asked_for(tmp_path: Path) -> None:
    """With the advice to do nothing."""
    (node,) = World.of(worker(), tmp_path).plan(RepairOptions()).nodes
    assert (node.files, node.left[0].eligibility.reasons, node.advice[0].code) == ((), ("not-worth-it",), "heals")


def test_on_talos_1_7_the_job_is_the_method_and_an_upgrade_the_first_advice(tmp_path: Path) -> None:
    """There is no debug service; Kubernetes' name for the node is asked for."""
    (node,) = World.of(worker("v1.7.6"), tmp_path).plan(RepairOptions()).nodes
    assert (node.method, node.kubernetes_name, len(node.files), node.advice[0].code) == (Method.JOB, "w1", 1, "upgrade")
    assert node.files[0].command[1] == f"/results/{eth0(STUCK)}"


# What must keep a file from being removed, up to the last moment


def test_a_file_swapped_for_a_link_is_left(tmp_path: Path) -> None:
    """Between the last look and the command; what the link leads to is left as well."""
    world = World.of(worker(), tmp_path)
    before_run(world, lambda: world.node.tree.put(PATH, FileSpec(kind="symlink", link="/var/lib/cni/results/" + eth0(RUNNING))))
    assert outcome(world) == (Outcome.REFUSED, "left alone: on the node, at that moment, it was not any more what it was")
    assert world.exists(PATH)
    assert world.exists(f"{RESULTS}/{eth0(RUNNING)}")


def test_a_file_that_was_written_meanwhile_is_left(tmp_path: Path) -> None:
    """Its size is another one, or only its time."""
    for number, spec in enumerate((FileSpec(b"{}"), FileSpec(modified=1_767_323_100))):
        world = World.of(worker(), tmp_path / str(number))
        before_run(world, lambda world=world, spec=spec: world.node.tree.put(PATH, spec))
        assert outcome(world)[0] is Outcome.REFUSED
        assert world.exists(PATH)


def test_a_sandbox_that_comes_to_life_in_the_last_moment_keeps_its_file(tmp_path: Path) -> None:
    """The very command looks whether containerd runs a task for it."""
    world = World.of(worker(), tmp_path)
    before_run(world, lambda: world.node.tree.put(f"{TASKS}/{STUCK.id}", FileSpec(kind="directory")))
    assert outcome(world)[0] is Outcome.REFUSED
    assert world.exists(PATH)


def test_a_sandbox_that_became_ready_since_the_plan_keeps_its_file(tmp_path: Path) -> None:
    """The conditions are asked again; nothing is run on the node."""
    world = World.of(worker(), tmp_path)
    plan = world.plan()
    ready = tuple(replace(sandbox, ready=True) for sandbox in world.node.spec.sandboxes)
    world.node.spec = replace(world.node.spec, sandboxes=ready)
    (file,) = world.repair(plan).files
    assert (file.outcome, file.reason) == (Outcome.REFUSED, "left alone: its pod runs")
    assert world.exists(PATH)
    assert removed_paths(world) == []


@pytest.mark.parametrize("change", ["size", "time", "gone", "kind"])
def test_a_file_that_changed_since_the_plan_is_left(tmp_path: Path, change: str) -> None:
    """Whatever it became."""
    world = World.of(worker(), tmp_path)
    plan = world.plan()
    tree = world.node.tree
    {
        "size": lambda: tree.put(PATH, FileSpec(b"x")),
        "time": lambda: tree.put(PATH, FileSpec(modified=1_767_000_000)),
        "gone": lambda: tree.remove(PATH),
        "kind": lambda: tree.put(PATH, FileSpec(kind="fifo")),
    }[change]()
    (file,) = world.repair(plan).files
    assert file.outcome is Outcome.REFUSED
    assert file.reason.startswith("left alone: ")
    assert removed_paths(world) == []


def test_a_file_that_changes_between_the_looks_is_no_candidate(tmp_path: Path) -> None:
    """It is in use."""
    world = World.of(worker(), tmp_path)
    world.time.on_sleep.append(lambda _: world.node.tree.put(PATH, FileSpec(b"{")))
    (node,) = world.plan().nodes
    assert (node.files, "changed" in node.left[0].eligibility.reasons) == ((), True)


def test_a_node_whose_clock_jumps_is_left_alone(tmp_path: Path) -> None:
    """How old its files are cannot be told: between the looks, and between plan and removal."""
    for number, when in enumerate(("looks", "removal")):
        world = World.of(worker(), tmp_path / str(number))

        def jump(_: float = 0.0, world: World = world) -> None:
            world.node.spec = replace(world.node.spec, faults=NodeFaults(clock_skew=7200.0))

        if when == "looks":
            world.time.on_sleep.append(jump)
            (node,) = world.plan().nodes
            assert (node.files, node.left[0].eligibility.reasons) == ((), ("clock-jumped",))
        else:
            plan = world.plan()
            jump()
            (file,) = world.repair(plan).files
            assert (file.outcome, "clock jumped" in file.reason) == (Outcome.REFUSED, True)
        assert world.exists(PATH)


def test_the_nodes_own_clock_decides_in_the_end_how_old_a_file_is(tmp_path: Path) -> None:
    """Ours may be wrong: it calls a file old that the node just wrote."""
    world = World.of(worker(), tmp_path)
    world.time.ahead = 3600.0
    world.node.tree.put(PATH, FileSpec(modified=int(world.clock.now()) - 30))
    assert outcome(world) == (Outcome.REFUSED, "left alone: on the node, at that moment, it was not any more what it was")
    assert world.exists(PATH)


def test_a_node_that_booted_anew_since_the_plan_is_left_alone(tmp_path: Path) -> None:
    """It may be another one altogether."""
    world = World.of(worker(), tmp_path)
    plan = world.plan()
    world.node.boots += 1
    (file,) = world.repair(plan).files
    assert (file.outcome, file.reason) == (Outcome.REFUSED, "left alone: the node booted anew between the two looks")


@pytest.mark.parametrize(
    "name",
    [
        f"cbr0-{STUCK.id}-eth0\n",
        f"cbr0-{STUCK.id}-$(id)",
        f"cbr0-{STUCK.id}-*",
        f"cbr0-{STUCK.id}-\u202eeth0",
        f"cbr0-{STUCK.id[:-1]}-eth0",
        f"-delete-{STUCK.id}-eth0",
        "\x1b]0;owned\x07",
    ],
)
def test_a_name_that_is_not_exactly_a_cache_files_is_never_touched(tmp_path: Path, name: str) -> None:
    """It is shown escaped, with the reason, and nothing is run."""
    world = World.of(worker(files={f"{RESULTS}/{name}": FileSpec()}), tmp_path)
    plan = world.plan(heals(include=Include.RESIDUE))
    assert plan.count == 0
    for left in plan.to_dict()["nodes"][0]["left"]:
        assert left["name"].isprintable()
        assert left["reasons"]


def test_nothing_is_removed_from_a_directory_with_more_entries_than_are_looked_at(tmp_path: Path) -> None:
    """A check of 200,000 stops at 20,000; what was not seen may belong to the same sandbox."""
    many = {f"{RESULTS}/cbr0-{number:064x}-eth0": FileSpec() for number in range(20_100)}
    world = World.of(worker(files={**many, PATH: FileSpec()}), tmp_path)
    plan = world.plan()
    (node,) = plan.nodes
    assert plan.count == 0
    assert all("node-unseen" in left.eligibility.reasons for left in node.left)
    assert any("the rest was not looked at" in note for note in node.notes)


class LyingClient:
    """Passes everything on, but for what a test replaces."""

    def __init__(self, client: Any, **lies: Any) -> None:
        self._client, self._lies = client, lies

    def __getattr__(self, name: str) -> Any:
        return self._lies.get(name) or getattr(self._client, name)


def test_a_node_that_says_removed_and_still_lists_the_file_is_not_believed(tmp_path: Path) -> None:
    """The listing counts."""
    from talospatch.talos.containers import RunResult

    world = World.of(worker(), tmp_path)

    async def run_container(node: str, image: str, args: tuple[str, ...], **_: Any) -> RunResult:
        return RunResult(0, f"{args[1]}\n".encode())

    plan = world.plan()
    world.client = LyingClient(world.client, run_container=run_container)  # type: ignore[assignment]
    (file,) = world.repair(plan).files
    assert (file.outcome, file.reason) == (Outcome.FAILED, "the command says that it removed it, and the node still lists it")


def test_a_node_that_gives_another_content_than_it_lists_is_left_alone(tmp_path: Path) -> None:
    """What cannot be journalled exactly is not removed; neither is what turns out to be in order."""
    for number, (size, content) in enumerate(((len(HALF), b"short"), (2, b"{}"))):
        damaged = {PATH: FileSpec(HALF[:size] if size != 2 else b"{[")}
        world = World.of(worker(files=damaged), tmp_path / str(number))
        plan = world.plan()
        assert plan.count == 1
        inner = world.client
        reads = 0

        async def read_file(node: str, path: str, inner: Any = inner, content: bytes = content, size: int = size, **more: Any) -> bytes:
            nonlocal reads
            if path != PATH:
                return await inner.read_file(node, path, **more)  # type: ignore[no-any-return]
            reads += 1
            if reads == 1:  # the look; from then on it is something else
                return await inner.read_file(node, path, **more)  # type: ignore[no-any-return]
            if more.get("expected_size") not in (None, len(content)):
                from talospatch.errors import IncompleteAnswer

                raise IncompleteAnswer(node, "Read", "OK", f"{len(content)} bytes came")
            return content

        world.client = LyingClient(inner, read_file=read_file)  # type: ignore[assignment]
        (file,) = world.repair(plan).files
        assert file.outcome in {Outcome.FAILED, Outcome.REFUSED}
        assert world.exists(PATH)


def test_a_results_directory_that_is_a_link_is_not_trusted(tmp_path: Path) -> None:
    """The node would list something else than what the command removes from."""
    world = World.of(worker(), tmp_path)
    plan = world.plan()
    before_look = world.node.tree

    def move() -> None:
        before_look.put("/var/elsewhere/" + eth0(STUCK), FileSpec(modified=int(world.node.booted_at)))
        before_look.remove(RESULTS)
        before_look.put(RESULTS, FileSpec(kind="symlink", link="/var/elsewhere"))

    move()
    (file,) = world.repair(plan).files
    assert (file.outcome, "it may be a link" in file.reason) == (Outcome.FAILED, True)


def test_a_node_that_does_not_name_its_sandboxes_is_not_taken_for_one_without_any(tmp_path: Path) -> None:
    """Then nothing follows from what is not listed; containerd's tasks have to show it."""
    from talospatch.talos.containers import Container

    world = World.of(worker(), tmp_path)

    async def containers(*_: Any, **__: Any) -> tuple[Container, ...]:
        return (Container(id="shop/web-2", pod_id="shop/web-2", status="SANDBOX_READY"),)

    inner = world.client
    world.client = LyingClient(inner, containers=containers)  # type: ignore[assignment]
    (node,) = world.plan().nodes
    assert [file.order.shown_dead for file in node.files] == [("containerd runs no task for it",)]
    assert any("did not name the sandboxes that run" in note for note in node.notes)
    world.node.tree.put(f"{TASKS}/{STUCK.id}", FileSpec(kind="directory"))
    assert world.plan().count == 0


# What is not proven, and what stops


def test_a_sandbox_that_stays_is_not_proven_and_keeps_no_other_node_waiting(tmp_path: Path) -> None:
    """The kubelet has 70 seconds. The file is gone and nothing fails any more, so that the next node has its turn."""
    world = World.demo(tmp_path)
    worker_1 = world.cluster.node("worker-1")
    world_plan = world.plan()
    # Its runtime is gone when the kubelet tries, so the sandbox stays.
    world.time.on_sleep.append(lambda _: setattr(worker_1.runtime, "up", False))
    report = world.repair(world_plan)
    first, second = report.files
    assert first.outcome is Outcome.NOT_PROVEN
    sandbox = "sandbox (still there after 70 s, and not seen to stop)"
    assert first.reason == f"removed; not proven: {sandbox}, lease (10.244.1.4 still held)"
    assert (second.outcome, second.reason) == (Outcome.PROVEN, "removed")
    assert report.exit_code() is ExitCode.FAILED
    with pytest.raises(RolloutError, match="1 of 2 files did not end as wanted"):
        report.raise_on_failure()


def test_a_log_that_goes_on_is_not_proven_and_stops_the_rest(tmp_path: Path) -> None:
    """New lines about this sandbox after the file was gone: removing it did not do what it should."""
    world = World.demo(tmp_path)
    plan = world.plan()
    node, sandbox = world.cluster.node("worker-1"), plan.nodes[0].files[0].order.sandbox
    line = f'StopPodSandbox failed: failed to destroy network for sandbox "{sandbox}": something else'
    world.time.on_sleep.append(lambda _: node.log("kubelet", f"{line} {world.time.now()}", world.time.now()))
    first, second = world.repair(plan).files
    assert first.outcome is Outcome.NOT_PROVEN
    assert first.reason.startswith("removed; not proven: kubelet log (")
    assert first.reason.endswith(" new)")
    assert (second.outcome, second.reason) == (Outcome.NOT_ATTEMPTED, "stopped after worker-1: applied-not-proven")


def test_what_cannot_be_seen_afterwards_is_not_proven(tmp_path: Path) -> None:
    """Each on its own: the log, the leases. A log that was not read may tell of anything, so that nothing more is removed."""
    for number, (method, said, goes_on) in enumerate((("Logs", "kubelet log", False), ("Copy", "lease", True))):
        world = World.demo(tmp_path / str(number))
        plan = world.plan()
        world.faults.faults.append(Fault(FaultKind.UNREACHABLE, method=method, node=plan.nodes[0].address))
        first, second = world.repair(plan).files
        assert (first.outcome, f"{said} (could not be" in first.reason) == (Outcome.NOT_PROVEN, True), first.reason
        assert (second.outcome is Outcome.PROVEN) is goes_on, second.reason


# A pod that still exists

WAITING = replace(STUCK, pod_exists=True)


def two_waiting(tmp_path: Path, talos: str = "v1.13.9") -> World:
    """Two nodes after a power cut, each with a pod that waits for its old sandbox to stop."""
    nodes = [worker(talos, name=f"w{place}", address=f"10.5.0.{place}", sandboxes=(RUNNING, WAITING)) for place in (3, 4)]
    world = World(ClusterSpec((NodeSpec("cp-1", "10.5.0.2", "controlplane", talos), *nodes)), tmp_path)
    world.clock.advance(3600)
    return world


def test_a_sandbox_that_is_kept_for_its_pod_is_proven_to_have_stopped(tmp_path: Path) -> None:
    """By containerd's log; one such pod must not keep the rest of a fleet from being repaired."""
    world = two_waiting(tmp_path)
    started = world.time.now()
    report = world.repair(world.plan())
    assert [(file.outcome, file.reason) for file in report.files] == [(Outcome.PROVEN, "removed")] * 2
    for file in report.files:
        seen = {item.what: item.seen for item in file.proof}
        assert seen["sandbox"] == "stopped, as containerd's log says, and kept, as for a pod that still exists"
        assert seen["lease"] == "10.244.1.3 is free"
    assert world.exists(f"{SANDBOXES}/{STUCK.id}")
    assert report.exit_code() is ExitCode.DONE
    assert world.time.now() - started < APART + 2 * 70  # nobody waits for a directory that stays


def test_an_address_that_was_let_go_proves_it_where_the_runtimes_log_cannot_be_read(tmp_path: Path) -> None:
    """As long as the kubelet's can, and has no new failure."""

    world = two_waiting(tmp_path)
    plan = world.plan()
    inner = world.client

    async def logs(node: str, service: str, **more: Any) -> AsyncIterator[bytes]:
        if service == "cri":
            raise NodeTimeout(node, "Logs", "DEADLINE_EXCEEDED", "no")
        async for piece in inner.logs(node, service, **more):
            yield piece

    world.client = LyingClient(inner, logs=logs)  # type: ignore[assignment]
    report = world.repair(plan)
    assert [file.outcome for file in report.files] == [Outcome.PROVEN] * 2
    assert {item.seen for file in report.files for item in file.proof if item.what == "sandbox"} == {
        "stopped: its address is free and nothing fails any more; kept, as for a pod that still exists"
    }


def test_a_plan_says_that_a_pod_waits_for_its_sandbox(tmp_path: Path) -> None:
    """As its log shows on a version that fails on the file; the same pod with its deletion done is not said to."""
    world = two_waiting(tmp_path, "v1.7.6")
    files = [file for node in world.plan().nodes for file in node.files]
    assert {file.judged.code for file in files} == {"pod-stuck"}
    assert {file.whose.pod.name for file in files if file.whose.pod is not None} == {"web-2"}
    assert "pod still exists and can neither start nor end" in str(world.plan())
    gone = World.of(worker("v1.7.6"), tmp_path / "gone")
    gone.clock.advance(3600)
    assert {file.judged.code for node in gone.plan().nodes for file in node.files} == {"stop-fails"}


def test_a_connection_that_breaks_after_the_command_ran_is_looked_into(tmp_path: Path) -> None:
    """Whether it is gone is seen by listing; it is proven all the same, and nothing else is tried."""
    world = World.of(worker(), tmp_path)
    plan = world.plan()
    world.faults.faults.append(Fault(FaultKind.RESET_AFTER, method="ContainerRun"))
    (file,) = world.repair(plan).files
    assert (file.outcome, file.reason) == (Outcome.PROVEN, "gone, but not seen to be removed by this run")
    assert not world.exists(PATH)


def test_a_connection_that_breaks_before_the_command_leaves_the_file(tmp_path: Path) -> None:
    """And says so."""
    world = World.of(worker(), tmp_path)
    plan = world.plan()
    world.faults.faults.append(Fault(FaultKind.RESET_BEFORE, method="ContainerRun"))
    (file,) = world.repair(plan).files
    assert file.outcome is Outcome.FAILED
    assert file.reason.startswith("the command did not end as expected, and the file is still there: the connection")
    assert world.exists(PATH)


def test_without_os_admin_nothing_is_planned(tmp_path: Path) -> None:
    """Contents, configuration and boot id cannot be read; the row says which role it takes."""
    plan = World.of(worker(), tmp_path, roles=("os:reader",)).plan()
    assert (plan.count, plan.exit_code()) == (0, ExitCode.FAILED)
    assert "os:admin" in plan.nodes[0].error


def test_a_dead_node_does_not_keep_the_others_from_being_repaired(tmp_path: Path) -> None:
    """It is a row with its reason."""
    world = World.demo(tmp_path)
    world.cluster.node("worker-1").up = False
    plan = world.plan()
    assert [bool(node.error) for node in plan.nodes] == [True, False, False, False, False]
    assert [file.hostname for file in world.repair(plan).files] == ["worker-5"]


# The journal


def test_a_full_disk_here_keeps_everything_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written down is not removed."""
    world = World.of(worker(), tmp_path)
    plan = world.plan()
    real, writes = os.write, 0

    def full(descriptor: int, data: Any) -> int:
        nonlocal writes
        writes += b'"event":"intend"' in bytes(data)
        if writes:
            raise OSError(28, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    (file,) = world.repair(plan).files
    assert file.outcome is Outcome.FAILED
    assert file.reason.startswith("nothing was removed, since it could not be journalled")
    assert world.exists(PATH)
    assert removed_paths(world) == []


def test_a_rollout_and_a_repair_of_one_cluster_do_not_go_on_together(tmp_path: Path) -> None:
    """They share a lock."""
    world = World.of(worker(), tmp_path)
    plan = world.plan()
    with world.store.lock("sim"), pytest.raises(JournalError, match="another rollout on sim is going on"):
        world.repair(plan)


def test_ctrl_c_during_the_command_leaves_a_journal_that_says_what_was_about_to_be(tmp_path: Path) -> None:
    """The bytes are there, and that the end is not known."""
    world = World.of(worker(files={PATH: FileSpec(HALF)}), tmp_path)
    plan = world.plan()
    world.faults.faults.append(Fault(FaultKind.SILENCE, method="ContainerRun"))
    broken_off(world, plan, lambda cancel: before_run(world, cancel))
    (record,) = repairs(world.store)
    assert (record.ended, record.files[0].report, record.files[0].content) == (False, None, HALF)
    assert record.to_dict()["files"][0]["reason"] == "the repair broke off; whether the file was removed is not known"


@pytest.mark.parametrize(
    ("late", "reason"),
    [
        (False, "removed; the repair broke off before it was seen what became of it"),
        (True, "not removed by the command: on the node, at that moment, it was not any more what it was; then the repair broke off"),
    ],
)
def test_ctrl_c_after_the_command_leaves_a_journal_that_says_what_it_did(tmp_path: Path, late: bool, reason: str) -> None:
    """While the kubelet is waited for, as for the longest part of a repair, it is known by then what the command did."""
    world = World.of(worker(files={PATH: FileSpec(HALF)}), tmp_path)
    plan = world.plan()
    ran = False

    def cancel_afterwards(cancel: Callable[[], Any]) -> None:
        def hook(moment: Moment, call: Call) -> None:
            nonlocal ran
            if call.method.endswith("/ContainerRun"):
                ran = True
                if late and moment is Moment.BEFORE:
                    world.node.tree.put(PATH, FileSpec(b"{}"))
            elif ran and moment is Moment.BEFORE and call.method.endswith("/List"):
                cancel()

        world.faults.hook = hook

    broken_off(world, plan, cancel_afterwards)
    (record,) = repairs(world.store)
    assert (record.ended, record.files[0].report, world.exists(PATH)) == (False, None, late)
    told = record.to_dict()["files"][0]
    assert (told["outcome"], told["reason"]) == ("interrupted", reason)


def broken_off(world: World, plan: RepairPlan, arrange: Callable[[Callable[[], Any]], None]) -> None:
    """Begin to carry out a plan by debug containers, with what cancels it at hand, as Ctrl-C does."""

    async def run() -> None:
        from talospatch.cnicheck.repair.by_debug import DebugRemover
        from talospatch.cnicheck.repair.run import repair

        removers = {Method.DEBUG: DebugRemover(world.client, plan.options)}
        task = asyncio.create_task(repair(world.client, plan, removers, world.store, scope="sim", clock=world.time))
        arrange(task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(run())


def test_a_repair_is_found_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    """As a rollout is; one that is not there is an error that says how to list them."""
    world = World.of(worker(), tmp_path)
    report = world.repair(world.plan())
    assert read_repair(world.store, report.repair[:10]).id == report.repair
    assert world.store.ids() == (), "it is none of the rollouts"
    with pytest.raises(JournalError, match="cni repairs"):
        read_repair(world.store, "2001")


# Wrong use


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"apart": 59.0}, "at least 60"),
        ({"limit": 0}, "1 or more"),
        ({"image": "debian 12"}, "does not name an image"),
        ({"namespace": "Kube_System"}, "does not name a namespace"),
        ({"archive": b"tar", "method": Method.JOB}, "method debug only"),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    """Before a node is asked."""
    with pytest.raises(InputError, match=message):
        World.of(worker(), tmp_path).plan(heals(**options))


def test_a_manifest_is_not_carried_out(tmp_path: Path) -> None:
    """It is for somebody else to apply."""
    world = World.of(worker(), tmp_path)
    with pytest.raises(InputError, match="for you to apply"):
        world.repair(world.plan(heals(method=Method.MANIFEST)))


def test_the_method_debug_is_refused_where_talos_has_none(tmp_path: Path) -> None:
    """The report says so, and the exit code is that of a guard."""
    world = World.of(worker("v1.12.3"), tmp_path)
    plan = world.plan(heals(method=Method.DEBUG))
    assert plan.exit_code() is ExitCode.REFUSED
    (file,) = world.repair(plan).files
    assert (file.outcome, "came with 1.13" in file.reason) == (Outcome.REFUSED, True)


def test_two_sandboxes_on_one_node_are_removed_and_proven_together(tmp_path: Path) -> None:
    """They wait for the same tick of the kubelet."""
    sandboxes: tuple[SandboxSpec, ...] = (RUNNING, STUCK, OTHER)
    files = {f"{RESULTS}/{eth0(sandbox)}": FileSpec() for sandbox in (STUCK, OTHER)}
    world = World.of(worker(sandboxes=sandboxes, files=files), tmp_path)
    plan = world.plan()
    start = world.time.now()
    report = world.repair(plan)
    assert [file.outcome for file in report.files] == [Outcome.PROVEN, Outcome.PROVEN]
    assert world.time.now() - start <= plan.options.settle + plan.options.poll
    assert report.files[0].node == ADDRESS


def test_a_link_in_place_of_a_file_is_named_with_the_reason(tmp_path: Path) -> None:
    """Nothing is run for it; and it says nothing of what cut files short."""
    world = World.of(worker(files={PATH: FileSpec(kind="symlink", link="/etc/hostname")}), tmp_path)
    (node,) = world.plan(heals(include=Include.RESIDUE)).nodes
    assert (node.files, [left.eligibility.reasons for left in node.left]) == ((), [("not-a-file",)])
    assert (node.advice, node.prevention) == ((), ())
