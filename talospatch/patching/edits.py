"""Edits of a config's text: ways to add, change and take out what stands at a place, the least first.

Nothing here knows whether an edit is right. Who uses it parses the text again (:mod:`talospatch.patching.splice`,
:mod:`talospatch.patching.rewrite`).

Who owns a comment: lines directly above an element, in its column, belong to it and go when it goes; so do those below it that stand
further to the right, blank lines between them or not. What is commented out above an element, a key or another element, does not belong to
it. A comment at the end of a line belongs to that line. A new key goes below the commented-out line of the same key, if there is one; other
new elements go behind the last one, what is indented below that, and the comments directly below in their column.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Sequence as AbstractSequence
from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.nodes import Alias, Mapping, Node, Sequence
from talospatch.machineconfig.reader import BYTE_ORDER_MARK
from talospatch.patching import flow_edits
from talospatch.patching.emit import Style, block, flow
from talospatch.patching.places import (
    behind_line,
    column_of,
    dash_column,
    end_of_line,
    key_column,
    key_start,
    last_leaf,
    past_comments,
    properties_of,
)
from talospatch.patching.scalar_edit import Edit, close_block_at_end

if TYPE_CHECKING:
    from talospatch.machineconfig.path import Step
    from talospatch.machineconfig.values import Data

Edits = list[Edit]
Ways = list[Callable[[], Edits | None]]
# A key or an element, and no remark such as "TODO: …" or "Note: …": keys of Talos begin with a small letter.
_COMMENTED_OUT = r"#[# \t]*(?:- |(?!(?:[A-Z][a-z]+|TODO|NOTE|FIXME|XXX|WARNING|IMPORTANT):)[A-Za-z][\w./-]*:(?:\s|$))"


class Operation:
    """Ways to make one change, the least first; from ``wide`` on they write a collection anew.

    ``document`` and ``steps`` say where the change is; ``regions`` of the wider ways, how many of the steps lead to what they write anew.
    """

    __slots__ = ("document", "regions", "steps", "ways", "wide")

    def __init__(self, ways: Ways | None = None, document: str = "", steps: tuple[Step, ...] = ()) -> None:
        self.ways, self.document, self.steps = ways or [], document, steps
        self.wide = len(self.ways)
        self.regions: list[int] = []

    def widen(self, ways: Ways, regions: list[int] | None = None) -> None:
        """Add wider ways."""
        if not self.regions:
            self.wide = len(self.ways)
        self.ways += ways
        self.regions += regions or [len(self.steps)] * len(ways)

    def region(self, way: int) -> tuple[Step, ...] | None:
        """Return the steps to what a way writes anew; None when it does not."""
        return self.steps[: self.regions[way - self.wide]] if way >= self.wide else None


def applied(text: str, edits: Edits) -> str | None:
    """Return a text with edits made, or None when two of them are for the same characters."""
    behind, parts = len(text) + 1, []
    for start, end, new in reversed(sorted(dict.fromkeys(edits), key=lambda edit: edit[:2])):  # noqa: C413 - equal places keep their order
        if end > behind:
            return None
        parts += [text[end : min(behind, len(text))], new]
        behind = start
    parts.append(text[: min(behind, len(text))])
    return "".join(reversed(parts))


class Editor:
    """Finds edits of one text, written in its style."""

    def __init__(self, text: str, style: Style) -> None:
        self.text, self.style = text, style

    def _flow(self, data: Data) -> str:
        return flow(data, self.style.quote)

    def adding(self, mapping: Mapping, entries: dict[str, Data], removed: AbstractSequence[str] = ()) -> Ways:
        """Ways to add keys that a mapping lacks; others may be removed at the same time."""
        if mapping.flow:
            pairs = [self._flow({key: value})[1:-1] for key, value in entries.items()]
            gone = [index for index, key in enumerate(mapping.values) if key in removed]
            return [lambda: flow_edits.insert(self.text, mapping, pairs, self.style.newline, gone)]
        if not mapping.values:
            return []
        column = key_column(self.text, mapping)
        lines = block(entries, column, self.style)
        last = next(reversed(mapping.values.values()))
        first = next(iter(entries))
        ways = self.inserting_lines(last, column, lines)
        if len(entries) == 1 and self._may_be_remark(first):
            remark = self.insert_at_remark(mapping, first, column, lines)
            if remark is not None:
                return [lambda: remark, *ways]
        return ways

    def has_remark(self, mapping: Mapping, key: str) -> bool:
        """Whether a key stands in a block mapping, commented out."""
        if mapping.flow or not mapping.values or not self._may_be_remark(key):
            return False
        return self.insert_at_remark(mapping, key, key_column(self.text, mapping), []) is not None

    def _may_be_remark(self, key: str) -> bool:
        return "#" in self.text and (f"# {key}:" in self.text or f"#{key}:" in self.text)

    def filling(self, mapping: Mapping, key: str, value: Data) -> Ways:
        """Ways to write a collection where a key has nothing of use: an empty value, a null or an empty collection."""
        there = mapping.values[key]
        return [lambda: self.fill(mapping, key, there, value, ""), lambda: self.fill(mapping, key, there, value, self.style.newline)]

    def fill(self, mapping: Mapping, key: str, there: Node, value: Data, ending: str) -> Edits | None:
        """Write a collection where a key has nothing of use; a comment at the end of its line stays there."""
        text, newline = self.text, self.style.newline
        if mapping.flow:
            return [(there.start, there.end, self._flow(value) if there.end > there.start else f" {self._flow(value)}")]
        line_end = end_of_line(text, there.end)
        rest = text[there.end : line_end].strip()
        if rest and not rest.startswith("#"):
            return None
        if ending and line_end < len(text):
            return None
        if text[line_end - 1] == "\r":
            line_end -= 1
        column = column_of(text, key_start(text, mapping.keys[key])) + (self.style.offset if isinstance(value, list) else self.style.step)
        edits: Edits = [(line_end, line_end, newline + newline.join(block(value, column, self.style)) + ending)]
        begin = there.start
        while there.end > there.start and text[begin - 1] in " \t":
            begin -= 1
        return [*edits, (begin, there.end, "")] if begin < there.end else edits

    def inserting(
        self, sequence: Sequence, index: int, items: list[Data], removed: AbstractSequence[int] = (), moved: dict[int, int] | None = None
    ) -> Ways:
        """Ways to insert elements before the one of an index; the list's length stands for its end. Others may be removed.

        Args:
            sequence: the list.
            index: where.
            items: the elements.
            removed: indexes of elements that are removed at the same time.
            moved: which of the items is an element of the list that is only moved, by index: it takes its lines along, with its comments,
                unless they would mean something else there.
        """
        if sequence.flow:
            if index < len(sequence.items):
                return [lambda: self.flow_anew(sequence, [*sequence.items[:index], *items, *sequence.items[index:]])]
            written = [self._flow(item) for item in items]
            return [lambda: flow_edits.insert(self.text, sequence, written, self.style.newline, removed)]
        column = dash_column(self.text, sequence)
        along = self._lines(sequence, items, column, moved) if moved else None
        ways = self._inserting(sequence, index, column, along) if along is not None else []
        return [*ways, *self._inserting(sequence, index, column, block(items, column, self.style))]

    def _inserting(self, sequence: Sequence, index: int, column: int, lines: list[str]) -> Ways:
        if index:
            return self.inserting_lines(sequence.items[index - 1], column, lines)
        begin = self.text.rfind("\n", 0, self._dash(sequence, 0)) + 1
        if self.text[begin : begin + column].strip(" "):
            return []  # behind the dash of a list around it
        line = self.owned_from(begin, column)
        return [lambda: [(line, line, self.style.newline.join(lines) + self.style.newline)]]

    def _lines(self, sequence: Sequence, items: list[Data], column: int, moved: dict[int, int]) -> list[str] | None:
        """Return the lines of elements to insert; None where one that is moved does not stand on lines of its own."""
        lines: list[str] = []
        for number, item in enumerate(items):
            if number not in moved:
                lines += block([item], column, self.style)
                continue
            cut = self.cut_items(sequence, [moved[number]])
            if cut is None:
                return None
            start, end, _ = cut[0]
            lines += [line.removesuffix("\r") for line in self.text[start:end].strip("\r\n").split("\n")]
        return lines

    def flow_anew(self, collection: Sequence, items: AbstractSequence[Any]) -> Edits:
        """Write a list in brackets anew: of nodes that stand in the text as they stand there, and of data."""
        written = [self.text[item.start : item.end] if isinstance(item, Node) else self._flow(item) for item in items]
        return flow_edits.anew(self.text, collection, written)

    def flow_pairs_anew(self, mapping: Mapping, removed: AbstractSequence[str], changed: dict[str, Data], added: dict[str, Data]) -> Edits:
        """Write a mapping in braces anew, pairs that stay as they stand in the text."""
        text, written = self.text, list[str]()
        for (start, end), key in zip(flow_edits.entries(mapping), mapping.values, strict=True):
            if key in changed:
                written.append(f"{text[start : mapping.keys[key].end]}: {self._flow(changed[key])}")
            elif key not in removed:
                written.append(text[start:end])
        written += [self._flow({key: value})[1:-1] for key, value in added.items()]
        return flow_edits.anew(text, mapping, written)

    def inserting_lines(self, last: Node, column: int, lines: list[str]) -> Ways:
        """Insert lines behind an element, its comments and those that belong to what stands in the lines' column.

        Behind a text without a line end the new text has none either, unless its own last line needs one.
        """
        text, newline = self.text, self.style.newline
        end = past_comments(text, behind_line(text, last_leaf(last).end), column + 1, over_blank_lines=True)
        end = past_comments(text, end, column)
        new = newline.join(lines)
        if not end or text[end - 1] == "\n":
            return [lambda: [(end, end, new + newline)]]
        closed = close_block_at_end(text, last_leaf(last))
        before = [closed] if closed is not None else []
        return [lambda: [*before, (end, end, newline + new)], lambda: [*before, (end, end, newline + new + newline)]]

    def insert_at_remark(self, mapping: Mapping, key: str, column: int, lines: list[str]) -> Edits | None:
        """Insert behind a commented-out key of the same name, where a reader would look for it: in the mapping or directly below it."""
        own = f"^{' ' * column}#"
        below = rf"(?:{own}(?:[ \t]{{2,}}|[ \t]*-|[ \t]*\r?$)[^\n]*\n)*"  # what is commented out with it
        pattern = re.compile(rf"{own} ?(?:# ?)?{re.escape(key)}:[^\n]*\n{below}", re.MULTILINE)
        match = pattern.search(self.text, mapping.start, self._end_of_remarks(mapping, column))
        if match is None:
            return None
        newline = self.style.newline
        return [(match.end(), match.end(), newline.join(lines) + newline)]

    def _end_of_remarks(self, mapping: Mapping, column: int) -> int:
        """Return where the blank lines and comments in a column, or to the right of it, end that follow a mapping."""
        end = behind_line(self.text, last_leaf(mapping).end)
        while end < len(self.text):
            after = min(end_of_line(self.text, end) + 1, len(self.text))
            line = self.text[end:after]
            bare = line.lstrip(" ")
            if bare.strip() and (not bare.startswith("#") or len(line) - len(bare) < column):
                break
            end = after
        return end

    def _dash(self, sequence: Sequence, index: int) -> int:
        item, column = sequence.items[index], dash_column(self.text, sequence)
        dash = self.text.rfind("-", 0, item.start + (item.end == item.start))
        while column_of(self.text, dash) != column and dash > sequence.start:
            dash = self.text.rfind("-", 0, dash)
        return dash

    def cut_items(self, sequence: Sequence, indexes: AbstractSequence[int]) -> Edits | None:
        """Take elements out of a list, each with its comments."""
        if sequence.flow:
            if flow_edits.is_spread(self.text, sequence):
                return flow_edits.cut(self.text, sequence, indexes)
            return self.flow_anew(sequence, [item for index, item in enumerate(sequence.items) if index not in set(indexes)])
        column = dash_column(self.text, sequence)
        edits: Edits = []
        for index in indexes:
            cut = self.cut_lines(self._dash(sequence, index), last_leaf(sequence.items[index]).end, column)
            if cut is None:
                return None
            edits.append(cut)
        return edits

    def owned_from(self, line: int, column: int) -> int:
        """Return where the comments begin that belong to the element in a line: those directly above it, in its column."""
        while line > 0:
            above = self.text.rfind("\n", 0, line - 1) + 1
            remark = self.text[above:line]
            bare = remark.lstrip(" ")
            if not bare.startswith("#") or len(remark) - len(bare) != column or re.match(_COMMENTED_OUT, bare):
                break
            line = above
        return line

    def cut_key(self, mapping: Mapping, key: str) -> Edits | None:
        """Take a key out of a mapping that has others, with its comments."""
        node, start = mapping.values[key], key_start(self.text, mapping.keys[key])
        if mapping.flow:
            if flow_edits.is_spread(self.text, mapping):
                return flow_edits.cut(self.text, mapping, [list(mapping.values).index(key)])
            return self.flow_pairs_anew(mapping, [key], {}, {})
        cut = self.cut_lines(start, last_leaf(node).end, column_of(self.text, start))
        return None if cut is None else [cut]

    def cut_lines(self, start: int, end: int, column: int) -> Edit | None:
        """Cut whole lines, with the comments that the element owns."""
        text = self.text
        line = text.rfind("\n", 0, start) + 1
        if line == 0 and text.startswith(BYTE_ORDER_MARK):
            line = 1
        if text[line:start].strip(" "):
            return None
        line = self.owned_from(line, column)
        end = past_comments(text, behind_line(text, end), column + 1, over_blank_lines=True)
        if end == len(text) and not text.endswith("\n") and line > 0:  # the last line had no end: the one before it has none then
            line -= 2 if text[line - 2 : line] == "\r\n" else 1
        return line, end, ""

    def rewrite(self, target: Node, parent: Node | None, key: str | int | None, data: Data) -> Edits | None:
        """Write a value anew, whatever it was.

        Args:
            target: the value's node, or the alias that stands in its place.
            parent: the collection that it is in.
            key: its key or index there.
            data: what it is to be.
        """
        if isinstance(target, Mapping | Sequence) and target.flow:
            return [(target.start + len(properties_of(self.text, target)), target.end, self._flow(data))]
        collection = isinstance(data, dict | list) and bool(data)
        if isinstance(target, Alias) and (not isinstance(parent, Mapping) or parent.flow or not collection):
            return [(target.start, target.end, self._flow(data))]
        if isinstance(parent, Sequence) and not parent.flow and isinstance(key, int):
            return self._rewrite_item(parent, key, target, data)
        if not isinstance(parent, Mapping) or parent.flow or not isinstance(key, str):
            return [(target.start, target.end, self._flow(data))] if target.end > target.start else None
        name = parent.keys[key]
        column = column_of(self.text, key_start(self.text, name))
        colon = self.text.find(":", name.end)
        anchor = properties_of(self.text, target).strip() if not isinstance(target, Alias) else ""
        lead, remark = f": {anchor}".rstrip(), self._remark_of_key(colon, target)
        if not collection:
            new = f"{lead} {self._flow(data)}{remark}"
        else:
            inner = column + (self.style.offset if isinstance(data, list) else self.style.step)
            new = lead + remark + self.style.newline + self.style.newline.join(block(data, inner, self.style))
        end = self._end(target)
        if collection or isinstance(target, Mapping | Sequence):
            end = self._behind_remark(end, target, new)
        return [(colon, end, new + self._line_end(target))]

    def _remark_of_key(self, colon: int, target: Node) -> str:
        """Return the comment at the end of a key's line, with a space before it, where the value is a collection or an alias of one."""
        line_end = end_of_line(self.text, colon)
        if isinstance(target, Alias):
            line = self.text[target.end : end_of_line(self.text, target.end)]
        elif isinstance(target, Mapping | Sequence) and last_leaf(target).end > line_end:
            line = self.text[colon + 1 : line_end]
        else:
            return ""
        match = re.search(r"(?:^|[ \t])(#[^\r]*)", line)
        return f" {match[1].rstrip()}" if match else ""

    def _behind_remark(self, end: int, target: Node, new: str) -> int:
        """Return where an edit ends that writes a collection anew: behind the comment of its last line, unless that line stays as it is."""
        line_end = end_of_line(self.text, end)
        rest = self.text[end:line_end].rstrip("\r")
        old = self.text[self.text.rfind("\n", 0, end) + 1 : end].strip(" ")
        if not rest.lstrip(" \t").startswith("#") or (not isinstance(target, Alias) and new.rpartition("\n")[2].strip(" ") == old):
            return end
        return end + len(rest)

    def _rewrite_item(self, parent: Sequence, index: int, target: Node, data: Data) -> Edits | None:
        dash, column = self._dash(parent, index), dash_column(self.text, parent)
        lines = block([data], column, self.style)
        new = self.style.newline.join(lines)[column:]
        return [(dash, max(self._end(target), dash + 1), new + self._line_end(target))]

    def _end(self, target: Node) -> int:
        return target.end if isinstance(target, Alias) else last_leaf(target).end

    def _line_end(self, target: Node) -> str:
        end = self._end(target)
        return self.style.newline if end and self.text[end - 1] == "\n" else ""
