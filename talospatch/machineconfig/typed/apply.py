"""Patches applied as ``talosctl machineconfig patch`` applies them: the same bytes, or an error where it fails or crashes.

Source: the machinery's config/configpatcher/apply.go and load.go, and the vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from talospatch.errors import ConfigError
from talospatch.machineconfig.typed.deep import deep_enough
from talospatch.machineconfig.typed.documents import Document, Leftover, check_all_copyable, encode
from talospatch.machineconfig.typed.jsonpatch import Operation, apply_operations, operations_of
from talospatch.machineconfig.typed.load import Step, load, load_patch
from talospatch.machineconfig.typed.misfit import Misfit
from talospatch.machineconfig.typed.strategic import merge_patch

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class LoadedPatch:
    """A patch, read: one of two kinds.

    Attributes:
        source: what the user calls it, or None.
        steps: of a strategic merge patch, what it does in order; else None.
        operations: of a JSON patch its operations; else None.
    """

    source: str | None
    steps: tuple[Step, ...] | None
    operations: tuple[Operation, ...] | None


@deep_enough
def read_patch(text: str, *, minor: str, source: str | None = None) -> LoadedPatch:
    """Read a patch: a strategic merge patch if it can be read as one, else a JSON patch in JSON or YAML.

    An empty text, comments only and ``null`` are an empty JSON patch, as for the reference.

    Raises:
        ConfigError: it is neither.
        ChangeError: it is a JSON patch that cannot be read.
        VersionError: we have no types of that minor.
    """
    try:
        return LoadedPatch(source, load_patch(text, minor, source=source), None)
    except ConfigError as error:
        operations = operations_of(text, minor, source=source)
        if operations is None:
            raise error from None
        return LoadedPatch(source, None, operations)


def patch_text(base: str, patches: Sequence[str], *, minor: str, source: str | None = None) -> str:
    """Return a config after patches, as the reference writes it. Without patches that is the text itself, unread.

    Args:
        base: the config's text.
        patches: texts of patches, applied in order.
        minor: the Talos minor whose types and rules count, such as ``1.13``.
        source: what the user calls the base, for errors.

    Raises:
        ConfigError: base or patch cannot be read.
        ChangeError: a patch does not apply.
        VersionError: we have no types of that minor.
    """
    loaded = [read_patch(text, minor=minor, source=f"patch {number}") for number, text in enumerate(patches, start=1)]
    return apply_loaded(base, loaded, minor=minor, source=source)


@deep_enough
def apply_loaded(base: str, patches: Sequence[LoadedPatch], *, minor: str, source: str | None = None) -> str:
    """Return a config after patches that were read before; see :func:`patch_text`."""
    text: str | None = base
    documents: Sequence[Document | Leftover] = ()
    for patch in patches:
        if patch.operations is not None:
            current = encode(documents, minor=minor) if text is None else text
            text = apply_operations(current, patch.operations, source=patch.source)
        else:
            if text is not None:
                documents, text = load(text, minor, source=source), None
            assert patch.steps is not None, "a patch is of one kind or the other"
            documents = merge_patch(documents, patch.steps, minor, source=patch.source)
    return encode(documents, minor=minor) if text is None else text


@deep_enough
def reencode(text: str, *, minor: str, source: str | None = None) -> str:
    """Return a config as the reference writes it: in its order and style, without comments.

    Raises:
        ConfigError: it cannot be read, or the reference crashes on it.
        VersionError: we have no types of that minor.
    """
    documents = load(text, minor, source=source)
    try:
        check_all_copyable(documents)
    except Misfit as misfit:
        raise ConfigError(str(misfit), source=source, hint=misfit.hint) from None
    return encode(documents, minor=minor)
