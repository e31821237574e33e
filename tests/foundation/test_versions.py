"""Talos versions: what is read, how they are ordered, and which facts each has."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.errors import VersionError
from talospatch.versions import Fact, TalosVersion, minors_between

IN_ORDER = (
    "v1.13.0-alpha.2",
    "v1.13.0",
    "v1.13.9",
    "1.13",
    "v1.14.0-alpha.2",
    "v1.14.0-alpha.2-45-gabcdef",
    "v1.14.0-beta.0",
    "v1.14.0-beta.1",
    "v1.14.0-rc.1",
    "v1.14.0",
    "1.14",
)


def test_versions_are_ordered_as_they_were_released() -> None:
    """Stages before the release, builds after their tag, a bare minor after every patch of it."""
    parsed = [TalosVersion.parse(tag) for tag in IN_ORDER]
    assert all(earlier < later for earlier, later in pairwise(parsed))


@pytest.mark.parametrize("text", ["", "latest", "1", "v1", "1.13.x", "v1.13.9 or so", "1.13.0-gamma.1", "٣.١", "1.13\n1.14"])
def test_what_is_no_version_is_refused_with_an_example(text: str) -> None:
    """The message quotes the text and says how to write one."""
    with pytest.raises(VersionError, match=r"write it as 1\.13"):
        TalosVersion.parse(text)


@given(st.text(max_size=60))
def test_any_text_is_a_version_or_one_clear_error(text: str) -> None:
    """Nothing else ever comes out."""
    try:
        assert TalosVersion.parse(text).tag.startswith("v")
    except VersionError as error:
        assert "is not a Talos version" in str(error)


@pytest.mark.parametrize(
    ("tag", "live"),
    [
        ("v1.13.9", False),
        ("v1.14.0-alpha.2", False),
        ("v1.14.0-alpha.2-45-gabc", False),
        ("v1.14.0-beta.0", True),
        ("v1.14.0", True),
        ("1.15", True),
    ],
)
def test_live_customization_starts_with_the_first_beta_of_1_14(tag: str, live: bool) -> None:
    """The alphas of 1.14 have the old behaviour."""
    assert TalosVersion.parse(tag).can(Fact.LIVE_CRI_CUSTOMIZATION) is live


def test_equal_versions_hash_alike_whatever_they_were_written_as() -> None:
    """A leading v makes no difference."""
    assert {TalosVersion.parse("v1.13.9"), TalosVersion.parse("1.13.9")} == {TalosVersion.parse("1.13.9")}
    assert str(TalosVersion.parse("1.13.9")) == "v1.13.9"
    assert TalosVersion.parse("v1.13.9").minor == "1.13"


def test_the_minors_between_two_versions_are_each_one_on_the_way() -> None:
    """Both ends included, whatever the patch; the other way round there are none."""
    assert minors_between("v1.8.3", "1.11") == ("1.8", "1.9", "1.10", "1.11")
    assert minors_between("1.13.9", "v1.13.0-alpha.2") == ("1.13",)
    assert minors_between("1.9", "1.8") == ()


@pytest.mark.parametrize(("first", "last"), [("1.13", "2.0"), ("2.0", "1.13"), ("main", "1.13"), ("1.13", "")])
def test_between_versions_of_which_one_is_none_or_of_another_major_no_minors_are_known(first: str, last: str) -> None:
    """How many minors a major has, nobody knows before its end."""
    with pytest.raises(VersionError, match=r"is not known|is not a Talos version"):
        minors_between(first, last)


def test_every_fact_names_a_version() -> None:
    """The table has no typing mistakes."""
    assert all(TalosVersion.parse(fact.since) for fact in Fact)
    assert len(Fact) == len(Fact.__members__)
