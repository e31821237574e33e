"""Making a plan: read every node, work out what each would get, ask the rules.

Changes nothing. The only apply request it may send is a dry run in mode TRY, which leaves a pending trial alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from talospatch.errors import InputError, InvalidOnNode, NodeError, VersionError
from talospatch.planning.draft import Change, Drafts
from talospatch.planning.order import safe_order
from talospatch.planning.plan import NodePlan, Options, Plan, Refusal, Strategy
from talospatch.planning.policy import one_machine_each, within_budget
from talospatch.rollout.observe import Reading, observe
from talospatch.talos.apply import ApplyMode
from talospatch.versions import Fact, TalosVersion

if TYPE_CHECKING:
    from talospatch.planning.facts import NodeFacts
    from talospatch.rollout.rows import Row
    from talospatch.talos.node import NodeVersion
    from talospatch.talosapi.client import Client

CALLS = 64  # about how many are in flight at once


async def make_plan(
    client: Client,
    rows: Sequence[Row],
    changes: Sequence[Change],
    options: Options | None = None,
    *,
    now: float,
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
    gate, turn = asyncio.Semaphore(at_once(reading)), asyncio.Lock()
    ages = _Ages(rows, fleet)
    # One for each answer, so that a wrong guess can be made good. Nodes with the same text share the work in there.
    drafts = {older: Drafts(changes, options, fleet_has_older=older, managed_by=managed_by) for older in (False, True)}

    async def worked_out(row: Row, facts: NodeFacts, older: bool) -> NodePlan:
        async with turn:
            await asyncio.sleep(0)  # a thousand patches in a row would keep the loop from everything else
            return drafts[older].node(facts, expected_hostname=row.hostname)

    async def one(row: Row) -> NodePlan:
        if row.error:
            return _unplanned(row, row.error)
        try:
            async with gate:
                version = await ages.ask(client, row)  # first: a node that is dead costs one call, not one for each attribute
                facts = await observe(client, row.address, reading, machine_type=row.machine_type, version=version)
        except NodeError as error:
            return _unplanned(row, str(error))
        # Worked out while the next nodes are read, by what discovery says of the others' versions; again, should that be wrong.
        guess = ages.older or ages.likely
        node = await worked_out(row, facts, guess)
        await ages.known.wait()
        if ages.older is not guess:
            node = await worked_out(row, facts, ages.older)
        return await checked(client, node, options, gate) if thorough and options.server_check else node

    nodes = await _all(one(row) for row in rows)
    ordered = safe_order(within_budget(one_machine_each(nodes), options))
    return Plan(nodes=ordered, changes=tuple(change.name for change in changes), options=options, created_at=now, findings=())


class _Ages:
    """Asks the nodes for their versions: what carries a containerd fragment depends on whether any is too old for a document of its own.

    Attributes:
        known: set when an old one was found, or when all have answered or failed.
        older: whether there is an old one; final once ``known``.
        likely: what ``older`` will be, if the inventory is right.
    """

    def __init__(self, rows: Sequence[Row], others: Iterable[str]) -> None:
        self._to_hear = sum(not row.error for row in rows)
        self.known = asyncio.Event()
        self.older = any(map(_is_older, [*others, *(row.talos for row in rows if row.error)]))
        self.likely = self.older or any(_is_older(row.talos) for row in rows)
        if self.older:
            self.known.set()

    async def ask(self, client: Client, row: Row) -> NodeVersion:
        """Return a node's version. Where it fails, what the inventory says of the node counts.

        Raises:
            NodeError: it does not answer.
        """
        tag = row.talos
        try:
            version = await client.version(row.address)
            tag = version.tag
            return version
        finally:
            self._to_hear -= 1
            self.older = self.older or _is_older(tag)
            if self.older or not self._to_hear:
                self.known.set()


def _is_older(tag: str) -> bool:
    """Whether a node is too old for a document of its own; a version that cannot be read counts as old, one that is not known does not."""
    try:
        return bool(tag) and not TalosVersion.parse(tag).can(Fact.LIVE_CRI_CUSTOMIZATION)
    except VersionError:
        return True


async def _all(works: Iterable[Coroutine[Any, Any, NodePlan]]) -> list[NodePlan]:
    """Do all at once and return what came, in order. What one raises ends the others, and none goes on after this returns."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def at_once(reading: Reading) -> int:
    """Return how many nodes may be read at once."""
    return max(1, CALLS // len(reading.value))


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
