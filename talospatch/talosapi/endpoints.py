"""Endpoints as a user writes them, and as they are dialled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from talospatch.errors import TalosconfigError
from talospatch.redaction import redact

APID_PORT = 50000
HTTPS_PORT = 443
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\.?")
_FORMS = "write HOST, HOST:PORT, IPV6, [IPV6]:PORT or https://HOST[:PORT]"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to dial.

    Attributes:
        host: a DNS name or an IP address, without brackets; an IPv6 address may carry a zone ("fe80::1%eth0").
        port: TCP port.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def server_name(self) -> str:
        """The name that the server's certificate has to carry: no zone, no final dot (some servers refuse it)."""
        return self.host.partition("%")[0].removesuffix(".")


def parse(text: str, *, source: str | None = None, path: str | None = None) -> Endpoint:
    """Return the endpoint that a text names, as talosctl understands it.

    A text without a port means port 50000; ``https://HOST`` means port 443, because that is how a proxy in front of Talos is written.

    Raises:
        TalosconfigError: it is no endpoint.
    """
    host, port = _split(text.strip())
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if not _is_host(host):
        raise _error(text, "has no host name or IP address", source, path)
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) < 65536):
        raise _error(text, "has no port between 1 and 65535", source, path)
    return Endpoint(host, int(port))


def _split(text: str) -> tuple[str, str]:
    """Return host and port as text; the host may still have its brackets."""
    if "://" in text:
        try:
            parts = urlsplit(text)
            given = parts.port
        except ValueError:
            return "", ""
        default = HTTPS_PORT if parts.scheme == "https" else APID_PORT
        return parts.hostname or "", str(default if given is None else given)
    if text.count(":") > 1 and not text.startswith("["):
        return text, str(APID_PORT)
    host, bracket, rest = text.rpartition("]")
    if bracket:
        return host + bracket, rest.removeprefix(":") if rest else str(APID_PORT)
    host, colon, port = text.partition(":")
    return host, port if colon else str(APID_PORT)


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            return isinstance(ip_address(host), IPv6Address)
        except ValueError:
            return False
    return _NAME.fullmatch(host) is not None and ".." not in host


def _error(text: str, problem: str, source: str | None, path: str | None) -> TalosconfigError:
    return TalosconfigError(f"the endpoint {redact(text, limit=100)!r} {problem}", source=source, path=path, hint=_FORMS)
