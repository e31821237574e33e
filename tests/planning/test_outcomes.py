"""Exit codes and reports."""

from __future__ import annotations

import pytest

from talospatch.errors import RolloutError
from talospatch.planning.outcomes import OUTCOMES, Outcome, exit_code
from talospatch.planning.report import NodeReport, ProofItem, Report


def test_every_outcome_has_a_sentence_and_an_exit_code() -> None:
    """The table is whole."""
    assert set(OUTCOMES) == set(Outcome)


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([], 0),
        ([Outcome.PROVEN, Outcome.UNCHANGED], 0),
        ([Outcome.PROVEN, Outcome.NOT_PROVEN], 3),
        ([Outcome.TAKEN_BACK, Outcome.NOT_ATTEMPTED], 4),
        ([Outcome.FAILED, Outcome.REFUSED, Outcome.TAKEN_BACK], 5),
        ([Outcome.REFUSED, Outcome.INTERRUPTED], 130),
        ([Outcome.UNKNOWN], 3),
    ],
)
def test_the_highest_code_that_applies_wins(outcomes: list[Outcome], code: int) -> None:
    """And an interrupted rollout says so before all else."""
    assert exit_code(outcomes) == code


def report(*outcomes: Outcome) -> Report:
    nodes = tuple(NodeReport(node=f"10.0.0.{index}", outcome=outcome, reason="why") for index, outcome in enumerate(outcomes))
    return Report(rollout="r1", nodes=nodes)


def test_a_failure_is_raised_only_when_asked_for_and_keeps_the_report() -> None:
    """raise_on_failure names each node that did not end well."""
    report(Outcome.PROVEN).raise_on_failure()
    bad = report(Outcome.PROVEN, Outcome.FAILED)
    with pytest.raises(RolloutError, match=r"1 of 2 nodes.*\n.*10\.0\.0\.1: failed: why") as caught:
        bad.raise_on_failure()
    assert caught.value.report is bad


def test_a_report_says_what_to_do_next() -> None:
    """The source of truth after a change; how to go on after a failure."""
    assert "source" not in " ".join(report(Outcome.UNCHANGED).advice)
    assert len(report(Outcome.PROVEN).advice) == 1
    assert any("resume r1" in sentence for sentence in report(Outcome.FAILED).advice)
    assert report(Outcome.PROVEN, Outcome.PROVEN, Outcome.FAILED).counts == {Outcome.PROVEN: 2, Outcome.FAILED: 1}


def test_a_node_s_report_survives_being_written_and_read() -> None:
    """As the journal does."""
    item = ProofItem("listener", "containerd listens on 0.0.0.0:11234", "closed", False, 12.5)
    node = NodeReport(node="10.0.0.5", outcome=Outcome.NOT_PROVEN, reason="why", hostname="worker-1", proof=(item,), seconds=3.25)
    assert NodeReport.from_dict(node.to_dict()) == node
