"""Everything that Talos answered about patches: the same bytes, or an error where it fails or crashes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from talospatch.errors import TalosPatchError
from talospatch.machineconfig.typed.apply import patch_text, reencode

FOLDERS = (Path(__file__).parent.parent / "vectors" / name for name in ("merge", "json6902"))
VECTORS = [path for folder in FOLDERS for path in sorted(folder.glob("*.jsonl"))]


def answer(case: dict[str, Any], minor: str) -> str | None:
    """Return our text, or None for an error of ours; anything else that is raised fails the test."""
    try:
        if case["op"] == "load":
            return reencode(case["base"], minor=minor)
        return patch_text(case["base"], case["patches"], minor=minor)
    except TalosPatchError:
        return None


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_every_recorded_answer_is_ours(path: Path) -> None:
    """Byte for byte where Talos wrote something, an error of our own where it refused or crashed."""
    cases = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    asked = [(case, minor) for case in cases for minor in case["versions"]]
    disagreements = [f"{case['id']} on {minor}" for case, minor in asked if answer(case, minor) != case["versions"][minor].get("ok")]
    assert asked
    assert not disagreements, f"{len(disagreements)} of {len(asked)}: {', '.join(disagreements)}"


def test_the_vectors_are_there() -> None:
    """A missing folder would pass every other test."""
    assert len(VECTORS) == 19
