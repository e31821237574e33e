"""How a node's part of a rollout can end, what each end means, and the exit code it gives."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum


class Outcome(StrEnum):
    """How it ended for one node."""

    UNCHANGED = "unchanged"
    PROVEN = "proven"
    NOT_PROVEN = "applied-not-proven"
    TAKEN_BACK = "taken-back"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_ATTEMPTED = "not-attempted"
    INTERRUPTED = "interrupted"


class ExitCode(IntEnum):
    """Exit codes of the command line. Of DONE to REFUSED the highest that applies wins."""

    DONE = 0
    ERROR = 1
    DIFFERENCES = 2
    FAILED = 3
    TAKEN_BACK = 4
    REFUSED = 5
    INTERRUPTED = 130


# What each tells a script; docs/reference/exit-codes.md is made of it, and says which commands end with DIFFERENCES for what.
EXIT_CODES: dict[ExitCode, str] = {
    ExitCode.DONE: "done, or nothing to do",
    ExitCode.ERROR: "the command could not do its work: wrong use, unreadable input, no connection to any endpoint",
    ExitCode.DIFFERENCES: "there are differences or problems, see below; nothing went wrong",
    ExitCode.FAILED: "some nodes failed, were not seen, or their change is not proven",
    ExitCode.TAKEN_BACK: "a gate failed and the change was taken back",
    ExitCode.REFUSED: "a guard said no; nothing was changed there",
    ExitCode.INTERRUPTED: "Ctrl-C or a signal; `talospatch rollout resume` goes on with a rollout",
}

# Outcome, what it says, exit code.
OUTCOMES: dict[Outcome, tuple[str, ExitCode]] = {
    Outcome.UNCHANGED: ("has what is wanted already, and it was seen in effect", ExitCode.DONE),
    Outcome.PROVEN: ("changed, and seen in effect", ExitCode.DONE),
    Outcome.NOT_PROVEN: ("has the configuration, but its effect was not seen", ExitCode.FAILED),
    Outcome.TAKEN_BACK: ("a gate failed; the node has its former configuration again", ExitCode.TAKEN_BACK),
    Outcome.REFUSED: ("a guard said no; nothing was changed", ExitCode.REFUSED),
    Outcome.FAILED: ("failed; the reason says what the node has now", ExitCode.FAILED),
    Outcome.UNKNOWN: ("not known what the node has now", ExitCode.FAILED),
    Outcome.NOT_ATTEMPTED: ("not reached; nothing was changed", ExitCode.FAILED),
    Outcome.INTERRUPTED: ("interrupted; resume goes on from here", ExitCode.INTERRUPTED),
}

GOOD = frozenset({Outcome.UNCHANGED, Outcome.PROVEN})


def exit_code(outcomes: Iterable[Outcome]) -> ExitCode:
    """Return the exit code of a rollout: 130 if it was interrupted, else the highest of its nodes."""
    codes = {OUTCOMES[outcome][1] for outcome in outcomes}
    if ExitCode.INTERRUPTED in codes:
        return ExitCode.INTERRUPTED
    return max(codes, default=ExitCode.DONE)
