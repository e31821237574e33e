"""Reading TOML as a node of a given Talos version would: TOML 1.0 up to 1.13, TOML 1.1 from 1.14.0-beta.0."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from talospatch.containerd.toml_scan import Keys, ScanError, scan
from talospatch.errors import FragmentError

MAX_CHARACTERS = 1024 * 1024
MAX_REMEMBERED = 16 * 1024  # characters of a text that is remembered; drop-ins are far shorter
MAX_DEPTH = 100  # containerd's own configuration is 6 levels deep

_SHORT_TIME = re.compile(r"(?<![\d.:])\d\d:\d\d(?![\d:])")
# A key of more parts than that, where keys stand. tomllib takes time quadratic in their number, so it must not see one.
_DEEP_KEY = re.compile(
    r"""(?:^|[\[{,])[ \t]*(?:(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){%d}""" % MAX_DEPTH,  # noqa: UP031 - braces
    re.MULTILINE,
)
_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


def parse(text: str, *, newer: bool, source: str = "fragment") -> dict[str, Any]:
    """Parse TOML. The result must not be changed: it may be given again for the same text.

    Args:
        text: the text.
        newer: whether the node reads TOML 1.1.
        source: a name for messages.

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
        return _remembered(text, newer) if len(text) <= MAX_REMEMBERED else _parse(text, newer)
    except FragmentError as error:
        raise FragmentError(error.problem, source=source, line=error.line, column=error.column, hint=error.hint) from None


def _parse(text: str, newer: bool) -> dict[str, Any]:
    if text.count(".") >= MAX_DEPTH and _DEEP_KEY.search(text):
        raise FragmentError(f"nested deeper than {MAX_DEPTH} levels")
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise FragmentError(f"nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:  # TOMLDecodeError, and int() refusing thousands of digits
        read = _parse_newer(text) if newer else None
        if read is None:
            raise _error(error, text, newer=newer) from None
        data = read
    else:
        if not newer and _uses_newer_syntax(text):
            raise FragmentError("uses syntax of TOML 1.1, which a node reads only from Talos 1.14 on", hint="write it as TOML 1.0")
    _check_depth(data)
    return data


# A plan reads each drop-in several times: to decide, to merge, to prove and to say what is wrong with it. Those of a fleet are much
# alike.
_remembered = lru_cache(maxsize=64)(_parse)


def uses_newer_syntax(text: str) -> bool:
    """Whether a text is TOML only since 1.1: a parser of 1.0 refuses it, and one of 1.1 does not, or the scanner sees such syntax."""
    try:
        tomllib.loads(text)
    except (ValueError, RecursionError):
        return _parse_newer(text) is not None
    return _uses_newer_syntax(text)


def _uses_newer_syntax(text: str) -> bool:
    """Newer Pythons' tomllib reads TOML 1.1, so a second look is needed; most texts hold nothing that could be newer."""
    if not any(mark in text for mark in ("{", "\\e", "\\x")) and not _SHORT_TIME.search(text):
        return False
    try:
        return scan(text).newer
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


def _error(error: ValueError, text: str, *, newer: bool) -> FragmentError:
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
    return FragmentError(_without_values(message), line=line, column=column, hint=hint)


def _without_values(message: str) -> str:
    """A parser's message may quote a character of the text, never more; keep it so whatever a later parser does."""
    return re.sub(r"'[^']{12,}'|\"[^\"]{12,}\"", "…", message)


def _check_depth(data: Mapping[str, Any]) -> None:
    stack: list[tuple[Any, int]] = [(data, 0)]
    while stack:
        value, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise FragmentError(f"nested deeper than {MAX_DEPTH} levels")
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
