"""In what the newest published module of a minor, which the reference is built from, is older than our tables and recordings.

For 1.12 that is 1.12.7 against 1.12.11. Source: the differences of Talos's own repository between the two tags, below pkg/machinery/config.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Later(NamedTuple):
    """What a later patch release changed.

    Attributes:
        minor: of Talos.
        since: the patch release.
        field: a field that is new; the reference refuses it as unknown.
        problem: what the reference refuses with in more cases.
    """

    minor: str
    since: str
    field: str = ""
    problem: str = ""


LATER = (
    Later("1.12", "1.12.9", field="strictCgroupClassOrdering"),
    # auto: off without a hostname is valid since
    Later("1.12", "1.12.9", problem="HostnameConfig: either 'auto' or 'hostname' must be set"),
)


def is_older(minor: str, answer: dict[str, Any], *texts: str) -> bool:
    """Whether an answer to some texts may be otherwise than that of the later patch release."""
    rows = [later for later in LATER if later.minor == minor]
    known = any(later.field in text for later in rows if later.field for text in texts)
    return known or any(later.problem in answer.get("error", "") for later in rows if later.problem)
