"""Talos makes the same of a config before and after its conversion: its own code says so, or said so when it was asked."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from random import Random

import pytest

from talospatch.errors import TalosPatchError
from talospatch.machineconfig.config import MachineConfig
from talospatch.patching.conversion.convert import convert
from talospatch.versions import TalosVersion

sys.path.insert(0, str(Path(__file__).parent.parent / "oracle"))
from conversion_cases import Legacy
from conversion_examples import EXAMPLES, Example
from talos_answers import MINORS, RECORD, Refused, digest, effects_of, program, variable

CASES = int(os.environ.get("TALOSPATCH_FUZZ", "200"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{EXAMPLES.index(example)}-{example.rule}")
def test_both_forms_of_an_example_were_compared_by_talos(example: Example) -> None:
    """On every minor that has both. After a change: tools/answers/README.md."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    minors = [minor for minor in MINORS if example.minor <= minor]
    assert minors
    assert [minor for minor in minors if digest(minor, example.old, example.new) not in record[minor]] == []


def test_nothing_is_recorded_that_is_no_example() -> None:
    """Of examples that changed, the old comparison proves nothing."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    known = {digest(minor, example.old, example.new) for minor in MINORS for example in EXAMPLES}
    assert {word for minor in MINORS for word in record[minor]} <= known


def needs_program(minor: str) -> None:
    """Skip a test where nothing answers for a minor."""
    if not program(minor):
        pytest.skip(f"{variable(minor)} names no program")


def compare(minor: str, pairs: list[tuple[str, str]]) -> None:
    """Compare configs before and after; those that Talos does not load before do not count."""
    seen = effects_of(minor, [text for pair in pairs for text in pair])
    compared = 0
    for index, (before, after) in enumerate(pairs):
        old, new = seen[2 * index], seen[2 * index + 1]
        if isinstance(old, Refused):
            continue
        compared += 1
        assert not isinstance(new, Refused), f"{new}\n{before}\n-- after\n{after}"
        assert old == new, f"{before}\n-- after\n{after}"
    assert compared > len(pairs) / 2


@pytest.mark.timeout(0)
@pytest.mark.parametrize("minor", MINORS)
def test_talos_does_the_same_with_documents(minor: str) -> None:
    """As many random configs as TALOSPATCH_FUZZ says, the same in every run."""
    needs_program(minor)
    pairs = []
    for number in range(CASES):
        text = Legacy(minor, Random(f"{minor} {number}")).text()
        try:
            pairs.append((text, convert(MachineConfig.parse(text), TalosVersion.parse(minor)).after.text))
        except TalosPatchError:
            continue  # the generator makes texts that no types fit, too
    compare(minor, pairs)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("to", ["1.11", "1.12", "1.13"])
def test_talos_does_the_same_with_what_went_back(to: str) -> None:
    """The newer Talos, which has both forms; in the older one the main document's sections mean what they mean."""
    needs_program("1.14")
    pairs = []
    for number in range(CASES):
        text = Legacy("1.14", Random(f"{to} {number}")).newer_text()
        try:
            pairs.append((text, convert(MachineConfig.parse(text), TalosVersion.parse(to), needed=True).after.text))
        except TalosPatchError:
            continue
    compare("1.14", pairs)
