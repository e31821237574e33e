"""Reading a text again after an edit: the same trees as reading all of it, place by place."""

from __future__ import annotations

from itertools import takewhile
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import PIECES
from test_declarative_fuzz import random_input, randoms
from test_rewrite_fuzz import Layout, layouts
from vector_cases import cases

from talospatch.errors import ConfigError
from talospatch.machineconfig.nodes import Alias, Mapping, Node, Scalar, Sequence
from talospatch.machineconfig.reader import Tree, read
from talospatch.machineconfig.reread import read_again

CONFIG = """\
# On top.
version: v1alpha1
machine:
  type: worker
  # Of the kubelet.
  kubelet:
    extraArgs: {v: "4", 'feature-gates': A=true}

    nodeIP:
      validSubnets:
      - 10.0.0.0/8 # one
      - "fd00::/8"
  files:
    - content: |+
        one
          two

    - path: >-
        /var/a
        b
  empty:
  install:
    disk: "/dev/
      sda"
cluster:
  secret: plain
    text
  # last
---
apiVersion: v1alpha1
kind: HostnameConfig
hostname: w1
"""
LINES = (
    *("a: 1", "  b: |", "    two", "- x", "  - y: 1", "  sysctls:", '    vm.swappiness: "1"', "? z", ": 1", "", "# c"),
    *("---", "...", "%", "\t", "e: !t"),
)


def described(node: Node | None) -> object:
    """Return all that a tree says, its places included."""
    if node is None:
        return None
    own = (node.start, node.end, node.anchor, node.tag)
    if isinstance(node, Scalar):
        return (*own, node.text, node.style)
    if isinstance(node, Sequence):
        return (*own, node.flow, [described(item) for item in node.items])
    if isinstance(node, Alias):
        return (*own, node.target.anchor)
    assert isinstance(node, Mapping), "there are no other nodes"
    pairs = [(key, described(name), described(node.values[key])) for key, name in node.keys.items()]
    return (*own, node.flow, pairs, list(node.values))


def all_described(trees: tuple[Tree, ...]) -> list[object]:
    """Return all that the trees of a text say."""
    return [(tree.start, tree.body, tree.end, tree.explicit, described(tree.root)) for tree in trees]


def reread(before: str, after: str, start: int, end: int) -> bool:
    """Whether a text can be read again after an edit; then it is as reading it gives it."""
    try:
        trees = read(before)
    except ConfigError:
        return False  # an odd layout, or a vector, that is no YAML to begin with
    said = all_described(trees)
    made = read_again(before, trees, after, start, end)
    assert all_described(trees) == said, "the trees of the text before stay as they are"
    if made is not None:
        assert all_described(made) == all_described(read(after)), (before[start:end], after)
    return made is not None


def edited(before: str, after: str) -> tuple[int, int]:
    """Return where the least edit begins in both texts, and where it ends in the one before."""
    start = alike(before, after)
    return start, len(before) - alike(before[start:][::-1], after[start:][::-1])


def alike(one: str, other: str) -> int:
    """Return how many characters two texts begin with in common."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def test_every_vector_reads_as_a_whole_would() -> None:
    """And most of them can be read so, by the least edit as well as by one that begins and ends at lines."""
    read_so = seen = 0
    for case in cases():
        if (piece := case.worked()) is None or case.base == (after := piece.patched.config.text):
            continue
        seen += 1
        start, end = edited(case.base, after)
        read_so += reread(case.base, after, start, end)
        line, behind = case.base.rfind("\n", 0, start) + 1, case.base.find("\n", end) + 1 or len(case.base)
        reread(case.base, after, line, behind)
    assert seen > 1_000
    assert read_so > 0.7 * seen


@pytest.mark.parametrize("place", [index for index, character in enumerate(CONFIG) if CONFIG[index - 1] == "\n" or character == "\n"])
def test_each_line_with_each_line_inserted_before_it(place: int) -> None:
    """Where it stays YAML, it is what reading all of it gives; else there is no answer."""
    for line in LINES:
        for indent in ("", "  ", "    "):
            inserted = f"{indent}{line}\n"
            after = CONFIG[:place] + inserted + CONFIG[place:]
            reread(CONFIG, after, place, place)


@pytest.mark.fuzz
@given(st.data(), st.integers(0, len(CONFIG)), st.integers(0, 60))
def test_any_edit_reads_as_a_whole_would(data: st.DataObject, start: int, length: int) -> None:
    """Scraps of YAML in the place of any characters."""
    end = min(start + length, len(CONFIG))
    scraps = PIECES | st.sampled_from((*LINES, "\n", "\n  ", "\n    "))
    new = "".join(data.draw(st.lists(scraps, max_size=5)))
    reread(CONFIG, CONFIG[:start] + new + CONFIG[end:], start, end)


@pytest.mark.fuzz
@random_input
@given(layouts(), layouts(), randoms())
def test_edits_of_odd_layouts_read_as_a_whole_would(one: Layout | None, other: Layout | None, random: Random) -> None:
    """A line of one random config in the place of lines of another."""
    if one is None or other is None:
        return
    lines, others = one.text.splitlines(keepends=True), other.text.splitlines(keepends=True)
    first = random.randrange(len(lines) + 1)
    behind = min(len(lines), first + random.randrange(3))
    start, end = (len("".join(lines[:number])) for number in (first, behind))
    new = "".join(random.choices(others, k=random.randrange(3)))
    reread(one.text, one.text[:start] + new + one.text[end:], start, end)
