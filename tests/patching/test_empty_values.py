"""Lists and mappings with nothing in them: Talos's writing leaves them out, but some of its rules look whether they are there."""

from __future__ import annotations

import pytest
from patching import noticed, text_of

from talospatch import patch_config

VOLUME = "apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\n"
SELECTED = VOLUME + "provisioning:\n  diskSelector:\n    match: disk.size > 1u\n  minSize: 10GB\n"
RULE = "apiVersion: v1alpha1\nkind: RoutingRuleConfig\nname: '1000'\n"


@pytest.mark.parametrize("empty", ["{}", "{} # none yet"])
def test_a_deleted_empty_mapping_leaves_the_text(empty: str) -> None:
    """What a patch deletes is gone, whatever it was."""
    base = f"machine:\n  type: worker\n  nodeTaints: {empty}\n  token: a\n"
    patch = "machine:\n  nodeTaints:\n    $patch: delete\n"
    assert patch_config(base, [patch], talos_version="1.14") == "machine:\n  type: worker\n  token: a\n"


def test_an_empty_list_beside_a_change_stays() -> None:
    """Nothing that the patch does not name is touched."""
    base = "machine:\n  type: worker\n  certSANs: []\n  nodeTaints: {}\n"
    patched = patch_config(base, ["machine:\n  token: a\n"], talos_version="1.14")
    assert patched == "machine:\n  type: worker\n  certSANs: []\n  nodeTaints: {}\n  token: a\n"


@pytest.mark.parametrize("talos", ["1.11", "1.12", "1.13", "1.14"])
def test_an_expression_can_be_set_to_nothing_as_talosctl_does_it(talos: str) -> None:
    """Of most values talosctl ignores the empty one; an expression and a least size it wipes, so both do the same."""
    patch = VOLUME + "provisioning:\n  diskSelector:\n    match: ''\n  minSize: ''\n"
    assert text_of(SELECTED, patch, talos=talos) == VOLUME + "provisioning:\n  diskSelector: {}\n"
    assert noticed(SELECTED, patch, talos=talos) == []
    theirs = patch_config(SELECTED, [patch], talos_version=talos, semantics="talosctl")
    assert theirs == VOLUME


@pytest.mark.parametrize(
    ("patch", "wiped"),
    [
        ("provisioning:\n  diskSelector:\n    match:\n  minSize: 10GB\n", ["diskSelector.match"]),
        ("provisioning:\n  diskSelector:\n  minSize: 10GB\n", ["diskSelector.match"]),
        ("provisioning:\n", ["diskSelector.match", "minSize"]),
    ],
)
def test_an_expression_over_which_null_stands_is_wiped_by_talosctl(patch: str, wiped: list[str]) -> None:
    """And stays here."""
    assert text_of(SELECTED, VOLUME + patch) == SELECTED
    found = [path for code, path in noticed(SELECTED, VOLUME + patch) if code == "wiped-unless-restated"]
    assert found == [f"UserVolumeConfig/data:provisioning.{path}" for path in wiped]
    assert "match" not in patch_config(SELECTED, [VOLUME + patch], talos_version="1.13", semantics="talosctl")


@pytest.mark.parametrize("given", ["src: ''\ndst: ''\n", "src:\ndst:\n", "src: ''\ndst:\n"])
def test_addresses_that_are_empty_are_refused_by_talosctl_1_13(given: str) -> None:
    """As absent ones are: it cannot merge any."""
    found = noticed(RULE + "table: 100\n", RULE + given)
    assert found == [("unsettable", "RoutingRuleConfig/1000:src"), ("unsettable", "RoutingRuleConfig/1000:dst")]
    assert noticed(RULE + "table: 100\n", RULE + given, talos="1.14") == []
