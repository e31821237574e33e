"""What each libcni does differently, and versions of it as numbers.

Facts are rows, so that no other module compares libcni versions.
"""

from __future__ import annotations

import re
from enum import Enum

from talospatch.errors import InputError

_TAG = re.compile(r"v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?(?:-[0-9A-Za-z.-]+)?")


class Fact(Enum):
    """A behaviour and the first libcni version that has it."""

    # pkg/types/internal/convert.go: results are converted through a table, and 1.0.0 is known
    RESULT_1_0 = (1, 0, 0)
    # pkg/version/plugin.go: a conflist without a version counts as 0.1.0 instead of as an error
    NO_CONF_VERSION = (1, 1, 0)
    # libcni/api.go, pull request 1072: a cached result that cannot be read no longer fails DEL; the same release knows results of 1.1.0,
    # the fields they add, and "netns" in the cache
    TOLERATES_DAMAGE = (1, 2, 0)
    # pull request 1095: 1.2.0 alone leaves the file where there was no cached result and no error
    REMOVES_WITHOUT_RESULT = (1, 2, 1)


def parse(text: str) -> tuple[int, int, int]:
    """Read a libcni version such as ``v1.1.2``.

    Raises:
        InputError: the text is no version.
    """
    match = _TAG.fullmatch(text.strip())
    if match is None:
        raise InputError(f"{text.strip()[:40]!r} is not a libcni version", hint="write it as 1.1.2")
    return int(match[1]), int(match[2]), int(match[3] or 0)


def can(version: tuple[int, int, int], fact: Fact) -> bool:
    """Whether a libcni has the behaviour."""
    return version >= fact.value


def removes_file_without_result(version: tuple[int, int, int]) -> bool:
    """Whether DEL removes the file when there was no cached result to hand on. 1.2.0 alone does not."""
    return not can(version, Fact.TOLERATES_DAMAGE) or can(version, Fact.REMOVES_WITHOUT_RESULT)


def known_result_versions(version: tuple[int, int, int]) -> tuple[str, ...]:
    """Return the cniVersions of results that this libcni reads, oldest first."""
    known: tuple[str, ...] = ("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0")
    if can(version, Fact.RESULT_1_0):
        known += ("1.0.0",)
    if can(version, Fact.TOLERATES_DAMAGE):
        known += ("1.1.0",)
    return known
