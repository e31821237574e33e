"""What can be done about the CNI result cache of a fleet's nodes, as coroutines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from talospatch.fleet.finder import Detail
from talospatch.fleet.loop_thread import refuse_fork

if TYPE_CHECKING:
    from pathlib import Path

    from talospatch.cnicheck.options import CheckOptions
    from talospatch.cnicheck.repair.plan import Method, RepairOptions, RepairPlan
    from talospatch.cnicheck.repair.report import RepairReport
    from talospatch.cnicheck.report import CniReport, NodeCni
    from talospatch.fleet.async_cluster import Chosen
    from talospatch.fleet.inventory import Inventory
    from talospatch.rollout.clock import Clock
    from talospatch.rollout.journal import JournalStore
    from talospatch.talosapi.client import Client


class CniVerbs(ABC):
    """Verbs of :class:`~talospatch.fleet.async_cluster.AsyncCluster`; see there for what ``nodes`` means and what every verb raises.

    Attributes:
        client: what calls are made with.
        name: of the cluster, for its journals.
    """

    client: Client
    name: str
    _clock: Clock | None
    _pid: int

    @abstractmethod
    def _store(self) -> JournalStore:
        """Return where journals are kept."""

    @abstractmethod
    async def inventory(self, nodes: Chosen = None, *, detail: Detail = Detail.FULL) -> Inventory:
        """Find nodes."""

    async def check_cni_cache(
        self,
        *,
        nodes: Chosen = None,
        options: CheckOptions | None = None,
        after: CniReport | None = None,
        progress: Callable[[NodeCni], None] | None = None,
    ) -> CniReport:
        """Look for CNI result-cache files that keep pod sandboxes from stopping. Changes nothing. The role os:reader sees names and sizes.

        Args:
            nodes: the nodes.
            options: bounds and depth.
            after: an earlier report of these nodes: each file then tells how long it has been seen just so.
            progress: told of each node as it is done, in the event loop.
        """
        from talospatch.cnicheck.check import check

        found = await self.inventory(nodes, detail=Detail.NAMES)
        return await check(self.client, found.rows, options, after=after, progress=progress)

    async def explain_cni(
        self,
        what: str,
        *,
        nodes: Chosen = None,
        options: CheckOptions | None = None,
        kubeconfig: str | Path | None = None,
        kube_context: str | None = None,
        progress: Callable[[NodeCni], None] | None = None,
    ) -> CniReport:
        """Tell everything about one sandbox: whose it is, what is wrong with its cache file, since when, what it costs, what will happen.

        The report's ``told`` has the stories, whether or not anything is wrong; it is empty when nothing of the kind is on these nodes.
        Changes nothing. The role os:reader sees less: not which pod a cache file names. Where nothing on a node tells whose a sandbox is,
        Kubernetes is asked, if a kubeconfig or its context is given or ``KUBECONFIG`` names one; that it cannot be is a note of the node.

        Args:
            what: a sandbox's ID or its beginning, the name of a cache file, or a pod, with or without its namespace.
            nodes: the nodes.
            options: bounds and depth.
            kubeconfig: for Kubernetes; with a context alone it is found as kubectl does. Needs the extra ``kubernetes``.
            kube_context: its context, instead of the current one.
            progress: told of each node as it is done, in the event loop.

        Raises:
            InputError: ``what`` names nothing of the kind.
        """
        from talospatch.cni.selector import selector
        from talospatch.cnicheck.node_pods import node_pods
        from talospatch.cnicheck.options import CheckOptions as Allowed

        about = selector(what)
        async with node_pods(self.client, kubeconfig=kubeconfig, kube_context=kube_context) as pods:
            chosen = replace(options or Allowed(), about=about, pods=pods)
            return await self.check_cni_cache(nodes=nodes, options=chosen, progress=progress)

    async def cni_repair_plan(
        self,
        *,
        nodes: Chosen = None,
        options: RepairOptions | None = None,
        kubeconfig: str | Path | None = None,
        kube_context: str | None = None,
        say: Callable[[str], None] | None = None,
        before_wait: Callable[[frozenset[Method]], Awaitable[None] | None] | None = None,
    ) -> RepairPlan:
        """Work out which damaged CNI result-cache files may be removed. Changes nothing. Needs os:admin.

        Nodes with damaged files are looked at twice, a minute apart: what changes meanwhile is in use.

        Args:
            nodes: the nodes.
            options: what the repair may do.
            kubeconfig: names the pods of files of which nothing else tells them, as in :meth:`explain_cni`.
            kube_context: its context, instead of the current one.
            say: told what is waited for, in the event loop.
            before_wait: told by which methods files would be removed, as far as the first look shows, in the event loop; may be a
                coroutine function. What it raises ends the planning before the minute, for somebody who could not carry it out.

        Raises:
            InputError: the options contradict each other.
        """
        from talospatch.cnicheck.node_pods import node_pods
        from talospatch.cnicheck.repair.plan import RepairOptions as Allowed
        from talospatch.cnicheck.repair.planner import plan_repair
        from talospatch.rollout.clock import RealClock

        found = await self.inventory(nodes, detail=Detail.NAMES)
        clock = self._clock or RealClock()
        async with node_pods(self.client, kubeconfig=kubeconfig, kube_context=kube_context) as pods:
            return await plan_repair(self.client, found.rows, options or Allowed(), clock, say=say, before_wait=before_wait, pods=pods)

    async def cni_repair(
        self,
        plan: RepairPlan,
        *,
        kubeconfig: str | Path | None = None,
        kube_context: str | None = None,
        say: Callable[[str, str], None] | None = None,
    ) -> RepairReport:
        """Remove the files of a repair's plan, each tested again on its node in that moment, and prove it. Needs os:admin.

        The bytes of each file are journalled first. Cancelling ends what runs on the node and takes away what was put there.

        Args:
            plan: made by :meth:`cni_repair_plan`.
            kubeconfig: for the method job; None finds it as kubectl does.
            kube_context: its context, instead of the current one.
            say: told a node's name and what is done there, in the event loop.

        Returns:
            What happened to each file; ``report.raise_on_failure()`` makes an error of one that did not end as wanted.

        Raises:
            RefusedError: the method job was chosen, and the extra ``kubernetes`` is not installed.
            InputError: the plan is one for a manifest, or the kubeconfig cannot be used.
            JournalError: the journal cannot be written, or a rollout goes on; nothing was removed.
        """
        from talospatch.cnicheck.repair.choice import removers
        from talospatch.cnicheck.repair.run import repair, unheard
        from talospatch.rollout.clock import RealClock

        refuse_fork(self._pid)
        clock = self._clock or RealClock()
        async with removers(self.client, plan, clock, kubeconfig=kubeconfig, kube_context=kube_context) as chosen:
            return await repair(self.client, plan, chosen, self._store(), scope=self.name, clock=clock, say=say or unheard)
