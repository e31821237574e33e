"""The nodes: a row each, with what can be seen and why the rest cannot."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from talospatch.cli import markdown as md
from talospatch.cli.layout import Cell, counted, led, table, wrap
from talospatch.cli.output import View
from talospatch.cli.views import findings
from talospatch.redaction import redact
from talospatch.talos.machine_type import MachineType

if TYPE_CHECKING:
    from talospatch.cli.paint import Paint
    from talospatch.fleet.inventory import Inventory, NodeRow

HEADERS = ("NODE", "ADDRESS", "ROLE", "TALOS", "CONTAINERD", "STAGE", "DROP-IN", "METRICS", "PENDING")
ROLES = {MachineType.CONTROL_PLANE: "control plane", MachineType.WORKER: "worker", MachineType.UNKNOWN: "unknown"}
UNKNOWN = "unknown"
# What carries a containerd drop-in, in a word or two; the keys are those of containerd's DropIn.
CARRIERS = {"none": "none", "entry": "file entry", "entries": "several file entries", "entry+documents": "file entry and documents"}


def view(inventory: Inventory) -> View:
    """Return the forms of an inventory."""
    return View(partial(text, inventory), partial(data, inventory), partial(markdown, inventory))


def text(inventory: Inventory, width: int, paint: Paint) -> str:
    """Return the inventory for a terminal."""
    prose = min(width, 100)
    seen = [row for row in inventory.rows if not row.error]
    parts = [table(HEADERS, [_cells(row) for row in seen], width=width, paint=paint)] if seen else []
    parts += [
        led(row.name, "bad", f"could not be seen: {redact(row.error.removeprefix(f'{row.address}: '))}", prose, paint)
        for row in inventory.failed
    ]
    parts += [wrap(sentence, prose) for sentence in _unread(inventory)]
    noticed = findings.grouped([("", inventory.findings)])
    if noticed:
        parts.append(findings.text(noticed, prose, paint))
    return "\n\n".join(parts) or "no nodes"


def data(inventory: Inventory) -> dict[str, Any]:
    """Return plain values."""
    return {"kind": "inventory", **inventory.to_dict()}


def markdown(inventory: Inventory) -> str:
    """Return the inventory for a ticket."""
    rows = [[cell.text if isinstance(cell, Cell) else cell for cell in _cells(row)] for row in inventory.rows if not row.error]
    parts = [md.table([header.lower() for header in HEADERS], rows)]
    parts += [f"**{md.cell(row.name)}** could not be seen: {md.cell(redact(row.error))}" for row in inventory.failed]
    parts += [md.cell(sentence) for sentence in _unread(inventory)]
    noticed = findings.grouped([("", inventory.findings)])
    if noticed:
        parts.append(md.table(("severity", "code", "nodes", "message"), findings.rows(noticed)))
    return "\n\n".join(parts)


def _cells(row: NodeRow) -> tuple[str | Cell, ...]:
    return (
        row.name,
        row.address if row.hostname else "",
        ROLES[row.machine_type],
        row.talos,
        row.containerd,
        _stage(row),
        _dropin(row),
        _metrics(row),
        _pending(row),
    )


def _stage(row: NodeRow) -> Cell:
    if not row.stage:
        return Cell(UNKNOWN, "faint")
    well = row.stage == "running" and row.ready
    return Cell(row.stage if row.ready or row.ready is None else f"{row.stage}, not ready", "" if well else "notice")


def _dropin(row: NodeRow) -> Cell:
    if row.dropin is None:
        return Cell(UNKNOWN, "faint")
    style = "bad" if row.dropin.carrier in {"broken", "entries"} else ""
    return Cell(CARRIERS.get(row.dropin.carrier, row.dropin.carrier), style)


def _metrics(row: NodeRow) -> Cell:
    if row.dropin is None:
        return Cell(UNKNOWN, "faint")
    return Cell(row.dropin.metrics_address, "good") if row.dropin.metrics_address else Cell("off")


def _pending(row: NodeRow) -> Cell:
    if row.pending is None:
        return Cell(UNKNOWN, "faint")
    return Cell("unpersisted or staged", "notice") if row.pending else Cell("")


def _unread(inventory: Inventory) -> list[str]:
    """Return why something is unknown: each reason once, with how many nodes it is for."""
    reasons: dict[str, set[str]] = {}
    for row in inventory.rows:
        for reason in row.unread.values():
            reasons.setdefault(redact(reason), set()).add(row.name)
    return [f"unknown on {counted(len(nodes), 'node')}: {reason}" for reason, nodes in reasons.items()]
