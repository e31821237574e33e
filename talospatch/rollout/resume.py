"""Going on with a rollout that was interrupted, or that stopped: from what was journalled, and from what each node has now.

Nothing is taken on trust: every node is read again, and the rules are asked again. A trial that an interrupted run left is waited for;
only what then still runs unpersisted is proven and made permanent, or taken back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from talospatch.errors import NodeError, RefusedError
from talospatch.planning.outcomes import GOOD, Outcome
from talospatch.planning.plan import Diverged, NodePlan, Plan, Refusal, Strategy
from talospatch.planning.policy import Case, refusals
from talospatch.planning.state import GRACE, State
from talospatch.planning.steps import begin
from talospatch.rollout.clock import Clock, RealClock
from talospatch.rollout.executor import Progress, Turn, Watcher, World, go_on, nobody
from talospatch.rollout.observe import Reading, observe
from talospatch.rollout.stored import Touched, stored_plan, touched

if TYPE_CHECKING:
    from talospatch.planning.facts import NodeFacts
    from talospatch.planning.report import Report
    from talospatch.rollout.journal import JournalStore
    from talospatch.talosapi.client import Client

_LOOKS = 5  # times the usual pause between two looks, while a trial is waited for that nobody needs any more
# Ends after which a node may be halfway.
_UNSURE = frozenset({Outcome.UNKNOWN, Outcome.FAILED, Outcome.NOT_PROVEN, Outcome.INTERRUPTED})


async def resume(
    client: Client,
    store: JournalStore,
    rollout: str,
    *,
    scope: str,
    clock: Clock | None = None,
    watch: Watcher = nobody,
    should_stop: Callable[[], bool] = lambda: False,
) -> Report:
    """Go on with a rollout and return what happened to all of its nodes, those that had ended well before included.

    Args:
        client: what calls are made with.
        store: the journals.
        rollout: its id, the beginning of it, or ``last``.
        scope: the cluster's name; it must be the one that the rollout was made for.
        clock: the time; the machine's own when None.
        watch: told what happens.
        should_stop: asked before each node.

    Raises:
        JournalError: it cannot be read, opened or written, or another rollout goes on.
        RefusedError: it was made for another cluster.
    """
    world = World(client, clock or RealClock(), watch, should_stop)
    record = store.read(rollout)
    if record.begin.fields.get("scope") != scope:
        made_for = record.begin.fields.get("scope")
        raise RefusedError(
            "other-cluster", f"rollout {record.id} was made for {made_for!r}, and this is {scope!r}; choose its context with --context"
        )
    with store.lock(scope):
        record = store.read(record.id)  # it may have grown until the lock was ours
        plan = stored_plan(store, record)
        known = touched(store, record)
        turns = [await _turn(world, plan, node, known.get(node.node)) for node in plan.nodes]
        with contextlib.closing(store.resume(record.id)) as journal:
            journal.write("resumed", {}, at=world.clock.at())
            plan = replace(plan, nodes=tuple(turn.node for turn in turns))
            return await go_on(world, plan, turns, journal)


async def _turn(world: World, plan: Plan, node: NodePlan, done: Touched | None) -> Turn:
    """Work out a node's turn from the journal and from what it has now."""
    if done is not None and done.report is not None and done.report.outcome in GOOD:
        return Turn(node, begin(node, plan.options), report=done.report)
    if not node.may_go_ahead:
        return Turn(node, begin(node, plan.options))
    unfinished = done if done is not None and (done.report is None or done.report.outcome in _UNSURE) else None
    try:
        facts = await observe(world.client, node.node, Reading.PLAN, machine_type=node.machine_type)
        if facts.diverged and unfinished is not None and unfinished.intent.fields.get("mode") == "try":
            await _window_over(world, unfinished, plan, node)
            facts = await observe(world.client, node.node, Reading.PLAN, machine_type=node.machine_type)
    except NodeError as error:
        return _unreachable(plan, node, unfinished, error)
    return _from_facts(plan, node, facts, unfinished)


async def _window_over(world: World, done: Touched, plan: Plan, node: NodePlan) -> None:
    """Wait until the trial that an interrupted run may have left has reverted: only then does what is seen mean anything."""
    wait = min(done.touched_at + float(done.intent.fields.get("window", 0)) + GRACE - world.clock.at(), plan.options.try_window + GRACE)
    if wait > 0:
        detail = f"waiting until an earlier trial has ended, {wait:.0f} s at most"
        world.watch(Progress(kind="doing", node=node.node, name=node.name, detail=detail))
    end = world.clock.now() + wait
    while (left := end - world.clock.now()) > 0:
        await world.clock.sleep(min(left, _LOOKS * plan.options.poll))
        with contextlib.suppress(NodeError):
            if not (await observe(world.client, node.node, Reading.CONFIGURATIONS, machine_type=node.machine_type)).diverged:
                return


def _unreachable(plan: Plan, node: NodePlan, done: Touched | None, error: NodeError) -> Turn:
    """A node on its way through the reboot that we asked for may well not answer; any other is left alone."""
    if done is not None and node.strategy is Strategy.REBOOT:
        return Turn(node, _midway(plan, node, done))
    return Turn(replace(node, error=f"{error}"), begin(node, plan.options))


def _from_facts(plan: Plan, node: NodePlan, facts: NodeFacts, done: Touched | None) -> Turn:
    options, then = plan.options, node.facts
    assert then is not None
    fresh = replace(node, facts=facts)
    stands_against = _other_machine(then, facts) or refusals(
        Case(facts=facts, options=replace(options, diverged=Diverged.ACTIVE), changes=False, expected_hostname=node.hostname)
    )
    if stands_against:
        return Turn(replace(fresh, refusals=stands_against), begin(fresh, options))
    assert facts.active is not None
    assert facts.persistent is not None
    has = (facts.active.data, facts.persistent.data)
    if has == (node.after, node.after) and facts.running:
        settled = replace(fresh, strategy=Strategy.NOTHING)
        return Turn(settled, begin(settled, options))
    if done is not None and facts.persistent.data == node.after and node.strategy is Strategy.REBOOT:
        return Turn(fresh, _midway(plan, fresh, done))
    if has == (node.after, node.before) and done is not None:
        back = str(done.last.fields.get("why", "")) if done.last.event == "take-back" else ""
        return Turn(fresh, begin(fresh, options, adopted=True, take_back=back))
    if has == _former(then) or has == (node.before, node.after):
        case = Case(facts=facts, options=options, changes=True, effect=node.effect, findings=node.findings, expected_hostname=node.hostname)
        if has == (node.before, node.after):  # a rollback that landed after our commit: what is stored is ours
            case = replace(case, options=replace(options, diverged=Diverged.ACTIVE))
        fresh = replace(fresh, refusals=refusals(case))
        return Turn(fresh, begin(fresh, options))
    changed = Refusal("changed-since", "its configuration has become another since the rollout was planned", "make a new plan")
    return Turn(replace(fresh, refusals=(changed,)), begin(fresh, options))


def _midway(plan: Plan, node: NodePlan, done: Touched) -> State:
    """The state of a node that was to reboot, and has or may have taken the configuration."""
    back = str(done.last.fields.get("why", "")) if done.last.event == "take-back" else ""
    return begin(node, plan.options, rebooting=True, left_boot_id=str(done.intent.fields.get("bootId", "")), take_back=back)


def _former(then: NodeFacts) -> tuple[bytes, bytes]:
    assert then.active is not None
    assert then.persistent is not None
    return then.active.data, then.persistent.data


def _other_machine(then: NodeFacts, now: NodeFacts) -> tuple[Refusal, ...]:
    if then.machine_uuid == now.machine_uuid and then.talos == now.talos:
        return ()
    what = (
        f"Talos {then.talos} and is {now.talos}"
        if then.machine_uuid == now.machine_uuid
        else f"{then.machine_uuid} and is {now.machine_uuid}"
    )
    return (Refusal("other-machine", f"it is not what it was when the rollout was planned: it was {what}", "make a new plan"),)
