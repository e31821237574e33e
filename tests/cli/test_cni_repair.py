"""``talospatch cni repair``: dry by default, the same plan in every form, and what it takes said before it is used."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import kubernetes_api
import pytest
import yaml
from repair_world import OTHER, RESULTS, RUNNING, STUCK, World, eth0, heals, worker

from talospatch.cli import repairs
from talospatch.cli.commands.cni_repair import Include as IncludeOption
from talospatch.cli.commands.cni_repair import Method as MethodOption
from talospatch.cli.demo import cluster as demo
from talospatch.cli.options import Output
from talospatch.cli.output import Format, render
from talospatch.cli.paint import PLAIN
from talospatch.cli.run import run
from talospatch.cli.terminal import Terminal
from talospatch.cli.views import repair as views
from talospatch.cni.eligibility import Include
from talospatch.cnicheck.repair.journal import read_repair
from talospatch.cnicheck.repair.plan import IMAGE, Method, RepairOptions
from talospatch.errors import InputError, KubernetesError, RefusedError
from talospatch.fleet.async_cluster import AsyncCluster
from talospatch.fleet.targets import workers
from talospatch.planning.outcomes import ExitCode, Outcome
from talospatch.simulator.launch import process, running
from talospatch.simulator.spec import FileSpec, ImageSpec, NodeSpec

PATH = f"{RESULTS}/{eth0(STUCK)}"


def commanded(world: World, *, yes: bool = False, form: Format = Format.TABLE, options: RepairOptions | None = None, **more: Any) -> int:
    """Do what the command does, on a cluster in memory whose time is ours."""
    cluster = AsyncCluster(world.client, name="sim", journal=world.store, clock=world.time)
    carrying = repairs.Carrying(yes, **more)
    chosen = heals() if options is None else options
    return asyncio.run(repairs.run(cluster, workers(), chosen, carrying, terminal=Terminal(), output=Output(form)))


def test_without_yes_it_says_what_it_would_do_and_does_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command line that would run, what shows that it may, what it takes, and what to do first."""
    world = World.of(worker(), tmp_path)
    assert commanded(world) == ExitCode.DIFFERENCES
    out = " ".join(capsys.readouterr().out.split())
    assert out.startswith("CNI repair of 1 node: 1 file can be removed on 1 node (--include heals)")
    assert "remove 1 file, heals: the file is damaged" in out
    assert "its sandbox is dead: it is not among the READY sandboxes; containerd runs no task for it" in out
    assert f"{eth0(STUCK)} (0 bytes, empty; pod unknown, hostname web-2)" in out
    assert f"$ /usr/bin/find \\ /host{PATH} \\ -maxdepth 0 -type f -size 0c" in out
    assert "First w1: nothing needs to be done" in out
    assert "its whole root file system below /host" in out
    assert "Nothing was removed. With --yes" in out
    assert world.exists(PATH)


@pytest.mark.parametrize("width", [30, 60, 80, 100, 10_000])
def test_what_is_said_of_several_files_is_said_once_and_their_commands_are_whole(width: int, tmp_path: Path) -> None:
    """In lines that fit where words do, and that a shell takes as the very words that run."""
    files = {f"{RESULTS}/{eth0(sandbox)}": FileSpec() for sandbox in (STUCK, OTHER)}
    plan = World.of(worker(sandboxes=(RUNNING, STUCK, OTHER), files=files), tmp_path).plan()
    text = views.plan_text(plan, width, PLAIN)
    assert " ".join(text.split()).count("containerd runs no task for it") == 1
    commands = [found.replace("\\\n", " ") for found in re.findall(r"^ +\$ ((?:.*\\\n)*.*)", text, re.MULTILINE)]
    assert [tuple(shlex.split(command)) for command in commands] == [file.command for file in plan.nodes[0].files]
    page = min(width, 100)
    assert [line for line in text.splitlines() if len(line) > page and max(map(len, line.split())) < page - 24] == []


def test_files_of_different_verdicts_are_told_apart(tmp_path: Path) -> None:
    """What is left for one reason may matter more or less."""
    files = {f"{RESULTS}/{eth0(STUCK)}": FileSpec(), f"{RESULTS}/cbr0-{'f0' * 32}-eth0": FileSpec()}
    plan = World.of(worker(files=files), tmp_path).plan(RepairOptions())
    text = " ".join(views.plan_text(plan, 100, PLAIN).split())
    because = "removing it would change nothing that does not come by itself"
    assert f"leave 1 file, heals: {because}" in text
    assert f"leave 1 file, orphan: {because}" in text


@pytest.mark.parametrize("form", [Format.TABLE, Format.MARKDOWN])
def test_the_way_by_hand_stands_only_at_the_file_that_it_is_for(tmp_path: Path, form: Format) -> None:
    """Of two running pods, one has an empty file, which waits for its pod or an upgrade, and one a file that will end containerd."""
    other = replace(RUNNING, id="0d" * 32, pod="web-4")
    hollow = b'{"kind":"cniCacheV1","result":{"cniVersion":"0.4.0","ips":[null]}}'
    files = {f"{RESULTS}/{eth0(RUNNING)}": FileSpec(), f"{RESULTS}/{eth0(other)}": FileSpec(hollow)}
    world = World.of(worker("v1.7.6", sandboxes=(RUNNING, other), files=files), tmp_path)
    made = world.plan(RepairOptions())
    assert {left.judged.code for node in made.nodes for left in node.left} == {"stop-will-fail", "stop-will-crash"}
    text = " ".join(render(views.plan(made), form, width=100, paint=PLAIN).split())
    of_hollow, _, of_empty = text.partition(eth0(other))[2].partition(eth0(RUNNING))
    assert of_hollow.count("kubectl debug") == 1
    assert of_empty
    assert "kubectl debug" not in of_empty


def test_with_yes_it_removes_and_proves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The plan and each step on stderr, the report on stdout; the bytes can be had back."""
    world = World.of(worker(files={PATH: FileSpec(b"{broken")}), tmp_path)
    assert commanded(world, yes=True) == ExitCode.DONE
    out, err = capsys.readouterr()
    assert "CNI repair of 1 file: 1 proven" in out
    assert "✓ file gone, ✓ sandbox removed, ✓ kubelet log none, ✓ lease 10.244.1.3 is free" in out
    assert "w1: looking again" in err
    assert not world.exists(PATH)
    record = read_repair(world.store, "last")
    (written,) = repairs.save(record, tmp_path / "removed")
    assert (written.read_bytes(), written.name, written.stat().st_mode & 0o777) == (b"{broken", eth0(STUCK), 0o600)
    with pytest.raises(InputError, match="File exists"):
        repairs.save(record, tmp_path / "removed")


def test_what_a_run_leaves_is_said_and_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe that keeps a sandbox from stopping is left alone, and still keeps it from stopping."""
    world = World.of(worker(files={PATH: FileSpec(kind="fifo")}), tmp_path)
    assert commanded(world, yes=True) == ExitCode.DIFFERENCES
    out, err = capsys.readouterr()
    assert "CNI repair of 0 files: nothing to do" in out
    assert "Not done yet: 1 fatal file left alone, for the reasons above" in err
    files = {PATH: FileSpec(), f"{RESULTS}/{eth0(OTHER)}": FileSpec()}
    world = World.of(worker(sandboxes=(RUNNING, STUCK, OTHER), files=files), tmp_path / "two")
    assert commanded(world, yes=True, options=heals(limit=1)) == ExitCode.DIFFERENCES
    assert "Not done yet: 1 more file can be removed in another run (--limit 1)" in capsys.readouterr().err


def test_bytes_are_offered_only_where_some_were_journalled(tmp_path: Path) -> None:
    """After a pull that failed nothing was about to be removed, so there is nothing to be had back."""
    world = World.of(worker(images=()), tmp_path / "pull")
    failed = world.repair(world.plan(image="registry.example/none:1"))
    assert (failed.counts, failed.journalled) == ({Outcome.FAILED: 1}, 0)
    text = render(views.report(failed), Format.TABLE, width=100, paint=PLAIN)
    assert "--save" not in text
    assert "No file's bytes were journalled." in text
    world = World.of(worker(), tmp_path / "done")
    done = world.repair(world.plan())
    assert done.journalled == 1
    assert f"cni repairs {done.repair} --save DIR" in render(views.report(done), Format.TABLE, width=100, paint=PLAIN)


@pytest.mark.parametrize("form", list(Format))
def test_what_no_repair_removes_is_left_with_what_does(tmp_path: Path, form: Format) -> None:
    """A pipe is fatal for ever, so a plan that leaves it must not be the end of the road."""
    plan = World.of(worker(files={PATH: FileSpec(kind="fifo")}), tmp_path).plan()
    text = " ".join(render(views.plan(plan), form, width=100, paint=PLAIN).split())
    command = "kubectl debug node/NODE -n kube-system --image=docker.io/library/debian:12-slim -- find"
    assert command in text
    assert "-type p -delete" in text
    healing = World.of(worker(), tmp_path / "heals").plan(RepairOptions())
    assert "kubectl debug" not in render(views.plan(healing), form, width=100, paint=PLAIN)


def test_json_says_of_what_is_left_the_same_as_the_process(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A script that reads the report must not take for done what the exit code says is not."""
    world = World.of(worker(files={PATH: FileSpec(kind="fifo")}), tmp_path / "pipe")
    assert commanded(world, yes=True, form=Format.JSON) == ExitCode.DIFFERENCES
    data = json.loads(capsys.readouterr().out)
    (left,) = data["left"]
    assert (data["exitCode"], data["files"], data["overLimit"], data["unseen"]) == (2, [], 0, [])
    assert (left["node"], left["hostname"], left["name"], left["reasons"]) == ("10.5.0.3", "w1", eth0(STUCK), ["not-a-file"])
    assert commanded(world, yes=True, form=Format.MARKDOWN) == ExitCode.DIFFERENCES
    assert f"**w1** still has a fatal file: {eth0(STUCK)}: it is no regular file" in capsys.readouterr().out
    files = {PATH: FileSpec(), f"{RESULTS}/{eth0(OTHER)}": FileSpec()}
    world = World.of(worker(sandboxes=(RUNNING, STUCK, OTHER), files=files), tmp_path / "limit")
    assert commanded(world, yes=True, form=Format.JSON, options=heals(limit=1)) == ExitCode.DIFFERENCES
    data = json.loads(capsys.readouterr().out)
    assert (data["exitCode"], len(data["files"]), data["left"], data["overLimit"]) == (2, 1, [], 1)
    world = World.of(worker(), tmp_path / "reader", roles=("os:reader",))
    assert commanded(world, yes=True, form=Format.JSON) == ExitCode.FAILED
    data = json.loads(capsys.readouterr().out)
    assert (data["exitCode"], [each["address"] for each in data["unseen"]]) == (3, ["10.5.0.3"])


@pytest.mark.parametrize("form", list(Format))
def test_a_plan_has_every_form(tmp_path: Path, form: Format) -> None:
    """With the same files in each."""
    plan = World.of(worker(), tmp_path).plan()
    text = render(views.plan(plan), form, width=120, paint=PLAIN)
    assert STUCK.id in text
    if form in {Format.JSON, Format.YAML}:
        data = json.loads(text) if form is Format.JSON else yaml.safe_load(text)
        assert (data["kind"], data["schema"], data["files"], data["exitCode"]) == ("cni-repair-plan", 1, 1, 2)
        assert data["nodes"][0]["files"][0]["command"][0] == "/usr/bin/find"


@pytest.mark.parametrize("form", list(Format))
def test_a_report_and_the_past_have_every_form(tmp_path: Path, form: Format) -> None:
    """Reports, the list of repairs, and one of them."""
    world = World.of(worker(), tmp_path)
    report = world.repair(world.plan())
    record = read_repair(world.store, "last")
    for view, kind in (
        (views.report(report), "cni-repair"),
        (views.past([record]), "cni-repairs"),
        (views.one(record), "cni-repair-record"),
    ):
        text = render(view, form, width=120, paint=PLAIN)
        assert text
        if form is Format.JSON:
            assert (json.loads(text)["kind"], json.loads(text)["schema"]) == (kind, 1)


def test_a_manifest_is_printed_for_kubectl(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On stdout alone, as YAML unless JSON is asked for; the plan stands on stderr."""
    world = World.of(worker("v1.7.6"), tmp_path)
    options = RepairOptions(method=Method.MANIFEST)
    for form in (Format.TABLE, Format.YAML, Format.JSON):
        assert commanded(world, form=form, options=options) == ExitCode.DIFFERENCES
        out, err = capsys.readouterr()
        found = json.loads(out) if form is Format.JSON else yaml.safe_load(out)
        (job,) = found["items"]
        assert (found["kind"], job["kind"], job["spec"]["template"]["spec"]["nodeName"]) == ("List", "Job", "w1")
        assert "neither journalled nor proven" in err
    assert commanded(world, form=Format.MARKDOWN, options=options) == ExitCode.DIFFERENCES
    assert capsys.readouterr().out.startswith("```yaml\n")
    assert world.exists(PATH)


def test_a_manifest_takes_no_yes() -> None:
    """It runs nothing."""
    with pytest.raises(InputError, match="takes no --yes"):
        repairs.must_be_possible(RepairOptions(method=Method.MANIFEST), repairs.Carrying(yes=True))


def test_the_words_of_the_options_are_those_of_the_library() -> None:
    """The command must not import the library for its help."""
    assert [each.value for each in IncludeOption] == [each.value for each in Include]
    assert [each.value for each in MethodOption] == [each.value for each in Method]


def test_an_archive_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Before any node is asked."""
    with pytest.raises(InputError, match=r"gone\.tar: No such file"):
        repairs.archive(tmp_path / "gone.tar")
    (tmp_path / "tools.tar").write_bytes(b"tar")
    assert repairs.archive(tmp_path / "tools.tar") == b"tar"
    assert repairs.archive(None) is None


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The cluster of the demo in a process of its own, over TLS."""
    with process(demo.spec(), []) as running_cluster:
        monkeypatch.setenv("TALOSCONFIG", running_cluster["talosconfigs"]["admin"])
        yield running_cluster


@pytest.mark.simulator
def test_the_command_on_a_healthy_node_over_tls(simulated: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Looked at once, with and without --yes; without os:admin it is not looked at, and without a target it is refused."""
    assert run(["cni", "repair", "-n", "10.5.0.4"]) == 0
    assert "0 files can be removed" in capsys.readouterr().out
    assert run(["cni", "repair", "-n", "10.5.0.4", "--yes", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == []
    assert run(["cni", "repair", "-n", "10.5.0.4", "--talosconfig", simulated["talosconfigs"]["reader"]]) == 3
    assert "os:admin" in capsys.readouterr().out
    assert run(["cni", "repair"]) == 5
    assert run(["cni", "repairs", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["repairs"] == []
    assert run(["cni", "repairs", "last"]) == 1
    assert run(["cni", "repairs", "--save", "x"]) == 1


@pytest.mark.simulator
def test_a_repair_over_tls(tmp_path: Path) -> None:
    """The whole way: real gRPC, real TLS, the cluster's time thirty times as fast as ours."""
    spec = demo.spec()
    nodes = tuple(replace(node, images=(ImageSpec(IMAGE, store="inmem"),)) for node in spec.nodes)

    class Fast:
        """The cluster's time, for the repair as well."""

        def __init__(self, clock: Any) -> None:
            self.now = self.at = clock.now
            self.sleep = clock.sleep

    async def repaired() -> tuple[list[tuple[str, str]], list[str]]:
        from talospatch.rollout.journal import JournalStore
        from talospatch.rollout.places import Places

        async with running(replace(spec, nodes=nodes), scale=30.0) as cluster:
            config = cluster.talosconfigs["admin"]
            made = AsyncCluster.from_talosconfig(config, environ={"HOME": str(tmp_path)})
            fast = AsyncCluster(
                made.client, name="demo", journal=JournalStore(Places(tmp_path / "journal", tmp_path / "key")), clock=Fast(cluster.clock)
            )
            async with made:
                plan = await fast.cni_repair_plan(nodes=workers(), options=heals())
                report = await fast.cni_repair(plan)
            left = [node.name for node in cluster.model.nodes for _ in _damaged(node)]
            return [(file.hostname, file.outcome.value) for file in report.files], left

    assert asyncio.run(repaired()) == ([("worker-1", "proven"), ("worker-5", "proven")], [])


def _damaged(node: Any) -> list[str]:
    return [path for path, entry in node.tree.walk(RESULTS) if entry.kind == "file" and not entry.size] if node.spec.sandboxes else []


def test_a_terminal_alone_removes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--yes is the only way, whether or not somebody is there to ask."""
    world = World.of(worker(), tmp_path)
    leader, follower = pty.openpty()
    with os.fdopen(leader, "wb", buffering=0), os.fdopen(follower, encoding="utf-8") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert commanded(world) == ExitCode.DIFFERENCES
    assert world.exists(PATH)


@pytest.mark.parametrize(("method", "named"), [(Method.JOB, True), (None, True), (Method.JOB, False)])
def test_a_kubeconfig_that_cannot_be_used_is_told_before_a_minute_is_waited_for(
    method: Method | None, named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is known that one will be needed, or one was named."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "usual"))
    carrying = repairs.Carrying(yes=True, kubeconfig=tmp_path / "named" if named else None)
    with pytest.raises(InputError, match="named" if named else "usual"):
        repairs.must_be_possible(RepairOptions(method=method), carrying)


@pytest.mark.parametrize("missing", ["kubeconfig", "extra"])
def test_an_old_node_without_kubernetes_is_refused_before_a_minute_is_waited_for(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By one error, once the first look has shown that a job would be needed."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    if missing == "extra":
        monkeypatch.setitem(sys.modules, "lightkube", None)
    world = World.of(worker("v1.7.4"), tmp_path)
    start = world.time.now()
    wanted = (
        r"pip install 'talospatch\[kubernetes\]'"
        if missing == "extra"
        else "nowhere: a Kubernetes job needs a kubeconfig: there is no such file"
    )
    with pytest.raises((InputError, RefusedError), match=wanted) as raised:
        commanded(world, yes=True)
    assert "--method manifest" in str(raised.value)
    assert (world.time.now() - start, capsys.readouterr().err) == (0.0, "")
    assert world.exists(PATH)
    assert not (tmp_path / "journal" / "cni-repairs").exists()


@pytest.mark.parametrize("method", [Method.JOB, None])
def test_a_kubernetes_that_cannot_be_reached_is_told_before_a_minute_is_waited_for(
    method: Method | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By one error that names the server, and what needs none."""
    monkeypatch.setenv("KUBECONFIG", str(kubernetes_api.kubeconfig("https://127.0.0.1:1", tmp_path)))
    world = World.of(worker("v1.7.4"), tmp_path)
    start = world.time.now()
    with pytest.raises(KubernetesError, match=r"no connection to https://127\.0\.0\.1:1: ") as raised:
        commanded(world, yes=True, options=RepairOptions(method=method))
    assert "--method manifest" in str(raised.value)
    assert (world.time.now() - start, capsys.readouterr().err) == (0.0, "")
    assert world.exists(PATH)
    assert not (tmp_path / "journal" / "cni-repairs").exists()


def test_rights_that_are_missing_are_told_before_a_minute_is_waited_for(tmp_path: Path) -> None:
    """With the API server's own words."""
    world = World.of(worker("v1.7.4"), tmp_path)
    start = world.time.now()
    with (
        kubernetes_api.serving(kubernetes_api.Api(refused=("/api/v1/namespaces",)), tmp_path) as config,
        pytest.raises(KubernetesError, match=r"cannot get the namespace kube-system: .*is forbidden"),
    ):
        commanded(world, yes=True, options=RepairOptions(), kubeconfig=config)
    assert (world.time.now() - start, world.exists(PATH)) == (0.0, True)


@pytest.mark.parametrize(
    ("spec", "yes"),
    [
        (worker("v1.7.4"), False),
        (worker("v1.13.9"), True),
        (worker("v1.7.4", files={}), True),
        (worker("v1.7.4", sandboxes=(RUNNING, replace(STUCK, ready=True))), True),
    ],
)
def test_kubernetes_is_asked_for_only_where_a_job_would_be_made(
    spec: NodeSpec, yes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for a plan, a newer Talos, a node in order, nor a file that its pod's life protects."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    assert commanded(World.of(spec, tmp_path), yes=yes) in {ExitCode.DONE, ExitCode.DIFFERENCES}


def test_two_methods_say_only_once_what_both_need(tmp_path: Path) -> None:
    """A fleet of old and new nodes has both."""
    plan = World.of(worker(), tmp_path).plan()
    (node,) = plan.nodes
    both = replace(plan, nodes=(node, replace(node, method=Method.JOB)))
    assert sum(said.startswith("Talos: os:admin") for said in both.privileges) == 1
    assert len(both.privileges) == 4
