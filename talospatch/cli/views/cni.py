"""A check of the CNI result cache: a row for each node, then each file that is not in order, grouped by what it comes to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from talospatch.cli import markdown as md
from talospatch.cli.layout import Cell, counted, led, table, wrap
from talospatch.cli.output import View
from talospatch.cni import telling
from talospatch.cni.addresses import KINDS
from talospatch.cni.explain import hint, sentence
from talospatch.cni.names import shown
from talospatch.cni.rules import DEFAULT_FAIL_ON, FAIL_ON, WORST_FIRST, Verdict
from talospatch.cni.verdict import Judged, conflist_for
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
    problems = counted(report.problems(fail_on), "problem")
    if not report.nodes:
        said = f"CNI result cache, by logs alone: {counted(len(report.unplaced), 'sandbox', 'sandboxes')}, {problems}"
    else:
        said = f"CNI result cache of {counted(len(report.nodes), 'node')}: {counted(files, 'file')}, {problems}"
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
        lines = [led(f"{verdict.value}:", STYLES[verdict], said, prose, paint)]
        lines += [wrap(f"{_name(node)}: {_file(node, judged)}", width, first="  ", rest="    ") for node, judged in found]
        if advice:
            lines.append(wrap(advice, prose, first="  → ", rest="    "))
        parts.append("\n".join(lines))
    for verdict, said, advice in _beyond_files(report):
        lines = [led(f"{verdict.value}:", STYLES[verdict], said, prose, paint)]
        parts.append("\n".join([*lines, *([wrap(advice, prose, first="  → ", rest="    ")] if advice else [])]))
    parts += [wrap(redact(note), prose, rest="  ") for note in report.notes]
    parts += [wrap(f"{_name(node)}: {redact(note)}", prose, rest="  ") for node in report.nodes for note in node.notes]
    return "\n\n".join(parts)


def data(report: CniReport, fail_on: str) -> dict[str, Any]:
    """Return plain values."""
    return {"kind": "cni-check", **report.to_dict(fail_on)}


def markdown(report: CniReport, fail_on: str) -> str:
    """Return the report for a ticket."""
    rows = [[cell.text if isinstance(cell, Cell) else cell for cell in _cells(node)] for node in report.nodes if not node.error]
    parts = [f"### {md.cell(headline(report, fail_on))}"]
    if rows:
        parts.append(md.table([header.lower() for header in HEADERS], rows))
    parts += [f"**{md.cell(_name(node))}** was not checked: {md.cell(redact(node.error))}" for node in report.nodes if node.error]
    files = [
        (verdict.value, _name(node), _file(node, judged), _with_advice(said, advice))
        for verdict, said, advice, found in _grouped(report)
        for node, judged in found
    ]
    if files:
        parts.append(md.table(("verdict", "node", "file", "what it comes to"), files))
    parts += [f"**{verdict.value}** {md.cell(_with_advice(said, advice))}" for verdict, said, advice in _beyond_files(report)]
    parts += [md.cell(redact(note)) for note in report.notes]
    parts += [f"{md.cell(_name(node))}: {md.cell(redact(note))}" for node in report.nodes for note in node.notes]
    return "\n\n".join(parts)


def _with_advice(said: str, advice: str) -> str:
    return f"{said} → {advice}" if advice else said


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


def _beyond_files(report: CniReport) -> list[tuple[Verdict, str, str]]:
    """Return what was found that is no file: sandboxes that only a log tells of, and addresses; the worst first."""
    found: list[tuple[Verdict, str, str]] = []
    for node, story in report.told:
        if not story.files and story.verdict is not Verdict.HEALTHY:
            place = f"{_name(node)}: " if node is not None else ""
            rate = f", {_rate(story.per_hour)}" if story.per_hour is not None else ""
            found.append((story.verdict, f"{place}{telling.headline(story)}: {telling.said(story)}{rate}", story.rule.hint))
    for node in report.nodes:
        found += [
            (KINDS[finding.code].verdict, f"{_name(node)}: {finding.path}: {finding.message}", finding.hint)
            for finding in node.findings
            if KINDS[finding.code].verdict is not Verdict.HEALTHY
        ]
    return sorted(found, key=lambda item: WORST_FIRST.index(item[0]))


def _file(node: NodeCni, judged: Judged) -> str:
    """Return a file and, in brackets, what is known of it and of its sandbox."""
    sandbox = judged.file.parsed.sandbox if judged.file.parsed is not None else ""
    story = next((story for story in node.stories if story.sandbox == sandbox), None)
    facts = [counted(judged.file.size, "byte")]
    entry = judged.inspection.entry
    if story is not None and story.pod is not None:
        facts.append(f"pod {shown(story.pod.namespace)}/{shown(story.pod.name)}")
    elif entry is not None and entry.pod:
        facts.append(f"pod {shown(entry.namespace)}/{shown(entry.pod)}")
    if story is not None and story.per_hour is not None:
        facts.append(_rate(story.per_hour))
    if story is not None and story.addresses:
        facts.append(f"holds {', '.join(story.addresses)}")
    used = conflist_for(judged.file, node.state)
    if judged.assumed and not judged.logged and used is not None and judged.verdict in FAIL_ON[DEFAULT_FAIL_ON]:
        facts.append(f"assuming cniVersion {used.cni_version}")
    if judged.steady:
        facts.append(f"seen so for {judged.steady:.0f} s")
    return f"{shown(judged.file.name)} ({', '.join(facts)})"


def _rate(per_hour: float) -> str:
    return telling.hourly(per_hour, "log line", "log lines")


def _name(node: NodeCni) -> str:
    return node.hostname or node.address
