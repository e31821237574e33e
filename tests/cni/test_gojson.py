"""JSON as Go reads it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.cni.gojson import DEEPEST, Number, Object, float_text, quote, quote_byte, read, text_of

# Text, Go's words, index of the byte they are about. Checked with encoding/json of Go 1.26.
ERRORS = [
    (b"", "unexpected end of JSON input", 0),
    (b" \n", "unexpected end of JSON input", 2),
    (b'{"a":1', "unexpected end of JSON input", 6),
    (b'"abc', "unexpected end of JSON input", 4),
    (b'"\\u1234', "unexpected end of JSON input", 7),
    (b'{"a":tr', "invalid character ' ' in literal true (expecting 'u')", 7),
    (b"nul", "invalid character ' ' in literal null (expecting 'l')", 3),
    (b"falsy", "invalid character 'y' in literal false (expecting 'e')", 4),
    (b"-", "invalid character ' ' in numeric literal", 1),
    (b"-x", "invalid character 'x' in numeric literal", 1),
    (b"1.", "invalid character ' ' after decimal point in numeric literal", 2),
    (b"1.e5", "invalid character 'e' after decimal point in numeric literal", 2),
    (b"1e", "invalid character ' ' in exponent of numeric literal", 2),
    (b"15e+", "invalid character ' ' in exponent of numeric literal", 4),
    (b"15.5.", "invalid character '.' after top-level value", 4),
    (b"01", "invalid character '1' after top-level value", 1),
    (b'"\\', "invalid character ' ' in string escape code", 2),
    (b'"\\x41"', "invalid character 'x' in string escape code", 2),
    (b'"\\u12G4"', r"invalid character 'G' in \u hexadecimal character escape", 5),
    (b'"\\u00', r"invalid character ' ' in \u hexadecimal character escape", 5),
    (b'"a\nb"', r"invalid character '\n' in string literal", 2),
    (b"{,", "invalid character ',' looking for beginning of object key string", 1),
    (b'{"a":1,}', "invalid character '}' looking for beginning of object key string", 7),
    (b'{"a" 1}', "invalid character '1' after object key", 5),
    (b'{"a":1 "b"}', "invalid character '\"' after object key:value pair", 7),
    (b"[1 2]", "invalid character '2' after array element", 3),
    (b"[1,]", "invalid character ']' looking for beginning of value", 3),
    (b"{}{}", "invalid character '{' after top-level value", 2),
    (b"'a'", r"invalid character '\'' looking for beginning of value", 0),
    (b"\xef\xbb\xbf{}", "invalid character 'ï' looking for beginning of value", 0),
    (b"\x80", r"invalid character '\u0080' looking for beginning of value", 0),
    (b"\xad", r"invalid character '\u00ad' looking for beginning of value", 0),
    (b"\x7f", r"invalid character '\x7f' looking for beginning of value", 0),
    (b"NaN", "invalid character 'N' looking for beginning of value", 0),
    (b"[" * (DEEPEST + 1), "invalid character '[' exceeded max depth", DEEPEST),
]


@pytest.mark.parametrize(("text", "error", "offset"), ERRORS, ids=range(len(ERRORS)))
def test_syntax_errors_have_gos_words_and_their_place(text: bytes, error: str, offset: int) -> None:
    """The end of the text reads as a space where Go's scanner reads it as one."""
    assert read(text)[1:] == (error, offset)


def plain(value: Any) -> Any:
    """A value as Python's json would give it."""
    if isinstance(value, Object):
        return {key: plain(member) for key, member in value}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return json.loads(value.literal) if isinstance(value, Number) else value


# Without lone surrogates, which Go replaces and Python keeps.
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_what_python_writes_is_read_back(value: object, ascii_only: bool, indent: int | None) -> None:
    """Any JSON text that both understand means the same to both."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    document = read(text)
    assert document.error is None
    assert plain(document.value) == value


@pytest.mark.fuzz
@given(st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()), st.integers(0, 200), st.binary(max_size=3))
def test_any_bytes_are_read_or_refused_where_python_would(text: bytes, place: int, inserted: bytes) -> None:
    """Nothing escapes as an exception, and no text is taken that is not JSON."""
    damaged = text[:place] + inserted + text[place:]
    document = read(damaged)
    if document.error is None:
        json.loads(damaged.decode("utf-8", "replace"))
    else:
        assert 0 <= document.offset <= len(damaged)


def test_repeated_keys_are_kept_in_their_order() -> None:
    """Which one counts is decided by the type they are read into."""
    assert [key for key, _ in read(b'{"b":1,"a":2,"b":3}').value] == ["b", "a", "b"]


STRINGS = [
    (rb"a\u00e9\n\/\"", 'aé\n/"'),
    (rb"\ud83d\ude00", "😀"),
    (rb"\ud83d", "\ufffd"),
    (rb"\ud83d\ud83d\ude00", "\ufffd😀"),
    (rb"\\ud83d", r"\ud83d"),
    (b"\xff\xfe", "\ufffd\ufffd"),
    (b"\xe2\x84x", "\ufffd\ufffdx"),
    (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
]


@pytest.mark.parametrize(("raw", "text"), STRINGS)
def test_strings_are_decoded_as_go_does(raw: bytes, text: str) -> None:
    """Each byte that is not UTF-8 becomes one U+FFFD, and so does a lone surrogate."""
    assert text_of(raw) == text


NUMBERS = [
    ("1500", "1500"),
    ("1.0", "1"),
    ("1.5", "1.5"),
    ("-0", "-0"),
    ("1e20", "100000000000000000000"),
    ("1e21", "1e+21"),
    ("0.000001", "0.000001"),
    ("0.0000001", "1e-7"),
    ("1.25e-10", "1.25e-10"),
    ("9223372036854775807", "9223372036854776000"),
    ("1e-400", "0"),
]


@pytest.mark.parametrize(("literal", "text"), NUMBERS)
def test_numbers_that_went_through_a_float_are_written_as_go_writes_them(literal: str, text: str) -> None:
    """Shortest digits; an exponent from 1e21 on and below 1e-6."""
    assert float_text(literal) == text


def test_a_number_beyond_float64_has_no_such_form() -> None:
    """Go refuses it."""
    assert float_text("1e400") is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_written_float_is_the_same_number(number: float) -> None:
    """Nothing is lost in the form."""
    text = float_text(repr(number))
    assert text is not None
    assert float(text) == number


def test_quoting_is_gos() -> None:
    """Backslashes and what cannot be printed are escaped, letters of any script are not."""
    assert quote('a"\\\n\x00é\u2028\u202e\U000e0001😀') == '"a\\"\\\\\\n\\x00é\\u2028\\u202e\\U000e0001😀"'
    assert (quote_byte(ord('"')), quote_byte(0), quote_byte(0xFF)) == ("'\"'", r"'\x00'", "'ÿ'")


def test_what_is_printable_does_not_depend_on_the_unicode_of_this_python() -> None:
    """All characters for which strconv.IsPrint of Go 1.26 is true, each as a line of its number in hexadecimal; Python 3.11 knows fewer."""
    escaped = {ord("\\"), ord('"')}  # printable, but not left as they are in quotes
    codes = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    printed = [code for code in codes if code in escaped or quote(chr(code)) == f'"{chr(code)}"']
    lines = b"".join(b"%x\n" % code for code in printed)
    assert hashlib.sha256(lines).hexdigest() == "bcadbcc872e93563a5a1689ff9b4b41c87f958cbc551a248e90105e138ecb48e"
