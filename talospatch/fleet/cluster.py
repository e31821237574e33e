"""The blocking face of a cluster, for scripts: the same verbs, run in an event loop on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

from talospatch.fleet.async_cluster import AsyncCluster
from talospatch.fleet.cluster_verbs import ClusterVerbs
from talospatch.fleet.loop_thread import LoopThread

if TYPE_CHECKING:
    from pathlib import Path

    from talospatch.fleet.async_cluster import Chosen
    from talospatch.talos.finding import Finding
    from talospatch.talosapi.grpc_call import CallRecord

_T = TypeVar("_T")


class Cluster(ClusterVerbs):
    """The nodes of one cluster, and everything that can be done with them, without ``await``.

    Works wherever a call may block, inside a running event loop too (as in a notebook), and from several threads. Ctrl-C cancels the verb
    under way, waits until it has cleaned up, and leaves the cluster usable. A forked child gets :class:`~talospatch.errors.ForkedError`.

    See :class:`~talospatch.fleet.async_cluster.AsyncCluster` for what ``nodes`` means and what verbs raise.

    Args:
        cluster: what does the work; from now on it belongs to this one's loop.
    """

    def __init__(self, cluster: AsyncCluster) -> None:
        self._cluster, self._loop = cluster, LoopThread(cluster.close)

    @classmethod
    def from_talosconfig(
        cls,
        path: str | Path | None = None,
        *,
        context: str | None = None,
        endpoints: Sequence[str] | None = None,
        nodes: Chosen = None,
        cluster: str | None = None,
        timeout: float | None = None,
        journal_dir: str | Path | None = None,
        observer: Callable[[CallRecord], None] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Self:
        """Make a cluster from a talosconfig, found as talosctl finds it. Reads files and connects to nothing yet.

        Args:
            path: the talosconfig; None looks where talosctl looks.
            context: instead of the file's current one.
            endpoints: instead of the context's.
            nodes: the nodes that are meant where a verb names none.
            cluster: name of the cluster, where the endpoint is a proxy.
            timeout: seconds for each call, instead of the call's own deadline.
            journal_dir: where rollouts are journalled, instead of the user's state directory.
            observer: called after each call, with no secret in it.
            environ: the environment; the process's when None.

        Raises:
            TalosconfigError: the file, the context or the identity in it cannot be used.
        """
        made = AsyncCluster.from_talosconfig(
            path,
            context=context,
            endpoints=endpoints,
            nodes=nodes,
            cluster=cluster,
            timeout=timeout,
            journal_dir=journal_dir,
            observer=observer,
            environ=environ,
        )
        return cls(made)

    @property
    def name(self) -> str:
        """Name of the cluster."""
        return self._cluster.name

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was noticed about the talosconfig and, once connected, about our certificate."""
        return self._cluster.findings

    @property
    def endpoint(self) -> str:
        """The endpoint in use, as ``host:port``; empty when there is none."""
        return self._cluster.endpoint

    def __enter__(self) -> Self:
        try:
            self.connect()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection and end the loop and its thread. Safe to call twice; does nothing in a forked child."""
        self._loop.close()

    def _run(self, verb: Callable[[AsyncCluster], Coroutine[Any, Any, _T]]) -> _T:
        return self._loop.run(lambda: verb(self._cluster))
