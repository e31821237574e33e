"""What is refused before any node is asked."""

from __future__ import annotations

import io
import sys

import pytest

from talospatch.cli.run import run

PATCH = ("-p", "bundled:containerd-metrics")


@pytest.mark.parametrize(
    "command",
    [
        ["nodes"],
        ["diff", *PATCH],
        ["apply", *PATCH, "--yes"],
        ["apply", *PATCH, "--dry-run"],
        ["patch", "mc", *PATCH, "--yes"],
        ["cni", "check"],
        ["nodes", "--filter", "a"],
    ],
)
def test_no_target_is_refused(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the talosconfig says; the message lists the options."""
    assert run(command) == 5
    said = capsys.readouterr()
    assert said.out == ""
    assert "--workers, --control-planes, --all or -n" in said.err


@pytest.mark.parametrize(
    "command",
    [
        ["apply", *PATCH, "--workers"],
        ["patch", "machineconfig", *PATCH, "--workers"],
        ["rollout", "undo", "last"],
        ["rollout", "resume", "last"],
    ],
)
def test_without_a_terminal_nothing_is_changed_unless_it_is_said(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused before the talosconfig is even looked for."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert run(command) == 5
    assert "--yes" in capsys.readouterr().err


def test_a_missing_talosconfig_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """It says where it was looked for."""
    assert run(["nodes", "--all"]) == 1
    assert "no talosconfig found" in capsys.readouterr().err


def test_there_are_no_rollouts_at_first(capsys: pytest.CaptureFixture[str]) -> None:
    """The list says so, and nothing can be shown, resumed or undone."""
    assert run(["rollout", "history"]) == 0
    assert capsys.readouterr().out == "No rollouts yet.\n"
    assert run(["rollout", "show", "last"]) == 1
    assert run(["rollout", "resume", "last", "--yes"]) == 1
    assert "rollout history" in capsys.readouterr().err
