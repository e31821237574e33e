"""One node's rollout, step by step: what it does, and what it never does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from step_world import AFTER, BEFORE, OTHER, World, busy, invalid, lost, plan_for, run

from talospatch.planning.actions import Kind
from talospatch.planning.effects import Effect
from talospatch.planning.outcomes import Outcome
from talospatch.planning.plan import Options, Strategy
from talospatch.planning.steps import begin
from talospatch.talos.apply import ApplyMode

OLD = "v1.13.4"


def modes(world: World) -> list[str]:
    return [mode.name for mode, _data in world.applies]


def has(world: World) -> tuple[bytes, bytes]:
    return world.active, world.persistent


def test_a_trial_is_proven_committed_and_read_back() -> None:
    """1.14: TRY, proof, NO_REBOOT, and every item of the proof was seen."""
    world = World()
    end = run(world)
    assert end.outcome is Outcome.PROVEN, end.reason
    assert modes(world) == ["TRY", "NO_REBOOT"]
    assert has(world) == (AFTER, AFTER)
    assert {item.what for item in end.proof} == {"configuration", "drop-in", "service cri", "service kubelet", "restarted", "listener"}
    assert all(item.ok for item in end.proof)


def test_nothing_is_sent_before_the_journal_holds_the_former_bytes() -> None:
    """The entry before the first apply has the exact bytes before and after, sealed."""
    world = World()
    run(world)
    first = next(index for index, action in enumerate(world.log) if action.kind is Kind.APPLY)
    entry = next(action for action in world.log[:first] if action.kind is Kind.JOURNAL)
    assert entry.event == "intend"
    assert dict(entry.sealed) == {"before": BEFORE, "after": AFTER}
    assert BEFORE.decode() not in str(entry.fields)


def test_a_journal_that_cannot_be_written_means_that_nothing_is_done() -> None:
    """Disk full before the first apply."""
    world = World(journal_fails={"intend"})
    end = run(world)
    assert end.outcome is Outcome.FAILED
    assert "nothing was changed" in end.reason
    assert world.applies == []


def test_a_journal_that_fills_up_on_trial_means_no_commit() -> None:
    """The change is taken back: what cannot be noted is not made permanent."""
    world = World(journal_fails={"commit", "take-back"})
    end = run(world)
    assert end.outcome is Outcome.TAKEN_BACK
    assert has(world) == (BEFORE, BEFORE)
    assert world.revert_at is None


def test_containerd_that_does_not_take_it_has_its_former_configuration_again() -> None:
    """The listener never appears; the trial is taken back at the deadline, not at the window's end."""
    world = World(containerd_takes=lambda config: config != AFTER)
    end = run(world)
    assert end.outcome is Outcome.TAKEN_BACK
    assert "listener" in end.reason
    assert has(world) == (BEFORE, BEFORE)
    assert world.now < 1000 + Options().try_window


@pytest.mark.parametrize(
    ("attribute", "value", "sentence"),
    [
        ("active", OTHER, "active configuration"),
        ("persistent", OTHER, "persistent configuration"),
        ("boot", 2, "rebooted"),
        ("talos", "v1.14.1", "Talos version"),
    ],
)
def test_what_moved_since_the_plan_is_refused(attribute: str, value: object, sentence: str) -> None:
    """Read again directly before applying; nothing is sent."""
    world = World()
    plan = plan_for(world)
    setattr(world, attribute, value)
    end = run(world, plan)
    assert end.outcome is Outcome.REFUSED
    assert "out of date" in end.reason
    assert sentence in end.reason
    assert world.applies == []


def test_a_plan_made_for_looking_only_is_refused() -> None:
    """It lacks the boot id and the UUID, so nothing could be compared."""
    from dataclasses import replace

    world = World()
    plan = plan_for(world)
    assert plan.facts is not None
    end = run(world, replace(plan, facts=replace(plan.facts, boot_id="", machine_uuid="")))
    assert end.outcome is Outcome.REFUSED
    assert world.applies == []


def test_a_node_that_needs_nothing_is_only_looked_at() -> None:
    """No apply request; the effect is proven all the same."""
    from dataclasses import replace

    world = World(active=AFTER, persistent=AFTER, changed_at=10)
    plan = replace(plan_for(world), before=AFTER, strategy=Strategy.NOTHING, effect=Effect.NOTHING)
    assert run(world, plan).outcome is Outcome.UNCHANGED
    world = World(active=AFTER, persistent=AFTER, changed_at=10, containerd_takes=lambda _config: False)
    end = run(world, plan)
    assert end.outcome is Outcome.NOT_PROVEN
    assert world.applies == []


@pytest.mark.parametrize("seconds", [0.01, 1.0])
def test_a_rollback_that_lands_after_the_commit_is_repaired(seconds: float) -> None:
    """Seen by reading again right after the commit, or a little later; the new configuration is sent once more and proven."""
    world = World(late_rollback=seconds)
    end = run(world)
    assert end.outcome is Outcome.PROVEN, end.reason
    assert has(world) == (AFTER, AFTER)
    assert modes(world) == ["TRY", "NO_REBOOT", "NO_REBOOT"]
    assert "repair" in [action.event for action in world.log]


def test_what_is_stored_already_and_does_not_run_is_tried_and_committed_all_the_same() -> None:
    """Left by a rollback that landed after a commit. Being stored says nothing of the new trial: uncommitted, it reverts."""
    world = World(persistent=AFTER)
    end = run(world)
    assert end.outcome is Outcome.PROVEN, end.reason
    assert modes(world) == ["TRY", "NO_REBOOT"]
    world.advance(400)
    assert has(world) == (AFTER, AFTER)


def test_an_answer_lost_after_the_node_acted_does_not_stop_the_trial() -> None:
    """What the node has decides, not what came back."""
    world = World(lose_answer=[True, True])
    end = run(world)
    assert end.outcome is Outcome.PROVEN, end.reason
    assert has(world) == (AFTER, AFTER)


def test_a_request_that_was_lost_before_the_node_acted_changed_nothing() -> None:
    """It is looked at for a while, in case the request was only late."""
    world = World(refuse=[lost()])
    end = run(world)
    assert end.outcome is Outcome.FAILED
    assert "former configuration" in end.reason
    assert has(world) == (BEFORE, BEFORE)


def test_a_busy_node_is_asked_again() -> None:
    """The guard against two applies at once passes."""
    world = World(refuse=[busy(), busy(), None])
    assert run(world).outcome is Outcome.PROVEN
    world = World(refuse=[busy() for _ in range(50)])
    assert run(world).outcome is Outcome.FAILED
    assert world.applies == []


def test_a_configuration_that_the_node_refuses_is_a_failure_with_its_words() -> None:
    """Nothing was changed, and this is said."""
    world = World(refuse=[invalid()])
    end = run(world)
    assert end.outcome is Outcome.FAILED
    assert "unknown keys" in end.reason
    assert has(world) == (BEFORE, BEFORE)


def test_somebody_else_s_change_on_trial_is_not_overwritten() -> None:
    """It is reported; no further request is sent."""
    world = World(settle=30, taken_over_at=12)
    end = run(world)
    assert end.outcome is Outcome.FAILED
    assert "somebody else" in end.reason
    assert has(world) == (OTHER, OTHER)
    assert modes(world) == ["TRY"]


def test_a_proof_that_comes_too_late_for_the_window_is_not_committed() -> None:
    """Looks that hang take the time; the margin counts more than the proof."""
    options = Options(try_window=40, proof_timeout=9, margin=30, poll=1)
    world = World(settle=8.8, slowness=2.0)
    end = run(world, options=options)
    assert end.outcome is Outcome.TAKEN_BACK
    assert has(world) == (BEFORE, BEFORE)


def test_a_node_that_falls_silent_on_trial_is_unknown_and_has_reverted_by_itself() -> None:
    """No answer until after the window."""
    world = World(refuse=[None, lost(), lost(), lost()])
    plan = plan_for(world)
    world.look_fails = [None, *([lost()] * 400)]
    end = run(world, plan)
    assert end.outcome is Outcome.UNKNOWN
    assert "reverted" in end.reason
    assert has(world) == (BEFORE, BEFORE)


def test_a_trial_left_by_an_interrupted_rollout_is_proven_before_it_is_stored() -> None:
    """Adopted: no second TRY, which would roll back to the first one's configuration."""
    world = World(active=AFTER, changed_at=10)
    plan = plan_for(world)
    end = run(world, state=begin(plan, Options(), adopted=True))
    assert end.outcome is Outcome.PROVEN, end.reason
    assert modes(world) == ["NO_REBOOT"]
    world = World(active=AFTER, changed_at=10, containerd_takes=lambda config: config != AFTER)
    end = run(world, state=begin(plan_for(world), Options(), adopted=True))
    assert end.outcome is Outcome.TAKEN_BACK
    assert has(world) == (BEFORE, BEFORE)


def test_a_reboot_is_waited_for_and_proven() -> None:
    """1.13: AUTO, a new boot id, running, and the drop-in seen."""
    world = World(talos=OLD)
    end = run(world)
    assert end.outcome is Outcome.PROVEN, end.reason
    assert modes(world) == ["AUTO"]
    assert world.boot == 2


def test_a_node_that_stands_still_in_its_boot_is_given_its_old_bytes_early() -> None:
    """Long before the boot's own 35 minutes are over."""
    world = World(talos=OLD, stuck_with=AFTER)
    end = run(world)
    assert end.outcome is Outcome.TAKEN_BACK, end.reason
    assert "booting" in end.reason
    assert has(world) == (BEFORE, BEFORE)
    assert world.boot == 3
    assert world.now < 1000 + 300


def test_a_node_that_boots_again_and_again_is_given_its_old_bytes() -> None:
    """Seen by its boot ids."""
    world = World(talos=OLD, loops_with=AFTER)
    end = run(world)
    assert end.outcome is Outcome.TAKEN_BACK, end.reason
    assert "again and again" in end.reason
    assert world.persistent == BEFORE


def test_a_node_that_never_comes_back_is_said_with_what_to_do() -> None:
    """After the timeout, not for ever."""
    world = World(talos=OLD, returns=False)
    end = run(world)
    assert end.outcome is Outcome.FAILED
    assert "has not come back" in end.reason
    assert "journal" in end.reason


def test_a_node_that_comes_back_with_its_former_configuration_is_not_called_proven() -> None:
    """Its disk was full: the new one was in memory only."""
    world = World(talos=OLD, forgets=True)
    end = run(world)
    assert end.outcome is Outcome.FAILED
    assert "not stored" in end.reason


def test_a_node_that_takes_it_and_does_not_reboot_is_not_called_proven() -> None:
    """What is configured is not in effect."""
    world = World(talos=OLD, reboots=False)
    end = run(world)
    assert end.outcome in {Outcome.FAILED, Outcome.NOT_PROVEN}
    assert world.boot == 1


def test_an_unanswered_rebooting_apply_is_followed_by_watching_the_node() -> None:
    """The answer is lost, the node acts."""
    world = World(talos=OLD, lose_answer=[True])
    assert run(world).outcome is Outcome.PROVEN


def test_what_takes_effect_only_at_the_next_boot_is_not_called_proven() -> None:
    """Between 1.14.0-alpha.2 and beta.0 the drop-in is such."""
    world = World()
    end = run(world, plan_for(world, effect=Effect.NEXT_BOOT))
    assert end.outcome is Outcome.NOT_PROVEN
    assert "next boot" in end.reason


def test_a_commit_that_the_node_refuses_is_taken_back() -> None:
    """Refused every time: what is not stored must not stay."""
    world = World(refuse=[None, *(invalid() for _ in range(5))])
    end = run(world)
    assert end.outcome is Outcome.TAKEN_BACK, end.reason
    assert has(world) == (BEFORE, BEFORE)


def test_a_commit_that_finds_the_node_busy_is_sent_again() -> None:
    """While the window lasts."""
    world = World(refuse=[None, busy(), busy()])
    assert run(world).outcome is Outcome.PROVEN
    assert has(world) == (AFTER, AFTER)


def test_a_take_back_that_fails_ends_with_the_trial_s_own_rollback() -> None:
    """The node takes nothing any more; its timer still does its work."""
    world = World(containerd_takes=lambda config: config != AFTER, refuse=[None, *(lost() for _ in range(20))])
    end = run(world)
    assert end.outcome is Outcome.TAKEN_BACK, end.reason
    assert has(world) == (BEFORE, BEFORE)
    assert world.now >= 1000 + Options().try_window


def test_rollbacks_without_end_are_reported() -> None:
    """Repaired a few times, then said: both configurations are named."""
    world = World(late_rollback=0.5, rollback_again=True)
    end = run(world)
    assert end.outcome is Outcome.FAILED
    assert "former configuration runs, the new one is stored" in end.reason
    assert modes(world).count("NO_REBOOT") <= 4


def test_a_node_whose_two_configurations_differed_is_not_pushed_but_reverts_by_itself() -> None:
    """Taking back by an apply would make one of the two permanent."""
    from dataclasses import replace

    world = World(active=OTHER, containerd_takes=lambda config: config != AFTER)
    plan = replace(plan_for(world), before=BEFORE)
    end = run(world, plan)
    assert end.outcome is Outcome.TAKEN_BACK, end.reason
    assert has(world) == (OTHER, BEFORE)
    assert modes(world) == ["TRY"]


def test_an_interrupted_take_back_is_finished_not_tried_again() -> None:
    """Given as the reason from the start."""
    world = World(active=AFTER, changed_at=10)
    end = run(world, state=begin(plan_for(world), Options(), adopted=True, take_back="not proven then"))
    assert end.outcome is Outcome.TAKEN_BACK
    assert end.reason == "not proven then"
    world = World(talos=OLD)
    plan = plan_for(world)
    world.persistent, world.boot, world.booting_until = AFTER, 2, 1e12
    end = run(world, state=begin(plan, Options(), rebooting=True, left_boot_id="boot-1", take_back="stuck then"))
    assert end.outcome is Outcome.TAKEN_BACK, end.reason
    assert world.persistent == BEFORE


def test_a_node_on_its_way_through_a_reboot_is_only_waited_for() -> None:
    """Nothing is sent; the boot that it has to leave is known from the journal."""
    world = World(talos=OLD)
    plan = plan_for(world)
    world.persistent = AFTER
    world._reboot()
    end = run(world, plan, state=begin(plan, Options(), rebooting=True, left_boot_id="boot-1"))
    assert end.outcome is Outcome.PROVEN, end.reason
    assert world.applies == []


_FAILURES = st.sampled_from([None, None, busy, lost, invalid])


@st.composite
def _worlds(draw: st.DrawFn) -> World:
    """A node on which anything may fail."""
    takes = draw(st.booleans())
    return World(
        talos=draw(st.sampled_from(["v1.14.0", OLD])),
        refuse=[make() if callable(make) else None for make in draw(st.lists(_FAILURES, max_size=6))],
        lose_answer=draw(st.lists(st.booleans(), max_size=6)),
        look_fails=[None, *(lost() if fails else None for fails in draw(st.lists(st.booleans(), max_size=40)))],
        containerd_takes=lambda config: takes or config != AFTER,
        late_rollback=draw(st.sampled_from([None, 0.5, 3.0])),
        journal_fails=draw(st.sets(st.sampled_from(["intend", "commit", "take-back", "repair"]), max_size=2)),
        settle=draw(st.floats(0.1, 60)),
    )


@settings(max_examples=200, deadline=None)
@given(world=_worlds())
def test_whatever_fails_the_end_is_true_and_safe(world: World) -> None:
    """Whatever the node and the network do: only known bytes are sent, and what is said of the end is what the node has."""
    takes, journal, talos = world.containerd_takes(AFTER), world.journal_fails, world.talos
    end = run(world)
    world.advance(400)
    assert {data for _mode, data in world.applies} <= {BEFORE, AFTER}
    assert all(mode in {ApplyMode.TRY, ApplyMode.NO_REBOOT, ApplyMode.AUTO} for mode, _data in world.applies)
    if end.outcome is Outcome.PROVEN:
        assert takes
        assert world.persistent == AFTER
    if end.outcome is Outcome.TAKEN_BACK:
        assert has(world) == (BEFORE, BEFORE)
    if "intend" in journal:
        assert world.applies == []
    if talos != OLD and end.outcome is not Outcome.PROVEN and not takes:
        assert world.active == BEFORE, end.reason
    for index, action in enumerate(world.log):
        if action.kind is Kind.APPLY and action.mode is ApplyMode.NO_REBOOT and action.data == AFTER:
            noted = [earlier.event for earlier in world.log[:index] if earlier.kind is Kind.JOURNAL]
            assert "commit" in noted
