"""One gRPC call: what it carried, and what its failure means. Nothing of the private socket underneath gets out of here."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talospatch.talosapi.dial import again
from talospatch.wire.transport import RpcFailure

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator

    from google.protobuf.message import Message

    from talospatch.errors import DialError
    from talospatch.talosapi.bridge import Bridge
    from talospatch.wire.methods import Method

# How gRPC's core words that a connection broke under a call, as against an UNAVAILABLE that a server sent.
_BROKEN = re.compile(
    r"unix:|Socket closed|Stream re(?:moved|fused)|GOAWAY|failed to connect to all addresses|onnection reset|Broken pipe|recvmsg|sendmsg"
    r"|Endpoint (?:closing|read failed|write failed)|[Tt]ransport closed|Channel closed|Connection (?:closed|dropped)"
    r"|empty address list|\bEOF\b"
)
_UNIX = re.compile(r"unix:\S+")
_HTTP_STATUS = re.compile(r"Received http2 header with status: (\d+)")
# Go's server resets a call at the deadline that came with it. gRPC's core compares with a clock that it read a moment before, and may call
# that CANCELLED.
_CLOCK_ERROR = 0.05  # seconds


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call, for whoever watches.

    Attributes:
        method: short name, as ``Version``.
        node: as addressed; empty for the endpoint itself.
        seconds: from sending to the end.
        code: gRPC status code by name.
        bytes_sent, bytes_received: messages, without framing.
    """

    method: str
    node: str
    seconds: float
    code: str
    bytes_sent: int
    bytes_received: int


class GrpcCall:
    """A call under way.

    Attributes:
        source_error: what the caller's own stream of requests raised, if it did.
    """

    def __init__(self, method: Method, node: str, timeout: float, bridge: Bridge) -> None:
        self._method, self._node, self._timeout, self._bridge = method, node, timeout, bridge
        self._mark, self._began = bridge.mark(), time.monotonic()
        self._sent = self._received = 0
        self._code = "OK"
        self.source_error: Exception | None = None

    def encode(self, message: Message) -> bytes:
        """Return a message's bytes, counted."""
        data = message.SerializeToString()
        self._sent += len(data)
        return data

    async def encode_all(self, messages: AsyncIterable[Message]) -> AsyncIterator[bytes]:
        """Yield the bytes of each message, counted. What the source raises is remembered: gRPC only cancels the call then."""
        try:
            async for message in messages:
                yield self.encode(message)
        except Exception as error:
            self.source_error = error
            raise

    def decode(self, data: bytes) -> Any:
        """Return the message that bytes stand for, counted.

        Raises:
            RpcFailure: INTERNAL, they stand for none.
        """
        from google.protobuf.message import DecodeError

        self._received += len(data)
        try:
            return self._method.response_class().FromString(data)
        except DecodeError as error:
            raise RpcFailure("INTERNAL", f"the answer to {self._method.name} is no {self._method.response_type}") from error

    def record(self) -> CallRecord:
        """Return what is to be told about the call."""
        return CallRecord(self._method.name, self._node, time.monotonic() - self._began, self._code, self._sent, self._received)

    def failed(self, error: BaseException) -> BaseException:
        """Note that the call ended with an exception, and return the one that the caller should see; the same one if it is not gRPC's."""
        import grpc

        self._code = "CANCELLED"
        if self.source_error is not None:
            return self.source_error
        if isinstance(error, asyncio.CancelledError) and not is_cancelled():
            return RpcFailure("CANCELLED", "the transport was closed during the call", acted=self._bridge.may_have_carried(self._mark))
        if isinstance(error, grpc.aio.AioRpcError):
            code, details = error.code().name, error.details() or ""
            if code == "CANCELLED" and time.monotonic() - self._began >= self._timeout - _CLOCK_ERROR:
                code, details = "DEADLINE_EXCEEDED", "Deadline Exceeded"
            self._code = code
            return self._translate(code, details)
        if isinstance(error, RpcFailure):
            self._code = error.code
        return error

    def _translate(self, code: str, details: str) -> RpcFailure | DialError:
        """Return the failure that a status stands for; what gRPC says about the private socket is said about the endpoint instead."""
        endpoint, failure = self._bridge.endpoint, self._bridge.failure
        if not self._bridge.may_have_carried(self._mark):
            if code == "UNAVAILABLE" and failure is not None:
                return again(failure)
            if code == "UNAVAILABLE":
                return RpcFailure(code, f"no connection to {endpoint}", acted=False)
            if code == "DEADLINE_EXCEEDED":
                return RpcFailure(code, f"no connection to {endpoint} within {self._timeout:g} s", acted=False)
        if code == "UNAVAILABLE" and _BROKEN.search(details):
            cause = f" ({self._bridge.loss})" if self._bridge.loss else ""
            return RpcFailure(code, f"connection to {endpoint} lost{cause}")
        if status := _HTTP_STATUS.search(details):
            text = f"{endpoint} answered with HTTP status {status[1]} instead of gRPC: this is not a Talos API, or a proxy answers for it"
            return RpcFailure(code, text)
        return RpcFailure(code, _UNIX.sub(str(endpoint), details))


def is_cancelled() -> bool:
    """Whether it is the running task that was cancelled, and not a call under it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
