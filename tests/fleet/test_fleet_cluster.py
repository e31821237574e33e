"""The cluster's verbs, and the blocking face on its own thread."""

from __future__ import annotations

import ast
import asyncio
import gc
import inspect
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from talospatch.errors import ForkedError, RefusedError
from talospatch.fleet.async_cluster import AsyncCluster
from talospatch.fleet.async_cni import CniVerbs
from talospatch.fleet.cluster import Cluster
from talospatch.fleet.cluster_verbs import ClusterVerbs
from talospatch.fleet.loop_thread import LoopThread
from talospatch.fleet.targets import workers
from talospatch.talosapi.client import Client

if TYPE_CHECKING:
    from talospatch.wire.methods import Method

ROOT = Path(__file__).parent.parent.parent


class Quiet:
    """A transport that only ever waits, and says when it was cut off and closed."""

    def __init__(self, cleanup: float = 0.0) -> None:
        self.waiting, self.cleaned, self.closed, self.cleanup = threading.Event(), threading.Event(), 0, cleanup
        self.loops: set[int] = set()

    async def _wait(self) -> Any:
        self.loops.add(threading.get_ident())
        self.waiting.set()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(self.cleanup)
            self.cleaned.set()

    async def unary(self, method: Method, node: str, request: Any, timeout: float) -> Any:
        return await self._wait()

    async def stream(self, method: Method, node: str, requests: Any, timeout: float) -> AsyncIterator[Any]:
        yield await self._wait()

    async def client_stream(self, method: Method, node: str, requests: Any, timeout: float) -> Any:
        return await self._wait()

    async def close(self) -> None:
        self.closed += 1


def cluster_of(transport: Quiet) -> Cluster:
    return Cluster(AsyncCluster(Client(transport), name="test"))


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("talospatch")]


def test_the_blocking_verbs_are_what_the_generator_writes() -> None:
    """`python tools/generate_cluster.py` makes them so."""
    done = subprocess.run([sys.executable, str(ROOT / "tools" / "generate_cluster.py"), "--check"], check=False)
    assert done.returncode == 0


def test_both_faces_have_the_same_verbs_with_the_same_signature_and_words() -> None:
    verbs = {name: value for name, value in inspect.getmembers(AsyncCluster, inspect.iscoroutinefunction) if not name.startswith("_")}
    del verbs["close"]
    assert set(verbs) == {name for name, value in vars(ClusterVerbs).items() if inspect.isfunction(value) and not name.startswith("_")}
    for name, verb in verbs.items():
        blocking = vars(ClusterVerbs)[name]
        assert inspect.signature(verb) == inspect.signature(blocking)
        assert verb.__doc__ == blocking.__doc__
        assert not inspect.iscoroutinefunction(blocking)


def test_both_faces_are_made_from_a_talosconfig_in_the_same_way() -> None:
    assert inspect.signature(AsyncCluster.from_talosconfig) == inspect.signature(Cluster.from_talosconfig)
    assert inspect.getdoc(AsyncCluster.from_talosconfig) == inspect.getdoc(Cluster.from_talosconfig)


def test_every_verb_says_what_it_raises_or_leaves_it_to_the_class() -> None:
    """Each public verb has a sentence; its arguments are all described."""
    for node in (node for kind in (AsyncCluster, CniVerbs) for node in ast.walk(ast.parse(inspect.getsource(kind)))):
        if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_") and not node.decorator_list:
            words = ast.get_docstring(node) or ""
            named = [argument.arg for argument in (*node.args.args[1:], *node.args.kwonlyargs)]
            assert all(f"{name}: " in words for name in named), node.name


def test_a_verb_without_nodes_is_refused_before_any_call() -> None:
    transport = Quiet()
    with cluster_of(transport) as cluster:
        with pytest.raises(RefusedError) as caught:
            cluster.inventory()
        assert caught.value.code == "no-target"
        with pytest.raises(RefusedError):
            cluster.plan([], nodes=[])
    assert not transport.waiting.is_set()


def test_without_a_journal_nothing_is_applied() -> None:
    from talospatch.planning.plan import Plan

    with cluster_of(Quiet()) as cluster:
        with pytest.raises(RefusedError) as caught:
            cluster.apply(Plan(nodes=(), changes=()))
        assert caught.value.code == "no-journal"


def test_closing_ends_the_thread_closes_the_transport_and_may_be_done_twice() -> None:
    transport = Quiet()
    cluster = cluster_of(transport)
    cluster.connect()
    assert threads() == ["talospatch-loop"]
    cluster.close()
    cluster.close()
    assert threads() == []
    assert transport.closed == 1
    with pytest.raises(RuntimeError, match="closed"):
        cluster.connect()


def test_a_cluster_that_was_never_used_has_no_thread() -> None:
    cluster = cluster_of(Quiet())
    assert threads() == []
    cluster.close()


def test_a_cluster_that_is_forgotten_leaves_no_thread() -> None:
    cluster = cluster_of(Quiet())
    cluster.connect()
    del cluster
    gc.collect()
    assert threads() == []


def test_it_works_inside_a_running_loop() -> None:
    """As in a notebook."""

    async def notebook() -> str:
        with cluster_of(Quiet()) as cluster:
            return cluster.connect()

    assert asyncio.run(notebook()) == ""


def test_several_threads_share_one_loop() -> None:
    transport = Quiet()
    loop = LoopThread(transport.close)
    seen: list[int] = []

    async def where() -> int:
        await asyncio.sleep(0)
        return threading.get_ident()

    callers = [threading.Thread(target=lambda: seen.append(loop.run(where))) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    loop.close()
    assert len(seen) == 8
    assert len(set(seen)) == 1


def test_an_error_comes_out_as_it_is() -> None:
    loop = LoopThread(Quiet().close)

    async def fail() -> None:
        raise RefusedError("x", "no")

    with pytest.raises(RefusedError, match="no"):
        loop.run(fail)
    loop.close()


def test_its_own_loop_cannot_wait_for_itself() -> None:
    loop = LoopThread(Quiet().close)

    async def inner() -> None:
        loop.run(inner)

    with pytest.raises(RuntimeError, match="use AsyncCluster"):
        loop.run(inner)
    loop.close()


def test_closing_while_another_thread_waits_cancels_its_verb() -> None:
    transport = Quiet()
    cluster = cluster_of(transport)
    ended: list[BaseException] = []

    def wait() -> None:
        try:
            cluster.inventory(workers())
        except BaseException as error:
            ended.append(error)

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert transport.waiting.wait(10)
    cluster.close()
    waiter.join(10)
    assert isinstance(ended[0], asyncio.CancelledError)
    assert transport.cleaned.is_set()


def interrupted(cluster: Cluster, transport: Quiet) -> None:
    """Wait in a verb and get a Ctrl-C when it has begun."""

    def press() -> None:
        transport.waiting.wait(10)
        os.kill(os.getpid(), signal.SIGINT)  # to the process, as a terminal does: the main thread gets it

    presser = threading.Thread(target=press)
    presser.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            cluster.inventory(workers())
    finally:
        presser.join()


def test_ctrl_c_cancels_waits_for_the_cleanup_and_leaves_the_cluster_usable() -> None:
    transport = Quiet(cleanup=0.05)
    with cluster_of(transport) as cluster:
        interrupted(cluster, transport)
        assert transport.cleaned.is_set()
        assert cluster.connect() == ""
        transport.waiting.clear()
        transport.cleaned.clear()
        interrupted(cluster, transport)
        assert transport.cleaned.is_set()
    assert threads() == []


FORKED = """
import os, sys, warnings
warnings.simplefilter("ignore")
from test_fleet_cluster import Quiet, cluster_of, threads, workers
from talospatch.errors import ForkedError
cluster = cluster_of(Quiet())
cluster.connect()
child = os.fork()
if child == 0:
    try:
        cluster.inventory(workers())
    except ForkedError as error:
        cluster.close()
        os._exit(0 if "spawn or forkserver" in str(error) else 3)
    os._exit(4)
_, status = os.waitpid(child, 0)
cluster.close()
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_is_told_so_and_can_close_what_it_got() -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], cwd=Path(__file__).parent, env=_environment(), timeout=30, check=False)
    assert done.returncode == 0


UNCLOSED = """
from test_fleet_cluster import Quiet, cluster_of
class Loud(Quiet):
    async def close(self):
        print("closed", flush=True)
cluster = cluster_of(Loud())
cluster.connect()
"""


def test_a_cluster_that_nobody_closed_is_closed_with_the_interpreter() -> None:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", UNCLOSED],
        cwd=Path(__file__).parent,
        env=_environment(),
        timeout=30,
        check=True,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("closed\n", "")
    assert time.monotonic() - started < 15


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])}


def test_an_async_cluster_of_another_process_refuses_every_verb(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = AsyncCluster(Client(Quiet()))
    here = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: here + 1)
    calls: list[Coroutine[Any, Any, Any]] = [cluster.connect(), cluster.inventory(workers()), cluster.plan([], nodes=workers())]
    for call in calls:
        with pytest.raises(ForkedError):
            asyncio.run(call)
    asyncio.run(cluster.close())


def test_entering_closes_again_when_connecting_fails() -> None:
    transport = Quiet()

    class Broken:
        endpoint, findings = "", ()

        async def connect(self) -> str:
            raise RefusedError("x", "cannot connect")

    with pytest.raises(RefusedError), Cluster(AsyncCluster(Client(transport), connection=Broken())):
        pass
    assert transport.closed == 1
    assert threads() == []


def test_the_public_names_of_the_package_are_these() -> None:
    import talospatch

    assert talospatch.Cluster is Cluster
    assert talospatch.workers is workers
