"""Rollouts on a simulated cluster: plan, apply, prove, take back, undo, and every way in which a node may misbehave."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rollout_bench import METRICS, OPTIONS, Bench, Row, run, spec_of

from talospatch.errors import InputError, JournalError, RefusedError
from talospatch.machineconfig.config import MachineConfig
from talospatch.patching.change import Change
from talospatch.patching.patched import Patched
from talospatch.planning.outcomes import ExitCode, Outcome
from talospatch.planning.plan import Diverged, Strategy
from talospatch.rollout.executor import execute
from talospatch.rollout.history import history, show
from talospatch.simulator.network_faults import Fault, FaultKind, NetworkFaults
from talospatch.simulator.spec import ClusterSpec, NodeFaults, NodeSpec
from talospatch.talos.apply import ApplyMode
from talospatch.talos.machine_type import MachineType

if TYPE_CHECKING:
    from talospatch.versions import TalosVersion

ONE, TWO, THREE = NodeSpec("w-1", "10.5.0.3"), NodeSpec("w-2", "10.5.0.4"), NodeSpec("w-3", "10.5.0.5")
OLD = NodeSpec("w-old", "10.5.0.9", talos="v1.13.9")
DOCUMENT = """\
---
apiVersion: v1alpha1
kind: CRICustomizationConfig
name: talospatch-metrics
content: |
  [metrics]
    address = "0.0.0.0:11234"
"""
OTHER_PORT = Change.parse('[metrics]\n  address = "0.0.0.0:11999"\n', source="other.toml")


class Broken:
    """A change that no Talos takes."""

    name = "broken"

    def apply(self, config: MachineConfig, *, talos: TalosVersion, fleet_has_older: bool = False) -> Patched:
        return Patched(MachineConfig.parse(config.text + "notAKey: 1\n"))


def bench(tmp_path: Path, *workers: NodeSpec, **others: object) -> Bench:
    return Bench(spec_of(*workers), tmp_path, **others)  # type: ignore[arg-type]


def test_making_a_plan_changes_nothing(tmp_path: Path) -> None:
    """The only apply request is a dry run in mode TRY; on 1.13 its refusal means: valid, needs a reboot."""
    at = bench(tmp_path, ONE, OLD)
    before = [at.has(node.address) for node in (ONE, OLD)]
    plan = at.plan()
    assert set(at.applies()) == {"dry TRY"}
    assert [at.has(node.address) for node in (ONE, OLD)] == before
    assert {node.name: node.check for node in plan.nodes} == {"w-1": "accepted", "w-old": "accepted, needs a reboot"}
    assert not list(tmp_path.rglob("*"))


def test_a_fleet_of_two_versions_is_changed_and_proven(tmp_path: Path) -> None:
    """Live nodes first, one at a time, the rebooting one last; then nothing is left to do, and nothing is sent."""
    at = bench(tmp_path, OLD, TWO, ONE)
    plan = at.plan()
    report = at.apply(plan)
    report.raise_on_failure()
    assert [node.name for node in report.nodes] == ["w-1", "w-2", "w-old"]
    assert at.applies("10.5.0.3") == ["dry TRY", "TRY", "NO_REBOOT"]
    assert at.applies("10.5.0.9") == ["dry TRY", "AUTO"]
    assert all(at.has(node.node) == (node.after, node.after) for node in plan.nodes)
    assert all(item.ok for node in report.nodes for item in node.proof)
    at.sent.clear()
    again = at.plan()
    assert again.counts == {"to do": 0, "unchanged": 3, "refused": 0, "failed": 0}
    second = at.apply(again)
    assert {node.outcome for node in second.nodes} == {Outcome.UNCHANGED}
    assert second.rollout == ""
    assert at.applies() == []
    assert len(history(at.store)) == 1


def test_the_first_node_that_fails_stops_the_rollout(tmp_path: Path) -> None:
    """The canary's containerd does not come back: taken back, the others not attempted, exit code 4."""
    at = bench(tmp_path, replace(ONE, faults=NodeFaults(failing_cri=True)), TWO, THREE)
    plan = at.plan()
    report = at.apply(plan)
    assert at.outcomes(report) == {"w-1": "taken-back", "w-2": "not-attempted", "w-3": "not-attempted"}
    assert at.has("10.5.0.3") == (plan.nodes[0].before, plan.nodes[0].before)
    assert at.applies("10.5.0.4") == ["dry TRY"]
    assert report.exit_code() == 4
    assert "w-1" in report.nodes[1].reason


@pytest.mark.parametrize("seconds", [0.5, 4.0])
def test_a_rollback_that_lands_after_the_commit_is_repaired(tmp_path: Path, seconds: float) -> None:
    """Within the second look, or found by the last one at the end of the rollout."""
    at = bench(tmp_path, replace(ONE, faults=NodeFaults(late_rollback=seconds)), TWO)
    plan = at.plan()
    report = at.apply(plan)
    assert report.ok, report
    assert all(at.has(node.node) == (node.after, node.after) for node in plan.nodes)
    assert "repair" in [event for _at, event, _node in show(at.store, "last").steps]


@pytest.mark.parametrize(
    ("faults", "outcomes", "word"),
    [
        (NodeFaults(stuck_boot=True), {Outcome.FAILED, Outcome.TAKEN_BACK}, "booting"),
        (NodeFaults(never_returns=True), {Outcome.FAILED}, "has not come back"),
        (NodeFaults(reboot_loop=True), {Outcome.FAILED, Outcome.TAKEN_BACK}, "again"),
        (NodeFaults(full_disk=True), {Outcome.FAILED}, "not stored"),
    ],
)
def test_a_reboot_that_goes_wrong_is_seen_and_said(tmp_path: Path, faults: NodeFaults, outcomes: set[Outcome], word: str) -> None:
    """Each way of not coming right; the next node is left alone."""
    at = bench(tmp_path, replace(OLD, faults=faults), replace(OLD, name="w-old2", address="10.5.0.10"))
    report = at.apply(at.plan())
    assert report.nodes[0].outcome in outcomes, report.nodes[0]
    assert word in report.nodes[0].reason
    assert report.nodes[1].outcome is Outcome.NOT_ATTEMPTED


def test_a_standing_boot_is_given_the_old_bytes_long_before_it_would_reboot_itself(tmp_path: Path) -> None:
    """The take-back is sent within the patience for a node that stands still."""
    at = bench(tmp_path, replace(OLD, faults=NodeFaults(stuck_boot=True)))
    plan = at.plan()
    started = at.time.now()
    at.apply(plan)
    entries = at.store.read("last").entries
    (taken,) = [entry for entry in entries if entry.event == "take-back"]
    assert taken.at - started < 60
    assert at.applies() == ["dry TRY", "AUTO", "AUTO"]
    assert at.has(OLD.address)[1] == plan.nodes[0].before


@pytest.mark.parametrize("node", ["ONE", "OLD"])
def test_a_drop_in_that_containerd_does_not_take_is_taken_back(tmp_path: Path, node: str) -> None:
    """Early, to the exact bytes, on trial and after a reboot alike; the nodes after it are left alone, and the code is 4 or worse."""
    bad = replace({"ONE": ONE, "OLD": OLD}[node], faults=NodeFaults(bad_drop_in=True))
    at = bench(tmp_path, bad)
    before, start = at.has(bad.address), at.time.now()
    report = at.apply(at.plan())
    assert at.outcomes(report) == {bad.name: "taken-back"}, report
    assert report.exit_code() is ExitCode.TAKEN_BACK
    assert at.has(bad.address) == before
    assert at.facts(bad.address).running
    assert at.time.now() - start < 60
    assert show(at.store, "last").report.nodes[0].outcome is Outcome.TAKEN_BACK


def test_a_node_that_answers_for_another_is_refused(tmp_path: Path) -> None:
    """Its host name is not the one that the inventory knows."""
    at = bench(tmp_path, replace(ONE, faults=NodeFaults(answers_for="w-2")), TWO)
    plan = at.plan()
    refused = plan.node(ONE.address)
    assert "answers-for-another" in [refusal.code for refusal in refused.refusals] or "same-machine" in [
        refusal.code for node in plan.nodes for refusal in node.refusals
    ]


def test_a_reader_s_certificate_is_told_which_role_is_needed(tmp_path: Path) -> None:
    """What it may see is there; nothing is sent that it may not."""
    at = bench(tmp_path, ONE, roles=("os:reader",))
    (node,) = at.plan().nodes
    assert node.talos == "v1.14.0-rc.1"
    (refusal,) = node.refusals
    assert refusal.code == "unreadable-configuration"
    why = "the role of the client certificate does not allow this, it needs os:admin"
    assert refusal.sentence == f"its machine configuration cannot be read ({why})"
    assert at.applies() == []


def test_a_node_with_a_pending_trial_is_refused_and_nothing_is_sent_to_it(tmp_path: Path) -> None:
    """Not even a dry run, whether or not the trial is of the same change; when it has ended the node goes ahead."""
    at = bench(tmp_path, ONE)
    after = at.plan().nodes[0].after
    run(at.client.apply_configuration(ONE.address, after, mode=ApplyMode.TRY, try_timeout=60))
    at.sent.clear()
    for change in (METRICS, OTHER_PORT):
        plan = at.plan(changes=[change])
        assert [refusal.code for refusal in plan.nodes[0].refusals] == ["diverged"]
        assert at.applies() == []
    assert at.apply(plan).exit_code() is ExitCode.REFUSED
    at.time.advance(61)
    assert at.apply(at.plan()).ok


@pytest.mark.parametrize(("mode", "build_on"), [(ApplyMode.TRY, Diverged.ACTIVE), (ApplyMode.STAGED, Diverged.PERSISTENT)])
def test_a_change_that_is_there_in_one_configuration_only_is_settled_when_asked(
    tmp_path: Path, mode: ApplyMode, build_on: Diverged
) -> None:
    """What runs is made permanent, or what is stored is made to run; proven like any change, and taken back to the exact bytes."""
    at = bench(tmp_path, ONE)
    former = at.has(ONE.address)[1]
    after = at.plan().nodes[0].after
    run(at.client.apply_configuration(ONE.address, after, mode=mode, try_timeout=600 if mode is ApplyMode.TRY else None))
    at.time.advance(10)
    report = at.apply(at.plan(replace(OPTIONS, diverged=build_on)))
    assert at.outcomes(report) == {ONE.name: "proven"}, report
    assert at.has(ONE.address) == (after, after)
    at.time.advance(700)
    assert at.has(ONE.address) == (after, after)
    assert not at.plan().has_differences
    if mode is ApplyMode.TRY:
        assert at.apply(at.plan_undo()).ok
        assert at.has(ONE.address) == (former, former)


def test_a_diverged_node_is_built_on_what_is_stored_when_the_user_says_so(tmp_path: Path) -> None:
    """The staged difference is dropped or kept as asked, and both configurations are one again."""
    at = bench(tmp_path, ONE)
    stored = at.has(ONE.address)[1]
    run(at.client.apply_configuration(ONE.address, at.plan(changes=[OTHER_PORT]).nodes[0].after, mode=ApplyMode.STAGED))
    at.sent.clear()
    plan = at.plan(replace(OPTIONS, diverged=Diverged.ACTIVE))
    assert at.applies() == []  # not even a dry run: whether a rollback is pending cannot be known
    assert plan.nodes[0].before == stored
    report = at.apply(plan)
    assert report.ok, report
    assert at.has(ONE.address) == (plan.nodes[0].after, plan.nodes[0].after)


def test_control_planes_are_refused_and_the_workers_go_on(tmp_path: Path) -> None:
    """Not even a dry run is sent to one; its difference is shown all the same, and the exit code says that a guard said no."""
    at = bench(tmp_path, ONE)
    plan = at.plan(rows=at.rows(every=True))
    assert [refusal.code for refusal in plan.node("10.5.0.2").refusals] == ["control-plane"]
    assert plan.node("10.5.0.2").changes
    report = at.apply(plan)
    assert at.outcomes(report) == {ONE.name: "proven", "cp-1": "refused"}
    assert report.exit_code() is ExitCode.REFUSED
    assert at.applies("10.5.0.2") == []


def test_what_the_node_itself_would_not_take_is_refused_with_its_words(tmp_path: Path) -> None:
    """Asked by a dry run while planning; the next node is asked all the same."""
    at = bench(tmp_path, ONE, OLD)
    plan = at.plan(changes=[Broken()])
    assert [[refusal.code for refusal in node.refusals] for node in plan.nodes] == [["refused-by-node"], ["refused-by-node"]]
    assert "unknown keys" in plan.nodes[0].refusals[0].sentence
    assert set(at.applies()) == {"dry TRY"}


def test_a_dead_node_is_a_row_and_blocks_nobody(tmp_path: Path) -> None:
    """Trials go ahead; a reboot does not, since one is down already."""
    at = bench(tmp_path, ONE, replace(TWO, down=True), OLD)
    plan = at.plan()
    assert plan.node(TWO.address).error
    assert [refusal.code for refusal in plan.node(OLD.address).refusals] == ["unavailable-budget"]
    report = at.apply(plan)
    assert at.outcomes(report) == {"w-1": "proven", "w-2": "failed", "w-old": "refused"}
    more = replace(plan, options=replace(OPTIONS, max_unavailable=2))
    assert at.outcomes(at.apply(more))["w-old"] == "proven"


def test_what_changed_between_plan_and_apply_is_refused(tmp_path: Path) -> None:
    """Somebody else's apply in between: theirs stays, and the next node goes on."""
    at = bench(tmp_path, ONE, TWO)
    plan = at.plan()
    theirs = at.plan(changes=[OTHER_PORT]).node(ONE.address).after
    run(at.client.apply_configuration(ONE.address, theirs, mode=ApplyMode.NO_REBOOT))
    report = at.apply(plan)
    assert at.outcomes(report) == {"w-1": "refused", "w-2": "proven"}
    assert "out of date" in report.nodes[0].reason
    assert at.has(ONE.address) == (theirs, theirs)
    assert report.exit_code() == 5


def test_a_plan_for_looking_only_reads_little_and_cannot_be_applied(tmp_path: Path) -> None:
    """Three calls a node."""
    at = bench(tmp_path, ONE, TWO)
    plan = at.plan(thorough=False)
    assert plan.has_differences
    assert len(at.sent) == 6
    assert {node.outcome for node in at.apply(plan).nodes} == {Outcome.REFUSED}
    assert at.applies() == []


def test_every_call_names_one_node_has_a_deadline_and_every_apply_a_mode(tmp_path: Path) -> None:
    """Over a whole rollout with a take-back in it."""
    at = bench(tmp_path, OLD, ONE, replace(TWO, faults=NodeFaults(failing_cri=True)))
    at.apply(at.plan())
    addresses = {node.address for node in at.spec.nodes}
    for sent in at.sent:
        assert sent.node in addresses
        assert 0 < sent.timeout <= 120
        if sent.method == "ApplyConfiguration":
            assert sent.request.mode != 0
            assert not sent.request.dry_run or sent.request.mode == ApplyMode.TRY


def test_no_secret_is_in_a_report_a_plan_or_the_journal(tmp_path: Path) -> None:
    """The machine's token, planted in the configuration, stands in none of them in clear."""
    token = "zxcvbn.0123456789abcdef"
    plain = bench(tmp_path / "plain", ONE)
    config = plain.has(ONE.address)[0].decode()
    import re

    config = re.sub(r"token: \S+", f"token: {token}", config)
    assert token in config
    at = bench(tmp_path, replace(ONE, config=config), replace(OLD, config=config))
    plan = at.plan()
    report = at.apply(plan)
    assert report.ok, report
    texts = [repr(plan), json.dumps(plan.to_dict()), plan.diff(), repr(report), json.dumps(report.to_dict()), repr(at.seen)]
    texts += [json.dumps(show(at.store, "last").to_dict()), repr(at.store.read("last"))]
    texts += [path.read_text("latin-1") for path in tmp_path.rglob("*.jsonl")]
    for text in texts:
        assert token not in text


def test_an_undo_gives_back_the_exact_bytes_by_the_same_way(tmp_path: Path) -> None:
    """Trial, proof, commit; reboot on 1.13; then an undo of it finds nothing to do."""
    at = bench(tmp_path, ONE, OLD)
    plan = at.plan()
    at.apply(plan).raise_on_failure()
    at.sent.clear()
    back = at.plan_undo()
    assert [node.strategy for node in back.nodes] == [Strategy.TRY, Strategy.REBOOT]
    report = at.apply(back, kind="undo", of="x")
    report.raise_on_failure()
    assert all(at.has(node.node) == (node.before, node.before) for node in plan.nodes)
    assert "listener" in {item.what for item in report.nodes[0].proof}
    first = history(at.store)[-1].id
    assert at.plan_undo(first).counts["unchanged"] == 2


def test_an_undo_is_refused_where_the_node_was_changed_since(tmp_path: Path) -> None:
    """With the difference; the other node goes back."""
    at = bench(tmp_path, ONE, TWO)
    at.apply(at.plan()).raise_on_failure()
    theirs = at.plan(changes=[OTHER_PORT]).node(ONE.address).after
    run(at.client.apply_configuration(ONE.address, theirs, mode=ApplyMode.NO_REBOOT))
    back = at.plan_undo()
    (refusal,) = back.node(ONE.address).refusals
    assert refusal.code == "changed-since"
    assert "11999" in refusal.detail
    report = at.apply(back)
    assert at.outcomes(report) == {"w-1": "refused", "w-2": "proven"}


def test_an_undo_is_refused_where_an_older_talos_could_not_read_the_former_text(tmp_path: Path) -> None:
    """A document of 1.14 on a node that was rolled back to 1.13 would keep it from booting."""
    config = bench(tmp_path / "plain", ONE).has(ONE.address)[0].decode().rstrip("\n") + "\n" + DOCUMENT
    at = bench(tmp_path, replace(ONE, config=config))
    plan = at.plan(changes=[OTHER_PORT])
    at.apply(plan).raise_on_failure()
    facts = plan.nodes[0].facts
    assert facts is not None
    rolled_back = replace(ONE, talos="v1.13.9", config=plan.nodes[0].after.decode(), uuid=facts.machine_uuid)
    back = Bench(spec_of(rolled_back), tmp_path).plan_undo()
    assert [refusal.code for refusal in back.nodes[0].refusals] == ["version-cannot-carry"]


def test_an_undo_is_refused_on_another_machine(tmp_path: Path) -> None:
    """The same address and name, another UUID."""
    at = bench(tmp_path, ONE)
    plan = at.plan()
    at.apply(plan).raise_on_failure()
    replaced = replace(ONE, config=plan.nodes[0].after.decode(), uuid="11111111-2222-3333-4444-555555555555")
    back = Bench(spec_of(replaced), tmp_path).plan_undo()
    assert [refusal.code for refusal in back.nodes[0].refusals] == ["other-machine"]


def test_a_resume_belongs_to_its_cluster(tmp_path: Path) -> None:
    """Another context is refused before anything is read."""
    at = bench(tmp_path, ONE)
    at.apply(at.plan())
    from talospatch.rollout.resume import resume

    at.sent.clear()
    with pytest.raises(RefusedError, match="made for 'sim'"):
        run(resume(at.client, at.store, "last", scope="another", clock=at.clock))
    assert at.sent == []


def test_a_stopped_rollout_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """The failing canary is repaired; a resume changes it and the rest, and keeps what had ended well."""
    at = bench(tmp_path, ONE, TWO, THREE)
    plan = at.plan()
    count = iter(range(10))
    report = at.apply(plan, should_stop=lambda: next(count) >= 1)
    assert at.outcomes(report) == {"w-1": "proven", "w-2": "not-attempted", "w-3": "not-attempted"}
    at.sent.clear()
    again = at.resume()
    assert again.ok, again
    assert at.applies("10.5.0.3") == []
    assert at.applies() == ["TRY", "NO_REBOOT"] * 2
    assert history(at.store)[0].state == "ended"


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.RESET_BEFORE, FaultKind.SILENCE, FaultKind.UNREACHABLE])
@pytest.mark.parametrize("worker", [ONE, OLD], ids=["trial", "reboot"])
@pytest.mark.parametrize("first", [2, 3])
def test_a_call_that_fails_leaves_a_node_whose_state_is_told_truly(tmp_path: Path, kind: FaultKind, worker: NodeSpec, first: int) -> None:
    """The second or third apply request is lost, unanswered, or never arrives (the first is the plan's dry run)."""
    faults = NetworkFaults.of(Fault(kind, method="ApplyConfiguration", first=first, times=1))
    at = bench(tmp_path, worker, faults=faults)
    plan = at.plan()
    report = at.apply(plan)
    node, ended = plan.nodes[0], report.nodes[0]
    at.time.advance(120)
    has = at.has(worker.address)
    assert has in {(node.before, node.before), (node.after, node.after)}, ended
    if ended.ok:
        assert has == (node.after, node.after)
    else:
        assert has == (node.before, node.before), ended
    assert at.resume().ok
    assert at.has(worker.address) == (node.after, node.after)


def test_a_cancelled_rollout_is_journalled_and_can_be_gone_on_with(tmp_path: Path) -> None:
    """Ctrl-C in an asyncio program is a cancellation."""
    at = bench(tmp_path, ONE, TWO)
    plan = at.plan()

    async def cancelled() -> None:
        task = asyncio.ensure_future(execute(at.client, plan, at.store, scope="sim", clock=at.clock, watch=at.seen.append))
        while not any(progress.detail == "waiting for proof" for progress in at.seen):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(cancelled())
    entries = [entry.event for entry in at.store.read("last").entries]
    assert entries == ["begin", "intend", "interrupted"]
    assert show(at.store, "last").report.exit_code() == 130
    assert at.resume().ok


def test_a_rollout_without_a_place_for_its_journal_touches_nothing(tmp_path: Path) -> None:
    """The state directory cannot be made."""
    at = bench(tmp_path, ONE)
    plan = at.plan()
    (tmp_path / ".local").write_text("a file where a directory should be")
    with pytest.raises(JournalError):
        at.apply(plan)
    assert at.applies() == ["dry TRY"]


def test_a_second_rollout_at_the_same_time_is_told(tmp_path: Path) -> None:
    """On the same cluster and machine; nothing is sent."""
    at = bench(tmp_path, ONE)
    plan = at.plan()
    with at.store.lock("sim"), pytest.raises(JournalError, match="another rollout on sim"):
        at.apply(plan)
    assert at.applies() == ["dry TRY"]


def test_a_thousand_alike_nodes_share_the_work(tmp_path: Path) -> None:
    """Here forty: one difference, one group."""
    workers = [NodeSpec(f"w-{number}", f"10.6.0.{number}", config=None) for number in range(1, 41)]
    at = Bench(ClusterSpec(nodes=(NodeSpec("cp-1", "10.5.0.2", "controlplane"), *workers)), tmp_path)
    plan = at.plan(replace(OPTIONS, server_check=False), thorough=False)
    assert len(plan.groups) == 1
    assert len(plan.to_do) == 40
    assert at.applies() == []


def test_no_change_given_is_an_error_of_the_user(tmp_path: Path) -> None:
    """Before any node is asked."""
    at = bench(tmp_path, ONE)
    with pytest.raises(InputError, match="no change"):
        at.plan(changes=[])
    assert at.sent == []


def test_a_target_named_twice_is_changed_once(tmp_path: Path) -> None:
    """By its UUID."""
    at = bench(tmp_path, ONE)
    rows = [*at.rows(), Row(ONE.name, "", MachineType.WORKER)]
    plan = at.plan(rows=rows)
    assert sorted(tuple(refusal.code for refusal in node.refusals) for node in plan.nodes) == [(), ("same-machine",)]
    assert METRICS.name == plan.changes[0]
