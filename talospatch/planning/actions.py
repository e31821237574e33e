"""What one node's rollout asks of the world, and what comes back: the only ways in which a decision becomes an act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from talospatch.errors import TalosPatchError
    from talospatch.planning.facts import NodeFacts
    from talospatch.planning.outcomes import Outcome
    from talospatch.planning.report import ProofItem
    from talospatch.talos.apply import ApplyMode, ApplyReply


class Kind(StrEnum):
    """Kinds of actions."""

    LOOK = "look"
    JOURNAL = "journal"
    APPLY = "apply"
    SLEEP = "sleep"
    FINISH = "finish"


class Depth(StrEnum):
    """How much a look reads."""

    EVERYTHING = "everything"  # all that a plan is compared with, and all that proves
    CONFIGURATIONS = "configurations"  # the two configurations and the boot id


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One act. Which fields count depends on ``kind``.

    Attributes:
        depth: LOOK: how much to read.
        event: JOURNAL: name of the entry.
        fields: JOURNAL: plain values of the entry, without secrets.
        sealed: JOURNAL: bytes to keep encrypted in the entry, by name.
        data: APPLY: the exact bytes.
        mode: APPLY: how.
        window: APPLY in mode TRY: seconds until the node reverts by itself.
        timeout: APPLY: seconds the call may take; None is the method's own deadline.
        seconds: SLEEP.
        outcome, reason, proof: FINISH: how it ended.
        says: what to show while it goes on, a few words; empty for nothing new.
    """

    kind: Kind
    depth: Depth = Depth.EVERYTHING
    event: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    sealed: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    data: bytes = field(default=b"", repr=False)
    mode: ApplyMode | None = None
    window: float | None = None
    timeout: float | None = None
    seconds: float = 0.0
    outcome: Outcome | None = None
    reason: str = ""
    proof: tuple[ProofItem, ...] = ()
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came of an action.

    Attributes:
        now: seconds on a clock that never goes back and does not stop while the machine sleeps.
        at: seconds since 1970.
        facts: of a LOOK.
        reply: of an APPLY.
        error: why it failed; None when it did not.
    """

    now: float
    at: float
    facts: NodeFacts | None = None
    reply: ApplyReply | None = None
    error: TalosPatchError | None = None
