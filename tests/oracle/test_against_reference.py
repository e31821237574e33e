"""The typed engine against Talos's own code, on random configs and patches."""

from __future__ import annotations

import os
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle_cases import Maker
from oracle_process import Oracle, each_minor, oracle_of
from published import is_older

from talospatch.errors import TalosPatchError
from talospatch.machineconfig.typed.apply import patch_text

CASES = int(os.environ.get("TALOSPATCH_FUZZ", "400"))


def ours(minor: str, base: str, patches: list[str]) -> str | None:
    """Return our text, or None for an error of ours."""
    try:
        return patch_text(base, patches, minor=minor)
    except TalosPatchError:
        return None


def check(minor: str, oracle: Oracle, case: tuple[str, list[str]]) -> None:
    """Compare one case."""
    base, patches = case
    answer = oracle.ask(base, patches)
    if is_older(minor, answer, base, *patches):
        return
    assert ours(minor, base, patches) == answer.get("ok"), f"{base}\n-- patches\n{patches}\n-- answer\n{answer}"


@pytest.mark.timeout(0)
@each_minor
def test_random_cases_agree(minor: str) -> None:
    """As many as TALOSPATCH_FUZZ says, the same in every run."""
    oracle = oracle_of(minor)
    for number in range(CASES):
        random = Random(f"{minor} {number}")
        oddity, wrongness = random.choice(((0.05, 0.004), (0.15, 0.015), (0.0, 0.0)))
        check(minor, oracle, Maker(minor, random, oddity=oddity, wrongness=wrongness).case())


@pytest.mark.timeout(0)
@each_minor
def test_the_smallest_disagreement_is_reported(minor: str) -> None:
    """Cases that hypothesis can make smaller."""
    oracle = oracle_of(minor)

    @settings(max_examples=max(50, CASES // 20), deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False))
    def compare(random: Random) -> None:
        check(minor, oracle, Maker(minor, random).case())

    compare()
