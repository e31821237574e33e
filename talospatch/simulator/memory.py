"""Calls to the simulated cluster without a network: the same bytes, no sockets, and a clock that may be a virtual one.

For tests that need thousands of runs, or exactly the same run twice.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from talospatch.simulator.exchange import Link, StreamBroken
from talospatch.simulator.network_faults import Call, FaultKind, Moment, NetworkFaults
from talospatch.wire.methods import Shape
from talospatch.wire.transport import RpcFailure

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from talospatch.simulator.clock import Clock
    from talospatch.simulator.exchange import Exchange
    from talospatch.simulator.model import Model
    from talospatch.wire.methods import Method

# How often an open stream is looked at, in the cluster's seconds.
_POLL = 0.1

_LOST = "Stream removed (Socket closed)"


class MemoryTransport:
    """Implements :class:`talospatch.wire.transport.Transport` on the model itself.

    Nothing happens between two awaits that is not in the order of the calls, and the only waiting is in ``clock``.

    Args:
        cluster: the model.
        clock: the cluster's time, for deadlines too.
        roles: what a client certificate would say.
        endpoint: name of the node that is dialled.
        faults: of the network; those of connections do not apply here, since there are none.
    """

    def __init__(
        self,
        cluster: Model,
        clock: Clock,
        *,
        roles: Sequence[str] = ("os:admin",),
        endpoint: str = "cp-1",
        faults: NetworkFaults | None = None,
    ) -> None:
        self.cluster, self.clock, self.roles = cluster, clock, tuple(roles)
        self.endpoint = endpoint
        self.faults = faults if faults is not None else NetworkFaults()
        self.calls = 0

    async def unary(self, method: Method, node: str, request: Message, timeout: float) -> Any:
        """Send one message, return one."""
        deadline = self.clock.now() + timeout
        exchange = await self._exchange(method, node, [request.SerializeToString()], deadline)
        if exchange.code != "OK":
            raise RpcFailure(exchange.code, exchange.details)
        return _copy(exchange.messages[-1], method)

    async def stream(self, method: Method, node: str, requests: Message | AsyncIterable[Message], timeout: float) -> AsyncIterator[Any]:
        """Send one message or a stream of them, yield what comes."""
        deadline = self.clock.now() + timeout
        exchange = await self._exchange(method, node, await _serialized(requests, method.shape), deadline)
        for message in exchange.messages:
            yield _copy(message, method)
        while exchange.follow is not None:
            try:
                news = exchange.follow(self.clock.now())
            except StreamBroken as broken:
                if broken.code == "OK":
                    return
                raise RpcFailure(broken.code, broken.details) from None
            for message in news:
                yield _copy(message, method)
            await self._wait(_POLL, deadline)
        if exchange.code != "OK":
            raise RpcFailure(exchange.code, exchange.details)

    async def client_stream(self, method: Method, node: str, requests: AsyncIterable[Message], timeout: float) -> Any:
        """Send a stream, return one message."""
        deadline = self.clock.now() + timeout
        exchange = await self._exchange(method, node, await _serialized(requests, method.shape), deadline)
        if exchange.code != "OK":
            raise RpcFailure(exchange.code, exchange.details)
        return _copy(exchange.messages[-1], method)

    async def close(self) -> None:
        """There is nothing to release."""

    async def _exchange(self, method: Method, node: str, requests: Sequence[bytes], deadline: float) -> Exchange:
        self.calls += 1
        call = Call(self.calls, self.endpoint, node, method.path)
        faults, struck = self.faults, self.faults.on_call(call)
        if faults.hook is not None:
            faults.hook(Moment.BEFORE, call)
        if faults.refused(self.endpoint) or not self.cluster.reachable(self.endpoint, self.clock.now()):
            raise RpcFailure("UNAVAILABLE", f"connection to {self.endpoint} refused", acted=False)
        if FaultKind.LATENCY in struck:
            await self._wait(faults.delay(struck[FaultKind.LATENCY]), deadline)
        if FaultKind.SILENCE in struck:
            await self._wait(deadline - self.clock.now(), deadline)
        if FaultKind.RESET_BEFORE in struck:
            raise RpcFailure("UNAVAILABLE", _LOST)
        if FaultKind.UNREACHABLE in struck:
            raise RpcFailure("UNAVAILABLE", _unreachable(node or self.endpoint))
        now = self.clock.now()
        exchange = self.cluster.call(self.endpoint, {"node": (node,)} if node else {}, self.roles, method.path, requests, now)
        if faults.hook is not None:
            faults.hook(Moment.AFTER, call)
        if exchange.link is Link.REFUSED:
            raise RpcFailure("UNAVAILABLE", f"connection to {self.endpoint} refused", acted=False)
        if exchange.link is Link.LOST or FaultKind.RESET_AFTER in struck:
            raise RpcFailure("UNAVAILABLE", _LOST)
        if exchange.answers_at > now:
            await self._wait(exchange.answers_at - now, deadline)
        return exchange

    async def _wait(self, seconds: float, deadline: float) -> None:
        """Let time pass; past the deadline the call has failed."""
        left = deadline - self.clock.now()
        await self.clock.sleep(min(seconds, left))
        if seconds >= left:
            raise RpcFailure("DEADLINE_EXCEEDED", "Deadline Exceeded")


def _unreachable(target: str) -> str:
    return f'connection error: desc = "transport: Error while dialing: dial tcp {target}:50000: connect: connection refused"'


async def _serialized(requests: Message | AsyncIterable[Message], shape: Shape) -> list[bytes]:
    """Serialize what the client sends; of a stream in both directions only the first message, which says what is wanted."""
    if not isinstance(requests, AsyncIterable):
        return [requests.SerializeToString()]
    sent = []
    async for request in requests:
        sent.append(request.SerializeToString())
        if shape is Shape.BOTH:
            break
    return sent


def _copy(message: Message, method: Method) -> Message:
    """Return the message as the client would have read it: of its own class, and nobody else's object."""
    return method.response_class().FromString(message.SerializeToString())
