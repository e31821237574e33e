"""Where things stand in a TOML text, so that it can be edited without being rewritten.

The scanner trusts a parser to have accepted the text; given other text it raises :class:`ScanError` or names wrong places, and every edit
made from these places is parsed again and compared.
"""

from __future__ import annotations

import re
import tomllib
from enum import Enum
from typing import NamedTuple

Keys = tuple[str, ...]


class ScanError(ValueError):
    """The text has a shape that the scanner does not know."""


class Kind(Enum):
    """What a statement is."""

    TABLE = "table"
    ARRAY_TABLE = "array of tables"
    KEY = "key"


class Statement(NamedTuple):
    """A header or a ``key = value``, comments and blank lines being no statements.

    Attributes:
        keys: the absolute path; for a key that of the value.
        table: the path of the table it stands in; for a header its own.
        start: index of the beginning of its first line.
        end: index behind its last line, line end included.
        name: index of its first character.
        value: where a key's value begins and ends.
        editable: whether its path names one place: False inside arrays of tables.
    """

    kind: Kind
    keys: Keys
    table: Keys
    start: int
    end: int
    name: int
    value: tuple[int, int] = (0, 0)
    editable: bool = True


class Scan:
    """All statements of a text in order, and whether it uses syntax that TOML 1.1 added."""

    __slots__ = ("newer", "statements")

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.newer = False


_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERAL = re.compile(r"'[^'\n]*'")
_MULTI_BASIC = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL)
_MULTI_LITERAL = re.compile(r"'''.*?'{3,5}", re.DOTALL)
_BARE_VALUE = re.compile(r"[^\s,\]}#]+(?: [0-9][^\s,\]}#]*)?")
_NEWER_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\[ex]")
_SHORT_TIME = re.compile(r"(?:^|[Tt ])[0-9]{2}:[0-9]{2}(?![0-9:])")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")


def scan(text: str) -> Scan:
    """Return the statements of a TOML text.

    Raises:
        ScanError: a shape that is not known.
    """
    found = Scan()
    table: Keys = ()
    arrays: set[Keys] = set()
    position, length = 0, len(text)
    while position < length:
        start = position
        position = _match(_SPACE, text, position)
        if position >= length:
            break
        character = text[position]
        if character in "\r\n#":
            position = _line_end(text, position)
            continue
        name = position
        if character == "[":
            doubled = text.startswith("[[", position)
            keys, position = _keys(text, position + (2 if doubled else 1))
            close = "]]" if doubled else "]"
            if not text.startswith(close, position):
                raise ScanError(position)
            table = keys
            if doubled:
                arrays.add(keys)
            end = _statement_end(text, position + len(close))
            inside = any(keys[: len(array)] == array for array in arrays)
            found.statements.append(
                Statement(Kind.ARRAY_TABLE if doubled else Kind.TABLE, keys, table, start, end, name, editable=not inside)
            )
        else:
            keys, position = _keys(text, position)
            if not text.startswith("=", position):
                raise ScanError(position)
            begin = _match(_SPACE, text, position + 1)
            position = _value(text, begin, found, 0)
            end = _statement_end(text, position)
            inside = any(table[: len(array)] == array for array in arrays)
            found.statements.append(Statement(Kind.KEY, table + keys, table, start, end, name, (begin, position), not inside))
        position = end
    return found


def _match(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _line_end(text: str, position: int) -> int:
    newline = text.find("\n", position)
    return len(text) if newline < 0 else newline + 1


def _statement_end(text: str, position: int) -> int:
    position = _match(_SPACE, text, position)
    if position < len(text) and text[position] not in "#\r\n":
        raise ScanError(position)
    return _line_end(text, position)


def _keys(text: str, position: int) -> tuple[Keys, int]:
    keys: list[str] = []
    while True:
        position = _match(_SPACE, text, position)
        for pattern in (_BARE_KEY, _BASIC, _LITERAL):
            match = pattern.match(text, position)
            if match:
                break
        else:
            raise ScanError(position)
        token = match.group()
        keys.append(token if pattern is _BARE_KEY else token[1:-1] if pattern is _LITERAL else _unescape(token))
        position = _match(_SPACE, text, match.end())
        if not text.startswith(".", position):
            return tuple(keys), position
        position += 1


def _unescape(token: str) -> str:
    if "\\" not in token:
        return token[1:-1]
    try:
        return str(tomllib.loads(f"k = {token}")["k"])
    except ValueError:
        raise ScanError(token) from None


_DEEPEST = 200


def _value(text: str, position: int, found: Scan, depth: int) -> int:
    if depth > _DEEPEST:
        raise ScanError(position)
    for opening, pattern in (('"""', _MULTI_BASIC), ("'''", _MULTI_LITERAL), ('"', _BASIC), ("'", _LITERAL)):
        if text.startswith(opening, position):
            match = pattern.match(text, position)
            if match is None:
                raise ScanError(position)
            if opening[0] == '"' and _NEWER_ESCAPE.search(match.group()):
                found.newer = True
            return match.end()
    if text.startswith("[", position):
        return _array(text, position + 1, found, depth)
    if text.startswith("{", position):
        return _inline_table(text, position + 1, found, depth)
    match = _BARE_VALUE.match(text, position)
    if match is None:
        raise ScanError(position)
    if _SHORT_TIME.search(match.group()):
        found.newer = True
    return match.end()


def _array(text: str, position: int, found: Scan, depth: int) -> int:
    while True:
        position = _match(_BLANK, text, position)
        if text.startswith("]", position):
            return position + 1
        position = _match(_BLANK, text, _value(text, position, found, depth + 1))
        if text.startswith(",", position):
            position += 1
        elif not text.startswith("]", position):
            raise ScanError(position)


def _inline_table(text: str, position: int, found: Scan, depth: int) -> int:
    begin, trailing = position, False
    gaps: list[str] = []
    while True:
        after = _match(_BLANK, text, position)
        gaps.append(text[position:after])
        position = after
        if text.startswith("}", position):
            found.newer = found.newer or trailing or any("\n" in gap or "#" in gap for gap in gaps)
            return position + 1
        if not trailing and position > begin and len(gaps) > 1:
            raise ScanError(position)
        _, position = _keys(text, position)
        if not text.startswith("=", position):
            raise ScanError(position)
        gap = _match(_BLANK, text, position + 1)
        gaps.append(text[position + 1 : gap])
        position = _value(text, gap, found, depth + 1)
        after = _match(_BLANK, text, position)
        gaps.append(text[position:after])
        trailing = text.startswith(",", after)
        position = after + 1 if trailing else after
