"""A strategic merge patch as a step of a change, and what it may leave to other steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.containerd.drop_in import KIND, PART_PATH
from talospatch.machineconfig.nodes import Mapping, Scalar, Sequence, resolved
from talospatch.machineconfig.reader import read

if TYPE_CHECKING:
    from collections.abc import Callable

    from talospatch.machineconfig.nodes import Node
    from talospatch.machineconfig.reader import Tree
    from talospatch.patching.workpiece import Workpiece

MARK = "$patch"


class MergeStep:
    """A strategic merge patch. Equal to another of the same text; sent to another process without its trees.

    Attributes:
        text: its text.
        source: what the user calls it.
        is_drop_in: tells the nodes of the text that are steps of their own: entries of ``machine.files`` and whole documents.
    """

    __slots__ = ("_trees", "is_drop_in", "source", "text")

    def __init__(self, text: str, source: str, is_drop_in: Callable[[Node], bool] | None = None, *, trees: tuple[Tree, ...] = ()) -> None:
        self.text, self.source, self.is_drop_in = text, source, is_drop_in
        # Deletes are cut out of trees in place, so a patch that has some is read each time. An escape may spell their mark.
        self._trees = () if MARK in text or "\\" in text else trees

    def apply(self, piece: Workpiece) -> None:
        """Merge it into the documents."""
        trees = self._trees
        if not trees and self.is_drop_in is not None:
            trees = without(read(self.text, source=self.source), self.is_drop_in)
        piece.documents().merge(self.text, source=self.source, trees=trees)

    def __eq__(self, other: object) -> bool:
        return self._parts == other._parts if isinstance(other, MergeStep) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._parts)

    def __reduce__(self) -> tuple[type[MergeStep], tuple[object, ...]]:
        return type(self), self._parts

    @property
    def _parts(self) -> tuple[object, ...]:
        return self.text, self.source, self.is_drop_in


def without(trees: tuple[Tree, ...], is_drop_in: Callable[[Node], bool]) -> tuple[Tree, ...]:
    """Return the trees of a patch without what is a step of its own; what is empty then is left out too."""
    for tree in trees:
        if tree.root is not None and is_drop_in(tree.root):
            tree.root = None
            continue
        machine = _child(tree.root, "machine")
        files = _child(machine, "files")
        if isinstance(machine, Mapping) and isinstance(files, Sequence):
            kept = [item for item in files.items if not is_drop_in(resolved(item))]
            if len(kept) == len(files.items):
                continue
            files.items[:] = kept
            if not kept:
                del machine.values["files"], machine.keys["files"]
        root = tree.root
        if isinstance(machine, Mapping) and not machine.values and isinstance(root, Mapping):
            del root.values["machine"], root.keys["machine"]
            if not root.values.keys() - {"version"}:
                tree.root = None
    return trees


def holds_something(trees: tuple[Tree, ...]) -> bool:
    """Whether anything is left of a patch."""
    return any(tree.root is not None for tree in trees)


def deletes(node: Node) -> bool:
    """Whether a mapping is marked to be deleted, or something directly in it is."""
    target = resolved(node)
    if not isinstance(target, Mapping):
        return False
    return MARK in target.values or any(
        MARK in inner.values for each in target.values.values() if isinstance(inner := resolved(each), Mapping)
    )


def text_at(node: Node | None, key: str) -> str | None:
    """Return the text at a key of a mapping, or None."""
    child = _child(node, key)
    return child.text if isinstance(child, Scalar) else None


def _child(node: Node | None, key: str) -> Node | None:
    target = resolved(node) if node is not None else None
    child = target.values.get(key) if isinstance(target, Mapping) else None
    return resolved(child) if child is not None else None


def is_drop_in(node: Node) -> bool:
    """Whether a node of a patch is a containerd fragment, and not a part of the patch that merges as it stands."""
    if deletes(node):
        return False
    return text_at(node, "kind") == KIND or text_at(node, "path") == PART_PATH


def holds_drop_in(root: Node) -> bool:
    """Whether a document of a patch is a containerd fragment, or has one among its files."""
    files = _child(_child(root, "machine"), "files")
    return is_drop_in(root) or (isinstance(files, Sequence) and any(is_drop_in(item) for item in files.items))
