"""Which semantics and styles ``patch_config`` knows, and what it says of the others."""

from __future__ import annotations

import pytest

from talospatch.errors import ChangeError
from talospatch.patching.api import patch_config

BASE = "version: v1alpha1\nmachine:\n  type: worker # ours\n"


def test_talosctl_semantics_write_what_talosctl_writes() -> None:
    """Comments are gone, what is always printed is there; applied twice, a list is longer."""
    patch = "machine:\n  certSANs: [a.example]\n"
    once = patch_config(BASE, [patch], talos_version="v1.13.9", semantics="talosctl", style="canonical")
    assert once == 'version: v1alpha1\nmachine:\n    type: worker\n    token: ""\n    certSANs:\n        - a.example\ncluster: null\n'
    twice = patch_config(once, [patch], talos_version="1.13", semantics="talosctl", style="canonical")
    assert twice.count("a.example") == 2


@pytest.mark.parametrize(
    ("semantics", "style", "says"),
    [
        ("talosctl", "preserve", 'style="canonical"'),
        ("declarative", "canonical", 'style="preserve"'),
        ("other", "preserve", "declarative or talosctl"),
    ],
)
def test_what_it_does_not_know_is_said_with_what_it_does(semantics: str, style: str, says: str) -> None:
    """Instead of another result than was asked for."""
    with pytest.raises(ChangeError, match=says):
        patch_config(BASE, [], talos_version="1.13", semantics=semantics, style=style)  # type: ignore[arg-type] # as a caller without types might
