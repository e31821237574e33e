"""One call for tests of patches: a text, patches and a version, and what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.machineconfig.config import MachineConfig
from talospatch.patching.change import Change
from talospatch.patching.workpiece import Workpiece
from talospatch.versions import TalosVersion

if TYPE_CHECKING:
    from talospatch.patching.patched import Patched


def worked(base: str, *patches: str, talos: str = "1.13") -> Workpiece:
    """Return a config with patches applied, as a workpiece."""
    piece = Workpiece(MachineConfig.parse(base, source="base"), talos=TalosVersion.parse(talos))
    for number, patch in enumerate(patches, start=1):
        Change.parse(patch, source=f"patch {number}").work_on(piece)
    return piece


def patched(base: str, *patches: str, talos: str = "1.13") -> Patched:
    """Return a config with patches applied, and the findings."""
    return worked(base, *patches, talos=talos).patched


def text_of(base: str, *patches: str, talos: str = "1.13") -> str:
    """Return the text of a config with patches applied."""
    return patched(base, *patches, talos=talos).config.text


def noticed(base: str, *patches: str, talos: str = "1.13") -> list[tuple[str, str]]:
    """Return code and path of each finding."""
    return [(finding.code, finding.path) for finding in patched(base, *patches, talos=talos).findings]
