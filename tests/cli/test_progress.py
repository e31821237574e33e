"""What a rollout says while it goes on, and when it is interrupted."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from talospatch.cli.progress import RolloutProgress
from talospatch.cli.terminal import Terminal
from talospatch.planning.outcomes import Outcome
from talospatch.planning.report import NodeReport
from talospatch.rollout.executor import Progress

if TYPE_CHECKING:
    import pytest

ID = "20261123T175012Z-1f2e3d"
REPORT = NodeReport(node="10.5.0.4", hostname="worker-2", outcome=Outcome.PROVEN)
BEGAN = Progress(kind="began", detail=ID, total=2)
FIRST = (
    Progress(kind="node", node="10.5.0.4", name="worker-2", number=1, total=2),
    Progress(kind="doing", node="10.5.0.4", name="worker-2", number=1, total=2, detail="waiting for proof"),
    Progress(kind="ended", node="10.5.0.4", name="worker-2", number=1, total=2, seconds=3.25, report=REPORT),
)
SECOND = (
    Progress(kind="node", node="10.5.0.5", name="worker-3", number=2, total=2),
    Progress(kind="doing", node="10.5.0.5", name="worker-3", number=2, total=2, detail="on trial for 180 s"),
)


class Tty(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Whether somebody looks."""
        return True


def test_in_a_pipe_each_step_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """No bar, no escape code, nothing on stdout."""
    with RolloutProgress(Terminal({})) as watch:
        for progress in (BEGAN, *FIRST, Progress(kind="finished", total=2)):
            watch(progress)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "[1/2] worker-2: waiting for proof\n[1/2] worker-2: proven after 3.2s\n"


def test_in_a_pipe_what_goes_on_unchanged_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A minute of waiting is one line in the log of a CI job, not sixty."""
    with RolloutProgress(Terminal({})) as watch:
        for progress in (BEGAN, *FIRST[:2], FIRST[1], FIRST[1], *SECOND, FIRST[1]):
            watch(progress)
    waiting, trial = "[1/2] worker-2: waiting for proof\n", "[2/2] worker-3: on trial for 180 s\n"
    assert capsys.readouterr().err == waiting + trial + waiting


def test_on_a_terminal_one_line_moves_and_the_ends_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is going on is written over, what ended is not."""
    stream = Tty()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with RolloutProgress(Terminal({"TERM": "xterm"})) as watch:
        for progress in (BEGAN, *FIRST, *SECOND, Progress(kind="finished", total=2)):
            watch(progress)
    written = stream.getvalue()
    assert "\x1b[2K" in written
    assert "proven after 3.2s" in written


def test_a_name_cannot_act_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Names come from nodes."""
    with RolloutProgress(Terminal({})) as watch:
        watch(Progress(kind="doing", name="\x1b[2Jworker", number=1, total=1, detail="x\ry"))
    assert capsys.readouterr().err == "[1/1] \ufffd[2Jworker: x\ufffdy\n"


def test_an_interruption_says_what_each_node_has_and_how_to_go_on() -> None:
    """Those done, the one under way, those after it, the command."""
    watch = RolloutProgress(Terminal({}))
    for progress in (BEGAN, *FIRST, *SECOND):
        watch(progress)
    said = watch.interrupted()
    assert "1 node of 2 done" in said
    assert "worker-3 was under way (on trial for 180 s)" in said
    assert said.endswith(f"talospatch rollout resume {ID}")


def test_an_interruption_before_anything_began_says_so() -> None:
    """Nothing was changed; a resumed rollout can be resumed again."""
    assert RolloutProgress(Terminal({})).interrupted() == "Interrupted. Nothing was changed on any node."
    resumed = RolloutProgress(Terminal({}), ID).interrupted()
    assert "changed nothing" in resumed
    assert ID in resumed
