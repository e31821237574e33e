"""The metrics port of the simulated nodes' containerd, on loopback: what Prometheus would scrape."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from talospatch.simulator.held_port import HeldPort

if TYPE_CHECKING:
    from talospatch.simulator.clock import Clock
    from talospatch.simulator.model import Model

PATH = "/v1/metrics"

_HEAD_LIMIT = 16 * 1024
_PATIENCE = 10.0
_POLL = 0.1


class MetricsListeners:
    """One port for each node, on which something listens while that node's containerd serves metrics.

    A node's own address is only a routing key, so every node gets a port on loopback instead: :attr:`ports`.

    Args:
        cluster: the model.
        clock: the cluster's time.
        nodes: names of those to listen for.
        host: loopback address.
    """

    def __init__(self, cluster: Model, clock: Clock, nodes: Sequence[str], *, host: str = "127.0.0.1") -> None:
        self._cluster, self._clock, self._nodes, self._host = cluster, clock, tuple(nodes), host
        self._held: dict[str, HeldPort] = {}
        self._servers: dict[str, asyncio.Server] = {}
        self._watch: asyncio.Task[None] | None = None

    @property
    def ports(self) -> dict[str, int]:
        """The port of each node, whether something listens there now or not."""
        return {node: held.number for node, held in self._held.items()}

    @property
    def serving(self) -> tuple[str, ...]:
        """Nodes for which something listens now."""
        return tuple(self._servers)

    async def start(self) -> None:
        """Take a port for every node, and listen where metrics are on.

        Raises:
            OSError: there is no port left.
        """
        try:
            for node in self._nodes:
                self._held[node] = HeldPort(self._host)
            await self.refresh()
        except BaseException:
            await self.stop()
            raise
        self._watch = asyncio.get_running_loop().create_task(self._follow_nodes())

    async def stop(self) -> None:
        """Stop to listen, and give the ports back."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        for node in list(self._servers):
            self._close(node)
        for held in self._held.values():
            held.release()
        self._held.clear()

    async def refresh(self) -> None:
        """Open and close ports as the nodes have it now; happens by itself every tenth of a second."""
        for node, held in self._held.items():
            serving = self._cluster.metrics_address(node, self._clock.now()) is not None
            if serving and node not in self._servers:
                self._servers[node] = await asyncio.start_server(self._answerer(node), sock=held.listen(), limit=_HEAD_LIMIT)
            elif not serving and node in self._servers:
                self._close(node)

    async def _follow_nodes(self) -> None:
        while True:
            await asyncio.sleep(_POLL)
            await self.refresh()

    def _close(self, node: str) -> None:
        self._servers.pop(node).close()

    def _answerer(self, node: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                async with asyncio.timeout(_PATIENCE):
                    head = await reader.readuntil(b"\r\n\r\n")
                    writer.write(self._response(node, head))
                    await writer.drain()
            except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                pass  # a client that leaves or talks nonsense
            finally:
                writer.close()

        return answer

    def _response(self, node: str, head: bytes) -> bytes:
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0].decode("latin-1")
        if method not in (b"GET", b"HEAD"):
            return _http("405 Method Not Allowed", "")
        if path != PATH:
            return _http("404 Not Found", "404 page not found\n")
        body = self._cluster.metrics(node, self._clock.now())
        return _http("200 OK", body, content_type="text/plain; version=0.0.4; charset=utf-8", bodiless=method == b"HEAD")


def _http(status: str, body: str, *, content_type: str = "text/plain; charset=utf-8", bodiless: bool = False) -> bytes:
    encoded = body.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(encoded)}\r\nConnection: close\r\n\r\n"
    return head.encode() + (b"" if bodiless else encoded)
