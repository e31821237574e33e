"""The CNI check of many nodes, against the bare List calls that it cannot do without."""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil

from talospatch.cni.directories import RESULTS, SANDBOXES
from talospatch.cni.rules import Verdict
from talospatch.cnicheck.check import check
from talospatch.cnicheck.options import CheckOptions, NodeToCheck
from talospatch.simulator.launch import process
from talospatch.simulator.spec import ClusterSpec, FileSpec, NodeSpec, SandboxSpec
from talospatch.talosapi.client import Client
from talospatch.talosapi.grpc_transport import GrpcTransport
from talospatch.talosapi.talosconfig import load

NODES, PODS, TOGETHER = 1000, 125, 32
FILES = 2 * PODS  # a pod has one for its network and one for lo
EVERY = 50  # 2 %
TALOS = "v1.13.9"
SOME, ALL = "2 % of nodes damaged", "2 % of files on each"
REPEATS = 3
WALL, CPU, MEMORY = (
    "CNI check of 1,000 nodes x 250 files, " + each for each in ("wall, of bare Lists", "CPU, of bare Lists", "memory, MiB")
)
# On effort there is no limit where every node has damage: each is asked four things more.
LIMITS = {f"{WALL}, {SOME}": 1.5, f"{CPU}, {SOME}": 1.5, f"{WALL}, {ALL}": 1.5, f"{MEMORY}, {SOME}": 200.0, f"{MEMORY}, {ALL}": 200.0}


def sandbox(node: int, pod: int) -> str:
    """Return a sandbox ID that no other pod has."""
    return f"{node * PODS + pod + 1:064x}"


def damaged(number: int, which: str) -> int:
    """Return how many files of a node are empty: 2 % of them, on 2 % of the nodes or on every one."""
    return FILES // EVERY if which == ALL or number % EVERY == 0 else 0


def fleet(which: str) -> ClusterSpec:
    """Return one control plane and the nodes."""
    workers = []
    for number in range(NODES):
        pods = tuple(SandboxSpec(sandbox(number, pod), "shop", f"web-{pod}") for pod in range(PODS))
        empty = {f"{RESULTS}/cbr0-{pod.id}-eth0": FileSpec(b"") for pod in pods[: damaged(number, which)]}
        workers.append(NodeSpec(f"w{number}", f"10.6.{number // 250}.{number % 250 + 1}", talos=TALOS, sandboxes=pods, files=empty))
    return ClusterSpec((NodeSpec("cp", "10.5.0.2", machine_type="controlplane", talos=TALOS), *workers))


async def bare_lists(client: Client, addresses: list[str]) -> None:
    """List both directories of each node, as many nodes together as the check does."""
    todo = list(addresses)

    async def listed(address: str, root: str) -> None:
        async for _ in client.list_files(address, root):
            pass

    async def worker() -> None:
        while todo:
            address = todo.pop()
            await asyncio.gather(listed(address, RESULTS), listed(address, SANDBOXES))

    await asyncio.gather(*(worker() for _ in range(TOGETHER)))


async def timed(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Return wall and CPU seconds of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    await work()
    return time.perf_counter() - wall, time.process_time() - cpu


async def measure(talosconfig: str, addresses: list[str], which: str) -> list[tuple[str, float, str]]:
    """Alternate the two, so that a busy moment hits both."""
    memory = psutil.Process()
    async with Client(GrpcTransport(load(Path(talosconfig)).context())) as client:
        rows = [NodeToCheck(address, talos=TALOS) for address in addresses]
        peak = 0

        def look(_: object) -> None:
            nonlocal peak
            peak = max(peak, memory.memory_info().rss)

        async def checked(progress: Callable[[object], None] | None = None) -> None:
            report = await check(client, rows, CheckOptions(concurrency=TOGETHER), progress=progress)
            assert not report.unseen, report.unseen[0].error
            assert report.counts[Verdict.HEALS] == sum(damaged(number, which) for number in range(NODES)), dict(report.counts)

        await client.version(addresses[0])
        before = memory.memory_info().rss
        await checked(look)
        pairs = [(await timed(lambda: bare_lists(client, addresses)), await timed(checked)) for _ in range(REPEATS)]
    figures = []
    for name, part in ((WALL, 0), (CPU, 1)):
        bare, full = (statistics.median(pair[which][part] for pair in pairs) for which in (0, 1))
        figures.append((f"{name}, {which}", full / bare, f"{full:.2f} s against {bare:.2f} s"))
    return [
        *figures,
        (
            f"{MEMORY}, {which}",
            (peak - before) / (1 << 20),
            f"largest growth during the first check, from {before >> 20} MiB after connecting",
        ),
    ]


def in_own_process(talosconfig: str, addresses: list[str], which: str) -> list[tuple[str, float, str]]:
    """Measure; what calls this keeps its own memory, the cluster's description, out of the figures."""
    return asyncio.run(measure(talosconfig, addresses, which))


def run() -> list[tuple[str, float, str]]:
    """Return wall and CPU ratios and the growth of memory."""
    figures = []
    for which in (SOME, ALL):
        spec = fleet(which)
        addresses = [node.address for node in spec.nodes if node.machine_type == "worker"]
        with process(spec, ["--no-metrics"]) as cluster, multiprocessing.get_context("spawn").Pool(1) as pool:
            figures += pool.apply(in_own_process, (cluster["talosconfigs"]["admin"], addresses, which))
    return figures
