"""Editing a config's text with the least edit that can be proven.

Each operation says what the data is to be and offers edits from the least to the widest (:mod:`talospatch.patching.edits`). The text with
the edits is parsed again, and its data must equal the wanted data by type, document for document; otherwise the next wider edits are tried.
Everything outside the edits is the same text by construction.
"""

from __future__ import annotations

from collections.abc import Sequence as AbstractSequence
from typing import TYPE_CHECKING, NamedTuple

from talospatch.errors import ConfigError
from talospatch.machineconfig.nodes import Alias, Mapping, Node, Sequence, resolved
from talospatch.machineconfig.path import format_steps
from talospatch.machineconfig.reader import BYTE_ORDER_MARK
from talospatch.machineconfig.values import Data, means
from talospatch.patching.edits import Editor, Edits, Operation, Ways, applied
from talospatch.patching.emit import Style, block, style_of
from talospatch.patching.places import column_inside, is_flow, is_nothing, last_leaf
from talospatch.patching.scalar_edit import close_block_at_end, replace_scalar

if TYPE_CHECKING:
    from talospatch.machineconfig.config import MachineConfig
    from talospatch.machineconfig.document import Document

Steps = AbstractSequence[str | int]


class Spliced(NamedTuple):
    """The proven result. ``widened`` says that not the least edit was taken."""

    config: MachineConfig
    widened: bool


class Splicer:
    """Collects operations on one config and makes them all at once.

    Operations name places by the config as it was given; several on the same element do not go together.
    """

    __slots__ = ("_config", "_editor", "_operations", "_style", "_text", "_wanted")

    def __init__(self, config: MachineConfig) -> None:
        self._config, self._text = config, config.text
        self._style: Style = style_of(config)
        self._editor = Editor(self._text, self._style)
        self._operations: list[Operation] = []
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
        operation = Operation()
        if alias is None:
            if node is None:
                operation.ways += self._adding(parent, steps[-1], value)
            else:
                edits = replace_scalar(
                    self._text, node, value, style=self._style, column=column + self._style.step, in_flow=is_flow(parent)
                )
                operation.ways += [lambda edit=edit: [edit] for edit in edits]  # type: ignore[misc]
        operation.widen(self._rewriting(document, steps))
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
        operation = Operation()
        if not missing:
            if not isinstance(target, Sequence):
                raise self._nowhere(document, steps, "is not a list")
            self._want(document, steps, [*_data_at(self._data(document), steps), item])
            if alias is None:
                operation.ways += self._editor.inserting(target, len(target.items), [item])
        else:
            if not isinstance(target, Mapping):
                raise self._nowhere(document, there, "is not a mapping")
            key, value = missing[0], _below(missing[1:], item)
            self._want(document, [*there, key], value)
            if alias is None:
                operation.ways += self._adding(target, key, value)
        operation.widen(self._rewriting(document, there))
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
        operation = Operation()
        if not left and not target.flow:
            self._want_gone(document, steps)
            if alias is None:
                operation.ways += self._removing_key(document, steps)
        else:
            self._want(document, steps, left)
            if alias is None:
                operation.ways.append(lambda: self._editor.cut_items(target, indexes))
        operation.widen(self._rewriting(document, steps[:-1]))
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

        self._operations.append(Operation([edits]))

    def remove_document(self, document: Document) -> None:
        """Take a document out, with the comments between it and the next one."""
        position = self._config.documents.index(document)
        self._wanted[position] = ("", None)
        start, end = document.span
        self._operations.append(Operation([lambda: [(start, end, "")]]))

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
        text = applied(self._text, edits)
        if text is None:
            return None
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

    def _adding(self, mapping: Mapping | Sequence, key: str | int, value: Data) -> Ways:
        assert isinstance(mapping, Mapping)
        name = str(key)
        if name in mapping.values:
            return self._editor.filling(mapping, name, value)
        return self._editor.adding(mapping, {name: value})

    def _removing_key(self, document: Document, steps: Steps) -> Ways:
        parent = resolved(self._trail(document, steps[:-1])[-1])
        key = steps[-1]
        if not isinstance(parent, Mapping) or not isinstance(key, str) or parent.flow:
            return []
        if len(parent.values) == 1:
            return [lambda: self._rewrite(document, steps[:-1], parent)] if len(steps) > 1 else []
        return [lambda: self._editor.cut_key(parent, key)]

    def _rewriting(self, document: Document, steps: Steps) -> Ways:
        """The wider ways: write the collection around the change anew, then the one around that, or the alias that leads there."""
        ways: Ways = []
        for depth in range(len(steps), 0, -1):
            node = document.find(tuple(steps[:depth]))
            if isinstance(node, Mapping | Sequence | Alias):
                ways.append(lambda depth=depth, node=node: self._rewrite(document, steps[:depth], node))  # type: ignore[misc]
        return ways

    def _rewrite(self, document: Document, steps: Steps, node: Node) -> Edits | None:
        return self._editor.rewrite(node, document.find(tuple(steps[:-1])), steps[-1], _data_at(self._data(document), steps))


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
