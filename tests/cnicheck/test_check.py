"""The check across nodes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from random import Random

import pytest
from cni_scripted import BOOT, CONFLISTS, FLANNEL, RESULTS, SANDBOXES, ScriptedClient, ScriptedNode

from talospatch.cni.damage import Damage
from talospatch.cni.rules import Verdict
from talospatch.cnicheck.check import check
from talospatch.cnicheck.options import CheckOptions, NodeToCheck
from talospatch.cnicheck.report import CniReport, NodeCni
from talospatch.errors import InputError, NodeError, NodeTimeout, NodeUnavailable, NotAuthorized

SAMPLES = Path(__file__).parent.parent / "samples" / "cni-cache"
GOOD = (SAMPLES / "1.0.0-flannel__cbr0-a1a1a1a1-eth0").read_bytes()
LO = (SAMPLES / "1.0.0-flannel__cni-loopback-a1a1a1a1-lo").read_bytes()
HALF = GOOD[: len(GOOD) // 2]
RUNNING, STOPPED, GONE = "a1" * 32, "b2" * 32, "c3" * 32
NOW = BOOT + 100_000


def sandbox_id(number: int) -> str:
    return f"{number:064x}"


def eth0(sandbox: str) -> str:
    return f"cbr0-{sandbox}-eth0"


def lo(sandbox: str) -> str:
    return f"cni-loopback-{sandbox}-lo"


def options(**changes: object) -> CheckOptions:
    return CheckOptions(now=lambda: NOW, **changes)  # type: ignore[arg-type]


def run(client: ScriptedClient, chosen: CheckOptions | None = None, *, rows: list[NodeToCheck] | None = None) -> CniReport:
    rows = rows if rows is not None else [NodeToCheck(address) for address in client.nodes]
    return asyncio.run(check(client, rows, chosen or options()))


def only(node: ScriptedNode, chosen: CheckOptions | None = None, *, admin: bool = True) -> NodeCni:
    (found,) = run(ScriptedClient({"10.0.0.1": node}, admin=admin), chosen).nodes
    return found


def verdicts(node: NodeCni) -> dict[str, str]:
    return {judged.file.name: judged.code for judged in node.files}


def broken(talos: str) -> ScriptedNode:
    """A node after a power cut: one pod runs, one is stuck, one is gone; each with an empty file."""
    return ScriptedNode(
        talos=talos,
        files={eth0(RUNNING): b"", lo(RUNNING): LO, eth0(STOPPED): b"", eth0(GONE): b"", eth0("d4" * 32): GOOD},
        known=[RUNNING, STOPPED, "d4" * 32],
        ready=[RUNNING, "d4" * 32],
    )


def test_on_talos_1_7_an_empty_file_is_fatal() -> None:
    """There the API does not tell which sandboxes run, and these files are of this boot."""
    found = only(broken("v1.7.4"))
    assert verdicts(found) == {eth0(RUNNING): "stop-fails-or-will", eth0(STOPPED): "stop-fails-or-will", eth0(GONE): "orphan-damaged"}
    assert found.verdict is Verdict.FATAL
    assert found.state.conflist is not None
    assert found.state.conflist.file == "10-flannel.conflist"


def test_on_talos_1_7_a_file_of_an_earlier_boot_is_of_a_stopped_pod() -> None:
    """The reboot ended every sandbox."""
    node = broken("v1.7.4")
    node.modified = BOOT - 1000
    assert verdicts(only(node))[eth0(STOPPED)] == "stop-fails"


@pytest.mark.parametrize("talos", ["v1.9.0", "v1.12.0", "v1.13.9", "v1.14.0-rc.1"])
def test_on_a_newer_talos_the_same_files_heal(talos: str) -> None:
    """Nothing for anybody to do."""
    found = only(broken(talos))
    assert verdicts(found) == {eth0(RUNNING): "heals", eth0(STOPPED): "heals", eth0(GONE): "orphan-damaged"}
    assert found.counts == {Verdict.HEALS: 2, Verdict.ORPHAN: 1, Verdict.HEALTHY: 2}


@pytest.mark.parametrize("seed", range(60))
def test_files_that_are_like_many_others_are_counted_as_judging_each_would(seed: int) -> None:
    """Whatever else is on the node: sandboxes that run or not, in the host's network or not, networks in force or not."""
    random = Random(seed)
    names = [sandbox_id(number) for number in range(12)]
    ready = random.sample(names, random.randrange(12))
    node = ScriptedNode(
        talos=random.choice(["v1.8.3", "v1.9.0", "v1.13.9"]),
        files={name(each): random.choice([GOOD, GOOD, GOOD, HALF]) for each in names for name in (eth0, lo)} | {eth0(names[0]): b""},
        known=[*names[: random.randrange(6, 13)], *ready],
        ready=ready,
        networks={each: "/run/netns/x" for each in ready if random.random() < 0.8},
        conflists=random.choice([{"10-a.conflist": FLANNEL}, {"a.conflist": FLANNEL.replace(b"cbr0", b"other")}, {}, None]),
    )
    quick, each = only(node), only(node, options(addresses=True))
    assert (quick.counts, quick.codes, quick.files) == (each.counts, each.codes, each.files)
    assert [story.sandbox for story in quick.stories] == [story.sandbox for story in each.stories]


def test_a_healthy_node_costs_two_lists() -> None:
    """What runs and what is in force decide about odd files only."""
    files = {name(sandbox_id(i)): content for i in range(20) for name, content in ((eth0, GOOD), (lo, LO))}
    client = ScriptedClient({"n": ScriptedNode(talos="v1.13.0", files=files, known=[sandbox_id(i) for i in range(20)])})
    (found,) = run(client, rows=[NodeToCheck("n", talos="v1.13.0")]).nodes
    assert (found.verdict, found.total) == (Verdict.HEALTHY, 40)
    assert dict(client.calls) == {("n", f"List {RESULTS}"): 1, ("n", f"List {SANDBOXES}"): 1}


def test_the_version_is_asked_where_the_inventory_does_not_know_it() -> None:
    """And only there."""
    client = ScriptedClient({"n": ScriptedNode(talos="v1.13.0")})
    (found,) = run(client).nodes
    assert (found.talos, client.calls["n", "Version"]) == ("v1.13.0", 1)


def test_with_os_admin_damage_inside_a_file_is_found_where_it_matters() -> None:
    """On 1.7 every file is read, by one Copy; those of the loopback are not worth it."""
    files = {eth0(sandbox_id(i)): GOOD for i in range(20)} | {lo(sandbox_id(i)): LO for i in range(20)} | {eth0(STOPPED): HALF}
    client = ScriptedClient({"n": ScriptedNode(files=files, known=[*map(sandbox_id, range(20)), STOPPED], modified=BOOT - 1000)})
    (found,) = run(client).nodes
    assert verdicts(found) == {eth0(STOPPED): "stop-fails"}
    assert found.files[0].inspection.damage is Damage.TRUNCATED
    assert (found.unread, client.calls["n", "Copy"], client.calls["n", "Read"]) == (0, 1, 1)  # the Read is of the conflist


def test_few_files_are_read_one_by_one() -> None:
    """A Copy of everything is not worth it then."""
    client = ScriptedClient({"n": ScriptedNode(files={eth0(STOPPED): HALF, eth0(RUNNING): GOOD}, known=[STOPPED, RUNNING])})
    (found,) = run(client).nodes
    assert found.verdict is Verdict.FATAL
    assert (client.calls["n", "Copy"], client.calls["n", "Read"]) == (0, 3)


def test_with_os_reader_sizes_are_judged_and_contents_are_unknown() -> None:
    """The empty file is found all the same; what that role may not see is said."""
    found = only(broken("v1.7.4"), admin=False)
    assert verdicts(found)[eth0(STOPPED)] == "stop-fails-or-will"
    assert found.files[0].assumed
    assert found.unread == 1
    assert "CNI configuration: unknown (needs os:admin)" in found.notes
    assert "contents: unknown (needs os:admin)" in found.notes


def test_no_read_is_tried_where_the_role_is_known_not_to_allow_it() -> None:
    """The caller knows the role from its certificate."""
    client = ScriptedClient({"n": broken("v1.7.4")}, admin=False)
    (found,) = run(client, options(may_read=False)).nodes
    assert not any(call in ("Read", "Copy", f"List {CONFLISTS}") for _, call in client.calls)
    assert "contents: unknown (needs os:admin)" in found.notes


def test_a_short_file_is_read_where_it_does_no_harm_and_others_only_when_asked() -> None:
    """Less than 300 bytes cannot be a whole entry."""
    node = ScriptedNode(talos="v1.13.0", files={eth0(STOPPED): b"\0" * 299, eth0(RUNNING): HALF}, known=[STOPPED, RUNNING])
    assert {each.file.name: each.inspection.damage for each in only(node).files} == {eth0(STOPPED): Damage.NULS}
    assert verdicts(only(node, options(deep=True))) == {eth0(STOPPED): "heals", eth0(RUNNING): "heals"}


def test_a_node_without_pods_is_healthy() -> None:
    """libcni makes the directory with the first pod."""
    found = only(ScriptedNode(files=None, known=None, talos="v1.12.0"))
    assert (found.verdict, found.total, found.error) == (Verdict.HEALTHY, 0, "")


def test_a_network_in_force_that_never_reads_the_cache_makes_damage_harmless() -> None:
    """Cilium on Talos 1.7; the old flannel's files are residue."""
    node = ScriptedNode(
        files={f"cilium-{STOPPED}-eth0": b"", eth0(RUNNING): GOOD},
        known=[STOPPED, RUNNING],
        conflists={"05-cilium.conflist": b'{"name":"cilium","cniVersion":"0.3.1","plugins":[]}', "10-flannel.conflist.bak": b""},
    )
    assert verdicts(only(node)) == {f"cilium-{STOPPED}-eth0": "not-read-in-force", eth0(RUNNING): "other-network"}


@pytest.mark.parametrize("conflists", [None, {}, {"README": b""}])
def test_no_conflist_is_seen_as_such(conflists: dict[str, bytes] | None) -> None:
    """Nothing is assumed where it is known that there is none."""
    assert verdicts(only(ScriptedNode(files={eth0(STOPPED): b""}, known=[STOPPED], conflists=conflists))) == {eth0(STOPPED): "no-network"}


def test_a_broken_conflist_is_said_and_the_network_assumed() -> None:
    """The power cut may have emptied that as well."""
    found = only(ScriptedNode(files={eth0(STOPPED): b""}, known=[STOPPED], conflists={"10-flannel.conflist": b""}))
    assert "10-flannel.conflist is not a CNI configuration that containerd could load" in found.notes
    assert found.files[0].assumed


def test_what_cannot_be_seen_is_noted_and_the_rest_is_judged() -> None:
    """Containers, SystemStat and the sandboxes' directory each fail on their own."""
    node = broken("v1.13.0")
    failure = NodeTimeout("10.0.0.1", "x", "DEADLINE_EXCEEDED", "too slow")
    node.failures = {"Containers": failure, "SystemStat": failure, f"List {SANDBOXES}": failure}
    found = only(node)
    assert len(found.notes) == 3
    assert {judged.code for judged in found.files} == {"heals"}


def test_one_dead_node_does_not_block_the_others() -> None:
    """It is a row with its reason, and the exit code says that something was not seen."""
    dead = NodeUnavailable("n1", "List", "UNAVAILABLE", "connection refused")
    nodes = {
        "n1": ScriptedNode(failures={f"List {RESULTS}": dead, "Version": dead}),
        "n2": ScriptedNode(delay=30.0),
        "n3": broken("v1.7.4"),
        "n4": ScriptedNode(talos="v1.5.5"),
    }
    report = run(ScriptedClient(nodes), options(node_timeout=2.0, concurrency=4))
    assert [bool(node.error) for node in report.nodes] == [True, True, False, True]
    assert report.nodes[0].error == "n1: List: connection refused"
    assert report.nodes[1].error == "it did not answer everything within 2 s"
    assert "Talos v1.5.5 is older than 1.6, the first version that can be checked" in report.nodes[3].error
    assert "a copy of its directories can be (--copy)" in report.nodes[3].error
    assert report.exit_code("never") == 3


def test_a_node_that_the_inventory_could_not_see_is_not_asked() -> None:
    """Its reason is kept."""
    client = ScriptedClient({})
    (found,) = run(client, rows=[NodeToCheck("10.9.9.9", error="no answer")]).nodes
    assert (found.error, found.verdict) == ("no answer", Verdict.UNKNOWN)
    assert not client.calls


def test_nodes_keep_their_order_and_progress_sees_each() -> None:
    """However long each takes."""
    nodes = {f"n{i}": ScriptedNode(delay=0.002 * (5 - i)) for i in range(5)}
    seen: list[str] = []
    report = asyncio.run(
        check(
            ScriptedClient(nodes), [NodeToCheck(address) for address in nodes], options(), progress=lambda node: seen.append(node.address)
        )
    )
    assert [node.address for node in report.nodes] == list(nodes)
    assert sorted(seen) == sorted(nodes)


def test_only_so_many_nodes_are_asked_together() -> None:
    """Three calls a node at most."""
    client = ScriptedClient({f"n{i}": ScriptedNode(delay=0.001) for i in range(30)})
    run(client, options(concurrency=4))
    assert client.most_together <= 4 * 3


EXITS = [("fatal", 2), ("time-bomb", 2), ("unknown", 2), ("heals", 2), ("residue", 2), ("never", 0)]


@pytest.mark.parametrize(("level", "code"), EXITS)
def test_levels_decide_what_counts_for_a_fatal_file(level: str, code: int) -> None:
    """Fatal counts at every level but never."""
    assert run(ScriptedClient({"n": broken("v1.7.4")})).exit_code(level) == code


@pytest.mark.parametrize(("level", "code"), [("fatal", 0), ("time-bomb", 0), ("unknown", 0), ("heals", 2), ("residue", 2), ("never", 0)])
def test_what_heals_need_not_keep_a_job_red(level: str, code: int) -> None:
    """Only who asks for it is told."""
    report = run(ScriptedClient({"n": broken("v1.13.0")}))
    assert report.exit_code(level) == code
    assert report.problems(level) == (0 if not code else {"heals": 2, "residue": 3}[level])


def test_an_unknown_level_is_an_input_error() -> None:
    """With the levels there are."""
    with pytest.raises(InputError, match=r"--fail-on.*these are: fatal, time-bomb"):
        CniReport(()).exit_code("everything")


def test_the_report_is_plain_json_without_contents() -> None:
    """Nothing of what annotations or results hold beside the pod's name and addresses."""
    node = ScriptedNode(
        files={eth0(STOPPED): GOOD.replace(b'"capabilityArgs":{', b'"capabilityArgs":{"planted":"secret",') + b"x"}, known=[STOPPED]
    )
    report = run(ScriptedClient({"n": node}))
    data = json.loads(json.dumps(report.to_dict()))
    assert data["schema"] == 1
    (row,) = data["nodes"][0]["files"]
    assert row["pod"] is None  # the trailing byte makes it no JSON, and nothing is guessed from half a text
    assert (row["verdict"], row["damage"], row["sandbox"]) == ("fatal", "trailing-garbage", STOPPED)
    assert "planted" not in json.dumps(data) + repr(report)


def test_explain_is_reachable_from_the_report() -> None:
    """The node's state is kept with it."""
    (node,) = run(ScriptedClient({"n": broken("v1.7.4")})).nodes
    assert "which fails on a file that it cannot read" in node.explain(node.files[0])


@pytest.mark.parametrize(("files", "call"), [(1, "Read"), (20, "Copy")])
@pytest.mark.parametrize("error", [NodeTimeout, NotAuthorized])
def test_contents_that_do_not_come_are_unknown_and_the_reason_is_told(files: int, call: str, error: type[NodeError]) -> None:
    """One by one or by Copy; the empty file is judged all the same."""
    ids = [sandbox_id(number) for number in range(files)]
    node = ScriptedNode(
        files={**{eth0(each): GOOD for each in ids}, eth0(STOPPED): b""},
        known=[*ids, STOPPED],
        conflists=None if call == "Read" else {"10.conflist": b'{"name":"cbr0","cniVersion":"1.0.0","plugins":[]}'},
        failures={call: error("10.0.0.1", call, "X", "no")},
    )
    if call == "Read":
        node.failures[f"List {CONFLISTS}"] = NodeTimeout("10.0.0.1", "List", "DEADLINE_EXCEEDED", "too slow")
    found = only(node)
    assert (found.unread, verdicts(found)) == (files, {eth0(STOPPED): "stop-fails-or-will"})
    assert any("needs os:admin" in note if error is NotAuthorized else "not read: 10.0.0.1" in note for note in found.notes)
