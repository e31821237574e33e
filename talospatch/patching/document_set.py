"""The documents of a config as values, and what a change makes of them."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from talospatch.errors import ChangeError, ConfigError
from talospatch.machineconfig.reader import line_and_column
from talospatch.machineconfig.typed.deletes import Selector
from talospatch.machineconfig.typed.documents import MAIN, Document, check_all_copyable, check_together, encode
from talospatch.machineconfig.typed.free import CannotCopy
from talospatch.machineconfig.typed.misfit import Misfit
from talospatch.patching import hazards
from talospatch.patching.declarative import DeclarativeMerger
from talospatch.patching.deletion import Deletion
from talospatch.patching.tolerant import TolerantLoader, Widened
from talospatch.patching.vacancies import Vacancies

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from talospatch.machineconfig.nodes import Mapping
    from talospatch.machineconfig.reader import Tree
    from talospatch.machineconfig.typed.load import Step
    from talospatch.machineconfig.typed.schema import Schema
    from talospatch.patching.hazards import Noticed


Identity = tuple[str, str]  # API version, unless it is the usual one; and id


class DocumentSet:
    """A config's documents, which changes are applied to one after the other.

    Attributes:
        before: the documents as they were read, in the order of the text.
        trees: the trees of the text.
        documents: the documents now: those that are left in the same order, new ones behind them.
    """

    def __init__(self, text: str, schema: Schema, noticed: Noticed, *, source: str | None = None, trees: tuple[Tree, ...] = ()) -> None:
        self._schema, self._noticed, self._text = schema, noticed, text
        self.widened = Widened(schema, noticed)
        loader = TolerantLoader(text, self.widened, source, patch=False, trees=trees)
        self.before = tuple(step for step in loader.steps() if isinstance(step, Document))
        if not self.before:
            raise ConfigError("there is no document in it", source=source)
        self.trees = loader.trees
        self.documents: list[Document] = list(self.before)
        self._vacated: dict[Identity, Mapping] = {}  # roots of documents that were deleted
        self._vacancies = Vacancies()  # and places of elements

    @property
    def text(self) -> str:
        """A text of the documents, as talosctl has it: the one that they were read from, or what it would write once it has merged."""
        if any(before is not now for before, now in zip_longest(self.before, self.documents)):
            return encode(self.documents, minor=self._schema.dialect.minor)
        return self._text

    def merge(self, text: str, *, source: str | None = None, trees: tuple[Tree, ...] = ()) -> None:
        """Apply a strategic merge patch, declaratively. Where trees are given, they count, and the text is for messages.

        Raises:
            ConfigError: the patch is not YAML, or does not fit the types.
            ChangeError: it leads where nothing can be changed, or to documents that exclude each other.
        """
        loader = TolerantLoader(text, self.widened, source, patch=True, trees=trees)
        for document in self.documents:
            self._note_uncopyable(document)
        had = {id(document) for document in self.documents}
        for step in _in_order(loader.steps()):
            try:
                self._note_made_and_deleted(step, had)
                self._step(step)
            except Misfit as misfit:
                line, column = line_and_column(text, step.place) if isinstance(step, Selector) else (None, None)
                raise ChangeError(str(misfit), source=source, line=line, column=column, hint=misfit.hint) from None
        self._check(self.documents, source)

    def replace(self, documents: Iterable[Document], *, source: str | None = None) -> None:
        """Put other documents in the place of those that are there.

        Raises:
            ChangeError: they exclude each other.
        """
        self.documents = list(documents)
        self._check(self.documents, source)

    def _step(self, step: Step) -> None:
        if isinstance(step, Selector):
            self._delete(step)
            return
        index = self._index(_identity(step))
        held = self.documents[index] if index is not None else None
        merger = DeclarativeMerger(self._schema.dialect, self._noticed, step.id, self._vacancies)
        value = merger.document(step.type, held.value if held is not None else {}, step.value)
        made = Document(step.kind, value, held.root if held is not None else None)
        self._note_uncopyable(made)
        if index is not None:
            self.documents[index] = made
        elif (root := self._vacated.get(_identity(step))) is not None:
            self._put_back(made.with_root(root))
        else:
            self.documents.append(made)

    def _note_made_and_deleted(self, step: Step, had: set[int]) -> None:
        """Note a delete in a document that the same patch has made: up to 1.13 talosctl does not find it."""
        if isinstance(step, Selector) and not self._schema.dialect.repeated_patch_documents:
            index = self._index(_named(step))
            made = index is not None and self.documents[index].root is None and id(self.documents[index]) not in had
            if made:
                self._noticed.add(hazards.DOCUMENT_REPEATED, self.documents[index or 0].id)

    def _put_back(self, document: Document) -> None:
        """Put a document into the place of the one that was deleted."""
        order = {id(each.root): number for number, each in enumerate(self.before)}
        own = order[id(document.root)]
        behind = (index for index, each in enumerate(self.documents) if order.get(id(each.root), len(order)) > own)
        place = next(behind, None)
        if place is not None:
            self._noticed.add(hazards.DOCUMENT_REPLACED, document.id)
        self.documents.insert(len(self.documents) if place is None else place, document)

    def _delete(self, selector: Selector) -> None:
        identity = _named(selector)
        index = self._index(identity)
        if index is None:
            self._noticed.add(hazards.DELETE_ABSENT, identity[1])
        elif not selector.path:
            if (root := self.documents[index].root) is not None:
                self._vacated[identity] = root
            del self.documents[index]
        else:
            held = self.documents[index]
            value = Deletion(selector, self._schema.dialect, self._noticed, identity[1], self._vacancies).of(held.type, held.value)
            self.documents[index] = held.with_value(value)
            if selector.kind != MAIN and not held.type.free:  # talosctl merges what is left of the patch's document
                DeclarativeMerger(self._schema.dialect, self._noticed, identity[1], self._vacancies).document(held.type, value, {})

    def _index(self, identity: Identity) -> int | None:
        return next((index for index, document in enumerate(self.documents) if _identity(document) == identity), None)

    def _note_uncopyable(self, document: Document) -> None:
        if document.type.free:
            return  # of an unknown kind, which is noted itself
        try:
            check_all_copyable([document])
        except CannotCopy as problem:
            self._noticed.add(hazards.UNCOPYABLE, document.id, problem.steps)

    def _check(self, documents: Sequence[Document], source: str | None) -> None:
        try:
            check_together(documents, link_claims=self._schema.dialect.link_claims)
        except Misfit as misfit:
            raise ChangeError(str(misfit), source=source, hint=misfit.hint) from None


def _identity(document: Document) -> Identity:
    """Return what tells a document from others: a kind of another API version is another kind."""
    return _api_version(document.value.get("apiVersion")), document.id


def _named(selector: Selector) -> Identity:
    """Return what tells the document that a selector is for."""
    return _api_version(selector.api_version), "/".join(filter(None, (selector.kind, selector.name)))


def _api_version(text: str | None) -> str:
    return "" if text == MAIN else text or ""


def _in_order(steps: Sequence[Step]) -> list[Step]:
    """Deletes in the main document go first, as for talosctl."""
    return sorted(steps, key=lambda step: not (isinstance(step, Selector) and step.kind == MAIN))
