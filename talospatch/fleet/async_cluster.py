"""A talosconfig context made live: what can be done with a fleet, as coroutines."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, Self

from talospatch.errors import RefusedError
from talospatch.fleet.async_cni import CniVerbs
from talospatch.fleet.finder import Detail, find
from talospatch.fleet.loop_thread import refuse_fork
from talospatch.fleet.targets import Targets, as_targets

if TYPE_CHECKING:
    from pathlib import Path

    from talospatch.fleet.inventory import Inventory
    from talospatch.planning.draft import Change
    from talospatch.planning.plan import Options, Plan
    from talospatch.planning.report import Report
    from talospatch.rollout.clock import Clock
    from talospatch.rollout.executor import Progress
    from talospatch.rollout.history import Shown, Summary
    from talospatch.rollout.journal import JournalStore
    from talospatch.talos.finding import Finding
    from talospatch.talosapi.client import Client
    from talospatch.talosapi.grpc_call import CallRecord

Chosen = Targets | Sequence[str] | str | None


class Connection(Protocol):
    """What a cluster needs of its transport beyond making calls."""

    @property
    def endpoint(self) -> str:
        """The endpoint in use."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was noticed about our identity."""

    async def connect(self) -> str:
        """Connect now."""


class AsyncCluster(CniVerbs):
    """The nodes of one cluster, and everything that can be done with them.

    Made by :meth:`from_talosconfig`; a context manager that connects on entry and closes on exit. Belongs to one event loop, and to the
    process that made it. Which nodes are meant is said with ``nodes``: :class:`~talospatch.fleet.targets.Targets`, names or one name;
    there is no default but the ``nodes`` that the cluster was made with.

    Every verb raises :class:`~talospatch.errors.DialError` when no endpoint can be reached, :class:`~talospatch.errors.ForkedError` in a
    forked child, and :class:`~talospatch.errors.RefusedError` when no nodes are named or none is found. What goes wrong on one node is in
    that node's row, plan or report.

    Args:
        client: what calls are made with; closed with the cluster.
        name: of the cluster; one rollout at a time goes on for each, on this machine.
        connection: connects on entry; None when there is nothing to connect.
        nodes: the nodes that are meant where a verb names none.
        context_nodes: ``nodes`` of the talosconfig's context: a help where discovery is disabled, never counted as named.
        managed_by: what else manages the configurations, such as Omni; every change is then refused.
        journal: where rollouts are journalled; None for a cluster that is only looked at.
        findings: about the talosconfig.
        clock: the time of rollouts; the machine's own when None.
        now: seconds since 1970, for plans.
    """

    def __init__(
        self,
        client: Client,
        *,
        name: str = "",
        connection: Connection | None = None,
        nodes: Chosen = None,
        context_nodes: Sequence[str] = (),
        managed_by: str = "",
        journal: JournalStore | None = None,
        findings: Sequence[Finding] = (),
        clock: Clock | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.client, self.name = client, name
        self._connection, self._nodes, self._context_nodes = connection, nodes, tuple(context_nodes)
        self._managed_by, self._journal, self._findings = managed_by, journal, tuple(findings)
        self._clock, self._now, self._pid = clock, now, os.getpid()

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
        from talospatch.rollout.journal import JournalStore
        from talospatch.rollout.places import Places
        from talospatch.talosapi import talosconfig
        from talospatch.talosapi.client import Client
        from talospatch.talosapi.grpc_transport import GrpcTransport

        surroundings = os.environ if environ is None else environ
        explicit = None if path is None else str(path)
        loaded = talosconfig.load(talosconfig.find(explicit, surroundings))
        chosen = loaded.context(context)
        if cluster is not None:
            chosen = replace(chosen, cluster=cluster)
        transport = GrpcTransport(chosen, endpoints=endpoints, observer=observer, environ=surroundings)
        return cls(
            Client(transport, timeout=timeout, secrets=lambda: (chosen.password,) if chosen.password else ()),
            name=chosen.cluster or chosen.name,
            connection=transport,
            nodes=nodes,
            context_nodes=chosen.nodes,
            managed_by="Omni" if chosen.auth == "siderov1" else "",
            journal=JournalStore(Places.of(surroundings, journal_dir=journal_dir)),
            findings=talosconfig.findings(loaded, explicit, surroundings),
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was noticed about the talosconfig and, once connected, about our certificate."""
        return (*self._findings, *(self._connection.findings if self._connection else ()))

    @property
    def endpoint(self) -> str:
        """The endpoint in use, as ``host:port``; empty when there is none."""
        return self._connection.endpoint if self._connection else ""

    async def __aenter__(self) -> Self:
        try:
            await self.connect()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        await self.close()

    async def connect(self) -> str:
        """Connect now and return the endpoint used. The first call would do so too; this tells earlier, and better, why it cannot be done.

        Raises:
            TalosconfigError: our certificate is not valid now.
        """
        refuse_fork(self._pid)
        return await self._connection.connect() if self._connection else ""

    async def close(self) -> None:
        """Close every connection. Safe to call twice; does nothing in a forked child."""
        if os.getpid() == self._pid:
            await self.client.close()

    async def inventory(self, nodes: Chosen = None, *, detail: Detail = Detail.FULL) -> Inventory:
        """Find nodes and say who and how they are: the role os:reader sees all but what the configuration tells.

        Args:
            nodes: the nodes.
            detail: how much is asked of each.
        """
        return await find(self.client, self._targets(nodes), context_nodes=self._context_nodes, detail=detail)

    async def plan(self, changes: Change | Sequence[Change], *, nodes: Chosen = None, options: Options | None = None) -> Plan:
        """Work out what changes would do to each node, and whether they may. Changes nothing. Needs os:admin.

        Args:
            changes: one change, or several applied in order.
            nodes: the nodes. A control-plane node among them is planned, and refused: only workers are changed.
            options: what the rollout may do, and how long things may take.

        Raises:
            InputError: no change was given, or one cannot be used.
        """
        return await self._plan(changes, nodes, options, thorough=True)

    async def diff(self, changes: Change | Sequence[Change], *, nodes: Chosen = None, options: Options | None = None) -> Plan:
        """Work out only what would become different, with three calls a node. Changes nothing; such a plan cannot be applied.

        Args:
            changes: one change, or several applied in order.
            nodes: the nodes.
            options: as for a plan.

        Raises:
            InputError: no change was given, or one cannot be used.
        """
        return await self._plan(changes, nodes, options, thorough=False)

    async def apply(
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
        from talospatch.rollout.executor import execute

        refuse_fork(self._pid)
        if max_unavailable is not None:
            plan = replace(plan, options=replace(plan.options, max_unavailable=max_unavailable))
        return await execute(
            self.client,
            plan,
            self._store(),
            scope=self.name,
            clock=self._clock,
            watch=watch or _unwatched,
            should_stop=should_stop or _never,
            kind="undo" if undo_of else "apply",
            of=undo_of,
        )

    async def history(self) -> tuple[Summary, ...]:
        """Return the rollouts that were journalled here, of every cluster, the newest first.

        Raises:
            JournalError: the journal cannot be read.
        """
        from talospatch.rollout.history import history

        return history(self._store())

    async def show(self, rollout: str) -> Shown:
        """Return one rollout in full.

        Args:
            rollout: its id, the beginning of it, or ``last``.

        Raises:
            JournalError: there is none, or it cannot be read.
        """
        from talospatch.rollout.history import show

        return show(self._store(), rollout)

    async def plan_undo(self, rollout: str, *, options: Options | None = None) -> Plan:
        """Work out how each node that a rollout changed would get back the configuration it had. Changes nothing.

        Args:
            rollout: its id, the beginning of it, or ``last``.
            options: what the way back may do.

        Raises:
            JournalError: there is none, it cannot be read, or its bytes cannot be opened.
        """
        from talospatch.rollout.undo import plan_undo

        refuse_fork(self._pid)
        return await plan_undo(self.client, self._store(), rollout, options, now=self._now())

    async def undo(
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
        rollout = self._store().find(rollout)  # once: ``last`` may mean another rollout a moment later
        plan = await self.plan_undo(rollout, options=options)
        return await self.apply(plan, undo_of=rollout, watch=watch, should_stop=should_stop)

    async def resume(
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
        from talospatch.rollout.resume import resume

        refuse_fork(self._pid)
        return await resume(
            self.client,
            self._store(),
            rollout,
            scope=self.name,
            clock=self._clock,
            watch=watch or _unwatched,
            should_stop=should_stop or _never,
        )

    async def _plan(self, changes: Change | Sequence[Change], nodes: Chosen, options: Options | None, *, thorough: bool) -> Plan:
        from talospatch.planning.plan import Options as Allowed
        from talospatch.rollout.planner import make_plan

        targets = self._targets(nodes)
        found = await find(self.client, targets, context_nodes=self._context_nodes, detail=Detail.NAMES)
        plan = await make_plan(
            self.client,
            found.rows,
            changes if isinstance(changes, Sequence) else (changes,),
            options or Allowed(),
            now=self._now(),
            thorough=thorough,
            fleet=found.fleet,
            managed_by=self._managed_by,
        )
        return replace(plan, findings=(*found.findings, *plan.findings))

    def _targets(self, nodes: Chosen) -> Targets:
        refuse_fork(self._pid)
        return as_targets(self._nodes if nodes is None else nodes)

    def _store(self) -> JournalStore:
        if self._journal is None:
            raise RefusedError("no-journal", "this cluster was made without a journal, and nothing is changed without one")
        return self._journal


def _unwatched(_progress: Progress) -> None:
    return


def _never() -> bool:
    return False
