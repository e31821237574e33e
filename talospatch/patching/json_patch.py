"""JSON patches (RFC 6902) on configs of any number of documents, declaratively.

Paths lead into the main document; a first part that begins with a capital letter is the kind of another one, and for kinds with names the
second part is the name: ``/machine/install/disk``, ``/HostnameConfig/hostname``, ``/LinkConfig/eth0/mtu``. A path to a document itself
adds, replaces or removes it. Operations work on the trees of the documents, so that what they do not touch keeps the very text that it
had; the result has to fit the types.

Where applying again would change more, it does not: an element that a list has already is not added to its end again, and what is gone is
not removed again. Only a removal by index cannot know what it removed before; it is noted. ``test`` is as the RFC has it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from talospatch.errors import ChangeError, ConfigError
from talospatch.machineconfig.nodes import Alias, Mapping, Node, Scalar, Sequence, resolved
from talospatch.machineconfig.reader import line_and_column, read
from talospatch.machineconfig.typed.documents import MAIN, Document
from talospatch.machineconfig.typed.plaindata import plain_data
from talospatch.machineconfig.typed.problems import together
from talospatch.machineconfig.values import plain, same
from talospatch.patching import hazards
from talospatch.patching.emit import Style, block
from talospatch.patching.tolerant import TolerantLoader

if TYPE_CHECKING:
    from talospatch.machineconfig.reader import Tree
    from talospatch.patching.document_set import DocumentSet
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
    """Applies operations to documents.

    Args:
        documents: the documents.
        noticed: told what departs from talosctl.
        text: the patch's text, for messages.
        source: what the user calls the patch.
    """

    def __init__(self, documents: DocumentSet, noticed: Noticed, text: str, source: str | None) -> None:
        self._documents, self._noticed, self._text, self._source = documents, noticed, text, source
        # Trees to work on, by document. The config's own stay as they are: places are found in them afterwards.
        unchanged = {id(document) for document in documents.before}
        self._roots = {
            document.id: _copied(document.root if id(document) in unchanged and document.root is not None else _tree_of(document))
            for document in documents.documents
        }
        self._touched: set[str] = set()

    def apply(self, patch: tuple[Operation, ...]) -> None:
        """Apply all operations in order.

        Raises:
            ChangeError: one does not apply, or the result does not fit the config's types.
        """
        if len(self._documents.documents) > 1:
            self._noticed.add(hazards.SEVERAL_DOCUMENTS)
        self._noticed.add(hazards.JSON_STYLE)
        for operation in patch:
            self._apply(operation)
        self._documents.replace(self._decoded(), source=self._source)

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
            self._add(operation, path, operation.value)
        else:
            found = self._find(operation, operation.origin)
            if found is None and op == "move" and self._find(operation, path) is not None:
                self._note(hazards.DELETE_ABSENT, operation.origin)
                return
            if found is None:
                raise self._missing(operation, operation.origin)
            if op == "move":
                self._remove(operation, operation.origin)
            self._add(operation, path, _copied(found))

    def _test(self, operation: Operation) -> None:
        found = self._find(operation, operation.path)
        if found is None or not same(plain(found), plain(operation.value)):
            what = "nothing stands there" if found is None else "another value stands there"
            raise self._error(operation, f"the test of /{'/'.join(operation.path)} fails: {what}")

    def _remove(self, operation: Operation, path: tuple[str, ...]) -> None:
        if _is_document(path) and ("/".join(path) in self._roots or path[0] not in self._roots):
            if self._roots.pop("/".join(path), None) is None:
                self._note(hazards.DELETE_ABSENT, path)
            return
        parent, key = self._parent(operation, path, lenient=True)
        if isinstance(parent, Mapping) and key in parent.values:
            del parent.values[key], parent.keys[key]
        elif isinstance(parent, Sequence) and _INDEX.fullmatch(key) and int(key) < len(parent.items):
            del parent.items[int(key)]
            self._note(hazards.JSON_INDEX, path[:-1])
        else:
            self._note(hazards.DELETE_ABSENT, path)

    def _replace(self, operation: Operation, path: tuple[str, ...]) -> None:
        assert operation.value is not None, "checked when it was read"
        if "/".join(path) in self._roots:
            self._put_document(operation, path, operation.value)
            return
        parent, key = self._parent(operation, path)
        if isinstance(parent, Mapping):
            if key not in parent.values:
                raise self._missing(operation, path)
            parent.values[key] = operation.value
        else:
            parent.items[self._index(operation, parent, key, len(parent.items) - 1)] = operation.value

    def _put_document(self, operation: Operation, path: tuple[str, ...], value: Node) -> None:
        node = _copied(resolved(value))
        texts = {key: each.text for key in ("kind", "name") if isinstance(each := _child(node, key), Scalar)}
        if not isinstance(node, Mapping) or "/".join(filter(None, (texts.get("kind"), texts.get("name")))) != "/".join(path):
            raise self._error(operation, f"the value is not the document /{'/'.join(path)}", "give it with apiVersion, kind and name")
        self._roots["/".join(path)] = node
        self._touched.add("/".join(path))

    def _add(self, operation: Operation, path: tuple[str, ...], value: Node) -> None:
        if _is_document(path) and ("/".join(path) in self._roots or path[0] not in self._roots):
            self._put_document(operation, path, value)
            return
        parent, key = self._parent(operation, path)
        if isinstance(parent, Mapping):
            parent.keys.setdefault(key, Scalar(-1, -1, key, '"'))
            parent.values[key] = value
            return
        if any(same(plain(each), plain(value)) for each in parent.items):
            self._note(hazards.ELEMENT_PRESENT, path[:-1])
            return
        parent.items.insert(len(parent.items) if key == END else self._index(operation, parent, key, len(parent.items)), value)

    # Places

    def _start(self, operation: Operation, path: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        """Return which document a path leads into, and the way inside it."""
        if path and path[0][:1].isupper():
            for length in (2, 1):
                if (identity := "/".join(path[:length])) in self._roots:
                    return identity, path[length:]
            have = ", ".join(sorted(self._roots)) or "none"
            raise self._error(operation, f"there is no document for /{'/'.join(path[:2])}", f"there are {have}")
        if MAIN not in self._roots:
            raise self._error(operation, "the config has no main document", f"begin the path with one of {', '.join(self._roots)}")
        return MAIN, path

    def _find(self, operation: Operation, path: tuple[str, ...]) -> Node | None:
        identity, inside = self._start(operation, path)
        node: Node | None = self._roots[identity]
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
        self._touched.add(identity)
        node: Node = self._roots[identity]
        for part in inside[:-1]:
            child = _child(node, part)
            if child is None:
                if lenient:
                    return Mapping(-1, -1, flow=True), inside[-1]
                raise self._missing(operation, path)
            if isinstance(child, Alias):
                child = _copied(resolved(child))
                _put(node, part, child)
            node = child
        if not isinstance(node, Mapping | Sequence):
            raise self._missing(operation, path)
        return node, inside[-1]

    def _index(self, operation: Operation, sequence: Sequence, key: str, highest: int) -> int:
        if not _INDEX.fullmatch(key) or int(key) > highest:
            raise self._error(operation, f"the list has {len(sequence.items)} elements, and no place {key[:20]!r}")
        return int(key)

    # Results

    def _decoded(self) -> list[Document]:
        """Return the documents with the values of their trees."""
        loader = TolerantLoader("", self._documents.widened, self._source, patch=False)
        errors: list[ConfigError] = []
        held = {document.id: document for document in self._documents.documents}
        made = []
        for identity, root in self._roots.items():
            old = held.get(identity)
            if old is not None and identity not in self._touched:
                made.append(old)
                continue
            assert isinstance(root, Mapping), "a document is one, and no operation makes something else of it"
            decoded = loader.document(root, errors)
            made.append(Document(decoded.kind, decoded.value, old.root if old is not None else None))
        if errors:
            plain_errors = [ConfigError(error.problem, source=self._source, path=error.path, hint=error.hint) for error in errors]
            raise ChangeError(f"the result does not fit: {together(plain_errors)}", source=self._source)
        return made

    def _note(self, hazard: hazards.Hazard, path: tuple[str, ...]) -> None:
        document, _, rest = (path[0], "", path[1:]) if path and path[0][:1].isupper() else (MAIN, "", path)
        self._noticed.add(hazard, document, rest)

    def _missing(self, operation: Operation, path: tuple[str, ...]) -> ChangeError:
        return self._error(operation, f"there is nothing at /{'/'.join(path)}"[:200])

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


def _put(node: Node, part: str, child: Node) -> None:
    if isinstance(node, Mapping):
        node.values[part] = child
    elif isinstance(node, Sequence):
        node.items[int(part)] = child


def _tree_of(document: Document) -> Node:
    """Return a tree of a document's values, for one that is not as it was read any more."""
    text = "\n".join(block(plain_data(document.type, document.value), 0, Style()))
    return read(text)[0].root or Mapping(-1, -1, flow=True)


def _copied(root: Node) -> Node:
    """Return a copy of a tree whose collections are its own; leaves and what aliases name are shared."""
    if isinstance(root, Mapping):
        mapping = Mapping(root.start, root.end, root.flow, root.anchor, root.tag)
        mapping.keys = dict(root.keys)
        mapping.values = {key: _copied(value) for key, value in root.values.items()}
        return mapping
    if isinstance(root, Sequence):
        sequence = Sequence(root.start, root.end, root.flow, root.anchor, root.tag)
        sequence.items = [_copied(item) for item in root.items]
        return sequence
    return root
