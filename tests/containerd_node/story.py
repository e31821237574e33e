"""The whole story on a real containerd, as a test and as a benchmark tell it: found over Talos's API, removed, and the sandbox stops."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from containerd_node.backed_cluster import served
from containerd_node.kubelet import Kubelet
from containerd_node.node import ContainerdNode
from containerd_node.pod_image import TOOLS, write_image
from talospatch.cni.rules import Verdict
from talospatch.cnicheck.check import check
from talospatch.cnicheck.options import NodeToCheck
from talospatch.simulator.spec import ClusterSpec, NodeSpec
from talospatch.talosapi.client import Client
from talospatch.talosapi.grpc_transport import GrpcTransport
from talospatch.talosapi.talosconfig import load

if TYPE_CHECKING:
    from containerd_node.containerds import Containerd

WORKER = "10.5.0.3"
# Seconds. Old enough not to be in the middle of being written, too young to be of an earlier boot.
SETTLED = 120.0
# A Talos with DebugService.
DEBUGGABLE = "v1.13.9"


def face(talos: str) -> ClusterSpec:
    """A simulated control plane, and one worker to put a real node behind."""
    worker = NodeSpec("worker-1", WORKER, talos=talos)
    return ClusterSpec((NodeSpec("cp-1", "10.5.0.2", machine_type="controlplane", talos=talos), worker))


@contextlib.asynccontextmanager
async def client_of(kubelet: Kubelet, talos: str, directory: Path, role: str = "admin") -> AsyncIterator[tuple[Client, Path]]:
    """Serve a node behind a face, and yield a client of it and the client's talosconfig."""
    real = {"worker-1": (kubelet.node, kubelet)}
    async with served(face(talos), real, directory) as files, Client(GrpcTransport(load(files[role]).context())) as client:
        yield client, files[role]


def damage(file: Path, content: bytes, *, age: float = SETTLED) -> None:
    """Write a cache file that was last touched ``age`` seconds ago."""
    file.write_bytes(content)
    then = time.time() - age
    os.utime(file, (then, then))


def tell(containerd: Containerd, directory: Path, *, cni_version: str = "1.0.0") -> dict[str, float]:
    """Make a node from nothing and let it all happen once; return how many seconds had passed at each point.

    Args:
        containerd: one that fails on a damaged file.
        directory: an empty one to write to.
        cni_version: of the node's network, 0.4.0 or later.
    """
    start = time.monotonic()
    passed: dict[str, float] = {}

    def note(what: str) -> None:
        passed[what] = time.monotonic() - start

    async def found_and_removed(kubelet: Kubelet, stuck: str) -> None:
        node = kubelet.node
        # The older Talos is the one whose containerd this is; only the newer one has a service that could remove a file.
        (directory / "old").mkdir()
        (directory / "new").mkdir()
        async with client_of(kubelet, containerd.talos, directory / "old") as (client, _):
            report = await check(client, [NodeToCheck(WORKER)])
        (judged,) = report.nodes[0].files
        assert (judged.file.name, judged.verdict) == (node.cache_file(stuck).name, Verdict.FATAL), judged
        note("found over Talos's API")
        path = f"/host/var/lib/cni/results/{judged.file.name}"
        async with client_of(kubelet, DEBUGGABLE, directory / "new") as (client, _):
            command = ["find", path, "-maxdepth", "0", "-type", "f", "-size", f"{judged.file.size}c", "-print", "-delete"]
            result = await client.run_container(WORKER, TOOLS, command, store="system")
        assert (result.exit_code, result.output.decode().strip()) == (0, path), result
        note("removed by a debug container")

    write_image(directory / "image.tar")
    with ContainerdNode(containerd, directory / "image.tar", cni_version=cni_version) as node:
        note("containerd is ready")
        kubelet = Kubelet(node)
        pods = [node.run_pod(f"web-{number}") for number in range(5)]
        note("5 pods run")
        stuck = pods[2]
        damage(node.cache_file(stuck), b"")
        assert node.stop_error(stuck) is not None
        assert kubelet.collect() == [stuck]
        note("a sandbox does not stop")
        asyncio.run(found_and_removed(kubelet, stuck))
        assert kubelet.collect() == []
        assert stuck not in node.leases().values()
        note("the sandbox is gone")
    note("nothing is left")
    return passed
