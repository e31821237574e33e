"""What the adapters need of a cluster: :class:`talospatch.simulator.cluster.SimulatedCluster`, or anything else that answers calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from talospatch.simulator.exchange import Exchange


class Model(Protocol):
    """Answers calls, and has a life of its own between them. Times are in seconds since 1970 and never go back."""

    def call(  # noqa: PLR0917 - what a call is made of; nobody else calls it
        self,
        endpoint: str,
        metadata: Mapping[str, Sequence[str]],
        roles: Sequence[str],
        method: str,
        requests: Sequence[bytes],
        now: float,
    ) -> Exchange:
        """Answer one call to the node that was dialled."""

    def advance(self, now: float) -> None:
        """Let happen what is due."""

    def reachable(self, endpoint: str, now: float) -> bool:
        """Whether this node takes connections."""

    def metrics_address(self, node: str, now: float) -> str | None:
        """``host:port`` on which the node serves its metrics, or None."""

    def metrics(self, node: str, now: float) -> str:
        """Text of its metrics."""
