"""What is going to happen on a node, and when. Actions are names, so that a node can be copied with all that is pending."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field


@dataclass(order=True, slots=True)
class _Due:
    at: float
    order: int
    action: str = field(compare=False)
    arguments: tuple[object, ...] = field(compare=False)


class Timers:
    """Named actions by time; those of one moment run in the order in which they were set."""

    __slots__ = ("_cancelled", "_count", "_heap")

    def __init__(self) -> None:
        self._heap: list[_Due] = []
        self._cancelled: set[int] = set()
        self._count = 0

    def set(self, at: float, action: str, *arguments: object) -> int:
        """Let ``action`` happen at a time; the number given back cancels it."""
        self._count += 1
        heapq.heappush(self._heap, _Due(at, self._count, action, arguments))
        return self._count

    def cancel(self, number: int) -> None:
        """Take one back; nothing happens when it has run."""
        self._cancelled.add(number)

    def cancel_all(self) -> None:
        """Take everything back, as a loss of power does."""
        self._heap.clear()
        self._cancelled.clear()

    def next_due(self) -> float | None:
        """When the next one is due."""
        while self._heap and self._heap[0].order in self._cancelled:
            self._cancelled.discard(heapq.heappop(self._heap).order)
        return self._heap[0].at if self._heap else None

    def take(self, now: float) -> tuple[float, str, tuple[object, ...]] | None:
        """The next one that is due by ``now``, with its time; None when there is none."""
        due = self.next_due()
        if due is None or due > now:
            return None
        found = heapq.heappop(self._heap)
        return found.at, found.action, found.arguments
