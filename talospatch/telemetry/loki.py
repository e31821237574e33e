"""Loki: lines of logs, found by LogQL, page by page.

Source: Loki's HTTP API, ``GET /loki/api/v1/query_range``: ``start`` is included and ``end`` is not, times are nanoseconds, ``limit`` is at
most what the server allows, and ``direction=forward`` gives the oldest lines first, over all streams.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from talospatch.errors import TelemetryError
from talospatch.telemetry.http import JsonClient

if TYPE_CHECKING:
    from talospatch.telemetry.source import Source

PAGE = 5000  # lines of a page: what Loki allows unless configured otherwise (max_entries_limit_per_query)
SMALLEST_PAGE = 10
_SECOND = 1_000_000_000  # nanoseconds
_TOO_MANY = re.compile(r"max entries limit per query exceeded.{0,60}\((\d{1,9}) > (\d{1,9})\)")


class Entry(NamedTuple):
    """A line.

    Attributes:
        at: nanoseconds since 1970.
        line: its text.
        labels: of its stream.
    """

    at: int
    line: str
    labels: Mapping[str, str]


class Loki:
    """A Loki. A context manager; belongs to one event loop.

    Args:
        source: where it is and how one logs in.
        page: lines asked for at a time.

    Raises:
        InputError: a file that the source names cannot be used.
        TelemetryError: the HTTP library is not installed.
    """

    def __init__(self, source: Source, *, page: int = PAGE) -> None:
        self._client, self._url, self._page = JsonClient(source), source.url, page

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def lines(self, query: str, start: float, end: float) -> AsyncGenerator[Entry, None]:
        """Yield the lines that a query finds, the oldest first.

        Lines of the same nanosecond that do not fit on one page are not all found; no program writes so many.

        Args:
            query: LogQL that selects lines.
            start: the earliest time, seconds since 1970.
            end: the time that is not included any more.

        Raises:
            TelemetryError: the query is wrong, or the server cannot answer it.
        """
        since, until = int(start * _SECOND), int(end * _SECOND)
        told: set[tuple[str, str]] = set()  # lines of the nanosecond that the last page ended with
        while since < until:
            page = await self._page_of(query, since, until)
            for entry in page:
                if entry.at != since or _key(entry) not in told:
                    yield entry
            if len(page) < self._page:
                return
            last = page[-1].at
            # The next page begins with that moment again, for what of it did not fit on this one.
            told = {_key(entry) for entry in page if entry.at == last} | (told if last == since else set())
            since = last if last > since else since + 1

    async def labels(self, start: float, end: float) -> tuple[str, ...]:
        """Return the names of labels that streams have.

        Raises:
            TelemetryError: the server cannot answer.
        """
        answer = await self._client.get("/loki/api/v1/labels", {"start": str(int(start * _SECOND)), "end": str(int(end * _SECOND))})
        names = answer.get("data")
        return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()

    async def _page_of(self, query: str, since: int, until: int) -> list[Entry]:
        parameters = {"query": query, "start": str(since), "end": str(until), "direction": "forward"}
        while True:
            try:
                answer = await self._client.get("/loki/api/v1/query_range", {**parameters, "limit": str(self._page)})
            except TelemetryError as error:
                allowed = _TOO_MANY.search(error.text)
                if allowed is None or not SMALLEST_PAGE <= int(allowed[2]) < self._page:
                    raise
                self._page = int(allowed[2])
                continue
            return sorted(_entries(answer, self._url), key=lambda entry: entry.at)


def _entries(answer: Mapping[str, Any], url: str) -> Iterator[Entry]:
    data = answer.get("data")
    streams = data.get("result") if isinstance(data, dict) else None
    if not isinstance(streams, list) or not isinstance(data, dict) or data.get("resultType") != "streams":
        raise TelemetryError(url, 200, "it answered with no lines of log: the query must select lines, not count them")
    for stream in streams:
        labels = stream.get("stream") if isinstance(stream, dict) else None
        values = stream.get("values") if isinstance(stream, dict) else None
        if not isinstance(labels, dict) or not isinstance(values, list):
            raise TelemetryError(url, 200, "a stream in its answer has no labels or no lines")
        for value in values:
            if not isinstance(value, list) or len(value) < 2 or not isinstance(value[1], str) or not str(value[0]).isdecimal():
                raise TelemetryError(url, 200, "a line in its answer has no time or no text")
            yield Entry(int(value[0]), value[1], labels)


def _key(entry: Entry) -> tuple[str, str]:
    return entry.line, repr(sorted(entry.labels.items(), key=str))
