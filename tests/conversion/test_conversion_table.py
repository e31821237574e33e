"""The table of conversions: that it is about what Talos has, and that pages say what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from talospatch.machineconfig.tables.find import MINORS
from talospatch.machineconfig.typed.schema import Type, schema_of
from talospatch.machineconfig.validation.deprecations import DEPRECATIONS
from talospatch.patching.conversion.table import BY_CODE, FINDINGS, NOT_MADE, RULES
from talospatch.versions import TalosVersion

if TYPE_CHECKING:
    from talospatch.patching.conversion.rule import Rule

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "talospatch/patching/conversion"
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)


def at(here: Type | None, steps: list[str]) -> Type | None:
    """Return the type at a path of keys; ``*`` is any key."""
    for step in steps:
        if here is None:
            return None
        here = here.elem if step == "*" else here.fields[step].type if step in here.fields else None
    return here


def has(minor: str, path: str) -> bool:
    """Whether the main document of a minor has a path."""
    main = schema_of(minor).kind("v1alpha1")
    return main is not None and at(main.type, path.partition("[")[0].split(".")) is not None


@each_rule
def test_both_forms_exist_from_the_version_on_that_it_names(rule: Rule) -> None:
    """Not before: a document that a Talos does not know keeps it from booting."""
    since = TalosVersion.parse(rule.since).minor
    for minor in MINORS:
        schema = schema_of(minor)
        for kind in rule.kinds:
            known = schema.kind(kind)
            there = known is not None and (not rule.field or rule.field in known.type.fields)
            assert there == (MINORS.index(minor) >= MINORS.index(since)), (minor, kind)
        assert all(has(minor, path) for path in rule.legacy if MINORS.index(minor) >= MINORS.index(since))


def test_codes_are_words_of_their_own() -> None:
    """Scripts go by them."""
    assert len(BY_CODE) == len(RULES)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.code) for rule in RULES)


def test_every_deprecated_field_is_converted_or_said_why_not() -> None:
    """Talos names a document as its successor: whoever asks for a conversion gets one of both."""
    converted = {path.partition("[")[0].partition(".*")[0] for rule in RULES for path in rule.legacy}
    left = {path.strip() for row in NOT_MADE for path in row.legacy.split(",")}
    for deprecation in DEPRECATIONS:
        if deprecation.successor:
            names = {path for path in converted | left if f"{path}.".startswith(f"{deprecation.path}.")}
            assert names, deprecation.path
            moved, stays = (any(f"{path}.".startswith(f"{deprecation.path}.") for path in paths) for paths in (converted, left))
            rules = [rule for rule in RULES if any(f"{path}.".startswith(f"{deprecation.path}.") for path in rule.legacy)]
            since = {TalosVersion.parse(rule.since).minor for rule in rules}
            documents = "Config" in deprecation.successor
            assert deprecation.moved == (("a part of it" if stays else "it") if moved and documents else ""), deprecation.path
            assert not deprecation.moved or deprecation.since in since, "the hint names the minor that the field is deprecated in"


def test_what_is_not_converted_has_documents() -> None:
    """In the newest Talos that is known."""
    assert all(schema_of(MINORS[-1]).kind(kind) is not None for row in NOT_MADE for kind in row.kinds)
    assert not {kind for row in NOT_MADE for kind in row.kinds} & {kind for rule in RULES for kind in rule.kinds}


def test_the_list_of_findings_is_that_of_the_code() -> None:
    """Every one that is made, and no other."""
    made = {
        word for path in SOURCES.glob("*.py") if path.name != "table.py" for word in re.findall(r'"(conversion-[a-z-]+)"', path.read_text())
    }
    assert made == {each.code for each in FINDINGS}
