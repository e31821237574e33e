"""The time that a simulated cluster lives by: the machine's own, perhaps faster, or one that only moves when it is told to."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time of the cluster and waits in it.

    Attributes:
        scale: how many of the cluster's seconds pass in a real one.
    """

    scale: float

    def now(self) -> float:
        """Seconds since 1970 in the cluster; never goes back."""

    async def sleep(self, seconds: float) -> None:
        """Return when so many of the cluster's seconds have passed."""


class ScaledClock:
    """The real clock, running ``scale`` times as fast.

    Args:
        scale: how many of the cluster's seconds pass in a real one; 1 is real time.
        start: the cluster's time now, in seconds since 1970; the real time unless said.
    """

    def __init__(self, scale: float = 1.0, *, start: float | None = None) -> None:
        if scale <= 0:
            raise ValueError(f"a clock cannot run {scale} times as fast as the real one")
        self.scale = scale
        self._start = time.time() if start is None else start
        self._origin = time.monotonic()

    def now(self) -> float:
        """Seconds since 1970 in the cluster."""
        return self._start + (time.monotonic() - self._origin) * self.scale

    async def sleep(self, seconds: float) -> None:
        """Wait so many of the cluster's seconds, which is less in real ones when the clock is fast."""
        await asyncio.sleep(max(0.0, seconds) / self.scale)


class VirtualClock:
    """A clock that stands still until somebody sleeps in it or sets it ahead, so that a run repeats exactly.

    A sleeper returns at once, and the time is then as much later. Whoever sleeps in parallel tasks therefore adds up; a program that
    needs more brings its own clock.
    """

    scale = 1.0

    def __init__(self, start: float = 1_767_323_045.0) -> None:
        self._now = start

    def now(self) -> float:
        """Seconds since 1970 in the cluster."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Set the clock ahead."""
        self._now += max(0.0, seconds)

    async def sleep(self, seconds: float) -> None:
        """Set the clock ahead, and let other tasks have their turn."""
        self.advance(seconds)
        await asyncio.sleep(0)
