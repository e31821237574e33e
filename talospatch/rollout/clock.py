"""The time by which a rollout waits."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> float:
        """Seconds that never go back, and that go on while the machine sleeps."""

    def at(self) -> float:
        """Seconds since 1970."""

    async def sleep(self, seconds: float) -> None:
        """Return when so many seconds have passed."""


class RealClock:
    """The machine's own time."""

    def now(self) -> float:
        """Seconds since some start.

        The time since boot where there is one: a trial's window goes on on the node while our machine sleeps, and the monotonic clock
        of Linux does not.
        """
        boottime: int | None = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic() if boottime is None else time.clock_gettime(boottime)

    def at(self) -> float:
        """Seconds since 1970."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
