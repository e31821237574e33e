"""Logs that somebody saved: files, gzipped or not, or standard input."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talospatch.cni.logs import LogScan
from talospatch.errors import InputError

if TYPE_CHECKING:
    from io import BufferedReader

    from talospatch.cni.logreport import LogReport

PIECE = 1 << 20  # bytes read at a time
_GZIP = b"\x1f\x8b"


def read_log_files(sources: Iterable[str], *, stdin: BufferedReader[Any] | None = None, now: Callable[[], float] = time.time) -> LogReport:
    """Read logs of kubelets and container runtimes, one after another, in memory that does not grow with them.

    Lines of several nodes may be mixed: ``talosctl logs`` puts the node before each.

    Args:
        sources: paths; ``-`` is standard input.
        stdin: the stream that this is.
        now: the clock, seconds since 1970. Times without a year get theirs from it; those of a file, from when it was last written.

    Raises:
        InputError: one cannot be read.
    """
    scan = LogScan()
    for source in sources:
        try:
            if source == "-":
                if stdin is None:
                    raise InputError("there is no standard input", source="-")
                scan.end_log(now=now())
                _feed(scan, stdin)
            else:
                with Path(source).open("rb") as file:
                    scan.end_log(now=Path(source).stat().st_mtime)
                    _feed(scan, file)
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or "this is no gzip file, or a damaged one"
            raise InputError(reason, source=source) from None
    return scan.report()


def _feed(scan: LogScan, file: BufferedReader[Any]) -> None:
    is_packed = file.peek(len(_GZIP)).startswith(_GZIP)
    plain = gzip.GzipFile(fileobj=file) if is_packed else file
    while piece := plain.read(PIECE):
        scan.feed(piece)
