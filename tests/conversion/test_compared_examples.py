"""Talos itself was asked about every example: that both forms have the same effect is not our word."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "oracle"))
from compared import MINORS, RECORD, digest
from conversion_examples import EXAMPLES, Example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{EXAMPLES.index(example)}-{example.rule}")
def test_both_forms_of_an_example_were_compared_by_talos(example: Example) -> None:
    """On every minor that has both. After a change: python tools/record_conversions.py."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    minors = [minor for minor in MINORS if example.minor <= minor]
    assert minors
    assert [minor for minor in minors if digest(minor, example.old, example.new) not in record[minor]] == []


def test_nothing_is_recorded_that_is_no_example() -> None:
    """Of examples that changed, the old comparison proves nothing."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    known = {digest(minor, example.old, example.new) for minor in MINORS for example in EXAMPLES}
    assert {word for minor in MINORS for word in record[minor]} <= known
