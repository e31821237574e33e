"""A strategic merge patch applied to documents.

Source: the machinery's config/configpatcher/strategic.go and the vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.errors import ChangeError
from talospatch.machineconfig.typed.deletes import Selector, delete_path
from talospatch.machineconfig.typed.dialect import dialect_of
from talospatch.machineconfig.typed.documents import Document, Leftover, check_all_copyable, check_together
from talospatch.machineconfig.typed.merge import Merger
from talospatch.machineconfig.typed.misfit import Misfit
from talospatch.machineconfig.typed.schema import schema_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talospatch.machineconfig.typed.load import Step


def merge_patch(
    documents: Sequence[Document | Leftover], steps: Sequence[Step], minor: str, *, source: str | None = None
) -> tuple[Document | Leftover, ...]:
    """Return documents after a patch: those that it names merged in place or deleted, new ones at the end.

    Args:
        documents: the documents of a config.
        steps: what a patch does, from :func:`talospatch.machineconfig.typed.load.load_patch`.
        minor: the Talos minor whose rules count.
        source: what the user calls the patch, for errors.

    Raises:
        ChangeError: the reference refuses the patch for these documents, or crashes on it, or writes something that it cannot read.
    """
    try:
        return _Patching(documents, minor).run(steps)
    except Misfit as misfit:
        raise ChangeError(str(misfit), source=source, hint=misfit.hint) from None


class _Patching:
    def __init__(self, documents: Sequence[Document | Leftover], minor: str) -> None:
        self._dialect, self._schema = dialect_of(minor), schema_of(minor)
        self._merger = Merger(self._dialect)
        check_all_copyable(documents)
        # What is left of deletes in the main document comes first when another patch follows.
        self._documents = sorted(documents, key=lambda document: not (isinstance(document, Leftover) and document.main))
        self._places = {document.id: document for document in documents}

    def run(self, steps: Sequence[Step]) -> tuple[Document | Leftover, ...]:
        """Do all steps in order."""
        for step in steps:
            if isinstance(step, Selector):
                self._delete(step)
            else:
                self._merge(step)
        check_together(self._documents, link_claims=self._dialect.link_claims)
        return tuple(self._documents)

    def _merge(self, document: Document) -> None:
        held = self._places.get(document.id)
        if held is None:
            self._documents.append(document)
            if self._dialect.repeated_patch_documents:
                check_all_copyable([document])
                self._places[document.id] = document
            return
        if isinstance(held, Leftover):
            raise Misfit(f"{document.id}: a delete of the patch before stands in its place")
        try:
            merged = self._merger.struct(document.type, held.value, document.value)
        except Misfit as misfit:
            raise Misfit(f"{document.id}: {misfit}", misfit.hint) from None
        self._replace(held, held.with_value(merged))

    def _delete(self, selector: Selector) -> None:
        held = self._places.get(selector.id)
        if held is None:
            if not self._dialect.absent_deletes_skipped:
                self._documents.append(Leftover(selector))
        elif isinstance(held, Leftover):
            if selector.path:
                raise Misfit(f"there is nothing to delete at {selector}")
            self._remove(held)
        elif selector.path:
            self._replace(held, held.with_value(delete_path(held.type, held.value, selector, self._dialect)))
        else:
            self._remove(held)

    def _remove(self, held: Document | Leftover) -> None:
        self._documents.remove(held)
        del self._places[held.id]

    def _replace(self, held: Document, changed: Document) -> None:
        self._documents[self._documents.index(held)] = changed
        self._places[held.id] = changed
