"""The nodes that a command is about, as values: one row each, those that cannot be seen included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from talospatch.talos.machine_type import MachineType

if TYPE_CHECKING:
    from talospatch.containerd.carriers import DropIn
    from talospatch.talos.finding import Finding

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRow:
    """One node.

    What was not asked or cannot be read is empty or None; ``unread`` says why, by the name of the attribute.

    Attributes:
        address: by which it is called; as named, or the first of its addresses that answers.
        talos: version tag, as ``v1.13.9``; from discovery until the node itself was asked.
        stage: stage of the machine, as ``running``.
        ready: whether every condition of that stage is met.
        uuid: of the hardware.
        pending: whether what runs differs from what the next boot will read: an unpersisted trial or a staged change.
        containerd: version that this Talos ships.
        dropin: what its configuration says about containerd's drop-in and metrics.
        error: why it could not be seen, one sentence; empty when it was.
        unread: attribute → one sentence.
    """

    address: str
    hostname: str = ""
    machine_type: MachineType = MachineType.UNKNOWN
    talos: str = ""
    stage: str = ""
    ready: bool | None = None
    uuid: str = ""
    pending: bool | None = None
    containerd: str = ""
    dropin: DropIn | None = None
    error: str = ""
    unread: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The version tag, as :attr:`talos`."""
        return self.talos

    @property
    def name(self) -> str:
        """Host name where known, else the address."""
        return self.hostname or self.address

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as for JSON."""
        return {
            "address": self.address,
            "hostname": self.hostname,
            "machineType": self.machine_type.value,
            "talos": self.talos,
            "stage": self.stage,
            "ready": self.ready,
            "uuid": self.uuid,
            "pending": self.pending,
            "containerd": self.containerd,
            "dropin": None if self.dropin is None else self.dropin._asdict(),
            "error": self.error,
            "unread": dict(self.unread),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The targets of a command.

    Attributes:
        rows: each machine once: those named first, in their order, then by host name.
        findings: how they were found, where that is not as it should be, and what is odd about them.
        fleet: version tags of the nodes that discovery knows and that are no targets.
    """

    rows: tuple[NodeRow, ...]
    findings: tuple[Finding, ...] = ()
    fleet: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[NodeRow, ...]:
        """The nodes that could not be seen."""
        return tuple(row for row in self.rows if row.error)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as for JSON."""
        return {
            "schema": SCHEMA,
            "nodes": [row.to_dict() for row in self.rows],
            "findings": [found.to_dict() for found in self.findings],
        }
