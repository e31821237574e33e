"""A report, in every form."""

from __future__ import annotations

import json

import pytest
import yaml

from talospatch.cli.output import Format, render
from talospatch.cli.paint import PLAIN, Paint
from talospatch.cli.views.report import style, view
from talospatch.planning.outcomes import Outcome
from talospatch.planning.report import NodeReport, ProofItem, Report

PROOF = (
    ProofItem("configuration", "the new bytes", "the new bytes", True),
    ProofItem("drop-in", "a part with its checksum", "there", True),
    ProofItem("listener", "containerd on port 11234", "containerd listens on 0.0.0.0:11234", True),
)
REPORT = Report(
    rollout="20261123T175012Z-1f2e3d",
    changes=("containerd-metrics",),
    nodes=(
        NodeReport(node="10.5.0.4", hostname="worker-2", outcome=Outcome.PROVEN, proof=PROOF, seconds=3.25),
        NodeReport(
            node="10.5.0.5",
            hostname="worker-3",
            outcome=Outcome.TAKEN_BACK,
            reason="containerd did not listen within 75 s; it has its former configuration again",
            proof=(ProofItem("listener", "containerd on port 11234", "", False), ProofItem("service cri", "running", "", None)),
            seconds=80.0,
        ),
        NodeReport(node="10.5.0.6", hostname="worker-4", outcome=Outcome.NOT_ATTEMPTED, reason="the rollout stopped at worker-3"),
    ),
)

WORKER_3 = (
    "| worker-3 | taken-back | 80.0s | containerd did not listen within 75 s; it has its former configuration again; "
    "✗ listener: expected containerd on port 11234, seen nothing; ? service cri: expected running, seen nothing |"
)
LONG = NodeReport(
    node="10.5.0.5",
    outcome=Outcome.TAKEN_BACK,
    reason="not proven within 75 s: listener: expected containerd on port 11234, saw nothing",
    proof=(ProofItem("listener", "containerd on port 11234", "nothing", False), ProofItem("restarted", "a restart", "not known", None)),
)
TABLE = """\
containerd-metrics on 3 nodes: 1 proven, 1 taken-back, 1 not-attempted

NODE      OUTCOME        TIME   SEEN
worker-2  proven         3.2s   ✓ configuration, ✓ drop-in, ✓ containerd listens on
                                0.0.0.0:11234
worker-3  taken-back     80.0s  containerd did not listen within 75 s; it has its former
                                configuration again; ✗ listener: expected containerd on port
                                11234, seen nothing; ? service cri: expected running, seen
                                nothing
worker-4  not-attempted         the rollout stopped at worker-3

Add the change to wherever these configurations come from (Git, talhelper, Terraform …), or
the next apply from there undoes it.

See it again with `talospatch rollout show 20261123T175012Z-1f2e3d`; go on with
`talospatch rollout resume 20261123T175012Z-1f2e3d`."""

NARROW = """\
containerd-metrics on 3 nodes: 1 proven,
1 taken-back, 1 not-attempted

worker-2
  outcome: proven
  time: 3.2s
  seen: ✓ configuration, ✓ drop-in,
    ✓ containerd listens on
    0.0.0.0:11234
"""


def test_the_table_says_what_was_seen_or_why_not() -> None:
    """The proof of what went well, the reason of what did not, and what to do next."""
    assert render(view(REPORT), Format.TABLE, width=92, paint=PLAIN) == TABLE


def test_a_narrow_terminal_gets_blocks() -> None:
    """No line is cut."""
    text = render(view(REPORT), Format.TABLE, width=40, paint=PLAIN)
    assert text.startswith(NARROW)
    assert all(len(line) <= 40 or len(line.split()) == 1 for line in text.splitlines())


def test_the_outcomes_are_coloured() -> None:
    """Good ones green, what was taken back red."""
    text = render(view(REPORT), Format.TABLE, width=120, paint=Paint(True))
    assert "\x1b[32mproven\x1b[0m" in text
    assert "\x1b[31mtaken-back\x1b[0m" in text


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_a_look(outcome: Outcome) -> None:
    """None is left plain by oversight."""
    assert style(outcome) in {"good", "notice", "bad"}


def test_json_and_yaml_hold_the_same_values_with_a_schema() -> None:
    """For scripts; the exit code stands in them."""
    as_json = json.loads(render(view(REPORT), Format.JSON, width=80, paint=PLAIN))
    assert as_json == yaml.safe_load(render(view(REPORT), Format.YAML, width=80, paint=PLAIN))
    assert (as_json["kind"], as_json["schema"], as_json["exitCode"]) == ("report", 1, 4)
    assert [node["outcome"] for node in as_json["nodes"]] == ["proven", "taken-back", "not-attempted"]


def test_markdown_is_one_table() -> None:
    """A row for each node."""
    text = render(view(REPORT), Format.MARKDOWN, width=80, paint=PLAIN)
    assert text.splitlines()[2:6] == [
        "| node | outcome | time | seen |",
        "| --- | --- | --- | --- |",
        "| worker-2 | proven | 3.2s | ✓ configuration, ✓ drop-in, ✓ containerd listens on 0.0.0.0:11234 |",
        WORKER_3,
    ]


def test_a_secret_in_a_reason_is_not_shown() -> None:
    """Whatever put it there."""
    secret = "abcdef.0123456789abcdef"
    report = Report(rollout="", nodes=(NodeReport(node="a", outcome=Outcome.FAILED, reason=f"token: {secret}"),))
    for form in (Format.TABLE, Format.MARKDOWN):
        assert secret not in render(view(report), form, width=80, paint=PLAIN)


def test_what_the_reason_says_already_is_not_said_again() -> None:
    """The items that were missing are its second half."""
    (line,) = [
        line
        for line in render(view(Report(rollout="r", nodes=(LONG,))), Format.TABLE, width=300, paint=PLAIN).splitlines()
        if "10.5.0.5" in line
    ]
    assert line.endswith("on port 11234, saw nothing; ? restarted: expected a restart, seen not known")
    assert line.count("listener") == 1
