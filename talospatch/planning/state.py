"""Where one node's rollout stands, and the few moves that every strategy makes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from talospatch.errors import InvalidOnNode, NodeBusy, NodeError, NotAuthorized, NotForwarded, NotSupported, TalosPatchError
from talospatch.planning.actions import Action, Depth, Kind, Seen
from talospatch.planning.facts import NodeFacts, digest
from talospatch.talos.apply import ApplyMode

if TYPE_CHECKING:
    from talospatch.planning.outcomes import Outcome
    from talospatch.planning.plan import NodePlan, Options
    from talospatch.planning.report import ProofItem

GRACE = 10.0  # seconds given to a request or a rollback that was on its way
ATTEMPTS = 5  # how often a node that says it is busy is asked again


class Phase(StrEnum):
    """What the next answer belongs to."""

    START = "start"
    CHECKED = "checked"
    INTENDED = "intended"
    APPLIED = "applied"
    UNSURE = "unsure"
    PROVING = "proving"
    COMMIT_JOURNALLED = "commit-journalled"
    COMMIT_CHECKED = "commit-checked"
    COMMITTED = "committed"
    READ_BACK = "read-back"
    REPAIR_JOURNALLED = "repair-journalled"
    SETTLED = "settled"
    TAKE_BACK_JOURNALLED = "take-back-journalled"
    TAKE_BACK_SENT = "take-back-sent"
    REVERTING = "reverting"
    REBOOTING = "rebooting"
    RETURNING = "returning"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One node's rollout at one moment.

    Attributes:
        adopted: the node runs the new configuration already, unpersisted, left by a rollout that was interrupted.
        rebooting: the new configuration is persisted and the node on its way through a reboot, left likewise.
        since: the node before anything was changed.
        sleeping: whether the next answer is that of a sleep, after which ``depth`` is read.
        sent_at: when the change was sent; seconds of ``Seen.now``, as all times here.
        deadline: until when the present phase may wait.
        window_end: when a trial has surely reverted.
        boot_id: the boot that is to be left, or was last seen.
        boots: how many boots were seen since.
        stays: whether the node said that it takes the change without a reboot.
        picture, stood_since: what a booting node shows, and since when it has been the same.
        why: why the change is taken back; given from the start where a rollout was interrupted while it took a change back.
    """

    plan: NodePlan
    options: Options
    phase: Phase = Phase.START
    adopted: bool = False
    rebooting: bool = False
    since: NodeFacts | None = None
    sleeping: bool = False
    depth: Depth = Depth.EVERYTHING
    sent_at: float = 0.0
    deadline: float = math.inf
    window_end: float = math.inf
    attempts: int = 0
    repairs: int = 0
    error: TalosPatchError | None = None
    boot_id: str = ""
    boots: int = 0
    stays: bool = False
    picture: tuple[Any, ...] = ()
    stood_since: float = 0.0
    proof: tuple[ProofItem, ...] = ()
    why: str = ""

    @property
    def baseline(self) -> NodeFacts | None:
        """What a restart is seen against; None where the change was in effect before we came."""
        return None if self.adopted or self.rebooting else self.since

    @property
    def former(self) -> tuple[bytes, bytes]:
        """The active and the persistent configuration that the node had before."""
        facts = self.plan.facts
        assert facts is not None
        assert facts.active is not None
        assert facts.persistent is not None
        return (self.plan.before if self.adopted else facts.active.data, self.plan.before if self.rebooting else facts.persistent.data)


Next = tuple[State, Action]


def look(state: State, phase: Phase, depth: Depth = Depth.EVERYTHING, *, says: str = "", **changes: Any) -> Next:
    """Read the node now; the answer belongs to ``phase``."""
    return replace(state, phase=phase, depth=depth, sleeping=False, **changes), Action(kind=Kind.LOOK, depth=depth, says=says)


def look_later(state: State, *, seconds: float | None = None, says: str = "", **changes: Any) -> Next:
    """Wait, then read the node again in the same phase."""
    wait = state.options.poll if seconds is None else seconds
    return replace(state, sleeping=True, **changes), Action(kind=Kind.SLEEP, seconds=wait, says=says)


def note(state: State, phase: Phase, event: str, *, sealed: dict[str, bytes] | None = None, says: str = "", **fields: Any) -> Next:
    """Write a journal entry; what follows belongs to ``phase``."""
    entry = {"node": state.plan.node, **fields}
    return replace(state, phase=phase, attempts=0), Action(kind=Kind.JOURNAL, event=event, fields=entry, sealed=sealed or {}, says=says)


def intend(state: State, mode: ApplyMode) -> Next:
    """Write down what is about to be done, with the exact bytes before and after, before anything is done."""
    plan, facts = state.plan, state.since
    assert facts is not None
    active, persistent = state.former
    sealed = {"before": persistent, "after": plan.after} | ({"active": active} if active != persistent else {})
    return note(
        state,
        Phase.INTENDED,
        "intend",
        sealed=sealed,
        says="writing the journal",
        mode=mode.name.lower(),
        window=state.options.try_window if mode is ApplyMode.TRY else 0,
        hostname=plan.hostname,
        talos=facts.talos,
        machineUuid=facts.machine_uuid,
        bootId=facts.boot_id,
        adopted=state.adopted,
        before=digest(persistent),
        after=digest(plan.after),
    )


def finish(state: State, outcome: Outcome, reason: str, proof: tuple[ProofItem, ...] | None = None) -> Next:
    """End here."""
    done = replace(state, phase=Phase.DONE)
    return done, Action(kind=Kind.FINISH, outcome=outcome, reason=reason, proof=state.proof if proof is None else proof)


def holds(facts: NodeFacts, active: bytes, persistent: bytes) -> bool:
    """Whether a node has exactly these two configurations."""
    return facts.active is not None and facts.persistent is not None and (facts.active.data, facts.persistent.data) == (active, persistent)


def configurations(seen: Seen) -> tuple[bytes, bytes] | None:
    """Return the active and the persistent configuration, or None when either was not read."""
    facts = seen.facts
    if facts is None or facts.active is None or facts.persistent is None:
        return None
    return facts.active.data, facts.persistent.data


def not_seen(seen: Seen) -> str:
    """Return why a look gave no configurations."""
    if seen.error is not None:
        return str(seen.error)
    unread = seen.facts.unread if seen.facts else {}
    return unread.get("active") or unread.get("persistent") or "no answer"


def surely_not_done(error: TalosPatchError) -> bool:
    """Whether an error of an apply says that the node did nothing."""
    return not isinstance(error, NodeError) or isinstance(error, (InvalidOnNode, NotAuthorized, NotForwarded, NotSupported, NodeBusy))
