"""Completion: the scripts, and what they ask for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from talospatch.cli.run import run


@pytest.mark.parametrize(
    ("shell", "word"), [("bash", "complete -o default -F"), ("zsh", "compdef"), ("fish", "complete --command talospatch")]
)
def test_each_shell_has_its_script(shell: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Printed, for the user to put where it belongs."""
    assert run(["completion", shell]) == 0
    printed = capsys.readouterr().out
    assert word in printed
    assert "_TALOSPATCH_COMPLETE=complete_" in printed


def complete(words: str, number: int) -> list[str]:
    """Return what bash would offer."""
    environment = {"_TALOSPATCH_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(number), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-m", "talospatch"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_commands_and_options_are_completed() -> None:
    """Those of a subcommand too."""
    assert complete("talospatch ro", 1) == ["rollout"]
    assert complete("talospatch rollout ", 2) == ["history", "show", "resume", "undo"]
    assert "--workers" in complete("talospatch diff --w", 2)
    assert complete("talospatch diff -o ", 3) == ["table", "json", "yaml", "markdown"]
