"""Comparing a tree with data without building the tree's own: what every edit is proven by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.errors import ConfigError
from talospatch.machineconfig.reader import read
from talospatch.machineconfig.values import means, plain, same

if TYPE_CHECKING:
    from talospatch.machineconfig.nodes import Node

VECTORS = Path(__file__).parent.parent / "vectors" / "merge"
LEAVES = ("1", "1.0", "true", '"1"', "'true'", "null", "~", "", "2001-01-01", '"2001-01-01"', ".nan", "0x10", "16", "!!str 1", "a", "<<")


def root(text: str) -> Node:
    tree = read(text)[0].root
    assert tree is not None
    return tree


@given(st.sampled_from(LEAVES), st.sampled_from(LEAVES))
def test_leaves_agree_as_their_data_does(one: str, other: str) -> None:
    """By type, not by how they are written."""
    left, right = root(f"k: {one}\nl: [{one or '~'}]\n"), plain(root(f"k: {other}\nl: [{other or '~'}]\n"))
    assert means(left, right) is same(plain(left), right)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("a: 1\nb: 2\n", "b: 2\na: 1\n"),
        ("a: 1\n", "a: 1\nb: 2\n"),
        ("a: 1\nb: 2\n", "a: 1\nc: 2\n"),
        ("a: [1, 2]\n", "a: [2, 1]\n"),
        ("a: [1]\n", "a: [1, 1]\n"),
        ("a: {}\n", "a: []\n"),
        ("a: {}\n", "a:\n"),
        ("a: &x {b: 1}\nc: *x\n", "a: {b: 1}\nc: {b: 1}\n"),
        ("a: &x {b: 1}\nc: *x\n", "a: {b: 1}\nc: {b: 2}\n"),
        ("a: &x {b: 1}\nc: {<<: *x, d: 2}\n", "a: {b: 1}\nc: {b: 1, d: 2}\n"),
        ("a: &x {b: 1}\nc: {<<: *x, b: 2}\n", "a: {b: 1}\nc: {b: 1}\n"),
        ('a: {"<<": {b: 1}}\n', "a: {b: 1}\n"),
        ("a: &x 1\nb: [*x]\n", "a: 1\nb: [1]\n"),
    ],
)
def test_it_says_what_comparing_the_data_says(text: str, other: str) -> None:
    """Aliases followed and merge keys merged, in both directions."""
    for one, two in ((text, other), (other, text), (text, text)):
        assert means(root(one), plain(root(two))) is same(plain(root(one)), plain(root(two)))


def test_every_recorded_config_means_its_own_data_and_not_its_neighbours() -> None:
    """The recorded ones hold every kind of value that Talos has."""
    before: object = None
    seen = 0
    for file in sorted(VECTORS.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines()[:60]:
            text = json.loads(line).get("base")
            try:
                trees = read(text) if isinstance(text, str) else ()
            except ConfigError:
                continue
            for tree in trees:
                if tree.root is not None:
                    data = plain(tree.root)
                    assert means(tree.root, data)
                    assert means(tree.root, before) is same(data, before)
                    before = data
                    seen += 1
    assert seen > 100


def test_nesting_as_deep_as_a_node_accepts_is_compared() -> None:
    """Nothing recurses."""
    text = "[" * 5_000 + "]" * 5_000
    assert means(root(text), plain(root(text)))
