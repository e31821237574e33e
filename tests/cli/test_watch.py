"""Looking again and again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from talospatch.cli.evidence import moment_of
from talospatch.cli.watch import changed, confirmed_look, watch
from talospatch.cni.names import parse
from talospatch.cni.runtimes import runtime_of
from talospatch.cni.verdict import CacheFile, NodeState, judge
from talospatch.cnicheck.report import CniReport, NodeCni
from talospatch.errors import InputError

SANDBOX = "ab" * 32
NAME = f"cbr0-{SANDBOX}-eth0"
STATE = NodeState(runtime=runtime_of("v1.7.4"), directories=frozenset({SANDBOX}), ready=frozenset(), now=2e9)
EMPTY = judge(CacheFile(NAME, parse(NAME), 0, 1_700_000_000), STATE, b"")


def report(steady: float = 0.0, **changes: object) -> CniReport:
    node = NodeCni(address="n", state=STATE, counts={EMPTY.verdict: 1}, files=(replace(EMPTY, steady=steady),))
    return CniReport((replace(node, **changes),))  # type: ignore[arg-type]


class Looks:
    """Looks that were scripted, and what happened around them, in order."""

    def __init__(self, *reports: CniReport) -> None:
        self._reports, self.happened = list(reports), list[object]()

    async def look(self, after: CniReport | None) -> CniReport:
        self.happened.append(("look", after))
        return self._reports.pop(0)

    async def sleep(self, seconds: float) -> None:
        self.happened.append(seconds)

    def show(self, shown: CniReport) -> None:
        self.happened.append(("show", shown))


def test_each_look_knows_the_one_before_and_only_what_differs_is_shown() -> None:
    """A file that goes on being damaged is shown once, and once more when that is confirmed."""
    first, same, confirmed, gone = report(), report(40.0), report(70.0), report(files=(), counts={})
    looks = Looks(first, same, confirmed, gone)
    last = asyncio.run(watch(looks.look, looks.show, 30.0, rounds=4, sleep=looks.sleep))
    assert last is gone
    assert looks.happened == [
        ("look", None), ("show", first),
        30.0, ("look", first),
        30.0, ("look", same), ("show", confirmed),
        30.0, ("look", confirmed), ("show", gone),
    ]  # fmt: skip


def test_what_has_changed_is_told_before_it_is_shown() -> None:
    """By the names of the nodes: a fleet's report is long."""
    other = NodeCni(address="o", hostname="worker-2")
    first = CniReport((*report().nodes, other))
    later = CniReport((*report().nodes, replace(other, error="no answer")))
    looks = Looks(first, first, later)
    asyncio.run(watch(looks.look, looks.show, 30.0, rounds=3, sleep=looks.sleep, tell=looks.happened.append))
    assert looks.happened[-2:] == ["changed: worker-2", ("show", later)]
    assert sum(isinstance(each, str) for each in looks.happened) == 1
    assert changed(first, CniReport(report().nodes)) == ["worker-2"]
    assert changed(CniReport(()), first) == ["n", "worker-2"]


@pytest.mark.parametrize("change", [{"error": "gone"}, {"notes": ("x",)}, {"talos": "v1.8.0"}])
def test_whatever_changes_on_a_node_is_shown(change: dict[str, Any]) -> None:
    """Also that it cannot be seen any more."""
    looks = Looks(report(), report(**change))
    asyncio.run(watch(looks.look, looks.show, 10.0, rounds=2, sleep=looks.sleep))
    assert looks.happened[-1] == ("show", report(**change))


def test_a_second_look_is_taken_a_minute_later_where_something_could_be_repaired() -> None:
    """And is said to take so long."""
    looks = Looks(report(), report(61.0))
    told: list[str] = []
    last = asyncio.run(confirmed_look(looks.look, looks.sleep, told.append))
    assert last.nodes[0].files[0].confirmed
    assert looks.happened == [("look", None), 61.0, ("look", report())]
    assert told == ["Looking again in 60 s: what is the same then is confirmed."]


def test_no_second_look_is_taken_where_there_is_nothing_to_repair() -> None:
    """A minute is a long time."""
    looks = Looks(report(files=()))
    asyncio.run(confirmed_look(looks.look, looks.sleep, lambda _text: None))
    assert len(looks.happened) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", 910.0),
        ("5m", 700.0),
        ("1.5m", 910.0),
        ("1970-01-01T00:10:00Z", 600.0),
        ("1970-01-01", 0.0),
        ("1970-01-01T02:00:00+02:00", 0.0),
    ],
)
def test_times_are_spans_before_another_or_moments(text: str, expected: float) -> None:
    """A moment without a zone is UTC."""
    assert moment_of(text, 1000.0, "--since") == expected


@pytest.mark.parametrize("text", ["", "x", "5", "5 m", "-5m", "m", "99999-01-01", "1h30"])
def test_what_is_no_time_is_refused_with_the_option(text: str) -> None:
    """And with both forms."""
    with pytest.raises(InputError, match=r"^--since: .* is no time; write a span"):
        moment_of(text, 1000.0, "--since")
