"""Sizes of disks and volumes: ``10GB``, ``100 MiB``, ``50%``, ``>= 1TB``."""

from __future__ import annotations

import math
import re

from talospatch.machineconfig.typed.misfit import Misfit, quoted

# Source: go-humanize's table of units; case does not count.
UNITS = {"": 1, "b": 1}
for _power, _prefix in enumerate("kmgtpe", start=1):
    UNITS |= {_prefix: 1000**_power, f"{_prefix}b": 1000**_power, f"{_prefix}i": 1024**_power, f"{_prefix}ib": 1024**_power}
_WRITTEN = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
# As Go's strconv reads a float: an underscore stands between two digits, or behind the prefix of a hexadecimal one.
_D, _H = "[0-9](?:_?[0-9])*", "[0-9a-fA-F](?:_?[0-9a-fA-F])*"
_DECIMAL = re.compile(rf"[-+]?(?:{_D}(?:\.(?:{_D})?)?|\.{_D})(?:[eE][-+]?{_D})?")
_HEXADECIMAL = re.compile(rf"[-+]?0[xX](?:_?{_H}(?:\.(?:{_H})?)?|\.{_H})[pP][-+]?{_D}")
_OPERATOR = re.compile(r"(?:>=|<=|>|<|==)?")
_HINT = "write it as 10GB, 100MiB or a number of bytes"


def read_bytes(text: str) -> int:
    """Return a number of bytes.

    Raises:
        Misfit: not a size.
    """
    end = 0
    while end < len(text) and (text[end].isdecimal() or text[end] in ".,"):
        end += 1
    number = text[:end].replace(",", "")
    factor = UNITS.get(text[end:].strip().lower())
    if factor is None or not _NUMBER.fullmatch(number):
        raise Misfit(f"{quoted(text)} is not a size", _HINT)
    size = float(number) * factor
    if size >= 2.0**64:
        raise Misfit(f"{quoted(text)} is larger than any disk", _HINT)
    return int(size)


def write_bytes(size: int) -> str | int:
    """Return a size in SI units where that is exact, else the number."""
    if size % 1000 == 0:
        text = _humanized(size)
        try:
            if read_bytes(text) == size:
                return text
        except Misfit:
            pass  # rounded up to more than 64 bits hold
    return size


def _humanized(size: int) -> str:
    if size < 10:
        return f"{size} B"
    power = math.floor(math.log(size) / math.log(1000))
    value = math.floor(size / 1000**power * 10 + 0.5) / 10
    return f"{value:.1f} {_WRITTEN[power]}" if value < 10 else f"{value:.0f} {_WRITTEN[power]}"


def check_size(text: str, *, negative: bool) -> None:
    """Check a size of a volume, which is kept as it is written.

    Args:
        text: the size.
        negative: whether it may begin with a minus sign.

    Raises:
        Misfit: not a size.
    """
    read_bytes(text.removeprefix("-") if negative else text)


def check_percentage(text: str, *, negative: bool) -> None:
    """Check a part of a disk, such as ``50%``.

    Args:
        text: the percentage, kept as it is written.
        negative: whether it may begin with a minus sign.

    Raises:
        Misfit: not a percentage.
    """
    number = (text.removeprefix("-") if negative else text).removesuffix("%")
    if not text.endswith("%") or not _is_share(number):
        raise Misfit(f"{quoted(text)} is not a percentage from 0% to 100%")


def _is_share(number: str) -> bool:
    """Whether a number lies between 0 and 100, or is none: Go's strconv reads hexadecimal and NaN too."""
    if number.lower() == "nan":
        return True
    bare = number.replace("_", "")
    try:
        value = float(bare) if _DECIMAL.fullmatch(number) else float.fromhex(bare) if _HEXADECIMAL.fullmatch(number) else -1
    except OverflowError:
        return False
    return 0 <= value <= 100


def read_condition(text: str) -> str:
    """Return a condition on the size of a disk, without the spaces around it.

    Raises:
        Misfit: not an operator and a size.
    """
    condition = text.strip()
    operator = _OPERATOR.match(condition)
    assert operator is not None, "the operator may be absent"
    read_bytes(condition[operator.end() :].strip())
    return condition
