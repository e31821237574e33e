"""Making one call: a deadline, bounded retries, and a failure that is always an error of ours."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Self

from talospatch.errors import IncompleteAnswer
from talospatch.talosapi.failures import Meaning, translate
from talospatch.wire.transport import CODES, RpcFailure

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from talospatch.wire.methods import Method
    from talospatch.wire.transport import Transport

FIRST_PAUSE = 0.1  # seconds before the second attempt, doubled each time and spread between half and one and a half of that
LONGEST_PAUSE = 2.0


class Calls:
    """Makes calls through a transport: the part of the client that all groups of methods share.

    Args:
        transport: where calls go.
        secrets: called when a server's text is about to be shown; values to take out of it.
        timeout: seconds for calls that are given none, instead of the method's own deadline.
        attempts: how often a call that may be repeated is sent at most, while its deadline lasts.
        sleep: waits between attempts.
        spread: gives a number from 0 to 1 for the length of each pause, so that many clients do not come back at once.
        clock: seconds from any start, for deadlines; the event loop's when None.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        secrets: Callable[[], Iterable[str]] = tuple,
        timeout: float | None = None,
        attempts: int = 4,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        spread: Callable[[], float] = random.random,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._transport, self._secrets, self._timeout, self._attempts = transport, secrets, timeout, attempts
        self._sleep, self._spread, self._clock = sleep, spread, clock

    async def close(self) -> None:
        """Release the transport. Safe to call twice."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        await self.close()

    async def _unary(
        self,
        method: Method,
        node: str,
        request: Message,
        timeout: float | None,
        *,
        safe: bool | None = None,
        secrets: Callable[[], Iterable[str]] = tuple,
    ) -> Any:
        """Send one message and return one; ``safe`` says, against the table, whether sending again is safe."""

        async def attempt(left: float) -> Any:
            return await self._transport.unary(method, node, request, left)

        return await self._attempt(method, node, timeout, attempt, safe=method.retry_safe if safe is None else safe, secrets=secrets)

    async def _client_stream(self, method: Method, node: str, requests: Callable[[], AsyncIterable[Message]], timeout: float | None) -> Any:
        """Send a stream, made anew for each attempt, and return one message."""

        async def attempt(left: float) -> Any:
            return await self._transport.client_stream(method, node, requests(), left)

        return await self._attempt(method, node, timeout, attempt, safe=method.retry_safe, secrets=tuple)

    async def _stream(
        self,
        method: Method,
        node: str,
        requests: Message | AsyncIterable[Message],
        timeout: float | None,
        *,
        keep: Callable[[RpcFailure], bool] = lambda _failure: False,
    ) -> AsyncGenerator[Any, None]:
        """Yield what comes. Only a call of which nothing has come yet is made again; a failure that ``keep`` wants just ends it."""
        deadline = self._deadline(method, timeout)
        tries = 0
        while True:
            tries += 1
            anything, failure = False, None
            messages = self._transport.stream(method, node, requests, deadline.left())
            try:
                async for message in messages:
                    anything = True
                    yield message
            except RpcFailure as status:
                failure = status
            finally:
                with contextlib.suppress(RpcFailure):
                    await _close(messages)
            if failure is None or keep(failure):
                return
            meaning = self._meaning(failure, node, method, deadline.seconds)
            if anything or not await self._again(meaning, tries, deadline, safe=method.retry_safe):
                raise meaning.error

    async def _attempt(
        self,
        method: Method,
        node: str,
        timeout: float | None,
        attempt: Callable[[float], Awaitable[Any]],
        *,
        safe: bool,
        secrets: Callable[[], Iterable[str]],
    ) -> Any:
        deadline = self._deadline(method, timeout)
        tries = 0
        while True:
            tries += 1
            try:
                return await attempt(deadline.left())
            except RpcFailure as status:
                failure = status
            # Outside of the handler, so that no traceback shows the status and its raw text as the context.
            meaning = self._meaning(failure, node, method, deadline.seconds, secrets)
            if not await self._again(meaning, tries, deadline, safe=safe):
                raise meaning.error

    async def _again(self, meaning: Meaning, tries: int, deadline: _Deadline, *, safe: bool) -> bool:
        """Wait and return True when the call is to be made again."""
        pause = min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE) * (0.5 + self._spread())
        if not (safe and meaning.passing and tries < self._attempts and deadline.left() > pause):
            return False
        await self._sleep(pause)
        return True

    def _meaning(
        self, failure: RpcFailure, node: str, method: Method, timeout: float, secrets: Callable[[], Iterable[str]] = tuple
    ) -> Meaning:
        return translate(failure, node=node, method=method, timeout=timeout, secrets=(*self._secrets(), *secrets()))

    def _deadline(self, method: Method, timeout: float | None) -> _Deadline:
        given = self._timeout if timeout is None else timeout
        return _Deadline(self, method.deadline if given is None else given)

    def _now(self) -> float:
        return asyncio.get_running_loop().time() if self._clock is None else self._clock()


class _Deadline:
    """When a call, with all its attempts, has to be over."""

    def __init__(self, calls: Calls, seconds: float) -> None:
        self.seconds = seconds
        self._now = calls._now  # noqa: SLF001 - the two are one
        self._end = self._now() + seconds

    def left(self) -> float:
        """Seconds left; never less than a millisecond, so that a call which is too late still fails as one."""
        return max(self._end - self._now(), 0.001)


def only(answer: Any, *, node: str, method: Method) -> Any:
    """Return the one message of a MachineService reply.

    Raises:
        NodeError: it holds a node's failure instead, as a proxy puts it there.
        IncompleteAnswer: it holds none, or several.
    """
    if len(answer.messages) != 1:
        text = f"one answer was expected, {len(answer.messages)} came"
        raise IncompleteAnswer(node or "endpoint", method.name, "OK", text)
    message = answer.messages[0]
    check_in_band(message, node=node, method=method)
    return message


def check_in_band(message: Any, *, node: str, method: Method, secrets: Iterable[str] = ()) -> None:
    """Raise the failure that a message carries in its metadata.

    Raises:
        NodeError: there is one.
    """
    if message.HasField("metadata") and (failure := in_band_failure(message.metadata)) is not None:
        raise translate(failure, node=node, method=method, timeout=method.deadline, secrets=secrets).error


def in_band_failure(metadata: Any) -> RpcFailure | None:
    """Return the failure a message's metadata tells of: Copy up to 1.13 ends so, and a proxying endpoint answers so."""
    if not (metadata.error or metadata.status.code):
        return None
    code = metadata.status.code or CODES.index("UNKNOWN")
    return RpcFailure(CODES[code] if 0 <= code < len(CODES) else "UNKNOWN", metadata.status.message or metadata.error)


async def _close(messages: Any) -> None:
    close = getattr(messages, "aclose", None)
    if close is not None:
        await close()
