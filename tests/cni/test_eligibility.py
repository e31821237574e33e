"""Which files may be removed: each condition on its own, and what must never be removed whatever else is true."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.cni.advice import advice, prevention
from talospatch.cni.conflist import Conflist
from talospatch.cni.eligibility import (
    APART,
    CONDITIONS,
    EARLIER_BOOT,
    NO_TASK,
    NOT_READY,
    SENTENCES,
    Eligibility,
    Include,
    Look,
    eligibility,
)
from talospatch.cni.names import parse
from talospatch.cni.predict import FileKind
from talospatch.cni.rules import Verdict
from talospatch.cni.runtimes import runtime_of
from talospatch.cni.verdict import CacheFile, Judged, NodeState, judge

DEAD, LIVE = "b2" * 32, "a1" * 32
NAME = f"cbr0-{DEAD}-eth0"
BOOT, NOW = 1_700_000_000, 1_700_100_000
OLD = BOOT + 1000
STATE = NodeState(
    runtime=runtime_of("v1.7.4"),
    conflist=Conflist("cbr0", "1.0.0", "10-flannel.conflist"),
    directories=frozenset({DEAD, LIVE}),
    boot_time=BOOT,
    now=float(NOW),
)
TASKS = frozenset({LIVE})


def file(name: str = NAME, **changes: Any) -> CacheFile:
    """An empty cache file of a dead sandbox, a day old."""
    return CacheFile(name, parse(name), 0, OLD)._replace(**changes)


def judged(one: CacheFile, state: NodeState = STATE, content: bytes | None = None) -> Judged:
    return judge(one, state, content)


def look(at: float = 0.0, *files: Judged, state: NodeState = STATE, **changes: Any) -> Look:
    shown = files or (judged(file(), state),)
    made = Look(at, state, {each.file.name: each for each in shown}, tasks=TASKS, boot_id="boot-1")
    return replace(made, **changes)


def decide(first: Look, second: Look, **changes: Any) -> Eligibility:
    return eligibility(next(iter(second.files)), first, second, **changes)


def test_a_damaged_old_file_of_a_dead_sandbox_may_be_removed() -> None:
    """Everything holds, and it is said what shows that the sandbox is dead."""
    found = decide(look(0.0), look(APART))
    assert (found.reasons, found.eligible, found.shown_dead) == ((), True, (NO_TASK,))


TALOS_1_9 = replace(STATE, runtime=runtime_of("v1.7.4"), ready=frozenset({LIVE}))

# Each row makes one condition fail, and no other: code, first look, second look.
ROWS: dict[str, tuple[Look, Look]] = {
    "node-unseen": (look(), look(APART, whole=False)),
    "looks-too-close": (look(), look(APART - 1)),
    "rebooted": (look(), look(APART, boot_id="boot-2")),
    "clock-jumped": (look(), look(APART, state=replace(STATE, boot_time=BOOT + 100))),
    "unplain-name": (look(0.0, judged(file(f"{NAME[:-4]}e$(x)"))), look(APART, judged(file(f"{NAME[:-4]}e$(x)")))),
    "not-a-file": (look(0.0, judged(file(kind=FileKind.FIFO))), look(APART, judged(file(kind=FileKind.FIFO)))),
    "came-lately": (look(0.0, judged(file("foreign"))), look(APART)),
    "changed": (look(0.0, judged(file(modified=OLD - 1))), look(APART)),
    "in-order": (look(0.0, judged(file(size=900))), look(APART, judged(file(size=900)))),
    "network-unread": (look(), look(APART, state=replace(STATE, conflist=None))),
    "sandboxes-unseen": (look(state=replace(STATE, directories=None)), look(APART)),
    "running": (look(), look(APART, tasks=frozenset({DEAD, LIVE}))),
    "not-shown-dead": (look(tasks=None), look(APART, tasks=None)),
    "young": (look(0.0, judged(file(modified=NOW - 500))), look(APART, judged(file(modified=NOW - 500)))),
    "from-the-future": (
        look(0.0, judged(file(modified=NOW + 90)), state=replace(STATE, boot_time=NOW + 4000)),
        look(APART, judged(file(modified=NOW + 90)), state=replace(STATE, boot_time=NOW + 4000)),
    ),
    "not-worth-it": (
        look(state=replace(STATE, runtime=runtime_of("v1.12.0"))),
        look(APART, state=replace(STATE, runtime=runtime_of("v1.12.0"))),
    ),
}


def test_every_condition_has_a_row_and_a_source() -> None:
    """None untested, none without a reason for being there."""
    assert [condition.code for condition in CONDITIONS] == list(ROWS)
    assert all(condition.source and condition.sentence for condition in CONDITIONS)


@pytest.mark.parametrize("code", ROWS)
def test_each_condition_alone_keeps_a_file(code: str) -> None:
    """With its own reason, and a sentence for a person."""
    first, second = ROWS[code]
    include = Include.FATAL if code == "not-worth-it" else Include.RESIDUE
    found = decide(first, second, include=include)
    assert found.reasons == (code,)
    assert found.sentences == (SENTENCES[code],)
    assert not found.eligible


def test_a_running_pod_is_seen_in_either_look_and_by_either_sign() -> None:
    """READY in the API, or a task in containerd."""
    ready = replace(STATE, ready=frozenset({DEAD}))
    for first, second in (
        (look(state=ready), look(APART)),
        (look(), look(APART, state=ready)),
        (look(tasks=frozenset({DEAD})), look(APART)),
    ):
        assert "running" in decide(first, second).reasons


def test_before_talos_1_9_an_earlier_boot_shows_a_sandbox_dead_only_beside_the_tasks() -> None:
    """No sandbox outlives a reboot, but a board without a clock writes files of this boot with a time before it."""
    older = judged(file(modified=BOOT - 301))
    found = decide(look(0.0, older), look(APART, older))
    assert (found.eligible, found.shown_dead) == (True, (EARLIER_BOOT, NO_TASK))
    newer = judged(file(modified=BOOT - 299))
    assert decide(look(0.0, newer), look(APART, newer)).shown_dead == (NO_TASK,)
    for first, second in ((None, None), (TASKS, None), (None, TASKS)):
        assert decide(look(0.0, older, tasks=first), look(APART, older, tasks=second)).reasons == ("not-shown-dead",)


def test_from_talos_1_9_on_the_tasks_are_not_needed() -> None:
    """The API names the sandboxes that run."""
    older = judged(file(modified=BOOT - 301), TALOS_1_9)
    found = decide(look(0.0, older, state=TALOS_1_9, tasks=None), look(APART, older, state=TALOS_1_9, tasks=None))
    assert (found.eligible, found.shown_dead) == (True, (NOT_READY, EARLIER_BOOT))


def test_from_talos_1_9_on_the_ready_sandboxes_show_it() -> None:
    """With the tasks where they can be seen."""
    found = decide(look(state=TALOS_1_9), look(APART, state=TALOS_1_9))
    assert found.shown_dead == (NOT_READY, NO_TASK)


def test_a_file_from_before_the_boot_need_not_be_ten_minutes_old() -> None:
    """A node that just came back from a power loss."""
    state = replace(STATE, boot_time=NOW - 30)
    older = judged(file(modified=NOW - 400), state)
    assert decide(look(0.0, older, state=state), look(APART, older, state=state)).eligible


def test_a_time_bomb_is_left_because_its_pod_runs_and_for_nothing_else() -> None:
    """Not because it would not be worth it."""
    ready = replace(STATE, ready=frozenset({DEAD}))
    bomb = judged(file(), ready)
    assert bomb.verdict is Verdict.TIME_BOMB
    assert decide(look(0.0, bomb, state=ready), look(APART, bomb, state=ready)).reasons == ("running",)


def test_what_heals_by_itself_is_removed_only_when_asked_for() -> None:
    """On Talos 1.8 and newer there is nothing to do."""
    state = replace(STATE, runtime=runtime_of("v1.13.9"), ready=frozenset({LIVE}))
    first, second = look(state=state), look(APART, state=state)
    assert decide(first, second).reasons == ("not-worth-it",)
    assert decide(first, second, include=Include.HEALS).eligible


@given(
    st.sampled_from([frozenset[str](), frozenset({DEAD})]) | st.none(),
    st.sampled_from([frozenset[str](), frozenset({DEAD})]) | st.none(),
    st.sampled_from([frozenset[str](), frozenset({DEAD})]) | st.none(),
    st.sampled_from([BOOT - 1000, BOOT + 1000, NOW - 10]),
    st.sampled_from(list(Include)),
)
def test_nothing_is_removed_that_any_look_shows_running_or_that_nothing_shows_dead(
    ready: frozenset[str] | None, first_tasks: frozenset[str] | None, tasks: frozenset[str] | None, modified: int, include: Include
) -> None:
    """Whatever else is seen or not."""
    state = replace(STATE, ready=ready)
    one = judged(file(modified=modified), state)
    found = decide(look(0.0, one, state=state, tasks=first_tasks), look(APART, one, state=state, tasks=tasks), include=include)
    if any(seen is not None and DEAD in seen for seen in (ready, first_tasks, tasks)):
        assert not found.eligible
    if found.eligible:
        assert found.shown_dead
        assert modified < NOW - 600


def test_advice_on_an_old_version_is_to_upgrade_step_by_step() -> None:
    """With how it is known, and what a reboot does not do."""
    (first,) = advice("v1.6.2", STATE, [judged(file())])
    assert first.code == "upgrade"
    assert "1.6 → 1.7 → 1.8" in first.text
    assert "a reboot alone changes nothing" in first.text
    assert "1.7.16" in first.source
    assert advice("v1.7.4", STATE, []) == ()


def test_advice_on_a_new_version_is_to_do_nothing() -> None:
    """It heals."""
    state = replace(STATE, runtime=runtime_of("v1.13.9"))
    (only,) = advice("v1.13.9", state, [judged(file(), state)])
    assert only.code == "heals"
    assert advice("v9", STATE, [judged(file())])[0].text.startswith("upgrade this node to Talos 1.8 or newer (one minor version at a time)")


def test_prevention_names_what_most_likely_did_it_on_this_node() -> None:
    """Before the boot: power. After it: a full disk. And which parts of the node let it matter."""
    power = prevention(STATE, [judged(file(modified=BOOT - 1000))])
    disk = prevention(STATE, [judged(file(modified=BOOT + 1000))])
    assert [item.code for item in power] == ["newer-libcni", "reads-the-cache", "power"]
    assert [item.code for item in disk] == ["newer-libcni", "reads-the-cache", "disk"]
    new = replace(STATE, runtime=runtime_of("v1.13.9"))
    assert [item.code for item in prevention(new, [judged(file(), new)])] == ["disk"]
    assert prevention(STATE, []) == ()


def test_what_only_a_log_calls_damaged_is_left_alone() -> None:
    """Nobody has read that file; it may have been written anew since."""
    unread = replace(judged(file(size=900)), code="stop-fails", error="unexpected end of JSON input", logged=True)
    found = eligibility(NAME, look(0.0, unread), look(APART, unread), include=Include.RESIDUE)
    assert "in-order" in found.reasons


def test_only_a_file_that_was_cut_short_speaks_of_power_and_disks() -> None:
    """A pipe, a link and a foreign name were never cut short, and no other containerd would make anything of them."""
    foreign = judged(file(name="made-by-hand"))
    link = judged(file(is_link=True))
    pipe = judged(file(kind=FileKind.FIFO))
    new = replace(STATE, runtime=runtime_of("v1.13.9"))
    assert prevention(STATE, [foreign, link]) == ()
    assert advice("v1.13.9", new, [judged(foreign.file, new), judged(link.file, new)]) == ()
    assert prevention(STATE, [pipe]) == ()
    assert [item.code for item in prevention(STATE, [pipe, judged(file())])] == ["newer-libcni", "reads-the-cache", "disk"]
    version = judged(file(size=90), content=b'{"kind":"cniCacheV1","result":{"cniVersion":"9.9.9"}}')
    assert [item.code for item in prevention(STATE, [version])] == ["newer-libcni", "reads-the-cache"]
