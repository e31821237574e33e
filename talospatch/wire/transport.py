"""The seam behind which calls are made, and how a call fails there.

Two things stand behind it: gRPC over TLS (:mod:`talospatch.talosapi`), and a simulated cluster in memory for exhaustive tests. Both raise
:class:`RpcFailure`; giving it a meaning is the client's work.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from talospatch.wire.methods import Method

# gRPC status codes by number (grpc/status.proto).
CODES = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)


class RpcFailure(Exception):
    """A call ended with a status other than OK.

    Attributes:
        code: one of :data:`CODES`.
        details: the server's text, not redacted.
        acted: False when the request surely never reached the node, so that sending it again is safe; True when it may have.
    """

    def __init__(self, code: str, details: str, *, acted: bool = True) -> None:
        self.code, self.details, self.acted = code, details, acted
        super().__init__(f"{code}: {details}")


class Transport(Protocol):
    """Makes calls to one node each.

    ``node`` goes into the metadata key ``node``; the empty string sends none, so that the endpoint itself answers. ``timeout`` is in
    seconds and covers the whole call, streams included. Every method raises :class:`RpcFailure`, and
    :class:`talospatch.errors.DialError` where no connection could be made.
    """

    async def unary(self, method: Method, node: str, request: Message, timeout: float) -> Any:
        """Send one message, return one."""

    def stream(self, method: Method, node: str, requests: Message | AsyncIterable[Message], timeout: float) -> AsyncIterator[Any]:
        """Send one message or a stream of them, yield what comes. Closing the iterator cancels the call."""

    async def client_stream(self, method: Method, node: str, requests: AsyncIterable[Message], timeout: float) -> Any:
        """Send a stream, return one message."""

    async def close(self) -> None:
        """Release every connection, task and file. Safe to call twice."""
