"""The simulated cluster over the network: gRPC behind TLS, one endpoint for each node that clients may dial."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import grpc.aio

from talospatch.simulator.exchange import Link, StreamBroken
from talospatch.simulator.network_faults import Call, FaultKind, Moment, NetworkFaults
from talospatch.simulator.pki import Authority, reaching_back
from talospatch.simulator.tls_context import server_context
from talospatch.simulator.tls_front import TlsFront
from talospatch.versions import Fact, TalosVersion
from talospatch.wire.methods import METHODS, Shape

if TYPE_CHECKING:
    import ssl

    from talospatch.simulator.clock import Clock
    from talospatch.simulator.exchange import Exchange
    from talospatch.simulator.model import Model
    from talospatch.simulator.spec import NodeSpec

# Talos's own limit in both directions (constants.go, GRPCMaxMessageSize).
MESSAGE_LIMIT = 32 * 1024 * 1024

# How often an open stream and the state of the endpoints are looked at, in real seconds.
POLL = 0.02

_OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_LIMIT),
    ("grpc.max_send_message_length", MESSAGE_LIMIT),
    ("grpc.so_reuseport", 0),
)
_SOCKET = "s"  # short: the path of a unix socket is limited
_STATUS = {code.name: code for code in grpc.StatusCode}


class _ConnectionBroken(Exception):
    """The connection of the call is gone: nothing more can be said to the client."""


@dataclass(slots=True)
class Endpoint:
    """One apid: a gRPC server and the TLS in front of it.

    Attributes:
        node: whose apid it is.
        front: what listens.
    """

    node: NodeSpec
    front: TlsFront
    handler: grpc.GenericRpcHandler
    _server: grpc.aio.Server | None = None

    @property
    def address(self) -> str:
        """``host:port`` as a client dials it."""
        host = f"[{self.front.host}]" if ":" in self.front.host else self.front.host
        return f"{host}:{self.front.port}"

    async def start(self) -> None:
        """Start the gRPC server, and listen."""
        server = grpc.aio.server(options=_OPTIONS)
        server.add_generic_rpc_handlers((self.handler,))
        server.add_insecure_port(f"unix:{self.front.target}")
        await server.start()
        self._server = server
        self.front.open()

    async def stop(self) -> None:
        """Drop everything, and wait for it."""
        await self.front.shut_down()
        if self._server is not None:
            await self._server.stop(None)
            self._server = None


class ClusterServer:
    """Serves a simulated cluster.

    Args:
        cluster: the model.
        nodes: those with an endpoint of their own, all others are reached through these.
        authority: signs the endpoints' certificates and is whom clients must come from.
        clock: the cluster's time.
        faults: of the network.
        listen: where each node's endpoint listens, as (host, port) by node name; elsewhere 127.0.0.1 and a free port.
    """

    def __init__(
        self,
        cluster: Model,
        nodes: Sequence[NodeSpec],
        authority: Authority,
        clock: Clock,
        *,
        faults: NetworkFaults | None = None,
        listen: Mapping[str, tuple[str, int]] | None = None,
    ) -> None:
        self.cluster, self.authority, self.clock = cluster, authority, clock
        self.faults = faults if faults is not None else NetworkFaults()
        self.calls = 0
        self.errors: list[BaseException] = []
        self.endpoints: dict[str, Endpoint] = {}
        self._nodes, self._listen = tuple(nodes), dict(listen or {})
        self._stopped: set[str] = set()
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen on every endpoint. What fails leaves nothing behind.

        Raises:
            OSError: an address cannot be listened on.
        """
        self._directory = tempfile.TemporaryDirectory(prefix="tps-")
        try:
            for number, node in enumerate(self._nodes):
                await self._start_endpoint(number, node)
        except BaseException:
            await self.stop()
            raise
        self._watch = asyncio.get_running_loop().create_task(self._follow_nodes())

    async def stop(self) -> None:
        """Stop everything. Safe to call twice."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        await asyncio.gather(*(endpoint.stop() for endpoint in self.endpoints.values()))
        self.endpoints.clear()
        if self._directory is not None:
            self._directory.cleanup()
            self._directory = None

    def stop_endpoint(self, name: str) -> None:
        """Take the endpoint of this node off the network, as if its cable were pulled; the node itself lives on."""
        self._stopped.add(name)
        self.endpoints[name].front.close()

    def restart_endpoint(self, name: str) -> None:
        """Put it back, on the port that it had."""
        self._stopped.discard(name)
        self._settle(self.endpoints[name])

    def refresh(self) -> None:
        """Open and close endpoints as the nodes and faults have them now; happens by itself every few milliseconds."""
        for endpoint in self.endpoints.values():
            self._settle(endpoint)

    async def _start_endpoint(self, number: int, node: NodeSpec) -> None:
        assert self._directory is not None
        directory = Path(self._directory.name) / str(number)
        directory.mkdir(0o700)
        host, port = self._listen.get(node.name, ("127.0.0.1", 0))
        contexts: dict[FaultKind | None, ssl.SSLContext] = {}

        def context(fault: FaultKind | None) -> ssl.SSLContext:
            if fault not in contexts:
                contexts[fault] = self._context(node, host, directory, fault)
            return contexts[fault]

        context(None)
        front = TlsFront(node.name, host, port, context, directory, directory / _SOCKET, self.faults)
        endpoint = Endpoint(node, front, _Handler(self, front))
        self.endpoints[node.name] = endpoint
        await endpoint.start()
        self._settle(endpoint)

    def _context(self, node: NodeSpec, host: str, directory: Path, fault: FaultKind | None) -> ssl.SSLContext:
        """Return TLS settings with a certificate as Talos's, or with one that shows ``fault``."""
        now, day = reaching_back(), timedelta(days=1)
        authority = Authority() if fault is FaultKind.OTHER_AUTHORITY else self.authority
        hosts = ("192.0.2.1", "elsewhere") if fault is FaultKind.WRONG_NAME else (node.name, node.address, host, "127.0.0.1", "localhost")
        start = {FaultKind.EXPIRED_CERTIFICATE: now - 2 * day, FaultKind.FUTURE_CERTIFICATE: now + day}.get(fault, now) if fault else now
        identity = authority.server(hosts, name=node.name, not_before=start)
        only_1_3 = TalosVersion.parse(node.talos).can(Fact.TLS_1_3_ONLY)
        return server_context(identity, self.authority.certificate, directory, only_tls_1_3=only_1_3)

    def _settle(self, endpoint: Endpoint) -> None:
        name = endpoint.node.name
        up = self.cluster.reachable(name, self.clock.now()) and not self.faults.refused(name) and name not in self._stopped
        if up and not endpoint.front.is_open:
            endpoint.front.open()
        elif not up and endpoint.front.is_open:
            endpoint.front.close()

    async def _follow_nodes(self) -> None:
        """Let time pass in the model, and take endpoints off the network while their node is down."""
        while True:
            try:
                self.cluster.advance(self.clock.now())
                self.refresh()
            except Exception as error:  # noqa: BLE001 - one bad step must not stop the clock for good
                self.note(error)
            await asyncio.sleep(POLL)

    def note(self, error: BaseException) -> None:
        """Keep an error of the simulation itself, for whoever looks; only the last hundred."""
        self.errors.append(error)
        del self.errors[:-100]


class _Handler(grpc.GenericRpcHandler):
    """Takes every call of one endpoint, whatever its method, to the model."""

    def __init__(self, server: ClusterServer, front: TlsFront) -> None:
        self._server, self._front = server, front

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        """Return the handler of one call; bytes go in and out unread.

        Both sides of a stream look alike on the wire, so a method that we do not know is taken for a stream of streams.
        """
        path = details.method
        method = METHODS.get(path)
        shape = method.shape if method else Shape.BOTH

        if shape is Shape.UNARY:

            async def unary(request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
                answers = [message async for message in self._answers(path, [request], context)]
                return answers[-1]

            return grpc.unary_unary_rpc_method_handler(unary)
        if shape is Shape.SERVER_STREAM:

            async def stream(request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> AsyncIterator[bytes]:
                async for message in self._answers(path, [request], context):
                    yield message

            return grpc.unary_stream_rpc_method_handler(stream)

        async def both(requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext[bytes, bytes]) -> AsyncIterator[bytes]:
            received = []
            async for request in requests:
                received.append(request)
                if shape is Shape.BOTH:  # the first message says what is wanted; the model's answer to it is whole
                    break
            async for message in self._answers(path, received, context):
                yield message

        return grpc.stream_stream_rpc_method_handler(both)

    async def _answers(self, path: str, requests: Sequence[bytes], context: grpc.aio.ServicerContext[bytes, bytes]) -> AsyncIterator[bytes]:
        server, peer = self._server, context.peer()
        metadata = _metadata(context)
        server.calls += 1
        call = Call(server.calls, self._front.endpoint, ",".join(metadata.get("nodes") or metadata.get("node") or ()), path)
        try:
            exchange = await self._exchange(call, metadata, requests, peer)
            for message in exchange.messages:
                yield message.SerializeToString()
            if exchange.follow is not None:
                async for followed in self._followed(exchange):
                    yield followed
            code, details = exchange.code, exchange.details
        except StreamBroken as broken:
            code, details = broken.code, broken.details
        except _ConnectionBroken:
            self._front.abort(peer)
            # gRPC ends this call itself when it sees that the connection is gone; any status from us could overtake that.
            await asyncio.Event().wait()
            raise
        except Exception as error:  # noqa: BLE001 - as a panic in Talos: the call fails and the server lives on
            server.note(error)
            code, details = "INTERNAL", f"simulated cluster: {type(error).__name__}: {error}"
        if code != "OK":
            await context.abort(_STATUS[code], details)

    async def _exchange(self, call: Call, metadata: Mapping[str, Sequence[str]], requests: Sequence[bytes], peer: str) -> Exchange:
        """Ask the model, with the faults that strike this call around it."""
        server, faults = self._server, self._server.faults
        struck = faults.on_call(call)
        if faults.hook is not None:
            faults.hook(Moment.BEFORE, call)
        if FaultKind.GOAWAY in struck:
            self._front.go_away()
        if FaultKind.LATENCY in struck:
            await asyncio.sleep(faults.delay(struck[FaultKind.LATENCY]))
        if FaultKind.SILENCE in struck:
            await asyncio.Event().wait()
        if FaultKind.RESET_BEFORE in struck:
            raise _ConnectionBroken
        if FaultKind.UNREACHABLE in struck:
            target = f"dial tcp {call.node or call.endpoint}:50000: connect: connection refused"
            raise StreamBroken("UNAVAILABLE", f'connection error: desc = "transport: Error while dialing: {target}"')
        now = server.clock.now()
        exchange = server.cluster.call(call.endpoint, metadata, self._front.roles(peer), call.method, requests, now)
        if faults.hook is not None:
            faults.hook(Moment.AFTER, call)
        if exchange.link is not Link.KEPT or FaultKind.RESET_AFTER in struck:
            raise _ConnectionBroken
        if exchange.answers_at > now:
            await server.clock.sleep(exchange.answers_at - now)
        return exchange

    async def _followed(self, exchange: Exchange) -> AsyncIterator[bytes]:
        """Look for news until the stream ends or the client leaves."""
        assert exchange.follow is not None
        while True:
            for message in exchange.follow(self._server.clock.now()):
                yield message.SerializeToString()
            await asyncio.sleep(POLL)


def _metadata(context: grpc.aio.ServicerContext[bytes, bytes]) -> dict[str, tuple[str, ...]]:
    gathered: dict[str, list[str]] = {}
    for key, value in context.invocation_metadata() or ():
        gathered.setdefault(key, []).append(value if isinstance(value, str) else value.decode("latin-1"))
    return {key: tuple(values) for key, values in gathered.items()}
