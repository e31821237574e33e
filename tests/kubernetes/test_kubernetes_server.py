"""Against a real Kubernetes API server: admission, rights, the job's life, and a repair from plan to proof by way of it."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from control_plane import ControlPlane, Kubelet, find_programs, program
from repair_world import NETWORKS, RESULTS, SANDBOXES, STUCK, Time, World, eth0, worker

from talospatch.cnicheck.repair.by_job import JobRemover, job_of
from talospatch.cnicheck.repair.plan import NodeRepair, RepairOptions, RepairPlan
from talospatch.errors import KubernetesError, RefusedError
from talospatch.fleet.async_cluster import AsyncCluster
from talospatch.kubernetes.connection import connect
from talospatch.kubernetes.manifest import job_manifest
from talospatch.planning.outcomes import Outcome
from talospatch.rollout.clock import RealClock
from talospatch.simulator.host_shell import Shell

MISSING = list(find_programs())
pytestmark = pytest.mark.skipif(bool(MISSING), reason="; ".join(MISSING))

PATH = f"{RESULTS}/{eth0(STUCK)}"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """One control plane for all tests here; it takes a few seconds to start."""
    binary = program()
    assert binary is not None
    with ControlPlane(binary, tmp_path_factory.mktemp("control-plane")) as running:
        yield running


def on_node(world: World) -> Any:
    """Run a job's command on the simulated node's files: what it mounts at /results is the node's directory."""

    def run(arguments: list[str]) -> tuple[int, bytes]:
        moved = [word.replace("/results/", f"/host{RESULTS}/") for word in arguments]
        result = Shell(world.node, world.clock.now()).run(moved)
        assert result is not None
        output, code = result
        return code, output.replace(f"/host{RESULTS}/".encode(), b"/results/")

    return run


def repaired(world: World, plane: ControlPlane, plan: RepairPlan, *, user: str = "admin") -> Any:
    """Carry out a plan through the control plane, as a user of it."""

    async def run() -> Any:
        from talospatch.cnicheck.repair.plan import Method
        from talospatch.cnicheck.repair.run import repair

        kubernetes = connect(plane.kubeconfig(user), None, {})
        try:
            remover = JobRemover(kubernetes, plan.options, RealClock())
            return await repair(world.client, plan, {Method.JOB: remover}, world.store, scope="sim", clock=world.time)
        finally:
            await kubernetes.close()

    return asyncio.run(run())


def jobs(plane: ControlPlane, namespace: str = "kube-system") -> list[str]:
    _, found = plane.call("GET", f"/apis/batch/v1/namespaces/{namespace}/jobs")
    return [item["metadata"]["name"] for item in found["items"]]


def test_a_repair_of_talos_1_7_by_way_of_a_job(plane: ControlPlane, tmp_path: Path) -> None:
    """The evening of an empty file: found, removed by a pod that sees one directory, proven, and nothing is left in Kubernetes."""
    world = World.of(worker("v1.7.6"), tmp_path)
    plan = world.plan(RepairOptions())
    with Kubelet(plane, "w1", world.node.boot_id, on_node(world)) as kubelet:
        report = repaired(world, plane, plan)
    (file,) = report.files
    assert (file.outcome, file.reason) == (Outcome.PROVEN, "removed")
    assert report.image.endswith(f"@sha256:{'cd' * 32}")
    assert report.notes == ()
    assert jobs(plane) == []
    assert not world.exists(PATH)
    assert not world.exists(f"{SANDBOXES}/{STUCK.id}")
    assert not world.exists(f"{NETWORKS}/{STUCK.ip}")
    (pod,) = kubelet.pods
    assert [(volume.get("hostPath") or {}).get("path") for volume in pod["spec"]["volumes"]] == [RESULTS]
    assert pod["spec"]["nodeName"] == "w1"
    assert (pod["spec"].get("priorityClassName"), pod["status"]["qosClass"]) == (None, "Burstable")


def test_a_file_that_changed_in_the_last_moment_is_left(plane: ControlPlane, tmp_path: Path) -> None:
    """The command in the pod tests it again."""
    from talospatch.simulator.spec import FileSpec

    world = World.of(worker("v1.7.6"), tmp_path)
    plan = world.plan(RepairOptions())
    run = on_node(world)

    def late(arguments: list[str]) -> tuple[int, bytes]:
        world.node.tree.put(PATH, FileSpec(b"{}"))
        return run(arguments)  # type: ignore[no-any-return]

    with Kubelet(plane, "w1", world.node.boot_id, late):
        report = repaired(world, plane, plan)
    assert [file.outcome for file in report.files] == [Outcome.REFUSED]
    assert world.exists(PATH)
    assert jobs(plane) == []


def test_a_node_of_the_same_name_that_is_another_machine_is_refused(plane: ControlPlane, tmp_path: Path) -> None:
    """Its boot id is not the one that Talos tells; nothing is made."""
    world = World.of(worker("v1.7.6"), tmp_path)
    plan = world.plan(RepairOptions())
    with Kubelet(plane, "w1", "11111111-2222-3333-4444-555555555555", on_node(world)) as kubelet:
        report = repaired(world, plane, plan)
    (file,) = report.files
    assert (file.outcome, "the boot ids differ" in file.reason) == (Outcome.FAILED, True)
    assert kubelet.pods == []
    assert world.exists(PATH)


def test_a_node_that_kubernetes_does_not_know_is_said(plane: ControlPlane, tmp_path: Path) -> None:
    """With the API server's words."""
    world = World.of(worker("v1.7.6"), tmp_path)
    (file,) = repaired(world, plane, world.plan(RepairOptions())).files
    assert (file.outcome, 'nodes "w1" not found' in file.reason) == (Outcome.FAILED, True)


@pytest.mark.parametrize(("level", "allowed"), [("privileged", True), ("baseline", False), (None, False)])
def test_pod_security_is_asked_before_anything_is_made(plane: ControlPlane, tmp_path: Path, level: str | None, allowed: bool) -> None:
    """By a dry run on the server, whose word counts; with what to do about a refusal."""
    name = f"repair-{level or 'unlabelled'}"
    labels = {"pod-security.kubernetes.io/enforce": level} if level else {}
    plane.make("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    world = World.of(worker("v1.7.6"), tmp_path)
    plan = world.plan(RepairOptions(namespace=name))
    with Kubelet(plane, "w1", world.node.boot_id, on_node(world)) as kubelet:
        report = repaired(world, plane, plan)
    (file,) = report.files
    if allowed:
        assert file.outcome is Outcome.PROVEN
        return
    assert file.outcome is Outcome.FAILED
    assert 'violates PodSecurity "baseline:latest": ' in file.reason
    assert "take the namespace kube-system, or set the label pod-security.kubernetes.io/enforce=privileged" in file.reason
    assert (kubelet.pods, jobs(plane, name), world.exists(PATH)) == ([], [], True)


def test_an_image_that_cannot_be_had_ends_it_and_leaves_nothing(plane: ControlPlane, tmp_path: Path) -> None:
    """The pod's own reason is told, and the job is gone before anything is concluded."""
    world = World.of(worker("v1.7.6"), tmp_path)
    plan = world.plan(RepairOptions())
    with Kubelet(plane, "w1", world.node.boot_id, on_node(world), waiting="ImagePullBackOff"):
        report = repaired(world, plane, plan)
    (file,) = report.files
    assert (file.outcome, "ImagePullBackOff: as the test has it" in file.reason) == (Outcome.FAILED, True)
    assert jobs(plane) == []
    assert world.exists(PATH)


@pytest.mark.parametrize("pressure", ["DiskPressure", "PIDPressure"])
def test_a_node_under_pressure_takes_the_pod_as_a_critical_one(plane: ControlPlane, tmp_path: Path, pressure: str) -> None:
    """A full disk is one of the two natural causes of an empty file; its kubelet takes no other pod. One in order gets a plain one."""
    world = World.of(worker("v1.7.6"), tmp_path)
    plan = world.plan(RepairOptions())
    with Kubelet(plane, "w1", world.node.boot_id, on_node(world), pressure=pressure) as kubelet:
        report = repaired(world, plane, plan)
    assert [file.outcome for file in report.files] == [Outcome.PROVEN]
    (pod,) = kubelet.pods
    assert (pod["spec"]["priorityClassName"], pod["spec"]["priority"]) == ("system-node-critical", 2_000_001_000)


def test_a_pod_that_the_kubelet_refuses_is_told_with_the_kubelets_reason(plane: ControlPlane, tmp_path: Path) -> None:
    """Which is in the pod's status and nowhere else; the job itself says only that it tried often enough."""
    world = World.of(worker("v1.7.6"), tmp_path)
    plan = world.plan(RepairOptions())
    with Kubelet(plane, "w1", world.node.boot_id, on_node(world), pressure="DiskPressure", tells_pressure=False):
        report = repaired(world, plane, plan)
    (file,) = report.files
    assert file.outcome is Outcome.FAILED
    assert "its pod failed: Evicted: The node had condition: [DiskPressure]." in file.reason
    assert jobs(plane) == []
    assert world.exists(PATH)


def test_pressure_outside_of_kube_system_is_refused_before_anything_is_made(plane: ControlPlane, tmp_path: Path) -> None:
    """There a critical pod is what a cluster's quota may forbid."""
    labels = {"pod-security.kubernetes.io/enforce": "privileged"}
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "pressed", "labels": labels}}
    plane.make("/api/v1/namespaces", made)
    world = World.of(worker("v1.7.6"), tmp_path)
    plan = world.plan(RepairOptions(namespace="pressed"))
    with Kubelet(plane, "w1", world.node.boot_id, on_node(world), pressure="DiskPressure") as kubelet:
        report = repaired(world, plane, plan)
    (file,) = report.files
    assert (file.outcome, "w1 has DiskPressure" in file.reason, "--namespace kube-system" in file.reason) == (Outcome.FAILED, True, True)
    assert (kubelet.pods, world.exists(PATH)) == ([], True)


def test_a_file_that_is_gone_already_is_told_from_one_that_was_removed(plane: ControlPlane, tmp_path: Path) -> None:
    """The command ends with 1, the job fails, and the node recovers all the same."""
    world = World.of(worker("v1.7.6"), tmp_path)
    plan = world.plan(RepairOptions())
    run = on_node(world)

    def late(arguments: list[str]) -> tuple[int, bytes]:
        world.node.tree.remove(PATH)
        world.node.note_removed(PATH, world.clock.now())
        return run(arguments)  # type: ignore[no-any-return]

    with Kubelet(plane, "w1", world.node.boot_id, late):
        report = repaired(world, plane, plan)
    (file,) = report.files
    assert (file.outcome, file.reason) == (Outcome.PROVEN, "gone, but not seen to be removed by this run")
    assert jobs(plane) == []


class TwoTimes(Time):
    """The cluster's virtual time, but for the seconds between two looks at a job: those are of the real control plane."""

    async def sleep(self, seconds: float) -> None:
        if seconds > 1:
            await super().sleep(seconds)
        else:
            await asyncio.sleep(0.1)


def test_the_verb_of_the_cluster_finds_kubernetes_by_a_kubeconfig(plane: ControlPlane, tmp_path: Path) -> None:
    """Planned and carried out as a script would."""
    world = World.of(worker("v1.7.6"), tmp_path)
    cluster = AsyncCluster(world.client, name="sim", journal=world.store, clock=TwoTimes(world.clock))

    async def script() -> Any:
        plan = await cluster.cni_repair_plan(nodes=["10.5.0.3"])
        return await cluster.cni_repair(plan, kubeconfig=plane.kubeconfig("admin"), kube_context="test")

    with Kubelet(plane, "w1", world.node.boot_id, on_node(world)):
        report = asyncio.run(script())
    report.raise_on_failure()
    assert [file.outcome for file in report.files] == [Outcome.PROVEN]
    assert jobs(plane) == []


RULES = [
    {"apiGroups": [""], "resources": ["nodes", "namespaces"], "verbs": ["get"]},
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "get", "delete"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "get", "list"]},
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
]


def test_the_rights_that_are_listed_are_the_rights_that_it_takes(plane: ControlPlane, tmp_path: Path) -> None:
    """A user without them is refused with what is missing; one with exactly these repairs the node."""
    world = World.of(worker("v1.7.6"), tmp_path)
    plan = world.plan(RepairOptions())
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    with Kubelet(plane, "w1", world.node.boot_id, on_node(world)):
        (refused,) = repaired(world, plane, plan, user="alice").files
        assert 'User "alice" cannot get resource "nodes"' in refused.reason
        assert world.exists(PATH)
        role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "repair"}, "rules": RULES}
        plane.make(f"{rbac}/clusterroles", role)
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "repair"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "repair"},
            "subjects": [{"kind": "User", "name": "alice", "apiGroup": "rbac.authorization.k8s.io"}],
        }
        plane.make(f"{rbac}/clusterrolebindings", binding)
        report = _when_allowed(world, plane, plan)
    assert [file.outcome for file in report.files] == [Outcome.PROVEN]


def _when_allowed(world: World, plane: ControlPlane, plan: RepairPlan) -> Any:
    """A new right takes a moment to be known; until then she is refused."""
    for _ in range(100):
        report = repaired(world, plane, plan, user="alice")
        if not any("alice" in file.reason for file in report.files):
            return report
    return report


def test_the_job_is_what_the_api_takes_to_the_letter(plane: ControlPlane, tmp_path: Path) -> None:
    """No field that it does not know, none that it would refuse."""
    world = World.of(worker("v1.7.6"), tmp_path)
    node = world.plan(RepairOptions()).nodes[0]
    manifest = job_manifest(job_of(node, node.files, RepairOptions(), "talospatch-test"))
    status, answer = plane.call("POST", "/apis/batch/v1/namespaces/kube-system/jobs?dryRun=All&fieldValidation=Strict", manifest)
    assert status == 201, answer
    assert answer["spec"]["template"]["spec"]["automountServiceAccountToken"] is False


def test_a_control_plane_that_is_gone_is_a_failure_with_a_reason(plane: ControlPlane, tmp_path: Path) -> None:
    """Not a traceback, and not a success."""
    config = plane.kubeconfig("admin").read_text().replace(plane.url, "https://127.0.0.1:1")
    path = tmp_path / "gone.kubeconfig"
    path.write_text(config)

    async def ask() -> None:
        kubernetes = connect(path, None, {})
        try:
            await kubernetes.node("w1")
        finally:
            await kubernetes.close()

    with pytest.raises(KubernetesError, match="cannot get the node w1: ") as raised:
        asyncio.run(ask())
    assert raised.value.status == 0


def test_ctrl_c_takes_the_job_away(plane: ControlPlane, tmp_path: Path) -> None:
    """Also while its pod has not ended."""
    world = World.of(worker("v1.7.6"), tmp_path)
    plan = world.plan(RepairOptions())

    async def run() -> None:
        kubernetes = connect(plane.kubeconfig("admin"), None, {})
        remover = JobRemover(kubernetes, plan.options, RealClock())
        node = plan.nodes[0]
        task = asyncio.create_task(remover.remove(node, node.files))
        try:
            while not await asyncio.to_thread(jobs, plane):
                await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await remover.clean_up(node) == ()
        finally:
            await kubernetes.close()

    with Kubelet(plane, "w1", world.node.boot_id, on_node(world), waiting="ContainerCreating"):
        asyncio.run(run())
        assert jobs(plane) == []
    assert world.exists(PATH)


def test_the_command_runs_for_real_on_real_files(plane: ControlPlane, tmp_path: Path) -> None:
    """GNU find, a real directory, the output by way of the API server."""
    world = World.of(worker("v1.7.6"), tmp_path / "world")
    node: NodeRepair = world.plan(RepairOptions()).nodes[0]
    directory = tmp_path / "results"
    directory.mkdir()
    order = node.files[0].order
    (directory / order.name).touch()
    os.utime(directory / order.name, (order.modified, order.modified))

    def run(arguments: list[str]) -> tuple[int, bytes]:
        words = [word.replace("/results/", f"{directory}/") for word in arguments]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout.replace(f"{directory}/".encode(), b"/results/")

    async def remove() -> Any:
        kubernetes = connect(plane.kubeconfig("admin"), None, {})
        try:
            return await JobRemover(kubernetes, RepairOptions(), RealClock()).remove(node, node.files)
        finally:
            await kubernetes.close()

    with Kubelet(plane, "w1", "boot", run):
        removals = asyncio.run(remove())
    (removal,) = removals.files.values()
    assert (removal.exit_code, removal.removed, removal.said) == (0, True, "")
    assert not (directory / order.name).exists()


def test_a_refusal_by_rights_is_told_from_one_by_pod_security(plane: ControlPlane, tmp_path: Path) -> None:
    """alice may look at nodes and namespaces, and make no pods."""
    world = World.of(worker("v1.7.6"), tmp_path)
    plan = world.plan(RepairOptions())
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    plane.call("DELETE", f"{rbac}/clusterrolebindings/repair")
    rules = [{"apiGroups": [""], "resources": ["nodes", "namespaces"], "verbs": ["get"]}]
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "look"}, "rules": rules}
    plane.make(f"{rbac}/clusterroles", role)
    subject = {"kind": "User", "name": "alice", "apiGroup": "rbac.authorization.k8s.io"}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "look"}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "look"},
        "roleRef": reference,
        "subjects": [subject],
    }
    plane.make(f"{rbac}/clusterrolebindings", binding)

    async def prepare() -> None:
        kubernetes = connect(plane.kubeconfig("alice"), None, {})
        try:
            node = plan.nodes[0]
            for _ in range(100):
                try:
                    await JobRemover(kubernetes, plan.options, RealClock()).prepare(node, world.node.boot_id)
                except KubernetesError:
                    continue  # the new right is not known yet
                return
        finally:
            await kubernetes.close()

    with (
        Kubelet(plane, "w1", world.node.boot_id, on_node(world)),
        pytest.raises(RefusedError, match='cannot create resource "pods"') as raised,
    ):
        asyncio.run(prepare())
    assert raised.value.code == "forbidden"
