"""The typed engine against Talos's own code, on random configs and patches.

Each ``TALOSPATCH_ORACLE_<minor>``, such as ``TALOSPATCH_ORACLE_1_13``, names a program that answers for that minor; see ``oracle_process``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle_cases import Maker
from oracle_process import Oracle

from talospatch.errors import TalosPatchError
from talospatch.machineconfig.typed.apply import patch_text
from talospatch.machineconfig.typed.dialect import DIALECTS

# Fields of later patch releases than the newest that is published as a module: the reference does not know them, the tables do.
LATER_FIELDS = {"1.12": ("strictCgroupClassOrdering",)}
CASES = int(os.environ.get("TALOSPATCH_FUZZ", "400"))


@pytest.fixture(params=sorted(DIALECTS), scope="module")
def asked(request: pytest.FixtureRequest) -> Iterator[tuple[str, Oracle]]:
    """A minor, and the program that answers for it."""
    variable = f"TALOSPATCH_ORACLE_{request.param.replace('.', '_')}"
    path = os.environ.get(variable)
    if not path:
        pytest.skip(f"{variable} names no program")
    oracle = Oracle(path)
    yield request.param, oracle
    oracle.close()


def ours(minor: str, base: str, patches: list[str]) -> str | None:
    """Return our text, or None for an error of ours."""
    try:
        return patch_text(base, patches, minor=minor)
    except TalosPatchError:
        return None


def check(minor: str, oracle: Oracle, case: tuple[str, list[str]]) -> None:
    """Compare one case."""
    base, patches = case
    if any(field in text for field in LATER_FIELDS.get(minor, ()) for text in (base, *patches)):
        return
    answer = oracle.ask(base, patches)
    assert ours(minor, base, patches) == answer.get("ok"), f"{base}\n-- patches\n{patches}\n-- answer\n{answer}"


@pytest.mark.timeout(0)
def test_random_cases_agree(asked: tuple[str, Oracle]) -> None:
    """As many as TALOSPATCH_FUZZ says, the same in every run."""
    minor, oracle = asked
    for number in range(CASES):
        random = Random(f"{minor} {number}")
        oddity, wrongness = random.choice(((0.05, 0.004), (0.15, 0.015), (0.0, 0.0)))
        check(minor, oracle, Maker(minor, random, oddity=oddity, wrongness=wrongness).case())


@pytest.mark.timeout(0)
def test_the_smallest_disagreement_is_reported(asked: tuple[str, Oracle]) -> None:
    """Cases that hypothesis can make smaller."""
    minor, oracle = asked

    @settings(max_examples=max(50, CASES // 20), deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False))
    def compare(random: Random) -> None:
        check(minor, oracle, Maker(minor, random).case())

    compare()
