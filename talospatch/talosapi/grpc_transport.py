"""Calls over gRPC, through the bridge: metadata, deadlines, limits, and failures without a trace of how it is done underneath."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from talospatch.errors import DialError, ForkedError
from talospatch.talosapi import proxy as _proxy
from talospatch.talosapi.bridge import Bridge
from talospatch.talosapi.descriptors import raise_limit
from talospatch.talosapi.grpc_call import CallRecord, GrpcCall
from talospatch.talosapi.identity import Identity
from talospatch.wire.methods import Shape
from talospatch.wire.transport import RpcFailure

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from talospatch.talos.finding import Finding
    from talospatch.talosapi.talosconfig import Context
    from talospatch.wire.methods import Method

__all__ = ["CallRecord", "GrpcTransport"]

MESSAGE_LIMIT = 32 << 20  # bytes; constants.GRPCMaxMessageSize of Talos
METADATA_LIMIT = 8 << 20  # bytes; a refusal up to 1.13 quotes a whole configuration diff in the status text
CALLS = 64  # in flight at once
DESCRIPTORS = 1024  # what a process with a few clusters, their journals and a terminal never exceeds
_GRPC_DIAL = 20.0  # seconds; gRPC's own limit for a connection to become usable
IDLE = 3.0  # seconds in which gRPC begins to connect when it is told to; it backs off for 1 at most


_grpc_process: int | None = None  # the process in which gRPC was first used; its threads do not survive a fork


class GrpcTransport:
    """Makes calls for one talosconfig context; implements :class:`talospatch.wire.transport.Transport`.

    All calls share one connection, to the first endpoint that answers. When it is lost, the next call dials anew, from that endpoint
    on round the list; calls that were under way fail with UNAVAILABLE, unless the server let them finish (GOAWAY). Belongs to the event
    loop in which it is first used.

    Streams count towards the limit until they end: whoever makes calls while holding streams has to hold fewer of them than the limit.
    A call waits for a free place as long as it takes; its deadline begins when it is sent.
    """

    def __init__(
        self,
        context: Context,
        *,
        endpoints: Sequence[str] | None = None,
        limit: int = CALLS,
        dial_timeout: float = 10.0,
        observer: Callable[[CallRecord], None] | None = None,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            context: who we are, and where to.
            endpoints: instead of the context's, in the same forms.
            limit: calls and streams under way at once.
            dial_timeout: seconds that one endpoint has from TCP to its first HTTP/2 bytes.
            observer: called after each call.
            environ: for proxies; by default the process's.
            clock: the time, to judge our certificate.

        Raises:
            TalosconfigError: the context cannot be used: identity, endpoints or proxy.
        """
        self._endpoints = context.dialled(endpoints)
        self._identity = Identity.of(context)
        surroundings = os.environ if environ is None else environ
        self._proxies = {
            endpoint: _proxy.choose(context.proxy_url, endpoint, surroundings, source=context.source, path=context.path)
            for endpoint in self._endpoints
        }
        self._limit, self._dial_timeout, self._observer, self._clock = limit, dial_timeout, observer, clock
        self._fixed_metadata = _fixed_metadata(context)
        self._bridge: Bridge | None = None
        self._channel: Any = None
        self._target = ""
        self._calls: dict[str, Any] = {}
        self._places: asyncio.Semaphore | None = None
        self._starting: asyncio.Lock | None = None
        self._pid = os.getpid()
        self._closed = False
        self.findings: tuple[Finding, ...] = ()

    @property
    def endpoint(self) -> str:
        """The endpoint last connected to, as ``host:port``; the first of the list before that."""
        return str(self._bridge.endpoint if self._bridge else self._endpoints[0])

    @property
    def identity(self) -> Identity:
        """Who we are."""
        return self._identity

    async def connect(self) -> str:
        """Connect now, if there is no connection, and return the endpoint used. A call connects by itself; this tells earlier, and why not.

        Raises:
            DialError: no endpoint can be used.
            TalosconfigError: our certificate is not valid now.
            ForkedError: this is a forked child.
        """
        bridge = await self._start()
        if bridge.alive:
            return self.endpoint
        outcome = bridge.next_outcome()
        dials, looked = bridge.dials, asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(bridge.longest_dial + _GRPC_DIAL):
                while not outcome.done() and not self._closed:
                    self._channel.get_state(try_to_connect=True)  # again and again: it may be backing off, or not know of a loss yet
                    await asyncio.wait([outcome], timeout=0.2)
                    if bridge.dials == dials and asyncio.get_running_loop().time() - looked > IDLE:
                        await bridge.probe()
                        await self._renew_channel()
                        dials, looked = bridge.dials, asyncio.get_running_loop().time()
            if self._closed:
                raise DialError(self.endpoint, "closed", "the transport was closed meanwhile")
            return str(outcome.result())
        except TimeoutError:
            raise bridge.failure or DialError(self.endpoint, "timeout", "gRPC made no attempt to connect") from None
        finally:
            outcome.cancel()

    async def close(self) -> None:
        """Release every connection, task and file. Safe to call twice; calls under way end with CANCELLED."""
        self._refuse_fork()
        self._closed = True
        bridge, channel, self._bridge, self._channel = self._bridge, self._channel, None, None
        self._calls.clear()
        try:
            if channel is not None:
                await channel.close()
        finally:
            if bridge is not None:
                await bridge.close()

    async def unary(self, method: Method, node: str, request: Message, timeout: float) -> Any:
        """Send one message, return one."""
        async with self._call(method, node, timeout) as (send, call):
            return call.decode(await send(call.encode(request), timeout=timeout, metadata=self._metadata(node)))

    async def stream(
        self, method: Method, node: str, requests: Message | AsyncIterable[Message], timeout: float
    ) -> AsyncGenerator[Any, None]:
        """Send one message or a stream of them, yield what comes. Closing the iterator cancels the call."""
        async with self._call(method, node, timeout) as (send, call):
            sent = call.encode_all(requests) if isinstance(requests, AsyncIterable) else call.encode(requests)
            answers = send(sent, timeout=timeout, metadata=self._metadata(node))
            try:
                async for data in answers:
                    yield call.decode(data)
            finally:
                answers.cancel()  # nothing, if it has ended

    async def client_stream(self, method: Method, node: str, requests: AsyncIterable[Message], timeout: float) -> Any:
        """Send a stream, return one message."""
        async with self._call(method, node, timeout) as (send, call):
            return call.decode(await send(call.encode_all(requests), timeout=timeout, metadata=self._metadata(node)))

    @contextlib.asynccontextmanager
    async def _call(self, method: Method, node: str, timeout: float) -> AsyncIterator[tuple[Any, GrpcCall]]:
        """Hold a place for a call, give its failure a meaning, and report it to the observer at its end."""
        bridge = await self._start()
        assert self._places is not None
        async with self._places:
            if self._closed:
                raise RpcFailure("CANCELLED", "the transport is closed", acted=False)
            call = GrpcCall(method, node, timeout, bridge)
            try:
                yield self._callable(method), call
            except BaseException as error:
                meaning = call.failed(error)
                if meaning is error:
                    raise
                raise meaning from None
            finally:
                if self._observer is not None:
                    self._observer(call.record())

    def _callable(self, method: Method) -> Any:
        found = self._calls.get(method.path)
        if found is None:
            shapes = {
                Shape.UNARY: self._channel.unary_unary,
                Shape.SERVER_STREAM: self._channel.unary_stream,
                Shape.CLIENT_STREAM: self._channel.stream_unary,
                Shape.BOTH: self._channel.stream_stream,
            }
            found = self._calls[method.path] = shapes[method.shape](method.path)  # bytes in and out: counted on the way
        return found

    def _metadata(self, node: str) -> tuple[tuple[str, str], ...]:
        return (("node", node), *self._fixed_metadata) if node else self._fixed_metadata

    async def _start(self) -> Bridge:
        """Check who and where we are, and set up bridge and channel, once."""
        self._refuse_fork()
        if self._closed:
            raise RpcFailure("CANCELLED", "the transport is closed", acted=False)
        if self._bridge is not None and self._channel is not None:
            return self._bridge
        if self._starting is None:
            self._starting = asyncio.Lock()
        async with self._starting:
            if self._bridge is None or self._channel is None:
                await self._open()
        assert self._bridge is not None
        return self._bridge

    async def _open(self) -> None:
        global _grpc_process  # noqa: PLW0603 - a fact about the process, not about this object
        self.findings = self._identity.check(self._clock())
        raise_limit(DESCRIPTORS)
        bridge = Bridge(self._endpoints, self._identity.ssl_context(), proxy_for=self._proxies.__getitem__, timeout=self._dial_timeout)
        try:
            target = await bridge.start()
        except BaseException as error:
            await bridge.close()
            if isinstance(error, OSError):
                raise DialError(self.endpoint, "system", f"no private socket can be made: {error.strerror or error}") from error
            raise
        _grpc_process = os.getpid()
        self._places = asyncio.Semaphore(self._limit)
        self._target = target
        self._channel = self._new_channel(bridge)
        self._bridge = bridge

    def _new_channel(self, bridge: Bridge) -> Any:
        import grpc.aio

        return grpc.aio.insecure_channel(self._target, options=_options(str(self._endpoints[0]), bridge.longest_dial))

    async def _renew_channel(self) -> None:
        """Give up a channel that does not connect though an endpoint answers. No call can be under way on it."""
        old, bridge = self._channel, self._bridge
        if bridge is None:  # closed meanwhile
            return
        self._channel = self._new_channel(bridge)
        self._calls.clear()
        await old.close()

    def _refuse_fork(self) -> None:
        pid = os.getpid()
        if pid != self._pid or _grpc_process not in (None, pid):
            raise ForkedError("gRPC does not survive a fork: connect in the child process only, or start it with spawn or forkserver")


def _options(authority: str, longest_dial: float) -> list[tuple[str, int | str]]:
    return [
        # What the server sees as the name it was called by; one name for the channel, whichever endpoint answers.
        ("grpc.default_authority", authority),
        ("grpc.primary_user_agent", "talospatch"),
        ("grpc.max_receive_message_length", MESSAGE_LIMIT),
        ("grpc.max_send_message_length", MESSAGE_LIMIT),
        ("grpc.max_metadata_size", METADATA_LIMIT),
        ("grpc.absolute_max_metadata_size", METADATA_LIMIT),
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 1000),
        # Despite its name, how long a connection may take to become usable: longer than our dial, so that its reason is heard.
        ("grpc.min_reconnect_backoff_ms", int(1000 * max(_GRPC_DIAL, longest_dial + 5))),
        # No keepalive: apid ends connections that ping more often than every 300 s. TCP's does the work (dial.keep_alive).
    ]


def _fixed_metadata(context: Context) -> tuple[tuple[str, str], ...]:
    metadata = [("runtime", "Talos")]
    if context.cluster:
        metadata.append(("context", context.cluster))
    if context.auth == "basic":
        metadata.append(("authorization", "Basic " + base64.b64encode(f"{context.username}:{context.password}".encode()).decode()))
    return tuple(metadata)
