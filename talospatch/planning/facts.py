"""What was observed on one node at one moment: what plans are made from, and compared with directly before applying."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from talospatch.talos.machine_type import MachineType
from talospatch.talos.node import Listener, MachineStatus, Service
from talospatch.talos.resources import StoredConfig

CONTAINER = "container"  # the platform of nodes that are containers, as `talosctl cluster create docker` makes them


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFacts:
    """One node, observed.

    What could not be read is None or empty, and ``unread`` says why, by the name of the attribute.

    Attributes:
        node: address by which it was called.
        talos: version tag.
        machine_uuid: the firmware's; empty where it gives none, and not unique on all hardware.
        boot_id: changes with every boot. In a container it is the host's kernel's, with the time at which machined began beside it.
        active: what it runs with; in a trial, the trial.
        persistent: what it boots with; None before Talos 1.10, which cannot tell.
        platform: as ``metal`` or ``container``.
        managed_by: what else manages its configuration, as ``SideroLink``; empty when nothing is known to.
        cri_toml: containerd's merged configuration; None when it was not read.
        etcd_problem: for a control-plane node, why etcd is not healthy; empty when it is, or on a worker.
        unread: attribute name → one sentence.
    """

    node: str
    hostname: str = ""
    machine_type: MachineType = MachineType.UNKNOWN
    talos: str = ""
    platform: str = ""
    machine_uuid: str = ""
    boot_id: str = ""
    status: MachineStatus | None = None
    services: tuple[Service, ...] = ()
    listeners: tuple[Listener, ...] | None = None
    active: StoredConfig | None = None
    persistent: StoredConfig | None = None
    managed_by: str = ""
    cri_toml: str | None = field(default=None, repr=False)
    etcd_problem: str = ""
    unread: Mapping[str, str] = field(default_factory=dict)

    @property
    def diverged(self) -> bool:
        """Whether the active and the persistent configuration are known and differ."""
        return self.active is not None and self.persistent is not None and self.active.data != self.persistent.data

    @property
    def stage(self) -> str:
        """The stage of the machine, or the empty string."""
        return self.status.stage if self.status else ""

    @property
    def running(self) -> bool:
        """Whether it is in stage running with every condition met."""
        return self.status is not None and self.status.stage == "running" and self.status.ready

    def service(self, name: str) -> Service | None:
        """Return a service by id."""
        return next((service for service in self.services if service.id == name), None)

    def to_dict(self, *, secrets: bool = False) -> dict[str, Any]:
        """Return plain values; without ``secrets`` the configurations are named by size and hash only."""
        return {
            "node": self.node,
            "hostname": self.hostname,
            "machineType": self.machine_type.value,
            "talos": self.talos,
            "platform": self.platform,
            "machineUuid": self.machine_uuid,
            "bootId": self.boot_id,
            "stage": self.stage,
            "ready": self.status.ready if self.status else None,
            "active": _stamp(self.active, secrets),
            "persistent": _stamp(self.persistent, secrets),
            "managedBy": self.managed_by,
            "unread": dict(self.unread),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> NodeFacts:
        """Read what :meth:`to_dict` gave: enough to know the node again, without services and listeners."""
        status = MachineStatus(data["stage"], bool(data["ready"])) if data["stage"] else None
        return cls(
            node=data["node"],
            hostname=data["hostname"],
            machine_type=MachineType(data["machineType"]),
            talos=data["talos"],
            platform=data["platform"],
            machine_uuid=data["machineUuid"],
            boot_id=data["bootId"],
            status=status,
            active=_unstamp(data["active"]),
            persistent=_unstamp(data["persistent"]),
            managed_by=data["managedBy"],
            unread=dict(data["unread"]),
        )


def digest(data: bytes) -> str:
    """Return the sha256 of a configuration, in hex."""
    return sha256(data).hexdigest()


def _stamp(config: StoredConfig | None, secrets: bool) -> dict[str, Any] | None:
    if config is None:
        return None
    stamp: dict[str, Any] = {"version": config.version, "sha256": digest(config.data), "bytes": len(config.data)}
    return stamp | {"data": b64encode(config.data).decode()} if secrets else stamp


def _unstamp(stamp: Mapping[str, Any] | None) -> StoredConfig | None:
    return StoredConfig(b64decode(stamp["data"], validate=True), stamp["version"]) if stamp and "data" in stamp else None
