"""An evening: a node with a sandbox that does not stop, a cluster that shows it, and time in which nobody waits for minutes."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from containerd_node.backed_cluster import served
from containerd_node.kubelet import Kubelet
from containerd_node.story import damage, face
from talospatch import AsyncCluster
from talospatch.planning.outcomes import Outcome

if TYPE_CHECKING:
    from containerd_node.node import ContainerdNode
    from talospatch.cnicheck.repair.report import RepairReport

TICK = 60.0  # seconds between two turns of kubelet's garbage collection
SHORT = 5.0  # seconds; what waits less waits for something real
EMPTY = "decoding version from network config: unexpected end of JSON input"


class Hasty:
    """Time in which nobody waits for a minute, and kubelet has its turn in each all the same.

    Attributes:
        on_sleep: called when somebody is about to wait long.
    """

    def __init__(self, kubelet: Kubelet) -> None:
        self.kubelet = kubelet
        self.on_sleep: list[Callable[[], None]] = []
        self._ahead = 0.0
        self._turns = 0

    def now(self) -> float:
        return time.monotonic() + self._ahead

    def at(self) -> float:
        return time.time() + self._ahead

    async def sleep(self, seconds: float) -> None:
        if seconds < SHORT:
            await asyncio.sleep(seconds)
            return
        for told in tuple(self.on_sleep):
            told()
        self._ahead += seconds
        while self._ahead >= (self._turns + 1) * TICK:
            self._turns += 1
            self.kubelet.collect()


class Evening:
    """A node with a pod that runs and one that was deleted and does not stop, and a cluster that shows the node.

    Args:
        node: with a containerd that fails on a damaged file.
        talos: the version that the node shows.
        directory: where files are kept.
        before_boot: whether the damage is older than the boot, as after a power cut; else the node has long been up.
    """

    def __init__(self, node: ContainerdNode, talos: str, directory: Path, *, before_boot: bool = False) -> None:
        self.node, self.talos, self.directory = node, talos, directory
        self.kubelet = Kubelet(node)
        self.clock = Hasty(self.kubelet)
        if not before_boot:
            node.booted_at -= 7200
        self.running, self.stuck = node.run_pod("web-1"), node.run_pod("web-2")
        damage(self.file, b"", age=3600)

    @property
    def file(self) -> Path:
        """The damaged file."""
        return self.node.cache_file(self.stuck)

    def fail(self) -> None:
        """Let kubelet find that the sandbox does not stop."""
        assert (self.node.stop_error(self.stuck) or "").endswith(EMPTY)
        assert self.kubelet.collect() == [self.stuck]
        assert self.stuck in self.node.leases().values()

    def cluster(self, work: Callable[[AsyncCluster], Any]) -> Any:
        """Let a coroutine function work with the cluster, over TLS and as os:admin."""

        async def run() -> Any:
            clients = Path(tempfile.mkdtemp(dir=self.directory))
            async with served(face(self.talos), {"worker-1": (self.node, self.kubelet)}, clients) as files:
                made = AsyncCluster.from_talosconfig(files["admin"], journal_dir=self.directory / "journal", environ=dict(os.environ))
                made._clock = self.clock
                async with made as cluster:
                    return await work(cluster)

        return asyncio.run(run())

    def assert_over(self) -> None:
        """The sandbox is gone with all that it held, and the pod that runs has all of its own."""
        assert not self.file.exists()
        assert [pod.id for pod in self.node.cri.pods()] == [self.running]
        assert list(self.node.leases().values()) == [self.running]
        assert self.node.cache_file(self.running).stat().st_size > 0
        assert self.node.stop_error(self.running) is None


def assert_proven(report: RepairReport) -> None:
    """Everything was removed, and everything was seen that proves it."""
    assert {file.reason or file.outcome.value: [(item.what, item.ok) for item in file.proof] for file in report.files} == {
        "removed": [("file", True), ("sandbox", True), ("kubelet log", True), ("lease", True)]
    }
    assert [file.outcome for file in report.files] == [Outcome.PROVEN]
    assert report.notes == ()
