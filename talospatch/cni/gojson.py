"""JSON as Go's ``encoding/json`` reads it, down to the words of its syntax errors.

Python's own reader will not do: it takes ``NaN``, refuses bytes that are not UTF-8, stops at another depth, and says something else about
every error. What counts here is the text that ends up in containerd's log, so the scanner below has Go's states and Go's sentences.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from talospatch.cni.goprint import is_printable

# Source: maxNestingDepth in Go's encoding/json/scanner.go, since Go 1.15.
DEEPEST = 10_000

_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"([^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*)"')
_STRING_SO_FAR = re.compile(rb'"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*')
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_LITERALS: dict[int, tuple[bytes, bool | None]] = {ord("t"): (b"true", True), ord("f"): (b"false", False), ord("n"): (b"null", None)}
_HEX = b"0123456789abcdefABCDEF"
_ESCAPE = re.compile(
    r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\(.)",
    re.DOTALL,
)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_QUOTE, _COMMA, _COLON, _MINUS, _OPEN_LIST, _OPEN_OBJECT, _CLOSE_LIST, _CLOSE_OBJECT, _BACKSLASH = b'",:-[{]}\\'
_END_OF_INPUT = "unexpected end of JSON input"


class Number:
    """A number as it was written; Go decides later, by the target's type, what to make of it."""

    __slots__ = ("literal",)

    def __init__(self, literal: str) -> None:
        self.literal = literal


class Object(list[tuple[str, Any]]):
    """The members of an object in the order they were written, repeated keys included."""

    __slots__ = ("key",)

    def __init__(self) -> None:
        super().__init__()
        self.key = ""


# None, bool, str, Number, Object, or a list of these. Test for Object before list: it is one.
type_of_value = {type(None): "null", bool: "bool", str: "string", Number: "number", Object: "object", list: "array"}


class Document(NamedTuple):
    """What reading gave.

    Attributes:
        value: the value; None as well when there is an error.
        error: Go's words for the first syntax error, or None.
        offset: index of the byte the error is about; the length of the text when it ends too early.
    """

    value: Any
    error: str | None = None
    offset: int = 0


def read(data: bytes) -> Document:
    """Read one JSON text. Never fails: a syntax error is part of the answer."""
    try:
        return Document(_parse(data))
    except _Broken as broken:
        return Document(None, broken.text, broken.offset)


class _Broken(Exception):
    def __init__(self, text: str, offset: int) -> None:
        self.text, self.offset = text, offset
        super().__init__(text)


def _wrong(data: bytes, pos: int, where: str) -> _Broken:
    """The byte at ``pos`` is not one that may stand there.

    The end of the text reads as one space, as in Go: where a space may stand, the text ended too early; elsewhere that space is wrong.
    """
    if pos >= len(data):
        inside = where.startswith(("in ", "after decimal"))
        if inside and where != "in string literal":
            return _Broken(f"invalid character ' ' {where}", len(data))
        return _Broken(_END_OF_INPUT, len(data))
    return _Broken(f"invalid character {quote_byte(data[pos])} {where}", pos)


def _parse(data: bytes) -> Any:
    size, stack = len(data), list[list[Any]]()
    skip = _SPACE.match
    pos = _end(skip(data))
    while True:
        byte = data[pos] if pos < size else -1
        value: Any
        if byte == _QUOTE:
            value, pos = _string(data, pos)
        elif byte in (_OPEN_OBJECT, _OPEN_LIST):
            stack.append(Object() if byte == _OPEN_OBJECT else [])
            if len(stack) > DEEPEST:
                raise _wrong(data, pos, "exceeded max depth")
            pos = _end(skip(data, pos + 1))
            top = stack[-1]
            if pos < size and data[pos] == byte + 2:  # both closing brackets stand two after their opening ones in ASCII
                value, pos = stack.pop(), pos + 1
            else:
                if isinstance(top, Object):
                    pos = _key(data, pos, top)
                continue
        elif byte == _MINUS or ord("0") <= byte <= ord("9"):
            value, pos = _number(data, pos)
        elif byte in _LITERALS:
            value, pos = _literal(data, pos)
        else:
            raise _wrong(data, pos, "looking for beginning of value")
        while True:
            pos = _end(skip(data, pos))
            byte = data[pos] if pos < size else -1
            if not stack:
                if byte != -1:
                    raise _wrong(data, pos, "after top-level value")
                return value
            top = stack[-1]
            if isinstance(top, Object):
                top.append((top.key, value))
                if byte == _COMMA:
                    pos = _key(data, _end(skip(data, pos + 1)), top)
                    break
                if byte != _CLOSE_OBJECT:
                    raise _wrong(data, pos, "after object key:value pair")
            else:
                top.append(value)
                if byte == _COMMA:
                    pos = _end(skip(data, pos + 1))
                    break
                if byte != _CLOSE_LIST:
                    raise _wrong(data, pos, "after array element")
            value, pos = stack.pop(), pos + 1


def _end(match: re.Match[bytes] | None) -> int:
    assert match is not None, "the pattern of white space matches everywhere"
    return match.end()


def _key(data: bytes, pos: int, into: Object) -> int:
    """Read ``"key" :`` and return where the value begins."""
    if pos >= len(data) or data[pos] != _QUOTE:
        raise _wrong(data, pos, "looking for beginning of object key string")
    into.key, pos = _string(data, pos)
    pos = _end(_SPACE.match(data, pos))
    if pos >= len(data) or data[pos] != _COLON:
        raise _wrong(data, pos, "after object key")
    return _end(_SPACE.match(data, pos + 1))


def _string(data: bytes, pos: int) -> tuple[str, int]:
    match = _STRING.match(data, pos)
    if match is not None:
        return text_of(match[1]), match.end()
    pos = _end(_STRING_SO_FAR.match(data, pos))
    if pos >= len(data) or data[pos] != _BACKSLASH:
        raise _wrong(data, pos, "in string literal")
    if data[pos + 1 : pos + 2] != b"u":
        raise _wrong(data, pos + 1, "in string escape code")
    pos += 2
    while pos < len(data) and data[pos] in _HEX:
        pos += 1
    raise _wrong(data, pos, r"in \u hexadecimal character escape")


def _number(data: bytes, pos: int) -> tuple[Number, int]:
    match = _NUMBER.match(data, pos)
    if match is None:
        raise _wrong(data, pos + 1, "in numeric literal")
    fraction, exponent = match.groups()
    end = match.end()
    following = data[end : end + 1]
    if exponent is None and following in (b"e", b"E"):
        raise _wrong(data, end + (2 if data[end + 1 : end + 2] in (b"+", b"-") else 1), "in exponent of numeric literal")
    if exponent is None and fraction is None and following == b".":
        raise _wrong(data, end + 1, "after decimal point in numeric literal")
    return Number(match[0].decode("ascii")), end


def _literal(data: bytes, pos: int) -> tuple[bool | None, int]:
    word, value = _LITERALS[data[pos]]
    for index, expected in enumerate(word):
        if data[pos + index : pos + index + 1] != bytes((expected,)):
            raise _wrong(data, pos + index, f"in literal {word.decode()} (expecting {quote_byte(expected)})")
    return value, pos + len(word)


def text_of(raw: bytes) -> str:
    """Return the string between two quotes: escapes resolved, each byte that is not UTF-8 and each lone surrogate made U+FFFD."""
    if b"\\" not in raw:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            pass
    text = _NOT_UTF8.sub("\ufffd", raw.decode("utf-8", "surrogateescape"))
    return _ESCAPE.sub(_unescape, text)


def _unescape(match: re.Match[str]) -> str:
    high, low, single, letter = match.groups()
    if high:
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
    if single:
        code = int(single, 16)
        return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)
    return _ESCAPED.get(letter, letter)


# Source: appendEscapedRune in Go's strconv/quote.go.
_GO_ESCAPES = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v", "\\": r"\\"}


def _escaped(char: str) -> str:
    if char in _GO_ESCAPES:
        return _GO_ESCAPES[char]
    if is_printable(char):
        return char
    code = ord(char)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def quote(text: str) -> str:
    """Return ``text`` as Go's ``%q`` prints it."""
    return '"' + "".join('\\"' if char == '"' else _escaped(char) for char in text) + '"'


def quote_byte(byte: int) -> str:
    """Return one byte as Go's JSON errors print it: as the Latin-1 character of that number."""
    return r"'\''" if byte == ord("'") else f"'{_escaped(chr(byte))}'"


def float_text(literal: str) -> str | None:
    """Return how Go writes again a number that went through float64, or None when it does not fit into one."""
    value = float(literal)
    if value in (float("inf"), float("-inf")):
        return None
    sign = "-" if literal.startswith("-") else ""
    mantissa, _, exponent_text = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    # Position of the decimal point counted from the first significant digit.
    point = len(whole + fraction) - len(fraction) - (len(whole + fraction) - len(digits)) + int(exponent_text or 0)
    digits = digits.rstrip("0")
    if not digits:
        return f"{sign}0"
    if 1e-6 <= abs(value) < 1e21:
        if point <= 0:
            return f"{sign}0.{'0' * -point}{digits}"
        if len(digits) <= point:
            return f"{sign}{digits}{'0' * (point - len(digits))}"
        return f"{sign}{digits[:point]}.{digits[point:]}"
    head = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
    exponent = point - 1
    # Go writes at least two digits of exponent, and its JSON writer takes the zero out of negative ones (e-09 becomes e-9).
    return f"{sign}{head}e{'-' if exponent < 0 else '+'}{abs(exponent) if exponent < 0 else f'{exponent:02d}'}"
