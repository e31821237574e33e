"""Asking Talos's own configuration code: programs made of ``tools/answers``, one for each minor."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from effects import effects

RECORD = Path(__file__).parent.parent / "vectors/convert/compared.json"
MINORS = ("1.12", "1.13", "1.14")


class Refused(Exception):
    """Talos does not load the config."""


def variable(minor: str) -> str:
    """Return the environment variable that names the program of a minor."""
    return f"TALOSPATCH_ANSWERS_{minor.replace('.', '_')}"


def program(minor: str) -> str | None:
    """Return the program that answers for a minor, where there is one."""
    return os.environ.get(variable(minor))


def effects_of(minor: str, texts: Sequence[str]) -> list[dict[str, Any] | Refused]:
    """Return what Talos does with each config, or that it does not load it."""
    path = program(minor)
    assert path, f"{variable(minor)} names no program"
    requests = "".join(json.dumps({"base": text}) + "\n" for text in texts)
    done = subprocess.run([path], input=requests, capture_output=True, encoding="utf-8", check=True)
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    assert len(answers) == len(texts)
    return [effects(answer["answers"]) if "answers" in answer else Refused(answer["error"]) for answer in answers]


def digest(minor: str, before: str, after: str) -> str:
    """Return the word for a comparison, which changes with anything that was compared."""
    return hashlib.sha256("\0".join((minor, before, after)).encode()).hexdigest()[:24]
