"""Patching text to text, in one call."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from talospatch.errors import ChangeError
from talospatch.patching.change import Change
from talospatch.patching.recipe import PatchText, Recipe
from talospatch.versions import TalosVersion

if TYPE_CHECKING:
    from collections.abc import Sequence


def patch_config(
    base: str,
    patches: Sequence[str],
    *,
    talos_version: str,
    semantics: Literal["declarative", "talosctl"] = "declarative",
    style: Literal["preserve", "canonical"] = "preserve",
) -> str:
    """Return a machine config with patches applied.

    Args:
        base: the config's text.
        patches: the text of each patch, applied in order.
        talos_version: ``1.13``, ``v1.13.9`` or any tag that a node gives as its version.
        semantics: ``declarative``: what a patch names is so afterwards, what it does not name is as before, and applying it again changes
            nothing more. ``talosctl``: exactly what talosctl makes of it, or an error where it fails or crashes.
        style: ``preserve``: the base's text with the least edit, comments included. ``canonical``: the bytes that talosctl would write,
            without comments.

    Raises:
        TalosPatchError: one of its subclasses says what cannot be done, where and why.
    """
    talos = TalosVersion.parse(talos_version)
    if semantics not in {"declarative", "talosctl"}:
        raise ChangeError(f"there are no semantics {semantics!r}", hint="use declarative or talosctl")
    if style not in {"preserve", "canonical"}:
        raise ChangeError(f"there is no style {style!r}", hint="use preserve or canonical")
    texts = tuple(PatchText(patch, f"patch {number}", f"patch {number}") for number, patch in enumerate(patches, start=1))
    read = () if semantics == "talosctl" else tuple(_change(patch.text, patch.source, talos) for patch in texts)
    return Recipe(talos, texts, read, semantics, style).of(base, source="base").text


@lru_cache(maxsize=16)
def _change(text: str, source: str, talos: TalosVersion) -> Change:
    """Read a patch; a script that patches many configs with the same one reads it once."""
    from talospatch.patching.literal import readable

    return Change.parse(readable(text, talos), source=source)
