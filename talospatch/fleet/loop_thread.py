"""An event loop on a thread of its own, for callers that block."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
import weakref
from collections.abc import Awaitable, Callable
from typing import TypeVar

from talospatch.errors import ForkedError

_T = TypeVar("_T")
_PATIENCE = 30.0  # seconds in which the thread ends; past that it is left to die with the interpreter


class LoopThread:
    """Runs coroutines for one process. The thread starts with the first of them and ends with :meth:`close`, or with the interpreter.

    Args:
        at_end: awaited in the loop as its last work, when the thread was ever started.
    """

    def __init__(self, at_end: Callable[[], Awaitable[object]]) -> None:
        self._pid, self._at_end = os.getpid(), at_end
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._end: weakref.finalize[[asyncio.AbstractEventLoop, threading.Thread, int], LoopThread] | None = None
        self._problems: list[BaseException] = []
        self._closed = False

    def run(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Call ``work`` in the loop, wait for it and return its result. May be called from any thread, a running loop's included.

        Ctrl-C cancels the work and waits until it has cleaned up; the loop can be used afterwards. A second Ctrl-C does not wait.

        Raises:
            ForkedError: this process is a forked child of the one that made the loop.
            RuntimeError: it is closed, or this is the loop's own thread.
        """
        loop = self._started()
        outcome: concurrent.futures.Future[_T] = concurrent.futures.Future()
        tasks: list[asyncio.Task[_T]] = []

        async def wrapped() -> _T:
            return await work()

        def start() -> None:
            task = loop.create_task(wrapped())
            tasks.append(task)
            task.add_done_callback(lambda done: _settle(outcome, done))

        def stop() -> None:
            for task in tasks:
                task.cancel()
            if not tasks:  # interrupted before it was even begun
                outcome.set_exception(asyncio.CancelledError())

        try:
            loop.call_soon_threadsafe(start)
            return outcome.result()
        except BaseException:
            if not outcome.done():  # the wait was interrupted, not the work
                loop.call_soon_threadsafe(stop)
                concurrent.futures.wait([outcome])
            raise

    def close(self) -> None:
        """Cancel what is left, wait for it, end the loop and its thread. Safe to call again; does nothing in a forked child."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            self._closed, end, self._loop = True, self._end, None
        if end is not None:
            end()
        if self._problems:
            raise self._problems.pop()

    def check(self) -> None:
        """Do nothing when this is the process that made the loop.

        Raises:
            ForkedError: it is a forked child.
        """
        refuse_fork(self._pid)

    def _started(self) -> asyncio.AbstractEventLoop:
        self.check()
        with self._lock:
            if self._closed:
                raise RuntimeError("the cluster is closed")
            if self._loop is None:
                loop = asyncio.new_event_loop()
                thread = threading.Thread(target=_serve, args=(loop, self._at_end, self._problems), name="talospatch-loop", daemon=True)
                thread.start()
                # Runs at exit too, before daemon threads are cut off.
                self._end = weakref.finalize(self, _stop, loop, thread, self._pid)
                self._loop, self._thread = loop, thread
            if threading.current_thread() is self._thread:
                raise RuntimeError("a blocking cluster was used in its own loop; use AsyncCluster there")
            return self._loop


def refuse_fork(pid: int) -> None:
    """Do nothing in the process of this id.

    Raises:
        ForkedError: this is another one, so a forked child.
    """
    if os.getpid() != pid:
        raise ForkedError(
            "this cluster was made before the process forked, and its connections do not survive that; make it in the child, or start "
            "children with multiprocessing's spawn or forkserver"
        )


def _serve(loop: asyncio.AbstractEventLoop, at_end: Callable[[], Awaitable[object]], problems: list[BaseException]) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        loop.run_until_complete(_finish(at_end, problems))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


async def _finish(at_end: Callable[[], Awaitable[object]], problems: list[BaseException]) -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    try:
        await at_end()
    except Exception as error:  # noqa: BLE001 - raised where close() was called
        problems.append(error)


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread, pid: int) -> None:
    if os.getpid() != pid or loop.is_closed():
        return
    loop.call_soon_threadsafe(loop.stop)
    if thread is not threading.current_thread():
        thread.join(_PATIENCE)


def _settle(outcome: concurrent.futures.Future[_T], task: asyncio.Task[_T]) -> None:
    if task.cancelled():
        outcome.set_exception(asyncio.CancelledError())
    elif (error := task.exception()) is not None:
        outcome.set_exception(error)
    else:
        outcome.set_result(task.result())
