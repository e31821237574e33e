"""A transport that answers as a test tells it to, and notes what it was asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from talospatch.wire.transport import RpcFailure

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from talospatch.wire.methods import Method


@dataclass
class Asked:
    """One call as it reached the transport."""

    method: Method
    node: str
    requests: list[Any]
    timeout: float


@dataclass
class Scripted:
    """Each call takes the next script: messages in order, ended by a failure or by OK. The last script serves all further calls."""

    scripts: list[list[Any]]
    asked: list[Asked] = field(default_factory=list)
    closed: int = 0
    cut: int = 0  # streams that the client closed before their end
    hold: Callable[[], Any] | None = None

    def _script(self) -> list[Any]:
        return self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]

    async def unary(self, method: Method, node: str, request: Message, timeout: float) -> Any:
        self.asked.append(Asked(method, node, [request], timeout))
        for answer in self._script():
            if isinstance(answer, Exception):
                raise answer
            return answer
        raise AssertionError("a unary call needs an answer")

    async def client_stream(self, method: Method, node: str, requests: AsyncIterable[Message], timeout: float) -> Any:
        sent = [request async for request in requests]
        self.asked.append(Asked(method, node, sent, timeout))
        for answer in self._script():
            if isinstance(answer, Exception):
                raise answer
            return answer
        raise AssertionError("a unary call needs an answer")

    async def stream(
        self, method: Method, node: str, requests: Message | AsyncIterable[Message], timeout: float
    ) -> AsyncGenerator[Any, None]:
        sent = [request async for request in requests] if isinstance(requests, AsyncIterable) else [requests]
        self.asked.append(Asked(method, node, sent, timeout))
        whole = False
        try:
            for answer in self._script():
                if isinstance(answer, Exception):
                    whole = True
                    raise answer
                yield answer
            whole = True
        finally:
            self.cut += not whole

    async def close(self) -> None:
        self.closed += 1


def failing(code: str, details: str, *, after: Iterable[Any] = ()) -> list[Any]:
    """Return a script that ends with a status."""
    return [*after, RpcFailure(code, details)]


class Clock:
    """Seconds that pass only by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds
