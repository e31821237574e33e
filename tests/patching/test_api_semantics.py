"""Which semantics and styles ``patch_config`` knows, and what it says of the others."""

from __future__ import annotations

from typing import Literal

import pytest
from vector_cases import Case, cases

from talospatch.errors import ChangeError, TalosPatchError
from talospatch.patching.api import patch_config

BASE = "version: v1alpha1\nmachine:\n  type: worker # ours\n"


def test_talosctl_semantics_write_what_talosctl_writes() -> None:
    """Comments are gone, what is always printed is there; applied twice, a list is longer."""
    patch = "machine:\n  certSANs: [a.example]\n"
    once = patch_config(BASE, [patch], talos_version="v1.13.9", semantics="talosctl", style="canonical")
    assert once == 'version: v1alpha1\nmachine:\n    type: worker\n    token: ""\n    certSANs:\n        - a.example\ncluster: null\n'
    twice = patch_config(once, [patch], talos_version="1.13", semantics="talosctl", style="canonical")
    assert twice.count("a.example") == 2


def test_talosctl_semantics_keep_the_text_where_that_is_asked_for() -> None:
    """The result is the same by the types; what the patch does not touch stands there as before."""
    kept = patch_config(BASE, ["machine:\n  certSANs: [a.example]\n"], talos_version="1.13", semantics="talosctl")
    assert kept == BASE + "  certSANs:\n    - a.example\n"


def test_declarative_semantics_write_what_talosctl_would() -> None:
    """In its form, without comments."""
    once = patch_config(BASE, ["machine:\n  certSANs: [a.example]\n"], talos_version="1.13", style="canonical")
    assert once == 'version: v1alpha1\nmachine:\n    type: worker\n    token: ""\n    certSANs:\n        - a.example\ncluster: null\n'


@pytest.mark.parametrize(("semantics", "style"), [("other", "preserve"), ("talosctl", "other")])
def test_other_semantics_and_styles_are_errors(semantics: str, style: str) -> None:
    """That name those there are."""
    with pytest.raises(ChangeError, match=r"there (are no semantics|is no style) 'other'; use"):
        patch_config(BASE, [], talos_version="1.13", semantics=semantics, style=style)  # type: ignore[arg-type] # as a caller without types might


@pytest.mark.parametrize("semantics", ["declarative", "talosctl"])
def test_a_patch_that_was_applied_before_does_the_same_again(semantics: Literal["declarative", "talosctl"]) -> None:
    """It is read once for many configs, and nothing that is made of it stays in it."""

    def made(case: Case) -> str:
        try:
            return patch_config(case.base, case.patches, talos_version=case.minor, semantics=semantics)
        except TalosPatchError as error:
            return str(error)

    inside = """[
        {"op": "add", "path": "/machine/env", "value": {"A": "1"}},
        {"op": "remove", "path": "/machine/env/A"}, {"op": "add", "path": "/machine/env/B", "value": "2"}
    ]"""
    assert 'B: "2"' in made(Case("", "1.13", BASE, (inside,), None))
    assert 'B: "2"' in made(Case("", "1.13", BASE, (inside,), None))
    seen = 0
    for case in cases():
        if not {"full", "size"} & set(case.id.split("-")):
            assert made(case) == made(case), case.id
            seen += 1
    assert seen > 2_000
