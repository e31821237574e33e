"""One document of a machine config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.machineconfig.nodes import Mapping, Node, Scalar, Sequence, resolved
from talospatch.machineconfig.path import ROOT_DOCUMENT, Selector, Step
from talospatch.machineconfig.values import Data, plain

if TYPE_CHECKING:
    from collections.abc import Sequence as AbstractSequence

    from talospatch.machineconfig.reader import Tree


class Document:
    """One document. Immutable; its data must not be changed.

    Attributes:
        api_version: its ``apiVersion``; empty for the v1alpha1 document.
        kind: its ``kind``; ``v1alpha1`` for the one with ``machine`` and ``cluster``.
        name: its ``name``, or empty.
        index: which document of the text it is, from 0, empty ones counted.
        tree: places in the text.
    """

    __slots__ = ("_value", "api_version", "index", "kind", "name", "tree")

    def __init__(self, tree: Tree, index: int) -> None:
        assert isinstance(tree.root, Mapping)
        self.tree, self.index = tree, index
        texts = {key: _text(tree.root.values.get(key)) for key in ("apiVersion", "kind", "name")}
        self.kind = texts["kind"] or ROOT_DOCUMENT
        self.api_version = texts["apiVersion"] if texts["kind"] else ""
        self.name = texts["name"] if texts["kind"] else ""
        self._value: Data = None

    @property
    def id(self) -> str:
        """``v1alpha1``, ``Kind`` or ``Kind/name``: how paths and messages call it."""
        return f"{self.kind}/{self.name}" if self.name else self.kind

    @property
    def node(self) -> Mapping:
        """Its tree, with places."""
        assert isinstance(self.tree.root, Mapping)
        return self.tree.root

    @property
    def span(self) -> tuple[int, int]:
        """Indexes of its first character and behind its last one, ``---`` included."""
        return self.tree.start, self.tree.end

    @property
    def value(self) -> dict[str, Data]:
        """Its plain data, as Talos reads it. Do not change it."""
        if self._value is None:
            self._value = plain(self.tree.root)
        value: dict[str, Data] = self._value
        return value

    def share(self, value: Data) -> None:
        """Take data that was proven to be this document's own, so that what it shares with another's is known to be the same."""
        self._value = value

    def find(self, steps: AbstractSequence[Step]) -> Node | None:
        """Return the node at a path, or None; aliases on the way are followed, merge keys are not."""
        node: Node | None = self.tree.root
        for step in steps:
            if node is None:
                return None
            node = _inside(resolved(node), step)
        return node

    def __repr__(self) -> str:
        from talospatch.redaction import RUN, redact

        return f"<Document {redact(self.id, marks=RUN)}>"


def _inside(node: Node, step: Step) -> Node | None:
    if isinstance(step, str):
        return node.values.get(step) if isinstance(node, Mapping) else None
    if not isinstance(node, Sequence):
        return None
    if isinstance(step, Selector):
        for item in node.items:
            inner = resolved(item)
            if isinstance(inner, Mapping) and _text(inner.values.get(step.key)) == step.value:
                return item
        return None
    return node.items[step] if -len(node.items) <= step < len(node.items) else None


def _text(node: Node | None) -> str:
    leaf = resolved(node) if node is not None else None
    return leaf.text if isinstance(leaf, Scalar) else ""
