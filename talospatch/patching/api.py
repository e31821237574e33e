"""Patching text to text, in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from talospatch.errors import ChangeError
from talospatch.machineconfig.config import MachineConfig
from talospatch.patching.change import Change
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
        semantics: ``declarative``: applying twice changes nothing more, and nothing is lost that a patch does not name; for now it
            understands changes of containerd's drop-in. ``talosctl``: any patch, and exactly what talosctl makes of it, or an error where
            it fails or crashes; needs the style ``canonical``.
        style: ``preserve``: the base's text with the least edit. ``canonical``: the bytes that talosctl would write, without comments.

    Raises:
        TalosPatchError: one of its subclasses says what cannot be done, where and why.
    """
    talos = TalosVersion.parse(talos_version)
    if semantics == "talosctl":
        from talospatch.machineconfig.typed.apply import patch_text

        if style != "canonical":
            raise ChangeError(f"talosctl's semantics do not write the style {style!r}", hint='use style="canonical", as talosctl does')
        return patch_text(base, patches, minor=talos.minor, source="base")
    if semantics != "declarative":
        raise ChangeError(f"there are no semantics {semantics!r}", hint="use declarative or talosctl")
    if style != "preserve":
        raise ChangeError(f"declarative semantics do not write the style {style!r}", hint='use style="preserve"')
    config = MachineConfig.parse(base, source="base")
    if not patches:
        return base
    changes = [Change.parse(patch, source=f"patch {number}") for number, patch in enumerate(patches, start=1)]
    return config.patch(changes, talos=talos).config.text
