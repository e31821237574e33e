"""One node's rollout as a pure function: what was seen last, and so what to do next.

Everything a rollout does to the world is an :class:`~talospatch.planning.actions.Action` that comes out of :func:`step`. It can therefore
be stopped after any of them and looked at, which is how the promises about a killed client are tested.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from talospatch.planning import reboot, trial
from talospatch.planning.actions import Action, Depth, Kind, Seen
from talospatch.planning.outcomes import Outcome
from talospatch.planning.plan import NodePlan, Options, Strategy
from talospatch.planning.policy import moved
from talospatch.planning.proof import judge, missing, proven, services_healthy, services_listed
from talospatch.planning.state import Next, Phase, State, finish, intend, look, look_later
from talospatch.talos.apply import ApplyMode


def begin(
    plan: NodePlan, options: Options, *, adopted: bool = False, rebooting: bool = False, left_boot_id: str = "", take_back: str = ""
) -> State:
    """Return the state before the first step.

    Args:
        plan: the node's plan; it may go ahead.
        options: what was allowed.
        adopted: the node runs the new configuration already without having stored it; see :class:`State`.
        rebooting: the node has stored it already and is on its way through a reboot; see :class:`State`.
        left_boot_id: with ``rebooting``, the boot that it is to leave.
        take_back: why the change, which the node has already in part, is to be taken back without another attempt; empty for going on.
    """
    return State(plan=plan, options=options, adopted=adopted, rebooting=rebooting, boot_id=left_boot_id, why=take_back)


def step(state: State, seen: Seen) -> tuple[State, Action]:
    """Return the next state and the one action to take; its outcome is ``seen`` of the next call.

    The first call is made with a ``seen`` that holds only the time. After a FINISH there is no next call.
    """
    if state.sleeping:
        return replace(state, sleeping=False), Action(kind=Kind.LOOK, depth=state.depth)
    if state.phase is Phase.INTENDED and seen.error is not None:
        return finish(state, Outcome.FAILED, f"{seen.error}; nothing was changed")
    table = _REBOOT if state.plan.strategy is Strategy.REBOOT else _TRIAL
    return table[state.phase](state, seen)


def look_again(state: State, now: float) -> State:
    """Return the state in which a committed trial is read once more: :func:`step` goes on from the answer of a LOOK at everything."""
    return replace(state, phase=Phase.SETTLED, depth=Depth.EVERYTHING, deadline=now + state.options.proof_timeout)


def _start(state: State, seen: Seen) -> Next:
    return look(state, Phase.CHECKED, says="reading it again", deadline=seen.now + state.options.proof_timeout)


def _checked(state: State, seen: Seen) -> Next:
    """Rule: directly before applying, nothing may have moved since the plan."""
    plan, facts = state.plan, seen.facts
    reboots = plan.strategy is Strategy.REBOOT
    if (state.rebooting or state.why) and reboots and facts is None:
        facts = plan.facts  # it may be down just now; what it was is known
    if facts is None:
        return finish(state, Outcome.FAILED, f"it could not be looked at, and nothing was changed: {seen.error or 'no answer'}")
    if plan.strategy is Strategy.NOTHING:
        return _as_it_is(state, seen)
    assert plan.facts is not None
    state = replace(state, since=facts)
    if state.why:
        return reboot.take_back(state, state.why) if reboots else trial.take_back(state, state.why)
    drift = moved(plan.facts, facts)
    if drift and not state.rebooting:
        return finish(state, Outcome.REFUSED, f"the plan is out of date: {drift}; nothing was changed")
    return intend(state, ApplyMode.AUTO if reboots else ApplyMode.TRY)


def _as_it_is(state: State, seen: Seen) -> Next:
    """Nothing to change: only look whether it is in effect."""
    assert seen.facts is not None
    items = judge(state.plan, seen.facts, at=seen.at, trial=False)
    if proven(items):
        return finish(state, Outcome.UNCHANGED, "", items)
    if items[0].ok is False:
        return finish(state, Outcome.REFUSED, "the plan is out of date: its configuration has become another; nothing was changed", items)
    waitable = services_listed(seen.facts) or (state.plan.facts is not None and services_listed(state.plan.facts))
    if waitable and not services_healthy(seen.facts) and seen.now < state.deadline:
        return look_later(state)
    return finish(state, Outcome.NOT_PROVEN, f"nothing to change, but: {missing(items)}", items)


_Handler = Callable[[State, Seen], Next]

_TRIAL: dict[Phase, _Handler] = {
    Phase.START: _start,
    Phase.CHECKED: _checked,
    Phase.INTENDED: trial.send,
    Phase.APPLIED: trial.applied,
    Phase.UNSURE: trial.unsure,
    Phase.PROVING: trial.proving,
    Phase.COMMIT_JOURNALLED: trial.commit_journalled,
    Phase.COMMIT_CHECKED: trial.commit_checked,
    Phase.COMMITTED: trial.committed,
    Phase.READ_BACK: trial.read_back,
    Phase.REPAIR_JOURNALLED: trial.repair_journalled,
    Phase.SETTLED: trial.settled,
    Phase.TAKE_BACK_JOURNALLED: trial.take_back_journalled,
    Phase.TAKE_BACK_SENT: trial.take_back_sent,
    Phase.REVERTING: trial.reverting,
}
_REBOOT: dict[Phase, _Handler] = {
    Phase.START: _start,
    Phase.CHECKED: _checked,
    Phase.INTENDED: reboot.send,
    Phase.APPLIED: reboot.applied,
    Phase.UNSURE: reboot.unsure,
    Phase.REBOOTING: reboot.rebooting,
    Phase.TAKE_BACK_JOURNALLED: reboot.take_back_journalled,
    Phase.TAKE_BACK_SENT: reboot.take_back_sent,
    Phase.RETURNING: reboot.returning,
}
