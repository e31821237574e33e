"""Passes bytes between two connections, in both directions, as fast as the slower side takes them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_BUFFER = 64 * 1024

_FRAME_HEADER = 9  # bytes: the length of the payload in the first three (RFC 9113, section 4.1)
_HEADER_BLOCKS, _END_HEADERS = (1, 5, 9), 4  # frame types and the flag: nothing may stand between a block's parts (section 4.3)

# Length 8, type GOAWAY, no flags, stream 0; the highest stream there can be, no error: what a server says that still answers everything
# on this connection (RFC 9113, section 6.8). Talos's gRPC server begins so when it stops gracefully.
_GOAWAY = bytes.fromhex("000008 07 00 00000000 7fffffff 00000000")


def scratch() -> memoryview:
    """Return a buffer to read into. One is enough for all sides of an event loop."""
    return memoryview(bytearray(_BUFFER))


class Side(asyncio.BufferedProtocol):
    """One side of a relay; gives what it reads to the other.

    ``scratch`` may be shared by all sides of one event loop, because what comes is copied out of it at once. It has to be a memoryview:
    over TLS, asyncio silently loses what is read into a bytearray.
    """

    __slots__ = ("_early", "_held", "_rate", "_scratch", "ended", "lost", "other", "transport")

    def __init__(self, scratch: memoryview, rate: int = 0) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: Side | None = None
        self.ended: Callable[[], None] | None = None
        self.lost = False
        self._rate = rate
        self._held = False
        self._early: list[bytes] = []
        self._scratch = scratch

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio once the connection, and TLS, are up."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        """Called by asyncio before it reads."""
        return self._scratch[: max(1, min(_BUFFER, self._rate // 20))] if self._rate else self._scratch

    def buffer_updated(self, nbytes: int) -> None:
        """Called by asyncio after it has read."""
        data = bytes(self._scratch[:nbytes])
        if self.other is None:
            self._early.append(data)
            return
        self._write(data)
        if self._rate and self.transport is not None:
            self.transport.pause_reading()
            asyncio.get_running_loop().call_later(nbytes / self._rate, self._resume)

    def join(self, other: Side) -> None:
        """Pass everything on to ``other`` from now on, what came before included."""
        self.other = other
        for data in self._early:
            self._write(data)
        self._early.clear()

    def pause_writing(self) -> None:
        """Called by asyncio when this side takes no more."""
        if self.other is not None:
            self.other.hold()

    def resume_writing(self) -> None:
        """Called by asyncio when this side takes more again."""
        if self.other is not None:
            self.other.go_on()

    def hold(self) -> None:
        """Read nothing until told to go on: the other side cannot write as fast as we read."""
        self._held = True
        if self.transport is not None:
            self.transport.pause_reading()

    def go_on(self) -> None:
        """Read again."""
        self._held = False
        self._resume()

    def eof_received(self) -> bool:
        """Called by asyncio when the peer has ended; False closes this side."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio at the end."""
        self.lost = True
        if self.ended is not None:
            self.ended()

    def _write(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None and not self.other.transport.is_closing():
            self.other.transport.write(data)

    def _resume(self) -> None:
        if self.transport is not None and not self._held and not self.transport.is_closing():
            self.transport.resume_reading()


class ServerSide(Side):
    """The side of the gRPC server. Knows where its HTTP/2 frames end, so that a frame of our own can be said between two of them.

    The server is not stopped for it: gRPC's Python server refuses what reaches it between its stop and the client's hearing of that,
    which Talos's does not.
    """

    __slots__ = ("_header", "_leaving", "_left")

    def __init__(self, scratch: memoryview, rate: int = 0) -> None:
        super().__init__(scratch, rate)
        self._left = 0  # bytes of the present frame that have not passed
        self._header = b""
        self._leaving = False

    def go_away(self) -> None:
        """Ask the client to connect again, as soon as the present frame has passed."""
        if self._left or self._header or self.other is None:
            self._leaving = True
        else:
            super()._write(_GOAWAY)

    def _write(self, data: bytes) -> None:
        end = self._follow(data)
        if self._leaving and end is not None:
            self._leaving = False
            data = data[:end] + _GOAWAY + data[end:]
        super()._write(data)

    def _follow(self, data: bytes) -> int | None:
        """Take note of the frames in ``data``, and return where the first of them ends, or None."""
        first, at = None, 0
        while at < len(data):
            if len(self._header) < _FRAME_HEADER:
                passed = min(_FRAME_HEADER - len(self._header), len(data) - at)
                self._header += data[at : at + passed]
                self._left = int.from_bytes(self._header[:3]) if len(self._header) == _FRAME_HEADER else 0
            else:
                passed = min(self._left, len(data) - at)
                self._left -= passed
            at += passed
            if len(self._header) == _FRAME_HEADER and not self._left:
                whole = self._header[3] not in _HEADER_BLOCKS or self._header[4] & _END_HEADERS
                self._header = b""
                first = at if first is None and whole else first
        return first
