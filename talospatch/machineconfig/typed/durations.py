"""Durations as Go reads and writes them: ``90m`` is read, ``1h30m0s`` is written. Values are nanoseconds."""

from __future__ import annotations

import re

from talospatch.machineconfig.typed.misfit import Misfit, quoted

_MICRO, _MILLI, _SECOND, _MINUTE, _HOUR = 10**3, 10**6, 10**9, 60 * 10**9, 3600 * 10**9
_UNITS = {
    "ns": 1,
    "us": _MICRO,
    "µs": _MICRO,
    "μs": _MICRO,
    "ms": _MILLI,
    "s": _SECOND,
    "m": _MINUTE,
    "h": _HOUR,
}  # both spellings of micro
_TERM = re.compile(r"(?P<whole>[0-9]*)(?:\.(?P<part>[0-9]*))?(?P<unit>ns|us|µs|μs|ms|s|m|h)(?![a-zµμ])")
_LIMIT = 2**63


def read_duration(text: str) -> int:
    """Return nanoseconds.

    Raises:
        Misfit: not a duration of Go, or longer than it can hold.
    """
    sign, terms = (-1, text[1:]) if text[:1] == "-" else (1, text[1:]) if text[:1] == "+" else (1, text)
    if terms == "0":
        return 0
    at = total = 0
    while at < len(terms):
        match = _TERM.match(terms, at)
        if match is None or not (match["whole"] or match["part"]):
            break
        unit = _UNITS[match["unit"]]
        part = match["part"] or ""
        # Each term is cut to whole nanoseconds, as Go does. Its float arithmetic of the part agrees with this up to 15 digits.
        total += int(match["whole"] or 0) * unit + (int(part) * unit // 10 ** len(part) if part else 0)
        at = match.end()
    if not terms or at != len(terms) or total > _LIMIT - (sign > 0):
        raise Misfit(f"{quoted(text)} is not a duration", "write it as 90s, 5m or 1h30m")
    return sign * total


def write_duration(nanoseconds: int) -> str:
    """Return the text that Go writes."""
    if not nanoseconds:
        return "0s"
    sign, rest = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    for unit, size, digits in (("ns", _MICRO, 0), ("µs", _MILLI, 3), ("ms", _SECOND, 6)):
        if rest < size:
            return f"{sign}{_decimal(rest, digits)}{unit}"
    minutes, rest = divmod(rest, _MINUTE)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours}h"] if hours else []
    if hours or minutes:
        parts.append(f"{minutes}m")
    return f"{sign}{''.join(parts)}{_decimal(rest, 9)}s"


def _decimal(value: int, digits: int) -> str:
    whole, part = divmod(value, 10**digits)
    return f"{whole}.{part:0{digits}d}".rstrip("0") if part else str(whole)
