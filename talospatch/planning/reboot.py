"""A change that reboots the node (Talos up to 1.13): AUTO, wait until it is back, proof; or its old bytes again.

Whether a node comes right is seen early: with a part that containerd's configuration cannot take, the boot stands still for 35 minutes
while apid answers, and gives it no chance by itself. So the stage and the services are watched, and a node that stands still is given
what it had.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from talospatch.errors import NodeBusy
from talospatch.planning.actions import Action, Kind, Seen
from talospatch.planning.outcomes import Outcome
from talospatch.planning.proof import judge, missing, proven, services_healthy
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

if TYPE_CHECKING:
    from talospatch.planning.facts import NodeFacts

_MOST_BOOTS = 2  # a node that boots more often than this for one change is in a loop


def send(state: State, seen: Seen) -> Next:
    """Apply with the reboot that comes with it; a node that is on its way already is only waited for."""
    deadline = seen.now + state.options.reboot_timeout
    state = replace(state, sent_at=seen.now, deadline=deadline, stood_since=seen.now)
    if state.rebooting:
        return look(state, Phase.REBOOTING, says="waiting for the node")
    state = replace(state, phase=Phase.APPLIED, attempts=state.attempts + 1, boot_id=state.since.boot_id if state.since else "")
    return state, Action(kind=Kind.APPLY, data=state.plan.after, mode=ApplyMode.AUTO, says="applying, the node reboots")


def applied(state: State, seen: Seen) -> Next:
    """The node answered, or did not."""
    if seen.error is not None:
        return look(state, Phase.UNSURE, error=seen.error)
    if seen.reply is not None and not seen.reply.reboots:
        return look_later(replace(state, phase=Phase.REBOOTING, stays=True))
    return look_later(replace(state, phase=Phase.REBOOTING), says="rebooting")


def unsure(state: State, seen: Seen) -> Next:
    """The request failed; see whether it was acted on."""
    found, error = configurations(seen), state.error
    assert error is not None
    if surely_not_done(error) and found == state.former:
        if isinstance(error, NodeBusy) and state.attempts < ATTEMPTS:
            return send(state, seen)
        return finish(state, Outcome.FAILED, f"{error}; it has its former configuration")
    if found is None or found[1] == state.plan.after:
        return look_later(replace(state, phase=Phase.REBOOTING), says="no answer, watching the node")
    if found != state.former:
        return finish(state, Outcome.FAILED, f"{error}; what it has now is neither its former configuration nor the new one; look at it")
    if seen.now < state.sent_at + GRACE:
        return look_later(state)
    return finish(
        state,
        Outcome.UNKNOWN,
        f"{error}; it has its former configuration, and should the request still arrive, it reboots with the new one",
    )


def rebooting(state: State, seen: Seen) -> Next:
    """Watch the node go down, come back and come right."""
    options, facts = state.options, seen.facts
    if facts is None or seen.error is not None or not (facts.boot_id or facts.stage):
        if seen.now < state.deadline:
            return look_later(replace(state, stood_since=seen.now))
        return finish(
            state,
            Outcome.FAILED,
            f"it has not come back within {options.reboot_timeout:g} s: {not_seen(seen)}; its former bytes are in the journal",
        )
    found = configurations(seen)
    if facts.boot_id and facts.boot_id != state.boot_id:
        state = replace(state, boot_id=facts.boot_id, boots=state.boots + 1, stood_since=seen.now, picture=())
        if state.boots > _MOST_BOOTS:
            return take_back(state, f"it boots again and again ({state.boots} times now)")
    if found is not None and found[1] == state.former[1] and state.boots:
        return finish(state, Outcome.FAILED, "it came back with its former configuration: the new one was not stored")
    if not state.boots:
        return _not_gone_yet(state, seen, facts)
    if facts.running and found is not None:
        state = replace(state, proof=judge(state.plan, facts, at=seen.at, trial=False, since=state.baseline))
        if proven(state.proof):
            return finish(state, Outcome.PROVEN, "")
    picture = _picture(facts)
    if picture != state.picture:
        state = replace(state, picture=picture, stood_since=seen.now)
    patience = options.proof_timeout if facts.running else options.stuck_timeout
    if seen.now < state.deadline and seen.now - state.stood_since < patience:
        return look_later(state, says=f"back, {facts.stage}")
    if facts.running and services_healthy(facts, state.baseline):
        return finish(state, Outcome.NOT_PROVEN, f"it is back and running, but: {missing(state.proof) or not_seen(seen)}")
    return take_back(state, f"it does not come right: {_standstill(facts)}")


def _not_gone_yet(state: State, seen: Seen, facts: NodeFacts) -> Next:
    """The boot it is to leave is still running, or which boot it is cannot be read."""
    if not facts.running or (not state.stays and seen.now - state.sent_at < state.options.stuck_timeout):
        if seen.now < state.deadline:
            return look_later(state)
        return finish(state, Outcome.FAILED, f"it did not reboot within {state.options.reboot_timeout:g} s and is in stage {facts.stage!r}")
    items = judge(state.plan, facts, at=seen.at, trial=False)
    if proven(items):
        return finish(state, Outcome.PROVEN, "", items)
    reason = "it took the configuration and did not reboot, so that it takes effect only at its next boot"
    return finish(state, Outcome.NOT_PROVEN if items[0].ok else Outcome.FAILED, reason if items[0].ok else missing(items), items)


def take_back(state: State, why: str) -> Next:
    """Give the node its former bytes."""
    return note(replace(state, why=why), Phase.TAKE_BACK_JOURNALLED, "take-back", says="not right, giving its old bytes again", why=why)


def take_back_journalled(state: State, seen: Seen) -> Next:
    """Send the former bytes, which reboots the node once more."""
    state = replace(state, phase=Phase.TAKE_BACK_SENT, deadline=seen.now + state.options.reboot_timeout, stood_since=seen.now)
    return _send_back(state)


def _send_back(state: State) -> Next:
    state = replace(state, phase=Phase.TAKE_BACK_SENT, attempts=state.attempts + 1)
    return state, Action(kind=Kind.APPLY, data=state.former[1], mode=ApplyMode.AUTO)


def take_back_sent(state: State, seen: Seen) -> Next:
    """Whatever the node answered, what counts is what it has."""
    return look_later(replace(state, phase=Phase.RETURNING, error=seen.error))


def returning(state: State, seen: Seen) -> Next:
    """Wait until the node runs with what it had."""
    found, facts = configurations(seen), seen.facts
    if facts is not None and found is not None:
        if facts.running and found == (state.former[1], state.former[1]) and services_healthy(facts, state.baseline):
            return finish(state, Outcome.TAKEN_BACK, state.why)
        if found[1] != state.former[1] and state.attempts < ATTEMPTS and seen.now < state.deadline:
            return _send_back(state)
    if seen.now < state.deadline:
        return look_later(state)
    stored = (
        "its former bytes are stored on it" if found is not None and found[1] == state.former[1] else "its former bytes are in the journal"
    )
    seen_now = _standstill(facts) if facts is not None and facts.stage else not_seen(seen)
    return finish(
        state, Outcome.FAILED, f"{state.why}; it did not come right after it was given its old bytes again ({seen_now}); {stored}"
    )


def _picture(facts: NodeFacts) -> tuple[Any, ...]:
    """What a boot that goes on changes; texts that only count up are left out."""
    unmet = facts.status.unmet if facts.status else ()
    return (facts.stage, tuple(name for name, _reason in unmet), tuple(sorted((service.id, service.state) for service in facts.services)))


def _standstill(facts: NodeFacts) -> str:
    unmet = ", ".join(name for name, _reason in facts.status.unmet) if facts.status else ""
    waiting = ", ".join(f"{service.id} {service.state.lower()}" for service in facts.services if service.state != "Running")
    parts = [f"stage {facts.stage!r}", f"waits for {unmet}" if unmet else "", f"services: {waiting}" if waiting else ""]
    return "; ".join(part for part in parts if part)
