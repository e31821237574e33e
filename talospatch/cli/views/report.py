"""A report: how each node ended, what was seen to prove it, and what to do next."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from talospatch.cli import markdown as md
from talospatch.cli.layout import Cell, counted, table, wrap
from talospatch.cli.output import View
from talospatch.cli.views import findings
from talospatch.planning.outcomes import GOOD, OUTCOMES, Outcome
from talospatch.redaction import redact
from talospatch.talos.finding import Severity

if TYPE_CHECKING:
    from talospatch.cli.paint import Paint
    from talospatch.planning.report import NodeReport, ProofItem, Report

MARKS = {True: "✓", False: "✗", None: "?"}


def view(report: Report) -> View:
    """Return the forms of a report."""
    return View(partial(text, report), partial(data, report), partial(markdown, report))


def style(outcome: Outcome) -> str:
    """Return what an outcome looks like."""
    if outcome in GOOD:
        return "good"
    return "notice" if outcome in {Outcome.NOT_ATTEMPTED, Outcome.INTERRUPTED, Outcome.NOT_PROVEN} else "bad"


def headline(report: Report) -> str:
    """Return how it ended in one line: ``containerd-metrics on 5 nodes: 4 proven, 1 unchanged``."""
    parts = [f"{number} {outcome.value}" for outcome, number in report.counts.items()]
    return f"{', '.join(report.changes) or 'rollout'} on {counted(len(report.nodes), 'node')}: {', '.join(parts) or 'none'}"


def text(report: Report, width: int, paint: Paint) -> str:
    """Return the report for a terminal."""
    prose = min(width, 100)
    rows = [(node.name, Cell(node.outcome.value, style(node.outcome)), _seconds(node), _says(node)) for node in report.nodes]
    parts = [
        paint("title", wrap(headline(report), prose)),
        table(("NODE", "OUTCOME", "TIME", "SEEN"), rows, width=width, paint=paint),
    ]
    noticed = findings.grouped([("", report.findings), *((node.name, node.findings) for node in report.nodes)])
    # Notes were shown with the plan; here they would only stand between the outcome and what to do next.
    noticed = [item for item in noticed if item[0].severity is not Severity.NOTE]
    if noticed:
        parts.append(findings.text(noticed, prose, paint))
    parts += [wrap(sentence, prose) for sentence in report.advice]
    return "\n\n".join(parts)


def data(report: Report) -> dict[str, Any]:
    """Return plain values."""
    return {"kind": "report", **report.to_dict()}


def markdown(report: Report) -> str:
    """Return the report for a pull request or a ticket."""
    rows = [(node.name, node.outcome.value, _seconds(node), _says(node)) for node in report.nodes]
    parts = [f"### {md.cell(headline(report))}", md.table(("node", "outcome", "time", "seen"), rows)]
    return "\n\n".join([*parts, *(md.cell(sentence) for sentence in report.advice)])


def _says(node: NodeReport) -> str:
    """What was seen when it ended well; else why it ended so, and what was not as it should be."""
    if node.ok and node.proof:
        return ", ".join(f"{MARKS[item.ok]} {_item(item)}" for item in node.proof)
    wrong = [
        f"{MARKS[item.ok]} {item.what}: expected {item.expected}, seen {item.seen or 'nothing'}"
        for item in node.proof
        if item.ok is not True and f"{item.what}: expected {item.expected}" not in node.reason
    ]
    return redact("; ".join([node.reason or OUTCOMES[node.outcome][0], *wrong]))


def _item(item: ProofItem) -> str:
    return item.seen if item.what == "listener" else item.what


def _seconds(node: NodeReport) -> str:
    return f"{node.seconds:.1f}s" if node.seconds else ""
