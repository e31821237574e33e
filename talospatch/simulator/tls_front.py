"""The TLS side of an endpoint: accepts connections, reads the client's roles from its certificate, and passes the bytes on.

gRPC's own TLS library does not speak Ed25519, so the gRPC server listens on a unix socket and OpenSSL stands in front of it. Our side of
each unix connection is bound to a name of its own; the gRPC server sees that name as the peer, and so knows whose roles a call has.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from talospatch.simulator.held_port import HeldPort
from talospatch.simulator.network_faults import FaultKind
from talospatch.simulator.pki import roles_of
from talospatch.simulator.relay import ServerSide, Side, scratch
from talospatch.simulator.tls_context import Handshake

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talospatch.simulator.network_faults import Fault, NetworkFaults

_BACKLOG = 512
_HANDSHAKE_TIME = 20.0

# Each wants a certificate of its own: the fault is in what the endpoint shows.
CERTIFICATE_FAULTS = (FaultKind.EXPIRED_CERTIFICATE, FaultKind.FUTURE_CERTIFICATE, FaultKind.WRONG_NAME, FaultKind.OTHER_AUTHORITY)


@dataclass(slots=True)
class _Connection:
    """A client's connection while it lives."""

    roles: tuple[str, ...]
    outer: Side
    inner: ServerSide

    def close(self) -> None:
        """Send what is still buffered, then close. Aborting would lose trailers and GOAWAY."""
        for side in (self.outer, self.inner):
            if side.transport is not None:
                side.transport.close()

    def abort(self) -> None:
        """Close without sending what is still buffered."""
        for side in (self.outer, self.inner):
            if side.transport is not None:
                side.transport.abort()


@dataclass(slots=True)
class TlsFront:
    """Listens for one endpoint.

    Attributes:
        endpoint: name of the node.
        host: address to listen on.
        port: 0 until :meth:`open` has chosen one, and then the same for good.
        contexts: TLS settings by the fault they show, None for the honest ones; made when first needed.
        directory: private, for the names of unix sockets.
        target: where the gRPC server listens.
        faults: which strike connections.
    """

    endpoint: str
    host: str
    port: int
    contexts: Callable[[FaultKind | None], ssl.SSLContext]
    directory: Path
    target: Path
    faults: NetworkFaults
    accepted: int = 0
    _port: HeldPort | None = None
    _listener: socket.socket | None = None
    _accepting: asyncio.Task[None] | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _silent: set[socket.socket] = field(default_factory=set)
    _connections: dict[str, _Connection] = field(default_factory=dict)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _scratch: memoryview = field(default_factory=scratch)

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._listener is not None

    def __post_init__(self) -> None:
        self._idle.set()

    def open(self) -> None:
        """Start to listen. Whoever dialled in vain before gets through now."""
        if self._listener is not None:
            return
        if self._port is None:
            self._port = HeldPort(self.host, self.port)
            self.port = self._port.number
        self._listener = self._port.listen(_BACKLOG)
        self._accepting = asyncio.get_running_loop().create_task(self._accept(self._listener))

    def close(self) -> None:
        """Stop to listen and drop every connection: the node is gone."""
        if self._accepting is not None:
            self._accepting.cancel()
            self._accepting = None
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self.drop_connections()

    def drop_connections(self) -> None:
        """Break every connection, without a word."""
        for task in self._tasks:
            task.cancel()
        for connection in list(self._connections.values()):
            connection.abort()
        for silent in self._silent:
            silent.close()
        self._silent.clear()

    async def shut_down(self) -> None:
        """Close for good, and wait until nothing of it runs any more."""
        waiting = [*self._tasks, *([self._accepting] if self._accepting else [])]
        self.close()
        if self._port is not None:
            self._port.release()
            self._port = None
        await asyncio.gather(*waiting, return_exceptions=True)
        await self._idle.wait()

    def roles(self, peer: str) -> tuple[str, ...]:
        """Return the roles of the connection that gRPC calls ``peer``; none if it is gone."""
        connection = self._connections.get(peer.rpartition("/")[2])
        return connection.roles if connection else ()

    def abort(self, peer: str) -> None:
        """Break the connection that gRPC calls ``peer``."""
        if connection := self._connections.get(peer.rpartition("/")[2]):
            connection.abort()

    def go_away(self) -> None:
        """Ask every client to connect again; what they have asked already is answered where they asked it."""
        for connection in self._connections.values():
            connection.inner.go_away()

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = await loop.sock_accept(listener)
            except OSError:  # the client was gone before we came to it, or we are out of descriptors
                await asyncio.sleep(0.01)
                continue
            self.accepted += 1
            faults = self.faults.on_connection(self.endpoint)
            if FaultKind.BLACK_HOLE in faults:
                self._silent.add(accepted)
            elif FaultKind.RESET_ON_ACCEPT in faults:
                _reset(accepted)
            else:
                task = loop.create_task(self._serve(accepted, f"c{self.accepted}", faults))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _serve(self, accepted: socket.socket, name: str, faults: Mapping[FaultKind, Fault]) -> None:
        """Shake hands, and join the client to the gRPC server. Whatever fails on the way only ends this connection."""
        loop = asyncio.get_running_loop()
        context = self.contexts(next((kind for kind in CERTIFICATE_FAULTS if kind in faults), None))
        outer = Side(self._scratch, _rate(faults, FaultKind.SLOW_READER))
        inner = ServerSide(self._scratch, _rate(faults, FaultKind.SLOW_WRITER))
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        handshake = Handshake(context, accepted)
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: outer, accepted, ssl=cast(ssl.SSLContext, handshake), ssl_handshake_timeout=_HANDSHAKE_TIME
            )
            handshake.succeed()
        except OSError:  # ssl.SSLError is one
            accepted.close()
            await handshake.fail()
            return
        except BaseException:
            accepted.close()
            handshake.succeed()
            raise
        try:
            certificate = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
            roles = roles_of(certificate) if certificate else None
            if roles is None:
                transport.abort()
                return
            await self._join_server(inner, name)
        except OSError:  # the gRPC server is gone already
            transport.abort()
            return
        except BaseException:
            transport.abort()
            raise
        self._connections[name] = _Connection(roles, outer, inner)
        self._idle.clear()
        outer.ended = inner.ended = lambda: self._forget(name)
        outer.join(inner)
        inner.join(outer)
        self._forget(name)

    async def _join_server(self, inner: ServerSide, name: str) -> None:
        """Connect to the gRPC server from a socket that is called ``name``."""
        loop = asyncio.get_running_loop()
        path = self.directory / name
        connecting = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connecting.setblocking(False)
            connecting.bind(str(path))
            path.unlink()  # the socket keeps the name
            await loop.sock_connect(connecting, str(self.target))
            await loop.create_unix_connection(lambda: inner, sock=connecting)
        except BaseException:
            connecting.close()
            raise

    def _forget(self, name: str) -> None:
        """Close what is left of a connection that has lost a side; drop its entry when it has lost both."""
        connection = self._connections.get(name)
        if connection is None:
            return
        if connection.outer.lost and connection.inner.lost:
            del self._connections[name]
            if not self._connections:
                self._idle.set()
        elif connection.outer.lost or connection.inner.lost:
            connection.close()


def _rate(faults: Mapping[FaultKind, Fault], kind: FaultKind) -> int:
    return faults[kind].rate if kind in faults else 0


def _reset(accepted: socket.socket) -> None:
    """Close with a RST instead of a FIN."""
    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    accepted.close()
