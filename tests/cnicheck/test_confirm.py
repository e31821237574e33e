"""Two looks at a node: what was seen alike for a minute."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cni_scripted import BOOT, ScriptedClient, ScriptedNode

from talospatch.cnicheck.check import check
from talospatch.cnicheck.options import CheckOptions, NodeToCheck
from talospatch.errors import NodeTimeout

if TYPE_CHECKING:
    from talospatch.cnicheck.report import CniReport

ID, OTHER = "b2" * 32, "d4" * 32
NAME = f"cbr0-{ID}-eth0"
NODE = ScriptedNode(files={NAME: b""}, known=[ID], modified=BOOT - 1000)


def look(node: ScriptedNode, at: float, after: CniReport | None = None) -> CniReport:
    options = CheckOptions(now=lambda: BOOT + 100_000 + at, ticks=lambda: at)
    return asyncio.run(check(ScriptedClient({"n": node}), [NodeToCheck("n", talos=node.talos)], options, after=after))


def steady(report: CniReport) -> dict[str, float]:
    return {judged.file.name: judged.steady for judged in report.nodes[0].files}


def test_one_look_confirms_nothing_and_a_second_one_after_a_minute_does() -> None:
    """Time adds up over more than two looks."""
    first = look(NODE, 0)
    assert not first.nodes[0].files[0].confirmed
    second = look(NODE, 40, first)
    assert (steady(second), second.nodes[0].files[0].confirmed) == ({NAME: 40.0}, False)
    third = look(NODE, 75, second)
    assert (steady(third), third.nodes[0].files[0].confirmed) == ({NAME: 75.0}, True)
    assert third.nodes[0].stories[0].steady == 75.0


@pytest.mark.parametrize(
    "changed",
    [
        replace(NODE, modified=BOOT - 999),
        replace(NODE, files={NAME: b"{"}),
        replace(NODE, known=[]),
        replace(NODE, conflists={"1.conflist": b'{"name":"x","cniVersion":"1.0.0","plugins":[]}'}),
        replace(NODE, talos="v1.7.5"),
    ],
)
def test_what_changed_between_two_looks_counts_from_anew(changed: ScriptedNode) -> None:
    """Its time, its content, its sandbox, what it comes to, or the node's version."""
    assert set(steady(look(changed, 90, look(NODE, 0))).values()) == {0.0}


def test_a_file_that_came_lately_counts_from_when_it_was_first_seen() -> None:
    """The others keep their time."""
    more = replace(NODE, files={NAME: b"", f"cbr0-{OTHER}-eth0": b""}, known=[ID, OTHER])
    assert steady(look(more, 70, look(NODE, 0))) == {NAME: 70.0, f"cbr0-{OTHER}-eth0": 0.0}


def test_a_node_that_rebooted_or_whose_clock_jumped_confirms_nothing() -> None:
    """Ages mean something else then; it is said."""
    later = look(replace(NODE, boot_time=BOOT + 500), 90, look(NODE, 0))
    assert steady(later) == {NAME: 0.0}
    assert any("boot time moved between two looks" in note for note in later.nodes[0].notes)
    assert steady(look(replace(NODE, boot_time=BOOT + 2), 90, look(NODE, 0))) == {NAME: 90.0}


def test_a_node_that_was_not_seen_in_between_confirms_nothing() -> None:
    """What happened meanwhile is not known."""
    gone = replace(NODE, failures={"List /var/lib/cni/results": NodeTimeout("n", "List", "DEADLINE_EXCEEDED", "too slow")})
    unseen = look(gone, 30, look(NODE, 0))
    assert unseen.nodes[0].error
    assert steady(look(NODE, 90, unseen)) == {NAME: 0.0}


def test_a_clock_of_ours_that_stands_still_confirms_nothing() -> None:
    """Nor one that went back, which it never does."""
    first = look(NODE, 100)
    assert steady(look(NODE, 100, first)) == steady(look(NODE, 50, first)) == {NAME: 0.0}


def test_a_file_from_the_future_is_said() -> None:
    """One of the two clocks is wrong."""
    (node,) = look(replace(NODE, modified=BOOT + 200_000), 0).nodes
    assert "a file is 100000 s newer than our clock: one of the two clocks is wrong, and so are ages" in node.notes
