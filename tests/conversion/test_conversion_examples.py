"""Every rule at work, there and back."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from talospatch import patch_config, validate_config
from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.typed.apply import reencode
from talospatch.patching.conversion.convert import Conversion, convert
from talospatch.patching.conversion.table import RULES
from talospatch.talos.finding import Severity
from talospatch.versions import TalosVersion

sys.path.insert(0, str(Path(__file__).parent.parent / "oracle"))
from conversion_examples import EXAMPLES, Example

PLACE = re.compile(r"^line \d+:\d+: ")
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{EXAMPLES.index(example)}-{example.rule}")


def converted(text: str, to: str, **options: Any) -> Conversion:
    """Return the conversion of a text."""
    return convert(MachineConfig.parse(text), TalosVersion.parse(to), **options)


def before(minor: str) -> str:
    """Return the minor before one."""
    major, _, number = minor.partition(".")
    return f"{major}.{int(number) - 1}"


def test_every_rule_has_an_example() -> None:
    """A rule that is never seen at work is only claimed."""
    assert {example.rule for example in EXAMPLES} == {rule.code for rule in RULES}


@each_example
def test_it_makes_documents_of_the_older_form(example: Example) -> None:
    """Exactly these, and nothing else changes."""
    assert converted(example.old, example.minor, only=[example.rule]).after.text == example.new


@each_example
def test_it_goes_back_to_the_older_form(example: Example) -> None:
    """For a Talos that does not have the documents: the same config as before, written as Talos writes it."""
    back = converted(example.new, before(example.minor), only=[example.rule])
    assert [made.back for made in back.made] == [True]
    assert reencode(back.after.text, minor=example.minor) == reencode(example.old, minor=example.minor)


@each_example
def test_the_older_talos_reads_what_came_back(example: Example) -> None:
    """Its own validation has nothing against the documents' successors any more."""
    older = before(example.minor)
    back = converted(example.new, older)
    assert not [finding for finding in back.findings if finding.severity is Severity.ERROR]
    reencode(back.after.text, minor=older)


@each_example
def test_a_second_conversion_changes_nothing(example: Example) -> None:
    """In either direction."""
    for text, to in ((example.old, example.minor), (example.new, before(example.minor))):
        once = converted(text, to, only=[example.rule])
        twice = converted(once.after.text, to, only=[example.rule])
        assert twice.after is twice.before
        assert (twice.patch, twice.made) == ("", ())


@each_example
def test_the_patch_alone_makes_the_same_with_talosctl(example: Example) -> None:
    """So that somebody else can review and apply it."""
    for text, to in ((example.old, example.minor), (example.new, before(example.minor))):
        conversion = converted(text, to, only=[example.rule])
        wanted = reencode(conversion.after.text, minor=example.minor)
        assert patch_config(text, [conversion.patch], talos_version=example.minor, semantics="talosctl", style="canonical") == wanted


@each_example
def test_the_patch_alone_makes_the_same_with_talospatch(example: Example) -> None:
    """But for the drop-in, which talospatch merges into what its carrier table says."""
    if example.rule == "cri-customization":
        return
    for text, to in ((example.old, example.minor), (example.new, before(example.minor))):
        conversion = converted(text, to, only=[example.rule])
        assert patch_config(text, [conversion.patch], talos_version=example.minor) == conversion.after.text


@each_example
def test_talos_refuses_nothing_new_of_it(example: Example) -> None:
    """Neither form may have a problem that the other has not."""
    for mode in ("metal", "cloud", "container"):
        problems = [
            sorted(
                PLACE.sub("", finding.message)
                for finding in validate_config(text, mode=mode, talos_version=example.minor)
                if finding.severity is Severity.ERROR
            )
            for text in (example.old, example.new)
        ]
        assert problems[0] == problems[1]


@each_example
def test_nothing_is_moved_where_another_rule_is_asked_for(example: Example) -> None:
    """``--only`` means that."""
    other = next(rule.code for rule in RULES if rule.code not in {example.rule, "node", "kubelet"})
    conversion = converted(example.old, example.minor, only=[other])
    assert (conversion.after.text, conversion.made) == (example.old, ())
