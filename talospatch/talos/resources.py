"""COSI resources: what the node's controllers know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource.

    Attributes:
        version: decimal text, bumped on every update even when nothing differs; starts again at ``1`` after a reboot.
        spec_yaml: the YAML form; never shown, it may hold secrets.
        spec_proto: the protobuf form, the resource's own message.
    """

    namespace: str
    type: str
    id: str
    version: str
    phase: str = ""
    owner: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    spec_yaml: str = field(default="", repr=False)
    spec_proto: bytes = field(default=b"", repr=False)


class ChangeKind(StrEnum):
    """Kind of a watch event."""

    CREATED = "created"
    UPDATED = "updated"
    DESTROYED = "destroyed"
    BOOTSTRAPPED = "bootstrapped"
    ERRORED = "errored"
    NOOP = "noop"


@dataclass(frozen=True, slots=True)
class ResourceEvent:
    """One watch event; ``resource`` is None for BOOTSTRAPPED, ERRORED and NOOP."""

    kind: ChangeKind
    resource: Resource | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class StoredConfig:
    """A machine config as the node holds it.

    Attributes:
        data: the exact bytes that were applied; secret.
        version: version of the resource, as text.
    """

    data: bytes = field(repr=False)
    version: str


@dataclass(frozen=True, slots=True)
class NodeEvent:
    """An event of the Events RPC.

    Attributes:
        kind: message name, as ``ServiceStateEvent`` or ``MachineStatusEvent``; other kinds keep their name and have no fields.
        fields: what the message holds, as plain values.
    """

    id: str
    kind: str
    actor_id: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
