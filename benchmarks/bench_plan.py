"""The plan of a large fleet, against the calls it cannot do without and the patches it cannot do without.

The simulated cluster is a process of its own, and so is the client; between them is the real TLS bridge. Rounds alternate between the bare
calls, the plan, and patch and difference of the same configurations without any call, so that a busy moment hits all of them. Wall times
are compared by their medians; what the plan's CPU time is beyond the calls' is taken round by round, and is the median of that.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import psutil

from benchmarks.bench_offline import config
from talospatch.fleet.async_cluster import AsyncCluster
from talospatch.fleet.targets import workers
from talospatch.machineconfig.config import MachineConfig
from talospatch.offline import Change
from talospatch.simulator.launch import process
from talospatch.simulator.spec import ClusterSpec, NodeSpec
from talospatch.versions import TalosVersion

if TYPE_CHECKING:
    from talospatch.planning.plan import Plan
    from talospatch.talosapi.client import Client

ROW = tuple[str, float, str]

NODES, CALLS = 1000, 64
TALOS = "v1.14.0"
MIB = 1 << 20
MANIFEST = """        # # An example of a manifest, number {number}, commented out as generated configurations have them.
        # - name: example-{number}
        #   contents: |
        #     kind: Namespace
        - name: manifest-{number} # Name of the manifest.
          contents: |
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: node-{node}-{number}
"""


@dataclass(frozen=True)
class Fleet:
    """A fleet to plan for.

    Attributes:
        name: as the figures call it.
        size: characters of a configuration.
        alike: whether all have the same one.
        wall: how many times the wall time of the bare calls a plan may take.
        rounds: how often everything is measured.
        thorough: whether to measure a plan that can be applied as well.
    """

    name: str
    size: int
    alike: bool
    wall: float
    rounds: int
    thorough: bool = False

    def text(self, number: int) -> str:
        """Return a worker's configuration of about ``size`` characters, half of what is above 2 kB being comments."""
        lines = [config(0, 0 if self.alike else number), "    inlineManifests:\n"]
        if self.alike:  # their host names come from elsewhere
            lines[0] = lines[0].replace("        hostname: worker-0\n", "")
        length = sum(map(len, lines))
        while length < self.size:
            lines.append(MANIFEST.format(number=len(lines), node=0 if self.alike else number))
            length += len(lines[-1])
        return "".join(lines)

    def spec(self) -> ClusterSpec:
        """Return one control plane and the workers."""
        found = [NodeSpec("cp", "10.5.0.2", machine_type="controlplane", talos=TALOS)]
        for number in range(NODES):
            address = f"10.6.{number // 250}.{number % 250 + 1}"
            found.append(NodeSpec(f"worker-{number}", address, talos=TALOS, config=self.text(number)))
        return ClusterSpec(tuple(found))

    def figure(self, what: str) -> str:
        """Return the name of a figure."""
        return f"plan of {NODES:,}, {self.name}: {what}"


FLEETS = (
    Fleet("3 kB", 3_000, alike=False, wall=2.0, rounds=5, thorough=True),
    Fleet("20 kB", 20_000, alike=False, wall=3.0, rounds=3),
    Fleet("alike", 3_000, alike=True, wall=1.2, rounds=7),
)
WALL, CPU, MEMORY = "wall, of bare calls", "CPU beyond them, of patching", "memory, MiB"
DISCOVERY, THOROUGH = "discovery within it, of bare calls", "thorough, wall, of bare calls"
LIMITS = {
    **{fleet.figure(WALL): fleet.wall for fleet in FLEETS},
    **{fleet.figure(CPU): 2.0 for fleet in FLEETS if not fleet.alike},
    **{fleet.figure(MEMORY): 150.0 for fleet in FLEETS},
}


class Cost(NamedTuple):
    """Seconds of this process."""

    wall: float
    cpu: float


async def cost(work: Callable[[], Awaitable[object]]) -> Cost:
    """Return what some work costs; its result is given up within."""
    wall, cpu = time.perf_counter(), time.process_time()
    await work()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


async def bare_calls(client: Client, addresses: Sequence[str]) -> None:
    """Ask each node for its version and both configurations, and keep nothing."""
    todo = iter([(address, what) for address in addresses for what in ("version", "v1alpha1", "persistent")])

    async def worker() -> None:
        for address, what in todo:
            if what == "version":
                await client.version(address)
            else:
                await client.machine_config(address, what)

    await asyncio.gather(*(worker() for _ in range(CALLS)))


def patch_and_diff(texts: Sequence[bytes], change: Change) -> None:
    """Do to configurations what the plan does with them, each text once."""
    talos = TalosVersion.parse(TALOS)
    for text in dict.fromkeys(texts):
        before = MachineConfig.parse(text)
        difference = before.diff(before.patch(change, talos=talos).config)
        assert difference.entries
        assert difference.key


async def planned(cluster: AsyncCluster, change: Change, *, thorough: bool = False) -> Plan:
    """Make a plan, and see that it is one."""
    plan = await (cluster.plan if thorough else cluster.diff)(change, nodes=workers())
    assert len(plan.nodes) == NODES, len(plan.nodes)
    for node in plan.nodes:
        assert not node.error, node.error
        assert node.difference is not None, node.refusals
        assert node.difference.entries, node.node
        if thorough:
            assert node.check == "accepted", (node.check, node.refusals)
    return plan


async def growth(work: Callable[[], Awaitable[object]]) -> tuple[float, int]:
    """Return by how many MiB this process is larger at the most while some work is done and its result held, and the bytes before."""
    me = psutil.Process()
    before = peak = me.memory_info().rss

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, me.memory_info().rss)
            await asyncio.sleep(0.02)

    watcher = asyncio.ensure_future(watch())
    held = await work()
    peak = max(peak, me.memory_info().rss)
    del held
    watcher.cancel()
    return (peak - before) / MIB, before


async def measure(fleet: Fleet, talosconfig: str, addresses: list[str]) -> list[ROW]:
    """Return a fleet's figures."""
    change = Change.bundled("containerd-metrics")
    texts = [fleet.text(number).encode() for number in range(NODES)]
    patch_and_diff(texts[:1], change)
    costs: dict[str, list[Cost]] = {"bare": [], "plan": [], "patch": [], "find": []}
    async with AsyncCluster.from_talosconfig(talosconfig) as cluster:
        await bare_calls(cluster.client, addresses[:CALLS])
        grown, before = await growth(lambda: planned(cluster, change))
        works: dict[str, Callable[[], Awaitable[object]]] = {
            "bare": lambda: bare_calls(cluster.client, addresses),
            "plan": lambda: planned(cluster, change),
            "patch": lambda: asyncio.to_thread(patch_and_diff, texts, change),
            "find": lambda: cluster.client.members(""),
        }
        for _ in range(fleet.rounds):
            for name, work in works.items():
                costs[name].append(await cost(work))
        thorough = await cost(lambda: planned(cluster, change, thorough=True)) if fleet.thorough else None
    return _figures(fleet, costs, thorough, grown, before)


def _figures(fleet: Fleet, costs: dict[str, list[Cost]], thorough: Cost | None, grown: float, before: int) -> list[ROW]:
    middle = {name: Cost(*(statistics.median(part) for part in zip(*each, strict=True))) for name, each in costs.items()}
    bare, plan, patch, found = (middle[name] for name in ("bare", "plan", "patch", "find"))
    walls = [one.wall / other.wall for one, other in zip(costs["plan"], costs["bare"], strict=True)]
    load = f"load {os.getloadavg()[0]:.1f}"
    rows = [(WALL, plan.wall / bare.wall, f"{plan.wall:.2f} s against {bare.wall:.2f} s; {_spread(walls)}; {load}")]
    if not fleet.alike:  # they are patched once, which is nothing to compare with
        rounds = zip(costs["plan"], costs["bare"], costs["patch"], strict=True)
        beyond = [(one.cpu - other.cpu) / work.cpu for one, other, work in rounds]
        note = f"{plan.cpu:.2f} s less {bare.cpu:.2f} s, against {patch.cpu:.2f} s; {_spread(beyond)}"
        rows.append((CPU, statistics.median(beyond), note))
    rows.append((MEMORY, grown, f"largest growth during the first plan, from {before >> 20} MiB after connecting"))
    rows.append((DISCOVERY, found.wall / bare.wall, f"{found.wall:.2f} s to learn of {NODES:,} nodes"))
    if thorough is not None:
        rows.append((THOROUGH, thorough.wall / bare.wall, f"{thorough.wall:.2f} s; ten calls and a dry run for each node; once"))
    return [(fleet.figure(what), value, note) for what, value, note in rows]


def _spread(ratios: Sequence[float]) -> str:
    return f"{min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} rounds"


def in_own_process(fleet: Fleet, talosconfig: str, addresses: list[str]) -> list[ROW]:
    """Measure; what calls this keeps its own memory, the cluster's description, out of the figures."""
    return asyncio.run(measure(fleet, talosconfig, addresses))


def run() -> list[ROW]:
    """Return the figures of every fleet."""
    rows: list[ROW] = []
    for fleet in FLEETS:
        spec = fleet.spec()
        addresses = [node.address for node in spec.nodes if node.machine_type == "worker"]
        with process(spec, ["--no-metrics"]) as cluster, multiprocessing.get_context("spawn").Pool(1) as pool:
            rows += pool.apply(in_own_process, (fleet, cluster["talosconfigs"]["admin"], addresses))
    return rows
