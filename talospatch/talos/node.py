"""What a node says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from talospatch.talos.machine_type import MachineType


@dataclass(frozen=True, slots=True)
class NodeVersion:
    """Answer of the Version RPC.

    Attributes:
        tag: as ``v1.13.4``.
        platform: as ``metal`` or ``container``.
        mode: as ``metal``, ``cloud`` or ``container``.
    """

    tag: str
    platform: str = ""
    mode: str = ""
    arch: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """A node as cluster discovery knows it.

    Attributes:
        addresses: routed addresses that are not Kubernetes's, several per node.
        operating_system: as ``Talos (v1.13.4)``.
    """

    hostname: str
    addresses: tuple[str, ...]
    machine_type: MachineType
    operating_system: str = ""
    node_id: str = ""


@dataclass(frozen=True, slots=True)
class MachineStatus:
    """Where a machine is in its life.

    Attributes:
        stage: ``booting``, ``installing``, ``maintenance``, ``running``, ``rebooting``, ``shutting down``, ``resetting`` or ``upgrading``.
        ready: whether every condition of that stage is met.
        unmet: name and reason of each condition that is not.
    """

    stage: str
    ready: bool
    unmet: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """A Talos service.

    Attributes:
        state: ``Initialized``, ``Starting``, ``Preparing``, ``Waiting``, ``Running``, ``Stopping``, ``Finished``, ``Failed`` or
            ``Skipped``.
        healthy: True, False, or None while unknown.
        last_change: seconds since 1970 of the last change of health; 0 when unknown.
        started: seconds since 1970 of the newest event with state Running; 0 when there is none.
    """

    id: str
    state: str
    healthy: bool | None
    message: str = ""
    last_change: float = 0.0
    started: float = 0.0


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket in Netstat.

    Attributes:
        protocol: ``tcp``, ``tcp6``, ``udp`` or ``udp6``.
        state: as ``LISTEN``.
        process: name of the owner where known, else empty.
    """

    protocol: str
    address: str
    port: int
    state: str
    process: str = ""


@dataclass(frozen=True, slots=True)
class Mount:
    r"""A mounted file system, from Mounts.

    Attributes:
        filesystem: what is mounted: a device, or a word such as ``tmpfs``.
        mounted_on: where, as ``/proc/mounts`` writes it: a space is ``\040`` there, a line break ``\012``.
        size: bytes; 0 where the node could not tell.
        available: bytes that are free for anybody; 0 where the node could not tell.
    """

    filesystem: str
    mounted_on: str
    size: int
    available: int


@dataclass(frozen=True, slots=True)
class EtcdMember:
    """A member of the etcd cluster, from EtcdMemberList."""

    id: int
    hostname: str
    learner: bool = False


@dataclass(frozen=True, slots=True)
class EtcdStatus:
    """Answer of EtcdStatus for one control-plane node.

    Attributes:
        errors: alarms and errors it reports.
    """

    member_id: int
    leader: int
    raft_index: int
    raft_applied_index: int
    db_size: int = 0
    learner: bool = False
    errors: tuple[str, ...] = ()
