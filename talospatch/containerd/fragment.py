"""A fragment: TOML settings that some part of containerd's configuration is to hold.

Merging is declarative, not what Talos does between parts: tables merge, and each other value, arrays included, becomes what the fragment
says. So merging twice changes nothing the second time. Every edited text is parsed again and compared with the data it must have.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from talospatch.containerd.metrics import METRICS_KEYS, value_at
from talospatch.containerd.toml_edit import remove_leaves, set_leaves
from talospatch.containerd.toml_read import leaves, parse, uses_newer_syntax
from talospatch.containerd.toml_scan import Keys, ScanError
from talospatch.containerd.toml_write import write_tables
from talospatch.errors import FragmentError
from talospatch.versions import Fact, TalosVersion


@dataclass(frozen=True, slots=True)
class Fragment:
    """Settings to be held.

    Attributes:
        text: TOML, with the comments that are meant for the node.
        source: where it came from, for messages.
        values: each value that is not a table, by its path.
        newer: whether the text is TOML only since 1.1.
    """

    text: str = field(repr=False)
    source: str
    values: Mapping[Keys, Any] = field(repr=False)
    newer: bool = False

    @classmethod
    def parse(cls, text: str, *, source: str = "fragment", is_file: bool = False) -> Fragment:
        """Read a fragment.

        Args:
            text: TOML.
            source: a name for messages.
            is_file: whether the text is a file of its own, whose leading comment speaks about the file and not to the node.

        Raises:
            FragmentError: not TOML, or it holds ``version``, which ends containerd on one release or another.
        """
        newer = uses_newer_syntax(text)
        values = leaves(parse(text, newer=True, source=source))
        if ("version",) in values:
            hint = "take the line out: each Talos release has the version that its containerd needs in its own part"
            raise FragmentError("a fragment must not set version", source=source, path="version", hint=hint)
        body = _without_leading_comment(text) if is_file else text
        body = body.replace("\r\n", "\n")
        return cls(body if body.endswith("\n") or not body else f"{body}\n", source, values, newer)

    @classmethod
    def of(cls, values: Mapping[Keys, Any], *, source: str = "fragment") -> Fragment:
        """Make a fragment of values."""
        return cls(write_tables(values), source, dict(values))

    @property
    def is_empty(self) -> bool:
        """Whether it sets nothing."""
        return not self.values

    @property
    def about_metrics(self) -> bool:
        """Whether it sets anything about metrics, in either form."""
        return not METRICS_KEYS.isdisjoint(self.values)


def merge(content: str, values: Mapping[Keys, Any], *, talos: TalosVersion, source: str = "drop-in", fresh: str | None = None) -> str:
    """Return the content with values set; the same text when it already has them all.

    Args:
        content: what the carrier holds now; empty for a new one.
        values: each value to set, by its absolute path.
        talos: the node's version.
        source: where the content stands, for messages.
        fresh: text to use for a new carrier, when it has exactly these values.

    Raises:
        FragmentError: the content is not TOML for this version, a table stands where a value is to be or the other way round, or the
            result could not be proven right.
    """
    newer = talos.can(Fact.TOML_1_1)
    before = _parse_existing(content, newer=newer, source=source)
    changes = {keys: value for keys, value in values.items() if not same(value_at(before, keys), value)}
    if not changes:
        return content
    for keys, value in changes.items():
        _check_room(before, keys, value, source)
    wanted = _with_values(before, changes)
    if not leaves(before) and not content.strip() and fresh is not None and same(parse(fresh, newer=newer, source=source), wanted):
        return fresh
    with _editable(source):
        result = set_leaves(content, changes, wanted)
    _prove(result, wanted, newer=newer, source=source)
    return result


def remove(content: str, gone: Iterable[Keys], *, talos: TalosVersion, source: str = "drop-in") -> str:
    """Return the content without values; the same text when it has none of them, and the empty text when nothing is left but comments.

    Raises:
        FragmentError: the content is not TOML for this version, or the result could not be proven right.
    """
    newer = talos.can(Fact.TOML_1_1)
    before = _parse_existing(content, newer=newer, source=source)
    there = [keys for keys in gone if value_at(before, keys) is not None]
    if not there:
        return content
    wanted = _without_values(before, there)
    if not leaves(wanted):
        return ""
    with _editable(source):
        result = remove_leaves(content, there, wanted)
    _prove(result, wanted, newer=newer, source=source)
    return result


@contextmanager
def _editable(source: str) -> Iterator[None]:
    """Say what is wrong with a content that we know no safe edit of."""
    try:
        yield
    except ScanError:
        hint = "write its tables with headers, one key a line"
        raise FragmentError("has a form that cannot be edited safely", source=source, hint=hint) from None


def read_content(content: str, *, talos: TalosVersion, source: str = "drop-in") -> dict[str, Any]:
    """Return the data of what a carrier holds.

    Raises:
        FragmentError: it is broken already.
    """
    return _parse_existing(content, newer=talos.can(Fact.TOML_1_1), source=source)


def same(left: Any, right: Any) -> bool:
    """Whether two TOML values are equal and of equal types."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(same(one, other) for one, other in zip(left, right, strict=True))
    return bool(left == right) or (isinstance(left, float) and math.isnan(left) and math.isnan(right))


def _parse_existing(content: str, *, newer: bool, source: str) -> dict[str, Any]:
    if not content:
        return {}
    try:
        return parse(content, newer=newer, source=source)
    except FragmentError as error:
        raise FragmentError(
            f"the existing fragment is already broken: {error.problem}",
            source=error.source,
            line=error.line,
            column=error.column,
            hint=error.hint or "repair it first: with it, containerd's configuration is not written at the next boot",
        ) from None


def _check_room(before: Mapping[str, Any], keys: Keys, value: Any, source: str) -> None:
    at: Any = before
    for depth, key in enumerate(keys):
        if not isinstance(at, Mapping):
            raise FragmentError(
                f"{'.'.join(keys[:depth])} is {_type(at)} there, and a table in the fragment", source=source, path=".".join(keys[:depth])
            )
        if key not in at:
            return
        at = at[key]
    if isinstance(at, Mapping) or (isinstance(at, list) is not isinstance(value, list)):
        raise FragmentError(
            f"{'.'.join(keys)} is {_type(at)} there, and {_type(value)} in the fragment", source=source, path=".".join(keys)
        )


def _type(value: Any) -> str:
    return "a table" if isinstance(value, Mapping) else "an array" if isinstance(value, list) else "a single value"


def _with_values(data: Mapping[str, Any], values: Mapping[Keys, Any]) -> dict[str, Any]:
    result = _copy(data)
    for keys, value in values.items():
        at = result
        for key in keys[:-1]:
            at = at.setdefault(key, {})
        at[keys[-1]] = value
    return result


def _without_values(data: Mapping[str, Any], gone: Iterable[Keys]) -> dict[str, Any]:
    result = _copy(data)
    for keys in gone:
        value_at(result, keys[:-1]).pop(keys[-1])
    return result


def _copy(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _copy(value) if isinstance(value, Mapping) else value for key, value in data.items()}


def _prove(text: str, wanted: Mapping[str, Any], *, newer: bool, source: str) -> None:
    """Parse what was written and compare; tables that hold nothing make no difference."""
    try:
        result = parse(text, newer=newer, source=source)
    except FragmentError:
        result = None
    if result is None or not same(_full(result), _full(wanted)):
        raise FragmentError(
            "an edit could not be proven right, so nothing was changed", source=source, hint="write its tables with headers, one key a line"
        )


def _full(data: Mapping[str, Any]) -> dict[str, Any]:
    full = {key: _full(value) if isinstance(value, Mapping) else value for key, value in data.items()}
    return {key: value for key, value in full.items() if value != {}}


def _without_leading_comment(text: str) -> str:
    lines = text.splitlines(keepends=True)
    for index, line in enumerate(lines):
        if line.strip() and not line.lstrip().startswith("#"):
            return "".join(lines[index:])
    return ""
