"""What a scalar means to one minor: what all minors share stands in :mod:`talospatch.machineconfig.scalars`, what they differ in here."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from typing import TYPE_CHECKING

from talospatch.machineconfig.nodes import Mapping, Scalar, Sequence
from talospatch.machineconfig.scalars import Timestamp, Value, resolve_plain
from talospatch.machineconfig.typed.misfit import Misfit

if TYPE_CHECKING:
    from talospatch.machineconfig.nodes import Node
    from talospatch.machineconfig.typed.dialect import Dialect

CORE = "tag:yaml.org,2002:"
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
NULL_TAG, BINARY_TAG = CORE + "null", CORE + "binary"
# Words of YAML 1.1 that a bool field still takes, quoted or not. Source: go-yaml's case for bool.
OLD_BOOLS = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
}
_NEGATIVE_ZEROS = frozenset({"-0", "-0.0"})
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DATE = (
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?:(?P<between>[Tt ])(?P<hour>\d{1,2}):(?P<minute>\d{1,2}):(?P<second>\d{1,2})(?:[.,](?P<part>\d+))?(?P<zone>Z|[-+]\d{2}:\d{2})?)?"
)
_TYPES = {"int": int, "float": float, "bool": bool, "null": type(None), "timestamp": Timestamp}


def kind_of(node: Node) -> str:
    """Return what a node is, for messages."""
    return "a mapping" if isinstance(node, Mapping) else "a list" if isinstance(node, Sequence) else "a single value"


def said(node: Node, dialect: Dialect) -> str:
    """Return what a node is, for messages: numbers and words for yes and no as they are; a text may be a secret, and is not quoted."""
    if not isinstance(node, Scalar):
        return kind_of(node)
    if is_null(node):
        return "null"
    plain = resolve_unquoted(node.text, dialect)
    return f"{node.text[:40]!r}" if isinstance(plain, bool | int | float) else "a text"


def is_null(node: Node) -> bool:
    """Whether a node is null, written or left empty."""
    if not isinstance(node, Scalar) or node.text not in NULLS:
        return False
    return node.tag == NULL_TAG or (not node.style and node.tag is None)


def resolve_unquoted(text: str, dialect: Dialect) -> Value:
    """Return what plain text means."""
    value = resolve_plain(text)
    if value is text:
        if "_" in text and text[0] in "+-0123456789" and _FLOAT.fullmatch(bare := text.replace("_", "")):
            return float(bare)
    elif isinstance(value, Timestamp):
        return value if _is_date(text) else text
    elif isinstance(value, float) and value in {float("inf"), float("-inf")} and text[-1] in "0123456789.":
        return text  # more than a float can hold is text
    elif dialect.negative_zero and text in _NEGATIVE_ZEROS:
        return -0.0
    return value


def _is_date(text: str) -> bool:
    """Whether a text that has the form of a date is one: on the calendar, and in one of the layouts that go-yaml takes."""
    match = re.fullmatch(_DATE, text)
    if match is None:
        return False
    if match["between"] and (match["between"] == " ") == bool(match["zone"]):
        return False  # with a T there is a zone, with a space none
    try:
        dt.date(int(match["year"]) or 4, int(match["month"]), int(match["day"]))  # Go has a year 0, a leap year
        dt.time(int(match["hour"] or 0), int(match["minute"] or 0), int(match["second"] or 0))
    except ValueError:
        return False
    return True


def value_of(node: Scalar, dialect: Dialect) -> Value:
    """Return what a scalar means where any type will do.

    Raises:
        Misfit: its tag does not fit its text.
    """
    tag = node.tag
    if tag is None:
        return node.text if node.style else resolve_unquoted(node.text, dialect)
    if not tag.startswith(CORE):
        unquoted = tag == "!" and not node.style and not dialect.tags_decide
        return resolve_unquoted(node.text, dialect) if unquoted else node.text
    name = tag[len(CORE) :]
    if name == "binary":
        return _binary(node.text)
    wanted = _TYPES.get(name)
    if wanted is None:
        return node.text
    value = resolve_unquoted(node.text, dialect)
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        raise Misfit(f"the value is not what its tag !!{name} says")
    return value


def is_only_text(node: Scalar, dialect: Dialect) -> bool:
    """Whether a tag makes text of a scalar that would be a word or duration otherwise: a tag of one's own, or ``!`` before plain text."""
    tag = node.tag
    return dialect.tags_decide and tag is not None and not tag.startswith(CORE) and not (tag == "!" and bool(node.style))


def _binary(text: str) -> str:
    try:
        return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        raise Misfit("the text of a !!binary is not base64") from None


def text_of(node: Node, dialect: Dialect) -> str:
    """Return the text of a scalar for a text field: numbers and words keep the spelling that they have in the file.

    Raises:
        Misfit: a collection, or something that this minor does not take for text.
    """
    if not isinstance(node, Scalar):
        raise Misfit(f"{kind_of(node)} stands where a text belongs")
    if node.tag is None and (node.style or node.text[4:5] != "-"):  # a date has its first dash there
        return node.text
    value = value_of(node, dialect)
    if isinstance(value, Timestamp) and not dialect.plain_dates_are_text:
        raise Misfit(f"{node.text[:40]!r} without quotes is a date, not a text", "quote it")
    if node.tag == BINARY_TAG:
        assert isinstance(value, str), "binary is read as text"
        return value
    return node.text
