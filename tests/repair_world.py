"""A simulated cluster whose time is ours, and everything that a repair of it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talospatch.cli.demo import cluster as demo
from talospatch.cni.eligibility import Include
from talospatch.cnicheck.options import NodeToCheck
from talospatch.cnicheck.repair.by_debug import DebugRemover
from talospatch.cnicheck.repair.plan import IMAGE, Method, RepairOptions, RepairPlan
from talospatch.cnicheck.repair.planner import plan_repair
from talospatch.cnicheck.repair.run import repair
from talospatch.rollout.journal import JournalStore
from talospatch.rollout.places import Places
from talospatch.simulator.clock import VirtualClock
from talospatch.simulator.cluster import SimulatedCluster
from talospatch.simulator.memory import MemoryTransport
from talospatch.simulator.network_faults import NetworkFaults
from talospatch.simulator.spec import ClusterSpec, FileSpec, ImageSpec, NodeSpec, SandboxSpec
from talospatch.simulator.tree import PathError
from talospatch.talosapi.client import Client

if TYPE_CHECKING:
    from talospatch.cnicheck.repair.remover import Remover
    from talospatch.cnicheck.repair.report import RepairReport
    from talospatch.simulator.node import SimulatedNode

RESULTS = "/var/lib/cni/results"
SANDBOXES = "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes"
TASKS = "/run/containerd/io.containerd.runtime.v2.task/k8s.io"
NETWORKS = "/var/lib/cni/networks/cbr0"
ADDRESS = "10.5.0.3"
RUNNING = SandboxSpec("a1" * 32, "shop", "web-1", ip="10.244.1.2")
STUCK = SandboxSpec("b2" * 32, "shop", "web-2", ready=False, ip="10.244.1.3")
OTHER = SandboxSpec("c3" * 32, "shop", "web-3", ready=False, ip="10.244.1.4")


def eth0(sandbox: SandboxSpec) -> str:
    """Name of a pod's cache file."""
    return f"cbr0-{sandbox.id}-eth0"


def worker(talos: str = "v1.13.9", **changes: Any) -> NodeSpec:
    """A node after a power loss: one pod runs, of one that was deleted the cache file is empty."""
    files = {f"{RESULTS}/{eth0(STUCK)}": FileSpec()}
    spec = NodeSpec("w1", ADDRESS, talos=talos, sandboxes=(RUNNING, STUCK), files=files, images=(ImageSpec(IMAGE, store="inmem"),))
    return replace(spec, **changes)


class Time:
    """One time for the cluster and for the repair: whoever sleeps in it moves it."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.ahead = 0.0  # by how much our own time of day is wrong
        self.on_sleep: list[Callable[[float], None]] = []

    def now(self) -> float:
        return self.clock.now()

    def at(self) -> float:
        return self.clock.now() + self.ahead

    async def sleep(self, seconds: float) -> None:
        for told in tuple(self.on_sleep):
            told(seconds)
        await self.clock.sleep(seconds)


@dataclass
class World:
    """A cluster in memory, its time, a client and a journal."""

    spec: ClusterSpec
    directory: Path
    roles: tuple[str, ...] = ("os:admin",)
    clock: VirtualClock = field(default_factory=VirtualClock)
    faults: NetworkFaults = field(default_factory=NetworkFaults)

    def __post_init__(self) -> None:
        self.time = Time(self.clock)
        self.cluster = SimulatedCluster(self.spec, self.clock.now())
        self.transport = MemoryTransport(self.cluster, self.clock, roles=self.roles, endpoint=self.spec.nodes[0].name, faults=self.faults)
        self.client = Client(self.transport, sleep=self.clock.sleep, clock=self.clock.now)
        self.store = JournalStore(Places(self.directory / "journal", self.directory / "key"))
        self.said: list[str] = []

    @classmethod
    def of(cls, node: NodeSpec, directory: Path, **changes: Any) -> World:
        control_plane = NodeSpec("cp-1", "10.5.0.2", "controlplane", node.talos)
        return cls(ClusterSpec((control_plane, node)), directory, **changes)

    @classmethod
    def demo(cls, directory: Path) -> World:
        """The cluster of ``talospatch demo``, with the image in its nodes' stores."""
        spec = demo.spec()
        nodes = tuple(replace(node, images=(ImageSpec(IMAGE, store="inmem"),)) for node in spec.nodes)
        return cls(replace(spec, nodes=nodes), directory)

    @property
    def node(self) -> SimulatedNode:
        """The worker."""
        return self.cluster.node(self.spec.nodes[1].name)

    def exists(self, path: str) -> bool:
        try:
            self.node.tree.find(path, follow=False)
        except PathError:
            return False
        return True

    async def plan_async(self, options: RepairOptions) -> RepairPlan:
        rows = [NodeToCheck(node.address, node.name) for node in self.spec.nodes if node.machine_type == "worker"]
        return await plan_repair(self.client, rows, options, self.time, say=self.said.append)

    def plan(self, options: RepairOptions | None = None, **changes: Any) -> RepairPlan:
        return asyncio.run(self.plan_async(options or heals(**changes)))

    def repair(self, plan: RepairPlan, remover: Remover | None = None) -> RepairReport:
        removers = {Method.DEBUG: DebugRemover(self.client, plan.options), **({Method.JOB: remover} if remover else {})}

        async def run() -> RepairReport:
            return await repair(
                self.client,
                plan,
                removers,
                self.store,
                scope="sim",
                clock=self.time,
                say=lambda node, doing: self.said.append(f"{node}: {doing}"),
            )

        return asyncio.run(run())


def heals(**changes: Any) -> RepairOptions:
    """Files that would heal by themselves are removed as well: on a version with DebugService there are hardly any others."""
    return RepairOptions(**{"include": Include.HEALS, **changes})
