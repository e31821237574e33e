"""Logs that somebody saved: files, gzipped or not, or standard input."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talospatch.cni.logs import LogScan
from talospatch.cni.names import shown
from talospatch.errors import InputError

if TYPE_CHECKING:
    from io import BufferedReader

    from talospatch.cni.logreport import LogReport

PIECE = 1 << 20  # bytes read at a time
_GZIP = b"\x1f\x8b"


def read_log_files(sources: Iterable[str], *, stdin: BufferedReader[Any] | None = None, now: Callable[[], float] = time.time) -> LogReport:
    """Read logs of kubelets and container runtimes, one after another, in memory that does not grow with them.

    Lines of several nodes may be mixed: ``talosctl logs`` puts the node before each. One that is empty is told in a note: it is no sign of
    health.

    Args:
        sources: paths; ``-`` is standard input.
        stdin: the stream that this is.
        now: the clock, seconds since 1970. Times without a year get theirs from it; those of a file, from when it was last written.

    Raises:
        InputError: one cannot be read.
    """
    scan = LogScan()
    empty: list[str] = []
    for source in sources:
        try:
            if source == "-":
                if stdin is None:
                    raise InputError("there is no standard input", source="-")
                scan.end_log(now=now())
                size = _feed(scan, stdin)
            else:
                with Path(source).open("rb") as file:
                    scan.end_log(now=Path(source).stat().st_mtime)
                    size = _feed(scan, file)
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or "this is no gzip file, or a damaged one"
            raise InputError(reason, source=source) from None
        if not size:
            empty.append("standard input" if source == "-" else shown(source))
    report = scan.report()
    return replace(report, notes=(*report.notes, *(f"{name} is empty: it tells nothing, good or bad" for name in empty)))


def _feed(scan: LogScan, file: BufferedReader[Any]) -> int:
    """Read a stream to its end, unpacked; return how many bytes there were."""
    size = 0
    is_packed = file.peek(len(_GZIP)).startswith(_GZIP)
    plain = gzip.GzipFile(fileobj=file) if is_packed else file
    while piece := plain.read(PIECE):
        scan.feed(piece)
        size += len(piece)
    return size
