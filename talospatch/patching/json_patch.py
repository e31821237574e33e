"""JSON patches (RFC 6902) on configs of any number of documents, declaratively.

Paths lead into the main document; a first part that begins with a capital letter is the kind of another one, and for kinds with names the
second part is the name: ``/machine/install/disk``, ``/HostnameConfig/hostname``, ``/LinkConfig/eth0/mtu``. A path to a document itself
adds, replaces or removes it. Operations work on the trees of the documents, so that what they do not touch keeps the very text that it
had; the result has to fit the types.

Where applying again would change more, it does not: an element that a list has already is not added to its end again, and what is gone is
not removed again. What cannot know that it was done before, such as a removal by index, a move or a test, is applied as the RFC has it, and
noted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from talospatch.errors import ChangeError
from talospatch.machineconfig.nodes import Alias, Mapping, Node, Scalar, Sequence, resolved
from talospatch.machineconfig.reader import line_and_column
from talospatch.machineconfig.typed.documents import MAIN
from talospatch.machineconfig.values import plain, same
from talospatch.patching import hazards

if TYPE_CHECKING:
    from talospatch.machineconfig.path import Step
    from talospatch.machineconfig.reader import Tree
    from talospatch.patching.hazards import Noticed

END = "-"
_INDEX = re.compile(r"0|[1-9][0-9]*")
_MEMBERS = {"add": ("value",), "remove": (), "replace": ("value",), "test": ("value",), "move": ("from",), "copy": ("from",)}


class Operation(NamedTuple):
    """One operation.

    Attributes:
        op: its word.
        path: where.
        origin: the place to move or copy from; else empty.
        value: the value's node, or None.
        place: index of the operation in the patch's text, for messages.
    """

    op: str
    path: tuple[str, ...]
    origin: tuple[str, ...]
    value: Node | None
    place: int


def operations(tree: Tree, text: str, *, source: str | None) -> tuple[Operation, ...]:
    """Read the operations of a patch, written as JSON or as YAML.

    Raises:
        ChangeError: it is not a list of operations of RFC 6902; says which one is wrong.
    """
    assert isinstance(tree.root, Sequence), "other patches are no JSON patches"
    made = []
    for item in tree.root.items:
        node = resolved(item)
        if not isinstance(node, Mapping):
            raise _error(text, item.start, "an operation of a JSON patch is a mapping with op and path", source)
        texts = {key: value.text for key, each in node.values.items() if isinstance(value := resolved(each), Scalar)}
        op = texts.get("op", "")
        if op not in _MEMBERS:
            raise _error(text, item.start, f"there is no operation {op[:40]!r}", source, f"one of {', '.join(_MEMBERS)}")
        for member in ("path", *_MEMBERS[op]):
            if member not in node.values:
                raise _error(text, item.start, f"the operation {op} needs {member!r}", source)
        try:
            path = _parts(texts.get("path"))
            origin = _parts(texts.get("from")) if "from" in _MEMBERS[op] else ()
        except ValueError as error:
            raise _error(text, item.start, str(error), source, "write it as /machine/install/disk or /LinkConfig/eth0/mtu") from None
        made.append(Operation(op, path, origin, node.values.get("value"), item.start))
    return tuple(made)


def _parts(pointer: str | None) -> tuple[str, ...]:
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise ValueError(f"a path begins with a slash: {pointer[:60]!r}")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/"))


def _error(text: str, place: int, problem: str, source: str | None, hint: str | None = None) -> ChangeError:
    line, column = line_and_column(text, place)
    return ChangeError(problem, source=source, line=line, column=column, hint=hint)


class JsonPatch:
    """Applies operations to trees of documents.

    Args:
        roots: the trees by document. They are changed.
        noticed: told what departs from talosctl.
        text: the patch's text, for messages.
        source: what the user calls the patch.

    Attributes:
        roots: the trees.
        touched: ids of the documents that an operation leads into.
    """

    def __init__(self, roots: dict[str, Node], noticed: Noticed, text: str, source: str | None) -> None:
        self.roots, self._noticed, self._text, self._source = roots, noticed, text, source
        self.touched: set[str] = set()

    def apply(self, patch: tuple[Operation, ...]) -> None:
        """Apply all operations in order.

        Raises:
            ChangeError: one does not apply.
        """
        for operation in patch:
            self._apply(operation)

    def _apply(self, operation: Operation) -> None:
        op, path = operation.op, operation.path
        if op == "test":
            self._test(operation)
        elif op == "remove":
            self._remove(operation, path)
        elif op == "replace":
            self._replace(operation, path)
        elif op == "add":
            assert operation.value is not None, "checked when it was read"
            self._add(operation, path, copied(operation.value))
        else:
            found = self._find(operation, operation.origin)
            if found is None and op == "move" and self._find(operation, path) is not None:
                self._note(hazards.DELETE_ABSENT, operation, operation.origin)
                return
            if found is None:
                raise self._missing(operation, operation.origin)
            if op == "move":
                self._remove(operation, operation.origin)
            # Leaves of its own, so that what does not fit there is said of the new place.
            self._add(operation, path, copied(found, with_leaves=op == "copy"))

    def _test(self, operation: Operation) -> None:
        found = self._find(operation, operation.path)
        if found is None or not same(plain(found), plain(operation.value)):
            what = "nothing stands there" if found is None else "another value stands there"
            raise self._error(operation, f"the test of /{'/'.join(operation.path)} fails: {what}")

    def _remove(self, operation: Operation, path: tuple[str, ...]) -> None:
        if _is_document(path) and ("/".join(path) in self.roots or path[0] not in self.roots):
            if self.roots.pop("/".join(path), None) is None:
                self._noticed.add(hazards.DELETE_ABSENT, "/".join(path))
            return
        parent, key = self._parent(operation, path, lenient=True)
        if isinstance(parent, Mapping) and key in parent.values:
            del parent.values[key], parent.keys[key]
        elif isinstance(parent, Sequence) and _INDEX.fullmatch(key) and int(key) < len(parent.items):
            del parent.items[int(key)]
        else:
            self._note(hazards.DELETE_ABSENT, operation, path)

    def _replace(self, operation: Operation, path: tuple[str, ...]) -> None:
        assert operation.value is not None, "checked when it was read"
        if "/".join(path) in self.roots:
            self._put_document(operation, path, operation.value)
            return
        parent, key = self._parent(operation, path)
        if isinstance(parent, Mapping):  # where the key is missing it is added, which is what talosctl does
            if key not in parent.values:
                self._note(hazards.REPLACE_ABSENT, operation, path)
            _set(parent, key, copied(operation.value))
        else:
            parent.items[self._index(operation, parent, key, len(parent.items) - 1)] = copied(operation.value)

    def _put_document(self, operation: Operation, path: tuple[str, ...], value: Node) -> None:
        node = copied(resolved(value))
        texts = {key: each.text for key in ("kind", "name") if isinstance(each := _child(node, key), Scalar)}
        if not isinstance(node, Mapping) or "/".join(filter(None, (texts.get("kind"), texts.get("name")))) != "/".join(path):
            raise self._error(operation, f"the value is not the document /{'/'.join(path)}", "give it with apiVersion, kind and name")
        self.roots["/".join(path)] = node
        self.touched.add("/".join(path))

    def _add(self, operation: Operation, path: tuple[str, ...], value: Node) -> None:
        if _is_document(path) and ("/".join(path) in self.roots or path[0] not in self.roots):
            self._put_document(operation, path, value)
            return
        parent, key = self._parent(operation, path)
        if isinstance(parent, Mapping):
            _set(parent, key, value)
            return
        if any(same(plain(each), plain(value)) for each in parent.items):
            self._note(hazards.ELEMENT_PRESENT, operation, path[:-1])
            return
        parent.items.insert(len(parent.items) if key == END else self._index(operation, parent, key, len(parent.items)), value)

    # Places

    def _start(self, operation: Operation, path: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        """Return which document a path leads into, and the way inside it."""
        if path and path[0][:1].isupper():
            for length in (2, 1):
                if (identity := "/".join(path[:length])) in self.roots:
                    return identity, path[length:]
            have = ", ".join(sorted(self.roots)) or "none"
            raise self._error(operation, f"there is no document for /{'/'.join(path[:2])}", f"there are {have}")
        if MAIN not in self.roots:
            raise self._error(operation, "the config has no main document", f"begin the path with one of {', '.join(self.roots)}")
        return MAIN, path

    def _find(self, operation: Operation, path: tuple[str, ...]) -> Node | None:
        identity, inside = self._start(operation, path)
        node: Node | None = self.roots[identity]
        for part in inside:
            node = _child(node, part)
            if node is None:
                return None
        return node

    def _parent(self, operation: Operation, path: tuple[str, ...], *, lenient: bool = False) -> tuple[Mapping | Sequence, str]:
        """Return the collection that a path's last part is in, made this document's own on the way, and that part."""
        identity, inside = self._start(operation, path)
        if not inside:
            raise self._error(operation, "a whole document cannot be changed by a JSON patch", "use a strategic merge patch")
        self.touched.add(identity)
        node: Node = self.roots[identity]
        for part in inside[:-1]:
            child = _child(node, part)
            if child is None:
                if lenient:
                    return Mapping(-1, -1, flow=True), inside[-1]
                raise self._missing(operation, path)
            if isinstance(child, Alias):
                child = copied(resolved(child))
                _put(node, part, child)
            node = child
        if not isinstance(node, Mapping | Sequence):
            raise self._missing(operation, path)
        return node, inside[-1]

    def _index(self, operation: Operation, sequence: Sequence, key: str, highest: int) -> int:
        if not _INDEX.fullmatch(key) or int(key) > highest:
            raise self._error(operation, f"the list has {len(sequence.items)} elements, and no place {key[:20]!r}")
        return int(key)

    def _note(self, hazard: hazards.Hazard, operation: Operation, path: tuple[str, ...]) -> None:
        identity, inside = self._start(operation, path)
        steps: list[Step] = []
        node: Node | None = self.roots[identity]
        for part in inside:
            in_list = isinstance(resolved(node) if node is not None else None, Sequence) and _INDEX.fullmatch(part)
            steps.append(int(part) if in_list else part)
            node = _child(node, part)
        self._noticed.add(hazard, identity, tuple(steps))

    def _missing(self, operation: Operation, path: tuple[str, ...]) -> ChangeError:
        hint = "add what is above it first" if operation.op == "add" else None
        return self._error(operation, f"there is nothing at /{'/'.join(path)}"[:200], hint)

    def _error(self, operation: Operation, problem: str, hint: str | None = None) -> ChangeError:
        return _error(self._text, operation.place, f"{operation.op}: {problem}", self._source, hint)


def _is_document(path: tuple[str, ...]) -> bool:
    """Whether a path may name a document as a whole: a kind, or a kind and a name."""
    return bool(path) and path[0][:1].isupper() and len(path) <= 2


def _child(node: Node | None, part: str) -> Node | None:
    node = resolved(node) if node is not None else None
    if isinstance(node, Mapping):
        return node.values.get(part)
    if isinstance(node, Sequence) and _INDEX.fullmatch(part) and int(part) < len(node.items):
        return node.items[int(part)]
    return None


def _set(mapping: Mapping, key: str, value: Node) -> None:
    mapping.keys.setdefault(key, Scalar(-1, -1, key, '"'))
    mapping.values[key] = value


def _put(node: Node, part: str, child: Node) -> None:
    if isinstance(node, Mapping):
        node.values[part] = child
    elif isinstance(node, Sequence):
        node.items[int(part)] = child


def copied(root: Node, *, with_leaves: bool = False) -> Node:
    """Return a copy of a tree whose collections are its own; leaves, unless they are copied too, and what aliases name are shared."""
    if isinstance(root, Mapping):
        mapping = Mapping(root.start, root.end, root.flow, root.anchor, root.tag)
        mapping.keys = dict(root.keys)
        mapping.values = {key: copied(value, with_leaves=with_leaves) for key, value in root.values.items()}
        return mapping
    if isinstance(root, Sequence):
        sequence = Sequence(root.start, root.end, root.flow, root.anchor, root.tag)
        sequence.items = [copied(item, with_leaves=with_leaves) for item in root.items]
        return sequence
    if with_leaves and isinstance(root, Scalar):
        return Scalar(root.start, root.end, root.text, root.style, None, root.tag)
    return root
