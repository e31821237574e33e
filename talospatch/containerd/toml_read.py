"""Reading TOML as a node of a given Talos version would: TOML 1.0 up to 1.13, TOML 1.1 from 1.14.0-beta.0."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from talospatch.containerd.toml_scan import Keys, Scan, ScanError, scan
from talospatch.errors import FragmentError

MAX_CHARACTERS = 1024 * 1024
MAX_DEPTH = 100  # containerd's own configuration is 6 levels deep

_SHORT_TIME = re.compile(r"(?<![\d.:])\d\d:\d\d(?![\d:])")
_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


def parse(text: str, *, newer: bool, source: str = "fragment", scanned: Scan | None = None) -> dict[str, Any]:
    """Parse TOML.

    Args:
        text: the text.
        newer: whether the node reads TOML 1.1.
        source: a name for messages.
        scanned: the scan of the same text, where it is at hand.

    Raises:
        FragmentError: it is not TOML, or TOML 1.1 where the node reads only 1.0. Says the line and column.
    """
    if text.startswith("\ufeff"):
        raise FragmentError(
            "begins with a byte order mark, which Talos's TOML reader refuses", source=source, line=1, column=1, hint="save it without"
        )
    if len(text) > MAX_CHARACTERS:
        raise FragmentError(f"is longer than {MAX_CHARACTERS:,} characters", source=source)
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise FragmentError(f"nested deeper than {MAX_DEPTH} levels", source=source) from None
    except ValueError as error:  # TOMLDecodeError, and int() refusing thousands of digits
        read = _parse_newer(text) if newer else None
        if read is None:
            raise _error(error, text, source, newer=newer) from None
        data = read
    else:
        if not newer and _uses_newer_syntax(text, scanned):
            raise FragmentError(
                "uses syntax of TOML 1.1, which a node reads only from Talos 1.14 on", source=source, hint="write it as TOML 1.0"
            )
    _check_depth(data, source)
    return data


def uses_newer_syntax(text: str) -> bool:
    """Whether a text is TOML only since 1.1: a parser of 1.0 refuses it, and one of 1.1 does not, or the scanner sees such syntax."""
    try:
        tomllib.loads(text)
    except (ValueError, RecursionError):
        return _parse_newer(text) is not None
    return _uses_newer_syntax(text, None)


def _uses_newer_syntax(text: str, scanned: Scan | None) -> bool:
    """Newer Pythons' tomllib reads TOML 1.1, so a second look is needed; most texts hold nothing that could be newer."""
    if not any(mark in text for mark in ("{", "\\e", "\\x")) and not _SHORT_TIME.search(text):
        return False
    try:
        return (scanned or scan(text)).newer
    except ScanError:
        return False


def _parse_newer(text: str) -> dict[str, Any] | None:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        data: dict[str, Any] = tomlkit.parse(text).unwrap()
    except (TOMLKitError, ValueError, TypeError, RecursionError):
        return None
    return data


def _error(error: ValueError, text: str, source: str, *, newer: bool) -> FragmentError:
    message = str(error)
    match = _PLACE.search(message)
    line = column = None
    if match is not None:
        message = message[: match.start()]
        line, column = (int(match["line"]), int(match["column"])) if match["line"] else (text.count("\n") + 1, None)
    if not isinstance(error, tomllib.TOMLDecodeError):
        message = "holds a number that is too long"
    hint = "this is TOML 1.1, which a node reads only from Talos 1.14 on" if not newer and _parse_newer(text) is not None else None
    if "{{" in text or "{%" in text or "%{" in text:
        hint = "this looks like a template: render it first and use the result"
    return FragmentError(_without_values(message), source=source, line=line, column=column, hint=hint)


def _without_values(message: str) -> str:
    """A parser's message may quote a character of the text, never more; keep it so whatever a later parser does."""
    return re.sub(r"'[^']{12,}'|\"[^\"]{12,}\"", "…", message)


def _check_depth(data: Mapping[str, Any], source: str) -> None:
    stack: list[tuple[Any, int]] = [(data, 0)]
    while stack:
        value, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise FragmentError(f"nested deeper than {MAX_DEPTH} levels", source=source)
        if isinstance(value, Mapping):
            stack.extend((item, depth + 1) for item in value.values())
        elif isinstance(value, list):
            stack.extend((item, depth + 1) for item in value)


def leaves(data: Mapping[str, Any]) -> dict[Keys, Any]:
    """Return every value that is not a table, by its path."""
    return dict(_leaves(data, ()))


def _leaves(data: Mapping[str, Any], above: Keys) -> Iterator[tuple[Keys, Any]]:
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key), value
