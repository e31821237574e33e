"""Whose an empty file is: from logs, from what the node lists, from the sandbox's own directory; unknown where nothing tells."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cni_scripted import ScriptedClient, ScriptedNode
from repair_world import ADDRESS, RESULTS, SANDBOXES, STUCK, World, eth0, heals, worker

from talospatch.cli.paint import PLAIN
from talospatch.cli.views import repair as views
from talospatch.cni.selector import selector
from talospatch.cnicheck.check import check
from talospatch.cnicheck.hostnames import MOST, hostnames_of
from talospatch.cnicheck.options import CheckOptions, NodeToCheck
from talospatch.cnicheck.repair.plan import Method
from talospatch.simulator.spec import FileSpec, NodeSpec, SandboxSpec

if TYPE_CHECKING:
    from talospatch.cnicheck.report import CniReport

SANDBOX = "b2" * 32
DAMAGED = ScriptedNode(files={f"cbr0-{SANDBOX}-eth0": b""}, known=[SANDBOX])
MADE = (
    f'time="2026-11-29T20:00:00Z" level=info msg="RunPodSandbox for &PodSandboxMetadata{{Name:web-2,Uid:u-2,Namespace:shop,Attempt:0,}} '
    f'returns sandbox id \\"{SANDBOX}\\""\n'
)
HOSTNAME = f"{SANDBOXES}/{STUCK.id}/hostname"


def explained(node: ScriptedNode, *, admin: bool = True, read: bool = True) -> tuple[CniReport, ScriptedClient]:
    client = ScriptedClient({ADDRESS: node}, admin=admin)
    options = CheckOptions(about=selector(SANDBOX), may_read=read)
    return asyncio.run(check(client, [NodeToCheck(ADDRESS)], options)), client


def first_line(report: CniReport) -> str:
    ((node, story),) = report.told
    assert node is not None
    return node.tell(story)[0]


# In an explanation


def test_where_nothing_else_tells_the_hostname_does() -> None:
    """And it is said what that is worth."""
    report, _ = explained(replace(DAMAGED, hostnames={SANDBOX: b"web-2\n"}))
    assert first_line(report).endswith(
        "no log line names its pod. Its hostname is web-2, which is the pod's name unless the pod sets another."
    )
    assert report.to_dict()["nodes"][0]["stories"][0]["hostname"] == "web-2"  # type: ignore[index]


def test_a_log_that_names_the_pod_is_better() -> None:
    """Nobody is asked for the hostname then."""
    node = replace(DAMAGED, hostnames={SANDBOX: b"web-2\n"}, service_logs={"cri": [MADE.encode()]})
    report, client = explained(node)
    assert "It is of pod shop/web-2 (UID u-2), as the log says" in first_line(report)
    assert client.calls[ADDRESS, "Read"] == 1  # the conflist


@pytest.mark.parametrize(("word", "meant"), [("web-2", True), ("shop/web-2", True), ("web-3", False), ("web", False)])
def test_a_pod_is_found_by_the_hostname_of_a_damaged_sandbox(word: str, meant: bool) -> None:
    """Its own name is gone with its file; which namespace it was in nobody can tell."""
    node = replace(DAMAGED, hostnames={SANDBOX: b"web-2\n"})
    client = ScriptedClient({ADDRESS: node})
    report = asyncio.run(check(client, [NodeToCheck(ADDRESS)], CheckOptions(about=selector(word))))
    assert [(story.sandbox, story.hostname) for _, story in report.told] == ([(SANDBOX, "web-2")] if meant else [])


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"Web\n", b"web-2\nweb-3\n", b"-web\n", b"web\x1b[31m\n", "wéb\n".encode(), b"a" * 254 + b"\n", b"/etc\n"]
)
def test_what_is_no_hostname_is_not_taken_for_one(content: bytes) -> None:
    """Whatever stands in that file."""
    report, _ = explained(replace(DAMAGED, hostnames={SANDBOX: content}))
    assert first_line(report).endswith("no log line names its pod.")


def test_without_the_right_to_read_it_is_unknown() -> None:
    """Whether that is known before or not."""
    for options in ({"admin": False}, {"read": False}):
        report, _ = explained(replace(DAMAGED, hostnames={SANDBOX: b"web-2\n"}), **options)
        assert first_line(report).endswith("no log line names its pod.")


def test_only_so_many_sandboxes_are_asked_about() -> None:
    """One call each is too much for a node that has hundreds."""
    sandboxes = [f"{number:064x}" for number in range(MOST + 5)]
    client = ScriptedClient({ADDRESS: ScriptedNode(hostnames=dict.fromkeys(sandboxes, b"a\n"))})
    found = asyncio.run(hostnames_of(client, ADDRESS, sandboxes))
    assert (list(found), client.calls[ADDRESS, "Read"]) == (sandboxes[:MOST], MOST)


# In a repair's plan


def said(world: World) -> tuple[str, dict[str, object]]:
    plan = world.plan()
    text = " ".join(views.plan_text(plan, 400, PLAIN).split())
    assert "pod" in views.plan(plan).markdown()
    return text, json.loads(json.dumps(plan.to_dict()))["nodes"][0]["files"][0]


def test_a_plan_names_the_hostname_of_an_empty_file(tmp_path: Path) -> None:
    """The node's log of the day when the pod was made is gone."""
    text, file = said(World.of(worker(), tmp_path))
    assert f"{eth0(STUCK)} (0 bytes, empty; pod unknown, hostname web-2)" in text
    assert (file["pod"], file["hostname"]) == (None, "web-2")


def test_a_plan_names_the_pod_that_a_log_names(tmp_path: Path) -> None:
    """With what tells it."""
    world = World.of(worker("v1.7.4"), tmp_path)
    world.node.logs["cri"] = deque([(world.clock.now() - 60, MADE.rstrip("\n"))])
    plan = world.plan(heals(method=Method.MANIFEST))
    assert f"{eth0(STUCK)} (0 bytes, empty; pod shop/web-2, as the log says)" in " ".join(views.plan_text(plan, 400, PLAIN).split())
    assert plan.nodes[0].files[0].to_dict()["pod"] == {"namespace": "shop", "name": "web-2", "uid": "u-2", "source": "log"}


def test_a_plan_says_that_a_pod_is_unknown(tmp_path: Path) -> None:
    """Where the sandbox's directory does not tell either, or lies."""
    for content in (b"", b"\x1b[2J\n"):
        files = {f"{RESULTS}/{eth0(STUCK)}": FileSpec(), HOSTNAME: FileSpec(content)}
        directory = tmp_path / str(len(content))
        directory.mkdir()
        text, file = said(World.of(worker(files=files), directory))
        assert "(0 bytes, empty; pod unknown)" in text
        assert (file["pod"], file["hostname"]) == (None, None)


def test_a_pods_name_is_shown_escaped(tmp_path: Path) -> None:
    """What stands in a damaged file that can still be read is anybody's."""
    rude = SandboxSpec(STUCK.id, "shop\x1b[31m", "web\n2", ready=False, ip=STUCK.ip)
    spec = NodeSpec("w1", ADDRESS, talos="v1.7.4", sandboxes=(rude,))
    world = World.of(spec, tmp_path)
    path = f"{RESULTS}/{eth0(STUCK)}"
    whole = world.node.tree.find(path).content()
    entry = world.node.tree.find(path)
    entry.data = whole.replace(b'"cniVersion":"1.0.0","interfaces"', b'"cniVersion":"9.9.9","interfaces"')
    assert entry.data != whole
    text = views.plan_text(world.plan(), 400, PLAIN)
    assert "pod shop\\x1b[31m/web\\x0a2, as its cache file says" in " ".join(text.split())
    assert text.replace("\n", "").isprintable()
