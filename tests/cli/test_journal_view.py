"""The journal, in every form."""

from __future__ import annotations

import json

from talospatch.cli.output import Format, render
from talospatch.cli.paint import PLAIN
from talospatch.cli.views.journal import history, shown
from talospatch.planning.outcomes import Outcome
from talospatch.planning.report import NodeReport, Report
from talospatch.rollout.history import Shown, Summary

STARTED = 1_795_456_212.0
SUMMARIES = (
    Summary(
        id="20261123T175012Z-1f2e3d",
        started_at=STARTED,
        kind="apply",
        scope="demo",
        changes=("containerd-metrics",),
        counts={"proven": 4, "unchanged": 1},
    ),
    Summary(id="20261122T090000Z-aaaaaa", started_at=STARTED - 90_000, kind="apply", scope="demo", changes=("x",), state="open", counts={}),
    Summary(id="20261121T090000Z-bbbbbb", state="damaged", problem="line 3 is damaged; what follows it cannot be trusted"),
)
TABLE = """\
ROLLOUT                  WHEN (UTC)        WHAT                CLUSTER  STATE    NODES
20261123T175012Z-1f2e3d  2026-11-23 17:50  containerd-metrics  demo     ended    4 proven, 1 unchanged
20261122T090000Z-aaaaaa  2026-11-22 16:50  x                   demo     open
20261121T090000Z-bbbbbb                                                 damaged  line 3 is damaged; what follows it cannot be trusted"""
DIFF = "--- before\n+++ after\n@@ -1 +1 @@\n-a\n+b\n"
SHOWN = Shown(
    SUMMARIES[1],
    Report(
        rollout=SUMMARIES[1].id, nodes=(NodeReport(node="10.5.0.4", hostname="worker-2", outcome=Outcome.INTERRUPTED, reason="stopped"),)
    ),
    {
        "nodes": [
            {"node": "10.5.0.4", "hostname": "worker-2", "effect": "cri-restart", "diff": DIFF},
            {"node": "10.5.0.5", "hostname": "", "effect": "cri-restart", "diff": DIFF},
            {"node": "10.5.0.6", "hostname": "worker-4", "effect": "nothing", "diff": ""},
        ]
    },
    ((STARTED - 90_000, "begin", ""), (STARTED - 89_998.5, "intend", "10.5.0.4")),
)
TEXT = """\
20261122T090000Z-aaaaaa: x on demo, 2026-11-22 16:50 UTC, open

worker-2, 10.5.0.5
  cri-restart
  --- before
  +++ after
  @@ -1 +1 @@
  -a
  +b

rollout on 1 node: 1 interrupted

NODE      OUTCOME      SEEN
worker-2  interrupted  stopped

See it again with `talospatch rollout show 20261122T090000Z-aaaaaa`; go on with
`talospatch rollout resume 20261122T090000Z-aaaaaa`.

AFTER  NODE      JOURNALLED
0.0s             begin
1.5s   worker-2  intend"""


def test_the_history_is_one_line_a_rollout() -> None:
    """One that is damaged is listed with what is wrong."""
    assert render(history(SUMMARIES), Format.TABLE, width=200, paint=PLAIN) == TABLE


def test_an_empty_history_says_so() -> None:
    """In a table that would be no line at all."""
    assert render(history(()), Format.TABLE, width=80, paint=PLAIN) == "No rollouts yet."


def test_a_rollout_is_shown_with_plan_outcome_and_steps() -> None:
    """Identical differences once."""
    assert render(shown(SHOWN), Format.TABLE, width=90, paint=PLAIN) == TEXT


def test_json_has_a_schema() -> None:
    """The list and the single rollout."""
    listed = json.loads(render(history(SUMMARIES), Format.JSON, width=80, paint=PLAIN))
    assert (listed["kind"], listed["schema"], len(listed["rollouts"])) == ("history", 1, 3)
    single = json.loads(render(shown(SHOWN), Format.JSON, width=80, paint=PLAIN))
    assert (single["kind"], single["schema"], single["rollout"]["state"]) == ("rollout", 1, "open")


def test_markdown_folds_the_differences() -> None:
    """As for a ticket."""
    text = render(shown(SHOWN), Format.MARKDOWN, width=80, paint=PLAIN)
    assert "<details><summary>2 nodes: worker-2, 10.5.0.5</summary>" in text
    assert "| worker-2 | interrupted |" in text
    assert render(history(SUMMARIES), Format.MARKDOWN, width=80, paint=PLAIN).count("\n") == 4
