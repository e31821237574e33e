"""Work spread over processes, its results in order.

Each process is at the other end of a pipe of its own: it ends when the pipe does, however we end, and after what it is at. They are
spawned, not forked, and never hear of Ctrl-C or the terminal's end: a whole group of processes may be told, and the file that one is at
must not stay half done.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from talospatch.errors import TalosPatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

T = TypeVar("T")
R = TypeVar("R")
AHEAD = 16  # results that may wait for an earlier one, for each process
DEAF_TO = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)


class RemoteTraceback(Exception):
    """Where in another process an error came from."""


def cores() -> int:
    """Return how many processes can run at once."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def spread(work: Callable[[T], R], items: Sequence[T], processes: int) -> Iterator[R]:
    """Yield the result of each item, in the order of the items.

    Args:
        work: what is done to each; it can be pickled, like items and results.
        items: what it is done to.
        processes: how many to use; with one, or one item, it is done here.

    Raises:
        TalosPatchError: a process ended unexpectedly, as when the system runs out of memory.
        Exception: whatever the work raises.
    """
    if min(processes, len(items)) <= 1:
        yield from map(work, items)
        return
    with _team(work, min(processes, len(items))) as pipes:
        yield from _in_order(items, pipes)


def _in_order(items: Sequence[T], pipes: list[Connection]) -> Iterator[Any]:
    from multiprocessing.connection import wait

    idle, busy, done = list[Any](pipes), dict[Any, int](), dict[int, Any]()
    sent = 0
    for number in range(len(items)):
        while number not in done:
            while idle and sent < min(len(items), number + AHEAD * len(pipes)):
                pipe = idle.pop()
                _send(pipe, items[sent])
                busy[pipe], sent = sent, sent + 1
            for ready in wait(list(busy)):
                done[busy.pop(ready)] = _received(ready)
                idle.append(ready)
        result, where = done.pop(number)
        if where:
            raise result from RemoteTraceback(where)
        yield result


def _send(pipe: Connection, item: object) -> None:
    try:
        pipe.send(item)
    except OSError:
        raise _died() from None


def _received(pipe: Any) -> Any:
    try:
        return pipe.recv()
    except (EOFError, OSError):
        raise _died() from None


def _died() -> TalosPatchError:
    return TalosPatchError(
        "one of the processes of -j ended unexpectedly; was it killed, or the memory full? Each file is whole, changed or not"
    )


@contextmanager
def _team(work: Callable[[T], Any], size: int) -> Iterator[list[Connection]]:
    """Start processes for the length of a block, and end them with it."""
    import multiprocessing
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # it unblocks signals when it starts, so it does that before they are blocked
    context = multiprocessing.get_context("spawn")
    pipes: list[Connection] = []
    started: list[SpawnProcess] = []
    try:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, DEAF_TO)  # children inherit it
        try:
            for _ in range(size):
                ours, theirs = context.Pipe()
                pipes.append(ours)
                process = context.Process(target=serve, args=(theirs, work), daemon=True)
                process.start()
                started.append(process)
                theirs.close()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        yield pipes
    finally:
        for pipe in pipes:
            pipe.close()
        for process in started:
            process.join()


def serve(pipe: Connection, work: Callable[[Any], Any]) -> None:
    """Do what comes through a pipe until it ends; what each process runs."""
    import traceback

    while True:
        try:
            item = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer = (work(item), "")
        except Exception as error:  # noqa: BLE001 - it is raised again in the process that asked
            answer = (_picklable(error), traceback.format_exc())
        try:
            pipe.send(answer)
        except OSError:
            return


def _picklable(error: Exception) -> Exception:
    import pickle

    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - made in the line
    except Exception:  # noqa: BLE001 - an error may fail to be pickled in any way
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
