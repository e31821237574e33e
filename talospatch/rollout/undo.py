"""Going back: a new apply of the bytes that a rollout stored before it changed each node.

Only where the node still has what the rollout wrote, is the same machine, and its present Talos version can carry the former text. It is
planned, ordered, tried, proven and journalled like any other change.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from talospatch.errors import NodeError, TalosPatchError, VersionError
from talospatch.machineconfig.config import MachineConfig
from talospatch.planning.difference import NodeDifference
from talospatch.planning.effects import effects_between, gravest
from talospatch.planning.fragments import proof_of
from talospatch.planning.order import safe_order
from talospatch.planning.plan import Diverged, NodePlan, Options, Plan, Refusal
from talospatch.planning.policy import Case, refusals, strategy, within_budget
from talospatch.rollout.observe import Reading, observe
from talospatch.rollout.planner import at_once, checked
from talospatch.rollout.stored import Touched, touched
from talospatch.talos.machine_type import MachineType
from talospatch.versions import Fact, TalosVersion

if TYPE_CHECKING:
    from talospatch.planning.facts import NodeFacts
    from talospatch.rollout.journal import JournalStore
    from talospatch.talosapi.client import Client

# Kinds of documents that nodes before the named fact refuse to read, so that they would not boot.
NEWER_KINDS = {"CRICustomizationConfig": Fact.LIVE_CRI_CUSTOMIZATION, "CRIBaseRuntimeSpecConfig": Fact.LIVE_CRI_CUSTOMIZATION}


async def plan_undo(client: Client, store: JournalStore, rollout: str, options: Options | None = None, *, now: float) -> Plan:
    """Return the plan of taking a rollout back; carry it out with :func:`talospatch.rollout.executor.execute`.

    Args:
        client: what calls are made with.
        store: the journals.
        rollout: its id, the beginning of it, or ``last``.
        options: what is allowed now; what was allowed then does not count.
        now: seconds since 1970.

    Raises:
        JournalError: it cannot be read, or its bytes cannot be opened.
    """
    options = options or Options()
    record = store.read(rollout)
    known = touched(store, record)
    types = {node["node"]: MachineType(node["machineType"]) for node in record.begin.fields["plan"]["nodes"]}
    gate = asyncio.Semaphore(at_once(Reading.PLAN))

    async def one(address: str, done: Touched) -> NodePlan:
        machine_type = types.get(address, MachineType.UNKNOWN)
        hostname = str(done.intent.fields.get("hostname", ""))
        blank = NodePlan(node=address, hostname=hostname, machine_type=machine_type, talos=str(done.intent.fields.get("talos", "")))
        async with gate:
            try:
                facts = await observe(client, address, Reading.PLAN, machine_type=machine_type)
            except NodeError as error:
                return replace(blank, error=str(error))
        planned = _node(blank, facts, done, options)
        return await checked(client, planned, options, gate) if options.server_check else planned

    nodes = await asyncio.gather(*(one(address, done) for address, done in known.items()))
    return Plan(
        nodes=safe_order(within_budget(nodes, options)),
        changes=(f"undo of {record.id}",),
        options=options,
        created_at=now,
    )


def _node(blank: NodePlan, facts: NodeFacts, done: Touched, options: Options) -> NodePlan:
    plan = replace(blank, talos=facts.talos, facts=facts, machine_type=facts.machine_type)
    case = Case(facts=facts, options=options, changes=False, expected_hostname=blank.hostname)
    try:
        version = TalosVersion.parse(facts.talos)
    except VersionError:
        return replace(plan, refusals=refusals(case))
    if facts.active is None or facts.persistent is None:
        return replace(plan, refusals=refusals(case) or (Refusal("no-configuration", "its configuration cannot be read"),))
    uuid = done.intent.fields.get("machineUuid", "")
    if facts.machine_uuid != uuid:
        other = Refusal(
            "other-machine", f"the rollout changed the machine {uuid or 'without UUID'}, and {facts.machine_uuid or 'none'} answers"
        )
        return replace(plan, refusals=(other,))
    try:
        return _back(plan, facts, done, case, version)
    except TalosPatchError as error:
        return replace(plan, refusals=(Refusal("change", str(error)),))


def _back(plan: NodePlan, facts: NodeFacts, done: Touched, case: Case, version: TalosVersion) -> NodePlan:
    assert facts.active is not None
    assert facts.persistent is not None
    former = MachineConfig.parse(done.before, source="the former configuration")
    written = MachineConfig.parse(done.after, source="what was written")
    if facts.active.data == facts.persistent.data == done.before:
        same, difference = proof_of(former, former, version), NodeDifference(done.before, done.before)
        return replace(plan, before=done.before, after=done.before, difference=difference, proof=same, refusals=refusals(case))
    if facts.diverged:  # whichever of the two it is: going back builds on one known state only
        wary = replace(case, changes=True, options=replace(case.options, diverged=Diverged.REFUSE))
        return replace(plan, before=facts.active.data, after=facts.active.data, refusals=refusals(wary))
    if facts.active.data != done.after:
        difference = NodeDifference(done.after, facts.active.data)
        sentence = "it no longer has what the rollout wrote: it was changed since"
        refusal = Refusal("changed-since", sentence, "take the change out by hand, keeping what came after it", difference.unified())
        return replace(plan, before=facts.active.data, after=facts.active.data, difference=difference, refusals=(refusal,))
    newer = [
        kind for kind, fact in NEWER_KINDS.items() if not version.can(fact) and any(document.kind == kind for document in former.documents)
    ]
    if newer:
        sentence = f"its former configuration has a {newer[0]} document, which Talos {version} cannot read: it would not boot"
        return replace(plan, before=done.after, after=done.after, refusals=(Refusal("version-cannot-carry", sentence),))
    proof = proof_of(written, former, version)
    effects = effects_between(written, former, written.diff(former), version)
    effect = gravest(effects)
    case = replace(case, changes=True, effect=effect)
    return replace(
        plan,
        before=done.after,
        after=done.before,
        difference=NodeDifference(done.after, done.before),
        effect=effect,
        effects=effects,
        strategy=strategy(True, effect, version),
        refusals=refusals(case),
        proof=proof,
    )
