"""A check of the CNI result cache: a row for each node, then each file that is not in order, grouped by what it comes to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from talospatch.cli import markdown as md
from talospatch.cli.layout import Cell, counted, led, table, wrap
from talospatch.cli.output import View
from talospatch.cni.explain import hint, sentence
from talospatch.cni.names import shown
from talospatch.cni.rules import WORST_FIRST, Verdict
from talospatch.cni.verdict import Judged
from talospatch.cnicheck.report import CniReport, NodeCni
from talospatch.redaction import redact

if TYPE_CHECKING:
    from talospatch.cli.paint import Paint

HEADERS = ("NODE", "TALOS", "CONTAINERD", "FILES", "VERDICT", "OF THESE")
STYLES = {
    Verdict.FATAL: "bad",
    Verdict.TIME_BOMB: "bad",
    Verdict.UNKNOWN: "notice",
    Verdict.HEALS: "notice",
    Verdict.RESIDUE: "faint",
    Verdict.ORPHAN: "faint",
    Verdict.HEALTHY: "good",
}
Grouped = list[tuple[Verdict, str, str, list[tuple[NodeCni, Judged]]]]


def view(report: CniReport, fail_on: str) -> View:
    """Return the forms of a report.

    Args:
        report: what was found.
        fail_on: which verdicts count as problems, by a key of :data:`talospatch.cni.rules.FAIL_ON`.
    """
    return View(partial(text, report, fail_on), partial(data, report, fail_on), partial(markdown, report, fail_on))


def headline(report: CniReport, fail_on: str) -> str:
    """Return the whole in one line."""
    files = sum(node.total for node in report.nodes)
    problems = report.problems(fail_on)
    said = f"CNI result cache of {counted(len(report.nodes), 'node')}: {counted(files, 'file')}, {counted(problems, 'problem')}"
    return f"{said} (--fail-on {fail_on})" + (f"; {counted(len(report.unseen), 'node')} not wholly seen" if report.unseen else "")


def text(report: CniReport, fail_on: str, width: int, paint: Paint) -> str:
    """Return the report for a terminal."""
    prose = min(width, 100)
    rows = [_cells(node) for node in report.nodes if not node.error]
    parts = [paint("title", wrap(headline(report, fail_on), prose))]
    if rows:
        parts.append(table(HEADERS, rows, width=width, paint=paint))
    parts += [
        led(_name(node), "bad", f"was not checked: {redact(node.error.removeprefix(f'{node.address}: '))}", prose, paint)
        for node in report.nodes
        if node.error
    ]
    for verdict, said, advice, found in _grouped(report):
        lines = [led(verdict.value, STYLES[verdict], said, prose, paint)]
        lines += [wrap(f"{_name(node)}: {_file(judged)}", width, first="  ", rest="    ") for node, judged in found]
        if advice:
            lines.append(wrap(advice, prose, first="  → ", rest="    "))
        parts.append("\n".join(lines))
    parts += [wrap(f"{_name(node)}: {redact(note)}", prose, rest="  ") for node in report.nodes for note in node.notes]
    return "\n\n".join(parts)


def data(report: CniReport, fail_on: str) -> dict[str, Any]:
    """Return plain values."""
    return {"kind": "cni-check", **report.to_dict(fail_on)}


def markdown(report: CniReport, fail_on: str) -> str:
    """Return the report for a ticket."""
    rows = [[cell.text if isinstance(cell, Cell) else cell for cell in _cells(node)] for node in report.nodes if not node.error]
    parts = [f"### {md.cell(headline(report, fail_on))}", md.table([header.lower() for header in HEADERS], rows)]
    parts += [f"**{md.cell(_name(node))}** was not checked: {md.cell(redact(node.error))}" for node in report.nodes if node.error]
    files = [
        (verdict.value, _name(node), _file(judged), f"{said} {advice}".strip())
        for verdict, said, advice, found in _grouped(report)
        for node, judged in found
    ]
    if files:
        parts.append(md.table(("verdict", "node", "file", "what it comes to"), files))
    parts += [f"{md.cell(_name(node))}: {md.cell(redact(note))}" for node in report.nodes for note in node.notes]
    return "\n\n".join(parts)


def _cells(node: NodeCni) -> tuple[str | Cell, ...]:
    runtime = node.state.runtime
    counts = ", ".join(f"{node.counts[verdict]} {verdict.value}" for verdict in WORST_FIRST if node.counts.get(verdict))
    return (
        _name(node),
        node.talos,
        f"{runtime.containerd} (libcni {runtime.libcni})" if runtime else "unknown",
        str(node.total),
        Cell(node.verdict.value, STYLES[node.verdict]),
        counts if set(node.counts) - {Verdict.HEALTHY} else "",
    )


def _grouped(report: CniReport) -> Grouped:
    """Return the files by what they come to, the worst first."""
    groups: dict[tuple[Verdict, str, str], list[tuple[NodeCni, Judged]]] = {}
    for node in report.nodes:
        for judged in node.files:
            groups.setdefault((judged.verdict, sentence(judged), hint(judged)), []).append((node, judged))
    return [(*key, found) for key, found in sorted(groups.items(), key=lambda item: WORST_FIRST.index(item[0][0]))]


def _file(judged: Judged) -> str:
    entry = judged.inspection.entry
    pod = f", pod {shown(entry.namespace)}/{shown(entry.pod)}" if entry and entry.pod else ""
    return f"{shown(judged.file.name)} ({counted(judged.file.size, 'byte')}{pod})"


def _name(node: NodeCni) -> str:
    return node.hostname or node.address
