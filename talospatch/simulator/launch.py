"""Starts and stops a simulated cluster: in this process, or in one of its own that never outlives whoever asked for it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talospatch.simulator.spec import to_json

if TYPE_CHECKING:
    from talospatch.simulator.clock import Clock
    from talospatch.simulator.cluster import SimulatedCluster
    from talospatch.simulator.metrics_listener import MetricsListeners
    from talospatch.simulator.network_faults import NetworkFaults
    from talospatch.simulator.pki import Authority
    from talospatch.simulator.server import ClusterServer
    from talospatch.simulator.spec import ClusterSpec

# Each node's metrics port costs a descriptor or two, and somebody has to look whether it is to be open.
_METRICS_LIMIT = 100


@dataclass(slots=True)
class RunningCluster:
    """A simulated cluster that can be dialled.

    Attributes:
        spec: what it was made from.
        model: the cluster itself, for looking behind the API.
        directory: where its talosconfig files are.
        talosconfigs: files by role: ``admin``, ``operator``, ``reader``.
    """

    spec: ClusterSpec
    model: SimulatedCluster
    clock: Clock
    authority: Authority
    server: ClusterServer
    metrics: MetricsListeners
    directory: Path
    talosconfigs: dict[str, Path]
    _temporary: tempfile.TemporaryDirectory[str] | None = None

    @property
    def endpoints(self) -> dict[str, str]:
        """``host:port`` of each endpoint, by name of its node."""
        return {name: endpoint.address for name, endpoint in self.server.endpoints.items()}

    def description(self) -> dict[str, Any]:
        """Everything that somebody in another process needs to use the cluster, as plain values."""
        return {
            "directory": str(self.directory),
            "endpoints": self.endpoints,
            "talosconfigs": {role: str(path) for role, path in self.talosconfigs.items()},
            "nodes": {node.name: node.address for node in self.spec.nodes},
            "metrics": {node: f"127.0.0.1:{port}" for node, port in self.metrics.ports.items()},
            "scale": self.clock.scale,
        }

    async def stop(self) -> None:
        """Stop everything and remove what was written. Safe to call twice."""
        await self.metrics.stop()
        await self.server.stop()
        for path in self.talosconfigs.values():
            path.unlink(missing_ok=True)
        if self._temporary is not None:
            self._temporary.cleanup()


async def start(
    spec: ClusterSpec,
    directory: Path | None = None,
    *,
    scale: float = 1.0,
    faults: NetworkFaults | None = None,
    listen: Mapping[str, tuple[str, int]] | None = None,
    workers_too: bool = False,
    metrics: bool | None = None,
    authority: Authority | None = None,
    clock: Clock | None = None,
) -> RunningCluster:
    """Start a simulated cluster in this event loop.

    Args:
        spec: what to start.
        directory: where to write ``admin.yaml``, ``operator.yaml`` and ``reader.yaml``, which go with the cluster; a temporary one.
        scale: how many times as fast as real time the cluster lives.
        faults: of the network.
        listen: (host, port) by node name; elsewhere 127.0.0.1 and a free port.
        workers_too: give workers an endpoint as well; without, they are only reached through a control-plane node, if there is one.
        metrics: serve the metrics of containerd on loopback ports, one for each node; unless said, up to a hundred nodes.
        authority: whose certificates to use; a new one unless said.
        clock: the cluster's time, in place of the real one times ``scale``.

    Raises:
        OSError: an address cannot be listened on, or a talosconfig exists already.
    """
    from talospatch.simulator.clock import ScaledClock
    from talospatch.simulator.cluster import SimulatedCluster
    from talospatch.simulator.metrics_listener import MetricsListeners
    from talospatch.simulator.pki import Authority
    from talospatch.simulator.server import ClusterServer
    from talospatch.simulator.talosconfigs import issue

    clock, signer = clock or ScaledClock(scale), authority or Authority()
    control_planes = [node for node in spec.nodes if node.machine_type != "worker"]
    dialled = list(spec.nodes) if workers_too or not control_planes else control_planes
    with_metrics = len(spec.nodes) <= _METRICS_LIMIT if metrics is None else metrics
    addresses: list[str] = []
    model = SimulatedCluster(spec, clock.now(), issue=lambda roles, seconds: issue(signer, spec.name, addresses, roles, seconds))
    temporary = tempfile.TemporaryDirectory(prefix="talospatch-simulator-") if directory is None else None
    home = Path(temporary.name) if temporary else Path(directory or ".")
    cluster = RunningCluster(
        spec,
        model,
        clock,
        signer,
        ClusterServer(model, dialled, signer, clock, faults=faults, listen=listen),
        MetricsListeners(model, clock, [node.name for node in spec.nodes] if with_metrics else []),
        home,
        {},
        temporary,
    )
    try:
        await cluster.server.start()
        await cluster.metrics.start()
        addresses.extend(cluster.endpoints[node.name] for node in control_planes or dialled)
        _write_talosconfigs(cluster, addresses)
    except BaseException:
        await cluster.stop()
        raise
    return cluster


@contextlib.asynccontextmanager
async def running(spec: ClusterSpec, directory: Path | None = None, **options: Any) -> AsyncIterator[RunningCluster]:
    """Run a simulated cluster for the length of a block. Takes what :func:`start` takes."""
    cluster = await start(spec, directory, **options)
    try:
        yield cluster
    finally:
        await cluster.stop()


@contextlib.contextmanager
def process(spec: ClusterSpec, arguments: Sequence[str] = (), *, timeout: float = 60.0) -> Iterator[dict[str, Any]]:
    """Run a simulated cluster in a process of its own, with its own event loop, and yield its description.

    It stops with the block, and also when this process dies, because its standard input ends then.

    Args:
        spec: what to start.
        arguments: more options of ``python -m talospatch.simulator``.
        timeout: seconds it may take to start and to stop.

    Raises:
        RuntimeError: it ended instead of starting; says what it wrote.
    """
    command = [sys.executable, "-m", "talospatch.simulator", "--spec", "-", *arguments]
    # A session of its own, so that Ctrl-C in a terminal is ours to handle while the cluster still answers.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write(json.dumps(json.loads(to_json(spec))).encode() + b"\n")
                child.stdin.flush()
            ready = child.stdout.readline()
            if not ready:
                raise RuntimeError(f"the simulated cluster did not start; its exit status is {child.wait(timeout)}")
            description: dict[str, Any] = json.loads(ready)
            yield {**description, "pid": child.pid}
        finally:
            with contextlib.suppress(BrokenPipeError):
                child.stdin.close()
            try:
                child.wait(timeout)
            except subprocess.TimeoutExpired:
                child.kill()


def _write_talosconfigs(cluster: RunningCluster, addresses: Sequence[str]) -> None:
    from talospatch.simulator.talosconfigs import ROLES, render, write_private

    nodes = [node.address for node in cluster.spec.nodes]
    for name, roles in ROLES.items():
        path = cluster.directory / f"{name}.yaml"
        identity = cluster.authority.client(roles)
        write_private(path, render(cluster.spec.name, addresses, nodes, cluster.authority.certificate, identity))
        cluster.talosconfigs[name] = path


async def until_stopped(reader: asyncio.StreamReader | None) -> None:
    """Return on SIGINT, SIGTERM or SIGHUP (unless that was to be ignored, as under ``nohup``), or when ``reader`` ends."""
    import signal

    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    ending = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        ending.append(signal.SIGHUP)
    for number in ending:
        loop.add_signal_handler(number, stopped.set)
    waiting: list[asyncio.Task[Any]] = [loop.create_task(stopped.wait())]
    if reader is not None:
        waiting.append(loop.create_task(_drain(reader)))
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for number in ending:
            loop.remove_signal_handler(number)


async def _drain(reader: asyncio.StreamReader) -> None:
    while await reader.read(4096):
        pass
