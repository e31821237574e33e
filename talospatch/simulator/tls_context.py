"""TLS settings of an endpoint, and the alert that a client is sent when the handshake fails."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from talospatch.simulator.pki import Identity

_FAREWELL = 1.0
_BUFFER = 4096


def server_context(identity: Identity, authority: bytes, directory: Path, *, only_tls_1_3: bool) -> ssl.SSLContext:
    """Return the TLS settings of an apid.

    Args:
        identity: what the server shows.
        authority: PEM of the authority that client certificates must come from.
        directory: a private directory; the key rests there, unencrypted, while OpenSSL reads it.
        only_tls_1_3: since Talos 1.13.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if only_tls_1_3 else ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=authority.decode())
    context.set_alpn_protocols(["h2"])
    context.num_tickets = 0
    context.sslobject_class = _TellingSSLObject
    path = directory / "server.pem"
    path.touch(0o600)
    try:
        path.write_bytes(identity.certificate + identity.openssl_key)
        context.load_cert_chain(path)
    finally:
        path.unlink()
    return context


class _TellingSSLObject(ssl.SSLObject):
    """Keeps the alert that ends a failed handshake."""

    outgoing: ssl.MemoryBIO
    alert = b""

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError:
            self.alert = self.outgoing.read()
            raise


class Handshake:
    """Stands in for the TLS settings of one connection, to get at the alert that ends a failed handshake.

    asyncio closes such a connection without sending what OpenSSL has written last, and the client would never know why it was refused.
    """

    def __init__(self, context: ssl.SSLContext, accepted: socket.socket) -> None:
        self._context = context
        self._second = accepted.dup()
        self._made: _TellingSSLObject | None = None

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, **options: Any) -> ssl.SSLObject:
        """Called by asyncio."""
        made = self._context.wrap_bio(incoming, outgoing, **options)
        assert isinstance(made, _TellingSSLObject)
        made.outgoing, self._made = outgoing, made
        return made

    def succeed(self) -> None:
        """Leave the connection to asyncio."""
        self._second.close()

    async def fail(self) -> None:
        """Send the alert, and close without a reset that could overtake it."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_FAREWELL):
                if self._made is not None:
                    await loop.sock_sendall(self._second, self._made.alert)
                self._second.shutdown(socket.SHUT_WR)
                while await loop.sock_recv(self._second, _BUFFER):
                    pass
        except (OSError, TimeoutError):
            pass  # the client does not listen any more
        finally:
            self._second.close()
