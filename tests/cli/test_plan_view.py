"""A plan, in every form; and what it means for the exit code."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from talospatch.cli import plans
from talospatch.cli.output import Format, render
from talospatch.cli.paint import PLAIN, Paint
from talospatch.cli.rollouts import question
from talospatch.cli.views.plan import view
from talospatch.errors import RefusedError
from talospatch.machineconfig.config import MachineConfig
from talospatch.planning.difference import NodeDifference
from talospatch.planning.effects import Consequence, Effect
from talospatch.planning.outcomes import ExitCode
from talospatch.planning.plan import NodePlan, Plan, Refusal, Strategy
from talospatch.talos.finding import Finding, Severity

TOKEN = "abcdef.0123456789abcdef"
REST = "  time:\n    disabled: false\n  install:\n    disk: /dev/sda\n"
BEFORE = f"machine:\n  type: worker\n  token: {TOKEN}\n  sysctls: {{}}\n{REST}"
AFTER = f"machine:\n  type: worker\n  token: {TOKEN}\n  sysctls:\n    vm.nr_hugepages: '1'\n{REST}"
NOTE = Finding(Severity.NOTE, "fleet-has-older", "machine.files", "some node is older", "")
WARNING = Finding(Severity.WARNING, "unauthenticated", "", "anybody who reaches the port reads the metrics", "add a firewall rule")


def node(number: int, talos: str = "v1.14.0", *, changes: bool = True, effect: Effect = Effect.CRI_RESTART, **more: object) -> NodePlan:
    """Return a node's plan; two nodes of a kind have the same difference."""
    before, after = MachineConfig.parse(BEFORE), MachineConfig.parse(AFTER if changes else BEFORE)
    plan = NodePlan(
        node=f"10.5.0.{number + 2}",
        hostname=f"worker-{number}",
        talos=talos,
        before=before.data,
        after=after.data,
        difference=NodeDifference(before.data, after.data),
        effect=effect if changes else Effect.NOTHING,
        strategy=Strategy.TRY if changes else Strategy.NOTHING,
        check="accepted" if changes else "not asked",
    )
    return replace(plan, **more)  # type: ignore[arg-type]


REBOOT = node(
    1,
    "v1.13.9",
    effect=Effect.REBOOT,
    check="not asked",
    strategy=Strategy.REBOOT,
    refusals=(Refusal("needs-drain", "this reboots the node", "drain it and pass --no-drain"),),
)
PLAN = Plan(
    nodes=(
        node(2, findings=(NOTE, WARNING)),
        node(3, findings=(NOTE, WARNING)),
        node(4, changes=False),
        REBOOT,
        NodePlan(node="10.5.0.9", error="10.5.0.9: Version: no answer within 10 s"),
    ),
    changes=("containerd-metrics",),
)
TABLE = """\
containerd-metrics on 5 nodes: 2 to change, 1 as wanted already, 1 refused, 1 could not be
looked at

worker-2, worker-3 (v1.14.0)
  containerd restarts, pods keep running, no reboot; the node says: accepted
  --- before
  +++ after
  @@ -1,7 +1,8 @@
   machine:
     type: worker
     token: MARK
  -  sysctls: {}
  +  sysctls:
  +    vm.nr_hugepages: '1'
     time:
       disabled: false
     install:

worker-1 (v1.13.9)
  the node reboots, without a drain
  refused: this reboots the node; drain it and pass --no-drain
  --- before
  +++ after
  @@ -1,7 +1,8 @@
   machine:
     type: worker
     token: MARK
  -  sysctls: {}
  +  sysctls:
  +    vm.nr_hugepages: '1'
     time:
       disabled: false
     install:

Nothing to do: worker-4 (v1.14.0)

10.5.0.9 could not be looked at: Version: no answer within 10 s

warning unauthenticated · worker-2, worker-3
  anybody who reaches the port reads the metrics
  → add a firewall rule
note fleet-has-older machine.files · worker-2, worker-3
  some node is older"""


def without_marks(text: str) -> str:
    """Return the text with the secret's mark, which is another in each run, replaced."""
    before = PLAN.nodes[0].difference
    assert before is not None
    mark = next(line for line in before.unified().splitlines() if "token:" in line).partition("token: ")[2]
    assert mark.startswith("[redacted")
    return text.replace(mark, "MARK")


def test_identical_differences_are_shown_once_with_their_nodes() -> None:
    """Then who has nothing to do, who could not be seen, and what was noticed, the gravest first."""
    assert without_marks(render(view(PLAN), Format.TABLE, width=90, paint=PLAIN)) == TABLE


def test_several_effects_are_said_one_by_one_with_what_makes_them_happen() -> None:
    """The gravest first; the node's own word stands behind the last."""
    found = (
        Consequence(Effect.NEXT_BOOT, paths=("machine.files",)),
        Consequence(Effect.LIVE, ("kubelet",), ("machine.kubelet",)),
        Consequence(Effect.LIVE, paths=("machine.sysctls",)),
    )
    plan = replace(PLAN, nodes=(node(2, effect=Effect.NEXT_BOOT, effects=found),))
    said = [
        "accepted now, in effect only after the next reboot (machine.files)",
        "kubelet restarts (machine.kubelet)",
        "applied while running (machine.sysctls); the node says: accepted",
    ]
    assert "\n".join(f"  {line}" for line in said) in render(view(plan), Format.TABLE, width=90, paint=PLAIN)
    assert "\n".join(f"- {line}" for line in said) in render(view(plan), Format.MARKDOWN, width=90, paint=PLAIN)
    shown = json.loads(render(view(plan), Format.JSON, width=90, paint=PLAIN))
    assert [each["sentence"] for each in shown["groups"][0]["effects"]] == [line.partition(" (")[0] for line in said]
    assert shown["nodes"][0]["effects"] == shown["groups"][0]["effects"]


@pytest.mark.parametrize("form", list(Format))
def test_no_form_shows_a_secret(form: Format) -> None:
    """Nor its configuration's bytes."""
    assert TOKEN not in render(view(PLAN), form, width=90, paint=Paint(True))


def test_differences_are_coloured() -> None:
    """On a terminal."""
    text = render(view(PLAN), Format.TABLE, width=90, paint=Paint(True))
    assert "\x1b[32m+  sysctls:\x1b[0m" in text
    assert "\x1b[31m-  sysctls: {}\x1b[0m" in text


def test_json_names_the_nodes_of_each_group() -> None:
    """By address; each node has its own effect, refusals and findings."""
    data = json.loads(render(view(PLAN), Format.JSON, width=80, paint=PLAIN))
    assert (data["kind"], data["schema"]) == ("plan", 1)
    assert [group["nodes"] for group in data["groups"]] == [["10.5.0.4", "10.5.0.5"], ["10.5.0.3"]]
    assert data["counts"] == {"to do": 2, "unchanged": 1, "refused": 1, "failed": 1}
    assert "before" not in data["nodes"][0]


def test_markdown_folds_each_group() -> None:
    """A pull request shows the summary and opens the difference on a click."""
    text = render(view(PLAN), Format.MARKDOWN, width=80, paint=PLAIN)
    assert "<details><summary>2 nodes: worker-2, worker-3 (v1.14.0)</summary>" in text
    assert "```diff\n--- before" in text
    assert "**Refused:** this reboots the node; drain it and pass --no-drain" in text


def test_what_stands_behind_a_refusal_is_shown() -> None:
    """Such as the difference of a node that was changed since."""
    refused = node(
        1, changes=False, refusals=(Refusal("changed-since", "it was changed since", "", "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n"),)
    )
    text = render(view(Plan(nodes=(refused,), changes=("undo",))), Format.TABLE, width=80, paint=PLAIN)
    assert "worker-1\n  refused: it was changed since\n    --- a\n    +++ b\n" in text


@pytest.mark.parametrize(
    ("nodes", "strict", "code"),
    [
        ((node(1, changes=False),), False, ExitCode.DONE),
        ((node(1),), False, ExitCode.DIFFERENCES),
        ((node(1), NodePlan(node="a", error="gone")), False, ExitCode.FAILED),
        (PLAN.nodes, False, ExitCode.REFUSED),
        ((node(1, findings=(WARNING,)),), False, ExitCode.DIFFERENCES),
        ((node(1, findings=(WARNING,)),), True, ExitCode.REFUSED),
        ((node(1, findings=(NOTE,)),), True, ExitCode.DIFFERENCES),
    ],
)
def test_the_exit_code_of_a_plan_is_the_highest_that_applies(nodes: tuple[NodePlan, ...], strict: bool, code: ExitCode) -> None:
    """A refusal outweighs a node that was not seen, and that a difference."""
    assert plans.exit_code(Plan(nodes=nodes, changes=("x",)), strict=strict) is code


def test_strict_refuses_warnings_by_name() -> None:
    """And nothing else."""
    with pytest.raises(RefusedError, match="unauthenticated"):
        plans.insist(PLAN)
    plans.insist(Plan(nodes=(node(1, findings=(NOTE,)),), changes=("x",)))


def test_the_question_says_how_many_in_which_order_and_what_reboots() -> None:
    """What a person must know before saying yes."""
    assert question(PLAN) == "Change 2 nodes, one at a time, worker-2 first; 2 nodes are left alone?"
    assert all(len(line + " [y/N]: ") <= 40 for line in question(PLAN, 40).splitlines())
    alone = Plan(nodes=(replace(REBOOT, refusals=()),), changes=("x",))
    assert question(alone) == "Change 1 node (worker-1); 1 node reboots without a drain?"
