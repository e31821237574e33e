"""How the simulated nodes read and print YAML, and how they show differences."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from talospatch.simulator import configs, durations, emit, fields, textdiff
from talospatch.simulator.configs import ConfigRefused
from talospatch.simulator.profiles import PROFILES
from talospatch.simulator.yamltree import Dialect

NEWEST = PROFILES["1.14"]
HEAD = "machine:\n  type: worker\n"


@pytest.mark.parametrize(
    ("text", "v13", "v14"),
    [
        ("a b", "a b", "a b"),
        ("", '""', '""'),
        ("true", '"true"', '"true"'),
        ("0x1f", '"0x1f"', '"0x1f"'),
        ("1_000", '"1_000"', '"1_000"'),
        ("null", '"null"', '"null"'),
        ("2024-01-02", '"2024-01-02"', '"2024-01-02"'),
        ("on", '"on"', "'on'"),
        ("1:30", '"1:30"', "'1:30'"),
        ("a: b", "'a: b'", "'a: b'"),
        ("a #b", "'a #b'", "'a #b'"),
        ("it's", "it's", "it's"),
        ("---", "'---'", "'---'"),
        ("a\tb", '"a\\tb"', '"a\\tb"'),
        ("é", "é", "é"),
        ("\U0001f600", '"\\U0001F600"', '"\\U0001F600"'),
        ("a\nb\n", "|\n    a\n    b", "|\n    a\n    b"),
        ("a\nb", "|-\n    a\n    b", "|-\n    a\n    b"),
        ("a\n\n", "|+\n    a\n", "|+\n    a\n"),
        ("\n", '"\\n"', '"\\n"'),
        ("a \nb", '"a \\nb"', '"a \\nb"'),
    ],
)
def test_strings_are_quoted_as_each_go_yaml_does(text: str, v13: str, v14: str) -> None:
    """They differ in what YAML 1.1 would have misread."""
    assert (emit.scalar(text, Dialect.V4_RC4), emit.scalar(text, Dialect.V4_RC6)) == (v13, v14)


STRINGS = st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029\ufeff\r"), max_size=12)


@settings(max_examples=150, deadline=None)
@given(
    value=st.recursive(
        st.one_of(STRINGS, st.none()),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(STRINGS, inner, max_size=3)),
        max_leaves=8,
    )
)
def test_what_is_printed_reads_back_as_it_was(value: object) -> None:
    """But for a text that starts with a space inside a list, which the original gets wrong too."""
    printed = emit.document({"value": value}, Dialect.V4_RC6)  # type: ignore[dict-item]
    if "|4" not in printed:
        assert yaml.load(printed, Loader=yaml.BaseLoader) == {"value": _texts(value)}


def _texts(value: object) -> object:
    if isinstance(value, dict):
        return {key: _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return "null" if value is None else value


def test_keys_are_sorted_as_a_person_would() -> None:
    """Numbers by value."""
    assert emit.natural(["a10", "a9", "b", "a", "A", "a-1"]) == ["A", "a", "a-1", "a9", "a10", "b"]


def test_fields_come_in_their_order_with_what_is_always_printed() -> None:
    """Whatever the order and form in which they were written."""
    text = "cluster:\n  clusterName: x\nmachine:\n  files:\n    - {path: /x, permissions: 420}\n  token: 0x10\n  type: worker\n"
    assert configs.read(text.encode(), NEWEST).canonical == (
        'version: ""\nmachine:\n    type: worker\n    token: "0x10"\n    certSANs: []\n    files:\n        - content: ""\n'
        '          permissions: 0o644\n          path: /x\n          op: ""\ncluster:\n    clusterName: x\n'
    )


def test_documents_follow_the_main_one() -> None:
    """Wherever that stood."""
    text = f"apiVersion: v1alpha1\nkind: KmsgLogConfig\nname: x\nurl: tcp://h:1/\n---\n{HEAD}"
    assert [document.kind for document in configs.read(text.encode(), NEWEST).documents] == ["v1alpha1", "KmsgLogConfig"]


@pytest.mark.parametrize(
    ("minor", "text"),
    [
        ("1.12", "decode error: yaml: line 2: did not find expected key"),
        ("1.13", "decode error: yaml: while parsing a block mapping at <unknown position>: line 2, column 2: did not find expected key"),
        ("1.14", "decode error: go-yaml load error in parser (while parsing a block mapping) at L1.C1-L3.C2: did not find expected key"),
    ],
)
def test_broken_yaml_is_told_in_each_versions_words(minor: str, text: str) -> None:
    """Places included."""
    with pytest.raises(ConfigRefused) as caught:
        configs.read(f"{HEAD} x: y\n".encode(), PROFILES[minor])
    assert str(caught.value) == text


@pytest.mark.parametrize("text", ["[" * 50_000, "a: " + "{b: " * 20_000, "&a [*b]", "%YAML 1.2\n---\na: b\n", "a: \x00", "key: 'open"])
def test_hostile_yaml_is_refused_and_breaks_nothing(text: str) -> None:
    """Depth included, at which the C composer crashes."""
    with pytest.raises(ConfigRefused):
        configs.read(text.encode(), NEWEST)


def test_a_field_is_known_to_the_versions_that_have_it() -> None:
    """From tables of each minor."""
    assert "CRICustomizationConfig" in fields.documents("1.14")
    assert "CRICustomizationConfig" not in fields.documents("1.13")
    assert fields.documents("1.15").keys() == fields.documents("1.14").keys()
    assert list(fields.documents("1.13")["v1alpha1"].fields) == ["version", "debug", "persist", "machine", "cluster"]


@settings(max_examples=80, deadline=None)
@given(before=st.lists(st.sampled_from("abcde"), max_size=25), after=st.lists(st.sampled_from("abcde"), max_size=25))
def test_a_difference_leads_from_one_text_to_the_other(before: list[str], after: list[str]) -> None:
    """Hunk by hunk."""
    old, new = ("".join(f"{line}\n" for line in lines) for lines in (before, after))
    shown = textdiff.unified(old, new)
    assert (shown == "") == (old == new)
    result, position = [], 0
    for line in shown.splitlines()[2:]:
        if line.startswith("@@"):
            start, _, length = line.split()[1].removeprefix("-").partition(",")
            first = int(start) - (1 if int(length) else 0)
            result += before[position:first]
            position = first
        elif line.startswith("+"):
            result.append(line[1:])
        else:
            assert before[position] == line[1:]
            result += [line[1:]] if line.startswith(" ") else []
            position += 1
    assert result + before[position:] == (after if shown else before)


def test_hunks_far_apart_stay_apart() -> None:
    """Three lines of context, headers with both lengths."""
    lines = [f"line {number}\n" for number in range(30)]
    changed = [*lines[:2], "new\n", *lines[2:20], *lines[21:]]
    assert [line for line in textdiff.unified("".join(lines), "".join(changed)).splitlines() if line.startswith("@@")] == [
        "@@ -1,5 +1,6 @@",
        "@@ -18,7 +19,6 @@",
    ]


def test_a_difference_of_very_many_lines_is_not_shown() -> None:
    """Only that it is there."""
    assert textdiff.unified("a\n" * 50_000, "b\n" * 30_000) == "@@ -1,50000 +1,30000 @@ diff too large to display\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (60, "1m0s"), (5400, "1h30m0s"), (1.5, "1.5s"), (0.25, "250ms"), (1e-6, "1µs"), (-2, "-2s"), (3661.001, "1h1m1.001s")],
)
def test_durations_are_written_as_go_does(seconds: float, text: str) -> None:
    """And read back."""
    assert durations.show(seconds) == text
    assert durations.parse(text) == pytest.approx(seconds)
