"""From the check to the proof on a real containerd: what talospatch runs on the node is run there, and the sandbox then stops."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from control_plane import ControlPlane, find_programs, program

from containerd_node.evening import EMPTY, Evening, assert_proven
from containerd_node.job_pods import JobPods, digest_of
from containerd_node.machine import until
from containerd_node.node import RESULTS, ContainerdNode
from containerd_node.pod_image import TOOLS
from containerd_node.story import DEBUGGABLE, WORKER, damage
from talospatch.cni.eligibility import NOT_READY, Include
from talospatch.cni.rules import Verdict
from talospatch.cni.story import Source
from talospatch.cnicheck.repair.by_job import manifests
from talospatch.cnicheck.repair.plan import Method, RepairOptions
from talospatch.planning.outcomes import ExitCode, Outcome

if TYPE_CHECKING:
    from containerd_node.containerds import Containerd
    from containerd_node.node import DebugRun
    from talospatch import AsyncCluster
    from talospatch.cni.story import Whose
    from talospatch.cnicheck.repair.plan import RepairPlan
    from talospatch.cnicheck.repair.report import RepairReport

pytestmark = [pytest.mark.containerd, pytest.mark.simulator]

NO_KUBERNETES = "; ".join(find_programs())
# cniVersions of a network whose cache is read when a pod is stopped, and of one whose cache never is.
READING, NOT_READING = ("0.4.0", "1.0.0"), ("0.3.1",)


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real Kubernetes control plane."""
    binary = program()
    assert binary is not None
    with ControlPlane(binary, tmp_path_factory.mktemp("control-plane")) as running:
        yield running


async def told(evening: Evening, cluster: AsyncCluster, code: str) -> None:
    """See that check and explain have found it."""
    report = await cluster.check_cni_cache(nodes=[WORKER])
    (node,) = report.nodes
    (judged,) = node.files
    assert (judged.file.name, judged.verdict, judged.code) == (evening.file.name, Verdict.FATAL, code)
    assert report.exit_code() == ExitCode.DIFFERENCES
    explained = await cluster.explain_cni(evening.stuck[:12], nodes=[WORKER])
    ((_, story),) = explained.told
    assert (story.sandbox, story.verdict) == (evening.stuck, Verdict.FATAL)
    (address,) = (address for address, sandbox in evening.node.leases().items() if sandbox == evening.stuck)
    text = "\n".join(node.tell(story))
    assert EMPTY in text
    assert address in text
    assert f"cniVersion {evening.node.cni_version} (10-flannel.conflist), reads the cache" in text


@pytest.mark.parametrize("cni_version", READING)
def test_by_a_debug_container(own_node: ContainerdNode, tmp_path: Path) -> None:
    """A Talos that has DebugService has a containerd that heals; that this one does not, the log shows, as with an old Multus."""
    evening = Evening(own_node, DEBUGGABLE, tmp_path)
    evening.fail()
    repair_by_debug_container(evening)


def test_a_pod_that_waits_for_its_old_sandbox_gets_a_new_one(own_node: ContainerdNode, tmp_path: Path) -> None:
    """As after a power cut: the pod exists and cannot start. Its old sandbox stops and stays, for a dead container is in it."""
    evening = Evening(own_node, DEBUGGABLE, tmp_path)
    evening.kubelet.keep_pod(evening.stuck)
    evening.fail()

    async def work(cluster: AsyncCluster) -> RepairReport:
        ((_, story),) = (await cluster.explain_cni(evening.stuck[:12], nodes=[WORKER])).told
        assert story.pod is not None
        assert (story.pod.name, story.pod_exists) == ("web-2", Source.LOG)
        plan = await cluster.cni_repair_plan(nodes=[WORKER], options=RepairOptions(image=TOOLS))
        assert plan.count == 1
        report: RepairReport = await cluster.cni_repair(plan)
        return report

    report = evening.cluster(work)
    assert_proven(report)
    seen = {item.what: item.seen for item in report.files[0].proof}
    assert seen["sandbox"] == "stopped, as containerd's log says, and kept, as for a pod that still exists"
    pods = {pod.id: (pod.metadata.name, pod.metadata.attempt) for pod in own_node.cri.pods()}
    assert (pods.pop(evening.running), pods.pop(evening.stuck)) == (("web-1", 0), ("web-2", 0))
    assert list(pods.values()) == [("web-2", 1)]
    assert evening.stuck not in own_node.leases().values()
    (dead,) = (each for each in own_node.cri.containers() if each.pod_sandbox_id == evening.stuck)
    own_node.cri.remove_container(dead.id)
    assert evening.kubelet.collect() == []
    assert {pod.id for pod in own_node.cri.pods()} == {evening.running, *pods}


def test_the_pod_of_an_empty_file_is_named(own_node: ContainerdNode, tmp_path: Path) -> None:
    """By containerd's own line from when it was made, as long as that is in the log; later by the hostname in the sandbox's directory."""
    evening = Evening(own_node, own_node.containerd.talos, tmp_path)
    evening.fail()

    async def work(cluster: AsyncCluster) -> Whose:
        plan = await cluster.cni_repair_plan(nodes=[WORKER], options=RepairOptions(method=Method.MANIFEST))
        ((file,),) = (node.files for node in plan.nodes)
        return file.whose

    found = evening.cluster(work)
    assert (found.pod.namespace, found.pod.name, found.source) == ("shop", "web-2", Source.LOG)
    own_node.forget_log()
    found = evening.cluster(work)
    assert (found.pod, found.hostname) == (None, "web-2")


@pytest.mark.parametrize("cni_version", NOT_READING)
def test_a_network_that_never_reads_its_cache(own_node: ContainerdNode, tmp_path: Path) -> None:
    """Below 0.4.0 an empty file keeps nothing from stopping: check and explain say so, the plan leaves it, and it goes with its pod."""
    evening = Evening(own_node, DEBUGGABLE, tmp_path)

    async def work(cluster: AsyncCluster) -> None:
        assert "never reads the cache (below 0.4.0)" in await told_harmless(evening, cluster)
        end_pod(evening)
        assert "never reads the cache (below 0.4.0)" in await told_harmless(evening, cluster)
        evening.kubelet.is_busy = True
        plan = await cluster.cni_repair_plan(nodes=[WORKER], options=RepairOptions(image=TOOLS))
        ((left,),) = (node.left for node in plan.nodes)
        assert (plan.count, left.judged.code, left.eligibility.reasons) == (0, "not-read-in-force", ("not-worth-it",))
        assert evening.file.exists()
        evening.kubelet.is_busy = False
        assert evening.kubelet.collect() == []
        assert (await cluster.check_cni_cache(nodes=[WORKER])).exit_code() == ExitCode.DONE

    evening.cluster(work)
    evening.assert_over()


@pytest.mark.parametrize("cni_version", NOT_READING)
def test_a_file_that_does_no_harm_is_removed_for_whoever_asks(own_node: ContainerdNode, tmp_path: Path) -> None:
    """By the same way and with the same proof, where the kubelet is too busy to take it away by itself."""
    evening = Evening(own_node, DEBUGGABLE, tmp_path)
    end_pod(evening)

    async def work(cluster: AsyncCluster) -> None:
        evening.kubelet.is_busy = True
        plan = await cluster.cni_repair_plan(nodes=[WORKER], options=RepairOptions(image=TOOLS, include=Include.HEALS))
        assert [(node.method, len(node.files)) for node in plan.nodes] == [(Method.DEBUG, 1)]
        evening.kubelet.is_busy = False
        assert_proven(await cluster.cni_repair(plan))

    evening.cluster(work)
    evening.assert_over()


@pytest.mark.parametrize("cni_version", NOT_READING)
@pytest.mark.parametrize("newer", READING)
def test_a_network_that_is_brought_up_to_date(own_node: ContainerdNode, tmp_path: Path, newer: str) -> None:
    """What was harmless below 0.4.0 is fatal once the network's manifests are updated: the conflist in force counts, not the file's."""
    evening = Evening(own_node, DEBUGGABLE, tmp_path)

    async def work(cluster: AsyncCluster) -> None:
        await told_harmless(evening, cluster)

    evening.cluster(work)
    own_node.set_cni_version(newer)
    evening.fail()
    repair_by_debug_container(evening)


def repair_by_debug_container(evening: Evening) -> None:
    """The whole story of a sandbox that does not stop, from the check to the proof."""

    async def work(cluster: AsyncCluster) -> None:
        await told(evening, cluster, "logged-elsewhere")
        plan = await cluster.cni_repair_plan(nodes=[WORKER], options=RepairOptions(image=TOOLS))
        assert [(node.method, len(node.files)) for node in plan.nodes] == [(Method.DEBUG, 1)]
        assert evening.file.exists()
        report = await cluster.cni_repair(plan)
        assert_proven(report)
        assert report.image.startswith(TOOLS)
        after = await cluster.check_cni_cache(nodes=[WORKER])
        assert after.exit_code() == ExitCode.DONE

    evening.cluster(work)
    evening.assert_over()


async def told_harmless(evening: Evening, cluster: AsyncCluster) -> str:
    """See that check and explain call the file harmless; return what explain says."""
    report = await cluster.check_cni_cache(nodes=[WORKER])
    (node,) = report.nodes
    (judged,) = node.files
    assert (judged.file.name, judged.verdict, judged.code) == (evening.file.name, Verdict.HEALS, "not-read-in-force")
    assert report.exit_code() == ExitCode.DONE
    ((place, story),) = (await cluster.explain_cni(evening.stuck[:12], nodes=[WORKER])).told
    assert place is not None
    return "\n".join(place.tell(story))


def end_pod(evening: Evening) -> None:
    """End a pod's process, as its deletion does first, and leave its sandbox to the kubelet."""
    cri = evening.node.cri
    evening.node.run_in_node(["kill", "-KILL", str(cri.pod_info(evening.stuck)["pid"])])
    until(lambda: not cri.is_ready(evening.stuck), "CRI to notice the killed pod")


async def by_job(evening: Evening, plane: ControlPlane, cluster: AsyncCluster, plan: RepairPlan) -> RepairReport:
    """Carry a plan out by way of Kubernetes."""
    boot_id = await cluster.client.boot_id(WORKER)
    with JobPods(plane, "worker-1", boot_id, evening.kubelet, digest_of(evening.node.image, TOOLS)):
        return await cluster.cni_repair(plan, kubeconfig=plane.kubeconfig("admin"))


def jobs(plane: ControlPlane) -> list[Any]:
    """Names of what is left in Kubernetes."""
    found = [plane.call("GET", path)[1]["items"] for path in ("/apis/batch/v1/jobs", "/api/v1/pods")]
    return [item["metadata"]["name"] for items in found for item in items]


@pytest.mark.skipif(bool(NO_KUBERNETES), reason=NO_KUBERNETES)
@pytest.mark.parametrize(("cause", "cni_version"), [("long up", "0.4.0"), ("long up", "1.0.0"), ("power cut", "1.0.0")])
def test_by_a_job(own_node: ContainerdNode, plane: ControlPlane, tmp_path: Path, cause: str) -> None:
    """The blog's evening: Talos 1.7, whose API names no sandboxes, and Kubernetes as the only way to run anything on the node."""
    evening = Evening(own_node, own_node.containerd.talos, tmp_path, before_boot=cause == "power cut")
    if cause == "power cut":
        own_node.cut_power()
        own_node.boot()
        evening.running = own_node.run_pod("web-3")
    else:
        evening.fail()

    async def work(cluster: AsyncCluster) -> None:
        await told(evening, cluster, "stop-fails")
        plan = await cluster.cni_repair_plan(nodes=[WORKER], options=RepairOptions())
        ((node, file),) = ((node, file) for node in plan.nodes for file in node.files)
        assert (node.method, node.kubernetes_name, node.left) == (Method.JOB, "worker-1", ())
        assert NOT_READY not in file.order.shown_dead  # the API of this version names no sandboxes
        assert "upgrade" in {item.code for item in node.advice}
        assert evening.file.exists()
        assert_proven(await by_job(evening, plane, cluster, plan))
        assert (await cluster.check_cni_cache(nodes=[WORKER])).exit_code() == ExitCode.DONE

    evening.cluster(work)
    evening.assert_over()
    assert jobs(plane) == []


@pytest.mark.parametrize("cni_version", READING)
def test_by_a_manifest_that_somebody_applies(own_node: ContainerdNode, tmp_path: Path) -> None:
    """Needs no Kubernetes of ours: the pod in the manifest is run as it stands, and the next check sees that it is over."""
    evening = Evening(own_node, own_node.containerd.talos, tmp_path)
    evening.fail()

    async def work(cluster: AsyncCluster) -> None:
        plan = await cluster.cni_repair_plan(nodes=[WORKER], options=RepairOptions(method=Method.MANIFEST))
        (manifest,) = manifests(plan.nodes, plan.options)
        spec = manifest["spec"]["template"]["spec"]
        assert evening.kubelet.run_to_end(spec) == (0, f"/results/{evening.file.name}\n")
        assert evening.kubelet.run_to_end(spec).output.count("No such file or directory") == 1
        assert evening.kubelet.collect() == []
        assert (await cluster.check_cni_cache(nodes=[WORKER])).exit_code() == ExitCode.DONE

    evening.cluster(work)
    evening.assert_over()


# What happens on the node between the plan and the command, by whatever runs it.


def _link(evening: Evening) -> None:
    elsewhere = evening.file.with_name(f"cbr0-{evening.running}-eth0")
    evening.file.unlink()
    evening.file.symlink_to(elsewhere.name)


def _write(evening: Evening) -> None:
    evening.file.write_bytes(evening.node.cache_file(evening.running).read_bytes())


def _touch(evening: Evening) -> None:
    os.utime(evening.file)


def _start(evening: Evening) -> None:
    """As if its sandbox ran: containerd's task of a running pod, by its name."""
    evening.node.run_in_node(["mkdir", f"/run/containerd/io.containerd.runtime.v2.task/k8s.io/{evening.stuck}"])


@pytest.mark.parametrize("change", [_link, _write, _touch, _start])
@pytest.mark.parametrize("moment", ["before the third look", "before the command"])
def test_what_changes_after_the_plan_is_left_alone(
    own_node: ContainerdNode, tmp_path: Path, change: Callable[[Evening], None], moment: str
) -> None:
    """Seen by the last look, or, where it comes after that, by the command itself, on the node."""
    evening = Evening(own_node, DEBUGGABLE, tmp_path)
    evening.fail()
    run = own_node.run_debug_container

    def late(argv: Sequence[str], image: str = TOOLS, namespace: str = "system") -> DebugRun:
        change(evening)
        return run(argv, image, namespace)

    async def work(cluster: AsyncCluster) -> RepairReport:
        plan = await cluster.cni_repair_plan(nodes=[WORKER], options=RepairOptions(image=TOOLS))
        assert plan.count == 1
        if moment == "before the command":
            own_node.run_debug_container = late  # type: ignore[method-assign]
        else:
            change(evening)
        report: RepairReport = await cluster.cni_repair(plan)
        return report

    report = evening.cluster(work)
    (file,) = report.files
    assert (file.outcome, file.reason.partition(":")[0]) == (Outcome.REFUSED, "left alone")
    assert evening.file.is_symlink() or evening.file.exists()
    assert own_node.cache_file(evening.running).stat().st_size > 0
    assert report.exit_code() == ExitCode.REFUSED


def test_a_containerd_that_heals_is_left_to_do_so(healing: Containerd, image: Path, tmp_path: Path) -> None:
    """Nothing to repair there; and of what is left behind the verdict says so."""
    with ContainerdNode(healing, image) as node:
        evening = Evening(node, healing.talos, tmp_path)
        results = node.machine.root / RESULTS
        residue = results / f"gone-{evening.stuck}-eth0"
        orphan = results / f"cbr0-{'0d' * 32}-eth0"
        for path in (residue, orphan):
            damage(path, b"", age=3600)

        async def look(cluster: AsyncCluster) -> dict[str, Verdict]:
            report = await cluster.check_cni_cache(nodes=[WORKER])
            return {judged.file.name: judged.verdict for judged in report.nodes[0].files}

        async def work(cluster: AsyncCluster) -> None:
            expected = {evening.file.name: Verdict.HEALS, residue.name: Verdict.RESIDUE, orphan.name: Verdict.ORPHAN}
            assert await look(cluster) == expected
            end_pod(evening)
            assert await look(cluster) == expected
            plan = await cluster.cni_repair_plan(nodes=[WORKER])
            assert (plan.count, {left.eligibility.reasons for left in plan.nodes[0].left}) == (0, {("not-worth-it",)})
            assert {item.code for item in plan.nodes[0].advice} == {"heals"}
            evening.kubelet.collect()
            assert await look(cluster) == {residue.name: Verdict.ORPHAN, orphan.name: Verdict.ORPHAN}

        evening.cluster(work)
        assert residue.exists()
        assert orphan.exists()
        evening.assert_over()
