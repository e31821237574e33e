"""Our verdict against Talos's own, on random configs of which about half are valid."""

from __future__ import annotations

import os
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle_process import Oracle, each_minor, oracle_of
from published import is_older
from validation_cases import Asked, NearlyValid, sources

from talospatch.machineconfig.validation.validate import validate_config
from talospatch.talos.finding import Severity

CASES = int(os.environ.get("TALOSPATCH_FUZZ", "400"))


def check(minor: str, oracle: Oracle, asked: Asked) -> bool:
    """Compare one case, and return whether the reference took the config."""
    answer = oracle.ask(asked.text, [], op="validate", mode=asked.mode, strict=asked.strict)
    findings = validate_config(asked.text, mode=asked.mode, talos_version=minor, strict=asked.strict)
    taken = "ok" in answer
    if not is_older(minor, answer, asked.text):
        told = f"{asked.text}\n-- {asked.mode}, {'strict' if asked.strict else 'not strict'}\n-- answer\n{answer}\n-- ours\n{findings}"
        assert taken != any(finding.severity is Severity.ERROR for finding in findings), told
        if taken:
            assert len(answer.get("warnings", ())) == sum(finding.severity is Severity.WARNING for finding in findings), told
    return taken


@pytest.mark.timeout(0)
@each_minor
def test_verdicts_on_random_configs_agree(minor: str) -> None:
    """As many as TALOSPATCH_FUZZ says, the same in every run; some are valid and some are not, else little would be compared."""
    oracle = oracle_of(minor)
    made = sources(minor)
    taken = sum(check(minor, oracle, NearlyValid(minor, Random(f"validate {minor} {number}"), *made).asked()) for number in range(CASES))
    assert 0.2 * CASES < taken < 0.9 * CASES


@pytest.mark.timeout(0)
@each_minor
def test_verdicts_on_each_word_agree(minor: str) -> None:
    """Right and wrong ones, in each field of each kind of document that has some."""
    oracle = oracle_of(minor)
    verdicts = [check(minor, oracle, asked) for asked in NearlyValid(minor, Random(0), *sources(minor)).each_word()]
    assert 0.1 * len(verdicts) < sum(verdicts) < 0.9 * len(verdicts)


@pytest.mark.timeout(0)
@each_minor
def test_verdicts_on_a_null_in_each_list_agree(minor: str) -> None:
    """Talos drops it, refuses it or crashes, by the list's type."""
    oracle = oracle_of(minor)
    verdicts = [check(minor, oracle, asked) for asked in NearlyValid(minor, Random(0), *sources(minor)).each_null()]
    assert len(verdicts) > 90


@pytest.mark.timeout(0)
@each_minor
def test_the_smallest_config_judged_otherwise_is_reported(minor: str) -> None:
    """Cases that hypothesis can make smaller."""
    oracle = oracle_of(minor)
    made = sources(minor)

    @settings(max_examples=max(50, CASES // 20), deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False))
    def compare(random: Random) -> None:
        check(minor, oracle, NearlyValid(minor, random, *made).asked())

    compare()
