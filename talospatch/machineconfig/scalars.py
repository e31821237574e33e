"""What a scalar means to Talos, which reads YAML with go-yaml: YAML 1.2 with some of 1.1, and not what PyYAML makes of it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CORE = "tag:yaml.org,2002:"


class Timestamp(str):
    """The text of a plain date or time. Equal to another with the same text, and to no string: Talos reads them as different types."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Timestamp) and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((Timestamp, str(self)))


class Literal(str):
    """Text that is written as it stands, whatever it looks like: ``0o644``."""

    __slots__ = ()


class TaggedText(str):
    """Text that is written as a node with a tag of its own, which quotes less: only what would not read as text."""

    __slots__ = ()


# Words, whatever the field's type is. Source: go-yaml's resolve table; yes, no, on, off, y and n are words for bool fields only, so not
# here.
WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **{sign + word: math.inf for sign in ("", "+") for word in (".inf", ".Inf", ".INF")},
    **{f"-{word}": -math.inf for word in (".inf", ".Inf", ".INF")},
}

# Forms, tried in this order on text that begins with a digit, a sign or a dot; underscores are dropped before the integer forms.
# Source: go-yaml's resolve (strconv.ParseInt with base 0, its float pattern, its list of time layouts).
FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "timestamp",
        re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]|[ \t]+)\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:[ \t]*(?:Z|[-+]\d{1,2}(?::?\d{2})?))?)?"),
    ),
    ("decimal", re.compile(r"[-+]?(?:0|[1-9]\d*)")),
    ("octal", re.compile(r"[-+]?0[oO]?[0-7]+")),
    ("hexadecimal", re.compile(r"[-+]?0[xX][0-9a-fA-F]+")),
    ("binary", re.compile(r"[-+]?0[bB][01]+")),
    ("float", re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")),
)
_BASES: dict[str, int] = {"decimal": 10, "octal": 8, "hexadecimal": 16, "binary": 2}
_BEGINS_A_NUMBER = frozenset("0123456789+-.")
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1
_LONGEST_NUMBER = 400  # characters; nothing longer is an integer in range, and a float of that length is refused by nobody's config

Value = str | int | float | bool | None


def resolve_plain(text: str) -> Value:
    """Return what plain text means: null, a bool, a number, a timestamp, or the text itself."""
    if text in WORDS:
        return WORDS[text]
    if text[0] not in _BEGINS_A_NUMBER or len(text) > _LONGEST_NUMBER:
        return text
    bare = text.replace("_", "") if "_" in text else text
    for name, pattern in FORMS:
        candidate = bare if name in _BASES else text
        if not pattern.fullmatch(candidate):
            continue
        if name == "timestamp":
            return Timestamp(text)
        if name == "float":
            return float(candidate)
        number = int(candidate.lower().replace("0o", "", 1) if name == "octal" else candidate, _BASES[name])
        if _SMALLEST <= number <= _LARGEST:
            return number
    return text


def resolve(text: str, style: str, tag: str | None) -> Value:
    """Return what a scalar means, given how it was written.

    An explicit core tag decides over the style; tags of other kinds are ignored, as Talos does.
    """
    if tag is not None and tag.startswith(_CORE):
        return _BY_TAG.get(tag[len(_CORE) :], _keep)(text)
    if style or (text and text[0] not in _BEGINS_A_NUMBER and text not in WORDS):  # most text, told without another call
        return text
    return resolve_plain(text)


def _keep(text: str) -> Value:
    return text


_BY_TAG: dict[str, Callable[[str], Value]] = {"int": resolve_plain, "float": resolve_plain, "bool": resolve_plain, "null": resolve_plain}
