"""Ending in order when the terminal is closed or the process is told to go: what a command started must go with it.

A signal that whoever started us had ignored, as ``nohup`` does with SIGHUP, stays ignored.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def in_order() -> Iterator[None]:
    """Make SIGTERM and SIGHUP end the block like an exception, so that everything in it is cleaned up. For the main thread."""
    with _handled(_leave):
        yield


@contextmanager
def as_ctrl_c() -> Iterator[None]:
    """Make SIGTERM and SIGHUP end the block as Ctrl-C does: asyncio cancels what runs, and waits for it. For the main thread."""
    with _handled(_interrupt):
        yield


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ENDING}
    ours = [number for number, former in before.items() if former is not signal.SIG_IGN]
    for number in ours:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)
