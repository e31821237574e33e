"""Finding statements in TOML, and telling TOML 1.1 from 1.0."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.containerd.toml_read import leaves, parse, uses_newer_syntax
from talospatch.containerd.toml_scan import Kind, ScanError, scan
from talospatch.containerd.toml_write import write_key, write_tables, write_value
from talospatch.errors import FragmentError

TEXT = (
    """\
version = 2 # x
"a b".'c.d' . e = [ 1, # one
  "]", ] # two
[plugins."io.x"]   # header
  s = '''a
[not.a.table]
'''
  t = 1979-05-27 07:32:00
  i = { a = { b = "}" }, c = [1] }
[[arr]]
x = 1
[arr.sub]
y = 2
[last]
z = \"\"\"\\\"\"\"\" """
    "\n"
)


def test_each_statement_is_found_with_its_path_and_value() -> None:
    """Strings, comments and brackets inside values mislead nobody."""
    found = scan(TEXT).statements
    assert [(statement.kind, statement.keys, TEXT[slice(*statement.value)]) for statement in found] == [
        (Kind.KEY, ("version",), "2"),
        (Kind.KEY, ("a b", "c.d", "e"), '[ 1, # one\n  "]", ]'),
        (Kind.TABLE, ("plugins", "io.x"), ""),
        (Kind.KEY, ("plugins", "io.x", "s"), "'''a\n[not.a.table]\n'''"),
        (Kind.KEY, ("plugins", "io.x", "t"), "1979-05-27 07:32:00"),
        (Kind.KEY, ("plugins", "io.x", "i"), '{ a = { b = "}" }, c = [1] }'),
        (Kind.ARRAY_TABLE, ("arr",), ""),
        (Kind.KEY, ("arr", "x"), "1"),
        (Kind.TABLE, ("arr", "sub"), ""),
        (Kind.KEY, ("arr", "sub", "y"), "2"),
        (Kind.TABLE, ("last",), ""),
        (Kind.KEY, ("last", "z"), '"""\\""""'),
    ]
    assert [statement.keys for statement in found if not statement.editable] == [
        ("arr",),
        ("arr", "x"),
        ("arr", "sub"),
        ("arr", "sub", "y"),
    ]


def test_statements_cover_whole_lines() -> None:
    """What lies between them is comments and blank lines."""
    text = "# a\n\n  x = 1 # b\r\n[t]\n"
    assert [text[statement.start : statement.end] for statement in scan(text).statements] == ["  x = 1 # b\r\n", "[t]\n"]


@pytest.mark.parametrize(
    ("text", "newer"),
    [
        ("a = { b = 1, }\n", True),
        ("a = {\n b = 1 }\n", True),
        ("a = { b = 1 # c\n }\n", True),
        ('a = "\\e[0m"\n', True),
        ('a = "\\x41"\n', True),
        ("a = 10:30\n", True),
        ("a = 2024-01-02 10:30\n", True),
        ("a = { b = [\n1,\n] }\n", False),
        ('a = "\\\\e"\n', False),
        ("a = '\\e'\n", False),
        ("a = 10:30:00\n", False),
        ("a = [ { b = 1 },\n]\n", False),
        ("a = {}\n", False),
        ('a = "{ x, }"\n', False),
    ],
)
def test_syntax_of_toml_1_1_is_recognised_whatever_python_parses(text: str, newer: bool) -> None:
    """Newer Pythons' parser takes 1.1; nodes before 1.14 do not."""
    assert scan(text).newer is newer
    assert uses_newer_syntax(text) is newer
    parse(text, newer=True)
    if newer:
        with pytest.raises(FragmentError, match=r"TOML 1\.1"):
            parse(text, newer=False, source="x")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\ufeff[metrics]\n", "byte order mark"),
        ("[metrics]\n[metrics]\n", "twice"),
        ("[metrics]\naddress = 0.0.0.0:11234\n", "Expected"),
        ("a = 1\na = 2\n", "overwrite"),
        ("metrics = {}\n[metrics]\n", "twice|overwrite|Cannot"),
        ("a = " + "1" * 5000, "too long"),
        ("a = " + "[" * 5000, "nested deeper"),
        ("a = \x00", "Illegal|Invalid"),
        ("x" * (1024 * 1024 + 1), "longer than"),
    ],
)
def test_broken_toml_is_refused(text: str, problem: str) -> None:
    """As a node's reader refuses it, and never with another kind of error."""
    with pytest.raises(FragmentError, match=f"(?i){problem}"):
        parse(text, newer=False)


def test_an_error_says_line_and_column() -> None:
    """And quotes no value."""
    with pytest.raises(FragmentError) as caught:
        parse('[a]\nb = "secret-secret-secret\n', newer=False, source="machine.files[0]")
    assert (caught.value.line, caught.value.source) == (2, "machine.files[0]")
    assert "secret" not in str(caught.value)


_KEY = st.text(st.characters(codec="utf-8"), max_size=6)
_VALUE = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False),
        st.text(st.characters(codec="utf-8"), max_size=10),
        st.datetimes(),
        st.dates(),
        st.times(),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEY, inner, max_size=3)),
    max_leaves=6,
)


@given(st.dictionaries(_KEY, _VALUE, max_size=4))
def test_what_is_written_reads_back(data: dict[str, object]) -> None:
    """Keys and values of every kind."""
    text = "".join(f"{write_key((key,))} = {write_value(value)}\n" for key, value in data.items())
    assert tomllib.loads(text) == data
    assert [statement.keys for statement in scan(text).statements] == [(key,) for key in data]


@given(
    st.dictionaries(
        st.sampled_from("abcd"),
        st.dictionaries(_KEY, st.one_of(st.integers(), st.dictionaries(_KEY, st.booleans(), min_size=1, max_size=2)), max_size=3),
        max_size=3,
    )
)
def test_tables_that_are_written_read_back(data: dict[str, dict[str, object]]) -> None:
    """One header a table."""
    full = leaves(data)
    assert leaves(tomllib.loads(write_tables(full))) == full


@given(st.text(st.characters(codec="utf-8"), max_size=60) | st.text(st.sampled_from("[]{}=.,'\"\\#\n a1"), max_size=40))
def test_the_scanner_ends_on_any_text(text: str) -> None:
    """With statements or with its own error, and with the right ones when a parser accepts the text."""
    try:
        found = scan(text).statements
    except ScanError:
        return
    try:
        data = tomllib.loads(text)
    except ValueError:
        return
    assert {statement.keys[0] for statement in found} == set(data)
