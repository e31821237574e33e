"""The check with the logs of nodes, and with logs from elsewhere."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cni_scripted import BOOT, ScriptedClient, ScriptedNode

from talospatch.cni.logreport import LogReport, PodName
from talospatch.cni.logs import LogScan
from talospatch.cni.rules import Verdict
from talospatch.cni.selector import selector
from talospatch.cni.story import Source
from talospatch.cni.verdict import Liveness
from talospatch.cnicheck.check import check
from talospatch.cnicheck.options import CheckOptions, NodeToCheck
from talospatch.errors import NodeTimeout, NotAuthorized

if TYPE_CHECKING:
    from talospatch.cnicheck.report import CniReport
    from talospatch.talos.containers import Container

STOPPED, RUNNING, GONE = "b2" * 32, "a1" * 32, "c3" * 32
EMPTY = "decoding version from network config: unexpected end of JSON input"
ARGUMENTS = b'"cniArgs":[["K8S_POD_NAMESPACE","shop"],["K8S_POD_NAME","web-9"]]'
GOOD = b'{"kind":"cniCacheV1",%s,"result":{"cniVersion":"1.0.0"}}' % ARGUMENTS + b" " * 400
NOW = BOOT + 100_000
LOGS = ("Logs kubelet", "Logs cri")


def kubelet(sandbox: str = STOPPED, at: float = NOW - 30, reason: str = EMPTY) -> bytes:
    said = f'failed to destroy network for sandbox "{sandbox}": failed to get network "cbr0" cached result: {reason}'
    record = {"ts": at * 1000, "msg": "StopPodSandbox from runtime service failed", "podSandboxID": sandbox, "err": said}
    return json.dumps(record).encode() + b"\n"


def started(sandbox: str, pod: str) -> bytes:
    said = f'RunPodSandbox for &PodSandboxMetadata{{Name:{pod},Uid:u-1,Namespace:shop,Attempt:0,}} returns sandbox id "{sandbox}"'
    return json.dumps({"level": "info", "msg": said}).encode() + b"\n"


def eth0(sandbox: str) -> str:
    return f"cbr0-{sandbox}-eth0"


def options(**changes: object) -> CheckOptions:
    return replace(CheckOptions(now=lambda: NOW, ticks=lambda: 0.0), **changes)  # type: ignore[arg-type]


def run(nodes: dict[str, ScriptedNode], chosen: CheckOptions | None = None, *, admin: bool = True) -> tuple[CniReport, ScriptedClient]:
    client = ScriptedClient(nodes, admin=admin)
    rows = [NodeToCheck(address, talos=node.talos) for address, node in nodes.items()]
    return asyncio.run(check(client, rows, chosen or options())), client


def stuck(**changes: object) -> ScriptedNode:
    """A node with a stopped pod whose file is empty, and its logs."""
    node = ScriptedNode(
        files={eth0(STOPPED): b""},
        known=[STOPPED],
        modified=BOOT - 1000,
        service_logs={"kubelet": [kubelet(at=NOW - 90), kubelet(at=NOW - 30)], "cri": [started(STOPPED, "web-1")]},
    )
    return replace(node, **changes)  # type: ignore[arg-type]


def test_the_logs_of_a_stuck_node_tell_its_story() -> None:
    """Whose pod, how often, and that the words are the predicted ones."""
    report, _ = run({"n": stuck()})
    (node,) = report.nodes
    (story,) = node.stories
    assert (story.sandbox, story.code, story.pod, story.pod_source) == (STOPPED, "stop-fails", PodName("shop", "web-1", "u-1"), Source.LOG)
    assert story.log is not None
    assert (story.log.lines, story.still_fails, node.files[0].logged) == (2, True, True)
    assert report.told == ((node, story),)


@pytest.mark.parametrize(
    "node",
    [
        ScriptedNode(talos="v1.7.4", files={eth0(RUNNING): GOOD}, known=[RUNNING], ready=[RUNNING]),
        ScriptedNode(talos="v1.13.0", files={eth0(RUNNING): b""}, known=[RUNNING], ready=[RUNNING]),
        ScriptedNode(talos="v1.13.0", files={"foreign": b"", eth0(GONE): b""}, known=[]),
        stuck(modified=NOW - 10),
    ],
)
def test_logs_are_not_read_where_they_decide_nothing(node: ScriptedNode) -> None:
    """A node in order, one that will heal when its pod stops, one with residue, one whose file is just being written."""
    _, client = run({"n": node})
    assert not any(call in LOGS for _, call in client.calls)


def test_logs_are_not_read_when_that_is_switched_off() -> None:
    """What is predicted stands by itself."""
    report, client = run({"n": stuck()}, options(read_logs=False))
    assert report.nodes[0].verdict is Verdict.FATAL
    assert not any(call in LOGS for _, call in client.calls)


def test_with_os_reader_the_log_finds_what_the_size_does_not_show() -> None:
    """A file of an ordinary size, whose content that role may not read."""
    (node,) = run({"n": stuck(files={eth0(STOPPED): b"{" * 900})}, admin=False)[0].nodes
    (judged,) = node.files
    assert (judged.code, judged.error, judged.logged, judged.assumed) == ("stop-fails", EMPTY, True, False)
    assert node.unread == 0


def test_a_failure_that_is_over_changes_no_verdict() -> None:
    """The log's end is what counts."""
    later = json.dumps({"ts": NOW * 1000, "msg": "SyncLoop"}).encode() + b"\n"
    over = stuck(files={eth0(STOPPED): b"{" * 900}, service_logs={"kubelet": [kubelet(at=NOW - 5000), later]})
    (node,) = run({"n": over}, admin=False)[0].nodes
    assert (node.files, node.unread) == ((), 1)
    assert [story.code for story in node.stories] == ["content-unread"]


def test_an_old_multus_on_a_new_talos_is_found_in_the_log() -> None:
    """Its file is of a network that is not in force, and its libcni is its own."""
    conflists = {"00-multus.conf": b'{"name":"multus-cni-network","cniVersion":"1.0.0","type":"multus"}'}
    (node,) = run({"n": stuck(talos="v1.13.0", conflists=conflists)})[0].nodes
    assert [(judged.code, judged.verdict) for judged in node.files] == [("logged-elsewhere", Verdict.FATAL)]


def test_a_file_that_should_have_healed_and_did_not_is_found_in_the_log() -> None:
    """Its sandbox is stopped, so it should be gone: what the node says counts more than what its version lets expect."""
    (node,) = run({"n": stuck(talos="v1.13.0")})[0].nodes
    assert [(judged.code, judged.verdict, judged.error) for judged in node.files] == [("logged-elsewhere", Verdict.FATAL, EMPTY)]
    (quiet,) = run({"n": stuck(talos="v1.13.0", service_logs={})})[0].nodes
    assert [judged.verdict for judged in quiet.files] == [Verdict.HEALS]


def test_a_sandbox_that_only_the_log_tells_of_has_a_story() -> None:
    """Its file was removed a moment ago; it counts as what heals."""
    other = "d4" * 32
    (node,) = run({"n": stuck(known=[STOPPED, other], service_logs={"kubelet": [kubelet(), kubelet(other)]})})[0].nodes
    assert {story.sandbox: story.code for story in node.stories} == {STOPPED: "stop-fails", other: "logged-and-removed"}
    assert node.beyond_files == (Verdict.HEALS,)


@pytest.mark.parametrize("error", [NodeTimeout, NotAuthorized])
def test_a_log_that_does_not_come_is_said(error: type[NodeTimeout]) -> None:
    """And costs nothing else."""
    failures = dict.fromkeys(LOGS, error("n", "Logs", "X", "no"))
    (node,) = run({"n": stuck(failures=failures)})[0].nodes
    assert node.verdict is Verdict.FATAL
    assert [note for note in node.notes if "log" in note] == [f"the log of {name} was not read: n: Logs: no" for name in ("kubelet", "cri")]


def test_an_endless_log_is_read_up_to_a_bound() -> None:
    """A node that sends gigabytes gets no more of our time."""
    endless = [kubelet(at=NOW - 30)] + [b"x" * 1000] * 5000
    (node,) = run({"n": stuck(service_logs={"kubelet": endless})}, options(most_log_bytes=1 << 20))[0].nodes
    assert "the log of kubelet is longer than 1 MiB: its end was not read" in node.notes
    assert node.stories[0].log is not None


def test_a_log_that_does_not_end_is_cut_off_in_time() -> None:
    """What came until then counts; the node's other answers too."""

    class Endless(ScriptedClient):
        async def logs(self, node: str, service_id: str, *, tail_lines: int = -1):  # type: ignore[no-untyped-def]
            yield kubelet()
            await asyncio.sleep(3600)

    report = asyncio.run(check(Endless({"n": stuck()}), [NodeToCheck("n")], options(log_timeout=0.05)))
    (node,) = report.nodes
    assert not node.error
    assert [note for note in node.notes if "log of" in note] == [
        f"the log of {name} did not come within 0.05 s: its end was not read" for name in ("kubelet", "cri")
    ]
    assert node.stories[0].still_fails


def from_elsewhere(*lines: bytes, node: str = "") -> LogReport:
    scan = LogScan(now=NOW)
    for line in lines:
        scan.entry(line.strip(), node=node)
    return scan.report()


def test_logs_from_elsewhere_are_joined_with_the_node_that_has_the_sandbox() -> None:
    """By the sandbox's ID, which no two nodes share; what is on no node is told by itself."""
    logs = from_elsewhere(kubelet(), kubelet(GONE))
    healthy = ScriptedNode(talos="v1.13.0", files={eth0(RUNNING): GOOD}, known=[RUNNING])
    report, client = run({"a": healthy, "b": stuck(service_logs={})}, options(logs=logs))
    assert [story.sandbox for story in report.nodes[1].stories] == [STOPPED]
    assert [(story.sandbox, story.code) for story in report.unplaced] == [(GONE, "logged")]
    assert report.problems() == 2
    assert not any(call in LOGS for address, call in client.calls if address == "a")


def test_a_log_that_names_its_node_is_placed_there() -> None:
    """Though the sandbox is gone by now."""
    logs = from_elsewhere(kubelet(GONE), node="worker-1")
    client = ScriptedClient({"10.0.0.1": ScriptedNode(talos="v1.13.0", files={}, known=[])})
    rows = [NodeToCheck("10.0.0.1", "worker-1", "v1.13.0")]
    report = asyncio.run(check(client, rows, options(logs=logs)))
    assert [(story.sandbox, story.code) for story in report.nodes[0].stories] == [(GONE, "logged-and-over")]
    assert report.unplaced == ()


def test_logs_alone_make_a_report_of_their_own() -> None:
    """Without any node: what they say, and that the rest was not looked at."""
    report = asyncio.run(check(ScriptedClient({}), [], options(logs=from_elsewhere(kubelet(), started(STOPPED, "web-1")))))
    assert [(story.code, story.pod) for story in report.unplaced] == [("logged", PodName("shop", "web-1", "u-1"))]
    data = json.loads(json.dumps(report.to_dict()))
    assert (data["problems"], data["nodes"], data["unplaced"][0]["log"]["reason"]) == (1, [], EMPTY)


def test_a_pool_that_a_log_found_empty_is_told() -> None:
    """With its time, whether or not a node is looked at."""
    said = json.dumps({"ts": NOW * 1000, "err": "no IP addresses available in range set: 10.244.1.1-10.244.1.254"}).encode()
    report = asyncio.run(check(ScriptedClient({}), [], options(logs=from_elsewhere(said))))
    pool, when = "10.244.1.1-10.244.1.254", "2023-11-16 02:00:00 UTC"
    assert report.notes == (f"the log says that no address of {pool} was free at {when}: a pod could not start",)
    (node,) = run({"n": stuck(service_logs={"kubelet": [said]})})[0].nodes
    assert [finding.code for finding in node.findings] == ["no-address-in-log"]


def test_the_report_lists_so_many_stories_and_counts_the_rest() -> None:
    """A log of a whole fleet."""
    logs = from_elsewhere(*(kubelet(f"{number:064x}") for number in range(30)))
    report = asyncio.run(check(ScriptedClient({}), [], options(logs=logs, most_rows=10)))
    assert (len(report.unplaced), report.notes) == (10, ("20 more sandboxes of the logs are not listed",))


@pytest.mark.parametrize("word", [STOPPED, STOPPED[:12], eth0(STOPPED), "shop/web-1", "web-1"])
def test_one_sandbox_can_be_asked_for_by_id_by_file_and_by_pod(word: str) -> None:
    """Whatever names it, its whole story comes."""
    (node,) = run({"n": stuck(leases={"cbr0/10.244.7.3": f"{STOPPED}\r\neth0".encode()})}, options(about=selector(word)))[0].nodes
    (story,) = node.stories
    assert (story.sandbox, story.addresses, story.code) == (STOPPED, ("10.244.7.3",), "stop-fails")


def test_a_pod_that_runs_is_found_by_what_the_node_lists_and_by_its_sound_file() -> None:
    """There is nothing wrong with it, and it is told all the same."""
    node = ScriptedNode(talos="v1.13.0", files={eth0(RUNNING): GOOD}, known=[RUNNING], ready=[RUNNING])
    for word in (f"shop/{RUNNING[:8]}", "web-9", RUNNING[:8]):
        (found,) = run({"n": node}, options(about=selector(word)))[0].nodes
        assert [(story.sandbox, story.code) for story in found.stories] == [(RUNNING, "healthy")]


def test_containers_of_a_pod_are_not_taken_for_its_sandbox() -> None:
    """The kubelet's log names them alike."""
    events = [
        json.dumps(
            {
                "ts": NOW * 1000,
                "msg": "SyncLoop (PLEG): event for pod",
                "pod": {"name": "web-1", "namespace": "shop"},
                "event": {"ID": "u-1", "Type": "ContainerStarted", "Data": container},
            },
            separators=(",", ":"),
        ).encode()
        + b"\n"
        for container in (STOPPED, "e5" * 32, "f6" * 32)
    ]
    (node,) = run({"n": stuck(service_logs={"kubelet": events})}, options(about=selector("shop/web-1")))[0].nodes
    assert [story.sandbox for story in node.stories] == [STOPPED]


def test_what_is_asked_for_and_is_not_there_gives_no_story() -> None:
    """And no other one."""
    assert run({"n": stuck()}, options(about=selector("web-7")))[0].told == ()


def test_before_1_9_a_task_tells_what_runs() -> None:
    """There the API names no sandboxes; on newer versions the tasks are not asked for."""
    files = {eth0(RUNNING): b"", eth0(STOPPED): b""}
    node = ScriptedNode(talos="v1.7.4", files=files, known=[RUNNING, STOPPED], tasks=[RUNNING, f".{GONE}"])
    (found,) = run({"n": node})[0].nodes
    assert {judged.file.name: judged.code for judged in found.files} == {eth0(RUNNING): "stop-will-fail", eth0(STOPPED): "stop-fails"}
    newer, client = run({"n": replace(node, talos="v1.9.0", tasks=None)})
    assert newer.nodes[0].verdict is Verdict.HEALS
    assert not any("runtime.v2.task" in call for _, call in client.calls)


def test_a_pod_in_the_host_network_is_known_by_its_namespace() -> None:
    """It has none of its own, where others have one."""
    both = [RUNNING, STOPPED]
    node = ScriptedNode(talos="v1.13.0", files={eth0(RUNNING): b""}, known=both, ready=both, networks={STOPPED: "cni-1"})
    assert [judged.code for judged in run({"n": node})[0].nodes[0].files] == ["host-network"]
    assert [judged.code for judged in run({"n": replace(node, networks={})})[0].nodes[0].files] == ["heals"]


def test_a_node_that_names_no_ids_tells_nothing_of_what_runs() -> None:
    """What is not named may run as well."""

    class Nameless(ScriptedClient):
        async def containers(self, node: str) -> tuple[Container, ...]:
            return tuple(each._replace(internal_id="") for each in await super().containers(node))

    node = ScriptedNode(talos="v1.9.0", files={eth0(RUNNING): b""}, known=[RUNNING], ready=[RUNNING])
    (found,) = asyncio.run(check(Nameless({"n": node}), [NodeToCheck("n", talos="v1.9.0")], options())).nodes
    assert "the node did not name the sandboxes that run: which they are is not known" in found.notes
    assert found.files[0].liveness is Liveness.KNOWN
