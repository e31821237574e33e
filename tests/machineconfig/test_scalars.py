"""What scalars mean to Talos."""

from __future__ import annotations

import math

import pytest

from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.scalars import Timestamp, resolve, resolve_plain
from talospatch.machineconfig.values import same


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("nuLL", "nuLL"),
        ("true", True),
        ("False", False),
        ("tRue", "tRue"),
        ("yes", "yes"),
        ("on", "on"),
        ("n", "n"),
        ("0", 0),
        ("-12", -12),
        ("+3", 3),
        ("0644", 0o644),
        ("0o644", 0o644),
        ("0x1F", 31),
        ("-0b11", -3),
        ("1_000", 1000),
        ("08", 8.0),
        ("1.0", 1.0),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", 2.0**64),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("2024-01-02", Timestamp("2024-01-02")),
        ("2024-1-2T3:04:05Z", Timestamp("2024-1-2T3:04:05Z")),
        ("1:30", "1:30"),
        ("190:20:30", "190:20:30"),
        ("=", "="),
        ("<<", "<<"),
        ("-", "-"),
        ("+", "+"),
        (".", "."),
        ("0x", "0x"),
        ("0o8", "0o8"),
        ("1e", "1e"),
        ("::1", "::1"),
        ("10.0.0.1", "10.0.0.1"),
        ("v1alpha1", "v1alpha1"),
    ],
)
def test_plain_text_means_what_it_means_to_go_yaml(text: str, value: object) -> None:
    """YAML 1.2 with some of 1.1: not PyYAML's booleans, sexagesimals and octals."""
    assert same(resolve_plain(text), value)


def test_quoted_text_is_text_unless_a_tag_says_otherwise() -> None:
    """A core tag decides, a local one is ignored."""
    assert resolve("1", '"', None) == "1"
    assert resolve("1", '"', "tag:yaml.org,2002:int") == 1
    assert resolve("1", "", "tag:yaml.org,2002:str") == "1"
    assert resolve("1", "", "!foo") == 1


def test_not_a_number_is_read() -> None:
    """And equals itself, so that it does not look like a difference."""
    assert same(resolve_plain(".nan"), math.nan)


def test_a_timestamp_equals_no_string() -> None:
    """Talos reads a plain date and a quoted one as different types."""
    assert Timestamp("2024-01-02") != "2024-01-02"
    assert Timestamp("2024-01-02") == Timestamp("2024-01-02")
    assert len({Timestamp("2024-01-02"), Timestamp("2024-01-02")}) == 1


def test_values_of_different_types_are_not_the_same() -> None:
    """Python takes 1, 1.0 and True for equal; a configuration must not."""
    values = [1, 1.0, True, "1", None, [], {}, [1], {"a": 1}]
    for index, one in enumerate(values):
        assert [same(one, other) for other in values] == [index == place for place in range(len(values))]


def test_a_merge_key_merges_and_a_quoted_one_does_not() -> None:
    """Keys written out win over merged ones, earlier merged mappings over later ones."""
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nmachine:\n  one: {<<: [*x, *y], c: 3}\n  two: {'<<': *x}\n"
    config = MachineConfig.parse(text)
    assert config.get("machine.one") == {"a": 1, "b": 1, "c": 3}
    assert config.get("machine.two") == {"<<": {"a": 1, "b": 1}}
