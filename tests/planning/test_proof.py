"""What counts as seen, item by item."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from step_world import AFTER, BEFORE, PROOF, World, plan_for

from talospatch.containerd.proof import ExpectedPart, FragmentProof
from talospatch.planning.effects import Consequence, Effect
from talospatch.planning.proof import judge, missing, proven, services_healthy, waiting_for
from talospatch.talos.node import Listener, Service
from talospatch.talos.resources import StoredConfig

if TYPE_CHECKING:
    from talospatch.planning.facts import NodeFacts


def node(**changes: object) -> NodeFacts:
    """A node on which the change is in effect."""
    world = World(active=AFTER, persistent=AFTER, changed_at=900.0)
    return replace(world.facts(), **changes)  # type: ignore[arg-type]


def before() -> NodeFacts:
    return World().facts()


PLAN = plan_for(World())


def verdict(facts: NodeFacts, what: str, *, trial: bool = False, since: NodeFacts | None = None) -> bool | None:
    (item,) = [item for item in judge(PLAN, facts, at=5.0, trial=trial, since=since) if item.what == what]
    assert item.at == 5.0
    assert item.expected
    assert item.seen
    return item.ok


def test_a_change_in_effect_is_proven() -> None:
    """Every item, and nothing is missing."""
    items = judge(PLAN, node(), at=0, trial=False, since=before())
    assert proven(items), missing(items)
    assert missing(items) == ""
    assert services_healthy(node())


@pytest.mark.parametrize(
    ("what", "changes", "ok"),
    [
        ("configuration", {"active": StoredConfig(BEFORE, "1")}, False),
        ("configuration", {"persistent": StoredConfig(BEFORE, "1")}, False),
        ("configuration", {"active": None, "unread": {"active": "no answer"}}, None),
        ("drop-in", {"cri_toml": ""}, False),
        ("drop-in", {"cri_toml": "## something else\n[metrics"}, False),
        ("drop-in", {"cri_toml": None}, None),
        ("service cri", {"services": (Service("cri", "Running", False), Service("kubelet", "Running", True))}, False),
        ("service cri", {"services": (Service("cri", "Running", None),)}, False),
        ("service kubelet", {"services": (Service("kubelet", "Waiting", True),)}, False),
        ("service kubelet", {"services": ()}, None),
        ("listener", {"listeners": ()}, False),
        ("listener", {"listeners": None}, None),
        ("listener", {"listeners": (Listener("tcp", "0.0.0.0", 11234, "LISTEN", "nginx"),)}, False),
        ("listener", {"listeners": (Listener("tcp", "127.0.0.1", 11234, "LISTEN", "containerd"),)}, False),
        ("listener", {"listeners": (Listener("tcp", "0.0.0.0", 11999, "LISTEN", "containerd"),)}, False),
        ("listener", {"listeners": (Listener("tcp6", "::", 11234, "LISTEN", ""),)}, True),
        ("etcd", {"etcd_problem": "no leader"}, False),
    ],
)
def test_each_thing_that_is_not_as_it_should_be_spoils_the_proof(what: str, changes: dict[str, object], ok: bool | None) -> None:
    """And what could not be looked at was not seen."""
    facts = node(**changes)
    assert verdict(facts, what) is ok
    items = judge(PLAN, facts, at=0, trial=False)
    assert proven(items) is (ok is True)
    assert (what in missing(items)) is (ok is not True)


def test_on_trial_only_the_active_configuration_counts() -> None:
    """The persistent one is still the former."""
    facts = node(persistent=StoredConfig(BEFORE, "1"))
    assert verdict(facts, "configuration", trial=True) is True
    assert verdict(facts, "configuration", trial=False) is False


def test_a_containerd_that_has_not_restarted_yet_is_waited_for() -> None:
    """Its health is still that of the old process."""
    world = World(active=AFTER, changed_at=900.0)
    facts = replace(world.facts(), services=(Service("cri", "Running", True, started=1.0), Service("kubelet", "Running", True)))
    was = replace(before(), services=(Service("cri", "Running", True, started=1.0),))
    items = judge(PLAN, facts, at=0, trial=True, since=was)
    assert not proven(items)
    assert waiting_for(items) == "a restart"


def test_an_event_list_without_the_restart_does_not_spoil_the_proof() -> None:
    """Hash, listener and health say more."""
    facts = replace(node(), services=(Service("cri", "Running", True), Service("kubelet", "Running", True)))
    items = judge(PLAN, facts, at=0, trial=False, since=before())
    assert [item.ok for item in items if item.what == "restarted"] == [None]
    assert proven(items)


def test_no_restart_is_expected_where_the_merged_file_stays_as_it_is() -> None:
    """An edit of the entry's ``op`` changes the configuration and not what containerd reads."""
    items = judge(PLAN, node(), at=0, trial=False, since=node())
    assert "restarted" not in {item.what for item in items}


def test_what_was_removed_must_be_gone_and_its_listener_closed() -> None:
    """The port is known from the file as it was before."""
    removal = FragmentProof("removal", (ExpectedPart(PROOF.parts[0].header, None),), None, about_metrics=True)
    plan = replace(PLAN, proof=removal, after=BEFORE)
    was, gone = node(), World().facts()
    items = judge(plan, gone, at=0, trial=False, since=was)
    assert {item.what: item.ok for item in items}["listener"] is True
    assert proven(tuple(item for item in items if item.what != "restarted"))
    still = replace(gone, listeners=was.listeners, cri_toml=was.cri_toml)
    assert {item.what: item.ok for item in judge(plan, still, at=0, trial=False, since=was)}["listener"] is False
    assert {item.what: item.ok for item in judge(plan, still, at=0, trial=False, since=was)}["drop-in"] is False


def test_what_only_the_next_boot_reads_is_not_looked_for() -> None:
    """Configuration and health are all there is to see."""
    items = judge(replace(PLAN, effect=Effect.NEXT_BOOT), node(cri_toml="", listeners=()), at=0, trial=False)
    assert {item.what for item in items} == {"configuration", "service cri", "service kubelet"}
    assert proven(items)


def test_the_drop_in_is_looked_for_although_something_else_waits_for_the_next_boot() -> None:
    """It is live, and what waits beside it is no reason not to look."""
    effects = (Consequence(Effect.NEXT_BOOT, paths=("machine.env",)), Consequence(Effect.CRI_RESTART, paths=("CRICustomizationConfig",)))
    plan = replace(PLAN, effect=Effect.NEXT_BOOT, effects=effects)
    assert not proven(judge(plan, node(cri_toml="", listeners=()), at=0, trial=False))
    assert {"drop-in", "restarted"} <= {item.what for item in judge(plan, node(), at=0, trial=False, since=before())}
