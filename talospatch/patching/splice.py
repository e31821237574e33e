"""Editing a config's text with the least edit that can be proven.

Each operation says what the data is to be and offers edits from the least to the widest. The text with the edits is parsed again, and its
data must equal the wanted data by type, document for document; otherwise the next wider edits are tried. Everything outside the edits is
the same text by construction.

Who owns a comment: lines directly above an element, in its column, belong to it and go when it goes; so do lines directly below it that
stand further to the right. What is commented out, a key or an element, belongs to nobody. A comment at the end of a line belongs to that
line. New elements come behind the comments that stand in their column directly below the last one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Sequence as AbstractSequence
from typing import TYPE_CHECKING, NamedTuple

from talospatch.errors import ConfigError
from talospatch.machineconfig.nodes import Alias, Mapping, Node, Sequence, resolved
from talospatch.machineconfig.path import format_steps
from talospatch.machineconfig.reader import BYTE_ORDER_MARK
from talospatch.machineconfig.values import Data, means
from talospatch.patching.emit import Style, block, flow, style_of
from talospatch.patching.places import (
    behind_line,
    column_inside,
    column_of,
    dash_column,
    end_of_line,
    is_flow,
    is_nothing,
    last_leaf,
    past_comments,
    properties_of,
)
from talospatch.patching.scalar_edit import Edit, close_block_at_end, replace_scalar

if TYPE_CHECKING:
    from talospatch.machineconfig.config import MachineConfig
    from talospatch.machineconfig.document import Document

Steps = AbstractSequence[str | int]
Edits = list[Edit]
_COMMENTED_OUT = r"#[# \t]*(?:- |[A-Za-z][\w./-]*:(?:\s|$))"


class Spliced(NamedTuple):
    """The proven result. ``widened`` says that not the least edit was taken."""

    config: MachineConfig
    widened: bool


class _Operation:
    """Ways to make one change, the least first; from ``wide`` on they write a collection anew."""

    __slots__ = ("ways", "wide")

    def __init__(self, ways: list[Callable[[], Edits | None]] | None = None) -> None:
        self.ways = ways or []
        self.wide = len(self.ways)

    def widen(self, ways: list[Callable[[], Edits | None]]) -> None:
        """Add the wider ways."""
        self.wide = len(self.ways)
        self.ways += ways


class Splicer:
    """Collects operations on one config and makes them all at once.

    Operations name places by the config as it was given; several on the same element do not go together.
    """

    __slots__ = ("_config", "_operations", "_style", "_text", "_wanted")

    def __init__(self, config: MachineConfig) -> None:
        self._config, self._text = config, config.text
        self._style: Style = style_of(config)
        self._operations: list[_Operation] = []
        self._wanted: list[tuple[str, Data]] = [(document.id, document.value) for document in config.documents]

    def set(self, document: Document, steps: Steps, value: str) -> None:
        """Write text into the scalar at a path, or add it as a key when its mapping lacks it.

        Raises:
            ConfigError: the path leads nowhere.
        """
        node = document.find(tuple(steps))
        parent, alias = self._parent(document, steps)
        self._want(document, steps, value)
        column = column_inside(self._text, parent)
        operation = _Operation()
        if alias is None:
            if node is None:
                operation.ways += self._adding(parent, steps[-1], value)
            else:
                edits = replace_scalar(
                    self._text, node, value, newline=self._style.newline, column=column + self._style.step, in_flow=is_flow(parent)
                )
                operation.ways += [lambda edit=edit: [edit] for edit in edits]  # type: ignore[misc]
        operation.widen(self._rewriting(document, steps, alias))
        self._operations.append(operation)

    def append(self, document: Document, steps: Steps, item: Data) -> None:
        """Add an element to the end of a list; the list, and mappings above it, are made where there are none.

        Raises:
            ConfigError: something else stands on the way.
        """
        depth = len(steps)
        while depth and is_nothing(document.find(tuple(steps[:depth]))):
            depth -= 1
        there = steps[:depth]
        node = document.find(tuple(there))
        missing = [str(step) for step in steps[depth:]]
        target = resolved(node) if node is not None else None
        alias = next((n for n in self._trail(document, there) if isinstance(n, Alias)), None)
        operation = _Operation()
        if not missing:
            if not isinstance(target, Sequence):
                raise self._nowhere(document, steps, "is not a list")
            self._want(document, steps, [*_data_at(self._data(document), steps), item])
            if alias is None:
                operation.ways += self._inserting(target, item)
        else:
            if not isinstance(target, Mapping):
                raise self._nowhere(document, there, "is not a mapping")
            key, value = missing[0], _below(missing[1:], item)
            self._want(document, [*there, key], value)
            if alias is None:
                operation.ways += self._adding(target, key, value)
        operation.widen(self._rewriting(document, there, alias))
        self._operations.append(operation)

    def remove_items(self, document: Document, steps: Steps, indexes: AbstractSequence[int]) -> None:
        """Take elements out of a list; when none is left, the list's key goes too, unless the list is written in brackets.

        Places named afterwards must stand before the first element taken out.

        Raises:
            ConfigError: there is no such list.
        """
        node = document.find(tuple(steps))
        target = resolved(node) if node is not None else None
        if not isinstance(target, Sequence):
            raise self._nowhere(document, steps, "is not a list")
        alias = next((n for n in self._trail(document, steps) if isinstance(n, Alias)), None)
        left = [item for index, item in enumerate(_data_at(self._data(document), steps)) if index not in indexes]
        operation = _Operation()
        if not left and not target.flow:
            self._want_gone(document, steps)
            if alias is None:
                operation.ways += self._removing_key(document, steps)
        else:
            self._want(document, steps, left)
            if alias is None and not target.flow:
                operation.ways.append(lambda: self._cut_items(target, indexes))
            elif alias is None:
                operation.ways.append(lambda: [(target.start + len(properties_of(self._text, target)), target.end, flow(left))])
        operation.widen(self._rewriting(document, steps[:-1], alias))
        self._operations.append(operation)

    def append_document(self, data: dict[str, Data]) -> None:
        """Add a document at the end."""
        identity = str(data.get("kind", "v1alpha1")) + (f"/{data['name']}" if data.get("name") else "")
        self._wanted.append((identity, data))

        def edits() -> Edits:
            newline = self._style.newline
            text = newline.join(block(data, 0, self._style)) + newline
            last = self._config.documents[-1] if self._config.documents else None
            extra = close_block_at_end(self._text, last_leaf(last.node)) if last is not None else None
            begin = "" if not self._text or self._text.endswith("\n") else newline
            mark = f"---{newline}" if last is not None or self._text.strip(BYTE_ORDER_MARK).strip() else ""
            end = len(self._text)
            return ([extra] if extra else []) + [(end, end, f"{begin}{mark}{text}")]

        self._operations.append(_Operation([edits]))

    def remove_document(self, document: Document) -> None:
        """Take a document out, with the comments between it and the next one."""
        position = self._config.documents.index(document)
        self._wanted[position] = ("", None)
        start, end = document.span
        self._operations.append(_Operation([lambda: [(start, end, "")]]))

    def finish(self) -> Spliced:
        """Make the edits, prove them and return the new config.

        Raises:
            ConfigError: no edit could be proven right; the config is as it was.
        """
        if not self._operations:
            return Spliced(self._config, False)
        wanted = [each for each in self._wanted if each[0]]
        for level in range(max(len(operation.ways) for operation in self._operations)):
            edits: Edits | None = []
            for operation in self._operations:
                way = operation.ways[min(level, len(operation.ways) - 1)]()
                if way is None or edits is None:
                    edits = None
                else:
                    edits += way
            config = self._proven(edits, wanted) if edits is not None else None
            if config is not None:
                widened = any(min(level, len(operation.ways) - 1) >= operation.wide for operation in self._operations)
                return Spliced(config, widened)
        raise ConfigError(
            "an edit could not be proven right, so nothing was changed",
            source=self._config.source,
            hint="an anchor whose value is used elsewhere, or an unusual layout, may be the reason: write that part plainly",
        )

    def _proven(self, edits: Edits, wanted: list[tuple[str, Data]]) -> MachineConfig | None:
        text, behind = self._text, len(self._text) + 1
        for start, end, new in sorted(set(edits), reverse=True):
            if end > behind:
                return None
            text, behind = text[:start] + new + text[end:], start
        try:
            config = type(self._config).parse(text, source=self._config.source)
        except ConfigError:
            return None
        if len(config.documents) != len(wanted):
            return None
        for document, (identity, data) in zip(config.documents, wanted, strict=True):
            if document.id != identity or not means(document.node, data):
                return None
            document.share(data)
        return config

    # What the data is to be

    def _data(self, document: Document) -> Data:
        return self._wanted[self._config.documents.index(document)][1]

    def _want(self, document: Document, steps: Steps, value: Data) -> None:
        position = self._config.documents.index(document)
        self._wanted[position] = (document.id, _with(self._wanted[position][1], steps, value))

    def _want_gone(self, document: Document, steps: Steps) -> None:
        parent = dict(_data_at(self._data(document), steps[:-1]))
        del parent[steps[-1]]
        self._want(document, steps[:-1], parent)

    # Ways to make an edit

    def _trail(self, document: Document, steps: Steps) -> list[Node]:
        return [node for depth in range(len(steps) + 1) if (node := document.find(tuple(steps[:depth]))) is not None]

    def _parent(self, document: Document, steps: Steps) -> tuple[Mapping | Sequence, Alias | None]:
        above = self._trail(document, steps[:-1])
        parent = resolved(above[-1])
        if (
            len(above) != len(steps)
            or not isinstance(parent, Mapping | Sequence)
            or isinstance(document.find(tuple(steps)), Mapping | Sequence)
        ):
            raise self._nowhere(document, steps, "does not lead to a single value")
        return parent, next((node for node in above if isinstance(node, Alias)), None)

    def _nowhere(self, document: Document, steps: Steps, problem: str) -> ConfigError:
        return ConfigError(problem, source=self._config.source, path=f"{document.id}:{format_steps(steps)}")

    def _adding(self, mapping: Mapping | Sequence, key: str | int, value: Data) -> list[Callable[[], Edits | None]]:
        assert isinstance(mapping, Mapping)
        name = str(key)
        there = mapping.values.get(name)
        if there is not None:  # an empty value, a null or an empty collection
            return [
                lambda: self._fill(mapping, name, there, value, ""),
                lambda: self._fill(mapping, name, there, value, self._style.newline),
            ]
        if mapping.flow or not mapping.values:
            return (
                [lambda: self._insert_flow(mapping, f"{flow({name: value})[1:-1]}", list(mapping.values.values()))] if mapping.flow else []
            )
        column = column_of(self._text, next(iter(mapping.keys.values())).start)
        lines = block({name: value}, column, self._style)
        last = next(reversed(mapping.values.values()))
        remark = self._insert_at_remark(mapping, name, column, lines)
        ways: list[Callable[[], Edits | None]] = [lambda: remark] if remark is not None else []
        return [*ways, *self._inserting_lines(last, column, lines)]

    def _fill(self, mapping: Mapping, key: str, there: Node, value: Data, ending: str) -> Edits | None:
        """Write a collection where a key has nothing of use; a comment at the end of its line stays there."""
        text, newline = self._text, self._style.newline
        if mapping.flow:
            return [(there.start, there.end, flow(value) if there.end > there.start else f" {flow(value)}")]
        line_end = end_of_line(text, there.end)
        rest = text[there.end : line_end].strip()
        if rest and not rest.startswith("#"):
            return None
        if ending and line_end < len(text):
            return None
        if text[line_end - 1] == "\r":
            line_end -= 1
        column = column_of(text, mapping.keys[key].start) + (self._style.offset if isinstance(value, list) else self._style.step)
        edits: Edits = [(line_end, line_end, newline + newline.join(block(value, column, self._style)) + ending)]
        begin = there.start
        while there.end > there.start and text[begin - 1] in " \t":
            begin -= 1
        return [*edits, (begin, there.end, "")] if begin < there.end else edits

    def _inserting(self, sequence: Sequence, item: Data) -> list[Callable[[], Edits | None]]:
        if sequence.flow:
            return [lambda: self._insert_flow(sequence, flow(item), sequence.items)]
        column = dash_column(self._text, sequence)
        return self._inserting_lines(sequence.items[-1], column, block([item], column, self._style))

    def _insert_flow(self, collection: Mapping | Sequence, new: str, items: list[Node]) -> Edits:
        if items:
            end = items[-1].end
            return [(end, end, f", {new}")]
        begin = collection.start + len(properties_of(self._text, collection))
        opening, closing = self._text[begin], self._text[collection.end - 1]
        return [(begin, collection.end, f"{opening}{new}{closing}")]

    def _inserting_lines(self, last: Node, column: int, lines: list[str]) -> list[Callable[[], Edits | None]]:
        """Insert lines behind an element, its comments and those that belong to what stands in the lines' column.

        Behind a text without a line end the new text has none either, unless its own last line needs one.
        """
        text, newline = self._text, self._style.newline
        end = past_comments(text, behind_line(text, last_leaf(last).end), column)
        new = newline.join(lines)
        if not end or text[end - 1] == "\n":
            return [lambda: [(end, end, new + newline)]]
        closed = close_block_at_end(text, last_leaf(last))
        before = [closed] if closed is not None else []
        return [lambda: [*before, (end, end, newline + new)], lambda: [*before, (end, end, newline + new + newline)]]

    def _insert_at_remark(self, mapping: Mapping, key: str, column: int, lines: list[str]) -> Edits | None:
        """Insert behind a commented-out key of the same name, where a reader would look for it."""
        below = r"(?:[ \t]*#(?:[ \t]{2,}|[ \t]*-|[ \t]*\r?$)[^\n]*\n)*"  # what is commented out with it
        pattern = re.compile(rf"^[ \t]*#[# \t]*{re.escape(key)}:[^\n]*\n{below}", re.MULTILINE)
        match = pattern.search(self._text, mapping.start, mapping.end)
        if match is None or column_of(self._text, self._text.index("#", match.start())) < column:
            return None
        newline = self._style.newline
        return [(match.end(), match.end(), newline.join(lines) + newline)]

    def _cut_items(self, sequence: Sequence, indexes: AbstractSequence[int]) -> Edits | None:
        column = dash_column(self._text, sequence)
        edits: Edits = []
        for index in indexes:
            item = sequence.items[index]
            dash = self._text.rfind("-", 0, item.start + (item.end == item.start))
            while column_of(self._text, dash) != column and dash > sequence.start:
                dash = self._text.rfind("-", 0, dash)
            cut = self._cut_lines(dash, last_leaf(item).end, column)
            if cut is None:
                return None
            edits.append(cut)
        return edits

    def _cut_lines(self, start: int, end: int, column: int) -> Edit | None:
        """Cut whole lines, with the comments that the element owns."""
        text = self._text
        line = text.rfind("\n", 0, start) + 1
        if line == 0 and text.startswith(BYTE_ORDER_MARK):
            line = 1
        if text[line:start].strip(" "):
            return None
        while line > 0:
            above = text.rfind("\n", 0, line - 1) + 1
            remark = text[above:line]
            bare = remark.lstrip(" ")
            if not bare.startswith("#") or len(remark) - len(bare) != column or re.match(_COMMENTED_OUT, bare):
                break
            line = above
        end = past_comments(text, behind_line(text, end), column + 1)
        if end == len(text) and not text.endswith("\n") and line > 0:  # the last line had no end: the one before it has none then
            line -= 2 if text[line - 2 : line] == "\r\n" else 1
        return line, end, ""

    def _removing_key(self, document: Document, steps: Steps) -> list[Callable[[], Edits | None]]:
        parent = resolved(self._trail(document, steps[:-1])[-1])
        key = steps[-1]
        if not isinstance(parent, Mapping) or not isinstance(key, str) or parent.flow:
            return []
        node = parent.values[key]
        if len(parent.values) == 1:
            return [lambda: self._rewrite(document, steps[:-1], parent)] if len(steps) > 1 else []
        name = parent.keys[key]
        return [lambda: _edits(self._cut_lines(name.start, last_leaf(node).end, column_of(self._text, name.start)))]

    def _rewriting(self, document: Document, steps: Steps, alias: Alias | None) -> list[Callable[[], Edits | None]]:
        """The wider ways: write the collection around the change anew, then the one around that, or the alias that leads there."""
        ways: list[Callable[[], Edits | None]] = []
        for depth in range(len(steps), 0, -1):
            node = document.find(tuple(steps[:depth]))
            if isinstance(node, Mapping | Sequence | Alias):
                ways.append(lambda depth=depth, node=node: self._rewrite(document, steps[:depth], node))  # type: ignore[misc]
        return ways

    def _rewrite(self, document: Document, steps: Steps, node: Node) -> Edits | None:
        data = _data_at(self._data(document), steps)
        parent = document.find(tuple(steps[:-1]))
        target = node
        if isinstance(target, Mapping | Sequence) and target.flow:
            return [(target.start + len(properties_of(self._text, target)), target.end, flow(data))]
        if isinstance(target, Alias) and (not isinstance(parent, Mapping) or parent.flow or not data):
            return [(target.start, target.end, flow(data))]
        if not isinstance(parent, Mapping) or parent.flow or not isinstance(steps[-1], str):
            return None
        name = parent.keys[steps[-1]]
        column = column_of(self._text, name.start)
        colon = self._text.find(":", name.end)
        anchor = properties_of(self._text, target).strip() if not isinstance(target, Alias) else ""
        lead = f": {anchor}".rstrip()
        if not data:
            new = f"{lead} {flow(data)}"
        else:
            inner = column + (self._style.offset if isinstance(data, list) else self._style.step)
            new = lead + self._style.newline + self._style.newline.join(block(data, inner, self._style))
        end = target.end if isinstance(target, Alias) else last_leaf(target).end
        if end and self._text[end - 1] == "\n":
            new += self._style.newline
        return [(colon, end, new)]


def _below(steps: Steps, item: Data) -> Data:
    """Return a list of one item below new keys."""
    value: Data = [item]
    for step in reversed(steps):
        value = {step: value}
    return value


def _with(data: Data, steps: Steps, value: Data) -> Data:
    """Return data with another value at a path; what is not on the way is shared, nothing is changed."""
    if not steps:
        return value
    step = steps[0]
    copy = list(data) if isinstance(data, list) else dict(data or {})
    if isinstance(copy, list):
        assert isinstance(step, int)
        copy[step] = _with(copy[step], steps[1:], value)
    else:
        copy[step] = _with(copy.get(step), steps[1:], value)
    return copy


def _data_at(data: Data, steps: Steps) -> Data:
    for step in steps:
        data = data[step]
    return data


def _edits(edit: Edit | None) -> Edits | None:
    return None if edit is None else [edit]
