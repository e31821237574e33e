"""What Talos does with a config before and after its conversion, by Talos's own code, on random configs."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
from oracle_process import Oracle, oracle_of

from talospatch.errors import TalosPatchError
from talospatch.machineconfig.config import MachineConfig
from talospatch.patching.conversion.convert import convert
from talospatch.versions import TalosVersion

sys.path.insert(0, str(Path(__file__).parent.parent / "conversion"))
from compared import MINORS
from conversion_cases import Legacy
from effects import effects

CASES = max(50, int(os.environ.get("TALOSPATCH_FUZZ", "400")) // 4)  # a conversion takes longer than a patch


def effects_of(oracle: Oracle, text: str) -> dict[str, Any] | None:
    """Return what Talos does with a config; None for one that it does not load."""
    answer = oracle.ask(text, [], op="answers")
    return effects(json.loads(answer["ok"])) if "ok" in answer else None


def check(oracle: Oracle, text: str, to: str, *, needed: bool) -> bool:
    """Convert one config and compare; return whether there was something to compare."""
    try:
        after = convert(MachineConfig.parse(text), TalosVersion.parse(to), needed=needed).after.text
    except TalosPatchError:
        return False  # the generator makes texts that fit no types, too
    before = effects_of(oracle, text)
    if before is None:
        return False
    assert effects_of(oracle, after) == before, f"{text}\n-- after\n{after}"
    return after != text


@pytest.mark.timeout(0)
@pytest.mark.parametrize("minor", MINORS)
def test_documents_have_the_effect_that_the_main_document_had(minor: str) -> None:
    """As many configs as TALOSPATCH_FUZZ says, the same in every run."""
    oracle = oracle_of(minor)
    compared = [check(oracle, Legacy(minor, Random(f"{minor} {number}")).text(), minor, needed=False) for number in range(CASES)]
    assert sum(compared) > CASES / 2


@pytest.mark.timeout(0)
@pytest.mark.parametrize("to", ["1.11", "1.12", "1.13"])
def test_the_main_document_has_the_effect_that_documents_had(to: str) -> None:
    """Asked of the newer Talos, which has both forms; for the older one the sections mean what they always meant."""
    oracle = oracle_of("1.14")
    compared = [check(oracle, Legacy("1.14", Random(f"{to} {number}")).newer_text(), to, needed=True) for number in range(CASES)]
    assert sum(compared) > CASES / 2
