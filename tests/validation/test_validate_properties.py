"""Whatever the text, there is a verdict and no crash, and what we add never changes it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from talospatch.machineconfig.tables.find import MINORS
from talospatch.machineconfig.validation.cel.check import problem_with
from talospatch.machineconfig.validation.cel.environments import environment
from talospatch.machineconfig.validation.validate import MODES, validate_config
from talospatch.patching.validation import validate_config as validate_with_more
from talospatch.talos.finding import Severity

EXAMPLES = int(os.environ.get("TALOSPATCH_FUZZ", "60"))
FOLDER = Path(__file__).parent
TEXTS = [json.loads(line)["base"] for line in (FOLDER.parent / "vectors/validate/broken.jsonl").read_text("utf-8").splitlines()]
TEXTS.append((FOLDER / "kinds.yaml").read_text("utf-8"))
WORDS = [
    "null",
    "[]",
    "{}",
    "~",
    "-1",
    "1.5",
    "''",
    "*a",
    "&a 1",
    "!!binary x",
    "[null]",
    "{a: b}",
    "2024-01-02",
    "x: y",
    "\t",
    "---",
    "yes",
]
bounded = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


def verdicts(text: str, minor: str, mode: str) -> None:
    found = validate_config(text, mode=mode, talos_version=minor)
    more = validate_with_more(text, mode=mode, talos_version=minor)
    assert more[: len(found)] == found
    assert all(finding.severity is not Severity.ERROR for finding in more[len(found) :])
    assert all(finding.code and finding.message for finding in more)


@pytest.mark.fuzz
@bounded
@given(st.text(max_size=300), st.sampled_from(MINORS), st.sampled_from(MODES))
def test_any_text_has_a_verdict(text: str, minor: str, mode: str) -> None:
    verdicts(text, minor, mode)


@pytest.mark.fuzz
@bounded
@given(st.sampled_from(TEXTS), st.randoms(use_true_random=False), st.sampled_from(MINORS), st.sampled_from(MODES))
def test_any_config_with_values_exchanged_has_a_verdict(text: str, random: Random, minor: str, mode: str) -> None:
    lines = text.splitlines()
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(lines))
        key, colon, _value = lines[at].partition(": ")
        choices = [f"{key}: {random.choice(WORDS)}", lines[random.randrange(len(lines))], random.choice(WORDS)]
        lines[at] = choices[0] if colon and random.random() < 0.7 else random.choice(choices)
    verdicts("\n".join(lines), minor, mode)


@pytest.mark.fuzz
@bounded
@given(
    st.lists(
        st.sampled_from(["disk", ".", "size", "(", ")", "[", "]", "{", "}", "?", ":", "1", "'a'", "!", "-", "==", "in", ",", "has", "x"]),
        max_size=25,
    )
)
def test_any_expression_has_a_verdict(words: list[str]) -> None:
    for where in ("disk", "memory pressure"):
        problem_with(" ".join(words), environment(where, "1.14"))
