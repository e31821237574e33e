"""The journal: which rollouts there were, and one of them in full."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from talospatch.cli import markdown as md
from talospatch.cli.layout import Cell, counted, difference, names, table, wrap
from talospatch.cli.output import View
from talospatch.cli.views import report as report_views
from talospatch.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talospatch.cli.paint import Paint
    from talospatch.rollout.history import Shown, Summary

SCHEMA = 1
HEADERS = ("ROLLOUT", "WHEN (UTC)", "WHAT", "CLUSTER", "STATE", "NODES")
STYLES = {"open": "notice", "damaged": "bad"}


def history(summaries: Sequence[Summary]) -> View:
    """Return the forms of a list of rollouts."""
    return View(partial(_history_text, summaries), partial(_history_data, summaries), partial(_history_markdown, summaries))


def shown(rollout: Shown) -> View:
    """Return the forms of one rollout in full."""
    return View(partial(_shown_text, rollout), partial(_shown_data, rollout), partial(_shown_markdown, rollout))


def when(at: float) -> str:
    """Return a time as ``2026-11-23 17:50``, in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"


def _history_text(summaries: Sequence[Summary], width: int, paint: Paint) -> str:
    if not summaries:
        return "No rollouts yet."
    return table(HEADERS, [_row(summary) for summary in summaries], width=width, paint=paint)


def _history_data(summaries: Sequence[Summary]) -> dict[str, Any]:
    return {"kind": "history", "schema": SCHEMA, "rollouts": [summary.to_dict() for summary in summaries]}


def _history_markdown(summaries: Sequence[Summary]) -> str:
    rows = [[cell.text if isinstance(cell, Cell) else cell for cell in _row(summary)] for summary in summaries]
    return md.table([header.lower() for header in HEADERS], rows)


def _row(summary: Summary) -> tuple[str | Cell, ...]:
    if summary.problem:
        return summary.id, "", "", "", Cell(summary.state, "bad"), redact(summary.problem)
    counts = ", ".join(f"{number} {outcome}" for outcome, number in (summary.counts or {}).items())
    return summary.id, when(summary.started_at), _what(summary), summary.scope, Cell(summary.state, STYLES.get(summary.state, "")), counts


def _what(summary: Summary) -> str:
    return ", ".join(summary.changes) or summary.kind


def _shown_text(rollout: Shown, width: int, paint: Paint) -> str:
    prose = min(width, 100)
    summary = rollout.summary
    head = f"{_what(summary)} on {summary.scope or 'a cluster'}, {when(summary.started_at)} UTC, {summary.state}"
    parts = [paint("title", wrap(f"{summary.id}: {head}", prose))]
    for listed, effect, unified in _groups(rollout.plan):
        parts.append(f"{paint('title', wrap(names(listed), prose))}\n  {effect}\n{difference(redact(unified), paint, indent='  ')}")
    parts.append(report_views.text(rollout.report, width, paint))
    names_of = {node.node: node.name for node in rollout.report.nodes}
    started = summary.started_at
    steps = [(f"{at - started:.1f}s", names_of.get(node, node), event) for at, event, node in rollout.steps]
    parts.append(table(("AFTER", "NODE", "JOURNALLED"), steps, width=width, paint=paint))
    return "\n\n".join(parts)


def _shown_data(rollout: Shown) -> dict[str, Any]:
    return {"kind": "rollout", **rollout.to_dict()}


def _shown_markdown(rollout: Shown) -> str:
    parts = [f"### {md.cell(rollout.summary.id)}: {md.cell(_what(rollout.summary))}"]
    parts += [
        md.folded(f"{counted(len(listed), 'node')}: {names(listed)}", f"{effect}\n\n{md.fenced(redact(unified), 'diff')}")
        for listed, effect, unified in _groups(rollout.plan)
    ]
    parts.append(report_views.markdown(rollout.report))
    return "\n\n".join(parts)


def _groups(plan: dict[str, Any]) -> list[tuple[list[str], str, str]]:
    """Return identical differences once: names of the nodes, effect, difference."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for node in plan.get("nodes", ()):
        if node.get("diff"):
            grouped.setdefault((node["effect"], node["diff"]), []).append(node["hostname"] or node["node"])
    return [(listed, effect, unified) for (effect, unified), listed in grouped.items()]
