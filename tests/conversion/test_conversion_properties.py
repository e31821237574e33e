"""What holds for the conversion of any config, tried on random ones."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from talospatch.errors import TalosPatchError
from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.typed.apply import reencode
from talospatch.machineconfig.validation.validate import MODES, validate_config
from talospatch.patching.conversion.convert import Conversion, convert
from talospatch.patching.conversion.table import RULES
from talospatch.talos.finding import Severity
from talospatch.versions import TalosVersion

sys.path.insert(0, str(Path(__file__).parent.parent / "oracle"))
from conversion_cases import MADE_KINDS, Legacy, known_kinds

PLACE = re.compile(r"^line \d+:\d+: ")
PATHS = tuple(re.split(r"\[|\.\*", path)[0] for rule in RULES for path in rule.legacy)
seeds = st.integers(0, 2**32)
minors = st.sampled_from(("1.12", "1.13", "1.14"))
older = st.sampled_from(("1.11", "1.12", "1.13"))


def converted(text: str, to: str, **options: Any) -> Conversion:
    """Return the conversion of a text; a config that its types refuse is none."""
    try:
        return convert(MachineConfig.parse(text), TalosVersion.parse(to), **options)
    except TalosPatchError:
        assume(False)
        raise


def forward(minor: str, seed: int) -> Conversion:
    """Return the conversion of a random config in the older form."""
    return converted(Legacy(minor, Random(seed)).text(), minor)


def back(to: str, seed: int) -> Conversion:
    """Return the conversion of a random config of documents for an older Talos."""
    return converted(Legacy("1.14", Random(seed)).newer_text(), to, needed=True)


def canonical(config: MachineConfig, minor: str) -> MachineConfig:
    """Return a config as Talos writes it."""
    return MachineConfig.parse(reencode(config.text, minor=minor))


def others(config: MachineConfig, minor: str) -> dict[str, Any]:
    """Return what no rule may touch: the other parts of the main document, and the other documents."""
    found: dict[str, Any] = {}
    for document in canonical(config, minor).documents:
        if document.kind not in MADE_KINDS:
            found[document.id] = _without(document.value, "")
    return found


def _without(data: Any, path: str) -> Any:
    """Return data without what stands at a rule's path, and without what is empty then."""
    if path in PATHS:
        return None
    if not isinstance(data, dict):
        return data
    inside = {key: _without(value, f"{path}.{key}" if path else key) for key, value in data.items()}
    return {key: value for key, value in inside.items() if value not in (None, {}, [])}


def problems(text: str, minor: str) -> Counter[str]:
    """Return what Talos refuses of a config, wherever it runs, without the places."""
    found = (finding for mode in MODES for finding in validate_config(text, mode=mode, talos_version=minor))
    return Counter(PLACE.sub("", finding.message) for finding in found if finding.severity is Severity.ERROR)


@pytest.mark.fuzz
@given(minors, seeds)
def test_nothing_changes_but_what_rules_are_about(minor: str, seed: int) -> None:
    """Forward."""
    conversion = forward(minor, seed)
    assert others(conversion.after, minor) == others(conversion.before, minor)


@pytest.mark.fuzz
@given(older, seeds)
def test_nothing_changes_on_the_way_back_but_what_rules_are_about(to: str, seed: int) -> None:
    """Back."""
    conversion = back(to, seed)
    assert others(conversion.after, "1.14") == others(conversion.before, "1.14")


@pytest.mark.fuzz
@given(minors, seeds)
def test_talos_refuses_nothing_that_it_took_before(minor: str, seed: int) -> None:
    """A conversion never breaks a config."""
    conversion = forward(minor, seed)
    assert not problems(conversion.after.text, minor) - problems(conversion.before.text, minor)


@pytest.mark.fuzz
@given(older, seeds)
def test_the_newer_talos_takes_what_went_back(to: str, seed: int) -> None:
    """It has to: the config is applied to it before the rollback."""
    conversion = back(to, seed)
    assert not problems(conversion.after.text, "1.14") - problems(conversion.before.text, "1.14")


@pytest.mark.fuzz
@given(older, seeds)
def test_the_older_talos_reads_what_went_back_or_an_error_says_why_not(to: str, seed: int) -> None:
    """No node is sent into a boot that it does not survive, without a word."""
    conversion = back(to, seed)
    if not any(finding.severity is Severity.ERROR for finding in conversion.findings):
        assert {document.kind for document in conversion.after} <= known_kinds(to) | {"v1alpha1"}
        reencode(conversion.after.text, minor=to)


@pytest.mark.fuzz
@given(minors, older, seeds)
def test_a_second_conversion_changes_nothing(minor: str, to: str, seed: int) -> None:
    """Whatever was refused is refused again."""
    once = forward(minor, seed)
    twice = converted(once.after.text, minor)
    assert twice.after is twice.before
    once = back(to, seed)
    twice = converted(once.after.text, to, needed=True)
    assert twice.after is twice.before


@pytest.mark.fuzz
@given(minors, seeds)
def test_talosctl_makes_the_same_of_the_patch(minor: str, seed: int) -> None:
    """Or a finding says that it cannot, which in these configs it always can."""
    conversion = forward(minor, seed)
    assert "conversion-patch-not-for-talosctl" not in {finding.code for finding in conversion.findings}


@pytest.mark.fuzz
@given(seeds)
def test_there_and_back_again_changes_nothing_more(seed: int) -> None:
    """The first time what has no effect is lost, as a name of a pod's document, or what a worker does not read; after that nothing is."""
    once = _there_and_back(back("1.11", seed).after)
    assert _by_id(_there_and_back(once)) == _by_id(once)


def _there_and_back(config: MachineConfig) -> MachineConfig:
    there = converted(config.text, "1.14")
    again = converted(there.after.text, "1.11", needed=True)
    assume(not any(finding.severity is Severity.ERROR for finding in again.findings))
    return again.after


def _by_id(config: MachineConfig) -> dict[str, Any]:
    return {document.id: document.value for document in canonical(config, "1.14")}
