"""How configs differ in meaning, and which differences are the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.difference import Difference, EntryKind

BASE = """\
machine:
  type: worker
  certSANs: [a, b, c]
  files:
    - path: /var/a
      content: one
    - path: /var/b
      content: two
  network:
    interfaces:
      - interface: eth0
        mtu: 1500
---
apiVersion: v1alpha1
kind: HostnameConfig
hostname: w1
"""


def differ(after: str, before: str = BASE) -> Difference:
    return MachineConfig.parse(before).diff(MachineConfig.parse(after))


def lines(difference: Difference) -> list[str]:
    return [f"{entry.kind} {entry.path} {entry.before!r} {entry.after!r}" for entry in difference.entries]


@pytest.mark.parametrize(
    ("old", "new", "entry"),
    [
        ("worker", "controlplane", "changed machine.type 'worker' 'controlplane'"),
        ("  type: worker\n", "", "removed machine.type 'worker' None"),
        ("  type: worker\n", "  type: worker\n  x: 1\n", "added machine.x None 1"),
        ("content: two", "content: 2", "changed machine.files[path=/var/b].content 'two' 2"),
        ("path: /var/b", "path: /var/c", "added machine.files[path=/var/c] None {'path': '/var/c', 'content': 'two'}"),
        ("mtu: 1500", "mtu: 9000", "changed machine.network.interfaces[interface=eth0].mtu 1500 9000"),
        ("[a, b, c]", "[a, c]", "removed machine.certSANs[1] 'b' None"),
        ("[a, b, c]", "[a, b, c, d]", "added machine.certSANs[3] None 'd'"),
        ("[a, b, c]", "[x, b, c]", "changed machine.certSANs[0] 'a' 'x'"),
        ("hostname: w1", "hostname: w2", "changed HostnameConfig:hostname 'w1' 'w2'"),
        (
            "hostname: w1\n",
            "hostname: w1\n---\napiVersion: v1alpha1\nkind: XConfig\nname: n\n",
            "added XConfig/n: None {'apiVersion': 'v1alpha1', 'kind': 'XConfig', 'name': 'n'}",
        ),
        ("mtu: 1500", "mtu: '1500'", "changed machine.network.interfaces[interface=eth0].mtu 1500 '1500'"),
    ],
)
def test_a_difference_names_its_place(old: str, new: str, entry: str) -> None:
    """Elements of lists by their key where they have one."""
    assert entry in lines(differ(BASE.replace(old, new)))


def test_an_element_that_moved_is_not_two_changes() -> None:
    """The order alone is what differs."""
    one, two = ("    - path: /var/a\n      content: one\n", "    - path: /var/b\n      content: two\n")
    swapped = BASE.replace(one + two, two + one)
    assert lines(differ(swapped)) == ["changed machine.files 'order: /var/a, /var/b' 'order: /var/b, /var/a'"]


def test_comments_and_layout_are_no_difference_in_meaning() -> None:
    """But the texts differ, and the text diff shows how."""
    difference = differ(BASE.replace("type: worker", "type: 'worker' # x"))
    assert difference.entries == ()
    assert not difference.is_empty
    assert "+  type: 'worker' # x" in difference.unified()


def test_equal_texts_do_not_differ() -> None:
    """In no way."""
    difference = differ(BASE)
    assert difference.is_empty
    assert (difference.entries, difference.unified()) == ((), "")


def test_identical_differences_have_one_key() -> None:
    """Whatever else two nodes hold, their names and secrets included."""

    def change(hostname: str, sign: str, at: str = "") -> Difference:
        before = BASE.replace("w1", hostname).replace("machine:\n", f"machine:\n  token: {hostname}.0123456789abcdef\n{at}")
        return differ(before.replace("eth0", sign), before)

    assert change("w1", "eth1").key == change("w2", "eth1").key == change("w2", "eth1", "  # a\n").key
    assert change("w1", "eth1").key != change("w1", "eth2").key


def test_differences_in_comments_alone_are_grouped_by_their_lines() -> None:
    """Wherever these lines stand."""

    def change(extra: str, comment: str) -> Difference:
        return differ(extra + BASE.replace("worker", f"worker # {comment}"), extra + BASE)

    assert change("", "x").key == change("# longer\n# head\n", "x").key != change("", "y").key


def test_it_has_a_form_for_json() -> None:
    """Plain values only."""
    form = json.loads(json.dumps(differ(BASE.replace("worker", "init")).to_dict()))
    assert form["entries"] == [{"path": "machine.type", "kind": "changed", "before": "worker", "after": "init"}]
    assert form["unified"].startswith("--- before\n+++ after\n")


def test_deep_nesting_does_not_end_in_recursion() -> None:
    """The reader takes 10,000 levels, so the difference does too."""
    deep = "[" * 5_000 + "1" + "]" * 5_000
    difference = differ(f"a: {deep.replace('1', '2')}\n", f"a: {deep}\n")
    assert [entry.kind for entry in difference.entries] == [EntryKind.CHANGED]
    assert difference.key


_DATA = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["a", "b", ""])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["a", "b", "name", "files"]), inner, max_size=4),
        st.lists(st.fixed_dictionaries({"name": st.sampled_from(["x", "y", "z"]), "v": inner}), max_size=3),
    ),
    max_leaves=12,
)


@given(_DATA, _DATA)
def test_there_are_entries_exactly_when_the_data_differ(one: object, two: object) -> None:
    """No difference is missed and none is made up."""
    before, after = (MachineConfig.parse(json.dumps({"machine": data})) for data in (one, two))
    assert bool(before.diff(after).entries) is not before.equivalent(after)
