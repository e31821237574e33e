"""A node as an inventory lists it: what has to be known of it before it is asked anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from talospatch.talos.machine_type import MachineType


class NodeRow(Protocol):
    """A node to look at."""

    @property
    def address(self) -> str:
        """By which it is called."""

    @property
    def hostname(self) -> str:
        """Empty when unknown."""

    @property
    def talos(self) -> str:
        """Its version tag; empty when it was not asked yet."""

    @property
    def error(self) -> str:
        """Why it cannot be asked, so that it gets a row with this reason; empty when it can."""


class Row(NodeRow, Protocol):
    """A node to plan a change for."""

    @property
    def machine_type(self) -> MachineType:
        """UNKNOWN when unknown."""
