"""Configurations and patches for the tests of ``machineconfig``, and running it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]  # works without an install too
TOKEN = "abcdef.0123456789abcdef"


def worker(name: str, more: str = "") -> str:
    """Return a worker's configuration, with comments and a layout of its own."""
    return f"""\
version: v1alpha1
machine:
  type: worker
  token: {TOKEN}
  # a comment that stays
  certSANs:
  - 10.0.0.1   # in place
  network: {{hostname: "{name}"}}
  ca: {{crt: YQ==}}
{more}cluster:
  controlPlane: {{endpoint: "https://10.0.0.9:6443"}}
"""


PATCH = """\
machine:
  certSANs: [10.0.0.2]
"""


def patched(name: str, more: str = "") -> str:
    """Return the worker's configuration after :data:`PATCH`."""
    return worker(name, more).replace("  - 10.0.0.1   # in place\n", "  - 10.0.0.1   # in place\n  - 10.0.0.2\n")


def give_stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Make a text standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def talospatch(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command line in a process of its own, its output as bytes."""
    command = [sys.executable, "-m", "talospatch", *arguments]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, cwd=cwd or ROOT, env=env, capture_output=True, check=False, stdin=subprocess.DEVNULL)
