"""Where values stand in the text of a config."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from talospatch.machineconfig.nodes import Mapping, Node, Scalar, Sequence, resolved
from talospatch.machineconfig.path import ROOT_DOCUMENT
from talospatch.machineconfig.reader import line_and_column
from talospatch.machineconfig.typed.dialect import dialect_of
from talospatch.machineconfig.typed.lenient import read_lenient

if TYPE_CHECKING:
    from collections.abc import Iterable

    from talospatch.talos.finding import Finding


class Placed(NamedTuple):
    """A finding and where in a text it is about.

    Attributes:
        finding: its message says nothing of lines.
        line: from 1; None where no place can be told.
        column: in characters, from 1; likewise.
    """

    finding: Finding
    line: int | None = None
    column: int | None = None

    def told(self, source: str | None) -> Finding:
        """Return the finding with its place in the message, as ``worker.yaml:12:5: …``."""
        message = self.finding.message
        if self.line is None:
            return self.finding if not source else self.finding._replace(message=f"{source}: {message}")
        where = f"{source}:{self.line}:{self.column}" if source else f"line {self.line}:{self.column}"
        return self.finding._replace(message=f"{where}: {message}")


class Places:
    """Places in a text, which is read only when one is asked for.

    Args:
        text: a config that can be read.
        minor: the Talos minor that can read it.
    """

    def __init__(self, text: str, minor: str) -> None:
        self._text, self._minor = text, minor
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

    def placed(self, finding: Finding, index: int | None) -> Placed:
        """Return a finding with the place of an index."""
        return Placed(finding) if index is None else Placed(finding, *line_and_column(self._text, index))

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
