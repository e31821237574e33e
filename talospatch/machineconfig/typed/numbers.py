"""Numbers and times of free-form objects as Go writes them."""

from __future__ import annotations

import math
import re

_TIME = r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?(Z|[-+]\d{2}:\d{2})?)?"
_EXPONENTS = (-4, 6)  # decimal exponents that are written out: from the first, below the second (strconv.FormatFloat, shortest)


def write_float(value: float) -> str:
    """Return the shortest text that reads as the same number, exponential from 1e+06 on and below 1e-04."""
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    from decimal import Decimal  # hardly any config has a number with a point

    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int), "finite"
    text = "".join(map(str, digits)).lstrip("0").rstrip("0") or "0"
    point = len(digits) + exponent if any(digits) else 1  # where the decimal point stands, counted from the first digit
    minus = "-" if sign else ""
    low, high = _EXPONENTS
    if point - 1 < low or point - 1 >= high:
        fraction = f".{text[1:]}" if len(text) > 1 else ""
        return f"{minus}{text[0]}{fraction}e{'-' if point < 1 else '+'}{abs(point - 1):02d}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{text}"
    if len(text) <= point:
        return f"{minus}{text}{'0' * (point - len(text))}"
    return f"{minus}{text[:point]}.{text[point:]}"


def write_time(text: str) -> str:
    """Return a date or time as RFC 3339 has it; ``text`` is one that YAML reads as a date."""
    match = re.fullmatch(_TIME, text)
    assert match is not None, "only dates are read as dates"
    year, month, day, hour, minute, second, part, zone = match.groups()
    part = (part or "")[:9].rstrip("0")
    clock = f"{int(hour or 0):02d}:{int(minute or 0):02d}:{int(second or 0):02d}{f'.{part}' if part else ''}"
    zone = "Z" if zone in {None, "+00:00", "-00:00"} else zone
    return f"{year}-{int(month):02d}-{int(day):02d}T{clock}{zone}"
