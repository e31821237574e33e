"""Patches as talosctl applies them, bugs included: its bytes, or the same result with the least edit of the text."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from talospatch.errors import ConfigError
from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.typed.apply import apply_loaded, read_patch
from talospatch.machineconfig.typed.dialect import DIALECTS, dialect_of
from talospatch.machineconfig.typed.documents import MAIN, Document
from talospatch.machineconfig.typed.lenient import readable as lenient_text
from talospatch.patching.document_set import DocumentSet
from talospatch.patching.emit import style_of
from talospatch.patching.hazards import Noticed
from talospatch.patching.known_types import schema_for
from talospatch.patching.rewrite import Rewriter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talospatch.machineconfig.typed.apply import LoadedPatch
    from talospatch.patching.recipe import PatchText
    from talospatch.versions import TalosVersion


def literally(base: str, patches: Sequence[PatchText], *, talos: TalosVersion, preserve: bool, source: str = "base") -> str:
    """Return a config after patches as talosctl merges them.

    Args:
        base: the config's text.
        patches: the patches, in order.
        talos: the node's version, one whose types are known.
        preserve: whether to keep the base's text where it means the same.
        source: what the user calls the base, for errors.

    Raises:
        TalosPatchError: talosctl fails, or writes what cannot be read again.
    """
    loaded = [_read(patch.text, talos.minor, patch.source) for patch in patches]
    text = apply_loaded(base, loaded, minor=talos.minor, source=source)
    if not preserve or text == base:
        return text
    kept = readable(base, talos)
    noticed = Noticed()
    schema = schema_for(talos, noticed)
    held = DocumentSet(kept, schema, noticed, source=source)
    after = DocumentSet(text, schema, Noticed(), source="what talosctl writes")
    documents = _in_place(held.before, after.before)
    style = style_of(MachineConfig.parse(kept, source=source))
    rewritten = Rewriter(kept, held.trees, style, held.widened, noticed).rewrite(held.before, documents, source=source)
    return base if rewritten is None else rewritten.text


@lru_cache(maxsize=16)
def _read(text: str, minor: str, source: str) -> LoadedPatch:
    """Read a patch; one that is for many configs is read once."""
    return read_patch(text, minor=minor, source=source)


def _in_place(before: Sequence[Document], after: Sequence[Document]) -> list[Document]:
    """Return the documents after a change with the trees of those before that still stand in their order; moved ones are new."""
    places = {document.id: number for number, document in enumerate(before)}
    highest, made = -1, []
    for document in after:
        place = places.get(document.id, -1)
        stays = place >= 0 and (document.kind.name == MAIN or place > highest)  # the main document goes first, wherever it stands
        if stays and document.kind.name != MAIN:
            highest = place
        made.append(Document(document.kind, document.value, before[place].root if stays else None))
    return made


def readable(base: str, talos: TalosVersion) -> str:
    """Return a config's text with quotes around what only go-yaml reads without: an element in brackets that begins with a colon."""
    if talos.minor not in DIALECTS or "[" not in base:
        return base
    try:
        return lenient_text(base, dialect_of(talos.minor))
    except ConfigError:
        return base
