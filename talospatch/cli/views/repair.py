"""A repair of the CNI result cache: what would be removed and why the rest would not, what was done with its proof, and past repairs."""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from talospatch.cli import markdown as md
from talospatch.cli.layout import Cell, columns, counted, led, table, wrap
from talospatch.cli.output import View
from talospatch.cli.views.journal import when
from talospatch.cli.views.report import MARKS, style
from talospatch.cni.explain import sentence
from talospatch.cni.names import shown
from talospatch.cni.space import clause
from talospatch.cni.telling import pod
from talospatch.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from talospatch.cli.paint import Paint
    from talospatch.cni.advice import Advice
    from talospatch.cnicheck.repair.journal import RepairRecord
    from talospatch.cnicheck.repair.plan import FileLeft, FileRepair, NodeRepair, RepairPlan
    from talospatch.cnicheck.repair.report import FileReport, RepairReport

_Found = TypeVar("_Found", "FileRepair", "FileLeft")
SCHEMA = 1
DRY_RUN = "Nothing was removed. With --yes these files are, each one tested again on its node in that moment."
HEADERS = ("NODE", "FILE", "OUTCOME", "SEEN")
PAST = ("REPAIR", "WHEN (UTC)", "CLUSTER", "STATE", "FILES")


def plan(made: RepairPlan, *, dry_run: bool = True) -> View:
    """Return the forms of a plan."""
    return View(partial(plan_text, made, dry_run=dry_run), partial(_plan_data, made), partial(_plan_markdown, made))


def report(done: RepairReport) -> View:
    """Return the forms of a report."""
    return View(partial(_report_text, done), partial(_report_data, done), partial(_report_markdown, done))


def past(repairs: Sequence[RepairRecord]) -> View:
    """Return the forms of a list of repairs."""
    return View(partial(_past_text, repairs), partial(_past_data, repairs), partial(_past_markdown, repairs))


def one(record: RepairRecord) -> View:
    """Return the forms of one past repair."""
    return View(partial(_one_text, record), partial(_one_data, record), partial(_one_markdown, record))


def headline(made: RepairPlan) -> str:
    """Return a plan in one line."""
    said = f"CNI repair of {counted(len(made.nodes), 'node')}: {counted(made.count, 'file')} can be removed"
    over = f"; {counted(made.over_limit, 'more file')} can be in another run (--limit {made.options.limit})" if made.over_limit else ""
    return f"{said} on {counted(len(made.to_do), 'node')} (--include {made.options.include}){over}"


def plan_text(made: RepairPlan, width: int, paint: Paint, *, dry_run: bool = False) -> str:
    """Return a plan for a terminal."""
    prose = min(width, 100)
    parts = [paint("title", wrap(headline(made), prose))]
    parts += [_node_text(node, width, paint) for node in made.nodes if _has_anything(node)]
    for title, items in (("First", _grouped(made, first=True)), ("To prevent it", _grouped(made, first=False))):
        if items:
            parts.append("\n".join([paint("title", title), *(_advice_text(item, nodes, prose) for item, nodes in items)]))
    if made.count:
        parts.append("\n".join([paint("title", "What it takes"), *(wrap(said, prose, first="  ", rest="  ") for said in made.privileges)]))
        parts.append(wrap(f"Image: {made.options.image}{_image_remark(made)}", prose))
        if dry_run:
            parts.append(wrap(DRY_RUN, prose))
    return "\n\n".join(parts)


def _advice_text(item: Advice, nodes: Sequence[str], width: int) -> str:
    said = wrap(f"{', '.join(nodes)}: {item.text}", width, first="  ", rest="    ")
    return f"{said}\n{wrap(f'known from: {item.source}', width, first='    ', rest='      ')}"


def report_headline(done: RepairReport) -> str:
    """Return a report in one line."""
    counts = ", ".join(f"{number} {outcome.value}" for outcome, number in done.counts.items())
    return f"CNI repair of {counted(len(done.files), 'file')}: {counts or 'nothing to do'}"


def _grouped(made: RepairPlan, *, first: bool) -> list[tuple[Advice, list[str]]]:
    """Return each piece of advice, or of prevention, with the nodes that it is for."""
    groups: dict[Advice, list[str]] = {}
    for node in made.nodes:
        for item in node.advice if first else node.prevention:
            groups.setdefault(item, []).append(node.name)
    return list(groups.items())


def _has_anything(node: NodeRepair) -> bool:
    return bool(node.files or node.left or node.error or node.refused or node.notes)


def _image_remark(made: RepairPlan) -> str:
    if made.options.archive is not None:
        return " (from the archive given; the name in it counts)"
    return "" if "@" in made.options.image else " (a tag can be moved: pin it with --image NAME@sha256:…)"


def _node_text(node: NodeRepair, width: int, paint: Paint) -> str:
    prose = min(width, 100)
    if node.error:
        return led(node.name, "bad", f"was not looked at: {redact(node.error.removeprefix(f'{node.address}: '))}", prose, paint)
    method = f", by the method {node.method.value}" if node.files else ""
    lines = [paint("title", wrap(f"{node.name} ({node.talos}){method}", prose, rest="  "))]
    if node.refused:
        lines.append(wrap(f"refused: {redact(node.refused)}", prose, first="  ", rest="    "))
    for why, files in _alike(node.files, _why_removed):
        dead = f"{'its' if len(files) == 1 else 'each'} sandbox is dead: {'; '.join(files[0].order.shown_dead)}"
        said = f"remove {counted(len(files), 'file')}, {files[0].judged.verdict.value}: {why}; {dead}"
        lines.append(wrap(said, prose, first="  ", rest="    "))
        for file in files:
            lines += [wrap(_file(file), prose, first="    ", rest="      "), _command(file.command, prose)]
    for why, left in _alike(node.left, _why_left):
        lines.append(wrap(f"leave {counted(len(left), 'file')}, {left[0].judged.verdict.value}: {why}", prose, first="  ", rest="    "))
        lines += [wrap(_file(file), prose, first="    ", rest="      ") for file in left]
        if left[0].hint:
            lines.append(wrap(left[0].hint, prose, first="    → ", rest="      "))
    notes = node.notes if node.space is None else (clause(node.space), *node.notes)
    lines += [wrap(redact(note), prose, first="  ", rest="    ") for note in notes]
    return "\n".join(lines)


def _alike(files: Sequence[_Found], why: Callable[[_Found], tuple[str, ...]]) -> list[tuple[str, list[_Found]]]:
    """Return files by what is said of them, so that it is said once."""
    groups: dict[tuple[str, ...], list[_Found]] = {}
    for file in files:
        groups.setdefault(why(file), []).append(file)
    return [(key[0], found) for key, found in groups.items()]


def _why_removed(file: FileRepair) -> tuple[str, ...]:
    return sentence(file.judged), file.judged.verdict.value, *file.order.shown_dead


def _why_left(left: FileLeft) -> tuple[str, ...]:
    # Its hint too: what takes one file away by hand must not stand under one that is better left.
    return "; ".join(left.eligibility.sentences), left.judged.verdict.value, left.hint


def _command(words: Sequence[str], width: int) -> str:
    """Return a command in lines that a shell would take as they are, cut where an argument of find begins."""
    lines, line = [], "      $"
    for part in _arguments(words):
        if columns(f"{line} {part} \\") > width and line.strip() not in {"", "$"}:
            lines.append(f"{line} \\")
            line = "         "
        line += f" {part}"
    return "\n".join([*lines, line])


def _arguments(words: Sequence[str]) -> list[str]:
    """Return the words quoted for a shell, each of find's predicates with the value behind it and the negation before it."""
    parts: list[str] = []
    for before, word in zip(("", *words), words, strict=False):
        belongs = before == "!" or (before.startswith("-") and not word.startswith(("-", "!")))
        quoted = shlex.quote(word)
        parts = [*parts[:-1], f"{parts[-1]} {quoted}"] if belongs else [*parts, quoted]
    return parts


def _file(found: FileRepair | FileLeft) -> str:
    judged = found.judged
    whose = pod(found.whose) if judged.file.parsed is not None else "no cache file"
    return f"{shown(judged.file.name)} ({counted(judged.file.size, 'byte')}, {judged.inspection.damage.value}; {whose})"


def _plan_data(made: RepairPlan) -> dict[str, Any]:
    return {"kind": "cni-repair-plan", **made.to_dict(), "exitCode": int(made.exit_code())}


def _plan_markdown(made: RepairPlan) -> str:
    rows = [
        (node.name, f"remove, {file.judged.verdict.value}", _file(file), "; ".join(file.order.shown_dead))
        for node in made.nodes
        for file in node.files
    ]
    rows += [
        (node.name, f"leave, {left.judged.verdict.value}", _file(left), " → ".join(filter(None, (_why_left(left)[0], left.hint))))
        for node in made.nodes
        for left in node.left
    ]
    parts = [f"### {md.cell(headline(made))}"]
    if rows:
        parts.append(md.table(("node", "what", "file", "why"), rows))
    parts += [f"**{md.cell(node.name)}**: {md.cell(redact(clause(node.space)))}" for node in made.nodes if node.space is not None]
    parts += [f"**{md.cell(node.name)}** was not looked at: {md.cell(redact(node.error))}" for node in made.nodes if node.error]
    parts += [f"**{md.cell(node.name)}** is refused: {md.cell(redact(node.refused))}" for node in made.nodes if node.refused]
    for first in (True, False):
        parts += [f"{md.cell(', '.join(nodes))}: {md.cell(item.text)}" for item, nodes in _grouped(made, first=first)]
    commands = "\n".join(shlex.join(file.command) for node in made.nodes for file in node.files)
    if commands:
        parts.append(md.folded("commands", md.fenced(commands, "sh")))
        parts.append("\n".join(f"- {md.cell(said)}" for said in made.privileges))
    return "\n\n".join(parts)


def _report_text(done: RepairReport, width: int, paint: Paint) -> str:
    prose = min(width, 100)
    rows = [(file.node_name, _short(file), Cell(file.outcome.value, style(file.outcome)), _seen(file)) for file in done.files]
    parts = [paint("title", wrap(report_headline(done), prose))]
    if rows:
        parts.append(table(HEADERS, rows, width=width, paint=paint))
    parts += [wrap(redact(note), prose, rest="  ") for note in done.notes]
    if done.repair:
        # A digest is longer than most lines are wide, and is there to be copied.
        kept = (
            f"The files' bytes: `talospatch cni repairs {done.repair} --save DIR`"
            if done.journalled
            else "No file's bytes were journalled."
        )
        parts.append(f"Image: {done.image or 'none was run'}\n{kept}")
    return "\n\n".join(parts)


def _short(file: FileReport) -> str:
    """The name with the sandbox's ID cut to what containerd's own tools show of it."""
    return file.name.replace(file.sandbox, f"{file.sandbox[:13]}…") if file.sandbox else file.name


def _seen(file: FileReport) -> str:
    if file.ok and file.proof:
        return ", ".join(f"{MARKS[item.ok]} {item.what} {item.seen}" for item in file.proof)
    return redact(file.reason)


def _report_data(done: RepairReport) -> dict[str, Any]:
    return {"kind": "cni-repair", **done.to_dict()}


def _report_markdown(done: RepairReport) -> str:
    rows = [(file.node_name, file.name, file.outcome.value, _seen(file)) for file in done.files]
    parts = [f"### {md.cell(report_headline(done))}", md.table([header.lower() for header in HEADERS], rows)]
    undone = done.undone
    parts += [f"**{md.cell(each.hostname or each.node)}** still has a fatal file: {md.cell(str(each.left))}" for each in undone.fatal]
    if undone.over_limit:
        parts.append(f"{counted(undone.over_limit, 'more file')} can be removed in another run (--limit {undone.limit})")
    parts += [f"**{md.cell(address)}** was not looked at: {md.cell(redact(error))}" for address, error in undone.unseen.items()]
    return "\n\n".join([*parts, *(md.cell(redact(note)) for note in done.notes)])


def _past_rows(repairs: Sequence[RepairRecord]) -> list[tuple[str | Cell, ...]]:
    rows: list[tuple[str | Cell, ...]] = []
    for record in repairs:
        state = Cell("damaged", "bad") if record.problem else Cell("ended") if record.ended else Cell("open", "notice")
        files = redact(record.problem) if record.problem else counted(len(record.files), "file")
        rows.append((record.id, when(record.started_at) if record.started_at else "", record.scope, state, files))
    return rows


def _past_text(repairs: Sequence[RepairRecord], width: int, paint: Paint) -> str:
    return table(PAST, _past_rows(repairs), width=width, paint=paint) if repairs else "No repairs yet."


def _past_data(repairs: Sequence[RepairRecord]) -> dict[str, Any]:
    return {"kind": "cni-repairs", "schema": SCHEMA, "repairs": [record.to_dict() for record in repairs]}


def _past_markdown(repairs: Sequence[RepairRecord]) -> str:
    rows = [[cell.text if isinstance(cell, Cell) else cell for cell in row] for row in _past_rows(repairs)]
    return md.table([header.lower() for header in PAST], rows)


def _one_rows(record: RepairRecord) -> list[tuple[str, ...]]:
    return [
        (
            str(file["hostname"] or file["node"]),
            str(file["path"]),
            counted(int(file["size"]), "byte"),
            when(float(file["modified"])),
            str(file["outcome"]),
            redact(str(file["reason"])),
        )
        for file in (each.to_dict() for each in record.files)
    ]


_ONE = ("NODE", "FILE", "SIZE", "CHANGED (UTC)", "OUTCOME", "WHY")


def _one_text(record: RepairRecord, width: int, paint: Paint) -> str:
    title = f"Repair {record.id} of {record.scope or 'a cluster'}, {when(record.started_at)} UTC{'' if record.ended else '; it broke off'}"
    return "\n\n".join([paint("title", title), table(_ONE, _one_rows(record), width=width, paint=paint)])


def _one_data(record: RepairRecord) -> dict[str, Any]:
    return {"kind": "cni-repair-record", "schema": SCHEMA, **record.to_dict()}


def _one_markdown(record: RepairRecord) -> str:
    return f"### Repair {md.cell(record.id)}\n\n{md.table([header.lower() for header in _ONE], _one_rows(record))}"
