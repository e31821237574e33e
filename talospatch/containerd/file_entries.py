"""Entries of ``machine.files`` that end a node's boot before its services start.

A change of the drop-in makes a node up to 1.13 reboot, so an entry that has been harmless since the last boot becomes fatal then. Talos
checks none of this when a config is applied. Source: Talos's WriteUserFiles, the same from 1.6 to 1.14 in these points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.containerd.drop_in import PART_PATH
from talospatch.machineconfig.path import ROOT_DOCUMENT
from talospatch.talos.finding import Finding, Severity
from talospatch.versions import Fact

if TYPE_CHECKING:
    from talospatch.machineconfig.config import MachineConfig
    from talospatch.versions import TalosVersion

OPS = ("create", "append", "overwrite")
OBSOLETE = "/var/cri/conf.d/"  # not read since Talos 1.3


def entry_findings(config: MachineConfig, talos: TalosVersion) -> tuple[Finding, ...]:
    """Return what is wrong with the entries for other paths than the drop-in's."""
    severity = Severity.WARNING if talos.can(Fact.LIVE_CRI_CUSTOMIZATION) else Severity.ERROR
    document = config.document(ROOT_DOCUMENT)
    machine = document.value.get("machine") if document is not None else None
    files = machine.get("files") if isinstance(machine, dict) else None
    found = (_finding(entry, f"machine.files[{index}]", severity) for index, entry in enumerate(files if isinstance(files, list) else ()))
    return tuple(finding for finding in found if finding is not None)


def _finding(entry: Any, path: str, severity: Severity) -> Finding | None:
    if not isinstance(entry, dict) or entry.get("path") == PART_PATH:
        return None
    where, op = str(entry.get("path") or ""), entry.get("op")
    if op not in OPS:
        message = "has no op, or one that Talos does not know: the next boot stops there"
        return Finding(severity, "file-op-unknown", f"{path}.op", message, f"write one of {', '.join(OPS)}")
    if op == "create" and not where.startswith("/var/"):
        message = f"creates {where[:120]!r} outside of /var: the next boot stops there, before containerd and the kubelet start"
        hint = (
            f"containerd's drop-in has one path only, {PART_PATH}"
            if where.startswith("/etc/cri/")
            else "move it below /var, or overwrite a file that exists"
        )
        return Finding(severity, "file-create-outside-var", path, message, hint)
    if where.startswith(OBSOLETE):
        return Finding(Severity.NOTE, "file-obsolete-path", path, f"{OBSOLETE} has not been read since Talos 1.3", "take the entry out")
    return None
