"""Making a plan: read every node, work out what each would get, ask the rules.

Changes nothing. The only apply request it may send is a dry run in mode TRY, which leaves a pending trial alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from talospatch.errors import InputError, InvalidOnNode, NodeError, VersionError
from talospatch.planning.draft import Change, Drafts
from talospatch.planning.facts import NodeFacts
from talospatch.planning.order import safe_order
from talospatch.planning.plan import NodePlan, Options, Plan, Refusal, Strategy
from talospatch.planning.policy import one_machine_each, within_budget
from talospatch.rollout.observe import Reading, observe
from talospatch.talos.apply import ApplyMode
from talospatch.versions import Fact, TalosVersion

if TYPE_CHECKING:
    from talospatch.talos.node import MachineType
    from talospatch.talosapi.client import Client


class Row(Protocol):
    """A node as the inventory knows it."""

    @property
    def address(self) -> str:
        """By which it is called."""

    @property
    def hostname(self) -> str:
        """Empty when unknown."""

    @property
    def machine_type(self) -> MachineType:
        """UNKNOWN when unknown."""

    @property
    def talos(self) -> str:
        """Version tag, or empty."""

    @property
    def error(self) -> str:
        """Why it could not be seen, or empty."""


async def make_plan(
    client: Client,
    rows: Sequence[Row],
    changes: Sequence[Change],
    options: Options | None = None,
    *,
    now: float,
    concurrency: int = 64,
    thorough: bool = True,
    fleet: Iterable[str] = (),
    managed_by: str = "",
) -> Plan:
    """Return the plan of applying ``changes`` to every node of ``rows``.

    Args:
        client: what calls are made with.
        rows: the targets; a row with an error becomes a node that could not be planned, it never blocks the others.
        changes: applied in order; at least one.
        options: what is allowed; the defaults when None.
        now: seconds since 1970, noted in the plan.
        concurrency: about how many calls are in flight at once.
        thorough: False reads only what a difference needs (three calls a node); such a plan can be shown, and is refused by an apply.
        fleet: version tags of nodes that are no targets, which also decide what carries a containerd fragment.
        managed_by: what manages the configurations from elsewhere, when the caller knows: every change is then refused.

    Raises:
        InputError: no change was given, or one cannot be used for any node.
    """
    options = options or Options()
    if not changes:
        raise InputError("no change was given")
    reading = Reading.PLAN if thorough else Reading.DIFFERENCE
    gate = asyncio.Semaphore(at_once(reading, concurrency))

    async def read(row: Row) -> NodeFacts | str:
        if row.error:
            return row.error
        async with gate:
            try:
                return await observe(client, row.address, reading, machine_type=row.machine_type)
            except NodeError as error:
                return str(error)

    found = await asyncio.gather(*(read(row) for row in rows))
    tags = [fact.talos if isinstance(fact, NodeFacts) else row.talos for fact, row in zip(found, rows, strict=True)]
    drafts = Drafts(changes, options, fleet_has_older=_has_older([*tags, *fleet]), managed_by=managed_by)
    nodes = []
    for row, facts in zip(rows, found, strict=True):
        nodes.append(drafts.node(facts, expected_hostname=row.hostname) if isinstance(facts, NodeFacts) else _unplanned(row, facts))
        await asyncio.sleep(0)  # a thousand patches in a row would keep the loop from everything else
    if thorough and options.server_check:
        nodes = list(await asyncio.gather(*(checked(client, node, options, gate) for node in nodes)))
    ordered = safe_order(within_budget(one_machine_each(nodes), options))
    return Plan(nodes=ordered, changes=tuple(change.name for change in changes), options=options, created_at=now, findings=())


def at_once(reading: Reading, calls: int) -> int:
    """Return how many nodes may be read at once so that about so many calls are in flight."""
    return max(1, calls // (len(reading.value) + 1))


def _has_older(tags: Iterable[str]) -> bool:
    """Whether any node is too old for a document of its own; a version that cannot be read counts as old."""
    for tag in tags:
        if not tag:
            continue
        try:
            if not TalosVersion.parse(tag).can(Fact.LIVE_CRI_CUSTOMIZATION):
                return True
        except VersionError:
            return True
    return False


def _unplanned(row: Row, error: str) -> NodePlan:
    return NodePlan(node=row.address, hostname=row.hostname, machine_type=row.machine_type, talos=row.talos, error=error)


async def checked(client: Client, node: NodePlan, options: Options, gate: asyncio.Semaphore) -> NodePlan:
    """Ask the node whether it would take the configuration: a dry run in mode TRY.

    Not where active and persistent differ: nothing is sent to a node on which a trial may be pending.
    """
    if not node.to_do or node.facts is None or node.facts.diverged or node.facts.persistent is None:
        return node
    async with gate:
        try:
            await client.apply_configuration(node.node, node.after, mode=ApplyMode.TRY, dry_run=True, try_timeout=options.try_window)
        except InvalidOnNode as error:
            from talospatch.talosapi.failures import needs_reboot

            if not needs_reboot(error):
                return replace(node, refusals=(*node.refusals, Refusal("refused-by-node", f"the node would not take it: {error.text}")))
            if node.strategy is Strategy.REBOOT:
                return replace(node, check="accepted, needs a reboot")
            why = Refusal("needs-reboot", "the node says that this needs a reboot, which was not expected", "see its configuration")
            return replace(node, refusals=(*node.refusals, why))
        except NodeError as error:
            return replace(node, check=f"not asked: {error}")
    return replace(node, check="accepted")
