"""Declarative semantics against Talos's own code: where no finding says otherwise, both make the same of a patch."""

from __future__ import annotations

import os
from random import Random
from typing import TYPE_CHECKING

import pytest
from oracle_cases import Maker
from oracle_process import Oracle, each_minor, oracle_of
from published import is_older

from talospatch.containerd.drop_in import KIND, PART_PATH
from talospatch.errors import TalosPatchError
from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.typed.apply import reencode
from talospatch.patching.change import Change
from talospatch.patching.literal import readable
from talospatch.patching.workpiece import Workpiece
from talospatch.versions import TalosVersion

if TYPE_CHECKING:
    from talospatch.patching.patched import Patched

CASES = int(os.environ.get("TALOSPATCH_FUZZ", "400"))


def ours(minor: str, base: str, patches: list[str]) -> Patched | None:
    """Return a config with patches applied, or None for an error of ours."""
    talos = TalosVersion.parse(minor)
    try:
        piece = Workpiece(MachineConfig.parse(readable(base, talos)), talos=talos)
        for number, patch in enumerate(patches, start=1):
            Change.parse(readable(patch, talos), source=f"patch {number}").work_on(piece)
        made = piece.patched
    except TalosPatchError:
        return None
    return made


def check(minor: str, oracle: Oracle, base: str, patches: list[str]) -> bool:
    """Compare one case, and return whether there was something to compare."""
    fragment = any(PART_PATH in patch or KIND in patch for patch in patches)  # for containerd, and goes into whatever carries that
    made = None if fragment else ours(minor, base, patches)
    if made is None or made.findings or is_older(minor, {}, base, *patches):
        return False
    answer = oracle.ask(base, patches)
    told = f"{base}\n-- patches\n{patches}\n-- answer\n{answer}\n-- ours\n{made.config.text}"
    assert "ok" in answer, told
    try:
        theirs = reencode(answer["ok"], minor=minor)
    except TalosPatchError:
        return False  # Talos writes some things that it cannot read
    if theirs == answer["ok"] or "[" in {patch.lstrip()[:1] for patch in patches}:
        assert reencode(made.config.text, minor=minor) == theirs, told
    return True


@pytest.mark.timeout(0)
@each_minor
def test_where_nothing_is_noticed_talos_makes_the_same(minor: str) -> None:
    """As many cases as TALOSPATCH_FUZZ says, the same in every run; in a good part of them nothing is noticed."""
    oracle = oracle_of(minor)
    compared = 0
    for number in range(CASES):
        random = Random(f"declarative {minor} {number}")
        oddity, wrongness = random.choice(((0.05, 0.004), (0.15, 0.015), (0.0, 0.0)))
        compared += check(minor, oracle, *Maker(minor, random, oddity=oddity, wrongness=wrongness).case())
    assert compared > CASES / 20
