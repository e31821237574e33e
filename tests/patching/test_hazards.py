"""Every row of the hazard table: what talosctl makes of such a patch, what we make of it, and the finding that says so."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hazard_cases import CASES, REFUSES, HazardCase
from patching import patched, text_of

from talospatch.errors import TalosPatchError
from talospatch.machineconfig.reader import read
from talospatch.machineconfig.values import plain
from talospatch.patching.api import patch_config
from talospatch.patching.hazards import HAZARDS, NOT_REPEATABLE, Hazard

ids = [f"{case.hazard.code}-{case.talos}-{number}" for number, case in enumerate(CASES)]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_the_patch_gives_what_the_row_says(case: HazardCase) -> None:
    """With the finding, at its place; and applied again it gives nothing more."""
    outcome = patched(case.base, case.patch, talos=case.talos)
    assert outcome.config.text == case.ours
    found = {(finding.code, finding.path): finding for finding in outcome.findings}
    finding = found[case.hazard.code, case.path]
    assert finding.severity is case.hazard.severity
    assert case.hazard.what in finding.message
    assert finding.hint or not case.hazard.hint
    if case.hazard is not NOT_REPEATABLE:
        assert text_of(case.ours, case.patch, talos=case.talos) == case.ours


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.theirs], ids=[id_ for case, id_ in zip(CASES, ids, strict=True) if case.theirs]
)
def test_talosctl_does_what_the_row_says(case: HazardCase) -> None:
    """Something else, or nothing at all; or what makes the row a warning."""
    if case.theirs.startswith(REFUSES):
        with pytest.raises(TalosPatchError, match=case.theirs.removeprefix(REFUSES)):
            patch_config(case.base, [case.patch], talos_version=case.talos, semantics="talosctl")
    else:
        assert patch_config(case.base, [case.patch], talos_version=case.talos, semantics="talosctl") == case.theirs


def test_every_row_has_a_case() -> None:
    """And codes are unique."""
    assert {case.hazard for case in CASES} == set(HAZARDS)
    assert len({row.code for row in HAZARDS}) == len(HAZARDS)


@pytest.mark.parametrize("row", HAZARDS, ids=[row.code for row in HAZARDS])
def test_the_rows_example_is_one(row: Hazard) -> None:
    """What it quotes stands in the case, as a part of its patch or config."""
    case = next(case for case in CASES if case.hazard is row)
    texts = (case.base, case.patch)
    for quoted in re.findall(r"`([^`]+)`", row.example):
        if any(quoted in text for text in texts):
            continue
        data = plain(read(quoted)[0].root)
        assert any(_holds(plain(tree.root), _expanded(data)) for text in texts for tree in read(text)), quoted


def _expanded(data: Any) -> Any:
    """Return data with keys that are paths as mappings in mappings."""
    if not isinstance(data, dict):
        return data
    (key, value), *rest = data.items()
    assert not rest, "an example has one key"
    first, dot, others = key.partition(".")
    return {first: _expanded({others: value})} if dot else {key: value}


def _holds(data: Any, wanted: Any) -> bool:
    """Whether some data stands somewhere in other data: of a mapping at least its keys."""
    if data == wanted:
        return True
    if isinstance(data, dict):
        if isinstance(wanted, dict) and all(key in data and _holds(data[key], each) for key, each in wanted.items()):
            return True
        return any(_holds(each, wanted) for each in data.values())
    return isinstance(data, list) and any(_holds(each, wanted) for each in data)
