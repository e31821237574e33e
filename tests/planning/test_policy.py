"""The rules that let a node go ahead: each refusal has its code, and nothing else stands against a healthy worker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from talospatch.planning.effects import Effect
from talospatch.planning.facts import NodeFacts
from talospatch.planning.plan import Diverged, NodePlan, Options, Strategy
from talospatch.planning.policy import Case, moved, one_machine_each, refusals, strategy, within_budget
from talospatch.talos.finding import Finding, Severity
from talospatch.talos.machine_type import MachineType
from talospatch.talos.node import MachineStatus
from talospatch.talos.resources import StoredConfig
from talospatch.versions import TalosVersion

FACTS = NodeFacts(
    node="10.0.0.5",
    hostname="worker-1",
    machine_type=MachineType.WORKER,
    talos="v1.14.0",
    machine_uuid="u1",
    boot_id="b1",
    status=MachineStatus("running", True),
    active=StoredConfig(b"a", "1"),
    persistent=StoredConfig(b"a", "1"),
)
CASE = Case(facts=FACTS, options=Options(), changes=True, effect=Effect.CRI_RESTART, expected_hostname="worker-1")
ERROR = Finding(Severity.ERROR, "metrics-port-in-use", "", "port 11234 is in use by nginx", "choose another")


def codes(case: Case) -> list[str]:
    return [refusal.code for refusal in refusals(case)]


def test_nothing_stands_against_a_healthy_worker() -> None:
    """1.14, running, ready, converged, named as what it is."""
    assert refusals(CASE) == ()


@pytest.mark.parametrize(
    ("code", "facts", "others"),
    [
        ("unknown-version", {"talos": "head"}, {}),
        ("unknown-version", {"talos": ""}, {}),
        ("inspect-only", {"talos": "v1.10.9"}, {}),
        ("unreadable-configuration", {"active": None, "unread": {"active": "needs another role"}}, {}),
        ("answers-for-another", {"hostname": "worker-9"}, {}),
        ("not-running", {"status": MachineStatus("booting", False, (("services", "cri"),))}, {}),
        ("not-running", {"status": MachineStatus("running", False)}, {}),
        ("not-running", {"status": None, "unread": {"status": "no answer"}}, {}),
        ("diverged", {"persistent": StoredConfig(b"b", "2")}, {}),
        ("diverged", {"persistent": StoredConfig(b"b", "2")}, {"changes": False}),
        ("control-plane", {"machine_type": MachineType.CONTROL_PLANE}, {}),
        ("unknown-role", {"machine_type": MachineType.UNKNOWN}, {}),
        ("managed", {"managed_by": "Omni"}, {}),
        ("metrics-port-in-use", {}, {"findings": (ERROR,)}),
        ("needs-drain", {"talos": "v1.13.4"}, {"effect": Effect.REBOOT}),
        ("needs-drain", {"talos": "v1.13.4"}, {"effect": Effect.UNKNOWN}),
    ],
)
def test_each_rule_refuses_by_its_code_and_says_what_to_do(code: str, facts: dict[str, object], others: dict[str, object]) -> None:
    """One thing wrong, one refusal, with a sentence."""
    case = replace(CASE, facts=replace(FACTS, **facts), **others)  # type: ignore[arg-type]
    assert codes(case) == [code]
    assert refusals(case)[0].sentence
    assert refusals(case)[0].hint


def test_a_node_too_old_to_change_is_told_since_when_they_are_changed() -> None:
    """In words for a reader."""
    (refusal,) = refusals(replace(CASE, facts=replace(FACTS, talos="v1.7.5")))
    assert refusal.sentence == "it runs Talos v1.7.5; nodes older than 1.11.0 are inspected, never changed"


def test_what_the_user_allowed_is_allowed() -> None:
    """--no-drain, and a choice of the configuration to build on."""
    assert codes(replace(CASE, facts=replace(FACTS, talos="v1.13.4"), effect=Effect.REBOOT, options=Options(no_drain=True))) == []
    diverged = replace(FACTS, persistent=StoredConfig(b"b", "2"))
    assert codes(replace(CASE, facts=diverged, options=Options(diverged=Diverged.PERSISTENT))) == []


def test_a_node_that_needs_nothing_is_not_refused_for_what_a_change_would_need() -> None:
    """A control plane, booting, and needing no change: nothing to refuse."""
    facts = replace(FACTS, machine_type=MachineType.CONTROL_PLANE, status=MachineStatus("booting", False))
    assert codes(replace(CASE, facts=facts, changes=False)) == []


def test_every_reason_is_given_not_only_the_first() -> None:
    """So that the user need not run it once for each."""
    facts = replace(FACTS, managed_by="Omni", machine_type=MachineType.CONTROL_PLANE, etcd_problem="no leader")
    assert codes(replace(CASE, facts=facts)) == ["control-plane", "etcd", "managed"]


def test_a_control_plane_node_is_refused_whatever_is_allowed() -> None:
    """There is no gate for etcd yet, so nothing that a user passes lets one through; the sentence says what to do instead."""
    allowed = Options(no_drain=True, max_unavailable=9, diverged=Diverged.ACTIVE)
    (refusal,) = refusals(replace(CASE, facts=replace(FACTS, machine_type=MachineType.CONTROL_PLANE), options=allowed))
    assert refusal.code == "control-plane"
    assert "only workers are changed" in refusal.sentence
    assert "talosctl" in refusal.hint


@pytest.mark.parametrize(
    ("talos", "effect", "expected"),
    [
        ("1.14", Effect.CRI_RESTART, Strategy.TRY),
        ("1.14", Effect.NEXT_BOOT, Strategy.TRY),
        ("1.13", Effect.REBOOT, Strategy.REBOOT),
        ("1.13", Effect.UNKNOWN, Strategy.REBOOT),
        ("1.13", Effect.LIVE, Strategy.TRY),
        ("1.13", Effect.NEXT_BOOT, Strategy.TRY),
        ("1.13", Effect.AT_INSTALL, Strategy.TRY),
        ("1.13", Effect.NO_REBOOT, Strategy.TRY),
        ("v1.14.0-alpha.1", Effect.REBOOT, Strategy.REBOOT),
    ],
)
def test_a_trial_is_used_wherever_talos_takes_one(talos: str, effect: Effect, expected: Strategy) -> None:
    """Else the reboot that comes with the change."""
    assert strategy(True, effect, TalosVersion.parse(talos)) is expected
    assert strategy(False, effect, TalosVersion.parse(talos)) is Strategy.NOTHING


def test_no_reboot_while_as_many_are_down_as_may_be() -> None:
    """Nodes already down count; those that need no reboot go ahead."""
    down = NodePlan(node="10.0.0.6", error="no answer")
    reboots = NodePlan(node="10.0.0.5", facts=FACTS, before=b"a", after=b"b", strategy=Strategy.REBOOT)
    trial = replace(reboots, strategy=Strategy.TRY)
    refused = within_budget([down, reboots, trial], Options())
    assert [[refusal.code for refusal in node.refusals] for node in refused] == [[], ["unavailable-budget"], []]
    assert all(not node.refusals for node in within_budget([down, reboots], Options(max_unavailable=2)))
    assert all(not node.refusals for node in within_budget([reboots], Options()))


def test_a_machine_named_twice_is_changed_once() -> None:
    """Two addresses, one boot: the second is refused. A UUID that cheap firmware gives to every board tells nothing."""
    one = NodePlan(node="10.0.0.5", facts=FACTS)
    again = NodePlan(node="fd00::5", facts=replace(FACTS, node="fd00::5"))
    unknown = NodePlan(node="10.0.0.7", facts=replace(FACTS, boot_id=""))
    result = one_machine_each([one, again, unknown, unknown])
    assert [[refusal.code for refusal in node.refusals] for node in result] == [[], ["same-machine"], [], []]


@pytest.mark.parametrize(
    "now",
    [
        {"talos": "v1.14.1"},
        {"machine_uuid": "u2"},
        {"boot_id": "b2"},
        {"boot_id": "", "unread": {"boot_id": "needs another role"}},
        {"status": MachineStatus("rebooting", False)},
        {"status": MachineStatus("running", False)},
        {"active": StoredConfig(b"z", "1")},
        {"persistent": StoredConfig(b"z", "1")},
        {"persistent": None},
    ],
)
def test_anything_that_moved_is_said(now: dict[str, object]) -> None:
    """Each of the things that a plan is made from."""
    assert moved(FACTS, replace(FACTS, **now))  # type: ignore[arg-type]


def test_firmware_without_a_uuid_is_no_move() -> None:
    """Single-board computers have none; what is compared is then the rest."""
    bare = replace(FACTS, machine_uuid="")
    assert moved(bare, bare) == ""
    assert moved(bare, replace(bare, unread={"machine_uuid": "no answer"}))


def test_a_resource_version_alone_is_no_move() -> None:
    """It is bumped by updates that change nothing."""
    assert moved(FACTS, replace(FACTS, active=StoredConfig(b"a", "7"))) == ""


def test_the_trial_window_must_hold_the_proof_and_the_margin() -> None:
    """Otherwise a commit could come when the trial has reverted."""
    with pytest.raises(ValueError, match="try_window"):
        Options(try_window=100, proof_timeout=80, margin=20)
    with pytest.raises(ValueError, match="at least 2"):
        Options(try_window=1, proof_timeout=0.1, margin=0.1)
    with pytest.raises(ValueError, match="max_unavailable"):
        Options(max_unavailable=0)
