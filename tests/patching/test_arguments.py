"""Arguments of components (``extraArgs``), which since 1.13 are a text, a list of texts, or nothing: the answers are Talos's own."""

from __future__ import annotations

import pytest
from patching import noticed, text_of

from talospatch.errors import TalosPatchError
from talospatch.patching.api import patch_config


def config(argument: str, section: str = "cluster: {proxy") -> str:
    """Return a config, or a patch of one, with one argument."""
    return f"{section}: {{extraArgs: {{a: {argument}}}}}}}\n"


@pytest.mark.parametrize("talos", ["1.13", "1.14"])
@pytest.mark.parametrize(
    ("old", "new", "written"),
    [
        ("[]", "''", "null"),
        ("[]", "null", "null"),
        ("[null]", "''", "null"),
        ("null", "[]", "[]"),
        ("''", "[]", "[]"),
        ("''", "[null]", "[]"),
        ("x", "[]", "[]"),
        ("[x]", "''", "null"),
        ("[x]", "['']", '[""]'),
        ("''", "['']", "['']"),
    ],
)
def test_an_argument_is_replaced_by_one_that_talos_writes_another_way(talos: str, old: str, new: str, written: str) -> None:
    """A list of nothing is written as [], an argument without a value as null."""
    after = text_of(config(old), config(new), talos=talos)
    assert after == config(written)
    assert text_of(after, config(new), talos=talos) == after
    assert not noticed(config(old), config(new), talos=talos)


@pytest.mark.parametrize(("old", "new"), [("''", "null"), ("null", "''"), ("[]", "[null]"), ("[null, x]", "[x]")])
def test_an_argument_that_talos_writes_the_same_way_stays_as_it_is_written(old: str, new: str) -> None:
    """It is the same to Talos."""
    assert text_of(config(old), config(new)) == config(old)


@pytest.mark.parametrize("section", ["cluster: {proxy", "machine: {kubelet"])
@pytest.mark.parametrize("old", ["[x, y]", "[]", "x", "null"])
def test_a_delete_among_the_texts_of_an_argument_finds_nothing(section: str, old: str) -> None:
    """They have no keys. talosctl refuses such a patch."""
    base, patch = config(old, section), config("[{b: c, $patch: delete}]", section)
    assert text_of(base, patch) == base
    path = f"{section.replace(': {', '.')}.extraArgs.a"
    assert noticed(base, patch) == [("delete-absent", path)]
    with pytest.raises(TalosPatchError, match="there is nothing to delete"):
        patch_config(base, [patch], talos_version="1.13", semantics="talosctl")


def test_an_argument_as_a_whole_can_be_deleted() -> None:
    """A list as well as a text."""
    for old in ("[x, y]", "[]", "x"):
        assert text_of(config(old), config("{$patch: delete}")) == "cluster: {proxy: {extraArgs: {}}}\n"
