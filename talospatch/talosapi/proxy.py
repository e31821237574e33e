"""Proxies between us and an endpoint: which one, and how to ask it for a tunnel.

As talosctl: the context's ``proxy-url`` wins ("direct" means none at all), else ``HTTPS_PROXY`` and ``NO_PROXY``, in capitals first.
``ALL_PROXY`` is not read, because talosctl does not. A proxy that itself wants TLS (``https://``) is refused.
"""

from __future__ import annotations

import base64
import socket
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from talospatch.errors import TalosconfigError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from talospatch.talosapi.endpoints import Endpoint

_PORTS = {"http": 80, "socks5": 1080}
_FORMS = "write http://HOST:PORT or socks5://HOST:PORT"
_ANSWER_LIMIT = 64 << 10  # asyncio's own for a reader; far more than a proxy's header
# Source: RFC 1928, section 6.
_SOCKS_REPLIES = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "time to live expired",
    7: "command not supported",
    8: "address type not supported",
}


class ProxyRefusal(Exception):
    """The proxy will not give a tunnel; the text says why, without secrets."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy to dial instead of the endpoint.

    Attributes:
        scheme: "http" or "socks5".
        host, port: where it listens.
        username, password: both empty if it wants none.
    """

    scheme: str
    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    async def tunnel(self, endpoint: Endpoint, reader: asyncio.StreamReader, writer: asyncio.Transport) -> None:
        """Ask for a tunnel to ``endpoint`` on a fresh connection to this proxy; return when the next byte belongs to the endpoint.

        Raises:
            ProxyRefusal: it said no, or does not speak the protocol.
        """
        import asyncio

        try:
            if self.scheme == "socks5":
                await self._socks(endpoint, reader, writer)
            else:
                await self._connect(endpoint, reader, writer)
        except asyncio.IncompleteReadError:
            raise ProxyRefusal("it closed the connection") from None
        except asyncio.LimitOverrunError:
            raise ProxyRefusal("it does not answer as an HTTP proxy does") from None

    async def _connect(self, endpoint: Endpoint, reader: asyncio.StreamReader, writer: asyncio.Transport) -> None:
        lines = [f"CONNECT {endpoint} HTTP/1.1", f"Host: {endpoint}", "User-Agent: talospatch"]
        if self.username:
            lines.append("Proxy-Authorization: Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode())
        writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        version, _, status = head.partition("\r\n")[0].partition(" ")
        if not version.startswith("HTTP/1."):
            raise ProxyRefusal("it does not answer as an HTTP proxy does")
        if status[:3] != "200":
            raise ProxyRefusal(f"it answered {status[:80]!r}")

    async def _socks(self, endpoint: Endpoint, reader: asyncio.StreamReader, writer: asyncio.Transport) -> None:
        """RFC 1928; user name and password by RFC 1929."""
        method = 2 if self.username else 0
        writer.write(bytes((5, 1, method)))
        version, chosen = await reader.readexactly(2)
        if version != 5 or chosen != method:
            raise ProxyRefusal("it is no SOCKS5 proxy, or wants another way to log in")
        if method:
            user, password = self.username.encode(), self.password.encode()
            writer.write(bytes((1, len(user))) + user + bytes((len(password),)) + password)
            _, status = await reader.readexactly(2)
            if status:
                raise ProxyRefusal("it refused the user name and password")
        writer.write(bytes((5, 1, 0)) + _socks_address(endpoint.host) + endpoint.port.to_bytes(2, "big"))
        _, reply, _, kind = await reader.readexactly(4)
        if reply:
            raise ProxyRefusal(f"it answered: {_SOCKS_REPLIES.get(reply, f'code {reply}')}")
        length = {1: 4, 4: 16}.get(kind)
        await reader.readexactly((length if length is not None else (await reader.readexactly(1))[0]) + 2)


def choose(proxy_url: str, endpoint: Endpoint, environ: Mapping[str, str], *, source: str = "", path: str = "") -> Proxy | None:
    """Return the proxy through which an endpoint is reached, None for a direct connection.

    Args:
        proxy_url: the context's ``proxy-url``, maybe empty.
        endpoint: where to.
        environ: for ``HTTPS_PROXY`` and ``NO_PROXY``; as in Go, these never apply to loopback addresses.
        source: the file that ``proxy_url`` comes from, for errors.
        path: the context in it.

    Raises:
        TalosconfigError: the proxy is of a kind that we do not speak.
    """
    if proxy_url:
        return None if proxy_url == "direct" else _parse(proxy_url, f"{path}.proxy-url" if path else "proxy-url", source)
    for name in ("HTTPS_PROXY", "https_proxy"):
        if text := environ.get(name):
            if _is_loopback(endpoint.host) or _is_excepted(endpoint, environ.get("NO_PROXY") or environ.get("no_proxy") or ""):
                return None
            return _parse(text, name)
    return None


def _parse(text: str, origin: str, source: str = "") -> Proxy:
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port
    except ValueError:
        raise TalosconfigError("is not a URL", source=source or None, path=origin, hint=_FORMS) from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise TalosconfigError(
            f"a proxy with the scheme {parts.scheme!r} is not supported", source=source or None, path=origin, hint=_FORMS
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if max(len(user.encode()), len(password.encode())) > 255:
        raise TalosconfigError("user name or password is longer than 255 bytes", source=source or None, path=origin)
    return Proxy(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], user, password)


def _socks_address(host: str) -> bytes:
    for family, kind in ((socket.AF_INET, 1), (socket.AF_INET6, 4)):
        try:
            return bytes((kind,)) + socket.inet_pton(family, host)
        except OSError:
            continue
    return bytes((3, len(host))) + host.encode("ascii")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_excepted(endpoint: Endpoint, exceptions: str) -> bool:
    return any(_matches(endpoint, entry.strip().lower()) for entry in exceptions.split(",") if entry.strip())


def _matches(endpoint: Endpoint, entry: str) -> bool:
    """Whether one entry of ``NO_PROXY`` names an endpoint: ``*``, an address, a network, or a domain and what is under it; maybe a port."""
    host = endpoint.host.lower().removesuffix(".")
    if entry == "*":
        return True
    if "/" in entry:
        try:
            return ip_address(host) in ip_network(entry, strict=False)
        except ValueError:
            return False
    name, colon, port = entry.rpartition(":") if entry.count(":") == 1 or "]:" in entry else (entry, "", "")
    if colon and port != str(endpoint.port):
        return False
    name = name.strip("[]").removeprefix("*")
    return host == name or host.endswith(name if name.startswith(".") else f".{name}")
