"""A check of the CNI result cache, in every form."""

from __future__ import annotations

import json
from dataclasses import replace

import yaml

from talospatch.cli.commands.cni import FailOn
from talospatch.cli.output import Format, render
from talospatch.cli.paint import PLAIN
from talospatch.cli.views.cni import STYLES, view
from talospatch.cni.cache import CacheEntry
from talospatch.cni.conflist import Conflist
from talospatch.cni.damage import Damage, Inspection
from talospatch.cni.loglines import Cause
from talospatch.cni.logreport import PodName, SandboxLog
from talospatch.cni.names import parse
from talospatch.cni.rules import DEFAULT_FAIL_ON, FAIL_ON, Verdict
from talospatch.cni.runtimes import runtime_of
from talospatch.cni.story import Story
from talospatch.cni.verdict import CacheFile, NodeState, judge
from talospatch.cnicheck.report import CniReport, NodeCni
from talospatch.talos.finding import Finding, Severity

SANDBOX = "ab" * 32
NAME = f"cbr0-{SANDBOX}-eth0"
FLANNEL = Conflist("cbr0", "1.0.0", "10-flannel.conflist")
OLD = NodeState(runtime=runtime_of("v1.7.4"), conflist=FLANNEL, directories=frozenset({SANDBOX}), ready=frozenset(), now=2e9)
EMPTY = judge(CacheFile(name=NAME, parsed=parse(NAME), size=0, modified=1_700_000_000), OLD, b"")
CODES = {EMPTY.code: 1}
COUNTS = {EMPTY.verdict: 1}
REPORT = CniReport(
    (
        NodeCni(address="10.5.0.3", hostname="worker-1", talos="v1.7.4", state=OLD, counts=COUNTS, codes=CODES, files=(EMPTY,)),
        NodeCni(address="10.5.0.4", hostname="worker-2", talos="v1.14.0", state=NodeState(runtime=runtime_of("v1.14.0"))),
        NodeCni(address="10.5.0.5", error="10.5.0.5: List: no answer within 30 s"),
        NodeCni(address="10.5.0.6", talos="v9.9.9", notes=("contents: unknown (needs os:admin)",)),
    )
)


def test_the_table_has_a_row_for_each_node_and_a_paragraph_for_each_kind_of_finding() -> None:
    """What it comes to, on which nodes, and what to do; then who was not seen."""
    text = render(view(REPORT, "time-bomb"), Format.TABLE, width=200, paint=PLAIN)
    lines = text.splitlines()
    assert lines[0] == "CNI result cache of 4 nodes: 1 file, 1 problem (--fail-on time-bomb); 1 node not wholly seen"
    assert lines[3].split() == ["worker-1", "v1.7.4", "1.7.16", "(libcni", "1.1.2)", "1", "fatal", "1", "fatal"]
    assert lines[5].split()[:3] == ["10.5.0.6", "v9.9.9", "unknown"]
    assert "10.5.0.5 was not checked: List: no answer within 30 s" in lines
    assert f"  worker-1: {NAME} (0 bytes)" in lines
    assert any(line.startswith("  → upgrading the node") for line in lines)
    assert lines[-1] == "10.5.0.6: contents: unknown (needs os:admin)"


def test_every_verdict_has_a_look() -> None:
    """None by oversight."""
    assert set(STYLES) == set(Verdict)


def test_the_levels_of_fail_on_are_those_of_the_rules() -> None:
    """In their order, with the same default."""
    assert [level.value for level in FailOn] == list(FAIL_ON)
    assert FailOn.TIME_BOMB.value == DEFAULT_FAIL_ON


def test_one_of_many_results_is_a_line_of_json_or_a_yaml_document() -> None:
    """`--watch` writes one after the other, and both can be read as a stream."""
    shown = view(REPORT, "never")
    lines = [render(shown, Format.JSON, width=80, paint=PLAIN, is_one_of_many=True) for _ in range(2)]
    assert [json.loads(line) == shown.data() for line in "\n".join(lines).splitlines()] == [True, True]
    stream = "".join(render(shown, Format.YAML, width=80, paint=PLAIN, is_one_of_many=True) for _ in range(2))
    assert [found["kind"] for found in yaml.safe_load_all(stream)] == ["cni-check", "cni-check"]
    assert len(render(shown, Format.JSON, width=80, paint=PLAIN).splitlines()) > 10


def test_json_and_markdown_name_file_and_verdict() -> None:
    """With a schema, and as a table."""
    data = json.loads(render(view(REPORT, "time-bomb"), Format.JSON, width=80, paint=PLAIN))
    assert (data["kind"], data["schema"], data["problems"]) == ("cni-check", 1, 1)
    assert data["nodes"][0]["files"][0]["verdict"] == "fatal"
    markdown = render(view(REPORT, "time-bomb"), Format.MARKDOWN, width=80, paint=PLAIN)
    assert f"| fatal | worker-1 | {NAME} (0 bytes) |" in markdown
    assert "**10.5.0.5** was not checked" in markdown


LOG = SandboxLog(sandbox=SANDBOX, cause=Cause.CACHE, network="cbr0", reason=str(EMPTY.error), lines=120, first=1e9, last=1e9 + 3540)
STORY = Story(
    sandbox=SANDBOX,
    liveness=EMPTY.liveness,
    code=EMPTY.code,
    files=(EMPTY,),
    log=LOG,
    still_fails=True,
    pod=PodName("shop", "web-1"),
    addresses=("10.244.1.7",),
)
ALONE = Story(sandbox="cd" * 32, liveness=EMPTY.liveness, code="logged", log=LOG, still_fails=True)
FULL = Finding(Severity.ERROR, "no-free-address", "/var/lib/cni/networks/cbr0", "all 253 addresses are taken", "free some")
TOLD = NodeCni(
    address="10.5.0.3",
    hostname="worker-1",
    talos="v1.7.4",
    state=OLD,
    counts=COUNTS,
    codes=CODES,
    files=(replace(EMPTY, steady=65.0),),
    stories=(STORY,),
    findings=(FULL, Finding(Severity.NOTE, "stuck-addresses", "x", "one is held")),
)


def test_a_file_is_told_with_what_is_known_of_its_sandbox() -> None:
    """Pod, log, address, and for how long it has been so; then what is no file."""
    text = render(view(CniReport((TOLD,), unplaced=(ALONE,), notes=("a note",)), "time-bomb"), Format.TABLE, width=200, paint=PLAIN)
    assert f"{NAME} (0 bytes, pod shop/web-1, about 121 log lines an hour, holds 10.244.1.7, seen so for 65 s)" in text
    said = " ".join(text.split())
    assert "fatal: worker-1: /var/lib/cni/networks/cbr0: all 253 addresses are taken → free some" in said
    assert f"fatal: sandbox {'cd' * 6}: the log shows that stopping this sandbox fails" in said
    assert "3 problems" in said
    assert "one is held" not in said
    assert text.endswith("a note")
    markdown = render(view(CniReport((TOLD,), unplaced=(ALONE,)), "time-bomb"), Format.MARKDOWN, width=80, paint=PLAIN)
    assert "**fatal** worker-1: /var/lib/cni/networks/cbr0: all 253 addresses are taken → free some" in markdown


def test_a_file_that_has_no_story_names_the_pod_that_stands_in_it() -> None:
    """What nobody reads any more is told too."""
    inspection = Inspection(Damage.TRAILING, entry=CacheEntry(namespace="shop", pod="web-7"))
    judged = replace(EMPTY, code="other-network", inspection=inspection)
    node = replace(TOLD, files=(judged,), stories=(), findings=())
    assert f"{NAME} (0 bytes, pod shop/web-7)" in render(view(CniReport((node,)), "never"), Format.TABLE, width=200, paint=PLAIN)


def test_a_verdict_says_what_it_assumes() -> None:
    """Unless the node's log has shown that very failure."""
    unread = replace(OLD, conflist=None)
    judged = judge(EMPTY.file, unread, b"")
    node = replace(TOLD, state=unread, files=(judged,), stories=(), findings=())
    assert f"{NAME} (0 bytes, assuming cniVersion 1.0.0)" in render(view(CniReport((node,)), "never"), Format.TABLE, width=200, paint=PLAIN)
    proven = replace(node, files=(replace(judged, logged=True),))
    assert f"{NAME} (0 bytes)" in render(view(CniReport((proven,)), "never"), Format.TABLE, width=200, paint=PLAIN)


def test_a_printed_report_is_a_line_for_each_node_and_what_is_wrong_with_it() -> None:
    """As `print(cluster.check_cni_cache())` shows it; what a node said is escaped."""
    evil = judge(CacheFile("a\x1b[31m\u202eb", None, 0, 1), OLD)
    report = CniReport((*REPORT.nodes, replace(TOLD, hostname="", files=(EMPTY, evil))), unplaced=(ALONE,), notes=("a note",))
    text = str(report)
    lines = text.splitlines()
    assert lines[0] == "worker-1: fatal, 1 file"
    assert lines[1].startswith(f"  fatal: {NAME}: the sandbox does not run, and it does not stop")
    assert "10.5.0.5: not checked: 10.5.0.5: List: no answer within 30 s" in lines
    assert "  contents: unknown (needs os:admin)" in lines
    assert any(line.startswith("  fatal: /var/lib/cni/networks/cbr0: all 253") for line in lines)
    assert "one is held" not in text
    assert lines[-2].startswith(f"  fatal: sandbox {'cd' * 6}: ")
    assert lines[-1] == "a note"
    assert text.replace("\n", "").isprintable()
