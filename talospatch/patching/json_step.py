"""A JSON patch as a step of a change: its operations, what they make of the documents, and how that departs from talosctl."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.errors import ChangeError, ConfigError, TalosPatchError
from talospatch.machineconfig.nodes import Mapping
from talospatch.machineconfig.reader import read
from talospatch.machineconfig.typed.documents import Document, in_order
from talospatch.machineconfig.typed.equality import alike
from talospatch.machineconfig.typed.forms import FORMS
from talospatch.machineconfig.typed.jsonpatch import apply_operations, operations_of
from talospatch.machineconfig.typed.load import load
from talospatch.machineconfig.typed.plaindata import plain_data
from talospatch.machineconfig.typed.problems import together
from talospatch.machineconfig.values import plain, same
from talospatch.patching import hazards
from talospatch.patching.emit import Style, block
from talospatch.patching.hazards import Noticed
from talospatch.patching.json_patch import JsonPatch, copied, operations
from talospatch.patching.list_keys import key_of
from talospatch.patching.tolerant import TolerantLoader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from talospatch.machineconfig.nodes import Node
    from talospatch.machineconfig.path import Step
    from talospatch.machineconfig.typed.schema import Type
    from talospatch.patching.document_set import DocumentSet
    from talospatch.patching.json_patch import Operation
    from talospatch.patching.workpiece import Workpiece


class JsonStep(NamedTuple):
    """A JSON patch.

    Attributes:
        text: its text.
        source: what the user calls it.
    """

    text: str
    source: str

    def apply(self, piece: Workpiece) -> None:
        """Apply its operations to the documents.

        Raises:
            ChangeError: one does not apply, or the result does not fit the config's types.
        """
        documents, noticed = piece.documents(), piece.noticed
        tree = next(tree for tree in read(self.text, source=self.source) if tree.root is not None)
        patch = operations(tree, self.text, source=self.source)
        # Trees to work on. The config's own stay as they are: places are found in them afterwards.
        roots = {document.id: copied(_tree_of(document, documents.before)) for document in documents.documents}
        work = JsonPatch(roots, noticed, self.text, self.source)
        work.apply(patch)
        before, held = documents.text, {document.id: document for document in documents.documents}
        documents.replace(_decoded(documents, work, self.source), source=self.source)
        self._note_repetition(patch, documents, noticed)
        for document in documents.documents:
            if document.id in work.touched:
                _note_second_elements(held.get(document.id), document, noticed)
        if len(documents.documents) > 1:
            noticed.add(hazards.SEVERAL_DOCUMENTS)
        elif not self._is_talosctls(before, documents.documents, documents.widened.schema.dialect.minor):
            noticed.add(hazards.JSON_STYLE)

    def _note_repetition(self, patch: tuple[Operation, ...], documents: DocumentSet, noticed: Noticed) -> None:
        """Note when the patch would do more to its own result. What counts is what Talos reads: 5 and "5" are one text."""
        results = {document.id: document for document in documents.documents}
        roots = {identity: _tree_of(document, documents.before) for identity, document in results.items()}
        again = JsonPatch({identity: copied(root) for identity, root in roots.items()}, Noticed(), self.text, self.source)
        try:
            again.apply(patch)
            again.touched -= {identity for identity, root in roots.items() if same(plain(root), plain(again.roots.get(identity)))}
            decoded = _decoded(documents, again, self.source)
        except ChangeError as error:
            noticed.add(hazards.NOT_REPEATABLE, detail=str(error))
            return
        for document in decoded:
            before = results.get(document.id)
            if before is None or not alike(document.type, document.value, before.value):
                noticed.add(hazards.NOT_REPEATABLE, document.id)

    def _is_talosctls(self, before: str, documents: Sequence[Document], minor: str) -> bool:
        """Whether talosctl makes the same of a config's text."""
        try:
            patch = operations_of(self.text, minor, source=self.source)
            theirs = load(apply_operations(before, patch or (), source=self.source), minor)
        except TalosPatchError:
            return False
        ours = [document for document in in_order(documents) if isinstance(document, Document)]
        return [document.id for document in theirs] == [document.id for document in ours] and all(
            alike(one.type, one.value, other.value) for one, other in zip(theirs, ours, strict=True)
        )


def _note_second_elements(before: Document | None, after: Document, noticed: Noticed) -> None:
    """Note the lists in which two elements are for one key now."""
    had = set(_repeated(before.type, before.value, ())) if before is not None else set()
    for path, key in _repeated(after.type, after.value, ()):
        if (path, key) not in had:
            noticed.add(hazards.SECOND_ELEMENT, after.id, path)


def _repeated(type_: Type, value: Any, path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], Any]]:
    """Yield the path of each list that has several elements for one key, elements on the way left out, and that key."""
    if type_.free or type_.name in FORMS:
        return
    if isinstance(value, dict) and type_.shape in {"struct", "map"}:
        for key, each in value.items():
            yield from _repeated(type_.fields[key].type if type_.shape == "struct" else type_.inside, each, (*path, key))
    elif isinstance(value, list) and type_.shape == "list":
        seen: set[Any] = set()
        for each in value:
            key = key_of(type_.inside.name, each) if isinstance(each, dict) else None
            if key is not None and key in seen:
                yield path, key
            seen.add(key)
            yield from _repeated(type_.inside, each, path)


def _tree_of(document: Document, before: Sequence[Document]) -> Node:
    """Return a document's tree: a new one where it is not as it was read any more."""
    if document.root is not None and any(document is each for each in before):
        return document.root
    text = "\n".join(block(plain_data(document.type, document.value), 0, Style()))
    trees = read(text)  # none of a main document that holds nothing
    return (trees[0].root if trees else None) or Mapping(-1, -1, flow=True)


def _decoded(documents: DocumentSet, work: JsonPatch, source: str | None) -> list[Document]:
    """Return the documents with the values of the trees that were worked on."""
    loader = TolerantLoader("", documents.widened, source, patch=False)
    errors: list[ConfigError] = []
    held = {document.id: document for document in documents.documents}
    made = []
    for identity, root in work.roots.items():
        old = held.get(identity)
        if old is not None and identity not in work.touched:
            made.append(old)
            continue
        assert isinstance(root, Mapping), "a document is one, and no operation makes something else of it"
        decoded = loader.document(root, errors)
        if decoded.id != identity:
            problem = f"{identity} would become {decoded.id}"
            raise ChangeError(problem, source=source, hint="remove the document, and add another one")
        made.append(Document(decoded.kind, decoded.value, old.root if old is not None else None))
    if errors:
        placeless = [ConfigError(error.problem, path=error.path, hint=error.hint) for error in errors]
        raise ChangeError(f"the result does not fit: {together(placeless)}", source=source)
    return made
