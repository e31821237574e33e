"""Ending in order when the terminal is closed or the process is told to go: what a command started must go with it.

A signal that whoever started us had ignored stays ignored: ``nohup`` does so with SIGHUP, a shell's script with the SIGINT of all that it
starts with ``&``. Upon a SIGINT asyncio cancels what runs, but not where that is ignored; there :func:`run` does it upon the others.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

ENDING = (signal.SIGTERM, signal.SIGHUP)
T = TypeVar("T")


@contextmanager
def in_order() -> Iterator[None]:
    """Make SIGTERM and SIGHUP end the block like an exception, so that everything in it is cleaned up. For the main thread."""
    with _handled(_leave):
        yield


@contextmanager
def as_ctrl_c() -> Iterator[None]:
    """Make SIGTERM and SIGHUP end the block as Ctrl-C does: :func:`run` cancels what runs, and waits for it. For the main thread."""
    with _handled(_interrupt):
        yield


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end as ``asyncio.run`` does, so that the signals of :func:`as_ctrl_c` cancel it also where SIGINT is ignored.

    Raises:
        KeyboardInterrupt: it was ended by Ctrl-C or by such a signal, and has cleaned up.
    """
    import asyncio

    if not _deaf_to_ctrl_c() or threading.current_thread() is not threading.main_thread():
        return asyncio.run(work)
    told = False
    task: asyncio.Task[T] | None = None

    async def watched() -> T:
        nonlocal task
        task = asyncio.current_task()
        return await work

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal told
        if told or task is None or task.done():  # as with Ctrl-C, a second signal does not wait
            raise KeyboardInterrupt
        told = True
        task.cancel()
        task.get_loop().call_soon_threadsafe(int)  # nothing to do, but the loop may be asleep

    with _handled(end):
        try:
            return asyncio.run(watched())
        except asyncio.CancelledError:
            if not told:
                raise
        finally:
            work.close()  # where it was not begun
    raise KeyboardInterrupt


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
    if _deaf_to_ctrl_c():
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)


def _deaf_to_ctrl_c() -> bool:
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN
