"""A check of the CNI result cache, in every form."""

from __future__ import annotations

import json

from talospatch.cli.commands.cni import FailOn
from talospatch.cli.output import Format, render
from talospatch.cli.paint import PLAIN
from talospatch.cli.views.cni import STYLES, view
from talospatch.cni.names import parse
from talospatch.cni.rules import DEFAULT_FAIL_ON, FAIL_ON, Verdict
from talospatch.cni.runtimes import runtime_of
from talospatch.cni.verdict import CacheFile, NodeState, judge
from talospatch.cnicheck.report import CniReport, NodeCni

SANDBOX = "ab" * 32
NAME = f"cbr0-{SANDBOX}-eth0"
OLD = NodeState(runtime=runtime_of("v1.7.4"), directories=frozenset({SANDBOX}), ready=frozenset(), now=2e9)
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


def test_json_and_markdown_name_file_and_verdict() -> None:
    """With a schema, and as a table."""
    data = json.loads(render(view(REPORT, "time-bomb"), Format.JSON, width=80, paint=PLAIN))
    assert (data["kind"], data["schema"], data["problems"]) == ("cni-check", 1, 1)
    assert data["nodes"][0]["files"][0]["verdict"] == "fatal"
    markdown = render(view(REPORT, "time-bomb"), Format.MARKDOWN, width=80, paint=PLAIN)
    assert f"| fatal | worker-1 | {NAME} (0 bytes) |" in markdown
    assert "**10.5.0.5** was not checked" in markdown
