"""Names of cache files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.cni.names import CacheName, parse, shown

ID = "3e68a23f" * 8


@pytest.mark.parametrize(
    ("network", "interface"),
    [
        ("cbr0", "eth0"),
        ("cni-loopback", "lo"),
        ("k8s-pod-network", "eth0"),
        ("multus-cni-network", "eth0"),
        ("macvlan.conf-1", "net1-a"),
        ("a-" + ID + "-b", "eth0"),
    ],
)
def test_networks_and_interfaces_may_hold_dashes(network: str, interface: str) -> None:
    """The 64 digits between the last dashes tell the parts apart."""
    assert parse(f"{network}-{ID}-{interface}") == CacheName(network, ID, interface)


FOREIGN = [
    "",
    ".",
    "cbr0",
    f"cbr0-{ID}",
    f"cbr0-{ID}-",
    f"-{ID}-eth0",
    f"cbr0-{ID[:-1]}-eth0",
    f"cbr0-{ID}0-eth0",
    f"cbr0-{ID.upper()}-eth0",
    "cni-loopback-gateway-3571-lo",
    f"cbr0-{ID}-eth0\n",
    f"cbr0-{ID}-eth0 ",
    f"cbr0-{ID}-a/b",
    f"cbr0-{ID}-a:b",
    f"cbr0-{ID}-..",
    f"cbr0-{ID}-a234567890123456",
    f"cbr0-{ID}-e\x1b[2J",
    f"cbr0-{ID}-\u202eeth",
    f"../cbr0-{ID}-eth0",
    f"c\x00r0-{ID}-eth0",
]


@pytest.mark.parametrize("name", FOREIGN, ids=range(len(FOREIGN)))
def test_every_other_name_is_unknown(name: str) -> None:
    """Other runtimes, half names, and names made to fool somebody."""
    assert parse(name) is None


@given(st.text(max_size=100))
def test_a_parsed_name_is_written_back_the_same(name: str) -> None:
    """Nothing of a name is dropped or changed."""
    for candidate in (name, f"{name}-{ID}-eth0", f"cbr0-{ID}-{name}"):
        parsed = parse(candidate)
        assert parsed is None or str(parsed) == candidate


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain-é", "plain-é"),
        ("a\nb", r"a\x0ab"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\u202egnp", r"\u202egnp"),
        ("\u2066x", r"\u2066x"),
        ("\x9b", r"\x9b"),
        ("\U000e0001", r"\U000e0001"),
        (r"a\x0ab", r"a\\x0ab"),
    ],
)
def test_names_are_shown_so_that_they_move_nothing(name: str, text: str) -> None:
    """Control characters, bidirectional overrides and tags are spelled out; a name that spells one out itself is told apart."""
    assert shown(name) == text


@given(st.text())
def test_a_shown_name_is_one_printable_line_of_bounded_length(name: str) -> None:
    """Whatever the node sends."""
    text = shown(name)
    assert text.isprintable()
    assert len(text) <= 200 * 10 + 1
