"""Requests to a telemetry store, bounded in time and size, with every way to fail turned into one error."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from talospatch.errors import TelemetryError
from talospatch.redaction import redact

if TYPE_CHECKING:
    import httpx2

    from talospatch.telemetry.source import Source

LARGEST_ANSWER = 64 << 20  # bytes, unpacked
_LONGEST_TEXT = 300


class JsonClient:
    """A client that gets JSON. A context manager; belongs to one event loop.

    Args:
        source: where and how.

    Raises:
        InputError: a file that the source names cannot be used.
        TelemetryError: the HTTP library is not installed.
    """

    def __init__(self, source: Source) -> None:
        httpx = _library(source.url)
        self._source = source
        headers, tls = source.headers(), source.tls()
        timeout = httpx.Timeout(source.timeout)
        # Redirects are not followed: our credentials are for the server that was named.
        self._client: httpx2.AsyncClient = httpx.AsyncClient(
            headers=headers, verify=tls if tls is not None else True, timeout=timeout, follow_redirects=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._client.aclose()

    async def get(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Return the object that a path answers with.

        Args:
            path: of the API, below the source's address.
            parameters: of the query.

        Raises:
            TelemetryError: there was no answer, an error, or something that is no JSON object.
        """
        import httpx2

        url = f"{self._source.url.rstrip('/')}{path}"
        try:
            async with self._client.stream("GET", url, params=dict(parameters)) as answer:
                data = bytearray()
                async for piece in answer.aiter_bytes():
                    data += piece
                    if len(data) > LARGEST_ANSWER:
                        raise self._error(answer.status_code, f"its answer is larger than {LARGEST_ANSWER >> 20} MiB")
                status = answer.status_code
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise self._error(0, _why(error)) from None
        if status != 200:
            raise self._error(status, _said(status, bytes(data)))
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self._error(status, "what it answered is no JSON object: is this the address of its API?")
        return found

    def _error(self, status: int, text: str) -> TelemetryError:
        return TelemetryError(self._source.url, status, redact(text, secrets=self._source.secrets, limit=_LONGEST_TEXT))


def _library(url: str) -> Any:
    try:
        import httpx2
    except ImportError:
        raise TelemetryError(url, 0, "reading it needs an HTTP library; install it with: pip install 'talospatch[telemetry]'") from None
    return httpx2


def _why(error: Exception) -> str:
    """Return why there was no answer, in our words where the library's say little."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({cause.verify_message}): name its CA's certificate with LOKI_CA_CERT_PATH"
        if isinstance(cause, ssl.SSLError):
            return f"no TLS connection: {cause.reason or cause}"
        cause = cause.__cause__ or cause.__context__
    name = type(error).__name__
    if "Timeout" in name:
        return "it did not answer in time"
    return str(error) or name


def _said(status: int, data: bytes) -> str:
    """Return what a server said about a failure: plain text from Loki, JSON from what stands before it."""
    text = " ".join(data[:4096].decode("utf-8", "replace").split())
    if status in (301, 302, 303, 307, 308):
        return "it sends us elsewhere: give the address of the API itself"
    if status == 401:
        return f"it wants us to log in: set LOKI_USERNAME and LOKI_PASSWORD, or LOKI_BEARER_TOKEN; it says: {text}"
    if status == 403:
        return f"it does not let us read: {text}"
    return text or "it gave no reason"
