"""Plans: made from observed nodes by the rules, grouped, ordered, saved, and without a secret in anything they show."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from talospatch.machineconfig.config import MachineConfig
from talospatch.patching.change import Change
from talospatch.planning.draft import Drafts
from talospatch.planning.effects import Effect
from talospatch.planning.facts import NodeFacts
from talospatch.planning.fragments import proof_of
from talospatch.planning.order import natural, safe_order
from talospatch.planning.plan import Diverged, NodePlan, Options, Plan, Strategy
from talospatch.talos.machine_type import MachineType
from talospatch.talos.node import Listener, MachineStatus
from talospatch.talos.resources import StoredConfig
from talospatch.versions import TalosVersion

TOKEN = "zxcvbn.0123456789abcdef"
CONFIG = f"version: v1alpha1\nmachine:\n  type: worker\n  token: {TOKEN}\ncluster: {{}}\n"
DEBUG_ENTRY = """\
  files:
    - path: /etc/cri/conf.d/20-customization.part
      op: create
      content: |
        [debug]
          level = "info"
"""
METRICS = Change.parse('[metrics]\n  address = "0.0.0.0:11234"\n', source="containerd-metrics.toml")
OMNI = CONFIG + "---\napiVersion: v1alpha1\nkind: SideroLinkConfig\napiUrl: grpc://omni.example\n"


def facts(node: str = "10.0.0.5", *, talos: str = "v1.14.0", config: str = CONFIG, **others: object) -> NodeFacts:
    stored = StoredConfig(config.encode(), "1")
    values: dict[str, object] = {
        "hostname": f"worker-{node.rpartition('.')[2]}",
        "machine_type": MachineType.WORKER,
        "machine_uuid": f"u-{node}",
        "boot_id": f"b-{node}",
        "status": MachineStatus("running", True),
        "active": stored,
        "persistent": stored,
        "listeners": (),
    }
    return NodeFacts(node=node, talos=talos, **(values | others))  # type: ignore[arg-type]


def draft(*observed: NodeFacts, options: Options | None = None, older: bool = False) -> list[NodePlan]:
    drafts = Drafts([METRICS], options or Options(), fleet_has_older=older)
    return [drafts.node(one) for one in observed]


def plan(*nodes: NodePlan) -> Plan:
    return Plan(nodes=safe_order(nodes), changes=("containerd-metrics",), created_at=1.0)


def test_a_live_node_gets_a_trial_and_an_old_one_needs_a_drain() -> None:
    """The same change, by version."""
    new, old = draft(facts(), facts("10.0.0.6", talos="v1.13.4"))
    assert (new.strategy, new.effect, new.carrier) == (Strategy.TRY, Effect.CRI_RESTART, "own-document")
    assert new.may_go_ahead
    assert (old.strategy, old.effect, old.carrier) == (Strategy.REBOOT, Effect.REBOOT, "new-entry")
    assert [refusal.code for refusal in old.refusals] == ["needs-drain"]


def test_a_node_that_has_it_already_has_nothing_to_do_and_still_a_proof() -> None:
    """Equal configuration: no apply; what must be seen is known all the same."""
    (first,) = draft(facts())
    (again,) = draft(facts(config=first.after.decode()))
    assert not again.changes
    assert again.strategy is Strategy.NOTHING
    assert again.proof is not None
    assert again.proof.metrics_address == "0.0.0.0:11234"


def test_another_process_on_the_port_refuses_the_node() -> None:
    """containerd would not start; its own listener is no obstacle."""
    (taken,) = draft(facts(listeners=(Listener("tcp", "0.0.0.0", 11234, "LISTEN", "nginx"),)))
    assert [refusal.code for refusal in taken.refusals] == ["metrics-port-in-use"]


def test_a_configuration_managed_elsewhere_is_refused() -> None:
    """A SideroLinkConfig document says so."""
    (managed,) = draft(facts(config=OMNI))
    assert [refusal.code for refusal in managed.refusals] == ["managed"]


def test_a_diverged_node_is_built_on_what_the_user_says() -> None:
    """Refused by default."""
    other = StoredConfig(CONFIG.replace("cluster: {}", "cluster: {clusterName: x}").encode(), "2")
    (refused,) = draft(facts(persistent=other))
    assert [refusal.code for refusal in refused.refusals] == ["diverged"]
    (active,) = draft(facts(persistent=other), options=Options(diverged=Diverged.ACTIVE))
    assert active.before == CONFIG.encode()
    (persistent,) = draft(facts(persistent=other), options=Options(diverged=Diverged.PERSISTENT))
    assert b"clusterName: x" in persistent.after


def test_a_change_that_only_one_of_two_configurations_has_is_not_called_done() -> None:
    """Refused; told to build on the one that has it, the other becomes that, also where nothing else would change."""
    (done,) = draft(facts())
    with_it = StoredConfig(done.after, "2")
    for observed in (facts(active=with_it), facts(persistent=with_it)):
        (refused,) = draft(observed)
        assert [refusal.code for refusal in refused.refusals] == ["diverged"]
    (kept,) = draft(facts(active=with_it), options=Options(diverged=Diverged.ACTIVE))
    assert (kept.to_do, kept.before, kept.after, kept.effect) == (True, CONFIG.encode(), done.after, Effect.LIVE)
    (stored,) = draft(facts(persistent=with_it), options=Options(diverged=Diverged.PERSISTENT))
    assert (stored.to_do, stored.before, stored.after, stored.effect) == (True, CONFIG.encode(), done.after, Effect.CRI_RESTART)
    (broken,) = draft(facts(active=with_it, persistent=StoredConfig(b"a: [", "1")), options=Options(diverged=Diverged.ACTIVE))
    assert [refusal.code for refusal in broken.refusals] == ["change"]


def test_what_is_staged_for_a_reboot_is_not_applied_again() -> None:
    """Up to 1.13 the same text once more would be a reboot that could not be taken back."""
    options = Options(no_drain=True, diverged=Diverged.PERSISTENT)
    (wanted,) = draft(facts(talos="v1.13.4"), options=options)
    (staged,) = draft(facts(talos="v1.13.4", persistent=StoredConfig(wanted.after, "2")), options=options)
    assert [refusal.code for refusal in staged.refusals] == ["staged"]


def test_a_broken_configuration_is_that_node_s_matter_alone() -> None:
    """A refusal with the reason; the other node goes ahead."""
    broken, good = draft(facts(config="a: [\n"), facts("10.0.0.6"))
    assert broken.refusals
    assert good.may_go_ahead


def test_a_node_too_old_to_write_is_inspected_only() -> None:
    """And its difference is not made."""
    (old,) = draft(facts(talos="v1.9.5"))
    assert [refusal.code for refusal in old.refusals] == ["inspect-only"]
    assert not old.changes


def test_a_configuration_that_makes_a_control_plane_outweighs_the_inventory() -> None:
    """Known as a worker, configured as a control plane: refused as what it is."""
    config = CONFIG.replace("type: worker", "type: controlplane")
    (refused,) = draft(facts(config=config))
    assert [refusal.code for refusal in refused.refusals] == ["control-plane"]
    assert refused.machine_type is MachineType.CONTROL_PLANE


def test_a_node_that_nobody_knows_is_what_its_configuration_makes_of_it() -> None:
    """Discovery may be off and the node without a MachineType; where the configuration does not say either, it is refused."""
    (worker,) = draft(facts(machine_type=MachineType.UNKNOWN, unread={"machine_type": "not found"}))
    assert (worker.machine_type, worker.to_do) == (MachineType.WORKER, True)
    (unknown,) = draft(facts(machine_type=MachineType.UNKNOWN, config=CONFIG.replace("  type: worker\n", "")))
    assert [refusal.code for refusal in unknown.refusals] == ["unknown-role"]


def test_alike_nodes_share_the_work() -> None:
    """One difference object for a thousand alike configurations."""
    one, two = draft(facts(), facts("10.0.0.6"))
    assert one.difference is two.difference


def test_the_canary_is_the_mildest_change_that_most_nodes_share() -> None:
    """To-do before done, done before refused; natural order among equals."""
    options = Options(no_drain=True)
    entry = CONFIG.replace("cluster:", DEBUG_ENTRY + "cluster:")
    nodes = draft(
        facts("10.0.0.1", machine_type=MachineType.CONTROL_PLANE),
        facts("10.0.0.2", talos="v1.13.4"),
        facts("10.0.0.3", config=entry),
        facts("10.0.0.10"),
        facts("10.0.0.9"),
        options=options,
    )
    (done,) = draft(facts("10.0.0.4", config=nodes[3].after.decode()))
    failed = NodePlan(node="10.0.0.8", error="no answer")
    ordered = safe_order([failed, done, *nodes])
    assert [node.node.rpartition(".")[2] for node in ordered] == ["9", "10", "3", "2", "4", "1", "8"]
    assert ordered == safe_order(list(reversed([failed, done, *nodes])))


def test_names_sort_as_people_count() -> None:
    """worker-2 before worker-10."""
    assert sorted(["w-10", "w-2", "10.0.0.10", "10.0.0.9"], key=natural) == ["10.0.0.9", "10.0.0.10", "w-2", "w-10"]


def test_identical_differences_are_one_group() -> None:
    """With the nodes they are for."""
    made = plan(*draft(facts(), facts("10.0.0.6"), facts("10.0.0.7", talos="v1.13.4")))
    assert [group.names for group in made.groups] == [("worker-5", "worker-6"), ("worker-7",)]
    assert made.counts == {"to do": 2, "unchanged": 0, "refused": 1, "failed": 0}
    assert made.diff().count("+++ after") == 2
    assert made.has_differences


def test_no_secret_is_in_anything_that_a_plan_shows() -> None:
    """repr, plain values, difference; the whole plan has them, in base64, only when asked for."""
    made = plan(
        *draft(facts(), facts("10.0.0.6", talos="v1.13.4"), facts("10.0.0.7", config=CONFIG.replace("{}", "{token: " + TOKEN + "}")))
    )
    for text in (repr(made), json.dumps(made.to_dict()), made.diff(), str(made.groups)):
        assert TOKEN not in text
        assert "enhjdmJu" not in text


def test_a_whole_plan_survives_being_saved() -> None:
    """What a resumed rollout reads is what was planned."""
    (refused,) = draft(facts("10.0.0.6", talos="v1.13.4"))
    made = plan(*draft(facts()), refused, NodePlan(node="10.0.0.8", error="no answer"))
    read = Plan.from_dict(json.loads(json.dumps(made.to_dict(secrets=True))))
    assert read.to_dict() == made.to_dict()
    assert made.to_dict(shared=True) == made.to_dict()
    assert [(node.before, node.after, node.proof) for node in read.nodes] == [(node.before, node.after, node.proof) for node in made.nodes]
    first = read.node("10.0.0.5").facts
    assert first is not None
    assert first.active == StoredConfig(CONFIG.encode(), "1")
    with pytest.raises(ValueError, match="not a whole plan"):
        Plan.from_dict(made.to_dict())
    with pytest.raises(ValueError, match="schema"):
        Plan.from_dict({"schema": 9})


@pytest.mark.parametrize(("talos", "forms"), [("v1.13.4", ["TABLE"]), ("v1.14.0", ["PLUGIN", "TABLE"]), ("v1.15.0", ["PLUGIN"])])
def test_a_saved_proof_knows_which_settings_the_node_obeys(talos: str, forms: list[str]) -> None:
    """Else a resumed rollout would take ``[metrics]`` for served on 1.15, and the plugin's table on 1.13."""
    (made,) = draft(facts(talos=talos), options=Options(no_drain=True))
    read = NodePlan.from_dict(json.loads(json.dumps(made.to_dict(secrets=True))))
    assert read.proof == made.proof
    assert read.proof is not None
    assert [form.name for form in read.proof.forms] == forms
    version = TalosVersion.parse(talos)
    back = proof_of(MachineConfig.parse(made.after.decode()), MachineConfig.parse(CONFIG), version)
    assert back is not None
    assert back.forms == read.proof.forms


@pytest.mark.parametrize("talos", ["1.13", "1.14"])
def test_going_back_is_proven_by_what_must_be_gone(talos: str) -> None:
    """The part that the change added, and the listener."""
    version = TalosVersion.parse(talos)
    before = MachineConfig.parse(CONFIG)
    after = before.patch([METRICS], talos=version).config
    forward, back = proof_of(before, after, version), proof_of(after, before, version)
    assert forward is not None
    assert back is not None
    assert forward.metrics_address == "0.0.0.0:11234"
    assert back.metrics_address is None
    assert back.about_metrics
    assert [part.content for part in back.parts] == [None]
    assert proof_of(before, before, version) is None


def test_options_survive_being_saved() -> None:
    """As part of a plan."""
    options = Options(no_drain=True, diverged=Diverged.ACTIVE, try_window=300)
    assert Options.from_dict(json.loads(json.dumps(options.to_dict()))) == options
    assert replace(options, no_drain=False) != options
