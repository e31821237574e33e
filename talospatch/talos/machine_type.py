"""The role of a machine; apart from the other values because commands without a cluster need only this one."""

from __future__ import annotations

from enum import StrEnum


class MachineType(StrEnum):
    """The role of a machine in its cluster."""

    CONTROL_PLANE = "controlplane"
    WORKER = "worker"
    UNKNOWN = "unknown"

    @classmethod
    def parse(cls, text: str) -> MachineType:
        """Read Talos's word; ``init`` is an older name of a control-plane node."""
        return {"controlplane": cls.CONTROL_PLANE, "init": cls.CONTROL_PLANE, "worker": cls.WORKER}.get(text.strip(), cls.UNKNOWN)
