"""The bridge under gRPC: a private unix socket on one side, OpenSSL's TLS to an endpoint on the other.

Why it exists: gRPC's own TLS cannot verify an Ed25519 certificate, which is what Talos has (docs/explanations/transport.md). gRPC connects
to the socket without TLS; each connection there is joined to one connection to the first endpoint that answers. Bytes are passed on
unread, in the event loop that gRPC's calls run in. A connection costs four descriptors, however many nodes are behind it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import struct
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from talospatch.errors import DialError
from talospatch.talosapi.dial import again, dial, first_to_answer
from talospatch.talosapi.dial_reasons import detail_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    from talospatch.talosapi.endpoints import Endpoint
    from talospatch.talosapi.proxy import Proxy

STAGGER = 2.5  # seconds after which the next endpoint is tried beside one that does not answer
LONGEST_PATH = 100  # bytes; the kernels' limits are 107 (Linux) and 103 (macOS)
_SOCKET_NAME = "s"
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))  # RFC 9113, section 3.4: with empty SETTINGS


class _Relay(asyncio.Protocol):
    """One side of a joined pair."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.peer: _Relay | None = None
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.write(data)

    def pause_writing(self) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.gone.done():
            self.gone.set_result(None)
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.close()  # sends what is buffered first: the tail holds the status of the last calls

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class _Local(_Relay):
    """The side of gRPC.

    What gRPC says before an endpoint is chosen (its preface, 100 bytes or so) is kept: it goes to each candidate that waits for it, and to
    the chosen one.
    """

    def __init__(self, accepted: Callable[[_Local], None]) -> None:
        super().__init__()
        self._accepted = accepted
        self._said: list[bytes] = []
        self._candidates: list[_Remote] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if _is_this_process(transport.get_extra_info("socket")):
            self._accepted(self)
        else:
            self.abort()

    def data_received(self, data: bytes) -> None:
        if self.peer is not None:
            super().data_received(data)
            return
        self._said.append(data)
        for candidate in self._candidates:
            if candidate.transport is not None:
                candidate.transport.write(data)

    def speak_to(self, candidate: _Remote) -> None:
        self._candidates.append(candidate)
        assert candidate.transport is not None
        candidate.transport.writelines(self._said)

    def join(self, remote: _Remote) -> None:
        assert self.transport is not None
        if remote not in self._candidates:
            self.speak_to(remote)
        self.peer, remote.peer = remote, self
        self._said, self._candidates = [], []
        self.transport.writelines(remote.heard)
        remote.heard = []


class _Remote(_Relay):
    """The side of an endpoint. Keeps what it hears until it is joined."""

    def __init__(self, endpoint: Endpoint, local: _Local, lost: Callable[[Endpoint, Exception | None], None]) -> None:
        super().__init__()
        self.endpoint = endpoint
        self.first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.heard: list[bytes] = []
        self._local, self._lost = local, lost

    def speak(self) -> None:
        self._local.speak_to(self)

    def data_received(self, data: bytes) -> None:
        if self.peer is not None:
            super().data_received(data)
            return
        self.heard.append(data)
        if not self.first.done():
            self.first.set_result(data)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if not self.first.done():
            self.first.set_exception(error or ConnectionResetError("closed"))
            self.first.exception()  # seen, even where the dial was given up meanwhile
        if self.peer is not None:
            self._lost(self.endpoint, error)


class Mark(NamedTuple):
    """The state of a bridge at one moment, to tell later whether anything can have passed it since."""

    joined: int
    alive: int


class Bridge:
    """Joins connections of this process to a private socket with TLS connections to the first endpoint that answers.

    Attributes:
        endpoint: the one last joined; where the next dial begins. The first of the list before that.
        failure: why the last dial failed; None after one that did not.
        loss: why the last joined connection ended, in the words of the system; empty for a plain end.
        dials: how many connections to endpoints were attempted.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        tls: ssl.SSLContext,
        *,
        proxy_for: Callable[[Endpoint], Proxy | None] = lambda endpoint: None,
        timeout: float = 10.0,
        stagger: float = STAGGER,
    ) -> None:
        """Prepare a bridge; nothing is opened before :meth:`start`.

        Args:
            endpoints: at least one, in the order in which they are tried.
            tls: our identity and what we trust.
            proxy_for: the proxy for an endpoint, if any.
            timeout: seconds that one endpoint has from TCP to its SETTINGS.
            stagger: seconds after which the next one is tried beside it.
        """
        self._endpoints, self._tls, self._proxy_for, self._timeout, self._stagger = tuple(endpoints), tls, proxy_for, timeout, stagger
        self.endpoint = self._endpoints[0]
        self.failure: DialError | None = None
        self.loss = ""
        self.dials = 0
        self._joined = 0
        self._locals: set[_Local] = set()
        self._remotes: set[_Remote] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._outcomes: set[asyncio.Future[Endpoint]] = set()
        self._server: asyncio.Server | None = None
        self._remove_directory: weakref.finalize[..., Bridge] | None = None

    @property
    def longest_dial(self) -> float:
        """Seconds after which a dial has ended one way or the other."""
        return self._timeout + self._stagger * (len(self._endpoints) - 1)

    @property
    def alive(self) -> int:
        """How many joined connections there are."""
        return sum(1 for remote in self._remotes if remote.peer is not None)

    async def start(self) -> str:
        """Open the socket and return its address as gRPC wants it."""
        directory = private_directory()
        # Also at the end of the interpreter, should close() never be called; but not in a forked child, for it is the parent's.
        self._remove_directory = weakref.finalize(self, _remove, directory, os.getpid())
        path = directory / _SOCKET_NAME
        self._server = await asyncio.get_running_loop().create_unix_server(lambda: _Local(self._accepted), path)
        return "unix:" + quote(str(path))

    async def close(self) -> None:
        """Close every connection and remove the socket. Safe to call twice."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in self._outcomes:
            outcome.cancel()
        relays: list[_Relay] = [*self._locals, *self._remotes]
        for relay in relays:
            relay.abort()
        if relays:
            await asyncio.wait([relay.gone for relay in relays], timeout=1)
        if self._remove_directory is not None:
            self._remove_directory()

    async def probe(self) -> None:
        """Reach an endpoint without gRPC, and let go of it again: what is wrong is then known even where gRPC does nothing.

        Raises:
            DialError: none can be used.
        """
        alone = _Local(lambda _: None)
        alone.data_received(_PREFACE)  # for servers that wait for the client
        remote = await first_to_answer(self._endpoints, lambda endpoint: self._reach(endpoint, alone), _Remote.abort, stagger=self._stagger)
        remote.abort()

    def mark(self) -> Mark:
        """Return the state at this moment, for :meth:`may_have_carried`."""
        return Mark(self._joined, self.alive)

    def may_have_carried(self, since: Mark) -> bool:
        """Whether a call begun at that moment can have reached an endpoint: gRPC sends none before it has seen SETTINGS."""
        return since.alive > 0 or self._joined > since.joined

    def next_outcome(self) -> asyncio.Future[Endpoint]:
        """Return a future of the next dial's end: the endpoint, or :class:`talospatch.errors.DialError`."""
        outcome: asyncio.Future[Endpoint] = asyncio.get_running_loop().create_future()
        self._outcomes.add(outcome)
        outcome.add_done_callback(self._outcomes.discard)
        return outcome

    def _accepted(self, local: _Local) -> None:
        self._locals.add(local)
        local.gone.add_done_callback(lambda _: self._locals.discard(local))
        task = asyncio.ensure_future(self._serve(local))
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._served(task, local))
        local.gone.add_done_callback(lambda _: task.cancel())  # gRPC gave up: so do we; harmless once joined

    def _served(self, task: asyncio.Task[None], local: _Local) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:  # a mistake of ours: it must not look like a silent server
            self._tell(lambda outcome: outcome.set_exception(error))
            local.abort()

    async def _serve(self, local: _Local) -> None:
        start = self._endpoints.index(self.endpoint)
        order = (*self._endpoints[start:], *self._endpoints[:start])
        try:
            remote = await first_to_answer(order, lambda endpoint: self._reach(endpoint, local), _Remote.abort, stagger=self._stagger)
        except DialError as error:
            failure = self.failure = error
            self._tell(lambda outcome: outcome.set_exception(again(failure)))
            local.abort()
            return
        self.endpoint, self.failure, self.loss = remote.endpoint, None, ""
        self._joined += 1
        local.join(remote)
        self._tell(lambda outcome: outcome.set_result(remote.endpoint))
        if local.gone.done() or remote.gone.done():  # between its first bytes and here
            local.abort()
            remote.abort()

    async def _reach(self, endpoint: Endpoint, local: _Local) -> _Remote:
        self.dials += 1
        remote = _Remote(endpoint, local, self._lost)
        self._remotes.add(remote)
        remote.gone.add_done_callback(lambda _: self._remotes.discard(remote))
        try:
            await dial(endpoint, self._tls, remote, proxy=self._proxy_for(endpoint), timeout=self._timeout)
        except BaseException:
            if remote.transport is None:
                self._remotes.discard(remote)  # it never lived, and will not say that it is gone
            raise
        return remote

    def _lost(self, endpoint: Endpoint, error: Exception | None) -> None:
        self.loss = detail_of(error) or str(getattr(error, "strerror", None) or "") if error else ""

    def _tell(self, settle: Callable[[asyncio.Future[Endpoint]], None]) -> None:
        for outcome in [outcome for outcome in self._outcomes if not outcome.done()]:
            settle(outcome)


def private_directory(candidates: Sequence[str] | None = None) -> Path:
    """Make a directory that only this user may enter, with a path short enough for a unix socket in it.

    Args:
        candidates: where to try; by default the directory for temporary files (``TMPDIR``), then the system's.

    Raises:
        OSError: none of them will do.
    """
    last = OSError("no directory with a path short enough for a unix socket")
    for parent in candidates or (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 - mkdtemp makes a directory of our own in it
        if len(os.fsencode(parent)) + len("/tp-XXXXXXXX/") + len(_SOCKET_NAME) > LONGEST_PATH:
            continue
        try:
            return Path(tempfile.mkdtemp(prefix="tp-", dir=parent))  # mode 0700
        except OSError as error:
            last = error
    raise last


def _remove(directory: Path, pid: int) -> None:
    if os.getpid() == pid:
        shutil.rmtree(directory, ignore_errors=True)


def _is_this_process(connection: socket.socket) -> bool:
    """Whether the other end of a unix connection is this process; the directory keeps other users out, this keeps out the user's others."""
    if hasattr(socket, "SO_PEERCRED"):
        pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
        return (pid, uid) == (os.getpid(), os.geteuid())
    local_peerpid = 2  # macOS, sys/un.h; level 0 is SOL_LOCAL
    (pid,) = struct.unpack("i", connection.getsockopt(0, local_peerpid, struct.calcsize("i")))
    return bool(pid == os.getpid())
