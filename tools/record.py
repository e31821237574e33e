"""Write down what Talos answers: fill in the answers of every minor to the cases of a file of vectors.

python tools/record.py tests/vectors/merge/found.jsonl

A case is a line of JSON with id, op, base and patches or mode, as tests/vectors describes them; what it holds under versions is replaced.
Needs Go. Talos 1.12 is 1.12.7 here: leave out what later patch releases brought.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from machinery import MINORS
from oracle import program

ANSWERS = ("ok", "error", "panic", "warnings")


def record(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return cases with the answers of every minor."""
    for case in cases:
        case["versions"] = {}
    requests = "".join(json.dumps(case) + "\n" for case in cases)
    for minor in MINORS:
        answers = subprocess.run([program(minor)], input=requests, capture_output=True, encoding="utf-8", check=True).stdout
        for case, line in zip(cases, answers.removesuffix("\n").split("\n"), strict=True):
            answer = json.loads(line)
            case["versions"][minor] = {name: answer[name] for name in ANSWERS if name in answer}
    return cases


def main(path: Path) -> None:
    """Record the answers to the cases of a file."""
    cases = record([json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line])
    path.write_text("".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases), encoding="utf-8")
    print(f"{path}: {len(cases)} cases")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
