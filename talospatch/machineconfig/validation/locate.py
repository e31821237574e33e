"""Where values stand in the text of a config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.machineconfig.nodes import Mapping, Node, Scalar, Sequence, resolved
from talospatch.machineconfig.path import ROOT_DOCUMENT
from talospatch.machineconfig.reader import line_and_column
from talospatch.machineconfig.typed.dialect import dialect_of
from talospatch.machineconfig.typed.lenient import read_lenient

if TYPE_CHECKING:
    from collections.abc import Iterable


def located(message: str, source: str | None, line: int | None, column: int | None) -> str:
    """Return a message with its place before it, as ``worker.yaml:12:5: …``."""
    if line is None:
        return f"{source}: {message}" if source else message
    return f"{source}:{line}:{column}: {message}" if source else f"line {line}:{column}: {message}"


class Places:
    """Places in a text, which is read only when one is asked for.

    Args:
        text: a config that can be read.
        source: what the user calls it, or None.
        minor: the Talos minor that can read it.
    """

    def __init__(self, text: str, source: str | None, minor: str) -> None:
        self._text, self._source, self._minor = text, source, minor
        self._roots: dict[str, Mapping] | None = None

    def index(self, document: str, steps: Iterable[object]) -> int | None:
        """Return where a value begins: at its key, or at the nearest thing around it that stands in the text.

        Args:
            document: kind and name, as ``VolumeConfig/EPHEMERAL``, or the kind alone.
            steps: keys and indexes.

        Returns:
            The index of a character; None for a document that is not there.
        """
        node: Node | None = self._documents().get(document)
        if node is None:
            return None
        start = node.start
        for step in steps:
            node = resolved(node)
            if isinstance(node, Mapping) and isinstance(step, str) and step in node.values:
                start, node = node.keys[step].start, node.values[step]
            elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
                start = node.start
            else:
                break
        return start

    def located(self, message: str, index: int | None) -> str:
        """Return a message with the place of an index before it."""
        line, column = (None, None) if index is None else line_and_column(self._text, index)
        return located(message, self._source, line, column)

    def _documents(self) -> dict[str, Mapping]:
        if self._roots is None:
            self._roots = {}
            for tree in read_lenient(self._text, dialect_of(self._minor)):
                if isinstance(tree.root, Mapping):
                    kind = _text(tree.root, "kind") or ROOT_DOCUMENT
                    self._roots.setdefault(kind, tree.root)
                    self._roots[f"{kind}/{_text(tree.root, 'name')}"] = tree.root
        return self._roots


def _text(root: Mapping, key: str) -> str:
    node = root.values.get(key)
    leaf = resolved(node) if node is not None else None
    return leaf.text if isinstance(leaf, Scalar) else ""
