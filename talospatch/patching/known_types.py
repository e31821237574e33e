"""Which tables of types go for a Talos version: its own, or the newest there are for one that is newer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.machineconfig.tables.find import MINORS
from talospatch.machineconfig.typed.schema import Schema, schema_of
from talospatch.patching import hazards

if TYPE_CHECKING:
    from talospatch.patching.hazards import Noticed
    from talospatch.versions import TalosVersion


def schema_for(talos: TalosVersion, noticed: Noticed) -> Schema:
    """Return the types of a version.

    Args:
        talos: the version, one whose config is written.
        noticed: told when it is newer than what we know.
    """
    if talos.minor in MINORS:
        return schema_of(talos.minor)
    noticed.add(hazards.NEWER_VERSION, detail=f"Talos {talos}, and the newest known is {MINORS[-1]}")
    return schema_of(MINORS[-1])
