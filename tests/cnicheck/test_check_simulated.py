"""The check through the real client, against the simulated cluster in memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from talospatch.cni.damage import Damage
from talospatch.cni.leases import Holder
from talospatch.cni.rules import Verdict
from talospatch.cni.selector import selector
from talospatch.cni.verdict import Liveness
from talospatch.cnicheck.check import check
from talospatch.cnicheck.options import CheckOptions, NodeToCheck
from talospatch.simulator.clock import VirtualClock
from talospatch.simulator.cluster import SimulatedCluster
from talospatch.simulator.memory import MemoryTransport
from talospatch.simulator.spec import ClusterSpec, FileSpec, NodeSpec, SandboxSpec
from talospatch.talosapi.client import Client

if TYPE_CHECKING:
    from talospatch.cnicheck.report import CniReport

RESULTS = "/var/lib/cni/results"
RUNNING = SandboxSpec("a1" * 32, "shop", "web-1")
STUCK = SandboxSpec("b2" * 32, "shop", "web-2", ready=False)
HOST = SandboxSpec("c3" * 32, "kube-system", "kube-proxy", network="")
OTHERS = tuple(SandboxSpec(f"{number:064x}", "shop", f"api-{number}") for number in range(12))
START = 1_767_323_045


def eth0(sandbox: SandboxSpec) -> str:
    return f"cbr0-{sandbox.id}-eth0"


def worker(talos: str, damage: dict[SandboxSpec, bytes], *, modified: int | None = None) -> NodeSpec:
    """A node with pods, some of whose cache files are damaged."""
    files = {f"{RESULTS}/{eth0(sandbox)}": FileSpec(content, modified=modified) for sandbox, content in damage.items()}
    return NodeSpec("w1", "10.5.0.3", talos=talos, sandboxes=(RUNNING, STUCK, HOST, *OTHERS), files=files)


def run(*nodes: NodeSpec, roles: tuple[str, ...] = ("os:admin",), deep: bool = False, about: str = "") -> CniReport:
    cluster = ClusterSpec((NodeSpec("cp1", "10.5.0.2", machine_type="controlplane"), *nodes))
    clock = VirtualClock(START)

    async def checked() -> CniReport:
        clock.advance(100_000)
        async with Client(
            MemoryTransport(SimulatedCluster(cluster, START), clock, roles=roles, endpoint="cp1"), sleep=clock.sleep, clock=clock.now
        ) as client:
            options = CheckOptions(now=clock.now, deep=deep, about=selector(about) if about else None)
            return await check(client, [NodeToCheck(node.address) for node in nodes], options)

    return asyncio.run(checked())


ALL_VERSIONS = ["v1.6.8", "v1.7.4", "v1.8.0", "v1.9.2", "v1.10.0", "v1.11.4", "v1.12.6", "v1.13.9", "v1.14.0-rc.1"]


@pytest.mark.parametrize("roles", [("os:admin",), ("os:reader",)])
@pytest.mark.parametrize("talos", ALL_VERSIONS)
def test_an_empty_file_is_fatal_up_to_1_7_and_heals_from_1_8(talos: str, roles: tuple[str, ...]) -> None:
    """With either role, on every version there is."""
    (node,) = run(worker(talos, {STUCK: b""}), roles=roles).nodes
    affected = talos.startswith(("v1.6", "v1.7"))
    assert not node.error
    assert [(judged.file.name, judged.verdict) for judged in node.files] == [(eth0(STUCK), Verdict.FATAL if affected else Verdict.HEALS)]
    assert node.files[0].assumed == (roles == ("os:reader",))
    assert (node.unread > 0) == (affected and roles == ("os:reader",))


@pytest.mark.parametrize("talos", ALL_VERSIONS)
def test_a_node_in_order_has_nothing_to_report(talos: str) -> None:
    """Pods with and without a network of their own; every content read."""
    (node,) = run(worker(talos, {}), deep=True).nodes
    assert (node.verdict, node.files, node.notes, node.error) == (Verdict.HEALTHY, (), (), "")
    assert node.total == 2 * (1 + len(OTHERS)) + 1


def test_with_os_admin_a_half_written_file_is_found_and_named() -> None:
    """Its size alone does not tell."""
    (node,) = run(worker("v1.7.4", {STUCK: b'{"kind":"cniCacheV1","containerId":"b2b2' + b"\0" * 900})).nodes
    (judged,) = node.files
    assert (judged.verdict, judged.inspection.damage) == (Verdict.FATAL, Damage.NUL_TAIL)
    assert judged.error == r"decoding version from network config: invalid character '\x00' in string literal"


def test_what_runs_is_told_from_what_is_stuck_from_1_9_on() -> None:
    """A FIFO in place of the file keeps even a new libcni from coming back, which makes the difference visible."""
    files = {f"{RESULTS}/{eth0(sandbox)}": FileSpec(kind="fifo") for sandbox in (RUNNING, STUCK)}
    (node,) = run(NodeSpec("w1", "10.5.0.3", talos="v1.13.9", sandboxes=(RUNNING, STUCK), files=files)).nodes
    assert {judged.file.name: judged.code for judged in node.files} == {eth0(RUNNING): "stop-will-hang", eth0(STUCK): "stop-hangs"}


def test_before_1_9_a_file_of_an_earlier_boot_is_stuck() -> None:
    """Nodes have been up for a day at the cluster's start."""
    (node,) = run(worker("v1.7.4", {STUCK: b""}, modified=START - 10 * 86_400)).nodes
    assert [judged.code for judged in node.files] == ["stop-fails"]


def test_a_file_whose_sandbox_is_gone_is_an_orphan() -> None:
    """Nothing will ever read it."""
    gone = SandboxSpec("d4" * 32, "shop", "old")
    (node,) = run(worker("v1.7.4", {gone: b""})).nodes
    assert [judged.code for judged in node.files] == ["orphan-damaged"]


def test_links_and_foreign_files_are_left_alone() -> None:
    """The node's own link to somewhere else is not followed."""
    files = {
        f"{RESULTS}/{eth0(RUNNING)}": FileSpec(kind="symlink", link="/etc/kubernetes/kubeconfig-kubelet"),
        f"{RESULTS}/notes\u202etxt": FileSpec(b"x"),
    }
    (node,) = run(NodeSpec("w1", "10.5.0.3", talos="v1.7.4", sandboxes=(RUNNING,), files=files)).nodes
    assert sorted(judged.code for judged in node.files) == ["foreign-name", "link"]


def test_a_node_that_is_down_is_a_row_and_the_others_are_checked() -> None:
    """Seen through the endpoint, as apid tells it."""
    report = run(
        NodeSpec("w2", "10.5.0.4", down=True), worker("v1.7.4", {STUCK: b""}), NodeSpec("w3", "10.5.0.5", talos="v1.13.9", containerd=False)
    )
    down, broken, empty = report.nodes
    assert down.error
    assert broken.verdict is Verdict.FATAL
    assert (empty.error, empty.total) == ("", 0)
    assert report.exit_code() == 3


def test_directories_are_those_that_the_client_lets_through() -> None:
    """A root that is not on the allow-list would be refused before it is sent."""
    from talospatch.cni import directories
    from talospatch.talosapi.roots import allowed

    paths = [value for name, value in vars(directories).items() if name.isupper()]
    assert directories.SANDBOXES in paths
    assert [allowed(path) for path in paths] == paths


@pytest.mark.parametrize("roles", [("os:admin",), ("os:reader",)])
@pytest.mark.parametrize("talos", ALL_VERSIONS)
def test_the_story_of_a_stuck_pod_is_told_on_every_version(talos: str, roles: tuple[str, ...]) -> None:
    """On the affected ones the log has it, in the predicted words; on the others nothing was ever logged."""
    (node,) = run(worker(talos, {STUCK: b""}), roles=roles).nodes
    (story,) = node.stories
    assert story.sandbox == STUCK.id
    if talos.startswith(("v1.6", "v1.7")):
        assert (story.verdict, story.still_fails, story.files[0].logged) == (Verdict.FATAL, True, True)
        assert story.per_hour is not None
        assert 150 < story.per_hour < 200  # two lines of the kubelet's and one of containerd's a minute
    else:
        assert (story.verdict, story.log) == (Verdict.HEALS, None)


def test_the_address_of_a_stuck_pod_is_seen_to_be_held() -> None:
    """With os:admin; host-local's file names the sandbox."""
    (node,) = run(worker("v1.7.4", {STUCK: b""})).nodes
    (network,) = node.networks
    assert network.counts[Holder.STOPPED] == 1
    assert node.stories[0].addresses == tuple(each.lease.address for each in network.held if each.holder is Holder.STOPPED)
    assert [finding.code for finding in node.findings] == ["stuck-addresses"]


def test_a_pod_that_runs_on_an_old_talos_is_told_by_its_task() -> None:
    """Its file is of this boot, and the API names no sandbox; a node that lost power knows no better."""
    (node,) = run(worker("v1.7.4", {RUNNING: b""})).nodes
    assert [(judged.code, judged.liveness) for judged in node.files] == [("stop-will-fail", Liveness.RUNNING)]


@pytest.mark.parametrize("word", ["shop/web-1", "web-1", RUNNING.id, RUNNING.id[:8], eth0(RUNNING)])
@pytest.mark.parametrize("talos", ["v1.7.4", "v1.13.9"])
def test_a_pod_that_runs_is_explained_by_any_of_its_names(talos: str, word: str) -> None:
    """From the cache file, or from the node's own list where there is one."""
    (node,) = run(worker(talos, {}), about=word).nodes
    (story,) = node.stories
    assert (story.sandbox, story.verdict) == (RUNNING.id, Verdict.HEALTHY)
    assert story.pod is not None
    assert (story.pod.namespace, story.pod.name) == ("shop", "web-1")
