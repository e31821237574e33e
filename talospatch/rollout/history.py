"""What rollouts there were, and what became of them: read from the journal, without opening anything sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talospatch.errors import JournalError
from talospatch.planning.report import Report
from talospatch.rollout.stored import reports
from talospatch.talos.finding import Finding, Severity

if TYPE_CHECKING:
    from talospatch.rollout.journal import JournalStore, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One rollout in a list.

    Attributes:
        kind: ``apply`` or ``undo``.
        of: with ``undo``, the id of what was undone.
        scope: the cluster's name.
        state: ``ended``, ``open`` (interrupted, or going on right now) or ``damaged``.
        counts: how many nodes ended how.
        problem: why it cannot be read, when damaged.
    """

    id: str
    started_at: float = 0.0
    kind: str = ""
    of: str = ""
    scope: str = ""
    changes: tuple[str, ...] = ()
    state: str = "ended"
    counts: dict[str, int] | None = None
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {name: getattr(self, name) for name in self.__slots__} | {"changes": list(self.changes)}


@dataclass(frozen=True, slots=True)
class Shown:
    """One rollout in full: what was planned, what was done when, and how it ended.

    Attributes:
        plan: the plan's plain values, differences redacted.
        steps: time, event and node of every entry, in order.
    """

    summary: Summary
    report: Report
    plan: dict[str, Any]
    steps: tuple[tuple[float, str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as for JSON."""
        steps = [{"at": at, "event": event, "node": node} for at, event, node in self.steps]
        return {"schema": 1, "rollout": self.summary.to_dict(), "plan": self.plan, "steps": steps, "report": self.report.to_dict()}


def history(store: JournalStore) -> tuple[Summary, ...]:
    """Return every rollout, the newest first. One that is damaged is listed as such and hides no other.

    Raises:
        JournalError: the directory cannot be read.
    """
    result = []
    for rollout in reversed(store.ids()):
        try:
            result.append(_summary(store.read(rollout)))
        except JournalError as error:
            result.append(Summary(id=rollout, state="damaged", problem=str(error)))
    return tuple(result)


def show(store: JournalStore, rollout: str) -> Shown:
    """Return one rollout in full.

    Args:
        store: the journals.
        rollout: its id, the beginning of it, or ``last``.

    Raises:
        JournalError: there is none, or it is damaged.
    """
    record = store.read(rollout)
    summary = _summary(record)
    end = record.last("end")
    findings = tuple(Finding.from_dict(finding) for finding in record.begin.fields["plan"].get("findings", ()))
    if record.torn:
        torn = Finding(
            Severity.WARNING, "torn-entry", "", "the last entry was begun and not finished; what it would have announced was not done"
        )
        findings = (*findings, torn)
    report = Report(
        rollout=record.id,
        nodes=reports(record),
        changes=summary.changes,
        started_at=record.begin.at,
        ended_at=end.at if end else record.entries[-1].at,
        findings=findings,
    )
    steps = tuple((entry.at, entry.event, entry.node) for entry in record.entries)
    return Shown(summary, report, dict(record.begin.fields["plan"]), steps)


def _summary(record: Record) -> Summary:
    fields = record.begin.fields
    nodes = reports(record)
    counts: dict[str, int] = {}
    for node in nodes:
        counts[node.outcome.value] = counts.get(node.outcome.value, 0) + 1
    last = record.entries[-1].event
    return Summary(
        id=record.id,
        started_at=record.begin.at,
        kind=str(fields.get("kind", "")),
        of=str(fields.get("of", "")),
        scope=str(fields.get("scope", "")),
        changes=tuple(fields["plan"].get("changes", ())),
        state="ended" if last == "end" else "open",
        counts=counts,
    )
