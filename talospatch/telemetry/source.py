"""Where a telemetry store is and how one logs in to it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from talospatch.errors import InputError

# What logcli reads, so that what works there works here: grafana/loki, pkg/logcli/client.
_ENVIRONMENT = {
    "tenant": "LOKI_ORG_ID",
    "username": "LOKI_USERNAME",
    "password": "LOKI_PASSWORD",
    "token": "LOKI_BEARER_TOKEN",
    "token_file": "LOKI_BEARER_TOKEN_FILE",
    "ca_file": "LOKI_CA_CERT_PATH",
    "certificate_file": "LOKI_CLIENT_CERT_PATH",
    "key_file": "LOKI_CLIENT_KEY_PATH",
}
ADDRESS = "LOKI_ADDR"
_INSECURE = "LOKI_TLS_SKIP_VERIFY"
_LONGEST_SECRET = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A telemetry store.

    Attributes:
        url: its address, without the path of the API: ``https://loki.example:3100``.
        tenant: the ``X-Scope-OrgID`` header, where there are several.
        username, password: for basic authentication.
        token: for a bearer token; or
        token_file: a file that holds it, read for each run.
        ca_file: certificates to trust, as PEM, instead of the system's.
        certificate_file, key_file: our own certificate, where the server wants one.
        timeout: seconds for one request.
    """

    url: str
    tenant: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    token_file: str = ""
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    timeout: float = 60.0

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            usable = False
        if not usable:
            raise InputError(f"{self.url[:200]!r} is not the address of a server", hint="write it as https://loki.example:3100")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise InputError(
                "a server's address holds no credentials and no query here",
                hint=f"set {_ENVIRONMENT['username']} and {_ENVIRONMENT['password']}, or {_ENVIRONMENT['token']}",
            )
        if self.password and not self.username:
            raise InputError("a password without a user name", hint=f"set {_ENVIRONMENT['username']}")
        if self.username and (self.token or self.token_file):
            raise InputError("a user name and a bearer token: a request can have one of them", hint="unset the other")
        if bool(self.certificate_file) != bool(self.key_file):
            raise InputError("a client certificate needs its key, and a key its certificate")

    def headers(self) -> dict[str, str]:
        """Return the headers that each request bears; they hold secrets.

        Raises:
            InputError: the token's file cannot be read, or what would be sent is no header's text.
        """
        from base64 import b64encode

        headers = {"Accept": "application/json"}
        if self.tenant:
            headers["X-Scope-OrgID"] = self.tenant
        if self.username:
            headers["Authorization"] = f"Basic {b64encode(f'{self.username}:{self.password}'.encode()).decode()}"
        elif token := self.token or self._token_from_file():
            headers["Authorization"] = f"Bearer {token}"
        for name, value in headers.items():
            if not value.isascii() or not value.isprintable():
                raise InputError(f"the {name} header would hold a character that no header can")
        return headers

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown."""
        return tuple(filter(None, (self.password, self.token)))

    def _token_from_file(self) -> str:
        if not self.token_file:
            return ""
        try:
            with Path(self.token_file).open("rb") as file:
                return file.read(_LONGEST_SECRET).decode("utf-8").strip()
        except OSError as error:
            raise InputError(error.strerror or "it cannot be read", source=self.token_file) from None
        except UnicodeDecodeError:
            raise InputError("this is no text", source=self.token_file) from None

    def tls(self) -> ssl.SSLContext | None:
        """Return how a server's certificate is checked and ours is shown; None where there is no TLS.

        Raises:
            InputError: a file cannot be used.
        """
        if urlsplit(self.url).scheme != "https":
            return None
        context = ssl.create_default_context()
        try:
            if self.ca_file:
                context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise InputError(_reason(error, "no certificate in it can be used"), source=self.ca_file) from None
        try:
            if self.certificate_file:
                # Without an answer for the password OpenSSL would ask at the terminal.
                context.load_cert_chain(self.certificate_file, self.key_file, password=lambda: b"")
        except (OSError, ssl.SSLError) as error:
            raise InputError(_reason(error, "certificate and key cannot be used together"), source=self.certificate_file) from None
        return context


def _reason(error: OSError, otherwise: str) -> str:
    return otherwise if isinstance(error, ssl.SSLError) or not error.strerror else error.strerror


def from_environment(url: str, environ: Mapping[str, str], **more: str) -> Source:
    """Return a Loki as logcli's variables describe it.

    Args:
        url: its address; ``LOKI_ADDR`` where it is empty.
        environ: the environment.
        more: attributes of a source that count instead of their variables.

    Raises:
        InputError: no address is given, or what is given does not fit together.
    """
    if environ.get(_INSECURE, "").lower() in ("1", "true"):
        raise InputError("certificates are always checked here", source=_INSECURE, hint="name the CA's certificate with LOKI_CA_CERT_PATH")
    address = url or environ.get(ADDRESS, "")
    if not address:
        raise InputError("no Loki was named", hint=f"give its address, or set {ADDRESS}")
    values: dict[str, Any] = {name: environ[variable] for name, variable in _ENVIRONMENT.items() if environ.get(variable)}
    values |= {name: value for name, value in more.items() if value}
    return Source(url=address, **values)
