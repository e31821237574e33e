"""Two configurations side by side: what differs by meaning, then by text."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.cli import markdown as md
from talospatch.cli.layout import counted, difference, printable, wrap
from talospatch.cli.output import View
from talospatch.machineconfig.difference import EntryKind

if TYPE_CHECKING:
    from talospatch.cli.paint import Paint
    from talospatch.machineconfig.difference import Difference, Entry
    from talospatch.machineconfig.values import Data

SCHEMA = 1
LONGEST_VALUE = 200  # characters of a value in the list; the texts below it show the rest
SIGNS = {EntryKind.ADDED: ("+", "added"), EntryKind.REMOVED: ("-", "removed"), EntryKind.CHANGED: ("~", "notice")}


class Pair(NamedTuple):
    """Two files and how they differ.

    Attributes:
        before: the one, as the user named it.
        after: the other.
        difference: what differs, secrets marked.
    """

    before: str
    after: str
    difference: Difference


def view(pair: Pair) -> View:
    """Return the forms of a pair."""
    return View(partial(text, pair), partial(data, pair), partial(markdown, pair))


def headline(pair: Pair) -> str:
    """Return the whole in one line: ``a.yaml → b.yaml: 2 differences``."""
    names = f"{pair.before} → {pair.after}"
    if pair.difference.is_empty:
        return f"{names}: the same, byte for byte"
    entries = pair.difference.entries
    return f"{names}: {counted(len(entries), 'difference') if entries else 'the same in meaning; comments or layout differ'}"


def text(pair: Pair, width: int, paint: Paint) -> str:
    """Return the pair for a terminal."""
    prose = min(width, 100)
    parts = [paint("title", wrap(headline(pair), prose))]
    if pair.difference.entries:
        parts.append("\n".join(_entry(entry, prose, paint) for entry in pair.difference.entries))
    if not pair.difference.is_empty:
        parts.append(difference(_unified(pair), paint))
    return "\n\n".join(parts)


def data(pair: Pair) -> dict[str, Any]:
    """Return plain values."""
    return {
        "kind": "difference",
        "schema": SCHEMA,
        "before": pair.before,
        "after": pair.after,
        "same_text": pair.difference.is_empty,
        "same_meaning": not pair.difference.entries,
        "entries": [entry.to_dict() for entry in pair.difference.entries],
        "diff": _unified(pair),
    }


def markdown(pair: Pair) -> str:
    """Return the pair for a pull request."""
    parts = [f"### {md.cell(headline(pair))}"]
    if pair.difference.entries:
        rows = [(entry.kind.value, entry.path, *_values(entry)) for entry in pair.difference.entries]
        parts.append(md.table(("", "path", "before", "after"), rows))
    if not pair.difference.is_empty:
        parts.append(md.folded("as text", md.fenced(_unified(pair), "diff")))
    return "\n\n".join(parts)


def _unified(pair: Pair) -> str:
    return pair.difference.unified(names=(pair.before, pair.after))


def _entry(entry: Entry, width: int, paint: Paint) -> str:
    sign, style = SIGNS[entry.kind]
    before, after = _values(entry)
    said = f"{before} → {after}" if entry.kind is EntryKind.CHANGED else before or after
    lead = f"{sign} {printable(entry.path)}:".replace("::", ":")
    return paint(style, lead) + wrap(said, width, first=f"{lead} ", rest="    ")[len(lead) :]


def _values(entry: Entry) -> tuple[str, str]:
    before = "" if entry.kind is EntryKind.ADDED else _value(entry.before)
    return before, "" if entry.kind is EntryKind.REMOVED else _value(entry.after)


def _value(value: Data) -> str:
    """Return a value in one line."""
    said = value if isinstance(value, str) and value and "\n" not in value else json.dumps(value, ensure_ascii=False, default=str)
    return said if len(said) <= LONGEST_VALUE else f"{said[: LONGEST_VALUE - 1]}…"
