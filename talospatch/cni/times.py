"""Times and spans, as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(at: float | None) -> str:
    """Return a time in UTC to the second, as ``2026-11-23 09:40:54 UTC``; ``an unknown time`` for none and for what cannot be one."""
    try:
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC" if at is not None else "an unknown time"
    except (ValueError, OverflowError, OSError):
        return "an unknown time"


def span(seconds: float) -> str:
    """Return a length of time in its two largest units, as ``3 h 12 min``."""
    left = max(round(seconds), 0)
    units = []
    for size, name in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        units.append((count, name))
    first = next((place for place, (count, _) in enumerate(units) if count), len(units) - 1)
    return " ".join(f"{count} {name}" for count, name in units[first : first + 2] if count) or "0 s"
