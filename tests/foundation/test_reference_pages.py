"""The pages of docs/reference that are written from data say what the data says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from talospatch.planning.outcomes import EXIT_CODES, ExitCode

ROOT = Path(__file__).parents[2]
TOOLS = sorted((ROOT / "tools").glob("*_page.py"))


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.stem)
def test_a_page_is_what_its_tool_writes(tool: Path) -> None:
    """If it is not, the error says which command writes it."""
    page = f"docs/reference/{tool.stem.removesuffix('_page').replace('_', '-')}.md"
    command = [sys.executable, str(tool.relative_to(ROOT)), "--check", page]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_page_that_says_something_else_is_told(tmp_path: Path) -> None:
    """With the command that mends it."""
    page = tmp_path / "versions.md"
    page.write_text("# Talos versions\n", encoding="utf-8")
    command = [sys.executable, "tools/versions_page.py", "--check", str(page)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"run python tools/versions_page.py {page}" in done.stderr


def test_every_exit_code_has_a_meaning() -> None:
    """In the order of their numbers, in which the page has them."""
    assert list(EXIT_CODES) == sorted(ExitCode)
