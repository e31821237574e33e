"""The calls that a repair makes beyond a check's.

:class:`talospatch.talosapi.client.Client` has them all; see there for what each raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from talospatch.cnicheck.calls import CniCalls

if TYPE_CHECKING:
    from talospatch.talos.containers import Container, Image, RunResult
    from talospatch.talos.resources import Resource


class LookCalls(CniCalls, Protocol):
    """What a look at a node and the proof afterwards ask; none of it changes anything."""

    async def boot_id(self, node: str) -> str:
        """Return the kernel's id of this boot. Needs os:admin."""

    async def get_resource(self, node: str, namespace: str, type: str, id: str) -> Resource:  # noqa: A002 - Talos's words
        """Return a resource. Needs os:reader where it is not sensitive."""


class DebugCalls(Protocol):
    """What removing a file through Talos's DebugService asks. Since Talos 1.13; needs os:admin."""

    async def containers(self, node: str, *, driver: str = "cri", namespace: str = "k8s.io") -> tuple[Container, ...]:
        """Return the containers of a driver and namespace."""

    async def images(self, node: str, *, store: str = "cri") -> tuple[Image, ...]:
        """Return the images of a store."""

    async def pull_image(self, node: str, reference: str, *, store: str = "cri") -> str:
        """Pull an image and return its name."""

    async def import_image(self, node: str, archive: bytes, *, store: str = "cri") -> str:
        """Send an image and return its name."""

    async def remove_image(self, node: str, reference: str, *, store: str = "cri") -> None:
        """Remove an image from a store."""

    async def run_container(
        self, node: str, image: str, args: Sequence[str], *, store: str = "cri", timeout: float | None = None
    ) -> RunResult:
        """Run a privileged one-off container to its end."""
