"""The few calls a check makes. :class:`talospatch.talosapi.client.Client` has them all; see there for what each raises."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from talospatch.talos.containers import Container
    from talospatch.talos.files import CopiedFiles, FileInfo
    from talospatch.talos.node import Mount, NodeVersion


class CniCalls(Protocol):
    """Read-only calls to one node each; none of them changes anything."""

    async def version(self, node: str) -> NodeVersion:
        """Return the node's Talos version. Needs os:reader."""

    def list_files(self, node: str, root: str, *, depth: int = 1) -> AsyncGenerator[FileInfo, None]:
        """Yield the entries of a directory, itself first, so many levels deep. Needs os:reader."""

    async def containers(self, node: str) -> tuple[Container, ...]:
        """Return containers and READY sandboxes of CRI. Needs os:reader."""

    async def boot_time(self, node: str) -> int:
        """Return when the kernel started, seconds since 1970. Needs os:reader."""

    async def mounts(self, node: str) -> tuple[Mount, ...]:
        """Return the file systems that are mounted on the node. Needs os:reader."""

    def logs(self, node: str, service_id: str, *, tail_lines: int = -1) -> AsyncGenerator[bytes, None]:
        """Yield the log of a Talos service in pieces that are not lines. Needs os:reader."""

    async def read_file(self, node: str, path: str, *, limit: int, expected_size: int | None = None) -> bytes:
        """Return a file's content. Needs os:admin."""

    async def copy_files(self, node: str, root: str, *, limit: int) -> CopiedFiles:
        """Return every regular file below a directory. Needs os:admin."""
