"""A change on trial: TRY, proof, commit, read back; or taken back.

The trial reverts by itself after its window, whatever becomes of us. A commit is sent only while ``margin`` seconds of the window are
left, after both configurations were read again, and they are read again after it: a rollback that was on its way may still land.
"""

from __future__ import annotations

import math
from dataclasses import replace

from talospatch.errors import NodeBusy
from talospatch.planning.actions import Action, Depth, Kind, Seen
from talospatch.planning.effects import Effect
from talospatch.planning.outcomes import Outcome
from talospatch.planning.proof import judge, missing, proven, services_healthy, waiting_for
from talospatch.planning.state import (
    ATTEMPTS,
    GRACE,
    Next,
    Phase,
    State,
    configurations,
    finish,
    look,
    look_later,
    not_seen,
    note,
    surely_not_done,
)
from talospatch.talos.apply import ApplyMode

_REPAIRS = 2
_OTHER = "somebody else changed it meanwhile: what it has now is neither its former configuration nor the new one; look at it"


def send(state: State, seen: Seen) -> Next:
    """Start the trial; one that runs already goes straight to its proof."""
    if state.adopted:
        return look(state, Phase.PROVING, sent_at=seen.now, deadline=seen.now + state.options.proof_timeout, window_end=math.inf)
    options = state.options
    state = replace(
        state,
        phase=Phase.APPLIED,
        attempts=state.attempts + 1,
        sent_at=seen.now,
        deadline=seen.now + options.proof_timeout,
        window_end=seen.now + options.try_window,
    )
    says = f"on trial for {options.try_window:g} s"
    return state, Action(
        kind=Kind.APPLY, data=state.plan.after, mode=ApplyMode.TRY, window=options.try_window, timeout=options.proof_timeout, says=says
    )


def applied(state: State, seen: Seen) -> Next:
    """The node answered the trial, or did not."""
    if seen.error is None:
        return look(state, Phase.PROVING, says="waiting for proof", error=None)
    return look(state, Phase.UNSURE, error=seen.error)


def unsure(state: State, seen: Seen) -> Next:
    """The request failed; see whether it was acted on."""
    found = configurations(seen)
    error = state.error
    assert error is not None
    if found is None:
        if seen.now < state.window_end + GRACE:
            return look_later(state)
        return finish(state, Outcome.UNKNOWN, f"{error}; it has not answered since; if the trial began, it has reverted by itself")
    if found[0] == state.plan.after:
        return proving(replace(state, phase=Phase.PROVING), seen)
    if found != state.former:
        return finish(state, Outcome.FAILED, f"{error}; {_OTHER}")
    if isinstance(error, NodeBusy) and state.attempts < ATTEMPTS:
        return send(state, seen)
    if not surely_not_done(error) and seen.now < state.sent_at + GRACE:
        return look_later(state)
    late = (
        ""
        if surely_not_done(error)
        else f"; should the request still arrive, the trial reverts by itself within {state.options.try_window:g} s"
    )
    return finish(state, Outcome.FAILED, f"{error}; it has its former configuration{late}")


def proving(state: State, seen: Seen) -> Next:
    """Look for proof until the deadline; then commit, or take it back."""
    found = configurations(seen)
    if found is None or seen.facts is None:
        return _again_or_back(state, seen, f"it could not be looked at: {not_seen(seen)}")
    active, persistent = found
    if active != state.plan.after:
        if found == state.former:
            return finish(state, Outcome.TAKEN_BACK, f"the trial ended before it was proven: {missing(state.proof) or 'no proof was seen'}")
        return finish(state, Outcome.FAILED, _OTHER)
    items = judge(state.plan, seen.facts, at=seen.at, trial=True, since=state.baseline)
    state = replace(state, proof=items)
    if persistent not in {state.former[1], state.plan.after}:
        return finish(state, Outcome.FAILED, f"{_OTHER}; the trial reverts by itself")
    if not proven(items):
        return _again_or_back(state, seen, missing(items), says=f"waiting for proof: {waiting_for(items)}")
    return note(state, Phase.COMMIT_JOURNALLED, "commit", says="proven, making it permanent")


def _again_or_back(state: State, seen: Seen, why: str, *, says: str = "") -> Next:
    if seen.now < state.deadline:
        return look_later(state, says=says)
    return take_back(state, f"not proven within {state.options.proof_timeout:g} s: {why}")


def commit_journalled(state: State, seen: Seen) -> Next:
    """Read both configurations once more before the commit; without a journal there is none."""
    if seen.error is not None:
        return take_back(state, f"{seen.error}")
    return look(state, Phase.COMMIT_CHECKED, Depth.CONFIGURATIONS)


def commit_checked(state: State, seen: Seen) -> Next:
    """Commit, if the trial still runs and its window leaves the time."""
    found = configurations(seen)
    time_left = seen.now + state.options.margin < state.window_end
    if found is None:
        return (
            look_later(state)
            if time_left and seen.now < state.deadline + GRACE
            else take_back(state, f"it could not be read before the commit: {not_seen(seen)}")
        )
    if found == (state.plan.after, state.plan.after) and state.former[1] != state.plan.after:
        return read_back(replace(state, phase=Phase.READ_BACK), seen)
    if found == (state.plan.after, state.former[1]):
        if not time_left:
            return take_back(state, "proven too late to be committed well inside the trial's window")
        timeout = min(60.0, state.window_end - seen.now - state.options.margin / 2)
        state = replace(state, phase=Phase.COMMITTED, attempts=state.attempts + 1)
        return state, Action(kind=Kind.APPLY, data=state.plan.after, mode=ApplyMode.NO_REBOOT, timeout=timeout)
    if found == state.former:
        return finish(state, Outcome.TAKEN_BACK, "the trial ended by itself before it was committed")
    return finish(state, Outcome.FAILED, _OTHER)


def committed(state: State, seen: Seen) -> Next:
    """Whatever the node answered, what counts is what it has."""
    return look(state, Phase.READ_BACK, Depth.CONFIGURATIONS, error=seen.error, deadline=seen.now + state.options.proof_timeout)


def read_back(state: State, seen: Seen) -> Next:
    """After the commit: both configurations must be the new one."""
    found = configurations(seen)
    after, former = state.plan.after, state.former
    if found is None:
        if seen.now < min(state.window_end, state.deadline + GRACE) + GRACE:
            return look_later(state)
        return finish(state, Outcome.UNKNOWN, f"the commit was sent and the node has not answered since: {not_seen(seen)}")
    if found == (after, after):
        return look_later(replace(state, phase=Phase.SETTLED, depth=Depth.EVERYTHING), seconds=state.options.settle, says="reading it back")
    if found == (former[0], after):
        return _repair(state)
    if found == (after, former[1]):
        if state.attempts < ATTEMPTS and seen.now + state.options.margin < state.window_end and seen.now < state.deadline:
            return look_later(replace(state, phase=Phase.COMMIT_CHECKED, depth=Depth.CONFIGURATIONS))
        return take_back(state, f"the node did not make it permanent: {state.error or 'no reason given'}")
    if found == former:
        return finish(
            state, Outcome.TAKEN_BACK, f"the trial ended by itself before it was committed: {state.error or 'the commit came too late'}"
        )
    return finish(state, Outcome.FAILED, f"after the commit, {_OTHER}")


def _repair(state: State) -> Next:
    if state.repairs >= _REPAIRS:
        reason = "a rollback landed after the commit, and again after each repair: the former configuration runs, the new one is stored"
        return finish(state, Outcome.FAILED, reason)
    return note(
        replace(state, repairs=state.repairs + 1), Phase.REPAIR_JOURNALLED, "repair", says="a rollback landed after the commit, repairing"
    )


def repair_journalled(state: State, _seen: Seen) -> Next:
    """Send the new configuration once more; no trial is pending, so nothing is cancelled by it."""
    return replace(state, phase=Phase.COMMITTED), Action(kind=Kind.APPLY, data=state.plan.after, mode=ApplyMode.NO_REBOOT)


def settled(state: State, seen: Seen) -> Next:
    """The last look: nothing landed late, and the effect is still there."""
    found = configurations(seen)
    if found is None or seen.facts is None:
        if seen.now < state.deadline:
            return look_later(state)
        return finish(state, Outcome.NOT_PROVEN, f"it was committed and read back, then could not be looked at: {not_seen(seen)}")
    if found != (state.plan.after, state.plan.after):
        return (
            _repair(state) if found == (state.former[0], state.plan.after) else finish(state, Outcome.FAILED, f"after the commit, {_OTHER}")
        )
    state = replace(state, proof=judge(state.plan, seen.facts, at=seen.at, trial=False, since=state.baseline))
    if not proven(state.proof):
        if seen.now < state.deadline:
            return look_later(state)
        return finish(state, Outcome.NOT_PROVEN, missing(state.proof))
    if state.plan.effect is Effect.NEXT_BOOT:
        return finish(state, Outcome.NOT_PROVEN, "it has the configuration, which takes effect only at its next boot")
    return finish(state, Outcome.PROVEN, "")


def take_back(state: State, why: str) -> Next:
    """Give the node its former configuration, or wait for the trial to do so where the two former ones differed."""
    state = replace(state, why=why)
    active, persistent = state.former
    if active != persistent and not state.adopted:
        return look_later(
            replace(state, phase=Phase.REVERTING, depth=Depth.EVERYTHING, deadline=state.window_end + GRACE),
            says="waiting for the trial to revert",
        )
    return note(state, Phase.TAKE_BACK_JOURNALLED, "take-back", says="not proven, taking it back", why=why)


def take_back_journalled(state: State, seen: Seen) -> Next:
    """Send the former bytes. They are what the trial would revert to, so a rollback landing in between changes nothing."""
    end = seen.now if math.isinf(state.window_end) else max(seen.now, state.window_end)
    return _send_back(replace(state, deadline=end + state.options.proof_timeout))


def _send_back(state: State) -> Next:
    state = replace(state, phase=Phase.TAKE_BACK_SENT, attempts=state.attempts + 1)
    return state, Action(kind=Kind.APPLY, data=state.former[1], mode=ApplyMode.NO_REBOOT)


def take_back_sent(state: State, seen: Seen) -> Next:
    """Whatever the node answered, what counts is what it has."""
    return look(state, Phase.REVERTING, error=seen.error)


def reverting(state: State, seen: Seen) -> Next:
    """Wait until the node has its former configuration and its services are well."""
    found = configurations(seen)
    if found == state.former and seen.facts is not None:
        healthy = services_healthy(seen.facts, state.baseline)
        if healthy or seen.now >= state.deadline:
            rest = "" if healthy else "; its services are not healthy yet, look at it"
            return finish(state, Outcome.TAKEN_BACK, f"{state.why}{rest}")
    if seen.now < state.deadline:
        if isinstance(state.error, NodeBusy) and found is not None and state.attempts < ATTEMPTS:
            return _send_back(state)
        return look_later(state)
    if found is None:
        return finish(
            state,
            Outcome.UNKNOWN,
            f"{state.why}; then it stopped answering: {not_seen(seen)}; a trial that was running has reverted by itself",
        )
    return finish(
        state, Outcome.FAILED, f"{state.why}; it could not be taken back: {state.error or 'the former configuration did not come back'}"
    )
