"""Containers, images and one-off debug containers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Container(NamedTuple):
    """An entry of the Containers RPC; a sandbox when ``is_sandbox``.

    Attributes:
        id: ``namespace/pod`` for a sandbox, ``namespace/pod:name:…`` for a container.
        internal_id: the full 64-hex ID; empty before Talos 1.9.
        network_namespace: basename such as ``cni-<uuid>``; empty for host network.
        status: as ``SANDBOX_READY`` or ``CONTAINER_RUNNING``.
    """

    id: str
    internal_id: str = ""
    pod_id: str = ""
    name: str = ""
    image: str = ""
    pid: int = 0
    status: str = ""
    network_namespace: str = ""
    uid: str = ""

    @property
    def is_sandbox(self) -> bool:
        """Whether this is a pod sandbox. The driver CRI lists READY ones only: not listed does not mean dead."""
        return self.status.startswith("SANDBOX_") or (bool(self.pod_id) and self.id == self.pod_id)


@dataclass(frozen=True, slots=True)
class Image:
    """An image in one of the node's stores.

    Attributes:
        size: bytes.
        created_at: seconds since 1970.
    """

    name: str
    digest: str = ""
    size: int = 0
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a one-off container printed and how it ended.

    Attributes:
        exit_code: the process's; 128 + signal when killed; None when the connection ended before one came.
        output: standard output and error mixed, as bytes, capped.
        truncated: whether the cap cut it.
    """

    exit_code: int | None
    output: bytes
    truncated: bool = False
