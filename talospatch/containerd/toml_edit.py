"""Setting and removing values in TOML text, leaving everything else as it stands.

Rules of ownership: comment lines directly above a statement, without a blank line between, belong to it and go when it goes. With a table
goes the one blank line before it. A comment behind the last key of a table stays.

Nothing here proves its result: the caller parses it again and compares (:mod:`talospatch.containerd.fragment`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.containerd.metrics import value_at
from talospatch.containerd.toml_scan import Keys, Kind, Statement, scan
from talospatch.containerd.toml_write import INDENT, write_key, write_tables, write_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Edit = tuple[int, int, str]


def set_leaves(text: str, changes: Mapping[Keys, Any], wanted: Mapping[str, Any]) -> str:
    """Return the text with values set.

    Args:
        text: TOML 1.0 or 1.1 that a parser has accepted.
        changes: each value to set, by its absolute path; only those that differ.
        wanted: the whole data as it is to be; inline tables are written from it.

    Raises:
        ScanError: the text has a shape that is not known.
    """
    statements = scan(text).statements
    newline = "\r\n" if "\r\n" in text else "\n"
    edits: dict[tuple[int, int], str] = {}
    appended: dict[Keys, Any] = {}
    for keys, value in changes.items():
        holder = _holder(statements, keys)
        if holder is not None:
            edits[holder.value] = write_value(value if holder.keys == keys else value_at(wanted, holder.keys))
            continue
        sibling = _last_sibling(statements, keys[:-1])
        if sibling is not None:
            line = _line_beside(text, sibling, keys, value)
            place = (sibling.end, sibling.end)
            ends_line = text[: sibling.end].endswith("\n")
            edits[place] = edits.get(place, "") + (line + newline if ends_line else newline + line)
        elif len(keys) == 1:
            first = statements[0].start if statements else len(text)
            first = _with_comments_above(text, first)
            edits[first, first] = edits.get((first, first), "") + f"{write_key(keys)} = {write_value(value)}{newline}"
        else:
            appended[keys] = value
    for (start, end), new in sorted(edits.items(), reverse=True):
        text = text[:start] + new + text[end:]
    return append_tables(text, appended, newline) if appended else text


def append_tables(text: str, values: Mapping[Keys, Any], newline: str = "\n") -> str:
    """Return the text with new tables at its end, behind one blank line; whether it ended in a newline stays as it was."""
    block = write_tables(values).replace("\n", newline)
    if not text.strip():
        return block
    if text.endswith("\n"):
        return text + newline + block
    return text + newline * 2 + block[: -len(newline)]


def remove_leaves(text: str, gone: Iterable[Keys], remaining: Mapping[str, Any]) -> str:
    """Return the text without some values, and without the tables that hold nothing afterwards.

    Args:
        text: TOML that a parser has accepted.
        gone: paths of the values to take out; each must be there.
        remaining: the whole data as it is to be; inline tables are written from it.

    Raises:
        ScanError: the text has a shape that is not known.
    """
    statements = scan(text).statements
    removed: list[Statement] = []
    edits: list[Edit] = []
    for keys in gone:
        holder = _holder(statements, keys)
        if holder is None:
            continue
        left = value_at(remaining, holder.keys) if holder.keys != keys else None
        if left:
            edits.append((*holder.value, write_value(left)))
        else:
            removed.append(holder)
    emptied = {statement.table for statement in removed}
    for index, header in enumerate(statements):
        if header.kind is not Kind.TABLE or header.table not in emptied:
            continue
        own = _section(statements, index)
        if all(statement in removed for statement in own):
            removed = [statement for statement in removed if statement not in own]
            edits.append(_cut(text, header.start, own[-1].end if own else header.end, with_blank=True))
    edits += [_cut(text, statement.start, statement.end, with_blank=False) for statement in removed]
    ended = text.endswith("\n")
    for start, end, new in sorted(set(edits), reverse=True):
        text = text[:start] + new + text[end:]
    if not ended and text.endswith("\n"):
        text = text.removesuffix("\n").removesuffix("\r")
    return text


def _holder(statements: list[Statement], keys: Keys) -> Statement | None:
    """Return the statement whose value is, or holds inline, the value at a path."""
    for statement in statements:
        if statement.kind is Kind.KEY and statement.editable and keys[: len(statement.keys)] == statement.keys:
            return statement
    return None


def _last_sibling(statements: list[Statement], table: Keys) -> Statement | None:
    """Return the last key that stands in the table, dotted or below its header, or else its header."""
    header = keyed = None
    for statement in statements:
        if not statement.editable:
            continue
        if statement.kind is Kind.KEY and statement.keys[:-1] == table:
            keyed = statement
        elif statement.kind is Kind.TABLE and statement.keys == table:
            header = statement
    return keyed or header


def _line_beside(text: str, sibling: Statement, keys: Keys, value: Any) -> str:
    indent = text[sibling.start : sibling.name]
    if sibling.kind is Kind.TABLE:
        indent += INDENT
    return f"{indent}{write_key(keys[len(sibling.table) :])} = {write_value(value)}"


def _section(statements: list[Statement], index: int) -> list[Statement]:
    own: list[Statement] = []
    for statement in statements[index + 1 :]:
        if statement.kind is not Kind.KEY:
            break
        own.append(statement)
    return own


def _cut(text: str, start: int, end: int, *, with_blank: bool) -> Edit:
    start = _with_comments_above(text, start)
    if with_blank:
        above = _line_above(text, start)
        if above is not None and not text[above:start].strip():
            start = above
        elif start == 0:
            after = text.find("\n", end) + 1
            if after and not text[end:after].strip():
                end = after
    return start, end, ""


def _with_comments_above(text: str, start: int) -> int:
    while (above := _line_above(text, start)) is not None and text[above:start].lstrip().startswith("#"):
        start = above
    return start


def _line_above(text: str, start: int) -> int | None:
    if start == 0:
        return None
    return text.rfind("\n", 0, start - 1) + 1
