"""Reading back what the journal keeps: the plan of a rollout, how each node ended, and the exact bytes before and after."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from talospatch.errors import JournalError, TalosPatchError
from talospatch.planning.outcomes import Outcome
from talospatch.planning.plan import Plan
from talospatch.planning.report import NodeReport

if TYPE_CHECKING:
    from talospatch.rollout.journal import Entry, JournalStore, Record


@dataclass(frozen=True, slots=True)
class Touched:
    """A node that a rollout was about to change.

    Attributes:
        intent: the newest entry that says so.
        before, after: the exact bytes.
        last: the newest entry that announces something: what was done, or about to be done, last.
        touched_at: seconds since 1970 of the newest entry of any kind about the node.
        report: how it ended; None when it did not.
    """

    intent: Entry
    last: Entry
    before: bytes = field(repr=False)
    after: bytes = field(repr=False)
    touched_at: float = 0.0
    report: NodeReport | None = None


_ANNOUNCING = frozenset({"intend", "commit", "repair", "take-back"})


def stored_plan(store: JournalStore, record: Record) -> Plan:
    """Return the plan of a rollout, with its bytes.

    Raises:
        JournalError: it cannot be opened or understood.
    """
    try:
        return Plan.from_dict(json.loads(store.open(record, record.begin, "plan")))
    except (ValueError, RecursionError) as error:
        raise JournalError(f"the plan in rollout {record.id} cannot be read: {error}") from error
    except JournalError:
        raise
    except TalosPatchError as error:
        raise JournalError(f"the plan in rollout {record.id} cannot be read: {error}") from error


def touched(store: JournalStore, record: Record) -> dict[str, Touched]:
    """Return the nodes that a rollout was about to change, by address, in the order in which it came to them.

    Raises:
        JournalError: their bytes cannot be opened.
    """
    found: dict[str, Touched] = {}
    for entry in record.entries:
        if entry.event == "intend":
            before, after = (store.open(record, entry, name) for name in ("before", "after"))
            about = record.of(entry.node)
            last = [one for one in about if one.event in _ANNOUNCING][-1]
            report = ended(record, entry.node, after_entry=entry.number)
            found[entry.node] = Touched(entry, last, before, after, about[-1].at, report)
    return found


def ended(record: Record, node: str, *, after_entry: int = -1) -> NodeReport | None:
    """Return how a node ended, by the newest entry that says so; None when none does."""
    for entry in reversed(record.of(node, "ended")):
        if entry.number > after_entry:
            return _report(record, entry)
    return None


def reports(record: Record) -> tuple[NodeReport, ...]:
    """Return what is known of every node of a rollout, without opening anything sealed.

    A node that was on its way when the rollout broke off is ``interrupted``, one whose turn had not come ``not-attempted``.
    """
    result = []
    for planned in _planned(record):
        address, hostname = str(planned["node"]), str(planned["hostname"])
        report = ended(record, address)
        last = record.of(address)
        if last and (report is None or last[-1].event != "ended"):
            started = any(entry.event == "intend" for entry in last)
            outcome = Outcome.INTERRUPTED if started else Outcome.NOT_ATTEMPTED
            report = NodeReport(node=address, hostname=hostname, outcome=outcome, reason=_where(last[-1], record))
        if report is None:
            report = _without_entries(record, planned)
        result.append(report)
    return tuple(result)


def _where(last: Entry, record: Record) -> str:
    """What the last entry about a node means when nothing came after it."""
    if last.event == "interrupted":
        before = [entry for entry in record.of(last.node) if entry.event not in {"interrupted", "resumed"}]
        if not before:
            return "interrupted before anything was changed"
        last = before[-1]
    mode = last.fields.get("mode")
    return {
        "intend": "interrupted while it was on trial or about to be; a trial reverts by itself"
        if mode == "try"
        else "interrupted while it was applied or about to be; the node may have rebooted with the new configuration",
        "commit": "interrupted while it was being made permanent",
        "repair": "interrupted while a late rollback was being repaired",
        "take-back": "interrupted while it was being taken back",
    }.get(last.event, "interrupted")


def _without_entries(record: Record, planned: dict[str, object]) -> NodeReport:
    node, hostname = str(planned["node"]), str(planned["hostname"])
    refusals, error = planned.get("refusals"), planned.get("error")
    if error:
        return NodeReport(node=node, hostname=hostname, outcome=Outcome.FAILED, reason=f"it could not be looked at: {error}")
    if isinstance(refusals, list) and refusals:
        return NodeReport(node=node, hostname=hostname, outcome=Outcome.REFUSED, reason="; ".join(item["sentence"] for item in refusals))
    end = record.last("end")
    outcomes = end.fields.get("outcomes", {}) if end else {}
    outcome = Outcome(outcomes.get(node, Outcome.NOT_ATTEMPTED))
    return NodeReport(node=node, hostname=hostname, outcome=outcome, reason="" if outcome is Outcome.UNCHANGED else "its turn had not come")


def _planned(record: Record) -> list[dict[str, object]]:
    try:
        return list(record.begin.fields["plan"]["nodes"])
    except (KeyError, TypeError) as error:
        raise JournalError(f"rollout {record.id} has no readable plan in its first entry") from error


def _report(record: Record, entry: Entry) -> NodeReport:
    try:
        return NodeReport.from_dict(entry.fields["report"])
    except (KeyError, TypeError, ValueError) as error:
        raise JournalError(f"rollout {record.id}: entry {entry.number} cannot be understood") from error
