"""The image of a debug container on a real containerd: sent or pulled, used, taken away; and a containerd that goes away meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from containerd_node import registry
from containerd_node.evening import Evening, assert_proven
from containerd_node.machine import LIMIT, until
from containerd_node.pod_image import MAY_GO, STARTED, TOOLS, write_image
from containerd_node.story import DEBUGGABLE, WORKER
from talospatch.cnicheck.repair.plan import Method, RepairOptions
from talospatch.planning.outcomes import ExitCode, Outcome

if TYPE_CHECKING:
    from containerd_node.node import ContainerdNode, DebugRun
    from talospatch import AsyncCluster
    from talospatch.cnicheck.repair.report import RepairReport

pytestmark = [pytest.mark.containerd, pytest.mark.simulator]

PORT = "5000"  # in a network of the node's own
REPOSITORY, TAG = f"127.0.0.1:{PORT}/tools", "1"


@pytest.fixture
def evening(own_node: ContainerdNode, tmp_path: Path) -> Evening:
    """A sandbox that does not stop."""
    made = Evening(own_node, DEBUGGABLE, tmp_path)
    made.fail()
    return made


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with one image."""
    path = tmp_path_factory.mktemp("tools") / "tools.tar"
    write_image(path, ["localhost/brought:1"])
    return path


@pytest.fixture
def local_registry(own_node: ContainerdNode, tools: Path) -> Iterator[None]:
    """A registry that the node reaches."""
    command = own_node.machine.in_network([sys.executable, registry.__file__, tools, "tools", TAG, PORT])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield
        finally:
            process.kill()


def names(node: ContainerdNode, namespace: str) -> set[str]:
    """Names of the images that containerd has."""
    return set(node.ctr(namespace, "images", "ls", "-q").stdout.split())


def repaired(evening: Evening, options: RepairOptions) -> RepairReport:
    async def work(cluster: AsyncCluster) -> RepairReport:
        plan = await cluster.cni_repair_plan(nodes=[WORKER], options=options)
        assert plan.count == 1
        report: RepairReport = await cluster.cni_repair(plan)
        return report

    report: RepairReport = evening.cluster(work)
    return report


def seen_during_the_run(evening: Evening, of: str) -> list[set[str]]:
    """Have it noted which images there are whenever a debug container is about to run."""
    node, seen = evening.node, []
    run = node.run_debug_container

    def noting(argv: Sequence[str], image: str = TOOLS, namespace: str = "system") -> DebugRun:
        seen.append(names(node, of))
        return run(argv, image, namespace)

    node.run_debug_container = noting  # type: ignore[method-assign]
    return seen


@pytest.mark.parametrize(("store", "namespace"), [("inmem", "system"), ("cri", "k8s.io")])
def test_an_archive_is_sent_used_and_taken_away_again(evening: Evening, tools: Path, store: str, namespace: str) -> None:
    """For nodes that reach no registry. containerd unpacks it, and in the end it has what it had before."""
    before, seen = names(evening.node, namespace), seen_during_the_run(evening, namespace)
    report = repaired(evening, RepairOptions(method=Method.DEBUG, archive=tools.read_bytes(), store=store))
    assert_proven(report)
    assert report.image.startswith("localhost/brought:1@sha256:")
    assert [found >= before | {"localhost/brought:1"} for found in seen] == [True]
    assert names(evening.node, namespace) == before
    evening.assert_over()


@pytest.mark.usefixtures("local_registry")
def test_an_image_is_pulled_used_and_taken_away_again(evening: Evening) -> None:
    """From a registry, under the three names that Talos gives it; the digest is what runs."""
    before, seen = names(evening.node, "system"), seen_during_the_run(evening, "system")
    report = repaired(evening, RepairOptions(method=Method.DEBUG, image=f"{REPOSITORY}:{TAG}"))
    assert_proven(report)
    _, at, digest = report.image.partition(f"{REPOSITORY}@")
    assert at
    assert [found - before for found in seen] == [{f"{REPOSITORY}:{TAG}", f"{REPOSITORY}@{digest}", digest}]
    assert names(evening.node, "system") == before
    evening.assert_over()


@pytest.mark.usefixtures("local_registry")
def test_an_image_that_no_registry_has_ends_it_before_anything_is_removed(evening: Evening) -> None:
    """With containerd's own words."""
    report = repaired(evening, RepairOptions(method=Method.DEBUG, image=f"{REPOSITORY}:2"))
    (file,) = report.files
    assert file.outcome is Outcome.FAILED
    assert file.reason.startswith("nothing was removed: ")
    assert "not found" in file.reason
    assert evening.file.exists()


def test_an_archive_that_is_cut_off_ends_it_before_anything_is_removed(evening: Evening, tools: Path) -> None:
    """As an interrupted download leaves it."""
    before = names(evening.node, "system")
    report = repaired(evening, RepairOptions(method=Method.DEBUG, archive=tools.read_bytes()[: 1 << 20]))
    assert [(file.outcome, file.reason.partition(":")[0]) for file in report.files] == [(Outcome.FAILED, "nothing was removed")]
    assert evening.file.exists()
    assert names(evening.node, "system") == before


def test_a_container_that_a_killed_containerd_leaves_behind_is_named(evening: Evening, tmp_path: Path) -> None:
    """It goes on by itself, tests the file as ever and removes it; a reboot removes the container."""
    node = evening.node
    write_image(tmp_path / "slow.tar", ["localhost/slow:1"], waits=True)
    run, run_directory = node.run_debug_container, node.machine.root / "run"

    def interrupted(argv: Sequence[str], image: str = TOOLS, namespace: str = "system") -> DebugRun:
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(run, argv, image, namespace)
            until((run_directory / STARTED).exists, "find to be started")
            node.stop_containerd(signal.SIGKILL)
            done = running.result(LIMIT)
        node.start_containerd()
        return done

    node.run_debug_container = interrupted  # type: ignore[method-assign]
    options = RepairOptions(method=Method.DEBUG, archive=(tmp_path / "slow.tar").read_bytes(), store="system")
    report = repaired(evening, options)
    (file,), (note,) = report.files, report.notes
    assert (file.outcome, report.exit_code()) == (Outcome.FAILED, ExitCode.FAILED)
    assert "the file is still there: the connection to the container was lost" in file.reason
    (left,) = (line.split()[0] for line in node.ctr("system", "tasks", "ls").stdout.splitlines()[1:])
    assert f"worker-1: the debug container {left} was left behind (containerd namespace system)" in note
    assert evening.file.exists()

    (run_directory / MAY_GO).touch()
    until(lambda: not evening.file.exists(), "the container that was left behind to go on")
    assert evening.kubelet.collect() == []
    evening.assert_over()
    node.cut_power()
    node.boot()
    assert node.ctr("system", "tasks", "ls", "-q").stdout == ""
