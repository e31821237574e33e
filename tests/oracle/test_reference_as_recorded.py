"""The reference that was built here against what was recorded: else comparing with it would mean little."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from oracle_process import Answer, each_minor, oracle_of
from published import is_older

VECTORS = Path(__file__).parent.parent / "vectors"


def same(answer: Answer, recorded: dict[str, Any]) -> bool:
    """Whether an answer is the recorded one: the same bytes, or an error or crash as well, and as many warnings."""
    kind = next(kind for kind in ("ok", "error", "panic") if kind in recorded)
    return (
        kind in answer and answer.get("ok") == recorded.get("ok") and len(answer.get("warnings", ())) == len(recorded.get("warnings", ()))
    )


@each_minor
def test_it_answers_as_it_was_recorded(minor: str) -> None:
    """All recorded cases of its minor, but for what a later patch release brought."""
    oracle = oracle_of(minor)
    paths = [path for name in ("merge", "json6902", "validate") for path in sorted((VECTORS / name).glob("*.jsonl"))]
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").split("\n") if line]
    cases = [case for case in map(json.loads, lines) if minor in case["versions"]]
    told = []
    for case in cases:
        given = {"op": case["op"], "mode": case.get("mode", ""), "strict": bool(case.get("strict"))}
        answer = oracle.ask(case["base"], case.get("patches", []), **given)
        older = is_older(minor, answer, case["base"], *case.get("patches", ()))
        if not older and not same(answer, case["versions"][minor]):
            told.append(f"{case['id']}: {answer}, recorded {case['versions'][minor]}")
    assert len(cases) > 700
    assert told == []
