"""The verbs of the blocking cluster. Written by tools/generate_cluster.py from the coroutines beside; not edited by hand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from talospatch.fleet.finder import Detail

if TYPE_CHECKING:
    from pathlib import Path

    from talospatch.cnicheck.options import CheckOptions
    from talospatch.cnicheck.repair.plan import Method, RepairOptions, RepairPlan
    from talospatch.cnicheck.repair.report import RepairReport
    from talospatch.cnicheck.report import CniReport, NodeCni
    from talospatch.fleet.async_cluster import AsyncCluster, Chosen
    from talospatch.fleet.inventory import Inventory
    from talospatch.planning.draft import Change
    from talospatch.planning.plan import Options, Plan
    from talospatch.planning.report import Report
    from talospatch.rollout.executor import Progress
    from talospatch.rollout.history import Shown, Summary

_T = TypeVar("_T")


class ClusterVerbs(ABC):
    """Each verb runs its coroutine to the end and returns what that returns."""

    @abstractmethod
    def _run(self, verb: Callable[[AsyncCluster], Coroutine[Any, Any, _T]]) -> _T:
        """Run a coroutine of the cluster's in its loop and wait for it."""

    def connect(self) -> str:
        """Connect now and return the endpoint used. The first call would do so too; this tells earlier, and better, why it cannot be done.

        Raises:
            TalosconfigError: our certificate is not valid now.
        """
        return self._run(lambda cluster: cluster.connect())

    def inventory(self, nodes: Chosen = None, *, detail: Detail = Detail.FULL) -> Inventory:
        """Find nodes and say who and how they are: the role os:reader sees all but what the configuration tells.

        Args:
            nodes: the nodes.
            detail: how much is asked of each.
        """
        return self._run(lambda cluster: cluster.inventory(nodes, detail=detail))

    def plan(self, changes: Change | Sequence[Change], *, nodes: Chosen = None, options: Options | None = None) -> Plan:
        """Work out what changes would do to each node, and whether they may. Changes nothing. Needs os:admin.

        Args:
            changes: one change, or several applied in order.
            nodes: the nodes. A control-plane node among them is planned, and refused: only workers are changed.
            options: what the rollout may do, and how long things may take.

        Raises:
            InputError: no change was given, or one cannot be used.
        """
        return self._run(lambda cluster: cluster.plan(changes, nodes=nodes, options=options))

    def diff(self, changes: Change | Sequence[Change], *, nodes: Chosen = None, options: Options | None = None) -> Plan:
        """Work out only what would become different, with three calls a node. Changes nothing; such a plan cannot be applied.

        Args:
            changes: one change, or several applied in order.
            nodes: the nodes.
            options: as for a plan.

        Raises:
            InputError: no change was given, or one cannot be used.
        """
        return self._run(lambda cluster: cluster.diff(changes, nodes=nodes, options=options))

    def apply(
        self,
        plan: Plan,
        *,
        max_unavailable: int | None = None,
        undo_of: str = "",
        watch: Callable[[Progress], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Report:
        """Carry out a plan, one node after another, and prove each. Cancelling leaves every node in a state that the journal tells.

        Args:
            plan: made by :meth:`plan` or :meth:`plan_undo`.
            max_unavailable: most nodes that may be down at once, instead of what the plan says.
            undo_of: with a plan of :meth:`plan_undo`, the id of the rollout that it takes back.
            watch: told what happens, in the event loop.
            should_stop: asked before each node; True leaves the rest alone.

        Returns:
            What happened to each node; ``report.raise_on_failure()`` makes an error of a node that did not end as wanted.

        Raises:
            JournalError: the journal cannot be written, or another rollout goes on; nothing was changed.
        """
        return self._run(
            lambda cluster: cluster.apply(plan, max_unavailable=max_unavailable, undo_of=undo_of, watch=watch, should_stop=should_stop)
        )

    def history(self) -> tuple[Summary, ...]:
        """Return the rollouts that were journalled here, of every cluster, the newest first.

        Raises:
            JournalError: the journal cannot be read.
        """
        return self._run(lambda cluster: cluster.history())

    def show(self, rollout: str) -> Shown:
        """Return one rollout in full.

        Args:
            rollout: its id, the beginning of it, or ``last``.

        Raises:
            JournalError: there is none, or it cannot be read.
        """
        return self._run(lambda cluster: cluster.show(rollout))

    def plan_undo(self, rollout: str, *, options: Options | None = None) -> Plan:
        """Work out how each node that a rollout changed would get back the configuration it had. Changes nothing.

        Args:
            rollout: its id, the beginning of it, or ``last``.
            options: what the way back may do.

        Raises:
            JournalError: there is none, it cannot be read, or its bytes cannot be opened.
        """
        return self._run(lambda cluster: cluster.plan_undo(rollout, options=options))

    def undo(
        self,
        rollout: str,
        *,
        options: Options | None = None,
        watch: Callable[[Progress], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Report:
        """Give each node that a rollout changed the configuration it had, where it still has what the rollout wrote.

        Args:
            rollout: its id, the beginning of it, or ``last``.
            options: what the way back may do.
            watch: told what happens, in the event loop.
            should_stop: asked before each node; True leaves the rest alone.

        Raises:
            JournalError: there is none, it cannot be read, or its bytes cannot be opened.
        """
        return self._run(lambda cluster: cluster.undo(rollout, options=options, watch=watch, should_stop=should_stop))

    def resume(
        self, rollout: str, *, watch: Callable[[Progress], None] | None = None, should_stop: Callable[[], bool] | None = None
    ) -> Report:
        """Go on with a rollout that was interrupted or that stopped.

        Args:
            rollout: its id, the beginning of it, or ``last``.
            watch: told what happens, in the event loop.
            should_stop: asked before each node; True leaves the rest alone.

        Raises:
            JournalError: there is none, it cannot be read, or another rollout goes on.
            RefusedError: it was made for another cluster.
        """
        return self._run(lambda cluster: cluster.resume(rollout, watch=watch, should_stop=should_stop))

    def check_cni_cache(
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
        return self._run(lambda cluster: cluster.check_cni_cache(nodes=nodes, options=options, after=after, progress=progress))

    def explain_cni(
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
        return self._run(
            lambda cluster: cluster.explain_cni(
                what, nodes=nodes, options=options, kubeconfig=kubeconfig, kube_context=kube_context, progress=progress
            )
        )

    def cni_repair_plan(
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
        return self._run(
            lambda cluster: cluster.cni_repair_plan(
                nodes=nodes, options=options, kubeconfig=kubeconfig, kube_context=kube_context, say=say, before_wait=before_wait
            )
        )

    def cni_repair(
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
        return self._run(lambda cluster: cluster.cni_repair(plan, kubeconfig=kubeconfig, kube_context=kube_context, say=say))
