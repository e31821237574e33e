"""Work spread over processes: in order, with its errors, and nothing left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from talospatch.cli.workers import AHEAD, RemoteTraceback, cores, serve, spread
from talospatch.errors import ConfigError, TalosPatchError


def squared(number: int) -> tuple[int, int]:
    """Return its square, and who worked it out."""
    return number * number, os.getpid()


def failing(number: int) -> int:
    """Fail for one of them."""
    if number == 3:
        raise ConfigError("is not right", source="w.yaml", line=number)
    return number


class Unpicklable(Exception):
    """One that cannot be sent."""

    def __reduce__(self) -> str:
        raise TypeError("no")


def failing_strangely(number: int) -> int:
    """Fail with what cannot be sent."""
    raise Unpicklable(f"number {number}")


def dying(number: int) -> int:
    """End the process, as a system out of memory does."""
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def children() -> set[int]:
    """Return the processes that work for us; the one that counts multiprocessing's resources stays."""
    return {child.pid for child in psutil.Process().children() if "resource_tracker" not in " ".join(child.cmdline())}


def test_results_come_in_the_order_of_the_items_from_several_processes() -> None:
    """More of them than may wait for an earlier one."""
    before = children()
    results = list(spread(squared, range(3 * AHEAD), 2))
    assert [result for result, _ in results] == [number * number for number in range(3 * AHEAD)]
    workers = {pid for _, pid in results}
    assert os.getpid() not in workers
    assert len(workers) <= 2
    assert children() == before


@pytest.mark.parametrize(("items", "processes"), [(range(3), 1), (range(1), 4), (range(0), 4)])
def test_what_is_little_is_done_here(items: range, processes: int) -> None:
    """A process costs more."""
    assert list(spread(squared, items, processes)) == [(number * number, os.getpid()) for number in items]


def test_an_error_comes_where_its_result_would_and_ends_it() -> None:
    """As it was raised, with where; the processes are gone."""
    before = children()
    results = spread(failing, range(40), 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ConfigError, match=r"w\.yaml:3: is not right") as caught:
        next(results)
    assert isinstance(caught.value.__cause__, RemoteTraceback)
    assert "in failing" in str(caught.value.__cause__)
    assert children() == before


def test_an_error_that_cannot_be_sent_is_told() -> None:
    """By its name and its words."""
    with pytest.raises(RuntimeError, match="Unpicklable: number 0"):
        list(spread(failing_strangely, range(2), 2))


def test_a_process_that_is_killed_is_an_error() -> None:
    """Not a wait for ever."""
    with pytest.raises(TalosPatchError, match="one of the processes of -j ended unexpectedly"):
        list(spread(dying, range(60), 2))


def test_whoever_stops_listening_ends_the_processes() -> None:
    """As Ctrl-C does."""
    before = children()
    results = spread(squared, range(100), 2)
    assert next(results)[0] == 0
    assert len(children() - before) == 2
    results.close()  # type: ignore[attr-defined] # a generator
    assert children() == before


LONG = """
import sys, time
from talospatch.cli.workers import spread
import worker_module
for result in spread(worker_module.slowly, range(1000), 2):
    print(result, flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_processes_end_with_who_started_them(tmp_path: Path, number: int) -> None:
    """However that ends, and without a word."""
    Path(tmp_path, "worker_module.py").write_text("import os, time\ndef slowly(n):\n    time.sleep(0.01)\n    return os.getpid()\n")
    Path(tmp_path, "main.py").write_text(f"if __name__ == '__main__':\n{''.join(f'    {line}{chr(10)}' for line in LONG.splitlines())}")
    with subprocess.Popen(
        [sys.executable, "main.py"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(Path(__file__).parents[2]), str(tmp_path)))},
    ) as client:
        assert client.stdout is not None
        worker = psutil.Process(int(client.stdout.readline()))
        if number == signal.SIGINT:
            os.killpg(client.pid, number)  # as a terminal does
        else:
            client.kill()
        _, errors = client.communicate(timeout=60)
    worker.wait(60)
    assert [line for line in errors.splitlines() if line == "KeyboardInterrupt"] == ["KeyboardInterrupt"] * (number == signal.SIGINT)
    assert "SpawnProcess" not in errors


def test_a_process_does_what_comes_through_its_pipe_until_it_ends() -> None:
    """What each of them runs, here."""
    ours, theirs = multiprocessing.Pipe()
    thread = threading.Thread(target=serve, args=(theirs, failing))
    thread.start()
    ours.send(1)
    assert ours.recv() == (1, "")
    ours.send(3)
    error, where = ours.recv()
    assert (type(error), "in failing" in where) == (ConfigError, True)
    ours.close()
    thread.join(60)
    assert not thread.is_alive()


def test_there_is_a_core() -> None:
    """At least the one that this runs on."""
    assert cores() >= 1
