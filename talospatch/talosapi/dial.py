"""Reaching an endpoint: TCP, maybe a proxy, TLS, and the server's first HTTP/2 bytes; and one sentence for each way in which that fails.

A connection counts only when the server has sent its SETTINGS: in TLS 1.3 a server refuses our certificate after our side of the
handshake is done, so that success before that says nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from talospatch.errors import DialError
from talospatch.talosapi.dial_reasons import REASONS, detail_of, reason_of
from talospatch.talosapi.proxy import ProxyRefusal

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Sequence

    from talospatch.talosapi.endpoints import Endpoint
    from talospatch.talosapi.proxy import Proxy

__all__ = ["REASONS", "again", "combined", "dial", "first_to_answer", "keep_alive"]

_T = TypeVar("_T")


_LENGTH_BYTES, _FRAME_HEADER = 3, 9  # RFC 9113, section 4.1
_SETTINGS_HEAD = bytes((4, 0, 0, 0, 0, 0))  # type, no flags, stream 0


# How long we let the server speak first, in seconds. Talos does, with its SETTINGS or with an alert about our certificate; if we wrote
# before, its reset could overtake the alert. Some proxies wait for the client instead.
PATIENCE = 0.5


class Receiver(Protocol):
    """The protocol object that takes over a connection once TLS stands; its ``first`` gets the server's first bytes or its error."""

    first: asyncio.Future[bytes]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called once, when TLS stands."""

    def speak(self) -> None:
        """Called once, if the server waits for the client: say what there is to say, and pass on what comes."""


async def dial(endpoint: Endpoint, tls: ssl.SSLContext, receiver: Receiver, *, proxy: Proxy | None, timeout: float) -> None:
    """Connect to an endpoint and wait for its SETTINGS.

    Args:
        endpoint: where to.
        tls: our identity and what we trust.
        receiver: an :class:`asyncio.Protocol`.
        proxy: the proxy to go through.
        timeout: seconds for all of it.

    Raises:
        DialError: with one of :data:`REASONS`. Nothing is left open then.
    """
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport: asyncio.Transport | None = None
    at_timeout = "dns-timeout"
    try:
        async with asyncio.timeout(timeout):
            host, port = (proxy.host, proxy.port) if proxy else (endpoint.host, endpoint.port)
            # Once more than needed, so that a silent DNS is told from a silent host.
            addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            # Only where there is a choice: asyncio's race of addresses can lose an open socket when it is cancelled. uvloop has none.
            race = len(addresses) > 1 and isinstance(loop, asyncio.BaseEventLoop)
            eyeballs: dict[str, Any] = {"happy_eyeballs_delay": 0.25} if race else {}
            at_timeout = "proxy-unreachable" if proxy else "timeout"
            transport, _ = await loop.create_connection(lambda: asyncio.StreamReaderProtocol(reader), host, port, **eyeballs)
            keep_alive(transport.get_extra_info("socket"))
            if proxy:
                at_timeout = "proxy"
                await proxy.tunnel(endpoint, reader, transport)
            at_timeout = "tls-timeout"
            secured = await loop.start_tls(
                transport,
                receiver,  # type: ignore[arg-type]  # it is a protocol, and typeshed asks for the base class
                tls,
                server_hostname=endpoint.server_name,
                ssl_handshake_timeout=timeout + 1,  # ours comes first, and says more
                ssl_shutdown_timeout=2,
            )
            assert secured is not None
            transport = secured
            at_timeout = "silent"
            receiver.connection_made(transport)
            await asyncio.wait([receiver.first], timeout=PATIENCE)
            if not receiver.first.done():
                receiver.speak()
            opening = await receiver.first
        _check_opening(opening)
    except BaseException as error:
        if transport is not None:
            transport.abort()
        if isinstance(error, TimeoutError) and error.errno is None:
            raise _error(endpoint, at_timeout, proxy, seconds=timeout) from None
        if isinstance(error, _NotHttp2):
            raise _error(endpoint, error.reason, proxy) from None
        if isinstance(error, ProxyRefusal):
            raise _error(endpoint, "proxy", proxy, detail=str(error)) from None
        if isinstance(error, OSError | UnicodeError):
            to_proxy = proxy is not None and at_timeout in ("dns-timeout", "proxy-unreachable")
            raise _error(endpoint, "proxy-unreachable" if to_proxy else reason_of(error), proxy, detail=detail_of(error)) from error
        raise


async def first_to_answer(
    endpoints: Sequence[Endpoint], attempt: Callable[[Endpoint], Awaitable[_T]], discard: Callable[[_T], None], *, stagger: float
) -> _T:
    """Return what the first successful attempt gave.

    Endpoints are tried in order. The next one starts when the last has failed, or has not answered for ``stagger`` seconds: one black hole
    costs so long, not its whole timeout. What comes too late is handed to ``discard``.

    Raises:
        DialError: all attempts failed.
    """
    waiting = list(endpoints)
    running: dict[asyncio.Future[_T], Endpoint] = {}
    failed: dict[Endpoint, DialError] = {}
    winner: asyncio.Future[_T] | None = None
    try:
        while winner is None and (waiting or running):
            if waiting:
                endpoint = waiting.pop(0)
                running[asyncio.ensure_future(attempt(endpoint))] = endpoint
            done, _ = await asyncio.wait(running, timeout=stagger if waiting else None, return_when=asyncio.FIRST_COMPLETED)
            for future in done:
                try:
                    future.result()
                except DialError as error:
                    failed[running.pop(future)] = error
                else:
                    winner = winner or future
        if winner is not None:
            return winner.result()
        raise combined([failed[endpoint] for endpoint in endpoints])
    finally:
        losers = [future for future in running if future is not winner]
        for future in losers:
            future.cancel()
        for result in await asyncio.gather(*losers, return_exceptions=True):
            if not isinstance(result, BaseException):
                discard(result)


def combined(errors: Sequence[DialError]) -> DialError:
    """Return one error for several endpoints; its reason is theirs where they agree, else "several"."""
    if len(errors) == 1:
        return errors[0]
    reasons = {error.reason for error in errors}
    reason = reasons.pop() if len(reasons) == 1 else "several"
    listed = "; ".join(str(error) for error in errors)
    return DialError(", ".join(error.endpoint for error in errors), reason, f"{REASONS['several'].sentence}: {listed}")


def again(error: DialError) -> DialError:
    """Return the same error anew: one raised in several tasks would collect all their tracebacks."""
    return DialError(error.endpoint, error.reason, str(error).removeprefix(f"{error.endpoint}: "))


def keep_alive(connection: socket.socket) -> None:
    """Let the kernel notice a dead peer within about 30 s: apid punishes gRPC's own pings, and never sees these."""
    options = (
        (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
        (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 15),
        (socket.IPPROTO_TCP, "TCP_KEEPALIVE", 15),  # what macOS calls TCP_KEEPIDLE
        (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 5),
        (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
        (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 30_000),
        (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
    )
    for level, name, value in options:
        if hasattr(socket, name):
            with contextlib.suppress(OSError):  # a kernel that lacks one still connects
                connection.setsockopt(level, getattr(socket, name), value)


class _NotHttp2(Exception):
    def __init__(self, reason: str) -> None:
        self.reason = reason


def _check_opening(data: bytes) -> None:
    """Raise unless the server's first bytes begin a SETTINGS frame on stream 0 (RFC 9113, section 3.4)."""
    if data.startswith(b"HTTP/1"):
        raise _NotHttp2("http1")
    head = data[_LENGTH_BYTES:_FRAME_HEADER]
    if head != _SETTINGS_HEAD[: len(head)]:
        raise _NotHttp2("not-http2")


def _error(endpoint: Endpoint, reason: str, proxy: Proxy | None, *, seconds: float = 0.0, detail: str = "") -> DialError:
    row = REASONS[reason]
    sentence = row.sentence.format(host=endpoint.host, proxy=proxy or "", seconds=seconds)
    return DialError(str(endpoint), reason, f"{sentence}{f' ({detail})' if detail else ''}; {row.hint}")
