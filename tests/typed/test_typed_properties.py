"""What holds for every config and patch, tried on random ones made from the tables of types."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.errors import TalosPatchError
from talospatch.machineconfig.typed.apply import patch_text, reencode
from talospatch.machineconfig.typed.dialect import DIALECTS
from talospatch.machineconfig.typed.documents import encode
from talospatch.machineconfig.typed.load import load

sys.path.insert(0, str(Path(__file__).parent.parent / "oracle"))
from oracle_cases import Maker

minors = st.sampled_from(sorted(DIALECTS))
seeds = st.integers(0, 2**32)


@pytest.mark.fuzz
@given(minors, seeds)
def test_no_text_makes_it_crash(minor: str, seed: int) -> None:
    """Whatever is wrong with base and patches, the error is one of ours."""
    base, patches = Maker(minor, Random(seed), oddity=0.2, wrongness=0.05).case()
    try:
        patch_text(base, patches, minor=minor)
    except TalosPatchError as error:
        assert str(error)


@pytest.mark.fuzz
@given(minors, seeds)
def test_what_is_written_is_written_again_the_same(minor: str, seed: int) -> None:
    """Writing is canonical: without texts that the reference writes so that nobody can read them."""
    base, _ = Maker(minor, Random(seed), oddity=0.0, wrongness=0.0).case()
    try:
        once = reencode(base, minor=minor)
    except TalosPatchError:
        return
    if "Protocol(0)" not in once and (minor != "1.11" or " -0\n" not in once):  # written as -0 there, and read as 0
        assert reencode(once, minor=minor) == once


@pytest.mark.fuzz
@given(minors, seeds)
def test_an_identity_without_content_changes_only_what_the_reference_wipes(minor: str, seed: int) -> None:
    """Patching the main document with nothing is the same as writing it."""
    base, _ = Maker(minor, Random(seed), oddity=0.0, wrongness=0.0).case()
    try:
        documents = load(base, minor)
        written = reencode(base, minor=minor)
    except TalosPatchError:
        return
    if any(document.kind.name == "v1alpha1" and document.value.get("machine") is not None for document in documents):
        assert patch_text(base, ["machine: {}\n"], minor=minor) == encode(documents, minor=minor) == written


@pytest.mark.fuzz
@given(minors, st.text(max_size=200))
def test_no_patch_of_any_text_makes_it_crash(minor: str, text: str) -> None:
    """Nor a base."""
    for base, patch in (("machine: {}\n", text), (text, "machine: {}\n")):
        try:
            patch_text(base, [patch], minor=minor)
        except TalosPatchError as error:
            assert str(error)


@pytest.mark.parametrize("minor", sorted(DIALECTS))
def test_deep_nesting_is_an_error_and_no_crash(minor: str) -> None:
    """A free-form object may nest as deep as the reader allows."""
    for deep in ("[" * 9000 + "]" * 9000, "{a: " * 3000 + "1" + "}" * 3000):
        try:
            patch_text("machine: {}\n", [f"machine:\n  kubelet:\n    extraConfig:\n      a: {deep}\n"], minor=minor)
        except TalosPatchError as error:
            assert str(error)
